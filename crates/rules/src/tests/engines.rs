//! Engines that run SQL in a process of their own, for the tests that compare their answers with ours. Named in
//! `HUIMIN_SQL_ENGINES` (`sqlite,postgres,duckdb`; sqlite alone if it is not set): the command `sqlite3`, `psql` on the
//! database of `HUIMIN_TEST_POSTGRES`, and the Python of `HUIMIN_DUCKDB_PYTHON`. `tests/sql.sh` sets them.
//! With `HUIMIN_SQL_KEEP` the scripts are kept in that folder.

use std::io::Write;
use std::process::{Command, Stdio};

/// The engines asked for.
pub fn engines() -> Vec<String> {
    let named = std::env::var("HUIMIN_SQL_ENGINES").unwrap_or_else(|_| "sqlite".to_owned());
    named.split(',').map(str::to_owned).collect()
}

/// Runs statements and gives, for each query (those that begin with `WITH`), its rows of columns; NULL is empty.
pub fn run(engine: &str, statements: &[String]) -> Vec<Vec<Vec<String>>> {
    const MARK: &str = "#next";
    let mut script = String::new();
    let mut command = match engine {
        "sqlite" => {
            let mut command = Command::new("sqlite3");
            command.args(["-bail", "-list", "-separator", ",", ":memory:"]);
            command
        }
        "postgres" => {
            let url = std::env::var("HUIMIN_TEST_POSTGRES").expect("HUIMIN_TEST_POSTGRES names a database");
            script += "BEGIN;\nCREATE SCHEMA sql_test;\nSET LOCAL search_path = sql_test;\n";
            let mut command = Command::new("psql");
            command.args(["-q", "-X", "-A", "-t", "-F", ",", "-v", "ON_ERROR_STOP=1", &url]);
            command
        }
        "duckdb" => {
            let python = std::env::var("HUIMIN_DUCKDB_PYTHON").expect("HUIMIN_DUCKDB_PYTHON names a Python");
            let mut command = Command::new(python);
            let program = include_str!("duckdb_engine.py");
            command.args(["-c", program]);
            command
        }
        other => panic!("no engine is called {other}"),
    };
    for statement in statements {
        let is_query = statement.starts_with("WITH");
        if is_query {
            script += &format!("SELECT '{MARK}';\n");
        }
        script += statement.trim_end().trim_end_matches(';');
        script += ";\n";
    }
    if engine == "postgres" {
        script += "ROLLBACK;\n";
    }
    if let Ok(folder) = std::env::var("HUIMIN_SQL_KEEP") {
        std::fs::write(format!("{folder}/{engine}.sql"), &script).expect("the script can be kept");
    }
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{engine} does not start: {error}"));
    let mut input = child.stdin.take().expect("a pipe");
    let sender = std::thread::spawn(move || {
        // An engine that stops early closes the pipe; its own message says why.
        let _ = input.write_all(script.as_bytes());
    });
    let output = child.wait_with_output().expect("the engine ends");
    sender.join().expect("the script was written");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && errors.trim().is_empty(), "{engine}: {errors}");
    let mut results: Vec<Vec<Vec<String>>> = Vec::new();
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        if line == MARK {
            results.push(Vec::new());
        } else if let Some(rows) = results.last_mut() {
            rows.push(line.split(',').map(str::to_owned).collect());
        }
    }
    let queries = statements.iter().filter(|statement| statement.starts_with("WITH")).count();
    assert_eq!(results.len(), queries, "{engine} answered every query");
    results
}
