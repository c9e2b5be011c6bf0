//! The course of an indicator: where it should be, where it is, and where it may end. A chart, the same as a drawing, and the table that says both.

use std::collections::BTreeMap;

use catalogue::Number;
use maud::{Markup, html};
use office::plans::IndicatorPage;
use office::plans::judge::{Point, expected};
use serde::Serialize;
use vocab::Month;

use super::line_chart::{Reach, drawing};
use super::with_unit;
use crate::ui::drawing::drawn;
use crate::ui::table::{Column, Table};

/// A month of the course.
#[derive(Default)]
struct Step {
    /// What the path expects.
    expected: Option<Number>,
    /// The path has a corner here: baseline, stage or target.
    corner: bool,
    /// The value.
    value: Option<Number>,
}

fn steps(path: &[Point], points: &[Point], reach: Option<Reach>) -> BTreeMap<Month, Step> {
    let mut steps: BTreeMap<Month, Step> = BTreeMap::new();
    for node in path {
        steps.insert(node.month, Step { expected: Some(node.number), corner: true, value: None });
    }
    for point in points {
        let step = steps.entry(point.month).or_default();
        // The target alone is no path.
        step.expected = step.expected.or_else(|| expected(path, point.month).filter(|_| path.len() > 1));
        step.value = Some(point.number);
    }
    if let Some(reach) = reach {
        steps.entry(reach.due).or_default();
    }
    steps
}

/// What the script draws. Numbers are texts: they are exact here.
#[derive(Serialize)]
struct Spec<'a> {
    kind: &'static str,
    /// What the values are.
    said: &'static str,
    unit: &'a str,
    months: Vec<SpecMonth>,
    reach: Option<SpecReach>,
}

#[derive(Serialize)]
struct SpecMonth {
    month: String,
    expected: Option<String>,
    corner: bool,
    value: Option<String>,
}

#[derive(Serialize)]
struct SpecReach {
    from: String,
    value: String,
    due: String,
    least: String,
    most: String,
}

/// What the values are called: a person looked at them, or the system reckoned them.
pub(super) fn said(view: &IndicatorPage) -> &'static str {
    if view.link.is_some() { "系统计算的数" } else { "已复核的数" }
}

/// Chart, drawing and table.
pub(super) fn shown(view: &IndicatorPage) -> Markup {
    let one = &view.line.indicator;
    let unit = one.unit.as_deref().unwrap_or_default();
    let judged = &view.line.judgement;
    let reach = judged.latest.zip(judged.forecast);
    let reach = reach.map(|(from, forecast)| Reach { from, due: view.line.target.due, forecast });
    let steps = steps(&view.path, &view.points, reach);
    let still = drawing(&one.name, &view.path, &view.points, reach, unit, said(view));
    let text = |number: Number| number.to_string();
    let spec = Spec {
        kind: "course",
        said: said(view),
        unit,
        months: steps
            .iter()
            .map(|(month, step)| SpecMonth {
                month: month.to_string(),
                expected: step.expected.map(text),
                corner: step.corner,
                value: step.value.map(text),
            })
            .collect(),
        reach: reach.map(|reach| SpecReach {
            from: reach.from.month.to_string(),
            value: text(reach.from.number),
            due: reach.due.to_string(),
            least: text(reach.forecast.least),
            most: text(reach.forecast.most),
        }),
    };
    html! {
        @if let Some(still) = &still { (drawn("course", &one.name, "chart--plain", &spec, still)) }
        (table(view, &steps, reach))
    }
}

/// The numbers of the chart.
fn table(view: &IndicatorPage, steps: &BTreeMap<Month, Step>, reach: Option<Reach>) -> Table<'static> {
    let one = &view.line.indicator;
    let cell = |number: Option<Number>| {
        html! { @match number { Some(number) => (with_unit(number, one)), None => "—" } }
    };
    let mut columns =
        vec![Column::new("月份"), Column::new("应到").numeric(), Column::new(said(view)).numeric()];
    if reach.is_some() {
        columns.push(Column::new("到期预测").numeric());
    }
    let row = |(month, step): (&Month, &Step)| {
        let mut cells = vec![html! { (month.zh()) }, cell(step.expected), cell(step.value)];
        if let Some(reach) = reach {
            cells.push(match (reach.due == *month, reach.forecast) {
                (false, _) => html! { "—" },
                (true, forecast) if forecast.least == forecast.most => {
                    html! { "约" (with_unit(forecast.least, one)) }
                }
                (true, forecast) => {
                    html! { (with_unit(forecast.least, one)) "至" (with_unit(forecast.most, one)) }
                }
            });
        }
        cells
    };
    Table {
        id: "course".into(),
        caption: "各月的应到和实际".into(),
        columns,
        rows: steps.iter().map(row).collect(),
        empty: "规划没有可以画线的数，也还没有填报。".into(),
        cards: false,
        ..Table::default()
    }
}

#[cfg(test)]
mod tests {
    use office::plans::judge::Forecast;

    use super::*;

    fn point(month: &str, number: &str) -> Point {
        Point { month: month.parse().unwrap(), number: number.parse().unwrap() }
    }

    #[test]
    fn every_value_stands_beside_what_was_expected_of_its_month() {
        let path = [point("2020-12", "35"), point("2025-12", "55")];
        let points = [point("2022-12", "44"), point("2025-12", "56")];
        let steps_of = |path: &[Point], points: &[Point], reach: Option<Reach>| {
            steps(path, points, reach)
                .into_iter()
                .map(|(month, step)| {
                    let text =
                        |number: Option<Number>| number.map(|number| number.to_string()).unwrap_or_default();
                    format!("{month} {} {} {}", text(step.expected), text(step.value), step.corner)
                })
                .collect::<Vec<_>>()
        };
        assert_eq!(
            steps_of(&path, &points, None),
            ["2020-12 35  true", "2022-12 43 44 false", "2025-12 55 56 true"]
        );
        // Without a baseline nothing is expected before the due date; a forecast has its month.
        let forecast = Forecast { least: "44".parse().unwrap(), most: "50".parse().unwrap() };
        let reach = Reach { from: points[0], due: "2025-12".parse().unwrap(), forecast };
        assert_eq!(
            steps_of(&path[1..], &points[..1], Some(reach)),
            ["2022-12  44 false", "2025-12 55  true"]
        );
        assert_eq!(steps_of(&[], &points[..1], Some(reach)), ["2022-12  44 false", "2025-12   false"]);
    }
}
