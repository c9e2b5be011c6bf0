//! The present moment, handed in by whoever may read the clock (or moves a trial's clock).

use std::fmt;

use chrono::{DateTime, Datelike, FixedOffset, NaiveDate, Timelike};
use serde::{Deserialize, Serialize};

use crate::{Month, zh_date};

/// A moment in unix milliseconds; its day and month are those of Asia/Shanghai (+8, no summer time since 1991).
///
/// Serde: the integer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Now {
    unix_ms: i64,
}

impl Now {
    /// The moment `unix_ms` milliseconds after 1970-01-01T00:00:00Z.
    #[must_use]
    pub fn from_unix_ms(unix_ms: i64) -> Now {
        Now { unix_ms }
    }

    /// Unix milliseconds, as `*_at` columns keep them.
    #[must_use]
    pub fn at_ms(self) -> i64 {
        self.unix_ms
    }

    /// Today in Shanghai.
    #[must_use]
    pub fn today(self) -> NaiveDate {
        self.in_shanghai().date_naive()
    }

    /// This month in Shanghai.
    #[must_use]
    pub fn month(self) -> Month {
        Month::containing(self.today())
    }

    /// `2026年11月3日 14:05`.
    #[must_use]
    pub fn zh(self) -> String {
        let local = self.in_shanghai();
        format!("{} {:02}:{:02}", zh_date(local.date_naive()), local.hour(), local.minute())
    }

    fn in_shanghai(self) -> DateTime<FixedOffset> {
        let offset = FixedOffset::east_opt(8 * 60 * 60).expect("eight hours are less than a day");
        // A moment without a four-digit year can only come from a broken clock; it is shown as 1970.
        let utc =
            DateTime::from_timestamp_millis(self.unix_ms).filter(|utc| (1..=9999).contains(&utc.year()));
        utc.unwrap_or_default().with_timezone(&offset)
    }
}

impl fmt::Display for Now {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(&self.zh())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_day_changes_at_midnight_in_shanghai() {
        // 2026-10-31T15:59:59.999Z is the last millisecond of October there.
        let last = Now::from_unix_ms(1_793_462_399_999);
        assert_eq!(last.today(), NaiveDate::from_ymd_opt(2026, 10, 31).expect("a date"));
        assert_eq!(last.zh(), "2026年10月31日 23:59");
        let first = Now::from_unix_ms(1_793_462_400_000);
        assert_eq!(first.month().to_string(), "2026-11");
        assert_eq!(first.to_string(), "2026年11月1日 00:00");
        assert_eq!(
            Now::from_unix_ms(DateTime::<chrono::Utc>::MAX_UTC.timestamp_millis()).zh(),
            "1970年1月1日 08:00"
        );
        assert_eq!(Now::from_unix_ms(-1).zh(), "1970年1月1日 07:59");
    }

    proptest! {
        #[test]
        fn no_moment_panics(unix_ms in any::<i64>()) {
            let now = Now::from_unix_ms(unix_ms);
            prop_assert!(!now.zh().is_empty());
            prop_assert_eq!(now.at_ms(), unix_ms);
        }
    }
}
