//! The JSON API: the same rights and scopes, idempotent writes, problems, its own description.

use axum::body::Body;
use axum::http::{HeaderValue, Request, StatusCode, header};
use serde_json::{Value, json};
use store::Query;
use vocab::CitizenId;

use super::desk;
use crate::testing::{Browser, PASSWORD, Seen, Town, citizen_id, day};

fn parsed(seen: &Seen) -> Value {
    serde_json::from_str(&seen.text).unwrap_or_else(|error| panic!("{error}: {}", seen.text))
}

async fn send(browser: &mut Browser, method: &str, path: &str, key: Option<&str>, body: &Value) -> Seen {
    let mut request =
        Request::builder().method(method).uri(path).header(header::CONTENT_TYPE, "application/json");
    if let Some(key) = key {
        request = request.header("idempotency-key", key);
    }
    browser.send(request.body(Body::from(body.to_string())).unwrap()).await
}

async fn client(town: &Town, login: &str) -> Browser {
    let mut client = town.visitor();
    let begun =
        send(&mut client, "POST", "/api/v1/session", None, &json!({ "login": login, "password": PASSWORD }))
            .await;
    assert_eq!(begun.status, StatusCode::CREATED, "{}", begun.text);
    let token = parsed(&begun)["token"].as_str().unwrap().to_owned();
    client.headers.insert(header::AUTHORIZATION, HeaderValue::from_str(&format!("Bearer {token}")).unwrap());
    client
}

#[tokio::test]
async fn a_client_signs_in_looks_and_signs_out() {
    Town::each("api_session", async |town| {
        let mut stranger = town.visitor();
        let refused = stranger.get("/api/v1/people?q=zgl").await;
        assert_eq!(refused.status, StatusCode::UNAUTHORIZED);
        assert_eq!(refused.headers[header::CONTENT_TYPE], "application/problem+json");
        assert_eq!(refused.headers[header::WWW_AUTHENTICATE], "Bearer");
        let wrong = json!({ "login": "clerk_a", "password": "wrong" });
        let wrong = send(&mut stranger, "POST", "/api/v1/session", None, &wrong).await;
        assert_eq!(wrong.status, StatusCode::UNAUTHORIZED);
        let broken = send(&mut stranger, "POST", "/api/v1/session", None, &json!({ "login": 1 })).await;
        assert_eq!(broken.status, StatusCode::BAD_REQUEST);
        assert!(parsed(&broken)["detail"].as_str().unwrap().contains("JSON"));

        let mut a = client(town, "clerk_a").await;
        assert_eq!(parsed(&a.get("/api/v1/session").await)["roles"], json!(["township_clerk"]));
        let found = parsed(&a.get("/api/v1/people?q=zgl").await);
        assert_eq!(found["people"][0]["name"], "赵桂兰");
        let whole = citizen_id("1962-03-08", 2);
        assert_eq!(found["people"][0]["citizen_id"], whole.masked());
        let file = a.get(&format!("/api/v1/people/{}", town.people_a[0])).await;
        assert!(!file.text.contains(whole.expose()) && parsed(&file)["household"] == json!(town.family_a.0));
        let family = parsed(&a.get(&format!("/api/v1/families/{}", town.family_a)).await);
        assert_eq!(family["members"].as_array().unwrap().len(), 3);
        assert_eq!(
            send(&mut a, "DELETE", "/api/v1/session", None, &json!({})).await.status,
            StatusCode::NO_CONTENT
        );
        assert_eq!(a.get("/api/v1/session").await.status, StatusCode::UNAUTHORIZED);
    })
    .await;
}

#[tokio::test]
async fn the_neighbours_are_not_there_for_the_api_either() {
    Town::each("api_scope", async |town| {
        let mut a = client(town, "clerk_a").await;
        let mut problems = Vec::new();
        for path in [
            format!("/api/v1/people/{}", town.people_b[0]),
            format!("/api/v1/families/{}", town.family_b),
            "/api/v1/people/999999".to_owned(),
            "/api/v1/families/x".to_owned(),
            "/api/v1/nothing".to_owned(),
        ] {
            let answer = a.get(&path).await;
            assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
            let mut problem = parsed(&answer);
            problem["instance"] = Value::Null;
            problems.push(problem);
        }
        assert!(problems.iter().all(|problem| problem == &problems[0]));
        assert_eq!(parsed(&a.get("/api/v1/people?q=sdf").await)["people"], json!([]));
        let mut root = client(town, "root").await;
        assert_eq!(
            root.get(&format!("/api/v1/people/{}", town.people_a[0])).await.status,
            StatusCode::NOT_FOUND
        );
    })
    .await;
}

