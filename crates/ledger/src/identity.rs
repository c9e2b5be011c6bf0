//! One person who stood in the books under two numbers. Whose an entitlement is and whom a month covers is led from one number to the other;
//! no amount, due, run or posting is touched, and the key of `coverage` refuses two months of one person as ever.

use store::{Connection, PersonId, Query, Tx};
use vocab::Month;

use crate::scope::{BOOKS, NONE};
use crate::{EntitlementId, Result};

/// What speaks against two numbers being one person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Clash {
    /// Both are entitled in one exclusion group at the same time, first in this month.
    Entitled {
        /// The group.
        group: String,
        /// The first such month.
        month: Month,
    },
    /// Both were paid in one exclusion group for the same month, first for this one.
    Paid {
        /// The group.
        group: String,
        /// The first such month.
        month: Month,
    },
    /// Both stand in the same entitlement.
    OneBenefit(EntitlementId),
    /// A run that may pay one of them is being made.
    RunBeingMade,
}

/// What was led from one number to another: needed to lead it back.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Followed {
    /// Entitlements whose holder it was.
    pub held: Vec<EntitlementId>,
    /// Rows of members.
    pub members: Vec<i64>,
}

/// What speaks against two numbers being one person; nothing if they may be.
///
/// # Errors
/// The database's.
pub async fn clashes(connection: &impl Connection, one: PersonId, other: PersonId) -> Result<Vec<Clash>> {
    let pair = |sql: &'static str| Query::new(&BOOKS, &NONE, sql).bind(one).bind(other);
    let mut clashes: Vec<Clash> = pair(
        "SELECT a.exclusion_group, MIN(CASE WHEN a.from_month > b.from_month THEN a.from_month ELSE b.from_month END) AS month \
         FROM entitlement_member a JOIN entitlement_member b ON b.exclusion_group = a.exclusion_group AND b.superseded_at IS NULL \
         AND (b.until_month IS NULL OR b.until_month >= a.from_month) AND (a.until_month IS NULL OR a.until_month >= b.from_month) \
         WHERE a.person_id = ? AND b.person_id = ? AND a.superseded_at IS NULL GROUP BY a.exclusion_group ORDER BY a.exclusion_group",
    )
    .all_as(connection, |row| {
        Ok(Clash::Entitled { group: row.get("exclusion_group")?, month: row.get("month")? })
    })
    .await?;
    // Months are found by the entitlements in which somebody ever stood: the key of `coverage` begins with the group.
    clashes.extend(
        Query::new(
            &BOOKS,
            &NONE,
            "SELECT a.exclusion_group, MIN(a.month) AS month FROM coverage a JOIN coverage b ON b.exclusion_group = a.exclusion_group \
             AND b.month = a.month AND b.person_id = ? WHERE a.person_id = ? AND a.entitlement_id IN (SELECT m.entitlement_id \
             FROM entitlement_member m WHERE m.person_id = ?) GROUP BY a.exclusion_group ORDER BY a.exclusion_group",
        )
        .bind(other)
        .bind(one)
        .bind(one)
        .all_as(connection, |row| {
            Ok(Clash::Paid { group: row.get("exclusion_group")?, month: row.get("month")? })
        })
        .await?,
    );
    clashes.extend(
        Query::new(
            &BOOKS,
            &NONE,
            "SELECT a.entitlement_id AS id FROM entitlement_member a JOIN entitlement_member b ON b.entitlement_id = a.entitlement_id \
             AND b.superseded_at IS NULL WHERE a.superseded_at IS NULL AND a.person_id = ? AND b.person_id = ? \
             UNION SELECT a.entitlement_id FROM coverage a JOIN coverage b ON b.entitlement_id = a.entitlement_id \
             WHERE a.person_id = ? AND b.person_id = ? AND a.entitlement_id IN (SELECT m.entitlement_id FROM entitlement_member m \
             WHERE m.person_id = ?) ORDER BY 1",
        )
        .bind(one)
        .bind(other)
        .bind(one)
        .bind(other)
        .bind(one)
        .all_as(connection, |row| Ok(Clash::OneBenefit(row.get("id")?)))
        .await?,
    );
    let being_made: i64 = pair(
        "SELECT COUNT(*) FROM payment_run r JOIN entitlement e ON e.county_id = r.county_id AND e.programme = r.programme \
         WHERE r.state = 'making' AND e.id IN (SELECT ep.entitlement_id FROM entitlement_person ep WHERE ep.person_id IN (?, ?))",
    )
    .scalar(connection)
    .await?;
    if being_made > 0 {
        clashes.push(Clash::RunBeingMade);
    }
    Ok(clashes)
}

