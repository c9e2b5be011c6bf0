//! The path of an indicator and its values as a drawing, for pages that work without scripts and on paper. The table beside it says the same.

use maud::{Markup, html};
use office::plans::in_words;
use office::plans::judge::{Forecast, Point};
use office::plans::marks::{marks, micro, number, unit_of};
use vocab::Month;

const WIDTH: i64 = 640;
const HEIGHT: i64 = 280;
const LEFT: i64 = 76;
const RIGHT: i64 = 20;
const TOP: i64 = 16;
const BOTTOM: i64 = 36;
/// Room of the name of the last month, and of half a year's beside it.
const NAMED: i64 = 60;

/// The plane of a drawing: months to the right, numbers upwards, in whole units of the picture.
struct Plane {
    first: Month,
    last: Month,
    least: i128,
    most: i128,
    marks: Vec<i128>,
}

impl Plane {
    /// Large enough for all points, from one round number to another.
    fn around(points: &[Point]) -> Option<Plane> {
        let (first, last) =
            (points.iter().map(|point| point.month).min()?, points.iter().map(|point| point.month).max()?);
        let (least, most) = (
            points.iter().map(|point| micro(point.number)).min()?,
            points.iter().map(|point| micro(point.number)).max()?,
        );
        let marks = marks(least, most);
        Some(Plane {
            first,
            last: if last == first { first.plus(12) } else { last },
            least: *marks.first()?,
            most: *marks.last()?,
            marks,
        })
    }

    fn x(&self, month: Month) -> i64 {
        let span = i64::from(self.first.months_until(self.last)).max(1);
        LEFT + (WIDTH - LEFT - RIGHT) * i64::from(self.first.months_until(month)) / span
    }

    fn y(&self, number: i128) -> i64 {
        let span = (self.most - self.least).max(1);
        let up = i128::from(HEIGHT - TOP - BOTTOM) * (number - self.least) / span;
        HEIGHT - BOTTOM - i64::try_from(up).unwrap_or(0)
    }

    fn at(&self, point: &Point) -> String {
        format!("{},{}", self.x(point.month), self.y(micro(point.number)))
    }
}

/// Where two ways of reckoning on end: from the newest value, on the due date.
#[derive(Clone, Copy)]
pub(super) struct Reach {
    /// The newest value.
    pub(super) from: Point,
    /// The due date.
    pub(super) due: Month,
    /// The range there.
    pub(super) forecast: Forecast,
}

