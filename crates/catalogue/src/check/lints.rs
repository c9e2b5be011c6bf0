//! What is allowed and probably not meant: the language's own lints at their lines, parameters that a place lacks, articles
//! that are no longer in force. All are warnings.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Datelike, Days, NaiveDate};
use rules::LintKind;
use vocab::Month;

use super::Checker;
use crate::compile::located;
use crate::definition::{Basis, ExclusionRule, Programme};
use crate::release::{Defined, Place};
use crate::{Finding, Release};

impl Checker<'_> {
    pub(super) fn lints(&mut self) {
        let release = self.release;
        for programme in release.programmes.iter() {
            if let Some(rules) = release.rules(&programme.id) {
                for lint in rules.lints(release.shapes()) {
                    self.lint(programme, &lint, ("", ""));
                }
                self.by_place(programme, rules);
            }
            self.expired_basis(programme);
        }
        self.equal_priorities();
        for parameter in release.parameters.iter() {
            self.expired(&parameter.place, &parameter.basis, None);
        }
        for table in release.tables.iter() {
            self.expired(&table.place, &table.basis, None);
        }
        for held in release.values.values().flatten() {
            self.expired(&held.place, held.value.law.as_slice(), held.value.until);
        }
        for item in release.items.iter() {
            self.expired(&item.place, &item.basis, None);
        }
        for unset in &release.unset {
            for parameter in &unset.parameters {
                self.refers(&unset.place, parameter, &release.parameters);
            }
            for table in &unset.tables {
                self.refers(&unset.place, table, &release.tables);
            }
            if unset.reason.trim().is_empty() {
                self.on(&unset.place, "没有写为什么没有值", "reason = \"规划没有公布，由市民政局录入\"");
            }
        }
    }

    /// A lint at its line, with the place and day for which it is so, in Chinese and in English.
    fn lint(&mut self, programme: &Defined<Programme>, lint: &rules::Lint, (zh, en): (&str, &str)) {
        let (line, said) = match located(programme, &lint.diagnostic) {
            Some((text, diagnostic)) => {
                (self.release.line_in(&programme.place, text, &diagnostic), diagnostic)
            }
            None => (programme.place.line, lint.diagnostic.clone()),
        };
        let (file, mend) = (self.release.file_name(&programme.place), mend(lint.kind));
        self.findings.push(
            Finding::warning(file, line, format!("{zh}{said}"), mend.0)
                .in_english(format!("{en}{}", said.english()), mend.1),
        );
    }

    /// Bands made of parameters, and parameters without a value: for every place that sets something for the programme, on
    /// the days on which a value ends and on the last day on which one begins.
    fn by_place(&mut self, programme: &Defined<Programme>, rules: &rules::Programme) {
        let release = self.release;
        let names = rules.parameters();
        let mut places: BTreeSet<&str> =
            release.packs.iter().filter_map(|pack| Some(pack.head.division.as_ref()?.as_str())).collect();
        let (mut begins, mut ends) = (BTreeSet::new(), BTreeSet::new());
        let mut add = |division: Option<&'_ String>, from: NaiveDate, until: Option<NaiveDate>| {
            begins.insert(from);
            ends.extend(until.and_then(|until| until.checked_add_days(Days::new(1))));
            division.cloned()
        };
        let mut divisions = BTreeSet::new();
        for name in names {
            if let Some(id) = name.strip_prefix("param.") {
                for held in release.values.get(id).into_iter().flatten() {
                    divisions.extend(add(held.division.as_ref(), held.value.from, held.value.until));
                }
            } else if let Some(id) = name.strip_prefix("table.") {
                for held in release.table_values.get(id).into_iter().flatten() {
                    divisions.extend(add(held.division.as_ref(), held.value.from, held.value.until));
                }
            }
        }
        places.extend(divisions.iter().map(String::as_str));
        let last = begins.last().copied().into_iter().chain(programme.valid_from).max();
        let days: BTreeSet<NaiveDate> = ends
            .into_iter()
            .chain(last)
            .filter(|day| programme.valid_from.is_none_or(|from| from <= *day))
            .filter(|day| programme.valid_until.is_none_or(|until| *day <= until))
            .collect();
        // The first day on which something is so, for each place.
        let mut found: BTreeMap<(&str, LintKind, String), (NaiveDate, rules::Lint)> = BTreeMap::new();
        for place in places {
            for &day in &days {
                let Ok(month) = Month::new(day.year(), day.month()) else { continue };
                let context = release.context(&programme.id, place, month, day, day);
                for lint in rules.lints_in(&context, release.shapes()) {
                    if lint.kind == LintKind::NoValue && said_why(release, place, &lint.diagnostic.zh) {
                        continue;
                    }
                    let key = (place, lint.kind, lint.diagnostic.to_string());
                    found.entry(key).or_insert((day, lint));
                }
            }
        }
        for ((place, ..), (day, lint)) in found {
            let name = release.places.get(place).map_or("", |entry| entry.name.as_str());
            let zh = format!("{name}（{place}）从 {day} 起：");
            self.lint(programme, &lint, (&zh, &format!("{name} ({place}) from {day}: ")));
        }
    }

    fn expired_basis(&mut self, programme: &Defined<Programme>) {
        let (place, until) = (&programme.place, programme.valid_until);
        self.expired(place, &programme.basis, until);
        self.expired(place, &programme.amount.basis, until);
        self.expired(place, &programme.review_basis, until);
        self.expired(place, &programme.taper_basis, until);
        if let Some(publication) = &programme.publication {
            self.expired(place, &publication.basis, until);
        }
        for ends in &programme.ends {
            self.expired(place, &ends.basis, until);
        }
        for definition in &programme.definitions {
            self.expired(place, &definition.basis, until);
        }
        for condition in &programme.conditions {
            self.expired(place, &condition.basis, until);
        }
    }

    /// What is cited ends while what cites it goes on, and nothing is cited that takes its place from the next day.
    fn expired(&mut self, place: &Place, basis: &[Basis], cited_until: Option<NaiveDate>) {
        let release = self.release;
        for one in basis {
            let Some(ends) = ends(release, one) else { continue };
            let follows = |other: &Basis| {
                let next = release.laws.get(&other.law).map(|law| law.in_force_from);
                next.is_some() && next == ends.succ_opt()
            };
            if cited_until.is_none_or(|until| until > ends) && !basis.iter().any(follows) {
                let message =
                    format!("引用的{}到 {ends} 失效，同一处没有引用从次日起接替它的条文", release.cite(one));
                self.warn(
                    place,
                    one.law.start(),
                    message,
                    "补上接替它的条文，或者写明引用到哪一天（valid_until、until）",
                );
            }
        }
    }

    /// Two programmes of a group that goes by priority have the same one.
    fn equal_priorities(&mut self) {
        let mut seen: BTreeMap<(&str, i32), &Defined<Programme>> = BTreeMap::new();
        for programme in self.release.programmes.iter() {
            let group = self.release.exclusion_groups.get(&programme.exclusion_group);
            if group.is_none_or(|group| group.rule == ExclusionRule::Choice) {
                continue;
            }
            let key = (programme.exclusion_group.as_str(), programme.priority);
            if let Some(earlier) = seen.insert(key, programme) {
                let message = format!("项目 {} 与 {} 在同一互斥组，priority 相同", programme.id, earlier.id);
                self.warn(&programme.place, programme.id.start(), message, "各不相同的 priority，小的在前");
            }
        }
    }
}

