//! Persons and families: search, pages, changes of members, duplicates and what becomes of them.
//!
//! Every page that opens somebody's file is audited by `office` before it is sent.

use office::access::Right;

use crate::layout::NavEntry;
use crate::routes::{Routes, get, post};

mod benefits;
mod code;
mod duplicates;
mod family;
mod family_cases;
mod members;
mod menus;
mod merges;
mod on_file;
mod person;
mod register;
mod reveal;
mod search;

pub use menus::{places, relations};

/// Entries of the staff navigation.
pub const NAV: &[NavEntry] =
    &[NavEntry { id: "people", href: "/desk/people", text: "对象档案", rights: &[Right::ReadPeople] }];

/// Routes under `/desk/people` and `/desk/families`.
pub fn routes() -> Routes {
    Routes::new()
        .route("/desk/people", get(search::search))
        .route("/desk/people/{person}", get(person::person))
        .route("/desk/people/{person}/correct", get(person::correct_form).post(person::correct))
        .route("/desk/people/{person}/reveal", get(reveal::person_form).post(reveal::person))
        .route("/desk/people/{person}/facts/{fact}", get(person::fact_history))
        .route("/desk/people/{person}/benefits", get(benefits::page))
        .route("/desk/people/{person}/merge", get(merges::form).post(merges::propose))
        .route("/desk/people/{person}/code", get(code::form).post(code::issue))
        .route("/desk/accounts/{account}/reveal", get(reveal::account_form).post(reveal::account))
        .route("/desk/duplicates", get(duplicates::list))
        .route("/desk/duplicates/{flag}", post(duplicates::settle))
        .route("/desk/merges", get(merges::list))
        .route("/desk/merges/export", get(merges::export))
        .route("/desk/merges/{merge}", get(merges::show))
        .route("/desk/merges/{merge}/settle", post(merges::settle))
        .route("/desk/merges/{merge}/undo", post(merges::undo))
        .route("/desk/merges/{merge}/undo/settle", post(merges::settle_undo))
        .route("/desk/families/new", get(register::form).post(register::register))
        .route("/desk/families/{household}", get(family::members))
        .route("/desk/families/{household}/facts", get(family::facts))
        .route("/desk/families/{household}/facts/{fact}", get(family::fact_history))
        .route("/desk/families/{household}/cases", get(family_cases::cases).post(family_cases::begin))
        .route("/desk/families/{household}/history", get(family::history))
        .route("/desk/families/{household}/add", get(members::add_form).post(members::add))
        .route("/desk/families/{household}/remove/{person}", get(members::remove_form).post(members::remove))
        .route("/desk/families/{household}/head", get(members::head_form).post(members::change_head))
        .route("/desk/families/{household}/split", get(members::split_form).post(members::split))
        .route("/desk/families/{household}/join", get(members::join_form).post(members::join))
        .route("/desk/families/{household}/move", get(members::move_form).post(members::move_family))
}
