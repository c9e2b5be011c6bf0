//! A care home's own account: it sees and reports what belongs to it, and nothing else of any register.

use axum::http::StatusCode;
use store::Query;

use super::records::{code_of, institution, send_again};
use crate::testing::{Browser, Seen, Town, citizen_id};

const HERE: &str = "/desk/organisation";

/// Fills a form of the desk as its page shows it.
async fn filled(browser: &mut Browser, path: &str, fields: &[(&str, &str)]) -> Seen {
    let page = browser.get(path).await;
    assert_eq!(page.status, StatusCode::OK, "{path}: {}", page.text);
    let version = page.field("_version");
    let mut fields = fields.to_vec();
    fields.push(("_version", version.as_str()));
    send_again(browser, &page, path, &fields).await
}

async fn count(town: &Town, sql: &'static str) -> i64 {
    Query::system("test", sql).scalar(town.office.db()).await.unwrap()
}

const RESIDENT: [(&str, &str); 5] = [
    ("source", "social"),
    ("level", "self"),
    ("moved_in.year", "2026"),
    ("moved_in.month", "11"),
    ("moved_in.day", "1"),
];

/// A resident with these papers.
async fn moves_in(browser: &mut Browser, papers: &str, bed: &str) -> Seen {
    let mut fields = RESIDENT.to_vec();
    fields.extend([("person", papers), ("bed", bed)]);
    filled(browser, &format!("{HERE}/care_resident/new"), &fields).await
}

