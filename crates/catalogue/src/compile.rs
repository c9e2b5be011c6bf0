//! Everything of a release that is written in the rules language, compiled once: programmes, and the expressions of forms and actions.

use std::collections::HashMap;

use rules::{
    ConditionSource, DefinitionSource, Diagnostic, ParameterTypes, Part, ProgrammeSource, Shapes, Span, Type,
};

use crate::counted_shapes::{COUNTED_CASE, COUNTED_ENTITLEMENT, COUNTED_NEED, COUNTED_PAYMENT};
use crate::definition::{
    CheckRule, ConditionKind, Counted, Form, Indicator, Item, Programme, Register, Requirement, Side, Source,
    Unit,
};
use crate::release::{Defined, Place};
use crate::shapes::{self, CASE, HOUSEHOLD, PERSON, form_shape, record_shape};
use crate::{Expression, Finding, Release};

/// Compiled programmes and expressions.
#[derive(Debug, Clone, Default)]
pub(crate) struct Compiled {
    pub shapes: Shapes,
    pub parameters: ParameterTypes,
    pub programmes: HashMap<String, rules::Programme>,
    /// By the path of the definition, such as `form/dibao/home/address/visible`.
    pub expressions: HashMap<String, rules::Expression>,
}

impl Compiled {
    pub(crate) fn compile(release: &Release, findings: &mut Vec<Finding>) -> Self {
        let mut compiler = Compiler {
            release,
            findings,
            compiled: Self {
                shapes: shapes::shapes(release),
                parameters: shapes::parameter_types(release),
                ..Self::default()
            },
        };
        for programme in release.programmes.iter() {
            compiler.programme(programme);
        }
        for form in release.forms.iter() {
            compiler.form(form, &form.place);
        }
        for register in release.registers.iter() {
            compiler.register(register);
        }
        for indicator in release.indicators.iter() {
            compiler.indicator(indicator);
        }
        for item in release.items.iter() {
            compiler.item(item);
        }
        for rule in release.check_rules.iter() {
            compiler.check_rule(rule);
        }
        compiler.compiled
    }
}

/// The shape of what an indicator counts.
fn counted_shape(counted: &Counted) -> String {
    match counted.source() {
        Source::Person => shapes::RECORD_PERSON.to_owned(),
        Source::Case => COUNTED_CASE.to_owned(),
        Source::Entitlement => COUNTED_ENTITLEMENT.to_owned(),
        Source::Payment => COUNTED_PAYMENT.to_owned(),
        Source::Need => COUNTED_NEED.to_owned(),
        Source::Division | Source::Register(_) => Register::form_id(&counted.over),
    }
}

/// The shape of a unit.
pub(crate) fn unit_shape(unit: Unit) -> &'static str {
    match unit {
        Unit::Person => PERSON,
        Unit::Household => HOUSEHOLD,
    }
}

struct Compiler<'a> {
    release: &'a Release,
    findings: &'a mut Vec<Finding>,
    compiled: Compiled,
}

