//! What the address asks of a register's list: filters, sort, columns, the saved view that it came from.

use std::collections::BTreeMap;

use catalogue::definition::{Field, FieldKind, Register};
use maud::{Markup, html};
use office::divisions::{self, DivisionView};
use office::forms::{Answers, FieldPath, Raw, reference_text, referred_id, target_key};
use office::records::list::Narrowed;
use office::records::{LookedUp, Open, look_up};
use store::DivisionId;
use vocab::DivisionCode;

use crate::error::Fault;
use crate::extract::Staff;
use crate::form_body::Fields;
use crate::money::common;
use crate::ui::address;
use crate::ui::form::{Errors, hidden};
use crate::views::VIEW;

/// A column that is shown.
pub(super) const COLUMN: &str = "c";
/// Whether a name of an address is about the list, not about one page of it or about a form on it.
fn is_of_a_list(name: &str) -> bool {
    matches!(name, "q" | "place" | "state" | "sort" | COLUMN | VIEW) || name.starts_with(FILTER)
}

/// Asks for sums however long the list is: of this page alone, no view keeps it.
pub(super) const SUMMED: &str = "sums";

/// Before the name of a filter's field in the address.
pub(super) const FILTER: &str = "f.";

/// Digits of which more are no number of ours, but a code.
const NUMBER_MAX: usize = 9;

/// What filters say that point at something: words are written there as in a form.
#[derive(Debug, Default)]
pub(super) struct Pointed {
    /// As it stands in the field: the title with its number, or what was typed.
    pub shown: BTreeMap<String, String>,
    /// What words may mean.
    pub candidates: BTreeMap<String, Vec<(String, String)>>,
    /// What was not found, or is not said clearly.
    pub errors: Errors,
}

/// Whether a field points at a division or at something with a title.
pub(super) fn points(field: &Field) -> bool {
    field.target().is_some() || *field.kind == FieldKind::Division
}

/// What the address asks.
#[derive(Clone, Debug, Default)]
pub(super) struct Asked(pub Vec<(String, String)>);

