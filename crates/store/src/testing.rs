//! Databases for the tests of every room: SQLite always, PostgreSQL when `HUIMIN_TEST_POSTGRES` holds a server's URL.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use crate::database::{
    Db, copy_postgres_database, drop_postgres_database, has_postgres_database, split_postgres_url,
};
use crate::keys::Keys;

/// The folder with a note for each test process of what it made.
const OWNED: &str = "owned";

/// The variable with the URL of a test server, as `tests/postgres.sh` prints it.
pub const POSTGRES: &str = "HUIMIN_TEST_POSTGRES";

/// Fresh synthetic databases with this crate's own tables; tests loop over them. `name` tells them apart when a test fails.
///
/// # Panics
/// When a database cannot be made: the test cannot mean anything then.
pub async fn databases(name: &str) -> Vec<Db> {
    clear().await;
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
    note(&urls).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    urls
}

/// Write down under this process which databases are its own: [`clear`] removes them after its end.
fn note(urls: &[String]) -> std::io::Result<()> {
    let noted = folder().join(OWNED);
    std::fs::create_dir_all(&noted)?;
    let note = noted.join(std::process::id().to_string());
    let mut note = std::fs::OpenOptions::new().create(true).append(true).open(note)?;
    note.write_all((urls.join("\n") + "\n").as_bytes())
}

/// Remove the databases of test processes that have ended, once for each process: a whole run would fill the disk otherwise.
async fn clear() {
    static CLEARED: AtomicBool = AtomicBool::new(false);
    if CLEARED.swap(true, Ordering::Relaxed) {
        return;
    }
    let own = std::process::id();
    let server = std::env::var(POSTGRES).ok().and_then(|url| split_postgres_url(&url).ok());
    let server = server.map(|(server, _)| server);
    for noted in folder().join(OWNED).read_dir().into_iter().flatten().flatten() {
        let process = noted.file_name().to_string_lossy().parse::<u32>();
        // A process whose number cannot be looked up counts as living.
        let ended = |process: &u32| Path::new("/proc/self").exists() && !living(*process);
        let Some(process) = process.ok().filter(ended) else { continue };
        // Whoever renames the note removes what it names; another one finds it gone.
        let taken = noted.path().with_extension(format!("by-{own}"));
        if std::fs::rename(noted.path(), &taken).is_err() {
            continue;
        }
        let urls = std::fs::read_to_string(&taken).unwrap_or_else(|error| panic!("{process}: {error}"));
        for url in urls.lines() {
            // What lay on a server of an earlier run went with it.
            let elsewhere = split_postgres_url(url).is_ok_and(|(of, _)| Some(of) != server);
            if !elsewhere {
                remove(url).await;
            }
        }
        let _ = std::fs::remove_file(&taken);
    }
}

fn living(process: u32) -> bool {
    Path::new("/proc").join(process.to_string()).exists()
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

/// What a test gets of a city that others get as well.
pub struct Copy {
    pub db: Db,
    pub url: String,
    pub keys: Arc<Keys>,
}

/// A city on every database, each a copy: `make` fills an empty database once for all processes of this test program and these packs,
/// and the others wait for the first. `city` names it; it must tell apart whatever `make` does differently.
///
/// # Panics
/// When a database cannot be made or copied.
pub async fn copies(city: &str, name: &str, make: impl AsyncFn(Db)) -> Vec<Copy> {
    clear().await;
    // Names of databases are limited to 63 bytes.
    let model = format!("{:.20}_{:016x}", city, fingerprint(city));
    let folder = folder().join("models");
    std::fs::create_dir_all(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let lock = folder.join(format!("{model}.lock"));
    let lock = std::fs::File::create(&lock).unwrap_or_else(|error| panic!("{}: {error}", lock.display()));
    lock.lock().unwrap_or_else(|error| panic!("{model}: {error}"));
    let keys = Keys::load_or_create(&folder.join(format!("{model}.keys")));
    let keys = Arc::new(keys.unwrap_or_else(|error| panic!("{model}: {error}")));
    let mut models = Vec::new();
    for url in urls(&model) {
        let (ready, begun) = places(&url, &folder.join(&model), &model);
        if !stands(&ready).await {
            remove(&begun).await;
            let db = Db::create(&begun, true, Arc::clone(&keys)).await;
            let db = db.unwrap_or_else(|error| panic!("{begun}: {error}"));
            make(db.clone()).await;
            db.close().await.unwrap_or_else(|error| panic!("{begun}: {error}"));
            // Only a finished one bears the name under which it is looked for.
            move_to(&begun, &ready).await;
        }
        models.push(ready);
    }
    drop(lock);
    let mut copies = Vec::new();
    for model in models {
        let url = copy(&model, name).await;
        let db = Db::connect(&url, Arc::clone(&keys)).await.unwrap_or_else(|error| panic!("{url}: {error}"));
        copies.push(Copy { db, url, keys: Arc::clone(&keys) });
    }
    copies
}

/// Where a model stands once it is finished, and while it is made.
fn places(url: &str, file: &Path, model: &str) -> (String, String) {
    if url.starts_with("sqlite:") {
        let file = file.display();
        return (format!("sqlite:{file}.db"), format!("sqlite:{file}.begun"));
    }
    let (server, _) = split_postgres_url(url).unwrap_or_else(|error| panic!("{url}: {error}"));
    let named = |name: &str| server.replacen("/postgres", &format!("/{name}"), 1);
    (named(&format!("model_{model}")), named(&format!("begun_{model}")))
}

async fn stands(url: &str) -> bool {
    match url.strip_prefix("sqlite:") {
        Some(file) => Path::new(file).exists(),
        None => has_postgres_database(url).await.unwrap_or_else(|error| panic!("{url}: {error}")),
    }
}

async fn remove(url: &str) {
    match url.strip_prefix("sqlite:") {
        Some(file) => {
            for part in ["", "-wal", "-shm"] {
                let _ = std::fs::remove_file(format!("{file}{part}"));
            }
        }
        None => drop_postgres_database(url).await.unwrap_or_else(|error| panic!("{url}: {error}")),
    }
}

async fn move_to(from: &str, to: &str) {
    match (from.strip_prefix("sqlite:"), to.strip_prefix("sqlite:")) {
        (Some(from), Some(to)) => {
            std::fs::rename(from, to).unwrap_or_else(|error| panic!("{from}: {error}"));
        }
        _ => {
            copy_postgres_database(from, to).await.unwrap_or_else(|error| panic!("{from}: {error}"));
            remove(from).await;
        }
    }
}

/// What a model is made of: this program and the packs, as their files' times and sizes tell.
fn fingerprint(city: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    city.hash(&mut hasher);
    let program = std::env::current_exe().unwrap_or_else(|error| panic!("{error}"));
    let mut paths = vec![program, packs()];
    while let Some(path) = paths.pop() {
        let known = path.metadata().unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        path.hash(&mut hasher);
        if known.is_dir() {
            let mut inside: Vec<PathBuf> =
                path.read_dir().into_iter().flatten().flatten().map(|one| one.path()).collect();
            inside.sort();
            paths.extend(inside);
        } else {
            (known.len(), known.modified().ok()).hash(&mut hasher);
        }
    }
    hasher.finish()
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
