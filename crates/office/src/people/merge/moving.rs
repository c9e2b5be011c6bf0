//! What follows a person from one record to the other, and back: rows that point at the person are pointed at the other one, and each is
//! written down. What is proof of what was done under a number stays: it is read through `person.merged_into`.

use std::collections::BTreeMap;

use ledger::identity::Followed;
use store::{Connection, PersonId, Query, Tx};

use super::MergeId;
use crate::OfficeError;
use crate::records::RecordId;
use crate::records::follow::Led;

pub(super) const MOVING: &str = "rows of two people whom two officers found to be one";

/// A column that points at a person and follows them.
struct Pointer {
    /// Table and column.
    place: (&'static str, &'static str),
    /// What the rows are known by.
    key: &'static str,
    /// Which rows `t` follow; `{kept}` and `{dropped}` stand for the two people.
    only: &'static str,
    /// The column holds the owner's text (`person:17`), not the number.
    text: bool,
}

const fn pointer(table: &'static str, column: &'static str) -> Pointer {
    Pointer { place: (table, column), key: "id", only: "", text: false }
}

const UNASKED: &str = "NOT EXISTS (SELECT 1 FROM means_query q WHERE q.authorisation_id = t.id) \
    AND NOT EXISTS (SELECT 1 FROM check_request q WHERE q.authorisation_id = t.id)";

const POINTERS: &[Pointer] = &[
    pointer("fact", "person_id"),
    Pointer {
        only: "NOT EXISTS (SELECT 1 FROM bank_account k WHERE k.person_id = {kept} AND k.number_blind = t.number_blind)",
        ..pointer("bank_account", "person_id")
    },
    pointer("staff", "person_id"),
    pointer("session", "person_id"),
    pointer("citizen_code", "person_id"),
    pointer("case_file", "applicant_person_id"),
    pointer("case_file", "person_id"),
    pointer("case_file", "filed_by_person"),
    pointer("authorisation", "guardian_person_id"),
    // A consent under which a department was asked stays with the question; one that still holds is copied (see `copy_consents`).
    Pointer {
        key: "authorisation_id",
        only: "t.authorisation_id IN (SELECT a.id FROM authorisation a WHERE a.person_id = {dropped}) \
            AND NOT EXISTS (SELECT 1 FROM means_query q WHERE q.authorisation_id = t.authorisation_id) \
            AND NOT EXISTS (SELECT 1 FROM check_request q WHERE q.authorisation_id = t.authorisation_id)",
        ..pointer("authorisation_dataset", "person_id")
    },
    Pointer { only: UNASKED, ..pointer("authorisation", "person_id") },
    Pointer {
        only: "NOT EXISTS (SELECT 1 FROM lead k WHERE k.person_id = {kept} AND k.state = 'open' AND t.state = 'open' \
            AND k.entitlement_id = t.entitlement_id AND k.rule = t.rule)",
        ..pointer("lead", "person_id")
    },
    Pointer {
        key: "lead_id",
        only: "NOT EXISTS (SELECT 1 FROM lead_person k WHERE k.person_id = {kept} AND (k.lead_id = t.lead_id \
            OR (k.still_open AND t.still_open AND k.exclusion_group = t.exclusion_group)))",
        ..pointer("lead_person", "person_id")
    },
    Pointer {
        only: "NOT EXISTS (SELECT 1 FROM check_relative k WHERE k.person_id = {kept} AND k.case_id = t.case_id) \
            AND NOT EXISTS (SELECT 1 FROM check_request q WHERE q.case_id = t.case_id AND q.relative_id = t.id)",
        ..pointer("check_relative", "person_id")
    },
    pointer("booking", "person_id"),
    pointer("joint_matter", "person_id"),
    // Who was merged into the one that is given up now: nobody points at a record that points on.
    pointer("person", "merged_into"),
    Pointer { text: true, ..pointer("draft", "owner") },
    Pointer { text: true, ..pointer("attachment", "owner") },
];

