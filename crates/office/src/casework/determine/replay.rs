//! Asking again what a row was answered, from the row alone.

use std::collections::BTreeMap;
use std::sync::Arc;

use catalogue::Release;
use rules::{Context, Record};
use store::{Query, Row};

use super::DeterminationId;
use super::kept::{digest, text_of};
use crate::{Office, OfficeError, releases};

/// A determination that does not come out again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mismatch {
    /// The stored row.
    pub id: DeterminationId,
    /// What differs, Chinese.
    pub what: String,
}

/// Replays every determination from its own row and the release it names.
///
/// # Errors
/// The database's, or a release that is not kept any more.
pub async fn verify(
    office: &Office,
    mut each: impl FnMut(u64) + Send,
) -> Result<(u64, Vec<Mismatch>), OfficeError> {
    let mut kept: BTreeMap<String, Arc<Release>> = BTreeMap::new();
    let (mut last, mut count, mut mismatches) = (0_i64, 0_u64, Vec::new());
    loop {
        let rows = Query::system(
            "replay of everything",
            "SELECT id, programme, release_hash, language_version, inputs, context, result, digest FROM determination \
             WHERE id > ? ORDER BY id LIMIT 500",
        )
        .bind(last)
        .all(office.db())
        .await?;
        if rows.is_empty() {
            return Ok((count, mismatches));
        }
        for row in &rows {
            last = row.get("id")?;
            count += 1;
            if let Some(what) = replay(office, row, &mut kept).await? {
                mismatches.push(Mismatch { id: DeterminationId(last), what });
            }
        }
        each(count);
    }
}

async fn replay(
    office: &Office,
    row: &Row,
    kept: &mut BTreeMap<String, Arc<Release>>,
) -> Result<Option<String>, OfficeError> {
    let hash: String = row.get("release_hash")?;
    let (inputs, context, result): (String, String, String) =
        (row.get("inputs")?, row.get("context")?, row.get("result")?);
    let language: String = row.get("language_version")?;
    if row.get::<String>("digest")? != digest(&hash, &language, &inputs, &context, &result) {
        return Ok(Some("存储的内容被改动过，摘要不符".to_owned()));
    }
    if language != rules::LANGUAGE_VERSION {
        return Ok(Some(format!("由语言版本 {language} 作出，本程序是 {}", rules::LANGUAGE_VERSION)));
    }
    if !kept.contains_key(&hash) {
        let release = releases::kept(office, &hash).await?;
        kept.insert(hash.clone(), release);
    }
    let release = &kept[&hash];
    let Some(programme) = release.rules(&row.get::<String>("programme")?) else {
        return Ok(Some("规则包里没有这个待遇项目".to_owned()));
    };
    let (Ok(record), Ok(context)) =
        (serde_json::from_str::<Record>(&inputs), serde_json::from_str::<Context>(&context))
    else {
        return Ok(Some("存储的输入读不出来".to_owned()));
    };
    let again = text_of(&programme.decide(&record, &context))?;
    Ok((again != result).then(|| "重算的结论与存储的不同".to_owned()))
}
