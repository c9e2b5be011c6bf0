//! Several rows of a department become one value of a fact, exactly.

use std::collections::BTreeMap;

use catalogue::Number;
use catalogue::definition::{AnswerKind, Ask, ColumnFact, Dataset, Fact, FieldKind, Gather};
use chrono::NaiveDate;
use vocab::Fen;

use crate::OfficeError;

/// A department's row: its day and its cells by column.
#[derive(Debug, Clone)]
pub(super) struct DepartmentRow {
    pub as_of: NaiveDate,
    pub cells: BTreeMap<String, String>,
}

/// Decimals in columns have at most six places.
const PLACES: u32 = 6;

/// The value as typed for the fact, or none when the rows have nothing. No rows and an empty column are nothing; what nothing
/// means is the fact's `absent`.
pub(super) fn gathered(
    dataset: &Dataset,
    rule: &ColumnFact,
    fact: &Fact,
    rows: &[DepartmentRow],
) -> Result<Option<String>, OfficeError> {
    let column = rule.column.as_ref().map(|id| id.get().as_str());
    let kind =
        column.and_then(|id| dataset.columns.iter().find(|column| column.id == id)).map(|column| column.kind);
    let cells =
        || rows.iter().filter_map(|row| row.cells.get(column?).map(|cell| (row.as_of, cell.as_str())));
    Ok(match rule.gather {
        Gather::Count if rows.is_empty() => None,
        Gather::Count => Some(match column {
            Some(_) => cells().count().to_string(),
            None => rows.len().to_string(),
        }),
        Gather::Any => match column {
            Some(_) => cells().any(|(_, cell)| !matches!(cell, "false" | "0")).then(|| "true".to_owned()),
            None => (!rows.is_empty()).then(|| "true".to_owned()),
        },
        Gather::Sum => {
            let mut sum: Option<i64> = None;
            for (_, cell) in cells() {
                sum = Some(sum.unwrap_or(0).checked_add(scaled(cell, kind)?).ok_or_else(|| too_large(fact))?);
            }
            sum.map(|sum| typed(sum, kind))
        }
        Gather::Max => {
            let mut most: Option<i64> = None;
            for (_, cell) in cells() {
                most = Some(most.unwrap_or(i64::MIN).max(scaled(cell, kind)?));
            }
            most.map(|most| typed(most, kind))
        }
        Gather::Last => {
            let last = cells().max_by_key(|(as_of, _)| *as_of);
            last.map(|(_, cell)| match kind {
                Some(FieldKind::Money) => {
                    cell.parse::<i64>().map(|fen| Fen(fen).to_string()).unwrap_or_default()
                }
                _ => cell.to_owned(),
            })
        }
    })
}

/// What the rows of a file say to a question, canonical as answers are kept; none where they are silent.
pub(super) fn answered(
    dataset: &Dataset,
    ask: &Ask,
    rows: &[DepartmentRow],
) -> Result<Option<String>, OfficeError> {
    let column = ask.column.as_ref().map(|id| id.get().as_str());
    let kind =
        column.and_then(|id| dataset.columns.iter().find(|column| column.id == id)).map(|column| column.kind);
    let cells =
        || rows.iter().filter_map(|row| row.cells.get(column?).map(|cell| (row.as_of, cell.as_str())));
    let overflow = || OfficeError::Internal(format!("「{}」的合计超出范围", ask.title));
    Ok(match ask.gather {
        None | Some(Gather::Count) => None,
        Some(Gather::Any) => Some(match column {
            Some(_) => cells().any(|(_, cell)| !matches!(cell, "false" | "0")).to_string(),
            None => (!rows.is_empty()).to_string(),
        }),
        Some(Gather::Sum) => {
            let mut sum: i64 = 0;
            for (_, cell) in cells() {
                sum = sum.checked_add(scaled(cell, kind)?).ok_or_else(overflow)?;
            }
            Some(sum.to_string())
        }
        Some(Gather::Max) => {
            let mut most: Option<i64> = None;
            for (_, cell) in cells() {
                most = Some(most.unwrap_or(i64::MIN).max(scaled(cell, kind)?));
            }
            Some(most.unwrap_or(0).to_string())
        }
        Some(Gather::Last) => {
            let last = cells().max_by_key(|(as_of, _)| *as_of).map(|(_, cell)| cell.to_owned());
            last.filter(|_| ask.kind != AnswerKind::YesNo)
        }
    })
}

fn too_large(fact: &Fact) -> OfficeError {
    OfficeError::Internal(format!("「{}」的合计超出范围", fact.title))
}

/// Money in fen, other numbers in millionths.
fn scaled(cell: &str, kind: Option<FieldKind>) -> Result<i64, OfficeError> {
    let broken = || OfficeError::Internal("部门数据中的数值无法读取".to_owned());
    match kind {
        Some(FieldKind::Money) => cell.parse().map_err(|_| broken()),
        _ => cell.parse::<Number>().ok().and_then(|number| number.at_scale(PLACES)).ok_or_else(broken),
    }
}

/// As a person would type it.
fn typed(units: i64, kind: Option<FieldKind>) -> String {
    match kind {
        Some(FieldKind::Money) => Fen(units).to_string(),
        _ => Number::new(units, PLACES).to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(column: &str, cells: &[(&str, &str)]) -> Vec<DepartmentRow> {
        cells
            .iter()
            .map(|(day, cell)| DepartmentRow {
                as_of: day.parse().expect("a date"),
                cells: if cell.is_empty() {
                    BTreeMap::new()
                } else {
                    BTreeMap::from([(column.to_owned(), (*cell).to_owned())])
                },
            })
            .collect()
    }

    fn definitions(gather: &str, column: bool) -> (Dataset, Fact) {
        let column = if column { ", column = \"x\"" } else { "" };
        let dataset = format!(
            "id = \"d\"\ntitle = \"d\"\ndepartment = \"d\"\nscope = \"d\"\ncolumn = [{{ id = \"x\", title = \"x\", type = \"money\" }}]\n\
             fact = [{{ fact = \"f\", gather = \"{gather}\"{column} }}]"
        );
        let fact = "id = \"f\"\ntitle = \"f\"\non = \"person\"\ntype = \"money\"\nabsent = \"none\"\nprecedence = [\"department\"]";
        (toml::from_str(&dataset).expect("a data set"), toml::from_str(fact).expect("a fact"))
    }

    #[test]
    fn rows_become_one_value() {
        let all = rows("x", &[("2026-10-01", "1000"), ("2026-11-01", "25"), ("2026-09-01", "")]);
        for (gather, column, expected, of_none) in [
            ("sum", true, Some("10.25"), None),
            ("max", true, Some("10.00"), None),
            ("last", true, Some("0.25"), None),
            ("count", true, Some("2"), None),
            ("count", false, Some("3"), None),
            ("any", false, Some("true"), None),
        ] {
            let (dataset, fact) = definitions(gather, column);
            let rule = &dataset.facts[0];
            assert_eq!(
                gathered(&dataset, rule, &fact, &all).expect("gathered").as_deref(),
                expected,
                "{gather}"
            );
            assert_eq!(
                gathered(&dataset, rule, &fact, &[]).expect("gathered").as_deref(),
                of_none,
                "{gather}"
            );
        }
        let (dataset, fact) = definitions("sum", true);
        let huge = rows("x", &[("2026-10-01", &i64::MAX.to_string()), ("2026-11-01", "1")]);
        assert!(gathered(&dataset, &dataset.facts[0], &fact, &huge).is_err());
    }
}