#[tokio::test]
async fn a_care_home_reports_its_residents_itself() {
    Town::each("care_home", async |town| {
        let mut clerk = town.browser("clerk_b").await;
        let own = institution(town, &mut clerk, "12150302MB0000001X", "福康养老院").await;
        institution(town, &mut clerk, "12150302MB0000002X", "隔壁养老院").await;
        assert!(own.ends_with("/1"), "{own}");

        // The administrator gives the account: by the home's number, with nothing else beside it.
        let mut root = town.browser("root").await;
        let (staff, _) = office::access::create_staff(
            &town.office,
            &town.administrator.grant().unwrap(),
            &office::access::NewStaff {
                login: "home".to_owned(),
                name: "吴一凡".to_owned(),
                division: Some(town.village_b),
                ..office::access::NewStaff::default()
            },
        )
        .await
        .unwrap();
        let village = code_of(town, town.village_b).await;
        let give = async |browser: &mut Browser, organisation: &str, more: (&str, &str)| {
            let fields = [
                ("division", village.as_str()),
                ("roles", "organisation_clerk"),
                ("organisation", organisation),
                more,
                ("from_on_year", "2026"),
                ("from_on_month", "1"),
                ("from_on_day", "1"),
            ];
            browser.post(&format!("/desk/admin/staff/{staff}/posts/new"), &fields).await
        };
        for (organisation, more, message) in [
            ("没有的院", ("note", ""), "没有找到这家机构"),
            ("", ("note", ""), "只代表一家机构"),
            ("福康养老院", ("businesses", "elderly"), "只代表一家机构"),
            ("福康养老院", ("roles", "village_worker"), "不能再有民政的角色"),
        ] {
            let refused = give(&mut root, organisation, more).await;
            assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{organisation}");
            assert!(refused.text.contains(message), "{organisation}: {}", refused.text);
        }
        let given = give(&mut root, "12150302MB0000001X", ("note", "")).await;
        assert!(given.status.is_redirection(), "{}", given.text);

        town.staff("other", town.village_b, "organisation_clerk:care_institution/2").await;
        town.staff("mine", town.village_b, "organisation_clerk:care_institution/1").await;
        let mut home = town.browser("mine").await;
        let mut other = town.browser("other").await;
        assert_eq!(home.get("/desk").await.location(), HERE);
        for closed in ["/desk/people", "/desk/records", "/desk/records/care_resident"] {
            assert_eq!(home.get(closed).await.status, StatusCode::NOT_FOUND, "{closed}");
        }

        // Beds, then residents by what stands on their papers.
        let bed = [("number", "101-1"), ("kind", "nursing"), ("room", "101")];
        let saved = filled(&mut home, &format!("{HERE}/care_bed/new"), &bed).await;
        assert!(saved.status.is_redirection(), "{}", saved.text);
        let known = citizen_id("1960-10-02", 1);
        let before = count(town, "SELECT count(*) FROM person").await;
        for wrong in ["钱大勇", &format!("张三 {}", known.expose()), "〔1〕"] {
            let refused = moves_in(&mut home, wrong, "101-1").await;
            assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{wrong}");
            assert!(refused.text.contains("没有找到老人"), "{wrong}: {}", refused.text);
            assert!(refused.text.contains("福康养老院 101-1〔1〕"), "the bed was found: {}", refused.text);
        }
        let saved = moves_in(&mut home, &format!("钱大勇 {}", known.expose()), "101-1").await;
        assert!(saved.status.is_redirection(), "{}", saved.text);
        let resident = saved.location().to_owned();
        assert_eq!(count(town, "SELECT count(*) FROM person").await, before, "on file already");

        // Who is on file nowhere is registered with the record, and only with it.
        let new = citizen_id("1945-03-04", 77);
        let papers = format!("孟根花，{}", new.expose());
        let refused = moves_in(&mut home, &papers, "没有的床").await;
        assert!(refused.text.contains("没有找到床位") && refused.text.contains("孟根花"), "{}", refused.text);
        assert_eq!(count(town, "SELECT count(*) FROM person").await, before);
        let saved = moves_in(&mut home, &papers, "").await;
        assert!(saved.status.is_redirection(), "{}", saved.text);
        assert_eq!(count(town, "SELECT count(*) FROM person").await, before + 1);

        // The office sees it at once; the home next door nothing.
        let page = clerk.get(&own).await;
        assert!(page.text.contains("钱大勇") && page.text.contains("孟根花"), "{}", page.text);
        let desk = home.get(HERE).await;
        assert!(desk.text.contains("福康养老院") && desk.text.contains("2名"), "{}", desk.text);
        let list = home.get(&format!("{HERE}/care_resident")).await;
        assert!(list.text.contains("钱大勇") && list.text.contains("孟根花"), "{}", list.text);
        let next = other.get(&format!("{HERE}/care_resident")).await;
        assert!(next.text.contains("还没有登记") && !next.text.contains("钱大勇"), "{}", next.text);
        let missing = resident.replace("/1", "/999");
        for path in [resident.clone(), format!("{resident}/edit"), format!("{resident}/do/leave")] {
            let seen = other.get(&path).await;
            assert_eq!(seen.status, StatusCode::NOT_FOUND, "{path}");
        }
        assert_eq!(other.get(&missing).await.status, StatusCode::NOT_FOUND);
        // Nor can it take their resident, bed or home as its own.
        let taken = [("_version", "1"), ("fee", "1"), ("institution", "〔2〕")];
        assert_eq!(other.post(&format!("{resident}/edit"), &taken).await.status, StatusCode::NOT_FOUND);
        let foreign = moves_in(&mut other, &format!("孟根花 {}", new.expose()), "〔1〕").await;
        assert!(foreign.text.contains("没有找到床位"), "{}", foreign.text);

        // A change is reported; what names the record, and what the pack keeps to the office, stays.
        let changes = [("fee", "1800"), ("institution", "〔2〕"), ("person", "〔1〕"), ("left_on.year", "2026")];
        let saved = filled(&mut home, &format!("{resident}/edit"), &changes).await;
        assert!(saved.status.is_redirection(), "{}", saved.text);
        let page = home.get(&resident).await;
        assert!(page.text.contains("1,800.00") && page.text.contains("钱大勇"), "{}", page.text);
        let stays = "SELECT count(*) FROM reg_care_resident WHERE f_institution = 1 AND id = 1";
        assert_eq!(count(town, stays).await, 1);
        // A shift's record hangs on its own resident.
        let shift = [
            ("resident", "钱大勇"),
            ("cared_on.year", "2026"),
            ("cared_on.month", "11"),
            ("cared_on.day", "1"),
            ("shift", "night"),
            ("eaten", "yes"),
            ("incident", "none"),
        ];
        let saved = filled(&mut home, &format!("{HERE}/care_record/new"), &shift).await;
        assert!(saved.status.is_redirection(), "{}", saved.text);
        let refused = filled(&mut other, &format!("{HERE}/care_record/new"), &shift).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", refused.text);
        // Leaving is a step; striking off is the office's.
        let away = [("left_on.year", "2026"), ("left_on.month", "11"), ("left_on.day", "2")];
        let struck = home.post(&format!("{resident}/do/struck_off"), &[("_version", "2")]).await;
        assert_eq!(struck.status, StatusCode::NOT_FOUND);
        let left = filled(&mut home, &format!("{resident}/do/leave"), &away).await;
        assert!(left.status.is_redirection(), "{}", left.text);
        let past = home.get(&format!("{HERE}/care_resident?closed=yes")).await;
        assert!(past.text.contains("钱大勇") && past.text.contains("退住"), "{}", past.text);

        // Who said so stands in the history, and every look in the audit.
        assert!(clerk.get("/desk/records/care_resident/1").await.text.contains("机构登记"));
        let looks = "SELECT count(*) FROM audit WHERE action IN ('record.organisation_desk', 'record.organisation_listed')";
        assert!(count(town, looks).await >= 4);
        let sheet = home.get(&format!("{HERE}/care_resident/sheet?format=csv")).await;
        assert!(sheet.text.contains("孟根花") && !sheet.text.contains("钱大勇"), "{}", sheet.text);
        assert_eq!(count(town, "SELECT count(*) FROM audit WHERE action = 'record.organisation_exported'").await, 1);
    })
    .await;
}

