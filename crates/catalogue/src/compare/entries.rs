//! What of packs, plans and divisions came, went and reads otherwise.

use std::collections::BTreeMap;

use super::{Changed, Compared};
use crate::definition::DivisionEntry;
use crate::{Layer, Release};

/// Things by what names them, each with its title and what is read of it.
type Entries = BTreeMap<String, (String, Vec<(&'static str, String)>)>;

fn compare(kind: &'static str, before: &Entries, now: &Entries) -> Compared {
    let mut compared = Compared::of(kind);
    for (key, (title, read)) in now {
        let Some((_, old)) = before.get(key) else {
            compared.added.push(title.clone());
            continue;
        };
        let differs = read.iter().zip(old).filter(|(new, old)| new != old);
        let details: Vec<String> = differs
            .map(|((what, new), (_, old))| {
                // Long words are looked up where they stand.
                let short = |text: &str| text.chars().count() <= 30;
                if short(new) && short(old) {
                    format!("{what}由“{old}”改为“{new}”")
                } else {
                    format!("{what}有改动")
                }
            })
            .collect();
        if !details.is_empty() {
            compared.changed.push(Changed { title: title.clone(), details });
        }
    }
    let gone = before.iter().filter(|(key, _)| !now.contains_key(*key));
    compared.removed = gone.map(|(_, (title, _))| title.clone()).collect();
    compared
}

/// Which packs there are. What the database itself released is none of them.
pub(super) fn packs(older: &Release, newer: &Release) -> Compared {
    let of = |release: &Release| -> Entries {
        let files = release.packs.iter().filter(|pack| pack.head.layer != Layer::Database);
        files.map(|pack| (pack.head.id.get().clone(), (pack.head.title.clone(), Vec::new()))).collect()
    };
    compare("配置包", &of(older), &of(newer))
}

pub(super) fn plans(older: &Release, newer: &Release) -> Compared {
    let of = |release: &Release| -> Entries {
        let mut entries = Entries::new();
        for book in &release.plans {
            for line in book.lines() {
                let key = format!("{} {} {}", *book.plan.id, line.sort, line.id);
                let title = format!("{}「{}」", line.sort, line.name);
                let read = vec![
                    ("名称", line.name),
                    ("类别", line.category),
                    ("性质", line.kind),
                    ("单位", line.unit),
                    ("基期", line.baseline),
                    ("数值", line.value),
                    ("时间", line.year),
                    ("范围", line.places),
                    ("位置", line.section),
                    ("说明", line.note),
                    ("原文", line.source),
                ];
                entries.insert(key, (title, read));
            }
        }
        entries
    };
    compare("规划条目", &of(older), &of(newer))
}

pub(super) fn divisions(older: &Release, newer: &Release) -> Compared {
    let of = |release: &Release| -> Entries {
        let entry = |entry: &DivisionEntry| {
            let above = entry.parent.clone().unwrap_or_default();
            let read = vec![
                ("名称", entry.name.clone()),
                ("上级", above),
                ("民政代码", entry.mca_code.clone().unwrap_or_default()),
            ];
            (entry.code.clone(), (format!("{}（{}）", entry.name, entry.code), read))
        };
        release.places.iter().map(entry).collect()
    };
    compare("行政区划", &of(older), &of(newer))
}
