//! What the offices do with leads: the village's list, the visit, the filing that begins with what is on file.

use catalogue::definition::Item;
use chrono::NaiveDate;
use ledger::EntitlementId;
use serde_json::json;
use store::{AuditEntry, Count, Cursor, HouseholdId, JobId, Page, PersonId, Query, Row, jobs};
use vocab::{Fen, Month, Now};

use super::search::{LEADS_JOB, release_persons};
use super::{Kind, LEAD, LeadId, LeadOutcome, Reason};
use crate::access::{Actor, Export, FileForOther, Granted, Investigate, ManageRoll, Right};
use crate::casework::{DraftId, drafts};
use crate::tabular::{ListCell, ListColumn, ListFormat, ListWriter, ROWS_AT_ONCE};
use crate::{Office, OfficeError, audited, business};

/// Which leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Leads {
    /// What they are about.
    pub kind: Kind,
    /// Those that are still to be looked at; else those that are closed.
    pub open: bool,
    /// Only those past their last day.
    pub overdue: bool,
}

/// The open leads that an actor sees.
#[derive(Debug, Clone)]
pub struct LeadFigures {
    /// All of them.
    pub open: Count,
    /// Past their last day.
    pub overdue: Count,
    /// Of all, those about benefits to look into.
    pub reviews: Count,
}

/// A lead in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeadLine {
    /// The lead.
    pub id: LeadId,
    /// What it is about.
    pub kind: Kind,
    /// The programme.
    pub programme: String,
    /// The family.
    pub household: HouseholdId,
    /// The person whom it is about, or who heads the family.
    pub name: String,
    /// The village.
    pub division_name: String,
    /// Money a month that the rules reckon; none for reviews.
    pub amount: Option<Fen>,
    /// The month for which it was reckoned.
    pub month: Month,
    /// Every condition.
    pub reasons: Vec<Reason>,
    /// A department's file says so, and nothing that is on file here.
    pub from_file: bool,
    /// When it was found.
    pub found_at: Now,
    /// The last day on which somebody must have looked into it (the latest reading); none where the packs have no clock for it.
    pub due_on: Option<NaiveDate>,
    /// The earliest reading, where holidays are not published yet.
    pub earliest_on: Option<NaiveDate>,
    /// How it ended.
    pub outcome: Option<LeadOutcome>,
    /// Visits so far.
    pub visits: i64,
}

/// What was done about a lead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeadNote {
    /// When.
    pub at: Now,
    /// By whom.
    pub by: String,
    /// What.
    pub deed: Deed,
    /// In words.
    pub words: String,
}

/// A lead with everything about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeadView {
    /// Its line.
    pub line: LeadLine,
    /// The benefit to be reviewed.
    pub entitlement: Option<EntitlementId>,
    /// The single person whom it is about.
    pub person: Option<PersonId>,
    /// Who was told, visited and so on.
    pub notes: Vec<LeadNote>,
    /// The matter that can be filed for it.
    pub item: Option<String>,
    /// For forms.
    pub version: i64,
}

/// What somebody did about a lead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deed {
    /// Visited; it stays open.
    Visited,
    /// Told; the family will decide.
    Told,
    /// The family does not want to file.
    Declined,
    /// What is on file is wrong.
    Mistaken,
    /// The benefit was reviewed.
    Reviewed,
    /// A form was begun; it stays open until it is sent.
    Begun,
}

impl Deed {
    /// How forms and the database spell it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Deed::Visited => "visited",
            Deed::Told => "told",
            Deed::Declined => "declined",
            Deed::Mistaken => "mistaken",
            Deed::Reviewed => "reviewed",
            Deed::Begun => "begun",
        }
    }

    /// The Chinese name.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Deed::Visited => "已入户走访，还要跟进",
            Deed::Told => "已告知政策，由家庭自己决定",
            Deed::Declined => "本人不愿申请",
            Deed::Mistaken => "情况与登记不符",
            Deed::Reviewed => "已核查",
            Deed::Begun => "已开始代为申请",
        }
    }

    /// Reads what a form sent.
    #[must_use]
    pub fn read(text: &str) -> Option<Deed> {
        [Deed::Visited, Deed::Told, Deed::Declined, Deed::Mistaken, Deed::Reviewed, Deed::Begun]
            .into_iter()
            .find(|deed| deed.as_str() == text)
    }

    /// What may be noted about a lead of a kind.
    #[must_use]
    pub fn of(kind: Kind) -> &'static [Deed] {
        match kind {
            Kind::Unclaimed => &[Deed::Visited, Deed::Told, Deed::Declined, Deed::Mistaken],
            Kind::Review => &[Deed::Visited, Deed::Reviewed, Deed::Mistaken],
        }
    }

    fn closes(self) -> Option<LeadOutcome> {
        match self {
            Deed::Visited | Deed::Begun => None,
            Deed::Told => Some(LeadOutcome::Told),
            Deed::Declined => Some(LeadOutcome::Declined),
            Deed::Mistaken => Some(LeadOutcome::Mistaken),
            Deed::Reviewed => Some(LeadOutcome::Reviewed),
        }
    }
}

