//! `tests/rows.toml` and the chapters in `tests/rows/` say what proves each capability row: here they are held to what exists - tests, routes, and the edits that turn
//! a mechanism off.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::state::{AppState, Site};
use crate::testing::Town;

/// The rows that the main job proves.
const ROWS: [&str; 25] = [
    "SA-02", "SA-04", "SA-05", "SA-06", "SA-07", "SA-08", "SA-09", "SA-11", "SA-14", "SA-15", "SA-19",
    "SA-20", "SA-22", "SA-23", "SA-24", "SA-25", "SA-26", "SA-27", "SA-29", "SA-31", "SA-40", "SA-46",
    "DA-01", "DA-08", "DA-12",
];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    /// `crate::module::name`; the first goes red with the switch.
    test: Vec<String>,
    actor: String,
    route: Vec<String>,
    effect: String,
    /// Systems that the plans name and this row makes work, as their texts call them.
    #[serde(default)]
    system: Vec<String>,
    switch: Switch,
    /// In the chapters: who does its steps, and the steps; `office::register_rows` plays them.
    #[serde(default, rename = "by")]
    _by: String,
    #[serde(default)]
    step: Vec<toml::Table>,
}

/// An edit of a file that turns the mechanism off.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Switch {
    file: PathBuf,
    find: String,
    replace: String,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn rows() -> BTreeMap<String, Row> {
    let mut files = vec![root().join("tests/rows.toml")];
    files.extend(std::fs::read_dir(root().join("tests/rows")).unwrap().map(|entry| entry.unwrap().path()));
    let mut rows = BTreeMap::new();
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        let read: BTreeMap<String, Row> =
            toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        for (id, row) in read {
            assert!(rows.insert(id.clone(), row).is_none(), "{id} stands twice");
        }
    }
    rows
}

/// Whether a source file holds a test of the name.
fn is_there(test: &str) -> bool {
    let mut parts: Vec<&str> = test.split("::").collect();
    let (Some(name), crate_name) = (parts.pop(), parts.remove(0)) else { return false };
    let module = parts.join("/");
    let places = [
        format!("crates/{crate_name}/tests/{crate_name}/{module}.rs"),
        format!("crates/{crate_name}/src/{module}.rs"),
        format!("crates/{crate_name}/src/{module}/mod.rs"),
    ];
    places.iter().filter_map(|place| std::fs::read_to_string(root().join(place)).ok()).any(|source| {
        let lines: Vec<&str> = source.lines().map(str::trim).collect();
        let function = [format!("async fn {name}("), format!("fn {name}(")];
        lines.iter().enumerate().any(|(at, line)| {
            function.iter().any(|start| line.starts_with(start.as_str()))
                && lines[..at]
                    .iter()
                    .rev()
                    .take_while(|above| !above.is_empty() && !above.starts_with('}'))
                    .any(|above| {
                        matches!(*above, "#[test]" | "#[tokio::test]") || above.starts_with("#[tokio::test(")
                    })
        })
    })
}

#[tokio::test]
async fn every_row_has_tests_routes_and_a_switch_that_exist() {
    let town = Town::all("rows").await.remove(0);
    let state = AppState::new(town.office.clone(), Site::default());
    let routes = crate::server::routes(&state);
    let rows = rows();
    for row in ROWS {
        assert!(rows.contains_key(row), "{row} is proved by nothing");
    }
    for (id, row) in &rows {
        assert!(!row.test.is_empty() && !row.route.is_empty(), "{id}");
        assert!(!row.actor.is_empty() && !row.effect.is_empty(), "{id}");
        let played = row.test[0].starts_with("office::register_rows::");
        assert_eq!(
            played,
            !row.step.is_empty(),
            "{id}: steps are played by the chapter's test, and by nothing else"
        );
        for test in &row.test {
            assert!(is_there(test), "{id}: there is no test {test}");
        }
        for path in &row.route {
            assert!(routes.list().iter().any(|route| route.path == *path), "{id}: there is no route {path}");
        }
        let Switch { file, find, replace } = &row.switch;
        let text = std::fs::read_to_string(root().join(file)).unwrap_or_else(|error| panic!("{id}: {error}"));
        assert_eq!(text.matches(find.as_str()).count(), 1, "{id}: the switch fits {} once", file.display());
        assert_ne!(find, replace, "{id}");
    }
}

/// What the plans ask for to watch themselves: each by a row, and each as a text calls it.
#[test]
fn the_systems_that_watch_the_plan_are_proved_by_rows() {
    let mut texts = String::new();
    for entry in std::fs::read_dir(root().join("packs/seeds")).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        texts.extend(text.chars().filter(|sign| !sign.is_whitespace()));
    }
    let rows = rows();
    let named: Vec<&str> = rows.values().flat_map(|row| &row.system).map(String::as_str).collect();
    for system in &named {
        assert!(texts.contains(system), "no text calls a system {system}");
    }
    for system in ["动态监测和定期评估", "定期监测和评估", "绩效考核体系"] {
        assert!(named.contains(&system), "{system} is proved by nothing");
    }
}

#[test]
fn a_test_that_is_not_there_is_noticed() {
    assert!(is_there("web::tests::rows::a_test_that_is_not_there_is_noticed"));
    assert!(is_there("office::rows::a_citizen_files_on_line"));
    assert!(!is_there("office::rows::a_citizen_files_by_post"));
    assert!(!is_there("web::tests::rows::is_there"), "a function that is no test");
}
