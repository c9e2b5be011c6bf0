//! Decisions: what the rules say now, and what an officer makes of it in the ledger.

use catalogue::definition::{About, LawDate, Pays, Programme, Scalar, Starts, Unit, Writes};
use chrono::{Months, NaiveDate};
use ledger::{AmountCause, Decision};
use store::{PersonId, Query};
use vocab::{Fen, Month};

use super::super::act::Doing;
use super::super::opening::{self, Places};
use super::super::situation::{CaseRow, leaving};
use super::super::{determine, last_day, months, replaced};
use super::{LEDGER, family};
use crate::{OfficeError, people};

/// Asks the rules now, so that what is decided is what is known now.
pub(super) async fn determine_now(
    doing: &Doing<'_>,
    case: &mut CaseRow,
) -> Result<determine::Answer, OfficeError> {
    let today = doing.now.today();
    let law_on = match doing.item.law_on {
        LawDate::Accepted => case.accepted_on.unwrap_or(today),
        LawDate::Decided => today,
    };
    let village = store::divisions::division(doing.tx, case.village).await?;
    let programmes = asked(doing, case).await?;
    let all = |fits: fn(&Programme) -> bool| {
        programmes.iter().all(|id| doing.release.programmes.get(id).is_some_and(|programme| fits(programme)))
    };
    let month = match case.entitlement {
        // What is paid once is paid at once; what is paid every month, from the next.
        _ if all(|programme| programme.pays == Pays::Once) => Month::containing(today),
        None if all(|programme| programme.starts == Starts::Filing) => Month::containing(case.filed_on),
        _ if case.first_decided_on().is_some() => replaced::redecided(case, today),
        _ => Month::containing(today).next(),
    };
    let question = determine::Question {
        case: Some(case.id),
        benefit: None,
        household: case.household,
        person: case.person,
        division: &village.code,
        month,
        law_on,
        valid_on: as_of(doing, case).await?,
        programmes,
    };
    // What earlier effects of this very action wrote down is known since a moment after the action began.
    let known = doing.office.now();
    let answer =
        determine::determine(doing.office, doing.tx, doing.release, &question, known, doing.doer.staff())
            .await?;
    case.determination = Some(answer.id);
    belongs_to(doing, case, answer.amount).await?;
    Ok(answer)
}

/// Asks the rules again after something was written down. Of a benefit whose person has died they are asked nothing: the ledger has ended it.
pub(super) async fn determine_again(doing: &Doing<'_>, case: &mut CaseRow) -> Result<(), OfficeError> {
    if let (Some(person), Some(_)) = (case.person, case.entitlement)
        && doing.item.about != About::Deceased
        && family::died(doing, person).await?.is_some()
    {
        return Ok(());
    }
    determine_now(doing, case).await.map(|_| ())
}

/// The day of death on file of the one whom the case is about, if it is about one who has died.
async fn deceased(doing: &Doing<'_>, case: &CaseRow) -> Result<Option<NaiveDate>, OfficeError> {
    match (doing.item.about, case.person) {
        (About::Deceased, Some(person)) => family::died(doing, person).await,
        _ => Ok(None),
    }
}

/// The day as of which a case is decided: today; of one who has died the last day of life, if they were of the family then.
async fn as_of(doing: &Doing<'_>, case: &CaseRow) -> Result<NaiveDate, OfficeError> {
    let today = doing.now.today();
    let Some(died_on) = deceased(doing, case).await? else { return Ok(today) };
    let last = last_day(died_on);
    let members = people::members_as_of(doing.tx, &LEDGER, case.household, last, doing.now.at_ms()).await?;
    let there = members.iter().any(|member| Some(member.person) == case.person);
    Ok(if there { last } else { today })
}

/// The programmes that a case asks about: the item's; of one person's benefit under review, its own.
async fn asked(doing: &Doing<'_>, case: &CaseRow) -> Result<Vec<String>, OfficeError> {
    if let (Some(entitlement), true) = (case.entitlement, doing.item.about.is_person()) {
        let month = Month::containing(doing.now.today());
        let held = ledger::pages::entitlement(doing.tx, &LEDGER, entitlement, month).await?;
        return Ok(vec![held.programme]);
    }
    Ok(doing.item.programmes.iter().map(|programme| programme.get().clone()).collect())
}

