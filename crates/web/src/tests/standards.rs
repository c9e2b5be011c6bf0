//! Standards on pages: two persons, and who may see them.

use axum::http::StatusCode;
use office::releases;

use crate::testing::Town;

async fn in_force(town: &Town) {
    let release = catalogue::Release::clone(&town.office.release());
    let release = releases::install(town.office.db(), release, town.office.now()).await.unwrap();
    town.office.put_in_force(release);
}

#[tokio::test]
async fn a_standard_is_changed_by_two_persons_who_see_the_difference() {
    Town::each("standards_pages", async |town| {
        in_force(town).await;
        let prefecture = town.administrator.division;
        town.staff("policy", prefecture, "prefecture_policy").await;
        town.staff("releaser", prefecture, "prefecture_releaser").await;
        let (mut policy, mut releaser) = (town.browser("policy").await, town.browser("releaser").await);
        let list = policy.get("/desk/standards?on=2026-11-01").await;
        assert_eq!(list.status, StatusCode::OK);
        assert!(list.text.contains("/desk/standards/dibao_standard"), "{}", list.text);
        assert!(policy.get("/desk/standards/dibao_standard").await.text.contains("拟定变更"));

        let division = prefecture.to_string();
        let fields = [
            ("_key", "standard-change-0001"),
            ("division", division.as_str()),
            ("value", "999"),
            ("from_year", "2027"),
            ("from_month", "1"),
            ("from_day", "1"),
            ("document_title", "关于提高低保标准的通知"),
            ("document_number", "乌海民发〔2026〕99号"),
            ("reason", "省里提标"),
        ];
        let address = "/desk/standards/dibao_standard/change";
        let empty = policy.post(address, &[("division", &division)]).await;
        assert_eq!(empty.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(empty.text.contains("请填写日期"));
        let wrong = [&fields[1..2], &[("value", "很多")], &fields[3..]].concat();
        let wrong = policy.post(address, &wrong).await;
        assert!(wrong.text.contains("不是数"), "{}", wrong.text);
        assert!(wrong.text.contains("省里提标"), "what was typed is kept");
        // The releaser proposes nothing.
        assert_eq!(releaser.post(address, &fields).await.status, StatusCode::NOT_FOUND);

        let done = policy.post(address, &fields).await;
        assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.text);
        let change = done.location().to_owned();
        assert_eq!(policy.post(address, &fields).await.location(), change, "sent twice, proposed once");
        let own = policy.get(&change).await;
        assert!(own.text.contains("须由另一人核对"));
        assert!(!own.text.contains("核对无误，发布"));
        assert_eq!(
            policy.post(&format!("{change}/release"), &[("version", "1")]).await.status,
            StatusCode::NOT_FOUND
        );

        let page = releaser.get(&change).await;
        assert!(page.text.contains("变更前") && page.text.contains("变更后") && page.text.contains("999"));
        let version = page.field("version");
        let without = releaser.post(&format!("{change}/refuse"), &[("version", &version)]).await;
        assert_eq!(without.status, StatusCode::UNPROCESSABLE_ENTITY);
        let key = [("_key", "release-0001-abcdef"), ("version", version.as_str())];
        let released = releaser.post(&format!("{change}/release"), &key).await;
        assert_eq!(released.status, StatusCode::SEE_OTHER, "{}", released.text);
        assert_eq!(releaser.post(&format!("{change}/release"), &key).await.status, StatusCode::SEE_OTHER);
        let later = policy.get("/desk/standards?on=2027-01-02").await;
        assert!(later.text.contains("999") && later.text.contains("乌海民发〔2026〕99号"));
        assert!(policy.get("/desk/standards/dibao_standard").await.text.contains("尚未开始"));
    })
    .await;
}

