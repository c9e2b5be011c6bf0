//! 我的办件: what a citizen has in hand, goes on filling, receives, and was paid.

use axum::extract::Query;
use catalogue::definition::{Item, Pays};
use ledger::pages::{self, EntitlementRow};
use ledger::{EntitlementState, LineState};
use maud::{Markup, html};
use office::Office;
use office::benefits::After;
use office::casework::drafts::{self, Draft, Filler};
use office::casework::lists::{self, CaseLine};
use office::casework::needs_benefit;
use office::people;
use serde::Deserialize;
use store::Cursor;

use crate::answer::Page;
use crate::benefit_sheet::after_rows;
use crate::desk::words::state_tag;
use crate::error::Fault;
use crate::extract::CitizenDesk;
use crate::routes::{Routes, get};
use crate::ui::form::{ButtonKind, button_group, button_link};
use crate::ui::parts::{Colour, SummaryRow, heading, print_button, summary_list, tag};
use crate::ui::table::{Column, Pager, Table};
use crate::ui::{Link, address};

const PAYMENTS: usize = 12;

pub(super) fn routes() -> Routes {
    Routes::new()
        .route("/my", get(mine))
        .route("/my/cases", get(mine))
        .route("/my/payments", get(payments))
        .route("/my/change", get(change))
}

async fn mine(desk: CitizenDesk) -> Result<Page, Fault> {
    let office = desk.office();
    let cases = lists::my_cases(office, desk.citizen()).await?;
    let unfinished = drafts::unfinished(office, Filler::Citizen(desk.citizen())).await?;
    let benefits = benefits(&desk).await?;
    let release = office.release();
    let content = html! {
        (heading(None, "我的办件"))
        @if !benefits.is_empty() {
            h2.govuk-heading-m { "正在领取" }
            @for benefit in &benefits { (benefit_summary(&release, benefit, &office::benefits::after(office, &desk.scope(), benefit).await?)) }
            (button_group(&html! {
                (button_link("/my/change", "家里情况有变化，报告", ButtonKind::Secondary))
                (Link::new("/my/payments", "看发了多少钱"))
            }))
        }
        @if !unfinished.is_empty() {
            h2.govuk-heading-m { "还没填完" }
            (unfinished_list(&release, &unfinished))
        }
        h2.govuk-heading-m { "办件" }
        (case_table(office, &release, &cases))
        (button_group(&html! { (button_link("/services", "办别的事", ButtonKind::Secondary)) }))
        p.govuk-body { (Link::new("/my/help", "转给其他部门的和服务")) }
        p.govuk-body { (Link::new("/my/taken-in", "替别人提交的（惠民殡葬）")) }
        p.govuk-body { (Link::new("/my/authorisations", "我的核对授权")) }
        p.govuk-body { (Link::new("/my/looks", "谁看过我的资料")) }
        (print_button())
    };
    Ok(Page::new("我的办件", content).under("cases"))
}

/// The benefits of the citizen's family, newest first.
pub(super) async fn benefits(desk: &CitizenDesk) -> Result<Vec<EntitlementRow>, Fault> {
    let office = desk.office();
    let household = people::current_household(office.db(), &desk.scope(), desk.citizen().person).await?;
    let Some(household) = household else { return Ok(Vec::new()) };
    let month = office.now().month();
    let rows = pages::entitlements_of_household(office.db(), &desk.scope(), household, month).await?;
    Ok(rows.into_iter().filter(|row| row.state != EntitlementState::Ended).collect())
}

pub(super) fn programme_title<'a>(release: &'a catalogue::Release, id: &'a str) -> &'a str {
    release.programmes.get(id).map_or(id, |programme| programme.title.as_str())
}

