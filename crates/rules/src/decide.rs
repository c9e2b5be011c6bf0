//! Deciding: one family, one programme, one context → the outcome and everything that explains it.

use serde::{Deserialize, Serialize};

use crate::context::{Context, FindingValue};
use crate::eval::{Evaluator, Frames, Seen};
use crate::flip::{Flip, nearest_flip};
use crate::programme::{ConditionSource, Programme};
use crate::trace::{Comparison, Missing, Read, Tracer};
use crate::value::{Record, Value};

/// Decimals of an amount: yuan and fen.
const AMOUNT_DECIMALS: i32 = 2;

/// How a condition or a programme came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Yes.
    Met,
    /// No.
    NotMet,
    /// Something is missing.
    Unknown,
}

impl From<Option<bool>> for Outcome {
    fn from(truth: Option<bool>) -> Outcome {
        match truth {
            Some(true) => Outcome::Met,
            Some(false) => Outcome::NotMet,
            None => Outcome::Unknown,
        }
    }
}

/// A decision with its reasons. Canonical JSON; the same inputs give the same text for ever.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Determination {
    /// Id of the programme.
    pub programme: String,
    /// Its title.
    pub title: String,
    /// [`crate::LANGUAGE_VERSION`] that decided.
    pub language: String,
    /// All conditions together: not met if any is not met, else unknown if any is unknown.
    pub outcome: Outcome,
    /// Yuan, rounded to the fen; only if met and known.
    pub amount: Option<Value>,
    /// How the amount was worked out; only if met.
    pub working: Option<Working>,
    /// Months to the next review; only if met and known.
    pub review_months: Option<Value>,
    /// For how many months the benefit of one who already has it goes on; only if everything that is not met tapers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub taper_months: Option<Value>,
    /// Every definition with its value.
    pub definitions: Vec<DefinitionOutcome>,
    /// Every condition with its reasons.
    pub conditions: Vec<ConditionOutcome>,
    /// The unknowns that could change the outcome, or, if met, the amount or the review interval.
    pub missing: Vec<Missing>,
    /// The smallest change of one number that would turn the outcome, where one number can.
    pub flip: Option<Flip>,
}

/// The amount's calculation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Working {
    /// What the amount is.
    pub title: Option<String>,
    /// In titles: `(低保标准 - 人均月收入) * 人数`.
    pub formula: String,
    /// In figures: `(760 - 505.32) * 3`.
    pub figures: String,
    /// What it read.
    pub reads: Vec<Read>,
}

/// A definition's value and what it came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DefinitionOutcome {
    /// Id.
    pub id: String,
    /// Title.
    pub title: String,
    /// Unit.
    pub unit: Option<String>,
    /// Value, not rounded.
    pub value: Value,
    /// What the value is called, where it is a code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code_title: Option<String>,
    /// In titles.
    pub formula: String,
    /// In figures.
    pub figures: String,
    /// What it read.
    pub reads: Vec<Read>,
}

/// A condition's outcome and its reasons.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConditionOutcome {
    /// Id.
    pub id: String,
    /// Title.
    pub title: String,
    /// Articles of law.
    pub basis: Vec<String>,
    /// How it came out.
    pub outcome: Outcome,
    /// An expression, or a finding.
    pub kind: SettledBy,
    /// In titles; empty for a finding.
    pub formula: String,
    /// The facts, definitions and parameters it read.
    pub reads: Vec<Read>,
    /// The values it compared.
    pub comparisons: Vec<Comparison>,
    /// The finding, if one settles it and is recorded.
    pub finding: Option<FindingValue>,
    /// The unknowns that keep it unknown.
    pub missing: Vec<Missing>,
    /// The smallest change of one number that would turn this condition, where one number can.
    pub flip: Option<Flip>,
}

/// What settles a condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SettledBy {
    /// An expression.
    Expression,
    /// An officer's finding.
    Finding,
}

/// The answer without its reasons.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The outcome.
    pub outcome: Outcome,
    /// Yuan, rounded to the fen; only if met and known.
    pub amount: Option<Value>,
}

