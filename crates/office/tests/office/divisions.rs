//! The tree of divisions changes in the middle of the work: by document, in two hands, on its day; what lies in it goes along, what is over
//! stays, old codes are found.

use catalogue::definition::FieldKind;
use chrono::NaiveDate;
use office::access::{Actor, ReadCase, ReadRecords};
use office::casework::view;
use office::divisions::{
    self, ChangeKind, ChangeState, DivisionChangeId, NewDivisionChange, Part, Recode, Wanted, past,
};
use office::forms::{Answers, FieldPath, Raw};
use office::search::{self, Group};
use office::{OfficeError, indicators, records, releases, tabular};
use store::{CaseId, DivisionId, HouseholdId, Query};
use vocab::Month;

use crate::matters::paid;
use crate::town::day;
use crate::wuhai::{self, Family, Wuhai, cities, grant};

/// 千里山镇, in which the tests' staff and families are.
const TOWN: &str = "150302101";
/// 凤凰岭街道, its neighbour.
const STREET: &str = "150302001";

async fn at(city: &Wuhai, code: &str) -> DivisionId {
    divisions::by_code(city.office.db(), code).await.unwrap().id
}

fn wanted(kind: ChangeKind, subjects: &[DivisionId]) -> Wanted {
    Wanted {
        kind,
        subjects: subjects.to_vec(),
        into: None,
        parts: Vec::new(),
        keeps: false,
        children: Vec::new(),
        families: Vec::new(),
        codes: Vec::new(),
    }
}

fn part(name: &str, code: &str, mca_code: &str) -> Part {
    let mca_code = Some(mca_code.to_owned()).filter(|code| !code.is_empty());
    Part { name: name.to_owned(), code: code.to_owned(), mca_code }
}

fn by_document(city: &Wuhai, wanted: Wanted, on: NaiveDate) -> NewDivisionChange {
    NewDivisionChange {
        wanted,
        on,
        document_title: "关于同意调整部分行政区划的批复".to_owned(),
        document_number: "内政函〔2026〕30号".to_owned(),
        document_on: city.office.now().today().min(on),
        attachment: None,
        reason: "省政府已批准".to_owned(),
    }
}

async fn proposed(city: &Wuhai, wanted: Wanted, on: NaiveDate) -> DivisionChangeId {
    divisions::propose(&city.office, &grant(&city.policy), &by_document(city, wanted, on)).await.unwrap()
}

/// Prepared, approved and in effect today.
async fn changed(city: &Wuhai, wanted: Wanted) -> DivisionChangeId {
    let id = proposed(city, wanted, city.office.now().today()).await;
    let state = divisions::approve(&city.office, &grant(&city.releaser), id, 1).await.unwrap();
    assert_eq!(state, ChangeState::Effective);
    id
}

/// What is wrong with a proposal, all of it.
async fn refusal(city: &Wuhai, wanted: Wanted, on: NaiveDate) -> String {
    match divisions::propose(&city.office, &grant(&city.policy), &by_document(city, wanted, on)).await {
        Err(OfficeError::Invalid(problems)) => {
            problems.iter().map(|problem| format!("{}：{}", problem.field, problem.message)).collect()
        }
        other => panic!("{other:?}"),
    }
}

async fn number(city: &Wuhai, sql: &'static str, id: i64) -> i64 {
    Query::system("test", sql).bind(id).scalar(city.office.db()).await.unwrap()
}

async fn sees(city: &Wuhai, actor: &Actor, case: CaseId) -> bool {
    view::open(&city.office, &grant::<ReadCase>(actor), case).await.is_ok()
}

async fn family_of(city: &Wuhai, case: CaseId) -> HouseholdId {
    HouseholdId(number(city, "SELECT household_id FROM case_file WHERE id = ?", case.0).await)
}

async fn books_hold(city: &Wuhai) {
    assert_eq!(ledger::verify(city.office.db()).await.unwrap(), []);
}

fn this_month(city: &Wuhai) -> Month {
    Month::containing(city.office.now().today())
}

