//! Every number that a place sets, in a parameter or in a row of a table, as it holds in a division on a day: value, source, since when,
//! carried forward or not.

use std::collections::HashMap;

use catalogue::definition::{Basis, Parameter, Scalar, ValueKind};
use catalogue::{EffectiveValue, Layer, Release};
use chrono::NaiveDate;
use store::{DivisionId, Query};

use super::STANDARD_CHANGE_COLUMNS;
use super::changes::{StandardChangeView, view};
use super::layer::{canonical, history_of};
use super::subject::Subject;
use super::table_cell::TableCell;
use crate::access::{Actor, Right};
use crate::{Office, OfficeError, divisions};

/// A parameter or a row of a table for a division on a day.
#[derive(Debug, Clone)]
pub struct Standard {
    /// Its id, as [`Subject`] reads it.
    pub parameter: String,
    /// Title.
    pub title: String,
    /// Unit, such as 元/人·月.
    pub unit: Option<String>,
    /// Who sets it and what for.
    pub help: Option<String>,
    /// Laws that provide for it, as cited, in force on that day.
    pub basis: Vec<String>,
    /// What holds; none is a gap that somebody must fill.
    pub now: Option<StandardValue>,
    /// Proposals within the reader's scope that wait for release, for the division or one above.
    pub pending: Vec<StandardChangeView>,
}

/// A dated value, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StandardValue {
    /// The value as the packs write it.
    pub value: String,
    /// The value as people read it: 是, the title of a code, 760.
    pub shown: String,
    /// First day.
    pub from: NaiveDate,
    /// Last day, when another follows or it ran out.
    pub until: Option<NaiveDate>,
    /// Quote or document.
    pub source: String,
    /// The division it was set for; none for the whole country.
    pub division: Option<String>,
    /// Its name.
    pub division_name: Option<String>,
    /// Past the last day for which its source states it (沿用).
    pub carried_forward: bool,
    /// Whether it was released on a page.
    pub on_page: bool,
    /// Whether it is a demonstration value.
    pub demo: bool,
}

/// All parameters for a division on a day, then the rows of all tables, in the order of the packs.
///
/// Standards are public; what waits for release is shown to the two hands only, within their scope.
///
/// # Errors
/// [`OfficeError::NotFound`] for a division that does not exist.
pub async fn standards(
    office: &Office,
    actor: &Actor,
    division: DivisionId,
    on: NaiveDate,
) -> Result<Vec<Standard>, OfficeError> {
    let release = office.release();
    let code = divisions::find(office.db(), division).await?.code;
    let mut pending = pending(office, actor, division).await?;
    let mut all = Vec::new();
    for parameter in release.parameters.iter() {
        all.push(Standard {
            parameter: parameter.id.get().clone(),
            title: parameter.title.clone(),
            unit: parameter.unit.clone(),
            help: parameter.help.clone(),
            basis: cited(&release, &parameter.basis, on),
            now: effective(&release, parameter, &code, on),
            pending: pending.remove(parameter.id.get()).unwrap_or_default(),
        });
    }
    for table in release.tables.iter() {
        for key in release.keys(&table.id) {
            let cell = TableCell { table: &table.id, key: &key.code };
            let (id, now) = (cell.written(), effective_cell(&release, &cell, &code, on));
            if key.retired && now.is_none() {
                continue;
            }
            all.push(Standard {
                title: cell.title(&release),
                unit: table.unit.clone(),
                help: None,
                basis: cited(&release, &table.basis, on),
                now,
                pending: pending.remove(&id).unwrap_or_default(),
                parameter: id,
            });
        }
    }
    Ok(all)
}

fn cited(release: &Release, basis: &[Basis], on: NaiveDate) -> Vec<String> {
    release.basis_on(basis, on).iter().map(catalogue::Citation::text).collect()
}

