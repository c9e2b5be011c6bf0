//! The capability rows that registers, duties, alerts and indicators prove: `tests/rows/<chapter>.toml` says for each row what its
//! offices do, step by step, and what must be seen then. Every row begins with the same empty city; at its end the program is
//! started anew and every record of the row must read as before.
//!
//! Both databases play every chapter, its rows by turns: the mechanisms themselves are held on both by `records`, `indicators` and
//! the walk of strangers. `HUIMIN_TEST_ROWS_ON_BOTH=1` plays every row on both.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU16, Ordering};

use catalogue::Release;
use office::access::{self, Actor, KeepRecords, ManageStaff, NewPost, NewStaff, ReadRecords, Right};
use office::forms::Answers;
use office::indicators::{self, INDICATORS_JOB};
use office::people::{self, NewPerson};
use office::records::duties::{self, DutyDone};
use office::records::{self, Deed, Moved, NewVersion, Open, RecordId, Saved, move_record, page, rates, save};
use office::{Office, OfficeError, divisions};
use serde::Deserialize;
use store::{Db, Keys, PersonId, Query, jobs};
use vocab::{Calendar, CitizenId, Now};

use crate::town::{DAY, START, day, grant, sign_in_and_change};
use crate::wuhai;

/// What the chapter's file holds for one row. Test, route, effect and switch are read by `web::tests::rows` and `tests/flip.sh`.
#[derive(Deserialize)]
struct Row {
    /// The role that does the steps which name no other.
    by: String,
    step: Vec<Step>,
}

/// `@name` in a field's value is the record or person of that name; `@village`, `@village2` (of the same township), `@township`,
/// `@township2`, `@county` and `@prefecture` are the codes of places; `@today` and `@today+30` are dates.
#[derive(Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
enum Step {
    /// Somebody is on file.
    Person { name: String, born: String, at: Option<String> },
    /// A person has died, as their own register says.
    Dies { person: String },
    /// A record is entered; with `refused` it must not be, because of these fields and with these words.
    Add {
        register: String,
        name: Option<String>,
        by: Option<String>,
        #[serde(default)]
        fields: toml::Table,
        refused: Option<BTreeMap<String, String>>,
    },
    /// Fields of a record are written anew.
    Change {
        record: String,
        by: Option<String>,
        fields: toml::Table,
        refused: Option<BTreeMap<String, String>>,
    },
    /// A record goes to another state; `refused` are words of the refusal, or `not offered`.
    Move {
        record: String,
        to: String,
        by: Option<String>,
        #[serde(default)]
        fields: toml::Table,
        refused: Option<String>,
    },
    /// An open duty of a record is done with its form.
    Perform {
        record: String,
        duty: String,
        by: Option<String>,
        #[serde(default)]
        fields: toml::Table,
        #[serde(default)]
        record_fields: toml::Table,
        refused: Option<BTreeMap<String, String>>,
    },
    /// Days go by, with their nights.
    Pass { days: i64 },
    /// The open duties of a record are exactly these, due on these days (an empty day is any).
    Owes { record: String, duties: BTreeMap<String, String> },
    /// The open alerts of a record are exactly these.
    Alerts { record: String, are: BTreeSet<String> },
    /// What a role reads on the record's page: words of fields, the title of the state, what it must not see, what it may do now.
    Shows {
        record: String,
        by: Option<String>,
        state: Option<String>,
        #[serde(default)]
        fields: BTreeMap<String, String>,
        #[serde(default)]
        hidden: BTreeSet<String>,
        #[serde(default)]
        offers: BTreeSet<String>,
        /// Titles of its letters.
        letters: Option<Vec<String>>,
    },
    /// An indicator of a place (`@county` unless told), its value as text and its fraction `3 / 4`.
    Indicator { id: String, at: Option<String>, value: String, fraction: Option<String> },
    /// How much of a duty that fell due this month was done, `100.0%`, by the title of its rate.
    Rate { title: String, is: String },
}

struct Stage {
    office: Office,
    clock: Arc<AtomicI64>,
    url: String,
}

