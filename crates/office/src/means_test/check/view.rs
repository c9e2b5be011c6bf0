//! What desks and families read of a check. A member's answers are shown in full to desks and to that member; of somebody outside the
//! family nothing is shown to the family.

use std::collections::{BTreeMap, BTreeSet};

use catalogue::Release;
use catalogue::definition::{AnswerKind, Ask, Dataset};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use store::{AuditEntry, CaseId, Connection, PersonId, Query};

use super::super::authorisation;
use super::super::report::{Line, Outcome};
use super::relatives::{self, RelativeView};
use super::{
    CHECK, CheckRequestId, Checked, ContradictionId, ContradictionState, Disputed, RequestState, answer,
    asked_about, checked, compare, fills, known, set_number,
};
use crate::access::{Citizen, Export, Granted, MeansTest, ReadCase, Right};
use crate::casework::lists::Sheet;
use crate::{Office, OfficeError, audited, business};

/// The parameter that says from how many points on a visit first is proposed.
const VISIT_POINTS: &str = "check_visit_points";

/// A value with whose it is, who says so and since when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShownValue {
    /// Of whom, or 全家.
    pub name: String,
    /// What it is.
    pub title: String,
    /// As people read it.
    pub shown: String,
    /// 家庭申报, or a department.
    pub source: String,
    /// The day from which it holds.
    pub on: NaiveDate,
    /// Of somebody outside the family.
    #[serde(default)]
    pub outside: bool,
}

/// A question and its answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AskView {
    /// Its id in the data set.
    pub id: String,
    /// As the department reads it.
    pub title: String,
    /// The form of the answer.
    pub kind: AnswerKind,
    /// Codes and titles of a band.
    pub choices: Vec<(String, String)>,
    /// The answer as people read it; none while there is none.
    pub shown: Option<String>,
}

impl AskView {
    /// A question without its answer.
    pub(super) fn unanswered(release: &Release, ask: &Ask) -> AskView {
        let list = ask.codelist.as_ref().and_then(|list| release.codelists.get(list.as_str()));
        let choices = list.map(|list| {
            list.values.iter().map(|code| (code.code.get().clone(), code.title.clone())).collect()
        });
        AskView {
            id: ask.id.get().clone(),
            title: ask.title.clone(),
            kind: ask.kind,
            choices: choices.unwrap_or_default(),
            shown: None,
        }
    }
}

/// One question about one person to one department.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestView {
    /// The question.
    pub id: CheckRequestId,
    /// Whom it is about.
    pub person: PersonId,
    /// Their name.
    pub name: String,
    /// Outside the family.
    pub outside: bool,
    /// Id of the data set.
    pub dataset: String,
    /// Its title.
    pub title: String,
    /// The department.
    pub department: String,
    /// How far it is.
    pub state: RequestState,
    /// When it was put.
    pub asked_on: NaiveDate,
    /// The last day; none where no limit is agreed.
    pub due_on: Option<NaiveDate>,
    /// Waits, and the last day has passed.
    pub overdue: bool,
    /// Answered after its last day.
    pub came_late: bool,
    /// The questions with their answers.
    pub asks: Vec<AskView>,
    /// The day of the data.
    pub as_of: Option<NaiveDate>,
    /// The last day on which the answer holds.
    pub valid_until: Option<NaiveDate>,
    /// That day has passed: ask again.
    pub expired: bool,
    /// Asked again after an objection.
    pub recheck: bool,
    /// Why it was refused or taken back.
    pub reason: Option<String>,
}

/// A question that was not put.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotAsked {
    /// About whom.
    pub name: String,
    /// Titles of the data sets.
    pub titles: Vec<String>,
    /// Nobody allows it.
    pub no_consent: bool,
}

/// What somebody said against a contradiction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectionView {
    /// Unix milliseconds.
    pub at: i64,
    /// What was said.
    pub words: String,
    /// Written down by an officer.
    pub by_officer: bool,
}

/// Something that does not fit together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContradictionView {
    /// It.
    pub id: ContradictionId,
    /// What it means.
    pub title: String,
    /// How far it is.
    pub state: ContradictionState,
    /// When it was found.
    pub found_on: NaiveDate,
    /// Found after the decision.
    pub after_decision: bool,
    /// When the family was told.
    pub told_on: Option<NaiveDate>,
    /// What was compared.
    pub values: Vec<ShownValue>,
    /// Objections, oldest first.
    pub objections: Vec<ObjectionView>,
    /// What became of it.
    pub words: Option<String>,
    /// The facts on which it turns; none once it is settled.
    pub disputed: Vec<Disputed>,
}

