//! Reading a file into a register: template, upload, preview with every fault, the job with its progress, undoing.

use axum::response::Response;
use maud::{Markup, html};
use office::access::{ImportRecords, Right};
use office::records::take_in::{self, ImportView, Preview};
use office::records::{Open, RecordImportId};
use office::tabular::ListFormat;
use office::uploads::UploadId;
use serde::Deserialize;
use vocab::Now;

use super::{RECORDS, opened};
use crate::answer::{Answer, Page, SeeOther};
use crate::error::{Fault, form_errors};
use crate::extract::{Desk, Path};
use crate::form_body::{Fields, KeyedForm};
use crate::money::answer_file::faults_table;
use crate::money::common::{ROWS, already, download, remember, watched};
use crate::ui::Link;
use crate::ui::form::{
    ButtonKind, Errors, Field, button_link, buttons, error_summary, file_upload, form_post, form_upload,
    hidden, submit, text_input,
};
use crate::ui::parts::{self, SummaryRow, details, heading};
use crate::ui::table::{Column, Table};

/// Faults that the page lists; the corrected file has all of them.
const FAULTS_SHOWN: usize = 200;

fn base(open: &Open) -> String {
    format!("/desk/records/{}", open.register().id.get())
}

fn state_title(state: &str) -> &'static str {
    match state {
        "importing" => "正在导入",
        "undoing" => "正在撤销",
        "undone" => "已撤销",
        _ => "已导入",
    }
}

/// `GET /desk/records/{register}/import`
pub(super) async fn page(desk: Desk<ImportRecords>, Path(register): Path<String>) -> Result<Page, Fault> {
    let open = opened(&desk, &register, Right::ImportRecords)?;
    upload_page(&desk, &open, &Errors::none()).await
}

async fn upload_page(desk: &Desk<ImportRecords>, open: &Open, errors: &Errors) -> Result<Page, Fault> {
    let register = open.register();
    let imports = take_in::imports(desk.office(), desk.granted(), open, None, ROWS).await?;
    let body = html! {
        (file_upload(&Field::new("file", "文件").hint("按模板填写的 Excel 或 CSV，或者格式与导出相同的 JSON（第1条记录算第2行，明细不从文件导入）。一次最多 20 万行。").errors(errors), ".xlsx,.csv,.json", false))
        (buttons("上传并预览", &[Link::new(base(open), "取消")]))
    };
    let keys: Vec<&str> =
        register.key.iter().filter_map(|id| register.field(id)).map(|field| field.label.as_str()).collect();
    let content = html! {
        (error_summary(errors))
        (heading(Some(&register.title), "从文件导入"))
        div.prose {
            p.govuk-body { "系统按" (keys.join("、")) "认出已有的记录：相同的更新，没有的新增。上传后先预览，确认后才导入；导入后可以整批撤销。" }
            p.govuk-body { (Link::new(format!("{}/template", base(open)), "下载模板")) }
            (form_upload(&format!("{}/import", base(open)), &desk.key(), &body))
        }
        (imports_table(open, &imports.rows))
    };
    Ok(Page::new("从文件导入", content)
        .under(RECORDS)
        .back(base(open), format!("返回{}", register.title))
        .errors(errors))
}

fn imports_table(open: &Open, imports: &[ImportView]) -> Table<'static> {
    let rows = imports.iter().map(|view| {
        vec![
            html! { (Link::new(format!("{}/imports/{}", base(open), view.id), view.name.clone())) },
            html! { (view.total) },
            html! { (view.added) },
            html! { (view.changed) },
            html! { (state_title(&view.state)) },
            html! { (Now::from_unix_ms(view.imported_at).zh()) },
        ]
    });
    Table {
        id: "imports".into(),
        caption: "历次导入".into(),
        columns: vec![
            Column::new("文件"),
            Column::new("行数").numeric(),
            Column::new("新增").numeric(),
            Column::new("更新").numeric(),
            Column::new("状态"),
            Column::new("导入时间"),
        ],
        rows: rows.collect(),
        empty: "还没有导入过。".into(),
        ..Table::default()
    }
}

/// `GET /desk/records/{register}/template`
pub(super) async fn template(
    desk: Desk<ImportRecords>,
    Path(register): Path<String>,
) -> Result<Response, Fault> {
    let open = opened(&desk, &register, Right::ImportRecords)?;
    let bytes = take_in::template(&open)?;
    Ok(download(&format!("{}模板.xlsx", open.register().title), ListFormat::Excel.mime(), bytes))
}

