//! What a desk does with many records: takes them out, keeps its views of the list, changes many at once; on both databases.

use office::OfficeError;
use office::access::{Actor, Granted, ImportRecords, KeepRecords, ReadRecords, Right};
use office::forms::Answers;
use office::records::bulk::{self, BULK_JOB, BulkView, Selection, What};
use office::records::list::{Narrowed, columns, list};
use office::records::take_in;
use office::records::take_out::FileKind;
use office::records::{Open, RecordBulkId, RecordId};
use office::tabular;
use office::views::{self, ListView, NewView};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use store::{Query, jobs};

use crate::records::{add, change, open, problems, seen, shelter, taken_out, write};
use crate::town::{DAY, Town, grant, towns};

const REASON: &str = "年度核对";
const LIST: &str = "records/shelter";

async fn preview(
    town: &Town,
    actor: &Actor,
    register: &Open,
    picked: Option<&[RecordId]>,
    what: &What,
    value: &str,
) -> Result<RecordBulkId, OfficeError> {
    let answers = match what {
        What::Set(field) if !value.is_empty() => write(register, Answers::new(), &[(field.as_str(), value)]),
        _ => Answers::new(),
    };
    let asked = Narrowed::default();
    let selection = Selection { asked: &asked, picked };
    bulk::preview(&town.office, &grant(actor), register, &selection, (what, answers), REASON).await
}

async fn view(town: &Town, actor: &Actor, register: &Open, id: RecordBulkId) -> BulkView {
    bulk::view(&town.office, &grant(actor), register, id).await.unwrap()
}

async fn work(town: &Town) {
    while let Some(claim) = jobs::claim(town.office.db(), &[BULK_JOB], "test").await.unwrap() {
        bulk::work(&town.office, &claim).await.unwrap();
    }
}

fn set(field: &str) -> What {
    What::Set(field.to_owned())
}

fn take(transition: &str) -> What {
    What::Take(transition.to_owned())
}

