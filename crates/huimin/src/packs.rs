//! Packs at the terminal: checked, and held against those that are installed.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use catalogue::{Finding, Layer, LoadOptions, PackFiles, Release, Severity};
use clap::ValueEnum;

/// In which language a command says what is wrong with rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Language {
    /// 中文
    #[default]
    Zh,
    /// 规则式子的错误和提醒用英文，其他仍是中文
    En,
}

/// Prints everything that is wrong with the packs; fails if anything is an error.
pub fn check(folders: &[PathBuf], synthetic: bool, language: Language) -> ExitCode {
    let folders: Vec<&Path> = folders.iter().map(PathBuf::as_path).collect();
    let findings = Release::check_with_cases(&folders, LoadOptions { synthetic });
    print!("{}", listed(&findings, language));
    let errors = findings.iter().filter(|finding| finding.severity == Severity::Error).count();
    let warnings = findings.len() - errors;
    match (language, errors) {
        (Language::Zh, 0) => println!("没有错误，{warnings} 处提示。"),
        (Language::Zh, _) => println!("{errors} 处错误，{warnings} 处提示。"),
        (Language::En, _) => println!("Errors: {errors}, warnings: {warnings}."),
    }
    if errors == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// One line for each finding.
pub fn listed(findings: &[Finding], language: Language) -> String {
    let mut text = String::new();
    for finding in findings {
        // Writing to a String cannot fail.
        let _ = match language {
            Language::Zh => writeln!(text, "{finding}"),
            Language::En => writeln!(text, "{}", finding.english()),
        };
    }
    text
}

/// The folders from which packs were installed and in which other files lie by now; a folder that is not here says nothing.
pub fn differing(release: &Release) -> Vec<PathBuf> {
    let installed = release.packs.iter().filter(|pack| pack.head.layer != Layer::Database);
    installed
        .filter_map(|pack| {
            let folder = PathBuf::from(&pack.files.label);
            let beside = folder.join("pack.toml").is_file().then(|| PackFiles::read(&folder))?.ok()?;
            (beside.files != pack.files.files).then_some(folder)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use catalogue::Release;

    use super::differing;

    #[test]
    fn a_folder_with_other_files_than_were_installed_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let crates = Path::new(env!("CARGO_MANIFEST_DIR"));
        for file in std::fs::read_dir(crates.join("../office/tests/packs/town")).unwrap() {
            let file = file.unwrap();
            std::fs::copy(file.path(), folder.path().join(file.file_name())).unwrap();
        }
        std::fs::copy(crates.join("../../packs/national/roles.toml"), folder.path().join("roles.toml"))
            .unwrap();
        let release = Release::load(&[folder.path()]).unwrap();
        assert!(differing(&release).is_empty());
        std::fs::write(folder.path().join("more.toml"), "# 以后再写\n").unwrap();
        assert_eq!(differing(&release), [folder.path()]);
        // Folders that are not here any more say nothing.
        drop(folder);
        assert!(differing(&release).is_empty());
    }
}
