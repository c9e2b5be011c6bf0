//! Records that may be one person, or share a number they should not: a person decides.

use axum::extract::Query;
use maud::{Markup, html};
use office::access::{ReadPeople, RegisterPeople, Right};
use office::people::{self, DuplicateId, DuplicateView};
use serde::Deserialize;
use vocab::{Now, zh_date};

use crate::answer::{Answer, Page, SeeOther};
use crate::error::{Fault, form_errors};
use crate::extract::{Desk, Path};
use crate::form_body::{Fields, KeyedForm};
use crate::ui::form::{ButtonKind, Errors, Field, Width, error_summary, form_post, submit, text_input};
use crate::ui::parts::heading;
use crate::ui::table::{Column, Pager, Table};
use crate::ui::{Link, address};

const PAGE_ROWS: usize = 20;

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    after: String,
}

pub(super) async fn list(desk: Desk<ReadPeople>, Query(asked): Query<Asked>) -> Result<Page, Fault> {
    page(&desk, &asked.after, &Errors::none()).await
}

async fn page(desk: &Desk<ReadPeople>, after: &str, errors: &Errors) -> Result<Page, Fault> {
    let cursor = if after.is_empty() { None } else { Some(after.parse()?) };
    let page = people::duplicates(desk.office(), desk.granted(), cursor.as_ref(), PAGE_ROWS).await?;
    let may_settle = desk.may(Right::RegisterPeople);
    let rows = page.rows.iter().map(|flag| {
        vec![
            html! { a.govuk-link href={ "/desk/people/" (flag.person) } { (flag.name) } },
            html! {
                @match &flag.other {
                    Some((other, name)) => a.govuk-link href={ "/desk/people/" (other) } { (name) },
                    None => "在他处登记",
                }
            },
            html! { (flag.reason.title()) },
            html! { (zh_date(Now::from_unix_ms(flag.found_at).today())) },
            settle_cell(desk, flag, may_settle, errors),
        ]
    });
    let table = Table {
        id: "duplicates".into(),
        caption: "待核实".into(),
        caption_hidden: true,
        columns: ["人员", "与谁相似", "原因", "发现日期", "核实"].map(Column::new).into(),
        rows: rows.collect(),
        empty: "没有待核实的疑似重复。".into(),
        pager: Some(Pager {
            previous: (!after.is_empty()).then(|| "/desk/duplicates".into()),
            next: page.next.map(|next| address("/desk/duplicates", &[("after", &next.to_string())]).into()),
        }),
        ..Table::default()
    };
    let content = html! {
        (error_summary(errors))
        (heading(Some("对象档案"), "疑似重复的人员"))
        p.govuk-body { "系统比对全市的姓名、出生日期、电话和银行账号得出，是不是同一个人由工作人员核实。一方在他处登记的，由县级核实。" }
        (table)
        p.govuk-body { (Link::new("/desk/merges", "档案合并")) }
    };
    Ok(Page::new("疑似重复的人员", content).under("people").errors(errors).back("/desk/people", "对象档案"))
}

fn settle_cell(desk: &Desk<ReadPeople>, flag: &DuplicateView, may_settle: bool, errors: &Errors) -> Markup {
    if !may_settle || flag.other.is_none() {
        return html! { "由县级核实" };
    }
    let name = format!("finding-{}", flag.id);
    let other = flag.other.as_ref().map(|(other, _)| *other);
    html! {
        @if let (Some(other), true) = (other, desk.may(Right::MergePeople)) {
            p.govuk-body {
                (Link::new(format!("/desk/people/{}/merge?other={other}", flag.person), "是同一个人，去合并").about(format!("：{}", flag.name)))
            }
        }
        (form_post(&format!("/desk/duplicates/{}", flag.id), &desk.key(), &html! {
            (text_input(&Field::new(name, format!("不是同一个人的核实结果（{}）", flag.name)).width(Width::Full).max_chars(200).errors(errors)))
            (submit("已核实", ButtonKind::Secondary, None))
        }))
    }
}

pub(super) async fn settle(
    reading: Desk<ReadPeople>,
    desk: Desk<RegisterPeople>,
    Path(flag): Path<DuplicateId>,
    KeyedForm { form, .. }: KeyedForm<Fields>,
) -> Result<Answer, Fault> {
    let field = format!("finding-{flag}");
    match people::settle_duplicate(desk.office(), desk.granted(), flag, form.get(&field)).await {
        Ok(()) => Ok(SeeOther::to("/desk/duplicates").done("核实结果已记录。").into()),
        Err(error) => {
            let mut errors = Errors::none();
            for (_, message) in form_errors(error)?.iter() {
                errors.add(field.as_str(), message);
            }
            Ok(page(&reading, "", &errors).await?.into())
        }
    }
}
