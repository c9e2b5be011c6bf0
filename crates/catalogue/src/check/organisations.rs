//! What organisations see of registers at their own accounts: it belongs to one of them, and what they write can be written.

use super::Checker;
use crate::definition::{FieldKind, OrganisationSide, Register, Requirement, Target};
use crate::release::Defined;

impl Checker<'_> {
    pub(super) fn organisation(
        &mut self,
        register: &Defined<Register>,
        side: &OrganisationSide,
        own: &[&str],
    ) {
        let place = &register.place;
        let OrganisationSide { by, shows, writes, adds, moves, duties } = side;
        match by {
            Some(by) => {
                self.among(place, by, "字段", own);
                if !self.leads_to_an_organisation(register) {
                    let message = format!("按字段 {by} 说不出记录属于哪家机构");
                    let expected = "指向一个写了 organisation 的登记簿，最后到机构自己的那一簿";
                    self.at(place, by.start(), message, expected);
                }
            }
            None if *adds => {
                let message = format!("登记簿 {} 登记的就是机构，机构不能自己新增", register.id);
                self.at(place, register.id.start(), message, "去掉 adds，或者写 by");
            }
            None => {
                // The administrator who gives an account finds the organisation by its title.
                for titled in &register.titled {
                    if self.names_somebody(register, titled, &mut vec![register.id.get().clone()]) {
                        let message = format!("登记簿 {} 的标题里有人，不能给机构设账号", register.id);
                        self.at(place, titled.start(), message, "换一个不说人的标题");
                    }
                }
            }
        }
        let lists = register.lists();
        let papers: Vec<&str> = register.papers.iter().map(|papers| papers.id.as_str()).collect();
        let letters = register.transitions.iter().filter_map(|way| way.letter.as_ref());
        let letters: Vec<&str> = letters.map(|letter| letter.id.as_str()).collect();
        let readable: Vec<&str> = own.iter().chain(&lists).chain(&papers).chain(&letters).copied().collect();
        for shown in shows {
            self.among(place, shown, "字段", &readable);
        }
        for written in writes {
            let shown = shows.iter().any(|shown| shown.as_str() == written.as_str());
            let plain = match register.field(written) {
                Some(field) => {
                    field.computed.is_none() && field.read.is_none() && *field.kind != FieldKind::Household
                }
                None => match register.papers(written) {
                    Some(papers) => papers.read.is_none(),
                    None => lists.contains(&written.as_str()),
                },
            };
            if !shown || !plain {
                let message = format!("{written} 不能由机构填写");
                let expected = "shows 里有的字段、明细或者材料，不是计算字段、限制查看的字段和家庭";
                self.at(place, written.start(), message, expected);
            }
        }
        if *adds {
            let asked = |id: &str| {
                writes.iter().any(|written| written.as_str() == id)
                    || by.as_ref().is_some_and(|by| by.as_str() == id)
            };
            let missing = register
                .form_fields()
                .find(|field| matches!(field.required, Requirement::Always) && !asked(&field.id));
            if let Some(field) = missing {
                let message = format!("机构新增时没有地方填写必填的 {}", field.id);
                self.at(place, field.id.start(), message, "写进 organisation 的 writes");
            }
        }
        let known: Vec<&str> = register.transitions.iter().map(|one| one.id.as_str()).collect();
        for taken in moves {
            self.among(place, taken, "办理", &known);
            let asks = register.transition(taken).map(|one| one.asks.as_slice()).unwrap_or_default();
            if let Some(hidden) =
                asks.iter().find(|asked| !shows.iter().any(|shown| shown.as_str() == asked.as_str()))
            {
                let message = format!("机构办理 {taken} 时要填 {hidden}，却看不到它");
                self.at(place, taken.start(), message, "写进 organisation 的 shows");
            }
        }
        let known: Vec<&str> = register.duties.iter().map(|duty| duty.id.as_str()).collect();
        for done in duties {
            self.among(place, done, "职责", &known);
            if register.duty(done).is_some_and(|duty| !duty.asks.is_empty()) {
                let message = format!("职责 {done} 要改登记内容，不能由机构履行");
                self.at(place, done.start(), message, "没有 asks 的职责");
            }
        }
    }

    /// Whether what a register's records belong to is, step by step, an organisation.
    fn leads_to_an_organisation(&self, register: &Register) -> bool {
        let mut at = register;
        // As many steps as there are registers: further it goes in a circle.
        for _ in 0..self.release.registers.iter().count() {
            let Some(side) = &at.organisation else { return false };
            let Some(by) = &side.by else { return true };
            let target = at.field(by).and_then(|field| match field.target() {
                Some(Target::Record(target)) => self.release.registers.get(target),
                _ => None,
            });
            let Some(target) = target else { return false };
            at = target;
        }
        false
    }
}
