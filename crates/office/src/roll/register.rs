//! A roll against the register: who is registered elsewhere, in another family, covered already. What lies outside the scope is
//! said, not shown.

use std::collections::{BTreeSet, HashMap};

use store::{Connection, HouseholdId, PersonId, Query, Scope};
use vocab::{Fen, Month};

use super::read::{Member, Roll};
use crate::people::{PERSON_COLUMNS, sealing};
use crate::{Office, OfficeError};

/// What the register knows of a person of the roll.
struct Known {
    person: PersonId,
    name: String,
    visible: bool,
    household: Option<HouseholdId>,
}

/// Checks the roll against the register: who is registered elsewhere, in another family, covered already.
pub(super) async fn check_register(
    office: &Office,
    connection: &impl Connection,
    scope: &Scope,
    programme: &str,
    exclusion_group: &str,
    roll: &mut Roll,
) -> Result<(), OfficeError> {
    let keys = office.keys();
    let blinds: Vec<String> = roll
        .list
        .iter()
        .flat_map(|family| &family.members)
        .map(|member| sealing::citizen_id_blind(keys, &member.citizen_id))
        .collect();
    let known = known(connection, scope, &blinds).await?;
    let persons: Vec<PersonId> = known.values().map(|known| known.person).collect();
    let households: Vec<HouseholdId> = known.values().filter_map(|known| known.household).collect();
    let members_of = members_of(connection, &households).await?;
    let covered = covered(connection, exclusion_group, &persons).await?;
    let amounts = amounts(connection, &covered).await?;
    let mut faults: Vec<(u32, &str, String)> = Vec::new();
    let mut already = Vec::new();
    for (index, family) in roll.list.iter().enumerate() {
        let found: Vec<(&Member, &Known)> = family
            .members
            .iter()
            .filter_map(|member| {
                Some((member, known.get(&sealing::citizen_id_blind(keys, &member.citizen_id))?))
            })
            .collect();
        let ids: BTreeSet<PersonId> = found.iter().map(|(_, known)| known.person).collect();
        for (member, known) in &found {
            if !known.visible {
                faults.push((
                    member.row,
                    "citizen_id",
                    "此人已在他处登记，请联系县级民政部门核对".to_owned(),
                ));
                continue;
            }
            if known.name != member.name.as_str() {
                faults.push((member.row, "name", "与系统中登记的姓名不一致，请核对证件".to_owned()));
            }
            let Some(household) = known.household else { continue };
            let same = members_of.get(&household).is_some_and(|there| *there == ids)
                && ids.len() == family.members.len();
            if !same {
                let message =
                    "此人已登记在另一个家庭，或登记的家庭成员与名册不同。请先办理成员变动".to_owned();
                faults.push((member.row, "citizen_id", message));
            }
        }
        let of_family: BTreeSet<(i64, HouseholdId, String)> = found
            .iter()
            .filter_map(|(_, known)| covered.get(&known.person))
            .map(|(entitlement, household, programme, _)| (*entitlement, *household, programme.clone()))
            .collect();
        let own = found.iter().find_map(|(_, known)| known.household);
        match of_family.iter().next() {
            Some((entitlement, household, of))
                if of_family.len() == 1 && Some(*household) == own && of == programme =>
            {
                if amounts.get(entitlement).copied() == family.monthly {
                    already.push(index);
                } else {
                    let message =
                        "这个家庭已经在册，且在册金额与名册不同。请通过待遇变动办理，不要重复导入".to_owned();
                    faults.push((family.row, "monthly", message));
                }
            }
            Some(_) => {
                for (member, known) in &found {
                    if let Some((_, _, _, until)) = covered.get(&known.person)
                        && member.covered
                        && until.is_none_or(|until| family.from.is_none_or(|from| until >= from))
                    {
                        let message =
                            "此人正在享受同类待遇，不能重复享受；如不在本地，请联系县级民政部门".to_owned();
                        faults.push((member.row, "citizen_id", message));
                    }
                }
            }
            None => {}
        }
    }
    for index in already {
        roll.list[index].already = true;
    }
    let two = roll.families.is_some();
    for (row, column, message) in faults {
        if two && column == "monthly" {
            roll.refuse_family(row, column, message);
        } else {
            roll.members.refuse(row, column, message);
        }
    }
    Ok(())
}

const MATCHING: &str =
    "persons of a roll matched by their whole number; what is outside the scope is said, not shown";
const CHUNK: usize = 1_000;

