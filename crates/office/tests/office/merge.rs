//! Two records of one person: everything follows, the books and determinations stay sound, and the undo leads back exactly what was led.

use std::collections::{BTreeMap, BTreeSet};

use ledger::{AmountCause, Decision, Grant};
use office::OfficeError;
use office::access::{Actor, CodeChannel, MergePeople};
use office::business::Reader;
use office::casework::determine;
use office::people::merge::{self, Choices, MergeId, MergeState, NewMerge, NumberFate, moving};
use office::people::{self, NewAccount, NewPerson, Registered, Source, Subject};
use store::{Backend, Db, HouseholdId, PersonId, Query};
use vocab::{CitizenId, Month};

use crate::matters::paid;
use crate::population::{fact, record};
use crate::town::{Town, day, grant, towns};
use crate::wuhai::{Family, VILLAGE, Wuhai, cities};

/// What grows with every deed, or is worked out afresh from what the test compares.
const LEFT_OUT: [&str; 11] = [
    "audit",
    "idempotency",
    "person_merge",
    "person_merge_moved",
    "population_change",
    "held_change",
    "record_history",
    "record_event",
    "record_event_number",
    "job",
    "setting",
];
/// Columns that count changes.
const COUNTERS: [&str; 2] = ["version", "changed_at"];

async fn texts(db: &Db, sql: String) -> Vec<String> {
    let rows = Query::system("test", sql).all(db).await.unwrap();
    rows.iter().map(|row| row.get("name").unwrap()).collect()
}

/// Every row of every table, as text.
async fn dump(db: &Db) -> BTreeMap<String, BTreeSet<String>> {
    let tables = match db.backend() {
        Backend::Sqlite => "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'",
        Backend::Postgres => {
            "SELECT table_name AS name FROM information_schema.tables WHERE table_schema = current_schema() AND table_type = 'BASE TABLE'"
        }
    };
    let mut rows = BTreeMap::new();
    for table in texts(db, tables.to_owned()).await {
        let derived = ["person_search", "search_words"].iter().any(|index| table.starts_with(index));
        if derived || LEFT_OUT.contains(&table.as_str()) {
            continue;
        }
        let columns = match db.backend() {
            Backend::Sqlite => format!("SELECT name FROM pragma_table_info('{table}')"),
            Backend::Postgres => format!(
                "SELECT column_name AS name FROM information_schema.columns WHERE table_schema = current_schema() AND table_name = '{table}'"
            ),
        };
        let cells: Vec<String> = texts(db, columns)
            .await
            .into_iter()
            .filter(|column| !COUNTERS.contains(&column.as_str()))
            .map(|column| match db.backend() {
                Backend::Sqlite => format!("'{column}=' || quote(t.\"{column}\")"),
                Backend::Postgres => format!("'{column}=' || quote_nullable(t.\"{column}\"::text)"),
            })
            .collect();
        let sql = format!("SELECT {} AS name FROM {table} t", cells.join(" || ',' || "));
        rows.insert(table, texts(db, sql).await.into_iter().collect());
    }
    rows
}

/// What differs between two dumps, by table.
fn differences(
    before: &BTreeMap<String, BTreeSet<String>>,
    after: &BTreeMap<String, BTreeSet<String>>,
) -> Vec<String> {
    let mut found = Vec::new();
    for (table, rows) in before {
        let now = &after[table];
        found.extend(rows.difference(now).map(|row| format!("- {table}: {row}")));
        found.extend(now.difference(rows).map(|row| format!("+ {table}: {row}")));
    }
    found
}

async fn count(db: &Db, sql: &'static str, person: PersonId) -> i64 {
    Query::system("test", sql).bind(person).scalar(db).await.unwrap()
}

/// A case's applicant and family.
async fn of_case(city: &Wuhai, case: store::CaseId) -> (PersonId, HouseholdId) {
    let row = Query::system("test", "SELECT applicant_person_id, household_id FROM case_file WHERE id = ?")
        .bind(case)
        .one(city.office.db())
        .await
        .unwrap();
    (row.get("applicant_person_id").unwrap(), row.get("household_id").unwrap())
}

