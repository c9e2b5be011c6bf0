//! What becomes of projects: each printed stage with its year, places and quantity, begun, moved, finished.

use std::collections::HashMap;

use catalogue::definition::{PlanFigure, PlanMilestone, PlanProject};
use serde_json::json;
use store::{AuditEntry, DivisionId, Query, Scope};
use vocab::{Month, Now};

use super::charges::{self, Charge};
use super::in_words::is_bare;
use super::{Installed, PLAN, demanded, words};
use crate::access::{Granted, ReadPlan, ReportPlan};
use crate::casework::{AttachmentId, attachments, drafts};
use crate::{Office, OfficeError, audited, divisions};

/// How a stage stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StageState {
    /// Its date is past and nobody has said that it is finished.
    Late,
    /// Begun.
    UnderWay,
    /// Not begun; its date is to come.
    Planned,
    /// Not begun, and without a date.
    NoDate,
    /// Finished.
    Finished,
}

impl StageState {
    /// All of them, the worrying ones first.
    pub const ALL: [StageState; 5] = [
        StageState::Late,
        StageState::UnderWay,
        StageState::Planned,
        StageState::NoDate,
        StageState::Finished,
    ];

    /// The Chinese name.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            StageState::Late => "到期未报完成",
            StageState::UnderWay => "实施中",
            StageState::Planned => "未开始",
            StageState::NoDate => "未定时间",
            StageState::Finished => "已完成",
        }
    }

    /// How addresses spell it.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            StageState::Late => "late",
            StageState::UnderWay => "under_way",
            StageState::Planned => "planned",
            StageState::NoDate => "no_date",
            StageState::Finished => "finished",
        }
    }
}

/// What somebody notes of a stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StageDeed {
    /// It has begun.
    Started,
    /// It is due in another month.
    Moved,
    /// It is finished.
    Finished,
    /// It is not finished after all.
    Reopened,
}

impl StageDeed {
    /// All of them.
    pub const ALL: [StageDeed; 4] =
        [StageDeed::Started, StageDeed::Moved, StageDeed::Finished, StageDeed::Reopened];

    /// How forms and the database spell it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            StageDeed::Started => "started",
            StageDeed::Moved => "moved",
            StageDeed::Finished => "finished",
            StageDeed::Reopened => "reopened",
        }
    }

    /// The Chinese name.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            StageDeed::Started => "已开始实施",
            StageDeed::Moved => "调整完成时间",
            StageDeed::Finished => "已完成",
            StageDeed::Reopened => "撤销完成，继续实施",
        }
    }

    /// Reads what a form sent.
    #[must_use]
    pub fn read(text: &str) -> Option<StageDeed> {
        Self::ALL.into_iter().find(|deed| deed.as_str() == text)
    }
}

/// A photo or document of a note.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StageFile {
    /// The file.
    pub id: AttachmentId,
    /// Its name as uploaded.
    pub name: String,
    /// Its media type.
    pub mime: String,
}

/// A note of a stage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StageNote {
    /// Its id.
    pub id: i64,
    /// The place.
    pub division: DivisionId,
    /// Its name.
    pub division_name: String,
    /// Whether the office of the whole place noted it, or the one in charge; another county speaks for its own part.
    pub whole: bool,
    /// What was done.
    pub deed: StageDeed,
    /// The month to which it was moved.
    pub due: Option<Month>,
    /// In words.
    pub words: String,
    /// The document.
    pub document: Option<String>,
    /// Photos and documents that came with it.
    pub files: Vec<StageFile>,
    /// Who noted it.
    pub by: String,
    /// When.
    pub at: Now,
}

/// A stage with how it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stage {
    /// Its id, or the project's where the project is one stage.
    pub id: String,
    /// The project.
    pub project: String,
    /// What is done.
    pub what: String,
    /// Chapter or box.
    pub section: Option<String>,
    /// Field of work.
    pub domain: Option<String>,
    /// What sort of project, where the text says so.
    pub sort: Option<String>,
    /// The month in which it was begun, or the first one of the year in which the plan begins it.
    pub begins: Option<Month>,
    /// The month in whose end it is due, as printed or as moved.
    pub due: Option<Month>,
    /// Whether it was moved.
    pub moved: bool,
    /// When it is due, as printed.
    pub due_words: String,
    /// Where, with the number of each place.
    pub places: String,
    /// How much, with its unit.
    pub quantity: String,
    /// The words of the plan.
    pub source: String,
    /// How it stands.
    pub state: StageState,
    /// What was noted, the newest first.
    pub notes: Vec<StageNote>,
}

