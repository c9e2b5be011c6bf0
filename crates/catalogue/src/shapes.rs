//! The shapes that the rules language sees: person and household with the pack's facts, the case at the desk, and one shape (or two) for
//! each form.

use rules::{ParameterTypes, Rational, Shape, Shapes, TableType, Type, Value};

use crate::case_fields::CASE_FIELDS;
use crate::definition::{
    Absent, AnswerKind, Ask, Declared, Fact, Field, FieldKind, Form, Register, Scalar, Table, Target, Unit,
    ValueKind,
};
use crate::{Located, Number, Release};

/// Id of the shape of a person.
pub const PERSON: &str = "person";
/// Id of the shape of a household.
pub const HOUSEHOLD: &str = "household";
/// Id of the shape of a case.
pub const CASE: &str = "case";

/// Id of the shape of a person as declared and as departments answered.
pub const CHECK_PERSON: &str = "check.person";
/// Id of the shape of a household as declared and as departments answered.
pub const CHECK_HOUSEHOLD: &str = "check.household";

/// Id of the shape of a person that a record of a register points at.
pub const RECORD_PERSON: &str = "register.person";
/// Id of the shape of a household that a record of a register points at.
pub const RECORD_HOUSEHOLD: &str = "register.household";
/// The member of a household of a record's who died last, as a person.
pub const LAST_DEAD: &str = "last_dead";

/// Id of the shape of a form; the form of a register has the register's own.
#[must_use]
pub fn form_shape(form: &str) -> String {
    if form.starts_with("register.") { form.to_owned() } else { format!("form.{form}") }
}

/// Id of the code list of a register's states.
#[must_use]
pub fn state_codelist(register: &str) -> String {
    format!("register.{register}.state")
}

/// Id of the shape of the records that a form makes or goes over.
#[must_use]
pub fn record_shape(form: &str, of: &str) -> String {
    format!("{}.{of}", form_shape(form))
}

/// The exact number for the language.
#[must_use]
pub fn rational(number: Number) -> Rational {
    number.to_string().parse().expect("an exact decimal is a rational")
}

/// The type of what indicators add up: four places, as they are kept.
pub(crate) fn added_type() -> Type {
    number_type(4, None, None)
}

fn number_type(scale: u32, min: Option<&Located<Number>>, max: Option<&Located<Number>>) -> Type {
    let bound = |bound: Option<&Located<Number>>| bound.map(|number| rational(*number.get()));
    Type::Number { scale: u8::try_from(scale).unwrap_or(6), min: bound(min), max: bound(max) }
}

/// The type of declared values in the language.
#[must_use]
pub fn declared_type(declared: Declared<'_>) -> Type {
    let codelist = declared.codelist.map(|id| id.as_str());
    plain_type(*declared.kind.get(), codelist, declared.scale, declared.min, declared.max)
}

fn plain_type(
    kind: ValueKind,
    codelist: Option<&str>,
    scale: Option<u32>,
    min: Option<&Located<Number>>,
    max: Option<&Located<Number>>,
) -> Type {
    match kind {
        ValueKind::Boolean => Type::Boolean,
        ValueKind::Integer => number_type(0, min, max),
        ValueKind::Decimal => number_type(scale.unwrap_or(2), min, max),
        ValueKind::Money => number_type(2, min, max),
        ValueKind::Date => Type::Date,
        ValueKind::Month => Type::Month,
        ValueKind::Code => Type::code(codelist.unwrap_or_default()),
        ValueKind::Text => Type::Text,
    }
}

fn table_type(table: &Table) -> TableType {
    TableType {
        title: table.title.clone(),
        key: Type::code(&table.key),
        value: declared_type(table.declared()),
    }
}