/// The city as every row finds it.
struct City {
    urls: Vec<String>,
    keys: Arc<Keys>,
    release: Arc<Release>,
    calendar: Arc<Calendar>,
    actors: BTreeMap<String, Actor>,
    places: BTreeMap<&'static str, String>,
}

impl City {
    async fn build(name: &str) -> City {
        let keys = Arc::new(Keys::generate().unwrap());
        let release = wuhai::release();
        let calendar =
            Arc::new(Calendar::from_json(include_str!("../../../../facts/holidays.json")).unwrap());
        let mut urls = Vec::new();
        let (mut actors, mut places) = (BTreeMap::new(), BTreeMap::new());
        for url in store::testing::urls(name) {
            let db = Db::create(&url, true, Arc::clone(&keys)).await.unwrap();
            db.migrate(&office::migrations()).await.unwrap();
            divisions::import(&db, &release, day("2020-01-01")).await.unwrap();
            people::prepare_projections(&db, &release).await.unwrap();
            records::prepare(&db, &release).await.unwrap();
            let start = Arc::new(|| Now::from_unix_ms(START));
            let office = Office::new(db, Arc::clone(&calendar), Arc::clone(&release), start);
            places = self::places(&office).await;
            actors = self::actors(&office, &places).await;
            office.db().close().await.unwrap();
            urls.push(url);
        }
        City { urls, keys, release, calendar, actors, places }
    }

    /// A copy of the city on the database whose turn it is, or on each.
    async fn stages(&self, row: &str, turn: usize) -> Vec<Stage> {
        let both = std::env::var_os("HUIMIN_TEST_ROWS_ON_BOTH").is_some();
        let mut stages = Vec::new();
        for (index, url) in self.urls.iter().enumerate() {
            if !both && index != turn % self.urls.len() {
                continue;
            }
            let url = store::testing::copy(url, &row.replace('-', "_")).await;
            stages.push(self.start(url, Arc::new(AtomicI64::new(START))).await);
        }
        stages
    }

    async fn start(&self, url: String, clock: Arc<AtomicI64>) -> Stage {
        let db = Db::connect(&url, Arc::clone(&self.keys)).await.unwrap();
        let hand = Arc::clone(&clock);
        let now = Arc::new(move || Now::from_unix_ms(hand.load(Ordering::SeqCst)));
        let office = Office::new(db, Arc::clone(&self.calendar), Arc::clone(&self.release), now);
        Stage { office, clock, url }
    }
}

/// A village of 海勃湾区 and what lies around it.
async fn places(office: &Office) -> BTreeMap<&'static str, String> {
    let village = wuhai::VILLAGE;
    let of = async |code: &str| divisions::by_code(office.db(), code).await.unwrap();
    let children = async |code: &str| {
        let parent = of(code).await.id;
        let children = divisions::children(office.db(), parent).await.unwrap();
        children.into_iter().map(|child| child.code).collect::<Vec<String>>()
    };
    let (township, county) = (&village[..9], &village[..6]);
    let other = |codes: Vec<String>, than: &str| codes.into_iter().find(|code| code != than).unwrap();
    [
        ("village", village.to_owned()),
        ("village2", other(children(township).await, village)),
        ("township", township.to_owned()),
        ("township2", other(children(county).await, township)),
        ("county", county.to_owned()),
        ("prefecture", "150300".to_owned()),
    ]
    .into()
}

