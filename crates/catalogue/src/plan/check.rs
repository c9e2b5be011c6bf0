//! What must hold of a plan in a pack: every quote stands in the text, every value stands in its quote, every number is what the value
//! says, every relation leads to numbers.

use std::collections::HashMap;

use super::{PlanBook, numbers_said, squeezed};
use crate::definition::{PlanFigure, RelationKind};
use crate::release::Place;
use crate::{Finding, Located, PackFiles, line_of};

impl PlanBook {
    /// Everything that is wrong with it. `files` are those of its pack.
    pub(crate) fn check(&self, files: &PackFiles, findings: &mut Vec<Finding>) {
        let seed = files.files.get(self.plan.seed.as_str());
        let mut checker =
            Checker { files, text: seed.map(|text| squeezed(text)).unwrap_or_default(), findings };
        if seed.is_none() {
            let message = format!("规划原文 {} 不在配置包里", self.plan.seed);
            checker.at(&self.plan.place, self.plan.seed.start(), message, "在 pack.toml 的 [include] 里写明");
            return;
        }
        if self.plan.from > self.plan.until || self.plan.base_year > self.plan.until {
            checker.at(
                &self.plan.place,
                self.plan.id.start(),
                "规划的年份前后颠倒",
                "from、base_year 不晚于 until",
            );
        }
        checker.quote(&self.plan.place, &self.plan.source);
        self.check_ids(&mut checker);
        for one in &self.indicators {
            checker.quotes(&one.place, &one.source, one.row.as_ref());
            if let Some(remark) = &one.remark {
                checker.quote(&one.place, remark);
            }
            let single = [&one.baseline, &one.target, &one.achieved];
            let figures = single.into_iter().flatten().chain(&one.milestones).chain(&one.also);
            for figure in figures {
                checker.figure(&one.place, figure, &one.source, one.row.as_ref());
            }
            if one.baseline.is_none() && one.target.is_none() && one.achieved.is_none() {
                let message = format!("指标 {} 既没有基期值也没有目标值", one.id);
                checker.at(&one.place, one.id.start(), message, "baseline、target 或 achieved");
            }
        }
        for one in &self.projects {
            checker.quotes(&one.place, &one.source, one.row.as_ref());
            if let Some(content) = &one.content {
                checker.quote(&one.place, content);
            }
            if let Some(figure) = &one.quantity {
                checker.figure(&one.place, figure, &one.source, one.row.as_ref());
            }
            for milestone in &one.milestones {
                checker.quotes(&one.place, &milestone.source, milestone.row.as_ref());
                if let Some(figure) = &milestone.quantity {
                    checker.figure(&one.place, figure, &milestone.source, milestone.row.as_ref());
                }
            }
        }
        for one in &self.tasks {
            checker.quote(&one.place, &one.source);
        }
        for one in &self.achievements {
            checker.quote(&one.place, &one.source);
            if let Some(figure) = &one.figure {
                checker.figure(&one.place, figure, &one.source, None);
            }
        }
        for one in &self.standards {
            checker.quotes(&one.place, &one.source, one.row.as_ref());
            if let Some(figure) = &one.figure {
                checker.figure(&one.place, figure, &one.source, one.row.as_ref());
            }
        }
        for one in &self.documents {
            checker.quote(&one.place, &one.source);
            // The years of a document are those that its name prints.
            let said = numbers_said(&one.name);
            for year in [one.from, one.until].into_iter().flatten() {
                if !said.contains(&crate::Number::new(i64::from(year), 0)) {
                    let message = format!("「{}」里没有 {year}", one.name);
                    checker.at(&one.place, one.id.start(), message, "from、until 只写文件名称里印的年份");
                }
            }
        }
        self.check_relations(&mut checker);
        self.check_requirements(&mut checker);
        for (id, place) in self.served() {
            if self.indicator(id).is_none_or(|one| one.is_history()) {
                let message = format!("serves 的 {id} 不是本规划的指标");
                checker.at(place, id.start(), message, "一个 [[plan_indicator]] 的 id，上期指标除外");
            }
        }
    }

    fn check_ids(&self, checker: &mut Checker<'_>) {
        let mut first: HashMap<&str, usize> = HashMap::new();
        for (id, place) in self.ids() {
            let plain = id.starts_with(|first: char| first.is_ascii_lowercase())
                && id.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
            if !plain {
                let expected = "小写英文字母开头，只用小写字母、数字和下划线";
                checker.at(place, id.start(), format!("id「{id}」写法不对"), expected);
            }
            if let Some(line) = first.get(id.as_str()) {
                let message = format!("规划里 id {id} 重复，先写在第 {line} 行");
                checker.at(place, id.start(), message, "同一规划里各不相同");
            } else {
                first.insert(id, checker.line(place, id.start()));
            }
        }
    }

    fn check_requirements(&self, checker: &mut Checker<'_>) {
        let figures = self.figures();
        for one in &self.requirements {
            match (&one.document, &one.law) {
                (Some(document), None) => {
                    checker.quote(&one.place, &one.source);
                    if !self.documents.iter().any(|known| known.id == *document) {
                        let message = format!("上位文件 {document} 没有定义");
                        checker.at(&one.place, document.start(), message, "一个 [[plan_document]] 的 id");
                    }
                }
                (None, Some(_)) => {}
                _ => checker.at(
                    &one.place,
                    one.id.start(),
                    format!("要求 {} 没有写明由哪个文件提出", one.id),
                    "document（规划引用的文件）或者 law（法规），只写一个",
                ),
            }
            checker.value(&one.place, &one.figure, &one.source, &squeezed(&one.source));
            if one.entries.is_empty() {
                let message = format!("要求 {} 没有写明核对哪些数", one.id);
                checker.at(&one.place, one.id.start(), message, "entries = [\"指标的id.target\"]");
            }
            for reference in &one.entries {
                let Some(entry) = figures.get(reference.as_str()) else {
                    let message = format!("要求 {} 核对的 {reference} 不在规划里", one.id);
                    let expected = "指标值（id.baseline、id.target）、标准或项目的 id";
                    checker.at(&one.place, reference.start(), message, expected);
                    continue;
                };
                if one.unit.as_deref().is_some_and(|unit| entry.unit.is_some_and(|own| own != unit)) {
                    let message = format!(
                        "要求 {} 的单位是{}，{reference} 的单位是{}",
                        one.id,
                        one.unit.as_deref().unwrap_or_default(),
                        entry.unit.unwrap_or_default()
                    );
                    checker.at(&one.place, reference.start(), message, "单位相同的数");
                }
            }
        }
    }

