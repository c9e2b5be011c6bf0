//! Property: a record is what its history says. Whatever is done to records - entered, changed by two at once, corrected, moved on, changed by
//! many, taken back, struck off - the history alone, played again from its beginning in a city where nothing stands, gives every row to the
//! letter and the same history again.

use std::collections::BTreeMap;

use catalogue::definition::{Field, FieldKind, Form, Requirement, Target};
use chrono::NaiveDate;
use office::OfficeError;
use office::access::{Actor, KeepRecords, ReadRecords, Right};
use office::forms::{Answers, FieldPath, Raw, RawRecord, reference_text};
use office::people::{self, NewPerson};
use office::records::bulk::{self, BULK_JOB, Selection, What};
use office::records::list::Narrowed;
use office::records::{
    self, Deed, Moved, NewVersion, Open, Record, RecordId, Saved, asked, move_record, page, save,
};
use proptest::strategy::{Strategy as _, ValueTree as _};
use proptest::test_runner::{Config, TestRunner};
use store::{Backend, PersonId, Query, Scope, ScopeColumns, jobs};
use vocab::{CitizenId, Now};

use crate::town::{day, grant};
use crate::wuhai::{NEIGHBOUR_VILLAGE, VILLAGE, Wuhai, cities};

/// Homes that others point at, with a point, sealed numbers and what is counted; stations with lists and several ticks, which point at each
/// other; care workers, who are persons.
const REGISTERS: [&str; 3] = ["care_institution", "care_station", "care_worker"];
/// Things done on each database.
const DEEDS: usize = 160;
const REASON: &str = "年度核对";

struct Dice(TestRunner);

impl Dice {
    fn below(&mut self, sides: usize) -> usize {
        (0..sides).new_tree(&mut self.0).unwrap().current()
    }

    fn one_in(&mut self, sides: usize) -> bool {
        self.below(sides) == 0
    }

    fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }
}

/// What came of what was tried.
#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    Written,
    Refused,
    Clashed,
}

/// A version as the database keeps it.
#[derive(Debug, PartialEq, Eq)]
struct Kept {
    register: String,
    record: RecordId,
    version: i64,
    division: i64,
    at: i64,
    staff: i64,
    deed: String,
    reason: String,
    state: String,
    answers: Answers,
}

struct Play<'a> {
    city: &'a Wuhai,
    dice: Dice,
    persons: Vec<PersonId>,
    made: BTreeMap<&'static str, Vec<RecordId>>,
    /// As somebody saw them some time ago and still has them open.
    seen: Vec<(&'static str, Record)>,
}

fn opened(city: &Wuhai, actor: &Actor, register: &str) -> Open {
    records::open(&city.office, actor, register, Right::KeepRecords).unwrap()
}

fn form(open: &Open) -> &Form {
    open.release().record_form(&open.register().id).unwrap()
}

/// What a refusal may be: about what was typed, or about the record as it stands. Anything else is a fault of the program.
fn outcome(saved: Result<Saved, OfficeError>) -> Outcome {
    match saved {
        Ok(Saved::Done(_)) => Outcome::Written,
        Ok(Saved::Clash { .. }) => Outcome::Clashed,
        Err(OfficeError::Invalid(_) | OfficeError::Conflict(_) | OfficeError::NotFound(_)) => {
            Outcome::Refused
        }
        other => panic!("{other:?}"),
    }
}

async fn people_of(city: &Wuhai) -> Vec<PersonId> {
    let mut persons = Vec::new();
    for (serial, name) in (1..).zip(["金满仓", "李雪莲", "乌云其木格", "王建国"]) {
        let new = NewPerson {
            name: name.parse().unwrap(),
            citizen_id: CitizenId::synthetic(7, day("1980-05-01"), serial),
            phone: None,
            division: city.township_clerk.division,
            residence: None,
        };
        let registered = people::register_person(&city.office, &grant(&city.township_clerk), &new).await;
        persons.push(registered.unwrap().person());
    }
    persons
}