#[tokio::test]
async fn rows_of_a_table_are_entered_together_and_released_by_another() {
    Town::each("table_pages", async |town| {
        in_force(town).await;
        let prefecture = town.administrator.division;
        town.staff("policy", prefecture, "prefecture_policy").await;
        town.staff("releaser", prefecture, "prefecture_releaser").await;
        let (mut policy, mut releaser) = (town.browser("policy").await, town.browser("releaser").await);
        let list = policy.get("/desk/standards?on=2026-11-01").await;
        for words in ["按类别规定的标准", "/desk/standards/tekun_basic?", "城市分散供养", "1750"]
        {
            assert!(list.text.contains(words), "{words}: {}", list.text);
        }
        let history = policy.get("/desk/standards/tekun_basic").await;
        for words in ["农村集中供养", "1600", "1650", "特困人员基本生活标准达到每人每月1600元", "拟定变更"]
        {
            assert!(history.text.contains(words), "{words}: {}", history.text);
        }
        let address = "/desk/standards/tekun_basic/change";
        let form = policy.get(address).await;
        for words in [
            "value-tekun_basic-urban_home",
            "value-tekun_basic-rural_home",
            "现行 1750",
            "同一份文件还规定了别的标准",
        ] {
            assert!(form.text.contains(words), "{words}: {}", form.text);
        }
        let division = prefecture.to_string();
        let document = [
            ("division", division.as_str()),
            ("from_year", "2027"),
            ("from_month", "1"),
            ("from_day", "1"),
            ("document_title", "关于提高特困人员标准的通知"),
            ("document_number", "乌海民发〔2026〕101号"),
            ("reason", "省里提标"),
        ];
        let empty = policy.post(address, &document).await;
        assert_eq!(empty.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(empty.text.contains("请至少填写一项新的数值"), "{}", empty.text);
        let many = [("value-tekun_basic-urban_home", "很多"), ("value-tekun_basic-rural_home", "999999")];
        let wrong = policy.post(address, &[&document[..], &many].concat()).await;
        assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(wrong.text.contains("不是数") && wrong.text.contains("超出允许的范围"), "{}", wrong.text);
        assert_eq!(wrong.field("value-tekun_basic-urban_home"), "很多", "what was typed is kept");
        let one = [("value-tekun_basic-urban_home", "999999")];
        let one = policy.post(address, &[&document[..], &one].concat()).await;
        assert!(one.text.contains("超出允许的范围（50 到 20000"), "{}", one.text);

        // The same document raises 低保 too: three lines, one proposal.
        let both = "/desk/standards/tekun_basic,dibao_standard/change";
        let added = policy.get(&format!("{address}?add=dibao_standard")).await;
        assert!(added.text.contains(both) && added.text.contains("value-dibao_standard"), "{}", added.text);
        for nothing in ["rule:dibao:amount,dibao_standard", "tekun_basic,nothing", "nothing", "tekun_basic,"]
        {
            let seen = policy.get(&format!("/desk/standards/{nothing}/change")).await;
            assert_eq!(seen.status, StatusCode::NOT_FOUND, "{nothing}");
        }
        let right = [
            ("_key", "table-change-0001"),
            ("value-tekun_basic-urban_home", "1900"),
            ("value-tekun_basic-rural_home", "1800"),
            ("value-dibao_standard", "998"),
        ];
        let fields = [&document[..], &right].concat();
        assert_eq!(releaser.post(both, &fields).await.status, StatusCode::NOT_FOUND);
        let done = policy.post(both, &fields).await;
        assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.text);
        let change = done.location().to_owned();
        assert_eq!(policy.post(both, &fields).await.location(), change, "sent twice, proposed once");
        let waits = policy.get("/desk/standards?on=2026-11-01").await;
        assert!(waits.text.contains("待发布：1900"), "{}", waits.text);
        let changes = releaser.get("/desk/standard-changes").await;
        assert!(changes.text.contains("等 3 项"), "{}", changes.text);
        assert_eq!(changes.text.matches("href=\"/desk/standard-changes/").count(), 1, "{}", changes.text);
        let page = releaser.get(&change).await;
        for words in ["等 3 项", "城市分散供养：2027-01-01 起的变化", "1750", "1900", "1800", "998"]
        {
            assert!(page.text.contains(words), "{words}: {}", page.text);
        }
        let key = [("_key", "table-release-0001"), ("version", &page.field("version"))];
        let released = releaser.post(&format!("{change}/release"), &key).await;
        assert_eq!(released.status, StatusCode::SEE_OTHER, "{}", released.text);
        let later = policy.get("/desk/standards?on=2027-01-02").await;
        for words in ["1900", "1800", "998", "乌海民发〔2026〕101号"] {
            assert!(later.text.contains(words), "{words}: {}", later.text);
        }
        let history = policy.get("/desk/standards/tekun_basic").await;
        assert!(history.text.contains("尚未开始") && history.text.contains("1900"), "{}", history.text);
        let read = town.visitor().get("/programmes/tekun").await;
        assert!(read.text.contains("乌海民发〔2026〕101号"), "{}", read.text);
    })
    .await;
}

