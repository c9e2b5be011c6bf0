//! What names mean: dates, definitions, parameters, tables, and paths over relations to a field. A name that means
//! nothing is answered with the one that was probably meant.

use crate::ast::{Expr, Name};
use crate::check::{Checker, Formed, Kind, KnownDefinition, Typed, settle};
use crate::compiled::{Clock, FieldRead, Form, Hop};
use crate::diagnostic::{Diagnostic, Span, nearest};
use crate::types::{Field, Shape};

/// A to-many relation that an aggregate around has bound to its current row.
pub(crate) struct Bound<'a> {
    /// The path as it is written from the unit, such as `household.members`.
    pub path: Vec<String>,
    pub shape: &'a Shape,
}

/// Where a written path leads before its last name.
pub(crate) struct Walk<'a, 'n> {
    pub frame: usize,
    pub hops: Vec<Hop>,
    pub shape: &'a Shape,
    pub rest: &'n [Name],
}

impl<'a> Checker<'a> {
    pub(crate) fn lookup(&mut self, table: &Name, key: &Expr) -> Formed {
        let parameters = self.parameters;
        let Some(declared) = parameters.tables.get(&table.text) else {
            let names = parameters.tables.iter().map(|(id, table)| (id.as_str(), table.title.as_str()));
            return self.no_such(table, "参数表", "table", &names.collect::<Vec<_>>());
        };
        let (mut key_node, key_typed) = self.check(key)?;
        let wanted = Typed::declared(&declared.key, &table.text);
        match self.unify(&wanted.kind, &key_typed.kind, key.span)? {
            Some(_) => {}
            None => {
                let (zh, en) = (wanted.kind.zh(), wanted.kind.en());
                return self.wrong_kind(
                    key.span,
                    &format!("{zh}作键"),
                    &format!("a key that is a {en}"),
                    &key_typed,
                );
            }
        }
        settle(&mut key_node, &wanted.kind);
        let typed = Typed::declared(&declared.value, &format!("table.{}", table.text));
        let (id, title) = (table.text.clone(), declared.title.clone());
        Some((Form::Lookup { id, title, key: Box::new(key_node) }, typed))
    }

    pub(crate) fn path(&mut self, names: &[Name], span: Span) -> Formed {
        if let [only] = names {
            let clock = match only.text.as_str() {
                "month" => Some((Clock::Month, Kind::Month)),
                "law_on" => Some((Clock::LawOn, Kind::Date)),
                "known_at" => Some((Clock::KnownAt, Kind::Date)),
                _ => None,
            };
            if let Some((clock, kind)) = clock {
                return Some((Form::Clock(clock), Typed::plain(kind)));
            }
            let definitions = self.definitions;
            if let Some(index) = definitions.iter().position(|definition| definition.id == only.text) {
                let KnownDefinition { id, title, unit, typed } = definitions[index].clone();
                // A rejected definition has had its say; its users stay silent.
                return Some((Form::Definition { index, id, title, unit }, typed?));
            }
        }
        if names[0].text == "param" {
            return self.parameter(names, span);
        }
        if names[0].text == "table" {
            return self.refuse(
                Diagnostic::new(
                    span,
                    "参数表要带键，如 table.care[level]",
                    "a table needs a key, as in table.care[level]",
                )
                .suggest("table.名称[键]"),
            );
        }
        let walk = self.walk(names)?;
        let (name, earlier) = match walk.rest {
            [] => {
                return self.refuse(Diagnostic::new(
                    span,
                    "这里要一个字段，却是整条记录；请写明字段",
                    "expected a field, found a whole record; name a field of it",
                ));
            }
            [name] => (name, walk.hops),
            [name, ..] => {
                // `walk` stops early only at a to-many relation.
                let zh =
                    format!("{} 有许多行，要放进 sum、count、min、max、bool_or 或 bool_and 里", name.text);
                let en = format!(
                    "{} has many rows; put it into sum, count, min, max, bool_or or bool_and",
                    name.text
                );
                return self.refuse(Diagnostic::new(name.span, zh, en));
            }
        };
        if let Some(field) = walk.shape.fields.get(&name.text) {
            let written: Vec<&str> = names.iter().map(|name| name.text.as_str()).collect();
            let typed = Typed::declared(&field.ty, &written.join("."));
            let (id, title, unit) = (name.text.clone(), field.title.clone(), field.unit.clone());
            let shape = walk.shape.name.clone();
            return Some((
                Form::Field(FieldRead { frame: walk.frame, hops: earlier, shape, id, title, unit }),
                typed,
            ));
        }
        if let Some(relation) = walk.shape.relations.get(&name.text) {
            let example = if relation.many {
                format!("count({}.*)", name.text)
            } else {
                format!("{}.字段", name.text)
            };
            return self.refuse(
                Diagnostic::new(
                    name.span,
                    format!("{} 是关系“{}”，不是字段；请写作 {example}", name.text, relation.title),
                    format!("{} is a relation, not a field", name.text),
                )
                .suggest(example),
            );
        }
        self.no_such_field(name, names.len() == 1, walk.shape)
    }

