//! A family's page: members, what is known of them, what changed when.

use maud::{Markup, html};
use office::access::{ReadPeople, Right};
use office::people::{self, FamilyPage, MemberView, Subject};
use store::HouseholdId;
use vocab::{Now, full_years, zh_date};

use super::person::{accounts_table, facts_table, history_of, history_page};
use crate::answer::Page;
use crate::error::Fault;
use crate::extract::{Desk, Path, Staff};
use crate::ui::Link;
use crate::ui::form::{ButtonKind, button_group, button_link};
use crate::ui::page::NavLink;
use crate::ui::parts::{Colour, SummaryRow, heading, summary_list, tabs, tag};
use crate::ui::table::{Column, Table};

/// 赵桂兰家: the family as people call it.
pub(super) fn title(family: &FamilyPage) -> String {
    let head = family.members.iter().find(|member| member.membership.head);
    head.map_or_else(|| format!("家庭 {}", family.household.id), |head| format!("{}家", head.person.name))
}

pub(super) fn frame(family: &FamilyPage, current: &str, content: &Markup) -> Page {
    let id = family.household.id;
    let title = title(family);
    let faces = [
        NavLink::new("members", format!("/desk/families/{id}"), "成员"),
        NavLink::new("facts", format!("/desk/families/{id}/facts"), "家庭情况"),
        NavLink::new("cases", format!("/desk/families/{id}/cases"), "办件和待遇"),
        NavLink::new("history", format!("/desk/families/{id}/history"), "变动记录"),
    ];
    let content = html! {
        (heading(Some(&family.path.join(" · ")), &title))
        (tabs("家庭档案", &faces, current))
        (content)
    };
    Page::new(title, content).under("people").back("/desk/people", "对象档案")
}

pub(super) async fn members(desk: Desk<ReadPeople>, Path(id): Path<HouseholdId>) -> Result<Page, Fault> {
    let family = people::family_page(desk.office(), desk.granted(), id).await?;
    let household = &family.household;
    let area = desk.office().release().code_title("area", &household.area).to_owned();
    let mut rows = vec![
        SummaryRow::text("现住地", &household.division_name),
        SummaryRow::text("户籍地", &household.registered_name),
        SummaryRow::text("城乡", &area),
        SummaryRow::text("地址", household.address.as_deref().unwrap_or("没有登记")),
        SummaryRow::text("家庭人口", &format!("{} 人", family.members.len())),
    ];
    if let Some(origin) = household.split_from {
        rows.push(SummaryRow::new(
            "分自",
            html! { (Link::new(format!("/desk/families/{origin}"), "原家庭")) },
        ));
    }
    if let Some(joined) = household.joined_into {
        rows.push(SummaryRow::new(
            "并入",
            html! { (Link::new(format!("/desk/families/{joined}"), "现在的家庭")) },
        ));
    }
    if let Some(closed_on) = household.closed_on {
        rows.push(SummaryRow::new("销户", html! { (tag(Colour::Grey, "已销户")) " " (zh_date(closed_on)) }));
    }
    let content = html! {
        (summary_list(&rows))
        (members_table(&desk, &family))
        @if desk.may(Right::RegisterPeople) {
            (button_group(&html! {
                (button_link(&format!("/desk/families/{id}/add"), "添加成员", ButtonKind::Secondary))
                @if family.members.len() > 1 {
                    (Link::new(format!("/desk/families/{id}/head"), "变更户主"))
                    (Link::new(format!("/desk/families/{id}/split"), "分户"))
                }
                @if !family.members.is_empty() {
                    (Link::new(format!("/desk/families/{id}/join"), "并户"))
                    (Link::new(format!("/desk/families/{id}/move"), "家庭迁移"))
                }
            }))
        }
    };
    Ok(frame(&family, "members", &content))
}

