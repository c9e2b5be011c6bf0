//! The divisions of a release: read from the packs' CSV files, walked from a village up to the province.

use std::collections::BTreeMap;

use crate::definition::{DivisionChange, DivisionEntry, DivisionFile, DivisionLevel};
use crate::{Defined, Finding, PackFiles};

/// Divisions by code.
#[derive(Debug, Clone, Default)]
pub struct Places {
    entries: BTreeMap<String, DivisionEntry>,
    /// Codes that nothing bears any more, and what became of what bore them.
    former: BTreeMap<String, Vec<String>>,
}

/// Divisions follow one another no more often than this.
const FOLLOWED_MAX: usize = 40;

impl Places {
    /// A division by statistical code; by an old one where a single division has become of it.
    #[must_use]
    pub fn get(&self, code: &str) -> Option<&DivisionEntry> {
        let mut code = code;
        for _ in 0..FOLLOWED_MAX {
            match (self.entries.get(code), self.former.get(code).map(Vec::as_slice)) {
                (Some(entry), _) => return Some(entry),
                (None, Some([only])) => code = only,
                _ => return None,
            }
        }
        None
    }

    /// Whether a code is or was a division's.
    #[must_use]
    pub fn is_known(&self, code: &str) -> bool {
        self.entries.contains_key(code) || self.former.contains_key(code)
    }

    /// Codes under which values may stand that hold in a division for itself: its own, and those that it or the whole of which it is a
    /// part bore before. Not those of divisions that were merged into it: they may have said different things.
    pub fn codes_of<'a>(&'a self, code: &'a str) -> impl Iterator<Item = &'a str> {
        let mut codes = vec![code];
        let mut at = 0;
        while let Some(code) = codes.get(at).copied().filter(|_| at < FOLLOWED_MAX) {
            let before = self.former.iter().filter(|(old, became)| {
                became.iter().any(|new| new == code)
                    && !codes.contains(&old.as_str())
                    && !self.merged(old, became)
            });
            let before: Vec<&str> = before.map(|(old, _)| old.as_str()).collect();
            codes.extend(before);
            at += 1;
        }
        codes.into_iter()
    }

    /// Whether several divisions became this one.
    fn merged(&self, old: &str, became: &[String]) -> bool {
        let [only] = became else { return false };
        self.former.iter().any(|(other, became)| other != old && became.iter().any(|new| new == only))
    }

    /// All divisions in the order of their codes.
    pub fn iter(&self) -> impl Iterator<Item = &DivisionEntry> {
        self.entries.values()
    }