#[tokio::test]
async fn many_records_are_changed_at_once_seen_before_and_taken_back() {
    for town in towns("records_bulk").await {
        let county = town.actor("county", town.county, &["county_clerk"]).await;
        let mut ids = Vec::new();
        for number in 0..6 {
            let place = if number < 4 { "990101001001" } else { "990101002001" };
            ids.push(shelter(&town, &county, &format!("S{number}"), place, "30").await);
        }
        let register = open(&town, &county, "shelter", Right::KeepRecords);
        let base = async |id: RecordId| {
            let record = seen(&town, &county, "shelter", id).await.record;
            (record.version, record.answers(register.register()))
        };
        let (version, answers) = base(ids[5]).await;
        change(&town, &county, ids[5], version, &answers, &[("remark", "已并网")]).await.unwrap();

        // What no record could take is said at once, like an empty reason and what names a record.
        let wrong = preview(&town, &county, &register, None, &set("capacity"), "13").await.unwrap_err();
        assert!(problems(wrong)["capacity"].contains("不能是13"));
        let asked = Narrowed::default();
        let selection = Selection { asked: &asked, picked: None };
        let keeper = grant::<KeepRecords>(&county);
        let what = set("remark");
        let unsaid =
            bulk::preview(&town.office, &keeper, &register, &selection, (&what, Answers::new()), " ").await;
        assert!(problems(unsaid.unwrap_err()).contains_key("reason"));
        assert!(preview(&town, &county, &register, None, &set("code"), "X").await.is_err());
        assert!(preview(&town, &county, &register, None, &set("living"), "").await.is_err());

        // What a record does not ask is refused for that record.
        let fund = preview(&town, &county, &register, None, &set("fund"), "1000").await.unwrap();
        let found = view(&town, &county, &register, fund).await;
        assert_eq!((found.change, found.refused), (0, 6));
        assert!(bulk::commit(&town.office, &keeper, &register, fund).await.is_err());

        let id = preview(&town, &county, &register, None, &set("remark"), "已并网").await.unwrap();
        let found = view(&town, &county, &register, id).await;
        assert_eq!((found.change, found.same, found.refused), (5, 1, 0));
        assert_eq!(found.answers, [("备注".to_owned(), "已并网".to_owned())]);
        let said = bulk::said(&town.office, &keeper, &register, id).await.unwrap();
        assert_eq!(said.changes.len(), 5);
        assert_eq!(said.changes[0].2, [("备注".to_owned(), String::new(), "已并网".to_owned())]);
        // Nothing is changed before it is confirmed, and only who saw it confirms it.
        assert_eq!(base(ids[0]).await.0, 1);
        let second = town.actor("second", town.county, &["county_clerk"]).await;
        assert!(bulk::commit(&town.office, &grant(&second), &register, id).await.is_err());

        // Somebody is faster at one record: it is reported and stays as they wrote it.
        let (version, answers) = base(ids[1]).await;
        change(&town, &second, ids[1], version, &answers, &[("remark", "先写的")]).await.unwrap();
        bulk::commit(&town.office, &keeper, &register, id).await.unwrap();
        bulk::commit(&town.office, &keeper, &register, id).await.unwrap();
        work(&town).await;
        let found = view(&town, &county, &register, id).await;
        assert_eq!((found.state.as_str(), found.changed, found.same, found.refused), ("done", 4, 1, 1));
        let said = bulk::said(&town.office, &keeper, &register, id).await.unwrap();
        assert_eq!(said.refused.len(), 1);
        assert!(said.refused[0].0 == ids[1] && said.refused[0].2.contains("没有覆盖"), "{said:?}");
        let shown = seen(&town, &county, "shelter", ids[0]).await;
        assert_eq!((shown.history[0].deed.as_str(), shown.history[0].reason.as_str()), ("bulk", REASON));
        assert_eq!(shown.history[0].staff.as_deref(), Some("王小明"));
        assert_eq!(shown.history[0].changes.len(), 1);
        let theirs = seen(&town, &county, "shelter", ids[1]).await;
        assert_eq!(theirs.history[0].changes[0].2, "先写的");

        // Taken back as a whole; what somebody changed since stays.
        let (version, answers) = base(ids[2]).await;
        change(&town, &second, ids[2], version, &answers, &[("area_each", "9")]).await.unwrap();
        let unsaid = bulk::undo(&town.office, &keeper, &register, id, " ").await.unwrap_err();
        assert!(problems(unsaid).contains_key("reason"));
        bulk::undo(&town.office, &keeper, &register, id, "口径有误").await.unwrap();
        work(&town).await;
        let found = view(&town, &county, &register, id).await;
        assert_eq!((found.state.as_str(), found.undone, found.kept), ("undone", 3, 1));
        let back = seen(&town, &county, "shelter", ids[0]).await;
        assert_eq!(back.history[0].deed, "bulk_undone");
        assert!(back.history[0].reason.contains("口径有误"));
        assert!(!back.record.values.contains_key("remark"));
        assert!(seen(&town, &county, "shelter", ids[2]).await.record.values.contains_key("remark"));
        assert!(bulk::undo(&town.office, &keeper, &register, id, "再来").await.is_err());
        assert_eq!(bulk::latest(&town.office, &keeper, &register, 10).await.unwrap().len(), 1);
    }
}

