//! A family changes while its case runs: members join, leave or form a family of their own; it moves inside its county.
//!
//! The registers of people do the work and keep the history; here the case follows. A death is a leaving with a day of death, and what
//! it does to benefits is the ledger's (社会救助法 art. 46; within three months, 2022 notice art. 1.3).

use catalogue::definition::Writes;
use chrono::NaiveDate;
use ledger::Decision;
use store::{DivisionId, PersonId, Query, Scope};
use vocab::{CitizenId, Month, PersonName};

use super::super::act::Doing;
use super::super::situation::CaseRow;
use super::super::{opening, tasks};
use super::LEDGER;
use super::decisions::decision;
use crate::forms::{self, FormEntry, FormValue};
use crate::people::{self, MemberChange, NewHousehold, NewMember, NewPerson, NewPlace};
use crate::{OfficeError, means_test};

/// The family of a case that the doer may act on; a person who joins is matched by the whole number.
const FAMILY: Scope = Scope::System("the family of a case that the doer may act on");

/// What the form says, by what it writes.
struct Said(Vec<FormEntry>);

impl Said {
    fn of(doing: &Doing<'_>) -> Said {
        match (&doing.form, doing.form_definition) {
            (Some((_, checked)), Some(form)) => Said(forms::entries(form, checked)),
            _ => Said(Vec::new()),
        }
    }

    fn value(&self, writes: Writes) -> Option<&FormValue> {
        self.0.iter().find(|entry| entry.writes == writes).map(|entry| &entry.value)
    }

    fn text(&self, writes: Writes) -> Option<String> {
        self.value(writes).map(FormValue::canonical)
    }

    fn changed_on(&self, doing: &Doing<'_>) -> NaiveDate {
        match self.value(Writes::ChangedOn) {
            Some(FormValue::Date(day)) => *day,
            _ => doing.now.today(),
        }
    }
}

/// A member joins, leaves, splits off or becomes the head.
pub(super) async fn change_members(doing: &Doing<'_>, case: &mut CaseRow) -> Result<(), OfficeError> {
    let said = Said::of(doing);
    let reason = said.text(Writes::ChangeReason).unwrap_or_default();
    let on = said.changed_on(doing);
    let why = if reason.is_empty() {
        &doing.action.title
    } else {
        doing.release.code_title("exit_reason", &reason)
    };
    let change = MemberChange { on, reason: why.to_owned(), case: Some(case.id) };
    match said.text(Writes::MemberChange).as_deref() {
        Some("join") => join(doing, case, &said, &change).await?,
        Some("leave") => {
            let person = member(doing, case, &said).await?;
            people::remove_member_in(
                doing.office,
                doing.tx,
                &FAMILY,
                &doing.doer.audit(),
                case.household,
                person,
                &change,
            )
            .await?;
            if reason == "death" {
                death(doing, case, person, on).await?;
            }
        }
        Some("split") => split(doing, case, &said, &change).await?,
        Some("head") => {
            let person = member(doing, case, &said).await?;
            let relations = relations(doing, case, person).await?;
            let who = doing.doer.audit();
            people::change_head_in(
                doing.office,
                doing.tx,
                &FAMILY,
                &who,
                case.household,
                person,
                &relations,
                &change,
            )
            .await?;
        }
        _ => return Err(OfficeError::invalid("member_change", "请选择家庭成员怎样变动。")),
    }
    // The change was written down a moment after the action began.
    let known_at = doing.office.now().at_ms();
    let members =
        people::members_as_of(doing.tx, &FAMILY, case.household, doing.now.today(), known_at).await?;
    if case.person.is_none() {
        case.members = i64::try_from(members.len()).unwrap_or(i64::MAX);
    }
    Ok(())
}

/// The member of the form, by the place in the family as the form listed it.
async fn member(doing: &Doing<'_>, case: &CaseRow, said: &Said) -> Result<PersonId, OfficeError> {
    let missing = || OfficeError::invalid("changed_member", "请选择是哪位家庭成员。");
    let Some(FormValue::Member(index)) = said.value(Writes::ChangedMember) else { return Err(missing()) };
    let members =
        people::members_as_of(doing.tx, &FAMILY, case.household, doing.now.today(), doing.now.at_ms())
            .await?;
    members.get(*index).map(|member| member.person).ok_or_else(missing)
}

/// What the new head and the one before are: the others are looked at when somebody next goes over the family.
async fn relations(
    doing: &Doing<'_>,
    case: &CaseRow,
    head: PersonId,
) -> Result<Vec<(PersonId, String)>, OfficeError> {
    let members =
        people::members_as_of(doing.tx, &FAMILY, case.household, doing.now.today(), doing.now.at_ms())
            .await?;
    let was = members.iter().find(|member| member.person == head).map(|member| member.relation.as_str());
    let before = members.iter().find(|member| member.head && member.person != head);
    // Seen from the other side.
    let turned = match was {
        Some("spouse") => "spouse",
        Some("child") => "parent",
        Some("parent") => "child",
        Some("grandchild") => "grandparent",
        Some("grandparent") => "grandchild",
        Some("sibling") => "sibling",
        _ => "other",
    };
    let new = (head, "head".to_owned());
    Ok(std::iter::once(new).chain(before.map(|member| (member.person, turned.to_owned()))).collect())
}

