//! What a changed standard means for the families that are paid.
//!
//! The rules are asked again with the inputs that were stored when each family's amount was decided, and the new standard: first as
//! a preview, without a trace; after the release, where it says from which month, as one stored proposal for each family.
//! A proposal is no payment. Increases are confirmed by a named officer of the county, many at a time; whatever takes something
//! from a family is a list for hearings (社会救助法 art. 48), and the table itself refuses to apply it.

use std::collections::BTreeMap;

use catalogue::Release;
use chrono::NaiveDate;
use ledger::scope::ENTITLEMENT;
use ledger::{DeterminationId, EntitlementId};
use rules::{Context, Outcome, Record};
use store::jobs::{Beat, Claim};
use store::{DivisionId, Query, Row, Scope, ScopeColumns, id_type};
use vocab::{Fen, Month};

use super::changes::{self, StandardChangeView, build_with, in_force_now, proposed_value};
use super::rule_part::RulePart;
use super::table_cell::TableCell;
use super::{ChangeState, StandardChangeId, kept};
use crate::access::{Actor, Granted, Permission, Right};
use crate::{Office, OfficeError, business, simulation};

id_type! {
    /// A proposal for one family because of a changed standard.
    StandardReviewId,
}

/// Families that a preview asks the rules about; beyond that it only counts.
const PREVIEW_MAX: usize = 2_000;
/// Families in one transaction.
pub(super) const BATCH: usize = 200;

/// Scope columns of `standard_review sr`: the village of the family.
pub(super) const REVIEW_COLUMNS: ScopeColumns = ScopeColumns {
    subtree: Some(
        "sr.division_id IN (SELECT dc.descendant_id FROM division_closure dc WHERE dc.ancestor_id = ?)",
    ),
    own: None,
    task: None,
    organisation: None,
};

/// What a change means for one family.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ReviewKind {
    /// More than now: may be confirmed in bulk.
    Increase,
    /// Less than now: to be heard.
    Decrease,
    /// As now.
    Same,
    /// The conditions would no longer hold: to be heard.
    Lost,
    /// Not to be said from what is stored.
    Unknown,
    /// What is paid is not what was determined: somebody must look first.
    Differs,
}

const KINDS: [(ReviewKind, &str, &str); 6] = [
    (ReviewKind::Increase, "increase", "增加"),
    (ReviewKind::Decrease, "decrease", "减少，须先听取意见"),
    (ReviewKind::Same, "same", "不变"),
    (ReviewKind::Lost, "lost", "不再符合条件，须先听取意见"),
    (ReviewKind::Unknown, "unknown", "情况不明，逐户复核"),
    (ReviewKind::Differs, "differs", "现行金额与核定不一致，逐户核对"),
];

impl ReviewKind {
    /// How the database spells it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        KINDS[self as usize].1
    }

    /// The Chinese name.
    #[must_use]
    pub fn title(self) -> &'static str {
        KINDS[self as usize].2
    }

    pub(super) fn read(text: &str) -> store::Result<ReviewKind> {
        let known = KINDS.iter().find(|(_, code, _)| *code == text).map(|(kind, _, _)| *kind);
        known.ok_or_else(|| store::StoreError::Invalid(format!("复核结论「{text}」不认识")))
    }
}

/// Families and monthly money of one kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Effect {
    /// Families.
    pub families: i64,
    /// What they get now.
    pub old: Fen,
    /// What they would get; families without a new amount count with what they get now.
    pub new: Fen,
}

/// What would change.
#[derive(Debug, Clone)]
pub struct Preview {
    /// Month for which it was asked.
    pub month: Month,
    /// Programmes of the reader's businesses whose rules read what changes: id and title.
    pub programmes: Vec<(String, String)>,
    /// Families of these programmes in the division.
    pub families: i64,
    /// What speaks against the standard (标准测算), Chinese.
    pub warnings: Vec<String>,
    /// What it means for them; none when there are too many to ask the rules while a page waits.
    pub effects: Option<BTreeMap<ReviewKind, Effect>>,
}

