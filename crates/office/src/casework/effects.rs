//! The closed vocabulary of what an action can do. A pack names effects; each is written here once.
//!
//! Money is touched by four of them - grant, change, suspend, stop (a taper is a stop with a later last month) - and only through the
//! ledger. What takes away from a family finds the record of its hearing first (社会救助法 art. 48), whatever the pack says.

use catalogue::definition::{Effect, NewTask, Outcome, Unit};
use chrono::Months;
use ledger::{AmountCause, Decision};
use serde_json::{Map, Value, json};
use store::{Query, Scope};
use vocab::{Fen, Month};

use super::act::{Doing, holder, once_only};
use super::letters::Additions;
use super::notices::NoticeKind;
use super::situation::CaseRow;
use super::{clocks, determine, letters, notices};
use crate::people::{self, NewFact, Source, Subject};
use crate::{OfficeError, forms, means_test};

/// Ledger rows of a case that the doer may act on.
const LEDGER: Scope = Scope::System("the benefit of a case that the doer may act on");

/// One effect.
pub(super) async fn apply(doing: &Doing<'_>, case: &mut CaseRow, effect: &Effect) -> Result<(), OfficeError> {
    let today = doing.now.today();
    match effect {
        Effect::Accept => {
            case.accepted_on.get_or_insert(today);
            Ok(())
        }
        Effect::OnceOnly => refuse_again(doing, case).await,
        Effect::RecordFacts => record_facts(doing, case).await,
        Effect::RequestMeansTest => {
            means_test::request_in(doing.office, doing.tx, case.id, doing.doer.staff(), doing.now).await
        }
        Effect::StartMeansTest => {
            means_test::start_in(doing.office, doing.tx, case.id, doing.doer.staff(), doing.now).await
        }
        Effect::OpenNotice(period) => open_notice(doing, case, period.natural_days, &period.letter).await,
        Effect::CloseNotice => notices::close(doing.tx, case, NoticeKind::Publicity, today).await,
        Effect::Publish => {
            let amount = amount_now(doing, case).await?;
            let title = doing.item.title.clone();
            notices::hang(
                doing.office,
                doing.tx,
                case,
                NoticeKind::Result,
                &title,
                None,
                amount,
                doing.doer.staff(),
            )
            .await?;
            Ok(())
        }
        Effect::RecordVisit => record(doing, case, "visit").await,
        Effect::RecordObjection => record(doing, case, "objection").await,
        Effect::RecordComplaint => record(doing, case, "complaint").await,
        Effect::RecordAppraisal => record(doing, case, "appraisal").await,
        Effect::RecordRelative => record(doing, case, "relative").await,
        Effect::RecordHearing => record(doing, case, "hearing").await,
        Effect::RecordSample => record(doing, case, "sample").await,
        Effect::Determine => determine_now(doing, case).await.map(|_| ()),
        Effect::Grant => grant(doing, case).await,
        Effect::Refuse => {
            case.decided_on = Some(today);
            Ok(())
        }
        Effect::ChangeAmount => change_amount(doing, case).await,
        Effect::Continue => {
            let answer = determine_now(doing, case).await?;
            if answer.result.outcome != rules::Outcome::Met {
                return Err(OfficeError::Conflict(
                    "按现有情况不符合条件，或者还有不知道的情况，不能办理继续享受。".to_owned(),
                ));
            }
            case.decided_on = Some(today);
            set_review(doing, case, &answer).await
        }
        Effect::Taper => taper(doing, case).await,
        Effect::Suspend => {
            heard(doing, case).await?;
            case.decided_on = Some(today);
            let entitlement = benefit(case)?;
            Ok(ledger::changes::suspend(
                doing.tx,
                &LEDGER,
                entitlement,
                Month::containing(today).next(),
                &decision(doing, case)?,
            )
            .await?)
        }
        Effect::Stop => {
            heard(doing, case).await?;
            case.decided_on = Some(today);
            let entitlement = benefit(case)?;
            Ok(ledger::entitlement::end(
                doing.tx,
                &LEDGER,
                entitlement,
                Month::containing(today),
                &decision(doing, case)?,
            )
            .await?)
        }
        Effect::Extend(clock) => extend(doing, case, clock).await,
        Effect::Letter(letter) => letter_of(doing, case, letter).await,
        Effect::Task(task) => side_task(doing, case, task).await,
        Effect::End(outcome) => end(doing, case, *outcome).await,
    }
}

