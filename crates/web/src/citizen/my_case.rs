//! One's own case: where it stands, what is missing, what was decided and why, the papers, and what can be done now.

use axum::extract::Path;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use catalogue::definition::Item;
use maud::{Markup, html};
use office::casework::timeline::StepState as Stands;
use office::casework::view::{self, ActionPage, CaseView};
use office::casework::{AttachmentId, Deed, Doer, act, attachments, form_context, letters};
use office::forms::{Answers, FilledForm};
use office::{divisions, releases};
use store::CaseId;

use super::explain;
use super::services::remedies;
use crate::answer::{Answer, Page, SeeOther};
use crate::desk::words::state_tag;
use crate::error::{Fault, form_errors};
use crate::extract::CitizenDesk;
use crate::form_body::{Fields, KeyedForm, upload_limit};
use crate::forms_ui::{self, Look, NewQuestion, Sent, villages_below};
use crate::routes::{Routes, get};
use crate::ui::form::{
    ButtonKind, Choice, Errors, Field, button_group, checkboxes, error_summary, form_upload, hidden, submit,
};
use crate::ui::parts::{
    StepState, SummaryRow, TimelineStep, details, heading, inset, print_button, summary_list, timeline,
    warning_text,
};
use crate::ui::{Link, query_value};

/// Where a citizen's files are opened.
pub(crate) const FILES: &str = "/my/attachments";

pub(super) fn routes() -> Routes {
    Routes::new()
        .route("/my/cases/{case}", get(case))
        .route("/my/cases/{case}/do/{action}", get(action_form).post(do_action).layer(upload_limit()))
        .route("/my/letters/{letter}", get(letter))
        .route("/my/attachments/{attachment}", get(attachment))
}

async fn case(desk: CitizenDesk, Path(id): Path<CaseId>) -> Result<Page, Fault> {
    let office = desk.office();
    let view = view::open_own(office, desk.citizen(), id).await?;
    let release = releases::kept(office, &view.case.release_hash).await?;
    let item = release.items.get(&view.case.item).ok_or(Fault::Hidden)?;
    let step = item.step(&view.case.step).map_or("正在办理", |step| step.public_title.as_str());
    let on = view.case.accepted_on.unwrap_or(view.case.filed_on);
    let county = divisions::find(office.db(), view.case.county).await?.code;
    let content = html! {
        (heading(Some(&format!("编号 {}", view.case.number)), &view.title))
        p.govuk-body { (state_tag(office, view.case.open, step, view.case.outcome.as_deref())) }
        (now_box(&view, item))
        (other_help(&view))
        (actions(&view))
        h2.govuk-heading-m { "办到哪一步" }
        (way(&view))
        @if !view.months.is_empty() {
            h2.govuk-heading-m { "以前的月份" }
            (crate::desk::case_months(&view.months, !view.case.open))
        }
        @if let Some(determination) = view::that_counts(&view.case, &view.determinations) {
            h2.govuk-heading-m { "按规定怎么算" }
            @let kept = releases::kept(office, &determination.release_hash).await?;
            @if view.case.open { p.govuk-body { "这是到目前为止按已核实的情况算的，最后以确认的决定为准。" } }
            (explain::determination(&kept, &determination.result, determination.amount, determination.law_on))
            (crate::desk::determination_grounds(&view.grounds))
            (crate::desk::case_replaced(&view.replaced, view.case.entitlement.is_some()))
        }
        p.govuk-body { (Link::new(format!("/my/cases/{id}/check"), "部门核对了什么")) }
        (papers(&view))
        (remedies(&release, item, Some(&county), on))
        h2.govuk-heading-m { "基本情况" }
        (summary_list(&[
            SummaryRow::text("申请人", &view.applicant),
            SummaryRow::text("家庭人数", &view.case.members.to_string()),
            SummaryRow::text("办理的村（社区）、乡镇（街道）、县", &view.places.join("、")),
            SummaryRow::text("由谁决定", &view.deciding),
            SummaryRow::text("提交方式", release.code_title("channel", &view.case.channel)),
        ]))
        @for form in &view.forms {
            (details(&format!("当时填的：{}", form.title), &html! {
                p.govuk-hint { (vocab::Now::from_unix_ms(form.at).zh()) }
                @for section in &form.sections {
                    h3.govuk-heading-s { (section.title) }
                    (summary_list(&section.rows.iter().map(|row| SummaryRow::text(row.label.as_str(), &row.value)).collect::<Vec<_>>()))
                }
            }))
        }
        (print_button())
    };
    Ok(Page::new(view.title.clone(), content).under("cases").back("/my/cases", "返回我的办件"))
}

