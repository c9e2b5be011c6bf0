//! 谁看过我的资料: which offices opened the citizen's file, when, and what for.

use axum::extract::Query;
use maud::html;
use office::access;
use serde::Deserialize;
use store::Cursor;

use crate::answer::Page;
use crate::error::Fault;
use crate::extract::CitizenDesk;
use crate::routes::{Routes, get};
use crate::ui::address;
use crate::ui::parts::heading;
use crate::ui::table::{Column, Pager, Table};

const PAGE_ROWS: usize = 30;

pub(super) fn routes() -> Routes {
    Routes::new().route("/my/looks", get(looks))
}

#[derive(Deserialize)]
struct Asked {
    after: Option<String>,
}

async fn looks(desk: CitizenDesk, Query(asked): Query<Asked>) -> Result<Page, Fault> {
    let cursor = asked.after.as_deref().map(str::parse::<Cursor>).transpose()?;
    let page = access::who_looked(desk.office(), desk.citizen(), cursor.as_ref(), PAGE_ROWS).await?;
    let rows = page.rows.iter().map(|look| {
        vec![
            html! { (vocab::Now::from_unix_ms(look.at).zh()) },
            html! { (look.what) },
            html! { (look.office.as_deref().unwrap_or("系统")) },
            html! { (look.purpose.as_deref().unwrap_or("办理业务")) },
        ]
    });
    let table = Table {
        id: "looks".into(),
        caption: "查看和办理记录".into(),
        caption_hidden: true,
        columns: ["时间", "做了什么", "单位", "用途"].map(Column::new).into(),
        rows: rows.collect(),
        empty: "还没有人查看过您的资料。".into(),
        pager: Some(Pager {
            previous: asked.after.is_some().then(|| "/my/looks".into()),
            next: page.next.map(|next| address("/my/looks", &[("after", &next.to_string())]).into()),
        }),
        ..Table::default()
    };
    let content = html! {
        (heading(None, "谁看过我的资料"))
        p.govuk-body { "民政工作人员每次打开您的档案、查看完整证件号码或者办理业务，系统都会记录下来。记录不能修改。" }
        (table)
        p.govuk-body { "对某次查看有疑问的，可以拨打页面下方的电话，或者向当地民政部门反映。" }
    };
    Ok(Page::new("谁看过我的资料", content).under("looks"))
}
