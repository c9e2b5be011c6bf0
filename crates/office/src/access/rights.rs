//! Roles, rights and levels: one table that says who may do what.
//!
//! A right is a type (`Accept`, `Confirm` …) so that a use-case can demand it in its signature, and
//! a [`Right`] value so that a pack's action can name it. A [`Role`] is a post in the field. The
//! table [`ROLES`] is the whole of the policy: at which level a role may stand, whether it belongs
//! to a business, who may hand it out and which rights it carries. Nothing else grants anything.

use vocab::Level;

/// A right that a use-case demands in its signature as `Granted<Right>`.
pub trait Permission: Send + Sync + 'static {
    /// The same right as a value.
    const RIGHT: Right;
}

macro_rules! rights {
    ($($(#[$doc:meta])* $name:ident $code:literal $title:literal;)*) => {
        /// A right as a value: what packs name and pages ask about.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Right { $($(#[$doc])* $name,)* }

        impl Right {
            /// Every right.
            pub const ALL: &'static [Right] = &[$(Right::$name,)*];

            /// The name a pack uses: `"means_test"`.
            #[must_use]
            pub fn code(self) -> &'static str {
                match self { $(Right::$name => $code,)* }
            }

            /// The Chinese name, as pages and refusals print it.
            #[must_use]
            pub fn title(self) -> &'static str {
                match self { $(Right::$name => $title,)* }
            }

            /// Reads the name a pack uses.
            #[must_use]
            pub fn from_code(code: &str) -> Option<Right> {
                match code { $($code => Some(Right::$name),)* _ => None }
            }
        }

        $(
            $(#[$doc])*
            #[derive(Debug, Clone, Copy)]
            pub struct $name;
            impl Permission for $name {
                const RIGHT: Right = Right::$name;
            }
        )*
    };
}

rights! {
    /// Open and list persons and families of one's own division.
    ReadPeople "read_people" "查看人员和家庭";
    /// Register and correct persons, families and members.
    RegisterPeople "register_people" "登记人员和家庭";
    /// See an identifier, account or phone number in full, stating a purpose.
    Reveal "reveal" "查看完整证件号和账号";
    /// Open and list cases.
    ReadCase "read_case" "查看办件";
    /// File for somebody, and hand out a citizen's one-time code.
    FileForOther "file_for_other" "代为申请";
    /// Ask for what is missing and accept.
    Accept "accept" "受理";
    /// Home visits, neighbours, vouchers.
    Investigate "investigate" "入户调查";
    /// The township's opinion.
    Opine "opine" "提出审核意见";
    /// Post and take down a public notice, record an objection.
    Notice "notice" "公示";
    /// Democratic appraisal after an objection.
    Appraise "appraise" "民主评议";
    /// Start a check against departments' data and read its report.
    MeansTest "means_test" "家庭经济状况核对";
    /// Read departments' files in.
    ImportDepartmentFile "import_department_file" "导入部门数据";
    /// The county's examination before confirmation.
    Examine "examine" "审查";
    /// Confirm or refuse.
    Confirm "confirm" "审核确认";
    /// Draw and check samples.
    Sample "sample" "抽查";
    /// Keep the record of relatives of staff.
    RecordRelative "record_relative" "近亲属备案";
    /// Import the roll; changes, reviews, suspensions.
    ManageRoll "manage_roll" "在册管理";
    /// Read payments and runs.
    ReadPayments "read_payments" "查看发放";
    /// Make, export and close a payment run.
    MakeRun "make_run" "制作发放批次";
    /// Approve a payment run.
    ApproveRun "approve_run" "复核发放批次";
    /// Propose a change of a payee's account.
    Payee "payee" "变更领款账户";
    /// Confirm a change of a payee's account.
    PayeeConfirm "payee_confirm" "复核领款账户";
    /// Propose a standard.
    ProposeStandard "propose_standard" "拟定标准";
    /// Release a proposed standard.
    ReleaseStandard "release_standard" "发布标准";
    /// Staff accounts and posts.
    ManageStaff "manage_staff" "管理工作人员";
    /// Search the audit.
    SearchAudit "search_audit" "查询审计";
    /// Numbers and lists of one's division.
    Report "report" "统计报表";
    /// Take lists out as files.
    Export "export" "导出";
}

/// A kind of post.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// 社会救助协理员
    VillageWorker,
    /// 乡镇经办人
    TownshipClerk,
    /// 乡镇(街道)负责人
    TownshipHead,
    /// 县级核对人员
    MeansTestClerk,
    /// 县民政局经办人
    CountyClerk,
    /// 县民政局负责人
    CountyDirector,
    /// 县级会计
    CountyAccountant,
    /// 县级发放复核人
    CountyPaymentApprover,
    /// 市级政策人员
    PrefecturePolicy,
    /// 市级标准发布人
    PrefectureReleaser,
    /// 系统管理员
    Administrator,
    /// 审计人员, reads only
    Auditor,
}

