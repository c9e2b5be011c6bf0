//! The lists of a plan as Excel or CSV. Taking them out is audited.

use catalogue::Number;
use catalogue::definition::PlanFigure;
use catalogue::plan::{Held, PlanBook};
use serde_json::json;
use store::AuditEntry;

use vocab::Month;

use super::charges::{self, Task};
use super::{Overview, in_words, stages, stages::Stage};
use crate::access::{Export, Granted, ReadPlan};
use crate::tabular::{ListCell, ListColumn, ListFormat, ListWriter};
use crate::{Office, OfficeError, audited};

mod happenings;
mod indicator;
mod references;

/// Which list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PlanSheet {
    /// Indicators with their judgements.
    Indicators,
    /// Stages of projects.
    Stages,
    /// Tasks by office.
    Tasks,
    /// What the text contradicts.
    Contradictions,
    /// Numbers beside what is demanded from above.
    Superior,
    /// The whole plan with its quotes.
    Text,
    /// The same measures in the plans of other places.
    Compared,
    /// The previous period.
    Past,
    /// What waits to be looked at by the offices in charge.
    Alerts,
    /// What a month brought.
    Changes(Month),
    /// Values that wait for a second person.
    Waiting,
    /// One indicator: its path, its forecast, its values and its counties.
    Indicator(String),
}

impl PlanSheet {
    /// The Chinese name.
    #[must_use]
    pub fn title(&self) -> &'static str {
        match self {
            PlanSheet::Indicators => "规划指标",
            PlanSheet::Stages => "规划项目",
            PlanSheet::Tasks => "规划任务分工",
            PlanSheet::Contradictions => "规划文本中的矛盾",
            PlanSheet::Superior => "上位规划和法律的要求",
            PlanSheet::Text => "规划全文条目",
            PlanSheet::Compared => "与外地规划比较",
            PlanSheet::Past => "上期指标完成情况",
            PlanSheet::Alerts => "规划预警和提醒",
            PlanSheet::Changes(_) => "规划本月变化",
            PlanSheet::Waiting => "待复核的数",
            PlanSheet::Indicator(_) => "规划指标进度",
        }
    }
}

pub(super) fn columns(list: &[(&str, u16)]) -> Vec<ListColumn> {
    list.iter().map(|(title, width)| ListColumn::new(title, *width)).collect()
}

pub(super) fn cells<const N: usize>(texts: [String; N]) -> [ListCell; N] {
    texts.map(|text| ListCell::words(&text))
}

/// The same of a list whose last column holds quotes: they wrap.
pub(super) fn quoted<const N: usize>(texts: [String; N]) -> [ListCell; N] {
    let quote = texts.last().map_or(ListCell::Empty, |text| ListCell::prose(text));
    let mut cells = cells(texts);
    if let Some(last) = cells.last_mut() {
        *last = quote;
    }
    cells
}

/// A printed figure as a number; none where words or a range are printed.
fn exact(figure: Option<&PlanFigure>) -> Option<Number> {
    figure.filter(|figure| figure.most.is_none()).and_then(|figure| figure.number)
}

/// The same, or its words where it is none.
fn figure(figure: Option<&PlanFigure>) -> ListCell {
    let words = || ListCell::words(&figure.map(PlanFigure::words).unwrap_or_default());
    exact(figure).map_or_else(words, ListCell::from)
}

