//! A table that was read: typed rows, and every fault by its cell.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use vocab::{BankAccount, CitizenId, Fen, Month, PersonName, Phone};

use super::cell::{self, Value};
use super::definition::TableDefinition;
use super::header::{self, Header};
use super::sheet::{RawRow, Sheet, address};
use super::{FileRefused, Raw};

/// Something wrong with a cell or a row.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct CellFault {
    /// Row as Excel shows it.
    pub row: u32,
    /// Title of the column, empty when it concerns the row.
    pub title: String,
    /// `C12`, empty when it concerns the row.
    pub address: String,
    /// What is wrong and how to mend it.
    pub message: String,
}

impl std::fmt::Display for CellFault {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let CellFault { row, title, address, message } = self;
        if title.is_empty() {
            write!(formatter, "第 {row} 行：{message}")
        } else {
            write!(formatter, "第 {row} 行「{title}」（{address}）：{message}")
        }
    }
}

/// A row with its cells by column of the definition.
#[derive(Debug, Clone)]
pub struct TypedRow {
    /// Row as Excel shows it.
    pub number: u32,
    values: Vec<Option<Value>>,
}

/// A table that was read.
#[derive(Debug, Clone)]
pub struct Table {
    definition: TableDefinition,
    header: Header,
    sheet: Sheet,
    /// Rows, also those with faults.
    pub rows: Vec<TypedRow>,
    /// Everything that is wrong, in the order of the rows.
    pub faults: Vec<CellFault>,
}

impl Table {
    /// Reads the sheet in which most columns of the definition are found.
    ///
    /// # Errors
    /// [`FileRefused`] when the headers cannot be read; mistakes in rows become [`Table::faults`].
    pub fn read(sheets: &[Sheet], definition: &TableDefinition) -> Result<Table, FileRefused> {
        let mut best: Option<(&Sheet, usize)> = None;
        for sheet in sheets {
            let found = header::best_row(sheet, definition).map_or(0, |(_, found)| found);
            if best.is_none_or(|(_, most)| found > most) {
                best = Some((sheet, found));
            }
        }
        let Some((sheet, _)) = best else { return Err(FileRefused::because("文件里没有工作表。")) };
        let header = header::find(sheet, definition)?;
        let mut table = Table {
            definition: definition.clone(),
            header,
            sheet: sheet.clone(),
            rows: Vec::new(),
            faults: Vec::new(),
        };
        table.type_rows();
        table.refuse_merged();
        if table.rows.is_empty() && table.faults.is_empty() {
            return Err(FileRefused::because(format!("第 {} 行表头下面没有内容。", table.header.row)));
        }
        Ok(table)
    }

    fn type_rows(&mut self) {
        for raw in &self.sheet.rows[self.header.index + 1..] {
            if is_total(raw) {
                let message = "这是合计行，请删除后再上传；系统自己合计";
                self.faults.push(CellFault {
                    row: raw.number,
                    title: String::new(),
                    address: String::new(),
                    message: message.to_owned(),
                });
                continue;
            }
            let cells =
                self.header.places.iter().map(|place| place.map_or(&Raw::Empty, |column| raw.cell(column)));
            let cells: Vec<&Raw> = cells.collect();
            if cells.iter().all(|cell| cell.is_empty()) {
                continue;
            }
            let mut values = Vec::with_capacity(cells.len());
            for ((cell, column), place) in cells.iter().zip(&self.definition.columns).zip(&self.header.places)
            {
                let value = match (cell.is_empty(), column.required) {
                    (true, false) => None,
                    (true, true) => {
                        self.faults.push(fault(raw.number, &column.title, *place, "没有填写".to_owned()));
                        None
                    }
                    (false, _) => match cell::read(cell, &column.kind) {
                        Ok(value) => Some(value),
                        Err(message) => {
                            self.faults.push(fault(raw.number, &column.title, *place, message));
                            None
                        }
                    },
                };
                values.push(value);
            }
            self.rows.push(TypedRow { number: raw.number, values });
        }
    }

    /// In joined cells only the first holds the value; nobody can say whether the others were meant to repeat it.
    fn refuse_merged(&mut self) {
        let last = self.sheet.rows.last().map_or(0, |row| row.number);
        let mut said = BTreeSet::new();
        for region in &self.sheet.merged {
            let below = region.row_first > self.header.row && region.row_first <= last;
            let place = self.header.places.iter().position(|place| {
                place.is_some_and(|column| (region.column_first..=region.column_last).contains(&column))
            });
            if let (true, Some(column)) = (below, place)
                && said.insert(region.address())
            {
                let message = format!("{} 是合并单元格，请取消合并，并在每一行都填写内容", region.address());
                let title = self.definition.columns[column].title.clone();
                self.faults.push(fault(region.row_first, &title, self.header.places[column], message));
            }
        }
        self.faults.sort_by_key(|fault| (fault.row, fault.address.len(), fault.address.clone()));
    }

