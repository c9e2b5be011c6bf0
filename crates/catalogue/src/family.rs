//! A whole family, written as JSON, decided under every programme of a release at once: each programme for the household or
//! for each member, then the exclusion groups. What a family may say is described by [`Release::family_schema`].

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Datelike, NaiveDate};
use rules::{
    Claim, Context, Determination, Expression, FindingValue, Outcome, Record, Settlement, Standing, Value,
    read_record, settle,
};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use vocab::Month;

use crate::Release;
use crate::definition::{Pays, Programme, Unit};
use crate::shapes::{HOUSEHOLD, PERSON, absent_value};

/// A family as it is written.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WrittenFamily {
    /// Code of the division whose parameters apply.
    pub division: String,
    /// The month decided; that of the day asked about if left out.
    #[serde(default)]
    pub month: Option<Month>,
    /// Every source was asked: a fact that is left out is what its definition says of an absent one. Otherwise it is unknown.
    #[serde(default)]
    pub complete: bool,
    /// Facts of the household, with `members`, a list of the facts of each.
    pub household: serde_json::Map<String, Json>,
    /// Which member heads the household, from zero.
    #[serde(default)]
    pub head: usize,
    /// What officers found: programme, condition, met or not.
    #[serde(default)]
    pub findings: BTreeMap<String, BTreeMap<String, Option<bool>>>,
    /// The programme that a member chose where programmes exclude each other by choice: `members[0]` and its id.
    #[serde(default)]
    pub choices: BTreeMap<String, String>,
}

/// What every programme says of a family on a day.
#[derive(Debug, Clone, Serialize)]
pub struct FamilyDecision {
    /// Hash of the release.
    pub release: String,
    /// Version of the rules language.
    pub language: String,
    /// The day of the law and of the knowledge.
    pub as_of: NaiveDate,
    /// The month decided.
    pub month: Month,
    /// The division whose parameters applied.
    pub division: String,
    /// One for each programme and whom it decides, in the order of the packs.
    pub decisions: Vec<Decision>,
}

/// What one programme says of the household or a member.
#[derive(Debug, Clone, Serialize)]
pub struct Decision {
    /// The programme's own conditions, with reasons.
    pub determination: Determination,
    /// Whether it pays, after the programmes that exclude it.
    pub settlement: Settlement,
    /// Members it covers, or would: `members[0]`.
    pub covers: Vec<String>,
    /// Its exclusion group.
    pub exclusion_group: String,
    /// Monthly, once, or no money.
    pub pays: Pays,
}

impl Release {
    /// Decides a family under every programme, or one.
    ///
    /// # Errors
    /// In Chinese, everything that is wrong with what is written.
    pub fn decide_family(
        &self,
        family: &WrittenFamily,
        as_of: NaiveDate,
        programme: Option<&str>,
    ) -> Result<FamilyDecision, Vec<String>> {
        let mut wrong = Vec::new();
        if self.places.get(&family.division).is_none() {
            wrong.push(format!("division：区划 {} 不在配置包的区划里", family.division));
        }
        let month = match family.month.map_or_else(|| Month::new(as_of.year(), as_of.month()), Ok) {
            Ok(month) => month,
            Err(error) => return Err(vec![format!("month：{error}")]),
        };
        let household = self.family_record(family, &mut wrong);
        self.known_names(family, programme, &mut wrong);
        if !wrong.is_empty() {
            return Err(wrong);
        }
        let members = household.many.get("members").cloned().unwrap_or_default();
        let at_home = |member: &Record| member.clone().with_one("household", household.clone());
        let persons: Vec<Record> = members.iter().map(at_home).collect();
        let mut found = Vec::new();
        for one in self.programmes.iter().filter(|one| programme.is_none_or(|wanted| one.id == wanted)) {
            let Some(rules) = self.rules(&one.id) else { continue };
            let mut context = self.context(&one.id, &family.division, month, as_of, as_of);
            for (condition, met) in family.findings.get(one.id.as_str()).into_iter().flatten() {
                let (officer, reason) = ("填写".to_owned(), "随家庭情况一并填写".to_owned());
                let finding = FindingValue { met: *met, officer, reason, recorded_on: as_of };
                context.findings.insert(condition.clone(), finding);
            }
            match one.unit {
                Unit::Household => {
                    let covers = self.covered(one, &members, &context);
                    found.push((one, "household".to_owned(), rules.decide(&household, &context), covers));
                }
                Unit::Person => {
                    for (index, person) in persons.iter().enumerate() {
                        let subject = format!("members[{index}]");
                        let covers = vec![subject.clone()];
                        found.push((one, subject, rules.decide(person, &context), covers));
                    }
                }
            }
        }
        Ok(FamilyDecision {
            release: self.hash.clone(),
            language: rules::LANGUAGE_VERSION.to_owned(),
            as_of,
            month,
            division: family.division.clone(),
            decisions: self.settled(found, &family.choices),
        })
    }