#[tokio::test]
async fn a_rule_is_changed_by_two_persons_who_see_both_texts() {
    Town::each("rule_pages", async |town| {
        in_force(town).await;
        let prefecture = town.administrator.division;
        town.staff("policy", prefecture, "prefecture_policy").await;
        town.staff("releaser", prefecture, "prefecture_releaser").await;
        let (mut policy, mut releaser) = (town.browser("policy").await, town.browser("releaser").await);
        let address = "/desk/standards/rule:dibao:definition.countable_income/change";
        let form = policy.get(address).await;
        assert_eq!(form.status, StatusCode::OK, "{}", form.text);
        assert!(
            form.text.contains("greatest(gross_income - rigid_deduction, 0)"),
            "the present text is there"
        );
        for nothing in ["rule:dibao:condition.nothing", "rule:nothing:amount", "rule:dibao"] {
            let seen = policy.get(&format!("/desk/standards/{nothing}/change")).await;
            assert_eq!(seen.status, StatusCode::NOT_FOUND, "{nothing}");
        }
        let division = prefecture.to_string();
        let fields = [
            ("_key", "rule-change-0001"),
            ("division", division.as_str()),
            ("value", "greatest(gross_income - rigid_deduction - 50, 0)"),
            ("from_year", "2027"),
            ("from_month", "1"),
            ("from_day", "1"),
            ("document_title", "关于完善低保家庭收入计算办法的通知"),
            ("document_number", "乌海民发〔2026〕100号"),
            ("reason", "每户另扣 50 元"),
        ];
        let wrong = [&fields[1..2], &[("value", "gross_incme - 50")], &fields[3..]].concat();
        let wrong = policy.post(address, &wrong).await;
        assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(wrong.text.contains("gross_incme - 50"), "what was typed is kept");
        let done = policy.post(address, &fields).await;
        assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.text);
        let change = done.location().to_owned();
        let page = releaser.get(&change).await;
        assert!(page.text.contains("规则变更") && page.text.contains("变更前"), "{}", page.text);
        assert!(page.text.contains("rigid_deduction, 0)") && page.text.contains("rigid_deduction - 50, 0)"));
        let key = [("_key", "rule-release-0001"), ("version", &page.field("version"))];
        let released = releaser.post(&format!("{change}/release"), &key).await;
        assert_eq!(released.status, StatusCode::SEE_OTHER, "{}", released.text);
        let read = town.visitor().get("/programmes/dibao").await;
        assert!(
            read.text.contains("规则的历次改动") && read.text.contains("乌海民发〔2026〕100号"),
            "{}",
            read.text
        );
    })
    .await;
}

#[tokio::test]
async fn standards_and_numbers_open_to_those_who_have_to_do_with_them() {
    Town::each("standards_rights", async |town| {
        town.staff("worker", town.village_a, "village_worker").await;
        let mut worker = town.browser("worker").await;
        for path in ["/desk/standards", "/desk/figures", "/desk/standard-changes", "/desk/figures/cases"] {
            assert_eq!(worker.get(path).await.status, StatusCode::NOT_FOUND, "{path}");
        }
        let mut clerk = town.browser("clerk_a").await;
        for path in [
            "/desk/standards",
            "/desk/figures",
            "/desk/figures/paid",
            "/desk/figures/cases",
            "/desk/figures/families",
        ] {
            assert_eq!(clerk.get(path).await.status, StatusCode::OK, "{path}");
        }
        // Another township's numbers and standards are not there.
        for path in ["/desk/figures", "/desk/standards", "/desk/figures/cases", "/desk/figures/paid"] {
            let other = clerk.get(&format!("{path}?division={}", town.township_b)).await;
            assert_eq!(other.status, StatusCode::NOT_FOUND, "{path}");
        }
        // No right to propose: neither the page nor the deed.
        let address = "/desk/standards/dibao_standard/change";
        assert_eq!(clerk.get(address).await.status, StatusCode::NOT_FOUND);
    })
    .await;
}

#[tokio::test]
async fn the_map_stands_beside_its_table_and_the_sheet_goes_out() {
    Town::each("figures_pages", async |town| {
        town.staff("policy", town.administrator.division, "prefecture_policy").await;
        let mut policy = town.browser("policy").await;
        let page = policy.get("/desk/figures?month=2026-11").await;
        assert!(page.text.contains("chart--map") && page.text.contains("海勃湾区"));
        assert!(page.text.contains("统计报表，截至"), "figures say of when they are");
        let sheet = policy.get("/desk/figures/sheet?month=2026-11&format=csv").await;
        assert_eq!(sheet.status, StatusCode::OK);
        assert!(sheet.text.contains("海勃湾区") && sheet.text.contains("城市户数"));
        assert_eq!(policy.get("/desk/figures/cases/sheet?format=csv").await.status, StatusCode::OK);
    })
    .await;
}

