//! One door: a need is told once and everything is begun together; the village's agent files and the case passes up; a person books a half day at the window.

use chrono::NaiveDate;
use office::OfficeError;
use office::access::{self, Accept, FileForOther, ReadCase, ReadRecords};
use office::benefits;
use office::bookings::window::{self, Caller};
use office::bookings::{self, BookingState, Half};
use office::casework::drafts::{self, Filler};
use office::casework::joint::{self, JointPart, PartKind, Wanted};
use office::casework::taken_in::{self, Standing};
use office::casework::{Doer, DraftId, view};
use office::forms::FieldPath;
use office::indicators;
use office::tabular;
use store::{CaseId, HouseholdId, IdempotencyKey, Query};

use crate::assistance::{answered, moved, people_in};
use crate::wuhai::{Family, NEIGHBOUR_VILLAGE, Wuhai, cities, grant};

fn key() -> IdempotencyKey {
    IdempotencyKey::fresh().unwrap()
}

/// The officer fills what is not on file and sends it.
async fn sent(city: &Wuhai, officer: &access::Actor, draft: DraftId, family: &Family) -> CaseId {
    let desk = grant::<FileForOther>(officer);
    let filler = Filler::Desk(&desk);
    let open = drafts::open(&city.office, filler, draft).await.unwrap();
    let mut answers = city.application_for(&open.item, &filler.owner(), family).await;
    let release = city.office.release();
    let form = release.forms.get(&open.form).unwrap();
    for (page, field) in form.fields() {
        for record in std::iter::once(None).chain((0..family.names.len()).map(Some)) {
            let path = FieldPath::new(page, record.filter(|_| page.repeat.is_some()), field);
            if let Some(known) = open.answers.get(&path) {
                answers.set(&path, known.clone());
            }
        }
    }
    drafts::save(&city.office, filler, draft, open.version, &answers).await.unwrap();
    drafts::submit(&city.office, filler, draft, &key()).await.unwrap()
}

fn part<'a>(parts: &'a [JointPart], title: &str) -> &'a JointPart {
    parts.iter().find(|part| part.title.contains(title)).unwrap_or_else(|| panic!("{title}: {parts:?}"))
}

async fn parts(city: &Wuhai, officer: &access::Actor, id: joint::JointId) -> Vec<JointPart> {
    joint::open(&city.office, &grant::<ReadCase>(officer), id).await.unwrap().line.parts
}

/// What the night reckons of the rate that the plan asks for.
async fn joint_rate(city: &Wuhai) -> String {
    let office = &city.office;
    indicators::schedule(office).await.unwrap();
    while let Some(claim) =
        store::jobs::claim(office.db(), &[indicators::INDICATORS_JOB], "test").await.unwrap()
    {
        indicators::work(office, &claim).await.unwrap();
    }
    let reader = grant::<ReadRecords>(&city.county_director);
    let month = office.now().month();
    let (indicator, places) =
        indicators::by_place(office, &reader, "assistance_joint_rate", reader.division, month).await.unwrap();
    let asked = (&indicator, catalogue::definition::Side::Whole);
    let behind =
        indicators::counted(office, &reader, asked, reader.division, month, 0).await.unwrap().unwrap();
    assert!(matches!(behind.rows[0].opens, indicators::Opens::Need(_)), "{behind:?}");
    places[0].figure.fraction(&indicator).unwrap_or_default()
}

