//! Filling a form of the packs page by page: the family on a phone under `/my/`, an officer at the window under `/desk/`.
//!
//! One page a screen, saved with every press and before it is checked, so that a wrong answer is never lost. [`pages`] are the pages of
//! the form, [`records`] its lists of members, [`review`] reading it through and sending it, [`filed`] what stands there afterwards.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use catalogue::Release;
use catalogue::definition::{DivisionLevel, FieldKind, Form, Item, Page as FormPage};
use office::access::FileForOther;
use office::casework::drafts::{self, Draft, Filler};
use office::casework::form_context;
use office::casework::{Doer, DraftId};
use office::forms::{Answers, FormContext};
use office::{Office, divisions};
use std::sync::Arc;
use store::{IdempotencyKey, Scope};

use crate::error::Fault;
use crate::extract::{Begun, CitizenDesk, Desk, Visitor};
use crate::form_body::upload_limit;
use crate::forms_ui::{DivisionGroup, villages_below};
use crate::routes::{Routes, get, post};
use crate::state::AppState;

mod filed;
mod pages;
mod records;
mod review;
mod start;
mod taken_in;

/// Routes of both sides.
pub(crate) fn routes() -> Routes {
    let mut router = Routes::new().route("/desk/file", get(start::desk_list));
    for side in ["/my", "/desk"] {
        let at = |path: &str| format!("{side}{path}");
        router = router
            .route(&at("/apply/{item}"), get(start::ask).post(start::begin))
            .route(&at("/drafts/{draft}"), get(pages::overview))
            .route(
                &at("/drafts/{draft}/page/{page}"),
                get(pages::show).post(pages::save).layer(upload_limit()),
            )
            .route(&at("/drafts/{draft}/remove/{page}"), get(records::ask_remove).post(records::remove))
            .route(&at("/drafts/{draft}/review"), get(review::show).post(review::send))
            .route(&at("/drafts/{draft}/discard"), get(review::ask_discard).post(review::discard))
            .route(&at("/filed/{case}"), get(filed::show))
            .route(&at("/taken-in"), get(taken_in::list))
            .route(&at("/taken-in/{case}/receipt"), get(taken_in::receipt));
    }
    router
        .route("/desk/filed/{case}/code", post(filed::issue_code))
        .route("/desk/taken-in/export", get(taken_in::export))
}

/// Whose hand fills the form; which one follows from the side of the house that the address belongs to.
pub(crate) enum Hand {
    /// The family's own.
    Citizen(CitizenDesk),
    /// An officer's or village worker's.
    Desk(Box<Desk<FileForOther>>),
}

impl FromRequestParts<AppState> for Hand {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Fault> {
        if parts.uri.path().starts_with("/desk/") {
            Ok(Hand::Desk(Box::new(Desk::from_request_parts(parts, state).await?)))
        } else {
            Ok(Hand::Citizen(CitizenDesk::from_request_parts(parts, state).await?))
        }
    }
}

impl std::ops::Deref for Hand {
    type Target = Visitor;
    fn deref(&self) -> &Visitor {
        match self {
            Hand::Citizen(citizen) => citizen,
            Hand::Desk(desk) => desk,
        }
    }
}