/// What a missing fact means once its source was asked: zero, no, code `none`, or unknown.
#[must_use]
pub fn absent_value(fact: &Fact) -> Value {
    match (fact.absent, *fact.kind) {
        (Absent::Unknown, _) => Value::Unknown,
        (Absent::None, ValueKind::Boolean) => Value::Boolean(false),
        (Absent::None, ValueKind::Integer | ValueKind::Decimal | ValueKind::Money) => Value::from(0),
        (Absent::None, ValueKind::Code) => Value::from("none"),
        (Absent::None, ValueKind::Date | ValueKind::Month | ValueKind::Text) => Value::Unknown,
    }
}

/// A written value as a value of the type, or what is wrong with it, in Chinese.
pub(crate) fn value_of(scalar: &Scalar, ty: &Type, shapes: &Shapes) -> Result<Value, String> {
    let json = match scalar {
        Scalar::Boolean(flag) => serde_json::Value::Bool(*flag),
        Scalar::Number(number) => serde_json::Value::String(number.to_string()),
        Scalar::Date(date) => serde_json::Value::String(date.to_string()),
        Scalar::Text(text) => serde_json::Value::String(text.clone()),
    };
    rules::read_value(&json, ty, shapes)
}

/// The type of a form field's answer; none where rules cannot read it.
#[must_use]
pub fn answer_type(field: &Field) -> Option<Type> {
    let (min, max) = (field.min.as_ref(), field.max.as_ref());
    Some(match *field.kind {
        FieldKind::YesNo | FieldKind::Statement => Type::Boolean,
        FieldKind::Choice => Type::code(field.codelist.as_ref().map_or("", |id| id.as_str())),
        FieldKind::Date => Type::Date,
        FieldKind::Month => Type::Month,
        FieldKind::Money | FieldKind::Decimal => number_type(2, min, max),
        FieldKind::Integer => number_type(0, min, max),
        FieldKind::Text
        | FieldKind::Textarea
        | FieldKind::PersonName
        | FieldKind::CitizenId
        | FieldKind::Phone
        | FieldKind::BankAccount
        | FieldKind::Division
        | FieldKind::MemberRef
        | FieldKind::Point
        | FieldKind::Line => Type::Text,
        FieldKind::Choices
        | FieldKind::File
        | FieldKind::Files
        | FieldKind::Signature
        | FieldKind::Person
        | FieldKind::Household
        | FieldKind::Organisation
        | FieldKind::Facility
        | FieldKind::Place
        | FieldKind::Record => return None,
    })
}

/// The type of a register's field; decimals are kept with six places.
#[must_use]
pub fn record_type(field: &Field) -> Option<Type> {
    match *field.kind {
        FieldKind::Decimal => Some(number_type(6, field.min.as_ref(), field.max.as_ref())),
        _ => answer_type(field),
    }
}

fn target_shape(target: Target<'_>) -> String {
    match target {
        Target::Person => RECORD_PERSON.to_owned(),
        Target::Household => RECORD_HOUSEHOLD.to_owned(),
        Target::Record(register) => Register::form_id(register),
    }
}

fn with_record_field(shape: Shape, field: &Field) -> Shape {
    match (field.target(), record_type(field)) {
        (Some(target), _) => shape.with_one(&field.id, &field.label, &target_shape(target)),
        (None, Some(ty)) => match &field.unit {
            Some(unit) => shape.with_measure(&field.id, &field.label, unit, ty),
            None => shape.with_field(&field.id, &field.label, ty),
        },
        (None, None) => shape,
    }
}