impl Compiler<'_> {
    fn programme(&mut self, programme: &Defined<Programme>) {
        let source = source_of(programme, self.release);
        match rules::Programme::compile(&source, &self.compiled.shapes, &self.compiled.parameters) {
            Ok(compiled) => {
                self.compiled.programmes.insert(programme.id.get().clone(), compiled);
            }
            Err(diagnostics) => {
                for diagnostic in diagnostics {
                    match located(programme, &diagnostic) {
                        Some((text, diagnostic)) => {
                            let line = self.release.line_in(&programme.place, text, &diagnostic);
                            self.report(&programme.place, line, &diagnostic);
                        }
                        None => self.report(&programme.place, programme.place.line, &diagnostic),
                    }
                }
            }
        }
        let id = programme.id.get().clone();
        let unit = unit_shape(programme.unit);
        for condition in &programme.conditions {
            if let Some(when) = &condition.when {
                self.expression(
                    format!("programme/{id}/{}/when", condition.id),
                    &programme.place,
                    when,
                    unit,
                    &Type::Boolean,
                );
            }
        }
        if let Some(coverage) = &programme.coverage {
            self.expression(
                format!("programme/{id}/coverage"),
                &programme.place,
                coverage,
                PERSON,
                &Type::Boolean,
            );
        }
        // What is wrong with it was said when the programme was compiled.
        if let Some(taper) = &programme.taper
            && self.compiled.programmes.contains_key(&id)
        {
            self.expression(format!("programme/{id}/taper"), &programme.place, taper, unit, &Type::number(0));
        }
    }

    fn form(&mut self, form: &Form, place: &Place) {
        let whole = form_shape(&form.id);
        for page in &form.pages {
            let path = format!("form/{}/{}", form.id, page.id);
            let shape = page
                .repeat
                .as_ref()
                .map_or_else(|| whole.clone(), |repeat| record_shape(&form.id, &repeat.of));
            if let Some(visible) = &page.visible {
                self.expression(format!("{path}/visible"), place, visible, &whole, &Type::Boolean);
            }
            if let Some(only) = page.repeat.as_ref().and_then(|repeat| repeat.only.as_ref()) {
                self.expression(format!("{path}/only"), place, only, &shape, &Type::Boolean);
            }
            for field in &page.fields {
                let path = format!("{path}/{}", field.id);
                if let Some(visible) = &field.visible {
                    self.expression(format!("{path}/visible"), place, visible, &shape, &Type::Boolean);
                }
                if let Requirement::When(required) = &field.required {
                    self.expression(format!("{path}/required"), place, required, &shape, &Type::Boolean);
                }
                for (index, validity) in field.valid.iter().enumerate() {
                    self.expression(
                        format!("{path}/valid/{index}"),
                        place,
                        &validity.expr,
                        &shape,
                        &Type::Boolean,
                    );
                }
            }
        }
    }

    fn register(&mut self, register: &Defined<Register>) {
        let release = self.release;
        let id = register.id.get();
        if let Some(form) = release.record_forms.get(id) {
            self.form(form, &register.place);
        }
        let (place, shape) = (&register.place, Register::form_id(id));
        for field in register.computed() {
            if let (Some(computed), Some(wanted)) = (&field.computed, shapes::record_type(field)) {
                let path = format!("register/{id}/computed/{}", field.id);
                self.expression(path, place, computed, &shape, &wanted);
            }
        }
        for transition in &register.transitions {
            if let Some(when) = &transition.when {
                let path = format!("register/{id}/transition/{}", transition.id);
                self.expression(path, place, when, &shape, &Type::Boolean);
            }
        }
        for duty in &register.duties {
            if let Some(when) = &duty.when {
                let path = format!("register/{id}/duty/{}", duty.id);
                self.expression(path, place, when, &shape, &Type::Boolean);
            }
        }
        for alert in &register.alerts {
            let path = format!("register/{id}/alert/{}", alert.id);
            self.expression(path, place, &alert.when, &shape, &Type::Boolean);
            for (index, graded) in alert.grades.iter().enumerate() {
                if let Some(when) = &graded.when {
                    let path = format!("register/{id}/alert/{}/grade/{index}", alert.id);
                    self.expression(path, place, when, &shape, &Type::Boolean);
                }
            }
        }
        let opens = register.department.as_ref().and_then(|side| side.opens.as_ref());
        for (index, suggestion) in opens.into_iter().flat_map(|opens| &opens.suggests).enumerate() {
            let path = format!("register/{id}/suggests/{index}");
            self.expression(path, place, &suggestion.when, unit_shape(Unit::Household), &Type::Boolean);
        }
        for found in &register.finds {
            let path = format!("register/{id}/found/{}", found.id);
            self.expression(path, place, &found.when, &shape, &Type::Boolean);
        }
        if let Some(fed) = &register.fed {
            let person = shapes::RECORD_PERSON;
            self.expression(format!("register/{id}/fed"), place, &fed.when, person, &Type::Boolean);
            for (index, from) in fed.from.iter().enumerate() {
                // One that is not there is said once, where it is named.
                if release.registers.get(&from.register).is_some() {
                    let path = format!("register/{id}/fed/{index}");
                    let shape = Register::form_id(&from.register);
                    self.expression(path, place, &from.when, &shape, &Type::Boolean);
                }
            }
            for (index, leaving) in fed.leaves.iter().enumerate() {
                if let Some(when) = &leaving.when {
                    let path = format!("register/{id}/leaves/{index}");
                    self.expression(path, place, when, person, &Type::Boolean);
                }
            }
        }
    }

    fn indicator(&mut self, indicator: &Defined<Indicator>) {
        for (side, counted) in indicator.sides() {
            let shape = counted_shape(counted);
            let path = |what: &str| format!("indicator/{}/{}/{what}", indicator.id, side.as_str());
            if let Some(when) = &counted.when {
                self.expression(path("where"), &indicator.place, when, &shape, &Type::Boolean);
            }
            if let Some(sum) = &counted.sum {
                self.expression(path("sum"), &indicator.place, sum, &shape, &shapes::added_type());
            }
        }
    }

    fn check_rule(&mut self, rule: &Defined<CheckRule>) {
        let shape = match rule.on {
            Unit::Person => shapes::CHECK_PERSON,
            Unit::Household => shapes::CHECK_HOUSEHOLD,
        };
        self.expression(format!("check_rule/{}", rule.id), &rule.place, &rule.when, shape, &Type::Boolean);
    }

    fn item(&mut self, item: &Defined<Item>) {
        for action in &item.actions {
            if let Some(when) = &action.when {
                self.expression(
                    format!("item/{}/{}/when", item.id, action.id),
                    &item.place,
                    when,
                    CASE,
                    &Type::Boolean,
                );
            }
        }
    }

    fn expression(&mut self, path: String, place: &Place, text: &Expression, shape: &str, wanted: &Type) {
        match rules::Expression::compile(
            text,
            shape,
            &self.compiled.shapes,
            &self.compiled.parameters,
            wanted,
        ) {
            Ok(compiled) => {
                self.compiled.expressions.insert(path, compiled);
            }
            Err(diagnostics) => {
                for diagnostic in diagnostics {
                    self.report_in(place, text, &diagnostic);
                }
            }
        }
    }

    fn report_in(&mut self, place: &Place, text: &Expression, diagnostic: &Diagnostic) {
        let line = self.release.line_in(place, text, diagnostic);
        self.report(place, line, diagnostic);
    }

    fn report(&mut self, place: &Place, line: usize, diagnostic: &Diagnostic) {
        let meant = diagnostic.suggestion.as_deref();
        let expected = meant.unwrap_or("规则语言的式子，见 docs/rules-language.md");
        let expected_en = meant.unwrap_or("an expression of the rules language, see docs/rules-language.md");
        let file = self.release.file_name(place);
        self.findings.push(
            Finding::error(file, line, format!("式子不对：{diagnostic}"), expected)
                .in_english(format!("wrong expression: {}", diagnostic.english()), expected_en),
        );
    }
}

