//! The circumstances of a decision: the parameters in force for a place, a month and a law.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use rules::{Context, FindingValue, Record, Value};
use vocab::Month;

use crate::Release;
use crate::definition::ConditionKind;
use crate::shapes::value_of;

/// Values supposed instead of those in force: what if.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Supposed {
    /// By parameter.
    pub parameters: BTreeMap<String, Value>,
    /// By table and key.
    pub tables: BTreeMap<String, BTreeMap<String, Value>>,
}

impl Release {
    /// What a programme is decided with in a division: its parameters and tables. A value that an article gives is picked by `law_on`, a
    /// value that a place sets by the month. A condition whose `when` does not hold there is met, and says so. Findings of officers are
    /// added by the caller.
    #[must_use]
    pub fn context(
        &self,
        programme: &str,
        division: &str,
        month: Month,
        law_on: NaiveDate,
        known_at: NaiveDate,
    ) -> Context {
        let context = Context::new(month, law_on, known_at);
        match self.rules(programme) {
            Some(compiled) => self.context_with(compiled, division, context, &Supposed::default()),
            None => context,
        }
    }

    /// The same for a programme that stands on a copy of the rules, or with values supposed instead of those in force; `dates` is a
    /// context of the three dates.
    #[must_use]
    pub fn context_with(
        &self,
        compiled: &rules::Programme,
        division: &str,
        dates: Context,
        supposed: &Supposed,
    ) -> Context {
        let mut context = dates;
        let (month, law_on) = (context.month, context.law_on);
        for name in compiled.parameters() {
            if let Some(id) = name.strip_prefix("param.") {
                let value = match supposed.parameters.get(id) {
                    Some(value) => value.clone(),
                    None => self.parameter_for(id, division, month, law_on),
                };
                if value.is_known() {
                    context.parameters.insert(id.to_owned(), value);
                }
            } else if let Some(id) = name.strip_prefix("table.") {
                self.add_table(id, division, month, &mut context);
                for (key, value) in supposed.tables.get(id).into_iter().flatten() {
                    context.tables.entry(id.to_owned()).or_default().insert(key.clone(), value.clone());
                }
            }
        }
        self.settle_unasked(&compiled.source().id, &mut context);
        context
    }

    /// A parameter's value as the language takes it; unknown where nobody set it.
    #[must_use]
    pub fn parameter_for(&self, id: &str, division: &str, month: Month, law_on: NaiveDate) -> Value {
        let Some(parameter) = self.parameter_types().parameters.get(id) else {
            return Value::Unknown;
        };
        let Some(effective) = self
            .effective(id, division, |value| if value.law.is_some() { law_on } else { month.first_day() })
        else {
            return Value::Unknown;
        };
        value_of(effective.value, &parameter.ty, self.shapes()).unwrap_or_default()
    }

    /// Puts the rows that a division has of a table in a month into a context.
    pub fn add_table(&self, id: &str, division: &str, month: Month, context: &mut Context) {
        let Some(table) = self.parameter_types().tables.get(id) else {
            return;
        };
        for (key, held) in self.cells(id, division, month.first_day()) {
            if let Ok(value) = value_of(held.value, &table.value, self.shapes()) {
                context.tables.entry(id.to_owned()).or_default().insert(key.to_owned(), value);
            }
        }
    }

    fn settle_unasked(&self, programme: &str, context: &mut Context) {
        let Some(definition) = self.programmes.get(programme) else {
            return;
        };
        for condition in
            definition.conditions.iter().filter(|condition| condition.kind == ConditionKind::Finding)
        {
            let Some(when) = self.condition_when(programme, &condition.id) else {
                continue;
            };
            if when.evaluate(&Record::new(), context) == Value::Boolean(false) {
                let finding = FindingValue {
                    met: Some(true),
                    officer: "规则".to_owned(),
                    reason: "本地的规定不需要逐户认定这一项".to_owned(),
                    recorded_on: context.known_at,
                };
                context.findings.insert(condition.id.get().clone(), finding);
            }
        }
    }
}
