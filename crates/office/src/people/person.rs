//! One record for each person: registering, correcting, moving, and the day of death.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};

use chrono::NaiveDate;
use store::{AuditActor, AuditEntry, Connection, DivisionId, PersonId, Query, Scope, Tx};
use vocab::{CitizenId, PersonName, Phone, Sex};

use super::{BY_NUMBER, PERSON_COLUMNS, duplicate, name_words, sealing};
use crate::access::{Granted, RegisterPeople};
use crate::error::Problems;
use crate::{Office, OfficeError, audited, divisions};

/// A person to be registered.
#[derive(Debug, Clone)]
pub struct NewPerson {
    /// Name as on the papers.
    pub name: PersonName,
    /// Citizen ID; sex and day of birth come from it.
    pub citizen_id: CitizenId,
    /// Phone.
    pub phone: Option<Phone>,
    /// Where the person is registered (户籍): a village, or a township when the village is not known.
    pub division: DivisionId,
    /// Where the person lives; the same unless said otherwise.
    pub residence: Option<DivisionId>,
}

impl NewPerson {
    /// Reads what was typed; all problems at once, by the fields `name`, `citizen_id`, `phone`.
    ///
    /// # Errors
    /// [`OfficeError::Invalid`].
    pub fn read(
        name: &str,
        citizen_id: &str,
        phone: &str,
        division: DivisionId,
    ) -> Result<NewPerson, OfficeError> {
        let mut problems = Problems::default();
        let name = problems.keep("name", name.parse::<PersonName>());
        let citizen_id = problems.keep("citizen_id", citizen_id.parse::<CitizenId>());
        let phone =
            if phone.trim().is_empty() { None } else { problems.keep("phone", phone.parse::<Phone>()) };
        match (name, citizen_id) {
            (Some(name), Some(citizen_id)) => {
                problems.none_or_refuse()?;
                Ok(NewPerson { name, citizen_id, phone, division, residence: None })
            }
            _ => {
                problems.none_or_refuse()?;
                Err(OfficeError::Internal("读取人员信息".to_owned()))
            }
        }
    }
}

/// What registering found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Registered {
    /// A new record.
    New(PersonId),
    /// The person was there already, inside the actor's scope.
    Existing(PersonId),
}

impl Registered {
    /// The person.
    #[must_use]
    pub fn person(self) -> PersonId {
        match self {
            Registered::New(person) | Registered::Existing(person) => person,
        }
    }
}

/// A person as pages show them: identifiers masked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonView {
    /// The person.
    pub id: PersonId,
    /// Name.
    pub name: String,
    /// Sex.
    pub sex: Sex,
    /// Day of birth.
    pub born_on: NaiveDate,
    /// Day of death.
    pub died_on: Option<NaiveDate>,
    /// Citizen ID, masked.
    pub citizen_id: String,
    /// Phone, masked.
    pub phone: Option<String>,
    /// Registered in.
    pub division: DivisionId,
    /// Its name.
    pub division_name: String,
    /// Lives in.
    pub residence: DivisionId,
    /// Its name.
    pub residence_name: String,
    /// For optimistic changes.
    pub version: i64,
}

/// Registers a person, once: the same citizen ID again gives the record that is there.
///
/// # Errors
/// [`OfficeError::RegisteredElsewhere`] when the record lies outside the actor's scope; [`OfficeError::NotFound`] when the
/// division does; [`OfficeError::Invalid`] for an ID that does not belong into this kind of database.
pub async fn register_person(
    office: &Office,
    actor: &Granted<RegisterPeople>,
    new: &NewPerson,
) -> Result<Registered, OfficeError> {
    let at = office.now().at_ms();
    let tx = office.db().begin().await?;
    let registered = register_person_in(office, &tx, &actor.scope(), &actor.audit(), new, at).await?;
    tx.commit().await?;
    Ok(registered)
}

