//! Departments' files: the template, a preview with every fault, the import.

use axum::extract::Path;
use axum::response::Response;
use chrono::NaiveDate;
use maud::{Markup, html};
use office::access::ImportDepartmentFile;
use office::means_test::{self, DepartmentFileView, DepartmentPreview};
use office::tabular::ListFormat;
use office::uploads::UploadId;

use super::words::{download, moment};
use crate::answer::{Answer, Page, SeeOther};
use crate::error::{Fault, WHOLE_FORM, form_errors};
use crate::extract::Desk;
use crate::form_body::{Fields, KeyedForm};
use crate::ui::Link;
use crate::ui::form::{
    ButtonKind, Choice, DateParts, Errors, Field, button_group, button_link, checkboxes, date_input,
    error_summary, file_upload, form_post, form_upload, hidden, select, submit, text_input,
};
use crate::ui::parts::{Colour, SummaryRow, heading, summary_list, tag};
use crate::ui::table::{Column, Table};

const HERE: &str = "/desk/departments";
/// Faults that the preview lists; the corrected file holds all of them.
const FAULTS_SHOWN: usize = 100;

#[derive(Default)]
struct Typed {
    dataset: String,
    source: String,
    as_of: DateParts,
    errors: Errors,
}

/// `GET /desk/departments`
pub(super) async fn list(desk: Desk<ImportDepartmentFile>) -> Result<Page, Fault> {
    page(&desk, &Typed::default()).await
}

async fn page(desk: &Desk<ImportDepartmentFile>, typed: &Typed) -> Result<Page, Fault> {
    let files = means_test::department_files(desk.office(), desk.granted(), None).await?;
    let content = html! {
        (error_summary(&typed.errors))
        (heading(Some(&desk.actor().division_name), "部门数据"))
        div.prose {
            p.govuk-body { "部门送来的表格在这里导入。没有本人授权，导入的数据任何人都查不到。" }
            (upload_form(desk, typed))
        }
        (templates(desk))
        (imported(desk, &files))
    };
    Ok(Page::new("部门数据", content).under("departments").errors(&typed.errors))
}

fn dataset_title(desk: &Desk<ImportDepartmentFile>, dataset: &str) -> String {
    let release = desk.office().release();
    release.datasets.get(dataset).map_or_else(|| dataset.to_owned(), |known| known.title.clone())
}

fn upload_form(desk: &Desk<ImportDepartmentFile>, typed: &Typed) -> Markup {
    let release = desk.office().release();
    let datasets: Vec<Choice<'_>> = release
        .datasets
        .iter()
        .filter(|set| !set.columns.is_empty())
        .map(|set| Choice::new(set.id.as_str(), set.title.as_str()))
        .collect();
    let errors = &typed.errors;
    let body = html! {
        (select(&Field::new("dataset", "哪一种数据").value(typed.dataset.as_str()).errors(errors), &datasets, Some("请选择")))
        (text_input(&Field::new("source", "来自哪家单位").hint("同一种数据由几家银行、几个登记机构分别送来时填写，例如：农业银行。")
            .value(typed.source.as_str()).max_chars(40).optional().errors(errors)))
        (date_input(&Field::new("as_of", "数据日期").hint("表格里每行都有“数据日期”的可以不填。").optional().errors(errors), &typed.as_of))
        (file_upload(&Field::new("file", "表格文件").hint("Excel（.xlsx）或 CSV，不超过 12 MB。").errors(errors), ".xlsx,.csv", false))
        (submit("检查文件", ButtonKind::Primary, None))
    };
    form_upload(HERE, &desk.key(), &body)
}

fn templates(desk: &Desk<ImportDepartmentFile>) -> Markup {
    let release = desk.office().release();
    html! {
        h2.govuk-heading-m { "下载模板" }
        ul.govuk-list {
            @for set in release.datasets.iter().filter(|set| !set.columns.is_empty()) {
                li { (Link::new(format!("{HERE}/template/{}", set.id.as_str()), set.title.as_str()).about("模板")) }
            }
        }
    }
}

fn imported(desk: &Desk<ImportDepartmentFile>, files: &[DepartmentFileView]) -> Markup {
    let rows = files.iter().map(|file| {
        let state = match file.state.as_str() {
            "importing" => tag(Colour::Blue, "正在导入"),
            "ready" => tag(Colour::Green, "在用"),
            _ => tag(Colour::Grey, "已被新文件替换"),
        };
        vec![
            html! { (file.name) },
            html! { (dataset_title(desk, &file.dataset)) @if !file.source.is_empty() { "（" (file.source) "）" } },
            html! { (file.as_of) },
            html! { (file.rows) },
            html! { (file.left_out) },
            html! { (file.persons) },
            state,
            html! { (moment(file.imported_at)) },
        ]
    });
    html! {
        (Table {
            id: "files".into(),
            caption: "导入过的文件".into(),
            columns: vec![
                Column::new("文件"),
                Column::new("数据"),
                Column::new("数据日期"),
                Column::new("行数").numeric(),
                Column::new("未导入").numeric(),
                Column::new("人数").numeric(),
                Column::new("状态"),
                Column::new("导入时间"),
            ],
            rows: rows.collect(),
            empty: "还没有导入过文件。".into(),
            ..Table::default()
        })
    }
}

/// `GET /desk/departments/template/{dataset}`
pub(super) async fn template(
    desk: Desk<ImportDepartmentFile>,
    Path(dataset): Path<String>,
) -> Result<Response, Fault> {
    let content = means_test::department_template(desk.office(), desk.granted(), &dataset)?;
    let name = format!("{}模板.xlsx", dataset_title(&desk, &dataset));
    Ok(download(&name, ListFormat::Excel.mime(), content))
}

