//! The JSON API: the same use-cases and rights as the pages.

use axum::Router;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse as _, Response};
use serde_json::json;

use crate::error::Fault;
use crate::state::AppState;

/// Routes under `/api`.
pub fn routes(_state: &AppState) -> Router<AppState> {
    Router::new()
}

/// A fault as RFC 9457 says it.
pub(crate) fn problem(fault: &Fault, reference: &str) -> Response {
    let status = fault.status();
    let (title, detail) = fault.words();
    let mut body = json!({
        "type": "about:blank", "title": title, "status": status.as_u16(), "detail": detail, "instance": reference,
    });
    if let Fault::Invalid(problems) = fault {
        let errors: Vec<_> = problems
            .iter()
            .map(|problem| json!({ "field": problem.field, "message": problem.message }))
            .collect();
        body["errors"] = json!(errors);
    }
    let mut response = (status, body.to_string()).into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    if let Fault::TooMany(seconds) = fault {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(*seconds));
    }
    response
}