/// One member of staff for every role of the packs, in the office of the village's line.
async fn actors(office: &Office, places: &BTreeMap<&'static str, String>) -> BTreeMap<String, Actor> {
    use catalogue::definition::Level;
    let at = async |name: &str| divisions::by_code(office.db(), &places[name]).await.unwrap().id;
    let password = access::create_first_administrator(office, "root", "首位管理员", at("prefecture").await)
        .await
        .unwrap();
    let root = sign_in_and_change(office, "root", password.reveal(), "quiet-river-47").await;
    let root = grant::<ManageStaff>(&root);
    let release = office.release();
    let businesses: BTreeSet<String> =
        release.registers.iter().map(|register| register.business.clone()).collect();
    let mut actors = BTreeMap::new();
    for role in release.roles.iter() {
        // An organisation's account comes after the organisation.
        if role.rights.iter().any(|right| *right.get() == Right::ReportRecords) {
            continue;
        }
        let place = match role.levels.last() {
            Some(Level::Village) => "village",
            Some(Level::Township) => "township",
            Some(Level::County) => "county",
            _ => "prefecture",
        };
        let division = at(place).await;
        let new = NewStaff {
            login: role.id.replace('_', "-"),
            name: "其木格".to_owned(),
            division: Some(division),
            ..NewStaff::default()
        };
        let (staff, _) = access::create_staff(office, &root, &new).await.unwrap();
        let answers = role.rights.iter().any(|right| *right.get() == Right::AnswerCheck);
        let department = release.departments.iter().next().filter(|_| answers);
        let post = NewPost {
            division,
            roles: vec![role.id.get().clone()],
            businesses: match department {
                Some(department) => vec![format!("{}{}", access::DEPARTMENT, department.id.get())],
                None => businesses.iter().cloned().collect(),
            },
            from_on: day("2026-01-01"),
            until_on: None,
        };
        let post = access::add_post(office, &root, staff, &post).await.unwrap();
        let actor = access::actor_of_synthetic(office, post).await.unwrap();
        actors.insert(role.id.get().clone(), actor);
    }
    actors
}

/// One row while it is played.
struct Play<'a> {
    city: &'a City,
    stage: &'a Stage,
    by: &'a str,
    /// Register and id of the records that were given names.
    records: BTreeMap<String, (String, RecordId)>,
    persons: BTreeMap<String, PersonId>,
}

type Outcome<T = ()> = Result<T, String>;

fn ensure(holds: bool, otherwise: impl FnOnce() -> String) -> Outcome {
    if holds { Ok(()) } else { Err(otherwise()) }
}

fn told(error: OfficeError) -> String {
    match error {
        OfficeError::Invalid(list) => list
            .into_iter()
            .map(|one| format!("{}：{}", one.field, one.message))
            .collect::<Vec<_>>()
            .join("；"),
        other => other.to_string(),
    }
}

/// A refusal by fields: exactly these, each with its words.
fn refused<T: std::fmt::Debug>(
    result: Result<T, OfficeError>,
    expected: &BTreeMap<String, String>,
) -> Outcome {
    match result {
        Ok(done) => Err(format!("nobody refused it: {done:?}")),
        Err(OfficeError::Invalid(list)) => {
            let said: BTreeMap<String, String> =
                list.into_iter().map(|one| (one.field, one.message)).collect();
            let fits = said.len() == expected.len()
                && expected
                    .iter()
                    .all(|(field, words)| said.get(field).is_some_and(|said| said.contains(words)));
            ensure(fits, || format!("refused otherwise: {said:?}"))
        }
        Err(other) => Err(format!("refused otherwise: {other}")),
    }
}

