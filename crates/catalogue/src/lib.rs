//! The `catalogue` room: packs. A business is data; this crate reads it, checks it and hands it out as an immutable [`Release`].
//!
//! - [`definition`] says what can be written in a pack.
//! - [`Release::load`] reads folders; [`Release::check`] says everything that is wrong with them, with file and line.
//! - [`Release::compared_with`] says what newer packs change.
//! - [`Release::parameter`], [`Release::basis_on`] and the shelves ([`Release::items`] and so on) are what the other rooms use.
//!
//! The crate never touches the database and has no clock. It changes when a pack can say something new.

mod amended;
mod case_fields;
mod cases;
mod check;
mod compare;
mod compile;
mod context;
mod counted_shapes;
pub mod definition;
mod edited;
mod family;
mod family_schema;
mod files;
mod finding;
mod history;
mod located;
mod lookup;
mod number;
mod pack;
mod places;
pub mod plan;
mod read;
mod release;
pub mod shapes;

pub use amended::{AmendedPart, DatedText, part_key, part_of};
pub use case_fields::{CASE_FIELDS, CaseField};
pub use compare::{Changed, Compared};
pub use context::Supposed;
pub use family::{Decision, FamilyDecision, WrittenFamily};
pub use files::PackFiles;
pub use finding::{English, Finding, Severity};
pub use history::KnownValue;
pub use located::{Expression, Located, Reference, line_of};
pub use lookup::{Citation, EffectiveValue};
pub use number::Number;
pub use pack::{Layer, Pack, PackHead};
pub use places::Places;
pub use release::{Defined, LoadOptions, Place, Release, Shelf};
