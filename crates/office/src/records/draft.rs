//! Answers on their way to a record: what they point at is looked up, what the actor may not change stays, the form is checked, and where the
//! record will lie is found.

use catalogue::definition::{Field, Form, Register, Shared, Target};
use store::{Connection, DivisionId, PersonId};

use super::look_up::{Finder, LookedUp};
use super::papers::owner_of;
use super::read::Record;
use super::{Open, conflict, row_files, rows, shape, writes};
use crate::access::Actor;
use crate::casework::drafts;
use crate::forms::{
    Answers, Checked, FieldPath, FilledForm, FormContext, FormValue, FormValues, Raw, reference_text,
    target_key,
};
use crate::{Office, OfficeError, divisions};

/// Answers with everything looked up that they point at, ready to be checked and shown.
#[derive(Debug, Clone)]
pub struct Draft {
    /// The answers, with what was found written into them.
    pub answers: Answers,
    pub(super) looked: LookedUp,
    related: rules::Record,
    /// State in which the record is, or will be.
    state: String,
}

impl Draft {
    /// The context in which the form is read.
    #[must_use]
    pub fn context<'a>(&self, office: &Office, open: &'a Open) -> FormContext<'a> {
        let mut context = self.looked.context(office, open.release());
        context.related = self.related.clone();
        context.related.fields.insert("state".to_owned(), self.state.as_str().into());
        context
    }

    /// Points a field at a person who has just been registered.
    pub(super) fn point_at(&mut self, path: &FieldPath, person: PersonId, name: &str) {
        self.answers.set(path, Raw::Text(reference_text(person.0)));
        self.looked.references.insert(("person".to_owned(), person.0), name.to_owned());
    }
}

pub(super) fn form(open: &Open) -> Result<&Form, OfficeError> {
    let found = open.release().record_form(&open.register().id);
    found.ok_or_else(|| OfficeError::Internal("登记簿没有表单".to_owned()))
}

/// Looks up what answers point at. Fields that the actor may not change keep what the record holds.
///
/// # Errors
/// The database.
pub async fn draft_of(
    office: &Office,
    actor: &Actor,
    open: &Open,
    answers: Answers,
    existing: Option<&Record>,
    state: Option<&str>,
) -> Result<Draft, OfficeError> {
    draft_by(&mut Finder::new(office, actor), open, answers, existing, state).await
}

/// [`draft_of`] for many drafts: what was looked up for one is known for the next.
pub(super) async fn draft_by(
    finder: &mut Finder<'_>,
    open: &Open,
    mut answers: Answers,
    existing: Option<&Record>,
    state: Option<&str>,
) -> Result<Draft, OfficeError> {
    let form = form(open)?;
    let (office, actor) = (finder.office, finder.actor);
    let stored = existing.map(|record| record.answers(open.register())).unwrap_or_default();
    keep_unwritable(actor, open.register(), form, &mut answers, &stored);
    let mut looked = finder.look_up(form, &mut answers).await?;
    let writer = drafts::owner_of(actor);
    looked.files = row_files::of_owner(office, &writer, open.register(), form, &answers).await?;
    if let Some(existing) = existing {
        // What the record points at already stays, also where the actor's area ends.
        for (target, id) in shape::references(open.register(), existing) {
            let known = looked.references.entry((target, id));
            known.or_insert_with(|| "（辖区以外）".to_owned());
        }
    }
    draft_with(office, open, answers, looked, existing, state).await
}

pub(super) async fn draft_with(
    office: &Office,
    open: &Open,
    answers: Answers,
    mut looked: LookedUp,
    existing: Option<&Record>,
    state: Option<&str>,
) -> Result<Draft, OfficeError> {
    let register = open.register();
    let form = form(open)?;
    if let Some(existing) = existing {
        let own = owner_of(register, existing.id);
        looked.files.extend(row_files::of_owner(office, &own, register, form, &answers).await?);
    }
    let references = typed_references(form, &answers);
    let related = shape::related(office, office.db(), register, &references).await?;
    let state =
        state.or(existing.map(|record| record.state.as_str())).unwrap_or(register.first_state()).to_owned();
    Ok(Draft { answers, looked, related, state })
}

/// References that were found, as values.
fn typed_references(form: &Form, answers: &Answers) -> FormValues {
    let mut values = FormValues::new();
    for (page, field) in
        form.fields().filter(|(page, field)| page.repeat.is_none() && field.target().is_some())
    {
        let typed = answers.get(&FieldPath::new(page, None, field));
        if let Some(id) = typed.and_then(|raw| crate::forms::referred_id(raw.text())) {
            values.insert(field.id.get().clone(), FormValue::Reference(id));
        }
    }
    values
}

