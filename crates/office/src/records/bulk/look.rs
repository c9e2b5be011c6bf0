//! Which records are meant, and what a change would do to each of them.

use catalogue::definition::Form;
use serde_json::json;
use store::{AuditEntry, Query};

use super::{Change, RECORDS_MAX, ROWS, What, asked, choices};
use crate::access::{Actor, Granted, KeepRecords};
use crate::forms::{Answers, FieldPath, FilledForm};
use crate::records::conflict::differing;
use crate::records::draft::{self, Draft};
use crate::records::list::{Conditions, Narrowed, counted, ids};
use crate::records::look_up::Finder;
use crate::records::read::{Record, records};
use crate::records::{Open, RECORD_COLUMNS, RecordBulkId, RecordId, columns, transition};
use crate::{Office, OfficeError, audited};

/// Records looked at together.
const LOOKED: usize = 200;

/// Which records are meant.
#[derive(Debug, Clone)]
pub struct Selection<'a> {
    /// Those of a list.
    pub asked: &'a Narrowed,
    /// Of these only the ticked ones; none means all.
    pub picked: Option<&'a [RecordId]>,
}

/// What a change would do to a record.
pub(super) enum Would {
    Change(Box<Draft>),
    Same,
    Refused(String),
}

/// How many records a list has of which all would be meant, counted to the most that one change takes.
///
/// # Errors
/// [`OfficeError::Invalid`] for a filter that cannot be read.
pub async fn meant(
    office: &Office,
    keeper: &Granted<KeepRecords>,
    open: &Open,
    asked: &Narrowed,
) -> Result<store::Count, OfficeError> {
    let conditions = Conditions::read(office, keeper, open.register(), asked).await?;
    counted(office, &keeper.scope(), open.register(), &conditions, RECORDS_MAX).await
}

/// Looks at every record that is meant and keeps what would become of it. Nothing is changed.
///
/// # Errors
/// [`OfficeError::Invalid`] for an answer that no record could take, without a reason, and for no or too many records;
/// [`OfficeError::NotFound`] for what the actor may not do.
pub async fn preview(
    office: &Office,
    keeper: &Granted<KeepRecords>,
    open: &Open,
    selection: &Selection<'_>,
    (what, answers): (&What, Answers),
    reason: &str,
) -> Result<RecordBulkId, OfficeError> {
    let register = open.register();
    if !choices(keeper, register).contains(what) {
        return Err(OfficeError::NotFound("这项批量修改"));
    }
    let reason = reason.trim();
    if reason.is_empty() {
        return Err(OfficeError::invalid("reason", "请填写原因或依据。"));
    }
    let change = read_change(office, keeper, open, what, answers).await?;
    let meant = chosen(office, keeper, open, selection).await?;
    let mut finder = Finder::new(office, keeper);
    let mut rows = Vec::with_capacity(meant.len());
    for chunk in meant.chunks(LOOKED) {
        for stored in records(office.keys(), office.db(), &keeper.scope(), register, chunk).await? {
            let (outcome, why) = match would(open, &change, &mut finder, &stored).await? {
                Would::Change(_) => ("change", None),
                Would::Same => ("same", None),
                Would::Refused(why) => ("refused", Some(why)),
            };
            rows.push((stored.id, stored.version, outcome, why));
        }
    }
    let now = office.now().at_ms();
    let text = serde_json::to_string(&change).map_err(|error| OfficeError::Internal(error.to_string()))?;
    let tx = office.db().begin().await?;
    let id = Query::system(
        "an officer's own change to many records",
        "INSERT INTO record_bulk (register, division_id, post_id, change_sealed, reason, state, made_by, made_at) \
         VALUES (?, ?, ?, ?, ?, 'previewed', ?, ?) RETURNING id",
    )
    .bind(register.id.as_str())
    .bind(keeper.division)
    .bind(keeper.post)
    .bind(office.keys().seal(&text)?)
    .bind(reason)
    .bind(keeper.staff)
    .bind(now)
    .insert(&tx)
    .await?;
    let count = rows.len();
    let mut values = Vec::with_capacity(count);
    for (record, version, outcome, why) in rows {
        values.push(store::values![id, record, version, outcome, why]);
    }
    let names = ["bulk_id", "record_id", "version", "outcome", "why"];
    store::insert_many(&ROWS, &tx, "record_bulk_row", &names, values).await?;
    tx.audit(AuditEntry {
        division: Some(keeper.division),
        details: json!({ "register": register.id.as_str(), "what": what.code(), "records": count }),
        ..audited(now, keeper.audit(), "record.bulk_previewed", ("record_bulk", id))
    })
    .await?;
    tx.commit().await?;
    Ok(RecordBulkId(id))
}

