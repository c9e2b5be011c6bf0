//! What pays nothing ends when something better takes its place; what pays does not.

use ledger::{Decision, EntitlementId, Grant, LedgerError, pages, recognitions};
use store::{CaseId, PersonId};
use vocab::{Fen, Month};

use crate::town::{SYSTEM, Town, decision, month, towns};

const CASE: CaseId = CaseId(7);
const PEOPLE: [PersonId; 3] = [PersonId(11), PersonId(12), PersonId(13)];

/// A family of three, recognised.
async fn recognised(town: &Town, from: Month) -> EntitlementId {
    let grant = Grant {
        programme: "marginal".to_owned(),
        exclusion_group: "low_income_family".to_owned(),
        monthly: Fen(0),
        payee: None,
        ..town.family(1, &[11, 12, 13], from, 0)
    };
    town.tx(async |tx| ledger::recognise(tx, &grant, &decision("认定")).await).await.unwrap()
}

fn in_case(reason: &str) -> Decision {
    Decision { case: Some(CASE), ..decision(reason) }
}

async fn members(town: &Town, id: EntitlementId, of: Month) -> Vec<PersonId> {
    pages::members(&town.db, &SYSTEM, id, of).await.unwrap()
}

#[tokio::test]
async fn a_recognition_ends_with_what_takes_its_place() {
    for town in towns("recognition_ends").await {
        let (june, august, september) = (month("2026-06"), month("2026-08"), month("2026-09"));
        let id = recognised(&town, june).await;
        let found =
            recognitions::covering(&town.db, &SYSTEM, "marginal", &PEOPLE[..1], september).await.unwrap();
        assert_eq!((found.len(), found[0].id, &found[0].members[..]), (1, id, &PEOPLE[..]));
        let none = recognitions::covering(&town.db, &SYSTEM, "rigid", &PEOPLE, september).await.unwrap();
        assert!(none.is_empty(), "of this programme alone: {none:?}");

        let granted = town
            .tx(async |tx| {
                recognitions::end(tx, &SYSTEM, id, august, &in_case("纳入低保")).await?;
                let grant = town.family(1, &[11, 12, 13], september, 900);
                ledger::grant(tx, &grant, &in_case("批准")).await
            })
            .await
            .unwrap();
        assert_eq!(members(&town, id, august).await, PEOPLE);
        assert!(members(&town, id, september).await.is_empty());
        let over = recognitions::covering(&town.db, &SYSTEM, "marginal", &PEOPLE, september).await.unwrap();
        assert!(over.is_empty(), "{over:?}");
        let said = recognitions::replaced(&town.db, &SYSTEM, CASE, granted).await.unwrap();
        assert_eq!(said.len(), 1, "{said:?}");
        let one = &said[0];
        assert_eq!((one.last, one.whole, one.reason.as_str()), (august, true, "纳入低保"));
        town.verify().await;
    }
}

/// One of the family gets something alone: the recognition goes on for the others, with a holder of theirs.
#[tokio::test]
async fn one_leaves_a_recognition_that_goes_on_for_the_others() {
    for town in towns("recognition_left").await {
        let (june, august, september) = (month("2026-06"), month("2026-08"), month("2026-09"));
        let id = recognised(&town, june).await;
        let found =
            recognitions::covering(&town.db, &SYSTEM, "marginal", &PEOPLE[..1], september).await.unwrap();
        let granted = town
            .tx(async |tx| {
                let (stay, holder) = (&PEOPLE[1..], PEOPLE[1]);
                recognitions::leave(tx, &SYSTEM, &found[0], september, stay, holder, &in_case("特困供养"))
                    .await?;
                let grant = town.family(1, &[11], september, 900);
                ledger::grant(tx, &grant, &in_case("批准")).await
            })
            .await
            .unwrap();
        assert_eq!(members(&town, id, august).await, PEOPLE);
        assert_eq!(members(&town, id, september).await, PEOPLE[1..]);
        let row = pages::entitlement(&town.db, &SYSTEM, id, september).await.unwrap();
        assert_eq!((row.until, row.holder), (None, PEOPLE[1]));
        let said = recognitions::replaced(&town.db, &SYSTEM, CASE, granted).await.unwrap();
        assert_eq!(said.len(), 1, "{said:?}");
        let one = &said[0];
        assert_eq!((one.last, one.whole, one.reason.as_str()), (august, false, "特困供养"));
        town.verify().await;
    }
}

/// 社会救助法 art. 48: whatever a pack says.
#[tokio::test]
async fn what_pays_is_not_ended_beside_something_else() {
    for town in towns("recognition_money").await {
        let (june, august) = (month("2026-06"), month("2026-08"));
        let id = town.grant(&town.family(1, &[11, 12], june, 900)).await.unwrap();
        let ended =
            town.tx(async |tx| recognitions::end(tx, &SYSTEM, id, august, &in_case("另有待遇")).await).await;
        assert!(matches!(&ended, Err(LedgerError::Refused(said)) if said.contains("听取意见")), "{ended:?}");
        let row = pages::entitlement(&town.db, &SYSTEM, id, august).await.unwrap();
        assert_eq!((row.until, row.monthly), (None, Some(Fen(90_000))));
    }
}
