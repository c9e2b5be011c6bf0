//! Accounts, posts and the audit.

use axum::http::StatusCode;
use office::subscriptions::deliver::{self, Outcome};
use store::{DivisionId, Query};

use super::records::institution;
use crate::testing::Town;

#[tokio::test]
async fn duties_of_two_hands_are_not_given_to_one_person() {
    Town::each("posts", async |town| {
        let mut root = town.browser("root").await;
        let actor = town.staff("accountant", town.county, "county_accountant").await;
        let address = format!("/desk/admin/staff/{}/posts/new", actor.staff);
        let county = "海勃湾区".to_owned();
        let post = |role: &'static str| {
            [
                ("division", county.clone()),
                ("roles", role.to_owned()),
                ("businesses", "assistance".to_owned()),
                ("from_on_year", "2026".to_owned()),
                ("from_on_month", "12".to_owned()),
                ("from_on_day", "1".to_owned()),
            ]
        };
        for (role, message) in [
            ("county_payment_approver", "两项职责必须由两人承担"),
            ("township_clerk", "只能设在"),
            ("nonsense", "没有「nonsense」这个角色"),
        ] {
            let fields = post(role);
            let fields: Vec<(&str, &str)> =
                fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
            let refused = root.post(&address, &fields).await;
            assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{role}");
            assert!(refused.text.contains(message), "{role}: {}", refused.text);
        }
        let own = format!("/desk/admin/staff/{}", town.administrator.staff);
        assert!(root.get(&own).await.text.contains("由另一位管理员办理"));
        assert_eq!(root.post(&format!("{own}/disable"), &[]).await.status, StatusCode::CONFLICT);
    })
    .await;
}

#[tokio::test]
async fn a_reset_password_is_shown_once() {
    Town::each("reset", async |town| {
        let mut root = town.browser("root").await;
        let address = format!("/desk/admin/staff/{}", town.clerk_a.staff);
        let page = root.get(&address).await;
        assert!(page.text.contains("重置密码"));
        let key = [("_key", "a-key-of-this-page")];
        let first = root.post(&format!("{address}/reset"), &key).await;
        assert_eq!(first.status, StatusCode::OK);
        assert!(first.text.contains("一次性密码"));
        let second = root.post(&format!("{address}/reset"), &key).await;
        assert_eq!(second.status, StatusCode::CONFLICT);
        assert!(second.text.contains("只显示一次"));
        assert!(root.get("/desk/admin/staff?q=clerk_a").await.text.contains("未改初始密码"));
    })
    .await;
}

#[tokio::test]
async fn an_administrator_of_one_township_sees_no_other() {
    Town::each("admins", async |town| {
        town.staff("admin_a", town.township_a, "administrator").await;
        let mut admin = town.browser("admin_a").await;
        let list = admin.get("/desk/admin/staff").await;
        assert!(list.text.contains("clerk_a") && !list.text.contains("clerk_b"));
        let other = format!("/desk/admin/staff/{}", town.clerk_b.staff);
        for path in [other.clone(), format!("{other}/change"), format!("{other}/posts/new")] {
            assert_eq!(admin.get(&path).await.status, StatusCode::NOT_FOUND, "{path}");
        }
        for path in [format!("{other}/disable"), format!("{other}/reset"), format!("{other}/enable")] {
            assert_eq!(admin.post(&path, &[]).await.status, StatusCode::NOT_FOUND, "{path}");
        }
        // A neighbour's office is not found, as one that there is not.
        for place in ["海北街道", "150302002", "没有的街道"] {
            let fields = [("login", "sneak"), ("name", "某某"), ("division", place)];
            let refused = admin.post("/desk/admin/staff/new", &fields).await;
            assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{place}");
            assert!(refused.text.contains(&format!("没有找到“{place}”")), "{}", refused.text);
        }
        let sneaked: i64 = Query::system("test", "SELECT count(*) FROM staff WHERE login = 'sneak'")
            .scalar(town.office.db())
            .await
            .unwrap();
        assert_eq!(sneaked, 0);
        // Accounts, not families.
        assert_eq!(admin.get("/desk/people").await.status, StatusCode::NOT_FOUND);
    })
    .await;
}

