//! 核对 as a process: departments answer in their own time, whole or in part, late, wrong or not at all; what does not fit is told and may be
//! objected to; nobody outside the family is asked without their own consent.

use std::collections::BTreeMap;

use office::OfficeError;
use office::access::{self, Actor};
use office::casework;
use office::means_test::check::{
    self, CheckView, Consent, ContradictionState, NewRelative, RequestState, RequestView, Typed, department,
};
use office::means_test::{self};
use office::people;
use office::tabular::ListFormat;
use store::{CaseId, IdempotencyKey, PersonId, Query};
use vocab::CitizenId;

use crate::town::day;
use crate::wuhai::{Family, Wuhai, cities, grant};

const PURPOSE: &str = "最低生活保障申请核对";
const MEMBERS: usize = 3;

/// A family that declared neither car nor business.
fn family() -> Family {
    let more = [("property/vehicles", "0"), ("property/business_registrations", "0")];
    Family { more: more.map(|(field, value)| (field, value.to_owned())).into(), ..Family::default() }
}

/// A case of which the township has asked for the test and the county has begun.
async fn begun(city: &Wuhai) -> CaseId {
    let case = city.file(&family()).await.unwrap();
    city.act(&city.township_clerk, case, "accept", &[], &[]).await.unwrap();
    city.act(&city.township_clerk, case, "request_means_test", &[], &[]).await.unwrap();
    city.act(&city.county_clerk, case, "start_means_test", &[], &[]).await.unwrap();
    case
}

/// The data sets that are always asked.
fn usual(city: &Wuhai) -> Vec<String> {
    let release = city.office.release();
    let sets = release.datasets.iter().filter(|dataset| dataset.always && !dataset.asks.is_empty());
    sets.map(|dataset| dataset.id.get().clone()).collect()
}

async fn send(city: &Wuhai, case: CaseId, datasets: &[&str]) -> check::Sent {
    let datasets: Vec<String> = datasets.iter().map(|id| (*id).to_owned()).collect();
    check::send(&city.office, &grant(&city.county_clerk), case, &datasets, PURPOSE).await.unwrap()
}

async fn view(city: &Wuhai, case: CaseId) -> CheckView {
    check::open(&city.office, &grant(&city.county_clerk), case).await.unwrap()
}

async fn requests(city: &Wuhai, case: CaseId, dataset: &str) -> Vec<RequestView> {
    let mut requests = view(city, case).await.requests;
    requests.retain(|request| request.dataset == dataset);
    requests
}

/// How a simulated department behaves.
enum Department<'a> {
    /// Says all of it.
    Says(&'a [(&'a str, &'a str)]),
    HoldsNothing,
    Refuses,
    Silent,
}

/// The department answers every question that waits, about the head as told and about the others that it holds nothing.
async fn answers(
    city: &Wuhai,
    case: CaseId,
    dataset: &str,
    department: &Department<'_>,
) -> Vec<RequestState> {
    let head = city.seen(case).await.case.applicant;
    let mut states = Vec::new();
    for request in requests(city, case, dataset).await.into_iter().filter(|request| request.state.is_open()) {
        let of_head = request.person == head;
        let (how, values, reason) = match department {
            Department::Says(values) if of_head => ("values", *values, ""),
            Department::Says(_) | Department::HoldsNothing => ("no_record", &[][..], ""),
            Department::Refuses => ("refused", &[][..], "本机构没有这项业务"),
            Department::Silent => continue,
        };
        let values: BTreeMap<String, String> =
            values.iter().map(|(ask, value)| ((*ask).to_owned(), (*value).to_owned())).collect();
        let typed = Typed { how: how.to_owned(), values, as_of: None, reason: reason.to_owned() };
        let state =
            check::answer(&city.office, &grant(&city.county_clerk), request.id, &typed).await.unwrap();
        states.push(state);
    }
    states
}

async fn count(city: &Wuhai, sql: &'static str) -> i64 {
    Query::system("test", sql).scalar(city.office.db()).await.unwrap()
}

const REFUSED: &str = "SELECT COUNT(*) FROM audit WHERE action = 'means_test.query_refused'";

