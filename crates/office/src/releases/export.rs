//! Packs back as files: what is in force, the standards released on pages with it.

use std::path::Path;

use catalogue::Release;
use toml_edit::DocumentMut;

use crate::OfficeError;

/// Writes every pack of a release into a folder of its own below `directory`, named by the pack's id. `huimin check-pack`
/// and `huimin import-pack` read them. Files that a pack took from outside stand inside it afterwards.
///
/// # Errors
/// [`OfficeError::Conflict`] when a pack's folder is there already; [`OfficeError::Internal`] when a file cannot be written.
pub fn export_pack(release: &Release, directory: &Path) -> Result<(), OfficeError> {
    let unwritable = |path: &Path, error: std::io::Error| {
        OfficeError::Internal(format!("{} 写不了：{error}", path.display()))
    };
    for pack in &release.packs {
        let folder = directory.join(pack.head.id.get());
        if folder.exists() {
            return Err(OfficeError::Conflict(format!(
                "{} 已经存在。请换一个空文件夹，以免新旧文件混在一起。",
                folder.display()
            )));
        }
    }
    for pack in &release.packs {
        let folder = directory.join(pack.head.id.get());
        for (path, text) in &pack.files.files {
            let file = folder.join(path);
            let parent = file.parent().unwrap_or(&folder);
            std::fs::create_dir_all(parent).map_err(|error| unwritable(parent, error))?;
            let head;
            let text = if path == "pack.toml" {
                head = without_includes(text)?;
                &head
            } else {
                text
            };
            std::fs::write(&file, text).map_err(|error| unwritable(&file, error))?;
        }
    }
    Ok(())
}

/// What was included is a file of the pack now.
fn without_includes(head: &str) -> Result<String, OfficeError> {
    let mut document: DocumentMut =
        head.parse().map_err(|error| OfficeError::Internal(format!("pack.toml 读不懂：{error}")))?;
    document.remove("include");
    Ok(document.to_string())
}
