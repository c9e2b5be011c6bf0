//! Figures as pages show them: what was reckoned for another reader of the same place some minutes ago is shown again
//! ([`Office::with_figures_kept`]), and [`Reckoned::at`] says when that was. Files and lists are reckoned each time, and nothing is decided by these.
//!
//! The reader's right to the place is asked first, each time; what is kept is found by the place, by the reader's businesses (`Own`) and by everything
//! else in which two readers' figures may differ, so nobody is shown another place's or another business's.

use std::sync::Arc;
use std::time::Duration;

use chrono::NaiveDate;
use store::{DivisionId, Scope};
use vocab::Month;

use super::kept::{Kept, Reckoned};
use super::own::Own;
use super::{
    CaseFigures, CaseQuery, Fairness, Glance, Layers, PaidMonth, Performance, RollQuery, RollReport, area_of,
    case_figures as of_cases, fairness as of_groups, glance as of_place, layers as of_layers,
    performance as of_performance, place, roll_figures as of_roll,
};
use crate::access::{Granted, Report};
use crate::{Office, OfficeError};

/// What was paid, as it is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct PaidQuery {
    programme: Option<String>,
    from: Month,
    until: Month,
}

/// The registers that the reader sees, and the days.
type FairQuery = (Vec<String>, (NaiveDate, NaiveDate));
/// A question about a place, of somebody's businesses.
type Asked<Q> = (DivisionId, Own, Q);
/// Answers to such questions.
type Shelf<Q, T> = Kept<Asked<Q>, Reckoned<T>>;

/// Everything that is kept, a kind of figures each.
#[derive(Default)]
pub(crate) struct Shelves {
    /// Nothing is kept until somebody says for how long.
    pub(crate) fresh_for: Duration,
    pub(super) glances: Kept<Asked<Vec<String>>, Glance>,
    cases: Shelf<CaseQuery, Vec<CaseFigures>>,
    roll: Shelf<RollQuery, RollReport>,
    performance: Shelf<RollQuery, Performance>,
    paid: Shelf<PaidQuery, Vec<PaidMonth>>,
    layers: Shelf<Month, Layers>,
    fairness: Shelf<FairQuery, Fairness>,
}

/// [`case_figures`](super::case_figures()) for a page.
///
/// # Errors
/// As there.
pub async fn case_figures(
    office: &Office,
    actor: &Granted<Report>,
    query: &CaseQuery,
) -> Result<Arc<Reckoned<Vec<CaseFigures>>>, OfficeError> {
    let place = place(office, actor, query.division).await?;
    // Two readers who ask for a place by its name and as their own ask the same.
    let key = (place, Own::of(office, actor), CaseQuery { division: None, ..query.clone() });
    let shelves = &office.figures;
    shelves.cases.get(shelves.fresh_for, key.clone(), office.now(), again::cases(office, &key)).await
}

/// [`roll_figures`](super::roll_figures()) for a page.
///
/// # Errors
/// As there.
pub async fn roll_figures(
    office: &Office,
    actor: &Granted<Report>,
    query: &RollQuery,
) -> Result<Arc<Reckoned<RollReport>>, OfficeError> {
    let place = place(office, actor, query.division).await?;
    let key = (place, Own::of(office, actor), RollQuery { division: None, ..query.clone() });
    let shelves = &office.figures;
    shelves.roll.get(shelves.fresh_for, key.clone(), office.now(), again::roll(office, &key)).await
}

/// [`performance`](super::performance()) for a page.
///
/// # Errors
/// As there.
pub async fn performance(
    office: &Office,
    actor: &Granted<Report>,
    query: &RollQuery,
) -> Result<Arc<Reckoned<Performance>>, OfficeError> {
    let place = place(office, actor, query.division).await?;
    let key = (place, Own::of(office, actor), RollQuery { division: None, ..query.clone() });
    let shelves = &office.figures;
    let reckon = again::performance(office, &key);
    shelves.performance.get(shelves.fresh_for, key.clone(), office.now(), reckon).await
}

/// [`paid_by_month`](super::paid_by_month()) for a page.
///
/// # Errors
/// As there.
pub async fn paid_by_month(
    office: &Office,
    actor: &Granted<Report>,
    programme: Option<&str>,
    division: Option<DivisionId>,
    from: Month,
    until: Month,
) -> Result<Arc<Reckoned<Vec<PaidMonth>>>, OfficeError> {
    let place = place(office, actor, division).await?;
    let key =
        (place, Own::of(office, actor), PaidQuery { programme: programme.map(str::to_owned), from, until });
    let shelves = &office.figures;
    shelves.paid.get(shelves.fresh_for, key.clone(), office.now(), again::paid(office, &key)).await
}

/// [`layers`](super::layers()) for a page.
///
/// # Errors
/// As there.
pub async fn layers(
    office: &Office,
    actor: &Granted<Report>,
    division: Option<DivisionId>,
    month: Month,
) -> Result<Arc<Reckoned<Layers>>, OfficeError> {
    let key = (place(office, actor, division).await?, Own::of(office, actor), month);
    let shelves = &office.figures;
    shelves.layers.get(shelves.fresh_for, key.clone(), office.now(), again::layers(office, &key)).await
}

