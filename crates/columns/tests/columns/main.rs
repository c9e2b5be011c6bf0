//! The sweep against the evaluator of `rules`, and the snapshot file against everything that may go wrong with it.

mod arrow_file;
mod compare;
mod packed;
mod packs;
mod random;
mod snapshot;
mod world;
mod written;
