//! A scope sees its own rows and nothing next door.

use store::divisions::{
    DivisionLevel, NewDivision, add_division, division, division_by_code, division_path, divisions_below,
    is_within,
};
use store::testing::databases;
use store::{
    CaseId, Db, DivisionId, Migration, OrganisationId, PersonId, Query, Scope, ScopeColumns, StoreError, Tx,
};

const TABLE: Migration = Migration {
    name: "20260101_note",
    sql: "CREATE TABLE note (id {id}, division_id BIGINT NOT NULL REFERENCES division (id), person_id BIGINT, case_id BIGINT, text TEXT)",
};

const NOTE: ScopeColumns = ScopeColumns {
    subtree: Some("n.division_id IN (SELECT descendant_id FROM division_closure WHERE ancestor_id = ?)"),
    own: Some("n.person_id = ?"),
    task: Some("(n.case_id = ? OR n.text = '{scope}?')"),
    organisation: None,
};

struct Town {
    db: Db,
    prefecture: DivisionId,
    county: DivisionId,
    /// Two townships next to each other, each with one village.
    townships: [DivisionId; 2],
    villages: [DivisionId; 2],
}

async fn place(tx: &Tx, code: &str, level: DivisionLevel, parent: Option<DivisionId>) -> DivisionId {
    let division = NewDivision {
        code: code.to_owned(),
        mca_code: None,
        name: format!("地方{code}"),
        level,
        parent,
        from_on: None,
        until_on: None,
    };
    add_division(tx, division).await.unwrap()
}

async fn towns(name: &str) -> Vec<Town> {
    let mut towns = Vec::new();
    for db in databases(name).await {
        db.migrate(&[TABLE]).await.unwrap();
        let tx = db.begin().await.unwrap();
        let prefecture = place(&tx, "9903", DivisionLevel::Prefecture, None).await;
        let county = place(&tx, "990302", DivisionLevel::County, Some(prefecture)).await;
        let mut townships = [DivisionId(0); 2];
        let mut villages = [DivisionId(0); 2];
        for (index, code) in ["990302001", "990302002"].into_iter().enumerate() {
            townships[index] = place(&tx, code, DivisionLevel::Township, Some(county)).await;
            villages[index] =
                place(&tx, &format!("{code}001"), DivisionLevel::Village, Some(townships[index])).await;
            Query::system(
                "test",
                "INSERT INTO note (division_id, person_id, case_id, text) VALUES (?, ?, ?, ?)",
            )
            .bind(villages[index])
            .bind(PersonId(100 + index as i64))
            .bind(CaseId(200 + index as i64))
            .bind(format!("第{index}"))
            .execute(&tx)
            .await
            .unwrap();
        }
        tx.commit().await.unwrap();
        towns.push(Town { db, prefecture, county, townships, villages });
    }
    towns
}

async fn seen(db: &Db, scope: Scope) -> Vec<String> {
    // Values before and after the marker, so that its own value must find its place between.
    Query::new(
        &scope,
        &NOTE,
        "SELECT n.text FROM note n WHERE n.text <> ? AND {scope} AND n.text <> ? ORDER BY n.id",
    )
    .bind("x")
    .bind("y")
    .scalars(db)
    .await
    .unwrap()
}

#[tokio::test]
async fn each_sees_its_own() {
    for town in towns("seen").await {
        let db = &town.db;
        for everything in
            [Scope::System("test"), Scope::Subtree(town.prefecture), Scope::Subtree(town.county)]
        {
            assert_eq!(seen(db, everything).await, ["第0", "第1"]);
        }
        for index in 0..2 {
            let own = format!("第{index}");
            for scope in [
                Scope::Subtree(town.townships[index]),
                Scope::Subtree(town.villages[index]),
                Scope::Own(PersonId(100 + index as i64)),
                Scope::Task(CaseId(200 + index as i64)),
            ] {
                assert_eq!(seen(db, scope).await, [own.as_str()], "{scope:?}");
            }
        }
        // A table that says nothing of organisations shows them nothing.
        assert!(seen(db, Scope::Organisation(OrganisationId(1))).await.is_empty());
        assert!(seen(db, Scope::Subtree(DivisionId(999_999))).await.is_empty());
        assert!(seen(db, Scope::Own(PersonId(town.villages[0].0))).await.is_empty());
    }
}

#[tokio::test]
async fn nothing_next_door_is_changed() {
    for town in towns("changed").await {
        let scope = Scope::Subtree(town.townships[0]);
        let update = "UPDATE note AS n SET text = ? WHERE {scope}";
        assert_eq!(Query::new(&scope, &NOTE, update).bind("改").execute(&town.db).await.unwrap(), 1);
        let next_door =
            Query::new(&scope, &NOTE, "UPDATE note AS n SET text = ? WHERE n.division_id = ? AND {scope}")
                .bind("改")
                .bind(town.villages[1])
                .execute_one(&town.db)
                .await;
        assert!(matches!(next_door, Err(StoreError::NotFound)));
        let removed =
            Query::new(&scope, &NOTE, "DELETE FROM note AS n WHERE {scope}").execute(&town.db).await.unwrap();
        assert_eq!(removed, 1);
        assert_eq!(seen(&town.db, Scope::System("test")).await, ["第1"]);
    }
}

