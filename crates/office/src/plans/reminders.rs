//! What an office in charge has to look at: a binding indicator whose forecast misses its target, raised so long before it is due as the plan says; stages and tasks
//! that are late; and those that fall due soon. A county's part of a split indicator is watched like the whole: its forecast, and whether it is behind its
//! own path; that lies with the county.
//!
//! [`work`] finds the grounds once a night. An alert is raised once for its grounds, ends by itself when they are gone, and is closed by a person
//! with a reason; it comes again only when its grounds have changed. It lies with the office that is in charge of the entry ([`super::charges`]), else with
//! the plan's own.

use std::collections::HashMap;

use catalogue::definition::PlanIndicator;
use serde_json::json;
use store::jobs::Claim;
use store::{AuditEntry, Cursor, DivisionId, Page, Query, Row, Scope, ScopeColumns};
use vocab::{Month, Now};

use super::charges::{self, Charge};
use super::judge::{Judgement, Standing, Target, judge_part};
use super::known::{Known, known, of_parts};
use super::stages::{Stage, StageState, standing_stages};
use super::{EVERYBODYS, Installed, PlanAlertId, demanded, in_words, installed, split, words};
use crate::access::{Actor, Granted, ReadPlan, ReportPlan};
use crate::{Office, OfficeError, audited, divisions};

/// The job that finds what to remind of.
pub const PLAN_JOB: &str = "plan_reminders";

/// Scope columns of `plan_alert v`: offices of the area.
const ALERTS: ScopeColumns = ScopeColumns {
    subtree: Some(
        "v.division_id IN (SELECT dc.descendant_id FROM division_closure dc WHERE dc.ancestor_id = ?)",
    ),
    own: None,
    task: None,
    organisation: None,
};

/// What kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AlertKind {
    /// A binding indicator will miss its target by its forecast.
    WillMiss,
    /// A county's part is behind the path that its years were given.
    Behind,
    /// A stage or a task whose date is past.
    Late,
    /// A stage or a task that falls due soon.
    Due,
}

impl AlertKind {
    /// How the table spells it.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            AlertKind::WillMiss => "will_miss",
            AlertKind::Behind => "behind",
            AlertKind::Late => "late",
            AlertKind::Due => "due",
        }
    }

    /// The Chinese name.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            AlertKind::WillMiss => "约束性指标预计达不到目标",
            AlertKind::Behind => "分解目标滞后",
            AlertKind::Late => "到期未报完成",
            AlertKind::Due => "即将到期",
        }
    }

    fn read(text: &str) -> AlertKind {
        match text {
            "will_miss" => AlertKind::WillMiss,
            "behind" => AlertKind::Behind,
            "late" => AlertKind::Late,
            _ => AlertKind::Due,
        }
    }
}

/// Something to look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanAlert {
    /// Its id.
    pub id: PlanAlertId,
    /// What kind.
    pub kind: AlertKind,
    /// The entry of the plan.
    pub entry: String,
    /// What it is called.
    pub title: String,
    /// Whether it is an indicator, and not a stage or task.
    pub indicator: bool,
    /// The county whose part it is; none for the whole.
    pub part: Option<String>,
    /// The office that looks at it.
    pub division: DivisionId,
    /// Its name.
    pub division_name: String,
    /// Who is in charge there, in words.
    pub charge: String,
    /// When it is due.
    pub due: Month,
    /// What it rests on.
    pub grounds: String,
    /// `open`, `gone`, `closed`.
    pub state: String,
    /// When it was raised.
    pub raised_at: Now,
    /// Who closed it.
    pub closed_by: Option<String>,
    /// Why.
    pub reason: Option<String>,
}

/// Puts the job into the queue, once a day.
///
/// # Errors
/// The database's.
pub async fn schedule(office: &Office) -> Result<(), OfficeError> {
    if office.release().plans.is_empty() {
        return Ok(());
    }
    crate::once_a_day(office, PLAN_JOB).await
}

/// The work of [`PLAN_JOB`].
///
/// # Errors
/// The database's.
pub async fn work(office: &Office, claim: &Claim) -> Result<(), OfficeError> {
    let raised = settle(office).await?;
    Ok(claim.finished(office.db(), &format!("新提醒 {raised} 条")).await?)
}

/// Why somebody has to look at an entry.
struct Ground {
    kind: AlertKind,
    entry: String,
    part: Option<DivisionId>,
    division: DivisionId,
    due: Month,
    words: String,
}

