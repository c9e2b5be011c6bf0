//! Spot checks (抽查) drawn by lot: the county checks a share of what was decided, above all where townships confirm (审核确认权下放).
//!
//! A draw is about the cases that were decided in a time that is over. Cases with a relative of staff on record and cases that were
//! complained of are always in; of the others a share is drawn. The lot of a case is SM3 of `seed`, a line feed and its number; the
//! smallest lots are drawn. The seed comes from the machine's randomness and is stored with the whole population, so anybody draws the
//! same cases again with the two and nothing else ([`lot`], [`verify`]); a time is drawn from once, so nobody draws until they like the
//! result. Each drawn case is a task of the county, and its result is recorded by the item's own action.
//!
//! [`random`] is the wider check: as many decisions, benefits or payments as a confidence asks for, with inspectors drawn too, before everybody.

use catalogue::Release;
use catalogue::definition::{CLOSED, Effect, Item, Level as PackLevel, Right, Scalar};
use chrono::NaiveDate;
use serde_json::json;
use store::{AuditEntry, CaseId, IdempotencyKey, Once, Query, ScopeColumns, Tx};

use super::tasks::{self, Due};
use super::{CASE, DrawId};
use crate::access::{Granted, Sample};
use crate::{Office, OfficeError, audited, business};

mod before;
mod lot;
pub mod random;
mod results;

pub(super) use before::draw as beforehand;
pub use before::falls;
pub use lot::{Why, lot};
use lot::{drawn, fingerprint};
pub(super) use results::checked;
pub use results::{DrawView, DrawnCase, PublicDraw, draw_page, draw_sheet, draws, published, verify};

/// Who sees a draw `d`: the county that drew and all above it.
const DRAW: ScopeColumns = ScopeColumns {
    subtree: Some(
        "EXISTS (SELECT 1 FROM division_closure dc WHERE dc.descendant_id = d.county_id AND dc.ancestor_id = ?)",
    ),
    own: None,
    task: None,
    organisation: None,
};

/// How many of the cases are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Share {
    /// As the packs set it for the county.
    AsSet,
    /// Of a hundred; not fewer than the packs set.
    Percent(i64),
    /// So many; not fewer than the packs' share.
    Count(i64),
}

/// What is to be drawn from.
#[derive(Debug, Clone)]
pub struct NewDraw {
    /// Item.
    pub item: String,
    /// First day of decision.
    pub from: NaiveDate,
    /// Last day of decision; before today.
    pub until: NaiveDate,
    /// Only what townships confirmed.
    pub delegated_only: bool,
    /// How many.
    pub share: Share,
    /// The day by which the drawn cases are checked.
    pub finish_on: NaiveDate,
}