/// A second record of somebody, registered under another number.
async fn twin(city: &Wuhai, name: &str, born: &str, serial: u16) -> (PersonId, CitizenId) {
    let village = office::divisions::by_code(city.office.db(), VILLAGE).await.unwrap().id;
    let citizen_id = CitizenId::synthetic(9, day(born), serial);
    let new = NewPerson {
        name: name.parse().unwrap(),
        citizen_id: citizen_id.clone(),
        phone: Some("13912345678".parse().unwrap()),
        division: village,
        residence: None,
    };
    let registered = people::register_person(&city.office, &grant(&city.township_clerk), &new).await.unwrap();
    assert!(matches!(registered, Registered::New(_)));
    (registered.person(), citizen_id)
}

async fn proposed(
    office: &office::Office,
    actor: &Actor,
    kept: PersonId,
    dropped: PersonId,
    choices: Choices,
) -> Result<MergeId, OfficeError> {
    let new = NewMerge {
        kept,
        dropped,
        choices,
        number_fate: Some(NumberFate::Police),
        evidence: "公安机关身份证号更正证明，本人到场".to_owned(),
    };
    let tx = office.db().begin().await.unwrap();
    let id = merge::propose_merge_in(office, &tx, &grant(actor), &new).await?;
    tx.commit().await.unwrap();
    Ok(id)
}

async fn settled(
    office: &office::Office,
    actor: &Actor,
    id: MergeId,
    confirmed: bool,
    note: &str,
) -> Result<PersonId, OfficeError> {
    let tx = office.db().begin().await.unwrap();
    let kept = merge::settle_merge_in(office, &tx, &grant(actor), id, confirmed, note).await?;
    tx.commit().await.unwrap();
    Ok(kept)
}

async fn undone(
    office: &office::Office,
    first: &Actor,
    second: &Actor,
    id: MergeId,
) -> Result<(), OfficeError> {
    let tx = office.db().begin().await.unwrap();
    merge::propose_undo_in(office, &tx, &grant(first), id, "核对后是两个人").await?;
    tx.commit().await.unwrap();
    let tx = office.db().begin().await.unwrap();
    merge::settle_undo_in(office, &tx, &grant(second), id, true, "").await?;
    tx.commit().await.unwrap();
    Ok(())
}

/// The books, the determinations and the merged records hold.
async fn sound(city: &Wuhai) {
    let office = &city.office;
    assert_eq!(ledger::verify(office.db()).await.unwrap(), []);
    let (replayed, mismatches) = determine::verify(office, |_| {}).await.unwrap();
    assert!(replayed > 0 && mismatches.is_empty(), "{replayed} {mismatches:?}");
    assert_eq!(merge::merges_unsound(office.db()).await.unwrap(), Vec::<String>::new());
}

const COVERED: &str = "SELECT COUNT(*) FROM coverage c WHERE c.person_id = ?";

