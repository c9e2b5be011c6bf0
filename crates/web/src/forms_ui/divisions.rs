//! Villages to choose from.

use office::{Office, OfficeError, divisions};
use store::DivisionId;
use vocab::Level;

/// The villages of a township.
#[derive(Clone, Debug)]
pub struct DivisionGroup {
    /// County and township.
    pub title: String,
    /// Code and name of each.
    pub villages: Vec<(String, String)>,
}

/// All villages and communities at or below a division, by township.
///
/// # Errors
/// The database.
pub async fn villages_below(office: &Office, above: DivisionId) -> Result<Vec<DivisionGroup>, OfficeError> {
    let counties = divisions::at_level(office.db(), above, Level::County).await?;
    let townships = divisions::at_level(office.db(), above, Level::Township).await?;
    let villages = divisions::at_level(office.db(), above, Level::Village).await?;
    let mut groups = Vec::with_capacity(townships.len());
    for township in &townships {
        let county = counties.iter().find(|county| Some(county.id) == township.parent);
        let below = villages.iter().filter(|village| village.parent == Some(township.id));
        groups.push(DivisionGroup {
            title: county.map_or_else(
                || township.name.clone(),
                |county| format!("{} · {}", county.name, township.name),
            ),
            villages: below.map(|village| (village.code.clone(), village.name.clone())).collect(),
        });
    }
    // A village worker's own village has no township at or below it.
    let alone: Vec<(String, String)> = villages
        .iter()
        .filter(|village| townships.iter().all(|township| village.parent != Some(township.id)))
        .map(|village| (village.code.clone(), village.name.clone()))
        .collect();
    if !alone.is_empty() {
        groups.push(DivisionGroup { title: "本村（社区）".to_owned(), villages: alone });
    }
    groups.retain(|group| !group.villages.is_empty());
    Ok(groups)
}