/// As [`register_person`], as a step of a greater change.
///
/// # Errors
/// As [`register_person`].
pub async fn register_person_in(
    office: &Office,
    tx: &Tx,
    scope: &Scope,
    who: &AuditActor,
    new: &NewPerson,
    at: i64,
) -> Result<Registered, OfficeError> {
    let NewPerson { name, citizen_id, phone, division, residence } = new;
    refuse_wrong_kind(office, citizen_id)?;
    let keys = office.keys();
    let blind = sealing::citizen_id_blind(keys, citizen_id);
    if let Some(person) = find_anywhere(tx, &blind).await? {
        if !is_visible(tx, scope, person).await? {
            return Err(OfficeError::RegisteredElsewhere);
        }
        refuse_given_up(tx, &blind, name.as_str()).await?;
        return Ok(Registered::Existing(person));
    }
    let residence = residence.unwrap_or(*division);
    if let Scope::Subtree(own) = scope
        && !divisions::is_within(tx, *own, *division).await?
    {
        // The family may be registered elsewhere (全市通办) when it lives here.
        divisions::within(tx, *own, residence).await?;
    }
    let county = divisions::county(tx, *division).await?;
    let id = Query::new(
        scope,
        &PERSON_COLUMNS,
        "INSERT INTO person (county_id, division_id, residence_division_id, name, citizen_id_sealed, citizen_id_blind, \
         citizen_id_tail_blind, sex, born_on, phone_sealed, phone_blind, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) \
         RETURNING id",
    )
    .bind(county)
    .bind(*division)
    .bind(residence)
    .bind(name.as_str())
    .bind(keys.seal(citizen_id.expose())?)
    .bind(blind)
    .bind(sealing::tail_blind(keys, citizen_id.last_four()))
    .bind(citizen_id.sex().as_str())
    .bind(citizen_id.born_on())
    .bind(phone.as_ref().map(|phone| keys.seal(phone.expose())).transpose()?)
    .bind(phone.as_ref().map(|phone| sealing::phone_blind(keys, phone)))
    .bind(at)
    .insert(tx)
    .await?;
    let person = PersonId(id);
    let words = name_words::words(name.as_str(), &divisions::above(tx, &[*division, residence]).await?);
    Query::system(
        "the words of a person just registered",
        "INSERT INTO person_search (rowid, words) VALUES (?, ?)",
    )
    .bind(person)
    .bind(words)
    .execute(tx)
    .await?;
    duplicate::flag_person(tx, person, at).await?;
    tx.audit(AuditEntry {
        division: Some(residence),
        ..audited(at, who.clone(), "person.registered", ("person", id))
    })
    .await?;
    Ok(Registered::New(person))
}

/// A trial database takes invented IDs only, a real one takes none.
pub(super) fn refuse_wrong_kind(office: &Office, citizen_id: &CitizenId) -> Result<(), OfficeError> {
    match (office.db().synthetic(), citizen_id.is_synthetic()) {
        (true, false) => Err(OfficeError::invalid(
            "citizen_id",
            "演示库只能登记演示身份证号（99开头），不要录入真实的身份证号。",
        )),
        (false, true) => {
            Err(OfficeError::invalid("citizen_id", "这是演示用的身份证号（99开头），不能登记。请核对证件。"))
        }
        (true, true) | (false, false) => Ok(()),
    }
}

async fn find_anywhere(connection: &impl Connection, blind: &str) -> Result<Option<PersonId>, OfficeError> {
    let row = Query::system(
        "one record for each citizen ID, over all divisions",
        format!("SELECT p.id FROM person p WHERE {BY_NUMBER}"),
    )
    .bind(blind)
    .optional(connection)
    .await?;
    Ok(row.map(|row| row.get("id")).transpose()?)
}

/// A number that was given up leads to the record that stays, but only under a name that was ever on one of the two: a number that was typed
/// wrongly may be somebody else's.
async fn refuse_given_up(connection: &impl Connection, blind: &str, name: &str) -> Result<(), OfficeError> {
    let strange: i64 = Query::system(
        "one record for each citizen ID, over all divisions",
        "SELECT COUNT(*) FROM person n JOIN person k ON k.id = n.merged_into WHERE n.citizen_id_blind = ? AND n.name <> ? AND k.name <> ?",
    )
    .bind(blind)
    .bind(name)
    .bind(name)
    .scalar(connection)
    .await?;
    if strange > 0 {
        return Err(OfficeError::Conflict(
            "这个身份证号曾登记在另一人名下，那份档案已合并。请核对证件；确是此人的号码，请联系县级民政部门撤销那次合并后再登记。".to_owned(),
        ));
    }
    Ok(())
}