/// A family's head, granted, paid, on a register, with account, consent and code, turns out to stand on file a second time.
#[tokio::test]
async fn everything_follows_and_comes_back() {
    for city in cities("merge_follows").await {
        let (office, db) = (&city.office, city.office.db());
        let case = city.granted(&Family::default()).await;
        let (old, family) = of_case(&city, case).await;
        let first = office.now().month().next();
        city.days(30).await;
        paid(&city, "dibao", first).await;
        office::round(office).await.unwrap();
        let (new, new_number) = twin(&city, "金满仓", "1981-03-05", 901).await;
        let flags = people::duplicates_of(office, &grant(&city.county_clerk), new).await.unwrap();
        assert_eq!(flags.len(), 1, "the same name and day of birth");
        let account = NewAccount {
            person: new,
            holder_name: "金满仓".parse().unwrap(),
            bank: "农业银行".to_owned(),
            number: "6228480402564890018".parse().unwrap(),
        };
        people::add_account(office, &grant(&city.accountant), &account).await.unwrap();
        let wage =
            |subject, value| fact(Subject::Person(subject), "wage_income", Some(value), Source::Declared);
        record(office, &city.township_clerk, &[wage(new, "88000")]).await;
        office::access::issue_citizen_code(office, &grant(&city.township_clerk), old, CodeChannel::Paper)
            .await
            .unwrap();
        let registers: i64 =
            count(db, "SELECT COUNT(*) FROM reg_low_income r WHERE r.f_person = ?", old).await;
        assert_eq!(registers, 1, "the night has entered the recipient");
        let before = dump(db).await;

        // The newer record stays, with the number and telephone of the one that is given up.
        let choices = Choices {
            fields: vec!["citizen_id".to_owned(), "phone".to_owned()],
            facts: vec!["wage_income".to_owned()],
        };
        let preview = merge::merge_preview(office, &grant(&city.township_clerk), new, old).await.unwrap();
        assert_eq!(preview.obstacles, Vec::<String>::new());
        let fields: Vec<&str> = preview.differing.iter().map(|differing| differing.field.as_str()).collect();
        assert!(fields.contains(&"citizen_id") && fields.contains(&"fact.wage_income"), "{fields:?}");
        assert!(preview.other.benefits.iter().any(|(title, _)| title.contains("最低生活保障")));
        let neighbour = merge::merge_preview(office, &grant(&city.neighbour_clerk), new, old).await;
        assert!(matches!(neighbour, Err(OfficeError::NotFound(_))), "another township's");
        let id = proposed(office, &city.township_clerk, new, old, choices.clone()).await.unwrap();
        let again = proposed(office, &city.county_clerk, new, old, choices.clone()).await;
        assert!(again.unwrap_err().to_string().contains("等待"), "one proposal at a time");
        assert!(
            city.township_clerk.grant::<office::access::ConfirmMerge>().is_err(),
            "who proposes confirms nothing"
        );
        assert_eq!(count(db, COVERED, new).await, 0, "nothing has changed yet");
        assert_eq!(settled(office, &city.county_director, id, true, "").await.unwrap(), new);

        // Everything is the one's who stays.
        assert_eq!((count(db, COVERED, old).await, count(db, COVERED, new).await), (0, 1));
        let scope = city.county_clerk.scope();
        assert_eq!(people::current_household(db, &scope, new).await.unwrap(), Some(family));
        assert_eq!(of_case(&city, case).await.0, new);
        assert_eq!(count(db, "SELECT COUNT(*) FROM reg_low_income r WHERE r.f_person = ?", new).await, 1);
        assert_eq!(count(db, "SELECT COUNT(*) FROM citizen_code c WHERE c.person_id = ?", new).await, 1);
        let accounts = people::find_accounts(db, &scope, new).await.unwrap();
        assert_eq!(accounts.len(), 2, "{accounts:?}");
        let page = people::person_page(office, &grant(&city.county_clerk), new).await.unwrap();
        let old_wage = page.facts.iter().find(|fact| fact.fact == "wage_income").unwrap();
        assert_ne!(
            old_wage.value.as_deref(),
            Some("88000"),
            "what the officer chose of the other record holds"
        );
        let consents = "SELECT COUNT(*) FROM authorisation a WHERE a.person_id = ? AND a.revoked_at IS NULL";
        assert!(count(db, consents, new).await > 0, "consents hold on");
        sound(&city).await;

        // It is found once, by either number and the name; the old address leads on; the suspicion is answered.
        let reader = grant(&city.county_clerk);
        for words in ["金满仓", new_number.expose()] {
            let found = people::search_people(office, &reader, words, None, 20).await.unwrap();
            let found: Vec<PersonId> = found.page.rows.iter().map(|found| found.person).collect();
            assert_eq!(found, [new], "{words}");
        }
        assert_eq!(merge::led_on(db, &scope, old).await.unwrap(), Some(new));
        assert!(people::person_page(office, &reader, old).await.is_err());
        assert_eq!(people::duplicates_of(office, &reader, new).await.unwrap(), []);
        let village = page.person.division;
        let typed = |name: &str| NewPerson {
            name: name.parse().unwrap(),
            citizen_id: new_number.clone(),
            phone: None,
            division: village,
            residence: None,
        };
        let clerk = grant(&city.township_clerk);
        let known = people::register_person(office, &clerk, &typed("金满仓")).await.unwrap();
        assert_eq!(
            known,
            Registered::Existing(new),
            "the number that was given up leads to the one that stays"
        );
        let stranger = people::register_person(office, &clerk, &typed("王大锤")).await;
        assert!(
            matches!(stranger, Err(OfficeError::Conflict(_))),
            "a number may be somebody else's: {stranger:?}"
        );
        let listed = merge::merges(office, &reader, None, 10).await.unwrap().rows;
        assert_eq!((listed.len(), listed[0].state), (1, MergeState::Done));
        assert!(merge::merge_page(office, &grant(&city.neighbour_clerk), id).await.is_err());

        // Taken back: as if nothing had been.
        undone(office, &city.township_clerk, &city.county_director, id).await.unwrap();
        let differs = differences(&before, &dump(db).await);
        let told: Vec<&String> = differs.iter().take(8).collect();
        assert!(differs.is_empty(), "{} {told:#?}", differs.len());
        sound(&city).await;

        // Merged again, paid as one, and taken back: the month paid meanwhile goes with the benefit.
        let id = proposed(office, &city.township_clerk, new, old, choices).await.unwrap();
        settled(office, &city.county_director, id, true, "").await.unwrap();
        city.days(30).await;
        paid(&city, "dibao", first.next()).await;
        assert_eq!((count(db, COVERED, old).await, count(db, COVERED, new).await), (0, 2));
        undone(office, &city.county_clerk, &city.county_director, id).await.unwrap();
        assert_eq!((count(db, COVERED, old).await, count(db, COVERED, new).await), (2, 0));
        sound(&city).await;
    }
}

