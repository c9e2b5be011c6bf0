//! 信息核对 of a county: what each department supplies and how it does, which questions are late, and files for departments without an
//! interface.

use axum::extract::{Path, Query};
use axum::response::{IntoResponse as _, Response};
use maud::{Markup, html};
use office::OfficeError;
use office::access::{Export, ImportDepartmentFile, MeansTest, Right};
use office::means_test::check::{self, LateLine, SourceLine};
use office::tabular::{CellFault, ListFormat};
use serde::Deserialize;

use super::words::{download, due_markup};
use crate::answer::{Answer, Page, SeeOther};
use crate::error::{Fault, form_errors};
use crate::extract::Desk;
use crate::form_body::{Fields, KeyedForm};
use crate::money::common::cursor;
use crate::ui::form::{
    ButtonKind, Choice, Errors, Field, Width, checkboxes, error_summary, file_upload, form_get, form_post,
    form_upload, radios, select, submit, text_input,
};
use crate::ui::parts::{Colour, details, exports, heading, tag};
use crate::ui::table::{Column, Pager, Table};
use crate::ui::{Link, address};

pub(super) const NAV_ID: &str = "checks";
const HERE: &str = "/desk/checks";
/// Faults that the page lists.
const FAULTS_SHOWN: usize = 100;

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Ask {
    dataset: String,
    after: String,
}

impl Ask {
    fn dataset(&self) -> Option<&str> {
        Some(self.dataset.as_str()).filter(|dataset| !dataset.is_empty())
    }
}

/// `GET /desk/checks`
pub(super) async fn list(desk: Desk<MeansTest>, Query(ask): Query<Ask>) -> Result<Page, Fault> {
    page(&desk, &ask, &Fields::default(), &Errors::none(), &[]).await
}

async fn page(
    desk: &Desk<MeansTest>,
    ask: &Ask,
    typed: &Fields,
    errors: &Errors,
    faults: &[CellFault],
) -> Result<Page, Fault> {
    let office = desk.office();
    let sources = check::sources(office, desk.granted()).await?;
    let after = cursor(&ask.after)?;
    let late = check::late(office, desk.granted(), ask.dataset(), after.as_ref()).await?;
    let mut next: Vec<(&str, &str)> = vec![("dataset", ask.dataset.as_str())];
    let cursor = late.next.as_ref().map(ToString::to_string);
    if let Some(cursor) = &cursor {
        next.push(("after", cursor));
    }
    let late_table = Table {
        id: "late".into(),
        caption: "逾期没有答复的询问".into(),
        columns: ["受理号", "询问的人", "部门", "询问日期", "最晚答复日期", "答复情况"]
            .map(Column::new)
            .into(),
        rows: late.rows.iter().map(|line| late_row(desk, line)).collect(),
        empty: "没有逾期的询问。".into(),
        exports: exports(
            desk.may(Right::Export),
            &address(&format!("{HERE}/late/export"), &[("dataset", &ask.dataset)]),
        ),
        pager: Some(Pager {
            previous: after.is_some().then(|| address(HERE, &[("dataset", &ask.dataset)]).into()),
            next: cursor.is_some().then(|| address(HERE, &next).into()),
        }),
        ..Table::default()
    };
    let content = html! {
        (error_summary(errors))
        (heading(Some(&desk.actor().division_name), "信息核对"))
        (fault_table(faults))
        (source_table(desk, &sources))
        h2.govuk-heading-m { "逾期" }
        (form_get(HERE, &html! {
            (select(&Field::new("dataset", "哪一种数据").value(ask.dataset.as_str()).optional(), &asked_sets(&sources), Some("全部")))
            (submit("查看", ButtonKind::Secondary, None))
        }))
        (late_table)
        @if desk.may(Right::ImportDepartmentFile) { (files(desk, &sources, typed, errors)) }
    };
    Ok(Page::new("信息核对", content).under(NAV_ID).errors(errors))
}

fn asked_sets(sources: &[SourceLine]) -> Vec<Choice<'_>> {
    sources
        .iter()
        .filter(|source| source.asked)
        .map(|source| Choice::new(source.id.as_str(), format!("{}（{}）", source.title, source.department)))
        .collect()
}

