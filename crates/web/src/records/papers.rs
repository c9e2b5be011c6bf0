//! Papers of a record: the kinds of the register with their files, adding some, taking one away with a reason, reading one; letters.

use axum::response::Response;
use maud::{Markup, html};
use office::access::{KeepRecords, ReadRecords, Right};
use office::casework::{AttachmentId, attachments, drafts};
use office::records::letters::{self, RecordLetter};
use office::records::papers::{self, Folder, RecordFile};
use office::records::{RecordFileId, RecordId, RecordLetterId};
use serde::Deserialize;
use vocab::Now;

use super::{RECORDS, also, opened};
use crate::answer::{Answer, Page, SeeOther};
use crate::desk::{shown_file, shown_letter};
use crate::error::{Fault, form_errors};
use crate::extract::{Desk, Path, Staff};
use crate::form_body::{Fields, KeyedForm, UploadedFile};
use crate::forms_ui::Sent;
use crate::ui::Link;
use crate::ui::form::{
    ButtonKind, Errors, Field, error_summary, file_upload, form_post, form_upload, submit, text_area,
};
use crate::ui::parts::{details, heading, inset};
use crate::ui::table::{Column, Table};

/// Where the papers of a record are: the address of the record, and what stands behind it.
pub(crate) fn section(here: &str, folders: &[Folder]) -> Markup {
    html! {
        @if !folders.is_empty() {
            section {
                h2.govuk-heading-m { "材料" }
                @for folder in folders {
                    h3.govuk-heading-s { (folder.papers.title) }
                    (kept(here, folder))
                    @if folder.may_change || !folder.removed.is_empty() {
                        p.govuk-body.no-print {
                            (Link::new(format!("{here}/papers/{}", folder.papers.id), if folder.may_change { "添加或者移除" } else { "查看移除记录" })
                                .about(format!("（{}）", folder.papers.title)))
                        }
                    }
                }
            }
        }
    }
}

/// The letters of a record.
pub(crate) fn letters_of<'a>(here: &str, letters: &'a [RecordLetter]) -> Option<Table<'a>> {
    let rows = letters.iter().map(|letter| {
        vec![
            html! {
                @if letter.opens {
                    (Link::new(format!("{here}/letters/{}", letter.id), letter.title.as_str()).about(format!("（{}）", letter.number)))
                } @else { (letter.title) }
            },
            html! { (letter.number) },
            html! { (letter.dated_on) },
            html! {
                @match (letter.opens, letter.ready) {
                    (false, _) => "写明当事人，有查看敏感信息权限的才能打开",
                    (true, true) => "PDF",
                    (true, false) => "正在排版",
                }
            },
        ]
    });
    (!letters.is_empty()).then(|| Table {
        id: "letters".into(),
        caption: "文书".into(),
        columns: ["文书", "文号", "日期", "文件"].map(Column::new).into(),
        rows: rows.collect(),
        ..Table::default()
    })
}

fn kept(here: &str, folder: &Folder) -> Markup {
    html! {
        @if folder.kept.is_empty() { p.govuk-body { "还没有。" } }
        @else {
            ul.govuk-list {
                @for file in &folder.kept { li { (file_link(here, file)) " " span.govuk-hint { (told(file)) } } }
            }
        }
    }
}

fn file_link(here: &str, file: &RecordFile) -> Link<'static> {
    Link::new(format!("{here}/files/{}", file.id), file.name.clone())
}

/// 1.2 MB，李建军，2026年11月23日.
fn told(file: &RecordFile) -> String {
    let size = match file.size {
        ..1_048_576 => format!("{} KB", (file.size + 1023) / 1024),
        _ => format!("{}.{} MB", file.size / 1_048_576, file.size % 1_048_576 * 10 / 1_048_576),
    };
    let by = file.added_by.as_deref().unwrap_or("（账号已不在）");
    format!("{size}，{by}，{}", Now::from_unix_ms(file.added_at).zh())
}

