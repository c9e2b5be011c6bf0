//! The means test: consent first, departments' files, the report beside what was declared.

use office::OfficeError;
use office::access::Actor;
use office::means_test::{self, Method, NewAuthorisation, State};
use office::people::{self, NewFact, Source, Subject};
use store::jobs;
use store::{CaseId, HouseholdId, PersonId, Query};
use vocab::CitizenId;

use crate::town::{DAY, Town, day, grant, towns};

async fn case(town: &Town, household: HouseholdId, applicant: PersonId) -> CaseId {
    let db = town.office.db();
    let id = Query::system(
        "test",
        "INSERT INTO case_file (number, item, release_hash, channel, applicant_person_id, household_id, members, county_id, township_id, \
         village_id, registered_division_id, deciding_division_id, delegated, step, state, filed_on, created_at) \
         VALUES (?, 'dibao', 'x', 'window', ?, ?, 2, ?, ?, ?, ?, ?, ?, 'survey', 'open', ?, 0) RETURNING id",
    )
    .bind(format!("低保{household}"))
    .bind(applicant)
    .bind(household)
    .bind(town.county)
    .bind(town.hedong)
    .bind(town.first_community)
    .bind(town.first_community)
    .bind(town.county)
    .bind(false)
    .bind(day("2026-11-02"))
    .insert(db)
    .await
    .unwrap();
    for division in [town.county, town.hedong] {
        Query::system("test", "INSERT INTO case_division (case_id, division_id) VALUES (?, ?)")
            .bind(id)
            .bind(division)
            .execute(db)
            .await
            .unwrap();
    }
    CaseId(id)
}

async fn tester(town: &Town) -> Actor {
    town.actor("tester", town.county, &["means_test_clerk"]).await
}

async fn citizen_id(town: &Town, person: PersonId) -> String {
    let sealed: Vec<u8> = Query::system("test", "SELECT citizen_id_sealed FROM person WHERE id = ?")
        .bind(person)
        .scalar(town.office.db())
        .await
        .unwrap();
    town.office.keys().open(&sealed).unwrap().to_string()
}

async fn import(town: &Town, actor: &Actor, dataset: &str, source: &str, csv: &str) {
    let office = &town.office;
    let granted = grant(actor);
    let preview = means_test::preview_department_file(
        office,
        &granted,
        dataset,
        source,
        "a.csv",
        csv.as_bytes(),
        Some(day("2026-11-01")),
    )
    .await
    .unwrap();
    means_test::commit_department_file(office, &granted, preview.upload, false).await.unwrap();
    work(town).await;
}

async fn work(town: &Town) {
    while let Some(claim) =
        jobs::claim(town.office.db(), &[means_test::DEPARTMENT_FILE_JOB], "test").await.unwrap()
    {
        means_test::work_department_file(&town.office, &claim).await.unwrap();
    }
}

async fn sign(
    town: &Town,
    clerk: &Actor,
    person: PersonId,
    case: CaseId,
    datasets: Option<Vec<String>>,
) -> means_test::AuthorisationId {
    let new = NewAuthorisation {
        person,
        datasets,
        method: Method::Statement,
        attachment: None,
        guardian: None,
        signed_on: day("2026-11-02"),
        expires_on: None,
        case: Some(case),
    };
    means_test::authorise(&town.office, &grant(clerk), &new).await.unwrap()
}

async fn request(town: &Town, case: CaseId) {
    let tx = town.office.db().begin().await.unwrap();
    means_test::request_in(&town.office, &tx, case, None, town.office.now()).await.unwrap();
    means_test::request_in(&town.office, &tx, case, None, town.office.now()).await.unwrap();
    tx.commit().await.unwrap();
}

async fn count(town: &Town, sql: &'static str) -> i64 {
    Query::system("test", sql).scalar(town.office.db()).await.unwrap()
}

