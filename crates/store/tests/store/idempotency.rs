//! A form sent twice is done once, also at the same moment.

use store::testing::databases;
use store::{IdempotencyKey, Migration, Once, Query, StoreError, prune_idempotency};

const TABLE: Migration =
    Migration { name: "20260101_filing", sql: "CREATE TABLE filing (id {id}, who TEXT NOT NULL)" };

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn twenty_at_once_file_once() {
    for db in databases("once").await {
        db.migrate(&[TABLE]).await.unwrap();
        let key = IdempotencyKey::fresh().unwrap();
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..20 {
            let (db, key) = (db.clone(), key.clone());
            tasks.spawn(async move {
                let tx = db.begin().await.unwrap();
                match tx.once(&key, "person 1").await.unwrap() {
                    Once::Again(answer) => answer,
                    Once::First => {
                        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
                        let id = Query::system("test", "INSERT INTO filing (who) VALUES ('p') RETURNING id")
                            .insert(&tx)
                            .await
                            .unwrap();
                        tx.remember(&key, &id.to_string()).await.unwrap();
                        tx.commit().await.unwrap();
                        id.to_string()
                    }
                }
            });
        }
        let mut answers = Vec::new();
        while let Some(answer) = tasks.join_next().await {
            answers.push(answer.unwrap());
        }
        answers.dedup();
        assert_eq!(answers.len(), 1, "{answers:?}");
        let filed: i64 = Query::system("test", "SELECT count(*) FROM filing").scalar(&db).await.unwrap();
        assert_eq!(filed, 1);
    }
}

#[tokio::test]
async fn a_failed_first_time_frees_the_key() {
    for db in databases("freed").await {
        let key = IdempotencyKey::fresh().unwrap();
        let tx = db.begin().await.unwrap();
        assert_eq!(tx.once(&key, "a").await.unwrap(), Once::First);
        drop(tx);
        let tx = db.begin().await.unwrap();
        assert_eq!(tx.once(&key, "a").await.unwrap(), Once::First);
        tx.remember(&key, "/case/7").await.unwrap();
        tx.commit().await.unwrap();
        let tx = db.begin().await.unwrap();
        assert_eq!(tx.once(&key, "a").await.unwrap(), Once::Again("/case/7".to_owned()));
        // Somebody else's equal key is another key.
        assert_eq!(tx.once(&key, "b").await.unwrap(), Once::First);
        assert!(matches!(
            tx.remember(&IdempotencyKey::fresh().unwrap(), "x").await,
            Err(StoreError::Invalid(_))
        ));
        drop(tx);
        assert_eq!(prune_idempotency(&db, 1).await.unwrap(), 0);
        assert_eq!(prune_idempotency(&db, i64::MAX).await.unwrap(), 1);
    }
}

#[test]
fn keys_are_short_visible_ascii() {
    for good in ["12345678", "a-b_c.d:e/f", &"x".repeat(100)] {
        assert_eq!(good.parse::<IdempotencyKey>().unwrap().as_str(), good);
    }
    for bad in ["", "1234567", "有中文的编号一二三", "with space inside", &"x".repeat(101), "tab\tinside"]
    {
        assert!(bad.parse::<IdempotencyKey>().is_err(), "{bad}");
    }
    assert_ne!(IdempotencyKey::fresh().unwrap(), IdempotencyKey::fresh().unwrap());
}
