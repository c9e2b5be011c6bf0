//! The released part of the plan: what everybody may read, as a page and as open data. A person with the right decides entry by entry; what is not released is not
//! there. Of an indicator the promise, the newest number of the whole place and the judgement are public; of a project what, where, until when and how it stands; of
//! a task what and how it stands. No county's numbers, no notes, no names of staff.

use std::collections::HashSet;

use catalogue::Number;
use catalogue::definition::PlanIndicator;
use serde::Serialize;
use serde_json::{Value, json};
use store::{AuditEntry, Query};
use vocab::{Month, Now};

use super::judge::METHOD;
use super::known::known;
use super::sheet::{cells, columns};
use super::stages::{Stage, standing_stages};
use super::{EVERYBODYS, Installed, charges, demanded, in_words, installed};
use crate::access::{Granted, ReadPlan, ReleasePlan};
use crate::tabular::{ListCell, ListColumn, ListFormat, ListWriter};
use crate::{Office, OfficeError, audited, divisions};

/// What may be released: an entry and its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Releasable {
    /// The entry of the plan.
    pub entry: String,
    /// What it is called.
    pub title: String,
    /// Whether it is public now.
    pub released: bool,
}

/// Everything that may be released, with what is: indicators, then projects and their stages, then tasks.
#[derive(Debug, Clone)]
pub struct Released {
    /// The plan.
    pub plan: Installed,
    /// Indicators.
    pub indicators: Vec<Releasable>,
    /// Projects and stages.
    pub projects: Vec<Releasable>,
    /// Tasks.
    pub tasks: Vec<Releasable>,
    /// The last decision: who and when.
    pub last: Option<(String, Now)>,
}

async fn entries(office: &Office, plan: &Installed) -> Result<HashSet<String>, OfficeError> {
    let entries: Vec<String> = Query::system(
        "what is released is for everybody",
        "SELECT p.entry FROM plan_public p WHERE p.plan = ? AND p.withdrawn_at IS NULL",
    )
    .bind(plan.id())
    .scalars(office.db())
    .await?;
    Ok(entries.into_iter().collect())
}

/// What may be released and what is, for the plan's own office and those above it.
///
/// # Errors
/// [`OfficeError::NotFound`]; the database.
pub async fn released(office: &Office, actor: &Granted<ReadPlan>) -> Result<Released, OfficeError> {
    let plan = demanded(office).await?;
    divisions::within(office.db(), actor.division, plan.home.id).await?;
    let public = entries(office, &plan).await?;
    let one = |entry: &str, title: String| Releasable {
        released: public.contains(entry),
        entry: entry.to_owned(),
        title,
    };
    let indicators = plan
        .indicators
        .iter()
        .filter(|indicator| !indicator.is_history())
        .map(|indicator| one(&indicator.id, indicator.name.clone()))
        .collect();
    let mut projects = Vec::new();
    for project in &plan.projects {
        if project.milestones.is_empty() {
            projects.push(one(&project.id, project.name.clone()));
        }
        for stage in &project.milestones {
            let id = stage.id.as_ref().unwrap_or(&project.id);
            projects.push(one(id, format!("{}：{}", project.name, stage.what)));
        }
    }
    let tasks = plan.tasks.iter().map(|task| one(&task.id, task.name.clone())).collect();
    let last = Query::system(
        EVERYBODYS,
        "SELECT s.name, p.at FROM (SELECT released_by AS who, released_at AS at FROM plan_public WHERE plan = ? \
         UNION ALL SELECT withdrawn_by, withdrawn_at FROM plan_public WHERE plan = ? AND withdrawn_at IS NOT NULL) p \
         JOIN staff s ON s.id = p.who ORDER BY p.at DESC LIMIT 1",
    )
    .bind(plan.id())
    .bind(plan.id())
    .optional_as(office.db(), |row| Ok((row.get("name")?, Now::from_unix_ms(row.get("at")?))))
    .await?;
    Ok(Released { plan, indicators, projects, tasks, last })
}

impl Released {
    /// Every entry of the three lists.
    pub fn all(&self) -> impl Iterator<Item = &Releasable> {
        self.indicators.iter().chain(&self.projects).chain(&self.tasks)
    }
}

