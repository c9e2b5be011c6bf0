//! The proof that every draw comes out again.

use std::collections::BTreeSet;

use store::Query;

use super::super::super::RandomCheckId;
use super::super::lot::fingerprint;
use super::lots::{self, Assigned, DrawnPlace};
use super::size;
use crate::{Office, OfficeError};

/// Why everything is read.
const AGAIN: &str = "drawn again";

/// Draws every draw again from what is kept of it; how many there are, and those that do not come out as they stand, with what differs.
///
/// # Errors
/// The database's.
pub async fn verify(office: &Office) -> Result<(u64, Vec<(RandomCheckId, String)>), OfficeError> {
    let rows = Query::system(
        AGAIN,
        "SELECT id, seed, population, population_sm3, confidence, margin_bp, expected_bp, drawn, inspectors, inspectors_each \
         FROM random_check ORDER BY id",
    )
    .all(office.db())
    .await?;
    let mut wrong = Vec::new();
    for row in &rows {
        let kept = Kept {
            id: row.get("id")?,
            seed: row.get("seed")?,
            population: row.get("population")?,
            sm3: row.get("population_sm3")?,
            least: size::least(
                row.get("population")?,
                row.get("confidence")?,
                row.get("margin_bp")?,
                row.get("expected_bp")?,
            ),
            drawn: row.get("drawn")?,
            inspectors: row.get("inspectors")?,
            each: row.get("inspectors_each")?,
        };
        if let Some(what) = differs(office, &kept).await? {
            wrong.push((kept.id, what.to_owned()));
        }
    }
    Ok((rows.len() as u64, wrong))
}

/// What a draw was made with.
struct Kept {
    id: RandomCheckId,
    seed: String,
    population: i64,
    sm3: String,
    least: i64,
    drawn: i64,
    inspectors: i64,
    each: i64,
}

async fn differs(office: &Office, kept: &Kept) -> Result<Option<&'static str>, OfficeError> {
    let db = office.db();
    let numbers: Vec<String> =
        Query::system(AGAIN, "SELECT number FROM random_check_object WHERE check_id = ? ORDER BY place")
            .bind(kept.id)
            .scalars(db)
            .await?;
    if fingerprint(numbers.iter().map(String::as_str)) != kept.sm3
        || i64::try_from(numbers.len()) != Ok(kept.population)
    {
        return Ok(Some("抽样的总体被改动过"));
    }
    if kept.least != kept.drawn {
        return Ok(Some("抽取的数量和算出的不同"));
    }
    let stored: Vec<DrawnPlace> =
        Query::system(AGAIN, "SELECT place, lot FROM random_check_drawn WHERE check_id = ? ORDER BY place")
            .bind(kept.id)
            .all_as(db, |row| Ok(DrawnPlace { place: row.get("place")?, lot: row.get("lot")? }))
            .await?;
    if lots::drawn(&kept.seed, kept.population, kept.drawn) != stored {
        return Ok(Some("按种子重抽的对象与存储的不同"));
    }
    let barred: Vec<(i64, i64)> =
        Query::system(AGAIN, "SELECT place, inspector FROM random_check_barred WHERE check_id = ?")
            .bind(kept.id)
            .all_as(db, |row| Ok((row.get("place")?, row.get("inspector")?)))
            .await?;
    let barred: BTreeSet<(i64, i64)> = barred.into_iter().collect();
    let mut assigned: Vec<Assigned> =
        Query::system(AGAIN, "SELECT place, inspector, lot FROM random_check_assigned WHERE check_id = ?")
            .bind(kept.id)
            .all_as(db, |row| {
                Ok(Assigned {
                    place: row.get("place")?,
                    inspector: row.get("inspector")?,
                    lot: row.get("lot")?,
                })
            })
            .await?;
    assigned.sort();
    let places: Vec<i64> = stored.iter().map(|one| one.place).collect();
    let again = lots::assigned(&kept.seed, &places, kept.inspectors, kept.each, &barred).map(|mut again| {
        again.sort();
        again
    });
    Ok((again != Ok(assigned)).then_some("按种子重抽的检查人员与存储的不同"))
}
