//! Reading a file into a register: seen with every fault by its cell, then taken in by a job batch by batch, and taken back as a whole.
//!
//! A row is found again by the register's key: it is new, changed, or the same. A row whose record somebody changed after it was taken out
//! (its 版本号 is old) is in conflict and refused like a fault. All rows stand or none is begun; a job that was stopped goes on.
//!
//! - [`check`](mod@check): from a file's rows to drafts, with every fault; [`preview`](mod@preview): what a file would do;
//! - [`order`]: yes, back, and on; [`work`](mod@work): the job that does it; [`imports`](mod@imports): what was taken in, for pages.

use serde::{Deserialize, Serialize};
use store::ScopeColumns;

mod check;
mod imports;
mod order;
mod preview;
mod work;

pub(super) use check::{by_key, key_of};
pub use imports::{ImportView, imports, view};
pub use order::{commit, resume, undo};
pub use preview::{Preview, corrected, preview, template};
pub use work::work;

/// The kind of the job, and of the upload.
pub const RECORDS_JOB: &str = "import_records";

/// Scope columns of `record_import i`.
const IMPORT_COLUMNS: ScopeColumns = ScopeColumns {
    subtree: Some(
        "i.division_id IN (SELECT dc.descendant_id FROM division_closure dc WHERE dc.ancestor_id = ?)",
    ),
    own: None,
    task: None,
    organisation: None,
};

/// What a waiting file is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Settings {
    register: String,
    /// The post at which it was uploaded; the job works with its area.
    post: i64,
}
