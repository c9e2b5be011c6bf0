//! What follows from a record by the pack's rules: computed fields, alerts, duties. Worked out when the record changes, when one that it
//! points at or that points at it does, and for every record once a day.

use std::collections::{BTreeMap, HashMap};

use catalogue::definition::{Duty, Level, Limit, Register};
use chrono::{Days, NaiveDate};
use rules::{Context, Value};
use store::{Connection, DivisionId, Query, ScopeColumns, StaffId, Tx};

use super::columns::{is_sorted, of_rules, table, written};
use super::history::{self, Noted};
use super::raised::{graded, grounds, open_alerts, settle_alert};
use super::read::{Record, records};
use super::shape::{Circumstances, Named, neighbours, shaped};
use super::{RULES, RecordId, SETTLED_ON, vocab_level};
use crate::casework::clocks::time_limit;
use crate::forms::FormValue;
use crate::{Office, OfficeError, divisions};

/// Records settled in one transaction at night.
const BATCH: i64 = 200;

/// Settles records of a register.
pub(super) async fn settle(
    office: &Office,
    tx: &Tx,
    register: &Register,
    ids: &[RecordId],
) -> Result<(), OfficeError> {
    settle_as(office, tx, register, ids, Looked::Nobody).await
}

/// Whether somebody has just looked at the records that are settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Looked {
    /// A night, or a change elsewhere: what was noted stays.
    Nobody,
    /// Somebody wrote the record or did one of its duties: what stands now is noted.
    Somebody(StaffId),
    /// It has just come in: nothing of it was done or settled before.
    New,
}

/// Settles records of a register that somebody has looked at, or nobody.
pub(super) async fn settle_as(
    office: &Office,
    tx: &Tx,
    register: &Register,
    ids: &[RecordId],
    looked: Looked,
) -> Result<(), OfficeError> {
    let idle =
        register.computed().next().is_none() && register.duties.is_empty() && register.alerts.is_empty();
    if idle || ids.is_empty() {
        return Ok(());
    }
    let release = office.release();
    let stored = records(office.keys(), tx, &RULES, register, ids).await?;
    let named = Named::of(register);
    let mut seen = shaped(office, tx, register, &stored, &named).await?;
    let mut circumstances = Circumstances::new(office.now(), &named);
    let mut offices = Offices::default();
    let (raised, due) = match looked {
        Looked::New => (HashMap::new(), HashMap::new()),
        Looked::Nobody | Looked::Somebody(_) => {
            (open_alerts(tx, register, ids).await?, open_duties(tx, register, ids).await?)
        }
    };
    let mut noted = Vec::new();
    for (record, seen) in stored.iter().zip(&mut seen) {
        let context = circumstances.of(tx, &release, record.division).await?.clone();
        noted.extend(compute(office, tx, register, record, seen, &context, looked).await?);
        let open = !register.is_closed(&record.state);
        for alert in &register.alerts {
            let expression = release.alert_when(&register.id, &alert.id);
            let value = match expression {
                Some(expression) if open => expression.evaluate(seen, &context),
                _ => Value::Boolean(false),
            };
            let standing = raised.get(&(record.id, alert.id.get().clone()));
            let reads = || grounds(register, expression, seen, &context);
            let grade = || graded(&release, register, alert, seen, &context);
            let told = (&value, standing);
            settle_alert(office, tx, register, record, alert, told, reads, grade, looked, &mut offices)
                .await?;
        }
        for duty in &register.duties {
            let wanted = open
                && release
                    .duty_when(&register.id, &duty.id)
                    .is_none_or(|when| when.evaluate(seen, &context) == Value::Boolean(true));
            let standing = due.get(&(record.id, duty.id.get().clone())).copied();
            let first = first_day(record, seen, duty);
            settle_duty(office, tx, register, record, duty, wanted, standing, first, looked, &mut offices)
                .await?;
        }
    }
    history::write_noted(tx, noted).await
}

/// Settles what changed records point at: their numbers depend on who points at them.
pub(super) async fn settle_neighbours<'a>(
    office: &Office,
    tx: &Tx,
    register: &Register,
    changed: impl Iterator<Item = &'a Record>,
) -> Result<(), OfficeError> {
    let release = office.release();
    let mut by_register: BTreeMap<String, Vec<RecordId>> = BTreeMap::new();
    for record in changed {
        for (target, id) in neighbours(register, record) {
            by_register.entry(target).or_default().push(id);
        }
    }
    for (target, mut ids) in by_register {
        ids.sort_unstable();
        ids.dedup();
        if let Some(target) = release.registers.get(&target) {
            settle(office, tx, target, &ids).await?;
        }
    }
    Ok(())
}

