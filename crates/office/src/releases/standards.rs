//! Every number that a place sets, as it holds in a division on a day: value, source, since when, carried forward or not.

use std::collections::HashMap;

use catalogue::definition::{Parameter, Scalar, ValueKind};
use catalogue::{Layer, Release};
use chrono::NaiveDate;
use store::{DivisionId, Query};

use super::STANDARD_CHANGE_COLUMNS;
use super::changes::{StandardChangeView, view};
use crate::access::{Actor, Right};
use crate::{Office, OfficeError, divisions};

/// A parameter for a division on a day.
#[derive(Debug, Clone)]
pub struct Standard {
    /// The parameter's id.
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

/// All parameters for a division on a day, in the order of the packs.
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
    Ok(release
        .parameters
        .iter()
        .map(|parameter| Standard {
            parameter: parameter.id.get().clone(),
            title: parameter.title.clone(),
            unit: parameter.unit.clone(),
            help: parameter.help.clone(),
            basis: release.basis_on(&parameter.basis, on).iter().map(catalogue::Citation::text).collect(),
            now: effective(&release, parameter, &code, on),
            pending: pending.remove(parameter.id.get()).unwrap_or_default(),
        })
        .collect())
}

/// The history of one parameter: every value for the division and those above it, newest first.
///
/// # Errors
/// [`OfficeError::NotFound`].
pub async fn standard_history(
    office: &Office,
    parameter: &str,
    division: DivisionId,
) -> Result<Vec<StandardValue>, OfficeError> {
    let release = office.release();
    let today = office.now().today();
    let definition = release.parameters.get(parameter).ok_or(OfficeError::NotFound("这项标准"))?;
    let code = divisions::find(office.db(), division).await?.code;
    let above: Vec<&str> =
        release.places.upwards(&code).flat_map(|place| release.places.codes_of(&place.code)).collect();
    let mut values: Vec<StandardValue> = release
        .parameter_history(parameter)
        .into_iter()
        .filter(|known| known.division.is_none_or(|set_for| above.contains(&set_for)))
        .map(|known| {
            let last = known.until.map_or(today, |until| until.min(today));
            StandardValue {
                value: super::layer::canonical(known.value),
                shown: shown(&release, definition, known.value),
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
    let until = release
        .parameter_history(&parameter.id)
        .into_iter()
        .find(|known| {
            (known.division, known.from, known.layer) == (effective.division, effective.from, effective.layer)
        })
        .and_then(|known| known.until);
    Some(StandardValue {
        value: super::layer::canonical(effective.value),
        shown: shown(release, parameter, effective.value),
        from: effective.from,
        until,
        source: effective.source.to_owned(),
        division: effective.division.map(ToOwned::to_owned),
        division_name: name_of(release, effective.division),
        carried_forward: effective.carried_forward,
        on_page: effective.layer == Layer::Database,
        demo: effective.layer == Layer::Demo,
    })
}

fn name_of(release: &Release, code: Option<&str>) -> Option<String> {
    code.and_then(|code| release.places.get(code)).map(|place| place.name.clone())
}

fn shown(release: &Release, parameter: &Parameter, value: &Scalar) -> String {
    match (*parameter.kind, value, &parameter.codelist) {
        (ValueKind::Code, Scalar::Text(code), Some(list)) => release.code_title(list, code).to_owned(),
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
