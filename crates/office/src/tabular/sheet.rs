//! A sheet as it was sent: untyped cells with their addresses.

/// Excel's own mark of a text that would be taken for a formula; our CSV files carry it.
pub(super) const MARK: char = '\'';

/// Whether a text in a CSV file gets a mark: Excel would take it for a formula, or it looks as if it had one already. Whoever writes puts one
/// mark before such a text, whoever reads takes one off, so that every text comes back as it was.
pub(super) fn needs_mark(text: &str) -> bool {
    let bare = text.trim_start_matches(|sign: char| sign == MARK || sign.is_whitespace());
    bare.starts_with(['=', '+', '-', '@']) || text.starts_with(['\t', '\r'])
}

/// A cell as the file holds it.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Raw {
    /// Nothing, or blanks only.
    #[default]
    Empty,
    /// Text, trimmed.
    Text(String),
    /// A number as its shortest decimal text, never in scientific notation: `760.5`.
    Number(String),
    /// A day.
    Day(chrono::NaiveDate),
    /// 真 or 假.
    Boolean(bool),
    /// A formula; its remembered result is not trusted.
    Formula,
    /// What Excel shows as `#N/A` and the like.
    Broken(String),
}

impl Raw {
    /// Text of a file: trimmed, without invisible signs; blanks are nothing.
    #[must_use]
    pub fn text(text: &str) -> Raw {
        let hidden = |sign: char| sign.is_whitespace() || matches!(sign, '\u{200B}' | '\u{FEFF}' | '\u{0}');
        let text = text.trim_matches(hidden);
        if text.is_empty() { Raw::Empty } else { Raw::Text(text.to_owned()) }
    }

    /// As [`Raw::text`], of a CSV file: without the mark of a text that begins like a formula.
    #[must_use]
    pub(super) fn unmarked(text: &str) -> Raw {
        match text.strip_prefix(MARK) {
            Some(rest) if needs_mark(rest) => Raw::text(rest),
            _ => Raw::text(text),
        }
    }

    /// Nothing in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Raw::Empty
    }

    /// As a person would read it.
    #[must_use]
    pub fn shown(&self) -> String {
        match self {
            Raw::Empty => String::new(),
            Raw::Text(text) | Raw::Number(text) | Raw::Broken(text) => text.clone(),
            Raw::Day(day) => day.to_string(),
            Raw::Boolean(yes) => (if *yes { "是" } else { "否" }).to_owned(),
            Raw::Formula => "（公式）".to_owned(),
        }
    }
}

/// A row that has something in it.
#[derive(Debug, Clone, PartialEq)]
pub struct RawRow {
    /// Number as Excel shows it, from 1.
    pub number: u32,
    /// Cells from column A; the row may be shorter than others.
    pub cells: Vec<Raw>,
}

impl RawRow {
    /// The cell of a column, from 0.
    #[must_use]
    pub fn cell(&self, column: usize) -> &Raw {
        self.cells.get(column).unwrap_or(&Raw::Empty)
    }
}

/// Cells joined into one, from 1 in rows and 0 in columns, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Merged {
    /// First row.
    pub row_first: u32,
    /// Last row.
    pub row_last: u32,
    /// First column.
    pub column_first: usize,
    /// Last column.
    pub column_last: usize,
}

impl Merged {
    /// `A3:B3`.
    #[must_use]
    pub fn address(&self) -> String {
        format!("{}:{}", address(self.column_first, self.row_first), address(self.column_last, self.row_last))
    }
}

/// One sheet.
#[derive(Debug, Clone, PartialEq)]
pub struct Sheet {
    /// Its name; empty for CSV.
    pub name: String,
    /// Rows with content, in order.
    pub rows: Vec<RawRow>,
    /// Joined cells.
    pub merged: Vec<Merged>,
}

/// `C12` for column 2 and row 12.
#[must_use]
pub fn address(column: usize, row: u32) -> String {
    format!("{}{row}", column_letters(column))
}

/// `A` for 0, `AA` for 26.
#[must_use]
pub fn column_letters(column: usize) -> String {
    let mut rest = column + 1;
    let mut letters = Vec::new();
    while rest > 0 {
        let digit = (rest - 1) % 26;
        letters.push(char::from(b'A' + u8::try_from(digit).unwrap_or(0)));
        rest = (rest - 1) / 26;
    }
    letters.iter().rev().collect()
}