/// Every stage of the plan's projects in the order of the text, with the notes that the actor may see.
///
/// # Errors
/// The database.
pub async fn stages(
    office: &Office,
    actor: &Granted<ReadPlan>,
    plan: &Installed,
) -> Result<Vec<Stage>, OfficeError> {
    stages_as_of(office, actor, plan, Month::containing(office.now().today())).await
}

/// The same as it was known at the end of a month: notes of later months are left out, and what was due later was not late.
pub(super) async fn stages_as_of(
    office: &Office,
    actor: &Granted<ReadPlan>,
    plan: &Installed,
    month: Month,
) -> Result<Vec<Stage>, OfficeError> {
    let charges = charges::in_force(office, plan).await?;
    let mut all = notes(office, &Scope::Subtree(plan.home.id), plan).await?;
    for notes in all.values_mut() {
        notes.retain(|note| Month::containing(note.at.today()) <= month);
    }
    let mut stages = printed_stages(plan, &all, &charges, month);
    only_seen(&mut stages, &notes(office, &actor.scope(), plan).await?);
    Ok(stages)
}

/// How a stage stands is everybody's; the notes are for those who may see them.
fn only_seen(stages: &mut [Stage], seen: &Notes) {
    for stage in stages {
        let seen = seen.get(&stage.id).map_or(&[][..], Vec::as_slice);
        stage.notes.retain(|note| seen.iter().any(|one| one.id == note.id));
    }
}

type Notes = HashMap<String, Vec<StageNote>>;

fn printed_stages(
    plan: &Installed,
    notes: &Notes,
    charges: &HashMap<String, Charge>,
    today: Month,
) -> Vec<Stage> {
    let mut stages = Vec::new();
    for project in &plan.projects {
        if project.milestones.is_empty() {
            stages.push(whole(project));
        }
        for milestone in &project.milestones {
            stages.push(printed(project, milestone));
        }
    }
    for stage in &mut stages {
        let charge = charges.get(&stage.id).or_else(|| charges.get(&stage.project));
        let said = said(notes, &stage.id, charge);
        stand(stage, said, today);
    }
    stages
}

/// Every stage and task with how it stands, as everybody's notes together say: for the work of the night, which shows them to nobody.
pub(super) async fn standing_stages(
    office: &Office,
    plan: &Installed,
    charges: &HashMap<String, Charge>,
) -> Result<Vec<Stage>, OfficeError> {
    let notes = notes(office, &Scope::Subtree(plan.home.id), plan).await?;
    let today = Month::containing(office.now().today());
    let mut stages = printed_stages(plan, &notes, charges, today);
    stages.extend(task_stages(plan, &notes, charges, today));
    Ok(stages)
}

/// Every task of the plan in the order of the text, as it was known at the end of a month; a task is due when whoever is in charge has to be done.
pub(super) async fn tasks_as_of(
    office: &Office,
    actor: &Granted<ReadPlan>,
    plan: &Installed,
    charges: &HashMap<String, Charge>,
    month: Month,
) -> Result<Vec<Stage>, OfficeError> {
    let mut all = notes(office, &Scope::Subtree(plan.home.id), plan).await?;
    for notes in all.values_mut() {
        notes.retain(|note| Month::containing(note.at.today()) <= month);
    }
    let mut stages = task_stages(plan, &all, charges, month);
    only_seen(&mut stages, &notes(office, &actor.scope(), plan).await?);
    Ok(stages)
}