/// Raises what has grounds and is not up, ends what has none any more; says how many were raised. Doing it twice does nothing more.
///
/// # Errors
/// The database's.
pub async fn settle(office: &Office) -> Result<usize, OfficeError> {
    let Some(plan) = installed(office).await? else { return Ok(0) };
    let grounds = grounds(office, &plan).await?;
    let at = office.now().at_ms();
    let tx = office.db().begin().await?;
    tx.lock("plan_alert").await?;
    let rows = Query::system(
        EVERYBODYS,
        "SELECT v.id, v.kind, v.entry, v.part_id, v.grounds, v.state, v.division_id FROM plan_alert v WHERE v.plan = ? ORDER BY v.id",
    )
    .bind(plan.id())
    .all(&tx)
    .await?;
    // The newest alert of each kind, entry and part.
    let mut known: HashMap<(String, String, Option<DivisionId>), (PlanAlertId, String, String, DivisionId)> =
        HashMap::new();
    for row in rows {
        known.insert(
            (row.get("kind")?, row.get("entry")?, row.get("part_id")?),
            (row.get("id")?, row.get("state")?, row.get("grounds")?, row.get("division_id")?),
        );
    }
    let mut raised = 0;
    for ground in &grounds {
        match known.remove(&(ground.kind.code().to_owned(), ground.entry.clone(), ground.part)) {
            Some((_, state, words, _)) if state == "closed" && words == ground.words => {}
            Some((id, state, words, division)) if state == "open" => {
                if (words.as_str(), division) != (ground.words.as_str(), ground.division) {
                    Query::system(
                        EVERYBODYS,
                        "UPDATE plan_alert SET grounds = ?, due_month = ?, division_id = ? WHERE id = ? AND state = 'open'",
                    )
                    .bind(ground.words.as_str())
                    .bind(ground.due)
                    .bind(ground.division)
                    .bind(id)
                    .execute(&tx)
                    .await?;
                }
            }
            _ => {
                Query::system(
                    EVERYBODYS,
                    "INSERT INTO plan_alert (plan, kind, entry, part_id, division_id, due_month, grounds, state, raised_at) \
                     VALUES (?, ?, ?, ?, ?, ?, ?, 'open', ?)",
                )
                .bind(plan.id())
                .bind(ground.kind.code())
                .bind(ground.entry.as_str())
                .bind(ground.part)
                .bind(ground.division)
                .bind(ground.due)
                .bind(ground.words.as_str())
                .bind(at)
                .execute(&tx)
                .await?;
                raised += 1;
            }
        }
    }
    for (id, state, ..) in known.into_values() {
        if state == "open" {
            Query::system(
                EVERYBODYS,
                "UPDATE plan_alert SET state = 'gone', ended_at = ? WHERE id = ? AND state = 'open'",
            )
            .bind(at)
            .bind(id)
            .execute(&tx)
            .await?;
        }
    }
    tx.commit().await?;
    Ok(raised)
}

async fn grounds(office: &Office, plan: &Installed) -> Result<Vec<Ground>, OfficeError> {
    let today = Month::containing(office.now().today());
    let charges = charges::in_force(office, plan).await?;
    let owner = |charge: Option<&Charge>| charge.map_or(plan.home.id, |charge| charge.division);
    let known = known(office, plan).await?;
    let mut grounds = Vec::new();
    for one in plan.indicators.iter().filter(|one| !one.is_history()) {
        let (target, judged) = known.judged(plan, one, today);
        if let Some(words) = will_miss(one, &target, &judged) {
            grounds.push(Ground {
                kind: AlertKind::WillMiss,
                entry: one.id.get().clone(),
                part: None,
                division: owner(charges.get(one.id.as_str())),
                due: target.due,
                words,
            });
        }
    }
    of_counties(office, plan, &known, today, &mut grounds).await?;
    for stage in standing_stages(office, plan, &charges).await? {
        let charge = charges.get(&stage.id).or_else(|| charges.get(&stage.project));
        let before = charge.and_then(|charge| charge.remind_months).unwrap_or(plan.plan.remind_months);
        let Some((kind, due)) = reminded(&stage, today, before) else { continue };
        let words = match kind {
            AlertKind::Late => format!("应当在{}完成，还没有登记完成。", due.zh()),
            _ => format!("应当在{}完成。", due.zh()),
        };
        grounds.push(Ground {
            kind,
            entry: stage.id.clone(),
            part: None,
            division: owner(charge),
            due,
            words,
        });
    }
    Ok(grounds)
}

