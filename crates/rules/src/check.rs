//! The type checker: binds every name to a field, definition, parameter or date, gives every node a type and a range,
//! and says in words what does not fit. Its result is the resolved tree.

use crate::ast::{Comparator, Expr, ExprKind, Operator};
use crate::compiled::{Form, Link, Node, NodeType};
use crate::diagnostic::{Diagnostic, Span, nearest};
use crate::names::Bound;
use crate::range::Range;
use crate::types::{ParameterTypes, Shape, Shapes, Type};
use crate::value::Value;

/// The type of an expression inside the checker: a field's type, or what a literal leaves open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `NULL`, which fits everywhere.
    Null,
    Boolean,
    Number,
    Date,
    Month,
    Text,
    /// Texts in quotes, any of which may be the value: codes or texts, as the other side wants.
    Literal(Vec<String>),
    Code(String),
}

impl Kind {
    pub(crate) fn zh(&self) -> String {
        match self {
            Kind::Null => "未知".to_owned(),
            Kind::Boolean => "是否".to_owned(),
            Kind::Number => "数".to_owned(),
            Kind::Date => "日期".to_owned(),
            Kind::Month => "月份".to_owned(),
            Kind::Text | Kind::Literal(_) => "文字".to_owned(),
            Kind::Code(codelist) => format!("代码（{codelist}）"),
        }
    }

    pub(crate) fn en(&self) -> String {
        match self {
            Kind::Null => "null".to_owned(),
            Kind::Boolean => "boolean".to_owned(),
            Kind::Number => "number".to_owned(),
            Kind::Date => "date".to_owned(),
            Kind::Month => "month".to_owned(),
            Kind::Text | Kind::Literal(_) => "text".to_owned(),
            Kind::Code(codelist) => format!("code of {codelist}"),
        }
    }
}

/// A type with what is known of the number.
#[derive(Debug, Clone)]
pub(crate) struct Typed {
    pub kind: Kind,
    pub range: Range,
    /// Paths of the facts and parameters without bounds that this number depends on.
    pub boundless: Vec<String>,
}

impl Typed {
    pub(crate) fn plain(kind: Kind) -> Typed {
        Typed { kind, range: Range::ANY, boundless: Vec::new() }
    }

    pub(crate) fn number(range: Range) -> Typed {
        Typed { kind: Kind::Number, range, boundless: Vec::new() }
    }

    pub(crate) fn with_boundless_of(mut self, others: &[&Typed]) -> Typed {
        for path in others.iter().flat_map(|other| &other.boundless) {
            if !self.boundless.contains(path) && self.boundless.len() < 5 {
                self.boundless.push(path.clone());
            }
        }
        self
    }

    /// The type as the compiled tree tells it.
    fn settled(&self) -> NodeType {
        match &self.kind {
            Kind::Null => NodeType::Unknown,
            Kind::Boolean => NodeType::Boolean,
            Kind::Number => NodeType::Number(self.range.clone()),
            Kind::Date => NodeType::Date,
            Kind::Month => NodeType::Month,
            Kind::Text | Kind::Literal(_) => NodeType::Text,
            Kind::Code(codelist) => NodeType::Code(codelist.clone()),
        }
    }

    /// The type of values declared as `ty`, read at `path`.
    pub(crate) fn declared(ty: &Type, path: &str) -> Typed {
        match ty {
            Type::Boolean => Typed::plain(Kind::Boolean),
            Type::Date => Typed::plain(Kind::Date),
            Type::Month => Typed::plain(Kind::Month),
            Type::Text => Typed::plain(Kind::Text),
            Type::Code { codelist } => Typed::plain(Kind::Code(codelist.clone())),
            Type::Number { scale, min, max } => {
                let range = Range { min: min.clone(), max: max.clone(), scale: Some(u32::from(*scale)) };
                let boundless = if range.is_bounded() { Vec::new() } else { vec![path.to_owned()] };
                Typed { kind: Kind::Number, range, boundless }
            }
        }
    }
}

/// A definition that the expression may name; `typed` is `None` if it was rejected itself.
#[derive(Debug, Clone)]
pub(crate) struct KnownDefinition {
    pub id: String,
    pub title: String,
    pub unit: Option<String>,
    pub typed: Option<Typed>,
}