#[tokio::test]
async fn departments_answer_in_their_own_time() {
    for city in cities("checks_time").await {
        let case = city.file(&family()).await.unwrap();
        let county = grant(&city.county_clerk);
        let usual = usual(&city);
        let early = check::send(&city.office, &county, case, &usual, PURPOSE).await;
        assert!(matches!(early, Err(OfficeError::Conflict(_))), "nobody asked for a test: {early:?}");
        city.act(&city.township_clerk, case, "accept", &[], &[]).await.unwrap();
        city.act(&city.township_clerk, case, "request_means_test", &[], &[]).await.unwrap();
        city.act(&city.county_clerk, case, "start_means_test", &[], &[]).await.unwrap();
        let township = check::send(&city.office, &grant(&city.township_clerk), case, &usual, PURPOSE).await;
        assert!(matches!(township, Err(OfficeError::Forbidden(_))), "asking is the county's: {township:?}");
        assert!(check::send(&city.office, &county, case, &usual, " ").await.is_err(), "a purpose is needed");
        assert!(
            check::send(&city.office, &county, case, &[], PURPOSE).await.is_err(),
            "somebody is to be asked"
        );

        let sent = check::send(&city.office, &county, case, &usual, PURPOSE).await.unwrap();
        assert!(usual.len() >= 11, "{usual:?}");
        assert_eq!((sent.asked, sent.refused.len(), sent.standing), (usual.len() * MEMBERS, 0, 0));
        let again = check::send(&city.office, &county, case, &usual, PURPOSE).await.unwrap();
        assert_eq!((again.asked, again.standing), (0, usual.len() * MEMBERS), "nothing is asked twice");
        // Filed on Monday 2026-11-02; five working days, 演示参数.
        let seen = view(&city, case).await;
        assert!(seen.requests.iter().all(|request| request.due_on == Some(day("2026-11-09"))));

        // Some say all, some a part, some hold nothing, one refuses, the bank is silent.
        let all = answers(&city, case, "vehicles", &Department::Says(&[("owned", "no")])).await;
        assert_eq!(all, [RequestState::Answered, RequestState::NoRecord, RequestState::NoRecord]);
        let part = answers(&city, case, "social_insurance", &Department::Says(&[("wage", "1500")])).await;
        assert_eq!(part[0], RequestState::Partly);
        let nothing = answers(&city, case, "tax", &Department::HoldsNothing).await;
        assert_eq!(nothing, [RequestState::NoRecord; MEMBERS]);
        let refused = answers(&city, case, "securities", &Department::Refuses).await;
        assert_eq!(refused, [RequestState::Refused; MEMBERS]);
        assert!(answers(&city, case, "deposits", &Department::Silent).await.is_empty());
        // What is wrong is not taken, and says where.
        let bank = &requests(&city, case, "deposits").await[0];
        let typed = |value: &str| Typed {
            how: "values".to_owned(),
            values: [("balance".to_owned(), value.to_owned())].into(),
            ..Typed::default()
        };
        let wrong = check::answer(&city.office, &county, bank.id, &typed("许多")).await.unwrap_err();
        assert!(
            matches!(&wrong, OfficeError::Invalid(problems) if problems[0].field == "ask_balance"),
            "{wrong}"
        );
        let mut unasked = typed("100");
        unasked.values.insert("balanse".to_owned(), "100".to_owned());
        let unasked = check::answer(&city.office, &county, bank.id, &unasked).await.unwrap_err();
        assert!(unasked.to_string().contains("没有问这一项"), "{unasked}");
        let empty = check::answer(&city.office, &county, bank.id, &typed("")).await.unwrap_err();
        assert!(empty.to_string().contains("没有记录"), "{empty}");

        // The report waits for those that it needs, until their time is over; then it says who has not answered.
        let waits = means_test::run(&city.office, &county, case, PURPOSE).await.unwrap_err();
        assert!(waits.to_string().contains("银行存款"), "{waits}");
        assert!(!waits.to_string().contains("商业保险"), "that one is not needed: {waits}");
        city.days(8).await;
        means_test::run(&city.office, &county, case, PURPOSE).await.unwrap();
        // With the report the letter goes out by itself, and says who has not answered.
        let letter = city.letter(case, "check_result").await;
        assert!(letter["asked"].to_string().contains("3人还没有答复"), "{letter}");
        let report = means_test::desk_report(&city.office, &grant(&city.county_clerk), case).await.unwrap();
        let line = |dataset: &str| {
            report.lines.iter().find(|line| line.dataset == dataset && line.name == "金满仓").unwrap().clone()
        };
        assert!(line("银行存款").remark.unwrap().contains("还没有答复"));
        assert_eq!(
            line("社会保险").rows,
            [[("单位缴纳社会保险的月工资".to_owned(), "1,500.00元".to_owned())]]
        );
        assert!(line("社会保险").remark.unwrap().contains("一部分"));
        assert_eq!(line("纳税记录").outcome, "未查到记录");

        // The county sees who is late, and by department.
        let late = check::late(&city.office, &county, None, None).await.unwrap();
        assert!(late.rows.iter().any(|line| line.dataset == "银行存款" && line.due_on == day("2026-11-09")));
        assert!(late.rows.iter().any(|line| line.dataset == "社会保险" && line.partly));
        let bank_only = check::late(&city.office, &county, Some("deposits"), None).await.unwrap();
        assert_eq!(bank_only.rows.len(), MEMBERS);
        let sources = check::sources(&city.office, &county).await.unwrap();
        let bank_line = sources.iter().find(|source| source.id == "deposits").unwrap();
        assert_eq!((bank_line.waiting, bank_line.late, bank_line.limit_days), (3, 3, Some(5)));
        let neighbour = check::late(&city.office, &grant(&city.township_clerk), None, None).await.unwrap();
        assert!(neighbour.rows.is_empty(), "the list is the county's");

        // A late answer is taken, says that it was late, and is compared.
        let states = answers(&city, case, "deposits", &Department::Says(&[("balance", "50000")])).await;
        assert_eq!(states[0], RequestState::Answered);
        let city = city.restarted().await;
        let seen = view(&city, case).await;
        let bank = seen
            .requests
            .iter()
            .find(|request| request.dataset == "deposits" && request.name == "金满仓")
            .unwrap();
        assert!(bank.came_late && !bank.overdue, "{bank:?}");
        assert_eq!(bank.asks[0].shown.as_deref(), Some("50,000.00元"));
        let more = seen.contradictions.iter().find(|one| one.title.contains("比申报的金融资产多")).unwrap();
        let shown: Vec<(&str, &str)> =
            more.values.iter().map(|value| (value.source.as_str(), value.shown.as_str())).collect();
        assert!(
            shown.contains(&("家庭申报", "3,000.00元")) && shown.contains(&("银行等金融机构", "50,000.00元")),
            "{shown:?}"
        );
        assert!(!more.after_decision);
        // What was answered cannot be answered again, or written over.
        let twice = check::answer(&city.office, &grant(&city.county_clerk), bank.id, &typed("1")).await;
        assert!(matches!(twice, Err(OfficeError::Conflict(_))), "{twice:?}");
        for sql in [
            "UPDATE check_answer SET late = FALSE",
            "DELETE FROM check_request",
            "UPDATE check_request SET due_on = NULL",
        ] {
            assert!(Query::system("test", sql).execute(city.office.db()).await.is_err(), "{sql}");
        }
    }
}

/// Another case of the same family of which a test was asked for.
async fn beside(city: &Wuhai, case: CaseId) -> CaseId {
    const COLUMNS: &str = "release_hash, channel, applicant_person_id, household_id, members, county_id, township_id, village_id, \
        registered_division_id, deciding_division_id, delegated, step, state, filed_on, created_at";
    let db = city.office.db();
    let sql = format!(
        "INSERT INTO case_file (number, item, {COLUMNS}) SELECT 'X1', 'temporary', {COLUMNS} FROM case_file WHERE id = ? RETURNING id"
    );
    let other = CaseId(Query::system("test", sql).bind(case).insert(db).await.unwrap());
    Query::system("test", "INSERT INTO case_division (case_id, division_id) SELECT ?, division_id FROM case_division WHERE case_id = ?")
        .bind(other)
        .bind(case)
        .execute(db)
        .await
        .unwrap();
    Query::system("test", "INSERT INTO means_request (case_id, requested_at) VALUES (?, 1) RETURNING id")
        .bind(other)
        .insert(db)
        .await
        .unwrap();
    other
}

#[tokio::test]
async fn an_answer_holds_for_its_time_and_no_longer() {
    for city in cities("checks_valid").await {
        let case = begun(&city).await;
        send(&city, case, &["vehicles", "tax"]).await;
        answers(&city, case, "vehicles", &Department::Says(&[("owned", "no")])).await;
        assert_eq!(
            requests(&city, case, "vehicles").await[0].valid_until,
            Some(day("2027-01-31")),
            "90 days, 演示参数"
        );
        // Another matter of the same family: the answer is used again and nobody is asked about its cars.
        let other = beside(&city, case).await;
        let reused = send(&city, other, &["vehicles"]).await;
        assert_eq!((reused.asked, reused.reused), (0, MEMBERS), "{reused:?}");
        assert_eq!(requests(&city, other, "vehicles").await[0].asks[0].shown.as_deref(), Some("否"));
        assert_eq!(
            requests(&city, other, "vehicles").await[0].valid_until,
            Some(day("2027-01-31")),
            "no longer than before"
        );
        city.days(60).await;
        let standing = send(&city, case, &["vehicles"]).await;
        assert_eq!((standing.asked, standing.standing), (0, MEMBERS));
        city.days(40).await;
        assert!(requests(&city, case, "vehicles").await[0].expired);
        let anew = send(&city, case, &["vehicles"]).await;
        assert_eq!(
            (anew.asked, anew.standing),
            (MEMBERS, 0),
            "an answer whose time is over is asked for again"
        );
        assert_eq!(requests(&city, case, "vehicles").await.len(), 2 * MEMBERS, "the old one stays");
    }
}

