//! Paper: what hangs in the village, and letters with the words of the action that queues them.

use catalogue::definition::{Effect, Outcome, Pays};
use serde_json::{Map, Value, json};
use store::Query;
use vocab::{Fen, Month};

use super::super::act::Doing;
use super::super::letters::Additions;
use super::super::notices::{self, NoticeKind};
use super::super::situation::CaseRow;
use super::super::{determine, drafts, letters, other_help, replaced};
use super::{LEDGER, months};
use crate::{OfficeError, casework, forms, publication};

/// The decision is published (公布): as long as the benefit lasts, or for the days that the pack gives to what is paid once. What the pack says nothing of
/// is not.
pub(super) async fn publish(doing: &Doing<'_>, case: &CaseRow) -> Result<(), OfficeError> {
    let Some(entitlement) = case.entitlement else { return Ok(()) };
    let today = doing.now.today();
    let held = ledger::pages::entitlement(doing.tx, &LEDGER, entitlement, Month::containing(today)).await?;
    let programme = doing.release.programmes.get(&held.programme);
    let Some(publication) = programme.and_then(|programme| programme.publication.as_ref()) else {
        return Ok(());
    };
    let village = store::divisions::division(doing.tx, case.village).await?;
    let natural_days = publication::days(doing.release, publication, &village.code, today);
    // Paid once, and nobody has said for how long: it is published by nobody.
    if publication.days.is_some() && natural_days.is_none() {
        return Ok(());
    }
    let amount = amount_now(doing, case).await?.filter(|_| publication.amount);
    let hang = notices::Hang { kind: NoticeKind::Result, title: &doing.item.title, natural_days, amount };
    notices::hang(doing.office, doing.tx, case, hang, doing.doer.staff()).await?;
    Ok(())
}

/// The preliminary opinion hangs for its days (公示), with the letter that is posted.
pub(super) async fn open_notice(
    doing: &Doing<'_>,
    case: &CaseRow,
    natural_days: u16,
    letter: &str,
) -> Result<(), OfficeError> {
    let amount = amount_now(doing, case).await?;
    let hang = notices::Hang {
        kind: NoticeKind::Publicity,
        title: &doing.item.title,
        natural_days: Some(natural_days),
        amount,
    };
    let (from_on, until_on) = notices::hang(doing.office, doing.tx, case, hang, doing.doer.staff()).await?;
    let mut fields = Map::new();
    fields.insert("kind".to_owned(), json!(NoticeKind::Publicity.title()));
    fields.insert("from".to_owned(), json!(from_on));
    fields.insert("until".to_owned(), json!(until_on));
    letter_with(doing, case, letter, fields).await
}

async fn amount_now(doing: &Doing<'_>, case: &CaseRow) -> Result<Option<Fen>, OfficeError> {
    Ok(determine::current(doing.tx, doing.release, case)
        .await?
        .and_then(|determination| determination.amount))
}

/// Queues a letter with the words of the action's form and reasons.
pub(super) async fn letter(doing: &Doing<'_>, case: &CaseRow, letter: &str) -> Result<(), OfficeError> {
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
                    doing.release.basis_on(&code.basis, on).iter().map(catalogue::Citation::text).collect();
                json!({"title": code.title, "found": code.text.as_deref().unwrap_or(&code.title), "basis": basis.first()})
            })
            .collect();
        fields.insert("reasons".to_owned(), Value::Array(reasons));
    }
    if doing.action.effects.iter().any(|effect| **effect == Effect::End(Outcome::Terminated)) {
        // Ended early for what the officer says; what the rules said so far is no reason.
        fields.insert("terminated".to_owned(), json!(true));
        fields.insert("conditions".to_owned(), json!([]));
    }
    if let Some(hearing) = last_hearing(doing, case).await? {
        fields.insert("hearing".to_owned(), hearing);
    }
    fields.extend(benefit_fields(doing, case).await?);
    if doing.action.effects.iter().any(|effect| **effect == Effect::PostMonths) {
        fields.extend(months::letter_fields(doing, case).await?);
    }
    if doing.action.effects.iter().any(|effect| **effect == Effect::Refuse) {
        let others = other_help::of_case(doing.office, doing.tx, case).await?;
        let ways = others
            .iter()
            .map(|other| format!("按现在掌握的情况，您家可能符合“{}”的条件，可以申请。", other.title));
        fields.insert("other_help".to_owned(), json!(ways.collect::<Vec<_>>()));
    }
    // A letter without a basis of its own rests on what its action rests on.
    if doing.release.letters.get(letter).is_some_and(|definition| definition.basis.is_empty()) {
        let on = case.accepted_on.unwrap_or(case.filed_on);
        let basis: Vec<String> =
            doing.release.basis_on(&doing.action.basis, on).iter().map(catalogue::Citation::text).collect();
        fields.insert("basis".to_owned(), json!(basis));
    }
    fields.extend(over);
    letters::queue(
        doing.office,
        doing.tx,
        doing.item,
        case,
        letter,
        &Additions { fields, issuer: doing.division },
        doing.now,
    )
    .await?;
    Ok(())
}

