//! `huimin snapshot` and `huimin sweep` without the rest of the program: the very same code, quick to build.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[path = "../../huimin/src/sweep.rs"]
mod sweep;

type Failure = Box<dyn std::error::Error + Send + Sync>;

#[derive(Parser)]
struct Command {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    Snapshot(sweep::SnapshotOptions),
    Sweep(sweep::SweepOptions),
}

fn main() -> ExitCode {
    let done = match Command::parse().action {
        Action::Snapshot(options) => sweep::snapshot(&options),
        Action::Sweep(options) => sweep::sweep(&options),
    };
    done.unwrap_or_else(|error| {
        eprintln!("{error}");
        ExitCode::FAILURE
    })
}
