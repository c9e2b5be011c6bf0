//! The whole plan as one list: what a file for Excel holds.

use super::PlanBook;
use crate::definition::{PlanFigure, PlanMilestone};

/// One entry of a plan in words. Empty where the plan says nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PlanLine {
    /// 指标, 重点项目, 项目节点, 任务, 已有成效, 标准, 引用文件.
    pub sort: &'static str,
    /// Id.
    pub id: String,
    /// Name.
    pub name: String,
    /// Category or field of work.
    pub category: String,
    /// 约束性, 预期性, 未注明; the state of a project or task.
    pub kind: String,
    /// Unit.
    pub unit: String,
    /// Value at the start.
    pub baseline: String,
    /// Target, quantity or value.
    pub value: String,
    /// Year, period or due date.
    pub year: String,
    /// Where.
    pub places: String,
    /// Chapter or box, table and row.
    pub section: String,
    /// What the reader has to know of the print; what a project is to do; the rule of an amount.
    pub note: String,
    /// The words of the plan.
    pub source: String,
}

impl PlanBook {
    /// Every entry, in the order of the pack: indicators, projects with their stages, tasks, achievements, standards, documents.
    #[must_use]
    pub fn lines(&self) -> Vec<PlanLine> {
        let mut lines = Vec::new();
        for one in &self.indicators {
            let target = one.target.as_ref().or(one.achieved.as_ref());
            let mut values: Vec<String> = one.milestones.iter().map(dated).collect();
            values.extend(one.target.iter().map(PlanFigure::words));
            values.extend(one.also.iter().map(|figure| format!("又写作{}", figure.words())));
            if let Some(figure) = &one.achieved {
                let verdict = one.verdict.as_deref().filter(|verdict| *verdict != "-");
                values.push(format!(
                    "实际{}{}",
                    figure.words(),
                    verdict.map(|word| format!("（{word}）")).unwrap_or_default()
                ));
            }
            lines.push(PlanLine {
                sort: if one.is_history() { "上期指标" } else { "指标" },
                id: one.id.get().clone(),
                name: one.name.clone(),
                category: text(one.category.as_ref().or(one.domain.as_ref())),
                kind: one.kind.title().to_owned(),
                unit: text(one.unit.as_ref()),
                baseline: one.baseline.as_ref().map(dated).unwrap_or_default(),
                value: values.join("；"),
                year: year(target.and_then(|figure| figure.year)),
                places: text(one.scope.as_ref()),
                section: one.stands_at(),
                note: text(one.note.as_ref()),
                source: one.row.as_ref().unwrap_or(&one.source).to_string(),
            });
        }
        for one in &self.projects {
            lines.push(PlanLine {
                sort: "重点项目",
                id: one.id.get().clone(),
                name: one.name.clone(),
                category: text(one.domain.as_ref()),
                kind: text(one.status.as_ref().or(one.sort.as_ref())),
                unit: text(one.unit.as_ref()),
                value: one.quantity.as_ref().map(PlanFigure::words).unwrap_or_default(),
                year: one
                    .due
                    .clone()
                    .unwrap_or_else(|| if one.yearly { "每年".to_owned() } else { year(one.year) }),
                places: one.places.join("、"),
                section: text(one.section.as_ref()),
                note: one.content.as_ref().map(|content| content.get().clone()).unwrap_or_default(),
                source: one.source.get().clone(),
                ..PlanLine::default()
            });
            for stage in &one.milestones {
                lines.push(PlanLine {
                    sort: "项目节点",
                    id: stage.id.as_ref().unwrap_or(&one.id).to_string(),
                    name: stage.what.clone(),
                    category: text(one.domain.as_ref()),
                    unit: text(stage.unit.as_ref()),
                    value: quantity(stage),
                    year: stage.due.clone().unwrap_or_else(|| year(stage.year)),
                    places: places(stage),
                    section: text(one.section.as_ref()),
                    source: stage.row.as_ref().unwrap_or(&stage.source).to_string(),
                    ..PlanLine::default()
                });
            }
        }
        for one in &self.tasks {
            lines.push(PlanLine {
                sort: "任务",
                id: one.id.get().clone(),
                name: one.name.clone(),
                category: text(one.domain.as_ref()),
                kind: text(one.status.as_ref()),
                places: text(one.owner.as_ref()),
                section: text(one.section.as_ref()),
                source: one.source.get().clone(),
                ..PlanLine::default()
            });
        }
        for one in &self.achievements {
            let when = one.figure.as_ref().and_then(|figure| figure.year);
            lines.push(PlanLine {
                sort: "已有成效",
                id: one.id.get().clone(),
                name: one.name.clone(),
                category: text(one.domain.as_ref()),
                unit: text(one.unit.as_ref()),
                value: one.figure.as_ref().map(PlanFigure::words).unwrap_or_default(),
                year: one.period.clone().unwrap_or_else(|| year(when)),
                places: one.places.join("、"),
                section: text(one.section.as_ref()),
                source: one.source.get().clone(),
                ..PlanLine::default()
            });
        }
        for one in &self.standards {
            let when = one.figure.as_ref().and_then(|figure| figure.year);
            lines.push(PlanLine {
                sort: "标准",
                id: one.id.get().clone(),
                name: one.name.clone(),
                category: text(one.domain.as_ref()),
                unit: text(one.unit.as_ref()),
                value: one.figure.as_ref().map(PlanFigure::words).or(one.formula.clone()).unwrap_or_default(),
                year: one.period.clone().unwrap_or_else(|| year(when)),
                places: text(one.applies_to.as_ref()),
                section: text(one.section.as_ref()),
                // The rule beside its amount; without one it is the value.
                note: text(one.formula.as_ref().filter(|_| one.figure.is_some())),
                source: one.row.as_ref().unwrap_or(&one.source).to_string(),
                ..PlanLine::default()
            });
        }
        for one in &self.documents {
            lines.push(PlanLine {
                sort: "引用文件",
                id: one.id.get().clone(),
                name: one.name.clone(),
                kind: one.role.clone(),
                source: one.source.get().clone(),
                ..PlanLine::default()
            });
        }
        lines
    }
}

fn text(value: Option<&String>) -> String {
    value.cloned().unwrap_or_default()
}

fn year(value: Option<u16>) -> String {
    value.map(|year| format!("{year}年")).unwrap_or_default()
}

fn dated(figure: &PlanFigure) -> String {
    match figure.year {
        Some(year) => format!("{year}年 {}", figure.words()),
        None => figure.words(),
    }
}

/// How much a stage is, with its percentage.
fn quantity(stage: &PlanMilestone) -> String {
    let words = stage.quantity.as_ref().map(PlanFigure::words).unwrap_or_default();
    match stage.percent {
        Some(percent) if words.is_empty() => format!("{percent}%"),
        Some(percent) => format!("{words}（{percent}%）"),
        None => words,
    }
}

/// Where a stage is, with the number of each place.
fn places(stage: &PlanMilestone) -> String {
    if stage.shares.is_empty() {
        return stage.places.join("、");
    }
    let share = |share: &crate::definition::PlanShare| format!("{}各{}", share.places.join("、"), share.each);
    stage.shares.iter().map(share).collect::<Vec<_>>().join("；")
}
