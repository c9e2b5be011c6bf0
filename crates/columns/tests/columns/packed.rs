//! Packed columns become the families they were written from; a file that does not fit its manifest is refused with its place.

use std::fs;
use std::path::Path;

use columns::Draft;
use rules::Record;
use rules::testing::world::{day, month, number, shapes};

const MANIFEST: &str = r#"{
  "as_of": "2026-10-01",
  "root": { "shape": "household", "rows": 3, "columns": [
    { "field": "deposits", "file": "deposits.bin", "type": "i64", "known": { "file": "deposits_known.bin", "type": "u8" } },
    { "field": "urban", "file": "urban.bin", "type": "u8" },
    { "field": "since", "file": "since.bin", "type": "u32" }
  ] },
  "division": { "file": "division.bin", "type": "u8", "codes": ["990101", "990102"] },
  "tables": [ { "relation": "members", "rows": 4, "offsets": { "file": "offsets.bin", "type": "u32" }, "columns": [
    { "field": "birthday", "file": "birthday.bin", "type": "i32" },
    { "field": "share", "file": "share.bin", "type": "i32" },
    { "field": "disability", "file": "disability.bin", "type": "u16", "codes": ["4", "1"] }
  ] } ],
  "first_row": { "head": "members" }
}"#;

fn write<T: Copy>(folder: &Path, name: &str, numbers: &[T], bytes: fn(T) -> Vec<u8>) {
    let packed: Vec<u8> = numbers.iter().flat_map(|one| bytes(*one)).collect();
    fs::write(folder.join(name), packed).expect("written");
}

/// Three households: two people, nobody, two people.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    fs::write(at.join("manifest.json"), MANIFEST).expect("written");
    write(at, "deposits.bin", &[1_250_i64, 99, 10_000_000_000], |one| one.to_le_bytes().into());
    write(at, "deposits_known.bin", &[1_u8, 0, 1], |one| vec![one]);
    write(at, "urban.bin", &[1_u8, 0, 1], |one| vec![one]);
    // A file may hold more rows than are read.
    write(at, "since.bin", &[202_603_u32, 190_001, 219_912, 7], |one| one.to_le_bytes().into());
    write(at, "division.bin", &[1_u8, 0, 1], |one| vec![one]);
    write(at, "offsets.bin", &[0_u32, 2, 2, 4], |one| one.to_le_bytes().into());
    write(at, "birthday.bin", &[19_800_506_i32, 20_240_229, 19_500_131, 20_270_101], |one| {
        one.to_le_bytes().into()
    });
    write(at, "share.bin", &[-100_000_i32, 3_333, 0, 100_000], |one| one.to_le_bytes().into());
    write(at, "disability.bin", &[0_u16, 1, 1, 0], |one| one.to_le_bytes().into());
    folder
}

#[test]
fn packed_columns_become_families() {
    let folder = folder();
    let draft = Draft::read_packed(folder.path(), &shapes()).unwrap_or_else(|wrong| panic!("{wrong}"));
    let snapshot = draft.freeze().expect("a snapshot");
    assert_eq!(snapshot.as_of(), day("2026-10-01"));
    assert_eq!(snapshot.divisions(), ["990101", "990102"]);
    let person = |birthday: &str, share: &str, disability: &str| {
        Record::new()
            .with("birthday", day(birthday))
            .with("share", number(share))
            .with("disability", disability)
    };
    let first = person("1980-05-06", "-10", "4");
    let third = person("1950-01-31", "0", "1");
    let wanted = [
        Record::new()
            .with("deposits", number("12.50"))
            .with("urban", true)
            .with("since", month("2026-03"))
            .with_one("head", first.clone())
            .with_many("members", vec![first, person("2024-02-29", "0.3333", "1")]),
        Record::new().with("urban", false).with("since", month("1900-01")).with_many("members", vec![]),
        Record::new()
            .with("deposits", number("100000000"))
            .with("urban", true)
            .with("since", month("2199-12"))
            .with_one("head", third.clone())
            .with_many("members", vec![third, person("2027-01-01", "10", "4")]),
    ];
    for (row, wanted) in wanted.iter().enumerate() {
        assert_eq!(&snapshot.record(0, row), wanted, "household {row}");
    }
    assert_eq!([0, 1, 2].map(|row| snapshot.division_of(row)), [1, 0, 1]);
}

/// What is said when one file holds something else.
fn said(change: impl Fn(&Path)) -> String {
    let folder = folder();
    change(folder.path());
    match Draft::read_packed(folder.path(), &shapes()) {
        Ok(_) => panic!("it was read"),
        Err(wrong) => wrong.to_string(),
    }
}

#[test]
fn what_does_not_fit_its_manifest_is_refused_with_its_place() {
    let manifest = |written: &'static str, instead: &'static str| {
        move |at: &Path| {
            assert_eq!(MANIFEST.matches(written).count(), 1, "{written}");
            fs::write(at.join("manifest.json"), MANIFEST.replacen(written, instead, 1)).expect("written");
        }
    };
    let says = |change: &dyn Fn(&Path), wanted: &str| {
        let found = said(change);
        assert!(found.contains(wanted), "{found}, not {wanted}");
    };
    says(&|at| fs::remove_file(at.join("urban.bin")).expect("removed"), "urban.bin");
    says(&|at| fs::write(at.join("urban.bin"), [1]).expect("written"), "只有 1 行，清单写 3 行");
    says(&|at| fs::write(at.join("urban.bin"), [1, 2, 0]).expect("written"), "household.urban");
    says(&|at| write(at, "since.bin", &[202_613_u32, 1, 1], |one| one.to_le_bytes().into()), "202613");
    says(
        &|at| write(at, "birthday.bin", &[20_230_229_i32; 4], |one| one.to_le_bytes().into()),
        "person.birthday",
    );
    says(&|at| write(at, "disability.bin", &[2_u16; 4], |one| one.to_le_bytes().into()), "person.disability");
    says(&|at| fs::write(at.join("division.bin"), [0, 1, 2]).expect("written"), "第 2 户的区划不在 codes 里");
    says(&|at| write(at, "offsets.bin", &[0_u32, 2, 1, 4], |one| one.to_le_bytes().into()), "倒退");
    says(&|at| write(at, "offsets.bin", &[0_u32, 2, 2, 3], |one| one.to_le_bytes().into()), "不从 0 到 4");
    says(&manifest("\"field\": \"share\"", "\"field\": \"shares\""), "shares");
    says(&manifest("\"relation\": \"members\"", "\"relation\": \"guests\""), "没有关系 guests");
    says(&manifest("\"shape\": \"household\"", "\"shape\": \"hous\""), "没有叫 hous 的形状");
    says(&manifest("\"as_of\": \"2026-10-01\",", ""), "as_of");
}
