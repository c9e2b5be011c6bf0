//! What surrounds every page: headers, origins, faults, text size, limits.

use axum::body::Body;
use axum::http::{Request, StatusCode, header};

use axum::Router;
use axum::routing::{get, post};

use crate::form_body::{Fields, KeyedForm, upload_limit};
use crate::testing::{ORIGIN, Town};
use crate::{AppState, Limits, Site, server};

#[tokio::test]
async fn every_page_has_its_policy_and_is_not_kept() {
    Town::each("headers", async |town| {
        let mut visitor = town.visitor();
        let first = visitor.get("/").await;
        assert_eq!(first.status, StatusCode::OK);
        let policy = first.headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap().to_owned();
        let nonce = policy.split("'nonce-").nth(1).unwrap().split('\'').next().unwrap();
        assert!(nonce.len() >= 32 && first.text.contains(&format!("<script nonce=\"{nonce}\">")));
        assert!(policy.starts_with("default-src 'none'") && policy.contains("frame-ancestors 'none'"));
        assert!(!policy.contains("unsafe"));
        assert_eq!(first.headers[header::CACHE_CONTROL], "no-store");
        assert_eq!(first.headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
        assert_eq!(first.headers[header::REFERRER_POLICY], "same-origin");
        assert!(!first.headers["x-request-id"].is_empty());
        let second = visitor.get("/").await;
        assert_ne!(second.headers[header::CONTENT_SECURITY_POLICY], policy);
        assert!(first.text.contains("演示环境"));
        assert!(!first.text.contains(" style=\""));
    })
    .await;
}

#[tokio::test]
async fn a_form_of_another_site_is_refused() {
    Town::each("csrf", async |town| {
        let mut clerk = town.browser("clerk_a").await;
        let form = |origin: Option<&str>, fetched: Option<&str>| {
            let mut request = Request::post("/desk/sign-out")
                .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
            if let Some(origin) = origin {
                request = request.header(header::ORIGIN, origin);
            }
            if let Some(fetched) = fetched {
                request = request.header("sec-fetch-site", fetched);
            }
            request.body(Body::from("_key=12345678")).unwrap()
        };
        for (origin, fetched) in [
            (Some("https://elsewhere.example"), None),
            (Some("https://elsewhere.example"), Some("cross-site")),
            (Some(ORIGIN), Some("cross-site")),
            (Some("null"), Some("same-site")),
        ] {
            let refused = clerk.send(form(origin, fetched)).await;
            assert_eq!(refused.status, StatusCode::FORBIDDEN, "{origin:?} {fetched:?}");
            assert!(refused.text.contains("从别的网站发来"), "{}", refused.text);
        }
        assert_eq!(clerk.get("/desk/people").await.status, StatusCode::OK, "still signed in");
        let done = clerk.send(form(Some(ORIGIN), Some("same-origin"))).await;
        assert_eq!(done.status, StatusCode::SEE_OTHER);
        assert_eq!(clerk.get("/desk/people").await.status, StatusCode::SEE_OTHER, "signed out");
    })
    .await;
}

#[tokio::test]
async fn what_is_not_there_and_what_is_not_allowed_look_alike() {
    Town::each("hidden", async |town| {
        let mut clerk = town.browser("clerk_a").await;
        let neighbour = format!("/desk/families/{}", town.family_b);
        let mut pages = Vec::new();
        for path in [
            "/desk/nothing",
            "/desk/people/999999",
            "/desk/people/x",
            "/desk/admin/staff",
            "/desk/admin/staff/1",
            neighbour.as_str(),
        ] {
            let page = clerk.get(path).await;
            assert_eq!(page.status, StatusCode::NOT_FOUND, "{path}");
            pages.push(page.steady().replace(&crate::ui::query_value(path), "…"));
        }
        for page in &pages {
            assert_eq!(page, &pages[0]);
        }
    })
    .await;
}

#[tokio::test]
async fn large_type_is_remembered_and_leads_nowhere_else() {
    Town::each("large", async |town| {
        let mut visitor = town.visitor();
        let answer = visitor.get("/text-size?size=150&to=/help").await;
        assert_eq!(answer.location(), "/help");
        assert!(visitor.get("/help").await.text.contains("large-150"));
        for outside in ["https://elsewhere.example/", "//elsewhere.example/", "/\\elsewhere.example", ""] {
            let path = format!("/text-size?size=100&to={}", crate::ui::query_value(outside));
            assert_eq!(visitor.get(&path).await.location(), "/", "{outside}");
        }
        assert!(!visitor.get("/help").await.text.contains("large-150"));
    })
    .await;
}

#[tokio::test]
async fn the_public_pages_and_probes_answer() {
    Town::each("public", async |town| {
        let mut visitor = town.visitor();
        for path in
            ["/", "/help", "/privacy", "/accessibility", "/sign-in", "/desk/sign-in", "/healthz", "/readyz"]
        {
            assert_eq!(visitor.get(path).await.status, StatusCode::OK, "{path}");
        }
        let wrong = visitor.post("/help", &[]).await;
        assert_eq!(wrong.status, StatusCode::METHOD_NOT_ALLOWED);
        assert!(wrong.text.contains("这个地址不能这样打开"));
        if town.office.db().backend() == store::Backend::Sqlite {
            insta::assert_snapshot!("home", visitor.get("/").await.steady());
        }
    })
    .await;
}

#[tokio::test]
async fn who_asks_too_often_is_told_to_wait() {
    Town::each("limits", async |town| {
        let limits =
            Limits { sign_in_seconds: 60, sign_in_burst: 2, requests_burst: 8, requests_per_second: 1 };
        let state = AppState::new(town.office.clone(), Site { limits, ..Site::default() });
        let mut visitor = town.visitor_of(crate::router(state));
        let mut statuses = Vec::new();
        for _ in 0..3 {
            statuses.push(visitor.post("/desk/sign-in", &[("login", "nobody"), ("password", "x")]).await);
        }
        assert_eq!(statuses[1].status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(statuses[2].status, StatusCode::TOO_MANY_REQUESTS);
        assert!(
            statuses[2].text.contains("操作过于频繁")
                && statuses[2].headers.contains_key(header::RETRY_AFTER)
        );
        assert_eq!(visitor.get("/help").await.status, StatusCode::OK, "other pages still answer");
        let mut last = visitor.get("/help").await;
        for _ in 0..6 {
            last = visitor.get("/help").await;
        }
        assert_eq!(last.status, StatusCode::TOO_MANY_REQUESTS);
        assert!(last.text.contains("操作过于频繁"));
    })
    .await;
}

#[tokio::test]
async fn a_handler_that_panics_shows_a_page_with_a_number_to_quote() {
    Town::each("panic", async |town| {
        let state = AppState::new(town.office.clone(), Site::default());
        let broken =
            Router::new().route("/desk/broken", get(async || -> &'static str { panic!("a secret") }));
        let mut visitor = town.visitor_of(server::surrounded(broken, &state));
        let page = visitor.get("/desk/broken").await;
        assert_eq!(page.status, StatusCode::INTERNAL_SERVER_ERROR);
        let reference = page.headers["x-request-id"].to_str().unwrap();
        assert!(page.text.contains("系统出了问题") && page.text.contains(reference));
        assert!(!page.text.contains("a secret"));
    })
    .await;
}

/// A form with a text before and after a file of some size.
fn upload(bytes: usize) -> Request<Body> {
    let mut body = b"--x\r\nContent-Disposition: form-data; name=\"_key\"\r\n\r\n12345678\r\n--x\r\n\
        Content-Disposition: form-data; name=\"photo\"; filename=\"photo.jpg\"\r\nContent-Type: image/jpeg\r\n\r\n"
        .to_vec();
    body.resize(body.len() + bytes, b'J');
    body.extend_from_slice(
        b"\r\n--x\r\nContent-Disposition: form-data; name=\"name\"\r\n\r\nWang\r\n--x--\r\n",
    );
    Request::post("/upload")
        .header(header::CONTENT_TYPE, "multipart/form-data; boundary=x")
        .body(Body::from(body))
        .unwrap()
}

#[tokio::test]
async fn a_large_photo_is_said_and_the_rest_of_the_form_stays() {
    Town::each("upload", async |town| {
        let state = AppState::new(town.office.clone(), Site::default());
        let handler = async |KeyedForm { form, files, .. }: KeyedForm<Fields>| {
            let file = &files[0];
            let said = if file.too_large { file.too_large_message() } else { file.bytes.len().to_string() };
            format!("{} {said}", form.get("name"))
        };
        let routes = Router::new()
            .route("/upload", post(handler).layer(upload_limit()))
            .route("/small", post(handler));
        let mut visitor = town.visitor_of(server::surrounded(routes, &state));
        assert_eq!(visitor.send(upload(11 << 20)).await.text, format!("Wang {}", 11 << 20));
        let large = visitor.send(upload(20 << 20)).await;
        assert_eq!(large.status, StatusCode::OK);
        assert!(large.text.starts_with("Wang 文件“photo.jpg”超过 12 MB"), "{}", large.text);
        let huge = visitor.send(upload(65 << 20)).await;
        assert_eq!(huge.status, StatusCode::PAYLOAD_TOO_LARGE);
        assert!(huge.text.contains("一次最多 64 MB"));
        let mut elsewhere = upload(2 << 20);
        *elsewhere.uri_mut() = "/small".parse().unwrap();
        assert_eq!(visitor.send(elsewhere).await.status, StatusCode::PAYLOAD_TOO_LARGE);
    })
    .await;
}

#[tokio::test]
async fn a_photo_of_an_ended_session_does_not_cost_the_words() {
    Town::each("kept_photo", async |town| {
        let mut photo = upload(20 << 20);
        *photo.uri_mut() = "/my/papers".parse().unwrap();
        let door = town.visitor().send(photo).await;
        assert_eq!(door.status, StatusCode::OK);
        assert!(door.text.contains("凭验证码登录") && !door.field("kept").is_empty());
    })
    .await;
}

#[tokio::test]
async fn a_form_without_its_key_or_cut_off_is_refused() {
    Town::each("cut_off", async |town| {
        let mut clerk = town.browser("clerk_a").await;
        let send = |kind: &str, body: &str| {
            Request::post("/desk/posts")
                .header(header::CONTENT_TYPE, kind)
                .body(Body::from(body.to_owned()))
                .unwrap()
        };
        let form = "application/x-www-form-urlencoded";
        for (kind, body) in [
            (form, "post=1"),
            (form, "_key=short&post=1"),
            (form, "_key=12345678&post=x"),
            ("text/plain", "_key=12345678&post=1"),
            (
                "multipart/form-data; boundary=x",
                "--x\r\nContent-Disposition: form-data; name=\"_key\"\r\n\r\n1234",
            ),
        ] {
            let refused = clerk.send(send(kind, body)).await;
            assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{kind} {body}");
            assert!(refused.text.contains("表单没有完整送达"), "{kind} {body}");
        }
    })
    .await;
}