/// Whether an actor sees leads about benefits to review: whoever keeps the roll.
#[must_use]
pub fn may_see_reviews(actor: &Actor) -> bool {
    actor.may(Right::ManageRoll)
}

pub(super) fn demand(actor: &Actor, kind: Kind) -> Result<(), OfficeError> {
    match kind {
        Kind::Unclaimed => Ok(()),
        Kind::Review => actor.demand(Right::ManageRoll),
    }
}

/// The programmes whose leads of a kind an actor sees; none where that is all.
pub(super) fn programmes(office: &Office, actor: &Actor, kind: Kind) -> Option<Vec<String>> {
    let rights: &[Right] = match kind {
        Kind::Unclaimed => &[Right::Investigate],
        Kind::Review => &[Right::Investigate, Right::ManageRoll],
    };
    business::programmes(&office.release(), actor, rights)
}

/// The same of whatever kind: `l.kind` and the programme together.
const KIND_AND_PROGRAMME: &str = "(l.kind || ' ' || l.programme)";

/// What an actor sees by [`KIND_AND_PROGRAMME`]; none where that is all of every kind.
fn seen(office: &Office, actor: &Actor) -> Option<Vec<String>> {
    let own = |kind: Kind| programmes(office, actor, kind);
    let (unclaimed, review) = (own(Kind::Unclaimed), own(Kind::Review));
    if unclaimed.is_none() && (review.is_none() || !may_see_reviews(actor)) {
        return None;
    }
    let release = office.release();
    let every =
        || -> Vec<String> { release.programmes.iter().map(|programme| programme.id.get().clone()).collect() };
    let named = |kind: Kind, own: Option<Vec<String>>| {
        let own: Vec<String> = own.unwrap_or_else(every);
        own.into_iter().map(move |programme| format!("{} {programme}", kind.as_str()))
    };
    Some(named(Kind::Unclaimed, unclaimed).chain(named(Kind::Review, review)).collect())
}

const LINE: &str = "l.id, l.kind, l.programme, l.household_id, l.person_id, l.entitlement_id, l.amount_fen, l.month, l.reasons, l.rule, l.found_at, \
    l.due_on, l.earliest_on, coalesce(l.due_on, l.found_on) AS by_day, l.outcome, l.version, d.name AS division_name, \
    COALESCE(p.name, (SELECT hp.name FROM membership m JOIN person hp ON hp.id = m.person_id WHERE m.household_id = l.household_id \
    AND m.head AND m.until_on IS NULL AND m.superseded_at IS NULL)) AS name, \
    (SELECT count(*) FROM lead_note n WHERE n.lead_id = l.id AND n.deed = 'visited') AS visits \
    FROM lead l JOIN division d ON d.id = l.division_id LEFT JOIN person p ON p.id = l.person_id";

fn line(row: &Row) -> Result<LeadLine, store::StoreError> {
    let outcome: Option<String> = row.get("outcome")?;
    let reasons: String = row.get("reasons")?;
    Ok(LeadLine {
        id: row.get("id")?,
        kind: Kind::read(&row.get::<String>("kind")?),
        programme: row.get("programme")?,
        household: row.get("household_id")?,
        name: row.get::<Option<String>>("name")?.unwrap_or_else(|| "（没有户主）".to_owned()),
        division_name: row.get("division_name")?,
        amount: row.get("amount_fen")?,
        month: row.get("month")?,
        reasons: serde_json::from_str(&reasons).unwrap_or_default(),
        from_file: !row.get::<String>("rule")?.is_empty(),
        found_at: Now::from_unix_ms(row.get("found_at")?),
        due_on: row.get("due_on")?,
        earliest_on: row.get("earliest_on")?,
        outcome: outcome.as_deref().and_then(LeadOutcome::read),
        visits: row.get("visits")?,
    })
}

