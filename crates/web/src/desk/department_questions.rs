//! A department's own account: 核对询问 that it is asked in its division, answered on a page or by Excel, and what was referred to it (转介). It
//! shows what the question needs and nothing of the case.

use axum::extract::{Path, Query};
use axum::response::{IntoResponse as _, Response};
use maud::{Markup, html};
use office::OfficeError;
use office::access::AnswerCheck;
use office::forms::{Answers, FilledForm};
use office::means_test::check::CheckRequestId;
use office::means_test::check::department::{self, Question};
use office::records::addressed::{self, Addressed, AddressedPage};
use office::records::{self, RecordId};
use office::tabular::{CellFault, ListFormat};
use serde::Deserialize;

use super::check::{question as question_field, typed_answer};
use super::checks::{HandedIn, fault_table, handed_in, taken_or_why};
use super::words::{download, due_markup};
use crate::answer::{Answer, Page, SeeOther};
use crate::error::{Fault, form_errors};
use crate::extract::{Begun, Desk};
use crate::form_body::{Fields, KeyedForm};
use crate::forms_ui::{Look, render_field};
use crate::money::common::cursor;
use crate::ui::form::{
    ButtonKind, Choice, Errors, Field, Width, checkboxes, date_input, error_summary, file_upload, form_post,
    form_upload, hidden, radios, select, submit, text_input,
};
use crate::ui::parts::{Colour, SummaryRow, details, heading, inset, summary_list, tag};
use crate::ui::table::{Column, Pager, Table};
use crate::ui::{Link, address};

pub(super) const NAV_ID: &str = "department";
pub(super) const HERE: &str = "/desk/department";

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Ask {
    after: String,
}

/// `GET /desk/department`
pub(super) async fn list(desk: Desk<AnswerCheck>, Query(ask): Query<Ask>) -> Result<Page, Fault> {
    page(&desk, &ask, &Fields::default(), &Errors::none(), &[]).await
}

async fn page(
    desk: &Desk<AnswerCheck>,
    ask: &Ask,
    typed: &Fields,
    errors: &Errors,
    faults: &[CellFault],
) -> Result<Page, Fault> {
    let office = desk.office();
    let after = cursor(&ask.after)?;
    let questions = department::questions(office, desk.granted(), after.as_ref()).await?;
    let sets = department::datasets(&office.release(), desk.granted());
    let next = questions.next.as_ref().map(ToString::to_string);
    let rows = questions.rows.iter().map(|line| {
        vec![
            html! { (line.name) br; span.govuk-hint.masked { (line.citizen_id) } },
            html! {
                (line.title)
                @if line.recheck { " " (tag(Colour::Orange, "家庭有异议，请复核")) }
                @if line.partly { " " (tag(Colour::Blue, "答复了一部分")) }
            },
            html! { (line.county) },
            html! { (line.asked_on) },
            html! { @match line.due_on { Some(due) => (due_markup(office, due, None)), None => "没有期限" } },
            html! { (Link::new(format!("{HERE}/questions/{}", line.id), "答复").about(format!("：{}，{}", line.name, line.title))) },
        ]
    });
    let content = html! {
        (error_summary(errors))
        (heading(Some(&desk.actor().division_name), "核对询问"))
        p.govuk-body { "下面这些人已经书面授权民政部门核对。请只按问的内容答复；查到的其他情况不用填。查看和答复都会记录。" }
        (fault_table(faults))
        (Table {
            id: "questions".into(),
            caption: "等待本部门答复的询问".into(),
            columns: ["询问的人", "问什么", "哪里来的", "询问日期", "最晚答复日期", "办理"].map(Column::new).into(),
            rows: rows.collect(),
            empty: "没有等待答复的询问。".into(),
            pager: Some(Pager {
                previous: after.is_some().then(|| HERE.into()),
                next: next.map(|next| address(HERE, &[("after", &next)]).into()),
            }),
            ..Table::default()
        })
        @if !sets.is_empty() { (files(desk, &sets, typed, errors)) }
        (referred(&addressed::addressed(office, desk.granted()).await?))
    };
    Ok(Page::new("核对询问", content).under(NAV_ID).errors(errors))
}