#[tokio::test]
async fn many_records_take_a_way_together_where_it_is_open_to_them() {
    for town in towns("records_bulk_ways").await {
        let county = town.actor("county", town.county, &["county_clerk"]).await;
        let clerk = town.clerk(town.hedong).await;
        let mut ids = Vec::new();
        for number in 0..3 {
            ids.push(shelter(&town, &county, &format!("S{number}"), "990101001001", "30").await);
        }
        let elsewhere = shelter(&town, &county, "S9", "990101002001", "30").await;
        let register = open(&town, &county, "shelter", Right::KeepRecords);
        let keeper = grant::<KeepRecords>(&county);
        // A township does not pause anybody, neither one by one nor together.
        assert!(!bulk::choices(&clerk, register.register()).contains(&take("pause")));
        assert!(matches!(
            preview(&town, &clerk, &register, None, &take("pause"), "").await,
            Err(OfficeError::NotFound(_))
        ));
        // Ticked ones of elsewhere are nobody's.
        let none = preview(&town, &clerk, &register, Some(&[elsewhere]), &set("remark"), "外来").await;
        assert!(problems(none.unwrap_err()).contains_key("chosen"));

        let first = preview(&town, &county, &register, Some(&ids[..1]), &take("pause"), "").await.unwrap();
        bulk::commit(&town.office, &keeper, &register, first).await.unwrap();
        work(&town).await;
        assert_eq!(seen(&town, &county, "shelter", ids[0]).await.record.state, "paused");
        let rest = preview(&town, &county, &register, Some(&ids), &take("pause"), "").await.unwrap();
        let found = view(&town, &county, &register, rest).await;
        assert_eq!((found.change, found.refused), (2, 1));
        let said = bulk::said(&town.office, &keeper, &register, rest).await.unwrap();
        assert!(said.refused[0].2.contains("现在是“停业整顿”"), "{said:?}");
        assert_eq!(said.changes[0].2[0], ("状态".to_owned(), "运营".to_owned(), "停业整顿".to_owned()));
        // The neighbours learn nothing of it.
        let other = town.clerk(town.hexi).await;
        let hidden = bulk::view(&town.office, &grant(&other), &register, rest).await.unwrap_err();
        let missing =
            bulk::view(&town.office, &grant(&other), &register, RecordBulkId(999)).await.unwrap_err();
        assert_eq!(hidden.to_string(), missing.to_string());
        bulk::commit(&town.office, &keeper, &register, rest).await.unwrap();
        work(&town).await;
        bulk::undo(&town.office, &keeper, &register, rest, "文件撤回").await.unwrap();
        work(&town).await;
        assert_eq!(view(&town, &county, &register, rest).await.undone, 2);
        assert_eq!(seen(&town, &county, "shelter", ids[1]).await.record.state, "running");
        assert_eq!(seen(&town, &county, "shelter", ids[0]).await.record.state, "paused");

        // A condition of the pack holds for each by itself.
        let person = town.person(&clerk, "陈大爷", town.first_community).await;
        let pairs = [("person", format!("〔{person}〕")), ("shelter", "第S1养老院".to_owned())];
        let pairs: Vec<(&str, &str)> = pairs.iter().map(|(field, value)| (*field, value.as_str())).collect();
        add(&town, &clerk, "shelter_resident", &pairs).await;
        let close = preview(&town, &county, &register, Some(&ids), &take("close"), "").await.unwrap();
        let found = view(&town, &county, &register, close).await;
        assert_eq!((found.change, found.refused), (2, 1));
        // A preview that nobody confirms is forgotten after a week.
        town.pass(8 * DAY);
        office::records::nightly(&town.office).await.unwrap();
        assert!(bulk::view(&town.office, &keeper, &register, close).await.is_err());
        assert!(bulk::view(&town.office, &keeper, &register, rest).await.is_ok());
        // More than one change takes is refused in words.
        let many: Vec<RecordId> = (0..=i64::from(bulk::RECORDS_MAX)).map(RecordId).collect();
        let refused = preview(&town, &county, &register, Some(&many), &set("remark"), "全部").await;
        assert!(problems(refused.unwrap_err())["chosen"].contains("2000"));
    }
}

fn named<'a>(views: &'a [ListView], name: &str) -> &'a ListView {
    views.iter().find(|view| view.name == name).unwrap_or_else(|| panic!("{name}: {views:?}"))
}

