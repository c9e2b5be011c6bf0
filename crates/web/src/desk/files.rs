//! Photos, scans and letters of a case.

use axum::extract::Path;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse as _, Response};
use maud::html;
use office::access::ReadCase;
use office::casework::{AttachmentId, Doer, LetterId, attachments, letters};

use super::words::file;
use crate::answer::Page;
use crate::error::Fault;
use crate::extract::Desk;
use crate::ui::form::{ButtonKind, button_link};
use crate::ui::parts::heading;

/// A picture of a stranger runs nothing and fetches nothing.
const PICTURE: &str = "default-src 'none'; img-src 'self'; style-src 'unsafe-inline'; sandbox";
/// As [`PICTURE`]; a browser's own viewer does not start in a sandbox.
const DOCUMENT: &str =
    "default-src 'none'; object-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'none'";

/// `GET /desk/attachments/{attachment}`
pub(super) async fn attachment(
    desk: Desk<ReadCase>,
    Path(id): Path<AttachmentId>,
) -> Result<Response, Fault> {
    let (view, content) = attachments::get(desk.office(), Doer::Desk(desk.actor()), id).await?;
    Ok(shown_file(&view.name, &view.mime, content))
}

/// A file that somebody uploaded, shown where a browser can.
pub(crate) fn shown_file(name: &str, mime: &str, content: Vec<u8>) -> Response {
    // Browsers do not show HEIC.
    let inline = mime != "image/heic";
    let policy = if mime == "application/pdf" { DOCUMENT } else { PICTURE };
    let mut response = file(name, mime, inline, content);
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    response
}

/// `GET /desk/letters/{letter}`
pub(super) async fn letter(desk: Desk<ReadCase>, Path(id): Path<LetterId>) -> Result<Response, Fault> {
    let (title, pdf) = letters::pdf(desk.office(), Doer::Desk(desk.actor()), id).await?;
    Ok(shown_letter(title, pdf, &format!("/desk/letters/{id}"), "cases"))
}

/// A letter, or while it waits to be set a page that says so.
pub(crate) fn shown_letter(title: String, pdf: Option<Vec<u8>>, here: &str, under: &'static str) -> Response {
    if let Some(pdf) = pdf {
        let mut response = file(&format!("{title}.pdf"), "application/pdf", true, pdf);
        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(DOCUMENT));
        return response;
    }
    let content = html! {
        (heading(None, &title))
        p.govuk-body { "文书正在排版，一般几秒钟就好。文号和内容已经定下来，不会再变。" }
        (button_link(here, "再看一次", ButtonKind::Primary))
    };
    Page::new(title, content).under(under).into_response()
}