fn source_table(desk: &Desk<MeansTest>, sources: &[SourceLine]) -> Markup {
    let days = |days: Option<u16>, unit: &str| {
        days.map_or_else(|| "没有商定".to_owned(), |days| format!("{days} {unit}"))
    };
    let rows = sources.iter().map(|source| {
        vec![
            html! { (source.department) },
            html! { (source.title) (details("提供什么", &html! { ul.govuk-list.govuk-list--bullet { @for one in &source.supplies { li { (one) } } } @for basis in &source.basis { p.govuk-hint { "依据：" (basis) } } })) },
            html! { (days(source.limit_days, "个工作日")) },
            html! { (days(source.every_months, "个月")) },
            html! {
                @match source.exchanged_on { Some(day) => (day), None => "还没有" }
                @if let Some(next) = source.next_on { br; "下一次 " (next) }
                @if source.overdue { " " (tag(Colour::Orange, "该交换了")) }
            },
            html! { (source.waiting) },
            html! { (source.late) },
            html! { (source.answered) },
        ]
    });
    html! {
        (Table {
            id: "sources".into(),
            caption: "各部门提供的数据".into(),
            columns: vec![
                Column::new("部门"),
                Column::new("数据"),
                Column::new("答复期限"),
                Column::new("交换间隔"),
                Column::new("最近一次"),
                Column::new("等待答复").numeric(),
                Column::new("其中逾期").numeric(),
                Column::new("已答复").numeric(),
            ],
            rows: rows.collect(),
            exports: exports(desk.may(Right::Export), "/desk/checks/sources/export"),
            ..Table::default()
        })
    }
}

fn late_row(desk: &Desk<MeansTest>, line: &LateLine) -> Vec<Markup> {
    vec![
        html! { (Link::new(super::check::address(line.case), line.number.clone())) },
        html! { (line.name) },
        html! { (line.department) br; span.govuk-body-s { (line.dataset) } },
        html! { (line.asked_on) },
        due_markup(desk.office(), line.due_on, None),
        html! {
            @if line.partly { "部分答复" } @else { "没有答复" }
            " " (Link::new(format!("/desk/check-requests/{}", line.id), "登记答复").about(format!("：{}", line.number)))
        },
    ]
}

/// What is wrong with an answer file.
pub(super) fn fault_table(faults: &[CellFault]) -> Markup {
    let rows = faults.iter().take(FAULTS_SHOWN).map(|fault| {
        vec![
            html! { (fault.row) },
            html! { (fault.title) @if !fault.address.is_empty() { "（" (fault.address) "）" } },
            html! { (fault.message) },
        ]
    });
    html! {
        @if !faults.is_empty() {
            p.govuk-body { strong { "文件没有导入。" } "请按下面的说明改正后重新上传；或者勾选“不导入有错误的行”再上传一次。" }
            (Table {
                id: "faults".into(),
                caption: format!("有 {} 处错误", faults.len()).into(),
                columns: ["行", "列", "错误"].map(Column::new).into(),
                rows: rows.collect(),
                ..Table::default()
            })
        }
    }
}

fn files(desk: &Desk<MeansTest>, sources: &[SourceLine], typed: &Fields, errors: &Errors) -> Markup {
    let sets = asked_sets(sources);
    let out = html! {
        (select(&Field::new("asked", "送给哪个部门").errors(errors), &sets, Some("请选择")))
        (text_input(&Field::new("purpose", "送给谁、做什么用").hint("清单里有完整的身份证号，导出会记入审计。").value(typed.get("purpose")).width(Width::Full).max_chars(100).errors(errors)))
        (radios(&Field::new("format", "文件格式").value("xlsx").inline(), &[Choice::new("xlsx", "Excel"), Choice::new("csv", "CSV")]))
        (submit("导出询问清单", ButtonKind::Secondary, None))
    };
    let back = html! {
        (select(&Field::new("answered", "哪个部门的答复").value(typed.get("answered")).errors(errors), &sets, Some("请选择")))
        (file_upload(&Field::new("file", "答复文件").hint("Excel（.xlsx）或 CSV，不超过 12 MB。").errors(errors), ".xlsx,.csv", false))
        (checkboxes(&Field::new("leave_out", "有错误的行").optional(), &[Choice::new("yes", "不导入有错误的行，只导入其余各行")], &[typed.get("leave_out")]))
        (submit("导入答复", ButtonKind::Primary, None))
    };
    html! {
        h2.govuk-heading-m { "没有接口的部门" }
        p.govuk-body { "导出询问清单交给部门填写，填好后在这里导入。清单只有姓名、身份证号和要问的问题。" }
        (details("导出询问清单", &form_post("/desk/checks/requests", &desk.key(), &out)))
        (form_upload("/desk/checks/answers", &desk.key(), &back))
        (details("下载答复模板", &html! {
            ul.govuk-list {
                @for source in sources.iter().filter(|source| source.asked) {
                    li { (Link::new(format!("{HERE}/template/{}", source.id), source.title.clone()).about("答复模板")) }
                }
            }
        }))
    }
}

/// `GET /desk/checks/template/{dataset}`
pub(super) async fn template(
    desk: Desk<ImportDepartmentFile>,
    Path(dataset): Path<String>,
) -> Result<Response, Fault> {
    let content = check::answer_template(desk.office(), desk.granted(), &dataset)?;
    let release = desk.office().release();
    let title = release.datasets.get(&dataset).map_or_else(|| dataset.clone(), |known| known.title.clone());
    Ok(download(&format!("{title}答复.xlsx"), ListFormat::Excel.mime(), content))
}

