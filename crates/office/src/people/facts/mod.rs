//! What is said of a person or a family: by whom, for when, known since when; and what holds of it on a day.
//!
//! Every source keeps its own line: a visit does not overwrite what was declared, it outweighs it, in the order of the
//! fact's `precedence`. Within one source a later statement ends the belief in what it overlaps and keeps the rest.
//!
//! What a department answered holds for its time. When that is over the fact is unknown again: what others had said before does not come
//! back, and only who says something afterwards is heard. A value that an officer settled stands above every source until a new answer.
//!
//! - [`source`]: of whom something is said, and by whom; [`row`]: a statement in its table;
//! - [`record`]: writing statements down; [`counts`]: which of them hold on a day;
//! - [`view`]: as pages show them; [`family`]: as the rules read a family.

mod counts;
mod family;
mod record;
mod row;
mod source;
mod view;

pub(crate) use counts::{counting, known_facts, known_facts_as_of};
pub(super) use counts::{value_of, winners};
pub(crate) use family::families_as_of;
pub use family::{facts_as_of, person_facts_as_of};
pub(crate) use record::{Answered, fall_silent_in, record_answered_in, standing};
pub use record::{NewFact, record_facts, record_facts_in};
pub use source::{Source, Subject};
pub(super) use view::seen_facts;
pub use view::{FactView, effective_facts, fact_history};
pub(crate) use view::{contenders, statements};
