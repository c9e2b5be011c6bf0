//! By when somebody must have looked into a lead: the clock that the packs give its rule, else its kind, from the day on which it was found.

use catalogue::Release;
use catalogue::definition::LeadsOf;
use chrono::NaiveDate;
use store::{Query, Tx};
use vocab::{Calendar, DueDate, TimeLimit};

use super::search::SEARCH;
use super::{Kind, LeadId};
use crate::casework::clocks::{set_days, time_limit};
use crate::{Office, OfficeError};

/// Leads of one statement.
const BATCH: usize = 500;

/// The last day for a lead of a rule, none for the sweep's, in a place; none where no clock is for it.
pub(super) fn due(
    release: &Release,
    calendar: &Calendar,
    kind: Kind,
    rule: &str,
    division: &str,
    from: NaiveDate,
) -> Option<DueDate> {
    let of = match kind {
        Kind::Unclaimed => LeadsOf::Unclaimed,
        Kind::Review => LeadsOf::Review,
    };
    let clocks = || release.lead_clocks.iter().filter(move |clock| clock.of == of);
    let clock = clocks()
        .find(|clock| clock.rules.iter().any(|one| *one == *rule))
        .or_else(|| clocks().find(|clock| clock.rules.is_empty()))?;
    let own = clock.working_days.as_ref().and_then(|days| set_days(release, days, division, from));
    Some(calendar.due(from, own.map_or_else(|| time_limit(clock.limit), TimeLimit::working_days)))
}

/// Gives open leads a clock that have none: of before there were clocks, or before one was for them. It runs from today, for nobody could keep it.
pub(super) async fn give_missing(office: &Office, release: &Release) -> Result<(), OfficeError> {
    let today = office.now().today();
    let rows: Vec<(LeadId, Kind, String, String)> = Query::system(
        SEARCH,
        "SELECT l.id, l.kind, l.rule, d.code FROM lead l JOIN division d ON d.id = l.division_id \
         WHERE l.state = 'open' AND l.due_on IS NULL ORDER BY l.id",
    )
    .all_as(office.db(), |row| {
        let kind = Kind::read(&row.get::<String>("kind")?);
        Ok((row.get("id")?, kind, row.get("rule")?, row.get("code")?))
    })
    .await?;
    let mut by_due: std::collections::BTreeMap<(NaiveDate, Option<NaiveDate>), Vec<LeadId>> =
        std::collections::BTreeMap::new();
    for (lead, kind, rule, division) in rows {
        if let Some(due) = due(release, office.calendar(), kind, &rule, &division, today) {
            by_due.entry(columns(due)).or_default().push(lead);
        }
    }
    if by_due.is_empty() {
        return Ok(());
    }
    let tx = office.db().begin().await?;
    for ((on, earliest), leads) in by_due {
        for leads in leads.chunks(BATCH) {
            set(&tx, leads, on, earliest).await?;
        }
    }
    tx.commit().await?;
    Ok(())
}

async fn set(
    tx: &Tx,
    leads: &[LeadId],
    on: NaiveDate,
    earliest: Option<NaiveDate>,
) -> Result<(), OfficeError> {
    Query::system(
        SEARCH,
        "UPDATE lead SET due_on = ?, earliest_on = ? WHERE id IN ({list}) AND due_on IS NULL AND state = 'open'",
    )
    .bind(on)
    .bind(earliest)
    .bind_list(leads.iter().copied())
    .execute(tx)
    .await?;
    Ok(())
}

/// The latest reading, and the earliest where it is another.
pub(super) fn columns(due: DueDate) -> (NaiveDate, Option<NaiveDate>) {
    (due.latest, (due.earliest != due.latest).then_some(due.earliest))
}