impl Hand {
    fn filler(&self) -> Filler<'_> {
        match self {
            Hand::Citizen(citizen) => Filler::Citizen(citizen.citizen()),
            Hand::Desk(desk) => Filler::Desk(desk.granted()),
        }
    }

    fn doer(&self) -> Doer<'_> {
        match self {
            Hand::Citizen(citizen) => Doer::Applicant(citizen.citizen()),
            Hand::Desk(desk) => Doer::Desk(desk.actor()),
        }
    }

    fn scope(&self) -> Scope {
        match self {
            Hand::Citizen(citizen) => citizen.scope(),
            Hand::Desk(desk) => desk.scope(),
        }
    }

    fn side(&self) -> &'static str {
        match self {
            Hand::Citizen(_) => "/my",
            Hand::Desk(_) => "/desk",
        }
    }

    fn nav(&self) -> &'static str {
        match self {
            Hand::Citizen(_) => "cases",
            Hand::Desk(_) => "work",
        }
    }

    /// Where unfinished forms are listed.
    fn home(&self) -> &'static str {
        match self {
            Hand::Citizen(_) => "/my/cases",
            Hand::Desk(_) => "/desk/file",
        }
    }

    fn files(&self) -> &'static str {
        match self {
            Hand::Citizen(_) => crate::citizen::my_case::FILES,
            Hand::Desk(_) => "/desk/attachments",
        }
    }

    fn base(&self, draft: DraftId) -> String {
        format!("{}/drafts/{draft}", self.side())
    }

    async fn begin(&self, key: &IdempotencyKey) -> Result<Begun, Fault> {
        match self {
            Hand::Citizen(citizen) => citizen.begin(key).await,
            Hand::Desk(desk) => desk.begin(key).await,
        }
    }
}

/// A draft with its item and form.
struct Filling {
    release: Arc<Release>,
    draft: Draft,
    owner: String,
    /// Members of the family that has the benefit, for reports and reviews.
    family: Option<Vec<String>>,
}

impl Filling {
    /// The hand's own draft.
    async fn open(hand: &Hand, id: DraftId) -> Result<Filling, Fault> {
        let draft = drafts::open(hand.office(), hand.filler(), id).await?;
        let (office, now) = (hand.office(), hand.office().now());
        let family = match draft.entitlement {
            Some(benefit) => {
                let held =
                    ledger::pages::entitlement(office.db(), &hand.scope(), benefit, now.month()).await?;
                Some(form_context::members(office.db(), held.household, now).await?)
            }
            None => None,
        };
        Ok(Filling { release: office.release(), draft, owner: hand.filler().owner(), family })
    }

    fn item(&self) -> Result<&Item, Fault> {
        self.release.items.get(&self.draft.item).map(|item| &**item).ok_or(Fault::Hidden)
    }

    fn form(&self) -> Result<&Form, Fault> {
        self.release.forms.get(&self.draft.form).map(|form| &**form).ok_or(Fault::Hidden)
    }

    fn page(&self, id: &str) -> Result<&FormPage, Fault> {
        self.form()?.page(id).ok_or(Fault::Hidden)
    }

    async fn context<'a>(&'a self, office: &Office, answers: &Answers) -> Result<FormContext<'a>, Fault> {
        let form = self.form()?;
        let mut context =
            form_context::load(office.db(), &self.release, form, answers, &self.owner, None, office.now())
                .await?;
        if let Some(family) = &self.family {
            context.on_file.insert("member".to_owned(), family.clone());
        }
        Ok(context)
    }
}

/// Villages of the whole city, for pages that ask for one: a family files where it lives, whoever fills the form.
async fn villages(hand: &Hand, release: &Release, page: &FormPage) -> Result<Vec<DivisionGroup>, Fault> {
    if page.fields.iter().all(|field| *field.kind != FieldKind::Division) {
        return Ok(Vec::new());
    }
    let mut groups = Vec::new();
    let top = |level| release.places.iter().filter(move |place| place.level == level);
    let mut tops: Vec<_> = top(DivisionLevel::Prefecture).collect();
    if tops.is_empty() {
        tops = top(DivisionLevel::County).collect();
    }
    for place in tops {
        let division = divisions::by_code(hand.office().db(), &place.code).await?;
        groups.extend(villages_below(hand.office(), division.id).await?);
    }
    Ok(groups)
}

/// The address of a page of the form.
fn page_address(base: &str, page: &str, record: Option<usize>, from_review: bool) -> String {
    let record = record.map(|record| record.to_string()).unwrap_or_default();
    let from = if from_review { "review" } else { "" };
    crate::ui::address(&format!("{base}/page/{page}"), &[("record", &record), ("from", from)])
}
