//! Papers of records: scans and photos that are kept with one, letters that are made when it goes to another state.

use serde::Deserialize;

use super::{Basis, Holders};
use crate::{Located, Reference};

/// A kind of papers kept with each record of a register, such as 登记证书.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Papers {
    /// Identifier.
    pub id: Located<String>,
    /// What they are called.
    pub title: String,
    /// What belongs here, in plain words.
    #[serde(default)]
    pub hint: Option<String>,
    /// Media that are taken; photos and PDF if it does not say.
    #[serde(default)]
    pub types: Vec<PaperType>,
    /// How many are kept at a time.
    #[serde(default = "usual_max")]
    pub max: u8,
    /// Who sees them, among those who read the record.
    #[serde(default)]
    pub read: Option<Holders>,
    /// Who adds and takes away, among those who keep the record and see them.
    #[serde(default)]
    pub change: Option<Holders>,
}

fn usual_max() -> u8 {
    5
}

/// What kind of file it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PaperType {
    /// A photo.
    Image,
    /// A PDF.
    Pdf,
}

impl Papers {
    /// Whether a file of this media type (`image/png`, `application/pdf`) belongs here.
    #[must_use]
    pub fn takes(&self, mime: &str) -> bool {
        let is = |kind: &PaperType| match kind {
            PaperType::Image => mime.starts_with("image/"),
            PaperType::Pdf => mime == "application/pdf",
        };
        self.types.is_empty() || self.types.iter().any(is)
    }

    /// What a form's file field offers to choose from, as in HTML.
    #[must_use]
    pub fn accept(&self) -> &'static str {
        match self.types.as_slice() {
            [PaperType::Image] => "image/*",
            [PaperType::Pdf] => ".pdf",
            _ => "image/*,.pdf",
        }
    }
}

/// The letter that comes of a way from state to state.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TransitionLetter {
    /// The letter.
    pub id: Reference,
    /// Its addressee is the words of the first of these fields that is filled; one may be sealed, and the letter then opens for whoever may reveal
    /// it. None of them: the record's title, which must then be a name.
    #[serde(default, deserialize_with = "crate::located::one_or_more")]
    pub to: Vec<Reference>,
    /// Fields that it tells, in order. What is sealed or not for everybody who reads the record is told in no letter.
    #[serde(default)]
    pub says: Vec<Reference>,
    /// Law by which one may object; the letter then says where and until when.
    #[serde(default)]
    pub remedies: Vec<Basis>,
}
