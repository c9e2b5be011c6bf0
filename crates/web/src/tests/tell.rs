//! What anybody tells on the open site.

use axum::http::StatusCode;
use office::divisions;

use crate::testing::Town;

/// 社会救助法 art. 63: nobody signs in to complain; a number is given, and only by it one reads what became of it.
#[tokio::test]
async fn anybody_complains_and_asks_after_it_by_number() {
    Town::each("tell", async |town| {
        let mut anybody = town.visitor();
        let services = anybody.get("/services").await;
        assert!(services.text.contains("/tell?register=aid_complaint"), "{}", services.text);
        let page = anybody.get("/tell?register=aid_complaint").await;
        assert!(page.status.is_success() && page.text.contains("反映什么"), "{}", page.text);
        assert!(!page.text.contains("承办人"), "what the office writes is not asked");
        let village = divisions::find(town.office.db(), town.village_a).await.unwrap().code;
        let said = [
            ("_register", "aid_complaint"),
            ("about", "family"),
            ("place", village.as_str()),
            ("what", "家里有两套房"),
            ("_seen", "target"),
        ];
        // A name is asked for once somebody says that they give it.
        let named = [&said[..], &[("named", "yes")]].concat();
        let more = anybody.post("/tell", &named).await;
        assert!(more.text.contains("请补齐新出现的内容"), "{}", more.text);
        let unnamed = [&said[..], &[("named", "no")]].concat();
        let sent = anybody.post("/tell", &unnamed).await;
        assert_eq!(sent.status, StatusCode::OK, "{}", sent.text);
        let number: String = sent
            .text
            .split("id=\"number\">")
            .nth(1)
            .and_then(|rest| rest.split('<').next())
            .unwrap()
            .to_owned();
        assert_eq!(number.chars().filter(char::is_ascii_digit).count(), 16, "{number}");
        let asked = [("_register", "aid_complaint"), ("_number", number.as_str())];
        let answer = anybody.post("/tell/answer", &asked).await;
        assert!(answer.text.contains("已收到") && !answer.text.contains("两套房"), "{}", answer.text);
        let wrong = [("_register", "aid_complaint"), ("_number", "0000000000000000")];
        let nothing = anybody.post("/tell/answer", &wrong).await;
        assert!(nothing.text.contains("没有这个编号"), "{}", nothing.text);
        let closed = anybody.get("/tell?register=need_report").await;
        assert_eq!(closed.status, StatusCode::NOT_FOUND);
    })
    .await;
}