#[tokio::test]
async fn a_care_home_does_its_duties_and_an_ended_one_sees_nothing() {
    Town::each("care_duty", async |town| {
        let mut clerk = town.browser("clerk_b").await;
        let own = institution(town, &mut clerk, "12150302MB0000001X", "福康养老院").await;
        institution(town, &mut clerk, "12150302MB0000002X", "隔壁养老院").await;
        town.staff("mine", town.village_b, "organisation_clerk:care_institution/1").await;
        town.staff("other", town.village_b, "organisation_clerk:care_institution/2").await;
        let (mut home, mut other) = (town.browser("mine").await, town.browser("other").await);
        let papers = format!("孙德福 {}", citizen_id("1950-01-20", 5).expose());
        let worker = [
            ("person", papers.as_str()),
            ("skill", "none"),
            ("hired_on.year", "2025"),
            ("hired_on.month", "1"),
            ("hired_on.day", "1"),
        ];
        let saved = filled(&mut home, &format!("{HERE}/care_worker/new"), &worker).await;
        assert!(saved.status.is_redirection(), "{}", saved.text);
        let desk = home.get(HERE).await;
        assert!(desk.text.contains("岗位培训") && desk.text.contains("孙德福"), "{}", desk.text);
        // Hired in 2025 and entered now without any training: that of this year is owed, due on the first day of work after the new year.
        assert!(desk.text.contains("2026-01-04") && desk.text.contains("已逾期"), "{}", desk.text);
        let duty = desk.text.split("/desk/organisation-duties/").nth(1).unwrap().split('"').next().unwrap();
        let duty = format!("/desk/organisation-duties/{duty}");
        assert_eq!(other.get(&duty).await.status, StatusCode::NOT_FOUND);
        let today = town.office.now().today().to_string();
        let [year, month, day] = today.split('-').collect::<Vec<_>>()[..] else { unreachable!() };
        let done = [
            ("done_on_year", year),
            ("done_on_month", month),
            ("done_on_day", day),
            ("note", "护理技能培训8学时"),
        ];
        assert_eq!(other.post(&duty, &done).await.status, StatusCode::NOT_FOUND);
        assert!(home.get(&duty).await.text.contains("孙德福"));
        let sent = home.post(&duty, &done).await;
        assert!(sent.status.is_redirection(), "{}", sent.text);
        assert!(clerk.get("/desk/records/care_worker/1").await.text.contains("已履行"));
        assert!(home.get(HERE).await.text.contains("没有到期的事项"));
        // The next is due a year after it was done.
        let shown = clerk.get("/desk/records/care_worker/1").await;
        assert!(shown.text.contains("2027-11-23"), "{}", shown.text);

        // The home is struck off: its account sees nothing from then on.
        let strike = format!("{own}/do/struck_off");
        let open = clerk.get(&strike).await;
        let version = open.field("_version");
        let struck = clerk.post(&strike, &[("_version", &version), ("_reason", "重复登记")]).await;
        assert!(struck.status.is_redirection(), "{}", struck.text);
        for path in
            [HERE, "/desk/organisation/care_worker", "/desk/organisation/care_worker/1", duty.as_str()]
        {
            assert_eq!(home.get(path).await.status, StatusCode::NOT_FOUND, "{path}");
        }
    })
    .await;
}

