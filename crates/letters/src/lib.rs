//! The `letters` room: a Typst template and its data in, a PDF out.
//!
//! It knows no business. A template is text from a pack, the data are one JSON value; the
//! template reads them as a virtual file (`#let letter = json("letter.json")`), so nothing a
//! person typed is ever parsed as markup. There is no network, no package, no disk and no
//! clock behind a template: every date stands in the data, and the same input gives the same
//! bytes.
//!
//! The PDF is written as PDF/A-2a and PDF/UA-1 (archival, tagged, readable aloud). A character
//! that no font can draw is an error that names it, never an empty box on a decision.
//!
//! [`fonts`] finds and loads the font files; [`typesetter`] renders; [`pictures`] makes photos fit for paper.
//!
//! [`Typesetter`] holds some 45 MB of fonts: make one, when the first letter is due, and share it.

pub mod fonts;
pub mod pictures;
pub mod typesetter;

pub use typesetter::Typesetter;

use std::path::PathBuf;

/// Why a letter could not be made. The messages are for the officer at the desk.
#[derive(Debug, thiserror::Error)]
pub enum LetterError {
    /// Neither the font directory nor the system has a font that can write Chinese.
    #[error(
        "没有找到中文字体，不能生成文书。已查找：{}。请运行 make front 下载字体，或安装 Debian 软件包 fonts-noto-cjk。",
        list(.looked_in)
    )]
    NoChineseFont {
        /// The directories that were searched.
        looked_in: Vec<PathBuf>,
    },
    /// A font file or directory exists but could not be read.
    #[error("字体文件 {} 读取失败：{source}。请检查文件权限，或重新下载字体。", .path.display())]
    UnreadableFont {
        /// The file or directory.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A character in the data that no loaded font contains, or that may not stand in an archived PDF.
    #[error(
        "文书数据“{field}”里的字符“{character}”（U+{:04X}）没有字体可以打印。自造字请改用国家标准编码的字；生僻字请把含该字的字体文件放进字体目录；看不见的字符请删去。",
        *.character as u32
    )]
    Unprintable {
        /// Path of the field in the data, for example `recipient` or `families.2.name`.
        field: String,
        /// The character.
        character: char,
    },
    /// The template's name is not among the files given.
    #[error("配置包里没有文书模板“{name}”，请检查模板文件名。")]
    UnknownTemplate {
        /// The name asked for.
        name: String,
    },
    /// The template does not compile, or the data lack what it needs.
    #[error("文书模板 {place} 出错：{message}")]
    Template {
        /// File and line, for example `grant.typ 第 12 行`.
        place: String,
        /// What is wrong; several messages are joined by `；`.
        message: String,
    },
    /// The laid-out letter breaks PDF/A or PDF/UA.
    #[error("文书模板 {place} 不能存为归档 PDF：{message}")]
    Archive {
        /// File and line.
        place: String,
        /// What the exporter said.
        message: String,
    },
    /// The data could not be written as JSON.
    #[error("文书数据不能写成 JSON：{0}")]
    Data(#[from] serde_json::Error),
}

fn list(paths: &[PathBuf]) -> String {
    let names: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
    names.join("、")
}
