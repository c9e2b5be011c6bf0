//! What was typed, kept as it was typed.
//!
//! Nothing is refused here: a wrong date stays a wrong date and is shown again beside its message. As JSON the
//! answers are one object: a field gives a text, a list of texts or (dates, months) its parts, and the records of
//! repeating pages stand as a list under the name that the pages give them.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fmt;

use catalogue::definition::{Field, FieldKind, Form, Page};
use serde::{Deserialize, Serialize};
use vocab::DivisionCode;

use super::filled::FormValues;

/// Values that one list answer keeps at most: more can only be hostile.
const LIST_MAX: usize = 200;
/// Records that a repeating page takes when it does not say.
const RECORDS_MAX: usize = 100;
/// Name of the records that are the household's members.
pub(crate) const MEMBER: &str = "member";

/// One answer as typed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Raw {
    /// One control: the text, untouched.
    Text(String),
    /// Boxes that were ticked, or ids of uploaded files.
    List(Vec<String>),
    /// A date or month in its parts `year`, `month`, `day`.
    Parts(BTreeMap<String, String>),
}

impl Raw {
    /// Whether nothing but blanks was typed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        match self {
            Raw::Text(text) => blank(text),
            Raw::List(list) => list.iter().all(|text| blank(text)),
            Raw::Parts(parts) => parts.values().all(|text| blank(text)),
        }
    }

    /// The text; of a list its first.
    #[must_use]
    pub fn text(&self) -> &str {
        match self {
            Raw::Text(text) => text,
            Raw::List(list) => list.first().map_or("", String::as_str),
            Raw::Parts(_) => "",
        }
    }

    /// The texts that are not blank.
    #[must_use]
    pub fn list(&self) -> Vec<&str> {
        let all = match self {
            Raw::Text(text) => std::slice::from_ref(text),
            Raw::List(list) => list.as_slice(),
            Raw::Parts(_) => &[],
        };
        all.iter().map(|text| text.trim()).filter(|text| !text.is_empty()).collect()
    }

    /// A part of a date: `year`, `month` or `day`.
    #[must_use]
    pub fn part(&self, part: &str) -> &str {
        match self {
            Raw::Parts(parts) => parts.get(part).map_or("", String::as_str),
            Raw::Text(_) | Raw::List(_) => "",
        }
    }

    fn texts_mut(&mut self) -> Vec<&mut String> {
        match self {
            Raw::Text(text) => vec![text],
            Raw::List(list) => list.iter_mut().collect(),
            Raw::Parts(parts) => parts.values_mut().collect(),
        }
    }
}

impl From<&str> for Raw {
    fn from(text: &str) -> Raw {
        Raw::Text(text.to_owned())
    }
}

fn blank(text: &str) -> bool {
    text.chars().all(|character| character.is_whitespace() || character.is_control())
}

/// Which answer: `phone`, or `member.2.phone` (records count from 0). Name in HTML, key of errors.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FieldPath {
    /// The records' name and the index of the record; none on pages that do not repeat.
    pub record: Option<(String, usize)>,
    /// The field.
    pub field: String,
}

impl FieldPath {
    /// The path of a page's field; `record` counts only on pages that repeat.
    #[must_use]
    pub fn new(page: &Page, record: Option<usize>, field: &Field) -> FieldPath {
        let record = page.repeat.as_ref().zip(record).map(|(repeat, index)| (repeat.of.get().clone(), index));
        FieldPath { record, field: field.id.get().clone() }
    }
}

impl fmt::Display for FieldPath {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some((of, index)) = &self.record {
            write!(formatter, "{of}.{index}.")?;
        }
        formatter.write_str(&self.field)
    }
}

/// One record as typed.
pub type RawRecord = BTreeMap<String, Raw>;

/// All answers of a form as typed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "BTreeMap<String, Entry>", into = "BTreeMap<String, Entry>")]
pub struct Answers {
    fields: BTreeMap<String, Raw>,
    records: BTreeMap<String, Vec<RawRecord>>,
}

/// One key of the JSON object.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Entry {
    Field(Raw),
    Records(Vec<RawRecord>),
}

