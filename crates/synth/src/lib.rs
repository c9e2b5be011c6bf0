//! A synthetic city whose truth is known: people, families, histories, the offices' work, and departments' files that differ from the
//! truth as real ones do.
//!
//! [`family`] makes the truth, village by village and the same for the same seed. [`departments`] writes what each department would
//! hand over - stale, partial, misspelt - and [`planted`] puts the errors among them that a good system should find, with a list of them that no detector
//! reads; [`proof`] holds that list against what the nightly search found. [`registers`] fills the packs' registers, [`plans`] the plan. [`city`] brings it all into a database through the offices' own use-cases ([`desk`], [`staff`]); [`volume`] makes a big one for measuring, most of its cases copied. The server never uses this crate.

pub mod city;
pub mod departments;
pub mod desk;
mod draw;
pub mod family;
mod names;
mod outlines;
pub mod plans;
pub mod planted;
pub mod proof;
mod registers;
pub mod staff;
pub mod volume;

pub use family::{Area, Families, Family, Member, Relation, Village};
