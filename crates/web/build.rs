//! Finds the built front end in `web/dist` and hands its content-hashed file names to the crate.
//! The files are not in git: without them the build stops here, with the one command that mends it.

use std::path::Path;

/// Environment variable for `crate::assets`, and how the file's name begins and ends.
const WANTED: [(&str, &str, &str); 5] = [
    ("HUIMIN_STYLE", "app-", ".css"),
    ("HUIMIN_SCRIPT", "app-", ".js"),
    ("HUIMIN_CHARTS", "charts-", ".js"),
    ("HUIMIN_VERIFY", "verify-", ".js"),
    ("HUIMIN_ICON", "icon-", ".svg"),
];

fn main() {
    // Asked when it runs, not when it was compiled: the folder may have been moved since.
    let crate_folder = std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default();
    let dist = Path::new(&crate_folder).join("../../web/dist");
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed={}", dist.display());
    let names: Vec<String> = std::fs::read_dir(&dist)
        .map(|entries| entries.flatten().filter_map(|entry| entry.file_name().into_string().ok()).collect())
        .unwrap_or_default();
    for (variable, start, end) in WANTED {
        match names.iter().find(|name| name.starts_with(start) && name.ends_with(end)) {
            Some(name) => println!("cargo::rustc-env={variable}={name}"),
            None => {
                println!(
                    "cargo::error=the front end is not built: no {start}*{end} in web/dist. Run `make front` in the \
                     repository's root (needs Node 18 or later); it takes about ten seconds."
                );
                return;
            }
        }
    }
}
