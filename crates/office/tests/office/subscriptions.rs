//! Other systems are told what becomes of records: in order, signed, again until it arrives, and of nothing that they did not subscribe.

use office::OfficeError;
use office::access::{Actor, ManageExchange};
use office::subscriptions::address::Reach;
use office::subscriptions::deliver::{GIVEN_UP_MS, Outcome, Parcel, claim, settle, signature};
use office::subscriptions::{
    self, NewSubscription, Signs, SubscriptionId, SubscriptionView, Turn, create_in, turn_in,
};
use serde_json::Value;
use store::Query;

use crate::records::shelter;
use crate::town::{HOUR, Town, grant, towns};

const SECRET: &str = "0123456789abcdef";

async fn subscribed(town: &Town, actor: &Actor, registers: &[&str]) -> Result<SubscriptionId, OfficeError> {
    subscriptions::ready(&town.office).await.unwrap();
    let new = NewSubscription {
        title: "省级养老平台",
        address: "https://example.gov.cn/receive",
        registers: registers.iter().map(|id| (*id).to_owned()).collect(),
        signs: Signs::Sm3,
        secret: SECRET,
    };
    let tx = town.office.db().begin().await.unwrap();
    let id = create_in(&town.office, &tx, &grant(actor), &new, &Reach::default()).await?;
    tx.commit().await.unwrap();
    Ok(id)
}

async fn turned(town: &Town, actor: &Actor, id: SubscriptionId, turn: Turn<'_>) -> Result<(), OfficeError> {
    let tx = town.office.db().begin().await.unwrap();
    turn_in(&town.office, &tx, &grant(actor), id, turn).await?;
    tx.commit().await.unwrap();
    Ok(())
}

async fn seen(town: &Town, actor: &Actor, id: SubscriptionId) -> SubscriptionView {
    subscriptions::page(&town.office, &grant::<ManageExchange>(actor), id, None, 50).await.unwrap().0
}

fn answered(status: u16) -> Outcome {
    Outcome { status: Some(status), problem: None, took_ms: 5 }
}

/// The records of a message, in the order in which it tells of them.
fn told(parcel: &Parcel) -> Vec<i64> {
    let body: Value = serde_json::from_str(&parcel.body).unwrap();
    body["events"].as_array().unwrap().iter().map(|event| event["record"].as_i64().unwrap()).collect()
}

fn head<'a>(parcel: &'a Parcel, name: &str) -> &'a str {
    &parcel.heads.iter().find(|(known, _)| *known == name).unwrap().1
}

#[tokio::test]
async fn what_happens_is_told_in_order_until_it_arrives() {
    for town in towns("subscriptions").await {
        let (here, next) = (town.clerk(town.hedong).await, town.clerk(town.hexi).await);
        let it = town.actor("exchange", town.county, &["administrator"]).await;
        let old = shelter(&town, &here, "A0", "990101001001", "30").await;
        let id = subscribed(&town, &it, &["shelter"]).await.unwrap();
        assert!(claim(&town.office).await.unwrap().is_none(), "nothing of what was before");
        let first = shelter(&town, &here, "A1", "990101001001", "30").await;
        let second = shelter(&town, &next, "A2", "990101002001", "30").await;

        let parcel = claim(&town.office).await.unwrap().unwrap();
        assert_eq!(parcel.address, "https://example.gov.cn/receive");
        assert_eq!(told(&parcel), [first.0, second.0]);
        assert!(!parcel.body.contains("养老院"), "nothing of what is in a record: {}", parcel.body);
        let signed = signature(Signs::Sm3, SECRET, head(&parcel, "huimin-timestamp"), &parcel.body);
        assert_eq!(head(&parcel, "huimin-signature"), format!("hmac-sm3={signed}"));
        assert!(claim(&town.office).await.unwrap().is_none(), "it is on its way");

        // It does not arrive: the same again, later and later.
        settle(&town.office, &parcel, &answered(503)).await.unwrap();
        assert!(claim(&town.office).await.unwrap().is_none());
        town.pass(31_000);
        let again = claim(&town.office).await.unwrap().unwrap();
        assert_eq!((told(&again), &again.body), (told(&parcel), &parcel.body));
        let silent = Outcome { status: None, problem: Some("连接超时".to_owned()), took_ms: 5000 };
        settle(&town.office, &again, &silent).await.unwrap();
        town.pass(31_000);
        assert!(claim(&town.office).await.unwrap().is_none(), "the second wait is longer");
        town.pass(31_000);
        // A worker that died is waited for, not for ever.
        let lost = claim(&town.office).await.unwrap().unwrap();
        assert!(claim(&town.office).await.unwrap().is_none());
        town.pass(HOUR);
        let found = claim(&town.office).await.unwrap().unwrap();
        assert_eq!(told(&found), told(&lost));
        settle(&town.office, &found, &answered(200)).await.unwrap();
        assert!(claim(&town.office).await.unwrap().is_none());

        // Everything stands in the log; and from the beginning, on demand.
        let reader = grant::<ManageExchange>(&it);
        let (view, log) = subscriptions::page(&town.office, &reader, id, None, 50).await.unwrap();
        let statuses: Vec<Option<i64>> = log.rows.iter().map(|one| one.status).collect();
        assert_eq!(statuses, [Some(200), None, Some(503)]);
        assert_eq!(log.rows[1].problem.as_deref(), Some("连接超时"));
        assert_eq!((view.tries, view.failing_since), (0, None));
        let far = turned(&town, &it, id, Turn::Replay(view.sent_seq + 1)).await;
        assert!(matches!(far, Err(OfficeError::Invalid(_))), "{far:?}");
        turned(&town, &it, id, Turn::Replay(1)).await.unwrap();
        let replayed = claim(&town.office).await.unwrap().unwrap();
        assert_eq!(told(&replayed), [first.0, second.0]);
        // Begun again meanwhile: what arrives late moves nothing.
        turned(&town, &it, id, Turn::Replay(0)).await.unwrap();
        settle(&town.office, &replayed, &answered(200)).await.unwrap();
        assert_eq!(seen(&town, &it, id).await.sent_seq, 0);
        let whole = claim(&town.office).await.unwrap().unwrap();
        assert_eq!(told(&whole), [old.0, first.0, second.0]);

        // Sealed in the database.
        let sealed: Vec<u8> = Query::system("test", "SELECT secret_sealed FROM subscription")
            .scalar(town.office.db())
            .await
            .unwrap();
        assert!(!String::from_utf8_lossy(&sealed).contains(SECRET));
    }
}

