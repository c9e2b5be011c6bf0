//! Evaluations of the plan: of each year, of the middle, of the end.
//!
//! - [`offered`] says which there are by now; [`page`] shows one: its texts, its newest run, what the assessor said;
//! - [`texts`]: blocks that people write; they stay from run to run;
//! - [`run`] freezes the figures and asks for the paper ([`paper`]); [`sheet`] is the same as Excel, with every indicator and its source;
//! - [`comments`]: a third party sees and comments and changes nothing; the office answers;
//! - [`baselines`]: where the plan ended is where the next one begins.
//!
//! An evaluation shows every county, so it is for the office whose plan it is and those above; what may be known outside is [`super::public`].

use vocab::{Month, Now};

use super::{Installed, demanded};
use crate::access::{Actor, Granted, ReadPlan};
use crate::{Office, OfficeError, divisions};

mod baselines;
mod chart;
pub mod comments;
mod figures;
pub mod paper;
pub mod sheet;
mod tasks;
pub mod texts;

pub use baselines::{Baseline, baselines};
pub use comments::Comment;
pub use figures::{CountyFigures, EvaluationFigures, IndicatorFigures, ProjectFigures};
pub use paper::{Run, run};
pub use tasks::{ChapterFigures, TASK_STATES, TaskFigures, by_chapter};
pub use texts::{SECTIONS, Section, Text};

/// Which evaluation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EvaluationKind {
    /// 年度监测评估
    Yearly,
    /// 中期评估
    Midterm,
    /// 总结评估
    Final,
}

impl EvaluationKind {
    /// How addresses and tables spell it.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            EvaluationKind::Yearly => "yearly",
            EvaluationKind::Midterm => "midterm",
            EvaluationKind::Final => "final",
        }
    }

    /// The Chinese name.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            EvaluationKind::Yearly => "年度监测评估",
            EvaluationKind::Midterm => "中期评估",
            EvaluationKind::Final => "总结评估",
        }
    }
}

/// An evaluation of the plan in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Evaluation {
    /// Which.
    pub kind: EvaluationKind,
    /// Its year.
    pub year: i32,
}

impl Evaluation {
    /// How addresses spell it: `final-2025`.
    #[must_use]
    pub fn code(self) -> String {
        format!("{}-{}", self.kind.code(), self.year)
    }

    /// `2025年总结评估`.
    #[must_use]
    pub fn title(self) -> String {
        format!("{}年{}", self.year, self.kind.title())
    }

    /// The month whose end it looks at: December, or the present one while the year is not over.
    #[must_use]
    pub fn as_of(self, today: Month) -> Month {
        Month::new(self.year, 12).map_or(today, |december| december.min(today))
    }
}

/// The evaluations that there are by now: one of each year, one of the middle year, one of the last.
#[must_use]
pub fn offered(plan: &Installed, today: Month) -> Vec<Evaluation> {
    let (from, until) = (i32::from(plan.plan.from), i32::from(plan.plan.until));
    let middle = from + (until - from) / 2;
    let mut list = Vec::new();
    for year in from..=until.min(today.year()) {
        list.push(Evaluation { kind: EvaluationKind::Yearly, year });
        if year == middle && from < until {
            list.push(Evaluation { kind: EvaluationKind::Midterm, year });
        }
        if year == until {
            list.push(Evaluation { kind: EvaluationKind::Final, year });
        }
    }
    list.reverse();
    list
}

/// The plan and an evaluation of it that the actor may see.
///
/// # Errors
/// [`OfficeError::NotFound`] for what is not offered, and for offices that are not the plan's own or above it.
pub(super) async fn opened(
    office: &Office,
    actor: &Actor,
    code: &str,
) -> Result<(Installed, Evaluation), OfficeError> {
    let plan = demanded(office).await?;
    divisions::within(office.db(), actor.division, plan.home.id).await?;
    let today = Month::containing(office.now().today());
    let found = offered(&plan, today).into_iter().find(|one| one.code() == code);
    let evaluation = found.ok_or(OfficeError::NotFound("这次评估"))?;
    Ok((plan, evaluation))
}

/// An evaluation with everything about it.
#[derive(Debug, Clone)]
pub struct EvaluationPage {
    /// The plan.
    pub plan: Installed,
    /// Which.
    pub evaluation: Evaluation,
    /// Its text blocks as they are now, in the order of the report.
    pub texts: Vec<Text>,
    /// What was said about it, the oldest first.
    pub comments: Vec<Comment>,
    /// Its runs, the newest first.
    pub runs: Vec<Run>,
    /// The figures of the newest run.
    pub figures: Option<EvaluationFigures>,
}

/// One evaluation.
///
/// # Errors
/// [`OfficeError::NotFound`] as for every page of it; the database.
pub async fn page(
    office: &Office,
    actor: &Granted<ReadPlan>,
    code: &str,
) -> Result<EvaluationPage, OfficeError> {
    let (plan, evaluation) = opened(office, actor, code).await?;
    let texts = texts::newest(office, &plan, evaluation).await?;
    let comments = comments::list(office, &plan, evaluation).await?;
    let runs = paper::runs(office, &plan, evaluation).await?;
    let figures = match runs.first() {
        Some(newest) => Some(paper::figures_of(office, newest.id).await?),
        None => None,
    };
    Ok(EvaluationPage { plan, evaluation, texts, comments, runs, figures })
}

/// The evaluations with the moment of their newest run.
///
/// # Errors
/// [`OfficeError::NotFound`] for offices that are not the plan's own or above it.
pub async fn list(
    office: &Office,
    actor: &Granted<ReadPlan>,
) -> Result<(Installed, Vec<(Evaluation, Option<Now>)>), OfficeError> {
    let plan = demanded(office).await?;
    divisions::within(office.db(), actor.division, plan.home.id).await?;
    let run_at = paper::newest_by_evaluation(office, &plan).await?;
    let today = Month::containing(office.now().today());
    let list = offered(&plan, today)
        .into_iter()
        .map(|one| (one, run_at.get(&(one.kind.code().to_owned(), i64::from(one.year))).copied()))
        .collect();
    Ok((plan, list))
}
