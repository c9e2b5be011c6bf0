//! The population says of everybody what a determination would: the same facts, the same outcomes, the same fen, whole or by changes.

use std::collections::HashMap;
use std::os::unix::fs::PermissionsExt as _;

use catalogue::definition::{Fact, Unit, ValueKind};
use columns::{Sweep, Swept};
use office::access::Actor;
use office::casework::determine::{self, Question};
use office::people::{
    self, FamilyIds, MemberChange, NewFact, NewFamily, NewPerson, NewPlace, Source, Subject,
};
use office::population::{self, Made, Population};
use office::{Office, divisions};
use rules::{Outcome, Value};
use store::jobs::Beat;
use store::{HouseholdId, Query, Scope};
use vocab::{CitizenId, Month};

use crate::town::day;
use crate::wuhai::{DELEGATED_VILLAGE, VILLAGE, Wuhai, cities};

const TEST: Scope = Scope::System("test");

/// A family in the register, of whom nothing else is known.
pub async fn registered(city: &Wuhai, village: &str, names: &[&str], serial: u16) -> FamilyIds {
    let office = &city.office;
    let village = divisions::by_code(office.db(), village).await.unwrap().id;
    let members = names.iter().enumerate().map(|(index, name)| {
        let born = ["1980-03-05", "1982-11-19", "2015-06-01", "1935-02-28"][index % 4];
        let number = serial * 8 + u16::try_from(index).unwrap() + 1;
        let person = NewPerson {
            name: name.parse().unwrap(),
            citizen_id: CitizenId::synthetic(9, day(born), number),
            phone: None,
            division: village,
            residence: Some(village),
        };
        (person, ["head", "spouse", "child", "parent"][index % 4].to_owned())
    });
    let place =
        NewPlace { division: village, registered_division: village, area: "rural".to_owned(), address: None };
    let families = [NewFamily { place, members: members.collect() }];
    let change = MemberChange { on: day("2026-01-05"), reason: "建库".to_owned(), case: None };
    let tx = office.db().begin().await.unwrap();
    let who = city.county_clerk.audit();
    let ids = people::register_families_in(office, &tx, &who, &families, &change).await.unwrap();
    tx.commit().await.unwrap();
    ids.into_iter().next().unwrap()
}

/// Records statements, whoever may see the subject.
pub async fn record(office: &Office, actor: &Actor, facts: &[NewFact]) {
    let tx = office.db().begin().await.unwrap();
    people::record_facts_in(office, &tx, &TEST, &actor.audit(), facts).await.unwrap();
    tx.commit().await.unwrap();
}

pub fn fact(subject: Subject, id: &str, value: Option<&str>, source: Source) -> NewFact {
    NewFact {
        subject,
        fact: id.to_owned(),
        value: value.map(str::to_owned),
        from_on: day("2026-03-01"),
        until_on: None,
        source,
        case: None,
        evidence: None,
    }
}

/// Everything of a family is known: nothing of anything, but for what is said here (fact and value, of every member or the family).
pub async fn known(city: &Wuhai, family: &FamilyIds, said: &[(&str, &str)]) {
    let release = city.office.release();
    let mut facts = Vec::new();
    for of in release.facts.iter() {
        let id = of.id.as_str();
        let value = match said.iter().find(|(known, _)| *known == id) {
            Some((_, value)) => Some((*value).to_owned()),
            None if catalogue::shapes::absent_value(of).is_known() => None,
            None => match *of.kind {
                ValueKind::Boolean => Some("false".to_owned()),
                ValueKind::Integer | ValueKind::Decimal | ValueKind::Money => {
                    Some(of.min.as_ref().map_or_else(|| "0".to_owned(), |min| min.get().to_string()))
                }
                _ => continue,
            },
        };
        match of.on {
            Unit::Household => {
                facts.push(fact(Subject::Household(family.household), id, value.as_deref(), Source::Visit))
            }
            Unit::Person => facts.extend(
                family
                    .persons
                    .iter()
                    .map(|one| fact(Subject::Person(*one), id, value.as_deref(), Source::Visit)),
            ),
        }
    }
    record(&city.office, &city.county_clerk, &facts).await;
}