    fn parameter(&mut self, names: &[Name], span: Span) -> Formed {
        let parameters = self.parameters;
        let [_, name] = names else {
            return self.refuse(
                Diagnostic::new(span, "参数写作 param.名称", "a parameter is written param.name")
                    .suggest("param.名称"),
            );
        };
        let Some(Field { title, ty, unit }) = parameters.parameters.get(&name.text) else {
            let known = parameters.parameters.iter().map(|(id, field)| (id.as_str(), field.title.as_str()));
            return self.no_such(name, "参数", "parameter", &known.collect::<Vec<_>>());
        };
        let typed = Typed::declared(ty, &format!("param.{}", name.text));
        Some((Form::Parameter { id: name.text.clone(), title: title.clone(), unit: unit.clone() }, typed))
    }

    /// Follows a path from the row it starts at (the innermost aggregate whose relation it names, else the unit)
    /// over to-one relations; stops before the last name, or before a to-many relation.
    pub(crate) fn walk<'n>(&mut self, names: &'n [Name]) -> Option<Walk<'a, 'n>> {
        let (mut frame, mut taken, mut shape) = (0, 0, self.unit);
        for (index, bound) in self.bound.iter().enumerate() {
            let length = bound.path.len();
            let inside = names.len() >= length && bound.path.iter().zip(names).all(|(a, b)| *a == b.text);
            if inside && length >= taken {
                (frame, taken, shape) = (index + 1, length, bound.shape);
            }
        }
        let mut rest = &names[taken..];
        let mut hops = Vec::new();
        while let [name, _, ..] = rest {
            let Some(relation) = shape.relations.get(&name.text) else {
                if shape.fields.contains_key(&name.text) {
                    self.refuse(Diagnostic::new(
                        name.span,
                        format!("{} 是字段，后面不能再接 .", name.text),
                        format!("{} is a field; nothing may follow it", name.text),
                    ));
                } else {
                    let relations = shape.relations.iter().map(|(id, r)| (id.as_str(), r.title.as_str()));
                    self.no_such(name, "关系", "relation", &relations.collect::<Vec<_>>());
                }
                return None;
            };
            if relation.many {
                break;
            }
            let Some(next) = self.shapes.get(&relation.shape) else {
                self.refuse(Diagnostic::new(
                    name.span,
                    format!("关系 {} 指向的形状 {} 不存在", name.text, relation.shape),
                    format!("relation {} leads to shape {}, which does not exist", name.text, relation.shape),
                ));
                return None;
            };
            hops.push(Hop { id: name.text.clone(), title: relation.title.clone() });
            shape = next;
            rest = &rest[1..];
        }
        Some(Walk { frame, hops, shape, rest })
    }

    fn no_such_field(&mut self, name: &Name, bare: bool, shape: &'a Shape) -> Formed {
        let mut known: Vec<(&str, &str)> =
            shape.fields.iter().map(|(id, field)| (id.as_str(), field.title.as_str())).collect();
        if bare {
            // A field of the current row, named without its relation, or of a related record.
            for bound in &self.bound {
                if bound.shape.fields.contains_key(&name.text) {
                    let full = format!("{}.{}", bound.path.join("."), name.text);
                    return self.refuse(
                        Diagnostic::new(
                            name.span,
                            format!("没有叫 {} 的字段，是不是 {full}？", name.text),
                            format!("no field {}; did you mean {full}?", name.text),
                        )
                        .suggest(full),
                    );
                }
            }
            let shapes = self.shapes;
            let related =
                shape.relations.iter().filter(|(_, relation)| !relation.many).find(|(_, relation)| {
                    shapes.get(&relation.shape).is_some_and(|related| related.fields.contains_key(&name.text))
                });
            if let Some((relation, _)) = related {
                let full = format!("{relation}.{}", name.text);
                return self.refuse(
                    Diagnostic::new(
                        name.span,
                        format!("没有叫 {} 的字段，是不是 {full}？", name.text),
                        format!("no field {}; did you mean {full}?", name.text),
                    )
                    .suggest(full),
                );
            }
            let definitions = self.definitions;
            known.extend(definitions.iter().map(|d| (d.id.as_str(), d.title.as_str())));
            if self.parameters.parameters.contains_key(&name.text) {
                let full = format!("param.{}", name.text);
                return self.refuse(
                    Diagnostic::new(
                        name.span,
                        format!("没有叫 {} 的字段，是不是参数 {full}？", name.text),
                        format!("no field {}; did you mean the parameter {full}?", name.text),
                    )
                    .suggest(full),
                );
            }
        }
        self.no_such(name, "字段", "field", &known)
    }

    /// "没有叫 incom 的字段,是不是 income?"
    pub(crate) fn no_such(&mut self, name: &Name, zh: &str, en: &str, known: &[(&str, &str)]) -> Formed {
        let by_title = known.iter().find(|(_, title)| *title == name.text).map(|(id, _)| *id);
        let near = by_title.or_else(|| nearest(&name.text, known.iter().map(|(id, _)| *id)));
        let mut diagnostic = Diagnostic::new(
            name.span,
            format!("没有叫 {} 的{zh}", name.text),
            format!("there is no {en} {}", name.text),
        );
        if let Some(near) = near {
            diagnostic.zh += &format!("，是不是 {near}？");
            diagnostic.en += &format!("; did you mean {near}?");
            diagnostic = diagnostic.suggest(near);
        }
        self.refuse(diagnostic)
    }
}
