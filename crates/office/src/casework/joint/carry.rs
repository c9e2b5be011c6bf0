//! What is told once stands in every form of the need (社会救助法 art. 64): the need's words begin the field that asks for them, and what was
//! answered in the form that was sent first stands in the others where nobody has answered yet. Signatures, promises and photos are given
//! for one matter and never carried.

use catalogue::definition::{Field, FieldKind, Form, Writes};
use store::{Query, Tx};

use super::JointId;
use crate::casework::{DraftId, drafts};
use crate::forms::{Answers, FieldPath, MEMBER, Raw};
use crate::{Office, OfficeError};

/// Why drafts of others than the caller may be read and filled here: they belong to the caller's need.
const CARRIED: &str = "a form of a need told once, by whoever sent another of it";

/// Puts what is known of the need into a form that was just begun for it: its words, and the answers of the forms that were sent.
pub(super) async fn begun(
    office: &Office,
    tx: &Tx,
    joint: JointId,
    draft: DraftId,
    told: &str,
) -> Result<(), OfficeError> {
    let sent: Vec<(String, Vec<u8>)> = Query::system(
        CARRIED,
        "SELECT d.form, d.answers_sealed FROM joint_part p JOIN draft d ON d.id = p.draft_id \
         WHERE p.joint_id = ? AND d.submitted_case_id IS NOT NULL ORDER BY d.id DESC",
    )
    .bind(joint)
    .all_as(tx, |row| Ok((row.get("form")?, row.get("answers_sealed")?)))
    .await?;
    let release = office.release();
    let mut known = Vec::with_capacity(sent.len());
    for (form, answers) in sent {
        let Some(form) = release.forms.get(&form) else { continue };
        known.push((form, drafts::read(office, &answers)?));
    }
    amend(office, tx, draft, |form, answers| {
        for (page, field) in form.fields() {
            if field.writes == Some(Writes::Told) && page.repeat.is_none() {
                put(answers, &FieldPath::new(page, None, field), &Raw::from(told));
            }
        }
        for (from, sent) in &known {
            carry(from, sent, form, answers);
        }
    })
    .await
}

/// Puts the answers of a form that is being sent into the unfinished ones of the same need.
pub(in crate::casework) async fn onward(
    office: &Office,
    tx: &Tx,
    sent: &drafts::Draft,
) -> Result<(), OfficeError> {
    let others: Vec<DraftId> = Query::system(
        CARRIED,
        "SELECT o.draft_id FROM joint_part p JOIN joint_part o ON o.joint_id = p.joint_id AND o.id <> p.id \
         JOIN draft d ON d.id = o.draft_id \
         WHERE p.draft_id = ? AND o.given_up_on IS NULL AND d.submitted_case_id IS NULL ORDER BY o.id",
    )
    .bind(sent.id)
    .scalars(tx)
    .await?;
    let release = office.release();
    let Some(from) = release.forms.get(&sent.form) else { return Ok(()) };
    for other in others {
        amend(office, tx, other, |form, answers| carry(from, &sent.answers, form, answers)).await?;
    }
    Ok(())
}

/// Changes an unfinished form; its version moves only where something was put in, so that an open page of it is not overwritten unseen.
async fn amend(
    office: &Office,
    tx: &Tx,
    draft: DraftId,
    change: impl FnOnce(&Form, &mut Answers),
) -> Result<(), OfficeError> {
    let row = Query::system(CARRIED, "SELECT form, answers_sealed FROM draft WHERE id = ?")
        .bind(draft)
        .one(tx)
        .await?;
    let release = office.release();
    let Some(form) = release.forms.get(&row.get::<String>("form")?) else { return Ok(()) };
    let before = drafts::read(office, &row.get::<Vec<u8>>("answers_sealed")?)?;
    let mut answers = before.clone();
    change(form, &mut answers);
    if answers == before {
        return Ok(());
    }
    Query::system(
        CARRIED,
        "UPDATE draft SET answers_sealed = ?, version = version + 1, updated_at = ? WHERE id = ?",
    )
    .bind(drafts::sealed(office, &answers)?)
    .bind(office.now().at_ms())
    .bind(draft)
    .execute_one(tx)
    .await?;
    Ok(())
}

