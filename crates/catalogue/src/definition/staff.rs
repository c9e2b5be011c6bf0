//! Posts: which rights there are, which role holds which at which level, and which rights one person must not hold together.

use serde::{Deserialize, Deserializer};

use crate::Located;

macro_rules! rights {
    ($($(#[$doc:meta])* $name:ident $code:literal $title:literal;)*) => {
        /// What a member of staff may do. Each has a type of the same name in `office::access`, which use-cases demand.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Right { $($(#[$doc])* $name,)* }

        impl Right {
            /// Every right.
            pub const ALL: &'static [Right] = &[$(Right::$name,)*];

            const CODES: &'static [&'static str] = &[$($code,)*];

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
    };
}

rights! {
    /// Open and list persons and families of one's own division.
    ReadPeople "read_people" "查看人员和家庭";
    /// Register and correct persons, families and members.
    RegisterPeople "register_people" "登记人员和家庭";
    /// Propose that two records are one person, or that they were not.
    MergePeople "merge_people" "提出合并重复档案";
    /// Look again at such a proposal and let it happen.
    ConfirmMerge "confirm_merge" "复核合并重复档案";
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
    /// Another department's own staff: see and answer the questions that are put to their department, and nothing else.
    AnswerCheck "answer_check" "答复核对询问";
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
    /// Ask what other standards or rules would mean for the whole area, in numbers only.
    Simulate "simulate" "政策仿真";
    /// Staff accounts and posts.
    ManageStaff "manage_staff" "管理工作人员";
    /// Say which other systems are told what becomes of records.
    ManageExchange "manage_exchange" "管理对外推送";
    /// Search the audit.
    SearchAudit "search_audit" "查询审计";
    /// Numbers and lists of one's division.
    Report "report" "统计报表";
    /// Take lists out as files.
    Export "export" "导出";
    /// Open and list the registers of one's business.
    ReadRecords "read_records" "查看登记簿";
    /// Add to registers, change records, do duties, settle alerts.
    KeepRecords "keep_records" "维护登记簿";
    /// An organisation's own staff: see and report the records of their organisation, and nothing else.
    ReportRecords "report_records" "填报本机构登记";
    /// Read files into registers.
    ImportRecords "import_records" "导入登记簿";
    /// Read the plan, its judgement and what was reported.
    ReadPlan "read_plan" "查看规划";
    /// Report values and what becomes of projects.
    ReportPlan "report_plan" "填报规划进展";
    /// Propose other targets, split targets over counties and years.
    ManagePlan "manage_plan" "调整和分解规划目标";
    /// The second look at reported values; approve adjustments and splits.
    ApprovePlan "approve_plan" "复核规划数据";
    /// See the plan and its evaluations from outside and comment on them; changes nothing.
    CommentPlan "comment_plan" "第三方评估规划";
    /// Decide which part of the plan is public.
    ReleasePlan "release_plan" "决定公开规划内容";
}

impl<'de> Deserialize<'de> for Right {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Right, D::Error> {
        let code = String::deserialize(deserializer)?;
        Right::from_code(&code).ok_or_else(|| serde::de::Error::unknown_variant(&code, Right::CODES))
    }
}

/// What the doer of a case's action must be: the family itself, or a member of staff with a right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Permission {
    /// The applicant or their proxy, in their own case: `"applicant"`.
    Applicant,
    /// A member of staff who holds the right.
    Right(Right),
}

impl Permission {
    /// The right that it asks for; none for the family's own actions.
    #[must_use]
    pub fn right(self) -> Option<Right> {
        match self {
            Permission::Applicant => None,
            Permission::Right(right) => Some(right),
        }
    }
}

impl<'de> Deserialize<'de> for Permission {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Permission, D::Error> {
        let code = String::deserialize(deserializer)?;
        if code == "applicant" {
            return Ok(Permission::Applicant);
        }
        let right =
            Right::from_code(&code).ok_or_else(|| serde::de::Error::unknown_variant(&code, Right::CODES));
        right.map(Permission::Right)
    }
}

/// A role that a post may carry.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Role {
    /// Identifier, as posts in the database name it.
    pub id: Located<String>,
    /// Title, such as 乡镇民政助理员; [`Role::PLACE`] in it is the word of the office's place.
    pub title: String,
    /// Offices in which it may be held.
    pub levels: Vec<Level>,
    /// What it may do. A right that no role has is held by nobody.
    pub rights: Vec<Located<Right>>,
    /// True when it stands above the businesses; otherwise its post names the businesses it works for.
    #[serde(default)]
    pub all_businesses: bool,
}

impl Role {
    /// The role of the first administrator, the only one that the program knows by name: every release with roles has it,
    /// with [`Right::ManageStaff`].
    pub const ADMINISTRATOR: &'static str = "administrator";

    /// What in a title is the word of the office's place.
    pub const PLACE: &'static str = "{place}";

    /// The title at an office of this name: 州民政局负责人 in 文山州, 区民政局负责人 in 海勃湾区. Where the name does not say what the place is - an empty
    /// one, where no office is meant - the word that most places of the level have.
    #[must_use]
    pub fn title_at(&self, office: &str) -> String {
        let common = if self.levels.contains(&Level::Prefecture) { "市" } else { "县" };
        self.title.replace(Self::PLACE, Self::word_of(office).unwrap_or(common))
    }

    /// What a place calls itself: 州 of 文山州, 区 of 海勃湾区; none where its name does not say.
    #[must_use]
    pub fn word_of(office: &str) -> Option<&'static str> {
        const WORDS: [&str; 7] = ["地区", "市", "州", "盟", "县", "区", "旗"];
        WORDS.into_iter().find(|word| office.ends_with(*word))
    }

    /// Whether the role carries the right.
    #[must_use]
    pub fn holds(&self, right: Right) -> bool {
        self.rights.iter().any(|held| **held == right)
    }
}

/// Rights of which one person holds at most one (不相容职责分离).
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Separation {
    /// Identifier.
    pub id: Located<String>,
    /// The rights, two or more.
    pub rights: Vec<Located<Right>>,
}

/// Where a step is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// The family itself.
    Applicant,
    /// Village or community.
    Village,
    /// Township or subdistrict.
    Township,
    /// County.
    County,
    /// Prefecture.
    Prefecture,
}
