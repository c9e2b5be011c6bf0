//! 第三方评估: what an assessor from outside says of an evaluation, append only, and what the office answers.

use serde::{Deserialize, Serialize};
use serde_json::json;
use store::{AuditEntry, Query};
use vocab::Now;

use super::{Evaluation, opened};
use crate::access::{CommentPlan, Granted, ManagePlan};
use crate::plans::{EVERYBODYS, Installed, PlanCommentId, words};
use crate::{Office, OfficeError, audited};

/// What somebody said, and the answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Comment {
    /// Its id.
    pub id: i64,
    /// What it is about: a block, an indicator, or all.
    pub about: String,
    /// What was said.
    pub words: String,
    /// By whom.
    pub by: String,
    /// When, in words.
    pub at: String,
    /// The office's answer.
    pub answer: Option<String>,
    /// By whom.
    pub answered_by: Option<String>,
}

/// What was said of an evaluation, the oldest first.
pub(super) async fn list(
    office: &Office,
    plan: &Installed,
    evaluation: Evaluation,
) -> Result<Vec<Comment>, OfficeError> {
    let list = Query::system(
        EVERYBODYS,
        "SELECT c.id, c.about, c.words, s.name AS written_by_name, c.written_at, a.words AS answer, t.name AS answered_by_name \
         FROM plan_evaluation_comment c JOIN staff s ON s.id = c.written_by LEFT JOIN plan_evaluation_answer a ON a.comment_id = c.id \
         LEFT JOIN staff t ON t.id = a.answered_by WHERE c.plan = ? AND c.kind = ? AND c.year = ? ORDER BY c.id",
    )
    .bind(plan.id())
    .bind(evaluation.kind.code())
    .bind(i64::from(evaluation.year))
    .all_as(office.db(), |row| {
        Ok(Comment {
            id: row.get("id")?,
            about: row.get("about")?,
            words: row.get("words")?,
            by: row.get("written_by_name")?,
            at: Now::from_unix_ms(row.get("written_at")?).zh(),
            answer: row.get("answer")?,
            answered_by: row.get("answered_by_name")?,
        })
    })
    .await?;
    Ok(list)
}

/// Says something of an evaluation. It cannot be changed or taken back.
///
/// # Errors
/// [`OfficeError::Invalid`] without words; [`OfficeError::NotFound`] as for every page of the evaluation.
pub async fn comment(
    office: &Office,
    actor: &Granted<CommentPlan>,
    code: &str,
    about: &str,
    said: &str,
) -> Result<PlanCommentId, OfficeError> {
    let (plan, evaluation) = opened(office, actor, code).await?;
    let about = match about.trim() {
        "" => "总体".to_owned(),
        about => words("about", about, "", 100)?,
    };
    let said = words("comment", said, "请写明评估意见。", 3000)?;
    let now = office.now();
    let tx = office.db().begin().await?;
    let id = Query::system(
        EVERYBODYS,
        "INSERT INTO plan_evaluation_comment (plan, kind, year, about, words, written_by, written_at) VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING id",
    )
    .bind(plan.id())
    .bind(evaluation.kind.code())
    .bind(i64::from(evaluation.year))
    .bind(about)
    .bind(said)
    .bind(actor.staff)
    .bind(now.at_ms())
    .insert(&tx)
    .await?;
    tx.audit(AuditEntry {
        division: Some(plan.home.id),
        details: json!({ "evaluation": evaluation.code() }),
        ..audited(now.at_ms(), actor.audit(), "plan.evaluation_commented", ("plan_evaluation_comment", id))
    })
    .await?;
    tx.commit().await?;
    Ok(PlanCommentId(id))
}

/// Answers what was said, once.
///
/// # Errors
/// [`OfficeError::Invalid`] without words; [`OfficeError::Conflict`] when it was answered; [`OfficeError::NotFound`].
pub async fn answer(
    office: &Office,
    actor: &Granted<ManagePlan>,
    code: &str,
    comment: PlanCommentId,
    said: &str,
) -> Result<(), OfficeError> {
    let (plan, evaluation) = opened(office, actor, code).await?;
    let list = list(office, &plan, evaluation).await?;
    let found = list.iter().find(|one| one.id == comment.0).ok_or(OfficeError::NotFound("这条意见"))?;
    if found.answer.is_some() {
        return Err(OfficeError::Conflict("这条意见已经答复过了。".to_owned()));
    }
    let said = words("answer", said, "请写明怎样处理这条意见；不采纳的，写明为什么。", 2000)?;
    let now = office.now();
    let tx = office.db().begin().await?;
    Query::system(
        EVERYBODYS,
        "INSERT INTO plan_evaluation_answer (comment_id, words, answered_by, answered_at) VALUES (?, ?, ?, ?)",
    )
    .bind(comment)
    .bind(said)
    .bind(actor.staff)
    .bind(now.at_ms())
    .execute(&tx)
    .await?;
    tx.audit(AuditEntry {
        division: Some(plan.home.id),
        details: json!({ "evaluation": evaluation.code() }),
        ..audited(
            now.at_ms(),
            actor.audit(),
            "plan.evaluation_answered",
            ("plan_evaluation_comment", comment.0),
        )
    })
    .await?;
    tx.commit().await?;
    Ok(())
}
