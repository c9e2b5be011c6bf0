//! What a form is read against: the divisions and files that it mentions, looked up; and the members on file.

use std::collections::BTreeMap;

use catalogue::Release;
use catalogue::definition::Form;
use rules::Context;
use store::{Connection, HouseholdId, PersonId, Query};
use vocab::{DivisionCode, Now};

use super::situation::CaseRow;
use super::{AttachmentId, attachments};
use crate::forms::{Answers, Checked, FormContext, Mentions, UploadedFile};
use crate::{OfficeError, Problem};

/// Looks everything up that the answers mention. Files count if the owner uploaded them or they belong to the case.
///
/// # Errors
/// The database's.
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
        if let Some(name) = division_name(connection, &code, now).await? {
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

/// Where a division lies, from above to below.
async fn division_name(
    connection: &impl Connection,
    code: &DivisionCode,
    now: Now,
) -> Result<Option<String>, OfficeError> {
    let found = store::divisions::division_by_code(connection, code.as_str(), now.today()).await?;
    let Some(division) = found else { return Ok(None) };
    let path = store::divisions::division_path(connection, division.id).await?;
    Ok(Some(path.iter().map(|division| division.name.as_str()).collect::<Vec<_>>().join(" ")))
}

/// What all filled forms of one case mention, looked up once: its members, its files, each division when it first comes.
pub(super) struct KnownForCase {
    now: Now,
    members: Vec<String>,
    files: BTreeMap<String, UploadedFile>,
    divisions: BTreeMap<DivisionCode, Option<String>>,
}

impl KnownForCase {
    /// For a case that the caller may see.
    pub(super) async fn of(
        connection: &impl Connection,
        case: &CaseRow,
        now: Now,
    ) -> Result<KnownForCase, OfficeError> {
        let scope = store::Scope::System("the files of a case that the caller may see");
        let files = attachments::of_case(connection, &scope, case.id).await?;
        let files = files.into_iter().map(|file| {
            let uploaded = UploadedFile { name: file.name, bytes: u64::try_from(file.size).unwrap_or(0) };
            (file.id.to_string(), uploaded)
        });
        Ok(KnownForCase {
            now,
            members: members(connection, case.household, now).await?,
            files: files.collect(),
            divisions: BTreeMap::new(),
        })
    }

    /// The context in which one of the case's forms is read.
    pub(super) async fn context<'a>(
        &mut self,
        connection: &impl Connection,
        release: &'a Release,
        form: &Form,
        answers: &Answers,
    ) -> Result<FormContext<'a>, OfficeError> {
        let mut context = FormContext::new(release, self.now);
        for code in Mentions::of(form, answers).divisions {
            if !self.divisions.contains_key(&code) {
                let name = division_name(connection, &code, self.now).await?;
                self.divisions.insert(code, name);
            }
            if let Some(Some(name)) = self.divisions.get(&code) {
                context.divisions.insert(code, name.clone());
            }
        }
        context.attachments = self.files.clone();
        context.on_file.insert("member".to_owned(), self.members.clone());
        Ok(context)
    }
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
    let names: BTreeMap<PersonId, String> = Query::system(
        "the members of a family whose case the caller may see",
        "SELECT id, name FROM person WHERE id IN ({list})",
    )
    .bind_list(members.iter().map(|member| member.person))
    .all_as(connection, |row| Ok((row.get("id")?, row.get("name")?)))
    .await?
    .into_iter()
    .collect();
    Ok(members.iter().filter_map(|member| names.get(&member.person).cloned()).collect())
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
