//! 窗口预约 (社会救助法 art. 63): a person books a half day at the window of the own township, on any device or at a self-service point, and
//! may take it back. How many places a half day has and how far ahead one may book is what the place has set; where nobody set it there
//! is nothing to book, and the page says where to call. Whoever comes without a booking is served all the same. A window books, moves and cancels
//! for whoever calls or stands there ([`window`]).

use std::fmt;
use std::str::FromStr;

use catalogue::definition::Scalar;
use chrono::NaiveDate;
use serde_json::json;
use store::{
    AuditEntry, Connection, DivisionId, IdempotencyKey, Migration, Once, Query, ScopeColumns, Tx, id_type,
};

use crate::access::{Accept, Citizen, Granted};
use crate::people::sealing;
use crate::{Office, OfficeError, audited, offices};

pub mod window;

id_type! {
    /// A booked visit.
    BookingId,
}

/// Tables of this module; they point at persons, divisions and staff.
pub const MIGRATIONS: &[Migration] = &[
    Migration { name: "20261128_booking", sql: include_str!("../migrations/20261128_booking.sql") },
    Migration {
        name: "20261130_booking_caller",
        sql: include_str!("../migrations/20261130_booking_caller.sql"),
    },
];

/// Places of a half day.
const PLACES: &str = "booking_places";
/// Working days that may be booked ahead.
const AHEAD: &str = "booking_days_ahead";

/// Who sees a booking `b`: the office and those above it; the person.
const BOOKING: ScopeColumns = ScopeColumns {
    subtree: Some(
        "b.division_id IN (SELECT dc.descendant_id FROM division_closure dc WHERE dc.ancestor_id = ?)",
    ),
    own: Some("b.person_id = ?"),
    task: None,
    organisation: None,
};
const SLOTS: &str = "how many places of an office's half days are taken, and by nobody in particular";

/// Half of a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Half {
    /// 上午.
    Morning,
    /// 下午.
    Afternoon,
}

impl Half {
    /// Both.
    pub const BOTH: [Half; 2] = [Half::Morning, Half::Afternoon];

    /// As pages say it.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Half::Morning => "上午",
            Half::Afternoon => "下午",
        }
    }
}

impl fmt::Display for Half {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Half::Morning => "morning",
            Half::Afternoon => "afternoon",
        })
    }
}

impl FromStr for Half {
    type Err = String;
    fn from_str(text: &str) -> Result<Half, String> {
        match text {
            "morning" => Ok(Half::Morning),
            "afternoon" => Ok(Half::Afternoon),
            other => Err(other.to_owned()),
        }
    }
}
store::text_type!(Half);

/// How a booking stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BookingState {
    /// To come.
    Booked,
    /// The person came.
    Came,
    /// The person did not come.
    Missed,
    /// Taken back.
    Cancelled,
}

impl BookingState {
    /// As pages say it.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            BookingState::Booked => "已预约",
            BookingState::Came => "已到窗口",
            BookingState::Missed => "没有来",
            BookingState::Cancelled => "已取消",
        }
    }
}

impl fmt::Display for BookingState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            BookingState::Booked => "booked",
            BookingState::Came => "came",
            BookingState::Missed => "missed",
            BookingState::Cancelled => "cancelled",
        })
    }
}

impl FromStr for BookingState {
    type Err = String;
    fn from_str(text: &str) -> Result<BookingState, String> {
        Ok(match text {
            "booked" => BookingState::Booked,
            "came" => BookingState::Came,
            "missed" => BookingState::Missed,
            "cancelled" => BookingState::Cancelled,
            other => return Err(other.to_owned()),
        })
    }
}
store::text_type!(BookingState);

/// A half day that may be booked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slot {
    /// Day.
    pub day: NaiveDate,
    /// Half of it.
    pub half: Half,
    /// Places that are free.
    pub free: u16,
}

/// A booking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Booking {
    /// It.
    pub id: BookingId,
    /// Who comes.
    pub name: String,
    /// The phone of somebody who is booked by name, masked; none of people on file.
    pub phone: Option<String>,
    /// For which matter; none when only to ask.
    pub item: Option<String>,
    /// Day.
    pub day: NaiveDate,
    /// Half of it.
    pub half: Half,
    /// The number in the half day.
    pub place: u16,
    /// How it stands.
    pub state: BookingState,
}