#[tokio::test]
async fn what_departments_hold_stands_beside_what_was_declared() {
    for town in towns("means").await {
        let office = &town.office;
        let clerk = town.clerk(town.hedong).await;
        let tester = tester(&town).await;
        let (household, persons) = town.family(&clerk, town.first_community, &["张三", "李四"]).await;
        let case = case(&town, household, persons[0]).await;
        let declared = |subject, fact: &str, value: &str| NewFact {
            subject,
            fact: fact.to_owned(),
            value: Some(value.to_owned()),
            from_on: day("2026-11-02"),
            until_on: None,
            source: Source::Declared,
            case: Some(case),
            evidence: None,
        };
        let facts = [
            declared(Subject::Person(persons[0]), "wage_income", "500"),
            declared(Subject::Household(household), "deposits", "2000.30"),
            declared(Subject::Household(household), "vehicles", "0"),
        ];
        people::record_facts(office, &grant(&clerk), &facts).await.unwrap();
        let (one, two) = (citizen_id(&town, persons[0]).await, citizen_id(&town, persons[1]).await);
        let header = "身份证号,姓名,余额\n";
        import(
            &town,
            &tester,
            "deposits",
            "甲银行",
            &format!("{header}{one},张三,1000.10\n{two},李四,1000.20\n"),
        )
        .await;
        import(&town, &tester, "deposits", "乙银行", &format!("{header}{one},张三,5000\n")).await;
        import(
            &town,
            &tester,
            "vehicles",
            "",
            &format!(
                "证件号码,姓名,号牌号码\n{},别人,蒙C00001\n",
                town.new_citizen_id("1970-01-01").expose()
            ),
        )
        .await;
        import(&town, &tester, "social", "", &format!("身份证号,姓名,月缴费工资\n{one},张叁,500\n")).await;
        assert_eq!(means_test::state(office.db(), case).await.unwrap(), State::NotRequested);
        let refused = means_test::run(office, &grant(&tester), case, "低保核对").await.unwrap_err();
        assert!(matches!(refused, OfficeError::Conflict(_)), "nobody asked for it: {refused}");
        request(&town, case).await;
        for person in &persons {
            sign(&town, &clerk, *person, case, None).await;
        }
        assert!(means_test::all_authorised(office.db(), household, day("2026-11-02")).await.unwrap());
        let done = means_test::run(office, &grant(&tester), case, "低保核对").await.unwrap();
        assert_eq!((done.asked, done.refused.len(), done.differences), (6, 0, 1));
        assert_eq!(means_test::state(office.db(), case).await.unwrap(), State::Reported);

        let report = means_test::desk_report(office, &grant(&clerk), case).await.unwrap();
        let [difference] = &report.differences[..] else { panic!("{:?}", report.differences) };
        assert_eq!((difference.name.as_str(), difference.title.as_str()), ("全家", "存款"));
        assert_eq!(difference.declared.as_ref().unwrap().shown, "2,000.30元");
        assert_eq!(difference.found.shown, "7,000.30元");
        assert_eq!(difference.source, "银行");
        let social =
            report.lines.iter().find(|line| line.dataset == "社会保险" && line.name == "张三").unwrap();
        assert_eq!(social.outcome, "查到 1 条");
        assert_eq!(social.as_of, Some(day("2026-11-01")));
        assert!(social.remark.as_ref().unwrap().contains("张叁"));
        assert_eq!(social.rows, [[("月缴费工资".to_owned(), "500.00元".to_owned())]]);
        let car = report.lines.iter().find(|line| line.dataset == "机动车登记").unwrap();
        assert_eq!(car.outcome, "未查到记录");
        let text = format!("{report:?}");
        assert!(!text.contains(&one) && !text.contains(&two), "no identity number in a report");

        let citizen = office::access::citizen_of_synthetic(office, persons[1]).await.unwrap();
        let family = means_test::family_report(office, &citizen, case).await.unwrap().unwrap();
        assert!(
            family
                .lines
                .iter()
                .any(|line| line.name == "李四" && line.dataset == "银行存款" && line.rows.len() == 1)
        );
        assert!(
            family.lines.iter().all(|line| line.name == "李四" || line.rows.is_empty()),
            "rows of one's own only"
        );

        // Absent after asking is none; the department's value wins over the declared one.
        let views = people::effective_facts(
            office,
            office.db(),
            &clerk.scope(),
            &[Subject::Household(household)],
            day("2026-11-02"),
            town.now(),
        )
        .await
        .unwrap();
        let shown = |fact: &str| views.iter().find(|view| view.fact == fact).unwrap().shown.clone();
        assert_eq!((shown("vehicles").as_str(), shown("deposits").as_str()), ("0辆", "7,000.30元"));
        // Another county sees neither case nor report.
        let stranger = town.actor("stranger", town.other_county, &["means_test_clerk"]).await;
        assert!(means_test::desk_report(office, &grant(&stranger), case).await.is_err());
        assert!(means_test::run(office, &grant(&stranger), case, "x").await.is_err());
    }
}

