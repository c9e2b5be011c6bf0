use proptest::prelude::*;

use super::*;

const FILE: &str = include_str!("../../../../facts/holidays.json");

fn calendar() -> Calendar {
    Calendar::from_json(FILE).expect("the holiday file is in order")
}

/// The calendar as it was before the notice for `year` came out.
fn calendar_without(year: i32) -> Calendar {
    let mut calendar = calendar();
    calendar.published.remove(&year);
    calendar.off.retain(|day, _| day.year() != year);
    calendar.work.retain(|day, _| day.year() != year);
    calendar
}

fn day(text: &str) -> NaiveDate {
    text.parse().expect("a date")
}

fn certain(text: &str) -> DueDate {
    DueDate { on: Some(day(text)), earliest: day(text), latest: day(text) }
}

#[test]
fn the_days_of_2026_are_those_of_the_notice() {
    let calendar = calendar();
    for (text, kind, holiday) in [
        ("2026-01-04", DayKind::Working, Some("元旦")),
        ("2026-02-13", DayKind::Working, None),
        ("2026-02-14", DayKind::Working, Some("春节")),
        ("2026-02-15", DayKind::Off, Some("春节")),
        ("2026-02-23", DayKind::Off, Some("春节")),
        ("2026-02-24", DayKind::Working, None),
        ("2026-02-28", DayKind::Working, Some("春节")),
        ("2026-09-20", DayKind::Working, Some("国庆节")),
        ("2026-09-25", DayKind::Off, Some("中秋")),
        ("2026-10-01", DayKind::Off, Some("国庆节")),
        ("2026-10-07", DayKind::Off, Some("国庆节")),
        ("2026-10-08", DayKind::Working, None),
        ("2026-10-10", DayKind::Working, Some("国庆节")),
        ("2026-10-11", DayKind::Off, None),
        ("2026-12-31", DayKind::Working, None),
        ("2027-01-01", DayKind::Undetermined, None),
        ("2027-03-10", DayKind::Undetermined, None),
        ("2027-03-13", DayKind::Undetermined, None),
        ("2018-06-01", DayKind::Undetermined, None),
    ] {
        assert_eq!(calendar.day(day(text)), kind, "{text}");
        assert_eq!(calendar.holiday(day(text)), holiday, "{text}");
    }
    assert!(calendar.published_years().eq(2019..=2026));
}

#[test]
fn every_published_year_has_as_many_days_off_as_the_law_says() {
    // 11 statutory days until 2024, 13 since. Days moved for a holiday cancel out against the days worked for them.
    // 2020 is left out: its Spring Festival was lengthened by a notice of its own.
    let calendar = calendar();
    for (year, statutory) in
        [(2019, 11), (2021, 11), (2022, 11), (2023, 11), (2024, 11), (2025, 13), (2026, 13)]
    {
        let (first, last) = (day(&format!("{}-12-31", year - 1)), day(&format!("{year}-12-31")));
        let all = (last - first).num_days();
        let weekends = first.iter_days().skip(1).take(all as usize).filter(|day| is_weekend(*day)).count();
        let expected =
            u32::try_from(all).expect("a year") - u32::try_from(weekends).expect("weekends") - statutory;
        let counted = calendar.working_days_between(first, last);
        assert_eq!(counted.exact(), Some(counted.least), "{year}");
        // 中秋 and 国庆 on one day, or a holiday within a moved stretch, can differ by a day.
        assert!(counted.least.abs_diff(expected) <= 1, "{year}: {} of {expected}", counted.least);
    }
}

#[test]
fn working_days_are_counted_from_the_next_day_over_holidays_and_make_up_days() {
    let calendar = calendar();
    for (start, n, due) in [
        ("2026-09-15", 3, "2026-09-18"),
        ("2026-09-15", 20, "2026-10-19"),
        ("2026-09-15", 30, "2026-11-02"),
        ("2026-09-15", 45, "2026-11-23"),
        ("2026-09-30", 3, "2026-10-10"),
        ("2026-02-13", 1, "2026-02-14"),
        ("2026-02-14", 3, "2026-02-26"),
        ("2026-11-02", 30, "2026-12-14"),
        ("2026-09-15", 0, "2026-09-15"),
    ] {
        assert_eq!(calendar.working_days_after(day(start), n), certain(due), "{n} after {start}");
    }
}

