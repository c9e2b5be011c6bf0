//! Facts that follow from the ledger: who holds which benefit, and how much somebody already gets. The pack says which (`held`); nobody
//! enters them, so what a rule reads of a recipient is what the books say.
//!
//! They are worked out when they are read, in both times: for the month of a day, as the ledger knew it at a moment. The projections hold
//! today's values; triggers note every benefit that changed, and [`super::roll_forward`] brings its people up to date.

use std::collections::{BTreeMap, BTreeSet};

use catalogue::Release;
use catalogue::definition::{Fact, Held, Unit};
use catalogue::shapes::absent_value;
use chrono::NaiveDate;
use rules::{Rational, Value};
use store::{Connection, Db, HouseholdId, PersonId, Query, Tx};
use vocab::{Fen, Month};

use super::facts::{Subject, value_of, winners};
use super::projection;
use crate::{Office, OfficeError};

/// Why the ledger is read.
const BOOKS: &str = "facts that follow from the benefits of subjects whom the caller has seen";

/// Benefits, persons or families in one statement.
const CHUNK: usize = 1_000;

/// Known in both times: written by then, and not written over.
const KNOWN: &str = "recorded_at <= ? AND (superseded_at IS NULL OR superseded_at > ?)";

/// The value of every fact that is known of the subjects: the winning statement, and over it what the ledger says.
pub(super) async fn known_values(
    office: &Office,
    connection: &impl Connection,
    release: &Release,
    subjects: &[Subject],
    valid_on: NaiveDate,
    known_at: i64,
) -> Result<BTreeMap<(Subject, String), Value>, OfficeError> {
    let mut values = BTreeMap::new();
    for ((subject, id), row) in winners(connection, release, subjects, valid_on, known_at).await? {
        if let Some(fact) = release.facts.get(&id) {
            let value = if row.lapsed(valid_on) { Value::Unknown } else { value_of(office, fact, &row)? };
            values.insert((subject, id), value);
        }
    }
    for unit in [Unit::Person, Unit::Household] {
        let facts: Vec<(&Fact, &Held)> = of_unit(release, unit).collect();
        let of_unit: Vec<Subject> = subjects.iter().copied().filter(|one| one.unit() == unit).collect();
        if facts.is_empty() || of_unit.is_empty() {
            continue;
        }
        let books = Books::read(connection, &facts, &of_unit, known_at).await?;
        let month = Month::containing(valid_on);
        for subject in of_unit {
            for (fact, held) in &facts {
                let key = (subject, fact.id.get().clone());
                if let Some(value) = books.value(subject, held, month) {
                    values.insert(key, value);
                } else if values.get(&key).is_none_or(|known| *known == Value::Unknown) {
                    // The books were asked and have nothing.
                    values.insert(key, absent_value(fact));
                }
            }
        }
    }
    Ok(values)
}

/// The facts of persons or families that follow from the ledger.
fn of_unit(release: &Release, unit: Unit) -> impl Iterator<Item = (&Fact, &Held)> {
    let facts = release.facts.iter().map(|fact| &**fact).filter(move |fact| fact.on == unit);
    facts.filter_map(|fact| Some((fact, fact.held.as_ref()?)))
}

fn programmes_of<'a>(facts: impl Iterator<Item = &'a Held>) -> BTreeSet<&'a str> {
    facts
        .flat_map(|held| held.codes.iter().map(|held| &held.programme).chain(&held.sum))
        .map(|programme| programme.as_str())
        .collect()
}

/// A number of months.
#[derive(Debug, Clone, Copy)]
struct Span {
    from: Month,
    until: Option<Month>,
}

impl Span {
    fn holds(self, month: Month) -> bool {
        self.from <= month && self.until.is_none_or(|until| month <= until)
    }
}

/// One benefit as the ledger knew it.
#[derive(Debug, Default)]
struct Benefit {
    programme: String,
    amounts: Vec<(Span, Fen)>,
    members: Vec<(Span, PersonId)>,
}

impl Benefit {
    fn amount(&self, month: Month) -> Fen {
        self.amounts.iter().find(|(span, _)| span.holds(month)).map_or(Fen(0), |(_, amount)| *amount)
    }

    fn covered(&self, month: Month) -> i64 {
        self.members.iter().filter(|(span, _)| span.holds(month)).count().try_into().unwrap_or(i64::MAX)
    }

    fn covers(&self, person: PersonId, month: Month) -> bool {
        self.members.iter().any(|(span, member)| *member == person && span.holds(month))
    }
}

