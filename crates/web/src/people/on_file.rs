//! Whose page it is. The address of a record that was given up leads to the same page of the one that stays, for whoever may see that one.

use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use office::people::merge;
use store::PersonId;

use crate::answer::SeeOther;
use crate::error::Fault;
use crate::extract::Staff;
use crate::state::AppState;

/// The `{person}` of an address below `/desk/people`; stands behind the handler's [`Desk`](crate::extract::Desk). A form that was sent to a
/// record that has been given up since is not carried out: it is filled in again where it belongs.
#[derive(Clone, Copy, Debug)]
pub(super) struct OnFile(pub PersonId);

impl FromRequestParts<AppState> for OnFile {
    type Rejection = Elsewhere;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Elsewhere> {
        let staff = Staff::from_request_parts(parts, state).await?;
        let path = RawPathParams::from_request_parts(parts, state).await.map_err(|_| Fault::Hidden)?;
        let named = path.iter().find(|(name, _)| *name == "person").and_then(|(_, id)| id.parse().ok());
        let id: PersonId = named.ok_or(Fault::Hidden)?;
        let stays = merge::led_on(staff.office().db(), &staff.scope(), id).await.map_err(Fault::from)?;
        let Some(stays) = stays else { return Ok(OnFile(id)) };
        let below = parts.uri.path().strip_prefix(&format!("/desk/people/{id}")).unwrap_or_default();
        let to = SeeOther::to(format!("/desk/people/{stays}{below}"));
        Err(Elsewhere::LedOn(to.note(format!("{id} 号档案已合并到这一份。"))))
    }
}

/// Why there is no such page here.
#[derive(Debug)]
pub(super) enum Elsewhere {
    /// It is with the record that stays.
    LedOn(SeeOther),
    /// As everywhere.
    Fault(Fault),
}

impl From<Fault> for Elsewhere {
    fn from(fault: Fault) -> Elsewhere {
        Elsewhere::Fault(fault)
    }
}

impl IntoResponse for Elsewhere {
    fn into_response(self) -> Response {
        match self {
            Elsewhere::LedOn(to) => to.into_response(),
            Elsewhere::Fault(fault) => fault.into_response(),
        }
    }
}