/// `POST /desk/checks/requests`: the list of open questions for one department, as a file.
pub(super) async fn requests(
    desk: Desk<ImportDepartmentFile>,
    form: KeyedForm<Fields>,
) -> Result<Response, Fault> {
    let fields = &form.form;
    let format = if fields.get("format") == "csv" { ListFormat::Csv } else { ListFormat::Excel };
    let made = check::requests_file(
        desk.office(),
        desk.granted(),
        fields.get("asked"),
        fields.get("purpose"),
        format,
    );
    match made.await {
        Ok(content) => Ok(download(&format!("核对询问清单.{}", format.extension()), format.mime(), content)),
        Err(error @ (OfficeError::Conflict(_) | OfficeError::Invalid(_))) => {
            Ok(SeeOther::to(HERE).note(error.to_string()).into_response())
        }
        Err(OfficeError::NotFound(_)) => Ok(SeeOther::to(HERE).note("请选择送给哪个部门。").into_response()),
        Err(error) => Err(error.into()),
    }
}

/// `POST /desk/checks/answers`: a department's answer file.
pub(super) async fn answers(
    desk: Desk<ImportDepartmentFile>,
    form: KeyedForm<Fields>,
) -> Result<Answer, Fault> {
    let reader = desk.desk::<MeansTest>()?;
    let handed = match handed_in(&form, "请选择是哪个部门的答复。") {
        Ok(file) => {
            let HandedIn { dataset, name, bytes, leave_out } = file;
            let taken =
                check::take_in_file(desk.office(), desk.granted(), dataset, name, bytes, leave_out).await;
            taken_or_why(taken)?
        }
        Err(errors) => Err((errors, Vec::new())),
    };
    Ok(match handed {
        Ok(words) => SeeOther::to(HERE).done(words).into(),
        Err((errors, faults)) => page(&reader, &Ask::default(), &form.form, &errors, &faults).await?.into(),
    })
}

/// An answer file with what was typed beside it.
pub(super) struct HandedIn<'a> {
    pub dataset: &'a str,
    pub name: &'a str,
    pub bytes: &'a [u8],
    pub leave_out: bool,
}

/// Reads the form that hands in an answer file; `which` is said when the data set is not chosen.
pub(super) fn handed_in<'a>(form: &'a KeyedForm<Fields>, which: &str) -> Result<HandedIn<'a>, Errors> {
    let mut errors = Errors::none();
    let dataset = form.form.get("answered");
    if dataset.is_empty() {
        errors.add("answered", which);
    }
    let file = form.files.iter().find(|file| file.field == "file");
    match file {
        None => errors.add("file", "请选择填好的答复文件。"),
        Some(file) if file.too_large => errors.add("file", file.too_large_message()),
        Some(_) => {}
    }
    match file.filter(|_| errors.is_empty()) {
        Some(file) => Ok(HandedIn {
            dataset,
            name: &file.name,
            bytes: &file.bytes,
            leave_out: form.form.get("leave_out") == "yes",
        }),
        None => Err(errors),
    }
}

/// What is said of a file that was taken, or what is wrong with one that was not.
pub(super) fn taken_or_why(
    taken: Result<check::Taken, OfficeError>,
) -> Result<Result<String, (Errors, Vec<CellFault>)>, Fault> {
    Ok(match taken {
        Ok(taken) if taken.taken == 0 && !taken.faults.is_empty() => Err((Errors::none(), taken.faults)),
        Ok(taken) => {
            let mut words = format!("已收到 {} 条答复", taken.taken);
            if !taken.faults.is_empty() {
                words.push_str(&format!("，{} 处有错误的没有导入", taken.faults.len()));
            }
            if taken.contradictions > 0 {
                words.push_str(&format!("，发现 {} 处不一致", taken.contradictions));
            }
            Ok(format!("{words}。"))
        }
        Err(error) => Err((form_errors(error)?, Vec::new())),
    })
}

/// `GET /desk/checks/late/export`
pub(super) async fn late_export(desk: Desk<MeansTest>, Query(ask): Query<Ask>) -> Result<Response, Fault> {
    let export = desk.grant::<Export>()?;
    let sheet = check::late_sheet(desk.office(), desk.granted(), &export, ask.dataset()).await?;
    Ok(download("逾期未答复.xlsx", ListFormat::Excel.mime(), sheet))
}

/// `GET /desk/checks/sources/export`
pub(super) async fn sources_export(desk: Desk<MeansTest>) -> Result<Response, Fault> {
    let export = desk.grant::<Export>()?;
    let sheet = check::sources_sheet(desk.office(), desk.granted(), &export).await?;
    Ok(download("部门协作.xlsx", ListFormat::Excel.mime(), sheet))
}
