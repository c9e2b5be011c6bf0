//! What came of a draw: its cases with the results of their checks, and the proof that it can be drawn again.

use catalogue::definition::{CLOSED, Writes};
use chrono::NaiveDate;
use store::{CaseId, Cursor, Page, Query, Scope};

use super::super::act::Doing;
use super::super::{CaseRow, DrawId, lists};
use super::DRAW;
use super::lot::{Why, drawn, fingerprint};
use crate::access::{Export, Granted, Sample};
use crate::tabular::ListCell;
use crate::{Office, OfficeError, business, forms};

/// A check was recorded: the drawn case has its result, its task is done. A decision found wrong is reviewed at once: the benefit's next
/// review falls due today (社会救助法 art. 46 and 47).
pub(in super::super) async fn checked(doing: &Doing<'_>, case: &CaseRow) -> Result<(), OfficeError> {
    let (Some((_, checked)), Some(form)) = (&doing.form, doing.form_definition) else { return Ok(()) };
    let entries = forms::entries(form, checked);
    let right = entries
        .iter()
        .find(|entry| entry.writes == Writes::SampleRight)
        .and_then(|entry| entry.value.as_yes_no().copied());
    let Some(right) = right else { return Ok(()) };
    let today = doing.now.today();
    Query::system(
        "the result of a case that the doer may act on",
        "UPDATE sample_member SET found_right = ?, checked_on = ?, checked_by = ? \
         WHERE case_id = ? AND reason IS NOT NULL AND found_right IS NULL",
    )
    .bind(right)
    .bind(today)
    .bind(doing.doer.staff())
    .bind(case.id)
    .execute(doing.tx)
    .await?;
    Query::system(
        "the task of a case that the doer may act on",
        "UPDATE task SET state = 'done', done_at = ?, done_by = ? WHERE case_id = ? AND state = 'open' AND step = ?",
    )
    .bind(doing.now.at_ms())
    .bind(doing.doer.staff())
    .bind(case.id)
    .bind(CLOSED)
    .execute(doing.tx)
    .await?;
    if let (false, Some(entitlement)) = (right, case.entitlement) {
        let scope = Scope::System("the benefit of a case that the doer may act on");
        ledger::entitlement::set_review(doing.tx, &scope, entitlement, Some(today)).await?;
    }
    Ok(())
}

/// A draw as people see it.
#[derive(Debug, Clone)]
pub struct DrawView {
    /// Identifier.
    pub id: DrawId,
    /// Item.
    pub item: String,
    /// First day of decision.
    pub from: NaiveDate,
    /// Last day of decision.
    pub until: NaiveDate,
    /// Only what townships confirmed.
    pub delegated_only: bool,
    /// Share of the cases that may be drawn by lot.
    pub percent: i64,
    /// Who sets the share.
    pub percent_source: String,
    /// The seed.
    pub seed: String,
    /// Cases decided in the time.
    pub population: i64,
    /// Of these, checked whatever the lot says.
    pub always: i64,
    /// Of the others, drawn.
    pub by_lot: i64,
    /// SM3 over the numbers of the population.
    pub population_sm3: String,
    /// The day by which the checks are done.
    pub finish_on: NaiveDate,
    /// When it was drawn.
    pub drawn_at: i64,
    /// By whom.
    pub drawn_by: String,
    /// Checks recorded.
    pub checked: i64,
    /// Of these, decisions found wrong.
    pub found_wrong: i64,
}

const DRAW_VIEW: &str = "SELECT d.id, d.item, d.from_on, d.until_on, d.delegated_only, d.percent, d.percent_source, d.seed, d.population, \
    d.always, d.by_lot, d.population_sm3, d.finish_on, d.drawn_at, s.name AS drawn_by, \
    (SELECT count(*) FROM sample_member m WHERE m.draw_id = d.id AND m.found_right IS NOT NULL) AS checked, \
    (SELECT count(*) FROM sample_member m WHERE m.draw_id = d.id AND m.found_right = FALSE) AS found_wrong \
    FROM sample_draw d JOIN staff s ON s.id = d.drawn_by WHERE {scope}";