/// What a person can book.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// The window.
    pub window: String,
    /// Half days with places; none where the place takes no bookings.
    pub slots: Vec<Slot>,
    /// The booking that stands.
    pub booked: Option<Booking>,
}

/// The township of a citizen.
struct Desk {
    division: DivisionId,
    window: String,
    places: u16,
    ahead: u16,
}

async fn desk_of(
    office: &Office,
    connection: &impl Connection,
    citizen: &Citizen,
) -> Result<Desk, OfficeError> {
    let division: DivisionId = Query::system(
        "the township of a person who asks about themselves",
        "SELECT d.id FROM person p JOIN division_closure dc ON dc.descendant_id = p.residence_division_id \
         JOIN division d ON d.id = dc.ancestor_id WHERE p.id = ? AND d.level = 'township' LIMIT 1",
    )
    .bind(citizen.person)
    .optional_as(connection, |row| row.get("id"))
    .await?
    .ok_or_else(|| OfficeError::Conflict("您的住址没有登记到乡镇（街道），请打电话联系。".to_owned()))?;
    desk_at(office, connection, division).await
}

/// The window of a township and what it has set.
async fn desk_at(
    office: &Office,
    connection: &impl Connection,
    division: DivisionId,
) -> Result<Desk, OfficeError> {
    let township = store::divisions::division(connection, division).await?;
    let release = office.release();
    let number = |id: &str| {
        let value = release.parameter(id, &township.code, office.now().today())?;
        match value.value {
            Scalar::Number(number) => number.as_integer().and_then(|number| u16::try_from(number).ok()),
            _ => None,
        }
    };
    Ok(Desk {
        division,
        window: offices::window(&township),
        places: number(PLACES).unwrap_or(0),
        ahead: number(AHEAD).unwrap_or(0),
    })
}

/// The half days that may be booked, from the next working day on, with what is free.
async fn slots(office: &Office, connection: &impl Connection, desk: &Desk) -> Result<Vec<Slot>, OfficeError> {
    if desk.places == 0 {
        return Ok(Vec::new());
    }
    let today = office.now().today();
    let days: Vec<NaiveDate> =
        (1..=desk.ahead).map(|ahead| office.calendar().working_days_after(today, ahead).latest).collect();
    let Some(last) = days.last() else { return Ok(Vec::new()) };
    let taken: Vec<(NaiveDate, Half, i64)> = Query::system(
        SLOTS,
        "SELECT b.day, b.half, COUNT(*) AS taken FROM booking b WHERE b.division_id = ? AND b.day > ? AND b.day <= ? \
         AND b.state <> 'cancelled' GROUP BY b.day, b.half",
    )
    .bind(desk.division)
    .bind(today)
    .bind(*last)
    .all_as(connection, |row| Ok((row.get("day")?, row.get("half")?, row.get("taken")?)))
    .await?;
    let free = |day: NaiveDate, half: Half| {
        let taken =
            taken.iter().find(|(of, part, _)| (*of, *part) == (day, half)).map_or(0, |(.., taken)| *taken);
        desk.places.saturating_sub(u16::try_from(taken).unwrap_or(u16::MAX))
    };
    let all =
        days.into_iter().flat_map(|day| Half::BOTH.map(|half| Slot { day, half, free: free(day, half) }));
    Ok(all.collect())
}

const LINE: &str = "SELECT b.id, coalesce(p.name, b.caller_name) AS name, b.caller_phone_sealed, b.item, b.day, b.half, b.place, b.state \
    FROM booking b LEFT JOIN person p ON p.id = b.person_id";

fn line(office: &Office, row: &store::Row) -> Result<Booking, OfficeError> {
    let phone: Option<Vec<u8>> = row.get("caller_phone_sealed")?;
    Ok(Booking {
        id: row.get("id")?,
        name: row.get("name")?,
        phone: phone.map(|sealed| sealing::masked_phone(office.keys(), &sealed)).transpose()?,
        item: row.get("item")?,
        day: row.get("day")?,
        half: row.get("half")?,
        place: u16::try_from(row.get::<i64>("place")?).unwrap_or(u16::MAX),
        state: row.get("state")?,
    })
}