impl Play<'_> {
    /// Something that somebody may type into a field, wrong now and then; none leaves it empty.
    fn typed(&mut self, open: &Open, field: &Field) -> Option<Raw> {
        let dice = &mut self.dice;
        if dice.one_in(80) {
            return Some(Raw::from("说不清"));
        }
        let codes = || {
            let list = field.codelist.as_ref().and_then(|list| open.release().codelists.get(list)).unwrap();
            list.values.iter().map(|value| value.code.get().clone()).collect::<Vec<String>>()
        };
        let text = match *field.kind {
            FieldKind::Text | FieldKind::Textarea => {
                let begins = ["敬老院", "=1+1", " “甲”，,乙", "a\tB;'"];
                format!("{}{}", dice.pick(&begins), dice.below(40))
            }
            FieldKind::YesNo => (*dice.pick(&["yes", "no"])).to_owned(),
            FieldKind::Choice => dice.pick(&codes()).clone(),
            FieldKind::Choices => {
                return Some(Raw::List(codes().into_iter().filter(|_| dice.one_in(3)).collect()));
            }
            FieldKind::Money => format!("{}.{:02}", dice.below(9_000), dice.below(100)),
            FieldKind::Integer => (dice.below(60)).to_string(),
            FieldKind::Decimal => format!("{}.{}", dice.below(900), dice.below(1_000)),
            FieldKind::Date => {
                format!("{}-{:02}-{:02}", 2016 + dice.below(14), 1 + dice.below(12), 1 + dice.below(28))
            }
            FieldKind::PersonName => (*dice.pick(&["陈大爷", "其木格", "买买提·艾力"])).to_owned(),
            FieldKind::Phone => format!("139{:08}", dice.below(100_000_000)),
            FieldKind::Division => {
                (*dice.pick(&[VILLAGE, VILLAGE, NEIGHBOUR_VILLAGE, "150302101"])).to_owned()
            }
            FieldKind::Point => format!("106.{},39.{}", dice.below(1_000), dice.below(1_000)),
            _ => {
                let ids: Vec<i64> = match field.target()? {
                    Target::Person => self.persons.iter().map(|person| person.0).collect(),
                    Target::Record(target) => {
                        self.made.get(target).into_iter().flatten().map(|record| record.0).collect()
                    }
                    Target::Household => Vec::new(),
                };
                if ids.is_empty() {
                    return None;
                }
                reference_text(*dice.pick(&ids))
            }
        };
        Some(Raw::Text(text))
    }

    /// A row of a list.
    fn row(&mut self, open: &Open, of: &str) -> RawRecord {
        let mut row = RawRecord::new();
        for field in open.register().list_fields(of) {
            if (!matches!(field.required, Requirement::Optional) || self.dice.one_in(2))
                && let Some(raw) = self.typed(open, field)
            {
                row.insert(field.id.get().clone(), raw);
            }
        }
        row
    }

    /// A new record's form; nearly everything that is asked is answered.
    fn filled(&mut self, open: &Open) -> Answers {
        let mut answers = Answers::new();
        for (page, field) in form(open).fields().filter(|(page, _)| page.repeat.is_none()) {
            let needed = !matches!(field.required, Requirement::Optional) && !self.dice.one_in(60);
            if (needed || self.dice.one_in(2))
                && let Some(raw) = self.typed(open, field)
            {
                answers.set(&FieldPath::new(page, None, field), raw);
            }
        }
        for of in open.register().lists() {
            let rows = (0..self.dice.below(3)).map(|_| self.row(open, of)).collect();
            answers.set_list(of, rows);
        }
        answers
    }

    /// One to three fields written anew or emptied, or a list with other rows.
    fn altered(&mut self, open: &Open, mut answers: Answers) -> Answers {
        let fields: Vec<_> = form(open).fields().filter(|(page, _)| page.repeat.is_none()).collect();
        for _ in 0..=self.dice.below(3) {
            let (page, field) = *self.dice.pick(&fields);
            let raw = if self.dice.one_in(4) { None } else { self.typed(open, field) };
            match raw {
                Some(raw) => answers.set(&FieldPath::new(page, None, field), raw),
                None => answers.remove(&field.id),
            }
        }
        let lists = open.register().lists();
        if !lists.is_empty() && self.dice.one_in(2) {
            let of = *self.dice.pick(&lists);
            let mut rows = answers.list(of).to_vec();
            if !rows.is_empty() && self.dice.one_in(2) {
                rows.remove(self.dice.below(rows.len()));
            } else {
                rows.push(self.row(open, of));
            }
            answers.set_list(of, rows);
        }
        answers
    }

    async fn page(&self, register: &'static str, id: RecordId) -> page::RecordPage {
        let actor = &self.city.county_clerk;
        let open = opened(self.city, actor, register);
        page::page(&self.city.office, &grant::<ReadRecords>(actor), &open, id).await.unwrap()
    }

    async fn enter(&mut self) -> Outcome {
        let city = self.city;
        let register = *self.dice.pick(&REGISTERS);
        let actor = *self.dice.pick(&[&city.county_clerk, &city.township_clerk]);
        let open = opened(city, actor, register);
        let answers = self.filled(&open);
        let new = NewVersion { record: None, answers, state: None, deed: Deed::Added, reason: "新登记" };
        let saved = save(&city.office, &grant::<KeepRecords>(actor), &open, new, None).await;
        if let Ok(Saved::Done(id)) = &saved {
            self.made.entry(register).or_default().push(*id);
        }
        outcome(saved)
    }

    /// On the record as it stands, or as somebody saw it some time ago.
    async fn write(&mut self) -> Outcome {
        let city = self.city;
        let (register, begun) = if !self.seen.is_empty() && self.dice.one_in(3) {
            let place = self.dice.below(self.seen.len());
            self.seen.swap_remove(place)
        } else {
            let Some((register, id)) = self.any() else { return Outcome::Refused };
            let record = self.page(register, id).await.record;
            self.seen.push((register, record.clone()));
            (register, record)
        };
        let actor = *self.dice.pick(&[&city.county_clerk, &city.county_clerk, &city.township_clerk]);
        let open = opened(city, actor, register);
        let answers = self.altered(&open, begun.answers(open.register()));
        let (deed, reason) = *self.dice.pick(&[(Deed::Changed, REASON), (Deed::Corrected, "登记时看错")]);
        let new = NewVersion { record: Some((begun.id, begun.version)), answers, state: None, deed, reason };
        outcome(save(&city.office, &grant::<KeepRecords>(actor), &open, new, None).await)
    }

    async fn go(&mut self) -> Outcome {
        let Some((register, id)) = self.any() else { return Outcome::Refused };
        let page = self.page(register, id).await;
        if page.transitions.is_empty() {
            return Outcome::Refused;
        }
        let actor = &self.city.county_clerk;
        let open = opened(self.city, actor, register);
        let transition = self.dice.pick(&page.transitions).id.clone();
        let mut answers = page.record.answers(open.register());
        for field in asked(open.register(), &transition) {
            let (on, field) = form(&open).fields().find(|(_, known)| known.id == *field).unwrap();
            if let Some(raw) = self.typed(&open, field) {
                answers.set(&FieldPath::new(on, None, field), raw);
            }
        }
        let record = (id, page.record.version);
        let moved = Moved { record, transition: &transition, answers, reason: REASON };
        outcome(move_record(&self.city.office, &grant::<KeepRecords>(actor), &open, moved, None).await)
    }

    /// A change to several records, confirmed, and taken back now and then after somebody was at one of them.
    async fn many(&mut self) -> Outcome {
        let (office, actor) = (&self.city.office, &self.city.county_clerk);
        let register = *self.dice.pick(&REGISTERS);
        let open = opened(self.city, actor, register);
        let what = self.dice.pick(&bulk::choices(actor, open.register())).clone();
        let mut answers = Answers::new();
        for field in bulk::asked(open.register(), &what) {
            let (on, field) = form(&open).fields().find(|(_, known)| known.id == field.id).unwrap();
            if let Some(raw) = self.typed(&open, field) {
                answers.set(&FieldPath::new(on, None, field), raw);
            }
        }
        let all = self.made.get(register).cloned().unwrap_or_default();
        let picked: Vec<RecordId> = all.into_iter().filter(|_| self.dice.one_in(2)).collect();
        let narrowed = Narrowed::default();
        let selection = Selection { asked: &narrowed, picked: Some(&picked) };
        let keeper = grant::<KeepRecords>(actor);
        let what: (&What, Answers) = (&what, answers);
        let Ok(id) = bulk::preview(office, &keeper, &open, &selection, what, REASON).await else {
            return Outcome::Refused;
        };
        if bulk::commit(office, &keeper, &open, id).await.is_err() {
            return Outcome::Refused;
        }
        self.work().await;
        if !self.dice.one_in(3) {
            self.city.minutes(30);
            self.write().await;
            bulk::undo(office, &keeper, &open, id, "口径有误").await.unwrap();
            self.work().await;
        }
        Outcome::Written
    }

    async fn work(&self) {
        let db = self.city.office.db();
        while let Some(claim) = jobs::claim(db, &[BULK_JOB], "test").await.unwrap() {
            bulk::work(&self.city.office, &claim).await.unwrap();
        }
    }

    fn any(&mut self) -> Option<(&'static str, RecordId)> {
        let all: Vec<_> =
            self.made.iter().flat_map(|(register, ids)| ids.iter().map(|id| (*register, *id))).collect();
        (!all.is_empty()).then(|| *self.dice.pick(&all))
    }
}

