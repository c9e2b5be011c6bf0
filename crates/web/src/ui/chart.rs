//! Charts and the county map. Each draws from JSON beside it and stands next to a table that says the same, which is
//! all there is without scripts. Set [`super::page::Layout::charts`] on pages that use them.
//!
//! Values are whole numbers in the unit named (户, 人, 元, 万元): the caller rounds and says so in the title.

use maud::{Markup, html};
use serde::Serialize;

use super::Text;
use super::parts::json_script;
use super::table::{Column, Table};

/// How a [`Chart`] is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Amounts side by side.
    Bar,
    /// A course over months.
    Line,
}

/// One line or one colour of bars; as many values as the chart has categories.
#[derive(Clone, Debug, Serialize)]
pub struct Series<'a> {
    /// What it shows.
    pub name: Text<'a>,
    /// `None` where it is unknown.
    pub values: Vec<Option<i64>>,
}

/// Bars or lines over categories.
#[derive(Clone, Debug, Serialize)]
pub struct Chart<'a> {
    /// Unique on the page.
    #[serde(skip)]
    pub id: Text<'a>,
    /// What it shows, with its period.
    #[serde(skip)]
    pub title: Text<'a>,
    /// Head of the table's first column, for example 月份.
    #[serde(skip)]
    pub category_title: Text<'a>,
    /// Bars or lines.
    pub kind: Kind,
    /// Unit of all values.
    pub unit: Text<'a>,
    /// Months, counties.
    pub categories: Vec<Text<'a>>,
    /// One or more.
    pub series: Vec<Series<'a>>,
}

/// One place of a [`CountyMap`].
#[derive(Clone, Debug, Serialize)]
pub struct Place<'a> {
    /// Division code as in the outline's `properties.code`.
    pub code: Text<'a>,
    /// Name for the table.
    #[serde(skip)]
    pub name: Text<'a>,
    /// `None` where it is unknown.
    pub value: Option<i64>,
}

/// The prefecture's counties, darker for more.
#[derive(Clone, Debug)]
pub struct CountyMap<'a> {
    /// Unique on the page.
    pub id: Text<'a>,
    /// What it shows, with its period.
    pub title: Text<'a>,
    /// Unit of all values.
    pub unit: Text<'a>,
    /// GeoJSON with `properties.code` and `properties.name`, from the pack.
    pub outline: serde_json::Value,
    /// Places of this prefecture; a place of the outline that is missing here is hatched.
    pub places: Vec<Place<'a>>,
    /// What hatching means, for example 斜线:定州市,不属本市管理. Empty when nothing is hatched.
    pub hatched: Text<'a>,
}

/// A class of the map's scale, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
struct Bin {
    from: i64,
    to: i64,
}