/// Columns that point at a person and do not follow by [`POINTERS`], and why. A test holds both lists against the schema.
pub const OTHERWISE: &[(&str, &str, &str)] = &[
    ("membership", "person_id", "led by its own rule: one row where both stood in one family"),
    ("entitlement", "holder_person_id", "the ledger's"),
    ("entitlement_member", "person_id", "the ledger's"),
    ("coverage", "person_id", "the ledger's"),
    ("entitlement_person", "person_id", "a view of the ledger's"),
    ("payee", "proposed_by_person_id", "who did something stays written"),
    ("case_event", "person_id", "who did something stays written; append-only"),
    ("audit", "person_id", "who did something stays written; append-only"),
    ("means_query", "person_id", "what was asked under a number; append-only"),
    ("check_request", "person_id", "what was asked under a number; append-only"),
    ("check_contradiction", "person_id", "belongs to what was asked"),
    ("check_objection", "person_id", "who did something stays written; append-only"),
    ("month_list_line", "person_id", "replays from its own inputs; append-only once listed"),
    ("person_now", "person_id", "worked out afresh"),
    ("person_search", "rowid", "worked out afresh"),
    ("population_change", "person_id", "a note to the snapshot"),
    ("duplicate_flag", "person_id", "settled with the merge"),
    ("duplicate_flag", "other_person_id", "settled with the merge"),
    ("person_merge", "kept_person_id", "the merge itself"),
    ("person_merge", "dropped_person_id", "the merge itself"),
];

/// Columns that follow, for the test that holds them against the schema.
pub fn followed() -> impl Iterator<Item = (&'static str, &'static str)> {
    POINTERS.iter().map(|pointer| pointer.place)
}

fn place(pointer: &Pointer) -> String {
    format!("{}.{}", pointer.place.0, pointer.place.1)
}

fn bound(query: Query, pointer: &Pointer, person: PersonId) -> Query {
    if pointer.text { query.bind(format!("person:{person}")) } else { query.bind(person) }
}

/// Points every row that follows at the one who stays.
pub(super) async fn forth(
    tx: &Tx,
    merge: MergeId,
    dropped: PersonId,
    kept: PersonId,
) -> Result<(), OfficeError> {
    for pointer in POINTERS {
        let ((table, column), place) = (pointer.place, place(pointer));
        let only = if pointer.only.is_empty() { "1 = 1" } else { pointer.only };
        let sql = format!(
            "INSERT INTO person_merge_moved (merge_id, place, deed, row_id) SELECT ?, '{place}', 'moved', k.row_id FROM \
             (SELECT DISTINCT t.{0} AS row_id FROM {table} t WHERE t.{column} = ? AND {1}) k",
            pointer.key,
            only.replace("{kept}", &kept.to_string()).replace("{dropped}", &dropped.to_string())
        );
        bound(Query::system(MOVING, sql).bind(merge), pointer, dropped).execute(tx).await?;
        point(tx, merge, pointer, dropped, kept).await?;
    }
    Ok(())
}

async fn point(
    tx: &Tx,
    merge: MergeId,
    pointer: &Pointer,
    from: PersonId,
    to: PersonId,
) -> Result<(), OfficeError> {
    let ((table, column), place) = (pointer.place, place(pointer));
    let sql = format!(
        "UPDATE {table} SET {column} = ? WHERE {column} = ? AND {} IN (SELECT d.row_id FROM person_merge_moved d WHERE d.merge_id = ? \
         AND d.place = '{place}' AND d.deed = 'moved')",
        pointer.key
    );
    let query = bound(Query::system(MOVING, sql), pointer, to);
    bound(query, pointer, from).bind(merge).execute(tx).await?;
    Ok(())
}

