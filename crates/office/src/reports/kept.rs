//! Figures kept for some minutes: of a hundred thousand cases they take up to a second to reckon, a wall asks for them every minute, and nobody
//! decides by them. Whoever asks while they are reckoned waits for the same ones; what was asked lately is reckoned again before it is too old,
//! so that its next reader need not wait.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Mutex as Turn;
use vocab::Now;

use super::Glance;
use crate::OfficeError;

/// Questions at most that are kept of a kind: more than a prefecture has offices that look.
const QUESTIONS_MAX: usize = 1_000;
/// So long after somebody asked, the answer is reckoned again before it is too old.
const ASKED_LATELY: Duration = Duration::from_secs(2 * 60 * 60);
/// At most so many of a kind are reckoned again at a time, those asked last first.
const RENEWED_MAX: usize = 20;

/// What was reckoned, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reckoned<T> {
    /// When. What was written since then is not in it.
    pub at: Now,
    /// The figures.
    pub figures: T,
}

/// What says when it was reckoned.
pub(super) trait Dated {
    fn at(&self) -> Now;
}

impl<T> Dated for Reckoned<T> {
    fn at(&self) -> Now {
        self.at
    }
}

impl Dated for Glance {
    fn at(&self) -> Now {
        self.at
    }
}

/// One question: its answer, when there is one, and when it was last asked.
struct Entry<V> {
    asked: AtomicI64,
    turn: Turn<Option<Arc<V>>>,
}

/// Answers of one kind by their questions. A question holds everything by which the answers of two readers may differ, beginning with the place;
/// whoever asks was let in to it already.
pub(super) struct Kept<K, V> {
    known: Mutex<HashMap<K, Arc<Entry<V>>>>,
}

impl<K, V> Default for Kept<K, V> {
    fn default() -> Kept<K, V> {
        Kept { known: Mutex::new(HashMap::new()) }
    }
}

impl<K: Clone + Eq + Hash, V: Dated> Kept<K, V> {
    /// What was reckoned less than `fresh_for` ago, else what is reckoned now. For no time at all nothing is kept.
    pub(super) async fn get(
        &self,
        fresh_for: Duration,
        key: K,
        now: Now,
        reckon: impl Future<Output = Result<V, OfficeError>>,
    ) -> Result<Arc<V>, OfficeError> {
        if fresh_for.is_zero() {
            return reckon.await.map(Arc::new);
        }
        let entry = {
            let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            if known.len() >= QUESTIONS_MAX && !known.contains_key(&key) {
                known.clear();
            }
            Arc::clone(known.entry(key).or_insert_with(|| {
                Arc::new(Entry { asked: AtomicI64::new(now.at_ms()), turn: Turn::new(None) })
            }))
        };
        entry.asked.store(now.at_ms(), Ordering::Relaxed);
        let mut held = entry.turn.lock().await;
        if let Some(value) = &*held
            && stands(value.at(), now, fresh_for)
        {
            return Ok(Arc::clone(value));
        }
        let value = Arc::new(reckon.await?);
        *held = Some(Arc::clone(&value));
        Ok(value)
    }

    /// The questions asked lately whose answers are soon too old. Who has not asked for long waits when they ask again.
    pub(super) fn ageing(&self, fresh_for: Duration, now: Now) -> Vec<K> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|_, entry| is_within(entry.asked.load(Ordering::Relaxed), now, ASKED_LATELY));
        let mut ageing: Vec<(i64, K)> = known
            .iter()
            .filter(|(_, entry)| match entry.turn.try_lock() {
                Ok(held) => held.as_ref().is_some_and(|value| !stands(value.at(), now, fresh_for * 4 / 5)),
                // Somebody is reckoning it.
                Err(_) => false,
            })
            .map(|(key, entry)| (entry.asked.load(Ordering::Relaxed), key.clone()))
            .collect();
        drop(known);
        ageing.sort_by_key(|(asked, _)| std::cmp::Reverse(*asked));
        ageing.into_iter().take(RENEWED_MAX).map(|(_, key)| key).collect()
    }

    /// Puts what was reckoned again in the place of what was kept; what could not be reckoned is forgotten, and its next reader is told why.
    pub(super) async fn renew(&self, key: &K, reckoned: Result<V, OfficeError>) {
        let entry = {
            let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            match &reckoned {
                Ok(_) => known.get(key).cloned(),
                Err(_) => known.remove(key),
            }
        };
        if let (Some(entry), Ok(value)) = (entry, reckoned) {
            let mut held = entry.turn.lock().await;
            // Nothing newer is overwritten: somebody may have reckoned it meanwhile.
            if held.as_ref().is_none_or(|known| known.at() <= value.at()) {
                *held = Some(Arc::new(value));
            }
        }
    }
}

/// Of the same day, and young enough. A clock that was set back makes nothing young.
fn stands(at: Now, now: Now, fresh_for: Duration) -> bool {
    at.today() == now.today() && is_within(at.at_ms(), now, fresh_for)
}

