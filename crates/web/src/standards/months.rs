//! 每月公布的数: the month's numbers entered together or from a file, and put in force by a second person.

use axum::response::Response;
use maud::{Markup, html};
use office::access::{ProposeStandard, ReleaseStandard, Right};
use office::releases::{self, MonthFigures, MonthRow, MonthsTaken, StandardChangeId};
use office::tabular::{CellFault, ListFormat};
use vocab::Month;

use super::NAV_ID;
use crate::answer::{Answer, Page, SeeOther};
use crate::error::{Fault, form_errors};
use crate::extract::{Desk, Staff};
use crate::form_body::{Fields, KeyedForm};
use crate::money::answer_file::faults_table;
use crate::money::common::{already, download, remember};
use crate::ui::Link;
use crate::ui::form::{
    ButtonKind, Choice, Errors, Field, Width, buttons, error_summary, file_upload, form_post, form_upload,
    hidden, select, submit, text_input, unit_input,
};
use crate::ui::parts;
use crate::ui::table::{Column, Table};

const HERE: &str = "/desk/month-figures";
/// Months that may be chosen for entry.
const ENTRY_MONTHS: i32 = 12;

/// `GET /desk/month-figures`
pub(super) async fn page(staff: Staff) -> Result<Page, Fault> {
    overview(&staff, &Fields::default(), &Errors::none(), &[]).await
}

async fn overview(
    staff: &Staff,
    typed: &Fields,
    errors: &Errors,
    faults: &[CellFault],
) -> Result<Page, Fault> {
    let office = staff.office();
    let months = releases::month_figures(office, staff.actor(), staff.actor().division).await?;
    let content = html! {
        (error_summary(errors))
        (parts::heading(Some("政策标准"), "每月公布的数"))
        p.govuk-body { "统计部门每月公布、只在当月有效的数，例如居民消费价格涨幅。录入以后由另一人对照文件复核，复核以后才用来判断当月是否启动发放。" }
        @for month in months.iter().filter(|month| !month.waiting.is_empty()) { (waiting(staff, month)) }
        (table(staff, &months))
        p.govuk-body { (Link::new("/desk/month-lists", "按月造册发放")) }
        @if staff.may(Right::ProposeStandard) {
            @if !faults.is_empty() {
                (parts::warning_text("文件有不对的地方，没有保存。请改好下列各处再上传。"))
                (faults_table("不对的地方", faults))
            }
            (entry_form(staff, typed, errors))
        }
    };
    Ok(Page::new("每月公布的数", content)
        .under(NAV_ID)
        .back("/desk/standards", "返回标准列表")
        .errors(errors))
}

fn table(staff: &Staff, months: &[MonthRow]) -> Table<'static> {
    let release = staff.office().release();
    let mut columns = vec![Column::new("月份")];
    columns.extend(releases::monthly(&release).map(|parameter| {
        let unit = parameter.unit.as_deref().map(|unit| format!("（{unit}）")).unwrap_or_default();
        Column::new(format!("{}{unit}", parameter.title)).numeric()
    }));
    columns.push(Column::new("文件"));
    let rows = months.iter().map(|month| {
        let mut cells = vec![html! { (month.month.zh()) }];
        cells.extend(month.figures.iter().map(|figure| {
            html! {
                @match figure { Some(figure) => (figure.shown), None => "—" }
            }
        }));
        let mut sources: Vec<&str> =
            month.figures.iter().flatten().map(|figure| figure.source.as_str()).collect();
        sources.dedup();
        cells.push(html! { (sources.join("；")) });
        cells
    });
    Table {
        id: "months".into(),
        caption: "已经复核的数".into(),
        columns,
        rows: rows.collect(),
        ..Table::default()
    }
}

fn waiting(staff: &Staff, month: &MonthRow) -> Markup {
    let release = staff.office().release();
    let title = |id: &str| {
        release.parameters.get(id).map_or_else(|| id.to_owned(), |parameter| parameter.title.clone())
    };
    let own = month.waiting.iter().any(|change| change.proposed_by == Some(staff.actor().staff));
    parts::inset(&html! {
        h2.govuk-heading-s { (month.month.zh()) "的数等待复核" }
        @for change in &month.waiting {
            p.govuk-body {
                (Link::new(format!("/desk/standard-changes/{}", change.id), title(&change.parameter))) "：" strong { (change.value) }
                "，" (change.source) "，" (change.proposed_by_name.as_deref().unwrap_or("")) "录入"
            }
        }
        @if staff.may(Right::ReleaseStandard) && !own {
            (form_post(&format!("{HERE}/release"), &staff.key(), &html! {
                @for change in &month.waiting { (hidden("change", &format!("{}.{}", change.id, change.version))) }
                (submit("对照文件核对无误，复核同意", ButtonKind::Primary, None))
            }))
            p.govuk-body { "有不对的，点开那一个数，写明原因退回。" }
        } @else {
            p.govuk-body { "须由另一人对照文件复核。" }
        }
    })
}

