//! Who acts: a member of staff at a post, or a citizen; and the proof that they may.
//!
//! An [`Actor`] is made from a live session only (or, in a synthetic database, from a post). From it
//! a use-case gets a [`Granted`] of the right that it demands; nothing else can make one, so a
//! use-case without its right does not compile.

use std::marker::PhantomData;
use std::ops::Deref;

use store::{AuditActor, DivisionId, OrganisationId, PersonId, Scope, StaffId, id_type};
use vocab::Level;

use super::rights::{Permission, Right};
use super::roles::Role;
use crate::OfficeError;

id_type! {
    /// A post: one member of staff in one office with its roles.
    PostId,
    /// A signed-in session.
    SessionId,
}

/// A member of staff at a post, signed in.
#[derive(Debug, Clone)]
pub struct Actor {
    /// The member of staff.
    pub staff: StaffId,
    /// Their name.
    pub name: String,
    /// Their own record in the register of persons, when known (回避).
    pub person: Option<PersonId>,
    /// The post at which they act now.
    pub post: PostId,
    /// The office's division.
    pub division: DivisionId,
    /// The division's name.
    pub division_name: String,
    /// The office's level.
    pub level: Level,
    /// The county above or of the office; none at a prefecture.
    pub county: Option<DivisionId>,
    /// Roles of the post.
    pub roles: Vec<Role>,
    /// Businesses of the post (`assistance`).
    pub businesses: Vec<String>,
    /// The session, none for a job or a synthetic history.
    pub session: Option<SessionId>,
    /// The password must be changed before anything else.
    pub must_change: bool,
    /// Only this module makes actors.
    pub(super) proof: Proof,
}

/// What a post's business begins with that names a department outside civil affairs.
pub const DEPARTMENT: &str = "department:";
/// What a post's business begins with that names an organisation: `organisation:care_institution/17`, its register and its record there.
pub const ORGANISATION: &str = "organisation:";

/// Cannot be made outside `access`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Proof(pub(super) ());

impl Actor {
    /// What the actor sees: the own division and below. An organisation's own staff see nothing of it: what belongs to their organisation
    /// they read by `records::organisation` and by nothing else.
    #[must_use]
    pub fn scope(&self) -> Scope {
        match self.organisation() {
            Some((_, id)) => Scope::Organisation(OrganisationId(id)),
            None => Scope::Subtree(self.division),
        }
    }

    /// Whether one of the post's roles carries the right.
    #[must_use]
    pub fn may(&self, right: Right) -> bool {
        let Proof(()) = self.proof;
        !self.must_change && self.roles.iter().any(|role| role.holds(right))
    }

    /// Whether the right is held for a business: by a role above businesses, or by a post that has it.
    #[must_use]
    pub fn may_in(&self, right: Right, business: &str) -> bool {
        !self.must_change
            && self.roles.iter().any(|role| {
                role.holds(right)
                    && (role.all_businesses() || self.businesses.iter().any(|held| held == business))
            })
    }

    /// The departments that the post answers for, by their ids in the pack.
    pub fn departments(&self) -> impl Iterator<Item = &str> {
        self.businesses.iter().filter_map(|business| business.strip_prefix(DEPARTMENT))
    }

    /// The organisation for which the post stands: the register of such organisations, and its record there.
    #[must_use]
    pub fn organisation(&self) -> Option<(&str, i64)> {
        let named = self.businesses.iter().find_map(|business| business.strip_prefix(ORGANISATION))?;
        let read = || {
            let (register, id) = named.split_once('/')?;
            Some((register, id.parse().ok()?))
        };
        // One that cannot be read is nobody's.
        Some(read().unwrap_or(("", 0)))
    }

    /// The proof that a use-case demands.
    ///
    /// # Errors
    /// [`OfficeError::Forbidden`] when no role of the post carries the right.
    pub fn grant<P: Permission>(&self) -> Result<Granted<P>, OfficeError> {
        if self.may(P::RIGHT) {
            Ok(Granted { actor: self.clone(), right: PhantomData })
        } else {
            Err(OfficeError::Forbidden(P::RIGHT))
        }
    }

    /// As [`Actor::grant`], for one business.
    ///
    /// # Errors
    /// [`OfficeError::Forbidden`] when the post does not hold the right in that business.
    pub fn grant_in<P: Permission>(&self, business: &str) -> Result<Granted<P>, OfficeError> {
        if self.may_in(P::RIGHT, business) { self.grant() } else { Err(OfficeError::Forbidden(P::RIGHT)) }
    }

    /// Demands a right that a pack's action names.
    ///
    /// # Errors
    /// [`OfficeError::Forbidden`].
    pub fn demand(&self, right: Right) -> Result<(), OfficeError> {
        if self.may(right) { Ok(()) } else { Err(OfficeError::Forbidden(right)) }
    }

    /// How the audit names the actor.
    #[must_use]
    pub fn audit(&self) -> AuditActor {
        AuditActor {
            staff: Some(self.staff),
            person: None,
            session: self.session.map(|id| id.0),
            post: Some(self.post.0),
        }
    }
}

/// The proof that an actor holds a right. Reads as the actor.
#[derive(Debug, Clone)]
pub struct Granted<P: Permission> {
    actor: Actor,
    right: PhantomData<fn() -> P>,
}

impl<P: Permission> Deref for Granted<P> {
    type Target = Actor;
    fn deref(&self) -> &Actor {
        &self.actor
    }
}

/// A citizen, signed in with a one-time code.
#[derive(Debug, Clone)]
pub struct Citizen {
    /// The person.
    pub person: PersonId,
    /// Their name.
    pub name: String,
    /// The session, none in a synthetic history.
    pub session: Option<SessionId>,
    /// Large type was asked for.
    pub large_text: bool,
    pub(super) proof: Proof,
}

impl Citizen {
    /// What the citizen sees: what is their own.
    #[must_use]
    pub fn scope(&self) -> Scope {
        let Proof(()) = self.proof;
        Scope::Own(self.person)
    }

    /// How the audit names the citizen.
    #[must_use]
    pub fn audit(&self) -> AuditActor {
        AuditActor {
            staff: None,
            person: Some(self.person),
            session: self.session.map(|id| id.0),
            post: None,
        }
    }
}