/// The path dashed, the values as a line with dots, the reach of the forecast as a pale surface. Nothing where there are fewer than two points in all.
pub(super) fn drawing(
    title: &str,
    path: &[Point],
    values: &[Point],
    reach: Option<Reach>,
    unit: &str,
    said: &str,
) -> Option<Markup> {
    let ends = |reach: &Reach| {
        [reach.forecast.least, reach.forecast.most].map(|number| Point { month: reach.due, number })
    };
    let all: Vec<Point> = path.iter().chain(values).copied().chain(reach.iter().flat_map(ends)).collect();
    let plane = Plane::around(&all).filter(|_| all.len() > 1)?;
    let line = |points: &[Point]| points.iter().map(|point| plane.at(point)).collect::<Vec<_>>().join(" ");
    let years = plane.first.year()..=plane.last.year();
    let (beside, above) = unit_of(unit);
    Some(html! {
        figure.plan-chart {
            div.plan-chart__scroll tabindex="0" role="group" aria-label={ (title) "，可以左右滚动" } {
            svg viewBox={ "0 0 " (WIDTH) " " (HEIGHT) } role="img" aria-label={ (title) "，数据见下面的表格" } {
                @if !above.is_empty() {
                    text x=(LEFT) y=(TOP - 4) font-size="14" fill="#484f57" { "单位：" (above) }
                }
                @for mark in plane.marks.iter().copied() {
                    @let y = plane.y(mark);
                    line x1=(LEFT) x2=(WIDTH - RIGHT) y1=(y) y2=(y) stroke="#d4d7da" stroke-width="1" {}
                    text x=(LEFT - 8) y=(y + 5) text-anchor="end" font-size="14" fill="#484f57" {
                        (in_words::of_unit(number(mark), beside))
                    }
                }
                @for year in years {
                    @if let Some(month) = Month::new(year, 12).ok().filter(|month| *month >= plane.first && (*month == plane.last || plane.x(*month) + NAMED < plane.x(plane.last))) {
                        text x=(plane.x(month)) y=(HEIGHT - 12) text-anchor="middle" font-size="14" fill="#484f57" { (year) }
                    }
                }
                // The newest month has its name wherever in the year it is.
                @if plane.last.month() != 12 {
                    text x=(WIDTH) y=(HEIGHT - 12) text-anchor="end" font-size="14" fill="#484f57" { (plane.last.to_string()) }
                }
                @if let Some(reach) = &reach {
                    @let [least, most] = ends(reach);
                    polygon points=(line(&[reach.from, most, least])) fill="#0b4ea2" fill-opacity="0.14" stroke="#0b4ea2" stroke-width="1" stroke-dasharray="2 4" {}
                }
                @if path.len() > 1 {
                    polyline points=(line(path)) fill="none" stroke="#505a5f" stroke-width="2" stroke-dasharray="6 5" {}
                }
                @for point in path {
                    circle cx=(plane.x(point.month)) cy=(plane.y(micro(point.number))) r="4" fill="#ffffff" stroke="#505a5f" stroke-width="2" {}
                }
                @if values.len() > 1 {
                    polyline points=(line(values)) fill="none" stroke="#0b4ea2" stroke-width="3" {}
                }
                @for point in values {
                    circle cx=(plane.x(point.month)) cy=(plane.y(micro(point.number))) r="5" fill="#0b4ea2" {}
                }
            }
            }
            figcaption {
                "虚线：进度线（基期、阶段目标、目标）。实线：" (said) "。"
                @if reach.is_some() { "浅色部分：照现在的速度推算到期的范围，不是准数。" }
                "年份标在当年12月的位置，最后一个月不是12月的标出年月。"
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(month: &str, number: &str) -> Point {
        Point { month: month.parse().unwrap(), number: number.parse().unwrap() }
    }

    #[test]
    fn points_lie_inside_the_picture_and_more_is_higher() {
        let path = [point("2020-12", "37"), point("2025-12", "55")];
        let values = [point("2022-06", "41.5"), point("2025-12", "60")];
        let all: Vec<Point> = path.iter().chain(&values).copied().collect();
        let plane = Plane::around(&all).unwrap();
        for point in &all {
            let (x, y) = (plane.x(point.month), plane.y(micro(point.number)));
            assert!(
                (LEFT..=WIDTH - RIGHT).contains(&x) && (TOP..=HEIGHT - BOTTOM).contains(&y),
                "{point:?} {x} {y}"
            );
        }
        assert!(plane.y(micro(values[1].number)) < plane.y(micro(path[1].number)));
        let text = drawing("图", &path, &values, None, "%", "已复核的数").unwrap().into_string();
        assert_eq!((text.matches("<circle").count(), text.matches("<polyline").count()), (4, 2));
        assert!(!text.contains("style="), "no style attribute passes the policy");
        assert!(drawing("图", &path[..1], &[], None, "%", "已复核的数").is_none());
        // Money in the words of the tables; a long unit stands once, above.
        let money = [point("2020-12", "20000000"), point("2025-12", "50000000")];
        let text = drawing("图", &money, &[], None, "元", "已复核的数").unwrap().into_string();
        assert!(text.contains("5000万元") && !text.contains("50000000"), "{text}");
        let text = drawing("图", &path, &values, None, "人/万人", "已复核的数").unwrap().into_string();
        assert_eq!(text.matches("人/万人").count(), 1, "{text}");
    }

    #[test]
    fn the_reach_of_the_forecast_lies_inside_the_picture() {
        let path = [point("2020-12", "37"), point("2025-12", "55")];
        let values = [point("2022-06", "41.5"), point("2023-06", "42")];
        let forecast = Forecast { least: "43".parse().unwrap(), most: "70".parse().unwrap() };
        let reach = Reach { from: values[1], due: path[1].month, forecast };
        let text = drawing("图", &path, &values, Some(reach), "%", "系统计算的数").unwrap().into_string();
        let at = text.find("<polygon points=\"").unwrap() + "<polygon points=\"".len();
        let corners: Vec<(i64, i64)> = text[at..]
            .split('"')
            .next()
            .unwrap()
            .split(' ')
            .map(|pair| pair.split_once(',').unwrap())
            .map(|(x, y)| (x.parse().unwrap(), y.parse().unwrap()))
            .collect();
        assert_eq!(corners.len(), 3, "{text}");
        assert!(corners[1].1 < corners[2].1, "more is higher: {corners:?}");
        for (x, y) in corners {
            assert!((LEFT..=WIDTH - RIGHT).contains(&x) && (TOP..=HEIGHT - BOTTOM).contains(&y), "{x} {y}");
        }
        assert!(text.contains("不是准数") && text.contains("实线：系统计算的数"), "{text}");
    }
}