fn referred(lines: &[Addressed]) -> Markup {
    let rows = lines.iter().map(|line| {
        let href = format!("{HERE}/records/{}/{}", line.register, line.id);
        vec![
            html! { @for (label, words) in &line.said { div { span.govuk-hint { (label) "：" } (words) } } },
            html! { (line.recorded_on) },
            tag(Colour::Blue, &line.state),
            html! { (Link::new(href, "办理").about(format!("：{}，{}", line.register_title, line.recorded_on))) },
        ]
    });
    html! {
        h2.govuk-heading-m { "转给本部门的事项" }
        (Table {
            id: "referred".into(),
            caption: "转介，等待本部门办理".into(),
            columns: ["事项", "登记日期", "状态", "办理"].map(Column::new).into(),
            rows: rows.collect(),
            empty: "没有转来的事项。".into(),
            ..Table::default()
        })
    }
}

fn files(desk: &Desk<AnswerCheck>, sets: &[(String, String)], typed: &Fields, errors: &Errors) -> Markup {
    let choices: Vec<Choice<'_>> =
        sets.iter().map(|(id, title)| Choice::new(id.as_str(), title.as_str())).collect();
    let out = html! {
        (select(&Field::new("asked", "哪一种数据").errors(errors), &choices, Some("请选择")))
        (radios(&Field::new("format", "文件格式").value("xlsx").inline(), &[Choice::new("xlsx", "Excel"), Choice::new("csv", "CSV")]))
        (submit("下载询问清单", ButtonKind::Secondary, None))
    };
    let back = html! {
        (select(&Field::new("answered", "哪一种数据").value(typed.get("answered")).errors(errors), &choices, Some("请选择")))
        (file_upload(&Field::new("file", "填好的清单").hint("Excel（.xlsx）或 CSV，不超过 12 MB。").errors(errors), ".xlsx,.csv", false))
        (checkboxes(&Field::new("leave_out", "有错误的行").optional(), &[Choice::new("yes", "不导入有错误的行，只导入其余各行")], &[typed.get("leave_out")]))
        (submit("上传答复", ButtonKind::Primary, None))
    };
    html! {
        h2.govuk-heading-m { "一次答复多条" }
        p.govuk-body { "下载清单，填好以后在这里上传。清单里有完整的身份证号，下载会记录，用后请销毁。" }
        (details("下载询问清单", &form_post("/desk/department/file", &desk.key(), &out)))
        (form_upload("/desk/department/answers", &desk.key(), &back))
    }
}

/// `POST /desk/department/file`
pub(super) async fn file(desk: Desk<AnswerCheck>, form: KeyedForm<Fields>) -> Result<Response, Fault> {
    let fields = &form.form;
    let format = if fields.get("format") == "csv" { ListFormat::Csv } else { ListFormat::Excel };
    match department::file(desk.office(), desk.granted(), fields.get("asked"), format).await {
        Ok(content) => Ok(download(&format!("核对询问清单.{}", format.extension()), format.mime(), content)),
        Err(error @ OfficeError::Conflict(_)) => {
            Ok(SeeOther::to(HERE).note(error.to_string()).into_response())
        }
        Err(OfficeError::NotFound(_)) => Ok(SeeOther::to(HERE).note("请选择哪一种数据。").into_response()),
        Err(error) => Err(error.into()),
    }
}

/// `POST /desk/department/answers`
pub(super) async fn answers(desk: Desk<AnswerCheck>, form: KeyedForm<Fields>) -> Result<Answer, Fault> {
    const WHICH: &str = "请选择是哪一种数据的答复。";
    let handed = match handed_in(&form, WHICH) {
        Ok(file) => {
            let HandedIn { dataset, name, bytes, leave_out } = file;
            let taken =
                department::take_in(desk.office(), desk.granted(), dataset, name, bytes, leave_out).await;
            match taken {
                Err(OfficeError::NotFound(_)) => {
                    let mut errors = Errors::none();
                    errors.add("answered", WHICH);
                    Err((errors, Vec::new()))
                }
                taken => taken_or_why(taken)?,
            }
        }
        Err(errors) => Err((errors, Vec::new())),
    };
    Ok(match handed {
        Ok(words) => SeeOther::to(HERE).done(words).into(),
        Err((errors, faults)) => page(&desk, &Ask::default(), &form.form, &errors, &faults).await?.into(),
    })
}

/// `GET /desk/department/questions/{check_request}`
pub(super) async fn show(desk: Desk<AnswerCheck>, Path(id): Path<CheckRequestId>) -> Result<Page, Fault> {
    let question = department::question(desk.office(), desk.granted(), id).await?;
    Ok(answer_page(&desk, &question, None, &Fields::default(), &Errors::none()))
}

