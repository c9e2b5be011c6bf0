//! What does not fit together in a plan, found by computing and shown with the words of the plan. Nothing is repaired, and nothing is
//! found that the numbers do not say: a contradiction names what was held against what.

use serde::Serialize;

use super::PlanBook;
use super::book::{Entry, indicator_entry, project_entry};
use crate::Number;
use crate::definition::{PlanFigure, PlanMilestone, PlanProject};
use crate::release::Defined;

/// What kind of contradiction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ContradictionKind {
    /// Parts that do not make their total.
    Sum,
    /// Two values for one target, or for one year.
    TwoValues,
    /// One target with two dates.
    TwoDates,
    /// One thing counted over two bases or in two units.
    TwoBases,
    /// A value at the start that is better than the target.
    BaselineAboveTarget,
    /// A due year after the end of the plan.
    AfterEnd,
    /// A percentage that its counts deny.
    Percentage,
    /// A product or a floor that is not kept.
    Rule,
}

impl ContradictionKind {
    /// As a heading.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Sum => "分项之和与合计不符",
            Self::TwoValues => "同一事项两个数",
            Self::TwoDates => "同一目标两个期限",
            Self::TwoBases => "同一事项两个口径",
            Self::BaselineAboveTarget => "基期已优于目标",
            Self::AfterEnd => "完成年份晚于规划期末",
            Self::Percentage => "百分比与数量不符",
            Self::Rule => "与规划自定的规则不符",
        }
    }
}

/// What the plan says at one place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Quote {
    /// Id of the entry.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The value with its year, as a person reads it.
    pub figure: String,
    /// Chapter or box.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub section: Option<String>,
    /// The words of the plan.
    pub source: String,
    /// Line in the pack.
    pub line: usize,
}

/// Something that does not fit together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Contradiction {
    /// What kind.
    pub kind: ContradictionKind,
    /// What it is about.
    pub about: String,
    /// What does not fit, in Chinese.
    pub finding: String,
    /// What the plan says, at least once.
    pub quotes: Vec<Quote>,
}

impl Quote {
    pub(super) fn of(entry: &Entry<'_>) -> Self {
        let mut figure = entry.words();
        if let Some(year) = entry.figure.year {
            figure = format!("{year}年：{figure}");
        }
        Self {
            id: entry.id.to_owned(),
            name: entry.name.to_owned(),
            figure,
            section: entry.section.map(str::to_owned),
            source: entry.source.to_owned(),
            line: entry.place.line,
        }
    }
}

impl PlanBook {
    /// Everything in the plan that does not fit together, in the order of kinds and of the text.
    #[must_use]
    pub fn contradictions(&self) -> Vec<Contradiction> {
        let mut found = Vec::new();
        self.relations_broken(&mut found);
        for project in &self.projects {
            places_and_totals(project, &mut found);
        }
        self.years_and_totals(&mut found);
        self.groups_at_odds(&mut found);
        self.after_the_end(&mut found);
        found.sort_by_key(|one| one.kind);
        found
    }

    /// Yearly additions of an indicator that do not make its target.
    fn years_and_totals(&self, found: &mut Vec<Contradiction>) {
        for one in self.indicators.iter().filter(|one| one.additive) {
            let Some(target) = &one.target else { continue };
            let parts: Option<Vec<Number>> = one.milestones.iter().map(|figure| figure.number).collect();
            let sum = parts.and_then(|parts| total(&parts));
            if let (Some(sum), Some(printed)) = (sum, target.number)
                && sum != printed
            {
                found.push(Contradiction {
                    kind: ContradictionKind::Sum,
                    about: one.name.clone(),
                    finding: format!("各年相加是{sum}，目标是{printed}。"),
                    quotes: std::iter::once(target)
                        .chain(&one.milestones)
                        .map(|figure| Quote::of(&indicator_entry(one, figure)))
                        .collect(),
                });
            }
        }
    }

    /// Due years beyond the plan, one finding for each quote.
    fn after_the_end(&self, found: &mut Vec<Contradiction>) {
        let late = |year: Option<u16>| {
            year.filter(|year| *year > self.plan.until && self.plan.vision_year.is_none_or(|far| *year < far))
        };
        let mut add = |year: u16, quote: Quote| {
            let same = |other: &&mut Contradiction| {
                other.kind == ContradictionKind::AfterEnd && other.quotes[0].source == quote.source
            };
            match found.iter_mut().find(same) {
                Some(known) => known.quotes.push(quote),
                None => found.push(Contradiction {
                    kind: ContradictionKind::AfterEnd,
                    about: quote.name.clone(),
                    finding: format!("完成时间是{year}年，规划期到{}年为止。", self.plan.until),
                    quotes: vec![quote],
                }),
            }
        };
        for one in &self.indicators {
            for figure in one.target.iter().chain(&one.milestones).chain(&one.also) {
                if let Some(year) = late(figure.year) {
                    add(year, Quote::of(&indicator_entry(one, figure)));
                }
            }
        }
        for one in &self.projects {
            if let Some(year) = late(one.year) {
                let figure = PlanFigure { year: one.year, ..one.quantity.clone().unwrap_or_default() };
                add(year, Quote::of(&project_entry(one, &figure)));
            }
            for milestone in &one.milestones {
                if let Some(year) = late(milestone.year) {
                    add(year, milestone_quote(one, milestone));
                }
            }
        }
    }
}