/// Computed fields: each sees those before it. The answer is the history's row where somebody looked and what is noted has changed.
async fn compute(
    office: &Office,
    tx: &Tx,
    register: &Register,
    record: &Record,
    seen: &mut rules::Record,
    context: &Context,
    looked: Looked,
) -> Result<Option<Vec<store::Value>>, OfficeError> {
    let release = office.release();
    let mut columns = Vec::new();
    let (mut noted, mut news) = (Noted::new(), false);
    for field in register.computed() {
        if field.noted && looked == Looked::Nobody {
            continue;
        }
        let Some(expression) = release.computed(&register.id, &field.id) else { continue };
        let value = of_rules(field, &expression.evaluate(seen, context));
        let known = value.as_ref().map_or(Value::Unknown, FormValue::for_rules);
        seen.fields.insert(field.id.get().clone(), known);
        if let Some(value) = value.as_ref().filter(|_| field.noted) {
            noted.insert(field.id.get().clone(), value.canonical());
        }
        if value.as_ref() != record.values.get(field.id.get()) {
            news |= field.noted;
            let sorted = is_sorted(register, field);
            let none = HashMap::new();
            columns.extend(written(office.keys(), register, field, value.as_ref(), &none, sorted)?);
        }
    }
    if columns.is_empty() {
        return Ok(None);
    }
    let set: Vec<String> = columns.iter().map(|(column, _)| format!("{column} = ?")).collect();
    let sql = format!("UPDATE {} SET {} WHERE id = ?", table(register), set.join(", "));
    let query = Query::new(&RULES, &ScopeColumns::NONE, sql);
    let query = columns.into_iter().fold(query, |query, (_, value)| query.bind_value(value));
    query.bind(record.id).execute_one(tx).await?;
    let staff = match looked {
        Looked::Somebody(staff) => Some(staff),
        // Who entered it is in its first version.
        Looked::New | Looked::Nobody => None,
    };
    news.then(|| history::noted_row(office, register, record, staff, &noted)).transpose()
}

/// The offices that do things for divisions.
#[derive(Default)]
pub(super) struct Offices(HashMap<(DivisionId, Level), DivisionId>);

impl Offices {
    /// The office of a level above a division; the division itself where it lies higher.
    pub(super) async fn of(
        &mut self,
        connection: &impl Connection,
        division: DivisionId,
        level: Level,
    ) -> Result<DivisionId, OfficeError> {
        if let Some(known) = self.0.get(&(division, level)) {
            return Ok(*known);
        }
        let path = divisions::path(connection, division).await?;
        let wanted = vocab_level(level);
        let found = path.iter().find(|above| Some(above.level) == wanted).map_or(division, |above| above.id);
        self.0.insert((division, level), found);
        Ok(found)
    }
}

/// What stands open of records, by its id in the pack.
pub(super) type Standing<T> = HashMap<(RecordId, String), T>;

/// A duty that is open, and the day from which its first time was counted; none once it has been done.
#[derive(Debug, Clone, Copy)]
struct OpenDuty {
    id: i64,
    division: DivisionId,
    counted_from: Option<NaiveDate>,
}

async fn open_duties(
    tx: &Tx,
    register: &Register,
    ids: &[RecordId],
) -> Result<Standing<OpenDuty>, OfficeError> {
    let rows = Query::new(
        &RULES,
        &ScopeColumns::NONE,
        "SELECT t.id, t.record_id, t.duty, t.division_id, t.counted_from FROM record_duty t WHERE t.register = ? AND t.state = 'open' \
         AND t.record_id IN ({list})",
    )
    .bind(register.id.as_str())
    .bind_list(ids.iter().copied())
    .all_as(tx, |row| {
        let open = OpenDuty {
            id: row.get("id")?,
            division: row.get("division_id")?,
            counted_from: row.get("counted_from")?,
        };
        Ok(((row.get("record_id")?, row.get("duty")?), open))
    })
    .await?;
    Ok(rows.into_iter().collect())
}

