//! What anybody enters on the open site: plain fields that nobody has to be looked up for, everything that must be filled, and nothing told that is
//! not for everybody.

use super::Checker;
use crate::definition::{FieldKind, Online, Register, Requirement};
use crate::release::Defined;

impl Checker<'_> {
    pub(super) fn online(&mut self, register: &Defined<Register>, online: &Online, own: &[&str]) {
        let place = &register.place;
        let release = self.release;
        let fields = online.asks.iter().chain(&online.tells).chain([&online.on, &online.number]);
        for reference in fields {
            self.among(place, reference, "字段", own);
        }
        for reference in &online.asks {
            let Some(field) = register.field(reference) else { continue };
            let files = matches!(*field.kind, FieldKind::File | FieldKind::Files | FieldKind::Signature);
            let narrow = field.read.is_some() || field.change.is_some() || field.computed.is_some();
            if files || narrow || field.target().is_some() {
                let message = format!("字段 {reference} 不能由网上的人填写");
                self.at(place, reference.start(), message, "自己填写的普通字段，不是文件、人员和别的记录");
            }
        }
        for reference in &online.tells {
            if register.field(reference).is_some_and(|field| field.is_sealed() || field.read.is_some()) {
                let message = format!("字段 {reference} 是加密或限制查看的，不能凭编号查询");
                self.at(place, reference.start(), message, "人人可看的字段");
            }
        }
        for (id, code) in &online.sets {
            let list = register.field(id).filter(|field| *field.kind == FieldKind::Choice);
            let list = list.and_then(|field| release.codelists.get(field.codelist.as_ref()?));
            if list.is_none_or(|list| list.title_of(code).is_none()) {
                let message = format!("字段 {id} 没有代码 {code}");
                self.at(place, code.start(), message, "单选字段和它的一个代码");
            }
        }
        if online.sets.is_empty() {
            let message = format!("登记簿 {} 没有写哪些记录是网上提交的", register.id);
            self.at(place, online.number.start(), message, "sets = { channel = \"online\" }");
        }
        let kind = |reference: &crate::Reference| register.field(reference).map(|field| *field.kind);
        if kind(&online.on) != Some(FieldKind::Date) {
            let message = format!("字段 {} 不是日期", online.on);
            self.at(place, online.on.start(), message, "type = \"date\" 的字段");
        }
        let keyed = matches!(register.key.as_slice(), [only] if only.as_str() == online.number.as_str());
        let plain = register
            .field(&online.number)
            .is_some_and(|field| *field.kind == FieldKind::Text && !field.is_sealed());
        if !keyed || !plain {
            let message = format!("字段 {} 不能作查询的编号", online.number);
            self.at(place, online.number.start(), message, "type = \"text\" 的字段，它单独是 key");
        }
        let asks = |id: &str| online.asks.iter().any(|asked| asked.as_str() == id);
        if kind(&register.place_field) != Some(FieldKind::Division) || !asks(register.place_field.as_str()) {
            let message = format!("登记簿 {} 的网上提交没有问是哪里的事", register.id);
            self.at(place, online.number.start(), message, "place 是区划字段，写进 asks");
        }
        for field in register.form_fields().filter(|field| matches!(field.required, Requirement::Always)) {
            let id = field.id.as_str();
            let given = asks(id)
                || online.sets.contains_key(id)
                || [&online.on, &online.number].iter().any(|known| known.as_str() == id);
            if !given {
                let message = format!("登记簿 {} 的必填字段 {id} 网上没有问", register.id);
                self.at(place, online.number.start(), message, "写进 asks 或者 sets");
            }
        }
    }
}
