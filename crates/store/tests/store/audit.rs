//! The audit log: written with the change or before the page, chained, and telling on whoever touches it.

use store::testing::databases;
use store::{
    AuditActor, AuditBreak, AuditEntry, AuditFault, AuditHead, AuditId, Backend, CaseId, Db, DivisionId,
    PersonId, Query, StaffId, audit_head, seal_audit, statements, verify_audit, verify_audit_against,
};

fn entry(number: i64) -> AuditEntry {
    AuditEntry {
        at: 1_790_000_000_000 + number,
        actor: AuditActor {
            staff: Some(StaffId(1)),
            person: (number % 2 == 0).then_some(PersonId(number)),
            session: Some(9),
            post: None,
        },
        action: "person.open",
        subject: Some(("person", number)),
        case: Some(CaseId(3)),
        division: Some(DivisionId(4)),
        purpose: Some("核对家庭情况".to_owned()),
        details: serde_json::json!({ "fields": ["phone"] }),
    }
}

async fn write(db: &Db, count: i64) {
    let tx = db.begin().await.unwrap();
    tx.audit_all((0..count).map(entry).collect()).await.unwrap();
    tx.commit().await.unwrap();
}

/// What somebody with all rights over the database does, and no honest program can.
async fn tamper(db: &Db, statement: &str) {
    let tx = db.begin().await.unwrap();
    let triggers = match db.backend() {
        Backend::Sqlite => {
            "DROP TRIGGER audit_kept; DROP TRIGGER audit_not_removed; DROP TRIGGER audit_not_replaced;"
        }
        Backend::Postgres => "ALTER TABLE audit DISABLE TRIGGER USER;",
    };
    tx.define(triggers).await.unwrap();
    tx.define(statement).await.unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn a_change_and_its_row_stand_or_fall_together() {
    for db in databases("with_change").await {
        let tx = db.begin().await.unwrap();
        tx.audit(entry(1)).await.unwrap();
        drop(tx);
        let tx = db.begin().await.unwrap();
        tx.audit(entry(2)).await.unwrap();
        tx.commit().await.unwrap();
        let row = Query::system("test", "SELECT * FROM audit").one(&db).await.unwrap();
        assert_eq!(row.get::<i64>("subject_id").unwrap(), 2);
        assert_eq!(row.get::<StaffId>("staff_id").unwrap(), StaffId(1));
        assert_eq!(row.get::<Option<i64>>("post_id").unwrap(), None);
        assert_eq!(row.get::<String>("details").unwrap(), r#"{"fields":["phone"]}"#);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn readings_share_commits_and_none_is_lost() {
    for db in databases("readings").await {
        let mut tasks = tokio::task::JoinSet::new();
        for number in 0..300 {
            let db = db.clone();
            tasks.spawn(async move {
                db.audit_read(entry(number)).await.unwrap();
                // When the call returns, the row lasts.
                let found: i64 = Query::system("test", "SELECT count(*) FROM audit WHERE subject_id = ?")
                    .bind(number)
                    .scalar(&db)
                    .await
                    .unwrap();
                assert_eq!(found, 1);
            });
        }
        while let Some(done) = tasks.join_next().await {
            done.unwrap();
        }
        let rows: i64 = Query::system("test", "SELECT count(*) FROM audit").scalar(&db).await.unwrap();
        assert_eq!(rows, 300);
        // The reader's page pays no statement of its own for it.
        let (_, texts) = statements::counted(db.audit_read(entry(1000))).await;
        assert!(texts.is_empty());
    }
}

#[tokio::test]
async fn a_row_that_cannot_be_written_stops_the_page() {
    for db in databases("no_page").await {
        let tx = db.begin().await.unwrap();
        tx.define("ALTER TABLE audit RENAME TO elsewhere").await.unwrap();
        tx.commit().await.unwrap();
        assert!(db.audit_read(entry(1)).await.is_err());
        let tx = db.begin().await.unwrap();
        tx.define("ALTER TABLE elsewhere RENAME TO audit").await.unwrap();
        tx.commit().await.unwrap();
        db.audit_read(entry(1)).await.unwrap();
        db.close().await.unwrap();
        assert!(db.audit_read(entry(2)).await.is_err());
    }
}

#[tokio::test]
async fn rows_are_added_and_never_touched() {
    for db in databases("kept").await {
        write(&db, 2).await;
        let statements = [
            "UPDATE audit SET purpose = 'x'",
            "UPDATE audit SET purpose = NULL, seq = 9, previous = 'a', hash = 'b'",
            "DELETE FROM audit WHERE id = 1",
        ];
        for sealed in [false, true] {
            for statement in statements {
                assert!(
                    Query::system("test", statement).execute(&db).await.is_err(),
                    "{statement}, sealed: {sealed}"
                );
            }
            seal_audit(&db).await.unwrap();
        }
        assert!(Query::system("test", "UPDATE audit SET seq = seq + 10").execute(&db).await.is_err());
        let verdict = verify_audit(&db).await.unwrap();
        assert_eq!((verdict.sealed, verdict.unsealed, verdict.broken), (2, 0, None));
    }
}

#[tokio::test]
async fn a_long_chain_holds() {
    for db in databases("chain").await {
        assert_eq!(seal_audit(&db).await.unwrap(), 0);
        assert_eq!(verify_audit(&db).await.unwrap().head.seq, 0);
        write(&db, 2500).await;
        assert_eq!(verify_audit(&db).await.unwrap().unsealed, 2500);
        assert_eq!(seal_audit(&db).await.unwrap(), 2500);
        write(&db, 3).await;
        assert_eq!(seal_audit(&db).await.unwrap(), 3);
        let verdict = verify_audit(&db).await.unwrap();
        assert_eq!((verdict.sealed, verdict.unsealed, &verdict.broken), (2503, 0, &None));
        assert_eq!(audit_head(&db).await.unwrap(), verdict.head);
        assert_eq!(verdict.head.hash.len(), 64);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_sealers_make_one_chain() {
    for db in databases("sealers").await {
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..6 {
            let db = db.clone();
            tasks.spawn(async move {
                for _ in 0..5 {
                    write(&db, 7).await;
                    seal_audit(&db).await.unwrap();
                }
            });
        }
        while let Some(done) = tasks.join_next().await {
            done.unwrap();
        }
        seal_audit(&db).await.unwrap();
        let verdict = verify_audit(&db).await.unwrap();
        assert_eq!((verdict.sealed, verdict.unsealed, verdict.broken), (6 * 5 * 7, 0, None));
    }
}

#[tokio::test]
async fn every_column_is_under_the_seal() {
    for db in databases("columns").await {
        write(&db, 5).await;
        seal_audit(&db).await.unwrap();
        tamper(&db, "SELECT 1").await;
        let numbers =
            ["at", "staff_id", "person_id", "session_id", "post_id", "subject_id", "case_id", "division_id"];
        let texts = ["action", "subject_kind", "purpose", "details"];
        let changes = numbers
            .iter()
            .map(|column| format!("{column} = coalesce({column}, 0) + 1"))
            .chain(texts.iter().map(|column| format!("{column} = {column} || ' '")))
            .chain(["purpose = NULL".to_owned(), "post_id = 0".to_owned()]);
        for change in changes {
            let before = Query::system("test", "SELECT * FROM audit WHERE seq = 3").one(&db).await.unwrap();
            let tx = db.begin().await.unwrap();
            tx.define(&format!("UPDATE audit SET {change} WHERE seq = 3")).await.unwrap();
            tx.commit().await.unwrap();
            let verdict = verify_audit(&db).await.unwrap();
            let id: AuditId = before.get("id").unwrap();
            let expected = AuditBreak { seq: 3, audit: Some(id), fault: AuditFault::Altered };
            assert_eq!(verdict.broken, Some(expected), "{change}");
            assert_eq!(verdict.sealed, 2);
            let mut undo = Query::system(
                "test",
                "UPDATE audit SET at = ?, staff_id = ?, person_id = ?, session_id = ?, post_id = ?, subject_id = ?,
                     case_id = ?, division_id = ?, action = ?, subject_kind = ?, purpose = ?, details = ? WHERE seq = 3",
            );
            for column in numbers {
                undo = undo.bind(before.get::<Option<i64>>(column).unwrap());
            }
            for column in texts {
                undo = undo.bind(before.get::<Option<String>>(column).unwrap());
            }
            undo.execute_one(&db).await.unwrap();
            assert_eq!(verify_audit(&db).await.unwrap().broken, None);
        }
    }
}

#[tokio::test]
async fn removing_moving_and_cutting_are_noticed() {
    let faults = [
        ("DELETE FROM audit WHERE seq = 3", 3, AuditFault::Missing),
        ("UPDATE audit SET seq = 99 WHERE seq = 3", 3, AuditFault::Missing),
        ("UPDATE audit SET previous = hash WHERE seq = 3", 3, AuditFault::Unlinked),
        ("UPDATE audit SET hash = previous WHERE seq = 3", 3, AuditFault::Altered),
        // Removed and the rest moved up: the numbers close, the hashes do not.
        (
            "DELETE FROM audit WHERE seq = 3; UPDATE audit SET seq = seq - 1 WHERE seq = 4; UPDATE audit SET seq = seq - 1 WHERE seq = 5",
            3,
            AuditFault::Unlinked,
        ),
    ];
    for (index, (statement, seq, fault)) in faults.into_iter().enumerate() {
        for db in databases(&format!("fault{index}")).await {
            write(&db, 5).await;
            seal_audit(&db).await.unwrap();
            tamper(&db, statement).await;
            let broken = verify_audit(&db).await.unwrap().broken.expect(statement);
            assert_eq!((broken.seq, broken.fault), (seq, fault), "{statement}");
        }
    }
}

#[tokio::test]
async fn a_head_written_down_shows_what_the_chain_cannot() {
    for db in databases("heads").await {
        write(&db, 5).await;
        seal_audit(&db).await.unwrap();
        let head = audit_head(&db).await.unwrap();
        assert_eq!(verify_audit_against(&db, std::slice::from_ref(&head)).await.unwrap().broken, None);
        // The end cut off: the rest holds by itself.
        tamper(&db, "DELETE FROM audit WHERE seq = 5").await;
        assert_eq!(verify_audit(&db).await.unwrap().broken, None);
        let broken = verify_audit_against(&db, std::slice::from_ref(&head)).await.unwrap().broken.unwrap();
        assert_eq!((broken.seq, broken.fault), (5, AuditFault::Missing));
        // The end written anew.
        write(&db, 1).await;
        seal_audit(&db).await.unwrap();
        assert_eq!(verify_audit(&db).await.unwrap().broken, None);
        let broken = verify_audit_against(&db, &[AuditHead { seq: 1, hash: "x".to_owned() }, head])
            .await
            .unwrap()
            .broken;
        assert_eq!(broken.map(|broken| (broken.seq, broken.fault)), Some((1, AuditFault::HeadChanged)));
    }
}
