//! Checking packs at the terminal.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use catalogue::{Finding, LoadOptions, Release, Severity};

/// Prints everything that is wrong with the packs; fails if anything is an error.
pub fn check(folders: &[PathBuf], synthetic: bool) -> ExitCode {
    let folders: Vec<&Path> = folders.iter().map(PathBuf::as_path).collect();
    let findings = Release::check_with_cases(&folders, LoadOptions { synthetic });
    print!("{}", listed(&findings));
    let errors = findings.iter().filter(|finding| finding.severity == Severity::Error).count();
    if errors == 0 {
        println!("没有错误，{} 处提示。", findings.len());
        ExitCode::SUCCESS
    } else {
        println!("{errors} 处错误，{} 处提示。", findings.len() - errors);
        ExitCode::FAILURE
    }
}

/// One line for each finding.
pub fn listed(findings: &[Finding]) -> String {
    let mut text = String::new();
    for finding in findings {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{finding}");
    }
    text
}