/// Where the amount says who decides: the township up to its limit, the county above (社会救助暂行办法 art. 48).
async fn belongs_to(doing: &Doing<'_>, case: &mut CaseRow, amount: Option<Fen>) -> Result<(), OfficeError> {
    let Some(up_to) = doing.item.delegated.as_ref().and_then(|delegation| delegation.up_to.as_ref()) else {
        return Ok(());
    };
    let township = store::divisions::division(doing.tx, case.township).await?;
    let set = doing.release.parameter(up_to, &township.code, doing.now.today());
    let limit = match set.map(|value| value.value) {
        Some(Scalar::Number(number)) => number.at_scale(2),
        _ => None,
    };
    let delegated = limit.is_some_and(|limit| amount.is_none_or(|amount| amount <= Fen(limit)));
    if delegated != case.delegated {
        case.delegated = delegated;
        case.deciding = if delegated { case.township } else { case.county };
        let places = Places {
            county: case.county,
            township: case.township,
            village: case.village,
            registered: case.registered,
            deciding: case.deciding,
            delegated,
        };
        opening::see(doing.tx, case.id, &places).await?;
    }
    Ok(())
}

pub(super) fn decision(doing: &Doing<'_>, case: &CaseRow) -> Result<Decision, OfficeError> {
    let officer =
        doing.doer.staff().ok_or_else(|| OfficeError::Internal("待遇只能由工作人员决定".to_owned()))?;
    Ok(Decision {
        reference: case.number.clone(),
        reason: reasons_in_words(doing).unwrap_or_else(|| doing.action.title.clone()),
        case: Some(case.id),
        determination: case.determination,
        officer,
        at: doing.now,
    })
}

pub(super) fn reasons_in_words(doing: &Doing<'_>) -> Option<String> {
    let list = doing.action.reasons.as_ref()?;
    let codes = doing.release.codelists.get(list)?;
    let titles: Vec<&str> = doing.reasons.iter().filter_map(|code| codes.title_of(code)).collect();
    (!titles.is_empty()).then(|| titles.join("、"))
}

pub(super) fn benefit(case: &CaseRow) -> Result<ledger::EntitlementId, OfficeError> {
    case.entitlement.ok_or_else(|| OfficeError::Conflict("这件申请没有对应的在发待遇。".to_owned()))
}

pub(super) async fn grant(doing: &Doing<'_>, case: &mut CaseRow) -> Result<(), OfficeError> {
    let today = doing.now.today();
    if doing.item.about == About::Deceased && deceased(doing, case).await?.is_none() {
        return Err(OfficeError::Conflict("还没有登记去世日期。请先由乡镇（街道）核实登记。".to_owned()));
    }
    let answer = determine_now(doing, case).await?;
    let level = doing.item.delegated.as_ref().filter(|_| case.delegated).map(|delegation| delegation.level);
    let office = level.map_or(Some(case.deciding), |level| case.office_at(level));
    if office != Some(doing.division) {
        return Err(OfficeError::Conflict(
            "按现在核定的金额，这件不归本级决定。请刷新页面，由有权决定的机关办理。".to_owned(),
        ));
    }
    let amount = match (answer.result.outcome, answer.amount) {
        (rules::Outcome::Met, Some(amount)) => amount,
        (rules::Outcome::NotMet, _) => {
            return Err(OfficeError::Conflict(
                "按现有情况不符合条件，不能确认。请核对各项条件，或者不予确认并说明理由。".to_owned(),
            ));
        }
        _ => {
            let missing: Vec<&str> =
                answer.result.missing.iter().map(|missing| missing.title.as_str()).collect();
            return Err(OfficeError::Conflict(format!(
                "还不知道：{}。补齐以后才能确认。",
                missing.join("、")
            )));
        }
    };
    conferred(doing, case, amount).await?;
    let programme = doing
        .release
        .programmes
        .get(&answer.programme)
        .ok_or_else(|| OfficeError::Internal(format!("没有待遇项目 {}", answer.programme)))?;
    let holder = match programme.unit {
        Unit::Household => case.applicant,
        Unit::Person => answer.covered.first().copied().unwrap_or(case.applicant),
    };
    let payee = match case.account {
        Some(account) => payee(doing, account, case).await?,
        None => None,
    };
    let month = Month::containing(today);
    let stages = stages(doing, programme.pays)?;
    let from = replaced::first_month(programme, case, today);
    let until = match programme.pays {
        Pays::Once => Some(month.plus(stages - 1)),
        Pays::Monthly | Pays::Nothing => {
            let months = answer.review_months.filter(|months| programme.expires && *months > 0);
            months.map(|months| from.plus(months - 1))
        }
    };
    let review_due_on = answer
        .review_months
        .filter(|_| programme.pays != Pays::Once && !programme.expires)
        .and_then(|months| next_review(from.max(month.next()), months));
    let part = Fen(amount.0 / i64::from(stages));
    let decision = decision(doing, case)?;
    let covered = in_place_of(doing, case, programme, from, &answer.covered, &decision).await?;
    let grant = ledger::entitlement::Grant {
        programme: answer.programme.clone(),
        exclusion_group: exclusion_group(doing, programme, case),
        household: case.household,
        holder,
        members: covered,
        county: case.county,
        township: case.township,
        division: case.village,
        from,
        first_due: from,
        until,
        // What does not divide is in the first stage.
        monthly: Fen(amount.0 - part.0 * i64::from(stages - 1)),
        cause: AmountCause::Grant,
        payee,
        review_due_on,
    };
    let entitlement = match programme.pays {
        Pays::Nothing => ledger::entitlement::recognise(doing.tx, &grant, &decision).await?,
        Pays::Monthly | Pays::Once => ledger::entitlement::grant(doing.tx, &grant, &decision).await?,
    };
    if part != grant.monthly {
        let next = from.next();
        let cause = AmountCause::Grant;
        ledger::changes::change_amount(doing.tx, &LEDGER, entitlement, next, part, cause, &decision).await?;
    }
    case.entitlement = Some(entitlement);
    case.decided_on = Some(today);
    Ok(())
}

