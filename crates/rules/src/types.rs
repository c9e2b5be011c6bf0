//! The types that the caller gives: fields and relations of each shape, parameters and tables. The language knows no
//! shape of its own; person and household are two among many.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::rational::Rational;

/// Rows that one to-many relation of one record may hold; an aggregate over more is unknown. With it the
/// range of every sum is finite, so widths can be proven.
pub const RELATION_ROWS_MAX: usize = 10_000;

/// The type of a field, parameter or expression.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Type {
    /// Yes or no.
    Boolean,
    /// A decimal number with at most `scale` decimals, between `min` and `max` where they are given.
    Number {
        /// Decimals.
        scale: u8,
        /// Smallest value.
        #[serde(default)]
        min: Option<Rational>,
        /// Greatest value.
        #[serde(default)]
        max: Option<Rational>,
    },
    /// A day.
    Date,
    /// A month.
    Month,
    /// A code of the code list of this id.
    Code {
        /// Id of the code list.
        codelist: String,
    },
    /// Free text.
    Text,
}

impl Type {
    /// A number of which nothing is said but its decimals.
    pub fn number(scale: u8) -> Type {
        Type::Number { scale, min: None, max: None }
    }

    /// A number between two whole numbers, both included.
    pub fn number_between(scale: u8, min: i64, max: i64) -> Type {
        Type::Number { scale, min: Some(min.into()), max: Some(max.into()) }
    }

    /// A code of the list of this id.
    pub fn code(codelist: &str) -> Type {
        Type::Code { codelist: codelist.to_owned() }
    }
}

/// A field of a shape, or a parameter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Field {
    /// Title for people, Chinese.
    pub title: String,
    /// Type of its values.
    pub ty: Type,
    /// Unit for people, such as 元/月 or 岁.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
}

impl Field {
    /// A field of this title and type.
    pub fn new(title: &str, ty: Type) -> Field {
        Field { title: title.to_owned(), ty, unit: None }
    }

    /// The field with its unit.
    pub fn in_unit(mut self, unit: &str) -> Field {
        self.unit = Some(unit.to_owned());
        self
    }
}

/// A relation of a shape to another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Relation {
    /// Id of the shape it leads to.
    pub shape: String,
    /// To many (only aggregates may read it) or to one.
    pub many: bool,
    /// Title for people, Chinese.
    pub title: String,
}

/// A record type.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Shape {
    /// Id.
    pub name: String,
    /// Title for people, Chinese.
    pub title: String,
    /// Fields by id.
    pub fields: BTreeMap<String, Field>,
    /// Relations by id.
    pub relations: BTreeMap<String, Relation>,
}

impl Shape {
    /// An empty shape.
    pub fn new(name: &str, title: &str) -> Shape {
        Shape { name: name.to_owned(), title: title.to_owned(), ..Shape::default() }
    }

    /// The shape with a field more.
    pub fn with_field(mut self, id: &str, title: &str, ty: Type) -> Shape {
        self.fields.insert(id.to_owned(), Field::new(title, ty));
        self
    }

    /// The shape with a field more, measured in a unit.
    pub fn with_measure(mut self, id: &str, title: &str, unit: &str, ty: Type) -> Shape {
        self.fields.insert(id.to_owned(), Field::new(title, ty).in_unit(unit));
        self
    }

    /// The shape with a to-one relation more.
    pub fn with_one(mut self, id: &str, title: &str, shape: &str) -> Shape {
        let relation = Relation { shape: shape.to_owned(), many: false, title: title.to_owned() };
        self.relations.insert(id.to_owned(), relation);
        self
    }

    /// The shape with a to-many relation more.
    pub fn with_many(mut self, id: &str, title: &str, shape: &str) -> Shape {
        let relation = Relation { shape: shape.to_owned(), many: true, title: title.to_owned() };
        self.relations.insert(id.to_owned(), relation);
        self
    }
}

/// All shapes a rule may meet, and the code lists that their codes are checked against.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Shapes {
    /// Shapes by id.
    pub shapes: BTreeMap<String, Shape>,
    /// Code → title, by id of the code list. Codes of a list that is not here are not checked.
    #[serde(default)]
    pub codelists: BTreeMap<String, BTreeMap<String, String>>,
}

impl Shapes {
    /// The shape of this id.
    pub fn get(&self, name: &str) -> Option<&Shape> {
        self.shapes.get(name)
    }

    /// Add a shape under its own name.
    pub fn insert(&mut self, shape: Shape) {
        self.shapes.insert(shape.name.clone(), shape);
    }
}

impl FromIterator<Shape> for Shapes {
    fn from_iter<I: IntoIterator<Item = Shape>>(shapes: I) -> Shapes {
        let mut all = Shapes::default();
        for shape in shapes {
            all.insert(shape);
        }
        all
    }
}

/// A parameter with a value for each key: `table.care[level]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableType {
    /// Title for people, Chinese.
    pub title: String,
    /// Type of the key: code, text or whole number.
    pub key: Type,
    /// Type of the values.
    pub value: Type,
}

/// The parameters and tables that rules may name.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ParameterTypes {
    /// `param.id`.
    #[serde(default)]
    pub parameters: BTreeMap<String, Field>,
    /// `table.id[key]`.
    #[serde(default)]
    pub tables: BTreeMap<String, TableType>,
}