/// The titles of the divisions that the search box finds.
async fn found(city: &Wuhai, text: &str) -> Vec<String> {
    let reader = search::reader(&city.county_clerk);
    let groups = search::search(&city.office, &reader, text).await.unwrap();
    let of = groups.into_iter().filter(|found| found.group == Group::Divisions);
    of.flat_map(|found| found.hits).map(|hit| hit.title).collect()
}

/// What a form of a register makes of a typed division: the path as it is shown, or what is offered.
async fn typed(city: &Wuhai, text: &str) -> (Vec<String>, Vec<String>) {
    let release = city.office.release();
    let register = release.registers.iter().find(|register| register.business.as_str() == "elderly").unwrap();
    let (form, field) = release
        .registers
        .iter()
        .filter(|one| one.business.as_str() == register.business.as_str())
        .filter_map(|one| release.record_form(&one.id))
        .find_map(|form| {
            let mut fields = form.fields();
            let found =
                fields.find(|(page, field)| page.repeat.is_none() && *field.kind == FieldKind::Division)?;
            Some((form, FieldPath::new(found.0, None, found.1)))
        })
        .unwrap();
    let mut answers = Answers::new();
    answers.set(&field, Raw::from(text));
    let looked = records::look_up(&city.office, &city.county_clerk, form, &mut answers).await.unwrap();
    let offered = looked.candidates.into_values().flatten().map(|(_, name)| name).collect();
    (looked.names.into_values().collect(), offered)
}

/// DV-01, DV-02: a town becomes a street under other codes, while one case is open and another family is paid.
#[tokio::test]
async fn a_town_becomes_a_street_in_the_middle_of_the_work() {
    for city in cities("division_relevel").await {
        let office = &city.office;
        let (town, village) = (at(&city, TOWN).await, at(&city, wuhai::VILLAGE).await);
        let granted = city.granted(&Family::default()).await;
        // What is granted in a month is paid from the next.
        city.days(30).await;
        let open = city.file(&Family::default()).await.unwrap();
        let month = this_month(&city);
        let (_, before) = paid(&city, "dibao", month).await;
        assert!(before.count > 0);

        let mut change = wanted(ChangeKind::Relevel, &[town]);
        change.parts = vec![part("千里山街道", "150302009", "150302009")];
        change.codes = vec![Recode {
            was: wuhai::VILLAGE.to_owned(),
            code: "150302009203".to_owned(),
            mca_code: Some("150302009203".to_owned()),
        }];
        let touched = divisions::touched_by(office, &change).await.unwrap();
        for title in ["工作岗位", "家庭", "正在办理的办件", "在享的待遇"] {
            assert!(touched.iter().any(|one| one.title == title), "{title}: {touched:?}");
        }
        let id = changed(&city, change).await;

        // Nothing moved: the same divisions under new names and codes, in the tree and in the release in force.
        assert_eq!((at(&city, "150302009").await, at(&city, "150302009203").await), (town, village));
        let places = |code: &str| {
            office.release().places.get(code).map(|place| (place.code.clone(), place.name.clone()))
        };
        let street = ("150302009".to_owned(), "千里山街道".to_owned());
        assert_eq!(places("150302009"), Some(street.clone()));
        assert_eq!(places(TOWN), Some(street), "an old code leads to what it became");
        assert!(
            sees(&city, &city.township_clerk, open).await && sees(&city, &city.township_clerk, granted).await
        );
        city.investigated(open, "1500").await;
        city.days(30).await;
        let (_, after) = paid(&city, "dibao", month.next()).await;
        assert_eq!(after, before, "the same families are paid the same");
        books_hold(&city).await;

        // Old codes of both schemes and the old name are found.
        for old in [TOWN, "150302108", "千里山镇", "150302009"] {
            assert_eq!(found(&city, old).await, ["内蒙古自治区 乌海市 海勃湾区 千里山街道"], "{old}");
            assert_eq!(at(&city, TOWN).await, town);
        }
        let (names, offered) = typed(&city, wuhai::VILLAGE).await;
        assert_eq!(
            names,
            [format!("内蒙古自治区 乌海市 海勃湾区 千里山街道 新地村委会（由原{}调整而来）", wuhai::VILLAGE)]
        );
        assert_eq!(offered, Vec::<String>::new());

        // The page says what it was, until when, and which document changed it.
        let page = past::page(office, town).await.unwrap();
        assert_eq!(page.past.len(), 2);
        assert_eq!((page.past[0].name.as_str(), page.past[0].until), ("千里山街道", None));
        assert_eq!(page.past[0].by.as_ref().unwrap().0, id);
        assert!(page.past[0].by.as_ref().unwrap().1.contains("内政函〔2026〕30号"));
        let old = &page.past[1];
        assert_eq!(
            (old.name.as_str(), old.code.as_str(), old.mca_code.as_deref()),
            ("千里山镇", TOWN, Some("150302108"))
        );
        assert_eq!(old.until, page.past[0].from);
        let sheet = past::sheet(office, &city.township_clerk, town, tabular::ListFormat::Csv).await.unwrap();
        let sheet = String::from_utf8(sheet).unwrap();
        assert!(
            sheet.contains("150302009,150302009,千里山街道") && sheet.contains("千里山镇（150302101"),
            "{sheet}"
        );

        // The next import of the packs, which know nothing of it, does not undo it; nor does a restart.
        let again = catalogue::Release::clone(&wuhai::release());
        let installed = releases::install(office.db(), again, office.now()).await.unwrap();
        assert_eq!(installed.hash, office.release().hash);
        assert_eq!(at(&city, "150302009").await, town);
        let city = city.restarted().await;
        assert_eq!(divisions::find(city.office.db(), town).await.unwrap().name, "千里山街道");
    }
}