/// 现在到哪一步, and by when.
fn now_box(view: &CaseView, item: &Item) -> Markup {
    let step = item.step(&view.case.step);
    let running = item.public_clocks().find_map(|clock| {
        let open =
            view.clocks.iter().find(|known| known.clock == clock.id.as_str() && known.ended_on.is_none());
        open.map(|known| (clock, known))
    });
    let whole = item.public_clocks().count() == 1;
    inset(&html! {
        @if view.case.open {
            @if let Some(step) = step { p.govuk-body { "现在：" strong { (step.public_title) } "。" (step.public_text) } }
            @match running {
                Some((named, clock)) => {
                    p.govuk-body {
                        @if whole { "从 " (vocab::zh_date(clock.started_on)) " 受理算起，" (clock.limit.zh()) " 内办完，最晚 " }
                        @else { (named.title) "：从 " (vocab::zh_date(clock.started_on)) " 算起，" (clock.limit.zh()) " 内办完，最晚 " }
                         strong { (clock.due.zh()) } "。"
                        @if let Some((reason, basis)) = &clock.extended { "已延长：" (reason) "（" (basis) "）。" }
                    }
                }
                None if view.case.accepted_on.is_none() => p.govuk-body { "还没有受理，办理期限从受理那天开始计算。" },
                None => {}
            }
        } @else {
            p.govuk-body { "这件事已经办结" @if let Some(ended) = view.case.ended_on { "（" (vocab::zh_date(ended)) "）" } "。" }
        }
    })
}

/// After a refusal: what else the family may ask for. It is told with the decision (社会救助法 art. 64), which the family reads here when it is made; the
/// delivery of the letter on paper, that ends the case, comes later.
fn other_help(view: &CaseView) -> Markup {
    let refused =
        view.case.decided_on.is_some() && matches!(view.case.outcome.as_deref(), None | Some("refused"));
    html! {
        @if refused && !view.other_help.is_empty() {
            h2.govuk-heading-m { "您家还可能符合" }
            ul.govuk-list.govuk-list--bullet {
                @for other in &view.other_help { li { (Link::new(format!("/services/{}", other.item), other.title.as_str())) } }
            }
        }
    }
}

fn actions(view: &CaseView) -> Markup {
    let able: Vec<_> = view.actions.iter().filter(|action| action.not_yet.is_none()).collect();
    html! {
        @if !able.is_empty() {
            (button_group(&html! {
                @for action in &able {
                    (crate::ui::form::button_link(&format!("/my/cases/{}/do/{}", view.case.id, action.id), &action.title,
                        if action.confirm.is_some() { ButtonKind::Secondary } else { ButtonKind::Primary }))
                }
            }))
        }
    }
}

/// Every step, and under those behind what was done in it.
fn way(view: &CaseView) -> Markup {
    let steps: Vec<TimelineStep<'_>> = view
        .steps
        .iter()
        .filter(|step| step.state != Stands::NotNeeded)
        .map(|step| TimelineStep {
            title: step.public_title.as_str().into(),
            state: match step.state {
                Stands::Done => StepState::Done,
                Stands::Current => StepState::Current,
                Stands::Ahead | Stands::NotNeeded => StepState::Waiting,
            },
            when: step
                .done
                .as_ref()
                .map_or_else(String::new, |done| vocab::Now::from_unix_ms(done.at).zh())
                .into(),
            note: (step.state == Stands::Current).then(|| html! { (step.public_text) }),
        })
        .collect();
    html! {
        (timeline(&steps))
        h3.govuk-heading-s { "办理记录" }
        ul.govuk-list {
            @for event in view.events.iter().rev() {
                @if let Some(text) = &event.public_text {
                    li {
                        strong { (vocab::Now::from_unix_ms(event.at).zh()) } " " (text) "（" (event.office) "）"
                        @if !event.reasons.is_empty() { "：" (event.reasons.join("；")) }
                    }
                }
            }
        }
    }
}