/// What the grant takes the place of ends; whom it covers, without those who have already what would end it.
async fn in_place_of(
    doing: &Doing<'_>,
    case: &CaseRow,
    programme: &Programme,
    from: Month,
    covered: &[PersonId],
    decision: &Decision,
) -> Result<Vec<PersonId>, OfficeError> {
    let grantee = replaced::Grantee {
        household: case.household,
        members: covered,
        from,
        today: doing.now.today(),
        on: case.accepted_on.unwrap_or(case.filed_on),
    };
    let left = replaced::recognisable(doing.tx, doing.release, programme, grantee).await?;
    let grantee = replaced::Grantee { members: &left, ..grantee };
    replaced::end_with_grant(doing.tx, doing.release, programme, grantee, decision).await?;
    Ok(left)
}

/// Who may not be paid twice: of a group in which each case stands for itself, the case alone.
fn exclusion_group(doing: &Doing<'_>, programme: &Programme, case: &CaseRow) -> String {
    let group = &programme.exclusion_group;
    match doing.release.exclusion_groups.get(group) {
        Some(known) if known.each => format!("{group}/{}", case.number),
        _ => group.get().clone(),
    }
}

/// Above the item's amount nothing is granted before people have sat together over it (个案会商、一事一议).
async fn conferred(doing: &Doing<'_>, case: &CaseRow, amount: Fen) -> Result<(), OfficeError> {
    let Some(confer) = &doing.item.confer else { return Ok(()) };
    let township = store::divisions::division(doing.tx, case.township).await?;
    let set = doing.release.parameter(&confer.above, &township.code, doing.now.today());
    let Some(Scalar::Number(number)) = set.map(|value| value.value) else { return Ok(()) };
    if number.at_scale(2).is_none_or(|above| amount.0 <= above) {
        return Ok(());
    }
    let held: i64 = Query::system(
        "the conferences of a case that the doer may act on",
        "SELECT count(*) FROM case_entry WHERE case_id = ? AND register = ?",
    )
    .bind(case.id)
    .bind(confer.register.as_str())
    .scalar(doing.tx)
    .await?;
    if held > 0 {
        return Ok(());
    }
    Err(OfficeError::Conflict(format!(
        "核定 {} 元，超过 {number} 元的要先个案会商或者一事一议。请先登记会商的参加人、意见和决议。",
        amount.yuan_grouped()
    )))
}

/// Help first: the township pays the first month out of its reserve fund, and the run does not pay it again.
pub(super) async fn advance(doing: &Doing<'_>, case: &CaseRow) -> Result<(), OfficeError> {
    let entitlement = benefit(case)?;
    let month = Month::containing(doing.now.today());
    let from = ledger::pages::entitlement(doing.tx, &LEDGER, entitlement, month).await?.from;
    let decision = decision(doing, case)?;
    ledger::reserve::advance(doing.tx, &LEDGER, case.township, entitlement, from, &decision).await?;
    Ok(())
}

