//! A town in which the second township holds something of everything, and whatever names it is written down.

use std::collections::BTreeMap;

use catalogue::Release;
use catalogue::definition::{Field, FieldKind, Register, Requirement, Shared, Target};
use office::access::{Actor, Right};
use office::casework::drafts::{self, Filler};
use office::casework::{attachments, joint, letters};
use office::forms::{Answers, FieldPath, Raw};
use office::records::{self, Deed, NewVersion};
use office::releases::{self, NewStandardChange};
use office::{OfficeError, casework, divisions, simulation};
use store::{DivisionId, PersonId, Query};
use vocab::CitizenId;

use super::super::{desk, money};
use crate::testing::{Browser, Town, citizen_id, day, grant};

/// What stands in the second township (b) and must be seen by nobody of the first.
pub(super) struct Planted {
    /// Ids and codes by the parameter of a route that takes them.
    ids: BTreeMap<&'static str, Vec<String>>,
    /// Names, numbers and amounts.
    pub secrets: Vec<String>,
    /// What the law makes public for some days on `/notices`, and nowhere else.
    pub public: Vec<String>,
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

async fn benefits(town: &Town) -> (String, String, String) {
    let a = (town.township_a, town.village_a);
    money::benefit(town, town.family_a, &town.people_a, a, 123_450, "6222020603001234567").await;
    let b = (town.township_b, town.village_b);
    let benefit = money::benefit(town, town.family_b, &town.people_b, b, AMOUNT, ACCOUNT).await;
    let mut accountant = town.browser("accountant").await;
    let month = [("programme", "dibao"), ("month_year", "2026"), ("month_month", "11")];
    let made = accountant.post("/desk/payments", &month).await;
    let run = made.location().rsplit('/').next().unwrap().to_owned();
    money::work(town).await;
    let line = scalar(town, "SELECT id FROM payment_line WHERE entitlement_id = ?", benefit.0).await;
    (benefit.to_string(), run, line)
}

/// A roll of township b read in, and another that waits to be committed.
async fn taken_over(town: &Town) -> (String, String) {
    let mut accountant = town.browser("accountant").await;
    let village = divisions::find(town.office.db(), town.village_b).await.unwrap().code;
    let mut uploads = Vec::new();
    for (number, name) in [(177_u16, "公孙册"), (178, "公孙候")] {
        let id = citizen_id("1970-05-06", number);
        let roll = format!(
            "家庭编号,姓名,身份证号码,与户主关系,村（社区）代码,城乡类别,月保障金额,起始月份\nB{number},{name},{},本人（户主）,{village},城镇,650.00,2020-01\n",
            id.expose()
        );
        let fields = [
            ("programme", "dibao"),
            ("first_due_year", "2026"),
            ("first_due_month", "12"),
            ("reference", "移交清册"),
            ("families", "1"),
            ("members", "1"),
            ("monthly", "650.00"),
        ];
        let seen = money::upload(&mut accountant, "/desk/roll/import", &fields, "名册.csv", &roll).await;
        assert!(seen.text.contains("确认导入"), "{}", seen.text);
        uploads.push(seen.field("upload"));
    }
    let committed = accountant.post("/desk/roll/import/commit", &[("upload", &uploads[0])]).await;
    let import = committed.location().rsplit('/').next().unwrap().to_owned();
    money::work(town).await;
    (import, uploads.remove(1))
}

/// An empty division beside the ones that hold something.
async fn empty_beside(town: &Town, parent: DivisionId, not: &[DivisionId]) -> DivisionId {
    let children = divisions::children(town.office.db(), parent).await.unwrap();
    children.iter().map(|child| child.id).find(|id| !not.contains(id)).unwrap()
}

/// What the county was sent about township b and cannot read in as it is.
async fn wrong_file(town: &Town) -> String {
    let csv = "身份证号,姓名,号牌号码,数据日期\n12345,公孙错,蒙C00009,2026-10-30\n";
    let mut county = town.browser("county").await;
    let fields =
        [("dataset", "vehicles"), ("as_of_year", "2026"), ("as_of_month", "10"), ("as_of_day", "30")];
    let seen = money::upload(&mut county, "/desk/departments", &fields, "车辆.csv", csv).await;
    let corrected = seen.text.split("/desk/departments/corrected/").nth(1);
    corrected.unwrap_or_else(|| panic!("{}", seen.text)).split('"').next().unwrap().to_owned()
}

/// What a standard would mean for a family of the second township.
async fn review_of(town: &Town, change: &str, benefit: &str) -> String {
    let id = Query::system(
        "test",
        "INSERT INTO standard_review (change_id, entitlement_id, county_id, division_id, from_month, old_fen, new_fen, kind, note, \
         release_hash, language_version, state, made_at) SELECT ?, e.id, e.county_id, e.division_id, e.from_month, ?, ?, 'decrease', \
         '', ?, '1', 'open', 1 FROM entitlement e WHERE e.id = ? RETURNING id",
    )
    .bind(change.parse::<i64>().unwrap())
    .bind(AMOUNT)
    .bind(AMOUNT - 1)
    .bind(town.office.release().hash.as_str())
    .bind(benefit.parse::<i64>().unwrap())
    .insert(town.office.db())
    .await
    .unwrap();
    id.to_string()
}

/// The reserve of the second township: what was advanced out of it, and money that is to be put into it.
async fn reserve_of(town: &Town, benefit: &str) -> (String, String) {
    let fund = Query::system(
        "test",
        "INSERT INTO reserve_fund (county_id, township_id, balance_fen) VALUES (?, ?, ?) RETURNING id",
    )
    .bind(town.county)
    .bind(town.township_b)
    .bind(AMOUNT)
    .insert(town.office.db())
    .await
    .unwrap();
    let entry = Query::system(
        "test",
        "INSERT INTO reserve_entry (fund_id, kind, amount_fen, reference, state, made_by, made_at) \
         VALUES (?, 'allot', ?, '轩辕备', 'proposed', ?, 1) RETURNING id",
    )
    .bind(fund)
    .bind(AMOUNT)
    .bind(town.administrator.staff)
    .insert(town.office.db())
    .await
    .unwrap();
    let benefit: i64 = benefit.parse().unwrap();
    let due = Query::system(
        "test",
        "INSERT INTO due (entitlement_id, month, revision, amount_fen, kind, reason, reference, made_by, made_at) \
         VALUES (?, ?, 0, ?, 'arrears', '先行救助', '轩辕备', 1, 1) RETURNING id",
    )
    .bind(benefit)
    .bind(vocab::Month::new(2026, 1).unwrap())
    .bind(AMOUNT)
    .insert(town.office.db())
    .await
    .unwrap();
    Query::system(
        "test",
        "INSERT INTO reserve_entry (fund_id, kind, amount_fen, due_id, entitlement_id, reference, state, balance_after_fen, made_by, made_at) \
         VALUES (?, 'advance', ?, ?, ?, '轩辕备', 'booked', ?, ?, 1)",
    )
    .bind(fund)
    .bind(AMOUNT)
    .bind(due)
    .bind(benefit)
    .bind(AMOUNT)
    .bind(town.administrator.staff)
    .execute(town.office.db())
    .await
    .unwrap();
    (fund.to_string(), entry.to_string())
}

/// A list of a month on which somebody of the second township stands.
async fn month_list_of(town: &Town, benefit: &str) -> String {
    let hash = town.office.release().hash.clone();
    let list = Query::system(
        "test",
        "INSERT INTO month_list (county_id, programme, month, state, release_hash, known_at, made_by, made_at) \
         VALUES (?, 'price_subsidy', ?, 'made', ?, 1, ?, 1) RETURNING id",
    )
    .bind(town.county)
    .bind(vocab::Month::new(2026, 8).unwrap())
    .bind(hash.as_str())
    .bind(town.administrator.staff)
    .insert(town.office.db())
    .await
    .unwrap();
    Query::system(
        "test",
        "INSERT INTO month_list_line (list_id, person_id, household_id, division_id, outcome, amount_fen, inputs, release_hash, known_at, \
         entitlement_id) VALUES (?, ?, ?, ?, 'listed', ?, '{}', ?, 1, ?)",
    )
    .bind(list)
    .bind(town.people_b[0])
    .bind(town.family_b)
    .bind(town.village_b)
    .bind(AMOUNT)
    .bind(hash.as_str())
    .bind(benefit.parse::<i64>().unwrap())
    .execute(town.office.db())
    .await
    .unwrap();
    list.to_string()
}

/// A value of the plan that the second township's county has reported.
async fn plan_value(town: &Town) -> String {
    Query::system(
        "test",
        "INSERT INTO plan_value (plan, indicator, division_id, month, units, scale, evidence, state, reported_by, reported_at) \
         VALUES ('wuhai_145', 'wh_i005', ?, ?, 60, 0, '区民政局台账', 'reported', ?, ?) RETURNING id",
    )
    .bind(town.county)
    .bind(vocab::Month::new(2025, 12).unwrap())
    .bind(town.administrator.staff)
    .bind(town.office.now().at_ms())
    .insert(town.office.db())
    .await
    .unwrap()
    .to_string()
}

/// A split or an adjustment of the plan that waits for a second person.
async fn plan_row(town: &Town, table: &str) -> String {
    let prefecture = divisions::by_code(town.office.db(), "150300").await.unwrap().id;
    let (columns, values) = match table {
        "plan_split" => ("", ""),
        _ => (", year, units, scale, reason, document", ", 2025, 54, 0, '中期评估', '乌民发〔2023〕9号'"),
    };
    let sql = format!(
        "INSERT INTO {table} (plan, indicator, division_id, state, proposed_by, proposed_at{columns}) \
         VALUES ('wuhai_145', 'wh_i005', ?, 'proposed', ?, ?{values}) RETURNING id"
    );
    Query::system("test", sql)
        .bind(prefecture)
        .bind(town.administrator.staff)
        .bind(town.office.now().at_ms())
        .insert(town.office.db())
        .await
        .unwrap()
        .to_string()
}

/// What stands around the plan: an alert of the second township's county, a run of the final evaluation with its paper and what was said of it, and an entry
/// that is public. The alert and the comment.
async fn plan_alive(town: &Town) -> (String, String) {
    let prefecture = divisions::by_code(town.office.db(), "150300").await.unwrap().id;
    let (by, at) = (town.administrator.staff, town.office.now().at_ms());
    let db = town.office.db();
    let alert = Query::system(
        "test",
        "INSERT INTO plan_alert (plan, kind, entry, division_id, due_month, grounds, state, raised_at) \
         VALUES ('wuhai_145', 'will_miss', 'wh_i005', ?, ?, '照现在的速度达不到', 'open', ?) RETURNING id",
    );
    let alert =
        alert.bind(town.county).bind(vocab::Month::new(2026, 12).unwrap()).bind(at).insert(db).await.unwrap();
    let comment = "INSERT INTO plan_evaluation_comment (plan, kind, year, about, words, written_by, written_at) \
                   VALUES ('wuhai_145', 'final', 2025, '总体', '请附台账', ?, ?) RETURNING id";
    let comment = Query::system("test", comment).bind(by).bind(at).insert(db).await.unwrap();
    let policy: Actor = town.staff("evaluator", prefecture, "prefecture_policy").await;
    let (manager, reader) = (policy.grant().unwrap(), policy.grant().unwrap());
    let run = office::plans::evaluation::run(&town.office, &manager, &reader, "final-2025").await.unwrap();
    let pdf = Ok(b"%PDF-1.7".to_vec());
    office::plans::evaluation::paper::paper_done(&town.office, run, pdf).await.unwrap();
    let public = "INSERT INTO plan_public (plan, entry, released_by, released_at) VALUES ('wuhai_145', 'wh_i005', ?, ?)";
    Query::system("test", public).bind(by).bind(at).execute(db).await.unwrap();
    (alert.to_string(), comment.to_string())
}

/// A photo with a note of a village of the second township, of each of these stages and tasks. What an office above notes is for everybody below it.
async fn plan_files(town: &Town, stages: &[&str]) -> Vec<String> {
    let mut files = Vec::new();
    for stage in stages {
        let note = Query::system(
            "test",
            "INSERT INTO plan_stage_note (plan, stage, division_id, deed, words, noted_by, noted_at) \
             VALUES ('wuhai_145', ?, ?, 'started', '主体封顶', ?, ?) RETURNING id",
        );
        let note = note.bind(*stage).bind(town.village_b).bind(town.administrator.staff);
        let note = note.bind(town.office.now().at_ms()).insert(town.office.db()).await.unwrap();
        let owner = format!("plan_stage_note:{note}");
        let photo =
            attachments::put(&town.office, &owner, "现场.jpg", b"\xff\xd8\xff\xe0photo").await.unwrap();
        files.push(photo.to_string());
    }
    files
}

/// A lead about the family of the second township.
async fn lead_of(town: &Town) -> String {
    let id = Query::system(
        "test",
        "INSERT INTO lead (kind, programme, exclusion_group, household_id, county_id, division_id, month, amount_fen, reasons, fingerprint, \
         release_hash, state, found_at) VALUES ('unclaimed', 'dibao', 'basic_living', ?, ?, ?, ?, ?, '[]', 'x', 'x', 'open', 1) RETURNING id",
    )
    .bind(town.family_b)
    .bind(town.county)
    .bind(town.village_b)
    .bind(town.office.now().month())
    .bind(AMOUNT)
    .insert(town.office.db())
    .await
    .unwrap();
    id.to_string()
}

/// A simulation that the county kept.
async fn simulated(town: &Town) -> String {
    let director = town.staff("director2", town.county, "county_director").await;
    let watch = &mut |_, _| store::jobs::Beat::GoOn;
    office::population::refresh(&town.office, watch).await.unwrap();
    let supposition = simulation::Supposition {
        month: town.office.now().month().next(),
        values: Vec::new(),
        texts: Vec::new(),
        raise: None,
    };
    let saved =
        simulation::save(&town.office, &grant(&director), "端木仿真", "", &supposition).await.unwrap();
    simulation::ask_pdf(&town.office, &grant(&director), &grant(&director), saved).await.unwrap();
    simulation::pdf_done(&town.office, saved, Ok("%PDF-1.7 端木仿真".into())).await.unwrap();
    saved.to_string()
}

/// A record in every register that needs nothing else first, each the first of its register; returns the registers.
async fn records_of_b(town: &Town) -> Vec<String> {
    let office = &town.office;
    let release = office.release();
    let village = divisions::find(office.db(), town.village_b).await.unwrap().code;
    let mut planted = Vec::new();
    // What is shared comes first, and may point at what came before it.
    let (shared, others): (Vec<&Register>, Vec<&Register>) =
        release.registers.iter().map(|register| &**register).partition(|register| register.shared.is_some());
    for register in shared.into_iter().chain(others) {
        let form = release.record_form(&register.id).unwrap();
        let pointing: Vec<&Field> = form
            .fields()
            .map(|(_, field)| field)
            .filter(|field| field.target().is_some() && !matches!(field.required, Requirement::Optional))
            .collect();
        let there = |field: &&Field| {
            register.shared.is_some()
                && matches!(field.target(), Some(Target::Record(target)) if planted.iter().any(|known| known == target))
        };
        if !pointing.iter().all(there) {
            continue;
        }
        let title = SHARED_TITLES.iter().find(|(reach, _)| Some(*reach) == register.shared);
        let answers = office::forms::specimen(&release, form, 1, "", |_, _, field| {
            Some(Raw::from(match *field.kind {
                _ if pointing.iter().any(|known| known.id == field.id) => "〔1〕",
                FieldKind::Text if register.titled.iter().any(|titled| field.id == *titled.get()) => {
                    title.map_or("轩辕记", |(_, title)| *title)
                }
                FieldKind::Text => "轩辕记",
                FieldKind::Phone => RECORD_PHONE,
                FieldKind::Division => &village,
                FieldKind::Date if *field.id == *"licence_until" || *field.id == *"food_licence_until" => {
                    "2020-01-01"
                }
                FieldKind::Date => "2026-11-01",
                _ => return None,
            }))
        });
        // What only the county keeps is nobody's in a township.
        let Ok(open) = records::open(office, &town.clerk_b, &register.id, Right::KeepRecords) else {
            continue;
        };
        let new = NewVersion { record: None, answers, state: None, deed: Deed::Added, reason: "新登记" };
        let saved = records::save(office, &grant(&town.clerk_b), &open, new, None).await;
        let saved = match saved {
            // Its own conditions refuse what is made up for every register.
            Err(OfficeError::Invalid(_)) => continue,
            saved => saved.unwrap_or_else(|error| panic!("{}: {error}", register.id.get())),
        };
        assert!(matches!(saved, records::Saved::Done(records::RecordId(1))), "{saved:?}");
        planted.push(register.id.get().clone());
    }
    planted
}

/// A register's record of the second township, with these answers beside made-up ones.
async fn record_of_b(town: &Town, register: &str, said: &[(&str, &str)]) -> records::RecordId {
    let office = &town.office;
    let release = office.release();
    let form = release.record_form(register).unwrap();
    let answers = office::forms::specimen(&release, form, 0, "", |_, _, field| {
        said.iter().find(|(id, _)| field.id == *id).map(|(_, words)| Raw::from(*words))
    });
    let open = records::open(office, &town.clerk_b, register, Right::KeepRecords).unwrap();
    let new = NewVersion { record: None, answers, state: None, deed: Deed::Added, reason: "新登记" };
    match records::save(office, &grant(&town.clerk_b), &open, new, None).await.unwrap() {
        records::Saved::Done(id) => id,
        other => panic!("{other:?}"),
    }
}

/// The care home of the second township has a resident and a care worker whose training is overdue; another home stands beside it in the same
/// village. The duty.
async fn homes_of_b(town: &Town) -> String {
    let village = divisions::find(town.office.db(), town.village_b).await.unwrap().code;
    let person = format!("〔{}〕", town.people_b[0]);
    let home = records::RecordId(1);
    let resident = [("person", person.as_str()), ("institution", "〔1〕"), ("moved_in", "2026-01-01")];
    assert_eq!(record_of_b(town, "care_resident", &resident).await, home);
    let worker = [("person", person.as_str()), ("institution", "〔1〕"), ("hired_on", "2025-01-01")];
    assert_eq!(record_of_b(town, "care_worker", &worker).await, home);
    let beside =
        [("name", "隔壁养老院"), ("credit_code", "12150300MB00000022"), ("division", village.as_str())];
    assert_eq!(record_of_b(town, "care_institution", &beside).await, records::RecordId(2));
    scalar(town, "SELECT min(id) FROM record_duty WHERE register = 'care_worker' AND id > ?", 0).await
}

/// Another system that the prefecture's administrator tells of changes.
async fn subscribed(town: &Town) -> String {
    let mut root = town.browser("root").await;
    let fields = [
        ("title", "轩辕推送平台"),
        ("address", "https://example.gov.cn/receive"),
        ("signs", "hmac-sm3"),
        ("secret", "0123456789abcdef"),
        ("registers", "care_institution"),
    ];
    let made = root.post("/desk/admin/subscriptions", &fields).await;
    assert!(made.status.is_redirection(), "{}", made.text);
    made.location().rsplit('/').next().unwrap().to_owned()
}

/// A referral of somebody of the second township to the medical insurance, entered by the clerk.
async fn referred(town: &Town) -> String {
    let office = &town.office;
    let release = office.release();
    let form = release.record_form("referral").unwrap();
    let village = divisions::find(office.db(), town.village_b).await.unwrap().code;
    let person = format!("〔{}〕", town.people_b[0]);
    let answers = office::forms::specimen(&release, form, 1, "", |_, _, field| {
        Some(Raw::from(match field.id.as_str() {
            "person" => person.as_str(),
            "village" => village.as_str(),
            "kind" => "medical",
            "content" => "轩辕转介",
            "sent_on" => "2026-11-01",
            _ => return None,
        }))
    });
    let open = records::open(office, &town.clerk_b, "referral", Right::KeepRecords).unwrap();
    let new = NewVersion { record: None, answers, state: None, deed: Deed::Added, reason: "新登记" };
    match records::save(office, &grant(&town.clerk_b), &open, new, None).await.unwrap() {
        records::Saved::Done(id) => id.to_string(),
        other => panic!("{other:?}"),
    }
}

/// An import of records, and an upload with faults that waits.
async fn records_taken_in(town: &Town) -> (String, String) {
    let mut clerk = town.browser("clerk_b").await;
    let village = divisions::find(town.office.db(), town.village_b).await.unwrap().code;
    let csv = |code: &str, kind: &str| {
        format!("单位名称,统一社会信用代码,类别,住所所在区划\n轩辕入,{code},{kind},{village}\n")
    };
    let there = "/desk/records/organisation/import";
    let seen = money::upload(&mut clerk, there, &[], "单位.csv", &csv("XYZ1", "企业")).await;
    assert!(seen.text.contains("确认导入"), "{}", seen.text);
    let upload = [("upload", seen.field("upload"))];
    let upload: Vec<(&str, &str)> = upload.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let committed = clerk.post("/desk/records/organisation/import/commit", &upload).await;
    let import = committed.location().rsplit('/').next().unwrap().to_owned();
    let kinds = [records::take_in::RECORDS_JOB];
    while let Some(claim) = store::jobs::claim(town.office.db(), &kinds, "test").await.unwrap() {
        records::take_in::work(&town.office, &claim).await.unwrap();
    }
    let seen = money::upload(&mut clerk, there, &[], "单位.csv", &csv("XYZ2", "不知道")).await;
    let corrected = seen.text.split("/import/corrected/").nth(1);
    let upload = corrected.unwrap_or_else(|| panic!("{}", seen.text)).split('"').next().unwrap().to_owned();
    (import, upload)
}

/// A view of a list that the second township shares, and a change of all its organisations that waits to be confirmed.
async fn lists_of_b(town: &Town) -> (String, String) {
    let mut clerk = town.browser("clerk_b").await;
    let list = "/desk/records/organisation";
    let view = [("view_name", "轩辕记视图"), ("view_for", "office"), ("_q", "轩辕记")];
    let saved = clerk.post(&format!("{list}/views"), &view).await;
    assert!(saved.status.is_redirection(), "{}", saved.text);
    let view = saved.location().rsplit("in=").next().unwrap().to_owned();
    let change =
        [("_what", "set.address"), ("_which", "all"), ("address", "轩辕入地址"), ("_reason", "核对")];
    let made = clerk.post(&format!("{list}/bulk"), &change).await;
    assert!(made.status.is_redirection(), "{}", made.text);
    (view, made.location().rsplit('/').next().unwrap().to_owned())
}

/// A standard that is proposed.
async fn proposed(town: &Town) -> String {
    let release =
        releases::install(town.office.db(), Release::clone(&town.office.release()), town.office.now());
    town.office.put_in_force(release.await.unwrap());
    let policy = town.staff("policy", town.administrator.division, "prefecture_policy").await;
    let change = NewStandardChange {
        parameter: "dibao_standard".to_owned(),
        division: town.administrator.division,
        from: day("2027-01-01"),
        stated_until: None,
        value: "1000".to_owned(),
        document_title: "关于调整标准的通知".to_owned(),
        document_number: "乌民政发〔2026〕9号".to_owned(),
        attachment: None,
        reason: "年度调整".to_owned(),
        recompute_from: None,
    };
    releases::propose(&town.office, &grant(&policy), &change).await.unwrap().to_string()
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
    let (import, upload) = taken_over(town).await;
    let registers = records_of_b(town).await;
    assert!(registers.len() >= 5, "{registers:?}");
    let own_duty = homes_of_b(town).await;
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
    office::people::register_person(&town.office, &grant(&town.clerk_b), &new).await.unwrap();
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
        ("record_import", vec![record_import]),
        ("record_bulk", vec![record_bulk]),
        ("view", vec![view]),
        ("record_upload", vec![record_upload]),
        ("subscription", vec![subscribed(town).await]),
        ("own_register", ["care_institution", "care_resident", "care_worker"].map(str::to_owned).to_vec()),
        ("own_record", text(&1)),
        ("own_move", text(&"leave")),
        ("own_duty", vec![own_duty]),
        ("duty", vec![scalar(town, "SELECT min(id) FROM record_duty WHERE id > ?", 0).await]),
        ("alert", vec![scalar(town, "SELECT min(id) FROM record_alert WHERE id > ?", 0).await]),
        ("upload", vec![upload]),
        ("staff", text(&town.clerk_b.staff)),
        ("post", text(&town.clerk_b.post)),
        ("parameter", vec!["dibao_standard".to_owned()]),
        ("review", vec![review_of(town, &standard_change, &benefit).await]),
        ("standard_change", vec![standard_change]),
        ("department_upload", vec![wrong_file(town).await]),
        ("dataset", vec!["real_estate".to_owned()]),
        ("draw", vec![drawn(town, filed).await]),
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
            "孙德福",
            "夏侯密",
            "诸葛密",
            "轩辕稿",
            "轩辕纸",
            "轩辕记",
            "轩辕转介",
            "轩辕入",
            "轩辕备",
            "公孙册",
            "公孙错",
            "李建军",
            "clerk_b",
            "端木仿真",
            "轩辕推",
        ]
        .map(str::to_owned)
        .into_iter()
        .chain([
            filed_number.clone(),
            hanging_number,
            vocab::Fen(AMOUNT).yuan_grouped(),
            "****0018".to_owned(),
        ])
        .collect(),
        public: vec!["欧阳标".to_owned(), vocab::Fen(granted).yuan_grouped()],
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