async fn refuse_again(doing: &Doing<'_>, case: &CaseRow) -> Result<(), OfficeError> {
    debug_assert!(once_only(doing.action));
    let before: i64 = Query::system(
        "the trace of a case that the doer may act on",
        "SELECT count(*) FROM case_event WHERE case_id = ? AND action = ? AND id <> ?",
    )
    .bind(case.id)
    .bind(doing.action.id.as_str())
    .bind(doing.event)
    .scalar(doing.tx)
    .await?;
    if before == 0 {
        return Ok(());
    }
    Err(OfficeError::Conflict(format!("「{}」在一件申请里只能做一次，已经做过了。", doing.action.title)))
}

/// The officers' judgements that the action's form holds.
pub(super) async fn findings(doing: &Doing<'_>, case: &CaseRow) -> Result<(), OfficeError> {
    let (Some((_, checked)), Some(form), Some(staff)) =
        (&doing.form, doing.form_definition, doing.doer.staff())
    else {
        return Ok(());
    };
    for finding in forms::findings(form, checked) {
        Query::system(
            "a finding in a case that the doer may act on",
            "INSERT INTO finding (case_id, event_id, condition, met, reason, staff_id, recorded_on) VALUES (?, ?, ?, ?, ?, ?, ?) \
             RETURNING id",
        )
        .bind(case.id)
        .bind(doing.event)
        .bind(finding.condition)
        .bind(finding.met)
        .bind(finding.reason.unwrap_or_default())
        .bind(staff)
        .bind(doing.now.today())
        .insert(doing.tx)
        .await?;
    }
    Ok(())
}

/// The form's answers become facts: seen on a visit, or declared by the family.
async fn record_facts(doing: &Doing<'_>, case: &CaseRow) -> Result<(), OfficeError> {
    let (Some((_, checked)), Some(form)) = (&doing.form, doing.form_definition) else { return Ok(()) };
    let seen = doing.action.effects.iter().any(|effect| **effect == Effect::RecordVisit);
    let source = if seen { Source::Visit } else { Source::Declared };
    let today = doing.now.today();
    let members =
        people::members_as_of(doing.tx, &doing.doer.scope(), case.household, today, doing.now.at_ms())
            .await?;
    let facts: Vec<NewFact> = forms::facts(doing.release, form, checked)
        .into_iter()
        .filter_map(|fact| {
            let subject = match fact.subject {
                forms::FormSubject::Household => Subject::Household(case.household),
                forms::FormSubject::Applicant => Subject::Person(case.applicant),
                forms::FormSubject::Member(index) => Subject::Person(members.get(index)?.person),
            };
            Some(NewFact {
                subject,
                fact: fact.fact,
                value: Some(fact.value),
                from_on: today,
                until_on: None,
                source: source.clone(),
                case: Some(case.id),
                evidence: None,
            })
        })
        .collect();
    people::record_facts_in(doing.office, doing.tx, &doing.doer.scope(), &doing.doer.audit(), &facts).await
}

async fn record(doing: &Doing<'_>, case: &CaseRow, kind: &str) -> Result<(), OfficeError> {
    Query::system(
        "a record of a case that the doer may act on",
        "INSERT INTO case_record (case_id, event_id, form_id, kind, level, recorded_on) VALUES (?, ?, ?, ?, ?, ?) RETURNING id",
    )
    .bind(case.id)
    .bind(doing.event)
    .bind(doing.form.as_ref().map(|(form, _)| *form))
    .bind(kind)
    .bind(doing.doer.level())
    .bind(doing.now.today())
    .insert(doing.tx)
    .await?;
    Ok(())
}

