//! Many new families at once: a synthetic city, or the first filling of an empty register.
//!
//! Does what [`super::register_person_in`] and [`super::create_household_in`] do, a few statements for hundreds of families
//! instead of a dozen for each. Only for persons who are not there yet; one who is refuses the whole.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use store::{
    AuditActor, AuditEntry, DivisionId, HouseholdId, PersonId, Query, Scope, Tx, insert_many, values,
};

use super::household::NewPlace;
use super::person::refuse_wrong_kind;
use super::{MemberChange, NewPerson, duplicate, name_words, sealing};
use crate::{Office, OfficeError, audited, divisions};

const BULK: &str = "a register is filled for the first time";

/// A family of persons who are not registered yet.
#[derive(Debug, Clone)]
pub struct NewFamily {
    /// Where it lives and is registered.
    pub place: NewPlace,
    /// Members with their relation; the first is the head.
    pub members: Vec<(NewPerson, String)>,
}

/// The ids that a family got, members in the order given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FamilyIds {
    /// The family.
    pub household: HouseholdId,
    /// The members.
    pub persons: Vec<PersonId>,
}

/// What a division needs for its people: its county and itself with all above it.
#[derive(Default)]
struct Places(HashMap<DivisionId, (Option<DivisionId>, Vec<DivisionId>)>);

impl Places {
    async fn get(
        &mut self,
        tx: &Tx,
        id: DivisionId,
    ) -> Result<&(Option<DivisionId>, Vec<DivisionId>), OfficeError> {
        match self.0.entry(id) {
            Entry::Occupied(known) => Ok(known.into_mut()),
            Entry::Vacant(free) => {
                let place = (divisions::county(tx, id).await?, divisions::above(tx, &[id]).await?);
                Ok(free.insert(place))
            }
        }
    }
}

