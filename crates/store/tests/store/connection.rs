//! Creating, opening, migrating, transactions, backup.

use std::sync::Arc;
use std::time::{Duration, Instant};

use store::testing::{databases, urls};
use store::{Backend, Db, Keys, Migration, Query, StoreError, set_setting, setting};

fn keys() -> Arc<Keys> {
    Arc::new(Keys::generate().unwrap())
}

#[tokio::test]
async fn a_database_is_created_once_and_remembers_its_birth() {
    for synthetic in [true, false] {
        for url in urls("birth") {
            let keys = keys();
            let db = Db::create(&url, synthetic, keys.clone()).await.unwrap();
            assert_eq!(db.synthetic(), synthetic);
            assert!(matches!(Db::create(&url, synthetic, keys.clone()).await, Err(StoreError::Conflict(_))));
            let again = Db::connect(&url, keys).await.unwrap();
            assert_eq!(again.synthetic(), synthetic);

            let forbidden = [
                "UPDATE setting SET value = 'other' WHERE name = 'synthetic'",
                "UPDATE setting SET name = 'x' WHERE name = 'synthetic'",
                "UPDATE setting SET name = 'synthetic' WHERE name = 'key_check'",
                "DELETE FROM setting WHERE name = 'created_at'",
                "DELETE FROM setting",
                "INSERT INTO setting (name, value) VALUES ('synthetic', 'x') ON CONFLICT (name) DO UPDATE SET value = 'x'",
            ];
            for statement in forbidden {
                let refused = Query::system("test", statement).execute(&db).await;
                assert!(
                    matches!(refused, Err(StoreError::Refused(_) | StoreError::Conflict(_))),
                    "{statement}: {refused:?}"
                );
            }
            if db.backend() == Backend::Sqlite {
                let tx = db.begin().await.unwrap();
                let replaced =
                    tx.define("INSERT OR REPLACE INTO setting (name, value) VALUES ('synthetic', 'x')").await;
                assert!(replaced.is_err());
            }
            let tx = db.begin().await.unwrap();
            assert!(set_setting(&tx, "synthetic", "x").await.is_err());
            drop(tx);
            assert_eq!(setting(&db, "synthetic").await.unwrap().unwrap(), synthetic.to_string());
        }
    }
}

#[tokio::test]
async fn settings_are_written_and_read() {
    for db in databases("settings").await {
        let tx = db.begin().await.unwrap();
        set_setting(&tx, "city", "乌海").await.unwrap();
        set_setting(&tx, "city", "乌海市").await.unwrap();
        assert_eq!(setting(&tx, "city").await.unwrap().as_deref(), Some("乌海市"));
        assert_eq!(setting(&db, "city").await.unwrap(), None);
        tx.commit().await.unwrap();
        assert_eq!(setting(&db, "city").await.unwrap().as_deref(), Some("乌海市"));
    }
}

#[tokio::test]
async fn another_key_file_is_refused_and_a_rotated_one_is_not() {
    for url in urls("keyfile") {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys.json");
        let mut keys = Keys::load_or_create(&path).unwrap();
        Db::create(&url, true, Arc::new(Keys::load(&path).unwrap())).await.unwrap().close().await.unwrap();
        assert!(matches!(Db::connect(&url, self::keys()).await, Err(StoreError::Keys(_))));
        keys.rotate().unwrap();
        keys.save(&path).unwrap();
        Db::connect(&url, Arc::new(Keys::load(&path).unwrap())).await.unwrap();
        // Opening with the new key sealed the check again, so the old key may go.
        keys.retire();
        Db::connect(&url, Arc::new(keys)).await.unwrap();
    }
}

#[tokio::test]
async fn nothing_to_connect_to_is_said() {
    assert!(matches!(
        Db::connect("sqlite:/nonexistent/huimin.db", keys()).await,
        Err(StoreError::Invalid(_))
    ));
    assert!(matches!(Db::connect("mysql://x/y", keys()).await, Err(StoreError::Invalid(_))));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("empty.db");
    std::fs::write(&path, "").unwrap();
    let url = format!("sqlite:{}", path.display());
    assert!(matches!(Db::connect(&url, keys()).await, Err(StoreError::Migration(_))));
}

const FIRST: Migration = Migration {
    name: "20260101_first",
    sql: "CREATE TABLE first (id {id}, body {bytes}, text TEXT NOT NULL);\n\
          -- a comment with a ; in it\n\
          CREATE INDEX first_text ON first (text);\n\
          --sqlite INSERT INTO first (text) VALUES ('sqlite');\n\
          --postgres INSERT INTO first (text) VALUES ('postgres');\n",
};

#[tokio::test]
async fn migrations_run_once_and_are_never_edited() {
    for db in databases("migrate").await {
        db.migrate(&[FIRST]).await.unwrap();
        db.migrate(&[FIRST]).await.unwrap();
        db.migrate(store::MIGRATIONS).await.unwrap();
        let texts: Vec<String> = Query::system("test", "SELECT text FROM first").scalars(&db).await.unwrap();
        let own = if db.backend() == Backend::Sqlite { "sqlite" } else { "postgres" };
        assert_eq!(texts, [own]);

        let edited = Migration { sql: "CREATE TABLE first (id {id})", ..FIRST };
        assert!(
            matches!(db.migrate(&[edited]).await, Err(StoreError::Migration(text)) if text.contains("20260101_first"))
        );

        // A migration that fails half-way leaves nothing.
        let broken = Migration {
            name: "20260102_broken",
            sql: "CREATE TABLE second (id {id});\nCREATE TABLE first (id {id});",
        };
        assert!(db.migrate(&[broken]).await.is_err());
        let tx = db.begin().await.unwrap();
        assert!(tx.columns_of("second").await.unwrap().is_empty());
        assert_eq!(tx.columns_of("first").await.unwrap(), ["id", "body", "text"]);
        drop(tx);

        assert_eq!(db.unknown_migrations(store::MIGRATIONS).await.unwrap(), ["20260101_first"]);
    }
}