async fn open_notice(
    doing: &Doing<'_>,
    case: &mut CaseRow,
    natural_days: u16,
    letter: &str,
) -> Result<(), OfficeError> {
    let amount = amount_now(doing, case).await?;
    let title = doing.item.title.clone();
    notices::hang(
        doing.office,
        doing.tx,
        case,
        NoticeKind::Publicity,
        &title,
        Some(natural_days),
        amount,
        doing.doer.staff(),
    )
    .await?;
    let hanging = Query::system(
        "the notice that was hung now",
        "SELECT from_on, until_on FROM notice WHERE case_id = ? AND kind = 'publicity' AND closed_on IS NULL",
    )
    .bind(case.id)
    .one(doing.tx)
    .await?;
    let mut fields = Map::new();
    fields.insert("kind".to_owned(), json!(NoticeKind::Publicity.title()));
    fields.insert("from".to_owned(), json!(hanging.get::<chrono::NaiveDate>("from_on")?));
    fields.insert("until".to_owned(), json!(hanging.get::<Option<chrono::NaiveDate>>("until_on")?));
    letter_with(doing, case, letter, fields).await
}

async fn amount_now(doing: &Doing<'_>, case: &CaseRow) -> Result<Option<Fen>, OfficeError> {
    Ok(determine::current(doing.tx, case).await?.and_then(|determination| determination.amount))
}

/// Asks the rules now, so that what is decided is what is known now.
async fn determine_now(doing: &Doing<'_>, case: &mut CaseRow) -> Result<determine::Answer, OfficeError> {
    let today = doing.now.today();
    let law_on = match doing.item.law_on {
        catalogue::definition::LawDate::Accepted => case.accepted_on.unwrap_or(today),
        catalogue::definition::LawDate::Decided => today,
    };
    let village = store::divisions::division(doing.tx, case.village).await?;
    let question = determine::Question {
        case: Some(case.id),
        household: case.household,
        division: &village.code,
        month: Month::containing(today).next(),
        law_on,
        programmes: doing.item.programmes.iter().map(|programme| programme.get().clone()).collect(),
    };
    let answer =
        determine::determine(doing.office, doing.tx, doing.release, &question, doing.now, doing.doer.staff())
            .await?;
    case.determination = Some(answer.id);
    Ok(answer)
}

fn decision(doing: &Doing<'_>, case: &CaseRow) -> Result<Decision, OfficeError> {
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

fn reasons_in_words(doing: &Doing<'_>) -> Option<String> {
    let list = doing.action.reasons.as_ref()?;
    let codes = doing.release.codelists.get(list)?;
    let titles: Vec<&str> = doing.reasons.iter().filter_map(|code| codes.title_of(code)).collect();
    (!titles.is_empty()).then(|| titles.join("、"))
}

fn benefit(case: &CaseRow) -> Result<ledger::EntitlementId, OfficeError> {
    case.entitlement.ok_or_else(|| OfficeError::Conflict("这件申请没有对应的在发待遇。".to_owned()))
}

async fn grant(doing: &Doing<'_>, case: &mut CaseRow) -> Result<(), OfficeError> {
    let today = doing.now.today();
    let answer = determine_now(doing, case).await?;
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
        Some(account) => Some(payee(doing, account, case).await?),
        None => None,
    };
    let from = Month::containing(today).next();
    let review_due_on = answer.review_months.and_then(|months| next_review(from, months));
    let grant = ledger::entitlement::Grant {
        programme: answer.programme.clone(),
        exclusion_group: programme.exclusion_group.get().clone(),
        household: case.household,
        holder,
        members: answer.covered,
        county: case.county,
        township: case.township,
        division: case.village,
        from,
        first_due: from,
        until: None,
        monthly: amount,
        cause: AmountCause::Grant,
        payee,
        review_due_on,
    };
    case.entitlement = Some(ledger::entitlement::grant(doing.tx, &grant, &decision(doing, case)?).await?);
    case.decided_on = Some(today);
    Ok(())
}

