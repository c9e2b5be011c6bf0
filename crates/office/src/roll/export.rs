//! The roll as a list to take out: masked, unless the actor may see whole numbers; every file says who took it and what for.

use std::collections::HashMap;

use ledger::pages::{self, EntitlementRow, RollFilter};
use serde_json::json;
use store::{AuditEntry, Connection, Cursor, DivisionId, PersonId, Query};
use vocab::Fen;

use super::business;
use crate::access::{Export, Granted, Reveal, Right};
use crate::people::sealing;
use crate::tabular::{ListCell, ListColumn, ListFormat, ListWriter, ROWS_AT_ONCE};
use crate::{Office, OfficeError};

/// More families than this are not one list that a person reads.
const FAMILIES_MAX: usize = 200_000;

/// A file to hand out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListFile {
    /// Name with its ending.
    pub name: String,
    /// Bytes.
    pub bytes: Vec<u8>,
    /// Rows under the header.
    pub rows: usize,
}

struct Holder {
    name: String,
    citizen_id: String,
}

/// The roll of a month inside the actor's scope and businesses. `whole` shows identity numbers in full, and leaves out where the actor may not see them so.
///
/// # Errors
/// [`OfficeError::Invalid`] without a purpose or with too many families.
pub async fn export_roll(
    office: &Office,
    actor: &Granted<Export>,
    whole: Option<&Granted<Reveal>>,
    filter: &RollFilter,
    format: ListFormat,
    purpose: &str,
) -> Result<ListFile, OfficeError> {
    let purpose = purpose.trim();
    if purpose.is_empty() {
        return Err(OfficeError::invalid("purpose", "请填写导出名册的用途。"));
    }
    let now = office.now();
    let release = office.release();
    let scope = actor.scope();
    let mut rights = vec![Right::ReadPayments, Right::Export];
    rights.extend(whole.map(|_| Right::Reveal));
    let programmes = business::shown(&release, actor, &rights, filter.programmes.as_deref());
    let filter = &RollFilter { programmes, ..filter.clone() };
    let columns = [
        ListColumn::new("序号", 8),
        ListColumn::new("户主姓名", 12),
        ListColumn::new("身份证号码", 22),
        ListColumn::new("保障人数", 10),
        ListColumn::new("月保障金额", 14),
        ListColumn::new("待遇项目", 18),
        ListColumn::new("状态", 10),
        ListColumn::new("乡镇（街道）", 18),
        ListColumn::new("村（社区）", 18),
        ListColumn::new("起始月份", 10),
        ListColumn::new("终止月份", 10),
        ListColumn::new("下次复核日期", 14),
    ];
    let title = format!("{}在册名册（{}）", actor.division_name, filter.month.zh());
    let mut list = ListWriter::new(format, "名册", Some(&title), &columns)?;
    let mut cursor: Option<Cursor> = None;
    let (mut rows, mut persons, mut total) = (0_usize, 0_i64, Fen::ZERO);
    loop {
        let page = pages::roll(office.db(), &scope, filter, cursor.as_ref(), ROWS_AT_ONCE).await?;
        let holders = holders(office, &page.rows, whole.is_some()).await?;
        let places = places(office, &page.rows).await?;
        for row in &page.rows {
            rows += 1;
            if rows > FAMILIES_MAX {
                return Err(OfficeError::invalid(
                    "filter",
                    format!("名册超过 {FAMILIES_MAX} 户，请按县或乡镇分别导出。"),
                ));
            }
            persons += row.members;
            let monthly = row.monthly.unwrap_or(Fen::ZERO);
            total =
                total.checked_add(monthly).ok_or_else(|| OfficeError::Internal("合计超出范围".to_owned()))?;
            let holder = holders.get(&row.holder);
            let place = |id: DivisionId| places.get(&id).cloned().unwrap_or_default();
            let programme = release.programmes.get(&row.programme);
            list.row(&[
                ListCell::Integer(i64::try_from(rows).unwrap_or(i64::MAX)),
                holder.map(|holder| holder.name.clone()).into(),
                holder.map(|holder| holder.citizen_id.clone()).into(),
                row.members.into(),
                row.monthly.into(),
                programme.map_or_else(|| row.programme.clone(), |programme| programme.title.clone()).into(),
                row.state.title().into(),
                place(row.township).into(),
                place(row.division).into(),
                row.from.into(),
                row.until.into(),
                row.review_due_on.into(),
            ])?;
        }
        match page.next {
            Some(next) => cursor = Some(next),
            None => break,
        }
    }
    let count = i64::try_from(rows).unwrap_or(i64::MAX);
    list.totals(&[
        "合计".into(),
        format!("{count} 户").into(),
        ListCell::Empty,
        persons.into(),
        total.into(),
    ])?;
    list.totals(&[format!(
        "导出人：{}（{}）　导出时间：{}　用途：{purpose}",
        actor.name,
        actor.division_name,
        now.zh()
    )
    .into()])?;
    let bytes = list.finish()?;
    office
        .db()
        .audit_read(AuditEntry {
            at: now.at_ms(),
            actor: actor.audit(),
            action: "roll.exported",
            subject: None,
            case: None,
            division: Some(actor.division),
            purpose: Some(purpose.to_owned()),
            details: json!({ "month": filter.month, "rows": rows, "whole": whole.is_some(), "format": format.extension() }),
        })
        .await?;
    Ok(ListFile { name: format!("名册{}.{}", filter.month, format.extension()), bytes, rows })
}

async fn holders(
    office: &Office,
    rows: &[EntitlementRow],
    whole: bool,
) -> Result<HashMap<PersonId, Holder>, OfficeError> {
    let rows = Query::system(
        "holders of benefits that the actor may see",
        "SELECT p.id, p.name, p.citizen_id_sealed FROM person p WHERE p.id IN ({list})",
    )
    .bind_list(rows.iter().map(|row| row.holder))
    .all(office.db())
    .await?;
    let mut holders = HashMap::new();
    for row in &rows {
        let id = sealing::open_citizen_id(office.keys(), &row.get::<Vec<u8>>("citizen_id_sealed")?)?;
        let citizen_id = if whole { id.expose().to_owned() } else { id.masked() };
        holders.insert(row.get("id")?, Holder { name: row.get("name")?, citizen_id });
    }
    Ok(holders)
}

async fn places(
    office: &Office,
    rows: &[EntitlementRow],
) -> Result<HashMap<DivisionId, String>, OfficeError> {
    let mut ids: Vec<DivisionId> = rows.iter().flat_map(|row| [row.township, row.division]).collect();
    ids.sort_unstable();
    ids.dedup();
    division_names(office.db(), ids).await
}

/// Names of divisions.
async fn division_names(
    connection: &impl Connection,
    ids: Vec<DivisionId>,
) -> Result<HashMap<DivisionId, String>, OfficeError> {
    Ok(Query::system(
        "the tree of divisions is everybody's",
        "SELECT d.id, d.name FROM division d WHERE d.id IN ({list})",
    )
    .bind_list(ids)
    .all_as(connection, |row| Ok((row.get("id")?, row.get("name")?)))
    .await?
    .into_iter()
    .collect())
}
