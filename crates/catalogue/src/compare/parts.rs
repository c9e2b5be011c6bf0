//! What of a large definition changed: its steps, fields, conditions, articles.

use std::fmt::Debug;

use super::differ;
use crate::definition::{Code, Codelist, Form, Item, Law, Letter, Page, Programme, Register, Right, Role};
use crate::{Located, Release};

/// Names that one line lists.
const NAMES_MAX: usize = 12;

/// A part of a definition.
struct Part {
    id: String,
    title: String,
    text: String,
}

fn named<'p, P: Debug + 'p>(
    list: impl IntoIterator<Item = &'p P>,
    name: impl Fn(&'p P) -> (&'p str, &'p str),
) -> Vec<Part> {
    list.into_iter()
        .map(|one| {
            let (id, title) = name(one);
            Part { id: id.to_owned(), title: title.to_owned(), text: format!("{one:?}") }
        })
        .collect()
}

/// Says which parts came, went and read otherwise.
fn compare(details: &mut Vec<String>, what: &str, before: &[Part], now: &[Part]) {
    let known = |list: &[Part], id: &str| list.iter().any(|part| part.id == id);
    let titles = |list: Vec<&Part>| list.into_iter().map(|part| part.title.clone()).collect::<Vec<_>>();
    let added = titles(now.iter().filter(|part| !known(before, &part.id)).collect());
    let removed = titles(before.iter().filter(|part| !known(now, &part.id)).collect());
    let other = |part: &Part| before.iter().any(|old| old.id == part.id && old.text != part.text);
    let changed = titles(now.iter().filter(|part| other(part)).collect());
    for (deed, names) in [("增加", added), ("去掉", removed), ("改动", changed)] {
        if !names.is_empty() {
            details.push(format!("{deed}{what}：{}", listed(&names)));
        }
    }
}

/// Names in a row, the first ones where there are many.
fn listed(names: &[String]) -> String {
    if names.len() <= NAMES_MAX {
        return names.join("、");
    }
    format!("{}等 {} 项", names[..NAMES_MAX].join("、"), names.len())
}

/// What else of a definition may have changed is said once.
fn rest<T: Debug>(details: &mut Vec<String>, before: &T, now: &T) {
    if differ(before, now) {
        details.push("其他规定有改动".to_owned());
    }
}

pub(super) fn law(before: &Law, now: &Law) -> Option<Vec<String>> {
    if !differ(before, now) {
        return None;
    }
    let mut details = Vec::new();
    let articles = |law: &Law| named(&law.articles, |one| (one.number.as_str(), one.name.as_str()));
    compare(&mut details, "条文", &articles(before), &articles(now));
    if before.until != now.until {
        let day = now.until.map_or_else(|| "不再写明".to_owned(), |until| until.to_string());
        details.push(format!("有效期的最后一天：{day}"));
    }
    let other = |one: &Law| Law { articles: Vec::new(), until: None, ..one.clone() };
    rest(&mut details, &other(before), &other(now));
    Some(details)
}

pub(super) fn programme(before: &Programme, now: &Programme) -> Option<Vec<String>> {
    if !differ(before, now) {
        return None;
    }
    let mut details = Vec::new();
    let of = |one: &Programme| {
        let conditions = named(&one.conditions, |part| (part.id.as_str(), part.title.as_str()));
        let definitions = named(&one.definitions, |part| (part.id.as_str(), part.title.as_str()));
        (conditions, definitions)
    };
    let (old, new) = (of(before), of(now));
    compare(&mut details, "条件", &old.0, &new.0);
    compare(&mut details, "计算项", &old.1, &new.1);
    if differ(&before.amount, &now.amount) {
        details.push("金额的算法有改动".to_owned());
    }
    if before.exclusion_group != now.exclusion_group {
        details.push(format!("互斥组由 {} 改为 {}", before.exclusion_group, now.exclusion_group));
    }
    let other = |one: &Programme| Programme {
        conditions: Vec::new(),
        definitions: Vec::new(),
        amount: before.amount.clone(),
        exclusion_group: before.exclusion_group.clone(),
        ..one.clone()
    };
    rest(&mut details, &other(before), &other(now));
    Some(details)
}

pub(super) fn item(before: &Item, now: &Item) -> Option<Vec<String>> {
    if !differ(before, now) {
        return None;
    }
    let mut details = Vec::new();
    let of = |one: &Item| {
        [
            named(&one.steps, |part| (part.id.as_str(), part.title.as_str())),
            named(&one.actions, |part| (part.id.as_str(), part.title.as_str())),
            named(&one.materials, |part| (part.id.as_str(), part.title.as_str())),
            named(&one.clocks, |part| (part.id.as_str(), part.title.as_str())),
        ]
    };
    let whats = ["步骤", "办理动作", "材料", "时限"];
    for (what, (old, new)) in whats.into_iter().zip(of(before).iter().zip(of(now).iter())) {
        compare(&mut details, what, old, new);
    }
    let other = |one: &Item| Item {
        steps: Vec::new(),
        actions: Vec::new(),
        materials: Vec::new(),
        clocks: Vec::new(),
        ..one.clone()
    };
    rest(&mut details, &other(before), &other(now));
    Some(details)
}

/// The fields of pages; those of records that repeat are called after them.
fn fields(pages: &[Page]) -> Vec<Part> {
    let mut parts = Vec::new();
    for page in pages {
        for field in &page.fields {
            let (id, title) = match &page.repeat {
                Some(repeat) => {
                    (format!("{}.{}", repeat.of, field.id), format!("{}的{}", repeat.label, field.label))
                }
                None => (field.id.get().clone(), field.label.clone()),
            };
            parts.push(Part { id, title, text: format!("{field:?}") });
        }
    }
    parts
}

/// Pages without their fields.
fn bare(pages: &[Page]) -> Vec<Page> {
    pages.iter().map(|page| Page { fields: Vec::new(), ..page.clone() }).collect()
}

pub(super) fn form(before: &Form, now: &Form) -> Option<Vec<String>> {
    if !differ(before, now) {
        return None;
    }
    let mut details = Vec::new();
    compare(&mut details, "字段", &fields(&before.pages), &fields(&now.pages));
    let other = |one: &Form| Form { pages: bare(&one.pages), ..one.clone() };
    rest(&mut details, &other(before), &other(now));
    Some(details)
}

pub(super) fn register(before: &Register, now: &Register) -> Option<Vec<String>> {
    if !differ(before, now) {
        return None;
    }
    let mut details = Vec::new();
    compare(&mut details, "字段", &fields(&before.groups), &fields(&now.groups));
    let of = |one: &Register| {
        [
            named(&one.states, |part| (part.id.as_str(), part.title.as_str())),
            named(&one.transitions, |part| (part.id.as_str(), part.title.as_str())),
            named(&one.duties, |part| (part.id.as_str(), part.title.as_str())),
            named(&one.alerts, |part| (part.id.as_str(), part.title.as_str())),
            named(&one.papers, |part| (part.id.as_str(), part.title.as_str())),
        ]
    };
    let whats = ["状态", "办理动作", "定期任务", "提醒", "附件"];
    for (what, (old, new)) in whats.into_iter().zip(of(before).iter().zip(of(now).iter())) {
        compare(&mut details, what, old, new);
    }
    let other = |one: &Register| Register {
        groups: bare(&one.groups),
        states: Vec::new(),
        transitions: Vec::new(),
        duties: Vec::new(),
        alerts: Vec::new(),
        papers: Vec::new(),
        ..one.clone()
    };
    rest(&mut details, &other(before), &other(now));
    Some(details)
}

pub(super) fn codelist(before: &Codelist, now: &Codelist) -> Option<Vec<String>> {
    if !differ(before, now) {
        return None;
    }
    let mut details = Vec::new();
    let of = |one: &Codelist| {
        let codes = one.values.iter();
        let part = |code: &Code| Part {
            id: code.code.get().clone(),
            title: code.title.clone(),
            text: format!("{code:?}"),
        };
        codes.map(part).collect::<Vec<_>>()
    };
    compare(&mut details, "代码", &of(before), &of(now));
    Some(details)
}

/// A letter is what its template says, too.
pub(super) fn letter(older: &Release, newer: &Release, before: &Letter, now: &Letter) -> Option<Vec<String>> {
    let template = |release: &Release, letter: &Letter| {
        let defined = release.letters.get(&letter.id)?;
        release.file(&defined.place, letter.template.as_str()).map(ToOwned::to_owned)
    };
    let mut details = Vec::new();
    if template(older, before) != template(newer, now) {
        details.push("文书模板有改动".to_owned());
    }
    rest(&mut details, before, now);
    (!details.is_empty()).then_some(details)
}

pub(super) fn role(before: &Role, now: &Role) -> Option<Vec<String>> {
    if !differ(before, now) {
        return None;
    }
    let mut details = Vec::new();
    let of = |one: &Role| {
        let part = |right: &Located<Right>| {
            let right = *right.get();
            Part { id: right.code().to_owned(), title: right.title().to_owned(), text: String::new() }
        };
        one.rights.iter().map(part).collect::<Vec<_>>()
    };
    compare(&mut details, "权限", &of(before), &of(now));
    let other = |one: &Role| Role { rights: Vec::new(), ..one.clone() };
    rest(&mut details, &other(before), &other(now));
    Some(details)
}
