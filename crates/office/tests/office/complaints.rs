//! Complaints, calls and appeals (社会救助法 art. 60, 63, 68, 76): checked and told back, followed where they belong, hidden from the office they are about.

use chrono::NaiveDate;
use office::OfficeError;
use office::access::{Actor, KeepRecords, ReadRecords, Right};
use office::divisions;
use office::forms::{Answers, reference_text};
use office::records::{self, Deed, NewVersion, RecordId, Saved, online, page};
use store::{DivisionId, HouseholdId, IdempotencyKey, Query};
use vocab::{Month, TimeLimit};

use crate::assistance::{moved, nights, open, people_in, raised, seen, seen_at_home, written};
use crate::matters::paid;
use crate::wuhai::{Family, Wuhai, cities, grant};

async fn add(
    city: &Wuhai,
    actor: &Actor,
    register: &str,
    pairs: &[(&str, &str)],
) -> Result<RecordId, OfficeError> {
    let open = open(city, actor, register);
    let answers = written(&open, Answers::new(), pairs);
    let new = NewVersion { record: None, answers, state: None, deed: Deed::Added, reason: "来电来访" };
    match records::save(&city.office, &grant::<KeepRecords>(actor), &open, new, None).await? {
        Saved::Done(id) => Ok(id),
        other => panic!("{other:?}"),
    }
}

fn today(city: &Wuhai) -> String {
    city.office.now().today().to_string()
}

async fn code_of(city: &Wuhai, division: DivisionId) -> String {
    divisions::find(city.office.db(), division).await.unwrap().code
}

async fn opens(city: &Wuhai, actor: &Actor, register: &str, record: RecordId) -> bool {
    let open = open(city, actor, register);
    page::page(&city.office, &grant::<ReadRecords>(actor), &open, record).await.is_ok()
}

async fn lies_in(city: &Wuhai, register: &str, record: RecordId) -> DivisionId {
    let sql = format!("SELECT r.division_id FROM reg_{register} r WHERE r.id = ?");
    let found: Vec<DivisionId> =
        Query::system("test", sql).bind(record).scalars(city.office.db()).await.unwrap();
    found[0]
}

