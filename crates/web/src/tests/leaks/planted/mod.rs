//! A town in which the second township holds something of everything, and whatever names it is written down.

use std::collections::BTreeMap;

use catalogue::definition::Shared;
use office::access::Actor;
use office::casework::drafts::{self, Filler};
use office::casework::{joint, letters};
use office::forms::{Answers, FieldPath, Raw};
use office::people::merge;
use office::{casework, divisions};
use store::{DivisionId, PersonId, Query};
use vocab::CitizenId;

use self::plans::{lead_of, plan_alive, plan_files, plan_row, plan_value, simulated};
use self::registers::{
    homes_of_b, lists_of_b, papers_of_b, records_of_b, records_taken_in, referred, subscribed, training_of_b,
};
use self::roll::{
    benefits, child, division_changed, month_list_of, proposed, reserve_of, returned_of, review_of,
    taken_over, wrong_file,
};
use super::super::desk;
use crate::testing::{Browser, Town, citizen_id, day, grant};

mod plans;
mod registers;
mod roll;

/// What stands in the second township (b) and must be seen by nobody of the first.
pub(super) struct Planted {
    /// Ids and codes by the parameter of a route that takes them.
    ids: BTreeMap<&'static str, Vec<String>>,
    /// Names, numbers and amounts.
    pub secrets: Vec<String>,
    /// What the law makes public on `/notices`, and nowhere else: an opinion for its days, a benefit as long as it lasts.
    pub public: Vec<String>,
    /// What cases and benefits alone say: numbers and amounts of 社会救助. Some of it everybody reads on `/notices`.
    pub of_matters: Vec<String>,
    /// Identifiers in full: on no page of anybody who did not reveal them.
    pub sealed: Vec<String>,
    /// What may be searched for, and the like of it that nobody has.
    pub searched: Vec<(String, String)>,
    /// The village's and the township's division, and another of each where nothing stands.
    pub village: (DivisionId, DivisionId),
    pub township: (DivisionId, DivisionId),
    /// Codes and names of the same, to make two answers comparable.
    pub words: Vec<(String, String)>,
    /// Whoever may see all or part of it.
    pub rightful: Vec<(&'static str, Browser)>,
}

/// Titles of records of registers that the packs share, by how far: what offices that far may point at, by its title alone.
pub(super) const SHARED_TITLES: [(Shared, &str); 2] =
    [(Shared::County, "轩辕县共"), (Shared::Prefecture, "轩辕市共")];

const AMOUNT: i64 = 76_321;
/// What a child of the second township is supported with: neither its name nor this is public.
const CHILD: i64 = 151_379;
const RECORD_PHONE: &str = "13987650321";
const ACCOUNT: &str = "6228480402564890018";

impl Planted {
    /// The values of a parameter of a route.
    pub(super) fn values(&self, route: &str, parameter: &str) -> &[String] {
        let parameter = match (route.split('/').nth(2), parameter) {
            (Some("authorisations"), "id") => "authorisation",
            (Some("standard-changes"), "id") => "standard_change",
            (Some("departments"), "upload") => "department_upload",
            (Some("records"), "upload") => "record_upload",
            (Some("records"), "field") => "sealed_field",
            _ => parameter,
        };
        let values = self.ids.get(parameter).map_or(&[][..], Vec::as_slice);
        // One case is enough to try every action on.
        if parameter == "case" && route.contains("{action}") { &values[1..] } else { values }
    }