#[tokio::test]
async fn a_query_without_authorisation_is_impossible_and_the_attempt_is_logged() {
    for town in towns("consent").await {
        let office = &town.office;
        let clerk = town.clerk(town.hedong).await;
        let tester = tester(&town).await;
        let (household, persons) = town.family(&clerk, town.first_community, &["张三", "李四"]).await;
        let case = case(&town, household, persons[0]).await;
        let one = citizen_id(&town, persons[0]).await;
        for (dataset, column) in [("deposits", "余额"), ("social", "月缴费工资")] {
            import(&town, &tester, dataset, "", &format!("身份证号,姓名,{column}\n{one},张三,1\n")).await;
        }
        request(&town, case).await;
        const REFUSED: &str = "SELECT COUNT(*) FROM audit WHERE action = 'means_test.query_refused'";
        const QUERIES: &str = "SELECT COUNT(*) FROM means_query";
        assert!(means_test::run(office, &grant(&tester), case, " ").await.is_err(), "a purpose is needed");
        let refused = means_test::run(office, &grant(&tester), case, "低保核对").await.unwrap_err();
        assert!(refused.to_string().contains("授权"), "{refused}");
        assert_eq!(count(&town, REFUSED).await, 6);
        assert_eq!(count(&town, QUERIES).await, 0);
        assert_eq!(means_test::state(office.db(), case).await.unwrap(), State::Requested);

        // The database itself refuses: no authorisation, another person's, another data set, withdrawn, expired.
        let narrow = sign(&town, &clerk, persons[0], case, Some(vec!["social".to_owned()])).await;
        let request: i64 = count(&town, "SELECT MAX(id) FROM means_request").await;
        let ask = async |authorisation: Option<i64>, person: PersonId, dataset: &str, on: &str| {
            Query::system(
                "test",
                "INSERT INTO means_query (request_id, person_id, dataset, authorisation_id, asked_on, asked_at, asked_by, purpose, found, as_of) \
                 VALUES (?, ?, ?, ?, ?, 0, ?, 'x', 0, ?)",
            )
            .bind(request)
            .bind(person)
            .bind(dataset)
            .bind(authorisation)
            .bind(day(on))
            .bind(tester.staff)
            .bind(day(on))
            .execute(office.db())
            .await
        };
        assert!(ask(None, persons[0], "social", "2026-11-02").await.is_err());
        assert!(ask(Some(narrow.0), persons[1], "social", "2026-11-02").await.is_err());
        assert!(ask(Some(narrow.0), persons[0], "deposits", "2026-11-02").await.is_err());
        assert!(
            ask(Some(narrow.0), persons[0], "social", "2026-11-01").await.is_err(),
            "before it was signed"
        );
        assert!(ask(Some(narrow.0), persons[0], "social", "2026-11-02").await.is_ok());
        assert!(!means_test::all_authorised(office.db(), household, day("2026-11-02")).await.unwrap());

        let done = means_test::run(office, &grant(&tester), case, "低保核对").await.unwrap();
        assert_eq!((done.asked, done.refused.len()), (1, 5));
        assert_eq!(count(&town, REFUSED).await, 11);
        let facts: i64 = count(&town, "SELECT COUNT(*) FROM fact WHERE source LIKE 'department:%'").await;
        assert_eq!(facts, 1, "nothing is said of whom nobody could ask");
        let report = means_test::desk_report(office, &grant(&clerk), case).await.unwrap();
        assert_eq!(report.lines.iter().filter(|line| line.outcome == "未查询").count(), 5);

        // Withdrawal and expiry.
        means_test::withdraw(office, &grant(&clerk), narrow, "本人到窗口撤回").await.unwrap();
        assert!(means_test::withdraw(office, &grant(&clerk), narrow, "再次").await.is_err());
        assert!(ask(Some(narrow.0), persons[0], "social", "2026-11-02").await.is_err());
        let new = NewAuthorisation {
            person: persons[0],
            datasets: None,
            method: Method::Statement,
            attachment: None,
            guardian: None,
            signed_on: day("2026-11-02"),
            expires_on: Some(day("2026-11-03")),
            case: None,
        };
        let short = means_test::authorise(office, &grant(&clerk), &new).await.unwrap();
        assert!(ask(Some(short.0), persons[0], "social", "2026-11-04").await.is_err());
        town.pass(2 * DAY);
        let views =
            means_test::authorisations(office, office.db(), &clerk.scope(), persons[0]).await.unwrap();
        assert_eq!(views.iter().map(|view| view.in_force).collect::<Vec<_>>(), [false, false]);
        // A child's is signed by its guardian.
        let child = town.new_person("张小", "2018-05-01", town.first_community);
        let child = people::register_person(office, &grant(&clerk), &child).await.unwrap().person();
        let of_child =
            |guardian| NewAuthorisation { person: child, guardian, expires_on: None, ..new.clone() };
        let refused = means_test::authorise(office, &grant(&clerk), &of_child(None)).await.unwrap_err();
        assert!(refused.to_string().contains("监护人"));
        means_test::authorise(office, &grant(&clerk), &of_child(Some(persons[0]))).await.unwrap();
    }
}

