//! What one release has that another has not: read by whoever brings newer packs into a living city.
//!
//! A definition is the same where it reads the same, wherever it stands and in whichever pack. [`parts`] says what of a large definition
//! changed, [`values`] which dated values of parameters and tables, [`entries`] what of plans and divisions.

mod entries;
mod parts;
mod values;

use std::fmt::Debug;

use crate::definition::{
    CheckRule, Codelist, Dataset, Department, ExclusionGroup, Fact, Indicator, Kind, Law, LeadClock, Letter,
};
use crate::{Release, Shelf};

/// What became of the definitions of one kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compared {
    /// What a person calls the kind, such as 待遇项目.
    pub kind: &'static str,
    /// Titles of what is new.
    pub added: Vec<String>,
    /// What reads otherwise than before.
    pub changed: Vec<Changed>,
    /// Titles of what is not there any more.
    pub removed: Vec<String>,
}

/// A definition that reads otherwise than before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed {
    /// Its title.
    pub title: String,
    /// What of it, in a few words each; empty where it is small enough to be looked at.
    pub details: Vec<String>,
}

impl Compared {
    fn of(kind: &'static str) -> Compared {
        Compared { kind, added: Vec::new(), changed: Vec::new(), removed: Vec::new() }
    }

    fn is_empty(&self) -> bool {
        self.added.is_empty() && self.changed.is_empty() && self.removed.is_empty()
    }
}

impl Release {
    /// What this release adds, changes and leaves out against an older one, by kind; nothing of kinds that stayed as they were. Rule cases are
    /// left out: they show what programmes say and decide nothing.
    #[must_use]
    pub fn compared_with(&self, older: &Release) -> Vec<Compared> {
        let mut all = vec![
            entries::packs(older, self),
            shelf(&older.laws, &self.laws, |law: &Law| format!("《{}》", law.short), parts::law),
            shelf(&older.programmes, &self.programmes, |one| one.title.clone(), parts::programme),
            values::parameters(older, self),
            values::tables(older, self),
            shelf(&older.items, &self.items, |one| one.title.clone(), parts::item),
            shelf(&older.forms, &self.forms, |one| one.title.clone(), parts::form),
            shelf(&older.registers, &self.registers, |one| one.title.clone(), parts::register),
            shelf(&older.codelists, &self.codelists, |one: &Codelist| one.title.clone(), parts::codelist),
            shelf(
                &older.letters,
                &self.letters,
                |one: &Letter| one.title.clone(),
                |before, now| parts::letter(older, self, before, now),
            ),
            shelf(&older.roles, &self.roles, |one| one.title_at(""), parts::role),
            shelf(&older.facts, &self.facts, |one: &Fact| one.title.clone(), whole),
            shelf(&older.departments, &self.departments, |one: &Department| one.title.clone(), whole),
            shelf(&older.datasets, &self.datasets, |one: &Dataset| one.title.clone(), whole),
            shelf(&older.check_rules, &self.check_rules, |one: &CheckRule| one.title.clone(), whole),
            shelf(&older.lead_clocks, &self.lead_clocks, |one: &LeadClock| one.title.clone(), whole),
        ];
        let groups = (&older.exclusion_groups, &self.exclusion_groups);
        all.push(shelf(groups.0, groups.1, |one: &ExclusionGroup| one.title.clone(), whole));
        all.push(shelf(&older.indicators, &self.indicators, |one: &Indicator| one.title.clone(), whole));
        all.push(entries::plans(older, self));
        all.push(entries::divisions(older, self));
        all.retain(|compared| !compared.is_empty());
        all
    }
}

/// Whether two definitions read otherwise. Places in files are no part of what is read.
fn differ<T: Debug>(before: &T, now: &T) -> bool {
    format!("{before:?}") != format!("{now:?}")
}

/// Of a small definition it is enough to say that it changed.
fn whole<T: Debug>(before: &T, now: &T) -> Option<Vec<String>> {
    differ(before, now).then(Vec::new)
}

/// Compares a shelf; `changed` says what of two definitions with one id reads otherwise, and nothing when they are alike.
fn shelf<T: Kind>(
    older: &Shelf<T>,
    newer: &Shelf<T>,
    title: impl Fn(&T) -> String,
    changed: impl Fn(&T, &T) -> Option<Vec<String>>,
) -> Compared {
    let mut compared = Compared::of(T::TITLE);
    for now in newer.iter() {
        let now: &T = now;
        match older.get(now.id()) {
            None => compared.added.push(title(now)),
            Some(before) => {
                if let Some(details) = changed(before, now) {
                    compared.changed.push(Changed { title: title(now), details });
                }
            }
        }
    }
    for before in older.iter() {
        let before: &T = before;
        if newer.get(before.id()).is_none() {
            compared.removed.push(title(before));
        }
    }
    compared
}