/// SAL-68: a named complaint about a family is checked and told back in writing; what is confirmed makes the benefit fall due for review today.
#[tokio::test]
async fn a_complaint_is_checked_told_back_and_leads_to_a_review() {
    for city in cities("complaint").await {
        let case = city.granted(&Family::default()).await;
        let benefit = city.seen(case).await.case.entitlement.unwrap();
        let household: Vec<HouseholdId> =
            Query::system("test", "SELECT household_id FROM case_file WHERE id = ?")
                .bind(case)
                .scalars(city.office.db())
                .await
                .unwrap();
        let review = async || {
            let sql = "SELECT review_due_on FROM entitlement WHERE id = ?";
            let due: Vec<NaiveDate> =
                Query::system("test", sql).bind(benefit).scalars(city.office.db()).await.unwrap();
            due[0]
        };
        let village = records::open(&city.office, &city.village_worker, "aid_complaint", Right::ReadRecords);
        assert!(village.is_err(), "the neighbours of who complains do not read it");

        let day = today(&city);
        let clerk = &city.township_clerk;
        let told = [
            ("number", "JB-1"),
            ("received_on", day.as_str()),
            ("channel", "visit"),
            ("about", "family"),
            ("place", city.village),
            ("target", "村里一家"),
            ("what", "家里买了车"),
        ];
        let unnamed = [&told[..], &[("named", "yes")]].concat();
        assert!(add(&city, clerk, "aid_complaint", &unnamed).await.is_err(), "who is named has a name");
        let named = [&unnamed[..], &[("complainant", "钱多多"), ("phone", "19900000003")]].concat();
        let complaint = add(&city, clerk, "aid_complaint", &named).await.unwrap();
        nights(&city, 1).await;
        let duties: Vec<String> = seen(&city, clerk, "aid_complaint", complaint)
            .await
            .duties
            .into_iter()
            .map(|one| one.duty)
            .collect();
        assert_eq!(duties, ["accept"]);

        let day = today(&city);
        let family = reference_text(household[0].0);
        let accepted = [("accepted_on", day.as_str()), ("handler", "孙经办"), ("household", family.as_str())];
        moved(&city, clerk, "aid_complaint", complaint, "accept", &accepted).await.unwrap();
        assert!(review().await > city.office.now().today());
        let checked = [("checked_on", day.as_str()), ("found", "名下有一辆小汽车")];
        moved(&city, clerk, "aid_complaint", complaint, "confirm", &checked).await.unwrap();
        assert_eq!(review().await, city.office.now().today(), "what was confirmed is looked into");

        let answer = [("answer", "情况属实，已开始复核"), ("answered_on", day.as_str())];
        let silent = moved(&city, clerk, "aid_complaint", complaint, "settle", &answer).await;
        assert!(silent.is_err(), "who gave a name is told: {silent:?}");
        moved(&city, clerk, "aid_complaint", complaint, "answer", &answer).await.unwrap();
        let page = seen(&city, clerk, "aid_complaint", complaint).await;
        assert_eq!(
            page.letters.iter().map(|letter| letter.letter.as_str()).collect::<Vec<_>>(),
            ["complaint_answer"]
        );
        assert_eq!(page.record.state, "answered");

        // One that nobody takes up is the county's after sixty days.
        let other = [("number", "JB-2"), ("named", "no")];
        let waiting: Vec<(&str, &str)> =
            told.iter().copied().filter(|(id, _)| *id != "number").chain(other).collect();
        let late = add(&city, clerk, "aid_complaint", &waiting).await.unwrap();
        assert!(raised(&city, &city.county_clerk, "aid_complaint").await.is_empty());
        nights(&city, 61).await;
        assert_eq!(raised(&city, &city.county_clerk, "aid_complaint").await, ["late"]);

        // What turns out to be about the office itself goes to the one above with its alert and its duty.
        assert_eq!(raised(&city, clerk, "aid_complaint").await, ["late"]);
        let complaints = open(&city, clerk, "aid_complaint");
        let now = seen(&city, clerk, "aid_complaint", late).await.record;
        let answers = written(&complaints, now.answers(complaints.register()), &[("about", "handling")]);
        let record = Some((late, now.version));
        let new =
            NewVersion { record, answers, state: None, deed: Deed::Changed, reason: "反映的是窗口" };
        records::save(&city.office, &grant::<KeepRecords>(clerk), &complaints, new, None).await.unwrap();
        assert!(raised(&city, clerk, "aid_complaint").await.is_empty(), "nobody of the township hears of it");
        assert_eq!(raised(&city, &city.county_clerk, "aid_complaint").await, ["late"]);
        let sql = "SELECT office_id FROM record_duty WHERE register = 'aid_complaint' AND record_id = ? AND state = 'open'";
        let offices: Vec<DivisionId> =
            Query::system("test", sql).bind(late).scalars(city.office.db()).await.unwrap();
        assert_eq!(offices, [city.county_clerk.division]);
    }
}

/// SAL-68: what is about an office or its staff lies at the office above, whoever writes it down, and nobody of the place reads it.
#[tokio::test]
async fn who_is_complained_of_does_not_read_it() {
    for city in cities("complaint_above").await {
        let day = today(&city);
        let clerk = &city.township_clerk;
        let township = code_of(&city, clerk.division).await;
        let county = code_of(&city, city.county_clerk.division).await;
        let about = |number: &'static str| {
            [
                ("number", number),
                ("received_on", day.as_str()),
                ("channel", "letter"),
                ("about", "staff"),
                ("what", "收了申请人的烟酒"),
                ("named", "no"),
            ]
        };
        let of_township = [&about("JB-3")[..], &[("place", township.as_str())]].concat();
        let first = add(&city, clerk, "aid_complaint", &of_township).await.unwrap();
        assert_eq!(lies_in(&city, "aid_complaint", first).await, city.county_clerk.division);
        assert!(!opens(&city, clerk, "aid_complaint", first).await, "the township is the one complained of");
        assert!(opens(&city, &city.county_clerk, "aid_complaint", first).await);

        let of_county = [&about("JB-4")[..], &[("place", county.as_str())]].concat();
        let second = add(&city, &city.county_clerk, "aid_complaint", &of_county).await.unwrap();
        assert_eq!(lies_in(&city, "aid_complaint", second).await, city.prefecture);
        assert!(!opens(&city, &city.county_clerk, "aid_complaint", second).await);

        // The county handles what it sees, and it stays with the county.
        let taken = [("accepted_on", day.as_str()), ("handler", "李督办")];
        moved(&city, &city.county_clerk, "aid_complaint", first, "accept", &taken).await.unwrap();
        assert_eq!(lies_in(&city, "aid_complaint", first).await, city.county_clerk.division);
    }
}

