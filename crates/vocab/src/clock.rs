//! A clock: a time limit that runs on a case.
//!
//! It starts once (on acceptance, say) and goes on through returns and reworking: nothing here can restart it. An
//! extension replaces the limit, counted from the same start (30 working days become 45, not 75). A pause needs a
//! cited basis, as an extension does.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::{Calendar, DueDate, TimeLimit, VocabError, WorkingDays};

/// A running (or stopped) time limit.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Clock {
    /// The day it began; counting begins on the next.
    pub started_on: NaiveDate,
    /// The limit it began with.
    pub limit: TimeLimit,
    /// The longer limit that replaced it, with the reason.
    pub extended_to: Option<Extension>,
    /// Stretches that do not count, in order.
    #[serde(default)]
    pub pauses: Vec<Pause>,
    /// The day the matter was done.
    pub stopped_on: Option<NaiveDate>,
    /// From how many working days before the end it warns.
    pub warn_before: WorkingDays,
}

/// A longer limit from the same start.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Extension {
    /// The new limit in whole.
    pub limit: TimeLimit,
    /// The reason and the article.
    pub basis: String,
}

/// Days that do not count: `from` up to the day before `until`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Pause {
    /// The first day that does not count.
    pub from: NaiveDate,
    /// The first day that counts again; `None` while it lasts.
    pub until: Option<NaiveDate>,
    /// The article that allows it.
    pub basis: String,
}

/// How a clock stands on a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClockState {
    /// In time.
    Running {
        /// Working days after today up to the earliest day it can be due.
        left_working_days: u32,
    },
    /// In time, with no more working days left than the clock warns before; or due, as far as anybody can say.
    DueSoon {
        /// Working days after today up to the earliest day it can be due; 0 on that day.
        left_working_days: u32,
    },
    /// Too late for certain.
    Overdue {
        /// Working days since the latest day it can have been due; 0 on the days off right after it.
        by: u32,
    },
    /// Paused on a cited basis.
    Paused,
    /// Stopped.
    Done,
}

/// Warn this many working days before the end unless told otherwise.
const WARN_BEFORE: WorkingDays = WorkingDays(3);

impl Clock {
    /// A clock that begins on a day.
    #[must_use]
    pub fn new(started_on: NaiveDate, limit: impl Into<TimeLimit>) -> Clock {
        Clock {
            started_on,
            limit: limit.into(),
            extended_to: None,
            pauses: Vec::new(),
            stopped_on: None,
            warn_before: WARN_BEFORE,
        }
    }

    /// The limit that holds now.
    #[must_use]
    pub fn limit_in_force(&self) -> TimeLimit {
        self.extended_to.as_ref().map_or(self.limit, |extension| extension.limit)
    }

    /// Replaces the limit by a longer one of the same kind, from the same start.
    pub fn extend(&mut self, limit: impl Into<TimeLimit>, basis: &str) -> Result<(), VocabError> {
        let limit = limit.into();
        let basis = self.changeable(basis)?;
        let longer = match (self.limit_in_force(), limit) {
            (TimeLimit::WorkingDays(old), TimeLimit::WorkingDays(new)) => old < new,
            (TimeLimit::NaturalDays(old), TimeLimit::NaturalDays(new)) => old < new,
            (TimeLimit::Months(old), TimeLimit::Months(new)) => old < new,
            (TimeLimit::WorkingDays(_) | TimeLimit::NaturalDays(_) | TimeLimit::Months(_), _) => false,
        };
        if !longer {
            return Err(VocabError::ClockExtension);
        }
        self.extended_to = Some(Extension { limit, basis });
        Ok(())
    }

    /// Stops counting from a day on, until [`Clock::resume`].
    pub fn pause(&mut self, from: NaiveDate, basis: &str) -> Result<(), VocabError> {
        let basis = self.changeable(basis)?;
        let free_from = match self.pauses.last() {
            Some(Pause { until: None, .. }) => return Err(VocabError::ClockOrder),
            Some(Pause { until: Some(until), .. }) => *until,
            None => self.started_on,
        };
        if from < free_from {
            return Err(VocabError::ClockOrder);
        }
        self.pauses.push(Pause { from, until: None, basis });
        Ok(())
    }

    /// Counts again from a day on.
    pub fn resume(&mut self, from: NaiveDate) -> Result<(), VocabError> {
        if self.stopped_on.is_some() {
            return Err(VocabError::ClockDone);
        }
        match self.pauses.last_mut() {
            Some(pause) if pause.until.is_none() && pause.from <= from => {
                pause.until = Some(from);
                Ok(())
            }
            _ => Err(VocabError::ClockOrder),
        }
    }

    /// The matter was done on a day. A pause that still lasts ends with it.
    pub fn stop(&mut self, on: NaiveDate) -> Result<(), VocabError> {
        if self.stopped_on.is_some() {
            return Err(VocabError::ClockDone);
        }
        let last_change =
            self.pauses.last().map_or(self.started_on, |pause| pause.until.unwrap_or(pause.from));
        if on < last_change {
            return Err(VocabError::ClockOrder);
        }
        if let Some(pause) = self.pauses.last_mut() {
            pause.until.get_or_insert(on);
        }
        self.stopped_on = Some(on);
        Ok(())
    }

    /// When it is due. A pause that still lasts is not counted in: it moves the day only when it has ended.
    #[must_use]
    pub fn due(&self, calendar: &Calendar) -> DueDate {
        calendar.due_without(self.started_on, self.limit_in_force(), |day| {
            self.pauses.iter().any(|pause| pause.from <= day && pause.until.is_some_and(|until| day < until))
        })
    }

    /// How it stands on a day.
    #[must_use]
    pub fn state(&self, today: NaiveDate, calendar: &Calendar) -> ClockState {
        if self.stopped_on.is_some_and(|stopped| stopped <= today) {
            return ClockState::Done;
        }
        if self
            .pauses
            .iter()
            .any(|pause| pause.from <= today && pause.until.is_none_or(|until| today < until))
        {
            return ClockState::Paused;
        }
        let due = self.due(calendar);
        if due.is_past(today) {
            return ClockState::Overdue { by: calendar.working_days_between(due.latest, today).least };
        }
        let left_working_days = calendar.working_days_between(today, due.earliest).least;
        if left_working_days <= u32::from(self.warn_before.0) {
            ClockState::DueSoon { left_working_days }
        } else {
            ClockState::Running { left_working_days }
        }
    }

    /// Whether it was stopped too late: `None` while it runs or while that depends on unpublished holidays.
    #[must_use]
    pub fn was_late(&self, calendar: &Calendar) -> Option<bool> {
        let stopped = self.stopped_on?;
        let due = self.due(calendar);
        if due.is_past(stopped) {
            Some(true)
        } else if stopped <= due.earliest {
            Some(false)
        } else {
            None
        }
    }

    /// The basis, trimmed, if there is one and the clock still runs.
    fn changeable(&self, basis: &str) -> Result<String, VocabError> {
        let basis = basis.trim();
        if self.stopped_on.is_some() {
            Err(VocabError::ClockDone)
        } else if basis.is_empty() {
            Err(VocabError::ClockBasis)
        } else {
            Ok(basis.to_owned())
        }
    }
}
