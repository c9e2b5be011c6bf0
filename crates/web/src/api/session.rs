//! Signing in and out.

use axum::Json;
use axum::http::StatusCode;
use office::access::{self, SignedIn};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Body;
use crate::error::Fault;
use crate::extract::{Staff, Visitor};
use crate::state::AppState;

pub(super) fn sign_in_routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(sign_in))
}

pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(who, sign_out))
}

/// Login and password of a member of staff.
#[derive(Deserialize, ToSchema)]
struct Credentials {
    login: String,
    password: String,
}

/// A session just begun.
#[derive(Serialize, ToSchema)]
struct Begun {
    /// To be sent as `Authorization: Bearer`. Shown once.
    token: String,
    #[serde(flatten)]
    who: Who,
}

/// Who acts, at which post.
#[derive(Serialize, ToSchema)]
struct Who {
    name: String,
    /// The office's division.
    division: i64,
    division_name: String,
    /// Codes of the post's roles.
    roles: Vec<String>,
    businesses: Vec<String>,
    /// The one-time password must be changed on a page before anything else.
    must_change_password: bool,
}

impl From<&access::Actor> for Who {
    fn from(actor: &access::Actor) -> Who {
        Who {
            name: actor.name.clone(),
            division: actor.division.0,
            division_name: actor.division_name.clone(),
            roles: actor.roles.iter().map(|role| role.code().to_owned()).collect(),
            businesses: actor.businesses.clone(),
            must_change_password: actor.must_change,
        }
    }
}

/// Begin a session of a member of staff.
#[utoipa::path(post, path = "/api/v1/session", tag = "session", request_body = Credentials, security(()),
    responses((status = 201, body = Begun), (status = 401, body = super::Problem), (status = 429, body = super::Problem)))]
async fn sign_in(
    visitor: Visitor,
    Body(typed): Body<Credentials>,
) -> Result<(StatusCode, Json<Begun>), Fault> {
    let Credentials { login, password } = typed;
    let (token, signed_in) = access::sign_in_staff(visitor.office(), &login, &password).await?;
    match signed_in {
        SignedIn::Staff(actor) => {
            let begun = Begun { token: token.reveal().to_owned(), who: Who::from(&actor) };
            Ok((StatusCode::CREATED, Json(begun)))
        }
        SignedIn::Citizen(_) => Err(Fault::Broken("a password opened a citizen's session".to_owned())),
    }
}

/// Who the session belongs to.
#[utoipa::path(get, path = "/api/v1/session", tag = "session",
    responses((status = 200, body = Who), (status = 401, body = super::Problem)))]
async fn who(staff: Staff) -> Json<Who> {
    Json(Who::from(staff.actor()))
}

/// End the session.
#[utoipa::path(delete, path = "/api/v1/session", tag = "session",
    responses((status = 204), (status = 401, body = super::Problem)))]
async fn sign_out(staff: Staff) -> Result<StatusCode, Fault> {
    access::sign_out(staff.office(), &SignedIn::Staff(staff.actor().clone())).await?;
    Ok(StatusCode::NO_CONTENT)
}
