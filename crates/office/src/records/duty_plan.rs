//! A month's plan: the duties of a village or township that fall due, spread over its working days and over those who do them. Planning
//! changes nothing of a duty but the day and the person set down for it: due dates, offices and rates stay what the pack says. What was done by
//! plan has its next time set down for the same person, on the last working day before it falls due.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{Datelike as _, Days, NaiveDate, Weekday};
use serde_json::json;
use store::{AuditEntry, DivisionId, IdempotencyKey, Once, Query, ScopeColumns, StaffId};
use vocab::{Calendar, DayKind, Month};

use super::duties::{DUTY_COLUMNS, DutyView, view};
use super::{RecordDutyId, may, readable};
use crate::access::{Export, Granted, KeepRecords, ReadRecords, Right};
use crate::tabular::{ListCell, ListColumn, ListFormat, ListWriter};
use crate::{Office, OfficeError, audited, divisions};

/// Duties of one plan, at most: a sheet that people still carry about.
pub const PLANNED_MAX: usize = 1000;

/// Which plan is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asked {
    /// The month.
    pub month: Month,
    /// A division and those below it; one's own if none.
    pub division: Option<DivisionId>,
    /// Only what this person does.
    pub staff: Option<StaffId>,
}

/// A duty in a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planned {
    /// The duty.
    pub duty: DutyView,
    /// The day set down for it.
    pub on: NaiveDate,
    /// Who does it: member of staff and name.
    pub who: Option<(StaffId, String)>,
    /// The name of the place where its record lies.
    pub place: String,
}

/// Somebody who may be given duties.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Worker {
    /// Member of staff.
    pub staff: StaffId,
    /// Name.
    pub name: String,
    /// The office.
    pub office: String,
}

const PLANNED: &str = "SELECT t.id, t.register, t.record_id, t.duty, t.title, t.due_on, t.shown_on, t.state, t.done_on, t.note, \
    o.name AS office_name, t.planned_on, t.planned_for, s.name AS worker, d.name AS place \
    FROM record_duty t JOIN division o ON o.id = t.office_id JOIN division d ON d.id = t.division_id \
    LEFT JOIN staff s ON s.id = t.planned_for WHERE {scope} AND t.state <> 'lapsed' AND t.planned_on >= ? AND t.planned_on <= ? \
    AND t.division_id IN (SELECT b.descendant_id FROM division_closure b WHERE b.ancestor_id = ?) AND t.register IN ({list})";

/// The plan of a month, day by day; what is done already too.
///
/// # Errors
/// [`OfficeError::NotFound`] for a division that is not the reader's.
pub async fn plan(
    office: &Office,
    reader: &Granted<ReadRecords>,
    asked: &Asked,
) -> Result<Vec<Planned>, OfficeError> {
    let division = asked.division.unwrap_or(reader.division);
    divisions::within(office.db(), reader.division, division).await?;
    let release = office.release();
    let registers: Vec<String> =
        readable(office, reader).iter().map(|open| open.register().id.get().clone()).collect();
    let sql = format!(
        "{PLANNED} AND (CAST(? AS BIGINT) IS NULL OR t.planned_for = ?) ORDER BY t.planned_on, t.planned_for, d.code, t.title, t.id LIMIT {}",
        PLANNED_MAX * 5
    );
    Ok(Query::new(&reader.scope(), &DUTY_COLUMNS, sql)
        .bind(asked.month.first_day())
        .bind(asked.month.last_day())
        .bind(division)
        .bind_list(registers)
        .bind(asked.staff)
        .bind(asked.staff)
        .all_as(office.db(), |row| {
            let who: Option<StaffId> = row.get("planned_for")?;
            let name: Option<String> = row.get("worker")?;
            Ok(Planned {
                duty: view(&release, row)?,
                on: row.get("planned_on")?,
                who: who.zip(name),
                place: row.get("place")?,
            })
        })
        .await?)
}

