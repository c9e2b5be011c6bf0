//! Pages and resources that come from a register's definition.

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use serde_json::{Value, json};
use store::IdempotencyKey;

use crate::testing::{Browser, Seen, Town};

pub(super) async fn code_of(town: &Town, division: store::DivisionId) -> String {
    office::divisions::find(town.office.db(), division).await.unwrap().code
}

/// Adds an institution and gives its address.
pub(super) async fn institution(town: &Town, browser: &mut Browser, code: &str, name: &str) -> String {
    let place = code_of(town, town.village_b).await;
    let fields = [
        ("name", name),
        ("credit_code", code),
        ("division", place.as_str()),
        ("kind", "private"),
        ("approved_beds", "20"),
        ("_seen", "name"),
    ];
    let mut seen = browser.post("/desk/records/care_institution/new", &fields).await;
    if seen.status == StatusCode::OK {
        // Fields that were not on what this test sent are shown once before anything is saved.
        assert!(seen.text.contains("已填的内容都在"), "{}", seen.text);
        seen = send_again(browser, &seen, "/desk/records/care_institution/new", &fields).await;
    }
    assert!(seen.status.is_redirection(), "{}", seen.text);
    seen.location().to_owned()
}

/// Sends what was sent with the marks of every field that the page showed.
pub(super) async fn send_again(
    browser: &mut Browser,
    page: &Seen,
    path: &str,
    fields: &[(&str, &str)],
) -> Seen {
    let marks: Vec<String> = page
        .text
        .split("name=\"_seen\" value=\"")
        .skip(1)
        .map(|rest| rest.split('"').next().unwrap().to_owned())
        .collect();
    let mut all: Vec<(&str, &str)> = fields.to_vec();
    all.extend(marks.iter().map(|mark| ("_seen", mark.as_str())));
    browser.post(path, &all).await
}

