//! Families read from the database for the population: two statements for thousands, each row packed into one line of text, because
//! unpacking twenty columns of ten million rows one by one takes longer than everything else together.

use std::collections::HashMap;
use std::sync::Arc;

use catalogue::Release;
use catalogue::definition::ValueKind;
use catalogue::shapes::PERSON;
use chrono::NaiveDate;
use columns::{Draft, Kind, Schema, packed_date};
use rules::RELATION_ROWS_MAX;
use store::{Db, Query};

use super::{KEY, of_columns};
use crate::OfficeError;

/// Why everybody is read.
pub(super) const EVERYBODY: &str = "the population snapshot";

/// Which families.
#[derive(Debug, Clone)]
pub(super) enum Which {
    /// Numbers above the first, up to the second.
    Between(i64, i64),
    /// These.
    These(Vec<i64>),
}

/// The statements, written once for a schema: what stands before the families are named; after them only `) x` is left.
pub(super) struct Statements {
    households: String,
    members: String,
}

impl Statements {
    pub(super) fn of(schema: &Schema, release: &Release) -> Arc<Statements> {
        // Of whom the ledger has nothing, nothing is projected: that is none, as a determination reads it.
        let held = |fact: &str| release.facts.get(fact).filter(|fact| fact.held.is_some());
        let line = |table: usize| {
            let shape = schema.tables[table].shape.as_str();
            let columns = schema.tables[table].columns.iter().filter(|column| column.id != KEY);
            columns
                .map(|column| {
                    let place = match (shape, column.id.as_str()) {
                        (PERSON, "sex" | "born_on") => format!("p.{}", column.id),
                        (PERSON, "relation" | "head") => format!("m.{}", column.id),
                        (_, "area") => "h.area".to_owned(),
                        (_, fact) => match held(fact).map(|fact| *fact.kind) {
                            Some(ValueKind::Code) => format!("coalesce(n.\"{fact}\", 'none')"),
                            Some(_) => format!("coalesce(n.\"{fact}\", 0)"),
                            None => format!("n.\"{fact}\""),
                        },
                    };
                    let place = match column.kind {
                        Kind::Boolean => format!("CAST({place} AS INTEGER)"),
                        Kind::Number { .. } | Kind::Date | Kind::Month | Kind::Code => place,
                    };
                    format!(" || '|' || coalesce(CAST({place} AS TEXT), '')")
                })
                .collect::<String>()
        };
        let gathered = |line: &str, from: &str| {
            format!("SELECT string_agg(x.line, '\n') AS lines FROM (SELECT {line} AS line FROM {from} ")
        };
        let household = format!("h.id || '|' || h.division_id{}", line(0));
        let member = format!(
            "m.household_id || '|' || CAST(m.head AS INTEGER) || '|' || CAST(p.born_on AS TEXT) || '|' || m.id || '|' || m.person_id{}",
            line(1)
        );
        Arc::new(Statements {
            households: gathered(
                &household,
                "household h LEFT JOIN household_now n ON n.household_id = h.id WHERE",
            ),
            members: gathered(
                &member,
                "membership m JOIN person p ON p.id = m.person_id LEFT JOIN person_now n ON n.person_id = m.person_id \
                 WHERE m.from_on <= ? AND (m.until_on IS NULL OR m.until_on > ?) AND m.superseded_at IS NULL AND",
            ),
        })
    }
}

/// Families as the database gave them.
pub(super) struct Lines {
    households: String,
    members: String,
}

/// Reads families.
pub(super) async fn lines(
    db: Db,
    statements: Arc<Statements>,
    which: Which,
    today: NaiveDate,
) -> Result<Lines, OfficeError> {
    let ask = |sql: &str, key: &str, days: &[NaiveDate]| {
        let condition = match &which {
            Which::Between(..) => format!("{key} > ? AND {key} <= ?"),
            Which::These(_) => format!("{key} IN ({{list}})"),
        };
        let query = Query::system(EVERYBODY, format!("{sql} {condition}) x"));
        let query = days.iter().fold(query, |query, day| query.bind(*day));
        match &which {
            Which::Between(above, upto) => query.bind(*above).bind(*upto),
            Which::These(ids) => query.bind_list(ids.iter().copied()),
        }
    };
    let households = ask(&statements.households, "h.id", &[]);
    let members = ask(&statements.members, "m.household_id", &[today, today]);
    Ok(Lines {
        households: households.scalar::<Option<String>>(&db).await?.unwrap_or_default(),
        members: members.scalar::<Option<String>>(&db).await?.unwrap_or_default(),
    })
}

/// A family of [`Lines`].
pub(super) struct Family<'l> {
    pub(super) household: i64,
    division: i64,
    cells: &'l str,
    members: Vec<Member<'l>>,
}

struct Member<'l> {
    head: bool,
    born_on: &'l str,
    membership: i64,
    person: i64,
    cells: &'l str,
}