#[tokio::test]
async fn nobody_is_told_of_other_places_or_registers() {
    for town in towns("subscriptions_area").await {
        let here = town.clerk(town.hedong).await;
        let next = town.clerk(town.hexi).await;
        let it = town.actor("exchange", town.hexi, &["administrator"]).await;
        let other = town.actor("it2", town.other_county, &["administrator"]).await;
        let unknown = subscribed(&town, &it, &["nothing"]).await;
        assert!(matches!(unknown, Err(OfficeError::Invalid(_))), "{unknown:?}");
        let id = subscribed(&town, &it, &["shelter"]).await.unwrap();
        let deaf = subscribed(&town, &other, &["shelter"]).await.unwrap();
        shelter(&town, &here, "A1", "990101001001", "30").await;
        assert!(claim(&town.office).await.unwrap().is_none(), "another township's");
        let own = shelter(&town, &next, "A2", "990101002001", "30").await;
        let parcel = claim(&town.office).await.unwrap().unwrap();
        assert_eq!((parcel.subscription, told(&parcel)), (id, vec![own.0]));
        settle(&town.office, &parcel, &answered(200)).await.unwrap();
        // Of a subscription of another place one sees nothing.
        let reader = grant::<ManageExchange>(&it);
        let hidden = subscriptions::page(&town.office, &reader, deaf, None, 50).await;
        assert!(matches!(hidden, Err(OfficeError::NotFound(_))), "{hidden:?}");
        assert!(matches!(turned(&town, &it, deaf, Turn::End).await, Err(OfficeError::NotFound(_))));
        assert_eq!(subscriptions::list(&town.office, &reader).await.unwrap().len(), 1);
        let clerk = here.grant::<ManageExchange>();
        assert!(clerk.is_err(), "the administrator's");
    }
}

#[tokio::test]
async fn what_fails_for_days_is_given_up_and_goes_on_where_it_stopped() {
    for town in towns("subscriptions_dead").await {
        let here = town.clerk(town.hedong).await;
        let it = town.actor("exchange", town.county, &["administrator"]).await;
        let id = subscribed(&town, &it, &["shelter"]).await.unwrap();
        let first = shelter(&town, &here, "A1", "990101001001", "30").await;
        let failed = claim(&town.office).await.unwrap().unwrap();
        settle(&town.office, &failed, &answered(500)).await.unwrap();
        town.pass(GIVEN_UP_MS - HOUR);
        let failed = claim(&town.office).await.unwrap().unwrap();
        settle(&town.office, &failed, &answered(302)).await.unwrap();
        assert_eq!(seen(&town, &it, id).await.state, "active", "a redirection has not arrived; not yet days");
        town.pass(2 * HOUR);
        let failed = claim(&town.office).await.unwrap().unwrap();
        settle(&town.office, &failed, &answered(500)).await.unwrap();
        assert_eq!(seen(&town, &it, id).await.state, "dead");
        let noted = "SELECT count(*) FROM audit WHERE action = 'subscription.given_up'";
        assert_eq!(Query::system("test", noted).scalar::<i64>(town.office.db()).await.unwrap(), 1);
        town.pass(HOUR);
        assert!(claim(&town.office).await.unwrap().is_none());
        let second = shelter(&town, &here, "A2", "990101001001", "30").await;
        turned(&town, &it, id, Turn::Resume).await.unwrap();
        let parcel = claim(&town.office).await.unwrap().unwrap();
        assert_eq!(told(&parcel), [first.0, second.0]);
        settle(&town.office, &parcel, &answered(204)).await.unwrap();
        turned(&town, &it, id, Turn::Pause).await.unwrap();
        let third = shelter(&town, &here, "A3", "990101001001", "30").await;
        assert!(claim(&town.office).await.unwrap().is_none());
        turned(&town, &it, id, Turn::Resume).await.unwrap();
        turned(&town, &it, id, Turn::Secret("another-secret-of-ours")).await.unwrap();
        let parcel = claim(&town.office).await.unwrap().unwrap();
        assert_eq!(told(&parcel), [third.0]);
        let second = head(&parcel, "huimin-timestamp");
        let signed = signature(Signs::Sm3, "another-secret-of-ours", second, &parcel.body);
        assert_eq!(head(&parcel, "huimin-signature"), format!("hmac-sm3={signed}"));
        turned(&town, &it, id, Turn::End).await.unwrap();
        settle(&town.office, &parcel, &answered(500)).await.unwrap();
        assert!(matches!(turned(&town, &it, id, Turn::Resume).await, Err(OfficeError::Conflict(_))));
        assert_eq!(seen(&town, &it, id).await.state, "ended");
    }
}
