//! Money of the second township: a benefit with a run, what was taken over, a changed standard, the reserve, a list of the month.

use catalogue::Release;
use office::divisions;
use office::people::{self, MemberChange, NewHousehold, NewMember, NewPerson};
use office::releases::{self, NewStandardChange};
use store::Query;

use super::super::super::money;
use super::{ACCOUNT, AMOUNT, CHILD, scalar};
use crate::testing::{Town, citizen_id, day, grant};

pub(super) async fn benefits(town: &Town) -> (String, String, String) {
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

/// What the bank sent back of the second township's line, and why.
pub(super) async fn returned_of(town: &Town, run: &str, line: &str) {
    Query::system(
        "test",
        "INSERT INTO bounce (line_id, run_id, amount_fen, returned_on, reason, bank_reference, file_sm3, journal_id, made_by, made_at) \
         VALUES (?, ?, ?, ?, '户名轩辕退不符', '轩辕退', NULL, 0, 1, 1)",
    )
    .bind(line.parse::<i64>().unwrap())
    .bind(run.parse::<i64>().unwrap())
    .bind(AMOUNT)
    .bind(day("2026-11-02"))
    .execute(town.office.db())
    .await
    .unwrap();
}

/// A child of township b who is supported: the sheet that everybody reads has a line of it, without its name and without the amount.
pub(super) async fn child(town: &Town) {
    let new = NewPerson {
        name: "轩辕童".parse().unwrap(),
        citizen_id: citizen_id("2016-04-09", 191),
        phone: None,
        division: town.village_b,
        residence: None,
    };
    let child = people::register_person(&town.office, &grant(&town.clerk_b), &new).await.unwrap().person();
    let new = NewHousehold {
        division: town.village_b,
        registered_division: town.village_b,
        area: "urban".to_owned(),
        address: None,
        members: vec![NewMember { person: child, relation: "head".to_owned(), head: true }],
    };
    let change = MemberChange { on: day("2026-01-10"), reason: "新登记".to_owned(), case: None };
    let household =
        people::create_household(&town.office, &grant(&town.clerk_b), &new, &change).await.unwrap();
    let b = (town.township_b, town.village_b);
    money::benefit_of("tekun", town, household, &[child], b, CHILD, "6217000000000000012").await;
}

/// A roll of township b read in, and another that waits to be committed.
pub(super) async fn taken_over(town: &Town) -> (String, String) {
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

/// What the county was sent about township b and cannot read in as it is.
pub(super) async fn wrong_file(town: &Town) -> String {
    let csv = "身份证号,姓名,号牌号码,数据日期\n12345,公孙错,蒙C00009,2026-10-30\n";
    let mut county = town.browser("county").await;
    let fields =
        [("dataset", "vehicles"), ("as_of_year", "2026"), ("as_of_month", "10"), ("as_of_day", "30")];
    let seen = money::upload(&mut county, "/desk/departments", &fields, "车辆.csv", csv).await;
    let corrected = seen.text.split("/desk/departments/corrected/").nth(1);
    corrected.unwrap_or_else(|| panic!("{}", seen.text)).split('"').next().unwrap().to_owned()
}

/// What a standard would mean for a family of the second township.
pub(super) async fn review_of(town: &Town, change: &str, benefit: &str) -> String {
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
pub(super) async fn reserve_of(town: &Town, benefit: &str) -> (String, String) {
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
pub(super) async fn month_list_of(town: &Town, benefit: &str) -> String {
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

/// A standard that is proposed.
pub(super) async fn proposed(town: &Town) -> String {
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

/// A change of a village's name with its document, which waits for its second person.
pub(super) async fn division_changed(town: &Town) -> String {
    let sql = "SELECT p.id FROM post p JOIN staff s ON s.id = p.staff_id WHERE s.login = 'policy'";
    let post: i64 = Query::system("test", sql).scalar(town.office.db()).await.unwrap();
    let policy =
        office::access::actor_of_synthetic(&town.office, office::access::PostId(post)).await.unwrap();
    let owner = format!("staff:{}", policy.staff);
    let scan = office::casework::attachments::put(&town.office, &owner, "批复.pdf", b"%PDF-1.7 order")
        .await
        .unwrap();
    let new = divisions::NewDivisionChange {
        wanted: divisions::Wanted {
            kind: divisions::ChangeKind::Rename,
            subjects: vec![town.village_b],
            into: None,
            parts: vec![divisions::Part {
                name: "轩辕社区居委会".to_owned(),
                code: divisions::find(town.office.db(), town.village_b).await.unwrap().code,
                mca_code: None,
            }],
            keeps: false,
            children: Vec::new(),
            families: Vec::new(),
            codes: Vec::new(),
        },
        on: day("2027-01-01"),
        document_title: "关于社区更名的批复".to_owned(),
        document_number: "乌民函〔2026〕8号".to_owned(),
        document_on: day("2026-10-01"),
        attachment: Some(scan),
        reason: "居民意见".to_owned(),
    };
    divisions::propose(&town.office, &grant(&policy), &new).await.unwrap().to_string()
}
