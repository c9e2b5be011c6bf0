//! 政策找人: who is eligible by what is on file and has never filed, for the village to visit; and whose benefit the facts on file no longer
//! bear out, for a review. Found every night and on demand, over everybody at once.
//!
//! - [`work`] is the job: it brings the population up to date, sweeps every programme, and writes what is new ([`search`]); then it sets
//!   departments' files beside the roll: deaths that nobody reported, cars that nobody declared, people on lists who have nothing ([`files`]);
//! - [`list`], [`find_lead`], [`note`], [`begin_filing`]: what the offices do with them ([`desk`]);
//! - every lead has a last day by the clock of the packs ([`clocks`]), and every month is reconciled ([`by_month`]);
//! - [`sheet`], [`month_sheet`]: the lists as Excel.
//!
//! **Only what is known.** Unknown is no lead. What only an officer can judge is taken as met and said so.
//! **Nobody twice**: a person stands in one open lead of an exclusion group (unique index); a lead that somebody has closed comes back only
//! when the facts of the family have changed. **Nothing automatic against a person**: a lead is words on a list; it changes no benefit. A lead
//! from a file names its rule, so that the death of a member does not wait behind another finding about the same benefit.
#![allow(
    rustdoc::private_intra_doc_links,
    reason = "the table of contents above is for readers of the source"
)]

use serde::{Deserialize, Serialize};
use store::{Migration, ScopeColumns, id_type};

mod by_month;
mod clocks;
mod desk;
mod files;
mod known;
mod search;

pub use by_month::{Stages, by_month, month_sheet};
pub use desk::{
    Deed, LeadFigures, LeadLine, LeadNote, LeadView, Leads, begin_filing, figures, find_lead, in_short, list,
    may_see_reviews, most_urgent, note, search_now, sheet,
};
pub use search::{Found, LEADS_JOB, schedule, work};

id_type! {
    /// A lead.
    LeadId,
}

/// Tables of this module.
pub const MIGRATIONS: &[Migration] = &[
    Migration { name: "20261122_leads", sql: include_str!("../../migrations/20261122_leads.sql") },
    Migration { name: "20261129_lead_files", sql: include_str!("../../migrations/20261129_lead_files.sql") },
    Migration { name: "20261130_lead_clock", sql: include_str!("../../migrations/20261130_lead_clock.sql") },
];

/// Scope columns of `lead l`: the village where the family lives.
pub const LEAD: ScopeColumns = ScopeColumns {
    subtree: Some(
        "l.division_id IN (SELECT dc.descendant_id FROM division_closure dc WHERE dc.ancestor_id = ?)",
    ),
    own: None,
    task: None,
    organisation: None,
};

/// What a lead is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Eligible and not enrolled.
    Unclaimed,
    /// Enrolled and no longer eligible.
    Review,
}

impl Kind {
    /// How the database spells it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Unclaimed => "unclaimed",
            Kind::Review => "review",
        }
    }

    /// The Chinese name.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Kind::Unclaimed => "可能符合，还没申请",
            Kind::Review => "在册，需要核查",
        }
    }

    /// What it is called when somebody was helped, or the benefit looked into.
    #[must_use]
    pub fn helped(self) -> &'static str {
        match self {
            Kind::Unclaimed => "已申请救助",
            Kind::Review => "已核查",
        }
    }

    pub(crate) fn read(text: &str) -> Kind {
        if text == "review" { Kind::Review } else { Kind::Unclaimed }
    }
}

/// One condition as the rules found it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// The condition's title.
    pub title: String,
    /// What was compared.
    pub found: Vec<String>,
    /// Articles.
    pub basis: Vec<String>,
    /// An officer has to judge it yet.
    pub to_judge: bool,
    /// It holds.
    pub met: bool,
}

/// How a lead ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LeadOutcome {
    /// The family filed.
    Filed,
    /// It was told and will think about it.
    Told,
    /// It does not want to.
    Declined,
    /// What is on file is wrong.
    Mistaken,
    /// The benefit was reviewed.
    Reviewed,
    /// What is on file has changed.
    Lapsed,
}

const OUTCOMES: [(LeadOutcome, &str, &str); 6] = [
    (LeadOutcome::Filed, "filed", "已提出申请"),
    (LeadOutcome::Told, "told", "已告知政策"),
    (LeadOutcome::Declined, "declined", "本人不愿申请"),
    (LeadOutcome::Mistaken, "mistaken", "情况与登记不符"),
    (LeadOutcome::Reviewed, "reviewed", "已核查"),
    (LeadOutcome::Lapsed, "lapsed", "情况已变化"),
];

impl LeadOutcome {
    /// How the database spells it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        OUTCOMES[self as usize].1
    }

    /// The Chinese name.
    #[must_use]
    pub fn title(self) -> &'static str {
        OUTCOMES[self as usize].2
    }

    fn read(text: &str) -> Option<LeadOutcome> {
        OUTCOMES.iter().find(|(_, code, _)| *code == text).map(|(outcome, _, _)| *outcome)
    }
}
