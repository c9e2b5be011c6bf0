//! A form sent twice is done once.
//!
//! The page or API client makes a key; the first transaction with it does the work and remembers the answer in the same
//! commit; every later one is told the answer. Two at the same moment: the second waits for the first.

use std::fmt;
use std::str::FromStr;

use crate::database::{Db, Tx};
use crate::error::{Result, StoreError};
use crate::query::Query;

const REASON: &str = "idempotency keys";
const LENGTH_MIN: usize = 8;
const LENGTH_MAX: usize = 100;

/// A key, 8 to 100 visible ASCII characters, unique for whoever sends it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct IdempotencyKey(String);

/// Whether this is the first time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Once {
    /// Do the work, then [`Tx::remember`] the answer and commit.
    First,
    /// It was done; the answer given then (empty if none was remembered). Do nothing.
    Again(String),
}

impl IdempotencyKey {
    /// A fresh random key, for a form.
    ///
    /// # Errors
    /// The system gives no randomness.
    pub fn fresh() -> Result<IdempotencyKey> {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes)
            .map_err(|error| StoreError::Invalid(format!("系统不给随机数：{error}")))?;
        Ok(IdempotencyKey(hex::encode(bytes)))
    }

    /// The key's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for IdempotencyKey {
    type Err = StoreError;

    fn from_str(text: &str) -> Result<Self> {
        let text = text.trim();
        if (LENGTH_MIN..=LENGTH_MAX).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
        {
            Ok(IdempotencyKey(text.to_owned()))
        } else {
            Err(StoreError::Invalid(
                "防重复编号应为 8 至 100 个英文字母或数字，请刷新页面后重新提交".to_owned(),
            ))
        }
    }
}

impl fmt::Display for IdempotencyKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl Tx {
    /// Take the key for this transaction. `who` separates senders, so that nobody reads another's answer by guessing.
    ///
    /// # Errors
    /// [`StoreError::Busy`] when the first one takes longer than the time limit.
    pub async fn once(&self, key: &IdempotencyKey, who: &str) -> Result<Once> {
        // PostgreSQL waits here until a concurrent first one ends; SQLite writers are alone anyway.
        let taken = Query::system(
            REASON,
            "INSERT INTO idempotency (who, key, at) VALUES (?, ?, ?) ON CONFLICT (who, key) DO NOTHING",
        )
        .bind(who)
        .bind(key.as_str())
        .bind(crate::machine_now())
        .execute(self)
        .await?;
        if taken == 1 {
            self.first_uses().push((key.0.clone(), who.to_owned()));
            return Ok(Once::First);
        }
        let answer: Option<String> =
            Query::system(REASON, "SELECT answer FROM idempotency WHERE who = ? AND key = ?")
                .bind(who)
                .bind(key.as_str())
                .scalar(self)
                .await?;
        Ok(Once::Again(answer.unwrap_or_default()))
    }

    /// Keep the answer (an address, an id; no personal data) for whoever sends the key again.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] unless [`Tx::once`] said [`Once::First`] in this transaction.
    pub async fn remember(&self, key: &IdempotencyKey, answer: &str) -> Result<()> {
        let who = self.first_uses().iter().find(|(first, _)| *first == key.0).map(|(_, who)| who.clone());
        let who = who.ok_or_else(|| StoreError::Invalid("remember without once".to_owned()))?;
        Query::system(REASON, "UPDATE idempotency SET answer = ? WHERE who = ? AND key = ?")
            .bind(answer)
            .bind(who)
            .bind(key.as_str())
            .execute_one(self)
            .await
    }

    fn first_uses(&self) -> std::sync::MutexGuard<'_, Vec<(String, String)>> {
        self.first_uses.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// Forget the keys first used before `before` (unix milliseconds); how many. A nightly job keeps a month.
///
/// # Errors
/// The database's.
pub async fn prune_idempotency(db: &Db, before: i64) -> Result<u64> {
    Query::system(REASON, "DELETE FROM idempotency WHERE at < ?").bind(before).execute(db).await
}