/// Registers families; a few hundred a call keep statements and transactions short.
///
/// # Errors
/// [`OfficeError::Conflict`] when a person is registered already or stands twice in the list; [`OfficeError::Invalid`]
/// for a family without members or an ID of the wrong kind. Nothing stands then.
pub async fn register_families_in(
    office: &Office,
    tx: &Tx,
    who: &AuditActor,
    families: &[NewFamily],
    change: &MemberChange,
) -> Result<Vec<FamilyIds>, OfficeError> {
    let at = office.now().at_ms();
    let system = Scope::System(BULK);
    let keys = office.keys();
    let mut places = Places::default();
    if families.iter().any(|family| family.members.is_empty()) {
        return Err(OfficeError::invalid("members", "家庭至少要有一名成员。"));
    }
    let people: Vec<(&NewFamily, &NewPerson)> = families
        .iter()
        .flat_map(|family| family.members.iter().map(move |(person, _)| (family, person)))
        .collect();
    let mut blinds = Vec::with_capacity(people.len());
    for (_, person) in &people {
        refuse_wrong_kind(office, &person.citizen_id)?;
        blinds.push(sealing::citizen_id_blind(keys, &person.citizen_id));
    }
    for blinds in blinds.chunks(1000) {
        let known =
            Query::system(BULK, "SELECT p.id FROM person p WHERE p.citizen_id_blind IN ({list}) LIMIT 1")
                .bind_list(blinds.iter().map(String::as_str))
                .optional(tx)
                .await?;
        if known.is_some() {
            return Err(OfficeError::Conflict("名单中有已登记的人员，请改用逐户登记。".to_owned()));
        }
    }

    let mut ids: Vec<PersonId> = Vec::with_capacity(people.len());
    for (people, blinds) in people.chunks(500).zip(blinds.chunks(500)) {
        let mut query = Query::system(
            BULK,
            format!(
                "INSERT INTO person (county_id, division_id, residence_division_id, name, citizen_id_sealed, citizen_id_blind, \
                 citizen_id_tail_blind, sex, born_on, phone_sealed, phone_blind, created_at) VALUES {} RETURNING id",
                vec!["(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"; people.len()].join(", ")
            ),
        );
        for ((family, new), blind) in people.iter().zip(blinds) {
            let NewPerson { name, citizen_id, phone, division, residence: _ } = new;
            query = query
                .bind(places.get(tx, *division).await?.0)
                .bind(*division)
                .bind(family.place.division)
                .bind(name.as_str())
                .bind(keys.seal(citizen_id.expose())?)
                .bind(blind.as_str())
                .bind(sealing::tail_blind(keys, citizen_id.last_four()))
                .bind(citizen_id.sex().as_str())
                .bind(citizen_id.born_on())
                .bind(phone.as_ref().map(|phone| keys.seal(phone.expose())).transpose()?)
                .bind(phone.as_ref().map(|phone| sealing::phone_blind(keys, phone)))
                .bind(at);
        }
        let inserted = query.scalars(tx).await.map_err(|error| {
            if error.is_conflict_on("person", &["citizen_id_blind"]) {
                OfficeError::Conflict("名单中有重复的身份证号。".to_owned())
            } else {
                error.into()
            }
        })?;
        ids.extend(in_order::<PersonId>(inserted));
    }
    let mut words = Vec::with_capacity(people.len());
    for (&id, (family, new)) in ids.iter().zip(&people) {
        let mut above = places.get(tx, new.division).await?.1.clone();
        above.extend(&places.get(tx, family.place.division).await?.1);
        words.push(values![id, name_words::words(new.name.as_str(), &above)]);
    }
    insert_many(&system, tx, "person_search", &["rowid", "words"], words).await?;

    let mut households: Vec<HouseholdId> = Vec::with_capacity(families.len());
    for families in families.chunks(500) {
        let mut query = Query::system(
            BULK,
            format!(
                "INSERT INTO household (county_id, division_id, registered_division_id, area, address_sealed, created_at) VALUES {} \
                 RETURNING id",
                vec!["(?, ?, ?, ?, ?, ?)"; families.len()].join(", ")
            ),
        );
        for NewFamily { place, members: _ } in families {
            let NewPlace { division, registered_division, area, address } = place;
            query = query
                .bind(places.get(tx, *division).await?.0)
                .bind(*division)
                .bind(*registered_division)
                .bind(area.as_str())
                .bind(address.as_ref().map(|address| keys.seal(address)).transpose()?)
                .bind(at);
        }
        households.extend(in_order::<HouseholdId>(query.scalars(tx).await?));
    }

    let (mut stays, mut memberships, mut audits, mut registered) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let mut next = ids.iter().copied();
    for (&household, family) in households.iter().zip(families) {
        let NewPlace { division, registered_division, area, address: _ } = &family.place;
        let (reason, case, by) = (change.reason.as_str(), change.case, who.staff);
        stays.push(values![
            household,
            *division,
            *registered_division,
            area.as_str(),
            change.on,
            at,
            reason,
            case,
            by
        ]);
        let persons: Vec<PersonId> = next.by_ref().take(family.members.len()).collect();
        for (place, (&person, (_, relation))) in persons.iter().zip(&family.members).enumerate() {
            let head = place == 0;
            memberships.push(values![
                household,
                person,
                relation.as_str(),
                head,
                change.on,
                at,
                reason,
                case,
                by
            ]);
        }
        audits.push(AuditEntry {
            case,
            division: Some(*division),
            details: serde_json::json!({ "members": persons.len(), "reason": reason }),
            ..audited(at, who.clone(), "household.created", ("household", household.0))
        });
        audits.extend(persons.iter().map(|person| AuditEntry {
            division: Some(*division),
            ..audited(at, who.clone(), "person.registered", ("person", person.0))
        }));
        registered.push(FamilyIds { household, persons });
    }
    insert_many(
        &system,
        tx,
        "household_place",
        &[
            "household_id",
            "division_id",
            "registered_division_id",
            "area",
            "from_on",
            "recorded_at",
            "reason",
            "case_id",
            "recorded_by",
        ],
        stays,
    )
    .await?;
    insert_many(
        &system,
        tx,
        "membership",
        &[
            "household_id",
            "person_id",
            "relation",
            "head",
            "from_on",
            "recorded_at",
            "reason",
            "case_id",
            "recorded_by",
        ],
        memberships,
    )
    .await?;
    duplicate::flag_people(tx, &ids, at).await?;
    tx.audit_all(audits).await?;
    Ok(registered)
}

/// One INSERT numbers its rows as they are listed; RETURNING does not promise their order.
fn in_order<T: From<i64>>(mut ids: Vec<i64>) -> impl Iterator<Item = T> {
    ids.sort_unstable();
    ids.into_iter().map(T::from)
}
