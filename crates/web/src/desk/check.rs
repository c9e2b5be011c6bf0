//! 核对 of a case as a process: whom each department was asked about, how far it is, what does not fit together, and what to do about it.

use axum::extract::Path;
use axum::response::Response;
use catalogue::definition::{AnswerKind, ValueKind};
use chrono::NaiveDate;
use maud::{Markup, html};
use office::OfficeError;
use office::access::{Export, FileForOther, Investigate, MeansTest, ReadCase, Right};
use office::casework::attachments;
use office::means_test::check::{
    self, CheckRequestId, CheckView, Consent, ContradictionId, ContradictionView, Disputed, NewRelative,
    RequestView, ScoreView, ShownValue, Typed,
};
use office::people::FactView;
use store::CaseId;
use vocab::Level;

use super::words::{download, due_markup, moment};
use crate::answer::{Answer, Page, SeeOther};
use crate::error::{Fault, WHOLE_FORM, form_errors};
use crate::extract::{Begun, Desk};
use crate::form_body::{Fields, KeyedForm};
use crate::typed;
use crate::ui::Link;
use crate::ui::form::{
    ButtonKind, Choice, Errors, Field, Width, button_group, checkboxes, date_input, error_summary,
    file_upload, form_post, form_upload, hidden, radios, select, submit, text_area, text_input, unit_input,
};
use crate::ui::parts::{Colour, SummaryRow, details, heading, inset, summary_list, tag};
use crate::ui::table::{Column, Table};

/// The address of the check of a case.
pub(super) fn address(case: CaseId) -> String {
    format!("/desk/cases/{case}/check")
}

/// `GET /desk/cases/{case}/check`
pub(super) async fn show(desk: Desk<ReadCase>, Path(case): Path<CaseId>) -> Result<Page, Fault> {
    page(&desk, case, &Fields::default(), &Errors::none()).await
}

/// The county asks; a township reads.
fn may_ask(desk: &Desk<ReadCase>) -> bool {
    desk.may(Right::MeansTest) && matches!(desk.actor().level, Level::County | Level::Prefecture)
}

async fn page(desk: &Desk<ReadCase>, case: CaseId, typed: &Fields, errors: &Errors) -> Result<Page, Fault> {
    let view = check::open(desk.office(), desk.granted(), case).await?;
    let content = html! {
        (error_summary(errors))
        (heading(Some(&format!("受理号 {}", view.number)), "部门核对"))
        @if !view.requested {
            p.govuk-body { "还没有提请核对。受理以后由乡镇（街道）提请，县级民政部门向部门询问。" }
        }
        @if !view.requests.is_empty() && may_ask(desk) {
            (form_post(&format!("{}/letter", address(case)), &desk.key(), &html! {
                (submit("制作核对结果告知书", ButtonKind::Secondary, None))
            }))
        }
        (contradictions(desk, case, &view))
        (beside(&view.facts))
        (requests(desk, case, &view))
        (not_asked(&view))
        (score(&view.score))
        @if view.requested && may_ask(desk) { (send_form(desk, case, typed, errors)) }
        (relatives(desk, case, &view, typed, errors))
    };
    Ok(Page::new("部门核对", content)
        .under("cases")
        .errors(errors)
        .back(super::case::address(case, "means"), "返回办件"))
}

/// The values of a contradiction or an indicator, a line each.
fn values(values: &[ShownValue]) -> Markup {
    html! {
        ul.govuk-list {
            @for value in values {
                li { (value.name) "，" (value.title) "：" strong { (value.shown) } " " span.govuk-hint { (value.source) "，" (value.on) } }
            }
        }
    }
}

