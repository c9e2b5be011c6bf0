//! Simulations that were kept: the list, one of them, two side by side, and what leaves the house.

use axum::extract::{Path, Query};
use axum::response::{IntoResponse as _, Response};
use maud::{Markup, html};
use office::access::{Export, Right, Simulate};
use office::divisions;
use office::releases::{RulePart, Subject};
use office::simulation::{self, PdfState, Saved, SimulationId, SupposedValue, Supposition};
use serde::Deserialize;
use serde::de::IgnoredAny;
use store::DivisionId;
use vocab::Fen;

use super::{NAV_ID, faces, results};
use crate::answer::{Answer, Page, SeeOther};
use crate::error::{Fault, form_errors};
use crate::extract::Desk;
use crate::form_body::{Fields, KeyedForm};
use crate::money::common::{ROWS, already, cursor, download, remember, yuan};
use crate::standards::proposal_address;
use crate::ui::form::{ButtonKind, Choice, Field, button_group, button_link, form_post, select, submit};
use crate::ui::parts::{self, SummaryRow, summary_list};
use crate::ui::table::{Column, Pager, Table};
use crate::ui::{Link, address};

const LIST: &str = "/desk/simulation/saved";

fn to(id: SimulationId) -> String {
    format!("{LIST}/{id}")
}

