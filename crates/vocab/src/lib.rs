//! The validated words of the state: money, months, identity numbers, divisions, phones, accounts, names,
//! the working-day calendar and the clocks that run on it.
//!
//! A value of one of these types is known to be well formed; text becomes one through `FromStr` (or a
//! constructor that says what it accepts) and a refusal is a [`VocabError`], a Chinese sentence for the
//! person who typed it. The crate does no I/O and never reads the clock: callers hand in a [`Now`].
//!
//! How to choose:
//! - Money is [`Fen`], never a float; a benefit month is [`Month`]; an instant is [`Now`].
//! - Whatever points at one person ([`CitizenId`], [`Phone`], [`BankAccount`]) has no `Display` and no
//!   `Serialize`: pages show `masked()`, and `expose()` marks every place where the whole leaves the program.
//! - "30 working days", "7 days" and "6 months" are a [`TimeLimit`]; a [`Calendar`] turns one into a [`DueDate`];
//!   a [`Clock`] is one that runs on a case.

mod bank_account;
mod calendar;
mod citizen_id;
mod clock;
mod credit_code;
mod date;
mod division;
mod error;
mod fen;
mod month;
mod now;
mod person_name;
mod phone;
mod sex;
mod text;
mod time_limit;

pub use bank_account::BankAccount;
pub use calendar::{Calendar, DayCount, DayKind, DueDate};
pub use citizen_id::CitizenId;
pub use clock::{Clock, ClockState, Extension, Pause};
pub use credit_code::CreditCode;
pub use date::{full_years, parse_date, zh_date};
pub use division::{DivisionCode, Level};
pub use error::VocabError;
pub use fen::Fen;
pub use month::Month;
pub use now::Now;
pub use person_name::PersonName;
pub use phone::Phone;
pub use sex::Sex;
pub use text::half_width;
pub use time_limit::{Months, NaturalDays, TimeLimit, WorkingDays};
