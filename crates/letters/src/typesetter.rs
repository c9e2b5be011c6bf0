//! From template and data to PDF: the small world that Typst sees, and its messages in Chinese.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use serde_json::Value;
use typst::diag::{FileError, FileResult, SourceDiagnostic};
use typst::foundations::{Bytes, Datetime, Duration, Smart};
use typst::syntax::{DiagSpanKind, FileId, RootedPath, Source, VirtualPath, VirtualRoot};
use typst::text::{Font, FontBook};
use typst::utils::LazyHash;
use typst::{Library, LibraryExt, World, WorldExt};
use typst_layout::PagedDocument;
use typst_pdf::{PdfOptions, PdfStandard, PdfStandards};

use crate::LetterError;
use crate::fonts::Fonts;

/// The name under which a template finds its data.
const DATA_FILE: &str = "letter.json";

/// Results that no render used for this many renders leave Typst's cache: what belongs to the
/// templates stays warm, what belongs to one family's letter goes.
const CACHE_AGE_MAX: usize = 4;

/// Fonts and Typst's library, loaded once; renders letters from any number of threads.
pub struct Typesetter {
    fonts: Fonts,
    library: LazyHash<Library>,
    standards: PdfStandards,
}

impl Typesetter {
    /// Load the fonts in `fonts_dir` (see [`crate::fonts::FILES`]); without usable ones there,
    /// the system's.
    ///
    /// # Errors
    /// No Chinese font anywhere, or an unreadable font file.
    pub fn new(fonts_dir: &Path) -> Result<Self, LetterError> {
        let standards = PdfStandards::new(&[PdfStandard::A_2a, PdfStandard::Ua_1]).map_err(|error| {
            LetterError::Archive { place: "PDF/A-2a + PDF/UA-1".into(), message: error.message().to_string() }
        })?;
        Ok(Self { fonts: Fonts::load(fonts_dir)?, library: LazyHash::new(Library::default()), standards })
    }

    /// Render `files[template]` with `letter` as its `letter.json`. The template may import any
    /// other of the `files` by name, and nothing else. Slow enough (milliseconds when optimised,
    /// seconds when not) to belong on a blocking thread.
    ///
    /// # Errors
    /// [`LetterError::Unprintable`] before anything is laid out; otherwise what the template or
    /// the exporter said, with file and line.
    pub fn render(
        &self,
        template: &str,
        files: &BTreeMap<String, String>,
        letter: &Value,
    ) -> Result<Vec<u8>, LetterError> {
        self.render_with(template, files, &BTreeMap::new(), letter)
    }

    /// The same with `pictures` (JPEG or PNG) that the template may show by name.
    ///
    /// # Errors
    /// As [`Typesetter::render`]; a picture that cannot be read.
    pub fn render_with(
        &self,
        template: &str,
        files: &BTreeMap<String, String>,
        pictures: &BTreeMap<String, Vec<u8>>,
        letter: &Value,
    ) -> Result<Vec<u8>, LetterError> {
        self.find_unprintable(letter, "")?;
        let desk = Desk::new(self, template, files, pictures, letter)?;
        let pdf = desk.compile().and_then(|document| desk.export(&document));
        typst::comemo::evict(CACHE_AGE_MAX);
        pdf
    }

    fn find_unprintable(&self, value: &Value, field: &str) -> Result<(), LetterError> {
        let below = |name: &str| {
            if field.is_empty() { name.to_owned() } else { format!("{field}.{name}") }
        };
        match value {
            Value::Null | Value::Bool(_) | Value::Number(_) => Ok(()),
            Value::String(text) => match text.chars().find(|character| !self.fonts.can_print(*character)) {
                Some(character) => Err(LetterError::Unprintable { field: field.to_owned(), character }),
                None => Ok(()),
            },
            Value::Array(items) => items
                .iter()
                .enumerate()
                .try_for_each(|(index, item)| self.find_unprintable(item, &below(&(index + 1).to_string()))),
            Value::Object(fields) => {
                fields.iter().try_for_each(|(name, item)| self.find_unprintable(item, &below(name)))
            }
        }
    }
}

/// What one render sees: the pack's template files and this letter's data.
struct Desk<'a> {
    typesetter: &'a Typesetter,
    main: FileId,
    sources: HashMap<FileId, Source>,
    pictures: HashMap<FileId, Bytes>,
    data_file: FileId,
    data: Bytes,
}

