//! One evaluation: its texts, the report in one press, what the assessor said, and the next plan's baselines.

use axum::extract::Query;
use axum::response::Response;
use maud::{Markup, html};
use office::access::{CommentPlan, Export, ManagePlan, ReadPlan, Right};
use office::plans::evaluation::paper::{self, PaperState};
use office::plans::evaluation::texts::TEXT_CHARS_MAX;
use office::plans::evaluation::{
    self as evaluations, Comment, EvaluationFigures, EvaluationKind, EvaluationPage, Run, baselines,
    comments, texts,
};
use office::plans::{PlanCommentId, in_words};
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::{HERE, NAV_ID};
use crate::answer::{Answer, Page, SeeOther};
use crate::error::{Fault, form_errors};
use crate::extract::{Desk, Path};
use crate::form_body::{Fields, KeyedForm};
use crate::money::common::{already, download, remember, watched};
use crate::ui::Link;
use crate::ui::form::{
    ButtonKind, Choice, Errors, Field, button_group, button_link, error_summary, form_post, select, submit,
    text_area,
};
use crate::ui::parts::{self, Figure, SummaryRow, figure_cards, inset, summary_list};
use crate::ui::table::{Column, Table};

fn to(code: &str) -> String {
    format!("{HERE}/evaluations/{code}")
}

/// `GET /desk/plan/evaluations/{plan_evaluation}`
pub(super) async fn page(desk: Desk<ReadPlan>, Path(code): Path<String>) -> Result<Page, Fault> {
    shown(&desk, &code, &Fields::default(), &Errors::none()).await
}

async fn shown(desk: &Desk<ReadPlan>, code: &str, typed: &Fields, errors: &Errors) -> Result<Page, Fault> {
    let view = evaluations::page(desk.office(), desk.granted(), code).await?;
    let title = view.evaluation.title();
    let content = html! {
        (error_summary(errors))
        (parts::heading(Some(&view.plan.plan.name), &title))
        (report(desk, &view, code))
        @if let Some(figures) = &view.figures { (counted(figures)) }
        (written(desk, &view, code, typed, errors))
        (said(desk, &view, code, typed, errors))
        @if let Some(figures) = view.figures.as_ref().filter(|_| view.evaluation.kind == EvaluationKind::Final) { (next_plan(desk, figures, code)) }
        (earlier(&view.runs))
    };
    Ok(Page::new(title, content)
        .under(NAV_ID)
        .back(format!("{HERE}/evaluations"), "返回评估报告")
        .errors(errors))
}

/// The button, and the papers of the newest run.
fn report(desk: &Desk<ReadPlan>, view: &EvaluationPage, code: &str) -> Markup {
    let newest = view.runs.first();
    let waits = newest.is_some_and(|run| run.paper == PaperState::Waiting);
    let export = desk.may(Right::Export);
    let body = html! {
        @if let Some(run) = newest {
            p.govuk-body { "最近一次由" (run.by) "于" (run.at.zh()) "生成，数据截至" (view.figures.as_ref().map(|figures| figures.known_at(run.at)).unwrap_or_default()) "。" }
            @match &run.paper {
                PaperState::Waiting => p.govuk-body { "正在排版 PDF。" },
                PaperState::Failed(reason) => p.govuk-body { "PDF 没有生成：" (reason) },
                PaperState::Ready => {},
            }
            @if export {
                (button_group(&html! {
                    @if run.paper == PaperState::Ready { (button_link(&format!("{}/pdf", to(code)), "下载 PDF 报告", ButtonKind::Primary)) }
                    (button_link(&format!("{}/sheet?format=xlsx", to(code)), "下载 Excel", ButtonKind::Secondary))
                }))
            } @else { p.govuk-body { "您的岗位可以在下面查看这次评估，不能下载文件。" } }
        } @else {
            p.govuk-body { "还没有生成过报告。" }
        }
        @if desk.may(Right::ManagePlan) {
            @let unwritten: Vec<&str> = view.texts.iter().filter(|text| text.words.is_empty()).map(|text| text.section.title).collect();
            @if !unwritten.is_empty() {
                p.govuk-body { "还没有写的部分不印在报告里：" (unwritten.join("、")) "。" }
            }
            (form_post(&format!("{}/run", to(code)), &desk.key(), &submit(if newest.is_some() { "用现在的数据和文字重新生成" } else { "生成报告" }, ButtonKind::Secondary, None)))
        }
    };
    watched("report", &to(code), waits, &inset(&body))
}