fn task_stages(
    plan: &Installed,
    notes: &Notes,
    charges: &HashMap<String, Charge>,
    today: Month,
) -> Vec<Stage> {
    let stages = plan.tasks.iter().map(|task| {
        let charge = charges.get(task.id.as_str());
        let due = charge.and_then(|charge| charge.due);
        let there = task.status.as_deref() == Some("已有");
        let mut stage = Stage {
            id: task.id.get().clone(),
            project: task.id.get().clone(),
            what: task.name.clone(),
            section: task.section.clone(),
            domain: task.domain.clone(),
            sort: None,
            begins: None,
            due,
            moved: false,
            due_words: due.map(Month::zh).unwrap_or_default(),
            places: String::new(),
            quantity: String::new(),
            source: task.source.get().clone(),
            state: if there { StageState::Finished } else { StageState::NoDate },
            notes: Vec::new(),
        };
        let said = said(notes, &stage.id, charge);
        stand(&mut stage, said, today);
        stage
    });
    stages.collect()
}

fn january(year: Option<u16>) -> Option<Month> {
    Month::new(i32::from(year?), 1).ok()
}

fn december(year: Option<u16>) -> Option<Month> {
    Month::new(i32::from(year?), 12).ok()
}

/// The month in whose end a printed year is over; of 2025年前 the year before, as an indicator of the same words is read.
fn due(year: Option<u16>, words: Option<&str>) -> Option<Month> {
    let before = year.zip(words).is_some_and(|(year, words)| words == format!("{year}年前"));
    december(year.map(|year| year - u16::from(before)))
}

/// How much, with its unit where the print leaves it out.
fn quantity(figure: Option<&PlanFigure>, unit: Option<&String>) -> String {
    let Some(figure) = figure else { return String::new() };
    let words = figure.words();
    match unit {
        Some(unit) if is_bare(&words) => format!("{words}{unit}"),
        _ => words,
    }
}

fn whole(project: &PlanProject) -> Stage {
    let years = match (project.from_year, project.year) {
        (Some(from), Some(until)) => format!("{from}—{until}年"),
        (_, Some(year)) => format!("{year}年"),
        (_, None) if project.yearly => "每年".to_owned(),
        (_, None) => String::new(),
    };
    Stage {
        id: project.id.get().clone(),
        project: project.id.get().clone(),
        what: project.name.clone(),
        section: project.section.clone(),
        domain: project.domain.clone(),
        sort: project.sort.clone(),
        begins: january(project.from_year),
        due: due(project.year, project.due.as_deref()),
        moved: false,
        due_words: project.due.clone().unwrap_or(years),
        places: project.places.join("、"),
        quantity: quantity(project.quantity.as_ref(), project.unit.as_ref()),
        source: project.source.get().clone(),
        state: if project.status.as_deref() == Some("已完成") {
            StageState::Finished
        } else {
            StageState::NoDate
        },
        notes: Vec::new(),
    }
}

fn printed(project: &PlanProject, milestone: &PlanMilestone) -> Stage {
    let share =
        |share: &catalogue::definition::PlanShare| format!("{}各{}", share.places.join("、"), share.each);
    let places = if milestone.shares.is_empty() {
        milestone.places.join("、")
    } else {
        milestone.shares.iter().map(share).collect::<Vec<_>>().join("；")
    };
    let what = if milestone.what == project.name {
        milestone.what.clone()
    } else {
        format!("{}：{}", project.name, milestone.what)
    };
    let percent = milestone.percent.map(|percent| format!("{percent}%"));
    let quantity = quantity(milestone.quantity.as_ref(), milestone.unit.as_ref());
    Stage {
        id: milestone.id.as_ref().unwrap_or(&project.id).to_string(),
        project: project.id.get().clone(),
        what,
        section: project.section.clone(),
        domain: project.domain.clone(),
        sort: project.sort.clone(),
        begins: january(project.from_year),
        due: due(milestone.year, milestone.due.as_deref()),
        moved: false,
        due_words: milestone
            .due
            .clone()
            .or(milestone.year.map(|year| format!("{year}年")))
            .unwrap_or_default(),
        places,
        quantity: if quantity.is_empty() { percent.unwrap_or_default() } else { quantity },
        source: milestone.row.as_ref().unwrap_or(&milestone.source).to_string(),
        state: StageState::NoDate,
        notes: Vec::new(),
    }
}

/// What was noted of a stage; whoever is in charge speaks for the whole of it.
fn said(notes: &Notes, stage: &str, charge: Option<&Charge>) -> Vec<StageNote> {
    let mut notes = notes.get(stage).cloned().unwrap_or_default();
    for note in &mut notes {
        note.whole = note.whole || charge.is_some_and(|charge| charge.division == note.division);
    }
    notes
}

