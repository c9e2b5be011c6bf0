//! The plans of the five places: everything that their texts print is there, quoted, and what does not fit together is found.

use std::collections::BTreeMap;

use catalogue::definition::{IndicatorKind, PlanShare};
use catalogue::plan::{Contradiction, ContradictionKind, PlanBook, Verdict, squeezed};
use catalogue::{LoadOptions, Number, PackFiles, Release};

use crate::{folder, shown};

const PLACES: [&str; 5] = ["baoding", "county", "suqian", "wenshan", "wuhai"];

fn book(place: &str) -> PlanBook {
    PlanBook::load(&folder(place)).unwrap_or_else(|findings| panic!("{place}: {}", shown(&findings)))
}

/// How often a project or a task says which indicator it moves.
fn ties(book: &PlanBook) -> usize {
    let projects: usize = book.projects.iter().map(|one| one.serves.len()).sum();
    projects + book.tasks.iter().map(|one| one.serves.len()).sum::<usize>()
}

fn found(place: &str) -> Vec<(ContradictionKind, String)> {
    book(place).contradictions().into_iter().map(|one| (one.kind, one.about)).collect()
}

fn about<'a>(found: &'a [Contradiction], about: &str, kind: ContradictionKind) -> &'a Contradiction {
    found
        .iter()
        .find(|one| one.about == about && one.kind == kind)
        .unwrap_or_else(|| panic!("{about} is not found: {found:#?}"))
}

/// PL-01, PL-07, PL-09: every row of the printed tables and every number, project, task and achievement of the running text.
#[test]
fn nothing_that_is_printed_is_missing() {
    let counts = |place: &str| {
        let book = book(place);
        let stages: usize = book.projects.iter().map(|one| one.milestones.len()).sum();
        [
            book.indicators.len(),
            book.projects.len(),
            stages,
            book.tasks.len(),
            book.achievements.len(),
            book.standards.len(),
            book.documents.len(),
        ]
    };
    assert_eq!(counts("baoding"), [52, 64, 0, 63, 72, 47, 3]);
    assert_eq!(counts("county"), [34, 38, 0, 43, 0, 16, 1]);
    assert_eq!(counts("suqian"), [67, 67, 0, 126, 81, 77, 2]);
    assert_eq!(counts("wenshan"), [62, 50, 47, 61, 78, 51, 8]);
    assert_eq!(counts("wuhai"), [51, 77, 0, 99, 66, 92, 32]);
    let tables = |place: &str, table: u8| {
        let book = book(place);
        let rows = book.indicators.iter().filter(|one| one.table == Some(table) && one.row.is_some());
        rows.map(|one| one.no.clone().unwrap_or_default()).collect::<Vec<_>>()
    };
    let numbered = |last: usize| (1..=last).map(|no| no.to_string()).collect::<Vec<_>>();
    let mut suqian = numbered(15);
    suqian.splice(0..1, ["1a".to_owned(), "1b".to_owned()]);
    assert_eq!(tables("suqian", 1), suqian);
    assert_eq!(tables("suqian", 2), numbered(20));
    assert_eq!(tables("wuhai", 2), numbered(12));
    assert_eq!(tables("wenshan", 1), numbered(14));
    let mut wenshan = numbered(13);
    wenshan.insert(2, String::new());
    assert_eq!(tables("wenshan", 2), wenshan, "one row is printed without a number");
}