/// A list as a file.
///
/// # Errors
/// [`OfficeError::NotFound`] where no pack brings a plan, and for an indicator that it does not promise; the writer's.
pub async fn sheet(
    office: &Office,
    actor: &Granted<ReadPlan>,
    _export: &Granted<Export>,
    which: &PlanSheet,
    format: ListFormat,
) -> Result<Vec<u8>, OfficeError> {
    let plan = super::demanded(office).await?;
    let title = format!("{}：{}", plan.plan.name, which.title());
    let file = match which {
        PlanSheet::Indicators => indicators(&super::overview(office, actor).await?, &title, format)?,
        PlanSheet::Stages => of_stages(&stages::stages(office, actor, &plan).await?, &title, format)?,
        PlanSheet::Tasks => of_tasks(&charges::tasks(office, actor, &plan).await?, &title, format)?,
        PlanSheet::Contradictions => contradictions(&plan, &title, format)?,
        PlanSheet::Superior => superior(&super::superior::held(office, actor, &plan).await?, &title, format)?,
        PlanSheet::Text => text(&plan, format)?,
        PlanSheet::Compared => {
            references::compared(&super::peers::compared(office, actor).await?, &title, format)?
        }
        PlanSheet::Past => references::past(&plan, &title, format)?,
        PlanSheet::Alerts => happenings::alerts(office, actor, &plan, &title, format).await?,
        PlanSheet::Changes(month) => happenings::changes(office, actor, *month, &title, format).await?,
        PlanSheet::Waiting => happenings::waiting(office, actor, &plan, &title, format).await?,
        PlanSheet::Indicator(id) => indicator::sheet(office, actor, id, &title, format).await?,
    };
    let entry = AuditEntry {
        division: Some(actor.division),
        details: json!({ "list": which.title() }),
        ..audited(office.now().at_ms(), actor.audit(), "plan.exported", ("division", actor.division.0))
    };
    office.db().audit_read(entry).await?;
    Ok(file)
}

fn indicators(overview: &Overview, title: &str, format: ListFormat) -> Result<Vec<u8>, OfficeError> {
    let heads = columns(&[
        ("指标", 40),
        ("性质", 10),
        ("单位", 10),
        ("基期值", 14),
        ("目标", 18),
        ("目标值", 12),
        ("完成时间", 14),
        ("最近的数", 12),
        ("月份", 14),
        ("应到", 12),
        ("判断", 14),
        ("同一项指标（不重复计数）", 30),
        ("原文", 60),
    ]);
    let mut list = ListWriter::new(format, "指标", Some(title), &heads)?;
    for line in &overview.lines {
        let one = &line.indicator;
        let latest = line.judgement.latest;
        list.row(&[
            ListCell::words(&one.name),
            ListCell::words(one.kind.title()),
            ListCell::words(one.unit.as_deref().unwrap_or_default()),
            figure(one.baseline.as_ref()),
            ListCell::words(&in_words::target(one, &line.target)),
            line.target.number.into(),
            ListCell::words(&line.target.due.zh()),
            latest.map(|point| point.number).into(),
            ListCell::words(&latest.map(|point| point.month.zh()).unwrap_or_default()),
            line.judgement.expected.into(),
            ListCell::words(line.judgement.standing.title()),
            ListCell::words(line.same_as.as_deref().unwrap_or_default()),
            ListCell::prose(&in_words::source(one)),
        ])?;
    }
    Ok(list.finish()?)
}

fn of_stages(stages: &[Stage], title: &str, format: ListFormat) -> Result<Vec<u8>, OfficeError> {
    let heads = columns(&[
        ("项目、节点", 44),
        ("章节", 12),
        ("完成时间", 14),
        ("地方", 36),
        ("数量", 12),
        ("状态", 14),
        ("最近进展", 40),
        ("原文", 60),
    ]);
    let mut list = ListWriter::new(format, "项目", Some(title), &heads)?;
    for stage in stages {
        let due =
            if stage.moved { stage.due.map(|due| format!("{}（已调整）", due.zh())) } else { None };
        list.row(&quoted([
            stage.what.clone(),
            stage.section.clone().unwrap_or_default(),
            due.unwrap_or_else(|| in_words::due(&stage.due_words)),
            stage.places.clone(),
            stage.quantity.clone(),
            stage.state.title().to_owned(),
            stage.notes.first().map(|note| note.words.clone()).unwrap_or_default(),
            stage.source.clone(),
        ]))?;
    }
    Ok(list.finish()?)
}

