//! 名册导入: template, control totals typed beforehand, preview with every fault, the import and its undoing.

use axum::extract::{Path, Query};
use axum::response::Response;
use maud::{Markup, html};
use office::access::{ManageRoll, Right};
use office::roll::import::{self, RollImportView, RollPreview, RollSettings};
use office::roll::{RollImportId, RollTotals, roll_template};
use office::tabular::ListFormat;
use office::uploads::UploadId;
use serde::Deserialize;
use store::Cursor;
use vocab::{Fen, Level, Month, Now};

use super::ROLL;
use super::answer_file::faults_table;
use super::common::{ROWS, already, download, held, programme_title, remember, watched, yuan};
use crate::answer::{Answer, Page, SeeOther};
use crate::error::{Fault, form_errors};
use crate::extract::Desk;
use crate::form_body::{Fields, KeyedForm};
use crate::typed;
use crate::ui::Link;
use crate::ui::form::{
    ButtonKind, Errors, Field, Width, button_link, buttons, error_summary, file_upload, form_post,
    form_upload, hidden, money_input, month_input, select, submit, text_input, unit_input,
};
use crate::ui::parts::{self, SummaryRow};
use crate::ui::table::{Column, Table};

/// Faults that the page lists; the corrected file has all of them.
const FAULTS_SHOWN: usize = 200;

/// The county takes a roll over; nobody else sees these pages.
fn county(desk: &Desk<ManageRoll>) -> Result<(), Fault> {
    if desk.actor().level == Level::County { Ok(()) } else { Err(Fault::Hidden) }
}

fn state_title(state: &str) -> &'static str {
    match state {
        "importing" => "正在导入",
        "undoing" => "正在撤销",
        "undone" => "已撤销",
        _ => "已导入",
    }
}

pub(super) async fn page(desk: Desk<ManageRoll>) -> Result<Page, Fault> {
    county(&desk)?;
    form_page(&desk, &Fields::default(), &Errors::none()).await
}

async fn form_page(desk: &Desk<ManageRoll>, typed: &Fields, errors: &Errors) -> Result<Page, Fault> {
    let imports = import::imports(desk.office(), desk.granted(), None, ROWS).await?;
    let field = |name: &'static str, label: &'static str| {
        Field::new(name, label).value(typed.get(name)).errors(errors)
    };
    let count = |name: &'static str, label: &'static str, unit: &str| {
        unit_input(&field(name, label).width(Width::Chars10).inputmode("numeric"), unit)
    };
    let body = html! {
        (select(&field("programme", "待遇项目"), &held(desk, Right::ManageRoll), Some("请选择")))
        (month_input(&Field::new("first_due", "首发月份").hint("从这个月起由本系统发放，之前的月份已由原系统发放。").errors(errors), &typed.date("first_due")))
        (text_input(&field("reference", "依据").hint("名册依据的文件或批次号，没有单独批准文号的家庭用它。").max_chars(100).width(Width::Full)))
        h2.govuk-heading-m { "控制数" }
        p.govuk-body { "先按原账面填写，系统与文件核对，一致才能导入。" }
        (count("families", "户数", "户"))
        (count("members", "人数", "人"))
        (money_input(&field("monthly", "月保障金额合计")))
        (file_upload(&Field::new("file", "名册文件").hint("按模板填写的 Excel 或 CSV。").errors(errors), ".xlsx,.xls,.csv", false))
        (buttons("上传并预览", &[Link::new("/desk/roll", "取消")]))
    };
    let content = html! {
        div.prose {
            (error_summary(errors))
            (parts::heading(Some("在册管理"), "导入名册"))
            p.govuk-body {
                (Link::new("/desk/roll/import/template", "下载模板（一张表）")) "　"
                (Link::new("/desk/roll/import/template?sheets=2", "下载模板（家庭、成员两张表）"))
            }
            (form_upload("/desk/roll/import", &desk.key(), &body))
        }
        (imports_table(desk, &imports.rows))
    };
    Ok(Page::new("导入名册", content).under(ROLL).back("/desk/roll", "返回名册").errors(errors))
}

