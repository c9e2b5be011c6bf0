//! The audit's words in Chinese. A word that has no title yet is shown as it stands: nothing is hidden.

const ACTIONS: &[(&str, &str)] = &[
    ("sign_in", "登录"),
    ("sign_in.failed", "登录失败"),
    ("sign_out", "退出"),
    ("post.switched", "切换岗位"),
    ("password.changed", "修改密码"),
    ("password.reset", "重置密码"),
    ("staff.first_administrator", "创建首位管理员"),
    ("staff.created", "新增账号"),
    ("staff.changed", "修改账号"),
    ("staff.disabled", "停用账号"),
    ("staff.enabled", "恢复账号"),
    ("post.given", "增加岗位"),
    ("post.ended", "免去岗位"),
    ("audit.searched", "查询审计"),
    ("person.searched", "查找人员"),
    ("person.opened", "打开档案"),
    ("person.revealed", "查看完整证件号码"),
    ("person.registered", "登记人员"),
    ("person.corrected", "更正人员"),
    ("person.placed", "变更户籍地或居住地"),
    ("person.died", "登记死亡"),
    ("account.recorded", "登记银行账户"),
    ("account.revealed", "查看完整银行账号"),
    ("household.created", "登记家庭"),
    ("household.member_added", "添加家庭成员"),
    ("household.member_removed", "减少家庭成员"),
    ("household.head_changed", "变更户主"),
    ("household.moved", "家庭迁移"),
    ("household.split", "分户"),
    ("fact.recorded", "登记情况"),
    ("duplicate.settled", "核实疑似重复"),
    ("citizen_code.issued", "发放登录验证码"),
];

/// Beginnings that the filter offers, with their titles.
pub(super) const KINDS: &[(&str, &str)] = &[
    ("sign_in.", "登录失败"),
    ("person.", "人员档案"),
    ("household.", "家庭"),
    ("account.", "银行账户"),
    ("case.", "办件"),
    ("staff.", "账号"),
    ("post.", "岗位"),
    ("password.", "密码"),
    ("citizen_code.", "登录验证码"),
    ("audit.", "审计查询"),
];

/// What was done.
pub(super) fn action(code: &str) -> &str {
    ACTIONS.iter().find(|(known, _)| *known == code).map_or(code, |(_, title)| title)
}

/// To what kind of thing.
pub(super) fn subject(kind: &str) -> &str {
    match kind {
        "person" => "人员",
        "household" => "家庭",
        "staff" => "账号",
        "post" => "岗位",
        "case" => "办件",
        "duplicate_flag" => "疑似重复",
        "audit" => "审计",
        other => other,
    }
}