/// A town is merged into the street beside it: people, posts, cases, benefits and money of both go on there; what is over stays.
#[tokio::test]
async fn two_townships_are_merged_with_everything_in_them() {
    for city in cities("division_merge").await {
        let office = &city.office;
        let (town, street, county) =
            (at(&city, TOWN).await, at(&city, STREET).await, at(&city, "150302").await);
        let village = at(&city, wuhai::VILLAGE).await;
        let granted = city.granted(&Family::default()).await;
        // What is granted in a month is paid from the next.
        city.days(30).await;
        let open = city.file(&Family::default()).await.unwrap();
        let month = this_month(&city);
        let (_, before) = paid(&city, "dibao", month).await;
        let entitlement = city.seen(granted).await.case.entitlement.unwrap();
        assert!(!sees(&city, &city.neighbour_clerk, open).await);
        let figures = async |month: Month| {
            let reader = grant::<ReadRecords>(&city.county_clerk);
            let release = office.release();
            let indicator = release.indicators.iter().find(|one| one.business.as_str() == "elderly").unwrap();
            let (_, places) =
                indicators::by_place(office, &reader, &indicator.id, county, month).await.unwrap();
            places.into_iter().map(|place| (place.name, place.figure.part)).collect::<Vec<_>>()
        };
        let release = office.release();
        let indicator = release.indicators.iter().find(|one| one.business.as_str() == "elderly").unwrap();
        let last = month.plus(-1);
        for (division, part) in [(village, 30_000_i64), (at(&city, wuhai::NEIGHBOUR_VILLAGE).await, 50_000)] {
            Query::system("test", "INSERT INTO indicator_value (indicator, month, division_id, part, whole, unknown) VALUES (?, ?, ?, ?, 0, 0)")
                .bind(indicator.id.as_str())
                .bind(last)
                .bind(division)
                .bind(part)
                .execute(office.db())
                .await
                .unwrap();
        }
        let then = figures(last).await;
        assert!(
            then.contains(&("千里山镇".to_owned(), 30_000))
                && then.contains(&("凤凰岭街道".to_owned(), 50_000)),
            "{then:?}"
        );

        let mut change = wanted(ChangeKind::Merge, &[town]);
        change.into = Some(street);
        let touched = divisions::touched_by(office, &change).await.unwrap();
        assert!(touched.iter().all(|one| one.goes.contains("凤凰岭街道")), "{touched:?}");
        changed(&city, change).await;

        // Staff of both work there: each sees what the other had. Posts went over.
        let clerk = wuhai::actor(office, "zhen").await;
        assert_eq!(clerk.division, street);
        for actor in [&clerk, &city.neighbour_clerk] {
            assert!(sees(&city, actor, open).await && sees(&city, actor, granted).await);
        }
        assert_eq!(number(&city, "SELECT township_id FROM case_file WHERE id = ?", open.0).await, street.0);
        assert_eq!(
            number(&city, "SELECT township_id FROM entitlement WHERE id = ?", entitlement.0).await,
            street.0
        );
        assert!(
            number(&city, "SELECT count(*) FROM task WHERE state = 'open' AND division_id = ?", street.0)
                .await
                > 0
        );
        assert_eq!(
            number(&city, "SELECT count(*) FROM task WHERE state = 'open' AND division_id = ?", town.0).await,
            0
        );
        // The one that was begun before goes on with the office that follows.
        let (second, head) = (wuhai::actor(office, "zhen2").await, wuhai::actor(office, "zhenzhang").await);
        let mut city = city;
        (city.township_clerk, city.second_clerk, city.township_head) = (clerk, second, head);
        let office = &city.office;
        city.investigated(open, "1500").await;
        city.days(30).await;
        let (_, after) = paid(&city, "dibao", month.next()).await;
        assert_eq!(after, before);
        books_hold(&city).await;

        // Last month's figures are of the tree of then; this month lists the street alone.
        let reader = grant::<ReadRecords>(&city.county_clerk);
        let shown = async |month: Month| {
            let (_, places) =
                indicators::by_place(office, &reader, &indicator.id, county, month).await.unwrap();
            places.into_iter().map(|place| (place.name, place.figure.part)).collect::<Vec<_>>()
        };
        assert_eq!(shown(last).await, then);
        assert!(shown(month).await.iter().all(|(name, _)| name != "千里山镇"));
        let of_street = indicators::by_place(office, &reader, &indicator.id, street, last).await.unwrap().1;
        assert_eq!(of_street[0].figure.part, 50_000, "what lay elsewhere then is not its own");

        // What became of it.
        let page = past::page(office, town).await.unwrap();
        assert_eq!(page.successors, [(street, "凤凰岭街道".to_owned())]);
        assert!(page.division.until.is_some());
        assert_eq!(at(&city, TOWN).await, street);
        assert_eq!(found(&city, TOWN).await.len(), 2, "the one that ended, and the one that followed it");
        let named =
            "SELECT p.name FROM person p JOIN case_file c ON c.applicant_person_id = p.id WHERE c.id = ?";
        let name: String = Query::system("test", named).bind(open).scalar(office.db()).await.unwrap();
        let reader = grant(&city.neighbour_clerk);
        let people = office::people::search_people(office, &reader, &name, None, 10).await.unwrap();
        assert!(!people.page.rows.is_empty(), "{name} is found by the office that follows");
    }
}