/// Points the same rows back.
pub(super) async fn back(
    tx: &Tx,
    merge: MergeId,
    kept: PersonId,
    dropped: PersonId,
) -> Result<(), OfficeError> {
    for pointer in POINTERS {
        point(tx, merge, pointer, kept, dropped).await?;
    }
    Ok(())
}

/// Rows of which nothing more is to be said than that something was done to them.
pub(super) fn plain(rows: &[i64]) -> Vec<(i64, Option<String>)> {
    rows.iter().map(|row| (*row, None)).collect()
}

/// Writes down what was done to rows.
pub(super) async fn note(
    tx: &Tx,
    merge: MergeId,
    place: &str,
    deed: &str,
    rows: Vec<(i64, Option<String>)>,
) -> Result<(), OfficeError> {
    for (row, was) in rows {
        Query::system(
            MOVING,
            "INSERT INTO person_merge_moved (merge_id, place, deed, row_id, was) VALUES (?, ?, ?, ?, ?)",
        )
        .bind(merge)
        .bind(place)
        .bind(deed)
        .bind(row)
        .bind(was)
        .execute(tx)
        .await?;
    }
    Ok(())
}

/// Rows of a place to which something was done.
pub(super) async fn noted(
    connection: &impl Connection,
    merge: MergeId,
    place: &str,
    deed: &str,
) -> Result<Vec<i64>, OfficeError> {
    let rows = Query::system(
        MOVING,
        "SELECT d.row_id FROM person_merge_moved d WHERE d.merge_id = ? AND d.place = ? AND d.deed = ? ORDER BY d.row_id",
    )
    .bind(merge)
    .bind(place)
    .bind(deed)
    .scalars(connection)
    .await?;
    Ok(rows)
}

const MEMBERSHIP: &str = "membership.person_id";

/// Leads memberships: where both stood in one family at the same time the row of the one who is given up is no longer believed, every other
/// believed row follows.
pub(super) async fn memberships(
    tx: &Tx,
    merge: MergeId,
    dropped: PersonId,
    kept: PersonId,
    at: i64,
) -> Result<(), OfficeError> {
    let doubled: Vec<i64> = Query::system(
        MOVING,
        "SELECT DISTINCT a.id FROM membership a JOIN membership b ON b.household_id = a.household_id AND b.superseded_at IS NULL \
         AND (b.until_on IS NULL OR b.until_on > a.from_on) AND (a.until_on IS NULL OR a.until_on > b.from_on) \
         WHERE a.superseded_at IS NULL AND a.person_id = ? AND b.person_id = ? ORDER BY a.id",
    )
    .bind(dropped)
    .bind(kept)
    .scalars(tx)
    .await?;
    note(tx, merge, MEMBERSHIP, "ended", plain(&doubled)).await?;
    Query::system(
        MOVING,
        "UPDATE membership SET superseded_at = ? WHERE id IN (SELECT d.row_id FROM person_merge_moved d WHERE d.merge_id = ? \
         AND d.place = 'membership.person_id' AND d.deed = 'ended')",
    )
    .bind(at)
    .bind(merge)
    .execute(tx)
    .await?;
    let others: Vec<i64> = Query::system(
        MOVING,
        "SELECT m.id FROM membership m WHERE m.superseded_at IS NULL AND m.person_id = ? ORDER BY m.id",
    )
    .bind(dropped)
    .scalars(tx)
    .await?;
    note(tx, merge, MEMBERSHIP, "moved", plain(&others)).await?;
    Query::system(
        MOVING,
        "UPDATE membership SET person_id = ? WHERE superseded_at IS NULL AND person_id = ?",
    )
    .bind(kept)
    .bind(dropped)
    .execute(tx)
    .await?;
    Ok(())
}

