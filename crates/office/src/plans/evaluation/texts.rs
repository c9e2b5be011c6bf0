//! Text blocks of an evaluation. Each version stays; the newest is printed in every later run.

use serde_json::json;
use store::{AuditEntry, Query};
use vocab::Now;

use super::{Evaluation, opened};
use crate::access::{Granted, ManagePlan};
use crate::plans::{EVERYBODYS, Installed};
use crate::{Office, OfficeError, audited};

/// A block of the report that people write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Section {
    /// How forms and tables spell it.
    pub id: &'static str,
    /// Its heading.
    pub title: &'static str,
    /// What belongs there.
    pub hint: &'static str,
}

/// The blocks in the order of the report.
pub const SECTIONS: [Section; 5] = [
    Section {
        id: "overall",
        title: "总体评价",
        hint: "对规划实施情况的总的判断。指标和项目的统计由系统写在前面。",
    },
    Section {
        id: "deeds",
        title: "主要做法和成效",
        hint: "采取了哪些措施，取得了什么效果，有哪些典型经验。",
    },
    Section {
        id: "problems", title: "存在的问题和原因", hint: "哪些指标、项目滞后，为什么。"
    },
    Section {
        id: "changes",
        title: "指标和任务调整说明",
        hint: "为什么调整，依据什么文件。调整明细由系统列出。",
    },
    Section {
        id: "proposals",
        title: "下一步措施和建议",
        hint: "针对问题要采取的措施，需要上级支持的事项。",
    },
];

/// A text block as it is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    /// The block.
    pub section: Section,
    /// What is written; empty until somebody wrote.
    pub words: String,
    /// Who wrote it last.
    pub by: Option<String>,
    /// When.
    pub at: Option<Now>,
}

/// Longest text of a block, in characters.
pub const TEXT_CHARS_MAX: u32 = 6000;

/// The newest text of every block.
pub(super) async fn newest(
    office: &Office,
    plan: &Installed,
    evaluation: Evaluation,
) -> Result<Vec<Text>, OfficeError> {
    let rows = Query::system(
        EVERYBODYS,
        "SELECT t.section, t.words, s.name AS written_by_name, t.written_at FROM plan_evaluation_text t JOIN staff s ON s.id = t.written_by \
         WHERE t.plan = ? AND t.kind = ? AND t.year = ? AND t.id IN (SELECT max(n.id) FROM plan_evaluation_text n \
         WHERE n.plan = t.plan AND n.kind = t.kind AND n.year = t.year GROUP BY n.section)",
    )
    .bind(plan.id())
    .bind(evaluation.kind.code())
    .bind(i64::from(evaluation.year))
    .all_as(office.db(), |row| {
        Ok((
            row.get::<String>("section")?,
            row.get::<String>("words")?,
            row.get::<String>("written_by_name")?,
            Now::from_unix_ms(row.get("written_at")?),
        ))
    })
    .await?;
    let text = |section: Section| match rows.iter().find(|(id, ..)| id == section.id) {
        Some((_, words, by, at)) => {
            Text { section, words: words.clone(), by: Some(by.clone()), at: Some(*at) }
        }
        None => Text { section, words: String::new(), by: None, at: None },
    };
    Ok(SECTIONS.map(text).into())
}

/// Writes the blocks that differ from what is there; says how many.
///
/// # Errors
/// [`OfficeError::Invalid`] for a text that is too long; [`OfficeError::NotFound`] as for every page of the evaluation.
pub async fn write(
    office: &Office,
    actor: &Granted<ManagePlan>,
    code: &str,
    written: &[(&str, &str)],
) -> Result<usize, OfficeError> {
    let (plan, evaluation) = opened(office, actor, code).await?;
    let known = newest(office, &plan, evaluation).await?;
    let mut changed = Vec::new();
    for text in &known {
        let sent = written.iter().find(|(id, _)| *id == text.section.id);
        let Some((id, words)) = sent.map(|(id, words)| (*id, words.replace("\r\n", "\n").trim().to_owned()))
        else {
            continue;
        };
        if u32::try_from(words.chars().count()).unwrap_or(u32::MAX) > TEXT_CHARS_MAX {
            return Err(OfficeError::invalid(id, format!("不能超过 {TEXT_CHARS_MAX} 字。")));
        }
        if words != text.words {
            changed.push((text.section, words));
        }
    }
    if changed.is_empty() {
        return Ok(0);
    }
    let now = office.now();
    let tx = office.db().begin().await?;
    for (section, words) in &changed {
        Query::system(
            EVERYBODYS,
            "INSERT INTO plan_evaluation_text (plan, kind, year, section, words, written_by, written_at) VALUES (?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(plan.id())
        .bind(evaluation.kind.code())
        .bind(i64::from(evaluation.year))
        .bind(section.id)
        .bind(words.as_str())
        .bind(actor.staff)
        .bind(now.at_ms())
        .execute(&tx)
        .await?;
    }
    let sections: Vec<&str> = changed.iter().map(|(section, _)| section.id).collect();
    tx.audit(AuditEntry {
        division: Some(plan.home.id),
        details: json!({ "evaluation": evaluation.code(), "sections": sections }),
        ..audited(now.at_ms(), actor.audit(), "plan.evaluation_written", ("division", plan.home.id.0))
    })
    .await?;
    tx.commit().await?;
    Ok(changed.len())
}