fn decision(town: &Town, clerk: &Actor) -> Decision {
    Decision {
        reference: "测民确〔2026〕1号".to_owned(),
        reason: "符合条件".to_owned(),
        case: None,
        determination: None,
        officer: clerk.staff,
        at: town.office.now(),
    }
}

async fn granted(
    town: &Town,
    clerk: &Actor,
    household: HouseholdId,
    person: PersonId,
) -> Result<(), ledger::LedgerError> {
    let from: Month = "2026-11".parse().unwrap();
    let new = Grant {
        programme: "dibao".to_owned(),
        exclusion_group: "basic_living".to_owned(),
        household,
        holder: person,
        members: vec![person],
        county: town.county,
        township: town.hedong,
        division: town.first_community,
        from,
        first_due: from,
        until: None,
        monthly: vocab::Fen(50_000),
        cause: AmountCause::Grant,
        payee: None,
        review_due_on: None,
    };
    let tx = town.office.db().begin().await.unwrap();
    ledger::grant(&tx, &new, &decision(town, clerk)).await?;
    tx.commit().await.unwrap();
    Ok(())
}

/// What must be settled first is said; two township's are the county's; nothing is granted to a record that was given up.
#[tokio::test]
async fn what_speaks_against_a_merge_is_said_first() {
    for town in towns("merge_refused").await {
        let office = &town.office;
        let clerk = town.clerk(town.hedong).await;
        let county = town.actor("county", town.county, &["county_clerk"]).await;
        let director = town.actor("director", town.county, &["county_director"]).await;
        let neighbour = town.clerk(town.hexi).await;
        let (first, persons) = town.family(&clerk, town.first_community, &["张三", "张小"]).await;
        let (second, others) = town.family(&clerk, town.first_community, &["张三"]).await;
        let (one, other) = (persons[0], others[0]);
        let choices = Choices::default;
        let refused = async |kept, dropped| {
            proposed(office, &clerk, kept, dropped, choices()).await.unwrap_err().to_string()
        };
        assert!(refused(one, one).await.contains("不能与自己合并"));
        assert!(refused(one, other).await.contains("两个不同家庭的成员"));
        let unknown = NewMerge {
            kept: one,
            dropped: other,
            choices: choices(),
            number_fate: None,
            evidence: "户口簿".to_owned(),
        };
        let tx = office.db().begin().await.unwrap();
        let both = merge::propose_merge_in(office, &tx, &grant(&clerk), &unknown).await.unwrap_err();
        assert!(both.to_string().contains("公安机关核定"), "{both}");
        drop(tx);
        granted(&town, &clerk, first, one).await.unwrap();
        granted(&town, &clerk, second, other).await.unwrap();
        let twice = refused(one, other).await;
        assert!(twice.contains("自2026年11月起") && twice.contains("基本生活救助"), "{twice}");
        people::remove_member(office, &grant(&clerk), second, other, &town.today()).await.unwrap();
        assert!(!refused(one, other).await.contains("不同家庭"));
        Query::system("test", "UPDATE entitlement_member SET superseded_at = 1 WHERE person_id = ?")
            .bind(other)
            .execute(office.db())
            .await
            .unwrap();
        // Both were paid for one month: the books would say it twice of one person.
        for (person, benefit) in [(one, 1_i64), (other, 2)] {
            Query::system(
                "test",
                "INSERT INTO coverage (exclusion_group, person_id, month, entitlement_id) VALUES ('basic_living', ?, ?, ?)",
            )
            .bind(person)
            .bind("2026-10".parse::<Month>().unwrap())
            .bind(benefit)
            .execute(office.db())
            .await
            .unwrap();
        }
        assert!(refused(one, other).await.contains("同一个月领了两次"));
        Query::system("test", "DELETE FROM coverage WHERE person_id = ?")
            .bind(other)
            .execute(office.db())
            .await
            .unwrap();

        // The county's: a record of another township is said, not shown.
        let far = NewPerson {
            phone: Some("13987650001".parse().unwrap()),
            ..town.new_person("张三", "1980-05-01", town.willow_village)
        };
        let far_number = far.citizen_id.clone();
        let far = people::register_person(office, &grant(&neighbour), &far).await.unwrap().person();
        assert!(refused(one, far).await.contains("不在您的管辖范围内"));
        let id = proposed(office, &county, one, far, choices()).await.unwrap();
        assert!(merge::merge_page(office, &grant(&clerk), id).await.is_err(), "one side lies elsewhere");
        // Somebody changed a record meanwhile: what was proposed is not what would be done.
        let view = people::find_person(office, office.db(), &county.scope(), one).await.unwrap();
        let correction = people::PersonCorrection {
            name: "张叁".parse().unwrap(),
            phone: None,
            reason: "身份证".to_owned(),
        };
        people::correct_person(office, &grant(&county), one, view.version, &correction).await.unwrap();
        let stale = settled(office, &director, id, true, "").await.unwrap_err().to_string();
        assert!(stale.contains("重新提出"), "{stale}");
        let silent = settled(office, &director, id, false, "").await;
        assert!(matches!(silent, Err(OfficeError::Invalid(_))), "a refusal says why");
        settled(office, &director, id, false, "档案有变动").await.unwrap();
        let id = proposed(office, &county, one, far, choices()).await.unwrap();
        settled(office, &director, id, true, "").await.unwrap();
        let found = people::search_people(office, &grant(&county), "张三", None, 20).await.unwrap();
        assert!(found.page.rows.iter().any(|found| found.person == one), "by the name that was given up too");
        // And by everything else that was said of it: phone, the last of its number, and those with either name.
        let (four, six) = (&far_number.expose()[14..], &far_number.expose()[12..]);
        let (given_up, stays) = (format!("张三 {four}"), format!("张叁 {four}"));
        for words in ["13987650001", four, six, &given_up, &stays] {
            let found = people::search_people(office, &grant(&county), words, None, 20).await.unwrap();
            let found: Vec<PersonId> = found.page.rows.iter().map(|found| found.person).collect();
            assert_eq!(found.iter().filter(|found| **found == one).count(), 1, "{words}: {found:?}");
            let hidden = people::search_people(office, &grant(&neighbour), words, None, 20).await.unwrap();
            assert!(hidden.page.rows.is_empty(), "{words}: whoever stays lives elsewhere");
        }

        // The database itself refuses what would go past the use-cases.
        let dead = granted(&town, &clerk, first, far).await;
        assert!(dead.is_err(), "nothing is granted to a record that was given up");
        let own = Query::system("test", "UPDATE person_merge SET settled_by = proposed_by WHERE id = ?")
            .bind(id)
            .execute(office.db())
            .await;
        assert!(own.is_err(), "nobody settles what they proposed");
        let third = town.person(&clerk, "张三", town.first_community).await;
        assert!(proposed(office, &county, one, far, choices()).await.is_err(), "it was given up already");
        let later = proposed(office, &county, third, one, choices()).await;
        let later = settled(office, &director, later.unwrap(), true, "").await.unwrap();
        assert_eq!(
            merge::led_on(office.db(), &county.scope(), far).await.unwrap(),
            Some(later),
            "nobody points at a pointer"
        );
        assert_eq!(merge::merges_unsound(office.db()).await.unwrap(), Vec::<String>::new());
        let first_of_two = undone(office, &county, &director, id).await.unwrap_err().to_string();
        assert!(first_of_two.contains("请先撤销后来的合并"), "{first_of_two}");
        assert!(neighbour.grant::<MergePeople>().is_ok());

        // Two counties' are the prefecture's.
        let other = town.actor("county2", town.other_county, &["county_clerk"]).await;
        let away = town.new_person("张三", "1980-05-01", town.stone_village);
        let away = people::register_person(office, &grant(&other), &away).await.unwrap().person();
        let archivist = town.actor("archivist", town.prefecture, &["prefecture_archivist"]).await;
        let head = town.actor("archive_head", town.prefecture, &["prefecture_archive_head"]).await;
        let refused = proposed(office, &county, later, away, choices()).await;
        assert!(matches!(refused, Err(OfficeError::NotFound(_))), "one side is another county's");
        let id = proposed(office, &archivist, later, away, choices()).await.unwrap();
        let refused = settled(office, &director, id, true, "").await;
        assert!(matches!(refused, Err(OfficeError::NotFound(_))), "nor does the county's director see it");
        settled(office, &head, id, true, "").await.unwrap();
        assert_eq!(merge::led_on(office.db(), &archivist.scope(), away).await.unwrap(), Some(later));
    }
}