/// What a proposal that waits for release would change. Writes nothing.
///
/// # Errors
/// [`OfficeError::Forbidden`] for posts that neither propose nor release; [`OfficeError::Conflict`] for a change that is decided.
pub async fn preview_change(
    office: &Office,
    actor: &Actor,
    id: StandardChangeId,
) -> Result<Preview, OfficeError> {
    let right =
        if actor.may(Right::ProposeStandard) { Right::ProposeStandard } else { Right::ReleaseStandard };
    actor.demand(right)?;
    let lines = changes::change_lines(office, actor, id).await?;
    let change = lines.first().ok_or(OfficeError::NotFound("这条标准变更"))?;
    if change.state != ChangeState::Proposed {
        return Err(OfficeError::Conflict(format!("这条标准变更{}。", change.state.title())));
    }
    let base = in_force_now(office).await?;
    let values: Vec<_> = lines.iter().map(proposed_value).collect();
    let release = build_with(office, &base, &values).await?;
    let today = office.now().today();
    let month = reviewed_from(change, today);
    let mut programmes = readers(&release, &subjects(&lines));
    programmes.retain(|programme| business::holds(&release, actor, right, programme));
    let asked = Asked { change, release: &release, month, until: month.max(Month::containing(today)), today };
    let families = asked.count(office, &programmes).await?;
    let mut effects = None;
    if families <= i64::try_from(PREVIEW_MAX).unwrap_or(i64::MAX) {
        let mut sums: BTreeMap<ReviewKind, Effect> = BTreeMap::new();
        for found in asked.batch(office, &programmes, EntitlementId(0), PREVIEW_MAX).await? {
            let sum = sums.entry(found.kind).or_default();
            sum.families += 1;
            sum.old.0 += found.old.0;
            sum.new.0 += found.new.unwrap_or(found.old).0;
        }
        effects = Some(sums);
    }
    let programmes = programmes.iter().map(|id| (id.clone(), title_of(&release, id))).collect();
    let warnings = if lines.iter().any(|line| simulation::is_measured(&line.parameter)) {
        let typed = BTreeMap::new();
        simulation::next_standard(&base, &release, &change.division_code, change.from, &typed).warnings
    } else {
        Vec::new()
    };
    Ok(Preview { month, programmes, families, warnings, effects })
}

/// The work of [`super::REVIEW_JOB`]: one proposal for each family, in batches. Killed anywhere it goes on where it was.
///
/// # Errors
/// The database; [`OfficeError::Conflict`] when the change was not released or asks for no review.
pub async fn make_reviews(office: &Office, claim: &Claim) -> Result<i64, OfficeError> {
    let id: StandardChangeId =
        claim.job.payload.parse().map_err(|_| {
            OfficeError::Internal(format!("任务内容「{}」不是标准变更的编号", claim.job.payload))
        })?;
    const JOB: Scope = Scope::System("the job of a released standard");
    let lines = changes::together(office.db(), &JOB, id).await?;
    let change = lines.first().ok_or(OfficeError::NotFound("这条标准变更"))?;
    let (Some(_), Some(hash)) = (change.recompute_from, change.release_hash.as_deref()) else {
        return Err(OfficeError::Conflict("这条标准变更没有发布，或者没有要求复核金额。".to_owned()));
    };
    let release = kept(office, hash).await?;
    let now = office.now();
    let today = now.today();
    let month = reviewed_from(change, today);
    let programmes = readers(&release, &subjects(&lines));
    let asked = Asked { change, release: &release, month, until: month.max(Month::containing(today)), today };
    let total = asked.count(office, &programmes).await?;
    let (mut last, mut done) = progress(office, id).await?;
    loop {
        let found = asked.batch(office, &programmes, last, BATCH).await?;
        let Some(end) = found.last().map(|found| found.entitlement) else { break };
        let tx = office.db().begin().await?;
        for found in &found {
            found.store(&tx, id, hash, now.at_ms()).await?;
        }
        done += i64::try_from(found.len()).unwrap_or(i64::MAX);
        let beat = claim.progress(&tx, done, Some(total)).await?;
        tx.commit().await?;
        last = end;
        if beat == Beat::Cancel {
            claim.cancelled(office.db()).await?;
            return Ok(done);
        }
    }
    claim.finished(office.db(), &format!("共 {done} 户，请各县（市、区）逐条确认。")).await?;
    Ok(done)
}

async fn progress(office: &Office, id: StandardChangeId) -> Result<(EntitlementId, i64), OfficeError> {
    let row = Query::system(
        "how far a job has come",
        "SELECT COALESCE(MAX(sr.entitlement_id), 0) AS last, COUNT(*) AS done FROM standard_review sr WHERE sr.change_id = ?",
    )
    .bind(id)
    .one(office.db())
    .await?;
    Ok((EntitlementId(row.get("last")?), row.get("done")?))
}

/// The month for which the rules are asked.
fn reviewed_from(change: &StandardChangeView, today: NaiveDate) -> Month {
    change.recompute_from.unwrap_or_else(|| Month::containing(change.from).max(Month::containing(today)))
}

