//! How the pages that everybody opens all day read: a bounded number of statements, none of which walks through a big table.
//! The statements are those that were really sent.

use std::collections::BTreeSet;
use std::future::Future;

use ledger::pages::{self, RollFilter};
use ledger::{EntitlementId, PaymentRun};
use office::Office;
use office::access::Actor;
use office::casework::lists::{self, CaseFilter, WorkFilter};
use office::casework::{self, Doer, drafts, view};
use office::people;
use office::reports::{self, RollCounted, RollQuery};
use office::roll::payments;
use store::{Backend, CaseId, HouseholdId, IdempotencyKey, Query, statements};

use crate::roll::{accountant, approved, imported, month};
use crate::town::{Town, grant, towns};
use crate::wuhai::{Family, Wuhai, cities};

/// Tables that grow with the city.
const BIG: [&str; 18] = [
    "person",
    "household",
    "household_place",
    "membership",
    "fact",
    "case_file",
    "case_division",
    "case_event",
    "task",
    "entitlement",
    "entitlement_amount",
    "entitlement_member",
    "payee",
    "due",
    "payment_line",
    "attempt",
    "coverage",
    "audit",
];

/// What a statement calls its big tables.
fn aliases(sql: &str) -> BTreeSet<String> {
    let words: Vec<&str> = sql.split(|sign: char| !sign.is_ascii_alphanumeric() && sign != '_').collect();
    let words: Vec<&str> = words.into_iter().filter(|word| !word.is_empty()).collect();
    let mut found = BTreeSet::new();
    for three in words.windows(3).chain(words.windows(2)) {
        if matches!(three[0], "FROM" | "JOIN" | "UPDATE") && BIG.contains(&three[1]) {
            found.insert(three[1].to_owned());
            // Behind a table stands its alias, or the next part of the statement in capitals.
            found.extend(
                three
                    .get(2)
                    .filter(|word| word.chars().any(|sign| sign.is_lowercase()))
                    .map(|word| (*word).to_owned()),
            );
        }
    }
    found
}

/// How the database would run a statement that was sent.
async fn plan(office: &Office, text: &str) -> String {
    let values = text.matches('?').count();
    let query = (0..values).fold(Query::system("plan", text.to_owned()), |query, _| query.bind(None::<i64>));
    office.db().explain(query).await.unwrap()
}

/// Runs a page, holds it to its number of statements, and looks at the plan of each of them.
async fn reads<T>(office: &Office, name: &str, most: usize, page: impl Future<Output = T>) -> T {
    let (answer, texts) = statements::counted(page).await;
    assert!(!texts.is_empty() && texts.len() <= most, "{name}: {} statements: {texts:#?}", texts.len());
    // SQLite says SCAN only where no index serves; PostgreSQL's plans of small tables say nothing.
    if office.db().backend() == Backend::Sqlite {
        for text in texts {
            let plan = plan(office, &text).await;
            let big = aliases(&text);
            for line in plan.lines() {
                let scanned = line.strip_prefix("SCAN ").and_then(|rest| rest.split(' ').next());
                assert!(!scanned.is_some_and(|alias| big.contains(alias)), "{name}: {line}\n{text}\n{plan}");
            }
        }
    }
    answer
}

#[test]
fn aliases_of_big_tables_are_found() {
    let sql = "SELECT 1 FROM person p JOIN division d ON d.id = p.division_id LEFT JOIN membership ON 1 WHERE p.id IN (SELECT x FROM due)";
    let found: Vec<String> = aliases(sql).into_iter().collect();
    assert_eq!(found, ["due", "membership", "p", "person"]);
}

