//! Verification by sample (抽样核查, 双随机): as many decisions, benefits or payments as a confidence and a margin of error ask for, and the
//! inspectors of each, both drawn by one seed.
//!
//! The population is numbered from one in the order of its ids and the inspectors likewise, and both are kept with a fingerprint; then comes
//! the seed. The lot of an object is SM3 of the seed, a line feed and its number, that of an inspector for an object the same with the
//! inspector's number behind it ([`inspector_lot`]). So anybody who reads the public page of a draw ([`published_draw`]) draws the same numbers
//! again without learning what stands under them, and whoever has a number in hand can have its place shown. Inspectors are passed over for
//! what their own office prepared, what they did themselves and their own family's.
//!
//! A county draws over its townships, a prefecture over its counties; who may is the packs' (`roles.toml`, the right `sample`). What is
//! confidential is not drawn from: the page of a draw is everybody's.

use std::collections::{BTreeMap, BTreeSet};

use catalogue::Release;
use chrono::NaiveDate;
use serde_json::json;
use store::{AuditEntry, IdempotencyKey, Once, Query, Scope, ScopeColumns, StaffId, Tx, insert_many, values};
use vocab::Level;

use super::super::RandomCheckId;
use super::fresh_seed;
use super::lot::fingerprint;
use crate::access::{Granted, Right, Sample};
use crate::roll::business;
use crate::{Office, OfficeError, audited};

mod again;
mod inspectors;
mod lots;
mod population;
mod read;
mod results;
pub mod size;

pub use again::verify;
pub use inspectors::{Candidate, candidates};
pub use lots::inspector_lot;
pub use population::{Kind, Objects};
pub use read::{
    CheckView, Found, Inspected, check_page, check_sheet, checks, goal, published, published_draw,
    published_file,
};
pub use results::{ERRORS, Finding, Mine, error_title, mine, one_of_mine, record, waiting};

use inspectors::Candidate as Inspector;
use lots::{Assigned, DrawnPlace};
use population::Object;

/// Who sees a draw `d`: the office that drew and all above it.
const CHECK: ScopeColumns = ScopeColumns {
    subtree: Some(
        "EXISTS (SELECT 1 FROM division_closure dc WHERE dc.descendant_id = d.division_id AND dc.ancestor_id = ?)",
    ),
    own: None,
    task: None,
    organisation: None,
};
/// Why a draw's rows are written.
const OWN: Scope = Scope::System("a draw of the caller's own office");

/// What is to be drawn.
#[derive(Debug, Clone)]
pub struct NewCheck {
    /// From what.
    pub objects: Objects,
    /// Confidence in percent: 90, 95 or 99.
    pub confidence: i64,
    /// Margin of error in hundredths of a percentage point.
    pub margin: i64,
    /// Expected error rate in hundredths of a percentage point.
    pub expected: i64,
    /// Who was entered to inspect.
    pub inspectors: Vec<StaffId>,
    /// Inspectors for each object.
    pub each: i64,
    /// The day by which everything is inspected.
    pub finish_on: NaiveDate,
}

/// How many there are and how many would be drawn; nothing is drawn by asking.
///
/// # Errors
/// [`OfficeError::Invalid`] as [`draw`], for what the size depends on.
pub async fn sizes(
    office: &Office,
    actor: &Granted<Sample>,
    new: &NewCheck,
) -> Result<(i64, i64), OfficeError> {
    check_objects(&office.release(), actor, new, office.now().today())?;
    check_size(new)?;
    let objects = population::of(office.db(), actor, &new.objects).await?;
    let all = count(objects.len());
    Ok((all, size::least(all, new.confidence, new.margin, new.expected)))
}