/// The booking of a citizen that is still to come.
async fn booked(
    office: &Office,
    connection: &impl Connection,
    citizen: &Citizen,
) -> Result<Option<Booking>, OfficeError> {
    let sql = format!("{LINE} WHERE {{scope}} AND b.state = 'booked' AND b.day >= ? ORDER BY b.day LIMIT 1");
    let row =
        Query::new(&citizen.scope(), &BOOKING, sql).bind(office.now().today()).optional(connection).await?;
    row.as_ref().map(|row| line(office, row)).transpose()
}

/// The first free place of a half day, which the caller has locked.
async fn free_place(
    office: &Office,
    tx: &Tx,
    desk: &Desk,
    (day, half): (NaiveDate, Half),
) -> Result<i64, OfficeError> {
    let offered = slots(office, tx, desk).await?;
    match offered.iter().find(|slot| (slot.day, slot.half) == (day, half)) {
        None => return Err(OfficeError::invalid("slot", "这个时间不能预约，请从列出的时间中选择。")),
        Some(slot) if slot.free == 0 => {
            return Err(OfficeError::invalid("slot", "这个时间刚刚约满了，请换一个时间。"));
        }
        Some(_) => {}
    }
    let taken: Vec<i64> = Query::system(
        SLOTS,
        "SELECT b.place FROM booking b WHERE b.division_id = ? AND b.day = ? AND b.half = ? AND b.state <> 'cancelled' ORDER BY b.place",
    )
    .bind(desk.division)
    .bind(day)
    .bind(half)
    .scalars(tx)
    .await?;
    Ok((1..).find(|place| !taken.contains(place)).unwrap_or(1))
}

/// A matter of the packs, or none.
fn known_item(office: &Office, item: Option<&str>) -> Result<(), OfficeError> {
    match item {
        Some(item) if office.release().items.get(item).is_none() => {
            Err(OfficeError::invalid("item", "请从列出的事项中选择。"))
        }
        _ => Ok(()),
    }
}

/// The booking that a key has made already.
fn made(said: &str) -> Result<BookingId, OfficeError> {
    let id = said.parse().map_err(|_| OfficeError::Internal("an answer that is no booking".to_owned()))?;
    Ok(BookingId(id))
}

/// What a citizen can book, and what is booked.
///
/// # Errors
/// [`OfficeError::Conflict`] when nobody knows in which township the person lives.
pub async fn offer(office: &Office, citizen: &Citizen) -> Result<Offer, OfficeError> {
    let desk = desk_of(office, office.db(), citizen).await?;
    let slots = slots(office, office.db(), &desk).await?;
    Ok(Offer { window: desk.window, slots, booked: booked(office, office.db(), citizen).await? })
}

/// Books a half day. One booking at a time: who wants another day takes the first back.
///
/// # Errors
/// [`OfficeError::Invalid`] for a half day that is not offered or full; [`OfficeError::Conflict`] when one stands.
pub async fn book(
    office: &Office,
    citizen: &Citizen,
    (day, half): (NaiveDate, Half),
    item: Option<&str>,
    key: &IdempotencyKey,
) -> Result<BookingId, OfficeError> {
    let now = office.now();
    let who = format!("person:{}", citizen.person);
    let tx = office.db().begin().await?;
    if let Once::Again(said) = tx.once(key, &who).await? {
        return made(&said);
    }
    let desk = desk_of(office, &tx, citizen).await?;
    tx.lock(&format!("booking {} {day} {half}", desk.division)).await?;
    tx.lock(&format!("booking of {}", citizen.person)).await?;
    if let Some(standing) = booked(office, &tx, citizen).await? {
        return Err(OfficeError::Conflict(format!(
            "您已经预约了{}{}。要改时间，请先取消再重新预约。",
            vocab::zh_date(standing.day),
            standing.half.title()
        )));
    }
    known_item(office, item)?;
    let place = free_place(office, &tx, &desk, (day, half)).await?;
    let id = Query::system(
        "the own booking of a person",
        "INSERT INTO booking (person_id, division_id, item, day, half, place, state, made_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
    )
    .bind(citizen.person)
    .bind(desk.division)
    .bind(item)
    .bind(day)
    .bind(half)
    .bind(place)
    .bind(BookingState::Booked)
    .bind(now.at_ms())
    .insert(&tx)
    .await?;
    tx.audit(AuditEntry {
        division: Some(desk.division),
        details: json!({ "day": day, "half": half.to_string() }),
        ..audited(now.at_ms(), citizen.audit(), "booking.made", ("booking", id))
    })
    .await?;
    tx.remember(key, &id.to_string()).await?;
    tx.commit().await?;
    Ok(BookingId(id))
}

