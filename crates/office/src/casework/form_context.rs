//! What a form is read against: the divisions and files that it mentions, looked up; and the members on file.

use catalogue::Release;
use catalogue::definition::Form;
use rules::Context;
use store::{Connection, HouseholdId, Query};
use vocab::Now;

use super::situation::CaseRow;
use super::{AttachmentId, attachments};
use crate::forms::{Answers, Checked, FormContext, Mentions, UploadedFile};
use crate::{OfficeError, Problem};

/// Looks everything up that the answers mention. Files count if the owner uploaded them or they belong to the case.
///
/// # Errors
/// The database's.
#[expect(clippy::too_many_arguments, reason = "everything a form is read against")]
pub async fn load<'a>(
    connection: &impl Connection,
    release: &'a Release,
    form: &Form,
    answers: &Answers,
    owner: &str,
    case: Option<&CaseRow>,
    now: Now,
) -> Result<FormContext<'a>, OfficeError> {
    let mut context = FormContext::new(release, now);
    let mentions = Mentions::of(form, answers);
    for code in mentions.divisions {
        if let Some(division) =
            store::divisions::division_by_code(connection, code.as_str(), now.today()).await?
        {
            let path = store::divisions::division_path(connection, division.id).await?;
            let name = path.iter().map(|division| division.name.as_str()).collect::<Vec<_>>().join(" ");
            context.divisions.insert(code, name);
        }
    }
    let ids: Vec<AttachmentId> = mentions.attachments.iter().filter_map(|id| id.parse().ok()).collect();
    if !ids.is_empty() {
        let mut found = attachments::owned(connection, owner, &ids).await?;
        if let Some(case) = case {
            found.extend(attachments::tied(connection, case.id, &ids).await?);
        }
        for file in found {
            let uploaded = UploadedFile { name: file.name, bytes: u64::try_from(file.size).unwrap_or(0) };
            context.attachments.insert(file.id.to_string(), uploaded);
        }
    }
    if let Some(case) = case {
        context.on_file.insert("member".to_owned(), members(connection, case.household, now).await?);
    }
    Ok(context)
}

/// Names of a family's members in the order in which facts about them are recorded. The caller may see the family.
///
/// # Errors
/// The database's.
pub async fn members(
    connection: &impl Connection,
    household: HouseholdId,
    now: Now,
) -> Result<Vec<String>, OfficeError> {
    let scope = store::Scope::System("the members of a family whose case the caller may see");
    let members =
        crate::people::members_as_of(connection, &scope, household, now.today(), now.at_ms()).await?;
    let mut names = Vec::with_capacity(members.len());
    for member in members {
        let name: String = Query::system(
            "a member of a family whose case the caller may see",
            "SELECT name FROM person WHERE id = ?",
        )
        .bind(member.person)
        .scalar(connection)
        .await?;
        names.push(name);
    }
    Ok(names)
}

/// The answers if all are right, else every problem.
pub(super) fn right_or_problems(checked: Checked) -> Result<Checked, OfficeError> {
    if checked.is_right() {
        return Ok(checked);
    }
    let problems = checked
        .errors
        .iter()
        .map(|(field, message)| Problem { field: field.to_owned(), message: message.to_owned() })
        .collect();
    Err(OfficeError::Invalid(problems))
}

/// The files that the answers name.
pub(super) fn files(form: &Form, answers: &Answers) -> Vec<AttachmentId> {
    Mentions::of(form, answers).attachments.iter().filter_map(|id| id.parse().ok()).collect()
}

/// A context for expressions that read no parameters: guards of actions.
pub(super) fn dates_only(now: Now) -> Context {
    Context::new(now.month(), now.today(), now.today())
}
