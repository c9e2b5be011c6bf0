//! Reported values: by indicator, place and month, with evidence, and a second person's look.

use catalogue::Number;
use serde_json::json;
use store::{AuditEntry, Cursor, DivisionId, Page, Query, Row, StaffId};
use vocab::{Month, Now};

use super::{Installed, PLAN, PlanValueId, demanded, number, of_row, scale, words};
use crate::access::{Actor, ApprovePlan, Granted, ReadPlan, ReportPlan};
use crate::{Office, OfficeError, audited, divisions};

/// How a value stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ValueState {
    /// Waits for a second person.
    Reported,
    /// Counts.
    Confirmed,
    /// Sent back.
    Refused,
    /// A newer one of the same month counts.
    Replaced,
}

impl ValueState {
    fn read(text: &str) -> ValueState {
        match text {
            "confirmed" => ValueState::Confirmed,
            "refused" => ValueState::Refused,
            "replaced" => ValueState::Replaced,
            _ => ValueState::Reported,
        }
    }

    /// The Chinese name.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            ValueState::Reported => "待复核",
            ValueState::Confirmed => "已复核",
            ValueState::Refused => "已退回",
            ValueState::Replaced => "已更新",
        }
    }
}

/// The place is the plan's own or one over which it is split, and within the actor's area.
async fn place(
    office: &Office,
    plan: &Installed,
    actor: &Actor,
    division: DivisionId,
) -> Result<(), OfficeError> {
    divisions::within(office.db(), actor.division, division).await?;
    let below = super::places_below(office, plan).await?;
    if division == plan.home.id || below.iter().any(|place| place.id == division) {
        Ok(())
    } else {
        Err(OfficeError::NotFound("这个行政区划"))
    }
}

/// A reported value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValueLine {
    /// The value's id.
    pub id: PlanValueId,
    /// The indicator.
    pub indicator: String,
    /// The place.
    pub division: DivisionId,
    /// Its name.
    pub division_name: String,
    /// The month at whose end it holds.
    pub month: Month,
    /// The number.
    pub number: Number,
    /// Where it comes from.
    pub evidence: String,
    /// How it stands.
    pub state: ValueState,
    /// Who reported it.
    pub reported_by: String,
    /// That person.
    pub reporter: StaffId,
    /// When.
    pub reported_at: Now,
    /// Who looked at it.
    pub looked_by: Option<String>,
    /// What they said.
    pub remark: Option<String>,
}

/// What somebody reports.
#[derive(Debug, Clone, Copy)]
pub struct Reported<'a> {
    /// The indicator.
    pub indicator: &'a str,
    /// The place: the plan's, or a county below it; a township of a county's own plan.
    pub division: DivisionId,
    /// The month at whose end it holds.
    pub month: Month,
    /// The number as typed.
    pub number: &'a str,
    /// Where it comes from: a register, a table, a document.
    pub evidence: &'a str,
}

/// Reports a value. It waits for a second person; one that waits for the same month is taken back for it.
///
/// # Errors
/// [`OfficeError::Invalid`] for a number, month or evidence that cannot be; [`OfficeError::NotFound`] outside the actor's area.
pub async fn report(
    office: &Office,
    actor: &Granted<ReportPlan>,
    reported: Reported<'_>,
) -> Result<PlanValueId, OfficeError> {
    let plan = demanded(office).await?;
    let indicator = plan.promised(reported.indicator)?;
    place(office, &plan, actor, reported.division).await?;
    if super::links::in_force(office, &plan).await?.iter().any(|link| *indicator.id == link.indicator) {
        return Err(OfficeError::Conflict("这项指标由系统计算，不用填报。".to_owned()));
    }
    let number = number("number", reported.number)?;
    let evidence =
        words("evidence", reported.evidence, "请写明数据从哪里来，例如统计表名称、台账或文件文号。", 500)?;
    let now = office.now();
    if reported.month > Month::containing(now.today()) {
        return Err(OfficeError::invalid("month", "不能填报还没有到的月份。"));
    }
    if reported.month.year() < i32::from(plan.plan.base_year) {
        return Err(OfficeError::invalid("month", format!("月份不能早于{}年。", plan.plan.base_year)));
    }
    let tx = office.db().begin().await?;
    let waits = Query::system(
        "one value of a month waits at a time",
        "SELECT v.id FROM plan_value v WHERE v.plan = ? AND v.indicator = ? AND v.division_id = ? AND v.month = ? AND v.state = 'reported'",
    )
    .bind(plan.id())
    .bind(indicator.id.as_str())
    .bind(reported.division)
    .bind(reported.month)
    .optional(&tx)
    .await?;
    if waits.is_some() {
        return Err(OfficeError::Conflict(
            "这个月的数已经填报，正在等待复核。要改的，请先由复核人退回。".to_owned(),
        ));
    }
    let id = Query::new(
        &actor.scope(),
        &PLAN,
        "INSERT INTO plan_value (plan, indicator, division_id, month, units, scale, evidence, state, reported_by, reported_at) \
         VALUES (?, ?, ?, ?, ?, ?, ?, 'reported', ?, ?) RETURNING id",
    )
    .bind(plan.id())
    .bind(indicator.id.as_str())
    .bind(reported.division)
    .bind(reported.month)
    .bind(number.units())
    .bind(scale(number))
    .bind(evidence)
    .bind(actor.staff)
    .bind(now.at_ms())
    .insert(&tx)
    .await?;
    tx.audit(AuditEntry {
        division: Some(reported.division),
        details: json!({ "indicator": indicator.id.as_str(), "month": reported.month, "number": number }),
        ..audited(now.at_ms(), actor.audit(), "plan.value_reported", ("plan_value", id))
    })
    .await?;
    tx.commit().await?;
    Ok(PlanValueId(id))
}