/// Five classes of equal width from 0 to the largest value, their width rounded up to 1, 2, 5 × 10ⁿ.
fn bins(places: &[Place<'_>]) -> Vec<Bin> {
    let largest = places.iter().filter_map(|place| place.value).max().unwrap_or(0).max(5);
    let wanted = largest / 5 + 1;
    let mut ten = 1_i64;
    while wanted > ten.saturating_mul(10) {
        ten = ten.saturating_mul(10);
    }
    let width = [1, 2, 5, 10]
        .into_iter()
        .map(|step| ten.saturating_mul(step))
        .find(|width| *width >= wanted)
        .unwrap_or(wanted);
    (0..5)
        .map(|index| Bin {
            from: width.saturating_mul(index),
            to: width.saturating_mul(index + 1).saturating_sub(1),
        })
        .collect()
}

/// A whole number with commas at the thousands.
pub fn grouped(value: i64) -> String {
    let digits = value.unsigned_abs().to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3 + 1);
    if value < 0 {
        text.push('-');
    }
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// The outline's shapes with code and name only: sources and notes stay in the pack.
fn shapes(outline: &serde_json::Value) -> serde_json::Value {
    let features: Vec<serde_json::Value> = outline["features"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|feature| {
            let of = &feature["properties"];
            serde_json::json!({
                "type": "Feature",
                "properties": { "code": of["code"], "name": of["name"] },
                "geometry": feature["geometry"],
            })
        })
        .collect();
    serde_json::json!({ "type": "FeatureCollection", "features": features })
}

fn cell(value: Option<i64>) -> Markup {
    html! { @match value { Some(value) => (grouped(value)), None => "无数据" } }
}

fn pair(id: &str, title: &str, class: &str, json: &str, below: &Markup, table: &Table<'_>) -> Markup {
    html! {
        div.chart-pair {
            figure.chart-figure {
                div class={ "chart " (class) } role="img" aria-label={ (title) "，数据见旁边的表格" } data-chart={ (id) "-json" } {}
                (json_script(&format!("{id}-json"), json))
                (below)
            }
            div.chart-pair__table { (table) }
        }
    }
}

impl maud::Render for Chart<'_> {
    fn render(&self) -> Markup {
        let json = serde_json::to_string(self).expect("text and whole numbers always serialise");
        let columns = std::iter::once(Column::new(self.category_title.as_ref()))
            .chain(
                self.series
                    .iter()
                    .map(|series| Column::new(format!("{}（{}）", series.name, self.unit)).numeric()),
            )
            .collect();
        let rows = self.categories.iter().enumerate().map(|(index, category)| {
            std::iter::once(html! { (category) })
                .chain(self.series.iter().map(|series| cell(series.values.get(index).copied().flatten())))
                .collect()
        });
        let table = Table {
            id: format!("{}-table", self.id).into(),
            caption: self.title.as_ref().into(),
            columns,
            rows: rows.collect(),
            cards: false,
            ..Table::default()
        };
        pair(&self.id, &self.title, "chart--plain", &json, &html! {}, &table)
    }
}

impl maud::Render for CountyMap<'_> {
    fn render(&self) -> Markup {
        let bins = bins(&self.places);
        let spec = serde_json::json!({
            "kind": "map", "unit": self.unit, "bins": bins, "values": self.places, "outline": shapes(&self.outline),
        });
        let mut places: Vec<&Place<'_>> = self.places.iter().collect();
        places.sort_by_key(|place| std::cmp::Reverse(place.value));
        let table = Table {
            id: format!("{}-table", self.id).into(),
            caption: self.title.as_ref().into(),
            columns: vec![Column::new("县（市、区）"), Column::new(self.unit.as_ref()).numeric()],
            rows: places.iter().map(|place| vec![html! { (place.name) }, cell(place.value)]).collect(),
            cards: false,
            ..Table::default()
        };
        let below = html! {
            ul.chart-legend {
                @for (index, bin) in bins.iter().enumerate() {
                    li class={ "chart-legend__" (index + 1) } { (grouped(bin.from)) "–" (grouped(bin.to)) " " (self.unit) }
                }
                @if !self.hatched.is_empty() { li.chart-legend__none { (self.hatched) } }
            }
            figcaption { "示意图，不作行政区域界线依据。" }
        };
        pair(&self.id, &self.title, "chart--map", &spec.to_string(), &below, &table)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(values: &[Option<i64>]) -> Vec<Place<'static>> {
        values.iter().map(|value| Place { code: "".into(), name: "".into(), value: *value }).collect()
    }

    #[test]
    fn bins_hold_every_value_once() {
        for values in [
            &[Some(0)][..],
            &[None],
            &[Some(5), None, Some(2600)],
            &[Some(99)],
            &[Some(100)],
            &[Some(1_000_000_000_000_000)],
        ] {
            let bins = bins(&places(values));
            assert_eq!(bins.len(), 5);
            assert!(bins.windows(2).all(|pair| pair[0].to + 1 == pair[1].from));
            for value in values.iter().flatten() {
                assert!(bins.iter().any(|bin| (bin.from..=bin.to).contains(value)), "{value} in {bins:?}");
            }
        }
    }

    #[test]
    fn numbers_are_grouped() {
        assert_eq!([0, 999, 1000, -1_234_567].map(grouped), ["0", "999", "1,000", "-1,234,567"]);
    }

    #[test]
    fn data_cannot_leave_its_element() {
        assert!(json_script("a", r#"{"name":"</script>"}"#).into_string().contains(r"\u003c/script>"));
    }
}
