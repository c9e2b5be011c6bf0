//! 幸福码 (SA-45): a short text that proves one fact of a person, chosen by that person, for a short time, and nothing else.
//!
//! The text is signed with SM2 and holds the fact in words, the place that says so, from when and until when, and the name only if the
//! person wants it there. Whoever checks it needs the public key and a clock, not us: the page checks it in the browser. It is not kept,
//! cannot be called back, and ends by itself; issuing one is in the audit as the person's own deed, checking one leaves no trace.
//!
//! Form: `HM1.{key}.{payload}.{signature}`, payload JSON and signature in base64url; what is signed is everything before the last dot.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use catalogue::definition::Fact;
use catalogue::shapes::absent_value;
use rules::Value;
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::{AuditEntry, Keys, Signed};
use vocab::Now;

use crate::access::Citizen;
use crate::people::{self, Subject};
use crate::{Office, OfficeError, audited, divisions};

/// What every code begins with.
pub const PREFIX: &str = "HM1";
/// Longer texts are no codes.
const TEXT_MAX: usize = 2_000;
/// How far two clocks may differ.
const CLOCKS_MS: i64 = 2 * 60 * 1_000;
const MINUTE_MS: i64 = 60 * 1_000;

/// For how long a code may prove; the person chooses.
pub const LIFETIMES: [(i64, &str); 3] = [(10, "10分钟"), (60, "1小时"), (24 * 60, "一天")];

/// The longest of them, in milliseconds: so long after the last server has begun to sign with a new key, the old one may be forgotten.
pub const LASTING_MS: i64 = 24 * 60 * MINUTE_MS;

/// A fact that the person may prove.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provable {
    /// The fact.
    pub fact: String,
    /// Its title.
    pub title: String,
    /// Its value in words.
    pub value: String,
}

/// What a code says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Statement {
    /// What is proved: 现有的救助身份.
    #[serde(rename = "f")]
    pub fact: String,
    /// In words: 最低生活保障对象.
    #[serde(rename = "v")]
    pub value: String,
    /// Who says so: the place that the system serves.
    #[serde(rename = "p")]
    pub place: String,
    /// The person's name, if the person wanted it there.
    #[serde(rename = "n", default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// From when, unix seconds.
    #[serde(rename = "i")]
    pub issued_at: i64,
    /// Until when, unix seconds.
    #[serde(rename = "e")]
    pub expires_at: i64,
}

/// A code just issued.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issued {
    /// The text.
    pub text: String,
    /// What it says.
    pub statement: Statement,
}

/// What a check found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Checked {
    /// Ours, and good now.
    Good(Statement),
    /// Ours, and over.
    Expired(Statement),
    /// Ours, and from the future: a clock is wrong.
    NotYet(Statement),
    /// Not ours, or altered.
    Forged,
}

/// The facts that the person may prove today.
///
/// # Errors
/// The database's.
pub async fn provable(office: &Office, citizen: &Citizen) -> Result<Vec<Provable>, OfficeError> {
    let release = office.release();
    let known = people::known_facts(office, office.db(), &[Subject::Person(citizen.person)]).await?;
    let mut found = Vec::new();
    for fact in release.facts.iter().filter(|fact| fact.provable) {
        let value = known.iter().find(|(_, id, _)| id == fact.id.get()).map(|(_, _, value)| value);
        if let Some(value) = value.filter(|value| value.is_known() && **value != absent_value(fact)) {
            let value = in_words(&release, fact, value);
            found.push(Provable { fact: fact.id.get().clone(), title: fact.title.clone(), value });
        }
    }
    Ok(found)
}

fn in_words(release: &catalogue::Release, fact: &Fact, value: &Value) -> String {
    match (value, &fact.codelist) {
        (Value::Text(code), Some(list)) => release.code_title(list, code).to_owned(),
        (Value::Boolean(yes), _) => if *yes { "是" } else { "否" }.to_owned(),
        (value, _) => format!("{value}{}", fact.unit.as_deref().unwrap_or_default()),
    }
}

/// Issues a code for one fact.
///
/// # Errors
/// [`OfficeError::Invalid`] for a fact that the person cannot prove today, or a lifetime that is not offered.
pub async fn issue(
    office: &Office,
    citizen: &Citizen,
    fact: &str,
    minutes: i64,
    with_name: bool,
) -> Result<Issued, OfficeError> {
    if LIFETIMES.iter().all(|(offered, _)| *offered != minutes) {
        return Err(OfficeError::invalid("minutes", "请选择有效多长时间。"));
    }
    let chosen = provable(office, citizen).await?.into_iter().find(|one| one.fact == fact);
    let chosen = chosen.ok_or_else(|| OfficeError::invalid("fact", "请选择要证明的一项。"))?;
    let place = divisions::served(office).await?.map_or_else(String::new, |place| place.name);
    let now = office.now();
    let statement = Statement {
        fact: chosen.title,
        value: chosen.value,
        place: format!("{place}民政部门"),
        name: with_name.then(|| citizen.name.clone()),
        issued_at: now.at_ms().div_euclid(1_000),
        expires_at: (now.at_ms() + minutes * MINUTE_MS).div_euclid(1_000),
    };
    let text = sign(office.keys(), &statement)?;
    let entry = audited(now.at_ms(), citizen.audit(), "proof.issued", ("person", citizen.person.0));
    office
        .db()
        .audit_read(AuditEntry {
            details: json!({ "fact": fact, "minutes": minutes, "name": with_name }),
            ..entry
        })
        .await?;
    Ok(Issued { text, statement })
}

