//! Every value that a parameter or a row of a table ever had, over all layers and divisions: what pages list and what a database release
//! is fitted between.

use chrono::NaiveDate;

use crate::definition::{Basis, Scalar};
use crate::{Layer, Release};

/// One dated value as the packs give it.
#[derive(Debug, Clone)]
pub struct KnownValue<'a> {
    /// The value.
    pub value: &'a Scalar,
    /// Its source.
    pub source: &'a str,
    /// First day.
    pub from: NaiveDate,
    /// Last day.
    pub until: Option<NaiveDate>,
    /// Last day for which the source states it.
    pub stated_until: Option<NaiveDate>,
    /// The division it was set for; none when national.
    pub division: Option<&'a str>,
    /// The layer that gives it.
    pub layer: Layer,
    /// Article that gives it.
    pub law: Option<&'a Basis>,
}

impl Release {
    /// All values of a parameter: by division, first day and layer.
    #[must_use]
    pub fn parameter_history(&self, id: &str) -> Vec<KnownValue<'_>> {
        let held = self.values.get(id).map(Vec::as_slice).unwrap_or_default();
        let mut history: Vec<KnownValue<'_>> = held
            .iter()
            .map(|held| KnownValue {
                value: held.value.value.get(),
                source: held.value.source.as_str(),
                from: held.value.from,
                until: held.value.until,
                stated_until: held.value.stated_until,
                division: held.division.as_deref(),
                layer: held.layer,
                law: held.value.law.as_ref(),
            })
            .collect();
        history.sort_by_key(|known| (known.division, known.from, known.layer));
        history
    }

    /// All values of one row of a table: by division, first day and layer.
    #[must_use]
    pub fn cell_history(&self, table: &str, key: &str) -> Vec<KnownValue<'_>> {
        let held = self.table_values.get(table).map(Vec::as_slice).unwrap_or_default();
        let mut history: Vec<KnownValue<'_>> = held
            .iter()
            .filter_map(|held| {
                Some(KnownValue {
                    value: held.value.rows.get(key)?.get(),
                    source: held.value.source.as_str(),
                    from: held.value.from,
                    until: held.value.until,
                    stated_until: held.value.stated_until,
                    division: held.division.as_deref(),
                    layer: held.layer,
                    law: None,
                })
            })
            .collect();
        history.sort_by_key(|known| (known.division, known.from, known.layer));
        history
    }
}