/// What the family declared beside what departments answered, and which counts.
pub(crate) fn beside(facts: &[Disputed]) -> Markup {
    let rows = facts.iter().map(|fact| {
        let (first, others) = match fact.said.split_first() {
            Some((first, others)) => (Some(first), others),
            None => (None, &[][..]),
        };
        vec![
            html! { (fact.name) "，" (fact.title) },
            html! {
                @match first {
                    Some(first) if first.lapsed => { (tag(Colour::Orange, "答复已过有效期，不再采用")) br; (statement(first)) }
                    Some(first) => (statement(first)),
                    None => "没有",
                }
            },
            html! { @for one in others { div { (statement(one)) } } },
        ]
    });
    html! {
        @if !facts.is_empty() {
            (Table {
                id: "facts-beside".into(),
                caption: "申报和部门答复对照".into(),
                columns: ["情况", "现在按哪一个算", "还有谁怎么说"].map(Column::new).into(),
                rows: rows.collect(),
                ..Table::default()
            })
        }
    }
}

fn statement(one: &FactView) -> Markup {
    html! {
        strong { (one.shown) } " "
        span.govuk-hint {
            (one.source_title) @if let Some(evidence) = &one.evidence { "：" (evidence) }
            "，从 " (one.from_on) " 起" @if let Some(lapses) = one.lapses_on.and_then(|day| day.pred_opt()) { "，有效到 " (lapses) }
        }
    }
}

/// The field for the value that an officer settled.
fn settled_field(fact: &Disputed, id: ContradictionId) -> Markup {
    let said: Vec<String> =
        fact.said.iter().map(|one| format!("{} {}", one.source_title, one.shown)).collect();
    let field = Field::new(
        format!("value_{id}_{}", fact.key),
        format!("{}，{}：核实后按多少算", fact.name, fact.title),
    )
    .hint(format!("{}。不填就按上面“现在按哪一个算”。", said.join("；")))
    .optional();
    match fact.kind {
        ValueKind::Boolean => {
            select(&field, &[Choice::new("true", "是"), Choice::new("false", "否")], Some("不改"))
        }
        ValueKind::Money | ValueKind::Integer | ValueKind::Decimal => {
            unit_input(&field.width(Width::Chars10).inputmode("decimal"), &fact.unit)
        }
        ValueKind::Date | ValueKind::Month | ValueKind::Code | ValueKind::Text => {
            text_input(&field.width(Width::Chars10).max_chars(40))
        }
    }
}

fn contradiction_colour(one: &ContradictionView) -> Colour {
    if one.state.is_open() { Colour::Orange } else { Colour::Grey }
}

fn contradictions(desk: &Desk<ReadCase>, case: CaseId, view: &CheckView) -> Markup {
    html! {
        h2.govuk-heading-m { "不一致的地方" }
        @if view.contradictions.is_empty() { p.govuk-body { "没有发现不一致。没有答复的不比对。" } }
        @else { p.govuk-body { "部门数据可能有延迟或者错误。不一致的要告知家庭，家庭可以提出异议；它本身不改变任何待遇。" } }
        @for one in &view.contradictions {
            section.govuk-summary-card {
                div.govuk-summary-card__title-wrapper {
                    h3.govuk-summary-card__title { (one.title) " " (tag(contradiction_colour(one), one.state.title())) }
                }
                div.govuk-summary-card__content {
                    p.govuk-body {
                        (one.found_on) " 发现"
                        @if one.after_decision { "，" strong { "在决定以后" } }
                        @match one.told_on { Some(day) => { "，家庭 " (day) " 看到" } None => "，家庭还没有看到" } "。"
                    }
                    (values(&one.values))
                    @for objection in &one.objections {
                        p.govuk-body { strong { "家庭的异议" } "（" (moment(objection.at)) @if objection.by_officer { "，工作人员代记" } "）：" (objection.words) }
                    }
                    @if let Some(words) = &one.words { p.govuk-body { strong { "结果" } "：" (words) } }
                    @if one.state.is_open() { (deeds(desk, case, one)) }
                }
            }
        }
    }
}

