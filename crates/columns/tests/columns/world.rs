//! Snapshots of made-up families.

use std::collections::BTreeSet;

use columns::{Draft, Schema, Snapshot};
use rules::testing::world::{DIVISIONS, day, shapes};
use rules::{Record, Shape, Shapes};

/// All fields of all shapes.
pub fn every_field(shapes: &Shapes) -> BTreeSet<(String, String)> {
    let fields =
        |shape: &Shape| shape.fields.keys().map(|id| (shape.name.clone(), id.clone())).collect::<Vec<_>>();
    shapes.shapes.values().flat_map(fields).collect()
}

/// A snapshot of these families; each lives in the division of its place in turn.
pub fn snapshot(families: &[Record], head_is_member: bool) -> Snapshot {
    let shapes = shapes();
    let references: &[(&str, &str)] = if head_is_member { &[("head", "members")] } else { &[] };
    let schema = Schema::of(&shapes, "household", &every_field(&shapes), references);
    let mut draft = Draft::new(schema, &shapes, day("2026-07-20"));
    for division in DIVISIONS {
        draft.division(division);
    }
    for (index, family) in families.iter().enumerate() {
        draft.push_record(family, DIVISIONS[index % 3]).expect("a family that fits");
    }
    draft.freeze().expect("a snapshot")
}
