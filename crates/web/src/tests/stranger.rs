//! A register that somebody wrote who had read nothing but the manual (`docs/example`): checked, put in force, and at work at once in pages,
//! API, import, export, search, duties, alerts and indicators.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use catalogue::{LoadOptions, Release, Severity};
use serde_json::{Value, json};
use store::IdempotencyKey;

use super::desk::post_multipart;
use crate::state::{AppState, Limits, Site};
use crate::testing::{Browser, Seen, Town};

fn folders() -> Vec<PathBuf> {
    let packs = store::testing::packs();
    let mut folders: Vec<PathBuf> = ["national", "wuhai", "demo-wuhai"].map(|name| packs.join(name)).into();
    folders.push(packs.join("../docs/example"));
    folders
}

async fn jobs(town: &Town) {
    let db = town.office.db();
    let kinds = [office::records::take_in::RECORDS_JOB, office::indicators::INDICATORS_JOB];
    while let Some(claim) = store::jobs::claim(db, &kinds, "test").await.unwrap() {
        if claim.job.kind == office::indicators::INDICATORS_JOB {
            office::indicators::work(&town.office, &claim).await.unwrap();
        } else {
            office::records::take_in::work(&town.office, &claim).await.unwrap();
        }
    }
}

async fn send(browser: &mut Browser, path: &str, fields: &[(&str, &str)]) -> Seen {
    let page = browser.get(path).await;
    assert_eq!(page.status, StatusCode::OK, "{path}: {}", page.text);
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
async fn a_register_written_from_the_manual_works_at_once() {
    let folders = folders();
    let folders: Vec<&Path> = folders.iter().map(PathBuf::as_path).collect();
    // `huimin check-pack` says nothing against it, and nothing about it.
    let findings = Release::check_with_cases(&folders, LoadOptions { synthetic: true });
    let about = findings.iter().filter(|finding| {
        finding.severity == Severity::Error || finding.to_string().contains("charity_shop")
    });
    let about: Vec<String> = about.map(ToString::to_string).collect();
    assert!(about.is_empty(), "{}", about.join("\n"));
    let release = Arc::new(Release::load_with(&folders, LoadOptions { synthetic: true }).unwrap());
    let register = release.registers.get("charity_shop").unwrap();
    assert_eq!((register.fields().count(), register.duties.len(), register.alerts.len()), (12, 2, 3));

    for mut town in Town::all("stranger").await {
        office::records::prepare(town.office.db(), &release).await.unwrap();
        town.office.put_in_force(Arc::clone(&release));
        let limits = Limits { sign_in_burst: 1000, ..Limits::default() };
        town.router =
            crate::router(AppState::new(Arc::clone(&town.office), Site { limits, ..Site::default() }));
        works(&town).await;
    }
}

async fn works(town: &Town) {
    let mut clerk = town.browser("clerk_b").await;
    let mut neighbour = town.browser("clerk_a").await;
    let place = office::divisions::find(town.office.db(), town.village_b).await.unwrap().code;
    let list = "/desk/records/charity_shop";

    // Page: it stands in the index under its chapter, asks what it must, and shows what it works out.
    assert!(clerk.get("/desk/records").await.text.contains("接收捐赠物资"));
    let new = "/desk/records/charity_shop/new";
    let base = [
        ("code", "CS-001"),
        ("name", "暖阳慈善超市"),
        ("division", place.as_str()),
        ("kind", "counter"),
        ("opened_on", "2025-05-01"),
        ("licence_until", "2026-01-31"),
        ("phone", "13912345678"),
        ("received", "1200.50"),
        ("given", "200"),
    ];
    let mut fixed = base.to_vec();
    fixed[3] = ("kind", "fixed");
    let asked = send(&mut clerk, new, &fixed).await;
    assert_eq!(asked.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(asked.text.contains("请选择运营单位"), "{}", asked.text);
    let saved = send(&mut clerk, new, &base).await;
    assert!(saved.status.is_redirection(), "{}", saved.text);
    let here = saved.location().to_owned();
    let page = clerk.get(&here).await;
    for words in
        ["暖阳慈善超市", "1,000.50元", "社区专柜", "半年盘点", "年度公示", "食品经营许可已过期", "营业"]
    {
        assert!(page.text.contains(words), "{words}: {}", page.text);
    }
    assert!(!page.text.contains("13912345678"), "a phone is masked");
    // It cannot be closed while there is something left; the pack says so.
    assert!(page.text.contains("还有结存物资"));

    // Duties and alerts stand in the lists of what is to be done; the duty is done with the pack's form.
    assert!(clerk.get("/desk/record-alerts?own=yes").await.text.contains("食品经营许可已过期"));
    assert!(clerk.get("/desk/record-duties?own=yes").await.status.is_success());
    let duty = page
        .text
        .split("href=\"")
        .map(|rest| rest.split('"').next().unwrap())
        .find(|link| link.starts_with("/desk/record-duties/"))
        .unwrap_or_else(|| panic!("{}", page.text))
        .to_owned();
    let duty = clerk.get(&duty).await;
    assert!(duty.status.is_success() && duty.text.contains("慈善超市"), "{}", duty.text);

    // API: described field by field, put in and read.
    let described: Value = serde_json::from_str(&clerk.get("/api/openapi.json").await.text).unwrap();
    let schema = &described["components"]["schemas"]["Record_charity_shop"]["properties"];
    assert!(schema["licence_until"].is_object() && schema["left"].is_object(), "{schema}");
    let record = json!({ "code": "CS-002", "name": "和风慈善超市", "division": place, "kind": "mobile", "opened_on": "2026-06-01" });
    let body = json!({ "reason": "对接", "records": [record] });
    let request = Request::post("/api/v1/records/charity_shop")
        .header(header::CONTENT_TYPE, "application/json")
        .header("idempotency-key", IdempotencyKey::fresh().unwrap().to_string())
        .body(Body::from(body.to_string()))
        .unwrap();
    let put = clerk.send(request).await;
    assert_eq!(put.status, StatusCode::OK, "{}", put.text);
    let mobile: Value =
        serde_json::from_str(&clerk.get("/api/v1/records/charity_shop?f.kind=mobile").await.text).unwrap();
    assert_eq!((&mobile["count"], &mobile["records"][0]["name"]), (&json!(1), &json!("和风慈善超市")));

    // Who follows along reads what happened, once, in order; the neighbours nothing of it.
    let follow = "/api/v1/record-events?register=charity_shop";
    let events: Value = serde_json::from_str(&clerk.get(follow).await.text).unwrap();
    let deeds: Vec<&Value> =
        events["events"].as_array().unwrap().iter().map(|event| &event["deed"]).collect();
    assert_eq!(deeds, ["added", "added"]);
    let next = events["next"].as_i64().unwrap();
    let again: Value =
        serde_json::from_str(&clerk.get(&format!("{follow}&after={next}")).await.text).unwrap();
    assert_eq!((again["events"].as_array().unwrap().len(), &again["next"]), (0, &json!(next)));
    let theirs: Value = serde_json::from_str(&neighbour.get(follow).await.text).unwrap();
    assert!(theirs["events"].as_array().unwrap().is_empty());

    // Import: the template has its columns; a wrong cell is named, a right file is previewed and taken in.
    let template = clerk.get(&format!("{list}/template")).await;
    let template = format!("{:?}", office::tabular::read_file("模板.xlsx", &template.bytes).unwrap());
    assert!(
        template.contains("食品经营许可有效期至")
            && template.contains("累计接收物资折价")
            && !template.contains("结存")
    );
    let import = format!("{list}/import");
    let rows = |kind: &str| {
        format!(
            "编号,名称,所在区划,类别,开业日期,累计接收物资折价,累计发放物资折价\nCS-003,春风慈善超市,{place},{kind},2026-03-01,300,150\n\
             CS-001,暖阳慈善超市,{place},社区专柜,2025-05-01,1200.50,900.50\n"
        )
    };
    let file = [("file".to_owned(), "file:超市.csv".to_owned())];
    let wrong = post_multipart(&mut clerk, &import, &keyed(&file), rows("大卖场").as_bytes()).await;
    assert!(wrong.text.contains("处错误") && wrong.text.contains("类别"), "{}", wrong.text);
    let preview = post_multipart(&mut clerk, &import, &keyed(&file), rows("流动服务").as_bytes()).await;
    assert!(preview.text.contains("新增") && preview.text.contains("确认导入"), "{}", preview.text);
    let upload = preview.field("upload");
    let done = clerk.post(&format!("{import}/commit"), &[("upload", &upload)]).await;
    assert!(done.status.is_redirection(), "{}", done.text);
    jobs(town).await;
    let page = clerk.get(&here).await;
    assert!(page.text.contains("300.00元") && page.text.contains("第 2 版"), "{}", page.text);
    let events: Value =
        serde_json::from_str(&clerk.get(&format!("{follow}&after={next}")).await.text).unwrap();
    assert_eq!(events["events"].as_array().unwrap().len(), 2, "{events}");

    // List: narrowed, added up; export: what is in the list, with its purpose on it.
    let narrowed = clerk.get(&format!("{list}?f.kind=mobile&sort=-received")).await;
    assert!(
        narrowed.text.contains("春风慈善超市") && !narrowed.text.contains("暖阳慈善超市"),
        "{}",
        narrowed.text
    );
    let export = format!("{list}/export");
    let csv = clerk.post(&export, &[("format", "csv"), ("purpose", "年度统计")]).await;
    assert_eq!(csv.status, StatusCode::OK, "{}", csv.text);
    for words in ["年度统计", "暖阳慈善超市", "和风慈善超市", "春风慈善超市"] {
        assert!(csv.text.contains(words), "{words}: {}", csv.text);
    }
    assert!(!csv.text.contains("13912345678"));

    // Search: the box of every desk, by text, initials and number; nobody next door finds it.
    for text in ["暖阳慈善", "nycscs", "CS-001", "13912345678"] {
        let path = format!("/desk/search?q={}", crate::ui::query_value(text));
        let found = clerk.get(&path).await;
        assert!(found.text.contains(&here) && found.text.contains("暖阳慈善超市"), "{text}: {}", found.text);
        let theirs = neighbour.get(&path).await;
        assert!(theirs.status.is_success() && !theirs.text.contains("暖阳慈善超市"), "{text}");
    }

    // Indicators: counted, and summed as a share, down to the records.
    assert!(clerk.post("/desk/indicators/reckon", &[]).await.status.is_redirection());
    jobs(town).await;
    let page = clerk.get("/desk/indicators/charity_shops").await;
    assert!(page.text.contains("慈善超市数") && page.text.contains("3"), "{}", page.text);
    // (900.50 + 150) / (1200.50 + 300)
    let share = clerk.get("/desk/indicators/charity_goods_given").await;
    assert!(share.text.contains("70.01"), "{}", share.text);
    let behind = clerk.get("/desk/indicators/charity_shops/records?side=part").await;
    assert_eq!(behind.text.matches("/desk/records/charity_shop/").count(), 3, "{}", behind.text);
}

fn keyed(pairs: &[(String, String)]) -> Vec<(String, String)> {
    let mut pairs = pairs.to_vec();
    pairs.push((crate::ui::form::KEY.to_owned(), IdempotencyKey::fresh().unwrap().to_string()));
    pairs
}
