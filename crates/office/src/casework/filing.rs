//! From a finished form to a case: people and family registered once, authorisations signed, facts declared, the first task set.

use std::collections::BTreeSet;

use catalogue::definition::{About, Form, Item, Writes};
use chrono::NaiveDate;
use serde_json::json;
use store::{AuditEntry, CaseId, DivisionId, HouseholdId, PersonId, Query, Tx};
use vocab::{BankAccount, CitizenId, Now, PersonName, Phone};

use super::act::keep_form;
use super::drafts::{Draft, Filler};
use super::letters::Additions;
use super::opening::{self, FILING, Family, NewCase, family_of_benefit};
use super::{attachments, form_context, letters};
use crate::forms::{self, Checked, FormEntry, FormSubject, FormValue};
use crate::people::{
    self, MemberChange, NewAccount, NewFact, NewHousehold, NewMember, NewPerson, Source, Subject,
};
use crate::{Office, OfficeError, audited, means_test};

/// Makes a case of a draft, inside the caller's transaction.
///
/// # Errors
/// [`OfficeError::Invalid`] with every answer that is wrong, [`OfficeError::Conflict`] when somebody is in another family or the family
/// has the same matter in hand.
pub(super) async fn file(
    office: &Office,
    tx: &Tx,
    filler: Filler<'_>,
    draft: &Draft,
) -> Result<CaseId, OfficeError> {
    let now = office.now();
    let release = office.release();
    let item = release.items.get(&draft.item).ok_or(OfficeError::NotFound("这个事项"))?;
    filler.may_know(item)?;
    let form = release
        .forms
        .get(&draft.form)
        .ok_or_else(|| OfficeError::Internal(format!("没有表单 {}", draft.form)))?;
    let context = form_context::load(tx, &release, form, &draft.answers, &filler.owner(), None, now).await?;
    let checked = form_context::right_or_problems(forms::check_form(&context, form, &draft.answers))?;
    let entries =
        Entries { release: &release, form, checked: &checked, entries: forms::entries(form, &checked) };
    let family = match draft.entitlement {
        Some(entitlement) => family_of_benefit(tx, &filler.scope(), entitlement, now).await?,
        None => register_family(office, tx, filler, item, &entries, now).await?,
    };
    let stranger = match filler {
        Filler::Citizen(citizen) => stranger(tx, citizen.person, item, &family).await?,
        Filler::Desk(_) => None,
    };
    once_for_the_dead(tx, item, family.applicant).await.map_err(|error| discreet(error, stranger))?;
    let (channel, filed_by) = match filler {
        Filler::Citizen(_) => ("citizen", None),
        Filler::Desk(actor) if actor.level == vocab::Level::Village => ("village", Some(actor.staff)),
        Filler::Desk(actor) => ("window", Some(actor.staff)),
    };
    // A report asks for nothing, and what only the office begins was asked for by nobody.
    let of_office = !item.citizens_may_file && (item.confidential.is_none() || super::needs_benefit(item));
    let said = match item.short.as_str() {
        short if of_office => format!("已开始办理{short}"),
        short if short.ends_with("报告") => format!("已提交{short}"),
        short => format!("已提交{short}申请"),
    };
    let new = NewCase {
        item,
        release: &release,
        channel,
        filed_by,
        filed_by_person: stranger,
        family: &family,
        at: division_of(tx, entries.one(Writes::IncidentDivision), now).await?,
        due_on: None,
        title: "提交申请",
        said: &said,
    };
    let opened = opening::open(office, tx, filler.by(), &new, now).await;
    let (row, event) = opened.map_err(|error| discreet(error, stranger))?;
    let case = row.id;
    keep_form(office, tx, &row, event, form, &release, &draft.answers).await?;
    attachments::tie(tx, &filler.owner(), &form_context::files(form, &draft.answers), case).await?;
    let known = match stranger {
        Some(_) => told_of_family(tx, family.household).await?,
        None => BTreeSet::new(),
    };
    declare(office, tx, filler, &entries, &family, (case, &known), now).await?;
    authorise(office, tx, &entries, &family, case, now).await?;
    opening::begin(office, tx, item, &row, now).await?;
    let receipt = release.letters.get("receipt").is_some();
    if receipt {
        let mut fields = serde_json::Map::new();
        fields.insert("received_on".to_owned(), json!(now.today()));
        let additions = Additions { fields, issuer: row.township };
        letters::queue(office, tx, item, &row, "receipt", &additions, now).await?;
    }
    let audit = AuditEntry {
        case: Some(case),
        division: Some(row.township),
        details: json!({"item": draft.item, "channel": row.channel, "members": row.members}),
        ..audited(now.at_ms(), filler.audit(), "case.filed", ("case", case.0))
    };
    tx.audit(audit).await?;
    Ok(case)
}