#[tokio::test]
async fn the_family_objects_and_the_department_looks_again() {
    for city in cities("checks_objection").await {
        let case = begun(&city).await;
        send(&city, case, &["vehicles", "business_registration"]).await;
        answers(&city, case, "vehicles", &Department::Says(&[("owned", "yes")])).await;
        answers(&city, case, "business_registration", &Department::Says(&[("owner", "yes")])).await;
        let head = city.seen(case).await.case.applicant;
        let citizen = access::citizen_of_synthetic(&city.office, head).await.unwrap();
        let seen = view(&city, case).await;
        assert_eq!(seen.contradictions.len(), 2, "{:?}", seen.contradictions);
        assert!(seen.contradictions.iter().all(|one| one.told_on.is_none()));
        let told = check::family_check(&city.office, &citizen, case).await.unwrap().unwrap();
        assert_eq!(told.contradictions.len(), 2);
        assert!(
            view(&city, case).await.contradictions.iter().all(|one| one.told_on == Some(day("2026-11-02")))
        );
        let by = |seen: &CheckView, words: &str| {
            seen.contradictions.iter().find(|one| one.title.contains(words)).unwrap().clone()
        };
        let (car, shop) = (by(&seen, "机动车").id, by(&seen, "个体户").id);

        let empty = check::object_own(&city.office, &citizen, case, car, " ").await;
        assert!(matches!(empty, Err(OfficeError::Invalid(_))), "{empty:?}");
        check::object_own(&city.office, &citizen, case, car, "车去年已经卖了，还没有过户").await.unwrap();
        check::object_for(&city.office, &grant(&city.township_clerk), case, shop, "执照是同名的人")
            .await
            .unwrap();
        let work = city.work(&city.county_clerk).await;
        assert_eq!(
            work.iter().filter(|task| task.title.contains("异议")).count(),
            1,
            "one task for the county"
        );
        for id in [car, shop] {
            check::recheck(&city.office, &grant(&city.county_clerk), case, id).await.unwrap();
        }
        let twice = check::recheck(&city.office, &grant(&city.county_clerk), case, car).await;
        assert!(matches!(twice, Err(OfficeError::Conflict(_))), "{twice:?}");
        assert_eq!(by(&view(&city, case).await, "机动车").state, ContradictionState::Rechecking);
        // The traffic police correct themselves; the market regulator says the same again.
        answers(&city, case, "vehicles", &Department::Says(&[("owned", "no")])).await;
        answers(&city, case, "business_registration", &Department::Says(&[("owner", "yes")])).await;

        let city = city.restarted().await;
        let seen = view(&city, case).await;
        assert_eq!(by(&seen, "机动车").state, ContradictionState::Cleared);
        assert_eq!(by(&seen, "机动车").objections[0].words, "车去年已经卖了，还没有过户");
        assert_eq!(by(&seen, "个体户").state, ContradictionState::Upheld);
        assert!(by(&seen, "个体户").objections[0].by_officer);
        let cars: Vec<Option<String>> = requests(&city, case, "vehicles")
            .await
            .into_iter()
            .filter(|request| request.person == head)
            .map(|request| request.asks[0].shown.clone())
            .collect();
        assert_eq!(cars, [Some("是".to_owned()), Some("否".to_owned())], "both answers stay");
        check::settle(
            &city.office,
            &grant(&city.township_clerk),
            case,
            shop,
            "入户核实：执照已于十月注销，有注销通知书",
            &BTreeMap::new(),
        )
        .await
        .unwrap();
        let shop = by(&view(&city, case).await, "个体户");
        assert_eq!(
            (shop.state, shop.words.as_deref()),
            (ContradictionState::Explained, Some("入户核实：执照已于十月注销，有注销通知书"))
        );
        assert!(city.work(&city.county_clerk).await.iter().all(|task| !task.title.contains("异议")));
        // A neighbour's officer and another family see nothing.
        assert!(check::open(&city.office, &grant(&city.neighbour_clerk), case).await.is_err());
    }
}

#[tokio::test]
async fn a_late_contradiction_after_the_decision_is_a_task_and_changes_no_money() {
    for city in cities("checks_after").await {
        let case = city.granted(&family()).await;
        let paid = |city: &Wuhai| {
            let db = city.office.db().clone();
            async move {
                let sql = "SELECT CAST(coalesce(sum(amount_fen), 0) AS BIGINT) FROM due";
                Query::system("test", sql).scalar::<i64>(&db).await.unwrap()
            }
        };
        let entitlement = city.seen(case).await.case.entitlement.unwrap();
        let before = paid(&city).await;
        let sent = send(&city, case, &["business_registration"]).await;
        assert!(sent.asked > 0, "{sent:?}");
        city.days(30).await;
        answers(&city, case, "business_registration", &Department::Says(&[("owner", "yes")])).await;
        let city = city.restarted().await;
        let seen = view(&city, case).await;
        let late = seen.contradictions.iter().find(|one| one.title.contains("个体户")).unwrap();
        assert!(late.after_decision && late.state == ContradictionState::Open, "{late:?}");
        let work = city.work(&city.county_clerk).await;
        assert!(work.iter().any(|task| task.title.contains("决定以后收到的部门答复")), "{work:?}");
        let now = city.seen(case).await.case;
        assert_eq!((now.entitlement, now.open), (Some(entitlement), false));
        assert_eq!(paid(&city).await, before, "no machine takes anything");
    }
}

/// An identity number of somebody whom nobody has on file.
fn somebody() -> CitizenId {
    CitizenId::synthetic(9, day("1955-05-05"), 7)
}

