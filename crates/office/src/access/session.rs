//! Sessions: what a sign-in lasts. The browser holds a random token, the database its SM3 hash.
//!
//! Rights are read afresh with every request, so an ended post or a disabled account stops at once.

use chrono::NaiveDate;
use store::{AuditEntry, Connection, DivisionId, PersonId, Query, Row, Scope, ScopeColumns, StaffId, Tx};
use vocab::{Level, Now};

use super::actor::{Actor, Citizen, PostId, Proof, SessionId};
use super::password::{self, Secret};
use super::roles::Role;
use super::settings::AccessSettings;
use crate::{Office, OfficeError, audited};

const SESSION: Scope = Scope::System("the session says who asks");

/// Seen times are written at most this often, so that reading pages costs no write each.
const SEEN_EVERY_MS: i64 = 60_000;

/// Who a live session belongs to.
#[derive(Debug, Clone)]
pub enum SignedIn {
    /// A member of staff at a post.
    Staff(Actor),
    /// A citizen.
    Citizen(Citizen),
}

/// Opens a session at the first live post; `None` when there is none.
pub(super) async fn open_staff(
    office: &Office,
    tx: &Tx,
    now: Now,
    settings: &AccessSettings,
    staff: StaffId,
) -> Result<Option<(Secret, SignedIn)>, OfficeError> {
    let post = Query::new(
        &SESSION,
        &ScopeColumns::NONE,
        "SELECT p.id FROM post p WHERE p.staff_id = ? AND p.from_on <= ? AND (p.until_on IS NULL OR p.until_on > ?) ORDER BY p.id LIMIT 1",
    )
    .bind(staff)
    .bind(now.today())
    .bind(now.today())
    .optional(tx)
    .await?;
    let Some(post) = post else { return Ok(None) };
    let post: PostId = post.get("id")?;
    let (token, session) = insert(tx, now, settings, Some((staff, post)), None).await?;
    let actor =
        load_actor(office, tx, now.today(), post, Some(session)).await?.ok_or(OfficeError::SignedOut)?;
    Ok(Some((token, SignedIn::Staff(actor))))
}

/// Opens a citizen's session.
pub(super) async fn open_citizen(
    tx: &Tx,
    now: Now,
    settings: &AccessSettings,
    person: PersonId,
) -> Result<(Secret, SignedIn), OfficeError> {
    let (token, session) = insert(tx, now, settings, None, Some(person)).await?;
    let citizen = load_citizen(tx, person, Some(session), false).await?.ok_or(OfficeError::SignedOut)?;
    Ok((token, SignedIn::Citizen(citizen)))
}

async fn insert(
    tx: &Tx,
    now: Now,
    settings: &AccessSettings,
    staff: Option<(StaffId, PostId)>,
    person: Option<PersonId>,
) -> Result<(Secret, SessionId), OfficeError> {
    let token = password::session_token()?;
    let at = now.at_ms();
    let id = Query::new(
        &SESSION,
        &ScopeColumns::NONE,
        "INSERT INTO session (token_hash, staff_id, post_id, person_id, created_at, seen_at, idle_ms, expires_at, large_text) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
    )
    .bind(password::token_hash(token.reveal()))
    .bind(staff.map(|(staff, _)| staff))
    .bind(staff.map(|(_, post)| post))
    .bind(person)
    .bind(at)
    .bind(at)
    .bind(settings.idle_minutes * 60_000)
    .bind(at + settings.session_hours * 3_600_000)
    .bind(false)
    .insert(tx)
    .await?;
    Ok((token, SessionId(id)))
}