/// The day by which open leads stand in order; those without a clock by the day on which they were found.
const BY_DAY: &str = "coalesce(l.due_on, l.found_on)";

/// The leads of the actor's area and businesses: open ones by their last day, closed ones the newest first.
///
/// # Errors
/// [`OfficeError::Forbidden`] for reviews without the right to keep the roll.
pub async fn list(
    office: &Office,
    actor: &Granted<Investigate>,
    leads: Leads,
    cursor: Option<&Cursor>,
    size: usize,
) -> Result<Page<LeadLine>, OfficeError> {
    demand(actor, leads.kind)?;
    let order = if leads.open { format!("{BY_DAY}, l.id") } else { "l.id DESC".to_owned() };
    let overdue = if leads.overdue { "AND l.due_on < ?" } else { "" };
    let sql = format!(
        "SELECT {LINE} WHERE {{scope}} AND l.kind = ? AND l.state = ? {overdue} AND {{after}} ORDER BY {order} LIMIT ?"
    );
    let mut query = Query::new(&actor.scope(), &LEAD, sql)
        .only("l.programme", programmes(office, actor, leads.kind))
        .bind(leads.kind.as_str())
        .bind(if leads.open { "open" } else { "closed" });
    if leads.overdue {
        query = query.bind(office.now().today());
    }
    if !leads.open {
        let page = query.after_descending(&["l.id"], cursor);
        return Ok(page.page(office.db(), size, line, |line| Cursor::new().integer(line.id.0)).await?);
    }
    let page = query
        .after(&[BY_DAY, "l.id"], cursor)
        .page(
            office.db(),
            size,
            |row| Ok((line(row)?, row.get::<NaiveDate>("by_day")?)),
            |(line, by_day)| Cursor::new().date(*by_day).integer(line.id.0),
        )
        .await?;
    Ok(Page { rows: page.rows.into_iter().map(|(line, _)| line).collect(), next: page.next })
}

/// The kinds that an actor sees.
fn kinds(actor: &Actor) -> impl Iterator<Item = &'static str> {
    let seen = [Kind::Unclaimed, Kind::Review].into_iter().filter(|kind| demand(actor, *kind).is_ok());
    seen.map(Kind::as_str).collect::<Vec<_>>().into_iter()
}

/// What of the actor's area waits to be looked into.
///
/// # Errors
/// The database's.
pub async fn figures(office: &Office, actor: &Granted<Investigate>) -> Result<LeadFigures, OfficeError> {
    let own = seen(office, actor);
    let counted = async |more: &str| {
        let sql = format!(
            "SELECT l.id FROM lead l WHERE {{scope}} AND l.state = 'open' AND l.kind IN ({{list}}) {more}"
        );
        let query = Query::new(&actor.scope(), &LEAD, sql)
            .only(KIND_AND_PROGRAMME, own.clone())
            .bind_list(kinds(actor));
        let query = if more.contains('?') { query.bind(office.now().today()) } else { query };
        query.count_capped(office.db(), COUNT_MAX).await
    };
    Ok(LeadFigures {
        open: counted("").await?,
        overdue: counted("AND l.due_on < ?").await?,
        reviews: counted("AND l.kind = 'review'").await?,
    })
}

/// The leads of the actor's area that are due first.
///
/// # Errors
/// The database's.
pub async fn most_urgent(
    office: &Office,
    actor: &Granted<Investigate>,
    count: usize,
) -> Result<Vec<LeadLine>, OfficeError> {
    let sql = format!(
        "SELECT {LINE} WHERE {{scope}} AND l.state = 'open' AND l.kind IN ({{list}}) ORDER BY {BY_DAY}, l.id LIMIT ?"
    );
    let query = Query::new(&actor.scope(), &LEAD, sql)
        .only(KIND_AND_PROGRAMME, seen(office, actor))
        .bind_list(kinds(actor))
        .bind(count);
    Ok(query.all_as(office.db(), line).await?)
}

