//! Cases, benefits, lines of payment runs and needs told once as indicators count them, as they stood on a day.
//!
//! What has happened since that day has not happened yet: a month that is closed on the night after it, or reckoned again a year later,
//! is asked the same question.

use catalogue::Release;
use catalogue::definition::Source;
use chrono::NaiveDate;
use ledger::EntitlementId;
use ledger::scope::ENTITLEMENT;
use rules::{Rational, Record, Value};
use store::{CaseId, DivisionId, HouseholdId, PersonId, Query, Row, Scope};
use vocab::{Fen, Month, Now};

use crate::casework::joint::JointId;
use crate::records::{self, Named};
use crate::reports::{GRANTED, PAUSED, PERSONS};
use crate::{Office, OfficeError, casework};

/// How many months before the one that is reckoned are looked at: [`Source`] says the same to authors of packs.
const MONTHS_BACK: i32 = 12;

/// The month that is reckoned, and the day whose state it shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct On {
    pub month: Month,
    pub day: NaiveDate,
}

impl On {
    /// The month that is not over yet.
    pub fn today(now: Now) -> On {
        On { month: now.month(), day: now.today() }
    }

    /// A month as it stood when it was over; the current one as it stands today.
    pub fn of(month: Month, now: Now) -> On {
        if month >= now.month() { On::today(now) } else { On { month, day: month.last_day() } }
    }

    /// Whether something had happened by the day.
    fn past(self, day: Option<NaiveDate>) -> Option<NaiveDate> {
        day.filter(|day| *day <= self.day)
    }

    fn past_moment(self, at_ms: Option<i64>) -> Option<NaiveDate> {
        self.past(at_ms.map(|at| Now::from_unix_ms(at).today()))
    }
}

/// Which page shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opens {
    /// A record of the register that is counted.
    Record(records::RecordId),
    /// A case.
    Case(CaseId),
    /// A benefit, with all its payments.
    Entitlement(EntitlementId),
    /// A need told once.
    Need(JointId),
}

/// A case, a benefit or a line.
pub(super) struct Dated {
    /// In the table it is read from: where the next batch begins.
    pub id: i64,
    pub opens: Opens,
    pub title: String,
    pub division: DivisionId,
    /// The business it belongs to; none if its programme is decided by no item.
    pub business: Option<String>,
    pub seen: Record,
}

impl Dated {
    /// Whether an indicator of a business may count it.
    pub fn is_of(&self, business: &str) -> bool {
        self.business.as_deref().is_none_or(|own| own == business)
    }
}

/// What is read.
pub(super) struct Reading<'a> {
    pub source: Source<'a>,
    pub on: On,
    /// Who reads, and only what lies at or below a division.
    pub scope: &'a Scope,
    pub below: Option<DivisionId>,
    /// What the expressions name.
    pub named: &'a Named,
}

/// Some of them behind an id, in order.
pub(super) async fn batch(
    office: &Office,
    reading: &Reading<'_>,
    after: i64,
    limit: i64,
) -> Result<Vec<Dated>, OfficeError> {
    let release = office.release();
    let (rows, who) = match reading.source {
        Source::Case => (cases(office, reading, after, limit).await?, "applicant"),
        Source::Entitlement => (entitlements(office, reading, after, limit).await?, "holder"),
        Source::Payment => (payments(office, reading, after, limit).await?, "holder"),
        Source::Need => (needs(office, reading, after, limit).await?, "applicant"),
        Source::Division | Source::Person | Source::Register(_) => return Ok(Vec::new()),
    };
    let mut found = Vec::with_capacity(rows.len());
    let (mut people, mut homes): (Vec<PersonId>, Vec<HouseholdId>) = Default::default();
    for row in &rows {
        people.push(row.get("person_id")?);
        homes.push(row.get("household_id")?);
        found.push(match reading.source {
            Source::Case => case(&release, row, reading.on)?,
            Source::Entitlement => entitlement(&release, row, reading.on)?,
            Source::Need => need(row)?,
            _ => payment(&release, row, reading.on)?,
        });
    }
    relate(office, reading.named, who, &people, &homes, &mut found).await?;
    Ok(found)
}