#[tokio::test]
async fn nobody_outside_the_family_is_asked_without_their_own_consent() {
    for city in cities("checks_relative").await {
        let case = begun(&city).await;
        let son = |consent: Option<Consent>| NewRelative {
            name: "金长子".to_owned(),
            citizen_id: somebody().expose().to_owned(),
            duty: "parents".to_owned(),
            reason: "分户居住的子女，申报每月给赡养费".to_owned(),
            consent,
        };
        let clerk = grant(&city.township_clerk);
        let unclear = NewRelative { reason: String::new(), ..son(None) };
        assert!(
            check::record_relative(&city.office, &clerk, case, &unclear).await.is_err(),
            "why must be said"
        );
        let member = {
            let seen = city.seen(case).await;
            let revealed = people::reveal_person(
                &city.office,
                &grant(&city.county_clerk),
                seen.case.applicant,
                "核对数据比对",
            )
            .await
            .unwrap();
            NewRelative {
                name: "金满仓".to_owned(),
                citizen_id: revealed.citizen_id.as_str().to_owned(),
                ..son(None)
            }
        };
        let refused = check::record_relative(&city.office, &clerk, case, &member).await.unwrap_err();
        assert!(refused.to_string().contains("共同生活"), "{refused}");
        let relative = check::record_relative(&city.office, &clerk, case, &son(None)).await.unwrap();

        // Recorded, but not consenting: every attempt is refused and logged.
        let before = count(&city, REFUSED).await;
        let sent = send(&city, case, &["social_insurance", "vehicles"]).await;
        assert_eq!((sent.asked, sent.refused.len()), (2 * MEMBERS, 2));
        assert_eq!(count(&city, REFUSED).await, before + 2);
        let person: i64 = count(&city, "SELECT person_id FROM check_relative").await;
        assert_eq!(count(&city, "SELECT COUNT(*) FROM check_request WHERE relative_id IS NOT NULL").await, 0);
        let forbidden = view(&city, case).await.not_asked;
        assert!(forbidden.iter().any(|one| one.name == "金长子" && one.no_consent), "{forbidden:?}");

        // The database itself refuses: no consent, a member's consent, and somebody who is neither member nor relative.
        let (request, county) =
            (count(&city, "SELECT max(id) FROM means_request").await, city.county_clerk.division.0);
        let consent_of_head = count(&city, "SELECT min(id) FROM authorisation").await;
        let ask = async |person: i64, relative: Option<i64>, authorisation: i64| {
            Query::system(
                "test",
                "INSERT INTO check_request (request_id, case_id, county_id, person_id, relative_id, dataset, authorisation_id, purpose, asked_on, \
                 asked_at, asked_by, state) VALUES (?, ?, ?, ?, ?, 'housing_fund', ?, 'x', ?, 0, ?, 'asked')",
            )
            .bind(request)
            .bind(case)
            .bind(county)
            .bind(person)
            .bind(relative)
            .bind(authorisation)
            .bind(day("2026-11-02"))
            .bind(city.county_clerk.staff)
            .execute(city.office.db())
            .await
        };
        assert!(ask(person, Some(relative.0), consent_of_head).await.is_err(), "another's consent");
        assert!(ask(person, Some(relative.0), 999_999).await.is_err(), "no consent");

        // With the signed paper the son is asked; the family reads nothing of it.
        let scan = city.photo(&format!("staff:{}", city.township_clerk.staff)).await;
        let signed = son(Some(Consent { scan, signed_on: day("2026-11-02") }));
        assert_eq!(check::record_relative(&city.office, &clerk, case, &signed).await.unwrap(), relative);
        let own = count(&city, "SELECT max(id) FROM authorisation").await;
        assert!(ask(person, None, own).await.is_err(), "asked about only as a relative of this case");
        let sent = send(&city, case, &["social_insurance"]).await;
        assert_eq!((sent.asked, sent.refused.len(), sent.standing), (1, 0, MEMBERS));
        let request = requests(&city, case, "social_insurance")
            .await
            .into_iter()
            .find(|request| request.outside)
            .unwrap();
        let typed = Typed {
            how: "values".to_owned(),
            values: [("wage".to_owned(), "6000".to_owned()), ("pension".to_owned(), "0".to_owned())].into(),
            ..Typed::default()
        };
        check::answer(&city.office, &grant(&city.county_clerk), request.id, &typed).await.unwrap();
        let city = city.restarted().await;
        let seen = view(&city, case).await;
        let points = seen.score.lines.iter().find(|line| line.title.contains("义务人")).unwrap();
        assert_eq!(points.holds, Some(true));
        let head = city.seen(case).await.case.applicant;
        let citizen = access::citizen_of_synthetic(&city.office, head).await.unwrap();
        let told = check::family_check(&city.office, &citizen, case).await.unwrap().unwrap();
        let text = format!("{told:?}");
        assert!(!text.contains("金长子") && !text.contains("6,000"), "{text}");
        // A member reads the own answers and not the wife's.
        assert!(told.requests.iter().all(|request| request.person == head || request.asks.is_empty()));
    }
}

#[tokio::test]
async fn a_department_without_an_interface_answers_with_a_file() {
    for city in cities("checks_files").await {
        let case = begun(&city).await;
        send(&city, case, &["social_insurance", "disability_certificates", "vehicles"]).await;
        let county = grant(&city.county_clerk);
        let no_purpose =
            check::requests_file(&city.office, &county, "social_insurance", " ", ListFormat::Csv).await;
        assert!(no_purpose.is_err());
        let list =
            check::requests_file(&city.office, &county, "social_insurance", "送社保局核对", ListFormat::Csv)
                .await
                .unwrap();
        let text = String::from_utf8(list.clone()).unwrap();
        assert!(text.contains("仅供社会保险经办机构答复") && text.contains("其木格"), "{text}");
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 2 + MEMBERS, "the mark, the head and a row for each: {text}");
        assert!(lines[1].contains("询问编号") && !lines[1].contains("余额"));
        let sm3 = count(&city, "SELECT COUNT(*) FROM check_exchange WHERE direction = 'out' AND row_count = 3 AND length(sm3) = 64").await;
        assert_eq!(sm3, 1);
        let excel = check::requests_file(
            &city.office,
            &county,
            "social_insurance",
            "送社保局核对",
            ListFormat::Excel,
        )
        .await
        .unwrap();
        assert!(excel.starts_with(b"PK"));
        assert!(
            check::answer_template(&city.office, &county, "social_insurance").unwrap().starts_with(b"PK")
        );

        // The department fills it in: one right, one about another person, one with letters for money, one that nobody asked.
        let cells: Vec<Vec<&str>> = lines[2..].iter().map(|line| line.split(',').collect()).collect();
        let head =
            "询问编号,身份证号,单位缴纳社会保险的月工资,每月领取的养老金,没有记录,不予答复的理由,数据日期";
        let id = |row: usize| cells[row][2].trim_start_matches('\'').to_owned();
        let file = format!(
            "{head}\n{},{},1800,0,,,2026-11-01\n{},{},0,0,,,2026-11-01\n{},{},许多,,,,2026-11-01\n987654,{},1,1,,,2026-11-01\n",
            cells[0][0],
            id(0),
            cells[1][0],
            id(0),
            cells[2][0],
            id(2),
            id(0)
        );
        let taken = check::take_in_file(
            &city.office,
            &county,
            "social_insurance",
            "答复.csv",
            file.as_bytes(),
            false,
        )
        .await
        .unwrap();
        assert_eq!((taken.taken, taken.faults.len()), (0, 3), "{:?}", taken.faults);
        let said: Vec<String> = taken.faults.iter().map(ToString::to_string).collect();
        assert!(said.iter().any(|fault| fault.contains("身份证号与询问的人不一致")), "{said:?}");
        assert!(said.iter().any(|fault| fault.contains("没有这条询问")), "{said:?}");
        assert_eq!(count(&city, "SELECT COUNT(*) FROM check_answer").await, 0, "all or reported");
        let taken =
            check::take_in_file(&city.office, &county, "social_insurance", "答复.csv", file.as_bytes(), true)
                .await
                .unwrap();
        assert_eq!((taken.taken, taken.contradictions), (1, 1), "{taken:?}");
        let again =
            check::take_in_file(&city.office, &county, "social_insurance", "答复.csv", file.as_bytes(), true)
                .await
                .unwrap();
        assert_eq!(again.taken, 0, "the same file again changes nothing");
        assert!(again.faults.iter().any(|fault| fault.message.contains("已经有结果")));
        // Another department's number is not taken, nor both an answer and nothing held.
        let vehicle = requests(&city, case, "vehicles").await[0].id;
        let file = format!("{head}\n{vehicle},,1,1,,,\n{},,1,,是,,\n", cells[1][0]);
        let mixed =
            check::take_in_file(&city.office, &county, "social_insurance", "答复.csv", file.as_bytes(), true)
                .await
                .unwrap();
        assert_eq!((mixed.taken, mixed.faults.len()), (0, 2), "{:?}", mixed.faults);
        // Bands by code or by title.
        let person = requests(&city, case, "disability_certificates").await;
        let file = format!(
            "询问编号,残疾等级,没有记录\n{},二级,\n{},1,\n{},,是\n",
            person[0].id, person[1].id, person[2].id
        );
        let taken = check::take_in_file(
            &city.office,
            &county,
            "disability_certificates",
            "残联.csv",
            file.as_bytes(),
            false,
        )
        .await
        .unwrap();
        assert_eq!((taken.taken, taken.faults.len()), (3, 0), "{:?}", taken.faults);
        let city = city.restarted().await;
        let levels: Vec<String> = requests(&city, case, "disability_certificates")
            .await
            .into_iter()
            .filter_map(|request| request.asks[0].shown.clone())
            .collect();
        assert_eq!(levels, ["二级", "一级", "没有残疾人证"]);
        let wage = requests(&city, case, "social_insurance").await;
        let head = wage.iter().find(|request| request.state == RequestState::Answered).unwrap();
        assert_eq!(head.asks[0].shown.as_deref(), Some("1,800.00元"));
        // A department's own file in use answers at once.
        let id = city_id(&city, city.seen(case).await.case.applicant).await;
        let csv = format!("身份证号,姓名,开户银行,余额,数据日期\n{id},金满仓,农业银行,50000.00,2026-10-30\n");
        city.department_file("deposits", &csv).await;
        let sent = send(&city, case, &["deposits"]).await;
        assert_eq!((sent.asked, sent.from_file, sent.contradictions), (0, MEMBERS, 1), "{sent:?}");
    }
}

