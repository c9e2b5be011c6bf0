//! 分工: who is in charge of an entry of the plan - an office, in it a section or a person - and until when it is to be done. The plan's own words on that stand
//! in the packs and are not touched. Tasks by office, with what became of them.

use std::collections::HashMap;

use serde_json::json;
use store::{AuditEntry, DivisionId, Query, StaffId};
use vocab::{Month, Now};

use super::stages::{self, Stage};
use super::{EVERYBODYS, Installed, demanded, words};
use crate::access::{Granted, ManagePlan, ReadPlan};
use crate::{Office, OfficeError, audited, divisions};

/// Who is in charge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Charge {
    /// The entry of the plan.
    pub entry: String,
    /// The office.
    pub division: DivisionId,
    /// Its name.
    pub division_name: String,
    /// The section in it, or the unit, in words.
    pub section: String,
    /// The person, where one is named.
    pub staff: Option<StaffId>,
    /// Their name.
    pub staff_name: Option<String>,
    /// Until when it is to be done.
    pub due: Option<Month>,
    /// Months before that in which it is reminded of; none: as the plan says.
    pub remind_months: Option<u8>,
    /// Who said so.
    pub set_by: String,
    /// When.
    pub set_at: Now,
}

/// The longest time before a date in which somebody may ask to be reminded: the table's own bound.
const REMIND_MOST: u8 = 60;

/// Who is in charge of what, by entry.
pub(super) async fn in_force(
    office: &Office,
    plan: &Installed,
) -> Result<HashMap<String, Charge>, OfficeError> {
    let rows = Query::system(
        EVERYBODYS,
        "SELECT g.entry, g.division_id, d.name AS division_name, g.section, g.staff_id, s.name AS staff_name, g.due_month, g.remind_months, b.name AS set_by_name, g.set_at \
         FROM plan_charge g JOIN division d ON d.id = g.division_id JOIN staff b ON b.id = g.set_by LEFT JOIN staff s ON s.id = g.staff_id \
         WHERE g.plan = ? AND g.ended_at IS NULL",
    )
    .bind(plan.id())
    .all_as(office.db(), |row| {
        let entry: String = row.get("entry")?;
        let charge = Charge {
            entry: entry.clone(),
            division: row.get("division_id")?,
            division_name: row.get("division_name")?,
            section: row.get("section")?,
            staff: row.get("staff_id")?,
            staff_name: row.get("staff_name")?,
            due: row.get("due_month")?,
            remind_months: row.get::<Option<i64>>("remind_months")?.and_then(|months| u8::try_from(months).ok()),
            set_by: row.get("set_by_name")?,
            set_at: Now::from_unix_ms(row.get("set_at")?),
        };
        Ok((entry, charge))
    })
    .await?;
    Ok(rows.into_iter().collect())
}

/// Who is in charge of an entry.
///
/// # Errors
/// The database.
pub async fn of(office: &Office, plan: &Installed, entry: &str) -> Result<Option<Charge>, OfficeError> {
    Ok(in_force(office, plan).await?.remove(entry))
}

/// What somebody decides about the charge of an entry.
#[derive(Debug, Clone, Copy)]
pub struct Charged<'a> {
    /// The entry of the plan: an indicator, a project, a stage, a task.
    pub entry: &'a str,
    /// The office.
    pub division: DivisionId,
    /// The section in it, or the unit.
    pub section: &'a str,
    /// Sign-in name of the person; empty for none.
    pub login: &'a str,
    /// Until when.
    pub due: Option<Month>,
    /// Months before that in which it is reminded of; none: as the plan says.
    pub remind_months: Option<u8>,
}

