//! Where the money and the goods of aid went, for everybody (社会救助法 art. 67): families, people and worth by programme and county, month by month.
//!
//! What is too small to tell without telling of somebody is hidden, and so much beside it that it cannot be reckoned from the rest.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use store::{DivisionId, Query};
use tokio::sync::Mutex as Turn;
use vocab::{Fen, Level, Month, Now};

use crate::tabular::{ListCell, ListColumn, ListFormat, ListWriter};
use crate::{Office, OfficeError, divisions};

/// Fewer families than this in a county are not told (社会救助法 art. 11).
pub const SMALL: i64 = 5;
/// Months that a reader may choose from.
const MONTHS: i64 = 24;
/// Months at most that are kept in memory.
const KEPT_MAX: usize = 100;

const PUBLIC: &str = "public by law (社会救助法 art. 67), without anybody's name";

/// What a programme did in a place in a month.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Cell {
    /// Families that got money or goods.
    pub families: i64,
    /// People whom it was for.
    pub people: i64,
    /// How much was paid.
    pub paid: Fen,
    /// What was handed out in kind is worth.
    pub goods: Fen,
}

impl Cell {
    fn add(&mut self, other: Cell) {
        self.families += other.families;
        self.people += other.people;
        self.paid = Fen(self.paid.0.saturating_add(other.paid.0));
        self.goods = Fen(self.goods.0.saturating_add(other.goods.0));
    }

    fn is_small(&self) -> bool {
        (1..SMALL).contains(&self.families)
    }
}

/// A programme's month; what is none is hidden.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProgrammeFunds {
    /// Title.
    pub title: String,
    /// All counties together.
    pub whole: Option<Cell>,
    /// Each county, in the order of [`Funds::counties`].
    pub counties: Vec<Option<Cell>>,
}

/// A month of all programmes of aid under which anything was paid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Funds {
    /// The place that the system serves.
    pub place: String,
    /// The month.
    pub month: Month,
    /// Months for which banks have paid, the newest first.
    pub months: Vec<Month>,
    /// Counties.
    pub counties: Vec<String>,
    /// Programmes, in the order of the packs.
    pub programmes: Vec<ProgrammeFunds>,
    /// Money and goods of all programmes; none where the whole of one is hidden, for it could be reckoned from the others.
    pub given: Option<Fen>,
}

/// What was reckoned, for how long it stands: everybody may ask, and a month of a prefecture takes a moment to add up.
#[derive(Debug, Default)]
pub(crate) struct Shelf {
    pub(crate) fresh_for: Duration,
    known: Mutex<HashMap<Month, (Now, Arc<Funds>)>>,
    turn: Turn<()>,
}

impl Shelf {
    /// What is on it of a month, if it is young enough. A clock that was set back makes nothing young.
    fn kept(&self, month: Month, now: Now) -> Option<Arc<Funds>> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let (at, funds) = known.get(&month)?;
        let age = u128::try_from(now.at_ms() - at.at_ms()).ok()?;
        (age < self.fresh_for.as_millis()).then(|| Arc::clone(funds))
    }

    fn keep(&self, funds: &Arc<Funds>, now: Now) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= KEPT_MAX {
            known.clear();
        }
        known.insert(funds.month, (now, Arc::clone(funds)));
    }
}

/// A month's money; the newest month in which something was paid if none is asked for.
///
/// # Errors
/// The database's.
pub async fn funds(office: &Office, month: Option<Month>) -> Result<Arc<Funds>, OfficeError> {
    let months = months(office).await?;
    let now = office.now();
    let month = month.or(months.first().copied()).unwrap_or_else(|| now.month());
    if office.funds.fresh_for.is_zero() {
        return Ok(Arc::new(reckoned(office, month, months).await?));
    }
    if let Some(kept) = office.funds.kept(month, now) {
        return Ok(kept);
    }
    // Whoever asks while it is reckoned waits for the same one.
    let _turn = office.funds.turn.lock().await;
    if let Some(kept) = office.funds.kept(month, now) {
        return Ok(kept);
    }
    let funds = Arc::new(reckoned(office, month, months).await?);
    office.funds.keep(&funds, now);
    Ok(funds)
}

async fn months(office: &Office) -> Result<Vec<Month>, OfficeError> {
    Ok(Query::system(
        PUBLIC,
        "SELECT DISTINCT r.month FROM payment_run r WHERE r.state IN ('answered', 'closed') ORDER BY r.month DESC LIMIT ?",
    )
    .bind(MONTHS)
    .scalars(office.db())
    .await?)
}