/// Draws objects and inspectors. Who was drawn finds the objects on their own page when this returns.
///
/// # Errors
/// [`OfficeError::Invalid`] for a time that is not over or numbers out of bounds; [`OfficeError::Conflict`] when these were drawn from before,
/// when there is nothing, or when too few inspectors are left for an object.
pub async fn draw(
    office: &Office,
    actor: &Granted<Sample>,
    new: &NewCheck,
    key: &IdempotencyKey,
) -> Result<RandomCheckId, OfficeError> {
    let now = office.now();
    check_objects(&office.release(), actor, new, now.today())?;
    check_size(new)?;
    if new.finish_on <= now.today() {
        return Err(OfficeError::invalid("finish_on", "完成核查的日期要在今天以后。"));
    }
    let tx = office.db().begin().await?;
    if let Once::Again(answer) = tx.once(key, &format!("staff:{}", actor.staff)).await? {
        return answer.parse().map_err(|_| OfficeError::Internal("an answer that is no draw".to_owned()));
    }
    tx.lock(&format!("random_check:{}", actor.division)).await?;
    refuse_drawn(&tx, actor, &new.objects).await?;
    let objects = population::of(&tx, actor, &new.objects).await?;
    if objects.is_empty() {
        return Err(OfficeError::Conflict("这个范围里什么也没有，不用抽签。".to_owned()));
    }
    let entered = inspectors::entered(&tx, office, actor, &new.inspectors).await?;
    let all = count(objects.len());
    if count(entered.len()) < new.each {
        return Err(OfficeError::invalid("inspectors", format!("请至少选择 {} 名检查人员。", new.each)));
    }
    let many = size::least(all, new.confidence, new.margin, new.expected);
    // Population and inspectors stand; only now there is a seed.
    let seed = fresh_seed()?;
    let drawn = lots::drawn(&seed, all, many);
    let lying: Vec<(i64, &Object)> =
        drawn.iter().filter_map(|one| Some((one.place, objects.get(index(one.place)?)?))).collect();
    let barred = inspectors::barred(&tx, new.objects.kind(), actor.division, &lying, &entered).await?;
    let places: Vec<i64> = drawn.iter().map(|one| one.place).collect();
    let pairs: BTreeSet<(i64, i64)> = barred.keys().copied().collect();
    let assigned = lots::assigned(&seed, &places, count(entered.len()), new.each, &pairs)
        .map_err(|lacking| too_few(new.objects.kind(), lacking.len()))?;
    let drawing = Drawing { new, objects: &objects, entered: &entered, seed: &seed, many };
    let id = write(&tx, actor, &drawing, now.at_ms()).await?;
    write_lots(&tx, id, &drawn, &barred, &assigned).await?;
    let audit = AuditEntry {
        division: Some(actor.division),
        details: json!({
            "kind": new.objects.kind().code(), "subject": new.objects.subject(), "population": all, "drawn": many,
            "inspectors": entered.len(), "seed": seed
        }),
        ..audited(now.at_ms(), actor.audit(), "random_check.drawn", ("random_check", id.0))
    };
    tx.audit(audit).await?;
    tx.remember(key, &id.to_string()).await?;
    tx.commit().await?;
    Ok(id)
}

fn count(many: usize) -> i64 {
    i64::try_from(many).unwrap_or(i64::MAX)
}

/// Where the object of a place lies in a population.
fn index(place: i64) -> Option<usize> {
    usize::try_from(place - 1).ok()
}

fn too_few(kind: Kind, lacking: usize) -> OfficeError {
    OfficeError::Conflict(format!(
        "有 {lacking} {}抽中的，回避本单位、本人经办和本人家庭以后，检查人员不够。请多选几名其他单位的检查人员，再抽签。",
        kind.unit()
    ))
}

fn check_objects(
    release: &Release,
    actor: &Granted<Sample>,
    new: &NewCheck,
    today: NaiveDate,
) -> Result<(), OfficeError> {
    if !matches!(actor.level, Level::County | Level::Prefecture) {
        return Err(OfficeError::Conflict("抽样核查由县级或者市级民政部门抽签。".to_owned()));
    }
    let subject = new.objects.subject();
    let (known, own, confidential) = match new.objects.kind() {
        Kind::Decisions => release.items.get(subject).map_or((false, false, false), |item| {
            (true, actor.may_in(Right::Sample, &item.business), item.confidential.is_some())
        }),
        Kind::Benefits | Kind::Payments => (
            release.programmes.get(subject).is_some(),
            business::holds(release, actor, Right::Sample, subject),
            release.is_confidential(subject),
        ),
    };
    if !known || !own {
        return Err(OfficeError::invalid("kind", "请选择业务。"));
    }
    if confidential {
        return Err(OfficeError::invalid("kind", "这项业务要保密，不能公开抽签。"));
    }
    let (from, until) = new.objects.days();
    if from > until {
        return Err(OfficeError::invalid("from", "开始日期不能晚于结束日期。"));
    }
    // Payments are what was approved, and nothing is added to an approved run.
    let over = until < today || new.objects.kind() == Kind::Payments;
    if !over {
        let day = if new.objects.kind() == Kind::Benefits { "on" } else { "until" };
        return Err(OfficeError::invalid(day, "要在今天以前，请等过完以后再抽签。"));
    }
    Ok(())
}

fn check_size(new: &NewCheck) -> Result<(), OfficeError> {
    if !size::confidences().any(|known| known == new.confidence) {
        return Err(OfficeError::invalid("confidence", "请选择把握有多大。"));
    }
    if !(10..=3_000).contains(&new.margin) {
        return Err(OfficeError::invalid("margin", "允许的误差应为 0.1 至 30 个百分点。"));
    }
    if !(10..=5_000).contains(&new.expected) {
        return Err(OfficeError::invalid("expected", "预计的差错率应为 0.1% 至 50%。"));
    }
    if !(1..=3).contains(&new.each) {
        return Err(OfficeError::invalid("each", "每件由 1 至 3 名检查人员核查。"));
    }
    Ok(())
}