/// Checks expressions of one unit shape; collects what is wrong.
pub(crate) struct Checker<'a> {
    pub shapes: &'a Shapes,
    pub unit: &'a Shape,
    pub parameters: &'a ParameterTypes,
    pub definitions: &'a [KnownDefinition],
    pub bound: Vec<Bound<'a>>,
    pub diagnostics: Vec<Diagnostic>,
}

/// `None` when something was wrong; the diagnostic is already recorded.
pub(crate) type Checked = Option<(Node, Typed)>;

/// The same before the node has its place.
pub(crate) type Formed = Option<(Form, Typed)>;

impl<'a> Checker<'a> {
    pub(crate) fn refuse(&mut self, diagnostic: Diagnostic) -> Formed {
        self.diagnostics.push(diagnostic);
        None
    }

    pub(crate) fn wrong_kind(
        &mut self,
        span: Span,
        wanted_zh: &str,
        wanted_en: &str,
        found: &Typed,
    ) -> Formed {
        let (zh, en) = (found.kind.zh(), found.kind.en());
        self.refuse(Diagnostic::new(
            span,
            format!("这里要{wanted_zh}，却是{zh}"),
            format!("expected {wanted_en}, found {en}"),
        ))
    }

    /// Checks an expression that must be a number.
    pub(crate) fn number(&mut self, expr: &Expr) -> Checked {
        let (node, typed) = self.check(expr)?;
        match typed.kind {
            Kind::Number => Some((node, typed)),
            Kind::Null => Some((node, Typed::number(Range::ANY))),
            _ => {
                self.wrong_kind(expr.span, "数", "a number", &typed);
                None
            }
        }
    }

    /// Checks an expression that must be yes or no.
    pub(crate) fn boolean(&mut self, expr: &Expr) -> Checked {
        let (node, typed) = self.check(expr)?;
        match typed.kind {
            Kind::Boolean | Kind::Null => Some((node, Typed::plain(Kind::Boolean))),
            _ => {
                self.wrong_kind(expr.span, "是否（条件）", "a condition", &typed);
                None
            }
        }
    }

    /// Checks an expression that must be of this kind.
    pub(crate) fn expected(&mut self, expr: &Expr, wanted: &Kind) -> Checked {
        let (node, typed) = self.check(expr)?;
        match self.unify(wanted, &typed.kind, expr.span)? {
            Some(_) => Some((node, typed)),
            None => {
                self.wrong_kind(expr.span, &wanted.zh(), &wanted.en(), &typed);
                None
            }
        }
    }

    /// The resolved tree and the type of an expression.
    pub(crate) fn check(&mut self, expr: &Expr) -> Checked {
        let (form, typed) = self.form(expr)?;
        Some((Node { form, ty: typed.settled(), span: expr.span }, typed))
    }

