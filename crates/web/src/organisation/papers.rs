//! Papers of an organisation's own records: what it hands in, what the office keeps for it, letters that it gets.

use axum::response::Response;
use office::access::ReportRecords;
use office::casework::{attachments, drafts};
use office::records::organisation::papers;
use office::records::{RecordFileId, RecordId, RecordLetterId};

use super::{HERE, NAV_ID};
use crate::answer::{Answer, Page, SeeOther};
use crate::desk::{shown_file, shown_letter};
use crate::error::{Fault, form_errors};
use crate::extract::{Desk, Path};
use crate::form_body::{Fields, KeyedForm};
use crate::records::papers::{folder_page, uploaded};
use crate::ui::form::Errors;

fn address(register: &str, record: RecordId) -> String {
    format!("{HERE}/{register}/{record}")
}

/// `GET /desk/organisation/{own_register}/{own_record}/papers/{own_papers}`
pub(super) async fn page(
    desk: Desk<ReportRecords>,
    Path((register, record, papers)): Path<(String, RecordId, String)>,
) -> Result<Page, Fault> {
    shown(&desk, &register, record, &papers, &Errors::none()).await
}

async fn shown(
    desk: &Desk<ReportRecords>,
    register: &str,
    record: RecordId,
    papers: &str,
    errors: &Errors,
) -> Result<Page, Fault> {
    let (_, stored, folder) = papers::folder(desk.office(), desk.granted(), register, record, papers).await?;
    let here = address(register, record);
    let content = folder_page(desk, &here, &stored.title, &folder, false, errors);
    Ok(Page::new(folder.papers.title.clone(), content).under(NAV_ID).back(here, "返回记录").errors(errors))
}

/// `POST /desk/organisation/{own_register}/{own_record}/papers/{own_papers}`
pub(super) async fn add(
    desk: Desk<ReportRecords>,
    Path((register, record, papers)): Path<(String, RecordId, String)>,
    KeyedForm { key, files, .. }: KeyedForm<Fields>,
) -> Result<Answer, Fault> {
    // Nothing is taken in for what is not there.
    papers::folder(desk.office(), desk.granted(), &register, record, &papers).await?;
    let errors = match uploaded(&desk, files).await? {
        Ok(ids) => {
            let (who, kind) = (desk.who(), (register.as_str(), record, papers.as_str()));
            let added = papers::add(desk.office(), desk.granted(), kind, &ids, (&key, &who)).await;
            // What was refused, or had come before, belongs to nothing.
            attachments::forget(desk.office(), &drafts::owner_of(desk.actor()), &ids).await?;
            match added {
                Ok(()) => {
                    let to = format!("{}/papers/{papers}", address(&register, record));
                    return Ok(SeeOther::to(to).done("已添加。").into());
                }
                Err(error) => form_errors(error)?,
            }
        }
        Err(errors) => errors,
    };
    Ok(shown(&desk, &register, record, &papers, &errors).await?.into())
}

/// `GET /desk/organisation/{own_register}/{own_record}/files/{own_file}`
pub(super) async fn file(
    desk: Desk<ReportRecords>,
    Path((register, record, file)): Path<(String, RecordId, RecordFileId)>,
) -> Result<Response, Fault> {
    let (view, content) = papers::get(desk.office(), desk.granted(), &register, record, file).await?;
    Ok(shown_file(&view.name, &view.mime, content))
}

/// `GET /desk/organisation/{own_register}/{own_record}/letters/{own_letter}`
pub(super) async fn letter(
    desk: Desk<ReportRecords>,
    Path((register, record, letter)): Path<(String, RecordId, RecordLetterId)>,
) -> Result<Response, Fault> {
    let (title, pdf) = papers::letter(desk.office(), desk.granted(), &register, record, letter).await?;
    let here = format!("{}/letters/{letter}", address(&register, record));
    Ok(shown_letter(title, pdf, &here, NAV_ID))
}