impl From<BTreeMap<String, Entry>> for Answers {
    fn from(entries: BTreeMap<String, Entry>) -> Answers {
        let mut answers = Answers::default();
        for (key, entry) in entries {
            match entry {
                Entry::Field(raw) => drop(answers.fields.insert(key, raw)),
                Entry::Records(records) => drop(answers.records.insert(key, records)),
            }
        }
        answers
    }
}

impl From<Answers> for BTreeMap<String, Entry> {
    fn from(answers: Answers) -> BTreeMap<String, Entry> {
        let Answers { fields, records } = answers;
        let records = records.into_iter().filter(|(_, list)| !list.is_empty());
        let records = records.map(|(of, list)| (of, Entry::Records(list)));
        fields.into_iter().map(|(field, raw)| (field, Entry::Field(raw))).chain(records).collect()
    }
}

impl Answers {
    /// Nothing typed yet.
    #[must_use]
    pub fn new() -> Answers {
        Answers::default()
    }

    /// Answers that are known already, as their fields would take them.
    #[must_use]
    pub fn of(fields: &FormValues, records: &BTreeMap<String, Vec<FormValues>>) -> Answers {
        let raw = |values: &FormValues| -> RawRecord {
            values.iter().map(|(field, value)| (field.clone(), value.as_typed())).collect()
        };
        Answers {
            fields: raw(fields),
            records: records.iter().map(|(of, list)| (of.clone(), list.iter().map(raw).collect())).collect(),
        }
    }

    /// Takes a field's answer away.
    pub fn remove(&mut self, field: &str) {
        self.fields.remove(field);
    }

    /// Fields outside records that were answered.
    pub fn fields(&self) -> impl Iterator<Item = (&str, &Raw)> {
        self.fields.iter().map(|(field, raw)| (field.as_str(), raw))
    }

    /// The records of a name as typed.
    #[must_use]
    pub fn list(&self, of: &str) -> &[RawRecord] {
        self.records.get(of).map_or(&[], Vec::as_slice)
    }

    /// Puts records in the place of those of a name.
    pub fn set_list(&mut self, of: &str, list: Vec<RawRecord>) {
        if list.is_empty() {
            self.records.remove(of);
        } else {
            self.records.insert(of.to_owned(), list);
        }
    }

    /// What was typed into a field.
    #[must_use]
    pub fn get(&self, path: &FieldPath) -> Option<&Raw> {
        match &path.record {
            None => self.fields.get(&path.field),
            Some((of, index)) => self.records.get(of)?.get(*index)?.get(&path.field),
        }
    }

    /// Writes an answer, such as one that is known beforehand; a record that does not exist is left alone.
    pub fn set(&mut self, path: &FieldPath, raw: Raw) {
        let fields = match &path.record {
            None => Some(&mut self.fields),
            Some((of, index)) => self.records.get_mut(of).and_then(|list| list.get_mut(*index)),
        };
        if let Some(fields) = fields {
            fields.insert(path.field.clone(), raw);
        }
    }

    /// How many records there are under a name.
    #[must_use]
    pub fn count(&self, of: &str) -> usize {
        self.records.get(of).map_or(0, Vec::len)
    }

    /// Makes room for the answers about records that are on file already: the members whom a visit goes over.
    pub fn go_over(&mut self, of: &str, count: usize) {
        let list = self.records.entry(of.to_owned()).or_default();
        list.resize_with(count.max(list.len()).min(RECORDS_MAX), RawRecord::new);
    }

    /// Adds a record; `None` when the form takes no more of them, or none at all. It is empty, but the first one begins
    /// with the answers of the page named for that.
    pub fn add_record(&mut self, form: &Form, of: &str) -> Option<usize> {
        let limit = records_max(form, of)?;
        let count = self.count(of);
        if count >= limit {
            return None;
        }
        let begun = if count == 0 { self.first_record(form, of) } else { RawRecord::new() };
        self.records.entry(of.to_owned()).or_default().push(begun);
        Some(count)
    }