/// PL-01: a dash is unknown, a damaged print stands beside its reading, and every quote stands in the text with the value inside it.
#[test]
fn what_is_printed_stands_as_printed() {
    let suqian = book("suqian");
    let station = suqian.indicator("sq_t2_12").unwrap();
    assert_eq!(station.baseline.as_ref().unwrap().number, None, "a dash is not zero");
    assert_eq!(station.baseline.as_ref().unwrap().printed.as_ref().unwrap().as_str(), "——");
    assert_eq!(station.kind, IndicatorKind::Expected);
    let homes = suqian.indicator("sq_t1_06").unwrap();
    assert_eq!(homes.achieved.as_ref().unwrap().words(), "9997.1（读作城市99、农村97.1）");
    let support = suqian.achievements.iter().find(|one| one.id == *"sq_a_012").unwrap();
    assert_eq!(support.figure.as_ref().unwrap().number, Some(Number::new(9061, 0)));
    let beds = book("baoding").indicator("bd_i032").unwrap().clone();
    assert_eq!(beds.milestones[0].year, Some(2022));
    assert_eq!(beds.milestones[0].number, Some(Number::new(50, 0)));
    let worker = book("baoding").indicator("bd_i026").unwrap().target.clone().unwrap();
    assert_eq!(worker.number.unwrap().to_string(), "1.4");
    let mut quotes = 0;
    for place in PLACES {
        let book = book(place);
        let silent = book
            .indicators
            .iter()
            .find(|one| (one.printed_name.is_some() || one.printed_category.is_some()) && one.note.is_none());
        assert!(silent.is_none(), "{place}: what is mended says so: {:?}", silent.map(|one| &one.id));
        let files = PackFiles::read(&folder(place)).unwrap();
        let text = squeezed(&files.files[book.plan.seed.as_str()]);
        for line in book.lines() {
            assert!(!line.source.is_empty(), "{place}: {line:?}");
            assert!(text.contains(&squeezed(&line.source)), "{place}: {line:?}");
            quotes += 1;
        }
    }
    assert_eq!(quotes, 1_627, "entries of five plans");
}

/// PL-01: where no category is printed, an entry stands under the heading of the text that it follows, and names its place in the text.
#[test]
fn an_entry_stands_under_its_heading() {
    for place in ["wenshan", "wuhai"] {
        let book = book(place);
        let of = |words: &Option<String>| squeezed(words.as_deref().unwrap_or_default());
        let promised = book.indicators.iter().filter(|one| !one.is_history());
        let indicators =
            promised.map(|one| (&one.domain, &one.section, one.row.as_ref().unwrap_or(&one.source)));
        let projects = book
            .projects
            .iter()
            .map(|one| (&one.domain, &one.section, one.row.as_ref().unwrap_or(&one.source)));
        let tasks = book.tasks.iter().map(|one| (&one.domain, &one.section, &one.source));
        let entries: Vec<(String, String, String)> = indicators
            .chain(projects)
            .chain(tasks)
            .map(|(domain, section, quote)| (of(domain), of(section), squeezed(quote)))
            .collect();
        let files = PackFiles::read(&folder(place)).unwrap();
        let (mut text, mut headings) = (String::new(), Vec::new());
        for line in files.files[book.plan.seed.as_str()].lines().map(squeezed) {
            if let Some((domain, ..)) = entries.iter().find(|(domain, ..)| line.ends_with(domain.as_str())) {
                let number = line.strip_suffix(domain.as_str()).unwrap_or_default();
                headings.push((text.len(), number.to_owned(), domain.clone()));
            }
            text.push_str(&line);
        }
        for (domain, section, quote) in &entries {
            assert!(!domain.is_empty() && !section.is_empty(), "{place}: {quote}");
            // A table and a box have a name of their own, which is not the chapter's number.
            let numbered = |number: &str| {
                number.starts_with('表') || section.starts_with("专栏") || section.contains(number)
            };
            let under = text.match_indices(quote.as_str()).any(|(at, _)| {
                let heading = headings.iter().rfind(|(start, ..)| *start <= at);
                heading.is_some_and(|(_, number, heading)| heading == domain && numbered(number.as_str()))
            });
            assert!(under, "{place}: {quote} does not stand under {domain}, {section}");
        }
    }
    for place in PLACES {
        let lines = book(place).lines();
        let nowhere = lines.iter().find(|line| line.section.is_empty() && line.sort != "引用文件");
        assert!(nowhere.is_none(), "{place}: {nowhere:?} names no place in the text");
    }
}