    fn form(&mut self, expr: &Expr) -> Formed {
        match &expr.kind {
            ExprKind::Null => Some((Form::Constant(Value::Unknown), Typed::plain(Kind::Null))),
            ExprKind::Boolean(value) => Some((Form::Constant((*value).into()), Typed::plain(Kind::Boolean))),
            ExprKind::Number(number) => {
                Some((Form::Constant(number.clone().into()), Typed::number(Range::exactly(number))))
            }
            ExprKind::Text(text) => {
                Some((Form::Constant(text.as_str().into()), Typed::plain(Kind::Literal(vec![text.clone()]))))
            }
            ExprKind::Date(date) => Some((Form::Constant((*date).into()), Typed::plain(Kind::Date))),
            ExprKind::Month(month) => Some((Form::Constant((*month).into()), Typed::plain(Kind::Month))),
            ExprKind::Path(names) => self.path(names, expr.span),
            ExprKind::Rows(_) => self.refuse(Diagnostic::new(
                expr.span,
                ".* 只能写在 count 里，如 count(members.*)",
                ".* may only stand in count, as in count(members.*)",
            )),
            ExprKind::Lookup { table, key } => self.lookup(table, key),
            ExprKind::Not(inner) => {
                let (node, typed) = self.boolean(inner)?;
                Some((Form::Not(Box::new(node)), typed))
            }
            ExprKind::Negate(inner) => {
                let (node, typed) = self.number(inner)?;
                let range = typed.range.negate();
                Some((Form::Negate(Box::new(node)), Typed { range, ..typed }))
            }
            ExprKind::And(parts) => self.logic(parts, Form::And),
            ExprKind::Or(parts) => self.logic(parts, Form::Or),
            ExprKind::Compare(comparator, left, right) => self.compare(*comparator, left, right),
            ExprKind::Chain { first, rest } => self.chain(first, rest),
            ExprKind::Between { value, low, high, negated } => {
                let (value, low, high) = (self.typed(value), self.typed(low), self.typed(high));
                let (value, low, high) = (value?, low?, high?);
                self.comparable(&value, &low, true)?;
                self.comparable(&value, &high, true)?;
                let [value, low, high] = [value, low, high].map(|side| Box::new(side.node));
                Some((Form::Between { value, low, high, negated: *negated }, Typed::plain(Kind::Boolean)))
            }
            ExprKind::In { value, list, negated } => {
                let value = self.typed(value);
                let list: Vec<_> = list.iter().map(|item| self.typed(item)).collect();
                let mut value = value?;
                let mut list = list.into_iter().collect::<Option<Vec<_>>>()?;
                for item in &mut list {
                    self.comparable(&value, item, false)?;
                    settle(&mut item.node, &value.typed.kind);
                    settle(&mut value.node, &item.typed.kind);
                }
                let list = list.into_iter().map(|item| item.node).collect();
                let value = Box::new(value.node);
                Some((Form::In { value, list, negated: *negated }, Typed::plain(Kind::Boolean)))
            }
            ExprKind::IsNull { value, negated } => {
                let (node, _) = self.check(value)?;
                let form = Form::IsNull { value: Box::new(node), negated: *negated };
                Some((form, Typed::plain(Kind::Boolean)))
            }
            ExprKind::Case { operand, branches, otherwise } => {
                self.case(operand.as_deref(), branches, otherwise.as_deref())
            }
            ExprKind::Call { function, arguments, filter } => {
                self.call(expr.span, function, arguments, filter.as_deref())
            }
        }
    }

    fn typed(&mut self, expr: &Expr) -> Option<Side> {
        let (node, typed) = self.check(expr)?;
        Some(Side { node, typed, span: expr.span })
    }

    fn logic(&mut self, parts: &[Expr], join: fn(Vec<Node>) -> Form) -> Formed {
        let parts: Vec<Checked> = parts.iter().map(|part| self.boolean(part)).collect();
        let parts: Vec<(Node, Typed)> = parts.into_iter().collect::<Option<_>>()?;
        let parts = parts.into_iter().map(|(node, _)| node).collect();
        Some((join(parts), Typed::plain(Kind::Boolean)))
    }

    fn compare(&mut self, comparator: Comparator, left: &Expr, right: &Expr) -> Formed {
        let (left, right) = (self.typed(left), self.typed(right));
        let (mut left, mut right) = (left?, right?);
        let ordered = !matches!(comparator, Comparator::Equal | Comparator::NotEqual);
        self.comparable(&left, &right, ordered)?;
        settle(&mut left.node, &right.typed.kind);
        settle(&mut right.node, &left.typed.kind);
        let form = Form::Compare(comparator, Box::new(left.node), Box::new(right.node));
        Some((form, Typed::plain(Kind::Boolean)))
    }

    /// Records what is wrong with comparing the two, if anything.
    fn comparable(&mut self, left: &Side, right: &Side, ordered: bool) -> Option<()> {
        let kind = self.unify(&left.typed.kind, &right.typed.kind, right.span)?;
        let Some(kind) = kind else {
            return self.mismatch(left, right);
        };
        if ordered && !matches!(kind, Kind::Number | Kind::Date | Kind::Month | Kind::Null) {
            let (zh, en) = (kind.zh(), kind.en());
            self.refuse(Diagnostic::new(
                left.span.to(right.span),
                format!("{zh}没有大小，只能用 =、<> 或 IN"),
                format!("{en} has no order; use =, <> or IN"),
            ));
            return None;
        }
        Some(())
    }

