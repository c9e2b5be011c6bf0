//! Text tables: comma, tab or semicolon; UTF-8 with or without mark, UTF-16 as Excel's “Unicode text”, GB18030.
//!
//! Read by hand, because an error must name the row that Excel shows: blank lines count, line breaks inside quotes do not.

use encoding_rs::{GB18030, UTF_16BE, UTF_16LE};

use super::sheet::{Raw, RawRow, Sheet, address};
use super::{CELL_CHARACTERS_MAX, CELLS_MAX, COLUMNS_MAX, FileRefused, ROWS_MAX};

pub(super) fn read(bytes: &[u8]) -> Result<Sheet, FileRefused> {
    let text = decoded(bytes)?;
    let rows = rows(&text, separator(&text))?;
    Ok(Sheet { name: String::new(), rows, merged: Vec::new() })
}

fn decoded(bytes: &[u8]) -> Result<String, FileRefused> {
    let wide = match bytes {
        [0xFF, 0xFE, rest @ ..] => Some((UTF_16LE, rest)),
        [0xFE, 0xFF, rest @ ..] => Some((UTF_16BE, rest)),
        _ => None,
    };
    let text = if let Some((encoding, rest)) = wide {
        encoding.decode_without_bom_handling_and_without_replacement(rest).map(std::borrow::Cow::into_owned)
    } else {
        let bytes = bytes.strip_prefix(&[0xEF, 0xBB, 0xBF]).unwrap_or(bytes);
        match std::str::from_utf8(bytes) {
            Ok(text) => Some(text.to_owned()),
            Err(_) => GB18030
                .decode_without_bom_handling_and_without_replacement(bytes)
                .map(std::borrow::Cow::into_owned),
        }
    };
    let text = text.ok_or_else(|| {
        FileRefused::because(
            "无法识别文件的文字编码。请在 Excel 中打开，另存为“CSV UTF-8（逗号分隔）”或 .xlsx 后再上传。",
        )
    })?;
    let controls = |sign: char| sign.is_control() && !matches!(sign, '\n' | '\r' | '\t' | '\u{1A}');
    if text.chars().any(controls) {
        return Err(FileRefused::because("这不是表格文件。请上传 .xlsx 或 .csv 文件。"));
    }
    Ok(text)
}

/// The sign that separates most in the first line with content.
fn separator(text: &str) -> char {
    let line = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let count = |sign: char| line.matches(sign).count();
    [',', '\t', ';'].into_iter().rev().max_by_key(|sign| count(*sign)).unwrap_or(',')
}

/// Collects cells and rows under the limits.
struct Collector {
    rows: Vec<RawRow>,
    cells: Vec<Raw>,
    number: u32,
    cells_left: usize,
}

impl Collector {
    fn cell(&mut self, text: &str) -> Result<(), FileRefused> {
        if text.chars().count() > CELL_CHARACTERS_MAX {
            let place = address(self.cells.len(), self.number);
            return Err(FileRefused::because(format!(
                "单元格 {place} 超过 {CELL_CHARACTERS_MAX} 字。可能是少了一个引号，请核对该行，或改用 .xlsx 文件。"
            )));
        }
        if self.cells.len() >= COLUMNS_MAX {
            return Err(FileRefused::because(format!(
                "第 {} 行超过 {COLUMNS_MAX} 列，请核对分隔符。",
                self.number
            )));
        }
        self.cells_left = self
            .cells_left
            .checked_sub(1)
            .ok_or_else(|| FileRefused::because("文件里的单元格太多，请分成几个文件分别上传。"))?;
        self.cells.push(Raw::unmarked(text));
        Ok(())
    }

    fn row(&mut self) -> Result<(), FileRefused> {
        let cells = std::mem::take(&mut self.cells);
        if cells.iter().any(|cell| !cell.is_empty()) {
            self.rows.push(RawRow { number: self.number, cells });
        }
        self.number += 1;
        if self.number as usize > ROWS_MAX + 1 {
            return Err(FileRefused::because(format!("文件超过 {ROWS_MAX} 行，请分成几个文件分别上传。")));
        }
        Ok(())
    }
}

fn rows(text: &str, separator: char) -> Result<Vec<RawRow>, FileRefused> {
    let mut collector = Collector { rows: Vec::new(), cells: Vec::new(), number: 1, cells_left: CELLS_MAX };
    let mut signs = text.trim_end_matches('\u{1A}').chars().peekable();
    let mut cell = String::new();
    let mut quoted = false;
    while let Some(sign) = signs.next() {
        if quoted {
            match sign {
                '"' if signs.peek() == Some(&'"') => {
                    signs.next();
                    cell.push('"');
                }
                '"' => quoted = false,
                other => cell.push(other),
            }
            continue;
        }
        match sign {
            '"' if cell.is_empty() => quoted = true,
            '\r' if signs.peek() == Some(&'\n') => {}
            '\n' | '\r' => {
                collector.cell(&cell)?;
                cell.clear();
                collector.row()?;
            }
            other if other == separator => {
                collector.cell(&cell)?;
                cell.clear();
            }
            other => cell.push(other),
        }
    }
    if quoted {
        let number = collector.number;
        return Err(FileRefused::because(format!(
            "第 {number} 行有引号没有配对，请核对，或改用 .xlsx 文件。"
        )));
    }
    collector.cell(&cell)?;
    collector.row()?;
    Ok(collector.rows)
}