/// What an actor does not write stays as it is stored, with the row in which it stands.
pub(super) fn keep_unwritable(
    actor: &Actor,
    register: &Register,
    form: &Form,
    answers: &mut Answers,
    stored: &Answers,
) {
    let may_write = |field: &Field| writes(actor, field) && !is_fed(register, field);
    for (_, field) in form.fields().filter(|(page, field)| page.repeat.is_none() && !may_write(field)) {
        conflict::take(form, answers, stored, &field.id);
    }
    rows::keep(form, answers, stored, may_write);
}

/// Whether the system keeps the field of a register that it feeds: who it is, their family, the day on which they left.
pub(super) fn is_fed(register: &Register, field: &Field) -> bool {
    register.fed.as_ref().is_some_and(|fed| {
        field.id == *fed.person.get()
            || fed.household.as_ref().is_some_and(|household| field.id == *household.get())
            || fed.leaves.iter().filter_map(|way| way.dated.as_ref()).any(|dated| field.id == *dated.get())
    })
}

/// Checks the form; what is wrong comes back by field.
pub(super) fn check(office: &Office, open: &Open, draft: &Draft) -> Result<Checked, OfficeError> {
    let context = draft.context(office, open);
    let checked = FilledForm::read(&context, form(open)?, &draft.answers).check();
    if checked.is_right() { Ok(checked) } else { Err(checked.errors.into()) }
}

/// Where the record lies for whoever writes it: where its place field says, inside of `within`.
///
/// What that field points at may lie above the writer's office, or be another's that is shared: the record then stays where it lies, and a new
/// one lies at the office that enters it.
pub(super) async fn place_of(
    connection: &impl Connection,
    within: Option<DivisionId>,
    open: &Open,
    checked: &Checked,
    draft: &Draft,
    existing: Option<&Record>,
) -> Result<DivisionId, OfficeError> {
    let named = named_place(connection, within, open, checked, draft, existing).await?;
    raised(connection, open.register(), checked, named).await
}

/// Where a record lies that is about the office of a place itself: above it, at the county at the least, whoever writes it.
async fn raised(
    connection: &impl Connection,
    register: &Register,
    checked: &Checked,
    place: DivisionId,
) -> Result<DivisionId, OfficeError> {
    let Some(raised) = &register.raised else { return Ok(place) };
    let about_it = match checked.get(&raised.field) {
        Some(FormValue::Code(code)) => raised.codes.iter().any(|known| known.as_str() == code.as_str()),
        _ => false,
    };
    if !about_it {
        return Ok(place);
    }
    match divisions::county(connection, place).await? {
        Some(county) if county == place => {
            Ok(divisions::find(connection, county).await?.parent.unwrap_or(county))
        }
        Some(county) => Ok(county),
        None => Ok(place),
    }
}

async fn named_place(
    connection: &impl Connection,
    within: Option<DivisionId>,
    open: &Open,
    checked: &Checked,
    draft: &Draft,
    existing: Option<&Record>,
) -> Result<DivisionId, OfficeError> {
    let register = open.register();
    let field = register.field(&register.place_field);
    let value = checked.get(&register.place_field);
    let stays = existing.filter(|record| record.values.get(register.place_field.get()) == value);
    let (found, points) = match (field, value) {
        (Some(_), Some(FormValue::Division(code))) => (draft.looked.divisions.get(code).copied(), false),
        (Some(field), Some(FormValue::Reference(id))) => {
            let target = field.target().map(target_key).unwrap_or_default();
            let place = draft.looked.places.get(&(target, *id)).copied();
            (place.or(stays.map(|record| record.division)), true)
        }
        _ => (None, false),
    };
    let Some(place) = found else {
        let label = field.map_or("所在地", |field| field.label.as_str());
        return Err(OfficeError::invalid(&register.place_field, format!("请填写{label}。")));
    };
    let stays = stays.filter(|_| points).map(|record| record.division);
    let afar = match field.and_then(Field::target) {
        Some(Target::Record(target)) => {
            let shared = open.release().registers.get(target).and_then(|target| target.shared);
            matches!(shared, Some(Shared::County | Shared::Prefecture))
        }
        _ => false,
    };
    if let Some(stays) = stays
        && (afar || divisions::is_within(connection, place, stays).await?)
    {
        return Ok(stays);
    }
    match within {
        Some(within) if !divisions::is_within(connection, within, place).await? => {
            if points {
                return Ok(stays.unwrap_or(within));
            }
            Err(OfficeError::invalid(&register.place_field, "这个地方不在您的管辖范围内，请核对。"))
        }
        _ => Ok(place),
    }
}
