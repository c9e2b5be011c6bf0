//! The router: every route of the program, and what stands around them.
//!
//! From outside in: compression → rate limit → frame (who asks; dresses the answer) → own origin only → a form without
//! session is kept → time limit → panics → body limit → handler.

use std::time::Duration;

use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::{Router, middleware};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;

use crate::error::Fault;
use crate::form_body::{FORM_BYTES_MAX, UPLOAD_TIME_MAX};
use crate::routes::Routes;
use crate::state::AppState;
use crate::{
    administration, again, api, assets, citizen, cockpit, desk, frame, indicators, leads, money,
    organisation, people, plans, programmes, public, records, security, sign_in, simulation, verify,
};

/// Nothing but an upload takes longer than this; long work is a job.
const PAGE_TIME_MAX: Duration = Duration::from_secs(30);

/// All pages and endpoints. What else answers are the embedded files and the probes, which say nothing of anybody.
pub fn routes(state: &AppState) -> Routes {
    Routes::new()
        .merge(public::routes())
        .merge(sign_in::routes(state))
        .merge(citizen::routes())
        .merge(citizen::tell::routes(state))
        .merge(verify::routes())
        .merge(desk::routes())
        .merge(people::routes())
        .merge(records::routes())
        .merge(organisation::routes())
        .merge(indicators::routes())
        .merge(money::routes())
        .merge(leads::routes())
        .merge(plans::routes())
        .merge(plans::open::routes())
        .merge(cockpit::routes())
        .merge(simulation::routes())
        .merge(programmes::routes())
        .merge(administration::routes())
        .merge(api::routes(state))
}

/// The program's router. Serve it with `into_make_service_with_connect_info::<SocketAddr>()`, so that limits know the peer.
pub fn router(state: AppState) -> Router {
    let pages = routes(&state).into_router();
    security::damped(surrounded(pages, &state), &state)
        .merge(assets::routes())
        .merge(public::probes().into_router().with_state(state))
        .layer(CompressionLayer::new())
}

/// What stands around every page.
pub(crate) fn surrounded(pages: Router<AppState>, state: &AppState) -> Router {
    pages
        .fallback(|| async { Fault::Hidden })
        .method_not_allowed_fallback(|| async { StatusCode::METHOD_NOT_ALLOWED })
        .layer(DefaultBodyLimit::max(FORM_BYTES_MAX))
        .layer(CatchPanicLayer::custom(|_| frame::panicked()))
        .layer(middleware::from_fn(time_limit))
        .layer(middleware::from_fn_with_state(state.clone(), again::keep_form))
        .layer(security::own_origin(state))
        .layer(middleware::from_fn_with_state(state.clone(), frame::frame))
        .with_state(state.clone())
}

/// Stops waiting for a page after [`PAGE_TIME_MAX`], for an upload after [`UPLOAD_TIME_MAX`].
async fn time_limit(request: axum::extract::Request, next: middleware::Next) -> axum::response::Response {
    use axum::response::IntoResponse as _;
    let upload = matches!(crate::form_body::kind(&request), crate::form_body::Kind::Multipart);
    let limit = if upload { UPLOAD_TIME_MAX } else { PAGE_TIME_MAX };
    match tokio::time::timeout(limit, next.run(request)).await {
        Ok(response) => response,
        Err(_) => StatusCode::GATEWAY_TIMEOUT.into_response(),
    }
}