fn is_within(at_ms: i64, now: Now, time: Duration) -> bool {
    u128::try_from(now.at_ms() - at_ms).is_ok_and(|age| age < time.as_millis())
}

#[cfg(test)]
mod tests {
    use store::DivisionId;

    use super::*;

    /// 23:50 of a day in Shanghai.
    const LATE: i64 = 1_795_449_000_000;
    const FIVE_MINUTES: Duration = Duration::from_secs(300);

    type Asked = (DivisionId, Vec<String>);
    type Shelf = Kept<Asked, Reckoned<i64>>;

    fn minutes(count: i64) -> Now {
        Now::from_unix_ms(LATE + count * 60_000)
    }

    fn key(place: i64, registers: &[&str]) -> Asked {
        (DivisionId(place), registers.iter().map(|&id| id.to_owned()).collect())
    }

    async fn asked(kept: &Shelf, fresh_for: Duration, key: Asked, now: Now) -> Arc<Reckoned<i64>> {
        kept.get(fresh_for, key, now, async { Ok(Reckoned { at: now, figures: 0 }) }).await.unwrap()
    }

    #[tokio::test]
    async fn figures_are_kept_for_some_minutes_of_their_day() {
        let kept = Shelf::default();
        let at = async |key: Asked, now: Now| asked(&kept, FIVE_MINUTES, key, now).await.at;
        assert_eq!(at(key(1, &[]), minutes(0)).await, minutes(0));
        assert_eq!(at(key(1, &[]), minutes(4)).await, minutes(0));
        assert_eq!(at(key(1, &["bed"]), minutes(4)).await, minutes(4), "who sees other registers");
        assert_eq!(at(key(2, &[]), minutes(4)).await, minutes(4), "another place");
        assert_eq!(at(key(1, &[]), minutes(5)).await, minutes(5), "too old");
        assert_eq!(at(key(1, &[]), minutes(9)).await, minutes(5));
        assert_eq!(at(key(1, &[]), minutes(-3)).await, minutes(-3), "the clock was set back");
        assert_eq!(minutes(0).today().succ_opt(), Some(minutes(10).today()));
        assert_eq!(at(key(3, &[]), minutes(9)).await, minutes(9));
        assert_eq!(at(key(3, &[]), minutes(10)).await, minutes(10), "of yesterday");
        // Kept for no time at all: reckoned each time.
        let never = Shelf::default();
        for minute in [0, 1] {
            let reckoned = asked(&never, Duration::ZERO, key(1, &[]), minutes(minute)).await;
            assert_eq!(reckoned.at, minutes(minute));
        }
    }

    #[tokio::test]
    async fn what_was_asked_lately_is_reckoned_again_before_it_is_too_old() {
        let kept = Shelf::default();
        asked(&kept, FIVE_MINUTES, key(1, &[]), minutes(-100)).await;
        asked(&kept, FIVE_MINUTES, key(2, &[]), minutes(-100)).await;
        assert!(kept.ageing(FIVE_MINUTES, minutes(-97)).is_empty(), "young");
        asked(&kept, FIVE_MINUTES, key(2, &[]), minutes(-96)).await;
        assert_eq!(
            kept.ageing(FIVE_MINUTES, minutes(-96)),
            [key(2, &[]), key(1, &[])],
            "asked last comes first"
        );
        kept.renew(&key(1, &[]), Ok(Reckoned { at: minutes(-96), figures: 7 })).await;
        let shown = asked(&kept, FIVE_MINUTES, key(1, &[]), minutes(-92)).await;
        assert_eq!((shown.at, shown.figures), (minutes(-96), 7), "nobody waited");
        kept.renew(&key(1, &[]), Ok(Reckoned { at: minutes(-99), figures: 8 })).await;
        assert_eq!(
            asked(&kept, FIVE_MINUTES, key(1, &[]), minutes(-92)).await.figures,
            7,
            "older than what is kept"
        );
        // What can no longer be reckoned is forgotten; what nobody asks for two hours is let go.
        kept.renew(&key(1, &[]), Err(OfficeError::NotFound("这个区划"))).await;
        assert_eq!(kept.ageing(FIVE_MINUTES, minutes(-90)), [key(2, &[])]);
        assert!(kept.ageing(FIVE_MINUTES, minutes(24)).is_empty());
        assert!(kept.known.lock().unwrap().is_empty());
    }

    #[tokio::test]
    async fn what_fails_is_not_kept() {
        let (kept, now) = (Shelf::default(), minutes(0));
        let failed =
            kept.get(FIVE_MINUTES, key(1, &[]), now, async { Err(OfficeError::NotFound("这个区划")) }).await;
        assert!(failed.is_err());
        assert_eq!(asked(&kept, FIVE_MINUTES, key(1, &[]), now).await.at, now);
    }
}