/// Leads memberships back. Whether a family has changed since was asked before.
pub(super) async fn memberships_back(
    tx: &Tx,
    merge: MergeId,
    kept: PersonId,
    dropped: PersonId,
) -> Result<(), OfficeError> {
    Query::system(
        MOVING,
        "UPDATE membership SET person_id = ? WHERE person_id = ? AND id IN (SELECT d.row_id FROM person_merge_moved d \
         WHERE d.merge_id = ? AND d.place = 'membership.person_id' AND d.deed = 'moved')",
    )
    .bind(dropped)
    .bind(kept)
    .bind(merge)
    .execute(tx)
    .await?;
    Query::system(
        MOVING,
        "UPDATE membership SET superseded_at = NULL WHERE id IN (SELECT d.row_id FROM person_merge_moved d \
         WHERE d.merge_id = ? AND d.place = 'membership.person_id' AND d.deed = 'ended')",
    )
    .bind(merge)
    .execute(tx)
    .await?;
    Ok(())
}

/// What the officer did not choose of what is said today: no longer believed. `fact` is said of `person`.
pub(super) async fn end_fact(
    tx: &Tx,
    merge: MergeId,
    person: PersonId,
    fact: &str,
    today: chrono::NaiveDate,
    at: i64,
) -> Result<(), OfficeError> {
    let rows: Vec<i64> = Query::system(
        MOVING,
        "SELECT f.id FROM fact f WHERE f.person_id = ? AND f.fact = ? AND f.superseded_at IS NULL AND f.from_on <= ? \
         AND (f.until_on IS NULL OR f.until_on > ?) ORDER BY f.id",
    )
    .bind(person)
    .bind(fact)
    .bind(today)
    .bind(today)
    .scalars(tx)
    .await?;
    if rows.is_empty() {
        return Ok(());
    }
    note(tx, merge, "fact.superseded_at", "ended", plain(&rows)).await?;
    Query::system(MOVING, "UPDATE fact SET superseded_at = ? WHERE id IN ({list})")
        .bind(at)
        .bind_list(rows)
        .execute(tx)
        .await?;
    Ok(())
}

/// Believed again.
pub(super) async fn facts_back(tx: &Tx, merge: MergeId) -> Result<(), OfficeError> {
    Query::system(
        MOVING,
        "UPDATE fact SET superseded_at = NULL WHERE id IN (SELECT d.row_id FROM person_merge_moved d WHERE d.merge_id = ? \
         AND d.place = 'fact.superseded_at' AND d.deed = 'ended')",
    )
    .bind(merge)
    .execute(tx)
    .await?;
    Ok(())
}

/// Consents under which departments were asked, as far as they still hold: the person who stays has given them too.
pub(super) async fn copy_consents(
    tx: &Tx,
    merge: MergeId,
    dropped: PersonId,
    kept: PersonId,
    today: chrono::NaiveDate,
) -> Result<(), OfficeError> {
    let held: Vec<i64> = Query::system(
        MOVING,
        "SELECT a.id FROM authorisation a WHERE a.person_id = ? AND a.revoked_at IS NULL AND (a.expires_on IS NULL OR a.expires_on >= ?) \
         AND (EXISTS (SELECT 1 FROM means_query q WHERE q.authorisation_id = a.id) \
         OR EXISTS (SELECT 1 FROM check_request q WHERE q.authorisation_id = a.id)) ORDER BY a.id",
    )
    .bind(dropped)
    .bind(today)
    .scalars(tx)
    .await?;
    for consent in held {
        let copy = Query::system(
            MOVING,
            "INSERT INTO authorisation (person_id, case_id, method, attachment_id, guardian_person_id, whole, signed_on, expires_on, \
             recorded_by, recorded_at) SELECT ?, a.case_id, a.method, a.attachment_id, a.guardian_person_id, a.whole, a.signed_on, \
             a.expires_on, a.recorded_by, a.recorded_at FROM authorisation a WHERE a.id = ? RETURNING id",
        )
        .bind(kept)
        .bind(consent)
        .insert(tx)
        .await?;
        Query::system(
            MOVING,
            "INSERT INTO authorisation_dataset (authorisation_id, person_id, dataset) SELECT ?, ?, s.dataset FROM authorisation_dataset s \
             WHERE s.authorisation_id = ?",
        )
        .bind(copy)
        .bind(kept)
        .bind(consent)
        .execute(tx)
        .await?;
        note(tx, merge, "authorisation.person_id", "copied", plain(&[copy])).await?;
    }
    Ok(())
}

