//! Searching the audit of one's area: who did, who looked, what for.

use axum::extract::Query;
use axum::response::{IntoResponse as _, Response};
use chrono::{Days, NaiveDate, TimeZone as _};
use maud::{Markup, html};
use office::access::audit_words::{KINDS, action, subject};
use office::access::{self, AuditFilter, SearchAudit};
use office::tabular::ListFormat;
use serde::Deserialize;
use vocab::Now;

use crate::answer::Page;
use crate::error::{Fault, form_errors};
use crate::extract::Desk;
use crate::form_body::{Fields, KeyedForm};
use crate::money::common::download;
use crate::typed;
use crate::ui::form::{
    ButtonKind, Choice, Errors, Field, Width, date_input, error_summary, form_post, hidden, radios, select,
    submit, text_input,
};
use crate::ui::parts::{Colour, details, filter, heading, tag, with_sidebar};
use crate::ui::table::{Column, Pager, Table};
use crate::ui::{Link, address};

const PAGE_ROWS: usize = 50;
const HERE: &str = "/desk/admin/audit";

/// Midnight in Shanghai at the beginning of a day, unix milliseconds.
fn midnight(day: NaiveDate) -> Option<i64> {
    let offset = chrono::FixedOffset::east_opt(8 * 3600)?;
    offset.from_local_datetime(&day.and_hms_opt(0, 0, 0)?).single().map(|at| at.timestamp_millis())
}

#[derive(Default, Deserialize)]
#[serde(transparent)]
pub(super) struct Asked(Fields);

/// What was asked, read.
fn wanted(asked: &Fields, errors: &mut Errors) -> AuditFilter {
    let from_on = typed::optional_date(asked, "from", errors);
    let until_on = typed::optional_date(asked, "until", errors);
    let number = |name: &str| asked.get(name).parse::<i64>().ok();
    AuditFilter {
        from_at: from_on.and_then(midnight),
        until_at: until_on.and_then(|day| day.checked_add_days(Days::new(1))).and_then(midnight),
        staff: number("staff").map(Into::into),
        person: number("person").map(Into::into),
        case: number("case").map(Into::into),
        action: Some(asked.get("action").to_owned()).filter(|action| !action.is_empty()),
    }
}

pub(super) async fn search(
    desk: Desk<SearchAudit>,
    Query(Asked(asked)): Query<Asked>,
) -> Result<Page, Fault> {
    let mut errors = Errors::none();
    let wanted = wanted(&asked, &mut errors);
    page(&desk, &asked, &wanted, &errors).await
}

/// `POST /desk/admin/audit/export`: what is found, as a file, for a stated purpose.
pub(super) async fn export(
    desk: Desk<SearchAudit>,
    KeyedForm { form, .. }: KeyedForm<Fields>,
) -> Result<Response, Fault> {
    let mut errors = Errors::none();
    let wanted = wanted(&form, &mut errors);
    if errors.is_empty() {
        let format = if form.get("format") == "csv" { ListFormat::Csv } else { ListFormat::Excel };
        match access::export_audit(desk.office(), desk.granted(), &wanted, format, form.get("purpose")).await
        {
            Ok(file) => {
                let name = format!("审计记录{}.{}", desk.office().now().today(), format.extension());
                return Ok(download(&name, format.mime(), file));
            }
            Err(error) => errors = form_errors(error)?,
        }
    }
    let asked = Fields(
        form.0
            .iter()
            .filter(|(name, _)| FILTERS.iter().any(|filter| name.starts_with(filter)))
            .cloned()
            .collect(),
    );
    Ok(page(&desk, &asked, &wanted, &errors).await?.into_response())
}

/// What narrows the search; dates have three parts.
const FILTERS: [&str; 6] = ["action", "staff", "person", "case", "from", "until"];

fn export_form(desk: &Desk<SearchAudit>, asked: &Fields, errors: &Errors) -> Markup {
    let formats = [Choice::new("xlsx", "Excel"), Choice::new("csv", "CSV")];
    details(
        "导出审计记录",
        &form_post(
            "/desk/admin/audit/export",
            &desk.key(),
            &html! {
                @for (name, value) in asked.0.iter().filter(|(name, _)| name != "after") { (hidden(name, value)) }
                (text_input(&Field::new("purpose", "用途").hint("写入文件和审计记录。").max_chars(100).errors(errors)))
                (radios(&Field::new("format", "格式").value("xlsx").inline(), &formats))
                (submit("导出", ButtonKind::Secondary, None))
            },
        ),
    )
}