    /// An id of the kind.
    pub(super) fn one(&self, parameter: &str) -> &str {
        &self.ids[parameter][0]
    }
}

async fn scalar(town: &Town, sql: &'static str, value: i64) -> String {
    let number: i64 = Query::system("test", sql).bind(value).scalar(town.office.db()).await.unwrap();
    number.to_string()
}

/// 欧阳标's family: filed, checked, visited; its notice hangs.
async fn hanging(town: &Town, second: &str) -> store::CaseId {
    let case =
        desk::filed_by(town, &town.clerk_b, town.village_b, ["欧阳标", "司徒标", "欧阳小标"], 131).await;
    let mut clerk = town.browser("clerk_b").await;
    let mut county = town.browser("county").await;
    desk::done(town, &mut clerk, case, "accept", &[]).await;
    desk::done(town, &mut clerk, case, "request_means_test", &[]).await;
    desk::done(town, &mut county, case, "start_means_test", &[]).await;
    desk::departments(town, &mut county).await;
    let run =
        county.post(&format!("/desk/cases/{case}/means-test"), &[("purpose", "最低生活保障申请核对")]).await;
    assert!(run.status.is_redirection(), "{}", run.text);
    // A bank contradicts what was declared, and the tax office has not answered.
    let asked = [("datasets", "deposits"), ("datasets", "tax"), ("purpose", "核对")];
    let sent = county.post(&format!("/desk/cases/{case}/check/send"), &asked).await;
    assert!(sent.status.is_redirection(), "{}", sent.text);
    let request =
        scalar(town, "SELECT min(id) FROM check_request WHERE dataset = 'deposits' AND case_id = ?", case.0)
            .await;
    let said = [("how", "values"), ("ask_balance", "20000")];
    let answered = county.post(&format!("/desk/check-requests/{request}"), &said).await;
    assert!(answered.status.is_redirection(), "{}", answered.text);
    let wages = [("member.0.employed", "yes"), ("member.0.wage_income", "1500")];
    desk::done(town, &mut clerk, case, "visit", &wages).await;
    desk::done(town, &mut town.browser(second).await, case, "opine", &[]).await;
    case
}

async fn draft(town: &Town, filler: Filler<'_>, name: &str) -> String {
    let office = &town.office;
    let draft = drafts::begin(office, filler, "dibao", None).await.unwrap();
    let release = office.release();
    let form = release.forms.get("dibao_application").unwrap();
    let mut answers = Answers::new();
    for (page, field) in form.fields().filter(|(_, field)| *field.id == *"name") {
        let records: &[Option<usize>] = match &page.repeat {
            Some(repeat) => {
                answers.go_over(&repeat.of, 2);
                &[Some(0), Some(1)]
            }
            None => &[None],
        };
        for record in records {
            answers.set(&FieldPath::new(page, *record, field), Raw::from(name));
        }
    }
    let open = drafts::open(office, filler, draft).await.unwrap();
    drafts::save(office, filler, draft, open.version, &answers).await.unwrap();
    draft.to_string()
}

/// An empty division beside the ones that hold something.
async fn empty_beside(town: &Town, parent: DivisionId, not: &[DivisionId]) -> DivisionId {
    let children = divisions::children(town.office.db(), parent).await.unwrap();
    children.iter().map(|child| child.id).find(|id| !not.contains(id)).unwrap()
}

/// A draw of the county in which a case of the second township lies.
async fn drawn(town: &Town, case: store::CaseId) -> String {
    let db = town.office.db();
    let draw = Query::system(
        "test",
        "INSERT INTO sample_draw (item, county_id, from_on, until_on, delegated_only, percent, percent_source, seed, population, always, \
         by_lot, population_sm3, finish_on, drawn_at, drawn_by) VALUES ('dibao', ?, ?, ?, ?, 30, '县级自行确定', 'seed', 1, 0, 1, 'sm3', ?, 0, ?) \
         RETURNING id",
    )
    .bind(town.county)
    .bind(day("2026-10-01"))
    .bind(day("2026-10-31"))
    .bind(false)
    .bind(day("2026-12-31"))
    .bind(town.clerk_b.staff);
    let draw: i64 = draw.scalar(db).await.unwrap();
    Query::system(
        "test",
        "INSERT INTO sample_member (draw_id, case_id, number, lot, reason) SELECT ?, id, number, 'lot', 'lot' FROM case_file WHERE id = ?",
    )
    .bind(draw)
    .bind(case)
    .execute(db)
    .await
    .unwrap();
    draw.to_string()
}

/// A verification by sample of the county's, in which the lot gave a case of the second township to the county's clerk.
async fn random_check(town: &Town, case: store::CaseId) -> String {
    let db = town.office.db();
    let check: i64 = Query::system(
        "test",
        "INSERT INTO random_check (division_id, kind, subject, from_on, until_on, confidence, margin_bp, expected_bp, population, \
         population_sm3, seed, drawn, inspectors, inspectors_each, finish_on, drawn_at, drawn_by) \
         VALUES (?, 'decisions', 'dibao', ?, ?, 95, 500, 5000, 1, 'sm3', 'seed', 1, 1, 1, ?, 0, ?) RETURNING id",
    )
    .bind(town.county)
    .bind(day("2026-10-01"))
    .bind(day("2026-10-31"))
    .bind(day("2026-12-31"))
    .bind(town.clerk_b.staff)
    .scalar(db)
    .await
    .unwrap();
    Query::system(
        "test",
        "INSERT INTO random_check_object (check_id, place, object_id, number, township_id) SELECT ?, 1, id, number, township_id \
         FROM case_file WHERE id = ?",
    )
    .bind(check)
    .bind(case)
    .execute(db)
    .await
    .unwrap();
    for sql in [
        "INSERT INTO random_check_inspector (check_id, inspector, staff_id, division_id) SELECT ?, 1, id, division_id FROM staff \
         WHERE login = 'county'",
        "INSERT INTO random_check_drawn (check_id, place, lot) VALUES (?, 1, 'lot')",
        "INSERT INTO random_check_assigned (check_id, place, inspector, lot) VALUES (?, 1, 1, 'lot')",
    ] {
        Query::system("test", sql).bind(check).execute(db).await.unwrap();
    }
    check.to_string()
}

/// Somebody of the second township comes to its window today.
async fn booking_of(town: &Town) -> String {
    let id = Query::system(
        "test",
        "INSERT INTO booking (person_id, division_id, day, half, place, state, made_at) VALUES (?, ?, ?, 'morning', 1, 'booked', 1) RETURNING id",
    )
    .bind(town.people_b[0])
    .bind(town.township_b)
    .bind(town.office.now().today())
    .insert(town.office.db())
    .await
    .unwrap();
    id.to_string()
}

/// Somebody of the second township stands on file twice: a second person has to look at it.
async fn merge_of(town: &Town, second: PersonId) -> String {
    let new = merge::NewMerge {
        kept: town.people_b[0],
        dropped: second,
        choices: merge::Choices::default(),
        number_fate: Some(merge::NumberFate::Police),
        evidence: "轩辕并：公安机关证明".to_owned(),
    };
    let tx = town.office.db().begin().await.unwrap();
    let id = merge::propose_merge_in(&town.office, &tx, &grant(&town.clerk_b), &new).await.unwrap();
    tx.commit().await.unwrap();
    id.to_string()
}

/// What a family of the second township told once.
async fn joint_of(town: &Town, clerk: &office::access::Granted<office::access::FileForOther>) -> String {
    let wanted = joint::Wanted {
        told: "孙德福住院了".to_owned(),
        items: vec!["temporary_emergency".to_owned()],
        referrals: Vec::new(),
    };
    let key = store::IdempotencyKey::fresh().unwrap();
    joint::begin(&town.office, clerk, town.family_b, &wanted, &key).await.unwrap().to_string()
}

pub(super) async fn plant(town: &Town) -> Planted {
    let standard_change = proposed(town).await;
    let other_worker = empty_beside(town, town.township_b, &[town.village_b]).await;
    let empty_village = empty_beside(town, town.township_b, &[town.village_b, other_worker]).await;
    let empty_township = empty_beside(town, town.county, &[town.township_a, town.township_b]).await;
    let staff: [(&'static str, DivisionId, &str); 8] = [
        ("second_b", town.township_b, "township_clerk"),
        ("head_b", town.township_b, "township_head"),
        ("worker_b", town.village_b, "village_worker"),
        ("county", town.county, "county_clerk"),
        ("director", town.county, "county_director"),
        ("accountant", town.county, "county_accountant"),
        ("approver", town.county, "county_payment_approver"),
        ("auditor", town.county, "auditor"),
    ];
    for (login, division, role) in staff {
        town.staff(login, division, role).await;
    }
    town.staff("worker_b2", other_worker, "village_worker").await;
    let hanging = hanging(town, "second_b").await;
    let filed =
        desk::filed_by(town, &town.clerk_b, town.village_b, ["夏侯密", "诸葛密", "夏侯小密"], 161).await;
    let (benefit, run, line) = benefits(town).await;
    returned_of(town, &run, &line).await;
    let (import, upload) = taken_over(town).await;
    child(town).await;
    let registers = records_of_b(town).await;
    assert!(registers.len() >= 5, "{registers:?}");
    let own_duty = homes_of_b(town).await;
    let (record_file, record_letter) = papers_of_b(town).await;
    let row_file = training_of_b(town).await;
    let (record_import, record_upload) = records_taken_in(town).await;
    let (view, record_bulk) = lists_of_b(town).await;
    // Somebody of the same name and birth: a flag.
    let twin = citizen_id("1950-01-20", 205);
    let mut clerk = town.browser("clerk_b").await;
    let form = clerk.get("/desk/families/new").await;
    assert!(form.status.is_success());
    let new = office::people::NewPerson {
        name: "孙德福".parse().unwrap(),
        citizen_id: twin.clone(),
        phone: None,
        division: town.village_b,
        residence: None,
    };
    let second = office::people::register_person(&town.office, &grant(&town.clerk_b), &new).await.unwrap();
    let merge = merge_of(town, second.person()).await;
    let flag = scalar(town, "SELECT max(id) FROM duplicate_flag WHERE id > ?", 0).await;
    let payee = [
        ("person", town.people_b[0].to_string()),
        ("holder_name", "孙德福".to_owned()),
        ("bank", "邮储银行".to_owned()),
        ("number", "6217991900001234562".to_owned()),
        ("reference", "本人申请".to_owned()),
        ("reason", "原卡遗失".to_owned()),
    ];
    let payee: Vec<(&str, &str)> = payee.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let proposed = clerk.post(&format!("/desk/roll/{benefit}/payee"), &payee).await;
    assert!(proposed.status.is_redirection(), "{}", proposed.text);
    let payee =
        scalar(town, "SELECT max(id) FROM payee WHERE entitlement_id = ?", benefit.parse().unwrap()).await;

    let desk_b: office::access::Granted<office::access::FileForOther> = grant(&town.clerk_b);
    let applicant = PersonId(
        scalar(town, "SELECT applicant_person_id FROM case_file WHERE id = ?", hanging.0)
            .await
            .parse()
            .unwrap(),
    );
    let citizen = office::access::citizen_of_synthetic(&town.office, town.people_b[0]).await.unwrap();
    let drafts = vec![
        draft(town, Filler::Desk(&desk_b), "轩辕稿").await,
        draft(town, Filler::Citizen(&citizen), "轩辕纸").await,
    ];
    // Somebody who is not of the family handed it in.
    Query::system("test", "UPDATE case_file SET filed_by_person = ? WHERE id = ?")
        .bind(town.people_b[0])
        .bind(filed)
        .execute(town.office.db())
        .await
        .unwrap();
    let joint = joint_of(town, &desk_b).await;
    let booking = booking_of(town).await;
    let letter = scalar(town, "SELECT min(id) FROM letter WHERE case_id = ?", hanging.0).await;
    letters::done(&town.office, letter.parse().unwrap(), Ok("%PDF-1.7 文书写着孙德福".into())).await.unwrap();
    let of_case = async |sql| scalar(town, sql, hanging.0).await;
    let release = town.office.release();
    let item = release.items.get("dibao").unwrap();
    let actions = item.actions.iter().map(|action| action.id.get().clone()).collect();
    let (fund, entry) = reserve_of(town, &benefit).await;
    let text = |id: &dyn std::fmt::Display| vec![id.to_string()];
    let (plan_alert, plan_comment) = plan_alive(town).await;
    let plan_task = release.plans[0].tasks[0].id.get().clone();
    let plan_files = plan_files(town, &["wh_p004", &plan_task]).await;
    let ids = BTreeMap::from([
        ("case", vec![filed.to_string(), hanging.to_string()]),
        ("action", actions),
        ("attachment", text(&of_case("SELECT min(id) FROM attachment WHERE case_id = ?").await)),
        ("letter", vec![letter]),
        ("authorisation", text(&of_case("SELECT min(id) FROM authorisation WHERE case_id = ?").await)),
        (
            "check_request",
            text(&of_case("SELECT min(id) FROM check_request WHERE dataset = 'tax' AND case_id = ?").await),
        ),
        ("department_register", text(&"referral")),
        ("department_record", text(&referred(town).await)),
        ("department_move", text(&"take")),
        ("contradiction", text(&of_case("SELECT min(id) FROM check_contradiction WHERE case_id = ?").await)),
        ("draft", drafts),
        ("booking", vec![booking]),
        ("joint", vec![joint.clone()]),
        (
            "joint_part",
            vec![
                scalar(town, "SELECT min(id) FROM joint_part WHERE joint_id = ?", joint.parse().unwrap())
                    .await,
            ],
        ),
        ("page", vec!["home".to_owned(), "family".to_owned()]),
        ("item", vec!["dibao".to_owned()]),
        ("person", text(&town.people_b[0])),
        ("household", text(&town.family_b)),
        ("fact", vec!["deposits".to_owned()]),
        (
            "account",
            text(
                &scalar(town, "SELECT min(id) FROM bank_account WHERE person_id = ?", town.people_b[0].0)
                    .await,
            ),
        ),
        ("flag", vec![flag]),
        ("merge", vec![merge]),
        ("entitlement", vec![benefit.clone()]),
        ("payee", vec![payee]),
        ("run", vec![run]),
        ("line", vec![line]),
        ("import", vec![import]),
        ("register", registers),
        ("record", vec!["1".to_owned()]),
        ("transition", vec!["struck_off".to_owned()]),
        ("statistic", vec!["elderly_station_coverage".to_owned()]),
        ("sealed_field", vec!["phone".to_owned()]),
        ("pointing", vec!["institution".to_owned()]),
        ("record_import", vec![record_import]),
        ("record_bulk", vec![record_bulk]),
        ("view", vec![view]),
        ("record_upload", vec![record_upload]),
        ("subscription", vec![subscribed(town).await]),
        ("own_register", ["care_institution", "care_resident", "care_worker"].map(str::to_owned).to_vec()),
        ("own_record", text(&1)),
        ("own_move", text(&"leave")),
        ("papers", text(&"registration")),
        ("own_papers", text(&"registration")),
        ("own_file", vec![record_file.clone(), row_file]),
        ("record_file", vec![record_file]),
        ("own_letter", vec![record_letter.clone()]),
        ("record_letter", vec![record_letter]),
        ("own_duty", vec![own_duty]),
        ("duty", vec![scalar(town, "SELECT min(id) FROM record_duty WHERE id > ?", 0).await]),
        ("alert", vec![scalar(town, "SELECT min(id) FROM record_alert WHERE id > ?", 0).await]),
        ("upload", vec![upload]),
        ("staff", text(&town.clerk_b.staff)),
        ("post", text(&town.clerk_b.post)),
        ("parameter", vec!["dibao_standard".to_owned(), "tekun_basic".to_owned()]),
        ("review", vec![review_of(town, &standard_change, &benefit).await]),
        ("division_change", vec![division_changed(town).await]),
        ("division", vec![town.village_b.to_string()]),
        ("standard_change", vec![standard_change]),
        ("department_upload", vec![wrong_file(town).await]),
        ("dataset", vec!["real_estate".to_owned()]),
        ("draw", vec![drawn(town, filed).await]),
        ("random_check", vec![random_check(town, filed).await]),
        ("random_place", text(&1)),
        ("programme", vec!["dibao".to_owned()]),
        ("lead", vec![lead_of(town).await]),
        ("simulation", vec![simulated(town).await]),
        ("plan_indicator", vec!["wh_i005".to_owned()]),
        ("stage", vec!["wh_p004".to_owned()]),
        ("plan_value", vec![plan_value(town).await]),
        ("plan_split", vec![plan_row(town, "plan_split").await]),
        ("adjustment", vec![plan_row(town, "plan_adjustment").await]),
        ("plan_entry", vec!["wh_i005".to_owned()]),
        ("plan_task", vec![plan_task]),
        ("plan_file", plan_files),
        ("plan_alert", vec![plan_alert]),
        ("plan_evaluation", vec!["final-2025".to_owned()]),
        ("plan_comment", vec![plan_comment]),
        ("fund", vec![fund.clone()]),
        ("entry", vec![entry]),
        ("list", vec![month_list_of(town, &benefit).await]),
    ]);
    let number = async |case: store::CaseId| -> String {
        let row = Query::system("test", "SELECT number FROM case_file WHERE id = ?").bind(case);
        row.one(town.office.db()).await.unwrap().get("number").unwrap()
    };
    let (filed_number, hanging_number) = (number(filed).await, number(hanging).await);
    let granted: i64 = Query::system("test", "SELECT amount_fen FROM notice WHERE case_id = ?")
        .bind(hanging)
        .scalar(town.office.db())
        .await
        .unwrap();
    let division = async |id| divisions::find(town.office.db(), id).await.unwrap();
    let mut words = Vec::new();
    for (one, other) in [(town.village_b, empty_village), (town.township_b, empty_township)] {
        let (one, other) = (division(one).await, division(other).await);
        words.push((one.code, other.code));
        words.push((one.name, other.name));
    }
    let whole = citizen_id("1950-01-20", 5);
    // A whole identifier is not among them: who types it is told that the person is registered elsewhere, and by whom is not.
    let searched = vec![
        ("孙德福".to_owned(), "孙德禄".to_owned()),
        (filed_number.clone(), filed_number.replace(|digit: char| digit.is_ascii_digit(), "9")),
        ("clerk_b".to_owned(), "clerk_q".to_owned()),
    ];
    words.extend(searched.iter().cloned());
    let applicant_id = CitizenId::synthetic(3, day("1981-03-05"), 131);
    let mut rightful = Vec::new();
    for login in [
        "clerk_b",
        "second_b",
        "head_b",
        "worker_b",
        "county",
        "director",
        "accountant",
        "approver",
        "auditor",
        "policy",
        "root",
    ] {
        rightful.push((login, town.browser(login).await));
    }
    town.staff("doctor_b", town.county, "department_clerk:medical_insurance").await;
    rightful.push(("doctor_b", town.browser("doctor_b").await));
    town.staff("home_b", town.village_b, "organisation_clerk:care_institution/1").await;
    rightful.push(("home_b", town.browser("home_b").await));
    town.staff("taxman_b", town.county, "department_clerk:tax_office").await;
    rightful.push(("taxman_b", town.browser("taxman_b").await));
    rightful.push(("citizen_b", town.citizen_of(&town.clerk_b, applicant, applicant_id.last_four()).await));
    let (holder, tail) = (town.people_b[0], whole.last_four());
    rightful.push(("holder_b", town.citizen_of(&town.clerk_b, holder, tail).await));
    casework::tick::tick(&town.office).await.unwrap();
    Planted {
        ids,
        secrets: [
            "夏侯密",
            "诸葛密",
            "轩辕稿",
            "轩辕纸",
            "轩辕记",
            "轩辕转介",
            "轩辕入",
            "轩辕备",
            "轩辕退",
            "轩辕童",
            "公孙错",
            "李建军",
            "clerk_b",
            "端木仿真",
            "轩辕推",
            "轩辕证",
            "轩辕训",
            "轩辕停",
            "轩辕并",
        ]
        .map(str::to_owned)
        .into_iter()
        .chain([
            filed_number.clone(),
            hanging_number.clone(),
            vocab::Fen(CHILD).yuan_grouped(),
            "****0018".to_owned(),
        ])
        .collect(),
        of_matters: [AMOUNT, CHILD]
            .map(|fen| vocab::Fen(fen).yuan_grouped())
            .into_iter()
            .chain([filed_number, hanging_number])
            .collect(),
        public: ["欧阳标", "孙德福", "公孙册"]
            .map(str::to_owned)
            .into_iter()
            .chain([granted, AMOUNT].map(|fen| vocab::Fen(fen).yuan_grouped()))
            .collect(),
        sealed: vec![
            whole.expose().to_owned(),
            twin.expose().to_owned(),
            applicant_id.expose().to_owned(),
            ACCOUNT.to_owned(),
            RECORD_PHONE.to_owned(),
        ],
        village: (town.village_b, empty_village),
        township: (town.township_b, empty_township),
        words,
        searched,
        rightful,
    }
}

/// Those who sit in the same offices and work for the elderly: people are on file for them too, cases and benefits of 社会救助 are not there.
pub(super) async fn colleagues(town: &Town) -> Vec<(&'static str, Browser)> {
    let staff: [(&'static str, DivisionId, &str); 4] = [
        ("clerk_e", town.township_b, "township_clerk@elderly"),
        ("county_e", town.county, "county_clerk@elderly"),
        ("director_e", town.county, "county_director@elderly"),
        ("accountant_e", town.county, "county_accountant@elderly"),
    ];
    let mut colleagues = Vec::new();
    for (login, division, role) in staff {
        let _: Actor = town.staff(login, division, role).await;
        colleagues.push((login, town.browser(login).await));
    }
    colleagues
}

/// Everybody else: the neighbours' offices, the next village, another county, a citizen, anybody.
pub(super) async fn strangers(town: &Town) -> Vec<(&'static str, Browser)> {
    let county = divisions::by_code(town.office.db(), "150303").await.unwrap().id;
    let staff: [(&'static str, DivisionId, &str); 13] = [
        ("head_a", town.township_a, "township_head"),
        ("worker_a", town.village_a, "village_worker"),
        ("admin_a", town.township_a, "administrator"),
        ("clerk_c", county, "county_clerk"),
        ("director_c", county, "county_director"),
        ("accountant_c", county, "county_accountant"),
        ("approver_c", county, "county_payment_approver"),
        ("checker_c", county, "means_test_clerk"),
        ("auditor_c", county, "auditor"),
        ("admin_c", county, "administrator"),
        // The same department of another county, and another department of the same.
        ("taxman_c", county, "department_clerk:tax_office"),
        ("police_d", town.county, "department_clerk:traffic_police"),
        // Another care home of the same village.
        ("home_2", town.village_b, "organisation_clerk:care_institution/2"),
    ];
    let mut strangers = Vec::new();
    for (login, division, role) in staff {
        let _: Actor = town.staff(login, division, role).await;
        strangers.push((login, town.browser(login).await));
    }
    for login in ["clerk_a", "worker_b2"] {
        strangers.push((login, town.browser(login).await));
    }
    let last_four = citizen_id("1962-03-08", 2).last_four().to_owned();
    strangers.push(("citizen_a", town.citizen(town.people_a[0], &last_four).await));
    strangers.push(("anybody", town.visitor()));
    strangers
}