/// Copies the answers that both forms ask for into those that nobody has answered.
fn carry(from: &Form, sent: &Answers, form: &Form, answers: &mut Answers) {
    let places = members(from, sent, form, answers);
    for (page, field) in form.fields().filter(|(_, field)| carried(field)) {
        let Some((theirs, same)) = from.field(field.id.get()) else { continue };
        let of = page.repeat.as_ref().map(|repeat| repeat.of.get());
        let alike = *same.kind == *field.kind
            && same.unit == field.unit
            && same.fact == field.fact
            && same.writes == field.writes
            && same.codelist.as_ref().map(|list| list.as_str())
                == field.codelist.as_ref().map(|list| list.as_str())
            && theirs.repeat.as_ref().map(|repeat| repeat.of.get()) == of;
        if !alike {
            continue;
        }
        match of.map(String::as_str) {
            None => {
                let Some(raw) = sent.get(&FieldPath::new(theirs, None, same)) else { continue };
                let raw = match *field.kind {
                    FieldKind::MemberRef => pointed(raw, &places),
                    _ => Some(raw.clone()),
                };
                if let Some(raw) = raw {
                    put(answers, &FieldPath::new(page, None, field), &raw);
                }
            }
            Some(MEMBER) => {
                for (at, place) in places.iter().enumerate() {
                    let raw = sent.get(&FieldPath::new(theirs, Some(at), same));
                    if let Some((raw, place)) = raw.zip(*place) {
                        put(answers, &FieldPath::new(page, Some(place), field), raw);
                    }
                }
            }
            Some(_) => {}
        }
    }
}

fn carried(field: &Field) -> bool {
    !matches!(*field.kind, FieldKind::Statement | FieldKind::Signature | FieldKind::File | FieldKind::Files)
        && field.finding.is_none()
        && field.finding_reason.is_none()
}

/// Where each member of the form that was sent stands in the other one; those who are missing there are added where it takes them.
fn members(from: &Form, sent: &Answers, form: &Form, answers: &mut Answers) -> Vec<Option<usize>> {
    let (Some(theirs), Some(ours)) = (identifier(from), identifier(form)) else { return Vec::new() };
    let id = |answers: &Answers, field: &str, at: usize| -> Option<String> {
        let path = FieldPath { record: Some((MEMBER.to_owned(), at)), field: field.to_owned() };
        let text = answers.get(&path)?.text().trim().to_uppercase();
        (!text.is_empty()).then_some(text)
    };
    (0..sent.count(MEMBER))
        .map(|at| {
            let person = id(sent, theirs, at)?;
            let known =
                (0..answers.count(MEMBER)).find(|place| id(answers, ours, *place).as_ref() == Some(&person));
            known.or_else(|| answers.add_record(form, MEMBER))
        })
        .collect()
}

/// The field that asks for a member's citizen ID.
fn identifier(form: &Form) -> Option<&str> {
    let of_members =
        |repeat: &catalogue::definition::Repeat| repeat.add && repeat.of.get().as_str() == MEMBER;
    let (_, field) = form.fields().find(|(page, field)| {
        field.writes == Some(Writes::CitizenId) && page.repeat.as_ref().is_some_and(of_members)
    })?;
    Some(field.id.get())
}

/// An answer that points at a member, pointing at the same person.
fn pointed(raw: &Raw, places: &[Option<usize>]) -> Option<Raw> {
    let at: usize = raw.text().trim().parse().ok()?;
    let place = (*places.get(at)?)?;
    Some(Raw::Text(place.to_string()))
}

fn put(answers: &mut Answers, path: &FieldPath, raw: &Raw) {
    if !raw.is_empty() && answers.get(path).is_none_or(Raw::is_empty) {
        answers.set(path, raw.clone());
    }
}
