//! Late knowledge (两个时间): a pension found in March for January, a death told late, a standard changed backwards. A case reckons the months
//! anew by what is known now of each of them, month by month; nothing is posted before it was heard, where it takes back, and decided.
//!
//! Every month is asked for as of its first day: what was true then, known now. What is still unknown of a month leaves that month alone.
//! Of a benefit that was taken over with the roll, what was paid before is known and how the family lived then is not: those months are shown as the
//! roll tells them and reckoned by nobody, for nothing of them lies in the books.

use catalogue::definition::{Effect, Item, Pays, Unit};
use chrono::NaiveDate;
use ledger::pages::EntitlementRow;
use ledger::{EntitlementId, MonthAmount};
use store::{CaseId, Connection, Query, Tx};
use vocab::{Fen, Month};

use super::act::Doing;
use super::situation::CaseRow;
use super::{DeterminationId, determine};
use crate::OfficeError;

/// What is said of a month of which nothing is known because the benefit came with the roll.
const BEFORE_THE_ROLL: &str = "导入以前的月份没有资料，不能重算";
const CASE_MONTHS: &str = "the months of a case that the caller may see";
/// No reckoning goes further back.
pub(super) const MONTHS_MAX: i32 = 120;

/// A month as a case reckoned it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseMonth {
    /// The month.
    pub month: Month,
    /// What was due for it until now; before the benefit was taken over, what the roll says.
    pub due: Fen,
    /// Of that, what the bank has paid; before the benefit was taken over, what the roll says.
    pub paid: Fen,
    /// What it should have been; none while something is unknown.
    pub should_be: Option<Fen>,
    /// Why, in words.
    pub said: String,
    /// Whether the rules were asked about it; of a month before the roll, or of which nothing is on file because of it, they cannot be.
    pub asked: bool,
}

impl CaseMonth {
    /// More than was due is arrears, less is to be given back.
    #[must_use]
    pub fn difference(&self) -> Fen {
        self.should_be.map_or(Fen::ZERO, |should| Fen(should.0 - self.due.0))
    }
}

/// What the months of a reckoning come to: to be paid, to be given back (both positive).
#[must_use]
pub fn sums(months: &[CaseMonth]) -> (Fen, Fen) {
    let all = |sign: i64| months.iter().map(|month| (month.difference().0 * sign).max(0)).sum();
    (Fen(all(1)), Fen(all(-1)))
}

/// Whether something is unclear of months that can be reckoned. What lies before the roll is no more unclear than it ever will be and hinders
/// nothing; where no month can be reckoned at all, nothing is known.
#[must_use]
pub fn unclear(months: &[CaseMonth]) -> bool {
    let unknown = |month: &CaseMonth| month.should_be.is_none();
    months.iter().any(|month| month.asked && unknown(month))
        || (!months.is_empty() && months.iter().all(unknown))
}

/// Whether cases of an item reckon past months.
#[must_use]
pub fn reckons(item: &Item) -> bool {
    item.actions.iter().flat_map(|action| &action.effects).any(|effect| **effect == Effect::ReckonMonths)
}

/// The months of a case as they were reckoned last; only an item that reckons past months is asked.
pub(super) async fn of_case(
    connection: &impl Connection,
    item: &Item,
    case: CaseId,
) -> Result<Vec<CaseMonth>, OfficeError> {
    if !reckons(item) {
        return Ok(Vec::new());
    }
    Ok(Query::system(
        CASE_MONTHS,
        "SELECT month, due_fen, paid_fen, should_fen, said, determination_id FROM case_month m WHERE m.case_id = ? \
         AND m.reckoning = (SELECT max(o.reckoning) FROM case_month o WHERE o.case_id = m.case_id) ORDER BY month",
    )
    .bind(case)
    .all_as(connection, |row| {
        Ok(CaseMonth {
            month: row.get("month")?,
            due: row.get("due_fen")?,
            paid: row.get("paid_fen")?,
            should_be: row.get("should_fen")?,
            said: row.get("said")?,
            asked: row.get::<Option<i64>>("determination_id")?.is_some(),
        })
    })
    .await?)
}

/// A month reckoned, before it is set beside what was due.
struct Reckoned {
    month: Month,
    should_be: Option<Fen>,
    said: String,
    determination: Option<DeterminationId>,
}

