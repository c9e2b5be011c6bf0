//! Facts about persons and households, and the departments' data sets that bring them.

use serde::Deserialize;

use super::{Ask, Basis, Unit};
use crate::number::Number;
use crate::{Located, Reference};

/// The type of a value in facts, parameters and programme results.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ValueKind {
    /// Yes or no.
    Boolean,
    /// A whole number.
    Integer,
    /// An exact decimal.
    Decimal,
    /// Yuan, kept in fen.
    Money,
    /// A day.
    Date,
    /// A month.
    Month,
    /// A code of a codelist.
    Code,
    /// Free text; rules can only compare it.
    Text,
}

/// What a definition says of its values: their type, and what bounds it.
#[derive(Debug, Clone, Copy)]
pub struct Declared<'a> {
    /// Type.
    pub kind: &'a Located<ValueKind>,
    /// Codelist of a `code`.
    pub codelist: Option<&'a Reference>,
    /// Places after the point of a `decimal`.
    pub scale: Option<u32>,
    /// Least value.
    pub min: Option<&'a Located<Number>>,
    /// Greatest value.
    pub max: Option<&'a Located<Number>>,
}

/// A fact that follows from the benefits in this system's ledger; nobody enters it. What other sources say counts where nothing is held.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Held {
    /// Of a code: the code of whoever is covered by a programme in the month, the first that fits.
    #[serde(default)]
    pub codes: Vec<HeldCode>,
    /// Of money: programmes whose amounts are added up; a person's share is a family's amount divided by those it covers.
    #[serde(default)]
    pub sum: Vec<Reference>,
    /// Adds up what was decided for the last so many months and for those to come; the month's own amount if absent.
    #[serde(default)]
    pub months: Option<u16>,
}

/// The code of those whom a programme covers.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeldCode {
    /// Programme.
    pub programme: Reference,
    /// Code of the fact's codelist.
    pub code: Reference,
}

/// A datum about a person or household that rules may read.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fact {
    /// Identifier; also the column of the typed projection and the name in expressions.
    pub id: Located<String>,
    /// Title.
    pub title: String,
    /// Whose fact it is.
    pub on: Unit,
    /// Type of its value.
    #[serde(rename = "type")]
    pub kind: Located<ValueKind>,
    /// Codelist of a `code`.
    #[serde(default)]
    pub codelist: Option<Reference>,
    /// Unit shown to people, such as 元/月.
    #[serde(default)]
    pub unit: Option<String>,
    /// Places after the point of a `decimal`.
    #[serde(default)]
    pub scale: Option<u32>,
    /// Least value; numbers must have one.
    #[serde(default)]
    pub min: Option<Located<Number>>,
    /// Greatest value; numbers must have one.
    #[serde(default)]
    pub max: Option<Located<Number>>,
    /// How it follows from the benefits that are held.
    #[serde(default)]
    pub held: Option<Held>,
    /// Departments whose data bring it.
    #[serde(default)]
    pub source: Vec<Reference>,
    /// Days after which it should be asked again.
    #[serde(default)]
    pub freshness: Option<u32>,
    /// How carefully it is shown.
    #[serde(default)]
    pub sensitivity: Sensitivity,
    /// What a missing row means once its source has been asked.
    pub absent: Absent,
    /// Which source wins, best first.
    pub precedence: Vec<Located<FactSource>>,
    /// Whether the person may prove it to others with a code (幸福码).
    #[serde(default)]
    pub provable: bool,
    /// What exactly is meant, for the person who enters it.
    #[serde(default)]
    pub help: Option<String>,
}

impl Fact {
    /// Its values.
    #[must_use]
    pub fn declared(&self) -> Declared<'_> {
        let Self { kind, codelist, scale, min, max, .. } = self;
        Declared { kind, codelist: codelist.as_ref(), scale: *scale, min: min.as_ref(), max: max.as_ref() }
    }
}

/// How carefully a fact is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sensitivity {
    /// Staff of the case see it.
    #[default]
    Ordinary,
    /// Health, belief, penalty: masked until a purpose is stated.
    Sensitive,
}

/// What a missing row means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Absent {
    /// Nobody knows.
    Unknown,
    /// The source was asked and has nothing: zero, no, none.
    None,
}

/// Where a fact came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FactSource {
    /// Seen on a home visit.
    Visit,
    /// A department's data.
    Department,
    /// Said by the family.
    Declared,
    /// A register of this system.
    Register,
    /// The roll that was imported.
    Roll,
}

/// A department that answers the means test.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Department {
    /// Identifier.
    pub id: Located<String>,
    /// Name, such as 不动产登记机构.
    pub title: String,
    /// Codes of records that are addressed to it ([`super::DepartmentSide`]).
    #[serde(default)]
    pub takes: Vec<Reference>,
}

/// What one department may be asked: the file that it hands over with the facts that its columns give, single questions, or both.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dataset {
    /// Identifier.
    pub id: Located<String>,
    /// Title; also the scope that a member authorises.
    pub title: String,
    /// Who holds it.
    pub department: Reference,
    /// What a citizen is told will be asked.
    pub scope: String,
    /// Columns of its file in the order of the template; none where it hands over no file.
    #[serde(default, rename = "column")]
    pub columns: Vec<Column>,
    /// Facts gathered from the rows of one person (or their household).
    #[serde(default, rename = "fact")]
    pub facts: Vec<ColumnFact>,
    /// Questions that are put about one person.
    #[serde(default, rename = "ask")]
    pub asks: Vec<Ask>,
    /// Asked in every check unless somebody says otherwise.
    #[serde(default)]
    pub always: bool,
    /// A report waits for its answer until the limit has passed.
    #[serde(default)]
    pub needed: bool,
    /// The parameter that says within how many working days it answers.
    #[serde(default)]
    pub limit: Option<Reference>,
    /// The parameter that says for how many days an answer holds.
    #[serde(default)]
    pub valid: Option<Reference>,
    /// The parameter that says every how many months its file is exchanged.
    #[serde(default)]
    pub every: Option<Reference>,
    /// Why it may be asked.
    #[serde(default)]
    pub basis: Vec<Basis>,
}

impl Dataset {
    /// A question by id.
    #[must_use]
    pub fn ask(&self, id: &str) -> Option<&Ask> {
        self.asks.iter().find(|ask| *ask.id == *id)
    }
}

/// A column of a department's file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Column {
    /// Identifier.
    pub id: Located<String>,
    /// Header in the file.
    pub title: String,
    /// Other headers met in real files.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// Type.
    #[serde(rename = "type")]
    pub kind: super::FieldKind,
    /// Codelist of a `choice`: the file may give code or title.
    #[serde(default)]
    pub codelist: Option<Reference>,
    /// A row without it is a bad row.
    #[serde(default)]
    pub required: bool,
}

/// How a fact is gathered from a department's rows.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ColumnFact {
    /// The fact that is written.
    pub fact: Reference,
    /// The column that is gathered; `count` needs none.
    #[serde(default)]
    pub column: Option<Reference>,
    /// How several rows become one value.
    pub gather: Gather,
}

/// How several rows of one person become one value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Gather {
    /// Add them.
    Sum,
    /// The greatest.
    Max,
    /// Number of rows.
    Count,
    /// Whether there is a row.
    Any,
    /// The value of the last row by date.
    Last,
}
