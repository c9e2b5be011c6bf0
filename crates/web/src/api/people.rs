//! Persons: search and files.

#![expect(unused_qualifications, reason = "`utoipa::path` writes the query's type with its path")]

use axum::Json;
use axum::extract::Query;
use chrono::NaiveDate;
use office::access::ReadPeople;
use office::people::{self, AccountView, FactView, PersonView};
use serde::{Deserialize, Serialize};
use store::{Cursor, PersonId};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::error::Fault;
use crate::extract::{Desk, Path};
use crate::state::AppState;

const PAGE_ROWS: usize = 50;

pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(search)).routes(routes!(person))
}

/// What to look for.
#[derive(Deserialize, IntoParams)]
struct Asked {
    /// Name, pinyin initials, whole citizen ID, phone, or a name with the last four of the ID.
    q: String,
    /// `next` of the page before.
    after: Option<String>,
}

/// One page of a search.
#[derive(Serialize, ToSchema)]
struct FoundPage {
    /// How many, counted to 1000.
    count: u32,
    /// There are more than were counted.
    count_is_capped: bool,
    people: Vec<FoundPerson>,
    /// Give it as `after` for the next page.
    next: Option<String>,
    /// Why nothing was found.
    note: Option<String>,
}

/// A person found.
#[derive(Serialize, ToSchema)]
struct FoundPerson {
    id: i64,
    name: String,
    /// `male` or `female`.
    sex: String,
    born_on: NaiveDate,
    died_on: Option<NaiveDate>,
    /// Masked.
    citizen_id: String,
    residence_name: String,
    household: Option<i64>,
}

/// A person.
#[derive(Serialize, ToSchema)]
pub(super) struct Person {
    id: i64,
    name: String,
    /// `male` or `female`.
    sex: String,
    born_on: NaiveDate,
    died_on: Option<NaiveDate>,
    /// Masked.
    citizen_id: String,
    /// Masked.
    phone: Option<String>,
    /// Registered in (户籍).
    division: i64,
    division_name: String,
    /// Lives in.
    residence: i64,
    residence_name: String,
    /// For changes against what was seen.
    version: i64,
}

impl From<PersonView> for Person {
    fn from(view: PersonView) -> Person {
        let PersonView {
            id,
            name,
            sex,
            born_on,
            died_on,
            citizen_id,
            phone,
            division,
            division_name,
            residence,
            residence_name,
            version,
        } = view;
        Person {
            id: id.0,
            name,
            sex: sex.as_str().to_owned(),
            born_on,
            died_on,
            citizen_id,
            phone,
            division: division.0,
            division_name,
            residence: residence.0,
            residence_name,
            version,
        }
    }
}

/// What holds of a person or family, who says so and since when.
#[derive(Serialize, ToSchema)]
pub(super) struct FactJson {
    /// The fact's id in the pack.
    fact: String,
    title: String,
    /// Canonical value; absent when the source was asked and has nothing, and for sensitive facts.
    value: Option<String>,
    sensitive: bool,
    source: String,
    from_on: NaiveDate,
    until_on: Option<NaiveDate>,
    /// Unix milliseconds.
    known_at: i64,
    /// Older than its freshness allows.
    stale: bool,
}

impl From<FactView> for FactJson {
    fn from(view: FactView) -> FactJson {
        FactJson {
            value: view.value.filter(|_| !view.sensitive),
            fact: view.fact,
            title: view.title,
            sensitive: view.sensitive,
            source: view.source_title,
            from_on: view.from_on,
            until_on: view.until_on,
            known_at: view.known_at,
            stale: view.stale,
        }
    }
}

/// A bank account by its last four.
#[derive(Serialize, ToSchema)]
struct Account {
    id: i64,
    holder_name: String,
    /// Code of the bank.
    bank: String,
    tail: String,
}

impl From<AccountView> for Account {
    fn from(view: AccountView) -> Account {
        Account { id: view.id.0, holder_name: view.holder_name, bank: view.bank, tail: view.tail }
    }
}

/// A person's file.
#[derive(Serialize, ToSchema)]
struct PersonFile {
    #[serde(flatten)]
    person: Person,
    /// The family of today, when it lies in the area.
    household: Option<i64>,
    facts: Vec<FactJson>,
    accounts: Vec<Account>,
}

/// Find persons of one's area. Audited.
#[utoipa::path(get, path = "/api/v1/people", tag = "people", params(Asked),
    responses((status = 200, body = FoundPage), (status = 401, body = super::Problem), (status = 422, body = super::Problem)))]
async fn search(desk: Desk<ReadPeople>, Query(asked): Query<Asked>) -> Result<Json<FoundPage>, Fault> {
    let cursor = asked.after.as_deref().map(str::parse::<Cursor>).transpose()?;
    let answer =
        people::search_people(desk.office(), desk.granted(), &asked.q, cursor.as_ref(), PAGE_ROWS).await?;
    let people = answer.page.rows.into_iter().map(|found| FoundPerson {
        id: found.person.0,
        name: found.name,
        sex: found.sex.as_str().to_owned(),
        born_on: found.born_on,
        died_on: found.died_on,
        citizen_id: found.citizen_id,
        residence_name: found.residence_name,
        household: found.household.map(|household| household.0),
    });
    Ok(Json(FoundPage {
        count: answer.count.counted,
        count_is_capped: answer.count.more,
        people: people.collect(),
        next: answer.page.next.map(|next| next.to_string()),
        note: answer.note,
    }))
}

/// Open a person's file. Audited; the person can see who looked.
#[utoipa::path(get, path = "/api/v1/people/{person}", tag = "people", params(("person" = i64, Path, description = "The person's id")),
    responses((status = 200, body = PersonFile), (status = 401, body = super::Problem), (status = 404, body = super::Problem)))]
async fn person(desk: Desk<ReadPeople>, Path(id): Path<PersonId>) -> Result<Json<PersonFile>, Fault> {
    let page = people::person_page(desk.office(), desk.granted(), id).await?;
    Ok(Json(PersonFile {
        person: page.person.into(),
        household: page.household.map(|household| household.0),
        facts: page.facts.into_iter().map(FactJson::from).collect(),
        accounts: page.accounts.into_iter().map(Account::from).collect(),
    }))
}