    /// The definition.
    #[must_use]
    pub fn definition(&self) -> &TableDefinition {
        &self.definition
    }

    /// The name of the sheet that was read.
    #[must_use]
    pub fn sheet_name(&self) -> &str {
        &self.sheet.name
    }

    pub(super) fn raw(&self) -> (&Sheet, u32) {
        (&self.sheet, self.header.row)
    }

    /// Headers that were not asked for: `备注（H3）`.
    #[must_use]
    pub fn ignored(&self) -> &[String] {
        &self.header.ignored
    }

    fn column(&self, id: &str) -> Option<usize> {
        self.definition.columns.iter().position(|column| column.id == id)
    }

    /// The value of a row's column; none when the cell is empty, faulty or the column absent.
    #[must_use]
    pub fn value<'a>(&self, row: &'a TypedRow, id: &str) -> Option<&'a Value> {
        row.values.get(self.column(id)?)?.as_ref()
    }

    /// Adds a fault of a row's column, found by a rule that the type does not know.
    pub fn refuse(&mut self, row: u32, id: &str, message: impl Into<String>) {
        let fault = match self.column(id) {
            Some(column) => {
                fault(row, &self.definition.columns[column].title, self.header.places[column], message.into())
            }
            None => CellFault { row, title: String::new(), address: String::new(), message: message.into() },
        };
        let after = self.faults.partition_point(|known| known.row <= row);
        self.faults.insert(after, fault);
    }

    /// Whether a row has a fault.
    #[must_use]
    pub fn is_faulty(&self, row: u32) -> bool {
        let first = self.faults.partition_point(|fault| fault.row < row);
        self.faults.get(first).is_some_and(|fault| fault.row == row)
    }

    /// Whether a row has a fault in this column.
    #[must_use]
    pub fn is_faulty_at(&self, row: u32, id: &str) -> bool {
        let title = self.definition.column(id).map_or("", |column| column.title.as_str());
        let first = self.faults.partition_point(|fault| fault.row < row);
        self.faults[first..].iter().take_while(|fault| fault.row == row).any(|fault| fault.title == title)
    }

    /// Whether the file has the column at all.
    #[must_use]
    pub fn has_column(&self, id: &str) -> bool {
        self.column(id).is_some_and(|column| self.header.places[column].is_some())
    }

    /// Text of a cell.
    #[must_use]
    pub fn text(&self, row: &TypedRow, id: &str) -> Option<String> {
        self.value(row, id).map(Value::canonical)
    }
}

macro_rules! typed {
    ($($(#[$doc:meta])* $name:ident $variant:ident $kind:ty;)*) => {
        impl Table {
            $($(#[$doc])*
            #[must_use]
            pub fn $name(&self, row: &TypedRow, id: &str) -> Option<$kind> {
                match self.value(row, id) {
                    Some(Value::$variant(value)) => Some(value.clone()),
                    _ => None,
                }
            })*
        }
    };
}

typed! {
    /// A day.
    date Date NaiveDate;
    /// A month.
    month Month Month;
    /// Money.
    money Money Fen;
    /// A whole number.
    integer Integer i64;
    /// A code.
    code Code String;
    /// 是 or 否.
    boolean Boolean bool;
    /// A citizen ID.
    citizen_id CitizenId CitizenId;
    /// A telephone number.
    phone Phone Phone;
    /// A bank account.
    bank_account BankAccount BankAccount;
    /// A name.
    person_name PersonName PersonName;
}

fn fault(row: u32, title: &str, place: Option<usize>, message: String) -> CellFault {
    let address = place.map(|column| address(column, row)).unwrap_or_default();
    CellFault { row, title: title.to_owned(), address, message }
}

/// Whether a row is a line of totals: its first cell says 合计.
#[must_use]
pub fn is_total(row: &RawRow) -> bool {
    let first = row.cells.iter().find(|cell| !cell.is_empty()).map(Raw::shown).unwrap_or_default();
    matches!(header::plain(&first).as_str(), "合计" | "总计" | "小计" | "共计")
}
