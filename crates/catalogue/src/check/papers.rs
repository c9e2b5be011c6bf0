//! Papers of registers: kinds of files, and letters that come of transitions.

use super::Checker;
use crate::definition::{Field, FieldKind, Register, Transition};
use crate::release::Defined;

impl Checker<'_> {
    pub(super) fn papers(&mut self, register: &Defined<Register>, own: &[&str]) {
        let place = &register.place;
        self.unique(place, "材料", register.papers.iter().map(|papers| &papers.id));
        let lists = register.lists();
        for papers in &register.papers {
            self.identifier(place, &papers.id);
            // Organisations are told by one name what they read and write.
            if own.contains(&papers.id.as_str()) || lists.contains(&papers.id.as_str()) {
                let message = format!("材料 {} 和一个字段或者明细同名", papers.id);
                self.at(place, papers.id.start(), message, "换一个名字");
            }
            if papers.max == 0 {
                let message = format!("材料 {} 一份也不能放", papers.id);
                self.at(place, papers.id.start(), message, "max = 1 或者更大");
            }
            for holders in papers.read.iter().chain(&papers.change) {
                self.holders(place, holders);
            }
        }
    }

    /// A letter tells what everybody may read who reads the record, and is known by the way that it goes with.
    pub(super) fn transition_letter(
        &mut self,
        register: &Defined<Register>,
        transition: &Transition,
        own: &[&str],
    ) {
        let Some(letter) = &transition.letter else { return };
        let place = &register.place;
        self.refers(place, &letter.id, &self.release.letters);
        self.basis(place, &letter.remedies);
        for told in &letter.says {
            self.among(place, told, "字段", own);
            if register.field(told).is_some_and(|field| field.is_sealed() || field.read.is_some()) {
                let message = format!("字段 {told} 是加密或限制查看的，不能写进文书");
                self.at(place, told.start(), message, "人人可看的字段");
            }
        }
        for to in &letter.to {
            self.among(place, to, "字段", own);
            if register.field(to).is_some_and(|field| field.read.is_some()) {
                let message = format!("字段 {to} 限制查看，文书不能写给它");
                self.at(place, to.start(), message, "看得到记录的人都能看的字段（可以加密）");
            }
        }
        // "散埋乱葬 W1" is nobody to write to.
        let name = |field: &Field| {
            field.target().is_some() || matches!(*field.kind, FieldKind::Text | FieldKind::PersonName)
        };
        let named = matches!(register.titled.as_slice(), [only] if register.field(only).is_none_or(name));
        if letter.to.is_empty() && !named {
            let message = format!("变更 {} 的文书没有写发给谁，记录的标题又不是名称", transition.id);
            self.at(place, letter.id.start(), message, "to = [\"说明发给谁的字段\"]");
        }
        let to = &transition.to;
        if let Some(from) = transition.from.iter().find(|from| from.as_str() == to.as_str()) {
            let message = format!("变更 {} 从 {from} 回到 {from}，不能出文书", transition.id);
            self.at(place, transition.id.start(), message, "去掉 letter，或者到另一个状态");
        }
        let alike = register.transitions.iter().find(|other| {
            other.id != *transition.id.get()
                && other.to.as_str() == to.as_str()
                && other
                    .from
                    .iter()
                    .any(|from| transition.from.iter().any(|own| own.as_str() == from.as_str()))
        });
        if let Some(other) = alike {
            let message = format!("变更 {} 和 {} 走同一条路，说不出该出哪份文书", transition.id, other.id);
            self.at(place, transition.id.start(), message, "有 letter 的变更，起止状态不与别的相同");
        }
    }
}
