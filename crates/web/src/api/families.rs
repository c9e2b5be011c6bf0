//! Families: files and registering.

use axum::Json;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use chrono::NaiveDate;
use office::access::{ReadPeople, RegisterPeople};
use office::people::{self, MemberChange, NewHousehold, NewMember, NewPerson};
use office::{OfficeError, Problem};
use serde::{Deserialize, Serialize};
use store::{DivisionId, HouseholdId};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::people::{FactJson, Person};
use super::{Body, Key};
use crate::error::Fault;
use crate::extract::{Begun, Desk, Path};
use crate::state::AppState;

pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(family)).routes(routes!(register))
}

/// A member of a family.
#[derive(Serialize, ToSchema)]
struct Member {
    #[serde(flatten)]
    person: Person,
    /// Relation to the head: a code of the packs.
    relation: String,
    relation_title: String,
    head: bool,
    from_on: NaiveDate,
    facts: Vec<FactJson>,
}

/// A family's file.
#[derive(Serialize, ToSchema)]
struct FamilyFile {
    id: i64,
    /// Lives in.
    division: i64,
    /// Where that is, highest division first.
    path: Vec<String>,
    /// Registered in (户籍).
    registered_division: i64,
    registered_name: String,
    /// `urban` or `rural`.
    area: String,
    address: Option<String>,
    closed_on: Option<NaiveDate>,
    members: Vec<Member>,
    facts: Vec<FactJson>,
    version: i64,
}

/// Open a family's file. Audited for each member.
#[utoipa::path(get, path = "/api/v1/families/{household}", tag = "families",
    params(("household" = i64, Path, description = "The family's id")),
    responses((status = 200, body = FamilyFile), (status = 401, body = super::Problem), (status = 404, body = super::Problem)))]
async fn family(desk: Desk<ReadPeople>, Path(id): Path<HouseholdId>) -> Result<Json<FamilyFile>, Fault> {
    let page = people::family_page(desk.office(), desk.granted(), id).await?;
    let members = page.members.into_iter().map(|member| Member {
        person: member.person.into(),
        relation: member.membership.relation,
        relation_title: member.relation_title,
        head: member.membership.head,
        from_on: member.membership.from_on,
        facts: member.facts.into_iter().map(FactJson::from).collect(),
    });
    let household = page.household;
    Ok(Json(FamilyFile {
        id: household.id.0,
        division: household.division.0,
        path: page.path,
        registered_division: household.registered_division.0,
        registered_name: household.registered_name,
        area: household.area,
        address: household.address,
        closed_on: household.closed_on,
        members: members.collect(),
        facts: page.facts.into_iter().map(FactJson::from).collect(),
        version: household.version,
    }))
}

/// A family to be registered, with all who live together.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewFamily {
    /// Lives in: a village, or a township when the village is not known.
    division: i64,
    /// Registered in (户籍), when elsewhere.
    registered_division: Option<i64>,
    /// `urban` or `rural`.
    area: String,
    address: Option<String>,
    /// First day on which they live together.
    on: NaiveDate,
    /// Why it is registered.
    reason: String,
    /// One of them the head.
    members: Vec<NewFamilyMember>,
}

/// A member to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewFamilyMember {
    name: String,
    citizen_id: String,
    #[serde(default)]
    phone: String,
    /// Relation to the head: a code of the packs; `head` for the head.
    relation: String,
}

/// A thing just made.
#[derive(Serialize, ToSchema)]
struct Made {
    id: i64,
}

/// Register a family. Persons already on record are taken as they are.
#[utoipa::path(post, path = "/api/v1/families", tag = "families", request_body = NewFamily,
    params(("Idempotency-Key" = String, Header, description = "8 to 100 visible ASCII characters")),
    responses((status = 201, body = Made), (status = 401, body = super::Problem), (status = 409, body = super::Problem),
        (status = 422, body = super::Problem)))]
async fn register(
    desk: Desk<RegisterPeople>,
    Key(key): Key,
    Body(new): Body<NewFamily>,
) -> Result<Response, Fault> {
    let NewFamily { division, registered_division, area, address, on, reason, members } = new;
    let division = DivisionId(division);
    let home = registered_division.map_or(division, DivisionId);
    let persons = read_members(&members, home, division)?;
    let write = match desk.begin(&key).await? {
        Begun::Again(id) => return made(&id),
        Begun::First(write) => write,
    };
    let (office, actor) = (desk.office(), desk.granted());
    let (scope, who, at) = (actor.scope(), actor.audit(), office.now().at_ms());
    let mut joined = Vec::with_capacity(members.len());
    for (new, relation) in persons {
        let person = people::register_person_in(office, write.tx(), &scope, &who, &new, at).await?.person();
        let head = relation == "head";
        joined.push(NewMember { person, relation, head });
    }
    let new = NewHousehold { division, registered_division: home, area, address, members: joined };
    let change = MemberChange { on, reason, case: None };
    let household = people::create_household_in(office, write.tx(), &scope, &who, &new, &change).await?;
    let id = household.to_string();
    write.finish(&id).await?;
    made(&id)
}

/// Every member's name and ID as the state writes them; all problems at once, by `members[0].citizen_id`.
fn read_members(
    members: &[NewFamilyMember],
    home: DivisionId,
    residence: DivisionId,
) -> Result<Vec<(NewPerson, String)>, Fault> {
    let (mut persons, mut problems) = (Vec::new(), Vec::new());
    for (place, member) in members.iter().enumerate() {
        let NewFamilyMember { name, citizen_id, phone, relation } = member;
        match NewPerson::read(name, citizen_id, phone, home) {
            Ok(person) => {
                persons.push((NewPerson { residence: Some(residence), ..person }, relation.clone()));
            }
            Err(OfficeError::Invalid(wrong)) => {
                problems.extend(wrong.into_iter().map(|Problem { field, message }| Problem {
                    field: format!("members[{place}].{field}"),
                    message,
                }));
            }
            Err(error) => return Err(error.into()),
        }
    }
    if problems.is_empty() { Ok(persons) } else { Err(Fault::Invalid(problems)) }
}

fn made(id: &str) -> Result<Response, Fault> {
    let id: i64 = id.parse().map_err(|_| Fault::Broken("the remembered answer is no id".to_owned()))?;
    let location = [(header::LOCATION, format!("/api/v1/families/{id}"))];
    Ok((StatusCode::CREATED, location, Json(Made { id })).into_response())
}
