//! Running the rule cases that lie beside the rules, and asking whether they show every side of every condition.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use chrono::NaiveDate;
use rules::{Context, Coverage, Determination, Diagnostic, FindingValue, Outcome, Part, Record, Value};
use vocab::Month;

use crate::compile::located;
use crate::definition::{ExpectedOutcome, Programme, RuleCase, Scalar, Unit};
use crate::release::Defined;
use crate::shapes::{HOUSEHOLD, PERSON, absent_value, value_of};
use crate::{Finding, LoadOptions, Located, Release, Severity};

/// The mark of a value that nobody knows, in a rule case.
const UNKNOWN: &str = "?";

/// What the cases of one programme have shown, and under which circumstances.
#[derive(Default)]
struct Shown {
    coverage: Coverage,
    contexts: Vec<Context>,
    /// Pack, division, month and day of the law of [`Shown::contexts`]; many cases share theirs.
    known: BTreeSet<(usize, String, Month, NaiveDate)>,
}

impl Release {
    /// Everything that is to be said of pack folders: what [`Release::check`] says and, where nothing of that is an error, what
    /// [`Release::check_cases`] says.
    #[must_use]
    pub fn check_with_cases(folders: &[&Path], options: LoadOptions) -> Vec<Finding> {
        let mut findings = Self::check(folders, options);
        if findings.iter().all(|finding| finding.severity != Severity::Error) {
            match Self::load_with(folders, options) {
                Ok(release) => findings.extend(release.check_cases()),
                Err(more) => findings.extend(more),
            }
        }
        findings
    }

    /// Runs every rule case; each that comes out otherwise than it says is a finding. A case holds for its own pack and those below, so
    /// the city's cases are run without the demonstration pack on top.
    #[must_use]
    pub fn run_cases(&self) -> Vec<Finding> {
        self.decide_cases().0
    }

    /// [`Release::run_cases`], and what the cases of a programme do not show: a condition that none of them meets, fails or leaves open, a
    /// threshold with cases on one side only. It is asked of a programme that has cases in its own pack, and of every programme that
    /// has cases where a demonstration pack gives every place its values. A city's few cases of a national programme only show what
    /// the city sets.
    #[must_use]
    pub fn check_cases(&self) -> Vec<Finding> {
        let (mut findings, shown) = self.decide_cases();
        for (id, mut shown) in shown {
            let (Some(programme), Some(rules)) = (self.programmes.get(&id), self.rules(&id)) else {
                continue;
            };
            let own = |case: &Defined<RuleCase>| {
                case.programme == programme.id && case.place.pack == programme.place.pack
            };
            if !self.is_demo() && !self.cases.iter().any(own) {
                continue;
            }
            // Where a pack's own place asks what no case's place does, that counts too.
            if let Some((_, _, month, law_on)) =
                shown.known.iter().max_by_key(|(_, _, month, _)| *month).cloned()
            {
                for division in self.packs.iter().filter_map(|pack| pack.head.division.as_ref()) {
                    shown.contexts.push(self.context(&id, division, month, law_on, month.first_day()));
                }
            }
            for unseen in rules.unseen(&shown.coverage, &shown.contexts) {
                findings.push(self.not_shown(programme, &unseen));
            }
        }
        findings
    }

    fn decide_cases(&self) -> (Vec<Finding>, BTreeMap<String, Shown>) {
        let (mut findings, mut shown) = (Vec::new(), BTreeMap::new());
        for rank in 0..self.packs.len() {
            if self.cases.iter().all(|case| case.place.pack != rank) {
                continue;
            }
            if rank + 1 == self.packs.len() {
                self.decide_cases_of(rank, &mut findings, &mut shown);
                continue;
            }
            let below = self.pack_files().into_iter().take(rank + 1).collect();
            match Self::from_packs(below, LoadOptions { synthetic: true }) {
                Ok(release) => release.decide_cases_of(rank, &mut findings, &mut shown),
                Err(more) => findings.extend(more),
            }
        }
        (findings, shown)
    }