/// The account that the application gave, as the ledger keeps it.
async fn payee(
    doing: &Doing<'_>,
    account: people::BankAccountId,
    case: &CaseRow,
) -> Result<ledger::payee::NewPayee, OfficeError> {
    let row = Query::system(
        "the account of a case that the doer may act on",
        "SELECT holder_name, bank, number_tail FROM bank_account WHERE id = ?",
    )
    .bind(account)
    .one(doing.tx)
    .await?;
    Ok(ledger::payee::NewPayee {
        account: ledger::BankAccountId(account.0),
        holder_name: row.get("holder_name")?,
        bank: row.get("bank")?,
        number_tail: row.get("number_tail")?,
        proposed_by: ledger::payee::Proposer::Citizen(case.applicant),
    })
}

/// The last day of the month in which a review falls due.
fn next_review(from: Month, months: i32) -> Option<chrono::NaiveDate> {
    u32::try_from(months)
        .ok()
        .and_then(|months| from.first_day().checked_add_months(Months::new(months)))
        .and_then(|day| day.pred_opt())
}

async fn change_amount(doing: &Doing<'_>, case: &mut CaseRow) -> Result<(), OfficeError> {
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

async fn set_review(
    doing: &Doing<'_>,
    case: &CaseRow,
    answer: &determine::Answer,
) -> Result<(), OfficeError> {
    let entitlement = benefit(case)?;
    let Some(months) = answer.review_months else {
        return Err(OfficeError::Conflict("还算不出下次核查的时间，请先补齐家庭情况。".to_owned()));
    };
    let due_on = next_review(Month::containing(doing.now.today()), months);
    Ok(ledger::entitlement::set_review(doing.tx, &LEDGER, entitlement, due_on).await?)
}

/// 渐退: the benefit goes on as it is for the programme's months, then ends.
async fn taper(doing: &Doing<'_>, case: &mut CaseRow) -> Result<(), OfficeError> {
    heard(doing, case).await?;
    let entitlement = benefit(case)?;
    let answer = determine_now(doing, case).await?;
    let months = answer.taper_months.filter(|months| *months > 0);
    let Some(months) = months else {
        return Err(OfficeError::Conflict("本地没有规定渐退期，不能办理渐退。".to_owned()));
    };
    let last = Month::containing(doing.now.today()).plus(months);
    case.decided_on = Some(doing.now.today());
    Ok(ledger::entitlement::end(doing.tx, &LEDGER, entitlement, last, &decision(doing, case)?).await?)
}

/// No hearing on record, no change for the worse.
async fn heard(doing: &Doing<'_>, case: &CaseRow) -> Result<(), OfficeError> {
    let hearings: i64 = Query::system(
        "hearings of a case that the doer may act on",
        "SELECT count(*) FROM case_record WHERE case_id = ? AND kind = 'hearing'",
    )
    .bind(case.id)
    .scalar(doing.tx)
    .await?;
    if hearings > 0 {
        return Ok(());
    }
    Err(OfficeError::Conflict(
        "调减、停发、终止之前应当听取家庭的意见（《社会救助法》第四十八条）。请先登记听取意见的情况。"
            .to_owned(),
    ))
}

async fn extend(doing: &Doing<'_>, case: &CaseRow, clock: &str) -> Result<(), OfficeError> {
    let definition =
        doing.item.clock(clock).ok_or_else(|| OfficeError::Internal(format!("没有时限 {clock}")))?;
    let on = case.accepted_on.unwrap_or(case.filed_on);
    let basis: Vec<String> = definition
        .extend
        .iter()
        .flat_map(|extension| doing.release.basis_on(&extension.basis, on))
        .map(|citation| citation.text())
        .collect();
    let reason = reasons_in_words(doing)
        .or_else(|| {
            doing
                .form
                .as_ref()
                .and_then(|(_, checked)| checked.get("reason").map(forms::FormValue::canonical))
        })
        .ok_or_else(|| OfficeError::invalid("reasons", "请说明延长的理由。"))?;
    clocks::extend(doing.tx, doing.office.calendar(), case.id, definition, &basis.join("、"), &reason)
        .await?;
    let (due_on, earliest_on) = clocks::due_of(doing.tx, case.id, Some(clock), doing.now.today()).await?;
    Query::system(
        "tasks of a case that the doer may act on",
        "UPDATE task SET due_on = ?, earliest_on = ? WHERE case_id = ? AND state = 'open' AND clock = ?",
    )
    .bind(due_on)
    .bind(earliest_on)
    .bind(case.id)
    .bind(clock)
    .execute(doing.tx)
    .await?;
    Ok(())
}

async fn letter_of(doing: &Doing<'_>, case: &CaseRow, letter: &str) -> Result<(), OfficeError> {
    letter_with(doing, case, letter, Map::new()).await
}

/// Queues a letter with the words of the action's form and reasons, and `fields` over them.
async fn letter_with(
    doing: &Doing<'_>,
    case: &CaseRow,
    letter: &str,
    over: Map<String, Value>,
) -> Result<(), OfficeError> {
    let mut fields = Map::new();
    if let (Some((_, checked)), Some(form)) = (&doing.form, doing.form_definition) {
        if let Value::Object(answers) = checked.to_json() {
            fields.extend(answers);
        }
        // Chosen materials are printed by their titles, with what the officer wrote about them.
        for (_, field) in form.fields().filter(|(_, field)| field.id.ends_with("materials")) {
            let (Some(forms::FormValue::Codes(codes)), Some(list)) =
                (checked.get(&field.id), &field.codelist)
            else {
                continue;
            };
            let words = checked.get("missing_text").map(forms::FormValue::canonical).unwrap_or_default();
            let materials: Vec<Value> = codes
                .iter()
                .map(|code| json!({"name": doing.release.code_title(list, code), "requirement": words}))
                .collect();
            fields.insert("materials".to_owned(), Value::Array(materials));
        }
    }
    if let Some(list) = &doing.action.reasons {
        let on = case.accepted_on.unwrap_or(case.filed_on);
        let reasons: Vec<Value> = doing
            .release
            .codelists
            .get(list)
            .into_iter()
            .flat_map(|codes| codes.values.iter())
            .filter(|code| doing.reasons.iter().any(|chosen| *code.code == *chosen))
            .map(|code| {
                let basis: Vec<String> =
                    doing.release.basis_on(&code.basis, on).iter().map(|citation| citation.text()).collect();
                json!({"title": code.title, "found": code.text.as_deref().unwrap_or(&code.title), "basis": basis.first()})
            })
            .collect();
        fields.insert("reasons".to_owned(), Value::Array(reasons));
    }
    if let Some(hearing) = last_record(doing, case, "hearing").await? {
        fields.insert("hearing".to_owned(), hearing);
    }
    if let Some(entitlement) = case.entitlement {
        let next = Month::containing(doing.now.today()).next();
        let before =
            ledger::pages::entitlement(doing.tx, &LEDGER, entitlement, next.previous()).await?.monthly;
        let held = ledger::pages::entitlement(doing.tx, &LEDGER, entitlement, next).await?;
        let after = held.monthly;
        fields.insert("before_fen_per_month".to_owned(), json!(before.map(|fen| fen.0)));
        fields.insert("after_fen_per_month".to_owned(), json!(after.unwrap_or(Fen(0)).0));
        fields.insert("from_month".to_owned(), json!(next.to_string()));
        fields.insert("members_before".to_owned(), json!(case.members));
        fields.insert("members_after".to_owned(), json!(case.members));
        let kind = match (before, after) {
            (_, None) => "停发",
            (Some(before), Some(after)) if after < before => "减发",
            _ => "增发",
        };
        fields.insert("kind".to_owned(), json!(kind));
        fields.insert("review_due_on".to_owned(), json!(held.review_due_on));
    }
    fields.extend(over);
    letters::queue(
        doing.office,
        doing.tx,
        doing.item,
        case,
        letter,
        &Additions { fields },
        doing.division,
        doing.now,
    )
    .await?;
    Ok(())
}

/// The answers of the last record of a kind.
async fn last_record(doing: &Doing<'_>, case: &CaseRow, kind: &str) -> Result<Option<Value>, OfficeError> {
    let row = Query::system(
        "records of a case that the doer may act on",
        "SELECT f.answers_sealed, r.recorded_on, s.name AS officer FROM case_record r \
         JOIN case_form f ON f.id = r.form_id JOIN case_event e ON e.id = r.event_id LEFT JOIN staff s ON s.id = e.staff_id \
         WHERE r.case_id = ? AND r.kind = ? ORDER BY r.id DESC LIMIT 1",
    )
    .bind(case.id)
    .bind(kind)
    .optional(doing.tx)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let answers = super::drafts::read(doing.office, &row.get::<Vec<u8>>("answers_sealed")?)?;
    let mut value =
        serde_json::to_value(&answers).map_err(|error| OfficeError::Internal(error.to_string()))?;
    if let Value::Object(fields) = &mut value {
        // The form's own names, in the words of the template.
        let recorded_on: chrono::NaiveDate = row.get("recorded_on")?;
        let opinion = fields.get("heard_text").cloned().unwrap_or_default();
        let told = fields.get("told_text").cloned().unwrap_or_default();
        fields.insert("held_on".to_owned(), json!(recorded_on));
        fields.insert("place".to_owned(), json!("你家中或者办事窗口"));
        fields.insert(
            "heard_by".to_owned(),
            json!([row.get::<Option<String>>("officer")?.unwrap_or_default()]),
        );
        fields.insert("opinion".to_owned(), opinion);
        fields.insert("answer".to_owned(), told);
    }
    Ok(Some(value))
}

async fn side_task(doing: &Doing<'_>, case: &CaseRow, task: &NewTask) -> Result<(), OfficeError> {
    let Some(division) = case.office_at(task.level) else { return Ok(()) };
    insert_task(
        doing,
        case,
        division,
        &task.role,
        &case.step,
        &task.title,
        task.clock.as_ref().map(|clock| clock.as_str()),
        true,
    )
    .await
}

#[expect(clippy::too_many_arguments, reason = "one row of the work list")]
async fn insert_task(
    doing: &Doing<'_>,
    case: &CaseRow,
    division: store::DivisionId,
    role: &str,
    step: &str,
    title: &str,
    clock: Option<&str>,
    side: bool,
) -> Result<(), OfficeError> {
    let (due_on, earliest_on) = clocks::due_of(doing.tx, case.id, clock, doing.now.today()).await?;
    Query::system(
        "a task of a case that the doer may act on",
        "INSERT INTO task (case_id, division_id, role, step, title, clock, due_on, earliest_on, side, state, created_at) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 'open', ?) RETURNING id",
    )
    .bind(case.id)
    .bind(division)
    .bind(role)
    .bind(step)
    .bind(title)
    .bind(clock)
    .bind(due_on)
    .bind(earliest_on)
    .bind(side)
    .bind(doing.now.at_ms())
    .insert(doing.tx)
    .await?;
    Ok(())
}

/// Closes the open tasks: the doer's office has done its own, the others are dropped.
async fn close_tasks(doing: &Doing<'_>, case: &CaseRow, side_too: bool) -> Result<(), OfficeError> {
    Query::system(
        "tasks of a case that the doer may act on",
        "UPDATE task SET state = CASE WHEN division_id = ? THEN 'done' ELSE 'dropped' END, done_at = ?, done_by = ? \
         WHERE case_id = ? AND state = 'open' AND (side = FALSE OR ? OR (division_id = ? AND step = ?))",
    )
    .bind(doing.division)
    .bind(doing.now.at_ms())
    .bind(doing.doer.staff())
    .bind(case.id)
    .bind(side_too)
    .bind(doing.division)
    .bind(case.step.as_str())
    .execute(doing.tx)
    .await?;
    Ok(())
}

/// The case goes to a step: its task appears at the office that holds it.
pub(super) async fn go_to(doing: &Doing<'_>, case: &mut CaseRow, step: &str) -> Result<(), OfficeError> {
    close_tasks(doing, case, false).await?;
    step.clone_into(&mut case.step);
    open_step(doing, case).await
}

/// The task of the step at which the case stands.
pub(super) async fn open_step(doing: &Doing<'_>, case: &CaseRow) -> Result<(), OfficeError> {
    let step = doing
        .item
        .step(&case.step)
        .ok_or_else(|| OfficeError::Internal(format!("事项没有环节 {}", case.step)))?;
    if let (Some(division), Some(role)) = holder(case, doing.item, step) {
        let clock = step.clock.as_ref().map(|clock| clock.as_str());
        insert_task(doing, case, division, &role, &step.id, &step.title, clock, false).await?;
    }
    Ok(())
}

async fn end(doing: &Doing<'_>, case: &mut CaseRow, outcome: Outcome) -> Result<(), OfficeError> {
    let today = doing.now.today();
    close_tasks(doing, case, true).await?;
    clocks::end_all(doing.tx, case.id, today).await?;
    notices::close(doing.tx, case, NoticeKind::Publicity, today).await?;
    case.open = false;
    case.outcome = Some(outcome_code(outcome).to_owned());
    case.ended_on = Some(today);
    Ok(())
}

/// Codes of codelist `case_outcome`.
#[must_use]
pub fn outcome_code(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Granted => "granted",
        Outcome::Refused => "refused",
        Outcome::Withdrawn => "withdrawn",
        Outcome::Terminated => "terminated",
        Outcome::Continued => "continued",
        Outcome::Increased => "increased",
        Outcome::Reduced => "reduced",
        Outcome::Stopped => "stopped",
        Outcome::Tapered => "tapered",
    }
}

