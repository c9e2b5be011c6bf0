//! Everybody at once: the population in columns, made from the database and kept up to date by what has changed.
//!
//! A [`Population`] is a snapshot of `columns` with the facts that some programme of the release reads, the same values by the same
//! rules that a determination reads (today's projections, which stand in the same transaction as the facts), one row for each family that
//! has members. It holds no names, no numbers of persons and no text; rows carry the surrogate keys of family and person, so that who is
//! found can be looked up by whoever may.
//!
//! - [`refresh`] makes it, whole or by changes only ([`make`]); [`POPULATION_JOB`] is the same as a job with progress;
//! - [`current`] gives the one that is there: mapped from its file, which its owner alone may read, or held in memory where the office was
//!   given no place for a file;
//! - [`read`] asks the database for families, a few statements for thousands.
//!
//! **Nothing is missed.** Triggers note every touched person and family in `population_change`, each writer in rows of its own. A refresh
//! reads the rows that are committed, reads those families anew and deletes exactly these rows, so what commits later is read later. A file
//! bears a token that the database knows: a file of another database, or of a making that broke off, is made anew.
#![allow(
    rustdoc::private_intra_doc_links,
    reason = "the table of contents above is for readers of the source"
)]

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::SystemTime;

use catalogue::Release;
use catalogue::shapes::{HOUSEHOLD, PERSON};
use columns::{Kind, Schema, Snapshot};
use serde::{Deserialize, Serialize};
use store::{HouseholdId, Migration, PersonId};

use crate::{Office, OfficeError};

mod make;
mod read;

pub(crate) use make::watched;
pub use make::{Made, POPULATION_JOB, forget, refresh, schedule, work};

/// Tables of this module.
pub const MIGRATIONS: &[Migration] = &[Migration {
    name: "20261122_population",
    sql: include_str!("../../migrations/20261122_population.sql"),
}];

/// The column of both tables that holds the surrogate key of the row. No field of a shape can have this name.
const KEY: &str = "#id";

/// A population in columns, as it was when it was made.
#[derive(Debug)]
pub struct Population {
    /// The columns.
    pub snapshot: Snapshot,
    /// What stands on it.
    pub label: Label,
    people: usize,
    household_key: usize,
    person_key: usize,
}

/// What is written on a snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Label {
    /// The making that it goes back to; the database knows it.
    pub token: String,
    /// Hash of the release whose programmes said which facts are needed.
    pub release: String,
    /// Unix milliseconds: everything committed before is in it.
    pub made_at: i64,
    /// Families too large for a relation of the rules; they are decided at the desk.
    pub left_out: u64,
}

impl Population {
    fn of(snapshot: Snapshot) -> Option<Population> {
        let label = serde_json::from_str(snapshot.label()).ok()?;
        let schema = snapshot.schema();
        let people = schema.child(0, "members")?;
        let (household_key, person_key) = (schema.column(0, KEY)?, schema.column(people, KEY)?);
        Some(Population { label, people, household_key, person_key, snapshot })
    }

    /// The table of members.
    #[must_use]
    pub fn people(&self) -> usize {
        self.people
    }

    /// The family of a row.
    #[must_use]
    pub fn household(&self, row: usize) -> HouseholdId {
        HouseholdId(self.snapshot.whole(0, self.household_key, row).unwrap_or_default())
    }

    /// The person of a row of members.
    #[must_use]
    pub fn person(&self, row: usize) -> PersonId {
        PersonId(self.snapshot.whole(self.people, self.person_key, row).unwrap_or_default())
    }

    /// The row of a family; none if it has no members or came later.
    #[must_use]
    pub fn row_of(&self, household: HouseholdId) -> Option<usize> {
        let row = self.before(household);
        (row < self.snapshot.rows(0) && self.household(row) == household).then_some(row)
    }

