//! The test itself: for every member and data set, consent first, then the question, then what was answered becomes facts of the
//! department and a report beside what the family declared. One transaction: a report stands with all its queries or not at all.

use std::collections::BTreeMap;

use catalogue::Release;
use catalogue::definition::{Dataset, Fact, FieldKind, Unit};
use chrono::NaiveDate;
use serde_json::json;
use store::{AuditEntry, CaseId, DivisionId, HouseholdId, PersonId, Query, Scope, Tx};
use vocab::{Level, Now};

use super::gather::{DepartmentRow, gathered};
use super::report::{Content, Difference, Line, Outcome, Said};
use super::{AuthorisationId, MeansReportId, MeansRequestId, authorisation, check, request};
use crate::access::{Actor, Granted, MeansTest, Right, not_of_own_family};
use crate::people::{self, NewFact, Source, Subject};
use crate::{Office, OfficeError, audited, business};

const ASKED: &str = "departments' rows of a person who authorised the question";

/// What a run did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunOutcome {
    /// The report.
    pub report: MeansReportId,
    /// Questions that were asked.
    pub asked: usize,
    /// Questions that were refused for want of an authorisation: who, title of the data set.
    pub refused: Vec<(PersonId, String)>,
    /// Differences to what the family declared.
    pub differences: usize,
}

/// The case as far as the test needs it.
struct Tested {
    case: CaseId,
    household: HouseholdId,
    county: DivisionId,
    request: MeansRequestId,
}

/// A member of the family.
struct Member {
    person: PersonId,
    name: String,
    blind: String,
}

/// What one data set answered about the members that could be asked.
struct Answer {
    rows: BTreeMap<PersonId, Vec<DepartmentRow>>,
    as_of: Option<NaiveDate>,
}

/// Runs the test of a case.
///
/// Members without a valid authorisation for a data set are not asked; each such attempt stands in the audit. When nobody has
/// authorised anything, there is no report.
///
/// # Errors
/// [`OfficeError::NotFound`] outside the scope; [`OfficeError::Conflict`] when no test was asked for or nobody authorised one;
/// [`OfficeError::Separation`] for one's own family; [`OfficeError::Invalid`] without a purpose.
pub async fn run(
    office: &Office,
    actor: &Granted<MeansTest>,
    case: CaseId,
    purpose: &str,
) -> Result<RunOutcome, OfficeError> {
    let purpose = purpose.trim();
    if purpose.is_empty() {
        return Err(OfficeError::invalid("purpose", "请填写查询的目的，例如“最低生活保障申请核对”。"));
    }
    // A township may ask for a test; asking the departments is the county's.
    if !matches!(actor.level, Level::County | Level::Prefecture) {
        return Err(OfficeError::Forbidden(Right::MeansTest));
    }
    let now = office.now();
    let release = office.release();
    let tx = office.db().begin().await?;
    business::demand_case(office, &tx, actor, case).await?;
    let tested = tested(&tx, actor, case).await?;
    not_of_own_family(&tx, actor, tested.household).await?;
    let members = members(&tx, tested.household).await?;

    let mut content = Content::default();
    let mut answers: BTreeMap<String, Answer> = BTreeMap::new();
    let mut refused = Vec::new();
    let mut asked = 0;
    let answers_of = check::view::for_report(office, &tx, case).await?;
    waits_for(&release, &answers_of, now.today())?;
    for dataset in release.datasets.iter() {
        let id = dataset.id.get().clone();
        if answers_of.iter().any(|line| line.dataset == id) {
            // The department was asked: what it said, or that it has not, is the report's line.
            for member in &members {
                let said = answers_of.iter().find(|line| line.dataset == id && line.person == member.person);
                let Some(said) = said else {
                    refused.push((member.person, dataset.title.clone()));
                    content.lines.push(Line::not_asked(
                        member.person,
                        &id,
                        now,
                        "没有有效的核对授权，未查询",
                    ));
                    continue;
                };
                asked += 1;
                content.lines.push(said.line());
            }
            continue;
        }
        // A file that gives no fact is compared every night and answers questions; the report has nothing to set beside it.
        if dataset.facts.is_empty() {
            continue;
        }
        let files = files_in_use(&tx, tested.county, &id).await?;
        let mut answer = Answer { rows: BTreeMap::new(), as_of: files.iter().map(|(_, as_of)| *as_of).min() };
        for member in &members {
            let Some(consent) = authorisation::in_force(&tx, member.person, &id, now.today()).await? else {
                refused.push((member.person, dataset.title.clone()));
                content.lines.push(Line::not_asked(member.person, &id, now, "没有有效的核对授权，未查询"));
                tx.audit(entry(actor, &tested, now, "means_test.query_refused", member.person, &id, purpose))
                    .await?;
                continue;
            };
            let Some(as_of) = answer.as_of else {
                content.lines.push(Line::not_asked(member.person, &id, now, "尚未收到该部门的数据，未查询"));
                continue;
            };
            let rows = rows_of(office, &tx, &files, &member.blind).await?;
            record_query(&tx, actor, &tested, member.person, &id, consent, now, purpose, rows.len(), as_of)
                .await?;
            tx.audit(entry(actor, &tested, now, "means_test.queried", member.person, &id, purpose)).await?;
            asked += 1;
            content.lines.push(line(&release, dataset, member, &rows, as_of, now));
            answer.rows.insert(member.person, rows);
        }
        answers.insert(id, answer);
    }
    if asked == 0 {
        // The refusals must stand although there is no report.
        tx.commit().await?;
        let message = if refused.is_empty() {
            "还没有导入任何部门的数据，无法核对。请先导入部门数据。"
        } else {
            "家庭成员都没有有效的核对授权，不能查询。请先请成员签署授权书；本次尝试已记入审计。"
        };
        return Err(OfficeError::Conflict(message.to_owned()));
    }
    let mut facts = facts_of(&release, &tested, &members, &answers)?;
    let scope = Scope::Task(case);
    people::record_facts_in(office, &tx, &scope, &actor.audit(), &facts).await?;
    let checked = check::checked(&tx, &actor.scope(), case).await?;
    facts.extend(check::fills::fill_in(office, &tx, &checked, &actor.audit(), now).await?);
    content.differences = differences(office, &tx, &scope, &facts, now.today()).await?;
    let report = store_report(office, &tx, actor, &tested, now, purpose, &content).await?;
    check::letter::tell_in(office, &tx, &checked, actor.audit(), now).await?;
    let differences = content.differences.len();
    tx.audit(AuditEntry {
        case: Some(case),
        division: Some(tested.county),
        purpose: Some(purpose.to_owned()),
        details: json!({ "asked": asked, "refused": refused.len(), "differences": differences }),
        ..audited(now.at_ms(), actor.audit(), "means_test.reported", ("means_report", report.0))
    })
    .await?;
    tx.commit().await?;
    Ok(RunOutcome { report, asked, refused, differences })
}

