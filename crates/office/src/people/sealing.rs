//! How identifiers stand in the database: sealed, with blind indexes for the whole value and the last four.

use store::Keys;
use vocab::{BankAccount, CitizenId, Phone};

use crate::OfficeError;

/// The blind index of a whole citizen ID.
pub(crate) fn citizen_id_blind(keys: &Keys, id: &CitizenId) -> String {
    keys.blind("citizen_id", id.expose())
}

/// The blind index of the last four of a citizen ID, as typed.
pub(crate) fn tail_blind(keys: &Keys, last_four: &str) -> String {
    let plain: String = last_four
        .trim()
        .chars()
        .map(|c| match c {
            '０'..='９' => char::from_u32(u32::from(c) - u32::from('０') + u32::from('0')).unwrap_or(c),
            'x' | 'ｘ' | 'Ｘ' => 'X',
            _ => c,
        })
        .collect();
    keys.blind("citizen_id_tail", &plain)
}

/// The blind index of a phone.
pub(crate) fn phone_blind(keys: &Keys, phone: &Phone) -> String {
    keys.blind("phone", phone.expose())
}

/// The blind index of a bank account.
pub(crate) fn account_blind(keys: &Keys, account: &BankAccount) -> String {
    keys.blind("bank_account", account.expose())
}

fn read<T: std::str::FromStr>(keys: &Keys, sealed: &[u8], what: &str) -> Result<T, OfficeError> {
    let plain = keys.open(sealed)?;
    plain.parse().map_err(|_| OfficeError::Internal(format!("库中的{what}不合规定")))
}

/// The citizen ID in full. Only [`super::reveal`] and letters show it.
pub(crate) fn open_citizen_id(keys: &Keys, sealed: &[u8]) -> Result<CitizenId, OfficeError> {
    read(keys, sealed, "身份证号")
}

/// The phone in full.
pub(crate) fn open_phone(keys: &Keys, sealed: &[u8]) -> Result<Phone, OfficeError> {
    read(keys, sealed, "电话号码")
}

/// The account in full.
pub(crate) fn open_account(keys: &Keys, sealed: &[u8]) -> Result<BankAccount, OfficeError> {
    read(keys, sealed, "银行账号")
}

/// The citizen ID as pages show it.
pub(crate) fn masked_citizen_id(keys: &Keys, sealed: &[u8]) -> Result<String, OfficeError> {
    Ok(open_citizen_id(keys, sealed)?.masked())
}

/// The phone as pages show it.
pub(crate) fn masked_phone(keys: &Keys, sealed: &[u8]) -> Result<String, OfficeError> {
    Ok(open_phone(keys, sealed)?.masked())
}
