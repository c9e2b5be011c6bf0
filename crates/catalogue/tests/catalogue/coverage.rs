//! The cases that ship show every condition of their programmes from every side; what they leave out is said at its line.

use catalogue::{Finding, LoadOptions, PackFiles, Release, Severity, line_of};

use crate::{city, demo, folder, shown};

#[test]
fn the_shipped_cases_show_every_condition_from_every_side() {
    let findings = demo().check_cases();
    assert!(findings.is_empty(), "{}", shown(&findings));
}

/// What is said when the demonstration lacks the cases that hold all of these texts: how many were taken out, and the findings.
fn without(texts: &[&str]) -> (usize, Vec<Finding>) {
    let mut files: Vec<PackFiles> = demo().pack_files();
    let mut removed = 0;
    for pack in &mut files {
        for (_, text) in pack.files.iter_mut().filter(|(path, _)| path.starts_with("cases/")) {
            let all = text.split("\n[[case]]").count();
            let kept: Vec<&str> = text
                .split("\n[[case]]")
                .filter(|case| !texts.iter().all(|text| case.contains(text)))
                .collect();
            removed += all - kept.len();
            *text = kept.join("\n[[case]]");
        }
    }
    let release = Release::from_packs(files, LoadOptions { synthetic: true });
    (removed, release.unwrap_or_else(|findings| panic!("{}", shown(&findings))).check_cases())
}

/// The line of a text in the national rules.
fn line(text: &str) -> usize {
    let rules = std::fs::read_to_string(folder("national/01-assistance/dibao.toml")).expect("is there");
    line_of(&rules, rules.find(text).unwrap_or_else(|| panic!("{text}")))
}

#[test]
fn a_threshold_that_no_case_crosses_is_said_at_its_line() {
    let (removed, found) = without(&["programme = \"dibao\"", "houses = 2"]);
    assert!(removed > 0);
    assert_eq!(found.len(), 1, "{}", shown(&found));
    assert_eq!(found[0].line, line("AND houses <= param.house_limit"));
    assert_eq!(found[0].severity, Severity::Error);
    assert!(found[0].file.ends_with("01-assistance/dibao.toml"), "{}", found[0]);
    assert!(found[0].zh.contains("不成立的一边没有例子"), "{}", found[0]);
    assert!(found[0].expected.contains("programme = \"dibao\""), "{}", found[0]);
}

#[test]
fn a_condition_that_no_case_leaves_open_is_said_at_its_line() {
    let (removed, found) = without(&["programme = \"dibao\"", "missing = [\"finding.cooperation\"]"]);
    assert!(removed > 0);
    assert_eq!(found.len(), 1, "{}", shown(&found));
    assert_eq!(found[0].line, line("id = \"cooperation\""));
    assert!(found[0].zh.contains("情况不明"), "{}", found[0]);
}

#[test]
fn a_citys_few_cases_of_a_national_programme_are_enough() {
    let findings = city().check_cases();
    assert!(findings.is_empty(), "{}", shown(&findings));
}

#[test]
fn a_programme_without_cases_is_not_asked_for_any() {
    let national = folder("national");
    let release = Release::load(&[&national]).expect("loads");
    assert!(release.check_cases().is_empty());
    let all = Release::check_with_cases(&[&national], LoadOptions::default());
    assert!(all.iter().all(|finding| finding.severity != Severity::Error), "{}", shown(&all));
}