/// Decides what is public from now on: these entries and no others. Says how many were released and how many taken back.
///
/// # Errors
/// [`OfficeError::NotFound`] for an entry that cannot be released, and outside the plan's place.
pub async fn release(
    office: &Office,
    actor: &Granted<ReleasePlan>,
    reader: &Granted<ReadPlan>,
    chosen: &[&str],
) -> Result<(usize, usize), OfficeError> {
    let all = released(office, reader).await?;
    let known: Vec<&Releasable> = all.all().collect();
    if chosen.iter().any(|entry| known.iter().all(|one| one.entry != *entry)) {
        return Err(OfficeError::NotFound("规划里的这一条"));
    }
    let (mut given, mut taken) = (Vec::new(), Vec::new());
    for one in &known {
        match (one.released, chosen.contains(&one.entry.as_str())) {
            (false, true) => given.push(one.entry.as_str()),
            (true, false) => taken.push(one.entry.as_str()),
            _ => {}
        }
    }
    given.sort_unstable();
    given.dedup();
    let at = office.now().at_ms();
    let home = all.plan.home.id;
    let tx = office.db().begin().await?;
    for entry in &given {
        Query::system(
            EVERYBODYS,
            "INSERT INTO plan_public (plan, entry, released_by, released_at) VALUES (?, ?, ?, ?)",
        )
        .bind(all.plan.id())
        .bind(*entry)
        .bind(actor.staff)
        .bind(at)
        .execute(&tx)
        .await?;
    }
    for entry in &taken {
        Query::system(
            EVERYBODYS,
            "UPDATE plan_public SET withdrawn_by = ?, withdrawn_at = ? WHERE plan = ? AND entry = ? AND withdrawn_at IS NULL",
        )
        .bind(actor.staff)
        .bind(at)
        .bind(all.plan.id())
        .bind(*entry)
        .execute(&tx)
        .await?;
    }
    for (action, entries) in [("plan.released", &given), ("plan.withdrawn", &taken)] {
        if !entries.is_empty() {
            tx.audit(AuditEntry {
                division: Some(home),
                details: json!({ "entries": entries }),
                ..audited(at, actor.audit(), action, ("division", home.0))
            })
            .await?;
        }
    }
    tx.commit().await?;
    Ok((given.len(), taken.len()))
}

/// A public indicator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PublicIndicator {
    /// Its id.
    pub id: String,
    /// Name.
    pub name: String,
    /// 约束性, 预期性, 未注明.
    pub kind: String,
    /// Category, field of work or chapter; empty where the plan prints none.
    pub category: String,
    /// Unit; empty where none is printed.
    pub unit: String,
    /// Baseline in words.
    pub baseline: String,
    /// Target in words.
    pub target: String,
    /// The target as a number.
    pub target_number: Option<Number>,
    /// Month in whose end it is due.
    pub due: Month,
    /// Newest number of the whole place.
    pub value: Option<Number>,
    /// Its month.
    pub month: Option<Month>,
    /// How it stands.
    pub standing: String,
    /// The words of the plan.
    pub source: String,
}

/// A public project or stage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PublicProject {
    /// Its id.
    pub id: String,
    /// What.
    pub name: String,
    /// Field of work or chapter; empty where the plan prints none.
    pub category: String,
    /// Until when, in words.
    pub due: String,
    /// Where.
    pub places: String,
    /// How much.
    pub quantity: String,
    /// How it stands.
    pub state: String,
    /// The words of the plan.
    pub source: String,
}

/// A public task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PublicTask {
    /// Its id.
    pub id: String,
    /// What.
    pub name: String,
    /// Field of work or chapter; empty where the plan prints none.
    pub category: String,
    /// How it stands.
    pub state: String,
    /// The words of the plan.
    pub source: String,
}

/// What everybody may read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PublicPlan {
    /// Name of the plan.
    pub plan: String,
    /// The place.
    pub place: String,
    /// First year.
    pub from: u16,
    /// Last year.
    pub until: u16,
    /// Who issued it; empty where the text does not say.
    pub issuer: String,
    /// The month of the judgement.
    pub as_of: Month,
    /// Whether everything in it is made up.
    pub synthetic: bool,
    /// How it is judged.
    pub method: Vec<String>,
    /// Released indicators, chapter by chapter in the plan's order.
    pub indicators: Vec<PublicIndicator>,
    /// Released projects and stages, the same.
    pub projects: Vec<PublicProject>,
    /// Released tasks, the same.
    pub tasks: Vec<PublicTask>,
}

/// Where the plan speaks of an indicator.
fn chapter(one: &PlanIndicator) -> &str {
    one.category.as_ref().or(one.domain.as_ref()).or(one.section.as_ref()).map_or("", String::as_str)
}

/// The chapters in the order in which the plan first speaks of them, by its indicators, then by its projects and its tasks.
fn chapters(plan: &Installed) -> Vec<&str> {
    fn heading<'a>(domain: &'a Option<String>, section: &'a Option<String>) -> &'a str {
        domain.as_ref().or(section.as_ref()).map_or("", String::as_str)
    }
    let promised = plan.indicators.iter().filter(|one| !one.is_history());
    let all = promised
        .map(|one| chapter(one))
        .chain(plan.projects.iter().map(|one| heading(&one.domain, &one.section)))
        .chain(plan.tasks.iter().map(|one| heading(&one.domain, &one.section)));
    let mut order = Vec::new();
    for chapter in all {
        if !order.contains(&chapter) {
            order.push(chapter);
        }
    }
    order
}

