//! Targets changed while the plan runs: with a reason and a document, made by one person, approved by another. The history stays.

use catalogue::Number;
use serde_json::json;
use store::{AuditEntry, Query, Row, StaffId};
use vocab::{Month, Now};

use super::judge::{Target, printed};
use super::{AdjustmentId, EVERYBODYS, Installed, demanded, number, of_row, scale, words};
use crate::access::{ApprovePlan, Granted, ManagePlan};
use crate::{Office, OfficeError, audited, divisions};

/// How an adjustment stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decided {
    /// Waits for a second person.
    Proposed,
    /// Holds, unless a newer one does.
    Approved,
    /// Sent back.
    Refused,
}

impl Decided {
    pub(super) fn read(text: &str) -> Decided {
        match text {
            "approved" => Decided::Approved,
            "refused" => Decided::Refused,
            _ => Decided::Proposed,
        }
    }

    /// The Chinese name.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Decided::Proposed => "待批准",
            Decided::Approved => "已批准",
            Decided::Refused => "未批准",
        }
    }
}

/// An adjusted target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Adjustment {
    /// Its id.
    pub id: AdjustmentId,
    /// The indicator.
    pub indicator: String,
    /// The new target.
    pub number: Number,
    /// The year in which it is due.
    pub year: i64,
    /// Why.
    pub reason: String,
    /// The document that changes it.
    pub document: String,
    /// How it stands.
    pub state: Decided,
    /// Who made it.
    pub proposed_by: String,
    /// That person.
    pub proposer: StaffId,
    /// When.
    pub proposed_at: Now,
    /// Who decided.
    pub decided_by: Option<String>,
}

const LINE: &str = "a.id, a.indicator, a.year, a.units, a.scale, a.reason, a.document, a.state, p.name AS proposed_by_name, a.proposed_by, \
    a.proposed_at, s.name AS decided_by_name FROM plan_adjustment a JOIN staff p ON p.id = a.proposed_by LEFT JOIN staff s ON s.id = a.decided_by";

fn line(row: &Row) -> Result<Adjustment, store::StoreError> {
    Ok(Adjustment {
        id: row.get("id")?,
        indicator: row.get("indicator")?,
        number: of_row(row)?,
        year: row.get("year")?,
        reason: row.get("reason")?,
        document: row.get("document")?,
        state: Decided::read(&row.get::<String>("state")?),
        proposed_by: row.get("proposed_by_name")?,
        proposer: row.get("proposed_by")?,
        proposed_at: Now::from_unix_ms(row.get("proposed_at")?),
        decided_by: row.get("decided_by_name")?,
    })
}

/// Every adjustment of the plan, the newest first: of one indicator, or of all.
///
/// # Errors
/// The database.
pub(super) async fn list(
    office: &Office,
    plan: &Installed,
    indicator: Option<&str>,
) -> Result<Vec<Adjustment>, OfficeError> {
    let one = if indicator.is_some() { " AND a.indicator = ?" } else { "" };
    let mut query =
        Query::system(EVERYBODYS, format!("SELECT {LINE} WHERE a.plan = ?{one} ORDER BY a.id DESC"))
            .bind(plan.id());
    if let Some(indicator) = indicator {
        query = query.bind(indicator);
    }
    Ok(query.all_as(office.db(), line).await?)
}

/// The target that holds among these adjustments, which are all of the plan or all of the indicator.
#[must_use]
pub(super) fn in_force(
    plan: &Installed,
    indicator: &catalogue::definition::PlanIndicator,
    adjustments: &[Adjustment],
) -> Target {
    let printed = printed(&plan.plan, indicator);
    let newest =
        adjustments.iter().find(|one| one.indicator == *indicator.id && one.state == Decided::Approved);
    match newest {
        Some(one) => Target {
            number: Some(one.number),
            // What was promised between two numbers is now promised as one.
            most: None,
            comparator: printed.comparator.filter(|known| *known != catalogue::definition::Comparator::Range),
            due: i32::try_from(one.year)
                .ok()
                .and_then(|year| Month::new(year, 12).ok())
                .unwrap_or(printed.due),
            adjusted: true,
        },
        None => printed,
    }
}

/// What somebody proposes.
#[derive(Debug, Clone, Copy)]
pub struct Proposed<'a> {
    /// The indicator.
    pub indicator: &'a str,
    /// The new target as typed.
    pub number: &'a str,
    /// The year in which it is due.
    pub year: i32,
    /// Why.
    pub reason: &'a str,
    /// The document that changes it.
    pub document: &'a str,
}

