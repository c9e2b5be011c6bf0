//! 救助“一件事” (社会救助法 art. 64, 一门受理、协同办理): a need is told once at one door. The rules say which matters the family may ask for;
//! those that it wants are begun together, with what is on file in every form, and what other departments give is handed to them in the
//! same moment. Nothing is decided here: each part is a case or a record of its own, with its own clock and answer.
//!
//! - this file: what is proposed, and beginning it;
//! - [`carry`]: what was told and answered once, in every form of the need;
//! - [`parts`]: a part begun again or given up;
//! - [`view`]: what desks read, and the share of needs that were handled together (联办率).

use std::collections::{BTreeMap, BTreeSet};

use catalogue::Release;
use catalogue::definition::{DepartmentSide, Opens, Register};
use rules::Value;
use store::{
    AuditEntry, CaseId, DivisionId, HouseholdId, IdempotencyKey, Once, PersonId, Query, Scope, ScopeColumns,
    Tx, id_type,
};

use super::drafts::{self, Filler};
use super::{needs_benefit, other_help};
use crate::access::{Actor, FileForOther, Granted, Right};
use crate::error::Problems;
use crate::forms::{Answers, FieldPath, Raw, reference_text};
use crate::people::{self, HOUSEHOLD_COLUMNS};
use crate::{Office, OfficeError, audited, divisions, records};

pub(super) mod carry;
pub mod parts;
pub mod view;

pub use parts::{begin_again, give_up};
pub use view::{JointLine, JointPart, JointRate, JointView, PartKind, list, open, rate, sheet};

id_type! {
    /// A need told once.
    JointId,
    /// One part of it.
    JointPartId,
}

/// Who sees a need `j`: the office where the family lives and those above it.
pub(crate) const JOINT: ScopeColumns = ScopeColumns {
    subtree: Some(
        "j.division_id IN (SELECT dc.descendant_id FROM division_closure dc WHERE dc.ancestor_id = ?)",
    ),
    own: None,
    task: None,
    organisation: None,
};

/// What is known of a family whose door was opened.
const FAMILY: Scope = Scope::System("a family in the officer's area, or the reader's own");

/// Characters of what was told.
const TOLD_MAX: usize = 2_000;
/// Characters of what a department is asked for.
const WORDS_MAX: usize = 1_000;

/// What can be begun for a family.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    /// Who stands for the family.
    pub name: String,
    /// Matters that can be filed.
    pub matters: Vec<Matter>,
    /// What other departments and helpers give, what the rules propose first.
    pub referrals: Vec<Referral>,
}

/// What another department or helper gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Referral {
    /// The register through which it is asked for.
    pub register: String,
    /// The code that addresses it.
    pub code: String,
    /// Its title.
    pub title: String,
    /// What to ask for, where the rules propose it for what is known of the family.
    pub words: Option<String>,
}

/// A matter that can be filed for a family.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Matter {
    /// The item.
    pub item: String,
    /// Its title.
    pub title: String,
    /// The rules say yes to what is known today, and the family neither has it nor has asked for it.
    pub fits: bool,
    /// The family has asked for it: the case becomes a part as it is.
    pub in_hand: bool,
}

/// What the family wants.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// The need in the family's words.
    pub told: String,
    /// Items.
    pub items: Vec<String>,
    /// Register, code, and what the department is asked for.
    pub referrals: Vec<(String, String, String)>,
}

/// A family at the door.
pub(super) struct Door {
    pub household: HouseholdId,
    pub head: PersonId,
    pub name: String,
    pub place: DivisionId,
    pub code: String,
}

