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
    /// Where each category is opened from the table, in the same order; empty where nowhere.
    #[serde(skip)]
    pub opens: Vec<Text<'a>>,
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
    /// Where the place is opened, if anywhere: from the map with a click, from the table.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub href: Option<Text<'a>>,
}

impl Place<'_> {
    fn title(&self) -> Markup {
        html! { @match &self.href { Some(href) => { a.govuk-link href=(href) { (self.name) } }, None => (self.name) } }
    }
}

/// Places as tiles of one size, darker for more: for townships and counties of which no outline is at hand. It claims no shape and no position, needs no
/// script and says its numbers itself.
#[derive(Clone, Debug)]
pub struct TileMap<'a> {
    /// Unique on the page.
    pub id: Text<'a>,
    /// What it shows, with its period.
    pub title: Text<'a>,
    /// Unit of all values.
    pub unit: Text<'a>,
    /// The places in the order of their codes.
    pub places: Vec<Place<'a>>,
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
fn bins(places: &[Place<'_>], unit: &str) -> Vec<Bin> {
    let largest = places.iter().filter_map(|place| place.value).max().unwrap_or(0).max(5);
    // A share ends at a hundred.
    if unit == "%" && (21..=100).contains(&largest) {
        return (0..5)
            .map(|index| Bin { from: 20 * index, to: if index == 4 { 100 } else { 20 * index + 19 } })
            .collect();
    }
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
pub(super) fn shapes(outline: &serde_json::Value) -> serde_json::Value {
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

pub(super) fn pair(
    id: &str,
    title: &str,
    class: &str,
    json: &str,
    below: &Markup,
    table: &Table<'_>,
) -> Markup {
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
            let title = match self.opens.get(index) {
                Some(href) => html! { a.govuk-link href=(href) { (category) } },
                None => html! { (category) },
            };
            std::iter::once(title)
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
        let bins = bins(&self.places, &self.unit);
        let spec = serde_json::json!({
            "kind": "map", "unit": self.unit, "bins": bins, "values": self.places, "outline": shapes(&self.outline),
        });
        let mut places: Vec<&Place<'_>> = self.places.iter().collect();
        places.sort_by_key(|place| std::cmp::Reverse(place.value));
        let table = Table {
            id: format!("{}-table", self.id).into(),
            caption: self.title.as_ref().into(),
            columns: vec![Column::new("县（市、区）"), Column::new(self.unit.as_ref()).numeric()],
            rows: places.iter().map(|place| vec![place.title(), cell(place.value)]).collect(),
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

impl maud::Render for TileMap<'_> {
    fn render(&self) -> Markup {
        let bins = bins(&self.places, &self.unit);
        let step = |value: i64| {
            let at = bins.iter().position(|bin| (bin.from..=bin.to).contains(&value)).unwrap_or(0);
            format!("tile-map__{}", at + 1)
        };
        html! {
            figure.tile-map.chart-figure id=(self.id) {
                p.govuk-heading-s { (self.title) @if !self.unit.is_empty() { "（" (self.unit) "）" } }
                ul.tile-map__tiles {
                    @for place in &self.places {
                        li class=(place.value.map_or_else(|| "tile-map__none".to_owned(), step)) {
                            span { @match &place.href { Some(href) => { a href=(href) { (place.name) } }, None => (place.name) } }
                            strong { (cell(place.value)) }
                        }
                    }
                }
                figcaption { "每格一个地方，按区划代码排列，颜色越深数越大；不表示位置、形状和面积。" }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(values: &[Option<i64>]) -> Vec<Place<'static>> {
        values
            .iter()
            .map(|value| Place { code: "".into(), name: "".into(), value: *value, href: None })
            .collect()
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
            let bins = bins(&places(values), "人");
            assert_eq!(bins.len(), 5);
            assert!(bins.windows(2).all(|pair| pair[0].to + 1 == pair[1].from));
            for value in values.iter().flatten() {
                assert!(bins.iter().any(|bin| (bin.from..=bin.to).contains(value)), "{value} in {bins:?}");
            }
        }
    }

    #[test]
    fn a_share_ends_at_a_hundred() {
        let of = |value| bins(&places(&[Some(value)]), "%").last().copied().unwrap();
        assert_eq!([of(100), of(99), of(21)], [Bin { from: 80, to: 100 }; 3]);
        assert!(of(101).to > 101 && of(9).to < 21, "more than all, or very little, as everything else");
    }

    #[test]
    fn a_tile_says_its_number_and_is_darker_for_more() {
        let place = |name: &'static str, value| Place {
            code: "".into(),
            name: name.into(),
            value,
            href: Some("/desk/cockpit?division=7".into()),
        };
        let places = vec![place("甲乡", Some(10)), place("乙乡", Some(990)), place("丙乡", None)];
        let map = TileMap { id: "map".into(), title: "在册".into(), unit: "人".into(), places };
        let page = html! { (map) }.into_string();
        assert!(
            page.contains(
                r#"class="tile-map__1"><span><a href="/desk/cockpit?division=7">甲乡</a></span><strong>10"#
            ),
            "{page}"
        );
        assert!(
            page.contains("tile-map__5") && page.contains("tile-map__none") && page.contains("无数据"),
            "{page}"
        );
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
