//! What surrounds every answer. One middleware reads who asks ([`Frame`]), lets the rest work, and then makes HTML or a
//! problem of the [`Page`], [`SeeOther`] or [`Fault`] that came back, with the nonce, the policy and the cookies.
//!
//! Handlers therefore build no layout and know no cookie of the frame.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum_extra::extract::cookie::{Cookie, CookieJar, SameSite};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use office::OfficeError;
use office::access::{self, SignedIn};
use tracing::Instrument as _;

use crate::answer::{Page, SeeOther};
use crate::error::Fault;
use crate::layout::layout;
use crate::security;
use crate::state::AppState;
use crate::ui::address;
use crate::ui::page::{Face, FlashKind, TextSize, error_page};

/// Cookie of a staff session.
pub const DESK_COOKIE: &str = "desk";
/// Cookie of a citizen's session.
pub const CITIZEN_COOKIE: &str = "citizen";
const FLASH_COOKIE: &str = "flash";

/// The sign-in page of the staff.
pub const DESK_SIGN_IN: &str = "/desk/sign-in";
/// The sign-in page of citizens.
pub const CITIZEN_SIGN_IN: &str = "/sign-in";
/// Where the one-time password is changed.
pub const PASSWORD: &str = "/desk/password";

/// Who asks, and how the answer will look. Lives as long as the request.
#[derive(Debug)]
pub struct Frame {
    /// Nonce of the answer's policy.
    pub nonce: String,
    /// Number of this request, in the log, in `x-request-id` and on error pages.
    pub reference: String,
    /// Path of the request, without query.
    pub path: String,
    /// Path and query that the page may be opened at again.
    pub here: String,
    /// Whose side of the house the address belongs to.
    pub face: Face,
    /// The JSON API.
    pub api: bool,
    /// Text size of the visitor.
    pub text_size: TextSize,
    /// Who is signed in on this side.
    pub signed_in: Option<SignedIn>,
    /// What the page before had to say.
    pub flash: Option<(FlashKind, String)>,
    key_seed: String,
    keys: AtomicU32,
}

impl Frame {
    async fn read(state: &AppState, request: &Parts) -> Result<Frame, Fault> {
        let jar = CookieJar::from_headers(&request.headers);
        let path = request.uri.path().to_owned();
        let api = path == "/api" || path.starts_with("/api/");
        let staff = path == "/desk" || path.starts_with("/desk/");
        let signed_in = match token(&request.headers, &jar, api, staff) {
            Some(token) => match access::resume(&state.office, &token).await {
                Ok(signed_in) => Some(signed_in),
                Err(OfficeError::SignedOut) => None,
                Err(error) => return Err(error.into()),
            },
            None => None,
        };
        let face = match (staff, &signed_in) {
            (true, _) => Face::Staff,
            (false, Some(_)) => Face::Citizen,
            (false, None) => Face::Public,
        };
        Ok(Frame {
            nonce: random::<16>()?,
            reference: random::<8>()?,
            here: here(request, staff),
            face,
            api,
            path,
            text_size: text_size(&jar, signed_in.as_ref()),
            signed_in,
            flash: flash(state, &jar),
            key_seed: random::<16>()?,
            keys: AtomicU32::new(0),
        })
    }

    /// A frame without visitor, for answers to requests that could not be read.
    fn bare(path: &str) -> Frame {
        let path = path.to_owned();
        Frame {
            nonce: String::new(),
            reference: String::new(),
            here: "/".to_owned(),
            face: Face::Public,
            api: path.starts_with("/api/"),
            path,
            text_size: TextSize::Standard,
            signed_in: None,
            flash: None,
            key_seed: String::new(),
            keys: AtomicU32::new(0),
        }
    }

    /// A fresh idempotency key for one form of this page ([`crate::ui::form::form_post`]).
    #[must_use]
    pub fn key(&self) -> String {
        format!("{}-{}", self.key_seed, self.keys.fetch_add(1, Ordering::Relaxed))
    }
}

/// The session's token: of the side's own cookie; the API also takes `Authorization: Bearer`.
fn token(headers: &HeaderMap, jar: &CookieJar, api: bool, staff: bool) -> Option<String> {
    let cookie = |name: &str| jar.get(name).map(|cookie| cookie.value().to_owned());
    if api {
        let bearer = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let bearer = bearer.and_then(|value| value.strip_prefix("Bearer ")).map(str::to_owned);
        return bearer.or_else(|| cookie(DESK_COOKIE)).or_else(|| cookie(CITIZEN_COOKIE));
    }
    cookie(if staff { DESK_COOKIE } else { CITIZEN_COOKIE })
}

