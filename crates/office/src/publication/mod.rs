//! What the law makes public of aid: who has it in a village (公布, 社会救助法 art. 45, 57号 art. 24), and where its money went (art. 67).
//!
//! - [`sheet`](fn@sheet): the families of a village as everybody may read them, and [`whole_sheet`], which the office prints (公布表);
//! - [`funds`](fn@funds): families, people and money by programme and county, month by month.
//!
//! Nothing is stored: both are statements over the ledger as it stands, so that what changed or ended stands otherwise, or is gone, with the next reading.
//! What of a programme is published the packs say (`publication` of a programme); what they say nothing of is published nowhere.

mod funds;
mod sheet;

pub(crate) use funds::Shelf;
pub use funds::{Cell, Funds, ProgrammeFunds, SMALL, funds, funds_csv};
pub use sheet::{Holder, PAGE, PublishedLine, WHOLE, sheet, whole_sheet};
pub(crate) use sheet::{LIVE, days, is_minor};
