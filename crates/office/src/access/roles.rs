//! Roles of the release in force: what a post may do, where a role may stand and what one person must not hold together.
//!
//! The table is the packs' (`[[role]]`, `[[separation]]`); a post in the database only names roles.

use std::sync::Arc;

use catalogue::{Release, definition};
use vocab::Level;

use super::rights::Right;
use crate::divisions::DivisionView;

/// A role as a post holds it, read from the release in force. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Role {
    code: Arc<str>,
    /// As the packs write it; none where they no longer have it.
    known: Option<Arc<definition::Role>>,
    rights: Arc<[Right]>,
    all_businesses: bool,
}

impl Role {
    /// A role of a release, `None` when the packs have no such role.
    #[must_use]
    pub fn find(release: &Release, code: &str) -> Option<Role> {
        let role = release.roles.get(code)?;
        Some(Role {
            code: role.id.as_str().into(),
            known: Some(Arc::new((**role).clone())),
            rights: role.rights.iter().map(|right| **right).collect(),
            all_businesses: role.all_businesses,
        })
    }

    /// The role that a post of the database names. One that the packs no longer have is kept by its id and can do nothing.
    pub(super) fn held(release: &Release, code: &str) -> Role {
        Role::find(release, code).unwrap_or_else(|| Role {
            code: code.into(),
            known: None,
            rights: Arc::new([]),
            all_businesses: false,
        })
    }

    /// How database and packs spell it.
    #[must_use]
    pub fn code(&self) -> &str {
        &self.code
    }

    /// The Chinese name at an office of this name: 州民政局负责人 in 文山州.
    #[must_use]
    pub fn title_at(&self, office: &str) -> String {
        match &self.known {
            Some(role) => role.title_at(office),
            None => format!("已停用的岗位 {}", self.code),
        }
    }

    /// Whether the role carries the right.
    #[must_use]
    pub fn holds(&self, right: Right) -> bool {
        self.rights.contains(&right)
    }

    /// Whether the role stands above the businesses; otherwise its post names those it works for.
    #[must_use]
    pub fn all_businesses(&self) -> bool {
        self.all_businesses
    }
}

/// A role that may be given, with the offices where it may stand.
#[derive(Debug, Clone)]
pub struct RoleOffer {
    /// The role.
    pub role: Role,
    /// Its Chinese name, in the words of the places at whose level the role stands.
    pub title: String,
    /// Offices in which it may be held, Chinese: `县级`, `州级`.
    pub levels: Vec<&'static str>,
}

/// Every role of the release, in the packs' order, in the words of some places: the one that the system serves and those below it.
#[must_use]
pub fn roles(release: &Release, places: &[DivisionView]) -> Vec<RoleOffer> {
    release
        .roles
        .iter()
        .map(|role| RoleOffer {
            role: Role::held(release, &role.id),
            title: title_among(role, places),
            levels: levels_among(role, places),
        })
        .collect()
}

/// Why a role may not be put on a post, or `None` when it may: it must stand at the level of the post, and nobody gives a
/// post above the own office. It is said in the words of the places around the post.
pub(super) fn refuse_role(
    release: &Release,
    code: &str,
    (post_level, granter_level): (Level, Level),
    places: &[DivisionView],
) -> Option<String> {
    let Some(role) = release.roles.get(code) else {
        return Some(format!("没有「{code}」这个角色。请从列出的角色中选择。"));
    };
    if !role.levels.iter().any(|level| level_of(*level) == post_level) {
        return Some(format!(
            "「{}」只能设在{}，不能设在{}。请更换岗位所在单位或角色。",
            title_among(role, places),
            levels_among(role, places).join("、"),
            level_title(post_level, places)
        ));
    }
    if granter_level > post_level {
        return Some(format!(
            "您的单位级别低于{}，不能在那里设置「{}」。请联系上级管理员。",
            level_title(post_level, places),
            title_among(role, places)
        ));
    }
    None
}

/// The first two rights among the roles that must not lie in one hand.
pub(super) fn conflict(release: &Release, roles: &[&str]) -> Option<(Right, Right)> {
    let held =
        |right: Right| roles.iter().filter_map(|code| release.roles.get(code)).any(|role| role.holds(right));
    release.separations.iter().find_map(|separation| {
        let mut together = separation.rights.iter().map(|right| **right).filter(|right| held(*right));
        Some((together.next()?, together.next()?))
    })
}

/// The level of an office in the words of the places: 州级 where the prefecture is a 州, 区级 where all of its parts are 区.
fn level_title(level: Level, places: &[DivisionView]) -> &'static str {
    match (level, definition::Role::word_of(named(places, level))) {
        (Level::Nation, _) => "国家级",
        (Level::Province, _) => "省级",
        (Level::Prefecture, Some("州")) => "州级",
        (Level::Prefecture, Some("盟")) => "盟级",
        (Level::Prefecture, Some("地区")) => "地区级",
        (Level::Prefecture, _) => "市级",
        (Level::County, Some("区")) => "区级",
        (Level::County, _) => "县级",
        (Level::Township, _) => "乡镇（街道）",
        (Level::Village, _) => "村（社区）",
    }
}

/// The name of a place of a level where all of that level call themselves the same; empty where they do not, or there is none.
fn named(places: &[DivisionView], level: Level) -> &str {
    let mut names = places.iter().filter(|place| place.level == level).map(|place| place.name.as_str());
    let Some(first) = names.next() else { return "" };
    let word = definition::Role::word_of(first);
    if names.all(|name| definition::Role::word_of(name) == word) { first } else { "" }
}

