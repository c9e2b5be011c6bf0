//! Who may be drawn to inspect, and from which objects they are barred.

use std::collections::{BTreeMap, BTreeSet};

use catalogue::Release;
use store::{Connection, DivisionId, HouseholdId, PersonId, Query, ScopeColumns, StaffId, Tx};

use super::population::{Kind, Object};
use crate::access::{Granted, Right, Sample};
use crate::{Office, OfficeError};

/// So many objects are asked about in one statement.
const AT_ONCE: usize = 1_000;
/// Why these are read.
const BARRED: &str = "who must not inspect what was drawn from the caller's population";

/// Posts `p` of the drawing office and below.
const POST: ScopeColumns = ScopeColumns {
    subtree: Some("p.division_id IN (SELECT descendant_id FROM division_closure WHERE ancestor_id = ?)"),
    own: None,
    task: None,
    organisation: None,
};

/// Somebody who may be entered to inspect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// Who.
    pub staff: StaffId,
    /// Name.
    pub name: String,
    /// The office that stands beside the name.
    pub office: DivisionId,
    /// Its name.
    pub office_name: String,
    person: Option<PersonId>,
    /// Every office here at which they have a post.
    offices: Vec<DivisionId>,
}

/// Staff of the drawing office and of the offices next below it who may read cases.
///
/// # Errors
/// The database's.
pub async fn candidates(office: &Office, actor: &Granted<Sample>) -> Result<Vec<Candidate>, OfficeError> {
    found(office.db(), office, actor).await
}

async fn found(
    connection: &impl Connection,
    office: &Office,
    actor: &Granted<Sample>,
) -> Result<Vec<Candidate>, OfficeError> {
    let today = office.now().today();
    let rows = Query::new(
        &actor.scope(),
        &POST,
        "SELECT s.id, s.name, s.person_id, p.division_id, d.name AS office_name FROM post p JOIN staff s ON s.id = p.staff_id \
         JOIN division d ON d.id = p.division_id WHERE {scope} AND s.disabled_at IS NULL AND p.from_on <= ? \
         AND (p.until_on IS NULL OR p.until_on > ?) AND (d.id = ? OR d.parent_id = ?) \
         AND EXISTS (SELECT 1 FROM post_role pr WHERE pr.post_id = p.id AND pr.role IN ({list})) ORDER BY d.code, s.id, p.id",
    )
    .bind(today)
    .bind(today)
    .bind(actor.division)
    .bind(actor.division)
    .bind_list(readers(&office.release()))
    .all(connection)
    .await?;
    let mut candidates: Vec<Candidate> = Vec::new();
    for row in rows {
        let (staff, at): (StaffId, DivisionId) = (row.get("id")?, row.get("division_id")?);
        if let Some(known) = candidates.iter_mut().find(|known| known.staff == staff) {
            known.offices.push(at);
            continue;
        }
        candidates.push(Candidate {
            staff,
            name: row.get("name")?,
            office: at,
            office_name: row.get("office_name")?,
            person: row.get("person_id")?,
            offices: vec![at],
        });
    }
    Ok(candidates)
}

/// Roles that may read cases.
fn readers(release: &Release) -> Vec<String> {
    release
        .roles
        .iter()
        .filter(|role| role.holds(Right::ReadCase))
        .map(|role| role.id.get().clone())
        .collect()
}

/// Those who were entered, in the order of their ids: their numbers are fixed before there is a seed.
pub(super) async fn entered(
    tx: &Tx,
    office: &Office,
    actor: &Granted<Sample>,
    chosen: &[StaffId],
) -> Result<Vec<Candidate>, OfficeError> {
    let wanted: BTreeSet<StaffId> = chosen.iter().copied().collect();
    let mut entered = found(tx, office, actor).await?;
    entered.retain(|candidate| wanted.contains(&candidate.staff));
    if entered.len() != wanted.len() {
        return Err(OfficeError::invalid("inspectors", "有的检查人员已不在岗，请重新选择。"));
    }
    entered.sort_by_key(|candidate| candidate.staff);
    Ok(entered)
}