/// `POST /desk/department/questions/{check_request}/reveal`: the whole number, to find the person by.
pub(super) async fn reveal(
    desk: Desk<AnswerCheck>,
    Path(id): Path<CheckRequestId>,
    _form: KeyedForm<Fields>,
) -> Result<Page, Fault> {
    let question = department::question(desk.office(), desk.granted(), id).await?;
    let (_, number) = department::reveal(desk.office(), desk.granted(), id).await?;
    Ok(answer_page(&desk, &question, Some(&number), &Fields::default(), &Errors::none()))
}

fn answer_page(
    desk: &Desk<AnswerCheck>,
    question: &Question,
    number: Option<&str>,
    typed: &Fields,
    errors: &Errors,
) -> Page {
    let line = &question.line;
    let here = format!("{HERE}/questions/{}", line.id);
    let questions = html! { @for ask in &question.asks { (question_field(ask, typed, errors)) } };
    let body = html! {
        (radios(&Field::new("how", "答复").value(match typed.get("how") { "" => "values", typed => typed }).errors(errors), &[
            Choice::new("values", "有记录").hint("可以先填一部分，其余的以后再填").then(questions),
            Choice::new("no_record", "没有这个人的记录"),
            Choice::new("refused", "不予答复").then(text_input(&Field::new("reason", "理由").value(typed.get("reason")).width(Width::Full).max_chars(200).errors(errors))),
        ]))
        (date_input(&Field::new("as_of", "数据日期").hint("数据是哪一天的；不填就是今天。").optional().errors(errors), &typed.date("as_of")))
        (submit("答复", ButtonKind::Primary, None))
    };
    let content = html! {
        div.prose {
            (error_summary(errors))
            (heading(Some(&line.county), &line.title))
            @if line.recheck { (inset(&html! { p.govuk-body { "家庭对上次的答复有异议，请按最新的数据再查一次。" } })) }
            (summary_list(&[
                SummaryRow::text("询问的人", &line.name),
                SummaryRow::text("身份证号码", number.unwrap_or(&line.citizen_id)),
                SummaryRow::text("为什么问", &question.purpose),
                SummaryRow::text("本人授权日期", &question.consented_on.to_string()),
                SummaryRow::text("询问日期", &line.asked_on.to_string()),
                SummaryRow::text("最晚答复日期", &line.due_on.map_or_else(|| "没有期限".to_owned(), |due| due.to_string())),
            ]))
            @if number.is_none() {
                (form_post(&format!("{here}/reveal"), &desk.key(), &html! { (submit("显示完整的身份证号码", ButtonKind::Secondary, None)) }))
            }
            (form_post(&here, &desk.key(), &body))
        }
    };
    Page::new("答复核对询问", content).under(NAV_ID).errors(errors).back(HERE, "返回核对询问")
}

/// `POST /desk/department/questions/{check_request}`
pub(super) async fn answer(
    desk: Desk<AnswerCheck>,
    Path(id): Path<CheckRequestId>,
    form: KeyedForm<Fields>,
) -> Result<Answer, Fault> {
    let fields = &form.form;
    if let Begun::Again(_) = desk.begin(&form.key).await? {
        return Ok(SeeOther::to(HERE).into());
    }
    let question = department::question(desk.office(), desk.granted(), id).await?;
    let mut errors = Errors::none();
    let typed = typed_answer(&question.asks, fields, &mut errors);
    if errors.is_empty() {
        match department::reply(desk.office(), desk.granted(), id, &typed, &form.key).await {
            Ok(_) => {
                return Ok(SeeOther::to(HERE).done("答复已收到。").into());
            }
            Err(error @ OfficeError::Conflict(_)) => {
                return Ok(SeeOther::to(HERE).note(error.to_string()).into());
            }
            Err(error) => errors = form_errors(error)?,
        }
    }
    Ok(answer_page(&desk, &question, None, fields, &errors).into())
}

// ---- what was referred to the department

/// The name of the field that keeps the version on which a form began.
const VERSION: &str = "_version";

/// `GET /desk/department/records/{department_register}/{department_record}`
pub(super) async fn record(
    desk: Desk<AnswerCheck>,
    Path((register, id)): Path<(String, RecordId)>,
    Query(chosen): Query<Chosen>,
) -> Result<Page, Fault> {
    let page = addressed::addressed_page(desk.office(), desk.granted(), &register, id).await?;
    let answers = page.record.answers(page.open.register());
    record_page(&desk, &page, &answers, chosen.to.as_deref(), &Errors::none()).await
}

