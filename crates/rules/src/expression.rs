//! A single expression: form validation, visibility of a field, an alert, a row of an indicator.

use std::collections::BTreeSet;

use crate::check::{Checker, Kind, Typed};
use crate::compiled::{Form, Node};
use crate::context::Context;
use crate::diagnostic::{Diagnostic, Part, Span};
use crate::eval::{Evaluator, Frames};
use crate::parser::parse;
use crate::reading::with_titles;
use crate::titles::Titles;
use crate::trace::{Missing, Read, Tracer};
use crate::types::{ParameterTypes, Shapes, Type};
use crate::value::{Record, Value};

/// A compiled expression over one shape.
#[derive(Debug, Clone)]
pub struct Expression {
    text: String,
    node: Node,
    titles: Titles,
}

impl Expression {
    /// Compiles `text` over the shape of this id; it must give the expected type (of a number only that it is one).
    pub fn compile(
        text: &str,
        shape: &str,
        shapes: &Shapes,
        parameters: &ParameterTypes,
        expected: &Type,
    ) -> Result<Expression, Vec<Diagnostic>> {
        let Some(unit) = shapes.get(shape) else {
            let diagnostic = Diagnostic::new(
                Span { start: 0, end: 0 },
                format!("没有叫 {shape} 的形状"),
                format!("there is no shape {shape}"),
            );
            return Err(vec![Diagnostic { part: Part::Programme, ..diagnostic }]);
        };
        let expr = parse(text).map_err(|diagnostic| vec![diagnostic])?;
        let (definitions, bound, diagnostics) = (&[][..], Vec::new(), Vec::new());
        let mut checker = Checker { shapes, unit, parameters, definitions, bound, diagnostics };
        let checked = match Typed::declared(expected, "").kind {
            Kind::Number => checker.number(&expr),
            Kind::Boolean => checker.boolean(&expr),
            wanted => checker.expected(&expr, &wanted),
        };
        match checked {
            Some((node, _)) if checker.diagnostics.is_empty() => {
                let titles = Titles::of([&node], shapes);
                Ok(Expression { text: text.to_owned(), node, titles })
            }
            _ => Err(checker.diagnostics),
        }
    }

    /// The expression as it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The tree it was compiled to.
    pub fn compiled(&self) -> &Node {
        &self.node
    }

    /// The expression in Chinese titles.
    pub fn reading(&self) -> String {
        with_titles(&self.node, &self.titles)
    }

    /// Its value for one record.
    pub fn evaluate(&self, record: &Record, context: &Context) -> Value {
        evaluator(context).value(&self.node, &Frames::unit(record)).into_value()
    }

    /// What it read for one record.
    pub fn reads(&self, record: &Record, context: &Context) -> Vec<Read> {
        let evaluator = evaluator(context);
        self.tracer(&evaluator, record).reads(&self.node)
    }

    /// The unknowns that keep it unknown for one record.
    pub fn missing(&self, record: &Record, context: &Context) -> Vec<Missing> {
        let evaluator = evaluator(context);
        self.tracer(&evaluator, record).missing(&self.node)
    }

    fn tracer<'a, 'e>(&'a self, evaluator: &'e Evaluator<'a>, record: &'a Record) -> Tracer<'a, 'e> {
        Tracer { evaluator, definitions: &[], record, titles: &self.titles }
    }

    /// Every field it may read, as (shape, field).
    pub fn facts(&self) -> BTreeSet<(String, String)> {
        let mut facts = BTreeSet::new();
        self.node.visit(&mut |node| {
            if let Form::Field(read) = &node.form {
                facts.insert((read.shape.clone(), read.id.clone()));
            }
        });
        facts
    }
}

fn evaluator(context: &Context) -> Evaluator<'_> {
    Evaluator { context, definitions: Vec::new() }
}
