//! Today's values: `person_now` and `household_now`, one typed column for each fact of the pack, so that lists, filters and
//! the snapshot read one row.
//!
//! Columns are added when a release brings a new fact and never taken away or retyped. Rows are kept by whoever records facts, in
//! the same transaction; [`roll_forward`] brings in what starts or ends with a new day.

use catalogue::Release;
use catalogue::definition::{Fact, Unit};
use chrono::NaiveDate;
use store::{Connection, Db, HouseholdId, PersonId, Query, Tx};
use vocab::Month;

use super::fact_value;
use super::facts::Subject;
use super::held::{self, known_values};
use crate::{Office, OfficeError};

const PROJECTION: &str = "the projection follows the facts";

/// The day up to which [`roll_forward`] has come.
const ROLLED_TO: &str = "projection.rolled_to";

/// Subjects brought forward in one transaction.
const BATCH: usize = 500;

fn table(unit: Unit) -> (&'static str, &'static str, &'static str) {
    match unit {
        Unit::Person => ("person", "person_now", "person_id"),
        Unit::Household => ("household", "household_now", "household_id"),
    }
}

/// Whose fact it is, and the type of the column in which today's value stands: neither ever changes.
pub(crate) fn column_type(fact: &Fact) -> (Unit, &'static str) {
    (fact.on, fact_value::sql_type(fact))
}

/// Adds a column for every fact of the release that has none yet. Run before the release is put in force.
///
/// # Errors
/// [`OfficeError::Conflict`] when a fact changed its type: that is another fact and needs another id.
pub async fn prepare_projections(db: &Db, release: &Release) -> Result<usize, OfficeError> {
    let tx = db.begin().await?;
    let added = prepare_projections_in(&tx, release).await?;
    tx.commit().await?;
    Ok(added)
}

/// The same in the transaction that puts the release in force.
pub(crate) async fn prepare_projections_in(tx: &Tx, release: &Release) -> Result<usize, OfficeError> {
    tx.lock("projection").await?;
    let mut added = 0;
    for fact in release.facts.iter() {
        let (subject, table, _) = table(fact.on);
        let id = fact.id.get();
        let sql_type = fact_value::sql_type(fact);
        let known = Query::system(
            PROJECTION,
            "SELECT c.sql_type FROM projection_column c WHERE c.subject = ? AND c.fact = ?",
        )
        .bind(subject)
        .bind(id.as_str())
        .optional(tx)
        .await?;
        match known {
            Some(row) if row.get::<String>("sql_type")? == sql_type => {}
            Some(_) => {
                return Err(OfficeError::Conflict(format!(
                    "指标项「{}」（{id}）的类型与以前不同。类型变了就是另一个指标项，请在政策包中换一个新的编号。",
                    fact.title
                )));
            }
            None => {
                if !id.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
                    return Err(OfficeError::Internal(format!("指标项编号 {id} 不能作列名")));
                }
                tx.define(&format!("ALTER TABLE {table} ADD COLUMN \"{id}\" {sql_type}")).await?;
                Query::system(
                    PROJECTION,
                    "INSERT INTO projection_column (subject, fact, sql_type) VALUES (?, ?, ?)",
                )
                .bind(subject)
                .bind(id.as_str())
                .bind(sql_type)
                .execute(tx)
                .await?;
                added += 1;
            }
        }
    }
    Ok(added)
}

/// Writes today's values of some subjects afresh.
pub(super) async fn refresh(
    office: &Office,
    tx: &Tx,
    release: &Release,
    subjects: &[Subject],
    today: NaiveDate,
) -> Result<(), OfficeError> {
    for unit in [Unit::Person, Unit::Household] {
        let of_unit: Vec<Subject> =
            subjects.iter().copied().filter(|subject| subject.unit() == unit).collect();
        let facts: Vec<&Fact> =
            release.facts.iter().map(|fact| &**fact).filter(|fact| fact.on == unit).collect();
        if of_unit.is_empty() || facts.is_empty() {
            continue;
        }
        let (_, table, key) = table(unit);
        let names: Vec<String> = facts.iter().map(|fact| format!("\"{}\"", fact.id.get())).collect();
        let updates: Vec<String> = names.iter().map(|name| format!("{name} = excluded.{name}")).collect();
        let places = format!("({})", vec!["?"; names.len() + 1].join(", "));
        let chunk = (5_000 / (names.len() + 1)).max(1);
        for subjects in of_unit.chunks(chunk) {
            let known = known_values(office, tx, release, subjects, today, i64::MAX).await?;
            let sql = format!(
                "INSERT INTO {table} ({key}, {}) VALUES {} ON CONFLICT ({key}) DO UPDATE SET {}",
                names.join(", "),
                vec![places.as_str(); subjects.len()].join(", "),
                updates.join(", ")
            );
            let mut query = Query::system(PROJECTION, sql);
            for subject in subjects {
                query = query.bind(match subject {
                    Subject::Person(id) => id.0,
                    Subject::Household(id) => id.0,
                });
                for fact in &facts {
                    let value = known.get(&(*subject, fact.id.get().clone()));
                    let value = value.unwrap_or(&rules::Value::Unknown);
                    query = query.bind_value(fact_value::to_column(fact, value)?);
                }
            }
            query.execute(tx).await?;
        }
    }
    Ok(())
}

/// Writes today's values of some subjects afresh, for imports that wrote facts by themselves.
///
/// # Errors
/// The database.
pub async fn refresh_projection(office: &Office, tx: &Tx, subjects: &[Subject]) -> Result<(), OfficeError> {
    refresh(office, tx, &office.release(), subjects, office.now().today()).await
}