#[tokio::test]
async fn a_file_counts_once_and_its_bad_rows_are_named() {
    for town in towns("department_file").await {
        let office = &town.office;
        let tester = tester(&town).await;
        let granted = grant(&tester);
        let good = town.new_citizen_id("1980-05-01");
        let csv = format!("身份证号,姓名,余额\n{},张三,10.5\n1,李四,20\n", good.expose());
        let (gbk, ..) = encoding_rs::GBK.encode(&csv);
        let preview = async || {
            means_test::preview_department_file(
                office,
                &granted,
                "deposits",
                "甲",
                "存款.csv",
                &gbk,
                Some(day("2026-11-01")),
            )
            .await
            .unwrap()
        };
        let first = preview().await;
        assert_eq!((first.rows, first.persons, first.known), (1, 1, false));
        assert_eq!(first.totals, [("余额".to_owned(), vocab::Fen(1050))]);
        assert_eq!(first.faults[0].address, "A3");
        let refused =
            means_test::commit_department_file(office, &granted, first.upload, false).await.unwrap_err();
        assert!(refused.to_string().contains("1 行有错误"), "{refused}");
        let corrected = means_test::corrected_department_file(office, &granted, first.upload).await.unwrap();
        assert!(corrected.starts_with(b"PK"));
        let (file, _) =
            means_test::commit_department_file(office, &granted, first.upload, true).await.unwrap();
        let (again, _) =
            means_test::commit_department_file(office, &granted, first.upload, true).await.unwrap();
        assert_eq!(file, again);
        work(&town).await;
        let second = preview().await;
        assert!(second.known);
        assert_eq!(
            means_test::commit_department_file(office, &granted, second.upload, true).await.unwrap().0,
            file
        );
        work(&town).await;
        assert_eq!(count(&town, "SELECT COUNT(*) FROM department_row").await, 1);
        assert_eq!(count(&town, "SELECT COUNT(*) FROM department_file WHERE state = 'ready'").await, 1);
        assert_eq!(
            count(
                &town,
                "SELECT COUNT(*) FROM upload WHERE content_sealed IS NOT NULL AND committed_at IS NOT NULL"
            )
            .await,
            0
        );
        // A newer file of the same source takes its place; a worker that was killed goes on where it stopped.
        import(&town, &tester, "deposits", "甲", &format!("身份证号,姓名,余额\n{},张三,99\n", good.expose()))
            .await;
        let states: Vec<String> = means_test::department_files(office, &granted, Some("deposits"))
            .await
            .unwrap()
            .into_iter()
            .map(|file| file.state)
            .collect();
        assert_eq!(states, ["ready", "replaced"]);
        let future = means_test::preview_department_file(
            office,
            &granted,
            "deposits",
            "甲",
            "a.csv",
            csv.as_bytes(),
            Some(day("2026-12-01")),
        );
        assert!(future.await.unwrap_err().to_string().contains("今天"));
        assert!(means_test::department_template(office, &granted, "deposits").unwrap().starts_with(b"PK"));
    }
}

