//! What the database itself refuses, whoever asks.

use store::{Query, StoreError};

use crate::town::{ACCOUNTANT, month, towns};

#[tokio::test]
async fn the_database_refuses_what_must_never_happen() {
    for town in towns("refuses").await {
        let june = month("2026-06");
        town.grant(&town.family(1, &[11, 12], june, 900)).await.unwrap();
        town.grant(&town.family(2, &[21], june, 500)).await.unwrap();
        let run = town.pay(june).await;
        let next = town.make(june.next()).await.unwrap();
        let run_sql = format!(
            "INSERT INTO payment_run (county_id, programme, month, kind, state, made_by, made_at) \
             VALUES ({}, 'dibao', {}, 'regular', 'making', 1, 1)",
            town.county,
            june.index()
        );
        let approve = format!("UPDATE payment_run SET approved_by = {ACCOUNTANT} WHERE id = {}", next.id);
        let cancel = format!("UPDATE payment_run SET state = 'cancelled' WHERE id = {}", run.id);
        let due = |revision: i64, amount: i64| {
            format!(
                "INSERT INTO due (entitlement_id, month, revision, amount_fen, kind, reason, reference, made_by, made_at) \
                 VALUES (1, {}, {revision}, {amount}, 'arrears', 'x', 'x', 1, 1)",
                june.index()
            )
        };
        let conflict = |error: &StoreError| matches!(error, StoreError::Conflict(_));
        let refused = |error: &StoreError| matches!(error, StoreError::Refused(_));
        type Kind<'a> = &'a dyn Fn(&StoreError) -> bool;
        let cases: Vec<(String, Kind<'_>)> = vec![
            (due(0, 100), &conflict),
            (due(5, -100), &refused),
            ("UPDATE due SET amount_fen = 1".to_owned(), &refused),
            ("DELETE FROM due".to_owned(), &refused),
            ("UPDATE posting SET amount_fen = 1".to_owned(), &refused),
            ("DELETE FROM posting".to_owned(), &refused),
            ("UPDATE journal SET kind = 'dues'".to_owned(), &refused),
            ("DELETE FROM journal".to_owned(), &refused),
            (
                format!(
                    "INSERT INTO coverage (exclusion_group, person_id, month, entitlement_id) \
                     VALUES ('basic_living', 11, {}, 2)",
                    june.index()
                ),
                &conflict,
            ),
            (
                "INSERT INTO attempt (due_id, number, line_id, amount_fen, state) VALUES (1, 1, 1, 1, 'failed')".to_owned(),
                &conflict,
            ),
            (
                "INSERT INTO attempt (due_id, number, line_id, amount_fen, state) VALUES (1, 2, 1, 1, 'open')".to_owned(),
                &conflict,
            ),
            (
                format!(
                    "INSERT INTO payment_line (run_id, entitlement_id, amount_fen, state, reason) \
                     VALUES ({}, 1, 0, 'blocked', 'x')",
                    run.id
                ),
                &conflict,
            ),
            (run_sql, &conflict),
            (approve, &refused),
            (cancel, &refused),
            ("UPDATE payee SET confirmed_by = proposed_by".to_owned(), &refused),
            ("UPDATE entitlement_amount SET amount_fen = -1".to_owned(), &refused),
            (
                "INSERT INTO entitlement_member (entitlement_id, exclusion_group, person_id, from_month, reason, reference, \
                 made_by, recorded_at) VALUES (2, 'basic_living', 11, 30000, 'x', 'x', 1, 1)"
                    .to_owned(),
                &conflict,
            ),
        ];
        for (sql, expected) in cases {
            match Query::system("test", sql.clone()).execute(&town.db).await {
                Ok(changed) => panic!("{sql}: changed {changed}"),
                Err(error) => assert!(expected(&error), "{sql}: {error:?}"),
            }
        }
        town.verify().await;
    }
}
