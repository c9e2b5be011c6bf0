//! Tables that people keep in Excel: reading what they send, telling them every mistake by its cell, and writing lists back.
//!
//! How to choose:
//! - [`read_file`] opens an .xlsx or .csv file into [`Sheet`]s of untyped cells, within limits that no hostile file passes.
//! - [`Table::read`] finds the headers of a [`TableDefinition`] in the sheets and types every cell. It never stops at the first
//!   mistake: [`Table::faults`] has all of them, each with row, title and address.
//! - [`corrected`] gives the uploaded rows back with a column 错误说明; [`template`] is the empty file to fill in.
//! - [`ListWriter`] writes any list of the house as Excel or CSV, row by row; long ones into a file, in constant memory; [`ParquetWriter`]
//!   does so for platforms of data.
//!
//! Nothing here touches the database or knows a business. Numbers of Excel are binary floats; they are turned into their
//! shortest decimal text at once, and everything after that is exact.

mod cell;
mod corrected;
mod csv;
mod definition;
mod header;
mod list;
mod parquet;
mod sheet;
mod table;
mod template;
mod xlsx;

#[cfg(test)]
mod tests;

pub use cell::Value;
pub use corrected::{CORRECTED_TITLE, corrected};
pub use definition::{CellKind, ColumnDefinition, TableDefinition};
pub use list::{ListCell, ListColumn, ListFormat, ListWriter};
pub use parquet::{ParquetCell, ParquetType, ParquetWriter};
pub use sheet::{Raw, RawRow, Sheet, address, column_letters};
pub use table::{CellFault, Table, TypedRow, is_total};
pub use template::template;

/// A file larger than this is refused.
pub const FILE_BYTES_MAX: usize = 20 * 1024 * 1024;
/// A sheet with more rows than this, headers included, is refused.
pub const ROWS_MAX: usize = 200_000;
/// Rows that an export reads at once from a list that pages show by the screen.
pub const ROWS_AT_ONCE: usize = 1_000;
/// A sheet with a value to the right of this many columns is refused.
pub const COLUMNS_MAX: usize = 200;
/// A sheet with more filled cells than this is refused.
pub const CELLS_MAX: usize = 4_000_000;
/// An .xlsx that unpacks to more than this is refused.
pub const UNPACKED_BYTES_MAX: u64 = 400 * 1024 * 1024;
/// The shared texts of an .xlsx are held in memory; more than this is refused.
pub const SHARED_TEXT_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// A cell holds at most this many characters.
pub const CELL_CHARACTERS_MAX: usize = 2_000;

/// Why a whole file or its headers cannot be read. Every message is a Chinese sentence that says how to mend it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.join(""))]
pub struct FileRefused(pub Vec<String>);

impl FileRefused {
    pub(crate) fn because(message: impl Into<String>) -> FileRefused {
        FileRefused(vec![message.into()])
    }
}

/// Opens a file by its content; the name is not trusted, it only sharpens the message.
///
/// # Errors
/// [`FileRefused`] when it is too large, encrypted, damaged, or no table.
pub fn read_file(name: &str, bytes: &[u8]) -> Result<Vec<Sheet>, FileRefused> {
    if bytes.len() > FILE_BYTES_MAX {
        return Err(FileRefused::because(format!(
            "文件超过 {} MB，请分成几个文件分别上传。",
            FILE_BYTES_MAX / 1024 / 1024
        )));
    }
    if bytes.is_empty() {
        return Err(FileRefused::because("文件是空的，请重新选择文件。"));
    }
    let sheets = if bytes.starts_with(b"PK\x03\x04") {
        xlsx::read(bytes)?
    } else if bytes.starts_with(&[0xD0, 0xCF, 0x11, 0xE0]) {
        let message = "这是旧版 Excel（.xls）文件或设了打开密码的文件。请在 Excel 中取消密码，另存为“Excel 工作簿（.xlsx）”后再上传。";
        return Err(FileRefused::because(message));
    } else if name.to_ascii_lowercase().ends_with(".xlsx") {
        return Err(FileRefused::because(
            "文件已损坏，或者不是真正的 Excel 文件。请在 Excel 中打开，另存为 .xlsx 后再上传。",
        ));
    } else {
        vec![csv::read(bytes)?]
    };
    if sheets.iter().all(|sheet| sheet.rows.is_empty()) {
        return Err(FileRefused::because("文件里没有任何内容，请核对是否选错了文件。"));
    }
    Ok(sheets)
}