#[tokio::test]
async fn a_list_is_kept_as_somebody_likes_it_for_oneself_or_the_office() {
    for town in towns("list_views").await {
        let one = grant::<ReadRecords>(&town.clerk(town.hedong).await);
        let two = grant::<ReadRecords>(&town.actor("two", town.hedong, &["township_clerk"]).await);
        let neighbour = grant::<ReadRecords>(&town.clerk(town.hexi).await);
        let pairs = |value: &str| vec![("f.phone".to_owned(), value.to_owned())];
        let save =
            async |reader: &Granted<ReadRecords>, name: &str, shared: bool, opens: bool, value: &str| {
                let new = NewView { list: LIST, name, shared, opens, asked: pairs(value) };
                views::save(&town.office, reader, new).await
            };
        let of =
            async |reader: &Granted<ReadRecords>| views::views(&town.office, reader, LIST).await.unwrap();
        assert!(save(&one, "  ", false, false, "1").await.is_err());
        save(&one, "我的", false, true, "13912345678").await.unwrap();
        let shared = save(&one, "全所", true, false, "2").await.unwrap();
        let (mine, theirs) = (of(&one).await, of(&two).await);
        assert_eq!((mine.len(), theirs.len()), (2, 1));
        assert!(named(&mine, "我的").opens && !named(&mine, "我的").shared);
        assert_eq!(named(&mine, "我的").asked, pairs("13912345678"));
        assert!(of(&neighbour).await.is_empty());
        assert!(views::views(&town.office, &one, "records/other").await.unwrap().is_empty());
        // What is asked may name somebody: it is sealed.
        let sealed: Vec<Vec<u8>> = Query::system("test", "SELECT asked_sealed FROM list_view")
            .scalars(town.office.db())
            .await
            .unwrap();
        assert!(sealed.iter().all(|sealed| !String::from_utf8_lossy(sealed).contains("13912345678")));

        // The same name is the same view; a shared name is one in the office.
        save(&one, "我的", false, false, "3").await.unwrap();
        assert_eq!(named(&of(&one).await, "我的").asked, pairs("3"));
        let taken = save(&two, "全所", true, false, "4").await.unwrap_err();
        assert!(problems(taken)["view_name"].contains("同名"));
        save(&two, "我的", false, false, "5").await.unwrap();
        assert_eq!(named(&of(&one).await, "我的").asked, pairs("3"));

        // A colleague opens the list with it, cannot take it away, and loses it when it is not shared any more.
        views::set_opening(&town.office, &two, LIST, shared, true).await.unwrap();
        assert!(named(&of(&two).await, "全所").opens && !named(&of(&one).await, "全所").opens);
        assert!(views::remove(&town.office, &two, LIST, shared).await.is_err());
        assert!(views::set_opening(&town.office, &neighbour, LIST, shared, true).await.is_err());
        assert!(matches!(
            views::remove(&town.office, &neighbour, LIST, shared).await,
            Err(OfficeError::NotFound(_))
        ));
        save(&one, "全所", false, false, "2").await.unwrap();
        assert_eq!(of(&two).await.len(), 1);
        save(&one, "全所", true, false, "2").await.unwrap();
        assert!(!named(&of(&two).await, "全所").opens);
        views::remove(&town.office, &one, LIST, shared).await.unwrap();
        assert_eq!((of(&one).await.len(), of(&two).await.len()), (1, 1));
        for number in 0..19 {
            save(&one, &format!("第{number}个"), false, false, "1").await.unwrap();
        }
        let full = save(&one, "多一个", false, false, "1").await.unwrap_err();
        assert!(problems(full)["view_name"].contains("20"));
    }
}

