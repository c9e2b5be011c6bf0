//! The newest run of an evaluation as Excel: one sheet for each chapter that has a table, and every indicator with its source.

use vocab::Month;

use super::paper::{newest, taken_out};
use super::{Baseline, EvaluationFigures, IndicatorFigures, baselines};
use crate::access::{Granted, ReadPlan};
use crate::plans::in_words;
use crate::plans::judge::Standing;
use crate::tabular::{ListCell, ListColumn, ListFormat, ListWriter};
use crate::{Office, OfficeError};

fn columns(list: &[(&str, u16)]) -> Vec<ListColumn> {
    list.iter().map(|(title, width)| ListColumn::new(title, *width)).collect()
}

fn count(number: usize) -> ListCell {
    ListCell::Integer(i64::try_from(number).unwrap_or(i64::MAX))
}

/// A figure that was frozen with its unit, as a number where it is no more than that.
fn figure(text: &str, unit: &str) -> ListCell {
    in_words::number_of(text, unit).map_or_else(|| ListCell::words(text), ListCell::from)
}

/// The baseline and its year.
fn baseline(one: &IndicatorFigures) -> [ListCell; 2] {
    let parts = one.baseline.strip_suffix("年）").and_then(|rest| rest.rsplit_once('（'));
    match parts.map(|(value, year)| (value, year.parse::<i64>())) {
        Some((value, Ok(year))) => [figure(value, &one.unit), ListCell::Integer(year)],
        _ => [ListCell::words(&one.baseline), ListCell::Empty],
    }
}

/// The target as a number: where the path ends, unless the target is in words.
fn target(one: &IndicatorFigures) -> ListCell {
    let end = one.path.last().filter(|_| one.standing != Standing::Words.code());
    end.map(|(_, target)| *target).into()
}

/// The file with its name. Taking it out is audited.
///
/// # Errors
/// [`OfficeError::NotFound`] without a run; the writer's.
pub async fn sheet(
    office: &Office,
    actor: &Granted<ReadPlan>,
    code: &str,
    format: ListFormat,
) -> Result<(String, Vec<u8>), OfficeError> {
    let (_, run, figures) = newest(office, actor, code).await?;
    let file = written(&figures, format)?;
    taken_out(office, actor, run.id, format.extension()).await?;
    Ok((format!("{}{}.{}", figures.plan, figures.title, format.extension()), file))
}

/// What the final evaluation proposes for the next plan, with its file name. Taking it out is audited.
///
/// # Errors
/// [`OfficeError::NotFound`] without a run; the writer's.
pub async fn next_plan(
    office: &Office,
    actor: &Granted<ReadPlan>,
    code: &str,
    format: ListFormat,
) -> Result<(String, Vec<u8>), OfficeError> {
    let (_, run, figures) = newest(office, actor, code).await?;
    let title = format!("{}：下一规划期基期值建议", figures.plan);
    let mut list = ListWriter::new(format, "基期值建议", Some(&title), &baseline_columns())?;
    for one in baselines(&figures) {
        list.row(&baseline_cells(&one))?;
    }
    let file = list.finish()?;
    taken_out(office, actor, run.id, format.extension()).await?;
    Ok((format!("{}-下一规划期基期值建议.{}", figures.plan, format.extension()), file))
}

fn baseline_columns() -> Vec<ListColumn> {
    columns(&[
        ("指标", 40),
        ("性质", 10),
        ("单位", 12),
        ("基期值建议", 14),
        ("数据月份", 12),
        ("本期完成情况", 14),
        ("数据来源", 40),
        ("说明", 34),
        ("本规划编号", 14),
    ])
}

fn baseline_cells(one: &Baseline) -> [ListCell; 9] {
    [
        ListCell::words(&one.name),
        ListCell::words(&one.kind),
        ListCell::words(&one.unit),
        one.number.into(),
        ListCell::words(&one.month.map(Month::zh).unwrap_or_default()),
        ListCell::words(&one.standing),
        ListCell::prose(&one.evidence),
        ListCell::prose(&one.remark),
        ListCell::words(&one.indicator),
    ]
}

