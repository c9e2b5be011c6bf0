//! 报告家里情况的变化: who has something to report about finds where, and who has nothing reads why.

use axum::http::StatusCode;
use ledger::{AmountCause, Decision, EntitlementId, Grant};
use vocab::{Fen, Month};

use crate::testing::{Town, citizen_id};

fn decision(town: &Town, reason: &str) -> Decision {
    Decision {
        reference: "海民救〔2026〕1号".to_owned(),
        reason: reason.to_owned(),
        case: None,
        determination: None,
        officer: town.administrator.staff,
        at: town.office.now(),
    }
}

/// 赵桂兰's family has this from a month on.
async fn has(town: &Town, programme: &str, from: Month, monthly: Fen) -> EntitlementId {
    let release = town.office.release();
    let grant = Grant {
        programme: programme.to_owned(),
        exclusion_group: release.programmes.get(programme).unwrap().exclusion_group.get().clone(),
        household: town.family_a,
        holder: town.people_a[0],
        members: town.people_a.clone(),
        county: town.county,
        township: town.township_a,
        division: town.village_a,
        from,
        first_due: from,
        until: None,
        monthly,
        cause: AmountCause::Grant,
        payee: None,
        review_due_on: None,
    };
    let tx = town.office.db().begin().await.unwrap();
    let decided = decision(town, "新批准");
    let id = if monthly.is_zero() {
        ledger::recognise(&tx, &grant, &decided).await.unwrap()
    } else {
        ledger::grant(&tx, &grant, &decided).await.unwrap()
    };
    tx.commit().await.unwrap();
    id
}

#[tokio::test]
async fn every_family_finds_where_it_reports_or_reads_why_not() {
    Town::each("change_pages", async |town| {
        let last = citizen_id("1962-03-08", 2).last_four().to_owned();
        let mut citizen = town.citizen(town.people_a[0], &last).await;
        let none = citizen.get("/my/change").await;
        assert!(none.text.contains("没有要报告的") && !none.text.contains("开始报告"), "{}", none.text);

        let month = town.office.now().month();
        let benefit = has(town, "marginal", month, Fen(0)).await;
        let page = citizen.get("/my/change").await;
        let form = format!("/my/apply/marginal_change?benefit={benefit}");
        assert!(page.text.contains(&form) && page.text.contains("开始报告"), "{}", page.text);
        assert_eq!(citizen.get(&form).await.status, StatusCode::OK);

        // What is not told on line is named: to the offices near by, and what is confidential to the county alone.
        has(town, "price_subsidy", month, Fen(3_000)).await;
        let page = citizen.get("/my/change").await;
        assert!(page.text.contains("不在网上报告的") && page.text.contains("当面告诉"), "{}", page.text);
        assert!(!page.text.contains("民政局，不用经过"), "{}", page.text);
        has(town, "infected_child_living", month, Fen(10_000)).await;
        let page = citizen.get("/my/change").await;
        assert!(page.text.contains("请直接告诉县（市、区）民政局，不用经过"), "{}", page.text);
        assert!(page.text.contains(&form), "{}", page.text);

        // Ended with this month: nothing to report about it any more, and its end and the reason stand on the family's page.
        let tx = town.office.db().begin().await.unwrap();
        let ended = decision(town, "纳入低保，不再另作认定");
        let all = store::Scope::System("test");
        ledger::recognitions::end(&tx, &all, benefit, month, &ended).await.unwrap();
        tx.commit().await.unwrap();
        let page = citizen.get("/my/change").await;
        assert!(!page.text.contains("marginal_change"), "{}", page.text);
        let own = citizen.get("/my/cases").await;
        assert!(
            own.text.contains("纳入低保，不再另作认定") && own.text.contains(&month.zh()),
            "{}",
            own.text
        );

        has(town, "rigid", month.next(), Fen(0)).await;
        let page = citizen.get("/my/change").await;
        assert!(page.text.contains("/my/apply/rigid_change?benefit="), "{}", page.text);
    })
    .await;
}
