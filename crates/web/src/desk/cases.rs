//! All cases of one's area.

use axum::extract::Query;
use maud::{Markup, html};
use office::access::ReadCase;
use office::casework::lists::{self, CaseFilter, CaseLine};
use serde::Deserialize;
use store::Cursor;

use super::words::{due_markup, item_title, state_tag, step_title};
use crate::answer::Page;
use crate::error::Fault;
use crate::extract::Desk;
use crate::ui::form::{Choice, Field, Width, select, text_input};
use crate::ui::parts::{filter, heading, with_sidebar};
use crate::ui::table::{Column, Pager, Table};
use crate::ui::{Link, address};

const HERE: &str = "/desk/cases";

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    item: String,
    state: String,
    q: String,
    after: String,
}

impl Asked {
    fn address(&self, after: &str) -> String {
        address(HERE, &[("item", &self.item), ("state", &self.state), ("q", &self.q), ("after", after)])
    }

    fn filter(&self) -> CaseFilter {
        let given = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        CaseFilter { item: given(&self.item), state: given(&self.state), words: given(&self.q) }
    }
}

/// `GET /desk/cases`
pub(super) async fn list(desk: Desk<ReadCase>, Query(asked): Query<Asked>) -> Result<Page, Fault> {
    let cursor: Option<Cursor> = if asked.after.is_empty() { None } else { Some(asked.after.parse()?) };
    let page = lists::cases(desk.office(), desk.granted(), &asked.filter(), cursor.as_ref()).await?;
    let table = Table {
        id: "cases".into(),
        caption: "办件".into(),
        columns: ["受理号", "业务", "申请人", "村（社区）", "状态", "提交日期", "办理期限"]
            .map(Column::new)
            .into(),
        rows: page.rows.iter().map(|line| row(&desk, line)).collect(),
        empty: "没有符合条件的办件。".into(),
        pager: Some(Pager {
            previous: cursor.is_some().then(|| asked.address("").into()),
            next: page.next.as_ref().map(|next| asked.address(&next.to_string()).into()),
        }),
        ..Table::default()
    };
    let release = desk.office().release();
    let items: Vec<Choice<'_>> =
        release.items.iter().map(|item| Choice::new(item.id.as_str(), item.title.as_str())).collect();
    let panel = filter(
        HERE,
        &[],
        &html! {
            (text_input(&Field::new("q", "受理号或姓名").width(Width::Full).value(asked.q.as_str()).max_chars(40)))
            (select(&Field::new("item", "业务类型").value(asked.item.as_str()), &items, Some("全部")))
            (select(&Field::new("state", "状态").value(asked.state.as_str()),
                &[Choice::new("open", "办理中"), Choice::new("ended", "已办结")], Some("全部")))
        },
    );
    let main = html! { (heading(Some(&desk.actor().division_name), "全部办件")) (table) };
    Ok(Page::new("全部办件", with_sidebar(&panel, &main)).under("cases"))
}

fn row(desk: &Desk<ReadCase>, line: &CaseLine) -> Vec<Markup> {
    vec![
        html! { (Link::new(format!("/desk/cases/{}", line.case), line.number.as_str())) },
        html! { (item_title(desk.office(), &line.item)) },
        html! { (line.applicant) },
        html! { (line.village) },
        state_tag(line.open, &step_title(desk.office(), &line.item, &line.step), line.outcome.as_deref()),
        html! { (line.filed_on) },
        match line.due_on {
            Some(due_on) if line.open => due_markup(desk.office(), due_on, None),
            Some(due_on) => html! { (due_on) },
            None => html! { "尚未受理" },
        },
    ]
}
