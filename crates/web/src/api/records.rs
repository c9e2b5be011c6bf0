//! Registers: each a resource of the same four deeds. [`describe`] writes each register of the release into the description with its own
//! fields, so that a client's generator knows them.

#![expect(unused_qualifications, reason = "`utoipa::path` writes the query's type with its path")]

use axum::Json;
use axum::extract::Query;
use catalogue::Release;
use catalogue::definition::{Field, FieldKind, Register, Requirement};
use office::access::{KeepRecords, ReadRecords, Right};
use office::divisions;
use office::records::list::Narrowed;
use office::records::resource::{self, Put};
use office::records::{self, RecordId, events as record_events};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use store::Cursor;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{Body, Key};
use crate::error::Fault;
use crate::extract::{Desk, Path};
use crate::state::AppState;

const PAGE_ROWS: usize = 50;

pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(registers))
        .routes(routes!(events))
        .routes(routes!(list, put))
        .routes(routes!(one))
}

/// What to list.
#[derive(Deserialize, IntoParams)]
struct Asked {
    /// Words of the title or its pinyin initials.
    q: Option<String>,
    /// Code of a division: only what lies in it or below it.
    division: Option<String>,
    /// A state; `open` (the default), `closed` or `all`.
    state: Option<String>,
    /// Field to sort by, `-` before it the other way round.
    sort: Option<String>,
    /// `next` of the page before.
    after: Option<String>,
}

/// A register.
#[derive(Serialize, ToSchema)]
struct RegisterJson {
    /// Its id in addresses.
    id: String,
    title: String,
    chapter: String,
    summary: String,
    /// Fields that name a record.
    key: Vec<String>,
    /// Fields by which the list is narrowed, as `f.<id>=…`.
    filters: Vec<String>,
}

/// A page of a register.
#[derive(Serialize, ToSchema)]
struct RecordsPage {
    /// How many, counted to 1000.
    count: u32,
    /// There are more than were counted.
    count_is_capped: bool,
    /// Records by their fields; `_id`, `_version`, `_state` besides. Sealed values are masked, money is in fen.
    records: Vec<Value>,
    /// Give it as `after` for the next page.
    next: Option<String>,
}

/// Records to be put in.
#[derive(Deserialize, ToSchema)]
struct NewRecords {
    /// Why, for the history.
    reason: String,
    /// Records by their fields. One whose key is known changes that record.
    #[schema(value_type = Vec<Object>)]
    records: Vec<Map<String, Value>>,
}

/// What became of the records, in their order.
#[derive(Serialize, ToSchema)]
struct PutRecords {
    records: Vec<PutRecord>,
}

/// What became of one.
#[derive(Serialize, ToSchema)]
struct PutRecord {
    id: i64,
    /// `added`, `changed`, `unchanged`.
    done: &'static str,
}

/// The registers that the post reads.
#[utoipa::path(get, path = "/api/v1/records", tag = "records",
    responses((status = 200, body = Vec<RegisterJson>), (status = 401, body = super::Problem)))]
async fn registers(desk: Desk<ReadRecords>) -> Json<Vec<RegisterJson>> {
    let open = records::readable(desk.office(), desk.actor());
    let names = |list: &[catalogue::Reference]| list.iter().map(|id| id.get().clone()).collect();
    Json(
        open.iter()
            .map(|open| {
                let register = open.register();
                RegisterJson {
                    id: register.id.get().clone(),
                    title: register.title.clone(),
                    chapter: register.chapter.clone(),
                    summary: register.summary.clone(),
                    key: names(&register.key),
                    filters: names(&register.list.filters),
                }
            })
            .collect(),
    )
}

/// What happened behind which number.
#[derive(Deserialize, IntoParams)]
struct Behind {
    /// `next` of the answer before; 0 or nothing from the beginning.
    after: Option<i64>,
    /// Only of this register.
    register: Option<String>,
}

/// Something that happened to a record. What is in it now is at `/api/v1/records/{register}/{record}`.
#[derive(Serialize, ToSchema)]
struct EventJson {
    seq: i64,
    register: String,
    record: i64,
    version: i64,
    /// `added`, `changed`, `corrected`, `moved`, `imported`, `undone`, `duty`, `entered`, `fed`.
    deed: String,
    state: String,
    /// Unix time in milliseconds.
    at: i64,
}

/// What happened, in order.
#[derive(Serialize, ToSchema)]
struct EventsPage {
    events: Vec<EventJson>,
    /// Give it as `after` the next time.
    next: i64,
}

/// What became of the records in one's area, in order; at most 500 at a time. Ask again from `next`: nothing is missed, nothing comes twice.
#[utoipa::path(get, path = "/api/v1/record-events", tag = "records", params(Behind),
    responses((status = 200, body = EventsPage), (status = 401, body = super::Problem), (status = 404, body = super::Problem)))]