/// Those who hold a post today in a division, below it, or above it up to the reader's own office.
///
/// # Errors
/// [`OfficeError::NotFound`] for a division that is not the reader's.
pub async fn workers(
    office: &Office,
    reader: &Granted<ReadRecords>,
    division: DivisionId,
) -> Result<Vec<Worker>, OfficeError> {
    /// Posts of one's own area.
    const POSTS: ScopeColumns = ScopeColumns {
        subtree: Some(
            "p.division_id IN (SELECT dc.descendant_id FROM division_closure dc WHERE dc.ancestor_id = ?)",
        ),
        own: None,
        task: None,
        organisation: None,
    };
    divisions::within(office.db(), reader.division, division).await?;
    let keeps = office.release();
    let keeps: Vec<String> = keeps
        .roles
        .iter()
        .filter(|role| role.rights.iter().any(|right| *right.get() == Right::KeepRecords))
        .map(|role| role.id.get().clone())
        .collect();
    let today = office.now().today();
    let rows: Vec<Worker> = Query::new(
        &reader.scope(),
        &POSTS,
        "SELECT DISTINCT s.id, s.name, d.name AS office, d.code FROM post p JOIN staff s ON s.id = p.staff_id \
         JOIN division d ON d.id = p.division_id JOIN post_role pr ON pr.post_id = p.id \
         WHERE {scope} AND s.disabled_at IS NULL AND p.from_on <= ? AND (p.until_on IS NULL OR p.until_on >= ?) \
         AND (p.division_id IN (SELECT b.descendant_id FROM division_closure b WHERE b.ancestor_id = ?) \
         OR p.division_id IN (SELECT a.ancestor_id FROM division_closure a WHERE a.descendant_id = ?)) \
         AND pr.role IN ({list}) ORDER BY d.code, s.name, s.id",
    )
    .bind(today)
    .bind(today)
    .bind(division)
    .bind(division)
    .bind_list(keeps)
    .all_as(office.db(), |row| {
        Ok(Worker { staff: row.get("id")?, name: row.get("name")?, office: row.get("office")? })
    })
    .await?;
    let mut seen = BTreeSet::new();
    Ok(rows.into_iter().filter(|worker| seen.insert(worker.staff)).collect())
}

/// What is to be planned.
#[derive(Debug, Clone)]
pub struct NewPlan {
    /// The month; the present one or one to come.
    pub month: Month,
    /// The village or township.
    pub division: DivisionId,
    /// Duties of one register only.
    pub register: Option<String>,
    /// Who does them; at least one.
    pub staff: Vec<StaffId>,
    /// Plans anew what has a day in the month already.
    pub anew: bool,
}

/// A duty that waits for a day.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Waiting {
    id: RecordDutyId,
    due_on: NaiveDate,
    place: String,
    title: String,
}

/// Sets down a day and a person for every duty that falls due by the end of the month and has none; how many.
///
/// # Errors
/// [`OfficeError::Invalid`] by field (`plan_month`, `plan_place`, `by`): nobody to do them, nothing to do, too many for a plan, a month that is over.
pub async fn make(
    office: &Office,
    keeper: &Granted<KeepRecords>,
    new: &NewPlan,
    key: Option<(&IdempotencyKey, &str)>,
) -> Result<usize, OfficeError> {
    let reader = keeper.grant::<ReadRecords>()?;
    let now = office.now();
    if new.month < now.month() {
        return Err(OfficeError::invalid("plan_month", "这个月已经过去了，请选本月或者以后的月份。"));
    }
    let days = working_days(office.calendar(), new.month, now.today());
    if days.is_empty() {
        return Err(OfficeError::invalid("plan_month", "这个月已经没有工作日了，请安排下个月的。"));
    }
    let known = workers(office, &reader, new.division).await?;
    let staff: Vec<StaffId> =
        new.staff.iter().copied().filter(|id| known.iter().any(|worker| worker.staff == *id)).collect();
    if staff.is_empty() {
        return Err(OfficeError::invalid("by", "请选择由谁去做，至少一人。"));
    }
    let waiting = waiting(office, keeper, new).await?;
    if waiting.is_empty() {
        let message = "到月底没有需要安排的职责：没有到期的，或者都已经排好了。";
        return Err(OfficeError::invalid("plan_month", message));
    }
    if waiting.len() > PLANNED_MAX {
        let message = format!("一次最多安排 {PLANNED_MAX} 项，请选小一些的地区，或者只选一个登记簿。");
        return Err(OfficeError::invalid("plan_place", message));
    }
    let spread = spread(waiting, &days, &staff);
    let tx = office.db().begin().await?;
    if let Some((key, who)) = key
        && matches!(tx.once(key, who).await?, Once::Again(_))
    {
        return Ok(spread.len());
    }
    for (id, on, staff) in &spread {
        Query::new(
            &keeper.scope(),
            &DUTY_COLUMNS,
            "UPDATE record_duty AS t SET planned_on = ?, planned_for = ? WHERE {scope} AND t.id = ? AND t.state = 'open'",
        )
        .bind(*on)
        .bind(*staff)
        .bind(*id)
        .execute(&tx)
        .await?;
    }
    tx.audit(AuditEntry {
        division: Some(new.division),
        details: json!({ "month": new.month.to_string(), "duties": spread.len() }),
        ..audited(now.at_ms(), keeper.audit(), "record.duties_planned", ("division", new.division.0))
    })
    .await?;
    if let Some((key, _)) = key {
        tx.remember(key, "").await?;
    }
    tx.commit().await?;
    Ok(spread.len())
}