/// The sum of some numbers; none when it is too large.
pub(super) fn total(parts: &[Number]) -> Option<Number> {
    parts.iter().try_fold(Number::new(0, 0), |sum, part| sum.plus(*part))
}

fn milestone_quote(project: &Defined<PlanProject>, milestone: &PlanMilestone) -> Quote {
    let figure = milestone.quantity.clone().unwrap_or_default();
    let figure = PlanFigure { year: milestone.year, source: None, ..figure };
    let unit = milestone.unit.as_deref().filter(|unit| !figure.words().contains(unit)).unwrap_or_default();
    let percent = milestone.percent.map(|percent| format!("，{percent}%")).unwrap_or_default();
    let words = if milestone.quantity.is_some() {
        format!("{}{unit}", figure.words())
    } else {
        "未印数量".to_owned()
    };
    Quote {
        id: milestone.id.as_ref().unwrap_or(&project.id).to_string(),
        name: milestone.what.clone(),
        figure: milestone
            .year
            .map_or(format!("{words}{percent}"), |year| format!("{year}年：{words}{percent}")),
        section: project.section.clone(),
        source: milestone.row.as_ref().unwrap_or(&milestone.source).to_string(),
        line: project.place.line,
    }
}

/// How many the places of a stage make, as printed: a place named twice counts twice.
fn counted(milestone: &PlanMilestone) -> Option<Number> {
    let of = |share: &crate::definition::PlanShare| {
        i64::try_from(share.places.len()).ok()?.checked_mul(share.each)
    };
    let each: Option<Vec<i64>> = milestone.shares.iter().map(of).collect();
    let each = each.filter(|each| !each.is_empty())?;
    Some(Number::new(each.iter().try_fold(0_i64, |sum, one| sum.checked_add(*one))?, 0))
}

/// Places against a stage's number, stages against the project's, percentages against both.
fn places_and_totals(project: &Defined<PlanProject>, found: &mut Vec<Contradiction>) {
    for milestone in &project.milestones {
        let printed = milestone.quantity.as_ref().and_then(|figure| figure.number);
        let (Some(counted), Some(printed)) = (counted(milestone), printed) else { continue };
        if counted != printed {
            let unit = milestone.unit.as_deref().unwrap_or_default();
            let mut names: Vec<&String> = milestone.shares.iter().flat_map(|share| &share.places).collect();
            names.sort_unstable();
            let mut twice: Vec<&str> =
                names.windows(2).filter(|pair| pair[0] == pair[1]).map(|pair| pair[0].as_str()).collect();
            twice.dedup();
            let twice = if twice.is_empty() {
                String::new()
            } else {
                format!("（{}写了两次）", twice.join("、"))
            };
            found.push(Contradiction {
                kind: ContradictionKind::Sum,
                about: format!("{}：{}", project.section.as_deref().unwrap_or_default(), project.name),
                finding: format!("按所列地方相加是{counted}{unit}{twice}，原文写的是{printed}{unit}。"),
                quotes: vec![milestone_quote(project, milestone)],
            });
        }
    }
    let numbers: Option<Vec<Number>> = project
        .milestones
        .iter()
        .map(|one| one.quantity.as_ref().and_then(|figure| figure.number).or_else(|| counted(one)))
        .collect();
    let Some(stages) = numbers.filter(|numbers| !numbers.is_empty()).and_then(|numbers| total(&numbers))
    else {
        return;
    };
    let printed = project.quantity.as_ref().and_then(|figure| figure.number);
    if let (Some(printed), Some(figure)) = (printed, &project.quantity)
        && printed != stages
    {
        let mut quotes = vec![Quote::of(&project_entry(project, figure))];
        quotes.extend(project.milestones.iter().map(|one| milestone_quote(project, one)));
        found.push(Contradiction {
            kind: ContradictionKind::Sum,
            about: project.name.clone(),
            finding: format!("各阶段相加是{stages}，总数写的是{printed}。"),
            quotes,
        });
    }
    let whole = printed.unwrap_or(stages);
    for milestone in &project.milestones {
        let number = milestone.quantity.as_ref().and_then(|figure| figure.number);
        let (Some(number), Some(percent)) = (number, milestone.percent) else { continue };
        let computed = number.percent_of(whole, percent.scale());
        if computed.is_some_and(|computed| computed != percent) {
            let computed = computed.map(|number| number.to_string()).unwrap_or_default();
            found.push(Contradiction {
                kind: ContradictionKind::Percentage,
                about: project.name.clone(),
                finding: format!("{number}占全部{whole}的{computed}%，原文写的是{percent}%。"),
                quotes: vec![milestone_quote(project, milestone)],
            });
        }
    }
}
