//! Laws and the articles cited from them.

use chrono::NaiveDate;
use serde::Deserialize;

use crate::{Located, Reference};

/// A law, regulation or document that gives a basis.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Law {
    /// Identifier, such as `sal2026`.
    pub id: Located<String>,
    /// Full title with its document number.
    pub title: String,
    /// The name used in running text, such as 社会救助法.
    pub short: String,
    /// Document number, such as 民发〔2021〕57号.
    #[serde(default)]
    pub number: Option<String>,
    /// Who made it.
    #[serde(default)]
    pub issuer: Option<String>,
    /// First day in force.
    #[serde(deserialize_with = "crate::number::date::deserialize")]
    pub in_force_from: NaiveDate,
    /// Last day in force; none while it stands.
    #[serde(default, deserialize_with = "crate::number::optional_date::deserialize")]
    pub until: Option<NaiveDate>,
    /// How well the text was checked.
    pub verified: Located<Verified>,
    /// Rank among laws in force on the same day: the lower number is cited first (1 law, 2 regulation, 3 rule, 4 notice).
    #[serde(default = "lowest_rank")]
    pub rank: u8,
    /// Articles that definitions may cite.
    #[serde(default, rename = "article")]
    pub articles: Vec<Article>,
}

fn lowest_rank() -> u8 {
    9
}

impl Law {
    /// Whether an article, or the law as a whole, is in force on a day.
    #[must_use]
    pub fn in_force(&self, article: Option<&str>, on: NaiveDate) -> bool {
        self.in_force_from <= on && self.ends(article).is_none_or(|until| on <= until)
    }

    /// The last day in force of an article, or of the law as a whole; none while it stands.
    #[must_use]
    pub fn ends(&self, article: Option<&str>) -> Option<NaiveDate> {
        let own = article.and_then(|number| self.article(number)?.until);
        own.into_iter().chain(self.until).min()
    }

    /// The article with this number.
    #[must_use]
    pub fn article(&self, number: &str) -> Option<&Article> {
        self.articles.iter().find(|article| article.number.as_str() == number)
    }

    /// How a letter cites an article: 《社会救助法》第十八条.
    #[must_use]
    pub fn cite(&self, number: &str) -> String {
        match self.article(number) {
            Some(article) => format!("《{}》{}", self.short, article.name),
            None => format!("《{}》", self.short),
        }
    }
}

/// How well a law's text was checked against its print.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verified {
    /// The whole text was read.
    Full,
    /// Only parts or reports were read.
    Partial,
    /// Written from memory: never a basis for refusing, reducing or stopping.
    Memory,
}

/// One article of a law.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Article {
    /// Key used in a basis, such as `18` or `4.1`.
    pub number: Located<String>,
    /// How it is cited: 第十八条.
    pub name: String,
    /// What it is about, in a few words.
    pub title: String,
    /// Last day in force, where a later law took its place and the rest of its own law stands.
    #[serde(default, deserialize_with = "crate::number::optional_date::deserialize")]
    pub until: Option<NaiveDate>,
    /// Words quoted literally, where a parameter takes its value from the article.
    #[serde(default)]
    pub quote: Option<String>,
}

/// A citation: a law and one of its articles.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Basis {
    /// Law identifier.
    pub law: Reference,
    /// Article number as listed in the law.
    #[serde(default)]
    pub article: Option<Located<String>>,
}