/// SA-17: what a family needs is told once; matters and departments are begun in one moment, followed on one page, and the share is reckoned.
#[tokio::test]
async fn a_need_is_told_once_and_everything_is_begun_together() {
    for city in cities("joint").await {
        let family = Family::default();
        let in_hand = city.file(&family).await.unwrap();
        let household: HouseholdId = city.seen(in_hand).await.case.household;
        city.investigated(in_hand, "1500").await;
        let clerk = grant::<FileForOther>(&city.township_clerk);
        let proposal = joint::propose(&city.office, &clerk, household).await.unwrap();
        let low = proposal.matters.iter().find(|matter| matter.item == "dibao").unwrap();
        assert!(low.in_hand && !low.fits, "it is asked for already: {proposal:?}");
        assert!(proposal.matters.is_sorted_by_key(|matter| !matter.fits), "those that fit come first");
        // Who took the same back may ask for it, by what is on file.
        let other = Family { names: vec!["白云飞", "乌兰", "白小飞"], ..Family::default() };
        let back = city.file(&other).await.unwrap();
        city.investigated(back, "1500").await;
        let seen = city.seen(back).await.case;
        let citizen = access::citizen_of_synthetic(&city.office, seen.applicant).await.unwrap();
        city.act_by(Doer::Applicant(&citizen), back, "withdraw", &[], &[]).await.unwrap();
        let theirs = joint::propose(&city.office, &clerk, seen.household).await.unwrap();
        let low = theirs.matters.iter().find(|matter| matter.item == "dibao").unwrap();
        assert!(low.fits && !low.in_hand, "{theirs:?}");
        assert!(proposal.referrals.iter().any(|one| one.code == "medical" && one.title.contains("医疗")));
        let neighbour = grant::<FileForOther>(&city.neighbour_clerk);
        let elsewhere = joint::propose(&city.office, &neighbour, household).await;
        assert!(matches!(elsewhere, Err(OfficeError::NotFound(_))), "{elsewhere:?}");

        let nothing = joint::begin(&city.office, &clerk, household, &Wanted::default(), &key()).await;
        assert!(matches!(&nothing, Err(OfficeError::Invalid(list)) if list.len() == 2), "{nothing:?}");
        let asked = |code: &str, words: &str| ("referral".to_owned(), code.to_owned(), words.to_owned());
        let wanted = Wanted {
            told: "妻子住院自付了四万元，孩子要交学费，家里没有收入".to_owned(),
            items: ["dibao", "temporary_expenditure", "temporary_emergency"].map(str::to_owned).into(),
            referrals: vec![asked("medical", "住院费用医疗救助"), asked("education", " ")],
        };
        let bare = joint::begin(&city.office, &clerk, household, &wanted, &key()).await;
        assert!(
            matches!(&bare, Err(OfficeError::Invalid(list)) if list[0].field == "referral_education"),
            "{bare:?}"
        );
        let kept: i64 = Query::system("test", "SELECT COUNT(*) FROM joint_matter")
            .scalar(city.office.db())
            .await
            .unwrap();
        assert_eq!(kept, 0, "nothing is begun by halves");
        let wanted = Wanted {
            referrals: vec![asked("medical", "住院费用医疗救助"), asked("education", "减免学费")],
            ..wanted
        };
        let once = key();
        let id = joint::begin(&city.office, &clerk, household, &wanted, &once).await.unwrap();
        assert_eq!(joint::begin(&city.office, &clerk, household, &wanted, &once).await.unwrap(), id);

        let city = city.restarted().await;
        let seen = joint::open(&city.office, &grant(&city.township_clerk), id).await.unwrap();
        assert_eq!((seen.told.as_str(), seen.line.parts.len()), (wanted.told.as_str(), 5));
        let low = part(&seen.line.parts, "最低生活保障");
        assert!(
            matches!(low.kind, PartKind::Case { id, .. } if id == in_hand),
            "what is in hand is a part: {low:?}"
        );
        let medical = part(&seen.line.parts, "医疗救助");
        assert_eq!((medical.state.as_str(), medical.ended), ("已转出", false));
        let PartKind::Form { draft: Some(draft), own: true } = part(&seen.line.parts, "支出型").kind
        else {
            panic!("{:?}", seen.line.parts)
        };
        // What is on file stands in the form.
        let desk = grant(&city.township_clerk);
        let open = drafts::open(&city.office, Filler::Desk(&desk), draft).await.unwrap();
        assert!(serde_json::to_string(&open.answers).unwrap().contains("金满仓"));
        // The need's words begin the field that asks what happened.
        let said = |answers: &office::forms::Answers, field: &str| {
            let path = FieldPath { record: None, field: field.to_owned() };
            answers.get(&path).map(|raw| raw.text().to_owned()).unwrap_or_default()
        };
        assert_eq!(said(&open.answers, "incident_text"), wanted.told);
        let colleague = parts(&city, &city.second_clerk, id).await;
        assert!(matches!(part(&colleague, "支出型").kind, PartKind::Form { own: false, .. }));
        let rate = joint::rate(&city.office, &grant(&city.township_clerk)).await.unwrap();
        assert_eq!((rate.whole, rate.together), (1, 0), "two forms wait");
        assert_eq!(joint_rate(&city).await, "0 / 1", "the plan's indicator says the same");
        let hidden = joint::open(&city.office, &grant(&city.neighbour_clerk), id).await;
        assert!(matches!(hidden, Err(OfficeError::NotFound(_))), "{hidden:?}");

        // One is filed, one thrown away, begun again and given up.
        let filed = sent(&city, &city.township_clerk, draft, &family).await;
        let emergency = part(&seen.line.parts, "急难").clone();
        let PartKind::Form { draft: Some(other), .. } = emergency.kind else { panic!("{emergency:?}") };
        let clerk = grant::<FileForOther>(&city.township_clerk);
        let early = joint::begin_again(&city.office, &clerk, id, emergency.id).await;
        assert!(matches!(early, Err(OfficeError::Conflict(_))), "its form is there: {early:?}");
        // What was answered in the one that was sent stands in the other; what is signed for one matter does not.
        let bank = said(
            &drafts::open(&city.office, Filler::Desk(&desk), draft).await.unwrap().answers,
            "account_bank",
        );
        let waits = drafts::open(&city.office, Filler::Desk(&desk), other).await.unwrap();
        assert!(!bank.is_empty());
        assert_eq!(
            (said(&waits.answers, "account_bank"), said(&waits.answers, "account_holder")),
            (bank.clone(), "0".to_owned())
        );
        assert_eq!(
            (said(&waits.answers, "truthful").as_str(), said(&waits.answers, "signature").as_str()),
            ("", "")
        );
        assert_eq!(waits.answers.count("member"), 3, "nobody stands in it twice");
        assert_eq!(waits.version, open.version + 1, "a page of it that is open is not overwritten unseen");
        drafts::discard(&city.office, Filler::Desk(&desk), other).await.unwrap();
        joint::begin_again(&city.office, &clerk, id, emergency.id).await.unwrap();
        let again = parts(&city, &city.township_clerk, id).await;
        let PartKind::Form { draft: Some(anew), .. } = part(&again, "急难").kind else {
            panic!("{again:?}")
        };
        let anew = drafts::open(&city.office, Filler::Desk(&desk), anew).await.unwrap().answers;
        assert_eq!((said(&anew, "incident_text"), said(&anew, "account_bank")), (wanted.told.clone(), bank));
        let mute = joint::give_up(&city.office, &clerk, id, emergency.id, " ").await;
        assert!(matches!(mute, Err(OfficeError::Invalid(_))), "{mute:?}");
        joint::give_up(&city.office, &clerk, id, emergency.id, "已经不急了").await.unwrap();
        let twice = joint::give_up(&city.office, &clerk, id, emergency.id, "已经不急了").await;
        assert!(matches!(twice, Err(OfficeError::Conflict(_))), "{twice:?}");
        let settled = joint::begin_again(&city.office, &clerk, id, part(&seen.line.parts, "支出型").id).await;
        assert!(matches!(settled, Err(OfficeError::Conflict(_))), "{settled:?}");

        // The department answers; everything is seen in one place.
        let PartKind::Record { id: record, .. } = medical.kind else { panic!("{medical:?}") };
        let today = city.office.now().today().to_string();
        let answer = [("answer", "given"), ("answered_on", today.as_str()), ("answer_text", "已救助两万元")];
        moved(&city, &city.township_clerk, "referral", record, "help", &answer).await.unwrap();
        let city = city.restarted().await;
        let now = parts(&city, &city.county_clerk, id).await;
        assert!(matches!(part(&now, "支出型").kind, PartKind::Case { id, .. } if id == filed), "{now:?}");
        assert!(part(&now, "医疗救助").ended && !part(&now, "教育救助").ended);
        assert!(
            matches!(&part(&now, "急难").kind, PartKind::GivenUp { reason } if reason == "已经不急了"),
            "{now:?}"
        );
        let rate = joint::rate(&city.office, &grant(&city.county_clerk)).await.unwrap();
        assert_eq!((rate.whole, rate.together, rate.percent().as_deref()), (1, 1, Some("100.0%")));
        city.days(1).await;
        assert_eq!(joint_rate(&city).await, "1 / 1");
        let list =
            joint::list(&city.office, &grant(&city.county_clerk), Some(household), None).await.unwrap();
        assert_eq!(list.rows.len(), 1);
        let elsewhere = joint::rate(&city.office, &grant(&city.neighbour_clerk)).await.unwrap();
        assert_eq!(elsewhere.whole, 0);
        let export = grant::<access::Export>(&city.county_clerk);
        let lines = async || {
            let file = joint::sheet(&city.office, &grant(&city.county_clerk), &export).await.unwrap();
            tabular::read_file("a.xlsx", &file).unwrap()[0].rows.len()
        };
        let few = lines().await;
        // More needs than are read at once: all of them are in the file.
        let told = "household_id, person_id, division_id, told_sealed, told_on, made_by, made_at";
        let again = format!("INSERT INTO joint_matter ({told}) SELECT {told} FROM joint_matter");
        for _ in 0..11 {
            Query::system("test", again.clone()).execute(city.office.db()).await.unwrap();
        }
        let parts = "INSERT INTO joint_part (joint_id, item, given_up_on, given_up_reason) SELECT j.id, 'dibao', j.told_on, '不要了' \
            FROM joint_matter j WHERE NOT EXISTS (SELECT 1 FROM joint_part p WHERE p.joint_id = j.id)";
        let more = Query::system("test", parts).execute(city.office.db()).await.unwrap();
        assert_eq!(more, 2_047);
        assert_eq!(lines().await, few + 2_047);
        for action in ["joint.proposed", "joint.begun", "joint.opened", "joint.given_up", "joint.exported"] {
            let written = Query::system("test", "SELECT COUNT(*) FROM audit WHERE action = ?").bind(action);
            assert!(written.scalar::<i64>(city.office.db()).await.unwrap() > 0, "{action}");
        }
    }
}