/// Demands that somebody who changes a parameter, a row of a table or a rule works for a business of which a programme reads it; what no programme
/// reads is for whoever holds the right.
///
/// # Errors
/// [`OfficeError::Forbidden`].
pub(super) fn demand_subject<P: Permission>(
    release: &Release,
    actor: &Granted<P>,
    parameter: &str,
) -> Result<(), OfficeError> {
    let readers = readers(release, &[parameter]);
    if readers.is_empty() || readers.iter().any(|one| business::holds(release, actor, P::RIGHT, one)) {
        Ok(())
    } else {
        Err(OfficeError::Forbidden(P::RIGHT))
    }
}

/// What the lines of a change are about.
fn subjects(lines: &[StandardChangeView]) -> Vec<&str> {
    lines.iter().map(|line| line.parameter.as_str()).collect()
}

/// Programmes whose rules read one of the parameters and tables that change, or the one whose rule it is.
fn readers(release: &Release, parameters: &[&str]) -> Vec<String> {
    if let Some(rule) = parameters.iter().find_map(|parameter| RulePart::read(parameter)) {
        return vec![rule.programme.to_owned()];
    }
    let name = |parameter: &&str| match TableCell::read(parameter) {
        Some(cell) => format!("table.{}", cell.table),
        None => format!("param.{parameter}"),
    };
    let names: Vec<String> = parameters.iter().map(name).collect();
    let reads = |id: &str| {
        let read = release.rules(id).map(rules::Programme::parameters);
        read.is_some_and(|read| names.iter().any(|name| read.contains(name)))
    };
    release.programmes.iter().map(|programme| programme.id.get().clone()).filter(|id| reads(id)).collect()
}

fn title_of(release: &Release, programme: &str) -> String {
    release
        .programmes
        .get(programme)
        .map_or_else(|| programme.to_owned(), |programme| programme.title.clone())
}

/// A change with the release that holds it.
struct Asked<'a> {
    change: &'a StandardChangeView,
    release: &'a Release,
    month: Month,
    /// Families alive in this month are asked about: today's, or those of a month to come.
    until: Month,
    today: NaiveDate,
}

/// What the rules said of one family.
struct Found {
    entitlement: EntitlementId,
    county: DivisionId,
    division: DivisionId,
    from: Month,
    old: Fen,
    new: Option<Fen>,
    kind: ReviewKind,
    note: String,
    determination: Option<DeterminationId>,
    context: Option<String>,
    result: Option<String>,
}