async fn page(
    desk: &Desk<SearchAudit>,
    asked: &Fields,
    wanted: &AuditFilter,
    errors: &Errors,
) -> Result<Page, Fault> {
    let cursor = match asked.get("after") {
        "" => None,
        after => Some(after.parse()?),
    };
    let page =
        access::search_audit(desk.office(), desk.granted(), wanted, cursor.as_ref(), PAGE_ROWS).await?;
    let rows = page.rows.iter().map(|row| {
        vec![
            html! { (Now::from_unix_ms(row.at).zh()) },
            html! {
                @match (row.staff.zip(row.staff_name.as_ref()), row.person) {
                    (Some((id, name)), _) => (Link::new(address(HERE, &[("staff", &id.to_string())]), name.as_str()).about("（只看此人）")),
                    (None, Some(person)) => { "本人（人员 " (person) "）" },
                    (None, None) => "系统",
                }
            },
            html! { (action(&row.action)) },
            html! {
                @if let Some((kind, id)) = &row.subject {
                    @match (kind.as_str(), *id) {
                        (_, 0) => (subject(kind)),
                        ("person", id) => (Link::new(address(HERE, &[("person", &id.to_string())]), format!("人员 {id}")).about("（只看此人）")),
                        (_, id) => { (subject(kind)) " " (id) },
                    }
                }
                @if let Some(case) = row.case { br; "办件 " (case) }
            },
            html! { (row.purpose.as_deref().unwrap_or("")) },
            html! { (row.division_name.as_deref().unwrap_or("")) },
            html! {
                @if row.hash.is_some() { (tag(Colour::Green, "已入链")) } @else { (tag(Colour::Grey, "待入链")) }
            },
        ]
    });
    let kept: Vec<(&str, &str)> = asked
        .0
        .iter()
        .filter(|(name, _)| name != "after")
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    let with = |more: &[(&str, &str)]| address(HERE, &[kept.as_slice(), more].concat());
    let table = Table {
        id: "audit".into(),
        caption: "审计记录".into(),
        caption_hidden: true,
        columns: ["时间", "谁", "做了什么", "对象", "用途", "辖区", "防篡改"].map(Column::new).into(),
        rows: rows.collect(),
        pager: Some(Pager {
            previous: cursor.is_some().then(|| with(&[]).into()),
            next: page.next.map(|next| with(&[("after", &next.to_string())]).into()),
        }),
        ..Table::default()
    };
    let kinds: Vec<Choice<'_>> = KINDS.iter().map(|(code, title)| Choice::new(*code, *title)).collect();
    let fields = html! {
        (select(&Field::new("action", "做了什么").value(asked.get("action")), &kinds, Some("全部")))
        (text_input(&Field::new("staff", "账号编号").value(asked.get("staff")).width(Width::Chars10).inputmode("numeric")))
        (text_input(&Field::new("person", "人员编号").value(asked.get("person")).width(Width::Chars10).inputmode("numeric")))
        (text_input(&Field::new("case", "办件编号").value(asked.get("case")).width(Width::Chars10).inputmode("numeric")))
        (date_input(&Field::new("from", "从哪天").errors(errors), &asked.date("from")))
        (date_input(&Field::new("until", "到哪天").errors(errors), &asked.date("until")))
    };
    let chosen = chosen(asked);
    let main = html! {
        (error_summary(errors))
        (heading(Some(&desk.actor().division_name), "审计查询"))
        p.govuk-body { "查询本身也会记录。记录只能增加，按顺序连成链条，改动任何一条都能发现。" }
        (table)
        (export_form(desk, asked, errors))
    };
    let content = with_sidebar(&filter(HERE, &chosen, &fields), &main);
    Ok(Page::new("审计查询", content).under("audit").errors(errors))
}

/// Filters in force, each as a link that takes it off.
fn chosen(asked: &Fields) -> Vec<Link<'static>> {
    let names = [
        ("action", "种类"),
        ("staff", "账号"),
        ("person", "人员"),
        ("case", "办件"),
        ("from", "从"),
        ("until", "到"),
    ];
    let mut links = Vec::new();
    for (name, title) in names {
        let date = asked.date(name);
        let shown = match name {
            "from" | "until" if !date.year.is_empty() => format!("{}-{}-{}", date.year, date.month, date.day),
            "action" => KINDS
                .iter()
                .find(|(code, _)| *code == asked.get(name))
                .map_or("", |(_, title)| title)
                .to_owned(),
            _ => asked.get(name).to_owned(),
        };
        if shown.is_empty() {
            continue;
        }
        let rest: Vec<(&str, &str)> = asked
            .0
            .iter()
            .filter(|(field, _)| field != name && !field.starts_with(&format!("{name}_")) && field != "after")
            .map(|(field, value)| (field.as_str(), value.as_str()))
            .collect();
        links.push(Link::new(address(HERE, &rest), format!("{title}：{shown}")));
    }
    links
}