async fn kept(city: &Wuhai) -> Vec<Kept> {
    let rows = Query::system(
        "test",
        "SELECT register, record_id, version, division_id, at, staff_id, deed, reason, state, answers_sealed \
         FROM record_history ORDER BY id",
    );
    let rows = rows.all(city.office.db()).await.unwrap();
    let kept = rows.iter().map(|row| Kept {
        register: row.get("register").unwrap(),
        record: row.get("record_id").unwrap(),
        version: row.get("version").unwrap(),
        division: row.get("division_id").unwrap(),
        at: row.get("at").unwrap(),
        staff: row.get("staff_id").unwrap(),
        deed: row.get("deed").unwrap(),
        reason: row.get("reason").unwrap(),
        state: row.get("state").unwrap(),
        answers: {
            let sealed: Vec<u8> = row.get("answers_sealed").unwrap();
            serde_json::from_str(&city.office.keys().open(&sealed).unwrap()).unwrap()
        },
    });
    kept.collect()
}

/// Every column of a table's rows as text. What is sealed, sealed differently each time, stands by its blind index; rows of lists are told by
/// their place.
async fn rows(city: &Wuhai, table: &str, order: &str) -> Vec<BTreeMap<String, Option<String>>> {
    let tx = city.office.db().begin().await.unwrap();
    let all = tx.columns_of(table).await.unwrap();
    tx.rollback().await.unwrap();
    let sealed = |name: &String| {
        name.strip_prefix("f_").is_some_and(|field| all.iter().any(|other| *other == format!("b_{field}")))
    };
    let of_a_list = all.iter().any(|name| name == "record_id");
    let names: Vec<&String> =
        all.iter().filter(|name| !sealed(name) && !(of_a_list && *name == "id")).collect();
    let columns: Vec<String> = names.iter().map(|name| format!("CAST({name} AS TEXT) AS {name}")).collect();
    let sql = format!("SELECT {} FROM {table} ORDER BY {order}", columns.join(", "));
    let rows =
        Query::new(&Scope::System("test"), &ScopeColumns::NONE, sql).all(city.office.db()).await.unwrap();
    let read = |row: &store::Row| {
        names.iter().map(|name| ((*name).clone(), row.get::<Option<String>>(name).unwrap())).collect()
    };
    rows.iter().map(read).collect()
}

