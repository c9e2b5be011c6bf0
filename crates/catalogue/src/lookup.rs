//! Looking up in a release: the value of a parameter for a place and a day, the law in force, the title of a code.

use chrono::NaiveDate;

use crate::definition::{Basis, Code, DatedValue, Item, Law, Scalar, TableValue, Verified};
use crate::pack::Layer;
use crate::release::{Defined, Held, Release};

/// The value of a parameter for a division on a day.
#[derive(Debug, Clone)]
pub struct EffectiveValue<'a> {
    /// The value.
    pub value: &'a Scalar,
    /// Its source: a quote, a document, or 演示参数.
    pub source: &'a str,
    /// First day of the value.
    pub from: NaiveDate,
    /// The division it was set for; none when national.
    pub division: Option<&'a str>,
    /// The layer that gave it.
    pub layer: Layer,
    /// Used past the last day for which its source states it.
    pub carried_forward: bool,
    /// Article that gives it.
    pub law: Option<&'a Basis>,
}

impl Release {
    /// Whether an office of this level may know that somebody has a benefit of this programme; what no pack defines is open.
    #[must_use]
    pub fn programme_known_at(&self, programme: &str, level: vocab::Level) -> bool {
        let known = self.programmes.get(programme).and_then(|programme| programme.confidential);
        known.is_none_or(|confidential| confidential.known_at(level))
    }

    /// Whether an office of this level may know of a case of this item; what no pack defines is open.
    #[must_use]
    pub fn item_known_at(&self, item: &str, level: vocab::Level) -> bool {
        let known = self.items.get(item).and_then(|item| item.confidential);
        known.is_none_or(|confidential| confidential.known_at(level))
    }

    /// Whether benefits of this programme are kept from the offices below.
    #[must_use]
    pub fn is_confidential(&self, programme: &str) -> bool {
        self.programmes.get(programme).is_some_and(|programme| programme.confidential.is_some())
    }

    /// The value of a parameter for a division on a day: the nearest division wins, then the later layer, then the later start.
    #[must_use]
    pub fn parameter(&self, id: &str, division: &str, on: NaiveDate) -> Option<EffectiveValue<'_>> {
        self.effective(id, division, |_| on)
    }

    /// The same where each value says by which day it is picked.
    pub(crate) fn effective(
        &self,
        id: &str,
        division: &str,
        day: impl Fn(&DatedValue) -> NaiveDate,
    ) -> Option<EffectiveValue<'_>> {
        let holds = |value: &DatedValue| {
            let on = day(value);
            value.from <= on && value.until.is_none_or(|until| on <= until)
        };
        let held = self.best(self.values.get(id)?, division, holds, |value| value.from)?;
        let value = &held.value;
        let on = day(value);
        Some(EffectiveValue {
            value: value.value.get(),
            source: value.source.as_str(),
            from: value.from,
            division: held.division.as_deref(),
            layer: held.layer,
            carried_forward: value.stated_until.is_some_and(|stated| stated < on),
            law: value.law.as_ref(),
        })
    }

    /// One row of a table for a division on a day, chosen like a parameter.
    #[must_use]
    pub fn cell(&self, table: &str, key: &str, division: &str, on: NaiveDate) -> Option<EffectiveValue<'_>> {
        let holds = |value: &TableValue| says(value, key, on);
        let held = self.best(self.table_values.get(table)?, division, holds, |value| value.from)?;
        effective_row(held, key, on)
    }

    /// The rows that a division has of a table on a day, in the order of its codelist. The way upwards is gone once for all of them.
    #[must_use]
    pub fn cells(&self, table: &str, division: &str, on: NaiveDate) -> Vec<(&str, EffectiveValue<'_>)> {
        let values = self.table_values.get(table).map(Vec::as_slice).unwrap_or_default();
        if values.is_empty() {
            return Vec::new();
        }
        let here: Vec<&[Held<TableValue>]> = self.path(division).map(|code| standing(values, code)).collect();
        let mut rows = Vec::new();
        for code in self.keys(table) {
            let key = code.code.as_str();
            let holds = |value: &TableValue| says(value, key, on);
            let held = here.iter().find_map(|&here| latest(here, holds, |value| value.from));
            rows.extend(held.and_then(|held| effective_row(held, key, on)).map(|row| (key, row)));
        }
        rows
    }

    /// The codes that a table has rows for, in their order.
    #[must_use]
    pub fn keys(&self, table: &str) -> &[Code] {
        let list = self.tables.get(table).and_then(|table| self.codelists.get(&table.key));
        list.map(|list| list.values.as_slice()).unwrap_or_default()
    }

    fn best<'a, V>(
        &'a self,
        values: &'a [Held<V>],
        division: &str,
        holds: impl Fn(&V) -> bool,
        from: impl Fn(&V) -> NaiveDate,
    ) -> Option<&'a Held<V>> {
        self.path(division).find_map(|code| latest(standing(values, code), &holds, &from))
    }

    /// The codes of a division and of those above it, the nearest first; none at the end is everywhere.
    fn path<'a>(&'a self, division: &str) -> impl Iterator<Item = Option<&'a str>> {
        let codes = self.places.upwards(division).flat_map(move |entry| self.places.codes_of(&entry.code));
        codes.map(Some).chain([None])
    }

    /// How a basis is cited: 《社会救助法》第十八条; the bare id of a law that is not defined.
    #[must_use]
    pub fn cite(&self, basis: &Basis) -> String {
        match (self.laws.get(&basis.law), &basis.article) {
            (Some(law), Some(article)) => law.cite(article),
            (Some(law), None) => format!("《{}》", law.short),
            (None, _) => basis.law.get().clone(),
        }
    }

    /// Citations in force on a day, best law first: what a letter prints.
    #[must_use]
    pub fn basis_on<'a>(&'a self, basis: &'a [Basis], on: NaiveDate) -> Vec<Citation<'a>> {
        let mut citations: Vec<Citation<'a>> = basis
            .iter()
            .filter_map(|basis| {
                let law = self.laws.get(&basis.law)?;
                let article = basis.article.as_ref().map(|article| article.as_str());
                law.in_force(article, on).then_some(Citation { law, article })
            })
            .collect();
        citations.sort_by_key(|citation| citation.law.rank);
        citations
    }

    /// The items that grant a programme.
    pub(crate) fn granting<'a>(&'a self, programme: &str) -> impl Iterator<Item = &'a Defined<Item>> {
        self.items.iter().filter(move |item| {
            item.programmes.iter().any(|granted| granted.as_str() == programme) && item.grants()
        })
    }

    /// The business to which a programme and its money belong: that of the item that grants it, else its own. None of what is no
    /// programme of this release, and of one that says none (`check-pack` warns).
    #[must_use]
    pub fn business_of(&self, programme: &str) -> Option<&str> {
        if let Some(item) = self.granting(programme).next() {
            return Some(item.business.as_str());
        }
        self.programmes.get(programme)?.business.as_ref().map(|own| own.as_str())
    }

    /// Every business that an item, a programme or a register belongs to: what posts hold rights for.
    #[must_use]
    pub fn businesses(&self) -> Vec<&str> {
        let items = self.items.iter().map(|item| item.business.as_str());
        let programmes = self.programmes.iter().filter_map(|programme| programme.business.as_ref());
        let programmes = programmes.map(|own| own.as_str());
        let registers = self.registers.iter().map(|register| register.business.as_str());
        let indicators = self.indicators.iter().map(|indicator| indicator.business.as_str());
        let mut all: Vec<&str> = items.chain(programmes).chain(registers).chain(indicators).collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// The title of a code; the code itself if unknown.
    #[must_use]
    pub fn code_title<'a>(&'a self, codelist: &str, code: &'a str) -> &'a str {
        self.codelists.get(codelist).and_then(|list| list.title_of(code)).unwrap_or(code)
    }
}

