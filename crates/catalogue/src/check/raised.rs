//! Records that lie above the place they name: by the codes of a choice that every record answers, and the place is a division.

use super::Checker;
use crate::definition::{FieldKind, Raised, Register, Requirement};
use crate::release::Defined;

impl Checker<'_> {
    pub(super) fn raised(&mut self, register: &Defined<Register>, raised: &Raised) {
        let place = &register.place;
        let release = self.release;
        let field = register.field(&raised.field);
        // What is left open would lie where everybody of the place reads it.
        let says = field.filter(|field| {
            *field.kind == FieldKind::Choice && matches!(field.required, Requirement::Always)
        });
        let list = says.and_then(|field| release.codelists.get(field.codelist.as_ref()?));
        match list {
            None => {
                let message = format!("字段 {} 说不出记录是不是交上级办理", raised.field);
                self.at(place, raised.field.start(), message, "必填的单选字段（type = \"choice\"）");
            }
            Some(list) => {
                for code in raised.codes.iter().filter(|code| list.title_of(code).is_none()) {
                    let message = format!("{code} 不是字段 {} 的代码", raised.field);
                    self.at(place, code.start(), message, "代码表里的一个代码");
                }
            }
        }
        let lies = register.field(&register.place_field).map(|field| *field.kind);
        if lies != Some(FieldKind::Division) || register.shared.is_some() || register.organisation.is_some() {
            let message = format!("登记簿 {} 的记录不能交上级办理", register.id);
            let expected = "place 是区划字段，不写 shared 和 organisation";
            self.at(place, raised.field.start(), message, expected);
        }
    }
}