/// PL-02: one promise in a table and again in the text is one; where number, year or what it is counted over differs, it stays two.
#[test]
fn a_promise_printed_twice_is_one() {
    let again = |place: &str| -> Vec<(String, String)> {
        let book = book(place);
        let mut again: Vec<_> =
            book.restated().into_iter().map(|(id, first)| (id.to_owned(), first.to_owned())).collect();
        again.sort();
        again
    };
    let pairs = |list: &[(&str, &str)]| -> Vec<(String, String)> {
        list.iter().map(|(id, first)| ((*id).to_owned(), (*first).to_owned())).collect()
    };
    // 社工站 90% and 全覆盖 are two promises, whatever the text means by them.
    assert_eq!(
        again("suqian"),
        pairs(&[("sq_tx_08", "sq_t2_02"), ("sq_tx_13", "sq_t2_09"), ("sq_tx_15", "sq_t2_15")])
    );
    assert_eq!(again("wenshan"), pairs(&[("ws_r_10", "ws_t2_13")]));
    assert_eq!(
        again("wuhai"),
        pairs(&[
            ("wh_i013", "wh_i004"),
            ("wh_i014", "wh_i004"),
            ("wh_i016", "wh_i005"),
            ("wh_i017", "wh_i005"),
            ("wh_i020", "wh_i003"),
            ("wh_i040", "wh_i009"),
            ("wh_i041", "wh_i009"),
            ("wh_i042", "wh_i010"),
        ])
    );
    assert!(again("baoding").is_empty() && again("county").is_empty());
}

/// PL-07: 专栏2 prints stations by county and year; each year's counties make the year's number, all years make 104.
#[test]
fn stations_stand_by_county_and_year() {
    let book = book("wenshan");
    let project = book.project("ws_p2_4").unwrap();
    let mut by_county: BTreeMap<&str, i64> = BTreeMap::new();
    let mut by_year: BTreeMap<u16, i64> = BTreeMap::new();
    for milestone in &project.milestones {
        let mut sum = 0;
        for PlanShare { places, each } in &milestone.shares {
            for place in places {
                *by_county.entry(place).or_default() += each;
                sum += each;
            }
        }
        assert_eq!(milestone.quantity.as_ref().unwrap().number, Some(Number::new(sum, 0)));
        *by_year.entry(milestone.year.unwrap()).or_default() += sum;
    }
    assert_eq!(by_year, BTreeMap::from([(2021, 10), (2022, 20), (2023, 30), (2024, 30), (2025, 14)]));
    assert_eq!((by_county["文山市"], by_county["西畴县"], by_county.values().sum::<i64>()), (15, 12, 104));
}

/// PL-02: what the texts themselves contradict, each found with the words of both places.
#[test]
fn the_contradictions_of_the_texts_are_found() {
    let suqian = book("suqian").contradictions();
    let stations = about(&suqian, "乡镇(街道)社工站覆盖率", ContradictionKind::TwoValues);
    assert!(stations.finding.contains("90%") && stations.finding.contains("全覆盖"), "{stations:?}");
    assert_eq!(stations.quotes[1].source, "实现乡镇(街道)社会工作服务站全覆盖");
    let floor = about(&suqian, "农村特困人员供养标准不低于低保标准的1.3倍", ContradictionKind::Rule);
    assert!(floor.finding.contains("9061低于7320×1.3=9516"), "{floor:?}");

    let wenshan = book("wenshan").contradictions();
    let box_three: Vec<&Contradiction> = wenshan
        .iter()
        .filter(|one| one.kind == ContradictionKind::Sum && one.about.starts_with("专栏3"))
        .collect();
    assert_eq!(box_three.len(), 2);
    for (one, (year, sum, printed)) in box_three.iter().zip([("2024", "22", "20"), ("2025", "34", "30")]) {
        assert!(one.quotes[0].figure.starts_with(year), "{one:?}");
        assert!(
            one.finding.contains(&format!("是{sum}家（马关县写了两次），原文写的是{printed}家")),
            "{one:?}"
        );
    }
    let villages = about(&wenshan, "村级综合服务设施覆盖率", ContradictionKind::TwoValues);
    assert!(villages.finding.contains("60%") && villages.finding.contains("97.87%"), "{villages:?}");
    let passed = about(&wenshan, "村级综合服务设施覆盖率", ContradictionKind::BaselineAboveTarget);
    assert!(passed.finding.contains("97.87%") && passed.finding.contains("70%"), "{passed:?}");

    let baoding = book("baoding").contradictions();
    let villages = about(&baoding, "行政村与社区之和应等于村居总数", ContradictionKind::Sum);
    assert_eq!(villages.finding, "5160+447=5607，原文写的是5622，相差15。");
    assert_eq!(villages.quotes.len(), 3);

    let wuhai = book("wuhai").contradictions();
    let beds = about(&wuhai, "每千名老人拥有床位数", ContradictionKind::TwoBases);
    assert!(beds.finding.contains("养老机构、社区居家养老服务设施共有床位"), "{beds:?}");
    assert_eq!(beds.quotes.len(), 2);
}

