//! 规划: how the five-year plan stands, each indicator with its path, the projects by year and place, and what the text itself contradicts.

use axum::extract::Query;
use axum::response::Response;
use catalogue::definition::IndicatorKind;
use maud::Markup;
use office::access::{Export, ReadPlan, Right};
use office::plans::in_words::{printed, target as target_words, with_unit};
use office::plans::judge::Standing;
use office::plans::sheet::{PlanSheet, sheet};
use serde::Deserialize;

use crate::error::Fault;
use crate::extract::Desk;
use crate::form_body::upload_limit;
use crate::layout::NavEntry;
use crate::money::common::{download, month_or_now};
use crate::routes::{Routes, get, post};
use crate::ui::page::NavLink;
use crate::ui::parts::{self, Colour, tag};
use crate::ui::{Link, address};

mod alerts;
mod changes;
mod charge;
mod compare;
mod contradictions;
mod course;
mod entries;
mod evaluation;
mod evaluations;
mod gantt;
mod indicator;
mod line_chart;
pub(crate) mod open;
mod overview;
mod past;
mod promise;
mod release;
mod split;
mod stages;
mod superior;
mod tasks;
mod values;

const NAV_ID: &str = "plan";
const HERE: &str = "/desk/plan";

/// The entry of the staff navigation.
pub const NAV: NavEntry = NavEntry { id: NAV_ID, href: HERE, text: "规划", rights: &[Right::ReadPlan] };

/// Routes under `/desk/plan`.
pub fn routes() -> Routes {
    let uploads = Routes::new()
        .route("/desk/plan/stages/{stage}", get(stages::one).post(stages::note))
        .route("/desk/plan/tasks/{plan_task}", get(tasks::one).post(tasks::note))
        .layer(upload_limit());
    Routes::new()
        .route(HERE, get(overview::page))
        .route("/desk/plan/sheet", get(take_out))
        .route("/desk/plan/indicators/{plan_indicator}", get(indicator::page))
        .route("/desk/plan/indicators/{plan_indicator}/values", post(indicator::report))
        .route("/desk/plan/indicators/{plan_indicator}/adjust", post(indicator::adjust))
        .route("/desk/plan/indicators/{plan_indicator}/link", post(indicator::link))
        .route("/desk/plan/indicators/{plan_indicator}/split", get(split::page).post(split::propose))
        .route("/desk/plan/indicators/{plan_indicator}/splits/{plan_split}/decide", post(split::decide))
        .route("/desk/plan/adjustments/{adjustment}/decide", post(indicator::decide))
        .route("/desk/plan/values", get(values::page))
        .route("/desk/plan/values/{plan_value}/look", post(values::look))
        .route("/desk/plan/stages", get(stages::page))
        .route("/desk/plan/stages/{stage}/files/{plan_file}", get(stages::file))
        .route("/desk/plan/gantt", get(gantt::page))
        .route("/desk/plan/tasks", get(tasks::page))
        .route("/desk/plan/tasks/{plan_task}/files/{plan_file}", get(tasks::file))
        .route("/desk/plan/charges/{plan_entry}", get(charge::page).post(charge::charge))
        .route("/desk/plan/alerts", get(alerts::page))
        .route("/desk/plan/alerts/{plan_alert}", get(alerts::one).post(alerts::close))
        .route("/desk/plan/changes", get(changes::page))
        .route("/desk/plan/evaluations", get(evaluations::page))
        .route("/desk/plan/evaluations/{plan_evaluation}", get(evaluation::page))
        .route("/desk/plan/evaluations/{plan_evaluation}/texts", post(evaluation::write))
        .route("/desk/plan/evaluations/{plan_evaluation}/run", post(evaluation::run))
        .route("/desk/plan/evaluations/{plan_evaluation}/pdf", get(evaluation::pdf))
        .route("/desk/plan/evaluations/{plan_evaluation}/sheet", get(evaluation::sheet))
        .route("/desk/plan/evaluations/{plan_evaluation}/next", get(evaluation::next))
        .route("/desk/plan/evaluations/{plan_evaluation}/comments", post(evaluation::comment))
        .route(
            "/desk/plan/evaluations/{plan_evaluation}/comments/{plan_comment}/answer",
            post(evaluation::answer),
        )
        .route("/desk/plan/public", get(release::page).post(release::decide))
        .route("/desk/plan/past", get(past::page))
        .route("/desk/plan/entries", get(entries::page))
        .route("/desk/plan/contradictions", get(contradictions::page))
        .route("/desk/plan/superior", get(superior::page))
        .route("/desk/plan/compare", get(compare::page))
        .merge(uploads)
}