fn benefit_summary(release: &catalogue::Release, benefit: &EntitlementRow, after: &After) -> Markup {
    let amount =
        benefit.monthly.map_or_else(|| "未定".to_owned(), |amount| format!("{} 元", amount.yuan_grouped()));
    let pays = release.programmes.get(&benefit.programme).map(|programme| programme.pays).unwrap_or_default();
    let mut rows = vec![
        SummaryRow::text("待遇", programme_title(release, &benefit.programme)),
        SummaryRow::text("状态", benefit.state.title()),
    ];
    match pays {
        Pays::Monthly => rows.push(SummaryRow::text("每月金额", &amount)),
        Pays::Once => rows.push(SummaryRow::text("这个月的金额", &amount)),
        Pays::Nothing => rows.push(SummaryRow::text("金额", "只作认定，不发钱")),
    }
    rows.extend(after_rows(after, pays));
    rows.push(SummaryRow::text("保障人数", &format!("{} 人", benefit.members)));
    rows.push(SummaryRow::text("从哪个月起", &benefit.from.zh()));
    if let Some(last) = benefit.until {
        rows.push(SummaryRow::text("到哪个月为止", &last.zh()));
    }
    if let Some(reason) = &benefit.end_reason {
        rows.push(SummaryRow::text("为什么到这个月", reason));
    }
    // What ends by a decision is not reviewed again.
    if pays != Pays::Once && benefit.end_reason.is_none() {
        let review = benefit.review_due_on.map_or_else(|| "另行通知".to_owned(), vocab::zh_date);
        rows.push(SummaryRow::text("下次核查", &review));
    }
    if let Some(reason) = &benefit.pause_reason {
        rows.push(SummaryRow::text("暂停原因", reason));
    }
    summary_list(&rows)
}

fn unfinished_list(release: &catalogue::Release, unfinished: &[Draft]) -> Markup {
    html! {
        ul.govuk-list {
            @for draft in unfinished {
                @let title = release.items.get(&draft.item).map_or(draft.item.as_str(), |item| item.title.as_str());
                li {
                    (Link::new(format!("/my/drafts/{}", draft.id), format!("接着填：{title}")))
                    " " span.govuk-hint { "上次保存：" (vocab::Now::from_unix_ms(draft.updated_at).zh()) }
                }
            }
        }
    }
}

fn case_table(office: &Office, release: &catalogue::Release, cases: &[CaseLine]) -> Table<'static> {
    let rows = cases.iter().map(|line| {
        let item = release.items.get(&line.item);
        let step = item.and_then(|item| item.step(&line.step)).map_or("正在办理", |step| step.public_title.as_str());
        let title = item.map_or(line.item.as_str(), |item| item.title.as_str());
        vec![
            html! { (Link::new(format!("/my/cases/{}", line.case), title.to_owned()).about(format!("，编号 {}", line.number))) },
            state_tag(office, line.open, step, line.outcome.as_deref()),
            html! { (vocab::zh_date(line.filed_on)) },
            html! { @match line.due_on { Some(due) if line.open => (vocab::zh_date(due)), _ => "—" } },
            html! { (line.number) },
        ]
    });
    Table {
        id: "cases".into(),
        caption: "我家的办件".into(),
        caption_hidden: true,
        columns: ["事项", "现在到哪一步", "提交日期", "最晚哪天办完", "编号"].map(Column::new).into(),
        rows: rows.collect(),
        empty: "还没有办件。".into(),
        ..Table::default()
    }
}

#[derive(Deserialize)]
struct Asked {
    after: Option<String>,
}

async fn payments(desk: CitizenDesk, Query(asked): Query<Asked>) -> Result<Page, Fault> {
    let office = desk.office();
    let household = people::current_household(office.db(), &desk.scope(), desk.citizen().person).await?;
    let cursor = asked.after.as_deref().map(str::parse::<Cursor>).transpose()?;
    let (lines, next) = match household {
        Some(household) => {
            let page = pages::payments_of_household(
                office.db(),
                &desk.scope(),
                household,
                cursor.as_ref(),
                PAYMENTS,
            )
            .await?;
            (page.rows, page.next)
        }
        None => (Vec::new(), None),
    };
    let advances = office::benefits::own_advances(office, desk.citizen()).await?;
    let release = office.release();
    let rows = lines.iter().map(|line| {
        let account = line.number_tail.as_deref().map(|tail| format!("{}，尾号 {tail}", release.code_title("bank", line.bank.as_deref().unwrap_or("银行"))));
        vec![
            html! { (line.month.zh()) },
            html! { (programme_title(&release, &line.programme).to_owned()) },
            html! { (line.amount.yuan_grouped()) },
            html! { @if line.state == LineState::Succeeded { (tag(Colour::Green, "已到账")) } @else { (line.state.title()) } @if let Some(reason) = &line.reason { br; (reason) } },
            html! { @match line.dated { Some(dated) => (vocab::zh_date(dated.today())), None => "—" } },
            html! { (account.unwrap_or_default()) },
        ]
    });
    let table = Table {
        id: "payments".into(),
        caption: "发放记录".into(),
        caption_hidden: true,
        columns: vec![
            Column::new("月份"),
            Column::new("待遇"),
            Column::new("金额（元）").numeric(),
            Column::new("结果"),
            Column::new("日期"),
            Column::new("账户"),
        ],
        rows: rows.collect(),
        empty: "还没有发放记录。".into(),
        pager: Some(Pager {
            previous: asked.after.is_some().then(|| "/my/payments".into()),
            next: next.map(|next| address("/my/payments", &[("after", &next.to_string())]).into()),
        }),
        ..Table::default()
    };
    let content = html! {
        (heading(None, "发了多少钱"))
        (super::benefits::paid_ahead(&release, &advances))
        @if !lines.is_empty() || advances.is_empty() { (table) }
        p.govuk-body { "没有到账的，先看账户对不对；账户要改的，请拨打页面下方的电话或者到窗口。" }
        (print_button())
    };
    Ok(Page::new("发了多少钱", content).under("cases").back("/my/cases", "返回我的办件"))
}

