//! A record's page.

use maud::{Markup, html};
use office::access::{ReadCase, ReadRecords, Right};
use office::casework::entries;
use office::records::alerts::AlertView;
use office::records::duties::DutyView;
use office::records::history::{NOTED, Version};
use office::records::page::{Pointing, RecordPage, Rows, Said, page as record_page};
use office::records::{Deed, Open, RecordId};
use vocab::Now;

use super::{RECORDS, opened, papers};
use crate::answer::Page;
use crate::error::Fault;
use crate::extract::{Desk, Path};
use crate::ui::Link;
use crate::ui::form::{ButtonKind, button_link};
use crate::ui::parts::{Colour, SummaryRow, details, heading, print_button, summary_list, tag};
use crate::ui::table::{Column, Table};

/// `GET /desk/records/{register}/{record}`
pub(super) async fn page(
    desk: Desk<ReadRecords>,
    Path((register, record)): Path<(String, RecordId)>,
) -> Result<Page, Fault> {
    let open = opened(&desk, &register, Right::ReadRecords)?;
    let seen = record_page(desk.office(), desk.granted(), &open, record).await?;
    let register = open.register();
    let here = format!("/desk/records/{}/{record}", register.id.get());
    let today = desk.office().now().today();
    let case = match desk.grant::<ReadCase>() {
        Ok(reader) => entries::case_of_record(desk.office(), &reader, register.id.get(), record).await?,
        Err(_) => None,
    };
    let content = html! {
        (heading(Some(&register.title), &seen.record.title))
        p.govuk-body {
            (tag(if seen.closed { Colour::Grey } else { Colour::Green }, &seen.state)) " " (seen.place)
        }
        @if let Some((case, number)) = &case {
            p.govuk-body { "来自办件 " (Link::new(format!("/desk/cases/{case}"), number.as_str())) }
        }
        (alerts(&seen.alerts))
        (deeds(&here, &seen))
        @for group in &seen.groups {
            section {
                h2.govuk-heading-m { (group.title) }
                (summary_list(&group.fields.iter().map(|said| field(&desk, &open, &here, said)).collect::<Vec<_>>()))
            }
        }
        @for (place, list) in seen.lists.iter().enumerate() { (rows(&here, place, list)) }
        (papers::section(&here, &seen.papers))
        @if let Some(letters) = papers::letters_of(&here, &seen.letters) { (letters) }
        @for pointing in &seen.pointing { (pointing_here(record, pointing)) }
        @if !seen.duties.is_empty() { (duties(&seen.duties, today)) }
        (history(&seen.history))
        (print_button())
    };
    Ok(Page::new(seen.record.title.clone(), content)
        .under(RECORDS)
        .back(format!("/desk/records/{}", register.id.get()), format!("返回{}", register.title)))
}

fn alerts(alerts: &[AlertView]) -> Markup {
    let open: Vec<&AlertView> = alerts.iter().filter(|alert| alert.state == "open").collect();
    html! {
        @if !open.is_empty() {
            div.govuk-inset-text {
                h2.govuk-heading-s { "预警" }
                ul.govuk-list {
                    @for alert in open {
                        li {
                            (super::alerts::how_grave(alert)) " "
                            (Link::new(format!("/desk/record-alerts/{}", alert.id), alert.title.as_str()))
                            @if !alert.read.is_empty() { "（" (alert.read) "）" }
                        }
                    }
                }
            }
        }
    }
}

fn deeds(here: &str, seen: &RecordPage) -> Markup {
    html! {
        @if seen.may_keep {
            div.govuk-button-group {
                @if !seen.closed { (button_link(&format!("{here}/edit"), "变更或更正", ButtonKind::Primary)) }
                @for offered in seen.transitions.iter().filter(|offered| offered.not_now.is_none()) {
                    (button_link(&format!("{here}/do/{}", offered.id), &offered.title, ButtonKind::Secondary))
                }
            }
            @for offered in seen.transitions.iter() {
                @if let Some(why) = &offered.not_now {
                    p.govuk-hint { "现在不能“" (offered.title) "”：" (why) }
                }
            }
        }
    }
}