/// How a stage stands after what was noted, which comes oldest first. Counties note for their own part; the stage is what the office of the whole
/// place says last.
fn stand(stage: &mut Stage, mut notes: Vec<StageNote>, today: Month) {
    if let Some(due) = notes.iter().rev().filter(|note| note.whole).find_map(|note| note.due) {
        (stage.due, stage.moved) = (Some(due), true);
    }
    if let Some(note) = notes.iter().find(|note| note.deed == StageDeed::Started) {
        stage.begins = Some(Month::containing(note.at.today()));
    }
    let begun = notes.iter().find(|note| note.deed != StageDeed::Moved).map(|_| StageDeed::Started);
    let mut own = notes.iter().rev().filter(|note| note.whole && note.deed != StageDeed::Moved);
    let last = own.next().map(|note| note.deed).or(begun);
    let past = stage.due.is_some_and(|due| due < today);
    stage.state = match last {
        Some(StageDeed::Finished) => StageState::Finished,
        None if stage.state == StageState::Finished => StageState::Finished,
        _ if past => StageState::Late,
        Some(_) => StageState::UnderWay,
        None if stage.due.is_some() => StageState::Planned,
        None => StageState::NoDate,
    };
    notes.reverse();
    stage.notes = notes;
}

async fn notes(office: &Office, scope: &Scope, plan: &Installed) -> Result<Notes, OfficeError> {
    let rows = Query::new(
        scope,
        &PLAN,
        "SELECT v.id, v.stage, v.division_id, d.name AS division_name, v.deed, v.due_month, v.words, v.document, s.name AS noted_by_name, v.noted_at \
         FROM plan_stage_note v JOIN division d ON d.id = v.division_id JOIN staff s ON s.id = v.noted_by WHERE {scope} AND v.plan = ? ORDER BY v.id",
    )
    .bind(plan.id())
    .all(office.db())
    .await?;
    let mut notes = Notes::new();
    for row in rows {
        let deed = StageDeed::read(&row.get::<String>("deed")?).unwrap_or(StageDeed::Started);
        notes.entry(row.get("stage")?).or_default().push(StageNote {
            id: row.get("id")?,
            division: row.get("division_id")?,
            division_name: row.get("division_name")?,
            whole: row.get::<DivisionId>("division_id")? == plan.home.id,
            deed,
            due: row.get("due_month")?,
            words: row.get("words")?,
            document: row.get("document")?,
            files: Vec::new(),
            by: row.get("noted_by_name")?,
            at: Now::from_unix_ms(row.get("noted_at")?),
        });
    }
    Ok(notes)
}

/// How the table of files names a note as an owner.
fn owner(note: i64) -> String {
    format!("plan_stage_note:{note}")
}

/// Puts the files of their notes beside stages that the reader sees.
///
/// # Errors
/// The database.
pub async fn with_files(office: &Office, stages: &mut [Stage]) -> Result<(), OfficeError> {
    let owners: Vec<String> =
        stages.iter().flat_map(|stage| &stage.notes).map(|note| owner(note.id)).collect();
    let mut files: HashMap<String, Vec<StageFile>> = HashMap::new();
    // A database takes only so many values in one statement.
    for owners in owners.chunks(500) {
        for (owner, file) in attachments::given(office.db(), owners).await? {
            let file = StageFile { id: file.id, name: file.name, mime: file.mime };
            files.entry(owner).or_default().push(file);
        }
    }
    for note in stages.iter_mut().flat_map(|stage| &mut stage.notes) {
        note.files = files.remove(&owner(note.id)).unwrap_or_default();
    }
    Ok(())
}

