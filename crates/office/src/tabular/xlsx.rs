//! Excel workbooks, read as a stream under limits.
//!
//! A workbook is a zip of XML. Before the reader sees it, every part is counted while unpacking: the declared sizes first, then
//! the true ones, because a hostile file lies about them. The reader itself is run so that a panic in it becomes a message.

use std::io::{Cursor, Read};
use std::panic::{AssertUnwindSafe, catch_unwind};

use calamine::{Data, DataRef, ExcelDateTime, Reader, Xlsx};
use chrono::NaiveDate;

use super::sheet::{Merged, Raw, RawRow, Sheet};
use super::{
    CELL_CHARACTERS_MAX, CELLS_MAX, COLUMNS_MAX, FileRefused, ROWS_MAX, SHARED_TEXT_BYTES_MAX,
    UNPACKED_BYTES_MAX,
};

const DAMAGED: &str = "Excel 文件已损坏，无法读取。请在 Excel 中打开，另存为新的 .xlsx 文件后再上传。";

pub(super) fn read(bytes: &[u8]) -> Result<Vec<Sheet>, FileRefused> {
    catch_unwind(AssertUnwindSafe(|| {
        measure(bytes, UNPACKED_BYTES_MAX, SHARED_TEXT_BYTES_MAX)?;
        sheets(bytes)
    }))
    .unwrap_or_else(|_| Err(FileRefused::because(DAMAGED)))
}

/// Counts what the parts unpack to: as declared, then truly.
pub(super) fn measure(bytes: &[u8], unpacked_max: u64, shared_max: u64) -> Result<(), FileRefused> {
    let damaged = || FileRefused::because(DAMAGED);
    let too_large = || {
        let megabytes = unpacked_max / 1024 / 1024;
        FileRefused::because(format!(
            "文件解压后超过 {megabytes} MB，系统拒绝读取。请只保留需要的工作表，分成几个文件上传。"
        ))
    };
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).map_err(|_| damaged())?;
    if archive.len() > 2_000 {
        return Err(too_large());
    }
    let mut is_workbook = false;
    let mut declared = 0_u64;
    for index in 0..archive.len() {
        let part = archive.by_index_raw(index).map_err(|_| damaged())?;
        is_workbook |= part.name().map_err(|_| damaged())?.ends_with("workbook.xml");
        declared = declared.saturating_add(part.size());
    }
    if !is_workbook {
        return Err(FileRefused::because("这个压缩包不是 Excel 工作簿。请上传 .xlsx 或 .csv 文件。"));
    }
    if declared > unpacked_max {
        return Err(too_large());
    }
    let mut left = unpacked_max;
    for index in 0..archive.len() {
        let part = archive.by_index(index).map_err(|_| damaged())?;
        let shared = part.name().map_err(|_| damaged())?.to_ascii_lowercase().ends_with("sharedstrings.xml");
        let allowed = if shared { left.min(shared_max) } else { left };
        let unpacked =
            std::io::copy(&mut part.take(allowed + 1), &mut std::io::sink()).map_err(|_| damaged())?;
        if unpacked > allowed {
            return Err(too_large());
        }
        left -= unpacked;
    }
    Ok(())
}

fn sheets(bytes: &[u8]) -> Result<Vec<Sheet>, FileRefused> {
    let damaged = |_| FileRefused::because(DAMAGED);
    let mut workbook: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).map_err(damaged)?;
    let visible: Vec<String> = workbook
        .sheets_metadata()
        .iter()
        .filter(|sheet| {
            sheet.visible == calamine::SheetVisible::Visible && sheet.typ == calamine::SheetType::WorkSheet
        })
        .map(|sheet| sheet.name.clone())
        .collect();
    let mut sheets = Vec::new();
    let mut cells_left = CELLS_MAX;
    for name in visible {
        let rows = rows(&mut workbook, &name, &mut cells_left)?;
        let merged = workbook
            .merge_cells_by_sheet_name(&name)
            .map_err(damaged)?
            .iter()
            .map(|region| Merged {
                row_first: region.start.0 + 1,
                row_last: region.end.0 + 1,
                column_first: region.start.1 as usize,
                column_last: region.end.1 as usize,
            })
            .collect();
        sheets.push(Sheet { name, rows, merged });
    }
    Ok(sheets)
}

