//! Running the rule cases that lie beside the rules.

use rules::{Context, Determination, FindingValue, Outcome, Record, Value};
use vocab::Month;

use crate::definition::{ExpectedOutcome, RuleCase, Scalar, Unit};
use crate::release::Defined;
use crate::shapes::{HOUSEHOLD, PERSON, absent_value, value_of};
use crate::{Finding, LoadOptions, Located, Release};

/// The mark of a value that nobody knows, in a rule case.
const UNKNOWN: &str = "?";

impl Release {
    /// Runs every rule case; each that comes out otherwise than it says is a finding. A case holds for its own pack and those below, so
    /// the city's cases are run without the demonstration pack on top.
    #[must_use]
    pub fn run_cases(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        for (rank, _) in self.packs.iter().enumerate() {
            if self.cases.iter().all(|case| case.place.pack != rank) {
                continue;
            }
            if rank + 1 == self.packs.len() {
                findings.extend(self.run_cases_of(rank));
                continue;
            }
            let below = self.pack_files().into_iter().take(rank + 1).collect();
            match Self::from_packs(below, LoadOptions { synthetic: true }) {
                Ok(release) => findings.extend(release.run_cases_of(rank)),
                Err(more) => findings.extend(more),
            }
        }
        findings
    }

    fn run_cases_of(&self, rank: usize) -> Vec<Finding> {
        let run = |case: &Defined<RuleCase>| {
            let wrong = self.run_case(case).err()?;
            let message = format!("例子 {}({}){wrong}", case.id, case.title);
            Some(Finding::error(
                self.file_name(&case.place),
                case.place.line,
                message,
                "规则算出的结果与例子一致",
            ))
        };
        self.cases.iter().filter(|case| case.place.pack == rank).filter_map(run).collect()
    }

    /// What a rule case is decided with: the record of its unit and the context.
    ///
    /// # Errors
    /// In Chinese, what cannot be read.
    pub fn case_inputs(&self, case: &RuleCase) -> Result<(Record, Context), String> {
        let programme = self
            .programmes
            .get(&case.programme)
            .ok_or_else(|| format!("项目 {} 没有定义", case.programme))?;
        let month: Month =
            case.month.parse().map_err(|_| format!("月份「{}」不对,应如 2026-10", case.month))?;
        let known_at = month.first_day();
        let mut context =
            self.context(&case.programme, &case.division, month, case.law_on.unwrap_or(known_at), known_at);
        for (condition, met) in &case.findings {
            if programme.conditions.iter().all(|known| known.id != *condition) {
                return Err(format!("认定 {condition} 不是项目 {} 的条件", case.programme));
            }
            let finding = FindingValue {
                met: Some(*met),
                officer: "例子".to_owned(),
                reason: case.title.clone(),
                recorded_on: known_at,
            };
            context.findings.insert(condition.clone(), finding);
        }
        let mut members = Vec::new();
        for member in &case.members {
            members.push(self.case_record(PERSON, Unit::Person, member)?);
        }
        let head = members.first().cloned().ok_or("例子里没有成员")?;
        let household = self
            .case_record(HOUSEHOLD, Unit::Household, &case.household)?
            .with_many("members", members)
            .with_one("head", head.clone());
        let record = match programme.unit {
            Unit::Household => household,
            Unit::Person => head.with_one("household", household),
        };
        Ok((record, context))
    }

    fn case_record(
        &self,
        shape: &str,
        on: Unit,
        written: &std::collections::BTreeMap<String, Located<Scalar>>,
    ) -> Result<Record, String> {
        let mut record = Record::new();
        for fact in self.facts.iter().filter(|fact| fact.on == on) {
            record.fields.insert(fact.id.get().clone(), absent_value(fact));
        }
        let fields =
            self.shapes().get(shape).map(|shape| &shape.fields).ok_or_else(|| format!("没有形状 {shape}"))?;
        for (name, scalar) in written {
            let field = fields.get(name).ok_or_else(|| format!("里的 {name} 不是指标项"))?;
            let value = match scalar.get() {
                Scalar::Text(text) if text == UNKNOWN => Value::Unknown,
                scalar => value_of(scalar, &field.ty, self.shapes())
                    .map_err(|wrong| format!("里的 {name}:{wrong}"))?,
            };
            record.fields.insert(name.clone(), value);
        }
        Ok(record)
    }

    fn run_case(&self, case: &RuleCase) -> Result<(), String> {
        let (record, context) = self.case_inputs(case)?;
        let rules = self.rules(&case.programme).ok_or_else(|| format!("项目 {} 没有编译", case.programme))?;
        compare(case, &rules.decide(&record, &context))
    }
}

fn compare(case: &RuleCase, found: &Determination) -> Result<(), String> {
    let open: Vec<String> =
        found.missing.iter().map(|missing| format!("{}({})", missing.title, missing.path)).collect();
    let (word, outcome) = match found.outcome {
        Outcome::Met => ("符合", ExpectedOutcome::Yes),
        Outcome::NotMet => ("不符合", ExpectedOutcome::No),
        Outcome::Unknown => ("情况不明", ExpectedOutcome::Unknown),
    };
    if outcome != case.expect.outcome {
        return Err(format!("的结论是{word},缺少:{}", open.join("、")));
    }
    let amount = found.amount.clone().filter(Value::is_known);
    let expected = case.expect.amount.map(|amount| Value::Number(crate::shapes::rational(amount)));
    if amount != expected {
        let shown = |value: Option<Value>| value.map_or("没有".to_owned(), |value| value.to_string());
        let figures = found.working.as_ref().map(|working| working.figures.clone()).unwrap_or_default();
        return Err(format!(
            "的金额是{},例子写的是{}({figures};缺少:{})",
            shown(amount),
            shown(expected),
            open.join("、")
        ));
    }
    let wanted = match case.expect.outcome {
        ExpectedOutcome::Yes => None,
        ExpectedOutcome::No => Some(Outcome::NotMet),
        ExpectedOutcome::Unknown => Some(Outcome::Unknown),
    };
    if let Some(wanted) = wanted {
        let because: Vec<&str> = found
            .conditions
            .iter()
            .filter(|condition| condition.outcome == wanted)
            .map(|condition| condition.id.as_str())
            .collect();
        let expected: Vec<&str> = case.expect.because.iter().map(|id| id.as_str()).collect();
        if because != expected {
            return Err(format!("的原因是 {},例子写的是 {}", because.join("、"), expected.join("、")));
        }
    }
    for missing in &case.expect.missing {
        if found.missing.iter().all(|one| one.path != missing.as_str()) {
            return Err(format!("没有说缺少 {missing},说的是:{}", open.join("、")));
        }
    }
    if let Some(review) = case.expect.review
        && found.review_months != Some(Value::from(review))
    {
        let shown = found.review_months.as_ref().map_or("没有".to_owned(), Value::to_string);
        return Err(format!("的核查间隔是 {shown} 个月,例子写的是 {review} 个月"));
    }
    Ok(())
}