/// One row of the table of roles.
#[derive(Debug)]
pub struct RoleRow {
    /// The role.
    pub role: Role,
    /// How database and packs spell it.
    pub code: &'static str,
    /// The Chinese name.
    pub title: &'static str,
    /// Offices in which the role may be held.
    pub levels: &'static [Level],
    /// True when the post works for named businesses only (`assistance`), false when it stands above them.
    pub business: bool,
    /// What it may do.
    pub rights: &'static [Right],
}

use Level::{County, Prefecture, Township, Village};
use Right as R;

/// Who may do what. A right that stands in no row is held by nobody.
///
/// Duties that must lie in two hands (accept and confirm, make and approve a run, propose and release
/// a standard, propose and confirm an account) are held apart twice: by this table where one office has
/// both posts, and by [`super::duties`], which compares the persons who acted.
pub const ROLES: &[RoleRow] = &[
    RoleRow {
        role: Role::VillageWorker,
        code: "village_worker",
        title: "村（社区）社会救助协理员",
        levels: &[Village],
        business: true,
        rights: &[
            R::ReadPeople,
            R::RegisterPeople,
            R::ReadCase,
            R::FileForOther,
            R::Investigate,
            R::Notice,
            R::RecordRelative,
        ],
    },
    RoleRow {
        role: Role::TownshipClerk,
        code: "township_clerk",
        title: "乡镇（街道）经办人",
        levels: &[Township],
        business: true,
        rights: &[
            R::ReadPeople,
            R::RegisterPeople,
            R::Reveal,
            R::ReadCase,
            R::FileForOther,
            R::Accept,
            R::Investigate,
            R::Opine,
            R::Notice,
            R::Appraise,
            R::MeansTest,
            R::RecordRelative,
            R::ReadPayments,
            R::Payee,
            R::ManageRoll,
            R::Report,
            R::Export,
        ],
    },
    RoleRow {
        role: Role::TownshipHead,
        code: "township_head",
        title: "乡镇（街道）负责人",
        levels: &[Township],
        business: true,
        // Confirms only where the county has delegated it; the case's deciding division says so.
        rights: &[
            R::ReadPeople,
            R::ReadCase,
            R::Opine,
            R::Notice,
            R::Appraise,
            R::MeansTest,
            R::Confirm,
            R::ReadPayments,
            R::Report,
            R::Export,
        ],
    },
    RoleRow {
        role: Role::MeansTestClerk,
        code: "means_test_clerk",
        title: "县级核对人员",
        levels: &[County],
        business: true,
        rights: &[R::ReadPeople, R::ReadCase, R::MeansTest, R::ImportDepartmentFile],
    },
    RoleRow {
        role: Role::CountyClerk,
        code: "county_clerk",
        title: "县民政局经办人",
        levels: &[County],
        business: true,
        rights: &[
            R::ReadPeople,
            R::RegisterPeople,
            R::Reveal,
            R::ReadCase,
            R::FileForOther,
            R::Accept,
            R::Investigate,
            R::Notice,
            R::MeansTest,
            R::ImportDepartmentFile,
            R::Examine,
            R::Sample,
            R::RecordRelative,
            R::ManageRoll,
            R::ReadPayments,
            R::Report,
            R::Export,
        ],
    },
    RoleRow {
        role: Role::CountyDirector,
        code: "county_director",
        title: "县民政局负责人",
        levels: &[County],
        business: true,
        rights: &[
            R::ReadPeople,
            R::Reveal,
            R::ReadCase,
            R::Examine,
            R::Confirm,
            R::Sample,
            R::RecordRelative,
            R::ReadPayments,
            R::PayeeConfirm,
            R::Report,
            R::Export,
        ],
    },
    RoleRow {
        role: Role::CountyAccountant,
        code: "county_accountant",
        title: "县级会计",
        levels: &[County],
        business: true,
        rights: &[
            R::ReadPeople,
            R::Reveal,
            R::ReadCase,
            R::ManageRoll,
            R::ReadPayments,
            R::MakeRun,
            R::Payee,
            R::Report,
            R::Export,
        ],
    },
    RoleRow {
        role: Role::CountyPaymentApprover,
        code: "county_payment_approver",
        title: "县级发放复核人",
        levels: &[County],
        business: true,
        rights: &[
            R::ReadPeople,
            R::Reveal,
            R::ReadCase,
            R::ReadPayments,
            R::ApproveRun,
            R::PayeeConfirm,
            R::Report,
            R::Export,
        ],
    },
    RoleRow {
        role: Role::PrefecturePolicy,
        code: "prefecture_policy",
        title: "市民政局政策人员",
        levels: &[Prefecture],
        business: true,
        rights: &[R::ReadPeople, R::ReadCase, R::ReadPayments, R::ProposeStandard, R::Report, R::Export],
    },
    RoleRow {
        role: Role::PrefectureReleaser,
        code: "prefecture_releaser",
        title: "市民政局标准发布人",
        levels: &[Prefecture],
        business: true,
        rights: &[R::ReadPayments, R::ReleaseStandard, R::Report],
    },
    RoleRow {
        role: Role::Administrator,
        code: "administrator",
        title: "系统管理员",
        levels: &[Prefecture, County, Township],
        business: false,
        // Runs accounts, not businesses: an administrator opens no case and no family.
        rights: &[R::ManageStaff, R::SearchAudit],
    },
    RoleRow {
        role: Role::Auditor,
        code: "auditor",
        title: "审计人员（只读）",
        levels: &[Prefecture, County],
        business: false,
        rights: &[R::ReadPeople, R::ReadCase, R::ReadPayments, R::SearchAudit, R::Report],
    },
];

