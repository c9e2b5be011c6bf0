//! A programme: definitions, conditions and an amount over one unit shape. It is compiled once and decides any number
//! of families.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::ast::{Expr, ExprKind};
use crate::check::{Checker, Kind, KnownDefinition, Typed};
use crate::compiled::{Compiled, CompiledCondition, CompiledDefinition, Form, Node};
use crate::diagnostic::{Diagnostic, Part, Span};
use crate::parser::{is_keyword, parse};
use crate::reading::Template;
use crate::titles::Titles;
use crate::types::{ParameterTypes, Shape, Shapes};

/// A programme as it is written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProgrammeSource {
    /// Id.
    pub id: String,
    /// Title for people.
    pub title: String,
    /// Id of the shape that is decided, such as `household`.
    pub unit_shape: String,
    /// Named values that conditions, the amount and other definitions may use.
    #[serde(default)]
    pub definitions: Vec<DefinitionSource>,
    /// All must be met.
    #[serde(default)]
    pub conditions: Vec<ConditionSource>,
    /// The amount in yuan; it is rounded to the fen.
    #[serde(default)]
    pub amount: Option<String>,
    /// What the amount is, for people.
    #[serde(default)]
    pub amount_title: Option<String>,
    /// Programmes of one group exclude each other.
    #[serde(default)]
    pub exclusion_group: Option<String>,
    /// The one with the smaller number goes first.
    #[serde(default)]
    pub priority: Option<i32>,
    /// After how many months the result is to be reviewed.
    #[serde(default)]
    pub review_months: Option<String>,
    /// For how many months the benefit goes on for one who no longer meets a condition that tapers.
    #[serde(default)]
    pub taper_months: Option<String>,
    /// First day of the law under which the programme is decided; before it nobody meets it.
    #[serde(default)]
    pub valid_from: Option<NaiveDate>,
    /// Last day.
    #[serde(default)]
    pub valid_until: Option<NaiveDate>,
    /// Articles of law that set the two days.
    #[serde(default)]
    pub validity_basis: Vec<String>,
}

impl ProgrammeSource {
    /// A programme of this id, title and unit shape with nothing in it.
    pub fn new(id: &str, title: &str, unit_shape: &str) -> ProgrammeSource {
        ProgrammeSource {
            id: id.to_owned(),
            title: title.to_owned(),
            unit_shape: unit_shape.to_owned(),
            definitions: Vec::new(),
            conditions: Vec::new(),
            amount: None,
            amount_title: None,
            exclusion_group: None,
            priority: None,
            review_months: None,
            taper_months: None,
            valid_from: None,
            valid_until: None,
            validity_basis: Vec::new(),
        }
    }
}

/// A named value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DefinitionSource {
    /// Id, by which expressions name it.
    pub id: String,
    /// Title for people.
    pub title: String,
    /// Its expression.
    pub expr: String,
    /// Unit for people, such as 元/人·月.
    #[serde(default)]
    pub unit: Option<String>,
}

/// A condition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConditionSource {
    /// Id.
    pub id: String,
    /// Title for people.
    pub title: String,
    /// Articles of law.
    #[serde(default)]
    pub basis: Vec<String>,
    /// How it is settled.
    pub kind: ConditionKind,
    /// One who no longer meets it tapers off instead of stopping at once.
    #[serde(default)]
    pub tapers: bool,
}

/// How a condition is settled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConditionKind {
    /// By an expression that is yes or no.
    Expression(String),
    /// By a named officer's recorded judgement.
    Finding,
}

/// A compiled programme.
#[derive(Debug, Clone)]
pub struct Programme {
    pub(crate) source: ProgrammeSource,
    /// By index in the source.
    pub(crate) definitions: Vec<Node>,
    /// Indices of the definitions, each after those it uses.
    pub(crate) order: Vec<usize>,
    /// `None` for a finding.
    pub(crate) conditions: Vec<Option<Node>>,
    pub(crate) amount: Option<Node>,
    pub(crate) review_months: Option<Node>,
    pub(crate) taper_months: Option<Node>,
    /// How they are written out: definitions, conditions, amount.
    pub(crate) told: Told,
    /// `param.id` and `table.id` that it may read.
    parameters: BTreeSet<String>,
}