fn draw_view(row: &store::Row) -> store::Result<DrawView> {
    Ok(DrawView {
        id: row.get("id")?,
        item: row.get("item")?,
        from: row.get("from_on")?,
        until: row.get("until_on")?,
        delegated_only: row.get("delegated_only")?,
        percent: row.get("percent")?,
        percent_source: row.get("percent_source")?,
        seed: row.get("seed")?,
        population: row.get("population")?,
        always: row.get("always")?,
        by_lot: row.get("by_lot")?,
        population_sm3: row.get("population_sm3")?,
        finish_on: row.get("finish_on")?,
        drawn_at: row.get("drawn_at")?,
        drawn_by: row.get("drawn_by")?,
        checked: row.get("checked")?,
        found_wrong: row.get("found_wrong")?,
    })
}

/// Draws of the actor's division, the newest first.
///
/// # Errors
/// The database's.
pub async fn draws(
    office: &Office,
    actor: &Granted<Sample>,
    cursor: Option<&Cursor>,
) -> Result<Page<DrawView>, OfficeError> {
    Ok(Query::new(&actor.scope(), &DRAW, format!("{DRAW_VIEW} AND {{after}} ORDER BY d.id DESC LIMIT ?"))
        .only("d.item", business::items_of(office, actor))
        .after_descending(&["d.id"], cursor)
        .page(office.db(), lists::PAGE_SIZE, draw_view, |draw| Cursor::new().integer(draw.id))
        .await?)
}

/// A draw as everybody may read it: no numbers of cases. Whoever has one reckons its lot and sees whether it was drawn.
#[derive(Debug, Clone)]
pub struct PublicDraw {
    /// The draw; who drew it is for offices alone.
    pub draw: DrawView,
    /// The office that drew.
    pub office: String,
    /// The largest lot that was drawn; none where only those were in that are always checked.
    pub largest: Option<String>,
}

/// The newest draws of what is not confidential.
///
/// # Errors
/// The database's.
pub async fn published(office: &Office) -> Result<Vec<PublicDraw>, OfficeError> {
    const PUBLIC: Scope = Scope::System("a draw is public: how many, by which seed, and what came of it");
    let release = office.release();
    let open =
        |draw: &DrawView| release.items.get(&draw.item).is_some_and(|item| item.confidential.is_none());
    let mut draws: Vec<DrawView> =
        Query::new(&PUBLIC, &DRAW, format!("{DRAW_VIEW} ORDER BY d.id DESC LIMIT ?"))
            .bind(lists::PAGE_SIZE)
            .all_as(office.db(), draw_view)
            .await?;
    draws.retain(open);
    let rows: Vec<(DrawId, (String, Option<String>))> = Query::new(
        &PUBLIC,
        &DRAW,
        "SELECT d.id, o.name, (SELECT max(m.lot) FROM sample_member m WHERE m.draw_id = d.id AND m.reason = 'lot') AS largest \
         FROM sample_draw d JOIN division o ON o.id = d.county_id WHERE d.id IN ({list})",
    )
    .bind_list(draws.iter().map(|draw| draw.id))
    .all_as(office.db(), |row| Ok((row.get("id")?, (row.get("name")?, row.get("largest")?))))
    .await?;
    let mut named: std::collections::BTreeMap<DrawId, (String, Option<String>)> = rows.into_iter().collect();
    let public = draws.into_iter().filter_map(|draw| {
        let (office, largest) = named.remove(&draw.id)?;
        Some(PublicDraw { draw, office, largest })
    });
    Ok(public.collect())
}

/// One case of a draw's population.
#[derive(Debug, Clone)]
pub struct DrawnCase {
    /// The case.
    pub case: CaseId,
    /// Its number.
    pub number: String,
    /// Its lot.
    pub lot: String,
    /// Why it was drawn; none if it was not.
    pub why: Option<Why>,
    /// What the check found: the decision was right, or wrong; none before the check.
    pub found_right: Option<bool>,
    /// When it was checked.
    pub checked_on: Option<NaiveDate>,
}

