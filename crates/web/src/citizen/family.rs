//! 我的家庭: what is registered of the citizen and those who live with them, numbers masked. Facts of other adults are theirs.

use maud::html;
use office::people::{self, FactView, MemberView};
use vocab::{full_years, zh_date};

use crate::answer::Page;
use crate::error::Fault;
use crate::extract::CitizenDesk;
use crate::routes::{Routes, get};
use crate::ui::parts::{SummaryRow, heading, summary_list};
use crate::ui::table::{Column, Table};

pub(super) fn routes() -> Routes {
    Routes::new().route("/my/family", get(family))
}

async fn family(desk: CitizenDesk) -> Result<Page, Fault> {
    let Some(family) = people::own_family_page(desk.office(), desk.citizen()).await? else {
        let content = html! {
            (heading(None, "我的家庭"))
            p.govuk-body { "系统里还没有登记您的家庭。提交申请时会一并登记，不用事先办理。" }
        };
        return Ok(Page::new("我的家庭", content).under("family"));
    };
    let today = desk.office().now().today();
    let household = &family.household;
    let rows = [
        SummaryRow::text("现住地", &household.division_name),
        SummaryRow::text("户籍地", &household.registered_name),
        SummaryRow::text("地址", household.address.as_deref().unwrap_or("没有登记")),
        SummaryRow::text("家庭人口", &format!("{} 人", family.members.len())),
    ];
    let row = |member: &MemberView| {
        let person = &member.person;
        vec![
            html! { (person.name) },
            html! { (member.relation_title) },
            html! { (person.sex.zh()) "，" (full_years(person.born_on, today)) " 岁" },
            html! { span.masked { (person.citizen_id) } },
        ]
    };
    let members = Table {
        id: "members".into(),
        caption: "共同生活的家庭成员".into(),
        columns: ["姓名", "与户主关系", "性别和年龄", "身份证号"].map(Column::new).into(),
        rows: family.members.iter().map(row).collect(),
        ..Table::default()
    };
    let own: Vec<&FactView> =
        family.members.iter().flat_map(|member| &member.facts).chain(&family.facts).collect();
    let fact = |fact: &&FactView| {
        vec![
            html! { (fact.title) },
            html! { (fact.shown) },
            html! { (fact.source_title) },
            html! { (zh_date(fact.from_on)) },
        ]
    };
    let facts = Table {
        id: "facts".into(),
        caption: "已登记的情况".into(),
        columns: ["项目", "现在的情况", "来源", "从何时起"].map(Column::new).into(),
        rows: own.iter().map(fact).collect(),
        empty: "还没有登记。".into(),
        ..Table::default()
    };
    let content = html! {
        (heading(None, "我的家庭"))
        (summary_list(&rows))
        (members)
        (facts)
        p.govuk-body { "与实际不符的，可以拨打页面下方的电话，或者到窗口要求更正。其他成年家人的个人情况，由本人登录查看。" }
    };
    Ok(Page::new("我的家庭", content).under("family"))
}
