//! Programmes that exclude each other: nobody gets two of one group for the same month. Each programme is decided by
//! itself first; [`settle`] then says which of them pays. Unknown stays strict: where an undecided programme could take
//! the place of another, the other is unknown too, and says whose facts are missing.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::decide::{Determination, Outcome};
use crate::rational::Rational;
use crate::trace::Missing;
use crate::value::Value;

/// Which programme of a group pays a person who meets several.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExclusionRule {
    /// The one with the smaller priority number (不重复享受); of equals the one named first.
    #[default]
    Priority,
    /// The one that pays more for each person covered (就高); of equals by priority.
    Highest,
    /// The one that the person chose (由本人选择); unknown until they have.
    Choice,
}

/// One programme decided for one family or person, as it enters its group.
#[derive(Debug, Clone)]
pub struct Claim<'a> {
    /// The programme's own decision.
    pub determination: &'a Determination,
    /// Whom it was decided for, such as a household or `members[2]`.
    pub subject: &'a str,
    /// Whom it covers, or would. Claims that share nobody do not exclude each other.
    pub persons: &'a [String],
    /// The smaller number goes first.
    pub priority: i32,
}

/// Whether a claim pays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// Met, and nothing stands before it.
    Pays,
    /// Another programme of the group pays instead.
    Excluded,
    /// Its own conditions are not met.
    NotMet,
    /// Something is missing: its own facts, those of a programme that could stand before it, or a choice.
    Unknown,
}

/// What became of a claim in its group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settlement {
    /// Id of the programme.
    pub programme: String,
    /// As [`Claim::subject`].
    pub subject: String,
    /// Whether it pays.
    pub standing: Standing,
    /// What it pays; only if it pays and the amount is known.
    pub amount: Option<Value>,
    /// Id of the programme that pays instead, or that has to be decided first.
    pub because_of: Option<String>,
    /// What has to be found out; `choice.group` for a choice nobody has made.
    pub missing: Vec<Missing>,
    /// For people.
    pub text: String,
}

