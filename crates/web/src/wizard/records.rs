//! Lists inside a form: members of the family, added, changed and taken out one by one.

use axum::extract::{Path, Query};
use catalogue::definition::Page as FormPage;
use maud::{Markup, html};
use office::casework::{DraftId, drafts};
use office::forms::{self, FilledForm};

use super::pages::Spot;
use super::{Filling, Hand, page_address};
use crate::answer::{Answer, Page, SeeOther};
use crate::error::{Fault, form_errors};
use crate::form_body::{Fields, KeyedForm};
use crate::ui::Link;
use crate::ui::form::{
    ButtonKind, Errors, button_group, button_link, error_summary, form_post, hidden, submit,
};
use crate::ui::parts::{SummaryRow, heading, summary_list};

/// The records of a page with links to change and take out, and a button to add one.
pub(super) fn list(filled: &FilledForm<'_>, page: &FormPage, base: &str, from_review: bool) -> Markup {
    let Some(repeat) = &page.repeat else { return html! {} };
    let count = filled.count(&repeat.of);
    let rows: Vec<SummaryRow<'_>> = (0..count)
        .map(|index| {
            let title = filled.record_title(&repeat.of, index);
            let summary: Vec<String> = filled.record_summary(page, index, false).into_iter().filter(|words| !words.is_empty() && *words != title).collect();
            let open = !filled.check_page(page, Some(index)).is_right();
            let words = html! { (summary.join("，")) @if open { @if !summary.is_empty() { br; } strong { "还没填完" } } };
            let mut row = SummaryRow::new(title.clone(), words)
                .action(Link::new(page_address(base, &page.id, Some(index), from_review), if open { "接着填" } else { "修改" }).about(title.clone()));
            if index > 0 || repeat.first_from.is_none() {
                row = row.action(Link::new(crate::ui::address(&format!("{base}/remove/{}", page.id.get()), &[("record", &index.to_string())]), "删除").about(title));
            }
            row
        })
        .collect();
    let max = repeat.max.map_or(usize::MAX, |max| max as usize);
    html! {
        @if let Some(intro) = &page.intro { p.govuk-body { (intro) } }
        div #records { (summary_list(&rows)) }
        @if count < max {
            p { (button_link(&page_address(base, &page.id, Some(count), from_review), &format!("再加一个{}", repeat.label), ButtonKind::Secondary)) }
        }
        p.govuk-body { "都加好了，就按“保存并继续”。" }
    }
}

/// What is wrong in a list, said about each record by its name.
pub(super) fn errors_of(filled: &FilledForm<'_>, page: &FormPage, wrong: &forms::Errors) -> Errors {
    let mut errors = Errors::none();
    let Some(repeat) = &page.repeat else { return errors };
    for (path, message) in wrong.iter() {
        let index = path.split('.').nth(1).and_then(|index| index.parse::<usize>().ok());
        match index {
            // The list has no fields of its own: each record gets one line, all of them at the list.
            Some(index) => {
                let title = filled.record_title(&repeat.of, index);
                errors.add("records", format!("“{title}”还没填完或者有误，请点“接着填”：{message}"));
            }
            None => errors.add("records", message),
        }
    }
    errors
}

pub(super) async fn ask_remove(
    hand: Hand,
    Path((id, page)): Path<(DraftId, String)>,
    Query(spot): Query<Spot>,
) -> Result<Page, Fault> {
    let filling = Filling::open(&hand, id).await?;
    remove_page(&hand, &filling, filling.page(&page)?, &spot, &Errors::none()).await
}

async fn remove_page(
    hand: &Hand,
    filling: &Filling,
    page: &FormPage,
    spot: &Spot,
    errors: &Errors,
) -> Result<Page, Fault> {
    let repeat = page.repeat.as_ref().filter(|repeat| repeat.add).ok_or(Fault::Hidden)?;
    let context = filling.context(hand.office(), &filling.draft.answers).await?;
    let filled = FilledForm::read(&context, filling.form()?, &filling.draft.answers);
    let record = spot.record.filter(|record| *record < filled.count(&repeat.of)).ok_or(Fault::Hidden)?;
    let title = filled.record_title(&repeat.of, record);
    let base = hand.base(filling.draft.id);
    let action =
        crate::ui::address(&format!("{base}/remove/{}", page.id.get()), &[("record", &record.to_string())]);
    let body = html! {
        (hidden("_version", &filling.draft.version.to_string()))
        (button_group(&html! { (submit("删除", ButtonKind::Warning, None)) (Link::new(page_address(&base, &page.id, None, false), "不删除，返回")) }))
    };
    let content = html! {
        div.prose {
            (error_summary(errors))
            (heading(Some(&page.title), &format!("删除“{title}”吗")))
            p.govuk-body { "填过的关于“" (title) "”的内容（包括收入、授权）都会删除。" }
            (form_post(&action, &hand.key(), &body))
        }
    };
    Ok(Page::new(format!("删除{title}"), content).under(hand.nav()).errors(errors))
}

pub(super) async fn remove(
    hand: Hand,
    Path((id, page)): Path<(DraftId, String)>,
    Query(spot): Query<Spot>,
    KeyedForm { form: fields, .. }: KeyedForm<Fields>,
) -> Result<Answer, Fault> {
    let filling = Filling::open(&hand, id).await?;
    let page = filling.page(&page)?;
    let to = page_address(&hand.base(id), &page.id, None, false);
    let repeat = page.repeat.as_ref().filter(|repeat| repeat.add).ok_or(Fault::Hidden)?;
    let mut answers = filling.draft.answers.clone();
    let Some(record) = spot.record.filter(|record| *record < answers.count(&repeat.of)) else {
        return Ok(SeeOther::to(to).note("已经删除了。").into());
    };
    // The version that the page showed: sent twice, the second must not take out the next in line.
    let Ok(version) = fields.get("_version").parse::<i64>() else { return Err(Fault::Hidden) };
    if version != filling.draft.version {
        return Ok(SeeOther::to(to).note("这份表单已经改过了，请看看现在的名单。").into());
    }
    answers.remove_record(filling.form()?, &repeat.of, record);
    match drafts::save(hand.office(), hand.filler(), id, version, &answers).await {
        Ok(()) => Ok(SeeOther::to(to).done("已删除。").into()),
        Err(error) => {
            let errors = form_errors(error)?;
            Ok(remove_page(&hand, &filling, page, &spot, &errors).await?.into())
        }
    }
}
