//! Writing lists: Excel or CSV, row by row, in constant memory for Excel.
//!
//! Text that begins like a formula stays text: Excel's cells are written as strings, and in CSV such a text gets Excel's own
//! mark, an apostrophe in front, which our reader takes off again.

use std::io::Write;

use catalogue::Number;
use chrono::{Datelike, NaiveDate};
use rust_xlsxwriter::{ExcelDateTime, Format, FormatAlign, FormatBorder, Workbook, XlsxError};
use vocab::{Fen, Month};

use super::sheet::{MARK, needs_mark};

/// Excel or CSV.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListFormat {
    /// .xlsx
    Excel,
    /// UTF-8 with mark, comma, CRLF: opens right in Excel and WPS.
    Csv,
}

impl ListFormat {
    /// Ending of the file's name.
    #[must_use]
    pub fn extension(self) -> &'static str {
        match self {
            ListFormat::Excel => "xlsx",
            ListFormat::Csv => "csv",
        }
    }

    /// MIME type.
    #[must_use]
    pub fn mime(self) -> &'static str {
        match self {
            ListFormat::Excel => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            ListFormat::Csv => "text/csv; charset=utf-8",
        }
    }
}

/// A column of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListColumn {
    /// Header.
    pub title: String,
    /// Width in characters.
    pub width: u16,
}

impl ListColumn {
    /// A column.
    #[must_use]
    pub fn new(title: &str, width: u16) -> ListColumn {
        ListColumn { title: title.to_owned(), width }
    }
}

/// A cell of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ListCell {
    /// Nothing.
    Empty,
    /// Text; identifiers too.
    Text(String),
    /// Long text, which wraps inside its cell: quotes, remarks.
    Prose(String),
    /// A number as its digits, such as `54.1`; its unit stands in a column of its own.
    Decimal(String),
    /// Money, shown in yuan with two places.
    Money(Fen),
    /// A count.
    Integer(i64),
    /// A day.
    Date(NaiveDate),
    /// A month.
    Month(Month),
}

impl ListCell {
    /// Text; nothing when there is none.
    #[must_use]
    pub fn words(text: &str) -> ListCell {
        if text.is_empty() { ListCell::Empty } else { ListCell::Text(text.to_owned()) }
    }

    /// Text that wraps; nothing when there is none.
    #[must_use]
    pub fn prose(text: &str) -> ListCell {
        if text.is_empty() { ListCell::Empty } else { ListCell::Prose(text.to_owned()) }
    }
}

impl From<&str> for ListCell {
    fn from(text: &str) -> Self {
        ListCell::Text(text.to_owned())
    }
}

impl From<String> for ListCell {
    fn from(text: String) -> Self {
        ListCell::Text(text)
    }
}

impl From<Fen> for ListCell {
    fn from(amount: Fen) -> Self {
        ListCell::Money(amount)
    }
}

impl From<i64> for ListCell {
    fn from(count: i64) -> Self {
        ListCell::Integer(count)
    }
}

impl From<NaiveDate> for ListCell {
    fn from(day: NaiveDate) -> Self {
        ListCell::Date(day)
    }
}

impl From<Number> for ListCell {
    fn from(number: Number) -> Self {
        ListCell::Decimal(number.to_string())
    }
}

impl From<Month> for ListCell {
    fn from(month: Month) -> Self {
        ListCell::Month(month)
    }
}

impl<T: Into<ListCell>> From<Option<T>> for ListCell {
    fn from(cell: Option<T>) -> Self {
        cell.map_or(ListCell::Empty, Into::into)
    }
}

/// Writes one list.
pub struct ListWriter {
    target: Target,
    columns: usize,
    row: u32,
}

enum Target {
    Excel(Box<Excel>),
    Csv(Vec<u8>),
}

struct Excel {
    workbook: Workbook,
    /// The sheet that is written.
    sheet: usize,
    header: Format,
    title: Format,
    text: Format,
    prose: Format,
    money: Format,
    count: Format,
    decimal: Format,
    date: Format,
    total: Format,
    total_money: Format,
}