/// Reckons the months of the case's benefit anew, from one on to the last that the county has run.
pub(super) async fn reckon(
    doing: &Doing<'_>,
    case: &mut CaseRow,
    held: &EntitlementRow,
    first: Month,
) -> Result<(), OfficeError> {
    let last = ledger::run::last_regular_month(doing.tx, held.county, &held.programme).await?;
    let since = first.max(held.from);
    let first = first.max(held.first_due);
    let Some(last) = last.filter(|last| first <= *last) else {
        return Err(OfficeError::invalid(
            "first_month",
            if since < held.first_due {
                format!(
                    "{BEFORE_THE_ROLL}：{}以前不在这里发放；从这个月起还没有发放过。",
                    held.first_due.zh()
                )
            } else {
                "从这个月起还没有发放过，没有可以重新核算的月份；以后的金额用定期核查、变化报告调整。"
                    .to_owned()
            },
        ));
    };
    if first.plus(MONTHS_MAX) <= last {
        return Err(OfficeError::invalid(
            "first_month",
            format!("一次最多重新核算{MONTHS_MAX}个月，请分段核算。"),
        ));
    }
    let known_since = if held.case.is_none() { known_since(doing.tx, case.household).await? } else { None };
    let mut reckoned = Vec::new();
    let mut month = first;
    while month <= last {
        reckoned.push(reckoned_month(doing, case, held, known_since, month).await?);
        month = month.next();
    }
    case.determination = reckoned.iter().rev().find_map(|one| one.determination).or(case.determination);
    let asked: Vec<MonthAmount> = reckoned
        .iter()
        .map(|one| MonthAmount { month: one.month, amount: one.should_be.unwrap_or(Fen::ZERO) })
        .collect();
    let beside = ledger::propose(doing.tx, &super::effects::LEDGER, held.id, &asked).await?;
    let last_reckoning: Option<i64> =
        Query::system(CASE_MONTHS, "SELECT max(reckoning) FROM case_month WHERE case_id = ?")
            .bind(case.id)
            .scalar(doing.tx)
            .await?;
    let before = paid_elsewhere(doing, held, since.max(last.plus(1 - MONTHS_MAX))).await?;
    let here = reckoned.into_iter().zip(&beside.rows).map(|(one, row)| {
        let Reckoned { month, should_be, said, determination } = one;
        let asked = determination.is_some();
        (CaseMonth { month, due: row.due_before, paid: row.paid, should_be, said, asked }, determination)
    });
    for (one, determination) in before.into_iter().map(|one| (one, None)).chain(here) {
        Query::system(
            CASE_MONTHS,
            "INSERT INTO case_month (case_id, reckoning, month, due_fen, paid_fen, should_fen, said, determination_id, made_at) \
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(case.id)
        .bind(last_reckoning.unwrap_or(0) + 1)
        .bind(one.month)
        .bind(one.due)
        .bind(one.paid)
        .bind(one.should_be)
        .bind(one.said.as_str())
        .bind(determination)
        .bind(doing.now.at_ms())
        .execute(doing.tx)
        .await?;
    }
    Ok(())
}

/// The months from one on that were paid before the benefit was taken over, as the roll tells them.
async fn paid_elsewhere(
    doing: &Doing<'_>,
    held: &EntitlementRow,
    first: Month,
) -> Result<Vec<CaseMonth>, OfficeError> {
    let mut months = Vec::new();
    if held.first_due <= first {
        return Ok(months);
    }
    let row = stands(doing, held.id, first).await?;
    let paid = row.monthly.unwrap_or(Fen::ZERO);
    let said = format!(
        "{BEFORE_THE_ROLL}（名册：{}起，{}人，每月 {} 元）",
        held.from.zh(),
        row.members,
        paid.yuan_grouped()
    );
    let mut month = first;
    while month < held.first_due {
        let said = said.clone();
        months.push(CaseMonth { month, due: paid, paid, should_be: None, said, asked: false });
        month = month.next();
    }
    Ok(months)
}

/// The first day on which somebody is known to have lived in a family.
async fn known_since(tx: &Tx, household: store::HouseholdId) -> Result<Option<NaiveDate>, OfficeError> {
    Ok(Query::system(
        "the family of the case's benefit",
        "SELECT min(m.from_on) FROM membership m WHERE m.household_id = ? AND m.superseded_at IS NULL",
    )
    .bind(household)
    .scalar(tx)
    .await?)
}

/// What a month of a benefit comes to by what is known of it now; none while something is unknown.
pub(super) async fn comes_to(
    doing: &Doing<'_>,
    case: &CaseRow,
    held: &EntitlementRow,
    month: Month,
) -> Result<Option<Fen>, OfficeError> {
    Ok(reckoned_month(doing, case, held, None, month).await?.should_be)
}

async fn reckoned_month(
    doing: &Doing<'_>,
    case: &CaseRow,
    held: &EntitlementRow,
    known_since: Option<NaiveDate>,
    month: Month,
) -> Result<Reckoned, OfficeError> {
    let known = |should_be, said: String| Reckoned { month, should_be, said, determination: None };
    if let Some(until) = held.until.filter(|until| month > *until) {
        return Ok(known(Some(Fen::ZERO), format!("待遇到{}为止", until.zh())));
    }
    let programme = doing
        .release
        .programmes
        .get(&held.programme)
        .ok_or_else(|| OfficeError::Internal(format!("没有待遇项目 {}", held.programme)))?;
    let alone = (programme.unit == Unit::Person).then_some(held.holder);
    if let Some(person) = alone
        && let Some(died_on) = died_on(doing.tx, person).await?.filter(|day| *day < month.first_day())
    {
        return Ok(known(Some(Fen::ZERO), format!("本人于{}去世", vocab::zh_date(died_on))));
    }
    if let Some(since) = known_since.filter(|since| month.first_day() < *since) {
        return Ok(known(None, format!("{BEFORE_THE_ROLL}（资料从{}起）", vocab::zh_date(since))));
    }
    let village = store::divisions::division(doing.tx, case.village).await?;
    let question = determine::Question {
        case: Some(case.id),
        benefit: Some(held.id),
        household: case.household,
        person: alone,
        division: &village.code,
        month,
        law_on: month.first_day(),
        valid_on: month.first_day(),
        programmes: vec![held.programme.clone()],
    };
    let answer =
        determine::determine(doing.office, doing.tx, doing.release, &question, doing.now, doing.doer.staff())
            .await?;
    let (should_be, said) = should_be(&answer.result, answer.amount, answer.taper_months);
    Ok(Reckoned { month, should_be, said, determination: Some(answer.id) })
}

/// What a month should have been by what the rules say of it, and why; none where it is left alone.
pub(super) fn should_be(
    result: &rules::Determination,
    amount: Option<Fen>,
    taper_months: Option<i32>,
) -> (Option<Fen>, String) {
    match (result.outcome, amount) {
        (rules::Outcome::Met, Some(amount)) => (Some(amount), "符合条件，按当月情况核算".to_owned()),
        // 渐退 was decided or may still be: income that rose takes nothing back by itself.
        (rules::Outcome::NotMet, _) if taper_months.is_some() => {
            (None, "只有收入超过标准，可以渐退，不追回".to_owned())
        }
        (rules::Outcome::NotMet, _) => {
            let failed = result.conditions.iter().filter(|one| one.outcome == rules::Outcome::NotMet);
            let titles: Vec<&str> = failed.map(|one| one.title.as_str()).collect();
            (Some(Fen::ZERO), format!("不符合：{}", titles.join("、")))
        }
        _ => {
            let missing: Vec<&str> = result.missing.iter().map(|one| one.title.as_str()).collect();
            (None, format!("当月情况不明（{}），不动", missing.join("、")))
        }
    }
}

async fn died_on(tx: &Tx, person: store::PersonId) -> Result<Option<NaiveDate>, OfficeError> {
    Ok(Query::system("the holder of the case's benefit", "SELECT died_on FROM person WHERE id = ?")
        .bind(person)
        .scalar(tx)
        .await?)
}

/// The month of a benefit that is paid every month; what is paid once has none to reckon.
pub(super) fn monthly(doing: &Doing<'_>, held: &EntitlementRow) -> Result<(), OfficeError> {
    match doing.release.programmes.get(&held.programme).map(|programme| programme.pays) {
        Some(Pays::Monthly) => Ok(()),
        _ => Err(OfficeError::Conflict("只有按月发放的待遇可以逐月重新核算。".to_owned())),
    }
}

/// The amounts of the months that were reckoned become what was decided of each, so that the books say in both times what was right; the months
/// between and after them, also those that are granted already and not paid yet, keep what was decided of them.
pub(super) async fn write_amounts(
    doing: &Doing<'_>,
    entitlement: EntitlementId,
    months: &[CaseMonth],
    decision: &ledger::Decision,
) -> Result<(), OfficeError> {
    let mut changed = Vec::new();
    for month in months {
        let Some(should) = month.should_be else { continue };
        let row = stands(doing, entitlement, month.month).await?;
        let inside = row.from <= month.month && row.until.is_none_or(|until| month.month <= until);
        if inside && row.monthly != Some(should) {
            changed.push((month.month, should));
        }
    }
    let (scope, cause) = (&super::effects::LEDGER, ledger::AmountCause::Review);
    Ok(ledger::change_months(doing.tx, scope, entitlement, &changed, cause, decision).await?)
}

async fn stands(
    doing: &Doing<'_>,
    entitlement: EntitlementId,
    month: Month,
) -> Result<EntitlementRow, OfficeError> {
    Ok(ledger::pages::entitlement(doing.tx, &super::effects::LEDGER, entitlement, month).await?)
}