const LINE: &str = "v.id, v.indicator, v.division_id, d.name AS division_name, v.month, v.units, v.scale, v.evidence, v.state, \
    r.name AS reported_by_name, v.reported_by, v.reported_at, l.name AS looked_by_name, v.remark \
    FROM plan_value v JOIN division d ON d.id = v.division_id JOIN staff r ON r.id = v.reported_by LEFT JOIN staff l ON l.id = v.looked_by";

fn line(row: &Row) -> Result<ValueLine, store::StoreError> {
    Ok(ValueLine {
        id: row.get("id")?,
        indicator: row.get("indicator")?,
        division: row.get("division_id")?,
        division_name: row.get("division_name")?,
        month: row.get("month")?,
        number: of_row(row)?,
        evidence: row.get("evidence")?,
        state: ValueState::read(&row.get::<String>("state")?),
        reported_by: row.get("reported_by_name")?,
        reporter: row.get("reported_by")?,
        reported_at: Now::from_unix_ms(row.get("reported_at")?),
        looked_by: row.get("looked_by_name")?,
        remark: row.get("remark")?,
    })
}

/// Values of an indicator that the actor may see, the newest report first.
///
/// # Errors
/// The database.
pub async fn of_indicator(
    office: &Office,
    actor: &Granted<ReadPlan>,
    indicator: &str,
    cursor: Option<&Cursor>,
    size: usize,
) -> Result<Page<ValueLine>, OfficeError> {
    let plan = demanded(office).await?;
    let sql = format!(
        "SELECT {LINE} WHERE {{scope}} AND v.plan = ? AND v.indicator = ? AND {{after}} ORDER BY v.id DESC LIMIT ?"
    );
    let page = Query::new(&actor.scope(), &PLAN, sql)
        .bind(plan.id())
        .bind(indicator)
        .after_descending(&["v.id"], cursor);
    Ok(page.page(office.db(), size, line, |line| Cursor::new().integer(line.id.0)).await?)
}

/// Values that wait for a second person in the actor's area, the oldest first.
///
/// # Errors
/// The database.
pub async fn waiting(
    office: &Office,
    actor: &Granted<ReadPlan>,
    cursor: Option<&Cursor>,
    size: usize,
) -> Result<Page<ValueLine>, OfficeError> {
    let plan = demanded(office).await?;
    let sql = format!(
        "SELECT {LINE} WHERE {{scope}} AND v.plan = ? AND v.state = 'reported' AND {{after}} ORDER BY v.id LIMIT ?"
    );
    let page = Query::new(&actor.scope(), &PLAN, sql).bind(plan.id()).after(&["v.id"], cursor);
    Ok(page.page(office.db(), size, line, |line| Cursor::new().integer(line.id.0)).await?)
}

/// A second person's look: the value counts from now on, or goes back with a reason.
///
/// # Errors
/// [`OfficeError::Separation`] for whoever reported it; [`OfficeError::NotFound`] outside the actor's area; [`OfficeError::Conflict`] when somebody
/// has looked at it; [`OfficeError::Invalid`] when it goes back without a reason.
pub async fn look(
    office: &Office,
    actor: &Granted<ApprovePlan>,
    id: PlanValueId,
    right: bool,
    remark: &str,
) -> Result<(), OfficeError> {
    let sql = format!("SELECT v.plan, {LINE} WHERE {{scope}} AND v.id = ?");
    let row = Query::new(&actor.scope(), &PLAN, sql)
        .bind(id)
        .optional(office.db())
        .await?
        .ok_or(OfficeError::NotFound("这个数"))?;
    let (value, plan): (ValueLine, String) = (line(&row)?, row.get("plan")?);
    // Above the actor's area it may be read, not judged.
    divisions::within(office.db(), actor.division, value.division).await?;
    if value.reporter == actor.staff {
        return Err(OfficeError::Separation("自己填报的数，要由另一个人复核。".to_owned()));
    }
    let remark = if right {
        remark.trim().to_owned()
    } else {
        words("remark", remark, "请写明为什么退回。", 500)?
    };
    let at = office.now().at_ms();
    let tx = office.db().begin().await?;
    if right {
        Query::system(
            "the value that counted until now",
            "UPDATE plan_value SET state = 'replaced' WHERE plan = ? AND indicator = ? AND division_id = ? AND month = ? AND state = 'confirmed'",
        )
        .bind(plan)
        .bind(value.indicator.as_str())
        .bind(value.division)
        .bind(value.month)
        .execute(&tx)
        .await?;
    }
    let changed = Query::system(
        "a value that the caller has found",
        "UPDATE plan_value SET state = ?, looked_by = ?, looked_at = ?, remark = ? WHERE id = ? AND state = 'reported'",
    )
    .bind(if right { "confirmed" } else { "refused" })
    .bind(actor.staff)
    .bind(at)
    .bind((!remark.is_empty()).then_some(remark))
    .bind(id)
    .execute(&tx)
    .await?;
    if changed != 1 {
        return Err(OfficeError::Conflict("这个数已经有人复核过了。".to_owned()));
    }
    tx.audit(AuditEntry {
        division: Some(value.division),
        details: json!({ "indicator": value.indicator, "month": value.month, "number": value.number }),
        ..audited(
            at,
            actor.audit(),
            if right { "plan.value_confirmed" } else { "plan.value_refused" },
            ("plan_value", id.0),
        )
    })
    .await?;
    tx.commit().await?;
    Ok(())
}
