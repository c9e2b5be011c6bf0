//! The place filter of the desk's lists: what lies one step below one's own office.

use maud::{Markup, html};
use office::access::ReadCase;
use office::divisions::{self, DivisionView};
use vocab::Level;

use crate::error::Fault;
use crate::extract::Desk;
use crate::money::common;
use crate::ui::form::{Choice, Field, Width, select};

/// The place of an address, if it lies within one's own; anything else narrows nothing.
pub(super) async fn place(desk: &Desk<ReadCase>, text: &str) -> Result<Option<DivisionView>, Fault> {
    let Some(id) = common::division(text) else { return Ok(None) };
    let db = desk.office().db();
    divisions::within(db, desk.actor().division, id).await?;
    Ok(Some(divisions::find(db, id).await?))
}

/// The places one step below; a village has none.
pub(super) async fn places_below(desk: &Desk<ReadCase>) -> Result<Vec<Choice<'static>>, Fault> {
    if desk.actor().level == Level::Village {
        return Ok(Vec::new());
    }
    let below = divisions::children(desk.office().db(), desk.actor().division).await?;
    Ok(common::places(&below))
}

/// The field; nothing where there is nothing to choose.
pub(super) fn place_select(chosen: Option<&DivisionView>, places: &[Choice<'_>]) -> Markup {
    let value = chosen.map(|place| place.id.to_string()).unwrap_or_default();
    html! {
        @if !places.is_empty() { (select(&Field::new("place", "地区").value(value).width(Width::Full), places, Some("全部"))) }
    }
}