/// SA-46: one need is answered with everything that fits it: matters of every business, social insurance and the departments that give more.
#[tokio::test]
async fn a_need_is_answered_with_every_policy_that_fits() {
    for city in cities("every_policy").await {
        let clerk = grant::<FileForOther>(&city.township_clerk);
        let old = Family {
            names: vec!["白云飞"],
            births: vec!["1935-03-05"],
            wages: vec!["0"],
            ..Family::default()
        };
        let old = city.file(&old).await.unwrap();
        let old = city.seen(old).await.case.household;
        let proposal = joint::propose(&city.office, &clerk, old).await.unwrap();
        let allowance = proposal.matters.iter().find(|matter| matter.item == "old_age_allowance").unwrap();
        assert!(allowance.fits, "welfare stands beside assistance: {proposal:?}");
        let insured = proposal.referrals.iter().find(|one| one.code == "insurance_medical").unwrap();
        assert_eq!(insured.words, None, "who is not assisted is not proposed: {proposal:?}");

        let case = city.granted(&Family::default()).await;
        city.days(31).await;
        let household = city.seen(case).await.case.household;
        let proposed = async |code: &str| {
            let proposal = joint::propose(&city.office, &clerk, household).await.unwrap();
            assert!(proposal.referrals.is_sorted_by_key(|one| one.words.is_none()), "what fits comes first");
            let found = proposal.referrals.into_iter().find(|one| one.code == code);
            found.unwrap_or_else(|| panic!("{code}")).words
        };
        let insured = proposed("insurance_medical").await.unwrap();
        assert!(insured.contains("基本医疗保险"), "{insured}");
        assert!(proposed("insurance_pension").await.is_some());
        assert_eq!((proposed("medical").await, proposed("education").await), (None, None));
        let people = people_in(&city, case).await;
        answered(&city, people[1], "serious_illness", "true").await;
        answered(&city, people[2], "student", "true").await;
        assert!(proposed("medical").await.unwrap().contains("医疗救助"));
        assert!(proposed("education").await.is_some());

        // The family reads the same on its own sheet, and nothing is sent by that.
        let me = access::citizen_of_synthetic(&city.office, people[0]).await.unwrap();
        let own = async |city: &Wuhai| {
            let sheet = benefits::own_sheet(&city.office, &me).await.unwrap();
            sheet.referrals.into_iter().map(|one| (one.code, one.words)).collect::<Vec<_>>()
        };
        let told = own(&city).await;
        assert!(told.contains(&("insurance_medical".to_owned(), Some(insured.clone()))), "{told:?}");
        assert!(told.iter().all(|(_, words)| words.is_some()), "only what the rules propose: {told:?}");
        let handed = "SELECT COUNT(*) FROM reg_referral";
        let handed: i64 = Query::system("test", handed).scalar(city.office.db()).await.unwrap();
        assert_eq!(handed, 0, "what is read is not asked for");

        // What the family wants of it is with the department in the same moment.
        let wanted = Wanted {
            told: "妻子查出大病，孩子要上学".to_owned(),
            items: Vec::new(),
            referrals: vec![("referral".to_owned(), "insurance_medical".to_owned(), insured)],
        };
        joint::begin(&city.office, &clerk, household, &wanted, &key()).await.unwrap();
        let city = city.restarted().await;
        let office = grant::<access::AnswerCheck>(&crate::wuhai::actor(&city.office, "yibao").await);
        let waits = office::records::addressed::addressed(&city.office, &office).await.unwrap();
        assert_eq!(waits.len(), 1, "{waits:?}");
        assert!(format!("{:?}", waits[0].said).contains("基本医疗保险"), "{waits:?}");
        let told = own(&city).await;
        assert!(told.iter().all(|(code, _)| code != "insurance_medical"), "asked for already: {told:?}");
        assert!(told.iter().any(|(code, _)| code == "medical"), "{told:?}");
    }
}