/// PL-02: the whole list of each text, so that a finding too many is seen as well as one that is lost.
#[test]
fn nothing_else_is_called_a_contradiction() {
    use ContradictionKind as Kind;
    let expect = |place: &str, list: &[(Kind, &str)]| {
        let list: Vec<(Kind, String)> =
            list.iter().map(|(kind, about)| (*kind, (*about).to_owned())).collect();
        assert_eq!(found(place), list, "{place}");
    };
    expect(
        "baoding",
        &[
            (Kind::Sum, "行政村与社区之和应等于村居总数"),
            (Kind::TwoValues, "乡镇中心型公益性安葬设施覆盖"),
            (Kind::TwoValues, "城乡社区综合服务设施覆盖率"),
            (Kind::Percentage, "农村低保月人均补差增幅"),
        ],
    );
    expect("county", &[]);
    expect(
        "suqian",
        &[
            (Kind::TwoValues, "乡镇(街道)社工站覆盖率"),
            (Kind::TwoBases, "每万人拥有社会组织数"),
            (Kind::Percentage, "社会散居孤儿养育标准增幅"),
            (Kind::Rule, "农村特困人员供养标准不低于低保标准的1.3倍"),
        ],
    );
    expect(
        "wenshan",
        &[
            (Kind::Sum, "州级新增社会组织应等于社会团体与民办非企业之和"),
            (Kind::Sum, "专栏3：培育和孵化“百家”为老、为小的综合性社会组织"),
            (Kind::Sum, "专栏3：培育和孵化“百家”为老、为小的综合性社会组织"),
            (Kind::TwoValues, "村级综合服务设施覆盖率"),
            (Kind::TwoValues, "注册志愿者占居民人口比例"),
            (Kind::TwoDates, "乡镇级农村公益性公墓覆盖率"),
            (Kind::TwoBases, "养老机构护理型床位占比"),
            (Kind::TwoBases, "火化率"),
            (Kind::TwoBases, "特困人员基本生活标准"),
            (Kind::TwoBases, "社会工作专业人才占人口比例"),
            (Kind::BaselineAboveTarget, "村级综合服务设施覆盖率"),
            (Kind::AfterEnd, "为老、为小的综合性社会组织"),
            (Kind::AfterEnd, "持证社工人数"),
            (Kind::AfterEnd, "每所学校持社工证人数"),
            (Kind::AfterEnd, "县级以上人民医院持社工证人数"),
        ],
    );
    expect(
        "wuhai",
        &[
            (Kind::TwoBases, "护理型床位占比"),
            (Kind::TwoBases, "每千名老人拥有床位数"),
            (Kind::Percentage, "未成年人保护机构覆盖率应能由3个区得出"),
        ],
    );
}

/// A plan in a few lines, with the text it quotes.
fn small(entries: &str) -> Result<PlanBook, Vec<catalogue::Finding>> {
    const TEXT: &str = "某市规划（2021—2025年）。床位40张提高到60张，空置率30%降到20%，10年内完成，甲县3个、乙县 2个，共5个，占50%。\
        到2027年全覆盖。工作站20个，其中示范站5个，占25%，比上期的16个增长25%。";
    let head = "[[plan]]\nid = \"small\"\nname = \"某市规划\"\nfrom = 2021\nuntil = 2025\nbase_year = 2020\nremind_months = 3\nwarn_months = 12\nseed = \"plan.txt\"\nsource = \"某市规划(2021—2025年)\"\n";
    let pack = "id = \"small\"\ntitle = \"小\"\nlayer = \"city\"\n";
    let files = BTreeMap::from([
        ("pack.toml".to_owned(), pack.to_owned()),
        ("plan.toml".to_owned(), format!("{head}{entries}")),
        ("plan.txt".to_owned(), TEXT.to_owned()),
    ]);
    Release::from_packs(vec![PackFiles::new("small", files)], LoadOptions::default())
        .map(|mut release| release.plans.remove(0))
}

