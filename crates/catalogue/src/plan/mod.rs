//! A city's five-year plan as data: what its text promises, held against the text and against itself.
//!
//! - [`PlanBook`] is all that one pack says of its plan; [`PlanBook::load`] reads it from the pack's folder alone, a
//!   [`Release`](crate::Release) brings it with everything else.
//! - [`PlanBook::contradictions`] finds by computing what does not fit together. Nothing is repaired.
//! - [`PlanBook::superior`] holds its numbers against what documents above it and laws demand, [`PlanBook::document_states`] says which of these
//!   still stand.
//! - [`PlanBook::measured`] is what can be set beside the plans of other places.
//! - [`PlanBook::restated`] says which indicators are one promise printed twice.
//! - [`PlanBook::lines`] is the whole plan as one list.
//! - [`numbers_said`] reads numbers out of printed Chinese.
//!
//! It changes when a plan can say something new.

mod book;
mod check;
mod contradictions;
mod groups;
mod lines;
mod measured;
mod relations;
mod restated;
mod said;
mod superior;

pub use book::PlanBook;
pub use contradictions::{Contradiction, ContradictionKind, Quote};
pub use lines::PlanLine;
pub use measured::Measured;
pub use said::{numbers_said, squeezed};
pub use superior::{DocumentState, Held, Verdict};