/// SA-21: who cannot come is filed for in the village; the case is passed to township and county, each with a task of its own.
#[tokio::test]
async fn a_village_agent_files_and_the_case_passes_up_the_levels() {
    for city in cities("agent").await {
        let agent = grant::<FileForOther>(&city.village_worker);
        let filler = Filler::Desk(&agent);
        let draft = drafts::begin(&city.office, filler, "dibao", None).await.unwrap();
        let case = sent(&city, &city.village_worker, draft, &Family::default()).await;
        let seen = city.seen(case).await;
        assert_eq!((seen.case.channel.as_str(), seen.case.step.as_str()), ("village", "filed"));
        let own = view::open(&city.office, &grant(&city.village_worker), case).await.unwrap();
        assert_eq!(own.case.id, case, "the agent follows it");
        let alone = city.act(&city.village_worker, case, "accept", &[], &[]).await;
        assert!(alone.is_err(), "who files does not accept: {alone:?}");
        let waits = async |actor: &access::Actor| {
            city.work(actor).await.iter().filter(|task| task.case == case).count()
        };
        assert_eq!((waits(&city.township_clerk).await, waits(&city.county_clerk).await), (1, 0));
        city.act(&city.township_clerk, case, "accept", &[], &[]).await.unwrap();
        // What the township cannot settle alone it asks the county's centre for, and the case goes on meanwhile.
        let help = [
            ("pass/kind", "question"),
            ("pass/from_level", "township"),
            ("pass/to_level", "county"),
            ("pass/passed_by", "镇帮扶救助中心 李四"),
            ("pass/content", "户籍在外省，怎么核对"),
        ];
        city.act(&city.township_clerk, case, "pass_level", &help, &[]).await.unwrap();
        let entry = city.seen(case).await.entries[0].clone();
        assert_eq!((entry.register.as_str(), entry.state.as_str()), ("aid_pass", "已转出"));
        let today = city.office.now().today().to_string();
        let taken = [("taken_on", today.as_str()), ("taken_by", "区帮扶救助中心")];
        moved(&city, &city.county_clerk, "aid_pass", entry.record, "take_county", &taken).await.unwrap();
        let done = [("answered_on", today.as_str()), ("answer", "已发函请户籍地协查")];
        moved(&city, &city.county_clerk, "aid_pass", entry.record, "finish", &done).await.unwrap();
        assert_eq!(city.seen(case).await.entries[0].state, "已办结");
        city.act(&city.township_clerk, case, "request_means_test", &[], &[]).await.unwrap();
        city.act(&city.county_clerk, case, "start_means_test", &[], &[]).await.unwrap();
        city.departments().await;
        office::means_test::run(&city.office, &grant(&city.county_clerk), case, "低保核对").await.unwrap();
        let found = [("visit_income/0/employed", "yes"), ("visit_income/0/wage_income", "1500")];
        city.act(&city.township_clerk, case, "visit", &found, &[]).await.unwrap();
        city.act(&city.second_clerk, case, "opine", &[], &[]).await.unwrap();
        city.days(8).await;
        // The village takes the notice down and reports; then it lies with the county.
        city.act(&city.village_worker, case, "close_notice", &[], &[]).await.unwrap();
        let city = city.restarted().await;
        let county = city.work(&city.county_clerk).await;
        assert!(county.iter().any(|task| task.case == case), "{county:?}");
        assert_eq!(city.seen(case).await.case.step, "examination");
    }
}