/// A report waits for the answers that the pack needs, until their last day has passed.
fn waits_for(
    release: &Release,
    answers: &[check::view::Reported],
    today: NaiveDate,
) -> Result<(), OfficeError> {
    let waiting: std::collections::BTreeSet<&str> = answers
        .iter()
        .filter(|line| line.state.is_open() && line.due_on.is_some_and(|due| due >= today))
        .filter_map(|line| release.datasets.get(&line.dataset).filter(|dataset| dataset.needed))
        .map(|dataset| dataset.title.as_str())
        .collect();
    if waiting.is_empty() {
        return Ok(());
    }
    let titles = waiting.into_iter().collect::<Vec<_>>().join("、");
    Err(OfficeError::Conflict(format!(
        "还在等{titles}的答复，期限没有过。答复到齐或者期限过后再出具报告；其他部门没有答复的，不影响出具报告。"
    )))
}

async fn tested(tx: &Tx, actor: &Actor, case: CaseId) -> Result<Tested, OfficeError> {
    let row = Query::new(
        &actor.scope(),
        &crate::casework::CASE,
        "SELECT c.household_id, c.county_id FROM case_file c WHERE {scope} AND c.id = ?",
    )
    .bind(case)
    .optional(tx)
    .await?
    .ok_or(OfficeError::NotFound("这件申请"))?;
    // Two clerks at once make one report.
    tx.lock(&format!("means_test {case}")).await?;
    let request = request::open(tx, case).await?.ok_or_else(|| {
        OfficeError::Conflict("这件申请没有待办的核对请求：尚未提请核对，或者核对报告已经出具。".to_owned())
    })?;
    Ok(Tested { case, household: row.get("household_id")?, county: row.get("county_id")?, request })
}

async fn members(tx: &Tx, household: HouseholdId) -> Result<Vec<Member>, OfficeError> {
    Ok(Query::system(
        "the members of a case within the scope",
        "SELECT p.id, p.name, p.citizen_id_blind FROM membership m JOIN person p ON p.id = m.person_id \
         WHERE m.household_id = ? AND m.until_on IS NULL AND m.superseded_at IS NULL ORDER BY m.head DESC, p.id",
    )
    .bind(household)
    .all_as(tx, |row| {
        Ok(Member { person: row.get("id")?, name: row.get("name")?, blind: row.get("citizen_id_blind")? })
    })
    .await?)
}

