//! Counting: each source is read once for all sides of indicators over it.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use catalogue::Release;
use catalogue::definition::{Counted, Indicator, Register, Side, Source};
use rules::{Context, Rational, Value};
use store::{DivisionId, PersonId, Query, ScopeColumns};

use super::dated::{self, On, Reading};
use super::{RECKONING, UNITS};
use crate::records::{self, Circumstances, Named, RecordId};
use crate::{Office, OfficeError, divisions};

/// Records, people, cases that are read at once.
const BATCH: i64 = 500;

/// One side of one indicator, and what was found.
pub(super) struct Count<'a> {
    pub indicator: &'a Indicator,
    pub side: Side,
    counted: &'a Counted,
    pub found: BTreeMap<DivisionId, i64>,
    pub unknown: BTreeMap<DivisionId, i64>,
    /// Where records lie, when places are counted.
    places: BTreeSet<DivisionId>,
}

impl Count<'_> {
    /// Looks at one record.
    fn look(&mut self, release: &Release, seen: &rules::Record, context: &Context, division: DivisionId) {
        match counts(release, self.indicator, self.side, seen, context) {
            Counts::No => {}
            Counts::Unknown => *self.unknown.entry(division).or_default() += 1,
            Counts::Yes(units) if self.counted.level.is_none() => {
                *self.found.entry(division).or_default() += units;
            }
            Counts::Yes(_) => drop(self.places.insert(division)),
        }
    }
}

/// Whether and how much a record counts, in ten-thousandths.
pub(super) enum Counts {
    No,
    Yes(i64),
    Unknown,
}

pub(super) fn counts(
    release: &Release,
    indicator: &Indicator,
    side: Side,
    seen: &rules::Record,
    context: &Context,
) -> Counts {
    match release.counted_when(&indicator.id, side).map(|when| when.evaluate(seen, context)) {
        None | Some(Value::Boolean(true)) => {}
        Some(Value::Boolean(false)) => return Counts::No,
        Some(_) => return Counts::Unknown,
    }
    match release.counted_sum(&indicator.id, side).map(|sum| sum.evaluate(seen, context)) {
        None => Counts::Yes(UNITS),
        Some(Value::Number(number)) => units(&number).map_or(Counts::Unknown, Counts::Yes),
        Some(_) => Counts::Unknown,
    }
}

/// In ten-thousandths, rounded half up.
fn units(number: &Rational) -> Option<i64> {
    number.round(4).to_scaled(4)
}

/// The sides of some indicators, with nothing found yet.
pub(super) fn sides<'a>(indicators: impl Iterator<Item = &'a Indicator>) -> Vec<Count<'a>> {
    let mut counts = Vec::new();
    for indicator in indicators {
        for (side, counted) in indicator.sides() {
            let (found, unknown, places) = Default::default();
            counts.push(Count { indicator, side, counted, found, unknown, places });
        }
    }
    counts
}

/// What some sides are over.
pub(super) fn sources<'a>(counts: &[Count<'a>]) -> BTreeSet<Source<'a>> {
    counts.iter().map(|count| count.counted.source()).collect()
}

