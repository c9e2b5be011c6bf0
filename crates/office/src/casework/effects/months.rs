//! Past months of a benefit: reckoned anew, and posted as arrears (补发) or a recovery (追回) when that has been decided.

use catalogue::definition::Scalar;
use ledger::{MonthAmount, RecoveryTerms};
use serde_json::{Map, Value, json};
use vocab::{Fen, Month};

use super::super::act::Doing;
use super::super::months::{self, CaseMonth};
use super::super::situation::CaseRow;
use super::{LEDGER, decisions};
use crate::OfficeError;
use crate::forms::FormValue;

/// Fields of the actions' forms.
const FIRST: &str = "first_month";
const WAY: &str = "recovery_way";
const OFFSET: &str = "offset_per_month";
/// Code of `WAY` that keeps instalments back from later months.
const BY_INSTALMENTS: &str = "offset";
/// How much of a month's amount an instalment may be at most, where a place sets it.
const LIMIT: &str = "recovery_offset_percent";

pub(super) async fn reckon(doing: &Doing<'_>, case: &mut CaseRow) -> Result<(), OfficeError> {
    let entitlement = decisions::benefit(case)?;
    let now = Month::containing(doing.now.today());
    let held = ledger::pages::entitlement(doing.tx, &LEDGER, entitlement, now).await?;
    months::monthly(doing, &held)?;
    let Some(FormValue::Month(first)) = doing.form.as_ref().and_then(|(_, checked)| checked.get(FIRST))
    else {
        return Err(OfficeError::invalid(FIRST, "请选择从哪个月起重新核算。"));
    };
    months::reckon(doing, case, &held, *first).await
}

/// What was reckoned last is posted as it was seen; anything that has changed since is reckoned again first.
pub(super) async fn post(doing: &Doing<'_>, case: &mut CaseRow) -> Result<(), OfficeError> {
    let entitlement = decisions::benefit(case)?;
    let reckoned = months::of_case(doing.tx, doing.item, case.id).await?;
    let amounts: Vec<MonthAmount> = reckoned
        .iter()
        .filter_map(|month| Some(MonthAmount { month: month.month, amount: month.should_be? }))
        .collect();
    let proposal = ledger::propose(doing.tx, &LEDGER, entitlement, &amounts).await?;
    let known = reckoned.iter().filter(|month| month.should_be.is_some());
    if known.zip(&proposal.rows).any(|(seen, row)| seen.due != row.due_before) {
        return Err(OfficeError::Conflict("测算以后发放又有变化。请退回重新测算，再作决定。".to_owned()));
    }
    let (arrears, recovery) = (proposal.arrears(), proposal.recovery());
    if arrears.is_zero() && recovery.is_zero() {
        return Err(OfficeError::Conflict("没有要补发或者追回的月份。".to_owned()));
    }
    let decision = decisions::decision(doing, case)?;
    let terms = if recovery.is_zero() { None } else { Some(terms(doing, case).await?) };
    // First what is owed: what is taken back is netted against it.
    if !arrears.is_zero() {
        ledger::post_arrears(doing.tx, &LEDGER, &proposal, &decision).await?;
    }
    if let Some(terms) = terms {
        decisions::heard(doing, case).await?;
        ledger::post_recovery(doing.tx, &LEDGER, &proposal, terms, &decision).await?;
    }
    months::write_amounts(doing, entitlement, &reckoned, &decision).await?;
    case.decided_on = Some(doing.now.today());
    Ok(())
}

/// How the money comes back, as the decision's form says, inside what the place allows.
async fn terms(doing: &Doing<'_>, case: &CaseRow) -> Result<RecoveryTerms, OfficeError> {
    let checked = doing.form.as_ref().map(|(_, checked)| checked);
    let way = checked.and_then(|checked| checked.get(WAY)).map(FormValue::canonical);
    let Some(way) = way else {
        return Err(OfficeError::invalid(WAY, "有要追回的，请选择怎样追回。"));
    };
    if way != BY_INSTALMENTS {
        return Ok(RecoveryTerms { offset_per_month: None });
    }
    let Some(FormValue::Money(offset)) = checked.and_then(|checked| checked.get(OFFSET)) else {
        return Err(OfficeError::invalid(OFFSET, "请填写每月抵扣多少。"));
    };
    let next = Month::containing(doing.now.today()).next();
    let held = ledger::pages::entitlement(doing.tx, &LEDGER, decisions::benefit(case)?, next).await?;
    let Some(monthly) = held.monthly.filter(|_| held.until.is_none_or(|until| until >= next)) else {
        return Err(OfficeError::invalid(
            WAY,
            "待遇已经终止，没有以后的月份可以抵扣，请选择一次或者分次退回。",
        ));
    };
    let township = store::divisions::division(doing.tx, case.township).await?;
    let set = doing.release.parameter(LIMIT, &township.code, doing.now.today());
    if let Some(Scalar::Number(percent)) = set.map(|value| value.value)
        && let Some(percent) = percent.at_scale(0)
        && i128::from(offset.0) * 100 > i128::from(monthly.0) * i128::from(percent)
    {
        let most = Fen(monthly.0 / 100 * percent + monthly.0 % 100 * percent / 100);
        return Err(OfficeError::invalid(
            OFFSET,
            format!("每月抵扣不能超过月金额的{percent}%，就是 {} 元，以保住基本生活。", most.yuan_grouped()),
        ));
    }
    Ok(RecoveryTerms { offset_per_month: Some(*offset) })
}

/// What the letter says of the months.
pub(super) async fn letter_fields(
    doing: &Doing<'_>,
    case: &CaseRow,
) -> Result<Map<String, Value>, OfficeError> {
    let reckoned = months::of_case(doing.tx, doing.item, case.id).await?;
    let (arrears, recovery) = months::sums(&reckoned);
    let differs = |month: &&CaseMonth| !month.difference().is_zero();
    let rows: Vec<Value> = reckoned
        .iter()
        .filter(differs)
        .map(|month| {
            json!({
                "month": month.month.to_string(),
                "due_fen": month.due.0,
                "should_fen": month.should_be.map(|fen| fen.0),
                "difference_fen": month.difference().0,
                "said": month.said,
            })
        })
        .collect();
    let mut fields = Map::new();
    fields.insert("months".to_owned(), json!(rows));
    fields.insert("arrears_fen".to_owned(), json!(arrears.0));
    fields.insert("recovery_fen".to_owned(), json!(recovery.0));
    let offset = doing.form.as_ref().and_then(|(_, checked)| match checked.get(OFFSET) {
        Some(FormValue::Money(offset)) => Some(offset.0),
        _ => None,
    });
    fields.insert("offset_fen_per_month".to_owned(), json!(offset));
    Ok(fields)
}