    /// The common kind; `Some(None)` if there is none, `None` if a code does not exist (recorded).
    pub(crate) fn unify(&mut self, a: &Kind, b: &Kind, span: Span) -> Option<Option<Kind>> {
        Some(Some(match (a, b) {
            (Kind::Null, other) | (other, Kind::Null) => other.clone(),
            (Kind::Literal(texts), Kind::Literal(more)) => Kind::Literal([texts.as_slice(), more].concat()),
            (Kind::Literal(_), Kind::Text) | (Kind::Text, Kind::Literal(_)) => Kind::Text,
            (Kind::Code(codelist), Kind::Literal(codes)) | (Kind::Literal(codes), Kind::Code(codelist)) => {
                for code in codes {
                    self.code_exists(codelist, code, span)?;
                }
                Kind::Code(codelist.clone())
            }
            (a, b) if a == b => a.clone(),
            _ => return Some(None),
        }))
    }

    /// Records an error unless `code` is of the list, or the list was not given.
    pub(crate) fn code_exists(&mut self, codelist: &str, code: &str, span: Span) -> Option<()> {
        let Some(codes) = self.shapes.codelists.get(codelist) else { return Some(()) };
        if codes.contains_key(code) {
            return Some(());
        }
        let by_title = codes.iter().find(|(_, title)| *title == code).map(|(code, _)| code.as_str());
        let near = by_title.or_else(|| nearest(code, codes.keys().map(String::as_str)));
        let mut diagnostic = Diagnostic::new(
            span,
            format!("代码表 {codelist} 里没有 '{code}'"),
            format!("code list {codelist} has no '{code}'"),
        );
        if let Some(near) = near {
            let title = &codes[near];
            diagnostic.zh += &format!("，是不是 '{near}'（{title}）？");
            diagnostic.en += &format!("; did you mean '{near}'?");
            diagnostic = diagnostic.suggest(format!("'{near}'"));
        }
        self.refuse(diagnostic);
        None
    }

    fn mismatch(&mut self, left: &Side, right: &Side) -> Option<()> {
        let (a, b) = (&left.typed.kind, &right.typed.kind);
        let mut diagnostic = Diagnostic::new(
            left.span.to(right.span),
            format!("{}和{}不能相比", a.zh(), b.zh()),
            format!("{} cannot be compared with {}", a.en(), b.en()),
        );
        let literal = match (a, b) {
            (Kind::Literal(texts), other) | (other, Kind::Literal(texts)) => {
                texts.first().map(|text| (text, other))
            }
            _ => None,
        };
        let hint = match (a, b) {
            _ if literal.is_some_and(|(_, other)| *other == Kind::Date) => {
                literal.map(|(text, _)| format!("DATE '{text}'"))
            }
            _ if literal.is_some_and(|(_, other)| *other == Kind::Month) => {
                literal.map(|(text, _)| format!("MONTH '{text}'"))
            }
            _ if literal.is_some_and(|(_, other)| *other == Kind::Number) => {
                literal.map(|(text, _)| text.clone())
            }
            (Kind::Date, Kind::Month) | (Kind::Month, Kind::Date) => {
                Some("month_of(…) 或 first_day(…)".to_owned())
            }
            _ => None,
        };
        if let Some(hint) = hint {
            diagnostic.zh += &format!("，是不是要写 {hint}？");
            diagnostic.en += &format!("; did you mean {hint}?");
            diagnostic = diagnostic.suggest(hint);
        }
        self.refuse(diagnostic);
        None
    }

    fn chain(&mut self, first: &Expr, rest: &[(Operator, Expr)]) -> Formed {
        let head = self.operand(first);
        let tail: Vec<Checked> = rest.iter().map(|(_, expr)| self.operand(expr)).collect();
        let (head, mut typed) = head?;
        let tail: Vec<(Node, Typed)> = tail.into_iter().collect::<Option<_>>()?;
        let mut links = Vec::new();
        for ((operator, _), (operand, other)) in rest.iter().zip(tail) {
            let (x, y) = (&typed.range, &other.range);
            let range = match operator {
                Operator::Add => x.add(y),
                Operator::Subtract => x.add(&y.negate()),
                Operator::Multiply => x.multiply(y),
                Operator::Divide => x.divide(y),
            };
            typed = Typed::number(range.clone()).with_boundless_of(&[&typed, &other]);
            links.push(Link { operator: *operator, operand, range });
        }
        Some((Form::Chain { first: Box::new(head), rest: links }, typed))
    }

