//! Every value written out is the sweep's and the evaluator's, row by row, whatever the number of threads and chunks.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use columns::{RowAnswer, Snapshot, Sweep, Swept};
use rules::testing::Choices;
use rules::testing::world::{Filler, contexts, parameters, people, shapes};
use rules::{Outcome, Programme, ProgrammeSource, Record, Value};
use vocab::Fen;

use crate::arrow_file::{self, Numbers};
use crate::world;

fn programme(unit: &str, prefix: &str) -> Programme {
    let condition = |id: &str, text: String| serde_json::json!({ "id": id, "title": "条件", "kind": { "expression": text } });
    let definition = |id: &str, expr: String| serde_json::json!({ "id": id, "title": "数", "expr": expr });
    let source: ProgrammeSource = serde_json::from_value(serde_json::json!({
        "id": format!("of_{unit}"),
        "title": "写出",
        "unit_shape": unit,
        "definitions": [
            definition("earned", format!("known_sum({prefix}members.income)")),
            definition("each", format!("sum({prefix}members.income) / count({prefix}members.*)")),
            definition("town", format!("{prefix}urban")),
            definition("filed", format!("{prefix}filed_on")),
            definition("kind", format!("{prefix}housing")),
        ],
        "conditions": [
            condition("poor", "each < param.standard * 3 OR town".to_owned()),
            condition("rooms", format!("{prefix}rooms <= 3 AND filed >= DATE '1950-01-01'")),
            condition("kind", "kind <> 'none' OR earned >= 0".to_owned()),
        ],
        "amount": "least(earned / 7, 90000)",
    }))
    .expect("a programme's source");
    Programme::compile(&source, &shapes(), &parameters()).unwrap_or_else(|wrong| panic!("{wrong:#?}"))
}

/// The parts of a table in the order of the rows.
fn parts(folder: &Path, shape: &str) -> BTreeMap<String, Numbers> {
    let mut all: BTreeMap<String, Numbers> = BTreeMap::new();
    for part in 0.. {
        let path = folder.join(format!("{shape}-{part}.arrow"));
        if !path.exists() {
            assert!(part > 0, "nothing was written for {shape}");
            return all;
        }
        let mode = std::fs::metadata(&path).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "its owner's only");
        for (name, numbers) in arrow_file::read(&path) {
            all.entry(name).or_default().extend(numbers);
        }
    }
    unreachable!("there is an end to the parts")
}

fn outcome(written: Option<i64>) -> Outcome {
    match written {
        Some(1) => Outcome::Met,
        Some(_) => Outcome::NotMet,
        None => Outcome::Unknown,
    }
}

fn scaled(value: &Value, scale: u8) -> Option<i64> {
    let number = value.as_number()?.round(scale.into());
    number.to_scaled(scale)
}

#[test]
fn what_is_written_out_is_what_was_decided() {
    let mut filler = Filler { choices: Choices::seeded(11), blanks: 9, head_is_member: false };
    let families: Vec<Record> = (0..700).map(|_| filler.household()).collect();
    let snapshot: Snapshot = world::snapshot(&families, false);
    let programmes = [programme("household", ""), programme("person", "household.")];
    let swept = || programmes.iter().map(|programme| Swept { programme, contexts: contexts() }).collect();
    let folder = tempfile::tempdir().expect("a folder");
    let mut first: Option<Vec<BTreeMap<String, Numbers>>> = None;
    for (threads, chunk) in [(1, 100_000), (3, 64), (2, 1)] {
        let mut sweep = Sweep::new(&snapshot, swept()).expect("the snapshot holds every field");
        (sweep.threads, sweep.chunk_rows) = (threads, chunk);
        let own = folder.path().join(format!("{threads}-{chunk}"));
        sweep.write(&own, true).expect("written");
        let tables = ["household", "person"].map(|shape| parts(&own, shape));
        for (index, programme) in programmes.iter().enumerate() {
            let id = programme.source().id.as_str();
            let (rows, table) = (sweep.rows(index), &tables[index]);
            assert_eq!(table[id].len(), rows.len(), "{id}");
            let found: Vec<RowAnswer> = (0..rows.len())
                .map(|row| RowAnswer {
                    outcome: outcome(table[id][row]),
                    amount: table[&format!("{id}.amount")][row].map(Fen),
                    failed: table[&format!("{id}.failed")][row]
                        .expect("never null")
                        .try_into()
                        .expect("bits"),
                    unknown: rows[row].unknown,
                })
                .collect();
            assert_eq!(found, rows, "{id} with {threads} threads");
            assert!(rows.iter().any(|row| row.amount.is_some()) && rows.iter().any(|row| row.failed > 0));
        }
        // Definitions of a household stand once, in its table, though both programmes have them.
        assert!(!tables[1].contains_key("of_person.earned"), "{:?}", tables[1].keys());
        assert!(!tables[0].contains_key("of_household.kind"), "a code is left out");
        let context = contexts();
        let epoch = chrono::NaiveDate::default();
        for (row, family) in families.iter().enumerate() {
            let decided = programmes[0].decide(family, &context[row % 3]);
            let value =
                |id: &str| &decided.definitions.iter().find(|one| one.id == id).expect("a definition").value;
            let written = |id: &str| tables[0][&format!("of_household.{id}")][row];
            assert_eq!(tables[0]["division"][row], i64::try_from(row % 3).ok());
            assert_eq!(written("earned"), scaled(value("earned"), 2), "row {row}");
            assert_eq!(written("each"), scaled(value("each"), 4), "a quotient has four decimals, row {row}");
            let truth =
                if let Value::Boolean(truth) = value("town") { Some(i64::from(*truth)) } else { None };
            assert_eq!(written("town"), truth, "row {row}");
            let day =
                if let Value::Date(date) = value("filed") { Some((*date - epoch).num_days()) } else { None };
            assert_eq!(written("filed"), day, "row {row}");
        }
        let households: Vec<Option<i64>> = families
            .iter()
            .enumerate()
            .flat_map(|(row, family)| people(family).into_iter().map(move |_| i64::try_from(row).ok()))
            .collect();
        assert_eq!(tables[1]["household"], households);
        match &first {
            None => first = Some(tables.into()),
            Some(first) => assert_eq!(first[..], tables[..], "{threads} threads write the same"),
        }
    }
}

#[test]
fn what_has_no_vector_form_is_not_written() {
    let families = [Filler { choices: Choices::seeded(1), blanks: 0, head_is_member: false }.household()];
    let snapshot = world::snapshot(&families, false);
    let source: ProgrammeSource = serde_json::from_value(serde_json::json!({
        "id": "wide", "title": "宽", "unit_shape": "household",
        "conditions": [{ "id": "c", "title": "条件", "kind": { "expression":
            "deposits * deposits * deposits * deposits > sum(members.income / (members.income + 1))" } }],
    }))
    .expect("a source");
    let programme = Programme::compile(&source, &shapes(), &parameters()).expect("compiles");
    let sweep = Sweep::new(&snapshot, vec![Swept { programme: &programme, contexts: contexts() }])
        .expect("totals can be had");
    assert_eq!(
        sweep.totals()[0].divisions.iter().map(|one| one.met + one.not_met + one.unknown).sum::<u64>(),
        1
    );
    let folder = tempfile::tempdir().expect("a folder");
    let refused = sweep.write(folder.path(), false).expect_err("no columns");
    assert!(refused.to_string().contains("wide 只能逐户核算"), "{refused}");
}
