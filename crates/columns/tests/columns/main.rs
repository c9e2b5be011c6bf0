//! The sweep against the evaluator of `rules`, and the snapshot file against everything that may go wrong with it.

mod packs;
mod random;
mod snapshot;
mod world;