#[tokio::test]
async fn a_write_sent_twice_is_done_once_and_bad_input_leaves_nothing() {
    Town::each("api_write", async |town| {
        let mut a = client(town, "clerk_a").await;
        let member = |name: &str, born: &str, number: u16, relation: &str| {
            json!({ "name": name, "citizen_id": citizen_id(born, number).expose(), "relation": relation })
        };
        let new = json!({
            "division": town.village_a.0, "area": "rural", "on": "2026-11-01", "reason": "新登记",
            "members": [member("郑大山", "1970-01-01", 61, "head"), member("郑小山", "2000-01-01", 62, "child")],
        });
        let path = "/api/v1/families";
        assert_eq!(send(&mut a, "POST", path, None, &new).await.status, StatusCode::BAD_REQUEST, "no key");
        let mut wrong = new.clone();
        wrong["members"][1]["citizen_id"] = json!("990001200001010621");
        let refused = send(&mut a, "POST", path, Some("key-of-the-write"), &wrong).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(parsed(&refused)["errors"][0]["field"], "members[1].citizen_id");
        // One of them lives elsewhere: nobody is registered.
        let mut taken = new.clone();
        taken["members"][1] = member("孙德福", "1950-01-20", 5, "parent");
        assert_eq!(send(&mut a, "POST", path, Some("key-of-the-write"), &taken).await.status, StatusCode::CONFLICT);
        assert_eq!(parsed(&a.get("/api/v1/people?q=zds").await)["people"], json!([]));

        let first = send(&mut a, "POST", path, Some("key-of-the-write"), &new).await;
        assert_eq!(first.status, StatusCode::CREATED, "{}", first.text);
        let second = send(&mut a, "POST", path, Some("key-of-the-write"), &new).await;
        assert_eq!((second.status, &second.text), (StatusCode::CREATED, &first.text));
        let family = parsed(&a.get(first.location()).await);
        assert_eq!(family["members"].as_array().unwrap().len(), 2);
        let other = send(&mut a, "POST", path, Some("another-key-of-it"), &new).await;
        assert_eq!(other.status, StatusCode::CONFLICT, "they live in a family already");
    })
    .await;
}

