//! The files of a pack, read whole into memory.
//!
//! A release must replay years later, so it keeps every byte it was made from. Nothing outside the pack folder is read except the files
//! that `pack.toml` names under `[include]`; they become files of the pack.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sm3::{Digest, Sm3};

use crate::Finding;

/// The text files of one pack by path inside the pack, `/` between folders.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PackFiles {
    /// What a finding puts before a path: the folder as given.
    pub label: String,
    /// Text by path.
    pub files: BTreeMap<String, String>,
}

impl PackFiles {
    /// Files that are already in memory, such as a database release.
    #[must_use]
    pub fn new(label: impl Into<String>, files: BTreeMap<String, String>) -> Self {
        Self { label: label.into(), files }
    }

    /// Reads a pack folder and the files that its `pack.toml` includes.
    ///
    /// # Errors
    /// Unreadable folders or files, files that are not UTF-8, a missing or unreadable `pack.toml`.
    pub fn read(folder: &Path) -> Result<Self, Vec<Finding>> {
        let label = folder.display().to_string();
        let mut files = BTreeMap::new();
        let mut findings = Vec::new();
        gather(folder, "", &mut files, &mut findings);
        if findings.is_empty() && !files.contains_key("pack.toml") {
            findings.push(Finding::error(
                format!("{label}/pack.toml"),
                0,
                "配置包里没有 pack.toml",
                "含有 pack.toml 的文件夹，如 packs/national",
            ));
        }
        let includes = files.get("pack.toml").map(|text| includes(text)).unwrap_or_default();
        for (path, source) in includes {
            let from: PathBuf = folder.join(&source);
            match fs::read_to_string(&from) {
                Ok(text) => {
                    files.insert(path, text);
                }
                Err(error) => findings.push(Finding::error(
                    format!("{label}/pack.toml"),
                    0,
                    format!("[include] 的 {path} 读不到 {}：{error}", from.display()),
                    "相对于配置包文件夹的 UTF-8 文本文件",
                )),
            }
        }
        if findings.is_empty() { Ok(Self { label, files }) } else { Err(findings) }
    }

    /// The place that a finding names.
    #[must_use]
    pub fn display(&self, path: &str) -> String {
        format!("{}/{path}", self.label)
    }
}

/// `[include]` of a pack.toml; a broken file gives none here and is reported when it is parsed.
fn includes(text: &str) -> BTreeMap<String, String> {
    #[derive(Deserialize)]
    struct Included {
        #[serde(default)]
        include: BTreeMap<String, String>,
    }
    toml::from_str::<Included>(text).map(|pack| pack.include).unwrap_or_default()
}

fn gather(folder: &Path, prefix: &str, files: &mut BTreeMap<String, String>, findings: &mut Vec<Finding>) {
    let unreadable = |error: &std::io::Error| {
        Finding::error(
            folder.display().to_string(),
            0,
            format!("文件夹读不到：{error}"),
            "可读的配置包文件夹",
        )
    };
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) => return findings.push(unreadable(&error)),
    };
    for entry in entries {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => {
                findings.push(unreadable(&error));
                continue;
            }
        };
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with('.') {
            continue;
        }
        let path = if prefix.is_empty() { name } else { format!("{prefix}/{name}") };
        if entry.path().is_dir() {
            gather(&entry.path(), &path, files, findings);
            continue;
        }
        match fs::read_to_string(entry.path()) {
            Ok(text) => {
                files.insert(path, text);
            }
            Err(error) => findings.push(Finding::error(
                entry.path().display().to_string(),
                0,
                format!("文件读不到：{error}"),
                "UTF-8 文本文件（toml、typ、csv、json、txt）",
            )),
        }
    }
}

/// The content hash of a release: SM3 over the packs in order, each path and text with its length before it, in hexadecimal.
#[must_use]
pub fn content_hash<'a>(packs: impl IntoIterator<Item = (&'a str, &'a BTreeMap<String, String>)>) -> String {
    let mut hash = Sm3::new();
    let mut feed = |bytes: &[u8]| {
        hash.update((bytes.len() as u64).to_be_bytes());
        hash.update(bytes);
    };
    for (id, files) in packs {
        feed(id.as_bytes());
        for (path, text) in files {
            feed(path.as_bytes());
            feed(text.as_bytes());
        }
    }
    hex::encode(hash.finalize())
}