/// Every column of the schema that points at a person is led, or stays for a reason that is written down: a new table cannot be forgotten.
#[tokio::test]
async fn no_column_that_points_at_a_person_is_forgotten() {
    for town in towns("merge_columns").await {
        let db = town.office.db();
        let sql = match db.backend() {
            Backend::Sqlite => {
                "SELECT m.name || '.' || c.name AS name FROM sqlite_master m JOIN pragma_table_info(m.name) c \
                 WHERE m.type IN ('table', 'view') AND c.name LIKE '%person_id' \
                 UNION SELECT m.name || '.' || f.\"from\" FROM sqlite_master m JOIN pragma_foreign_key_list(m.name) f \
                 WHERE m.type = 'table' AND f.\"table\" = 'person'"
            }
            Backend::Postgres => {
                "SELECT c.table_name || '.' || c.column_name AS name FROM information_schema.columns c \
                 WHERE c.table_schema = current_schema() AND c.column_name LIKE '%person_id' \
                 UNION SELECT k.table_name || '.' || k.column_name FROM information_schema.key_column_usage k \
                 JOIN information_schema.referential_constraints r ON r.constraint_name = k.constraint_name \
                 JOIN information_schema.constraint_column_usage u ON u.constraint_name = k.constraint_name \
                 WHERE k.table_schema = current_schema() AND u.table_name = 'person'"
            }
        };
        let there: BTreeSet<String> = texts(db, sql.to_owned()).await.into_iter().collect();
        assert!(there.len() > 30, "{there:?}");
        let said: BTreeSet<String> = moving::followed()
            .chain(moving::OTHERWISE.iter().map(|(table, column, _)| (*table, *column)))
            .map(|(table, column)| format!("{table}.{column}"))
            .collect();
        let forgotten: Vec<&String> = there.difference(&said).collect();
        assert!(forgotten.is_empty(), "led nowhere: {forgotten:?}");
    }
}

