//! Files where no interface exists: the list of open questions for one department, and its answers. The list holds what the department
//! needs to find the person and nothing else; it says for whom and what it is, and its SM3 is kept. An answer file is taken row by row:
//! each bad row is named with its cell and reason, and nothing is taken while there are any, unless an officer has seen them.

use std::collections::BTreeMap;

use catalogue::Release;
use catalogue::definition::{AnswerKind, Dataset};
use serde_json::json;
use store::{AuditEntry, CaseId, Query, Scope, Tx};
use vocab::Now;

use super::answer::{self, REQUEST, Reply, Via};
use super::send::of_county;
use super::{CHECK, CheckRequestId, checked, compare};
use crate::access::{Actor, Granted, ImportDepartmentFile, Right};
use crate::people::sealing;
use crate::tabular::{
    self, CellFault, CellKind, ColumnDefinition, ListCell, ListColumn, ListFormat, ListWriter, Table,
    TableDefinition,
};
use crate::{Office, OfficeError, audited, business, uploads};

/// Rows of one file; the rest goes into the next.
const ROWS_MAX: i64 = 5_000;

const NUMBER: &str = "number";
const NAME: &str = "name";
const CITIZEN_ID: &str = "citizen_id";
const HOLDS_NOTHING: &str = "no_record";
const REFUSES: &str = "refused";
const AS_OF: &str = "as_of";

/// What came of an answer file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// Answers that were taken; none while there are faults that nobody has seen.
    pub taken: usize,
    /// Rows that were not, each with its cell and reason.
    pub faults: Vec<CellFault>,
    /// Cases that have new contradictions now.
    pub contradictions: usize,
}

fn dataset_of<'a>(release: &'a Release, id: &str) -> Result<&'a Dataset, OfficeError> {
    let dataset = release.datasets.get(id).map(|dataset| &**dataset);
    dataset.filter(|dataset| !dataset.asks.is_empty()).ok_or(OfficeError::NotFound("这项核对数据"))
}

/// The column of a question.
fn column_of(ask: &str) -> String {
    format!("ask_{ask}")
}

/// The table of a department's answers.
fn definition(release: &Release, dataset: &Dataset) -> TableDefinition {
    let mut columns = vec![
        ColumnDefinition::new(NUMBER, "询问编号", CellKind::Integer).required().help("不要改动"),
        ColumnDefinition::new(NAME, "姓名", CellKind::PersonName),
        ColumnDefinition::new(CITIZEN_ID, "身份证号", CellKind::CitizenId),
    ];
    for ask in &dataset.asks {
        let kind = match ask.kind {
            AnswerKind::YesNo => CellKind::YesNo,
            AnswerKind::Date => CellKind::Date,
            AnswerKind::Amount => CellKind::Money,
            AnswerKind::Band => {
                let list = ask.codelist.as_ref().and_then(|list| release.codelists.get(list.as_str()));
                let codes = list.map(|list| {
                    list.values.iter().map(|code| (code.code.get().clone(), code.title.clone())).collect()
                });
                CellKind::Code(codes.unwrap_or_default())
            }
        };
        columns.push(ColumnDefinition::new(&column_of(&ask.id), &ask.title, kind));
    }
    columns.push(
        ColumnDefinition::new(HOLDS_NOTHING, "没有记录", CellKind::YesNo)
            .help("查不到这个人的，填“是”，其余不填"),
    );
    columns.push(ColumnDefinition::new(REFUSES, "不予答复的理由", CellKind::Text));
    columns
        .push(ColumnDefinition::new(AS_OF, "数据日期", CellKind::Date).help("数据是哪一天的；不填就是今天"));
    TableDefinition { title: dataset.title.clone(), columns }
}

/// An empty table for a department's answers.
///
/// # Errors
/// [`OfficeError::NotFound`] for a data set without questions.
pub fn answer_template(
    office: &Office,
    _actor: &Granted<ImportDepartmentFile>,
    dataset: &str,
) -> Result<Vec<u8>, OfficeError> {
    template_of(office, dataset)
}

/// The same for whoever may see the data set.
pub(super) fn template_of(office: &Office, dataset: &str) -> Result<Vec<u8>, OfficeError> {
    let release = office.release();
    Ok(tabular::template(&[definition(&release, dataset_of(&release, dataset)?)])?)
}

/// The open questions for one department as a table that it fills in. Whole identity numbers leave the house here: the purpose is stated
/// and everything stands in the audit.
///
/// # Errors
/// [`OfficeError::Invalid`] without a purpose; [`OfficeError::Conflict`] when nothing waits.
pub async fn requests_file(
    office: &Office,
    actor: &Granted<ImportDepartmentFile>,
    dataset: &str,
    purpose: &str,
    format: ListFormat,
) -> Result<Vec<u8>, OfficeError> {
    questions_file(office, actor, Right::ImportDepartmentFile, dataset, purpose, format).await
}

