//! Values, rows, pages, counts, errors: the same on both databases.

use chrono::NaiveDate;
use store::testing::databases;
use store::{
    Backend, Cursor, Db, Migration, PersonId, Query, Scope, StoreError, insert_many, statements, values,
};
use vocab::{Fen, Month};

const TABLE: Migration = Migration {
    name: "20260101_thing",
    sql: "CREATE TABLE thing (
        id {id}, flag BOOLEAN, small INTEGER, large BIGINT, text TEXT, body {bytes}, day DATE,
        UNIQUE (small, large),
        CHECK (small IS NULL OR small >= 0)
    );
    CREATE UNIQUE INDEX thing_text_now ON thing (text) WHERE day IS NULL;
    CREATE INDEX thing_day ON thing (day, id);
    CREATE TABLE part (id {id}, thing_id BIGINT NOT NULL REFERENCES thing (id));",
};

async fn things(name: &str) -> Vec<Db> {
    let databases = databases(name).await;
    for db in &databases {
        db.migrate(&[TABLE]).await.unwrap();
    }
    databases
}

fn day(number: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 1, 1).unwrap() + chrono::Days::new(u64::from(number))
}

#[tokio::test]
async fn values_come_back_as_they_went() {
    for db in things("values").await {
        let month = Month::new(2026, 11).unwrap();
        let id = Query::system(
            "test",
            "INSERT INTO thing (flag, small, large, text, body, day) VALUES (?, ?, ?, ?, ?, ?) RETURNING id",
        )
        .bind(true)
        .bind(month)
        .bind(Fen(i64::MAX))
        .bind("它's \"?\" 的")
        .bind(&[0u8, 255, 7][..])
        .bind(day(3))
        .insert(&db)
        .await
        .unwrap();
        let row = Query::system(
            "test",
            "SELECT t.*, t.large AS fen, (t.small > 0) AS positive FROM thing t WHERE id = ?",
        )
        .bind(id)
        .one(&db)
        .await
        .unwrap();
        assert!(row.get::<bool>("flag").unwrap());
        assert!(row.get::<bool>("positive").unwrap());
        assert_eq!(row.get::<Month>("small").unwrap(), month);
        assert_eq!(row.get::<i64>("small").unwrap(), i64::from(month.index()));
        assert_eq!(row.get::<Fen>("fen").unwrap(), Fen(i64::MAX));
        assert_eq!(row.get::<PersonId>("id").unwrap(), PersonId(id));
        assert_eq!(row.get::<String>("text").unwrap(), "它's \"?\" 的");
        assert_eq!(row.get::<Vec<u8>>("body").unwrap(), [0, 255, 7]);
        assert_eq!(row.get::<NaiveDate>("day").unwrap(), day(3));
        assert_eq!(row.get::<Option<NaiveDate>>("day").unwrap(), Some(day(3)));
        assert!(row.get::<i32>("large").is_err(), "out of range");
        assert!(row.get::<i64>("nothing").is_err());
        assert!(row.get::<NaiveDate>("large").is_err());

        let earliest: NaiveDate =
            Query::system("test", "SELECT min(day) FROM thing").scalar(&db).await.unwrap();
        assert_eq!(earliest, day(3));
        let total: Fen =
            Query::system("test", "SELECT CAST(sum(large) AS BIGINT) FROM thing").scalar(&db).await.unwrap();
        assert_eq!(total, Fen(i64::MAX));
    }
}

