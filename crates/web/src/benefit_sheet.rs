//! 幸福清单 as it stands on a page and on paper: the person's own, and the one that a worker prints for them.

use catalogue::definition::Pays;
use ledger::EntitlementState;
use maud::{Markup, html};
use office::benefits::{After, BenefitSheet, Received};
use office::records::own::OwnRecord;
use vocab::zh_date;

use crate::ui::Link;
use crate::ui::page::phone_link;
use crate::ui::parts::{Colour, SummaryRow, summary_list, tag};

/// The sheet. `applies` leads from a matter to where it is applied for.
pub(crate) fn sheet(sheet: &BenefitSheet, help_phone: &str, applies: impl Fn(&str) -> String) -> Markup {
    let phone = sheet.window.phone.as_deref().unwrap_or(help_phone);
    html! {
        div.benefit-sheet {
            p.govuk-body { strong { (sheet.name) } "，" (zh_date(sheet.on)) "的情况。" }
            section {
                h2.govuk-heading-m { "正在享受的" }
                @if sheet.receives.is_empty() { p.govuk-body { "现在没有。" } }
                @for one in &sheet.receives { (received(one)) }
                @for record in sheet.records.iter().filter(|record| !record.closed) { (own_record(record)) }
            }
            @if !sheet.received.is_empty() || !sheet.advances.is_empty() {
                section {
                    h2.govuk-heading-m { "最近一年领过的" }
                    @for one in &sheet.received { (received(one)) }
                    @for advance in &sheet.advances {
                        p.govuk-body {
                            (zh_date(advance.at.today())) " 乡镇（街道）从备用金先行救助 " strong { (advance.amount.yuan_grouped()) " 元" }
                            @if !advance.made_up { "，手续还要补齐" } "。"
                        }
                    }
                }
            }
            section {
                h2.govuk-heading-m { "可能还可以申请的" }
                @if sheet.may.is_empty() { p.govuk-body { "按现在登记的情况，没有别的。情况有变化的，可以随时问。" } }
                @else {
                    ul.govuk-list.govuk-list--bullet {
                        @for help in &sheet.may { li { (Link::new(applies(&help.item), help.title.as_str())) } }
                    }
                    p.govuk-body { "这是按登记的情况估计的，是不是符合，申请以后由工作人员核实确定。" }
                }
            }
            @if !sheet.referrals.is_empty() {
                section {
                    h2.govuk-heading-m { "其他部门可能还能帮的" }
                    ul.govuk-list.govuk-list--bullet {
                        @for one in &sheet.referrals {
                            li { (one.title) @if let Some(words) = &one.words { "：" (words) } }
                        }
                    }
                    p.govuk-body { "这是按登记的情况提醒的，不会自己转过去，要不要由您家决定。需要的，跟下面的工作人员说一声，同意了才转给对方。" }
                }
            }
            section {
                h2.govuk-heading-m { "请您做的" }
                @if sheet.asked.is_empty() { p.govuk-body { "现在没有。" } }
                ul.govuk-list.govuk-list--bullet {
                    @for asked in &sheet.asked {
                        li {
                            (asked.what)
                            @if let Some(until) = asked.until { "（" (zh_date(until)) " 以前）" }
                            @if let Some(number) = &asked.number { "（编号 " (number) "）" }
                        }
                    }
                }
            }
            section {
                h2.govuk-heading-m { "找谁、打哪个电话" }
                p.govuk-body { (sheet.window.village) @if !sheet.window.village.is_empty() && !sheet.window.office.is_empty() { "，" } (sheet.window.office) }
                @if !phone.is_empty() { p.govuk-body { "电话：" (phone_link(phone)) } }
                @if let Some(address) = &sheet.window.address { p.govuk-body { "地址：" (address) } }
                @if let Some(hours) = &sheet.window.hours { p.govuk-body { "时间：" (hours) } }
            }
        }
    }
}

fn received(one: &Received) -> Markup {
    let how_often = if one.by_list { "当月" } else { one.pays.how_often() };
    let amount = match (one.pays, one.amount) {
        (Pays::Nothing, _) => "只作认定，不发钱".to_owned(),
        (_, Some(amount)) => format!("{how_often} {} 元", amount.yuan_grouped()),
        (_, None) => "未定".to_owned(),
    };
    let mut rows = vec![SummaryRow::text("多少", &amount)];
    rows.extend(after_rows(&one.after, one.pays));
    if one.members > 0 {
        rows.push(SummaryRow::text("保障几个人", &format!("{} 人", one.members)));
    }
    let when = match one.until {
        Some(until) if until == one.from => one.from.zh(),
        Some(until) => format!("{}到{}", one.from.zh(), until.zh()),
        None => format!("从{}起", one.from.zh()),
    };
    rows.push(SummaryRow::text("什么时候", &when));
    if let Some(reason) = &one.end_reason {
        rows.push(SummaryRow::text("为什么到这个月", reason));
    }
    if let Some((bank, tail)) = &one.account {
        rows.push(SummaryRow::text("发到哪里", &format!("{bank}，尾号 {tail}")));
    } else if let Some(why) = &one.account_wanted {
        rows.push(SummaryRow::text("发到哪里", why));
    }
    if let Some(review) = one.review_due_on {
        rows.push(SummaryRow::text("下次核查", &zh_date(review)));
    }
    if let Some(reason) = &one.paused {
        rows.push(SummaryRow::text("暂停原因", reason));
    }
    html! {
        h3.govuk-heading-s {
            (one.title)
            @if let Some(class) = &one.class { " " (tag(Colour::Blue, class)) }
            @if !matches!(one.state, EntitlementState::Active | EntitlementState::Ended) { " " (tag(Colour::Yellow, one.state.title())) }
        }
        (summary_list(&rows))
    }
}

/// The coming amount of a benefit, and what is claimed back of it: the same on every page and sheet.
pub(crate) fn after_rows(after: &After, pays: Pays) -> Vec<SummaryRow<'static>> {
    let mut rows = Vec::new();
    if let Some((from, amount)) = after.amount.filter(|_| pays != Pays::Nothing) {
        rows.push(SummaryRow::text(format!("从{}起", from.zh()), &format!("{} 元", amount.yuan_grouped())));
    }
    for claim in &after.claims {
        let how = match claim.offset_per_month {
            Some(offset) => format!("每月从待遇里扣 {} 元", offset.yuan_grouped()),
            None => "由您家退回".to_owned(),
        };
        let words = format!(
            "{}。一共 {} 元，还差 {} 元，{how}。",
            claim.reason,
            claim.amount.yuan_grouped(),
            claim.outstanding.yuan_grouped()
        );
        rows.push(SummaryRow::text("多发要退回的钱", &words));
    }
    rows
}

/// A record of a register as its person reads it.
pub(crate) fn own_record(record: &OwnRecord) -> Markup {
    let rows: Vec<SummaryRow<'_>> =
        record.said.iter().map(|(label, words)| SummaryRow::text(label.as_str(), words)).collect();
    html! {
        h3.govuk-heading-s {
            (record.register_title) " "
            (tag(if record.closed { Colour::Grey } else { Colour::Blue }, &record.state))
        }
        (summary_list(&rows))
    }
}