    fn check_relations(&self, checker: &mut Checker<'_>) {
        let figures = self.figures();
        for one in &self.relations {
            if let Some(source) = &one.source {
                checker.quote(&one.place, source);
            }
            let named = [&one.part, &one.whole, &one.from, &one.to, &one.increase, &one.of];
            for reference in std::iter::once(&one.value).chain(&one.parts).chain(named.into_iter().flatten())
            {
                if figures.get(reference.as_str()).is_none_or(|entry| entry.figure.number.is_none()) {
                    let message = format!("关系 {} 用到的 {reference} 没有数", one.id);
                    let expected =
                        "有 number 的指标值（id.baseline、id.target、id.achieved）、成就、标准或项目的 id";
                    checker.at(&one.place, reference.start(), message, expected);
                }
            }
            let whole = match one.kind {
                RelationKind::Sum => !one.parts.is_empty(),
                RelationKind::Share => match (&one.whole, &one.whole_number) {
                    (Some(_), None) => one.part.is_some() || !one.parts.is_empty(),
                    (None, Some(count)) => **count > 0 && one.part.is_none(),
                    (None, None) | (Some(_), Some(_)) => false,
                },
                RelationKind::Growth => one.to.is_some() && (one.from.is_some() != one.increase.is_some()),
                RelationKind::Times => one.of.is_some() && one.factor.is_some(),
            };
            if !whole {
                let message = format!("关系 {} 写得不全", one.id);
                let expected = "sum：parts；share：part（parts）和 whole，或 whole_number；growth：to 和 from（或 increase）；times：of 和 factor";
                checker.at(&one.place, one.id.start(), message, expected);
            }
            if let (Some(count), Some(source)) = (&one.whole_number, &one.source)
                && !numbers_said(source).contains(&crate::Number::new(**count, 0))
            {
                checker.at(
                    &one.place,
                    count.start(),
                    format!("来源「{source}」里没有 {}", count.get()),
                    "引文要包含这个数",
                );
            }
        }
    }
}

struct Checker<'a> {
    files: &'a PackFiles,
    /// The plan's text, squeezed.
    text: String,
    findings: &'a mut Vec<Finding>,
}

impl Checker<'_> {
    fn line(&self, place: &Place, start: usize) -> usize {
        self.files.files.get(&place.path).map_or(place.line, |text| line_of(text, start))
    }

    fn at(&mut self, place: &Place, start: usize, zh: impl Into<String>, expected: impl Into<String>) {
        let line = self.line(place, start);
        self.findings.push(Finding::error(self.files.display(&place.path), line, zh, expected));
    }

    fn quotes(&mut self, place: &Place, source: &Located<String>, row: Option<&Located<String>>) {
        self.quote(place, source);
        if let Some(row) = row {
            self.quote(place, row);
        }
    }

    /// A quote stands in the text, white space aside.
    fn quote(&mut self, place: &Place, source: &Located<String>) {
        let wanted = squeezed(source);
        if wanted.is_empty() || !self.text.contains(&wanted) {
            self.at(
                place,
                source.start(),
                format!("引文「{source}」不在规划原文里"),
                "逐字引用原文，空白不计",
            );
        }
    }

    /// The printed value stands in the quote, and the number is what it says.
    fn figure(
        &mut self,
        place: &Place,
        figure: &PlanFigure,
        source: &Located<String>,
        row: Option<&Located<String>>,
    ) {
        let quote = figure.source.as_ref().unwrap_or(source);
        if figure.source.is_some() {
            self.quote(place, quote);
        }
        let mut within = squeezed(quote);
        if let (Some(row), None) = (row, &figure.source) {
            within += &squeezed(row);
        }
        self.value(place, figure, quote, &within);
    }

    /// The printed value stands in these words, and the number is what it says.
    fn value(&mut self, place: &Place, figure: &PlanFigure, quote: &Located<String>, within: &str) {
        let Some(printed) = &figure.printed else {
            if figure.number.is_some() {
                self.at(place, quote.start(), "有数却没有写原文印的是什么", "printed = \"原文里的写法\"");
            }
            return;
        };
        if !within.contains(&squeezed(printed)) {
            self.at(
                place,
                printed.start(),
                format!("引文「{quote}」里没有「{printed}」"),
                "引文要包含这个值",
            );
        }
        let mut said = numbers_said(printed);
        said.extend(figure.read.iter().flat_map(|read| numbers_said(read)));
        for number in [figure.number, figure.most].into_iter().flatten() {
            if !said.contains(&number) {
                let message = format!("「{printed}」读不出 {number}");
                self.at(
                    place,
                    printed.start(),
                    message,
                    "number 与 printed 一致；原文残缺或用文字表述的，在 read 里写明怎么读",
                );
            }
        }
        if figure.most.is_some_and(|most| figure.number.is_none_or(|least| most < least)) {
            self.at(place, printed.start(), format!("「{printed}」的上限小于下限"), "most 不小于 number");
        }
    }
}
