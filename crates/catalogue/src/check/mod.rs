//! What must hold between definitions. Each file checks one part; every message names file and line, what is wrong and what is expected.

mod confidential;
mod entered;
mod forms;
mod found;
mod indicators;
mod items;
mod lints;
mod online;
mod organisations;
mod papers;
mod parameters;
mod programmes;
mod raised;
mod registers;
mod roles;
mod vocabulary;

use std::collections::HashMap;

use crate::definition::{Basis, Kind, Verified};
use crate::release::Place;
use crate::{Finding, Located, Release, Shelf};

/// Checks a release that could be read.
pub(crate) fn check(release: &Release, findings: &mut Vec<Finding>) {
    let mut checker = Checker { release, findings };
    checker.ids(&release.laws);
    checker.ids(&release.codelists);
    checker.ids(&release.departments);
    checker.ids(&release.datasets);
    checker.ids(&release.check_rules);
    checker.ids(&release.lead_clocks);
    checker.ids(&release.facts);
    checker.ids(&release.parameters);
    checker.ids(&release.tables);
    checker.ids(&release.exclusion_groups);
    checker.ids(&release.programmes);
    checker.ids(&release.roles);
    checker.ids(&release.separations);
    checker.ids(&release.forms);
    checker.ids(&release.letters);
    checker.ids(&release.items);
    checker.ids(&release.registers);
    checker.ids(&release.indicators);
    checker.ids(&release.cases);
    checker.vocabulary();
    checker.roles();
    checker.parameters();
    checker.programmes();
    checker.forms();
    checker.items();
    checker.registers();
    checker.indicators();
    checker.measured();
    checker.superior();
    checker.lints();
    for book in &release.plans {
        if let Some(code) = &book.plan.division
            && !release.places.is_known(code)
        {
            let message = format!("区划 {code} 不在配置包的区划里");
            checker.at(&book.plan.place, code.start(), message, "区划文件里的代码");
        }
        book.check(&release.packs[book.plan.place.pack].files, checker.findings);
    }
}

pub(crate) struct Checker<'a> {
    release: &'a Release,
    findings: &'a mut Vec<Finding>,
}

impl<'a> Checker<'a> {
    /// An error at an offset of the file of a place.
    fn at(&mut self, place: &Place, start: usize, zh: impl Into<String>, expected: impl Into<String>) {
        let line = self.release.line(place, start);
        self.findings.push(Finding::error(self.release.file_name(place), line, zh, expected));
    }

    /// A warning at an offset of the file of a place.
    fn warn(&mut self, place: &Place, start: usize, zh: impl Into<String>, expected: impl Into<String>) {
        let line = self.release.line(place, start);
        self.findings.push(Finding::warning(self.release.file_name(place), line, zh, expected));
    }

    /// An error at a definition.
    fn on(&mut self, place: &Place, zh: impl Into<String>, expected: impl Into<String>) {
        self.findings.push(Finding::error(self.release.file_name(place), place.line, zh, expected));
    }

    /// Ids are well formed and unique among their kind over all packs.
    fn ids<T: Kind>(&mut self, shelf: &'a Shelf<T>) {
        let mut first: HashMap<&str, &Place> = HashMap::new();
        for definition in shelf.iter() {
            let id = definition.id();
            self.identifier(&definition.place, id);
            if let Some(earlier) = first.get(id.as_str()) {
                let earlier = format!("{}:{}", self.release.file_name(earlier), earlier.line);
                let message = format!("{}的 id {id} 重复，先写在 {earlier}", T::TITLE);
                self.at(
                    &definition.place,
                    id.start(),
                    message,
                    "每种定义的 id 各不相同；只给数值请用 [[value]]",
                );
            } else {
                first.insert(id, &definition.place);
            }
        }
    }