#[tokio::test]
async fn two_processes_may_migrate_at_once() {
    for url in urls("together") {
        let keys = keys();
        let first = Db::create(&url, true, keys.clone()).await.unwrap();
        let second = Db::connect(&url, keys).await.unwrap();
        let (one, two) = tokio::join!(first.migrate(&[FIRST]), second.migrate(&[FIRST]));
        one.unwrap();
        two.unwrap();
        let rows: i64 = Query::system("test", "SELECT count(*) FROM first").scalar(&first).await.unwrap();
        assert_eq!(rows, 1);
    }
}

async fn counter(db: &Db) {
    let sql = "CREATE TABLE counter (id BIGINT PRIMARY KEY, n BIGINT NOT NULL)";
    db.migrate(&[Migration { name: "20260101_counter", sql }]).await.unwrap();
    Query::system("test", "INSERT INTO counter (id, n) VALUES (1, 0)").execute(db).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn writers_wait_in_order_and_lose_nothing() {
    for db in databases("writers").await {
        counter(&db).await;
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..40 {
            let db = db.clone();
            tasks.spawn(async move {
                let tx = db.begin().await.unwrap();
                tx.lock("counter").await.unwrap();
                let n: i64 = Query::system("test", "SELECT n FROM counter").scalar(&tx).await.unwrap();
                tokio::task::yield_now().await;
                Query::system("test", "UPDATE counter SET n = ?").bind(n + 1).execute_one(&tx).await.unwrap();
                tx.commit().await.unwrap();
            });
        }
        while let Some(done) = tasks.join_next().await {
            done.unwrap();
        }
        assert_eq!(Query::system("test", "SELECT n FROM counter").scalar::<i64>(&db).await.unwrap(), 40);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn row_locks_serve_as_well() {
    for db in databases("rowlocks").await {
        counter(&db).await;
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..20 {
            let db = db.clone();
            tasks.spawn(async move {
                let tx = db.begin().await.unwrap();
                let sql = format!("SELECT n FROM counter WHERE id = 1{}", tx.for_update());
                let n: i64 = Query::system("test", sql).scalar(&tx).await.unwrap();
                Query::system("test", "UPDATE counter SET n = ?").bind(n + 1).execute_one(&tx).await.unwrap();
                tx.commit().await.unwrap();
            });
        }
        while let Some(done) = tasks.join_next().await {
            done.unwrap();
        }
        assert_eq!(Query::system("test", "SELECT n FROM counter").scalar::<i64>(&db).await.unwrap(), 20);
    }
}

#[tokio::test]
async fn a_dropped_transaction_leaves_nothing_and_blocks_nobody() {
    for db in databases("dropped").await {
        counter(&db).await;
        let started = Instant::now();
        for _ in 0..20 {
            let tx = db.begin().await.unwrap();
            Query::system("test", "UPDATE counter SET n = 7").execute_one(&tx).await.unwrap();
            drop(tx);
        }
        assert_eq!(Query::system("test", "SELECT n FROM counter").scalar::<i64>(&db).await.unwrap(), 0);
        Query::system("test", "UPDATE counter SET n = 1").execute_one(&db).await.unwrap();
        assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
    }
}

#[tokio::test]
async fn a_reading_sees_one_moment_and_refuses_to_write() {
    for db in databases("moment").await {
        counter(&db).await;
        let reading = db.begin_read().await.unwrap();
        let before: i64 = Query::system("test", "SELECT n FROM counter").scalar(&reading).await.unwrap();
        Query::system("test", "UPDATE counter SET n = 5").execute_one(&db).await.unwrap();
        let after: i64 = Query::system("test", "SELECT n FROM counter").scalar(&reading).await.unwrap();
        assert_eq!((before, after), (0, 0));
        let refused = Query::system("test", "UPDATE counter SET n = 6").execute(&reading).await;
        assert!(matches!(refused, Err(StoreError::Invalid(_))));
        drop(reading);
        assert_eq!(Query::system("test", "SELECT n FROM counter").scalar::<i64>(&db).await.unwrap(), 5);
    }
}

#[tokio::test]
async fn a_backup_is_a_database() {
    let db = databases("backup").await.remove(0);
    let keys = db.keys().clone();
    let tx = db.begin().await.unwrap();
    set_setting(&tx, "city", "乌海").await.unwrap();
    tx.commit().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("it's a copy.db");
    db.backup_to(&path).await.unwrap();
    assert!(matches!(db.backup_to(&path).await, Err(StoreError::Conflict(_))));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
    let copy = Db::connect(&format!("sqlite:{}", path.display()), keys).await.unwrap();
    assert!(copy.synthetic());
    assert_eq!(setting(&copy, "city").await.unwrap().as_deref(), Some("乌海"));
}

#[tokio::test]
async fn sqlite_is_set_for_safety_on_every_connection() {
    let db = databases("pragmas").await.remove(0);
    let (one, two) = (db.begin_read().await.unwrap(), db.begin_read().await.unwrap());
    for connection in [&one, &two] {
        let read = |name: &str| Query::system("test", format!("SELECT * FROM pragma_{name}"));
        assert_eq!(read("synchronous").scalar::<i64>(connection).await.unwrap(), 2);
        assert_eq!(read("foreign_keys").scalar::<i64>(connection).await.unwrap(), 1);
        assert_eq!(read("journal_mode").scalar::<String>(connection).await.unwrap(), "wal");
        assert!(read("busy_timeout").scalar::<i64>(connection).await.unwrap() > 1000);
    }
}