async fn known(
    connection: &impl Connection,
    scope: &Scope,
    blinds: &[String],
) -> Result<HashMap<String, Known>, OfficeError> {
    let mut all = HashMap::new();
    for chunk in blinds.chunks(CHUNK) {
        let rows = Query::system(
            MATCHING,
            "SELECT p.id, p.name, n.citizen_id_blind, m.household_id FROM person n JOIN person p ON p.id = COALESCE(n.merged_into, n.id) \
             LEFT JOIN membership m ON m.person_id = p.id AND m.until_on IS NULL AND m.superseded_at IS NULL \
             WHERE n.citizen_id_blind IN ({list})",
        )
        .bind_list(chunk.iter().map(String::as_str))
        .all(connection)
        .await?;
        let visible: Vec<PersonId> = Query::new(
            scope,
            &PERSON_COLUMNS,
            "SELECT p.id FROM person p WHERE {scope} AND p.id IN \
             (SELECT COALESCE(n.merged_into, n.id) FROM person n WHERE n.citizen_id_blind IN ({list}))",
        )
        .bind_list(chunk.iter().map(String::as_str))
        .scalars(connection)
        .await?;
        let visible: BTreeSet<PersonId> = visible.into_iter().collect();
        for row in &rows {
            let person: PersonId = row.get("id")?;
            let known = Known {
                person,
                name: row.get("name")?,
                visible: visible.contains(&person),
                household: row.get("household_id")?,
            };
            all.insert(row.get("citizen_id_blind")?, known);
        }
    }
    Ok(all)
}

async fn members_of(
    connection: &impl Connection,
    households: &[HouseholdId],
) -> Result<HashMap<HouseholdId, BTreeSet<PersonId>>, OfficeError> {
    let mut all: HashMap<HouseholdId, BTreeSet<PersonId>> = HashMap::new();
    for chunk in households.chunks(CHUNK) {
        let rows: Vec<(HouseholdId, PersonId)> = Query::system(
            MATCHING,
            "SELECT m.household_id, m.person_id FROM membership m WHERE m.household_id IN ({list}) AND m.until_on IS NULL \
             AND m.superseded_at IS NULL",
        )
        .bind_list(chunk.iter().copied())
        .all_as(connection, |row| Ok((row.get("household_id")?, row.get("person_id")?)))
        .await?;
        for (household, person) in rows {
            all.entry(household).or_default().insert(person);
        }
    }
    Ok(all)
}

/// Entitlement, its family and programme, and the last month, for whoever is or will be covered in the group.
type Covered = HashMap<PersonId, (i64, HouseholdId, String, Option<Month>)>;

async fn covered(
    connection: &impl Connection,
    exclusion_group: &str,
    persons: &[PersonId],
) -> Result<Covered, OfficeError> {
    let mut all = Covered::new();
    for chunk in persons.chunks(CHUNK) {
        let rows = Query::system(
            MATCHING,
            "SELECT m.person_id, m.entitlement_id, m.until_month, e.household_id, e.programme FROM entitlement_member m \
             JOIN entitlement e ON e.id = m.entitlement_id WHERE m.exclusion_group = ? AND m.superseded_at IS NULL \
             AND m.person_id IN ({list}) ORDER BY CASE WHEN m.until_month IS NULL THEN 1 ELSE 0 END, m.until_month",
        )
        .bind(exclusion_group)
        .bind_list(chunk.iter().copied())
        .all(connection)
        .await?;
        for row in &rows {
            let until: Option<Month> = row.get("until_month")?;
            let value = (row.get("entitlement_id")?, row.get("household_id")?, row.get("programme")?, until);
            all.insert(row.get("person_id")?, value);
        }
    }
    Ok(all)
}

async fn amounts(connection: &impl Connection, covered: &Covered) -> Result<HashMap<i64, Fen>, OfficeError> {
    let ids: BTreeSet<i64> = covered.values().map(|(entitlement, ..)| *entitlement).collect();
    let ids: Vec<i64> = ids.into_iter().collect();
    let mut all = HashMap::new();
    for chunk in ids.chunks(CHUNK) {
        let rows: Vec<(i64, Fen)> = Query::system(
            MATCHING,
            "SELECT a.entitlement_id, a.amount_fen FROM entitlement_amount a WHERE a.entitlement_id IN ({list}) \
             AND a.superseded_at IS NULL ORDER BY a.from_month",
        )
        .bind_list(chunk.iter().copied())
        .all_as(connection, |row| Ok((row.get("entitlement_id")?, row.get("amount_fen")?)))
        .await?;
        all.extend(rows);
    }
    Ok(all)
}