/// [`fairness`](super::fairness()) for a page; readers of other registers are shown other figures.
///
/// # Errors
/// As there.
pub async fn fairness(
    office: &Office,
    actor: &Granted<Report>,
    from: NaiveDate,
    until: NaiveDate,
) -> Result<Arc<Reckoned<Fairness>>, OfficeError> {
    let place = place(office, actor, None).await?;
    if actor.scope() != Scope::Subtree(place) {
        // Whoever sees something else than the place whole is shown nothing of what others were.
        let at = office.now();
        let figures = of_groups::fairness(office, actor, from, until).await?;
        return Ok(Arc::new(Reckoned { at, figures }));
    }
    let key = (place, Own::of(office, actor), (of_groups::watched(office, actor), (from, until)));
    let shelves = &office.figures;
    shelves.fairness.get(shelves.fresh_for, key.clone(), office.now(), again::fairness(office, &key)).await
}

/// Reckons again what was asked for lately and is soon too old, so that the next reader need not wait. Asked for from time to time by a worker.
pub async fn renew(office: &Office) {
    let shelves = &office.figures;
    let (fresh_for, now) = (shelves.fresh_for, office.now());
    for key in shelves.glances.ageing(fresh_for, now) {
        shelves.glances.renew(&key, again::glance(office, &key).await).await;
    }
    for key in shelves.cases.ageing(fresh_for, now) {
        shelves.cases.renew(&key, again::cases(office, &key).await).await;
    }
    for key in shelves.roll.ageing(fresh_for, now) {
        shelves.roll.renew(&key, again::roll(office, &key).await).await;
    }
    for key in shelves.performance.ageing(fresh_for, now) {
        shelves.performance.renew(&key, again::performance(office, &key).await).await;
    }
    for key in shelves.paid.ageing(fresh_for, now) {
        shelves.paid.renew(&key, again::paid(office, &key).await).await;
    }
    for key in shelves.layers.ageing(fresh_for, now) {
        shelves.layers.renew(&key, again::layers(office, &key).await).await;
    }
    for key in shelves.fairness.ageing(fresh_for, now) {
        shelves.fairness.renew(&key, again::fairness(office, &key).await).await;
    }
}

/// The questions, whoever asks: whoever is shown the answer was let in to the place.
mod again {
    use super::*;

    pub(super) async fn glance(
        office: &Office,
        (place, own, registers): &Asked<Vec<String>>,
    ) -> Result<Glance, OfficeError> {
        let now = office.now();
        of_place::reckoned(office, &area_of(office, *place).await?, own, registers, now).await
    }

    pub(super) async fn cases(
        office: &Office,
        (place, own, query): &Asked<CaseQuery>,
    ) -> Result<Reckoned<Vec<CaseFigures>>, OfficeError> {
        let at = office.now();
        let area = area_of(office, *place).await?;
        Ok(Reckoned { at, figures: of_cases::reckoned(office, &area, own, query).await? })
    }

    pub(super) async fn roll(
        office: &Office,
        (place, own, query): &Asked<RollQuery>,
    ) -> Result<Reckoned<RollReport>, OfficeError> {
        let at = office.now();
        let area = area_of(office, *place).await?;
        Ok(Reckoned { at, figures: of_roll::reckoned(office, area, own, query).await? })
    }

    pub(super) async fn performance(
        office: &Office,
        (place, own, query): &Asked<RollQuery>,
    ) -> Result<Reckoned<Performance>, OfficeError> {
        let at = office.now();
        let area = area_of(office, *place).await?;
        Ok(Reckoned { at, figures: of_performance::reckoned(office, area, own, query).await? })
    }

    pub(super) async fn paid(
        office: &Office,
        (place, own, query): &Asked<PaidQuery>,
    ) -> Result<Reckoned<Vec<PaidMonth>>, OfficeError> {
        let at = office.now();
        let area = area_of(office, *place).await?;
        let programme = query.programme.as_deref();
        let months = (query.from, query.until);
        Ok(Reckoned { at, figures: of_roll::paid(office, &area, own, programme, months).await? })
    }

    pub(super) async fn layers(
        office: &Office,
        (place, own, month): &Asked<Month>,
    ) -> Result<Reckoned<Layers>, OfficeError> {
        let at = office.now();
        let area = area_of(office, *place).await?;
        Ok(Reckoned { at, figures: of_layers::reckoned(office, area, own, *month).await? })
    }

    pub(super) async fn fairness(
        office: &Office,
        (place, own, (registers, days)): &Asked<FairQuery>,
    ) -> Result<Reckoned<Fairness>, OfficeError> {
        let at = office.now();
        let area = area_of(office, *place).await?;
        let scope = Scope::Subtree(*place);
        let figures = of_groups::reckoned(office, &scope, area, (own, registers), *days).await?;
        Ok(Reckoned { at, figures })
    }
}