async fn city_id(city: &Wuhai, person: PersonId) -> String {
    let clerk: &Actor = &city.county_clerk;
    let revealed = people::reveal_person(&city.office, &grant(clerk), person, "核对数据比对").await.unwrap();
    revealed.citizen_id.as_str().to_owned()
}

/// SA-10: the indicators of the pack add up to points that say whom to visit first, item by item, and decide nothing.
#[tokio::test]
async fn points_say_whom_to_visit_first_and_nothing_else() {
    for city in cities("row_sa10").await {
        let case = begun(&city).await;
        send(
            &city,
            case,
            &["vehicles", "business_registration", "household_registration", "online_balances"],
        )
        .await;
        let before = view(&city, case).await.score;
        assert_eq!((before.points, before.visit_first()), (0, false));
        assert!(
            before.lines.iter().all(|line| line.holds.is_none() || line.holds == Some(false)),
            "unknown is not no"
        );
        answers(&city, case, "vehicles", &Department::Says(&[("owned", "yes")])).await;
        answers(&city, case, "business_registration", &Department::HoldsNothing).await;
        answers(&city, case, "household_registration", &Department::Says(&[("abroad", "yes")])).await;
        let city = city.restarted().await;
        let score = view(&city, case).await.score;
        assert_eq!((score.points, score.visit_from, score.visit_first()), (45, Some(40), true), "{score:?}");
        let line = |words: &str| score.lines.iter().find(|line| line.title.contains(words)).unwrap();
        assert_eq!((line("机动车").holds, line("机动车").points), (Some(true), 30));
        assert_eq!(line("机动车").values[0].source, "公安交通管理部门");
        assert_eq!(line("开办企业").holds, Some(false));
        assert_eq!(line("超过限额").holds, None, "nobody has answered");
        // No step of the case moved and no determination was made by it.
        assert_eq!(city.seen(case).await.case.step, "investigation");
        assert_eq!(count(&city, "SELECT COUNT(*) FROM determination").await, 0);
    }
}

/// SA-12: what each of the bodies must supply, how often, and whether it did.
#[tokio::test]
async fn each_body_has_its_items_and_its_interval() {
    for city in cities("row_sa12").await {
        let county = grant(&city.county_clerk);
        let sources = check::sources(&city.office, &county).await.unwrap();
        for body in [
            "教育部门",
            "公安户籍部门",
            "社会保险经办机构",
            "不动产登记机构",
            "住房城乡建设部门",
            "卫生健康部门",
            "市场监督管理部门",
            "医疗保障部门",
            "农业农村（乡村振兴）部门",
            "应急管理部门",
            "残疾人联合会",
        ] {
            let line = sources.iter().find(|source| source.department == body);
            let line = line.unwrap_or_else(|| panic!("{body} supplies nothing"));
            assert!(
                !line.supplies.is_empty() && !line.basis.is_empty() && line.every_months == Some(1),
                "{line:?}"
            );
            assert!(line.overdue && line.exchanged_on.is_none(), "nothing came yet: {line:?}");
        }
        city.departments().await;
        let case = begun(&city).await;
        send(&city, case, &["education_records"]).await;
        let first = &requests(&city, case, "education_records").await[0];
        let csv =
            format!("询问编号,是不是在校学生,是不是就读高收费学校（含入托、出国留学）\n{},否,否\n", first.id);
        let taken = check::take_in_file(
            &city.office,
            &grant(&city.county_clerk),
            "education_records",
            "学籍.csv",
            csv.as_bytes(),
            false,
        )
        .await
        .unwrap();
        assert_eq!(taken.taken, 1);
        let city = city.restarted().await;
        let line = async |city: &Wuhai, id: &str| {
            let sources = check::sources(&city.office, &grant(&city.county_clerk)).await.unwrap();
            sources.into_iter().find(|source| source.id == id).unwrap()
        };
        let vehicles = line(&city, "vehicles").await;
        assert_eq!(
            (vehicles.exchanged_on, vehicles.next_on, vehicles.overdue),
            (Some(day("2026-10-30")), Some(day("2026-11-30")), false)
        );
        let school = line(&city, "education_records").await;
        assert_eq!((school.exchanged_on, school.waiting, school.answered), (Some(day("2026-11-02")), 2, 1));
        city.days(40).await;
        assert!(line(&city, "vehicles").await.overdue && line(&city, "education_records").await.overdue);
        let sheet =
            check::lists::sources_sheet(&city.office, &county, &grant(&city.county_clerk)).await.unwrap();
        assert!(sheet.starts_with(b"PK"));
    }
}

