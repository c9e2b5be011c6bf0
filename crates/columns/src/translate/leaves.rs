//! What an expression starts from: constants, parameters, tables by key, and the columns at the end of a path.

use rules::{Context, Value};

use super::{Ordinal, Translator, Truth, Vector};
use crate::dates;
use crate::graph::{Arg, Graph, Id, Link, Made, Mask, Op, Refusal};
use crate::number::{Factor, Number};
use crate::schema::Kind;

/// Codes that one lookup may span.
const LOOKUP_SPAN_MAX: i64 = 1 << 16;

/// The text under which a table holds the key of this number.
type KeyText<T> = Box<dyn Fn(&T, i64) -> Option<String>>;

/// One step of a path.
pub(crate) enum Step {
    /// Back to the record above, in this table.
    Up(usize),
    /// To a row below; where there is one; its table.
    Across(Link, Mask, usize),
}

impl Translator<'_, '_, '_> {
    pub(super) fn constant(&mut self, value: &Value) -> Made<Vector> {
        let ordinal =
            |kind, value| Vector::Ordinal(Ordinal { kind, value: Arg::Const(value), known: Mask::Yes });
        Ok(match value {
            Value::Unknown => Vector::Unknown,
            Value::Boolean(value) => Vector::Truth(Truth::of(Some(*value))),
            Value::Number(number) => Vector::Number(Number::constant(number)?),
            Value::Date(date) => ordinal(Kind::Date, dates::pack(*date)),
            Value::Month(month) => ordinal(Kind::Month, month.index().into()),
            Value::Text(text) => ordinal(Kind::Code, self.code(text)),
        })
    }

    fn code(&mut self, text: &str) -> i64 {
        let index = self.codes.iter().position(|code| code == text);
        index.unwrap_or_else(|| {
            self.codes.push(text.to_owned());
            self.codes.len() - 1
        }) as i64
    }

    /// A value that each division has of its own.
    pub(super) fn by_division(&mut self, value: impl Fn(&Context) -> Value) -> Made<Vector> {
        let values: Vec<Value> = self.contexts.iter().map(value).collect();
        let Some(first) = values.first() else { return Ok(Vector::Unknown) };
        if values.iter().all(|value| value == first) {
            return self.constant(first);
        }
        let stored = self.snapshot.stored_division();
        let (base, max) = (stored.base as usize, stored.max as usize);
        let index = self.graph.add_node(
            Op::Division,
            0,
            stored.width,
            stored.min - stored.base,
            stored.max - stored.base,
        );
        self.by_index(index, 0, &values[base..=max])
    }

    /// `values[index - first]`, unknown ones too.
    fn by_index(&mut self, index: Id, first: i64, values: &[Value]) -> Made<Vector> {
        let vectors = values.iter().map(|value| self.constant(value)).collect::<Made<Vec<Vector>>>()?;
        let Some(sample) = vectors.iter().find(|vector| !matches!(vector, Vector::Unknown)) else {
            return Ok(Vector::Unknown);
        };
        let known: Vec<bool> = vectors.iter().map(|vector| !matches!(vector, Vector::Unknown)).collect();
        Ok(match sample {
            Vector::Unknown => Vector::Unknown,
            Vector::Truth(_) => {
                let is = |wanted: bool| values.iter().map(|value| *value == Value::Boolean(wanted)).collect();
                let yes = self.graph.lookup_mask(index, first, is(true));
                let no = self.graph.lookup_mask(index, first, is(false));
                let definite = known.iter().all(|&known| known);
                Vector::Truth(Truth { yes, no: (!definite).then_some(no) })
            }
            Vector::Number(_) => {
                let scale = values.iter().filter_map(Value::as_number).map(rules::Rational::decimals).max();
                let refuse = || Refusal::new("参数不是有限小数或者太大");
                let scale = scale.flatten().and_then(|scale| u8::try_from(scale).ok()).ok_or_else(refuse)?;
                let units = values.iter().map(|value| match value.as_number() {
                    None => Ok(None),
                    Some(number) => number.to_scaled(scale).map(Some).ok_or_else(refuse),
                });
                let units = units.collect::<Made<Vec<Option<i64>>>>()?;
                let filler = units.iter().flatten().copied().next().unwrap_or(0);
                let units = units.into_iter().map(|unit| unit.unwrap_or(filler)).collect();
                let above = self.graph.lookup(index, first, units);
                let known = self.graph.lookup_mask(index, first, known);
                let factor = Factor::decimals(u32::from(scale))?;
                Vector::Number(Number { above, below: None, factor, known })
            }
            Vector::Ordinal(Ordinal { kind, value: filler, .. }) => {
                let filler = self.graph.range(*filler).0;
                let numbers = vectors.iter().map(|vector| match vector {
                    Vector::Ordinal(Ordinal { value: Arg::Const(value), .. }) => *value,
                    _ => filler,
                });
                let value = self.graph.lookup(index, first, numbers.collect());
                let known = self.graph.lookup_mask(index, first, known);
                Vector::Ordinal(Ordinal { kind: *kind, value, known })
            }
        })
    }

    pub(super) fn lookup(&mut self, table: &str, key: Vector) -> Made<Vector> {
        let held = |context: &Context, key: &str| {
            context.tables.get(table).and_then(|rows| rows.get(key)).cloned().unwrap_or_default()
        };
        let (value, known, texts): (Arg, Mask, KeyText<Self>) = match key {
            Vector::Unknown => return Ok(Vector::Unknown),
            Vector::Truth(_) => return Err(Refusal::new("是否不能作表的键")),
            Vector::Ordinal(Ordinal { kind: Kind::Code, value, known }) => {
                let text = |this: &Self, code: i64| {
                    usize::try_from(code).ok().and_then(|code| this.codes.get(code)).cloned()
                };
                (value, known, Box::new(text))
            }
            Vector::Ordinal(_) => return Err(Refusal::new("日期和月份不能作表的键")),
            Vector::Number(number) => {
                if number.below.is_some() {
                    return Err(Refusal::new("商不能作表的键"));
                }
                let text = move |_: &Self, units: i64| {
                    Graph::unit_of(&number, units).map(|number| number.to_string())
                };
                (number.above, number.known, Box::new(text))
            }
        };
        let (min, max) = self.graph.range(value);
        let span = max - min + 1;
        let same =
            self.contexts.windows(2).all(|pair| pair[0].tables.get(table) == pair[1].tables.get(table));
        if span > LOOKUP_SPAN_MAX || (!same && span * self.contexts.len() as i64 > LOOKUP_SPAN_MAX) {
            return Err(Refusal::new("表的键范围太大"));
        }
        let keys: Vec<Option<String>> = (min..=max).map(|key| texts(self, key)).collect();
        let row = |context: &Context| -> Vec<Value> {
            keys.iter().map(|key| key.as_deref().map_or(Value::Unknown, |key| held(context, key))).collect()
        };
        let found = match value {
            Arg::Const(_) => {
                let key = keys.into_iter().next().flatten();
                self.by_division(|context| key.as_deref().map_or(Value::Unknown, |key| held(context, key)))?
            }
            Arg::Node(index) if same => {
                let values = self.contexts.first().map(row).unwrap_or_default();
                self.by_index(index, min, &values)?
            }
            Arg::Node(index) => {
                let stored = self.snapshot.stored_division();
                let (low, high) = (stored.min - stored.base, stored.max - stored.base);
                let division = self.graph.add_node(Op::Division, 0, stored.width, low, high);
                let values: Vec<Value> =
                    self.contexts[stored.base as usize..=stored.max as usize].iter().flat_map(row).collect();
                let block = self.graph.multiply(Arg::Node(division), Arg::Const(span))?;
                let place = self.graph.add(block, Arg::Node(index))?;
                match place {
                    Arg::Node(place) => self.by_index(place, min, &values)?,
                    Arg::Const(_) => self.by_index(index, min, &values)?,
                }
            }
        };
        self.also_known(found, known)
    }

    /// The value where something else is known too.
    pub(crate) fn also_known(&mut self, value: Vector, known: Mask) -> Made<Vector> {
        if known == Mask::Yes {
            return Ok(value);
        }
        Ok(match value {
            Vector::Unknown => Vector::Unknown,
            Vector::Number(number) => {
                Vector::Number(Number { known: self.graph.and(&[number.known, known])?, ..number })
            }
            Vector::Ordinal(ordinal) => {
                Vector::Ordinal(Ordinal { known: self.graph.and(&[ordinal.known, known])?, ..ordinal })
            }
            Vector::Truth(truth) => {
                let no = self.no(truth)?;
                let yes = self.graph.and(&[truth.yes, known])?;
                Vector::Truth(Truth { yes, no: Some(self.graph.and(&[no, known])?) })
            }
        })
    }

    pub(super) fn field(&mut self, table: usize, hops: &[&str], shape: &str, id: &str) -> Made<Vector> {
        let Some((hop, rest)) = hops.split_first() else { return self.column(table, shape, id) };
        match self.step(table, hop)? {
            Step::Up(parent) => self.field(parent, rest, shape, id),
            Step::Across(link, known, target) => {
                let value = self.field(target, rest, shape, id)?;
                self.gathered(table, link, known, value)
            }
        }
    }

    /// Where a to-one relation leads from a table.
    pub(crate) fn step(&mut self, table: usize, hop: &str) -> Made<Step> {
        let own = &self.graph.schema.tables[table];
        if let Some(parent) = &own.parent
            && parent.back.as_deref() == Some(hop)
        {
            return Ok(Step::Up(parent.table));
        }
        if let Some(reference) = own.references.iter().position(|reference| reference.relation == hop) {
            let target = own.references[reference].table;
            let known = if self.snapshot.stored_reference(table, reference).known.is_some() {
                Mask::Node(self.graph.mask_node(Op::ReferenceKnown(reference), table))
            } else {
                Mask::Yes
            };
            return Ok(Step::Across(Link::At { reference, target }, known, target));
        }
        let target = self.graph.schema.child(table, hop);
        let target = target.ok_or_else(|| Refusal::Missing(format!("{}.{hop}", own.shape)))?;
        let known = match self.snapshot.group_range(target) {
            (1.., _) => Mask::Yes,
            (_, 0) => Mask::No,
            _ => Mask::Node(self.graph.mask_node(Op::Present(target), table)),
        };
        Ok(Step::Across(Link::Only(target), known, target))
    }

    pub(crate) fn gathered(&mut self, table: usize, link: Link, known: Mask, value: Vector) -> Made<Vector> {
        if known == Mask::No {
            return Ok(Vector::Unknown);
        }
        let mask = |graph: &mut Graph<'_>, mask| match mask {
            Mask::Node(id) => Mask::Node(graph.gather(table, link, id)),
            Mask::Yes | Mask::No => mask,
        };
        let arg = |graph: &mut Graph<'_>, arg| match arg {
            Arg::Node(id) => Arg::Node(graph.gather(table, link, id)),
            Arg::Const(_) => arg,
        };
        let graph = &mut *self.graph;
        let value = match value {
            Vector::Unknown => Vector::Unknown,
            Vector::Truth(truth) => {
                Vector::Truth(Truth { yes: mask(graph, truth.yes), no: truth.no.map(|no| mask(graph, no)) })
            }
            Vector::Number(number) => Vector::Number(Number {
                above: arg(graph, number.above),
                below: number.below.map(|below| graph.gather(table, link, below)),
                known: mask(graph, number.known),
                ..number
            }),
            Vector::Ordinal(ordinal) => Vector::Ordinal(Ordinal {
                value: arg(graph, ordinal.value),
                known: mask(graph, ordinal.known),
                ..ordinal
            }),
        };
        self.also_known(value, known)
    }

    fn column(&mut self, table: usize, shape: &str, id: &str) -> Made<Vector> {
        let missing = || Refusal::Missing(format!("{shape}.{id}"));
        let column = self.graph.schema.column(table, id).ok_or_else(missing)?;
        let kind = self.graph.schema.tables[table].columns[column].kind;
        let stored = self.snapshot.stored(table, column);
        let known = if stored.known.is_some() {
            Mask::Node(self.graph.mask_node(Op::Known(column), table))
        } else {
            Mask::Yes
        };
        let (low, high) = (stored.min - stored.base, stored.max - stored.base);
        let values = self.graph.add_node(Op::Column(column), table, stored.width, low, high);
        Ok(match kind {
            Kind::Boolean => {
                // Unknown rows hold 0, so yes is the column itself.
                let yes = Mask::Node(values);
                let no = match known {
                    Mask::Yes => None,
                    known => {
                        let not = self.graph.not(yes)?;
                        Some(self.graph.and(&[not, known])?)
                    }
                };
                Vector::Truth(Truth { yes, no })
            }
            Kind::Number { scale } => {
                let above = self.graph.add(Arg::Node(values), Arg::Const(stored.base))?;
                let factor = Factor::decimals(u32::from(scale))?;
                Vector::Number(Number { above, below: None, factor, known })
            }
            Kind::Date | Kind::Month | Kind::Code => {
                let value = self.graph.add(Arg::Node(values), Arg::Const(stored.base))?;
                Vector::Ordinal(Ordinal { kind, value, known })
            }
        })
    }
}