#[tokio::test]
async fn pages_read_by_index_and_in_few_statements() {
    for town in towns("plans").await {
        let office = &town.office;
        let accountant = accountant(&town).await;
        let (sheet, _) = imported(&town, &accountant).await;
        let approver = town.actor("approver", town.county, &["county_payment_approver"]).await;
        let (run, _) = approved(&town, &accountant, &approver).await;
        let clerk = town.clerk(town.hedong).await;
        let household: HouseholdId =
            Query::system("test", "SELECT MIN(id) FROM household").scalar(office.db()).await.unwrap();

        let seen = reads(office, "family page", 14, people::family_page(office, &grant(&clerk), household))
            .await
            .unwrap();
        assert_eq!(seen.members.len(), 2);
        for (text, most) in [("王秀英", 8), (sheet.ids[0].expose(), 6)] {
            let found =
                reads(office, "search", most, people::search_people(office, &grant(&clerk), text, None, 20))
                    .await
                    .unwrap();
            assert_eq!(found.page.rows.len(), 1, "{text}");
        }
        let work = reads(
            office,
            "work list",
            1,
            lists::worklist(office, &grant(&clerk), &WorkFilter::default(), None),
        )
        .await;
        assert!(work.unwrap().rows.is_empty());
        for words in [None, Some("DB-150302-2026-000001"), Some("王")] {
            let filter = CaseFilter { words: words.map(str::to_owned), ..CaseFilter::default() };
            let desk = grant(&clerk);
            let cases = reads(office, "cases", 1, lists::cases(office, &desk, &filter, None)).await;
            assert!(cases.unwrap().rows.is_empty());
        }
        reads(office, "figures above the work list", 4, lists::figures(office, &grant(&clerk)))
            .await
            .unwrap();

        let (db, scope) = (office.db(), accountant.scope());
        let filter = RollFilter::of(month("2026-11"));
        assert_eq!(
            reads(office, "roll", 1, pages::roll(db, &scope, &filter, None, 50)).await.unwrap().rows.len(),
            2
        );
        turned_over(&town, &accountant, &filter).await;
        assert_eq!(
            reads(office, "runs", 1, payments::runs(office, &grant(&accountant), None, None, 50))
                .await
                .unwrap()
                .rows
                .len(),
            1
        );
        let found =
            reads(office, "a run", 1, payments::find_run(office, &grant(&accountant), run)).await.unwrap();
        counted_in_the_index(&town, &accountant, &found).await;
        listed_in_order(&town).await;
        let reader = grant(&accountant);
        let compared = payments::compare(office, &reader, run, EntitlementId(0), 50);
        assert_eq!(reads(office, "a run compared", 41, compared).await.unwrap().1.len(), 2);
        let lines = reads(office, "lines of a run", 2, pages::run_lines(db, &scope, run, None, None, 50))
            .await
            .unwrap();
        assert_eq!(lines.rows.len(), 2);
    }
}