/// What banks paid out of runs of the month, what townships advanced of it out of their reserves, which no run pays again, and what was handed out in kind
/// between its first and its last day. Who got money and goods of one decision is one family.
const GIVEN: &str = "SELECT k.county_id, k.programme, COUNT(*) AS families, \
    CAST(SUM(CASE WHEN k.covered > 0 THEN k.covered WHEN k.members > 0 THEN k.members ELSE 1 END) AS BIGINT) AS people, \
    CAST(SUM(k.paid_fen) AS BIGINT) AS paid_fen, CAST(SUM(k.goods_fen) AS BIGINT) AS goods_fen \
    FROM (SELECT x.county_id, x.programme, x.benefit, SUM(x.paid_fen) AS paid_fen, SUM(x.goods_fen) AS goods_fen, \
    MAX(x.members) AS members, \
    (SELECT COUNT(*) FROM coverage c WHERE c.entitlement_id = x.benefit AND c.month = ?) AS covered \
    FROM (SELECT r.county_id, r.programme, l.entitlement_id AS benefit, l.amount_fen AS paid_fen, 0 AS goods_fen, 0 AS members \
    FROM payment_run r JOIN payment_line l ON l.run_id = r.id WHERE r.month = ? AND l.state = 'succeeded' \
    UNION ALL SELECT e.county_id, e.programme, e.id, n.amount_fen, 0, 0 FROM reserve_entry n JOIN due d ON d.id = n.due_id \
    JOIN entitlement e ON e.id = n.entitlement_id WHERE n.kind = 'advance' AND n.state = 'booked' AND d.month = ? \
    UNION ALL SELECT f.county_id, g.programme, COALESCE(f.entitlement_id, -f.id), 0, g.worth_fen, f.members \
    FROM case_goods g JOIN case_file f ON f.id = g.case_id WHERE g.given_on >= ? AND g.given_on <= ?) x \
    WHERE x.programme IN ({list}) GROUP BY x.county_id, x.programme, x.benefit) k GROUP BY k.county_id, k.programme";

async fn reckoned(office: &Office, month: Month, months: Vec<Month>) -> Result<Funds, OfficeError> {
    let (release, db) = (office.release(), office.db());
    let served = divisions::served(office).await?;
    let mut counties: Vec<(DivisionId, String)> = match &served {
        Some(served) => divisions::at_level(db, served.id, Level::County)
            .await?
            .into_iter()
            .map(|county| (county.id, county.name))
            .collect(),
        None => Vec::new(),
    };
    let of_aid: Vec<(&str, &str)> = release
        .programmes
        .iter()
        .filter(|programme| programme.aid.is_some() && programme.confidential.is_none())
        .map(|programme| (programme.id.as_str(), programme.title.as_str()))
        .collect();
    let rows: Vec<(DivisionId, String, Cell)> = Query::system(PUBLIC, GIVEN)
        .bind(month)
        .bind(month)
        .bind(month)
        .bind(month.first_day())
        .bind(month.last_day())
        .bind_list(of_aid.iter().map(|(id, _)| *id))
        .all_as(db, |row| {
            let cell = Cell {
                families: row.get("families")?,
                people: row.get("people")?,
                paid: row.get("paid_fen")?,
                goods: row.get("goods_fen")?,
            };
            Ok((row.get("county_id")?, row.get("programme")?, cell))
        })
        .await?;
    // A county that is no more keeps the months that it paid.
    let former: Vec<DivisionId> = rows
        .iter()
        .map(|(county, ..)| *county)
        .filter(|county| counties.iter().all(|(known, _)| known != county))
        .collect();
    let mut names: Vec<(DivisionId, String)> = divisions::names(db, former).await?.into_iter().collect();
    names.sort_unstable_by_key(|(id, _)| *id);
    counties.extend(names);
    let mut programmes = Vec::new();
    for (id, title) in of_aid {
        let of = |county: DivisionId| {
            let cells = rows.iter().filter(|(at, programme, _)| *at == county && programme == id);
            cells.fold(Cell::default(), |mut sum, (.., cell)| {
                sum.add(*cell);
                sum
            })
        };
        let cells: Vec<Cell> = counties.iter().map(|(county, _)| of(*county)).collect();
        if cells.iter().any(|cell| cell.families > 0) {
            programmes.push(told(title, &cells));
        }
    }
    let given = programmes
        .iter()
        .map(|programme| programme.whole.and_then(|whole| whole.paid.checked_add(whole.goods)))
        .collect::<Option<Vec<Fen>>>()
        .and_then(Fen::checked_sum);
    Ok(Funds {
        place: served.map(|served| served.name).unwrap_or_default(),
        month,
        months,
        counties: counties.into_iter().map(|(_, name)| name).collect(),
        programmes,
        given,
    })
}

