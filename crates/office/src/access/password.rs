//! Passwords (argon2id), one-time passwords, session tokens and one-time codes.

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use sm3::{Digest, Sm3};

use crate::OfficeError;

/// A secret that is shown once and never stored: one-time password, session token, citizen's code.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// The secret's text, to be shown or sent once.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}

fn random<const N: usize>() -> Result<[u8; N], OfficeError> {
    let mut bytes = [0u8; N];
    getrandom::fill(&mut bytes).map_err(|error| OfficeError::Internal(format!("随机数：{error}")))?;
    Ok(bytes)
}

/// Letters and digits that cannot be taken for each other on paper.
const LEGIBLE: &[u8; 31] = b"abcdefghjkmnpqrstuvwxyz23456789";

/// A one-time password of 14 characters (70 bits).
pub(super) fn one_time_password() -> Result<Secret, OfficeError> {
    let bytes = random::<14>()?;
    Ok(Secret(bytes.iter().map(|byte| char::from(LEGIBLE[usize::from(byte % 31)])).collect()))
}

/// A session token of 256 bits.
pub(super) fn session_token() -> Result<Secret, OfficeError> {
    Ok(Secret(hex::encode(random::<32>()?)))
}

/// A citizen's code of 8 digits.
pub(super) fn citizen_code() -> Result<Secret, OfficeError> {
    // 2^64 is far above 10^8: the bias is below 10^-11.
    let number = u64::from_le_bytes(random::<8>()?) % 100_000_000;
    Ok(Secret(format!("{number:08}")))
}

/// How a session token is stored: SM3, hexadecimal. The token has 256 random bits, so no salt is needed.
pub(super) fn token_hash(token: &str) -> String {
    hex::encode(Sm3::digest(token.as_bytes()))
}

/// Refuses a password that is too easy.
pub(super) fn refuse_weak(password: &str, login: &str, name: &str) -> Option<String> {
    let length = password.chars().count();
    let kinds = [
        password.chars().any(|c| c.is_ascii_lowercase()),
        password.chars().any(|c| c.is_ascii_uppercase()),
        password.chars().any(|c| c.is_ascii_digit()),
        password.chars().any(|c| !c.is_ascii_alphanumeric()),
    ];
    let few_characters = {
        let mut seen: Vec<char> = password.chars().collect();
        seen.sort_unstable();
        seen.dedup();
        seen.len() < 5
    };
    if !(10..=128).contains(&length) {
        Some("新密码应为10至128个字符。可以使用一句容易记住的话。".to_owned())
    } else if few_characters || (length < 16 && kinds.into_iter().filter(|kind| *kind).count() < 2) {
        Some("新密码过于简单。请混合使用字母、数字或符号，或使用16个字符以上的长句。".to_owned())
    } else if password.to_lowercase().contains(&login.to_lowercase())
        || (!name.is_empty() && password.contains(name))
    {
        Some("新密码不能包含登录名或姓名。".to_owned())
    } else {
        None
    }
}

/// The PHC string of a password. Takes tens of milliseconds on a thread of its own.
pub(super) async fn hash(password: String) -> Result<String, OfficeError> {
    tokio::task::spawn_blocking(move || {
        Argon2::default()
            .hash_password(password.as_bytes())
            .map(|hash| hash.to_string())
            .map_err(|error| OfficeError::Internal(format!("密码散列：{error}")))
    })
    .await
    .map_err(|error| OfficeError::Internal(format!("密码散列：{error}")))?
}

/// Whether the password is the one. An unknown login passes `None` and takes the same time.
pub(super) async fn verify(password: String, stored: Option<String>) -> Result<bool, OfficeError> {
    let Some(stored) = stored else {
        hash(password).await?;
        return Ok(false);
    };
    tokio::task::spawn_blocking(move || {
        let parsed = PasswordHash::new(&stored)
            .map_err(|error| OfficeError::Internal(format!("密码散列：{error}")))?;
        Ok(Argon2::default().verify_password(password.as_bytes(), &parsed).is_ok())
    })
    .await
    .map_err(|error| OfficeError::Internal(format!("密码散列：{error}")))?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_is_verified_and_a_wrong_one_is_not() {
        let stored = hash("一句容易记住的话 42".to_owned()).await.unwrap();
        assert!(stored.starts_with("$argon2id$"));
        assert!(verify("一句容易记住的话 42".to_owned(), Some(stored.clone())).await.unwrap());
        assert!(!verify("一句容易记住的话 43".to_owned(), Some(stored)).await.unwrap());
        assert!(!verify("whatever".to_owned(), None).await.unwrap());
    }

    #[test]
    fn weak_passwords_are_refused() {
        for weak in ["short1!", "aaaaaaaaaaaa", "abcdefghijkl", "li.clerk.2026", "aaaa1111bbbb"] {
            assert!(refuse_weak(weak, "li.clerk", "李").is_some(), "{weak}");
        }
        assert!(refuse_weak("correct horse battery", "li.clerk", "李").is_none());
        assert!(refuse_weak("hM7-quiet-river", "li.clerk", "李").is_none());
    }

    #[test]
    fn codes_have_eight_digits_and_secrets_do_not_print() {
        let code = citizen_code().unwrap();
        assert_eq!(code.reveal().len(), 8);
        assert!(!format!("{code:?}").contains(code.reveal()));
    }
}
