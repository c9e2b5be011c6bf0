//! The families of a village as everybody may read them.

use std::collections::HashMap;

use catalogue::Release;
use catalogue::definition::{Pays, Programme, Publication, PublishedName, Scalar};
use chrono::{Days, NaiveDate};
use ledger::EntitlementId;
use store::{Connection, Cursor, DivisionId, Page, Query, Row};
use vocab::{Fen, Month, Now, PersonName};

use crate::casework::lists::at_midnight;
use crate::{Office, OfficeError, divisions};

/// Families of one page.
pub const PAGE: usize = 200;
/// Families at most of a sheet on paper: more than any village has.
pub const WHOLE: usize = 5_000;

const PUBLIC: &str = "public by law (社会救助法 art. 45, 57号 art. 24)";
/// Years under which somebody is named nowhere (未成年人保护法 art. 2 and 4).
const GROWN: u32 = 18;

/// The benefit goes on in a month; binds the month twice, then the moment at which the month began. What was ended this month is over at once, what was ended
/// before, to taper off (渐退), with its last month.
pub(crate) const LIVE: &str = "(e.until_month IS NULL OR (e.until_month >= e.from_month AND e.until_month >= ? \
    AND (e.ended_at IS NULL OR e.until_month > ? OR e.ended_at < ?)))";
/// Nothing is paid in the month; binds it twice.
const PAUSED: &str = "EXISTS (SELECT 1 FROM entitlement_pause s WHERE s.entitlement_id = e.id AND s.from_month <= ? \
    AND (s.until_month IS NULL OR s.until_month >= ?))";

/// Whose benefit it is, as everybody may read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Holder {
    /// The name, or what the pack leaves of it.
    Named(String),
    /// A minor, who is named nowhere.
    Minor,
}

impl Holder {
    /// As a page shows it.
    #[must_use]
    pub fn shown(&self) -> &str {
        match self {
            Holder::Named(name) => name,
            Holder::Minor => "未成年人（不写姓名）",
        }
    }
}

/// A family of the sheet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublishedLine {
    /// The benefit; orders the sheet and stands on no page.
    pub id: EntitlementId,
    /// Title of its programme.
    pub programme: String,
    /// Monthly, once, or a recognition.
    pub pays: Pays,
    /// Who holds it.
    pub holder: Holder,
    /// Whom it covers now.
    pub members: i64,
    /// What it is now, each month or altogether; none where the pack leaves it out.
    pub amount: Option<Fen>,
    /// Its first month.
    pub from: Month,
    /// The last day on which something paid once stands here.
    pub until_on: Option<NaiveDate>,
}

/// For how many days after the decision something paid once is published in a place; none where nobody has said so.
pub(crate) fn days(release: &Release, publication: &Publication, place: &str, on: NaiveDate) -> Option<u16> {
    let parameter = publication.days.as_ref()?;
    match release.parameter(parameter, place, on)?.value {
        Scalar::Number(number) => u16::try_from(number.as_integer()?).ok(),
        _ => None,
    }
}

/// Whether somebody born on a day is a minor on another.
pub(crate) fn is_minor(born_on: NaiveDate, today: NaiveDate) -> bool {
    vocab::full_years(born_on, today) < GROWN
}

/// A page of the sheet of a division: of what lies in it and not in a division below, for each family lies in one.
///
/// # Errors
/// The database's.
pub async fn sheet(
    office: &Office,
    division: DivisionId,
    cursor: Option<&Cursor>,
    size: usize,
) -> Result<Page<PublishedLine>, OfficeError> {
    let release = office.release();
    let (db, now) = (office.db(), office.now());
    let place = divisions::find(db, division).await?;
    let published = Published::of(&release, &place.code, now.today());
    let mut page = published
        .query(division, now)
        .after(&["e.id"], cursor)
        .page(db, size, |row| published.line(row, now.today()), |line| Cursor::new().integer(line.id))
        .await?;
    whole_amounts(db, &mut page.rows).await?;
    Ok(page)
}

/// The whole sheet of a division, for paper; the second value says whether it goes on.
///
/// # Errors
/// The database's.
pub async fn whole_sheet(
    office: &Office,
    division: DivisionId,
) -> Result<(Vec<PublishedLine>, bool), OfficeError> {
    let page = sheet(office, division, None, WHOLE).await?;
    Ok((page.rows, page.next.is_some()))
}

/// What of a place is published: programmes as long as they last, and others for their days.
struct Published<'a> {
    release: &'a Release,
    lasting: Vec<&'a str>,
    once: Vec<(&'a str, u16)>,
}