impl Play<'_> {
    fn office(&self) -> &Office {
        &self.stage.office
    }

    fn actor(&self, role: Option<&String>) -> Outcome<&Actor> {
        let role = role.map_or(self.by, String::as_str);
        self.city.actors.get(role).ok_or_else(|| format!("there is no role {role}"))
    }

    fn open(&self, role: Option<&String>, register: &str, right: Right) -> Outcome<Open> {
        let actor = self.actor(role)?;
        records::open(self.office(), actor, register, right)
            .map_err(|error| format!("{register} for {}: {error}", role.map_or(self.by, String::as_str)))
    }

    fn record(&self, name: &str) -> Outcome<&(String, RecordId)> {
        self.records.get(name).ok_or_else(|| format!("no record was called {name}"))
    }

    /// `@name` made into what a person would type.
    fn meant(&self, text: &str) -> Outcome<String> {
        let Some(name) = text.strip_prefix('@') else { return Ok(text.to_owned()) };
        if let Some(place) = self.city.places.get(name) {
            return Ok(place.clone());
        }
        if let Some(days) = name.strip_prefix("today") {
            let days: i64 = if days.is_empty() { 0 } else { days.parse().map_err(|_| format!("@{name}"))? };
            return Ok((self.office().now().today() + chrono::Duration::days(days)).to_string());
        }
        if let Some((_, id)) = self.records.get(name) {
            return Ok(format!("〔{id}〕"));
        }
        self.persons
            .get(name)
            .map(|id| format!("〔{id}〕"))
            .ok_or_else(|| format!("nothing is called @{name}"))
    }

    fn meant_value(&self, value: &toml::Value) -> Outcome<serde_json::Value> {
        Ok(match value {
            toml::Value::String(text) => self.meant(text)?.into(),
            toml::Value::Array(list) => {
                list.iter().map(|one| self.meant_value(one)).collect::<Outcome<Vec<_>>>()?.into()
            }
            toml::Value::Table(table) => serde_json::Value::Object(
                table
                    .iter()
                    .map(|(key, value)| Ok((key.clone(), self.meant_value(value)?)))
                    .collect::<Outcome<_>>()?,
            ),
            other => other.to_string().into(),
        })
    }

    /// Answers with these fields written over; every field must be one of the form.
    fn written(
        &self,
        form: &catalogue::definition::Form,
        base: &Answers,
        fields: &toml::Table,
    ) -> Outcome<Answers> {
        let mut typed = serde_json::to_value(base).map_err(|error| error.to_string())?;
        let entries = typed.as_object_mut().ok_or("answers are an object")?;
        for (field, value) in fields {
            let known = form.fields().any(|(_, known)| known.id == *field)
                || form
                    .pages
                    .iter()
                    .any(|page| page.repeat.as_ref().is_some_and(|repeat| repeat.of.get() == field));
            ensure(known, || format!("the form {} has no field {field}", form.id.get()))?;
            entries.insert(field.clone(), self.meant_value(value)?);
        }
        serde_json::from_value(typed).map_err(|error| error.to_string())
    }

    async fn seen(&self, role: Option<&String>, name: &str) -> Outcome<page::RecordPage> {
        let (register, id) = self.record(name)?;
        let open = self.open(role, register, Right::ReadRecords)?;
        let reader = self.actor(role)?.grant::<ReadRecords>().map_err(told)?;
        page::page(self.office(), &reader, &open, *id).await.map_err(told)
    }

    async fn save(
        &self,
        role: Option<&String>,
        open: &Open,
        record: Option<(RecordId, i64)>,
        answers: Answers,
    ) -> Outcome<Result<RecordId, OfficeError>> {
        let (deed, reason) = match record {
            None => (Deed::Added, "新登记"),
            Some(_) => (Deed::Changed, "情况变化"),
        };
        let new = NewVersion { record, answers, state: None, deed, reason };
        let keeper = self.actor(role)?.grant::<KeepRecords>().map_err(told)?;
        match save(self.office(), &keeper, open, new, None).await {
            Ok(Saved::Done(id)) => Ok(Ok(id)),
            Ok(other) => Err(format!("{other:?}")),
            Err(error) => Ok(Err(error)),
        }
    }

    async fn play(&mut self, step: &Step) -> Outcome {
        match step {
            Step::Person { name, born, at } => {
                let village = self.meant(at.as_deref().unwrap_or("@village"))?;
                let village = divisions::by_code(self.office().db(), &village).await.map_err(told)?;
                let born: chrono::NaiveDate = born.parse().map_err(|_| format!("born {born}"))?;
                static SERIAL: AtomicU16 = AtomicU16::new(1);
                let new = NewPerson {
                    name: name.parse().map_err(|_| format!("the name {name}"))?,
                    citizen_id: CitizenId::synthetic(3, born, SERIAL.fetch_add(1, Ordering::SeqCst)),
                    phone: None,
                    division: village.id,
                    residence: None,
                };
                let clerk = grant(self.actor(Some(&"township_clerk".to_owned()))?);
                let person = people::register_person(self.office(), &clerk, &new).await.map_err(told)?;
                self.persons.insert(name.clone(), person.person());
            }
            Step::Dies { person } => {
                let id = self.persons.get(person).ok_or_else(|| format!("nobody is called {person}"))?;
                let tx = self.office().db().begin().await.map_err(|error| error.to_string())?;
                let sql = "UPDATE person SET died_on = ? WHERE id = ?";
                let update = Query::system("test", sql).bind(self.office().now().today()).bind(*id);
                update.execute(&tx).await.map_err(|error| error.to_string())?;
                tx.commit().await.map_err(|error| error.to_string())?;
            }
            Step::Add { register, name, by, fields, refused: expected } => {
                let open = self.open(by.as_ref(), register, Right::KeepRecords)?;
                let form = open.release().record_form(register).ok_or("the register has no form")?;
                let answers = self.written(form, &Answers::new(), fields)?;
                let result = self.save(by.as_ref(), &open, None, answers).await?;
                if let Some(expected) = expected {
                    return refused(result, expected);
                }
                let id = result.map_err(told)?;
                if let Some(name) = name {
                    self.records.insert(name.clone(), (register.clone(), id));
                }
            }
            Step::Change { record, by, fields, refused: expected } => {
                let (register, id) = self.record(record)?.clone();
                let open = self.open(by.as_ref(), &register, Right::KeepRecords)?;
                let stored = self.seen(by.as_ref(), record).await?.record;
                let form = open.release().record_form(&register).ok_or("the register has no form")?;
                let answers = self.written(form, &stored.answers(open.register()), fields)?;
                let result = self.save(by.as_ref(), &open, Some((id, stored.version)), answers).await?;
                match expected {
                    Some(expected) => return refused(result, expected),
                    None => result.map_err(told)?,
                };
            }
            Step::Move { record, to, by, fields, refused } => {
                let (register, id) = self.record(record)?.clone();
                let open = self.open(by.as_ref(), &register, Right::KeepRecords)?;
                let stored = self.seen(by.as_ref(), record).await?.record;
                let form = open.release().record_form(&register).ok_or("the register has no form")?;
                let answers = self.written(form, &stored.answers(open.register()), fields)?;
                let keeper = self.actor(by.as_ref())?.grant::<KeepRecords>().map_err(told)?;
                let moved = Moved { record: (id, stored.version), transition: to, answers, reason: "办理" };
                let result = move_record(self.office(), &keeper, &open, moved, None).await;
                match (refused.as_deref(), result) {
                    (None, Ok(Saved::Done(_))) | (Some("not offered"), Err(OfficeError::NotFound(_))) => {}
                    (Some(words), Err(error)) => {
                        let said = told(error);
                        ensure(said.contains(words), || format!("refused otherwise: {said}"))?;
                    }
                    (None, Err(error)) => return Err(told(error)),
                    (_, Ok(saved)) => return Err(format!("{saved:?}")),
                }
            }
            Step::Perform { record, duty, by, fields, record_fields, refused: expected } => {
                let page = self.seen(by.as_ref(), record).await?;
                let open_duty = page.duties.iter().find(|one| one.duty == *duty && one.state == "open");
                let id = open_duty.ok_or_else(|| format!("{record} owes no {duty}"))?.id;
                let reader = self.actor(by.as_ref())?.grant::<ReadRecords>().map_err(told)?;
                let opened = duties::duty(self.office(), &reader, id).await.map_err(told)?;
                let answers = match opened.form() {
                    Some(form) => self.written(form, &Answers::new(), fields)?,
                    None => Answers::new(),
                };
                let with_record = if record_fields.is_empty() {
                    None
                } else {
                    let register = opened.open.register();
                    let form = opened.open.release().record_form(&register.id);
                    let base = opened.record.answers(register);
                    let answers =
                        self.written(form.ok_or("the register has no form")?, &base, record_fields)?;
                    Some((answers, opened.record.version))
                };
                let on = self.office().now().today();
                let done = DutyDone { on, note: "已办", answers, record: with_record };
                let keeper = self.actor(by.as_ref())?.grant::<KeepRecords>().map_err(told)?;
                let result = duties::perform(self.office(), &keeper, id, done, None).await;
                match expected {
                    Some(expected) => return refused(result, expected),
                    None => result.map_err(told)?,
                }
            }
            Step::Pass { days } => {
                self.stage.clock.fetch_add(days * DAY, Ordering::SeqCst);
                records::nightly(self.office()).await.map_err(told)?;
            }
            Step::Owes { record, duties } => {
                let page = self.seen(None, record).await?;
                let owed = page.duties.iter().filter(|duty| duty.state == "open");
                let owed: BTreeMap<&str, String> =
                    owed.map(|duty| (duty.duty.as_str(), duty.due_on.to_string())).collect();
                let fits = owed.len() == duties.len()
                    && duties.iter().all(|(id, on)| {
                        owed.get(id.as_str())
                            .is_some_and(|due| on.is_empty() || self.meant(on).is_ok_and(|on| on == *due))
                    });
                ensure(fits, || format!("{record} owes {owed:?}"))?;
            }
            Step::Alerts { record, are } => {
                let page = self.seen(None, record).await?;
                let open = page.alerts.iter().filter(|alert| alert.state == "open");
                let open: BTreeSet<String> = open.map(|alert| alert.alert.clone()).collect();
                ensure(open == *are, || format!("{record} has the alerts {open:?}"))?;
            }
            Step::Shows { record, by, state, fields, hidden, offers, letters } => {
                let page = self.seen(by.as_ref(), record).await?;
                if let Some(letters) = letters {
                    let found: Vec<&str> = page.letters.iter().map(|one| one.title.as_str()).collect();
                    ensure(found == *letters, || format!("{record} has the letters {found:?}"))?;
                }
                let words: BTreeMap<&str, &str> = page
                    .groups
                    .iter()
                    .flat_map(|group| &group.fields)
                    .map(|said| (said.field.as_str(), said.words.as_str()))
                    .collect();
                for (field, expected) in fields {
                    let said = words.get(field.as_str()).copied();
                    ensure(said == Some(expected), || format!("{record}.{field} reads {said:?}"))?;
                }
                for field in hidden {
                    ensure(!words.contains_key(field.as_str()), || format!("{field} is to be seen"))?;
                }
                if let Some(state) = state {
                    ensure(page.state == *state, || format!("{record} is {}", page.state))?;
                }
                let offered = page.transitions.iter().filter(|one| one.not_now.is_none());
                let offered: BTreeSet<&str> = offered.map(|one| one.id.as_str()).collect();
                ensure(offers.iter().all(|one| offered.contains(one.as_str())), || {
                    format!("{record} offers {offered:?}")
                })?;
            }
            Step::Indicator { id, at, value, fraction } => {
                indicators::schedule(self.office()).await.map_err(told)?;
                let db = self.office().db();
                while let Some(claim) =
                    jobs::claim(db, &[INDICATORS_JOB], "test").await.map_err(|error| error.to_string())?
                {
                    indicators::work(self.office(), &claim).await.map_err(told)?;
                }
                let reader = self.city.actors.get("prefecture_policy").ok_or("no prefecture_policy")?;
                let reader = reader.grant::<ReadRecords>().map_err(told)?;
                let place = self.meant(at.as_deref().unwrap_or("@county"))?;
                let place = divisions::by_code(db, &place).await.map_err(told)?.id;
                let month = self.office().now().month();
                let (indicator, found) =
                    indicators::by_place(self.office(), &reader, id, place, month).await.map_err(told)?;
                let figure = found[0].figure;
                let (text, part) = (figure.text(&indicator), figure.fraction(&indicator).unwrap_or_default());
                let fits = text == *value && fraction.as_ref().is_none_or(|fraction| *fraction == part);
                ensure(fits, || format!("{id} is {text} ({part})"))?;
            }
            Step::Rate { title, is } => {
                let reader = self.actor(None)?.grant::<ReadRecords>().map_err(told)?;
                let month = self.office().now().month();
                let found = rates::rates(self.office(), &reader, month).await.map_err(told)?;
                let said = found.iter().find(|rate| rate.title == *title).map(rates::Rate::percent);
                ensure(said == Some(Some(is.clone())), || format!("the rate {title} is {said:?}"))?;
            }
        }
        Ok(())
    }

    /// Every named record as its own keeper reads it.
    async fn all(&self) -> Outcome<BTreeMap<String, String>> {
        let mut all = BTreeMap::new();
        for name in self.records.keys() {
            let page = self.seen(None, name).await?;
            let read =
                (&page.state, &page.groups, &page.lists, &page.duties, &page.alerts, page.history.len());
            all.insert(name.clone(), format!("{read:?}"));
        }
        Ok(all)
    }
}