impl Asked {
    pub(super) fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value.trim())
    }

    /// All values of a name.
    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(known, _)| known == name).map(|(_, value)| value.trim())
    }

    /// What a form kept under names with a `_` before them: what the list was asked when the form was shown.
    pub(super) fn kept(form: &Fields) -> Asked {
        let kept = form.0.iter().filter_map(|(name, value)| {
            let name = name.strip_prefix('_').filter(|name| is_of_a_list(name))?;
            Some((name.to_owned(), value.clone()))
        });
        Asked(kept.collect())
    }

    /// Hidden fields for [`Asked::kept`].
    pub(super) fn keep(&self) -> Markup {
        html! {
            @for (name, value) in self.pairs() { (hidden(&format!("_{name}"), value)) }
        }
    }

    /// What is asked of the list itself, without the page and what is empty.
    pub(super) fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        let pairs = self.0.iter().map(|(name, value)| (name.as_str(), value.trim()));
        pairs.filter(|(name, value)| is_of_a_list(name) && !value.is_empty())
    }

    /// The address of another page about what is asked here.
    pub(super) fn address_of(&self, register: &Register, page: &str) -> String {
        let pairs: Vec<(&str, &str)> = self.pairs().collect();
        address(&format!("/desk/records/{}/{page}", register.id.get()), &pairs)
    }

    /// The same list with some of it asked otherwise; a page's beginning is always the first.
    pub(super) fn address(&self, register: &Register, other: &[(&str, &str)]) -> String {
        self.changed(&format!("/desk/records/{}", register.id.get()), other)
    }

    /// As [`Asked::address`], the same as a map.
    pub(super) fn map_address(&self, register: &Register, other: &[(&str, &str)]) -> String {
        self.changed(&format!("/desk/records/{}/map", register.id.get()), other)
    }

    fn changed(&self, page: &str, other: &[(&str, &str)]) -> String {
        let kept =
            self.0.iter().filter(|(name, _)| name != "after" && other.iter().all(|(known, _)| known != name));
        let mut pairs: Vec<(&str, &str)> =
            kept.map(|(name, value)| (name.as_str(), value.as_str())).collect();
        pairs.extend(other);
        address(page, &pairs)
    }

    /// Looks up what filters point at, as forms do, in the reader's area: words become numbers. What is not found, or may be several things,
    /// narrows nothing until somebody says which.
    pub(super) async fn point(self, desk: &Staff, open: &Open) -> Result<(Asked, Pointed), Fault> {
        let mut pointed = Pointed::default();
        let register = open.register();
        let Some(form) = open.release().record_form(&register.id) else { return Ok((self, pointed)) };
        let own = form.fields().filter(|(page, _)| page.repeat.is_none());
        let filters: Vec<(&Field, FieldPath)> = own
            .filter(|(_, field)| {
                points(field) && register.list.filters.iter().any(|id| *id == *field.id.get())
            })
            .map(|(page, field)| (field, FieldPath::new(page, None, field)))
            .filter(|(field, _)| !self.get(&format!("{FILTER}{}", field.id)).is_empty())
            .collect();
        if filters.is_empty() {
            return Ok((self, pointed));
        }
        let db = desk.office().db();
        let mut answers = Answers::new();
        for (field, path) in &filters {
            let typed = self.get(&format!("{FILTER}{}", field.id));
            let number: Option<i64> = typed.parse().ok().filter(|_| typed.len() <= NUMBER_MAX);
            let asked = match number {
                None => typed.to_owned(),
                Some(id) if field.target().is_some() => reference_text(id),
                Some(id) => match divisions::find(db, DivisionId(id)).await {
                    Ok(division) => division.code,
                    Err(_) => typed.to_owned(),
                },
            };
            answers.set(path, Raw::Text(asked));
        }
        let looked = look_up(desk.office(), desk.actor(), form, &mut answers).await?;
        let mut meant: BTreeMap<String, Option<String>> = BTreeMap::new();
        for (field, path) in &filters {
            let name = format!("{FILTER}{}", field.id);
            let said = answers.get(path).map(|raw| raw.text().to_owned()).unwrap_or_default();
            let found = found(field, &said, &looked);
            if found.is_none() {
                let offered = looked.candidates.get(&path.to_string());
                let message = match offered {
                    Some(_) => format!("“{said}”有几个，请选择是哪一个。"),
                    None => format!("没有找到“{said}”，请填写{}的名称或编号。", field.label),
                };
                pointed.errors.add(name.clone(), message);
                pointed.candidates.extend(offered.map(|offered| (name.clone(), offered.clone())));
            }
            let (value, shown) = found.map_or((None, said), |(value, shown)| (Some(value), shown));
            pointed.shown.insert(name.clone(), shown);
            meant.insert(name, value);
        }
        let pairs = self.0.into_iter().filter_map(|(name, value)| match meant.get(&name) {
            None => Some((name, value)),
            Some(found) => found.clone().map(|found| (name, found)),
        });
        Ok((Asked(pairs.collect()), pointed))
    }

    pub(super) fn sort(&self) -> (&str, bool) {
        let sort = self.get("sort");
        sort.strip_prefix('-').map_or((sort, false), |sort| (sort, true))
    }

    pub(super) fn narrowed(&self, register: &Register, place: Option<&DivisionView>) -> Narrowed {
        let given = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        let mut fields = BTreeMap::new();
        for filter in &register.list.filters {
            let name = format!("{FILTER}{filter}");
            let (from, until) = (self.get(&format!("{name}.from")), self.get(&format!("{name}.until")));
            let value = if from.is_empty() && until.is_empty() {
                self.get(&name).to_owned()
            } else {
                format!("{from}..{until}")
            };
            if !value.is_empty() {
                fields.insert(filter.get().clone(), value);
            }
        }
        let (sort, descending) = self.sort();
        Narrowed {
            words: given(self.get("q")),
            division: place.map(|place| place.id),
            state: match self.get("state") {
                "" => Some("open".to_owned()),
                "all" => None,
                state => Some(state.to_owned()),
            },
            fields,
            sort: given(sort),
            descending,
            columns: self.all(COLUMN).map(str::to_owned).collect(),
            summed: self.get(SUMMED) == "all",
        }
    }
}

/// What a filter narrows by, and how that stands in its field.
pub(super) fn found(field: &Field, said: &str, looked: &LookedUp) -> Option<(String, String)> {
    let Some(target) = field.target() else {
        let code: DivisionCode = said.parse().ok()?;
        let (id, name) = looked.divisions.get(&code).zip(looked.names.get(&code))?;
        return Some((id.0.to_string(), format!("{name}〔{said}〕")));
    };
    let id = referred_id(said)?;
    let title = looked.references.get(&(target_key(target), id)).map_or("", String::as_str);
    Some((reference_text(id), format!("{title}{}", reference_text(id))))
}

pub(super) async fn place(desk: &Staff, text: &str) -> Result<Option<DivisionView>, Fault> {
    let Some(id) = common::division(text) else { return Ok(None) };
    let db = desk.office().db();
    divisions::within(db, desk.actor().division, id).await?;
    Ok(Some(divisions::find(db, id).await?))
}