/// SAL-60: a question on the hotline is answered in time; somebody in need is a report of need, a complaint a complaint, by the call alone.
#[tokio::test]
async fn a_call_is_answered_or_followed_where_it_belongs() {
    for city in cities("aid_call").await {
        let clerk = &city.township_clerk;
        let day = today(&city);
        let call = |number: &'static str, kind: &'static str| {
            vec![
                ("number", number),
                ("called_on", day.as_str()),
                ("kind", kind),
                ("place", city.village),
                ("answered_by", "周接线"),
                ("minutes", "6"),
                ("content", "老人几天没有吃饭"),
            ]
        };
        let asked = add(&city, clerk, "aid_call", &call("RX-1", "advice")).await.unwrap();
        let unfollowed = moved(&city, clerk, "aid_call", asked, "follow", &[]).await;
        assert!(unfollowed.is_err(), "{unfollowed:?}");
        let answered =
            [("answer", "告诉他低保怎么申请"), ("answered_on", day.as_str()), ("satisfied", "yes")];
        moved(&city, clerk, "aid_call", asked, "answer", &answered).await.unwrap();

        let help = [call("RX-2", "help"), vec![("who", "石敢当"), ("matter", "food")]].concat();
        let needs = add(&city, clerk, "aid_call", &help).await.unwrap();
        moved(&city, clerk, "aid_call", needs, "follow", &[]).await.unwrap();
        let sql = "SELECT n.id FROM reg_need_report n WHERE n.f_call = ? AND n.f_source = 'hotline' AND n.state = 'told' \
                   AND n.f_who = '石敢当'";
        let told: Vec<RecordId> =
            Query::system("test", sql).bind(needs).scalars(city.office.db()).await.unwrap();
        assert_eq!(told.len(), 1, "told once, however often the call is written on");

        let about = [
            call("RX-3", "complaint"),
            vec![("about", "staff"), ("target", "某经办"), ("named", "yes"), ("complainant", "钱多多")],
        ]
        .concat();
        let complains = add(&city, clerk, "aid_call", &about).await.unwrap();
        assert!(!opens(&city, clerk, "aid_call", complains).await, "nor does the township read the call");
        let sql = "SELECT c.id FROM reg_aid_complaint c WHERE c.f_call = ? AND c.f_channel = 'hotline'";
        let entered: Vec<RecordId> =
            Query::system("test", sql).bind(complains).scalars(city.office.db()).await.unwrap();
        assert_eq!(entered.len(), 1);
        assert_eq!(lies_in(&city, "aid_complaint", entered[0]).await, city.county_clerk.division);
    }
}

