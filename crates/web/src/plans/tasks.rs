//! 任务分工: what the plan sets out to build or keep without a number, by the office in charge, and what became of it.

use axum::extract::Query;
use axum::response::Response;
use maud::{Markup, html};
use office::access::{ReadPlan, ReportPlan, Right};
use office::casework::AttachmentId;
use office::plans::charges::{self, Task};
use office::plans::demanded;
use office::plans::stages::{self as office_stages, StageState};
use office::plans::superior;
use serde::Deserialize;

use super::stages::{self as stage_pages, keep, note_form, noted, notes, served, state_tag};
use super::{HERE, NAV_ID, chips, exports, faces};
use crate::answer::{Answer, Page, SeeOther};
use crate::error::Fault;
use crate::extract::{Desk, Path};
use crate::form_body::{Fields, KeyedForm};
use crate::money::common::already;
use crate::ui::form::{Choice, Errors, Field, error_summary, select, text_input};
use crate::ui::parts::{
    self, Figure, SummaryRow, Urgency, figure_cards, filter, inset, summary_list, with_sidebar,
};
use crate::ui::table::{Column, Table, Total};
use crate::ui::{Link, address};

const LIST: &str = "/desk/plan/tasks";

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    state: String,
    section: String,
    chapter: String,
    word: String,
}

/// `GET /desk/plan/tasks`
pub(super) async fn page(desk: Desk<ReadPlan>, Query(asked): Query<Asked>) -> Result<Page, Fault> {
    let plan = demanded(desk.office()).await?;
    let all = charges::tasks(desk.office(), desk.granted(), &plan).await?;
    let state = StageState::ALL.into_iter().find(|one| one.code() == asked.state);
    let (section, word) = (asked.section.trim(), asked.word.trim());
    let held = |task: &&Task| {
        state.is_none_or(|wanted| task.stage.state == wanted)
            && (asked.chapter.is_empty() || task.stage.domain.as_ref() == Some(&asked.chapter))
            && (word.is_empty() || task.stage.what.contains(word))
            && (section.is_empty()
                || (section == "none" && task.charge.is_none())
                || task.charge.as_ref().is_some_and(|charge| charge.section == section))
    };
    let shown: Vec<&Task> = all.iter().filter(held).collect();
    let without = all.iter().filter(|task| task.charge.is_none()).count();
    let mut sections: Vec<&str> =
        all.iter().filter_map(|task| task.charge.as_ref()).map(|charge| charge.section.as_str()).collect();
    sections.dedup();
    let mut cards: Vec<Figure<'_>> = StageState::ALL
        .into_iter()
        .map(|state| {
            let count = all.iter().filter(|task| task.stage.state == state).count();
            let late = state == StageState::Late && count > 0;
            Figure::new(count.to_string(), state.title())
                .href(address(LIST, &[("state", state.code())]))
                .urgency(if late { Urgency::Warning } else { Urgency::Calm })
        })
        .collect();
    cards.push(Figure::new(without.to_string(), "没有明确分工").href(address(LIST, &[("section", "none")])));
    let table = Table {
        id: "tasks".into(),
        caption: "任务分工".into(),
        caption_hidden: true,
        columns: ["任务", "承办", "期限", "状态", "最近进展"].map(Column::new).into(),
        rows: shown.iter().map(|task| row(task)).collect(),
        empty: "没有符合条件的任务。".into(),
        total: Some(Total::Exactly(shown.len() as u64)),
        exports: exports(&desk, "tasks"),
        ..Table::default()
    };
    let mut choices = vec![Choice::new("none", "没有明确分工")];
    choices.extend(sections.iter().map(|section| Choice::new(*section, *section)));
    let states: Vec<Choice<'_>> =
        StageState::ALL.into_iter().map(|one| Choice::new(one.code(), one.title())).collect();
    let given = [
        ("section", section, Some(if section == "none" { "没有明确分工" } else { section }.to_owned())),
        ("state", asked.state.as_str(), state.map(|state| state.title().to_owned())),
        ("chapter", asked.chapter.as_str(), Some(asked.chapter.clone())),
        ("word", word, Some(format!("名称含“{word}”"))),
    ];
    let panel = filter(
        LIST,
        &chips(LIST, &given),
        &html! {
            (select(&Field::new("section", "责任科室、单位").value(section), &choices, Some("全部")))
            (select(&Field::new("state", "状态").value(asked.state.as_str()), &states, Some("全部")))
            (select(&Field::new("chapter", "章节、领域").value(asked.chapter.as_str()), &stage_pages::chapters(all.iter().map(|task| &task.stage)), Some("全部")))
            (text_input(&Field::new("word", "名称").value(word).optional().max_chars(30)))
        },
    );
    let content = html! {
        (parts::heading(Some(&plan.home.name), "任务分工"))
        (parts::tabs("规划", &faces(), "tasks"))
        (figure_cards(&cards))
        (with_sidebar(&panel, &html! { (table) }))
    };
    Ok(Page::new("任务分工", content).under(NAV_ID))
}

