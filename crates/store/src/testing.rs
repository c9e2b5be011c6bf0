//! Databases for the tests of every room: SQLite always, PostgreSQL when `HUIMIN_TEST_POSTGRES` holds a server's URL.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::database::{Db, copy_postgres_database, split_postgres_url};
use crate::keys::Keys;

/// The variable with the URL of a test server, as `tests/postgres.sh` prints it.
pub const POSTGRES: &str = "HUIMIN_TEST_POSTGRES";

/// Fresh synthetic databases with this crate's own tables; tests loop over them. `name` tells them apart when a test fails.
///
/// # Panics
/// When a database cannot be made: the test cannot mean anything then.
pub async fn databases(name: &str) -> Vec<Db> {
    let mut databases = Vec::new();
    for url in urls(name) {
        let keys = Arc::new(Keys::generate().unwrap_or_else(|error| panic!("{error}")));
        databases.push(Db::create(&url, true, keys).await.unwrap_or_else(|error| panic!("{url}: {error}")));
    }
    databases
}

/// Addresses at which nothing stands yet.
///
/// # Panics
/// When there is no temporary folder.
pub fn urls(name: &str) -> Vec<String> {
    static MADE: AtomicU32 = AtomicU32::new(0);
    let number = MADE.fetch_add(1, Ordering::Relaxed);
    let unique = format!("{name}_{}_{number}", std::process::id());
    let folder = folder();
    std::fs::create_dir_all(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let file = folder.join(format!("{unique}.db"));
    for leftover in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(format!("{}{leftover}", file.display()));
    }
    let mut urls = vec![format!("sqlite:{}", file.display())];
    if let Ok(server) = std::env::var(POSTGRES)
        && !server.is_empty()
    {
        let (server, _) = split_postgres_url(&server).unwrap_or_else(|error| panic!("{POSTGRES}: {error}"));
        // Names are limited to 63 bytes; the clock keeps runs apart whose process numbers meet again.
        let database = format!("t_{}_{unique}", crate::machine_now());
        let database: String = database.chars().take(60).collect();
        urls.push(server.replacen("/postgres", &format!("/{}", database.to_lowercase()), 1));
    }
    urls
}

/// A copy of a database that nobody has open, at an address of its own; the keys stay the same.
///
/// # Panics
/// When it cannot be copied.
pub async fn copy(url: &str, name: &str) -> String {
    let urls = urls(name);
    let place = |prefix: &str| urls.iter().find(|url| url.starts_with(prefix)).cloned();
    if let Some(file) = url.strip_prefix("sqlite:") {
        let target = place("sqlite:").unwrap_or_else(|| panic!("no address for {name}"));
        std::fs::copy(file, target.trim_start_matches("sqlite:"))
            .unwrap_or_else(|error| panic!("{file}: {error}"));
        return target;
    }
    let target = place("postgres:").unwrap_or_else(|| panic!("no {POSTGRES}"));
    copy_postgres_database(url, &target).await.unwrap_or_else(|error| panic!("{url}: {error}"));
    target
}

/// The variable with the folder of packs that tests read instead of the repository's: how a mechanism that a pack holds is
/// turned off (`tests/flip.sh`).
pub const PACKS: &str = "HUIMIN_TEST_PACKS";

/// The packs that tests load.
#[must_use]
pub fn packs() -> PathBuf {
    std::env::var_os(PACKS)
        .map_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../packs")), PathBuf::from)
}

fn folder() -> PathBuf {
    std::env::temp_dir().join("huimin-tests")
}