/// Files of the county and of those above it, one for each source.
pub(super) async fn files_in_use(
    tx: &Tx,
    county: DivisionId,
    dataset: &str,
) -> Result<Vec<(i64, NaiveDate)>, OfficeError> {
    Ok(Query::system(
        ASKED,
        "SELECT f.id, f.as_of FROM department_file f WHERE f.dataset = ? AND f.state = 'ready' AND f.division_id IN \
         (SELECT dc.ancestor_id FROM division_closure dc WHERE dc.descendant_id = ?) ORDER BY f.id",
    )
    .bind(dataset)
    .bind(county)
    .all_as(tx, |row| Ok((row.get("id")?, row.get("as_of")?)))
    .await?)
}

pub(super) async fn rows_of(
    office: &Office,
    tx: &Tx,
    files: &[(i64, NaiveDate)],
    citizen_id_blind: &str,
) -> Result<Vec<DepartmentRow>, OfficeError> {
    let rows = Query::system(
        ASKED,
        "SELECT r.as_of, r.row_sealed FROM department_row r WHERE r.citizen_id_blind = ? AND r.file_id IN ({list}) \
         ORDER BY r.file_id, r.number",
    )
    .bind(citizen_id_blind)
    .bind_list(files.iter().map(|(id, _)| *id))
    .all(tx)
    .await?;
    rows.iter()
        .map(|row| {
            let sealed: Vec<u8> = row.get("row_sealed")?;
            let cells = serde_json::from_str(&office.keys().open(&sealed)?)
                .map_err(|error| OfficeError::Internal(format!("部门数据无法读取（{error}）")))?;
            Ok(DepartmentRow { as_of: row.get("as_of")?, cells })
        })
        .collect()
}