    /// Number of divisions.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether no pack brings divisions.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The division and those above it, nearest first.
    pub fn upwards<'a>(&'a self, code: &str) -> impl Iterator<Item = &'a DivisionEntry> {
        let first = self.get(code).or_else(|| {
            // Of several the first: they lie in one county, below which few numbers are set.
            self.former.get(code).and_then(|became| became.first()).and_then(|first| self.get(first))
        });
        let mut next = first;
        std::iter::from_fn(move || {
            let here = next?;
            next = here.parent.as_deref().and_then(|parent| self.entries.get(parent));
            Some(here)
        })
        .take(8)
    }

    /// Reads one CSV file; every bad line is a finding.
    pub(crate) fn add(
        &mut self,
        definition: &DivisionFile,
        file: &str,
        text: &str,
        findings: &mut Vec<Finding>,
    ) {
        let mut above: Option<String> = None;
        for division in &definition.above {
            let entry = DivisionEntry {
                code: division.code.get().clone(),
                mca_code: None,
                name: division.name.clone(),
                level: division.level,
                parent: above.replace(division.code.get().clone()),
                community: false,
                nominal: false,
            };
            self.entries.insert(entry.code.clone(), entry);
        }
        let mut lines = text.lines().enumerate();
        let header = lines.next().map(|(_, line)| line.trim_start_matches('\u{feff}').trim_end());
        if header != Some("nbs_code,level,name,parent_nbs_code,mca_code,flag") {
            let expected = "nbs_code,level,name,parent_nbs_code,mca_code,flag";
            findings.push(Finding::error(file, 1, "区划文件的表头不对", expected));
            return;
        }
        for (index, line) in lines {
            if line.trim().is_empty() {
                continue;
            }
            let cells: Vec<&str> = line.trim_end().split(',').collect();
            let problem = match cells.as_slice() {
                [code, level, name, parent, mca_code, flag] => {
                    let nominal = flag.split(' ').any(|flag| matches!(flag, "nbs_only" | "virtual"));
                    let parent = if parent.is_empty() { above.as_deref() } else { Some(*parent) };
                    self.add_line(code, level, name, parent, mca_code, nominal)
                }
                _ => Some("应有六列".to_owned()),
            };
            if let Some(problem) = problem {
                findings.push(Finding::error(
                    file,
                    index + 1,
                    format!("区划「{line}」：{problem}"),
                    "一行依次是代码、级别、名称、上级代码、民政代码、标记，用半角逗号分开；上级写在前面",
                ));
            }
        }
    }

    /// Brings the tree of the files to what the changes made of it. What a file knows already is left as the file has it.
    pub(crate) fn amend(
        &mut self,
        changes: &[Defined<DivisionChange>],
        packs: &[&PackFiles],
        findings: &mut Vec<Finding>,
    ) {
        for change in changes {
            self.apply(change);
        }
        let Some(last) = changes.last() else { return };
        let file = packs[last.place.pack].display(&last.place.path);
        for entry in self.entries.values() {
            let above = entry.parent.as_ref().map(|parent| self.entries.get(parent));
            let wrong = match above {
                None => continue,
                Some(None) => format!("{}（{}）的上级不在了", entry.name, entry.code),
                Some(Some(above)) if above.level >= entry.level => {
                    format!("{}（{}）的上级{}的级别应更高", entry.name, entry.code, above.name)
                }
                Some(Some(_)) => continue,
            };
            findings.push(Finding::error(&file, last.place.line, wrong, "先说明下级改属哪里，再撤销上级"));
        }
    }

    fn apply(&mut self, change: &DivisionChange) {
        match (&change.was, &change.code) {
            (was, Some(code)) => {
                let before = was.as_ref().and_then(|was| self.entries.remove(was));
                if before.is_none() && (was.is_some() || self.entries.contains_key(code)) {
                    // The file is younger than the change.
                    if let Some(was) = was.as_ref().filter(|was| *was != code) {
                        self.former.entry(was.clone()).or_insert_with(|| vec![code.clone()]);
                    }
                    return;
                }
                let level = before.as_ref().map(|before| before.level).or(change.level);
                let Some(level) = level else { return };
                let entry = DivisionEntry {
                    code: code.clone(),
                    mca_code: change.mca_code.clone(),
                    name: change.name.clone(),
                    level,
                    parent: change.parent.clone(),
                    community: change.community,
                    nominal: before.is_some_and(|before| before.nominal),
                };
                self.entries.insert(code.clone(), entry);
                if let Some(was) = was.as_ref().filter(|was| *was != code) {
                    for below in self.entries.values_mut().filter(|below| below.parent.as_ref() == Some(was))
                    {
                        below.parent = Some(code.clone());
                    }
                    self.former.insert(was.clone(), vec![code.clone()]);
                }
            }
            (Some(was), None) => {
                self.entries.remove(was);
                self.former.insert(was.clone(), change.followed_by.clone());
            }
            (None, None) => {}
        }
    }

    fn add_line(
        &mut self,
        code: &str,
        level: &str,
        name: &str,
        parent: Option<&str>,
        mca_code: &str,
        nominal: bool,
    ) -> Option<String> {
        let (level, community) = match level {
            "province" => (DivisionLevel::Province, false),
            "prefecture" => (DivisionLevel::Prefecture, false),
            "county" => (DivisionLevel::County, false),
            "township" => (DivisionLevel::Township, false),
            "village" => (DivisionLevel::Village, false),
            "community" => (DivisionLevel::Village, true),
            other => return Some(format!("级别 {other} 不认识")),
        };
        if code.is_empty() || !code.bytes().all(|byte| byte.is_ascii_digit()) {
            return Some("代码应是数字".to_owned());
        }
        if self.entries.contains_key(code) {
            return Some("代码重复".to_owned());
        }
        if let Some(parent) = parent {
            match self.entries.get(parent) {
                None => return Some(format!("上级 {parent} 不在前面")),
                Some(parent) if parent.level >= level => return Some("上级的级别应更高".to_owned()),
                Some(_) => {}
            }
        }
        let entry = DivisionEntry {
            code: code.to_owned(),
            mca_code: (!mca_code.is_empty()).then(|| mca_code.to_owned()),
            name: name.to_owned(),
            level,
            parent: parent.map(str::to_owned),
            community,
            nominal,
        };
        self.entries.insert(entry.code.clone(), entry);
        None
    }
}
