//! What the offices of civil affairs do, as use-cases over one database.
//!
//! [`Office`] holds what every use-case needs: the database, the working-day calendar, the release
//! of the packs in force and the clock. A use-case is a function of a module that takes the office and
//! the proof of its right (`&Granted<Accept>`, `&Citizen`), does one thing in one transaction and
//! writes its audit row there. Functions that take a `Tx` are steps which other use-cases compose.
//!
//! - [`access`]: who may do what; sign-in, staff, sessions, audit search;
//! - [`benefits`]: the sheet of everything a person receives; [`proofs`]: codes that prove one fact;
//! - [`bookings`]: half days at a window that persons book;
//! - [`business`]: whose cases, benefits and figures a post works on;
//! - [`people`]: persons, families, facts with two times, accounts, search;
//! - [`population`]: everybody in columns, for sweeps;
//! - [`leads`]: who could file and has not, what should be reviewed;
//! - [`simulation`]: what other rules would mean;
//! - [`divisions`]: the tree of divisions, its changes and its past;
//! - [`forms`]: the pack's forms: answers, checks, summaries;
//! - [`releases`]: the packs in force, the old ones, standards changed on pages;
//! - [`casework`]: cases, from the form to the decision, run by the pack's items;
//! - [`means_test`]: consent, departments' files, queries, reports;
//! - [`plans`]: the five-year plan at work: values, judgement, adjustments, milestones;
//! - [`records`]: registers of the packs, each with a table of its own;
//! - [`reports`]: numbers and the lists behind them;
//! - [`subscriptions`]: other systems that are told what becomes of records;
//! - [`roll`]: the roll taken over from before, its lists, and payments at the accountant's desk;
//! - [`search`]: one box over people, cases, registers, divisions, matters;
//! - [`trial`]: the clock of a synthetic database; [`round`]: what only time brings;
//! - [`tabular`]: Excel and CSV, in and out; [`uploads`]: files between preview and import; [`views`]: saved views of lists.
//!
//! This room knows no HTTP and no HTML.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use catalogue::Release;
use store::{AuditActor, AuditEntry, Db, Keys, Migration};
use vocab::{Calendar, Now};

pub mod access;
pub mod benefits;
pub mod bookings;
pub mod business;
pub mod casework;
pub mod divisions;
mod error;
pub mod forms;
pub mod indicators;
pub mod leads;
pub mod means_test;
pub mod offices;
pub mod people;
pub mod plans;
pub mod population;
pub mod proofs;
pub mod publication;
pub mod records;
pub mod releases;
pub mod reports;
pub mod roll;
pub mod search;
pub mod simulation;
pub mod subscriptions;
pub mod tabular;
pub mod trial;
pub mod uploads;
pub mod views;
pub mod words;

pub use error::{OfficeError, Problem};

/// The clock: the machine's, or one that a synthetic database moves.
pub type Clock = Arc<dyn Fn() -> Now + Send + Sync>;

/// What every use-case needs.
pub struct Office {
    db: Db,
    calendar: Arc<Calendar>,
    release: RwLock<Arc<Release>>,
    kept: releases::Kept,
    clock: Clock,
    /// Days by which a synthetic database is ahead of its clock.
    days_ahead: AtomicI64,
    population: population::Shelf,
    figures: reports::Shelves,
    funds: publication::Shelf,
}

impl Office {
    /// Puts an office together. Nothing is read yet.
    #[must_use]
    pub fn new(db: Db, calendar: Arc<Calendar>, release: Arc<Release>, clock: Clock) -> Office {
        let kept = releases::Kept::default();
        kept.keep(Arc::clone(&release));
        let (release, days_ahead) = (RwLock::new(release), AtomicI64::new(0));
        Office {
            db,
            calendar,
            release,
            kept,
            clock,
            days_ahead,
            population: population::Shelf::default(),
            figures: reports::Shelves::default(),
            funds: publication::Shelf::default(),
        }
    }

    /// Pages of figures may show for so long what was reckoned before; else they reckon each time.
    #[must_use]
    pub fn with_figures_kept(mut self, fresh_for: std::time::Duration) -> Office {
        self.figures.fresh_for = fresh_for;
        self.funds.fresh_for = fresh_for;
        self
    }

    /// Keeps the population snapshot in this file instead of in memory.
    #[must_use]
    pub fn with_population(mut self, file: std::path::PathBuf) -> Office {
        self.population = population::Shelf::at(file);
        self
    }

