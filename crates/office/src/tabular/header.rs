//! Finding the header row and whose column is whose.
//!
//! Real files have a merged title above the headers, units in brackets, stars for required columns and columns of their own. The
//! header row is the one among the first rows in which most titles are known. What cannot be read for certain is refused with
//! the cell's address; nothing is guessed from the order of columns.

use super::definition::TableDefinition;
use super::sheet::{Raw, Sheet, address};
use super::{CORRECTED_TITLE, FileRefused};

const HEADER_ROWS_SEARCHED: usize = 20;

/// Where the columns stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Header {
    /// Number of the header row as Excel shows it.
    pub row: u32,
    /// Index of that row in the sheet's rows.
    pub index: usize,
    /// For each column of the definition, its place in the file.
    pub places: Vec<Option<usize>>,
    /// Headers that are not asked for, as `备注（H3）`.
    pub ignored: Vec<String>,
}

/// How a header is compared: half-width, without blanks, stars, brackets and what they hold.
pub(super) fn plain(title: &str) -> String {
    let mut depth = 0_u32;
    let mut out = String::new();
    for sign in title.chars() {
        let sign = match sign {
            '\u{FF01}'..='\u{FF5E}' => char::from_u32(u32::from(sign) - 0xFEE0).unwrap_or(sign),
            other => other,
        };
        match sign {
            '(' | '[' | '【' | '〔' => depth += 1,
            ')' | ']' | '】' | '〕' => depth = depth.saturating_sub(1),
            '*' | '★' | ':' | '\u{200B}' | '\u{FEFF}' => {}
            other if other.is_whitespace() || depth > 0 => {}
            other => out.extend(other.to_lowercase()),
        }
    }
    out
}

fn known(definition: &TableDefinition, title: &str) -> Option<usize> {
    let title = plain(title);
    if title.is_empty() {
        return None;
    }
    definition.columns.iter().position(|column| {
        plain(&column.title) == title || column.aliases.iter().any(|alias| plain(alias) == title)
    })
}

/// How many columns of the definition the best row of the sheet names.
pub(super) fn best_row(sheet: &Sheet, definition: &TableDefinition) -> Option<(usize, usize)> {
    let score = |row: &super::RawRow| {
        let mut found: Vec<usize> =
            row.cells.iter().filter_map(|cell| known(definition, &cell.shown())).collect();
        found.sort_unstable();
        found.dedup();
        found.len()
    };
    let mut best: Option<(usize, usize)> = None;
    for (index, row) in sheet.rows.iter().take(HEADER_ROWS_SEARCHED).enumerate() {
        let found = score(row);
        if found > best.map_or(0, |(_, most)| most) {
            best = Some((index, found));
        }
    }
    best
}

pub(super) fn find(sheet: &Sheet, definition: &TableDefinition) -> Result<Header, FileRefused> {
    let Some((index, _)) = best_row(sheet, definition) else {
        let titles: Vec<&str> = definition
            .columns
            .iter()
            .filter(|column| column.required)
            .map(|column| column.title.as_str())
            .collect();
        return Err(FileRefused::because(format!(
            "没有找到表头。前 {HEADER_ROWS_SEARCHED} 行里应当有一行写着：{}。请下载模板，把内容复制进去再上传。",
            titles.join("、")
        )));
    };
    let row = &sheet.rows[index];
    let mut problems = Vec::new();
    for region in
        sheet.merged.iter().filter(|region| region.row_first <= row.number && row.number <= region.row_last)
    {
        // Joined with nothing but empty columns to the right of the table: harmless.
        let touches = (region.column_first..=region.column_last).any(|column| !row.cell(column).is_empty());
        if touches || region.row_first < row.number || region.row_last > row.number {
            problems.push(format!(
                "表头单元格 {} 是合并的，无法判断每列是什么。请取消合并，使每一列在第 {} 行都有自己的名称。",
                region.address(),
                row.number
            ));
        }
    }
    let mut places: Vec<Option<usize>> = vec![None; definition.columns.len()];
    let mut ignored = Vec::new();
    for (column, cell) in row.cells.iter().enumerate() {
        if cell.is_empty() {
            continue;
        }
        let title = cell.shown();
        match known(definition, &title) {
            Some(found) => match places[found] {
                Some(first) => problems.push(format!(
                    "表头「{}」出现了两次：{} 和 {}。请删去其中一列。",
                    definition.columns[found].title,
                    address(first, row.number),
                    address(column, row.number)
                )),
                None => places[found] = Some(column),
            },
            None if plain(&title) == CORRECTED_TITLE => {}
            None => ignored.push(format!("{title}（{}）", address(column, row.number))),
        }
    }
    // A joined header leaves blanks beside itself; one message is enough.
    if problems.is_empty() {
        problems.extend(blank_headers(sheet, index));
    }
    let missing: Vec<String> = definition
        .columns
        .iter()
        .zip(&places)
        .filter(|(column, place)| column.required && place.is_none())
        .map(|(column, _)| format!("「{}」", column.title))
        .collect();
    if !missing.is_empty() {
        let beside = if ignored.is_empty() {
            String::new()
        } else {
            format!("未识别的列：{}。", ignored.join("、"))
        };
        problems.push(format!(
            "第 {} 行表头缺少{}。{beside}请补上，或按模板改名。",
            row.number,
            missing.join("、")
        ));
    }
    if problems.is_empty() {
        Ok(Header { row: row.number, index, places, ignored })
    } else {
        Err(FileRefused(problems))
    }
}

/// Columns without a header that hold something below it.
fn blank_headers(sheet: &Sheet, index: usize) -> Vec<String> {
    let header = &sheet.rows[index];
    let mut first_value: Vec<Option<u32>> = Vec::new();
    for row in &sheet.rows[index + 1..] {
        if first_value.len() < row.cells.len() {
            first_value.resize(row.cells.len(), None);
        }
        for (column, cell) in row.cells.iter().enumerate() {
            if first_value[column].is_none() && *cell != Raw::Empty {
                first_value[column] = Some(row.number);
            }
        }
    }
    first_value
        .iter()
        .enumerate()
        .filter(|(column, _)| header.cell(*column).is_empty())
        .filter_map(|(column, first)| first.map(|first| (column, first)))
        .map(|(column, first)| {
            format!(
                "表头 {} 是空的，但下面 {} 有内容。请补上列名，或删去这一列。",
                address(column, header.number),
                address(column, first)
            )
        })
        .collect()
}