#[tokio::test]
async fn a_list_goes_out_as_it_is_asked_for_and_only_what_its_reader_sees() {
    for town in towns("records_out").await {
        let county = town.actor("county", town.county, &["county_clerk"]).await;
        let clerk = town.clerk(town.hedong).await;
        for (number, capacity) in ["30", "10", "20"].iter().enumerate() {
            let id = shelter(&town, &county, &format!("S{number}"), "990101001001", capacity).await;
            let register = open(&town, &county, "shelter", Right::KeepRecords);
            let answers = seen(&town, &county, "shelter", id).await.record.answers(register.register());
            let more = [("phone", "13912345678"), ("rating", "内部甲等")];
            change(&town, &county, id, 1, &answers, &more).await.unwrap();
        }
        let register = open(&town, &clerk, "shelter", Right::ReadRecords);
        let sorted = Narrowed {
            sort: Some("capacity".to_owned()),
            descending: true,
            columns: vec!["remark".to_owned(), "capacity".to_owned(), "rating".to_owned()],
            ..Narrowed::default()
        };
        // The columns that were chosen, in the register's order, without what the township does not see.
        let shown: Vec<&str> =
            columns(&clerk, register.register(), &sorted).iter().map(|field| field.id.as_str()).collect();
        assert_eq!(shown, ["capacity", "remark"]);
        let listed = list(&town.office, &grant(&clerk), &register, &sorted, None, 10).await.unwrap();
        assert_eq!(listed.lines[0].cells, ["30张", ""]);
        for kind in [FileKind::Excel, FileKind::Csv] {
            let file = taken_out(&town, &clerk, &register, &sorted, (kind, true, "核对")).await.unwrap();
            let name = format!("导出.{}", kind.extension());
            let sheets = tabular::read_file(&name, &file).unwrap();
            let text = format!("{sheets:?}");
            assert!(
                text.contains("机构编号") && text.contains("核定床位") && text.contains("备注"),
                "{text}"
            );
            assert!(
                !text.contains("机构名称") && !text.contains("内部") && !text.contains("联系电话"),
                "{text}"
            );
            // In the order of the list.
            let places: Vec<usize> = ["S0", "S2", "S1"].iter().map(|code| text.find(code).unwrap()).collect();
            assert!(places.is_sorted(), "{places:?}");
        }
        let whole =
            taken_out(&town, &clerk, &register, &sorted, (FileKind::Json, false, "核对")).await.unwrap();
        let json: serde_json::Value = serde_json::from_slice(&whole).unwrap();
        assert!(json["note"].as_str().unwrap().contains("用途：核对"));
        let records = json["records"].as_array().unwrap();
        assert_eq!(records.len(), 3);
        assert_eq!(records[0]["code"], "S0");
        let text = String::from_utf8(whole).unwrap();
        assert!(text.contains('*') && !text.contains("13912345678") && !text.contains("内部甲等"), "{text}");
        let theirs = open(&town, &county, "shelter", Right::ReadRecords);
        let seen_above =
            taken_out(&town, &county, &theirs, &sorted, (FileKind::Json, false, "核对")).await.unwrap();
        assert!(String::from_utf8(seen_above).unwrap().contains("内部甲等"));
        // For platforms of data: its first and last bytes say what it is; sealed values stay masked in it too.
        let parquet =
            taken_out(&town, &clerk, &register, &sorted, (FileKind::Parquet, false, "核对")).await.unwrap();
        assert!(parquet.starts_with(b"PAR1") && parquet.ends_with(b"PAR1"));
        let text = String::from_utf8_lossy(&parquet);
        assert!(text.contains("用途：核对") && text.contains("核定床位") && !text.contains("13912345678"));
        assert!(!text.contains("rating"));
        // An empty list is a file too.
        let none = Narrowed { words: Some("没有这一家".to_owned()), ..Narrowed::default() };
        let empty =
            taken_out(&town, &clerk, &register, &none, (FileKind::GeoJson, false, "核对")).await.unwrap();
        let empty: serde_json::Value = serde_json::from_slice(&empty).unwrap();
        assert_eq!(empty["features"].as_array().unwrap().len(), 0);
        let purposes: Vec<Option<String>> =
            Query::system("test", "SELECT purpose FROM audit WHERE action = 'record.exported'")
                .scalars(town.office.db())
                .await
                .unwrap();
        assert!(purposes.len() == 6 && purposes.iter().all(|purpose| purpose.as_deref() == Some("核对")));
    }
}