/// What stands before the two texts of a condition that is only asked `when` something holds, and after them.
const ASKED: [&str; 3] = ["CASE WHEN ", " THEN ", " ELSE TRUE END"];

/// The text in the pack that a diagnostic of a programme speaks of, and the diagnostic with its place in that text.
pub(crate) fn located<'a>(
    programme: &'a Programme,
    diagnostic: &Diagnostic,
) -> Option<(&'a Expression, Diagnostic)> {
    let text = match &diagnostic.part {
        Part::Definition(id) => &programme.definitions.iter().find(|one| one.id == *id)?.expr,
        Part::Condition(id) => {
            let condition = programme.conditions.iter().find(|one| one.id == *id)?;
            let expr = condition.expr.as_ref()?;
            let Some(when) = &condition.when else { return Some((expr, diagnostic.clone())) };
            // It was compiled as one text around both.
            let length = |text: &str| text.chars().count();
            let when_at = length(ASKED[0]);
            let expr_at = when_at + length(when) + length(ASKED[1]);
            let (text, at) = if diagnostic.span.start >= expr_at { (expr, expr_at) } else { (when, when_at) };
            let within = |place: usize| place.saturating_sub(at).min(length(text));
            let span = Span { start: within(diagnostic.span.start), end: within(diagnostic.span.end) };
            return Some((text, Diagnostic { span, ..diagnostic.clone() }));
        }
        Part::Amount => &programme.amount.expr,
        Part::ReviewMonths => programme.review.as_ref()?,
        Part::TaperMonths => programme.taper.as_ref()?,
        Part::Expression | Part::Programme => return None,
    };
    Some((text, diagnostic.clone()))
}