#[expect(clippy::too_many_arguments, reason = "one duty of one record")]
async fn settle_duty(
    office: &Office,
    tx: &Tx,
    register: &Register,
    record: &Record,
    duty: &Duty,
    wanted: bool,
    standing: Option<OpenDuty>,
    first: NaiveDate,
    looked: Looked,
    offices: &mut Offices,
) -> Result<(), OfficeError> {
    // The record says another day now than the one from which the first time was counted: it is reckoned anew.
    let astray = standing.filter(|standing| standing.counted_from.is_some_and(|from| from != first));
    if let Some(standing) = astray {
        lapse(tx, standing.id).await?;
    }
    let standing = if astray.is_some() { None } else { standing };
    match (wanted, standing) {
        (false, Some(standing)) => lapse(tx, standing.id).await?,
        (true, Some(standing)) => {
            if standing.division != record.division {
                // It goes with its record, to the office that does it there.
                let place = offices.of(tx, record.division, duty.level).await?;
                Query::new(
                    &RULES,
                    &ScopeColumns::NONE,
                    "UPDATE record_duty SET division_id = ?, office_id = ? WHERE id = ?",
                )
                .bind(record.division)
                .bind(place)
                .bind(standing.id)
                .execute(tx)
                .await?;
            }
            Query::new(
                &RULES,
                &ScopeColumns::NONE,
                "UPDATE record_duty SET title = ? WHERE id = ? AND title <> ?",
            )
            .bind(record.title.as_str())
            .bind(standing.id)
            .bind(record.title.as_str())
            .execute(tx)
            .await?;
        }
        (true, None) => {
            // One that lapsed when the record left a state comes back with it.
            let Next { due_on, counted_from, planned_for: goes_on, follows } =
                next_due(office, tx, register, record, duty, first, looked).await?;
            // Whoever did it by plan has it in the plan again.
            let planned_on = goes_on.map(|_| super::duty_plan::last_working_day(office.calendar(), due_on));
            let place = offices.of(tx, record.division, duty.level).await?;
            let shown_on = due_on.checked_sub_days(Days::new(u64::from(duty.warn_days))).unwrap_or(due_on);
            Query::system(
                "a duty of a record",
                "INSERT INTO record_duty (register, record_id, duty, division_id, office_id, title, shown_on, due_on, state, made_at, \
                 planned_on, planned_for, counted_from, follows) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'open', ?, ?, ?, ?, ?) \
                 ON CONFLICT (register, record_id, duty, follows, due_on) DO UPDATE SET \
                 state = 'open', title = excluded.title, division_id = excluded.division_id, office_id = excluded.office_id, \
                 shown_on = excluded.shown_on, counted_from = excluded.counted_from WHERE record_duty.state = 'lapsed'",
            )
            .bind(register.id.as_str())
            .bind(record.id)
            .bind(duty.id.as_str())
            .bind(record.division)
            .bind(place)
            .bind(record.title.as_str())
            .bind(shown_on)
            .bind(due_on)
            .bind(office.now().at_ms())
            .bind(planned_on)
            .bind(goes_on)
            .bind(counted_from)
            .bind(follows)
            .execute(tx)
            .await?;
        }
        (false, None) => {}
    }
    Ok(())
}

/// An open duty is not to be done any more, or not on this day.
async fn lapse(tx: &Tx, duty: i64) -> Result<(), OfficeError> {
    let sql = "UPDATE record_duty SET state = 'lapsed' WHERE id = ? AND state = 'open'";
    Query::new(&RULES, &ScopeColumns::NONE, sql).bind(duty).execute(tx).await?;
    Ok(())
}

/// The day from which the first time of a duty is counted: what its field says now, computed or not, else when the record came in.
fn first_day(record: &Record, seen: &rules::Record, duty: &Duty) -> NaiveDate {
    match duty.from.as_ref().and_then(|field| seen.fields.get(field.get())) {
        Some(Value::Date(day)) => *day,
        _ => record.recorded_on,
    }
}

/// The next time of a duty.
struct Next {
    due_on: NaiveDate,
    /// The first day, where it has never been done.
    counted_from: Option<NaiveDate>,
    /// Who was to do it the last time by plan.
    planned_for: Option<StaffId>,
    /// The doing that it follows; 0 where it has never been done.
    follows: i64,
}