/// In how many months what is paid once is paid out, as the decision says (一次审批、分阶段救助).
fn stages(doing: &Doing<'_>, pays: Pays) -> Result<i32, OfficeError> {
    let (Pays::Once, Some((_, checked)), Some(form)) = (pays, &doing.form, doing.form_definition) else {
        return Ok(1);
    };
    let entries = crate::forms::entries(form, checked);
    let Some(said) = entries.iter().find(|entry| entry.writes == Writes::Stages) else { return Ok(1) };
    let stages = said.value.canonical().parse().ok().filter(|stages| (1..=12).contains(stages));
    stages.ok_or_else(|| OfficeError::invalid("stages", "分几个月发放应为1至12。"))
}

/// The account that the application gave, as the ledger keeps it; none if whose it is has died meanwhile, and it is asked for again.
async fn payee(
    doing: &Doing<'_>,
    account: people::BankAccountId,
    case: &CaseRow,
) -> Result<Option<ledger::payee::NewPayee>, OfficeError> {
    let row = Query::system(
        "the account of a case that the doer may act on",
        "SELECT b.person_id, b.holder_name, b.bank, b.number_tail, p.died_on FROM bank_account b \
         JOIN person p ON p.id = b.person_id WHERE b.id = ?",
    )
    .bind(account)
    .one(doing.tx)
    .await?;
    if row.get::<Option<NaiveDate>>("died_on")?.is_some() {
        return Ok(None);
    }
    Ok(Some(ledger::payee::NewPayee {
        account: ledger::BankAccountId(account.0),
        holder_name: row.get("holder_name")?,
        bank: row.get("bank")?,
        number_tail: row.get("number_tail")?,
        proposed_by: ledger::payee::Proposer::Citizen(match doing.item.about {
            // The dead ask for nothing: whoever is paid does.
            About::Deceased => row.get("person_id")?,
            _ => case.applicant,
        }),
    }))
}

/// The last day of the month in which a review falls due.
fn next_review(from: Month, months: i32) -> Option<NaiveDate> {
    u32::try_from(months)
        .ok()
        .and_then(|months| from.first_day().checked_add_months(Months::new(months)))
        .and_then(|day| day.pred_opt())
}

pub(super) async fn change_amount(doing: &Doing<'_>, case: &mut CaseRow) -> Result<(), OfficeError> {
    let today = doing.now.today();
    let entitlement = benefit(case)?;
    let answer = determine_now(doing, case).await?;
    let Some(amount) = answer.amount.filter(|_| answer.result.outcome == rules::Outcome::Met) else {
        return Err(OfficeError::Conflict(
            "按现有情况不符合条件，或者还有不知道的情况，不能只调整金额。".to_owned(),
        ));
    };
    let from = Month::containing(today).next();
    let current = ledger::pages::entitlement(doing.tx, &LEDGER, entitlement, from).await?.monthly;
    if current.is_some_and(|current| amount < current) {
        heard(doing, case).await?;
    }
    pay_again(doing, case, &answer.covered).await?;
    let decision = decision(doing, case)?;
    if current != Some(amount) {
        ledger::changes::change_amount(
            doing.tx,
            &LEDGER,
            entitlement,
            from,
            amount,
            AmountCause::Review,
            &decision,
        )
        .await?;
    }
    if !answer.covered.is_empty() {
        ledger::changes::set_members(doing.tx, &LEDGER, entitlement, from, &answer.covered, &decision)
            .await?;
    }
    case.decided_on = Some(today);
    set_review(doing, case, &answer).await
}