/// What is paid once for somebody who has died is asked for once, whoever bore the cost.
async fn once_for_the_dead(tx: &Tx, item: &Item, person: PersonId) -> Result<(), OfficeError> {
    if item.about != About::Deceased {
        return Ok(());
    }
    let granted: i64 = Query::system(
        "whether what is asked for one who has died was granted before",
        "SELECT count(*) FROM entitlement e JOIN entitlement_member m ON m.entitlement_id = e.id WHERE m.person_id = ? \
         AND e.programme IN ({list})",
    )
    .bind(person)
    .bind_list(item.programmes.iter().map(|programme| programme.as_str()))
    .scalar(tx)
    .await?;
    if granted == 0 {
        return Ok(());
    }
    Err(OfficeError::Conflict(format!("这位逝者已经办过“{}”，一人一次，不能再办。", item.title)))
}

/// A citizen who asks for one who has died and was not of their family: the case is none of their own family's.
async fn stranger(
    tx: &Tx,
    citizen: PersonId,
    item: &Item,
    family: &Family,
) -> Result<Option<PersonId>, OfficeError> {
    if item.about != About::Deceased {
        return Ok(None);
    }
    let own: i64 = Query::system(
        "whether whoever files for one who has died is of the family",
        "SELECT count(*) FROM membership m WHERE m.household_id = ? AND m.person_id = ? AND m.until_on IS NULL AND m.superseded_at IS NULL",
    )
    .bind(family.household)
    .bind(citizen)
    .scalar(tx)
    .await?;
    Ok((own == 0).then_some(citizen))
}

/// Whether something was asked for before is not for somebody outside the family to learn.
fn discreet(error: OfficeError, stranger: Option<PersonId>) -> OfficeError {
    match error {
        OfficeError::Conflict(_) if stranger.is_some() => OfficeError::Conflict(
            "这份申请不能在网上提交，请带上死亡证明、票据和身份证，到逝者户籍所在地的乡镇（街道）窗口办理。"
                .to_owned(),
        ),
        error => error,
    }
}

/// What is on file of a family already: somebody outside it says nothing over it.
async fn told_of_family(tx: &Tx, household: HouseholdId) -> Result<BTreeSet<String>, OfficeError> {
    let facts: Vec<String> = Query::system(
        "which facts of the family are on file, and by nobody in particular",
        "SELECT DISTINCT f.fact FROM fact f WHERE f.household_id = ? AND f.superseded_at IS NULL",
    )
    .bind(household)
    .scalars(tx)
    .await?;
    Ok(facts.into_iter().collect())
}

/// The name under which a clock can start when a case is filed.
pub const FILED: &str = "filed";

/// A form's answers by the register entry that they become.
struct Entries<'a> {
    release: &'a catalogue::Release,
    form: &'a Form,
    checked: &'a Checked,
    entries: Vec<FormEntry>,
}

impl Entries<'_> {
    /// The answer that is not about one member.
    fn one(&self, writes: Writes) -> Option<&FormValue> {
        let about_all = |entry: &&FormEntry| !matches!(entry.subject, FormSubject::Member(_));
        self.entries.iter().filter(about_all).find(|entry| entry.writes == writes).map(|entry| &entry.value)
    }

    /// The answer about one member.
    fn of_member(&self, writes: Writes, index: usize) -> Option<&FormValue> {
        let about =
            |entry: &&FormEntry| entry.subject == FormSubject::Member(index) && entry.writes == writes;
        self.entries.iter().find(about).map(|entry| &entry.value)
    }

    /// From when on it is true what the form says: of one who has died, from the last day of life.
    fn since(&self, now: Now) -> NaiveDate {
        match self.one(Writes::DiedOn) {
            Some(FormValue::Date(day)) => super::last_day((*day).min(now.today())),
            _ => now.today(),
        }
    }

    fn members(&self) -> usize {
        self.checked.count("member")
    }
}

