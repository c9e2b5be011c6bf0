//! Statements about one thing held against each other: values of one year, targets, their dates, what they are counted over.
//!
//! What is about one thing is said by the pack (`about`), or by two entries that bear the same name and unit. A value without a year is
//! held against others only where the pack says that they are about one thing; it then stands for the year of the baselines.

use std::collections::BTreeMap;

use super::PlanBook;
use super::book::{Entry, achievement_entry, indicator_entry, standard_entry};
use super::contradictions::{Contradiction, ContradictionKind, Quote};
use super::squeezed;
use crate::Number;
use crate::definition::{Comparator, Direction};

/// A value as it was in a year, or one that is promised.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    State(u16),
    /// With the year, where one is printed.
    Goal(Option<u16>),
}

#[derive(Clone, Copy)]
struct Statement<'a> {
    role: Role,
    entry: Entry<'a>,
    base: Option<&'a str>,
    direction: Direction,
}

impl PlanBook {
    /// Everything that two statements about one thing say otherwise.
    pub(super) fn groups_at_odds(&self, found: &mut Vec<Contradiction>) {
        for (about, group) in self.groups() {
            two_bases(&about, &group, found);
            for (index, left) in group.iter().enumerate() {
                for right in &group[index + 1..] {
                    if comparable(left, right) {
                        pair(&about, left, right, self.plan.base_year, found);
                    }
                }
            }
        }
    }

    fn groups(&self) -> BTreeMap<String, Vec<Statement<'_>>> {
        let mut groups: BTreeMap<String, Vec<Statement<'_>>> = BTreeMap::new();
        for one in &self.indicators {
            let key = one.about.clone().unwrap_or_else(|| one.name.clone());
            let group = groups.entry(key).or_default();
            let mut add = |role: Role, figure| {
                let (entry, base) = (indicator_entry(one, figure), one.base.as_deref());
                group.push(Statement { role, entry, base, direction: one.direction });
            };
            for figure in [&one.baseline, &one.achieved].into_iter().flatten() {
                add(Role::State(figure.year.unwrap_or(self.plan.base_year)), figure);
            }
            // The target of a row on the previous period is no promise of this plan.
            for figure in one.target.iter().chain(&one.also).filter(|_| !one.is_history()) {
                add(Role::Goal(figure.year), figure);
            }
        }
        for one in &self.achievements {
            let Some(figure) = &one.figure else { continue };
            let (Some(year), key) = (match (&one.about, figure.year) {
                (_, Some(year)) => (Some(year), one.about.as_ref().unwrap_or(&one.name)),
                (Some(about), None) => (Some(self.plan.base_year), about),
                (None, None) => (None, &one.name),
            }) else {
                continue;
            };
            let entry = achievement_entry(one, figure);
            let (role, base) = (Role::State(year), one.base.as_deref());
            groups.entry(key.clone()).or_default().push(Statement {
                role,
                entry,
                base,
                direction: Direction::Up,
            });
        }
        for one in &self.standards {
            let (Some(figure), Some(about)) = (&one.figure, &one.about) else { continue };
            let role = match figure.year {
                Some(year) if year < self.plan.from => Role::State(year),
                year => Role::Goal(year),
            };
            let (entry, base) = (standard_entry(one, figure), one.base.as_deref());
            groups.entry(about.clone()).or_default().push(Statement {
                role,
                entry,
                base,
                direction: Direction::Up,
            });
        }
        groups
    }
}

/// Counted over one base and in one unit, as far as both say so.
fn comparable(left: &Statement<'_>, right: &Statement<'_>) -> bool {
    let bases = left.base.is_none() || right.base.is_none() || left.base == right.base;
    let (one, other) = (unit(left), unit(right));
    bases && (one.is_empty() || other.is_empty() || one == other)
}

/// A unit without its separators, and without the choice of a measure word: 元/人·月 and 元/人/月 are one, 个 and 家 too.
fn unit(statement: &Statement<'_>) -> String {
    let plain =
        statement.entry.unit.unwrap_or_default().chars().filter(|sign| !matches!(sign, '/' | '·' | '.'));
    let plain: String = plain.collect();
    match plain.as_str() {
        "家" | "所" => "个".to_owned(),
        "名" => "人".to_owned(),
        _ => plain,
    }
}

