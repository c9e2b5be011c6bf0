//! All cases of one's area.

use axum::extract::Query;
use axum::response::Response;
use maud::{Markup, html};
use office::access::{self, Export, ReadCase, Right};
use office::casework::lists::{self, CaseFilter, CaseLine};
use office::views::Pairs;
use serde::Deserialize;
use store::Cursor;

use super::places::{place, place_select, places_below};
use super::views::Listed;
use super::words::{download, due_markup, item_title, state_tag, step_title};
use crate::answer::Page;
use crate::error::Fault;
use crate::extract::{Desk, Staff};
use crate::form_body::{decode, encode};
use crate::ui::form::{Choice, Errors, Field, Width, error_summary, hidden, select, text_input};
use crate::ui::parts::{filter, heading, with_sidebar};
use crate::ui::table::{Column, Pager, Table};
use crate::ui::{Link, address};
use crate::views::{self, VIEW};

const HERE: &str = "/desk/cases";
/// What the list is asked.
pub(super) const ASKED: &[&str] = &["item", "state", "q", "place"];

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    item: String,
    state: String,
    q: String,
    place: String,
    after: String,
    /// The saved view that asked it.
    #[serde(rename = "in")]
    view: String,
}

impl Asked {
    fn address(&self, after: &str) -> String {
        self.address_at(HERE, after)
    }

    fn address_at(&self, path: &str, after: &str) -> String {
        let narrowed =
            [("item", &*self.item), ("state", &self.state), ("q", &self.q), ("place", &self.place)];
        address(path, &[&narrowed[..], &[("after", after), (VIEW, &self.view)]].concat())
    }

    async fn filter(&self, desk: &Desk<ReadCase>) -> Result<CaseFilter, Fault> {
        let place = place(desk, &self.place).await?;
        let given = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        Ok(CaseFilter {
            item: given(&self.item),
            state: given(&self.state),
            words: given(&self.q),
            place,
            household: None,
        })
    }
}

/// `GET /desk/cases`
pub(super) async fn list(
    desk: Desk<ReadCase>,
    Query(asked): Query<Vec<(String, String)>>,
) -> Result<Page, Fault> {
    shown(&desk, asked, &Errors::none()).await
}

/// The list as it is asked for; asked for nothing, with the view that opens it.
pub(super) async fn shown(desk: &Desk<ReadCase>, pairs: Pairs, errors: &Errors) -> Result<Page, Fault> {
    let kept = Listed::Cases.kept();
    let saved = views::of(desk, &kept).await?;
    let opening = if pairs.is_empty() { views::opening_of(&saved) } else { None };
    let pairs = opening.unwrap_or(pairs);
    let mut asked: Asked = decode(encode(&pairs).into()).await?;
    if asked.view.is_empty() && saved.iter().any(|view| view.opens) {
        // Narrowed no more it stays so.
        "0".clone_into(&mut asked.view);
    }
    let cursor: Option<Cursor> = if asked.after.is_empty() { None } else { Some(asked.after.parse()?) };
    let filtered = asked.filter(desk).await?;
    let page = lists::cases(desk.office(), desk.granted(), &filtered, cursor.as_ref()).await?;
    if !asked.q.trim().is_empty() {
        let actor = desk.actor();
        access::opened(desk.office(), actor, "case.searched", ("case", 0), None, actor.division).await?;
    }
    let table = Table {
        id: "cases".into(),
        caption: "办件".into(),
        columns: ["受理号", "业务", "申请人", "村（社区）", "状态", "提交日期", "办理期限"]
            .map(Column::new)
            .into(),
        rows: page.rows.iter().map(|line| row(desk, line)).collect(),
        empty: "没有符合条件的办件。".into(),
        pager: Some(Pager {
            previous: cursor.is_some().then(|| asked.address("").into()),
            next: page.next.as_ref().map(|next| asked.address(&next.to_string()).into()),
        }),
        exports: if desk.may(Right::Export) {
            vec![Link::new(asked.address_at("/desk/cases/export", ""), "导出 Excel")]
        } else {
            Vec::new()
        },
        ..Table::default()
    };
    let places = places_below(desk).await?;
    let release = desk.office().release();
    let items: Vec<Choice<'_>> = release
        .items
        .iter()
        .filter(|item| desk.may_for_item(Right::ReadCase, &item.id))
        .map(|item| Choice::new(item.id.as_str(), item.title.as_str()))
        .collect();
    let panel = filter(
        HERE,
        &[],
        &html! {
            (text_input(&Field::new("q", "受理号或姓名").width(Width::Full).value(asked.q.as_str()).max_chars(40)))
            (select(&Field::new("item", "业务类型").value(asked.item.as_str()), &items, Some("全部")))
            (place_select(filtered.place.as_ref(), &places))
            (select(&Field::new("state", "状态").value(asked.state.as_str()),
                &[Choice::new("open", "办理中"), Choice::new("ended", "已办结")], Some("全部")))
            @if !asked.view.is_empty() { (hidden(VIEW, &asked.view)) }
        },
    );
    let main = html! {
        (error_summary(errors))
        (heading(Some(&desk.actor().division_name), "全部办件"))
        (views::links(&kept, &asked.view, &saved))
        (table)
        (views::save_form(desk, &kept, &views::keep(&pairs, ASKED), &asked.view, &saved, errors))
    };
    Ok(Page::new("全部办件", with_sidebar(&panel, &main)).under("cases").errors(errors))
}

/// The cells of a case in a list with these columns: number, item, applicant, village, state, filed, due.
pub(crate) fn row(desk: &Staff, line: &CaseLine) -> Vec<Markup> {
    vec![
        html! { (Link::new(format!("/desk/cases/{}", line.case), line.number.as_str())) },
        html! { (item_title(desk.office(), &line.item)) },
        html! { span.nowrap { (line.applicant) } },
        html! { (line.village) },
        state_tag(
            desk.office(),
            line.open,
            &step_title(desk.office(), &line.item, &line.step),
            line.outcome.as_deref(),
        ),
        html! { (line.filed_on) },
        match line.due_on {
            Some(due_on) if line.open => due_markup(desk.office(), due_on, None),
            Some(due_on) => html! { (due_on) },
            None => html! { "尚未受理" },
        },
    ]
}

/// `GET /desk/cases/export`
pub(super) async fn export(desk: Desk<ReadCase>, Query(asked): Query<Asked>) -> Result<Response, Fault> {
    let filter = asked.filter(&desk).await?;
    let export = desk.grant::<Export>()?;
    let sheet = lists::cases_sheet(desk.office(), desk.granted(), &export, &filter).await?;
    let format = office::tabular::ListFormat::Excel;
    Ok(download(&format!("办件.{}", format.extension()), format.mime(), sheet))
}
