//! Roles and the rights that lie in different hands.

use crate::check::Checker;
use crate::definition::{Level, Right, Role, Separation};
use crate::release::Defined;

impl Checker<'_> {
    pub(super) fn roles(&mut self) {
        let release = self.release;
        for separation in release.separations.iter() {
            self.separation(separation);
        }
        for role in release.roles.iter() {
            self.role(role);
        }
        let Some(first) = release.roles.iter().next() else { return };
        if release.roles.get(Role::ADMINISTRATOR).is_none_or(|role| !role.holds(Right::ManageStaff)) {
            let message = format!("没有能管理账号的岗位 {}，首位管理员无从设立", Role::ADMINISTRATOR);
            let expected = format!(
                "[[role]] id = \"{}\"，rights 里有 \"{}\"",
                Role::ADMINISTRATOR,
                Right::ManageStaff.code()
            );
            self.on(&first.place, message, expected);
        }
    }

    fn separation(&mut self, separation: &Defined<Separation>) {
        let place = &separation.place;
        let mut rights: Vec<Right> = separation.rights.iter().map(|right| **right).collect();
        rights.sort_unstable();
        rights.dedup();
        if rights.len() < 2 || rights.len() != separation.rights.len() {
            let message = format!("职责分离 {} 没有写清哪些权限要分开", separation.id);
            self.at(place, separation.id.start(), message, "rights 里写两个或更多不同的权限");
        }
    }

    fn role(&mut self, role: &Defined<Role>) {
        let release = self.release;
        let place = &role.place;
        if role.levels.is_empty() || role.levels.contains(&Level::Applicant) {
            self.on(
                place,
                format!("岗位 {} 的级别不对", role.id),
                "levels 为 village、township、county、prefecture 之一或几个",
            );
        }
        if role.title.replace(Role::PLACE, "").contains(['{', '}']) {
            let message = format!("岗位 {} 的名称里有不认识的花括号", role.id);
            self.on(place, message, format!("只有 {}，表示单位所在地的称呼", Role::PLACE));
        }
        if role.rights.is_empty() {
            self.on(place, format!("岗位 {} 什么也不能做", role.id), "rights 至少一项");
        }
        for (position, right) in role.rights.iter().enumerate() {
            if role.rights[..position].contains(right) {
                let message = format!("岗位 {} 的权限 {} 写了两次", role.id, right.code());
                self.at(place, right.start(), message, "同一个权限只写一次");
            }
        }
        for separation in release.separations.iter() {
            let mut held = role.rights.iter().filter(|right| separation.rights.contains(right));
            if let (Some(one), Some(other)) = (held.next(), held.next()) {
                let message = format!(
                    "岗位 {} 既有 {}（{}）又有 {}（{}），违反职责分离 {}",
                    role.id,
                    one.code(),
                    one.title(),
                    other.code(),
                    other.title(),
                    separation.id
                );
                self.at(place, other.start(), message, "两项权限放在两个岗位里，由两人承担");
            }
        }
    }
}