/// The faces of the plan.
fn faces() -> [NavLink<'static>; 14] {
    [
        NavLink::new("indicators", HERE, "指标"),
        NavLink::new("stages", "/desk/plan/stages", "项目和节点"),
        NavLink::new("gantt", "/desk/plan/gantt", "项目进度图"),
        NavLink::new("tasks", "/desk/plan/tasks", "任务分工"),
        NavLink::new("alerts", "/desk/plan/alerts", "预警和提醒"),
        NavLink::new("changes", "/desk/plan/changes", "本月变化"),
        NavLink::new("values", "/desk/plan/values", "待复核和批准"),
        NavLink::new("evaluations", "/desk/plan/evaluations", "评估报告"),
        NavLink::new("entries", "/desk/plan/entries", "规划条目"),
        NavLink::new("past", "/desk/plan/past", "上期完成情况"),
        NavLink::new("superior", "/desk/plan/superior", "上位规划衔接"),
        NavLink::new("compare", "/desk/plan/compare", "与外地比较"),
        NavLink::new("contradictions", "/desk/plan/contradictions", "规划文本中的矛盾"),
        NavLink::new("public", "/desk/plan/public", "对外公开"),
    ]
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct SheetAsked {
    list: String,
    indicator: String,
    month: String,
    format: String,
}

/// `GET /desk/plan/sheet`
async fn take_out(desk: Desk<ReadPlan>, Query(asked): Query<SheetAsked>) -> Result<Response, Fault> {
    let export = desk.grant::<Export>()?;
    let which = match asked.list.as_str() {
        "stages" => PlanSheet::Stages,
        "tasks" => PlanSheet::Tasks,
        "contradictions" => PlanSheet::Contradictions,
        "superior" => PlanSheet::Superior,
        "text" => PlanSheet::Text,
        "compare" => PlanSheet::Compared,
        "past" => PlanSheet::Past,
        "alerts" => PlanSheet::Alerts,
        "values" => PlanSheet::Waiting,
        "changes" => PlanSheet::Changes(month_or_now(desk.office(), &asked.month)),
        "indicator" => PlanSheet::Indicator(asked.indicator),
        _ => PlanSheet::Indicators,
    };
    let format = crate::figures::format_of(&asked.format);
    let bytes = sheet(desk.office(), desk.granted(), &export, &which, format).await?;
    Ok(download(&format!("{}.{}", which.title(), format.extension()), format.mime(), bytes))
}

/// Links that take a list out, for those who may.
fn exports(desk: &Desk<ReadPlan>, list: &str) -> Vec<Link<'static>> {
    exports_of(desk, &[("list", list)])
}

/// The same for a list that is asked for more closely: of a month, of an indicator.
fn exports_of(desk: &Desk<ReadPlan>, asked: &[(&str, &str)]) -> Vec<Link<'static>> {
    parts::exports(desk.may(Right::Export), &address("/desk/plan/sheet", asked))
}

/// The filters that a list was asked for, as links that take one of them off: its name in the address, its value, its words where it means anything.
fn chips(list: &str, given: &[(&str, &str, Option<String>)]) -> Vec<Link<'static>> {
    let mut chips = Vec::new();
    for (name, value, words) in given {
        let others = given.iter().filter(|(other, ..)| other != name);
        let others: Vec<(&str, &str)> = others.map(|(other, value, _)| (*other, *value)).collect();
        if let Some(words) = words.as_ref().filter(|_| !value.is_empty()) {
            chips.push(Link::new(address(list, &others), words.clone()));
        }
    }
    chips
}

fn standing_tag(standing: Standing) -> Markup {
    let colour = match standing {
        Standing::Missed | Standing::Behind => Colour::Red,
        Standing::OnCourse => Colour::Blue,
        Standing::Reached => Colour::Green,
        Standing::NoPath | Standing::Unknown | Standing::Words => Colour::Grey,
    };
    tag(colour, standing.title())
}

fn kind_tag(kind: IndicatorKind) -> Markup {
    let colour = match kind {
        IndicatorKind::Binding => Colour::Orange,
        IndicatorKind::Expected => Colour::Blue,
        IndicatorKind::Unspecified => Colour::Grey,
    };
    tag(colour, kind.title())
}
