//! Where reviewing and confirming lie with the township (审核确认权下放), and how much of the work that is.

use catalogue::definition::Scalar;
use chrono::NaiveDate;
use store::DivisionId;
use vocab::Level;

use crate::access::{Granted, Report, Right};
use crate::{Office, OfficeError, business, divisions};

/// One township.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DelegatedPlace {
    /// The township.
    pub township: DivisionId,
    /// Its name.
    pub name: String,
    /// Its county's name.
    pub county: String,
    /// Whether it confirms; none when nobody set it.
    pub delegated: Option<bool>,
    /// The document that says so.
    pub source: Option<String>,
    /// Carried past the last day for which its source states it.
    pub carried_forward: bool,
}

/// The townships of a division for a matter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delegated {
    /// Each township.
    pub places: Vec<DelegatedPlace>,
}

impl Delegated {
    /// Townships that confirm.
    #[must_use]
    pub fn delegated(&self) -> usize {
        self.places.iter().filter(|place| place.delegated == Some(true)).count()
    }

    /// Tenths of a percent of the townships, rounded half up; none without townships.
    #[must_use]
    pub fn permille(&self) -> Option<usize> {
        let all = self.places.len();
        (all > 0).then(|| (2000 * self.delegated() + all) / (2 * all))
    }
}

/// Which townships confirm a matter by themselves on a day, by the packs in force.
///
/// # Errors
/// [`OfficeError::NotFound`] for a matter that cannot be delegated, or a division outside the reader's scope.
pub async fn delegation(
    office: &Office,
    actor: &Granted<Report>,
    item: &str,
    division: Option<DivisionId>,
    on: NaiveDate,
) -> Result<Delegated, OfficeError> {
    business::demand_item(office, actor, Right::Report, item, "可以下放审核确认权的事项")?;
    let release = office.release();
    let parameter = release
        .items
        .get(item)
        .and_then(|item| item.delegated.as_ref())
        .and_then(|delegation| Some(delegation.parameter.as_ref()?.get().clone()))
        .ok_or(OfficeError::NotFound("可以下放审核确认权的事项"))?;
    let division = division.unwrap_or(actor.division);
    divisions::within(office.db(), actor.division, division).await?;
    let mut places = Vec::new();
    for township in divisions::at_level(office.db(), division, Level::Township).await? {
        let value = release.parameter(&parameter, &township.code, on);
        let county = release
            .places
            .upwards(&township.code)
            .find(|place| place.level == catalogue::definition::DivisionLevel::County)
            .map(|place| place.name.clone())
            .unwrap_or_default();
        places.push(DelegatedPlace {
            township: township.id,
            name: township.name,
            county,
            delegated: value.as_ref().map(|value| *value.value == Scalar::Boolean(true)),
            source: value.as_ref().map(|value| value.source.to_owned()),
            carried_forward: value.is_some_and(|value| value.carried_forward),
        });
    }
    Ok(Delegated { places })
}