/// A death holds what the family gets until somebody has decided (社会救助法 art. 46): this decision pays again. The months that were held come each to
/// what was so then; those that a run has passed go out with the next one. Whoever is covered next month and was of the family then stays covered,
/// and the benefit of a holder who died goes to the head. Whether something was held.
async fn pay_again(doing: &Doing<'_>, case: &CaseRow, covered: &[PersonId]) -> Result<bool, OfficeError> {
    let (entitlement, decision) = (benefit(case)?, decision(doing, case)?);
    let Some(first) = ledger::lift_hold(doing.tx, &LEDGER, entitlement, &decision).await? else {
        return Ok(false);
    };
    let last = Month::containing(doing.now.today());
    let held = ledger::pages::entitlement(doing.tx, &LEDGER, entitlement, last.next()).await?;
    let there =
        people::members_as_of(doing.tx, &LEDGER, case.household, first.first_day(), doing.now.at_ms())
            .await?;
    let stay: Vec<&people::Membership> =
        there.iter().filter(|member| covered.contains(&member.person)).collect();
    if !stay.is_empty() {
        let mut persons: Vec<PersonId> = stay.iter().map(|member| member.person).collect();
        // Who died later than the death that held it was covered until then.
        let mut later = Vec::new();
        for person in ledger::pages::members(doing.tx, &LEDGER, entitlement, first).await? {
            if let Some(died_on) = family::died(doing, person).await?
                && !persons.contains(&person)
            {
                later.push((person, Month::containing(died_on)));
            }
        }
        persons.extend(later.iter().map(|(person, _)| *person));
        ledger::set_members(doing.tx, &LEDGER, entitlement, first, &persons, &decision).await?;
        for (person, last) in later {
            ledger::end_member(doing.tx, &LEDGER, entitlement, person, last, &decision).await?;
        }
    }
    if let Some(heir) = stay.iter().max_by_key(|member| member.head)
        && let Some(died_on) = family::died(doing, held.holder).await?
    {
        // Also of a death that came another way than through a case.
        family::accounts_out(doing, case, held.holder, died_on).await?;
        ledger::change_holder(doing.tx, &LEDGER, entitlement, heir.person, &decision).await?;
    }
    let first = first.max(held.first_due);
    let recorded = ledger::propose_as_recorded(doing.tx, &LEDGER, entitlement, first, last).await?;
    let mut amounts = Vec::new();
    for row in &recorded.rows {
        if !row.due_before.is_zero() {
            continue;
        }
        let comes_to = months::comes_to(doing, case, &held, row.month).await?;
        amounts.extend(comes_to.filter(|amount| *amount != row.should_be).map(|amount| (row.month, amount)));
    }
    let cause = AmountCause::Members;
    ledger::change_months(doing.tx, &LEDGER, entitlement, &amounts, cause, &decision).await?;
    let run = ledger::run::last_regular_month(doing.tx, held.county, &held.programme).await?;
    if let Some(run) = run.map(|run| run.min(last)) {
        let mut passed = ledger::propose_as_recorded(doing.tx, &LEDGER, entitlement, first, run).await?;
        // What was paid of a month before the death was told is looked into by itself.
        passed.rows.retain(|row| row.due_before.is_zero());
        if !passed.arrears().is_zero() {
            ledger::post_arrears(doing.tx, &LEDGER, &passed, &decision).await?;
        }
    }
    Ok(true)
}

/// Whom the benefit covers next month and who is of the family: 渐退 goes on with them.
async fn still_covered(doing: &Doing<'_>, case: &CaseRow) -> Result<Vec<PersonId>, OfficeError> {
    let today = doing.now.today();
    let next = Month::containing(today).next();
    let family = people::members_as_of(doing.tx, &LEDGER, case.household, today, doing.now.at_ms()).await?;
    let mut covered = ledger::pages::members(doing.tx, &LEDGER, benefit(case)?, next).await?;
    covered.retain(|person| family.iter().any(|member| member.person == *person));
    Ok(covered)
}

async fn set_review(
    doing: &Doing<'_>,
    case: &CaseRow,
    answer: &determine::Answer,
) -> Result<(), OfficeError> {
    let entitlement = benefit(case)?;
    if doing.release.programmes.get(&answer.programme).is_some_and(|programme| programme.expires) {
        // It ends by itself on its day and is asked for anew: what was looked into meanwhile makes it no longer.
        return Ok(ledger::entitlement::set_review(doing.tx, &LEDGER, entitlement, None).await?);
    }
    let Some(months) = answer.review_months else {
        return Err(OfficeError::Conflict("还算不出下次核查的时间，请先补齐家庭情况。".to_owned()));
    };
    let due_on = next_review(Month::containing(doing.now.today()), months);
    Ok(ledger::entitlement::set_review(doing.tx, &LEDGER, entitlement, due_on).await?)
}

/// 渐退: the benefit goes on as it is for the programme's months, then ends.
pub(super) async fn taper(doing: &Doing<'_>, case: &mut CaseRow) -> Result<(), OfficeError> {
    heard(doing, case).await?;
    let entitlement = benefit(case)?;
    let answer = determine_now(doing, case).await?;
    let Some(months) = answer.taper_months else {
        return Err(OfficeError::Conflict(
            "渐退只用于就业后收入超过标准、其他条件都符合的家庭；本地没有规定渐退期的也不能办理。".to_owned(),
        ));
    };
    pay_again(doing, case, &still_covered(doing, case).await?).await?;
    let (_, last) = determine::taper_span(doing.now.today(), months);
    case.decided_on = Some(doing.now.today());
    Ok(ledger::entitlement::end(doing.tx, &LEDGER, entitlement, last, &decision(doing, case)?).await?)
}

