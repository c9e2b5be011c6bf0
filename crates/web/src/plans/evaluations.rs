//! 评估报告: the evaluations that there are by now.

use maud::html;
use office::access::ReadPlan;
use office::plans::{demanded, evaluation};

use super::{HERE, NAV_ID, faces};
use crate::answer::Page;
use crate::error::Fault;
use crate::extract::Desk;
use crate::ui::Link;
use crate::ui::parts::{self, inset};
use crate::ui::table::{Column, Table};

/// `GET /desk/plan/evaluations`
pub(super) async fn page(desk: Desk<ReadPlan>) -> Result<Page, Fault> {
    let plan = demanded(desk.office()).await?;
    let body = match evaluation::list(desk.office(), desk.granted()).await {
        Ok((_, list)) => {
            let table = Table {
                id: "evaluations".into(),
                caption: "各次评估".into(),
                caption_hidden: true,
                columns: ["评估", "数据截至", "最近一次生成"].map(Column::new).into(),
                rows: list
                    .iter()
                    .map(|(one, run)| {
                        let as_of = one.as_of(desk.office().now().month());
                        vec![
                            html! { (Link::new(format!("{HERE}/evaluations/{}", one.code()), one.title())) },
                            html! { (as_of.zh()) },
                            html! { @match run { Some(at) => (at.zh()), None => "还没有生成" } },
                        ]
                    })
                    .collect(),
                empty: "规划还没有开始。".into(),
                ..Table::default()
            };
            html! {
                p.govuk-body { "每年一次年度监测评估，中间一年一次中期评估，最后一年一次总结评估。一键生成 PDF 和 Excel；文字部分写一次，以后每次生成都保留。" }
                (table)
            }
        }
        Err(_) => inset(&html! {
            p.govuk-body { "评估报告由" (plan.home.name) "编制，包含各" (plan.below_title()) "的数据，只有" (plan.home.name) "的工作人员可以查看。对外公开的内容见" (Link::new("/plan", "规划公开页面")) "。" }
        }),
    };
    let content = html! {
        (parts::heading(Some(&plan.home.name), "评估报告"))
        (parts::tabs("规划", &faces(), "evaluations"))
        (body)
    };
    Ok(Page::new("评估报告", content).under(NAV_ID))
}