#[tokio::test]
async fn the_api_describes_itself() {
    Town::each("api_description", async |town| {
        let described = town.visitor().get("/api/openapi.json").await;
        let described = parsed(&described);
        for path in ["/api/v1/session", "/api/v1/people", "/api/v1/people/{person}", "/api/v1/families"] {
            assert!(described["paths"][path].is_object(), "{path}");
        }
        assert_eq!(described["components"]["securitySchemes"]["bearer"]["scheme"], "bearer");
        assert_eq!(described["paths"]["/api/v1/session"]["post"]["security"], json!([{}]));
        // Whatever is described answers, and nothing of it without a session but signing in.
        for (path, methods) in described["paths"].as_object().unwrap() {
            for method in methods.as_object().unwrap().keys() {
                let address = path.replace("{person}", "1").replace("{household}", "1");
                let answer =
                    send(&mut town.visitor(), &method.to_uppercase(), &address, Some("12345678"), &json!({}))
                        .await;
                let expected = if (path.as_str(), method.as_str()) == ("/api/v1/session", "post") {
                    StatusCode::BAD_REQUEST
                } else {
                    StatusCode::UNAUTHORIZED
                };
                assert_eq!(answer.status, expected, "{method} {path}");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn a_departments_system_fetches_what_it_is_asked_and_answers_once() {
    Town::each("api_department", async |town| {
        town.staff("xian", town.county, "county_clerk").await;
        town.staff("yinhang", town.county, "department_clerk:banks").await;
        town.staff("jiaojing", town.county, "department_clerk:traffic_police").await;
        let names = ["金满仓", "李雪莲", "金子悦"];
        let case = desk::filed_by(town, &town.clerk_a, town.village_a, names, 31).await;
        let mut clerk = town.browser("clerk_a").await;
        let mut county = town.browser("xian").await;
        desk::done(town, &mut clerk, case, "accept", &[]).await;
        desk::done(town, &mut clerk, case, "request_means_test", &[]).await;
        desk::done(town, &mut county, case, "start_means_test", &[]).await;
        let asked = [("datasets", "deposits"), ("datasets", "vehicles"), ("purpose", "低保核对")];
        let sent = county.post(&format!("/desk/cases/{case}/check/send"), &asked).await;
        assert!(sent.status.is_redirection(), "{}", sent.text);

        let here = "/api/v1/department/questions";
        let mut bank = client(town, "yinhang").await;
        let page = parsed(&bank.get(here).await);
        let questions = page["questions"].as_array().unwrap();
        assert_eq!((questions.len(), &questions[0]["dataset"]), (3, &json!("deposits")), "{page}");
        let whole = CitizenId::synthetic(3, day("1981-03-05"), 31);
        assert!(!page.to_string().contains(whole.expose()), "masked: {page}");
        let id = questions.iter().find(|one| one["name"] == names[0]).unwrap()["id"].as_i64().unwrap();
        let one = parsed(&bank.get(&format!("{here}/{id}")).await);
        assert_eq!(
            (&one["purpose"], &one["asks"][0]["kind"]),
            (&json!("低保核对"), &json!("amount")),
            "{one}"
        );
        let revealed = send(&mut bank, "POST", &format!("{here}/{id}/reveal"), None, &json!({})).await;
        assert_eq!(parsed(&revealed)["citizen_id"], whole.expose());

        let answer = format!("{here}/{id}/answer");
        let said = json!({ "how": "values", "values": { "balance": "20000.50" }, "as_of": "2026-10-31" });
        let keyless = send(&mut bank, "POST", &answer, None, &said).await;
        assert_eq!(keyless.status, StatusCode::BAD_REQUEST, "no key");
        for (wrong, field) in [
            (json!({ "how": "values", "values": { "balance": "许多" } }), "ask_balance"),
            (json!({ "how": "values", "values": { "balance": "1", "wage": "1" } }), "ask_wage"),
            (json!({ "how": "refused" }), "reason"),
            (json!({ "how": "no_record", "as_of": "2099-01-01" }), "as_of"),
        ] {
            let refused = send(&mut bank, "POST", &answer, Some("key-of-the-answer"), &wrong).await;
            assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", refused.text);
            assert_eq!(parsed(&refused)["errors"][0]["field"], field);
        }
        // Another department's system finds nothing here.
        let mut police = client(town, "jiaojing").await;
        assert_eq!(police.get(&format!("{here}/{id}")).await.status, StatusCode::NOT_FOUND);
        let other = send(&mut police, "POST", &answer, Some("key-of-the-police"), &said).await;
        assert_eq!(other.status, StatusCode::NOT_FOUND);
        assert_eq!(clerk.get(here).await.status, StatusCode::NOT_FOUND, "a township answers for nobody");

        let first = send(&mut bank, "POST", &answer, Some("key-of-the-answer"), &said).await;
        assert_eq!((first.status, &parsed(&first)["state"]), (StatusCode::OK, &json!("answered")));
        let second = send(&mut bank, "POST", &answer, Some("key-of-the-answer"), &said).await;
        assert_eq!((second.status, &second.text), (StatusCode::OK, &first.text), "sent twice, taken once");
        let late = send(&mut bank, "POST", &answer, Some("another-key-of-it"), &said).await;
        assert_eq!(late.status, StatusCode::CONFLICT, "{}", late.text);
        assert_eq!(bank.get(&format!("{here}/{id}")).await.status, StatusCode::NOT_FOUND, "it is settled");
        let kept = "SELECT COUNT(*) FROM check_answer WHERE by_department";
        let kept: i64 = Query::system("test", kept).scalar(town.office.db()).await.unwrap();
        assert_eq!(kept, 1);
        // The county reads it as the department's answer.
        let check = county.get(&format!("/desk/cases/{case}/check")).await;
        assert!(check.text.contains("20,000.50"), "{}", check.text);
    })
    .await;
}
