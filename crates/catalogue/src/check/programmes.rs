//! Programmes and their rule cases.

use super::Checker;
use crate::definition::{AID_LISTS, Aid, ConditionKind, EndsFrom, Pays, Programme};
use crate::release::{Defined, Place};

/// The codelist from which a failing condition takes its reason.
pub(crate) const REASONS: &str = "refusal_reason";

impl Checker<'_> {
    /// The parts of a kind of help are codes of their lists.
    pub(super) fn aid(&mut self, place: &Place, aid: &Aid) {
        let release = self.release;
        for (reference, list) in aid.codes().into_iter().zip(AID_LISTS) {
            let list = release.codelists.get(list);
            let codes: Vec<&str> = list
                .map(|list| list.values.iter().map(|code| code.code.as_str()).collect())
                .unwrap_or_default();
            self.among(place, reference, "救助类别", &codes);
        }
    }

    /// Rights over its money are held for one business: that of the items that grant it, or its own where none does.
    fn business(&mut self, programme: &Defined<Programme>) {
        let release = self.release;
        let place = &programme.place;
        let mut given = programme.business.as_ref().map(|own| own.as_str());
        if let Some(own) = &programme.business
            && release.codelists.get("business").is_some_and(|list| list.title_of(own).is_none())
        {
            let message = format!("业务 {own} 不在代码表 business 里");
            self.at(place, own.start(), message, "代码表 business 的一个代码");
        }
        for item in release.granting(&programme.id) {
            let business = item.business.as_str();
            if *given.get_or_insert(business) != business {
                let start = programme.business.as_ref().map_or(programme.id.start(), |own| own.start());
                let message = format!(
                    "项目 {} 归哪项业务写得不一致：事项 {} 的业务是 {business}",
                    programme.id, item.id
                );
                self.at(
                    place,
                    start,
                    message,
                    "给同一个项目的事项 business 相同；有事项来给的，去掉项目的 business",
                );
            }
        }
        if given.is_none() {
            // No error: packs that a database keeps of before are read on, and who holds every business pays what says none.
            let message = format!("没有事项来给项目 {}，不知道它归哪项业务、由谁发放", programme.id);
            self.warn(place, programme.id.start(), message, "business = \"…\"，代码表 business 的一个代码");
        }
    }

    /// What is published rests on a law, and comes down again: with the benefit, or after its days where it is paid once.
    fn publication(&mut self, programme: &Defined<Programme>) {
        let Some(publication) = &programme.publication else { return };
        let (place, start) = (&programme.place, programme.id.start());
        self.basis(place, &publication.basis);
        if publication.basis.is_empty() {
            let message = format!("项目 {} 要公布，却没有依据", programme.id);
            self.at(place, start, message, "basis = [{ law = \"…\", article = \"…\" }]");
        }
        let once = programme.pays == Pays::Once;
        match &publication.days {
            Some(days) if once => {
                self.refers(place, days, &self.release.parameters);
            }
            Some(days) => self.at(
                place,
                days.start(),
                format!("项目 {} 按月发放，公布到待遇停止为止，不写天数", programme.id),
                "去掉 days",
            ),
            None if once => self.at(
                place,
                start,
                format!("项目 {} 只发一次，没有写公布多少天", programme.id),
                "days = \"…\"，一个天数参数",
            ),
            None => {}
        }
        if publication.amount && programme.pays == Pays::Nothing {
            let message = format!("项目 {} 只作认定，没有金额可以公布", programme.id);
            self.at(place, start, message, "去掉 amount");
        }
    }

    /// What a grant ends beside itself is a recognition, known to the same people, and not the one that would end the grant.
    fn ends(&mut self, programme: &Defined<Programme>) {
        let release = self.release;
        let (place, id) = (&programme.place, programme.id.as_str());
        for (index, ended) in programme.ends.iter().enumerate() {
            let (other, start) = (ended.programme.as_str(), ended.programme.start());
            self.strong_basis(place, start, &format!("项目 {id} 终止 {other}"), &ended.basis);
            if !self.refers(place, &ended.programme, &release.programmes) {
                continue;
            }
            let Some(known) = release.programmes.get(&ended.programme) else { continue };
            let mut wrong = |message: String, expected: &str| self.at(place, start, message, expected);
            if known.pays != Pays::Nothing {
                wrong(
                    format!("给予项目 {id} 时不能终止项目 {other}：它发钱，终止前要先听取意见"),
                    "只终止 pays = \"nothing\" 的认定；发钱的由核查、变化报告终止（社会救助法第四十八条）",
                );
            }
            if programme.pays == Pays::Once {
                wrong(format!("项目 {id} 只发一次，不能终止认定 {other}"), "去掉 ends");
            }
            if other == id || known.ends.iter().any(|back| back.programme.as_str() == id) {
                wrong(format!("项目 {id} 和 {other} 互相终止"), "只在其中一个项目写 ends");
            }
            if programme.ends.iter().take(index).any(|earlier| earlier.programme.as_str() == other) {
                wrong(format!("项目 {id} 终止 {other} 写了两次"), "每个认定写一次");
            }
            // Why it ended stands where everybody reads who read the recognition.
            if known.confidential != programme.confidential {
                wrong(
                    format!("项目 {id} 和它终止的 {other} 一个保密、一个不保密"),
                    "两个项目的 confidential 写一样的",
                );
            }
            let one_group = known.exclusion_group.as_str() == programme.exclusion_group.as_str();
            if one_group && ended.from == EndsFrom::Decision {
                wrong(
                    format!("项目 {id} 和它终止的 {other} 互斥，不能同月都有"),
                    "from = \"grant\"，或者不写 from",
                );
            }
            if one_group && known.priority < programme.priority {
                wrong(
                    format!("项目 {id} 终止 {other}，互斥时却是 {other} 优先"),
                    "priority 小于被终止的项目",
                );
            }
            if ended.because.trim().is_empty() {
                wrong(format!("项目 {id} 终止 {other}，没有写给家庭看的理由"), "because = \"…\"");
            }
        }
    }

    pub(super) fn programmes(&mut self) {
        let release = self.release;
        for programme in release.programmes.iter() {
            let place = &programme.place;
            self.refers(place, &programme.exclusion_group, &release.exclusion_groups);
            if let Some(aid) = &programme.aid {
                self.aid(place, aid);
                if let Some(person) = &aid.person {
                    self.at(place, person.start(), "项目的待遇在账上，不用写是哪个字段的人", "去掉 person");
                }
            }
            self.business(programme);
            self.strong_basis(
                place,
                programme.id.start(),
                &format!("项目 {}", programme.id),
                &programme.basis,
            );
            if let (Some(from), Some(until)) = (programme.valid_from, programme.valid_until)
                && until < from
            {
                let message = format!("项目 {} 的失效日早于生效日", programme.id);
                self.at(place, programme.id.start(), message, "valid_until 不早于 valid_from");
            }
            self.basis(place, &programme.amount.basis);
            self.basis(place, &programme.review_basis);
            self.basis(place, &programme.taper_basis);
            match (&programme.review, programme.pays) {
                (Some(review), Pays::Once) => self.at(
                    place,
                    review.start(),
                    format!("项目 {} 只发一次，没有以后的核查", programme.id),
                    "去掉 review、review_basis",
                ),
                (None, Pays::Monthly | Pays::Nothing) => self.at(
                    place,
                    programme.id.start(),
                    format!("项目 {} 没有写多久核查一次", programme.id),
                    "review = \"12\"",
                ),
                (Some(review), _) if programme.review_basis.is_empty() => self.at(
                    place,
                    review.start(),
                    "核查间隔没有依据",
                    "review_basis = [{ law = \"…\", article = \"…\" }]",
                ),
                (Some(_), _) | (None, Pays::Once) => {}
            }
            self.confidential_programme(programme);
            self.publication(programme);
            self.ends(programme);
            if programme.amount.unit.ends_with("/次") != (programme.pays == Pays::Once) {
                let message = format!("项目 {} 的金额单位与怎样发放对不上", programme.id);
                self.at(
                    place,
                    programme.amount.expr.start(),
                    message,
                    "只发一次的写 pays = \"once\"，单位是“元/次”",
                );
            }
            for definition in &programme.definitions {
                self.basis(place, &definition.basis);
            }
            for condition in &programme.conditions {
                let what = format!("条件 {}", condition.id);
                self.strong_basis(place, condition.id.start(), &what, &condition.basis);
                match (condition.kind, &condition.expr, &condition.question) {
                    (ConditionKind::Expression, None, _) => {
                        self.at(
                            place,
                            condition.id.start(),
                            format!("{what} 由式子判断，没有写式子"),
                            "expr = \"…\"",
                        );
                    }
                    (ConditionKind::Expression, Some(_), Some(_)) => {
                        self.at(
                            place,
                            condition.id.start(),
                            format!("{what} 由式子判断，不要写 question"),
                            "kind = \"finding\"，或者去掉 question",
                        );
                    }
                    (ConditionKind::Finding, Some(expr), _) => {
                        self.at(
                            place,
                            expr.start(),
                            format!("{what} 由经办人员认定，不要写式子"),
                            "kind = \"expression\"，或者去掉 expr",
                        );
                    }
                    (ConditionKind::Finding, None, None) => {
                        self.at(
                            place,
                            condition.id.start(),
                            format!("{what} 由经办人员认定，没有写要认定什么"),
                            "question = \"…\"",
                        );
                    }
                    (ConditionKind::Finding, None, Some(_)) | (ConditionKind::Expression, Some(_), None) => {}
                }
                let reasons = release.codelists.get(REASONS);
                if reasons.is_none_or(|list| list.title_of(&condition.reason).is_none()) {
                    let message = format!("{what} 的理由 {} 不在代码表 {REASONS} 里", condition.reason);
                    self.at(place, condition.reason.start(), message, format!("代码表 {REASONS} 的代码"));
                }
            }
        }
        for group in release.exclusion_groups.iter() {
            self.basis(&group.place, &group.basis);
        }
        for case in release.cases.iter() {
            self.case(case);
        }
    }

    fn case(&mut self, case: &Defined<crate::definition::RuleCase>) {
        if !self.refers(&case.place, &case.programme, &self.release.programmes) {
            return;
        }
        if !self.release.places.is_known(&case.division) {
            let message = format!("例子 {} 的区划 {} 不在配置包的区划里", case.id, case.division);
            self.at(&case.place, case.division.start(), message, "区划文件里的代码");
        }
        if let Some(programme) = self.release.programmes.get(&case.programme) {
            let conditions: Vec<&str> =
                programme.conditions.iter().map(|condition| condition.id.as_str()).collect();
            for because in &case.expect.because {
                self.among(&case.place, because, "条件", &conditions);
            }
        }
        if self.release.rules(&case.programme).is_some()
            && let Err(wrong) = self.release.case_inputs(case)
        {
            self.on(
                &case.place,
                format!("例子 {} {wrong}", case.id),
                "指标项的 id 和合适的值；\"?\" 表示不知道",
            );
        }
    }
}
