//! Saved views of any list on a page: links above it, a form that keeps it as it stands, a page of one's own to manage them. A list that is
//! opened with nothing asked opens with the view that its reader chose for that.

use maud::{Markup, html};
use office::OfficeError;
use office::access::Permission;
use office::views::{self, ListView, ListViewId, NewView, Pairs};
use store::IdempotencyKey;

use crate::answer::{Answer, Page, SeeOther};
use crate::error::Fault;
use crate::extract::Desk;
use crate::form_body::Fields;
use crate::money::common::{already, remember};
use crate::ui::form::{
    ButtonKind, Choice, Errors, Field, checkboxes, form_post, hidden, radios, submit, text_input,
};
use crate::ui::page::NavLink;
use crate::ui::parts::{details, heading, tabs};
use crate::ui::table::{Column, Table};
use crate::ui::{Link, address};

/// The saved view that was opened; 0 is none, so that the list stays as it is.
pub(crate) const VIEW: &str = "in";

/// A list that has views.
pub(crate) struct Kept {
    /// What it is called among the lists: `records/care_institution`, `work`.
    pub list: String,
    /// Its address.
    pub base: String,
    /// Its title.
    pub title: String,
    /// The entry of the navigation that it belongs to.
    pub nav: &'static str,
}

/// The views that a reader has of a list.
pub(crate) async fn of<P: Permission>(desk: &Desk<P>, kept: &Kept) -> Result<Vec<ListView>, Fault> {
    Ok(views::views(desk.office(), desk.granted(), &kept.list).await?)
}

/// What a view asks, and that it was this view that asked.
pub(crate) fn asked_of(view: &ListView) -> Pairs {
    let mut pairs = view.asked.clone();
    pairs.push((VIEW.to_owned(), view.id.to_string()));
    pairs
}

/// What the list is to be asked that was asked for nothing: the view that opens it.
pub(crate) fn opening_of(saved: &[ListView]) -> Option<Pairs> {
    saved.iter().find(|view| view.opens).map(asked_of)
}

fn href(kept: &Kept, view: &ListView) -> String {
    let pairs = asked_of(view);
    let pairs: Vec<(&str, &str)> =
        pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    address(&kept.base, &pairs)
}

/// The views above the list, and the list without any.
pub(crate) fn links(kept: &Kept, current: &str, saved: &[ListView]) -> Markup {
    let mut entries = vec![NavLink::new("0", address(&kept.base, &[(VIEW, "0")]), "不用视图")];
    entries.extend(
        saved.iter().map(|view| NavLink::new(view.id.to_string(), href(kept, view), view.name.clone())),
    );
    html! { @if !saved.is_empty() { (tabs("已存视图", &entries, current)) } }
}

/// The form that keeps the list as it stands; `asked` are hidden fields, each name with a `_` before it.
pub(crate) fn save_form<P: Permission>(
    desk: &Desk<P>,
    kept: &Kept,
    asked: &Markup,
    current: &str,
    saved: &[ListView],
    errors: &Errors,
) -> Markup {
    let open = saved.iter().find(|view| view.own && view.id.to_string() == current);
    let name = open.map_or("", |view| view.name.as_str());
    let shared = if open.is_some_and(|view| view.shared) { "office" } else { "own" };
    let opens: &[&str] = if open.is_some_and(|view| view.opens) { &["yes"] } else { &[] };
    let body = html! {
        p.govuk-body { "把现在的筛选、排序和列保存下来，下次一点就开。名称与自己的另一个视图相同时，替换那一个。" }
        (text_input(&Field::new("view_name", "名称").value(name).max_chars(20).errors(errors)))
        (radios(
            &Field::new("view_for", "给谁用").value(shared).inline(),
            &[Choice::new("own", "自己"), Choice::new("office", "本单位同事")],
        ))
        (checkboxes(
            &Field::new("view_opens", "打开方式"),
            &[Choice::new("yes", format!("打开“{}”时就用它", kept.title))],
            opens,
        ))
        (asked)
        (submit("保存视图", ButtonKind::Secondary, None))
        p.govuk-body { (Link::new(format!("{}/views", kept.base), "管理已存视图")) }
    };
    details("保存为视图", &form_post(&format!("{}/views", kept.base), &desk.key(), &body))
}

