//! One action of a case: its form, filled and sent. Nothing that was typed or uploaded is lost, whatever is wrong.

use std::collections::BTreeSet;

use axum::extract::Path;
use maud::{Markup, html};
use office::OfficeError;
use office::access::{self, ReadCase};
use office::casework::act::{Deed, Doer, act};
use office::casework::view::{self, ActionPage, TaperSpan};
use office::casework::{CaseRow, form_context};
use office::forms::{Answers, FilledForm};
use office::releases;
use store::CaseId;

use super::rules_in_words::{in_short, months, replaced};
use crate::answer::{Answer, Page, SeeOther};
use crate::error::{Fault, form_errors};
use crate::extract::Desk;
use crate::form_body::{Fields, KeyedForm};
use crate::forms_ui::{DivisionGroup, Look, NewQuestion, Sent, questions_note, render_form, villages_below};
use crate::ui::Link;
use crate::ui::form::{
    ButtonKind, Choice, Errors, Field, button_group, checkboxes, error_summary, form_upload, hidden, submit,
};
use crate::ui::parts::{heading, inset, warning_text};

const VERSION: &str = "_version";
const REASONS: &str = "reasons";

/// What stands in the form.
#[derive(Default)]
struct Typed {
    answers: Answers,
    reasons: Vec<String>,
    errors: Errors,
    /// Questions that the answers brought up.
    fresh: Vec<NewQuestion>,
}

/// `GET /desk/cases/{case}/actions/{action}`
pub(super) async fn show(
    desk: Desk<ReadCase>,
    Path((case, action)): Path<(CaseId, String)>,
) -> Result<Page, Fault> {
    let page = view::action_page(desk.office(), Doer::Desk(desk.actor()), case, &action).await?;
    let (subject, township) = (("case", case.0), page.case.township);
    access::opened(desk.office(), desk.actor(), "case.opened", subject, Some(case), township).await?;
    form_page(&desk, &page, Typed::default()).await
}

/// `POST /desk/cases/{case}/actions/{action}`
pub(super) async fn send(
    desk: Desk<ReadCase>,
    Path((id, action)): Path<(CaseId, String)>,
    form: KeyedForm<Fields>,
) -> Result<Answer, Fault> {
    let office = desk.office();
    let doer = Doer::Desk(desk.actor());
    let key = form.key;
    let sent = Sent::read(office, &doer.owner(), form.form, form.files).await?;
    // The form as the case's own release has it, whatever has happened to the case meanwhile.
    let case = CaseRow::seen(office, doer, id).await?;
    let release = releases::kept(office, &case.release_hash).await?;
    let item = release.items.get(&case.item).ok_or(Fault::Hidden)?;
    let definition = item.action(&action).ok_or(Fault::Hidden)?;
    let fields = definition.form.as_ref().and_then(|form| release.forms.get(form));
    let mut typed = Typed { reasons: sent.all(REASONS), errors: sent.errors.clone(), ..Typed::default() };
    if let Some(fields) = fields {
        sent.merge_form(&mut typed.answers, fields);
        let owner = doer.owner();
        let context = form_context::load(
            office.db(),
            &release,
            fields,
            &typed.answers,
            &owner,
            Some(&case),
            office.now(),
        )
        .await?;
        let filled = FilledForm::read(&context, fields, &typed.answers);
        typed.fresh = sent.form_new_questions(&filled);
        if !typed.fresh.is_empty() {
            // What is wrong is said beside them; what is only asked now is not wrong yet.
            for (path, message) in filled.check().errors.iter() {
                if !typed.fresh.iter().any(|question| question.path == path) {
                    typed.errors.add(path, message);
                }
            }
        }
    }
    if typed.errors.is_empty() && typed.fresh.is_empty() {
        let deed = Deed {
            case: id,
            action: action.clone(),
            answers: typed.answers.clone(),
            reasons: typed.reasons.clone(),
            version: sent.get(VERSION).parse().unwrap_or_default(),
            key,
        };
        match act(office, doer, &deed).await {
            Ok(acted) => {
                return Ok(SeeOther::to(format!("/desk/cases/{id}")).done(acted.said).into());
            }
            Err(error) => typed.errors = form_errors(error)?,
        }
    }
    match view::action_page(office, doer, id, &action).await {
        Ok(page) => Ok(form_page(&desk, &page, typed).await?.into()),
        // Somebody else moved the case on: there is nothing to fill in any more.
        Err(OfficeError::NotFound(_)) => {
            let words = typed.errors.iter().next().map_or("这一步已由他人办理。", |(_, message)| message);
            Ok(SeeOther::to(format!("/desk/cases/{id}")).note(words.to_owned()).into())
        }
        Err(error) => Err(error.into()),
    }
}