/// The released part of the plan in force, for anybody; none where there is no plan.
///
/// # Errors
/// The database.
pub async fn public(office: &Office) -> Result<Option<PublicPlan>, OfficeError> {
    let Some(plan) = installed(office).await? else { return Ok(None) };
    let public = entries(office, &plan).await?;
    let as_of = Month::containing(office.now().today());
    let known = known(office, &plan).await?;
    let order = chapters(&plan);
    let place = |chapter: &str| order.iter().position(|known| *known == chapter);
    let mut indicators: Vec<PublicIndicator> = plan
        .indicators
        .iter()
        .filter(|one| !one.is_history() && public.contains(one.id.as_str()))
        .map(|one| {
            let (target, judged) = known.judged(&plan, one, as_of);
            PublicIndicator {
                id: one.id.get().clone(),
                name: one.name.clone(),
                kind: one.kind.title().to_owned(),
                category: chapter(one).to_owned(),
                unit: one.unit.clone().unwrap_or_default(),
                baseline: in_words::printed(one.baseline.as_ref(), one),
                target: in_words::target(one, &target),
                target_number: target.number,
                due: target.due,
                value: judged.latest.map(|point| point.number),
                month: judged.latest.map(|point| point.month),
                standing: judged.standing.title().to_owned(),
                source: one.row.as_ref().unwrap_or(&one.source).to_string(),
            }
        })
        .collect();
    indicators.sort_by_key(|one| place(&one.category));
    let charges = charges::in_force(office, &plan).await?;
    let released = standing_stages(office, &plan, &charges).await?.into_iter();
    let (tasks, projects): (Vec<Stage>, Vec<Stage>) = released
        .filter(|stage| public.contains(&stage.id))
        .partition(|stage| plan.tasks.iter().any(|task| task.id == *stage.id));
    let mut projects: Vec<PublicProject> = projects
        .into_iter()
        .map(|stage| PublicProject {
            due: match stage.due.filter(|_| stage.moved) {
                Some(due) => format!("{}（已调整）", due.zh()),
                None => stage.due_words,
            },
            id: stage.id,
            name: stage.what,
            category: stage.domain.or(stage.section).unwrap_or_default(),
            places: stage.places,
            quantity: stage.quantity,
            state: stage.state.title().to_owned(),
            source: stage.source,
        })
        .collect();
    projects.sort_by_key(|one| place(&one.category));
    let mut tasks: Vec<PublicTask> = tasks
        .into_iter()
        .map(|task| PublicTask {
            id: task.id,
            name: task.what,
            category: task.domain.or(task.section).unwrap_or_default(),
            state: task.state.title().to_owned(),
            source: task.source,
        })
        .collect();
    tasks.sort_by_key(|one| place(&one.category));
    Ok(Some(PublicPlan {
        plan: plan.plan.name.clone(),
        place: plan.home.name.clone(),
        from: plan.plan.from,
        until: plan.plan.until,
        issuer: plan.plan.issuer.clone().unwrap_or_default(),
        as_of,
        synthetic: office.db().synthetic(),
        method: METHOD.map(str::to_owned).into(),
        indicators,
        projects,
        tasks,
    }))
}

/// Columns of the open data as CSV, in their order: as the schema names them.
pub const CSV_COLUMNS: [&str; 13] = [
    "id",
    "name",
    "kind",
    "category",
    "unit",
    "baseline",
    "target",
    "target_number",
    "due",
    "value",
    "month",
    "standing",
    "source",
];

/// The released indicators as CSV: UTF-8 with mark, comma, CRLF.
///
/// # Errors
/// The writer's.
pub fn csv(plan: &PublicPlan) -> Result<Vec<u8>, OfficeError> {
    let columns: Vec<ListColumn> = CSV_COLUMNS.iter().map(|title| ListColumn::new(title, 20)).collect();
    let mut list = ListWriter::new(ListFormat::Csv, "plan", None, &columns)?;
    let text = ListCell::words;
    let number = |number: Option<Number>| text(&number.map(|number| number.to_string()).unwrap_or_default());
    for one in &plan.indicators {
        list.row(&[
            text(&one.id),
            text(&one.name),
            text(&one.kind),
            text(&one.category),
            text(&one.unit),
            text(&one.baseline),
            text(&one.target),
            number(one.target_number),
            ListCell::Month(one.due),
            number(one.value),
            ListCell::from(one.month),
            text(&one.standing),
            text(&one.source),
        ])?;
    }
    Ok(list.finish()?)
}

