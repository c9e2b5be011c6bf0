//! The job of an import: batches of families, each family once.

use std::collections::HashSet;

use chrono::NaiveDate;
use ledger::entitlement::{self, Grant};
use ledger::payee::{NewPayee, Proposer};
use ledger::{AmountCause, Decision, EntitlementId};
use serde_json::json;
use store::jobs::{Beat, Claim};
use store::{AuditActor, AuditEntry, HouseholdId, PersonId, Query, Scope, ScopeColumns, Tx};
use vocab::{Month, Now};

use super::{BATCH, Import, REASON, ROLL_JOB, RollSettings, WORK, evidence, read, register};
use crate::people::{
    self, MemberChange, NewAccount, NewFact, NewHousehold, NewMember, NewPerson, Source, Subject,
};
use crate::roll::read::Family;
use crate::uploads::{self, Upload};
use crate::{Office, OfficeError, audited};

pub(super) async fn take_in(office: &Office, claim: &Claim, import: &Import) -> Result<(), OfficeError> {
    let found: Upload<RollSettings> =
        uploads::find_for_work(office, office.db(), ROLL_JOB, import.upload).await?;
    let content = found.content.ok_or(OfficeError::NotFound("这个上传的文件"))?;
    let mut roll = read::read(office, office.db(), import.county, &found.name, &content).await?;
    let scope = Scope::Subtree(import.county);
    register::check_register(office, office.db(), &scope, &import.programme, &import.group, &mut roll)
        .await?;
    let done: HashSet<String> = Query::new(
        &WORK,
        &ScopeColumns::NONE,
        "SELECT f.family FROM roll_import_family f WHERE f.import_id = ?",
    )
    .bind(import.id)
    .scalars(office.db())
    .await?
    .into_iter()
    .collect();
    let waiting: Vec<&Family> =
        roll.list.iter().filter(|family| !family.already && !done.contains(&family.key)).collect();
    let mut count = i64::try_from(roll.list.len() - waiting.len()).unwrap_or(0);
    for batch in waiting.chunks(BATCH) {
        count += i64::try_from(batch.len()).unwrap_or(0);
        let tx = office.db().begin().await?;
        if take_batch(office, &tx, import, batch).await.is_ok() {
            if claim.progress(&tx, count, None).await? == Beat::Cancel {
                tx.rollback().await?;
                return Ok(claim.cancelled(office.db()).await?);
            }
            tx.commit().await?;
            continue;
        }
        // One family of the batch is in the way: each by itself, and the reason of that one is kept.
        tx.rollback().await?;
        for family in batch {
            let tx = office.db().begin().await?;
            match take_batch(office, &tx, import, std::slice::from_ref(family)).await {
                Ok(()) => tx.commit().await?,
                Err(error) => {
                    tx.rollback().await?;
                    refuse_family(office, import, family, &error).await?;
                }
            }
        }
        claim.progress(office.db(), count, None).await?;
    }
    let tx = office.db().begin().await?;
    Query::new(
        &WORK,
        &ScopeColumns::NONE,
        "UPDATE roll_import SET state = 'done' WHERE id = ? AND state = 'importing'",
    )
    .bind(import.id)
    .execute_one(&tx)
    .await?;
    uploads::forget(&tx, import.upload).await?;
    claim.finished(&tx, &format!("已导入 {count} 户")).await?;
    tx.commit().await?;
    Ok(())
}

async fn refuse_family(
    office: &Office,
    import: &Import,
    family: &Family,
    error: &OfficeError,
) -> Result<(), OfficeError> {
    // What only the machine can mend stops the job; what the family's data say is kept beside the family.
    if let OfficeError::Internal(_) | OfficeError::Store(store::StoreError::Busy) = error {
        return Err(OfficeError::Internal(error.to_string()));
    }
    Query::new(
        &WORK,
        &ScopeColumns::NONE,
        "INSERT INTO roll_import_family (import_id, family, row_number, household_made, refused) VALUES (?, ?, ?, ?, ?)",
    )
    .bind(import.id)
    .bind(family.key.as_str())
    .bind(family.row)
    .bind(false)
    .bind(error.to_string())
    .execute(office.db())
    .await?;
    Ok(())
}

async fn take_batch(office: &Office, tx: &Tx, import: &Import, batch: &[&Family]) -> Result<(), OfficeError> {
    let now = office.now();
    for family in batch {
        let (household, made, entitlement) = take_family(office, tx, import, family, now).await?;
        Query::new(
            &WORK,
            &ScopeColumns::NONE,
            "INSERT INTO roll_import_family (import_id, family, row_number, household_id, household_made, entitlement_id) \
             VALUES (?, ?, ?, ?, ?, ?)",
        )
        .bind(import.id)
        .bind(family.key.as_str())
        .bind(family.row)
        .bind(household)
        .bind(made)
        .bind(entitlement)
        .execute(tx)
        .await?;
    }
    Ok(())
}

