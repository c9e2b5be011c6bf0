//! The desk of an organisation's own account (养老机构): itself, its residents, beds and care workers, what is due. It shows what belongs to the
//! organisation and nothing of anybody else ([`office::records::organisation`]).
//!
//! [`desk`] is where it begins and its lists; [`record`] one record; [`write`] entering and changing; [`due`] what recurs;
//! [`papers`] scans and letters.

use office::access::Right;

use crate::form_body::upload_limit;
use crate::layout::NavEntry;
use crate::routes::{Routes, get};

mod desk;
mod due;
mod papers;
mod record;
mod write;

const NAV_ID: &str = "organisation";
const HERE: &str = "/desk/organisation";

/// Entries of the staff navigation.
pub const NAV: &[NavEntry] =
    &[NavEntry { id: NAV_ID, href: HERE, text: "本机构", rights: &[Right::ReportRecords] }];

/// Routes under `/desk/organisation` and `/desk/organisation-duties`.
pub fn routes() -> Routes {
    let uploads = Routes::new()
        .route(
            "/desk/organisation/{own_register}/{own_record}/papers/{own_papers}",
            get(papers::page).post(papers::add),
        )
        .route("/desk/organisation/{own_register}/new", get(write::new).post(write::add))
        .route("/desk/organisation/{own_register}/{own_record}/edit", get(write::edit).post(write::change))
        .route(
            "/desk/organisation/{own_register}/{own_record}/do/{own_move}",
            get(write::transition).post(write::take),
        )
        .layer(upload_limit());
    Routes::new()
        .merge(uploads)
        .route("/desk/organisation/{own_register}/{own_record}/files/{own_file}", get(papers::file))
        .route("/desk/organisation/{own_register}/{own_record}/letters/{own_letter}", get(papers::letter))
        .route("/desk/organisation", get(desk::home))
        .route("/desk/organisation/{own_register}", get(desk::list))
        .route("/desk/organisation/{own_register}/sheet", get(desk::sheet))
        .route("/desk/organisation/{own_register}/{own_record}", get(record::page))
        .route("/desk/organisation-duties/{own_duty}", get(due::show).post(due::send))
}
