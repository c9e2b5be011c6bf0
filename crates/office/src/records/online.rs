//! What anybody enters on the open site, without an account (举报投诉): the fields that the pack asks, and nothing of a record that is there. Whoever
//! keeps the number that was given asks after it by that and reads what the pack tells; the number is drawn so that none is guessed.

use std::sync::Arc;

use catalogue::definition::{FieldKind, Online};
use chrono::NaiveDate;
use store::{IdempotencyKey, Once, Query, Scope, ScopeColumns, StoreError};
use vocab::DivisionCode;

use super::columns::{column, table};
use super::draft::{Draft, draft_with};
use super::list::Words;
use super::look_up::LookedUp;
use super::read::{Record, records};
use super::write::{By, Deed, Step, save_by};
use super::{Open, RecordId};
use crate::forms::{Answers, FieldPath, FormValue, Raw};
use crate::{Office, OfficeError, divisions};

/// How often it is tried while the database is busy.
const TRIES_MAX: usize = 20;
/// Sixteen digits.
const NUMBERS: u64 = 10_000_000_000_000_000;
const TOLD: &str = "what somebody entered on the open site";
const OWN: Scope = Scope::System("a record whose number the asker knows");

/// What whoever knows the number reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// Title of the state.
    pub state: String,
    /// Day on which it came in.
    pub recorded_on: NaiveDate,
    /// The fields that the pack names, as label and words; empty ones are left out.
    pub said: Vec<(String, String)>,
}

/// The registers that are open to anybody, in the order of the packs: id and title of the page.
#[must_use]
pub fn offered(office: &Office) -> Vec<(String, String)> {
    let release = office.release();
    let open = release
        .registers
        .iter()
        .filter_map(|register| Some((register.id.get().clone(), register.online.as_ref()?.title.clone())));
    open.collect()
}

/// Opens one of them; the first where none is named.
///
/// # Errors
/// [`OfficeError::NotFound`] for a register that is not there, and for one that is not open to anybody.
pub fn opened(office: &Office, register: &str) -> Result<Open, OfficeError> {
    let release = office.release();
    let found = release
        .registers
        .iter()
        .find(|known| known.online.is_some() && (register.is_empty() || known.id.as_str() == register));
    let id = found.map(|known| known.id.get().clone()).ok_or(OfficeError::NotFound("这个页面"))?;
    Ok(Open { release: Arc::clone(&release), id })
}

/// What the pack says of it.
///
/// # Errors
/// [`OfficeError::NotFound`] for a register that is not open to anybody.
pub fn of(open: &Open) -> Result<&Online, OfficeError> {
    open.register().online.as_ref().ok_or(OfficeError::NotFound("这个页面"))
}

fn path(field: &str) -> FieldPath {
    FieldPath { record: None, field: field.to_owned() }
}

/// What was typed, as far as it is asked, ready to be shown or entered.
///
/// # Errors
/// The database.
pub async fn draft(office: &Office, open: &Open, typed: &Answers) -> Result<Draft, OfficeError> {
    let mut answers = Answers::new();
    for asked in &of(open)?.asks {
        if let Some(raw) = typed.get(&path(asked)) {
            answers.set(&path(asked), raw.clone());
        }
    }
    drafted(office, open, answers).await
}

async fn drafted(office: &Office, open: &Open, answers: Answers) -> Result<Draft, OfficeError> {
    let mut looked = LookedUp::default();
    for field in open.register().form_fields().filter(|field| *field.kind == FieldKind::Division) {
        let typed = answers.get(&path(&field.id)).and_then(|raw| raw.text().parse::<DivisionCode>().ok());
        let Some(code) = typed else { continue };
        match divisions::by_code(office.db(), code.as_str()).await {
            Ok(division) => {
                looked.divisions.insert(code, division.id);
                looked.names.insert(code, division.name);
            }
            // The form says that there is no such place.
            Err(OfficeError::NotFound(_)) => {}
            Err(error) => return Err(error),
        }
    }
    draft_with(office, open, answers, looked, None, None).await
}

/// Enters what somebody tells. The number under which to ask after it; of a form that was sent before the number that it was given then.
///
/// # Errors
/// [`OfficeError::Invalid`] by field; [`OfficeError::NotFound`] for a register that is not open to anybody.
pub async fn tell(
    office: &Office,
    open: &Open,
    typed: &Answers,
    key: &IdempotencyKey,
) -> Result<String, OfficeError> {
    let online = of(open)?;
    let number = drawn()?;
    let mut answers = draft(office, open, typed).await?.answers;
    answers.set(&path(&online.number), Raw::Text(number.clone()));
    answers.set(&path(&online.on), Raw::Text(office.now().today().to_string()));
    for (field, code) in &online.sets {
        answers.set(&path(field), Raw::Text(code.get().clone()));
    }
    let draft = drafted(office, open, answers).await?;
    let step = Step { deed: Deed::Added, reason: "网上提交", state: None, import: None };
    let by = By::system(TOLD);
    for _ in 0..TRIES_MAX {
        let tx = office.db().begin().await?;
        if let Once::Again(number) = tx.once(key, "online").await? {
            return Ok(number);
        }
        match save_by(office, &tx, &by, open, &draft, None, &step).await {
            Ok(_) => {
                tx.remember(key, &number).await?;
                tx.commit().await?;
                return Ok(number);
            }
            Err(OfficeError::Store(StoreError::Busy)) => tx.rollback().await?,
            Err(error) => return Err(error),
        }
    }
    Err(StoreError::Busy.into())
}

/// A number that nobody guesses: no two are alike, and those that were given are few among them.
fn drawn() -> Result<String, OfficeError> {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).map_err(|error| OfficeError::Internal(format!("系统不给随机数：{error}")))?;
    Ok(format!("{:016}", u64::from_le_bytes(bytes) % NUMBERS))
}

/// What became of it, for whoever knows the number.
///
/// # Errors
/// [`OfficeError::NotFound`] where nothing that was entered on the open site has it.
pub async fn asked_after(office: &Office, open: &Open, number: &str) -> Result<Told, OfficeError> {
    const NONE: OfficeError = OfficeError::NotFound("这个编号");
    let register = open.register();
    let online = of(open)?;
    let number: String = vocab::half_width(number).chars().filter(|sign| !sign.is_whitespace()).collect();
    let field = register.field(&online.number).ok_or(NONE)?;
    let sql = format!("SELECT r.id FROM {} r WHERE r.{} = ?", table(register), column(field));
    let ids: Vec<RecordId> =
        Query::new(&OWN, &ScopeColumns::NONE, sql).bind(number.as_str()).scalars(office.db()).await?;
    let found = records(office.keys(), office.db(), &OWN, register, &ids).await?;
    let came_by_it = |record: &&Record| {
        online.sets.iter().all(|(field, code)| {
            matches!(record.values.get(field), Some(FormValue::Code(held)) if held.as_str() == code.as_str())
        })
    };
    let record = found.iter().find(came_by_it).ok_or(NONE)?;
    let words = Words::of(office, &OWN, open, std::iter::once(record)).await?;
    let told = online.tells.iter().filter_map(|id| register.field(id));
    let said = told
        .map(|field| (field.label.clone(), words.of_value(field, record.values.get(field.id.get()), true)));
    Ok(Told {
        state: register.state_title(&record.state).to_owned(),
        recorded_on: record.recorded_on,
        said: said.filter(|(_, words)| !words.is_empty()).collect(),
    })
}