/// SAL-76: the county answers a review in ten days and a suit in fifteen; what was revoked is decided anew by the day that was set.
#[tokio::test]
async fn an_appeal_is_answered_in_time_and_what_was_revoked_is_done_anew() {
    for city in cities("appeal").await {
        let case = city.granted(&Family::default()).await;
        let applicant = reference_text(city.seen(case).await.case.applicant.0);
        let clerk = &city.county_clerk;
        let day = today(&city);
        let appeal = |number: &'static str, kind: &'static str| {
            vec![
                ("number", number),
                ("kind", kind),
                ("body", "市人民政府"),
                ("person", applicant.as_str()),
                ("place", city.village),
                ("against", "amount"),
                ("case_number", "DB-1"),
                ("filed_on", day.as_str()),
                ("received_on", day.as_str()),
                ("claim", "金额算少了"),
            ]
        };
        let review = add(&city, clerk, "aid_appeal", &appeal("FY-1", "review")).await.unwrap();
        let suit = add(&city, clerk, "aid_appeal", &appeal("SS-1", "court")).await.unwrap();
        let started = city.office.now().today();
        for (record, duty, days) in [(review, "reply_review", 10), (suit, "reply_court", 15)] {
            let duties = seen(&city, clerk, "aid_appeal", record).await.duties;
            let due: Vec<(&str, NaiveDate)> =
                duties.iter().map(|one| (one.duty.as_str(), one.due_on)).collect();
            let last = city.office.calendar().due(started, TimeLimit::natural_days(days)).earliest;
            assert_eq!(due, [(duty, last)]);
        }
        moved(&city, clerk, "aid_appeal", review, "reply", &[("replied_on", day.as_str())]).await.unwrap();
        let by = (started + chrono::Days::new(20)).to_string();
        let revoked = [("result", "revoked"), ("result_on", day.as_str())];
        let unset = moved(&city, clerk, "aid_appeal", review, "decide", &revoked).await;
        assert!(unset.is_err(), "by when it is done anew is set: {unset:?}");
        let revoked = [revoked[0], revoked[1], ("redo_by", by.as_str())];
        moved(&city, clerk, "aid_appeal", review, "decide", &revoked).await.unwrap();
        nights(&city, 21).await;
        assert_eq!(raised(&city, clerk, "aid_appeal").await, ["not_redone"]);
        let day = today(&city);
        let redone = [("redone_on", day.as_str()), ("redone", "重新核定，补发差额")];
        moved(&city, clerk, "aid_appeal", review, "redo", &redone).await.unwrap();
        assert!(raised(&city, clerk, "aid_appeal").await.is_empty());
    }
}

/// SAL-63: anybody tells it on the open site, under no name, once for a form; who keeps the number reads what became of it, and nothing that an office
/// wrote down by itself is found that way.
#[tokio::test]
async fn anybody_complains_on_the_open_site_and_asks_after_it() {
    for city in cities("complaint_online").await {
        let open = online::opened(&city.office, "aid_complaint").unwrap();
        assert!(online::opened(&city.office, "need_report").is_err(), "no other register is open");
        let township = code_of(&city, city.township_clerk.division).await;
        let told = [
            ("about", "staff"),
            ("place", township.as_str()),
            ("what", "办低保要请吃饭"),
            ("named", "no"),
            // Nothing but what is asked is taken.
            ("channel", "visit"),
            ("received_on", "2020-01-01"),
            ("number", "1"),
            ("call", "〔1〕"),
        ];
        let typed = written(&open, Answers::new(), &told);
        let key = IdempotencyKey::fresh().unwrap();
        let number = online::tell(&city.office, &open, &typed, &key).await.unwrap();
        assert_eq!(number.len(), 16);
        assert_eq!(online::tell(&city.office, &open, &typed, &key).await.unwrap(), number, "once for a form");
        let unsaid = written(&open, Answers::new(), &told[..2]);
        let other = IdempotencyKey::fresh().unwrap();
        let refused = online::tell(&city.office, &open, &unsaid, &other).await;
        assert!(matches!(refused, Err(OfficeError::Invalid(_))), "{refused:?}");

        let sql = "SELECT r.id FROM reg_aid_complaint r WHERE r.f_channel = 'online' ORDER BY r.id";
        let entered: Vec<RecordId> = Query::system("test", sql).scalars(city.office.db()).await.unwrap();
        let [record] = entered.as_slice() else { panic!("{entered:?}") };
        assert_eq!(lies_in(&city, "aid_complaint", *record).await, city.county_clerk.division);
        assert!(!opens(&city, &city.township_clerk, "aid_complaint", *record).await);

        let county = &city.county_clerk;
        let day = today(&city);
        let taken = [("accepted_on", day.as_str()), ("handler", "李督办")];
        moved(&city, county, "aid_complaint", *record, "accept", &taken).await.unwrap();
        let checked = [("checked_on", day.as_str()), ("found", "查无此事")];
        moved(&city, county, "aid_complaint", *record, "clear", &checked).await.unwrap();
        let answer = [("answer", "没有查到请吃饭的事"), ("answered_on", day.as_str())];
        moved(&city, county, "aid_complaint", *record, "settle", &answer).await.unwrap();
        let spaced = format!("{} {}", &number[..4], &number[4..]);
        let read = online::asked_after(&city.office, &open, &spaced).await.unwrap();
        assert_eq!(read.state, "已办结（匿名）");
        assert!(read.said.iter().any(|(_, words)| words == "没有查到请吃饭的事"), "{read:?}");
        assert!(read.said.iter().all(|(_, words)| words != "查无此事"), "what was found is the office's");

        let by_desk =
            [&told[..4], &[("number", "JB-9"), ("received_on", day.as_str()), ("channel", "visit")]];
        add(&city, county, "aid_complaint", &by_desk.concat()).await.unwrap();
        for unknown in ["JB-9", "", "1"] {
            let found = online::asked_after(&city.office, &open, unknown).await;
            assert!(matches!(found, Err(OfficeError::NotFound(_))), "{unknown}: {found:?}");
        }
    }
}