/// Open duties of one's own offices that fall due by the end of the month and have no day in it yet.
async fn waiting(
    office: &Office,
    keeper: &Granted<KeepRecords>,
    new: &NewPlan,
) -> Result<Vec<Waiting>, OfficeError> {
    let release = office.release();
    let kept = release.registers.iter().filter(|register| may(keeper, register, Right::KeepRecords));
    let kept: Vec<String> = kept
        .map(|register| register.id.get().clone())
        .filter(|id| new.register.as_ref().is_none_or(|only| only == id))
        .collect();
    let free = if new.anew { "" } else { "AND (t.planned_on IS NULL OR t.planned_on < ?)" };
    let sql = format!(
        "SELECT t.id, t.due_on, t.title, d.code AS place FROM record_duty t JOIN division d ON d.id = t.division_id \
         WHERE {{scope}} AND t.state = 'open' AND t.due_on <= ? {free} AND t.register IN ({{list}}) \
         AND t.division_id IN (SELECT b.descendant_id FROM division_closure b WHERE b.ancestor_id = ?) \
         AND t.office_id IN (SELECT o.descendant_id FROM division_closure o WHERE o.ancestor_id = ?) \
         ORDER BY t.due_on, d.code, t.title, t.id LIMIT {}",
        PLANNED_MAX + 1
    );
    let mut query = Query::new(&keeper.scope(), &DUTY_COLUMNS, sql).bind(new.month.last_day());
    if !new.anew {
        // A day that has passed without the duty being done is no plan any more.
        query = query.bind(office.now().today().max(new.month.first_day()));
    }
    Ok(query
        .bind_list(kept)
        .bind(new.division)
        .bind(keeper.division)
        .all_as(office.db(), |row| {
            Ok(Waiting {
                id: row.get("id")?,
                due_on: row.get("due_on")?,
                place: row.get("place")?,
                title: row.get("title")?,
            })
        })
        .await?)
}

/// Whether offices work on a day. Where a year's holidays are not published yet its weekdays stand for them.
fn works(calendar: &Calendar, day: NaiveDate) -> bool {
    match calendar.day(day) {
        DayKind::Working => true,
        DayKind::Off => false,
        DayKind::Undetermined => !matches!(day.weekday(), Weekday::Sat | Weekday::Sun),
    }
}

/// The days of a month, from today on, on which offices work.
fn working_days(calendar: &Calendar, month: Month, today: NaiveDate) -> Vec<NaiveDate> {
    let days = month.first_day().max(today).iter_days().take_while(|day| *day <= month.last_day());
    days.filter(|day| works(calendar, *day)).collect()
}

/// The day itself, or the last one before it on which offices work.
pub(super) fn last_working_day(calendar: &Calendar, day: NaiveDate) -> NaiveDate {
    let before = std::iter::successors(Some(day), NaiveDate::pred_opt);
    before.take(30).find(|day| works(calendar, *day)).unwrap_or(day)
}

/// Spreads duties over days and people: as many on each day as on any other, the earliest due first and none behind its due date where a day
/// before it is left; each place with one person as long as there are as many places as people.
fn spread(
    mut waiting: Vec<Waiting>,
    days: &[NaiveDate],
    staff: &[StaffId],
) -> Vec<(RecordDutyId, NaiveDate, StaffId)> {
    let (Some(first), many) = (days.first().copied(), waiting.len()) else { return Vec::new() };
    waiting.sort_by(|one, other| {
        (one.due_on, &one.place, &one.title, one.id).cmp(&(
            other.due_on,
            &other.place,
            &other.title,
            other.id,
        ))
    });
    let by_place = places(&waiting, staff);
    waiting
        .iter()
        .enumerate()
        .map(|(number, duty)| {
            let even = days[number * days.len() / many];
            // The last day that is not behind the due date; what is late already comes on the first.
            let latest = days.iter().rev().find(|day| **day <= duty.due_on).copied().unwrap_or(first);
            let who = by_place.get(duty.place.as_str()).copied().unwrap_or(staff[number % staff.len()]);
            (duty.id, even.min(latest), who)
        })
        .collect()
}

