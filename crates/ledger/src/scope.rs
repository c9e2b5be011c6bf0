//! How a caller's scope looks on the ledger's tables. Aliases in the texts: `e` entitlement, `r` payment_run.

use store::{Scope, ScopeColumns};

/// `entitlement e`, and everything joined to it: staff see their subtree, a person what concerns them as holder or
/// member, a task the entitlements of its case.
pub const ENTITLEMENT: ScopeColumns = ScopeColumns {
    subtree: Some("e.division_id IN (SELECT descendant_id FROM division_closure WHERE ancestor_id = ?)"),
    own: Some("e.id IN (SELECT entitlement_id FROM entitlement_person WHERE person_id = ?)"),
    task: Some(
        "e.id IN (SELECT entitlement_id FROM entitlement_amount WHERE case_id = ? \
         UNION SELECT id FROM entitlement WHERE case_id = ?)",
    ),
    organisation: None,
};

/// `payment_run r`: the county and those above it.
pub const RUN: ScopeColumns = ScopeColumns {
    subtree: Some("r.county_id IN (SELECT descendant_id FROM division_closure WHERE ancestor_id = ?)"),
    own: None,
    task: None,
    organisation: None,
};

/// The ledger's own bookkeeping on rows that a scoped statement of the same transaction has already found.
pub(crate) const BOOKS: Scope =
    Scope::System("ledger: rows of an entitlement or run already found within the caller's scope");
/// For [`BOOKS`].
pub(crate) const NONE: ScopeColumns = ScopeColumns::NONE;