/// A community is given to another township, then split by families; a township is split by its villages.
#[tokio::test]
async fn villages_and_families_are_assigned_one_by_one() {
    for city in cities("division_split").await {
        let office = &city.office;
        let (town, street, village) =
            (at(&city, TOWN).await, at(&city, STREET).await, at(&city, wuhai::VILLAGE).await);
        let first = city.granted(&Family::default()).await;
        city.days(30).await;
        let second = city.file(&Family::default()).await.unwrap();
        let (staying, going) = (family_of(&city, first).await, family_of(&city, second).await);
        let month = this_month(&city);
        let (_, before) = paid(&city, "dibao", month).await;

        // The village keeps its place, and one family comes into a new one.
        let mut change = wanted(ChangeKind::Split, &[village]);
        change.keeps = true;
        change.parts = vec![part("新地社区居委会", "150302101500", "")];
        change.families = vec![(going, 0)];
        changed(&city, change).await;
        let new = at(&city, "150302101500").await;
        assert_eq!(number(&city, "SELECT division_id FROM household WHERE id = ?", going.0).await, new.0);
        assert_eq!(
            number(&city, "SELECT division_id FROM household WHERE id = ?", staying.0).await,
            village.0
        );
        assert_eq!(number(&city, "SELECT village_id FROM case_file WHERE id = ?", second.0).await, new.0);
        let home = "SELECT division_id FROM household_place WHERE superseded_at IS NULL AND until_on IS NULL AND household_id = ?";
        assert_eq!(number(&city, home, going.0).await, new.0);
        let moved = "SELECT count(*) FROM person p JOIN membership m ON m.person_id = p.id WHERE p.residence_division_id = ?";
        assert_eq!(number(&city, moved, new.0).await, 3);
        assert!(office.release().places.get("150302101500").unwrap().community);

        // A few days later the new one is given to the street: township and tasks of its open case go with it.
        city.days(2).await;
        assert!(!sees(&city, &city.neighbour_clerk, second).await);
        let mut change = wanted(ChangeKind::Move, &[new]);
        change.into = Some(street);
        change.codes =
            vec![Recode { was: "150302101500".to_owned(), code: "150302001500".to_owned(), mca_code: None }];
        changed(&city, change).await;
        assert!(sees(&city, &city.neighbour_clerk, second).await);
        assert_eq!(number(&city, "SELECT township_id FROM case_file WHERE id = ?", second.0).await, street.0);
        let tasks = "SELECT count(*) FROM task WHERE state = 'open' AND division_id = ?";
        assert!(number(&city, tasks, street.0).await > 0, "the office that follows has the work");
        assert_eq!(at(&city, "150302101500").await, new);

        // The town ends in two streets: every village must be given to one of them.
        city.days(2).await;
        let mut change = wanted(ChangeKind::Split, &[town]);
        change.parts = vec![part("千里山街道", TOWN, "150302108"), part("新丰街道", "150302010", "")];
        let today = office.now().today();
        let said = refusal(&city, change.clone(), today).await;
        assert!(said.contains("还没有分配") && said.contains("新地村委会"), "{said}");
        let villages = divisions::children(office.db(), town).await.unwrap();
        change.children = villages.iter().map(|one| (one.id, usize::from(one.id == village))).collect();
        changed(&city, change).await;
        let (main, other) = (at(&city, TOWN).await, at(&city, "150302010").await);
        assert!(main != town && other != town);
        let clerk = wuhai::actor(office, "zhen").await;
        assert_eq!(clerk.division, main, "posts go to the first");
        assert_eq!(divisions::find(office.db(), village).await.unwrap().parent, Some(other));
        let entitlement = city.seen(first).await.case.entitlement.unwrap();
        assert_eq!(
            number(&city, "SELECT township_id FROM entitlement WHERE id = ?", entitlement.0).await,
            other.0
        );
        city.days(30).await;
        let (_, after) = paid(&city, "dibao", month.next()).await;
        assert_eq!(after, before);
        books_hold(&city).await;
        // The name of the town may mean either now: it is asked, not guessed.
        let (names, offered) = typed(&city, "千里山镇").await;
        assert_eq!((names.len(), offered.len()), (0, 2), "{names:?} {offered:?}");
    }
}

