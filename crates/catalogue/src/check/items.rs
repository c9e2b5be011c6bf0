//! Items: steps that can be reached, cases that can end, clocks that start and stop, separation of duties, hearing before taking away.

use std::collections::HashSet;

use super::Checker;
use crate::definition::{
    AbsencePeriod, Action, CLOSED, Clock, Effect, Item, Level, Limit, Permission, Step, ValueKind,
};
use crate::release::{Defined, Place};

impl Checker<'_> {
    pub(super) fn items(&mut self) {
        let release = self.release;
        let mut numbered = std::collections::HashMap::new();
        for item in release.items.iter() {
            let place = &item.place;
            let letters = item.initials();
            if let Some(earlier) = numbered.insert(letters.clone(), &item.id) {
                let message =
                    format!("事项 {} 与 {earlier} 的受理号会重号：简称的拼音首字母都是 {letters}", item.id);
                self.at(place, item.id.start(), message, "首字母与其他事项不同的 short");
            }
            self.basis(place, &item.basis);
            self.basis(place, &item.remedies_basis);
            if item.basis.is_empty() {
                self.at(
                    place,
                    item.id.start(),
                    format!("事项 {} 没有设定依据", item.id),
                    "basis = [{ law = \"…\", article = \"…\" }]",
                );
            }
            for programme in &item.programmes {
                self.refers(place, programme, &release.programmes);
            }
            self.refers(place, &item.form, &release.forms);
            if let Some(letter) = &item.result.letter {
                self.refers(place, letter, &release.letters);
            }
            if let Some(promised) = &item.promised {
                self.refers(place, promised, &release.parameters);
            }
            for way in &item.who_may_file {
                self.basis(place, &way.basis);
                if release.codelists.get("channel").is_some_and(|list| list.title_of(&way.channel).is_none())
                {
                    self.at(
                        place,
                        way.channel.start(),
                        format!("申请渠道 {} 不在代码表 channel 里", way.channel),
                        "代码表 channel 的代码",
                    );
                }
            }
            self.materials(item);
            self.unique(place, "环节", item.steps.iter().map(|step| &step.id));
            self.unique(place, "动作", item.actions.iter().map(|action| &action.id));
            self.unique(place, "时限", item.clocks.iter().map(|clock| &clock.id));
            for step in &item.steps {
                self.step(item, step);
            }
            for action in &item.actions {
                self.action(item, action);
            }
            for clock in &item.clocks {
                self.clock(item, clock);
            }
            self.ways(item);
            if let Some(confer) = &item.confer {
                self.basis(place, &confer.basis);
                self.refers(place, &confer.above, &release.parameters);
                if !item.entered().any(|register| *confer.register == *register) {
                    let message = format!("事项 {} 要先会商，却没有动作登记 {}", item.id, confer.register);
                    self.at(
                        place,
                        confer.register.start(),
                        message,
                        "某个动作的 effects 里有 { enter = { register = … } }",
                    );
                }
            }
            self.delegation(item);
            self.confidential_item(item);
        }
    }

    fn materials(&mut self, item: &Defined<Item>) {
        let place = &item.place;
        self.unique(place, "材料", item.materials.iter().map(|material| &material.id));
        for material in &item.materials {
            self.basis(place, &material.basis);
            match (&material.field, &material.fetched) {
                (Some(field), None) => {
                    if let Some(form) = self.release.forms.get(&item.form) {
                        let fields: Vec<&str> = form.fields().map(|(_, field)| field.id.as_str()).collect();
                        self.among(place, field, "表单字段", &fields);
                    }
                }
                (None, Some(fetched)) => {
                    if let Some(dataset) = &fetched.dataset {
                        self.refers(place, dataset, &self.release.datasets);
                    }
                }
                (Some(field), Some(_)) => {
                    let message = format!("材料 {} 可以查询，又向申请人要", material.id);
                    self.at(
                        place,
                        field.start(),
                        message,
                        "能核实的不得要求提供（社会救助法第六十二条）：去掉 field",
                    );
                }
                (None, None) => {
                    let message = format!("材料 {} 既不收也不查", material.id);
                    self.at(place, material.id.start(), message, "field = \"表单字段\" 或 fetched = { … }");
                }
            }
        }
    }

    fn step(&mut self, item: &Defined<Item>, step: &Step) {
        let place = &item.place;
        self.identifier(place, &step.id);
        if step.id == CLOSED {
            self.at(place, step.id.start(), format!("{CLOSED} 表示已办结，不能作环节的名字"), "换一个 id");
        }
        match (&step.role, step.level) {
            (None, Level::Applicant) => {}
            (None, _) => self.at(
                place,
                step.id.start(),
                format!("环节 {} 没有写由谁办", step.id),
                "role = \"岗位的 id\"",
            ),
            (Some(role), level) => {
                if self.refers(place, role, &self.release.roles)
                    && self.release.roles.get(role).is_some_and(|role| !role.levels.contains(&level))
                {
                    let message = format!("环节 {} 的级别没有岗位 {role}", step.id);
                    self.at(place, role.start(), message, "岗位的 levels 里有这一级");
                }
            }
        }
        if let Some(clock) = &step.clock {
            let clocks: Vec<&str> = item.clocks.iter().map(|clock| clock.id.as_str()).collect();
            self.among(place, clock, "时限", &clocks);
        }
    }

    fn action(&mut self, item: &Defined<Item>, action: &Action) {
        let place = &item.place;
        let release = self.release;
        self.identifier(place, &action.id);
        let steps: Vec<&str> = item.steps.iter().map(|step| step.id.as_str()).collect();
        let actions: Vec<&str> = item.actions.iter().map(|action| action.id.as_str()).collect();
        if action.at.is_empty() {
            self.at(
                place,
                action.id.start(),
                format!("动作 {} 不在任何环节", action.id),
                "at = [\"环节的 id\"]",
            );
        }
        for at in &action.at {
            if at != CLOSED {
                self.among(place, at, "环节", &steps);
            }
        }
        if let Some(to) = &action.to {
            self.among(place, to, "环节", &steps);
        }
        for other in &action.different_from {
            self.among(place, other, "动作", &actions);
            if *other == *action.id.get() {
                self.at(place, other.start(), format!("动作 {} 不能与自己不同人", action.id), "写另一个动作");
            }
        }
        if let Some(form) = &action.form {
            self.refers(place, form, &release.forms);
        }
        if let Some(reasons) = &action.reasons {
            self.refers(place, reasons, &release.codelists);
        }
        if action.when.is_some() != action.when_not.is_some() {
            let message = format!("动作 {} 的 when 与 when_not 要一起写", action.id);
            self.at(place, action.id.start(), message, "when = 条件，when_not = 不能办时给经办人员看的话");
        }
        let held =
            action.permission.right().is_none_or(|right| release.roles.iter().any(|role| role.holds(right)));
        if !held {
            self.at(
                place,
                action.id.start(),
                format!("没有岗位能做动作 {}", action.id),
                "某个 [[role]] 的 rights 里有这个权限",
            );
        }
        self.basis(place, &action.basis);
        self.effects(item, action);
    }

    fn effects(&mut self, item: &Defined<Item>, action: &Action) {
        let place = &item.place;
        let release = self.release;
        let ends = action.effects.iter().any(|effect| matches!(**effect, Effect::End(_)));
        if ends && action.to.is_some() {
            self.at(
                place,
                action.id.start(),
                format!("动作 {} 既办结又转到下一环节", action.id),
                "去掉 to，或者去掉 end",
            );
        }
        for effect in &action.effects {
            match effect.get() {
                Effect::Letter(letter) => {
                    self.refers(place, letter, &release.letters);
                }
                Effect::OpenNotice(notice) => {
                    self.refers(place, &notice.letter, &release.letters);
                    if notice.natural_days == 0 {
                        self.at(
                            place,
                            effect.start(),
                            format!("动作 {} 的公示期是0天", action.id),
                            "natural_days 至少 1",
                        );
                    }
                }
                Effect::RecordAbsence(absence) if absence.natural_days < AbsencePeriod::LEAST => {
                    let message =
                        format!("动作 {} 找不到人，公告只有 {} 天", action.id, absence.natural_days);
                    self.at(place, effect.start(), message, "natural_days 至少 7，不短于公示期");
                }
                Effect::Task(task) => {
                    let known = self.refers(place, &task.role, &release.roles);
                    if known
                        && release
                            .roles
                            .get(&task.role)
                            .is_some_and(|role| !role.levels.contains(&task.level))
                    {
                        self.at(
                            place,
                            task.role.start(),
                            format!("任务「{}」的级别没有岗位 {}", task.title, task.role),
                            "岗位的 levels 里有这一级",
                        );
                    }
                    if let Some(clock) = &task.clock {
                        let clocks: Vec<&str> = item.clocks.iter().map(|clock| clock.id.as_str()).collect();
                        self.among(place, clock, "时限", &clocks);
                    }
                }
                Effect::Draw(percent) => {
                    self.refers(place, percent, &release.parameters);
                }
                Effect::Enter(entry) => self.entry(item, action, entry),
                Effect::Extend(clock) => {
                    let clocks: Vec<&str> = item
                        .clocks
                        .iter()
                        .filter(|clock| clock.extend.is_some())
                        .map(|clock| clock.id.as_str())
                        .collect();
                    self.among(place, clock, "可以延长的时限", &clocks);
                    if action.reasons.is_none() {
                        self.at(
                            place,
                            effect.start(),
                            format!("动作 {} 延长期限，没有要求写理由", action.id),
                            "reasons = \"延长理由的代码表\"",
                        );
                    }
                }
                Effect::Reopen => {
                    if action.to.is_none() || action.at.iter().any(|at| *at != CLOSED) {
                        let message = format!("动作 {} 重新办理，没有写从办结回到哪个环节", action.id);
                        self.at(place, effect.start(), message, "at = [\"closed\"]，to = \"环节的 id\"");
                    }
                }
                Effect::Accept
                | Effect::OnceOnly
                | Effect::RecordFacts
                | Effect::RequestMeansTest
                | Effect::StartMeansTest
                | Effect::Publish
                | Effect::RecordComplaint
                | Effect::RecordSample
                | Effect::CloseNotice
                | Effect::RecordObjection
                | Effect::RecordAppraisal
                | Effect::RecordRelative
                | Effect::RecordHearing
                | Effect::RecordAbsence(_)
                | Effect::RecordVisit
                | Effect::ChangeMembers
                | Effect::RecordDeath
                | Effect::Move
                | Effect::Determine
                | Effect::Grant
                | Effect::Advance
                | Effect::Refuse
                | Effect::ChangeAmount
                | Effect::Continue
                | Effect::Taper
                | Effect::ReckonMonths
                | Effect::PostMonths
                | Effect::Stop
                | Effect::End(_) => {}
            }
            if matches!(
                effect.get(),
                Effect::RecordFacts
                    | Effect::RecordVisit
                    | Effect::RecordHearing
                    | Effect::RecordAbsence(_)
                    | Effect::RecordObjection
                    | Effect::ChangeMembers
                    | Effect::RecordDeath
                    | Effect::Move
            ) && action.form.is_none()
            {
                // The facts of a filed form may also be recorded by an action without a form of its own.
                if *effect.get() != Effect::RecordFacts {
                    self.at(
                        place,
                        effect.start(),
                        format!("动作 {} 要记录，却没有表单", action.id),
                        "form = \"表单的 id\"",
                    );
                }
            }
            self.takes_away(place, action, effect.get(), effect.start());
        }
    }

    /// Refusing, reducing and stopping need law that was read and a reason; reducing and stopping need a hearing.
    fn takes_away(&mut self, place: &Place, action: &Action, effect: &Effect, start: usize) {
        if !effect.takes_away() {
            return;
        }
        self.strong_basis(place, start, &format!("动作 {}", action.id), &action.basis);
        if action.gives(effect) {
            return;
        }
        if action.reasons.is_none() {
            self.at(
                place,
                start,
                format!("动作 {} 会拒绝、调减或停发，没有要求写理由", action.id),
                "reasons = \"理由的代码表\"",
            );
        }
        let letter = action.effects.iter().any(|one| matches!(**one, Effect::Letter(_)));
        if !letter {
            self.at(
                place,
                start,
                format!("动作 {} 会拒绝、调减或停发，没有书面告知", action.id),
                "effects 里加 { letter = \"…\" }（社会救助法第四十五条、第四十八条）",
            );
        }
        let heard = action.when.as_ref().is_some_and(|when| {
            when.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| word == "heard")
        });
        if *effect != Effect::Refuse && !heard {
            let message = format!("动作 {} 调减或停发前没有要求听取意见", action.id);
            self.at(place, start, message, "when = \"heard AND …\"（社会救助法第四十八条）");
        }
    }

    fn clock(&mut self, item: &Defined<Item>, clock: &Clock) {
        let place = &item.place;
        self.identifier(place, &clock.id);
        self.basis(place, &clock.basis);
        if clock.basis.is_empty() {
            self.at(
                place,
                clock.id.start(),
                format!("时限 {} 没有依据", clock.id),
                "basis = [{ law = \"…\", article = \"…\" }]",
            );
        }
        let actions: Vec<&str> = item.actions.iter().map(|action| action.id.as_str()).collect();
        // What only an office begins is found when it begins; where citizens file, no clock runs before acceptance.
        let begun = |start: &&crate::Reference| item.citizens_may_file || ***start != "filed";
        for action in clock.starts.iter().filter(begun).chain(&clock.ends) {
            self.among(place, action, "动作", &actions);
        }
        if clock.starts.is_empty() || clock.ends.is_empty() {
            self.at(
                place,
                clock.id.start(),
                format!("时限 {} 没有起点或终点", clock.id),
                "starts、ends 各至少一个动作",
            );
        }
        for step in item.steps.iter().filter(|step| step.level == Level::Applicant) {
            let starts = item
                .actions
                .iter()
                .filter(|action| clock.starts.iter().any(|start| *start == *action.id.get()));
            if starts.filter(|action| action.to.as_ref().is_some_and(|to| *to == *step.id.get())).count() > 0
            {
                let message = format!("时限 {} 从等待申请人的环节 {} 起算", clock.id, step.id);
                self.at(place, clock.id.start(), message, "补正在受理之前，不计时限");
            }
        }
        if clock.limit.is_some() == clock.working_days.is_some() {
            let message = format!("时限 {} 的长度要写一处", clock.id);
            self.at(
                place,
                clock.id.start(),
                message,
                "法律规定的写 limit = { working_days = 30 }，由各地规定的写 working_days = \"参数\"",
            );
        }
        if let Some(parameter) = &clock.working_days {
            self.refers(place, parameter, &self.release.parameters);
        }
        let Some(limit) = clock.limit else { return };
        let length = count(limit);
        if length == 0 {
            self.at(place, clock.id.start(), format!("时限 {} 的长度是0", clock.id), "至少 1");
        }
        if clock.warn_before >= length && length > 0 {
            self.at(
                place,
                clock.id.start(),
                format!("时限 {} 的预警不早于起点", clock.id),
                "warn_before 小于 limit",
            );
        }
        if let Some(extend) = &clock.extend {
            self.basis(place, &extend.basis);
            self.refers(place, &extend.reasons, &self.release.codelists);
            if extend.basis.is_empty() {
                self.at(
                    place,
                    clock.id.start(),
                    format!("时限 {} 的延长没有依据", clock.id),
                    "extend = { …, basis = […] }",
                );
            }
            let same_unit = std::mem::discriminant(&extend.to) == std::mem::discriminant(&limit);
            if !same_unit || count(extend.to) <= length {
                let message = format!("时限 {} 延长后不长于原来", clock.id);
                self.at(place, clock.id.start(), message, "to 用同样的单位，从起点算起，长于 limit");
            }
        }
    }

    /// Every step can be reached from the first, and from every step the case can end.
    fn ways(&mut self, item: &Defined<Item>) {
        let place = &item.place;
        let Some(first) = item.first_step() else {
            self.on(place, format!("事项 {} 没有环节", item.id), "至少一个 [[item.step]]");
            return;
        };
        let mut reached: HashSet<&str> = HashSet::from([first.id.as_str()]);
        let mut ending: HashSet<&str> = HashSet::new();
        loop {
            let before = (reached.len(), ending.len());
            for action in &item.actions {
                let ends = action.effects.iter().any(|effect| matches!(**effect, Effect::End(_)));
                let leads = action.to.as_ref().map(|to| to.as_str());
                for at in &action.at {
                    if reached.contains(at.as_str()) {
                        reached.extend(leads);
                    }
                    // A way out that only the applicant can take is no way out for the office.
                    let office = action.permission != Permission::Applicant;
                    if office && (ends || leads.is_some_and(|to| ending.contains(to))) {
                        ending.insert(at.as_str());
                    }
                }
            }
            if before == (reached.len(), ending.len()) {
                break;
            }
        }
        for step in &item.steps {
            if !reached.contains(step.id.as_str()) {
                self.at(
                    place,
                    step.id.start(),
                    format!("环节 {} 走不到", step.id),
                    "从前面的环节有动作 to 到这里",
                );
            }
            if !ending.contains(step.id.as_str()) {
                self.at(
                    place,
                    step.id.start(),
                    format!("到了环节 {} 的办件办不结", step.id),
                    "有动作通到 { end = \"…\" }，并且不只靠申请人撤回",
                );
            }
        }
    }

    fn delegation(&mut self, item: &Defined<Item>) {
        let Some(delegated) = &item.delegated else {
            return;
        };
        let place = &item.place;
        let release = self.release;
        self.basis(place, &delegated.basis);
        let start = delegated.role.start();
        if delegated.basis.is_empty() {
            self.at(
                place,
                start,
                format!("事项 {} 的权限下放没有依据", item.id),
                "basis = [{ law = \"…\", article = \"…\" }]",
            );
        }
        if delegated.parameter.is_some() == delegated.up_to.is_some() {
            let message = format!("事项 {} 的权限怎样下放要写一种", item.id);
            self.at(place, start, message, "整件下放写 parameter，按金额下放写 up_to");
        }
        for (named, kind, said, expected) in [
            (&delegated.parameter, ValueKind::Boolean, "应是是非", "type = \"boolean\" 的参数"),
            (&delegated.up_to, ValueKind::Money, "应是金额", "type = \"money\" 的参数"),
        ] {
            let Some(named) = named else { continue };
            if self.refers(place, named, &release.parameters)
                && release.parameters.get(named).is_some_and(|parameter| *parameter.kind != kind)
            {
                self.at(place, named.start(), format!("参数 {named} {said}"), expected);
            }
        }
        if let Some(sample) = &delegated.sample_percent {
            self.refers(place, sample, &release.parameters);
        }
        if let Some(clock) = &delegated.clock {
            let clocks: Vec<&str> = item.clocks.iter().map(|clock| clock.id.as_str()).collect();
            self.among(place, clock, "时限", &clocks);
        }
        if delegated.clock.is_some() != delegated.limit.is_some() {
            let message = format!("事项 {} 下放后的 clock 与 limit 要一起写", item.id);
            self.at(place, start, message, "clock = \"时限的 id\",limit = { working_days = 20 }");
        }
        let steps: Vec<&str> = item.steps.iter().map(|step| step.id.as_str()).collect();
        for step in &delegated.steps {
            self.among(place, step, "环节", &steps);
        }
        if self.refers(place, &delegated.role, &release.roles)
            && release.roles.get(&delegated.role).is_some_and(|role| !role.levels.contains(&delegated.level))
        {
            self.at(
                place,
                delegated.role.start(),
                format!("下放后的级别没有岗位 {}", delegated.role),
                "岗位的 levels 里有这一级",
            );
        }
    }
}

fn count(limit: Limit) -> u16 {
    match limit {
        Limit::WorkingDays(count) | Limit::NaturalDays(count) | Limit::Months(count) => count,
    }
}
