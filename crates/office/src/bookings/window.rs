//! A window books a half day for somebody who calls or stands there, moves it and takes it back: a person on file in its own area, or whoever it is by name
//! and phone. The places are the same as those that people book themselves.

use serde_json::json;
use store::divisions::DivisionLevel;
use vocab::{PersonName, Phone};

use super::{
    AuditEntry, BOOKING, Booking, BookingId, BookingState, Connection, Desk, Half, IdempotencyKey, LINE,
    NaiveDate, Office, OfficeError, Once, Query, Slot, Tx, audited, desk_at, free_place, known_item, line,
    made, sealing, slots,
};
use crate::access::{Accept, Actor, Granted};
use crate::people;

const FOR_THEM: &str = "a booking that a window keeps for somebody who calls";

/// For whom a window books.
#[derive(Debug, Clone)]
pub enum Caller {
    /// A person on file in the window's area.
    Person(store::PersonId),
    /// Whoever it is.
    Named {
        /// How they are called.
        name: PersonName,
        /// Where they are reached.
        phone: Phone,
    },
}

/// What a window can book.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
    /// The window.
    pub window: String,
    /// Half days with places; none where the place takes no bookings.
    pub slots: Vec<Slot>,
}

/// The window at which an officer sits.
async fn desk_of(office: &Office, connection: &impl Connection, actor: &Actor) -> Result<Desk, OfficeError> {
    let path = store::divisions::division_path(connection, actor.division).await?;
    let township =
        path.iter().find(|division| division.level == DivisionLevel::Township).ok_or_else(|| {
            OfficeError::Conflict("预约由乡镇（街道）的窗口登记，请转给群众所在的乡镇（街道）。".to_owned())
        })?;
    desk_at(office, connection, township.id).await
}

/// What the officer's window can book.
///
/// # Errors
/// [`OfficeError::Conflict`] for an office that has no window of its own.
pub async fn window(office: &Office, actor: &Granted<Accept>) -> Result<Window, OfficeError> {
    let desk = desk_of(office, office.db(), actor).await?;
    Ok(Window { slots: slots(office, office.db(), &desk).await?, window: desk.window })
}

/// Books a half day for a caller, one at a time for each.
///
/// # Errors
/// [`OfficeError::NotFound`] for a person outside the officer's area; [`OfficeError::Invalid`] for a half day that is not offered or full;
/// [`OfficeError::Conflict`] when one stands.
pub async fn book(
    office: &Office,
    actor: &Granted<Accept>,
    caller: &Caller,
    (day, half): (NaiveDate, Half),
    item: Option<&str>,
    key: &IdempotencyKey,
) -> Result<BookingId, OfficeError> {
    let now = office.now();
    let tx = office.db().begin().await?;
    if let Once::Again(said) = tx.once(key, &who(actor)).await? {
        return made(&said);
    }
    let desk = desk_of(office, &tx, actor).await?;
    tx.lock(&format!("booking {} {day} {half}", desk.division)).await?;
    let (person, name, phone) = match caller {
        Caller::Person(person) => {
            people::find_person(office, &tx, &actor.scope(), *person).await?;
            tx.lock(&format!("booking of {person}")).await?;
            (Some(*person), None, None)
        }
        Caller::Named { name, phone } => {
            let blind = sealing::phone_blind(office.keys(), phone);
            tx.lock(&format!("booking of {blind}")).await?;
            (None, Some(name.as_str()), Some((phone, blind)))
        }
    };
    let blind = phone.as_ref().map(|(_, blind)| blind.as_str());
    let standing: i64 = Query::system(
        FOR_THEM,
        "SELECT COUNT(*) FROM booking b WHERE (b.person_id = ? OR (b.caller_phone_blind = ? AND b.division_id = ?)) \
         AND b.state = 'booked' AND b.day >= ?",
    )
    .bind(person)
    .bind(blind)
    .bind(desk.division)
    .bind(now.today())
    .scalar(&tx)
    .await?;
    if standing > 0 {
        let words = "这位群众已经有一个预约，一次约一个。要换时间的，请改原来的预约。";
        return Err(OfficeError::Conflict(words.to_owned()));
    }
    known_item(office, item)?;
    let place = free_place(office, &tx, &desk, (day, half)).await?;
    let sealed = phone.as_ref().map(|(phone, _)| office.keys().seal(phone.expose())).transpose()?;
    let id = Query::system(
        FOR_THEM,
        "INSERT INTO booking (person_id, caller_name, caller_phone_sealed, caller_phone_blind, division_id, item, day, half, place, state, \
         made_at, made_by) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
    )
    .bind(person)
    .bind(name)
    .bind(sealed)
    .bind(blind)
    .bind(desk.division)
    .bind(item)
    .bind(day)
    .bind(half)
    .bind(place)
    .bind(BookingState::Booked)
    .bind(now.at_ms())
    .bind(actor.staff)
    .insert(&tx)
    .await?;
    let on_file = person.map(|person| person.0);
    note(
        office,
        &tx,
        actor,
        "booking.made_for",
        BookingId(id),
        json!({ "day": day, "half": half.to_string(), "person": on_file }),
    )
    .await?;
    tx.remember(key, &id.to_string()).await?;
    tx.commit().await?;
    Ok(BookingId(id))
}