/// A change waits for its day; until then it can be taken back; nobody approves what they prepared.
#[tokio::test]
async fn a_change_waits_for_its_day_in_two_hands() {
    for city in cities("division_day").await {
        let office = &city.office;
        let town = at(&city, TOWN).await;
        let today = office.now().today();
        let renamed = |name: &str| {
            let mut change = wanted(ChangeKind::Rename, &[town]);
            change.parts = vec![part(name, TOWN, "150302108")];
            change
        };
        let on = today + chrono::Days::new(3);
        let id = proposed(&city, renamed("千山镇"), on).await;
        let second =
            divisions::propose(office, &grant(&city.policy), &by_document(&city, renamed("里山镇"), on))
                .await;
        assert!(
            matches!(&second, Err(OfficeError::Conflict(said)) if said.contains("已经有等待")),
            "{second:?}"
        );
        let hidden = divisions::find_change(office, &city.county_clerk, id).await;
        assert!(matches!(hidden, Err(OfficeError::NotFound(_))));
        assert_eq!(
            divisions::approve(office, &grant(&city.releaser), id, 1).await.unwrap(),
            ChangeState::Approved
        );
        assert_eq!(divisions::take_effect_today(office).await.unwrap(), 0);
        // Taken back before its day.
        let stranger = divisions::withdraw(office, &city.assessor, id, 2).await;
        assert!(stranger.is_err(), "{stranger:?}");
        divisions::withdraw(office, &city.policy, id, 2).await.unwrap();
        assert_eq!(
            divisions::find_change(office, &city.policy, id).await.unwrap().state,
            ChangeState::Withdrawn
        );

        // Refused with a reason, then prepared again and in effect by the night's round of its day.
        let id = proposed(&city, renamed("千山镇"), on).await;
        let silent = divisions::refuse(office, &grant(&city.releaser), id, 1, " ").await;
        assert!(matches!(silent, Err(OfficeError::Invalid(_))));
        divisions::refuse(office, &grant(&city.releaser), id, 1, "文号不对").await.unwrap();
        let id = proposed(&city, renamed("千山镇"), on).await;
        divisions::approve(office, &grant(&city.releaser), id, 1).await.unwrap();
        city.days(2).await;
        office::round(office).await.unwrap();
        assert_eq!(divisions::find(office.db(), town).await.unwrap().name, "千里山镇");
        city.days(1).await;
        office::round(office).await.unwrap();
        assert_eq!(divisions::find(office.db(), town).await.unwrap().name, "千山镇");
        let read = divisions::find_change(office, &city.county_clerk, id).await.unwrap();
        assert_eq!((read.state, read.title.as_str()), (ChangeState::Effective, "千里山镇更名为千山镇"));
        // In effect it is undone by a contrary change only.
        let late = divisions::withdraw(office, &city.policy, id, read.version).await;
        assert!(matches!(&late, Err(OfficeError::Conflict(said)) if said.contains("相反的调整")), "{late:?}");
        let said = refusal(&city, renamed("千里山镇"), on).await;
        assert!(said.contains("生效日期不能早于"), "{said}");
        city.days(2).await;
        changed(&city, renamed("千里山镇")).await;
        assert_eq!(past::page(office, town).await.unwrap().past.len(), 3);
        // Nobody approves what they prepared: the two rights lie in two hands, and the use-case looks at the persons as well.
        assert!(city.policy.grant::<office::access::ReleaseStandard>().is_err());
    }
}

