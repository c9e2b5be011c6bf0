//! What words may mean in a field that points at something, while they are typed: a script offers it under the field. Without scripts the same is
//! looked up when the form is sent.

use axum::Json;
use axum::extract::Query;
use axum::response::{IntoResponse as _, Response};
use office::access::{ReadRecords, Right};
use office::forms::{Answers, FieldPath, Raw, referred_id};
use office::records::{look_up, sees};
use serde::Deserialize;

use super::asked::{found, points};
use super::opened;
use crate::error::Fault;
use crate::extract::{Desk, Path};

/// Fewer characters mean too much.
const WORDS_MIN: usize = 2;

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Typed {
    q: String,
}

/// `GET /desk/records/{register}/pick/{pointing}`: as a list of texts that the field takes.
pub(super) async fn offered(
    desk: Desk<ReadRecords>,
    Path((register, pointing)): Path<(String, String)>,
    Query(typed): Query<Typed>,
) -> Result<Response, Fault> {
    let open = opened(&desk, &register, Right::ReadRecords)?;
    let form = open.release().record_form(&open.register().id).ok_or(Fault::Hidden)?;
    let (page, field) = form
        .fields()
        .find(|(_, field)| field.id == *pointing && points(field) && sees(desk.actor(), field))
        .ok_or(Fault::Hidden)?;
    let words = typed.q.trim();
    // What stands there with its number was found already: nobody goes through numbers here to read whose they are.
    if words.chars().count() < WORDS_MIN || referred_id(words).is_some() {
        return Ok(Json(Vec::<String>::new()).into_response());
    }
    let mut answers = Answers::new();
    if let Some(repeat) = &page.repeat {
        answers.go_over(&repeat.of, 1);
    }
    let path = FieldPath::new(page, Some(0), field);
    answers.set(&path, Raw::from(words));
    let looked = look_up(desk.office(), desk.actor(), form, &mut answers).await?;
    let said = answers.get(&path).map(|raw| raw.text().to_owned()).unwrap_or_default();
    let meant: Vec<String> = match found(field, &said, &looked) {
        Some((_, shown)) => vec![shown],
        None => {
            let several = looked.candidates.get(&path.to_string()).into_iter().flatten();
            several.map(|(value, _)| value.clone()).collect()
        }
    };
    Ok(Json(meant).into_response())
}