/// A draw with its whole population, by number: what anybody needs to draw it again.
///
/// # Errors
/// [`OfficeError::NotFound`] outside the actor's division.
pub async fn draw_page(
    office: &Office,
    actor: &Granted<Sample>,
    id: DrawId,
) -> Result<(DrawView, Vec<DrawnCase>), OfficeError> {
    let view = Query::new(&actor.scope(), &DRAW, format!("{DRAW_VIEW} AND d.id = ?"))
        .only("d.item", business::items_of(office, actor))
        .bind(id)
        .optional_as(office.db(), draw_view)
        .await?
        .ok_or(OfficeError::NotFound("这次抽签"))?;
    Ok((view, members(office, id).await?))
}

/// A draw's whole population with its lots as an Excel file: with it and the seed anybody draws again. Taking it out is audited.
///
/// # Errors
/// [`OfficeError::NotFound`] outside the actor's division.
pub async fn draw_sheet(
    office: &Office,
    actor: &Granted<Sample>,
    _export: &Granted<Export>,
    id: DrawId,
) -> Result<Vec<u8>, OfficeError> {
    let (view, cases) = draw_page(office, actor, id).await?;
    let columns = [("受理号", 22), ("签号", 66), ("为什么查", 18), ("检查日期", 12), ("检查结果", 12)];
    let title = format!("抽签（种子 {}）", view.seed);
    let mut sheet = lists::Sheet::new("抽签", &title, &columns)?;
    for case in cases {
        let found = match case.found_right {
            Some(true) => "决定正确",
            Some(false) => "发现问题",
            None => "",
        };
        let checked = case.checked_on.map_or_else(|| String::new().into(), ListCell::from);
        let why = case.why.map_or("", Why::title);
        sheet.row([case.number.into(), case.lot.into(), why.into(), checked, found.into()])?;
    }
    sheet.finish(office, actor, "sample.exported").await
}

async fn members(office: &Office, id: DrawId) -> Result<Vec<DrawnCase>, OfficeError> {
    Ok(Query::system(
        "the population of a draw that the caller may see",
        "SELECT case_id, number, lot, reason, found_right, checked_on FROM sample_member WHERE draw_id = ? ORDER BY number",
    )
    .bind(id)
    .all_as(office.db(), |row| {
        Ok(DrawnCase {
            case: row.get("case_id")?,
            number: row.get("number")?,
            lot: row.get("lot")?,
            why: row.get::<Option<String>>("reason")?.as_deref().map(Why::from_code),
            found_right: row.get("found_right")?,
            checked_on: row.get("checked_on")?,
        })
    })
    .await?)
}

/// Draws every draw again from its seed and population; those that do not come out as they stand, with what differs.
///
/// # Errors
/// The database's.
pub async fn verify(office: &Office) -> Result<(u64, Vec<(DrawId, String)>), OfficeError> {
    let ids: Vec<i64> =
        Query::system("drawn again", "SELECT id FROM sample_draw ORDER BY id").scalars(office.db()).await?;
    let mut wrong = Vec::new();
    for id in &ids {
        let id = DrawId(*id);
        let view =
            Query::system("drawn again", format!("{DRAW_VIEW} AND d.id = ?").replace("{scope}", "1=1"))
                .bind(id)
                .one_as(office.db(), draw_view)
                .await?;
        let members = members(office, id).await?;
        if fingerprint(members.iter().map(|member| member.number.as_str())) != view.population_sm3 {
            wrong.push((id, "抽查的总体被改动过".to_owned()));
            continue;
        }
        let numbers: Vec<(String, Option<Why>)> = members
            .iter()
            .map(|member| (member.number.clone(), member.why.filter(|why| *why != Why::Lot)))
            .collect();
        let again = drawn(&numbers, &view.seed, usize::try_from(view.by_lot).unwrap_or_default());
        let same =
            again.iter().zip(&members).all(|((lot, why), member)| *lot == member.lot && *why == member.why);
        if !same {
            wrong.push((id, "按种子重抽的结果与存储的不同".to_owned()));
        }
    }
    Ok((ids.len() as u64, wrong))
}