fn kinds(entries: &str) -> Vec<ContradictionKind> {
    let book = small(entries).unwrap_or_else(|findings| panic!("{}", shown(&findings)));
    book.contradictions().into_iter().map(|one| one.kind).collect()
}

const BEDS: &str = "[[plan_indicator]]\nid = \"beds\"\nname = \"床位\"\nkind = \"binding\"\nsource = \"床位40张提高到60张\"\n";

#[test]
fn a_baseline_better_than_its_target_is_found_by_direction() {
    let figures = |from: u8, to: u8| {
        format!(
            "{BEDS}baseline = {{ year = 2020, printed = \"{from}张\", number = {from} }}\ntarget = {{ year = 2025, printed = \"{to}张\", number = {to} }}\n"
        )
    };
    assert_eq!(kinds(&figures(40, 60)), []);
    assert_eq!(kinds(&figures(60, 40)), [ContradictionKind::BaselineAboveTarget]);
    let down = |text: String| text.replace("kind = \"binding\"", "kind = \"binding\"\ndirection = \"down\"");
    assert_eq!(kinds(&down(figures(40, 60))), [ContradictionKind::BaselineAboveTarget]);
    assert_eq!(kinds(&down(figures(60, 40))), []);
}

#[test]
fn sums_percentages_dates_and_growth_are_reckoned() {
    let project = |total: &str, percent: u8| {
        format!(
            "[[plan_project]]\nid = \"stations\"\nname = \"站\"\nsource = \"甲县3个、乙县2个,共5个,占50%\"\n[[plan_project.milestone]]\nwhat = \"建站\"\nyear = 2022\n\
             shares = [{{ places = [\"甲县\"], each = {total} }}, {{ places = [\"乙县\"], each = 2 }}]\nquantity = {{ printed = \"5个\", number = 5 }}\npercent = {percent}\nsource = \"甲县3个、乙县2个,共5个\"\n"
        )
    };
    assert_eq!(kinds(&project("3", 100)), []);
    assert_eq!(kinds(&project("4", 100)), [ContradictionKind::Sum]);
    assert_eq!(kinds(&project("3", 50)), [ContradictionKind::Percentage]);
    let late = "[[plan_indicator]]\nid = \"late\"\nname = \"覆盖\"\nkind = \"expected\"\nunit = \"%\"\nsource = \"到2027年全覆盖\"\ntarget = { year = 2027, printed = \"全覆盖\", read = \"100%\", number = 100 }\n";
    assert_eq!(kinds(late), [ContradictionKind::AfterEnd]);
    let counts = "[[plan_achievement]]\nid = \"all\"\nname = \"工作站\"\nsource = \"工作站20个\"\nfigure = { printed = \"20个\", number = 20 }\n\
        [[plan_achievement]]\nid = \"model\"\nname = \"示范站\"\nsource = \"其中示范站5个\"\nfigure = { printed = \"5个\", number = 5 }\n\
        [[plan_achievement]]\nid = \"share\"\nname = \"占比\"\nsource = \"占25%\"\nfigure = { printed = \"25%\", number = 25 }\n\
        [[plan_achievement]]\nid = \"before\"\nname = \"上期工作站\"\nsource = \"比上期的16个增长25%\"\nfigure = { printed = \"16个\", number = 16 }\n\
        [[plan_achievement]]\nid = \"growth\"\nname = \"增长\"\nsource = \"比上期的16个增长25%\"\nfigure = { printed = \"增长25%\", number = 25 }\n";
    let relation =
        |rest: &str| format!("{counts}[[plan_relation]]\nid = \"relation\"\ntitle = \"关系\"\n{rest}\n");
    let share = "kind = \"share\"\nvalue = \"share\"\npart = \"model\"\nwhole = \"all\"";
    assert_eq!(kinds(&relation(share)), []);
    assert_eq!(kinds(&relation(&share.replace("\"all\"", "\"before\""))), [ContradictionKind::Percentage]);
    let growth = "kind = \"growth\"\nvalue = \"growth\"\nfrom = \"before\"\nto = \"all\"";
    assert_eq!(kinds(&relation(growth)), []);
    assert_eq!(kinds(&relation(&growth.replace("\"before\"", "\"model\""))), [ContradictionKind::Percentage]);
    let districts = |count: u8| {
        format!("kind = \"share\"\nvalue = \"share\"\nwhole_number = {count}\nsource = \"工作站20个\"")
    };
    assert_eq!(kinds(&relation(&districts(20))), []);
    let wrong = small(&relation(&districts(3))).unwrap_err();
    assert!(wrong[0].zh.contains("里没有 3"), "{}", shown(&wrong));
}