#[test]
fn days_between_exclude_the_first_and_include_the_last() {
    let calendar = calendar();
    let between = |from, to| calendar.working_days_between(day(from), day(to));
    assert_eq!(between("2026-09-30", "2026-10-10").exact(), Some(3));
    assert_eq!(between("2026-09-30", "2026-10-07").exact(), Some(0));
    assert_eq!(between("2026-10-10", "2026-10-10").exact(), Some(0));
    assert_eq!(between("2026-10-12", "2026-10-10").exact(), Some(0));
    let over = between("2026-12-28", "2027-01-08");
    assert_eq!((over.least, over.most, over.exact()), (6, 10, None));
}

#[test]
fn natural_days_and_months_end_on_a_working_day() {
    let calendar = calendar();
    let due = |start, limit| calendar.due(day(start), limit);
    // A Tuesday is a Tuesday.
    assert_eq!(due("2026-11-03", TimeLimit::natural_days(7)), certain("2026-11-10"));
    // The last day is 3 October: the first working day after the holiday.
    assert_eq!(due("2026-09-26", TimeLimit::natural_days(7)), certain("2026-10-08"));
    // The last day is a Saturday, but worked.
    assert_eq!(due("2026-10-03", TimeLimit::natural_days(7)), certain("2026-10-10"));
    assert_eq!(due("2026-11-01", TimeLimit::natural_days(0)), certain("2026-11-02"));
    // No 31 June, no 29 February: the month's last day; 28 February 2026 is a worked Saturday.
    assert_eq!(due("2025-12-31", TimeLimit::months(6)), certain("2026-06-30"));
    assert_eq!(due("2025-11-30", TimeLimit::months(3)), certain("2026-02-28"));
    assert_eq!(due("2026-04-01", TimeLimit::months(6)), certain("2026-10-08"));
    assert_eq!(due("2026-09-15", TimeLimit::working_days(30)), certain("2026-11-02"));
}

#[test]
fn an_unpublished_year_gives_bounds_instead_of_a_date() {
    let calendar = calendar();
    let due = calendar.working_days_after(day("2026-12-15"), 30);
    assert_eq!(due.on, None);
    assert!(due.earliest < due.latest && (due.latest - due.earliest).num_days() <= 25, "{due}");
    assert!(due.zh().ends_with("之间（放假安排尚未公布）"), "{due}");
    assert!(!due.is_past(due.latest) && due.is_past(due.latest.succ_opt().expect("a day")));
    // March is far from every holiday: one reading only, though the notice is still to come.
    let due = calendar.working_days_after(day("2027-03-09"), 3);
    assert_eq!((due.on, due.earliest, due.latest), (None, day("2027-03-12"), day("2027-03-12")));
    assert_eq!(due.zh(), "2027年3月12日（放假安排尚未公布）");
    // 1 January is off in any year; the Saturday after it might be worked.
    let due = calendar.due(day("2026-07-01"), TimeLimit::months(6));
    assert_eq!((due.on, due.earliest), (None, day("2027-01-02")));
    assert_eq!(certain("2026-11-02").to_string(), "2026年11月2日");
}

/// The bounds are sound: take any year's notice away, and what came to be lies within them.
#[test]
fn every_notice_so_far_falls_within_the_bounds() {
    let truth = calendar();
    for year in 2019..=2026 {
        let before = calendar_without(year);
        let first = if year == 2019 { day("2019-01-01") } else { day(&format!("{}-11-01", year - 1)) };
        for start in first.iter_days().take_while(|day| day.year() <= year) {
            let mut limits = [1, 2, 3, 5, 10, 15, 20, 30, 45, 60, 120].map(TimeLimit::working_days).to_vec();
            limits.extend([7, 15, 30, 60].map(TimeLimit::natural_days));
            limits.extend([1, 3, 6].map(TimeLimit::months));
            for limit in limits {
                let (read, true_due) = (before.due(start, limit), truth.due(start, limit));
                let Some(on) = true_due.on else { continue };
                assert!(
                    read.earliest <= on && on <= read.latest,
                    "{limit} from {start}: {on} not in {read:?}"
                );
                assert!(read.on.is_none_or(|read| read == on), "{limit} from {start}: {on} is not {read:?}");
            }
        }
    }
}