fn field<'a>(desk: &Desk<ReadRecords>, open: &Open, here: &str, said: &'a Said) -> SummaryRow<'a> {
    let words = if said.words.is_empty() { "未填写" } else { &said.words };
    let value = match &said.leads_to {
        Some((target, id)) => match leads_to(open, target, *id) {
            Some(href) => html! { (Link::new(href, words.to_owned())) },
            None => html! { (words) },
        },
        None => html! { (words) @if said.computed { span.govuk-hint { "（系统计算）" } } },
    };
    let row = SummaryRow::new(said.label.as_str(), value);
    if said.masked && desk.actor().may_in(Right::Reveal, &open.register().business) {
        let link = Link::new(format!("{here}/reveal/{}", said.field), "查看完整内容");
        row.action(link.about(format!("（{}）", said.label)))
    } else {
        row
    }
}

/// The page of what a field points at.
fn leads_to(open: &Open, target: &str, id: i64) -> Option<String> {
    match target {
        "person" => Some(format!("/desk/people/{id}")),
        "household" => Some(format!("/desk/families/{id}")),
        register => open.release().registers.get(register).map(|_| format!("/desk/records/{register}/{id}")),
    }
}

/// A list of a record, whose address is `here`: words, and files to open.
pub(crate) fn rows<'a>(here: &str, place: usize, list: &'a Rows) -> Table<'a> {
    let cell = |place: (usize, usize), words: &str| match list.files.get(&place) {
        Some(files) => html! {
            @for (id, name) in files { div { (Link::new(format!("{here}/files/{id}"), name.clone())) } }
        },
        None => html! { (words) },
    };
    let rows = list.rows.iter().enumerate().map(|(row, cells)| {
        cells.iter().enumerate().map(|(column, words)| cell((row, column), words)).collect()
    });
    Table {
        id: format!("list-{place}").into(),
        caption: list.label.as_str().into(),
        columns: list.columns.iter().map(|label| Column::new(label.as_str())).collect(),
        rows: rows.collect(),
        ..Table::default()
    }
}

fn pointing_here(record: RecordId, pointing: &Pointing) -> Markup {
    let Pointing { title, register, field, records, more, may_add } = pointing;
    html! {
        section {
            h2.govuk-heading-m { (title) }
            @if records.is_empty() { p.govuk-body { "还没有登记。" } }
            @else {
                ul.govuk-list {
                    @for (id, title, state) in records {
                        li { (Link::new(format!("/desk/records/{register}/{id}"), title.as_str())) " " span.govuk-hint { (state) } }
                    }
                }
            }
            p.govuk-body {
                @if *more { (Link::new(format!("/desk/records/{register}?f.{field}={record}"), format!("全部{title}"))) "　" }
                @if *may_add {
                    (Link::new(format!("/desk/records/{register}/new?{field}={}", crate::ui::query_value(&format!("〔{record}〕"))), format!("登记{title}")))
                }
            }
        }
    }
}

fn duties(duties: &[DutyView], today: chrono::NaiveDate) -> Table<'static> {
    let rows = duties.iter().map(|duty| {
        let state = match duty.state.as_str() {
            "done" => tag(Colour::Green, "已履行"),
            _ if duty.due_on < today => tag(Colour::Red, "已逾期"),
            _ if duty.shown_on <= today => tag(Colour::Yellow, "临近到期"),
            _ => tag(Colour::Blue, "未到期"),
        };
        vec![
            html! { (Link::new(format!("/desk/record-duties/{}", duty.id), duty.title.clone())) },
            html! { (duty.due_on) },
            state,
            html! { @if let Some(done) = duty.done_on { (done) } },
            html! { (duty.office_name) },
        ]
    });
    Table {
        id: "duties".into(),
        caption: "职责".into(),
        columns: ["职责", "到期日", "状态", "履行日期", "承办"].map(Column::new).into(),
        rows: rows.collect(),
        ..Table::default()
    }
}

fn history(history: &[Version]) -> Markup {
    let body = html! {
        ol.timeline {
            @for version in history {
                li.timeline__step.timeline__step--done {
                    p.timeline__title { "第 " (version.version) " 版　" (Deed::title(&version.deed)) }
                    p.timeline__when {
                        (Now::from_unix_ms(version.at).zh()) "　" (version.staff.as_deref().unwrap_or("系统"))
                        @if !version.reason.is_empty() { "　原因：" (version.reason) }
                    }
                    @if !version.changes.is_empty() {
                        ul.govuk-list.timeline__note {
                            @for (label, before, after) in &version.changes {
                                li { (label) "：" del { (or_none(before)) } " → " ins { (or_none(after)) } }
                            }
                        }
                    }
                }
            }
        }
    };
    let versions = history.iter().filter(|version| version.deed != NOTED).count();
    details(&format!("历史（{versions} 版）"), &body)
}

fn or_none(words: &str) -> &str {
    if words.is_empty() { "（空）" } else { words }
}