pub(super) async fn is_visible(
    connection: &impl Connection,
    scope: &Scope,
    person: PersonId,
) -> Result<bool, OfficeError> {
    let row = Query::new(scope, &PERSON_COLUMNS, "SELECT p.id FROM person p WHERE {scope} AND p.id = ?")
        .bind(person)
        .optional(connection)
        .await?;
    Ok(row.is_some())
}

/// The columns that [`read_view`] reads, of `person p`, `division d` and `division r`.
pub(super) const VIEW: &str = "p.id, p.name, p.sex, p.born_on, p.died_on, p.citizen_id_sealed, p.phone_sealed, p.division_id, \
     d.name AS division_name, p.residence_division_id, r.name AS residence_name, p.version";

pub(super) fn read_view(office: &Office, row: &store::Row) -> Result<PersonView, OfficeError> {
    let sealed_phone: Option<Vec<u8>> = row.get("phone_sealed")?;
    Ok(PersonView {
        id: row.get("id")?,
        name: row.get("name")?,
        sex: row
            .get::<String>("sex")?
            .parse()
            .map_err(|_| OfficeError::Internal("库中的性别不合规定".to_owned()))?,
        born_on: row.get("born_on")?,
        died_on: row.get("died_on")?,
        citizen_id: sealing::masked_citizen_id(office.keys(), &row.get::<Vec<u8>>("citizen_id_sealed")?)?,
        phone: sealed_phone.map(|sealed| sealing::masked_phone(office.keys(), &sealed)).transpose()?,
        division: row.get("division_id")?,
        division_name: row.get("division_name")?,
        residence: row.get("residence_division_id")?,
        residence_name: row.get("residence_name")?,
        version: row.get("version")?,
    })
}

/// A person inside the scope. Does not write the audit: a page that opens a person's file calls
/// [`super::person_page`].
///
/// # Errors
/// [`OfficeError::NotFound`].
pub async fn find_person(
    office: &Office,
    connection: &impl Connection,
    scope: &Scope,
    person: PersonId,
) -> Result<PersonView, OfficeError> {
    let sql = format!(
        "SELECT {VIEW} FROM person p JOIN division d ON d.id = p.division_id JOIN division r ON r.id = p.residence_division_id \
         WHERE {{scope}} AND p.id = ?"
    );
    let row = Query::new(scope, &PERSON_COLUMNS, sql)
        .bind(person)
        .optional(connection)
        .await?
        .ok_or(OfficeError::NotFound("这个人"))?;
    read_view(office, &row)
}

/// What may be corrected. The citizen ID may not: a wrong one is a new record and a settled duplicate.
#[derive(Debug, Clone)]
pub struct PersonCorrection {
    /// Name.
    pub name: PersonName,
    /// Phone; `None` takes it away.
    pub phone: Option<Phone>,
    /// Why, with the paper seen.
    pub reason: String,
}