fn row(task: &Task) -> Vec<Markup> {
    let stage = &task.stage;
    vec![
        html! {
            span.plan-name { (Link::new(format!("{LIST}/{}", stage.id), stage.what.as_str())) }
            (stage_pages::place(stage))
        },
        in_charge(task),
        html! { @if stage.due_words.is_empty() { "未定" } @else { (stage.due_words) } },
        state_tag(stage.state),
        html! { @match stage.notes.first() { Some(note) => { (note.words) br; span.govuk-hint { (note.division_name) " " (note.at.zh()) } }, None => "—" } },
    ]
}

fn in_charge(task: &Task) -> Markup {
    html! {
        @match &task.charge {
            Some(charge) => { (charge.section) br; span.govuk-hint { (charge.division_name) @if let Some(name) = &charge.staff_name { " " (name) } } },
            None => { @match &task.owner { Some(owner) => { "规划写明：" (owner) }, None => "没有明确分工" } },
        }
    }
}

/// `GET /desk/plan/tasks/{plan_task}`
pub(super) async fn one(desk: Desk<ReadPlan>, Path(id): Path<String>) -> Result<Page, Fault> {
    shown(&desk, &id, &Fields::default(), &Errors::none()).await
}

async fn shown(desk: &Desk<ReadPlan>, id: &str, typed: &Fields, errors: &Errors) -> Result<Page, Fault> {
    let plan = demanded(desk.office()).await?;
    let all = charges::tasks(desk.office(), desk.granted(), &plan).await?;
    let mut task = all.into_iter().find(|task| task.stage.id == id).ok_or(Fault::Hidden)?;
    office_stages::with_files(desk.office(), std::slice::from_mut(&mut task.stage)).await?;
    let stage = &task.stage;
    let words = if desk.may(Right::ManagePlan) { "明确分工" } else { "查看分工" };
    let rows = [
        SummaryRow::new("状态", state_tag(stage.state)),
        SummaryRow::new("承办", in_charge(&task)).action(Link::new(format!("{HERE}/charges/{id}"), words)),
        SummaryRow::text("期限", if stage.due_words.is_empty() { "未定" } else { &stage.due_words }),
        SummaryRow::text("领域", stage.domain.as_deref().unwrap_or("未印")),
        SummaryRow::new("推动的指标", served(&superior::served(&plan, id, &stage.project))),
    ];
    let content = html! {
        (error_summary(errors))
        (parts::heading(Some("规划任务"), &stage.what))
        (summary_list(&rows))
        (inset(&html! { p.govuk-body { "规划原文：“" (stage.source) "”" @if let Some(section) = &stage.section { "（" (section) "）" } } }))
        @if !stage.notes.is_empty() { h2.govuk-heading-m { "进展" } (notes(stage, &format!("{LIST}/{id}"))) }
        @if desk.may(Right::ReportPlan) { (note_form(desk, &format!("{LIST}/{id}"), typed, errors)) }
    };
    Ok(Page::new(stage.what.clone(), content).under(NAV_ID).back(LIST, "返回任务分工").errors(errors))
}

/// `POST /desk/plan/tasks/{plan_task}`
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

/// `GET /desk/plan/tasks/{plan_task}/files/{plan_file}`
pub(super) async fn file(
    desk: Desk<ReadPlan>,
    path: Path<(String, AttachmentId)>,
) -> Result<Response, Fault> {
    stage_pages::file(desk, path).await
}