#[expect(clippy::too_many_arguments, reason = "the columns of one row")]
async fn record_query(
    tx: &Tx,
    actor: &Actor,
    tested: &Tested,
    person: PersonId,
    dataset: &str,
    consent: AuthorisationId,
    now: Now,
    purpose: &str,
    found: usize,
    as_of: NaiveDate,
) -> Result<(), OfficeError> {
    Query::system(
        ASKED,
        "INSERT INTO means_query (request_id, person_id, dataset, authorisation_id, asked_on, asked_at, asked_by, purpose, found, as_of) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(tested.request)
    .bind(person)
    .bind(dataset)
    .bind(consent)
    .bind(now.today())
    .bind(now.at_ms())
    .bind(actor.staff)
    .bind(purpose)
    .bind(found)
    .bind(as_of)
    .execute(tx)
    .await?;
    Ok(())
}

fn entry(
    actor: &Actor,
    tested: &Tested,
    now: Now,
    action: &'static str,
    person: PersonId,
    dataset: &str,
    purpose: &str,
) -> AuditEntry {
    AuditEntry {
        case: Some(tested.case),
        division: Some(tested.county),
        purpose: Some(purpose.to_owned()),
        details: json!({ "dataset": dataset }),
        ..audited(now.at_ms(), actor.audit(), action, ("person", person.0))
    }
}

fn line(
    release: &Release,
    dataset: &Dataset,
    member: &Member,
    rows: &[DepartmentRow],
    as_of: NaiveDate,
    now: Now,
) -> Line {
    let name_column = dataset.columns.iter().find(|column| column.kind == FieldKind::PersonName);
    let other_name = name_column.and_then(|column| {
        rows.iter().filter_map(|row| row.cells.get(column.id.get())).find(|name| **name != member.name)
    });
    let shown = |row: &DepartmentRow| {
        dataset
            .columns
            .iter()
            .filter(|column| column.kind != FieldKind::CitizenId && column.kind != FieldKind::PersonName)
            .filter_map(|column| {
                let cell = row.cells.get(column.id.get())?;
                let shown = super::report::shown(release, column, cell);
                Some((column.title.clone(), shown))
            })
            .collect()
    };
    Line {
        person: member.person,
        dataset: dataset.id.get().clone(),
        outcome: if rows.is_empty() { Outcome::None } else { Outcome::Found },
        remark: other_name.map(|name| format!("部门数据中的姓名为“{name}”，与登记姓名不一致，请核实")),
        asked_at: now.at_ms(),
        as_of: Some(as_of),
        rows: rows.iter().map(shown).collect(),
    }
}

/// What the answers say in facts. A fact about the family is known only when every member could be asked.
fn facts_of(
    release: &Release,
    tested: &Tested,
    members: &[Member],
    answers: &BTreeMap<String, Answer>,
) -> Result<Vec<NewFact>, OfficeError> {
    let mut facts = Vec::new();
    for dataset in release.datasets.iter() {
        let Some(answer) = answers.get(dataset.id.get()) else { continue };
        let Some(as_of) = answer.as_of else { continue };
        for rule in &dataset.facts {
            let Some(fact) = release.facts.get(rule.fact.get()) else { continue };
            let mut write = |subject: Subject, rows: &[DepartmentRow]| -> Result<(), OfficeError> {
                let newest = rows.iter().map(|row| row.as_of).max().unwrap_or(as_of);
                facts.push(NewFact {
                    subject,
                    fact: fact.id.get().clone(),
                    value: gathered(dataset, rule, fact, rows)?,
                    from_on: newest,
                    until_on: None,
                    source: Source::Department(dataset.department.get().clone()),
                    case: Some(tested.case),
                    evidence: Some(format!("{}，数据日期 {newest}", dataset.title)),
                });
                Ok(())
            };
            match fact.on {
                Unit::Person => {
                    for (person, rows) in &answer.rows {
                        write(Subject::Person(*person), rows)?;
                    }
                }
                Unit::Household if answer.rows.len() == members.len() => {
                    let rows: Vec<DepartmentRow> = answer.rows.values().flatten().cloned().collect();
                    write(Subject::Household(tested.household), &rows)?;
                }
                Unit::Household => {}
            }
        }
    }
    Ok(facts)
}

/// Beside each gathered value what the family declared, where the two are not the same.
async fn differences(
    office: &Office,
    tx: &Tx,
    scope: &Scope,
    facts: &[NewFact],
    today: NaiveDate,
) -> Result<Vec<Difference>, OfficeError> {
    let release = office.release();
    let mut differences = Vec::new();
    for new in facts {
        let Some(fact) = release.facts.get(&new.fact) else { continue };
        let history = people::fact_history(office, tx, scope, new.subject, &new.fact).await?;
        let holds = |view: &&people::FactView| {
            view.superseded_at.is_none()
                && view.from_on <= today
                && view.until_on.is_none_or(|until| until > today)
        };
        let declared = history.iter().filter(holds).find(|view| view.source == Source::Declared);
        let found = history.iter().filter(holds).find(|view| view.source == new.source);
        let Some(found) = found else { continue };
        if same(fact, declared.map(|view| view.value.as_deref()), found.value.as_deref())? {
            continue;
        }
        differences.push(Difference {
            person: match new.subject {
                Subject::Person(person) => Some(person),
                Subject::Household(_) => None,
            },
            fact: new.fact.clone(),
            title: fact.title.clone(),
            declared: declared.map(|view| Said { shown: view.shown.clone(), on: view.from_on }),
            found: Said { shown: found.shown.clone(), on: found.from_on },
            source: found.source_title.clone(),
        });
    }
    Ok(differences)
}

/// Nothing declared and nothing found is no difference; nothing declared and something found is.
fn same(fact: &Fact, declared: Option<Option<&str>>, found: Option<&str>) -> Result<bool, OfficeError> {
    let found_value = people::read_value(fact, found)?;
    Ok(match declared {
        Some(declared) => people::read_value(fact, declared)?.to_string() == found_value.to_string(),
        None => found.is_none() || found_value.to_string() == people::read_value(fact, None)?.to_string(),
    })
}

async fn store_report(
    office: &Office,
    tx: &Tx,
    actor: &Actor,
    tested: &Tested,
    now: Now,
    purpose: &str,
    content: &Content,
) -> Result<MeansReportId, OfficeError> {
    let text = serde_json::to_string(content).map_err(|error| OfficeError::Internal(error.to_string()))?;
    let not_asked = content.lines.iter().filter(|line| line.outcome == Outcome::NotAsked).count();
    let id = Query::system(
        "the report of a case within the scope",
        "INSERT INTO means_report (case_id, request_id, made_at, made_by, purpose, release_hash, differences, not_asked, content_sealed) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
    )
    .bind(tested.case)
    .bind(tested.request)
    .bind(now.at_ms())
    .bind(actor.staff)
    .bind(purpose)
    .bind(office.release().hash.as_str())
    .bind(content.differences.len())
    .bind(not_asked)
    .bind(office.keys().seal(&text)?)
    .insert(tx)
    .await?;
    Query::system(
        "the report of a case within the scope",
        "UPDATE means_request SET reported_at = ?, started_at = COALESCE(started_at, ?), started_by = COALESCE(started_by, ?) WHERE id = ?",
    )
    .bind(now.at_ms())
    .bind(now.at_ms())
    .bind(actor.staff)
    .bind(tested.request)
    .execute_one(tx)
    .await?;
    Ok(MeansReportId(id))
}
