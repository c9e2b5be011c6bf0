//! Pages and the JSON API. No rule and no SQL lives here: a handler takes its right as a parameter, calls one use-case of
//! `office`, and answers.
//!
//! ```ignore
//! async fn family(desk: Desk<ReadPeople>, Path(id): Path<HouseholdId>) -> Result<Page, Fault> {
//!     let family = people::family_page(desk.office(), desk.granted(), id).await?;
//!     Ok(Page::new("家庭", html! { … }).under("people"))
//! }
//! ```
//!
//! - [`server`]: all routes and what stands around them; [`routes`]: how they are listed; [`state`]: what they share;
//! - [`extract`]: who may enter a handler; [`form_body`]: what a form sent, [`typed`]: how it is read; [`answer`]: what a handler answers;
//! - [`error`]: what can fail; [`mod@frame`]: how answers become pages; [`layout`]: navigation;
//! - [`again`]: a session that ended in the middle of a form; [`security`]: headers, origins, limits;
//! - [`public`], [`sign_in`], [`people`], [`administration`], [`desk`], [`money`], [`records`], [`standards`], [`divisions`], [`figures`], [`simulation`], [`leads`], [`plans`], [`programmes`], [`citizen`]: pages; [`api`]: JSON;
//! - `organisation`: the desk of an organisation's own account; `benefit_sheet`: what a person receives, as a sheet; `verify`: codes checked by anybody;
//! - [`forms_ui`]: the packs' forms as fields; [`ui`]: components; [`assets`]: embedded files.

pub mod administration;
mod again;
pub mod answer;
pub mod api;
pub mod assets;
mod benefit_sheet;
pub mod citizen;
mod cockpit;
pub mod desk;
pub mod divisions;
pub mod error;
pub mod extract;
pub mod figures;
pub mod form_body;
pub mod forms_ui;
pub mod frame;
pub mod indicators;
pub mod layout;
pub mod leads;
pub mod money;
mod organisation;
pub mod people;
pub mod plans;
pub mod programmes;
pub mod public;
pub mod records;
pub mod routes;
mod security;
pub mod server;
pub mod sign_in;
pub mod simulation;
pub mod standards;
pub mod state;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
mod trial;
pub mod typed;
pub mod ui;
mod verify;
mod views;
pub mod wizard;

pub use server::router;
pub use state::{AppState, Limits, Site};
