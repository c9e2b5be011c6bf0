//! Tests of the language. `family` builds shapes, records and contexts in a line.

mod deciding;
mod expressions;
mod family;