fn of_tasks(tasks: &[Task], title: &str, format: ListFormat) -> Result<Vec<u8>, OfficeError> {
    let heads = columns(&[
        ("任务", 44),
        ("章节", 12),
        ("承办单位", 18),
        ("责任科室、单位", 20),
        ("责任人", 12),
        ("期限", 14),
        ("状态", 14),
        ("最近进展", 40),
        ("原文", 60),
    ]);
    let mut list = ListWriter::new(format, "任务", Some(title), &heads)?;
    for task in tasks {
        let (stage, charge) = (&task.stage, task.charge.as_ref());
        list.row(&quoted([
            stage.what.clone(),
            stage.section.clone().unwrap_or_default(),
            charge.map(|charge| charge.division_name.clone()).unwrap_or_default(),
            charge.map(|charge| charge.section.clone()).or_else(|| task.owner.clone()).unwrap_or_default(),
            charge.and_then(|charge| charge.staff_name.clone()).unwrap_or_default(),
            stage.due_words.clone(),
            stage.state.title().to_owned(),
            stage.notes.first().map(|note| note.words.clone()).unwrap_or_default(),
            in_words::quote(&stage.source),
        ]))?;
    }
    Ok(list.finish()?)
}

fn contradictions(plan: &PlanBook, title: &str, format: ListFormat) -> Result<Vec<u8>, OfficeError> {
    let heads = columns(&[("类别", 22), ("事项", 36), ("不一致之处", 50), ("原文", 90)]);
    let mut list = ListWriter::new(format, "矛盾", Some(title), &heads)?;
    for one in plan.contradictions() {
        let quotes: Vec<String> =
            one.quotes.iter().map(|quote| format!("{}：“{}”", quote.name, quote.source)).collect();
        list.row(&quoted([one.kind.title().to_owned(), one.about, one.finding, quotes.join("\n")]))?;
    }
    Ok(list.finish()?)
}

fn superior(held: &[Held], title: &str, format: ListFormat) -> Result<Vec<u8>, OfficeError> {
    let heads = columns(&[
        ("核对结果", 12),
        ("指标、标准", 40),
        ("规划的数", 18),
        ("要求", 18),
        ("要求的内容", 44),
        ("依据", 36),
        ("依据原文", 60),
        ("说明", 40),
    ]);
    let mut list = ListWriter::new(format, "要求", Some(title), &heads)?;
    for one in held {
        list.row(&cells([
            one.verdict.title().to_owned(),
            one.name.clone(),
            one.figure.clone(),
            one.demanded.clone(),
            one.title.clone(),
            one.by.clone(),
            one.source.clone(),
            one.note.clone().unwrap_or_default(),
        ]))?;
    }
    Ok(list.finish()?)
}

/// A whole plan with its quotes, one entry a line.
///
/// # Errors
/// The writer's.
pub fn text(plan: &PlanBook, format: ListFormat) -> Result<Vec<u8>, OfficeError> {
    let heads = columns(&[
        ("类别", 10),
        ("编号", 12),
        ("名称", 40),
        ("领域", 12),
        ("性质或状态", 10),
        ("单位", 12),
        ("基期值", 16),
        ("目标值、数量", 24),
        ("时间", 12),
        ("地方或对象", 30),
        ("章节", 14),
        ("说明", 40),
        ("原文", 60),
    ]);
    let title = format!("{}：{}", plan.plan.name, PlanSheet::Text.title());
    let mut list = ListWriter::new(format, "规划", Some(&title), &heads)?;
    for line in plan.lines() {
        list.row(&quoted([
            line.sort.to_owned(),
            line.id,
            line.name,
            line.category,
            line.kind,
            line.unit,
            line.baseline,
            line.value,
            line.year,
            line.places,
            line.section,
            line.note,
            line.source,
        ]))?;
    }
    Ok(list.finish()?)
}