/// Puts the person and the family into what names them.
async fn relate(
    office: &Office,
    named: &Named,
    who: &str,
    people: &[PersonId],
    homes: &[HouseholdId],
    found: &mut [Dated],
) -> Result<(), OfficeError> {
    if named.relation(who) {
        let known = records::persons(office, office.db(), people, named).await?;
        for (one, id) in found.iter_mut().zip(people) {
            if let Some(person) = known.get(id) {
                one.seen.one.insert(who.to_owned(), person.clone());
            }
        }
    }
    if named.relation("household") {
        let known = records::households(office, office.db(), homes, named).await?;
        for (one, id) in found.iter_mut().zip(homes) {
            if let Some(household) = known.get(id) {
                one.seen.one.insert("household".to_owned(), household.clone());
            }
        }
    }
    Ok(())
}

/// Adds the division to a statement, and its value.
fn below(reading: &Reading<'_>, column: &str) -> String {
    match reading.below {
        Some(_) => format!(
            "AND {column} IN (SELECT b.descendant_id FROM division_closure b WHERE b.ancestor_id = ?)"
        ),
        None => String::new(),
    }
}

/// The rows of a statement that ends with [`below`] and a limit.
async fn rows(
    office: &Office,
    reading: &Reading<'_>,
    query: Query,
    limit: i64,
) -> Result<Vec<Row>, OfficeError> {
    let query = reading.below.into_iter().fold(query, Query::bind);
    Ok(query.bind(limit).all(office.db()).await?)
}

async fn cases(
    office: &Office,
    reading: &Reading<'_>,
    after: i64,
    limit: i64,
) -> Result<Vec<Row>, OfficeError> {
    let on = reading.on;
    let sql = format!(
        "SELECT c.id, c.number, c.item, c.channel, c.delegated, c.members, c.filed_on, c.accepted_on, c.decided_on, c.due_on, c.ended_on, \
         c.outcome, c.village_id AS division_id, c.applicant_person_id AS person_id, c.household_id, d.amount_fen, \
         EXISTS (SELECT 1 FROM case_clock k WHERE k.case_id = c.id AND k.latest_on < ? AND (k.ended_on IS NULL OR k.ended_on > k.latest_on)) AS late \
         FROM case_file c LEFT JOIN determination d ON d.id = c.determination_id \
         WHERE {{scope}} AND c.id > ? AND c.filed_on <= ? AND (c.ended_on IS NULL OR c.ended_on >= ?) {} ORDER BY c.id LIMIT ?",
        below(reading, "c.village_id")
    );
    let query = Query::new(reading.scope, &casework::CASE, sql)
        .bind(on.day)
        .bind(after)
        .bind(on.day)
        .bind(on.month.plus(-MONTHS_BACK).first_day());
    rows(office, reading, query, limit).await
}

fn case(release: &Release, row: &Row, on: On) -> Result<Dated, OfficeError> {
    let id: CaseId = row.get("id")?;
    let item: String = row.get("item")?;
    let accepted = on.past(row.get("accepted_on")?);
    let decided = on.past(row.get("decided_on")?);
    let ended = on.past(row.get("ended_on")?);
    let outcome = row.get::<Option<String>>("outcome")?.filter(|_| ended.is_some());
    let known = release.items.get(&item);
    let seen = Record::new()
        .with("item", item.as_str())
        .with("channel", row.get::<String>("channel")?.as_str())
        .with("delegated", row.get::<bool>("delegated")?)
        .with("members", row.get::<i64>("members")?)
        .with("filed_on", row.get::<NaiveDate>("filed_on")?)
        .with("accepted", accepted.is_some())
        .with("accepted_on", accepted)
        .with("decided", decided.is_some())
        .with("decided_on", decided)
        .with("due_on", row.get::<Option<NaiveDate>>("due_on")?)
        .with("late", row.get::<bool>("late")?)
        .with("ended", ended.is_some())
        .with("ended_on", ended)
        .with("outcome", outcome.as_deref())
        .with("amount", yuan(row.get("amount_fen")?));
    let title = known.map_or("", |item| item.short.as_str());
    Ok(Dated {
        id: id.0,
        opens: Opens::Case(id),
        title: format!("{title} {}", row.get::<String>("number")?).trim().to_owned(),
        division: row.get("division_id")?,
        // What the packs do not know any more belongs to nobody's business.
        business: Some(known.map_or_else(String::new, |item| item.business.clone())),
        seen,
    })
}