pub async fn refreshed(office: &Office) -> Made {
    population::refresh(office, &mut |_, _| Beat::GoOn).await.unwrap().unwrap()
}

/// The same numbers for the same seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

/// A value that the fact may have.
fn drawn(city: &Wuhai, of: &Fact, dice: &mut Dice) -> Option<String> {
    let release = city.office.release();
    let low = of.min.as_ref().map_or(0, |min| min.get().at_scale(0).unwrap_or(0));
    let high = of.max.as_ref().map_or(3_000, |max| max.get().at_scale(0).unwrap_or(3_000)).min(low + 3_000);
    let number = low + i64::try_from(dice.below(u64::try_from(high - low + 1).unwrap())).unwrap();
    Some(match *of.kind {
        ValueKind::Boolean => (dice.below(2) == 0).to_string(),
        ValueKind::Integer | ValueKind::Money => number.to_string(),
        ValueKind::Decimal => number.to_string(),
        ValueKind::Date => format!("{}-0{}-15", 1990 + dice.below(36), 1 + dice.below(9)),
        ValueKind::Month => format!("{}-0{}", 2020 + dice.below(6), 1 + dice.below(9)),
        ValueKind::Code => {
            let list = release.codelists.get(of.codelist.as_ref()?.get())?;
            let codes: Vec<&str> = list.values.iter().map(|code| code.code.as_str()).collect();
            codes[usize::try_from(dice.below(codes.len() as u64)).unwrap()].to_owned()
        }
        ValueKind::Text => return None,
    })
}

/// Says this and that of a family: several sources of one fact, later ones over earlier ones, sources that have nothing.
async fn said_of(city: &Wuhai, family: &FamilyIds, dice: &mut Dice, poor: bool) {
    let release = city.office.release();
    let mut facts = Vec::new();
    for of in release.facts.iter() {
        let subjects: Vec<Subject> = match of.on {
            Unit::Household => vec![Subject::Household(family.household)],
            Unit::Person => family.persons.iter().copied().map(Subject::Person).collect(),
        };
        for subject in subjects {
            for _ in 0..dice.below(3) {
                let department = of.source.first().map(|source| source.get().clone());
                let source = match (dice.below(4), department) {
                    (0, Some(department)) => Source::Department(department),
                    (0 | 1, _) => Source::Visit,
                    (2, _) => Source::Roll,
                    _ => Source::Declared,
                };
                let none = catalogue::shapes::absent_value(of).is_known() && (poor || dice.below(3) == 0);
                let value = if none { None } else { drawn(city, of, dice) };
                let mut new = fact(subject, &of.id, value.as_deref(), source);
                new.from_on = day("2026-02-01") + chrono::Days::new(dice.below(90));
                if dice.below(8) == 0 {
                    new.until_on = Some(new.from_on + chrono::Days::new(1 + dice.below(400)));
                }
                facts.push(new);
            }
        }
    }
    facts.retain(|new| {
        let text = release.facts.get(&new.fact).is_some_and(|of| *of.kind == ValueKind::Text);
        !text
    });
    record(&city.office, &city.county_clerk, &facts).await;
}

/// Every cell of the population is what casework reads.
async fn cells_are_facts(office: &Office, population: &Population) {
    let now = office.now();
    let tables = &population.snapshot.schema().tables;
    for row in 0..population.snapshot.rows(0) {
        let household = population.household(row);
        let wanted = people::facts_as_of(office, office.db(), &TEST, household, now.today(), now.at_ms())
            .await
            .unwrap();
        let found = population.snapshot.record(0, row);
        let same = |table: usize, found: &rules::Record, wanted: &rules::Record| {
            for column in tables[table].columns.iter().filter(|column| column.id != "#id") {
                let of =
                    |record: &rules::Record| record.fields.get(&column.id).cloned().unwrap_or(Value::Unknown);
                assert_eq!(of(found), of(wanted), "{} of {household}", column.id);
            }
        };
        same(0, &found, &wanted);
        let (members, others) = (&found.many["members"], &wanted.many["members"]);
        assert_eq!(members.len(), others.len());
        for (member, other) in members.iter().zip(others) {
            same(population.people(), member, other);
        }
        assert_eq!(found.one.contains_key("head"), wanted.one.contains_key("head"));
        let known =
            people::members_as_of(office.db(), &TEST, household, now.today(), now.at_ms()).await.unwrap();
        let rows = population.snapshot.rows_of(population.people(), row);
        let persons: Vec<_> = rows.map(|row| population.person(row)).collect();
        assert_eq!(persons, known.iter().map(|member| member.person).collect::<Vec<_>>());
    }
}