/// Who goes to which place: the largest place to whoever has the least so far. Empty where there are fewer places than people: then they
/// take turns.
fn places<'a>(waiting: &'a [Waiting], staff: &[StaffId]) -> HashMap<&'a str, StaffId> {
    let mut sizes: BTreeMap<&str, usize> = BTreeMap::new();
    for duty in waiting {
        *sizes.entry(duty.place.as_str()).or_default() += 1;
    }
    if sizes.len() < staff.len() {
        return HashMap::new();
    }
    let mut sizes: Vec<(&str, usize)> = sizes.into_iter().collect();
    sizes.sort_by_key(|(place, size)| (std::cmp::Reverse(*size), *place));
    let mut loads = vec![0_usize; staff.len()];
    let mut given = HashMap::new();
    for (place, size) in sizes {
        let least = (0..loads.len()).min_by_key(|one| loads[*one]).unwrap_or_default();
        loads[least] += size;
        given.insert(place, staff[least]);
    }
    given
}

/// Moves duties of a plan to another day or person; how many.
///
/// # Errors
/// [`OfficeError::Invalid`] by field (`pick`, `on`, `to_staff`): none chosen, neither day nor person, a day that has passed, a person who has no post there.
pub async fn shift(
    office: &Office,
    keeper: &Granted<KeepRecords>,
    ids: &[RecordDutyId],
    on: Option<NaiveDate>,
    staff: Option<StaffId>,
    key: Option<(&IdempotencyKey, &str)>,
) -> Result<u64, OfficeError> {
    let reader = keeper.grant::<ReadRecords>()?;
    let now = office.now();
    if ids.is_empty() {
        return Err(OfficeError::invalid("pick", "请先勾选要调整的。"));
    }
    if on.is_none() && staff.is_none() {
        return Err(OfficeError::invalid("on", "请填写改到哪一天，或者选择换谁去做。"));
    }
    if on.is_some_and(|on| on < now.today()) {
        return Err(OfficeError::invalid("on", "改到的日期不能早于今天。"));
    }
    if on.is_some_and(|on| on > now.today() + Days::new(366)) {
        return Err(OfficeError::invalid("on", "改到的日期太远，请填一年以内的日期。"));
    }
    if let Some(staff) = staff {
        let known = workers(office, &reader, keeper.division).await?;
        if !known.iter().any(|worker| worker.staff == staff) {
            return Err(OfficeError::invalid("to_staff", "这位工作人员在本辖区没有岗位，请重新选择。"));
        }
    }
    let release = office.release();
    let kept = release.registers.iter().filter(|register| may(keeper, register, Right::KeepRecords));
    let kept: Vec<String> = kept.map(|register| register.id.get().clone()).collect();
    let tx = office.db().begin().await?;
    if let Some((key, who)) = key
        && matches!(tx.once(key, who).await?, Once::Again(_))
    {
        return Ok(u64::try_from(ids.len()).unwrap_or(u64::MAX));
    }
    let moved = Query::new(
        &keeper.scope(),
        &DUTY_COLUMNS,
        "UPDATE record_duty AS t SET planned_on = COALESCE(?, t.planned_on), planned_for = COALESCE(?, t.planned_for) \
         WHERE {scope} AND t.state = 'open' AND t.planned_on IS NOT NULL AND t.id IN ({list}) AND t.register IN ({list})",
    )
    .bind(on)
    .bind(staff)
    .bind_list(ids.iter().copied())
    .bind_list(kept)
    .execute(&tx)
    .await?;
    tx.audit(AuditEntry {
        division: Some(keeper.division),
        details: json!({ "duties": moved, "on": on }),
        ..audited(now.at_ms(), keeper.audit(), "record.duties_moved", ("division", keeper.division.0))
    })
    .await?;
    if let Some((key, _)) = key {
        tx.remember(key, "").await?;
    }
    tx.commit().await?;
    Ok(moved)
}

/// What is to be done next of a plan: the earliest that is open.
///
/// # Errors
/// As [`plan`].
pub async fn next(
    office: &Office,
    reader: &Granted<ReadRecords>,
    asked: &Asked,
) -> Result<Option<RecordDutyId>, OfficeError> {
    let planned = plan(office, reader, asked).await?;
    Ok(planned.iter().find(|one| one.duty.state == "open").map(|one| one.duty.id))
}