    fn first_record(&self, form: &Form, of: &str) -> RawRecord {
        let mut record = RawRecord::new();
        for page in form.pages.iter().filter(|page| records_of(page) == Some(of)) {
            let Some(from) = page.repeat.as_ref().and_then(|repeat| repeat.first_from.as_ref()) else {
                continue;
            };
            let shared = form.page(from).filter(|from| from.repeat.is_none()).into_iter();
            for field in shared.flat_map(|from| &from.fields) {
                if let Some(raw) = self.fields.get(field.id.get())
                    && page.fields.iter().any(|known| known.id == field.id)
                {
                    record.insert(field.id.get().clone(), raw.clone());
                }
            }
        }
        record
    }

    /// Removes a record. Answers that point at members follow: those that pointed at it become empty.
    pub fn remove_record(&mut self, form: &Form, of: &str, index: usize) {
        if let Some(records) = self.records.get_mut(of).filter(|records| index < records.len()) {
            records.remove(index);
            self.records.retain(|_, records| !records.is_empty());
            self.follow_members(form, of, |at| match at.cmp(&index) {
                std::cmp::Ordering::Less => Some(at),
                std::cmp::Ordering::Equal => None,
                std::cmp::Ordering::Greater => Some(at - 1),
            });
        }
    }

    /// Moves a record to another place in its list. Answers that point at members follow.
    pub fn move_record(&mut self, form: &Form, of: &str, from: usize, to: usize) {
        if let Some(records) = self.records.get_mut(of).filter(|records| from.max(to) < records.len()) {
            let record = records.remove(from);
            records.insert(to, record);
            self.follow_members(form, of, |at| {
                Some(match at {
                    _ if at == from => to,
                    _ if from < at && at <= to => at - 1,
                    _ if to <= at && at < from => at + 1,
                    _ => at,
                })
            });
        }
    }

    fn follow_members(&mut self, form: &Form, of: &str, now_at: impl Fn(usize) -> Option<usize>) {
        if of != MEMBER {
            return;
        }
        for raw in self.each_mut(form, |field| *field.kind == FieldKind::MemberRef) {
            if let Ok(at) = raw.text().trim().parse::<usize>() {
                *raw = Raw::Text(now_at(at).map(|at| at.to_string()).unwrap_or_default());
            }
        }
    }

    /// Changes every text of the sensitive fields: how they are sealed before storage and opened after.
    ///
    /// # Errors
    /// The first that `change` gives; texts before it have been changed.
    pub fn change_sensitive<E>(
        &mut self,
        form: &Form,
        mut change: impl FnMut(&mut String) -> Result<(), E>,
    ) -> Result<(), E> {
        for raw in self.each_mut(form, is_sensitive) {
            for text in raw.texts_mut().into_iter().filter(|text| !text.is_empty()) {
                change(text)?;
            }
        }
        Ok(())
    }

    /// The answers of all fields that are wanted.
    fn each_mut(&mut self, form: &Form, wanted: impl Fn(&Field) -> bool) -> Vec<&mut Raw> {
        let fields: HashSet<(Option<&str>, &str)> = form
            .fields()
            .filter(|(_, field)| wanted(field))
            .map(|(page, field)| (records_of(page), field.id.as_str()))
            .collect();
        let Answers { fields: single, records } = self;
        let single = single.iter_mut().filter(|(id, _)| fields.contains(&(None, id.as_str())));
        let mut found: Vec<&mut Raw> = single.map(|(_, raw)| raw).collect();
        for (of, list) in records {
            let raws = list.iter_mut().flatten();
            let raws = raws.filter(|(id, _)| fields.contains(&(Some(of.as_str()), id.as_str())));
            found.extend(raws.map(|(_, raw)| raw));
        }
        found
    }

