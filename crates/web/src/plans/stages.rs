//! 项目和节点: what the plan builds, by year and place, and what becomes of it.

use std::collections::BTreeSet;

use axum::extract::Query;
use axum::response::Response;
use maud::{Markup, html};
use office::access::{ReadPlan, ReportPlan, Right};
use office::casework::{AttachmentId, drafts};
use office::plans::demanded;
use office::plans::stages::{self as office_stages, Noted, Stage, StageDeed, StageFile, StageState, stages};
use office::plans::superior;
use serde::Deserialize;
use store::IdempotencyKey;
use vocab::Month;

use super::{NAV_ID, chips, exports, faces};
use crate::answer::{Answer, Page, SeeOther};
use crate::error::{Fault, form_errors};
use crate::extract::{Desk, Path};
use crate::form_body::{Fields, KeyedForm, UploadedFile};
use crate::forms_ui::Sent;
use crate::money::common::{already, remember};
use crate::ui::form::{
    ButtonKind, Choice, Errors, Field, Width, error_summary, file_upload, form_upload, hidden, radios,
    select, submit, text_area, text_input,
};
use crate::ui::parts::{
    self, Colour, Figure, SummaryRow, Urgency, figure_cards, filter, inset, summary_list, tag, with_sidebar,
};
use crate::ui::table::{Column, Table, Total};
use crate::ui::{Link, address};

const LIST: &str = "/desk/plan/stages";

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    year: String,
    state: String,
    chapter: String,
    place: String,
}

pub(super) fn state_tag(state: StageState) -> Markup {
    let colour = match state {
        StageState::Late => Colour::Red,
        StageState::UnderWay => Colour::Blue,
        StageState::Planned => Colour::Yellow,
        StageState::NoDate => Colour::Grey,
        StageState::Finished => Colour::Green,
    };
    tag(colour, state.title())
}

/// `GET /desk/plan/stages`
pub(super) async fn page(desk: Desk<ReadPlan>, Query(asked): Query<Asked>) -> Result<Page, Fault> {
    let plan = demanded(desk.office()).await?;
    let all = stages(desk.office(), desk.granted(), &plan).await?;
    let state = StageState::ALL.into_iter().find(|one| one.code() == asked.state);
    let year: Option<i32> = asked.year.parse().ok();
    let shown: Vec<&Stage> = all
        .iter()
        .filter(|stage| state.is_none_or(|wanted| stage.state == wanted))
        .filter(|stage| year.is_none_or(|wanted| stage.due.is_some_and(|due| due.year() == wanted)))
        .filter(|stage| asked.chapter.is_empty() || stage.domain.as_ref() == Some(&asked.chapter))
        .filter(|stage| asked.place.trim().is_empty() || stage.places.contains(asked.place.trim()))
        .collect();
    let years: BTreeSet<i32> = all.iter().filter_map(|stage| stage.due).map(Month::year).collect();
    let table = Table {
        id: "stages".into(),
        caption: "项目和节点".into(),
        caption_hidden: true,
        columns: vec![
            Column::new("项目、节点"),
            Column::new("完成时间"),
            Column::new("地方"),
            Column::new("数量"),
            Column::new("状态"),
            Column::new("最近进展"),
        ],
        rows: shown.iter().map(|stage| row(stage)).collect(),
        empty: "没有符合条件的项目。".into(),
        total: Some(Total::Exactly(shown.len() as u64)),
        exports: exports(&desk, "stages"),
        ..Table::default()
    };
    let cards: Vec<Figure<'_>> = StageState::ALL
        .into_iter()
        .map(|state| {
            let count = all.iter().filter(|stage| stage.state == state).count();
            let late = state == StageState::Late && count > 0;
            Figure::new(count.to_string(), state.title())
                .href(address(LIST, &[("state", state.code())]))
                .urgency(if late { Urgency::Warning } else { Urgency::Calm })
        })
        .collect();
    let content = html! {
        (parts::heading(Some(&plan.home.name), "项目和节点"))
        (parts::tabs("规划", &faces(), "stages"))
        (figure_cards(&cards))
        (with_sidebar(&filter(LIST, &chosen(&asked, state), &questions(&asked, &years, &chapters(all.iter()))), &html! { (table) }))
    };
    Ok(Page::new("项目和节点", content).under(NAV_ID))
}