/// What the decision makes of the benefit: before and after, from which month, and until when it tapers.
async fn benefit_fields(doing: &Doing<'_>, case: &CaseRow) -> Result<Map<String, Value>, OfficeError> {
    let mut fields = Map::new();
    let Some(entitlement) = case.entitlement else { return Ok(fields) };
    let next = Month::containing(doing.now.today()).next();
    let before = ledger::pages::entitlement(doing.tx, &LEDGER, entitlement, next.previous()).await?;
    let after = ledger::pages::entitlement(doing.tx, &LEDGER, entitlement, next).await?;
    let mut put = |name: &str, value: Value| fields.insert(name.to_owned(), value);
    put("before_fen_per_month", json!(before.monthly.map(|fen| fen.0)));
    put("members_before", json!(before.members));
    put("review_due_on", json!(after.review_due_on));
    let programme = doing.release.programmes.get(&after.programme);
    let pays = programme.map(|programme| programme.pays).unwrap_or_default();
    // What is under review is the benefit, not the review.
    if let Some(programme) = programme.filter(|_| casework::needs_benefit(doing.item)) {
        put("matter", json!(programme.title));
    }
    put("pays", json!(pays));
    // A grant says when it begins, also where that is before today; a change, from when it holds.
    let granted = doing.action.effects.iter().any(|effect| **effect == Effect::Grant);
    put("from_month", json!(if granted { after.from } else { after.from.max(next) }.to_string()));
    if granted {
        let replaced = replaced::with_grant(doing.tx, doing.release, case.id, entitlement).await?;
        let said = |one: &replaced::Replaced| json!({"title": one.title, "last_month": one.last.to_string(), "whole": one.whole, "because": one.because});
        put("ends", json!(replaced.iter().map(said).collect::<Vec<_>>()));
    }
    put("until_month", json!(after.until.map(|month| month.to_string())));
    if pays == Pays::Once {
        put("from_month", json!(after.from.to_string()));
        let stages = stages(doing, &after).await?;
        put("stages", json!(stages));
        return Ok(fields);
    }
    if let Some(last) = after.until.filter(|_| after.end_reason.is_some()) {
        put("kind", json!("停发"));
        put("after_fen_per_month", json!(0));
        put("from_month", json!(last.next().to_string()));
        if last >= next {
            put(
                "taper",
                json!({"until_month": last.to_string(), "text": "渐退期内低保金照常发放，期满停发。"}),
            );
        }
        return Ok(fields);
    }
    let less = matches!((before.monthly, after.monthly), (Some(before), Some(after)) if after < before);
    put("kind", json!(if less { "减发" } else { "增发" }));
    put("after_fen_per_month", json!(after.monthly.unwrap_or(Fen(0)).0));
    put("members_after", json!(after.members));
    if !granted {
        put("from_month", json!(next.to_string()));
    }
    Ok(fields)
}

/// What is paid in which month of a decision in several stages; nothing where there is one.
async fn stages(
    doing: &Doing<'_>,
    benefit: &ledger::pages::EntitlementRow,
) -> Result<Vec<Value>, OfficeError> {
    let last = benefit.until.unwrap_or(benefit.from);
    let mut stages = Vec::new();
    let mut month = benefit.from;
    while month <= last && benefit.from != last {
        let amount = ledger::months::recorded_amount(doing.tx, benefit.id, month).await?;
        stages.push(json!({"month": month.to_string(), "amount_fen": amount.0}));
        month = month.next();
    }
    Ok(stages)
}

