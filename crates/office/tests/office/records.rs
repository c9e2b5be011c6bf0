//! Registers from packs: everything that one TOML file gives, on both databases.

use std::collections::BTreeMap;
use std::io::Read as _;

use catalogue::{LoadOptions, Release};
use office::access::{Actor, Export, ImportRecords, KeepRecords, ReadRecords, Reveal, Right};
use office::forms::{Answers, FieldPath, Raw};
use office::records::duties::{self, DutyDone, DutyFilter};
use office::records::list::{Narrowed, list};
use office::records::take_in::{self, RECORDS_JOB};
use office::records::take_out::{FileKind, Wanted, take_out};
use office::records::{
    self, Deed, Moved, NewVersion, Open, RecordId, Saved, alerts, history, move_record, page, rates, save,
};
use office::{Office, OfficeError, tabular};
use store::{DivisionId, Query, jobs};
use vocab::Month;

use crate::town::{DAY, Town, day, grant, pack, towns};

const REASON: &str = "年度核对";

pub fn open(town: &Town, actor: &Actor, register: &str, right: Right) -> Open {
    open_in(&town.office, actor, register, right)
}

pub fn open_in(office: &Office, actor: &Actor, register: &str, right: Right) -> Open {
    records::open(office, actor, register, right).unwrap()
}

pub fn answers(open: &Open, pairs: &[(&str, &str)]) -> Answers {
    write(open, Answers::new(), pairs)
}

pub fn write(open: &Open, mut answers: Answers, pairs: &[(&str, &str)]) -> Answers {
    let form = open.release().record_form(&open.register().id).unwrap();
    for (id, text) in pairs {
        let (page, field) =
            form.fields().find(|(_, field)| field.id == *id).unwrap_or_else(|| panic!("{id}"));
        answers.set(&FieldPath::new(page, None, field), Raw::from(*text));
    }
    answers
}

async fn try_add(
    town: &Town,
    actor: &Actor,
    register: &str,
    pairs: &[(&str, &str)],
) -> Result<RecordId, OfficeError> {
    let open = open(town, actor, register, Right::KeepRecords);
    let new = NewVersion {
        record: None,
        answers: answers(&open, pairs),
        state: None,
        deed: Deed::Added,
        reason: "新登记",
    };
    match save(&town.office, &grant::<KeepRecords>(actor), &open, new, None).await? {
        Saved::Done(id) => Ok(id),
        other => panic!("{other:?}"),
    }
}

pub async fn add(town: &Town, actor: &Actor, register: &str, pairs: &[(&str, &str)]) -> RecordId {
    try_add(town, actor, register, pairs).await.unwrap()
}

pub async fn shelter(town: &Town, actor: &Actor, code: &str, place: &str, capacity: &str) -> RecordId {
    let name = format!("第{code}养老院");
    let pairs = [
        ("code", code),
        ("name", name.as_str()),
        ("lies_in", place),
        ("kind", "public"),
        ("capacity", capacity),
        ("opened_on", "2020-03-01"),
    ];
    add(town, actor, "shelter", &pairs).await
}

pub async fn seen(town: &Town, actor: &Actor, register: &str, id: RecordId) -> page::RecordPage {
    let open = open(town, actor, register, Right::ReadRecords);
    page::page(&town.office, &grant::<ReadRecords>(actor), &open, id).await.unwrap()
}

pub async fn change(
    town: &Town,
    actor: &Actor,
    id: RecordId,
    version: i64,
    base: &Answers,
    pairs: &[(&str, &str)],
) -> Result<Saved, OfficeError> {
    let open = open(town, actor, "shelter", Right::KeepRecords);
    let answers = write(&open, base.clone(), pairs);
    let new =
        NewVersion { record: Some((id, version)), answers, state: None, deed: Deed::Changed, reason: REASON };
    save(&town.office, &grant::<KeepRecords>(actor), &open, new, None).await
}