#[test]
fn what_a_project_is_to_do_is_quoted() {
    let project = |content: &str| {
        format!(
            "[[plan_project]]\nid = \"stations\"\nname = \"站\"\nsource = \"占50%\"\ncontent = \"{content}\"\n"
        )
    };
    assert!(small(&project("甲县3个、乙县2个")).is_ok());
    let wrong = small(&project("甲县三个、乙县两个")).unwrap_err();
    assert!(wrong[0].zh.contains("不在规划原文里"), "{}", shown(&wrong));
}

#[test]
fn a_wrong_plan_is_refused_at_its_line() {
    let target = "target = { year = 2025, printed = \"60张\", number = 60 }\n";
    let good = format!("{BEDS}{target}");
    assert!(small(&good).is_ok());
    let refused = |written: &str, instead: &str, says: &str| {
        assert!(good.contains(written), "{written}");
        let findings = small(&good.replacen(written, instead, 1)).expect_err(says);
        assert!(
            findings.iter().any(|one| one.zh.contains(says) && one.line > 10),
            "{says}: {}",
            shown(&findings)
        );
    };
    refused("提高到60张\"", "提高到61张\"", "不在规划原文里");
    refused("printed = \"60张\"", "printed = \"50%\"", "里没有「50%」");
    refused("number = 60", "number = 61", "「60张」读不出 61");
    refused("number = 60", "number = 60.0", "值的类型不对");
    refused("printed = \"60张\", ", "", "没有写原文印的是什么");
    refused("kind = \"binding\"", "kind = \"binding\"\nkinds = 1", "键 kinds 不认识");
    refused("id = \"beds\"", "id = \"Beds\"", "写法不对");
    refused("id = \"beds\"", "id = \"small\"", "重复");
    refused(target, "", "既没有基期值也没有目标值");
    let relation = format!(
        "{good}[[plan_relation]]\nid = \"sum\"\nkind = \"sum\"\ntitle = \"和\"\nvalue = \"beds.target\"\nparts = [\"beds.baseline\"]\n"
    );
    let findings = small(&relation).expect_err("a relation to nothing");
    assert!(findings[0].zh.contains("beds.baseline 没有数"), "{}", shown(&findings));
    let pack = "id = \"small\"\ntitle = \"小\"\nlayer = \"city\"\n";
    let files = [("pack.toml", pack), ("plan.toml", good.as_str())];
    let files = files.map(|(path, text)| (path.to_owned(), text.to_owned())).into();
    let findings = Release::check_files(vec![PackFiles::new("small", files)], LoadOptions::default());
    assert!(findings.iter().any(|one| one.zh.contains("不属于任何规划")), "{}", shown(&findings));
}

/// PL-08: every plan above a plan is named; numbers are held against laws and superior documents; what cannot be computed is not called met.
#[test]
fn a_plan_is_held_against_what_stands_above_it() {
    let verdicts = |place: &str| -> Vec<(Verdict, String, String)> {
        let held = book(place).superior();
        held.into_iter().map(|one| (one.verdict, one.entry, one.by)).collect()
    };
    let stations = "《未成年人保护法》第八十一条".to_owned();
    let suqian = verdicts("suqian");
    let first = (Verdict::Unknown, "sq_t2_09".to_owned(), stations.clone());
    assert_eq!(suqian[0], first, "what is not met for certain comes first; a station is one of two ways");
    assert!(verdicts("baoding").contains(&(Verdict::Met, "bd_i010".to_owned(), stations)));
    assert!(verdicts("baoding").iter().any(|one| (one.0, one.1.as_str()) == (Verdict::Unknown, "bd_s035")));
    assert!(verdicts("county").iter().any(|one| (one.0, one.1.as_str()) == (Verdict::Met, "xc_i021")));
    for place in PLACES {
        let book = book(place);
        assert!(book.documents.iter().any(|one| one.superior), "{place} names the plans above it");
        // The names stand in the list of the plan's head too.
        for name in &book.plan.basis {
            assert!(book.documents.iter().any(|one| one.superior && one.name == *name), "{place}: {name}");
        }
        assert!(!book.requirements.is_empty() && ties(&book) > 10, "{place}");
    }
    let states = book("wenshan").document_states();
    let ended: Vec<&str> =
        states.iter().filter(|one| !one.findings.is_empty()).map(|one| one.name.as_str()).collect();
    assert_eq!(ended, ["国家乡村振兴战略规划(2018-2022年)"]);
}