/// The released indicators, projects and tasks as an Excel file for people: what the page says, with the words of the plan.
///
/// # Errors
/// The writer's.
pub fn excel(plan: &PublicPlan) -> Result<Vec<u8>, OfficeError> {
    let heads = columns(&[
        ("指标", 40),
        ("性质", 10),
        ("章节、领域", 22),
        ("单位", 12),
        ("基期值", 18),
        ("目标值", 18),
        ("完成时间", 12),
        ("最近的数", 12),
        ("月份", 12),
        ("判断", 14),
        ("规划原文", 60),
    ]);
    let title = format!("{}：指标（按{}的情况判断）", plan.plan, plan.as_of.zh());
    let mut list = ListWriter::new(ListFormat::Excel, "指标", Some(&title), &heads)?;
    for one in &plan.indicators {
        list.row(&cells([
            one.name.clone(),
            one.kind.clone(),
            one.category.clone(),
            one.unit.clone(),
            one.baseline.clone(),
            one.target.clone(),
            one.due.zh(),
            one.value.map(|value| value.to_string()).unwrap_or_default(),
            one.month.map(Month::zh).unwrap_or_default(),
            one.standing.clone(),
            one.source.clone(),
        ]))?;
    }
    let heads = columns(&[
        ("项目、节点", 50),
        ("章节、领域", 22),
        ("完成时间", 16),
        ("地方", 36),
        ("数量", 14),
        ("状态", 14),
        ("规划原文", 60),
    ]);
    let title = format!("{}：项目和节点", plan.plan);
    list.next_list("项目", Some(&title), &heads)?;
    for one in &plan.projects {
        list.row(&cells([
            one.name.clone(),
            one.category.clone(),
            one.due.clone(),
            one.places.clone(),
            one.quantity.clone(),
            one.state.clone(),
            one.source.clone(),
        ]))?;
    }
    let heads = columns(&[("任务", 50), ("章节、领域", 22), ("状态", 14), ("规划原文", 60)]);
    let title = format!("{}：任务", plan.plan);
    list.next_list("任务", Some(&title), &heads)?;
    for one in &plan.tasks {
        let cell = [&one.name, &one.category, &one.state, &one.source];
        list.row(&cells(cell.map(String::clone)))?;
    }
    Ok(list.finish()?)
}

/// JSON Schema (2020-12) of what [`PublicPlan`] writes.
#[must_use]
pub fn schema() -> Value {
    let text = |title: &str| json!({ "type": "string", "title": title });
    let number = |title: &str| json!({ "type": ["string", "null"], "pattern": "^-?[0-9]+(\\.[0-9]{1,6})?$", "title": title });
    let month = |title: &str, optional: bool| json!({ "type": if optional { json!(["string", "null"]) } else { json!("string") }, "pattern": "^[0-9]{4}-[0-9]{2}$", "title": title });
    let object = |properties: Value| {
        let required: Vec<String> =
            properties.as_object().map(|all| all.keys().cloned().collect()).unwrap_or_default();
        json!({ "type": "object", "properties": properties, "required": required, "additionalProperties": false })
    };
    let indicator = object(json!({
        "id": text("编号"), "name": text("指标"), "kind": text("性质：约束性、预期性、未注明"), "category": text("章节、领域"), "unit": text("单位"),
        "baseline": text("基期值，照规划印出的写"), "target": text("目标值，照规划印出的写"), "target_number": number("目标值"), "due": month("完成月份", false),
        "value": number("最近的数"), "month": month("最近的数的月份", true), "standing": text("判断"), "source": text("规划原文"),
    }));
    let project = object(json!({
        "id": text("编号"), "name": text("项目、节点"), "category": text("章节、领域"), "due": text("完成时间"), "places": text("地方"), "quantity": text("数量"),
        "state": text("状态"), "source": text("规划原文"),
    }));
    let task = object(json!({
        "id": text("编号"), "name": text("任务"), "category": text("章节、领域"), "state": text("状态"), "source": text("规划原文"),
    }));
    let mut schema = object(json!({
        "plan": text("规划名称"), "place": text("地方"), "from": { "type": "integer", "title": "首年" }, "until": { "type": "integer", "title": "末年" },
        "issuer": text("印发机关"), "as_of": month("判断的月份", false), "synthetic": { "type": "boolean", "title": "是否演示数据" },
        "method": { "type": "array", "items": text("评价方法") },
        "indicators": { "type": "array", "items": indicator }, "projects": { "type": "array", "items": project },
        "tasks": { "type": "array", "items": task },
    }));
    schema["$schema"] = json!("https://json-schema.org/draft/2020-12/schema");
    schema["title"] = json!("规划公开数据");
    schema
}