/// The benefits of some subjects.
struct Books {
    benefits: BTreeMap<i64, Benefit>,
    of: BTreeMap<Subject, BTreeSet<i64>>,
}

impl Books {
    async fn read(
        connection: &impl Connection,
        facts: &[(&Fact, &Held)],
        subjects: &[Subject],
        known_at: i64,
    ) -> Result<Books, OfficeError> {
        let programmes = programmes_of(facts.iter().map(|(_, held)| *held));
        let mut books = Books { benefits: BTreeMap::new(), of: BTreeMap::new() };
        for chunk in subjects.chunks(CHUNK) {
            books.find(connection, &programmes, chunk, known_at).await?;
        }
        let ids: Vec<i64> = books.benefits.keys().copied().collect();
        for chunk in ids.chunks(CHUNK) {
            books.fill(connection, chunk, known_at).await?;
        }
        Ok(books)
    }

    /// Which benefits concern whom.
    async fn find(
        &mut self,
        connection: &impl Connection,
        programmes: &BTreeSet<&str>,
        subjects: &[Subject],
        known_at: i64,
    ) -> Result<(), OfficeError> {
        let of_persons = matches!(subjects.first(), Some(Subject::Person(_)));
        let sql = if of_persons {
            "SELECT DISTINCT e.id, e.programme, m.person_id AS subject FROM entitlement_member m \
             JOIN entitlement e ON e.id = m.entitlement_id WHERE m.person_id IN ({list}) AND e.programme IN ({list}) AND e.made_at <= ?"
        } else {
            "SELECT e.id, e.programme, e.household_id AS subject FROM entitlement e \
             WHERE e.household_id IN ({list}) AND e.programme IN ({list}) AND e.made_at <= ?"
        };
        let ids = subjects.iter().map(|subject| match subject {
            Subject::Person(id) => id.0,
            Subject::Household(id) => id.0,
        });
        let rows = Query::system(BOOKS, sql)
            .bind_list(ids)
            .bind_list(programmes.iter().copied())
            .bind(known_at)
            .all(connection)
            .await?;
        for row in &rows {
            let (id, subject): (i64, i64) = (row.get("id")?, row.get("subject")?);
            let subject = if of_persons {
                Subject::Person(PersonId(subject))
            } else {
                Subject::Household(HouseholdId(subject))
            };
            let benefit = Benefit { programme: row.get("programme")?, ..Benefit::default() };
            self.benefits.entry(id).or_insert(benefit);
            self.of.entry(subject).or_default().insert(id);
        }
        Ok(())
    }

    /// Amounts and members of benefits.
    async fn fill(
        &mut self,
        connection: &impl Connection,
        ids: &[i64],
        known_at: i64,
    ) -> Result<(), OfficeError> {
        let ask = |columns: &str, table: &str| {
            let sql = format!(
                "SELECT entitlement_id, from_month, until_month, {columns} FROM {table} WHERE entitlement_id IN ({{list}}) AND {KNOWN}"
            );
            Query::system(BOOKS, sql).bind_list(ids.iter().copied()).bind(known_at).bind(known_at)
        };
        let span = |row: &store::Row| -> store::Result<Span> {
            Ok(Span { from: row.get("from_month")?, until: row.get("until_month")? })
        };
        for row in &ask("amount_fen", "entitlement_amount").all(connection).await? {
            if let Some(benefit) = self.benefits.get_mut(&row.get::<i64>("entitlement_id")?) {
                benefit.amounts.push((span(row)?, row.get("amount_fen")?));
            }
        }
        for row in &ask("person_id", "entitlement_member").all(connection).await? {
            if let Some(benefit) = self.benefits.get_mut(&row.get::<i64>("entitlement_id")?) {
                benefit.members.push((span(row)?, row.get("person_id")?));
            }
        }
        Ok(())
    }

