//! Facts: precedence, two times, projections.

use chrono::NaiveDate;
use office::OfficeError;
use office::people::{self, NewFact, Source, Subject};
use proptest::prelude::*;
use rules::Value;
use store::Query;

use crate::town::{DAY, Town, day, grant, towns};

fn fact(
    subject: Subject,
    id: &str,
    value: Option<&str>,
    from: &str,
    until: Option<&str>,
    source: Source,
) -> NewFact {
    NewFact {
        subject,
        fact: id.to_owned(),
        value: value.map(str::to_owned),
        from_on: day(from),
        until_on: until.map(day),
        source,
        case: None,
        evidence: None,
    }
}

fn banks() -> Source {
    Source::Department("banks".to_owned())
}

#[tokio::test]
async fn a_visit_outweighs_a_department_outweighs_the_family() {
    for town in towns("precedence").await {
        let office = &town.office;
        let clerk = town.clerk(town.hedong).await;
        let (household, persons) = town.family(&clerk, town.first_community, &["张三", "张小"]).await;
        let person = Subject::Person(persons[0]);
        let record = async |facts: &[NewFact]| people::record_facts(office, &grant(&clerk), facts).await;
        record(&[
            fact(person, "wage_income", Some("500"), "2026-01-01", None, Source::Declared),
            fact(person, "illness_note", Some("慢性肾病"), "2026-01-01", None, Source::Declared),
            fact(Subject::Household(household), "deposits", None, "2026-01-01", None, banks()),
            fact(
                Subject::Household(household),
                "residence_permit",
                None,
                "2026-01-01",
                None,
                Source::Declared,
            ),
        ])
        .await
        .unwrap();
        let told = town.now();
        town.pass(DAY);
        record(&[fact(person, "wage_income", Some("1,200.50"), "2026-03-01", None, banks())]).await.unwrap();
        town.pass(DAY);
        record(&[fact(person, "wage_income", Some("900"), "2026-05-01", Some("2026-07-01"), Source::Visit)])
            .await
            .unwrap();
        let wage = async |on: &str, known: i64| {
            let record = people::facts_as_of(office, office.db(), &clerk.scope(), household, day(on), known)
                .await
                .unwrap();
            record.many["members"].first()?.fields.get("wage_income").map(ToString::to_string)
        };
        assert_eq!(wage("2026-02-01", i64::MAX).await.as_deref(), Some("500"));
        assert_eq!(wage("2026-04-01", i64::MAX).await.as_deref(), Some("1200.5"));
        assert_eq!(wage("2026-06-01", i64::MAX).await.as_deref(), Some("900"));
        assert_eq!(wage("2026-08-01", i64::MAX).await.as_deref(), Some("1200.5"));
        assert_eq!(wage("2026-06-01", told).await.as_deref(), Some("500"), "as was known before");
        assert_eq!(wage("2025-12-31", i64::MAX).await, None, "no family yet");

        let record =
            people::facts_as_of(office, office.db(), &clerk.scope(), household, day("2026-08-01"), i64::MAX)
                .await
                .unwrap();
        assert_eq!(record.fields["deposits"], Value::from(0), "asked, and nothing there");
        assert_eq!(record.fields["residence_permit"], Value::Unknown, "asked, and still unknown");
        assert_eq!(record.fields["area"], Value::from("urban"));
        assert_eq!(record.one["head"].fields["relation"], Value::from("head"));
        assert_eq!(record.many["members"].len(), 2);
        let child = people::person_facts_as_of(
            office,
            office.db(),
            &clerk.scope(),
            household,
            persons[1],
            day("2026-08-01"),
            i64::MAX,
        )
        .await
        .unwrap();
        assert_eq!(child.fields["relation"], Value::from("child"));
        assert_eq!(child.one["household"], record);
        assert_eq!(record.one["head"].fields["illness_note"], Value::from("慢性肾病"));
        let sealed: String = Query::system("test", "SELECT value FROM fact WHERE fact = 'illness_note'")
            .scalar(office.db())
            .await
            .unwrap();
        assert!(sealed.starts_with("sealed:"), "free text on health is never clear: {sealed}");
    }
}

#[tokio::test]
async fn wrong_values_are_refused_together_and_nothing_is_written() {
    for town in towns("bad_facts").await {
        let office = &town.office;
        let clerk = town.clerk(town.hedong).await;
        let (household, persons) = town.family(&clerk, town.first_community, &["张三"]).await;
        let (person, family) = (Subject::Person(persons[0]), Subject::Household(household));
        let from = "2026-01-01";
        let refused = people::record_facts(
            office,
            &grant(&clerk),
            &[
                fact(person, "wage_income", Some("-1"), from, None, Source::Visit),
                fact(person, "wage_income", Some("12.345"), from, None, Source::Visit),
                fact(family, "wage_income", Some("1"), from, None, Source::Visit),
                fact(person, "disability_kind", Some("没有的类别"), from, None, Source::Visit),
                fact(family, "vehicles", Some("1.5"), from, None, Source::Visit),
                fact(family, "vehicles", Some("21"), from, None, Source::Visit),
                fact(family, "vehicles", Some("1"), from, Some("2025-01-01"), Source::Visit),
                fact(family, "no_such_fact", Some("1"), from, None, Source::Visit),
                fact(family, "vehicles", Some("1"), from, None, Source::Visit),
            ],
        )
        .await;
        let Err(OfficeError::Invalid(problems)) = refused else { panic!("refused") };
        assert_eq!(problems.len(), 8, "{problems:?}");
        let rows: i64 = Query::system("test", "SELECT count(*) FROM fact").scalar(office.db()).await.unwrap();
        assert_eq!(rows, 0);
        let neighbour = town.clerk(town.hexi).await;
        let outside = people::record_facts(
            office,
            &grant(&neighbour),
            &[fact(family, "vehicles", Some("1"), from, None, Source::Visit)],
        )
        .await;
        assert!(matches!(outside, Err(OfficeError::NotFound(_))));
    }
}