/// The same for whoever may see the data set, within the actor's area and the businesses of the right.
pub(super) async fn questions_file(
    office: &Office,
    actor: &Actor,
    right: Right,
    dataset: &str,
    purpose: &str,
    format: ListFormat,
) -> Result<Vec<u8>, OfficeError> {
    of_county(actor)?;
    let purpose = purpose.trim();
    if purpose.is_empty() {
        return Err(OfficeError::invalid("purpose", "请填写把询问清单送给谁、做什么用。"));
    }
    let release = office.release();
    let asked = dataset_of(&release, dataset)?;
    let now = office.now();
    let rows = Query::new(
        &actor.scope(),
        &REQUEST,
        "SELECT r.id, p.name, p.citizen_id_sealed FROM check_request r JOIN person p ON p.id = r.person_id \
         WHERE {scope} AND r.dataset = ? AND r.state IN ('asked', 'partly') ORDER BY r.id LIMIT ?",
    )
    .only(business::ITEM_OF_REQUEST, business::items(&release, actor, right))
    .bind(dataset)
    .bind(ROWS_MAX)
    .all_as(office.db(), |row| {
        Ok((row.get::<i64>("id")?, row.get::<String>("name")?, row.get::<Vec<u8>>("citizen_id_sealed")?))
    })
    .await?;
    if rows.is_empty() {
        return Err(OfficeError::Conflict(format!("没有等待{}答复的询问。", asked.title)));
    }
    let table = definition(&release, asked);
    let columns: Vec<ListColumn> = table
        .columns
        .iter()
        .map(|column| ListColumn::new(&column.title, if column.id == CITIZEN_ID { 22 } else { 16 }))
        .collect();
    let department =
        release.departments.get(&asked.department).map_or("", |department| department.title.as_str());
    let mark = format!(
        "仅供{department}答复{}的核对询问，用后销毁，不得复制转发。制表：{}，{}，共{}条",
        actor.division_name,
        actor.name,
        now.zh(),
        rows.len()
    );
    let mut list = ListWriter::new(format, "询问", Some(&mark), &columns)?;
    for (id, name, sealed) in &rows {
        let citizen_id = office.keys().open(sealed)?;
        let mut cells = vec![ListCell::Integer(*id), name.as_str().into(), citizen_id.as_str().into()];
        cells.resize(columns.len(), ListCell::Empty);
        list.row(&cells)?;
    }
    let file = list.finish()?;
    let sm3 = uploads::sm3_of(&file);
    let tx = office.db().begin().await?;
    exchanged(&tx, actor, dataset, "out", rows.len(), &sm3, now).await?;
    tx.audit(AuditEntry {
        division: Some(actor.division),
        purpose: Some(purpose.to_owned()),
        details: json!({ "dataset": dataset, "rows": rows.len(), "sm3": sm3 }),
        ..audited(
            now.at_ms(),
            actor.audit(),
            "means_test.check_list_exported",
            ("division", actor.division.0),
        )
    })
    .await?;
    tx.commit().await?;
    Ok(file)
}

/// Takes a department's answer file. With `leave_out` the officer has seen the faults and goes on without their rows.
///
/// # Errors
/// [`OfficeError::Invalid`] when the file or its headers cannot be read.
pub async fn take_in_file(
    office: &Office,
    actor: &Granted<ImportDepartmentFile>,
    dataset: &str,
    name: &str,
    bytes: &[u8],
    leave_out: bool,
) -> Result<Taken, OfficeError> {
    answers_file(office, actor, dataset, (name, bytes), leave_out, false).await
}