#[tokio::test]
async fn a_departments_file_whose_job_was_stopped_goes_in_when_confirmed_again() {
    for town in towns("department_stopped").await {
        let office = &town.office;
        let tester = tester(&town).await;
        let granted = grant(&tester);
        let rows = (0..2_500).map(|number| {
            format!(
                "{},张三,{number}",
                CitizenId::synthetic(7, day("1950-01-01") + chrono::Days::new(number), 3).expose()
            )
        });
        let csv = std::iter::once("身份证号,姓名,余额".to_owned()).chain(rows).collect::<Vec<_>>().join("\n");
        let as_of = Some(day("2026-11-01"));
        let preview = async || {
            means_test::preview_department_file(
                office,
                &granted,
                "deposits",
                "甲银行",
                "a.csv",
                csv.as_bytes(),
                as_of,
            )
            .await
            .unwrap()
        };
        let stop = async |job: store::JobId| {
            let tx = office.db().begin().await.unwrap();
            jobs::request_cancel(&tx, job).await.unwrap();
            tx.commit().await.unwrap();
        };
        // Stopped before anybody took it: the same button starts it again, and so does the same file.
        let upload = preview().await.upload;
        let commit =
            async |upload| means_test::commit_department_file(office, &granted, upload, false).await.unwrap();
        let (file, job) = commit(upload).await;
        stop(job.unwrap()).await;
        let again = preview().await;
        assert!(!again.known, "it is not in yet");
        let (same, job) = commit(again.upload).await;
        assert_eq!(same, file);
        // Stopped while it was read in: nothing stays, and the same button begins anew.
        let claim =
            jobs::claim(office.db(), &[means_test::DEPARTMENT_FILE_JOB], "test").await.unwrap().unwrap();
        assert_eq!(Some(claim.job.id), job);
        stop(claim.job.id).await;
        means_test::work_department_file(office, &claim).await.unwrap();
        assert_eq!(count(&town, "SELECT COUNT(*) FROM department_row").await, 0);
        commit(upload).await;
        work(&town).await;
        assert_eq!(count(&town, "SELECT COUNT(*) FROM department_file WHERE state = 'ready'").await, 1);
        assert_eq!(count(&town, "SELECT COUNT(*) FROM department_row").await, 2_500);
        assert!(preview().await.known);
    }
}