/// Corrects name and phone.
///
/// # Errors
/// [`OfficeError::NotFound`]; [`OfficeError::Conflict`] when another was faster; [`OfficeError::Invalid`] without a reason.
pub async fn correct_person(
    office: &Office,
    actor: &Granted<RegisterPeople>,
    person: PersonId,
    version: i64,
    correction: &PersonCorrection,
) -> Result<(), OfficeError> {
    let PersonCorrection { name, phone, reason } = correction;
    if reason.trim().is_empty() {
        return Err(OfficeError::invalid("reason", "请填写更正的原因和依据的证件。"));
    }
    let at = office.now().at_ms();
    let keys = office.keys();
    let tx = office.db().begin().await?;
    let before = find_person(office, &tx, &actor.scope(), person).await?;
    let changed = Query::new(
        &actor.scope(),
        &PERSON_COLUMNS,
        "UPDATE person AS p SET name = ?, phone_sealed = ?, phone_blind = ?, version = version + 1 WHERE {scope} AND p.id = ? \
         AND p.version = ?",
    )
    .bind(name.as_str())
    .bind(phone.as_ref().map(|phone| keys.seal(phone.expose())).transpose()?)
    .bind(phone.as_ref().map(|phone| sealing::phone_blind(keys, phone)))
    .bind(person)
    .bind(version)
    .execute(&tx)
    .await?;
    if changed == 0 {
        return Err(OfficeError::stale());
    }
    reindex(&tx, person).await?;
    duplicate::flag_person(&tx, person, at).await?;
    tx.audit(AuditEntry {
        division: Some(before.residence),
        details: serde_json::json!({ "name_changed": before.name != name.as_str(), "reason": reason }),
        ..audited(at, actor.audit(), "person.corrected", ("person", person.0))
    })
    .await?;
    tx.commit().await?;
    Ok(())
}

/// Changes where a person is registered or lives. Both the old and the new place must lie in the actor's scope.
///
/// # Errors
/// [`OfficeError::NotFound`]; [`OfficeError::Conflict`].
pub async fn place_person(
    office: &Office,
    actor: &Granted<RegisterPeople>,
    person: PersonId,
    version: i64,
    division: DivisionId,
    residence: DivisionId,
    reason: &str,
) -> Result<(), OfficeError> {
    let at = office.now().at_ms();
    let tx = office.db().begin().await?;
    let before = find_person(office, &tx, &actor.scope(), person).await?;
    for place in [division, residence] {
        if place != before.division && place != before.residence {
            divisions::within(&tx, actor.division, place).await?;
        }
    }
    if before.version != version {
        return Err(OfficeError::stale());
    }
    set_place(&tx, person, division, residence).await?;
    tx.audit(AuditEntry {
        division: Some(residence),
        details: serde_json::json!({
            "from": [before.division.0, before.residence.0], "to": [division.0, residence.0], "reason": reason
        }),
        ..audited(at, actor.audit(), "person.placed", ("person", person.0))
    })
    .await?;
    tx.commit().await?;
    Ok(())
}

pub(super) async fn set_place(
    tx: &Tx,
    person: PersonId,
    division: DivisionId,
    residence: DivisionId,
) -> Result<(), OfficeError> {
    let county = divisions::county(tx, division).await?;
    Query::system(
        "the caller has seen the person and may place them",
        "UPDATE person SET division_id = ?, residence_division_id = ?, county_id = ?, version = version + 1 WHERE id = ?",
    )
    .bind(division)
    .bind(residence)
    .bind(county)
    .bind(person)
    .execute_one(tx)
    .await?;
    reindex(tx, person).await
}

/// People whose words are written at a time.
const REINDEXED: usize = 500;

/// Writes the words of everybody afresh who is registered or lives in one of these divisions: they lie elsewhere in the tree now.
pub(crate) async fn reindex_in(tx: &Tx, divisions: &[DivisionId]) -> Result<(), OfficeError> {
    const WHY: &str = "the index follows the tree of divisions";
    let mut above: HashMap<DivisionId, Vec<DivisionId>> = HashMap::new();
    let mut written: HashSet<PersonId> = HashSet::new();
    for some in divisions.chunks(REINDEXED) {
        for column in ["division_id", "residence_division_id"] {
            let mut after = PersonId(0);
            loop {
                let sql = format!(
                    "SELECT p.id, p.name, p.division_id, p.residence_division_id FROM person p WHERE p.{column} IN ({{list}}) \
                     AND p.merged_into IS NULL AND p.id > ? ORDER BY p.id LIMIT {REINDEXED}"
                );
                let rows =
                    Query::system(WHY, sql).bind_list(some.iter().copied()).bind(after).all(tx).await?;
                let Some(last) = rows.last() else { break };
                after = last.get("id")?;
                for row in &rows {
                    let person: PersonId = row.get("id")?;
                    if !written.insert(person) {
                        continue;
                    }
                    let mut places: Vec<DivisionId> = Vec::new();
                    for division in [row.get("division_id")?, row.get("residence_division_id")?] {
                        if let Entry::Vacant(unknown) = above.entry(division) {
                            unknown.insert(divisions::above(tx, &[division]).await?);
                        }
                        places.extend(above.get(&division).into_iter().flatten().copied());
                    }
                    places.sort_unstable();
                    places.dedup();
                    Query::system(WHY, "UPDATE person_search SET words = ? WHERE rowid = ?")
                        .bind(name_words::words(&row.get::<String>("name")?, &places))
                        .bind(person)
                        .execute_one(tx)
                        .await?;
                }
            }
        }
    }
    // Whoever stays of two records is found by the name of the other too; they are few.
    let stay: Vec<PersonId> = Query::system(
        WHY,
        "SELECT DISTINCT o.merged_into FROM person o WHERE o.merged_into IS NOT NULL ORDER BY o.merged_into",
    )
    .scalars(tx)
    .await?;
    for person in stay.into_iter().filter(|person| written.contains(person)) {
        reindex(tx, person).await?;
    }
    Ok(())
}

