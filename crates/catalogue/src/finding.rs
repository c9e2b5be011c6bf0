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
}

impl Finding {
    /// An error.
    pub fn error(
        file: impl Into<String>,
        line: usize,
        zh: impl Into<String>,
        expected: impl Into<String>,
    ) -> Self {
        Self { file: file.into(), line, severity: Severity::Error, zh: zh.into(), expected: expected.into() }
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
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file)?;
        if self.line > 0 {
            write!(f, ":{}", self.line)?;
        }
        let word = match self.severity {
            Severity::Error => "错误",
            Severity::Warning => "提醒",
        };
        write!(f, " {word}：{}", self.zh)?;
        if !self.expected.is_empty() {
            write!(f, "。应为：{}", self.expected)?;
        }
        Ok(())
    }
}
