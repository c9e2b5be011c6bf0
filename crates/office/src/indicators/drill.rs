//! The records behind a figure: those that count now, one by one.

use catalogue::definition::{Indicator, OVER_DIVISION, OVER_PERSON, Side};
use store::{AuditEntry, DivisionId};

use super::may;
use super::reckon::{Counts, counts};
use crate::access::{Granted, ReadRecords};
use crate::records::{self, Circumstances, Named, RecordId};
use crate::{Office, OfficeError, audited, divisions};

/// Records of a page.
const SHOWN: usize = 50;
/// Records that are looked at for a page, at most; the next page goes on behind them.
const LOOKED_AT_MAX: usize = 10_000;
const BATCH: i64 = 500;

/// A page of the records behind a figure.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Behind {
    /// Record, title, name of the place, and whether it is unknown that it counts.
    pub rows: Vec<(RecordId, String, String, bool)>,
    /// Where the next page begins.
    pub next: Option<RecordId>,
}

/// The records that one side of an indicator counts at or below a division, behind `after`; none where it does not count records.
/// What stands in a register now is looked at, whatever the month. Reading them is audited.
///
/// # Errors
/// [`OfficeError::NotFound`] for an indicator or a division that is not the reader's.
pub async fn counted(
    office: &Office,
    reader: &Granted<ReadRecords>,
    indicator: &Indicator,
    side: Side,
    division: DivisionId,
    after: RecordId,
) -> Result<Option<Behind>, OfficeError> {
    let release = office.release();
    if !may(reader, &release, indicator)
        || !divisions::is_within(office.db(), reader.division, division).await?
    {
        return Err(OfficeError::NotFound("这项指标"));
    }
    let Some((_, counted)) = indicator.sides().find(|(this, _)| *this == side) else { return Ok(None) };
    if matches!(counted.over.as_str(), OVER_PERSON | OVER_DIVISION) {
        return Ok(None);
    }
    let Some(register) = release.registers.get(&counted.over) else { return Ok(None) };
    let expressions = [&counted.when, &counted.sum];
    let named =
        Named::in_expressions(expressions.into_iter().flatten().map(|expression| expression.as_ref()));
    let mut circumstances = Circumstances::new(office.now(), &named);
    let (mut found, mut next, mut after, mut looked_at) = (Vec::new(), None, after, 0);
    'pages: loop {
        let within = (&reader.scope(), Some(division));
        let (stored, seen) = records::open_batch(office, within, register, after, BATCH, &named).await?;
        for (record, seen) in stored.iter().zip(&seen) {
            if found.len() == SHOWN || looked_at == LOOKED_AT_MAX {
                next = Some(after);
                break 'pages;
            }
            (after, looked_at) = (record.id, looked_at + 1);
            let context = circumstances.of(office.db(), &release, record).await?;
            let unknown = match counts(&release, indicator, side, seen, context) {
                Counts::No => continue,
                Counts::Yes(_) => false,
                Counts::Unknown => true,
            };
            found.push((record.id, record.title.clone(), record.division, unknown));
        }
        if stored.is_empty() {
            break;
        }
    }
    let names = divisions::names(office.db(), found.iter().map(|row| row.2)).await?;
    let place = |division: DivisionId| names.get(&division).cloned().unwrap_or_default();
    let rows = found.into_iter().map(|(id, title, division, unknown)| (id, title, place(division), unknown));
    let behind = Behind { rows: rows.collect(), next };
    let entry = AuditEntry {
        division: Some(division),
        details: serde_json::json!({ "indicator": indicator.id.get(), "rows": behind.rows.len() }),
        ..audited(office.now().at_ms(), reader.audit(), "indicator.counted", ("division", division.0))
    };
    office.db().audit_read(entry).await?;
    Ok(Some(behind))
}
