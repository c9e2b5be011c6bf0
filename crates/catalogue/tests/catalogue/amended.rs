//! Rules that read otherwise from a day.

use std::collections::BTreeMap;

use catalogue::definition::ConditionKind;
use catalogue::{LoadOptions, PackFiles, Release, part_key};
use rules::Part;

use crate::{demo, shown};

fn amended(base: &Release, amendments: &str) -> Result<Release, Vec<catalogue::Finding>> {
    let head = "id = \"database\"\ntitle = \"页面上发布的标准\"\nlayer = \"database\"\n";
    let files = BTreeMap::from([
        ("pack.toml".to_owned(), head.to_owned()),
        ("rules.toml".to_owned(), amendments.to_owned()),
    ]);
    let mut packs = base.pack_files();
    packs.push(PackFiles::new("页面发布", files));
    Release::from_packs(packs, LoadOptions { synthetic: true })
}

fn amendment(programme: &str, part: &str, from: &str, text: &str) -> String {
    format!(
        "[[amendment]]\nprogramme = \"{programme}\"\npart = \"{part}\"\nfrom = {from}\ntext = '''\n{text}'''\nsource = \"通知\"\n"
    )
}

/// Whatever part of whatever programme is amended by its own text, before or on the day, nothing changes: every rule case is decided alike.
#[test]
fn an_amendment_that_changes_nothing_changes_nothing() {
    let base = demo();
    let mut written = String::new();
    for programme in base.programmes.iter() {
        let conditions = programme.conditions.iter().filter(|one| one.kind == ConditionKind::Expression);
        let parts = conditions
            .map(|one| Part::Condition(one.id.get().clone()))
            .chain(programme.definitions.iter().map(|one| Part::Definition(one.id.get().clone())))
            .chain([Part::Amount]);
        for part in parts {
            let day = "2026-10-01".parse().expect("a day");
            let text = base.text_on(&programme.id, &part, day).expect("a text");
            written += &amendment(&programme.id, &part_key(&part), "2026-10-01", &text);
        }
    }
    let release = amended(&base, &written).unwrap_or_else(|findings| panic!("{}", shown(&findings)));
    let (mut before, mut after) = (0, 0);
    for case in base.cases.iter() {
        let (record, context) = base.case_inputs(case).expect("a case");
        let counted =
            if context.law_on < "2026-10-01".parse().expect("a day") { &mut before } else { &mut after };
        *counted += 1;
        let of = |release: &Release| {
            let decided = release.rules(&case.programme).expect("compiled").decide(&record, &context);
            (decided.outcome, decided.amount.clone(), decided.missing.clone())
        };
        assert_eq!(of(&base), of(&release), "{}", *case.id);
    }
    assert!(before > 10 && after > 100, "{before} cases before the day, {after} after it");
}

#[test]
fn the_text_of_the_day_holds_and_a_part_that_is_not_there_is_said() {
    let base = demo();
    let text = |text: &str, from: &str| amendment("dibao", "definition.countable_income", from, text);
    let two = text("gross_income - 7", "2027-01-01") + &text("gross_income - 9", "2028-01-01");
    let release = amended(&base, &two).unwrap_or_else(|findings| panic!("{}", shown(&findings)));
    let part = Part::Definition("countable_income".to_owned());
    let on = |day: &str| release.text_on("dibao", &part, day.parse().expect("a day")).expect("a text");
    assert_eq!(on("2027-12-31"), "gross_income - 7");
    assert_eq!(on("2028-01-01"), "gross_income - 9");
    assert_eq!(Some(on("2026-12-31")), base.text_on("dibao", &part, "2026-12-31".parse().expect("a day")));
    for (programme, part) in [("dibao", "condition.nothing"), ("dibao", "review"), ("nothing", "amount")] {
        let findings = amended(&base, &amendment(programme, part, "2027-01-01", "1")).expect_err("refused");
        assert!(shown(&findings).contains("rules.toml:1"), "{}", shown(&findings));
        assert!(shown(&findings).contains("这一部分"), "{}", shown(&findings));
    }
}