async fn form_page(desk: &Desk<ReadCase>, page: &ActionPage, typed: Typed) -> Result<Page, Fault> {
    let back = format!("/desk/cases/{}", page.case.id);
    let title = page.action.title.clone();
    let caption = format!("{} · {}", page.title, page.case.number);
    if let Some(reason) = page.action.not_yet.as_ref().filter(|_| typed.errors.is_empty()) {
        let content = html! {
            (heading(Some(&caption), &title))
            (inset(&html! { p.govuk-body { "现在还不能办理：" (reason) } }))
            p.govuk-body { (Link::new(back.clone(), "返回办件")) }
        };
        return Ok(Page::new(title, content).under("cases").back(back, "返回办件"));
    }
    let fields = fields(desk, page, &typed).await?;
    let kind = if page.action.takes_away { ButtonKind::Warning } else { ButtonKind::Primary };
    let body = html! {
        (hidden(VERSION, &page.case.version.to_string()))
        (fields)
        (reasons(page, &typed))
        @if let Some(question) = &page.action.confirm { (warning_text(question)) }
        (button_group(&html! { (submit(&title, kind, None)) (Link::new(back.clone(), "不办理，返回")) }))
    };
    let content = html! {
        (error_summary(&typed.errors))
        (heading(Some(&caption), &title))
        @if !page.months.is_empty() && !page.action.aside { (months(&page.months, false)) }
        div.prose {
            @if let Some(determination) = page.determination.as_ref().filter(|_| !page.action.aside && page.months.is_empty()) {
                (inset(&html! { h2.govuk-heading-s { "按规定测算" } (in_short(determination)) }))
            }
            @if let Some(span) = &page.taper { (taper(span)) }
            @if !page.replaced.is_empty() { (inset(&replaced(&page.replaced, false))) }
            (questions_note(&typed.fresh))
            @if !page.basis.is_empty() { p.govuk-hint { "依据：" (page.basis.join("、")) } }
            (form_upload(&format!("{back}/actions/{}", page.action.id), &desk.key(), &body))
        }
    };
    Ok(Page::new(title, content).under("cases").back(back, "返回办件").errors(&typed.errors))
}

/// 渐退 before it is decided: from which month to which, and how much.
fn taper(span: &TaperSpan) -> Markup {
    inset(&html! {
        p.govuk-body {
            "渐退期从 " strong { (span.first.zh()) } " 到 " strong { (span.last.zh()) }
            @if let Some(monthly) = span.monthly { "，每月照发 " strong { (monthly.yuan_grouped()) " 元" } }
            "，期满停发。"
        }
    })
}

async fn fields(desk: &Desk<ReadCase>, page: &ActionPage, typed: &Typed) -> Result<Markup, Fault> {
    let office = desk.office();
    let Some(form) = page.action.form.as_ref().and_then(|form| page.release.forms.get(form)) else {
        return Ok(html! { p.govuk-body { "这一步没有要填写的内容，核对无误后直接办理。" } });
    };
    let owner = Doer::Desk(desk.actor()).owner();
    let context = form_context::load(
        office.db(),
        &page.release,
        form,
        &typed.answers,
        &owner,
        Some(&page.case),
        office.now(),
    )
    .await?;
    let filled = FilledForm::read(&context, form, &typed.answers);
    let asks_division =
        form.fields().any(|(_, field)| *field.kind == catalogue::definition::FieldKind::Division);
    let divisions: Vec<DivisionGroup> =
        if asks_division { villages_below(office, page.case.county).await? } else { Vec::new() };
    let look = Look {
        errors: &typed.errors,
        divisions: &divisions,
        files: "/desk/attachments",
        picks: false,
        on_file: None,
    };
    Ok(render_form(&filled, &look))
}

/// The reasons that conditions give: those of the programmes that this matter decides, and those of all others, which would
/// only stand in the way of choosing.
fn reasons_of_conditions(page: &ActionPage) -> (BTreeSet<&str>, BTreeSet<&str>) {
    let item = page.release.items.get(&page.case.item);
    let decides = |programme: &str| {
        item.is_some_and(|item| item.programmes.iter().any(|decided| decided.get() == programme))
    };
    let mut reasons = (BTreeSet::new(), BTreeSet::new());
    for programme in page.release.programmes.iter() {
        let side = if decides(programme.id.get()) { &mut reasons.0 } else { &mut reasons.1 };
        side.extend(programme.conditions.iter().map(|condition| condition.reason.get().as_str()));
    }
    reasons
}

fn reasons(page: &ActionPage, typed: &Typed) -> Markup {
    let list = page.action.reasons.as_ref().and_then(|list| page.release.codelists.get(list));
    let Some(list) = list else { return html! {} };
    let on = page.case.accepted_on.unwrap_or(page.case.filed_on);
    let (own, others) = reasons_of_conditions(page);
    let choices: Vec<Choice<'_>> = list
        .values
        .iter()
        .filter(|code| !code.retired)
        .filter(|code| own.contains(code.code.as_str()) || !others.contains(code.code.as_str()))
        .map(|code| {
            let basis: Vec<String> =
                page.release.basis_on(&code.basis, on).iter().map(|law| law.text()).collect();
            let text = code.text.clone().unwrap_or_default();
            let hint = match (text.is_empty(), basis.is_empty()) {
                (_, true) => text,
                (true, false) => format!("依据：{}", basis.join("、")),
                (false, false) => format!("{text}（依据：{}）", basis.join("、")),
            };
            Choice::new(code.code.as_str(), code.title.as_str()).hint(hint)
        })
        .collect();
    let chosen: Vec<&str> = typed.reasons.iter().map(String::as_str).collect();
    checkboxes(&Field::new(REASONS, "理由").hint("可以选几项。").errors(&typed.errors), &choices, &chosen)
}