    /// An id is ASCII: letters, digits and underscores, a letter first.
    fn identifier(&mut self, place: &Place, id: &Located<String>) {
        let fits = id.starts_with(|first: char| first.is_ascii_lowercase())
            && id.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
        if !fits {
            self.at(
                place,
                id.start(),
                format!("id「{id}」写法不对"),
                "小写英文字母开头，只用小写字母、数字和下划线",
            );
        }
    }

    /// A list of ids inside one definition has no double.
    fn unique<'b>(&mut self, place: &Place, what: &str, ids: impl Iterator<Item = &'b Located<String>>) {
        let mut seen = std::collections::HashSet::new();
        for id in ids {
            if !seen.insert(id.get().clone()) {
                self.at(
                    place,
                    id.start(),
                    format!("{what} {id} 写了两次"),
                    format!("同一处的{what}各不相同"),
                );
            }
        }
    }

    /// A reference leads to a definition of a kind.
    fn refers<T: Kind>(&mut self, place: &Place, reference: &Located<String>, shelf: &Shelf<T>) -> bool {
        let known = shelf.get(reference).is_some();
        if !known {
            let near = nearest(reference, &shelf.ids());
            let message = format!("{} {reference} 没有定义", T::TITLE);
            self.at(
                place,
                reference.start(),
                message,
                near.unwrap_or_else(|| format!("某个 [[{}]] 的 id", T::NAME)),
            );
        }
        known
    }

    /// A reference leads to one of a few names of the same definition.
    fn among(&mut self, place: &Place, reference: &Located<String>, what: &str, names: &[&str]) {
        if !names.contains(&reference.as_str()) {
            let expected = nearest(reference, names).unwrap_or_else(|| format!("{} 之一", names.join("、")));
            self.at(place, reference.start(), format!("{what} {reference} 没有写"), expected);
        }
    }

    /// Each citation names a law and one of its listed articles.
    fn basis(&mut self, place: &Place, basis: &[Basis]) {
        for one in basis {
            if !self.refers(place, &one.law, &self.release.laws) {
                continue;
            }
            let (Some(law), Some(article)) = (self.release.laws.get(&one.law), &one.article) else {
                continue;
            };
            if law.article(article).is_none() {
                let message = format!("{} 没有列出第 {article} 号条文", law.short);
                let expected = format!("在法规 {} 的 article 里列出，或者改成已列出的条号", law.id);
                self.at(place, article.start(), message, expected);
            }
        }
    }

    /// What can refuse, reduce or stop needs a basis whose text was read.
    fn strong_basis(&mut self, place: &Place, start: usize, what: &str, basis: &[Basis]) {
        self.basis(place, basis);
        if basis.is_empty() {
            self.at(
                place,
                start,
                format!("{what}会拒绝、调减或停发，却没有依据"),
                "basis = [{ law = \"…\", article = \"…\" }]",
            );
        }
        for one in basis {
            if self.release.laws.get(&one.law).is_some_and(|law| *law.verified == Verified::Memory) {
                let message =
                    format!("{what}会拒绝、调减或停发，依据 {} 只凭记忆（verified = \"memory\"）", one.law);
                self.at(
                    place,
                    one.law.start(),
                    message,
                    "读过原文的法规（verified = \"full\" 或 \"partial\"）",
                );
            }
        }
    }
}

/// "是不是 …?" for the nearest of some names.
pub(crate) fn nearest(wanted: &str, names: &[&str]) -> Option<String> {
    let distance = |name: &str| {
        let (a, b): (Vec<char>, Vec<char>) = (wanted.chars().collect(), name.chars().collect());
        let mut row: Vec<usize> = (0..=b.len()).collect();
        for (i, x) in a.iter().enumerate() {
            let mut diagonal = row[0];
            row[0] = i + 1;
            for (j, y) in b.iter().enumerate() {
                let replaced = diagonal + usize::from(x != y);
                diagonal = row[j + 1];
                row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
            }
        }
        row[b.len()]
    };
    let best = names.iter().map(|name| (distance(name), *name)).min()?;
    (best.0 <= 1 + wanted.chars().count() / 4).then(|| format!("是不是 {}？", best.1))
}