/// One lead, with what was done. The reading is audited.
///
/// # Errors
/// [`OfficeError::NotFound`] outside the actor's area.
pub async fn find_lead(
    office: &Office,
    actor: &Granted<Investigate>,
    id: LeadId,
) -> Result<LeadView, OfficeError> {
    let row = Query::new(&actor.scope(), &LEAD, format!("SELECT {LINE} WHERE {{scope}} AND l.id = ?"))
        .only(KIND_AND_PROGRAMME, seen(office, actor))
        .bind(id)
        .optional(office.db())
        .await?
        .ok_or(OfficeError::NotFound("这条线索"))?;
    let line = line(&row)?;
    if demand(actor, line.kind).is_err() {
        return Err(OfficeError::NotFound("这条线索"));
    }
    let notes = Query::new(
        &actor.scope(),
        &LEAD,
        "SELECT n.at, n.deed, n.words, st.name FROM lead_note n JOIN lead l ON l.id = n.lead_id \
         LEFT JOIN staff st ON st.id = n.staff_id WHERE {scope} AND l.id = ? ORDER BY n.id",
    )
    .bind(id)
    .all_as(office.db(), |row| {
        Ok(LeadNote {
            at: Now::from_unix_ms(row.get("at")?),
            by: row.get::<Option<String>>("name")?.unwrap_or_default(),
            deed: Deed::read(&row.get::<String>("deed")?).unwrap_or(Deed::Visited),
            words: row.get("words")?,
        })
    })
    .await?;
    let at = office.now().at_ms();
    let entry = AuditEntry {
        details: json!({ "household": line.household.0 }),
        ..audited(at, actor.audit(), "lead.read", ("lead", id.0))
    };
    office.db().audit_read(entry).await?;
    let item = item_of(office, &line.programme);
    Ok(LeadView {
        entitlement: row.get("entitlement_id")?,
        person: row.get("person_id")?,
        version: row.get("version")?,
        notes,
        item,
        line,
    })
}

/// The matter in which a programme is decided when a family files.
fn item_of(office: &Office, programme: &str) -> Option<String> {
    let release = office.release();
    let mut items = release.items.iter().filter(|item| item.citizens_may_file);
    let grants = |item: &Item| {
        let mut effects = item.actions.iter().flat_map(|action| &action.effects);
        effects.any(|effect| matches!(effect.get(), catalogue::definition::Effect::Grant))
    };
    let item = items.find(|item| grants(item) && item.programmes.iter().any(|one| *one == *programme))?;
    Some(item.id.get().clone())
}

/// Notes what was done; some deeds close the lead.
///
/// # Errors
/// [`OfficeError::Invalid`] without words where they are needed; [`OfficeError::Conflict`] when it is closed or was changed.
pub async fn note(
    office: &Office,
    actor: &Granted<Investigate>,
    id: LeadId,
    version: i64,
    deed: Deed,
    words: &str,
) -> Result<(), OfficeError> {
    let view = find_lead(office, actor, id).await?;
    let words = words.trim();
    if !Deed::of(view.line.kind).contains(&deed) {
        return Err(OfficeError::invalid("deed", "请选择办理情况。"));
    }
    if words.is_empty() {
        return Err(OfficeError::invalid("words", "请写明情况，例如见到了谁、怎么说的。"));
    }
    if words.chars().count() > 500 {
        return Err(OfficeError::invalid("words", "情况说明不能超过 500 字。"));
    }
    if view.line.outcome.is_some() {
        return Err(OfficeError::Conflict("这条线索已经办结。".to_owned()));
    }
    put(office, actor, &view, version, deed, words).await
}

async fn put(
    office: &Office,
    actor: &Actor,
    view: &LeadView,
    version: i64,
    deed: Deed,
    words: &str,
) -> Result<(), OfficeError> {
    const FOUND: &str = "a lead that the caller has found";
    let (id, at) = (view.line.id, office.now().at_ms());
    let tx = office.db().begin().await?;
    let update = match deed.closes() {
        None => Query::system(
            FOUND,
            "UPDATE lead SET version = version + 1 WHERE id = ? AND version = ? AND state = 'open'",
        ),
        Some(outcome) => Query::system(
            FOUND,
            "UPDATE lead SET state = 'closed', outcome = ?, closed_at = ?, closed_by = ?, version = version + 1 \
             WHERE id = ? AND version = ? AND state = 'open'",
        )
        .bind(outcome.as_str())
        .bind(at)
        .bind(actor.staff),
    };
    if update.bind(id).bind(version).execute(&tx).await? != 1 {
        return Err(OfficeError::stale());
    }
    if deed.closes().is_some() {
        release_persons(&tx, id).await?;
    }
    Query::system(FOUND, "INSERT INTO lead_note (lead_id, at, staff_id, deed, words) VALUES (?, ?, ?, ?, ?)")
        .bind(id)
        .bind(at)
        .bind(actor.staff)
        .bind(deed.as_str())
        .bind(words)
        .execute(&tx)
        .await?;
    tx.audit(AuditEntry {
        details: json!({ "deed": deed.as_str(), "household": view.line.household.0 }),
        ..audited(at, actor.audit(), "lead.noted", ("lead", id.0))
    })
    .await?;
    tx.commit().await?;
    Ok(())
}

