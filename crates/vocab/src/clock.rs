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

#[cfg(test)]
mod tests {
    use super::*;

    fn calendar() -> Calendar {
        Calendar::from_json(include_str!("../../../facts/holidays.json"))
            .expect("the holiday file is in order")
    }

    fn day(text: &str) -> NaiveDate {
        text.parse().expect("a date")
    }

    /// Accepted on 15 September 2026, before 中秋 and 国庆: due on 2 November.
    fn accepted() -> Clock {
        Clock::new(day("2026-09-15"), WorkingDays(30))
    }

    #[test]
    fn thirty_working_days_over_the_national_holiday() {
        let (clock, calendar) = (accepted(), calendar());
        assert_eq!(clock.due(&calendar).on, Some(day("2026-11-02")));
        let state = |today| clock.state(day(today), &calendar);
        assert_eq!(state("2026-09-15"), ClockState::Running { left_working_days: 30 });
        assert_eq!(state("2026-10-27"), ClockState::Running { left_working_days: 4 });
        assert_eq!(state("2026-10-28"), ClockState::DueSoon { left_working_days: 3 });
        assert_eq!(state("2026-11-02"), ClockState::DueSoon { left_working_days: 0 });
        assert_eq!(state("2026-11-03"), ClockState::Overdue { by: 1 });
        assert_eq!(state("2026-11-10"), ClockState::Overdue { by: 6 });
    }

    #[test]
    fn an_extension_counts_from_the_same_start() {
        let (mut clock, calendar) = (accepted(), calendar());
        assert_eq!(clock.extend(WorkingDays(45), "  "), Err(VocabError::ClockBasis));
        assert_eq!(clock.extend(WorkingDays(30), "调查难"), Err(VocabError::ClockExtension));
        assert_eq!(clock.extend(TimeLimit::months(3), "调查难"), Err(VocabError::ClockExtension));
        clock
            .extend(WorkingDays(45), "人户分离，民发〔2021〕57号第二十二条")
            .expect("a reason and a longer limit");
        assert_eq!(clock.limit_in_force(), TimeLimit::working_days(45));
        assert_eq!(clock.due(&calendar).on, Some(day("2026-11-23")));
        assert_eq!(clock.limit, TimeLimit::working_days(30), "the first limit stays on record");
        assert_eq!(clock.extend(WorkingDays(40), "再延"), Err(VocabError::ClockExtension));
    }

    #[test]
    fn a_pause_needs_its_basis_and_moves_the_day_when_it_ends() {
        let (mut clock, calendar) = (accepted(), calendar());
        assert_eq!(clock.pause(day("2026-10-12"), ""), Err(VocabError::ClockBasis));
        assert_eq!(clock.pause(day("2026-09-14"), "听证"), Err(VocabError::ClockOrder));
        assert_eq!(clock.resume(day("2026-10-19")), Err(VocabError::ClockOrder));
        clock.pause(day("2026-10-12"), "听证期间不计入，行政许可法第四十五条").expect("a cited basis");
        assert_eq!(clock.pause(day("2026-10-13"), "听证"), Err(VocabError::ClockOrder));
        assert_eq!(clock.state(day("2026-10-11"), &calendar), ClockState::Running { left_working_days: 16 });
        assert_eq!(clock.state(day("2026-12-31"), &calendar), ClockState::Paused);
        clock.resume(day("2026-10-19")).expect("paused before");
        // The five working days of that week do not count.
        assert_eq!(clock.due(&calendar).on, Some(day("2026-11-09")));
        assert_eq!(clock.state(day("2026-10-18"), &calendar), ClockState::Paused);
        assert_eq!(clock.state(day("2026-10-19"), &calendar), ClockState::Running { left_working_days: 15 });
        assert_eq!(
            clock.pause(day("2026-10-15"), "听证"),
            Err(VocabError::ClockOrder),
            "pauses do not overlap"
        );
    }

    #[test]
    fn natural_days_shift_by_a_pause_too() {
        let calendar = calendar();
        let mut clock = Clock::new(day("2026-11-02"), TimeLimit::natural_days(7));
        clock.pause(day("2026-11-04"), "公示内容有误，更正后继续").expect("a basis");
        clock.resume(day("2026-11-06")).expect("paused before");
        assert_eq!(clock.due(&calendar).on, Some(day("2026-11-11")));
    }

    #[test]
    fn a_stopped_clock_is_done_and_stays_so() {
        let (mut clock, calendar) = (accepted(), calendar());
        assert_eq!(clock.stop(day("2026-09-14")), Err(VocabError::ClockOrder));
        assert_eq!(clock.was_late(&calendar), None);
        clock.stop(day("2026-11-02")).expect("running");
        assert_eq!(clock.state(day("2026-12-01"), &calendar), ClockState::Done);
        assert_eq!(clock.was_late(&calendar), Some(false));
        assert_eq!(clock.stop(day("2026-11-03")), Err(VocabError::ClockDone));
        assert_eq!(clock.extend(WorkingDays(45), "调查难"), Err(VocabError::ClockDone));
        assert_eq!(clock.pause(day("2026-11-03"), "听证"), Err(VocabError::ClockDone));

        let mut late = accepted();
        late.stop(day("2026-11-03")).expect("running");
        assert_eq!(late.was_late(&calendar), Some(true));
    }

    #[test]
    fn over_unpublished_holidays_nobody_is_called_late_too_soon() {
        let calendar = calendar();
        let clock = Clock::new(day("2026-12-15"), WorkingDays(30));
        let due = clock.due(&calendar);
        assert_eq!(due.on, None);
        assert_eq!(clock.state(due.earliest, &calendar), ClockState::DueSoon { left_working_days: 0 });
        assert_eq!(clock.state(due.latest, &calendar), ClockState::DueSoon { left_working_days: 0 });
        let after = due.latest + chrono::Days::new(7);
        assert!(matches!(clock.state(after, &calendar), ClockState::Overdue { .. }));
        let mut between = clock.clone();
        between.stop(due.latest).expect("running");
        assert_eq!(between.was_late(&calendar), None);
    }

    #[test]
    fn a_clock_survives_storage() {
        let mut clock = accepted();
        clock.extend(WorkingDays(45), "调查难").expect("a reason");
        clock.pause(day("2026-10-12"), "听证").expect("a basis");
        let json = serde_json::to_string(&clock).expect("serialises");
        assert_eq!(serde_json::from_str::<Clock>(&json).expect("parses"), clock);
    }
}
