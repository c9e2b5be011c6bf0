//! Cases, benefits, payments and needs told once as indicators see them ([`Source`](crate::definition::Source)). `office::indicators` supplies every field.
//!
//! A field whose name is a question (`decided`, `ended`, `paid`) is never unknown: written before a date, it keeps what has not happened
//! yet out of the count, instead of leaving it unknown: `decided AND month_of(decided_on) = month`.

use rules::{Shape, Shapes, Type};

use crate::Release;
use crate::shapes::{RECORD_HOUSEHOLD, RECORD_PERSON};

/// Shape of a case.
pub(crate) const COUNTED_CASE: &str = "counted.case";
/// Shape of a benefit.
pub(crate) const COUNTED_ENTITLEMENT: &str = "counted.entitlement";
/// Shape of a need told once.
pub(crate) const COUNTED_NEED: &str = "counted.need";
/// Shape of a line of a payment run.
pub(crate) const COUNTED_PAYMENT: &str = "counted.payment";

// Code lists that no pack writes. Their names stand behind every id in order, so that the codes of the packs' own lists, which snapshots number
// first, keep standing together.

/// The packs' items.
const ITEMS: &str = "事项";
/// The packs' programmes.
const PROGRAMMES: &str = "待遇项目";
/// What kind of run a line stands in.
const RUN_KINDS: &str = "批次类型";
/// What became of a line.
const LINE_STATES: &str = "发放情况";

pub(crate) fn add(release: &Release, shapes: &mut Shapes) {
    let flag = || Type::Boolean;
    shapes.insert(
        Shape::new(COUNTED_CASE, "办件")
            .with_field("item", "事项", Type::code(ITEMS))
            .with_field("channel", "申请渠道", Type::code("channel"))
            .with_field("delegated", "审核确认权限已下放到乡镇", flag())
            .with_field("members", "家庭成员数", Type::number(0))
            .with_field("filed_on", "申请日期", Type::Date)
            .with_field("accepted", "已受理", flag())
            .with_field("accepted_on", "受理日期", Type::Date)
            .with_field("decided", "已作出决定", flag())
            .with_field("decided_on", "决定日期", Type::Date)
            .with_field("due_on", "应办结日期", Type::Date)
            .with_field("late", "有期限超过", flag())
            .with_field("ended", "已办结", flag())
            .with_field("ended_on", "办结日期", Type::Date)
            .with_field("outcome", "办结结果", Type::code("case_outcome"))
            .with_measure("amount", "核算金额", "元", Type::number(2))
            .with_one("applicant", "申请人", RECORD_PERSON)
            .with_one("household", "家庭", RECORD_HOUSEHOLD),
    );
    shapes.insert(
        Shape::new(COUNTED_ENTITLEMENT, "待遇")
            .with_field("programme", "待遇项目", Type::code(PROGRAMMES))
            .with_field("current", "本月在册", flag())
            .with_field("paused", "本月暂停发放", flag())
            .with_field("from_month", "起始月份", Type::Month)
            .with_field("ended", "已退出", flag())
            .with_field("until_month", "最后月份", Type::Month)
            .with_field("granted_on", "确认日期", Type::Date)
            .with_field("review_due_on", "应核查日期", Type::Date)
            .with_field("people", "本月保障人数", Type::number(0))
            .with_measure("amount", "本月金额", "元", Type::number(2))
            .with_one("holder", "户主", RECORD_PERSON)
            .with_one("household", "家庭", RECORD_HOUSEHOLD),
    );
    shapes.insert(
        Shape::new(COUNTED_PAYMENT, "发放明细")
            .with_field("programme", "待遇项目", Type::code(PROGRAMMES))
            .with_field("kind", "批次类型", Type::code(RUN_KINDS))
            .with_field("of_month", "所属月份", Type::Month)
            .with_field("state", "发放情况", Type::code(LINE_STATES))
            .with_measure("amount", "金额", "元", Type::number(2))
            .with_field("sent", "已送银行", flag())
            .with_field("sent_on", "送银行日期", Type::Date)
            .with_field("paid", "已到账", flag())
            .with_field("paid_on", "银行回盘日期", Type::Date)
            .with_one("holder", "户主", RECORD_PERSON)
            .with_one("household", "家庭", RECORD_HOUSEHOLD),
    );
    shapes.insert(
        Shape::new(COUNTED_NEED, "一次说清的需求")
            .with_field("told_on", "提出日期", Type::Date)
            .with_field("parts", "办理的事项数", Type::number(0))
            .with_field("together", "每一项都已受理或者转办", flag())
            .with_one("applicant", "提出的人", RECORD_PERSON)
            .with_one("household", "家庭", RECORD_HOUSEHOLD),
    );
    let items = release.items.iter().map(|item| (item.id.get().clone(), item.title.clone()));
    shapes.codelists.insert(ITEMS.to_owned(), items.collect());
    let programmes =
        release.programmes.iter().map(|programme| (programme.id.get().clone(), programme.title.clone()));
    shapes.codelists.insert(PROGRAMMES.to_owned(), programmes.collect());
    let fixed = |codes: &[(&str, &str)]| {
        codes.iter().map(|(code, title)| ((*code).to_owned(), (*title).to_owned())).collect()
    };
    shapes.codelists.insert(
        RUN_KINDS.to_owned(),
        fixed(&[("regular", "当月发放"), ("reissue", "重发"), ("supplement", "补充发放")]),
    );
    shapes.codelists.insert(
        LINE_STATES.to_owned(),
        fixed(&[
            ("open", "待银行回盘"),
            ("nothing", "没有要发的"),
            ("blocked", "不能发"),
            ("withdrawn", "发放前撤出"),
            ("succeeded", "已到账"),
            ("failed", "发放失败"),
        ]),
    );
}