/// A change is reported about a benefit: with one it goes straight to the form.
async fn change(desk: CitizenDesk) -> Result<Page, Fault> {
    let release = desk.office().release();
    let reports: Vec<&Item> = release
        .items
        .iter()
        .map(|item| &**item)
        .filter(|item| item.citizens_may_file && needs_benefit(item))
        .collect();
    let benefits = benefits(&desk).await?;
    let cases = lists::my_cases(desk.office(), desk.citizen()).await?;
    // One report at a time: said here, and not after everything was filled in.
    let in_hand = |item: &str| cases.iter().find(|case| case.open && case.item == item);
    // What a decision ends with this month has nothing to report any more.
    let month = desk.office().now().month();
    let goes_on = |benefit: &&EntitlementRow| {
        benefit.end_reason.is_none() || benefit.until.is_none_or(|last| last > month)
    };
    let running: Vec<&EntitlementRow> = benefits.iter().filter(goes_on).collect();
    let (reported, told): (Vec<&EntitlementRow>, Vec<&EntitlementRow>) =
        running.iter().copied().partition(|benefit| !reports_of(&reports, benefit).is_empty());
    let (confidential, open): (Vec<&EntitlementRow>, Vec<&EntitlementRow>) =
        told.iter().copied().partition(|benefit| {
            release
                .programmes
                .get(&benefit.programme)
                .is_some_and(|programme| programme.confidential.is_some())
        });
    let content = html! {
        div.prose {
            (heading(None, "报告家里情况的变化"))
            @if running.is_empty() {
                p.govuk-body { "您家现在没有正在领取的待遇，也没有在有效期内的认定，没有要报告的。要申请的，请看" (Link::new("/services", "我要办事")) "。" }
            } @else {
                p.govuk-body { "家里添人、有人去世或者搬走，找到工作、收入变了，买卖房子、车子，都要及时告诉我们。报告以后由工作人员核实；要调减或者停发的，会先听您的意见。" }
            }
            @for benefit in &reported {
                @for item in reports_of(&reports, benefit) {
                    h2.govuk-heading-m { (programme_title(&release, &benefit.programme)) }
                    p.govuk-body { (item.summary) }
                    @if let Some(case) = in_hand(item.id.get()) {
                        p.govuk-body { "您已经报告过一次，正在办理（" (Link::new(format!("/my/cases/{}", case.case), case.number.as_str())) "）。又有变化的，请直接告诉乡镇（街道），等这一次办完也可以再报告。" }
                    } @else {
                        (button_link(&address(&format!("/my/apply/{}", item.id.get()), &[("benefit", &benefit.id.to_string())]), "开始报告", ButtonKind::Primary))
                    }
                }
            }
            @if !told.is_empty() { h2.govuk-heading-m { "不在网上报告的" } }
            // What is confidential is told to nobody below the county.
            @for (benefits, whom) in [(&open, "请打电话或者当面告诉乡镇（街道）、村（居）委会"), (&confidential, "请直接告诉县（市、区）民政局，不用经过村（社区）和乡镇（街道）")] {
                @if !benefits.is_empty() {
                    p.govuk-body {
                        (benefits.iter().map(|benefit| programme_title(&release, &benefit.programme)).collect::<Vec<_>>().join("、"))
                        "：有变化的，" (whom) "，由工作人员核实办理。"
                    }
                }
            }
        }
    };
    Ok(Page::new("报告家里情况的变化", content).under("cases").back("/my/cases", "返回我的办件"))
}

/// The matters in which a change of a benefit is reported.
fn reports_of<'a>(reports: &[&'a Item], benefit: &EntitlementRow) -> Vec<&'a Item> {
    let about = |item: &&Item| item.programmes.iter().any(|programme| *programme == *benefit.programme);
    reports.iter().copied().filter(about).collect()
}