/// Which inspector is barred from which drawn object, and why. Objects come with their places; inspectors are numbered from one.
pub(super) async fn barred(
    tx: &Tx,
    kind: Kind,
    division: DivisionId,
    objects: &[(i64, &Object)],
    inspectors: &[Candidate],
) -> Result<BTreeMap<(i64, i64), &'static str>, OfficeError> {
    let mut barred = BTreeMap::new();
    for some in objects.chunks(AT_ONCE) {
        let units = units(tx, division, some, inspectors).await?;
        let worked = worked(tx, kind, some, inspectors).await?;
        let family = family(tx, some, inspectors).await?;
        for (place, object) in some {
            let unit = units.get(&object.township);
            for (number, inspector) in (1_i64..).zip(inspectors) {
                let own =
                    object.hands.contains(&inspector.staff) || worked.contains(&(object.id, inspector.staff));
                let at_home =
                    inspector.person.is_some_and(|person| family.contains(&(object.household, person)));
                let office = unit.is_some() && inspector.offices.iter().any(|at| units.get(at) == unit);
                let why = match (at_home, own, office) {
                    (true, _, _) => "family",
                    (_, true, _) => "own",
                    (_, _, true) => "office",
                    _ => continue,
                };
                barred.insert((*place, number), why);
            }
        }
    }
    Ok(barred)
}

/// The office next below the drawing one under which each place lies: the township for a county's draw, the county for a prefecture's.
/// The drawing office itself lies under none: it inspects all.
async fn units(
    tx: &Tx,
    division: DivisionId,
    objects: &[(i64, &Object)],
    inspectors: &[Candidate],
) -> Result<BTreeMap<DivisionId, DivisionId>, OfficeError> {
    let mut places: BTreeSet<DivisionId> = objects.iter().map(|(_, object)| object.township).collect();
    places.extend(inspectors.iter().flat_map(|inspector| inspector.offices.iter().copied()));
    let rows: Vec<(DivisionId, DivisionId)> = Query::system(
        BARRED,
        "SELECT l.descendant_id AS place, d.id AS unit FROM division d JOIN division_closure l ON l.ancestor_id = d.id \
         WHERE d.parent_id = ? AND l.descendant_id IN ({list})",
    )
    .bind(division)
    .bind_list(places)
    .all_as(tx, |row| Ok((row.get("place")?, row.get("unit")?)))
    .await?;
    Ok(rows.into_iter().collect())
}

/// Who acted in the case of an object, or in a case of its benefit.
async fn worked(
    tx: &Tx,
    kind: Kind,
    objects: &[(i64, &Object)],
    inspectors: &[Candidate],
) -> Result<BTreeSet<(i64, StaffId)>, OfficeError> {
    let (column, keys): (&str, Vec<i64>) = match kind {
        Kind::Decisions => ("id", objects.iter().map(|(_, object)| object.id).collect()),
        Kind::Benefits | Kind::Payments => {
            ("entitlement_id", objects.iter().filter_map(|(_, object)| object.entitlement).collect())
        }
    };
    let sql = format!(
        "SELECT DISTINCT c.{column} AS object, v.staff_id FROM case_event v JOIN case_file c ON c.id = v.case_id \
         WHERE c.{column} IN ({{list}}) AND v.staff_id IN ({{list}})"
    );
    let rows: Vec<(i64, StaffId)> = Query::system(BARRED, sql)
        .bind_list(keys)
        .bind_list(inspectors.iter().map(|inspector| inspector.staff))
        .all_as(tx, |row| Ok((row.get("object")?, row.get("staff_id")?)))
        .await?;
    let worked: BTreeSet<(i64, StaffId)> = rows.into_iter().collect();
    let of = |object: &Object| match kind {
        Kind::Decisions => Some(object.id),
        Kind::Benefits | Kind::Payments => object.entitlement,
    };
    let mut found = BTreeSet::new();
    for (_, object) in objects {
        let Some(key) = of(object) else { continue };
        let hands = inspectors
            .iter()
            .map(|inspector| inspector.staff)
            .filter(|staff| worked.contains(&(key, *staff)));
        found.extend(hands.map(|staff| (object.id, staff)));
    }
    Ok(found)
}

/// Families of drawn objects to which an inspector belongs.
async fn family(
    tx: &Tx,
    objects: &[(i64, &Object)],
    inspectors: &[Candidate],
) -> Result<BTreeSet<(HouseholdId, PersonId)>, OfficeError> {
    let rows: Vec<(HouseholdId, PersonId)> = Query::system(
        BARRED,
        "SELECT household_id, person_id FROM membership WHERE household_id IN ({list}) AND person_id IN ({list}) \
         AND superseded_at IS NULL AND until_on IS NULL",
    )
    .bind_list(objects.iter().map(|(_, object)| object.household))
    .bind_list(inspectors.iter().filter_map(|inspector| inspector.person))
    .all_as(tx, |row| Ok((row.get("household_id")?, row.get("person_id")?)))
    .await?;
    Ok(rows.into_iter().collect())
}
