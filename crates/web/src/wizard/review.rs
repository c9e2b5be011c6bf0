//! Reading the answers through and sending them, once; or throwing the form away.

use axum::extract::Path;
use catalogue::definition::Form;
use maud::{Markup, html};
use office::casework::{DraftId, drafts};
use office::forms::FilledForm;
use office::{OfficeError, Problem};

use super::{Filling, Hand, page_address};
use crate::answer::{Answer, Page, SeeOther};
use crate::error::Fault;
use crate::form_body::{Fields, KeyedForm};
use crate::ui::Link;
use crate::ui::form::{ButtonKind, button_group, form_post, submit};
use crate::ui::parts::{SummaryRow, heading, inset, steps, summary_list, warning_text};

pub(super) async fn show(hand: Hand, Path(id): Path<DraftId>) -> Result<Answer, Fault> {
    let filling = Filling::open(&hand, id).await?;
    if let Some(case) = filling.draft.submitted {
        return Ok(SeeOther::to(format!("{}/filed/{case}", hand.side())).into());
    }
    Ok(review_page(&hand, &filling, None).await?.into())
}

/// `refused`: what the office said when it was sent; without it what the form itself finds.
async fn review_page(hand: &Hand, filling: &Filling, refused: Option<&[Problem]>) -> Result<Page, Fault> {
    let (item, form) = (filling.item()?, filling.form()?);
    let base = hand.base(filling.draft.id);
    let context = filling.context(hand.office(), &filling.draft.answers).await?;
    let filled = FilledForm::read(&context, form, &filling.draft.answers);
    let found: Vec<Problem> = filled
        .check()
        .errors
        .iter()
        .map(|(field, message)| Problem { field: field.to_owned(), message: message.to_owned() })
        .collect();
    let problems = refused.unwrap_or(&found);
    let all = filled.stops().len() + 1;
    let body = html! {
        p.govuk-body { "提交后会给您一个编号。受理前可以补充，受理后有变化请及时告诉我们。" }
        (button_group(&html! {
            (submit("确认无误，提交", ButtonKind::Primary, None))
            (Link::new(base.clone(), "先不提交，以后再说"))
        }))
    };
    let content = html! {
        div.prose {
            (summary_of(form, &base, problems, refused.is_some()))
            (heading(Some(&steps(&form.title, all, all)), "核对后提交"))
            p.govuk-body { "请从头到尾看一遍。要改的，点旁边的“修改”，改完会回到这里。" }
            @for section in filled.in_words(false) {
                @let change = page_address(&base, &section.page, section.record, true);
                h2.govuk-heading-m { (section.title) }
                @let rows: Vec<SummaryRow<'_>> = section.rows.iter().map(|row| {
                    SummaryRow::text(row.label.as_str(), &row.value)
                        .action(Link::new(format!("{change}#{}", row.path), "修改").about(format!("{}：{}", section.title, row.label)))
                }).collect();
                (summary_list(&rows))
            }
            @if problems.is_empty() || refused.is_some() {
                (form_post(&format!("{base}/review"), &hand.key(), &body))
            } @else {
                (inset(&html! { p.govuk-body { "还有 " (problems.len()) " 处没填好，填好后才能提交。填过的内容都已保存。" } }))
                p.govuk-body { (Link::new(base.clone(), "看全部步骤")) }
            }
        }
    };
    let page = Page::new(format!("核对后提交：{}", item.title), content)
        .under(hand.nav())
        .back(base, "返回全部步骤");
    Ok(if refused.is_some() { page.status(axum::http::StatusCode::UNPROCESSABLE_ENTITY) } else { page })
}

/// What is wrong, each line a link to the page where it is mended.
fn summary_of(form: &Form, base: &str, problems: &[Problem], refused: bool) -> Markup {
    html! {
        @if !problems.is_empty() {
            div.govuk-error-summary data-module=[refused.then_some("govuk-error-summary")] {
                div role="alert" {
                    h2.govuk-error-summary__title { @if refused { "没有提交成功，有 " } @else { "有 " } (problems.len()) " 处需要修改" }
                    div.govuk-error-summary__body {
                        ul.govuk-list.govuk-error-summary__list {
                            @for problem in problems {
                                li {
                                    @match place_of(form, &problem.field) {
                                        Some((page, record)) => a href={ (page_address(base, page, record, true)) "#" (problem.field) } { (problem.message) },
                                        None => (problem.message),
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// The page (and record) on which a field of this path stands; of a list without a field, the list.
fn place_of<'a>(form: &'a Form, path: &str) -> Option<(&'a str, Option<usize>)> {
    let parts: Vec<&str> = path.split('.').collect();
    let found = match parts[..] {
        [of, index, field, ..] => {
            let index: usize = index.parse().ok()?;
            let page = form.fields().find(|(page, known)| {
                known.id == field && page.repeat.as_ref().is_some_and(|repeat| repeat.of == of)
            });
            page.map(|(page, _)| (page, Some(index)))
        }
        [name] => form
            .fields()
            .find(|(page, known)| known.id == name && page.repeat.is_none())
            .map(|(page, _)| page)
            .or_else(|| {
                form.pages
                    .iter()
                    .find(|page| page.repeat.as_ref().is_some_and(|repeat| repeat.add && repeat.of == name))
            })
            .map(|page| (page, None)),
        _ => None,
    };
    found.map(|(page, record)| (page.id.as_str(), record))
}

pub(super) async fn send(
    hand: Hand,
    Path(id): Path<DraftId>,
    KeyedForm { key, .. }: KeyedForm<Fields>,
) -> Result<Answer, Fault> {
    let filed = match drafts::submit(hand.office(), hand.filler(), id, &key).await {
        Ok(case) => return Ok(SeeOther::to(format!("{}/filed/{case}", hand.side())).into()),
        Err(error) => error,
    };
    let problems = match filed {
        OfficeError::Invalid(problems) => problems,
        OfficeError::Conflict(text) | OfficeError::Separation(text) => {
            vec![Problem { field: String::new(), message: text }]
        }
        OfficeError::RegisteredElsewhere => {
            vec![Problem { field: String::new(), message: OfficeError::RegisteredElsewhere.to_string() }]
        }
        other => return Err(other.into()),
    };
    let filling = Filling::open(&hand, id).await?;
    if let Some(case) = filling.draft.submitted {
        // Two presses at once: the other one has filed it.
        return Ok(SeeOther::to(format!("{}/filed/{case}", hand.side())).into());
    }
    Ok(review_page(&hand, &filling, Some(&problems)).await?.into())
}

pub(super) async fn ask_discard(hand: Hand, Path(id): Path<DraftId>) -> Result<Page, Fault> {
    let filling = Filling::open(&hand, id).await?;
    let base = hand.base(id);
    let body = button_group(
        &html! { (submit("删除", ButtonKind::Warning, None)) (Link::new(base.clone(), "不删除，返回")) },
    );
    let content = html! {
        div.prose {
            (heading(Some(&filling.item()?.title), "删除这份没填完的表单吗"))
            (warning_text("删除后找不回来。以后可以重新填写。"))
            (form_post(&format!("{base}/discard"), &hand.key(), &body))
        }
    };
    Ok(Page::new("删除表单", content).under(hand.nav()))
}

pub(super) async fn discard(
    hand: Hand,
    Path(id): Path<DraftId>,
    KeyedForm { .. }: KeyedForm<Fields>,
) -> Result<SeeOther, Fault> {
    drafts::discard(hand.office(), hand.filler(), id).await?;
    Ok(SeeOther::to(hand.home()).done("表单已删除。"))
}
