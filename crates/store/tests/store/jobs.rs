//! The queue: each job is taken by one worker, survives its worker, and ends once.

use std::collections::BTreeSet;

use store::jobs::{
    ATTEMPTS_MAX, Beat, JobState, STALE_AFTER_MS, claim, enqueue, enqueue_at, enqueue_single, job,
    prune_jobs, request_cancel,
};
use store::testing::databases;
use store::{Db, JobId, Query, StoreError};

async fn put(db: &Db, kind: &str, count: usize) -> Vec<JobId> {
    let tx = db.begin().await.unwrap();
    let mut ids = Vec::new();
    for number in 0..count {
        ids.push(enqueue(&tx, kind, &number.to_string(), Some(10)).await.unwrap());
    }
    tx.commit().await.unwrap();
    ids
}

/// The worker's process died a while ago.
async fn age(db: &Db, id: JobId) {
    Query::system("test", "UPDATE job SET heartbeat_at = heartbeat_at - ? WHERE id = ?")
        .bind(STALE_AFTER_MS + 1000)
        .bind(id)
        .execute_one(db)
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_job_is_taken_twice() {
    for db in databases("taken").await {
        let ids: BTreeSet<JobId> = put(&db, "letter", 60).await.into_iter().collect();
        put(&db, "other", 1).await;
        let mut tasks = tokio::task::JoinSet::new();
        for worker in 0..6 {
            let db = db.clone();
            tasks.spawn(async move {
                let mut taken = Vec::new();
                while let Some(claim) =
                    claim(&db, &["letter", "run"], &format!("worker {worker}")).await.unwrap()
                {
                    taken.push(claim.job.id);
                    tokio::task::yield_now().await;
                    claim.finished(&db, "done").await.unwrap();
                }
                taken
            });
        }
        let mut taken = Vec::new();
        while let Some(part) = tasks.join_next().await {
            taken.extend(part.unwrap());
        }
        assert_eq!(taken.len(), 60);
        assert_eq!(taken.into_iter().collect::<BTreeSet<_>>(), ids);
        assert!(claim(&db, &["letter"], "w").await.unwrap().is_none());
        assert!(claim(&db, &[], "w").await.unwrap().is_none());
        assert!(claim(&db, &["other"], "w").await.unwrap().is_some());
    }
}

#[tokio::test]
async fn a_job_goes_with_the_transaction_that_wants_it() {
    for db in databases("wanted").await {
        let tx = db.begin().await.unwrap();
        enqueue(&tx, "run", "{}", None).await.unwrap();
        drop(tx);
        assert!(claim(&db, &["run"], "w").await.unwrap().is_none());
        let tx = db.begin().await.unwrap();
        enqueue_at(&tx, "run", "later", None, i64::MAX).await.unwrap();
        let single = enqueue_single(&tx, "sweep", "2026-11", None).await.unwrap();
        assert_eq!(enqueue_single(&tx, "sweep", "2026-11", None).await.unwrap(), single);
        assert_ne!(enqueue_single(&tx, "sweep", "2026-12", None).await.unwrap(), single);
        tx.commit().await.unwrap();
        assert!(claim(&db, &["run"], "w").await.unwrap().is_none());
    }
}

#[tokio::test]
async fn progress_is_seen_and_the_outcome_stays() {
    for db in databases("progress").await {
        let id = put(&db, "run", 1).await[0];
        let claim = claim(&db, &["run"], "w").await.unwrap().unwrap();
        assert_eq!((claim.job.id, claim.job.attempts, claim.job.payload.as_str()), (id, 1, "0"));
        assert_eq!(claim.beat(&db).await.unwrap(), Beat::GoOn);
        let tx = db.begin().await.unwrap();
        assert_eq!(claim.progress(&tx, 4, None).await.unwrap(), Beat::GoOn);
        drop(tx);
        assert_eq!(job(&db, id).await.unwrap().done, 0, "progress belongs to the batch");
        claim.progress(&db, 4, None).await.unwrap();
        let seen = job(&db, id).await.unwrap();
        assert_eq!((seen.state, seen.done, seen.total), (JobState::Running, 4, Some(10)));
        claim.progress(&db, 5, Some(20)).await.unwrap();
        claim.finished(&db, "付 5 户").await.unwrap();
        let seen = job(&db, id).await.unwrap();
        assert_eq!(
            (seen.state, seen.total, seen.outcome.as_deref()),
            (JobState::Done, Some(20), Some("付 5 户"))
        );
        assert!(seen.finished_at.is_some());
        assert!(matches!(claim.beat(&db).await, Err(StoreError::Conflict(_))));
        assert!(matches!(claim.failed(&db, "x").await, Err(StoreError::Conflict(_))));
        assert_eq!(prune_jobs(&db, i64::MAX).await.unwrap(), 1);
        assert!(matches!(job(&db, id).await, Err(StoreError::NotFound)));
    }
}

#[tokio::test]
async fn a_dead_workers_job_goes_on_with_another() {
    for db in databases("stale").await {
        let id = put(&db, "run", 1).await[0];
        let dead = claim(&db, &["run"], "first").await.unwrap().unwrap();
        assert!(claim(&db, &["run"], "second").await.unwrap().is_none(), "it still beats");
        age(&db, id).await;
        let next = claim(&db, &["run"], "first").await.unwrap().unwrap();
        assert_eq!((next.job.id, next.job.attempts), (id, 2));
        // It was not dead, only slow: it must not write any more, even under the same name.
        assert!(matches!(dead.progress(&db, 9, None).await, Err(StoreError::Conflict(_))));
        assert!(matches!(dead.finished(&db, "x").await, Err(StoreError::Conflict(_))));
        next.put_back(&db, 0).await.unwrap();
        assert_eq!(job(&db, id).await.unwrap().state, JobState::Waiting);
    }
}

#[tokio::test]
async fn a_job_that_kills_its_workers_is_given_up() {
    for db in databases("killer").await {
        let id = put(&db, "run", 1).await[0];
        for attempt in 1..=ATTEMPTS_MAX {
            assert_eq!(claim(&db, &["run"], "w").await.unwrap().unwrap().job.attempts, attempt);
            age(&db, id).await;
        }
        assert!(claim(&db, &["run"], "w").await.unwrap().is_none());
        let seen = job(&db, id).await.unwrap();
        assert_eq!(seen.state, JobState::Failed);
        assert!(seen.outcome.unwrap().contains("多次中断"));
    }
}

#[tokio::test]
async fn a_job_can_be_stopped() {
    for db in databases("stopped").await {
        let ids = put(&db, "run", 2).await;
        let running = claim(&db, &["run"], "w").await.unwrap().unwrap();
        let tx = db.begin().await.unwrap();
        for id in &ids {
            request_cancel(&tx, *id).await.unwrap();
        }
        tx.commit().await.unwrap();
        assert_eq!(job(&db, ids[1]).await.unwrap().state, JobState::Cancelled);
        assert_eq!(job(&db, ids[0]).await.unwrap().state, JobState::Running);
        assert_eq!(running.beat(&db).await.unwrap(), Beat::Cancel);
        running.cancelled(&db).await.unwrap();
        assert_eq!(job(&db, ids[0]).await.unwrap().state, JobState::Cancelled);
        assert!(claim(&db, &["run"], "w").await.unwrap().is_none());
        let tx = db.begin().await.unwrap();
        assert!(matches!(request_cancel(&tx, ids[0]).await, Err(StoreError::NotFound)));
    }
}