#[tokio::test]
async fn a_record_is_added_shown_changed_and_taken_to_another_state() {
    Town::each("web_records", async |town| {
        let mut clerk = town.browser("clerk_b").await;
        let index = clerk.get("/desk/records").await;
        assert!(index.text.contains("养老机构") && index.text.contains("养老服务"), "{}", index.text);
        let empty = clerk.post("/desk/records/care_institution/new", &[("_seen", "name")]).await;
        assert!(empty.text.contains("机构名称"));
        let wrong = send_again(
            &mut clerk,
            &empty,
            "/desk/records/care_institution/new",
            &[("approved_beds", "很多")],
        )
        .await;
        assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(
            wrong.text.contains("请填写机构名称")
                && wrong.text.contains("整数")
                && wrong.text.contains("value=\"很多\"")
        );

        let here = institution(town, &mut clerk, "91150302MA0000001X", "夕阳红养老院").await;
        let page = clerk.get(&here).await;
        assert!(page.text.contains("夕阳红养老院") && page.text.contains("系统计算"), "{}", page.text);
        // What points here is added from here, with the field begun.
        let bed = page.text.split("href=\"").find(|link| link.contains("care_bed/new")).unwrap();
        let bed = bed.split('"').next().unwrap().replace("&amp;", "&");
        let form = clerk.get(&bed).await;
        assert!(form.text.contains("夕阳红养老院〔"), "{}", form.text);

        // Two of a name: the words stay, both are offered, one is chosen.
        institution(town, &mut clerk, "91150302MA0000002X", "夕阳红养老院").await;
        let fields = [("institution", "夕阳红养老院"), ("number", "101"), ("kind", "nursing")];
        let asked = send_again(&mut clerk, &form, "/desk/records/care_bed/new", &fields).await;
        assert_eq!(asked.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", asked.text);
        let offered = asked.text.matches("value=\"夕阳红养老院（").count();
        assert!(offered == 2 && asked.text.contains("都不是，重新填写"), "{}", asked.text);
        let number = here.rsplit('/').next().unwrap();
        let chosen = format!("夕阳红养老院〔{number}〕");
        let fields = [("institution", chosen.as_str()), ("number", "101"), ("kind", "nursing")];
        let saved = send_again(&mut clerk, &asked, "/desk/records/care_bed/new", &fields).await;
        assert!(saved.status.is_redirection(), "{}", saved.text);
        let page = clerk.get(&here).await;
        assert!(page.text.contains("100%") || page.text.contains("护理型床位占比"), "{}", page.text);

        // A second person has the same page open: what both changed is asked, what one changed stays.
        let edit = format!("{here}/edit");
        let open = clerk.get(&edit).await;
        let version = open.field("_version");
        let first = [("_version", version.as_str()), ("approved_beds", "30"), ("_reason", "核对")];
        assert!(send_again(&mut clerk, &open, &edit, &first).await.status.is_redirection());
        let second = [
            ("_version", version.as_str()),
            ("approved_beds", "40"),
            ("address", "海北大街1号"),
            ("_reason", "核对"),
        ];
        let clash = send_again(&mut clerk, &open, &edit, &second).await;
        assert_eq!(clash.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(
            clash.text.contains("30张") && clash.text.contains("40张") && clash.text.contains("用他人的"),
            "{}",
            clash.text
        );
        assert!(clash.text.contains("海北大街1号"), "nothing that was typed is lost");
        let version = clash.field("_version");
        let theirs = [
            ("_version", version.as_str()),
            ("approved_beds", "40"),
            ("address", "海北大街1号"),
            ("_theirs", "approved_beds"),
            ("_reason", "核对"),
        ];
        assert!(send_again(&mut clerk, &clash, &edit, &theirs).await.status.is_redirection());
        let page = clerk.get(&here).await;
        assert!(
            page.text.contains("30张") && page.text.contains("海北大街1号") && page.text.contains("第 3 版")
        );

        // Only the county ends it; a wrong entry is struck off with a reason.
        assert_eq!(
            clerk.get(&format!("{here}/do/end")).await.status,
            StatusCode::NOT_FOUND,
            "not from a township's page"
        );
        let strike = format!("{here}/do/struck_off");
        let open = clerk.get(&strike).await;
        let version = open.field("_version");
        let unsaid = clerk.post(&strike, &[("_version", &version)]).await;
        assert_eq!(unsaid.status, StatusCode::UNPROCESSABLE_ENTITY);
        let struck = clerk.post(&strike, &[("_version", &version), ("_reason", "重复登记")]).await;
        assert!(struck.status.is_redirection(), "{}", struck.text);
        assert!(clerk.get(&here).await.text.contains("已作废"));
    })
    .await;
}

#[tokio::test]
async fn rows_of_a_list_are_added_and_taken_out_without_scripts() {
    Town::each("web_rows", async |town| {
        let mut clerk = town.browser("clerk_b").await;
        let place = code_of(town, town.village_b).await;
        let new = "/desk/records/committee/new";
        let base = [
            ("division", place.as_str()),
            ("name", "试社区居委会"),
            ("kind", "residents"),
            ("households", "2000"),
        ];
        let page = clerk.get(new).await;
        let mut fields = base.to_vec();
        fields.push(("_add", "members"));
        let one = send_again(&mut clerk, &page, new, &fields).await;
        assert!(one.text.contains("name=\"members.0.member_name\""), "{}", one.text);
        let mut fields = base.to_vec();
        fields.extend([
            ("members.0.member_name", "王大明"),
            ("members.0.office", "chair"),
            ("_add", "members"),
        ]);
        let two = send_again(&mut clerk, &one, new, &fields).await;
        assert!(
            two.text.contains("name=\"members.1.member_name\"") && two.text.contains("王大明"),
            "{}",
            two.text
        );
        let mut fields = base.to_vec();
        fields.extend([
            ("members.0.member_name", "王大明"),
            ("members.0.office", "chair"),
            ("_remove", "members.1"),
        ]);
        let saved = send_again(&mut clerk, &two, new, &fields).await;
        assert!(saved.status.is_redirection(), "{}", saved.text);
        let shown = clerk.get(saved.location()).await;
        assert!(shown.text.contains("王大明") && shown.text.contains("主任"));
        // 5 for the first 1,500 households and one for each 300 more: 7.
        assert!(shown.text.contains("7人"), "{}", shown.text);

        // One is taken out and another added in the same step: what was taken out does not come back from the version that was begun on.
        let edit = format!("{}/edit", saved.location());
        let page = clerk.get(&edit).await;
        assert!(page.text.contains("name=\"_list\" value=\"members\""), "{}", page.text);
        assert_eq!(page.field("_row.members"), "0");
        let version = page.field("_version");
        let mut fields = base.to_vec();
        fields.extend([
            ("_version", version.as_str()),
            ("_list", "members"),
            ("_row.members", "0"),
            ("_remove", "members.0"),
            ("_add", "members"),
        ]);
        let changed = send_again(&mut clerk, &page, &edit, &fields).await;
        assert!(changed.text.contains("name=\"members.0.member_name\""), "{}", changed.text);
        assert!(!changed.text.contains("members.1.") && !changed.text.contains("王大明"), "{}", changed.text);
        assert_eq!(changed.field("_row.members"), "");
        let mut fields = base.to_vec();
        fields.extend([
            ("_version", version.as_str()),
            ("_list", "members"),
            ("_row.members", ""),
            ("members.0.member_name", "李小红"),
            ("members.0.office", "chair"),
            ("_reason", "换届"),
        ]);
        let saved = send_again(&mut clerk, &changed, &edit, &fields).await;
        assert!(saved.status.is_redirection(), "{}", saved.text);
        let now = clerk.get(&edit).await;
        assert!(now.text.contains("李小红") && !now.text.contains("王大明"), "{}", now.text);
        assert!(!now.text.contains("members.1."), "{}", now.text);
    })
    .await;
}

async fn api(browser: &mut Browser, path: &str, body: &Value, key: &IdempotencyKey) -> Seen {
    let request = Request::post(path)
        .header(header::CONTENT_TYPE, "application/json")
        .header("idempotency-key", key.to_string())
        .body(Body::from(body.to_string()))
        .unwrap();
    browser.send(request).await
}

#[tokio::test]
async fn every_register_is_a_resource() {
    Town::each("web_resources", async |town| {
        let mut clerk = town.browser("clerk_b").await;
        let place = code_of(town, town.village_b).await;
        let described: Value = serde_json::from_str(&clerk.get("/api/openapi.json").await.text).unwrap();
        for register in town.office.release().registers.iter() {
            let path = format!("/api/v1/records/{}", register.id.get());
            assert!(described["paths"][&path]["get"].is_object(), "{path}");
            let schema = &described["components"]["schemas"][format!("Record_{}", register.id.get())];
            for (_, field) in register.fields() {
                assert!(schema["properties"][field.id.as_str()].is_object(), "{path} {}", field.id.get());
            }
        }
        let there = "/api/v1/records/organisation";
        let row = |code: &str, name: &str| json!({ "credit_code": code, "name": name, "kind": "enterprise", "division": place });
        let wrong = json!({ "reason": "对接", "records": [row("A1", "甲公司"), { "credit_code": "A2", "colour": "红" }] });
        let refused = api(&mut clerk, there, &wrong, &IdempotencyKey::fresh().unwrap()).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", refused.text);
        let said: Value = serde_json::from_str(&refused.text).unwrap();
        let fields: Vec<&str> = said["errors"].as_array().unwrap().iter().map(|one| one["field"].as_str().unwrap()).collect();
        assert!(fields.contains(&"1.name") && fields.contains(&"1.colour") && !fields.iter().any(|field| field.starts_with("0.")), "{fields:?}");
        // All or none, once each, found again by the key.
        let right = json!({ "reason": "对接", "records": [row("A1", "甲公司"), row("A2", "乙公司")] });
        let key = IdempotencyKey::fresh().unwrap();
        let done: Value = serde_json::from_str(&api(&mut clerk, there, &right, &key).await.text).unwrap();
        assert_eq!(done["records"][0]["done"], "added");
        api(&mut clerk, there, &right, &key).await;
        let changed = json!({ "reason": "对接", "records": [row("A1", "甲公司"), row("A2", "乙集团")] });
        let done: Value =
            serde_json::from_str(&api(&mut clerk, there, &changed, &IdempotencyKey::fresh().unwrap()).await.text).unwrap();
        assert_eq!((&done["records"][0]["done"], &done["records"][1]["done"]), (&json!("unchanged"), &json!("changed")));
        let listed: Value = serde_json::from_str(&clerk.get(&format!("{there}?sort=-credit_code")).await.text).unwrap();
        assert_eq!(listed["count"], 2);
        assert_eq!(listed["records"][0]["name"], "乙集团");
        let filtered: Value = serde_json::from_str(&clerk.get(&format!("{there}?f.kind=foundation")).await.text).unwrap();
        assert_eq!(filtered["count"], 0);
        let id = listed["records"][0]["_id"].as_i64().unwrap();
        let one: Value = serde_json::from_str(&clerk.get(&format!("{there}/{id}")).await.text).unwrap();
        assert_eq!(one["kind"], "enterprise");
        assert_eq!(clerk.get("/api/v1/records/nothing").await.status, StatusCode::NOT_FOUND);
    })
    .await;
}

#[tokio::test]
async fn an_indicator_is_reckoned_on_demand_and_leads_to_its_records() {
    Town::each("web_indicators", async |town| {
        let mut clerk = town.browser("clerk_b").await;
        let empty = clerk.get("/desk/indicators").await;
        assert!(empty.text.contains("还没有统计") && empty.text.contains("现在统计"), "{}", empty.text);
        let home = institution(town, &mut clerk, "91150302MA0000003X", "夕阳红养老院").await;
        let number = home.rsplit('/').next().unwrap();
        for (bed, kind) in [("101", "nursing"), ("102", "nursing"), ("103", "ordinary")] {
            let new = format!("/desk/records/care_bed/new?institution=〔{number}〕");
            let form = clerk.get(&new).await;
            let institution = format!("〔{number}〕");
            let fields = [("institution", institution.as_str()), ("number", bed), ("kind", kind)];
            let saved = send_again(&mut clerk, &form, "/desk/records/care_bed/new", &fields).await;
            assert!(saved.status.is_redirection(), "{}", saved.text);
        }
        assert!(clerk.post("/desk/indicators/reckon", &[]).await.status.is_redirection());
        let kinds = [office::indicators::INDICATORS_JOB];
        while let Some(claim) = store::jobs::claim(town.office.db(), &kinds, "test").await.unwrap() {
            office::indicators::work(&town.office, &claim).await.unwrap();
        }
        let list = clerk.get("/desk/indicators").await;
        assert!(
            list.text.contains("护理型床位占比")
                && list.text.contains("66.67")
                && list.text.contains("2 / 3"),
            "{}",
            list.text
        );
        let page = clerk.get("/desk/indicators/elderly_nursing_share").await;
        assert!(
            page.text.contains("怎么算") && page.text.contains("逐月") && page.text.contains("66.67"),
            "{}",
            page.text
        );
        let behind = clerk.get("/desk/indicators/elderly_nursing_share/records?side=part").await;
        assert_eq!(behind.text.matches("/desk/records/care_bed/").count(), 2, "{}", behind.text);
        // The neighbours count nothing of it.
        let mut neighbour = town.browser("clerk_a").await;
        let list = neighbour.get("/desk/indicators").await;
        assert!(list.text.contains("护理型床位占比") && !list.text.contains("66.67"), "{}", list.text);
        assert_eq!(neighbour.get("/desk/indicators/nothing").await.status, StatusCode::NOT_FOUND);
    })
    .await;
}

/// The address behind the link with these words.
fn linked(page: &Seen, words: &str) -> String {
    let end = page.text.find(&format!(">{words}</a>")).unwrap_or_else(|| panic!("{words}: {}", page.text));
    let start = page.text[..end].rfind("href=\"").unwrap() + "href=\"".len();
    page.text[start..].split('"').next().unwrap().replace("&amp;", "&")
}

#[tokio::test]
async fn a_view_of_a_list_is_saved_shared_opened_and_removed() {
    Town::each("web_views", async |town| {
        let mut clerk = town.browser("clerk_b").await;
        institution(town, &mut clerk, "91150302MA0000001X", "夕阳红养老院").await;
        let list = "/desk/records/care_institution";
        let narrowed = format!("{list}?f.kind=public&c=approved_beds");
        let page = clerk.get(&narrowed).await;
        assert!(page.text.contains("保存为视图") && !page.text.contains("夕阳红养老院"), "{}", page.text);
        assert_eq!(page.field("_f.kind"), "public");
        let kept = [("_f.kind", "public"), ("_c", "approved_beds"), ("view_for", "office")];
        let unnamed = clerk.post(&format!("{list}/views"), &kept).await;
        assert_eq!(unnamed.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(unnamed.text.contains("请给视图起个名称"), "{}", unnamed.text);
        let mut named = kept.to_vec();
        named.extend([("view_name", "公办床位"), ("view_opens", "yes")]);
        let saved = clerk.post(&format!("{list}/views"), &named).await;
        assert!(saved.status.is_redirection(), "{}", saved.text);
        // Opened with nothing asked, the list is the view; without it, all are there.
        let opened = clerk.get(list).await;
        assert!(opened.text.contains("aria-current=\"page\">公办床位"), "{}", opened.text);
        assert!(!opened.text.contains("夕阳红养老院"));
        let all = clerk.get(&linked(&opened, "不用视图")).await;
        assert!(all.text.contains("夕阳红养老院"), "{}", all.text);
        // A filter that is taken off does not bring the view back.
        let start = opened.text.find("class=\"chips\"").unwrap();
        let off = opened.text[start..].split("href=\"").nth(1).unwrap().split('"').next().unwrap();
        let off = clerk.get(&off.replace("&amp;", "&")).await;
        assert!(off.text.contains("夕阳红养老院"), "{}", off.text);
        // A colleague has it too and cannot remove it; the neighbours have not.
        town.staff("second_b", town.township_b, "township_clerk").await;
        let mut second = town.browser("second_b").await;
        let manage = second.get(&format!("{list}/views")).await;
        assert!(manage.text.contains("公办床位") && !manage.text.contains("删除"), "{}", manage.text);
        let mut neighbour = town.browser("clerk_a").await;
        assert!(!neighbour.get(&format!("{list}/views")).await.text.contains("公办床位"));
        let manage = clerk.get(&format!("{list}/views")).await;
        let remove = manage.text.split("action=\"").find(|form| form.contains("/remove\"")).unwrap();
        let remove = remove.split('"').next().unwrap().to_owned();
        assert_eq!(second.post(&remove, &[]).await.status, StatusCode::CONFLICT);
        assert_eq!(neighbour.post(&remove, &[]).await.status, StatusCode::NOT_FOUND);
        assert!(clerk.post(&remove, &[]).await.status.is_redirection());
        assert!(clerk.get(list).await.text.contains("夕阳红养老院"));
    })
    .await;
}

/// As it stands in an address.
fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

#[tokio::test]
async fn a_list_is_narrowed_by_what_its_records_point_at() {
    Town::each("web_pointing", async |town| {
        let mut clerk = town.browser("clerk_b").await;
        let red = institution(town, &mut clerk, "91150302MA0000001X", "夕阳红养老院").await;
        let fine = institution(town, &mut clerk, "91150302MA0000002X", "夕阳美养老院").await;
        let id = |home: &str| home.rsplit('/').next().unwrap().parse::<i64>().unwrap();
        let beds = json!({ "reason": "对接", "records": [
            { "institution": id(&red), "number": "101-1", "kind": "ordinary" },
            { "institution": id(&fine), "number": "202-2", "kind": "ordinary" },
        ] });
        let there = "/api/v1/records/care_bed";
        let done = api(&mut clerk, there, &beds, &IdempotencyKey::fresh().unwrap()).await;
        assert_eq!(done.status, StatusCode::OK, "{}", done.text);
        let list = "/desk/records/care_bed";
        let by = |words: &str| format!("{list}?f.institution={}", encoded(words));
        // By its name; what is found stands in the field and goes along to the file.
        let one = clerk.get(&by("夕阳红养老院")).await;
        assert!(one.text.contains("101-1") && !one.text.contains("202-2"), "{}", one.text);
        let number = format!("〔{}〕", id(&red));
        assert_eq!(one.field("f.institution"), format!("夕阳红养老院{number}"));
        assert_eq!(one.field("_f.institution"), number);
        // Words that may mean two are asked again, and so are words that mean nothing; the list is not narrowed by them.
        let two = clerk.get(&by("夕阳")).await;
        assert!(two.text.contains("请选择是哪一个") && two.text.contains("夕阳美养老院"), "{}", two.text);
        let none = clerk.get(&by("没有这家")).await;
        assert!(none.text.contains("没有找到“没有这家”"), "{}", none.text);
        assert!(none.text.contains("101-1") && none.text.contains("202-2"), "{}", none.text);
        // While somebody types, a script is told what may be meant, in their own area.
        assert!(none.text.contains("data-pick"), "{}", none.text);
        let typed = format!("{list}/pick/institution?q={}", encoded("夕阳"));
        let offered: Vec<String> = serde_json::from_str(&clerk.get(&typed).await.text).unwrap();
        assert!(
            offered.len() == 2 && offered[0].contains("夕阳") && offered[0].ends_with('〕'),
            "{offered:?}"
        );
        let numbered = format!("{list}/pick/institution?q={}", encoded(&offered[0]));
        assert_eq!(clerk.get(&numbered).await.text, "[]", "nobody goes through numbers");
        let mut neighbour = town.browser("clerk_a").await;
        assert_eq!(neighbour.get(&typed).await.text, "[]");
        assert_eq!(clerk.get(&format!("{list}/pick/number?q=10")).await.status, StatusCode::NOT_FOUND);
        // A program narrows by a place, and by none that is not its own.
        let count = |page: &Seen| serde_json::from_str::<Value>(&page.text).unwrap()["count"].clone();
        let own = code_of(town, town.village_b).await;
        assert_eq!(count(&clerk.get(&format!("{there}?division={own}")).await), 2);
        let other = code_of(town, town.township_a).await;
        assert_eq!(clerk.get(&format!("{there}?division={other}")).await.status, StatusCode::NOT_FOUND);
    })
    .await;
}

#[tokio::test]
async fn many_records_are_changed_without_scripts() {
    Town::each("web_bulk", async |town| {
        let mut clerk = town.browser("clerk_b").await;
        let mut homes = Vec::new();
        for number in 1..4 {
            let code = format!("91150302MA000000{number}X");
            homes.push(institution(town, &mut clerk, &code, &format!("第{number}养老院")).await);
        }
        let list = "/desk/records/care_institution";
        let page = clerk.get(&format!("{list}?f.kind=private")).await;
        let first = linked(&page, "批量修改");
        assert!(first.contains("f.kind=private"), "{first}");
        let choose = clerk.get(&first).await;
        assert!(choose.text.contains("全部 3 条") && choose.text.contains("改什么"), "{}", choose.text);
        let unticked = clerk.get(&format!("{first}&what=set.approved_beds&which=pick")).await;
        assert!(unticked.text.contains("请勾选要修改的记录"), "{}", unticked.text);
        let ids: Vec<&str> = homes.iter().map(|home| home.rsplit('/').next().unwrap()).collect();
        let ticked = format!("{first}&what=set.approved_beds&which=pick&pick={}&pick={}", ids[0], ids[1]);
        let value = clerk.get(&ticked).await;
        assert!(
            value.text.contains("将修改勾选的 2 条") && value.text.contains("name=\"approved_beds\""),
            "{}",
            value.text
        );
        let bulk = format!("{list}/bulk");
        let base = [
            ("_f.kind", "private"),
            ("_what", "set.approved_beds"),
            ("_which", "pick"),
            ("_pick", ids[0]),
            ("_pick", ids[1]),
        ];
        let mut wrong = base.to_vec();
        wrong.extend([("approved_beds", "很多"), ("_reason", "核定批复")]);
        let wrong = clerk.post(&bulk, &wrong).await;
        assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(wrong.text.contains("value=\"很多\"") && wrong.text.contains("整数"), "{}", wrong.text);
        let mut right = base.to_vec();
        right.extend([("approved_beds", "60"), ("_reason", "核定批复")]);
        let made = clerk.post(&bulk, &right).await;
        assert!(made.status.is_redirection(), "{}", made.text);
        let here = made.location().to_owned();
        let preview = clerk.get(&here).await;
        assert!(preview.text.contains("确认修改 2 条") && preview.text.contains("60张"), "{}", preview.text);
        assert!(clerk.post(&format!("{here}/commit"), &[]).await.status.is_redirection());
        let running = clerk.get(&here).await;
        assert!(running.text.contains("正在修改") && running.text.contains("刷新进度"), "{}", running.text);
        let work = async || {
            let kinds = [office::records::bulk::BULK_JOB];
            while let Some(claim) = store::jobs::claim(town.office.db(), &kinds, "test").await.unwrap() {
                office::records::bulk::work(&town.office, &claim).await.unwrap();
            }
        };
        work().await;
        let done = clerk.get(&here).await;
        assert!(done.text.contains("撤销这次批量修改"), "{}", done.text);
        let changed = clerk.get(&homes[0]).await;
        assert!(
            changed.text.contains("60张")
                && changed.text.contains("批量修改")
                && changed.text.contains("核定批复"),
            "{}",
            changed.text
        );
        assert!(clerk.get(&homes[2]).await.text.contains("20张"));
        assert!(clerk.get(&bulk).await.text.contains("最近的批量修改"));
        let mut neighbour = town.browser("clerk_a").await;
        assert_eq!(neighbour.get(&here).await.status, StatusCode::NOT_FOUND);
        let unsaid = clerk.post(&format!("{here}/undo"), &[("reason", "")]).await;
        assert_eq!(unsaid.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(clerk.post(&format!("{here}/undo"), &[("reason", "批复有误")]).await.status.is_redirection());
        work().await;
        let back = clerk.get(&homes[0]).await;
        assert!(back.text.contains("20张") && back.text.contains("撤销批量修改"), "{}", back.text);
    })
    .await;
}

#[tokio::test]
async fn a_list_is_taken_out_as_a_file() {
    Town::each("web_take_out", async |town| {
        let mut clerk = town.browser("clerk_b").await;
        institution(town, &mut clerk, "91150302MA0000001X", "夕阳红养老院").await;
        let list = "/desk/records/care_institution";
        let page = clerk.get(list).await;
        assert!(page.text.contains("一次最多 20 万条"), "{}", page.text);
        let export = format!("{list}/export");
        let unsaid = clerk.post(&export, &[("format", "csv"), ("_q", "夕阳")]).await;
        assert_eq!(unsaid.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(unsaid.text.contains("请填写导出的用途"), "{}", unsaid.text);
        let file = clerk.post(&export, &[("format", "csv"), ("purpose", "核对"), ("_q", "夕阳")]).await;
        assert!(file.text.contains("用途：核对") && file.text.contains("夕阳红养老院"), "{}", file.text);
        let length: usize = file.headers[header::CONTENT_LENGTH].to_str().unwrap().parse().unwrap();
        assert_eq!(length, file.bytes.len());
        let none = clerk.post(&export, &[("format", "csv"), ("purpose", "核对"), ("_q", "没有")]).await;
        assert!(!none.text.contains("夕阳红养老院"));
        let sheet = clerk.post(&export, &[("format", "xlsx"), ("purpose", "核对")]).await;
        let book = format!("{:?}", office::tabular::read_file("x.xlsx", &sheet.bytes).unwrap());
        assert!(book.contains("夕阳红养老院"), "{book}");
    })
    .await;
}

#[tokio::test]
async fn the_work_list_and_the_cases_have_views_too() {
    Town::each("web_desk_views", async |town| {
        let mut clerk = town.browser("clerk_b").await;
        for (list, asked) in [("/desk/work", ("_overdue", "yes")), ("/desk/cases", ("_state", "ended"))] {
            let named = [asked, ("view_name", "盯着的"), ("view_for", "own"), ("view_opens", "yes")];
            let saved = clerk.post(&format!("{list}/views"), &named).await;
            assert!(saved.status.is_redirection() && saved.location().contains("in="), "{}", saved.text);
            let opened = clerk.get(list).await;
            assert!(opened.text.contains("aria-current=\"page\">盯着的"), "{}", opened.text);
            let all = clerk.get(&format!("{list}?in=0")).await;
            assert!(all.text.contains("aria-current=\"page\">不用视图"), "{}", all.text);
            let again = clerk.post(&format!("{list}/views"), &[("view_name", "")]).await;
            assert_eq!(again.status, StatusCode::UNPROCESSABLE_ENTITY);
            let mut second = town.browser("clerk_a").await;
            assert!(!second.get(list).await.text.contains("盯着的"));
            let manage = clerk.get(&format!("{list}/views")).await;
            let remove = manage.text.split("action=\"").find(|form| form.contains("/remove\"")).unwrap();
            assert!(clerk.post(remove.split('"').next().unwrap(), &[]).await.status.is_redirection());
            assert!(!clerk.get(list).await.text.contains("盯着的"));
        }
    })
    .await;
}