async fn events(desk: Desk<ReadRecords>, Query(behind): Query<Behind>) -> Result<Json<EventsPage>, Fault> {
    let after = behind.after.unwrap_or(0);
    let found =
        record_events::events(desk.office(), desk.granted(), behind.register.as_deref(), after).await?;
    Ok(Json(EventsPage {
        next: found.last().map_or(after, |last| last.seq),
        events: found
            .into_iter()
            .map(|event| EventJson {
                seq: event.seq,
                register: event.register,
                record: event.record.0,
                version: event.version,
                deed: event.deed,
                state: event.state,
                at: event.at,
            })
            .collect(),
    }))
}

/// Records of a register in one's area. Audited.
#[utoipa::path(get, path = "/api/v1/records/{register}", tag = "records",
    params(("register" = String, Path, description = "The register's id"), Asked),
    responses((status = 200, body = RecordsPage), (status = 401, body = super::Problem), (status = 404, body = super::Problem)))]
async fn list(
    desk: Desk<ReadRecords>,
    Path(register): Path<String>,
    Query(asked): Query<Asked>,
    Query(pairs): Query<Vec<(String, String)>>,
) -> Result<Json<RecordsPage>, Fault> {
    let open = records::open(desk.office(), desk.actor(), &register, Right::ReadRecords)?;
    let cursor = asked.after.as_deref().map(str::parse::<Cursor>).transpose()?;
    let sort = asked.sort.unwrap_or_default();
    let (sort, descending) = sort.strip_prefix('-').map_or((sort.as_str(), false), |sort| (sort, true));
    let given = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    let division = match asked.division.as_deref().filter(|code| !code.is_empty()) {
        Some(code) => {
            let db = desk.office().db();
            let found = divisions::by_code(db, code).await?;
            divisions::within(db, desk.actor().division, found.id).await?;
            Some(found.id)
        }
        None => None,
    };
    let narrowed = Narrowed {
        words: asked.q.as_deref().and_then(given),
        division,
        state: match asked.state.as_deref() {
            None | Some("") => Some("open".to_owned()),
            Some("all") => None,
            Some(state) => Some(state.to_owned()),
        },
        fields: pairs
            .into_iter()
            .filter_map(|(name, value)| Some((name.strip_prefix("f.")?.to_owned(), value)))
            .collect(),
        sort: given(sort),
        descending,
        columns: Vec::new(),
        summed: false,
    };
    let page =
        resource::page(desk.office(), desk.granted(), &open, &narrowed, cursor.as_ref(), PAGE_ROWS).await?;
    Ok(Json(RecordsPage {
        count: page.count.counted,
        count_is_capped: page.count.more,
        records: page.records,
        next: page.next.map(|next| next.to_string()),
    }))
}

/// One record. Audited.
#[utoipa::path(get, path = "/api/v1/records/{register}/{record}", tag = "records",
    params(("register" = String, Path, description = "The register's id"), ("record" = i64, Path, description = "The record's id")),
    responses((status = 200, body = Object), (status = 401, body = super::Problem), (status = 404, body = super::Problem)))]
async fn one(
    desk: Desk<ReadRecords>,
    Path((register, record)): Path<(String, RecordId)>,
) -> Result<Json<Value>, Fault> {
    let open = records::open(desk.office(), desk.actor(), &register, Right::ReadRecords)?;
    Ok(Json(resource::one(desk.office(), desk.granted(), &open, record).await?))
}

/// Put records in by the register's key: all or none. Faults come back as `row.field`, rows from 0.
#[utoipa::path(post, path = "/api/v1/records/{register}", tag = "records",
    params(("register" = String, Path, description = "The register's id")), request_body = NewRecords,
    responses((status = 200, body = PutRecords), (status = 401, body = super::Problem), (status = 404, body = super::Problem),
        (status = 409, body = super::Problem), (status = 422, body = super::Problem)))]
async fn put(
    desk: Desk<KeepRecords>,
    Path(register): Path<String>,
    Key(key): Key,
    Body(new): Body<NewRecords>,
) -> Result<Json<PutRecords>, Fault> {
    let open = records::open(desk.office(), desk.actor(), &register, Right::KeepRecords)?;
    let who = desk.who();
    let done =
        resource::put(desk.office(), desk.granted(), &open, &new.records, &new.reason, (&key, &who)).await?;
    let records = done.into_iter().map(|put| PutRecord {
        id: put.id().0,
        done: match put {
            Put::Added(_) => "added",
            Put::Changed(_) => "changed",
            Put::Unchanged(_) => "unchanged",
        },
    });
    Ok(Json(PutRecords { records: records.collect() }))
}

