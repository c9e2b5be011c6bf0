//! The tree of divisions on pages: for everybody in office, changed by two persons, with its past.

use axum::http::StatusCode;
use office::{divisions, releases};

use crate::testing::{Browser, Town};

async fn in_force(town: &Town) {
    let release = catalogue::Release::clone(&town.office.release());
    let release = releases::install(town.office.db(), release, town.office.now()).await.unwrap();
    town.office.put_in_force(release);
    town.staff("policy", town.administrator.division, "prefecture_policy").await;
    town.staff("releaser", town.administrator.division, "prefecture_releaser").await;
}

const DOCUMENT: [(&str, &str); 10] = [
    ("on_year", "2026"),
    ("on_month", "11"),
    ("on_day", "1"),
    ("document_title", "关于同意撤销部分街道的批复"),
    ("document_number", "内政函〔2026〕30号"),
    ("document_on_year", "2026"),
    ("document_on_month", "10"),
    ("document_on_day", "8"),
    ("reason", "人口外迁"),
    ("codes", ""),
];

async fn approved(releaser: &mut Browser, change: &str) {
    let page = releaser.get(change).await;
    assert!(page.text.contains("这次调整涉及的内容和去向"), "{}", page.text);
    let version = page.field("version");
    let done = releaser.post(&format!("{change}/approve"), &[("version", &version)]).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.text);
}

#[tokio::test]
async fn two_persons_merge_two_streets_and_everybody_reads_what_became_of_them() {
    Town::each("divisions_pages", async |town| {
        in_force(town).await;
        let (mut policy, mut releaser) = (town.browser("policy").await, town.browser("releaser").await);
        let mut clerk = town.browser("clerk_b").await;
        let (a, b) = (town.township_a, town.township_b);
        let name = divisions::find(town.office.db(), b).await.unwrap().name;

        // Everybody reads the tree with both schemes of codes; only the city's policy people change it.
        assert_eq!(clerk.get("/desk/divisions").await.status, StatusCode::SEE_OTHER);
        let page = clerk.get(&format!("/desk/divisions/{b}")).await;
        for words in ["统计代码", "150302002", "民政代码", "150302004", "历史沿革", "随配置包导入"]
        {
            assert!(page.text.contains(words), "{words}");
        }
        assert!(!page.text.contains("提出调整"));
        let form = format!("/desk/divisions/{b}/change");
        assert_eq!(clerk.get(&form).await.status, StatusCode::NOT_FOUND);
        assert_eq!(releaser.get(&form).await.status, StatusCode::NOT_FOUND);
        let kinds = policy.get(&form).await;
        assert!(kinds.text.contains("撤乡设镇、撤镇设街道等") && kinds.text.contains("拆分、析置"));
        for kind in ["rename", "relevel", "move", "merge", "split", "end"] {
            let page = policy.get(&format!("{form}?kind={kind}")).await;
            assert!(page.text.contains("批准文件名称"), "{kind}");
        }

        // What is wrong is said, and nothing typed is lost.
        let into = a.to_string();
        let mut fields = vec![("kind", "merge"), ("into", into.as_str())];
        fields.extend(DOCUMENT);
        let early =
            fields.iter().map(|(name, value)| (*name, if *name == "on_year" { "2019" } else { *value }));
        let early = policy.post(&form, &early.collect::<Vec<_>>()).await;
        assert_eq!(early.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(
            early.text.contains("生效日期不能早于文件日期") && early.text.contains("人口外迁"),
            "{}",
            early.text
        );
        let unread = [fields.as_slice(), &[("codes", "一个代码")]].concat();
        let unread: Vec<_> =
            unread.into_iter().filter(|(name, value)| *name != "codes" || !value.is_empty()).collect();
        assert!(policy.post(&form, &unread).await.text.contains("读不懂"));

        let done = policy.post(&form, &fields).await;
        assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.text);
        let change = done.location().to_owned();
        let own = policy.get(&change).await;
        assert!(own.text.contains("须由另一人核对文件后批准") && own.text.contains("撤回"));
        assert_eq!(clerk.get(&change).await.status, StatusCode::NOT_FOUND, "nobody hears of it yet");
        let refused = releaser.post(&format!("{change}/refuse"), &[("version", "1")]).await;
        assert!(refused.text.contains("请写明不予批准的原因"));
        approved(&mut releaser, &change).await;

        // The clerk works at the street that followed, without signing in again.
        let after = clerk.get(&format!("/desk/divisions/{b}")).await;
        for words in ["已撤销", "撤销后归", "内政函〔2026〕30号"] {
            assert!(after.text.contains(words), "{words}");
        }
        let read = clerk.get(&change).await;
        assert!(read.text.contains("已生效") && read.text.contains("另办一次相反的调整"));
        assert!(clerk.get("/desk/division-changes").await.text.contains(&name));
        let people = clerk.get("/desk/people?q=%E8%B5%B5%E6%A1%82%E5%85%B0").await;
        assert!(people.text.contains("赵桂兰"), "what was the other street's is the clerk's too");
        let found = clerk.get("/desk/search?q=150302002").await;
        assert!(found.text.contains("起撤销"), "{}", found.text);
        let sheet = clerk.get(&format!("/desk/divisions/{}/sheet?format=csv", town.county)).await;
        assert!(
            sheet.text.contains("撤销后归") && sheet.text.contains("150302002,150302004"),
            "{}",
            sheet.text
        );
    })
    .await;
}

#[tokio::test]
async fn a_street_is_split_on_the_page_and_may_be_taken_back() {
    Town::each("divisions_split_page", async |town| {
        in_force(town).await;
        let mut policy = town.browser("policy").await;
        let form = format!("/desk/divisions/{}/change", town.township_b);
        let child = format!("child_{}", town.village_b);
        let mut fields = vec![
            ("kind", "split"),
            ("part_0_name", "新设街道"),
            ("part_0_code", "150302099"),
            (child.as_str(), "1"),
        ];
        fields.extend(DOCUMENT);
        let unsaid = policy.post(&form, &fields).await;
        assert!(unsaid.text.contains("请选择原区划保留还是撤销") && unsaid.text.contains("新设街道"));
        fields.push(("keeps", "yes"));
        let done = policy.post(&form, &fields).await;
        assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.text);
        let change = done.location().to_owned();
        let page = policy.get(&change).await;
        assert!(page.text.contains("新设街道，统计代码 150302099"), "{}", page.text);
        let back = policy.post(&format!("{change}/withdraw"), &[("version", "1")]).await;
        assert_eq!(back.status, StatusCode::SEE_OTHER, "{}", back.text);
        assert!(policy.get(&change).await.text.contains("已撤回"));
        // Free again for another.
        let again = policy.post(&form, &fields).await;
        assert_eq!(again.status, StatusCode::SEE_OTHER, "{}", again.text);
        approved(&mut town.browser("releaser").await, again.location()).await;
        let village = divisions::find(town.office.db(), town.village_b).await.unwrap();
        let street = divisions::by_code(town.office.db(), "150302099").await.unwrap();
        assert_eq!(village.parent, Some(street.id));
    })
    .await;
}
