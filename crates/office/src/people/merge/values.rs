//! What the record that stays takes from the one that is given up, field by field, and how it is given back.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use store::{DivisionId, PersonId, Query, Tx};

use super::super::PersonView;
use super::moving::MOVING;
use super::{Choices, Standing};
use crate::{Office, OfficeError};

/// What the record that stays said before, for the undo.
#[derive(Serialize, Deserialize)]
pub(super) struct Before {
    name: String,
    /// As it stood, still sealed, in hexadecimal; and its blind index.
    phone: Option<(String, String)>,
    division: i64,
    residence: i64,
    pub died_on: Option<NaiveDate>,
}

impl Standing {
    /// What the record that stays said before.
    pub(super) fn before(&self, office: &Office) -> Result<Before, OfficeError> {
        let sealed = self.before.as_ref();
        let sealed = sealed.ok_or_else(|| OfficeError::Internal("合并前的档案没有留存".to_owned()))?;
        serde_json::from_str(&office.keys().open(sealed)?)
            .map_err(|error| OfficeError::Internal(error.to_string()))
    }
}

/// Reads what the record that stays says, sealed for the undo.
pub(super) async fn before(office: &Office, tx: &Tx, kept: &PersonView) -> Result<Vec<u8>, OfficeError> {
    let row = Query::system(MOVING, "SELECT p.phone_sealed, p.phone_blind FROM person p WHERE p.id = ?")
        .bind(kept.id)
        .one(tx)
        .await?;
    let sealed: Option<Vec<u8>> = row.get("phone_sealed")?;
    let phone = sealed.map(hex::encode).zip(row.get::<Option<String>>("phone_blind")?);
    let before = Before {
        name: kept.name.clone(),
        phone,
        division: kept.division.0,
        residence: kept.residence.0,
        died_on: kept.died_on,
    };
    let text = serde_json::to_string(&before).map_err(|error| OfficeError::Internal(error.to_string()))?;
    Ok(office.keys().seal(&text)?)
}

/// Puts the chosen values of the record that is given up into the one that stays.
pub(super) async fn take_values(
    tx: &Tx,
    kept: &PersonView,
    dropped: &PersonView,
    choices: &Choices,
) -> Result<(), OfficeError> {
    let from = |columns: &[&str]| {
        let sets: Vec<String> = columns
            .iter()
            .map(|column| format!("{column} = (SELECT d.{column} FROM person d WHERE d.id = ?)"))
            .collect();
        let sql = format!("UPDATE person SET {} WHERE id = ?", sets.join(", "));
        columns.iter().fold(Query::system(MOVING, sql), |query, _| query.bind(dropped.id)).bind(kept.id)
    };
    for (field, columns) in [
        ("name", &["name"][..]),
        ("phone", &["phone_sealed", "phone_blind"][..]),
        ("division", &["division_id", "county_id"][..]),
        ("residence", &["residence_division_id"][..]),
        ("died_on", &["died_on"][..]),
    ] {
        if choices.takes(field) {
            from(columns).execute_one(tx).await?;
        }
    }
    if choices.takes("citizen_id") {
        swap_numbers(tx, kept.id, dropped.id).await?;
    }
    Query::system(MOVING, "UPDATE person SET version = version + 1 WHERE id = ?")
        .bind(kept.id)
        .execute_one(tx)
        .await?;
    Ok(())
}

/// A number as stored, with the sex and day of birth that stand in it.
struct Number {
    sealed: Vec<u8>,
    blind: String,
    tail: String,
    sex: String,
    born_on: NaiveDate,
}

async fn number(tx: &Tx, person: PersonId) -> Result<Number, OfficeError> {
    let row = Query::system(
        MOVING,
        "SELECT p.citizen_id_sealed, p.citizen_id_blind, p.citizen_id_tail_blind, p.sex, p.born_on FROM person p WHERE p.id = ?",
    )
    .bind(person)
    .one(tx)
    .await?;
    Ok(Number {
        sealed: row.get("citizen_id_sealed")?,
        blind: row.get("citizen_id_blind")?,
        tail: row.get("citizen_id_tail_blind")?,
        sex: row.get("sex")?,
        born_on: row.get("born_on")?,
    })
}

/// Each takes the other's number: a number is one person's, so both rows are needed.
async fn swap_numbers(tx: &Tx, one: PersonId, other: PersonId) -> Result<(), OfficeError> {
    let (first, second) = (number(tx, one).await?, number(tx, other).await?);
    Query::system(MOVING, "UPDATE person SET citizen_id_blind = ? WHERE id = ?")
        .bind(format!("merging:{other}"))
        .bind(other)
        .execute_one(tx)
        .await?;
    for (person, Number { sealed, blind, tail, sex, born_on }) in [(one, second), (other, first)] {
        Query::system(
            MOVING,
            "UPDATE person SET citizen_id_sealed = ?, citizen_id_blind = ?, citizen_id_tail_blind = ?, sex = ?, born_on = ? WHERE id = ?",
        )
        .bind(sealed)
        .bind(blind)
        .bind(tail)
        .bind(sex)
        .bind(born_on)
        .bind(person)
        .execute_one(tx)
        .await?;
    }
    Ok(())
}

/// What the record that stays had taken from the other it gives back, unless somebody has corrected it since.
pub(super) async fn give_values_back(
    office: &Office,
    tx: &Tx,
    merge: &Standing,
    kept: &PersonView,
    dropped: &PersonView,
) -> Result<(), OfficeError> {
    let choices = &merge.choices;
    let before = merge.before(office)?;
    let set = |sql: &'static str| Query::system(MOVING, sql);
    if choices.takes("name") && kept.name == dropped.name {
        set("UPDATE person SET name = ? WHERE id = ?").bind(before.name).bind(kept.id).execute(tx).await?;
    }
    if choices.takes("phone") {
        let (sealed, blind) = before.phone.unzip();
        let sealed = sealed.map(hex::decode).transpose();
        let sealed = sealed.map_err(|error| OfficeError::Internal(error.to_string()))?;
        set("UPDATE person SET phone_sealed = ?, phone_blind = ? WHERE id = ? AND COALESCE(phone_blind, '') = \
             COALESCE((SELECT d.phone_blind FROM person d WHERE d.id = ?), '')")
        .bind(sealed)
        .bind(blind)
        .bind(kept.id)
        .bind(dropped.id)
        .execute(tx)
        .await?;
    }
    if choices.takes("division") && kept.division == dropped.division {
        let division = DivisionId(before.division);
        set("UPDATE person SET division_id = ?, county_id = ? WHERE id = ?")
            .bind(division)
            .bind(crate::divisions::county(tx, division).await?)
            .bind(kept.id)
            .execute(tx)
            .await?;
    }
    if choices.takes("residence") && kept.residence == dropped.residence {
        set("UPDATE person SET residence_division_id = ? WHERE id = ?")
            .bind(DivisionId(before.residence))
            .bind(kept.id)
            .execute(tx)
            .await?;
    }
    if choices.takes("died_on") && kept.died_on == dropped.died_on {
        set("UPDATE person SET died_on = ? WHERE id = ?")
            .bind(before.died_on)
            .bind(kept.id)
            .execute(tx)
            .await?;
    }
    if choices.takes("citizen_id") {
        swap_numbers(tx, kept.id, dropped.id).await?;
    }
    set("UPDATE person SET version = version + 1 WHERE id = ?").bind(kept.id).execute_one(tx).await?;
    Ok(())
}
