//! 核对询问 for a department's own system: what is asked of it, and its answers. The account, rights and audit are those of the page
//! ([`crate::desk`]): a department sees what it is asked in its division, and no case.

#![expect(unused_qualifications, reason = "`utoipa::path` writes the query's type with its path")]

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::Query;
use catalogue::definition::AnswerKind;
use chrono::NaiveDate;
use office::access::AnswerCheck;
use office::means_test::check::department::{self, QuestionLine};
use office::means_test::check::{AskView, CheckRequestId, Typed};
use serde::{Deserialize, Serialize};
use store::Cursor;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{Body, Key};
use crate::error::Fault;
use crate::extract::{Desk, Path};
use crate::state::AppState;

pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(questions))
        .routes(routes!(question))
        .routes(routes!(reveal))
        .routes(routes!(answer))
}

/// Where to go on.
#[derive(Deserialize, IntoParams)]
struct Asked {
    /// `next` of the page before.
    after: Option<String>,
}

/// Questions that wait for the account's department, the oldest first.
#[derive(Serialize, ToSchema)]
struct QuestionsPage {
    questions: Vec<QuestionJson>,
    /// Give it as `after` for the next page.
    next: Option<String>,
}

/// A question.
#[derive(Serialize, ToSchema)]
struct QuestionJson {
    id: i64,
    /// Whom it is about.
    name: String,
    /// Masked.
    citizen_id: String,
    /// Id of the data set.
    dataset: String,
    title: String,
    /// Which county asks.
    county: String,
    asked_on: NaiveDate,
    /// The last day to answer.
    due_on: Option<NaiveDate>,
    overdue: bool,
    /// Asked again after the family objected.
    recheck: bool,
    /// Some of it was answered.
    partly: bool,
}

impl From<QuestionLine> for QuestionJson {
    fn from(line: QuestionLine) -> QuestionJson {
        let QuestionLine {
            id,
            name,
            citizen_id,
            dataset,
            title,
            county,
            asked_on,
            due_on,
            overdue,
            recheck,
            partly,
        } = line;
        QuestionJson {
            id: id.0,
            name,
            citizen_id,
            dataset,
            title,
            county,
            asked_on,
            due_on,
            overdue,
            recheck,
            partly,
        }
    }
}

/// A question with what is asked.
#[derive(Serialize, ToSchema)]
struct WholeQuestion {
    #[serde(flatten)]
    question: QuestionJson,
    /// Why it is asked.
    purpose: String,
    /// When the person signed the consent that covers it.
    consented_on: NaiveDate,
    /// What was answered already is not asked again.
    asks: Vec<AskJson>,
}

/// One thing that is asked.
#[derive(Serialize, ToSchema)]
struct AskJson {
    /// Key of its answer.
    id: String,
    title: String,
    /// `yes_no` (`true`, `false`), `band` (a code of `choices`), `date` (`2026-03-01`) or `amount` (yuan, `1500.00`).
    kind: &'static str,
    choices: Vec<ChoiceJson>,
}

/// A band.
#[derive(Serialize, ToSchema)]
struct ChoiceJson {
    code: String,
    title: String,
}

impl From<AskView> for AskJson {
    fn from(ask: AskView) -> AskJson {
        AskJson {
            kind: match ask.kind {
                AnswerKind::YesNo => "yes_no",
                AnswerKind::Band => "band",
                AnswerKind::Date => "date",
                AnswerKind::Amount => "amount",
            },
            id: ask.id,
            title: ask.title,
            choices: ask.choices.into_iter().map(|(code, title)| ChoiceJson { code, title }).collect(),
        }
    }
}

/// Whom a question is about.
#[derive(Serialize, ToSchema)]
struct Revealed {
    name: String,
    /// Whole.
    citizen_id: String,
}

/// A department's answer.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewAnswer {
    /// `values`, `no_record` or `refused`.
    how: How,
    /// Answers by the id of what is asked, as text; what is left out is answered later.
    #[serde(default)]
    values: BTreeMap<String, String>,
    /// The day of the data; today when it is left out.
    as_of: Option<NaiveDate>,
    /// Why the department does not answer.
    #[serde(default)]
    reason: String,
}

