//! Registers: key, title, place, list, states, duties, alerts and rights name fields and states that are there and fit.

use std::collections::BTreeSet;

use super::Checker;
use super::entered::takes;
use crate::definition::{
    Duty, Fed, Field, FieldKind, Holders, Level, Page, Register, Requirement, Target, Transition,
};
use crate::release::{Defined, Place};
use crate::{Located, Reference};

/// Names that every record has in expressions.
const OF_EVERY_RECORD: [&str; 4] = ["id", "state", "recorded_on", "closed_on"];
/// Registers that would take the name of something the program keeps itself.
const KEPT_ELSEWHERE: [&str; 6] = ["person", "household", "division", "case", "entitlement", "payment"];
/// PostgreSQL cuts names at 63 bytes; a table is called `reg_` and both ids.
const ID_BYTES_MAX: usize = 26;

impl Checker<'_> {
    pub(super) fn registers(&mut self) {
        let release = self.release;
        for register in release.registers.iter() {
            self.register(register);
        }
    }

    fn register(&mut self, register: &Defined<Register>) {
        let place = &register.place;
        let release = self.release;
        self.basis(place, &register.basis);
        if let Some(list) = release.codelists.get("business")
            && list.title_of(&register.business).is_none()
        {
            self.on(
                place,
                format!("业务 {} 不在代码表 business 里", register.business),
                "代码表 business 的一个代码",
            );
        }
        if KEPT_ELSEWHERE.contains(&register.id.as_str()) || register.id.len() > ID_BYTES_MAX {
            let message = format!("登记簿的 id {} 不能用", register.id);
            self.at(
                place,
                register.id.start(),
                message,
                "不叫 person、household、division、case、entitlement、payment，最多 26 个字符",
            );
        }
        let written = register.form();
        self.form(place, &written);
        for group in &register.groups {
            self.group(register, group);
        }
        let own: Vec<&str> = register.fields().map(|(_, field)| field.id.as_str()).collect();
        for reference in register.list.columns.iter().chain(&register.titled).chain(&register.family) {
            self.among(place, reference, "字段", &own);
        }
        let of_somebody = || {
            register
                .fields()
                .any(|(_, field)| matches!(field.target(), Some(Target::Person | Target::Household)))
        };
        if let Some(first) = register.family.first().filter(|_| !of_somebody()) {
            let message = format!("登记簿 {} 不登记人也不登记家庭，没有谁的本人页面可以看", register.id);
            self.at(place, first.start(), message, "去掉 family");
        }
        if let Some(aid) = &register.aid {
            self.aid(place, aid);
            let person = aid.person.as_ref().and_then(|id| register.field(id));
            if person.is_none_or(|field| field.target() != Some(Target::Person)) {
                let message = format!("登记簿 {} 的 aid 没有写哪个字段是享受的人", register.id);
                self.at(place, aid.kind.start(), message, "aid = { …, person = \"person\" }，登记人的字段");
            }
        }
        if let Some(side) = &register.department {
            self.among(place, &side.field, "字段", &own);
            for shown in &side.shows {
                self.among(place, shown, "字段", &own);
            }
            if let Some(opens) = &side.opens {
                let filled =
                    [Some(&opens.person), opens.household.as_ref(), Some(&opens.words), Some(&opens.on)];
                for field in filled.into_iter().flatten() {
                    self.among(place, field, "字段", &own);
                }
                let list = register.field(&side.field).and_then(|field| field.codelist.as_ref());
                let codes = list.and_then(|list| release.codelists.get(list));
                for suggestion in &opens.suggests {
                    self.basis(place, &suggestion.basis);
                    if codes.is_some_and(|codes| codes.title_of(&suggestion.code).is_none()) {
                        let message = format!("{} 不是可以转给的部门", suggestion.code);
                        self.at(place, suggestion.code.start(), message, "代码表里的一个代码");
                    }
                }
            }
            let moves: Vec<&str> = register.transitions.iter().map(|one| one.id.as_str()).collect();
            for one in &side.moves {
                self.among(place, one, "办理", &moves);
            }
            let list = register.field(&side.field).and_then(|field| field.codelist.as_ref());
            if !list.is_some_and(|list| release.codelists.get(list).is_some()) {
                let message = format!("字段 {} 不是选项，说不出转给哪个部门", side.field);
                self.at(place, side.field.start(), message, "type = \"choice\" 的字段");
            }
        }
        if register.titled.is_empty() {
            self.on(place, format!("登记簿 {} 没有写标题由哪些字段组成", register.id), "titled = [\"name\"]");
        }
        for reference in &register.titled {
            if register.field(reference).is_some_and(|field| field.is_sealed() || field.read.is_some()) {
                let message = format!("字段 {reference} 是加密或限制查看的，不能作标题");
                self.at(place, reference.start(), message, "人人可看的字段");
            }
        }
        self.key(register, &own);
        self.place_of(register, &own);
        self.list(register, &own);
        if let Some(map) = &register.map {
            self.among(place, map, "字段", &own);
            let fits = register
                .field(map)
                .is_none_or(|field| matches!(*field.kind, FieldKind::Point | FieldKind::Line));
            if !fits {
                self.at(
                    place,
                    map.start(),
                    format!("字段 {map} 不能画在地图上"),
                    "type = \"point\" 或 \"line\" 的字段",
                );
            }
        }
        self.states(register, &own);
        self.papers(register, &own);
        self.unique(place, "职责", register.duties.iter().map(|duty| &duty.id));
        for duty in &register.duties {
            self.duty(register, duty, &own);
        }
        self.unique(place, "预警", register.alerts.iter().map(|alert| &alert.id));
        for alert in &register.alerts {
            self.identifier(place, &alert.id);
            self.basis(place, &alert.basis);
            self.office_level(place, &alert.id, alert.level);
            let left = alert.grades.iter().position(|graded| graded.when.is_none());
            if !alert.grades.is_empty() && left.is_none_or(|left| left + 1 != alert.grades.len()) {
                let message = format!("预警 {} 的分级不完整", alert.id);
                self.at(place, alert.id.start(), message, "最后一级不写 when，其他各级都写");
            }
        }
        self.unique(place, "发现", register.finds.iter().map(|found| &found.id));
        for found in &register.finds {
            self.found(register, found, &own);
        }
        if let Some(joins) = &register.joins {
            self.joins(register, joins, &own);
        }
        if let Some(reviews) = &register.reviews {
            self.among(place, reviews, "字段", &own);
            if register.field(reviews).is_some_and(|field| *field.kind != FieldKind::Household) {
                let message = format!("字段 {reviews} 不是家庭");
                self.at(place, reviews.start(), message, "type = \"household\" 的字段");
            }
        }
        for holders in [&register.rights.read, &register.rights.keep, &register.rights.import] {
            self.holders(place, holders);
        }
        if let Some(leads) = &register.leads {
            let states: Vec<&str> = register.states.iter().map(|state| state.id.as_str()).collect();
            for state in [&leads.waiting, &leads.visited, &leads.helped, &leads.ended] {
                self.among(&register.place, state, "状态", &states);
            }
        }
        if let Some(fed) = &register.fed {
            self.fed(register, fed, &own);
        }
        if register.shared.is_some() {
            self.shared(register);
        }
        if let Some(side) = &register.organisation {
            self.organisation(register, side, &own);
        }
        if let Some(raised) = &register.raised {
            self.raised(register, raised);
        }
        if let Some(online) = &register.online {
            self.online(register, online, &own);
        }
    }

    /// What is offered to others says nothing of anybody: no person, family or number of one stands in its title.
    fn shared(&mut self, register: &Defined<Register>) {
        let place = &register.place;
        if register.fed.is_some() {
            let message = format!("登记簿 {} 登记的是人，不能给辖区以外选用", register.id);
            self.at(place, register.id.start(), message, "去掉 shared");
        }
        for reference in &register.titled {
            if self.names_somebody(register, reference, &mut vec![register.id.get().clone()]) {
                let message = format!("登记簿 {} 的标题里有人，不能给辖区以外选用", register.id);
                self.at(place, reference.start(), message, "去掉 shared，或者换一个不说人的标题");
            }
        }
    }

    /// Whether the words of a field are those of a person, by themselves or through the title of what they point at.
    pub(super) fn names_somebody(&self, register: &Register, field: &str, seen: &mut Vec<String>) -> bool {
        let Some(field) = register.field(field) else { return false };
        match field.target() {
            Some(Target::Person | Target::Household) => true,
            Some(Target::Record(target)) => {
                if seen.iter().any(|known| known == target) {
                    return false;
                }
                seen.push(target.to_owned());
                let release = self.release;
                release.registers.get(target).is_some_and(|target| {
                    target.titled.iter().any(|titled| self.names_somebody(target, titled, seen))
                })
            }
            None => matches!(
                *field.kind,
                FieldKind::PersonName | FieldKind::CitizenId | FieldKind::Phone | FieldKind::BankAccount
            ),
        }
    }

    /// A register that the system feeds has its people as key and nothing else that somebody would have to type.
    fn fed(&mut self, register: &Defined<Register>, fed: &Fed, own: &[&str]) {
        let place = &register.place;
        let release = self.release;
        let states: Vec<&str> = register.states.iter().map(|state| state.id.as_str()).collect();
        self.among(place, &fed.person, "字段", own);
        let kind = |id: &Reference| register.field(id).map(|field| *field.kind);
        let alone = matches!(register.key.as_slice(), [only] if *only == *fed.person.get());
        if kind(&fed.person) != Some(FieldKind::Person) || !alone || register.place_field != fed.person {
            let message = format!("登记簿 {} 由系统登记，字段 {} 认不出人", register.id, fed.person);
            self.at(place, fed.person.start(), message, "type = \"person\" 的字段，它单独是 key，也是 place");
        }
        if let Some(household) = &fed.household {
            self.among(place, household, "字段", own);
            if kind(household) != Some(FieldKind::Household) {
                let message = format!("字段 {household} 不是家庭");
                self.at(place, household.start(), message, "type = \"household\" 的字段");
            }
        }
        let typed = register.fields().map(|(_, field)| field).find(|field| {
            matches!(field.required, Requirement::Always)
                && field.id != *fed.person.get()
                && fed.household.as_ref().is_none_or(|household| field.id != *household.get())
        });
        if let Some(field) = typed {
            let message = format!("登记簿 {} 由系统登记，字段 {} 却必填", register.id, field.id);
            self.at(place, field.id.start(), message, "去掉 required，或者写成条件");
        }
        for from in &fed.from {
            if !self.refers(place, &from.register, &release.registers) {
                continue;
            }
            let person = release.registers.get(&from.register).and_then(|there| there.field(&from.person));
            if person.is_none_or(|field| field.target() != Some(Target::Person)) {
                let message = format!("登记簿 {} 的字段 {} 不是人", from.register, from.person);
                self.at(place, from.person.start(), message, "type = \"person\" 的字段");
            }
        }
        if fed.leaves.is_empty() {
            let message = format!("登记簿 {} 由系统登记，没有写不再符合时转到哪里", register.id);
            self.at(place, fed.person.start(), message, "leaves = [{ to = \"状态的 id\" }]");
        }
        for leaving in &fed.leaves {
            self.among(place, &leaving.to, "状态", &states);
            if let Some(dated) = &leaving.dated {
                self.among(place, dated, "字段", own);
                if kind(dated) != Some(FieldKind::Date) {
                    let message = format!("字段 {dated} 不是日期");
                    self.at(place, dated.start(), message, "type = \"date\" 的字段");
                }
            }
        }
    }

    fn group(&mut self, register: &Defined<Register>, group: &Page) {
        let place = &register.place;
        let release = self.release;
        if let Some(repeat) = &group.repeat {
            self.identifier(place, &repeat.of);
            if repeat.of.len() > ID_BYTES_MAX || repeat.first_from.is_some() || repeat.only.is_some() {
                let message = format!("登记簿的明细 {} 写法不对", repeat.of);
                self.at(place, repeat.of.start(), message, "of、label、min、max、summary;of 最多 26 个字符");
            }
            if register.fields().any(|(_, field)| field.id == repeat.of) {
                let message = format!("明细 {} 与字段同名", repeat.of);
                self.at(place, repeat.of.start(), message, "字段和明细各不相同的名字");
            }
        }
        for field in &group.fields {
            if OF_EVERY_RECORD.contains(&field.id.as_str()) || field.id.len() > ID_BYTES_MAX {
                let message = format!("字段 id {} 不能用", field.id);
                self.at(
                    place,
                    field.id.start(),
                    message,
                    "不叫 id、state、recorded_on、closed_on，最多 26 个字符",
                );
            }
            if *field.kind == FieldKind::Statement {
                // A promise is somebody's at a moment; a record is kept by whoever keeps the register.
                let message = format!("字段 {} 是请人勾选的承诺，登记簿里没有人作承诺", field.id);
                let expected = "承诺写在事项或者职责的表单里；登记簿只记是不是承诺过：type = \"yes_no\"";
                self.at(place, field.kind.start(), message, expected);
            }
            if matches!(*field.kind, FieldKind::File | FieldKind::Files) && group.repeat.is_none() {
                let message = format!("字段 {} 是文件；记录本身的文件按材料的种类放", field.id);
                self.at(place, field.kind.start(), message, "[[register.file]]；明细的每一条才带文件");
            }
            let unfit = matches!(*field.kind, FieldKind::MemberRef | FieldKind::Signature);
            if unfit || field.fact.is_some() || field.writes.is_some() || field.finding.is_some() {
                let message = format!("字段 {} 的类型或用途不属于登记簿", field.id);
                self.at(place, field.kind.start(), message, "去掉 fact、writes、finding，换一种类型");
            }
            if let Some(Target::Record(target)) = field.target() {
                let named = field.register.as_ref().unwrap_or(&field.id);
                if release.registers.get(target).is_none() {
                    let message = format!("登记簿 {target} 没有定义");
                    self.at(place, named.start(), message, "某个 [[register]] 的 id");
                }
            }
            if let Some(back) = &field.back {
                self.back(register, group, field, back);
            }
            if field.is_sealed() && (field.target().is_some() || unsealable(*field.kind)) {
                let message = format!("字段 {} 的类型不能加密", field.id);
                self.at(place, field.id.start(), message, "文字、代码、数、日期；指向别处的字段不能加密");
            }
            if let Some(computed) = &field.computed {
                let plain = group.repeat.is_none()
                    && crate::shapes::record_type(field).is_some()
                    && !field.is_sealed();
                if !plain || !matches!(field.required, Requirement::Optional) || !field.valid.is_empty() {
                    let message = format!("计算字段 {} 写法不对", field.id);
                    self.at(
                        place,
                        computed.start(),
                        message,
                        "不在明细里，不加密，不写 required 和 valid，类型是数、日期、是非、代码或文字",
                    );
                }
            }
            if field.noted && field.computed.is_none() {
                let message = format!("字段 {} 不是计算字段，没有什么可以记下", field.id);
                self.at(place, field.id.start(), message, "computed = \"…\"，或者去掉 noted");
            }
            for holders in [&field.read, &field.change].into_iter().flatten() {
                self.holders(place, holders);
            }
        }
    }

    /// The name under which the target knows who points at it is free there.
    fn back(
        &mut self,
        register: &Defined<Register>,
        group: &Page,
        field: &Field,
        back: &crate::definition::Back,
    ) {
        let place = &register.place;
        let release = self.release;
        self.identifier(place, &back.id);
        if field.target().is_none() || group.repeat.is_some() {
            let message = format!("字段 {} 不指向别处，没有反过来的名字", field.id);
            self.at(
                place,
                back.id.start(),
                message,
                "back 只写在明细之外、类型是 record 或 person 等的字段上",
            );
        }
        let same_name = release
            .registers
            .iter()
            .flat_map(|other| other.fields().map(|(_, field)| field))
            .filter(|other| other.target() == field.target())
            .filter(|other| other.back.as_ref().is_some_and(|other| other.id == back.id))
            .count();
        let taken = match field.target() {
            Some(Target::Record(target)) => release.registers.get(target).is_some_and(|target| {
                target.fields().any(|(_, field)| field.id == back.id)
                    || target.lists().contains(&back.id.as_str())
            }),
            _ => false,
        };
        if same_name > 1 || taken {
            let message = format!("反过来的名字 {} 在那个登记簿里已经有了", back.id);
            self.at(place, back.id.start(), message, "换一个名字");
        }
    }

    fn key(&mut self, register: &Defined<Register>, own: &[&str]) {
        let place = &register.place;
        if register.key.is_empty() {
            self.on(place, format!("登记簿 {} 没有写凭什么认出一条记录", register.id), "key = [\"code\"]");
        }
        for reference in &register.key {
            self.among(place, reference, "字段", own);
            let Some(field) = register.field(reference) else { continue };
            let always = matches!(field.required, Requirement::Always);
            let kind = *field.kind;
            let fits = !matches!(
                kind,
                FieldKind::Choices
                    | FieldKind::File
                    | FieldKind::Files
                    | FieldKind::Textarea
                    | FieldKind::Line
            );
            if !always || !fits || field.computed.is_some() {
                let message = format!("字段 {reference} 不能认出一条记录");
                self.at(place, reference.start(), message, "必填（required = true）的一个值，不是计算出来的");
            }
        }
    }

    fn place_of(&mut self, register: &Defined<Register>, own: &[&str]) {
        let place = &register.place;
        self.among(place, &register.place_field, "字段", own);
        let Some(field) = register.field(&register.place_field) else { return };
        let locates = *field.kind == FieldKind::Division || field.target().is_some();
        if !locates || !matches!(field.required, Requirement::Always) {
            let message = format!("字段 {} 说不出记录在哪里", field.id);
            let expected = "必填的区划（type = \"division\"），或者必填的指向人、家庭、另一条记录的字段";
            self.at(place, register.place_field.start(), message, expected);
        }
    }

    fn list(&mut self, register: &Defined<Register>, own: &[&str]) {
        let place = &register.place;
        let list = &register.list;
        for (what, references) in [("筛选", &list.filters), ("排序", &list.sorts), ("合计", &list.sums)]
        {
            for reference in references {
                self.among(place, reference, "字段", own);
                let Some(field) = register.field(reference) else { continue };
                let number =
                    matches!(*field.kind, FieldKind::Integer | FieldKind::Decimal | FieldKind::Money);
                let loose = matches!(
                    *field.kind,
                    FieldKind::Choices
                        | FieldKind::File
                        | FieldKind::Files
                        | FieldKind::Textarea
                        | FieldKind::Point
                        | FieldKind::Line
                );
                let pointing = field.target().is_some() || *field.kind == FieldKind::Division;
                let fits = match what {
                    "合计" => number,
                    "排序" => !loose && !pointing && !field.is_sealed(),
                    _ => !loose,
                };
                if !fits || field.read.is_some() {
                    let message = format!("字段 {reference} 不能{what}");
                    self.at(place, reference.start(), message, "人人可看的、类型合适的字段");
                }
            }
            self.unique(place, what, references.iter());
        }
    }

    fn states(&mut self, register: &Defined<Register>, own: &[&str]) {
        let place = &register.place;
        let states: Vec<&str> = register.states.iter().map(|state| state.id.as_str()).collect();
        self.unique(place, "状态", register.states.iter().map(|state| &state.id));
        self.unique(place, "变更", register.transitions.iter().map(|transition| &transition.id));
        for state in &register.states {
            self.identifier(place, &state.id);
            if [crate::definition::IN_FORCE, crate::definition::STRUCK_OFF].contains(&state.id.as_str()) {
                let message = format!("状态 {} 是系统自己的", state.id);
                self.at(place, state.id.start(), message, "换一个名字");
            }
        }
        let mut reached: BTreeSet<&str> = states.first().copied().into_iter().collect();
        if let Some(fed) = &register.fed {
            reached.extend(fed.leaves.iter().map(|leaving| leaving.to.as_str()));
        }
        reached.extend(register.joins.iter().map(|joins| joins.to.as_str()));
        // What is found elsewhere may begin further on.
        let release = self.release;
        let founds = release.registers.iter().flat_map(|other| &other.finds);
        let founds = founds.filter(|found| found.register.as_str() == register.id.as_str());
        reached.extend(founds.filter_map(|found| found.begins.as_ref()).map(|begins| begins.as_str()));
        for _ in &states {
            for transition in &register.transitions {
                if transition.from.iter().any(|from| reached.contains(from.as_str())) {
                    reached.insert(transition.to.as_str());
                }
            }
        }
        for state in register.states.iter().filter(|state| !reached.contains(state.id.as_str())) {
            let message = format!("状态 {} 走不到", state.id);
            self.at(place, state.id.start(), message, "某个 [[register.transition]] 的 to");
        }
        for transition in &register.transitions {
            self.transition(register, transition, &states);
            self.transition_letter(register, transition, own);
        }
    }

    fn transition(&mut self, register: &Defined<Register>, transition: &Transition, states: &[&str]) {
        let place = &register.place;
        self.identifier(place, &transition.id);
        self.basis(place, &transition.basis);
        for state in transition.from.iter().chain([&transition.to]) {
            self.among(place, state, "状态", states);
        }
        if transition.from.is_empty() {
            self.at(
                place,
                transition.id.start(),
                format!("变更 {} 没有写从哪个状态开始", transition.id),
                "from = [\"状态的 id\"]",
            );
        }
        if transition.when.is_some() != transition.when_not.is_some() {
            self.at(
                place,
                transition.id.start(),
                format!("变更 {} 的条件和不满足时的说明要一起写", transition.id),
                "when = \"…\" 和 when_not = \"…\"",
            );
        }
        self.asked(register, &transition.asks);
        let duties: Vec<&str> = register.duties.iter().map(|duty| duty.id.as_str()).collect();
        for duty in &transition.does {
            self.among(place, duty, "职责", &duties);
        }
        if let Some(family) = &transition.reviews
            && register.field(family).is_none_or(|field| *field.kind != FieldKind::Household)
        {
            let message = format!("字段 {family} 不是家庭，说不出复核谁的待遇");
            self.at(place, family.start(), message, "type = \"household\" 的字段");
        }
        self.holders(place, &transition.holders);
    }

    fn duty(&mut self, register: &Defined<Register>, duty: &Duty, own: &[&str]) {
        let place = &register.place;
        let release = self.release;
        self.identifier(place, &duty.id);
        self.basis(place, &duty.basis);
        self.office_level(place, &duty.id, duty.level);
        if duty.owed && duty.from.is_none() {
            let message = format!("职责 {} 写了 owed，没有写 from", duty.id);
            self.at(place, duty.id.start(), message, "from = 说明上一次什么时候做的日期字段");
        }
        if let Some(from) = &duty.from {
            self.among(place, from, "字段", own);
            if register.field(from).is_some_and(|field| *field.kind != FieldKind::Date || field.is_sealed()) {
                let message = format!("字段 {from} 不是日期，不能从它起算");
                self.at(place, from.start(), message, "type = \"date\" 的字段");
            }
        }
        if let Some(form) = &duty.form
            && self.refers(place, form, &release.forms)
            && let Some(form_found) = release.forms.get(form)
            && form_found.pages.iter().any(|page| page.repeat.is_some())
        {
            self.at(
                place,
                form.start(),
                format!("表单 {form} 有重复的页，不能记录职责"),
                "没有 repeat 的表单",
            );
        }
        self.asked(register, &duty.asks);
        self.asked(register, &duty.carries);
        let form = duty.form.as_ref().and_then(|form| release.forms.get(form));
        for field in &duty.carries {
            let asked = form.and_then(|form| form.field(field)).map(|(_, asked)| asked);
            // What the record does not have is said by the names above.
            let fits = register.field(field).is_none_or(|to| asked.is_some_and(|asked| takes(to, asked)));
            if !fits {
                let message = format!("职责 {} 的表单里没有可以记进字段 {field} 的一项", duty.id);
                self.at(place, field.start(), message, "表单里同名、类型和代码表相同的字段");
            }
        }
    }

    /// Fields asked with something are the record's own and are not worked out.
    fn asked(&mut self, register: &Defined<Register>, asks: &[Reference]) {
        let place = &register.place;
        let form = register.form();
        let asked: Vec<&str> = form
            .fields()
            .filter(|(page, _)| page.repeat.is_none())
            .map(|(_, field)| field.id.as_str())
            .collect();
        for reference in asks {
            self.among(place, reference, "可填字段", &asked);
        }
    }

    fn office_level(&mut self, place: &Place, id: &Located<String>, level: Level) {
        if level == Level::Applicant {
            self.at(
                place,
                id.start(),
                format!("{id} 没有写由哪级办"),
                "village、township、county、prefecture 之一",
            );
        }
    }

    pub(super) fn holders(&mut self, place: &Place, holders: &Holders) {
        let release = self.release;
        for role in &holders.roles {
            self.refers(place, role, &release.roles);
        }
    }
}

/// Kinds that have no sealed form.
fn unsealable(kind: FieldKind) -> bool {
    matches!(
        kind,
        FieldKind::File
            | FieldKind::Files
            | FieldKind::Division
            | FieldKind::Point
            | FieldKind::Line
            | FieldKind::Choices
    )
}