fn chosen(asked: &Asked, state: Option<StageState>) -> Vec<Link<'static>> {
    let given = [
        ("state", asked.state.as_str(), state.map(|state| state.title().to_owned())),
        ("year", asked.year.as_str(), Some(format!("{}年", asked.year))),
        ("chapter", asked.chapter.as_str(), Some(asked.chapter.clone())),
        ("place", asked.place.trim(), Some(asked.place.trim().to_owned())),
    ];
    chips(LIST, &given)
}

fn questions(asked: &Asked, years: &BTreeSet<i32>, chapters: &[Choice<'_>]) -> Markup {
    let years: Vec<Choice<'_>> =
        years.iter().map(|year| Choice::new(year.to_string(), format!("{year}年"))).collect();
    let states: Vec<Choice<'_>> =
        StageState::ALL.into_iter().map(|one| Choice::new(one.code(), one.title())).collect();
    html! {
        (select(&Field::new("year", "完成年份").value(asked.year.as_str()), &years, Some("全部")))
        (select(&Field::new("state", "状态").value(asked.state.as_str()), &states, Some("全部")))
        (select(&Field::new("chapter", "章节、领域").value(asked.chapter.as_str()), chapters, Some("全部")))
        (text_input(&Field::new("place", "地方").value(asked.place.as_str()).optional().max_chars(20)))
    }
}

/// The chapters of some stages, or their fields of work, in their order.
pub(super) fn chapters<'a>(stages: impl Iterator<Item = &'a Stage>) -> Vec<Choice<'a>> {
    let mut named: Vec<&str> = Vec::new();
    for domain in stages.filter_map(|stage| stage.domain.as_deref()) {
        if !named.contains(&domain) {
            named.push(domain);
        }
    }
    named.into_iter().map(|name| Choice::new(name, name)).collect()
}

/// Where the plan speaks of it, under its name in a list.
pub(super) fn place(stage: &Stage) -> Markup {
    let said: Vec<&str> = stage.domain.iter().chain(&stage.section).map(String::as_str).collect();
    html! { @if !said.is_empty() { br; span.govuk-hint { (said.join("，")) } } }
}

fn due(stage: &Stage) -> Markup {
    html! {
        @if stage.moved {
            (stage.due.map(Month::zh).unwrap_or_default()) br; span.govuk-hint { "原定" (stage.due_words) }
        } @else if stage.due_words.is_empty() { "未印" } @else { (stage.due_words) }
    }
}

fn row(stage: &Stage) -> Vec<Markup> {
    vec![
        html! {
            span.plan-name { (Link::new(format!("{LIST}/{}", stage.id), stage.what.as_str())) }
            (place(stage))
        },
        due(stage),
        html! { (stage.places) },
        html! { (stage.quantity) },
        state_tag(stage.state),
        html! { @match stage.notes.first() { Some(note) => { (note.words) br; span.govuk-hint { (note.division_name) " " (note.at.zh()) } }, None => "—" } },
    ]
}

/// `GET /desk/plan/stages/{stage}`
pub(super) async fn one(desk: Desk<ReadPlan>, Path(id): Path<String>) -> Result<Page, Fault> {
    shown(&desk, &id, &Fields::default(), &Errors::none()).await
}