fn text(value: Option<&FormValue>) -> Option<String> {
    value.map(FormValue::canonical)
}

/// Registers the people and their family, or finds them.
async fn register_family(
    office: &Office,
    tx: &Tx,
    filler: Filler<'_>,
    item: &Item,
    entries: &Entries<'_>,
    now: Now,
) -> Result<Family, OfficeError> {
    let residence = division_of(tx, entries.one(Writes::ResidenceDivision), now)
        .await?
        .ok_or_else(|| OfficeError::invalid("residence_division", "请选择现在住在哪个村（社区）。"))?;
    let registered =
        division_of(tx, entries.one(Writes::RegisteredDivision), now).await?.unwrap_or(residence);
    let actor = filler.audit();
    let on = entries.since(now);
    let change = MemberChange { on, reason: "申请时申报".to_owned(), case: None };
    let mut members = Vec::with_capacity(entries.members());
    for index in 0..entries.members() {
        members.push(register_member(office, tx, entries, index, registered, residence, &actor, now).await?);
    }
    let first = members
        .first()
        .ok_or_else(|| OfficeError::invalid("member", "请至少填写一位家庭成员（申请人自己）。"))?;
    let applicant = *first;
    let outside = match filler {
        Filler::Citizen(citizen) if !members.contains(&citizen.person) => Some(citizen.person),
        _ => None,
    };
    if outside.is_some() && (item.about != About::Deceased || members.len() > 1) {
        let words = if item.about == About::Deceased {
            "您不在逝者的家庭成员里。您是家人的，请把自己写上；不是家人、由您付费的，家庭成员只填逝者一位。"
        } else {
            "家庭成员里没有您自己。请用自己的身份证号填写，或者请村（居）委会代为申请。"
        };
        return Err(OfficeError::invalid("member.0.citizen_id", words));
    }
    let current = people::current_household(tx, &FILING, applicant).await?;
    // Whoever lists a stranger and adds themselves would see that family's cases: who belongs to a family on file is its own word, or an office's.
    if let (Filler::Citizen(citizen), Some(household), None) = (filler, current, outside)
        && people::current_household(tx, &FILING, citizen.person).await? != Some(household)
    {
        return Err(OfficeError::invalid(
            "member.0.citizen_id",
            "您还没有登记在这一家，不能在网上替这一家申请。请由已经登记的家人申请，或者到村（居）委会、乡镇（街道）窗口办理。",
        ));
    }
    let left = match (current, entries.one(Writes::DiedOn)) {
        // One who has died and was taken out of the family was of it to the end.
        (None, Some(_)) => left_behind(tx, applicant, on).await?,
        _ => None,
    };
    let household = match (current, left) {
        (Some(household), _) => {
            join_missing(office, tx, entries, household, &members, &actor, &change).await?;
            household
        }
        (None, Some(household)) => household,
        (None, None) => {
            let new = NewHousehold {
                division: residence,
                registered_division: registered,
                area: text(entries.one(Writes::Area)).unwrap_or_else(|| "urban".to_owned()),
                address: text(entries.one(Writes::Address)),
                members: members
                    .iter()
                    .enumerate()
                    .map(|(index, person)| NewMember {
                        person: *person,
                        relation: text(entries.of_member(Writes::Relation, index))
                            .unwrap_or_else(|| "other".to_owned()),
                        head: index == 0,
                    })
                    .collect(),
            };
            people::create_household_in(office, tx, &FILING, &actor, &new, &change).await?
        }
    };
    let payee = register_payee(office, tx, entries, residence, &actor, now).await?;
    if outside.is_some() && payee != outside {
        return Err(OfficeError::invalid(
            "payee_citizen_id",
            "您不是逝者的家人，只能为自己付的费用申请：付费人请填您自己。替别人申请的，请到窗口办理。",
        ));
    }
    let account = register_account(office, tx, entries, &members, payee, &actor).await?;
    Ok(Family { household, applicant, members, account, entitlement: None, proxy: proxy_of(entries) })
}