/// Takes the own booking back; the place is free again.
///
/// # Errors
/// [`OfficeError::NotFound`] for anybody else's, or one that is over.
pub async fn cancel(office: &Office, citizen: &Citizen, id: BookingId) -> Result<(), OfficeError> {
    let now = office.now();
    let tx = office.db().begin().await?;
    let changed = Query::new(
        &citizen.scope(),
        &BOOKING,
        "UPDATE booking AS b SET state = 'cancelled', settled_at = ? WHERE {scope} AND b.id = ? AND b.state = 'booked' AND b.day >= ?",
    )
    .bind(now.at_ms())
    .bind(id)
    .bind(now.today())
    .execute(&tx)
    .await?;
    if changed == 0 {
        return Err(OfficeError::NotFound("这个预约"));
    }
    tx.audit(audited(now.at_ms(), citizen.audit(), "booking.cancelled", ("booking", id.0))).await?;
    tx.commit().await?;
    Ok(())
}

/// Who comes on a day to the windows of the officer's area. Reading it stands in the audit.
///
/// # Errors
/// The database's.
pub async fn of_day(
    office: &Office,
    actor: &Granted<Accept>,
    day: NaiveDate,
) -> Result<Vec<Booking>, OfficeError> {
    let sql = format!(
        "{LINE} WHERE {{scope}} AND b.day = ? AND b.state <> 'cancelled' ORDER BY b.half DESC, b.division_id, b.place LIMIT 1000"
    );
    let rows = Query::new(&actor.scope(), &BOOKING, sql).bind(day).all(office.db()).await?;
    let found = rows.iter().map(|row| line(office, row)).collect::<Result<Vec<_>, _>>()?;
    office
        .db()
        .audit_read(AuditEntry {
            division: Some(actor.division),
            details: json!({ "day": day, "rows": found.len() }),
            ..audited(office.now().at_ms(), actor.audit(), "booking.listed", ("division", actor.division.0))
        })
        .await?;
    Ok(found)
}

/// Whether the person came. Nothing follows from not coming.
///
/// # Errors
/// [`OfficeError::NotFound`] outside the officer's area; [`OfficeError::Conflict`] before the day, or when it is settled.
pub async fn settle(
    office: &Office,
    actor: &Granted<Accept>,
    id: BookingId,
    came: bool,
) -> Result<(), OfficeError> {
    let now = office.now();
    let tx = office.db().begin().await?;
    let found = window::find(office, &tx, actor, id).await?;
    if found.state != BookingState::Booked {
        return Err(OfficeError::Conflict(format!("这个预约现在是“{}”。", found.state.title())));
    }
    if found.day > now.today() {
        return Err(OfficeError::Conflict("还没有到预约的日期。".to_owned()));
    }
    let state = if came { BookingState::Came } else { BookingState::Missed };
    Query::system(
        "a booking of the officer's area",
        "UPDATE booking SET state = ?, settled_at = ?, settled_by = ? WHERE id = ?",
    )
    .bind(state)
    .bind(now.at_ms())
    .bind(actor.staff)
    .bind(id)
    .execute_one(&tx)
    .await?;
    tx.audit(AuditEntry {
        division: Some(actor.division),
        details: json!({ "state": state.to_string() }),
        ..audited(now.at_ms(), actor.audit(), "booking.settled", ("booking", id.0))
    })
    .await?;
    tx.commit().await?;
    Ok(())
}