/// PL-08: a demand has words that make it, a document or a law behind it, and a number of the plan before it.
#[test]
fn a_wrong_demand_is_refused() {
    let good = format!(
        "{BEDS}unit = \"张\"\ntarget = {{ year = 2025, printed = \"60张\", number = 60 }}\n\
         [[plan_document]]\nid = \"above\"\nname = \"某省规划(2021—2025年)\"\nrole = \"编制依据\"\nsuperior = true\nfrom = 2021\nsource = \"某市规划\"\n\
         [[plan_requirement]]\nid = \"floor\"\ntitle = \"床位不少于40张\"\ndocument = \"above\"\nfigure = {{ printed = \"40张\", number = 40 }}\nunit = \"张\"\n\
         entries = [\"beds.target\"]\nsource = \"床位40张提高到60张\"\n\
         [[plan_project]]\nid = \"build\"\nname = \"建床位\"\nserves = [\"beds\"]\nsource = \"床位40张提高到60张\"\n"
    );
    let held = small(&good).unwrap_or_else(|findings| panic!("{}", shown(&findings))).superior();
    assert_eq!((held[0].verdict, held[0].demanded.as_str()), (Verdict::Met, "不低于40张"));
    let short = good.replace("number = 40 }", "number = 40, comparator = \"at_most\" }");
    assert_eq!(small(&short).unwrap().superior()[0].verdict, Verdict::Short);
    let refused = |written: &str, instead: &str, says: &str| {
        assert!(good.contains(written), "{written}");
        let findings = small(&good.replacen(written, instead, 1)).expect_err(says);
        assert!(findings.iter().any(|one| one.zh.contains(says)), "{says}: {}", shown(&findings));
    };
    refused("document = \"above\"", "document = \"nowhere\"", "上位文件 nowhere 没有定义");
    refused("document = \"above\"\n", "", "没有写明由哪个文件提出");
    refused("document = \"above\"", "law = \"none\"", "没有定义");
    refused("number = 40 }", "number = 41 }", "读不出 41");
    refused("printed = \"40张\"", "printed = \"70张\"", "里没有「70张」");
    refused("entries = [\"beds.target\"]", "entries = [\"beds.baseline\"]", "不在规划里");
    refused("unit = \"张\"\nentries", "unit = \"%\"\nentries", "单位是%");
    refused("serves = [\"beds\"]", "serves = [\"bed\"]", "不是本规划的指标");
    refused("from = 2021\nsource", "from = 2020\nsource", "里没有 2020");
}

/// PL-04: what computes an indicator is there, counts in its unit, and is of this period.
#[test]
fn what_computes_an_indicator_fits_it() {
    let refused = |instead: &str, says: &str| {
        let mut files = crate::city().pack_files();
        let plan = files[1].files.get_mut("plan.toml").unwrap();
        let linked = "measured_by = \"elderly_nursing_share\"";
        assert!(plan.contains(linked));
        *plan = plan.replacen(linked, instead, 1);
        let findings = Release::from_packs(files, LoadOptions::default()).unwrap_err();
        assert!(findings.iter().any(|one| one.zh.contains(says)), "{says}: {}", shown(&findings));
    };
    refused("measured_by = \"elderly_nothing\"", "elderly_nothing 没有定义");
    refused("measured_by = \"boundary_line/nothing\"", "boundary_line/nothing 没有定义");
    refused("measured_by = \"elderly_beds\"", "单位是%，elderly_beds 的单位是张");
}
