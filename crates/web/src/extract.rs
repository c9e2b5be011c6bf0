//! Who may enter a handler. A handler without one of these reads nothing of anybody.
//!
//! - [`Desk<P>`]: a member of staff whose post holds the right `P` (`Desk<ReadPeople>`) in any business: which cases, benefits and figures they
//!   see and move is asked by the use-cases (`office::business`);
//! - [`Staff`]: any member of staff (own posts, own password);
//! - [`CitizenDesk`]: a citizen, who sees what is their own;
//! - [`Visitor`] is anybody.
//!
//! Each gives the office, the scope and keys for forms. Nobody signed in: to the sign-in page and back; a form that was
//! sent meanwhile is kept ([`crate::again`]). The right is missing: the page that says "not found".

use std::ops::Deref;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use office::access::{Actor, Citizen, Granted, Permission, Right, SignedIn};
use office::{Office, business};
use serde::de::DeserializeOwned;
use store::{IdempotencyKey, Once, Scope, Tx};

use crate::error::Fault;
use crate::frame::{Frame, PASSWORD};
use crate::state::AppState;

/// Anybody: what public pages and the other extractors stand on.
#[derive(Clone)]
pub struct Visitor {
    /// The shared state.
    pub state: AppState,
    /// The request's frame.
    pub frame: Arc<Frame>,
}

impl Visitor {
    /// The office.
    #[must_use]
    pub fn office(&self) -> &Office {
        &self.state.office
    }

    /// A fresh idempotency key for one form of the page.
    #[must_use]
    pub fn key(&self) -> String {
        self.frame.key()
    }
}

impl FromRequestParts<AppState> for Visitor {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Fault> {
        let frame = parts.extensions.get::<Arc<Frame>>().cloned();
        let frame = frame.ok_or_else(|| Fault::Broken("a route outside the frame".to_owned()))?;
        Ok(Visitor { state: state.clone(), frame })
    }
}

/// A member of staff at a post, whatever it may do.
#[derive(Clone)]
pub struct Staff {
    visitor: Visitor,
    actor: Actor,
}

impl Staff {
    /// Who acts.
    #[must_use]
    pub fn actor(&self) -> &Actor {
        &self.actor
    }

    /// What the post sees.
    #[must_use]
    pub fn scope(&self) -> Scope {
        self.actor.scope()
    }

    /// Whether the post holds a right in any business: for links and buttons. The use-cases behind them ask for the business of what they are
    /// about, and lists show what is of the reader's own.
    #[must_use]
    pub fn may(&self, right: Right) -> bool {
        self.actor.may(right)
    }

    /// The same about one benefit, run or list: in the business of its programme.
    #[must_use]
    pub fn may_for(&self, right: Right, programme: &str) -> bool {
        business::holds(&self.office().release(), &self.actor, right, programme)
    }

    /// The same about one matter or case of it: in the business of the matter.
    #[must_use]
    pub fn may_for_item(&self, right: Right, item: &str) -> bool {
        business::holds_item(&self.office().release(), &self.actor, right, item)
    }

    /// The proof of a further right, for handlers that need two.
    ///
    /// # Errors
    /// [`Fault::Hidden`].
    pub fn grant<P: Permission>(&self) -> Result<Granted<P>, Fault> {
        Ok(self.actor.grant::<P>()?)
    }

    /// The same member of staff at the desk of a further right, for pages that show themselves again after a deed.
    ///
    /// # Errors
    /// [`Fault::Hidden`].
    pub fn desk<P: Permission>(&self) -> Result<Desk<P>, Fault> {
        Ok(Desk { staff: self.clone(), granted: self.grant::<P>()? })
    }

    /// How idempotency keys and drafts name the sender.
    #[must_use]
    pub fn who(&self) -> String {
        format!("staff:{}", self.actor.staff)
    }

    /// Begins a change that is done once, however often its form is sent.
    ///
    /// # Errors
    /// The database.
    pub async fn begin(&self, key: &IdempotencyKey) -> Result<Begun, Fault> {
        begin(self.office(), key, &self.who()).await
    }
}

impl Deref for Staff {
    type Target = Visitor;
    fn deref(&self) -> &Visitor {
        &self.visitor
    }
}