/// The definitions of facts by which every projected value was chosen.
const DEFINITIONS: &str = "projection.definitions";

/// Writes everybody's values afresh when facts are chosen or read otherwise than before: another order of sources, another meaning of
/// what a source does not have. Whether it did.
///
/// # Errors
/// The database. Killed halfway it begins again, to the same result.
pub async fn follow_definitions(office: &Office) -> Result<bool, OfficeError> {
    let release = office.release();
    let facts = release.facts.iter().map(|fact| {
        let precedence: Vec<String> =
            fact.precedence.iter().map(|source| format!("{:?}", source.get())).collect();
        let held = fact.held.as_ref().map_or_else(String::new, |held| format!(" {held:?}"));
        format!("{:?} {} {:?} {}{held}", fact.on, fact.id.get(), fact.absent, precedence.join(","))
    });
    let mut facts: Vec<String> = facts.collect();
    facts.sort_unstable();
    let facts = facts.join("\n");
    let known = store::setting(office.db(), DEFINITIONS).await?;
    if known.as_deref() == Some(facts.as_str()) {
        return Ok(false);
    }
    let today = office.now().today();
    for (unit, column) in [(Unit::Person, "person_id"), (Unit::Household, "household_id")] {
        let mut after = 0_i64;
        loop {
            let ids: Vec<i64> = Query::system(
                PROJECTION,
                format!(
                    "SELECT DISTINCT f.{column} FROM fact f WHERE f.{column} > ? ORDER BY f.{column} LIMIT ?"
                ),
            )
            .bind(after)
            .bind(BATCH)
            .scalars(office.db())
            .await?;
            let Some(&end) = ids.last() else { break };
            let subjects: Vec<Subject> = ids
                .iter()
                .map(|&id| match unit {
                    Unit::Person => Subject::Person(PersonId(id)),
                    Unit::Household => Subject::Household(HouseholdId(id)),
                })
                .collect();
            let tx = office.db().begin().await?;
            refresh(office, &tx, &release, &subjects, today).await?;
            tx.commit().await?;
            after = end;
        }
    }
    let tx = office.db().begin().await?;
    held::note_all(&tx).await?;
    store::set_setting(&tx, DEFINITIONS, &facts).await?;
    tx.commit().await?;
    Ok(true)
}

/// A daily job: brings forward everybody for whom a fact started or ended since it last ran. How many were touched.
/// Killed halfway it begins that day again, to the same result.
///
/// # Errors
/// The database.
pub async fn roll_forward(office: &Office) -> Result<usize, OfficeError> {
    let today = office.now().today();
    let release = office.release();
    let last: Option<NaiveDate> =
        store::setting(office.db(), ROLLED_TO).await?.and_then(|text| text.parse().ok());
    let mut touched = 0;
    if last.is_none_or(|last| last < today) {
        // Whatever was recorded before the first run was projected as of the day of its recording.
        let last =
            last.unwrap_or(NaiveDate::MIN.max(NaiveDate::from_ymd_opt(1900, 1, 1).unwrap_or(NaiveDate::MIN)));
        for (unit, column) in [(Unit::Person, "person_id"), (Unit::Household, "household_id")] {
            let mut after = 0_i64;
            loop {
                let ids = changed_subjects(office.db(), column, last, today, after).await?;
                let Some(&end) = ids.last() else { break };
                let subjects: Vec<Subject> = ids
                    .iter()
                    .map(|&id| match unit {
                        Unit::Person => Subject::Person(PersonId(id)),
                        Unit::Household => Subject::Household(HouseholdId(id)),
                    })
                    .collect();
                let tx = office.db().begin().await?;
                refresh(office, &tx, &release, &subjects, today).await?;
                tx.commit().await?;
                touched += subjects.len();
                after = end;
            }
        }
        let tx = office.db().begin().await?;
        let (before, now) = (Month::containing(last), Month::containing(today));
        if before < now {
            held::note_months(&tx, &release, before, now).await?;
        }
        store::set_setting(&tx, ROLLED_TO, &today.to_string()).await?;
        tx.commit().await?;
    }
    touched += held::follow(office, &release, today).await?;
    Ok(touched)
}

async fn changed_subjects(
    connection: &impl Connection,
    column: &str,
    last: NaiveDate,
    today: NaiveDate,
    after: i64,
) -> Result<Vec<i64>, OfficeError> {
    let sql = format!(
        "SELECT k.id FROM ( \
         SELECT f.{column} AS id FROM fact f WHERE f.from_on > ? AND f.from_on <= ? AND f.superseded_at IS NULL AND f.{column} > ? \
         UNION SELECT f.{column} AS id FROM fact f WHERE f.until_on > ? AND f.until_on <= ? AND f.superseded_at IS NULL \
         AND f.{column} > ? \
         UNION SELECT f.{column} AS id FROM fact f WHERE f.lapses_on > ? AND f.lapses_on <= ? AND f.superseded_at IS NULL \
         AND f.{column} > ?) k ORDER BY k.id LIMIT ?"
    );
    let ids = Query::system(PROJECTION, sql)
        .bind(last)
        .bind(today)
        .bind(after)
        .bind(last)
        .bind(today)
        .bind(after)
        .bind(last)
        .bind(today)
        .bind(after)
        .bind(BATCH)
        .scalars(connection)
        .await?;
    Ok(ids)
}