fn entry_form(staff: &Staff, typed: &Fields, errors: &Errors) -> Markup {
    let office = staff.office();
    let release = office.release();
    let now = office.now().month();
    let months: Vec<Choice<'_>> = (0..ENTRY_MONTHS)
        .map(|back| now.plus(-back))
        .map(|month| Choice::new(month.to_string(), month.zh()))
        .collect();
    let month = match typed.get("month") {
        "" => now.previous().to_string(),
        typed => typed.to_owned(),
    };
    let body = html! {
        (select(&Field::new("month", "哪个月的数").value(month).errors(errors), &months, None))
        @for parameter in releases::monthly(&release) {
            @let field = Field::new(parameter.id.get().clone(), parameter.title.clone()).value(typed.get(parameter.id.as_str()).to_owned())
                .optional().width(Width::Chars10).inputmode("decimal").errors(errors);
            (unit_input(&field, parameter.unit.as_deref().unwrap_or_default()))
        }
        (text_input(&Field::new("document_title", "文件名称").hint("统计部门的公报或者通报。").value(typed.get("document_title")).width(Width::Full).max_chars(200).errors(errors)))
        (text_input(&Field::new("document_number", "文号").hint("没有文号的写公布日期，例如 2026-10-15公布。").value(typed.get("document_number")).max_chars(80).errors(errors)))
        (buttons("提交，等待另一人复核", &[]))
    };
    let upload = html! {
        (file_upload(&Field::new("file", "文件").hint("按模板填写的 Excel 或 CSV，一个月一行，可以一次录几个月。").errors(errors), ".xlsx,.xls,.csv", false))
        (buttons("上传，等待另一人复核", &[]))
    };
    html! {
        section {
            h2.govuk-heading-m { "录入一个月的数" }
            (form_post(HERE, &staff.key(), &body))
        }
        section {
            h2.govuk-heading-m { "从文件录入" }
            p.govuk-body { (Link::new(format!("{HERE}/template"), "下载模板")) }
            (form_upload(&format!("{HERE}/file"), &staff.key(), &upload))
        }
    }
}

/// `POST /desk/month-figures`
pub(super) async fn propose(
    desk: Desk<ProposeStandard>,
    KeyedForm { key, form, .. }: KeyedForm<Fields>,
) -> Result<Answer, Fault> {
    if let Some(to) = already(&desk, &key).await? {
        return Ok(SeeOther::to(to).into());
    }
    let mut errors = Errors::none();
    match form.get("month").parse::<Month>() {
        Ok(month) => {
            let release = desk.office().release();
            let values = releases::monthly(&release)
                .map(|parameter| (parameter.id.get().clone(), form.get(parameter.id.as_str()).to_owned()));
            let figures = MonthFigures {
                month,
                values: values.collect(),
                document_title: form.get("document_title").to_owned(),
                document_number: form.get("document_number").to_owned(),
            };
            match releases::propose_months(desk.office(), desk.granted(), &[figures]).await {
                Ok(_) => {
                    remember(&desk, &key, HERE).await?;
                    return Ok(SeeOther::to(HERE).done("已提交，等待另一人复核。").into());
                }
                Err(error) => errors = form_errors(error)?,
            }
        }
        Err(_) => errors.add("month", "请选择月份。"),
    }
    Ok(overview(&desk, &form, &errors, &[]).await?.into())
}

/// `GET /desk/month-figures/template`
pub(super) async fn template(desk: Desk<ProposeStandard>) -> Result<Response, Fault> {
    let bytes = releases::month_template(desk.office())?;
    Ok(download("每月公布的数模板.xlsx", ListFormat::Excel.mime(), bytes))
}

/// `POST /desk/month-figures/file`
pub(super) async fn file(
    desk: Desk<ProposeStandard>,
    KeyedForm { key, form, files }: KeyedForm<Fields>,
) -> Result<Answer, Fault> {
    if let Some(to) = already(&desk, &key).await? {
        return Ok(SeeOther::to(to).into());
    }
    let mut errors = Errors::none();
    let mut faults = Vec::new();
    match files.iter().find(|file| file.field == "file") {
        None => errors.add("file", "请选择文件。"),
        Some(file) if file.too_large => errors.add("file", file.too_large_message()),
        Some(file) => {
            match releases::take_in_months(desk.office(), desk.granted(), &file.name, &file.bytes).await {
                Ok(MonthsTaken::Proposed(months)) => {
                    remember(&desk, &key, HERE).await?;
                    return Ok(SeeOther::to(HERE)
                        .done(format!("{months} 个月的数已提交，等待另一人复核。"))
                        .into());
                }
                Ok(MonthsTaken::Refused(found)) => {
                    errors.add("file", format!("文件有 {} 处不对，没有保存。", found.len()));
                    faults = found;
                }
                Err(error) => errors = form_errors(error)?,
            }
        }
    }
    Ok(overview(&desk, &form, &errors, &faults).await?.into())
}

/// `POST /desk/month-figures/release`
pub(super) async fn release(
    desk: Desk<ReleaseStandard>,
    KeyedForm { key, form, .. }: KeyedForm<Fields>,
) -> Result<Answer, Fault> {
    if let Some(to) = already(&desk, &key).await? {
        return Ok(SeeOther::to(to).into());
    }
    let seen = form.all("change").map(|text| {
        let (id, version) = text.split_once('.')?;
        Some((StandardChangeId(id.parse().ok()?), version.parse().ok()?))
    });
    let Some(seen) = seen.collect::<Option<Vec<(StandardChangeId, i64)>>>() else {
        return Err(Fault::Refused("页面没有完整送达，请刷新后重新核对。".to_owned()));
    };
    match releases::release_month(desk.office(), desk.granted(), &seen).await {
        Ok(_) => {
            remember(&desk, &key, HERE).await?;
            Ok(SeeOther::to(HERE).done("已复核，当月的数开始生效。").into())
        }
        Err(error) => Ok(overview(&desk, &Fields::default(), &form_errors(error)?, &[]).await?.into()),
    }
}
