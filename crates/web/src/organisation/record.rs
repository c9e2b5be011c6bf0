//! One record of an organisation's.

use maud::html;
use office::access::ReportRecords;
use office::records::RecordId;
use office::records::organisation::read;

use super::desk::due;
use super::{HERE, NAV_ID};
use crate::answer::Page;
use crate::error::Fault;
use crate::extract::{Desk, Path};
use crate::records::detail::rows;
use crate::records::papers;
use crate::ui::form::{ButtonKind, button_link};
use crate::ui::parts::{Colour, SummaryRow, heading, print_button, summary_list, tag};

/// `GET /desk/organisation/{own_register}/{own_record}`
pub(super) async fn page(
    desk: Desk<ReportRecords>,
    Path((register, record)): Path<(String, RecordId)>,
) -> Result<Page, Fault> {
    let seen = read::page(desk.office(), desk.granted(), &register, record).await?;
    let known = seen.own.open().register();
    let here = format!("{HERE}/{register}/{record}");
    let itself = seen.own.side().by.is_none();
    let content = html! {
        (heading(Some(&known.title), &seen.record.title))
        p.govuk-body { (tag(if seen.closed { Colour::Grey } else { Colour::Green }, &seen.state)) }
        div.govuk-button-group {
            @if seen.may_change { (button_link(&format!("{here}/edit"), "报告变化", ButtonKind::Primary)) }
            @for offered in seen.moves.iter().filter(|offered| offered.not_now.is_none()) {
                (button_link(&format!("{here}/do/{}", offered.id), &offered.title, ButtonKind::Secondary))
            }
        }
        @for offered in &seen.moves {
            @if let Some(why) = &offered.not_now { p.govuk-hint { "现在不能“" (offered.title) "”：" (why) } }
        }
        @for (title, said) in &seen.groups {
            section {
                h2.govuk-heading-m { (title) }
                (summary_list(&said.iter().map(|(label, words)| SummaryRow::text(label.as_str(), words)).collect::<Vec<_>>()))
            }
        }
        @for (place, list) in seen.lists.iter().enumerate() {
            (rows(&here, place, list))
        }
        (papers::section(&here, &seen.papers))
        @if let Some(letters) = papers::letters_of(&here, &seen.letters) { (letters) }
        @if !seen.duties.is_empty() { (due(&seen.duties, desk.office().now().today())) }
        p.govuk-hint { "这里没有列出、登记又不对的内容，请联系所在地民政部门更正。" }
        (print_button())
    };
    let (back, text) = if itself {
        (HERE.to_owned(), "返回本机构".to_owned())
    } else {
        (format!("{HERE}/{register}"), format!("返回{}", known.title))
    };
    Ok(Page::new(seen.record.title.clone(), content).under(NAV_ID).back(back, text))
}