/// A family on the roll joins another: nothing of the benefit changes, its review falls due at once and finds the family where it lives now.
#[tokio::test]
async fn a_family_joins_another_and_its_benefit_is_looked_at() {
    for city in cities("families_join").await {
        let (office, db) = (&city.office, city.office.db());
        let case = city.granted(&Family::default()).await;
        let benefit = city.seen(case).await.case.entitlement.unwrap();
        let (_, theirs) = of_case(&city, case).await;
        let ours = crate::population::registered(&city, VILLAGE, &["赵大勇"], 77).await.household;
        let (scope, who) = (city.township_clerk.scope(), city.township_clerk.audit());
        let today = office.now().today();
        let members = people::members_as_of(db, &scope, theirs, today, i64::MAX).await.unwrap();
        let change = people::MemberChange { on: today, reason: "结婚".to_owned(), case: None };
        let join = async |relations: &[(PersonId, String)]| {
            let tx = db.begin().await.unwrap();
            people::join_households_in(office, &tx, &scope, &who, ours, theirs, relations, &change).await?;
            tx.commit().await.unwrap();
            Ok::<(), OfficeError>(())
        };
        let month = office.now().month().next();
        let read = async || ledger::pages::entitlement(db, &scope, benefit, month).await.unwrap();
        let before = read().await;
        assert!(before.review_due_on.unwrap() > today);
        let mut relations: Vec<(PersonId, String)> =
            members.iter().map(|member| (member.person, "child".to_owned())).collect();
        relations[0].1 = "head".to_owned();
        let heads = join(&relations).await;
        assert!(matches!(heads, Err(OfficeError::Invalid(_))), "one head: {heads:?}");
        relations[0].1 = "spouse".to_owned();
        let touched = people::touched(office, db, Reader::Level(vocab::Level::Township), &[ours, theirs])
            .await
            .unwrap();
        assert_eq!((touched.benefits.len(), touched.cases.len()), (1, 0));
        assert!(touched.benefits[0].2, "its review is brought forward");
        join(&relations).await.unwrap();
        assert_eq!(
            people::members_as_of(db, &scope, ours, today, i64::MAX).await.unwrap().len(),
            1 + members.len()
        );
        let left = people::find_household(office, db, &scope, theirs).await.unwrap();
        assert_eq!((left.closed_on, left.joined_into), (Some(today), Some(ours)));
        let after = read().await;
        assert_eq!(
            (after.monthly, after.members, after.state),
            (before.monthly, before.members, before.state)
        );
        assert_eq!(after.review_due_on, Some(today));

        office::casework::reviews::schedule(office).await.unwrap();
        let jobs = [office::casework::reviews::REVIEWS_DUE_JOB];
        let claim = store::jobs::claim(db, &jobs, "test").await.unwrap().unwrap();
        let done = office::casework::reviews::work(office, &claim).await.unwrap();
        assert_eq!((done.opened, done.skipped), (1, 0));
        let review: i64 = Query::system(
            "test",
            "SELECT COUNT(*) FROM case_file c WHERE c.entitlement_id = ? AND c.state = 'open' AND c.household_id = ?",
        )
        .bind(benefit)
        .bind(ours)
        .scalar(db)
        .await
        .unwrap();
        assert_eq!(review, 1, "the township looks at the family as it is now");
        let third = crate::population::registered(&city, VILLAGE, &["孙二娘"], 78).await.household;
        let tx = db.begin().await.unwrap();
        let now = people::members_as_of(db, &scope, ours, today, i64::MAX).await.unwrap();
        let relations: Vec<(PersonId, String)> =
            now.iter().map(|member| (member.person, "other".to_owned())).collect();
        let busy =
            people::join_households_in(office, &tx, &scope, &who, third, ours, &relations, &change).await;
        assert!(
            busy.unwrap_err().to_string().contains("在办件"),
            "cases of a family that is given up end first"
        );
    }
}