fn deeds(desk: &Desk<ReadCase>, case: CaseId, one: &ContradictionView) -> Markup {
    let action = format!("{}/{}", address(case), one.id);
    let about = format!("：{}", one.title);
    let words = |deed: &str, label: &str, button: &str, more: Markup| {
        // Labels and ids are unique on the page.
        let name = format!("words_{deed}_{}", one.id);
        form_post(
            &action,
            &desk.key(),
            &html! {
                (hidden("deed", deed))
                (text_area(&Field::new(name, label).max_chars(500), 2))
                (more)
                (submit(button, ButtonKind::Secondary, None))
            },
        )
    };
    let rechecking = one.state == check::ContradictionState::Rechecking;
    html! {
        @if rechecking { p.govuk-body { "已请部门复核，等待答复。" } }
        @else {
            @if may_ask(desk) {
                (form_post(&action, &desk.key(), &html! {
                    (hidden("deed", "recheck"))
                    (submit("请部门复核", ButtonKind::Secondary, None))
                }))
            }
            @if desk.may(Right::Investigate) {
                (details(&format!("代家庭提出异议{about}"), &words("object", "家庭怎么说，有什么材料", "记下异议", html! {})))
                (details(&format!("写明核实情况{about}"), &words("settle", "怎样核实的，实际情况是什么", "已核实", html! {
                    @for fact in &one.disputed { (settled_field(fact, one.id)) }
                })))
            }
        }
    }
}

fn state(request: &RequestView) -> Markup {
    use check::RequestState as S;
    let colour = match request.state {
        S::Answered | S::NoRecord => Colour::Green,
        S::Refused => Colour::Red,
        S::Withdrawn => Colour::Grey,
        S::Asked | S::Partly => Colour::Blue,
    };
    html! {
        (tag(colour, request.state.title()))
        @if request.overdue { " " (tag(Colour::Red, "逾期未答")) }
        @if request.came_late { " " (tag(Colour::Orange, "逾期答复")) }
        @if request.expired { " " (tag(Colour::Orange, "答复已过期")) }
        @if request.recheck { " " (tag(Colour::Grey, "复核")) }
        @if let Some(reason) = &request.reason { br; (reason) }
    }
}

/// What was answered, a line for each question.
pub(crate) fn answers(request: &RequestView) -> Markup {
    html! {
        @for ask in &request.asks {
            @if let Some(shown) = &ask.shown { div { (ask.title) "：" strong { (shown) } } }
        }
        @if let Some(day) = request.as_of { span.govuk-hint { "数据日期 " (day) @if let Some(until) = request.valid_until { "，有效到 " (until) } } }
    }
}

fn requests(desk: &Desk<ReadCase>, case: CaseId, view: &CheckView) -> Markup {
    let office = desk.office();
    let rows = view.requests.iter().map(|request| {
        vec![
            html! { (request.name) @if request.outside { br; span.govuk-body-s { "家庭以外的义务人" } } },
            html! { (request.department) br; span.govuk-body-s { (request.title) } },
            state(request),
            html! {
                "询问 " (request.asked_on)
                @match request.due_on {
                    Some(due) if request.state.is_open() => { br; (due_markup(office, due, None)) }
                    Some(due) => { br; "期限 " (due) }
                    None => { br; "没有商定期限" }
                }
            },
            answers(request),
            html! {
                @if request.state.is_open() && may_ask(desk) {
                    (Link::new(format!("/desk/check-requests/{}", request.id), "登记答复").about(format!("：{}，{}", request.name, request.title)))
                }
            },
        ]
    });
    html! {
        (Table {
            id: "check-requests".into(),
            caption: "向部门的询问".into(),
            columns: ["询问的人", "部门", "状态", "期限", "答复", "办理"].map(Column::new).into(),
            rows: rows.collect(),
            empty: "还没有向部门询问。".into(),
            exports: if desk.may(Right::Export) && !view.requests.is_empty() {
                vec![Link::new(format!("{}/export", address(case)), "导出（Excel）")]
            } else {
                Vec::new()
            },
            ..Table::default()
        })
    }
}