#[tokio::test]
async fn null_is_unknown_of_any_type() {
    for db in things("nulls").await {
        let id = Query::system(
            "test",
            "INSERT INTO thing (flag, small, large, text, body, day) VALUES (?, ?, ?, ?, ?, ?) RETURNING id",
        )
        .bind(None::<bool>)
        .bind(None::<Month>)
        .bind(None::<PersonId>)
        .bind(None::<&str>)
        .bind(None::<Vec<u8>>)
        .bind(None::<NaiveDate>)
        .insert(&db)
        .await
        .unwrap();
        let row = Query::system("test", "SELECT * FROM thing WHERE id = ?").bind(id).one(&db).await.unwrap();
        assert_eq!(row.get::<Option<bool>>("flag").unwrap(), None);
        assert_eq!(row.get::<Option<Month>>("small").unwrap(), None);
        assert_eq!(row.get::<Option<PersonId>>("large").unwrap(), None);
        assert_eq!(row.get::<Option<String>>("text").unwrap(), None);
        assert_eq!(row.get::<Option<Vec<u8>>>("body").unwrap(), None);
        assert_eq!(row.get::<Option<NaiveDate>>("day").unwrap(), None);
        assert!(matches!(row.get::<i64>("large"), Err(StoreError::Invalid(text)) if text.contains("large")));
        // An optional condition in one text for both databases.
        let found = Query::system("test", "SELECT id FROM thing WHERE (CAST(? AS DATE) IS NULL OR day = ?)")
            .bind(None::<NaiveDate>)
            .bind(None::<NaiveDate>)
            .all(&db)
            .await
            .unwrap();
        assert_eq!(found.len(), 1);
    }
}

#[tokio::test]
async fn broken_constraints_have_one_name() {
    for db in things("constraints").await {
        let insert = |small: i64, large: i64, text: &str| {
            Query::system("test", "INSERT INTO thing (small, large, text) VALUES (?, ?, ?)")
                .bind(small)
                .bind(large)
                .bind(text)
        };
        insert(1, 1, "a").execute(&db).await.unwrap();
        let error = insert(1, 1, "b").execute(&db).await.unwrap_err();
        assert!(error.is_conflict_on("thing", &["small", "large"]), "{error:?}");
        let error = insert(2, 2, "a").execute(&db).await.unwrap_err();
        assert!(error.is_conflict_on("thing", &["text"]), "{error:?}");
        assert!(!error.is_temporary());
        assert!(matches!(insert(-1, 2, "c").execute(&db).await, Err(StoreError::Refused(_))));
        let orphan = Query::system("test", "INSERT INTO part (thing_id) VALUES (99)").execute(&db).await;
        assert!(matches!(orphan, Err(StoreError::Refused(_))), "{orphan:?}");
        let missing = Query::system("test", "SELECT id FROM thing WHERE id = 99").one(&db).await;
        assert!(matches!(missing, Err(StoreError::NotFound)));
        let none = Query::system("test", "UPDATE thing SET small = 5 WHERE id = 99").execute_one(&db).await;
        assert!(matches!(none, Err(StoreError::NotFound)));
        let nonsense = Query::system("test", "SELECT nothing FROM thing").all(&db).await;
        assert!(matches!(nonsense, Err(StoreError::Database(_))));
    }
}

#[tokio::test]
async fn a_list_is_bound_as_one() {
    for db in things("lists").await {
        let tx = db.begin().await.unwrap();
        let rows = (0..9).map(|n: i64| values![n, n]);
        assert_eq!(
            insert_many(&Scope::System("test"), &tx, "thing", &["small", "large"], rows).await.unwrap(),
            9
        );
        tx.commit().await.unwrap();
        let count = |list: Vec<i64>| {
            Query::system("test", "SELECT count(*) FROM thing WHERE large IN ({list}) AND small < ?")
                .bind_list(list)
                .bind(7)
        };
        assert_eq!(count(vec![1, 2, 3, 8]).scalar::<i64>(&db).await.unwrap(), 3);
        assert_eq!(count(vec![4]).scalar::<i64>(&db).await.unwrap(), 1);
        assert_eq!(count(vec![]).scalar::<i64>(&db).await.unwrap(), 0);
        assert_eq!(count((0..1000).collect()).scalar::<i64>(&db).await.unwrap(), 7);
        let not_in = Query::system("test", "SELECT 1 FROM thing WHERE large NOT IN ({list})")
            .bind_list([1])
            .all(&db)
            .await;
        assert!(matches!(not_in, Err(StoreError::Invalid(_))));
    }
}

