//! The JSON API: the same use-cases, rights and scopes as the pages, described by itself at `/api/openapi.json`.
//!
//! A client signs in at [`session`] and sends the token as `Authorization: Bearer`; a page's own session cookie does too.
//! Writes carry `Idempotency-Key`; a write sent twice is answered as the first time. Errors are
//! `application/problem+json` (RFC 9457). A room adds its endpoints as an [`OpenApiRouter`] in [`routes`].

use axum::Json;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;
use store::IdempotencyKey;
use utoipa::OpenApi;
use utoipa::ToSchema;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa_axum::router::OpenApiRouter;

use crate::error::Fault;
use crate::extract::Visitor;
use crate::routes::{Routes, get};
use crate::security;
use crate::state::AppState;

mod department;
mod families;
mod people;
mod records;
mod session;

/// What holds for the whole description.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "惠民 接口",
        description = "与页面相同的业务、权限和辖区。身份证号、电话和账号只返回掩码。登录：POST /api/v1/session，之后以 Authorization: Bearer 发送令牌。写操作必须带 Idempotency-Key，重复发送只办一次。"
    ),
    modifiers(&Bearer),
    security(("bearer" = [])),
    components(schemas(Problem, ProblemField))
)]
struct Description;

struct Bearer;

impl utoipa::Modify for Bearer {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
        openapi
            .components
            .get_or_insert_default()
            .add_security_scheme("bearer", SecurityScheme::Http(scheme));
    }
}

/// Routes under `/api`.
pub fn routes(state: &AppState) -> Routes {
    let (endpoints, description) = OpenApiRouter::with_openapi(Description::openapi())
        .merge(people::routes())
        .merge(families::routes())
        .merge(records::routes())
        .merge(department::routes())
        .merge(session::routes())
        .split_for_parts();
    let endpoints = Routes::described(endpoints, &description);
    let (sign_in, sign_in_description) = session::sign_in_routes().split_for_parts();
    let sign_in = Routes::described(sign_in, &sign_in_description);
    let mut description = description;
    description.merge(sign_in_description);
    endpoints.merge(sign_in.around(|sign_in| security::sign_in_damped(sign_in, state))).route(
        "/api/openapi.json",
        get(async move |visitor: Visitor| {
            // The registers are those of the release in force now.
            Json(records::describe(json!(description), &visitor.office().release()))
        }),
    )
}

/// A fault as RFC 9457 says it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Problem {
    /// Always `about:blank`: the status says what kind it is.
    #[serde(rename = "type")]
    kind: &'static str,
    /// What happened.
    title: String,
    /// The HTTP status.
    status: u16,
    /// How to mend it.
    detail: String,
    /// The request's number in the log.
    instance: String,
    /// What is wrong with which field.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<ProblemField>,
}

/// One thing wrong with what was sent.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ProblemField {
    /// The field; empty when it concerns the whole.
    field: String,
    /// What is wrong and what is expected.
    message: String,
}

/// The answer of a fault under `/api`.
pub(crate) fn problem(fault: &Fault, reference: &str) -> Response {
    let status = fault.status();
    let (title, detail) = fault.words();
    let errors = match fault {
        Fault::Invalid(problems) => problems
            .iter()
            .map(|problem| ProblemField { field: problem.field.clone(), message: problem.message.clone() })
            .collect(),
        _ => Vec::new(),
    };
    let problem = Problem {
        kind: "about:blank",
        title,
        status: status.as_u16(),
        detail,
        instance: reference.to_owned(),
        errors,
    };
    let mut response = (status, json!(problem).to_string()).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    match fault {
        Fault::SignIn => {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        Fault::TooMany(seconds) => {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(*seconds));
        }
        _ => {}
    }
    response
}

/// A JSON body; what is wrong with it is said with its place.
pub(crate) struct Body<T>(pub T);

impl<T: DeserializeOwned> FromRequest<AppState> for Body<T> {
    type Rejection = Fault;

    async fn from_request(request: Request, state: &AppState) -> Result<Self, Fault> {
        match Json::<T>::from_request(request, state).await {
            Ok(Json(body)) => Ok(Body(body)),
            Err(refused) if refused.status() == StatusCode::PAYLOAD_TOO_LARGE => {
                Err(Fault::Request(refused.status(), crate::form_body::TOO_LARGE.to_owned()))
            }
            Err(refused) => {
                let text = format!("请求内容不是所要求的 JSON：{}", refused.body_text());
                Err(Fault::Request(StatusCode::BAD_REQUEST, text))
            }
        }
    }
}

/// The header `Idempotency-Key` of a write.
pub(crate) struct Key(pub IdempotencyKey);

impl FromRequestParts<AppState> for Key {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, _: &AppState) -> Result<Self, Fault> {
        let key = parts.headers.get("idempotency-key").and_then(|value| value.to_str().ok());
        key.and_then(|key| key.parse().ok()).map(Key).ok_or_else(|| {
            let text = "写操作必须带请求头 Idempotency-Key：8 至 100 个可见的 ASCII 字符，每次操作各不相同。";
            Fault::Request(StatusCode::BAD_REQUEST, text.to_owned())
        })
    }
}