/// An office is written, not searched for among thousands: by name or code; of namesakes one is chosen, and nothing typed is lost.
#[tokio::test]
async fn an_office_is_found_by_its_name() {
    Town::each("office_named", async |town| {
        let mut root = town.browser("root").await;
        let form = root.get("/desk/admin/staff/new").await;
        assert!(!form.text.contains("<select"), "no menu of villages: {}", form.text);
        let new = |login: &'static str, place: &str| {
            [("login", login.to_owned()), ("name", "郑小红".to_owned()), ("division", place.to_owned())]
        };
        let mut send = async |fields: [(&'static str, String); 3]| {
            let fields: Vec<(&str, &str)> =
                fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
            root.post("/desk/admin/staff/new", &fields).await
        };
        // There are two of this name in the city.
        let asked = send(new("xingfu", "幸福社区居委会")).await;
        assert_eq!(asked.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", asked.text);
        assert!(asked.text.contains("有几个同名的") && asked.text.contains("郑小红"), "{}", asked.text);
        let offered: Vec<&str> =
            asked.text.split("value=\"").skip(1).filter_map(|part| part.split('"').next()).collect();
        let offered: Vec<&str> =
            offered.into_iter().filter(|value| value.contains("幸福社区居委会〔")).collect();
        assert_eq!(offered.len(), 2, "{}", asked.text);
        let made = send(new("xingfu", offered[1])).await;
        assert_eq!(made.status, StatusCode::OK, "{}", made.text);
        let empty = send(new("nowhere", "")).await;
        assert!(empty.text.contains("请填写单位"), "{}", empty.text);
        let whole = send(new("haibei", "海北街道")).await;
        assert_eq!(whole.status, StatusCode::OK, "{}", whole.text);
        let sql = "SELECT division_id FROM staff WHERE login = 'haibei'";
        let at: DivisionId = Query::system("test", sql).scalar(town.office.db()).await.unwrap();
        assert_eq!(at, town.township_b);
        // The form of a change and of a post begin with the office of the account.
        for page in ["change", "posts/new"] {
            let seen = root.get(&format!("/desk/admin/staff/{}/{page}", town.clerk_b.staff)).await;
            assert!(seen.text.contains("海北街道〔150302002〕"), "{page}: {}", seen.text);
        }
    })
    .await;
}

#[tokio::test]
async fn the_audit_is_searched_by_who_and_when() {
    Town::each("audit", async |town| {
        town.staff("auditor", town.county, "auditor").await;
        let mut clerk = town.browser("clerk_a").await;
        clerk.get(&format!("/desk/people/{}", town.people_a[0])).await;
        let mut auditor = town.browser("auditor").await;
        let person = town.people_a[0];
        let found = auditor.get(&format!("/desk/admin/audit?person={person}")).await;
        assert!(found.text.contains("打开档案") && found.text.contains("王秀英"), "{}", found.text);
        let none = auditor.get("/desk/admin/audit?from_year=2027&from_month=1&from_day=1").await;
        assert!(none.text.contains("没有符合条件的记录"));
        let wrong = auditor.get("/desk/admin/audit?from_year=2026&from_month=13&from_day=1").await;
        assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
        let pages = auditor.get("/desk/admin/audit").await;
        assert!(pages.text.contains("查询审计"), "searching is written down too");
        assert_eq!(clerk.get("/desk/admin/audit").await.status, StatusCode::NOT_FOUND);
    })
    .await;
}

#[tokio::test]
async fn an_administrator_says_who_is_told_of_changes() {
    Town::each("told", async |town| {
        let mut root = town.browser("root").await;
        let here = "/desk/admin/subscriptions";
        let secret = "0123456789abcdef";
        let fields = |address: &'static str, secret: &'static str| {
            [
                ("title", "省级养老平台"),
                ("address", address),
                ("signs", "hmac-sha256"),
                ("secret", secret),
                ("registers", "care_institution"),
            ]
        };
        for (address, secret, message) in [
            ("http://10.0.0.1/in", secret, "请用 https"),
            ("https://169.254.169.254/", secret, "内网地址"),
            ("https://example.gov.cn/in", "short", "签名密钥要16到200个"),
        ] {
            let refused = root.post(here, &fields(address, secret)).await;
            assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{address}");
            assert!(refused.text.contains(message) && refused.text.contains(address), "{}", refused.text);
            assert!(!refused.text.contains(secret), "a secret is not said again");
        }
        let made = root.post(here, &fields("https://example.gov.cn/in", secret)).await;
        assert!(made.status.is_redirection(), "{}", made.text);
        let at = made.location().to_owned();
        let page = root.get(&at).await;
        assert!(page.text.contains("正常") && !page.text.contains(secret), "{}", page.text);
        let mut clerk = town.browser("clerk_b").await;
        for closed in [here, at.as_str()] {
            assert_eq!(clerk.get(closed).await.status, StatusCode::NOT_FOUND, "{closed}");
        }

        institution(town, &mut clerk, "12150302MB0000001X", "福康养老院").await;
        let parcel = deliver::claim(&town.office).await.unwrap().unwrap();
        let silent = Outcome { status: None, problem: Some("连接超时".to_owned()), took_ms: 5000 };
        deliver::settle(&town.office, &parcel, &silent).await.unwrap();
        let page = root.get(&at).await;
        assert!(page.text.contains("连接超时") && page.text.contains("正在重试"), "{}", page.text);
        let far = root.post(&at, &[("turn", "replay"), ("after", "99")]).await;
        assert_eq!(far.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", far.text);
        assert!(far.text.contains("之间的事件号"), "{}", far.text);
        let paused = root.post(&at, &[("turn", "pause")]).await;
        assert!(paused.status.is_redirection(), "{}", paused.text);
        assert!(root.get(here).await.text.contains("已暂停"));
        let ended = root.post(&at, &[("turn", "end")]).await;
        assert!(ended.status.is_redirection(), "{}", ended.text);
        assert!(root.get(here).await.text.contains("还没有登记推送"));
        let again = root.post(&at, &[("turn", "resume")]).await;
        assert_eq!(again.status, StatusCode::UNPROCESSABLE_ENTITY, "it has ended: {}", again.text);
    })
    .await;
}