/// A day as a form keeps it: as one text, or as year, month and day.
fn typed_day(parts: &Value) -> Option<chrono::NaiveDate> {
    if let Some(text) = parts.as_str() {
        return text.trim().parse().ok();
    }
    let part = |name: &str| parts.get(name)?.as_str()?.trim().parse::<u32>().ok();
    let year = i32::try_from(part("year")?).ok()?;
    chrono::NaiveDate::from_ymd_opt(year, part("month")?, part("day")?)
}

/// What the last hearing's form says, in the words of the templates; where nobody came, what was tried to find them.
async fn last_hearing(doing: &Doing<'_>, case: &CaseRow) -> Result<Option<Value>, OfficeError> {
    let row = Query::system(
        "records of a case that the doer may act on",
        "SELECT f.answers_sealed, r.recorded_on, s.name AS officer FROM case_record r \
         JOIN case_form f ON f.id = r.form_id JOIN case_event e ON e.id = r.event_id LEFT JOIN staff s ON s.id = e.staff_id \
         WHERE r.case_id = ? AND r.kind = 'hearing' ORDER BY r.id DESC LIMIT 1",
    )
    .bind(case.id)
    .optional(doing.tx)
    .await?;
    let Some(row) = row else { return last_absence(doing, case).await };
    let recorded_on: chrono::NaiveDate = row.get("recorded_on")?;
    let mut fields = answers_of(doing, &row.get::<Vec<u8>>("answers_sealed")?)?;
    // The form's own names, in the words of the template.
    let mut opinion = fields.get("heard_text").cloned().unwrap_or_default();
    if fields.get("heard_said").and_then(Value::as_str) == Some("silent") {
        opinion = json!("听了告知以后没有表示意见");
    }
    let told = fields.get("told_text").cloned().unwrap_or_default();
    let held_on = fields.get("heard_on").and_then(typed_day).unwrap_or(recorded_on);
    let way = fields.get("hearing_way").and_then(Value::as_str).unwrap_or_default();
    let way = format!("以{}方式", doing.release.code_title("hearing_way", way));
    fields.insert("held_on".to_owned(), json!(held_on));
    fields.insert("way".to_owned(), json!(way));
    let officer = row.get::<Option<String>>("officer")?.unwrap_or_default();
    fields.insert("heard_by".to_owned(), json!([officer]));
    fields.insert("opinion".to_owned(), opinion);
    fields.insert("answer".to_owned(), told);
    Ok(Some(Value::Object(fields)))
}

/// Nobody was heard: the two days on which they were looked for, who can say so, and until when the notice asked them to come.
async fn last_absence(doing: &Doing<'_>, case: &CaseRow) -> Result<Option<Value>, OfficeError> {
    let row = Query::system(
        "absences in a case that the doer may act on",
        "SELECT f.answers_sealed, a.recorded_on, a.until_on FROM hearing_absence a JOIN case_form f ON f.id = a.form_id \
         WHERE a.case_id = ? AND a.until_on < ? ORDER BY a.event_id DESC LIMIT 1",
    )
    .bind(case.id)
    .bind(doing.now.today())
    .optional(doing.tx)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let recorded_on: chrono::NaiveDate = row.get("recorded_on")?;
    let until_on: chrono::NaiveDate = row.get("until_on")?;
    let fields = answers_of(doing, &row.get::<Vec<u8>>("answers_sealed")?)?;
    let said = |field: &str| fields.get(field).cloned().unwrap_or_default();
    let day = |field: &str| fields.get(field).and_then(typed_day).unwrap_or(recorded_on);
    let list = |field: &str, codes: &str| {
        let code = fields.get(field).and_then(Value::as_str).unwrap_or_default();
        doing.release.code_title(codes, code).to_owned()
    };
    Ok(Some(json!({
        "absent": {
            "why": list("absent_why", "absent_why"),
            "tried": [
                { "on": day("first_tried_on"), "how": said("first_tried_how") },
                { "on": day("second_tried_on"), "how": said("second_tried_how") },
            ],
            "witnesses": [said("first_witness"), said("second_witness")],
            "posted_on": day("posted_on"),
            "posted_at": said("posted_at"),
            "until": until_on,
        }
    })))
}

/// The answers of a form that was kept.
fn answers_of(doing: &Doing<'_>, sealed: &[u8]) -> Result<Map<String, Value>, OfficeError> {
    let answers = drafts::read(doing.office, sealed)?;
    match serde_json::to_value(&answers).map_err(|error| OfficeError::Internal(error.to_string()))? {
        Value::Object(fields) => Ok(fields),
        _ => Ok(Map::new()),
    }
}