/// Proposes another target for the whole place.
///
/// # Errors
/// [`OfficeError::Invalid`], also below what a law or a plan above demands; [`OfficeError::NotFound`] when the plan's place is not in the actor's area; [`OfficeError::Conflict`] while another waits.
pub async fn propose(
    office: &Office,
    actor: &Granted<ManagePlan>,
    proposed: Proposed<'_>,
) -> Result<AdjustmentId, OfficeError> {
    let plan = demanded(office).await?;
    let indicator = plan.promised(proposed.indicator)?;
    divisions::within(office.db(), actor.division, plan.home.id).await?;
    let number = number("number", proposed.number)?;
    let reason = words("reason", proposed.reason, "请写明为什么调整。", 1000)?;
    let document = words("document", proposed.document, "请写明调整依据的文件名称和文号。", 200)?;
    let years = i32::from(plan.plan.from)..=i32::from(plan.plan.until) + 5;
    if !years.contains(&proposed.year) {
        return Err(OfficeError::invalid(
            "year",
            format!("完成年份请填 {} 到 {} 之间的年份。", years.start(), years.end()),
        ));
    }
    let earlier = list(office, &plan, Some(proposed.indicator)).await?;
    let now = in_force(&plan, indicator, &earlier);
    if let Some(why) = super::superior::forbidden(&plan, proposed.indicator, now.number, number) {
        return Err(OfficeError::invalid("number", why));
    }
    if earlier.iter().any(|one| one.state == Decided::Proposed) {
        return Err(OfficeError::Conflict("这项指标已有一个调整在等待批准。".to_owned()));
    }
    let now = office.now();
    let tx = office.db().begin().await?;
    let id = Query::system(
        EVERYBODYS,
        "INSERT INTO plan_adjustment (plan, indicator, division_id, year, units, scale, reason, document, state, proposed_by, proposed_at) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'proposed', ?, ?) RETURNING id",
    )
    .bind(plan.id())
    .bind(indicator.id.as_str())
    .bind(plan.home.id)
    .bind(i64::from(proposed.year))
    .bind(number.units())
    .bind(scale(number))
    .bind(reason)
    .bind(document)
    .bind(actor.staff)
    .bind(now.at_ms())
    .insert(&tx)
    .await?;
    tx.audit(AuditEntry {
        division: Some(plan.home.id),
        details: json!({ "indicator": indicator.id.as_str(), "number": number, "year": proposed.year }),
        ..audited(now.at_ms(), actor.audit(), "plan.adjustment_proposed", ("plan_adjustment", id))
    })
    .await?;
    tx.commit().await?;
    Ok(AdjustmentId(id))
}

/// Approves or refuses an adjustment.
///
/// # Errors
/// [`OfficeError::Separation`] for whoever proposed it; [`OfficeError::NotFound`] outside the actor's area; [`OfficeError::Conflict`] when it is decided.
pub async fn decide(
    office: &Office,
    actor: &Granted<ApprovePlan>,
    id: AdjustmentId,
    approved: bool,
) -> Result<(), OfficeError> {
    let plan = demanded(office).await?;
    let all = list(office, &plan, None).await?;
    let one = all.iter().find(|one| one.id == id).ok_or(OfficeError::NotFound("这个调整"))?;
    if divisions::within(office.db(), actor.division, plan.home.id).await.is_err() {
        return Err(OfficeError::NotFound("这个调整"));
    }
    if one.proposer == actor.staff {
        return Err(OfficeError::Separation("自己提出的调整，要由另一个人批准。".to_owned()));
    }
    let (state, action) = if approved {
        ("approved", "plan.adjustment_approved")
    } else {
        ("refused", "plan.adjustment_refused")
    };
    let at = office.now().at_ms();
    let tx = office.db().begin().await?;
    let changed = Query::system(
        EVERYBODYS,
        "UPDATE plan_adjustment SET state = ?, decided_by = ?, decided_at = ? WHERE id = ? AND state = 'proposed'",
    )
    .bind(state)
    .bind(actor.staff)
    .bind(at)
    .bind(id)
    .execute(&tx)
    .await?;
    if changed != 1 {
        return Err(OfficeError::Conflict("这个调整已经办过了。".to_owned()));
    }
    tx.audit(AuditEntry {
        division: Some(plan.home.id),
        details: json!({ "indicator": one.indicator, "number": one.number, "year": one.year }),
        ..audited(at, actor.audit(), action, ("plan_adjustment", id.0))
    })
    .await?;
    tx.commit().await?;
    Ok(())
}
