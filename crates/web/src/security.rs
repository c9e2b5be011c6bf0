//! Headers, origins and limits.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Request, Response, header};
use axum::response::IntoResponse as _;
use tower_governor::governor::GovernorConfigBuilder;
use tower_governor::key_extractor::KeyExtractor;
use tower_governor::{GovernorError, GovernorLayer};
use tower_http::csrf::CsrfLayer;

use crate::error::Fault;
use crate::frame;
use crate::state::AppState;

/// What of the reader's device a page may ask for.
pub(crate) const PERMISSIONS: &str = "permissions-policy";
/// The camera, for our own page, and nothing else.
pub(crate) const CAMERA_ONLY: &str = "camera=(self), microphone=(), geolocation=(), payment=()";

/// Headers of every page, redirect and API answer. What a handler set itself (a download's cache rule) stays.
pub(crate) fn headers(state: &AppState, nonce: &str, headers: &mut HeaderMap) {
    let policy = format!(
        "default-src 'none'; style-src 'self'; script-src 'self' 'nonce-{nonce}'; img-src 'self' data:; connect-src 'self'; \
         form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    );
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        // A file of a stranger brings a stricter one of its own.
        headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(policy);
    }
    let fixed = [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "same-origin"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ];
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    // A page that reads codes with the camera brings its own.
    headers
        .entry(PERMISSIONS)
        .or_insert(HeaderValue::from_static("camera=(), microphone=(), geolocation=(), payment=()"));
    if state.site.https {
        headers.insert(
            header::STRICT_TRANSPORT_SECURITY,
            HeaderValue::from_static("max-age=31536000; includeSubDomains"),
        );
    }
    // Pages differ by visitor, and most hold somebody's data: nothing is kept, not even for 返回.
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
}

/// Refuses forms that another site's page sent.
pub(crate) fn own_origin(state: &AppState) -> CsrfLayer {
    state.site.trusted_origins.iter().fold(CsrfLayer::new(), |layer, origin| {
        match layer.clone().add_trusted_origin(origin) {
            Ok(layer) => layer,
            Err(error) => {
                tracing::error!(origin, %error, "a trusted origin of the configuration is left out");
                layer
            }
        }
    })
}

/// One bucket for each network address.
#[derive(Clone)]
struct ByAddress {
    behind_proxy: bool,
}

impl KeyExtractor for ByAddress {
    type Key = IpAddr;

    fn extract<T>(&self, request: &Request<T>) -> Result<IpAddr, GovernorError> {
        let forwarded = || {
            let value = request.headers().get("x-forwarded-for")?.to_str().ok()?;
            value.rsplit(',').next()?.trim().parse().ok()
        };
        let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
        let address = if self.behind_proxy { forwarded().or(peer) } else { peer };
        // A server on a socket file knows no peer: one bucket for all.
        Ok(address.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED)))
    }
}

/// Lets an address ask at a rate.
pub(crate) fn damped(router: Router, state: &AppState) -> Router {
    let limits = state.site.limits;
    let every = Duration::from_secs(1) / limits.requests_per_second.max(1);
    let answering = state.clone();
    limited(router, state, every, limits.requests_burst, move |seconds| frame::too_many(&answering, seconds))
}

/// Lets an address sign in at a much lower rate; goes around the routes that take passwords and codes.
pub(crate) fn sign_in_damped(router: Router<AppState>, state: &AppState) -> Router<AppState> {
    let limits = state.site.limits;
    let every = Duration::from_secs(u64::from(limits.sign_in_seconds.max(1)));
    limited(router, state, every, limits.sign_in_burst, |seconds| Fault::TooMany(seconds).into_response())
}

fn limited<S: Clone + Send + Sync + 'static>(
    router: Router<S>,
    state: &AppState,
    every: Duration,
    burst: u32,
    answer: impl Fn(u64) -> Response<Body> + Send + Sync + 'static,
) -> Router<S> {
    let config = GovernorConfigBuilder::default()
        .key_extractor(ByAddress { behind_proxy: state.site.behind_proxy })
        .period(every)
        .burst_size(burst.max(1))
        .finish();
    let Some(config) = config.map(Arc::new) else { return router };
    // Addresses that have been quiet are forgotten; the task ends with the router.
    if let Ok(runtime) = tokio::runtime::Handle::try_current() {
        let limiter = Arc::downgrade(config.limiter());
        runtime.spawn(async move {
            loop {
                tokio::time::sleep(Duration::from_secs(60)).await;
                let Some(limiter) = limiter.upgrade() else { break };
                limiter.retain_recent();
            }
        });
    }
    router.layer(GovernorLayer::new(config).error_handler(move |error| {
        let seconds = match error {
            GovernorError::TooManyRequests { wait_time, .. } => wait_time,
            GovernorError::UnableToExtractKey | GovernorError::Other { .. } => 1,
        };
        answer(seconds)
    }))
}
