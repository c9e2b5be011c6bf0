//! Measuring the desks: makes a big synthetic database, starts the server on it, and asks it as sixteen clerks would;
//! or pays a month in it. `bench/casework.sh` and `bench/month.sh` run it; every line it prints is a JSON object.

#[expect(dead_code, reason = "the test of kills does more with it")]
#[path = "../../tests/killed/browser.rs"]
mod browser;
mod load;
mod make;
mod month;
mod server;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// What stopped it.
type Failure = Box<dyn std::error::Error + Send + Sync>;

#[derive(Parser)]
struct Command {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Make a database and the list of what there is to ask and to do.
    Make(make::Options),
    /// Start the server and ask.
    Load(load::Options),
    /// Make, check, approve and export a month's runs.
    Month(month::Options),
}

/// Where the database, its keys and the list of work are.
#[derive(clap::Args, Clone)]
struct Place {
    #[arg(long)]
    database: String,
    #[arg(long)]
    keys: PathBuf,
    #[arg(long)]
    work: PathBuf,
}

fn main() -> ExitCode {
    let done = match Command::parse().action {
        Action::Make(options) => make::make(&options),
        Action::Load(options) => load::load(&options),
        Action::Month(options) => month::month(&options),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
