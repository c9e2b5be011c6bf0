//! Persons and families, registered once; what is known of them, with two times.
//!
//! - [`person`]: registering and correcting a person; [`household`]: families, their members, heads and places; [`joining`]: two become one;
//! - [`facts`]: what was declared, visited or answered by departments, and what holds of it on a day;
//!   [`held`]: what follows from the ledger; [`projection`]: today's values as typed columns;
//! - [`search`]: by name, pinyin, ID, last four; [`family_page`]: what a family's page shows;
//! - [`account`]: bank accounts; [`reveal`]: a number in full, with a purpose;
//! - [`duplicate`]: who may be the same person; [`merge`]: two records of one person become one, and two again.
//!
//! **Two times.** A membership or fact is valid in `[from_on, until_on)` and believed in `[recorded_at,
//! superseded_at)`. Nothing is overwritten: a correction ends the belief in the old row and writes a new one, so
//! "who lived there in May, as known in June" has an answer.

use store::{Migration, ScopeColumns, id_type};

mod account;
mod bulk;
mod duplicate;
mod fact_value;
mod facts;
mod family_page;
mod held;
mod household;
mod joining;
pub mod merge;
mod name_words;
mod names;
mod person;
mod projection;
mod reveal;
pub(crate) mod sealing;
mod search;

pub(crate) use account::refuse_dead_holder;
pub use account::{AccountView, NewAccount, account_number, add_account, add_account_in, find_accounts};
pub use bulk::{FamilyIds, NewFamily, register_families_in};
pub use duplicate::{DuplicateReason, DuplicateView, duplicates, duplicates_of, settle_duplicate};
pub use fact_value::{check_value, read_value};
pub(crate) use facts::{
    Answered, contenders, counting, fall_silent_in, families_as_of, known_facts, known_facts_as_of,
    record_answered_in, standing, statements,
};
pub use facts::{
    FactView, NewFact, Source, Subject, effective_facts, fact_history, facts_as_of, person_facts_as_of,
    record_facts, record_facts_in,
};
pub use family_page::{
    FamilyPage, MemberView, PersonPage, families_in, family_page, own_family_page, person_page,
};
pub(crate) use household::members_of_all;
pub use household::{
    HouseholdView, MemberChange, Membership, NewHousehold, NewMember, NewPlace, add_member, add_member_in,
    change_head, change_head_in, create_household, create_household_in, current_household, find_household,
    members_as_of, membership_history, move_household, move_household_in, remove_member, remove_member_in,
    split_household, split_household_in,
};
pub use joining::{Touched, join_households_in, touched};
pub(crate) use joining::{present as present_households, review_today};
pub(crate) use name_words::readings;
pub use names::names;
pub(crate) use person::reindex_in;
pub use person::{
    NewPerson, PersonCorrection, PersonView, Registered, correct_person, find_person, place_person,
    record_death_in, register_person, register_person_in,
};
pub(crate) use projection::{column_type, prepare_projections_in};
pub use projection::{follow_definitions, prepare_projections, refresh_projection, roll_forward};
pub use reveal::{Revealed, reveal_account, reveal_person};
pub(crate) use sealing::citizen_id_blind;
pub use search::{Found, SearchAnswer, search_people};

id_type! {
    /// One membership row.
    MembershipId,
    /// One fact row.
    FactId,
    /// A bank account.
    BankAccountId,
    /// A suspected duplicate.
    DuplicateId,
}

/// Tables of this module.
pub const MIGRATIONS: &[Migration] = &[
    Migration { name: "20261121_people", sql: include_str!("../../migrations/20261121_people.sql") },
    Migration { name: "20261124_held", sql: include_str!("../../migrations/20261124_held.sql") },
    Migration { name: "20261127_lapses", sql: include_str!("../../migrations/20261127_lapses.sql") },
];

/// The tables of [`merge`]; they know staff, benefits and cases.
pub const MERGE_MIGRATIONS: &[Migration] = &[Migration {
    name: "20261130_person_merge",
    sql: include_str!("../../migrations/20261130_person_merge.sql"),
}];

/// Which person a whole number means, `p.citizen_id_blind` being `?`: of a record that was given up the one that stays.
pub(crate) const BY_NUMBER: &str =
    "p.id = (SELECT COALESCE(n.merged_into, n.id) FROM person n WHERE n.citizen_id_blind = ?)";

/// Scope columns of `person p`: registered or living in the subtree; oneself; the family of a case. A record that was given up is nobody's.
pub const PERSON_COLUMNS: ScopeColumns = ScopeColumns {
    subtree: Some(
        "p.merged_into IS NULL AND EXISTS (SELECT 1 FROM division_closure dc WHERE dc.ancestor_id = ? \
         AND dc.descendant_id IN (p.division_id, p.residence_division_id))",
    ),
    own: Some("p.id = ?"),
    task: Some(
        "p.id IN (SELECT tm.person_id FROM membership tm JOIN case_file tc ON tc.household_id = tm.household_id \
         WHERE tc.id = ? AND tm.superseded_at IS NULL)",
    ),
    organisation: None,
};

/// Scope columns of `household h`: living or registered in the subtree; one's own family; the family of a case.
pub const HOUSEHOLD_COLUMNS: ScopeColumns = ScopeColumns {
    subtree: Some(
        "EXISTS (SELECT 1 FROM division_closure dc WHERE dc.ancestor_id = ? \
         AND dc.descendant_id IN (h.division_id, h.registered_division_id))",
    ),
    own: Some(
        "h.id IN (SELECT om.household_id FROM membership om WHERE om.person_id = ? AND om.until_on IS NULL \
         AND om.superseded_at IS NULL)",
    ),
    task: Some("h.id IN (SELECT tc.household_id FROM case_file tc WHERE tc.id = ?)"),
    organisation: None,
};
