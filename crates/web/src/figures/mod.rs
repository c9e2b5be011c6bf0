//! 统计报表: the roll, the cases and the money of a division in numbers. Every number opens the list of what was counted, and
//! every table goes out as Excel.

use maud::{Markup, html};
use office::access::Right;
use vocab::Now;

use crate::layout::NavEntry;
use crate::routes::{Routes, get};
use crate::ui::page::NavLink;
use crate::ui::parts;

mod cases;
mod fairness;
mod layers;
mod paid;
mod performance;
mod roll;

/// The name of these pages in the navigation.
const NAV_ID: &str = "figures";

/// The entry of the staff navigation.
pub const NAV: NavEntry =
    NavEntry { id: NAV_ID, href: "/desk/figures", text: "统计报表", rights: &[Right::Report] };

pub(crate) use roll::{format_of, place_map};

/// Routes under `/desk/figures`.
pub fn routes() -> Routes {
    Routes::new()
        .route("/desk/figures", get(roll::page))
        .route("/desk/figures/families", get(roll::families))
        .route("/desk/figures/sheet", get(roll::sheet))
        .route("/desk/figures/paid", get(paid::page))
        .route("/desk/figures/paid/sheet", get(paid::sheet))
        .route("/desk/figures/fairness", get(fairness::page))
        .route("/desk/figures/fairness/sheet", get(fairness::sheet))
        .route("/desk/figures/layers", get(layers::page))
        .route("/desk/figures/layers/sheet", get(layers::sheet))
        .route("/desk/figures/performance", get(performance::page))
        .route("/desk/figures/performance/sheet", get(performance::sheet))
        .route("/desk/figures/cases", get(cases::page))
        .route("/desk/figures/cases/list", get(cases::list))
        .route("/desk/figures/cases/sheet", get(cases::sheet))
}

/// The heading of a page of figures: what they are, and as of when.
fn heading(title: &str, at: Now) -> Markup {
    html! {
        (parts::heading(Some(&format!("统计报表，截至{}", at.zh())), title))
        p.govuk-hint { "数字截至上面的时间，几分钟更新一次；点开的名单和导出的表格，按打开时的情况重新统计。" }
    }
}

/// The faces of the numbers.
fn faces() -> [NavLink<'static>; 6] {
    [
        NavLink::new("roll", "/desk/figures", "在册情况"),
        NavLink::new("paid", "/desk/figures/paid", "资金发放"),
        NavLink::new("cases", "/desk/figures/cases", "办件情况"),
        NavLink::new("layers", "/desk/figures/layers", "分层分类"),
        NavLink::new("fairness", "/desk/figures/fairness", "公平性"),
        NavLink::new("performance", "/desk/figures/performance", "救助绩效"),
    ]
}