/// What the sweep says of each programme and family is what a determination says and stores. How many outcomes were met.
async fn sweep_is_determination(office: &Office, population: &Population) -> usize {
    let (release, now) = (office.release(), office.now());
    let month = Month::containing(now.today()).next();
    let programmes: Vec<_> = release.programmes.iter().collect();
    let snapshot = &population.snapshot;
    let swept = programmes.iter().map(|programme| Swept {
        programme: release.rules(&programme.id).unwrap(),
        contexts: snapshot
            .divisions()
            .iter()
            .map(|code| release.context(&programme.id, code, month, now.today(), now.today()))
            .collect(),
    });
    let sweep = Sweep::new(snapshot, swept.collect()).unwrap();
    let codes: HashMap<HouseholdId, String> =
        Query::system("test", "SELECT h.id, d.code FROM household h JOIN division d ON d.id = h.division_id")
            .all_as(office.db(), |row| Ok((row.get("id")?, row.get("code")?)))
            .await
            .unwrap()
            .into_iter()
            .collect();
    let mut met = 0;
    for (place, programme) in programmes.iter().enumerate() {
        let answers = sweep.rows(place);
        for row in 0..snapshot.rows(0) {
            let household = population.household(row);
            let tx = office.db().begin().await.unwrap();
            let question = Question {
                case: None,
                benefit: None,
                household,
                person: None,
                division: &codes[&household],
                month,
                law_on: now.today(),
                valid_on: now.today(),
                programmes: vec![programme.id.get().clone()],
            };
            determine::determine(office, &tx, &release, &question, now, None).await.unwrap();
            let stored: Vec<(String, Option<vocab::Fen>)> = Query::system(
                "test",
                "SELECT outcome, amount_fen FROM determination WHERE household_id = ? AND programme = ? ORDER BY id",
            )
            .bind(household)
            .bind(programme.id.as_str())
            .all_as(&tx, |row| Ok((row.get("outcome")?, row.get("amount_fen")?)))
            .await
            .unwrap();
            tx.rollback().await.unwrap();
            let rows = match programme.unit {
                Unit::Household => row..row + 1,
                Unit::Person => snapshot.rows_of(population.people(), row),
            };
            // A determination of persons ends with the first who is eligible.
            for (answer, (outcome, amount)) in answers[rows].iter().zip(&stored) {
                let said = match answer.outcome {
                    Outcome::Met => "yes",
                    Outcome::NotMet => "no",
                    Outcome::Unknown => "unknown",
                };
                assert_eq!(
                    (said, answer.amount),
                    (outcome.as_str(), *amount),
                    "{} {household}",
                    programme.id
                );
                met += usize::from(answer.outcome == Outcome::Met);
            }
        }
    }
    met
}