/// Whoever asks, serves, runs the place, or looks after it from the village up to the city works at one order.
#[tokio::test]
async fn everybody_of_elderly_care_works_at_one_order() {
    Town::each("care_platform", async |town| {
        let village = code_of(town, town.village_b).await;
        let city = office::divisions::by_code(town.office.db(), "150300").await.unwrap().id;
        for (login, division, role) in [
            ("worker", town.village_b, "village_worker"),
            ("county", town.county, "county_clerk"),
            ("city", city, "prefecture_policy"),
            ("auditor", city, "auditor"),
        ] {
            town.staff(login, division, role).await;
        }
        let mut clerk = town.browser("clerk_b").await;
        let mut worker = town.browser("worker").await;
        let add = async |browser: &mut Browser, register: &str, fields: &[(&str, &str)]| {
            let path = format!("/desk/records/{register}/new");
            let page = browser.get(&path).await;
            let mut saved = send_again(browser, &page, &path, fields).await;
            if saved.status == StatusCode::OK {
                saved = send_again(browser, &saved, &path, fields).await;
            }
            assert!(saved.status.is_redirection(), "{register}: {}", saved.text);
        };
        for (name, code) in
            [("康乐养老服务中心", "52150302MJ0000001X"), ("隔壁家政公司", "91150302MA0000002X")]
        {
            let firm = [
                ("name", name),
                ("credit_code", code),
                ("kind", "enterprise"),
                ("division", village.as_str()),
            ];
            add(&mut clerk, "organisation", &firm).await;
        }
        let station = [
            ("name", "社区养老服务站"),
            ("kind", "station"),
            ("division", village.as_str()),
            ("address", "和平街1号"),
            ("area", "200"),
            ("operator", "康乐养老服务中心"),
        ];
        add(&mut clerk, "care_station", &station).await;
        let person = format!("〔{}〕", town.people_b[0]);
        let elder = [
            ("person", person.as_str()),
            ("living", "alone"),
            ("finances", "none"),
            ("priority_group", "none"),
            ("bought_class", "none"),
            ("dementia", "no"),
            ("handicapped", "no"),
            ("health_record", "yes"),
        ];
        add(&mut worker, "elder_file", &elder).await;
        let today = town.office.now().today().to_string();
        let [year, month, day] = today.split('-').collect::<Vec<_>>()[..] else { unreachable!() };
        let order = [
            ("number", "D001"),
            ("elder", "孙德福"),
            ("service", "bath"),
            ("requested_on.year", year),
            ("requested_on.month", month),
            ("requested_on.day", day),
            ("channel", "tv"),
            ("price", "80"),
        ];
        add(&mut clerk, "service_order", &order).await;
        let assigned = [
            ("centre", "社区养老服务站"),
            ("provider", "康乐养老服务中心"),
            ("worker", "张敏"),
            ("_reason", "就近派单"),
        ];
        let sent = filled(&mut clerk, "/desk/records/service_order/1/do/assign", &assigned).await;
        assert!(sent.status.is_redirection(), "{}", sent.text);

        // Who serves sees its order and says when it came and how long it stayed; who runs the station keeps what is offered there.
        town.staff("firm", town.township_b, "organisation_clerk:organisation/1").await;
        town.staff("next_door", town.township_b, "organisation_clerk:organisation/2").await;
        let (mut firm, mut next_door) = (town.browser("firm").await, town.browser("next_door").await);
        let own = format!("{HERE}/service_order");
        let list = firm.get(&own).await;
        assert!(list.text.contains("D001") && list.text.contains("孙德福"), "{}", list.text);
        assert!(!next_door.get(&own).await.text.contains("D001"));
        let came = [("served_on.year", year), ("served_on.month", month), ("served_on.day", day)];
        for (step, fields) in [("check_in", came.as_slice()), ("finish", &[("minutes", "60")])] {
            let path = format!("{own}/1/do/{step}");
            assert_eq!(next_door.get(&path).await.status, StatusCode::NOT_FOUND, "{step}");
            let sent = filled(&mut firm, &path, fields).await;
            assert!(sent.status.is_redirection(), "{step}: {}", sent.text);
        }
        let settled = firm.post(&format!("{own}/1/do/settle"), &[("_version", "4")]).await;
        assert_eq!(settled.status, StatusCode::NOT_FOUND, "who is paid does not settle");
        let station = format!("{HERE}/care_station/1");
        let kept = filled(&mut firm, &format!("{station}/edit"), &[("places", "30")]).await;
        assert!(kept.status.is_redirection(), "{}", kept.text);
        assert_eq!(next_door.get(&station).await.status, StatusCode::NOT_FOUND);

        // From the village to the city everybody reads the same; the neighbours nothing.
        for login in ["worker", "clerk_b", "county", "city", "auditor"] {
            let mut reader = town.browser(login).await;
            let order = reader.get("/desk/records/service_order/1").await;
            for words in ["已完成", "60分钟", "有线电视", "张敏"] {
                assert!(order.text.contains(words), "{login}: {words}");
            }
            assert!(reader.get("/desk/records/care_station/1").await.text.contains("30个"), "{login}");
        }
        let mut neighbour = town.browser("clerk_a").await;
        assert_eq!(neighbour.get("/desk/records/service_order/1").await.status, StatusCode::NOT_FOUND);

        // The old person reads what is kept of them.
        let number = citizen_id("1950-01-20", 5);
        let mut old = town.citizen_of(&town.clerk_b, town.people_b[0], &number.expose()[14..]).await;
        let sheet = old.get("/my/benefits").await;
        for words in ["老年人服务档案", "最近一次上门服务"] {
            assert!(sheet.text.contains(words), "{words}: {}", sheet.text);
        }
    })
    .await;
}