/// The same for whoever may see the data set, within the actor's area; `by_department` is the department's own account.
pub(super) async fn answers_file(
    office: &Office,
    actor: &Actor,
    dataset: &str,
    (name, bytes): (&str, &[u8]),
    leave_out: bool,
    by_department: bool,
) -> Result<Taken, OfficeError> {
    of_county(actor)?;
    let right = if by_department { Right::AnswerCheck } else { Right::ImportDepartmentFile };
    let release = office.release();
    let asked = dataset_of(&release, dataset)?;
    let now = office.now();
    let mut table = Table::read(&tabular::read_file(name, bytes)?, &definition(&release, asked))?;
    let sm3 = uploads::sm3_of(bytes);
    let tx = office.db().begin().await?;
    let mut good = Vec::new();
    let mut seen = std::collections::BTreeSet::new();
    for row in table.rows.clone() {
        if table.is_faulty(row.number) {
            continue;
        }
        let Some(id) = table.integer(&row, NUMBER).map(CheckRequestId) else { continue };
        let request = match answer::find(office, &tx, actor, right, id).await {
            Ok(request) => request,
            Err(OfficeError::NotFound(_)) => {
                table.refuse(row.number, NUMBER, "没有这条询问");
                continue;
            }
            Err(error) => return Err(error),
        };
        if request.dataset != dataset {
            table.refuse(row.number, NUMBER, "这条询问是别的部门的");
            continue;
        }
        if !seen.insert(id) {
            table.refuse(row.number, NUMBER, "这条询问在文件里出现了两次");
            continue;
        }
        if !request.state.is_open() {
            table.refuse(row.number, NUMBER, "这条询问已经有结果了");
            continue;
        }
        if let Some(typed) = table.citizen_id(&row, CITIZEN_ID) {
            let known: String = Query::system(CHECK, "SELECT citizen_id_blind FROM person WHERE id = ?")
                .bind(request.person)
                .scalar(&tx)
                .await?;
            if sealing::citizen_id_blind(office.keys(), &typed) != known {
                table.refuse(row.number, CITIZEN_ID, "身份证号与询问的人不一致");
                continue;
            }
        }
        let as_of = table.date(&row, AS_OF).unwrap_or(now.today());
        if as_of > now.today() {
            table.refuse(row.number, AS_OF, "数据日期不能晚于今天");
            continue;
        }
        let values: BTreeMap<String, String> = asked
            .asks
            .iter()
            .filter_map(|ask| Some((ask.id.get().clone(), table.text(&row, &column_of(&ask.id))?)))
            .collect();
        let nothing = table.boolean(&row, HOLDS_NOTHING) == Some(true);
        let reply = match (table.text(&row, REFUSES), nothing, values.is_empty()) {
            (Some(reason), false, true) => Reply::Refused { reason },
            (None, true, true) => Reply::NoRecord { as_of },
            (None, false, false) => Reply::Values { values, as_of },
            (None, false, true) => {
                table.refuse(row.number, HOLDS_NOTHING, "一项都没有填；没有记录的，请在“没有记录”填“是”");
                continue;
            }
            _ => {
                table.refuse(row.number, HOLDS_NOTHING, "答复、没有记录、不予答复只能填一种");
                continue;
            }
        };
        good.push((request, reply));
    }
    if !table.faults.is_empty() && !leave_out {
        return Ok(Taken { taken: 0, faults: table.faults, contradictions: 0 });
    }
    let mut cases: std::collections::BTreeSet<CaseId> = std::collections::BTreeSet::new();
    for (request, reply) in &good {
        let via = Via::File { sm3: sm3.clone(), by_department };
        answer::take_in(office, &tx, asked, request, reply, via, actor.staff, now).await?;
        tx.audit(AuditEntry {
            case: Some(request.case),
            division: Some(request.county),
            details: json!({ "request": request.id, "dataset": dataset, "sm3": sm3 }),
            ..audited(now.at_ms(), actor.audit(), "means_test.check_answered", ("person", request.person.0))
        })
        .await?;
        cases.insert(request.case);
    }
    let mut contradictions = 0;
    for case in cases {
        let checked = checked(&tx, &Scope::System(CHECK), case).await?;
        contradictions += compare::compare_in(office, &tx, &checked, &actor.audit(), now).await?;
    }
    if !good.is_empty() {
        exchanged(&tx, actor, dataset, "in", good.len(), &sm3, now).await?;
    }
    tx.audit(AuditEntry {
        division: Some(actor.division),
        details: json!({ "dataset": dataset, "rows": good.len(), "faults": table.faults.len(), "sm3": sm3 }),
        ..audited(now.at_ms(), actor.audit(), "means_test.check_file_taken", ("division", actor.division.0))
    })
    .await?;
    tx.commit().await?;
    Ok(Taken { taken: good.len(), faults: table.faults, contradictions })
}

/// Writes down that a file went out to a department or came in.
async fn exchanged(
    tx: &Tx,
    actor: &Actor,
    dataset: &str,
    direction: &str,
    rows: usize,
    sm3: &str,
    now: Now,
) -> Result<(), OfficeError> {
    Query::system(
        CHECK,
        "INSERT INTO check_exchange (county_id, dataset, direction, row_count, sm3, made_by, made_at) VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING id",
    )
    .bind(actor.division)
    .bind(dataset)
    .bind(direction)
    .bind(rows)
    .bind(sm3)
    .bind(actor.staff)
    .bind(now.at_ms())
    .insert(tx)
    .await?;
    Ok(())
}