/// The family of one whose death is on file already, on the day of it.
async fn left_behind(tx: &Tx, person: PersonId, on: NaiveDate) -> Result<Option<HouseholdId>, OfficeError> {
    let row = Query::system(
        "the family in which somebody died",
        "SELECT m.household_id FROM membership m JOIN person p ON p.id = m.person_id WHERE m.person_id = ? AND p.died_on IS NOT NULL \
         AND m.superseded_at IS NULL AND m.from_on <= ? ORDER BY m.from_on DESC, m.id DESC LIMIT 1",
    )
    .bind(person)
    .bind(on)
    .optional(tx)
    .await?;
    Ok(row.map(|row| row.get("household_id")).transpose()?)
}

#[expect(clippy::too_many_arguments, reason = "a person's entry")]
async fn register_member(
    office: &Office,
    tx: &Tx,
    entries: &Entries<'_>,
    index: usize,
    registered: DivisionId,
    residence: DivisionId,
    actor: &store::AuditActor,
    now: Now,
) -> Result<PersonId, OfficeError> {
    let field = |name: &str| format!("member.{index}.{name}");
    let name: PersonName = text(entries.of_member(Writes::PersonName, index))
        .unwrap_or_default()
        .parse()
        .map_err(|error: vocab::VocabError| OfficeError::invalid(&field("name"), error.to_string()))?;
    let citizen_id: CitizenId = text(entries.of_member(Writes::CitizenId, index))
        .unwrap_or_default()
        .parse()
        .map_err(|error: vocab::VocabError| OfficeError::invalid(&field("citizen_id"), error.to_string()))?;
    let phone: Option<Phone> =
        text(entries.of_member(Writes::Phone, index)).and_then(|phone| phone.parse().ok());
    let new =
        NewPerson { name: name.clone(), citizen_id, phone, division: registered, residence: Some(residence) };
    let person = people::register_person_in(office, tx, &FILING, actor, &new, now.at_ms()).await?.person();
    let known: String = Query::system("the person named in the form", "SELECT name FROM person WHERE id = ?")
        .bind(person)
        .scalar(tx)
        .await?;
    if known != name.as_str() {
        return Err(OfficeError::invalid(&field("name"), "姓名和身份证号码对不上，请对照身份证核对。"));
    }
    Ok(person)
}

/// Members who are named but not in the family yet join it; who is in another family is said so by the register.
async fn join_missing(
    office: &Office,
    tx: &Tx,
    entries: &Entries<'_>,
    household: HouseholdId,
    members: &[PersonId],
    actor: &store::AuditActor,
    change: &MemberChange,
) -> Result<(), OfficeError> {
    let now = office.now();
    let present = people::members_as_of(tx, &FILING, household, now.today(), now.at_ms()).await?;
    for (index, person) in members.iter().enumerate() {
        if present.iter().any(|member| member.person == *person) {
            continue;
        }
        let relation = text(entries.of_member(Writes::Relation, index)).unwrap_or_else(|| "other".to_owned());
        let member = NewMember { person: *person, relation, head: false };
        people::add_member_in(office, tx, &FILING, actor, household, &member, change).await?;
    }
    Ok(())
}

/// Whoever is paid without being of the family (who bore the cost of a funeral): on file, or registered where the family lives.
async fn register_payee(
    office: &Office,
    tx: &Tx,
    entries: &Entries<'_>,
    division: DivisionId,
    actor: &store::AuditActor,
    now: Now,
) -> Result<Option<PersonId>, OfficeError> {
    let (Some(name), Some(number)) =
        (text(entries.one(Writes::PayeeName)), text(entries.one(Writes::PayeeCitizenId)))
    else {
        return Ok(None);
    };
    let name: PersonName = name
        .parse()
        .map_err(|error: vocab::VocabError| OfficeError::invalid("payee_name", error.to_string()))?;
    let citizen_id: CitizenId = number
        .parse()
        .map_err(|error: vocab::VocabError| OfficeError::invalid("payee_citizen_id", error.to_string()))?;
    let new = NewPerson { name: name.clone(), citizen_id, phone: None, division, residence: None };
    let person = people::register_person_in(office, tx, &FILING, actor, &new, now.at_ms()).await?.person();
    let row = Query::system("whoever is to be paid", "SELECT name, died_on FROM person WHERE id = ?")
        .bind(person)
        .one(tx)
        .await?;
    if row.get::<String>("name")? != name.as_str() {
        return Err(OfficeError::invalid("payee_name", "姓名和身份证号码对不上，请对照身份证核对。"));
    }
    if row.get::<Option<NaiveDate>>("died_on")?.is_some() {
        return Err(OfficeError::invalid("payee_citizen_id", "这个人登记为已去世，不能收款。请核对。"));
    }
    Ok(Some(person))
}

