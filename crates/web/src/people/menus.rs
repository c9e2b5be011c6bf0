//! Menus of people's pages: places below an office, relations, city or country.

use office::access::Actor;
use office::{Office, divisions};
use store::DivisionId;
use vocab::Level;

use crate::error::Fault;
use crate::ui::form::Choice;

/// Villages of an office's area under their township, and each township itself for when the village is not known.
///
/// # Errors
/// The database.
pub async fn places(office: &Office, actor: &Actor) -> Result<Vec<(DivisionId, String)>, Fault> {
    let db = office.db();
    if actor.level == Level::Village {
        return Ok(vec![(actor.division, actor.division_name.clone())]);
    }
    let townships = divisions::at_level(db, actor.division, Level::Township).await?;
    let villages = divisions::at_level(db, actor.division, Level::Village).await?;
    let mut places = Vec::with_capacity(townships.len() + villages.len());
    for township in &townships {
        for village in villages.iter().filter(|village| village.parent == Some(township.id)) {
            let name = if townships.len() == 1 {
                village.name.clone()
            } else {
                format!("{} · {}", township.name, village.name)
            };
            places.push((village.id, name));
        }
        places.push((township.id, format!("{}（村、社区不明）", township.name)));
    }
    Ok(places)
}

/// As a menu's choices.
pub(super) fn choices(places: &[(DivisionId, String)]) -> Vec<Choice<'_>> {
    places.iter().map(|(id, name)| Choice::new(id.to_string(), name.as_str())).collect()
}

/// The codes of a list of the packs, as offered today.
#[must_use]
pub fn codes(office: &Office, list: &str) -> Vec<(String, String)> {
    let release = office.release();
    let Some(list) = release.codelists.get(list) else { return Vec::new() };
    list.values
        .iter()
        .filter(|value| !value.retired)
        .map(|value| (value.code.as_str().to_owned(), value.title.clone()))
        .collect()
}

/// Relations to the head, without the head.
#[must_use]
pub fn relations(office: &Office) -> Vec<(String, String)> {
    codes(office, "relation").into_iter().filter(|(code, _)| code != "head").collect()
}

/// Code and title as choices.
pub(super) fn options(codes: &[(String, String)]) -> Vec<Choice<'_>> {
    codes.iter().map(|(code, title)| Choice::new(code.as_str(), title.as_str())).collect()
}