async fn join(
    doing: &Doing<'_>,
    case: &CaseRow,
    said: &Said,
    change: &MemberChange,
) -> Result<(), OfficeError> {
    let name: PersonName = said
        .text(Writes::PersonName)
        .unwrap_or_default()
        .parse()
        .map_err(|error: vocab::VocabError| OfficeError::invalid("new_name", error.to_string()))?;
    let citizen_id: CitizenId = said
        .text(Writes::CitizenId)
        .unwrap_or_default()
        .parse()
        .map_err(|error: vocab::VocabError| OfficeError::invalid("new_citizen_id", error.to_string()))?;
    let who = doing.doer.audit();
    let new = NewPerson {
        name: name.clone(),
        citizen_id,
        phone: None,
        division: case.registered,
        residence: Some(case.village),
    };
    let person = people::register_person_in(doing.office, doing.tx, &FAMILY, &who, &new, doing.now.at_ms())
        .await?
        .person();
    let known: String = Query::system("the person who joins", "SELECT name FROM person WHERE id = ?")
        .bind(person)
        .scalar(doing.tx)
        .await?;
    if known != name.as_str() {
        return Err(OfficeError::invalid("new_name", "姓名和身份证号码对不上，请对照身份证核对。"));
    }
    let relation = said.text(Writes::Relation).unwrap_or_else(|| "other".to_owned());
    let member = NewMember { person, relation, head: false };
    people::add_member_in(doing.office, doing.tx, &FAMILY, &who, case.household, &member, change).await?;
    let known = facts_of_new(doing, case, person, change);
    people::record_facts_in(doing.office, doing.tx, &FAMILY, &who, &known).await?;
    if let Some(signed) = said.value(Writes::Authorisation) {
        means_test::authorise_in(doing.office, doing.tx, person, case.id, signed, doing.now).await?;
    }
    Ok(())
}

/// What the form says of who joins: of a newborn nothing else is on file.
fn facts_of_new(
    doing: &Doing<'_>,
    case: &CaseRow,
    person: PersonId,
    change: &MemberChange,
) -> Vec<people::NewFact> {
    let (Some((_, checked)), Some(form)) = (&doing.form, doing.form_definition) else { return Vec::new() };
    let theirs = forms::facts(doing.release, form, checked)
        .into_iter()
        .filter(|fact| fact.subject == forms::FormSubject::Applicant);
    theirs
        .map(|fact| people::NewFact {
            subject: people::Subject::Person(person),
            fact: fact.fact,
            value: Some(fact.value),
            from_on: change.on,
            until_on: None,
            source: people::Source::Declared,
            case: Some(case.id),
            evidence: None,
        })
        .collect()
}

/// 分户: the member is the head of a family of its own at the same place.
async fn split(
    doing: &Doing<'_>,
    case: &CaseRow,
    said: &Said,
    change: &MemberChange,
) -> Result<(), OfficeError> {
    let person = member(doing, case, said).await?;
    let old = people::find_household(doing.office, doing.tx, &FAMILY, case.household).await?;
    let new = NewHousehold {
        division: old.division,
        registered_division: old.registered_division,
        area: old.area,
        address: old.address,
        members: vec![NewMember { person, relation: "head".to_owned(), head: true }],
    };
    people::split_household_in(
        doing.office,
        doing.tx,
        &FAMILY,
        &doing.doer.audit(),
        case.household,
        &new,
        change,
    )
    .await?;
    Ok(())
}

/// The death of the person whom the case is about, found by an officer. One that stands on file already is not written over.
pub(super) async fn record_death(doing: &Doing<'_>, case: &CaseRow) -> Result<(), OfficeError> {
    let Some(person) = case.person else { return Ok(()) };
    let said = Said::of(doing);
    let Some(FormValue::Date(died_on)) = said.value(Writes::DiedOn) else {
        return Err(OfficeError::invalid("died_on", "请填写去世日期。"));
    };
    match died(doing, person).await? {
        None => death(doing, case, person, *died_on).await,
        Some(known) if known == *died_on => Ok(()),
        Some(known) => Err(OfficeError::invalid(
            "died_on",
            format!("系统里登记的去世日期是{}。请核对；登记有误的，先更正人员信息。", vocab::zh_date(known)),
        )),
    }
}

/// The day on which somebody died, as it stands on file.
pub(super) async fn died(doing: &Doing<'_>, person: PersonId) -> Result<Option<NaiveDate>, OfficeError> {
    let sql = "SELECT died_on FROM person WHERE id = ?";
    let query = Query::system("the person whom a case is about", sql).bind(person);
    Ok(query.scalar(doing.tx).await?)
}

