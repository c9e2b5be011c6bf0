//! Other systems that are told what becomes of records, instead of asking for it (`GET /api/v1/record-events`): an administrator enters
//! where, of which registers, and the secret with which every message is signed.
//!
//! - here: the subscriptions themselves, for the administrator's pages;
//! - [`deliver`]: what is sent, in order, again and again until it arrives, and the log;
//! - [`address`]: where may be sent to.
//!
//! A message says that something happened to a record: number, register, record, version, deed, time. It says nothing of what is in the
//! record; whoever wants to know asks the API with rights of their own. The sending itself is the worker's (`huimin`).

use catalogue::Release;
use serde_json::json;
use store::{AuditEntry, Connection, Cursor, Migration, Page, Query, Row, ScopeColumns, Tx, id_type};

use crate::access::{Granted, ManageExchange};
use crate::error::Problems;
use crate::records::events;
use crate::{Office, OfficeError, audited};

pub mod address;
pub mod deliver;

use address::Reach;

id_type! {
    /// A subscription.
    SubscriptionId,
    /// One attempt to deliver.
    DeliveryId,
}

/// Tables of this module.
pub const MIGRATIONS: &[Migration] = &[Migration {
    name: "20261128_subscription",
    sql: include_str!("../../migrations/20261128_subscription.sql"),
}];

const COLUMNS: ScopeColumns = ScopeColumns {
    subtree: Some(
        "s.division_id IN (SELECT dc.descendant_id FROM division_closure dc WHERE dc.ancestor_id = ?)",
    ),
    ..ScopeColumns::NONE
};

const TITLE_MAX: usize = 60;
/// Shorter secrets are guessed.
const SECRET_MIN: usize = 16;
const SECRET_MAX: usize = 200;

/// How messages are signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signs {
    /// HMAC with SM3 (GB/T 32905).
    Sm3,
    /// HMAC with SHA-256.
    Sha256,
}

impl Signs {
    /// Both, the state's own first.
    pub const ALL: [Signs; 2] = [Signs::Sm3, Signs::Sha256];

    /// As the database and the message's head name it.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Signs::Sm3 => "hmac-sm3",
            Signs::Sha256 => "hmac-sha256",
        }
    }

    /// Reads a code.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Signs> {
        Signs::ALL.into_iter().find(|known| known.code() == code)
    }
}

/// A subscription to be made.
#[derive(Debug, Clone)]
pub struct NewSubscription<'a> {
    /// What the other system is called.
    pub title: &'a str,
    /// Where messages go.
    pub address: &'a str,
    /// Registers of the packs.
    pub registers: Vec<String>,
    /// How they are signed.
    pub signs: Signs,
    /// With what; kept sealed and shown to nobody.
    pub secret: &'a str,
}

/// A subscription, as pages show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubscriptionView {
    /// The subscription.
    pub id: SubscriptionId,
    /// The other system.
    pub title: String,
    /// Where messages go.
    pub address: String,
    /// Of the records of which place.
    pub division_name: String,
    /// Ids of registers.
    pub registers: Vec<String>,
    /// How messages are signed.
    pub signs: String,
    /// `active`, `paused`, `dead` (given up), `ended`.
    pub state: String,
    /// The last event that arrived.
    pub sent_seq: i64,
    /// Attempts that failed since.
    pub tries: i64,
    /// Since when they fail, unix ms.
    pub failing_since: Option<i64>,
    /// When it is tried again, unix ms.
    pub next_at: i64,
}

/// An attempt, as the log shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryView {
    /// The attempt.
    pub id: DeliveryId,
    /// Behind which event.
    pub after_seq: i64,
    /// Up to which.
    pub through_seq: i64,
    /// How many.
    pub events: i64,
    /// When, unix ms.
    pub at: i64,
    /// How long it took, milliseconds.
    pub took_ms: i64,
    /// Status of the answer.
    pub status: Option<i64>,
    /// What was wrong.
    pub problem: Option<String>,
}

fn check(release: &Release, new: &NewSubscription<'_>, reach: &Reach) -> Result<(), OfficeError> {
    let mut problems = Problems::default();
    let title = new.title.trim();
    if title.is_empty() || title.chars().count() > TITLE_MAX {
        problems.add("title", format!("请填写对方系统的名称，最多{TITLE_MAX}个字。"));
    }
    if let Err(wrong) = reach.check(new.address.trim()) {
        problems.add("address", wrong);
    }
    if new.registers.is_empty() {
        problems.add("registers", "请至少选择一个登记簿。");
    }
    if new.registers.iter().any(|id| release.registers.get(id).is_none()) {
        problems.add("registers", "没有这个登记簿，请重新选择。");
    }
    if let Some(wrong) = wrong_secret(new.secret) {
        problems.add("secret", wrong);
    }
    problems.none_or_refuse()
}