/// What the newest run counts.
fn counted(figures: &EvaluationFigures) -> Markup {
    let cards: Vec<Figure<'_>> = figures
        .standings
        .iter()
        .filter(|(_, _, count, _)| *count > 0)
        .map(|(_, title, count, binding)| {
            Figure::new(
                count.to_string(),
                if *binding > 0 { format!("{title}（约束性 {binding}）") } else { title.clone() },
            )
        })
        .collect();
    let unit = |latest: &Option<(vocab::Month, catalogue::Number)>, unit: &str| match latest {
        Some((month, number)) => format!("{}（{}）", in_words::of_unit(*number, unit), month.zh()),
        None => "—".to_owned(),
    };
    let table = Table {
        id: "figures".into(),
        caption: "指标完成情况".into(),
        columns: ["指标", "基期值", "目标值", "最近的数", "判断", "数据来源"].map(Column::new).into(),
        rows: figures
            .indicators
            .iter()
            .map(|one| {
                vec![
                    html! { span.plan-name { (Link::new(format!("{HERE}/indicators/{}", one.id), one.name.as_str())) } br; span.govuk-hint { (one.kind) @if let Some(first) = &one.same_as { "，与“" (first) "”是同一项，不重复计数" } } },
                    html! { (one.baseline) },
                    html! { (one.target) },
                    html! { (unit(&one.latest, &one.unit)) },
                    html! { (one.standing_title) @if one.alert { "（预警）" } },
                    html! { (one.evidence) },
                ]
            })
            .collect(),
        ..Table::default()
    };
    let counties = Table {
        id: "counties".into(),
        caption: format!("各{}完成情况（绩效考核用）", figures.below).into(),
        columns: vec![
            Column::new(figures.below.as_str()),
            Column::new("分解的目标（项）").numeric(),
            Column::new("已达到").numeric(),
            Column::new("未达到").numeric(),
            Column::new("没有数据").numeric(),
        ],
        rows: figures
            .counties
            .iter()
            .map(|one| {
                let counts = [one.given, one.reached, one.missed, one.unknown];
                std::iter::once(html! { (one.name) }).chain(counts.map(|count| html! { (count) })).collect()
            })
            .collect(),
        cards: false,
        ..Table::default()
    };
    html! {
        (figure_cards(&cards))
        (parts::details("这次生成的指标完成情况", &html! { (table) }))
        @if !figures.tasks.is_empty() { (parts::details("这次生成的任务落实情况", &html! { (tasks(figures)) })) }
        @if !figures.appraised().is_empty() { (parts::details(&format!("这次生成的各{}完成情况", figures.below), &html! { (counties) })) }
    }
}

/// The tasks chapter by chapter.
fn tasks(figures: &EvaluationFigures) -> Table<'static> {
    let mut columns = vec![Column::new("章节、领域"), Column::new("任务（项）").numeric()];
    columns.extend(evaluations::TASK_STATES.map(|state| Column::new(state.title()).numeric()));
    let rows = evaluations::by_chapter(&figures.tasks).into_iter().map(|one| {
        let counts = std::iter::once(one.all).chain(one.states).map(|count| html! { (count) });
        std::iter::once(html! { (one.name) }).chain(counts).collect()
    });
    Table {
        id: "tasks".into(),
        caption: "任务落实情况".into(),
        columns,
        rows: rows.collect(),
        cards: false,
        ..Table::default()
    }
}

/// The text blocks: a form for those who write, the words for the others.
fn written(
    desk: &Desk<ReadPlan>,
    view: &EvaluationPage,
    code: &str,
    typed: &Fields,
    errors: &Errors,
) -> Markup {
    let by = |text: &texts::Text| match (&text.by, text.at) {
        (Some(by), Some(at)) => format!("{by}，{}", at.zh()),
        _ => "还没有写".to_owned(),
    };
    html! {
        h2.govuk-heading-m { "文字部分" }
        @if desk.may(Right::ManagePlan) {
            div.prose {
                (form_post(&format!("{}/texts", to(code)), &desk.key(), &html! {
                    @for text in &view.texts {
                        @let sent = typed.get(text.section.id);
                        @let value = if sent.is_empty() { text.words.as_str() } else { sent };
                        (text_area(&Field::new(text.section.id, text.section.title).hint(format!("{}（{}）", text.section.hint, by(text)))
                            .value(value).optional().max_chars(TEXT_CHARS_MAX).errors(errors), 6))
                    }
                    (submit("保存文字", ButtonKind::Primary, None))
                }))
            }
        } @else {
            (summary_list(&view.texts.iter().map(|text| SummaryRow::new(text.section.title, html! {
                @if text.words.is_empty() { "还没有写" } @else { @for line in text.words.lines() { (line) br; } }
            })).collect::<Vec<_>>()))
        }
    }
}

