//! Rules over a whole population: a snapshot in columns, and programmes turned into vector instructions over it.
//!
//! A [`Snapshot`] is a file ([`file`]) made from a [`Draft`]: one table of households, below it a table for each relation that
//! rules follow ([`Schema`]), each column in the narrowest type that holds it, the rows of one household together, the
//! division of each household as a column; no names, no numbers, no text. Its owner alone may read it.
//!
//! A [`Sweep`] takes compiled programmes and the parameters of each division and gives totals by programme and division, or
//! every value (as Arrow files, [`written`]). [`translate`] and [`aggregates`] turn the tree of `rules` into a graph of vectors ([`graph`], [`number`]),
//! [`plan`] into steps and buffers, [`machine`] runs them chunk by chunk with the loops of [`kernel`].
//!
//! What makes it fast is decided before the first row is read: constants and parameters are folded, scales of money are
//! factors that never meet the data, quotients are compared as products, equal parts of all programmes are one node, what
//! concerns a household is worked out once a household, ranges known from the columns pick the narrowest integers, masks
//! of unknowns exist only where a column has unknowns, and amounts are worked out only for those who get one.
//!
//! A [`Desk`] is the same for one family after the other: all programmes of a place at once, in microseconds.
//!
//! [`compare`] sets two programmes side by side (today's rules and changed ones); [`copy`] takes households over from an older
//! snapshot, so that a new one costs what has changed.
//!
//! The judge is `rules`: the same outcome for every record, the same amount to the fen. What has no vector form is handed
//! to it record by record ([`Way::OneByOne`]); what the snapshot does not hold is refused, never taken for unknown.
//!
//! This is the only crate where `unsafe` may stand; each such block says why it is sound.
#![allow(
    rustdoc::private_intra_doc_links,
    reason = "the table of contents above is for readers of the source"
)]

mod aggregates;
mod arrow;
mod cells;
mod compare;
mod copy;
mod dates;
mod desk;
mod draft;
mod error;
mod file;
mod graph;
mod kernel;
mod machine;
mod number;
mod packed;
mod plan;
mod rows;
mod schema;
mod snapshot;
mod sweep;
mod translate;
mod written;

pub use cells::Width;
pub use compare::{Compared, Pair, Side};
pub use copy::Renumbered;
pub use dates::pack as packed_date;
pub use desk::{Desk, DeskFamily, Found, ROWS_MAX, Workspace};
pub use draft::{Draft, DraftColumn, Laid};
pub use error::ColumnsError;
pub use machine::Processor;
pub use packed::{Manifest, PackedColumn, PackedTable, PackedType};
pub use rows::{CONDITIONS_MAX, RowAnswer};
pub use schema::{Column, Kind, Parent, Reference, Schema, Table};
pub use snapshot::Snapshot;
pub use sweep::{DivisionTotals, Sweep, Swept, Totals, Way};