async fn projected(town: &Town, sql: &'static str, id: i64) -> Option<i64> {
    Query::system("test", sql)
        .bind(id)
        .optional_as(town.office.db(), |row| row.get::<Option<i64>>("value"))
        .await
        .unwrap()
        .flatten()
}

const WAGE: &str = "SELECT wage_income AS value FROM person_now WHERE person_id = ?";

#[tokio::test]
async fn the_projection_rolls_with_the_days() {
    for town in towns("roll_forward").await {
        let office = &town.office;
        let clerk = town.clerk(town.hedong).await;
        let (_, persons) = town.family(&clerk, town.first_community, &["张三"]).await;
        let person = Subject::Person(persons[0]);
        people::roll_forward(office).await.unwrap();
        people::record_facts(
            office,
            &grant(&clerk),
            &[
                fact(person, "wage_income", Some("500"), "2026-01-01", None, Source::Declared),
                fact(person, "wage_income", Some("700"), "2026-11-04", Some("2026-11-06"), Source::Visit),
            ],
        )
        .await
        .unwrap();
        assert_eq!(projected(&town, WAGE, persons[0].0).await, Some(50_000));
        assert_eq!(people::roll_forward(office).await.unwrap(), 0, "today is done");
        town.pass(2 * DAY);
        assert_eq!(projected(&town, WAGE, persons[0].0).await, Some(50_000));
        assert_eq!(people::roll_forward(office).await.unwrap(), 1);
        assert_eq!(projected(&town, WAGE, persons[0].0).await, Some(70_000));
        town.pass(2 * DAY);
        assert_eq!(people::roll_forward(office).await.unwrap(), 1);
        assert_eq!(projected(&town, WAGE, persons[0].0).await, Some(50_000));
        // A fact's type never changes under its column.
        assert_eq!(people::prepare_projections(office.db(), &office.release()).await.unwrap(), 0);
    }
}

#[derive(Debug, Clone)]
struct Said {
    source: usize,
    value: Option<i64>,
    from: i64,
    days: Option<i64>,
}

fn said() -> impl Strategy<Value = Said> {
    (0..3_usize, prop::option::weighted(0.9, 0..5_000_i64), -400..60_i64, prop::option::of(1..200_i64))
        .prop_map(|(source, value, from, days)| Said { source, value, from, days })
}

/// What every day looks like when each source's statements are painted over each other in the order in which they came.
fn painted(history: &[Said], on: i64) -> Option<i64> {
    let mut lines: [Option<(Option<i64>, i64)>; 3] = [None; 3];
    for statement in history {
        if statement.from <= on && statement.days.is_none_or(|days| on < statement.from + days) {
            lines[statement.source] = Some((statement.value, statement.from));
        }
    }
    lines.into_iter().flatten().next().map(|(value, _)| value.unwrap_or(0))
}

/// Random statements of three sources: the projection, the recomputation and a naive painting agree, on every day and at
/// every earlier moment.
#[tokio::test]
async fn the_projection_equals_the_recomputation() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    for town in towns("projection").await {
        let office = &town.office;
        let clerk = town.clerk(town.hedong).await;
        for _ in 0..8 {
            let history = prop::collection::vec(said(), 1..9).new_tree(&mut runner).unwrap().current();
            let (household, persons) = town.family(&clerk, town.first_community, &["张三"]).await;
            let today = office.now().today();
            let on = |offset: i64| -> NaiveDate { today + chrono::Duration::days(offset) };
            let mut moments = Vec::new();
            for statement in &history {
                let source = [Source::Visit, banks(), Source::Declared][statement.source].clone();
                let new = NewFact {
                    subject: Subject::Person(persons[0]),
                    fact: "wage_income".to_owned(),
                    value: statement.value.map(|value| value.to_string()),
                    from_on: on(statement.from),
                    until_on: statement.days.map(|days| on(statement.from + days)),
                    source,
                    case: None,
                    evidence: None,
                };
                people::record_facts(office, &grant(&clerk), &[new]).await.unwrap();
                moments.push(town.now());
                town.pass(1000);
            }
            let wage = async |offset: i64, known: i64| {
                let record =
                    people::facts_as_of(office, office.db(), &clerk.scope(), household, on(offset), known)
                        .await
                        .unwrap();
                let member = record.many["members"].first()?;
                member.fields.get("wage_income").and_then(Value::as_number).and_then(rules::Rational::to_i64)
            };
            for offset in [-290, -100, -31, 0, 30] {
                assert_eq!(
                    wage(offset, i64::MAX).await,
                    painted(&history, offset),
                    "{history:?} on {offset}"
                );
            }
            for (so_far, &moment) in moments.iter().enumerate() {
                assert_eq!(
                    wage(0, moment).await,
                    painted(&history[..=so_far], 0),
                    "{history:?} known at {so_far}"
                );
            }
            let column = projected(&town, WAGE, persons[0].0).await;
            assert_eq!(column, painted(&history, 0).map(|yuan| yuan * 100), "{history:?}");
        }
    }
}
