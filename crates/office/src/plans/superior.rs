//! 上位规划衔接: the targets that hold, printed or adjusted, beside what the plans above and the laws demand; and the projects and tasks that serve an
//! indicator. The demands are the packs' ([`catalogue::plan`]); this module knows which number holds today.

use catalogue::Number;
use catalogue::plan::{Held, Verdict};

use super::adjustments::{self, Adjustment};
use super::stages::{Stage, StageState};
use super::{Installed, charges, in_words, stages};
use crate::access::{Granted, ReadPlan};
use crate::{Office, OfficeError};

/// Every number of the plan that something above it speaks of, with the target that holds today; those that fall short first.
///
/// # Errors
/// The database.
pub async fn held(
    office: &Office,
    _reader: &Granted<ReadPlan>,
    plan: &Installed,
) -> Result<Vec<Held>, OfficeError> {
    let changes = adjustments::list(office, plan, None).await?;
    Ok(with_targets(plan, &changes))
}

fn with_targets(plan: &Installed, changes: &[Adjustment]) -> Vec<Held> {
    let mut held = plan.superior();
    for one in &mut held {
        let Some(indicator) = plan.indicator(&one.entry) else { continue };
        let target = adjustments::in_force(plan, indicator, changes);
        let requirement = plan.requirements.iter().find(|known| known.id == one.requirement);
        let Some(requirement) = requirement.filter(|known| target.adjusted && known.of_target(&one.entry))
        else {
            continue;
        };
        one.verdict = requirement.verdict(target.number);
        one.figure = in_words::target(indicator, &target);
    }
    held.sort_by_key(|one| one.verdict);
    held
}

/// What forbids another target of an indicator: a demand that the target in force meets and the new one does not.
pub(super) fn forbidden(
    plan: &Installed,
    indicator: &str,
    now: Option<Number>,
    wanted: Number,
) -> Option<String> {
    let broken = plan
        .requirements
        .iter()
        .filter(|one| one.of_target(indicator))
        .find(|one| one.verdict(Some(wanted)) == Verdict::Short && one.verdict(now) != Verdict::Short)?;
    Some(format!(
        "{}要求{}（{}），目标不能定在{wanted}。",
        plan.demanded_by(broken),
        plan.demanded(broken),
        broken.title
    ))
}

/// Projects and tasks that serve an indicator, each as often as it has stages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Serving {
    /// The stage or task.
    pub id: String,
    /// What is done.
    pub what: String,
    /// Whether it is a task, and not a stage of a project.
    pub task: bool,
    /// How it stands.
    pub state: StageState,
}

/// What serves an indicator, in the order of the text.
///
/// # Errors
/// The database.
pub async fn serving(
    office: &Office,
    reader: &Granted<ReadPlan>,
    plan: &Installed,
    indicator: &str,
) -> Result<Vec<Serving>, OfficeError> {
    let serves = |ids: &[catalogue::Reference]| ids.iter().any(|id| *id == *indicator);
    let projects: Vec<&str> =
        plan.projects.iter().filter(|one| serves(&one.serves)).map(|one| one.id.as_str()).collect();
    let tasks: Vec<&str> =
        plan.tasks.iter().filter(|one| serves(&one.serves)).map(|one| one.id.as_str()).collect();
    let of = |stage: Stage, task| Serving { id: stage.id, what: stage.what, task, state: stage.state };
    let mut serving = Vec::new();
    if !projects.is_empty() {
        let all = stages::stages(office, reader, plan).await?.into_iter();
        serving.extend(all.filter(|one| projects.contains(&one.project.as_str())).map(|one| of(one, false)));
    }
    if !tasks.is_empty() {
        let all = charges::tasks(office, reader, plan).await?.into_iter().map(|one| one.stage);
        serving.extend(all.filter(|one| tasks.contains(&one.id.as_str())).map(|one| of(one, true)));
    }
    Ok(serving)
}

/// The indicators that a stage, its project or a task serves, with their names.
#[must_use]
pub fn served(plan: &Installed, entry: &str, project: &str) -> Vec<(String, String)> {
    let projects = plan.projects.iter().filter(|one| one.id == *project).flat_map(|one| &one.serves);
    let tasks = plan.tasks.iter().filter(|one| one.id == *entry).flat_map(|one| &one.serves);
    projects
        .chain(tasks)
        .filter_map(|id| plan.indicator(id))
        .map(|one| (one.id.get().clone(), one.name.clone()))
        .collect()
}