fn wrong_secret(secret: &str) -> Option<String> {
    let fits = (SECRET_MIN..=SECRET_MAX).contains(&secret.len())
        && secret.bytes().all(|byte| byte.is_ascii_graphic());
    (!fits).then(|| format!("签名密钥要{SECRET_MIN}到{SECRET_MAX}个字母、数字或者符号，不含空格。"))
}

/// Makes a subscription of the records at and below the administrator's division. It begins with what happens from now on.
///
/// # Errors
/// [`OfficeError::Invalid`] by the fields `title`, `address`, `registers`, `secret`.
pub async fn create_in(
    office: &Office,
    tx: &Tx,
    actor: &Granted<ManageExchange>,
    new: &NewSubscription<'_>,
    reach: &Reach,
) -> Result<SubscriptionId, OfficeError> {
    check(&office.release(), new, reach)?;
    let at = office.now().at_ms();
    let last: i64 = Query::system(
        "where a subscription begins",
        "SELECT coalesce(max(e.seq), 0) FROM record_event e WHERE e.seq IS NOT NULL",
    )
    .scalar(tx)
    .await?;
    let id = Query::new(
        &actor.scope(),
        &COLUMNS,
        "INSERT INTO subscription (division_id, title, address, signs, secret_sealed, state, sent_seq, tries, next_at, lease_until, made_by, \
         made_at) VALUES (?, ?, ?, ?, ?, 'active', ?, 0, ?, 0, ?, ?) RETURNING id",
    )
    .bind(actor.division)
    .bind(new.title.trim())
    .bind(new.address.trim())
    .bind(new.signs.code())
    .bind(office.keys().seal(new.secret)?)
    .bind(last)
    .bind(at)
    .bind(actor.staff)
    .bind(at)
    .insert(tx)
    .await?;
    let mut registers = new.registers.clone();
    registers.sort_unstable();
    registers.dedup();
    for register in &registers {
        let sql = "INSERT INTO subscription_register (subscription_id, register) VALUES (?, ?)";
        Query::new(&actor.scope(), &COLUMNS, sql).bind(id).bind(register.as_str()).execute(tx).await?;
    }
    let details = json!({ "address": new.address.trim(), "registers": registers });
    noted(office, tx, actor, "subscription.made", id, details).await?;
    Ok(SubscriptionId(id))
}

async fn noted(
    office: &Office,
    tx: &Tx,
    actor: &Granted<ManageExchange>,
    action: &'static str,
    id: i64,
    details: serde_json::Value,
) -> Result<(), OfficeError> {
    let entry = AuditEntry {
        division: Some(actor.division),
        details,
        ..audited(office.now().at_ms(), actor.audit(), action, ("subscription", id))
    };
    Ok(tx.audit(entry).await?)
}

const SELECT: &str = "SELECT s.id, s.title, s.address, d.name AS division_name, s.signs, s.state, s.sent_seq, s.tries, s.failing_since, s.next_at \
                      FROM subscription s JOIN division d ON d.id = s.division_id WHERE {scope}";

fn view(row: &Row) -> store::Result<SubscriptionView> {
    Ok(SubscriptionView {
        id: row.get("id")?,
        title: row.get("title")?,
        address: row.get("address")?,
        division_name: row.get("division_name")?,
        registers: Vec::new(),
        signs: row.get("signs")?,
        state: row.get("state")?,
        sent_seq: row.get("sent_seq")?,
        tries: row.get("tries")?,
        failing_since: row.get("failing_since")?,
        next_at: row.get("next_at")?,
    })
}

/// The registers of subscriptions that were read in scope.
async fn with_registers(
    connection: &impl Connection,
    mut views: Vec<SubscriptionView>,
) -> Result<Vec<SubscriptionView>, OfficeError> {
    let rows: Vec<(SubscriptionId, String)> = Query::system(
        "registers of subscriptions that were read in scope",
        "SELECT r.subscription_id, r.register FROM subscription_register r WHERE r.subscription_id IN ({list}) ORDER BY r.register",
    )
    .bind_list(views.iter().map(|view| view.id))
    .all_as(connection, |row| Ok((row.get("subscription_id")?, row.get("register")?)))
    .await?;
    for (id, register) in rows {
        if let Some(view) = views.iter_mut().find(|view| view.id == id) {
            view.registers.push(register);
        }
    }
    Ok(views)
}

/// The subscriptions of one's area that have not ended, the newest first.
///
/// # Errors
/// The database's.
pub async fn list(
    office: &Office,
    actor: &Granted<ManageExchange>,
) -> Result<Vec<SubscriptionView>, OfficeError> {
    let sql = format!("{SELECT} AND s.state <> 'ended' ORDER BY s.id DESC LIMIT 500");
    let views = Query::new(&actor.scope(), &COLUMNS, sql).all_as(office.db(), view).await?;
    with_registers(office.db(), views).await
}