/// Reads one source for all sides over it.
pub(super) async fn count_over(
    office: &Office,
    release: &Release,
    source: Source<'_>,
    on: On,
    counts: &mut [Count<'_>],
) -> Result<(), OfficeError> {
    let mut over: Vec<&mut Count<'_>> =
        counts.iter_mut().filter(|count| count.counted.source() == source).collect();
    match source {
        Source::Division => {
            for count in over {
                count_divisions(office, release, count).await?;
            }
        }
        Source::Person => count_people(office, release, on, &mut over).await?,
        Source::Case | Source::Entitlement | Source::Payment | Source::Need => {
            count_dated(office, release, source, on, &mut over).await?;
        }
        Source::Register(register) => {
            if let Some(register) = release.registers.get(register) {
                count_records(office, release, register, on, &mut over).await?;
            }
        }
    }
    Ok(())
}

/// What the expressions of some sides name.
fn named(counts: &[&mut Count<'_>]) -> Named {
    let expressions = counts.iter().flat_map(|count| [&count.counted.when, &count.counted.sum]);
    Named::in_expressions(expressions.flatten().map(|expression| expression.as_ref()))
}

async fn count_records(
    office: &Office,
    release: &Release,
    register: &Register,
    on: On,
    counts: &mut [&mut Count<'_>],
) -> Result<(), OfficeError> {
    let named = named(counts);
    let mut circumstances = Circumstances::on(on.month, on.day, &named);
    let mut after = RecordId(0);
    loop {
        let (stored, seen) =
            records::open_batch(office, (&RECKONING, None), register, after, BATCH, &named).await?;
        let Some(last) = stored.last() else { return Ok(()) };
        after = last.id;
        for (record, seen) in stored.iter().zip(&seen) {
            let context = circumstances.of(office.db(), release, record.division).await?;
            for count in counts.iter_mut() {
                count.look(release, seen, context, record.division);
            }
        }
    }
}

async fn count_dated(
    office: &Office,
    release: &Release,
    source: Source<'_>,
    on: On,
    counts: &mut [&mut Count<'_>],
) -> Result<(), OfficeError> {
    let named = named(counts);
    let mut circumstances = Circumstances::on(on.month, on.day, &named);
    let reading = Reading { source, on, scope: &RECKONING, below: None, named: &named };
    let mut after = 0;
    loop {
        let found = dated::batch(office, &reading, after, BATCH).await?;
        let Some(last) = found.last() else { return Ok(()) };
        after = last.id;
        for one in &found {
            let context = circumstances.of(office.db(), release, one.division).await?;
            for count in counts.iter_mut().filter(|count| one.is_of(&count.indicator.business)) {
                count.look(release, &one.seen, context, one.division);
            }
        }
    }
}

async fn count_people(
    office: &Office,
    release: &Release,
    on: On,
    counts: &mut [&mut Count<'_>],
) -> Result<(), OfficeError> {
    let named = named(counts);
    let context = Context::new(on.month, on.day, on.day);
    let mut after = PersonId(0);
    loop {
        let homes: Vec<(PersonId, DivisionId)> = Query::new(
            &RECKONING,
            &ScopeColumns::NONE,
            "SELECT p.id, p.residence_division_id AS division_id FROM person p WHERE p.id > ? AND p.died_on IS NULL AND p.merged_into IS NULL \
             AND p.residence_division_id IS NOT NULL ORDER BY p.id LIMIT ?",
        )
        .bind(after)
        .bind(BATCH)
        .all_as(office.db(), |row| Ok((row.get("id")?, row.get("division_id")?)))
        .await?;
        let Some((last, _)) = homes.last() else { return Ok(()) };
        after = *last;
        let ids: Vec<PersonId> = homes.iter().map(|(id, _)| *id).collect();
        let people = records::persons(office, office.db(), &ids, &named).await?;
        for (id, division) in &homes {
            let Some(seen) = people.get(id) else { continue };
            for count in counts.iter_mut() {
                count.look(release, seen, &context, *division);
            }
        }
    }
}

/// Whether a place is one that offices and plans count, and of the kind that is asked for.
fn is_counted(release: &Release, counted: &Counted, code: &str) -> bool {
    match release.places.get(code) {
        Some(place) => !place.nominal && counted.only.is_none_or(|kind| place.is(kind)),
        None => counted.only.is_none(),
    }
}

/// The places of a level themselves.
async fn count_divisions(
    office: &Office,
    release: &Release,
    count: &mut Count<'_>,
) -> Result<(), OfficeError> {
    let Some(level) = count.counted.level.and_then(records::vocab_level) else { return Ok(()) };
    let places: Vec<(DivisionId, String)> = Query::new(
        &RECKONING,
        &ScopeColumns::NONE,
        "SELECT d.id, d.code FROM division d WHERE d.level = ? AND d.until_on IS NULL ORDER BY d.id",
    )
    .bind(level.as_str())
    .all_as(office.db(), |row| Ok((row.get("id")?, row.get("code")?)))
    .await?;
    let counted = count.counted;
    let real = places.into_iter().filter(|(_, code)| is_counted(release, counted, code));
    count.found = real.map(|(id, _)| (id, UNITS)).collect();
    Ok(())
}

/// From where records lie to the places of a level at or above, each once.
pub(super) async fn count_places(
    office: &Office,
    release: &Release,
    count: &mut Count<'_>,
) -> Result<(), OfficeError> {
    let Some(level) = count.counted.level.and_then(records::vocab_level) else { return Ok(()) };
    let counted = count.counted;
    let mut above: HashMap<DivisionId, Option<DivisionId>> = HashMap::new();
    for place in std::mem::take(&mut count.places) {
        if let std::collections::hash_map::Entry::Vacant(entry) = above.entry(place) {
            let path = divisions::path(office.db(), place).await?;
            let found =
                path.iter().find(|above| above.level == level && is_counted(release, counted, &above.code));
            entry.insert(found.map(|division| division.id));
        }
    }
    count.found.extend(above.into_values().flatten().map(|id| (id, UNITS)));
    Ok(())
}