fn imports_table(desk: &Desk<ManageRoll>, imports: &[RollImportView]) -> Table<'static> {
    let rows = imports
        .iter()
        .map(|view| {
            vec![
                html! { a.govuk-link href={ "/desk/roll/imports/" (view.id) } { (view.name) } },
                html! { (programme_title(desk.office(), &view.programme)) },
                html! { (view.totals.families) },
                html! { (yuan(view.totals.monthly)) },
                html! { (state_title(&view.state)) },
                html! { (Now::from_unix_ms(view.imported_at).zh()) },
            ]
        })
        .collect();
    Table {
        id: "imports".into(),
        caption: "历次导入".into(),
        columns: vec![
            Column::new("文件"),
            Column::new("待遇项目"),
            Column::new("户数").numeric(),
            Column::new("月金额（元）").numeric(),
            Column::new("状态"),
            Column::new("导入时间"),
        ],
        rows,
        empty: "还没有导入过名册。".into(),
        ..Table::default()
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Sheets {
    sheets: String,
}

pub(super) async fn template(desk: Desk<ManageRoll>, Query(ask): Query<Sheets>) -> Result<Response, Fault> {
    county(&desk)?;
    let bytes = roll_template(desk.office(), desk.granted(), ask.sheets == "2")?;
    Ok(download("名册模板.xlsx", ListFormat::Excel.mime(), bytes))
}

/// What was typed before the file is read.
fn settings(desk: &Desk<ManageRoll>, form: &Fields, errors: &mut Errors) -> Option<RollSettings> {
    let programme = form.get("programme");
    if desk.office().release().programmes.get(programme).is_none() {
        errors.add("programme", "请选择待遇项目。");
    }
    let typed = form.date("first_due");
    let month = typed.year.parse().ok().zip(typed.month.parse().ok());
    let first_due = month.and_then(|(year, month)| Month::new(year, month).ok());
    if first_due.is_none() {
        errors.add("first_due", "请填写首发月份，例如 2026 年 12 月。");
    }
    let reference = typed::text(form, "reference", "请填写依据。", errors);
    let mut count = |name: &str, empty: &str| {
        let count: Option<i64> = form.get(name).replace(',', "").parse().ok().filter(|count| *count >= 0);
        if count.is_none() {
            errors.add(name, empty);
        }
        count
    };
    let families = count("families", "请填写原账面的户数。");
    let members = count("members", "请填写原账面的人数。");
    let monthly: Option<Fen> = typed::value(form, "monthly", "请填写原账面的月保障金额合计。", errors);
    Some(RollSettings {
        programme: programme.to_owned(),
        first_due: first_due?,
        reference: reference?,
        expected: RollTotals { families: families?, members: members?, monthly: monthly? },
    })
}

pub(super) async fn preview(
    desk: Desk<ManageRoll>,
    KeyedForm { form, files, .. }: KeyedForm<Fields>,
) -> Result<Page, Fault> {
    county(&desk)?;
    let mut errors = Errors::none();
    let settings = settings(&desk, &form, &mut errors);
    let file = files.iter().find(|file| file.field == "file");
    match file {
        None => errors.add("file", "请选择名册文件。"),
        Some(file) if file.too_large => errors.add("file", file.too_large_message()),
        Some(_) => {}
    }
    let (Some(settings), Some(file), true) = (settings, file, errors.is_empty()) else {
        return form_page(&desk, &form, &errors).await;
    };
    match import::preview(desk.office(), desk.granted(), &settings, &file.name, &file.bytes).await {
        Ok(seen) => Ok(preview_page(&desk, &settings, &file.name, &seen)),
        Err(error) => form_page(&desk, &form, &form_errors(error)?).await,
    }
}

fn preview_page(desk: &Desk<ManageRoll>, settings: &RollSettings, name: &str, seen: &RollPreview) -> Page {
    let row = |what: &'static str, typed: String, found: String| {
        vec![html! { (what) }, html! { (typed) }, html! { (found) }]
    };
    let (expected, found) = (settings.expected, seen.found);
    let totals = Table {
        id: "totals".into(),
        caption: "控制数核对".into(),
        columns: vec![Column::new("项目"), Column::new("原账面").numeric(), Column::new("文件").numeric()],
        rows: vec![
            row("户数", expected.families.to_string(), found.families.to_string()),
            row("人数", expected.members.to_string(), found.members.to_string()),
            row("月保障金额（元）", yuan(expected.monthly), yuan(found.monthly)),
        ],
        cards: false,
        ..Table::default()
    };
    let ready = seen.faults.is_empty() && seen.disagreements.is_empty() && !seen.known;
    let shown = &seen.faults[..seen.faults.len().min(FAULTS_SHOWN)];
    let content = html! {
        (parts::heading(Some("导入名册"), &format!("预览：{name}")))
        (totals)
        @for disagreement in &seen.disagreements { (parts::warning_text(disagreement)) }
        p.govuk-body { "新增 " (seen.new) " 户；已在册且内容相同、将跳过 " (seen.already) " 户。" }
        @if !seen.ignored.is_empty() { p.govuk-body { "不识别、已略过的列：" (seen.ignored.join("、")) "。" } }
        @if seen.known { (parts::warning_text("这份文件以前已经导入过，不会重复导入。")) }
        @if !seen.faults.is_empty() {
            (parts::warning_text(&format!("共有 {} 处错误，全部改正之前不能导入。", seen.faults.len())))
            (button_link(&format!("/desk/roll/import/corrected/{}", seen.upload), "下载标出错误的文件", ButtonKind::Secondary))
            (faults_table("错误", shown))
            @if seen.faults.len() > shown.len() { p.govuk-body { "只列出前 " (shown.len()) " 处，其余见下载的文件。" } }
        }
        @if ready {
            (form_post("/desk/roll/import/commit", &desk.key(), &html! {
                (hidden("upload", &seen.upload.to_string()))
                (submit("确认导入", ButtonKind::Primary, None))
            }))
        } @else {
            p.govuk-body { (Link::new("/desk/roll/import", "改正后重新上传")) }
        }
    };
    Page::new("导入预览", content).under(ROLL).back("/desk/roll/import", "返回导入")
}