/// Copies of consents go, as far as no department was asked under them meanwhile.
pub(super) async fn consents_back(tx: &Tx, merge: MergeId) -> Result<(), OfficeError> {
    for copy in noted(tx, merge, "authorisation.person_id", "copied").await? {
        let asked: i64 = Query::system(
            MOVING,
            "SELECT (SELECT COUNT(*) FROM means_query q WHERE q.authorisation_id = ?) \
             + (SELECT COUNT(*) FROM check_request q WHERE q.authorisation_id = ?)",
        )
        .bind(copy)
        .bind(copy)
        .scalar(tx)
        .await?;
        if asked > 0 {
            continue;
        }
        for sql in [
            "DELETE FROM authorisation_dataset WHERE authorisation_id = ?",
            "DELETE FROM authorisation WHERE id = ?",
        ] {
            Query::system(MOVING, sql).bind(copy).execute(tx).await?;
        }
    }
    Ok(())
}

/// Writes down what the ledger led.
pub(super) async fn note_benefits(tx: &Tx, merge: MergeId, followed: &Followed) -> Result<(), OfficeError> {
    let Followed { held, members } = followed;
    let held: Vec<i64> = held.iter().map(|id| id.0).collect();
    note(tx, merge, "entitlement.holder_person_id", "moved", plain(&held)).await?;
    note(tx, merge, "entitlement_member.person_id", "moved", plain(members)).await
}

/// What the ledger led.
pub(super) async fn noted_benefits(tx: &Tx, merge: MergeId) -> Result<Followed, OfficeError> {
    let held = noted(tx, merge, "entitlement.holder_person_id", "moved").await?;
    Ok(Followed {
        held: held.into_iter().map(ledger::EntitlementId).collect(),
        members: noted(tx, merge, "entitlement_member.person_id", "moved").await?,
    })
}

/// Writes down which records were led.
pub(super) async fn note_records(tx: &Tx, merge: MergeId, led: &[Led]) -> Result<(), OfficeError> {
    for Led { register, record, was } in led {
        note(tx, merge, &format!("record:{register}"), "moved", vec![(record.0, was.clone())]).await?;
    }
    Ok(())
}

/// Which records were led.
pub(super) async fn noted_records(tx: &Tx, merge: MergeId) -> Result<Vec<Led>, OfficeError> {
    let rows = Query::system(
        MOVING,
        "SELECT d.place, d.row_id, d.was FROM person_merge_moved d WHERE d.merge_id = ? AND d.place LIKE 'record:%' \
         ORDER BY d.place, d.row_id",
    )
    .bind(merge)
    .all_as(tx, |row| {
        let place: String = row.get("place")?;
        let register = place.strip_prefix("record:").unwrap_or_default().to_owned();
        Ok(Led { register, record: RecordId(row.get("row_id")?), was: row.get("was")? })
    })
    .await?;
    Ok(rows)
}

/// How many rows were led, by place, for the merge's page.
pub(super) async fn counted(
    connection: &impl Connection,
    merge: MergeId,
) -> Result<BTreeMap<String, i64>, OfficeError> {
    let rows = Query::system(
        MOVING,
        "SELECT d.place, COUNT(*) AS rows FROM person_merge_moved d WHERE d.merge_id = ? GROUP BY d.place",
    )
    .bind(merge)
    .all_as(connection, |row| Ok((row.get("place")?, row.get("rows")?)))
    .await?;
    Ok(rows.into_iter().collect())
}