/// Writes the words of a person afresh.
pub(super) async fn reindex(tx: &Tx, person: PersonId) -> Result<(), OfficeError> {
    let row = Query::system(
        "the index follows the person",
        "SELECT p.name, p.division_id, p.residence_division_id, p.merged_into FROM person p WHERE p.id = ?",
    )
    .bind(person)
    .one(tx)
    .await?;
    let divisions =
        divisions::above(tx, &[row.get("division_id")?, row.get("residence_division_id")?]).await?;
    // A record that was given up is found by nothing; the one that stays also by the names of those.
    let mut words = String::new();
    if row.get::<Option<PersonId>>("merged_into")?.is_none() {
        let own: String = row.get("name")?;
        words = name_words::words(&own, &divisions);
        let others: Vec<String> = Query::system(
            "the index follows the person",
            "SELECT DISTINCT o.name FROM person o WHERE o.merged_into = ?",
        )
        .bind(person)
        .scalars(tx)
        .await?;
        for other in others.iter().filter(|other| **other != own) {
            words.push(' ');
            words.push_str(&name_words::words(other, &[]));
        }
    }
    Query::system("the index follows the person", "UPDATE person_search SET words = ? WHERE rowid = ?")
        .bind(words)
        .bind(person)
        .execute_one(tx)
        .await?;
    Ok(())
}

/// Writes the day of death and ends the person's sessions and codes. What it closes of benefits is the caller's part.
///
/// # Errors
/// [`OfficeError::Invalid`] for a day before birth or after today.
pub async fn record_death_in(
    office: &Office,
    tx: &Tx,
    scope: &Scope,
    who: &AuditActor,
    person: PersonId,
    died_on: NaiveDate,
    source: &str,
) -> Result<(), OfficeError> {
    let now = office.now();
    let before = find_person(office, tx, scope, person).await?;
    if died_on < before.born_on || died_on > now.today() {
        return Err(OfficeError::invalid("died_on", "死亡日期应在出生日期之后、不晚于今天。"));
    }
    Query::new(
        scope,
        &PERSON_COLUMNS,
        "UPDATE person AS p SET died_on = ?, version = version + 1 WHERE {scope} AND p.id = ?",
    )
    .bind(died_on)
    .bind(person)
    .execute_one(tx)
    .await?;
    for sql in [
        "UPDATE session SET revoked_at = ? WHERE person_id = ? AND revoked_at IS NULL",
        "UPDATE citizen_code SET expires_at = ? WHERE person_id = ? AND used_at IS NULL",
    ] {
        Query::system("the dead sign in no more", sql).bind(now.at_ms()).bind(person).execute(tx).await?;
    }
    tx.audit(AuditEntry {
        division: Some(before.residence),
        details: serde_json::json!({ "died_on": died_on, "source": source }),
        ..audited(now.at_ms(), who.clone(), "person.died", ("person", person.0))
    })
    .await?;
    Ok(())
}