/// What the assessor said, and the answers.
fn said(desk: &Desk<ReadPlan>, view: &EvaluationPage, code: &str, typed: &Fields, errors: &Errors) -> Markup {
    let one = |comment: &Comment| {
        html! {
            section {
                h3.govuk-heading-s { (comment.about) }
                p.govuk-body { @for line in comment.words.lines() { (line) br; } span.govuk-hint { (comment.by) "，" (comment.at) } }
                @match &comment.answer {
                    Some(answer) => (inset(&html! { p.govuk-body { "答复：" (answer) @if let Some(by) = &comment.answered_by { "（" (by) "）" } } })),
                    None => {
                        @if desk.may(Right::ManagePlan) {
                            (form_post(&format!("{}/comments/{}/answer", to(code), comment.id), &desk.key(), &html! {
                                (text_area(&Field::new(format!("answer_{}", comment.id), "答复").hint("写明怎样处理；不采纳的，写明为什么。").max_chars(2000), 2))
                                (submit("答复", ButtonKind::Secondary, None))
                            }))
                        } @else { p.govuk-body { "还没有答复。" } }
                    },
                }
            }
        }
    };
    let mut about: Vec<Choice<'_>> =
        view.texts.iter().map(|text| Choice::new(text.section.title, text.section.title)).collect();
    about.push(Choice::new("指标完成情况", "指标完成情况"));
    about.push(Choice::new("重点项目进展", "重点项目进展"));
    html! {
        h2.govuk-heading-m { "第三方评估意见" }
        @if view.comments.is_empty() { p.govuk-body { "还没有意见。" } }
        @for comment in &view.comments { (one(comment)) }
        @if desk.may(Right::CommentPlan) {
            div.prose {
                (form_post(&format!("{}/comments", to(code)), &desk.key(), &html! {
                    (select(&Field::new("about", "针对哪一部分").value(typed.get("about")), &about, Some("总体")))
                    (text_area(&Field::new("comment", "评估意见").hint("提交以后不能修改。意见会写进评估报告。").value(typed.get("comment")).max_chars(3000).errors(errors), 6))
                    (submit("提交意见", ButtonKind::Primary, None))
                }))
            }
        }
    }
}

/// Where the plan ended: the baselines of the next one.
fn next_plan(desk: &Desk<ReadPlan>, figures: &EvaluationFigures, code: &str) -> Markup {
    let proposed = baselines(figures);
    let known = proposed.iter().filter(|one| one.number.is_some() && one.remark.is_empty()).count();
    let table = Table {
        id: "next".into(),
        caption: "下一规划期基期值建议".into(),
        columns: ["指标", "性质", "基期值建议", "数据月份", "数据来源", "说明"].map(Column::new).into(),
        rows: proposed
            .iter()
            .map(|one| {
                vec![
                    html! { (one.name) },
                    html! { (one.kind) },
                    html! { @match one.number { Some(number) => (in_words::of_unit(number, &one.unit)), None => "待定" } },
                    html! { @if let Some(month) = one.month { (month.zh()) } },
                    html! { (one.evidence) },
                    html! { (one.remark) },
                ]
            })
            .collect(),
        exports: if desk.may(Right::Export) {
            vec![Link::new(format!("{}/next?format=xlsx", to(code)), "导出 Excel")]
        } else {
            Vec::new()
        },
        ..Table::default()
    };
    html! {
        h2.govuk-heading-m { "下一规划期（" (figures.until + 1) "—" (figures.until + 5) "年）" }
        p.govuk-body { (figures.promises().count()) " 项指标中，" (known) " 项有" (figures.until) "年底的数，可以作为下一规划期的基期值。没有数的不估算。" }
        (table)
    }
}

fn earlier(runs: &[Run]) -> Markup {
    if runs.len() < 2 {
        return html! {};
    }
    parts::details(
        "以前生成的记录",
        &html! { ul.govuk-list.govuk-list--bullet { @for run in &runs[1..] { li { (run.at.zh()) " " (run.by) } } } },
    )
}