impl ListWriter {
    /// Begins a list: an optional title row, then the headers. `sheet` names the Excel sheet.
    ///
    /// # Errors
    /// The writer's, when the sheet's name is none that Excel takes.
    pub fn new(
        format: ListFormat,
        sheet: &str,
        title: Option<&str>,
        columns: &[ListColumn],
    ) -> Result<ListWriter, XlsxError> {
        let target = match format {
            ListFormat::Csv => Target::Csv(vec![0xEF, 0xBB, 0xBF]),
            ListFormat::Excel => {
                let mut workbook = Workbook::new();
                add_sheet(&mut workbook, sheet, title.is_some(), columns)?;
                let bordered = || Format::new().set_border(FormatBorder::Thin);
                // Beside text that wraps, everything begins at the top of the row.
                let body = || bordered().set_align(FormatAlign::Top);
                Target::Excel(Box::new(Excel {
                    header: bordered().set_bold().set_text_wrap().set_align(FormatAlign::Center),
                    title: Format::new().set_bold().set_font_size(14),
                    text: body().set_num_format("@"),
                    prose: body().set_num_format("@").set_text_wrap(),
                    money: body().set_num_format("#,##0.00"),
                    count: body().set_num_format("0"),
                    // As many places as the number has.
                    decimal: body().set_num_format("General"),
                    date: body().set_num_format("yyyy-mm-dd"),
                    total: bordered().set_bold(),
                    total_money: bordered().set_bold().set_num_format("#,##0.00"),
                    workbook,
                    sheet: 0,
                }))
            }
        };
        let mut writer = ListWriter { target, columns: columns.len(), row: 0 };
        writer.head(title, columns)?;
        Ok(writer)
    }

    /// Goes on with another list: in Excel on a sheet of its own, in CSV after an empty line.
    ///
    /// # Errors
    /// As [`ListWriter::new`].
    pub fn next_list(
        &mut self,
        sheet: &str,
        title: Option<&str>,
        columns: &[ListColumn],
    ) -> Result<(), XlsxError> {
        match &mut self.target {
            Target::Csv(bytes) => bytes.extend_from_slice(b"\r\n"),
            Target::Excel(excel) => {
                add_sheet(&mut excel.workbook, sheet, title.is_some(), columns)?;
                excel.sheet += 1;
            }
        }
        (self.columns, self.row) = (columns.len(), 0);
        self.head(title, columns)
    }

    fn head(&mut self, title: Option<&str>, columns: &[ListColumn]) -> Result<(), XlsxError> {
        if let Some(title) = title {
            self.line(&[ListCell::Text(title.to_owned())], Look::Title)?;
        }
        let headers: Vec<ListCell> =
            columns.iter().map(|column| ListCell::Text(column.title.clone())).collect();
        self.line(&headers, Look::Header)
    }

    /// A row.
    ///
    /// # Errors
    /// The writer's: Excel takes 1,048,576 rows and 32,767 characters in a cell.
    pub fn row(&mut self, cells: &[ListCell]) -> Result<(), XlsxError> {
        debug_assert_eq!(cells.len(), self.columns, "a row has a cell for every column");
        self.line(cells, Look::Body)
    }

    /// A row of control totals, or any remark under the list.
    ///
    /// # Errors
    /// As [`ListWriter::row`].
    pub fn totals(&mut self, cells: &[ListCell]) -> Result<(), XlsxError> {
        self.line(cells, Look::Total)
    }

    /// The file.
    ///
    /// # Errors
    /// The writer's.
    pub fn finish(self) -> Result<Vec<u8>, XlsxError> {
        match self.target {
            Target::Csv(bytes) => Ok(bytes),
            Target::Excel(mut excel) => excel.workbook.save_to_buffer(),
        }
    }

    /// Puts what stands so far into a file, so that a long list is never whole in memory. Excel keeps its rows in a file of its own until
    /// the end. Whoever drains ends with [`ListWriter::finish_into`] the same file.
    ///
    /// # Errors
    /// The file's.
    pub fn drain(&mut self, file: &mut impl Write) -> std::io::Result<()> {
        if let Target::Csv(bytes) = &mut self.target {
            file.write_all(bytes)?;
            bytes.clear();
        }
        Ok(())
    }

    /// What is left, into the file: all of Excel, the rest of a CSV.
    ///
    /// # Errors
    /// The writer's, the file's.
    pub fn finish_into(mut self, file: &mut (impl Write + Send)) -> Result<(), XlsxError> {
        self.drain(file)?;
        match self.target {
            Target::Csv(_) => Ok(()),
            Target::Excel(mut excel) => excel.workbook.save_to_writer(file),
        }
    }

    fn line(&mut self, cells: &[ListCell], look: Look) -> Result<(), XlsxError> {
        match &mut self.target {
            Target::Csv(bytes) => {
                let line: Vec<String> = cells.iter().map(csv_cell).collect();
                bytes.extend_from_slice(line.join(",").as_bytes());
                bytes.extend_from_slice(b"\r\n");
            }
            Target::Excel(excel) => excel.line(self.row, cells, look)?,
        }
        self.row += 1;
        Ok(())
    }
}