/// Writes the case back, if nobody else did since.
pub(super) async fn save(doing: &Doing<'_>, case: &mut CaseRow) -> Result<(), OfficeError> {
    let total = doing.item.clocks.iter().find(|clock| clock.public);
    if let Some(clock) = total.filter(|_| case.accepted_on.is_some() && case.open) {
        case.due_on = Some(clocks::due_of(doing.tx, case.id, Some(&clock.id), doing.now.today()).await?.0);
    }
    let changed = Query::system(
        "a case that the doer may act on",
        "UPDATE case_file SET step = ?, state = ?, outcome = ?, accepted_on = ?, due_on = ?, decided_on = ?, ended_on = ?, \
         entitlement_id = ?, determination_id = ?, members = ?, version = version + 1 WHERE id = ? AND version = ?",
    )
    .bind(case.step.as_str())
    .bind(if case.open { "open" } else { "ended" })
    .bind(case.outcome.as_deref())
    .bind(case.accepted_on)
    .bind(case.due_on)
    .bind(case.decided_on)
    .bind(case.ended_on)
    .bind(case.entitlement)
    .bind(case.determination)
    .bind(case.members)
    .bind(case.id)
    .bind(case.version)
    .execute(doing.tx)
    .await?;
    if changed == 1 { Ok(()) } else { Err(OfficeError::stale()) }
}