/// What is said of a binding target that both forecasts miss; nothing otherwise.
fn will_miss(one: &PlanIndicator, target: &Target, judged: &Judgement) -> Option<String> {
    let (true, Some(latest), Some(forecast)) = (judged.alert, judged.latest, judged.forecast) else {
        return None;
    };
    let unit = |number| in_words::with_unit(number, one);
    let forecast = if forecast.least == forecast.most {
        format!("约{}", unit(forecast.least))
    } else {
        format!("{}至{}", unit(forecast.least), unit(forecast.most))
    };
    Some(format!(
        "{}是{}；照现在的速度，到{}预计{forecast}，目标是{}。",
        latest.month.zh(),
        unit(latest.number),
        target.due.zh(),
        in_words::target(one, target)
    ))
}

/// The counties' parts of split indicators: which will miss, and which are behind their own years.
async fn of_counties(
    office: &Office,
    plan: &Installed,
    known: &Known,
    today: Month,
    grounds: &mut Vec<Ground>,
) -> Result<(), OfficeError> {
    let split = split::in_force(office, plan).await?;
    let values = of_parts(office, plan, known, &split).await?;
    for one in plan.indicators.iter().filter(|one| !one.is_history()) {
        let Some(counties) = split.get(one.id.as_str()) else { continue };
        let whole = known.target(plan, one);
        for (county, years) in counties {
            let Some(target) = split::part_target(&whole, years) else { continue };
            let points = values.get(one.id.as_str()).and_then(|of| of.get(county));
            let judged =
                judge_part(&plan.plan, one, &target, years, points.map_or(&[], Vec::as_slice), today);
            let ground = |kind, words| Ground {
                kind,
                entry: one.id.get().clone(),
                part: Some(*county),
                division: *county,
                due: target.due,
                words,
            };
            if let Some(words) = will_miss(one, &target, &judged) {
                grounds.push(ground(AlertKind::WillMiss, words));
            }
            if let (Standing::Behind, Some(latest), Some(expected)) =
                (judged.standing, judged.latest, judged.expected)
            {
                let unit = |number| in_words::with_unit(number, one);
                let words = format!(
                    "{}是{}，按分解目标应到{}。",
                    latest.month.zh(),
                    unit(latest.number),
                    unit(expected)
                );
                grounds.push(ground(AlertKind::Behind, words));
            }
        }
    }
    Ok(())
}

/// Whether a stage is one to be reminded of, so many months before its date.
fn reminded(stage: &Stage, today: Month, before: u8) -> Option<(AlertKind, Month)> {
    let due = stage.due?;
    match stage.state {
        StageState::Finished => None,
        StageState::Late => Some((AlertKind::Late, due)),
        _ if today.plus(i32::from(before)) >= due => Some((AlertKind::Due, due)),
        _ => None,
    }
}

const LINE: &str = "v.id, v.kind, v.entry, c.name AS part_name, v.division_id, d.name AS division_name, v.due_month, v.grounds, v.state, v.raised_at, \
    s.name AS closed_by_name, v.reason \
    FROM plan_alert v JOIN division d ON d.id = v.division_id LEFT JOIN division c ON c.id = v.part_id LEFT JOIN staff s ON s.id = v.closed_by";

fn view(plan: &Installed, charges: &HashMap<String, Charge>, row: &Row) -> store::Result<PlanAlert> {
    let entry: String = row.get("entry")?;
    let charge = charges.get(&entry).map(|charge| match &charge.staff_name {
        Some(name) => format!("{} {name}", charge.section),
        None => charge.section.clone(),
    });
    Ok(PlanAlert {
        id: row.get("id")?,
        kind: AlertKind::read(&row.get::<String>("kind")?),
        title: charges::title_of(plan, &entry).unwrap_or_else(|| entry.clone()),
        indicator: plan.indicator(&entry).is_some(),
        entry,
        part: row.get("part_name")?,
        division: row.get("division_id")?,
        division_name: row.get("division_name")?,
        charge: charge.unwrap_or_default(),
        due: row.get("due_month")?,
        grounds: row.get("grounds")?,
        state: row.get("state")?,
        raised_at: Now::from_unix_ms(row.get("raised_at")?),
        closed_by: row.get("closed_by_name")?,
        reason: row.get("reason")?,
    })
}

