//! One case in five faces, each a page of its own: how it stands, the sums, the means test, what is on record, the trace.

use axum::extract::{Path, Query};
use maud::{Markup, html};
use office::access::ReadCase;
use office::casework::view::{self, CaseView};
use office::releases;
use serde::Deserialize;
use store::CaseId;

use super::means::Means;
use super::rules_in_words::{determinations, grounds, months};
use super::words::state_tag;
use crate::answer::Page;
use crate::error::Fault;
use crate::extract::Desk;
use crate::ui::page::NavLink;
use crate::ui::parts::{heading, print_button, tabs, with_aside};

mod overview;
mod records;

/// A face of the case.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
enum Face {
    #[default]
    Overview,
    Rules,
    Means,
    Records,
    Trace,
    /// Everything, for paper.
    All,
}

const FACES: [(Face, &str, &str); 6] = [
    (Face::Overview, "overview", "概况"),
    (Face::Rules, "rules", "测算依据"),
    (Face::Means, "means", "信息核对"),
    (Face::Records, "records", "申请、调查和材料"),
    (Face::Trace, "trace", "办理经过"),
    (Face::All, "all", "全部（打印）"),
];

#[derive(Debug, Default, Deserialize)]
pub(super) struct Ask {
    #[serde(default)]
    face: Face,
}

/// The address of a face.
pub(super) fn address(case: CaseId, face: &str) -> String {
    format!("/desk/cases/{case}?face={face}")
}

/// `GET /desk/cases/{case}`
pub(super) async fn show(
    desk: Desk<ReadCase>,
    Path(id): Path<CaseId>,
    Query(Ask { face }): Query<Ask>,
) -> Result<Page, Fault> {
    let view = view::open(desk.office(), desk.granted(), id).await?;
    let all = face == Face::All;
    let means = if all || face == Face::Means { Some(Means::read(&desk, &view).await?) } else { None };
    let main = html! {
        (header(&desk, &view))
        (faces(&view, face))
        @if all || face == Face::Overview {
            (overview::actions(&view))
            @if !all && !view.months.is_empty() { (months(&view.months, !view.case.open)) }
            @if !all { (overview::decision(&view, &address(id, "rules"))) }
            (overview::summary(&desk, &view))
        }
        @if all || face == Face::Rules { (section("rules", "测算依据", &html! { (months(&view.months, !view.case.open)) (determinations(&view.determinations)) (grounds(&view.grounds)) })) }
        @if let Some(means) = &means { (section("means", "家庭经济状况信息核对", &means.markup(&desk, &view))) }
        @if all || face == Face::Records {
            (section("forms", "申请和调查记录", &records::forms(&view, all)))
            @if !view.entries.is_empty() { (section("entries", "登记簿记录", &records::entries(&view))) }
            (section("attachments", "照片和材料", &records::attachments(&view)))
            (section("letters", "文书", &records::letters(&view)))
        }
        @if all || face == Face::Trace { (section("trace", "办理经过", &records::trace(&view))) }
        @if all { (print_button()) }
    };
    let content = if face == Face::Overview || all {
        let procedure = releases::kept(desk.office(), &view.case.release_hash).await?;
        let item = procedure.items.get(&view.case.item);
        let clock_title = |id: &str| {
            let clock = item.and_then(|item| item.clocks.iter().find(|clock| *clock.id == *id));
            clock.map_or_else(|| id.to_owned(), |clock| clock.title.clone())
        };
        let aside = html! {
            aside aria-label="办理进度" {
                h2.govuk-heading-m { "办理进度" }
                (overview::steps(&view))
                (overview::clocks(&desk, &view, clock_title))
            }
        };
        with_aside(&main, &aside)
    } else {
        main
    };
    let title = format!("{} {}", view.applicant, view.title);
    Ok(Page::new(title, content).under("cases").back("/desk/work", "返回待办"))
}

fn section(id: &str, title: &str, body: &Markup) -> Markup {
    html! { section id=(id) { h2.govuk-heading-m { (title) } (body) } }
}

fn header(desk: &Desk<ReadCase>, view: &CaseView) -> Markup {
    let case = &view.case;
    let step = view.steps.iter().find(|step| step.id == case.step);
    let step = step.map_or(case.step.as_str(), |step| step.title.as_str());
    let caption = format!("{} · {}", view.title, case.number);
    html! {
        (heading(Some(&caption), &format!("{}家，{} 人", view.applicant, case.members)))
        p.govuk-body { (state_tag(desk.office(), case.open, step, case.outcome.as_deref())) }
    }
}

fn faces(view: &CaseView, now: Face) -> Markup {
    let links: Vec<NavLink<'_>> =
        FACES.iter().map(|(_, id, text)| NavLink::new(*id, address(view.case.id, id), *text)).collect();
    let current = FACES.iter().find(|(face, ..)| *face == now).map_or("overview", |(_, id, _)| id);
    tabs("这件事的各个方面", &links, current)
}
