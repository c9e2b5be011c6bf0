//! The way of a case as people read it: each step done with its day and office, now, to come, or not needed, from the trace alone.
//!
//! A step that no line of the trace left was never done. One that lies off the ordinary way (补正、处理异议、不予确认) is not to come: it is
//! needed only when something calls for it.

use std::collections::BTreeMap;

use catalogue::definition::Item;
use store::{CaseId, Connection, Query};

use super::CaseRow;
use crate::OfficeError;

/// A step of the case's way.
#[derive(Debug, Clone)]
pub struct StepView {
    /// Identifier.
    pub id: String,
    /// Title for the desk.
    pub title: String,
    /// Title for the family.
    pub public_title: String,
    /// What happens in it, for the family.
    pub public_text: String,
    /// How the case stands to it.
    pub state: StepState,
    /// When and by which office it was last done; also for a step to which the case has come back.
    pub done: Option<StepDone>,
}

/// How a case stands to a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepState {
    /// Done.
    Done,
    /// Now.
    Current,
    /// To come in the ordinary course.
    Ahead,
    /// Not needed, or not needed so far.
    NotNeeded,
}

/// When a step was done and by whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepDone {
    /// Unix milliseconds.
    pub at: i64,
    /// The office, or 申请人.
    pub office: String,
    /// What ended the step.
    pub title: String,
}

/// The steps of a case that the caller may see.
pub(super) async fn steps(
    connection: &impl Connection,
    item: &Item,
    case: &CaseRow,
) -> Result<Vec<StepView>, OfficeError> {
    let left = left(connection, case.id, &case.step, case.open).await?;
    let at = item.steps.iter().position(|step| *step.id == case.step);
    Ok(item
        .steps
        .iter()
        .enumerate()
        .map(|(index, step)| {
            let done = left.get(step.id.as_str()).cloned();
            let behind = at.is_some_and(|at| index < at);
            let usual = item.is_usual(&step.id);
            let state = if case.open && at == Some(index) {
                StepState::Current
            } else if done.is_some() && (behind || !usual || !case.open) {
                StepState::Done
            } else if case.open && !behind && usual {
                StepState::Ahead
            } else {
                StepState::NotNeeded
            };
            StepView {
                id: step.id.get().clone(),
                title: step.title.clone(),
                public_title: step.public_title.clone(),
                public_text: step.public_text.clone(),
                state,
                done,
            }
        })
        .collect())
}

/// The last line of the trace that left each step. The step at which a case ended was left by its last line.
async fn left(
    connection: &impl Connection,
    case: CaseId,
    last_step: &str,
    open: bool,
) -> Result<BTreeMap<String, StepDone>, OfficeError> {
    let lines = Query::system(
        "the trace of a case that the reader may see",
        "SELECT at, office, title, step_from, step_to FROM case_event WHERE case_id = ? AND step_from IS NOT NULL ORDER BY id",
    )
    .bind(case)
    .all_as(connection, |row| {
        let done = StepDone { at: row.get("at")?, office: row.get("office")?, title: row.get("title")? };
        Ok((row.get::<String>("step_from")?, row.get::<Option<String>>("step_to")?, done))
    })
    .await?;
    let mut left = BTreeMap::new();
    for (from, to, done) in lines {
        let ends = to.as_ref().is_some_and(|to| *to != from);
        if ends || (!open && from == last_step && to.is_none()) {
            left.insert(from, done);
        }
    }
    Ok(left)
}