/// Puts an office in charge of an entry; whoever was before is so no longer.
///
/// # Errors
/// [`OfficeError::Invalid`] without a section, or for a person who has no post in that office; [`OfficeError::NotFound`] for an entry that is not in the plan or an
/// office that is neither the plan's nor below it.
pub async fn charge(
    office: &Office,
    actor: &Granted<ManagePlan>,
    charged: Charged<'_>,
) -> Result<(), OfficeError> {
    let plan = demanded(office).await?;
    divisions::within(office.db(), actor.division, plan.home.id).await?;
    divisions::within(office.db(), plan.home.id, charged.division).await?;
    if title_of(&plan, charged.entry).is_none() {
        return Err(OfficeError::NotFound("规划里的这一条"));
    }
    let section = words("section", charged.section, "请写明责任单位或者科室。", 100)?;
    if charged.remind_months.is_some_and(|months| months > REMIND_MOST) {
        return Err(OfficeError::invalid("remind_months", format!("请填 0 到 {REMIND_MOST} 之间的月数。")));
    }
    let staff = match charged.login.trim() {
        "" => None,
        login => Some(person(office, login, charged.division).await?),
    };
    let now = office.now();
    let tx = office.db().begin().await?;
    Query::system(
        EVERYBODYS,
        "UPDATE plan_charge SET ended_by = ?, ended_at = ? WHERE plan = ? AND entry = ? AND ended_at IS NULL",
    )
    .bind(actor.staff)
    .bind(now.at_ms())
    .bind(plan.id())
    .bind(charged.entry)
    .execute(&tx)
    .await?;
    let id = Query::system(
        EVERYBODYS,
        "INSERT INTO plan_charge (plan, entry, division_id, section, staff_id, due_month, remind_months, set_by, set_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
    )
    .bind(plan.id())
    .bind(charged.entry)
    .bind(charged.division)
    .bind(section)
    .bind(staff)
    .bind(charged.due)
    .bind(charged.remind_months.map(i64::from))
    .bind(actor.staff)
    .bind(now.at_ms())
    .insert(&tx)
    .await?;
    tx.audit(AuditEntry {
        division: Some(plan.home.id),
        details: json!({ "entry": charged.entry }),
        ..audited(now.at_ms(), actor.audit(), "plan.charged", ("plan_charge", id))
    })
    .await?;
    tx.commit().await?;
    Ok(())
}

/// A person with a post in an office.
async fn person(office: &Office, login: &str, division: DivisionId) -> Result<StaffId, OfficeError> {
    let found: Option<StaffId> = Query::system(
        "who has a post in the office that is put in charge",
        "SELECT s.id FROM staff s WHERE s.login = ? AND EXISTS (SELECT 1 FROM post p WHERE p.staff_id = s.id AND p.division_id = ?)",
    )
    .bind(login)
    .bind(division)
    .optional(office.db())
    .await?
    .map(|row| row.get("id"))
    .transpose()?;
    found.ok_or_else(|| {
        OfficeError::invalid("login", "这个单位没有这个登录名的工作人员，请核对；也可以不填。")
    })
}

/// What an entry of the plan is called: an indicator, a project or its stage, a task.
#[must_use]
pub fn title_of(plan: &Installed, entry: &str) -> Option<String> {
    if let Some(one) = plan.indicator(entry).filter(|one| !one.is_history()) {
        return Some(one.name.clone());
    }
    for project in &plan.projects {
        if project.id == *entry {
            return Some(project.name.clone());
        }
        if let Some(stage) =
            project.milestones.iter().find(|one| one.id.as_ref().is_some_and(|id| *id == *entry))
        {
            return Some(format!("{}：{}", project.name, stage.what));
        }
    }
    plan.tasks.iter().find(|one| one.id == *entry).map(|one| one.name.clone())
}

/// A task with who does it and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Task {
    /// As a stage: state, notes, date.
    pub stage: Stage,
    /// Whose it is in the words of the plan.
    pub owner: Option<String>,
    /// Who is in charge.
    pub charge: Option<Charge>,
}

/// Every task of the plan with the notes that the actor may see, those with an office first, in the order of the text.
///
/// # Errors
/// The database.
pub async fn tasks(
    office: &Office,
    actor: &Granted<ReadPlan>,
    plan: &Installed,
) -> Result<Vec<Task>, OfficeError> {
    let mut charges = in_force(office, plan).await?;
    let today = Month::containing(office.now().today());
    let stages = stages::tasks_as_of(office, actor, plan, &charges, today).await?;
    let mut tasks: Vec<Task> = stages
        .into_iter()
        .zip(&plan.tasks)
        .map(|(stage, task)| Task {
            owner: task.owner.clone(),
            charge: charges.remove(task.id.as_str()),
            stage,
        })
        .collect();
    tasks.sort_by(|one, other| {
        let office =
            |task: &Task| task.charge.as_ref().map(|charge| (charge.division.0, charge.section.clone()));
        (office(one).is_none(), office(one)).cmp(&(office(other).is_none(), office(other)))
    });
    Ok(tasks)
}