/// `POST /desk/records/{register}/import`
pub(super) async fn preview(
    desk: Desk<ImportRecords>,
    Path(register): Path<String>,
    KeyedForm { files, .. }: KeyedForm<Fields>,
) -> Result<Page, Fault> {
    let open = opened(&desk, &register, Right::ImportRecords)?;
    let mut errors = Errors::none();
    let file = match files.iter().find(|file| file.field == "file") {
        Some(file) if !file.too_large => file,
        other => {
            errors.add(
                "file",
                other.map_or_else(|| "请选择文件。".to_owned(), |file| file.too_large_message()),
            );
            return upload_page(&desk, &open, &errors).await;
        }
    };
    match take_in::preview(desk.office(), desk.granted(), &open, &file.name, &file.bytes).await {
        Ok(seen) => Ok(preview_page(&desk, &open, &file.name, &seen)),
        Err(error) => upload_page(&desk, &open, &form_errors(error)?).await,
    }
}

fn preview_page(desk: &Desk<ImportRecords>, open: &Open, name: &str, seen: &Preview) -> Page {
    let shown = &seen.faults[..seen.faults.len().min(FAULTS_SHOWN)];
    let ready = seen.faults.is_empty() && seen.new + seen.changed > 0;
    let content = html! {
        (heading(Some(&open.register().title), &format!("预览：{name}")))
        (parts::figure_cards(&[
            parts::Figure::new(seen.new.to_string(), "新增"),
            parts::Figure::new(seen.changed.to_string(), "更新"),
            parts::Figure::new(seen.unchanged.to_string(), "没有变化"),
            parts::Figure::new(seen.conflicting.to_string(), "与他人修改冲突")
                .urgency(if seen.conflicting > 0 { parts::Urgency::Warning } else { parts::Urgency::Calm }),
        ]))
        @if !seen.ignored.is_empty() { p.govuk-body { "不识别、已略过的列：" (seen.ignored.join("、")) "。" } }
        @if !seen.shown.is_empty() { (details("将要更新的内容（前 20 条）", &changes(&seen.shown))) }
        @if !seen.faults.is_empty() {
            (parts::warning_text(&format!("共有 {} 处错误，全部改正之前不能导入。", seen.faults.len())))
            (button_link(&format!("{}/import/corrected/{}", base(open), seen.upload), "下载标出错误的文件", ButtonKind::Secondary))
            (faults_table("错误", shown))
            @if seen.faults.len() > shown.len() { p.govuk-body { "只列出前 " (shown.len()) " 处，其余见下载的文件。" } }
        } @else if !ready {
            p.govuk-body { "文件内容与已登记的相同，不需要导入。" }
        }
        @if ready {
            (form_post(&format!("{}/import/commit", base(open)), &desk.key(), &html! {
                (hidden("upload", &seen.upload.to_string()))
                (submit("确认导入", ButtonKind::Primary, None))
            }))
        } @else {
            p.govuk-body { (Link::new(format!("{}/import", base(open)), "改正后重新上传")) }
        }
    };
    Page::new("导入预览", content).under(RECORDS).back(format!("{}/import", base(open)), "返回导入")
}

fn changes(shown: &[(String, Vec<(String, String, String)>)]) -> Markup {
    html! {
        ul.govuk-list.govuk-list--bullet {
            @for (title, fields) in shown {
                li {
                    (title) "："
                    @for (place, (label, before, after)) in fields.iter().enumerate() {
                        @if place > 0 { "；" }
                        (label) " “" (before) "” 改为 “" (after) "”"
                    }
                }
            }
        }
    }
}

/// `GET /desk/records/{register}/import/corrected/{upload}`
pub(super) async fn corrected(
    desk: Desk<ImportRecords>,
    Path((register, upload)): Path<(String, UploadId)>,
) -> Result<Response, Fault> {
    let open = opened(&desk, &register, Right::ImportRecords)?;
    let bytes = take_in::corrected(desk.office(), desk.granted(), &open, upload).await?;
    Ok(download(&format!("{}（标出错误）.xlsx", open.register().title), ListFormat::Excel.mime(), bytes))
}

#[derive(Deserialize)]
pub(super) struct Commit {
    upload: UploadId,
}

/// `POST /desk/records/{register}/import/commit`
pub(super) async fn commit(
    desk: Desk<ImportRecords>,
    Path(register): Path<String>,
    KeyedForm { key, form, .. }: KeyedForm<Commit>,
) -> Result<Answer, Fault> {
    let open = opened(&desk, &register, Right::ImportRecords)?;
    if let Some(to) = already(&desk, &key).await? {
        return Ok(SeeOther::to(to).into());
    }
    let id = take_in::commit(desk.office(), desk.granted(), &open, form.upload).await?;
    let to = format!("{}/imports/{id}", base(&open));
    remember(&desk, &key, &to).await?;
    Ok(SeeOther::to(to).into())
}