/// The title of a role in the words of the highest of its levels at which the places agree.
fn title_among(role: &definition::Role, places: &[DivisionView]) -> String {
    let mut levels: Vec<Level> = role.levels.iter().map(|level| level_of(*level)).collect();
    levels.sort_unstable();
    let name = levels.into_iter().map(|level| named(places, level)).find(|name| !name.is_empty());
    role.title_at(name.unwrap_or_default())
}

fn levels_among(role: &definition::Role, places: &[DivisionView]) -> Vec<&'static str> {
    role.levels.iter().map(|level| level_title(level_of(*level), places)).collect()
}

/// The packs' level as an office's. A role of the applicant is refused by `check-pack`; it would stand nowhere below a village.
fn level_of(level: definition::Level) -> Level {
    match level {
        definition::Level::Applicant | definition::Level::Village => Level::Village,
        definition::Level::Township => Level::Township,
        definition::Level::County => Level::County,
        definition::Level::Prefecture => Level::Prefecture,
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use catalogue::LoadOptions;

    use super::*;

    fn national() -> Release {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../packs/national");
        Release::load_with(&[&folder], LoadOptions::default()).unwrap()
    }

    #[test]
    fn every_right_has_a_holder_and_every_title_is_said() {
        let release = national();
        for &right in Right::ALL {
            assert!(release.roles.iter().any(|role| role.holds(right)), "nobody may {}", right.code());
        }
        assert_eq!(roles(&release, &[]).len(), release.roles.iter().count());
    }

    #[test]
    fn a_title_is_said_in_the_words_of_its_place() {
        let release = national();
        let said = |code: &str, office: &str| Role::held(&release, code).title_at(office);
        assert_eq!(said("prefecture_leader", "文山壮族苗族自治州"), "州民政局负责人");
        assert_eq!(said("prefecture_leader", "乌海市"), "市民政局负责人");
        assert_eq!(said("prefecture_leader", "大兴安岭地区"), "地区民政局负责人");
        assert_eq!(said("county_clerk", "海勃湾区"), "区民政局经办人");
        assert_eq!(said("county_clerk", ""), "县民政局经办人");
        assert_eq!(said("auditor", "文山壮族苗族自治州"), "审计人员（只读）");
        assert_eq!(said("prefecture_officer", "乌海市"), "已停用的岗位 prefecture_officer");
        let wenshan = places("文山壮族苗族自治州", &["文山市", "广南县"]);
        let wuhai = places("乌海市", &["海勃湾区", "乌达区"]);
        for (places, expected) in [
            (&wenshan, [("州民政局负责人", "州级"), ("县民政局负责人", "县级")]),
            (&wuhai, [("市民政局负责人", "市级"), ("区民政局负责人", "区级")]),
        ] {
            let offers: Vec<(String, String)> = roles(&release, places)
                .into_iter()
                .map(|offer| (offer.title, offer.levels.join("、")))
                .collect();
            for (title, levels) in expected {
                let held = |(said, at): &(String, String)| said == title && at == levels;
                assert!(offers.iter().any(held), "{title}, {levels}: {offers:?}");
            }
        }
        let refused =
            refuse_role(&release, "county_director", (Level::Prefecture, Level::Prefecture), &wuhai);
        assert_eq!(
            refused.unwrap(),
            "「区民政局负责人」只能设在区级，不能设在市级。请更换岗位所在单位或角色。"
        );
        let refused =
            refuse_role(&release, "prefecture_leader", (Level::Prefecture, Level::County), &wenshan);
        assert_eq!(
            refused.unwrap(),
            "您的单位级别低于州级，不能在那里设置「州民政局负责人」。请联系上级管理员。"
        );
    }

    /// A prefecture and its counties.
    fn places(prefecture: &str, counties: &[&str]) -> Vec<DivisionView> {
        let place = |id, name: &str, level, parent| DivisionView {
            id: store::DivisionId(id),
            code: id.to_string(),
            name: name.to_owned(),
            level,
            parent,
        };
        let above = store::DivisionId(1);
        let mut places = vec![place(1, prefecture, Level::Prefecture, None)];
        places.extend((2..).zip(counties).map(|(id, name)| place(id, name, Level::County, Some(above))));
        places
    }

    #[test]
    fn two_hands_are_told_apart() {
        let release = national();
        assert_eq!(
            conflict(&release, &["county_accountant", "county_payment_approver"]),
            Some((Right::MakeRun, Right::ApproveRun))
        );
        assert_eq!(
            conflict(&release, &["county_clerk", "county_director"]),
            Some((Right::Accept, Right::Confirm))
        );
        assert_eq!(conflict(&release, &["township_clerk"]), None);
        assert_eq!(
            conflict(&release, &["administrator", "township_head"]),
            Some((Right::ManageStaff, Right::Confirm))
        );
    }

    #[test]
    fn a_role_stands_only_at_its_level_and_an_unknown_one_nowhere() {
        let release = national();
        let refused = |code, post, granter| refuse_role(&release, code, (post, granter), &[]).is_some();
        assert!(refused("county_director", Level::Township, Level::Prefecture));
        assert!(refused("county_director", Level::County, Level::Township));
        assert!(!refused("township_clerk", Level::Township, Level::County));
        assert!(refused("prefecture_officer", Level::Prefecture, Level::Prefecture));
        assert!(Role::find(&release, "prefecture_officer").is_none());
        assert!(!Role::held(&release, "prefecture_officer").holds(Right::Report));
    }
}