#[tokio::test]
async fn a_scope_is_narrowed_to_some_values() {
    for db in things("only").await {
        let tx = db.begin().await.unwrap();
        let rows = (0..9).map(|n: i64| values![n, n]);
        insert_many(&Scope::System("test"), &tx, "thing", &["small", "large"], rows).await.unwrap();
        tx.commit().await.unwrap();
        let count = |values: Option<Vec<i64>>| {
            Query::system("test", "SELECT count(*) FROM thing t WHERE {scope} AND t.small < ?")
                .only("t.large", values)
                .bind(7)
        };
        assert_eq!(count(None).scalar::<i64>(&db).await.unwrap(), 7);
        assert_eq!(count(Some(vec![1, 2, 3, 8])).scalar::<i64>(&db).await.unwrap(), 3);
        assert_eq!(count(Some(vec![])).scalar::<i64>(&db).await.unwrap(), 0);
        assert_eq!(
            count(Some(vec![1, 2])).only("t.small + 1", Some(vec![3])).scalar::<i64>(&db).await.unwrap(),
            1
        );
        // In every arm that the scope stands in.
        let both = "SELECT t.id FROM thing t WHERE {scope} UNION ALL SELECT t.id FROM thing t WHERE {scope} AND t.small < ?";
        let rows =
            Query::system("test", both).only("t.large", Some(vec![1, 8])).bind(7).all(&db).await.unwrap();
        assert_eq!(rows.len(), 3);
        let nowhere =
            Query::system("test", "SELECT id FROM thing").only("large", Some(vec![1])).all(&db).await;
        assert!(matches!(nowhere, Err(StoreError::Invalid(_))), "{nowhere:?}");
    }
}

#[tokio::test]
async fn wrong_numbers_of_values_are_refused() {
    let db = things("binds").await.remove(0);
    let one = || Query::system("test", "SELECT ? AS n");
    assert!(one().all(&db).await.is_err());
    assert!(one().bind(1).bind(2).all(&db).await.is_err());
    assert!(one().bind_list([1]).all(&db).await.is_err());
    assert_eq!(one().bind(1).scalar::<i64>(&db).await.unwrap(), 1);
    let short = insert_many(&Scope::System("test"), &db, "thing", &["small", "large"], [values![1]]).await;
    assert!(short.is_err());
    let name =
        insert_many(&Scope::System("test"), &db, "thing; DROP TABLE thing", &["small"], [values![1]]).await;
    assert!(name.is_err());
}

#[tokio::test]
async fn many_rows_stand_or_fall_together() {
    for db in things("bulk").await {
        let columns = ["small", "large", "text", "day"];
        let rows = |count: i64| (0..count).map(|n| values![n, n, format!("第{n}"), day(1)]);
        let tx = db.begin().await.unwrap();
        assert_eq!(
            insert_many(&Scope::System("test"), &tx, "thing", &columns, rows(12_345)).await.unwrap(),
            12_345
        );
        tx.commit().await.unwrap();
        let tx = db.begin().await.unwrap();
        let again = insert_many(&Scope::System("test"), &tx, "thing", &columns, rows(2)).await;
        assert!(again.unwrap_err().is_conflict_on("thing", &["small", "large"]));
        drop(tx);
        assert_eq!(
            Query::system("test", "SELECT count(*) FROM thing").scalar::<i64>(&db).await.unwrap(),
            12_345
        );
        db.keep_statistics().await.unwrap();
        if db.backend() == Backend::Sqlite {
            let counted = "SELECT stat FROM sqlite_stat1 WHERE tbl = 'thing' LIMIT 1";
            let counted = Query::system("test", counted).scalar::<String>(&db).await.unwrap();
            assert!(counted.starts_with("12345"), "{counted}");
        }
        db.optimize().await.unwrap();
    }
}

