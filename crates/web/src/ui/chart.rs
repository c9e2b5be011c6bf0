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

/// Classes of a scale, as many as there are colours.
const CLASSES: i64 = 5;

/// A class of the map's scale, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
struct Bin {
    from: i64,
    to: i64,
}

impl Bin {
    fn has(self, value: i64) -> bool {
        (self.from..=self.to).contains(&value)
    }

    fn held(self, values: &[i64]) -> usize {
        values.iter().filter(|value| self.has(**value)).count()
    }

    fn words(self) -> String {
        if self.from == self.to {
            grouped(self.from)
        } else {
            format!("{}–{}", grouped(self.from), grouped(self.to))
        }
    }
}

fn legend(bins: &[Bin], unit: &str) -> Markup {
    html! {
        @for (index, bin) in bins.iter().enumerate() {
            li class={ "chart-legend__" (index + 1) } { (bin.words()) " " (unit) }
        }
    }
}

/// The places in the order of their values, the largest first, what is unknown last.
fn by_value<'p, 'a>(places: &'p [Place<'a>]) -> Vec<&'p Place<'a>> {
    let mut sorted: Vec<&Place<'_>> = places.iter().collect();
    sorted.sort_by_key(|place| std::cmp::Reverse(place.value));
    sorted
}

/// The table that says what a map of places shows.
fn table_of<'a>(id: &str, title: &str, unit: &str, head: &'a str, places: &[&Place<'_>]) -> Table<'a> {
    Table {
        id: format!("{id}-table").into(),
        caption: title.to_owned().into(),
        columns: vec![
            Column::new(head),
            Column::new(if unit.is_empty() { "数" } else { unit }.to_owned()).numeric(),
        ],
        rows: places.iter().map(|place| vec![place.title(), cell(place.value)]).collect(),
        cards: false,
        ..Table::default()
    }
}

/// Up to five classes that hold every value once: of equal width where that tells the places apart, else of about as many places each. Their
/// limits are round numbers where the values leave room for them.
fn bins(places: &[Place<'_>], unit: &str) -> Vec<Bin> {
    let mut values: Vec<i64> = places.iter().filter_map(|place| place.value).collect();
    values.sort_unstable();
    let (Some(&least), Some(&most)) = (values.first(), values.last()) else { return Vec::new() };
    // A share ends at a hundred, and all of it is in one class with almost all.
    let equal = if unit == "%" && most <= 100 {
        let mut classes = equal(least.min(99), most.min(99));
        classes.iter_mut().filter(|bin| bin.to >= 99).for_each(|bin| bin.to = 100);
        classes
    } else {
        equal(least, most)
    };
    let fullest = |bins: &[Bin]| bins.iter().map(|bin| bin.held(&values)).max().unwrap_or(0);
    // More than half of the places in one class: a few large ones hide the others.
    if fullest(&equal) * 2 <= values.len() {
        return equal;
    }
    let ranked = ranked(&values);
    if fullest(&ranked) < fullest(&equal) { ranked } else { equal }
}

/// Classes of one width, 1, 2 or 5 × 10ⁿ, that begin at a multiple of it.
fn equal(least: i64, most: i64) -> Vec<Bin> {
    let wanted = most.saturating_sub(least) / CLASSES + 1;
    let mut width = 1_i64;
    loop {
        for step in [1, 2, 5] {
            let width = width.saturating_mul(step);
            let begin = least.div_euclid(width).saturating_mul(width);
            if width >= wanted && begin.saturating_add(width.saturating_mul(CLASSES)) > most {
                let classes = (0..CLASSES).map(|at| {
                    let from = begin.saturating_add(width.saturating_mul(at));
                    Bin { from, to: from.saturating_add(width - 1) }
                });
                return classes.filter(|bin| bin.from <= most).collect();
            }
        }
        width = width.saturating_mul(10);
    }
}

/// Classes of about as many values each. A class begins at its first value, rounded as far down as the last value before it allows.
fn ranked(values: &[i64]) -> Vec<Bin> {
    let mut begins: Vec<i64> = Vec::new();
    for at in 0..CLASSES {
        let rank = values.len() * usize::try_from(at).unwrap_or(0) / usize::try_from(CLASSES).unwrap_or(1);
        let Some(&first) = values.get(rank) else { continue };
        let before = values.iter().rev().find(|value| **value < first);
        let floor = before.map_or(first, |before| before + 1);
        let mut ten = 1_i64;
        while let Some(next) = ten.checked_mul(10).filter(|next| first.div_euclid(*next) * next >= floor) {
            ten = next;
            if ten > first.abs() {
                break;
            }
        }
        let begin = (first.div_euclid(ten) * ten).max(floor);
        if begins.last().is_none_or(|last| begin > *last) {
            begins.push(begin);
        }
    }
    let most = values.last().copied().unwrap_or(0);
    let ends = begins.iter().skip(1).map(|next| next - 1).chain([most]);
    begins.iter().zip(ends).map(|(from, to)| Bin { from: *from, to }).collect()
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
        let table = table_of(&self.id, &self.title, &self.unit, "县（市、区）", &by_value(&self.places));
        let below = html! {
            ul.chart-legend {
                (legend(&bins, &self.unit))
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
            let at = bins.iter().position(|bin| bin.has(value)).unwrap_or(0);
            format!("tile-map__{}", at + 1)
        };
        let places = by_value(&self.places);
        let unknown = places.iter().any(|place| place.value.is_none());
        // The title stands over the tiles, which say it as well.
        let table =
            Table { caption_hidden: true, ..table_of(&self.id, &self.title, &self.unit, "地方", &places) };
        html! {
            div.chart-pair {
                figure.tile-map.chart-figure id=(self.id) {
                    p.govuk-heading-s { (self.title) @if !self.unit.is_empty() { "（" (self.unit) "）" } }
                    ul.tile-map__tiles {
                        @for place in &places {
                            li class=(place.value.map_or_else(|| "tile-map__none".to_owned(), step)) {
                                span { (place.title()) }
                                strong { (cell(place.value)) }
                            }
                        }
                    }
                    ul.chart-legend.chart-legend--still {
                        (legend(&bins, &self.unit))
                        @if unknown { li.chart-legend__unknown { "无数据" } }
                    }
                    figcaption { "没有这些地方的界线图。每格一个地方，从大到小排列，颜色越深数越大；不表示位置、形状和面积。" }
                }
                div.chart-pair__table { (table) }
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
            &[Some(5), None, Some(2600)],
            &[Some(99)],
            &[Some(1), Some(2), Some(2), Some(2), Some(2)],
            &[Some(3), Some(4), Some(5), Some(6), Some(900), Some(70_000)],
            &[Some(1_000_000_000_000_000), Some(7)],
        ] {
            let bins = bins(&places(values), "人");
            assert!((1..=5).contains(&bins.len()), "{bins:?}");
            assert!(bins.windows(2).all(|pair| pair[0].to + 1 == pair[1].from), "{bins:?}");
            for value in values.iter().flatten() {
                assert!(bins.iter().any(|bin| bin.has(*value)), "{value} in {bins:?}");
            }
        }
        assert_eq!(bins(&places(&[None]), "人"), []);
    }

    fn limits(values: &[i64], unit: &str) -> Vec<String> {
        let values: Vec<Option<i64>> = values.iter().copied().map(Some).collect();
        bins(&places(&values), unit).into_iter().map(Bin::words).collect()
    }

    #[test]
    fn classes_begin_where_the_values_do_and_tell_them_apart() {
        assert_eq!(limits(&[41, 48, 55, 57, 62], "%"), ["40–44", "45–49", "50–54", "55–59", "60–64"]);
        assert_eq!(limits(&[0, 30, 55, 100], "%"), ["0–19", "20–39", "40–59", "60–79", "80–100"]);
        assert_eq!(limits(&[12, 300, 480, 990], "人"), ["0–199", "200–399", "400–599", "600–799", "800–999"]);
        // One that is far larger than all others does not put them into one class.
        assert_eq!(
            limits(&[3, 8, 14, 21, 26, 33, 41, 47, 52, 2600], "人"),
            ["3–9", "10–25", "26–39", "40–49", "50–2,600"]
        );
        assert_eq!(limits(&[37, 37], "人"), ["37"]);
    }

    #[test]
    fn a_share_ends_at_a_hundred() {
        assert_eq!(limits(&[88, 93, 96, 99], "%"), ["85–89", "90–94", "95–100"]);
        assert_eq!(limits(&[100], "%"), ["99–100"]);
        assert_eq!(limits(&[88, 93, 96, 104], "%").last().unwrap(), "100–104", "more than all is said");
    }

    #[test]
    fn a_tile_says_its_number_and_is_darker_for_more() {
        let place = |name: &'static str, value| Place {
            code: "".into(),
            name: name.into(),
            value,
            href: Some("/desk/cockpit?division=7".into()),
        };
        let places = vec![place("甲乡", Some(10)), place("乙乡", None), place("丙乡", Some(990))];
        let map = TileMap { id: "map".into(), title: "在册".into(), unit: "人".into(), places };
        let page = html! { (map) }.into_string();
        let link =
            |name: &str| format!(r#"<a class="govuk-link" href="/desk/cockpit?division=7">{name}</a>"#);
        assert!(
            page.contains(&format!(r#"class="tile-map__1"><span>{}</span><strong>10"#, link("甲乡"))),
            "{page}"
        );
        let order: Vec<usize> = ["丙乡", "甲乡", "乙乡"].map(|name| page.find(&link(name)).unwrap()).into();
        assert!(order.is_sorted(), "the largest first, what is unknown last");
        assert!(
            page.contains("tile-map__5") && page.contains("tile-map__none") && page.contains("无数据"),
            "{page}"
        );
        assert!(page.contains("chart-legend__5") && page.contains(r#"id="map-table-region""#), "{page}");
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