fn broken() -> OfficeError {
    OfficeError::Internal("人口快照：数据库给出的一行读不懂".to_owned())
}

fn number(text: &str) -> Result<i64, OfficeError> {
    text.parse().map_err(|_| broken())
}

impl Lines {
    /// The families that have members, in the order of their numbers; the head first, then the oldest, as everywhere.
    pub(super) fn families(&self) -> Result<Vec<Family<'_>>, OfficeError> {
        let mut families = Vec::new();
        for line in self.households.lines() {
            let mut parts = line.splitn(3, '|');
            let mut next = || parts.next().ok_or_else(broken);
            let (household, division) = (number(next()?)?, number(next()?)?);
            let cells = parts.next().unwrap_or_default();
            families.push(Family { household, division, cells, members: Vec::new() });
        }
        families.sort_unstable_by_key(|family| family.household);
        for line in self.members.lines() {
            let mut parts = line.splitn(6, '|');
            let mut next = || parts.next().ok_or_else(broken);
            let (household, head, born_on) = (number(next()?)?, next()? == "1", next()?);
            let (membership, person) = (number(next()?)?, number(next()?)?);
            let cells = parts.next().unwrap_or_default();
            if let Ok(place) = families.binary_search_by_key(&household, |family| family.household) {
                families[place].members.push(Member { head, born_on, membership, person, cells });
            }
        }
        families.retain(|family| !family.members.is_empty());
        for family in &mut families {
            family.members.sort_unstable_by_key(|member| (!member.head, member.born_on, member.membership));
        }
        Ok(families)
    }
}

/// Which division of the snapshot a family's village belongs to: its township, below which nobody sets a number.
pub(super) async fn townships(db: &Db) -> Result<HashMap<i64, String>, OfficeError> {
    let rows = Query::system(EVERYBODY, "SELECT id, code, level, parent_id FROM division").all(db).await?;
    let mut divisions: HashMap<i64, (String, String, Option<i64>)> = HashMap::with_capacity(rows.len());
    for row in &rows {
        divisions.insert(row.get("id")?, (row.get("code")?, row.get("level")?, row.get("parent_id")?));
    }
    let township = |id: &i64| {
        let mut at = divisions.get(id);
        while let Some((code, level, parent)) = at {
            if level == "township" {
                return Some(code.clone());
            }
            at = parent.as_ref().and_then(|parent| divisions.get(parent));
        }
        None
    };
    let all = divisions.iter();
    Ok(all.map(|(id, (code, _, _))| (*id, township(id).unwrap_or_else(|| code.clone()))).collect())
}

/// A draft that takes families.
pub(super) struct Filling {
    pub(super) draft: Draft,
    townships: HashMap<i64, String>,
    /// Number of the division in the draft, by the database's.
    numbered: HashMap<i64, i64>,
    pub(super) left_out: u64,
}

impl Filling {
    pub(super) fn new(draft: Draft, townships: HashMap<i64, String>) -> Filling {
        Filling { draft, townships, numbered: HashMap::new(), left_out: 0 }
    }

    /// Adds a family.
    pub(super) fn push(&mut self, family: &Family<'_>) -> Result<(), OfficeError> {
        if family.members.len() > RELATION_ROWS_MAX {
            self.left_out += 1;
            return Ok(());
        }
        self.row(0, family.cells, family.household)?;
        for member in &family.members {
            self.row(1, member.cells, member.person)?;
            self.draft.end_row(1);
        }
        self.draft.end_group(1, true).map_err(of_columns)?;
        for reference in 0..self.draft.schema().tables[0].references.len() {
            // The head stands first; a family without one has none.
            let head = family.members.first().filter(|member| member.head).map(|_| 0);
            self.draft.reference(0, reference).push(head);
        }
        let division = match self.numbered.get(&family.division) {
            Some(number) => *number,
            None => {
                let code = self.townships.get(&family.division).ok_or_else(broken)?;
                let number = self.draft.division(code);
                self.numbered.insert(family.division, number);
                number
            }
        };
        self.draft.end_root(division);
        Ok(())
    }

    fn row(&mut self, table: usize, cells: &str, key: i64) -> Result<(), OfficeError> {
        let columns = self.draft.schema().tables[table].columns.len();
        let mut cells = cells.split('|');
        for column in 0..columns - 1 {
            let text = cells.next().unwrap_or_default();
            let kind = self.draft.schema().tables[table].columns[column].kind;
            let value = match kind {
                _ if text.is_empty() => None,
                Kind::Code => Some(self.draft.code(text)),
                Kind::Date => Some(packed_date(text.parse().map_err(|_| broken())?)),
                Kind::Boolean | Kind::Number { .. } | Kind::Month => Some(number(text)?),
            };
            self.draft.column(table, column).push(value);
        }
        self.draft.column(table, columns - 1).push(Some(key));
        Ok(())
    }
}