/// What is said of a fact of the family or its members, what counts first: source and value.
async fn said_of(city: &Wuhai, case: CaseId, title: &str) -> Vec<(String, String)> {
    let facts = view(city, case).await.facts;
    let fact = facts.into_iter().find(|fact| fact.title == title);
    let said = fact.map(|fact| fact.said).unwrap_or_default();
    said.into_iter()
        .map(|one| (one.source_title, if one.lapsed { "过期".to_owned() } else { one.shown }))
        .collect()
}

fn pairs(list: &[(&str, &str)]) -> Vec<(String, String)> {
    list.iter().map(|(one, other)| ((*one).to_owned(), (*other).to_owned())).collect()
}

const BANK: &str = "银行等金融机构";
const FAMILY: &str = "家庭申报";

/// The family's deposits as a rule reads them, in both times.
async fn deposits(city: &Wuhai, case: CaseId, valid_on: &str, known_at: i64) -> rules::Value {
    let household = city.seen(case).await.case.household;
    let scope = store::Scope::System("test");
    let record =
        people::facts_as_of(&city.office, city.office.db(), &scope, household, day(valid_on), known_at)
            .await
            .unwrap();
    record.fields.get("deposits").cloned().unwrap_or(rules::Value::Unknown)
}

#[tokio::test]
async fn what_a_department_answers_counts_in_the_decision_and_is_named_in_its_letter() {
    for city in cities("checks_facts").await {
        let case = begun(&city).await;
        send(&city, case, &["deposits", "vehicles"]).await;
        assert_eq!(deposits(&city, case, "2026-11-02", i64::MAX).await, rules::Value::from(3000));
        let before = city.office.now().at_ms();
        city.minutes(1);
        answers(&city, case, "deposits", &Department::Says(&[("balance", "200000")])).await;
        answers(&city, case, "vehicles", &Department::Says(&[("owned", "no")])).await;
        let city = city.restarted().await;
        assert_eq!(
            said_of(&city, case, "金融资产").await,
            pairs(&[(BANK, "200,000.00元"), (FAMILY, "3,000.00元")]),
            "both stay; what the bank says counts"
        );
        assert!(said_of(&city, case, "机动车").await.is_empty(), "a no denies nothing and fills nothing");
        assert_eq!(deposits(&city, case, "2026-11-02", i64::MAX).await, rules::Value::from(200_000));
        assert_eq!(
            deposits(&city, case, "2026-11-02", before).await,
            rules::Value::from(3000),
            "as known then"
        );

        let county = grant(&city.county_clerk);
        means_test::run(&city.office, &county, case, PURPOSE).await.unwrap();
        let report = means_test::desk_report(&city.office, &grant(&city.county_clerk), case).await.unwrap();
        assert!(report.differences.iter().any(|one| one.title == "金融资产"), "{:?}", report.differences);
        let income = [("visit_income/0/employed", "yes"), ("visit_income/0/wage_income", "1500")];
        city.act(&city.township_clerk, case, "visit", &income, &[]).await.unwrap();
        city.act(&city.second_clerk, case, "opine", &[], &[]).await.unwrap();
        city.days(8).await;
        city.act(&city.village_worker, case, "close_notice", &[], &[]).await.unwrap();
        city.act(&city.county_clerk, case, "examine", &[], &[]).await.unwrap();
        let seen = city.seen(case).await;
        assert_eq!(seen.determinations[0].result.outcome, rules::Outcome::NotMet);
        let ground = seen.grounds.iter().find(|ground| ground.title == "金融资产").unwrap();
        assert_eq!((ground.source.as_str(), ground.shown.as_deref()), (BANK, Some("200,000.00元")));
        assert!(ground.evidence.as_deref().unwrap().contains("银行存款核对答复（询问第"), "{ground:?}");
        assert!(seen.grounds.iter().any(|ground| ground.declared), "what the family said is named too");
        city.act(&city.county_director, case, "refuse", &[], &["property_above"]).await.unwrap();
        let letter = city.letter(case, "refusal").await;
        let sources = letter["sources"].as_array().unwrap();
        let bank = sources.iter().find(|source| source["name"].as_str().unwrap().contains(BANK)).unwrap();
        assert!(bank["name"].as_str().unwrap().contains("银行存款核对答复"), "{letter}");
        assert_eq!(bank["as_of"], "2026-11-02");
        let (_, wrong) = casework::determine::verify(&city.office, |_| ()).await.unwrap();
        assert!(wrong.is_empty(), "{wrong:?}");
    }
}

/// 社会救助法 art. 22 looks at twelve months, the fact is one of a month: a twelfth of what was settled is filled, and only where it is more.
#[tokio::test]
async fn a_years_medical_bills_fill_the_month() {
    for city in cities("checks_medical").await {
        let more = vec![("expenses/rigid_medical", "500".to_owned())];
        let case = city.file(&Family { more, ..Family::default() }).await.unwrap();
        city.act(&city.township_clerk, case, "accept", &[], &[]).await.unwrap();
        city.act(&city.township_clerk, case, "request_means_test", &[], &[]).await.unwrap();
        city.act(&city.county_clerk, case, "start_means_test", &[], &[]).await.unwrap();
        send(&city, case, &["medical_spending"]).await;
        // 24,000.08 yuan in twelve months: 2,000.0066… a month.
        let bills = Department::Says(&[("self_paid", "24000.08")]);
        answers(&city, case, "medical_spending", &bills).await;
        let city = city.restarted().await;
        assert_eq!(
            said_of(&city, case, "医疗刚性支出").await,
            pairs(&[("医疗保障部门", "2,000.01元/月"), (FAMILY, "500.00元/月")])
        );
        let contradictions = view(&city, case).await.contradictions;
        assert!(
            contradictions.iter().any(|one| one.title.contains("自付医疗费比申报的多")),
            "{contradictions:?}"
        );
    }
}

/// What the insurance settled is a part: it denies nothing that the family paid elsewhere, but more than twice as much wants bills.
#[tokio::test]
async fn fewer_medical_bills_deny_nothing() {
    for city in cities("checks_medical_less").await {
        let more = vec![("expenses/rigid_medical", "500".to_owned())];
        let case = city.file(&Family { more, ..Family::default() }).await.unwrap();
        city.act(&city.township_clerk, case, "accept", &[], &[]).await.unwrap();
        city.act(&city.township_clerk, case, "request_means_test", &[], &[]).await.unwrap();
        city.act(&city.county_clerk, case, "start_means_test", &[], &[]).await.unwrap();
        send(&city, case, &["medical_spending"]).await;
        for request in requests(&city, case, "medical_spending").await {
            let values = [("self_paid".to_owned(), "100".to_owned())].into();
            let typed = Typed { how: "values".to_owned(), values, as_of: None, reason: String::new() };
            check::answer(&city.office, &grant(&city.county_clerk), request.id, &typed).await.unwrap();
        }
        let said = said_of(&city, case, "医疗刚性支出").await;
        assert!(said.is_empty(), "no department says more: {said:?}");
        let contradictions = view(&city, case).await.contradictions;
        assert!(contradictions.iter().any(|one| one.title.contains("请看票据")), "{contradictions:?}");
    }
}

