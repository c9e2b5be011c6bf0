//! Posts: which role may do what at which level.

use serde::Deserialize;

use crate::Located;

/// A role that a staff account may be given.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Role {
    /// Identifier.
    pub id: Located<String>,
    /// Title, such as 乡镇民政助理员.
    pub title: String,
    /// Levels at which it exists.
    pub levels: Vec<Level>,
    /// What it may do.
    pub permissions: Vec<Located<Permission>>,
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

/// What somebody may do. Each has a type of the same name in `office::access`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Permission {
    /// The applicant or their proxy, in their own case.
    Applicant,
    /// File for somebody else.
    FileForOther,
    /// Read a case.
    ReadCase,
    /// Accept an application or ask for what is missing.
    Accept,
    /// Investigate and visit.
    Investigate,
    /// Give the township's opinion.
    Opine,
    /// Publish, record objections and appraisals.
    Notice,
    /// Run the means test.
    MeansTest,
    /// Examine at the county what the township reported, and visit where it must.
    Examine,
    /// Decide.
    Confirm,
    /// Check finished cases.
    Sample,
    /// Record relatives of staff.
    RecordRelative,
    /// Keep the roll: members, suspensions, reviews.
    ManageRoll,
    /// Make a payment run.
    MakeRun,
    /// Approve a payment run.
    ApproveRun,
    /// Propose a payee's account.
    Payee,
    /// Confirm a payee's account.
    PayeeConfirm,
    /// Propose a standard.
    ProposeStandard,
    /// Release a standard.
    ReleaseStandard,
    /// Keep staff accounts.
    ManageStaff,
    /// Search the audit log.
    SearchAudit,
    /// Read figures.
    Report,
}