/// Hidden fields for [`save_form`]: these names of what the list is asked.
pub(crate) fn keep(pairs: &Pairs, names: &[&str]) -> Markup {
    html! {
        @for (name, value) in pairs.iter().filter(|(name, value)| names.contains(&name.as_str()) && !value.trim().is_empty()) {
            (hidden(&format!("_{name}"), value.trim()))
        }
    }
}

/// Keeps what a form of [`save_form`] sent; `asked` is what the list was asked.
///
/// # Errors
/// What is wrong with the name, for the list with its form again.
pub(crate) async fn save<P: Permission>(
    desk: &Desk<P>,
    kept: &Kept,
    key: &IdempotencyKey,
    form: &Fields,
    asked: Pairs,
) -> Result<Result<SeeOther, OfficeError>, Fault> {
    if already(desk, key).await?.is_some() {
        return Ok(Ok(SeeOther::to(kept.base.clone())));
    }
    let asked: Pairs =
        asked.into_iter().filter(|(name, value)| name != VIEW && !value.trim().is_empty()).collect();
    let new = NewView {
        list: &kept.list,
        name: form.get("view_name"),
        shared: form.get("view_for") == "office",
        opens: form.get("view_opens") == "yes",
        asked: asked.clone(),
    };
    let id: ListViewId = match views::save(desk.office(), desk.granted(), new).await {
        Ok(id) => id,
        Err(error) => return Ok(Err(error)),
    };
    remember(desk, key, &kept.base).await?;
    let id = id.to_string();
    let mut pairs: Vec<(&str, &str)> =
        asked.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    pairs.push((VIEW, &id));
    Ok(Ok(SeeOther::to(address(&kept.base, &pairs)).done("已保存视图。")))
}

/// The page on which views are managed.
pub(crate) async fn page<P: Permission>(desk: &Desk<P>, kept: &Kept) -> Result<Page, Fault> {
    let saved = of(desk, kept).await?;
    let rows = saved.iter().map(|view| {
        let deed = |deed: &str, fields: &Markup, text: &str, kind| {
            let body = html! { (fields) (submit(text, kind, None)) };
            form_post(&format!("{}/views/{}/{deed}", kept.base, view.id), &desk.key(), &body)
        };
        let (value, text) =
            if view.opens { ("no", "不再用它打开") } else { ("yes", "打开时就用它") };
        vec![
            html! { (Link::new(href(kept, view), view.name.clone())) },
            html! {
                @if view.shared { "本单位共用" @if !view.own { "（" (view.maker) "）" } } @else { "自己" }
            },
            html! { @if view.opens { "是" } @else { "否" } },
            html! {
                (deed("opening", &hidden("opens", value), text, ButtonKind::Secondary))
                @if view.may_remove { (deed("remove", &html! {}, "删除", ButtonKind::Warning)) }
            },
        ]
    });
    let table = Table {
        id: "views".into(),
        caption: "已存视图".into(),
        columns: ["名称", "给谁用", "打开时就用它", "操作"].map(Column::new).into(),
        rows: rows.collect(),
        empty: "还没有保存过视图。先在列表里筛选，再点“保存为视图”。".into(),
        ..Table::default()
    };
    let content = html! { (heading(Some(&kept.title), "已存视图")) (table) };
    Ok(Page::new("已存视图", content).under(kept.nav).back(kept.base.clone(), format!("返回{}", kept.title)))
}

/// Opens the list with a view from now on, or not any more.
pub(crate) async fn opening<P: Permission>(
    desk: &Desk<P>,
    kept: &Kept,
    view: ListViewId,
    form: &Fields,
) -> Result<Answer, Fault> {
    let opens = form.get("opens") == "yes";
    views::set_opening(desk.office(), desk.granted(), &kept.list, view, opens).await?;
    Ok(SeeOther::to(format!("{}/views", kept.base)).done("已保存。").into())
}

/// Takes a view away.
pub(crate) async fn remove<P: Permission>(
    desk: &Desk<P>,
    kept: &Kept,
    view: ListViewId,
    key: &IdempotencyKey,
) -> Result<Answer, Fault> {
    let to = format!("{}/views", kept.base);
    if already(desk, key).await?.is_some() {
        return Ok(SeeOther::to(to).into());
    }
    views::remove(desk.office(), desk.granted(), &kept.list, view).await?;
    remember(desk, key, &to).await?;
    Ok(SeeOther::to(to).done("已删除视图。").into())
}