fn sign(keys: &Keys, statement: &Statement) -> Result<String, OfficeError> {
    let payload = serde_json::to_vec(statement).map_err(|error| OfficeError::Internal(error.to_string()))?;
    let number = keys.public_keys()?.last().map_or(0, |key| key.id);
    let signed_part = format!("{PREFIX}.{number}.{}", URL_SAFE_NO_PAD.encode(&payload));
    let signed = keys.sign(signed_part.as_bytes())?;
    Ok(format!("{signed_part}.{}", URL_SAFE_NO_PAD.encode(&signed.signature)))
}

/// Checks a code at a moment. Nothing is written down.
#[must_use]
pub fn check(keys: &Keys, now: Now, text: &str) -> Checked {
    match read(keys, text) {
        None => Checked::Forged,
        Some(statement) if now.at_ms() >= statement.expires_at * 1_000 => Checked::Expired(statement),
        Some(statement) if now.at_ms() + CLOCKS_MS < statement.issued_at * 1_000 => {
            Checked::NotYet(statement)
        }
        Some(statement) => Checked::Good(statement),
    }
}

fn read(keys: &Keys, text: &str) -> Option<Statement> {
    // A camera gives the address of the page with the code behind the hash.
    let text = text.trim();
    let text = text.rsplit_once('#').map_or(text, |(_, code)| code);
    if text.len() > TEXT_MAX {
        return None;
    }
    let (signed_part, signature) = text.rsplit_once('.')?;
    let mut parts = signed_part.split('.');
    let (prefix, key, payload) = (parts.next()?, parts.next()?, parts.next()?);
    if prefix != PREFIX || parts.next().is_some() {
        return None;
    }
    let signed = Signed { key: key.parse().ok()?, signature: URL_SAFE_NO_PAD.decode(signature).ok()? };
    if !keys.is_signed(signed_part.as_bytes(), &signed) {
        return None;
    }
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn statement(issued_at: i64, expires_at: i64) -> Statement {
        Statement {
            fact: "现有的救助身份".to_owned(),
            value: "最低生活保障对象".to_owned(),
            place: "乌海市民政部门".to_owned(),
            name: None,
            issued_at,
            expires_at,
        }
    }

    #[test]
    fn a_code_is_good_for_its_time_and_says_nothing_else() {
        let keys = Keys::generate().unwrap();
        let said = statement(1_000, 1_600);
        let text = sign(&keys, &said).unwrap();
        let at = |seconds: i64| check(&keys, Now::from_unix_ms(seconds * 1_000), &text);
        assert_eq!(at(1_000), Checked::Good(said.clone()));
        assert_eq!(at(1_599), Checked::Good(said.clone()));
        assert_eq!(at(1_600), Checked::Expired(said.clone()));
        assert_eq!(at(100), Checked::NotYet(said.clone()));
        assert_eq!(
            check(&keys, Now::from_unix_ms(1_000_000), &format!(" https://x.cn/verify#{text}\n")),
            at(1_000)
        );
        let payload = text.split('.').nth(2).unwrap();
        let payload: serde_json::Value =
            serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap();
        let fields: Vec<&str> = payload.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(fields, ["e", "f", "i", "p", "v"]);
    }

    #[test]
    fn an_altered_or_foreign_code_is_forged() {
        let (keys, others) = (Keys::generate().unwrap(), Keys::generate().unwrap());
        let now = Now::from_unix_ms(1_000_000);
        let text = sign(&keys, &statement(1_000, 1_600)).unwrap();
        assert_eq!(check(&others, now, &text), Checked::Forged);
        // Every seventh character: each part of the text is met many times.
        for (place, sign) in text.char_indices().step_by(7) {
            let other = if sign == 'A' { 'B' } else { 'A' };
            let altered: String =
                text.char_indices().map(|(at, sign)| if at == place { other } else { sign }).collect();
            assert_eq!(check(&keys, now, &altered), Checked::Forged, "character {place}");
        }
        // A longer life, written by somebody who has seen a good code.
        let longer = serde_json::to_vec(&statement(1_000, 999_999)).unwrap();
        let mut parts: Vec<String> = text.split('.').map(ToOwned::to_owned).collect();
        parts[2] = URL_SAFE_NO_PAD.encode(longer);
        assert_eq!(check(&keys, now, &parts.join(".")), Checked::Forged);
        for nonsense in ["", "HM1", "HM1.1.x.y", &text[..text.len() - 1], &"A".repeat(5_000)] {
            assert_eq!(check(&keys, now, nonsense), Checked::Forged);
        }
    }

    #[test]
    fn no_code_lasts_longer_than_the_longest() {
        assert_eq!(LIFETIMES.iter().map(|(minutes, _)| minutes * MINUTE_MS).max(), Some(LASTING_MS));
    }

    #[test]
    fn an_old_key_checks_until_it_is_retired() {
        let mut keys = Keys::generate().unwrap();
        let now = Now::from_unix_ms(1_000_000);
        let text = sign(&keys, &statement(1_000, 1_600)).unwrap();
        keys.rotate_signing().unwrap();
        assert!(matches!(check(&keys, now, &text), Checked::Good(_)));
        assert!(sign(&keys, &statement(1_000, 1_600)).unwrap().starts_with("HM1.2."));
        keys.retire_signing();
        assert_eq!(check(&keys, now, &text), Checked::Forged);
    }
}
