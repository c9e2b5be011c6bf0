//! What the pages of roll, money, standards and numbers share: fields of their filters, files to hand out, forms sent twice.

use std::fs::File;
use std::io::Read as _;

use axum::body::Body;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use catalogue::definition::{Pays, Programme};
use chrono::NaiveDate;
use maud::{Markup, html};
use office::access::Right;
use office::divisions::DivisionView;
use office::{Office, divisions};
use store::jobs::{self, Job};
use store::{Cursor, DivisionId, IdempotencyKey};
use vocab::{Fen, Level, Month, Now};

use crate::error::Fault;
use crate::extract::{Begun, Staff};
use crate::ui::form::{Choice, Field, Width, select, text_input};
use crate::ui::query_value;

/// Rows of one page of a list.
pub(crate) const ROWS: usize = 50;

/// A file for the browser to keep.
pub(crate) fn download(name: &str, mime: &'static str, bytes: Vec<u8>) -> Response {
    let mut response = bytes.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(mime));
    let disposition = format!("attachment; filename*=UTF-8''{}", query_value(name));
    if let Ok(value) = HeaderValue::from_str(&disposition) {
        headers.insert(header::CONTENT_DISPOSITION, value);
    }
    response
}

/// How much of a file is read at once.
const CHUNK: usize = 1 << 16;

/// As [`download`], read from the file while it is sent: a long list is never whole in memory.
pub(crate) fn download_file(name: &str, mime: &'static str, file: File, length: u64) -> Response {
    let chunks = futures_util::stream::try_unfold(file, |mut file| async move {
        let read = tokio::task::spawn_blocking(move || {
            let mut chunk = vec![0; CHUNK];
            let length = file.read(&mut chunk)?;
            chunk.truncate(length);
            Ok::<_, std::io::Error>((chunk, file))
        });
        let (chunk, file) = read.await.map_err(std::io::Error::other)??;
        Ok::<_, std::io::Error>((!chunk.is_empty()).then_some((chunk, file)))
    });
    let mut response = download(name, mime, Vec::new());
    *response.body_mut() = Body::from_stream(chunks);
    response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    response
}

/// The answer that a form was given when it was sent before. Deeds of money open their own transactions and refuse to be
/// done twice by themselves; this only leads the second sender to the same page.
pub(crate) async fn already(staff: &Staff, key: &IdempotencyKey) -> Result<Option<String>, Fault> {
    match staff.begin(key).await? {
        Begun::Again(answer) => Ok(Some(answer)),
        Begun::First(_) => Ok(None),
    }
}

/// Remembers what [`already`] answers next time.
pub(crate) async fn remember(staff: &Staff, key: &IdempotencyKey, answer: &str) -> Result<(), Fault> {
    match staff.begin(key).await? {
        Begun::Again(_) => Ok(()),
        Begun::First(write) => write.finish(answer).await,
    }
}

/// Where a list goes on; an empty text is its beginning.
pub(crate) fn cursor(text: &str) -> Result<Option<Cursor>, Fault> {
    if text.is_empty() { Ok(None) } else { Ok(Some(text.parse()?)) }
}

/// The month of an address, or the present one.
pub(crate) fn month_or_now(office: &Office, text: &str) -> Month {
    text.parse().unwrap_or_else(|_| office.now().month())
}

/// A day as typed.
pub(crate) fn day(text: &str) -> Option<NaiveDate> {
    text.trim().parse().ok()
}

/// The division of an address.
pub(crate) fn division(text: &str) -> Option<DivisionId> {
    text.trim().parse().ok()
}

/// Money with its thousands.
pub(crate) fn yuan(amount: Fen) -> String {
    amount.yuan_grouped()
}

/// A moment, or a dash.
pub(crate) fn moment(at: Option<Now>) -> String {
    at.map_or_else(|| "—".to_owned(), Now::zh)
}

/// The title of a programme.
pub(crate) fn programme_title(office: &Office, id: &str) -> String {
    let release = office.release();
    release.programmes.get(id).map_or_else(|| id.to_owned(), |programme| programme.title.clone())
}

/// Some programmes as answers.
fn programmes(office: &Office, which: impl Fn(&Programme) -> bool) -> Vec<Choice<'static>> {
    let release = office.release();
    release
        .programmes
        .iter()
        .filter(|programme| which(programme))
        .map(|programme| Choice::new(programme.id.get().clone(), programme.title.clone()))
        .collect()
}

/// The programmes for which the reader holds a right.
pub(super) fn held(staff: &Staff, right: Right) -> Vec<Choice<'static>> {
    programmes(staff.office(), |programme| staff.may_for(right, &programme.id))
}

/// Those of them that pay money.
pub(super) fn paying(staff: &Staff) -> Vec<Choice<'static>> {
    // What is paid by a list of the month has a page of its own.
    programmes(staff.office(), |programme| {
        programme.pays != Pays::Nothing && !programme.by_list && staff.may_for(Right::MakeRun, &programme.id)
    })
}

/// The field 月份 of a filter.
pub(crate) fn month_field(month: Month) -> Markup {
    text_input(
        &Field::new("month", "月份")
            .hint("例如 2026-11")
            .value(month.to_string())
            .width(Width::Chars10)
            .max_chars(12),
    )
}

/// The field 待遇项目 of a filter over figures.
pub(crate) fn programme_field(staff: &Staff, chosen: &str) -> Markup {
    programme_select(&held(staff, Right::Report), chosen)
}

/// The same over what the reader sees of rolls and runs.
pub(super) fn own_programme_field(staff: &Staff, chosen: &str) -> Markup {
    programme_select(&held(staff, Right::ReadPayments), chosen)
}

fn programme_select(choices: &[Choice<'_>], chosen: &str) -> Markup {
    select(&Field::new("programme", "待遇项目").value(chosen.to_owned()), choices, Some("全部"))
}

/// Divisions as answers.
pub(crate) fn places(list: &[DivisionView]) -> Vec<Choice<'static>> {
    list.iter().map(|place| Choice::new(place.id.to_string(), place.name.clone())).collect()
}

/// Divisions of a level in reach; none above it.
pub(crate) async fn reach(
    office: &Office,
    from: DivisionId,
    level: Level,
) -> Result<Vec<DivisionView>, Fault> {
    Ok(divisions::at_level(office.db(), from, level).await?)
}

/// The last job of a kind that runs every night and when somebody asks for it.
pub(crate) async fn last_job(office: &Office, kind: &str) -> Result<Option<Job>, Fault> {
    let nightly = jobs::latest(office.db(), kind, &office.now().today().to_string()).await?;
    let asked = jobs::latest(office.db(), kind, "now").await?;
    Ok([nightly, asked].into_iter().flatten().max_by_key(|job| job.id))
}

/// A part of a page that is read again every few seconds while something is under way; without scripts there is a link.
pub(crate) fn watched(id: &str, here: &str, running: bool, body: &Markup) -> Markup {
    let target = format!("#{id}");
    html! {
        @if running {
            div id=(id) aria-live="polite" hx-get=(here) hx-trigger="every 3s" hx-target=(target) hx-select=(target) hx-swap="outerHTML" {
                (body)
                p.govuk-body { a.govuk-link href=(here) { "刷新进度" } }
            }
        } @else {
            div id=(id) aria-live="polite" { (body) }
        }
    }
}
