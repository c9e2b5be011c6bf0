//! Forms: one mechanism for the citizen's wizard, visit records, opinions, notices and change reports.
//!
//! Expressions see the form's own fields by their ids. Pages that repeat make (or go over) records; on such a page an expression sees the
//! record's fields, elsewhere the records are a to-many relation named by `repeat.of`.

use std::fmt;

use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer};

use super::{About, Back, Basis, Holders};
use crate::number::Number;
use crate::{Expression, Located, Reference};

/// A form of one or more pages.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Form {
    /// Identifier.
    pub id: Located<String>,
    /// Title.
    pub title: String,
    /// Words before the first page.
    #[serde(default)]
    pub intro: Option<String>,
    /// Law that asks for the form.
    #[serde(default)]
    pub basis: Vec<Basis>,
    /// Its pages, in order.
    #[serde(rename = "page")]
    pub pages: Vec<Page>,
}

impl Form {
    /// Every field with its page.
    pub fn fields(&self) -> impl Iterator<Item = (&Page, &Field)> {
        self.pages.iter().flat_map(|page| page.fields.iter().map(move |field| (page, field)))
    }

    /// A field by id, with its page.
    #[must_use]
    pub fn field(&self, id: &str) -> Option<(&Page, &Field)> {
        self.fields().find(|(_, field)| field.id == id)
    }

    /// A page by id.
    #[must_use]
    pub fn page(&self, id: &str) -> Option<&Page> {
        self.pages.iter().find(|page| page.id == id)
    }
}

/// One page of a form.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Page {
    /// Identifier.
    pub id: Located<String>,
    /// Title: a question or a noun.
    pub title: String,
    /// Words under the title.
    #[serde(default)]
    pub intro: Option<String>,
    /// Asked once for each record.
    #[serde(default)]
    pub repeat: Option<Repeat>,
    /// Whom a page without `repeat` is about: facts about a person on it are the applicant's.
    #[serde(default)]
    pub about: About,
    /// Shown only when this holds; unknown counts as shown.
    #[serde(default)]
    pub visible: Option<Expression>,
    /// Law that asks for it.
    #[serde(default)]
    pub basis: Vec<Basis>,
    /// Fields.
    #[serde(rename = "field")]
    pub fields: Vec<Field>,
}

/// A page that is asked once for each record.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Repeat {
    /// Name of the records, such as `member`; the records called `member` are the household's members.
    pub of: Located<String>,
    /// What one record is called, such as 家庭成员.
    pub label: String,
    /// Whether records are made here; otherwise the page goes over those made on another page (or those on file).
    #[serde(default)]
    pub add: bool,
    /// Page whose answers begin the first record: fields with the same ids are copied.
    #[serde(default)]
    pub first_from: Option<Reference>,
    /// Least number of records.
    #[serde(default)]
    pub min: Option<u32>,
    /// Greatest number of records.
    #[serde(default)]
    pub max: Option<u32>,
    /// Fields shown in the list of records.
    #[serde(default)]
    pub summary: Vec<Reference>,
    /// Only for the records for which this holds (an expression over the record).
    #[serde(default)]
    pub only: Option<Expression>,
}

/// A field.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Field {
    /// Identifier; a name in expressions.
    pub id: Located<String>,
    /// Label.
    pub label: String,
    /// Help under the label.
    #[serde(default)]
    pub hint: Option<String>,
    /// Type.
    #[serde(rename = "type")]
    pub kind: Located<FieldKind>,
    /// Codelist of `choice` and `choices`.
    #[serde(default)]
    pub codelist: Option<Reference>,
    /// Whether an answer is needed.
    #[serde(default)]
    pub required: Requirement,
    /// Shown only when this holds; unknown counts as not shown.
    #[serde(default)]
    pub visible: Option<Expression>,
    /// What must hold of the answer.
    #[serde(default)]
    pub valid: Vec<Validity>,
    /// Unit after the box.
    #[serde(default)]
    pub unit: Option<String>,
    /// Width of the box in characters.
    #[serde(default)]
    pub width: Option<u8>,
    /// HTML autocomplete word.
    #[serde(default)]
    pub autocomplete: Option<String>,
    /// Least value of a number or money.
    #[serde(default)]
    pub min: Option<Located<Number>>,
    /// Greatest value of a number or money.
    #[serde(default)]
    pub max: Option<Located<Number>>,
    /// The fact that the answer declares about the member or household.
    #[serde(default)]
    pub fact: Option<Reference>,
    /// The register entry that the answer becomes.
    #[serde(default)]
    pub writes: Option<Writes>,
    /// Finding condition that this yes or no answers.
    #[serde(default)]
    pub finding: Option<Reference>,
    /// Finding condition whose reason this is.
    #[serde(default)]
    pub finding_reason: Option<Reference>,
    /// Sealed in storage and masked on pages.
    #[serde(default)]
    pub sensitive: bool,
    /// Words that are accepted by a `statement`.
    #[serde(default)]
    pub statement: Option<String>,
    /// Greatest number of files of `files`.
    #[serde(default)]
    pub files_max: Option<u8>,
    /// The register that a `record` points at.
    #[serde(default)]
    pub register: Option<Reference>,
    /// How the records that point here are called on the page of what they point at.
    #[serde(default)]
    pub back: Option<Back>,
    /// In a register: the value is worked out and never asked.
    #[serde(default)]
    pub computed: Option<Expression>,
    /// In a register: a computed value is worked out when somebody writes the record or does one of its duties, and stays in between:
    /// what stood when somebody last looked.
    #[serde(default)]
    pub noted: bool,
    /// In a register: who may see it; everybody who reads the register if it does not say.
    #[serde(default)]
    pub read: Option<Holders>,
    /// In a register: who may change it.
    #[serde(default)]
    pub change: Option<Holders>,
    /// Law that asks for it.
    #[serde(default)]
    pub basis: Vec<Basis>,
}

