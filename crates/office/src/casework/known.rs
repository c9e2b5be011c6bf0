//! What is on file about a family, put into the form that is begun for it: nobody is asked again for what the system
//! knows (社会救助法 art. 62). Identifiers are shown masked by whoever renders the form; the draft holds them sealed.

use catalogue::definition::{Field, Form, Page, Writes};
use store::{PersonId, Query, Row, Tx};

use crate::forms::{Answers, FieldPath, MEMBER, Raw};
use crate::people::sealing;
use crate::{Office, OfficeError};

/// One member on file.
struct Known {
    name: String,
    citizen_id: String,
    phone: Option<String>,
    relation: Option<String>,
}

/// Where the family is on file.
struct Home {
    residence: String,
    registered: String,
    area: String,
    address: Option<String>,
}

/// Answers that a new form begins with, `applicant` in the first place: the caller, or the head of a family in the caller's reach.
pub(super) async fn answers(
    office: &Office,
    tx: &Tx,
    applicant: PersonId,
    form: &Form,
) -> Result<Answers, OfficeError> {
    let (members, home) = family(office, tx, applicant).await?;
    let mut answers = Answers::new();
    let Some(first) = members.first() else { return Ok(answers) };
    for page in &form.pages {
        match &page.repeat {
            None => {
                put(&mut answers, page, None, |writes| match writes {
                    Writes::ResidenceDivision => home.as_ref().map(|home| home.residence.clone()),
                    Writes::RegisteredDivision => home.as_ref().map(|home| home.registered.clone()),
                    Writes::Area => home.as_ref().map(|home| home.area.clone()),
                    Writes::Address => home.as_ref().and_then(|home| home.address.clone()),
                    Writes::Phone => first.phone.clone(),
                    other => of_person(first, other),
                });
            }
            Some(repeat) if repeat.add && repeat.of == MEMBER => {
                for (index, member) in members.iter().enumerate() {
                    if index >= answers.count(MEMBER) && answers.add_record(form, MEMBER).is_none() {
                        break;
                    }
                    put(&mut answers, page, Some(index), |writes| match writes {
                        Writes::Relation => member.relation.clone(),
                        other => of_person(member, other),
                    });
                }
            }
            Some(_) => {}
        }
    }
    Ok(answers)
}

fn of_person(person: &Known, writes: Writes) -> Option<String> {
    match writes {
        Writes::PersonName => Some(person.name.clone()),
        Writes::CitizenId => Some(person.citizen_id.clone()),
        _ => None,
    }
}

fn put(answers: &mut Answers, page: &Page, record: Option<usize>, known: impl Fn(Writes) -> Option<String>) {
    let entered = |field: &Field| field.writes.and_then(&known);
    for field in &page.fields {
        if let Some(text) = entered(field) {
            answers.set(&FieldPath::new(page, record, field), Raw::from(text.as_str()));
        }
    }
}

/// The family, the applicant first.
async fn family(
    office: &Office,
    tx: &Tx,
    applicant: PersonId,
) -> Result<(Vec<Known>, Option<Home>), OfficeError> {
    const OWN: &str = "the family of the caller, or one in the caller's reach, for a form of theirs";
    let rows = Query::system(
        OWN,
        "SELECT p.id, p.name, p.citizen_id_sealed, p.phone_sealed, m.relation FROM person p \
         LEFT JOIN membership m ON m.person_id = p.id AND m.until_on IS NULL AND m.superseded_at IS NULL \
         WHERE p.id = ? OR (p.died_on IS NULL AND m.household_id = (SELECT o.household_id FROM membership o \
         WHERE o.person_id = ? AND o.until_on IS NULL AND o.superseded_at IS NULL)) ORDER BY m.head DESC, m.id",
    )
    .bind(applicant)
    .bind(applicant)
    .all(tx)
    .await?;
    let (own, others): (Vec<&Row>, Vec<&Row>) =
        rows.iter().partition(|row| row.get::<PersonId>("id").ok() == Some(applicant));
    let members = own.into_iter().chain(others).map(|row| known(office, row)).collect::<Result<_, _>>()?;
    let home = Query::system(
        OWN,
        "SELECT d.code AS residence, r.code AS registered, h.area, h.address_sealed FROM membership m \
         JOIN household h ON h.id = m.household_id JOIN division d ON d.id = h.division_id \
         JOIN division r ON r.id = h.registered_division_id \
         WHERE m.person_id = ? AND m.until_on IS NULL AND m.superseded_at IS NULL",
    )
    .bind(applicant)
    .optional(tx)
    .await?;
    let home = match home {
        None => None,
        Some(row) => {
            let address: Option<Vec<u8>> = row.get("address_sealed")?;
            Some(Home {
                residence: row.get("residence")?,
                registered: row.get("registered")?,
                area: row.get("area")?,
                address: address
                    .map(|sealed| office.keys().open(&sealed).map(|text| text.to_string()))
                    .transpose()?,
            })
        }
    };
    Ok((members, home))
}

fn known(office: &Office, row: &Row) -> Result<Known, OfficeError> {
    let keys = office.keys();
    let phone: Option<Vec<u8>> = row.get("phone_sealed")?;
    let phone = phone.map(|sealed| sealing::open_phone(keys, &sealed)).transpose()?;
    let citizen_id = sealing::open_citizen_id(keys, &row.get::<Vec<u8>>("citizen_id_sealed")?)?;
    Ok(Known {
        name: row.get("name")?,
        citizen_id: citizen_id.expose().to_owned(),
        phone: phone.map(|phone| phone.expose().to_owned()),
        relation: row.get("relation")?,
    })
}