/// SA-18: a half day at the window is booked and taken back by the person; places are counted; nothing follows from not coming.
#[tokio::test]
async fn a_person_books_a_half_day_at_the_window() {
    for city in cities("booking").await {
        // Nine families of one person; eight places in a half day, 演示参数.
        let names = ["赵一", "钱二", "孙三", "李四", "周五", "吴六", "郑七", "王八一", "冯九"];
        let mut citizens = Vec::new();
        for name in names {
            let alone = Family {
                names: vec![name],
                births: vec!["1980-03-05"],
                wages: vec!["0"],
                ..Family::default()
            };
            let case = city.file(&alone).await.unwrap();
            let person = city.seen(case).await.case.applicant;
            citizens.push(access::citizen_of_synthetic(&city.office, person).await.unwrap());
        }
        let offer = bookings::offer(&city.office, &citizens[0]).await.unwrap();
        assert!(offer.window.contains("千里山镇"), "{offer:?}");
        let monday = city.office.now().today();
        assert_eq!(offer.slots.len(), 10, "five working days of two halves");
        assert!(offer.slots.iter().all(|slot| slot.free == 8 && slot.day > monday));
        let slot = (offer.slots[0].day, Half::Morning);
        let weekend: NaiveDate = "2026-11-07".parse().unwrap();
        let wrong = bookings::book(&city.office, &citizens[0], (weekend, Half::Morning), None, &key()).await;
        assert!(matches!(&wrong, Err(OfficeError::Invalid(list)) if list[0].field == "slot"), "{wrong:?}");
        let once = key();
        let first = bookings::book(&city.office, &citizens[0], slot, Some("dibao"), &once).await.unwrap();
        assert_eq!(
            bookings::book(&city.office, &citizens[0], slot, Some("dibao"), &once).await.unwrap(),
            first
        );
        let second = bookings::book(&city.office, &citizens[0], slot, None, &key()).await;
        assert!(matches!(second, Err(OfficeError::Conflict(_))), "one at a time: {second:?}");
        for citizen in &citizens[1..8] {
            bookings::book(&city.office, citizen, slot, None, &key()).await.unwrap();
        }
        let full = bookings::book(&city.office, &citizens[8], slot, None, &key()).await;
        assert!(
            matches!(&full, Err(OfficeError::Invalid(list)) if list[0].message.contains("约满")),
            "{full:?}"
        );
        let theirs = bookings::cancel(&city.office, &citizens[8], first).await;
        assert!(matches!(theirs, Err(OfficeError::NotFound(_))), "{theirs:?}");
        bookings::cancel(&city.office, &citizens[0], first).await.unwrap();
        bookings::book(&city.office, &citizens[8], slot, None, &key()).await.unwrap();
        // The database itself gives no place twice.
        let twice = Query::system(
            "test",
            "INSERT INTO booking (person_id, division_id, day, half, place, state, made_at) \
             SELECT person_id, division_id, day, half, place, 'booked', 1 FROM booking WHERE state = 'booked'",
        );
        assert!(twice.execute(city.office.db()).await.is_err());

        let city = city.restarted().await;
        let clerk = grant::<Accept>(&city.township_clerk);
        let day = bookings::of_day(&city.office, &clerk, slot.0).await.unwrap();
        assert_eq!(day.len(), 8);
        assert_eq!((day[0].place, day[0].name.as_str()), (1, "冯九"), "the place that was free again");
        let early = bookings::settle(&city.office, &clerk, day[0].id, true).await;
        assert!(matches!(early, Err(OfficeError::Conflict(_))), "{early:?}");
        city.days(1).await;
        bookings::settle(&city.office, &clerk, day[0].id, true).await.unwrap();
        bookings::settle(&city.office, &clerk, day[1].id, false).await.unwrap();
        let again = bookings::settle(&city.office, &clerk, day[1].id, true).await;
        assert!(matches!(again, Err(OfficeError::Conflict(_))), "{again:?}");
        let strange = bookings::settle(&city.office, &grant(&city.neighbour_clerk), day[2].id, true).await;
        assert!(matches!(strange, Err(OfficeError::NotFound(_))), "{strange:?}");
        let none = bookings::of_day(&city.office, &grant(&city.neighbour_clerk), slot.0).await.unwrap();
        assert!(none.is_empty());
        let day = bookings::of_day(&city.office, &clerk, slot.0).await.unwrap();
        assert_eq!((day[0].state, day[1].state), (BookingState::Came, BookingState::Missed));
        // Who did not come may book again.
        let next = bookings::offer(&city.office, &citizens[1]).await.unwrap();
        assert!(next.booked.is_none());
        let slot = (next.slots[0].day, Half::Afternoon);
        bookings::book(&city.office, &citizens[1], slot, None, &key()).await.unwrap();
    }
}