/// One family: persons, household, facts, account, benefit.
async fn take_family(
    office: &Office,
    tx: &Tx,
    import: &Import,
    family: &Family,
    now: Now,
) -> Result<(HouseholdId, bool, EntitlementId), OfficeError> {
    let incomplete = || OfficeError::Conflict(format!("家庭 {} 的内容不完整。", family.key));
    let scope = Scope::Subtree(import.county);
    let who = AuditActor { staff: Some(import.officer), ..AuditActor::default() };
    let place = family.division.ok_or_else(incomplete)?;
    let registered = family.registered.unwrap_or(place);
    let mut persons: Vec<PersonId> = Vec::with_capacity(family.members.len());
    for member in &family.members {
        let new = NewPerson {
            name: member.name.clone(),
            citizen_id: member.citizen_id,
            phone: member.phone.clone(),
            division: registered.id,
            residence: Some(place.id),
        };
        let person = people::register_person_in(office, tx, &scope, &who, &new, now.at_ms()).await?;
        persons.push(person.person());
    }
    let head = family.members.iter().position(|member| member.head).ok_or_else(incomplete)?;
    let from = family.from.ok_or_else(incomplete)?;
    let first_due = import.first_due.max(from);
    let since = since(tx, family, &persons, first_due, now).await?;
    let change = MemberChange { on: since, reason: REASON.to_owned(), case: None };
    let (household, made) = match people::current_household(tx, &scope, persons[head]).await? {
        Some(household) => (household, false),
        None => {
            let new = NewHousehold {
                division: place.id,
                registered_division: registered.id,
                area: family.area.clone().ok_or_else(incomplete)?,
                address: family.address.clone(),
                members: family
                    .members
                    .iter()
                    .zip(&persons)
                    .map(|(member, person)| NewMember {
                        person: *person,
                        relation: member.relation.clone(),
                        head: member.head,
                    })
                    .collect(),
            };
            (people::create_household_in(office, tx, &scope, &who, &new, &change).await?, true)
        }
    };
    let facts = facts(family, &persons, household, import, since);
    if !facts.is_empty() {
        people::record_facts_in(office, tx, &scope, &who, &facts).await?;
    }
    let payee = match &family.account {
        Some(account) => {
            let holder = persons[account.holder];
            let holder_name = family.members[account.holder].name.clone();
            let new = NewAccount {
                person: holder,
                holder_name: holder_name.clone(),
                bank: account.bank.clone(),
                number: account.number.clone(),
            };
            let id = people::add_account_in(office, tx, &scope, &who, &new).await?;
            Some(NewPayee {
                account: ledger::BankAccountId(id.0),
                holder_name: holder_name.as_str().to_owned(),
                bank: account.bank.clone(),
                number_tail: account.number.last_four().to_owned(),
                // The family gave it to the office that kept the roll; the importing officer confirms it.
                proposed_by: Proposer::Citizen(holder),
            })
        }
        None => None,
    };
    let grant = Grant {
        programme: import.programme.clone(),
        exclusion_group: import.group.clone(),
        household,
        holder: persons[head],
        members: family
            .members
            .iter()
            .zip(&persons)
            .filter(|(member, _)| member.covered)
            .map(|(_, id)| *id)
            .collect(),
        county: import.county,
        township: place.township,
        division: place.id,
        from,
        first_due,
        until: None,
        monthly: family.monthly.ok_or_else(incomplete)?,
        cause: AmountCause::Import,
        payee,
        review_due_on: family.review_on,
    };
    let decision = Decision {
        reference: family.reference.clone().unwrap_or_else(|| import.reference.clone()),
        reason: REASON.to_owned(),
        case: None,
        determination: None,
        officer: import.officer,
        at: now,
    };
    let entitlement = entitlement::grant(tx, &grant, &decision).await?;
    let entry = audited(now.at_ms(), who, "roll.family_taken_in", ("household", household.0));
    tx.audit(AuditEntry {
        division: Some(place.id),
        details: json!({ "import": import.id.0, "entitlement": entitlement.0 }),
        ..entry
    })
    .await?;
    Ok((household, made, entitlement))
}

/// The first day of which the roll speaks for a family: the first of the first month that is paid by it. Held from the day of the import on only,
/// neither that month nor those between it and the import could ever be reckoned again. Somebody born, or gone from another family, later than that
/// was not in this one before.
async fn since(
    tx: &Tx,
    family: &Family,
    persons: &[PersonId],
    first_due: Month,
    now: Now,
) -> Result<NaiveDate, OfficeError> {
    let left: Option<NaiveDate> = Query::system(
        "a person is in one family at a time, over all divisions",
        "SELECT max(m.until_on) FROM membership m WHERE m.person_id IN ({list}) AND m.superseded_at IS NULL",
    )
    .bind_list(persons.iter().copied())
    .scalar(tx)
    .await?;
    let born = family.members.iter().map(|member| member.citizen_id.born_on()).max();
    let first = first_due.first_day();
    Ok(first.max(born.unwrap_or(first)).max(left.unwrap_or(first)).min(now.today()))
}

fn facts(
    family: &Family,
    persons: &[PersonId],
    household: HouseholdId,
    import: &Import,
    since: NaiveDate,
) -> Vec<NewFact> {
    let fact = |subject: Subject, (fact, value): &(String, String)| NewFact {
        subject,
        fact: fact.clone(),
        value: Some(value.clone()),
        from_on: since,
        until_on: None,
        source: Source::Roll,
        case: None,
        evidence: Some(evidence(import.id)),
    };
    let of_members =
        family.members.iter().zip(persons).flat_map(|(member, person)| {
            member.facts.iter().map(|pair| fact(Subject::Person(*person), pair))
        });
    of_members.chain(family.facts.iter().map(|pair| fact(Subject::Household(household), pair))).collect()
}
