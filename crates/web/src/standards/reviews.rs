//! What a released standard means family by family: increases confirmed together by the county, the rest looked at one by one.

use axum::extract::{Path, Query};
use maud::{Markup, html};
use office::access::{Confirm, Right};
use office::releases::{self, Effect, ReviewKind, ReviewLine, StandardChangeId, StandardReviewId};
use serde::Deserialize;
use serde::de::IgnoredAny;
use vocab::Level;

use super::NAV_ID;
use crate::answer::{Answer, Page, SeeOther};
use crate::error::{Fault, form_errors};
use crate::extract::{Desk, Staff};
use crate::form_body::KeyedForm;
use crate::money::common::{already, cursor, remember, yuan};
use crate::ui::form::{ButtonKind, Errors, Field, error_summary, form_post, submit, text_area};
use crate::ui::page::NavLink;
use crate::ui::parts::SummaryRow;
use crate::ui::table::{Column, Pager, Table};
use crate::ui::{Link, address, parts};

/// Families on one page.
const SIZE: usize = 50;
/// In the order of what has to be done.
const KINDS: [ReviewKind; 5] =
    [ReviewKind::Increase, ReviewKind::Decrease, ReviewKind::Lost, ReviewKind::Unknown, ReviewKind::Differs];

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Ask {
    kind: String,
    after: String,
}

fn base(id: StandardChangeId) -> String {
    format!("/desk/standard-changes/{id}/reviews")
}

fn kind_of(text: &str) -> Option<ReviewKind> {
    KINDS.into_iter().find(|kind| kind.as_str() == text)
}

/// Whoever may look at the proposals of a released standard.
pub(super) fn may_look(staff: &Staff) -> bool {
    staff.may(Right::Confirm) || staff.may(Right::ReleaseStandard)
}

pub(super) async fn page(
    staff: Staff,
    Path(id): Path<StandardChangeId>,
    Query(ask): Query<Ask>,
) -> Result<Page, Fault> {
    reviews_page(&staff, id, &ask, &Errors::none()).await
}

async fn reviews_page(
    staff: &Staff,
    id: StandardChangeId,
    ask: &Ask,
    errors: &Errors,
) -> Result<Page, Fault> {
    let office = staff.office();
    let by_kind = releases::reviews_by_kind(office, staff.actor(), id).await?;
    let first = KINDS.into_iter().find(|kind| by_kind.contains_key(kind)).unwrap_or(ReviewKind::Increase);
    let kind = kind_of(&ask.kind).unwrap_or(first);
    let effect = by_kind.get(&kind).copied().unwrap_or_default();
    let after = cursor(&ask.after)?;
    let lines = releases::reviews(office, staff.actor(), id, kind, after.as_ref(), SIZE).await?;
    let here =
        |kind: ReviewKind, after: &str| address(&base(id), &[("kind", kind.as_str()), ("after", after)]);
    let tabs: Vec<NavLink<'_>> = KINDS
        .into_iter()
        .map(|kind| {
            let count = by_kind.get(&kind).map_or(0, |effect| effect.families);
            NavLink::new(kind.as_str(), here(kind, ""), format!("{}（{count} 户）", kind.title()))
        })
        .collect();
    let table = Table {
        id: "reviews".into(),
        caption: kind.title().into(),
        columns: vec![
            Column::new("户主"),
            Column::new("村（社区）"),
            Column::new("从哪个月起"),
            Column::new("现月金额（元）").numeric(),
            Column::new("新月金额（元）").numeric(),
            Column::new("要注意的"),
            Column::new("办理"),
        ],
        rows: lines.rows.iter().map(|line| row(staff, id, line)).collect(),
        empty: "没有待处理的家庭。".into(),
        pager: Some(Pager {
            previous: after.is_some().then(|| here(kind, "").into()),
            next: lines.next.as_ref().map(|next| here(kind, &next.to_string()).into()),
        }),
        ..Table::default()
    };
    let confirms = kind == ReviewKind::Increase
        && effect.families > 0
        && staff.may(Right::Confirm)
        && staff.actor().level == Level::County;
    let content = html! {
        (error_summary(errors))
        (parts::heading(Some("政策标准"), "按新标准复核在册家庭"))
        (parts::tabs("复核结论", &tabs, kind.as_str()))
        (totals(kind, effect))
        @if confirms { (confirm(staff, id, effect)) }
        (table)
    };
    Ok(Page::new("按新标准复核在册家庭", content)
        .under(NAV_ID)
        .back(format!("/desk/standard-changes/{id}"), "返回标准变更")
        .errors(errors))
}

fn totals(kind: ReviewKind, effect: Effect) -> Markup {
    html! {
        @if effect.families > 0 {
            p.govuk-body {
                "共 " (effect.families) " 户，现在每月合计 " (yuan(effect.old)) " 元"
                @if matches!(kind, ReviewKind::Increase | ReviewKind::Decrease) { "，按新标准每月合计 " (yuan(effect.new)) " 元" }
                "。"
            }
        }
        @if matches!(kind, ReviewKind::Decrease | ReviewKind::Lost) {
            (parts::warning_text("减发、停发前必须听取家庭的意见并作出记录，没有记录不得变更（《社会救助法》第四十八条）。请逐户发起核查。"))
        }
    }
}

