//! 对外公开: who may decides entry by entry what of the plan everybody can read.

use maud::{Markup, html};
use office::access::{ReadPlan, ReleasePlan, Right};
use office::plans::demanded;
use office::plans::public::{self, Releasable};

use super::{NAV_ID, faces};
use crate::answer::{Page, SeeOther};
use crate::error::Fault;
use crate::extract::Desk;
use crate::form_body::{Fields, KeyedForm};
use crate::ui::Link;
use crate::ui::form::{ButtonKind, Choice, Field, button_group, checkboxes, form_post, submit};
use crate::ui::parts::{self, inset};

const PATH: &str = "/desk/plan/public";

/// `GET /desk/plan/public`
pub(super) async fn page(desk: Desk<ReadPlan>) -> Result<Page, Fault> {
    let plan = demanded(desk.office()).await?;
    let released = public::released(desk.office(), desk.granted()).await.ok();
    let body = match &released {
        Some(released) => html! {
            @if let Some((by, at)) = &released.last { p.govuk-body { "最近一次由" (by) "于" (at.zh()) "决定。" } }
            @if desk.may(Right::ReleasePlan) {
                (form_post(PATH, &desk.key(), &html! {
                    (boxes("公开的指标", &released.indicators, "indicator"))
                    (boxes("公开的项目和节点", &released.projects, "project"))
                    (boxes("公开的任务", &released.tasks, "task"))
                    (button_group(&html! {
                        (submit("按所选公开", ButtonKind::Primary, Some(("which", "chosen"))))
                        (submit("全部公开", ButtonKind::Secondary, Some(("which", "all"))))
                        (submit("全部撤回", ButtonKind::Secondary, Some(("which", "none"))))
                    }))
                }))
            } @else {
                (listed("公开的指标", &released.indicators))
                (listed("公开的项目和节点", &released.projects))
                (listed("公开的任务", &released.tasks))
            }
        },
        None => inset(&html! { p.govuk-body { "公开哪些内容，由" (plan.home.name) "决定。" } }),
    };
    let content = html! {
        (parts::heading(Some(&plan.home.name), "对外公开"))
        (parts::tabs("规划", &faces(), "public"))
        p.govuk-body {
            "选中的内容任何人不用登录就能看到：" (Link::new("/plan", "规划公开页面")) "，并可以下载 CSV、JSON。指标公开目标、本级最近的数和判断；项目公开地方、期限和状态；任务公开内容和状态。分解到下级的数、办理记录和工作人员姓名不公开。"
        }
        (body)
    };
    Ok(Page::new("对外公开", content).under(NAV_ID))
}

fn boxes(title: &str, all: &[Releasable], name: &str) -> Markup {
    let choices: Vec<Choice<'_>> =
        all.iter().map(|one| Choice::new(one.entry.as_str(), one.title.as_str())).collect();
    let chosen: Vec<&str> = all.iter().filter(|one| one.released).map(|one| one.entry.as_str()).collect();
    html! { @if !choices.is_empty() { (checkboxes(&Field::new(name, title.to_owned()), &choices, &chosen)) } }
}

fn listed(title: &str, all: &[Releasable]) -> Markup {
    let public: Vec<&Releasable> = all.iter().filter(|one| one.released).collect();
    html! {
        h2.govuk-heading-m { (title) }
        @if public.is_empty() { p.govuk-body { "还没有公开。" } }
        ul.govuk-list.govuk-list--bullet { @for one in public { li { (one.title) } } }
    }
}

/// `POST /desk/plan/public`
pub(super) async fn decide(
    desk: Desk<ReleasePlan>,
    KeyedForm { form, .. }: KeyedForm<Fields>,
) -> Result<SeeOther, Fault> {
    let reader = desk.grant::<ReadPlan>()?;
    let all = public::released(desk.office(), &reader).await?;
    let chosen: Vec<&str> = match form.get("which") {
        "all" => all.all().map(|one| one.entry.as_str()).collect(),
        "none" => Vec::new(),
        _ => form.all("indicator").chain(form.all("project")).chain(form.all("task")).collect(),
    };
    let (given, taken) = public::release(desk.office(), desk.granted(), &reader, &chosen).await?;
    Ok(SeeOther::to(PATH).done(format!("公开 {given} 项，撤回 {taken} 项。")))
}