pub(super) async fn door(
    office: &Office,
    officer: &Granted<FileForOther>,
    household: HouseholdId,
) -> Result<Door, OfficeError> {
    let row = Query::new(
        &officer.scope(),
        &HOUSEHOLD_COLUMNS,
        "SELECT m.person_id, p.name, h.division_id FROM household h JOIN membership m ON m.household_id = h.id AND m.head \
         AND m.until_on IS NULL AND m.superseded_at IS NULL JOIN person p ON p.id = m.person_id WHERE {scope} AND h.id = ?",
    )
    .bind(household)
    .optional(office.db())
    .await?
    .ok_or(OfficeError::NotFound("这个家庭"))?;
    let place: DivisionId = row.get("division_id")?;
    let code = divisions::find(office.db(), place).await?.code;
    Ok(Door { household, head: row.get("person_id")?, name: row.get("name")?, place, code })
}

/// Registers through which needs are handed to departments, with their side and what such a record begins with.
fn handed(release: &Release) -> impl Iterator<Item = (&Register, &DepartmentSide, &Opens)> {
    release.registers.iter().filter_map(|register| {
        let side = register.department.as_ref()?;
        Some((&**register, side, side.opens.as_ref()?))
    })
}

/// What can be begun for a family: those that fit first.
///
/// # Errors
/// [`OfficeError::NotFound`] outside the officer's area.
pub async fn propose(
    office: &Office,
    officer: &Granted<FileForOther>,
    household: HouseholdId,
) -> Result<Proposal, OfficeError> {
    let door = door(office, officer, household).await?;
    let release = office.release();
    let help = other_help::help_for_family(office, office.db(), household, &door.code, |_| true).await?;
    let in_hand: BTreeSet<String> = Query::system(
        "what a family in the officer's area has asked for",
        "SELECT c.item FROM case_file c WHERE c.household_id = ? AND c.state = 'open' ORDER BY c.id",
    )
    .bind(household)
    .scalars(office.db())
    .await?
    .into_iter()
    .collect();
    let fit: BTreeSet<&str> =
        help.iter().map(|help| help.item.as_str()).filter(|item| !in_hand.contains(*item)).collect();
    let mut matters: Vec<Matter> = release
        .items
        .iter()
        .filter(|item| item.citizens_may_file && !needs_benefit(item))
        .filter(|item| officer.may_in(Right::FileForOther, &item.business))
        .map(|item| Matter {
            item: item.id.get().clone(),
            title: item.title.clone(),
            fits: fit.contains(item.id.as_str()),
            in_hand: in_hand.contains(item.id.as_str()),
        })
        .collect();
    matters.sort_by_key(|matter| !matter.fits);
    let referrals = referrals(office, household, door.place).await?;
    office
        .db()
        .audit_read(AuditEntry {
            division: Some(door.place),
            ..audited(office.now().at_ms(), officer.audit(), "joint.proposed", ("household", household.0))
        })
        .await?;
    Ok(Proposal { name: door.name, matters, referrals })
}

/// What other departments and helpers give, what the rules propose for a family first. `place` is its village. The caller has shown the
/// reader to be of the family, or to may see it.
///
/// # Errors
/// The database's.
pub(crate) async fn referrals(
    office: &Office,
    household: HouseholdId,
    place: DivisionId,
) -> Result<Vec<Referral>, OfficeError> {
    let release = office.release();
    let mut referrals = Vec::new();
    for (register, side, opens) in handed(&release) {
        let list = register.field(&side.field).and_then(|field| field.codelist.as_ref());
        let Some(list) = list.and_then(|list| release.codelists.get(list.as_str())) else { continue };
        let mut suggested = suggested(office, &release, register, opens, household, place).await?;
        for code in list.values.iter().filter(|code| !code.retired) {
            referrals.push(Referral {
                register: register.id.get().clone(),
                code: code.code.get().clone(),
                title: code.title.clone(),
                words: suggested.remove(code.code.get()),
            });
        }
    }
    referrals.sort_by_key(|referral| referral.words.is_none());
    Ok(referrals)
}