impl FromRequestParts<AppState> for Staff {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Fault> {
        let visitor = Visitor::from_request_parts(parts, state).await?;
        let Some(SignedIn::Staff(actor)) = &visitor.frame.signed_in else { return Err(Fault::SignIn) };
        if actor.must_change && visitor.frame.path != PASSWORD {
            return Err(Fault::ChangePassword);
        }
        let actor = actor.clone();
        Ok(Staff { visitor, actor })
    }
}

/// A member of staff whose post holds the right `P`. Reads as [`Staff`].
#[derive(Clone)]
pub struct Desk<P: Permission> {
    staff: Staff,
    granted: Granted<P>,
}

impl<P: Permission> Desk<P> {
    /// The proof that use-cases demand.
    #[must_use]
    pub fn granted(&self) -> &Granted<P> {
        &self.granted
    }
}

impl<P: Permission> Deref for Desk<P> {
    type Target = Staff;
    fn deref(&self) -> &Staff {
        &self.staff
    }
}

impl<P: Permission> FromRequestParts<AppState> for Desk<P> {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Fault> {
        let staff = Staff::from_request_parts(parts, state).await?;
        let granted = staff.grant::<P>()?;
        Ok(Desk { staff, granted })
    }
}

/// A citizen at their own papers.
#[derive(Clone)]
pub struct CitizenDesk {
    visitor: Visitor,
    citizen: Citizen,
}

impl CitizenDesk {
    /// Who acts.
    #[must_use]
    pub fn citizen(&self) -> &Citizen {
        &self.citizen
    }

    /// What is their own.
    #[must_use]
    pub fn scope(&self) -> Scope {
        self.citizen.scope()
    }

    /// How idempotency keys and drafts name the sender.
    #[must_use]
    pub fn who(&self) -> String {
        format!("person:{}", self.citizen.person)
    }

    /// Begins a change that is done once, however often its form is sent.
    ///
    /// # Errors
    /// The database.
    pub async fn begin(&self, key: &IdempotencyKey) -> Result<Begun, Fault> {
        begin(self.office(), key, &self.who()).await
    }
}

impl Deref for CitizenDesk {
    type Target = Visitor;
    fn deref(&self) -> &Visitor {
        &self.visitor
    }
}

impl FromRequestParts<AppState> for CitizenDesk {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Fault> {
        let visitor = Visitor::from_request_parts(parts, state).await?;
        let Some(SignedIn::Citizen(citizen)) = &visitor.frame.signed_in else { return Err(Fault::SignIn) };
        let citizen = citizen.clone();
        Ok(CitizenDesk { visitor, citizen })
    }
}

/// Ids in the address. What is no id is an address that does not exist.
#[derive(Clone, Copy, Debug)]
pub struct Path<T>(pub T);

impl<T: DeserializeOwned + Send> FromRequestParts<AppState> for Path<T> {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Fault> {
        let path = axum::extract::Path::<T>::from_request_parts(parts, state).await;
        path.map(|axum::extract::Path(path)| Path(path)).map_err(|_| Fault::Hidden)
    }
}

/// Whether a form's change is to be done.
#[must_use]
pub enum Begun {
    /// The first time: do it in [`Write::tx`], then [`Write::finish`].
    First(Write),
    /// It was done; the address that was answered then.
    Again(String),
}

/// An open transaction that holds the form's key; dropped without [`Write::finish`] nothing happened.
#[must_use]
pub struct Write {
    tx: Tx,
    key: IdempotencyKey,
}

impl Write {
    /// For the `…_in` steps of use-cases.
    #[must_use]
    pub fn tx(&self) -> &Tx {
        &self.tx
    }

    /// Remembers the answer for whoever sends the form again, and commits.
    ///
    /// # Errors
    /// The database; nothing was done then.
    pub async fn finish(self, answer: &str) -> Result<(), Fault> {
        self.tx.remember(&self.key, answer).await?;
        Ok(self.tx.commit().await?)
    }
}

async fn begin(office: &Office, key: &IdempotencyKey, who: &str) -> Result<Begun, Fault> {
    let tx = office.db().begin().await?;
    match tx.once(key, who).await? {
        Once::Again(answer) => Ok(Begun::Again(answer)),
        Once::First => Ok(Begun::First(Write { tx, key: key.clone() })),
    }
}