async fn refuse_drawn(tx: &Tx, actor: &Granted<Sample>, objects: &Objects) -> Result<(), OfficeError> {
    let (from, until) = objects.taken();
    let before = Query::new(
        &actor.scope(),
        &CHECK,
        "SELECT d.run_id, d.drawn_at FROM random_check d WHERE {scope} AND d.division_id = ? AND d.kind = ? AND d.subject = ? \
         AND d.from_on <= ? AND d.until_on >= ? ORDER BY d.id",
    )
    .bind(actor.division)
    .bind(objects.kind().code())
    .bind(objects.subject())
    .bind(until)
    .bind(from)
    .all(tx)
    .await?;
    for row in before {
        let run: Option<ledger::RunId> = row.get("run_id")?;
        let another = matches!((run, objects.run()), (Some(one), Some(other)) if one != other);
        if !another {
            return Err(OfficeError::Conflict(format!(
                "{}已经从这个范围抽过签，抽签结果不能重来。请选择还没有抽过的时间。",
                vocab::zh_date(vocab::Now::from_unix_ms(row.get("drawn_at")?).today())
            )));
        }
    }
    Ok(())
}

/// What stands before the lots fall, and their seed.
struct Drawing<'a> {
    new: &'a NewCheck,
    objects: &'a [Object],
    entered: &'a [Inspector],
    seed: &'a str,
    many: i64,
}

async fn write(
    tx: &Tx,
    actor: &Granted<Sample>,
    drawing: &Drawing<'_>,
    at: i64,
) -> Result<RandomCheckId, OfficeError> {
    let Drawing { new, objects, entered, seed, many } = *drawing;
    let (from, until) = new.objects.days();
    let id = Query::new(
        &OWN,
        &ScopeColumns::NONE,
        "INSERT INTO random_check (division_id, kind, subject, from_on, until_on, run_id, confidence, margin_bp, expected_bp, population, \
         population_sm3, seed, drawn, inspectors, inspectors_each, finish_on, drawn_at, drawn_by) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
    )
    .bind(actor.division)
    .bind(new.objects.kind().code())
    .bind(new.objects.subject())
    .bind(from)
    .bind(until)
    .bind(new.objects.run())
    .bind(new.confidence)
    .bind(new.margin)
    .bind(new.expected)
    .bind(objects.len())
    .bind(fingerprint(objects.iter().map(|object| object.number.as_str())))
    .bind(seed)
    .bind(many)
    .bind(entered.len())
    .bind(new.each)
    .bind(new.finish_on)
    .bind(at)
    .bind(actor.staff)
    .insert(tx)
    .await?;
    // Collected: what borrows may not wait in the middle of a statement.
    let rows: Vec<_> = (1_i64..)
        .zip(objects)
        .map(|(place, object)| {
            values![id, place, object.id, object.number.as_str(), object.township, object.entitlement]
        })
        .collect();
    let columns = ["check_id", "place", "object_id", "number", "township_id", "entitlement_id"];
    insert_many(&OWN, tx, "random_check_object", &columns, rows).await?;
    let rows: Vec<_> =
        (1_i64..).zip(entered).map(|(number, one)| values![id, number, one.staff, one.office]).collect();
    let columns = ["check_id", "inspector", "staff_id", "division_id"];
    insert_many(&OWN, tx, "random_check_inspector", &columns, rows).await?;
    Ok(RandomCheckId(id))
}

async fn write_lots(
    tx: &Tx,
    id: RandomCheckId,
    drawn: &[DrawnPlace],
    barred: &BTreeMap<(i64, i64), &'static str>,
    assigned: &[Assigned],
) -> Result<(), OfficeError> {
    let rows: Vec<_> = drawn.iter().map(|one| values![id, one.place, one.lot.as_str()]).collect();
    insert_many(&OWN, tx, "random_check_drawn", &["check_id", "place", "lot"], rows).await?;
    let rows: Vec<_> =
        barred.iter().map(|((place, inspector), why)| values![id, *place, *inspector, *why]).collect();
    insert_many(&OWN, tx, "random_check_barred", &["check_id", "place", "inspector", "why"], rows).await?;
    let rows: Vec<_> =
        assigned.iter().map(|one| values![id, one.place, one.inspector, one.lot.as_str()]).collect();
    insert_many(&OWN, tx, "random_check_assigned", &["check_id", "place", "inspector", "lot"], rows).await?;
    Ok(())
}
