//! What lies in a division that ends, or is given to another, goes over: people, families, posts, open cases and their tasks, living benefits,
//! leads, open duties and alerts, records, bookings to come. What is over stays where it was: it is seen from above, and from what followed.

use std::collections::HashMap;

use catalogue::Release;
use catalogue::definition::Target;
use chrono::NaiveDate;
use store::{Bind, DivisionId, HouseholdId, Query, Scope, Tx};
use vocab::Month;

use super::plan::Lot;
use crate::{OfficeError, records};

const FOLLOWS: &str = "what lies in a division follows it";

/// A column that names the division in which something lies.
struct Column {
    table: &'static str,
    column: &'static str,
    /// Of what is not over; `t` is the table.
    alive: &'static str,
    /// Of a village `?`.
    of_village: Option<&'static str>,
    /// Of families `{list}`.
    of_family: Option<&'static str>,
}

impl Column {
    const fn new(table: &'static str, column: &'static str, alive: &'static str) -> Column {
        Column { table, column, alive, of_village: None, of_family: None }
    }

    const fn of_village(self, of_village: &'static str) -> Column {
        Column { of_village: Some(of_village), ..self }
    }

    const fn of_family(self, of_family: &'static str) -> Column {
        Column { of_family: Some(of_family), ..self }
    }
}

/// Everything that follows by its number alone. The tasks before the cases by which they are told apart.
const COLUMNS: &[Column] = &[
    Column::new("staff", "division_id", "1 = 1"),
    Column::new("task", "division_id", "t.state = 'open'")
        .of_village("t.case_id IN (SELECT c.id FROM case_file c WHERE c.state = 'open' AND c.village_id = ?)")
        .of_family("t.case_id IN (SELECT c.id FROM case_file c WHERE c.state = 'open' AND c.household_id IN ({list}))"),
    Column::new("notice", "village_id", "t.closed_on IS NULL")
        .of_family("t.case_id IN (SELECT c.id FROM case_file c WHERE c.state = 'open' AND c.household_id IN ({list}))"),
    Column::new("case_file", "deciding_division_id", "t.state = 'open'")
        .of_village("t.village_id = ?")
        .of_family("t.household_id IN ({list})"),
    Column::new("case_file", "registered_division_id", "t.state = 'open'").of_family("t.household_id IN ({list})"),
    Column::new("case_file", "township_id", "t.state = 'open'").of_village("t.village_id = ?"),
    Column::new("case_file", "village_id", "t.state = 'open'").of_family("t.household_id IN ({list})"),
    Column::new("lead", "division_id", "t.state = 'open'").of_family("t.household_id IN ({list})"),
    Column::new("record_duty", "office_id", "t.state = 'open'").of_village("t.division_id = ?"),
    Column::new("record_duty", "division_id", "t.state = 'open'"),
    Column::new("record_alert", "office_id", "t.state = 'open'").of_village("t.division_id = ?"),
    Column::new("record_alert", "division_id", "t.state = 'open'"),
    Column::new("subscription", "division_id", "t.state <> 'ended'"),
    Column::new("household", "registered_division_id", "t.closed_on IS NULL").of_family("t.id IN ({list})"),
    Column::new("person", "division_id", "1 = 1").of_family(MEMBERS),
    Column::new("person", "residence_division_id", "1 = 1").of_family(MEMBERS),
];

const MEMBERS: &str = "t.id IN (SELECT m.person_id FROM membership m WHERE m.until_on IS NULL AND m.superseded_at IS NULL \
    AND m.household_id IN ({list}))";

/// Families named in one statement.
const FAMILIES: usize = 500;

/// The day of a change, and who is written down for it.
pub(super) struct Doing<'a> {
    pub tx: &'a Tx,
    pub release: &'a Release,
    pub on: NaiveDate,
    pub at: i64,
    /// How the history of families names it.
    pub title: &'a str,
}

/// Takes a lot from one division to another.
pub(super) async fn follow(
    doing: &Doing<'_>,
    from: DivisionId,
    to: DivisionId,
    lot: &Lot,
) -> Result<(), OfficeError> {
    match lot {
        Lot::All => {
            families(doing, from, to, None).await?;
            for column in COLUMNS {
                update(doing.tx, column, from, to, "", &[], None).await?;
            }
            posts(doing, from, to).await?;
            ledger::entitlement::follow(
                doing.tx,
                from,
                to,
                &ledger::entitlement::Following::All,
                month(doing),
            )
            .await?;
            ledger::reserve::follow(doing.tx, from, to).await?;
            bookings(doing, from, to).await?;
            views(doing.tx, from, to).await?;
            of_registers(doing, from, to).await
        }
        Lot::Village(village) => {
            for column in COLUMNS {
                if let Some(condition) = column.of_village {
                    update(doing.tx, column, from, to, condition, &[], Some(*village)).await?;
                }
            }
            let following = ledger::entitlement::Following::Village(*village);
            Ok(ledger::entitlement::follow(doing.tx, from, to, &following, month(doing)).await?)
        }
        Lot::Families(list) => {
            for some in list.chunks(FAMILIES) {
                families(doing, from, to, Some(some)).await?;
                for column in COLUMNS {
                    if let Some(condition) = column.of_family {
                        update(doing.tx, column, from, to, condition, some, None).await?;
                    }
                }
                let following = ledger::entitlement::Following::Households(some.to_vec());
                ledger::entitlement::follow(doing.tx, from, to, &following, month(doing)).await?;
            }
            about_people(doing, from, to).await
        }
    }
}