fn not_asked(view: &CheckView) -> Markup {
    html! {
        @if view.requested {
            @for one in &view.not_asked {
                p.govuk-body {
                    strong { (one.name) } "：" (one.titles.join("、"))
                    @if one.no_consent { "，" strong { "没有有效的授权，不能询问" } "。" } @else { "，还没有询问。" }
                }
            }
        }
    }
}

fn score(score: &ScoreView) -> Markup {
    let rows = score.lines.iter().map(|line| {
        let holds = match line.holds {
            Some(true) => tag(Colour::Orange, "是"),
            Some(false) => tag(Colour::Grey, "否"),
            None => tag(Colour::Yellow, "还不知道"),
        };
        let points = if line.holds == Some(true) { line.points } else { 0 };
        vec![html! { (line.title) }, holds, html! { (points) " / " (line.points) }, values(&line.values)]
    });
    html! {
        h2.govuk-heading-m { "先去看哪一家" }
        @if score.visit_first() {
            (inset(&html! { p.govuk-body { strong { "建议优先入户：" (score.points) " 分" } @if let Some(from) = score.visit_from { "，达到本地的 " (from) " 分" } "。" } }))
        } @else {
            p.govuk-body { (score.points) " 分" @if let Some(from) = score.visit_from { "，本地 " (from) " 分起建议优先入户" } "。" }
        }
        p.govuk-body { "这只是提醒先去看哪一家，不是结论，也不改变审核。" }
        (Table {
            id: "score".into(),
            caption: "评估指标".into(),
            caption_hidden: true,
            columns: vec![Column::new("指标"), Column::new("是不是"), Column::new("分数").numeric(), Column::new("依据的答复")],
            rows: rows.collect(),
            empty: "没有设置评估指标。".into(),
            ..Table::default()
        })
    }
}

fn send_form(desk: &Desk<ReadCase>, case: CaseId, typed: &Fields, errors: &Errors) -> Markup {
    let release = desk.office().release();
    let sets: Vec<_> = release.datasets.iter().filter(|dataset| !dataset.asks.is_empty()).collect();
    let choices: Vec<Choice<'_>> = sets
        .iter()
        .map(|dataset| {
            let department =
                release.departments.get(&dataset.department).map_or("", |one| one.title.as_str());
            Choice::new(dataset.id.as_str(), dataset.title.as_str())
                .hint(format!("{department}：{}", dataset.scope))
        })
        .collect();
    let usual: Vec<&str> =
        sets.iter().filter(|dataset| dataset.always).map(|dataset| dataset.id.as_str()).collect();
    let body = html! {
        (checkboxes(&Field::new("datasets", "向哪些部门询问").hint("只问办这件事需要的。还有效的答复不再问。").errors(errors), &choices, &usual))
        (text_input(&Field::new("purpose", "核对事由").hint("会写进询问记录，家庭成员可以看到。")
            .value(match typed.get("purpose") { "" => "社会救助家庭经济状况核对", typed => typed }).width(Width::Full).max_chars(100).errors(errors)))
        (submit("发出询问", ButtonKind::Primary, None))
    };
    html! {
        h2.govuk-heading-m { "向部门询问" }
        (form_post(&format!("{}/send", address(case)), &desk.key(), &body))
    }
}

