//! Records on a map: points and lines over the outlines of the pack, drawn by `web/assets/scripts/record-map.js` from the JSON beside it.
//! The table beside it names everything that is drawn, and is all there is without scripts.

use maud::{Markup, html};
use serde_json::{Number, Value as Json, json};

use super::chart::{pair, shapes};
use super::table::{Column, Table};
use super::{Link, Text};

/// A record with a point or a line.
#[derive(Clone, Debug)]
pub struct Drawn<'a> {
    /// Its title.
    pub title: Text<'a>,
    /// Where it is opened.
    pub href: Text<'a>,
    /// Longitude and latitude in degrees with a comma; the points of a line divided by semicolons.
    pub shape: Text<'a>,
    /// The name of the place where it lies.
    pub place: Text<'a>,
    /// Its state in words.
    pub state: Text<'a>,
}

/// Records on a map beside their table. Set [`super::page::Layout::charts`] on pages that use it.
#[derive(Clone, Debug)]
pub struct RecordPoints<'a> {
    /// Unique on the page.
    pub id: Text<'a>,
    /// What it shows.
    pub title: Text<'a>,
    /// What one of them is called: head of the table's first column.
    pub name: Text<'a>,
    /// GeoJSON of the packs' outlines; without any the records alone are drawn.
    pub outlines: Vec<Json>,
    /// Records.
    pub drawn: Vec<Drawn<'a>>,
}

impl RecordPoints<'_> {
    /// What the script reads. Numbers are the decimals that are stored and pass through no arithmetic here.
    fn spec(&self) -> Json {
        let features: Vec<Json> = self
            .outlines
            .iter()
            .flat_map(|outline| shapes(outline)["features"].as_array().cloned().unwrap_or_default())
            .collect();
        let records: Vec<Json> = self
            .drawn
            .iter()
            .map(|one| json!({ "name": one.title, "href": one.href, "at": points(&one.shape) }))
            .collect();
        json!({
            "kind": "records",
            "outline": { "type": "FeatureCollection", "features": features },
            "records": records,
        })
    }
}

/// `[[106.8, 39.6], …]`
fn points(shape: &str) -> Vec<Json> {
    let number = |text: &str| text.parse::<Number>().map_or(Json::Null, Json::Number);
    let pairs = shape.split(';').filter_map(|point| point.split_once(','));
    pairs.map(|(longitude, latitude)| json!([number(longitude), number(latitude)])).collect()
}

/// The first point as people read it.
fn position(shape: &str) -> Markup {
    let mut points = shape.split(';');
    let first = points.next().unwrap_or_default();
    let more = points.count();
    html! {
        @if let Some((longitude, latitude)) = first.split_once(',') { "东经" (longitude) "°，北纬" (latitude) "°" }
        @if more > 0 { " 起，共" (more + 1) "点" }
    }
}

impl maud::Render for RecordPoints<'_> {
    fn render(&self) -> Markup {
        let table = Table {
            id: format!("{}-table", self.id).into(),
            caption: self.title.as_ref().into(),
            columns: vec![
                Column::new(self.name.as_ref()),
                Column::new("所在地"),
                Column::new("位置"),
                Column::new("状态"),
            ],
            rows: self
                .drawn
                .iter()
                .map(|one| {
                    vec![
                        html! { (Link::new(one.href.as_ref(), one.title.as_ref())) },
                        html! { (one.place) },
                        position(&one.shape),
                        html! { (one.state) },
                    ]
                })
                .collect(),
            cards: false,
            ..Table::default()
        };
        let below = html! {
            figcaption { "示意图，不作行政区域界线依据。点一下图上的点或线，打开那条记录。" }
        };
        pair(&self.id, &self.title, "chart--map", &self.spec().to_string(), &below, &table)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_and_lines_are_drawn_and_named() {
        let one = |title: &'static str, shape: &'static str| Drawn {
            title: title.into(),
            href: "/desk/records/place/7".into(),
            shape: shape.into(),
            place: "海勃湾区".into(),
            state: "在册".into(),
        };
        let map = RecordPoints {
            id: "map".into(),
            title: "分布图".into(),
            name: "地名".into(),
            outlines: vec![
                json!({ "features": [{ "properties": { "code": "1", "name": "甲", "source": "注" }, "geometry": null }] }),
            ],
            drawn: vec![one("</script>桥", "106.812345,39.67"), one("渠", "106.8,39.6;106.9,39.7")],
        };
        let page = html! { (map) }.into_string();
        assert!(page.contains(r#""at":[[106.812345,39.67]]"#), "{page}");
        assert!(page.contains(r#""at":[[106.8,39.6],[106.9,39.7]]"#), "{page}");
        assert!(page.contains("东经106.812345°，北纬39.67°") && page.contains("起，共2点"), "{page}");
        assert!(page.contains(r"\u003c/script>桥") && !page.contains("注"), "{page}");
    }
}
