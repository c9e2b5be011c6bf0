//! Tests of the language. `family` builds shapes, records and contexts in a line; `crate::testing` is the second evaluator.

mod coverage;
mod deciding;
mod engines;
mod errors;
mod exclusion;
mod expressions;
mod family;
mod lints;
mod manual;
mod random;
mod sql;
mod titles;
