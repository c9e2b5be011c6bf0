//! Indicators that a register computes: of a duty that fell due in a year, the share that was done. A linked figure cannot be typed; what is
//! computed needs no second look, because nobody said it.

use catalogue::{Number, Release};
use chrono::{Datelike, NaiveDate};
use serde_json::json;
use store::{AuditEntry, DivisionId, Query};
use vocab::{Month, Now};

use super::judge::Point;
use super::{EVERYBODYS, Installed, demanded};
use crate::access::{Granted, ManagePlan};
use crate::{Office, OfficeError, audited, divisions};

/// A link in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// The indicator.
    pub indicator: String,
    /// The register.
    pub register: String,
    /// Its duty.
    pub duty: String,
    /// The rate and the register in words.
    pub title: String,
    /// Who made it.
    pub linked_by: String,
    /// When.
    pub linked_at: Now,
}

/// What an indicator can be linked to: register, duty, and both in words.
#[must_use]
pub fn choices(release: &Release) -> Vec<(String, String, String)> {
    let registers = release.registers.iter();
    registers
        .flat_map(|register| {
            register.duties.iter().map(|duty| {
                let title = format!("{}（{}）", duty.rate, register.title);
                (register.id.get().clone(), duty.id.get().clone(), title)
            })
        })
        .collect()
}

fn title(release: &Release, register: &str, duty: &str) -> String {
    let known = choices(release).into_iter().find(|(of, id, _)| of == register && id == duty);
    known.map_or_else(|| format!("{register} {duty}"), |(_, _, title)| title)
}

/// The links of the plan in force.
pub(super) async fn in_force(office: &Office, plan: &Installed) -> Result<Vec<Link>, OfficeError> {
    let release = office.release();
    let rows = Query::system(
        EVERYBODYS,
        "SELECT a.indicator, a.register, a.duty, s.name AS linked_by_name, a.linked_at FROM plan_link a \
         JOIN staff s ON s.id = a.linked_by WHERE a.plan = ? AND a.ended_at IS NULL ORDER BY a.id",
    )
    .bind(plan.id())
    .all(office.db())
    .await?;
    rows.iter()
        .map(|row| {
            let (register, duty): (String, String) = (row.get("register")?, row.get("duty")?);
            Ok(Link {
                indicator: row.get("indicator")?,
                title: title(&release, &register, &duty),
                register,
                duty,
                linked_by: row.get("linked_by_name")?,
                linked_at: Now::from_unix_ms(row.get("linked_at")?),
            })
        })
        .collect()
}

/// Links an indicator in per cent to the coverage of a duty.
///
/// # Errors
/// [`OfficeError::Invalid`] for a duty that no register has and an indicator that is no percentage; [`OfficeError::NotFound`] outside the plan's
/// place; [`OfficeError::Conflict`] when it is linked.
pub async fn link(
    office: &Office,
    actor: &Granted<ManagePlan>,
    indicator: &str,
    register: &str,
    duty: &str,
) -> Result<(), OfficeError> {
    let plan = demanded(office).await?;
    let indicator = plan.promised(indicator)?;
    divisions::within(office.db(), actor.division, plan.home.id).await?;
    if !choices(&office.release()).iter().any(|(of, id, _)| of == register && id == duty) {
        return Err(OfficeError::invalid("link", "请选择由哪个登记簿的履行率计算。"));
    }
    if indicator.unit.as_deref() != Some("%") {
        return Err(OfficeError::invalid("link", "只有以百分比计的指标可以由履行率计算。"));
    }
    if in_force(office, &plan).await?.iter().any(|one| *indicator.id == one.indicator) {
        return Err(OfficeError::Conflict(
            "这项指标已经由登记簿计算。要换的，请先停止现在的计算。".to_owned(),
        ));
    }
    let now = office.now();
    let tx = office.db().begin().await?;
    let id = Query::system(
        EVERYBODYS,
        "INSERT INTO plan_link (plan, indicator, register, duty, linked_by, linked_at) VALUES (?, ?, ?, ?, ?, ?) RETURNING id",
    )
    .bind(plan.id())
    .bind(indicator.id.as_str())
    .bind(register)
    .bind(duty)
    .bind(actor.staff)
    .bind(now.at_ms())
    .insert(&tx)
    .await?;
    tx.audit(AuditEntry {
        division: Some(plan.home.id),
        details: json!({ "indicator": indicator.id.as_str(), "register": register, "duty": duty }),
        ..audited(now.at_ms(), actor.audit(), "plan.linked", ("plan_link", id))
    })
    .await?;
    tx.commit().await?;
    Ok(())
}

/// Ends the link of an indicator: values are reported again.
///
/// # Errors
/// [`OfficeError::NotFound`] outside the plan's place; [`OfficeError::Conflict`] when it is not linked.
pub async fn unlink(
    office: &Office,
    actor: &Granted<ManagePlan>,
    indicator: &str,
) -> Result<(), OfficeError> {
    let plan = demanded(office).await?;
    divisions::within(office.db(), actor.division, plan.home.id).await?;
    let at = office.now().at_ms();
    let tx = office.db().begin().await?;
    let ended = Query::system(
        EVERYBODYS,
        "UPDATE plan_link SET ended_by = ?, ended_at = ? WHERE plan = ? AND indicator = ? AND ended_at IS NULL",
    )
    .bind(actor.staff)
    .bind(at)
    .bind(plan.id())
    .bind(indicator)
    .execute(&tx)
    .await?;
    if ended != 1 {
        return Err(OfficeError::Conflict("这项指标现在不由登记簿计算。".to_owned()));
    }
    tx.audit(AuditEntry {
        division: Some(plan.home.id),
        details: json!({ "indicator": indicator }),
        ..audited(at, actor.audit(), "plan.unlinked", ("division", plan.home.id.0))
    })
    .await?;
    tx.commit().await?;
    Ok(())
}

/// The computed values of a place: for each year of the plan the share that was done of what fell due in it, this year up to today. A year in which
/// nothing fell due has no value.
pub(super) async fn computed(
    office: &Office,
    plan: &Installed,
    link: &Link,
    place: DivisionId,
) -> Result<Vec<Point>, OfficeError> {
    let today = office.now().today();
    let mut points = Vec::new();
    for year in i32::from(plan.plan.from)..=today.year() {
        let (Some(first), Some(last)) =
            (NaiveDate::from_ymd_opt(year, 1, 1), NaiveDate::from_ymd_opt(year, 12, 31))
        else {
            continue;
        };
        let last = last.min(today);
        let row = Query::system(
            "how many duties fell due and were done says nothing of anybody",
            "SELECT count(*) AS due, CAST(COALESCE(SUM(CASE WHEN t.state = 'done' THEN 1 ELSE 0 END), 0) AS BIGINT) AS done \
             FROM record_duty t WHERE t.register = ? AND t.duty = ? AND t.state <> 'lapsed' AND t.due_on >= ? AND t.due_on <= ? \
             AND t.division_id IN (SELECT c.descendant_id FROM division_closure c WHERE c.ancestor_id = ?)",
        )
        .bind(link.register.as_str())
        .bind(link.duty.as_str())
        .bind(first)
        .bind(last)
        .bind(place)
        .one(office.db())
        .await?;
        let (due, done): (i64, i64) = (row.get("due")?, row.get("done")?);
        if let Some(number) = Number::new(done, 0).percent_of(Number::new(due, 0), 1) {
            points.push(Point { month: Month::containing(last), number });
        }
    }
    Ok(points)
}
