//! What is confidential is not told below by anything that the pack lets happen.

use super::Checker;
use crate::definition::{Effect, Item, Level, Programme, Sensitivity};
use crate::release::Defined;

impl Checker<'_> {
    /// Nothing of a confidential programme is published, is listed by the month, or stands in facts that every office of the family reads.
    pub(super) fn confidential_programme(&mut self, programme: &Defined<Programme>) {
        if programme.confidential.is_none() {
            return;
        }
        let (place, id) = (&programme.place, programme.id.as_str());
        if programme.publication.is_some() {
            let message = format!("保密的项目 {id} 不能公布");
            self.at(place, programme.id.start(), message, "去掉 publication");
        }
        if programme.by_list {
            let message = format!("保密的项目 {id} 不能按月造册");
            self.at(place, programme.id.start(), message, "去掉 by_list");
        }
        let release = self.release;
        let telling = release.facts.iter().find(|fact| {
            fact.held.as_ref().is_some_and(|held| {
                held.codes.iter().any(|code| code.programme.as_str() == id)
                    || held.sum.iter().any(|summed| summed.as_str() == id)
            })
        });
        if let Some(fact) = telling {
            let message = format!("保密的项目 {id} 写进了指标项 {}，下级在档案里会看到", fact.id);
            self.at(place, programme.id.start(), message, "从指标项的 held 里去掉");
        }
    }

    /// What is kept from the offices below does nothing that they would see: no step or task is theirs, nothing is hung up, nothing of it is
    /// entered where they look - registers, facts that say what it is, a family's members.
    pub(super) fn confidential_item(&mut self, item: &Defined<Item>) {
        let place = &item.place;
        let release = self.release;
        for programme in &item.programmes {
            if release.programmes.get(programme).is_some_and(|known| known.confidential != item.confidential)
            {
                let message = format!("事项 {} 和它的项目 {programme} 一个保密、一个不保密", item.id);
                self.at(place, programme.start(), message, "事项和项目的 confidential 写一样的");
            }
        }
        if item.confidential.is_none() {
            return;
        }
        let below = |level: Level| matches!(level, Level::Village | Level::Township);
        if item.citizens_may_file || item.delegated.is_some() {
            let message = format!("保密事项 {} 不能在各级窗口和网上申请，也不能下放", item.id);
            self.at(place, item.id.start(), message, "citizens_may_file = false，去掉 delegated");
        }
        for step in item.steps.iter().filter(|step| below(step.level)) {
            let message = format!("保密事项 {} 的环节 {} 由下级办，下级会知道", item.id, step.id);
            self.at(place, step.id.start(), message, "level = \"county\"");
        }
        for action in &item.actions {
            for effect in &action.effects {
                let seen = match effect.get() {
                    Effect::OpenNotice(_) | Effect::CloseNotice | Effect::Publish => "公示或者公布",
                    Effect::RecordAbsence(_) => "张贴公告找人",
                    Effect::Task(task) if below(task.level) => "给下级派任务",
                    Effect::Enter(_) => "登记进下级看得到的登记簿",
                    Effect::RequestMeansTest | Effect::StartMeansTest => "向部门询问",
                    Effect::RecordAppraisal => "民主评议",
                    Effect::Advance => "动用乡镇的备用金",
                    Effect::ChangeMembers | Effect::RecordDeath | Effect::Move => "改动下级看得到的家庭档案",
                    _ => continue,
                };
                let message = format!("保密事项 {} 的动作 {} 要{seen}", item.id, action.id);
                self.at(place, effect.start(), message, "保密事项不公示，不让下级知道：去掉这一项");
            }
        }
        let forms = item.actions.iter().filter_map(|action| action.form.as_ref());
        for form in std::iter::once(&item.form).chain(forms) {
            let Some(known) = release.forms.get(form) else { continue };
            let telling = known.fields().find_map(|(_, field)| {
                let fact = field.fact.as_ref()?;
                let sensitive = release.facts.get(fact)?.sensitivity == Sensitivity::Sensitive;
                sensitive.then_some(fact)
            });
            if let Some(fact) = telling {
                let message =
                    format!("保密事项 {} 的表单 {form} 要填敏感的指标项 {fact}，下级在档案里会看到", item.id);
                self.at(place, form.start(), message, "用 finding 记经办人的认定，只留在办件里");
            }
        }
    }
}