/// SAL-76: a refusal that was revoked is decided anew on the first application, and paid as if it had been granted then.
#[tokio::test]
async fn a_revoked_refusal_is_decided_anew_from_its_first_day() {
    for city in cities("redecided").await {
        let rich = Family { wages: vec!["6000", "0", "0"], ..Family::default() };
        let case = city.published(&rich).await;
        city.act(&city.county_clerk, case, "examine", &[], &[]).await.unwrap();
        city.act(&city.county_director, case, "refuse", &[], &["income_above"]).await.unwrap();
        let first = city.seen(case).await.case;
        let again = [
            ("reopening/reopen_ground", "review"),
            ("reopening/reopen_document", "海复决〔2026〕1号"),
            ("reopening/reopen_text", "工资按实际收入核定"),
        ];
        let early = city.act(&city.county_clerk, case, "reopen", &again, &[]).await;
        assert!(early.is_err(), "it is not over yet: {early:?}");
        city.act(&city.township_clerk, case, "deliver_refusal", &[], &[]).await.unwrap();
        city.days(40).await;

        city.act(&city.county_clerk, case, "reopen", &again, &[]).await.unwrap();
        let open = city.seen(case).await.case;
        assert_eq!((open.number, open.filed_on, open.outcome), (first.number, first.filed_on, None));
        assert_eq!(open.step, "examination");
        let twice = city.act(&city.county_clerk, case, "reopen", &again, &[]).await;
        assert!(twice.is_err(), "{twice:?}");
        seen_at_home(&city, people_in(&city, case).await[0], "wage_income", "1500").await;
        city.act(&city.county_clerk, case, "examine", &[], &[]).await.unwrap();
        city.act(&city.county_director, case, "confirm", &[], &[]).await.unwrap();
        let benefit = city.seen(case).await.case.entitlement.unwrap();
        let scope = city.county_director.scope();
        let month = Month::containing(city.office.now().today()).next();
        let held = ledger::pages::entitlement(city.office.db(), &scope, benefit, month).await.unwrap();
        let decided = Month::containing(first.decided_on.unwrap());
        assert_eq!(held.from, decided.next());
        assert!(held.from < month, "the months that were kept from the family are paid");
        let (_, sums) = paid(&city, "dibao", held.from).await;
        assert_eq!((sums.count, Some(sums.total)), (1, held.monthly), "the first of them with its own run");
        assert_eq!(ledger::verify(city.office.db()).await.unwrap(), []);

        // What was granted is not taken up again.
        let granted = city.act(&city.county_clerk, case, "reopen", &again, &[]).await;
        assert!(granted.is_err(), "{granted:?}");
    }
}