    /// Takes what a page sent: pairs of an urlencoded or multipart body in their order.
    ///
    /// Names are [`FieldPath`]s, with `.year`, `.month`, `.day` behind a date's; a page shown for one `record` may send
    /// bare field names too. Only the page's own fields are taken, everything else is ignored. A name that was not sent
    /// keeps its answer (it was not shown), so boxes to tick and files need an empty hidden input of the same name before
    /// them: a box that is unticked sends nothing itself. The record behind the last is made when the page adds records
    /// and there is room. A page that begins the first record of another ([`Repeat::first_from`]) begins it here.
    ///
    /// [`Repeat::first_from`]: catalogue::definition::Repeat::first_from
    pub fn merge_page<N: AsRef<str>, V: AsRef<str>>(
        &mut self,
        form: &Form,
        page: &Page,
        record: Option<usize>,
        pairs: &[(N, V)],
    ) {
        let mut sent: BTreeMap<FieldPath, Vec<SentPart<'_>>> = BTreeMap::new();
        for (name, value) in pairs {
            if let Some((path, part)) = find_field(page, record, name.as_ref()) {
                sent.entry(path).or_default().push((part, value.as_ref()));
            }
        }
        for (path, values) in sent {
            let Some(field) = page.fields.iter().find(|field| field.id == *path.field) else { continue };
            if !self.make_room(form, page, &path) {
                continue;
            }
            let before = self.get(&path).cloned();
            let raw = merged(field, before.as_ref(), &values);
            self.set(&path, raw.clone());
            self.begin_first_record(form, page, &path.field, before.as_ref(), &raw);
        }
    }

    /// Whether the record of a path is there, if need be made now: the next one on a page that adds records; any one of a
    /// form that goes over records on file.
    fn make_room(&mut self, form: &Form, page: &Page, path: &FieldPath) -> bool {
        let Some((of, index)) = &path.record else { return true };
        let count = self.count(of);
        if *index < count {
            return true;
        }
        if records_max(form, of).is_none() {
            if *index < RECORDS_MAX {
                self.records.entry(of.clone()).or_default().resize_with(index + 1, RawRecord::new);
            }
            return *index < RECORDS_MAX;
        }
        let adds = page.repeat.as_ref().is_some_and(|repeat| repeat.add);
        adds && *index == count && self.add_record(form, of).is_some()
    }

    /// Copies an answer of a page that begins the first record of others; one that was changed there stays changed.
    fn begin_first_record(&mut self, form: &Form, page: &Page, field: &str, before: Option<&Raw>, now: &Raw) {
        for other in &form.pages {
            let Some(repeat) = &other.repeat else { continue };
            let begins = repeat.first_from.as_ref().is_some_and(|first| *first == page.id);
            if !begins || page.repeat.is_some() || other.fields.iter().all(|known| known.id != *field) {
                continue;
            }
            if self.count(&repeat.of) == 0 && self.add_record(form, &repeat.of).is_none() {
                continue;
            }
            let first = FieldPath { record: Some((repeat.of.get().clone(), 0)), field: field.to_owned() };
            let copied = self.get(&first);
            if copied.is_none_or(Raw::is_empty) || copied == before {
                self.set(&first, now.clone());
            }
        }
    }
}

/// Whether pages mask the answer: what the pack says, and whatever points at one person.
pub(super) fn is_sensitive(field: &Field) -> bool {
    let points = matches!(*field.kind, FieldKind::CitizenId | FieldKind::Phone | FieldKind::BankAccount);
    field.sensitive || points
}

/// The name of a repeating page's records.
pub(super) fn records_of(page: &Page) -> Option<&str> {
    page.repeat.as_ref().map(|repeat| repeat.of.as_str())
}

/// Most records of a name; none when no page of the form adds them.
pub(super) fn records_max(form: &Form, of: &str) -> Option<usize> {
    let adding = form.pages.iter().filter_map(|page| page.repeat.as_ref());
    let repeat = adding.into_iter().find(|repeat| repeat.add && repeat.of == of)?;
    Some(repeat.max.map_or(RECORDS_MAX, |max| max as usize).min(RECORDS_MAX))
}