/// The description with every register of the release as a resource of its own, its fields typed.
pub(super) fn describe(mut description: Value, release: &Release) -> Value {
    for register in release.registers.iter() {
        let name = format!("Record_{}", register.id);
        let schema = schema(release, register);
        if let Some(schemas) = description.pointer_mut("/components/schemas").and_then(Value::as_object_mut) {
            schemas.insert(name.clone(), schema);
        }
        let reference = json!({ "$ref": format!("#/components/schemas/{name}") });
        let content = |schema: Value| json!({ "application/json": { "schema": schema } });
        let path = json!({
            "get": {
                "tags": [register.chapter], "summary": format!("{}：列出", register.title), "operationId": format!("list_{}", register.id),
                "parameters": parameters(register),
                "responses": { "200": { "description": register.summary, "content": content(json!({
                    "type": "object",
                    "properties": {
                        "count": { "type": "integer" }, "count_is_capped": { "type": "boolean" },
                        "records": { "type": "array", "items": reference }, "next": { "type": ["string", "null"] },
                    },
                })) } },
            },
            "post": {
                "tags": [register.chapter], "summary": format!("{}：按主键新增或更新", register.title), "operationId": format!("put_{}", register.id),
                "parameters": [{ "name": "Idempotency-Key", "in": "header", "required": true, "schema": { "type": "string" } }],
                "requestBody": { "required": true, "content": content(json!({
                    "type": "object", "required": ["reason", "records"],
                    "properties": { "reason": { "type": "string" }, "records": { "type": "array", "items": reference } },
                })) },
                "responses": { "200": { "description": "每条记录的结果", "content": content(json!({ "$ref": "#/components/schemas/PutRecords" })) } },
            },
        });
        if let Some(paths) = description.pointer_mut("/paths").and_then(Value::as_object_mut) {
            paths.insert(format!("/api/v1/records/{}", register.id), path);
        }
    }
    description
}

fn parameters(register: &Register) -> Value {
    let mut list = vec![
        json!({ "name": "q", "in": "query", "schema": { "type": "string" } }),
        json!({ "name": "state", "in": "query", "schema": { "type": "string" } }),
        json!({ "name": "sort", "in": "query", "schema": { "type": "string" } }),
        json!({ "name": "after", "in": "query", "schema": { "type": "string" } }),
    ];
    for filter in &register.list.filters {
        let label = register.field(filter).map_or("", |field| field.label.as_str());
        list.push(json!({ "name": format!("f.{filter}"), "in": "query", "description": label, "schema": { "type": "string" } }));
    }
    Value::Array(list)
}

fn schema(release: &Release, register: &Register) -> Value {
    let mut properties = Map::new();
    properties.insert("_id".to_owned(), json!({ "type": "integer", "readOnly": true }));
    properties.insert("_version".to_owned(), json!({ "type": "integer", "readOnly": true }));
    properties.insert("_state".to_owned(), json!({ "type": "string", "readOnly": true }));
    let mut required = Vec::new();
    for (_, field) in register.fields() {
        properties.insert(field.id.get().clone(), property(release, field));
        if matches!(field.required, Requirement::Always) {
            required.push(json!(field.id.get()));
        }
    }
    for of in register.lists() {
        let row: Map<String, Value> = register
            .list_fields(of)
            .map(|field| (field.id.get().clone(), property(release, field)))
            .collect();
        properties.insert(
            of.to_owned(),
            json!({ "type": "array", "items": { "type": "object", "properties": row } }),
        );
    }
    json!({ "type": "object", "title": register.title, "description": register.summary, "properties": properties, "required": required })
}

fn property(release: &Release, field: &Field) -> Value {
    let mut property = match *field.kind {
        FieldKind::YesNo => json!({ "type": "boolean" }),
        FieldKind::Integer | FieldKind::MemberRef => json!({ "type": "integer" }),
        FieldKind::Money => json!({ "type": "integer", "x-unit": "fen" }),
        FieldKind::Date => json!({ "type": "string", "format": "date" }),
        FieldKind::Choices | FieldKind::File | FieldKind::Files => {
            json!({ "type": "array", "items": { "type": "string" } })
        }
        _ if field.target().is_some() => json!({ "type": ["integer", "string"] }),
        _ => json!({ "type": "string" }),
    };
    let codes = field.codelist.as_ref().and_then(|list| release.codelists.get(list));
    if let Some(object) = property.as_object_mut() {
        object.insert("title".to_owned(), json!(field.label));
        if let Some(hint) = &field.hint {
            object.insert("description".to_owned(), json!(hint));
        }
        if field.computed.is_some() {
            object.insert("readOnly".to_owned(), json!(true));
        }
        if let Some(codes) = codes.filter(|_| *field.kind == FieldKind::Choice) {
            let codes: Vec<&str> = codes.values.iter().map(|code| code.code.as_str()).collect();
            object.insert("enum".to_owned(), json!(codes));
        }
    }
    property
}