    /// The database.
    #[must_use]
    pub fn db(&self) -> &Db {
        &self.db
    }

    /// The keys of sealed columns.
    #[must_use]
    pub fn keys(&self) -> &Keys {
        self.db.keys()
    }

    /// Working days and holidays.
    #[must_use]
    pub fn calendar(&self) -> &Calendar {
        &self.calendar
    }

    /// The moment of this use-case. Take it once, at the beginning.
    #[must_use]
    pub fn now(&self) -> Now {
        let machine = (self.clock)();
        match self.days_ahead() {
            0 => machine,
            days => Now::from_unix_ms(machine.at_ms() + days * trial::DAY_MS),
        }
    }

    pub(crate) fn days_ahead(&self) -> i64 {
        self.days_ahead.load(Ordering::SeqCst)
    }

    pub(crate) fn set_days_ahead(&self, days: i64) {
        self.days_ahead.store(days, Ordering::SeqCst);
    }

    /// The release of the packs in force.
    #[must_use]
    pub fn release(&self) -> Arc<Release> {
        Arc::clone(&self.release.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Releases in memory; ask [`releases::kept`].
    pub(crate) fn kept(&self) -> &releases::Kept {
        &self.kept
    }

    /// Puts another release into force. The projections must have been prepared for it
    /// ([`people::prepare_projections`]).
    pub fn put_in_force(&self, release: Arc<Release>) {
        self.kept.keep(Arc::clone(&release));
        *self.release.write().unwrap_or_else(PoisonError::into_inner) = release;
    }
}

/// What only time brings: changes of the divisions' tree whose day has come, clocks that run out, reviews that fall due, paid months that came out otherwise, notices that end, facts that begin today, sessions that are over, releases that
/// another process put in force. Runs every few minutes; doing it twice does nothing more.
///
/// # Errors
/// The database's.
pub async fn round(office: &Office) -> Result<(), OfficeError> {
    divisions::take_effect_today(office).await?;
    casework::tick::tick(office).await?;
    casework::reviews::schedule(office).await?;
    casework::late::schedule(office).await?;
    people::roll_forward(office).await?;
    search::fill(office).await?;
    records::nightly(office).await?;
    access::forget_expired(office).await?;
    releases::follow(office).await?;
    population::schedule(office).await?;
    leads::schedule(office).await?;
    indicators::schedule(office).await?;
    plans::reminders::schedule(office).await?;
    subscriptions::deliver::forget(office).await?;
    Ok(())
}

/// The ledger's and the modules' migrations, oldest first; [`store::MIGRATIONS`] come before.
#[must_use]
pub fn migrations() -> Vec<Migration> {
    [
        ledger::MIGRATIONS,
        people::MIGRATIONS,
        population::MIGRATIONS,
        access::MIGRATIONS,
        releases::MIGRATIONS,
        casework::MIGRATIONS,
        bookings::MIGRATIONS,
        uploads::MIGRATIONS,
        views::MIGRATIONS,
        means_test::MIGRATIONS,
        roll::MIGRATIONS,
        roll::month_list::MIGRATIONS,
        reports::MIGRATIONS,
        simulation::MIGRATIONS,
        leads::MIGRATIONS,
        records::MIGRATIONS,
        search::MIGRATIONS,
        subscriptions::MIGRATIONS,
        indicators::MIGRATIONS,
        plans::MIGRATIONS,
        people::MERGE_MIGRATIONS,
        divisions::MIGRATIONS,
    ]
    .concat()
}

/// Asks for the night's job of a kind, once a day: every round of every night begins so. Safe to call at any time.
pub(crate) async fn once_a_day(office: &Office, job: &str) -> Result<(), OfficeError> {
    let tx = office.db().begin().await?;
    store::jobs::enqueue_once(&tx, job, &office.now().today().to_string()).await?;
    tx.commit().await?;
    Ok(())
}

/// An audit row without purpose, case, division or details; write `AuditEntry { division, ..audited(…) }` for more.
pub(crate) fn audited(
    at: i64,
    actor: AuditActor,
    action: &'static str,
    subject: (&'static str, i64),
) -> AuditEntry {
    AuditEntry {
        at,
        actor,
        action,
        subject: Some(subject),
        case: None,
        division: None,
        purpose: None,
        details: serde_json::Value::Null,
    }
}