/// The plan as Excel or CSV, with room for what was found. Taking it out is audited.
///
/// # Errors
/// As [`plan`].
pub async fn sheet(
    office: &Office,
    reader: &Granted<ReadRecords>,
    _export: &Granted<Export>,
    asked: &Asked,
    format: ListFormat,
) -> Result<Vec<u8>, OfficeError> {
    let planned = plan(office, reader, asked).await?;
    let place = divisions::find(office.db(), asked.division.unwrap_or(reader.division)).await?;
    let columns = [
        ("日期", 12),
        ("由谁去", 12),
        ("对象", 24),
        ("所在地", 18),
        ("职责", 18),
        ("到期日", 12),
        ("履行日期", 12),
        ("情况（手填）", 30),
    ]
    .map(|(title, width)| ListColumn::new(title, width));
    let title = format!("{}{}履职计划", place.name, asked.month.zh());
    let mut list = ListWriter::new(format, "履职计划", Some(&title), &columns)?;
    for one in &planned {
        list.row(&[
            ListCell::Date(one.on),
            ListCell::from(one.who.as_ref().map(|who| who.1.clone())),
            ListCell::from(one.duty.record_title.as_str()),
            ListCell::from(one.place.as_str()),
            ListCell::from(one.duty.title.as_str()),
            ListCell::Date(one.duty.due_on),
            one.duty.done_on.map_or(ListCell::Empty, ListCell::Date),
            ListCell::Empty,
        ])?;
    }
    let file = list.finish()?;
    let entry = AuditEntry {
        division: Some(place.id),
        details: json!({ "month": asked.month.to_string(), "rows": planned.len() }),
        ..audited(office.now().at_ms(), reader.audit(), "record.plan_exported", ("division", place.id.0))
    };
    office.db().audit_read(entry).await?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn duty(id: i64, due_on: &str, place: &str) -> Waiting {
        Waiting {
            id: RecordDutyId(id),
            due_on: day(due_on),
            place: place.to_owned(),
            title: format!("第{id}户"),
        }
    }

    #[test]
    fn every_day_has_as_many_and_none_comes_late_that_need_not() {
        let days: Vec<NaiveDate> = ["2026-11-23", "2026-11-24", "2026-11-25", "2026-11-26"].map(day).into();
        let mut waiting: Vec<Waiting> = (1..=8).map(|id| duty(id, "2026-11-30", "01")).collect();
        waiting.push(duty(9, "2026-11-24", "01"));
        waiting.push(duty(10, "2026-10-01", "01"));
        let spread = spread(waiting, &days, &[StaffId(1), StaffId(2)]);
        assert_eq!(spread.len(), 10);
        let on = |id: i64| spread.iter().find(|one| one.0.0 == id).unwrap().1;
        assert_eq!(on(10), days[0], "what is late comes first");
        assert!(on(9) <= day("2026-11-24"));
        for day in &days {
            let many = spread.iter().filter(|one| one.1 == *day).count();
            assert!((2..=3).contains(&many), "{day}: {many}");
        }
        // One place, two people: they take turns.
        assert_eq!(spread.iter().filter(|one| one.2 == StaffId(1)).count(), 5);
    }

    #[test]
    fn a_place_has_one_person_and_the_work_is_shared() {
        let days = [day("2026-11-23")];
        let mut waiting: Vec<Waiting> = (1..=6).map(|id| duty(id, "2026-11-30", "01")).collect();
        waiting.extend((7..=9).map(|id| duty(id, "2026-11-30", "02")));
        waiting.extend((10..=12).map(|id| duty(id, "2026-11-30", "03")));
        let spread = spread(waiting, &days, &[StaffId(1), StaffId(2)]);
        let of = |id: i64| spread.iter().find(|one| one.0.0 == id).unwrap().2;
        assert_eq!((of(1), of(6)), (StaffId(1), StaffId(1)));
        assert_eq!([of(7), of(9), of(10), of(12)], [StaffId(2); 4]);
    }

    #[test]
    fn working_days_leave_out_weekends_and_what_has_passed() {
        let calendar = Calendar::from_json(include_str!("../../../../facts/holidays.json")).unwrap();
        let days = working_days(&calendar, "2026-10".parse().unwrap(), day("2026-10-08"));
        // 1-7 October are off, 10 October is worked for them.
        assert_eq!(days.first(), Some(&day("2026-10-08")));
        assert!(days.contains(&day("2026-10-10")) && !days.contains(&day("2026-10-11")));
    }
}
