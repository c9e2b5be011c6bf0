//! What a family has in hand and receives, and the way to file something for it.

use maud::{Markup, html};
use office::access::{FileForOther, ReadCase, ReadPayments, ReadPeople, Right};
use office::casework::lists::{self, CaseFilter};
use office::casework::{drafts, needs_benefit};
use office::people;
use office::roll::business::{self, FamilyBenefit};
use store::HouseholdId;

use super::family::frame;
use crate::answer::{Page, SeeOther};
use crate::error::Fault;
use crate::extract::{Desk, Path};
use crate::form_body::{Fields, KeyedForm};
use crate::money::common::{programme_title, yuan};
use crate::ui::Link;
use crate::ui::form::{ButtonKind, Choice, Errors, Field, error_summary, form_post, radios, submit};
use crate::ui::table::{Column, Table};

pub(super) async fn cases(desk: Desk<ReadPeople>, Path(id): Path<HouseholdId>) -> Result<Page, Fault> {
    page(&desk, id, &Errors::none()).await
}

async fn page(desk: &Desk<ReadPeople>, id: HouseholdId, errors: &Errors) -> Result<Page, Fault> {
    let family = people::family_page(desk.office(), desk.granted(), id).await?;
    let content = html! {
        (error_summary(errors))
        @if let Ok(reader) = desk.grant::<ReadCase>() { (case_table(desk, &reader, id).await?) }
        @if desk.grant::<ReadPayments>().is_ok() { (benefits(desk, id).await?) }
        @if desk.grant::<FileForOther>().is_ok() && family.household.closed_on.is_none() { (filing(desk, id, errors)) }
    };
    Ok(frame(&family, "cases", &content).errors(errors))
}

async fn case_table(
    desk: &Desk<ReadPeople>,
    reader: &office::access::Granted<ReadCase>,
    id: HouseholdId,
) -> Result<Table<'static>, Fault> {
    let filter = CaseFilter { household: Some(id), ..CaseFilter::default() };
    let found = lists::cases(desk.office(), reader, &filter, None).await?;
    Ok(Table {
        id: "cases".into(),
        caption: "办件".into(),
        columns: ["受理号", "业务", "申请人", "村（社区）", "状态", "提交日期", "办理期限"]
            .map(Column::new)
            .into(),
        rows: found.rows.iter().map(|line| crate::desk::cases::row(desk, line)).collect(),
        empty: "没有办件。".into(),
        ..Table::default()
    })
}

/// The reader's own business in full; of another only that it is there, where the reader's own could be given twice.
async fn benefits(desk: &Desk<ReadPeople>, id: HouseholdId) -> Result<Markup, Fault> {
    let office = desk.office();
    let found = business::of_family(office, desk.granted(), id).await?;
    let elsewhere = found.iter().any(|one| matches!(one, FamilyBenefit::Fact { .. }));
    let dash = || html! { "—" };
    let rows = found.iter().map(|one| -> Vec<Markup> {
        match one {
            FamilyBenefit::Own(row) => vec![
                html! { (Link::new(format!("/desk/roll/{}", row.id), programme_title(office, &row.programme))) },
                html! { (row.state.title()) },
                html! { @match row.monthly { Some(amount) => (yuan(amount)), None => "—" } },
                html! { (row.members) },
                html! { (row.from.zh()) },
                html! { @match row.until { Some(month) => (month.zh()), None => "—" } },
                html! { @match row.review_due_on { Some(day) => (day), None => "—" } },
            ],
            FamilyBenefit::Fact { programme, state } => vec![
                html! { (programme_title(office, programme)) },
                html! { (state.title()) },
                dash(),
                dash(),
                dash(),
                dash(),
                dash(),
            ],
        }
    });
    let table = Table {
        id: "benefits".into(),
        caption: "待遇".into(),
        columns: vec![
            Column::new("待遇"),
            Column::new("状态"),
            Column::new("月金额（元）").numeric(),
            Column::new("保障人数").numeric(),
            Column::new("从哪个月起"),
            Column::new("到哪个月为止"),
            Column::new("下次核查"),
        ],
        rows: rows.collect(),
        empty: "没有您办理的业务的待遇。".into(),
        ..Table::default()
    };
    Ok(html! {
        (table)
        @if elsewhere {
            p.govuk-hint { "不归您办理的业务，只写明有没有享受，供核对重复享受；金额由办理的人员掌握。" }
        }
    })
}

fn filing(desk: &Desk<ReadPeople>, id: HouseholdId, errors: &Errors) -> Markup {
    let release = desk.office().release();
    let choices: Vec<Choice<'_>> = release
        .items
        .iter()
        .filter(|item| item.filed_at(desk.actor().level) && !needs_benefit(item))
        .filter(|item| desk.may_for_item(Right::FileForOther, &item.id))
        .map(|item| Choice::new(item.id.as_str(), item.title.as_str()))
        .collect();
    html! {
        h2.govuk-heading-m { "为这个家庭申请" }
        p.govuk-body { "需要几样帮助的，" (Link::new(format!("/desk/families/{id}/joint"), "一次说清，一起办（一件事）")) "。只申请一项的，在下面选择。" }
        (form_post(&format!("/desk/families/{id}/cases"), &desk.key(), &html! {
            (radios(&Field::new("item", "申请什么").hint("已登记的姓名、身份证号、住址会自动填好。").errors(errors), &choices))
            (submit("开始填写", ButtonKind::Secondary, None))
        }))
    }
}

pub(super) async fn begin(
    desk: Desk<FileForOther>,
    Path(id): Path<HouseholdId>,
    KeyedForm { form, .. }: KeyedForm<Fields>,
) -> Result<SeeOther, Fault> {
    let back = SeeOther::to(format!("/desk/families/{id}/cases"));
    let item = form.get("item");
    if item.is_empty() {
        return Ok(back.note("请选择申请什么。"));
    }
    match drafts::begin_for_family(desk.office(), desk.granted(), item, id).await {
        Ok(draft) => Ok(SeeOther::to(format!("/desk/drafts/{draft}"))),
        Err(office::OfficeError::Conflict(words)) => Ok(back.note(words)),
        Err(error) => Err(error.into()),
    }
}