/// `POST /desk/departments`: nothing is imported yet.
pub(super) async fn preview(
    desk: Desk<ImportDepartmentFile>,
    form: KeyedForm<Fields>,
) -> Result<Answer, Fault> {
    let fields = &form.form;
    let mut typed = Typed {
        dataset: fields.get("dataset").to_owned(),
        source: fields.get("source").to_owned(),
        as_of: fields.date("as_of"),
        errors: Errors::none(),
    };
    if typed.dataset.is_empty() {
        typed.errors.add("dataset", "请选择是哪一种数据。");
    }
    let as_of = day(&typed.as_of, &mut typed.errors);
    let file = form.files.iter().find(|file| file.field == "file");
    match file {
        None => typed.errors.add("file", "请选择要导入的表格文件。"),
        Some(file) if file.too_large => typed.errors.add("file", file.too_large_message()),
        Some(_) => {}
    }
    if let Some(file) = file.filter(|_| typed.errors.is_empty()) {
        let read = means_test::preview_department_file(
            desk.office(),
            desk.granted(),
            &typed.dataset,
            &typed.source,
            &file.name,
            &file.bytes,
            as_of,
        )
        .await;
        match read {
            Ok(preview) => return Ok(preview_page(&desk, &file.name, &preview).into()),
            Err(error) => typed.errors = form_errors(error)?,
        }
    }
    if file.is_some() && typed.errors.get("file").is_none() {
        typed.errors.add("file", "请改正后重新选择表格文件。");
    }
    Ok(page(&desk, &typed).await?.into())
}

fn day(typed: &DateParts, errors: &mut Errors) -> Option<NaiveDate> {
    if *typed == DateParts::default() {
        return None;
    }
    let day = vocab::parse_date(&format!("{}-{}-{}", typed.year, typed.month, typed.day)).ok();
    if day.is_none() {
        errors.add("as_of", "请把年、月、日填完整，例如 2026 年 3 月 5 日。");
    }
    day
}

fn preview_page(desk: &Desk<ImportDepartmentFile>, name: &str, preview: &DepartmentPreview) -> Page {
    let mut rows = vec![
        SummaryRow::text("数据", &preview.dataset),
        SummaryRow::text("文件", name),
        SummaryRow::text("数据日期", &preview.as_of.to_string()),
        SummaryRow::text("可以导入", &format!("{} 行，{} 人", preview.rows, preview.persons)),
    ];
    for (title, sum) in &preview.totals {
        rows.push(SummaryRow::text(format!("{title}合计"), &format!("{} 元", sum.yuan_grouped())));
    }
    if !preview.ignored.is_empty() {
        rows.push(SummaryRow::text("没有用到的列", &preview.ignored.join("、")));
    }
    let faults = preview.faults.iter().take(FAULTS_SHOWN).map(|fault| {
        vec![
            html! { (fault.row) },
            html! { (fault.title) @if !fault.address.is_empty() { "（" (fault.address) "）" } },
            html! { (fault.message) },
        ]
    });
    let faulty = !preview.faults.is_empty();
    let commit = html! {
        (hidden("upload", &preview.upload.to_string()))
        @if faulty {
            (checkboxes(&Field::new("leave_out", "有错误的行"), &[Choice::new("yes", "不导入有错误的行，只导入其余各行")], &[]))
        }
        (button_group(&html! { (submit("导入", ButtonKind::Primary, None)) (Link::new(HERE, "不导入")) }))
    };
    let content = html! {
        (heading(Some("部门数据"), "检查结果"))
        @if preview.known { p.govuk-body { strong { "这个文件以前导入过，再次导入不会有变化。" } } }
        (summary_list(&rows))
        @if faulty {
            (Table {
                id: "faults".into(),
                caption: format!("有 {} 处错误", preview.faults.len()).into(),
                columns: ["行", "列", "错误"].map(Column::new).into(),
                rows: faults.collect(),
                ..Table::default()
            })
            (button_link(&format!("{HERE}/corrected/{}", preview.upload), "下载带错误说明的文件", ButtonKind::Secondary))
        }
        @if preview.rows > 0 { (form_post("/desk/departments/commit", &desk.key(), &commit)) }
        @else { p.govuk-body { "没有一行可以导入。" (Link::new(HERE, "返回")) } }
    };
    Page::new("检查结果", content).under("departments").back(HERE, "返回部门数据")
}

/// `GET /desk/departments/corrected/{upload}`
pub(super) async fn corrected(
    desk: Desk<ImportDepartmentFile>,
    Path(upload): Path<UploadId>,
) -> Result<Response, Fault> {
    let content = means_test::corrected_department_file(desk.office(), desk.granted(), upload).await?;
    Ok(download("错误说明.xlsx", ListFormat::Excel.mime(), content))
}

/// `POST /desk/departments/commit`
pub(super) async fn commit(
    desk: Desk<ImportDepartmentFile>,
    form: KeyedForm<Fields>,
) -> Result<Answer, Fault> {
    let upload: UploadId = form.form.get("upload").parse().map_err(|_| Fault::Hidden)?;
    let leave_out = form.form.get("leave_out") == "yes";
    match means_test::commit_department_file(desk.office(), desk.granted(), upload, leave_out).await {
        Ok(_) => Ok(SeeOther::to(HERE).done("已开始导入，完成后状态变为“在用”。").into()),
        Err(error) => {
            let errors = form_errors(error)?;
            let words = errors.get(WHOLE_FORM).or_else(|| errors.iter().next().map(|(_, message)| message));
            Ok(SeeOther::to(HERE).note(words.unwrap_or("没有导入。")).into())
        }
    }
}
