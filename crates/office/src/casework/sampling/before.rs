//! The lot before a decision (特困人员认定办法 art. 16): of the cases that townships send up, the county looks at no smaller share than
//! the law says before it confirms, and nobody chooses which.
//!
//! A case draws once, when it comes to the county. The lot falls on it by chance, and always where the share would else be too small:
//! so the share holds at every moment, from the first case on. Seed, place and what was drawn before are kept: anybody draws it again
//! with [`falls`].

use catalogue::definition::Scalar;
use store::Query;

use super::super::CaseRow;
use super::super::act::Doing;
use super::{fresh_seed, lot};
use crate::OfficeError;

/// Whether the lot falls on a case: `place` is its place among the cases of its county and item that drew, from one; `drawn_before` of
/// them were drawn already.
#[must_use]
pub fn falls(seed: &str, number: &str, percent: i64, place: i64, drawn_before: i64) -> bool {
    let least = (place * percent + 99) / 100;
    let lot = lot(seed, number);
    let by_chance = u32::from_str_radix(&lot[..8], 16).is_ok_and(|lot| i64::from(lot % 100) < percent);
    by_chance || drawn_before < least
}

/// Draws for a case; where the township decides nothing is drawn, its decisions are checked afterwards.
pub(in super::super) async fn draw(
    doing: &Doing<'_>,
    case: &CaseRow,
    parameter: &str,
) -> Result<(), OfficeError> {
    if case.delegated {
        return Ok(());
    }
    let county = store::divisions::division(doing.tx, case.county).await?;
    let set = doing.release.parameter(parameter, &county.code, doing.now.today());
    let percent = match set.map(|value| value.value) {
        Some(Scalar::Number(number)) => number.as_integer().filter(|percent| (1..=100).contains(percent)),
        _ => None,
    }
    .ok_or_else(|| OfficeError::Internal(format!("参数 {parameter} 没有抽查比例")))?;
    doing.tx.lock(&format!("case_draw:{}:{}", case.county, case.item)).await?;
    let row = Query::system(
        BEFORE,
        "SELECT COUNT(*) AS places, COUNT(CASE WHEN drawn THEN 1 END) AS drawn, COUNT(CASE WHEN case_id = ? THEN 1 END) AS own \
         FROM case_draw WHERE county_id = ? AND item = ?",
    )
    .bind(case.id)
    .bind(case.county)
    .bind(case.item.as_str())
    .one(doing.tx)
    .await?;
    // A case that was sent back keeps its lot.
    if row.get::<i64>("own")? > 0 {
        return Ok(());
    }
    let (place, drawn_before) = (row.get::<i64>("places")? + 1, row.get::<i64>("drawn")?);
    let seed = fresh_seed()?;
    let drawn = falls(&seed, &case.number, percent, place, drawn_before);
    Query::system(
        BEFORE,
        "INSERT INTO case_draw (case_id, item, county_id, percent, seed, place, drawn_before, drawn, drawn_at) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(case.id)
    .bind(case.item.as_str())
    .bind(case.county)
    .bind(percent)
    .bind(seed)
    .bind(place)
    .bind(drawn_before)
    .bind(drawn)
    .bind(doing.now.at_ms())
    .execute(doing.tx)
    .await?;
    Ok(())
}

/// Why it is read and written.
const BEFORE: &str = "the lot of a case that comes to the county";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_share_holds_from_the_first_case_on() {
        let mut drawn = 0;
        for place in 1..=200 {
            let seed = format!("{place:032x}");
            drawn += i64::from(falls(&seed, &format!("TK-{place}"), 30, place, drawn));
            assert!(drawn * 100 >= place * 30, "{drawn} of {place}");
        }
        assert!(drawn < 120, "not everybody: {drawn}");
    }
}
