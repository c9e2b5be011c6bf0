//! The place at a glance, kept for some minutes: of a hundred thousand cases it takes a second to reckon, a wall asks for it every minute, and
//! nobody decides by it. Whoever asks while it is reckoned waits for the same one.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use store::DivisionId;
use tokio::sync::Mutex as Turn;

use super::Glance;
use crate::OfficeError;

/// Places at most that are kept: more than a prefecture has offices that look.
const PLACES_MAX: usize = 1_000;

/// The place, and the registers whose alerts are counted.
type Key = (DivisionId, Vec<String>);

/// What was reckoned, for how long it stands. Nothing is kept until somebody says for how long.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    pub(crate) fresh_for: Duration,
    known: Mutex<HashMap<Key, Arc<Turn<Option<Arc<Glance>>>>>>,
}

impl Kept {
    /// The glance of a place whose reader was let in already.
    pub(super) async fn get(
        &self,
        key: Key,
        now: vocab::Now,
        reckon: impl Future<Output = Result<Glance, OfficeError>>,
    ) -> Result<Arc<Glance>, OfficeError> {
        if self.fresh_for.is_zero() {
            return reckon.await.map(Arc::new);
        }
        let turn = {
            let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            if known.len() >= PLACES_MAX && !known.contains_key(&key) {
                known.clear();
            }
            Arc::clone(known.entry(key).or_default())
        };
        let mut held = turn.lock().await;
        if let Some(glance) = &*held
            && self.stands(glance, now)
        {
            return Ok(Arc::clone(glance));
        }
        let glance = Arc::new(reckon.await?);
        *held = Some(Arc::clone(&glance));
        Ok(glance)
    }

    /// Of the same day, and young enough. A clock that was set back makes nothing young.
    fn stands(&self, glance: &Glance, now: vocab::Now) -> bool {
        let age = now.at_ms() - glance.at.at_ms();
        glance.until == now.today() && u128::try_from(age).is_ok_and(|age| age < self.fresh_for.as_millis())
    }
}

#[cfg(test)]
mod tests {
    use chrono::Datelike as _;
    use vocab::{Level, Month, Now};

    use super::super::PlaceGlance;
    use super::*;

    fn at(now: Now) -> Glance {
        let until = now.today();
        Glance {
            at: now,
            month: Month::containing(until),
            from: until.with_day(1).unwrap(),
            until,
            whole: PlaceGlance::default(),
            level: Level::County,
            parts: Vec::new(),
            items: Vec::new(),
            programmes: Vec::new(),
            months: Vec::new(),
        }
    }

    async fn asked(kept: &Kept, place: i64, registers: &[&str], now: Now) -> Arc<Glance> {
        let key = (DivisionId(place), registers.iter().map(|&id| id.to_owned()).collect());
        kept.get(key, now, async { Ok(at(now)) }).await.unwrap()
    }

    #[tokio::test]
    async fn a_glance_is_kept_for_some_minutes_of_its_day() {
        // 23:50 of a day in Shanghai.
        let late = Now::from_unix_ms(1_795_449_000_000);
        let minutes = |count: i64| Now::from_unix_ms(late.at_ms() + count * 60_000);
        let kept = Kept { fresh_for: Duration::from_secs(300), ..Kept::default() };
        let first = asked(&kept, 1, &[], late).await;
        assert!(Arc::ptr_eq(&first, &asked(&kept, 1, &[], minutes(4)).await));
        assert_eq!(asked(&kept, 1, &["bed"], minutes(4)).await.at, minutes(4), "who sees other registers");
        assert_eq!(asked(&kept, 2, &[], minutes(4)).await.at, minutes(4), "another place");
        assert_eq!(asked(&kept, 1, &[], minutes(5)).await.at, minutes(5), "too old");
        let before = asked(&kept, 1, &[], minutes(9)).await;
        assert_eq!(before.at, minutes(5));
        assert_eq!(asked(&kept, 1, &[], minutes(-3)).await.at, minutes(-3), "the clock was set back");
        assert_eq!(late.today().succ_opt(), Some(minutes(10).today()));
        asked(&kept, 1, &[], minutes(9)).await;
        assert_eq!(asked(&kept, 1, &[], minutes(10)).await.at, minutes(10), "of yesterday");
        // Kept for no time at all: reckoned each time.
        let never = Kept::default();
        let one = asked(&never, 1, &[], late).await;
        assert!(!Arc::ptr_eq(&one, &asked(&never, 1, &[], late).await));
    }

    #[tokio::test]
    async fn what_fails_is_not_kept() {
        let (kept, now) = (
            Kept { fresh_for: Duration::from_secs(300), ..Kept::default() },
            Now::from_unix_ms(1_795_449_000_000),
        );
        let key = || (DivisionId(1), Vec::new());
        let failed = kept.get(key(), now, async { Err(OfficeError::NotFound("这个区划")) }).await;
        assert!(failed.is_err());
        assert!(kept.get(key(), now, async { Ok(at(now)) }).await.is_ok());
    }
}