/// What somebody may have typed into a shelter's form, text that looks like formulas, quotes and commas among it.
fn typed() -> impl Strategy<Value = Vec<(&'static str, String)>> {
    let words = || "['=+@a-z0-9敬老院，,;\"-][a-z0-9敬老院，,;' \"-]{0,10}[a-z0-9院]";
    let date = || (1990..2030_i32, 1..=12_u32, 1..=28_u32).prop_map(|(y, m, d)| format!("{y}-{m:02}-{d:02}"));
    let decimal = |whole: std::ops::Range<u32>, places: std::ops::Range<u32>| {
        (whole, places).prop_map(|(whole, part)| format!("{whole}.{part}"))
    };
    let place = prop_oneof![Just("990101001001"), Just("990101002001")];
    let own = (words(), place, any::<bool>(), decimal(0..9000, 10..99), 14..5000_u32);
    let maybe = (
        prop::option::of(decimal(0..999, 1..999_999)),
        prop::option::of(date()),
        prop::option::of((2000..2030_i32, 1..=12_u32).prop_map(|(y, m)| format!("{y}-{m:02}"))),
        prop::option::of(prop_oneof![Just("yes"), Just("no")]),
        prop::option::of(words()),
        prop::option::of((decimal(100..110, 0..999_999), decimal(35..40, 0..999_999))),
        prop::option::of(date()),
    );
    (own, maybe).prop_map(|((name, place, private, fund, capacity), maybe)| {
        let (area, opened, since, medical, remark, spot, permit) = maybe;
        let mut pairs = vec![
            ("name", name),
            ("lies_in", place.to_owned()),
            ("kind", if private { "private" } else { "public" }.to_owned()),
            ("capacity", capacity.to_string()),
        ];
        if private {
            pairs.push(("fund", fund));
        }
        let spot = spot.map(|(east, north)| format!("{east},{north}"));
        let more = [
            ("area_each", area),
            ("opened_on", opened),
            ("since", since),
            ("medical", medical.map(str::to_owned)),
            ("remark", remark),
            ("spot", spot),
            ("permit_until", permit),
        ];
        pairs.extend(more.into_iter().filter_map(|(field, value)| Some((field, value?))));
        pairs
    })
}

#[tokio::test]
async fn what_goes_out_comes_in_again_and_is_the_same() {
    let (here, there) = (towns("records_out_in").await, towns("records_out_in_again").await);
    for (town, other) in here.into_iter().zip(there) {
        let county = town.actor("county", town.county, &["county_clerk"]).await;
        let elsewhere = other.actor("county", other.county, &["county_clerk"]).await;
        let mut runner = TestRunner::deterministic();
        for number in 0..40 {
            let pairs = typed().new_tree(&mut runner).unwrap().current();
            let code = format!("P{number:02}");
            let mut pairs: Vec<(&str, &str)> =
                pairs.iter().map(|(field, value)| (*field, value.as_str())).collect();
            pairs.push(("code", &code));
            add(&town, &county, "shelter", &pairs).await;
        }
        let register = open(&town, &county, "shelter", Right::ImportRecords);
        let again = open(&other, &elsewhere, "shelter", Right::ImportRecords);
        let whole = Narrowed::default();
        let (importer, stranger) = (grant::<ImportRecords>(&county), grant::<ImportRecords>(&elsewhere));
        for kind in [FileKind::Excel, FileKind::Csv, FileKind::Json] {
            let file = taken_out(&town, &county, &register, &whole, (kind, false, "核对")).await.unwrap();
            let name = format!("机构.{}", kind.extension());
            let seen = take_in::preview(&town.office, &importer, &register, &name, &file).await.unwrap();
            assert!(seen.faults.is_empty(), "{:?}", seen.faults);
            assert_eq!((seen.new, seen.changed, seen.unchanged), (0, 0, 40), "{kind:?} {:?}", seen.shown);
            // Where nothing stands yet the same file makes the same records.
            let seen = take_in::preview(&other.office, &stranger, &again, &name, &file).await.unwrap();
            assert!(seen.faults.is_empty(), "{:?}", seen.faults);
            if seen.new > 0 {
                assert_eq!(seen.new, 40);
                take_in::commit(&other.office, &stranger, &again, seen.upload).await.unwrap();
                crate::records::work(&other).await;
            }
        }
        let csv = async |town: &Town, actor: &Actor, register: &Open| {
            let file =
                taken_out(town, actor, register, &whole, (FileKind::Csv, false, "核对")).await.unwrap();
            String::from_utf8(file).unwrap()
        };
        let (one, two) = (csv(&town, &county, &register).await, csv(&other, &elsewhere, &again).await);
        let rows = |text: &str| text.lines().skip(1).map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(rows(&one).len(), 41);
        assert_eq!(rows(&one), rows(&two));
    }
}
