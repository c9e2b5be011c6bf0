//! Whose cases, benefits and figures a post works on. Rights are held for businesses, every matter and programme belongs to one
//! ([`catalogue::Release::business_of`]), and what is another business's is not there: a county's clerk for the elderly sees, files, decides and
//! counts what is the elderly's, and of 低保 nothing.
//!
//! People and families are on file once for all businesses, so whoever reads people in any of them finds them; what they asked for and what
//! they get is told by its own business ([`Reader`]).
//!
//! What belongs to no known business - the release has it no more, or does not say - is for whoever holds every business, so that nothing of
//! anybody is lost from sight.

use catalogue::Release;
use store::{CaseId, Connection, Query};
use vocab::Level;

use crate::access::{Actor, Granted, Permission, Right};
use crate::casework::CASE;
use crate::{Office, OfficeError};

/// Whether the post holds a right for a programme.
#[must_use]
pub fn holds(release: &Release, actor: &Actor, right: Right, programme: &str) -> bool {
    match release.business_of(programme) {
        Some(business) => actor.may_in(right, business),
        None => every_programme(release, actor, &[right]),
    }
}

/// Whether the post holds a right for a matter.
#[must_use]
pub fn holds_item(release: &Release, actor: &Actor, right: Right, item: &str) -> bool {
    match release.items.get(item) {
        Some(item) => actor.may_in(right, &item.business),
        None => every_item(release, actor, right),
    }
}

/// Whether the post holds all of some rights for every business that programmes belong to.
fn every_programme(release: &Release, actor: &Actor, rights: &[Right]) -> bool {
    let mut businesses = release.programmes.iter().filter_map(|programme| release.business_of(&programme.id));
    businesses.all(|business| rights.iter().all(|right| actor.may_in(*right, business)))
}

/// Whether the post holds a right for every business that matters belong to.
fn every_item(release: &Release, actor: &Actor, right: Right) -> bool {
    release.items.iter().all(|item| actor.may_in(right, &item.business))
}

/// The programmes for which the post holds all of some rights, as statements are narrowed ([`Query::only`]); none where that is everything.
#[must_use]
pub fn programmes(release: &Release, actor: &Actor, rights: &[Right]) -> Option<Vec<String>> {
    if every_programme(release, actor, rights) {
        return None;
    }
    let own = release
        .programmes
        .iter()
        .filter(|programme| rights.iter().all(|right| holds(release, actor, *right, &programme.id)));
    Some(own.map(|programme| programme.id.get().clone()).collect())
}

/// What of the programmes that are asked for (none: of all) a post with these rights may be shown, as lists are filtered; none where that is all.
pub(crate) fn shown(
    release: &Release,
    actor: &Actor,
    rights: &[Right],
    asked: Option<&[String]>,
) -> Option<Vec<String>> {
    let Some(asked) = asked else { return programmes(release, actor, rights) };
    let may = |programme: &&String| rights.iter().all(|right| holds(release, actor, *right, programme));
    Some(asked.iter().filter(may).cloned().collect())
}

/// The matters for which the post holds a right, as statements are narrowed ([`Query::only`]); none where that is all.
#[must_use]
pub fn items(release: &Release, actor: &Actor, right: Right) -> Option<Vec<String>> {
    if every_item(release, actor, right) {
        return None;
    }
    let own = release.items.iter().filter(|item| actor.may_in(right, &item.business));
    Some(own.map(|item| item.id.get().clone()).collect())
}

/// The same by the right that the caller was granted.
pub(crate) fn items_of<P: Permission>(office: &Office, actor: &Granted<P>) -> Option<Vec<String>> {
    items(&office.release(), actor, P::RIGHT)
}

/// The item of a case of the row that a statement reads, where that row names its case and not the item.
pub(crate) const ITEM_OF_TASK: &str = "(SELECT ci.item FROM case_file ci WHERE ci.id = t.case_id)";

/// The same, where the row is a question of a check.
pub(crate) const ITEM_OF_REQUEST: &str = "(SELECT ci.item FROM case_file ci WHERE ci.id = r.case_id)";