    /// The household of a written family, its head among its members: what a desk takes.
    ///
    /// # Errors
    /// In Chinese, everything that is wrong with what is written.
    pub fn household_of(&self, family: &WrittenFamily) -> Result<Record, Vec<String>> {
        let mut wrong = Vec::new();
        let household = self.family_record(family, &mut wrong);
        self.known_names(family, None, &mut wrong);
        if wrong.is_empty() { Ok(household) } else { Err(wrong) }
    }

    /// The record that a programme decides of a written family: the household, or its head.
    ///
    /// # Errors
    /// In Chinese, everything that is wrong with what is written.
    pub fn family_of(&self, family: &WrittenFamily, programme: &Programme) -> Result<Record, Vec<String>> {
        let mut wrong = Vec::new();
        let household = self.family_record(family, &mut wrong);
        if !wrong.is_empty() {
            return Err(wrong);
        }
        Ok(match (programme.unit, household.one.get("head").cloned()) {
            (Unit::Person, Some(head)) => head.with_one("household", household),
            (Unit::Household, _) | (Unit::Person, None) => household,
        })
    }

    /// The members for whom the programme's coverage holds; all where it has none.
    fn covered(&self, programme: &Programme, members: &[Record], context: &Context) -> Vec<String> {
        let coverage: Option<&Expression> = self.coverage(&programme.id);
        let covers = |record: &Record| {
            coverage.is_none_or(|coverage| coverage.evaluate(record, context) == Value::Boolean(true))
        };
        let covered = members.iter().enumerate().filter(|(_, record)| covers(record));
        covered.map(|(index, _)| format!("members[{index}]")).collect()
    }

    fn settled(
        &self,
        found: Vec<(&crate::Defined<Programme>, String, Determination, Vec<String>)>,
        choices: &BTreeMap<String, String>,
    ) -> Vec<Decision> {
        let groups: BTreeSet<&str> = found.iter().map(|(one, ..)| one.exclusion_group.as_str()).collect();
        let mut settlements: BTreeMap<usize, Settlement> = BTreeMap::new();
        for group in groups {
            let inside: Vec<usize> =
                (0..found.len()).filter(|index| found[*index].0.exclusion_group == group).collect();
            let claims: Vec<Claim<'_>> = inside
                .iter()
                .map(|index| {
                    let (programme, subject, determination, persons) = &found[*index];
                    Claim { determination, subject, persons, priority: programme.priority }
                })
                .collect();
            let rule = self.exclusion_groups.get(group).map(|group| group.rule).unwrap_or_default();
            settlements.extend(inside.iter().copied().zip(settle(group, rule.into(), &claims, choices)));
        }
        let decisions =
            found.into_iter().enumerate().filter_map(|(index, (one, _, determination, covers))| {
                let settlement = settlements.remove(&index)?;
                let exclusion_group = one.exclusion_group.get().clone();
                Some(Decision { determination, settlement, covers, exclusion_group, pays: one.pays })
            });
        decisions.collect()
    }

    /// The family as a record of shape `household`.
    fn family_record(&self, family: &WrittenFamily, wrong: &mut Vec<String>) -> Record {
        let mut written = family.household.clone();
        let head = written.remove("head");
        if head.is_some() {
            wrong.push("household.head：户主写在外层，head = 第几名成员（从 0 数起）".to_owned());
        }
        let mut record = match read_record(&Json::Object(written), HOUSEHOLD, self.shapes()) {
            Ok(record) => record,
            Err(errors) => {
                wrong.extend(errors.into_iter().map(|error| format!("household.{error}")));
                return Record::new();
            }
        };
        if family.complete {
            self.fill(&mut record, Unit::Household, HOUSEHOLD);
            for member in record.many.entry("members".to_owned()).or_default() {
                self.fill(member, Unit::Person, PERSON);
            }
        }
        match record.many.get("members").and_then(|members| members.get(family.head)) {
            Some(head) => drop(record.one.insert("head".to_owned(), head.clone())),
            None if record.many.contains_key("members") => {
                wrong.push(format!("head：没有第 {} 名成员（从 0 数起）", family.head));
            }
            None => {}
        }
        record
    }

