//! Proving the stored data from itself: determinations replayed, the audit chain, the books.

use std::path::Path;
use std::process::ExitCode;

use indicatif::{ProgressBar, ProgressStyle};
use office::Office;
use office::casework::{determine, sampling};
use office::people::merge::merges_unsound;
use office::roll::month_list;
use synth::proof::{self, Planted};

use crate::{Failure, demo};

/// Runs the chosen proofs and prints what does not hold.
///
/// # Errors
/// The database's.
pub async fn verify(
    office: &Office,
    determinations: bool,
    audit: bool,
    ledger: bool,
) -> Result<ExitCode, Failure> {
    let mut sound = true;
    if determinations {
        let bar = ProgressBar::no_length();
        if let Ok(style) = ProgressStyle::with_template("认定结论 {pos} {elapsed}") {
            bar.set_style(style);
        }
        let (count, mismatches) = determine::verify(office, |done| bar.set_position(done)).await?;
        bar.finish_and_clear();
        for mismatch in &mismatches {
            println!("认定结论 {}：{}", mismatch.id, mismatch.what);
        }
        println!("认定结论：重放 {count} 条，{} 条不符。", mismatches.len());
        sound &= mismatches.is_empty();
        let (count, mismatches) = sampling::verify(office).await?;
        for (draw, what) in &mismatches {
            println!("抽查抽签 {draw}：{what}");
        }
        println!("抽查抽签：重抽 {count} 次，{} 次不符。", mismatches.len());
        sound &= mismatches.is_empty();
        let (count, mismatches) = sampling::random::verify(office).await?;
        for (check, what) in &mismatches {
            println!("抽样核查 {check}：{what}");
        }
        println!("抽样核查：重抽 {count} 次，{} 次不符。", mismatches.len());
        sound &= mismatches.is_empty();
    }
    if determinations {
        let (count, wrong) = month_list::verify(office).await?;
        for what in &wrong {
            println!("{what}");
        }
        println!("按月造册：重算 {count} 人，{} 人不符。", wrong.len());
        sound &= wrong.is_empty();
    }
    if audit {
        store::seal_audit(office.db()).await?;
        let verdict = store::verify_audit(office.db()).await?;
        match &verdict.broken {
            None => println!("审计链：{} 行完好，{} 行待封。", verdict.sealed, verdict.unsealed),
            Some(broken) => println!("审计链：在第 {} 号断开：{broken:?}", broken.seq),
        }
        sound &= verdict.broken.is_none();
    }
    if ledger {
        let findings = ledger::verify::verify(office.db()).await?;
        for finding in &findings {
            println!("账簿：{finding:?}");
        }
        println!("账簿：{} 处问题。", findings.len());
        sound &= findings.is_empty();
        let unsound = merges_unsound(office.db()).await?;
        for what in &unsound {
            println!("档案合并：{what}");
        }
        println!("档案合并：{} 处问题。", unsound.len());
        sound &= unsound.is_empty();
    }
    Ok(if sound { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Runs the nightly search of a synthetic database once and says what it found of what was planted in the departments' files. Fails below 95 of a
/// hundred of a kind, or if the night changed a benefit.
///
/// # Errors
/// A list that cannot be read; a database that is not synthetic.
pub async fn recall(office: &Office, list: &Path) -> Result<ExitCode, Failure> {
    let planted: Vec<Planted> = serde_json::from_slice(&std::fs::read(list)?)?;
    let proof = proof::night(office, &planted).await?;
    print!("{}", demo::said(&proof));
    let found = proof.lines.iter().all(|line| line.recall_percent() >= 95);
    Ok(if found && proof.stopped == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