/// Settles the claims of one group, in the order given. `choices` holds the programme that each person chose.
pub fn settle(
    group: &str,
    rule: ExclusionRule,
    claims: &[Claim<'_>],
    choices: &BTreeMap<String, String>,
) -> Vec<Settlement> {
    let mut order: Vec<usize> = (0..claims.len()).collect();
    order.sort_by(|a, b| rank(rule, &claims[*a], &claims[*b]).then(a.cmp(b)));
    let mut settled: Vec<Option<Settlement>> = vec![None; claims.len()];
    for &index in &order {
        let claim = &claims[index];
        let rivals =
            || order.iter().copied().filter(|other| *other != index && shares(claim, &claims[*other]));
        let found = match (claim.determination.outcome, rule) {
            (Outcome::NotMet, _) => claim.not_met(),
            (_, ExclusionRule::Choice) => {
                chosen(group, claim, &rivals().map(|at| &claims[at]).collect::<Vec<_>>(), choices)
            }
            (outcome, ExclusionRule::Priority | ExclusionRule::Highest) => {
                let before = |wanted: Standing| {
                    rivals().find(|at| settled[*at].as_ref().is_some_and(|found| found.standing == wanted))
                };
                let unweighed = || {
                    let mut possible = rivals().filter(|at| claims[*at].is_possible());
                    possible.find(|at| claim.value().is_none() || claims[*at].value().is_none())
                };
                match (before(Standing::Pays), before(Standing::Unknown)) {
                    (Some(other), _) => claim.excluded(&claims[other], rule),
                    (None, _) if outcome == Outcome::Unknown => claim.alone(),
                    (None, Some(other)) => claim.waits_for(&claims[other]),
                    (None, None) => match unweighed().filter(|_| rule == ExclusionRule::Highest) {
                        Some(other) => claim.waits_for(&claims[other]),
                        None => claim.alone(),
                    },
                }
            }
        };
        settled[index] = Some(found);
    }
    settled.into_iter().flatten().collect()
}

/// Which of two claims is settled first.
fn rank(rule: ExclusionRule, a: &Claim<'_>, b: &Claim<'_>) -> Ordering {
    let by_priority = a.priority.cmp(&b.priority);
    match rule {
        ExclusionRule::Priority | ExclusionRule::Choice => by_priority,
        // What is not known yet might be the highest.
        ExclusionRule::Highest => match (a.value(), b.value()) {
            (Some(a), Some(b)) => b.cmp(&a).then(by_priority),
            (None, Some(_)) => Ordering::Less,
            (Some(_), None) => Ordering::Greater,
            (None, None) => by_priority,
        },
    }
}

fn shares(a: &Claim<'_>, b: &Claim<'_>) -> bool {
    a.persons.iter().any(|person| b.persons.contains(person))
}

/// A claim where every person contested has to choose.
fn chosen(
    group: &str,
    claim: &Claim<'_>,
    rivals: &[&Claim<'_>],
    choices: &BTreeMap<String, String>,
) -> Settlement {
    let rivals: Vec<&Claim<'_>> = rivals.iter().copied().filter(|other| other.is_possible()).collect();
    let mut unchosen = None;
    for person in claim.persons {
        let contesting = || rivals.iter().filter(|other| other.persons.contains(person));
        if contesting().next().is_none() {
            continue;
        }
        let choice = choices.get(person).map(String::as_str);
        if choice == Some(claim.id()) {
            continue;
        }
        match contesting().find(|other| choice == Some(other.id())) {
            Some(other) if other.determination.outcome == Outcome::Met => {
                return claim.excluded(other, ExclusionRule::Choice);
            }
            Some(other) => return claim.waits_for(other),
            None => unchosen = unchosen.or(Some(person)),
        }
    }
    let Some(person) = unchosen else { return claim.alone() };
    let titles: Vec<&str> = std::iter::once(claim)
        .chain(rivals.iter().copied().filter(|other| other.persons.contains(person)))
        .map(|claim| claim.determination.title.as_str())
        .collect();
    let question = format!("本人在{}之间的选择", titles.join("、"));
    let mut missing = claim.determination.missing.clone();
    missing.push(Missing { path: format!("choice.{group}"), title: question.clone() });
    claim.settled(Standing::Unknown, None, missing, format!("不能同时享受，还没有{question}"))
}

impl Claim<'_> {
    fn id(&self) -> &str {
        &self.determination.programme
    }

    fn is_possible(&self) -> bool {
        self.determination.outcome != Outcome::NotMet
    }

    /// What it pays for each person covered.
    fn value(&self) -> Option<Rational> {
        let amount = self.determination.amount.as_ref()?.as_number()?;
        amount.checked_div(&i64::try_from(self.persons.len().max(1)).ok()?.into())
    }

    fn settled(
        &self,
        standing: Standing,
        because_of: Option<&Claim<'_>>,
        missing: Vec<Missing>,
        text: String,
    ) -> Settlement {
        Settlement {
            programme: self.id().to_owned(),
            subject: self.subject.to_owned(),
            standing,
            amount: self.determination.amount.clone().filter(|_| standing == Standing::Pays),
            because_of: because_of.map(|other| other.id().to_owned()),
            missing,
            text,
        }
    }

    fn not_met(&self) -> Settlement {
        self.settled(Standing::NotMet, None, Vec::new(), "不符合条件".to_owned())
    }

    /// Nobody stands before it: its own outcome is what counts.
    fn alone(&self) -> Settlement {
        match self.determination.outcome {
            Outcome::Met => {
                self.settled(Standing::Pays, None, self.determination.missing.clone(), "可以享受".to_owned())
            }
            Outcome::NotMet => self.not_met(),
            Outcome::Unknown => self.settled(
                Standing::Unknown,
                None,
                self.determination.missing.clone(),
                "还不能判断".to_owned(),
            ),
        }
    }

    fn excluded(&self, other: &Claim<'_>, rule: ExclusionRule) -> Settlement {
        let title = &other.determination.title;
        let text = match rule {
            ExclusionRule::Priority => format!("已享受{title}，不重复享受"),
            ExclusionRule::Highest => format!("就高享受{title}，不重复享受"),
            ExclusionRule::Choice => format!("本人选择了{title}，不重复享受"),
        };
        self.settled(Standing::Excluded, Some(other), Vec::new(), text)
    }

    /// It depends on another that is not decided yet.
    fn waits_for(&self, other: &Claim<'_>) -> Settlement {
        let mut missing = self.determination.missing.clone();
        for more in &other.determination.missing {
            if !missing.contains(more) {
                missing.push(more.clone());
            }
        }
        let text = match (self.determination.outcome, other.determination.outcome) {
            (Outcome::Met, Outcome::Met) => {
                format!("与{}就高享受，金额还不能比较", other.determination.title)
            }
            _ => format!("取决于{}的结论，还不能判断", other.determination.title),
        };
        self.settled(Standing::Unknown, Some(other), missing, text)
    }
}