/// One kind of papers with the form that adds to it. `removes` says whether single files can be taken away.
pub(crate) fn folder_page(
    staff: &Staff,
    here: &str,
    title: &str,
    folder: &Folder,
    removes: bool,
    errors: &Errors,
) -> Markup {
    let papers = &folder.papers;
    let room = folder.room();
    let form = html! {
        (file_upload(
            &Field::new("files", "选择文件")
                .hint("可以一次选几个，每个不超过 10 MB。")
                .errors(errors),
            papers.accept(),
            true,
        ))
        (submit("上传", ButtonKind::Primary, None))
    };
    html! {
        (error_summary(errors))
        (heading(Some(title), &papers.title))
        @if let Some(hint) = &papers.hint { p.govuk-body { (hint) } }
        (files_table(here, folder, removes && folder.may_change))
        @if folder.may_change && room > 0 {
            div.prose {
                h2.govuk-heading-m { "添加（还能放 " (room) " 个）" }
                (form_upload(&format!("{here}/papers/{}", papers.id), &staff.key(), &form))
            }
        } @else if folder.may_change {
            (inset(&html! { p.govuk-body { "已经放满 " (papers.max) " 个。要换新的，请先移除不用的。" } }))
        }
        @if !folder.removed.is_empty() { (details(&format!("移除的（{}）", folder.removed.len()), &removed(folder))) }
    }
}

fn files_table<'a>(here: &str, folder: &'a Folder, removes: bool) -> Table<'a> {
    let rows = folder.kept.iter().map(|file| {
        let mut row = vec![html! { (file_link(here, file)) }, html! { (told(file)) }];
        if removes {
            let link = Link::new(format!("{here}/files/{}/remove", file.id), "移除");
            row.push(html! { (link.about(format!("（{}）", file.name))) });
        }
        row
    });
    let mut columns: Vec<Column<'_>> = ["文件", "大小、添加人、时间"].map(Column::new).into();
    if removes {
        columns.push(Column::new("操作"));
    }
    Table {
        id: "files".into(),
        caption: "现有的文件".into(),
        columns,
        rows: rows.collect(),
        empty: "还没有。".into(),
        ..Table::default()
    }
}

fn removed(folder: &Folder) -> Markup {
    html! {
        ul.govuk-list.govuk-list--bullet {
            @for file in &folder.removed {
                @if let Some((who, at, reason)) = &file.removed {
                    li { (file.name) "：" (Now::from_unix_ms(*at).zh()) " " (who) " 移除，原因：" (reason) }
                }
            }
        }
    }
}

/// Files that a form brought, kept for their owner; what was wrong with them otherwise, and then none is kept.
pub(crate) async fn uploaded(
    staff: &Staff,
    files: Vec<UploadedFile>,
) -> Result<Result<Vec<AttachmentId>, Errors>, Fault> {
    let owner = drafts::owner_of(staff.actor());
    let brought = Sent::read(staff.office(), &owner, Fields::default(), files).await?;
    let ids: Vec<AttachmentId> = brought.all("files").iter().filter_map(|id| id.parse().ok()).collect();
    if brought.errors.is_empty() {
        return Ok(Ok(ids));
    }
    attachments::forget(staff.office(), &owner, &ids).await?;
    Ok(Err(brought.errors))
}

fn address(register: &str, record: RecordId) -> String {
    format!("/desk/records/{register}/{record}")
}

/// `GET /desk/records/{register}/{record}/papers/{papers}`
pub(super) async fn page(
    desk: Desk<ReadRecords>,
    Path((register, record, papers)): Path<(String, RecordId, String)>,
) -> Result<Page, Fault> {
    shown(&desk, &register, record, &papers, &Errors::none()).await
}

async fn shown(
    desk: &Desk<ReadRecords>,
    register: &str,
    record: RecordId,
    papers: &str,
    errors: &Errors,
) -> Result<Page, Fault> {
    let open = opened(desk, register, Right::ReadRecords)?;
    let (stored, folder) = papers::folder(desk.office(), desk.granted(), &open, record, papers).await?;
    let here = address(register, record);
    let content = folder_page(desk, &here, &stored.title, &folder, true, errors);
    Ok(Page::new(folder.papers.title.clone(), content).under(RECORDS).back(here, "返回记录").errors(errors))
}

