//! Bank accounts of persons: sealed, shown by their last four. Which account an entitlement is paid to is the ledger's part.

use chrono::NaiveDate;
use store::{AuditActor, AuditEntry, Connection, PersonId, Query, Scope, ScopeColumns, Tx};
use vocab::{BankAccount, PersonName};

use super::person::find_person;
use super::{BankAccountId, PERSON_COLUMNS, duplicate, sealing};
use crate::access::{Granted, Payee};
use crate::{Office, OfficeError, audited};

/// An account to be recorded.
#[derive(Debug, Clone)]
pub struct NewAccount {
    /// Whose money it is.
    pub person: PersonId,
    /// In whose name the account runs; another name than the person's is a proxy's.
    pub holder_name: PersonName,
    /// Bank.
    pub bank: String,
    /// Number.
    pub number: BankAccount,
}

/// An account as pages show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountView {
    /// The account.
    pub id: BankAccountId,
    /// Whose.
    pub person: PersonId,
    /// In whose name.
    pub holder_name: String,
    /// Bank.
    pub bank: String,
    /// Last four digits.
    pub tail: String,
    /// Recorded at, unix milliseconds.
    pub created_at: i64,
}

/// Records an account. The same number again gives the record that is there.
///
/// # Errors
/// [`OfficeError::NotFound`] for a person outside the scope; [`OfficeError::Invalid`] without a bank.
pub async fn add_account(
    office: &Office,
    actor: &Granted<Payee>,
    new: &NewAccount,
) -> Result<BankAccountId, OfficeError> {
    let tx = office.db().begin().await?;
    let id = add_account_in(office, &tx, &actor.scope(), &actor.audit(), new).await?;
    tx.commit().await?;
    Ok(id)
}

/// As [`add_account`], as a step of a greater change.
///
/// # Errors
/// As [`add_account`].
pub async fn add_account_in(
    office: &Office,
    tx: &Tx,
    scope: &Scope,
    who: &AuditActor,
    new: &NewAccount,
) -> Result<BankAccountId, OfficeError> {
    let NewAccount { person, holder_name, bank, number } = new;
    let at = office.now().at_ms();
    if bank.trim().is_empty() {
        return Err(OfficeError::invalid("bank", "请填写开户银行。"));
    }
    let view = find_person(office, tx, scope, *person).await?;
    let blind = sealing::account_blind(office.keys(), number);
    let known = Query::system(
        "the caller has seen the person",
        "SELECT b.id FROM bank_account b WHERE b.person_id = ? AND b.number_blind = ?",
    )
    .bind(*person)
    .bind(blind.as_str())
    .optional(tx)
    .await?;
    if let Some(row) = known {
        return Ok(row.get("id")?);
    }
    let id = Query::system(
        "the caller has seen the person",
        "INSERT INTO bank_account (person_id, holder_name, bank, number_sealed, number_blind, number_tail, created_at) \
         VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING id",
    )
    .bind(*person)
    .bind(holder_name.as_str())
    .bind(bank.trim())
    .bind(office.keys().seal(number.expose())?)
    .bind(blind.as_str())
    .bind(number.last_four())
    .bind(at)
    .insert(tx)
    .await?;
    duplicate::flag_account(tx, *person, &blind, at).await?;
    tx.audit(AuditEntry {
        division: Some(view.residence),
        details: serde_json::json!({ "tail": number.last_four() }),
        ..audited(at, who.clone(), "account.recorded", ("person", person.0))
    })
    .await?;
    Ok(BankAccountId(id))
}

/// Nothing is paid to the account of somebody who has died.
///
/// # Errors
/// [`OfficeError::Invalid`] with the day of death.
pub(crate) async fn refuse_dead_holder(
    connection: &impl Connection,
    account: BankAccountId,
) -> Result<(), OfficeError> {
    let died_on: Option<NaiveDate> = Query::system(
        "the caller has seen the benefit that the account is for",
        "SELECT p.died_on FROM bank_account b JOIN person p ON p.id = b.person_id WHERE b.id = ?",
    )
    .bind(account)
    .scalar(connection)
    .await?;
    let Some(died_on) = died_on else { return Ok(()) };
    let day = vocab::zh_date(died_on);
    Err(OfficeError::invalid(
        "person",
        format!("账户所属的人已于{day}去世，不能收款。请登记另一名成员的账户。"),
    ))
}

/// The accounts of a person inside the scope, newest first.
///
/// # Errors
/// The database.
pub async fn find_accounts(
    connection: &impl Connection,
    scope: &Scope,
    person: PersonId,
) -> Result<Vec<AccountView>, OfficeError> {
    let accounts = Query::new(
        scope,
        &PERSON_COLUMNS,
        "SELECT b.id, b.person_id, b.holder_name, b.bank, b.number_tail, b.created_at FROM bank_account b \
         JOIN person p ON p.id = b.person_id WHERE {scope} AND b.person_id = ? ORDER BY b.id DESC",
    )
    .bind(person)
    .all_as(connection, |row| {
        Ok(AccountView {
            id: row.get("id")?,
            person: row.get("person_id")?,
            holder_name: row.get("holder_name")?,
            bank: row.get("bank")?,
            tail: row.get("number_tail")?,
            created_at: row.get("created_at")?,
        })
    })
    .await?;
    Ok(accounts)
}

/// The whole number, for the bank file of a run whose rights and audit are the caller's. Pages use [`super::reveal_account`].
///
/// # Errors
/// [`OfficeError::NotFound`].
pub async fn account_number(
    office: &Office,
    connection: &impl Connection,
    account: BankAccountId,
) -> Result<BankAccount, OfficeError> {
    let row = Query::new(
        &Scope::System("a bank file needs whole numbers"),
        &ScopeColumns::NONE,
        "SELECT b.number_sealed FROM bank_account b WHERE b.id = ?",
    )
    .bind(account)
    .optional(connection)
    .await?
    .ok_or(OfficeError::NotFound("这个账户"))?;
    sealing::open_account(office.keys(), &row.get::<Vec<u8>>("number_sealed")?)
}