/// SA-19, SA-21: any window takes in for the whole city; whoever did sees that it arrived and how far it is, with the receipt, and nothing else.
#[tokio::test]
async fn what_was_taken_in_for_another_township_is_followed() {
    for city in cities("taken_in").await {
        let own = city.file(&Family::default()).await.unwrap();
        let elsewhere = Family {
            names: vec!["吴邻居", "郑小妹", "吴小宝"],
            village: NEIGHBOUR_VILLAGE,
            ..Family::default()
        };
        let case = city.file(&elsewhere).await.unwrap();
        let city = city.restarted().await;
        let clerk = grant::<FileForOther>(&city.township_clerk);
        let reads = grant::<ReadCase>(&city.township_clerk);
        let opened = view::open(&city.office, &reads, case).await;
        assert!(matches!(opened, Err(OfficeError::NotFound(_))), "the case is the other township's");
        let list = async || taken_in::list(&city.office, Filler::Desk(&clerk), None).await.unwrap().rows;
        let rows = list().await;
        assert_eq!(rows.len(), 1, "{own} is the own office's: {rows:?}");
        let seen = &rows[0];
        assert_eq!((seen.case, seen.applicant.as_str(), seen.standing), (case, "吴邻居", Standing::Sent));
        assert!(seen.township.contains("凤凰岭"), "{seen:?}");
        let (title, _) = taken_in::receipt(&city.office, Filler::Desk(&clerk), case).await.unwrap();
        assert!(title.contains("回执"), "{title}");
        assert!(
            taken_in::find(&city.office, Filler::Desk(&clerk), own).await.is_ok(),
            "a receipt is printed again"
        );
        // Nobody else sees it so: not a colleague, not the office in charge, which has the case itself.
        for other in [&city.second_clerk, &city.neighbour_clerk] {
            let other = grant::<FileForOther>(other);
            assert!(taken_in::list(&city.office, Filler::Desk(&other), None).await.unwrap().rows.is_empty());
            let hidden = taken_in::receipt(&city.office, Filler::Desk(&other), case).await;
            assert!(matches!(hidden, Err(OfficeError::NotFound(_))), "{hidden:?}");
        }
        city.act(&city.neighbour_clerk, case, "ask_missing", &[], &[]).await.unwrap();
        assert_eq!(list().await[0].standing, Standing::Missing);
        city.act(&city.neighbour_clerk, case, "supplement_at_window", &[], &[]).await.unwrap();
        city.act(&city.neighbour_clerk, case, "accept", &[], &[]).await.unwrap();
        assert_eq!(list().await[0].standing, Standing::Accepted);
        let export = grant::<access::Export>(&city.township_clerk);
        assert!(taken_in::sheet(&city.office, &clerk, &export).await.unwrap().starts_with(b"PK"));
        for action in ["case.taken_in_listed", "case.taken_in_opened", "case.taken_in_exported"] {
            let written = Query::system("test", "SELECT COUNT(*) FROM audit WHERE action = ?").bind(action);
            assert!(written.scalar::<i64>(city.office.db()).await.unwrap() > 0, "{action}");
        }
    }
}