fn here(request: &Parts, staff: bool) -> String {
    if request.method == Method::GET {
        return request.uri.path_and_query().map_or_else(|| "/".to_owned(), ToString::to_string);
    }
    // The page that posted, when it is ours.
    let referer = request.headers.get(header::REFERER).and_then(|value| value.to_str().ok());
    let uri = referer.and_then(|text| text.parse::<axum::http::Uri>().ok());
    let host = request.headers.get(header::HOST).and_then(|value| value.to_str().ok());
    uri.filter(|uri| uri.authority().map(axum::http::uri::Authority::as_str) == host)
        .and_then(|uri| uri.path_and_query().map(ToString::to_string))
        .unwrap_or_else(|| if staff { "/desk".to_owned() } else { "/".to_owned() })
}

/// Whether a text is a path of ours: begins with one `/`, so that nobody is led to another site.
pub(crate) fn is_local(path: &str) -> bool {
    path.starts_with('/')
        && !path.starts_with("//")
        && !path.contains('\\')
        && !path.chars().any(char::is_control)
}

fn text_size(jar: &CookieJar, signed_in: Option<&SignedIn>) -> TextSize {
    match (jar.get(TextSize::COOKIE), signed_in) {
        (Some(cookie), _) => TextSize::parse(cookie.value()),
        (None, Some(SignedIn::Citizen(citizen))) if citizen.large_text => TextSize::Large,
        _ => TextSize::Standard,
    }
}

/// A sealed text of ours as a cookie or a hidden field holds it.
pub(crate) fn seal(state: &AppState, text: &str) -> Result<String, Fault> {
    Ok(URL_SAFE_NO_PAD.encode(state.office.keys().seal(text)?))
}

/// Opens what [`seal`] sealed; `None` for anything else.
pub(crate) fn open(state: &AppState, sealed: &str) -> Option<String> {
    let bytes = URL_SAFE_NO_PAD.decode(sealed).ok()?;
    state.office.keys().open(&bytes).ok().map(|text| text.to_string())
}

fn flash(state: &AppState, jar: &CookieJar) -> Option<(FlashKind, String)> {
    let text = open(state, jar.get(FLASH_COOKIE)?.value())?;
    let (kind, text) = text.strip_prefix("flash:")?.split_once(':')?;
    let kind = if kind == "done" { FlashKind::Success } else { FlashKind::Important };
    Some((kind, text.to_owned()))
}

fn random<const N: usize>() -> Result<String, Fault> {
    let mut bytes = [0_u8; N];
    getrandom::fill(&mut bytes).map_err(|error| Fault::Broken(format!("randomness: {error}")))?;
    Ok(hex::encode(bytes))
}