/// Shapes of all registers, of their lists, and of the persons and households they point at.
fn register_shapes(release: &Release, shapes: &mut Shapes) {
    let mut person = Shape::new(RECORD_PERSON, "人员")
        .with_field("name", "姓名", Type::Text)
        .with_field("born_on", "出生日期", Type::Date)
        .with_field("died_on", "死亡日期", Type::Date)
        .with_field("sex", "性别", Type::code("sex"));
    let mut household = Shape::new(RECORD_HOUSEHOLD, "家庭")
        .with_field("area", "城乡", Type::code("area"))
        .with_one(LAST_DEAD, "最近去世的家人", RECORD_PERSON);
    for fact in release.facts.iter() {
        let shape = match fact.on {
            Unit::Person => &mut person,
            Unit::Household => &mut household,
        };
        shape.fields.insert(fact.id.get().clone(), fact_field(fact));
    }
    shapes.insert(person);
    shapes.insert(household);
    for register in release.registers.iter() {
        let own = Register::form_id(&register.id);
        let states = state_codelist(&register.id);
        let mut shape = Shape::new(&own, &register.title)
            .with_field("state", "状态", Type::code(&states))
            .with_field("recorded_on", "登记日期", Type::Date)
            .with_field("closed_on", "终止日期", Type::Date);
        for (_, field) in register.fields() {
            shape = with_record_field(shape, field);
        }
        for of in register.lists() {
            let id = record_shape(&own, of);
            let label = register.groups.iter().filter_map(|group| group.repeat.as_ref());
            let label = label.filter(|repeat| repeat.of == of).map(|repeat| repeat.label.as_str()).next();
            let label = label.unwrap_or(of);
            let mut row = Shape::new(&id, label).with_one("form", "本表", &own);
            for field in register.list_fields(of) {
                row = with_record_field(row, field);
            }
            shapes.insert(row);
            shape = shape.with_many(of, label, &id);
        }
        shapes.insert(shape);
        let codes = register.state_codes().into_iter();
        let codes = codes.map(|(code, title)| (code.to_owned(), title.to_owned())).collect();
        shapes.codelists.insert(states, codes);
    }
    // Every record, person and household knows who points at it.
    for register in release.registers.iter() {
        for (_, field) in register.fields() {
            if let (Some(back), Some(target)) = (&field.back, field.target())
                && let Some(shape) = shapes.get(&target_shape(target)).cloned()
            {
                let shape = shape.with_many(&back.id, &back.title, &Register::form_id(&register.id));
                shapes.insert(shape);
            }
        }
    }
}

/// A fact as a field of its shape.
fn fact_field(fact: &Fact) -> rules::Field {
    field(&fact.title, declared_type(fact.declared()), *fact.kind, fact.unit.as_deref())
}

/// A field with its unit; money without one is yuan.
fn field(title: &str, ty: Type, kind: ValueKind, unit: Option<&str>) -> rules::Field {
    let unit = unit.or((kind == ValueKind::Money).then_some("元"));
    rules::Field { unit: unit.map(str::to_owned), ..rules::Field::new(title, ty) }
}

/// The type of the answer to a question.
#[must_use]
pub fn ask_type(ask: &Ask) -> Type {
    match ask.kind {
        AnswerKind::YesNo => Type::Boolean,
        AnswerKind::Band => Type::code(ask.codelist.as_ref().map_or("", |id| id.as_str())),
        AnswerKind::Date => Type::Date,
        AnswerKind::Amount => Type::number(2),
    }
}

/// The name of a declared fact in the shapes of a check.
#[must_use]
pub fn declared_name(fact: &str) -> String {
    format!("declared_{fact}")
}

/// The name of an answer in the shapes of a check.
#[must_use]
pub fn answer_name(dataset: &str, ask: &str) -> String {
    format!("{dataset}_{ask}")
}

/// A member and a family as they declared themselves and as departments answered about them.
fn check_shapes(release: &Release, shapes: &mut Shapes) {
    let mut person = Shape::new(CHECK_PERSON, "成员").with_one("household", "家庭", CHECK_HOUSEHOLD);
    let mut household = Shape::new(CHECK_HOUSEHOLD, "家庭")
        .with_many("members", "家庭成员", CHECK_PERSON)
        .with_many("relatives", "家庭以外的义务人", CHECK_PERSON);
    for fact in release.facts.iter() {
        let shape = match fact.on {
            Unit::Person => &mut person,
            Unit::Household => &mut household,
        };
        let title = format!("申报的{}", fact.title);
        shape.fields.insert(
            declared_name(&fact.id),
            field(&title, declared_type(fact.declared()), *fact.kind, fact.unit.as_deref()),
        );
    }
    for dataset in release.datasets.iter() {
        for ask in &dataset.asks {
            let title = format!("{}：{}", dataset.title, ask.title);
            let unit = (ask.kind == AnswerKind::Amount).then(|| "元".to_owned());
            person.fields.insert(
                answer_name(&dataset.id, &ask.id),
                rules::Field { unit, ..rules::Field::new(&title, ask_type(ask)) },
            );
        }
    }
    shapes.insert(person);
    shapes.insert(household);
}