fn members_table(staff: &Staff, family: &FamilyPage) -> Markup {
    let today = staff.office().now().today();
    let id = family.household.id;
    let may_change = staff.may(Right::RegisterPeople);
    let row = |member: &MemberView| {
        let person = &member.person;
        let age = full_years(person.born_on, person.died_on.unwrap_or(today));
        vec![
            html! {
                a.govuk-link href={ "/desk/people/" (person.id) } { (person.name) }
                @if person.died_on.is_some() { " " (tag(Colour::Grey, "已故")) }
            },
            html! { (member.relation_title) },
            html! { (person.sex.zh()) "，" (age) " 岁" },
            html! { span.masked { (person.citizen_id) } },
            html! { (zh_date(member.membership.from_on)) },
            html! {
                @if may_change {
                    (Link::new(format!("/desk/families/{id}/remove/{}", person.id), "减员").about(format!("：{}", person.name)))
                }
            },
        ]
    };
    let table = Table {
        id: "members".into(),
        caption: "共同生活的家庭成员".into(),
        columns: ["姓名", "与户主关系", "性别和年龄", "身份证号", "从何时起", "办理"].map(Column::new).into(),
        rows: family.members.iter().map(row).collect(),
        empty: "这个家庭现在没有成员。".into(),
        ..Table::default()
    };
    html! { (table) }
}

pub(super) async fn facts(desk: Desk<ReadPeople>, Path(id): Path<HouseholdId>) -> Result<Page, Fault> {
    let family = people::family_page(desk.office(), desk.granted(), id).await?;
    let mut accounts = Vec::new();
    for member in &family.members {
        accounts.extend(people::find_accounts(desk.office().db(), &desk.scope(), member.person.id).await?);
    }
    let content = html! {
        (facts_table("household", "全家", &family.facts, &format!("/desk/families/{id}/facts/")))
        @for member in &family.members {
            @let person = &member.person;
            (facts_table(&format!("person-{}", person.id), &person.name, &member.facts, &format!("/desk/people/{}/facts/", person.id)))
        }
        (accounts_table(&desk, &accounts))
    };
    Ok(frame(&family, "facts", &content))
}

pub(super) async fn fact_history(
    desk: Desk<ReadPeople>,
    Path((id, fact)): Path<(HouseholdId, String)>,
) -> Result<Page, Fault> {
    let family = people::family_page(desk.office(), desk.granted(), id).await?;
    let history = history_of(&desk, Subject::Household(id), &fact).await?;
    let title = title(&family);
    Ok(history_page(&title, &history).back(format!("/desk/families/{id}/facts"), title))
}

pub(super) async fn history(desk: Desk<ReadPeople>, Path(id): Path<HouseholdId>) -> Result<Page, Fault> {
    let family = people::family_page(desk.office(), desk.granted(), id).await?;
    let release = desk.office().release();
    let rows = family.history.iter().map(|(row, name)| {
        vec![
            html! { (Now::from_unix_ms(row.recorded_at).zh()) },
            html! { (name) },
            html! { (release.code_title("relation", &row.relation)) @if row.head { "（户主）" } },
            html! { (zh_date(row.from_on)) "起" @if let Some(until) = row.until_on { "，" (zh_date(until)) "止" } },
            html! { (row.reason) },
            html! {
                @match row.superseded_at {
                    Some(at) => { (Now::from_unix_ms(at).zh()) "后不再采用" },
                    None => "采用中",
                }
            },
        ]
    });
    let table = Table {
        id: "history".into(),
        caption: "成员变动".into(),
        columns: ["登记时间", "姓名", "与户主关系", "适用时间", "原因", "状态"].map(Column::new).into(),
        rows: rows.collect(),
        ..Table::default()
    };
    let content = html! {
        p.govuk-body { "“适用时间”是实际发生的时间，“登记时间”是系统知道的时间。更正不删除原来的记录。" }
        (table)
        @if desk.may(Right::SearchAudit) {
            ul.govuk-list {
                @for member in &family.members {
                    li { (Link::new(format!("/desk/admin/audit?person={}", member.person.id), format!("谁看过{}的档案", member.person.name))) }
                }
            }
        }
    };
    Ok(frame(&family, "history", &content))
}
