//! Places to stand at: points inside the outlines of the packs.

use std::collections::BTreeMap;

use catalogue::Release;
use serde_json::Value;

use crate::draw::Draw;

/// Millionths of a degree, longitude first.
type Point = [i64; 2];

/// The rings of each outlined place, by its division's code.
pub struct Outlines {
    rings: BTreeMap<String, Vec<Vec<Point>>>,
}

impl Outlines {
    /// What the packs' outlines bound.
    #[must_use]
    pub fn of(release: &Release) -> Outlines {
        let mut rings: BTreeMap<String, Vec<Vec<Point>>> = BTreeMap::new();
        for text in &release.outlines {
            let outline: Value = serde_json::from_str(text).unwrap_or_default();
            for feature in outline["features"].as_array().into_iter().flatten() {
                let Some(code) = feature["properties"]["code"].as_str() else { continue };
                let all = rings.entry(code.to_owned()).or_default();
                rings_below(&feature["geometry"]["coordinates"], all);
            }
        }
        Outlines { rings }
    }

    /// A point of the place with this code or of the outlined one it lies in, as forms write it; none where nothing is outlined.
    pub fn somewhere(&self, draw: &mut Draw, code: &str) -> Option<String> {
        let rings = (2..=code.len()).rev().find_map(|end| self.rings.get(code.get(..end)?))?;
        let bound = |axis: usize| {
            let all = || rings.iter().flatten().map(|point| point[axis]);
            Some((all().min()?, all().max()?))
        };
        let ((west, east), (south, north)) = (bound(0)?, bound(1)?);
        // An outline fills a good part of its rectangle: hundreds of misses mean that there is nothing to hit.
        let tries = (0..500).map(|_| [draw.between(west, east), draw.between(south, north)]);
        let [x, y] = tries.into_iter().find(|point| inside(rings, *point))?;
        Some(format!("{},{}", degrees(x), degrees(y)))
    }
}

/// Rings of a polygon or of several: the innermost lists of points.
fn rings_below(value: &Value, rings: &mut Vec<Vec<Point>>) {
    let Some(list) = value.as_array() else { return };
    let ring: Option<Vec<Point>> = list.iter().map(point).collect();
    match ring {
        Some(ring) if !ring.is_empty() => rings.push(ring),
        _ => list.iter().for_each(|inner| rings_below(inner, rings)),
    }
}

fn point(value: &Value) -> Option<Point> {
    Some([millionths(value.get(0)?)?, millionths(value.get(1)?)?])
}

/// Degrees as they are written, cut to six decimals. This country lies east and north of zero.
fn millionths(degrees: &Value) -> Option<i64> {
    let text = degrees.as_number()?.to_string();
    let (whole, part) = text.split_once('.').unwrap_or((&text, ""));
    format!("{whole}{part:0<6.6}").parse().ok()
}

/// Whether a line from the point to the east crosses the rings an odd number of times.
fn inside(rings: &[Vec<Point>], [x, y]: Point) -> bool {
    let crossings = rings.iter().flat_map(|ring| ring.iter().zip(ring.iter().cycle().skip(1)));
    crossings.fold(false, |inside, ([x1, y1], [x2, y2])| {
        let spans = (*y1 > y) != (*y2 > y);
        // The crossing lies east of the point: (x2-x1)(y-y1)/(y2-y1) > x-x1, without dividing.
        let crosses = spans && {
            let (left, right) = ((x2 - x1) * (y - y1), (x - x1) * (y2 - y1));
            if y2 > y1 { left > right } else { left < right }
        };
        inside ^ crosses
    })
}

fn degrees(millionths: i64) -> String {
    format!("{}.{:06}", millionths / 1_000_000, millionths % 1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn degrees_keep_six_decimals() {
        let read = |text: &str| millionths(&serde_json::from_str(text).unwrap());
        assert_eq!(read("106.83103"), Some(106_831_030));
        assert_eq!(read("39.1234567"), Some(39_123_456));
        assert_eq!(read("40"), Some(40_000_000));
        assert_eq!(degrees(106_031_030), "106.031030");
    }

    #[test]
    fn a_point_lies_in_the_outline_and_not_in_its_hole() {
        let square = |from: i64, to: i64| vec![[from, from], [to, from], [to, to], [from, to]];
        let outlines = Outlines {
            rings: BTreeMap::from([("150302".to_owned(), vec![square(0, 900), square(100, 800)])]),
        };
        let mut draw = Draw::new(7, "points");
        for _ in 0..200 {
            let point = outlines.somewhere(&mut draw, "150302101203").unwrap();
            let (x, y) = point.split_once(',').unwrap();
            let at = |text: &str| text.strip_prefix("0.").unwrap().parse::<i64>().unwrap();
            let (x, y) = (at(x), at(y));
            assert!((0..=900).contains(&x) && (0..=900).contains(&y), "{point}");
            assert!(!((101..800).contains(&x) && (101..800).contains(&y)), "{point} lies in the hole");
        }
        assert_eq!(outlines.somewhere(&mut draw, "150303101203"), None);
    }
}
