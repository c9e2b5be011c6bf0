//! Tests of the language. `family` builds shapes, records and contexts in a line; `referee` is the second evaluator.

mod deciding;
mod engines;
mod errors;
mod exclusion;
mod expressions;
mod family;
mod lints;
mod manual;
mod random;
mod referee;
mod sql;