/// One indicator of the family's situation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScoreLine {
    /// What it means.
    pub title: String,
    /// Its points.
    pub points: u32,
    /// Whether it holds; none while it is unknown.
    pub holds: Option<bool>,
    /// What was read.
    pub values: Vec<ShownValue>,
}

/// The points of the family: whom to visit first, and nothing else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScoreView {
    /// Sum of the points that hold.
    pub points: u32,
    /// Points from which a visit first is proposed; none where the county set none.
    pub visit_from: Option<u16>,
    /// Indicators.
    pub lines: Vec<ScoreLine>,
}

impl ScoreView {
    /// A visit first is proposed.
    #[must_use]
    pub fn visit_first(&self) -> bool {
        self.visit_from.is_some_and(|from| self.points >= u32::from(from))
    }
}

/// A check as desks read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckView {
    /// Number of the case.
    pub number: String,
    /// Somebody asked for a test.
    pub requested: bool,
    /// Questions, newest last.
    pub requests: Vec<RequestView>,
    /// What was not asked.
    pub not_asked: Vec<NotAsked>,
    /// What does not fit.
    pub contradictions: Vec<ContradictionView>,
    /// Facts with what the family declared and what departments answered.
    pub facts: Vec<Disputed>,
    /// Points.
    pub score: ScoreView,
    /// Relatives outside the family.
    pub relatives: Vec<RelativeView>,
}

/// A check as the family reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FamilyCheck {
    /// Questions about members; answers only in the reader's own.
    pub requests: Vec<RequestView>,
    /// What does not fit.
    pub contradictions: Vec<ContradictionView>,
    /// Facts of the family and of the reader with what was declared and what departments answered.
    pub facts: Vec<Disputed>,
}

/// The check of a case, for a desk. Opening it stands in the audit.
///
/// # Errors
/// [`OfficeError::NotFound`] outside the scope.
pub async fn open(
    office: &Office,
    actor: &Granted<ReadCase>,
    case: CaseId,
) -> Result<CheckView, OfficeError> {
    let view = read(office, actor, case).await?;
    office
        .db()
        .audit_read(AuditEntry {
            case: Some(case),
            division: Some(actor.division),
            ..audited(office.now().at_ms(), actor.audit(), "means_test.check_opened", ("case", case.0))
        })
        .await?;
    Ok(view)
}

async fn read(office: &Office, actor: &Granted<ReadCase>, case: CaseId) -> Result<CheckView, OfficeError> {
    let now = office.now();
    business::demand_case(office, office.db(), actor, case).await?;
    let checked = checked(office.db(), &actor.scope(), case).await?;
    let requests = requests(office, office.db(), case, None).await?;
    Ok(CheckView {
        number: checked.number.clone(),
        requested: checked.request.is_some(),
        not_asked: not_asked(office, &checked, &requests).await?,
        requests,
        contradictions: contradictions(office, office.db(), &checked).await?,
        facts: fills::beside(office, office.db(), &checked, None).await?,
        score: score(office, &checked).await?,
        relatives: relatives::of_case(office.db(), case, now.today()).await?,
    })
}

fn ask_views(release: &Release, dataset: &Dataset, told: &answer::Told, state: RequestState) -> Vec<AskView> {
    dataset
        .asks
        .iter()
        .map(|ask| {
            let value = told.value(release, ask);
            let shown = match (value.is_known(), state) {
                (true, _) => Some(answer::shown(release, ask, &value)),
                (false, RequestState::NoRecord) => Some("没有记录".to_owned()),
                (false, _) => None,
            };
            AskView { shown, ..AskView::unanswered(release, ask) }
        })
        .collect()
}