/// Begins the filing for the family of a lead, with what is on file in the form.
///
/// # Errors
/// [`OfficeError::NotFound`] outside the actor's area or where nothing can be filed; as [`drafts::begin_for_family`].
pub async fn begin_filing(
    office: &Office,
    actor: &Granted<Investigate>,
    officer: &Granted<FileForOther>,
    id: LeadId,
) -> Result<DraftId, OfficeError> {
    let view = find_lead(office, actor, id).await?;
    let item = view.item.as_ref().filter(|_| view.line.kind == Kind::Unclaimed);
    let item = item.ok_or(OfficeError::NotFound("可以申请的事项"))?;
    if view.line.outcome.is_some() {
        return Err(OfficeError::Conflict("这条线索已经办结。".to_owned()));
    }
    let draft = drafts::begin_for_family(office, officer, item, view.line.household).await?;
    put(office, actor, &view, view.version, Deed::Begun, "从线索开始填写申请").await?;
    Ok(draft)
}

/// Searches now instead of tonight.
///
/// # Errors
/// The database's.
pub async fn search_now(office: &Office, actor: &Granted<ManageRoll>) -> Result<JobId, OfficeError> {
    let now = office.now();
    let tx = office.db().begin().await?;
    let job = jobs::enqueue_single(&tx, LEADS_JOB, "now", None).await?;
    tx.audit(AuditEntry {
        division: Some(actor.division),
        ..audited(now.at_ms(), actor.audit(), "lead.search", ("division", actor.division.0))
    })
    .await?;
    tx.commit().await?;
    Ok(job)
}

/// Counts stop here: "1000+".
const COUNT_MAX: u32 = 1000;

/// The list as a file. Taking it out is audited.
///
/// # Errors
/// As [`list`].
pub async fn sheet(
    office: &Office,
    actor: &Granted<Investigate>,
    _export: &Granted<Export>,
    leads: Leads,
    format: ListFormat,
) -> Result<Vec<u8>, OfficeError> {
    let release = office.release();
    let columns = [
        ListColumn::new("村（社区）", 18),
        ListColumn::new("姓名", 10),
        ListColumn::new("待遇项目", 22),
        ListColumn::new("测算月金额（元）", 14),
        ListColumn::new("依据的情况", 60),
        ListColumn::new("发现时间", 18),
        ListColumn::new("办理期限", 12),
        ListColumn::new("走访次数", 8),
        ListColumn::new("办理结果", 14),
    ];
    let mut list = ListWriter::new(format, "线索", Some(leads.kind.title()), &columns)?;
    let (mut cursor, mut rows) = (None, 0);
    loop {
        let page = self::list(office, actor, leads, cursor.as_ref(), ROWS_AT_ONCE).await?;
        rows += page.rows.len();
        for line in &page.rows {
            let title = release.programmes.get(&line.programme).map_or("", |one| one.title.as_str());
            list.row(&[
                ListCell::from(line.division_name.as_str()),
                ListCell::from(line.name.as_str()),
                ListCell::from(title),
                line.amount.map_or(ListCell::Empty, ListCell::from),
                ListCell::from(in_short(&line.reasons, line.kind)),
                ListCell::from(line.found_at.zh()),
                line.due_on.map_or(ListCell::Empty, ListCell::from),
                ListCell::from(line.visits),
                ListCell::from(line.outcome.map_or("待办", LeadOutcome::title)),
            ])?;
        }
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    let file = list.finish()?;
    let entry = AuditEntry {
        division: Some(actor.division),
        details: json!({ "kind": leads.kind.as_str(), "rows": rows }),
        ..audited(office.now().at_ms(), actor.audit(), "lead.exported", ("division", actor.division.0))
    };
    office.db().audit_read(entry).await?;
    Ok(file)
}

/// The comparisons that speak for the lead, in one line.
#[must_use]
pub fn in_short(reasons: &[Reason], kind: Kind) -> String {
    let speaks = |reason: &&Reason| reason.met == (kind == Kind::Unclaimed) && !reason.to_judge;
    let words: Vec<&str> =
        reasons.iter().filter(speaks).flat_map(|reason| &reason.found).map(String::as_str).collect();
    words.join("；")
}