/// The values of one division. They stand together (`Release` is built so).
fn standing<'a, V>(values: &'a [Held<V>], division: Option<&str>) -> &'a [Held<V>] {
    let start = values.partition_point(|held| held.division.as_deref() < division);
    let rest = &values[start..];
    &rest[..rest.partition_point(|held| held.division.as_deref() == division)]
}

/// Of those that hold the one of the highest layer, then of the later pack, then of the later day.
fn latest<'a, V>(
    values: &'a [Held<V>],
    holds: impl Fn(&V) -> bool,
    from: impl Fn(&V) -> NaiveDate,
) -> Option<&'a Held<V>> {
    let holding = values.iter().filter(|held| holds(&held.value));
    holding.max_by_key(|held| (held.layer, held.place.pack, from(&held.value)))
}

/// Whether rows say something of a code on a day.
fn says(value: &TableValue, key: &str, on: NaiveDate) -> bool {
    value.rows.contains_key(key) && value.from <= on && value.until.is_none_or(|until| on <= until)
}

fn effective_row<'a>(held: &'a Held<TableValue>, key: &str, on: NaiveDate) -> Option<EffectiveValue<'a>> {
    let value = &held.value;
    Some(EffectiveValue {
        value: value.rows.get(key)?.get(),
        source: value.source.as_str(),
        from: value.from,
        division: held.division.as_deref(),
        layer: held.layer,
        carried_forward: value.stated_until.is_some_and(|stated| stated < on),
        law: None,
    })
}

/// An article in force.
#[derive(Debug, Clone, Copy)]
pub struct Citation<'a> {
    /// The law.
    pub law: &'a Law,
    /// The article's number as listed.
    pub article: Option<&'a str>,
}

impl Citation<'_> {
    /// 《社会救助法》第十八条.
    #[must_use]
    pub fn text(&self) -> String {
        self.article.map_or_else(|| format!("《{}》", self.law.short), |article| self.law.cite(article))
    }

    /// Whether its text was read.
    #[must_use]
    pub fn is_verified(&self) -> bool {
        *self.law.verified != Verified::Memory
    }
}