/// No hearing on record, no change for the worse. Who was looked for in vain was given the chance when the notice that asked them to come is over.
pub(super) async fn heard(doing: &Doing<'_>, case: &CaseRow) -> Result<(), OfficeError> {
    let chances: i64 = Query::system(
        "hearings of a case that the doer may act on",
        "SELECT (SELECT count(*) FROM case_record WHERE case_id = ? AND kind = 'hearing') \
         + (SELECT count(*) FROM hearing_absence WHERE case_id = ? AND until_on < ?) AS chances",
    )
    .bind(case.id)
    .bind(case.id)
    .bind(doing.now.today())
    .scalar(doing.tx)
    .await?;
    if chances > 0 {
        return Ok(());
    }
    Err(OfficeError::Conflict(
        "调减、停发、终止之前应当听取家庭的意见（《社会救助法》第四十八条）。请先登记听取意见的情况；找不到人的，公告期满以后才能决定。"
            .to_owned(),
    ))
}

/// The benefit goes on as it is; the next review is set.
pub(super) async fn go_on(doing: &Doing<'_>, case: &mut CaseRow) -> Result<(), OfficeError> {
    let answer = determine_now(doing, case).await?;
    if answer.result.outcome != rules::Outcome::Met {
        return Err(OfficeError::Conflict(
            "按现有情况不符合条件，或者还有不知道的情况，不能办理继续享受。".to_owned(),
        ));
    }
    let held = pay_again(doing, case, &answer.covered).await?;
    let recognised = doing.release.programmes.get(&answer.programme);
    if let Some(programme) = recognised.filter(|programme| programme.pays == Pays::Nothing) {
        recognise_anew(doing, case, programme, &answer.covered).await?;
    } else if held && !answer.covered.is_empty() {
        let from = Month::containing(doing.now.today()).next();
        let decision = decision(doing, case)?;
        ledger::set_members(doing.tx, &LEDGER, benefit(case)?, from, &answer.covered, &decision).await?;
    }
    case.decided_on = Some(doing.now.today());
    set_review(doing, case, &answer).await
}

/// A recognition goes on for the family as it is now: who was born into it or joined it comes in, who died goes out, who lives elsewhere goes out
/// after a hearing.
async fn recognise_anew(
    doing: &Doing<'_>,
    case: &CaseRow,
    programme: &Programme,
    covered: &[PersonId],
) -> Result<(), OfficeError> {
    let (today, entitlement) = (doing.now.today(), benefit(case)?);
    let from = Month::containing(today).next();
    let held = ledger::pages::entitlement(doing.tx, &LEDGER, entitlement, from).await?;
    if held.until.is_some_and(|until| until < from) {
        // Its last month: who it covers next month is asked when it is applied for anew.
        return Ok(());
    }
    let grantee = replaced::Grantee { household: case.household, members: covered, from, today, on: today };
    let mut members = replaced::recognisable(doing.tx, doing.release, programme, grantee).await?;
    let now = ledger::pages::members(doing.tx, &LEDGER, entitlement, from).await?;
    let left = leaving(doing.tx, case.household, &now, doing.office.now()).await?;
    if !left.is_empty() {
        heard(doing, case).await?;
    }
    for person in now {
        if !members.contains(&person)
            && !left.contains(&person)
            && family::died(doing, person).await?.is_none()
        {
            members.push(person);
        }
    }
    if members.is_empty() {
        return Ok(());
    }
    let decision = decision(doing, case)?;
    Ok(ledger::set_members(doing.tx, &LEDGER, entitlement, from, &members, &decision).await?)
}

/// This month is the last.
pub(super) async fn stop(doing: &Doing<'_>, case: &mut CaseRow) -> Result<(), OfficeError> {
    heard(doing, case).await?;
    let today = doing.now.today();
    case.decided_on = Some(today);
    let last = Month::containing(today);
    let entitlement = benefit(case)?;
    Ok(ledger::entitlement::end(doing.tx, &LEDGER, entitlement, last, &decision(doing, case)?).await?)
}
