//! What an action's `when` may read: the state of a case, as the desk knows it. `office::casework` supplies every field.

use crate::definition::ValueKind;

/// A field of the `case` shape.
#[derive(Debug, Clone, Copy)]
pub struct CaseField {
    /// Name in expressions.
    pub id: &'static str,
    /// Title in explanations.
    pub title: &'static str,
    /// Type.
    pub kind: ValueKind,
    /// Codelist of a code.
    pub codelist: Option<&'static str>,
}

const fn flag(id: &'static str, title: &'static str) -> CaseField {
    CaseField { id, title, kind: ValueKind::Boolean, codelist: None }
}

const fn code(id: &'static str, title: &'static str, codelist: &'static str) -> CaseField {
    CaseField { id, title, kind: ValueKind::Code, codelist: Some(codelist) }
}

const fn number(id: &'static str, title: &'static str, kind: ValueKind) -> CaseField {
    CaseField { id, title, kind, codelist: None }
}

/// The fields of the `case` shape, in the order in which they are explained. `applicant` beside them is the person who applies, with all
/// facts of a person.
pub const CASE_FIELDS: &[CaseField] = &[
    code("channel", "申请渠道", "channel"),
    flag("delegated", "审核确认权限已下放到乡镇"),
    flag("missing_asked", "已一次性告知补正"),
    flag("authorised", "全体成员已签核对授权"),
    flag("means_test_requested", "已提请信息核对"),
    flag("means_test_reported", "核对报告已出"),
    flag("visited", "乡镇已入户调查"),
    flag("county_visited", "县级已入户调查"),
    flag("relative_recorded", "有近亲属备案"),
    flag("complained", "收到投诉举报"),
    flag("notice_opened", "已公示"),
    flag("notice_over", "公示期已满"),
    flag("objected", "公示有异议"),
    flag("objection_answered", "异议已重新调查或评议"),
    flag("appraised", "已民主评议"),
    flag("heard", "已听取意见，或者找不到人、公告期满"),
    flag("looked_for", "找过人没有找到，已公告"),
    flag("sampled", "已抽查"),
    flag("drawn", "抽中，县级先核查再决定"),
    flag("extended", "已延长期限"),
    code("outcome", "规则结论", "determination_outcome"),
    number("amount", "核算金额", ValueKind::Money),
    number("current_amount", "现发金额", ValueKind::Money),
    number("arrears", "测算应补发", ValueKind::Money),
    number("recovery", "测算应追回", ValueKind::Money),
    flag("months_unclear", "有月份没有算出应发金额"),
    flag("clear_change", "家庭经济状况有明显变化"),
    flag("taper_available", "可以渐退"),
    flag("benefit_over", "对应的待遇已经终止"),
    flag("members_leave", "有成员已经不在这个家庭"),
    flag("refused", "申请没有办成，已经办结"),
];
