//! Coverage: of what fell due in a month, how much was done (探访率、年检率), by the divisions below one's own. Each number leads to the very
//! duties that were counted.

use std::collections::HashMap;

use store::{DivisionId, Query};
use vocab::Month;

use super::duties::DUTY_COLUMNS;
use super::readable;
use crate::access::{Granted, ReadRecords};
use crate::{Office, OfficeError};

/// The coverage of one duty in a division.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rate {
    /// Register.
    pub register: String,
    /// Duty.
    pub duty: String,
    /// Name of the rate.
    pub title: String,
    /// The division.
    pub division: DivisionId,
    /// Its name.
    pub division_name: String,
    /// What fell due.
    pub due: i64,
    /// What of it was done.
    pub done: i64,
    /// What of it is late.
    pub late: i64,
}

impl Rate {
    /// `87.5%`; none where nothing fell due.
    #[must_use]
    pub fn percent(&self) -> Option<String> {
        percent(self.done, self.due)
    }
}

/// A share in per cent with one decimal.
#[must_use]
pub fn percent(part: i64, whole: i64) -> Option<String> {
    if whole <= 0 {
        return None;
    }
    let thousandths = (part * 2000 + whole) / (whole * 2);
    Some(format!("{}.{}%", thousandths / 10, thousandths % 10))
}

/// Coverage in a month, for one's own division and each one step below.
///
/// # Errors
/// The database.
pub async fn rates(
    office: &Office,
    reader: &Granted<ReadRecords>,
    month: Month,
) -> Result<Vec<Rate>, OfficeError> {
    let mut places = vec![(reader.division, reader.division_name.clone())];
    for child in crate::divisions::children(office.db(), reader.division).await? {
        places.push((child.id, child.name));
    }
    let counted = counted(office, reader, &places, month).await?;
    let mut list = Vec::new();
    for open in readable(office, reader) {
        let register = open.register();
        for duty in &register.duties {
            for (division, name) in &places {
                let key = (register.id.get().clone(), duty.id.get().clone(), *division);
                let (due, done, late) = counted.get(&key).copied().unwrap_or_default();
                if due > 0 || *division == reader.division {
                    list.push(Rate {
                        register: register.id.get().clone(),
                        duty: duty.id.get().clone(),
                        title: format!("{}（{}）", duty.rate, register.title),
                        division: *division,
                        division_name: name.clone(),
                        due,
                        done,
                        late,
                    });
                }
            }
        }
    }
    Ok(list)
}

/// Due, done and late by register, duty and place.
async fn counted(
    office: &Office,
    reader: &Granted<ReadRecords>,
    places: &[(DivisionId, String)],
    month: Month,
) -> Result<HashMap<(String, String, DivisionId), (i64, i64, i64)>, OfficeError> {
    let rows = Query::new(
        &reader.scope(),
        &DUTY_COLUMNS,
        "SELECT t.register, t.duty, c.ancestor_id, count(*) AS due, \
         CAST(SUM(CASE WHEN t.state = 'done' THEN 1 ELSE 0 END) AS BIGINT) AS done, \
         CAST(SUM(CASE WHEN t.state = 'open' AND t.due_on < ? THEN 1 ELSE 0 END) AS BIGINT) AS late \
         FROM record_duty t JOIN division_closure c ON c.descendant_id = t.division_id \
         WHERE {scope} AND t.state <> 'lapsed' AND t.due_on >= ? AND t.due_on <= ? AND c.ancestor_id IN ({list}) \
         GROUP BY t.register, t.duty, c.ancestor_id",
    )
    .bind(office.now().today())
    .bind(month.first_day())
    .bind(month.last_day())
    .bind_list(places.iter().map(|(division, _)| *division))
    .all(office.db())
    .await?;
    let mut found = HashMap::with_capacity(rows.len());
    for row in &rows {
        let key = (row.get("register")?, row.get("duty")?, row.get("ancestor_id")?);
        found.insert(key, (row.get("due")?, row.get("done")?, row.get("late")?));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::percent;

    #[test]
    fn a_share_is_rounded_half_up() {
        assert_eq!(percent(7, 8).as_deref(), Some("87.5%"));
        assert_eq!(percent(1, 3).as_deref(), Some("33.3%"));
        assert_eq!(percent(2, 3).as_deref(), Some("66.7%"));
        assert_eq!(percent(5, 5).as_deref(), Some("100.0%"));
        assert_eq!(percent(0, 0), None);
    }
}