/// Each page of the roll is one statement, whichever it is; together they are the roll, each family once.
async fn turned_over(town: &Town, accountant: &Actor, filter: &RollFilter) {
    let (db, scope) = (town.office.db(), accountant.scope());
    let (mut cursor, mut seen) = (None, Vec::new());
    loop {
        let page = pages::roll(db, &scope, filter, cursor.as_ref(), 1);
        let page = reads(&town.office, "a further page of the roll", 1, page).await.unwrap();
        seen.extend(page.rows.iter().map(|row| row.id));
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(seen.len(), 2);
    assert!(seen[0] < seen[1], "{seen:?}");
}

/// What the page of a run counts of its lines it counts in an index, and what stands open is found from what is unpaid.
async fn counted_in_the_index(town: &Town, accountant: &Actor, run: &PaymentRun) {
    let (office, reader) = (&town.office, grant(accountant));
    let (unanswered, answers) = statements::counted(payments::unanswered(office, &reader, run.id)).await;
    unanswered.unwrap();
    let (compared, figures) =
        statements::counted(payments::compare(office, &reader, run.id, EntitlementId(0), 0)).await;
    compared.unwrap();
    let (open, standing) = statements::counted(payments::standing_open(office, &reader, run)).await;
    open.unwrap();
    if office.db().backend() == Backend::Sqlite {
        for texts in [answers, figures] {
            let count =
                texts.iter().find(|text| text.contains("payment_line") && text.contains("SUM(")).unwrap();
            let plan = plan(office, count).await;
            assert!(plan.contains("COVERING INDEX payment_line_figures"), "{count}\n{plan}");
        }
        let [standing] = standing.as_slice() else { panic!("{standing:?}") };
        let plan = plan(office, standing).await;
        assert!(plan.contains("SEARCH e USING INTEGER PRIMARY KEY"), "{standing}\n{plan}");
    }
}

/// The families behind a number are read up their ids until the page is full, and not gathered and sorted.
async fn listed_in_order(town: &Town) {
    let director = town.actor("director", town.county, &["county_director"]).await;
    let (reader, query) =
        (grant(&director), RollQuery { programme: None, month: month("2026-11"), division: None });
    let list = reports::roll_list(&town.office, &reader, &query, RollCounted::OnRoll, None, None, 50);
    let (page, texts) = statements::counted(list).await;
    assert_eq!(page.unwrap().rows.len(), 2);
    let list = texts.iter().find(|text| text.contains("ORDER BY e.id")).unwrap();
    if town.office.db().backend() == Backend::Sqlite {
        let plan = plan(&town.office, list).await;
        assert!(!plan.contains("FOR ORDER BY"), "{list}\n{plan}");
    }
}

/// How often each statement was sent, the most frequent first.
fn repeated(texts: &[String]) -> Vec<(usize, &str)> {
    let mut times = std::collections::BTreeMap::new();
    for text in texts {
        *times.entry(text.as_str()).or_insert(0) += 1;
    }
    let mut times: Vec<(usize, &str)> = times.into_iter().map(|(text, times)| (times, text)).collect();
    times.sort_unstable_by(|one, two| two.cmp(one));
    times
}

#[tokio::test]
async fn filing_and_confirming_send_a_bounded_number_of_statements() {
    for city in cities("deeds").await {
        let desk = city.township_clerk.grant().unwrap();
        let filler = drafts::Filler::Desk(&desk);
        let draft = drafts::begin(&city.office, filler, "dibao", None).await.unwrap();
        let answers = city.application(&filler.owner(), &Family::default()).await;
        let open = drafts::open(&city.office, filler, draft).await.unwrap();
        drafts::save(&city.office, filler, draft, open.version, &answers).await.unwrap();
        let key = IdempotencyKey::fresh().unwrap();
        let (filed, texts) = statements::counted(drafts::submit(&city.office, filler, draft, &key)).await;
        let case = filed.unwrap();
        assert!(texts.len() <= 115, "filing: {}: {:#?}", texts.len(), repeated(&texts));
        city.investigated(case, "1500").await;
        city.act(&city.second_clerk, case, "opine", &[], &[]).await.unwrap();
        city.days(8).await;
        city.act(&city.village_worker, case, "close_notice", &[], &[]).await.unwrap();
        city.act(&city.county_clerk, case, "examine", &[], &[]).await.unwrap();
        listed_at_the_desk(&city, case).await;
        let director = Doer::Desk(&city.county_director);
        let deed = city.deed(director, case, "confirm", &[], &[]).await.unwrap();
        let (confirmed, texts) = statements::counted(casework::act::act(&city.office, director, &deed)).await;
        confirmed.unwrap();
        assert!(texts.len() <= 115, "confirming: {}: {:#?}", texts.len(), repeated(&texts));
        let reader = grant(&city.county_director);
        let page = view::open(&city.office, &reader, case);
        let seen = reads(&city.office, "case page", 60, page).await.unwrap();
        assert!(seen.case.entitlement.is_some() && !seen.forms.is_empty() && !seen.letters.is_empty());
    }
}

/// Lists that have rows send no more than lists without.
async fn listed_at_the_desk(city: &Wuhai, case: CaseId) {
    let (office, reader) = (&city.office, grant(&city.county_director));
    let filter = WorkFilter::default();
    let work = reads(office, "work list with rows", 1, lists::worklist(office, &reader, &filter, None));
    assert!(work.await.unwrap().rows.iter().any(|row| row.case == case));
    let filter = CaseFilter::default();
    let cases = reads(office, "cases with rows", 1, lists::cases(office, &reader, &filter, None));
    assert_eq!(cases.await.unwrap().rows.len(), 1);
}
