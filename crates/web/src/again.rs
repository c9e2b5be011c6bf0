//! A session that ended in the middle of a form: what was typed is kept, sealed, on the sign-in page and offered for
//! sending again afterwards. The server stores nothing; files must be chosen again, and the form then says so.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{FromRequest as _, Multipart, Request, State};
use axum::http::Method;
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use maud::html;
use serde::{Deserialize, Serialize};

use crate::answer::Page;
use crate::error::Fault;
use crate::form_body::{self, Fields, Kind};
use crate::frame::{self, Frame};
use crate::sign_in;
use crate::state::AppState;
use crate::ui::form::{ButtonKind, button_group, hidden, submit};
use crate::ui::page::Face;
use crate::ui::{Link, parts};

/// How long a kept form may be sent again.
const KEPT_MS_MAX: i64 = 2 * 3_600_000;

/// What was sent to whom; sealed into a hidden field.
#[derive(Debug, Serialize, Deserialize)]
struct Kept {
    to: String,
    fields: Vec<(String, String)>,
    files: bool,
    at: i64,
}

/// Whether an address needs a sign-in, as all under `/desk/` and `/my/` do, but for signing in itself.
fn is_personal(path: &str) -> bool {
    (path.starts_with("/desk/") && path != frame::DESK_SIGN_IN && path != "/desk/sign-out")
        || path.starts_with("/my/")
}

/// The middleware: a form sent without a session gets the sign-in page with the form in it.
pub(crate) async fn keep_form(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let frame = request.extensions().get::<Arc<Frame>>().cloned();
    let Some(frame) = frame.filter(|frame| {
        frame.signed_in.is_none() && request.method() == Method::POST && is_personal(&frame.path)
    }) else {
        return next.run(request).await;
    };
    match keep(&state, &frame, request).await {
        Ok(sealed) => {
            let note = "登录已失效。请重新登录，您刚才填写的内容还在，登录后可以继续提交。";
            if frame.face == Face::Staff {
                sign_in::desk_page(&frame, &sign_in::Entry::kept(&frame.here, sealed), note).into_response()
            } else {
                sign_in::citizen_page(&frame, &sign_in::Entry::kept(&frame.here, sealed), note)
                    .into_response()
            }
        }
        Err(fault) => fault.into_response(),
    }
}

async fn keep(state: &AppState, frame: &Frame, mut request: Request) -> Result<String, Fault> {
    let to = request.uri().path_and_query().map_or_else(|| frame.path.clone(), ToString::to_string);
    let (fields, files) = match form_body::kind(&request) {
        Kind::Urlencoded => {
            let body: Bytes = form_body::read_urlencoded(request, state).await?;
            let Fields(fields) = form_body::decode(body).await?;
            (fields, false)
        }
        Kind::Multipart => {
            // Files are read over, not kept: the text behind them must still be reached.
            form_body::upload_limit().apply(&mut request);
            let body = Multipart::from_request(request, state).await.map_err(|_| Fault::SignIn)?;
            (form_body::read_multipart(body, false).await?.0, true)
        }
        Kind::Other => return Err(Fault::SignIn),
    };
    let kept = Kept { to, fields, files, at: state.office.now().at_ms() };
    let text = serde_json::to_string(&kept).map_err(|error| Fault::Broken(error.to_string()))?;
    frame::seal(state, &text)
}

/// The page after the sign-in: send the kept form again, or leave it. `None` when nothing (valid) was kept.
pub(crate) fn resend_page(state: &AppState, sealed: &str) -> Option<Page> {
    let kept: Kept = serde_json::from_str(&frame::open(state, sealed)?).ok()?;
    let Kept { to, fields, files, at } = kept;
    let fresh = state.office.now().at_ms() - at <= KEPT_MS_MAX;
    let path = to.split('?').next().unwrap_or_default();
    if !fresh || !frame::is_local(&to) || !is_personal(path) {
        return None;
    }
    let home = if path.starts_with("/desk/") { "/desk" } else { "/" };
    let content = html! {
        (parts::heading(None, "已重新登录，可以继续提交"))
        p.govuk-body { "登录失效前填写的内容没有丢失。按“继续提交”把它交上去。" }
        @if files { (parts::inset(&html! { p.govuk-body { "照片和文件需要重新选择：提交后，页面会请您再选一次。" } })) }
        form method="post" action=(to) enctype=[files.then_some("multipart/form-data")] {
            @for (name, value) in &fields { (hidden(name, value)) }
            (button_group(&html! { (submit("继续提交", ButtonKind::Primary, None)) (Link::new(home, "不提交，回到首页")) }))
        }
    };
    Some(Page::new("继续提交", content))
}