#[tokio::test]
async fn a_corrected_answer_replaces_the_first_and_a_partial_one_counts_for_what_it_is() {
    for city in cities("checks_replaced").await {
        let case = begun(&city).await;
        send(&city, case, &["deposits", "social_insurance"]).await;
        // Only the head's bank has answered: part of the sum is at least that much.
        let head = city.seen(case).await.case.applicant;
        let of_head = requests(&city, case, "deposits").await;
        let of_head = of_head.iter().find(|request| request.person == head).unwrap();
        let typed = Typed {
            how: "values".to_owned(),
            values: [("balance".to_owned(), "200000".to_owned())].into(),
            ..Typed::default()
        };
        check::answer(&city.office, &grant(&city.county_clerk), of_head.id, &typed).await.unwrap();
        assert_eq!(said_of(&city, case, "金融资产").await[0], (BANK.to_owned(), "200,000.00元".to_owned()));
        answers(&city, case, "deposits", &Department::HoldsNothing).await;
        // Less than declared is no contradiction and takes nothing from what was declared.
        answers(&city, case, "social_insurance", &Department::Says(&[("wage", "900"), ("pension", "0")]))
            .await;
        assert!(said_of(&city, case, "工资性收入").await.is_empty());

        let citizen = access::citizen_of_synthetic(&city.office, head).await.unwrap();
        let one = view(&city, case).await.contradictions[0].clone();
        assert_eq!(one.disputed[0].key, "deposits_family");
        check::object_own(&city.office, &citizen, case, one.id, "那是我代村集体保管的").await.unwrap();
        check::recheck(&city.office, &grant(&city.county_clerk), case, one.id).await.unwrap();
        assert_eq!(said_of(&city, case, "金融资产").await[0].0, BANK, "until the bank answers again");
        city.days(3).await;
        answers(&city, case, "deposits", &Department::Says(&[("balance", "2000")])).await;
        let city = city.restarted().await;
        let seen = view(&city, case).await;
        assert_eq!(seen.contradictions[0].state, ContradictionState::Cleared);
        assert!(said_of(&city, case, "金融资产").await.is_empty(), "the bank says less than the family");
        for on in ["2026-11-02", "2026-11-05"] {
            let value = deposits(&city, case, on, i64::MAX).await;
            assert_eq!(
                value,
                rules::Value::from(3000),
                "the correction reaches back to the first answer: {on}"
            );
        }
        let told = |sql: &'static str| count(&city, sql);
        assert!(
            told("SELECT COUNT(*) FROM fact WHERE source = 'department:banks' AND superseded_at IS NOT NULL")
                .await
                > 0
        );
    }
}

#[tokio::test]
async fn a_settled_value_stands_until_it_lapses_or_the_department_says_otherwise() {
    for city in cities("checks_settled").await {
        let case = begun(&city).await;
        send(&city, case, &["deposits"]).await;
        answers(&city, case, "deposits", &Department::Says(&[("balance", "200000")])).await;
        let one = view(&city, case).await.contradictions[0].clone();
        let clerk = grant(&city.township_clerk);
        let value = |value: &str| BTreeMap::from([("deposits_family".to_owned(), value.to_owned())]);
        let wrong = check::settle(&city.office, &clerk, case, one.id, "看过存折", &value("很多")).await;
        assert!(matches!(wrong, Err(OfficeError::Invalid(_))), "{wrong:?}");
        let unsaid = check::settle(&city.office, &clerk, case, one.id, " ", &value("5000")).await;
        assert!(matches!(unsaid, Err(OfficeError::Invalid(_))), "a reason is needed: {unsaid:?}");
        let words = "看过存折和村委会证明：其中195000元是代村集体保管";
        check::settle(&city.office, &clerk, case, one.id, words, &value("5000")).await.unwrap();
        let city = city.restarted().await;
        assert_eq!(
            said_of(&city, case, "金融资产").await,
            pairs(&[("工作人员核实认定", "5,000.00元"), (BANK, "200,000.00元"), (FAMILY, "3,000.00元")]),
            "nothing is overwritten"
        );
        let facts = view(&city, case).await.facts;
        assert_eq!(facts[0].said[0].evidence.as_deref(), Some(words));
        // The same answer again changes nothing of it.
        assert_eq!(deposits(&city, case, "2026-11-03", i64::MAX).await, rules::Value::from(5000));

        // 90 days later (演示参数) nobody knows any more, and what was declared before does not come back.
        assert_eq!(deposits(&city, case, "2027-01-31", i64::MAX).await, rules::Value::from(5000));
        assert_eq!(deposits(&city, case, "2027-02-01", i64::MAX).await, rules::Value::Unknown);
        city.days(95).await;
        people::roll_forward(&city.office).await.unwrap();
        assert_eq!(said_of(&city, case, "金融资产").await[0].1, "过期");
        let now = count(&city, "SELECT COUNT(*) FROM household_now WHERE deposits IS NOT NULL").await;
        assert_eq!(now, 0, "the projection forgets too");
        send(&city, case, &["deposits"]).await;
        answers(&city, case, "deposits", &Department::Says(&[("balance", "180000")])).await;
        let said = said_of(&city, case, "金融资产").await;
        assert_eq!(
            said[0],
            (BANK.to_owned(), "180,000.00元".to_owned()),
            "another answer ends what was settled: {said:?}"
        );
        let open =
            view(&city, case).await.contradictions.into_iter().filter(|one| one.state.is_open()).count();
        assert_eq!(open, 1, "and has to be settled again");
    }
}

#[tokio::test]
async fn departments_that_are_late_are_the_countys_work() {
    for city in cities("checks_late").await {
        let case = begun(&city).await;
        send(&city, case, &["tax", "housing_fund"]).await;
        let late = async || {
            let work = city.work(&city.county_clerk).await;
            work.into_iter().filter(|task| task.title.contains("请催办")).count()
        };
        assert_eq!(late().await, 0);
        city.days(8).await;
        city.days(1).await;
        assert_eq!(
            late().await,
            1,
            "one task for the case, however many are late and however often it is looked"
        );
        let county = grant(&city.county_clerk);
        assert_eq!(check::late_count(&city.office, &county).await.unwrap(), 2 * MEMBERS as i64);
        answers(&city, case, "tax", &Department::HoldsNothing).await;
        assert_eq!(late().await, 1, "the other department still owes");
        for request in requests(&city, case, "housing_fund").await {
            check::withdraw_request(&city.office, &county, request.id, "改由入户了解").await.unwrap();
        }
        assert_eq!(late().await, 0);
        assert_eq!(check::late_count(&city.office, &county).await.unwrap(), 0);
    }
    // A place that agreed on nothing has the law's limit: 审核确认办法 art. 22.
    let packs = store::testing::packs();
    let folders = ["national", "wuhai"].map(|pack| packs.join(pack));
    let folders: Vec<&std::path::Path> = folders.iter().map(std::path::PathBuf::as_path).collect();
    let release = catalogue::Release::load(&folders).unwrap();
    let limit = release.parameter("check_answer_days", "150302", day("2026-11-02")).unwrap();
    assert_eq!(limit.value.to_string(), "30");
}