/// The day of death goes to the register; the ledger ends what was the person's own and holds what the family gets.
async fn death(
    doing: &Doing<'_>,
    case: &CaseRow,
    person: PersonId,
    died_on: NaiveDate,
) -> Result<(), OfficeError> {
    let who = doing.doer.audit();
    people::record_death_in(doing.office, doing.tx, &FAMILY, &who, person, died_on, "办件中登记").await?;
    let decision = Decision { reason: "成员死亡".to_owned(), ..decision(doing, case)? };
    ledger::changes::record_death(doing.tx, &LEDGER, person, Month::containing(died_on), &decision).await?;
    accounts_out(doing, case, person, died_on).await
}

/// Nothing more is paid to an account of the dead, be it theirs or another member's in their name: whoever is paid now gives an account, and a second
/// person confirms it.
pub(super) async fn accounts_out(
    doing: &Doing<'_>,
    case: &CaseRow,
    person: PersonId,
    died_on: NaiveDate,
) -> Result<(), OfficeError> {
    let accounts: Vec<i64> = Query::system(
        "accounts of a case's dead member",
        "SELECT b.id FROM bank_account b WHERE b.person_id = ? UNION SELECT b.id FROM bank_account b \
         JOIN person p ON p.name = b.holder_name WHERE p.id = ? AND b.person_id IN (SELECT m.person_id FROM membership m \
         WHERE m.household_id = ? AND m.superseded_at IS NULL)",
    )
    .bind(person)
    .bind(person)
    .bind(case.household)
    .scalars(doing.tx)
    .await?;
    let accounts: Vec<ledger::BankAccountId> = accounts.into_iter().map(ledger::BankAccountId).collect();
    let reason = format!(
        "原收款账户的持有人已于{}去世，账户停用；重新登记账户并经另一人复核以后发放",
        vocab::zh_date(died_on)
    );
    let decision = Decision { reason, ..decision(doing, case)? };
    ledger::payee::withdraw(doing.tx, &accounts, Month::containing(died_on), &decision).await?;
    Ok(())
}

/// The family moves to another village of its county; case, open work and benefit go with it.
pub(super) async fn relocate(doing: &Doing<'_>, case: &mut CaseRow) -> Result<(), OfficeError> {
    let said = Said::of(doing);
    let today = doing.now.today();
    let village = division(doing, &said, Writes::ResidenceDivision)
        .await?
        .ok_or_else(|| OfficeError::invalid("new_residence", "请选择迁到哪个村（社区）。"))?;
    let old = people::find_household(doing.office, doing.tx, &FAMILY, case.household).await?;
    if village == old.division {
        return Err(OfficeError::invalid("new_residence", "这就是现在住的村（社区），请核对。"));
    }
    let place = NewPlace {
        division: village,
        registered_division: division(doing, &said, Writes::RegisteredDivision)
            .await?
            .unwrap_or(old.registered_division),
        area: said.text(Writes::Area).unwrap_or(old.area),
        address: said.text(Writes::Address).or(old.address),
    };
    let change =
        MemberChange { on: said.changed_on(doing), reason: doing.action.title.clone(), case: Some(case.id) };
    let who = doing.doer.audit();
    people::move_household_in(doing.office, doing.tx, &FAMILY, &who, case.household, &place, &change).await?;
    let places = opening::places(doing.release, doing.tx, case.household, doing.item, None, today).await?;
    if places.county != case.county {
        return Err(OfficeError::Conflict(
            "迁往外县（区）的，请在迁入地重新申请；在发的待遇由本县（区）办理终止。".to_owned(),
        ));
    }
    let moved_from = (case.township, case.village);
    case.township = places.township;
    case.village = places.village;
    case.registered = places.registered;
    case.deciding = places.deciding;
    case.delegated = places.delegated;
    opening::see(doing.tx, case.id, &places).await?;
    tasks::close(doing.tx, case.id, false, doing.division, doing.doer.staff(), doing.now).await?;
    tasks::open_step(doing.desk(), case).await?;
    for (from, to) in [(moved_from.0, case.township), (moved_from.1, case.village)] {
        Query::system(
            "tasks of a case that the doer may act on",
            "UPDATE task SET division_id = ? WHERE case_id = ? AND state = 'open' AND side = TRUE AND division_id = ?",
        )
        .bind(to)
        .bind(case.id)
        .bind(from)
        .execute(doing.tx)
        .await?;
    }
    let month = Month::containing(today);
    let held = ledger::pages::entitlements_of_household(doing.tx, &LEDGER, case.household, month).await?;
    for benefit in held.iter().filter(|benefit| benefit.until.is_none_or(|until| until >= month)) {
        // What is confidential lies at the county wherever in it the family lives.
        if doing.office.release().is_confidential(&benefit.programme) {
            continue;
        }
        ledger::entitlement::transfer(
            doing.tx,
            &LEDGER,
            benefit.id,
            case.county,
            case.township,
            case.village,
        )
        .await?;
    }
    Ok(())
}

async fn division(doing: &Doing<'_>, said: &Said, writes: Writes) -> Result<Option<DivisionId>, OfficeError> {
    let Some(FormValue::Division(code)) = said.value(writes) else { return Ok(None) };
    let found = store::divisions::division_by_code(doing.tx, code.as_str(), doing.now.today()).await?;
    Ok(found.map(|division| division.id))
}