impl Programme {
    /// Decides one record, with all reasons.
    pub fn decide(&self, record: &Record, context: &Context) -> Determination {
        let evaluator = self.evaluator(record, context);
        let titles = &self.told.titles;
        let tracer = Tracer { evaluator: &evaluator, definitions: &self.definitions, record, titles };
        let mut all_flips = Vec::new();
        let mut conditions = Vec::new();
        let told = self.told.conditions.iter();
        for ((source, node), told) in self.source.conditions.iter().zip(&self.conditions).zip(told) {
            let mut condition = ConditionOutcome {
                id: source.id.clone(),
                title: source.title.clone(),
                basis: source.basis.clone(),
                outcome: Outcome::Unknown,
                kind: SettledBy::Finding,
                formula: String::new(),
                reads: Vec::new(),
                comparisons: Vec::new(),
                finding: None,
                missing: Vec::new(),
                flip: None,
            };
            match node {
                None => {
                    condition.finding = context.findings.get(&source.id).cloned();
                    condition.outcome = condition.finding.as_ref().and_then(|finding| finding.met).into();
                    if condition.outcome == Outcome::Unknown {
                        let (path, title) = (format!("finding.{}", source.id), source.title.clone());
                        condition.missing.push(Missing { path, title });
                    }
                }
                Some(node) => {
                    condition.kind = SettledBy::Expression;
                    let holds = evaluator.truth(node, &Frames::unit(record));
                    condition.outcome = holds.into();
                    condition.formula = told.as_ref().map(|told| told.formula.clone()).unwrap_or_default();
                    condition.reads = tracer.reads(node);
                    tracer.comparisons(node, &mut condition.comparisons);
                    match holds {
                        None => condition.missing = tracer.missing(node),
                        Some(holds) => {
                            let flips = tracer.flips(node, &source.id, holds);
                            condition.flip = nearest_flip(&flips).cloned();
                            all_flips.extend(flips);
                        }
                    }
                }
            }
            conditions.push(condition);
        }
        let outcome = together(conditions.iter().map(|condition| condition.outcome));
        let mut missing: Vec<Missing> = Vec::new();
        let mut add = |more: Vec<Missing>| {
            for one in more {
                if !missing.contains(&one) {
                    missing.push(one);
                }
            }
        };
        let (mut working, mut amount, mut review_months, mut taper_months) = (None, None, None, None);
        match outcome {
            Outcome::NotMet => {
                let tapers = |(source, found): (&ConditionSource, &ConditionOutcome)| match found.outcome {
                    Outcome::Met => true,
                    Outcome::NotMet => source.tapers,
                    Outcome::Unknown => false,
                };
                if let Some(node) = &self.taper_months
                    && self.source.conditions.iter().zip(&conditions).all(tapers)
                {
                    add(tracer.missing(node));
                    let months = evaluator.value(node, &Frames::unit(record)).into_value();
                    taper_months = Some(months).filter(Value::is_known);
                }
            }
            Outcome::Unknown => conditions.iter().for_each(|condition| add(condition.missing.clone())),
            Outcome::Met => {
                if let (Some(node), Some(told)) = (&self.amount, &self.told.amount) {
                    amount = self.amount(&evaluator, record);
                    add(tracer.missing(node));
                    working = Some(Working {
                        title: self.source.amount_title.clone(),
                        formula: told.formula.clone(),
                        figures: tracer.figures(told),
                        reads: tracer.reads(node),
                    });
                }
                if let Some(node) = &self.review_months {
                    add(tracer.missing(node));
                    let months = evaluator.value(node, &Frames::unit(record)).into_value();
                    review_months = Some(months).filter(Value::is_known);
                }
            }
        }
        let flip = match outcome {
            Outcome::Unknown => None,
            Outcome::Met => nearest_flip(&all_flips).cloned(),
            Outcome::NotMet => {
                let mut failed = conditions.iter().filter(|condition| condition.outcome != Outcome::Met);
                match (failed.next(), failed.next()) {
                    (Some(only), None) => only.flip.clone(),
                    _ => None,
                }
            }
        };
        let definitions = self.source.definitions.iter().zip(&self.definitions).zip(&self.told.definitions);
        let definitions = definitions
            .zip(&evaluator.definitions)
            .map(|(((source, node), told), value)| {
                let value = value.clone().into_value();
                DefinitionOutcome {
                    id: source.id.clone(),
                    title: source.title.clone(),
                    unit: source.unit.clone(),
                    code_title: tracer.code_title(&value, node),
                    value,
                    formula: told.formula.clone(),
                    figures: tracer.figures(told),
                    reads: tracer.reads(node),
                }
            })
            .collect();
        Determination {
            programme: self.source.id.clone(),
            title: self.source.title.clone(),
            language: crate::LANGUAGE_VERSION.to_owned(),
            outcome,
            amount,
            working,
            review_months,
            taper_months,
            definitions,
            conditions,
            missing,
            flip,
        }
    }

    /// Decides one record without reasons, for when there are millions.
    pub fn answer(&self, record: &Record, context: &Context) -> Answer {
        let evaluator = self.evaluator(record, context);
        let outcome = together(self.each_outcome(&evaluator, record, context));
        let amount = if outcome == Outcome::Met { self.amount(&evaluator, record) } else { None };
        Answer { outcome, amount }
    }

    /// How each condition comes out, without reasons.
    pub fn outcomes(&self, record: &Record, context: &Context) -> Vec<Outcome> {
        self.each_outcome(&self.evaluator(record, context), record, context).collect()
    }

    fn each_outcome<'a, 'e>(
        &'a self,
        evaluator: &'e Evaluator<'a>,
        record: &'a Record,
        context: &'a Context,
    ) -> impl Iterator<Item = Outcome> + use<'a, 'e> {
        self.source.conditions.iter().zip(&self.conditions).map(move |(source, node)| {
            Outcome::from(match node {
                Some(node) => evaluator.truth(node, &Frames::unit(record)),
                None => context.findings.get(&source.id).and_then(|finding| finding.met),
            })
        })
    }

    fn amount<'a>(&'a self, evaluator: &Evaluator<'a>, record: &'a Record) -> Option<Value> {
        let amount = evaluator.value(self.amount.as_ref()?, &Frames::unit(record)).into_value();
        amount.as_number().map(|number| Value::Number(number.round(AMOUNT_DECIMALS)))
    }

    /// An evaluator with every definition worked out.
    pub(crate) fn evaluator<'a>(&'a self, record: &'a Record, context: &'a Context) -> Evaluator<'a> {
        let mut evaluator = Evaluator { context, definitions: vec![Seen::Unknown; self.definitions.len()] };
        for &index in &self.order {
            evaluator.definitions[index] = evaluator.value(&self.definitions[index], &Frames::unit(record));
        }
        evaluator
    }
}

/// Kleene's AND over outcomes.
fn together(outcomes: impl Iterator<Item = Outcome>) -> Outcome {
    let mut result = Outcome::Met;
    for outcome in outcomes {
        match outcome {
            Outcome::NotMet => return Outcome::NotMet,
            Outcome::Unknown => result = Outcome::Unknown,
            Outcome::Met => {}
        }
    }
    result
}