#[tokio::test]
async fn a_text_that_forgets_its_scope_does_not_run() {
    for town in towns("forgets").await {
        let scope = Scope::Subtree(town.townships[0]);
        for text in [
            "SELECT n.text FROM note n",
            "SELECT n.text FROM note n WHERE n.text = '{scope}'",
            "SELECT n.text FROM note n -- {scope}",
            "SELECT n.text FROM note n WHERE {scope} OR 1 = 1",
            "SELECT n.text FROM note n WHERE {scope} UNION SELECT m.text FROM note m",
            "UPDATE note SET text = 'x'",
            "DELETE FROM note",
            "INSERT INTO note (division_id, text) SELECT division_id, text FROM note",
        ] {
            let refused = Query::new(&scope, &NOTE, text).execute(&town.db).await;
            assert!(matches!(refused, Err(StoreError::Invalid(_))), "{text}");
        }
        assert_eq!(seen(&town.db, Scope::System("test")).await, ["第0", "第1"]);
        let inserted =
            Query::new(&scope, &NOTE, "INSERT INTO note (division_id, text) VALUES (?, ?) RETURNING id")
                .bind(town.villages[0])
                .bind("新")
                .insert(&town.db)
                .await
                .unwrap();
        assert!(inserted > 0);
    }
}

#[tokio::test]
async fn divisions_know_what_they_lie_in() {
    for town in towns("divisions").await {
        let db = &town.db;
        let path = division_path(db, town.villages[1]).await.unwrap();
        let ids: Vec<DivisionId> = path.iter().map(|division| division.id).collect();
        assert_eq!(ids, [town.villages[1], town.townships[1], town.county, town.prefecture]);
        assert_eq!(division(db, town.villages[0]).await.unwrap().county, Some(town.county));
        assert_eq!(division(db, town.county).await.unwrap().county, Some(town.county));
        assert_eq!(division(db, town.prefecture).await.unwrap().county, None);
        let below: Vec<DivisionId> =
            divisions_below(db, town.county).await.unwrap().into_iter().map(|division| division.id).collect();
        assert_eq!(below, town.townships);
        assert!(is_within(db, town.villages[0], town.county).await.unwrap());
        assert!(is_within(db, town.county, town.county).await.unwrap());
        assert!(!is_within(db, town.villages[0], town.townships[1]).await.unwrap());
        assert!(!is_within(db, town.county, town.villages[0]).await.unwrap());
    }
}

#[tokio::test]
async fn a_code_given_to_another_place_gives_away_nothing() {
    for town in towns("recoded").await {
        let day = |year| chrono::NaiveDate::from_ymd_opt(year, 1, 1).unwrap();
        let tx = town.db.begin().await.unwrap();
        let twice = NewDivision {
            code: "990302001".to_owned(),
            mca_code: None,
            name: "新设镇".to_owned(),
            level: DivisionLevel::Township,
            parent: Some(town.county),
            from_on: Some(day(2026)),
            until_on: None,
        };
        let error = add_division(&tx, twice.clone()).await.unwrap_err();
        assert!(error.is_conflict_on("division", &["code"]), "{error:?}");
        drop(tx);
        let tx = town.db.begin().await.unwrap();
        Query::system("test", "UPDATE division SET until_on = ? WHERE id = ?")
            .bind(day(2026))
            .bind(town.townships[0])
            .execute_one(&tx)
            .await
            .unwrap();
        let new = add_division(&tx, twice).await.unwrap();
        tx.commit().await.unwrap();
        assert!(seen(&town.db, Scope::Subtree(new)).await.is_empty());
        assert_eq!(seen(&town.db, Scope::Subtree(town.townships[0])).await, ["第0"]);
        let on = |day| division_by_code(&town.db, "990302001", day);
        assert_eq!(on(day(2025)).await.unwrap().unwrap().id, town.townships[0]);
        assert_eq!(on(day(2026)).await.unwrap().unwrap().id, new);
    }
}

#[tokio::test]
async fn the_scope_is_answered_from_an_index() {
    for town in towns("indexed").await {
        let scope = Scope::Subtree(town.townships[0]);
        let plan = town
            .db
            .explain(Query::new(&scope, &NOTE, "SELECT n.id FROM note n WHERE {scope}"))
            .await
            .unwrap();
        assert!(
            plan.contains("division_closure_pkey") || plan.contains("sqlite_autoindex_division_closure"),
            "{plan}"
        );
    }
}