/// A file of a note that the reader may see, with its content. The reading is audited.
///
/// # Errors
/// [`OfficeError::NotFound`] for a file of no note, of another stage's or of an office whose notes the reader does not see.
pub async fn file(
    office: &Office,
    reader: &Granted<ReadPlan>,
    stage: &str,
    id: AttachmentId,
) -> Result<(StageFile, Vec<u8>), OfficeError> {
    let missing = || OfficeError::NotFound("这个文件");
    let plan = demanded(office).await?;
    let (owner, file, content) = attachments::taken(office, id).await?;
    let note: i64 =
        owner.strip_prefix("plan_stage_note:").and_then(|note| note.parse().ok()).ok_or_else(missing)?;
    let sql = "SELECT v.division_id FROM plan_stage_note v WHERE {scope} AND v.plan = ? AND v.stage = ? AND v.id = ?";
    let seen = Query::new(&reader.scope(), &PLAN, sql).bind(plan.id()).bind(stage).bind(note);
    let division: DivisionId = seen.optional(office.db()).await?.ok_or_else(missing)?.get("division_id")?;
    let entry = AuditEntry {
        division: Some(division),
        details: json!({ "stage": stage }),
        ..audited(office.now().at_ms(), reader.audit(), "plan.file_opened", ("attachment", id.0))
    };
    office.db().audit_read(entry).await?;
    Ok((StageFile { id, name: file.name, mime: file.mime }, content))
}

/// What somebody notes.
#[derive(Debug, Clone, Copy)]
pub struct Noted<'a> {
    /// The stage.
    pub stage: &'a str,
    /// What.
    pub deed: StageDeed,
    /// The month to which it is moved.
    pub due: Option<Month>,
    /// In words.
    pub words: &'a str,
    /// The document: always for a move.
    pub document: &'a str,
    /// Photos and documents that the actor uploaded.
    pub files: &'a [AttachmentId],
}

/// Notes what becomes of a stage, for the actor's own division.
///
/// # Errors
/// [`OfficeError::Invalid`] without words, or without month and document for a move; [`OfficeError::NotFound`] for a stage that is not in the plan and for
/// an office that is neither the plan's nor below it.
pub async fn note(office: &Office, actor: &Granted<ReportPlan>, noted: Noted<'_>) -> Result<(), OfficeError> {
    let plan = demanded(office).await?;
    divisions::within(office.db(), plan.home.id, actor.division).await?;
    let known = plan.projects.iter().any(|project| {
        let mut milestones = project.milestones.iter();
        project.id == *noted.stage
            || milestones.any(|one| one.id.as_ref().is_some_and(|id| *id == *noted.stage))
    });
    if !known && !plan.tasks.iter().any(|task| task.id == *noted.stage) {
        return Err(OfficeError::NotFound("这个项目节点"));
    }
    let text = words("words", noted.words, "请写明进展，例如开工、验收的时间和结果。", 1000)?;
    let document = noted.document.trim();
    if noted.deed == StageDeed::Moved {
        if noted.due.is_none() {
            return Err(OfficeError::invalid("due", "请填写调整后的完成月份，例如 2025-06。"));
        }
        if document.is_empty() {
            return Err(OfficeError::invalid("document", "调整完成时间要写明依据的文件。"));
        }
    }
    let document = if document.is_empty() { None } else { Some(words("document", document, "", 200)?) };
    let now = office.now();
    let tx = office.db().begin().await?;
    let id = Query::new(
        &actor.scope(),
        &PLAN,
        "INSERT INTO plan_stage_note (plan, stage, division_id, deed, due_month, words, document, noted_by, noted_at) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
    )
    .bind(plan.id())
    .bind(noted.stage)
    .bind(actor.division)
    .bind(noted.deed.as_str())
    .bind(noted.due.filter(|_| noted.deed == StageDeed::Moved))
    .bind(text)
    .bind(document)
    .bind(actor.staff)
    .bind(now.at_ms())
    .insert(&tx)
    .await?;
    let given = attachments::give(&tx, &drafts::owner_of(actor), noted.files, &owner(id)).await?;
    if given != u64::try_from(noted.files.len()).unwrap_or(u64::MAX) {
        return Err(OfficeError::invalid("files", "有文件没有上传成功，请重新选择。"));
    }
    tx.audit(AuditEntry {
        division: Some(actor.division),
        details: json!({ "stage": noted.stage, "deed": noted.deed.as_str(), "files": given }),
        ..audited(now.at_ms(), actor.audit(), "plan.stage_noted", ("plan_stage_note", id))
    })
    .await?;
    tx.commit().await?;
    Ok(())
}
