//! The file: what goes in comes out, and what is damaged or open to others is refused.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use columns::{ColumnsError, Draft, Schema, Snapshot};
use rules::Record;
use rules::testing::Choices;
use rules::testing::world::{DIVISIONS, Filler, day, number, people, shapes};

use crate::world::every_field;

fn families(head_is_member: bool) -> Vec<Record> {
    let mut filler = Filler { choices: Choices::seeded(3), blanks: 4, head_is_member };
    // A snapshot has no text.
    let without_text = |mut family: Record| {
        family.fields.remove("note");
        family
    };
    (0..500).map(|_| without_text(filler.household())).collect()
}

fn draft(families: &[Record], head_is_member: bool) -> Draft {
    let shapes = shapes();
    let references: &[(&str, &str)] = if head_is_member { &[("head", "members")] } else { &[] };
    let schema = Schema::of(&shapes, "household", &every_field(&shapes), references);
    let mut draft = Draft::new(schema, &shapes, day("2026-07-20"));
    for (index, family) in families.iter().enumerate() {
        draft.push_record(family, DIVISIONS[index % 3]).expect("a family that fits");
    }
    draft
}

#[test]
fn what_is_written_is_read_back() {
    for head_is_member in [false, true] {
        let families = families(head_is_member);
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("population.snapshot");
        draft(&families, head_is_member).write(&path).expect("written");
        assert_eq!(fs::metadata(&path).expect("there").permissions().mode() & 0o777, 0o600);
        let snapshot = Snapshot::open(&path).expect("opened");
        assert_eq!(snapshot.divisions(), DIVISIONS);
        for (row, family) in families.iter().enumerate() {
            assert_eq!(&snapshot.record(0, row), family);
        }
        let table = snapshot.schema().child(0, "members").expect("a table of members");
        let people: Vec<Record> = families.iter().flat_map(people).collect();
        assert_eq!(snapshot.rows(table), people.len());
        for (row, person) in people.iter().enumerate() {
            assert_eq!(&snapshot.record(table, row), person);
        }
        let by_division: u64 = (0..3).map(|division| snapshot.rows_in(table, division)).sum();
        assert_eq!(by_division, people.len() as u64);
    }
}

#[test]
fn a_file_that_others_may_read_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("population.snapshot");
    draft(&families(true), true).write(&path).expect("written");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).expect("changed");
    let error = Snapshot::open(&path).expect_err("readable by the group");
    assert!(matches!(error, ColumnsError::ReadableByOthers { .. }), "{error}");
}

#[test]
fn a_damaged_file_is_refused_wherever_it_was_cut_or_changed() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("population.snapshot");
    draft(&families(false)[..40], false).write(&path).expect("written");
    let whole = fs::read(&path).expect("read");
    for length in [0, 10, 63, 64, 200, whole.len() - 33, whole.len() - 9, whole.len() - 1] {
        fs::write(&path, &whole[..length]).expect("written");
        let error = Snapshot::open(&path).expect_err("cut short");
        assert!(matches!(error, ColumnsError::Damaged { .. }), "{length}: {error}");
    }
    // The head, the directory and the trailer: nothing in them may change unnoticed.
    let trailer = whole.len() - 32;
    let directory = whole.windows(10).position(|window| window == b"{\"schema\":").expect("a directory");
    for place in
        [0, 8, directory + 1, directory + 200, trailer - 1, trailer, trailer + 8, trailer + 16, trailer + 24]
    {
        let mut changed = whole.clone();
        changed[place] ^= 1;
        fs::write(&path, &changed).expect("written");
        assert!(Snapshot::open(&path).is_err(), "byte {place}");
    }
    // Offsets that go back would lead a kernel out of its slice.
    let good = Snapshot::open(&{
        fs::write(&path, &whole).expect("written");
        path.clone()
    });
    assert!(good.is_ok());
}

#[test]
fn a_value_that_does_not_fit_is_refused_with_its_place() {
    let with = |field: &str, value: rules::Value| {
        let mut record = Record::new();
        record.fields.insert(field.to_owned(), value);
        let shapes = shapes();
        let schema = Schema::of(&shapes, "household", &every_field(&shapes), &[]);
        Draft::new(schema, &shapes, day("2026-07-20"))
            .push_record(&record, "990101")
            .expect_err("refused")
            .to_string()
    };
    assert_eq!(
        with("deposits", number("0.001").into()),
        "household.deposits 的值 0.001 放不进快照：多于 2 位小数，或者太大"
    );
    assert_eq!(with("urban", number("1").into()), "household.urban 的值 1 放不进快照：类型不对");
}