/// All shapes and code lists of a release.
pub(crate) fn shapes(release: &Release) -> Shapes {
    let mut person = Shape::new(PERSON, "人员")
        .with_field("born_on", "出生日期", Type::Date)
        .with_field("sex", "性别", Type::code("sex"))
        .with_field("relation", "与户主关系", Type::code("relation"))
        .with_field("head", "户主", Type::Boolean)
        .with_one("household", "家庭", HOUSEHOLD);
    let mut household = Shape::new(HOUSEHOLD, "家庭")
        .with_field("area", "城乡", Type::code("area"))
        .with_many("members", "家庭成员", PERSON)
        .with_one("head", "户主", PERSON);
    for fact in release.facts.iter() {
        let shape = match fact.on {
            Unit::Person => &mut person,
            Unit::Household => &mut household,
        };
        shape.fields.insert(fact.id.get().clone(), fact_field(fact));
    }
    let mut case = Shape::new(CASE, "办件").with_one("applicant", "申请人", PERSON);
    for field in CASE_FIELDS {
        let ty = match field.kind {
            ValueKind::Money => Type::number(2),
            kind => plain_type(kind, field.codelist, None, None, None),
        };
        case = case.with_field(field.id, field.title, ty);
    }
    // The records that its actions enter into registers.
    for register in release.items.iter().flat_map(|item| item.entered()) {
        if let Some(register) = release.registers.get(register) {
            case = case.with_many(&register.id, &register.title, &Register::form_id(&register.id));
        }
    }
    let mut shapes: Shapes = [person, household, case].into_iter().collect();
    for form in release.forms.iter() {
        form_shapes(form, &mut shapes);
    }
    register_shapes(release, &mut shapes);
    check_shapes(release, &mut shapes);
    crate::counted_shapes::add(release, &mut shapes);
    for list in release.codelists.iter() {
        let codes = list.values.iter().map(|code| (code.code.get().clone(), code.title.clone())).collect();
        shapes.codelists.insert(list.id.get().clone(), codes);
    }
    shapes
}

fn form_shapes(form: &Form, shapes: &mut Shapes) {
    let own = form_shape(&form.id);
    let mut whole = Shape::new(&own, &form.title);
    for page in &form.pages {
        let Some(repeat) = &page.repeat else {
            for field in &page.fields {
                if let Some(ty) = answer_type(field) {
                    whole = whole.with_field(&field.id, &field.label, ty);
                }
            }
            continue;
        };
        let id = record_shape(&form.id, &repeat.of);
        let mut record = shapes
            .get(&id)
            .cloned()
            .unwrap_or_else(|| Shape::new(&id, &repeat.label).with_one("form", "本表", &own));
        for field in &page.fields {
            if let Some(ty) = answer_type(field) {
                record = record.with_field(&field.id, &field.label, ty);
            }
        }
        shapes.insert(record);
        whole = whole.with_many(&repeat.of, &repeat.label, &id);
    }
    shapes.insert(whole);
}

/// The parameters and tables of a release.
pub(crate) fn parameter_types(release: &Release) -> ParameterTypes {
    let parameters = release.parameters.iter().map(|parameter| {
        let (ty, unit) = (declared_type(parameter.declared()), parameter.unit.as_deref());
        (parameter.id.get().clone(), field(&parameter.title, ty, *parameter.kind, unit))
    });
    let tables = release.tables.iter().map(|table| (table.id.get().clone(), table_type(table)));
    ParameterTypes { parameters: parameters.collect(), tables: tables.collect() }
}
