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
    /// Its Chinese name, in the words of the place that the system serves where the role stands at its level.
    pub title: String,
    /// Offices in which it may be held, Chinese: `县级`.
    pub levels: Vec<&'static str>,
}

/// Every role of the release, in the packs' order; `home` is the place that the system serves.
#[must_use]
pub fn roles(release: &Release, home: Option<&DivisionView>) -> Vec<RoleOffer> {
    let at = |role: &definition::Role| {
        home.filter(|home| role.levels.iter().any(|level| level_of(*level) == home.level))
            .map_or("", |home| home.name.as_str())
    };
    release
        .roles
        .iter()
        .map(|role| RoleOffer {
            role: Role::held(release, &role.id),
            title: role.title_at(at(role)),
            levels: role.levels.iter().map(|level| level_title(level_of(*level))).collect(),
        })
        .collect()
}

/// Why a role may not be put on a post, or `None` when it may: it must stand at the level of the post, and nobody gives a
/// post above the own office.
pub(super) fn refuse_role(
    release: &Release,
    code: &str,
    post_level: Level,
    granter_level: Level,
) -> Option<String> {
    let Some(role) = release.roles.get(code) else {
        return Some(format!("没有「{code}」这个角色。请从列出的角色中选择。"));
    };
    if !role.levels.iter().any(|level| level_of(*level) == post_level) {
        let levels: Vec<&str> = role.levels.iter().map(|level| level_title(level_of(*level))).collect();
        return Some(format!(
            "「{}」只能设在{}，不能设在{}。请更换岗位所在单位或角色。",
            role.title_at(""),
            levels.join("、"),
            level_title(post_level)
        ));
    }
    if granter_level > post_level {
        return Some(format!(
            "您的单位级别低于{}，不能在那里设置「{}」。请联系上级管理员。",
            level_title(post_level),
            role.title_at("")
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

/// The level of an office, as pages print it.
#[must_use]
pub fn level_title(level: Level) -> &'static str {
    match level {
        Level::Nation => "国家级",
        Level::Province => "省级",
        Level::Prefecture => "市级",
        Level::County => "县级",
        Level::Township => "乡镇（街道）",
        Level::Village => "村（社区）",
    }
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
        assert_eq!(roles(&release, None).len(), release.roles.iter().count());
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
        let home = DivisionView {
            id: store::DivisionId(1),
            code: "532600".to_owned(),
            name: "文山壮族苗族自治州".to_owned(),
            level: Level::Prefecture,
            parent: None,
        };
        let offers: Vec<String> = roles(&release, Some(&home)).into_iter().map(|offer| offer.title).collect();
        for title in ["州民政局负责人", "县民政局负责人"] {
            assert!(offers.iter().any(|offer| offer == title), "{title}: {offers:?}");
        }
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
        let refused = |code, post, granter| refuse_role(&release, code, post, granter).is_some();
        assert!(refused("county_director", Level::Township, Level::Prefecture));
        assert!(refused("county_director", Level::County, Level::Township));
        assert!(!refused("township_clerk", Level::Township, Level::County));
        assert!(refused("prefecture_officer", Level::Prefecture, Level::Prefecture));
        assert!(Role::find(&release, "prefecture_officer").is_none());
        assert!(!Role::held(&release, "prefecture_officer").holds(Right::Report));
    }
}