/// `POST /desk/cases/{case}/check/send`
pub(super) async fn send(
    desk: Desk<MeansTest>,
    Path(case): Path<CaseId>,
    form: KeyedForm<Fields>,
) -> Result<Answer, Fault> {
    let fields = &form.form;
    let datasets: Vec<String> = fields.all("datasets").map(str::to_owned).collect();
    match check::send(desk.office(), desk.granted(), case, &datasets, fields.get("purpose")).await {
        Ok(sent) => {
            let mut words = format!("已发出 {} 条询问", sent.asked);
            for (count, what) in [
                (sent.from_file, "条从部门数据得到答复"),
                (sent.reused, "条沿用还有效的答复"),
                (sent.refused.len(), "条没有授权、没有询问"),
                (sent.contradictions, "处不一致"),
            ] {
                if count > 0 {
                    words.push_str(&format!("，{count} {what}"));
                }
            }
            Ok(SeeOther::to(address(case)).done(format!("{words}。")).into())
        }
        Err(error @ (OfficeError::Conflict(_) | OfficeError::Separation(_))) => {
            Ok(SeeOther::to(address(case)).note(error.to_string()).into())
        }
        Err(error) => {
            let errors = form_errors(error)?;
            let reader = desk.desk::<ReadCase>()?;
            Ok(page(&reader, case, fields, &errors).await?.into())
        }
    }
}

/// `POST /desk/cases/{case}/check/letter`
pub(super) async fn letter(
    desk: Desk<MeansTest>,
    Path(case): Path<CaseId>,
    form: KeyedForm<Fields>,
) -> Result<SeeOther, Fault> {
    let back = address(case);
    if let Begun::Again(answer) = desk.begin(&form.key).await? {
        return Ok(SeeOther::to(answer));
    }
    match check::tell(desk.office(), desk.granted(), case).await {
        Ok(_) => {
            if let Begun::First(write) = desk.begin(&form.key).await? {
                write.finish(&back).await?;
            }
            Ok(SeeOther::to(back).done("告知书已生成，在办件的文书里打印送达；家庭在自己的办件里也能看到。"))
        }
        Err(error @ (OfficeError::Conflict(_) | OfficeError::Separation(_))) => {
            Ok(SeeOther::to(back).note(error.to_string()))
        }
        Err(error) => Err(error.into()),
    }
}

/// `POST /desk/cases/{case}/check/{contradiction}`: `deed` is `object`, `recheck` or `settle`.
pub(super) async fn deed(
    desk: Desk<ReadCase>,
    Path((case, id)): Path<(CaseId, ContradictionId)>,
    form: KeyedForm<Fields>,
) -> Result<SeeOther, Fault> {
    let office = desk.office();
    let back = address(case);
    let deed = form.form.get("deed").to_owned();
    let words = form.form.get(&format!("words_{deed}_{id}")).to_owned();
    if let Begun::Again(answer) = desk.begin(&form.key).await? {
        return Ok(SeeOther::to(answer));
    }
    let done = match deed.as_str() {
        "object" => {
            let granted = desk.grant::<Investigate>()?;
            check::object_for(office, &granted, case, id, &words)
                .await
                .map(|()| "异议已记下，转县级组织复查。".to_owned())
        }
        "recheck" => {
            let granted = desk.grant::<MeansTest>()?;
            check::recheck(office, &granted, case, id)
                .await
                .map(|done| format!("已请部门复核 {} 项。", done.asked))
        }
        "settle" => {
            let granted = desk.grant::<Investigate>()?;
            let start = format!("value_{id}_");
            let values = form
                .form
                .0
                .iter()
                .filter_map(|(name, value)| {
                    Some((name.strip_prefix(&start)?.to_owned(), value.trim().to_owned()))
                })
                .collect();
            check::settle(office, &granted, case, id, &words, &values)
                .await
                .map(|()| "核实情况已记下。".to_owned())
        }
        _ => return Err(Fault::Hidden),
    };
    match done {
        Ok(said) => {
            if let Begun::First(write) = desk.begin(&form.key).await? {
                write.finish(&back).await?;
            }
            Ok(SeeOther::to(back).done(said))
        }
        Err(error @ (OfficeError::Conflict(_) | OfficeError::Separation(_) | OfficeError::Invalid(_))) => {
            Ok(SeeOther::to(back).note(error.to_string()))
        }
        Err(error) => Err(error.into()),
    }
}