/// What the department says.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum How {
    /// What is held about the person.
    Values,
    /// Nothing is held.
    NoRecord,
    /// The department does not answer.
    Refused,
}

/// How far the question is now.
#[derive(Serialize, ToSchema)]
struct Answered {
    /// `partly`, `answered`, `no_record` or `refused`.
    state: String,
}

/// What waits for the account's department, fifty at a time. Audited.
#[utoipa::path(get, path = "/api/v1/department/questions", tag = "department", params(Asked),
    responses((status = 200, body = QuestionsPage), (status = 401, body = super::Problem), (status = 404, body = super::Problem)))]
async fn questions(
    desk: Desk<AnswerCheck>,
    Query(asked): Query<Asked>,
) -> Result<Json<QuestionsPage>, Fault> {
    let after = asked.after.as_deref().map(str::parse::<Cursor>).transpose()?;
    let page = department::questions(desk.office(), desk.granted(), after.as_ref()).await?;
    Ok(Json(QuestionsPage {
        questions: page.rows.into_iter().map(QuestionJson::from).collect(),
        next: page.next.map(|next| next.to_string()),
    }))
}

/// One question with what is asked. Audited. What is settled, or asked of others, is not there.
#[utoipa::path(get, path = "/api/v1/department/questions/{check_request}", tag = "department",
    params(("check_request" = i64, Path, description = "The question's id")),
    responses((status = 200, body = WholeQuestion), (status = 401, body = super::Problem), (status = 404, body = super::Problem)))]
async fn question(
    desk: Desk<AnswerCheck>,
    Path(id): Path<CheckRequestId>,
) -> Result<Json<WholeQuestion>, Fault> {
    let whole = department::question(desk.office(), desk.granted(), id).await?;
    Ok(Json(WholeQuestion {
        question: whole.line.into(),
        purpose: whole.purpose,
        consented_on: whole.consented_on,
        asks: whole.asks.into_iter().map(AskJson::from).collect(),
    }))
}

/// The whole citizen ID of the person of a question, to find them by. Each time is written down before it is answered.
#[utoipa::path(post, path = "/api/v1/department/questions/{check_request}/reveal", tag = "department",
    params(("check_request" = i64, Path, description = "The question's id")),
    responses((status = 200, body = Revealed), (status = 401, body = super::Problem), (status = 404, body = super::Problem)))]
async fn reveal(desk: Desk<AnswerCheck>, Path(id): Path<CheckRequestId>) -> Result<Json<Revealed>, Fault> {
    let (name, citizen_id) = department::reveal(desk.office(), desk.granted(), id).await?;
    Ok(Json(Revealed { name, citizen_id }))
}

/// Answer a question, whole or in part. Problems come back by `ask_<id>`, `as_of` or `reason`.
#[utoipa::path(post, path = "/api/v1/department/questions/{check_request}/answer", tag = "department",
    params(("check_request" = i64, Path, description = "The question's id"),
        ("Idempotency-Key" = String, Header, description = "8 to 100 visible ASCII characters")),
    request_body = NewAnswer,
    responses((status = 200, body = Answered), (status = 401, body = super::Problem), (status = 404, body = super::Problem),
        (status = 409, body = super::Problem), (status = 422, body = super::Problem)))]
async fn answer(
    desk: Desk<AnswerCheck>,
    Path(id): Path<CheckRequestId>,
    Key(key): Key,
    Body(new): Body<NewAnswer>,
) -> Result<Json<Answered>, Fault> {
    let NewAnswer { how, values, as_of, reason } = new;
    let how = match how {
        How::Values => "values",
        How::NoRecord => "no_record",
        How::Refused => "refused",
    };
    let typed = Typed { how: how.to_owned(), values, as_of, reason };
    let state = department::reply(desk.office(), desk.granted(), id, &typed, &key).await?;
    Ok(Json(Answered { state: state.to_string() }))
}
