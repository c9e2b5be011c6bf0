//! What is found in a record and followed in another register: its fields are there, take what they are given, and none that must be
//! filled is left out.

use super::Checker;
use super::entered::{Filling, takes};
use crate::definition::{Field, FieldKind, Found, Register, Target};
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
        let given =
            |field: &Field| found.source == *field.id || found.on.as_ref().is_some_and(|on| *on == *field.id);
        self.entered(place, (&found.register, &**there), &fillings, given, "fills、source 或者 on");
    }

    /// Whether what one field holds can be written into another by itself: nothing that would have to be looked for.
    fn carries(&self, to: &Field, from: &Field) -> bool {
        let plain = from.target().is_none_or(|target| matches!(target, Target::Person | Target::Household))
            && *from.kind != FieldKind::Division;
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