/// Expressions ready to be written out, by index as the trees.
#[derive(Debug, Clone)]
pub(crate) struct Told {
    pub definitions: Vec<Template>,
    pub conditions: Vec<Option<Template>>,
    pub amount: Option<Template>,
    /// What the codes in them are called.
    pub titles: Titles,
}

impl Programme {
    /// Compiles a programme, or says everything that is wrong with it.
    pub fn compile(
        source: &ProgrammeSource,
        shapes: &Shapes,
        parameters: &ParameterTypes,
    ) -> Result<Programme, Vec<Diagnostic>> {
        let source = &with_validity(source);
        let Some(unit) = shapes.get(&source.unit_shape) else {
            let known: Vec<&str> = shapes.shapes.keys().map(String::as_str).collect();
            return Err(vec![head(
                format!("没有叫 {} 的形状，现有 {}", source.unit_shape, known.join("、")),
                format!("there is no shape {}", source.unit_shape),
            )]);
        };
        let mut compiler =
            Compiler { source, shapes, unit, parameters, known: Vec::new(), diagnostics: Vec::new() };
        compiler.names();
        let (definitions, order) = compiler.definitions();
        let conditions = compiler.conditions();
        let amount = compiler.amount();
        let review_months =
            compiler.months(source.review_months.as_deref(), &Part::ReviewMonths, "复核间隔", 1);
        let taper_months = compiler.months(source.taper_months.as_deref(), &Part::TaperMonths, "渐退期", 0);
        if !compiler.diagnostics.is_empty() {
            return Err(compiler.diagnostics);
        }
        let definitions: Vec<Node> = definitions.into_iter().flatten().collect();
        let trees = definitions.iter().chain(conditions.iter().flatten()).chain(&amount);
        let titles = Titles::of(trees, shapes);
        let template = |node: &Node| Template::of(node, &titles);
        let told = Told {
            definitions: definitions.iter().map(template).collect(),
            conditions: conditions.iter().map(|node| node.as_ref().map(template)).collect(),
            amount: amount.as_ref().map(template),
            titles,
        };
        let source = source.clone();
        let parameters = BTreeSet::new();
        let mut programme = Programme {
            source,
            definitions,
            order,
            conditions,
            amount,
            review_months,
            taper_months,
            told,
            parameters,
        };
        let mut read = BTreeSet::new();
        programme.visit(&mut |node| match &node.form {
            Form::Parameter { id, .. } => drop(read.insert(format!("param.{id}"))),
            Form::Lookup { id, .. } => drop(read.insert(format!("table.{id}"))),
            _ => {}
        });
        programme.parameters = read;
        Ok(programme)
    }

    /// The programme as it was written.
    pub fn source(&self) -> &ProgrammeSource {
        &self.source
    }

    /// The trees that the programme was compiled to.
    pub fn compiled(&self) -> Compiled<'_> {
        let ProgrammeSource { id, unit_shape, definitions, conditions, .. } = &self.source;
        let definitions = definitions.iter().zip(&self.definitions);
        let conditions = conditions.iter().zip(&self.conditions);
        Compiled {
            id,
            unit_shape,
            definitions: definitions
                .map(|(source, node)| CompiledDefinition { id: &source.id, title: &source.title, node })
                .collect(),
            order: &self.order,
            conditions: conditions
                .map(|(source, node)| CompiledCondition {
                    id: &source.id,
                    title: &source.title,
                    node: node.as_ref(),
                    tapers: source.tapers,
                })
                .collect(),
            amount: self.amount.as_ref(),
            review_months: self.review_months.as_ref(),
            taper_months: self.taper_months.as_ref(),
        }
    }

    /// Every field that the programme may read, as (shape, field).
    pub fn facts(&self) -> BTreeSet<(String, String)> {
        let mut facts = BTreeSet::new();
        self.visit(&mut |node| {
            if let Form::Field(read) = &node.form {
                facts.insert((read.shape.clone(), read.id.clone()));
            }
        });
        facts
    }

    /// Every parameter and table that the programme may read: `param.id`, `table.id`.
    pub fn parameters(&self) -> &BTreeSet<String> {
        &self.parameters
    }

    /// Each definition, condition and the amount in Chinese titles: (id, text). The amount's id is `amount`.
    pub fn reading(&self) -> Vec<(String, String)> {
        let definitions = self.source.definitions.iter().zip(&self.told.definitions);
        let conditions = self.source.conditions.iter().zip(&self.told.conditions);
        let formula = |told: &Template| told.formula.clone();
        definitions
            .map(|(source, told)| (source.id.clone(), told.formula.clone()))
            .chain(conditions.map(|(source, told)| {
                (source.id.clone(), told.as_ref().map_or("由经办人员认定".to_owned(), formula))
            }))
            .chain(self.told.amount.iter().map(|told| ("amount".to_owned(), told.formula.clone())))
            .collect()
    }

    /// Ids of the conditions that read nothing of anybody, only parameters and dates: they hold in a place and month for everybody or for
    /// nobody.
    pub fn month_conditions(&self) -> BTreeSet<&str> {
        let conditions = self.source.conditions.iter().zip(&self.conditions);
        let of_month =
            conditions.filter(|(_, node)| node.as_ref().is_some_and(|node| !self.reads_records(node)));
        of_month.map(|(source, _)| source.id.as_str()).collect()
    }

    fn reads_records(&self, node: &Node) -> bool {
        let mut reads = false;
        node.visit(&mut |node| match &node.form {
            Form::Field(_) | Form::Aggregate(_) => reads = true,
            Form::Definition { index, .. } => reads |= self.reads_records(&self.definitions[*index]),
            _ => {}
        });
        reads
    }

    fn visit(&self, visitor: &mut impl FnMut(&Node)) {
        let conditions = self.conditions.iter().flatten();
        let others = self.amount.iter().chain(&self.review_months).chain(&self.taper_months);
        for node in self.definitions.iter().chain(conditions).chain(others) {
            node.visit(visitor);
        }
    }
}