async fn shown(desk: &Desk<ReadPlan>, id: &str, typed: &Fields, errors: &Errors) -> Result<Page, Fault> {
    let plan = demanded(desk.office()).await?;
    let mut all = stages(desk.office(), desk.granted(), &plan).await?;
    all.retain(|stage| stage.id == id);
    office_stages::with_files(desk.office(), &mut all).await?;
    let stage = all.first().ok_or(Fault::Hidden)?;
    let mut rows = vec![
        SummaryRow::new("状态", state_tag(stage.state)),
        SummaryRow::new("完成时间", due(stage)),
        SummaryRow::text("地方", if stage.places.is_empty() { "未印" } else { &stage.places }),
        SummaryRow::text("数量", if stage.quantity.is_empty() { "未印" } else { &stage.quantity }),
        SummaryRow::text("领域", stage.domain.as_deref().unwrap_or("未印")),
        SummaryRow::new("分工", html! { (Link::new(format!("/desk/plan/charges/{id}"), "查看分工")) }),
        SummaryRow::new("推动的指标", served(&superior::served(&plan, id, &stage.project))),
    ];
    if let Some(sort) = &stage.sort {
        rows.insert(5, SummaryRow::text("类型", sort));
    }
    let project = plan.project(&stage.project);
    if let Some(content) = project.and_then(|project| project.content.as_ref()) {
        rows.push(SummaryRow::text("内容", content));
    }
    // The row of a table, or the sentence that names a project whose date stands in another one.
    let row = project.and_then(|project| project.row.as_ref()).filter(|row| row.as_str() != stage.source);
    let content = html! {
        (error_summary(errors))
        (parts::heading(Some("规划项目"), &stage.what))
        (summary_list(&rows))
        (inset(&html! { p.govuk-body { "规划原文：“" (stage.source) "”" @if let Some(section) = &stage.section { "（" (section) "）" } } @if let Some(row) = row { p.govuk-body { "“" (row) "”" } } }))
        @if !stage.notes.is_empty() { h2.govuk-heading-m { "进展" } (notes(stage, &format!("{LIST}/{id}"))) }
        @if desk.may(Right::ReportPlan) { (note_form(desk, &format!("{LIST}/{id}"), typed, errors)) }
    };
    Ok(Page::new(stage.what.clone(), content).under(NAV_ID).back(LIST, "返回项目和节点").errors(errors))
}

/// The indicators that something serves, as links.
pub(super) fn served(indicators: &[(String, String)]) -> Markup {
    html! {
        @if indicators.is_empty() { "没有写明" }
        @for (at, (id, name)) in indicators.iter().enumerate() {
            @if at > 0 { br; }
            (Link::new(format!("/desk/plan/indicators/{id}"), name.as_str()))
        }
    }
}

/// What was noted, with its photos and documents; `here` is the page of the stage or task.
pub(super) fn notes(stage: &Stage, here: &str) -> Markup {
    let rows: Vec<SummaryRow<'_>> = stage
        .notes
        .iter()
        .map(|note| {
            SummaryRow::new(
                note.at.zh(),
                html! {
                    strong { (note.deed.title()) } @if let Some(due) = note.due { "到" (due.zh()) } "　" (note.division_name) " " (note.by) br;
                    (note.words)
                    @if let Some(document) = &note.document { br; "文件：" (document) }
                    @if !note.files.is_empty() { (files(&note.files, here)) }
                },
            )
        })
        .collect();
    summary_list(&rows)
}

fn files(files: &[StageFile], here: &str) -> Markup {
    let shown = |file: &StageFile| matches!(file.mime.as_str(), "image/jpeg" | "image/png" | "image/webp");
    html! {
        ul.plan-files {
            @for file in files {
                @let href = format!("{here}/files/{}", file.id);
                li {
                    a.govuk-link href=(href) {
                        @if shown(file) { img src=(href) alt="" loading="lazy"; }
                        span { (file.name) }
                    }
                }
            }
        }
    }
}