fn rows(
    workbook: &mut Xlsx<Cursor<&[u8]>>,
    name: &str,
    cells_left: &mut usize,
) -> Result<Vec<RawRow>, FileRefused> {
    let damaged = |_| FileRefused::because(DAMAGED);
    let mut reader = workbook.worksheet_cells_reader(name).map_err(damaged)?;
    let mut rows: Vec<RawRow> = Vec::new();
    while let Some(record) = reader.next_cell_with_formula_metadata().map_err(damaged)? {
        let (row, column) = (record.pos.0, record.pos.1 as usize);
        let raw = if record.formula.is_some() { Raw::Formula } else { raw(&record.value) };
        if raw.is_empty() {
            continue;
        }
        let number = row + 1;
        if number as usize > ROWS_MAX {
            return Err(FileRefused::because(format!(
                "工作表「{name}」超过 {ROWS_MAX} 行，请分成几个文件分别上传。"
            )));
        }
        if column >= COLUMNS_MAX {
            return Err(FileRefused::because(format!(
                "工作表「{name}」第 {number} 行的内容超出第 {COLUMNS_MAX} 列，请删去多余的列。"
            )));
        }
        *cells_left = cells_left.checked_sub(1).ok_or_else(|| {
            FileRefused::because(
                "工作簿里填写的单元格太多，系统无法一次读取。请只保留需要的工作表和列，分成几个文件上传。",
            )
        })?;
        if rows.last().is_none_or(|last| last.number < number) {
            rows.push(RawRow { number, cells: Vec::new() });
        }
        let Some(current) = rows.last_mut().filter(|last| last.number == number) else {
            return Err(FileRefused::because(DAMAGED));
        };
        if current.cells.len() <= column {
            current.cells.resize(column + 1, Raw::Empty);
        }
        current.cells[column] = raw;
    }
    Ok(rows)
}

fn raw(value: &DataRef<'_>) -> Raw {
    match Data::from(value.clone()) {
        Data::Empty => Raw::Empty,
        Data::Int(whole) => Raw::Number(whole.to_string()),
        Data::Float(number) => number_text(number),
        Data::String(text) => limited(&text),
        Data::Bool(yes) => Raw::Boolean(yes),
        Data::DateTime(moment) if moment.is_duration() => number_text(moment.as_f64()),
        Data::DateTime(moment) => day_of_serial(&moment),
        Data::DateTimeIso(text) => match text.get(..10).and_then(|day| day.parse().ok()) {
            Some(day) => Raw::Day(day),
            None => limited(&text),
        },
        Data::DurationIso(text) => limited(&text),
        Data::Error(error) => Raw::Broken(error.to_string()),
    }
}

/// Longer than any honest cell: kept so far that the error can show it.
fn limited(text: &str) -> Raw {
    if text.chars().count() > CELL_CHARACTERS_MAX {
        return Raw::Broken(format!(
            "{}……（超过 {CELL_CHARACTERS_MAX} 字）",
            text.chars().take(20).collect::<String>()
        ));
    }
    Raw::text(text)
}

/// The shortest decimal text that names the same binary number: what the person typed, as long as it had at most 15 digits.
fn number_text(number: f64) -> Raw {
    if !number.is_finite() {
        return Raw::Broken("数值超出范围".to_owned());
    }
    Raw::Number(format!("{number}"))
}

fn day_of_serial(moment: &ExcelDateTime) -> Raw {
    let (year, month, day, ..) = moment.to_ymd_hms_milli();
    match NaiveDate::from_ymd_opt(i32::from(year), u32::from(month), u32::from(day)) {
        Some(day) if moment.as_f64() >= 1.0 => Raw::Day(day),
        _ => number_text(moment.as_f64()),
    }
}