/// Id of the condition that a programme's own days make.
pub const VALIDITY: &str = "validity";

/// The programme with its days written as its first condition, so that whoever decides it (here, in vectors, in SQL)
/// need not know of them.
fn with_validity(source: &ProgrammeSource) -> ProgrammeSource {
    let mut source = source.clone();
    let from = source.valid_from.map(|from| format!("law_on >= DATE '{from}'"));
    let until = source.valid_until.map(|until| format!("law_on <= DATE '{until}'"));
    let expr: Vec<String> = from.into_iter().chain(until).collect();
    if !expr.is_empty() && source.conditions.iter().all(|condition| condition.id != VALIDITY) {
        let condition = ConditionSource {
            id: VALIDITY.to_owned(),
            title: "适用的法律在项目有效期内".to_owned(),
            basis: source.validity_basis.clone(),
            kind: ConditionKind::Expression(expr.join(" AND ")),
            tapers: false,
        };
        source.conditions.insert(0, condition);
    }
    source
}

fn head(zh: String, en: String) -> Diagnostic {
    Diagnostic { part: Part::Programme, ..Diagnostic::new(Span { start: 0, end: 0 }, zh, en) }
}

/// One compilation.
struct Compiler<'a> {
    source: &'a ProgrammeSource,
    shapes: &'a Shapes,
    unit: &'a Shape,
    parameters: &'a ParameterTypes,
    known: Vec<KnownDefinition>,
    diagnostics: Vec<Diagnostic>,
}