/// Leads everything of one number to another. The caller has asked for [`clashes`] in the same transaction; what it overlooked the
/// database refuses.
///
/// # Errors
/// The database's: somebody would be covered twice.
pub async fn follow(tx: &Tx, from: PersonId, to: PersonId) -> Result<Followed> {
    let ids = |sql: &'static str| Query::new(&BOOKS, &NONE, sql).bind(from);
    let held: Vec<EntitlementId> =
        ids("SELECT e.id FROM entitlement e WHERE e.holder_person_id = ? ORDER BY e.id").scalars(tx).await?;
    let members: Vec<i64> =
        ids("SELECT m.id FROM entitlement_member m WHERE m.person_id = ? ORDER BY m.id").scalars(tx).await?;
    Query::new(
        &BOOKS,
        &NONE,
        "UPDATE coverage SET person_id = ? WHERE person_id = ? AND entitlement_id IN (SELECT m.entitlement_id FROM entitlement_member m \
         WHERE m.person_id = ?)",
    )
    .bind(to)
    .bind(from)
    .bind(from)
    .execute(tx)
    .await?;
    for sql in [
        "UPDATE entitlement SET holder_person_id = ? WHERE holder_person_id = ?",
        "UPDATE entitlement_member SET person_id = ? WHERE person_id = ?",
    ] {
        Query::new(&BOOKS, &NONE, sql).bind(to).bind(from).execute(tx).await?;
    }
    Ok(Followed { held, members })
}

/// Groups in which one of two people stands, for the locks that grants take too.
///
/// # Errors
/// The database's.
pub async fn lock(tx: &Tx, one: PersonId, other: PersonId) -> Result<()> {
    let groups: Vec<String> = Query::new(
        &BOOKS,
        &NONE,
        "SELECT DISTINCT m.exclusion_group FROM entitlement_member m WHERE m.person_id IN (?, ?) ORDER BY m.exclusion_group",
    )
    .bind(one)
    .bind(other)
    .scalars(tx)
    .await?;
    for group in groups {
        for person in [one.min(other), one.max(other)] {
            tx.lock(&format!("coverage:{group}:{person}")).await?;
        }
    }
    Ok(())
}

/// Leads back what [`follow`] led, and what was recorded of the same entitlements since (`since`, unix milliseconds): months paid
/// meanwhile were paid to whoever stood in them.
///
/// # Errors
/// The database's.
pub async fn follow_back(
    tx: &Tx,
    followed: &Followed,
    since: i64,
    from: PersonId,
    back_to: PersonId,
) -> Result<()> {
    for held in followed.held.chunks(500) {
        Query::new(
            &BOOKS,
            &NONE,
            "UPDATE entitlement SET holder_person_id = ? WHERE holder_person_id = ? AND id IN ({list})",
        )
        .bind(back_to)
        .bind(from)
        .bind_list(held.iter().copied())
        .execute(tx)
        .await?;
    }
    for members in followed.members.chunks(500) {
        let benefits: Vec<EntitlementId> = Query::new(
            &BOOKS,
            &NONE,
            "SELECT DISTINCT m.entitlement_id FROM entitlement_member m WHERE m.id IN ({list})",
        )
        .bind_list(members.iter().copied())
        .scalars(tx)
        .await?;
        Query::new(
            &BOOKS,
            &NONE,
            "UPDATE entitlement_member SET person_id = ? WHERE person_id = ? AND id IN ({list})",
        )
        .bind(back_to)
        .bind(from)
        .bind_list(members.iter().copied())
        .execute(tx)
        .await?;
        Query::new(
            &BOOKS,
            &NONE,
            "UPDATE entitlement_member SET person_id = ? WHERE person_id = ? AND recorded_at > ? AND entitlement_id IN ({list})",
        )
        .bind(back_to)
        .bind(from)
        .bind(since)
        .bind_list(benefits.iter().copied())
        .execute(tx)
        .await?;
        Query::new(
            &BOOKS,
            &NONE,
            "UPDATE coverage SET person_id = ? WHERE person_id = ? AND entitlement_id IN ({list})",
        )
        .bind(back_to)
        .bind(from)
        .bind_list(benefits)
        .execute(tx)
        .await?;
    }
    Ok(())
}

/// How many rows say that one of these people is entitled or covered. For people who should stand nowhere.
///
/// # Errors
/// The database's.
pub async fn standing(connection: &impl Connection, people: &[PersonId]) -> Result<i64> {
    let mut rows = 0;
    for people in people.chunks(300) {
        for sql in [
            "SELECT COUNT(*) FROM entitlement_person ep WHERE ep.person_id IN ({list})",
            "SELECT COUNT(*) FROM coverage c WHERE c.person_id IN ({list})",
        ] {
            let found: i64 =
                Query::new(&BOOKS, &NONE, sql).bind_list(people.iter().copied()).scalar(connection).await?;
            rows += found;
        }
    }
    Ok(rows)
}