fn written(figures: &EvaluationFigures, format: ListFormat) -> Result<Vec<u8>, OfficeError> {
    let title = |what: &str| format!("{}{}：{what}", figures.plan, figures.title);
    let heads = columns(&[
        ("指标", 40),
        ("性质", 10),
        ("领域", 14),
        ("单位", 10),
        ("基期值", 12),
        ("基期年份", 10),
        ("目标", 18),
        ("目标值", 12),
        ("规划印的目标（已调整的）", 18),
        ("完成时间", 14),
        ("最近的数", 12),
        ("月份", 14),
        ("应到", 12),
        ("到期预测", 20),
        ("判断", 14),
        ("同一项指标（不重复计数）", 30),
        ("数据来源", 40),
        ("规划原文", 60),
    ]);
    let mut list = ListWriter::new(format, "指标", Some(&title("指标完成情况")), &heads)?;
    for one in &figures.indicators {
        let [start, start_year] = baseline(one);
        list.row(&[
            ListCell::words(&one.name),
            ListCell::words(&one.kind),
            ListCell::words(&one.category),
            ListCell::words(&one.unit),
            start,
            start_year,
            ListCell::words(&one.target),
            target(one),
            ListCell::words(one.printed_target.as_deref().unwrap_or_default()),
            ListCell::words(&one.due),
            one.latest.map(|(_, number)| number).into(),
            ListCell::words(&one.latest.map(|(month, _)| month.zh()).unwrap_or_default()),
            figure(&one.expected, &one.unit),
            ListCell::words(&one.forecast),
            ListCell::words(&one.standing_title),
            ListCell::words(one.same_as.as_deref().unwrap_or_default()),
            ListCell::prose(&one.evidence),
            ListCell::prose(&one.source),
        ])?;
    }
    let heads = columns(&[("判断", 18), ("全部指标（项）", 14), ("其中约束性（项）", 16)]);
    list.next_list("判断汇总", Some(&title("判断汇总")), &heads)?;
    for (_, name, all, binding) in &figures.standings {
        list.row(&[ListCell::words(name), count(*all), count(*binding)])?;
    }
    let heads =
        columns(&[("项目、节点", 50), ("完成时间", 16), ("地方", 36), ("状态", 14), ("最近进展", 50)]);
    list.next_list("项目", Some(&title("项目和节点")), &heads)?;
    for one in &figures.projects {
        list.row(&[
            ListCell::words(&one.name),
            ListCell::words(&in_words::due(&one.due)),
            ListCell::prose(&one.places),
            ListCell::words(&one.state_title),
            ListCell::prose(&one.note),
        ])?;
    }
    let heads =
        columns(&[("任务", 50), ("章节、领域", 26), ("责任科室、单位", 20), ("状态", 14), ("最近进展", 50)]);
    list.next_list("任务", Some(&title("任务落实情况")), &heads)?;
    for one in &figures.tasks {
        list.row(&[
            ListCell::words(&one.name),
            ListCell::words(&one.chapter),
            ListCell::words(&one.office),
            ListCell::words(&one.state_title),
            ListCell::prose(&one.note),
        ])?;
    }
    let heads = columns(&[
        (figures.below.as_str(), 18),
        ("分解的目标（项）", 16),
        ("已达到（项）", 12),
        ("未达到（项）", 12),
        ("没有数据（项）", 14),
        ("未达到的指标", 80),
    ]);
    let words = format!("各{}完成情况（绩效考核用）", figures.below);
    list.next_list("下级考核", Some(&title(&words)), &heads)?;
    for one in &figures.counties {
        list.row(&[
            ListCell::words(&one.name),
            count(one.given),
            count(one.reached),
            count(one.missed),
            count(one.unknown),
            ListCell::prose(&one.missing_in_words().join("；")),
        ])?;
    }
    let heads = columns(&[
        ("指标", 40),
        ("规划印的目标", 18),
        ("调整后", 18),
        ("年份", 8),
        ("理由", 50),
        ("文件", 40),
    ]);
    list.next_list("调整", Some(&title("目标调整")), &heads)?;
    for one in &figures.adjustments {
        list.row(&[
            ListCell::words(&one.name),
            ListCell::words(&one.before),
            ListCell::words(&one.after),
            ListCell::Integer(one.year),
            ListCell::prose(&one.reason),
            ListCell::prose(&one.document),
        ])?;
    }
    let heads = columns(&[("针对", 24), ("第三方评估意见", 70), ("提出人", 12), ("时间", 20), ("答复", 60)]);
    list.next_list("第三方评估", Some(&title("第三方评估意见")), &heads)?;
    for one in &figures.comments {
        list.row(&[
            ListCell::words(&one.about),
            ListCell::prose(&one.words),
            ListCell::words(&one.by),
            ListCell::words(&one.at),
            ListCell::prose(one.answer.as_deref().unwrap_or_default()),
        ])?;
    }
    if figures.kind == super::EvaluationKind::Final.code() {
        list.next_list("下期基期值建议", Some(&title("下一规划期基期值建议")), &baseline_columns())?;
        for one in baselines(figures) {
            list.row(&baseline_cells(&one))?;
        }
    }
    Ok(list.finish()?)
}
