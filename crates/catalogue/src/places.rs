//! The divisions of a release: read from the packs' CSV files, walked from a village up to the province.

use std::collections::BTreeMap;

use crate::Finding;
use crate::definition::{DivisionEntry, DivisionFile, DivisionLevel};

/// Divisions by code.
#[derive(Debug, Clone, Default)]
pub struct Places {
    entries: BTreeMap<String, DivisionEntry>,
}

impl Places {
    /// A division by statistical code.
    #[must_use]
    pub fn get(&self, code: &str) -> Option<&DivisionEntry> {
        self.entries.get(code)
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
        let mut next = self.entries.get(code);
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