/// The programme as the language takes it. A condition that is only asked `when` something holds is met otherwise.
pub(crate) fn source_of(programme: &Programme, release: &Release) -> ProgrammeSource {
    let definitions = programme.definitions.iter().map(|definition| DefinitionSource {
        id: definition.id.get().clone(),
        title: definition.title.clone(),
        expr: definition.expr.get().clone(),
        unit: definition.unit.clone(),
    });
    let conditions = programme.conditions.iter().map(|condition| {
        let kind = match (condition.kind, &condition.expr) {
            (ConditionKind::Expression, Some(expr)) => {
                rules::ConditionKind::Expression(match &condition.when {
                    Some(when) => format!("{}{when}{}{expr}{}", ASKED[0], ASKED[1], ASKED[2]),
                    None => expr.get().clone(),
                })
            }
            (ConditionKind::Finding, _) | (ConditionKind::Expression, None) => rules::ConditionKind::Finding,
        };
        let basis = condition.basis.iter().map(|basis| release.cite(basis)).collect();
        let (id, title, tapers) = (condition.id.get().clone(), condition.title.clone(), condition.tapers);
        ConditionSource { id, title, basis, kind, tapers }
    });
    ProgrammeSource {
        id: programme.id.get().clone(),
        title: programme.title.clone(),
        unit_shape: unit_shape(programme.unit).to_owned(),
        definitions: definitions.collect(),
        conditions: conditions.collect(),
        amount: Some(programme.amount.expr.get().clone()),
        amount_title: Some(format!("{}（{}）", programme.title, programme.amount.unit)),
        exclusion_group: Some(programme.exclusion_group.get().clone()),
        priority: Some(programme.priority),
        review_months: programme.review.as_ref().map(|review| review.get().clone()),
        taper_months: programme.taper.as_ref().map(|taper| taper.get().clone()),
        valid_from: programme.valid_from,
        valid_until: programme.valid_until,
        validity_basis: programme.basis.iter().map(|basis| release.cite(basis)).collect(),
    }
}

impl Release {
    /// The line of the file on which a diagnostic of an expression points.
    pub(crate) fn line_in(&self, place: &Place, text: &Expression, diagnostic: &Diagnostic) -> usize {
        let first = self.line(place, text.start());
        // A multi-line string begins on the line after its quotes.
        let opened =
            self.file(place, &place.path).and_then(|file| file.get(text.start()..)).unwrap_or_default();
        let skipped = usize::from(opened.starts_with("\"\"\"\n") || opened.starts_with("\"\"\"\r\n"));
        let (line, _) = diagnostic.position(text);
        first + skipped + line - 1
    }

    /// The shapes and codelists that expressions see.
    #[must_use]
    pub fn shapes(&self) -> &Shapes {
        &self.compiled.shapes
    }

    /// The parameters and tables that expressions may name.
    #[must_use]
    pub fn parameter_types(&self) -> &ParameterTypes {
        &self.compiled.parameters
    }

    /// A programme, ready to decide.
    #[must_use]
    pub fn rules(&self, programme: &str) -> Option<&rules::Programme> {
        self.compiled.programmes.get(programme)
    }

    /// Which person a programme covers: over `person`; none means everybody in the unit.
    #[must_use]
    pub fn coverage(&self, programme: &str) -> Option<&rules::Expression> {
        self.compiled.expressions.get(&format!("programme/{programme}/coverage"))
    }

    /// For how many months a programme tapers: over its unit.
    #[must_use]
    pub fn taper(&self, programme: &str) -> Option<&rules::Expression> {
        self.compiled.expressions.get(&format!("programme/{programme}/taper"))
    }

    /// When a condition is asked at all: over the programme's unit; none means always.
    #[must_use]
    pub fn condition_when(&self, programme: &str, condition: &str) -> Option<&rules::Expression> {
        self.compiled.expressions.get(&format!("programme/{programme}/{condition}/when"))
    }

    /// When a page is shown: over the form's shape; none means always.
    #[must_use]
    pub fn page_visible(&self, form: &str, page: &str) -> Option<&rules::Expression> {
        self.compiled.expressions.get(&format!("form/{form}/{page}/visible"))
    }

    /// For which records a repeated page is shown: over the record's shape; none means all.
    #[must_use]
    pub fn page_only(&self, form: &str, page: &str) -> Option<&rules::Expression> {
        self.compiled.expressions.get(&format!("form/{form}/{page}/only"))
    }

    /// When a field is shown; none means always. Over the record's shape on a repeated page, else over the form's.
    #[must_use]
    pub fn field_visible(&self, form: &str, page: &str, field: &str) -> Option<&rules::Expression> {
        self.compiled.expressions.get(&format!("form/{form}/{page}/{field}/visible"))
    }

    /// When a field must be answered, where that is an expression.
    #[must_use]
    pub fn field_required(&self, form: &str, page: &str, field: &str) -> Option<&rules::Expression> {
        self.compiled.expressions.get(&format!("form/{form}/{page}/{field}/required"))
    }