    /// The row of the family of a row of members.
    #[must_use]
    pub fn root_of(&self, member: usize) -> usize {
        let (mut from, mut to) = (0, self.snapshot.rows(0));
        while from < to {
            let middle = from + (to - from) / 2;
            if self.snapshot.rows_of(self.people, middle).end <= member {
                from = middle + 1;
            } else {
                to = middle;
            }
        }
        from
    }

    /// How many rows belong to families before this one: rows stand in the order of their keys.
    fn before(&self, household: HouseholdId) -> usize {
        let (mut from, mut to) = (0, self.snapshot.rows(0));
        while from < to {
            let middle = from + (to - from) / 2;
            if self.household(middle) < household {
                from = middle + 1;
            } else {
                to = middle;
            }
        }
        from
    }
}

/// The tables and columns that a release needs: every field that a programme or its coverage reads, texts left out.
fn schema(release: &Release) -> Schema {
    let mut wanted = std::collections::BTreeSet::new();
    for programme in release.programmes.iter() {
        wanted.extend(release.rules(&programme.id).into_iter().flat_map(rules::Programme::facts));
        wanted.extend(release.coverage(&programme.id).into_iter().flat_map(rules::Expression::facts));
    }
    // Without the head's mark nobody could say whose income it is.
    for field in ["head", "relation", "born_on", "sex"] {
        wanted.insert((PERSON.to_owned(), field.to_owned()));
    }
    wanted.insert((HOUSEHOLD.to_owned(), "area".to_owned()));
    let mut schema = Schema::of(release.shapes(), HOUSEHOLD, &wanted, &[("head", "members")]);
    for table in &mut schema.tables {
        table.columns.push(columns::Column { id: KEY.to_owned(), kind: Kind::Number { scale: 0 } });
    }
    schema
}

/// Where an office keeps its population.
#[derive(Debug, Default)]
pub(crate) struct Shelf {
    path: Option<PathBuf>,
    open: RwLock<Option<(Option<Stamp>, Arc<Population>)>>,
    /// Held while one is made, so that two do not write one file.
    making: tokio::sync::Mutex<()>,
}

/// Says whether a file is still the one that was opened.
type Stamp = (SystemTime, u64);

fn stamp(path: &Path) -> Option<Stamp> {
    let file = std::fs::metadata(path).ok()?;
    Some((file.modified().ok()?, file.len()))
}

impl Shelf {
    pub(crate) fn at(path: PathBuf) -> Shelf {
        Shelf { path: Some(path), ..Shelf::default() }
    }

    fn put(&self, population: Arc<Population>) {
        let stamp = self.path.as_deref().and_then(stamp);
        *self.open.write().unwrap_or_else(PoisonError::into_inner) = Some((stamp, population));
    }

    fn get(&self) -> Result<Option<Arc<Population>>, OfficeError> {
        let held = {
            let held = self.open.read().unwrap_or_else(PoisonError::into_inner);
            held.as_ref().map(|(stamp, population)| (*stamp, Arc::clone(population)))
        };
        let Some(path) = &self.path else { return Ok(held.map(|(_, population)| population)) };
        // Another process may have made it anew.
        let now = stamp(path);
        match (held, now) {
            (_, None) => Ok(None),
            (Some((then, population)), now) if then == now => Ok(Some(population)),
            _ => {
                let snapshot = Snapshot::open(path).map_err(of_columns)?;
                let Some(population) = Population::of(snapshot).map(Arc::new) else { return Ok(None) };
                self.put(Arc::clone(&population));
                Ok(Some(population))
            }
        }
    }
}

/// What the columns say, for the person at the screen.
#[expect(clippy::needless_pass_by_value, reason = "an error is passed on")]
fn of_columns(error: columns::ColumnsError) -> OfficeError {
    OfficeError::Internal(format!("人口快照：{error}"))
}

/// The population that is there, however old; none before the first was made.
///
/// # Errors
/// A file that cannot be read.
pub fn current(office: &Office) -> Result<Option<Arc<Population>>, OfficeError> {
    office.population.get()
}