pub(super) async fn corrected(
    desk: Desk<ManageRoll>,
    Path(upload): Path<UploadId>,
) -> Result<Response, Fault> {
    county(&desk)?;
    let bytes = import::corrected(desk.office(), desk.granted(), upload).await?;
    Ok(download("名册（标出错误）.xlsx", ListFormat::Excel.mime(), bytes))
}

#[derive(Deserialize)]
pub(super) struct Commit {
    upload: UploadId,
}

pub(super) async fn commit(
    desk: Desk<ManageRoll>,
    KeyedForm { key, form, .. }: KeyedForm<Commit>,
) -> Result<Answer, Fault> {
    county(&desk)?;
    if let Some(to) = already(&desk, &key).await? {
        return Ok(SeeOther::to(to).into());
    }
    let (id, _) = import::commit(desk.office(), desk.granted(), form.upload).await?;
    let to = format!("/desk/roll/imports/{id}");
    remember(&desk, &key, &to).await?;
    Ok(SeeOther::to(to).into())
}

/// One import of the county: the list goes down by id, so the first at or below is the one, if it is there.
async fn find(desk: &Desk<ManageRoll>, id: RollImportId) -> Result<RollImportView, Fault> {
    let above = Cursor::new().integer(id.0.saturating_add(1));
    let page = import::imports(desk.office(), desk.granted(), Some(&above), 1).await?;
    page.rows.into_iter().find(|view| view.id == id).ok_or(Fault::Hidden)
}

pub(super) async fn progress(desk: Desk<ManageRoll>, Path(id): Path<RollImportId>) -> Result<Page, Fault> {
    county(&desk)?;
    progress_page(&desk, id, &Errors::none()).await
}