/// One thing counted over two bases or in two units: one finding for the whole group, with a statement of each.
fn two_bases(about: &str, group: &[Statement<'_>], found: &mut Vec<Contradiction>) {
    // Of the statements over one base, a value of the last year before the plan says most.
    let mut ordered: Vec<&Statement<'_>> = group.iter().collect();
    ordered.sort_by_key(|statement| match (statement.entry.figure.number, statement.role) {
        (Some(_), Role::State(year)) => (0, u16::MAX - year),
        (Some(_), Role::Goal(_)) => (1, 0),
        (None, _) => (2, 0),
    });
    let mut bases: Vec<(&str, &Statement<'_>)> = Vec::new();
    let mut units: Vec<(String, &Statement<'_>)> = Vec::new();
    for statement in ordered {
        if let Some(base) = statement.base
            && bases.iter().all(|(known, _)| *known != base)
        {
            bases.push((base, statement));
        }
        let unit = unit(statement);
        if !unit.is_empty() && units.iter().all(|(known, _)| *known != unit) {
            units.push((unit, statement));
        }
    }
    let mut said = Vec::new();
    let mut shown: Vec<&Statement<'_>> = Vec::new();
    if bases.len() > 1 {
        let names: Vec<&str> = bases.iter().map(|(base, _)| *base).collect();
        said.push(format!("计算口径不同：{}", names.join("；")));
        shown.extend(bases.iter().map(|(_, statement)| *statement));
    }
    if units.len() > 1 {
        let names: Vec<&str> = units.iter().filter_map(|(_, statement)| statement.entry.unit).collect();
        said.push(format!("单位不同：{}", names.join("；")));
        let more = units.iter().map(|(_, statement)| *statement);
        shown.extend(more.filter(|one| bases.iter().all(|(_, known)| known.entry.id != one.entry.id)));
    }
    if !said.is_empty() {
        found.push(Contradiction {
            kind: ContradictionKind::TwoBases,
            about: about.to_owned(),
            finding: format!("{}。这些数不能直接比较。", said.join("，")),
            quotes: shown.iter().map(|statement| Quote::of(&statement.entry)).collect(),
        });
    }
}

/// Two statements of one base and one unit.
fn pair(
    about: &str,
    left: &Statement<'_>,
    right: &Statement<'_>,
    base_year: u16,
    found: &mut Vec<Contradiction>,
) {
    let mut add = |kind, finding: String| {
        // Three statements can say two values twice; the first pair stands for both.
        let quotes = vec![Quote::of(&left.entry), Quote::of(&right.entry)];
        let known = found.iter().any(|one| one.kind == kind && one.about == about && one.finding == finding);
        if !known {
            found.push(Contradiction { kind, about: about.to_owned(), finding, quotes });
        }
    };
    let (one, other) = (left.entry.figure, right.entry.figure);
    match (left.role, right.role) {
        (Role::State(year), Role::State(same)) if year == same => {
            if let (Some(a), Some(b)) = (one.number, other.number)
                && a != b
            {
                add(
                    ContradictionKind::TwoValues,
                    format!("同是{year}年，一处是{}，一处是{}。", left.entry.words(), right.entry.words()),
                );
            }
        }
        (Role::State(_), Role::State(_)) => {}
        (Role::Goal(year), Role::Goal(same)) => {
            let together = year == same || year.is_none() || same.is_none();
            match (one.number, other.number) {
                (Some(a), Some(b)) if a == b => {
                    if let (Some(year), Some(same)) = (year, same)
                        && year != same
                    {
                        let finding = format!("同一个目标，一处定在{year}年，一处定在{same}年。");
                        add(ContradictionKind::TwoDates, finding);
                    }
                }
                (Some(_), Some(_)) if together => {
                    let finding =
                        format!("同一个目标，一处是{}，一处是{}。", left.entry.words(), right.entry.words());
                    add(ContradictionKind::TwoValues, finding);
                }
                (None, _) | (_, None) if together && in_other_words(&left.entry, &right.entry) => {
                    let finding = format!(
                        "同一个目标，一处写“{}”，一处写“{}”。",
                        left.entry.words(),
                        right.entry.words()
                    );
                    add(ContradictionKind::TwoValues, finding);
                }
                _ => {}
            }
        }
        (Role::State(year), Role::Goal(_)) | (Role::Goal(_), Role::State(year)) if year <= base_year => {
            let (state, goal) =
                if matches!(left.role, Role::State(_)) { (left, right) } else { (right, left) };
            if year == base_year && passed(state, goal) {
                let (state, goal) = (state.entry.words(), goal.entry.words());
                let finding = format!("{year}年已是{state}，目标却是{goal}。");
                add(ContradictionKind::BaselineAboveTarget, finding);
            }
        }
        (Role::State(_), Role::Goal(_)) | (Role::Goal(_), Role::State(_)) => {}
    }
}

/// Both say something, and not the same.
fn in_other_words(left: &Entry<'_>, right: &Entry<'_>) -> bool {
    match (&left.figure.printed, &right.figure.printed) {
        (Some(one), Some(other)) => squeezed(one) != squeezed(other),
        (None, _) | (_, None) => false,
    }
}

/// Whether the value at the start is better than the promised one, the way the target goes.
fn passed(state: &Statement<'_>, goal: &Statement<'_>) -> bool {
    let (Some(now), Some(promised)) = (state.entry.figure.number, goal.entry.figure.number) else {
        return false;
    };
    let promised: Number = goal.entry.figure.most.unwrap_or(promised);
    match (goal.direction, goal.entry.figure.comparator) {
        (Direction::Down, _) | (Direction::Up, Some(Comparator::AtMost | Comparator::LessThan)) => {
            now < promised
        }
        (Direction::Up, _) => now > promised,
        (Direction::Keep, _) => false,
    }
}