/// What the rules propose to ask departments for, by code: from what is known of the family today.
async fn suggested(
    office: &Office,
    release: &Release,
    register: &Register,
    opens: &Opens,
    household: HouseholdId,
    place: DivisionId,
) -> Result<BTreeMap<String, String>, OfficeError> {
    let mut words = BTreeMap::new();
    if opens.suggests.is_empty() {
        return Ok(words);
    }
    let now = office.now();
    let family =
        people::facts_as_of(office, office.db(), &FAMILY, household, now.today(), now.at_ms()).await?;
    let named = records::Named::in_expressions(opens.suggests.iter().map(|one| one.when.as_str()));
    let mut circumstances = records::Circumstances::new(now, &named);
    let context = circumstances.of(office.db(), release, place).await?;
    for (index, one) in opens.suggests.iter().enumerate() {
        let when = release.suggestion_when(&register.id, index);
        if when.is_some_and(|when| when.evaluate(&family, context) == Value::Boolean(true)) {
            words.entry(one.code.get().clone()).or_insert_with(|| one.words.clone());
        }
    }
    Ok(words)
}

/// Begins everything that the family wants, all or nothing: a form for each matter with what is on file, a record for each department. A
/// matter that the family has in hand already becomes a part as it is.
///
/// # Errors
/// [`OfficeError::Invalid`] without words, without anything wanted, or where a department is asked for nothing; [`OfficeError::NotFound`]
/// outside the officer's area.
pub async fn begin(
    office: &Office,
    officer: &Granted<FileForOther>,
    household: HouseholdId,
    wanted: &Wanted,
    key: &IdempotencyKey,
) -> Result<JointId, OfficeError> {
    let door = door(office, officer, household).await?;
    let release = office.release();
    check(&release, officer, wanted)?;
    let now = office.now();
    let owner = drafts::owner_of(officer);
    let tx = office.db().begin().await?;
    if let Once::Again(said) = tx.once(key, &owner).await? {
        let id = said.parse().map_err(|_| OfficeError::Internal("an answer that is no need".to_owned()))?;
        return Ok(JointId(id));
    }
    tx.lock(&format!("draft:{owner}")).await?;
    let joint = Query::system(
        "a need of a family in the officer's area",
        "INSERT INTO joint_matter (household_id, person_id, division_id, told_sealed, told_on, made_by, made_at) \
         VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING id",
    )
    .bind(household)
    .bind(door.head)
    .bind(door.place)
    .bind(office.keys().seal(wanted.told.trim())?)
    .bind(now.today())
    .bind(officer.staff)
    .bind(now.at_ms())
    .insert(&tx)
    .await?;
    let joint = JointId(joint);
    for item in &wanted.items {
        let (draft, case) = matter_in(office, &tx, officer, item, &door).await?;
        if let Some(draft) = draft {
            carry::begun(office, &tx, joint, draft, wanted.told.trim()).await?;
        }
        Query::system(
            "a part of a need in the officer's area",
            "INSERT INTO joint_part (joint_id, item, draft_id, case_id) VALUES (?, ?, ?, ?) RETURNING id",
        )
        .bind(joint)
        .bind(item.as_str())
        .bind(draft)
        .bind(case)
        .insert(&tx)
        .await?;
    }
    for (register, code, words) in &wanted.referrals {
        let record = hand_over(office, &tx, officer, &door, register, code, words).await?;
        Query::system(
            "a part of a need in the officer's area",
            "INSERT INTO joint_part (joint_id, register, code, record_id) VALUES (?, ?, ?, ?) RETURNING id",
        )
        .bind(joint)
        .bind(register.as_str())
        .bind(code.as_str())
        .bind(record)
        .insert(&tx)
        .await?;
    }
    tx.audit(AuditEntry {
        division: Some(door.place),
        details: serde_json::json!({ "joint": joint, "items": wanted.items, "referrals": wanted.referrals.len() }),
        ..audited(now.at_ms(), officer.audit(), "joint.begun", ("household", household.0))
    })
    .await?;
    tx.remember(key, &joint.to_string()).await?;
    tx.commit().await?;
    Ok(joint)
}