async fn prove(city: &City, id: &str, row: &Row, turn: usize) -> Outcome {
    for stage in city.stages(id, turn).await {
        let backend = stage.url.split(':').next().unwrap_or_default().to_owned();
        let mut play =
            Play { city, stage: &stage, by: &row.by, records: BTreeMap::new(), persons: BTreeMap::new() };
        for (number, step) in row.step.iter().enumerate() {
            let done = play.play(step).await;
            done.map_err(|why| format!("{id}, step {} on {backend}: {why}", number + 1))?;
        }
        let before = play.all().await.map_err(|why| format!("{id}: {why}"))?;
        let records = std::mem::take(&mut play.records);
        stage.office.db().close().await.map_err(|error| error.to_string())?;
        let again = city.start(stage.url.clone(), Arc::clone(&stage.clock)).await;
        let again_play = Play { city, stage: &again, by: &row.by, records, persons: BTreeMap::new() };
        let after = again_play.all().await.map_err(|why| format!("{id}, started anew: {why}"))?;
        ensure(before == after, || format!("{id}: read otherwise after a restart:\n{before:?}\n{after:?}"))?;
        again.office.db().close().await.map_err(|error| error.to_string())?;
    }
    Ok(())
}

/// Where the rows are; another folder by the variable, as with the packs.
fn folder() -> PathBuf {
    std::env::var_os("HUIMIN_TEST_ROWS")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/rows"), PathBuf::from)
}

