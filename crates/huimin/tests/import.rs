//! The command `huimin import-pack`: looked at first, asked, taken in once.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// A small pack in a folder of its own, and the database that it is installed into.
struct Installed {
    folder: tempfile::TempDir,
}

impl Installed {
    fn new() -> Installed {
        let folder = tempfile::tempdir().unwrap();
        let crates = Path::new(env!("CARGO_MANIFEST_DIR"));
        let pack = folder.path().join("town");
        std::fs::create_dir(&pack).unwrap();
        for file in std::fs::read_dir(crates.join("../office/tests/packs/town")).unwrap() {
            let file = file.unwrap();
            std::fs::copy(file.path(), pack.join(file.file_name())).unwrap();
        }
        std::fs::copy(crates.join("../../packs/national/roles.toml"), pack.join("roles.toml")).unwrap();
        Installed { folder }
    }

    fn pack(&self) -> PathBuf {
        self.folder.path().join("town")
    }

    /// Runs the command on this database with this pack.
    fn run(&self, action: &str, more: &[&str]) -> (bool, String) {
        let database = format!("sqlite:{}", self.folder.path().join("huimin.db").display());
        let mut command = Command::new(env!("CARGO_BIN_EXE_huimin"));
        command.arg(action).args(["--database", database.as_str(), "--keys"]);
        command.arg(self.folder.path().join("huimin.keys")).args(more).arg("--packs").arg(self.pack());
        words(&command.stdin(Stdio::null()).output().expect("the command starts"))
    }
}

fn words(output: &Output) -> (bool, String) {
    let text =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    (output.status.success(), text)
}

#[test]
fn newer_packs_are_looked_at_asked_about_and_taken_in_once() {
    let installed = Installed::new();
    let (done, said) = installed.run("create", &["--city", "990100"]);
    assert!(done, "{said}");
    let (done, said) = installed.run("import-pack", &["--dry-run"]);
    assert!(done && said.contains("没有要装的"), "{said}");

    let registers = installed.pack().join("registers.toml");
    let text = std::fs::read_to_string(&registers).unwrap();
    let remark = "[[register.group.field]]\nid = \"remark\"";
    let floors = "[[register.group.field]]\nid = \"floors\"\nlabel = \"层数\"\ntype = \"integer\"\n\n";
    assert!(text.contains(remark));
    std::fs::write(&registers, text.replacen(remark, &format!("{floors}{remark}"), 1)).unwrap();

    let (done, said) = installed.run("import-pack", &["--dry-run"]);
    assert!(done && said.contains("改动 养老机构：增加字段：层数") && said.contains("没有写库"), "{said}");
    // Nobody is there who could be asked.
    let (done, said) = installed.run("import-pack", &[]);
    assert!(!done && said.contains("--yes"), "{said}");
    let (done, said) = installed.run("import-pack", &["--yes", "--by", "nobody"]);
    assert!(!done && said.contains("没有登录名是 nobody 的在岗系统管理员"), "{said}");
    let (done, said) = installed.run("import-pack", &["--yes", "--by", "admin"]);
    assert!(done && said.contains("已装入"), "{said}");
    let (done, said) = installed.run("import-pack", &["--yes"]);
    assert!(done && said.contains("没有要装的"), "{said}");

    // What has errors is said with file and line, and comes nowhere.
    std::fs::write(&registers, text.replacen("type = \"textarea\"", "type = \"text area\"", 1)).unwrap();
    let (done, said) = installed.run("import-pack", &["--yes"]);
    assert!(!done && said.contains("registers.toml:") && said.contains("没有装入"), "{said}");
}