impl Role {
    /// The role's row.
    #[must_use]
    pub fn row(self) -> &'static RoleRow {
        &ROLES[self as usize]
    }

    /// How database and packs spell it.
    #[must_use]
    pub fn code(self) -> &'static str {
        self.row().code
    }

    /// The Chinese name.
    #[must_use]
    pub fn title(self) -> &'static str {
        self.row().title
    }

    /// Reads the spelling of database and packs.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Role> {
        ROLES.iter().find(|row| row.code == code).map(|row| row.role)
    }

    /// The rights that the role carries.
    #[must_use]
    pub fn rights(self) -> &'static [Right] {
        self.row().rights
    }
}

/// Why a role may not be put on a post, or `None` when it may.
///
/// An administrator hands out every role that may stand at the level of the post, inside the own
/// subtree, with two exceptions: no post may hold duties of two hands at once, and the role of
/// administrator or auditor is handed out only from the same or a higher level.
#[must_use]
pub fn refuse_role(role: Role, post_level: Level, granter_level: Level) -> Option<String> {
    let row = role.row();
    if !row.levels.contains(&post_level) {
        let levels: Vec<&str> = row.levels.iter().map(|level| level_title(*level)).collect();
        return Some(format!(
            "「{}」只能设在{}，不能设在{}。请更换岗位所在单位或角色。",
            row.title,
            levels.join("、"),
            level_title(post_level)
        ));
    }
    if granter_level > post_level {
        return Some(format!(
            "您的单位级别低于{}，不能在那里设置「{}」。请联系上级管理员。",
            level_title(post_level),
            row.title
        ));
    }
    None
}

/// The level of an office, as pages print it.
#[must_use]
pub fn level_title(level: Level) -> &'static str {
    match level {
        Level::Nation => "国家级",
        Level::Province => "省级",
        Prefecture => "市级",
        County => "县级",
        Township => "乡镇（街道）",
        Village => "村（社区）",
    }
}

/// Pairs of rights that one post must not hold together, whatever its roles.
pub const APART: &[(Right, Right)] = &[
    (Right::Accept, Right::Confirm),
    (Right::MakeRun, Right::ApproveRun),
    (Right::ProposeStandard, Right::ReleaseStandard),
    (Right::Payee, Right::PayeeConfirm),
    (Right::ManageStaff, Right::Confirm),
    (Right::ManageStaff, Right::MakeRun),
    (Right::ManageStaff, Right::ApproveRun),
];

/// The first two duties among the roles that must lie in two hands.
#[must_use]
pub fn conflict(roles: &[Role]) -> Option<(Right, Right)> {
    let held = |right: Right| roles.iter().any(|role| role.rights().contains(&right));
    APART.iter().copied().find(|&(one, other)| held(one) && held(other))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_lists_every_role_in_order_and_no_role_holds_two_hands() {
        for (position, row) in ROLES.iter().enumerate() {
            assert_eq!(row.role as usize, position);
            assert_eq!(conflict(&[row.role]), None, "{}", row.code);
            assert_eq!(Role::from_code(row.code), Some(row.role));
        }
        assert_eq!(ROLES.len(), Role::Auditor as usize + 1);
    }

    #[test]
    fn every_right_has_a_holder() {
        for &right in Right::ALL {
            assert!(ROLES.iter().any(|row| row.rights.contains(&right)), "nobody may {}", right.code());
            assert_eq!(Right::from_code(right.code()), Some(right));
        }
    }

    #[test]
    fn two_hands_are_told_apart() {
        assert_eq!(
            conflict(&[Role::CountyAccountant, Role::CountyPaymentApprover]),
            Some((Right::MakeRun, Right::ApproveRun))
        );
        assert_eq!(
            conflict(&[Role::CountyClerk, Role::CountyDirector]),
            Some((Right::Accept, Right::Confirm))
        );
        assert_eq!(conflict(&[Role::TownshipClerk]), None);
    }

    #[test]
    fn a_role_stands_only_at_its_level() {
        assert!(refuse_role(Role::CountyDirector, Township, Prefecture).is_some());
        assert!(refuse_role(Role::CountyDirector, County, Township).is_some());
        assert!(refuse_role(Role::TownshipClerk, Township, County).is_none());
    }
}