/// A sheet that prints on A4 across, its head on every page.
fn add_sheet(
    workbook: &mut Workbook,
    name: &str,
    titled: bool,
    columns: &[ListColumn],
) -> Result<(), XlsxError> {
    let worksheet = workbook.add_worksheet_with_constant_memory()?;
    worksheet.set_name(name)?;
    for (column, definition) in (0_u16..).zip(columns) {
        worksheet.set_column_width(column, definition.width)?;
    }
    worksheet.set_freeze_panes(if titled { 2 } else { 1 }, 0)?;
    worksheet.set_repeat_rows(0, u32::from(titled))?;
    worksheet.set_landscape();
    worksheet.set_paper_size(9);
    worksheet.set_print_fit_to_pages(1, 0);
    Ok(())
}

#[derive(Clone, Copy, PartialEq)]
enum Look {
    Title,
    Header,
    Body,
    Total,
}

impl Excel {
    fn line(&mut self, row: u32, cells: &[ListCell], look: Look) -> Result<(), XlsxError> {
        let worksheet = self.workbook.worksheet_from_index(self.sheet)?;
        let text = match look {
            Look::Title => &self.title,
            Look::Header => &self.header,
            Look::Body => &self.text,
            Look::Total => &self.total,
        };
        let money = if look == Look::Total { &self.total_money } else { &self.money };
        for (column, cell) in (0_u16..).zip(cells) {
            match cell {
                ListCell::Empty => worksheet.write_blank(row, column, text)?,
                ListCell::Text(value) => worksheet.write_string_with_format(row, column, value, text)?,
                ListCell::Prose(value) => {
                    let format = if look == Look::Body { &self.prose } else { text };
                    worksheet.write_string_with_format(row, column, value, format)?
                }
                ListCell::Decimal(digits) => match digits.parse::<f64>() {
                    // Beyond 15 digits Excel would show another number.
                    Ok(number) if number.is_finite() && digits.len() <= 16 => {
                        let format = if look == Look::Body { &self.decimal } else { text };
                        worksheet.write_number_with_format(row, column, number, format)?
                    }
                    _ => worksheet.write_string_with_format(row, column, digits, text)?,
                },
                ListCell::Money(amount) => match amount.to_string().parse::<f64>() {
                    // Beyond 15 digits Excel would show another amount.
                    Ok(number) if amount.0.unsigned_abs() < 1_000_000_000_000_000 => {
                        worksheet.write_number_with_format(row, column, number, money)?
                    }
                    _ => worksheet.write_string_with_format(row, column, amount.to_string(), text)?,
                },
                ListCell::Integer(count) => match i32::try_from(*count) {
                    Ok(small) => worksheet.write_number_with_format(
                        row,
                        column,
                        small,
                        if look == Look::Body { &self.count } else { text },
                    )?,
                    Err(_) => worksheet.write_string_with_format(row, column, count.to_string(), text)?,
                },
                ListCell::Date(day) => match excel_day(*day) {
                    Some(excel_day) => {
                        let format = if look == Look::Body { &self.date } else { text };
                        worksheet.write_datetime_with_format(row, column, &excel_day, format)?
                    }
                    None => worksheet.write_string_with_format(row, column, day.to_string(), text)?,
                },
                ListCell::Month(month) => {
                    worksheet.write_string_with_format(row, column, month.to_string(), text)?
                }
            };
        }
        Ok(())
    }
}

/// Excel's calendar begins in 1900.
fn excel_day(day: NaiveDate) -> Option<ExcelDateTime> {
    let year = u16::try_from(day.year()).ok()?;
    ExcelDateTime::from_ymd(year, u8::try_from(day.month()).ok()?, u8::try_from(day.day()).ok()?).ok()
}

fn csv_cell(cell: &ListCell) -> String {
    let text = match cell {
        ListCell::Empty => return String::new(),
        ListCell::Money(amount) => return amount.to_string(),
        ListCell::Integer(count) => return count.to_string(),
        ListCell::Date(day) => return day.to_string(),
        ListCell::Month(month) => return month.to_string(),
        ListCell::Decimal(digits) => return digits.clone(),
        ListCell::Text(text) | ListCell::Prose(text) => text,
    };
    let text = if needs_mark(text) { format!("{MARK}{text}") } else { text.clone() };
    if text.contains(['"', ',', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}
