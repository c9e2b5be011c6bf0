//! What a table to be read should hold.

use catalogue::Release;
use catalogue::definition::{Dataset, FieldKind};

/// The type of a column's cells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CellKind {
    /// One line.
    Text,
    /// 是 or 否.
    YesNo,
    /// A code of a list of (code, title); the file may give either.
    Code(Vec<(String, String)>),
    /// A day.
    Date,
    /// A month.
    Month,
    /// Yuan, zero or more.
    Money,
    /// A whole number.
    Integer,
    /// A decimal.
    Decimal,
    /// 居民身份证号码.
    CitizenId,
    /// Telephone.
    Phone,
    /// Bank account.
    BankAccount,
    /// Name of a person.
    PersonName,
    /// Division code.
    Division,
}

impl CellKind {
    /// Written as text in Excel, so that no digit is lost.
    #[must_use]
    pub fn is_digits(&self) -> bool {
        matches!(
            self,
            CellKind::CitizenId
                | CellKind::Phone
                | CellKind::BankAccount
                | CellKind::Division
                | CellKind::Text
        )
    }
}

/// A column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnDefinition {
    /// Identifier.
    pub id: String,
    /// Header of the template.
    pub title: String,
    /// Other headers met in real files.
    pub aliases: Vec<String>,
    /// Type.
    pub kind: CellKind,
    /// A row without it is a bad row, a file without the column is refused.
    pub required: bool,
    /// A note for the person who fills it in.
    pub help: String,
}

impl ColumnDefinition {
    /// An optional column without aliases.
    #[must_use]
    pub fn new(id: &str, title: &str, kind: CellKind) -> ColumnDefinition {
        ColumnDefinition {
            id: id.to_owned(),
            title: title.to_owned(),
            aliases: Vec::new(),
            kind,
            required: false,
            help: String::new(),
        }
    }

    /// The same, required.
    #[must_use]
    pub fn required(mut self) -> ColumnDefinition {
        self.required = true;
        self
    }

    /// The same with other headers.
    #[must_use]
    pub fn also(mut self, aliases: &[&str]) -> ColumnDefinition {
        self.aliases = aliases.iter().map(|alias| (*alias).to_owned()).collect();
        self
    }

    /// The same with a note.
    #[must_use]
    pub fn help(mut self, help: &str) -> ColumnDefinition {
        help.clone_into(&mut self.help);
        self
    }
}

/// A table: its columns in the order of the template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableDefinition {
    /// Title; the name of the template's sheet.
    pub title: String,
    /// Columns.
    pub columns: Vec<ColumnDefinition>,
}

impl TableDefinition {
    /// The table of a department's data set. The person is found by the column of type `citizen_id`.
    #[must_use]
    pub fn of_dataset(release: &Release, dataset: &Dataset) -> TableDefinition {
        let codes = |list: Option<&str>| -> Vec<(String, String)> {
            let list = list.and_then(|id| release.codelists.get(id));
            list.map(|list| {
                list.values.iter().map(|code| (code.code.get().clone(), code.title.clone())).collect()
            })
            .unwrap_or_default()
        };
        let columns = dataset
            .columns
            .iter()
            .map(|column| ColumnDefinition {
                id: column.id.get().clone(),
                title: column.title.clone(),
                aliases: column.aliases.clone(),
                kind: match column.kind {
                    FieldKind::YesNo => CellKind::YesNo,
                    FieldKind::Choice => {
                        CellKind::Code(codes(column.codelist.as_ref().map(|id| id.get().as_str())))
                    }
                    FieldKind::Date => CellKind::Date,
                    FieldKind::Month => CellKind::Month,
                    FieldKind::Money => CellKind::Money,
                    FieldKind::Integer => CellKind::Integer,
                    FieldKind::Decimal => CellKind::Decimal,
                    FieldKind::CitizenId => CellKind::CitizenId,
                    FieldKind::Phone => CellKind::Phone,
                    FieldKind::BankAccount => CellKind::BankAccount,
                    FieldKind::PersonName => CellKind::PersonName,
                    FieldKind::Division => CellKind::Division,
                    // The checker of packs refuses the others in a data set's columns.
                    FieldKind::Text
                    | FieldKind::Textarea
                    | FieldKind::Choices
                    | FieldKind::File
                    | FieldKind::Files
                    | FieldKind::Signature
                    | FieldKind::MemberRef
                    | FieldKind::Statement
                    | FieldKind::Person
                    | FieldKind::Household
                    | FieldKind::Organisation
                    | FieldKind::Facility
                    | FieldKind::Place
                    | FieldKind::Record
                    | FieldKind::Point
                    | FieldKind::Line => CellKind::Text,
                },
                required: column.required,
                help: String::new(),
            })
            .collect();
        TableDefinition { title: dataset.title.clone(), columns }
    }

    /// A column by id.
    #[must_use]
    pub fn column(&self, id: &str) -> Option<&ColumnDefinition> {
        self.columns.iter().find(|column| column.id == id)
    }
}
