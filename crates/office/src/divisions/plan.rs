//! What a wanted change makes of the tree: checked against the tree as it stands, told as entries of the packs on top and as steps in which
//! what lies in a division that ends goes over to another.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use catalogue::Release;
use catalogue::definition::{DivisionChange, DivisionLevel};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use store::{DivisionId, HouseholdId};
use vocab::{DivisionCode, Level};

use super::nodes::{Node, Tree};
use super::past::title;
use super::wanted::{ChangeKind, Part, Wanted, is_community, kind_word};
use crate::OfficeError;
use crate::error::Problems;

/// A division as the change leaves it; see [`DivisionChange`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Entry {
    pub was: Option<String>,
    pub code: Option<String>,
    pub mca_code: Option<String>,
    pub name: String,
    pub level: DivisionLevel,
    pub parent: Option<String>,
    pub community: bool,
    pub followed_by: Vec<String>,
}

impl Entry {
    /// As packs write it.
    pub fn written(&self, from: NaiveDate, source: &str) -> DivisionChange {
        DivisionChange {
            from,
            was: self.was.clone(),
            code: self.code.clone(),
            mca_code: self.mca_code.clone(),
            name: self.name.clone(),
            level: self.code.as_ref().map(|_| self.level),
            parent: self.parent.clone(),
            community: self.community,
            followed_by: self.followed_by.clone(),
            source: source.to_owned(),
        }
    }
}

/// What of a division goes over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Lot {
    /// Everything at the division itself.
    All,
    /// What the township holds of one of its villages.
    Village(DivisionId),
    /// What the village holds of these families.
    Families(Vec<HouseholdId>),
}

/// What lies at one division goes over to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Step {
    pub from: DivisionId,
    /// Code after the change.
    pub to: String,
    pub lot: Lot,
}

/// A change, checked.
#[derive(Debug)]
pub(super) struct Planned {
    pub title: String,
    pub entries: Vec<Entry>,
    pub steps: Vec<Step>,
    /// What may not lie in another change at the same time.
    pub about: Vec<DivisionId>,
    /// What comes to lie in another county, with all below.
    pub other_county: Vec<DivisionId>,
}

fn pack_level(level: Level) -> DivisionLevel {
    match level {
        Level::Nation | Level::Province => DivisionLevel::Province,
        Level::Prefecture => DivisionLevel::Prefecture,
        Level::County => DivisionLevel::County,
        Level::Township => DivisionLevel::Township,
        Level::Village => DivisionLevel::Village,
    }
}

/// Writes a plan and collects what is wrong.
struct Planner<'a> {
    tree: &'a Tree,
    release: &'a Release,
    wanted: &'a Wanted,
    on: NaiveDate,
    problems: Problems,
    ended: Vec<Entry>,
    added: Vec<Entry>,
    /// Of divisions that go on, by level.
    changed: BTreeMap<(Level, DivisionId), Entry>,
    steps: Vec<Step>,
    other_county: Vec<DivisionId>,
}

/// Checks what is wanted against the tree and says what it makes of it.
///
/// # Errors
/// [`OfficeError::Invalid`] with everything that is wrong, by the fields of the form.
pub(super) fn plan(
    tree: &Tree,
    release: &Release,
    home: DivisionId,
    wanted: &Wanted,
    on: NaiveDate,
) -> Result<Planned, OfficeError> {
    let mut subjects: Vec<&Node> = wanted.subjects.iter().filter_map(|id| tree.get(*id)).collect();
    subjects.sort_by(|a, b| a.code.cmp(&b.code));
    subjects.dedup_by_key(|node| node.id);
    let Some(first) = subjects.first().copied().filter(|_| subjects.len() == wanted.subjects.len()) else {
        return Err(OfficeError::invalid("subjects", "请选择要调整的区划；已经撤销的不能再调整。"));
    };
    let into = match wanted.into {
        Some(id) => {
            Some(tree.get(id).ok_or_else(|| OfficeError::invalid("into", "这个区划已经撤销，请另选一个。"))?)
        }
        None => None,
    };
    let mut planner = Planner {
        tree,
        release,
        wanted,
        on,
        problems: Problems::default(),
        ended: Vec::new(),
        added: Vec::new(),
        changed: BTreeMap::new(),
        steps: Vec::new(),
        other_county: Vec::new(),
    };
    for node in subjects.iter().copied().chain(into) {
        planner.in_reach(home, node);
    }
    if subjects.iter().any(|node| node.level != first.level) {
        planner.problems.add("subjects", "一次调整的区划应是同一级。");
    }
    let many = matches!(wanted.kind, ChangeKind::Merge | ChangeKind::Move);
    if subjects.len() > 1 && !many {
        planner.problems.add("subjects", "这一类调整一次只办一个区划。");
    }
    let title = match wanted.kind {
        ChangeKind::Rename | ChangeKind::Relevel => planner.rename(first),
        ChangeKind::Move => planner.moved(&subjects, into),
        ChangeKind::Merge => planner.merge(&subjects, into),
        ChangeKind::Split => planner.split(first),
        ChangeKind::End => {
            planner.end(first, Vec::new());
            format!("撤销{}", first.name)
        }
    };
    planner.recodes(&subjects, into);
    planner.codes_are_free();
    let Planner { problems, ended, added, changed, steps, other_county, .. } = planner;
    problems.none_or_refuse()?;
    let entries = ended.into_iter().chain(added).chain(changed.into_values()).collect();
    let about = subjects
        .iter()
        .map(|node| node.id)
        .chain(into.filter(|_| wanted.kind == ChangeKind::Merge).map(|node| node.id));
    Ok(Planned { title, entries, steps, about: about.collect(), other_county })
}

