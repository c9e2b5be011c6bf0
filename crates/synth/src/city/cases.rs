//! Cases of the last weeks, at every step.

use std::sync::atomic::{AtomicI64, Ordering};

use office::access::Actor;
use office::{Office, OfficeError, casework, means_test};
use store::CaseId;

use super::{DAY, Home, Plan, Watch};
use crate::desk;
use crate::family::Family;
use crate::staff::{County, Staff};

/// How far a case is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Until {
    Filed,
    Supplement,
    Investigation,
    Visited,
    Publicity,
    Objected,
    Examination,
    Confirmation,
    Granted,
}

pub(crate) const STEPS: [Until; 9] = [
    Until::Granted,
    Until::Confirmation,
    Until::Examination,
    Until::Objected,
    Until::Publicity,
    Until::Visited,
    Until::Investigation,
    Until::Supplement,
    Until::Filed,
];

/// Cases of the last weeks, so that every office finds work of every kind this morning.
pub(super) async fn cases(
    office: &Office,
    hand: &AtomicI64,
    today: i64,
    staff: &Staff,
    waiting: &[&Home],
    plan: Plan,
    watch: Watch<'_>,
) -> Result<(), OfficeError> {
    let total = (STEPS.len() * plan.at_each_step * staff.counties.len()) as u64;
    let mut done = 0;
    for county in &staff.counties {
        let mut families = waiting.iter().filter(|home| home.township == county.township);
        for until in STEPS {
            for _ in 0..plan.at_each_step {
                let Some(home) = families.next() else { break };
                history(office, hand, today, county, &home.family, until).await?;
                done += 1;
                watch("办件", done, total);
            }
        }
        other_matters(office, hand, today, county, &mut families).await?;
    }
    watch("办件", total, total);
    Ok(())
}

/// Each county has some cases of the other matters too: an emergency that was helped and whose papers are to be made up, one on the
/// desk of whoever decides, and somebody in extreme difficulty whose case has come to the county.
async fn other_matters<'a>(
    office: &Office,
    hand: &AtomicI64,
    today: i64,
    county: &County,
    families: &mut impl Iterator<Item = &'a &'a Home>,
) -> Result<(), OfficeError> {
    let set = |days: i64| hand.store(today - days * DAY, Ordering::SeqCst);
    for helped in [true, false] {
        let Some(home) = families.next() else { return Ok(()) };
        let act = async |actor: &Actor, case: CaseId, action: &str| {
            desk::act(office, actor, case, action, &home.family, &[]).await
        };
        set(3);
        let case = desk::file(office, &county.township_clerk, "temporary_emergency", &home.family).await?;
        act(&county.township_clerk, case, "accept").await?;
        act(&county.township_clerk, case, "visit").await?;
        act(&county.second_clerk, case, "send_up").await?;
        if helped {
            set(2);
            // A large family's aid is above the township's limit: then it waits for the county.
            match act(&county.township_head, case, "help_first").await {
                Ok(_)
                | Err(OfficeError::Conflict(_) | OfficeError::Forbidden(_) | OfficeError::NotFound(_)) => {}
                Err(error) => return Err(error),
            }
        }
    }
    let Some(home) = families.next() else { return Ok(()) };
    let act = async |actor: &Actor, case: CaseId, action: &str| {
        desk::act(office, actor, case, action, &home.family, &[]).await
    };
    set(15);
    let case = desk::file(office, &county.township_clerk, "tekun", &home.family).await?;
    act(&county.township_clerk, case, "accept").await?;
    act(&county.township_clerk, case, "request_means_test").await?;
    set(14);
    act(&county.county_clerk, case, "start_means_test").await?;
    means_test::run(office, &county.county_clerk.grant()?, case, "特困人员申请核对").await?;
    set(13);
    act(&county.township_clerk, case, "visit").await?;
    act(&county.second_clerk, case, "opine").await?;
    set(1);
    casework::tick::tick(office).await?;
    act(&county.second_clerk, case, "close_notice").await?;
    hand.store(today, Ordering::SeqCst);
    Ok(())
}

pub(crate) async fn history(
    office: &Office,
    hand: &AtomicI64,
    today: i64,
    county: &County,
    family: &Family,
    until: Until,
) -> Result<CaseId, OfficeError> {
    // Each kind began as long ago as it takes to get there.
    let ago = match until {
        Until::Filed => 0,
        Until::Supplement => 2,
        Until::Investigation => 1,
        Until::Visited => 4,
        Until::Publicity => 8,
        Until::Objected => 9,
        Until::Examination => 15,
        Until::Confirmation => 17,
        Until::Granted => 24,
    };
    let set = |days: i64| hand.store(today - days * DAY, Ordering::SeqCst);
    set(ago);
    let case = desk::file(office, &county.township_clerk, "dibao", family).await?;
    let act = async |actor: &Actor, case: CaseId, action: &str| {
        desk::act(office, actor, case, action, family, &[]).await
    };
    if until == Until::Supplement {
        act(&county.township_clerk, case, "ask_missing").await?;
    }
    if until < Until::Investigation {
        return Ok(case);
    }
    act(&county.township_clerk, case, "accept").await?;
    act(&county.township_clerk, case, "request_means_test").await?;
    if until == Until::Investigation {
        return Ok(case);
    }
    set(ago - 1);
    act(&county.county_clerk, case, "start_means_test").await?;
    means_test::run(office, &county.county_clerk.grant()?, case, "最低生活保障申请核对").await?;
    set(ago - 2);
    act(&county.township_clerk, case, "visit").await?;
    if until == Until::Visited {
        return Ok(case);
    }
    set(ago - 3);
    act(&county.second_clerk, case, "opine").await?;
    if until == Until::Publicity {
        return Ok(case);
    }
    if until == Until::Objected {
        set(ago - 6);
        act(&county.second_clerk, case, "object").await?;
        return Ok(case);
    }
    set(ago - 12);
    casework::tick::tick(office).await?;
    act(&county.second_clerk, case, "close_notice").await?;
    if until == Until::Examination {
        return Ok(case);
    }
    set(ago - 13);
    let delegated = act(&county.county_clerk, case, "examine").await.is_err();
    if delegated {
        act(&county.township_head, case, "take_up").await?;
    }
    if until == Until::Confirmation {
        return Ok(case);
    }
    set(ago - 14);
    let decider = if delegated { &county.township_head } else { &county.director };
    // What the rules say decides which of the two can be done; an unknown outcome stays on the desk.
    if let Err(OfficeError::Conflict(_)) = act(decider, case, "confirm").await {
        let refused = desk::act(office, decider, case, "refuse", family, &["income_above"]).await;
        // Neither: something is unknown, and the case waits on the desk.
        if !matches!(refused, Ok(_) | Err(OfficeError::Conflict(_))) {
            refused?;
        }
    }
    Ok(case)
}