    /// What must hold of a field: the expression at an index of [`crate::definition::Field::valid`].
    #[must_use]
    pub fn field_valid(
        &self,
        form: &str,
        page: &str,
        field: &str,
        index: usize,
    ) -> Option<&rules::Expression> {
        self.compiled.expressions.get(&format!("form/{form}/{page}/{field}/valid/{index}"))
    }

    /// How a computed field of a register is worked out: over the register's shape.
    #[must_use]
    pub fn computed(&self, register: &str, field: &str) -> Option<&rules::Expression> {
        self.compiled.expressions.get(&format!("register/{register}/computed/{field}"))
    }

    /// When a transition may be done: over the register's shape; none means always.
    #[must_use]
    pub fn transition_when(&self, register: &str, transition: &str) -> Option<&rules::Expression> {
        self.compiled.expressions.get(&format!("register/{register}/transition/{transition}"))
    }

    /// For which records a duty recurs: over the register's shape; none means all that are open.
    #[must_use]
    pub fn duty_when(&self, register: &str, duty: &str) -> Option<&rules::Expression> {
        self.compiled.expressions.get(&format!("register/{register}/duty/{duty}"))
    }

    /// When an alert is raised: over the register's shape.
    #[must_use]
    pub fn alert_when(&self, register: &str, alert: &str) -> Option<&rules::Expression> {
        self.compiled.expressions.get(&format!("register/{register}/alert/{alert}"))
    }

    /// When an alert is of a grade, by its place among the alert's grades: over the register's shape; none means everything that is left.
    #[must_use]
    pub fn grade_when(&self, register: &str, alert: &str, index: usize) -> Option<&rules::Expression> {
        self.compiled.expressions.get(&format!("register/{register}/alert/{alert}/grade/{index}"))
    }

    /// For which families a department is proposed, by its place among the suggestions: over the household.
    #[must_use]
    pub fn suggestion_when(&self, register: &str, index: usize) -> Option<&rules::Expression> {
        self.compiled.expressions.get(&format!("register/{register}/suggests/{index}"))
    }

    /// When what was written becomes a record of another register: over the register's shape.
    #[must_use]
    pub fn found_when(&self, register: &str, found: &str) -> Option<&rules::Expression> {
        self.compiled.expressions.get(&format!("register/{register}/found/{found}"))
    }

    /// Who belongs in a register that the system feeds: over the person.
    #[must_use]
    pub fn fed_when(&self, register: &str) -> Option<&rules::Expression> {
        self.compiled.expressions.get(&format!("register/{register}/fed"))
    }

    /// Whose people belong in a register that the system feeds, by the place among those that feed it: over the register that they come from.
    #[must_use]
    pub fn fed_from_when(&self, register: &str, index: usize) -> Option<&rules::Expression> {
        self.compiled.expressions.get(&format!("register/{register}/fed/{index}"))
    }

    /// For whom a way out of a register that the system feeds is: over the person; none means everybody.
    #[must_use]
    pub fn leaves_when(&self, register: &str, index: usize) -> Option<&rules::Expression> {
        self.compiled.expressions.get(&format!("register/{register}/leaves/{index}"))
    }

    /// When a rule over declared and answered holds: over [`shapes::CHECK_PERSON`] or [`shapes::CHECK_HOUSEHOLD`].
    #[must_use]
    pub fn check_rule_when(&self, rule: &str) -> Option<&rules::Expression> {
        self.compiled.expressions.get(&format!("check_rule/{rule}"))
    }

    /// Which records a side of an indicator counts: over the shape of what it counts; none means all.
    #[must_use]
    pub fn counted_when(&self, indicator: &str, side: Side) -> Option<&rules::Expression> {
        self.compiled.expressions.get(&format!("indicator/{indicator}/{}/where", side.as_str()))
    }

    /// What a side of an indicator adds up; none means that it counts.
    #[must_use]
    pub fn counted_sum(&self, indicator: &str, side: Side) -> Option<&rules::Expression> {
        self.compiled.expressions.get(&format!("indicator/{indicator}/{}/sum", side.as_str()))
    }

    /// The form in which a record of a register is written.
    #[must_use]
    pub fn record_form(&self, register: &str) -> Option<&Form> {
        self.record_forms.get(register)
    }

    /// When an action may be done: over the `case` shape; none means always.
    #[must_use]
    pub fn action_when(&self, item: &str, action: &str) -> Option<&rules::Expression> {
        self.compiled.expressions.get(&format!("item/{item}/{action}/when"))
    }
}