fn papers(view: &CaseView) -> Markup {
    html! {
        @if !view.letters.is_empty() {
            h2.govuk-heading-m { "文书" }
            ul.govuk-list {
                @for letter in &view.letters {
                    li {
                        @if letter.ready { (Link::new(format!("/my/letters/{}", letter.id), letter.title.as_str()).about("（PDF）")) }
                        @else { (letter.title) "（正在制作，稍后再看）" }
                        " " span.govuk-hint { (letter.number) "，" (vocab::zh_date(letter.dated_on)) }
                    }
                }
            }
        }
        @if !view.attachments.is_empty() {
            h2.govuk-heading-m { "上传的照片和文件" }
            ul.govuk-list { @for file in &view.attachments { li { (Link::new(format!("{FILES}/{}", file.id), file.name.as_str())) } } }
        }
    }
}

async fn action_form(desk: CitizenDesk, Path((id, action)): Path<(CaseId, String)>) -> Result<Page, Fault> {
    let page = view::action_page(desk.office(), Doer::Applicant(desk.citizen()), id, &action).await?;
    let version = page.case.version;
    action_page(&desk, &page, &Typed::default(), version).await
}

/// What stands in the form.
#[derive(Default)]
struct Typed {
    answers: Answers,
    reasons: Vec<String>,
    /// Questions that the answers brought up.
    fresh: Vec<NewQuestion>,
    errors: Errors,
}

async fn action_page(
    desk: &CitizenDesk,
    page: &ActionPage,
    typed: &Typed,
    version: i64,
) -> Result<Page, Fault> {
    let Typed { answers, reasons, fresh, errors } = typed;
    let office = desk.office();
    let owner = Doer::Applicant(desk.citizen()).owner();
    let form = page.action.form.as_ref().and_then(|form| page.release.forms.get(form));
    let divisions = villages_below(office, page.case.county).await?;
    let look = Look { errors, divisions: &divisions, files: FILES, picks: false, on_file: None };
    let fields = match form {
        Some(form) => {
            let context = form_context::load(
                office.db(),
                &page.release,
                form,
                answers,
                &owner,
                Some(&page.case),
                office.now(),
            )
            .await?;
            forms_ui::render_form(&FilledForm::read(&context, form, answers), &look)
        }
        None => html! {},
    };
    let list = page.action.reasons.as_ref().and_then(|list| page.release.codelists.get(list));
    let body = html! {
        (hidden("_version", &version.to_string()))
        (fields)
        @if let Some(list) = list {
            @let choices: Vec<Choice<'_>> = list.values.iter().filter(|code| !code.retired).map(|code| Choice::new(code.code.as_str(), code.title.as_str())).collect();
            @let chosen: Vec<&str> = reasons.iter().map(String::as_str).collect();
            (checkboxes(&Field::new("reasons", list.title.as_str()).errors(errors), &choices, &chosen))
        }
        @if let Some(confirm) = &page.action.confirm { (warning_text(confirm)) }
        (button_group(&html! {
            (submit(&page.action.title, if page.action.confirm.is_some() { ButtonKind::Warning } else { ButtonKind::Primary }, None))
            (Link::new(format!("/my/cases/{}", page.case.id), "不办了，返回"))
        }))
    };
    let content = html! {
        div.prose {
            (error_summary(errors))
            (heading(Some(&format!("{} · 编号 {}", page.title, page.case.number)), &page.action.title))
            (forms_ui::questions_note(fresh))
            @for basis in &page.basis { p.govuk-hint { "依据：" (basis) } }
            (form_upload(&format!("/my/cases/{}/do/{}", page.case.id, page.action.id), &desk.key(), &body))
        }
    };
    Ok(Page::new(page.action.title.clone(), content)
        .under("cases")
        .errors(errors)
        .back(format!("/my/cases/{}", page.case.id), "返回办件"))
}

