//! 上位规划衔接: the numbers of a plan held against what the plans above it and the laws demand, and whether those documents themselves still stand
//! in the plan's years. A demand without a number, or a target without one, is not called kept or broken.

use chrono::NaiveDate;
use serde::Serialize;

use super::PlanBook;
use crate::Number;
use crate::definition::{Comparator, Law, PlanDocument, PlanRequirement};
use crate::release::Defined;

/// How a number stands to a demand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It falls short.
    Short,
    /// One of the two is not a number.
    Unknown,
    /// It meets the demand.
    Met,
}

impl Verdict {
    /// As pages print it.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Short => "达不到要求",
            Self::Unknown => "无法核对",
            Self::Met => "符合要求",
        }
    }
}

/// A number of the plan beside what is demanded of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Held {
    /// The requirement.
    pub requirement: String,
    /// What is demanded, in words.
    pub title: String,
    /// Who demands it: a law with its article, or a document above the plan.
    pub by: String,
    /// The words that demand it.
    pub source: String,
    /// The demanded value as a person reads it.
    pub demanded: String,
    /// Id of the entry that is held against it, without the name of its figure.
    pub entry: String,
    /// Its name.
    pub name: String,
    /// Its value as a person reads it.
    pub figure: String,
    /// How it stands.
    pub verdict: Verdict,
    /// What else the reader has to know.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// Whether a document that the plan rests on stands in the plan's years.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DocumentState {
    /// Id of the document.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What it is to the plan.
    pub role: String,
    /// A plan above this one.
    pub superior: bool,
    /// The words of the plan that name it.
    pub source: String,
    /// What has to be looked at: it ends before the plan, something else took its place, its text is newer than the plan. Empty when nothing.
    pub findings: Vec<String>,
}

impl PlanRequirement {
    /// How a number stands to it.
    #[must_use]
    pub fn verdict(&self, number: Option<Number>) -> Verdict {
        let (Some(number), Some(wanted)) = (number, self.figure.number) else { return Verdict::Unknown };
        let met = match self.figure.comparator {
            Some(Comparator::AtMost) => number <= wanted,
            Some(Comparator::LessThan) => number < wanted,
            Some(Comparator::MoreThan) => number > wanted,
            Some(Comparator::Equal) => number == wanted,
            _ => number >= wanted,
        };
        if met { Verdict::Met } else { Verdict::Short }
    }

    /// Whether it speaks of the target of an indicator.
    #[must_use]
    pub fn of_target(&self, indicator: &str) -> bool {
        let target = |entry: &crate::Reference| entry.strip_suffix(".target") == Some(indicator);
        self.entries.iter().any(target)
    }
}

impl PlanBook {
    /// Every number beside what is demanded of it, those that fall short first.
    #[must_use]
    pub fn superior(&self) -> Vec<Held> {
        let figures = self.figures();
        let mut held: Vec<Held> = Vec::new();
        for one in &self.requirements {
            for entry in one.entries.iter().filter_map(|reference| figures.get(reference.as_str())) {
                held.push(Held {
                    requirement: one.id.get().clone(),
                    title: one.title.clone(),
                    by: self.demanded_by(one),
                    source: one.source.get().clone(),
                    demanded: self.demanded(one),
                    entry: entry.id.to_owned(),
                    name: entry.name.to_owned(),
                    figure: entry.words(),
                    verdict: one.verdict(entry.figure.number),
                    note: one.note.clone(),
                });
            }
        }
        held.sort_by_key(|one| one.verdict);
        held
    }

    /// Who makes a demand, as it is cited.
    #[must_use]
    pub fn demanded_by(&self, requirement: &PlanRequirement) -> String {
        if let Some(id) = &requirement.law {
            let article = requirement.article.as_ref().map_or("", |article| article.as_str());
            return self.laws.get(id.as_str()).map_or_else(|| id.to_string(), |law| law.cite(article));
        }
        let document =
            self.documents.iter().find(|one| requirement.document.as_ref().is_some_and(|id| one.id == *id));
        document.map(|one| format!("《{}》", one.name)).unwrap_or_default()
    }

    /// What is demanded as a person reads it: 不低于1.5倍.
    #[must_use]
    pub fn demanded(&self, requirement: &PlanRequirement) -> String {
        match requirement.figure.number {
            Some(number) => {
                let comparator = requirement.figure.comparator.unwrap_or(Comparator::AtLeast);
                format!("{}{number}{}", comparator.title(), requirement.unit.as_deref().unwrap_or_default())
            }
            None => requirement.figure.words(),
        }
    }

    /// The documents that the plan cites, with what has to be looked at.
    #[must_use]
    pub fn document_states(&self) -> Vec<DocumentState> {
        self.documents
            .iter()
            .map(|one| DocumentState {
                id: one.id.get().clone(),
                name: one.name.clone(),
                role: one.role.clone(),
                superior: one.superior,
                source: one.source.get().clone(),
                findings: self.findings(one),
            })
            .collect()
    }

    fn findings(&self, one: &Defined<PlanDocument>) -> Vec<String> {
        let (until, last) = (self.plan.until, NaiveDate::from_ymd_opt(i32::from(self.plan.until), 12, 31));
        let mut findings = Vec::new();
        if let Some(end) = one.until.filter(|end| *end < until) {
            findings.push(format!("到{end}年为止，本规划到{until}年；{}年起要看接续的文件。", end + 1));
        }
        let law = |id: &Option<crate::Reference>| id.as_ref().and_then(|id| self.laws.get(id.as_str()));
        if let Some(law) = law(&one.law) {
            findings.extend(ended(law, last));
            if let Some(issued) = self.plan.issued.filter(|issued| law.in_force_from > *issued) {
                let (from, issued) = (vocab::zh_date(law.in_force_from), vocab::zh_date(issued));
                findings.push(format!(
                    "现行文本自{from}起施行，晚于规划印发的{issued}，规划依据的是以前的文本。"
                ));
            }
        }
        if let Some(newer) = law(&one.replaced_by) {
            let from = vocab::zh_date(newer.in_force_from);
            findings.push(format!("{from}起改用《{}》，以后按新的执行。", newer.title));
        }
        findings
    }
}

/// What is to be said of a law that ended within the plan's years.
fn ended(law: &Law, last: Option<NaiveDate>) -> Option<String> {
    let until = law.until.filter(|until| last.is_some_and(|last| *until <= last))?;
    Some(format!("《{}》到{}为止有效。", law.short, vocab::zh_date(until)))
}
