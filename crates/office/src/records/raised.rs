//! Alerts as the packs' rules raise and end them: what one rests on, how grave it is and by when somebody must have dealt with it. Part of
//! settling a record ([`settle`](super::settle)).

use catalogue::Release;
use catalogue::definition::{Alert, AlertGrade, Limit, Register};
use chrono::NaiveDate;
use rules::{Context, Value};
use store::{DivisionId, Query, ScopeColumns, Tx};

use super::read::Record;
use super::settle::{Looked, Offices, Standing};
use super::{RULES, RecordId};
use crate::casework::clocks::time_limit;
use crate::{Office, OfficeError};

/// Things that an alert lists as its grounds.
const GROUNDS_MAX: usize = 12;

/// How grave an alert is now, and its limit.
pub(super) fn graded(
    release: &Release,
    register: &Register,
    alert: &Alert,
    seen: &rules::Record,
    context: &Context,
) -> Option<(AlertGrade, Limit)> {
    let fits = |index: usize, always: bool| {
        let when = release.grade_when(&register.id, &alert.id, index);
        always || when.is_some_and(|when| when.evaluate(seen, context) == Value::Boolean(true))
    };
    let mut grades = alert.grades.iter().enumerate();
    let found = grades.find(|(index, graded)| fits(*index, graded.when.is_none()));
    found.map(|(_, graded)| (graded.grade, graded.within))
}

/// What an alert rests on, in words.
pub(super) fn grounds(
    register: &Register,
    expression: Option<&rules::Expression>,
    seen: &rules::Record,
    context: &Context,
) -> String {
    let Some(expression) = expression else { return String::new() };
    let reads = expression.reads(seen, context);
    let more = if reads.len() > GROUNDS_MAX { "；等" } else { "" };
    let words = |read: &rules::Read| match &read.value {
        Value::Text(state) if read.path == "state" => register.state_title(state).to_owned(),
        value => read.code_title.clone().unwrap_or_else(|| value.to_string()),
    };
    let listed: Vec<String> =
        reads.iter().take(GROUNDS_MAX).map(|read| format!("{}：{}", read.title, words(read))).collect();
    format!("{}{more}", listed.join("；"))
}

/// An alert that stands.
pub(super) struct OpenAlert {
    id: i64,
    division: DivisionId,
    read: String,
    grade: Option<String>,
    due_on: Option<NaiveDate>,
}

/// The open alerts of records.
pub(super) async fn open_alerts(
    tx: &Tx,
    register: &Register,
    ids: &[RecordId],
) -> Result<Standing<OpenAlert>, OfficeError> {
    let rows = Query::new(
        &RULES,
        &ScopeColumns::NONE,
        "SELECT a.id, a.record_id, a.alert, a.division_id, a.read, a.grade, a.due_on FROM record_alert a WHERE a.register = ? \
         AND a.state = 'open' AND a.record_id IN ({list})",
    )
    .bind(register.id.as_str())
    .bind_list(ids.iter().copied())
    .all_as(tx, |row| {
        let open = OpenAlert {
            id: row.get("id")?,
            division: row.get("division_id")?,
            read: row.get("read")?,
            grade: row.get("grade")?,
            due_on: row.get("due_on")?,
        };
        Ok(((row.get("record_id")?, row.get("alert")?), open))
    })
    .await?;
    Ok(rows.into_iter().collect())
}

/// Raises an alert, brings the one that stands up to date, or ends it: `told` is what the rule says now and what stands.
#[expect(clippy::too_many_arguments, reason = "one alert of one record")]
pub(super) async fn settle_alert(
    office: &Office,
    tx: &Tx,
    register: &Register,
    record: &Record,
    alert: &Alert,
    told: (&Value, Option<&OpenAlert>),
    reads: impl Fn() -> String,
    rated: impl Fn() -> Option<(AlertGrade, Limit)>,
    looked: Looked,
    offices: &mut Offices,
) -> Result<(), OfficeError> {
    let now = office.now().at_ms();
    let due = |limit: Limit| office.calendar().due(office.now().today(), time_limit(limit)).earliest;
    match told {
        (Value::Boolean(true), Some(standing)) => {
            let read = reads();
            let (mut grade, mut due_on) = (standing.grade.clone(), standing.due_on);
            match rated() {
                Some((now, limit)) if grade.as_deref() != Some(now.code()) => {
                    grade = Some(now.code().to_owned());
                    // A grade that gets worse leaves less time; one that eases gives nobody more.
                    due_on = Some(due_on.map_or(due(limit), |known| known.min(due(limit))));
                }
                _ => {}
            }
            // It goes with its record: where that lay before nobody hears of it any more.
            if read != standing.read || grade != standing.grade || record.division != standing.division {
                let place = offices.of(tx, record.division, alert.level).await?;
                Query::new(
                    &RULES,
                    &ScopeColumns::NONE,
                    "UPDATE record_alert SET read = ?, title = ?, grade = ?, due_on = ?, division_id = ?, office_id = ? WHERE id = ?",
                )
                .bind(read)
                .bind(record.title.as_str())
                .bind(grade)
                .bind(due_on)
                .bind(record.division)
                .bind(place)
                .bind(standing.id)
                .execute_one(tx)
                .await?;
            }
        }
        (Value::Boolean(true), None) => {
            let read = reads();
            // Somebody settled it on the very same grounds: it comes again when they change.
            if looked != Looked::New && settled_on(tx, register, record, alert).await?.as_ref() == Some(&read)
            {
                return Ok(());
            }
            let place = offices.of(tx, record.division, alert.level).await?;
            let rated = rated();
            Query::system(
                "an alert of a record",
                "INSERT INTO record_alert (register, record_id, alert, division_id, office_id, title, urgent, read, state, raised_at, \
                 grade, due_on) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'open', ?, ?, ?)",
            )
            .bind(register.id.as_str())
            .bind(record.id)
            .bind(alert.id.as_str())
            .bind(record.division)
            .bind(place)
            .bind(record.title.as_str())
            .bind(alert.urgent)
            .bind(read)
            .bind(now)
            .bind(rated.map(|(grade, _)| grade.code()))
            .bind(rated.map(|(_, limit)| due(limit)))
            .execute(tx)
            .await?;
        }
        (Value::Boolean(false), Some(standing)) => {
            Query::new(
                &RULES,
                &ScopeColumns::NONE,
                "UPDATE record_alert SET state = 'gone', ended_at = ? WHERE id = ? AND state = 'open'",
            )
            .bind(now)
            .bind(standing.id)
            .execute(tx)
            .await?;
        }
        // What cannot be known now raises nothing and settles nothing.
        _ => {}
    }
    Ok(())
}

/// The grounds on which somebody settled an alert the last time.
async fn settled_on(
    tx: &Tx,
    register: &Register,
    record: &Record,
    alert: &Alert,
) -> Result<Option<String>, OfficeError> {
    Ok(Query::new(
        &RULES,
        &ScopeColumns::NONE,
        "SELECT a.read FROM record_alert a WHERE a.register = ? AND a.record_id = ? AND a.alert = ? AND a.state = 'closed' \
         ORDER BY a.id DESC LIMIT 1",
    )
    .bind(register.id.as_str())
    .bind(record.id)
    .bind(alert.id.as_str())
    .optional_as(tx, |row| row.get("read"))
    .await?)
}
