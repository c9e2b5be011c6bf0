//! What is probably not meant, although it compiles: conditions that always come out the same, bands that overlap or
//! leave a gap, definitions that nobody uses, amounts that might be negative, parameters that have no value. Each finding
//! points at the characters; none of them changes what a programme decides.

use std::collections::BTreeSet;

use crate::bounds::{Bounds, Constraint, Lets, Possible};
use crate::compiled::{Form, Function, Node, NodeType};
use crate::context::Context;
use crate::diagnostic::{Diagnostic, Part, Span};
use crate::interval::Interval;
use crate::negative::Signs;
use crate::programme::Programme;
use crate::types::Shapes;

/// What kind of thing is probably not meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LintKind {
    /// A condition, or a part of one, holds whenever it is known.
    AlwaysTrue,
    /// It never holds.
    AlwaysFalse,
    /// Two bands take the same value; the first wins.
    Overlap,
    /// A value falls between two bands, or into none.
    Gap,
    /// Nothing uses the definition.
    UnusedDefinition,
    /// The amount cannot be proven to be at least zero where the conditions are met.
    NegativeAmount,
    /// A parameter that is needed has no value there.
    NoValue,
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lint {
    /// Its kind.
    pub kind: LintKind,
    /// Where, what is odd, and what to do, as of an error.
    pub diagnostic: Diagnostic,
}

impl Programme {
    /// What is odd about the programme wherever it is used. The shapes are those it was compiled with.
    pub fn lints(&self, shapes: &Shapes) -> Vec<Lint> {
        let bounds = Bounds::new(self, None);
        let mut linter = Linter { programme: self, bounds: &bounds, shapes, found: Vec::new() };
        for (part, node) in self.texts() {
            linter.always(&part, node);
            linter.bands(&part, node);
        }
        linter.unused();
        linter.negative();
        linter.found
    }

    /// What is odd about it with the parameters of one place and day: bands made of parameters, and parameters that it
    /// needs and that have no value there.
    pub fn lints_in(&self, context: &Context, shapes: &Shapes) -> Vec<Lint> {
        let bounds = Bounds::new(self, Some(context));
        let mut linter = Linter { programme: self, bounds: &bounds, shapes, found: Vec::new() };
        let texts = self.texts();
        for (part, node) in &texts {
            linter.bands(part, node);
        }
        let mut asked = BTreeSet::new();
        for (part, node) in &texts {
            if !matches!(part, Part::Definition(_)) {
                linter.values(part, node, &mut asked);
            }
        }
        linter.found
    }

    /// Every text of the programme with its tree.
    fn texts(&self) -> Vec<(Part, &Node)> {
        let definitions = self.source.definitions.iter().zip(&self.definitions);
        let conditions = self.source.conditions.iter().zip(&self.conditions);
        let mut texts: Vec<(Part, &Node)> =
            definitions.map(|(source, node)| (Part::Definition(source.id.clone()), node)).collect();
        texts.extend(conditions.filter_map(|(source, node)| {
            Some((Part::Condition(source.id.clone()), node.as_ref()?))
                .filter(|_| source.id != crate::VALIDITY)
        }));
        texts.extend(self.amount.iter().map(|node| (Part::Amount, node)));
        texts.extend(self.review_months.iter().map(|node| (Part::ReviewMonths, node)));
        texts.extend(self.taper_months.iter().map(|node| (Part::TaperMonths, node)));
        texts
    }
}

struct Linter<'a> {
    programme: &'a Programme,
    bounds: &'a Bounds<'a>,
    shapes: &'a Shapes,
    found: Vec<Lint>,
}

impl<'a> Linter<'a> {
    fn say(&mut self, kind: LintKind, part: &Part, span: Span, zh: String, en: String) {
        let diagnostic = Diagnostic { part: part.clone(), ..Diagnostic::new(span, zh, en) };
        self.found.push(Lint { kind, diagnostic });
    }