/// Draws. The drawn cases are on the county's work list when this returns.
///
/// # Errors
/// [`OfficeError::Invalid`] for a time that is not over, too small a share, or a day of finishing that has passed;
/// [`OfficeError::Conflict`] when the time was drawn from before, or nothing was decided in it.
pub async fn draw(
    office: &Office,
    actor: &Granted<Sample>,
    new: &NewDraw,
    key: &IdempotencyKey,
) -> Result<DrawId, OfficeError> {
    let now = office.now();
    let release = office.release();
    let item = release.items.get(&new.item).ok_or(OfficeError::NotFound("这个事项"))?;
    business::demand_item(office, actor, Right::Sample, &new.item, "这个事项")?;
    check(actor, item, new, now.today())?;
    let role =
        checker(&release).ok_or_else(|| OfficeError::Internal("规则包里没有县级抽查的岗位".to_owned()))?;
    let tx = office.db().begin().await?;
    if let Once::Again(answer) = tx.once(key, &format!("staff:{}", actor.staff)).await? {
        return answer.parse().map_err(|_| OfficeError::Internal("an answer that is no draw".to_owned()));
    }
    tx.lock(&format!("sample_draw:{}", actor.division)).await?;
    refuse_drawn(&tx, actor, new).await?;
    let cases = population(&tx, actor, new).await?;
    if cases.is_empty() {
        return Err(OfficeError::Conflict("这段时间里没有已作出决定的办件，不用抽查。".to_owned()));
    }
    let always = cases.iter().filter(|(_, _, always)| always.is_some()).count();
    let code = store::divisions::division(&tx, actor.division).await?.code;
    let share = share(&release, item, &code, new, cases.len() - always)?;
    let seed = fresh_seed()?;
    let numbers: Vec<(String, Option<Why>)> =
        cases.iter().map(|(_, number, always)| (number.clone(), *always)).collect();
    let lots = drawn(&numbers, &seed, share.by_lot);
    let id = Query::system(
        "a draw of the caller's county",
        "INSERT INTO sample_draw (item, county_id, from_on, until_on, delegated_only, percent, percent_source, seed, population, \
         always, by_lot, population_sm3, finish_on, drawn_at, drawn_by) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
    )
    .bind(new.item.as_str())
    .bind(actor.division)
    .bind(new.from)
    .bind(new.until)
    .bind(new.delegated_only)
    .bind(share.percent)
    .bind(share.source)
    .bind(seed.as_str())
    .bind(count(cases.len()))
    .bind(count(always))
    .bind(count(share.by_lot))
    .bind(fingerprint(cases.iter().map(|(_, number, _)| number.as_str())))
    .bind(new.finish_on)
    .bind(now.at_ms())
    .bind(actor.staff)
    .insert(&tx)
    .await?;
    for ((case, number, _), (lot, why)) in cases.iter().zip(&lots) {
        Query::system(
            "a draw of the caller's county",
            "INSERT INTO sample_member (draw_id, case_id, number, lot, reason) VALUES (?, ?, ?, ?, ?)",
        )
        .bind(id)
        .bind(*case)
        .bind(number.as_str())
        .bind(lot.as_str())
        .bind(why.map(Why::code))
        .execute(&tx)
        .await?;
        if let Some(why) = why {
            let title = format!("抽查（{}）：入户核实", why.title());
            let task = tasks::NewTask {
                division: actor.division,
                role: &role,
                step: CLOSED,
                title: &title,
                clock: None,
                side: true,
            };
            let due = Due { on: new.finish_on, earliest: None };
            tasks::give_until(&tx, *case, task, due, now).await?;
        }
    }
    let audit = AuditEntry {
        division: Some(actor.division),
        details: json!({
            "item": new.item, "from": new.from, "until": new.until, "population": cases.len(), "always": always,
            "by_lot": share.by_lot, "seed": seed
        }),
        ..audited(now.at_ms(), actor.audit(), "sample.drawn", ("sample_draw", id))
    };
    tx.audit(audit).await?;
    tx.remember(key, &id.to_string()).await?;
    tx.commit().await?;
    Ok(DrawId(id))
}

fn count(cases: usize) -> i64 {
    i64::try_from(cases).unwrap_or(i64::MAX)
}

fn check(actor: &Granted<Sample>, item: &Item, new: &NewDraw, today: NaiveDate) -> Result<(), OfficeError> {
    if actor.level != vocab::Level::County {
        return Err(OfficeError::Conflict("抽查由县级民政部门抽签。".to_owned()));
    }
    if !samples(item) {
        return Err(OfficeError::Conflict(format!("「{}」没有抽查环节。", item.title)));
    }
    if new.from > new.until {
        return Err(OfficeError::invalid("from", "开始日期不能晚于结束日期。"));
    }
    if new.until >= today {
        return Err(OfficeError::invalid("until", "这段时间还没有过完，请等过完以后再抽签。"));
    }
    if new.finish_on <= today {
        return Err(OfficeError::invalid("finish_on", "完成抽查的日期要在今天以后。"));
    }
    Ok(())
}

/// Whether cases of the item are checked after their decision.
#[must_use]
pub fn samples(item: &Item) -> bool {
    item.actions.iter().any(|action| action.effects.iter().any(|effect| **effect == Effect::RecordSample))
}

/// The county's role whose work the checks are.
fn checker(release: &Release) -> Option<String> {
    release
        .roles
        .iter()
        .find(|role| role.levels.contains(&PackLevel::County) && role.holds(Right::Sample))
        .map(|role| role.id.get().clone())
}