/// Who asks, from the token of the browser.
///
/// # Errors
/// [`OfficeError::SignedOut`] when the session is unknown, ended or idle, the account disabled or the post ended.
pub async fn resume(office: &Office, token: &str) -> Result<SignedIn, OfficeError> {
    let now = office.now();
    let at = now.at_ms();
    let row = Query::new(
        &SESSION,
        &ScopeColumns::NONE,
        "SELECT e.id, e.post_id, e.person_id, e.seen_at, e.idle_ms, e.expires_at, e.large_text FROM session e \
         WHERE e.token_hash = ? AND e.revoked_at IS NULL AND e.expires_at > ?",
    )
    .bind(password::token_hash(token))
    .bind(at)
    .optional(office.db())
    .await?
    .ok_or(OfficeError::SignedOut)?;
    let session: SessionId = row.get("id")?;
    let seen: i64 = row.get("seen_at")?;
    if at - seen > row.get::<i64>("idle_ms")? {
        return Err(OfficeError::SignedOut);
    }
    if at - seen > SEEN_EVERY_MS {
        Query::new(
            &SESSION,
            &ScopeColumns::NONE,
            "UPDATE session SET seen_at = ? WHERE id = ? AND seen_at < ?",
        )
        .bind(at)
        .bind(session)
        .bind(at)
        .execute(office.db())
        .await?;
    }
    match row.get::<Option<PersonId>>("person_id")? {
        Some(person) => load_citizen(office.db(), person, Some(session), row.get("large_text")?)
            .await?
            .map(SignedIn::Citizen),
        None => match row.get::<Option<PostId>>("post_id")? {
            Some(post) => {
                load_actor(office, office.db(), now.today(), post, Some(session)).await?.map(SignedIn::Staff)
            }
            None => None,
        },
    }
    .ok_or(OfficeError::SignedOut)
}

/// The actor at a live post of a live account.
pub(super) async fn load_actor(
    office: &Office,
    connection: &impl Connection,
    on: NaiveDate,
    post: PostId,
    session: Option<SessionId>,
) -> Result<Option<Actor>, OfficeError> {
    let rows = Query::new(
        &SESSION,
        &ScopeColumns::NONE,
        "SELECT s.id AS staff_id, s.name, s.person_id, s.must_change, p.division_id, d.name AS division_name, d.level, d.county_id, \
         r.role, b.business \
         FROM post p JOIN staff s ON s.id = p.staff_id JOIN division d ON d.id = p.division_id \
         LEFT JOIN post_role r ON r.post_id = p.id LEFT JOIN post_business b ON b.post_id = p.id \
         WHERE p.id = ? AND p.from_on <= ? AND (p.until_on IS NULL OR p.until_on > ?) AND s.disabled_at IS NULL",
    )
    .bind(post)
    .bind(on)
    .bind(on)
    .all(connection)
    .await?;
    let Some(first) = rows.first() else { return Ok(None) };
    let level: String = first.get("level")?;
    let level = level.parse::<Level>().map_err(|error| OfficeError::Internal(error.to_string()))?;
    let release = office.release();
    let roles = distinct(&rows, "role")?.iter().map(|code| Role::held(&release, code)).collect();
    Ok(Some(Actor {
        staff: first.get("staff_id")?,
        name: first.get("name")?,
        person: first.get("person_id")?,
        post,
        division: first.get("division_id")?,
        division_name: first.get("division_name")?,
        level,
        county: match level {
            Level::County => Some(first.get::<DivisionId>("division_id")?),
            _ => first.get("county_id")?,
        },
        roles,
        businesses: distinct(&rows, "business")?,
        session,
        must_change: first.get("must_change")?,
        proof: Proof(()),
    }))
}

/// The officer at a post, for a job that does what the officer confirmed.
///
/// # Errors
/// [`OfficeError::Conflict`] when the post or the account has ended since.
pub(crate) async fn actor_at_post(office: &Office, post: PostId) -> Result<Actor, OfficeError> {
    let actor = load_actor(office, office.db(), office.now().today(), post, None).await?;
    actor.ok_or_else(|| OfficeError::Conflict("经办人的岗位已经结束，请由在岗人员重新办理。".to_owned()))
}

fn distinct(rows: &[Row], column: &str) -> Result<Vec<String>, OfficeError> {
    let mut values = Vec::new();
    for row in rows {
        if let Some(value) = row.get::<Option<String>>(column)?
            && !values.contains(&value)
        {
            values.push(value);
        }
    }
    Ok(values)
}

pub(super) async fn load_citizen(
    connection: &impl Connection,
    person: PersonId,
    session: Option<SessionId>,
    large_text: bool,
) -> Result<Option<Citizen>, OfficeError> {
    let row = Query::new(
        &SESSION,
        &ScopeColumns::NONE,
        "SELECT p.name FROM person p WHERE p.id = ? AND p.died_on IS NULL",
    )
    .bind(person)
    .optional(connection)
    .await?;
    Ok(match row {
        Some(row) => Some(Citizen { person, name: row.get("name")?, session, large_text, proof: Proof(()) }),
        None => None,
    })
}