async fn register_account(
    office: &Office,
    tx: &Tx,
    entries: &Entries<'_>,
    members: &[PersonId],
    payee: Option<PersonId>,
    actor: &store::AuditActor,
) -> Result<Option<people::BankAccountId>, OfficeError> {
    let Some(number) = text(entries.one(Writes::AccountNumber)) else { return Ok(None) };
    let number: BankAccount = number
        .parse()
        .map_err(|error: vocab::VocabError| OfficeError::invalid("account_number", error.to_string()))?;
    let holder = match entries.one(Writes::AccountHolder) {
        _ if payee.is_some() => payee,
        Some(FormValue::Member(index)) => members.get(*index).copied(),
        _ => members.first().copied(),
    };
    let Some(person) = holder else { return Ok(None) };
    let name: String = Query::system("the account's holder", "SELECT name FROM person WHERE id = ?")
        .bind(person)
        .scalar(tx)
        .await?;
    let holder_name: PersonName = name
        .parse()
        .map_err(|error: vocab::VocabError| OfficeError::invalid("account_holder", error.to_string()))?;
    let new = NewAccount {
        person,
        holder_name,
        bank: text(entries.one(Writes::AccountBank)).unwrap_or_default(),
        number,
    };
    Ok(Some(people::add_account_in(office, tx, &FILING, actor, &new).await?))
}

fn proxy_of(entries: &Entries<'_>) -> Option<serde_json::Value> {
    let name = text(entries.one(Writes::ProxyName))?;
    Some(json!({
        "name": name,
        "citizen_id": text(entries.one(Writes::ProxyCitizenId)),
        "phone": text(entries.one(Writes::ProxyPhone)),
        "relation": text(entries.one(Writes::ProxyRelation)),
    }))
}

async fn division_of(
    tx: &Tx,
    value: Option<&FormValue>,
    now: Now,
) -> Result<Option<DivisionId>, OfficeError> {
    let Some(FormValue::Division(code)) = value else { return Ok(None) };
    Ok(store::divisions::division_by_code(tx, code.as_str(), now.today()).await?.map(|division| division.id))
}

/// What the form says becomes facts of source `declared`.
async fn declare(
    office: &Office,
    tx: &Tx,
    filler: Filler<'_>,
    entries: &Entries<'_>,
    family: &Family,
    (case, known): (CaseId, &BTreeSet<String>),
    now: Now,
) -> Result<(), OfficeError> {
    let facts: Vec<NewFact> = forms::facts(entries.release, entries.form, entries.checked)
        .into_iter()
        .filter(|fact| fact.subject != FormSubject::Household || !known.contains(&fact.fact))
        .filter_map(|fact| {
            let subject = match fact.subject {
                FormSubject::Household => Subject::Household(family.household),
                FormSubject::Applicant => Subject::Person(family.applicant),
                FormSubject::Member(index) => Subject::Person(*family.members.get(index)?),
            };
            Some(NewFact {
                subject,
                fact: fact.fact,
                value: Some(fact.value),
                from_on: entries.since(now),
                until_on: None,
                source: Source::Declared,
                case: Some(case),
                evidence: None,
            })
        })
        .collect();
    people::record_facts_in(office, tx, &FILING, &filler.audit(), &facts).await
}

/// Each member's authorisation of the means test that the form holds.
async fn authorise(
    office: &Office,
    tx: &Tx,
    entries: &Entries<'_>,
    family: &Family,
    case: CaseId,
    now: Now,
) -> Result<(), OfficeError> {
    for (index, person) in family.members.iter().enumerate() {
        if let Some(signed) = entries.of_member(Writes::Authorisation, index) {
            means_test::authorise_in(office, tx, *person, case, signed, now).await?;
        }
    }
    Ok(())
}