/// The questions of a case; answers of one person only, when `own` is given.
pub(super) async fn requests(
    office: &Office,
    connection: &impl Connection,
    case: CaseId,
    own: Option<PersonId>,
) -> Result<Vec<RequestView>, OfficeError> {
    let release = office.release();
    let today = office.now().today();
    let rows = Query::system(
        CHECK,
        "SELECT r.id, r.person_id, p.name, r.relative_id, r.dataset, r.state, r.asked_on, r.due_on, r.valid_until, r.recheck_of, r.settled_reason \
         FROM check_request r JOIN person p ON p.id = r.person_id WHERE r.case_id = ? ORDER BY r.id LIMIT 2000",
    )
    .bind(case)
    .all(connection)
    .await?;
    let mut views = Vec::with_capacity(rows.len());
    for row in &rows {
        let id: CheckRequestId = row.get("id")?;
        let person: PersonId = row.get("person_id")?;
        let outside = row.get::<Option<i64>>("relative_id")?.is_some();
        if own.is_some() && outside {
            continue;
        }
        let state: RequestState = row.get("state")?;
        let dataset: String = row.get("dataset")?;
        let known = release.datasets.get(&dataset);
        let told = answer::told(office, connection, id).await?;
        let may_read = own.is_none_or(|own| own == person);
        let due_on: Option<NaiveDate> = row.get("due_on")?;
        let valid_until: Option<NaiveDate> = row.get("valid_until")?;
        let department = known.and_then(|dataset| release.departments.get(&dataset.department));
        views.push(RequestView {
            id,
            person,
            name: row.get("name")?,
            outside,
            state,
            title: known.map_or_else(|| dataset.clone(), |dataset| dataset.title.clone()),
            department: department.map(|department| department.title.clone()).unwrap_or_default(),
            asked_on: row.get("asked_on")?,
            due_on,
            overdue: state.is_open() && due_on.is_some_and(|due| due < today),
            came_late: told.late,
            asks: match known {
                Some(dataset) if may_read => ask_views(&release, dataset, &told, state),
                _ => Vec::new(),
            },
            dataset,
            as_of: told.as_of,
            valid_until,
            expired: valid_until.is_some_and(|until| until < today),
            recheck: row.get::<Option<i64>>("recheck_of")?.is_some(),
            reason: row.get("settled_reason")?,
        });
    }
    Ok(views)
}

/// One question with its case, for the desk that writes down the answer. Opening it stands in the audit.
///
/// # Errors
/// [`OfficeError::NotFound`] outside the scope.
pub async fn request_page(
    office: &Office,
    actor: &Granted<MeansTest>,
    id: CheckRequestId,
) -> Result<(CaseId, RequestView), OfficeError> {
    let row = answer::find(office, office.db(), actor, Right::MeansTest, id).await?;
    let views = requests(office, office.db(), row.case, None).await?;
    let view = views.into_iter().find(|view| view.id == id).ok_or(OfficeError::NotFound("这条询问"))?;
    office
        .db()
        .audit_read(AuditEntry {
            case: Some(row.case),
            division: Some(actor.division),
            ..audited(
                office.now().at_ms(),
                actor.audit(),
                "means_test.check_opened",
                ("person", row.person.0),
            )
        })
        .await?;
    Ok((row.case, view))
}

/// What was not put about whom: for want of consent, or because nobody has asked yet.
async fn not_asked(
    office: &Office,
    checked: &Checked,
    requests: &[RequestView],
) -> Result<Vec<NotAsked>, OfficeError> {
    let release = office.release();
    let today = office.now().today();
    let mut list = Vec::new();
    for person in asked_about(office.db(), checked).await? {
        let (mut forbidden, mut open) = (Vec::new(), Vec::new());
        for dataset in release.datasets.iter().filter(|dataset| dataset.always && !dataset.asks.is_empty()) {
            let id = dataset.id.as_str();
            if requests.iter().any(|request| request.person == person.person && request.dataset == id) {
                continue;
            }
            let consent = authorisation::in_force(office.db(), person.person, id, today).await?;
            if consent.is_some() { &mut open } else { &mut forbidden }.push(dataset.title.clone());
        }
        for (titles, no_consent) in [(forbidden, true), (open, false)] {
            if !titles.is_empty() {
                list.push(NotAsked { name: person.name.clone(), titles, no_consent });
            }
        }
    }
    Ok(list)
}