impl Planner<'_> {
    fn in_reach(&mut self, home: DivisionId, node: &Node) {
        let target_of_move = self.wanted.kind == ChangeKind::Move && self.wanted.into == Some(node.id);
        if !self.tree.is_below(node.id, home) && !(target_of_move && node.id == home) {
            self.problems.add("subjects", format!("{}不在本地辖区以内，不能由本地调整。", node.name));
        }
        if !target_of_move && let Some(since) = node.since.filter(|since| self.on <= *since) {
            let since = vocab::zh_date(since);
            self.problems.add(
                "on",
                format!("生效日期不能早于{}上一次变更的日期（{since}），也不能是同一天。", node.name),
            );
        }
    }

    /// As a division stands, or as this change has left it so far.
    fn state(&mut self, node: &Node) -> &mut Entry {
        let parent = node.parent.and_then(|parent| self.tree.get(parent)).map(|parent| parent.code.clone());
        let community = self.release.places.get(&node.code).is_some_and(|place| place.community);
        self.changed.entry((node.level, node.id)).or_insert_with(|| Entry {
            was: Some(node.code.clone()),
            code: Some(node.code.clone()),
            mca_code: node.mca_code.clone(),
            name: node.name.clone(),
            level: pack_level(node.level),
            parent,
            community,
            followed_by: Vec::new(),
        })
    }

    /// A part as typed, with everything that is wrong with it. Codes are as long as the ones of their level.
    fn part(&mut self, at: usize, like: &Node, parent: Option<DivisionId>) -> Option<Part> {
        let field = |name: &str| format!("part_{at}_{name}");
        let part = self.wanted.parts.get(at)?;
        let part = Part {
            name: part.name.trim().to_owned(),
            code: part.code.trim().to_owned(),
            mca_code: part
                .mca_code
                .as_deref()
                .map(str::trim)
                .filter(|code| !code.is_empty())
                .map(str::to_owned),
        };
        let signs = part.name.chars().count();
        if !(2..=40).contains(&signs) || part.name.chars().any(|sign| sign.is_control() || sign == ',') {
            self.problems.add(&field("name"), "请填写区划的全名，如 公乌素镇。");
        }
        self.code_fits(&field("code"), &part.code, like);
        if let Some(code) = &part.mca_code
            && !((6..=12).contains(&code.len()) && code.bytes().all(|sign| sign.is_ascii_digit()))
        {
            self.problems.add(&field("mca_code"), "民政代码应是 6 到 12 位数字；没有的不填。");
        }
        let leaving = |node: &Node| self.wanted.subjects.contains(&node.id);
        let twin = parent.and_then(|parent| {
            self.tree.children(parent).into_iter().find(|node| node.name == part.name && !leaving(node))
        });
        if twin.is_some() {
            self.problems.add(&field("name"), format!("同一上级下已经有一个{}。", part.name));
        }
        Some(part)
    }

    fn code_fits(&mut self, field: &str, code: &str, like: &Node) {
        let length = like.code.len();
        if code.len() != length || !code.bytes().all(|sign| sign.is_ascii_digit()) {
            self.problems.add(field, format!("{}区划的统计代码应是 {length} 位数字。", title(like.level)));
        } else if !code.parse::<DivisionCode>().is_ok_and(|read| read.level() == like.level) {
            self.problems.add(field, format!("代码 {code} 不是{}区划的代码，请核对。", title(like.level)));
        }
    }

    fn rename(&mut self, node: &Node) -> String {
        let Some(part) = self.part(0, node, node.parent) else {
            self.problems.add("part_0_name", "请填写新的名称和代码。");
            return String::new();
        };
        if part.name == node.name && part.code == node.code && part.mca_code == node.mca_code {
            self.problems.add("part_0_name", "名称和代码都没有变。");
        }
        let (before, after) = (kind_word(&node.name), kind_word(&part.name));
        let relevel = self.wanted.kind == ChangeKind::Relevel;
        if relevel && before == after {
            self.problems.add(
                "part_0_name",
                "类别没有变（如乡改镇、镇改街道）。只换名称或者代码的，请选“更名、换代码”。",
            );
        }
        if !relevel && before != after {
            self.problems.add("part_0_name", "类别变了。乡改镇、镇改街道等，请选“撤乡设镇、撤镇设街道等”。");
        }
        let entry = self.state(node);
        entry.community =
            if node.level == Level::Village && relevel { is_community(&part.name) } else { entry.community };
        let title = match (relevel, part.name == node.name) {
            (true, _) => format!("{}撤销，设立{}", node.name, part.name),
            (false, true) => format!("{}更换代码", node.name),
            (false, false) => format!("{}更名为{}", node.name, part.name),
        };
        (entry.name, entry.code, entry.mca_code) = (part.name, Some(part.code), part.mca_code);
        title
    }

    fn moved(&mut self, subjects: &[&Node], into: Option<&Node>) -> String {
        let Some(above) = into else {
            self.problems.add("into", "请选择改归哪个上级。");
            return String::new();
        };
        for node in subjects {
            self.to_parent(node, above);
            if node.parent == Some(above.id) {
                self.problems.add("into", format!("{}本来就归{}。", node.name, above.name));
            }
        }
        let names: Vec<&str> = subjects.iter().map(|node| node.name.as_str()).collect();
        format!("{}改归{}", names.join("、"), above.name)
    }

    /// One division comes to lie under another, which is directly above its level.
    fn to_parent(&mut self, node: &Node, above: &Node) {
        let fits = node
            .parent
            .and_then(|parent| self.tree.get(parent))
            .is_none_or(|parent| parent.level == above.level);
        if above.level >= node.level || !fits {
            let message = format!(
                "{}（{}）不能归{}（{}）：上级应是高一级的区划。",
                node.name,
                title(node.level),
                above.name,
                title(above.level)
            );
            self.problems.add("into", message);
            return;
        }
        let villages = self.tree.below(node.id);
        // What a township holds of a village goes over with the village.
        if node.level == Level::Village
            && let Some(from) = node.parent
        {
            self.steps.push(Step { from, to: above.code.clone(), lot: Lot::Village(node.id) });
        }
        let county = if above.level == Level::County { Some(above.id) } else { above.county };
        if node.level > Level::County && county != node.county {
            self.other_county.extend(villages.iter().map(|node| node.id));
        }
        self.state(node).parent = Some(above.code.clone());
    }

    fn merge(&mut self, subjects: &[&Node], into: Option<&Node>) -> String {
        let Some(first) = subjects.first() else { return String::new() };
        let names: Vec<&str> = subjects.iter().map(|node| node.name.as_str()).collect();
        if first.level < Level::Township {
            self.problems.add(
                "subjects",
                "县级区划的合并涉及各县分别记账的资金，不在这里办理：先在原县终止、在新县重新确认。",
            );
            return String::new();
        }
        let (code, parent, title) = match into {
            Some(target) => {
                if subjects.iter().any(|node| node.id == target.id) {
                    self.problems.add("into", "不能并入自己。请从被合并的区划里去掉它。");
                }
                if target.level != first.level {
                    self.problems.add("into", "应并入同一级的区划。");
                }
                (target.code.clone(), target.parent, format!("{}并入{}", names.join("、"), target.name))
            }
            None => {
                if subjects.len() < 2 {
                    self.problems.add(
                        "subjects",
                        "合成一个新的区划，至少选两个；只有一个的，请选并入哪里，或者办更名。",
                    );
                }
                let Some(part) = self.part(0, first, first.parent) else {
                    self.problems.add("into", "请选择并入哪个区划，或者填写新区划的名称和代码。");
                    return String::new();
                };
                self.add(&part, first);
                (part.code.clone(), first.parent, format!("{}合并为{}", names.join("、"), part.name))
            }
        };
        let target_county = into.map_or(first.county, |target| target.county);
        for node in subjects {
            if node.county != target_county
                || (first.level == Level::Village && into.is_none() && node.parent != parent)
            {
                self.problems.add(
                    "subjects",
                    "跨县（区）的不能直接合并；村（社区）合成新的，应在同一乡镇。先办“改变隶属”。",
                );
            }
            for child in self.tree.children(node.id) {
                self.state(child).parent = Some(code.clone());
            }
            if node.level == Level::Village
                && node.parent != parent
                && let (Some(from), Some(to)) = (node.parent, parent)
            {
                // The township of the one that it is merged into holds it from now on.
                let to = self.tree.get(to).map(|to| to.code.clone()).unwrap_or_default();
                self.steps.push(Step { from, to, lot: Lot::Village(node.id) });
            }
            self.steps.push(Step { from: node.id, to: code.clone(), lot: Lot::All });
            self.ended.push(ended(node, vec![code.clone()]));
        }
        title
    }

    fn split(&mut self, node: &Node) -> String {
        if node.level < Level::Township {
            self.problems.add("subjects", "县级以上区划的拆分涉及各县分别记账的资金，不在这里办理。");
            return String::new();
        }
        let keeps = self.wanted.keeps;
        let least = if keeps { 1 } else { 2 };
        let parts: Vec<Part> =
            (0..self.wanted.parts.len()).filter_map(|at| self.part(at, node, node.parent)).collect();
        if parts.len() < least {
            self.problems.add(
                "part_0_name",
                if keeps {
                    "请填写分出的新区划。"
                } else {
                    "原区划撤销的，至少填写两个新区划。"
                },
            );
            return String::new();
        }
        for part in &parts {
            self.add(part, node);
        }
        let code_of = |at: usize| parts.get(at).map(|part| part.code.clone());
        let given: HashMap<DivisionId, usize> = self.wanted.children.iter().copied().collect();
        let mut without: Vec<&str> = Vec::new();
        for child in self.tree.children(node.id) {
            match given.get(&child.id).and_then(|at| code_of(*at)) {
                Some(code) => {
                    // The first takes over what lies at the office anyway.
                    self.steps.push(Step { from: node.id, to: code.clone(), lot: Lot::Village(child.id) });
                    self.state(child).parent = Some(code);
                }
                None if keeps => {}
                None => without.push(&child.name),
            }
        }
        if !without.is_empty() {
            self.problems.add(
                "children",
                format!("还没有分配：{}。原区划撤销的，每个下级都要归一个新区划。", without.join("、")),
            );
        }
        if node.level == Level::Village {
            let mut lots: BTreeMap<usize, Vec<HouseholdId>> = BTreeMap::new();
            for (family, at) in &self.wanted.families {
                if *at >= parts.len() {
                    self.problems.add("families", "有家庭分给了没有填写的新区划。");
                }
                lots.entry(*at).or_default().push(*family);
            }
            for (at, families) in lots {
                if let Some(to) = code_of(at) {
                    self.steps.push(Step { from: node.id, to, lot: Lot::Families(families) });
                }
            }
        }
        if !keeps {
            let codes: Vec<String> = parts.iter().map(|part| part.code.clone()).collect();
            self.steps.push(Step { from: node.id, to: codes[0].clone(), lot: Lot::All });
            self.ended.push(ended(node, codes));
        }
        let names: Vec<&str> = parts.iter().map(|part| part.name.as_str()).collect();
        if keeps {
            format!("从{}析置{}", node.name, names.join("、"))
        } else {
            format!("{}拆分为{}", node.name, names.join("、"))
        }
    }

    fn end(&mut self, node: &Node, followed_by: Vec<String>) {
        let below: Vec<&str> =
            self.tree.children(node.id).iter().map(|child| child.name.as_str()).take(5).collect();
        if !below.is_empty() {
            let message = format!(
                "{}还有下级：{}等。请先把它们改归别处，或者办合并、拆分。",
                node.name,
                below.join("、")
            );
            self.problems.add("subjects", message);
        }
        self.ended.push(ended(node, followed_by));
    }

    /// A new division of the level and under the parent of another.
    fn add(&mut self, part: &Part, like: &Node) {
        let parent = like.parent.and_then(|parent| self.tree.get(parent)).map(|parent| parent.code.clone());
        self.added.push(Entry {
            was: None,
            code: Some(part.code.clone()),
            mca_code: part.mca_code.clone(),
            name: part.name.clone(),
            level: pack_level(like.level),
            parent,
            community: like.level == Level::Village && is_community(&part.name),
            followed_by: Vec::new(),
        });
    }

    /// Other codes for what lies below.
    fn recodes(&mut self, subjects: &[&Node], into: Option<&Node>) {
        for recode in &self.wanted.codes {
            let Some(node) = self.tree.by_code(&recode.was) else {
                self.problems.add("codes", format!("没有代码是 {} 的区划。", recode.was));
                continue;
            };
            let near =
                subjects.iter().copied().chain(into).any(|above| self.tree.is_below(node.id, above.id))
                    || (self.wanted.kind == ChangeKind::Move
                        && subjects.iter().any(|subject| subject.id == node.id));
            if !near {
                self.problems.add(
                    "codes",
                    format!("{}（{}）不在这次调整的区划里，不能一起换代码。", node.name, node.code),
                );
                continue;
            }
            self.code_fits("codes", &recode.code, node);
            let mca_code = recode.mca_code.clone().or_else(|| node.mca_code.clone());
            let entry = self.state(node);
            (entry.code, entry.mca_code) = (Some(recode.code.clone()), mca_code);
        }
        // Whatever was given another code above is the parent under its new code.
        let renamed: HashMap<String, String> = self
            .changed
            .values()
            .filter_map(|entry| Some((entry.was.clone()?, entry.code.clone()?)))
            .filter(|(was, code)| was != code)
            .collect();
        for entry in self.changed.values_mut().chain(&mut self.added) {
            if let Some(code) = entry.parent.as_ref().and_then(|parent| renamed.get(parent)) {
                entry.parent = Some(code.clone());
            }
        }
        for step in &mut self.steps {
            if let Some(code) = renamed.get(&step.to) {
                step.to.clone_from(code);
            }
        }
        for entry in &mut self.ended {
            for code in &mut entry.followed_by {
                if let Some(new) = renamed.get(code) {
                    code.clone_from(new);
                }
            }
        }
    }

    /// No two divisions bear one code at the same time, in either scheme.
    fn codes_are_free(&mut self) {
        let gone: BTreeSet<&str> =
            self.ended.iter().chain(self.changed.values()).filter_map(|entry| entry.was.as_deref()).collect();
        let staying: Vec<&Node> =
            self.tree.by_id.values().filter(|node| !gone.contains(node.code.as_str())).collect();
        let mut codes: HashMap<&str, &str> =
            staying.iter().map(|node| (node.code.as_str(), node.name.as_str())).collect();
        let mut of_ministry: HashMap<&str, &str> =
            staying.iter().filter_map(|node| Some((node.mca_code.as_deref()?, node.name.as_str()))).collect();
        let mut taken = Vec::new();
        for entry in self.added.iter().chain(self.changed.values()) {
            let Some(code) = entry.code.as_deref() else { continue };
            if let Some(other) = codes.insert(code, &entry.name) {
                taken.push(format!("统计代码 {code} 已经是{other}的，一个代码不能给两个区划。"));
            }
            // Old lists of the ministry's codes are not free of doubles: only a new one is refused.
            let before = entry
                .was
                .as_deref()
                .and_then(|was| self.tree.by_code(was))
                .and_then(|node| node.mca_code.as_deref());
            if let Some(code) = entry.mca_code.as_deref().filter(|code| before != Some(*code))
                && let Some(other) = of_ministry.insert(code, &entry.name)
            {
                taken.push(format!("民政代码 {code} 已经是{other}的，一个代码不能给两个区划。"));
            }
        }
        for message in taken {
            self.problems.add("part_0_code", message);
        }
    }
}

fn ended(node: &Node, followed_by: Vec<String>) -> Entry {
    Entry {
        was: Some(node.code.clone()),
        code: None,
        mca_code: None,
        name: node.name.clone(),
        level: pack_level(node.level),
        parent: None,
        community: false,
        followed_by,
    }
}