async fn entitlements(
    office: &Office,
    reading: &Reading<'_>,
    after: i64,
    limit: i64,
) -> Result<Vec<Row>, OfficeError> {
    let month = reading.on.month;
    let sql = format!(
        "SELECT e.id, e.programme, e.from_month, e.until_month, e.made_at, e.ended_at, e.review_due_on, e.division_id, e.household_id, \
         e.holder_person_id AS person_id, p.name, {PERSONS} AS people, {GRANTED} AS amount_fen, {PAUSED} AS paused \
         FROM entitlement e JOIN person p ON p.id = e.holder_person_id \
         WHERE {{scope}} AND e.id > ? AND e.from_month <= ? AND (e.until_month IS NULL OR e.until_month >= ?) {} ORDER BY e.id LIMIT ?",
        below(reading, "e.division_id")
    );
    let mut query = Query::new(reading.scope, &ENTITLEMENT, sql);
    for _ in 0..6 {
        query = query.bind(month);
    }
    let query = query.bind(after).bind(month).bind(month.plus(-MONTHS_BACK));
    rows(office, reading, query, limit).await
}

fn entitlement(release: &Release, row: &Row, on: On) -> Result<Dated, OfficeError> {
    let id: EntitlementId = row.get("id")?;
    let programme: String = row.get("programme")?;
    let granted = on.past_moment(Some(row.get("made_at")?));
    // An end that was written later was not known on the day.
    let known_end = row.get::<Option<i64>>("ended_at")?.is_none_or(|at| on.past_moment(Some(at)).is_some());
    let until = row.get::<Option<Month>>("until_month")?.filter(|_| known_end);
    let current = granted.is_some() && until.is_none_or(|until| until >= on.month);
    let seen = Record::new()
        .with("programme", programme.as_str())
        .with("current", current)
        .with("paused", current && row.get::<bool>("paused")?)
        .with("from_month", row.get::<Month>("from_month")?)
        .with("ended", until.is_some_and(|until| until < on.month))
        .with("until_month", until)
        .with("granted_on", granted)
        .with("review_due_on", row.get::<Option<NaiveDate>>("review_due_on")?)
        .with("people", row.get::<i64>("people")?)
        .with("amount", yuan(row.get("amount_fen")?));
    Ok(Dated {
        id: id.0,
        opens: Opens::Entitlement(id),
        title: format!("{} {}", row.get::<String>("name")?, title(release, &programme)),
        division: row.get("division_id")?,
        business: business(release, &programme),
        seen,
    })
}

async fn payments(
    office: &Office,
    reading: &Reading<'_>,
    after: i64,
    limit: i64,
) -> Result<Vec<Row>, OfficeError> {
    let month = reading.on.month;
    let sql = format!(
        "SELECT l.id, l.amount_fen, l.state, l.entitlement_id, r.programme, r.kind, r.supplement_reason, r.month, r.exported_at, r.answered_at, \
         (SELECT b.made_at FROM bounce b WHERE b.line_id = l.id) AS returned_at, e.division_id, e.household_id, e.holder_person_id AS person_id, p.name \
         FROM payment_line l JOIN payment_run r ON r.id = l.run_id JOIN entitlement e ON e.id = l.entitlement_id \
         JOIN person p ON p.id = e.holder_person_id \
         WHERE {{scope}} AND l.id > ? AND l.state <> 'cancelled' AND r.state NOT IN ('making', 'cancelling', 'cancelled') \
         AND r.month <= ? AND r.month >= ? {} ORDER BY l.id LIMIT ?",
        below(reading, "e.division_id")
    );
    let query =
        Query::new(reading.scope, &ENTITLEMENT, sql).bind(after).bind(month).bind(month.plus(-MONTHS_BACK));
    rows(office, reading, query, limit).await
}