pub(super) async fn contradictions(
    office: &Office,
    connection: &impl Connection,
    checked: &Checked,
) -> Result<Vec<ContradictionView>, OfficeError> {
    let case = checked.case;
    let release = office.release();
    let persons = asked_about(connection, checked).await?;
    let rows = Query::system(
        CHECK,
        "SELECT k.id, k.rule, k.state, k.found_on, k.after_decision, k.told_at, k.settled_words, k.content_sealed \
         FROM check_contradiction k WHERE k.case_id = ? ORDER BY k.id LIMIT 500",
    )
    .bind(case)
    .all(connection)
    .await?;
    let mut objections: BTreeMap<ContradictionId, Vec<ObjectionView>> = BTreeMap::new();
    for row in Query::system(
        CHECK,
        "SELECT o.contradiction_id, o.made_at, o.recorded_by, o.words_sealed FROM check_objection o \
         JOIN check_contradiction k ON k.id = o.contradiction_id WHERE k.case_id = ? ORDER BY o.id LIMIT 500",
    )
    .bind(case)
    .all(connection)
    .await?
    {
        let words = office.keys().open(&row.get::<Vec<u8>>("words_sealed")?)?.to_string();
        let by_officer = row.get::<Option<i64>>("recorded_by")?.is_some();
        objections.entry(row.get("contradiction_id")?).or_default().push(ObjectionView {
            at: row.get("made_at")?,
            words,
            by_officer,
        });
    }
    let mut views = Vec::with_capacity(rows.len());
    for row in &rows {
        let id: ContradictionId = row.get("id")?;
        let content = compare::content_of(office, &row.get::<Vec<u8>>("content_sealed")?)?;
        let state: ContradictionState = row.get("state")?;
        let disputed = if state.is_open() {
            let rule = release.check_rules.get(&row.get::<String>("rule")?).map(|rule| &**rule);
            let matters = fills::matters(&release, rule, &content.asked, checked);
            fills::disputed(office, connection, &persons, &matters).await?
        } else {
            Vec::new()
        };
        views.push(ContradictionView {
            id,
            title: content.title,
            state,
            found_on: row.get("found_on")?,
            after_decision: row.get("after_decision")?,
            told_on: compare::day_of(row.get("told_at")?),
            values: content.values,
            objections: objections.remove(&id).unwrap_or_default(),
            words: row.get("settled_words")?,
            disputed,
        });
    }
    Ok(views)
}

async fn score(office: &Office, checked: &Checked) -> Result<ScoreView, OfficeError> {
    let release = office.release();
    let now = office.now();
    let known = known::read(office, office.db(), checked, now.today()).await?;
    let context = known::context(&release, checked, now);
    let mut lines = Vec::new();
    for rule in release.check_rules.iter() {
        let Some(points) = rule.points else { continue };
        for (person, said) in compare::said(&release, rule, &known, &context) {
            let name = person.and_then(|person| known.name(person));
            let title = name.map_or_else(|| rule.title.clone(), |name| format!("{name}：{}", rule.title));
            lines.push(ScoreLine { title, points, holds: said.holds, values: said.content.values });
        }
    }
    let points = lines.iter().filter(|line| line.holds == Some(true)).map(|line| line.points).sum();
    let visit_from = set_number(&release, Some(VISIT_POINTS), &checked.county_code, now.today());
    Ok(ScoreView { points, visit_from, lines })
}

/// The questions of a check as Excel.
///
/// # Errors
/// [`OfficeError::NotFound`] outside the scope.
pub async fn check_sheet(
    office: &Office,
    actor: &Granted<ReadCase>,
    _export: &Granted<Export>,
    case: CaseId,
) -> Result<Vec<u8>, OfficeError> {
    let view = read(office, actor, case).await?;
    let columns = [
        ("询问的人", 12),
        ("部门", 26),
        ("核对数据", 20),
        ("状态", 12),
        ("询问日期", 12),
        ("最晚答复日期", 14),
        ("答复", 60),
        ("数据日期", 12),
        ("有效期至", 12),
    ];
    let mut sheet = Sheet::new("核对", &format!("{} 的信息核对", view.number), &columns)?;
    for request in view.requests {
        let answers: Vec<String> = request
            .asks
            .iter()
            .filter_map(|ask| Some(format!("{}：{}", ask.title, ask.shown.as_ref()?)))
            .collect();
        let state = if request.overdue { "逾期未答" } else { request.state.title() };
        sheet.row([
            request.name.into(),
            request.department.into(),
            request.title.into(),
            state.into(),
            request.asked_on.into(),
            request.due_on.into(),
            answers.join("；").into(),
            request.as_of.into(),
            request.valid_until.into(),
        ])?;
    }
    sheet.finish(office, actor, "means_test.check_exported").await
}