impl<'a> Desk<'a> {
    fn new(
        typesetter: &'a Typesetter,
        template: &str,
        files: &BTreeMap<String, String>,
        pictures: &BTreeMap<String, Vec<u8>>,
        letter: &Value,
    ) -> Result<Self, LetterError> {
        let mut sources = HashMap::with_capacity(files.len());
        for (name, text) in files {
            let id = file_id(name)?;
            sources.insert(id, Source::new(id, text.clone()));
        }
        let main = file_id(template)?;
        if !sources.contains_key(&main) {
            return Err(LetterError::UnknownTemplate { name: template.to_owned() });
        }
        let data = Bytes::from_string(serde_json::to_string(letter)?);
        let pictures = pictures
            .iter()
            .map(|(name, content)| Ok((file_id(name)?, Bytes::new(content.clone()))))
            .collect::<Result<_, LetterError>>()?;
        Ok(Self { typesetter, main, sources, pictures, data_file: file_id(DATA_FILE)?, data })
    }

    fn compile(&self) -> Result<PagedDocument, LetterError> {
        typst::compile::<PagedDocument>(self).output.map_err(|errors| {
            let (place, message) = self.explain(&errors);
            LetterError::Template { place, message }
        })
    }

    fn export(&self, document: &PagedDocument) -> Result<Vec<u8>, LetterError> {
        let options = PdfOptions {
            ident: Smart::Auto,
            creator: Smart::Custom(Some("Huimin".to_owned())),
            timestamp: None,
            page_ranges: None,
            standards: self.typesetter.standards.clone(),
            tagged: true,
            pretty: false,
        };
        typst_pdf::pdf(document, &options).map_err(|errors| {
            let (place, message) = self.explain(&errors);
            LetterError::Archive { place, message }
        })
    }

    /// File and line of the first diagnostic, and all messages joined.
    fn explain(&self, errors: &[SourceDiagnostic]) -> (String, String) {
        let place = errors
            .iter()
            .find_map(|error| self.place(error))
            .unwrap_or_else(|| self.main.vpath().get_without_slash().to_owned());
        let messages: Vec<String> = errors.iter().map(|error| in_chinese(&error.message)).collect();
        (place, messages.join("；"))
    }

    fn place(&self, error: &SourceDiagnostic) -> Option<String> {
        let id = match error.span.get() {
            DiagSpanKind::Detached => return None,
            DiagSpanKind::Number { id, .. } | DiagSpanKind::Range { id, .. } => id,
        };
        let name = id.vpath().get_without_slash();
        let line = self
            .range(error.span)
            .zip(self.sources.get(&id))
            .and_then(|(range, source)| source.lines().byte_to_line(range.start));
        Some(match line {
            Some(line) => format!("{name} 第 {} 行", line + 1),
            None => name.to_owned(),
        })
    }
}

impl World for Desk<'_> {
    fn library(&self) -> &LazyHash<Library> {
        &self.typesetter.library
    }

    fn book(&self) -> &LazyHash<FontBook> {
        &self.typesetter.fonts.book
    }

    fn main(&self) -> FileId {
        self.main
    }

    fn source(&self, id: FileId) -> FileResult<Source> {
        self.sources.get(&id).cloned().ok_or_else(|| not_found(id))
    }

    fn file(&self, id: FileId) -> FileResult<Bytes> {
        if id == self.data_file {
            return Ok(self.data.clone());
        }
        self.pictures.get(&id).cloned().ok_or_else(|| not_found(id))
    }

    fn font(&self, index: usize) -> Option<Font> {
        self.typesetter.fonts.faces.get(index).cloned()
    }

    /// No clock: a letter's dates are in its data.
    fn today(&self, _offset: Option<Duration>) -> Option<Datetime> {
        None
    }
}

fn file_id(name: &str) -> Result<FileId, LetterError> {
    let path = VirtualPath::new(name).map_err(|_| LetterError::UnknownTemplate { name: name.to_owned() })?;
    Ok(RootedPath::new(VirtualRoot::Project, path).intern())
}

fn not_found(id: FileId) -> FileError {
    FileError::NotFound(id.vpath().get_without_slash().into())
}

/// The messages that a pack's author meets most, in Chinese; the rest as Typst says them.
fn in_chinese(message: &str) -> String {
    let quoted = || message.split('"').nth(1).unwrap_or_default();
    if message.starts_with("dictionary does not contain key") {
        format!("数据缺少字段“{}”", quoted())
    } else if let Some(rest) = message.strip_prefix("assertion failed: ") {
        rest.to_owned()
    } else if let Some(rest) = message.strip_prefix("panicked with: ") {
        rest.trim_matches('"').to_owned()
    } else if message.starts_with("unknown variable") {
        format!("没有定义的名称：{}", message.trim_start_matches("unknown variable: "))
    } else if message.starts_with("file not found") {
        format!("找不到模板引用的文件（{message}）")
    } else if message.starts_with("package") || message.contains("package manager") {
        format!("模板不能使用网上的软件包（{message}）")
    } else {
        message.to_owned()
    }
}
