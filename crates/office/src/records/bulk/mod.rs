//! One change to many records at once: a field gets a value, or all take the same way from state to state.
//!
//! [`preview`] looks at each record as a single edit would - form, rights, place, state - and keeps which change, which are so already and
//! which cannot, and why ([`look`]); [`view`](mod@view) shows it. [`commit`] hands it to a job ([`work`](mod@work)) that writes those whose version is still
//! the one that was seen; whoever was faster is reported, never overwritten. [`undo`] gives every record back what it held, unless somebody changed
//! it since ([`deeds`]).

use catalogue::definition::{Field, FieldKind, Register};
use serde::{Deserialize, Serialize};
use store::{Query, Scope, ScopeColumns};

use super::{draft, holds, transition, writes};
use crate::access::Actor;
use crate::forms::Answers;
use crate::{Office, OfficeError};

mod deeds;
mod look;
mod view;
mod work;

pub use deeds::{commit, resume, undo};
pub use look::{Selection, meant, preview};
use look::{Would, would};
pub use view::{BulkView, Said, latest, said, view};
use view::{SELECT, change_of};
pub use work::work;

/// The kind of the job.
pub const BULK_JOB: &str = "change_records";
/// Records that one change takes at most.
pub const RECORDS_MAX: u32 = 2_000;

/// Days after which a preview that nobody confirmed is forgotten.
const KEPT_DAYS: i64 = 7;

/// Scope columns of `record_bulk b`.
const BULK_COLUMNS: ScopeColumns = ScopeColumns {
    subtree: Some(
        "b.division_id IN (SELECT dc.descendant_id FROM division_closure dc WHERE dc.ancestor_id = ?)",
    ),
    own: None,
    task: None,
    organisation: None,
};
/// The rows of a change that was read in scope.
const ROWS: Scope = Scope::System("the rows of a change to many records that was read in scope");

/// What is done to each record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum What {
    /// This field gets a value, or is emptied.
    Set(String),
    /// It takes this way to another state.
    Take(String),
}

impl What {
    /// Reads `set.kind`, `take.pause`.
    #[must_use]
    pub fn read(text: &str) -> Option<What> {
        match text.split_once('.')? {
            ("set", field) => Some(What::Set(field.to_owned())),
            ("take", transition) => Some(What::Take(transition.to_owned())),
            _ => None,
        }
    }

    /// As [`What::read`] takes it.
    #[must_use]
    pub fn code(&self) -> String {
        match self {
            What::Set(field) => format!("set.{field}"),
            What::Take(transition) => format!("take.{transition}"),
        }
    }

    /// What it is called.
    #[must_use]
    pub fn title(&self, register: &Register) -> String {
        match self {
            What::Set(id) => {
                let label = register.field(id).map_or(id.as_str(), |field| field.label.as_str());
                format!("修改“{label}”")
            }
            What::Take(id) => {
                let title = register.transition(id).map_or(id.as_str(), |found| found.title.as_str());
                format!("办理“{title}”")
            }
        }
    }
}

/// Everything that an actor may do to many records of a register. What names a record, files and strikings-off are done one by one.
#[must_use]
pub fn choices(actor: &Actor, register: &Register) -> Vec<What> {
    let fields = register.form_fields().filter(|field| {
        let alone = matches!(*field.kind, FieldKind::File | FieldKind::Files | FieldKind::Signature);
        let named = register.key.iter().any(|key| *key == *field.id.get());
        !alone && !named && !draft::is_fed(register, field) && writes(actor, field)
    });
    let fields = fields.map(|field| What::Set(field.id.get().clone()));
    let transitions = register.transitions.iter().filter(|found| holds(actor, &found.holders));
    fields.chain(transitions.map(|found| What::Take(found.id.get().clone()))).collect()
}

/// The fields that are asked for it.
#[must_use]
pub fn asked<'a>(register: &'a Register, what: &'a What) -> Vec<&'a Field> {
    match what {
        What::Set(id) => register.field(id).into_iter().collect(),
        What::Take(id) => {
            transition::asked(register, id).into_iter().filter_map(|id| register.field(id)).collect()
        }
    }
}

/// The change as it is kept.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Change {
    what: What,
    /// Answers of the fields that are asked; what is not there is emptied when a field is set, and stays when a state is.
    answers: Answers,
}

/// Forgets previews that nobody confirmed in a week.
pub(super) async fn prune(office: &Office) -> Result<(), OfficeError> {
    const WHY: &str = "previews that nobody confirmed";
    let before = office.now().at_ms() - KEPT_DAYS * crate::trial::DAY_MS;
    let tx = office.db().begin().await?;
    Query::system(
        WHY,
        "DELETE FROM record_bulk_row WHERE bulk_id IN (SELECT id FROM record_bulk WHERE state = 'previewed' AND made_at < ?)",
    )
    .bind(before)
    .execute(&tx)
    .await?;
    Query::system(WHY, "DELETE FROM record_bulk WHERE state = 'previewed' AND made_at < ?")
        .bind(before)
        .execute(&tx)
        .await?;
    Ok(tx.commit().await?)
}