    /// Facts that are left out become what their definitions say of an absent one.
    fn fill(&self, record: &mut Record, on: Unit, shape: &str) {
        let fields = self.shapes().get(shape).map(|shape| &shape.fields);
        for fact in self.facts.iter().filter(|fact| fact.on == on) {
            let id = fact.id.as_str();
            if fields.is_some_and(|fields| fields.contains_key(id)) && !record.fields.contains_key(id) {
                record.fields.insert(id.to_owned(), absent_value(fact));
            }
        }
    }

    /// Findings and choices name what there is.
    fn known_names(&self, family: &WrittenFamily, programme: Option<&str>, wrong: &mut Vec<String>) {
        let near = |name: &str| crate::check::nearest(name, &self.programmes.ids()).unwrap_or_default();
        if let Some(programme) = programme.filter(|programme| self.programmes.get(programme).is_none()) {
            wrong.push(format!("没有叫 {programme} 的项目。{}", near(programme)));
        }
        for (id, findings) in &family.findings {
            let Some(programme) = self.programmes.get(id) else {
                wrong.push(format!("findings.{id}：没有叫 {id} 的项目。{}", near(id)));
                continue;
            };
            for condition in findings.keys() {
                if programme.conditions.iter().all(|known| known.id != *condition) {
                    let known: Vec<&str> = programme.conditions.iter().map(|one| one.id.as_str()).collect();
                    let near = crate::check::nearest(condition, &known).unwrap_or_default();
                    wrong.push(format!("findings.{id}.{condition}：项目 {id} 没有这个条件。{near}"));
                }
            }
        }
        for (person, id) in &family.choices {
            if self.programmes.get(id).is_none() {
                wrong.push(format!("choices.{person}：没有叫 {id} 的项目。{}", near(id)));
            }
        }
    }
}

impl Decision {
    /// The decision for people, a line each: outcome and amount, every condition with what it compared and its articles, what
    /// is missing, and how far the other side is.
    #[must_use]
    pub fn explained(&self) -> String {
        let found = &self.determination;
        let subject =
            match self.settlement.subject.strip_prefix("members[").and_then(|rest| rest.strip_suffix(']')) {
                Some(index) => {
                    index.parse::<usize>().map_or(String::new(), |index| format!("（成员{}）", index + 1))
                }
                None => String::new(),
            };
        let amount = self.settlement.amount.as_ref().and_then(Value::as_number);
        let amount = amount.filter(|_| self.pays != Pays::Nothing);
        let amount = amount.map_or(String::new(), |amount| {
            format!("，{} {} 元", self.pays.how_often(), amount.to_decimal(2))
        });
        let mut text = format!("{}{subject}：{}{amount}\n", found.title, self.settlement.text);
        for condition in &found.conditions {
            let mark = match condition.outcome {
                Outcome::Met => "是",
                Outcome::NotMet => "否",
                Outcome::Unknown => "不明",
            };
            let basis = if condition.basis.is_empty() {
                String::new()
            } else {
                format!("　{}", condition.basis.join("、"))
            };
            text += &format!("  [{mark}] {}{basis}\n", condition.title);
            for comparison in condition.comparisons.iter().filter(|one| one.holds.is_some()) {
                text += &format!("        {}\n", comparison.text);
            }
            for missing in &condition.missing {
                text += &format!("        还不知道：{}（{}）\n", missing.title, missing.path);
            }
        }
        if let Some(working) = &found.working {
            text += &format!("  金额：{} = {}\n", working.formula, working.figures);
        }
        if self.settlement.standing == Standing::Unknown {
            let titles: Vec<&str> =
                self.settlement.missing.iter().map(|missing| missing.title.as_str()).collect();
            text += &format!("  缺少：{}\n", titles.join("、"));
        }
        if let Some(flip) = &found.flip {
            text += &format!("  {}\n", flip.text);
        }
        text
    }
}
