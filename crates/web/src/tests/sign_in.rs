//! Coming in, going out, and what happens when the session ends in between.

use axum::body::Body;
use axum::http::{Request, StatusCode, header};

use crate::testing::{PASSWORD, Town, citizen_id};

const HOUR: i64 = 3_600_000;

#[tokio::test]
async fn a_clerk_signs_in_where_they_wanted_to_go() {
    Town::each("desk", async |town| {
        let mut clerk = town.visitor();
        let away = clerk.get("/desk/people?q=%E8%B5%B5%E6%A1%82%E5%85%B0").await;
        assert_eq!(away.status, StatusCode::SEE_OTHER);
        let door = clerk.get(away.location()).await;
        assert_eq!(door.status, StatusCode::OK);
        let to = door.field("to");
        let wrong =
            clerk.post("/desk/sign-in", &[("login", "clerk_a"), ("password", "wrong"), ("to", &to)]).await;
        assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(wrong.text.contains("登录名或密码不正确") && wrong.field("login") == "clerk_a");
        assert_eq!(wrong.field("password"), "", "a password is never sent back");
        let unknown =
            clerk.post("/desk/sign-in", &[("login", "nobody"), ("password", "wrong"), ("to", &to)]).await;
        assert_eq!(unknown.steady().replace("nobody", "clerk_a"), wrong.steady());
        let right =
            clerk.post("/desk/sign-in", &[("login", "clerk_a"), ("password", PASSWORD), ("to", &to)]).await;
        assert_eq!(right.location(), "/desk/people?q=%E8%B5%B5%E6%A1%82%E5%85%B0");
        let cookie = right.headers[header::SET_COOKIE].to_str().unwrap();
        assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"));
        let page = clerk.get(right.location()).await;
        assert!(page.text.contains("赵桂兰") && page.text.contains("王秀英"));
        assert_eq!(clerk.get("/desk").await.location(), "/desk/work");
        assert_eq!(town.browser("root").await.get("/desk").await.location(), "/desk/admin/staff");
        let out = clerk.post("/desk/sign-out", &[]).await;
        assert_eq!(out.location(), "/desk/sign-in");
        assert!(clerk.get("/desk/sign-in").await.text.contains("已退出登录"));
        assert!(!clerk.get("/desk/sign-in").await.text.contains("已退出登录"), "said once");
        assert_eq!(clerk.get("/desk/people").await.status, StatusCode::SEE_OTHER);
    })
    .await;
}