fn month(doing: &Doing<'_>) -> Month {
    Month::containing(doing.on)
}

async fn update(
    tx: &Tx,
    column: &Column,
    from: DivisionId,
    to: DivisionId,
    condition: &str,
    families: &[HouseholdId],
    village: Option<DivisionId>,
) -> Result<(), OfficeError> {
    let Column { table, column, alive, .. } = column;
    let more = if condition.is_empty() { String::new() } else { format!(" AND {condition}") };
    let sql = format!("UPDATE {table} AS t SET {column} = ? WHERE t.{column} = ? AND {alive}{more}");
    let mut query = Query::system(FOLLOWS, sql).bind(to).bind(from);
    if let Some(village) = village {
        query = query.bind(village);
    }
    if !families.is_empty() {
        query = query.bind_list(families.iter().copied());
    }
    query.execute(tx).await?;
    Ok(())
}

/// Families live in the other division from the day on; where they lived before stays in their history.
async fn families(
    doing: &Doing<'_>,
    from: DivisionId,
    to: DivisionId,
    only: Option<&[HouseholdId]>,
) -> Result<(), OfficeError> {
    let tx = doing.tx;
    let narrowed = if only.is_some() { " AND h.id IN ({list})" } else { "" };
    let sql = format!(
        "SELECT h.id FROM household h WHERE (h.division_id = ? OR h.registered_division_id = ?) AND h.closed_on IS NULL{narrowed} ORDER BY h.id"
    );
    let query = Query::system(FOLLOWS, sql).bind(from).bind(from);
    let query = match only {
        Some(list) => query.bind_list(list.iter().copied()),
        None => query,
    };
    let ids: Vec<HouseholdId> = query.scalars(tx).await?;
    for some in ids.chunks(FAMILIES) {
        const OPEN: &str = "l.until_on IS NULL AND l.superseded_at IS NULL AND l.household_id IN ({list})";
        let rows = Query::system(
            FOLLOWS,
            format!("SELECT l.id, l.household_id, l.division_id, l.registered_division_id, l.area, l.from_on FROM household_place l WHERE {OPEN}"),
        )
        .bind_list(some.iter().copied())
        .all(tx)
        .await?;
        Query::system(FOLLOWS, format!("UPDATE household_place AS l SET superseded_at = ? WHERE {OPEN}"))
            .bind(doing.at)
            .bind_list(some.iter().copied())
            .execute(tx)
            .await?;
        let mut places = Vec::with_capacity(rows.len() * 2);
        for row in &rows {
            let household: HouseholdId = row.get("household_id")?;
            let before: [DivisionId; 2] = [row.get("division_id")?, row.get("registered_division_id")?];
            let after = before.map(|place| if place == from { to } else { place });
            let area: String = row.get("area")?;
            let began: NaiveDate = row.get("from_on")?;
            let since = doing.on.max(began);
            let mut add = |[home, registered]: [DivisionId; 2], from: NaiveDate, until: Option<NaiveDate>| {
                let (area, at, title) = (area.as_str(), doing.at, doing.title);
                let mut place = store::values![household, home, registered, area, from, at, title];
                place.push(NaiveDate::to_value(until));
                places.push(place);
            };
            if began < since {
                add(before, began, Some(since));
            }
            add(after, since, None);
        }
        let columns = [
            "household_id",
            "division_id",
            "registered_division_id",
            "area",
            "from_on",
            "recorded_at",
            "reason",
            "until_on",
        ];
        store::insert_many(&Scope::System(FOLLOWS), tx, "household_place", &columns, places).await?;
        Query::system(
            FOLLOWS,
            "UPDATE household SET division_id = ? WHERE division_id = ? AND id IN ({list})",
        )
        .bind(to)
        .bind(from)
        .bind_list(some.iter().copied())
        .execute(tx)
        .await?;
    }
    Ok(())
}

/// Posts that are held go on at the other office.
async fn posts(doing: &Doing<'_>, from: DivisionId, to: DivisionId) -> Result<(), OfficeError> {
    Query::system(
        FOLLOWS,
        "UPDATE post SET division_id = ? WHERE division_id = ? AND (until_on IS NULL OR until_on >= ?)",
    )
    .bind(to)
    .bind(from)
    .bind(doing.on)
    .execute(doing.tx)
    .await?;
    Ok(())
}