/// All rows of a chapter, or the one that `HUIMIN_TEST_ROW` names.
async fn chapter(name: &str) {
    let text = std::fs::read_to_string(folder().join(format!("{name}.toml"))).unwrap();
    let rows: BTreeMap<String, Row> = toml::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
    assert!(!rows.is_empty(), "{name} proves nothing");
    let only = std::env::var("HUIMIN_TEST_ROW").ok();
    let city = City::build(&format!("rows_{}", name.to_lowercase())).await;
    let mut failed = Vec::new();
    let chosen = rows.iter().enumerate().filter(|(_, (id, _))| only.as_ref().is_none_or(|only| only == *id));
    for (turn, (id, row)) in chosen {
        assert!(!row.step.is_empty(), "{id} does nothing");
        if let Err(why) = prove(&city, id, row, turn).await {
            failed.push(why);
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

#[tokio::test]
async fn social_assistance() {
    chapter("SA").await;
}

#[tokio::test]
async fn elderly_care() {
    chapter("EL").await;
}

#[tokio::test]
async fn children() {
    chapter("CH").await;
}

#[tokio::test]
async fn self_government() {
    chapter("GO").await;
}

#[tokio::test]
async fn community_services() {
    chapter("CS").await;
}

#[tokio::test]
async fn funerals() {
    chapter("FU").await;
}

#[tokio::test]
async fn funds() {
    chapter("FI").await;
}

#[tokio::test]
async fn divisions_and_boundaries() {
    chapter("DV").await;
}

#[tokio::test]
async fn place_names() {
    chapter("PN").await;
}