/// A programme's cells without what would tell of somebody.
fn told(title: &str, cells: &[Cell]) -> ProgrammeFunds {
    let mut whole = Cell::default();
    for cell in cells {
        whole.add(*cell);
    }
    let hidden = hidden(cells);
    let counties = cells.iter().zip(&hidden).map(|(cell, hidden)| (!hidden).then_some(*cell)).collect();
    ProgrammeFunds { title: title.to_owned(), whole: (!whole.is_small()).then_some(whole), counties }
}

/// Which cells are hidden: the small ones, and then the next larger until two and enough families hide behind each other - one alone could be reckoned
/// from the whole.
fn hidden(cells: &[Cell]) -> Vec<bool> {
    let mut hidden: Vec<bool> = cells.iter().map(Cell::is_small).collect();
    while hidden.contains(&true) {
        let behind = cells.iter().zip(&hidden).filter(|(_, hidden)| **hidden);
        let (count, families) = behind
            .fold((0_usize, 0_i64), |(count, families), (cell, _)| (count + 1, families + cell.families));
        if count > 1 && families >= SMALL {
            break;
        }
        let next = (0..cells.len())
            .filter(|at| !hidden[*at] && cells[*at].families > 0)
            .min_by_key(|at| cells[*at].families);
        match next {
            Some(next) => hidden[next] = true,
            None => break,
        }
    }
    hidden
}

/// The words of a cell that is hidden.
const HIDDEN: &str = "户数过少，不公开";

/// The same as open data: a line for each programme and place.
///
/// # Errors
/// The writer's.
pub fn funds_csv(funds: &Funds) -> Result<Vec<u8>, OfficeError> {
    let columns = [
        ListColumn::new("月份", 10),
        ListColumn::new("项目", 24),
        ListColumn::new("地区", 18),
        ListColumn::new("实发户数", 12),
        ListColumn::new("惠及人数", 12),
        ListColumn::new("实发金额（元）", 16),
        ListColumn::new("实物折合（元）", 16),
        ListColumn::new("说明", 24),
    ];
    let mut list = ListWriter::new(ListFormat::Csv, "资金", None, &columns)?;
    for programme in &funds.programmes {
        let places = funds.counties.iter().zip(&programme.counties);
        let whole = (funds.counties.len() > 1).then_some((&funds.place, &programme.whole));
        for (place, cell) in places.chain(whole) {
            let head = [ListCell::from(funds.month), programme.title.as_str().into(), place.as_str().into()];
            let numbers = match cell {
                Some(Cell { families, people, paid, goods }) => {
                    [(*families).into(), (*people).into(), (*paid).into(), (*goods).into(), ListCell::Empty]
                }
                None => [ListCell::Empty, ListCell::Empty, ListCell::Empty, ListCell::Empty, HIDDEN.into()],
            };
            list.row(&head.into_iter().chain(numbers).collect::<Vec<_>>())?;
        }
    }
    Ok(list.finish()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hides(families: &[i64]) -> (Vec<bool>, bool) {
        let cells: Vec<Cell> = families
            .iter()
            .map(|&families| Cell { families, people: families, paid: Fen(100), ..Cell::default() })
            .collect();
        let told = told("低保", &cells);
        (told.counties.iter().map(Option::is_none).collect(), told.whole.is_none())
    }

    #[test]
    fn what_is_small_is_hidden_and_cannot_be_reckoned_from_the_rest() {
        assert_eq!(hides(&[50, 40, 30]), (vec![false, false, false], false));
        assert_eq!(hides(&[50, 40, 0]), (vec![false, false, false], false), "nothing tells of nobody");
        assert_eq!(hides(&[50, 4, 30]), (vec![false, true, true], false), "the next larger hides it");
        assert_eq!(hides(&[50, 1, 1]), (vec![true, true, true], false), "two of one each are known from two");
        assert_eq!(hides(&[50, 3, 4]), (vec![false, true, true], false));
        assert_eq!(hides(&[0, 4, 0]), (vec![false, true, false], true));
        assert_eq!(hides(&[4]), (vec![true], true));
        assert_eq!(hides(&[5]), (vec![false], false));
    }
}