fn deed(code: &str) -> Deed {
    let all = [Deed::Added, Deed::Changed, Deed::Corrected, Deed::Moved, Deed::Bulk, Deed::BulkUndone];
    all.into_iter().find(|deed| deed.code() == code).unwrap_or_else(|| panic!("{code}"))
}

/// Plays a history again, each version on its own moment and by whoever wrote it.
async fn replay(city: &Wuhai, versions: &[Kept]) {
    for kept in versions {
        city.minutes((kept.at - city.office.now().at_ms()) / 60_000);
        if kept.version == 1 && city.office.db().backend() == Backend::Postgres {
            // A record that the database refused took its number with it.
            let next = "SELECT setval(pg_get_serial_sequence(?, 'id'), ?, false)";
            let table = format!("reg_{}", kept.register);
            let next = Query::system("test", next).bind(table).bind(kept.record);
            next.scalar::<i64>(city.office.db()).await.unwrap();
        }
        let all = [&city.county_clerk, &city.township_clerk];
        let actor = all.into_iter().find(|actor| actor.staff.0 == kept.staff).unwrap();
        let open = opened(city, actor, &kept.register);
        let new = NewVersion {
            record: (kept.version > 1).then(|| (kept.record, kept.version - 1)),
            answers: kept.answers.clone(),
            state: Some(&kept.state),
            deed: deed(&kept.deed),
            reason: &kept.reason,
        };
        match save(&city.office, &grant::<KeepRecords>(actor), &open, new, None).await {
            Ok(Saved::Done(id)) => assert_eq!(id, kept.record, "{kept:?}"),
            other => panic!("{kept:?}: {other:?}"),
        }
    }
}

