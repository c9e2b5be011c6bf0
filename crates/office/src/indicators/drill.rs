//! What stands behind a figure, one by one: the records that count now, or the cases, benefits and payments that count in a month.

use catalogue::Release;
use catalogue::definition::{Indicator, Register, Side, Source};
use store::{AuditEntry, DivisionId};
use vocab::Month;

use super::count::{Counts, counts};
use super::dated::{self, On, Opens, Reading};
use super::may;
use crate::access::{Actor, Granted, ReadRecords, Right};
use crate::records::{self, Circumstances, Named, RecordId};
use crate::{Office, OfficeError, audited, divisions};

/// Rows of a page.
const SHOWN: usize = 50;
/// Rows that are looked at for a page, at most; the next page goes on behind them.
const LOOKED_AT_MAX: usize = 10_000;
const BATCH: i64 = 500;

/// One that counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BehindRow {
    /// The page that shows it.
    pub opens: Opens,
    /// What it is called.
    pub title: String,
    /// The name of the place where it lies.
    pub place: String,
    /// It is unknown whether it counts.
    pub unknown: bool,
}

/// A page of what stands behind a figure.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Behind {
    /// Rows.
    pub rows: Vec<BehindRow>,
    /// Where the next page begins.
    pub next: Option<i64>,
}

/// What is found and looked at so far.
#[derive(Default)]
struct Page {
    found: Vec<(Opens, String, DivisionId, bool)>,
    next: Option<i64>,
    after: i64,
    looked_at: usize,
}

impl Page {
    /// Whether there is room for one more; where the next page begins if not.
    fn full(&mut self) -> bool {
        let full = self.found.len() == SHOWN || self.looked_at == LOOKED_AT_MAX;
        if full {
            self.next = Some(self.after);
        }
        full
    }

    /// Takes what counts, and what may.
    fn look(&mut self, id: i64, counts: &Counts, row: impl FnOnce() -> (Opens, String, DivisionId)) {
        (self.after, self.looked_at) = (id, self.looked_at + 1);
        let unknown = match counts {
            Counts::No => return,
            Counts::Yes(_) => false,
            Counts::Unknown => true,
        };
        let (opens, title, division) = row();
        self.found.push((opens, title, division, unknown));
    }
}

/// Whether a reader of the figure may also open what it counts: registers always, cases and money with the right to read them.
#[must_use]
pub fn may_open(actor: &Actor, indicator: &Indicator, source: Source<'_>) -> bool {
    match source {
        Source::Register(_) => true,
        Source::Case | Source::Need => actor.may_in(Right::ReadCase, &indicator.business),
        Source::Entitlement | Source::Payment => actor.may_in(Right::ReadPayments, &indicator.business),
        Source::Person | Source::Division => false,
    }
}

/// What one side of an indicator counts at or below a division, behind `after`; none where its rows are not opened. Of a register it is what
/// stands in it now, whatever the month; cases and money are those of the month. Reading them is audited.
///
/// # Errors
/// [`OfficeError::NotFound`] for an indicator or a division that is not the reader's.
pub async fn counted(
    office: &Office,
    reader: &Granted<ReadRecords>,
    (indicator, side): (&Indicator, Side),
    division: DivisionId,
    month: Month,
    after: i64,
) -> Result<Option<Behind>, OfficeError> {
    let release = office.release();
    if !may(reader, &release, indicator)
        || !divisions::is_within(office.db(), reader.division, division).await?
    {
        return Err(OfficeError::NotFound("这项指标"));
    }
    let Some((_, counted)) = indicator.sides().find(|(this, _)| *this == side) else { return Ok(None) };
    let source = counted.source();
    if !may_open(reader, indicator, source) {
        return Ok(None);
    }
    let expressions = [&counted.when, &counted.sum];
    let named =
        Named::in_expressions(expressions.into_iter().flatten().map(|expression| expression.as_ref()));
    let mut page = Page { after, ..Page::default() };
    let asked = Asked { release: &release, indicator, side, named: &named, division };
    match source {
        Source::Register(register) => {
            let Some(register) = release.registers.get(register) else { return Ok(None) };
            records_behind(office, reader, &asked, register, &mut page).await?;
        }
        source => dated_behind(office, reader, &asked, (source, month), &mut page).await?,
    }
    let names = divisions::names(office.db(), page.found.iter().map(|row| row.2)).await?;
    let place = |division: DivisionId| names.get(&division).cloned().unwrap_or_default();
    let rows = page.found.into_iter().map(|(opens, title, division, unknown)| BehindRow {
        opens,
        title,
        place: place(division),
        unknown,
    });
    let behind = Behind { rows: rows.collect(), next: page.next };
    let entry = AuditEntry {
        division: Some(division),
        details: serde_json::json!({ "indicator": indicator.id.get(), "rows": behind.rows.len() }),
        ..audited(office.now().at_ms(), reader.audit(), "indicator.counted", ("division", division.0))
    };
    office.db().audit_read(entry).await?;
    Ok(Some(behind))
}

/// What is asked of a source.
struct Asked<'a> {
    release: &'a Release,
    indicator: &'a Indicator,
    side: Side,
    named: &'a Named,
    division: DivisionId,
}

async fn records_behind(
    office: &Office,
    reader: &Actor,
    asked: &Asked<'_>,
    register: &Register,
    page: &mut Page,
) -> Result<(), OfficeError> {
    let mut circumstances = Circumstances::new(office.now(), asked.named);
    loop {
        let within = (&reader.scope(), Some(asked.division));
        let after = RecordId(page.after);
        let (stored, seen) = records::open_batch(office, within, register, after, BATCH, asked.named).await?;
        if stored.is_empty() {
            return Ok(());
        }
        for (record, seen) in stored.iter().zip(&seen) {
            if page.full() {
                return Ok(());
            }
            let context = circumstances.of(office.db(), asked.release, record.division).await?;
            let counts = counts(asked.release, asked.indicator, asked.side, seen, context);
            page.look(record.id.0, &counts, || {
                (Opens::Record(record.id), record.title.clone(), record.division)
            });
        }
    }
}

async fn dated_behind(
    office: &Office,
    reader: &Actor,
    asked: &Asked<'_>,
    (source, month): (Source<'_>, Month),
    page: &mut Page,
) -> Result<(), OfficeError> {
    let on = On::of(month, office.now());
    let mut circumstances = Circumstances::on(on.month, on.day, asked.named);
    let scope = reader.scope();
    let reading = Reading { source, on, scope: &scope, below: Some(asked.division), named: asked.named };
    loop {
        let batch = dated::batch(office, &reading, page.after, BATCH).await?;
        if batch.is_empty() {
            return Ok(());
        }
        for one in &batch {
            if page.full() {
                return Ok(());
            }
            if !one.is_of(&asked.indicator.business) {
                (page.after, page.looked_at) = (one.id, page.looked_at + 1);
                continue;
            }
            let context = circumstances.of(office.db(), asked.release, one.division).await?;
            let counts = counts(asked.release, asked.indicator, asked.side, &one.seen, context);
            page.look(one.id, &counts, || (one.opens, one.title.clone(), one.division));
        }
    }
}
