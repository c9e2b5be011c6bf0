//! Font files: where they are looked for, and what they cover.
//!
//! `make front` puts the Noto SC families (OFL) into one directory; on a machine without them
//! Debian's `fonts-noto-cjk` serves. A face that is put into the directory later (for rare
//! characters in names) is loaded too: Typst falls back to it by itself.

use std::collections::HashSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use typst::foundations::Bytes;
use typst::text::{Font, FontBook};
use typst::utils::LazyHash;

use crate::LetterError;

/// The files that the national templates are drawn with, as npm's
/// `@expo-google-fonts/noto-serif-sc` and `noto-sans-sc` name them: body, forms and tables, titles.
pub const FILES: [&str; 3] =
    ["NotoSerifSC_400Regular.ttf", "NotoSansSC_400Regular.ttf", "NotoSansSC_700Bold.ttf"];

/// Where Debian keeps fonts.
const SYSTEM_FONTS: &str = "/usr/share/fonts";

/// A face without these cannot write the letters of this system.
const NEEDED: &str = "最低生活保障审核确认";

/// The loaded faces.
pub(crate) struct Fonts {
    pub(crate) book: LazyHash<FontBook>,
    pub(crate) faces: Vec<Font>,
    covered: HashSet<u32>,
}

impl Fonts {
    /// Load every font file under `directory`, else under [`SYSTEM_FONTS`].
    pub(crate) fn load(directory: &Path) -> Result<Self, LetterError> {
        Self::load_first(&[directory, Path::new(SYSTEM_FONTS)])
    }

    fn load_first(directories: &[&Path]) -> Result<Self, LetterError> {
        for directory in directories {
            let mut files = Vec::new();
            find_font_files(directory, &mut files)?;
            let mut faces = Vec::new();
            for path in files {
                let bytes = fs::read(&path).map_err(|source| unreadable(&path, source))?;
                faces.extend(Font::iter(Bytes::new(bytes)));
            }
            let writes_chinese =
                |face: &Font| NEEDED.chars().all(|c| face.info().coverage.contains(c as u32));
            if faces.iter().any(writes_chinese) {
                let covered = faces.iter().flat_map(|face| face.info().coverage.iter()).collect();
                return Ok(Self { book: LazyHash::new(FontBook::from_fonts(&faces)), faces, covered });
            }
        }
        let looked_in = directories.iter().map(|path| path.to_path_buf()).collect();
        Err(LetterError::NoChineseFont { looked_in })
    }

    /// Whether the character can be printed and archived. PDF/A forbids private-use code points,
    /// U+FEFF and U+FFFE, whatever a font has for them.
    pub(crate) fn can_print(&self, character: char) -> bool {
        if matches!(character, '\n' | '\t' | '\r' | ' ' | '\u{3000}' | '\u{a0}') {
            return true;
        }
        let private = matches!(character as u32, 0xE000..=0xF8FF | 0xF_0000..=0x10_FFFF);
        let forbidden = character.is_control() || matches!(character, '\u{feff}' | '\u{fffe}');
        !private && !forbidden && self.covered.contains(&(character as u32))
    }
}

/// Collect font files below `directory`, sorted, so that two machines load in one order.
/// A directory that does not exist holds none.
fn find_font_files(directory: &Path, files: &mut Vec<PathBuf>) -> Result<(), LetterError> {
    let entries = match fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(source) => return Err(unreadable(directory, source)),
    };
    let mut paths = Vec::new();
    for entry in entries {
        paths.push(entry.map_err(|source| unreadable(directory, source))?.path());
    }
    paths.sort();
    for path in paths {
        if path.is_dir() {
            find_font_files(&path, files)?;
        } else if is_font(&path) {
            files.push(path);
        }
    }
    Ok(())
}

fn is_font(path: &Path) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    matches!(extension.to_ascii_lowercase().as_str(), "ttf" | "otf" | "ttc" | "otc")
}

fn unreadable(path: &Path, source: io::Error) -> LetterError {
    LetterError::UnreadableFont { path: path.to_path_buf(), source }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_chinese_font_the_error_names_the_places_and_the_cure() -> io::Result<()> {
        let empty = tempfile::tempdir()?;
        let missing = empty.path().join("missing");
        let Err(error) = Fonts::load_first(&[empty.path(), &missing]) else {
            panic!("an empty directory has no fonts");
        };
        let message = error.to_string();
        assert!(message.contains("没有找到中文字体"), "{message}");
        assert!(message.contains(&missing.display().to_string()), "{message}");
        assert!(message.contains("fonts-noto-cjk"), "{message}");
        Ok(())
    }

    #[test]
    fn what_may_be_printed() -> Result<(), LetterError> {
        let fonts = Fonts::load(Path::new("../../web/fonts"))?;
        for character in "民政 䶮㛃\n0Aé".chars() {
            assert!(fonts.can_print(character), "{character}");
        }
        for character in ['\u{e000}', '\u{feff}', '\u{0}', '\u{10ffff}'] {
            assert!(!fonts.can_print(character), "{character:?}");
        }
        Ok(())
    }
}