/// The records that are meant, in the actor's area.
async fn chosen(
    office: &Office,
    keeper: &Granted<KeepRecords>,
    open: &Open,
    selection: &Selection<'_>,
) -> Result<Vec<RecordId>, OfficeError> {
    let register = open.register();
    let scope = keeper.scope();
    let none = || OfficeError::invalid("chosen", "没有选中任何记录，请返回上一步重新选择。");
    let too_many = || {
        let message = format!("一次最多修改 {RECORDS_MAX} 条，请加上筛选条件，分几次办理。");
        OfficeError::invalid("chosen", message)
    };
    let limit = usize::try_from(RECORDS_MAX).unwrap_or(usize::MAX);
    let found = match selection.picked {
        Some(picked) if picked.len() > limit => return Err(too_many()),
        Some(picked) => {
            let sql = format!(
                "SELECT r.id FROM {} r WHERE {{scope}} AND r.id IN ({{list}})",
                columns::table(register)
            );
            let query = Query::new(&scope, &RECORD_COLUMNS, sql).bind_list(picked.iter().copied());
            query.scalars(office.db()).await?
        }
        None => {
            let asked = Narrowed { sort: None, descending: false, ..selection.asked.clone() };
            let conditions = Conditions::read(office, keeper, register, &asked).await?;
            ids(office, &scope, register, (&asked, &conditions), None, limit + 1).await?.0
        }
    };
    match found.len() {
        0 => Err(none()),
        many if many > limit => Err(too_many()),
        _ => Ok(found),
    }
}

/// Looks up what the answers point at and refuses what is wrong whatever the record.
async fn read_change(
    office: &Office,
    keeper: &Actor,
    open: &Open,
    what: &What,
    answers: Answers,
) -> Result<Change, OfficeError> {
    let register = open.register();
    let form = draft::form(open)?;
    let draft = draft::draft_of(office, keeper, open, answers, None, None).await?;
    let fields = asked(register, what);
    let given = |id: &str| {
        path(form, id).and_then(|path| draft.answers.get(&path)).is_some_and(|raw| !raw.is_empty())
    };
    let context = draft.context(office, open);
    let checked = FilledForm::read(&context, form, &draft.answers).check();
    let mut problems = crate::error::Problems::default();
    for (field, message) in checked.errors.iter() {
        let kept = matches!(what, What::Take(_)) && !given(field);
        if !kept && fields.iter().any(|known| known.id == *field) {
            problems.add(field, message);
        }
    }
    problems.none_or_refuse()?;
    let mut answers = Answers::new();
    for field in fields.iter().filter(|field| given(&field.id)) {
        if let Some(path) = path(form, &field.id)
            && let Some(raw) = draft.answers.get(&path)
        {
            answers.set(&path, raw.clone());
        }
    }
    Ok(Change { what: what.clone(), answers })
}

/// Where a field of the record itself stands in its form.
fn path(form: &Form, id: &str) -> Option<FieldPath> {
    let found = form.fields().find(|(page, field)| page.repeat.is_none() && field.id == *id);
    found.map(|(page, field)| FieldPath::new(page, None, field))
}

/// What a change would do to a record, asked as a single edit asks.
pub(super) async fn would(
    open: &Open,
    change: &Change,
    finder: &mut Finder<'_>,
    stored: &Record,
) -> Result<Would, OfficeError> {
    let (office, actor) = (finder.office, finder.actor);
    let (register, form) = (open.register(), draft::form(open)?);
    let state = match &change.what {
        What::Set(_) => None,
        What::Take(id) => {
            if let Some(why) = transition::refusal(office, actor, open, stored, id).await? {
                return Ok(Would::Refused(why));
            }
            register.transition(id).map(|found| found.to.as_str())
        }
    };
    let before = stored.answers(register);
    let mut answers = before.clone();
    let fields = asked(register, &change.what);
    let mut given = Vec::new();
    for field in &fields {
        let Some(path) = path(form, &field.id) else { continue };
        match change.answers.get(&path) {
            Some(raw) => {
                answers.set(&path, raw.clone());
                given.push(*field);
            }
            None if state.is_none() => answers.remove(&field.id),
            None => {}
        }
    }
    if state.is_none() && differing(form, &before, &answers).is_empty() {
        return Ok(Would::Same);
    }
    let draft = draft::draft_by(finder, open, answers, Some(stored), state).await?;
    let said = |error: OfficeError| match error {
        OfficeError::Invalid(problems) => {
            let words: Vec<String> = problems.into_iter().map(|problem| problem.message).collect();
            Ok(Would::Refused(words.join("")))
        }
        error => Err(error),
    };
    let checked = match draft::check(office, open, &draft) {
        Ok(checked) => checked,
        Err(error) => return said(error),
    };
    if let Some(field) = given.iter().find(|field| checked.get(&field.id).is_none()) {
        return Ok(Would::Refused(format!("这条记录按其他内容不填“{}”。", field.label)));
    }
    let within = Some(actor.division);
    let place = draft::place_of(office.db(), within, open, &checked, &draft, Some(stored)).await;
    if let Err(error) = place {
        return said(error);
    }
    Ok(Would::Change(Box::new(draft)))
}