/// Twice in one family: the family has one member less, the population counts one, and the head is not given up.
#[tokio::test]
async fn a_person_twice_in_one_family_is_counted_once() {
    for city in cities("merge_counted").await {
        let (office, db) = (&city.office, city.office.db());
        let family = crate::population::registered(&city, VILLAGE, &["周立新", "吴小娟", "周立新"], 61).await;
        let [head, _, twice] = family.persons[..] else { panic!("three") };
        assert_eq!(crate::population::refreshed(office).await.people, 3);
        let choices = Choices::default;
        let (clerk, director) = (&city.township_clerk, &city.county_director);
        let headless = proposed(office, clerk, twice, head, choices()).await.unwrap_err().to_string();
        assert!(headless.contains("户主"), "{headless}");
        let before = dump(db).await;
        let id = proposed(office, clerk, head, twice, choices()).await.unwrap();
        settled(office, director, id, true, "").await.unwrap();
        let today = office.now().today();
        let members =
            people::members_as_of(db, &clerk.scope(), family.household, today, i64::MAX).await.unwrap();
        assert_eq!(members.iter().map(|member| member.person).collect::<Vec<_>>(), family.persons[..2]);
        let made = crate::population::refreshed(office).await;
        assert_eq!((made.people, made.whole), (2, false), "read anew by what changed");
        undone(office, clerk, director, id).await.unwrap();
        assert_eq!(crate::population::refreshed(office).await.people, 3);
        assert_eq!(differences(&before, &dump(db).await), Vec::<String>::new());
    }
}