/// `GET /desk/cases/{case}/check/export`
pub(super) async fn export(desk: Desk<ReadCase>, Path(case): Path<CaseId>) -> Result<Response, Fault> {
    let export = desk.grant::<Export>()?;
    let sheet = check::check_sheet(desk.office(), desk.granted(), &export, case).await?;
    let format = office::tabular::ListFormat::Excel;
    Ok(download(&format!("信息核对.{}", format.extension()), format.mime(), sheet))
}

// ---- one question

/// `GET /desk/check-requests/{check_request}`
pub(super) async fn ask_answer(desk: Desk<MeansTest>, Path(id): Path<CheckRequestId>) -> Result<Page, Fault> {
    answer_page(&desk, id, &Fields::default(), &Errors::none()).await
}

async fn answer_page(
    desk: &Desk<MeansTest>,
    id: CheckRequestId,
    typed: &Fields,
    errors: &Errors,
) -> Result<Page, Fault> {
    let (case, request) = check::view::request_page(desk.office(), desk.granted(), id).await?;
    let here = format!("/desk/check-requests/{id}");
    let questions = html! {
        @for ask in &request.asks { (question(ask, typed, errors)) }
    };
    let body = html! {
        (radios(&Field::new("how", "部门怎样答复").value(match typed.get("how") { "" => "values", typed => typed }).errors(errors), &[
            Choice::new("values", "有答复").hint("可以先填一部分，其余的以后再填").then(questions),
            Choice::new("no_record", "没有这个人的记录"),
            Choice::new("refused", "不予答复").then(text_input(&Field::new("reason", "理由").value(typed.get("reason")).width(Width::Full).max_chars(200).errors(errors))),
        ]))
        (date_input(&Field::new("as_of", "数据日期").hint("部门的数据是哪一天的；不填就是今天。").optional().errors(errors), &typed.date("as_of")))
        (submit("登记答复", ButtonKind::Primary, None))
    };
    let withdraw = html! {
        (text_input(&Field::new("withdraw_reason", "为什么撤回").width(Width::Full).max_chars(200)))
        (submit("撤回询问", ButtonKind::Warning, None))
    };
    let content = html! {
        div.prose {
            (error_summary(errors))
            (heading(Some(&request.department), &request.title))
            (summary_list(&[
                SummaryRow::text("询问的人", &request.name),
                SummaryRow::new("状态", state(&request)),
                SummaryRow::text("询问日期", &request.asked_on.to_string()),
                SummaryRow::text("最晚答复日期", &request.due_on.map_or_else(|| "没有商定期限".to_owned(), |due| due.to_string())),
                SummaryRow::new("已有的答复", answers(&request)),
            ]))
            @if request.state.is_open() {
                (form_post(&here, &desk.key(), &body))
                (details("撤回这条询问", &form_post(&format!("{here}/withdraw"), &desk.key(), &withdraw)))
            }
        }
    };
    Ok(Page::new("登记部门答复", content).under("checks").errors(errors).back(address(case), "返回核对"))
}

/// The field of one question to a department.
pub(super) fn question(ask: &check::AskView, typed: &Fields, errors: &Errors) -> Markup {
    let name = format!("ask_{}", ask.id);
    let value = typed.get(&name).to_owned();
    let field = Field::new(name.clone(), ask.title.clone()).value(value).optional().errors(errors);
    match ask.kind {
        AnswerKind::YesNo => {
            select(&field, &[Choice::new("yes", "是"), Choice::new("no", "否")], Some("没有答复"))
        }
        AnswerKind::Band => {
            let choices: Vec<Choice<'_>> =
                ask.choices.iter().map(|(code, title)| Choice::new(code.as_str(), title.as_str())).collect();
            select(&field, &choices, Some("没有答复"))
        }
        AnswerKind::Amount => unit_input(&field.width(Width::Chars10).inputmode("decimal"), "元"),
        AnswerKind::Date => date_input(&field, &typed.date(&name)),
    }
}