/// The history of a parameter or a row of a table: every value for the division and those above it, newest first.
///
/// # Errors
/// [`OfficeError::NotFound`].
pub async fn standard_history(
    office: &Office,
    subject: &str,
    division: DivisionId,
) -> Result<Vec<StandardValue>, OfficeError> {
    let release = office.release();
    let today = office.now().today();
    let parameter = match Subject::read(&release, subject) {
        Some(Subject::Parameter(parameter)) => Some(parameter),
        Some(Subject::Cell(_)) => None,
        Some(Subject::Rule(_)) | None => return Err(OfficeError::NotFound("这项标准")),
    };
    let code = divisions::find(office.db(), division).await?.code;
    let above: Vec<&str> =
        release.places.upwards(&code).flat_map(|place| release.places.codes_of(&place.code)).collect();
    let mut values: Vec<StandardValue> = history_of(&release, subject)
        .into_iter()
        .filter(|known| known.division.is_none_or(|set_for| above.contains(&set_for)))
        .map(|known| {
            let last = known.until.map_or(today, |until| until.min(today));
            StandardValue {
                value: canonical(known.value),
                shown: shown(&release, parameter, known.value),
                from: known.from,
                until: known.until,
                source: known.source.to_owned(),
                division: known.division.map(ToOwned::to_owned),
                division_name: name_of(&release, known.division),
                carried_forward: known.stated_until.is_some_and(|stated| stated < last),
                on_page: known.layer == Layer::Database,
                demo: known.layer == Layer::Demo,
            }
        })
        .collect();
    values.reverse();
    values.sort_by_key(|value| std::cmp::Reverse(value.from));
    Ok(values)
}

pub(super) fn effective(
    release: &Release,
    parameter: &Parameter,
    code: &str,
    on: NaiveDate,
) -> Option<StandardValue> {
    let effective = release.parameter(&parameter.id, code, on)?;
    Some(in_words(release, &parameter.id, Some(parameter), &effective))
}

fn effective_cell(
    release: &Release,
    cell: &TableCell<'_>,
    code: &str,
    on: NaiveDate,
) -> Option<StandardValue> {
    let effective = release.cell(cell.table, cell.key, code, on)?;
    Some(in_words(release, &cell.written(), None, &effective))
}

fn in_words(
    release: &Release,
    subject: &str,
    parameter: Option<&Parameter>,
    effective: &EffectiveValue<'_>,
) -> StandardValue {
    let until = history_of(release, subject)
        .into_iter()
        .find(|known| {
            (known.division, known.from, known.layer) == (effective.division, effective.from, effective.layer)
        })
        .and_then(|known| known.until);
    StandardValue {
        value: canonical(effective.value),
        shown: shown(release, parameter, effective.value),
        from: effective.from,
        until,
        source: effective.source.to_owned(),
        division: effective.division.map(ToOwned::to_owned),
        division_name: name_of(release, effective.division),
        carried_forward: effective.carried_forward,
        on_page: effective.layer == Layer::Database,
        demo: effective.layer == Layer::Demo,
    }
}

fn name_of(release: &Release, code: Option<&str>) -> Option<String> {
    code.and_then(|code| release.places.get(code)).map(|place| place.name.clone())
}

fn shown(release: &Release, parameter: Option<&Parameter>, value: &Scalar) -> String {
    let list = parameter.filter(|parameter| *parameter.kind == ValueKind::Code);
    match (list.and_then(|parameter| parameter.codelist.as_ref()), value) {
        (Some(list), Scalar::Text(code)) => release.code_title(list, code).to_owned(),
        _ => value.to_string(),
    }
}

async fn pending(
    office: &Office,
    actor: &Actor,
    division: DivisionId,
) -> Result<HashMap<String, Vec<StandardChangeView>>, OfficeError> {
    let mut by_parameter: HashMap<String, Vec<StandardChangeView>> = HashMap::new();
    if !actor.may(Right::ProposeStandard) && !actor.may(Right::ReleaseStandard) {
        return Ok(by_parameter);
    }
    let rows = Query::new(
        &actor.scope(),
        &STANDARD_CHANGE_COLUMNS,
        format!(
            "{} WHERE {{scope}} AND sc.state = 'proposed' AND sc.division_id IN ({{list}}) ORDER BY sc.id",
            super::changes::VIEW
        ),
    )
    .bind_list(divisions::above(office.db(), &[division]).await?)
    .all(office.db())
    .await?;
    for row in &rows {
        let change = view(row)?;
        by_parameter.entry(change.parameter.clone()).or_default().push(change);
    }
    Ok(by_parameter)
}