#[tokio::test]
async fn the_sweep_says_what_a_determination_says() {
    for city in cities("population").await {
        let office = &city.office;
        let mut dice = Dice(20_260_701);
        let names = ["王秀英", "李建国", "王小雨", "王德福"];
        let mut families = Vec::new();
        for serial in 0..24_u16 {
            let village = if serial % 5 == 4 { DELEGATED_VILLAGE } else { VILLAGE };
            let size = 1 + usize::from(serial) % 4;
            let family = registered(&city, village, &names[..size], serial).await;
            if serial % 6 != 5 {
                said_of(&city, &family, &mut dice, serial % 2 == 0).await;
            }
            families.push(family);
        }
        // The poor of whom everything is known: somebody must be eligible, or the test proves little.
        for family in &families[20..23] {
            known(
                &city,
                family,
                &[("registered_here", "true"), ("excluded_status", "none"), ("wage_income", "150")],
            )
            .await;
        }
        city.days(1).await;
        let made = refreshed(office).await;
        assert_eq!((made.whole, made.families), (true, 24));
        let population = population::current(office).unwrap().unwrap();
        cells_are_facts(office, &population).await;
        let met = sweep_is_determination(office, &population).await;
        assert!(met > 0, "nobody is eligible for anything");

        // Nothing has changed: nothing is read.
        let made = refreshed(office).await;
        assert_eq!((made.whole, made.read), (false, 0));

        // A fact of one, a member of another gone, a third family new.
        let wage = fact(Subject::Person(families[3].persons[0]), "wage_income", Some("777.5"), Source::Visit);
        record(office, &city.county_clerk, &[wage]).await;
        let change = MemberChange { on: office.now().today(), reason: "外出".to_owned(), case: None };
        let tx = office.db().begin().await.unwrap();
        let who = city.county_clerk.audit();
        let leaving = families[7].persons[1];
        people::remove_member_in(office, &tx, &TEST, &who, families[7].household, leaving, &change)
            .await
            .unwrap();
        tx.commit().await.unwrap();
        let new = registered(&city, VILLAGE, &names[..2], 30).await;
        said_of(&city, &new, &mut dice, true).await;
        let made = refreshed(office).await;
        assert_eq!((made.whole, made.read, made.families), (false, 3, 25));
        let by_changes = population::current(office).unwrap().unwrap();
        cells_are_facts(office, &by_changes).await;
        sweep_is_determination(office, &by_changes).await;
        assert_eq!(by_changes.row_of(new.household), Some(24));

        // What starts with a day is there on that day, without anybody writing.
        let mut later =
            fact(Subject::Person(families[1].persons[0]), "wage_income", Some("1234"), Source::Visit);
        later.from_on = office.now().today() + chrono::Days::new(2);
        record(office, &city.county_clerk, &[later]).await;
        refreshed(office).await;
        city.days(3).await;
        assert!(refreshed(office).await.read >= 1);
        let after = population::current(office).unwrap().unwrap();
        cells_are_facts(office, &after).await;

        // Read as a whole it is the same.
        population::forget(office).await.unwrap();
        assert!(refreshed(office).await.whole);
        let whole = population::current(office).unwrap().unwrap();
        assert_eq!(whole.snapshot.rows(0), after.snapshot.rows(0));
        for row in 0..whole.snapshot.rows(0) {
            assert_eq!(whole.snapshot.record(0, row), after.snapshot.record(0, row), "{row}");
        }
        // Who left closes no family; who is told to stop leaves the old one in place.
        population::forget(office).await.unwrap();
        let stopped = population::refresh(office, &mut |_, _| Beat::Cancel).await.unwrap();
        assert!(stopped.is_none());
        assert!(refreshed(office).await.whole);
    }
}

#[tokio::test]
async fn the_file_is_its_owners_and_its_databases() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("huimin.population");
    let mut others: Vec<Office> = Vec::new();
    for city in cities("population_file").await {
        registered(&city, VILLAGE, &["王秀英"], 1).await;
        let office = city.office.with_population(file.clone());
        let made = refreshed(&office).await;
        // On the second database the file of the first one lies there: it is not taken for its own.
        assert!(made.whole, "{made:?}");
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(refreshed(&office).await.read, 0);
        others.push(office);
    }
    // The file was written by the last one; the job of the first makes its own again.
    if let [first, _] = others.as_slice() {
        assert!(refreshed(first).await.whole);
    }
    let office = &others[0];
    let tx = office.db().begin().await.unwrap();
    let job = store::jobs::enqueue_single(&tx, population::POPULATION_JOB, "", None).await.unwrap();
    tx.commit().await.unwrap();
    let claim =
        store::jobs::claim(office.db(), &[population::POPULATION_JOB], "test").await.unwrap().unwrap();
    population::work(office, &claim).await.unwrap();
    let done = store::jobs::job(office.db(), job).await.unwrap();
    assert_eq!(done.state, store::jobs::JobState::Done);
    assert!(done.outcome.unwrap().contains("1 户 1 人"));
    std::fs::write(&file, b"broken").unwrap();
    assert!(refreshed(office).await.whole, "a file that cannot be read is made anew");
}