    /// Booleans that always come out the same. A constant says so itself; a definition is spoken of in its own text.
    fn always(&mut self, part: &Part, node: &'a Node) {
        let plain = matches!(node.form, Form::Constant(_) | Form::Definition { .. });
        if node.ty == NodeType::Boolean && !plain {
            let (kind, zh, en) = match self.bounds.truth(node) {
                Some(true) => (LintKind::AlwaysTrue, "总是成立", "always holds"),
                Some(false) => (LintKind::AlwaysFalse, "总不成立", "never holds"),
                None => return self.inside(part, node),
            };
            let zh = format!("这个条件只要情况已知就{zh}，写了等于没写");
            self.say(kind, part, node.span, zh, format!("this condition {en} whenever it is known"));
            return;
        }
        self.inside(part, node);
    }

    fn inside(&mut self, part: &Part, node: &'a Node) {
        for child in node.children() {
            self.always(part, child);
        }
    }

    /// CASEs whose conditions are bands of one value.
    fn bands(&mut self, part: &Part, node: &'a Node) {
        if let Form::Case { operand, branches, otherwise } = &node.form {
            let spans: Vec<Span> = branches.iter().map(|(when, _)| when.span).collect();
            let found: Option<Vec<Constraint<'a>>> = match operand {
                None => branches.iter().map(|(when, _)| self.bounds.constraint(when, false)).collect(),
                Some(operand) => branches.iter().map(|(when, _)| self.equals(operand, when)).collect(),
            };
            if let Some(found) = found.filter(|found| found.windows(2).all(|two| two[0].of == two[1].of)) {
                let numbers: Option<Vec<Interval>> = found
                    .iter()
                    .map(|one| match &one.lets {
                        Lets::Numbers(interval) => Some(interval.clone()),
                        Lets::Texts(_) => None,
                    })
                    .collect();
                let texts: Option<Vec<&BTreeSet<String>>> = found
                    .iter()
                    .map(|one| match &one.lets {
                        Lets::Texts(texts) => Some(texts),
                        Lets::Numbers(_) => None,
                    })
                    .collect();
                match (found.first(), numbers, texts) {
                    (Some(first), Some(bands), _) => {
                        self.number_bands(part, node, first.of, &bands, &spans, otherwise.is_some());
                    }
                    (Some(first), _, Some(bands)) => {
                        self.text_bands(part, node, first.of, &bands, &spans, otherwise.is_some());
                    }
                    _ => {}
                }
            }
        }
        for child in node.children() {
            self.bands(part, child);
        }
    }

    /// A branch of `CASE x WHEN v`.
    fn equals(&self, operand: &'a Node, when: &'a Node) -> Option<Constraint<'a>> {
        let lets = match self.bounds.of(when) {
            Possible::Text(Some(texts)) if texts.len() == 1 => Lets::Texts(texts),
            Possible::Ordered(_) => {
                let value = self.bounds.exact(when)?;
                Lets::Numbers(Interval { low: Some((value.clone(), false)), high: Some((value, false)) })
            }
            _ => return None,
        };
        (!self.bounds.is_fixed(operand)).then_some(Constraint { of: operand, lets })
    }

    fn number_bands(
        &mut self,
        part: &Part,
        node: &'a Node,
        of: &'a Node,
        bands: &[Interval],
        spans: &[Span],
        has_else: bool,
    ) {
        let range = self.bounds.range(of);
        let all = Interval::within(&range);
        let bands: Vec<Interval> = bands.iter().map(|band| band.stepped(range.scale)).collect();
        for (index, band) in bands.iter().enumerate() {
            let reached = band.and(&all);
            if reached.without(&bands[..index]).is_empty() {
                let zh = "这一档永远轮不到：前面的档或取值范围已经占满".to_owned();
                let en =
                    "this band is never reached: earlier ones, or the bounds, leave nothing of it".to_owned();
                self.say(LintKind::Overlap, part, spans[index], zh, en);
                continue;
            }
            // Thresholds one after the other overlap by design; a band with an end of its own inside an earlier one does not.
            let written = |end: &Option<(crate::Rational, bool)>| end.is_some();
            let doubled = bands[..index].iter().find(|earlier| {
                let both = band.and(earlier);
                let inner_low = written(&band.low) && both.low == band.low;
                let inner_high = written(&band.high) && both.high == band.high && written(&earlier.low);
                !both.and(&all).is_empty() && (inner_low || inner_high)
            });
            if let Some(earlier) = doubled {
                let both = band.and(earlier).words();
                let zh = format!("这一档与前面的档重叠（{both}），重叠处按前面的算");
                let en = format!("this band overlaps an earlier one ({both}); there the earlier one counts");
                self.say(LintKind::Overlap, part, spans[index], zh, en);
            }
        }
        let ends = (
            bands
                .iter()
                .map(|band| band.low.clone())
                .reduce(|a, b| a.zip(b).map(|(a, b)| a.min(b)))
                .flatten(),
            bands
                .iter()
                .map(|band| band.high.clone())
                .reduce(|a, b| a.zip(b).map(|(a, b)| a.max(b)))
                .flatten(),
        );
        let between = Interval { low: ends.0, high: ends.1 };
        let wanted = if has_else { all.and(&between) } else { all };
        let holes: Vec<Interval> = wanted
            .without(&bands)
            .into_iter()
            .map(|hole| hole.stepped(range.scale))
            .filter(|hole| !hole.is_empty())
            .collect();
        if !holes.is_empty() {
            let words: Vec<String> = holes.iter().map(Interval::words).collect();
            let words = words.join("；");
            let (zh, en) = if has_else {
                (
                    format!("两档之间有空隙（{words}），落在其中的按 ELSE 算"),
                    format!("there is a gap between bands ({words}); it falls to ELSE"),
                )
            } else {
                (
                    format!("没有档管 {words}，又没有 ELSE，落在其中的结果未知"),
                    format!("no band takes {words}, and there is no ELSE: the result there is unknown"),
                )
            };
            self.say(LintKind::Gap, part, node.span, zh, en);
        }
    }

    fn text_bands(
        &mut self,
        part: &Part,
        node: &'a Node,
        of: &'a Node,
        bands: &[&BTreeSet<String>],
        spans: &[Span],
        has_else: bool,
    ) {
        let mut taken: BTreeSet<&String> = BTreeSet::new();
        for (band, span) in bands.iter().zip(spans) {
            let twice: Vec<&str> =
                band.iter().filter(|text| taken.contains(text)).map(String::as_str).collect();
            if !twice.is_empty() {
                let twice = twice.join("、");
                let zh = format!("{twice} 在前面的分支里已经写过，这里轮不到");
                self.say(
                    LintKind::Overlap,
                    part,
                    *span,
                    zh,
                    format!("{twice} is taken by an earlier branch"),
                );
            }
            taken.extend(band.iter());
        }
        let NodeType::Code(codelist) = &of.ty else { return };
        let Some(codes) = self.shapes.codelists.get(codelist).filter(|_| !has_else) else { return };
        let left: Vec<&str> = codes.keys().filter(|code| !taken.contains(code)).map(String::as_str).collect();
        if !left.is_empty() {
            let left = left.join("、");
            let zh = format!("代码 {left} 没有分支，又没有 ELSE，结果未知");
            let en = format!("no branch takes {left}, and there is no ELSE: the result there is unknown");
            self.say(LintKind::Gap, part, node.span, zh, en);
        }
    }

    fn unused(&mut self) {
        let mut used = BTreeSet::new();
        let mut open: Vec<&Node> = Vec::new();
        for (part, node) in self.programme.texts() {
            if !matches!(part, Part::Definition(_)) {
                open.push(node);
            }
        }
        while let Some(node) = open.pop() {
            node.visit(&mut |node| {
                if let Form::Definition { index, .. } = &node.form
                    && used.insert(*index)
                {
                    open.extend(self.programme.definitions.get(*index));
                }
            });
        }
        for (index, source) in self.programme.source.definitions.iter().enumerate() {
            if !used.contains(&index) {
                let part = Part::Definition(source.id.clone());
                let zh = format!("定义 {} 没有用到", source.id);
                let span = self.programme.definitions[index].span;
                self.say(
                    LintKind::UnusedDefinition,
                    &part,
                    span,
                    zh,
                    format!("definition {} is not used", source.id),
                );
            }
        }
    }

    fn negative(&mut self) {
        let Some(amount) = &self.programme.amount else { return };
        if !Signs::of(self.programme, self.bounds).not_negative(amount) {
            let zh = "不能证明金额不会是负数，请写 greatest(…, 0) 或者加上保证它的条件".to_owned();
            let en = "the amount cannot be proven not to be negative; write greatest(…, 0) or a condition that keeps it so";
            self.say(LintKind::NegativeAmount, &Part::Amount, amount.span, zh, en.to_owned());
        }
    }

    /// Parameters that the text needs here and that have no value; branches that are not taken here need nothing.
    fn values(&mut self, part: &Part, node: &'a Node, asked: &mut BTreeSet<String>) {
        match &node.form {
            Form::Parameter { id, title, .. } => {
                if self.bounds.of(node) == Possible::Nothing && asked.insert(format!("param.{id}")) {
                    let zh = format!("参数 {title}（param.{id}）没有值，用到它的结果会是未知");
                    let en = format!("param.{id} has no value; what needs it is unknown");
                    self.say(LintKind::NoValue, part, node.span, zh, en);
                }
            }
            Form::Lookup { id, title, key } => {
                let values = self.bounds.context.and_then(|context| context.tables.get(id));
                let wanted: BTreeSet<String> = match (self.bounds.of(key), &key.ty) {
                    (Possible::Text(Some(keys)), _) => keys,
                    (_, NodeType::Code(codelist)) => self
                        .shapes
                        .codelists
                        .get(codelist)
                        .into_iter()
                        .flatten()
                        .map(|(code, _)| code.clone())
                        .collect(),
                    _ => BTreeSet::new(),
                };
                let lacking: Vec<String> = wanted
                    .into_iter()
                    .filter(|key| values.is_none_or(|values| !values.contains_key(key)))
                    .collect();
                let none_at_all = values.is_none_or(std::collections::BTreeMap::is_empty);
                if (none_at_all || !lacking.is_empty()) && asked.insert(format!("table.{id}{lacking:?}")) {
                    let which =
                        if none_at_all { String::new() } else { format!("[{}]", lacking.join("、")) };
                    let zh = format!("参数表 {title}（table.{id}）{which} 没有值，用到它的结果会是未知");
                    let en = format!("table.{id}{which} has no value; what needs it is unknown");
                    self.say(LintKind::NoValue, part, node.span, zh, en);
                }
                self.values(part, key, asked);
            }
            Form::Definition { index, id, .. } => {
                if asked.insert(format!("definition {id}"))
                    && let Some(definition) = self.programme.definitions.get(*index)
                {
                    self.values(&Part::Definition(id.clone()), definition, asked);
                }
            }
            Form::And(parts) | Form::Or(parts) => {
                let settles = Some(matches!(node.form, Form::Or(_)));
                if parts.iter().all(|one| self.bounds.truth(one) != settles) {
                    parts.iter().for_each(|one| self.values(part, one, asked));
                }
            }
            Form::Call(Function::Coalesce, arguments) => {
                // All but the last may be missing; whoever wrote it said what then.
                let known = arguments.iter().find(|argument| {
                    self.bounds.is_fixed(argument) && self.bounds.of(argument) != Possible::Nothing
                });
                if let Some(argument) = known.or(arguments.last()) {
                    self.values(part, argument, asked);
                }
            }
            Form::IsNull { .. } => {}
            Form::Case { operand, branches, otherwise } => {
                if let Some(operand) = operand {
                    self.values(part, operand, asked);
                }
                for (when, then) in branches {
                    let taken = match operand {
                        None => self.bounds.truth(when),
                        Some(operand) => self.bounds.equal(operand, when),
                    };
                    self.values(part, when, asked);
                    if taken != Some(false) {
                        self.values(part, then, asked);
                    }
                    if taken == Some(true) {
                        return;
                    }
                }
                if let Some(otherwise) = otherwise {
                    self.values(part, otherwise, asked);
                }
            }
            _ => node.children().into_iter().for_each(|child| self.values(part, child, asked)),
        }
    }
}