#[tokio::test]
async fn a_sign_in_leads_only_to_pages_of_this_house() {
    Town::each("onward", async |town| {
        for to in ["https://elsewhere.example/", "//elsewhere.example", "/my/looks", "desk/people"] {
            let mut clerk = town.visitor();
            let answer = clerk
                .post("/desk/sign-in", &[("login", "clerk_a"), ("password", PASSWORD), ("to", to)])
                .await;
            assert_eq!(answer.location(), "/desk", "{to}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_one_time_password_opens_nothing_but_its_change() {
    Town::each("must_change", async |town| {
        let mut root = town.browser("root").await;
        let division = "150302001".to_owned();
        let made = root
            .post(
                "/desk/admin/staff/new",
                &[("login", "new.clerk"), ("name", "郑小红"), ("division", &division)],
            )
            .await;
        assert_eq!(made.status, StatusCode::OK, "{}", made.text);
        let once =
            made.text.split("govuk-panel__body\">").nth(1).unwrap().split('<').next().unwrap().to_owned();
        let id = made.text.split("/desk/admin/staff/").nth(1).unwrap().split('/').next().unwrap().to_owned();
        let give = format!("/desk/admin/staff/{id}/posts/new");
        let post = [
            ("division", division.as_str()),
            ("roles", "township_clerk"),
            ("businesses", "assistance"),
            ("from_on_year", "2026"),
            ("from_on_month", "11"),
            ("from_on_day", "23"),
        ];
        assert_eq!(root.post(&give, &post).await.status, StatusCode::SEE_OTHER);

        let mut clerk = town.visitor();
        let first = clerk.post("/desk/sign-in", &[("login", "new.clerk"), ("password", &once)]).await;
        assert_eq!(first.location(), "/desk/password");
        assert_eq!(clerk.get("/desk/people").await.location(), "/desk/password");
        let weak = [("old_password", once.as_str()), ("new_password", "short"), ("repeated", "short")];
        let weak = clerk.post("/desk/password", &weak).await;
        assert_eq!(weak.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(weak.text.contains("新密码应为"));
        let own = [
            ("old_password", once.as_str()),
            ("new_password", "calm-lake-2026"),
            ("repeated", "calm-lake-2026"),
        ];
        assert_eq!(clerk.post("/desk/password", &own).await.location(), "/desk");
        assert_eq!(clerk.get("/desk/people").await.status, StatusCode::OK);
    })
    .await;
}

#[tokio::test]
async fn a_session_that_ends_in_a_form_loses_nothing() {
    Town::each("kept", async |town| {
        let mut clerk = town.browser("clerk_a").await;
        let address = format!("/desk/families/{}/add", town.family_a);
        let form = clerk.get(&address).await;
        let key = form.field("_key");
        town.pass(13 * HOUR);
        let id = citizen_id("2015-05-05", 40);
        let typed = [
            ("_key", key.as_str()),
            ("name", "钱小山"),
            ("citizen_id", id.expose()),
            ("relation", "child"),
            ("on_year", "2026"),
            ("on_month", "11"),
            ("on_day", "1"),
            ("reason", "接回同住 & “照顾”"),
        ];
        let door = clerk.post(&address, &typed).await;
        assert_eq!(door.status, StatusCode::OK);
        assert!(door.text.contains("您刚才填写的内容还在"));
        assert!(
            !door.text.contains(id.expose()) && !door.text.contains("钱小山"),
            "sealed, not readable by the next"
        );
        let kept = door.field("kept");
        let back = clerk
            .post("/desk/sign-in", &[("login", "clerk_a"), ("password", PASSWORD), ("kept", &kept)])
            .await;
        assert_eq!(back.status, StatusCode::OK);
        assert!(back.text.contains("可以继续提交") && back.text.contains(&format!("action=\"{address}\"")));
        let fields = ["_key", "name", "citizen_id", "relation", "on_year", "on_month", "on_day", "reason"];
        let values: Vec<String> = fields.iter().map(|name| back.field(name).replace("&amp;", "&")).collect();
        for ((name, value), (_, again)) in typed.iter().zip(fields.iter().zip(&values)) {
            assert_eq!(value, again, "{name}");
        }
        let resent: Vec<(&str, &str)> =
            fields.iter().copied().zip(values.iter().map(String::as_str)).collect();
        let done = clerk.post(&address, &resent).await;
        assert_eq!(done.location(), format!("/desk/families/{}", town.family_a), "{}", done.text);
        // The same form once more changes nothing.
        assert_eq!(clerk.post(&address, &resent).await.location(), done.location());
        let family = clerk.get(done.location()).await;
        assert_eq!(family.text.matches("钱小山</a>").count(), 1);

        // What nobody sealed here is not offered again.
        let forged = clerk
            .post("/desk/sign-in", &[("login", "clerk_a"), ("password", PASSWORD), ("kept", "AAAA")])
            .await;
        assert_eq!(forged.location(), "/desk");
    })
    .await;
}

#[tokio::test]
async fn a_form_with_files_keeps_its_words() {
    Town::each("kept_files", async |town| {
        let mut clerk = town.visitor();
        let body = "--x\r\nContent-Disposition: form-data; name=\"_key\"\r\n\r\n12345678\r\n--x\r\n\
            Content-Disposition: form-data; name=\"reason\"\r\n\r\n照片\r\n--x\r\n\
            Content-Disposition: form-data; name=\"photo\"; filename=\"a.jpg\"\r\nContent-Type: image/jpeg\r\n\r\nJPEG\r\n--x--\r\n";
        let request = Request::post("/desk/visits/1")
            .header(header::CONTENT_TYPE, "multipart/form-data; boundary=x")
            .body(Body::from(body))
            .unwrap();
        let door = clerk.send(request).await;
        let kept = door.field("kept");
        let back = clerk.post("/desk/sign-in", &[("login", "clerk_a"), ("password", PASSWORD), ("kept", &kept)]).await;
        assert_eq!(back.field("reason"), "照片");
        assert!(back.text.contains("照片和文件需要重新选择") && back.text.contains("multipart/form-data"));
    })
    .await;
}

#[tokio::test]
async fn a_citizen_comes_in_with_a_code_once() {
    Town::each("citizen", async |town| {
        let person = town.people_a[0];
        let last_four = citizen_id("1962-03-08", 2).last_four().to_owned();
        let mut clerk = town.browser("clerk_a").await;
        let address = format!("/desk/people/{person}/code");
        let form = clerk.get(&address).await;
        let key = form.field("_key");
        let none = clerk.post(&address, &[]).await;
        assert!(
            none.status == StatusCode::UNPROCESSABLE_ENTITY
                && none.text.contains("请选择怎样把验证码交给本人")
        );
        let issued = clerk.post(&address, &[("_key", &key), ("channel", "face")]).await;
        assert_eq!(issued.status, StatusCode::OK);
        let code =
            issued.text.split("govuk-panel__body\">").nth(1).unwrap().split('<').next().unwrap().to_owned();
        let again = clerk.post(&address, &[("_key", &key), ("channel", "face")]).await;
        assert_eq!(again.status, StatusCode::CONFLICT, "shown once");

        let mut citizen = town.visitor();
        assert_eq!(citizen.get("/my/looks").await.location(), "/sign-in?to=%2Fmy%2Flooks");
        let wrong = citizen.post("/sign-in", &[("code", &code), ("last_four", "0000")]).await;
        assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
        let right = citizen
            .post("/sign-in", &[("code", &code), ("last_four", &last_four), ("to", "/my/looks")])
            .await;
        assert_eq!(right.location(), "/my/looks");
        let looks = citizen.get("/my/looks").await;
        assert!(
            looks.text.contains("为您发放了登录验证码") && looks.text.contains("凤凰岭街道"),
            "{}",
            looks.text
        );
        assert!(!looks.text.contains("王秀英"), "the office is named, not the clerk");
        let family = citizen.get("/my/family").await;
        assert!(
            family.text.contains("钱大勇") && family.text.contains("9900**********0024"),
            "{}",
            family.text
        );
        let used = town.visitor().post("/sign-in", &[("code", &code), ("last_four", &last_four)]).await;
        assert_eq!(used.status, StatusCode::UNPROCESSABLE_ENTITY);
        // A citizen's session opens no desk.
        assert_eq!(citizen.get("/desk/people").await.location(), "/desk/sign-in?to=%2Fdesk%2Fpeople");
        assert_eq!(citizen.post("/sign-out", &[]).await.location(), "/");
        assert_eq!(citizen.get("/my/looks").await.status, StatusCode::SEE_OTHER);
    })
    .await;
}

#[tokio::test]
async fn a_disabled_account_stops_at_once() {
    Town::each("disabled", async |town| {
        let actor = town.staff("leaver", town.township_a, "township_clerk").await;
        let mut leaver = town.browser("leaver").await;
        assert_eq!(leaver.get("/desk/people").await.status, StatusCode::OK);
        let mut root = town.browser("root").await;
        let address = format!("/desk/admin/staff/{}/disable", actor.staff);
        assert_eq!(root.post(&address, &[]).await.status, StatusCode::SEE_OTHER);
        assert_eq!(leaver.get("/desk/people").await.status, StatusCode::SEE_OTHER);
    })
    .await;
}