pub fn problems(error: OfficeError) -> BTreeMap<String, String> {
    match error {
        OfficeError::Invalid(list) => list.into_iter().map(|one| (one.field, one.message)).collect(),
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn a_record_is_asked_checked_kept_and_shown() {
    for town in towns("records_life").await {
        let clerk = town.clerk(town.hedong).await;
        // Required now and then, validity, bounds, kinds: all by the pack.
        let wrong = [
            ("code", "A1"),
            ("name", "一院"),
            ("lies_in", "990101001001"),
            ("kind", "private"),
            ("capacity", "13"),
        ];
        let said = problems(try_add(&town, &clerk, "shelter", &wrong).await.unwrap_err());
        assert!(said["capacity"].contains("不能是13") && said.contains_key("fund"), "{said:?}");
        let outside = [
            ("code", "A1"),
            ("name", "一院"),
            ("lies_in", "990101002001"),
            ("kind", "public"),
            ("capacity", "5"),
        ];
        let said = problems(try_add(&town, &clerk, "shelter", &outside).await.unwrap_err());
        assert!(said["lies_in"].contains("管辖"), "{said:?}");

        let full = [
            ("code", "A1"),
            ("name", "一院"),
            // A name alone is enough where it is one.
            ("lies_in", "一社区"),
            ("kind", "private"),
            ("fund", "3000.50"),
            ("capacity", "30"),
            ("area_each", "12.5"),
            ("opened_on", "2020-3-1"),
            ("since", "2020-04"),
            ("medical", "yes"),
            ("phone", "13912345678"),
            ("remark", "靠近公园"),
            ("spot", "106.80, 39.6"),
        ];
        let id = add(&town, &clerk, "shelter", &full).await;
        let shown = seen(&town, &clerk, "shelter", id).await;
        let words: BTreeMap<&str, &str> = shown
            .groups
            .iter()
            .flat_map(|group| &group.fields)
            .map(|said| (said.field.as_str(), said.words.as_str()))
            .collect();
        assert_eq!(words["fund"], "3,000.50元");
        assert_eq!(words["area_each"], "12.5平方米");
        assert_eq!(words["since"], "2020年4月");
        assert_eq!(words["spot"], "106.8,39.6");
        assert_eq!((words["living"], words["vacant"]), ("0人", "30张"));
        assert!(words["phone"].contains('*') && !words["phone"].contains("12345"), "{}", words["phone"]);
        assert_eq!(shown.record.title, "一院");
        // A field for the county alone is not there for the township.
        assert!(!words.contains_key("rating"));
        // Sealed in the table.
        let sql = "SELECT f_phone FROM reg_shelter";
        let sealed: Vec<u8> = Query::system("test", sql).scalar(town.office.db()).await.unwrap();
        assert!(!String::from_utf8_lossy(&sealed).contains("13912345678"));

        // The same key twice, by anybody.
        let again = problems(try_add(&town, &clerk, "shelter", &full).await.unwrap_err());
        assert!(again["code"].contains("已经登记过"), "{again:?}");

        // A purpose reveals.
        let county = town.actor("county", town.county, &["county_clerk"]).await;
        let register = open(&town, &county, "shelter", Right::ReadRecords);
        let revealer = grant::<Reveal>(&county);
        let said = page::reveal(&town.office, &revealer, &register, id, "phone", "核实电话").await.unwrap();
        assert_eq!(said.1, "13912345678");
        assert!(page::reveal(&town.office, &revealer, &register, id, "phone", " ").await.is_err());
        assert!(page::reveal(&town.office, &revealer, &register, id, "name", "好奇").await.is_err());
    }
}

#[tokio::test]
async fn a_list_is_narrowed_sorted_added_up_and_paged() {
    for town in towns("records_list").await {
        let county = town.actor("county", town.county, &["county_clerk"]).await;
        for number in 0..25 {
            let place = if number % 2 == 0 { "990101001001" } else { "990101002001" };
            // One without a capacity sorts before all.
            let capacity = if number == 7 { String::new() } else { (100 + number * 2).to_string() };
            shelter(&town, &county, &format!("S{number:02}"), place, &capacity).await;
        }
        let register = open(&town, &county, "shelter", Right::ReadRecords);
        let reader = grant::<ReadRecords>(&county);
        for descending in [false, true] {
            for sort in [None, Some("capacity"), Some("opened_on")] {
                let asked = Narrowed { sort: sort.map(str::to_owned), descending, ..Narrowed::default() };
                let (mut after, mut ids, mut pages) = (None, Vec::new(), 0);
                loop {
                    let found =
                        list(&town.office, &reader, &register, &asked, after.as_ref(), 10).await.unwrap();
                    ids.extend(found.lines.iter().map(|line| line.id));
                    pages += 1;
                    assert_eq!(found.count.counted, 25);
                    after = found.next;
                    if after.is_none() {
                        break;
                    }
                }
                assert_eq!((ids.len(), pages), (25, 3), "{sort:?}");
                let mut distinct = ids.clone();
                distinct.sort_unstable();
                distinct.dedup();
                assert_eq!(distinct.len(), 25);
            }
        }
        let asked = Narrowed { sort: Some("capacity".to_owned()), ..Narrowed::default() };
        let found = list(&town.office, &reader, &register, &asked, None, 3).await.unwrap();
        assert_eq!(found.lines[0].title, "第S07养老院");
        assert_eq!(found.lines[1].cells[1], "100张");
        let sum: i64 = (0..25).filter(|number| *number != 7).map(|number| 100 + number * 2).sum();
        assert_eq!(found.sums, [("capacity".to_owned(), format!("{sum}张"))]);

        let count = async |asked: Narrowed| {
            list(&town.office, &reader, &register, &asked, None, 50).await.unwrap().lines.len()
        };
        let field = |field: &str, value: &str| Narrowed {
            fields: [(field.to_owned(), value.to_owned())].into(),
            ..Narrowed::default()
        };
        assert_eq!(count(field("capacity", "110..120")).await, 5);
        // What a range leaves is paged in the order asked for.
        for (sort, descending) in [(None, false), (Some("capacity"), true), (Some("opened_on"), false)] {
            let asked =
                Narrowed { sort: sort.map(str::to_owned), descending, ..field("capacity", "110..120") };
            let whole = list(&town.office, &reader, &register, &asked, None, 50).await.unwrap();
            let (mut paged, mut after) = (Vec::new(), None);
            loop {
                let page = list(&town.office, &reader, &register, &asked, after.as_ref(), 2).await.unwrap();
                paged.extend(page.lines);
                after = page.next;
                if after.is_none() {
                    break;
                }
            }
            assert_eq!(paged, whole.lines);
            assert_eq!((whole.count.counted, whole.count.more), (5, false));
        }
        assert_eq!(count(field("capacity", "..103")).await, 2);
        assert_eq!(count(field("opened_on", "2020-03-01..2020-03-01")).await, 25);
        assert_eq!(count(field("opened_on", "2020-03-02..")).await, 0);
        assert_eq!(count(field("kind", "public")).await, 25);
        assert_eq!(count(field("kind", "private")).await, 0);
        assert_eq!(count(Narrowed { words: Some("s1".to_owned()), ..Narrowed::default() }).await, 10);
        assert_eq!(count(Narrowed { words: Some("yly".to_owned()), ..Narrowed::default() }).await, 25);
        assert_eq!(count(Narrowed { words: Some("100%".to_owned()), ..Narrowed::default() }).await, 0);
        assert_eq!(count(Narrowed { division: Some(town.hexi), ..Narrowed::default() }).await, 12);
        assert_eq!(count(Narrowed { state: Some("closed".to_owned()), ..Narrowed::default() }).await, 0);
        let wrong = list(&town.office, &reader, &register, &field("capacity", "很多"), None, 5).await;
        assert!(problems(wrong.unwrap_err()).contains_key("capacity"));
    }
}

#[tokio::test]
async fn neighbours_see_change_and_find_nothing() {
    for town in towns("records_scope").await {
        let (clerk, other) = (town.clerk(town.hedong).await, town.clerk(town.hexi).await);
        let id = shelter(&town, &clerk, "A1", "990101001001", "30").await;
        let register = open(&town, &other, "shelter", Right::ReadRecords);
        let reader = grant::<ReadRecords>(&other);
        let hidden = page::page(&town.office, &reader, &register, id).await.unwrap_err();
        let missing = page::page(&town.office, &reader, &register, RecordId(999)).await.unwrap_err();
        assert_eq!(hidden.to_string(), missing.to_string());
        let listed = list(&town.office, &reader, &register, &Narrowed::default(), None, 50).await.unwrap();
        assert!(listed.lines.is_empty() && listed.sums.iter().all(|(_, sum)| sum == "0张"));
        let base = seen(&town, &clerk, "shelter", id).await.record.answers(register.register());
        assert!(change(&town, &other, id, 1, &base, &[("name", "改名")]).await.is_err());
        // Who writes a reference to what is next door finds nothing by it, by number or by name.
        let person = town.person(&other, "陈大爷", town.willow_village).await;
        let person = format!("〔{person}〕");
        for words in [format!("〔{id}〕"), "第A1养老院".to_owned(), "A1".to_owned()] {
            let pairs = [("person", person.as_str()), ("shelter", words.as_str())];
            let said = problems(try_add(&town, &other, "shelter_resident", &pairs).await.unwrap_err());
            assert!(said["shelter"].contains("没有找到"), "{said:?}");
        }
        // Roles without the right find no register at all.
        let accountant = town.actor("accountant", town.county, &["county_accountant"]).await;
        assert!(records::readable(&town.office, &accountant).is_empty());
        assert!(records::open(&town.office, &accountant, "shelter", Right::ReadRecords).is_err());
        // A village keeps records and does not import.
        let worker = town.actor("worker", town.first_community, &["village_worker"]).await;
        assert!(records::open(&town.office, &worker, "shelter", Right::KeepRecords).is_ok());
        assert!(records::open(&town.office, &worker, "shelter", Right::ImportRecords).is_err());
    }
}

#[tokio::test]
async fn two_people_at_one_record_lose_nothing() {
    for town in towns("records_conflict").await {
        let clerk = town.clerk(town.hedong).await;
        let id = shelter(&town, &clerk, "A1", "990101001001", "30").await;
        let register = open(&town, &clerk, "shelter", Right::ReadRecords);
        let base = seen(&town, &clerk, "shelter", id).await.record.answers(register.register());
        // One changes the name, the other (from the same page) the remark: both stand.
        assert!(matches!(
            change(&town, &clerk, id, 1, &base, &[("name", "新名")]).await.unwrap(),
            Saved::Done(_)
        ));
        assert!(matches!(
            change(&town, &clerk, id, 1, &base, &[("remark", "有花园")]).await.unwrap(),
            Saved::Done(_)
        ));
        let now = seen(&town, &clerk, "shelter", id).await;
        assert_eq!((now.record.title.as_str(), now.record.version), ("新名", 3));
        // Both change the capacity: nothing is written, both values come back.
        assert!(matches!(
            change(&town, &clerk, id, 3, &now.record.answers(register.register()), &[("capacity", "40")])
                .await
                .unwrap(),
            Saved::Done(_)
        ));
        let clash =
            change(&town, &clerk, id, 1, &base, &[("capacity", "50"), ("medical", "yes")]).await.unwrap();
        let Saved::Clash { answers, version, clashes } = clash else { panic!("{clash:?}") };
        assert_eq!(version, 4);
        assert_eq!(clashes.len(), 1);
        assert_eq!((clashes[0].theirs.as_str(), clashes[0].mine.as_str()), ("40张", "50张"));
        // Mine, with what only they changed.
        let done = change(&town, &clerk, id, version, &answers, &[]).await.unwrap();
        assert!(matches!(done, Saved::Done(_)));
        let now = seen(&town, &clerk, "shelter", id).await;
        assert_eq!(now.record.title, "新名");
        let versions: Vec<i64> = now.history.iter().map(|version| version.version).collect();
        assert_eq!(versions, [5, 4, 3, 2, 1]);
        let changed: Vec<&str> = now.history[0].changes.iter().map(|(label, ..)| label.as_str()).collect();
        assert_eq!(changed, ["核定床位", "有内设医疗机构"]);
        // The history replays to the present.
        let last = history::answers_at(&town.office, &register, id, 5).await.unwrap();
        assert_eq!(last, now.record.answers(register.register()));
        // Append only.
        assert!(Query::system("test", "DELETE FROM record_history").execute(town.office.db()).await.is_err());
    }
}

#[tokio::test]
async fn fifty_writers_on_one_record_lose_no_update() {
    for town in towns("records_writers").await {
        let clerk = town.clerk(town.hedong).await;
        let id = shelter(&town, &clerk, "A1", "990101001001", "30").await;
        let register = open(&town, &clerk, "shelter", Right::KeepRecords);
        let base = seen(&town, &clerk, "shelter", id).await.record.answers(register.register());
        let keeper = grant::<KeepRecords>(&clerk);
        // Ten fields, five writers each with the same value for one field: every field ends as written.
        let fields = [
            ("name", "众写院"),
            ("area_each", "9.5"),
            ("opened_on", "2019-01-01"),
            ("since", "2019-02"),
            ("medical", "no"),
            ("phone", "13900000001"),
            ("remark", "五十人写"),
            ("spot", "106.5,39.5"),
            ("permit_until", "2030-01-01"),
            ("capacity", "77"),
        ];
        let mut writers = Vec::new();
        for number in 0..50 {
            let answers = write(&register, base.clone(), &[fields[number % 10]]);
            let new = NewVersion {
                record: Some((id, 1)),
                answers,
                state: None,
                deed: Deed::Changed,
                reason: REASON,
            };
            writers.push(save(&town.office, &keeper, &register, new, None));
        }
        for written in futures_all(writers).await {
            assert!(matches!(written.unwrap(), Saved::Done(_)));
        }
        let now = seen(&town, &clerk, "shelter", id).await.record.answers(register.register());
        let expected = write(&register, base, &fields);
        let form = register.release().record_form("shelter").unwrap();
        assert!(records::conflict::differing(form, &now, &expected).is_empty());
    }
}

/// All futures at once, on this thread.
pub async fn futures_all<F: Future>(futures: Vec<F>) -> Vec<F::Output> {
    let mut futures: Vec<_> = futures.into_iter().map(|future| (Box::pin(future), None)).collect();
    std::future::poll_fn(move |context| {
        let mut waiting = false;
        for (future, done) in &mut futures {
            if done.is_none() {
                match future.as_mut().poll(context) {
                    std::task::Poll::Ready(output) => *done = Some(output),
                    std::task::Poll::Pending => waiting = true,
                }
            }
        }
        if waiting {
            std::task::Poll::Pending
        } else {
            std::task::Poll::Ready(futures.iter_mut().map(|(_, done)| done.take().unwrap()).collect())
        }
    })
    .await
}

/// Many at once stand as they would one by one: with history, event and audit; who is refused keeps nobody out; what they point at is worked out.
#[tokio::test]
async fn many_come_in_at_once_and_the_refused_keep_nobody_out() {
    for town in towns("records_many").await {
        let clerk = town.clerk(town.hedong).await;
        let keeper = grant::<KeepRecords>(&clerk);
        let shelter = shelter(&town, &clerk, "M1", "990101001001", "1").await;
        let stays = open(&town, &clerk, "shelter_resident", Right::KeepRecords);
        let mut people = Vec::new();
        for name in ["陈大爷", "林大妈"] {
            people.push(format!("〔{}〕", town.person(&clerk, name, town.first_community).await));
        }
        let home = format!("〔{shelter}〕");
        let living = |person: &str| answers(&stays, &[("person", person), ("shelter", &home)]);
        let all = vec![
            living(&people[0]),
            // The same again, refused by the database; nobody, refused by the form.
            living(&people[0]),
            answers(&stays, &[("shelter", &home)]),
            living(&people[1]),
        ];
        let entered =
            records::enter_many(&town.office, &keeper, &stays, all.clone(), None, "建库登记").await.unwrap();
        let stand: Vec<bool> = entered.iter().map(Result::is_ok).collect();
        assert_eq!(stand, [true, false, false, true]);
        let mut entered = entered.into_iter();
        let first = entered.next().unwrap().unwrap();
        assert!(problems(entered.next().unwrap().unwrap_err())["person"].contains("已经登记过"));
        assert!(problems(entered.next().unwrap().unwrap_err()).contains_key("person"));
        let county = town.actor("county", town.county, &["county_clerk"]).await;
        let shown = seen(&town, &county, "shelter", shelter).await;
        let said = format!("{:?}", shown.groups);
        assert!(said.contains("2人") && said.contains("-1张"), "{said}");
        let reader = grant::<ReadRecords>(&county);
        let raised =
            alerts::open_alerts(&town.office, &reader, None, alerts::Lying::Anywhere, None, 50).await;
        assert_eq!(raised.unwrap().rows.len(), 1, "one bed for two");
        for sql in [
            "SELECT COUNT(*) FROM record_history WHERE register = 'shelter_resident' AND deed = 'added' AND version = 1",
            "SELECT COUNT(*) FROM record_event WHERE register = 'shelter_resident' AND deed = 'added'",
        ] {
            let written: i64 = Query::system("test", sql).scalar(town.office.db()).await.unwrap();
            assert_eq!(written, 2, "{sql}");
        }
        let audited: i64 = Query::system(
            "test",
            "SELECT COUNT(*) FROM audit WHERE action = 'record.added' AND details LIKE '%shelter_resident%'",
        )
        .scalar(town.office.db())
        .await
        .unwrap();
        assert_eq!(audited, 2);
        let kept = seen(&town, &clerk, "shelter_resident", first).await;
        assert_eq!((kept.record.title.as_str(), kept.record.version), ("陈大爷", 1));
        let without = records::enter_many(&town.office, &keeper, &stays, all, None, " ").await;
        assert!(problems(without.unwrap_err()).contains_key("reason"));
    }
}

#[tokio::test]
async fn states_relations_and_alerts_follow_each_other() {
    for town in towns("records_alerts").await {
        let county = town.actor("county", town.county, &["county_clerk"]).await;
        let clerk = town.clerk(town.hedong).await;
        let id = shelter(&town, &clerk, "A1", "990101001001", "1").await;
        let (reader, keeper) = (grant::<ReadRecords>(&county), grant::<KeepRecords>(&county));
        let alerts_now = async || {
            alerts::open_alerts(&town.office, &reader, None, alerts::Lying::Anywhere, None, 50)
                .await
                .unwrap()
                .rows
        };
        let mut residents = Vec::new();
        for name in ["陈大爷", "林大妈"] {
            let person = town.person(&clerk, name, town.first_community).await;
            let pairs = [("person", format!("〔{person}〕")), ("shelter", "第A1养老院".to_owned())];
            let pairs: Vec<(&str, &str)> =
                pairs.iter().map(|(field, value)| (*field, value.as_str())).collect();
            residents.push((person, add(&town, &clerk, "shelter_resident", &pairs).await));
        }
        // Two in one bed: the home counts them, the alert is raised once, for the county, with its grounds.
        let shown = seen(&town, &county, "shelter", id).await;
        let words = |shown: &page::RecordPage, field: &str| {
            let said = shown.groups.iter().flat_map(|group| &group.fields).find(|said| said.field == field);
            said.map(|said| said.words.clone()).unwrap_or_default()
        };
        assert_eq!((words(&shown, "living"), words(&shown, "vacant")), ("2人".to_owned(), "-1张".to_owned()));
        assert_eq!(shown.pointing[0].records.len(), 2);
        let raised = alerts_now().await;
        assert_eq!(raised.len(), 1, "{raised:?}");
        assert_eq!((raised[0].title.as_str(), raised[0].urgent), ("超床位收住", true));
        assert!(
            raised[0].read.contains("在住人数：2") && raised[0].read.contains("核定床位：1"),
            "{}",
            raised[0].read
        );
        // It cannot be closed while somebody lives there, and only the county pauses it.
        let offered: BTreeMap<&str, bool> =
            shown.transitions.iter().map(|one| (one.id.as_str(), one.not_now.is_none())).collect();
        assert_eq!(offered, [("pause", true), ("close", false), ("struck_off", true)].into());
        let of_clerk = seen(&town, &clerk, "shelter", id).await;
        assert!(of_clerk.transitions.iter().all(|one| one.id != "pause"));
        let register = open(&town, &county, "shelter", Right::KeepRecords);
        let answers = shown.record.answers(register.register());
        let shut = Moved { record: (id, 1), transition: "close", answers: answers.clone(), reason: REASON };
        let refused = move_record(&town.office, &keeper, &register, shut, None).await.unwrap_err();
        assert!(refused.to_string().contains("先安置"), "{refused}");

        // Somebody closes it with a reason: on the same grounds it does not come again; on others it does.
        assert!(alerts::close(&town.office, &keeper, raised[0].id, " ", None).await.is_err());
        alerts::close(&town.office, &keeper, raised[0].id, "双人间，已核实", None).await.unwrap();
        assert!(alerts::close(&town.office, &keeper, raised[0].id, "再关一次", None).await.is_err());
        records::settle_register(&town.office, "shelter").await.unwrap();
        assert!(alerts_now().await.is_empty());
        let person = town.person(&clerk, "周奶奶", town.first_community).await;
        let pairs = [("person", format!("〔{person}〕")), ("shelter", format!("〔{id}〕"))];
        let pairs: Vec<(&str, &str)> = pairs.iter().map(|(field, value)| (*field, value.as_str())).collect();
        add(&town, &clerk, "shelter_resident", &pairs).await;
        assert_eq!(alerts_now().await.len(), 1);

        // One leaves: nobody has to say that it is over when it is.
        let stays = open(&town, &clerk, "shelter_resident", Right::KeepRecords);
        for (_, resident) in &residents {
            let record = seen(&town, &clerk, "shelter_resident", *resident).await.record;
            let moved = Moved {
                record: (*resident, record.version),
                transition: "leave",
                answers: record.answers(stays.register()),
                reason: "回家",
            };
            let moved =
                move_record(&town.office, &grant::<KeepRecords>(&clerk), &stays, moved, None).await.unwrap();
            assert!(matches!(moved, Saved::Done(_)));
        }
        assert!(alerts_now().await.is_empty());
        assert_eq!(words(&seen(&town, &county, "shelter", id).await, "living"), "1人");

        // What a person's own register says raises an alert at night.
        let tx = town.office.db().begin().await.unwrap();
        let sql = "UPDATE person SET died_on = ? WHERE id = ?";
        Query::system("test", sql).bind(day("2026-11-01")).bind(person).execute(&tx).await.unwrap();
        tx.commit().await.unwrap();
        town.pass(DAY);
        records::nightly(&town.office).await.unwrap();
        let raised = alerts_now().await;
        assert_eq!(raised.iter().map(|one| one.title.as_str()).collect::<Vec<_>>(), ["在住老人已死亡"]);
        assert_eq!(records::nightly(&town.office).await.unwrap(), 0, "once a day");
    }
}

#[tokio::test]
async fn duties_fall_due_are_done_and_fall_due_again() {
    for town in towns("records_duties").await {
        let county = town.actor("county", town.county, &["county_clerk"]).await;
        let clerk = town.clerk(town.hedong).await;
        // Opened on 2020-03-01, recorded on 2026-11-02: the first check that is ours is that of March 2027.
        let id = shelter(&town, &clerk, "A1", "990101001001", "30").await;
        let reader = grant::<ReadRecords>(&county);
        let all = DutyFilter { future: true, ..DutyFilter::default() };
        let due = duties::due(&town.office, &reader, &all, None, 50).await.unwrap().rows;
        assert_eq!(due.len(), 1);
        assert_eq!(due[0].due_on, day("2027-03-01"));
        assert_eq!(due[0].office_name, "东河区");
        assert!(
            duties::due(&town.office, &reader, &DutyFilter::default(), None, 50)
                .await
                .unwrap()
                .rows
                .is_empty()
        );
        // In the month before it is shown; after it, it is late.
        town.pass(100 * DAY);
        assert_eq!(
            duties::due(&town.office, &reader, &DutyFilter::default(), None, 50).await.unwrap().rows.len(),
            1
        );
        town.pass(30 * DAY);
        let late = DutyFilter { late: true, own: true, ..DutyFilter::default() };
        assert_eq!(duties::due(&town.office, &reader, &late, None, 50).await.unwrap().rows.len(), 1);
        let month: Month = "2027-03".parse().unwrap();
        let rate = rates::rates(&town.office, &reader, month).await.unwrap();
        assert_eq!(
            (rate[0].title.as_str(), rate[0].due, rate[0].done, rate[0].late),
            ("年检率（养老机构）", 1, 0, 1)
        );

        // Done with the form, and the record's own field with it.
        let keeper = grant::<KeepRecords>(&county);
        let duty = due[0].id;
        let opened = duties::duty(&town.office, &reader, duty).await.unwrap();
        let today = town.office.now().today();
        let unsaid = DutyDone { on: today, note: "", answers: Answers::new(), record: None };
        let said = problems(duties::perform(&town.office, &keeper, duty, unsaid, None).await.unwrap_err());
        assert!(said.contains_key("safe"), "{said:?}");
        let form = opened.form().unwrap();
        let mut found = Answers::new();
        found.merge_page(form, &form.pages[0], None, &[("safe", "yes")]);
        let record = write(
            &opened.open,
            opened.record.answers(opened.open.register()),
            &[("permit_until", "2030-12-31")],
        );
        let done = DutyDone { on: today, note: "合格", answers: found, record: Some((record, 1)) };
        duties::perform(&town.office, &keeper, duty, done.clone(), None).await.unwrap();
        assert!(duties::perform(&town.office, &keeper, duty, done, None).await.is_err(), "once");
        let opened = duties::duty(&town.office, &reader, duty).await.unwrap();
        assert_eq!(opened.recorded[0].rows[0].value, "是");
        let shown = seen(&town, &county, "shelter", id).await;
        assert_eq!(shown.record.version, 2);
        let rate = rates::rates(&town.office, &reader, month).await.unwrap();
        assert_eq!((rate[0].percent().unwrap().as_str(), rate[0].late), ("100.0%", 0));
        // A year from when it was done.
        let next = shown.duties.iter().find(|duty| duty.state == "open").unwrap();
        assert!(
            next.due_on >= today + chrono::Months::new(12)
                && next.due_on <= today + chrono::Months::new(12) + chrono::Days::new(10)
        );
        // A home that is paused owes none.
        let register = open(&town, &county, "shelter", Right::KeepRecords);
        let answers = shown.record.answers(register.register());
        let pause = Moved { record: (id, 2), transition: "pause", answers, reason: REASON };
        move_record(&town.office, &keeper, &register, pause, None).await.unwrap();
        assert!(duties::due(&town.office, &reader, &all, None, 50).await.unwrap().rows.is_empty());
        // What it owed comes back with it, on its day.
        let record = seen(&town, &county, "shelter", id).await.record;
        let answers = record.answers(register.register());
        let resume = Moved { record: (id, record.version), transition: "resume", answers, reason: REASON };
        move_record(&town.office, &keeper, &register, resume, None).await.unwrap();
        let back = duties::due(&town.office, &reader, &all, None, 50).await.unwrap().rows;
        assert_eq!(back.iter().map(|one| one.due_on).collect::<Vec<_>>(), [next.due_on]);
    }
}

/// The file of a list as a whole.
pub async fn taken_out(
    town: &Town,
    actor: &Actor,
    register: &Open,
    asked: &Narrowed,
    (kind, shown_only, purpose): (FileKind, bool, &str),
) -> Result<Vec<u8>, OfficeError> {
    let wanted = Wanted { asked, kind, shown_only, purpose };
    let exporter = grant::<Export>(actor);
    let mut out = take_out(&town.office, &grant::<ReadRecords>(actor), &exporter, register, &wanted).await?;
    let mut bytes = Vec::new();
    out.file.read_to_end(&mut bytes).unwrap();
    assert_eq!(bytes.len() as u64, out.length);
    Ok(bytes)
}

pub async fn work(town: &Town) {
    while let Some(claim) = jobs::claim(town.office.db(), &[RECORDS_JOB], "test").await.unwrap() {
        take_in::work(&town.office, &claim).await.unwrap();
    }
}

const HEADER: &str = "机构编号,机构名称,所在区划,类型,开办资金,核定床位,人均面积,开业日期,纳入月份,有内设医疗机构,联系电话,备注,位置,许可有效期至\n";

#[tokio::test]
async fn a_file_is_previewed_taken_in_and_taken_back() {
    for town in towns("records_import").await {
        let county = town.actor("county", town.county, &["county_clerk"]).await;
        let importer = grant::<ImportRecords>(&county);
        let register = open(&town, &county, "shelter", Right::ImportRecords);
        let reader = grant::<ReadRecords>(&county);
        assert!(take_in::template(&register).unwrap().starts_with(b"PK"));
        let kept = shelter(&town, &county, "A0", "990101001001", "30").await;

        // Every fault by its cell, in Chinese; what the pack asks as well as what the type asks.
        let wrong = format!(
            "{HEADER}B1,一院,一社区,公办,,不少,,,,,,,,\nB2,二院,无此村,民办,,13,,,,,139,,,\nB1,三院,一社区,公办,,5,,,,,,,,\nB4,四院,石桥村,公办,,5,,,,,,,,\n"
        );
        let seen_wrong =
            take_in::preview(&town.office, &importer, &register, "机构.csv", wrong.as_bytes()).await.unwrap();
        let said: Vec<String> = seen_wrong.faults.iter().map(ToString::to_string).collect();
        let says =
            |row: &str, words: &str| said.iter().any(|line| line.starts_with(row) && line.contains(words));
        assert!(says("第 2 行「核定床位」（F2）", "不是整数"), "{said:?}");
        assert!(says("第 3 行「所在区划」（C3）", ""), "{said:?}");
        assert!(says("第 3 行「核定床位」（F3）", "不能是13"), "{said:?}");
        assert!(says("第 3 行「开办资金」（E3）", "请填写"), "{said:?}");
        assert!(says("第 3 行「联系电话」（K3）", ""), "{said:?}");
        assert!(says("第 5 行「所在区划」（C5）", "管辖"), "{said:?}");
        assert!(take_in::commit(&town.office, &importer, &register, seen_wrong.upload).await.is_err());
        let marked = take_in::corrected(&town.office, &importer, &register, seen_wrong.upload).await.unwrap();
        let book = format!("{:?}", tabular::read_file("x.xlsx", &marked).unwrap());
        assert!(book.contains("错误说明") && book.contains("不能是13"));

        // New, changed, unchanged.
        let good = format!(
            "{HEADER}A0,第A0养老院,一社区,公办,,35,,2020-03-01,,,,,,\nC1,新一院,柳树村,民办,500000,60,8.25,2021-05-01,2021-06,是,13911112222,依山,\"106.9,39.7\",2031-01-01\nC2,新二院,二社区,公办,,20,,,,,,,,\n"
        );
        let preview =
            take_in::preview(&town.office, &importer, &register, "机构.csv", good.as_bytes()).await.unwrap();
        assert!(preview.faults.is_empty(), "{:?}", preview.faults);
        assert_eq!((preview.new, preview.changed, preview.unchanged), (2, 1, 0));
        assert_eq!(preview.shown[0].1, [("核定床位".to_owned(), "30张".to_owned(), "35张".to_owned())]);
        let import = take_in::commit(&town.office, &importer, &register, preview.upload).await.unwrap();
        assert_eq!(
            take_in::commit(&town.office, &importer, &register, preview.upload).await.unwrap(),
            import
        );
        work(&town).await;
        let view = take_in::view(&town.office, &importer, &register, import).await.unwrap();
        assert_eq!((view.state.as_str(), view.added, view.changed, view.done), ("done", 2, 1, 3));
        let all = list(&town.office, &reader, &register, &Narrowed::default(), None, 50).await.unwrap();
        assert_eq!(all.lines.len(), 3);

        // Taken out and read in again it is the same, in Excel as in CSV and JSON.
        let whole = Narrowed::default();
        for kind in [FileKind::Excel, FileKind::Csv, FileKind::Json] {
            let file = taken_out(&town, &county, &register, &whole, (kind, false, "核对")).await.unwrap();
            let name = format!("导出.{}", kind.extension());
            let again = take_in::preview(&town.office, &importer, &register, &name, &file).await.unwrap();
            assert!(again.faults.is_empty(), "{:?}", again.faults);
            assert_eq!((again.new, again.changed, again.unchanged), (0, 0, 3), "{kind:?} {:?}", again.shown);
            if kind == FileKind::Json {
                continue;
            }
            let text = format!("{:?}", tabular::read_file(&name, &file).unwrap());
            assert!(text.contains("用途：核对") && !text.contains("13911112222"));
        }
        // JSON of another system: new, changed and wrong, the first record in the second row.
        let json = r#"[{"code": "A0", "name": "第A0养老院", "lies_in": "990101001001", "kind": "public", "capacity": 36, "opened_on": "2020-03-01"},
            {"code": "J1", "name": "新三院", "lies_in": "990101001001", "kind": "private", "fund": 50000000, "medical": true, "leaders": [{"leader": "张甲"}]},
            {"code": "J2", "name": "新四院", "lies_in": "990101001001", "kind": "public", "capacity": 13}]"#;
        let seen_json =
            take_in::preview(&town.office, &importer, &register, "对接.json", json.as_bytes()).await.unwrap();
        assert_eq!((seen_json.new, seen_json.changed), (1, 1), "{:?}", seen_json.faults);
        let said: Vec<String> = seen_json.faults.iter().map(ToString::to_string).collect();
        assert!(said.len() == 1 && said[0].starts_with("第 4 行「核定床位」"), "{said:?}");
        assert!(
            seen_json.ignored.iter().any(|title| title.contains("负责人明细")),
            "{:?}",
            seen_json.ignored
        );
        // Whoever changed it meanwhile is not overwritten by an old file.
        let csv = taken_out(&town, &county, &register, &whole, (FileKind::Csv, false, "核对")).await.unwrap();
        let before = seen(&town, &county, "shelter", kept).await.record;
        change(
            &town,
            &county,
            kept,
            before.version,
            &before.answers(register.register()),
            &[("remark", "先改")],
        )
        .await
        .unwrap();
        let old = take_in::preview(&town.office, &importer, &register, "旧.csv", &csv).await.unwrap();
        assert_eq!(old.conflicting, 1);
        assert!(old.faults[0].message.contains("已被他人修改"), "{:?}", old.faults);

        // Without a purpose nothing goes out; the map and JSON do.
        let unstated = taken_out(&town, &county, &register, &whole, (FileKind::Json, false, " ")).await;
        assert!(unstated.is_err());
        let map =
            taken_out(&town, &county, &register, &whole, (FileKind::GeoJson, false, "制图")).await.unwrap();
        let map: serde_json::Value = serde_json::from_slice(&map).unwrap();
        assert_eq!(map["features"].as_array().unwrap().len(), 1);
        assert_eq!(map["features"][0]["geometry"]["coordinates"], serde_json::json!([106.9, 39.7]));

        // Taken back: what was new is struck off, what was changed is as before - unless somebody changed it since.
        take_in::undo(&town.office, &importer, &register, import, "文件拿错").await.unwrap();
        work(&town).await;
        let view = take_in::view(&town.office, &importer, &register, import).await.unwrap();
        assert_eq!((view.state.as_str(), view.undone, view.kept), ("undone", 2, 1));
        let open_ones = Narrowed { state: Some("open".to_owned()), ..Narrowed::default() };
        let left = list(&town.office, &reader, &register, &open_ones, None, 50).await.unwrap();
        assert_eq!(left.lines.iter().map(|line| line.id).collect::<Vec<_>>(), [kept]);
        assert!(take_in::undo(&town.office, &importer, &register, import, "再来").await.is_err());
        // The key is free again.
        shelter(&town, &county, "C1", "990101002001", "8").await;
    }
}

#[tokio::test]
async fn hostile_files_are_refused_in_words() {
    for town in towns("records_hostile").await {
        let county = town.actor("county", town.county, &["county_clerk"]).await;
        let importer = grant::<ImportRecords>(&county);
        let register = open(&town, &county, "shelter", Right::ImportRecords);
        let gbk = encoding_rs::GB18030
            .encode(&format!("{HEADER}G1,国标院,一社区,公办,,5,,,,,,,,\n"))
            .0
            .into_owned();
        let seen = take_in::preview(&town.office, &importer, &register, "国标.csv", &gbk).await.unwrap();
        assert_eq!((seen.new, seen.faults.len()), (1, 0));
        let many = format!("{HEADER}{}", "X,院,一社区,公办,,5,,,,,,,,\n".repeat(200_010));
        for (name, bytes) in [
            ("空.csv", Vec::new()),
            ("乱.csv", vec![0xFF, 0x00, 0xC3, 0x28, 0xA0]),
            ("很多.csv", many.into_bytes()),
            ("假.xlsx", b"PK\x03\x04 not a zip".to_vec()),
            ("别的.csv", "甲,乙\n1,2\n".as_bytes().to_vec()),
            ("断.json", "[{\"code\": \"A1\"".as_bytes().to_vec()),
            ("别的.json", "{\"features\": []}".as_bytes().to_vec()),
            ("深.json", "[".repeat(100_000).into_bytes()),
        ] {
            let refused =
                take_in::preview(&town.office, &importer, &register, name, &bytes).await.unwrap_err();
            let said = problems(refused);
            assert!(said["file"].chars().any(|sign| sign >= '\u{4e00}'), "{name}: {said:?}");
        }
    }
}

#[tokio::test]
async fn a_new_release_only_adds() {
    for town in towns("records_release").await {
        let county = town.actor("county", town.county, &["county_clerk"]).await;
        let id = shelter(&town, &county, "A1", "990101001001", "30").await;
        assert_eq!(records::prepare(town.office.db(), &town.office.release()).await.unwrap(), 0);
        let changed = |from: &str, to: &str| {
            let mut files = pack();
            let text = &files.files["registers.toml"];
            assert!(text.contains(from));
            let text = text.replacen(from, to, 1);
            files.files.insert("registers.toml".to_owned(), text);
            Release::from_packs(vec![files], LoadOptions { synthetic: true }).unwrap()
        };
        let field = "[[register.group.field]]\nid = \"remark\"";
        let wider = changed(
            field,
            &format!(
                "[[register.group.field]]\nid = \"floors\"\nlabel = \"层数\"\ntype = \"integer\"\n\n{field}"
            ),
        );
        assert_eq!(records::prepare(town.office.db(), &wider).await.unwrap(), 1);
        town.office.put_in_force(std::sync::Arc::new(wider));
        let base = seen(&town, &county, "shelter", id).await.record;
        let register = open(&town, &county, "shelter", Right::ReadRecords);
        change(&town, &county, id, 1, &base.answers(register.register()), &[("floors", "6")]).await.unwrap();
        assert_eq!(seen(&town, &county, "shelter", id).await.record.version, 2);
        let other = changed(
            "id = \"since\"\nlabel = \"纳入月份\"\ntype = \"month\"",
            "id = \"since\"\nlabel = \"纳入月份\"\ntype = \"date\"",
        );
        let refused = records::prepare(town.office.db(), &other).await.unwrap_err();
        assert!(refused.to_string().contains("类型与以前不同"), "{refused}");
        // A sort that is new finds the rows that are there.
        let sorted = changed(
            "sorts = [\"capacity\", \"opened_on\"]",
            "sorts = [\"capacity\", \"opened_on\", \"code\"]",
        );
        records::prepare(town.office.db(), &sorted).await.unwrap();
        let code: String = Query::system("test", "SELECT s_code FROM reg_shelter WHERE id = ?")
            .bind(id)
            .scalar(town.office.db())
            .await
            .unwrap();
        assert_eq!(code, "A1");
    }
}

#[tokio::test]
async fn each_page_is_served_by_an_index() {
    for town in towns("records_plans").await {
        let county = town.actor("county", town.county, &["county_clerk"]).await;
        shelter(&town, &county, "A1", "990101001001", "30").await;
        for (sql, sorted) in [
            (
                "SELECT r.id FROM reg_shelter r WHERE {scope} AND r.f_kind = 'public' ORDER BY r.title, r.id LIMIT 50",
                "f_kind",
            ),
            (
                "SELECT r.id FROM reg_shelter r WHERE {scope} ORDER BY r.s_capacity, r.id LIMIT 50",
                "s_capacity",
            ),
        ] {
            let query = Query::new(
                &store::Scope::System("test"),
                &store::ScopeColumns::NONE,
                sql.replace("{scope}", "1=1"),
            );
            let plan = town.office.db().explain(query).await.unwrap();
            assert!(plan.contains("INDEX") || plan.contains("Index"), "{sorted}: {plan}");
        }
        let _: DivisionId = town.county;
    }
}