/// From the figures of a month to its list, page by page and hand by hand.
#[tokio::test]
async fn a_month_of_risen_prices_goes_through_its_pages() {
    Town::each("month_pages", async |town| {
        in_force(town).await;
        let prefecture = town.administrator.division;
        town.staff("policy", prefecture, "prefecture_policy").await;
        town.staff("releaser", prefecture, "prefecture_releaser").await;
        town.staff("accountant", town.county, "county_accountant").await;
        let place = (town.township_a, town.village_a);
        super::money::benefit(town, town.family_a, &town.people_a, place, 90_000, "6222020603001234567")
            .await;
        let (mut policy, mut releaser) = (town.browser("policy").await, town.browser("releaser").await);
        let mut accountant = town.browser("accountant").await;
        let form = policy.get("/desk/month-figures").await;
        assert!(
            form.text.contains("居民消费价格当月同比涨幅") && form.text.contains("从文件录入"),
            "{}",
            form.text
        );
        assert!(!releaser.get("/desk/month-figures").await.text.contains("录入一个月的数"));
        let wrong = [
            ("month", "2026-07"),
            ("cpi_rise", "三"),
            ("document_title", "价格月报"),
            ("document_number", "7号"),
        ];
        let wrong = policy.post("/desk/month-figures", &wrong).await;
        assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(wrong.text.contains("不是数"), "{}", wrong.text);
        let right = [
            ("month", "2026-07"),
            ("cpi_rise", "3.6"),
            ("document_title", "价格月报"),
            ("document_number", "7号"),
        ];
        assert_eq!(policy.post("/desk/month-figures", &right).await.status, StatusCode::SEE_OTHER);
        let waits = policy.get("/desk/month-figures").await;
        assert!(
            waits.text.contains("须由另一人对照文件复核") && !waits.text.contains("复核同意"),
            "{}",
            waits.text
        );
        let seen = releaser.get("/desk/month-figures").await;
        let change = seen.field("change");
        let released = releaser.post("/desk/month-figures/release", &[("change", &change)]).await;
        assert_eq!(released.status, StatusCode::SEE_OTHER, "{}", released.text);
        assert!(policy.get("/desk/month-figures").await.text.contains("3.6"));

        let not = accountant.get("/desk/month-lists?month=2026-08").await;
        assert!(not.text.contains("没有达到") && !not.text.contains("造2026年8月的名册"), "{}", not.text);
        let refused = accountant
            .post("/desk/month-lists", &[("programme", "price_subsidy"), ("month", "2026-08")])
            .await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        let set_off = accountant.get("/desk/month-lists?month=2026-11").await;
        assert!(
            set_off.text.contains("造2026年11月的名册") && set_off.text.contains("社会救助法"),
            "{}",
            set_off.text
        );
        let made = accountant
            .post("/desk/month-lists", &[("programme", "price_subsidy"), ("month", "2026-11")])
            .await;
        assert_eq!(made.status, StatusCode::SEE_OTHER, "{}", made.text);
        let list = made.location().to_owned();
        super::money::work(town).await;
        let page = accountant.get(&list).await;
        // 960 × 4.2%, three persons.
        assert!(
            page.text.contains("3 人、1 笔") && page.text.contains("120.96") && page.text.contains("赵桂兰"),
            "{}",
            page.text
        );
        let run = page.text.split("/desk/payments/").nth(1).unwrap().split('"').next().unwrap().to_owned();
        let run = accountant.get(&format!("/desk/payments/{run}")).await;
        assert!(
            run.text.contains("价格临时补贴 2026年11月月度发放") && run.text.contains("名册"),
            "{}",
            run.text
        );
        let sheet = accountant.get(&format!("{list}/sheet?format=csv")).await;
        assert!(sheet.text.contains("赵桂兰") && sheet.text.contains("40.32"), "{}", sheet.text);
        let report = policy.get("/desk/month-lists/sheet?format=csv").await;
        assert!(report.text.contains("2026年11月,海勃湾区,价格临时补贴,3,1,120.96"), "{}", report.text);
    })
    .await;
}

#[tokio::test]
async fn next_years_standard_is_proposed_on_its_page() {
    Town::each("standards_next", async |town| {
        in_force(town).await;
        town.staff("policy", town.administrator.division, "prefecture_policy").await;
        let mut policy = town.browser("policy").await;
        let page = policy.get("/desk/standards/next").await;
        assert_eq!(page.status, StatusCode::OK);
        for words in ["测算的建议", "取整到元", "各年对照", "上年度一般公共预算收入", "用建议的数测算"]
        {
            assert!(page.text.contains(words), "{words}: {}", page.text);
        }
    })
    .await;
}