pub(super) fn note_form(desk: &Desk<ReadPlan>, to: &str, typed: &Fields, errors: &Errors) -> Markup {
    let month = text_input(
        &Field::new("due", "调整后的完成月份")
            .hint("例如 2027-06")
            .value(typed.get("due"))
            .width(Width::Chars10)
            .max_chars(12)
            .errors(errors),
    );
    let mut month = Some(month);
    let choices: Vec<Choice<'_>> = StageDeed::ALL
        .into_iter()
        .map(|deed| {
            let choice = Choice::new(deed.as_str(), deed.title());
            match (deed, month.take_if(|_| deed == StageDeed::Moved)) {
                (StageDeed::Moved, Some(month)) => choice.then(month),
                _ => choice,
            }
        })
        .collect();
    html! {
        div.prose {
            h2.govuk-heading-m { "登记进展" }
            (form_upload(to, &desk.key(), &html! {
                (radios(&Field::new("deed", "进展").value(typed.get("deed")).errors(errors), &choices))
                (text_area(&Field::new("words", "情况说明").hint("例如：5月8日开工；已通过竣工验收。").value(typed.get("words")).max_chars(1000).errors(errors), 3))
                (text_input(&Field::new("document", "文件名称和文号").hint("调整完成时间必须写明。").value(typed.get("document")).optional().max_chars(200).errors(errors)))
                (file_upload(&Field::new("files", "照片和文件").hint("可以一次选几个：现场照片（JPG、PNG）、批复和验收材料（PDF）。每个不超过 10 MB。").optional().errors(errors), "image/*,.pdf", true))
                @for (field, id) in &typed.0 { @if field == KEPT { (hidden(KEPT, id)) } }
                @if typed.0.iter().any(|(field, _)| field == KEPT) { p.govuk-body { "刚才选的文件已经上传，不用再选。" } }
                (submit("登记", ButtonKind::Primary, None))
            }))
        }
    }
}

/// Ids of files that an earlier, refused sending of the form already brought.
const KEPT: &str = "kept";

/// Keeps the files that a form brought: their ids beside the form's own fields, so that a refused form has lost nothing.
pub(super) async fn keep(
    desk: &Desk<ReportPlan>,
    form: &mut Fields,
    files: Vec<UploadedFile>,
) -> Result<Errors, Fault> {
    let sent = Sent::read(desk.office(), &drafts::owner_of(desk.actor()), Fields::default(), files).await?;
    form.0.extend(sent.pairs.into_iter().map(|(_, id)| (KEPT.to_owned(), id)));
    Ok(sent.errors)
}

/// `GET /desk/plan/stages/{stage}/files/{plan_file}`
pub(super) async fn file(
    desk: Desk<ReadPlan>,
    Path((stage, id)): Path<(String, AttachmentId)>,
) -> Result<Response, Fault> {
    let (file, content) = office_stages::file(desk.office(), desk.granted(), &stage, id).await?;
    Ok(crate::desk::shown_file(&file.name, &file.mime, content))
}

/// `POST /desk/plan/stages/{stage}`
pub(super) async fn note(
    desk: Desk<ReportPlan>,
    Path(id): Path<String>,
    KeyedForm { key, mut form, files }: KeyedForm<Fields>,
) -> Result<Answer, Fault> {
    if already(&desk, &key).await?.is_some() {
        return Ok(SeeOther::to(format!("{LIST}/{id}")).into());
    }
    let refused = keep(&desk, &mut form, files).await?;
    if !refused.is_empty() {
        return Ok(shown(&desk.desk::<ReadPlan>()?, &id, &form, &refused).await?.into());
    }
    match noted(&desk, &key, &id, &form, &format!("{LIST}/{id}")).await? {
        Ok(done) => Ok(done.into()),
        Err(errors) => Ok(shown(&desk.desk::<ReadPlan>()?, &id, &form, &errors).await?.into()),
    }
}

/// Notes what a form says of a stage or task, once; what is wrong with it otherwise.
pub(super) async fn noted(
    desk: &Desk<ReportPlan>,
    key: &IdempotencyKey,
    id: &str,
    form: &Fields,
    to: &str,
) -> Result<Result<SeeOther, Errors>, Fault> {
    if already(desk, key).await?.is_some() {
        return Ok(Ok(SeeOther::to(to)));
    }
    let Some(deed) = StageDeed::read(form.get("deed")) else {
        let mut errors = Errors::none();
        errors.add("deed", "请选择进展。");
        return Ok(Err(errors));
    };
    let files: Vec<AttachmentId> = form.all(KEPT).filter_map(|id| id.parse().ok()).collect();
    let noted = Noted {
        stage: id,
        deed,
        due: form.get("due").parse().ok(),
        words: form.get("words"),
        document: form.get("document"),
        files: &files,
    };
    match office_stages::note(desk.office(), desk.granted(), noted).await {
        Ok(()) => {
            remember(desk, key, to).await?;
            Ok(Ok(SeeOther::to(to).done("进展已登记。")))
        }
        Err(error) => Ok(Err(form_errors(error)?)),
    }
}
