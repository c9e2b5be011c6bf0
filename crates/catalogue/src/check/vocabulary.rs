//! Laws, codelists, facts, data sets and letters.

use std::collections::HashMap;

use chrono::NaiveDate;

use super::Checker;
use crate::definition::{
    Absent, AnswerKind, Ask, CheckRule, Dataset, Declared, Fact, FactSource, Fills, Gather, LeadsOf, Limit,
    NightlyOf, Unit, ValueKind,
};
use crate::release::{Defined, Place};
use crate::shapes::{answer_name, declared_name};
use crate::{Located, Number, Reference};

impl Checker<'_> {
    pub(super) fn vocabulary(&mut self) {
        let release = self.release;
        for law in release.laws.iter() {
            self.unique(&law.place, "条文", law.articles.iter().map(|article| &article.number));
            if law.until.is_some_and(|until| until < law.in_force_from) {
                self.on(
                    &law.place,
                    format!("法规 {} 的失效日早于施行日", law.id),
                    "until 不早于 in_force_from",
                );
            }
        }
        for list in release.codelists.iter() {
            self.unique(&list.place, "代码", list.values.iter().map(|value| &value.code));
            if list.values.is_empty() {
                self.on(
                    &list.place,
                    format!("代码表 {} 是空的", list.id),
                    "至少一个 { code = \"…\", title = \"…\" }",
                );
            }
            for value in &list.values {
                self.basis(&list.place, &value.basis);
            }
        }
        for fact in release.facts.iter() {
            self.value_kind(&fact.place, &fact.id, fact.declared());
            for department in &fact.source {
                self.refers(&fact.place, department, &release.departments);
            }
            if fact.precedence.is_empty() {
                let expected = "precedence = [\"visit\", \"department\", \"declared\"]，可信的在前";
                self.at(
                    &fact.place,
                    fact.id.start(),
                    format!("指标项 {} 没有写哪个来源优先", fact.id),
                    expected,
                );
            }
            let asked = fact.precedence.iter().any(|source| **source == FactSource::Department);
            if !fact.source.is_empty() && !asked {
                let message = format!("指标项 {} 写了来源部门，precedence 里却没有 department", fact.id);
                self.at(&fact.place, fact.id.start(), message, "precedence 里加上 \"department\"");
            }
            self.absent(&fact.place, &fact.id, fact.absent, *fact.kind, fact.codelist.as_ref());
            if fact.absent == Absent::None && fact.min.as_ref().is_some_and(|min| **min > Number::new(0, 0)) {
                let message = format!("指标项 {} 的 absent = \"none\" 表示0，却小于 min", fact.id);
                self.at(&fact.place, fact.id.start(), message, "min = 0，或者 absent = \"unknown\"");
            }
        }
        for fact in release.facts.iter() {
            self.held(fact);
        }
        self.datasets();
        self.departments();
        for rule in release.check_rules.iter() {
            self.basis(&rule.place, &rule.basis);
            self.nightly(rule);
        }
        self.lead_clocks();
        for letter in release.letters.iter() {
            self.basis(&letter.place, &letter.basis);
            if release.file(&letter.place, &letter.template).is_none() {
                let message = format!("文书 {} 的模板 {} 不在配置包里", letter.id, letter.template);
                self.at(
                    &letter.place,
                    letter.template.start(),
                    message,
                    "包内的 .typ 文件，路径从配置包文件夹写起",
                );
            }
        }
    }

    fn absent(
        &mut self,
        place: &Place,
        id: &Located<String>,
        absent: Absent,
        kind: ValueKind,
        codelist: Option<&Located<String>>,
    ) {
        if absent != Absent::None {
            return;
        }
        match kind {
            ValueKind::Boolean | ValueKind::Integer | ValueKind::Decimal | ValueKind::Money => {}
            ValueKind::Code => {
                let list = codelist.and_then(|list| self.release.codelists.get(list));
                if list.is_some_and(|list| list.title_of("none").is_none()) {
                    let message = format!("{id} 的 absent = \"none\" 要求代码表里有 none");
                    self.at(
                        place,
                        id.start(),
                        message,
                        "代码表里加 { code = \"none\", … }，或者 absent = \"unknown\"",
                    );
                }
            }
            ValueKind::Date | ValueKind::Month | ValueKind::Text => {
                self.at(
                    place,
                    id.start(),
                    format!("{id} 是日期或文字，没有就是不知道"),
                    "absent = \"unknown\"",
                );
            }
        }
    }

    /// Type, codelist and bounds fit each other.
    pub(super) fn value_kind(&mut self, place: &Place, id: &Located<String>, declared: Declared<'_>) {
        let Declared { kind, codelist, min, max, .. } = declared;
        let numeric = matches!(**kind, ValueKind::Integer | ValueKind::Decimal | ValueKind::Money);
        match (**kind == ValueKind::Code, codelist) {
            (true, None) => self.at(
                place,
                kind.start(),
                format!("{id} 是代码，没有写代码表"),
                "codelist = \"代码表的 id\"",
            ),
            (false, Some(list)) => self.at(
                place,
                list.start(),
                format!("{id} 不是代码，不要写代码表"),
                "type = \"code\"，或者去掉 codelist",
            ),
            (true, Some(list)) => {
                self.refers(place, list, &self.release.codelists);
            }
            (false, None) => {}
        }
        match (numeric, min, max) {
            (true, Some(min), Some(max)) if **min > **max => {
                self.at(place, min.start(), format!("{id} 的 min {min} 大于 max {max}"), "min 不大于 max");
            }
            (true, Some(_), Some(_)) | (false, None, None) => {}
            (true, _, _) => {
                self.at(
                    place,
                    kind.start(),
                    format!("{id} 是数，没有写上下限"),
                    "min = …、max = …（编译时要证明存得下）",
                );
            }
            (false, _, _) => {
                self.at(place, kind.start(), format!("{id} 不是数，不要写上下限"), "去掉 min、max");
            }
        }
        for bound in [min, max].into_iter().flatten() {
            let scale = if **kind == ValueKind::Integer { 0 } else { 6 };
            if bound.scale() > scale {
                self.at(place, bound.start(), format!("{id} 是整数，界限 {bound} 有小数"), "整数");
            }
        }
    }

    /// What follows from the benefits that are held names programmes, and codes of its list.
    fn held(&mut self, fact: &Defined<Fact>) {
        let Some(held) = &fact.held else { return };
        let (place, release) = (&fact.place, self.release);
        let programmes = held.codes.iter().map(|held| &held.programme).chain(&held.sum);
        for programme in programmes {
            self.refers(place, programme, &release.programmes);
        }
        let list = fact.codelist.as_ref().and_then(|list| release.codelists.get(list));
        for code in held.codes.iter().map(|held| &held.code) {
            if list.is_none_or(|list| list.title_of(code).is_none()) {
                let message = format!("代码 {code} 不在指标项 {} 的代码表里", fact.id);
                self.at(place, code.start(), message, "codelist 里的代码");
            }
        }
        let fits = match *fact.kind {
            ValueKind::Code => !held.codes.is_empty() && held.sum.is_empty() && held.months.is_none(),
            ValueKind::Money => held.codes.is_empty() && !held.sum.is_empty(),
            _ => false,
        };
        if !fits || fact.absent != Absent::None {
            let message = format!("指标项 {} 不能这样从在册待遇得出", fact.id);
            let expected = "代码写 codes，金额写 sum（和 months），并且 absent = \"none\"";
            self.at(place, fact.id.start(), message, expected);
        }
    }

    /// What a department takes is a code to which some register addresses records.
    fn departments(&mut self) {
        let release = self.release;
        let lists = release.registers.iter().filter_map(|register| {
            let side = register.department.as_ref()?;
            release.codelists.get(register.field(&side.field)?.codelist.as_ref()?.as_str())
        });
        let codes: Vec<&str> =
            lists.flat_map(|list| list.values.iter().map(|code| code.code.as_str())).collect();
        for department in release.departments.iter() {
            for code in &department.takes {
                self.among(&department.place, code, "转介代码", &codes);
            }
        }
    }

    fn datasets(&mut self) {
        let release = self.release;
        for dataset in release.datasets.iter() {
            let place = &dataset.place;
            self.refers(place, &dataset.department, &release.departments);
            self.unique(place, "列", dataset.columns.iter().map(|column| &column.id));
            self.asks(dataset);
            if dataset.columns.is_empty() && dataset.asks.is_empty() {
                self.on(
                    place,
                    format!("核对数据 {} 既没有列，也没有询问", dataset.id),
                    "column = [{ … }] 或者 ask = [{ … }]",
                );
            }
            if !dataset.columns.is_empty() && dataset.columns.iter().all(|column| column.id != "citizen_id") {
                self.on(
                    place,
                    format!("核对数据 {} 没有身份证号列", dataset.id),
                    "一列 { id = \"citizen_id\", type = \"citizen_id\", required = true }",
                );
            }
            let names: Vec<&str> = dataset.columns.iter().map(|column| column.id.as_str()).collect();
            for column in &dataset.columns {
                if let Some(list) = &column.codelist {
                    self.refers(place, list, &release.codelists);
                }
            }
            for fact in &dataset.facts {
                self.refers(place, &fact.fact, &release.facts);
                match (&fact.column, fact.gather) {
                    (Some(column), _) => self.among(place, column, "列", &names),
                    (None, Gather::Count | Gather::Any) => {}
                    (None, Gather::Sum | Gather::Max | Gather::Last) => {
                        self.at(
                            place,
                            fact.fact.start(),
                            format!("由 {} 归集的 {} 没有写列", dataset.id, fact.fact),
                            "column = \"列的 id\"",
                        );
                    }
                }
            }
        }
    }

    /// Questions have the form of their answer, and a sum is asked only where an article needs it.
    fn asks(&mut self, dataset: &Defined<Dataset>) {
        let (place, release) = (&dataset.place, self.release);
        self.basis(place, &dataset.basis);
        self.unique(place, "询问", dataset.asks.iter().map(|ask| &ask.id));
        for parameter in [&dataset.limit, &dataset.valid, &dataset.every].into_iter().flatten() {
            if self.refers(place, parameter, &release.parameters)
                && release.parameters.get(parameter).is_some_and(|one| *one.kind != ValueKind::Integer)
            {
                self.at(
                    place,
                    parameter.start(),
                    format!("参数 {parameter} 不是整数"),
                    "type = \"integer\" 的参数",
                );
            }
        }
        if !dataset.asks.is_empty() && dataset.limit.is_none() {
            self.on(
                place,
                format!("核对数据 {} 有询问，没有写答复期限", dataset.id),
                "limit = \"参数的 id\"：没有期限的询问永远不会逾期",
            );
        }
        let names: Vec<&str> = dataset.columns.iter().map(|column| column.id.as_str()).collect();
        for ask in &dataset.asks {
            self.basis(place, &ask.basis);
            match (ask.kind, &ask.codelist) {
                (AnswerKind::Band, Some(list)) => {
                    self.refers(place, list, &release.codelists);
                }
                (AnswerKind::Band, None) => {
                    self.at(
                        place,
                        ask.id.start(),
                        format!("询问 {} 分档，没有写代码表", ask.id),
                        "codelist = \"代码表的 id\"",
                    );
                }
                (_, Some(list)) => {
                    self.at(
                        place,
                        list.start(),
                        format!("询问 {} 不分档，不要写代码表", ask.id),
                        "type = \"band\"，或者去掉 codelist",
                    );
                }
                (_, None) => {}
            }
            if ask.kind == AnswerKind::Amount && ask.basis.is_empty() {
                self.at(
                    place,
                    ask.id.start(),
                    format!("询问 {} 要问金额，没有写依据", ask.id),
                    "basis = [{ law = \"…\", article = \"…\" }]；不需要金额的，问是否或者分档",
                );
            }
            if let Some(column) = &ask.column {
                self.among(place, column, "列", &names);
            }
            if let Some(fills) = &ask.fills
                && self.refers(place, &fills.fact, &release.facts)
                && let Some(fact) = release.facts.get(&fills.fact)
            {
                self.fills(place, dataset, ask, fills, fact);
                self.compared(place, dataset, ask, fills);
            }
            let fits = match ask.gather {
                None => ask.column.is_none(),
                Some(Gather::Any) => ask.kind == AnswerKind::YesNo,
                Some(Gather::Sum | Gather::Max) => ask.kind == AnswerKind::Amount && ask.column.is_some(),
                Some(Gather::Last) => ask.column.is_some(),
                Some(Gather::Count) => false,
            };
            if !fits || (ask.gather.is_some() && dataset.columns.is_empty()) {
                self.at(
                    place,
                    ask.id.start(),
                    format!("询问 {} 不能这样从表格得出", ask.id),
                    "是否用 any；金额用 sum、max 并写 column；日期和分档用 last 并写 column",
                );
            }
        }
    }

    /// A rule that is asked every night reads a file, has a law behind it, and says of others for what they could file.
    fn nightly(&mut self, rule: &Defined<CheckRule>) {
        let Some(nightly) = &rule.nightly else { return };
        let release = self.release;
        for programme in &nightly.programmes {
            self.refers(&rule.place, programme, &release.programmes);
        }
        let from_file = release.datasets.iter().any(|dataset| {
            let mut asks = dataset.asks.iter().filter(|ask| ask.gather.is_some());
            asks.any(|ask| rule.when.contains(&answer_name(&dataset.id, &ask.id)))
        });
        let others = nightly.of == NightlyOf::Others;
        let wrong = if rule.points.is_some() || rule.basis.is_empty() {
            Some(("每夜比对的规则不计分，要写依据", "去掉 points，写上 basis"))
        } else if !from_file {
            Some(("没有读部门文件能回答的询问", "when 里用有 gather 的询问"))
        } else if others && (rule.on != Unit::Person || nightly.programmes.is_empty()) {
            Some(("比对不在册的人，要按人比对，并写明可以申请什么", "on = \"person\"，programmes = [\"…\"]"))
        } else {
            None
        };
        if let Some((what, mend)) = wrong {
            self.at(&rule.place, rule.id.start(), format!("核对规则 {}：{what}", rule.id), mend);
        }
    }

    /// A lead has one clock: its rule's, else its kind's.
    fn lead_clocks(&mut self) {
        let release = self.release;
        let mut taken: HashMap<(LeadsOf, &str), &str> = HashMap::new();
        for clock in release.lead_clocks.iter() {
            self.basis(&clock.place, &clock.basis);
            if let Some(parameter) = &clock.working_days {
                self.refers(&clock.place, parameter, &release.parameters);
            }
            let of = match clock.of {
                LeadsOf::Review => NightlyOf::Roll,
                LeadsOf::Unclaimed => NightlyOf::Others,
            };
            let nightly = |rule: &Reference| {
                let rule = release.check_rules.get(rule.as_str())?;
                rule.nightly.as_ref().map(|nightly| nightly.of)
            };
            let wrong = if clock.basis.is_empty() {
                Some(("没有写依据", "basis = [{ law = \"…\", article = \"…\" }]"))
            } else if matches!(clock.limit, Limit::WorkingDays(0) | Limit::NaturalDays(0) | Limit::Months(0))
            {
                Some(("长度是0", "至少 1"))
            } else if clock.rules.iter().any(|rule| nightly(rule) != Some(of)) {
                Some((
                    "rules 里有不产生这种线索的规则",
                    "有 nightly 的核对规则：review 的 of = \"roll\"，unclaimed 的 of = \"others\"",
                ))
            } else {
                None
            };
            if let Some((what, mend)) = wrong {
                self.at(&clock.place, clock.id.start(), format!("线索时限 {}{what}", clock.id), mend);
            }
            let rules: Vec<&str> = clock.rules.iter().map(|rule| rule.as_str()).collect();
            for rule in if rules.is_empty() { vec![""] } else { rules } {
                if let Some(other) = taken.insert((clock.of, rule), clock.id.as_str()) {
                    let message = format!("线索时限 {} 与 {other} 管的是同样的线索", clock.id);
                    self.at(&clock.place, clock.id.start(), message, "一种线索只有一个时限");
                }
            }
        }
    }

    /// An answer fills a fact of its own kind, which the department is a source of.
    fn fills(&mut self, place: &Place, dataset: &Dataset, ask: &Ask, fills: &Fills, fact: &Fact) {
        let list = |id: Option<&Reference>| id.and_then(|id| self.release.codelists.get(id.as_str()));
        let counts = matches!(*fact.kind, ValueKind::Integer | ValueKind::Money | ValueKind::Decimal);
        let fits = match (ask.kind, *fact.kind) {
            (AnswerKind::Amount, ValueKind::Money)
            | (AnswerKind::Date, ValueKind::Date)
            | (AnswerKind::YesNo, ValueKind::Boolean) => fills.yes.is_none(),
            (AnswerKind::YesNo, ValueKind::Integer) => fills.yes.is_some(),
            (AnswerKind::Band, ValueKind::Code) => fills.yes.is_none() && ask.codelist == fact.codelist,
            (AnswerKind::Band, ValueKind::Integer) => {
                fills.yes.is_none()
                    && list(ask.codelist.as_ref()).is_some_and(|list| {
                        list.values.iter().all(|code| code.code == "none" || code.code.parse::<i64>().is_ok())
                    })
            }
            _ => false,
        };
        // Of a family only what can be added up, or whether anybody's is so.
        let of_family = fact.on == Unit::Person || counts || *fact.kind == ValueKind::Boolean;
        // Only a sum of money over some months has a month's part, and only a fact of a month takes it.
        let monthly = fact.unit.as_deref().is_some_and(|unit| unit.ends_with("/月"));
        let parted =
            fills.months.is_none_or(|months| months > 1 && ask.kind == AnswerKind::Amount && monthly);
        if !fits || !of_family || !parted || (fills.at_least && !counts) {
            self.at(
                place,
                fills.fact.start(),
                format!("询问 {} 的答复不能这样填入 {}", ask.id, fills.fact),
                "金额填 money；是否填 boolean，或者写 yes = 1 填 integer；分档填同一代码表的 code 或者各档都是数字的 integer；at_least 只用于数；几个月的合计填每月的数写 months = 12",
            );
        }
        if !fact.source.contains(&dataset.department)
            || !fact.precedence.iter().any(|source| **source == FactSource::Department)
        {
            self.at(
                place,
                fills.fact.start(),
                format!("{} 没有把 {} 列为来源", fills.fact, dataset.department),
                "在这项事实的 source 写上部门，precedence 写上 \"department\"",
            );
        }
    }

    /// What an answer fills is compared with what was declared.
    fn compared(&mut self, place: &Place, dataset: &Dataset, ask: &Ask, fills: &Fills) {
        let (answered, declared) = (answer_name(&dataset.id, &ask.id), declared_name(&fills.fact));
        let compared = self.release.check_rules.iter().any(|rule| {
            rule.points.is_none() && rule.when.contains(&answered) && rule.when.contains(&declared)
        });
        if !compared {
            self.at(
                place,
                fills.fact.start(),
                format!("询问 {} 的答复填入 {}，没有核对规则把它与申报比对", ask.id, fills.fact),
                &format!("一条 [[check_rule]]，when 里有 {declared} 和 {answered}"),
            );
        }
    }

    /// From is not after until.
    pub(super) fn period(&mut self, place: &Place, start: usize, from: NaiveDate, until: Option<NaiveDate>) {
        if until.is_some_and(|until| until < from) {
            self.at(place, start, format!("截止日早于起始日 {from}"), "until 不早于 from");
        }
    }
}