/// What the versions of a record say by themselves: none is missing, and from when to when it held.
fn validity(open: &Open, versions: &[&Kept]) -> (NaiveDate, Option<NaiveDate>) {
    let numbers: Vec<i64> = versions.iter().map(|kept| kept.version).collect();
    let count = i64::try_from(versions.len()).unwrap();
    assert_eq!(numbers, (1..=count).collect::<Vec<_>>(), "{}", versions[0].record);
    let on = |kept: &Kept| Now::from_unix_ms(kept.at).today();
    let mut closed: Option<NaiveDate> = None;
    for kept in versions {
        let shut = open.register().is_closed(&kept.state);
        closed = if shut { closed.or(Some(on(kept))) } else { None };
    }
    (on(versions[0]), closed)
}

#[tokio::test]
async fn history_replays_to_the_present_state() {
    let (here, again) = (cities("records_replay").await, cities("records_replay_again").await);
    for (city, again) in here.into_iter().zip(again) {
        let persons = people_of(&city).await;
        assert_eq!(persons, people_of(&again).await);
        // A job acts at the clerk's post as it stands, and who has not set a password of their own acts at none.
        let settled = Query::system("test", "UPDATE staff SET must_change = ?").bind(false);
        settled.execute(city.office.db()).await.unwrap();
        let dice = Dice(TestRunner::new(Config::default()));
        let mut play = Play { city: &city, dice, persons, made: BTreeMap::new(), seen: Vec::new() };
        let mut outcomes = [0_usize; 3];
        for _ in 0..DEEDS {
            let minutes = *play.dice.pick(&[1, 90, 2 * 24 * 60]);
            city.minutes(minutes);
            let outcome = match play.dice.below(12) {
                0..4 => play.enter().await,
                4..8 => play.write().await,
                8..10 => play.go().await,
                _ => play.many().await,
            };
            outcomes[outcome as usize] += 1;
        }
        let versions = kept(&city).await;
        let count = |code: &str| versions.iter().filter(|kept| kept.deed == code).count();
        let deeds =
            ["added", "changed", "corrected", "moved", "bulk", "bulk_undone"].map(|code| (code, count(code)));
        let said = format!("{outcomes:?} {deeds:?}");
        assert!(outcomes[Outcome::Written as usize] > DEEDS / 3, "hardly anything was done: {said}");
        assert!(deeds.iter().all(|(_, count)| *count > 0), "something was never done: {said}");

        replay(&again, &versions).await;
        assert_eq!(versions, kept(&again).await);
        let mut ended = 0;
        for register in REGISTERS {
            let open = opened(&city, &city.county_clerk, register);
            let table = format!("reg_{register}");
            let stored = rows(&city, &table, "id").await;
            assert_eq!(stored, rows(&again, &table, "id").await, "{register}");
            for of in open.register().lists() {
                let list = format!("{table}_{of}");
                let (one, two) = (
                    rows(&city, &list, "record_id, place").await,
                    rows(&again, &list, "record_id, place").await,
                );
                assert_eq!(one, two, "{list}");
            }
            for id in play.made.get(register).into_iter().flatten() {
                let of_it: Vec<&Kept> =
                    versions.iter().filter(|kept| kept.register == register && kept.record == *id).collect();
                let record = play.page(register, *id).await.record;
                let last = of_it.last().unwrap();
                assert_eq!((record.version, &record.state), (last.version, &last.state));
                assert_eq!(record.division.0, last.division);
                assert_eq!(record.answers(open.register()), last.answers);
                assert_eq!(
                    (record.recorded_on, record.closed_on),
                    validity(&open, &of_it),
                    "{register} {id}"
                );
                ended += usize::from(record.closed_on.is_some());
            }
            assert_eq!(stored.len(), play.made.get(register).map_or(0, Vec::len));
        }
        assert!(ended > 0, "none was closed: {said}");
    }
}