/// A booking of the officer's area.
pub(super) async fn find(
    office: &Office,
    connection: &impl Connection,
    actor: &Granted<Accept>,
    id: BookingId,
) -> Result<Booking, OfficeError> {
    let row = Query::new(&actor.scope(), &BOOKING, format!("{LINE} WHERE {{scope}} AND b.id = ?"))
        .bind(id)
        .optional(connection)
        .await?
        .ok_or(OfficeError::NotFound("这个预约"))?;
    line(office, &row)
}

/// A booking that is still to come, to be moved, with what its window can book. Opening it is audited.
///
/// # Errors
/// [`OfficeError::NotFound`] outside the officer's area; [`OfficeError::Conflict`] when it is over.
pub async fn open(
    office: &Office,
    actor: &Granted<Accept>,
    id: BookingId,
) -> Result<(Booking, Window), OfficeError> {
    let found = find(office, office.db(), actor, id).await?;
    to_come(office, &found)?;
    let desk = desk_at(office, office.db(), division_of(office.db(), actor, id).await?).await?;
    let slots = slots(office, office.db(), &desk).await?;
    let at = office.now().at_ms();
    let entry = AuditEntry {
        division: Some(actor.division),
        ..audited(at, actor.audit(), "booking.opened", ("booking", id.0))
    };
    office.db().audit_read(entry).await?;
    Ok((found, Window { slots, window: desk.window }))
}

async fn division_of(
    connection: &impl Connection,
    actor: &Granted<Accept>,
    id: BookingId,
) -> Result<store::DivisionId, OfficeError> {
    let sql = "SELECT b.division_id FROM booking b WHERE {scope} AND b.id = ?";
    let found = Query::new(&actor.scope(), &BOOKING, sql).bind(id);
    let found = found.optional_as(connection, |row| row.get("division_id")).await?;
    found.ok_or(OfficeError::NotFound("这个预约"))
}

fn to_come(office: &Office, booking: &Booking) -> Result<(), OfficeError> {
    match booking.state {
        BookingState::Booked if booking.day >= office.now().today() => Ok(()),
        BookingState::Booked => Err(OfficeError::Conflict("这个预约的日期已经过了。".to_owned())),
        state => Err(OfficeError::Conflict(format!("这个预约现在是“{}”。", state.title()))),
    }
}

/// Moves a booking of the own window to another half day; the first place is free again.
///
/// # Errors
/// As [`open`], and [`OfficeError::Invalid`] for a half day that is not offered or full, or is its own.
pub async fn move_to(
    office: &Office,
    actor: &Granted<Accept>,
    id: BookingId,
    (day, half): (NaiveDate, Half),
    key: &IdempotencyKey,
) -> Result<(), OfficeError> {
    let tx = office.db().begin().await?;
    if let Once::Again(_) = tx.once(key, &who(actor)).await? {
        return Ok(());
    }
    let division = division_of(&tx, actor, id).await?;
    tx.lock(&format!("booking {division} {day} {half}")).await?;
    let desk = desk_at(office, &tx, division).await?;
    let found = find(office, &tx, actor, id).await?;
    to_come(office, &found)?;
    if (found.day, found.half) == (day, half) {
        return Err(OfficeError::invalid("slot", "原来约的就是这个时间，请选另一个时间。"));
    }
    let place = free_place(office, &tx, &desk, (day, half)).await?;
    Query::system(
        FOR_THEM,
        "UPDATE booking SET day = ?, half = ?, place = ? WHERE id = ? AND state = 'booked'",
    )
    .bind(day)
    .bind(half)
    .bind(place)
    .bind(id)
    .execute_one(&tx)
    .await?;
    let details = json!({
        "from": format!("{} {}", found.day, found.half), "day": day, "half": half.to_string(),
    });
    note(office, &tx, actor, "booking.moved", id, details).await?;
    tx.remember(key, "").await?;
    tx.commit().await?;
    Ok(())
}

/// Takes a booking back for whoever called; the place is free again.
///
/// # Errors
/// As [`open`].
pub async fn cancel(
    office: &Office,
    actor: &Granted<Accept>,
    id: BookingId,
    key: &IdempotencyKey,
) -> Result<(), OfficeError> {
    let tx = office.db().begin().await?;
    if let Once::Again(_) = tx.once(key, &who(actor)).await? {
        return Ok(());
    }
    let found = find(office, &tx, actor, id).await?;
    to_come(office, &found)?;
    Query::system(
        FOR_THEM,
        "UPDATE booking SET state = 'cancelled', settled_at = ?, settled_by = ? WHERE id = ? AND state = 'booked'",
    )
    .bind(office.now().at_ms())
    .bind(actor.staff)
    .bind(id)
    .execute_one(&tx)
    .await?;
    let details = json!({ "day": found.day, "half": found.half.to_string() });
    note(office, &tx, actor, "booking.cancelled", id, details).await?;
    tx.remember(key, "").await?;
    tx.commit().await?;
    Ok(())
}

fn who(actor: &Actor) -> String {
    format!("staff:{}", actor.staff)
}

async fn note(
    office: &Office,
    tx: &Tx,
    actor: &Actor,
    deed: &'static str,
    id: BookingId,
    details: serde_json::Value,
) -> Result<(), OfficeError> {
    tx.audit(AuditEntry {
        division: Some(actor.division),
        details,
        ..audited(office.now().at_ms(), actor.audit(), deed, ("booking", id.0))
    })
    .await?;
    Ok(())
}
