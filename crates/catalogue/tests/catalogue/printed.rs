//! The plans of the packs held against `facts/plans/*.tsv`: what was read out of the five texts, row by row and independently of the packs, with the words that
//! stand in the quote. Nothing of it is missing in the packs, and nothing in the packs is without it.

use std::collections::BTreeSet;
use std::path::Path;

use catalogue::plan::{PlanBook, squeezed};
use serde::Serialize;

use crate::{folder, shown};

/// A row of a copy.
struct Line {
    sort: String,
    name: String,
    kind: String,
    printed: Vec<String>,
    quote: String,
}

fn copy(place: &str) -> Vec<Line> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../../facts/plans/{place}.tsv"));
    let text = std::fs::read_to_string(path).unwrap();
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some("sort\tname\tkind\tprinted\tquote"));
    let line = |line: &str| {
        let cells: Vec<&str> = line.split('\t').collect();
        let [sort, name, kind, printed, quote] = cells[..] else { panic!("{place}: {line}") };
        Line {
            sort: sort.to_owned(),
            name: squeezed(name),
            kind: kind.to_owned(),
            printed: printed.split('¦').map(squeezed).filter(|words| !words.is_empty()).collect(),
            quote: squeezed(quote),
        }
    };
    lines.map(line).collect()
}

/// An entry of a pack, or a milestone of one.
struct Entry {
    sort: &'static str,
    id: String,
    names: Vec<String>,
    kind: String,
    quotes: Vec<String>,
    figures: BTreeSet<String>,
    /// A heading over milestones, or a year's step towards an indicator's target, is no row of the copy by itself.
    row: bool,
}

/// Every figure below a value: as printed, as read, as a number.
fn figures(value: &serde_json::Value, found: &mut BTreeSet<String>) {
    match value {
        serde_json::Value::Object(fields) => {
            for (name, value) in fields {
                if matches!(name.as_str(), "printed" | "read" | "number" | "most" | "each" | "percent") {
                    match value {
                        serde_json::Value::String(words) => drop(found.insert(squeezed(words))),
                        serde_json::Value::Number(number) => drop(found.insert(number.to_string())),
                        _ => {}
                    }
                }
                figures(value, found);
            }
        }
        serde_json::Value::Array(items) => items.iter().for_each(|item| figures(item, found)),
        _ => {}
    }
}

fn figures_of(entry: &impl Serialize) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    figures(&serde_json::to_value(entry).unwrap(), &mut found);
    found
}

fn entries(book: &PlanBook) -> Vec<Entry> {
    let mut all = Vec::new();
    let mut put = |sort, id: &str, names: &[&str], quotes: &[&str], figures| {
        let squeeze = |texts: &[&str]| texts.iter().map(|text| squeezed(text)).collect();
        let (names, quotes) = (squeeze(names), squeeze(quotes));
        all.push(Entry { sort, id: id.to_owned(), names, kind: String::new(), quotes, figures, row: true });
    };
    for one in &book.achievements {
        put("achievement", &one.id, &[&one.name], &[&one.source], figures_of(&**one));
    }
    for one in &book.standards {
        put("standard", &one.id, &[&one.name], &[&one.source], figures_of(&**one));
    }
    for one in &book.tasks {
        put("system", &one.id, &[&one.name], &[&one.source], figures_of(&**one));
    }
    for one in &book.documents {
        put("document", &one.id, &[&one.name], &[&one.source], figures_of(&**one));
    }
    for one in &book.projects {
        put("project", &one.id, &[&one.name], &[&one.source], figures_of(&**one));
        for part in &one.milestones {
            let row = part.row.as_ref().map_or("", |row| row.as_str());
            put("project", &one.id, &[&part.what, &one.name], &[&part.source, row], figures_of(&**one));
        }
    }
    for project in &book.projects {
        let headings = all.iter_mut().filter(|one| one.id == *project.id).take(1);
        headings.for_each(|one| one.row = project.milestones.is_empty());
    }
    for one in &book.indicators {
        let row = one.row.as_ref().map_or("", |row| row.as_str());
        let quotes = [squeezed(&one.source), squeezed(row)].into();
        let (kind, figures) = (one.kind.title().to_owned(), figures_of(&**one));
        let names = vec![squeezed(&one.name)];
        all.push(Entry {
            sort: "indicator",
            id: one.id.to_string(),
            names,
            kind,
            quotes,
            figures,
            row: true,
        });
    }
    all
}

/// PL-01, PL-07, PL-09: none missing, none invented, each as printed.
#[test]
fn the_packs_hold_every_printed_row_and_no_other() {
    let mut figures = 0;
    for place in ["baoding", "county", "suqian", "wenshan", "wuhai"] {
        let book =
            PlanBook::load(&folder(place)).unwrap_or_else(|findings| panic!("{place}: {}", shown(&findings)));
        let (lines, entries) = (copy(place), entries(&book));
        let mut named = BTreeSet::new();
        for line in &lines {
            let found: Vec<usize> = entries
                .iter()
                .enumerate()
                .filter(|(_, entry)| entry.sort == line.sort && entry.names.contains(&line.name))
                .filter(|(_, entry)| entry.quotes.iter().any(|quote| quote.contains(&line.quote)))
                .map(|(at, _)| at)
                .collect();
            assert!(
                !found.is_empty(),
                "{place}: the pack has no {} {}: {}",
                line.sort,
                line.name,
                line.quote
            );
            for words in &line.printed {
                let holds = found.iter().any(|at| entries[*at].figures.contains(words));
                assert!(holds, "{place}: {} {} has not {words}", line.sort, line.name);
                figures += 1;
            }
            if !line.kind.is_empty() {
                assert!(found.iter().all(|at| entries[*at].kind == line.kind), "{place}: {}", line.name);
            }
            named.extend(found);
        }
        // The texts' own documents were read out for Wuhai alone; the others name them in their `basis`.
        let sorts: BTreeSet<&str> = lines.iter().map(|line| line.sort.as_str()).collect();
        for (at, entry) in entries.iter().enumerate() {
            let asked = entry.row && sorts.contains(entry.sort);
            assert!(!asked || named.contains(&at), "{place}: no text prints {} {:?}", entry.id, entry.names);
        }
    }
    assert!(figures > 800, "{figures}");
}