#[tokio::test]
async fn what_cannot_be_is_refused_in_plain_words() {
    for city in cities("division_refusals").await {
        let office = &city.office;
        let (town, street, village) =
            (at(&city, TOWN).await, at(&city, STREET).await, at(&city, wuhai::VILLAGE).await);
        let county = at(&city, "150302").await;
        let today = office.now().today();
        let open = city.file(&Family::default()).await.unwrap();
        assert!(sees(&city, &city.township_clerk, open).await);
        let refused = async |change: Wanted, says: &str| {
            let said = refusal(&city, change, today).await;
            assert!(said.contains(says), "{says}: {said}");
        };
        let rename = |parts: Vec<Part>| Wanted { parts, ..wanted(ChangeKind::Rename, &[town]) };
        refused(
            rename(vec![part("千山镇", STREET, "")]),
            "统计代码 150302001 已经是凤凰岭街道的，一个代码不能给两个区划",
        )
        .await;
        refused(rename(vec![part("千山镇", TOWN, "150302003")]), "民政代码 150302003 已经是凤凰岭街道的")
            .await;
        refused(rename(vec![part("千山镇", "1503021", "")]), "应是 9 位数字").await;
        refused(rename(vec![part("千里山街道", TOWN, "")]), "类别变了").await;
        refused(rename(vec![part("海北街道", TOWN, "")]), "已经有一个海北街道").await;
        refused(rename(vec![part("千里山镇", TOWN, "150302108")]), "都没有变").await;
        refused(
            Wanted { parts: vec![part("千山镇", TOWN, "")], ..wanted(ChangeKind::Relevel, &[town]) },
            "类别没有变",
        )
        .await;
        refused(wanted(ChangeKind::End, &[town]), "还有下级").await;
        refused(wanted(ChangeKind::End, &[village]), "里面还有").await;
        refused(Wanted { into: Some(village), ..wanted(ChangeKind::Move, &[town]) }, "上级应是高一级的区划")
            .await;
        refused(Wanted { into: Some(town), ..wanted(ChangeKind::Move, &[village]) }, "本来就归千里山镇")
            .await;
        refused(
            Wanted { into: Some(at(&city, "150303").await), ..wanted(ChangeKind::Move, &[town]) },
            "各县分别记账",
        )
        .await;
        refused(Wanted { into: Some(town), ..wanted(ChangeKind::Merge, &[town]) }, "不能并入自己").await;
        refused(Wanted { into: Some(village), ..wanted(ChangeKind::Merge, &[town]) }, "同一级").await;
        refused(wanted(ChangeKind::Merge, &[town, village]), "应是同一级").await;
        refused(
            Wanted { into: Some(at(&city, "150303").await), ..wanted(ChangeKind::Merge, &[county]) },
            "分别记账",
        )
        .await;
        let elsewhere =
            Recode { was: "150302001002".to_owned(), code: "150302101999".to_owned(), mca_code: None };
        refused(
            Wanted { codes: vec![elsewhere], ..rename(vec![part("千山镇", TOWN, "")]) },
            "不在这次调整的区划里",
        )
        .await;
        let early = refusal(&city, rename(vec![part("千山镇", TOWN, "")]), day("2019-12-31")).await;
        assert!(early.contains("生效日期不能早于千里山镇上一次变更的日期"), "{early}");
        let mut without = by_document(&city, rename(vec![part("千山镇", TOWN, "")]), today);
        (without.document_title, without.document_number) = (String::new(), " ".to_owned());
        without.document_on = today + chrono::Days::new(1);
        let Err(OfficeError::Invalid(problems)) =
            divisions::propose(office, &grant(&city.policy), &without).await
        else {
            panic!()
        };
        assert_eq!(problems.len(), 4, "{problems:?}");
        // Nothing was saved, and the tree stands.
        assert_eq!(number(&city, "SELECT count(*) FROM division_change WHERE id > ?", 0).await, 0);
        assert_eq!(divisions::find(office.db(), street).await.unwrap().name, "凤凰岭街道");

        // An empty one is ended.
        let empty = at(&city, "150302400498").await;
        changed(&city, wanted(ChangeKind::End, &[empty])).await;
        assert!(matches!(
            divisions::by_code(office.db(), "150302400498").await,
            Err(OfficeError::NotFound(_))
        ));
    }
}