    fn decide_cases_of(&self, rank: usize, findings: &mut Vec<Finding>, shown: &mut BTreeMap<String, Shown>) {
        for case in self.cases.iter().filter(|case| case.place.pack == rank) {
            let shown = shown.entry(case.programme.get().clone()).or_default();
            if let Err(wrong) = self.decide_case(rank, case, shown) {
                let message = format!("例子 {}（{}）{wrong}", case.id, case.title);
                findings.push(Finding::error(
                    self.file_name(&case.place),
                    case.place.line,
                    message,
                    "规则算出的结果与例子一致",
                ));
            }
        }
    }

    fn decide_case(&self, rank: usize, case: &RuleCase, shown: &mut Shown) -> Result<(), String> {
        let (record, context) = self.case_inputs(case)?;
        let rules = self.rules(&case.programme).ok_or_else(|| format!("项目 {} 没有编译", case.programme))?;
        rules.observe(&record, &context, &mut shown.coverage);
        let (division, month, law_on) = (case.division.get().clone(), context.month, context.law_on);
        if shown.known.insert((rank, division, month, law_on)) {
            let known_at = context.known_at;
            shown.contexts.push(self.context(&case.programme, &case.division, month, law_on, known_at));
        }
        compare(case, &rules.decide(&record, &context))
    }

    /// What the cases of a programme do not show, at its line.
    fn not_shown(&self, programme: &Defined<Programme>, unseen: &Diagnostic) -> Finding {
        let place = &programme.place;
        let line = match (located(programme, unseen), &unseen.part) {
            (Some((text, diagnostic)), _) => self.line_in(place, text, &diagnostic),
            (None, Part::Condition(id)) => {
                let condition = programme.conditions.iter().find(|condition| condition.id == *id);
                condition.map_or(place.line, |condition| self.line(place, condition.id.start()))
            }
            (None, _) => place.line,
        };
        let expected = format!("cases/ 里补上这样的例子，programme = \"{}\"", programme.id);
        let expected_en = format!("such a case in cases/, programme = \"{}\"", programme.id);
        Finding::error(self.file_name(place), line, format!("{}：{}", programme.title, unseen.zh), expected)
            .in_english(format!("{}: {}", programme.id, unseen.en), expected_en)
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
            case.month.parse().map_err(|_| format!("月份「{}」不对，应如 2026-10", case.month))?;
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
        written: &BTreeMap<String, Located<Scalar>>,
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
                    .map_err(|wrong| format!("里的 {name}：{wrong}"))?,
            };
            record.fields.insert(name.clone(), value);
        }
        Ok(record)
    }
}

fn compare(case: &RuleCase, found: &Determination) -> Result<(), String> {
    let open: Vec<String> =
        found.missing.iter().map(|missing| format!("{}（{}）", missing.title, missing.path)).collect();
    let (word, outcome) = match found.outcome {
        Outcome::Met => ("符合", ExpectedOutcome::Yes),
        Outcome::NotMet => ("不符合", ExpectedOutcome::No),
        Outcome::Unknown => ("情况不明", ExpectedOutcome::Unknown),
    };
    if outcome != case.expect.outcome {
        return Err(format!("的结论是{word}，缺少：{}", open.join("、")));
    }
    let amount = found.amount.clone().filter(Value::is_known);
    let expected = case.expect.amount.map(|amount| Value::Number(crate::shapes::rational(amount)));
    if amount != expected {
        let shown = |value: Option<Value>| value.map_or("没有".to_owned(), |value| value.to_string());
        let figures = found.working.as_ref().map(|working| working.figures.clone()).unwrap_or_default();
        return Err(format!(
            "的金额是{}，例子写的是{}（{figures}；缺少：{}）",
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
            return Err(format!("的原因是 {}，例子写的是 {}", because.join("、"), expected.join("、")));
        }
    }
    for missing in &case.expect.missing {
        if found.missing.iter().all(|one| one.path != missing.as_str()) {
            return Err(format!("没有说缺少 {missing}，说的是：{}", open.join("、")));
        }
    }
    if let Some(review) = case.expect.review
        && found.review_months != Some(Value::from(review))
    {
        let shown = found.review_months.as_ref().map_or("没有".to_owned(), Value::to_string);
        return Err(format!("的核查间隔是 {shown} 个月，例子写的是 {review} 个月"));
    }
    Ok(())
}