impl Compiler<'_> {
    /// Ids must be names, unlike each other and unlike the unit's fields.
    fn names(&mut self) {
        let mut seen = BTreeSet::new();
        for definition in &self.source.definitions {
            let id = definition.id.as_str();
            let mut refuse = |zh: String, en: String| {
                let part = Part::Definition(id.to_owned());
                self.diagnostics
                    .push(Diagnostic { part, ..Diagnostic::new(Span { start: 0, end: 0 }, zh, en) });
            };
            let is_name = matches!(parse(id), Ok(Expr { kind: ExprKind::Path(names), .. }) if names.len() == 1)
                && !is_keyword(id);
            if !is_name {
                refuse(format!("“{id}”不能作名称"), format!("“{id}” is not a name"));
            }
            if matches!(id, "month" | "law_on" | "known_at" | "param" | "table") {
                refuse(
                    format!("{id} 是语言自己的名称，请换一个"),
                    format!("{id} is a name of the language itself"),
                );
            }
            if self.unit.fields.contains_key(id) || self.unit.relations.contains_key(id) {
                let title = &self.unit.title;
                refuse(
                    format!("{id} 已是{title}的字段或关系，请换一个名称"),
                    format!("{id} is already a field or relation"),
                );
            }
            if !seen.insert(id) {
                refuse(format!("定义 {id} 写了两次"), format!("definition {id} stands twice"));
            }
        }
        if let (Some(from), Some(until)) = (self.source.valid_from, self.source.valid_until)
            && until < from
        {
            self.diagnostics.push(head(
                format!("有效期的末日 {until} 早于首日 {from}"),
                format!("the last day of validity, {until}, is before the first, {from}"),
            ));
        }
        let mut seen = BTreeSet::new();
        for condition in &self.source.conditions {
            if !seen.insert(condition.id.as_str()) {
                let id = &condition.id;
                let mut diagnostic =
                    head(format!("条件 {id} 写了两次"), format!("condition {id} stands twice"));
                diagnostic.part = Part::Condition(id.clone());
                self.diagnostics.push(diagnostic);
            }
        }
        if self.source.conditions.is_empty() {
            self.diagnostics
                .push(head("方案至少要有一个条件".to_owned(), "a programme needs a condition".to_owned()));
        }
    }

    fn parse(&mut self, part: &Part, text: &str) -> Option<Expr> {
        match parse(text) {
            Ok(expr) => Some(expr),
            Err(diagnostic) => {
                self.diagnostics.push(Diagnostic { part: part.clone(), ..diagnostic });
                None
            }
        }
    }

    fn check(&mut self, part: &Part, expr: &Expr, wanted: Wanted) -> Option<(Node, Typed)> {
        let mut checker = Checker {
            shapes: self.shapes,
            unit: self.unit,
            parameters: self.parameters,
            definitions: &self.known,
            bound: Vec::new(),
            diagnostics: Vec::new(),
        };
        let checked = match wanted {
            Wanted::Any => checker.check(expr),
            Wanted::Condition => checker.boolean(expr),
            Wanted::Number => checker.number(expr),
        };
        let found = std::mem::take(&mut checker.diagnostics);
        self.diagnostics
            .extend(found.into_iter().map(|diagnostic| Diagnostic { part: part.clone(), ..diagnostic }));
        checked
    }

    /// The definitions' trees by index (all there unless something was wrong), and the order to work them out in.
    fn definitions(&mut self) -> (Vec<Option<Node>>, Vec<usize>) {
        let sources = &self.source.definitions;
        let mut parsed = Vec::new();
        for definition in sources {
            parsed.push(self.parse(&Part::Definition(definition.id.clone()), &definition.expr));
            let DefinitionSource { id, title, unit, .. } = definition.clone();
            self.known.push(KnownDefinition { id, title, unit, typed: None });
        }
        let index_of: BTreeMap<&str, usize> =
            sources.iter().enumerate().map(|(index, definition)| (definition.id.as_str(), index)).collect();
        let uses: Vec<Vec<(usize, Span)>> = parsed
            .iter()
            .map(|expr| expr.as_ref().map(|expr| names_in(expr, &index_of)).unwrap_or_default())
            .collect();
        let order = self.order(&uses);
        let mut nodes: Vec<Option<Node>> = vec![None; sources.len()];
        for &index in &order {
            let Some(expr) = &parsed[index] else { continue };
            let part = Part::Definition(sources[index].id.clone());
            if let Some((node, typed)) = self.check(&part, expr, Wanted::Any) {
                if typed.kind == Kind::Null {
                    let zh = "这个定义总是未知";
                    let diagnostic = Diagnostic::new(expr.span, zh, "this definition is always unknown");
                    self.diagnostics.push(Diagnostic { part, ..diagnostic });
                }
                self.known[index].typed = Some(typed);
                nodes[index] = Some(node);
            }
        }
        (nodes, order)
    }

    /// Definitions, each after those it uses; circles are recorded as errors and left out.
    fn order(&mut self, uses: &[Vec<(usize, Span)>]) -> Vec<usize> {
        let mut order: Vec<usize> = Vec::new();
        loop {
            let ready = (0..uses.len()).find(|index| {
                !order.contains(index) && uses[*index].iter().all(|(used, _)| order.contains(used))
            });
            match ready {
                Some(index) => order.push(index),
                None => break,
            }
        }
        let Some(start) = (0..uses.len()).find(|index| !order.contains(index)) else { return order };
        // Each definition left uses another one left, so following them must come round.
        let mut walked: Vec<usize> = Vec::new();
        let mut at = start;
        while !walked.contains(&at) {
            walked.push(at);
            let next = uses[at].iter().find(|(used, _)| !order.contains(used));
            at = next.map_or(at, |(used, _)| *used);
        }
        let circle = &walked[walked.iter().position(|index| *index == at).unwrap_or(0)..];
        let name = |index: &usize| self.source.definitions[*index].id.clone();
        let words: Vec<String> = circle.iter().chain([&at]).map(name).collect();
        let words = words.join(" → ");
        let span = uses[at].iter().find(|(used, _)| !order.contains(used)).map(|(_, span)| *span);
        let diagnostic = Diagnostic::new(
            span.unwrap_or(Span { start: 0, end: 0 }),
            format!("定义绕成了圈：{words}"),
            format!("definitions go round in a circle: {words}"),
        );
        self.diagnostics.push(Diagnostic { part: Part::Definition(name(&at)), ..diagnostic });
        order
    }

    fn conditions(&mut self) -> Vec<Option<Node>> {
        let mut nodes = Vec::new();
        for condition in &self.source.conditions {
            let part = Part::Condition(condition.id.clone());
            nodes.push(match &condition.kind {
                ConditionKind::Finding => None,
                ConditionKind::Expression(text) => self
                    .parse(&part, text)
                    .and_then(|expr| self.check(&part, &expr, Wanted::Condition))
                    .map(|(node, _)| node),
            });
        }
        nodes
    }

    /// The amount; its range must prove that it fits an `i64` of fen.
    fn amount(&mut self) -> Option<Node> {
        let expr = self.parse(&Part::Amount, self.source.amount.as_deref()?)?;
        let (node, typed) = self.check(&Part::Amount, &expr, Wanted::Number)?;
        let refuse =
            |zh: String, en: String| Diagnostic { part: Part::Amount, ..Diagnostic::new(expr.span, zh, en) };
        match (&typed.range.min, &typed.range.max) {
            (Some(min), Some(max)) => {
                let fits = |bound: &crate::Rational| bound.round(2).to_scaled(2).is_some();
                if !fits(min) || !fits(max) {
                    self.diagnostics.push(refuse(
                        format!(
                            "金额可能达到 {} 到 {} 元，超出能存的范围；请收紧事实的上下限",
                            min.to_decimal(2),
                            max.to_decimal(2)
                        ),
                        format!(
                            "the amount may reach {} to {}, more than can be stored",
                            min.to_decimal(2),
                            max.to_decimal(2)
                        ),
                    ));
                }
            }
            _ => {
                let (zh, en) = if typed.boundless.is_empty() {
                    (
                        "除数可能任意接近零".to_owned(),
                        "a divisor may come arbitrarily close to zero".to_owned(),
                    )
                } else {
                    let paths = typed.boundless.join("、");
                    (format!("{paths} 没有写明上下限"), format!("{paths} has no bounds"))
                };
                self.diagnostics.push(refuse(
                    format!("不能证明金额存得下：{zh}"),
                    format!("the amount cannot be proven to fit: {en}"),
                ));
            }
        }
        Some(node)
    }

    /// An interval in whole months that is proven to be at least `least`.
    fn months(&mut self, text: Option<&str>, part: &Part, title: &str, least: i64) -> Option<Node> {
        let expr = self.parse(part, text?)?;
        let (node, typed) = self.check(part, &expr, Wanted::Number)?;
        let enough = typed.range.min.as_ref().is_some_and(|min| *min >= crate::Rational::from(least));
        if typed.range.scale != Some(0) || !enough {
            let diagnostic = Diagnostic::new(
                expr.span,
                format!("{title}要是不小于 {least} 的整数个月"),
                format!("this interval must be a whole number of months, at least {least}"),
            );
            self.diagnostics.push(Diagnostic { part: part.clone(), ..diagnostic });
        }
        Some(node)
    }
}

#[derive(Clone, Copy)]
enum Wanted {
    Any,
    Condition,
    Number,
}

/// The definitions that an expression names, and where.
fn names_in(expr: &Expr, index_of: &BTreeMap<&str, usize>) -> Vec<(usize, Span)> {
    let mut found = Vec::new();
    let mut open = vec![expr];
    while let Some(expr) = open.pop() {
        if let ExprKind::Path(names) = &expr.kind
            && let [only] = names.as_slice()
            && let Some(index) = index_of.get(only.text.as_str())
        {
            found.push((*index, expr.span));
        }
        open.extend(expr.children().into_iter().rev());
    }
    found
}