/// `POST /desk/records/{register}/{record}/papers/{papers}`
pub(super) async fn add(
    desk: Desk<ReadRecords>,
    Path((register, record, papers)): Path<(String, RecordId, String)>,
    KeyedForm { key, files, .. }: KeyedForm<Fields>,
) -> Result<Answer, Fault> {
    let keeper = also::<KeepRecords>(&desk)?;
    let open = opened(&desk, &register, Right::KeepRecords)?;
    // Nothing is taken in for what is not there.
    papers::folder(desk.office(), desk.granted(), &open, record, &papers).await?;
    let errors = match uploaded(&desk, files).await? {
        Ok(ids) => {
            let who = desk.who();
            let kind = (papers.as_str(), ids.as_slice());
            let added = papers::add(desk.office(), keeper.granted(), &open, record, kind, (&key, &who)).await;
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

/// `GET /desk/records/{register}/{record}/files/{record_file}`
pub(super) async fn file(
    desk: Desk<ReadRecords>,
    Path((register, record, file)): Path<(String, RecordId, RecordFileId)>,
) -> Result<Response, Fault> {
    let open = opened(&desk, &register, Right::ReadRecords)?;
    let (view, content) = papers::get(desk.office(), desk.granted(), &open, record, file).await?;
    Ok(shown_file(&view.name, &view.mime, content))
}

/// `GET /desk/records/{register}/{record}/letters/{record_letter}`
pub(super) async fn letter(
    desk: Desk<ReadRecords>,
    Path((register, record, letter)): Path<(String, RecordId, RecordLetterId)>,
) -> Result<Response, Fault> {
    let open = opened(&desk, &register, Right::ReadRecords)?;
    let (title, pdf) = letters::pdf(desk.office(), desk.granted(), &open, record, letter).await?;
    let here = format!("{}/letters/{letter}", address(&register, record));
    Ok(shown_letter(title, pdf, &here, RECORDS))
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Removal {
    reason: String,
}

/// `GET /desk/records/{register}/{record}/files/{record_file}/remove`
pub(super) async fn ask(
    desk: Desk<KeepRecords>,
    Path((register, record, file)): Path<(String, RecordId, RecordFileId)>,
) -> Result<Page, Fault> {
    asking(&desk, &register, record, file, "", &Errors::none()).await
}

async fn asking(
    desk: &Desk<KeepRecords>,
    register: &str,
    record: RecordId,
    file: RecordFileId,
    reason: &str,
    errors: &Errors,
) -> Result<Page, Fault> {
    let open = opened(desk, register, Right::KeepRecords)?;
    let found = papers::to_remove(desk.office(), desk.granted(), &open, record, file).await?;
    let here = address(register, record);
    let body = html! {
        (text_area(&Field::new("reason", "为什么移除").hint("例如：传错了文件；已换发新证。").value(reason).max_chars(200).errors(errors), 3))
        (submit("移除", ButtonKind::Warning, None))
    };
    let content = html! {
        (error_summary(errors))
        (heading(Some(&found.title), &format!("移除“{}”", found.name)))
        p.govuk-body { "移除以后不能再打开，文件名、谁移除的和原因会留在记录里。" }
        div.prose { (form_post(&format!("{here}/files/{file}/remove"), &desk.key(), &body)) }
    };
    let back = format!("{here}/papers/{}", found.papers);
    Ok(Page::new("移除材料", content).under(RECORDS).back(back, "返回材料").errors(errors))
}

/// `POST /desk/records/{register}/{record}/files/{record_file}/remove`
pub(super) async fn remove(
    desk: Desk<KeepRecords>,
    Path((register, record, file)): Path<(String, RecordId, RecordFileId)>,
    KeyedForm { form, .. }: KeyedForm<Removal>,
) -> Result<Answer, Fault> {
    let open = opened(&desk, &register, Right::KeepRecords)?;
    let reason = form.reason.as_str();
    match papers::remove(desk.office(), desk.granted(), &open, record, (file, reason)).await {
        Ok(papers) => {
            let to = format!("{}/papers/{papers}", address(&register, record));
            Ok(SeeOther::to(to).done("已移除，原因已经记下。").into())
        }
        Err(error) => {
            let errors = form_errors(error)?;
            Ok(asking(&desk, &register, record, file, reason, &errors).await?.into())
        }
    }
}