async fn do_action(
    desk: CitizenDesk,
    Path((id, action)): Path<(CaseId, String)>,
    KeyedForm { key, form: fields, files }: KeyedForm<Fields>,
) -> Result<Answer, Fault> {
    let office = desk.office();
    let doer = Doer::Applicant(desk.citizen());
    let here = format!("/my/cases/{id}");
    let page = match view::action_page(office, doer, id, &action).await {
        Ok(page) => page,
        // Sent twice: the action is done and no longer offered; whose case it is was asked all the same.
        Err(office::OfficeError::NotFound(_)) => {
            view::open_own(office, desk.citizen(), id).await?;
            return Ok(SeeOther::to(here).note("这一步已经办过了，或者现在不能办。").into());
        }
        Err(error) => return Err(error.into()),
    };
    let sent = Sent::read(office, &doer.owner(), fields, files).await?;
    let mut answers = Answers::new();
    let mut errors = sent.errors.clone();
    let mut fresh = Vec::new();
    let reasons = sent.all("reasons");
    if let Some(form) = page.action.form.as_ref().and_then(|form| page.release.forms.get(form)) {
        sent.merge_form(&mut answers, form);
        let context = form_context::load(
            office.db(),
            &page.release,
            form,
            &answers,
            &doer.owner(),
            Some(&page.case),
            office.now(),
        )
        .await?;
        let filled = FilledForm::read(&context, form, &answers);
        fresh = sent.form_new_questions(&filled);
        for (path, message) in filled.check().errors.iter() {
            // What is only asked now is not wrong yet.
            if !fresh.iter().any(|question| question.path == path) {
                errors.add(path, message);
            }
        }
    }
    let version = sent.get("_version").parse().unwrap_or(page.case.version);
    if errors.is_empty() && fresh.is_empty() {
        let deed =
            Deed { case: id, action, answers: answers.clone(), reasons: reasons.clone(), version, key };
        match act::act(office, doer, &deed).await {
            Ok(acted) => {
                return Ok(SeeOther::to(here)
                    .done(format!("{}。", acted.said.trim_end_matches('。')))
                    .into());
            }
            Err(error) => errors = form_errors(error)?,
        }
    }
    let typed = Typed { answers, reasons, fresh, errors };
    Ok(action_page(&desk, &page, &typed, page.case.version).await?.into())
}

async fn letter(desk: CitizenDesk, Path(id): Path<office::casework::LetterId>) -> Result<Response, Fault> {
    let (title, pdf) = letters::pdf(desk.office(), Doer::Applicant(desk.citizen()), id).await?;
    let pdf = pdf.ok_or_else(|| {
        Fault::Request(StatusCode::NOT_FOUND, "这份文书正在制作，请过几分钟再看。".to_owned())
    })?;
    Ok(file("application/pdf", &format!("{title}.pdf"), pdf))
}

async fn attachment(desk: CitizenDesk, Path(id): Path<AttachmentId>) -> Result<Response, Fault> {
    let reader = Doer::Applicant(desk.citizen());
    let (view, content) = attachments::get(desk.office(), reader, id).await?;
    Ok(file(&view.mime, &view.name, content))
}

/// A file to be looked at in the browser; its type is what its bytes said when it came.
pub(crate) fn file(mime: &str, name: &str, content: Vec<u8>) -> Response {
    let disposition = format!("inline; filename*=UTF-8''{}", query_value(name));
    let headers = [
        (header::CONTENT_TYPE, mime.to_owned()),
        (header::CONTENT_DISPOSITION, disposition),
        (header::CACHE_CONTROL, "private, no-store".to_owned()),
    ];
    (headers, content).into_response()
}