impl<'a> Published<'a> {
    fn of(release: &'a Release, place: &str, today: NaiveDate) -> Published<'a> {
        let (mut lasting, mut once) = (Vec::new(), Vec::new());
        for programme in release.programmes.iter() {
            let Some(publication) = &programme.publication else { continue };
            // A pack that publishes something confidential is refused; one that a database keeps is not asked again.
            if programme.confidential.is_some() {
                continue;
            }
            if programme.pays != Pays::Once {
                lasting.push(programme.id.as_str());
            } else if let Some(days) = days(release, publication, place, today) {
                once.push((programme.id.as_str(), days));
            }
        }
        Published { release, lasting, once }
    }

    /// A paused benefit pays nothing, so nothing is said of it; a dead holder's family stands here again under the next one.
    fn query(&self, division: DivisionId, now: Now) -> Query {
        let month = now.month();
        let once = " OR (e.programme = ? AND e.made_at >= ? AND e.until_month >= e.from_month)";
        let sql = format!(
            "SELECT k.id, k.programme, k.from_month, k.made_at, k.name, k.born_on, \
             (SELECT MAX(a.amount_fen) FROM entitlement_amount a WHERE a.entitlement_id = k.id AND a.superseded_at IS NULL \
             AND a.from_month <= k.shown_month AND (a.until_month IS NULL OR a.until_month >= k.shown_month)) AS amount_fen, \
             (SELECT COUNT(*) FROM entitlement_member m WHERE m.entitlement_id = k.id AND m.superseded_at IS NULL \
             AND m.from_month <= k.shown_month AND (m.until_month IS NULL OR m.until_month >= k.shown_month)) AS members \
             FROM (SELECT e.id, e.programme, e.from_month, e.made_at, p.name, p.born_on, \
             CASE WHEN e.from_month > ? THEN e.from_month WHEN e.until_month < ? THEN e.until_month ELSE ? END AS shown_month \
             FROM entitlement e JOIN person p ON p.id = e.holder_person_id \
             WHERE e.division_id = ? AND p.died_on IS NULL AND {{after}} \
             AND ((e.programme IN ({{list}}) AND {LIVE} AND NOT {PAUSED}){}) ORDER BY e.id LIMIT ?) k ORDER BY k.id",
            once.repeat(self.once.len())
        );
        let mut query = Query::system(PUBLIC, sql)
            .bind(month)
            .bind(month)
            .bind(month)
            .bind(division)
            .bind_list(self.lasting.iter().copied())
            .bind(month)
            .bind(month)
            .bind(at_midnight(month.first_day()))
            .bind(month)
            .bind(month);
        for (programme, days) in &self.once {
            let first = now.today().checked_sub_days(Days::new((*days).into())).unwrap_or(NaiveDate::MIN);
            query = query.bind(*programme).bind(at_midnight(first));
        }
        query
    }

    fn line(&self, row: &Row, today: NaiveDate) -> store::Result<PublishedLine> {
        let id: String = row.get("programme")?;
        let known: Option<&Programme> = self.release.programmes.get(&id).map(|defined| &**defined);
        let publication = known.and_then(|programme| programme.publication.as_ref());
        let decided_on = Now::from_unix_ms(row.get("made_at")?).today();
        let days = self.once.iter().find(|(programme, _)| *programme == id).map(|(_, days)| *days);
        let amount: Option<Fen> = row.get("amount_fen")?;
        Ok(PublishedLine {
            id: row.get("id")?,
            programme: known.map_or(id, |programme| programme.title.clone()),
            pays: known.map(|programme| programme.pays).unwrap_or_default(),
            holder: if is_minor(row.get("born_on")?, today) {
                Holder::Minor
            } else {
                Holder::Named(named(row.get("name")?, publication))
            },
            members: row.get("members")?,
            amount: amount.filter(|_| publication.is_some_and(|publication| publication.amount)),
            from: row.get("from_month")?,
            until_on: days.and_then(|days| decided_on.checked_add_days(Days::new(days.into()))),
        })
    }
}

/// What the pack leaves of a name; where no pack says so, the least.
fn named(name: String, publication: Option<&Publication>) -> String {
    match publication.map(|publication| publication.name) {
        Some(PublishedName::Full) => name,
        Some(PublishedName::Masked) | None => {
            name.parse::<PersonName>().map_or_else(|_| "*".to_owned(), |name| name.masked())
        }
    }
}

/// What is paid once may be paid in stages that were decided together: its amount is all of them.
async fn whole_amounts(connection: &impl Connection, lines: &mut [PublishedLine]) -> Result<(), OfficeError> {
    let ids: Vec<EntitlementId> = lines
        .iter()
        .filter(|line| line.pays == Pays::Once && line.amount.is_some())
        .map(|line| line.id)
        .collect();
    if ids.is_empty() {
        return Ok(());
    }
    let rows: Vec<(EntitlementId, Month, Option<Month>, Fen)> = Query::system(
        PUBLIC,
        "SELECT a.entitlement_id, a.from_month, a.until_month, a.amount_fen FROM entitlement_amount a \
         WHERE a.superseded_at IS NULL AND a.entitlement_id IN ({list})",
    )
    .bind_list(ids)
    .all_as(connection, |row| {
        Ok((
            row.get("entitlement_id")?,
            row.get("from_month")?,
            row.get("until_month")?,
            row.get("amount_fen")?,
        ))
    })
    .await?;
    let mut whole: HashMap<EntitlementId, i64> = HashMap::new();
    for (id, from, until, amount) in rows {
        let months = i64::from(from.months_until(until.unwrap_or(from)) + 1);
        let sum = whole.entry(id).or_default();
        *sum = sum.saturating_add(amount.0.saturating_mul(months));
    }
    for line in lines {
        if let Some(sum) = whole.get(&line.id).filter(|_| line.pays == Pays::Once) {
            line.amount = line.amount.map(|_| Fen(*sum));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn somebody_is_a_minor_until_the_eighteenth_birthday() {
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        assert!(is_minor(day("2008-11-03"), day("2026-11-02")));
        assert!(!is_minor(day("2008-11-03"), day("2026-11-03")));
    }

    #[test]
    fn a_name_that_no_pack_publishes_is_masked() {
        assert_eq!(named("欧阳晓月".to_owned(), None), "欧***");
        assert_eq!(named("？".to_owned(), None), "*");
    }
}
