//! Records that something else enters: a case ([`NewEntry`]), or what was found in another record ([`found`](super::found)). The fields that it
//! fills are there and take what they are given, and none that must be filled is left out.

use super::Checker;
use crate::Reference;
use crate::definition::{Action, Field, Item, NewEntry, Permission, Register, Requirement};
use crate::release::{Defined, Place};

/// A field that is filled, and from what.
pub(super) struct Filling<'a> {
    /// The field of the register.
    pub field: &'a str,
    /// Where the pack says so.
    pub start: usize,
    /// What fills it, in words.
    pub from: String,
    /// Whether a field takes that.
    pub fits: bool,
    /// What would fit.
    pub expected: &'static str,
}

impl Checker<'_> {
    /// The fields that are filled fit, and each that must always be filled is given something.
    pub(super) fn entered(
        &mut self,
        place: &Place,
        (reference, register): (&Reference, &Register),
        fillings: &[Filling<'_>],
        given: impl Fn(&Field) -> bool,
        sources: &str,
    ) {
        for filling in fillings {
            let asked = register.form_fields().any(|field| field.id == *filling.field);
            if !asked || !filling.fits {
                let message = format!("登记簿 {reference} 的字段 {} 接不住{}", filling.field, filling.from);
                self.at(place, filling.start, message, filling.expected);
            }
        }
        for field in register.form_fields().filter(|field| matches!(field.required, Requirement::Always)) {
            let filled = fillings.iter().any(|filling| field.id == *filling.field);
            if !filled && !given(field) {
                let message = format!("登记簿 {reference} 的必填字段 {} 没有来处", field.id);
                self.at(place, reference.start(), message, sources);
            }
        }
    }

    /// A record that a case enters: filled from the case, from the action's form as the pack says, and from its fields of the same name.
    pub(super) fn entry(&mut self, item: &Defined<Item>, action: &Action, entry: &NewEntry) {
        let place = &item.place;
        let release = self.release;
        if action.permission == Permission::Applicant {
            let message = format!("动作 {} 由申请人办，不能登记进登记簿", action.id);
            self.at(place, entry.register.start(), message, "由工作人员办的动作");
        }
        if !self.refers(place, &entry.register, &release.registers) {
            return;
        }
        let Some(register) = release.registers.get(&entry.register) else { return };
        let form = action.form.as_ref().and_then(|form| release.forms.get(form));
        let asked = |id: &str| form.and_then(|form| form.field(id)).map(|(_, source)| source);
        let of_case = entry.of_case.iter().map(|(field, word)| Filling {
            field,
            start: entry.register.start(),
            from: "办件的这项内容".to_owned(),
            fits: register.field(field).is_some_and(|field| *field.kind == word.kind()),
            expected: "类型相同的、可填的字段",
        });
        let of_form = entry.of_form.iter().map(|(field, from)| Filling {
            field,
            start: from.start(),
            from: format!("表单字段 {from}"),
            fits: register.field(field).zip(asked(from)).is_some_and(|(to, source)| takes(to, source)),
            expected: "表单里有的、类型和代码表相同的字段",
        });
        let fillings: Vec<Filling<'_>> = of_case.chain(of_form).collect();
        let by_name = |field: &Field| asked(&field.id).is_some_and(|source| takes(field, source));
        let sources = "of_case、of_form，或者表单里的同名字段";
        self.entered(place, (&entry.register, &**register), &fillings, by_name, sources);
    }
}

/// Whether a register's field takes the answer of another field as it is.
pub(super) fn takes(to: &Field, from: &Field) -> bool {
    *to.kind == *from.kind
        && to.codelist.as_ref().map(|list| list.as_str()) == from.codelist.as_ref().map(|list| list.as_str())
}