/// Open alerts of the offices of the actor's area, indicators first, then by their dates; of one office alone, if asked.
///
/// # Errors
/// The database.
pub async fn open(
    office: &Office,
    actor: &Granted<ReadPlan>,
    own: bool,
    cursor: Option<&Cursor>,
    size: usize,
) -> Result<Page<PlanAlert>, OfficeError> {
    let plan = demanded(office).await?;
    let charges = charges::in_force(office, &plan).await?;
    let own = if own { format!(" AND v.division_id = {}", actor.division.0) } else { String::new() };
    let sql = format!(
        "SELECT {LINE} WHERE {{scope}} AND v.plan = ? AND v.state = 'open'{own} AND {{after}} ORDER BY v.kind DESC, v.due_month DESC, v.id DESC LIMIT ?"
    );
    let page = Query::new(&actor.scope(), &ALERTS, sql)
        .bind(plan.id())
        .after_descending(&["v.kind", "v.due_month", "v.id"], cursor);
    Ok(page
        .page(
            office.db(),
            size,
            |row| view(&plan, &charges, row),
            |last: &PlanAlert| {
                Cursor::new().text(last.kind.code()).integer(i64::from(last.due.index())).integer(last.id.0)
            },
        )
        .await?)
}

/// How many are open in the offices of a scope, and how many of these are indicators that will miss.
///
/// # Errors
/// The database.
pub async fn counted(
    office: &Office,
    scope: &Scope,
    own: Option<DivisionId>,
) -> Result<(i64, i64), OfficeError> {
    let own = own.map(|division| format!(" AND v.division_id = {}", division.0)).unwrap_or_default();
    let sql = format!(
        "SELECT count(*) AS many, CAST(COALESCE(SUM(CASE WHEN v.kind = 'will_miss' THEN 1 ELSE 0 END), 0) AS BIGINT) AS missing \
         FROM plan_alert v WHERE {{scope}} AND v.state = 'open'{own}"
    );
    let row = Query::new(scope, &ALERTS, sql).one(office.db()).await?;
    Ok((row.get("many")?, row.get("missing")?))
}

/// One alert of the actor's area.
///
/// # Errors
/// [`OfficeError::NotFound`].
pub async fn alert(office: &Office, actor: &Actor, id: PlanAlertId) -> Result<PlanAlert, OfficeError> {
    let plan = demanded(office).await?;
    let charges = charges::in_force(office, &plan).await?;
    let sql = format!("SELECT {LINE} WHERE {{scope}} AND v.plan = ? AND v.id = ?");
    Query::new(&actor.scope(), &ALERTS, sql)
        .bind(plan.id())
        .bind(id)
        .optional_as(office.db(), |row| view(&plan, &charges, row))
        .await?
        .ok_or(OfficeError::NotFound("这条提醒"))
}

/// Closes an alert with a reason. It comes again when its grounds change.
///
/// # Errors
/// [`OfficeError::Invalid`] without a reason; [`OfficeError::Conflict`] when it is not open; [`OfficeError::NotFound`] outside the actor's area.
pub async fn close(
    office: &Office,
    actor: &Granted<ReportPlan>,
    id: PlanAlertId,
    reason: &str,
) -> Result<(), OfficeError> {
    let found = alert(office, actor, id).await?;
    divisions::within(office.db(), actor.division, found.division).await?;
    let reason = words("reason", reason, "请写明怎样处理；不需要处理的，写明为什么。", 500)?;
    let at = office.now().at_ms();
    let tx = office.db().begin().await?;
    let changed = Query::system(
        "an alert that the caller has found",
        "UPDATE plan_alert SET state = 'closed', ended_at = ?, closed_by = ?, reason = ? WHERE id = ? AND state = 'open'",
    )
    .bind(at)
    .bind(actor.staff)
    .bind(reason)
    .bind(id)
    .execute(&tx)
    .await?;
    if changed != 1 {
        return Err(OfficeError::Conflict("这条提醒已经处理过了，或者情况已经消除。".to_owned()));
    }
    tx.audit(AuditEntry {
        division: Some(found.division),
        details: json!({ "entry": found.entry, "kind": found.kind.code() }),
        ..audited(at, actor.audit(), "plan.alert_closed", ("plan_alert", id.0))
    })
    .await?;
    tx.commit().await?;
    Ok(())
}