/// A cookie of ours: for this site only, unreadable to scripts, gone with the browser unless it says otherwise.
#[must_use]
pub fn cookie(state: &AppState, name: &'static str, value: String) -> Cookie<'static> {
    Cookie::build((name, value))
        .path("/")
        .http_only(true)
        .same_site(SameSite::Lax)
        .secure(state.site.https)
        .build()
}

/// The same cookie, kept as long as the browser allows: for what the visitor chose, never for who they are.
#[must_use]
pub(crate) fn lasting_cookie(state: &AppState, name: &'static str, value: String) -> Cookie<'static> {
    let mut cookie = cookie(state, name, value);
    cookie.make_permanent();
    cookie
}

/// The same cookie, ended.
#[must_use]
pub fn ended(state: &AppState, name: &'static str) -> Cookie<'static> {
    let mut cookie = cookie(state, name, String::new());
    cookie.make_removal();
    cookie
}

/// The middleware; see the module.
pub(crate) async fn frame(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let started = Instant::now();
    let (parts, body) = request.into_parts();
    let frame = match Frame::read(&state, &parts).await {
        Ok(frame) => Arc::new(frame),
        Err(fault) => return finish(&state, &Frame::bare(parts.uri.path()), fault.into_response()),
    };
    let mut request = Request::from_parts(parts, body);
    // The route, never the address: addresses of searches hold names.
    let route =
        request.extensions().get::<MatchedPath>().map_or("unmatched", |path| path.as_str()).to_owned();
    let method = request.method().clone();
    let span = tracing::info_span!("request", http.method = %method, http.route = %route, request.id = %frame.reference);
    request.extensions_mut().insert(Arc::clone(&frame));
    let response = next.run(request).instrument(span.clone()).await;
    let response = finish(&state, &frame, response);
    span.in_scope(|| {
        let duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        tracing::info!(http.status = response.status().as_u16(), duration_ms, "answered");
    });
    response
}

fn finish(state: &AppState, frame: &Frame, mut response: Response) -> Response {
    let mut answer = if let Some(page) = response.extensions_mut().remove::<Page>() {
        rendered(state, frame, &page)
    } else if let Some(other) = response.extensions_mut().remove::<SeeOther>() {
        redirected(state, other, response)
    } else if let Some(fault) = response.extensions_mut().remove::<Fault>() {
        failed(state, frame, &fault)
    } else if is_bare_error(&response) {
        failed(state, frame, &Fault::of_status(response.status()))
    } else {
        response
    };
    security::headers(state, &frame.nonce, answer.headers_mut());
    if let Ok(value) = HeaderValue::from_str(&frame.reference) {
        answer.headers_mut().insert(HeaderName::from_static("x-request-id"), value);
    }
    answer
}

/// An error that a layer or an extractor answered without a page.
fn is_bare_error(response: &Response) -> bool {
    let status = response.status();
    let kind =
        response.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
    (status.is_client_error() || status.is_server_error())
        && (kind.is_empty() || kind.starts_with("text/plain"))
}

fn rendered(state: &AppState, frame: &Frame, page: &Page) -> Response {
    let document = layout(state, frame, page).render(&page.content);
    let mut response = (page.status, document).into_response();
    if page.camera {
        response.headers_mut().insert(security::PERMISSIONS, HeaderValue::from_static(security::CAMERA_ONLY));
    }
    if page.unindexed {
        let nobody = HeaderValue::from_static("noindex, nofollow, noarchive");
        response.headers_mut().insert(HeaderName::from_static("x-robots-tag"), nobody);
    }
    for cookie in &page.cookies {
        set_cookie(response.headers_mut(), cookie);
    }
    if frame.flash.is_some() {
        set_cookie(response.headers_mut(), &ended(state, FLASH_COOKIE));
    }
    response
}

fn redirected(state: &AppState, other: SeeOther, mut response: Response) -> Response {
    for cookie in &other.cookies {
        set_cookie(response.headers_mut(), cookie);
    }
    if let Some((kind, text)) = other.flash {
        let kind = if kind == FlashKind::Success { "done" } else { "note" };
        if let Ok(sealed) = seal(state, &format!("flash:{kind}:{text}")) {
            set_cookie(response.headers_mut(), &cookie(state, FLASH_COOKIE, sealed));
        }
    }
    response
}

fn set_cookie(headers: &mut HeaderMap, cookie: &Cookie<'_>) {
    if let Ok(value) = HeaderValue::from_str(&cookie.to_string()) {
        headers.append(header::SET_COOKIE, value);
    }
}

fn failed(state: &AppState, frame: &Frame, fault: &Fault) -> Response {
    if let Fault::Broken(why) = fault {
        tracing::error!(request.id = %frame.reference, why, "a request failed");
    }
    if frame.api {
        return crate::api::problem(fault, &frame.reference);
    }
    match fault {
        Fault::SignIn => {
            let staff = frame.face == Face::Staff;
            let page = if staff { DESK_SIGN_IN } else { CITIZEN_SIGN_IN };
            SeeOther::to(address(page, &[("to", &frame.here)])).into_response()
        }
        Fault::ChangePassword => SeeOther::to(PASSWORD).into_response(),
        _ => {
            let (what, mend) = fault.words();
            let reference = matches!(fault, Fault::Broken(_)).then_some(frame.reference.as_str());
            let content = error_page(&what, &mend, reference, &state.site.help());
            let page = Page::new(what, content).status(fault.status());
            let mut response = rendered(state, frame, &page);
            if let Fault::TooMany(seconds) = fault {
                response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(*seconds));
            }
            response
        }
    }
}

/// The answer to a visitor who asks too often: made before anything of theirs is read.
pub(crate) fn too_many(state: &AppState, seconds: u64) -> Response {
    let mut frame = Frame::bare("/");
    frame.nonce = random::<16>().unwrap_or_default();
    finish(state, &frame, Fault::TooMany(seconds).into_response())
}

/// What a handler answered when it panicked.
pub(crate) fn panicked() -> Response {
    let mut response = StatusCode::INTERNAL_SERVER_ERROR.into_response();
    response.extensions_mut().insert(Fault::Broken("a handler panicked".to_owned()));
    response
}