fn confirm(staff: &Staff, id: StandardChangeId, effect: Effect) -> Markup {
    html! {
        (form_post(&format!("{}/confirm", base(id)), &staff.key(), &html! {
            p.govuk-body { "确认后按新标准增发，已经发过的月份自动补发差额。" }
            (submit(&format!("确认增发（{} 户）", effect.families), ButtonKind::Primary, None))
        }))
    }
}

fn row(staff: &Staff, change: StandardChangeId, line: &ReviewLine) -> Vec<Markup> {
    let settles = line.kind != ReviewKind::Increase && staff.may(Right::Confirm);
    let to = format!("{}/{}", base(change), line.id);
    vec![
        html! { (Link::new(format!("/desk/roll/{}", line.entitlement), line.holder.as_str())) },
        html! { (line.division_name) },
        html! { (line.from) },
        html! { (yuan(line.old)) },
        html! { @match line.new { Some(new) => (yuan(new)), None => "—" } },
        html! { (line.note) },
        html! { @if settles { (Link::new(to, "登记处理结果").about(line.holder.as_str())) } @else { "—" } },
    ]
}

pub(super) async fn confirm_all(
    desk: Desk<Confirm>,
    Path(id): Path<StandardChangeId>,
    KeyedForm { key, .. }: KeyedForm<IgnoredAny>,
) -> Result<Answer, Fault> {
    let to = base(id);
    if already(&desk, &key).await?.is_some() {
        return Ok(SeeOther::to(to).into());
    }
    match releases::confirm_increases(desk.office(), desk.granted(), id).await {
        Ok(done) => {
            remember(&desk, &key, &to).await?;
            let mut said = format!("已为 {} 户增发，补发 {} 元。", done.raised, yuan(done.arrears));
            if done.stale > 0 {
                said.push_str(&format!("{} 户的金额另有变动，没有改动，请逐户核对。", done.stale));
            }
            if done.left > 0 {
                said.push_str(&format!("还有 {} 户，请再次确认。", done.left));
            }
            Ok(SeeOther::to(to).done(said).into())
        }
        Err(error) => {
            let errors = form_errors(error)?;
            Ok(reviews_page(&desk, id, &Ask::default(), &errors).await?.into())
        }
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Settlement {
    how: String,
}

pub(super) async fn settle_page(
    desk: Desk<Confirm>,
    Path((change, review)): Path<(StandardChangeId, StandardReviewId)>,
) -> Result<Page, Fault> {
    settle_form(&desk, change, review, "", &Errors::none()).await
}

async fn settle_form(
    desk: &Desk<Confirm>,
    change: StandardChangeId,
    review: StandardReviewId,
    how: &str,
    errors: &Errors,
) -> Result<Page, Fault> {
    let line = releases::open_review(desk.office(), desk.granted(), review).await?;
    let back = address(&base(change), &[("kind", line.kind.as_str())]);
    let content = html! {
        div.prose {
            (error_summary(errors))
            (parts::heading(Some(line.kind.title()), &format!("{}家：登记处理结果", line.holder)))
            (parts::summary_list(&[
                SummaryRow::text("村（社区）", &line.division_name),
                SummaryRow::text("现月金额", &format!("{} 元", yuan(line.old))),
                SummaryRow::text("按新标准的月金额", &line.new.map_or_else(|| "—".to_owned(), |new| format!("{} 元", yuan(new)))),
                SummaryRow::text("要注意的", &line.note),
            ]))
            (form_post(&format!("{}/{review}", base(change)), &desk.key(), &html! {
                (text_area(&Field::new("how", "怎么处理的").hint("例如已发起核查及其编号，或者核对后不用改动的理由。")
                    .value(how).max_chars(300).errors(errors), 4))
                (submit("保存", ButtonKind::Primary, None))
            }))
        }
    };
    Ok(Page::new("登记处理结果", content).under(NAV_ID).back(back, "返回名单").errors(errors))
}

pub(super) async fn settle(
    desk: Desk<Confirm>,
    Path((change, review)): Path<(StandardChangeId, StandardReviewId)>,
    KeyedForm { key, form, .. }: KeyedForm<Settlement>,
) -> Result<Answer, Fault> {
    if let Some(to) = already(&desk, &key).await? {
        return Ok(SeeOther::to(to).into());
    }
    let line = releases::open_review(desk.office(), desk.granted(), review).await?;
    let to = address(&base(change), &[("kind", line.kind.as_str())]);
    match releases::settle_review(desk.office(), desk.granted(), review, &form.how).await {
        Ok(()) => {
            remember(&desk, &key, &to).await?;
            Ok(SeeOther::to(to).done("处理结果已登记。").into())
        }
        Err(error) => Ok(settle_form(&desk, change, review, &form.how, &form_errors(error)?).await?.into()),
    }
}