/// The check of a family's own case; none while nobody was asked. Reading it is being told: the day is kept.
///
/// # Errors
/// [`OfficeError::NotFound`] unless it is of one's own family.
pub async fn family_check(
    office: &Office,
    citizen: &Citizen,
    case: CaseId,
) -> Result<Option<FamilyCheck>, OfficeError> {
    let now = office.now();
    let checked = checked(office.db(), &citizen.scope(), case).await?;
    let requests = requests(office, office.db(), case, Some(citizen.person)).await?;
    let mut contradictions = contradictions(office, office.db(), &checked).await?;
    if requests.is_empty() && contradictions.is_empty() {
        return Ok(None);
    }
    if contradictions.iter().any(|one| one.told_on.is_none()) {
        let tx = office.db().begin().await?;
        Query::system(
            CHECK,
            "UPDATE check_contradiction SET told_at = ? WHERE case_id = ? AND told_at IS NULL",
        )
        .bind(now.at_ms())
        .bind(case)
        .execute(&tx)
        .await?;
        tx.audit(AuditEntry {
            case: Some(case),
            ..audited(now.at_ms(), citizen.audit(), "means_test.check_told", ("case", case.0))
        })
        .await?;
        tx.commit().await?;
    }
    for one in &mut contradictions {
        one.values.retain(|value| !value.outside);
        one.disputed.clear();
        one.told_on = one.told_on.or(Some(now.today()));
    }
    let facts = fills::beside(office, office.db(), &checked, Some(citizen.person)).await?;
    Ok(Some(FamilyCheck { requests, contradictions, facts }))
}

/// What a report says of one question: the newest about this person to this department.
pub(in super::super) struct Reported {
    pub person: PersonId,
    pub dataset: String,
    pub state: RequestState,
    pub due_on: Option<NaiveDate>,
    asked_at: i64,
    as_of: Option<NaiveDate>,
    answers: Vec<(String, String)>,
}

impl Reported {
    /// The line of the report.
    pub fn line(&self) -> Line {
        let (outcome, remark) = match self.state {
            RequestState::Answered => (Outcome::Found, None),
            RequestState::Partly => (Outcome::Found, Some("部门只答复了一部分".to_owned())),
            RequestState::NoRecord => (Outcome::None, None),
            RequestState::Refused | RequestState::Withdrawn => {
                (Outcome::NotAsked, Some(self.state.title().to_owned()))
            }
            RequestState::Asked => {
                let due = self.due_on.map(|due| format!("，最晚{due}")).unwrap_or_default();
                (Outcome::NotAsked, Some(format!("已询问，部门还没有答复{due}")))
            }
        };
        Line {
            person: self.person,
            dataset: self.dataset.clone(),
            outcome,
            remark,
            asked_at: self.asked_at,
            as_of: self.as_of,
            rows: if self.answers.is_empty() { Vec::new() } else { vec![self.answers.clone()] },
        }
    }
}

/// What was asked about the members of a case, for its report.
pub(in super::super) async fn for_report(
    office: &Office,
    connection: &impl Connection,
    case: CaseId,
) -> Result<Vec<Reported>, OfficeError> {
    let mut reported = Vec::new();
    let mut seen: BTreeSet<(PersonId, String)> = BTreeSet::new();
    let asked_at: BTreeMap<CheckRequestId, i64> =
        Query::system(CHECK, "SELECT r.id, r.asked_at FROM check_request r WHERE r.case_id = ?")
            .bind(case)
            .all_as(connection, |row| Ok((row.get("id")?, row.get("asked_at")?)))
            .await?
            .into_iter()
            .collect();
    let views = requests(office, connection, case, None).await?;
    for view in views.into_iter().rev().filter(|view| !view.outside && view.state != RequestState::Withdrawn)
    {
        if !seen.insert((view.person, view.dataset.clone())) {
            continue;
        }
        let answers = if view.state == RequestState::NoRecord {
            Vec::new()
        } else {
            view.asks.into_iter().filter_map(|ask| Some((ask.title, ask.shown?))).collect()
        };
        reported.push(Reported {
            person: view.person,
            dataset: view.dataset,
            state: view.state,
            due_on: view.due_on,
            asked_at: asked_at.get(&view.id).copied().unwrap_or_default(),
            as_of: view.as_of,
            answers,
        });
    }
    reported.reverse();
    Ok(reported)
}