fn payment(release: &Release, row: &Row, on: On) -> Result<Dated, OfficeError> {
    let programme: String = row.get("programme")?;
    let of_month: Month = row.get("month")?;
    let sent = on.past_moment(row.get("exported_at")?);
    let answered = on.past_moment(row.get("answered_at")?);
    let returned: Option<i64> = row.get("returned_at")?;
    let state: String = row.get("state")?;
    let state = match state.as_str() {
        "succeeded" | "failed" if answered.is_none() => "open",
        // What the bank sent back later was paid on that day.
        "failed" if returned.is_some() && on.past_moment(returned).is_none() => "succeeded",
        state => state,
    };
    let paid = answered.filter(|_| state == "succeeded");
    let kind = match row.get::<Option<String>>("supplement_reason")? {
        Some(_) => "supplement".to_owned(),
        None => row.get("kind")?,
    };
    let seen = Record::new()
        .with("programme", programme.as_str())
        .with("kind", kind.as_str())
        .with("of_month", of_month)
        .with("state", state)
        .with("amount", yuan(row.get("amount_fen")?))
        .with("sent", sent.is_some())
        .with("sent_on", sent)
        .with("paid", paid.is_some())
        .with("paid_on", paid);
    let name: String = row.get("name")?;
    Ok(Dated {
        id: row.get("id")?,
        opens: Opens::Entitlement(row.get("entitlement_id")?),
        title: format!("{name} {} {}", title(release, &programme), of_month.zh()),
        division: row.get("division_id")?,
        business: business(release, &programme),
        seen,
    })
}

/// Needs with what of them was begun and not given up by the day.
async fn needs(
    office: &Office,
    reading: &Reading<'_>,
    after: i64,
    limit: i64,
) -> Result<Vec<Row>, OfficeError> {
    const PARTS: &str = "w.joint_id = j.id AND (w.given_up_on IS NULL OR w.given_up_on > ?)";
    let On { month, day } = reading.on;
    let sql = format!(
        "SELECT j.id, j.told_on, j.division_id, j.person_id, j.household_id, p.name, \
         (SELECT count(*) FROM joint_part w WHERE {PARTS}) AS parts, \
         (SELECT count(*) FROM joint_part w LEFT JOIN case_file c ON c.id = w.case_id WHERE {PARTS} AND w.record_id IS NULL \
         AND (c.id IS NULL OR c.filed_on > ?)) AS waiting FROM joint_matter j JOIN person p ON p.id = j.person_id \
         WHERE {{scope}} AND j.id > ? AND j.told_on <= ? AND j.told_on >= ? {} ORDER BY j.id LIMIT ?",
        below(reading, "j.division_id")
    );
    let query = Query::new(reading.scope, &casework::joint::JOINT, sql)
        .bind(day)
        .bind(day)
        .bind(day)
        .bind(after)
        .bind(day)
        .bind(month.plus(-MONTHS_BACK).first_day());
    rows(office, reading, query, limit).await
}

fn need(row: &Row) -> Result<Dated, OfficeError> {
    let id: JointId = row.get("id")?;
    let told_on: NaiveDate = row.get("told_on")?;
    let seen = Record::new()
        .with("told_on", told_on)
        .with("parts", row.get::<i64>("parts")?)
        .with("together", row.get::<i64>("waiting")? == 0);
    Ok(Dated {
        id: id.0,
        opens: Opens::Need(id),
        title: format!("{} {}", row.get::<String>("name")?, vocab::zh_date(told_on)),
        division: row.get("division_id")?,
        business: None,
        seen,
    })
}

fn yuan(fen: Option<Fen>) -> Value {
    fen.map_or(Value::Unknown, |fen| Value::Number(Rational::from_scaled(fen.0, 2)))
}

fn title<'r>(release: &'r Release, programme: &'r str) -> &'r str {
    release.programmes.get(programme).map_or(programme, |programme| &programme.title)
}

/// The business of the first item that decides a programme.
fn business(release: &Release, programme: &str) -> Option<String> {
    let decides = |item: &&catalogue::Defined<catalogue::definition::Item>| {
        item.programmes.iter().any(|known| known.as_str() == programme)
    };
    release.items.iter().find(decides).map(|item| item.business.clone())
}
