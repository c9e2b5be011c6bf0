//! What a case has on record: filled forms, photos, letters, the trace.

use maud::{Markup, html};
use office::casework::view::CaseView;

use crate::desk::words::moment;
use crate::ui::Link;
use crate::ui::parts::{SummaryRow, summary_list};
use crate::ui::table::{Column, Table};

/// Filled forms, the newest open; on paper all.
pub(super) fn forms(view: &CaseView, all: bool) -> Markup {
    html! {
        @for (index, form) in view.forms.iter().enumerate() {
            @let body = html! {
                @for section in &form.sections {
                    @if !section.rows.is_empty() {
                        h3.govuk-heading-s { (section.title) }
                        @let rows: Vec<SummaryRow<'_>> =
                            section.rows.iter().map(|row| SummaryRow::text(row.label.as_str(), &row.value)).collect();
                        (summary_list(&rows))
                    }
                }
            };
            details.govuk-details open[all || index == 0] {
                summary.govuk-details__summary {
                    span.govuk-details__summary-text { (form.title) "（" (moment(form.at)) "）" }
                }
                div.govuk-details__text { (body) }
            }
        }
    }
}

/// Records of registers that the case entered, with how they stand.
pub(super) fn entries(view: &CaseView) -> Markup {
    let rows = view.entries.iter().map(|entry| {
        let href = format!("/desk/records/{}/{}", entry.register, entry.record);
        vec![
            html! { (entry.register_title) },
            html! { (Link::new(href, entry.title.as_str())) },
            html! { (entry.state) },
            html! { (entry.entered_on) },
        ]
    });
    html! {
        (Table {
            id: "entries-list".into(),
            caption: "登记簿记录".into(),
            caption_hidden: true,
            columns: ["登记簿", "记录", "现在", "登记日期"].map(Column::new).into(),
            rows: rows.collect(),
            ..Table::default()
        })
    }
}

pub(super) fn attachments(view: &CaseView) -> Markup {
    html! {
        @if view.attachments.is_empty() { p.govuk-body { "没有照片和材料。" } }
        ul.govuk-list {
            @for file in &view.attachments {
                li {
                    a.govuk-link href={ "/desk/attachments/" (file.id) } target="_blank" rel="noopener" {
                        (file.name) span.govuk-visually-hidden { "（在新窗口打开）" }
                    }
                    " " span.govuk-hint { ((file.size + 1023) / 1024) " KB" }
                }
            }
        }
    }
}

pub(super) fn letters(view: &CaseView) -> Markup {
    let rows = view.letters.iter().map(|letter| {
        let words = if letter.ready { "查看 PDF" } else { "正在排版" };
        vec![
            html! { (letter.title) },
            html! { (letter.number) },
            html! { (letter.dated_on) },
            html! { (Link::new(format!("/desk/letters/{}", letter.id), words).about(letter.title.as_str())) },
        ]
    });
    html! {
        (Table {
            id: "letters-list".into(),
            caption: "文书".into(),
            caption_hidden: true,
            columns: ["文书", "文号", "日期", "文件"].map(Column::new).into(),
            rows: rows.collect(),
            empty: "还没有文书。".into(),
            ..Table::default()
        })
    }
}

pub(super) fn trace(view: &CaseView) -> Markup {
    let rows = view.events.iter().rev().map(|event| {
        vec![
            html! { (moment(event.at)) },
            html! { (event.title) },
            html! { (event.office) @if let Some(who) = &event.who { " " (who) } },
            html! { @for reason in &event.reasons { div { (reason) } } },
        ]
    });
    html! {
        (Table {
            id: "events".into(),
            caption: "办理经过".into(),
            caption_hidden: true,
            columns: ["时间", "办理事项", "办理单位和人员", "理由"].map(Column::new).into(),
            rows: rows.collect(),
            ..Table::default()
        })
    }
}