/// The last day of what is cited; none while it stands.
fn ends(release: &Release, basis: &Basis) -> Option<NaiveDate> {
    release.laws.get(&basis.law)?.ends(basis.article.as_ref().map(|article| article.as_str()))
}

/// Whether a pack says why the place has no value of the parameter or table that a lint names.
fn said_why(release: &Release, place: &str, lint: &str) -> bool {
    release.unset.iter().any(|unset| {
        let own = release.packs[unset.place.pack].head.division.as_ref();
        let at = unset.division.as_ref().or(own).map(|code| code.as_str());
        let here = at.is_none_or(|at| release.places.upwards(place).any(|entry| entry.code == at));
        let named = unset.parameters.iter().map(|id| format!("（param.{id}）"));
        let tables = unset.tables.iter().map(|id| format!("（table.{id}）"));
        here && named.chain(tables).any(|name| lint.contains(&name))
    })
}

/// How to mend what a lint found, in Chinese and in English.
fn mend(kind: LintKind) -> (&'static str, &'static str) {
    match kind {
        LintKind::AlwaysTrue | LintKind::AlwaysFalse => (
            "去掉这个条件，或者改正数值和方向",
            "no such condition, or the number and direction that were meant",
        ),
        LintKind::Overlap | LintKind::Gap => {
            ("各档首尾相接：不重叠，不留空", "each band begins where the one before it ends")
        }
        LintKind::UnusedDefinition => ("去掉这个定义，或者用上它", "no such definition, or a use of it"),
        LintKind::NegativeAmount => ("greatest(…, 0)", "greatest(…, 0)"),
        LintKind::NoValue => (
            "录入这个值，或者在 [[unset]] 里写明为什么没有",
            "the value, or [[unset]] saying why there is none",
        ),
    }
}