/// The field that a name means on a page, and the part of the date it names (or "").
fn find_field<'n>(page: &Page, shown: Option<usize>, name: &'n str) -> Option<(FieldPath, &'n str)> {
    let (index, rest) = match records_of(page) {
        None => (None, name),
        Some(of) => match name.strip_prefix(of).and_then(|rest| rest.strip_prefix('.')) {
            Some(rest) => {
                let (index, rest) = rest.split_once('.')?;
                let index: usize = index.parse().ok()?;
                if shown.is_some_and(|shown| shown != index) {
                    return None;
                }
                (Some(index), rest)
            }
            None => (Some(shown?), name),
        },
    };
    let (id, part) = match rest.split_once('.') {
        Some((_, "")) => return None,
        Some(dotted) => dotted,
        None => (rest, ""),
    };
    let field = page.fields.iter().find(|field| field.id == id)?;
    let known = match *field.kind {
        FieldKind::Date => matches!(part, "" | "year" | "month" | "day"),
        FieldKind::Month => matches!(part, "" | "year" | "month"),
        _ => part.is_empty(),
    };
    known.then(|| (FieldPath::new(page, index, field), part))
}

/// The part of a date that a name means, or "", and what was sent for it.
type SentPart<'a> = (&'a str, &'a str);

fn merged(field: &Field, before: Option<&Raw>, sent: &[SentPart<'_>]) -> Raw {
    if matches!(*field.kind, FieldKind::Choices | FieldKind::Files) {
        let ticked = sent.iter().map(|(_, value)| *value).filter(|value| !blank(value));
        return Raw::List(ticked.take(LIST_MAX).map(ToOwned::to_owned).collect());
    }
    if sent.iter().any(|(part, _)| !part.is_empty()) {
        let mut parts = match before {
            Some(Raw::Parts(parts)) => parts.clone(),
            Some(Raw::Text(_) | Raw::List(_)) | None => BTreeMap::new(),
        };
        for (part, value) in sent.iter().filter(|(part, _)| !part.is_empty()) {
            parts.insert((*part).to_owned(), (*value).to_owned());
        }
        return Raw::Parts(parts);
    }
    let last = sent.iter().rev().map(|(_, value)| *value).find(|value| !blank(value));
    // Pages show a number that is on file masked; sent back untouched it stays what it is.
    if let Some(before) =
        before.filter(|before| last.is_some() && shown_masked(field, before).as_deref() == last)
    {
        return before.clone();
    }
    Raw::Text(last.or(sent.last().map(|(_, value)| *value)).unwrap_or_default().to_owned())
}

/// A sensitive answer that is written as words, as pages show it in its field; none for other fields and for what cannot be read.
#[must_use]
pub fn shown_masked(field: &Field, raw: &Raw) -> Option<String> {
    let text = raw.text().trim();
    match *field.kind {
        FieldKind::CitizenId => text.parse::<vocab::CitizenId>().ok().map(|id| id.masked()),
        FieldKind::Phone => text.parse::<vocab::Phone>().ok().map(|phone| phone.masked()),
        FieldKind::BankAccount => text.parse::<vocab::BankAccount>().ok().map(|account| account.masked()),
        FieldKind::PersonName if field.sensitive => {
            text.parse::<vocab::PersonName>().ok().map(|name| name.masked())
        }
        FieldKind::Text | FieldKind::Textarea if field.sensitive && !text.is_empty() => {
            Some("****".to_owned())
        }
        _ => None,
    }
}

/// What the answers point at outside the form: look these up before checking, one query each.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mentions {
    /// Divisions.
    pub divisions: BTreeSet<DivisionCode>,
    /// Ids of uploaded files.
    pub attachments: BTreeSet<String>,
}

impl Mentions {
    /// Everything that the answers of a form point at.
    #[must_use]
    pub fn of(form: &Form, answers: &Answers) -> Mentions {
        let mut mentions = Mentions::default();
        for (page, field) in form.fields() {
            let instances: Vec<Option<usize>> = match records_of(page) {
                None => vec![None],
                Some(of) => (0..answers.count(of)).map(Some).collect(),
            };
            for record in instances {
                let Some(raw) = answers.get(&FieldPath::new(page, record, field)) else { continue };
                match *field.kind {
                    FieldKind::Division => mentions.divisions.extend(raw.text().parse::<DivisionCode>()),
                    FieldKind::File | FieldKind::Files | FieldKind::Signature => {
                        mentions.attachments.extend(raw.list().into_iter().map(ToOwned::to_owned));
                    }
                    _ => {}
                }
            }
        }
        mentions
    }
}