    /// Checks an operand of `+ - * /`.
    fn operand(&mut self, expr: &Expr) -> Checked {
        let (node, typed) = self.check(expr)?;
        match typed.kind {
            Kind::Number => Some((node, typed)),
            Kind::Null => Some((node, Typed::number(Range::ANY))),
            Kind::Date | Kind::Month => {
                let (zh, en) = (typed.kind.zh(), typed.kind.en());
                self.refuse(Diagnostic::new(
                    expr.span,
                    format!("{zh}不能加减乘除，请用 add_months、months_between、days_between"),
                    format!("no arithmetic with a {en}; use add_months, months_between or days_between"),
                ));
                None
            }
            _ => {
                self.wrong_kind(expr.span, "数", "a number", &typed);
                None
            }
        }
    }

    /// The common type of several results (CASE, coalesce); the span is blamed for a result that does not fit.
    pub(crate) fn common(&mut self, results: &[(&Typed, Span)]) -> Option<Typed> {
        let mut common = Typed::plain(Kind::Null);
        for (typed, span) in results {
            let Some(kind) = self.unify(&common.kind, &typed.kind, *span)? else {
                let (zh, en) = (common.kind.zh(), common.kind.en());
                self.wrong_kind(*span, &format!("和前面一样的{zh}"), &format!("{en} like the others"), typed);
                return None;
            };
            let range = match (&common.kind, &typed.kind) {
                (Kind::Null, _) => typed.range.clone(),
                (_, Kind::Null) => common.range.clone(),
                _ => common.range.or(&typed.range),
            };
            common = Typed { kind, range, boundless: common.boundless }.with_boundless_of(&[typed]);
        }
        Some(common)
    }

    fn case(
        &mut self,
        operand: Option<&Expr>,
        branches: &[(Expr, Expr)],
        otherwise: Option<&Expr>,
    ) -> Formed {
        let against = match operand {
            Some(operand) => Some(self.typed(operand)?),
            None => None,
        };
        let mut nodes = Vec::new();
        let mut results = Vec::new();
        let mut sound = true;
        for (when, then) in branches {
            let condition = match &against {
                None => self.boolean(when).map(|(node, _)| node),
                Some(operand) => self
                    .typed(when)
                    .and_then(|side| self.comparable(operand, &side, false).map(|()| side.node))
                    .map(|mut node| {
                        settle(&mut node, &operand.typed.kind);
                        node
                    }),
            };
            match (condition, self.check(then)) {
                (Some(condition), Some((node, typed))) => {
                    nodes.push((condition, node));
                    results.push((typed, then.span));
                }
                _ => sound = false,
            }
        }
        let mut otherwise = match otherwise {
            None => None,
            Some(otherwise) => {
                let (node, typed) = self.check(otherwise)?;
                results.push((typed, otherwise.span));
                Some(node)
            }
        };
        if !sound {
            return None;
        }
        let borrowed: Vec<_> = results.iter().map(|(typed, span)| (typed, *span)).collect();
        let typed = self.common(&borrowed)?;
        let results = nodes.iter_mut().map(|(_, then)| then).chain(&mut otherwise);
        results.for_each(|result| settle(result, &typed.kind));
        let otherwise = otherwise.map(Box::new);
        let operand = against.map(|side| Box::new(side.node));
        Some((Form::Case { operand, branches: nodes, otherwise }, typed))
    }
}

/// Texts in quotes are codes of the list that they stand beside.
pub(crate) fn settle(node: &mut Node, beside: &Kind) {
    let Kind::Code(codelist) = beside else { return };
    if node.ty != NodeType::Text {
        return;
    }
    match &mut node.form {
        Form::Constant(_) => {}
        Form::Case { branches, otherwise, .. } => {
            let results = branches.iter_mut().map(|(_, then)| then).chain(otherwise.as_deref_mut());
            results.for_each(|result| settle(result, beside));
        }
        Form::Call(_, arguments) => arguments.iter_mut().for_each(|argument| settle(argument, beside)),
        // A definition that is one of several texts has said its type already.
        _ => return,
    }
    node.ty = NodeType::Code(codelist.clone());
}

struct Side {
    node: Node,
    typed: Typed,
    span: Span,
}