/// Of many namesakes those of the own area come first, and that there are more is said with how to be exact: by the code, or with what lies above.
#[tokio::test]
async fn of_many_namesakes_it_is_said_how_to_be_exact() {
    for city in cities("namesakes").await {
        let db = city.office.db();
        let (town, street) = (at(&city, TOWN).await, at(&city, STREET).await);
        let tx = db.begin().await.unwrap();
        for number in 0..14 {
            // The highest code lies in the town, so that it would be the last of a list by codes alone.
            let parent = if number < 13 { (street, STREET) } else { (town, TOWN) };
            let new = store::divisions::NewDivision {
                code: format!("{}9{number:02}", parent.1),
                mca_code: None,
                name: "重名社区居委会".to_owned(),
                level: store::divisions::DivisionLevel::Village,
                parent: Some(parent.0),
                from_on: None,
                until_on: None,
            };
            store::divisions::add_division(&tx, new).await.unwrap();
        }
        tx.commit().await.unwrap();
        let found = async |own: DivisionId, asked: &str| divisions::meant(db, own, asked).await.unwrap();
        let name = "重名社区居委会";
        let all = found(city.prefecture, name).await;
        assert_eq!((all.found.len(), all.all), (12, 14));
        let said = all.too_many(name).unwrap();
        assert!(
            said.contains("有14个") && said.contains("前12个") && said.contains("统计区划代码"),
            "{said}"
        );
        let own = found(town, name).await;
        assert_eq!(
            (own.found.len(), own.all, own.too_many(name)),
            (1, 1, None),
            "the only one of the own area"
        );
        let below = found(city.prefecture, &format!("千里山镇 {name}")).await;
        assert_eq!((&below.found, below.all), (&own.found, 1), "with what lies above");
        let code = found(city.prefecture, own.found[0].code.as_str()).await;
        assert_eq!(code.found, own.found);
        assert_eq!(found(city.prefecture, &format!("没有的镇 {name}")).await.all, 0);

        // A form says so too.
        let (names, offered) = typed(&city, name).await;
        assert!(names.is_empty());
        assert_eq!(offered.len(), 12);
    }
}