/// `GET /desk/records/{register}/imports/{import}`
pub(super) async fn progress(
    desk: Desk<ImportRecords>,
    Path((register, import)): Path<(String, RecordImportId)>,
) -> Result<Page, Fault> {
    let open = opened(&desk, &register, Right::ImportRecords)?;
    progress_page(&desk, &open, import, &Errors::none()).await
}

async fn progress_page(
    desk: &Desk<ImportRecords>,
    open: &Open,
    import: RecordImportId,
    errors: &Errors,
) -> Result<Page, Fault> {
    let view = take_in::view(desk.office(), desk.granted(), open, import).await?;
    let here = format!("{}/imports/{import}", base(open));
    let running = matches!(view.state.as_str(), "importing" | "undoing") && view.stopped.is_none();
    let refused = Table {
        id: "refused".into(),
        caption: "没有导入的行".into(),
        columns: vec![Column::new("行"), Column::new("原因")],
        rows: view.refused.iter().map(|(row, reason)| vec![html! { (row) }, html! { (reason) }]).collect(),
        ..Table::default()
    };
    let mut rows = vec![
        SummaryRow::text("状态", state_title(&view.state)),
        SummaryRow::text("进度", &format!("{} / {} 行", view.done, view.total)),
        SummaryRow::text("新增", &view.added.to_string()),
        SummaryRow::text("更新", &view.changed.to_string()),
        SummaryRow::text("没有变化", &view.unchanged.to_string()),
    ];
    if matches!(view.state.as_str(), "undoing" | "undone") {
        rows.push(SummaryRow::text("已撤销", &view.undone.to_string()));
        rows.push(SummaryRow::text("导入后又有人修改、保留不动", &view.kept.to_string()));
    }
    let body: Markup = html! {
        (parts::summary_list(&rows))
        @if !view.refused.is_empty() { (refused) }
    };
    let content = html! {
        (error_summary(errors))
        (heading(Some(&open.register().title), &view.name))
        (watched("progress", &here, running, &body))
        @if let Some(why) = &view.stopped {
            (parts::warning_text("办到一半停下了。已经办完的不会重复办理。"))
            @if !why.is_empty() { p.govuk-body { "停下的原因：" (why) } }
            (form_post(&format!("{here}/resume"), &desk.key(), &submit("接着办", ButtonKind::Primary, None)))
        }
        @if view.state == "done" || view.state == "importing" && view.stopped.is_some() {
            h2.govuk-heading-m { "撤销导入" }
            p.govuk-body { "新增的记录作废，更新的恢复原来的内容；导入后又有人修改过的保留不动。" }
            (form_post(&format!("{here}/undo"), &desk.key(), &html! {
                (text_input(&Field::new("reason", "撤销原因").max_chars(200).errors(errors)))
                (submit("撤销这次导入", ButtonKind::Warning, None))
            }))
        }
    };
    Ok(Page::new("导入进度", content)
        .under(RECORDS)
        .back(format!("{}/import", base(open)), "返回导入")
        .errors(errors))
}

/// `POST /desk/records/{register}/imports/{import}/resume`
pub(super) async fn resume(
    desk: Desk<ImportRecords>,
    Path((register, import)): Path<(String, RecordImportId)>,
    KeyedForm { key, .. }: KeyedForm<Fields>,
) -> Result<Answer, Fault> {
    let open = opened(&desk, &register, Right::ImportRecords)?;
    let to = format!("{}/imports/{import}", base(&open));
    if already(&desk, &key).await?.is_some() {
        return Ok(SeeOther::to(to).into());
    }
    match take_in::resume(desk.office(), desk.granted(), &open, import).await {
        Ok(()) => {
            remember(&desk, &key, &to).await?;
            Ok(SeeOther::to(to).done("正在接着办。").into())
        }
        Err(error) => Ok(progress_page(&desk, &open, import, &form_errors(error)?).await?.into()),
    }
}

/// `POST /desk/records/{register}/imports/{import}/undo`
pub(super) async fn undo(
    desk: Desk<ImportRecords>,
    Path((register, import)): Path<(String, RecordImportId)>,
    KeyedForm { key, form, .. }: KeyedForm<Fields>,
) -> Result<Answer, Fault> {
    let open = opened(&desk, &register, Right::ImportRecords)?;
    let to = format!("{}/imports/{import}", base(&open));
    if already(&desk, &key).await?.is_some() {
        return Ok(SeeOther::to(to).into());
    }
    match take_in::undo(desk.office(), desk.granted(), &open, import, form.get("reason")).await {
        Ok(()) => {
            remember(&desk, &key, &to).await?;
            Ok(SeeOther::to(to).done("正在撤销导入。").into())
        }
        Err(error) => Ok(progress_page(&desk, &open, import, &form_errors(error)?).await?.into()),
    }
}