/// Visits that are booked are behind those that the other office has on the same half day.
async fn bookings(doing: &Doing<'_>, from: DivisionId, to: DivisionId) -> Result<(), OfficeError> {
    Query::system(
        FOLLOWS,
        "UPDATE booking AS t SET division_id = ?, place = t.place + (SELECT COALESCE(MAX(b.place), 0) FROM booking b \
         WHERE b.division_id = ? AND b.day = t.day AND b.half = t.half) \
         WHERE t.division_id = ? AND t.state = 'booked' AND t.day >= ?",
    )
    .bind(to)
    .bind(to)
    .bind(from)
    .bind(doing.on)
    .execute(doing.tx)
    .await?;
    Ok(())
}

/// Saved views go with the people who saved them, except where they have one of the same name there.
async fn views(tx: &Tx, from: DivisionId, to: DivisionId) -> Result<(), OfficeError> {
    for sql in [
        "UPDATE list_view AS t SET division_id = ? WHERE t.division_id = ? AND NOT EXISTS (SELECT 1 FROM list_view o \
         WHERE o.division_id = ? AND o.list = t.list AND o.staff_id = t.staff_id AND o.name = t.name)",
        "UPDATE list_view_default AS t SET division_id = ? WHERE t.division_id = ? AND NOT EXISTS (SELECT 1 FROM list_view_default o \
         WHERE o.division_id = ? AND o.list = t.list AND o.staff_id = t.staff_id)",
    ] {
        Query::system(FOLLOWS, sql).bind(to).bind(from).bind(to).execute(tx).await?;
    }
    Ok(())
}

/// Open records lie in the other division. What was written in their fields stays as it was written: a field that names the ended division
/// is read as what followed it when the record is next changed.
async fn of_registers(doing: &Doing<'_>, from: DivisionId, to: DivisionId) -> Result<(), OfficeError> {
    for register in doing.release.registers.iter() {
        let table = records::table(register);
        Query::system(
            FOLLOWS,
            format!("UPDATE {table} SET division_id = ? WHERE division_id = ? AND closed_on IS NULL"),
        )
        .bind(to)
        .bind(from)
        .execute(doing.tx)
        .await?;
    }
    Ok(())
}

/// Records that lie where their person or family lives go with them, and so do their duties and alerts.
async fn about_people(doing: &Doing<'_>, from: DivisionId, to: DivisionId) -> Result<(), OfficeError> {
    for register in doing.release.registers.iter() {
        let Some(field) = register.field(&register.place_field) else { continue };
        let lives = match field.target() {
            Some(Target::Person) => "SELECT p.id FROM person p WHERE p.residence_division_id = ?",
            Some(Target::Household) => "SELECT h.id FROM household h WHERE h.division_id = ?",
            Some(Target::Record(_)) | None => continue,
        };
        let (table, column) = (records::table(register), records::column(field));
        for (of, id) in [("record_duty", "record_id"), ("record_alert", "record_id")] {
            let sql = format!(
                "UPDATE {of} AS t SET division_id = ? WHERE t.division_id = ? AND t.state = 'open' AND t.register = ? AND t.{id} IN \
                 (SELECT r.id FROM {table} r WHERE r.division_id = ? AND r.closed_on IS NULL AND r.{column} IN ({lives}))"
            );
            Query::system(FOLLOWS, sql)
                .bind(to)
                .bind(from)
                .bind(register.id.as_str())
                .bind(from)
                .bind(to)
                .execute(doing.tx)
                .await?;
        }
        let sql = format!(
            "UPDATE {table} AS r SET division_id = ? WHERE r.division_id = ? AND r.closed_on IS NULL AND r.{column} IN ({lives})"
        );
        Query::system(FOLLOWS, sql).bind(to).bind(from).bind(to).execute(doing.tx).await?;
    }
    Ok(())
}

/// What names its county is brought to the county in which its division lies now.
pub(super) async fn counties(
    tx: &Tx,
    release: &Release,
    moved: &HashMap<DivisionId, Option<DivisionId>>,
) -> Result<(), OfficeError> {
    let mut tables: Vec<(String, &str)> =
        [("person", "1 = 1"), ("household", "1 = 1"), ("lead", "state = 'open'")]
            .map(|(table, alive)| (table.to_owned(), alive))
            .to_vec();
    tables.extend(release.registers.iter().map(|register| (records::table(register), "closed_on IS NULL")));
    for (division, county) in moved {
        for (table, alive) in &tables {
            Query::system(
                FOLLOWS,
                format!("UPDATE {table} SET county_id = ? WHERE division_id = ? AND {alive}"),
            )
            .bind(*county)
            .bind(*division)
            .execute(tx)
            .await?;
        }
    }
    Ok(())
}
