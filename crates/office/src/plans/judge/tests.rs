//! The method by its cases.

use super::*;

fn plan() -> Plan {
    toml::from_str(
        "id = \"p\"\nname = \"规划\"\nfrom = 2021\nuntil = 2025\nbase_year = 2020\nremind_months = 3\nwarn_months = 12\nseed = \"s\"\nsource = \"规划\"\n",
    )
    .unwrap()
}

fn indicator(more: &str) -> PlanIndicator {
    toml::from_str(&format!(
        "id = \"i\"\nname = \"占比\"\nunit = \"%\"\nkind = \"binding\"\nsource = \"占比\"\n{more}"
    ))
    .unwrap()
}

const UP: &str = "baseline = { year = 2020, number = 30 }\ntarget = { year = 2025, number = 55 }\n";

fn number(text: &str) -> Number {
    text.parse().unwrap()
}

fn month(text: &str) -> Month {
    text.parse().unwrap()
}

fn points(list: &[(&str, &str)]) -> Vec<Point> {
    list.iter().map(|(at, value)| Point { month: month(at), number: number(value) }).collect()
}

fn judged(indicator: &PlanIndicator, list: &[(&str, &str)], today: &str) -> Judgement {
    let target = printed(&plan(), indicator);
    judge(&plan(), indicator, &target, &points(list), month(today))
}

fn standing(more: &str, list: &[(&str, &str)], today: &str) -> Standing {
    judged(&indicator(more), list, today).standing
}

#[test]
fn the_path_is_straight_unless_stages_say_otherwise() {
    let line = indicator(UP);
    let nodes = path(&plan(), &line, &printed(&plan(), &line));
    assert_eq!(expected(&nodes, month("2023-06")), Some(number("42.5")));
    assert_eq!(expected(&nodes, month("2020-06")), None, "before the baseline nothing is expected");
    assert_eq!(expected(&nodes, month("2027-01")), Some(number("55")));
    let staged = indicator(&format!("{UP}milestone = [{{ year = 2022, number = 50 }}]\n"));
    let nodes = path(&plan(), &staged, &printed(&plan(), &staged));
    assert_eq!(expected(&nodes, month("2022-12")), Some(number("50")));
    assert_eq!(expected(&nodes, month("2021-12")), Some(number("40")));
    let added = indicator(
        "additive = true\ntarget = { year = 2025 }\nmilestone = [{ year = 2021, number = 10 }, { year = 2022, number = 20 }, { year = 2025, number = 14 }]\n",
    );
    let target = printed(&plan(), &added);
    assert_eq!(target.number, Some(number("44")), "the sum of what each year adds");
    assert_eq!(expected(&path(&plan(), &added, &target), month("2022-12")), Some(number("30")));
}

#[test]
fn a_value_is_held_against_the_path_of_its_own_month() {
    assert_eq!(standing(UP, &[("2023-06", "42.5")], "2023-09"), Standing::OnCourse);
    assert_eq!(standing(UP, &[("2023-06", "42.4")], "2023-09"), Standing::Behind);
    assert_eq!(standing(UP, &[("2023-06", "55")], "2023-09"), Standing::Reached);
    let down = "direction = \"down\"\nbaseline = { year = 2020, number = 30 }\ntarget = { year = 2025, number = 20 }\n";
    assert_eq!(standing(down, &[("2023-06", "25")], "2023-09"), Standing::OnCourse);
    assert_eq!(standing(down, &[("2023-06", "26")], "2023-09"), Standing::Behind);
    assert_eq!(standing(down, &[("2023-06", "20")], "2023-09"), Standing::Reached);
    let more = "target = { year = 2025, number = 55, comparator = \"more_than\" }\n";
    assert_eq!(standing(more, &[("2025-12", "55")], "2026-01"), Standing::Missed);
    let range = "target = { year = 2025, number = 1, most = 2, comparator = \"range\" }\n";
    assert_eq!(standing(range, &[("2025-12", "2")], "2026-01"), Standing::Reached);
    assert_eq!(standing(range, &[("2025-12", "3")], "2026-01"), Standing::Missed);
}

#[test]
fn unknown_is_not_behind() {
    assert_eq!(standing(UP, &[], "2025-11"), Standing::Unknown);
    assert_eq!(standing(UP, &[], "2027-01"), Standing::Unknown, "not even after the end");
    assert_eq!(
        standing(UP, &[("2024-12", "40")], "2026-06"),
        Standing::Unknown,
        "an old value does not tell the end"
    );
    assert_eq!(standing(UP, &[("2025-12", "54.9")], "2026-06"), Standing::Missed);
    let dash = "baseline = { year = 2020 }\ntarget = { year = 2025, number = 100 }\n";
    assert_eq!(standing(dash, &[("2023-06", "40")], "2023-09"), Standing::NoPath);
    assert_eq!(standing(dash, &[("2023-06", "100")], "2023-09"), Standing::Reached);
    assert_eq!(
        standing("target = { year = 2025, printed = \"逐步实现\" }\n", &[("2023-06", "1")], "2023-09"),
        Standing::Words
    );
    assert_eq!(
        standing(UP, &[("2024-06", "50")], "2023-09"),
        Standing::Unknown,
        "a value of the future is none"
    );
}

#[test]
fn a_binding_target_that_both_forecasts_miss_is_said_a_year_before() {
    let slow = [("2023-12", "36"), ("2024-12", "38")];
    let judgement = judged(&indicator(UP), &slow, "2025-01");
    assert_eq!(judgement.standing, Standing::Behind);
    assert_eq!(judgement.forecast, Some(Forecast { least: number("40"), most: number("40") }));
    assert!(judgement.alert);
    assert!(!judged(&indicator(UP), &slow, "2024-11").alert, "not earlier than a year before");
    let expected = indicator(&UP.replace("baseline", "direction = \"up\"\nbaseline"));
    let soft = PlanIndicator { kind: IndicatorKind::Expected, ..expected };
    assert!(!judged(&soft, &slow, "2025-01").alert, "only binding ones");
    let catching_up = [("2023-12", "36"), ("2024-12", "46")];
    let judgement = judged(&indicator(UP), &catching_up, "2025-01");
    assert_eq!(judgement.forecast, Some(Forecast { least: number("50"), most: number("56") }));
    assert!(!judgement.alert, "the last step would reach it");
    assert!(judged(&indicator(UP), &[("2025-12", "50")], "2025-12").forecast.is_none(), "it is due");
    let fast = judged(&indicator(UP), &[("2022-12", "80"), ("2023-12", "99")], "2024-01");
    assert!(
        fast.forecast.is_some_and(|forecast| forecast.most <= number("100")),
        "no share is more than all"
    );
}

#[test]
fn a_yearly_target_holds_in_each_year() {
    let yearly = "yearly = true\ntarget = { number = 20, comparator = \"at_least\" }\n";
    assert_eq!(standing(yearly, &[("2023-12", "20")], "2024-01"), Standing::Reached);
    assert_eq!(standing(yearly, &[("2023-12", "19")], "2024-01"), Standing::Behind);
}