async fn refuse_drawn(tx: &Tx, actor: &Granted<Sample>, new: &NewDraw) -> Result<(), OfficeError> {
    let before = Query::new(
        &actor.scope(),
        &DRAW,
        "SELECT d.from_on, d.until_on FROM sample_draw d WHERE {scope} AND d.county_id = ? AND d.item = ? AND d.from_on <= ? \
         AND d.until_on >= ? AND (d.delegated_only = ? OR d.delegated_only = FALSE OR ? = FALSE) LIMIT 1",
    )
    .bind(actor.division)
    .bind(new.item.as_str())
    .bind(new.until)
    .bind(new.from)
    .bind(new.delegated_only)
    .bind(new.delegated_only)
    .optional(tx)
    .await?;
    let Some(before) = before else { return Ok(()) };
    Err(OfficeError::Conflict(format!(
        "{}至{}已经抽过签，抽签结果不能重来。请选择还没有抽过的时间。",
        vocab::zh_date(before.get("from_on")?),
        vocab::zh_date(before.get("until_on")?)
    )))
}

/// The cases that were decided in the time, by number, and those that are checked whatever the lot says.
async fn population(
    tx: &Tx,
    actor: &Granted<Sample>,
    new: &NewDraw,
) -> Result<Vec<(CaseId, String, Option<Why>)>, OfficeError> {
    let rows = Query::new(
        &actor.scope(),
        &CASE,
        "SELECT c.id, c.number, \
         EXISTS (SELECT 1 FROM case_record r WHERE r.case_id = c.id AND r.kind = 'relative') AS relative, \
         EXISTS (SELECT 1 FROM case_record r WHERE r.case_id = c.id AND r.kind = 'complaint') AS complaint \
         FROM case_file c WHERE {scope} AND c.county_id = ? AND c.item = ? AND c.decided_on >= ? AND c.decided_on <= ? \
         AND (c.delegated OR ? = FALSE) ORDER BY c.number",
    )
    .bind(actor.division)
    .bind(new.item.as_str())
    .bind(new.from)
    .bind(new.until)
    .bind(new.delegated_only)
    .all_as(tx, |row| {
        let always = match (row.get::<bool>("relative")?, row.get::<bool>("complaint")?) {
            (true, _) => Some(Why::Relative),
            (false, true) => Some(Why::Complaint),
            (false, false) => None,
        };
        Ok((row.get("id")?, row.get("number")?, always))
    })
    .await?;
    Ok(rows)
}

/// How many are drawn by lot, and on what ground.
struct Drawn {
    percent: i64,
    source: String,
    by_lot: usize,
}

fn share(
    release: &Release,
    item: &Item,
    county: &str,
    new: &NewDraw,
    others: usize,
) -> Result<Drawn, OfficeError> {
    let parameter = item.delegated.as_ref().and_then(|delegation| delegation.sample_percent.as_ref());
    let set = parameter.and_then(|parameter| release.parameter(parameter, county, new.until));
    let least = match set.as_ref().map(|value| value.value) {
        Some(Scalar::Number(number)) => number.as_integer(),
        _ => None,
    };
    let source = set.map_or_else(|| "县级自行确定".to_owned(), |value| value.source.to_owned());
    let others_count = count(others);
    let of = |percent: i64| (others_count * percent + 99) / 100;
    let too_few = |least: i64| {
        OfficeError::invalid("share", format!("不能少于规定的比例 {least}%（{} 件）。", of(least)))
    };
    let (percent, by_lot) = match (new.share, least) {
        (Share::AsSet, Some(least)) => (least, of(least)),
        (Share::AsSet, None) => {
            return Err(OfficeError::invalid("share", "本地没有规定抽查比例，请填写比例或者件数。"));
        }
        (Share::Percent(percent), _) if !(1..=100).contains(&percent) => {
            return Err(OfficeError::invalid("share", "抽查比例应为1至100。"));
        }
        (Share::Percent(percent), Some(least)) if percent < least => return Err(too_few(least)),
        (Share::Percent(percent), _) => (percent, of(percent)),
        (Share::Count(many), _) if many < 1 => {
            return Err(OfficeError::invalid("share", "抽查件数至少为1。"));
        }
        (Share::Count(many), Some(least)) if many < of(least) => return Err(too_few(least)),
        (Share::Count(many), _) => {
            let many = many.min(others_count);
            let percent = if others_count == 0 { 100 } else { (many * 100 / others_count).max(1) };
            (percent, many)
        }
    };
    Ok(Drawn { percent, source, by_lot: usize::try_from(by_lot).unwrap_or(others) })
}

fn fresh_seed() -> Result<String, OfficeError> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|error| OfficeError::Internal(format!("随机数：{error}")))?;
    Ok(hex::encode(bytes))
}