/// When a duty falls due next: counted from when it was last done, else from its first day. What fell due before the record came in was
/// somebody else's, unless the record says that it was not done: then the latest time of it is owed, and no other.
async fn next_due(
    office: &Office,
    tx: &Tx,
    register: &Register,
    record: &Record,
    duty: &Duty,
    first: NaiveDate,
    looked: Looked,
) -> Result<Next, OfficeError> {
    let after = |from: NaiveDate, times: u16| {
        // Counted from the first day each time, so that days moved for a weekend do not add up.
        let every = match duty.every {
            Limit::WorkingDays(days) => Limit::WorkingDays(days.saturating_mul(times)),
            Limit::NaturalDays(days) => Limit::NaturalDays(days.saturating_mul(times)),
            Limit::Months(months) => Limit::Months(months.saturating_mul(times)),
        };
        // Where the holidays are not published yet, the earliest day that it can be.
        office.calendar().due(from, time_limit(every)).earliest
    };
    let last = match looked {
        Looked::New => None,
        Looked::Nobody | Looked::Somebody(_) => last_done(tx, register, record, duty).await?,
    };
    if let Some(LastDone { on, planned_for, doing }) = last {
        return Ok(Next { due_on: after(on, 1), counted_from: None, planned_for, follows: doing });
    }
    let times = (u16::from(!duty.at_once)..u16::MAX)
        .map(|times| if times == 0 { first } else { after(first, times) });
    let (mut missed, mut due_on) = (None, first);
    for due in times {
        due_on = due;
        if due >= record.recorded_on {
            break;
        }
        missed = Some(due);
    }
    let due_on = missed.filter(|_| duty.owes_missed()).unwrap_or(due_on);
    Ok(Next { due_on, counted_from: Some(first), planned_for: None, follows: 0 })
}

/// The last time that a duty was done.
struct LastDone {
    /// The latest day of any doing.
    on: NaiveDate,
    /// For whom that was planned.
    planned_for: Option<StaffId>,
    /// The doing that was written down last, which may be of an earlier day.
    doing: i64,
}

async fn last_done(
    tx: &Tx,
    register: &Register,
    record: &Record,
    duty: &Duty,
) -> Result<Option<LastDone>, OfficeError> {
    Ok(Query::new(
        &RULES,
        &ScopeColumns::NONE,
        "SELECT t.done_on, t.planned_for, (SELECT max(f.id) FROM record_duty f WHERE f.register = t.register AND f.record_id = t.record_id \
         AND f.duty = t.duty AND f.state = 'done') AS doing FROM record_duty t \
         WHERE t.register = ? AND t.record_id = ? AND t.duty = ? AND t.state = 'done' ORDER BY t.done_on DESC, t.id DESC LIMIT 1",
    )
    .bind(register.id.as_str())
    .bind(record.id)
    .bind(duty.id.as_str())
    .optional_as(tx, |row| {
        Ok(LastDone { on: row.get("done_on")?, planned_for: row.get("planned_for")?, doing: row.get("doing")? })
    })
    .await?)
}

/// Settles every open record of a register; how many. Killed halfway it begins again, to the same result.
///
/// # Errors
/// The database.
pub async fn settle_register(office: &Office, register: &str) -> Result<usize, OfficeError> {
    let release = office.release();
    let Some(register) = release.registers.get(register) else { return Ok(0) };
    let mut after = 0_i64;
    let mut settled = 0;
    loop {
        let sql = format!(
            "SELECT r.id FROM {} r WHERE r.closed_on IS NULL AND r.id > ? ORDER BY r.id LIMIT ?",
            table(register)
        );
        let ids: Vec<RecordId> =
            Query::new(&RULES, &ScopeColumns::NONE, sql).bind(after).bind(BATCH).scalars(office.db()).await?;
        let Some(last) = ids.last() else { return Ok(settled) };
        after = last.0;
        let tx = office.db().begin().await?;
        settle(office, &tx, register, &ids).await?;
        tx.commit().await?;
        settled += ids.len();
    }
}

/// Once a day: every open record of every register; how many.
///
/// # Errors
/// The database.
pub async fn nightly(office: &Office) -> Result<usize, OfficeError> {
    let today = office.now().today();
    let release = office.release();
    let last: Option<NaiveDate> =
        store::setting(office.db(), SETTLED_ON).await?.and_then(|text| text.parse().ok());
    if release.registers.iter().next().is_none() || last.is_some_and(|last| last >= today) {
        return Ok(0);
    }
    super::bulk::prune(office).await?;
    let mut settled = 0;
    for register in release.registers.iter() {
        // Who belongs in it comes first: what is new is settled with the rest.
        super::fed::feed(office, register).await?;
        settled += settle_register(office, &register.id).await?;
    }
    let tx = office.db().begin().await?;
    store::set_setting(&tx, SETTLED_ON, &today.to_string()).await?;
    tx.commit().await?;
    Ok(settled)
}
