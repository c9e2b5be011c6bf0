//! The command `huimin keys`: signing keys are changed without a code that is out becoming worthless.

use std::path::Path;
use std::process::{Command, Output};

use store::Keys;

fn keys(word: &str, file: &Path) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_huimin"));
    command.args(["keys", word, "--keys"]).arg(file).output().expect("the command starts")
}

fn words(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[test]
fn codes_that_are_out_stay_good_until_the_old_key_may_be_forgotten() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("huimin.keys");
    let before = Keys::generate().unwrap();
    before.save(&file).unwrap();
    let (code, sealed) = (before.sign(b"x").unwrap(), before.seal("旧").unwrap());

    let alone = keys("retire", &file);
    assert!(alone.status.success() && words(&alone).contains("只有一把"), "{}", words(&alone));
    let rotated = keys("rotate", &file);
    assert!(rotated.status.success() && words(&rotated).contains("第2号"), "{}", words(&rotated));
    let after = Keys::load(&file).unwrap();
    assert!(after.is_signed(b"x", &code), "a code that is out stays good");
    assert_eq!(after.sign(b"x").unwrap().key, 2, "new ones are signed with the new key");
    assert_eq!(after.open(&sealed).unwrap().as_str(), "旧", "what is sealed is not touched");
    let listed = words(&keys("list", &file));
    assert_eq!((listed.lines().count(), listed.contains("第1号")), (2, true), "{listed}");

    let early = keys("retire", &file);
    assert!(!early.status.success() && words(&early).contains("什么都没有改"), "{}", words(&early));
    assert!(Keys::load(&file).unwrap().is_signed(b"x", &code));

    // Two days go by: one for the servers to be started anew, one for the last code of the old key.
    let text = std::fs::read_to_string(&file).unwrap();
    let mut known: serde_json::Value = serde_json::from_str(&text).unwrap();
    let made = known["signs"][1]["created_at"].as_i64().unwrap();
    known["signs"][1]["created_at"] = serde_json::json!(made - 2 * 24 * 60 * 60 * 1_000 - 1_000);
    std::fs::write(&file, known.to_string()).unwrap();
    let retired = keys("retire", &file);
    assert!(retired.status.success(), "{}", words(&retired));
    let after = Keys::load(&file).unwrap();
    assert!(!after.is_signed(b"x", &code));
    assert_eq!(after.sign(b"x").unwrap().key, 2);
}