/// One subscription with its log, the newest attempt first.
///
/// # Errors
/// [`OfficeError::NotFound`] outside one's area.
pub async fn page(
    office: &Office,
    actor: &Granted<ManageExchange>,
    id: SubscriptionId,
    cursor: Option<&Cursor>,
    size: usize,
) -> Result<(SubscriptionView, Page<DeliveryView>), OfficeError> {
    let found = find(office.db(), actor, id).await?;
    let log = Query::new(
        &actor.scope(),
        &COLUMNS,
        "SELECT l.id, l.after_seq, l.through_seq, l.events, l.at, l.took_ms, l.status, l.problem FROM subscription_delivery l \
         JOIN subscription s ON s.id = l.subscription_id WHERE {scope} AND l.subscription_id = ? AND {after} ORDER BY l.id DESC LIMIT ?",
    )
    .bind(id)
    .after_descending(&["l.id"], cursor)
    .page(
        office.db(),
        size,
        |row| {
            Ok(DeliveryView {
                id: row.get("id")?,
                after_seq: row.get("after_seq")?,
                through_seq: row.get("through_seq")?,
                events: row.get("events")?,
                at: row.get("at")?,
                took_ms: row.get("took_ms")?,
                status: row.get("status")?,
                problem: row.get("problem")?,
            })
        },
        |last: &DeliveryView| Cursor::new().integer(last.id.0),
    )
    .await?;
    Ok((found, log))
}

async fn find(
    connection: &impl Connection,
    actor: &Granted<ManageExchange>,
    id: SubscriptionId,
) -> Result<SubscriptionView, OfficeError> {
    let sql = format!("{SELECT} AND s.id = ?");
    let found = Query::new(&actor.scope(), &COLUMNS, sql).bind(id).optional_as(connection, view).await?;
    let found = found.ok_or(OfficeError::NotFound("这项推送"))?;
    let mut found = with_registers(connection, vec![found]).await?;
    found.pop().ok_or(OfficeError::NotFound("这项推送"))
}

/// What an administrator does with a subscription.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn<'a> {
    /// Sends nothing until it is resumed; what happens meanwhile is sent then.
    Pause,
    /// Goes on, at once: also after it was given up.
    Resume,
    /// Ends for good.
    End,
    /// Begins again behind this event. What arrived before arrives again.
    Replay(i64),
    /// Signs with another secret from now on.
    Secret(&'a str),
}

/// Turns a subscription.
///
/// # Errors
/// [`OfficeError::NotFound`] outside one's area; [`OfficeError::Conflict`] when it has ended; [`OfficeError::Invalid`] by the fields `after`
/// and `secret`.
pub async fn turn_in(
    office: &Office,
    tx: &Tx,
    actor: &Granted<ManageExchange>,
    id: SubscriptionId,
    turn: Turn<'_>,
) -> Result<(), OfficeError> {
    let found = find(tx, actor, id).await?;
    if found.state == "ended" {
        return Err(OfficeError::Conflict("这项推送已经停用。需要时请重新登记。".to_owned()));
    }
    let change = |set: &str| {
        let sql = format!("UPDATE subscription AS s SET {set} WHERE {{scope}} AND s.id = ?");
        Query::new(&actor.scope(), &COLUMNS, sql)
    };
    let now = office.now().at_ms();
    let afresh = "state = 'active', tries = 0, failing_since = NULL, next_at = ?";
    let (query, action, details) = match turn {
        Turn::Pause => (change("state = 'paused'"), "subscription.paused", json!(null)),
        Turn::Resume => (change(afresh).bind(now), "subscription.resumed", json!(null)),
        Turn::End => (change("state = 'ended'"), "subscription.ended", json!(null)),
        Turn::Replay(after) => {
            if after < 0 || after > found.sent_seq {
                let message = format!("请填写0到{}之间的事件号。", found.sent_seq);
                return Err(OfficeError::invalid("after", message));
            }
            let set = format!("sent_seq = ?, {afresh}");
            (change(&set).bind(after).bind(now), "subscription.replayed", json!({ "after": after }))
        }
        Turn::Secret(secret) => {
            if let Some(wrong) = wrong_secret(secret) {
                return Err(OfficeError::invalid("secret", wrong));
            }
            let sealed = office.keys().seal(secret)?;
            (change("secret_sealed = ?").bind(sealed), "subscription.secret_changed", json!(null))
        }
    };
    query.bind(id).execute_one(tx).await?;
    noted(office, tx, actor, action, id.0, details).await
}

/// The registers that may be subscribed, id and title, by chapter in the order of the packs.
#[must_use]
pub fn offered(release: &Release) -> Vec<(String, String)> {
    release
        .registers
        .iter()
        .map(|register| (register.id.get().clone(), format!("{} · {}", register.chapter, register.title)))
        .collect()
}

/// Numbers what has happened, so that a subscription that is made now begins behind it.
///
/// # Errors
/// The database's.
pub async fn ready(office: &Office) -> Result<(), OfficeError> {
    events::number(office).await
}