#[test]
fn a_bridge_from_the_next_new_year_leaves_december_open() {
    // 1 January 2019 was a Tuesday: 29 December 2018 was worked and the 31st was off.
    let text = r#"{"years":{"2018":{"off":[],"work":[]}}}"#;
    let calendar: Calendar = text.parse().expect("in order");
    assert_eq!(calendar.day(day("2018-12-31")), DayKind::Undetermined);
    assert_eq!(calendar.day(day("2018-12-29")), DayKind::Undetermined);
    assert_eq!(calendar.day(day("2018-12-21")), DayKind::Working);
    let due = calendar.working_days_after(day("2018-12-28"), 1);
    assert_eq!((due.on, due.earliest), (None, day("2018-12-29")));
    // Published, it is settled.
    let text = r#"{"years":{"2018":{"off":[],"work":[]},
        "2019":{"off":[["元旦","2018-12-30","2019-01-01"]],"work":[["2018-12-29","元旦"]]}}}"#;
    let calendar: Calendar = text.parse().expect("in order");
    assert_eq!(calendar.working_days_after(day("2018-12-28"), 2), certain("2019-01-02"));
}

#[test]
fn a_contradictory_file_is_refused_with_its_day() {
    let refused = |year: &str| {
        let text = format!(r#"{{"years":{{"2026":{year}}}}}"#);
        Calendar::from_json(&text).expect_err("refused").to_string()
    };
    assert!(refused(r#"{"off":[["国庆节","2026-10-07","2026-10-01"]],"work":[]}"#).contains("颠倒"));
    assert!(refused(r#"{"off":[["国庆节","2025-10-01","2025-10-07"]],"work":[]}"#).contains("不在这一年"));
    assert!(refused(r#"{"off":[],"work":[["2026-10-09","国庆节"]]}"#).contains("周六或周日"));
    let both = refused(r#"{"off":[["国庆节","2026-10-01","2026-10-04"]],"work":[["2026-10-04","国庆节"]]}"#);
    assert!(both.contains("2026-10-04") && both.contains("同一天"), "{both}");
    assert!(refused(r#"{"off":[["国庆节","2026-10-32","2026-10-04"]],"work":[]}"#).contains("无法读取"));
    assert!(Calendar::from_json("").is_err());
}

proptest! {
    /// Counting forward and counting between are two sides of one thing.
    #[test]
    fn counting_forward_and_between_agree(offset in 0_i64..2700, n in 1_u16..60) {
        let calendar = calendar();
        let start = day("2019-01-01") + chrono::Duration::days(offset);
        let due = calendar.working_days_after(start, n);
        prop_assert!(due.earliest <= due.latest);
        if let Some(on) = due.on {
            prop_assert_eq!(calendar.day(on), DayKind::Working);
            prop_assert_eq!(calendar.working_days_between(start, on).exact(), Some(u32::from(n)));
        }
    }

    /// In years nobody has published, bounds stay in order, and a longer limit never ends sooner.
    #[test]
    fn bounds_are_in_order_for_ever(offset in 0_i64..40_000, n in 0_u16..300) {
        let calendar = calendar();
        let start = day("2027-01-01") + chrono::Duration::days(offset);
        for limit in [TimeLimit::working_days, TimeLimit::natural_days] {
            let (due, longer) = (calendar.due(start, limit(n)), calendar.due(start, limit(n + 1)));
            prop_assert!(start <= due.earliest && due.earliest <= due.latest);
            prop_assert!(due.earliest <= longer.earliest && due.latest <= longer.latest);
        }
    }
}