/// What is wrong with what is wanted, by the fields of the form.
fn check(release: &Release, officer: &Actor, wanted: &Wanted) -> Result<(), OfficeError> {
    let mut problems = Problems::default();
    let told = wanted.told.trim();
    if told.is_empty() {
        problems.add("told", "请写下群众说的困难，例如“丈夫住院花了8万元，孩子要交学费”。");
    } else if told.chars().count() > TOLD_MAX {
        problems.add("told", format!("请不要超过{TOLD_MAX}字。"));
    }
    if wanted.items.is_empty() && wanted.referrals.is_empty() {
        problems.add("items", "请至少选择一项要申请的救助，或者一个要转介的部门。");
    }
    let may = |id: &str| {
        release.items.get(id).is_some_and(|item| {
            let own = officer.may_in(Right::FileForOther, &item.business);
            own && item.citizens_may_file && !needs_benefit(item)
        })
    };
    if wanted.items.iter().any(|id| !may(id)) {
        problems.add("items", "有一项不能在这里申请，请重新选择。");
    }
    for (_, code, words) in &wanted.referrals {
        let words = words.trim();
        if words.is_empty() {
            problems.add(&format!("referral_{code}"), "请写明需要对方给什么帮助。");
        } else if words.chars().count() > WORDS_MAX {
            problems.add(&format!("referral_{code}"), format!("请不要超过{WORDS_MAX}字。"));
        }
    }
    problems.none_or_refuse()
}

/// A form for a matter, or the case that the family has in hand.
pub(super) async fn matter_in(
    office: &Office,
    tx: &Tx,
    officer: &Granted<FileForOther>,
    item: &str,
    door: &Door,
) -> Result<(Option<super::DraftId>, Option<CaseId>), OfficeError> {
    let release = office.release();
    let definition = release.items.get(item).ok_or(OfficeError::NotFound("这个事项"))?;
    if let Some((case, _)) = drafts::in_hand(tx, definition, door.head).await? {
        return Ok((None, Some(case)));
    }
    let draft =
        drafts::start_in(office, tx, Filler::Desk(officer), definition, None, Some(door.head)).await?;
    Ok((Some(draft), None))
}

/// A record of the need in the register of a department.
async fn hand_over(
    office: &Office,
    tx: &Tx,
    officer: &Granted<FileForOther>,
    door: &Door,
    register: &str,
    code: &str,
    words: &str,
) -> Result<records::RecordId, OfficeError> {
    let release = office.release();
    let (definition, side, opens) = handed(&release)
        .find(|(known, ..)| *known.id == *register)
        .ok_or(OfficeError::NotFound("这个登记簿"))?;
    let mut answers = Answers::new();
    let mut put = |field: &str, text: String| {
        answers.set(&FieldPath { record: None, field: field.to_owned() }, Raw::Text(text));
    };
    put(&opens.person, reference_text(door.head.0));
    if let Some(household) = &opens.household {
        put(household, reference_text(door.household.0));
    }
    put(&definition.place_field, door.code.clone());
    put(&side.field, code.to_owned());
    put(&opens.words, words.trim().to_owned());
    put(&opens.on, office.now().today().to_string());
    let entry = records::Entry {
        register,
        answers,
        references: vec![
            ("person", door.head.0, door.name.clone(), door.place),
            ("household", door.household.0, format!("{}家", door.name), door.place),
        ],
        reason: "一件事联办",
    };
    let by_code = |problem: crate::Problem| crate::Problem { field: format!("referral_{code}"), ..problem };
    records::enter(office, tx, officer, entry).await.map_err(|error| match error {
        OfficeError::Invalid(list) => OfficeError::Invalid(list.into_iter().map(by_code).collect()),
        error => error,
    })
}
