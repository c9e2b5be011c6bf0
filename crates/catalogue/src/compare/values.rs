//! Which dated values of parameters and tables came, went and read otherwise.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::{Changed, Compared, differ};
use crate::definition::{Kind, Parameter, Scalar, Table};
use crate::history::KnownValue;
use crate::{Layer, Release};

/// A value as it is read, and what else is said of it.
struct Said {
    value: String,
    rest: String,
}

/// Values by division, first day and the layer that gives them.
type Values = BTreeMap<(Option<String>, NaiveDate, Layer), Said>;

fn values(history: Vec<KnownValue<'_>>, read: impl Fn(&Scalar) -> String) -> Values {
    history
        .into_iter()
        .map(|known| {
            let rest = format!("{:?} {:?} {}", known.until, known.stated_until, known.source);
            let said = Said { value: read(known.value), rest };
            ((known.division.map(ToOwned::to_owned), known.from, known.layer), said)
        })
        .collect()
}

/// How a place is called in either release.
fn place(older: &Release, newer: &Release, code: Option<&str>) -> String {
    let Some(code) = code else { return "全国".to_owned() };
    let found = newer.places.get(code).or_else(|| older.places.get(code));
    found.map_or_else(|| code.to_owned(), |entry| entry.name.clone())
}

/// Writes down what differs, each with `what` before it: the row of a table, or nothing.
fn compare(
    details: &mut Vec<String>,
    what: &str,
    before: &Values,
    now: &Values,
    name: impl Fn(Option<&str>) -> String,
) {
    for (key, said) in now {
        let held = format!("{what}{}自{}起", name(key.0.as_deref()), key.1);
        match before.get(key) {
            None => details.push(format!("{held}为 {}（新增）", said.value)),
            Some(old) if old.value != said.value => {
                details.push(format!("{held}由 {} 改为 {}", old.value, said.value));
            }
            Some(old) if old.rest != said.rest => {
                details.push(format!("{held}的 {}：期限或者出处有改动", said.value));
            }
            Some(_) => {}
        }
    }
    for (key, said) in before {
        if !now.contains_key(key) {
            let held = format!("{what}{}自{}起", name(key.0.as_deref()), key.1);
            details.push(format!("{held}的 {}（去掉）", said.value));
        }
    }
}

/// A value with its unit; a code by its title.
fn read(release: &Release, parameter: &Parameter, value: &Scalar) -> String {
    let unit = parameter.unit.as_deref().unwrap_or_default();
    match (&parameter.codelist, value) {
        (Some(codelist), Scalar::Text(code)) => release.code_title(codelist, code).to_owned(),
        (_, Scalar::Number(number)) => format!("{number}{unit}"),
        _ => value.to_string(),
    }
}

pub(super) fn parameters(older: &Release, newer: &Release) -> Compared {
    let mut compared = Compared::of(Parameter::TITLE);
    for now in newer.parameters.iter() {
        let Some(before) = older.parameters.get(&now.id) else {
            compared.added.push(now.title.clone());
            continue;
        };
        let mut details = Vec::new();
        let bare = |one: &Parameter| Parameter { values: Vec::new(), ..one.clone() };
        if differ(&bare(before), &bare(now)) {
            details.push("定义有改动".to_owned());
        }
        let of = |release: &Release, one: &Parameter| {
            values(release.parameter_history(&one.id), |value| read(release, one, value))
        };
        let name = |code: Option<&str>| place(older, newer, code);
        compare(&mut details, "", &of(older, before), &of(newer, now), name);
        if !details.is_empty() {
            compared.changed.push(Changed { title: now.title.clone(), details });
        }
    }
    for before in older.parameters.iter() {
        if newer.parameters.get(&before.id).is_none() {
            compared.removed.push(before.title.clone());
        }
    }
    compared
}

pub(super) fn tables(older: &Release, newer: &Release) -> Compared {
    let mut compared = Compared::of(Table::TITLE);
    for now in newer.tables.iter() {
        let Some(before) = older.tables.get(&now.id) else {
            compared.added.push(now.title.clone());
            continue;
        };
        let mut details = Vec::new();
        let bare = |one: &Table| Table { values: Vec::new(), ..one.clone() };
        if differ(&bare(before), &bare(now)) {
            details.push("定义有改动".to_owned());
        }
        // The rows of the newer release in their order, then those that are only in the older one.
        let mut rows: Vec<(&str, &str)> = Vec::new();
        for release in [newer, older] {
            for code in release.keys(&now.id) {
                if rows.iter().all(|(known, _)| *known != code.code.as_str()) {
                    rows.push((code.code.as_str(), code.title.as_str()));
                }
            }
        }
        let unit = now.unit.as_deref().unwrap_or_default();
        for (key, title) in rows {
            let of = |release: &Release| {
                values(release.cell_history(&now.id, key), |value| format!("{value}{unit}"))
            };
            let name = |code: Option<&str>| place(older, newer, code);
            compare(&mut details, &format!("{title}："), &of(older), &of(newer), name);
        }
        if !details.is_empty() {
            compared.changed.push(Changed { title: now.title.clone(), details });
        }
    }
    for before in older.tables.iter() {
        if newer.tables.get(&before.id).is_none() {
            compared.removed.push(before.title.clone());
        }
    }
    compared
}