/// SA-18: a window books for whoever calls, moves and cancels it; the places are the same ones.
#[tokio::test]
async fn a_window_books_for_whoever_calls() {
    for city in cities("booking_window").await {
        let case = city.file(&Family::default()).await.unwrap();
        let person = city.seen(case).await.case.applicant;
        let clerk = grant::<Accept>(&city.township_clerk);
        let offered = window::window(&city.office, &clerk).await.unwrap();
        assert!(offered.window.contains("千里山镇"), "{offered:?}");
        let (slot, later) = ((offered.slots[0].day, Half::Morning), (offered.slots[0].day, Half::Afternoon));
        let caller = |tail: u8| Caller::Named {
            name: "周来电".parse().unwrap(),
            phone: format!("139000011{tail:02}").parse().unwrap(),
        };
        let book = async |caller: &Caller, slot| {
            window::book(&city.office, &clerk, caller, slot, Some("dibao"), &key()).await
        };
        let once = key();
        let known = Caller::Person(person);
        let first = window::book(&city.office, &clerk, &known, slot, None, &once).await.unwrap();
        assert_eq!(window::book(&city.office, &clerk, &known, slot, None, &once).await.unwrap(), first);
        assert!(matches!(book(&known, later).await, Err(OfficeError::Conflict(_))), "one at a time");
        // It is the person's own as if they had booked it.
        let citizen = access::citizen_of_synthetic(&city.office, person).await.unwrap();
        assert_eq!(bookings::offer(&city.office, &citizen).await.unwrap().booked.unwrap().id, first);
        let mut called = Vec::new();
        for tail in 1..8 {
            called.push(book(&caller(tail), slot).await.unwrap());
        }
        assert!(matches!(book(&caller(1), later).await, Err(OfficeError::Conflict(_))), "nor by one phone");
        let full = book(&caller(8), slot).await;
        assert!(
            matches!(&full, Err(OfficeError::Invalid(list)) if list[0].message.contains("约满")),
            "{full:?}"
        );
        // Moved: the place is free again and held once.
        window::move_to(&city.office, &clerk, called[0], later, &key()).await.unwrap();
        let same = window::move_to(&city.office, &clerk, called[0], later, &key()).await;
        assert!(matches!(same, Err(OfficeError::Invalid(_))), "{same:?}");
        let eighth = book(&caller(8), slot).await.unwrap();
        let into = window::move_to(&city.office, &clerk, called[0], slot, &key()).await;
        assert!(matches!(into, Err(OfficeError::Invalid(_))), "full again: {into:?}");
        let city = city.restarted().await;
        let clerk = grant::<Accept>(&city.township_clerk);
        let day = bookings::of_day(&city.office, &clerk, slot.0).await.unwrap();
        let moved = day.iter().find(|booking| booking.id == called[0]).unwrap();
        assert_eq!((moved.half, moved.place, moved.name.as_str()), (Half::Afternoon, 1, "周来电"));
        assert_eq!(moved.phone.as_deref(), Some("139****1101"), "masked");
        let stranger = grant::<Accept>(&city.neighbour_clerk);
        for hidden in [
            window::move_to(&city.office, &stranger, eighth, later, &key()).await,
            window::cancel(&city.office, &stranger, eighth, &key()).await,
            window::open(&city.office, &stranger, eighth).await.map(|_| ()),
            window::book(&city.office, &stranger, &Caller::Person(person), later, None, &key())
                .await
                .map(|_| ()),
        ] {
            assert!(matches!(hidden, Err(OfficeError::NotFound(_))), "{hidden:?}");
        }
        let cancel = key();
        window::cancel(&city.office, &clerk, eighth, &cancel).await.unwrap();
        window::cancel(&city.office, &clerk, eighth, &cancel).await.unwrap();
        let again = window::cancel(&city.office, &clerk, eighth, &key()).await;
        assert!(matches!(again, Err(OfficeError::Conflict(_))), "{again:?}");
        let twice: i64 = Query::system(
            "test",
            "SELECT COUNT(*) FROM (SELECT day FROM booking WHERE state <> 'cancelled' GROUP BY division_id, day, half, place HAVING COUNT(*) > 1) x",
        )
        .scalar(city.office.db())
        .await
        .unwrap();
        assert_eq!(twice, 0);
        for action in ["booking.made_for", "booking.moved", "booking.cancelled"] {
            let written = Query::system("test", "SELECT COUNT(*) FROM audit WHERE action = ?").bind(action);
            assert!(written.scalar::<i64>(city.office.db()).await.unwrap() > 0, "{action}");
        }
    }
}