async fn progress_page(desk: &Desk<ManageRoll>, id: RollImportId, errors: &Errors) -> Result<Page, Fault> {
    let view = find(desk, id).await?;
    let running = matches!(view.state.as_str(), "importing" | "undoing") && view.stopped.is_none();
    let refused = Table {
        id: "refused".into(),
        caption: "没有导入的家庭".into(),
        columns: vec![Column::new("家庭编号"), Column::new("原因")],
        rows: view.refused.iter().map(|(key, reason)| vec![html! { (key) }, html! { (reason) }]).collect(),
        ..Table::default()
    };
    let body: Markup = html! {
        (parts::summary_list(&[
            SummaryRow::text("状态", state_title(&view.state)),
            SummaryRow::text("进度", &format!("{} / {} 户", view.taken, view.totals.families)),
            SummaryRow::text("待遇项目", &programme_title(desk.office(), &view.programme)),
            SummaryRow::text("首发月份", &view.first_due.zh()),
            SummaryRow::text("人数", &view.totals.members.to_string()),
            SummaryRow::text("月金额（元）", &yuan(view.totals.monthly)),
        ]))
        @if !view.refused.is_empty() { (refused) }
    };
    let content = html! {
        (error_summary(errors))
        (parts::heading(Some("导入名册"), &view.name))
        (watched("progress", &format!("/desk/roll/imports/{id}"), running, &body))
        @if let Some(why) = &view.stopped {
            (parts::warning_text("办到一半停下了。已经办完的不会重复办理。"))
            @if !why.is_empty() { p.govuk-body { "停下的原因：" (why) } }
            (form_post(&format!("/desk/roll/imports/{id}/resume"), &desk.key(), &submit("接着办", ButtonKind::Primary, None)))
        }
        @if view.state == "done" || view.state == "importing" && view.stopped.is_some() {
            h2.govuk-heading-m { "撤销导入" }
            p.govuk-body { "还没有列入发放批次的，可以整批撤销。" }
            (form_post(&format!("/desk/roll/imports/{id}/undo"), &desk.key(), &html! {
                (text_input(&Field::new("reason", "撤销原因").max_chars(200).errors(errors)))
                (submit("撤销这次导入", ButtonKind::Warning, None))
            }))
        }
    };
    Ok(Page::new("导入进度", content).under(ROLL).back("/desk/roll/import", "返回导入").errors(errors))
}

pub(super) async fn resume(
    desk: Desk<ManageRoll>,
    Path(id): Path<RollImportId>,
    KeyedForm { key, .. }: KeyedForm<Fields>,
) -> Result<Answer, Fault> {
    county(&desk)?;
    let to = format!("/desk/roll/imports/{id}");
    if already(&desk, &key).await?.is_some() {
        return Ok(SeeOther::to(to).into());
    }
    match import::resume(desk.office(), desk.granted(), id).await {
        Ok(_) => {
            remember(&desk, &key, &to).await?;
            Ok(SeeOther::to(to).done("正在接着办。").into())
        }
        Err(error) => Ok(progress_page(&desk, id, &form_errors(error)?).await?.into()),
    }
}

pub(super) async fn undo(
    desk: Desk<ManageRoll>,
    Path(id): Path<RollImportId>,
    KeyedForm { key, form, .. }: KeyedForm<Fields>,
) -> Result<Answer, Fault> {
    county(&desk)?;
    let to = format!("/desk/roll/imports/{id}");
    if already(&desk, &key).await?.is_some() {
        return Ok(SeeOther::to(to).into());
    }
    match import::undo(desk.office(), desk.granted(), id, form.get("reason")).await {
        Ok(_) => {
            remember(&desk, &key, &to).await?;
            Ok(SeeOther::to(to).done("正在撤销导入。").into())
        }
        Err(error) => Ok(progress_page(&desk, id, &form_errors(error)?).await?.into()),
    }
}