/// What was typed about each part of a question, as [`question`] asks it.
pub(super) fn typed_answer(asks: &[check::AskView], fields: &Fields, errors: &mut Errors) -> Typed {
    let mut typed = Typed {
        how: fields.get("how").to_owned(),
        as_of: typed::optional_date(fields, "as_of", errors),
        reason: fields.get("reason").to_owned(),
        ..Typed::default()
    };
    for ask in asks {
        let name = format!("ask_{}", ask.id);
        let value = if ask.kind == AnswerKind::Date {
            typed::optional_date(fields, &name, errors).map(|day: NaiveDate| day.to_string())
        } else {
            Some(fields.get(&name).to_owned()).filter(|value| !value.is_empty())
        };
        if let Some(value) = value {
            typed.values.insert(ask.id.clone(), value);
        }
    }
    typed
}

/// `POST /desk/check-requests/{check_request}`
pub(super) async fn answer(
    desk: Desk<MeansTest>,
    Path(id): Path<CheckRequestId>,
    form: KeyedForm<Fields>,
) -> Result<Answer, Fault> {
    let fields = &form.form;
    if let Begun::Again(answer) = desk.begin(&form.key).await? {
        return Ok(SeeOther::to(answer).into());
    }
    let (case, request) = check::view::request_page(desk.office(), desk.granted(), id).await?;
    let mut errors = Errors::none();
    let typed = typed_answer(&request.asks, fields, &mut errors);
    if errors.is_empty() {
        match check::answer(desk.office(), desk.granted(), id, &typed).await {
            Ok(_) => {
                let to = address(case);
                if let Begun::First(write) = desk.begin(&form.key).await? {
                    write.finish(&to).await?;
                }
                return Ok(SeeOther::to(to).done("答复已登记，已重新比对。").into());
            }
            Err(error @ OfficeError::Conflict(_)) => {
                return Ok(SeeOther::to(address(case)).note(error.to_string()).into());
            }
            Err(error) => errors = form_errors(error)?,
        }
    }
    Ok(answer_page(&desk, id, fields, &errors).await?.into())
}

/// `POST /desk/check-requests/{check_request}/withdraw`
pub(super) async fn withdraw(
    desk: Desk<MeansTest>,
    Path(id): Path<CheckRequestId>,
    form: KeyedForm<Fields>,
) -> Result<SeeOther, Fault> {
    let (case, _) = check::view::request_page(desk.office(), desk.granted(), id).await?;
    let back = SeeOther::to(address(case));
    match check::withdraw_request(desk.office(), desk.granted(), id, form.form.get("withdraw_reason")).await {
        Ok(()) => Ok(back.done("询问已撤回，已有的答复保留。")),
        Err(error @ (OfficeError::Conflict(_) | OfficeError::Invalid(_))) => Ok(back.note(error.to_string())),
        Err(error) => Err(error.into()),
    }
}

// ---- relatives outside the family