#[tokio::test]
async fn pages_join_without_gap_or_overlap() {
    for db in things("pages").await {
        // Several rows a day, so that the id must break the tie.
        let rows = (0..50i64).map(|n| values![n, n, day(u32::try_from(n % 7).unwrap())]);
        insert_many(&Scope::System("test"), &db, "thing", &["small", "large", "day"], rows).await.unwrap();
        for descending in [false, true] {
            let mut seen: Vec<(NaiveDate, i64)> = Vec::new();
            let mut cursor: Option<Cursor> = None;
            let mut pages = 0;
            loop {
                let direction = if descending { "DESC" } else { "ASC" };
                let query = Query::system(
                    "test",
                    format!(
                        "SELECT day, id FROM thing WHERE {{after}} ORDER BY day {direction}, id {direction} LIMIT ?"
                    ),
                );
                let columns = ["day", "id"];
                let query = if descending {
                    query.after_descending(&columns, cursor.as_ref())
                } else {
                    query.after(&columns, cursor.as_ref())
                };
                let page = query
                    .page(
                        &db,
                        8,
                        |row| Ok((row.get("day")?, row.get("id")?)),
                        |(day, id)| Cursor::new().date(*day).integer(*id),
                    )
                    .await
                    .unwrap();
                seen.extend(page.rows);
                pages += 1;
                let Some(next) = page.next else { break };
                // It travels in an address.
                cursor = Some(next.to_string().parse().unwrap());
            }
            assert_eq!(pages, 7);
            assert_eq!(seen.len(), 50);
            assert!(seen.windows(2).all(|pair| if descending {
                pair[0] > pair[1]
            } else {
                pair[0] < pair[1]
            }));
        }
        assert!("zz".parse::<Cursor>().is_err());
        // A cursor of another list sees nothing instead of failing.
        let foreign = Cursor::new().text("x");
        let rows = Query::system("test", "SELECT id FROM thing WHERE {after}")
            .after(&["day", "id"], Some(&foreign))
            .all(&db)
            .await;
        assert!(rows.unwrap().is_empty());
    }
}

#[tokio::test]
async fn counts_stop_at_their_cap() {
    for db in things("counts").await {
        let rows = (0..30i64).map(|n| values![n, n]);
        insert_many(&Scope::System("test"), &db, "thing", &["small", "large"], rows).await.unwrap();
        let query = || Query::system("test", "SELECT 1 FROM thing WHERE large < ?");
        assert_eq!(query().bind(10).count_capped(&db, 20).await.unwrap().to_string(), "10");
        assert_eq!(query().bind(20).count_capped(&db, 20).await.unwrap().to_string(), "20");
        assert_eq!(query().bind(99).count_capped(&db, 20).await.unwrap().to_string(), "20+");
    }
}

#[tokio::test]
async fn statements_are_counted_and_explained() {
    for db in things("counted").await {
        let (rows, texts) = statements::counted(async {
            let tx = db.begin().await.unwrap();
            Query::system("test", "SELECT 1 AS n").all(&tx).await.unwrap();
            Query::system("test", "SELECT id FROM thing WHERE id = ?").bind(1).all(&tx).await.unwrap().len()
        })
        .await;
        assert_eq!((rows, texts.len()), (0, 2), "{texts:?}");
        Query::system("test", "SELECT 1 AS n").all(&db).await.unwrap();

        let by_day = Query::system("test", "SELECT id FROM thing WHERE day = ? ORDER BY id").bind(day(1));
        let plan = db.explain(by_day).await.unwrap();
        assert!(plan.contains("thing_day"), "{plan}");
        let by_body = Query::system("test", "SELECT id FROM thing WHERE body = ?").bind(vec![1u8]);
        let plan = db.explain(by_body).await.unwrap();
        assert!(plan.to_lowercase().contains("scan") && !plan.contains("thing_day"), "{plan}");
    }
}