/// `POST /desk/plan/evaluations/{plan_evaluation}/texts`
pub(super) async fn write(
    desk: Desk<ManagePlan>,
    Path(code): Path<String>,
    KeyedForm { key, form, .. }: KeyedForm<Fields>,
) -> Result<Answer, Fault> {
    if let Some(to) = already(&desk, &key).await? {
        return Ok(SeeOther::to(to).into());
    }
    let sent: Vec<(&str, &str)> = evaluations::SECTIONS
        .iter()
        .filter(|section| form.0.iter().any(|(name, _)| name == section.id))
        .map(|section| (section.id, form.get(section.id)))
        .collect();
    match texts::write(desk.office(), desk.granted(), &code, &sent).await {
        Ok(changed) => {
            remember(&desk, &key, &to(&code)).await?;
            let said = if changed == 0 {
                "文字没有变化。"
            } else {
                "文字已保存。重新生成报告以后写进报告。"
            };
            Ok(SeeOther::to(to(&code)).done(said).into())
        }
        Err(error) => {
            let errors = form_errors(error)?;
            Ok(shown(&desk.desk::<ReadPlan>()?, &code, &form, &errors).await?.into())
        }
    }
}

/// `POST /desk/plan/evaluations/{plan_evaluation}/run`
pub(super) async fn run(
    desk: Desk<ManagePlan>,
    Path(code): Path<String>,
    KeyedForm { key, .. }: KeyedForm<IgnoredAny>,
) -> Result<SeeOther, Fault> {
    if let Some(to) = already(&desk, &key).await? {
        return Ok(SeeOther::to(to));
    }
    paper::run(desk.office(), desk.granted(), &desk.grant::<ReadPlan>()?, &code).await?;
    remember(&desk, &key, &to(&code)).await?;
    Ok(SeeOther::to(to(&code)).done("报告正在生成。Excel 现在就可以下载。"))
}

/// `GET /desk/plan/evaluations/{plan_evaluation}/pdf`
pub(super) async fn pdf(desk: Desk<ReadPlan>, Path(code): Path<String>) -> Result<Response, Fault> {
    desk.grant::<Export>()?;
    let (name, bytes) = paper::pdf(desk.office(), desk.granted(), &code).await?;
    Ok(download(&name, "application/pdf", bytes))
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    format: String,
}

/// `GET /desk/plan/evaluations/{plan_evaluation}/sheet`
pub(super) async fn sheet(
    desk: Desk<ReadPlan>,
    Path(code): Path<String>,
    Query(asked): Query<Asked>,
) -> Result<Response, Fault> {
    desk.grant::<Export>()?;
    let format = crate::figures::format_of(&asked.format);
    let (name, bytes) = evaluations::sheet::sheet(desk.office(), desk.granted(), &code, format).await?;
    Ok(download(&name, format.mime(), bytes))
}

/// `GET /desk/plan/evaluations/{plan_evaluation}/next`
pub(super) async fn next(
    desk: Desk<ReadPlan>,
    Path(code): Path<String>,
    Query(asked): Query<Asked>,
) -> Result<Response, Fault> {
    desk.grant::<Export>()?;
    let format = crate::figures::format_of(&asked.format);
    let (name, bytes) = evaluations::sheet::next_plan(desk.office(), desk.granted(), &code, format).await?;
    Ok(download(&name, format.mime(), bytes))
}

/// `POST /desk/plan/evaluations/{plan_evaluation}/comments`
pub(super) async fn comment(
    desk: Desk<CommentPlan>,
    Path(code): Path<String>,
    KeyedForm { key, form, .. }: KeyedForm<Fields>,
) -> Result<Answer, Fault> {
    if let Some(to) = already(&desk, &key).await? {
        return Ok(SeeOther::to(to).into());
    }
    let said =
        comments::comment(desk.office(), desk.granted(), &code, form.get("about"), form.get("comment"));
    match said.await {
        Ok(_) => {
            remember(&desk, &key, &to(&code)).await?;
            Ok(SeeOther::to(to(&code)).done("意见已提交。").into())
        }
        Err(error) => {
            let errors = form_errors(error)?;
            Ok(shown(&desk.desk::<ReadPlan>()?, &code, &form, &errors).await?.into())
        }
    }
}

/// `POST /desk/plan/evaluations/{plan_evaluation}/comments/{plan_comment}/answer`
pub(super) async fn answer(
    desk: Desk<ManagePlan>,
    Path((code, comment)): Path<(String, PlanCommentId)>,
    KeyedForm { form, .. }: KeyedForm<Fields>,
) -> Result<SeeOther, Fault> {
    let words = form.get(&format!("answer_{comment}")).to_owned();
    comments::answer(desk.office(), desk.granted(), &code, comment, &words).await?;
    Ok(SeeOther::to(to(&code)).done("已答复。"))
}
