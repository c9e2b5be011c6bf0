//! The one language in which every rule of the house is written: eligibility, amounts, form validation, visibility,
//! alerts, indicators. SQL's expression syntax, own strict three-valued semantics, exact numbers.
//!
//! This crate parses, checks against shapes, compiles, decides and explains. It does no I/O, has no clock and knows no
//! business. The manual is `docs/rules-language.md`.
//!
//! Text becomes tokens ([`lexer`]), a tree ([`parser`], [`ast`]), a resolved and typed tree ([`check`], [`names`],
//! [`calls`], [`range`], [`compiled`]); that one is evaluated ([`eval`]), explained ([`trace`]) and written out in Chinese
//! ([`reading`], [`flip`]). A [`Programme`] puts several together and decides ([`decide`]); an [`Expression`] is one alone;
//! [`exclusion`] settles programmes that exclude each other; [`lint`] says what is probably not meant;
//! [`coverage`] what its worked examples have not shown; [`sql`] writes a programme for a database.
#![allow(
    rustdoc::private_intra_doc_links,
    reason = "the table of contents above is for readers of the source"
)]

mod ast;
mod bounds;
pub mod calendar;
mod calls;
mod check;
pub mod compiled;
mod context;
mod coverage;
mod decide;
mod diagnostic;
mod eval;
mod exclusion;
mod expression;
mod flip;
mod interval;
mod lexer;
mod lint;
mod names;
mod negative;
mod parser;
mod programme;
mod range;
mod rational;
mod reading;
mod record_json;
pub mod sql;
mod titles;
mod trace;
mod types;
mod value;

#[cfg(any(test, feature = "testing"))]
pub mod testing;
#[cfg(test)]
mod tests;

pub use context::{Context, FindingValue};
pub use coverage::Coverage;
pub use decide::{Answer, ConditionOutcome, DefinitionOutcome, Determination, Outcome, SettledBy, Working};
pub use diagnostic::{Diagnostic, Part, Span};
pub use exclusion::{Claim, ExclusionRule, Settlement, Standing, settle};
pub use expression::Expression;
pub use flip::Flip;
pub use lint::{Lint, LintKind};
pub use programme::{ConditionKind, ConditionSource, DefinitionSource, Programme, ProgrammeSource, VALIDITY};
pub use rational::{NotANumber, Rational};
pub use record_json::{ReadError, read_record, read_value};
pub use trace::{Comparison, Missing, Read};
pub use types::{Field, ParameterTypes, RELATION_ROWS_MAX, Relation, Shape, Shapes, TableType, Type};
pub use value::{Record, Value};

/// The version of the language's semantics. It changes whenever any expression could give another value; every
/// determination stores it.
pub const LANGUAGE_VERSION: &str = "1";