pub(super) async fn save(
    desk: Desk<Simulate>,
    KeyedForm { key, form, .. }: KeyedForm<Fields>,
) -> Result<Answer, Fault> {
    if let Some(to) = already(&desk, &key).await? {
        return Ok(SeeOther::to(to).into());
    }
    let supposition: Supposition =
        serde_json::from_str(form.get("supposition")).map_err(|_| Fault::Hidden)?;
    let kept =
        simulation::save(desk.office(), desk.granted(), form.get("title"), form.get("note"), &supposition);
    match kept.await {
        Ok(id) => {
            remember(&desk, &key, &to(id)).await?;
            Ok(SeeOther::to(to(id)).done("仿真已保存。").into())
        }
        Err(error) => {
            let errors = form_errors(error)?;
            let content = html! {
                (parts::heading(Some("政策仿真"), "保存这次仿真"))
                (results::keep(&desk, &supposition, &form, &errors))
            };
            let page = Page::new("保存这次仿真", content).under(NAV_ID);
            Ok(page.back("/desk/simulation", "返回政策仿真").errors(&errors).into())
        }
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Ask {
    after: String,
    a: String,
    b: String,
    format: String,
}

pub(super) async fn list(desk: Desk<Simulate>, Query(ask): Query<Ask>) -> Result<Page, Fault> {
    let after = cursor(&ask.after)?;
    let page = simulation::list(desk.office(), desk.granted(), after.as_ref(), ROWS).await?;
    let rows = page.rows.iter().map(|line| {
        vec![
            html! { (Link::new(to(line.id), line.title.as_str())) },
            html! { (line.month.zh()) },
            html! { (line.division_name) },
            html! { (line.made_by) },
            html! { (line.made_at.zh()) },
        ]
    });
    let table = Table {
        id: "saved".into(),
        caption: "已保存的仿真".into(),
        columns: ["名称", "测算月份", "制作单位", "制作人", "制作时间"]
            .into_iter()
            .map(Column::new)
            .collect(),
        rows: rows.collect(),
        empty: "还没有保存过仿真。".into(),
        pager: Some(Pager {
            previous: after.is_some().then(|| LIST.into()),
            next: page.next.as_ref().map(|next| address(LIST, &[("after", &next.to_string())]).into()),
        }),
        ..Table::default()
    };
    let choices: Vec<Choice<'_>> =
        page.rows.iter().map(|line| Choice::new(line.id.to_string(), line.title.as_str())).collect();
    let content = html! {
        (parts::heading(None, "政策仿真"))
        (parts::tabs("政策仿真", &faces(), "saved"))
        @if page.rows.len() > 1 {
            (parts::filter("/desk/simulation/compare", &[], &html! {
                (select(&Field::new("a", "对比"), &choices, Some("请选择")))
                (select(&Field::new("b", "和"), &choices, Some("请选择")))
            }))
        }
        (table)
    };
    Ok(Page::new("已保存的仿真", content).under(NAV_ID))
}

pub(super) async fn page(desk: Desk<Simulate>, Path(id): Path<SimulationId>) -> Result<Page, Fault> {
    let saved = simulation::find(desk.office(), desk.granted(), id).await?;
    let line = &saved.line;
    let rows = [
        SummaryRow::text("制作", &format!("{} {}，{}", line.division_name, line.made_by, line.made_at.zh())),
        SummaryRow::text("说明", if saved.note.is_empty() { "—" } else { &saved.note }),
        SummaryRow::text("对照的规则版本", &saved.simulated.release),
    ];
    let content = html! {
        (parts::heading(Some("政策仿真"), &line.title))
        (summary_list(&rows))
        (button_group(&html! {
            @for (title, href) in proposals(&desk, &saved).await? { (button_link(&href, &title, ButtonKind::Primary)) }
            @if desk.may(Right::Export) {
                (button_link(&format!("{}/sheet?format=xlsx", to(id)), "导出 Excel", ButtonKind::Secondary))
            }
        }))
        @if desk.may(Right::Export) { (paper(&desk, id).await?) }
        (results::answer(&desk, &saved.simulated))
    };
    Ok(Page::new(line.title.clone(), content).under(NAV_ID).back(LIST, "返回已保存的仿真").charts())
}

/// Where what was supposed can be proposed: the standards of a place together, as one document sets them, each rule alone.
async fn proposals(desk: &Desk<Simulate>, saved: &Saved) -> Result<Vec<(String, String)>, Fault> {
    let mut all = Vec::new();
    if !desk.may(Right::ProposeStandard) {
        return Ok(all);
    }
    let supposition = &saved.supposition;
    let release = desk.office().release();
    let reason = format!("依据政策仿真“{}”", saved.line.title);
    let from = supposition.month.first_day().to_string();
    let mut places: Vec<(DivisionId, Vec<&SupposedValue>)> = Vec::new();
    for value in &supposition.values {
        // What is no longer defined can be proposed by nobody.
        if Subject::read(&release, &value.parameter).is_none() {
            continue;
        }
        let division = match &value.division {
            None => desk.actor().division,
            Some(code) => divisions::by_code(desk.office().db(), code).await?.id,
        };
        match places.iter_mut().find(|(known, _)| *known == division) {
            Some((_, values)) => values.push(value),
            None => places.push((division, vec![value])),
        }
    }
    let title = |subject: &str| {
        let read = Subject::read(&release, subject);
        read.map_or_else(|| subject.to_owned(), |read| read.title(&release))
    };
    for (division, values) in places {
        let lines: Vec<(&str, &str)> =
            values.iter().map(|value| (value.parameter.as_str(), value.value.as_str())).collect();
        let titles: Vec<String> = lines.iter().map(|(subject, _)| title(subject)).collect();
        let href = proposal_address(&lines, division, &from, &reason);
        all.push((format!("拟定变更：{}", titles.join("、")), href));
    }
    for text in &supposition.texts {
        let rule = RulePart { programme: &text.programme, part: text.part.clone() };
        let subject = rule.written();
        let lines = [(subject.as_str(), text.text.as_str())];
        let href = proposal_address(&lines, desk.actor().division, &from, &reason);
        all.push((format!("拟定变更：{}", rule.title(&release)), href));
    }
    Ok(all)
}

/// The paper: to be asked for, being set, or there.
async fn paper(desk: &Desk<Simulate>, id: SimulationId) -> Result<Markup, Fault> {
    let (state, _) = simulation::pdf(desk.office(), desk.granted(), id, None).await?;
    let ask = |text: &str| {
        form_post(&format!("{}/pdf", to(id)), &desk.key(), &submit(text, ButtonKind::Secondary, None))
    };
    let waits = state == PdfState::Waiting;
    let body = html! {
        @match &state {
            PdfState::None => (ask("生成 PDF")),
            PdfState::Waiting => p.govuk-body { "正在生成 PDF。" },
            PdfState::Ready => (button_link(&format!("{}/pdf", to(id)), "下载 PDF", ButtonKind::Secondary)),
            PdfState::Failed(reason) => { p.govuk-body { "PDF 没有生成：" (reason) } (ask("再生成一次")) },
        }
    };
    Ok(crate::money::common::watched("paper", &to(id), waits, &body))
}

pub(super) async fn ask_pdf(
    desk: Desk<Simulate>,
    Path(id): Path<SimulationId>,
    _form: KeyedForm<IgnoredAny>,
) -> Result<SeeOther, Fault> {
    simulation::ask_pdf(desk.office(), desk.granted(), &desk.grant::<Export>()?, id).await?;
    Ok(SeeOther::to(to(id)))
}

pub(super) async fn pdf(desk: Desk<Simulate>, Path(id): Path<SimulationId>) -> Result<Response, Fault> {
    let export = desk.grant::<Export>()?;
    simulation::find(desk.office(), desk.granted(), id).await?;
    match simulation::pdf(desk.office(), desk.granted(), id, Some(&export)).await? {
        (PdfState::Ready, bytes) => Ok(download("政策仿真.pdf", "application/pdf", bytes)),
        _ => Ok(SeeOther::to(to(id)).into_response()),
    }
}

pub(super) async fn sheet(
    desk: Desk<Simulate>,
    Path(id): Path<SimulationId>,
    Query(ask): Query<Ask>,
) -> Result<Response, Fault> {
    let export = desk.grant::<Export>()?;
    let format = crate::figures::format_of(&ask.format);
    let (title, bytes) = simulation::sheet(desk.office(), desk.granted(), &export, id, format).await?;
    Ok(download(&format!("政策仿真-{title}.{}", format.extension()), format.mime(), bytes))
}

pub(super) async fn compare(desk: Desk<Simulate>, Query(ask): Query<Ask>) -> Result<Page, Fault> {
    let (Ok(a), Ok(b)) = (ask.a.parse::<SimulationId>(), ask.b.parse::<SimulationId>()) else {
        return list(desk, Query(Ask::default())).await;
    };
    let one = simulation::find(desk.office(), desk.granted(), a).await?;
    let other = simulation::find(desk.office(), desk.granted(), b).await?;
    let mut rows = Vec::new();
    for effect in &one.simulated.programmes {
        let beside = other.simulated.programmes.iter().find(|beside| beside.programme == effect.programme);
        let Some(beside) = beside else { continue };
        let (first, second) = (effect.whole.after(), beside.whole.after());
        let row = |what: &str, first: String, second: String, difference: String| {
            vec![
                html! { (effect.title) "：" (what) },
                html! { (first) },
                html! { (second) },
                html! { (difference) },
            ]
        };
        let counts = |what: &str, first: u64, second: u64| {
            let difference = i64::try_from(second).unwrap_or(0) - i64::try_from(first).unwrap_or(0);
            row(what, first.to_string(), second.to_string(), difference.to_string())
        };
        rows.push(counts(if effect.of_persons { "人数" } else { "户数" }, first.units, second.units));
        rows.push(counts("保障人数", first.people, second.people));
        let difference = yuan(Fen(second.after.0 - first.after.0));
        rows.push(row("每月金额（元）", yuan(first.after), yuan(second.after), difference));
        rows.push(counts("不再符合", effect.whole.leaving.units, beside.whole.leaving.units));
        rows.push(counts("金额减少", effect.whole.less.units, beside.whole.less.units));
    }
    let table = Table {
        id: "compared".into(),
        caption: "两次仿真对比".into(),
        columns: vec![
            Column::new("项目"),
            Column::new(one.line.title.clone()).numeric(),
            Column::new(other.line.title.clone()).numeric(),
            Column::new("相差").numeric(),
        ],
        rows,
        empty: "两次仿真没有共同的待遇项目。".into(),
        cards: false,
        ..Table::default()
    };
    let said = |saved: &Saved| {
        html! {
            h2.govuk-heading-m { (Link::new(to(saved.line.id), saved.line.title.as_str())) }
            p.govuk-body { (saved.simulated.month.zh()) "；" (saved.simulated.said.join("；")) }
        }
    };
    let content = html! {
        (parts::heading(Some("政策仿真"), "对比"))
        (said(&one))
        (said(&other))
        @if one.simulated.population_at != other.simulated.population_at {
            (parts::warning_text("两次仿真的人口快照不是同一天的，相差的数里也有人口变动。"))
        }
        (table)
    };
    Ok(Page::new("对比两次仿真", content).under(NAV_ID).back(LIST, "返回已保存的仿真"))
}