impl Asked<'_> {
    fn scope(&self) -> Scope {
        Scope::Subtree(self.change.division)
    }

    async fn count(&self, office: &Office, programmes: &[String]) -> Result<i64, OfficeError> {
        let count = Query::new(
            &self.scope(),
            &ENTITLEMENT,
            "SELECT COUNT(*) AS families FROM entitlement e WHERE {scope} AND e.programme IN ({list}) \
             AND e.from_month <= ? AND (e.until_month IS NULL OR e.until_month >= ?)",
        )
        .bind_list(programmes.iter().map(String::as_str))
        .bind(self.until)
        .bind(self.until)
        .scalar(office.db())
        .await?;
        Ok(count)
    }

    async fn batch(
        &self,
        office: &Office,
        programmes: &[String],
        after: EntitlementId,
        size: usize,
    ) -> Result<Vec<Found>, OfficeError> {
        let rows = Query::new(
            &self.scope(),
            &ENTITLEMENT,
            "SELECT e.id, e.county_id, e.division_id, e.programme, ea.amount_fen, ea.from_month, ea.determination_id, \
             det.inputs, det.context, det.amount_fen AS determined_fen, det.programme AS determined_programme, dd.code, \
             (SELECT COUNT(*) FROM standard_review sr WHERE sr.entitlement_id = e.id AND sr.state = 'applied' \
             AND sr.determination_id = ea.determination_id AND sr.new_fen = ea.amount_fen) AS raised \
             FROM entitlement e JOIN entitlement_amount ea ON ea.entitlement_id = e.id AND ea.superseded_at IS NULL \
             AND ea.from_month <= ? AND (ea.until_month IS NULL OR ea.until_month >= ?) \
             LEFT JOIN determination det ON det.id = ea.determination_id LEFT JOIN case_file dc ON dc.id = det.case_id \
             JOIN division dd ON dd.id = COALESCE(dc.deciding_division_id, e.county_id) \
             WHERE {scope} AND e.id > ? AND e.programme IN ({list}) AND e.from_month <= ? \
             AND (e.until_month IS NULL OR e.until_month >= ?) ORDER BY e.id LIMIT ?",
        )
        .bind(self.until)
        .bind(self.until)
        .bind(after)
        .bind_list(programmes.iter().map(String::as_str))
        .bind(self.until)
        .bind(self.until)
        .bind(size)
        .all(office.db())
        .await?;
        rows.iter().map(|row| self.ask(row)).collect()
    }

    fn ask(&self, row: &Row) -> Result<Found, OfficeError> {
        let old: Fen = row.get("amount_fen")?;
        let since: Month = row.get("from_month")?;
        let from = self.month.max(since);
        let mut found = Found {
            entitlement: row.get("id")?,
            county: row.get("county_id")?,
            division: row.get("division_id")?,
            from,
            old,
            new: None,
            kind: ReviewKind::Unknown,
            note: String::new(),
            determination: row.get("determination_id")?,
            context: None,
            result: None,
        };
        let programme: String = row.get("programme")?;
        let (inputs, stored): (Option<String>, Option<String>) = (row.get("inputs")?, row.get("context")?);
        let (Some(inputs), Some(stored), Some(rules)) = (inputs, stored, self.release.rules(&programme))
        else {
            "没有本系统的核定记录（如名册导入），请逐户复核。".clone_into(&mut found.note);
            return Ok(found);
        };
        // The amount is the determination's, or one that an earlier standard made of the same inputs.
        let determined =
            row.get::<Option<Fen>>("determined_fen")? == Some(old) || row.get::<i64>("raised")? > 0;
        if !determined || row.get::<Option<String>>("determined_programme")?.as_deref() != Some(&programme) {
            found.kind = ReviewKind::Differs;
            "现行金额不是由最近一次核定得出，请逐户核对后办理。".clone_into(&mut found.note);
            return Ok(found);
        }
        let unreadable =
            |error: serde_json::Error| OfficeError::Internal(format!("核定的存档读不懂：{error}"));
        let record: Record = serde_json::from_str(&inputs).map_err(unreadable)?;
        let stored: Context = serde_json::from_str(&stored).map_err(unreadable)?;
        let code: String = row.get("code")?;
        // A standard is read by the month; a rule by the day of the law, and what is asked is what its new text means.
        let rule = RulePart::read(&self.change.parameter);
        let law_on = if rule.is_some() { stored.law_on.max(self.change.from) } else { stored.law_on };
        let mut context = self.release.context(&programme, &code, from, law_on, self.today);
        context.findings.extend(stored.findings);
        let result = rules.decide(&record, &context);
        found.new = match &result.amount {
            Some(amount) => amount.as_number().and_then(|number| number.to_scaled(2)).map(Fen),
            None => None,
        };
        (found.kind, found.note) = match (result.outcome, found.new) {
            (Outcome::Met, Some(new)) if new > old => (ReviewKind::Increase, String::new()),
            (Outcome::Met, Some(new)) if new < old => (ReviewKind::Decrease, String::new()),
            (Outcome::Met, Some(_)) => (ReviewKind::Same, String::new()),
            (Outcome::NotMet, _) => {
                let failed: Vec<&str> = result
                    .conditions
                    .iter()
                    .filter(|condition| condition.outcome == Outcome::NotMet)
                    .map(|condition| condition.title.as_str())
                    .collect();
                (ReviewKind::Lost, format!("不再满足：{}。", failed.join("、")))
            }
            _ => (ReviewKind::Unknown, "按存档的情况算不出结论，请逐户复核。".to_owned()),
        };
        if from > self.month {
            found.note.push_str(&format!("{}以前的金额另有核定，请另行核对。", from.zh()));
        }
        let text = |value: serde_json::Result<String>| value.map_err(unreadable);
        found.context = Some(text(serde_json::to_string(&context))?);
        found.result = Some(text(serde_json::to_string(&result))?);
        Ok(found)
    }
}

impl Found {
    async fn store(
        &self,
        tx: &store::Tx,
        id: StandardChangeId,
        hash: &str,
        at: i64,
    ) -> Result<(), OfficeError> {
        Query::system(
            "the job of a released standard",
            "INSERT INTO standard_review (change_id, entitlement_id, county_id, division_id, from_month, old_fen, new_fen, kind, note, \
             determination_id, release_hash, language_version, context, result, state, made_at) \
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (change_id, entitlement_id) DO NOTHING",
        )
        .bind(id)
        .bind(self.entitlement)
        .bind(self.county)
        .bind(self.division)
        .bind(self.from)
        .bind(self.old)
        .bind(self.new)
        .bind(self.kind.as_str())
        .bind(self.note.as_str())
        .bind(self.determination)
        .bind(hash)
        .bind(rules::LANGUAGE_VERSION)
        .bind(self.context.as_deref())
        .bind(self.result.as_deref())
        .bind(if self.kind == ReviewKind::Same { "settled" } else { "open" })
        .bind(at)
        .execute(tx)
        .await?;
        Ok(())
    }
}