    /// What the books say of a subject in a month; nothing where nothing is held.
    fn value(&self, subject: Subject, held: &Held, month: Month) -> Option<Value> {
        let own: Vec<&Benefit> =
            self.of.get(&subject)?.iter().filter_map(|id| self.benefits.get(id)).collect();
        let concerns = |benefit: &Benefit, month: Month| match subject {
            Subject::Person(person) => benefit.covers(person, month),
            Subject::Household(_) => benefit.covered(month) > 0,
        };
        for code in &held.codes {
            if own.iter().any(|one| one.programme == *code.programme.get() && concerns(one, month)) {
                return Some(Value::from(code.code.as_str()));
            }
        }
        let mut sum = None;
        for benefit in own.iter().filter(|one| held.sum.iter().any(|id| *id.get() == one.programme)) {
            let back = i32::from(held.months.unwrap_or(1)) - 1;
            let (mut at, mut last) = (month.plus(-back), month);
            if held.months.is_some() {
                // What was decided together is counted with its stages to come.
                let ends = benefit.amounts.iter().filter_map(|(span, _)| span.until);
                last = ends.max().map_or(last, |until| until.max(last));
            }
            while at <= last {
                let amount = benefit.amount(at);
                if !amount.is_zero() && concerns(benefit, at) {
                    let share = match subject {
                        Subject::Person(_) => share(amount, benefit.covered(at)),
                        Subject::Household(_) => amount,
                    };
                    sum = Some(sum.unwrap_or(0) + share.0);
                }
                at = at.next();
            }
        }
        sum.map(|sum: i64| Value::Number(Rational::from_scaled(sum, 2)))
    }
}

/// A person's part of a family's amount, half a fen rounded up.
fn share(amount: Fen, covered: i64) -> Fen {
    let covered = covered.max(1);
    Fen((2 * amount.0 + covered) / (2 * covered))
}

/// Notes that everybody who holds a benefit has to be brought up to date.
pub(super) async fn note_all(tx: &Tx) -> Result<(), OfficeError> {
    Query::system(BOOKS, "INSERT INTO held_change (entitlement_id) SELECT e.id FROM entitlement e")
        .execute(tx)
        .await?;
    Ok(())
}

/// Notes the benefits that begin, end or fall out of a sum between two months.
pub(super) async fn note_months(
    tx: &Tx,
    release: &Release,
    last: Month,
    now: Month,
) -> Result<(), OfficeError> {
    let helds = || release.facts.iter().filter_map(|fact| fact.held.as_ref());
    let back = helds().filter_map(|held| held.months).max().map_or(0, i32::from);
    Query::system(
        BOOKS,
        "INSERT INTO held_change (entitlement_id) SELECT DISTINCT m.entitlement_id FROM entitlement_member m \
         WHERE m.superseded_at IS NULL AND ((m.from_month > ? AND m.from_month <= ?) OR (m.until_month >= ? AND m.until_month < ?))",
    )
    .bind(last)
    .bind(now)
    .bind(last.plus(-back))
    .bind(now)
    .execute(tx)
    .await?;
    Ok(())
}

/// Brings the people of every noted benefit up to date; how many were touched.
pub(super) async fn follow(
    office: &Office,
    release: &Release,
    today: NaiveDate,
) -> Result<usize, OfficeError> {
    let mut touched = 0;
    loop {
        let noted = noted(office.db()).await?;
        if noted.is_empty() {
            return Ok(touched);
        }
        let mut benefits: Vec<i64> = noted.iter().map(|(_, benefit)| *benefit).collect();
        benefits.sort_unstable();
        benefits.dedup();
        let tx = office.db().begin().await?;
        let subjects = subjects_of(&tx, &benefits).await?;
        projection::refresh(office, &tx, release, &subjects, today).await?;
        Query::system(BOOKS, "DELETE FROM held_change WHERE id IN ({list})")
            .bind_list(noted.iter().map(|(id, _)| *id))
            .execute(&tx)
            .await?;
        tx.commit().await?;
        touched += subjects.len();
    }
}

async fn noted(db: &Db) -> Result<Vec<(i64, i64)>, OfficeError> {
    Ok(Query::system(BOOKS, "SELECT id, entitlement_id FROM held_change ORDER BY id LIMIT ?")
        .bind(CHUNK)
        .all_as(db, |row| Ok((row.get("id")?, row.get("entitlement_id")?)))
        .await?)
}

async fn subjects_of(tx: &Tx, benefits: &[i64]) -> Result<Vec<Subject>, OfficeError> {
    let mut subjects: BTreeSet<Subject> = BTreeSet::new();
    let persons: Vec<i64> = Query::system(
        BOOKS,
        "SELECT DISTINCT person_id FROM entitlement_member WHERE entitlement_id IN ({list})",
    )
    .bind_list(benefits.iter().copied())
    .scalars(tx)
    .await?;
    let households: Vec<i64> =
        Query::system(BOOKS, "SELECT DISTINCT household_id FROM entitlement WHERE id IN ({list})")
            .bind_list(benefits.iter().copied())
            .scalars(tx)
            .await?;
    subjects.extend(persons.into_iter().map(|id| Subject::Person(PersonId(id))));
    subjects.extend(households.into_iter().map(|id| Subject::Household(HouseholdId(id))));
    Ok(subjects.into_iter().collect())
}