/// Stands at another of one's own posts.
///
/// # Errors
/// [`OfficeError::NotFound`] when the post is not one's own or not live.
pub async fn switch_post(office: &Office, actor: &Actor, post: PostId) -> Result<Actor, OfficeError> {
    let now = office.now();
    let tx = office.db().begin().await?;
    let next = load_actor(office, &tx, now.today(), post, actor.session)
        .await?
        .filter(|next| next.staff == actor.staff);
    let next = next.ok_or(OfficeError::NotFound("这个岗位"))?;
    Query::new(&SESSION, &ScopeColumns::NONE, "UPDATE session SET post_id = ? WHERE id = ? AND staff_id = ?")
        .bind(post)
        .bind(actor.session)
        .bind(actor.staff)
        .execute(&tx)
        .await?;
    tx.audit(AuditEntry {
        division: Some(next.division),
        ..audited(now.at_ms(), next.audit(), "post.switched", ("post", post.0))
    })
    .await?;
    tx.commit().await?;
    Ok(next)
}

/// Ends the session.
///
/// # Errors
/// The database.
pub async fn sign_out(office: &Office, signed_in: &SignedIn) -> Result<(), OfficeError> {
    let at = office.now().at_ms();
    let (session, who, subject, division) = match signed_in {
        SignedIn::Staff(actor) => {
            (actor.session, actor.audit(), ("staff", actor.staff.0), Some(actor.division))
        }
        SignedIn::Citizen(citizen) => (citizen.session, citizen.audit(), ("person", citizen.person.0), None),
    };
    let tx = office.db().begin().await?;
    Query::new(
        &SESSION,
        &ScopeColumns::NONE,
        "UPDATE session SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL",
    )
    .bind(at)
    .bind(session)
    .execute(&tx)
    .await?;
    tx.audit(AuditEntry { division, ..audited(at, who, "sign_out", subject) }).await?;
    tx.commit().await?;
    Ok(())
}

/// Remembers for this session that the citizen wants large type.
///
/// # Errors
/// The database.
pub async fn set_large_text(office: &Office, citizen: &Citizen, large: bool) -> Result<(), OfficeError> {
    Query::new(
        &SESSION,
        &ScopeColumns::NONE,
        "UPDATE session SET large_text = ? WHERE id = ? AND person_id = ?",
    )
    .bind(large)
    .bind(citizen.session)
    .bind(citizen.person)
    .execute(office.db())
    .await?;
    Ok(())
}

/// Ends all sessions of an account but one.
pub(super) async fn revoke_others(
    tx: &Tx,
    staff: StaffId,
    keep: Option<SessionId>,
    at: i64,
) -> Result<(), OfficeError> {
    Query::new(
        &SESSION,
        &ScopeColumns::NONE,
        "UPDATE session SET revoked_at = ? WHERE staff_id = ? AND id <> ? AND revoked_at IS NULL",
    )
    .bind(at)
    .bind(staff)
    .bind(keep.map_or(0, |id| id.0))
    .execute(tx)
    .await?;
    Ok(())
}

/// A job: forgets sessions and codes that ended more than 30 days ago. The audit keeps what they did.
///
/// # Errors
/// The database.
pub async fn forget_expired(office: &Office) -> Result<u64, OfficeError> {
    let before = office.now().at_ms() - 30 * 86_400_000;
    let sessions = Query::new(&SESSION, &ScopeColumns::NONE, "DELETE FROM session WHERE expires_at < ?")
        .bind(before)
        .execute(office.db())
        .await?;
    let codes = Query::new(&SESSION, &ScopeColumns::NONE, "DELETE FROM citizen_code WHERE expires_at < ?")
        .bind(before)
        .execute(office.db())
        .await?;
    let failures = Query::new(&SESSION, &ScopeColumns::NONE, "DELETE FROM code_failure WHERE at < ?")
        .bind(before)
        .execute(office.db())
        .await?;
    Ok(sessions + codes + failures)
}
