//! The tasks of a plan in an evaluation: each with who does it and how it stood, and the chapters of the plan added up.

use serde::{Deserialize, Serialize};
use vocab::Month;

use crate::access::{Granted, ReadPlan};
use crate::plans::stages::{self, StageState};
use crate::plans::{Installed, charges};
use crate::{Office, OfficeError};

/// A task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskFigures {
    /// Its id.
    pub id: String,
    /// What.
    pub name: String,
    /// The chapter of the plan, or the field of work.
    pub chapter: String,
    /// Who is in charge: as it was set, else in the words of the plan; empty where nobody is.
    pub office: String,
    /// How it stands, by code.
    pub state: String,
    /// The same in Chinese.
    pub state_title: String,
    /// What was noted last.
    pub note: String,
}

/// The tasks of a chapter, counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChapterFigures {
    /// The chapter.
    pub name: String,
    /// How many there are.
    pub all: usize,
    /// How many stand how, in the order of [`TASK_STATES`].
    pub states: [usize; 5],
}

/// The states of tasks in the order of the report's columns.
pub const TASK_STATES: [StageState; 5] =
    [StageState::Finished, StageState::UnderWay, StageState::Late, StageState::Planned, StageState::NoDate];

/// The chapters in the order of the text, with their tasks counted.
#[must_use]
pub fn by_chapter(tasks: &[TaskFigures]) -> Vec<ChapterFigures> {
    let mut chapters: Vec<ChapterFigures> = Vec::new();
    for task in tasks {
        let name = if task.chapter.is_empty() { "其他" } else { task.chapter.as_str() };
        let at = chapters.iter().position(|one| one.name == name).unwrap_or_else(|| {
            chapters.push(ChapterFigures { name: name.to_owned(), all: 0, states: [0; 5] });
            chapters.len() - 1
        });
        chapters[at].all += 1;
        if let Some(state) = TASK_STATES.iter().position(|state| state.code() == task.state) {
            chapters[at].states[state] += 1;
        }
    }
    chapters
}

/// The tasks whose date is past and of which nobody has said that they are done, each with who is in charge.
pub(super) fn late(tasks: &[TaskFigures]) -> Vec<String> {
    let late = tasks.iter().filter(|task| task.state == StageState::Late.code());
    late.map(|task| match task.office.as_str() {
        "" => task.name.clone(),
        office => format!("{}（{office}）", task.name),
    })
    .collect()
}

/// Every task in the order of the text, as it was known at the end of a month.
pub(super) async fn gather(
    office: &Office,
    actor: &Granted<ReadPlan>,
    plan: &Installed,
    known_in: Month,
) -> Result<Vec<TaskFigures>, OfficeError> {
    let charges = charges::in_force(office, plan).await?;
    let stages = stages::tasks_as_of(office, actor, plan, &charges, known_in).await?;
    let tasks = stages.into_iter().zip(&plan.tasks).map(|(stage, task)| {
        let charged = charges.get(&stage.id).map(|charge| charge.section.clone());
        TaskFigures {
            office: charged.or_else(|| task.owner.clone()).unwrap_or_default(),
            id: stage.id,
            name: stage.what,
            chapter: stage.domain.or(stage.section).unwrap_or_default(),
            state: stage.state.code().to_owned(),
            state_title: stage.state.title().to_owned(),
            note: stage.notes.first().map(|note| note.words.clone()).unwrap_or_default(),
        }
    });
    Ok(tasks.collect())
}
