//! The empty file to fill in: headers with notes, cells of the right format, drop-downs, and a page that explains.

use rust_xlsxwriter::{Color, DataValidation, Format, FormatBorder, Formula, Note, Workbook, XlsxError};

use super::ROWS_MAX;
use super::definition::{CellKind, ColumnDefinition, TableDefinition};

const CHOICES_SHEET: &str = "可选内容";
const ABOUT_SHEET: &str = "填写说明";

/// The template workbook of one or more tables, a sheet each.
///
/// # Errors
/// The writer's, when a title is none that Excel takes as the name of a sheet.
pub fn template(tables: &[TableDefinition]) -> Result<Vec<u8>, XlsxError> {
    let mut workbook = Workbook::new();
    let mut choices: Vec<(String, Vec<String>)> = Vec::new();
    let header =
        Format::new().set_bold().set_border(FormatBorder::Thin).set_background_color(Color::RGB(0x00E8_F0F2));
    let text = Format::new().set_num_format("@");
    let day = Format::new().set_num_format("yyyy-mm-dd");
    let money = Format::new().set_num_format("0.00");
    let last_row = u32::try_from(ROWS_MAX - 1).unwrap_or(u32::MAX);
    for table in tables {
        let sheet = workbook.add_worksheet();
        sheet.set_name(&table.title)?;
        sheet.set_freeze_panes(1, 0)?;
        for (place, column) in (0_u16..).zip(&table.columns) {
            let star = if column.required { "*" } else { "" };
            sheet.write_string_with_format(0, place, format!("{star}{}", column.title), &header)?;
            sheet.insert_note(0, place, &Note::new(about(column)).set_author("惠民"))?;
            let width = column.title.chars().count() * 2 + 4;
            sheet.set_column_width(place, u32::try_from(width.clamp(12, 30)).unwrap_or(12))?;
            match &column.kind {
                CellKind::Money => sheet.set_column_format(place, &money)?,
                CellKind::Date => sheet.set_column_format(place, &day)?,
                CellKind::Integer | CellKind::Decimal => sheet,
                _ => sheet.set_column_format(place, &text)?,
            };
            let titles: Vec<String> = match &column.kind {
                CellKind::Code(codes) => codes.iter().map(|(_, title)| title.clone()).collect(),
                CellKind::YesNo => vec!["是".to_owned(), "否".to_owned()],
                _ => continue,
            };
            if titles.is_empty() {
                continue;
            }
            // A list on a sheet of its own: Excel allows only 255 characters in the rule itself.
            let letters = super::column_letters(choices.len());
            let formula = format!("='{CHOICES_SHEET}'!${letters}$2:${letters}${}", titles.len() + 1);
            choices.push((column.title.clone(), titles));
            let rule = DataValidation::new()
                .allow_list_formula(Formula::new(formula))
                .set_error_title("不在可选范围内")?
                .set_error_message("请从下拉列表中选择。")?;
            sheet.add_data_validation(1, place, last_row, place, &rule)?;
        }
    }
    let about_sheet = workbook.add_worksheet();
    about_sheet.set_name(ABOUT_SHEET)?;
    about_sheet.set_column_width(0, 16)?;
    about_sheet.set_column_width(1, 20)?;
    about_sheet.set_column_width(2, 8)?;
    about_sheet.set_column_width(3, 80)?;
    let mut row = 0;
    for line in [
        "每一行填写一条记录。带 * 的列必须填写。",
        "不要合并单元格，不要写公式，不要写合计行；列的先后次序可以变动。",
    ] {
        about_sheet.write_string(row, 0, line)?;
        row += 1;
    }
    for (place, title) in (0_u16..).zip(["工作表", "列", "必填", "说明"]) {
        about_sheet.write_string_with_format(row, place, title, &header)?;
    }
    for table in tables {
        for column in &table.columns {
            row += 1;
            about_sheet.write_string(row, 0, &table.title)?;
            about_sheet.write_string(row, 1, &column.title)?;
            about_sheet.write_string(row, 2, if column.required { "是" } else { "" })?;
            about_sheet.write_string(row, 3, about(column))?;
        }
    }
    if !choices.is_empty() {
        let sheet = workbook.add_worksheet();
        sheet.set_name(CHOICES_SHEET)?;
        sheet.set_hidden(true);
        for (place, (title, titles)) in (0_u16..).zip(&choices) {
            sheet.write_string_with_format(0, place, title, &header)?;
            for (row, title) in (1_u32..).zip(titles) {
                sheet.write_string(row, place, title)?;
            }
        }
    }
    workbook.save_to_buffer()
}

fn about(column: &ColumnDefinition) -> String {
    let form = match &column.kind {
        CellKind::Text => "文字。",
        CellKind::YesNo => "填“是”或“否”。",
        CellKind::Code(_) => "从下拉列表中选择。",
        CellKind::Date => "日期，例如 2026-11-03。",
        CellKind::Month => "月份，例如 2026-11。",
        CellKind::Money => "金额，单位元，最多两位小数，例如 760 或 760.50。",
        CellKind::Integer => "整数。",
        CellKind::Decimal => "数字，可带小数。",
        CellKind::CitizenId => "18 位身份证号码，单元格保持“文本”格式。",
        CellKind::Phone => "手机号或带区号的固定电话。",
        CellKind::BankAccount => "银行账号，只填数字，单元格保持“文本”格式。",
        CellKind::PersonName => "姓名，与身份证一致。",
        CellKind::Division => "行政区划代码，例如 150302001。",
    };
    let needed = if column.required { "必填。" } else { "" };
    format!("{needed}{form}{}", column.help)
}
