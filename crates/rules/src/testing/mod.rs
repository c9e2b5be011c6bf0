//! For tests and fuzzing only (feature `testing`): a made-up world ([`world`]), random expressions and programmes over it
//! ([`Writer`], [`programme`]), and the referee ([`Case`]), a second evaluator written from the manual.

mod choices;
mod referee;
pub mod world;
mod writer;

pub use choices::Choices;
pub use referee::Case;
pub use writer::{Sort, View, Writer, programme};

#[cfg(test)]
pub(crate) use referee::{Plain, Referee};