/// What somebody wants to do with a record; its form is shown.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Chosen {
    to: Option<String>,
}

async fn record_page(
    desk: &Desk<AnswerCheck>,
    page: &AddressedPage,
    answers: &Answers,
    chosen: Option<&str>,
    errors: &Errors,
) -> Result<Page, Fault> {
    let office = desk.office();
    let (open, line) = (&page.open, &page.line);
    let here = format!("{HERE}/records/{}/{}", line.register, line.id);
    let mut ways = Vec::new();
    // One form at a time: several would ask for the same fields under the same names.
    for offered in &page.moves {
        let Some(way) = open.register().transition(&offered.id) else { continue };
        if let Some(why) = &offered.not_now {
            ways.push(html! { p.govuk-body { (offered.title) "：" (why) } });
            continue;
        }
        if chosen != Some(offered.id.as_str()) {
            let link = address(&here, &[("to", offered.id.as_str())]);
            ways.push(html! { p.govuk-body { (Link::new(link, offered.title.as_str())) } });
            continue;
        }
        let own = page.record.answers(open.register());
        let state = Some(way.to.as_str());
        let draft =
            records::draft_of(office, desk.actor(), open, answers.clone(), Some(&page.record), state).await?;
        let context = draft.context(office, open);
        let filled = FilledForm::read(&context, addressed::addressed_form(open)?, &draft.answers);
        let look =
            Look { errors, divisions: &[], files: "/desk/attachments", picks: false, on_file: Some(&own) };
        let action = format!("{here}/do/{}", offered.id);
        let body = html! {
            (hidden(VERSION, &page.record.version.to_string()))
            @for group in filled.form().pages.iter().filter(|group| group.repeat.is_none()) {
                @for field in filled.fields(group, None).into_iter().filter(|field| way.asks.iter().any(|asked| *asked == *field.id)) {
                    (render_field(&filled, group, None, field, &look))
                }
            }
            (submit(&offered.title, ButtonKind::Primary, None))
        };
        let form = form_post(&action, &desk.key(), &body);
        ways.insert(0, html! { h2.govuk-heading-m { (offered.title) } (form) });
    }
    let rows: Vec<SummaryRow<'_>> =
        line.said.iter().map(|(label, words)| SummaryRow::text(label.as_str(), words)).collect();
    let content = html! {
        div.prose {
            (error_summary(errors))
            (heading(Some(&line.register_title), &line.state))
            (summary_list(&rows))
            @for way in &ways { (way) }
        }
    };
    Ok(Page::new(line.register_title.clone(), content)
        .under(NAV_ID)
        .errors(errors)
        .back(HERE, "返回核对询问"))
}

/// `POST /desk/department/records/{department_register}/{department_record}/do/{department_move}`
pub(super) async fn record_move(
    desk: Desk<AnswerCheck>,
    Path((register, id, transition)): Path<(String, RecordId, String)>,
    form: KeyedForm<Fields>,
) -> Result<Answer, Fault> {
    let office = desk.office();
    if let Begun::Again(answer) = desk.begin(&form.key).await? {
        return Ok(SeeOther::to(answer).into());
    }
    let page = addressed::addressed_page(office, desk.granted(), &register, id).await?;
    let definition = addressed::addressed_form(&page.open)?;
    let mut answers = page.record.answers(page.open.register());
    for group in &definition.pages {
        answers.merge_page(definition, group, None, &form.form.0);
    }
    let version = form.form.get(VERSION).parse().unwrap_or_default();
    let answered = addressed::answer_addressed(
        office,
        desk.granted(),
        &register,
        (id, version),
        &transition,
        answers.clone(),
    );
    match answered.await {
        Ok(()) => {
            if let Begun::First(write) = desk.begin(&form.key).await? {
                write.finish(HERE).await?;
            }
            Ok(SeeOther::to(HERE).done("已登记，民政部门看得到。").into())
        }
        Err(error @ OfficeError::Conflict(_)) => Ok(SeeOther::to(HERE).note(error.to_string()).into()),
        Err(error) => {
            let errors = form_errors(error)?;
            Ok(record_page(&desk, &page, &answers, Some(&transition), &errors).await?.into())
        }
    }
}
