//! The search box of every desk: one line of text, everything that it may mean, group by group.

use axum::extract::Query;
use maud::{Markup, html};
use office::search::{self, Found, Group, Hit, Reader, Thing};
use serde::Deserialize;
use store::Cursor;

use crate::answer::Page;
use crate::error::{Fault, form_errors};
use crate::extract::Staff;
use crate::ui::form::{ButtonKind, Errors, Field, Width, error_summary, form_get, submit, text_input};
use crate::ui::parts::{Colour, heading, tag};
use crate::ui::table::{Column, Pager, Table};
use crate::ui::{Link, address};

/// The address of the box.
pub(crate) const HERE: &str = "/desk/search";
const ROWS: usize = 20;
/// Characters of a question.
pub(crate) const CHARACTERS_MAX: u32 = 60;

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    q: String,
    group: String,
    after: String,
}

/// `GET /desk/search`
pub(super) async fn page(desk: Staff, Query(asked): Query<Asked>) -> Result<Page, Fault> {
    let text: String = asked.q.trim().chars().take(CHARACTERS_MAX as usize).collect();
    let actor = desk.actor().clone();
    let reader = search::reader(&actor);
    let mut errors = Errors::none();
    let found = if text.is_empty() {
        html! {}
    } else if asked.group.is_empty() {
        match search::search(desk.office(), &reader, &text).await {
            Ok(found) => groups(&desk, &text, &found),
            Err(error) => {
                errors = form_errors(error)?;
                html! {}
            }
        }
    } else {
        let group = Group::read(&asked.group).ok_or(Fault::Hidden)?;
        let cursor: Option<Cursor> = if asked.after.is_empty() { None } else { Some(asked.after.parse()?) };
        match one_group(&desk, &reader, group, &text, cursor.as_ref()).await {
            Ok(found) => found,
            Err(Asking::Wrong(wrong)) => {
                errors = wrong;
                html! {}
            }
            Err(Asking::Fault(fault)) => return Err(fault),
        }
    };
    let form = html! {
        (text_input(&Field::new("q", "查找")
            .hint("姓名、拼音首字母、身份证号或其后四至六位、电话、单位或设施名称、统一社会信用代码、受理号、区划名称或代码、事项名称，例如：赵桂兰、jxyly、150302")
            .value(text.as_str()).width(Width::Full).max_chars(CHARACTERS_MAX).errors(&errors)))
        (submit("查找", ButtonKind::Primary, None))
    };
    let content = html! {
        (error_summary(&errors))
        (heading(Some(&desk.actor().division_name), "查找"))
        div.prose { (form_get(HERE, &form)) }
        (found)
    };
    Ok(Page::new("查找", content).own_search().errors(&errors))
}

/// Why a question has no answer.
enum Asking {
    Wrong(Errors),
    Fault(Fault),
}

async fn one_group(
    desk: &Staff,
    reader: &Reader<'_>,
    group: Group,
    text: &str,
    cursor: Option<&Cursor>,
) -> Result<Markup, Asking> {
    let page = search::search_group(desk.office(), reader, group, text, cursor, ROWS).await;
    let page = match page.map_err(|error| form_errors(error)) {
        Ok(page) => page,
        Err(Ok(errors)) => return Err(Asking::Wrong(errors)),
        Err(Err(fault)) => return Err(Asking::Fault(fault)),
    };
    let all = |after: &str| address(HERE, &[("q", text), ("group", group.code()), ("after", after)]);
    let rows = page.rows.iter().map(|hit| {
        let name = match href(desk, &hit.thing) {
            Some(href) => html! { (Link::new(href, hit.title.as_str())) },
            None => html! { (hit.title) },
        };
        let state = hit
            .state
            .as_ref()
            .map(|(state, over)| tag(if *over { Colour::Grey } else { Colour::Green }, state));
        vec![name, html! { (hit.said.join("　")) }, state.unwrap_or_default()]
    });
    let table = Table {
        id: "found".into(),
        caption: group.title().into(),
        columns: ["名称", "说明", "状态"].map(Column::new).into(),
        rows: rows.collect(),
        empty: "没有找到。".into(),
        pager: Some(Pager {
            previous: cursor.is_some().then(|| all("").into()),
            next: page.next.map(|next| all(&next.to_string()).into()),
        }),
        ..Table::default()
    };
    Ok(html! {
        p.govuk-body { (Link::new(address(HERE, &[("q", text)]), "返回全部结果")) }
        (table)
    })
}

fn groups(desk: &Staff, text: &str, found: &[Found]) -> Markup {
    html! {
        @if found.is_empty() {
            p.govuk-body role="status" { "在您的管辖和权限范围内没有找到“" (text) "”。请核对写法，或者少输几个字再找。" }
        } @else {
            nav aria-label="查找结果" {
                ul.chips {
                    @for found in found {
                        li { a href={ "#" (found.group.code()) } { (found.group.title()) " " (found.hits.len()) @if found.more { "+" } } }
                    }
                }
            }
            @for found in found { (group(desk, text, found)) }
        }
    }
}

fn group(desk: &Staff, text: &str, found: &Found) -> Markup {
    html! {
        section id=(found.group.code()) {
            h2.govuk-heading-m { (found.group.title()) }
            @if let Some(note) = &found.note { p.govuk-body { (note) } }
            (list(desk, &found.hits))
            @if found.more {
                p.govuk-body { (Link::new(all(found.group, text), format!("全部{}结果", found.group.title()))) }
            }
        }
    }
}

/// Where all of a group are listed.
fn all(group: Group, text: &str) -> String {
    match (group, group.register()) {
        (Group::People, _) => address("/desk/people", &[("q", text)]),
        (Group::Cases, _) => address("/desk/cases", &[("q", text)]),
        (_, Some(register)) => {
            address(&format!("/desk/records/{register}"), &[("q", text), ("state", "all")])
        }
        _ => address(HERE, &[("q", text), ("group", group.code())]),
    }
}

fn list(desk: &Staff, hits: &[Hit]) -> Markup {
    html! {
        ul.govuk-list.found {
            @for hit in hits {
                li {
                    @match href(desk, &hit.thing) {
                        Some(href) => (Link::new(href, hit.title.as_str())),
                        None => span { (hit.title) },
                    }
                    @if let Some((state, over)) = &hit.state {
                        " " (tag(if *over { Colour::Grey } else { Colour::Green }, state))
                    }
                    @if let Thing::Item(item, true) = &hit.thing {
                        " " (Link::new(format!("/desk/apply/{item}"), "代为申请").about(format!("：{}", hit.title)))
                    }
                    br; span.govuk-hint { (hit.said.join("　")) }
                }
            }
        }
    }
}

fn href(desk: &Staff, thing: &Thing) -> Option<String> {
    match thing {
        Thing::Person(person) => Some(format!("/desk/people/{person}")),
        Thing::Case(case) => Some(format!("/desk/cases/{case}")),
        Thing::Record(register, record) => Some(format!("/desk/records/{register}/{record}")),
        // Of a place of one's own area there is a list of what is done there.
        Thing::Division(division, true) if desk.may(office::access::Right::ReadCase) => {
            Some(address("/desk/cases", &[("place", &division.to_string())]))
        }
        Thing::Division(division, _) => Some(format!("/desk/divisions/{division}")),
        Thing::Item(item, _) => Some(format!("/services/{item}")),
    }
}