#[tokio::test]
async fn the_family_is_told_in_writing_what_was_found() {
    for city in cities("checks_letter").await {
        let case = begun(&city).await;
        let county = grant(&city.county_clerk);
        let early = check::tell(&city.office, &county, case).await;
        assert!(matches!(early, Err(OfficeError::Conflict(_))), "nobody was asked: {early:?}");
        send(&city, case, &["deposits", "tax", "social_insurance"]).await;
        answers(&city, case, "deposits", &Department::Says(&[("balance", "200000")])).await;
        answers(&city, case, "social_insurance", &Department::Says(&[("wage", "1234"), ("pension", "567")]))
            .await;
        let township = check::tell(&city.office, &grant(&city.township_clerk), case).await;
        assert!(matches!(township, Err(OfficeError::Forbidden(_))), "{township:?}");
        check::tell(&city.office, &county, case).await.unwrap();
        let letter = city.letter(case, "check_result").await;
        let asked = letter["asked"].as_array().unwrap();
        assert_eq!(asked.len(), 3, "{letter}");
        assert!(asked.iter().any(|one| one["dataset"] == "纳税记录" && one["outcome"] == "3人还没有答复"));
        assert_eq!(letter["facts"][0]["counts"], "200,000.00元");
        assert_eq!(letter["facts"][0]["declared"], "3,000.00元");
        assert!(letter["facts"][0]["source"].as_str().unwrap().contains("银行存款核对答复"), "{letter}");
        assert!(letter["basis"][0].as_str().unwrap().contains("四十一条"), "{letter}");
        let text = letter.to_string();
        assert!(!text.contains("1,234.00"), "a member's answer that contradicts nothing is theirs: {text}");
        // The family has it among its own papers, and has been told.
        let head = city.seen(case).await.case.applicant;
        let citizen = access::citizen_of_synthetic(&city.office, head).await.unwrap();
        let own = casework::view::open_own(&city.office, &citizen, case).await.unwrap();
        assert!(own.letters.iter().any(|letter| letter.title.contains("核对结果告知书")));
        assert!(view(&city, case).await.contradictions.iter().all(|one| one.told_on.is_some()));
    }
}

#[tokio::test]
async fn a_department_sees_what_it_is_asked_and_nothing_else() {
    for city in cities("checks_department").await {
        let case = begun(&city).await;
        send(&city, case, &["deposits", "vehicles"]).await;
        let bank = crate::wuhai::actor(&city.office, "yinhang").await;
        assert!(bank.grant::<access::MeansTest>().is_err() && bank.grant::<access::ReadCase>().is_err());
        let clerk = grant(&bank);
        let release = city.office.release();
        assert_eq!(department::datasets(&release, &clerk), pairs(&[("deposits", "银行存款")]));
        let page = department::questions(&city.office, &clerk, None).await.unwrap();
        assert_eq!(page.rows.len(), MEMBERS, "the cars are the police's");
        assert!(page.rows.iter().all(|line| line.citizen_id.contains('*')), "{:?}", page.rows);
        let first = &page.rows[0];
        let question = department::question(&city.office, &clerk, first.id).await.unwrap();
        assert_eq!((question.asks.len(), question.purpose.as_str()), (1, PURPOSE));
        let (_, number) = department::reveal(&city.office, &clerk, first.id).await.unwrap();
        assert_eq!(number.len(), 18);
        let car = requests(&city, case, "vehicles").await[0].id;
        let other = department::question(&city.office, &clerk, car).await;
        assert!(matches!(other, Err(OfficeError::NotFound(_))), "{other:?}");
        let typed = |how: &str, value: Option<&str>| Typed {
            how: how.to_owned(),
            values: value.map(|value| ("balance".to_owned(), value.to_owned())).into_iter().collect(),
            ..Typed::default()
        };
        let key = IdempotencyKey::fresh().unwrap();
        let other = department::reply(&city.office, &clerk, car, &typed("no_record", None), &key).await;
        assert!(matches!(other, Err(OfficeError::NotFound(_))), "{other:?}");
        let list = department::file(&city.office, &clerk, "vehicles", ListFormat::Csv).await;
        assert!(matches!(list, Err(OfficeError::NotFound(_))), "{list:?}");

        let key = IdempotencyKey::fresh().unwrap();
        for sent in ["first", "again"] {
            let said = typed("values", Some("200000"));
            let state = department::reply(&city.office, &clerk, first.id, &said, &key).await;
            assert_eq!(state.unwrap(), RequestState::Answered, "{sent}");
        }
        let settled = department::question(&city.office, &clerk, first.id).await;
        assert!(matches!(settled, Err(OfficeError::NotFound(_))), "what is answered is closed: {settled:?}");
        let list = department::file(&city.office, &clerk, "deposits", ListFormat::Csv).await.unwrap();
        let list = String::from_utf8(list).unwrap();
        assert!(
            !list.contains(number.as_str()) && list.contains("仅供银行等金融机构"),
            "only what waits: {list}"
        );
        let waiting = department::questions(&city.office, &clerk, None).await.unwrap().rows;
        let rows: Vec<String> = waiting.iter().map(|line| format!("{},是\n", line.id)).collect();
        let filled = format!("询问编号,没有记录\n{}", rows.concat());
        let taken =
            department::take_in(&city.office, &clerk, "deposits", "答复.csv", filled.as_bytes(), false)
                .await
                .unwrap();
        assert_eq!((taken.taken, taken.faults.len()), (MEMBERS - 1, 0), "{:?}", taken.faults);

        let city = city.restarted().await;
        assert_eq!(said_of(&city, case, "金融资产").await[0], (BANK.to_owned(), "200,000.00元".to_owned()));
        assert_eq!(
            count(&city, "SELECT COUNT(*) FROM check_answer WHERE by_department").await,
            MEMBERS as i64,
            "typed once and handed over in a file: all of it is the department's own word"
        );
        for action in
            ["means_test.questions_listed", "means_test.question_opened", "means_test.question_revealed"]
        {
            let written = Query::system("test", "SELECT COUNT(*) FROM audit WHERE action = ?").bind(action);
            assert!(written.scalar::<i64>(city.office.db()).await.unwrap() > 0, "{action}");
        }
    }
}