fn relatives(
    desk: &Desk<ReadCase>,
    case: CaseId,
    view: &CheckView,
    typed: &Fields,
    errors: &Errors,
) -> Markup {
    let rows = view.relatives.iter().map(|relative| {
        let consent = if relative.consented {
            tag(Colour::Green, "本人已同意")
        } else {
            tag(Colour::Orange, "本人没有同意，不能询问")
        };
        vec![html! { (relative.name) }, html! { (relative.duty) }, html! { (relative.reason) }, consent]
    });
    let value = |name: &'static str, label: &'static str| {
        Field::new(name, label).value(typed.get(name)).errors(errors)
    };
    let body = html! {
        (text_input(&value("name", "姓名").max_chars(40)))
        (text_input(&value("citizen_id", "身份证号码").max_chars(18)))
        (select(&value("duty", "是哪一种义务人"), &[
            Choice::new("parents", "赡养义务人（例如分户居住的子女）"),
            Choice::new("children", "抚养义务人（例如分户居住的父母）"),
            Choice::new("spouse", "扶养义务人（例如分户居住的配偶、兄弟姐妹）"),
        ], Some("请选择")))
        (text_area(&value("reason", "为什么必须核对这个人").max_chars(200), 2))
        (file_upload(&Field::new("scan", "本人签字的同意书").hint("照片或者扫描件。没有同意书的，只登记，不能询问。").optional().errors(errors), "image/*,.pdf", false))
        (date_input(&Field::new("signed_on", "签字日期").optional().errors(errors), &typed.date("signed_on")))
        (submit("登记", ButtonKind::Secondary, None))
    };
    html! {
        h2.govuk-heading-m { "家庭以外的赡养、抚养、扶养义务人" }
        p.govuk-body { "必要的时候，本人同意以后才可以核对（社会救助法第四十一条）。核对结果不告诉申请家庭。" }
        (Table {
            id: "relatives".into(),
            caption: "已登记的义务人".into(),
            caption_hidden: true,
            columns: ["姓名", "义务", "为什么核对", "同意"].map(Column::new).into(),
            rows: rows.collect(),
            empty: "没有登记。".into(),
            ..Table::default()
        })
        @if view.requested && desk.may(Right::FileForOther) {
            (details("登记义务人", &form_upload(&format!("{}/relatives", address(case)), &desk.key(), &body)))
        }
    }
}

/// `POST /desk/cases/{case}/check/relatives`
pub(super) async fn relative(
    desk: Desk<FileForOther>,
    Path(case): Path<CaseId>,
    form: KeyedForm<Fields>,
) -> Result<Answer, Fault> {
    let office = desk.office();
    let fields = &form.form;
    let reader = desk.desk::<ReadCase>()?;
    let mut errors = Errors::none();
    let signed_on = typed::optional_date(fields, "signed_on", &mut errors);
    let file = form.files.iter().find(|file| file.field == "scan");
    let consent = match (file, signed_on) {
        (Some(file), _) if file.too_large => {
            errors.add("scan", file.too_large_message());
            None
        }
        (Some(file), Some(signed_on)) if errors.is_empty() => {
            match attachments::put(office, &desk.who(), &file.name, &file.bytes).await {
                Ok(scan) => Some(Consent { scan, signed_on }),
                Err(error) => {
                    let found = form_errors(error)?;
                    let words = found.iter().next().map(|(_, message)| message.to_owned());
                    errors.add("scan", words.unwrap_or_default());
                    None
                }
            }
        }
        (Some(_), None) => {
            errors.add("signed_on", "请填写同意书的签字日期。");
            None
        }
        (None, Some(_)) => {
            errors.add("scan", "请上传本人签字的同意书。");
            None
        }
        _ => None,
    };
    if errors.is_empty() {
        let new = NewRelative {
            name: fields.get("name").to_owned(),
            citizen_id: fields.get("citizen_id").to_owned(),
            duty: fields.get("duty").to_owned(),
            reason: fields.get("reason").to_owned(),
            consent,
        };
        match check::record_relative(office, desk.granted(), case, &new).await {
            Ok(_) => return Ok(SeeOther::to(address(case)).done("义务人已登记。").into()),
            Err(error) => errors = form_errors(error)?,
        }
    }
    if let Some(words) = errors.get(WHOLE_FORM) {
        return Ok(SeeOther::to(address(case)).note(words).into());
    }
    Ok(page(&reader, case, fields, &errors).await?.into())
}

/// The links that lead to the check from the case.
pub(super) fn link(case: CaseId) -> Markup {
    button_group(&html! { (Link::new(address(case), "部门核对：询问、答复、不一致和异议")) })
}