/// Demands the right for a programme's business.
///
/// # Errors
/// [`OfficeError::Forbidden`].
pub(crate) fn demand<P: Permission>(
    office: &Office,
    actor: &Granted<P>,
    programme: &str,
) -> Result<(), OfficeError> {
    if holds(&office.release(), actor, P::RIGHT, programme) {
        Ok(())
    } else {
        Err(OfficeError::Forbidden(P::RIGHT))
    }
}

/// The same for something that was found: what is another business's is not there.
///
/// # Errors
/// [`OfficeError::NotFound`].
pub(crate) fn demand_found<P: Permission>(
    office: &Office,
    actor: &Granted<P>,
    programme: &str,
    what: &'static str,
) -> Result<(), OfficeError> {
    demand(office, actor, programme).map_err(|_| OfficeError::NotFound(what))
}

/// Demands the right for a matter's business: to others the matter is not there.
///
/// # Errors
/// [`OfficeError::NotFound`].
pub fn demand_item(
    office: &Office,
    actor: &Actor,
    right: Right,
    item: &str,
    what: &'static str,
) -> Result<(), OfficeError> {
    if holds_item(&office.release(), actor, right, item) { Ok(()) } else { Err(OfficeError::NotFound(what)) }
}

/// Demands that a case lies in the caller's area and in a business for which the caller holds the right that was granted: anything else is
/// not there.
///
/// # Errors
/// [`OfficeError::NotFound`].
pub(crate) async fn demand_case<P: Permission>(
    office: &Office,
    connection: &impl Connection,
    actor: &Granted<P>,
    case: CaseId,
) -> Result<(), OfficeError> {
    let found = Query::new(&actor.scope(), &CASE, "SELECT c.id FROM case_file c WHERE {scope} AND c.id = ?")
        .only("c.item", items_of(office, actor))
        .bind(case)
        .optional(connection)
        .await?;
    found.map(|_| ()).ok_or(OfficeError::NotFound("这件申请"))
}

/// Who reads beyond cases and benefits of their own scope: what hangs on a person or family whom they may see.
#[derive(Debug, Clone, Copy)]
pub enum Reader<'a> {
    /// Any office of a level.
    Level(Level),
    /// A post.
    Post(&'a Actor),
}

impl Reader<'_> {
    fn level(self) -> Level {
        match self {
            Reader::Level(level) => level,
            Reader::Post(actor) => actor.level,
        }
    }

    /// Whether the reader may know that somebody has a benefit of this programme.
    #[must_use]
    pub fn programme(self, release: &Release, programme: &str) -> bool {
        let business = match self {
            Reader::Level(_) => true,
            Reader::Post(actor) => holds(release, actor, Right::ReadPeople, programme),
        };
        business && release.programme_known_at(programme, self.level())
    }

    /// Whether the reader may know of a case of this item.
    #[must_use]
    pub fn item(self, release: &Release, item: &str) -> bool {
        let business = match self {
            Reader::Level(_) => true,
            Reader::Post(actor) => holds_item(release, actor, Right::ReadPeople, item),
        };
        business && release.item_known_at(item, self.level())
    }

    /// Whether the reader may be told a fact on file: what follows from benefits is told to whoever may know of every one of them.
    #[must_use]
    pub fn fact(self, release: &Release, fact: &str) -> bool {
        let Some(held) = release.facts.get(fact).and_then(|fact| fact.held.as_ref()) else { return true };
        let mut programmes = held.codes.iter().map(|one| &one.programme).chain(&held.sum);
        programmes.all(|programme| self.programme(release, programme))
    }

    /// Whether the reader may know of a record about somebody in this register, as their sheet tells it.
    #[must_use]
    pub fn register(self, release: &Release, register: &str) -> bool {
        match self {
            Reader::Level(_) => true,
            Reader::Post(actor) => {
                let known = release.registers.get(register);
                known.is_none_or(|register| actor.may_in(Right::ReadPeople, &register.business))
            }
        }
    }
}
