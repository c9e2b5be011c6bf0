//! What is wrong with a pack, said so that the person who wrote it can mend it: file, line, what is wrong, what is expected.

use std::fmt;

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The pack cannot be used.
    Error,
    /// The pack can be used; somebody should look.
    Warning,
}

/// One thing wrong with a pack.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// File, as it can be opened.
    pub file: String,
    /// 1-based line; 0 when the whole file or pack is meant.
    pub line: usize,
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong, in Chinese.
    pub zh: String,
    /// What is expected, in Chinese; may be empty.
    pub expected: String,
    /// The same in English, where it is about a text of the rules language; of the rest of a pack the checker speaks Chinese alone.
    pub en: Option<English>,
}

/// A finding in English.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct English {
    /// What is wrong.
    pub what: String,
    /// What is expected; may be empty.
    pub expected: String,
}

impl Finding {
    /// An error.
    pub fn error(
        file: impl Into<String>,
        line: usize,
        zh: impl Into<String>,
        expected: impl Into<String>,
    ) -> Self {
        Self {
            file: file.into(),
            line,
            severity: Severity::Error,
            zh: zh.into(),
            expected: expected.into(),
            en: None,
        }
    }
}

impl Finding {
    /// Something that somebody should look at.
    pub fn warning(
        file: impl Into<String>,
        line: usize,
        zh: impl Into<String>,
        expected: impl Into<String>,
    ) -> Self {
        Self { severity: Severity::Warning, ..Self::error(file, line, zh, expected) }
    }

    /// With the same in English.
    pub(crate) fn in_english(mut self, what: impl Into<String>, expected: impl Into<String>) -> Self {
        self.en = Some(English { what: what.into(), expected: expected.into() });
        self
    }

    /// The finding for who reads English; what is known in Chinese alone stays Chinese.
    #[must_use]
    pub fn english(&self) -> String {
        let word = match self.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        let (what, expected) =
            self.en.as_ref().map_or((&self.zh, &self.expected), |english| (&english.what, &english.expected));
        let said = format!("{} {word}: {what}", self.place());
        if expected.is_empty() { said } else { format!("{said}. Expected: {expected}") }
    }

    /// File and line, as an editor opens them.
    fn place(&self) -> String {
        if self.line > 0 { format!("{}:{}", self.file, self.line) } else { self.file.clone() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = match self.severity {
            Severity::Error => "错误",
            Severity::Warning => "提醒",
        };
        write!(f, "{} {word}：{}", self.place(), self.zh)?;
        if !self.expected.is_empty() {
            write!(f, "。应为：{}", self.expected)?;
        }
        Ok(())
    }
}
