//! What is found in a record and followed in another register: its fields are there, take what they are given, and none that must be
//! filled is left out.

use super::Checker;
use super::entered::{Filling, takes};
use crate::definition::{Field, FieldKind, Found, Joins, Register, Target};
use crate::release::Defined;

impl Checker<'_> {
    pub(super) fn found(&mut self, register: &Defined<Register>, found: &Found, own: &[&str]) {
        let place = &register.place;
        let release = self.release;
        self.identifier(place, &found.id);
        if !self.refers(place, &found.register, &release.registers) {
            return;
        }
        let Some(there) = release.registers.get(&found.register) else { return };
        if there.fed.is_some() {
            let message = format!("登记簿 {} 由系统登记，不能登记发现的问题", found.register);
            self.at(place, found.register.start(), message, "由工作人员登记的登记簿");
        }
        let mut fillings = Vec::new();
        for (field, from) in &found.fills {
            self.among(place, from, "字段", own);
            // What is not there at all is said once.
            let source = register.field(from);
            fillings.push(Filling {
                field,
                start: from.start(),
                from: format!("字段 {from}"),
                fits: source.is_none_or(|from| there.field(field).is_some_and(|to| self.carries(to, from))),
                expected: "类型相同的、可填的字段；选项要有相同的代码",
            });
        }
        for (field, text) in &found.sets {
            let to = there.field(field);
            fillings.push(Filling {
                field,
                start: text.start(),
                from: format!("“{text}”"),
                fits: to.is_none_or(|to| self.holds(to, text)),
                expected: "文字，或者代码表里的一个代码",
            });
        }
        for (given, kind, what, expected) in [
            (&found.place, FieldKind::Division, "所在地", "type = \"division\" 的字段"),
            (&found.named, FieldKind::Text, "名称", "type = \"text\" 的字段"),
        ] {
            let Some(field) = given else { continue };
            fillings.push(Filling {
                field,
                start: field.start(),
                from: what.to_owned(),
                fits: there.field(field).is_none_or(|to| *to.kind == kind),
                expected,
            });
        }
        let points = there
            .field(&found.source)
            .is_some_and(|field| field.target() == Some(Target::Record(register.id.as_str())));
        if !points {
            let message = format!("登记簿 {} 的字段 {} 不指向 {}", found.register, found.source, register.id);
            self.at(place, found.source.start(), message, "type = \"record\"，register 是发现问题的登记簿");
        }
        if let Some(on) = &found.on
            && there.field(on).is_none_or(|field| *field.kind != FieldKind::Date)
        {
            let message = format!("登记簿 {} 的字段 {on} 不是日期", found.register);
            self.at(place, on.start(), message, "type = \"date\" 的字段");
        }
        let fields: Vec<&str> = there.form_fields().map(|field| field.id.as_str()).collect();
        let states: Vec<&str> = there.states.iter().map(|state| state.id.as_str()).collect();
        for same in &found.same {
            self.among(place, same, "字段", &fields);
        }
        for state in found.in_hand.iter().chain(&found.begins) {
            self.among(place, state, "状态", &states);
        }
        if found.same.is_empty() != found.in_hand.is_empty() {
            let message = format!("发现 {} 的 same 和 in_hand 要一起写", found.id);
            self.at(place, found.id.start(), message, "same 是哪些字段相同，in_hand 是哪些状态还在办");
        }
        let given =
            |field: &Field| found.source == *field.id || found.on.as_ref().is_some_and(|on| *on == *field.id);
        self.entered(
            place,
            (&found.register, &**there),
            &fillings,
            given,
            "fills、sets、place、named、source 或者 on",
        );
    }

    /// What is told again joins what is in hand: by plain fields of its own, to a state of its own.
    pub(super) fn joins(&mut self, register: &Defined<Register>, joins: &Joins, own: &[&str]) {
        let place = &register.place;
        let states: Vec<&str> = register.states.iter().map(|state| state.id.as_str()).collect();
        for same in &joins.same {
            self.among(place, same, "字段", own);
            if register.field(same).is_some_and(|field| *field.kind == FieldKind::Division) {
                let message = format!("字段 {same} 是区划，不用写：只有同一个地方的才合并");
                self.at(place, same.start(), message, "人、选项、文字等字段");
            }
        }
        for state in joins.in_hand.iter().chain([&joins.to]) {
            self.among(place, state, "状态", &states);
        }
        if joins.in_hand.iter().any(|state| state.as_str() == joins.to.as_str()) {
            let message = format!("状态 {} 是合并以后的，不能还在办", joins.to);
            self.at(place, joins.to.start(), message, "in_hand 以外的状态");
        }
        let points = register
            .field(&joins.with)
            .is_some_and(|field| field.target() == Some(Target::Record(register.id.as_str())));
        if !points {
            let message = format!("字段 {} 不指向登记簿 {}", joins.with, register.id);
            self.at(place, joins.with.start(), message, "type = \"record\"，register 是本登记簿");
        }
        if let Some(worse) = &joins.worse
            && register.field(worse).is_none_or(|field| *field.kind != FieldKind::Choice)
        {
            let message = format!("字段 {worse} 不是单选");
            self.at(place, worse.start(), message, "type = \"choice\" 的字段");
        }
    }

    /// Whether a text can always stand in a field.
    fn holds(&self, to: &Field, text: &str) -> bool {
        let list = to.codelist.as_ref().and_then(|list| self.release.codelists.get(list));
        match *to.kind {
            FieldKind::Text => true,
            FieldKind::Choice => list.is_none_or(|list| list.title_of(text).is_some()),
            _ => false,
        }
    }

    /// Whether what one field holds can be written into another by itself: nothing that would have to be looked for.
    fn carries(&self, to: &Field, from: &Field) -> bool {
        let plain = from.target().is_none_or(|target| matches!(target, Target::Person | Target::Household));
        if !plain || to.computed.is_some() || from.computed.is_some() {
            return false;
        }
        if takes(to, from) {
            return true;
        }
        let release = self.release;
        let list = |field: &Field| field.codelist.as_ref().and_then(|list| release.codelists.get(list));
        match (*to.kind, *from.kind, list(to), list(from)) {
            // Codes that the other list does not have are not followed there.
            (FieldKind::Choice, FieldKind::Choice, Some(to), Some(from)) => {
                from.values.iter().any(|value| to.title_of(&value.code).is_some())
            }
            _ => false,
        }
    }
}
