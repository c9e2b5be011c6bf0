//! The uploaded rows given back with a column 错误说明, so that a person mends them where they stand and sends the file again.

use std::collections::BTreeMap;

use rust_xlsxwriter::{Color, Format, FormatAlign, Workbook, XlsxError};

use super::sheet::Raw;
use super::table::Table;

/// Header of the added column. When the file comes back, the column is passed over.
pub const CORRECTED_TITLE: &str = "错误说明";

/// The workbook, a sheet for each table; cells with faults are yellow, their messages stand in the last column of the row.
///
/// # Errors
/// The writer's, when a limit of Excel is passed.
pub fn corrected(tables: &[&Table]) -> Result<Vec<u8>, XlsxError> {
    let mut workbook = Workbook::new();
    for table in tables {
        write_sheet(&mut workbook, table)?;
    }
    workbook.save_to_buffer()
}

fn write_sheet(workbook: &mut Workbook, table: &Table) -> Result<(), XlsxError> {
    let (sheet, header_row) = table.raw();
    let mut messages: BTreeMap<u32, Vec<String>> = BTreeMap::new();
    let mut places: BTreeMap<u32, Vec<String>> = BTreeMap::new();
    for fault in &table.faults {
        let said = if fault.title.is_empty() {
            fault.message.clone()
        } else {
            format!("「{}」{}", fault.title, fault.message)
        };
        messages.entry(fault.row).or_default().push(said);
        places.entry(fault.row).or_default().push(fault.address.clone());
    }
    let header = sheet.rows.iter().find(|row| row.number == header_row);
    let width = sheet.rows.iter().map(|row| row.cells.len()).max().unwrap_or(0);
    // A file that was given back before has the column already.
    let old = header.and_then(|row| {
        row.cells.iter().position(|cell| super::header::plain(&cell.shown()) == CORRECTED_TITLE)
    });
    let message_column = old.unwrap_or(width);

    let plain = Format::new().set_num_format("@");
    let faulty = Format::new().set_num_format("@").set_background_color(Color::RGB(0x00FF_F2B8));
    let bold = Format::new().set_bold();
    let red =
        Format::new().set_font_color(Color::RGB(0x00D4_351C)).set_text_wrap().set_align(FormatAlign::Top);
    let written = workbook.add_worksheet_with_constant_memory()?;
    if !sheet.name.is_empty() {
        written.set_name(&sheet.name)?;
    }
    written.set_column_width(narrow(message_column), 60)?;
    written.set_freeze_panes(header_row, 0)?;
    for row in &sheet.rows {
        let index = row.number - 1;
        let row_places = places.get(&row.number);
        for column in 0..=message_column.max(row.cells.len().saturating_sub(1)) {
            if column == message_column {
                if row.number == header_row {
                    written.write_string_with_format(index, narrow(column), CORRECTED_TITLE, &bold)?;
                } else if let Some(said) = messages.get(&row.number) {
                    written.write_string_with_format(index, narrow(column), said.join("；"), &red)?;
                }
                continue;
            }
            let cell = row.cell(column);
            let at_fault = row_places.is_some_and(|list| list.contains(&super::address(column, row.number)));
            let format = if at_fault { &faulty } else { &plain };
            match cell {
                Raw::Empty if at_fault => {
                    written.write_blank(index, narrow(column), format)?;
                }
                Raw::Empty => {}
                Raw::Number(text) if !at_fault => {
                    // The number as it came; where it lost digits it is at fault and shown as text.
                    match text.parse::<f64>() {
                        Ok(number) => written.write_number(index, narrow(column), number)?,
                        Err(_) => written.write_string(index, narrow(column), text)?,
                    };
                }
                other => {
                    written.write_string_with_format(index, narrow(column), other.shown(), format)?;
                }
            }
        }
    }
    Ok(())
}

/// Columns are at most [`super::COLUMNS_MAX`].
fn narrow(column: usize) -> u16 {
    u16::try_from(column).unwrap_or(u16::MAX)
}