/// Type of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FieldKind {
    /// One line.
    Text,
    /// Several lines.
    Textarea,
    /// Yes or no.
    YesNo,
    /// One code.
    Choice,
    /// Several codes.
    Choices,
    /// A day.
    Date,
    /// A month.
    Month,
    /// Yuan.
    Money,
    /// A whole number.
    Integer,
    /// A decimal.
    Decimal,
    /// 居民身份证号码.
    CitizenId,
    /// Telephone number.
    Phone,
    /// Bank account.
    BankAccount,
    /// Name of a person.
    PersonName,
    /// A division, chosen level by level.
    Division,
    /// One photo or file.
    File,
    /// Several photos or files.
    Files,
    /// A signature, drawn or scanned.
    Signature,
    /// One of the members.
    MemberRef,
    /// Words that are accepted.
    Statement,
    /// A person of the register of persons.
    Person,
    /// A household.
    Household,
    /// A record of the register `organisation`.
    Organisation,
    /// A record of the register `facility`.
    Facility,
    /// A record of the register `place`.
    Place,
    /// A record of the register named.
    Record,
    /// A point on the earth: longitude and latitude in degrees, `106.812,39.67`.
    Point,
    /// A line on the earth: points with semicolons between.
    Line,
}

impl FieldKind {
    /// Whether rules can read the answer.
    #[must_use]
    pub fn has_value(self) -> bool {
        match self {
            Self::YesNo
            | Self::Choice
            | Self::Date
            | Self::Month
            | Self::Money
            | Self::Integer
            | Self::Decimal
            | Self::Text
            | Self::Textarea
            | Self::PersonName
            | Self::CitizenId
            | Self::Phone
            | Self::BankAccount
            | Self::Division
            | Self::MemberRef
            | Self::Statement
            | Self::Point
            | Self::Line => true,
            Self::Choices
            | Self::File
            | Self::Files
            | Self::Signature
            | Self::Person
            | Self::Household
            | Self::Organisation
            | Self::Facility
            | Self::Place
            | Self::Record => false,
        }
    }
}

/// The register entry that an answer becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Writes {
    /// Name of the person (the member on a page that repeats, the applicant elsewhere).
    PersonName,
    /// Citizen ID of the person.
    CitizenId,
    /// Phone of the person.
    Phone,
    /// Relation of the member to the head.
    Relation,
    /// Division where the family lives.
    ResidenceDivision,
    /// Division where the emergency happened: the office there handles the case, wherever the family lives.
    IncidentDivision,
    /// In how many months what is paid once is paid out, in equal stages.
    Stages,
    /// Division where the family is registered.
    RegisteredDivision,
    /// Street and door.
    Address,
    /// Town or country.
    Area,
    /// Member who holds the account.
    AccountHolder,
    /// Bank.
    AccountBank,
    /// Account number.
    AccountNumber,
    /// Name of whoever is paid, where that is nobody of the family's: the account is theirs.
    PayeeName,
    /// Citizen ID of whoever is paid.
    PayeeCitizenId,
    /// Day on which the person died whom the case is about: what the form says of them is true from the last day of life on.
    DiedOn,
    /// Name of the proxy.
    ProxyName,
    /// Citizen ID of the proxy.
    ProxyCitizenId,
    /// Phone of the proxy.
    ProxyPhone,
    /// Proxy's relation to the applicant, in words.
    ProxyRelation,
    /// Authorisation of the means test by the member (a signature).
    Authorisation,
    /// First day of the change that is reported.
    ChangedOn,
    /// What happens to the family: a code of `member_change`.
    MemberChange,
    /// The member whom it is about, already in the family.
    ChangedMember,
    /// Why: a code of `exit_reason`.
    ChangeReason,
    /// Whether a spot check found the decision right.
    SampleRight,
    /// Whether the family's circumstances have clearly changed.
    ClearChange,
    /// What happened, in the family's own words: where a need was told once, the form begins with them.
    Told,
    /// What was handed out in kind is worth so much; what was given altogether is told to everybody (社会救助法 art. 67).
    GoodsWorth,
    /// The day on which it was handed out.
    GoodsGivenOn,
}

/// Whether an answer is needed: `true`, `false`, or an expression over the form.
#[derive(Debug, Clone, Default)]
pub enum Requirement {
    /// May be left empty.
    #[default]
    Optional,
    /// Must be answered.
    Always,
    /// Must be answered when this holds.
    When(Expression),
}

impl<'de> Deserialize<'de> for Requirement {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        enum Written {
            Flag(bool),
            Words(String),
        }
        impl<'de> Deserialize<'de> for Written {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct WrittenVisitor;
                impl Visitor<'_> for WrittenVisitor {
                    type Value = Written;
                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        f.write_str("a boolean or an expression")
                    }
                    fn visit_bool<E>(self, flag: bool) -> Result<Written, E> {
                        Ok(Written::Flag(flag))
                    }
                    fn visit_str<E: de::Error>(self, words: &str) -> Result<Written, E> {
                        Ok(Written::Words(words.to_owned()))
                    }
                }
                deserializer.deserialize_any(WrittenVisitor)
            }
        }
        let written = Located::<Written>::deserialize(deserializer)?;
        Ok(match written.get() {
            Written::Flag(true) => Self::Always,
            Written::Flag(false) => Self::Optional,
            Written::Words(words) => Self::When(written.with(words.clone())),
        })
    }
}

/// Something that must hold of an answer, with the words shown when it does not.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Validity {
    /// The expression; unknown counts as holding.
    pub expr: Expression,
    /// What to write instead, in plain words.
    pub message: String,
}
