//! One indicator: how it stands and why, its path, its counties, what was reported, how the target was changed.

use axum::extract::Query;
use catalogue::Number;
use catalogue::plan::Held;
use maud::{Markup, html};
use office::access::{ApprovePlan, ManagePlan, ReadPlan, ReportPlan, Right};
use office::plans::adjustments::{self, Adjustment, Decided, Proposed};
use office::plans::in_words;
use office::plans::judge::{METHOD, Standing};
use office::plans::links::{self, Computed};
use office::plans::superior;
use office::plans::values::{self, Reported, ValueLine};
use office::plans::{AdjustmentId, IndicatorPage, indicator_page};
use serde::Deserialize;
use store::{Cursor, DivisionId};
use vocab::Month;

use super::superior::{demands, served_by};
use super::{HERE, NAV_ID, course, exports_of, promise, split, standing_tag, with_unit};
use crate::answer::{Answer, Page, SeeOther};
use crate::error::{Fault, form_errors};
use crate::extract::{Desk, Path};
use crate::form_body::{Fields, KeyedForm};
use crate::money::common::{already, cursor, remember};
use crate::ui::chart::Place;
use crate::ui::form::{
    ButtonKind, Choice, Errors, Field, Width, button_group, error_summary, form_post, select, submit,
    text_area, text_input, unit_input,
};
use crate::ui::parts::{self, Colour, details, inset, summary_list, tag};
use crate::ui::table::{Column, Pager, Table};
use crate::ui::{Link, address};

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    after: String,
}

/// Values of one page.
const ROWS: usize = 20;

/// `GET /desk/plan/indicators/{plan_indicator}`
pub(super) async fn page(
    desk: Desk<ReadPlan>,
    Path(id): Path<String>,
    Query(asked): Query<Asked>,
) -> Result<Page, Fault> {
    shown(&desk, &id, cursor(&asked.after)?.as_ref(), &Fields::default(), &Errors::none()).await
}

async fn shown(
    desk: &Desk<ReadPlan>,
    id: &str,
    after: Option<&Cursor>,
    typed: &Fields,
    errors: &Errors,
) -> Result<Page, Fault> {
    let view = indicator_page(desk.office(), desk.granted(), id).await?;
    let reports = values::of_indicator(desk.office(), desk.granted(), id, after, ROWS).await?;
    let above: Vec<Held> = superior::held(desk.office(), desk.granted(), &view.plan)
        .await?
        .into_iter()
        .filter(|held| held.entry == id)
        .collect();
    let serving = superior::serving(desk.office(), desk.granted(), &view.plan, id).await?;
    let one = &view.line.indicator;
    let here = format!("{HERE}/indicators/{id}");
    let content = html! {
        (error_summary(errors))
        (parts::heading(Some("规划指标"), &one.name))
        (summary_list(&promise::summary(&view)))
        (judgement(&view))
        @if let Some(link) = &view.link {
            (inset(&html! {
                p.govuk-body {
                    "这项指标由系统计算，不用填报：" (link.title) "。"
                    @match &link.made {
                        Some((who, at)) => { (who) "于" (at.zh()) "设定。" }
                        None => { "这是配置包给出的，口径与规划相同。" }
                    }
                }
                @if desk.may(Right::ReadRecords) {
                    p.govuk-body { (records_behind(&link.by, None)) }
                }
            }))
        }
        // A promise in words has neither path nor numbers.
        @if view.line.judgement.standing != Standing::Words || !view.points.is_empty() {
            h2.govuk-heading-m { "进度线和" (course::said(&view)) }
            (course::shown(&view))
        }
        p.govuk-body.no-print { @for link in exports_of(desk, &[("list", "indicator"), ("indicator", id)]) { (link) "　" } }
        @if !view.counties.is_empty() { (counties(desk, &view)) }
        (demands(&above))
        (served_by(&serving))
        (reported(&view, &reports.rows, &here, after.is_some(), reports.next.as_ref()))
        @if desk.may(Right::ReportPlan) && view.link.is_none() { (report_form(desk, &view, typed, errors)) }
        @if !view.adjustments.is_empty() { (changes(desk, &view)) }
        @if desk.may(Right::ManagePlan) { (adjust_form(desk, &view, typed, errors)) (link_form(desk, &view, errors)) }
        (promise::words(&view))
    };
    let title = one.name.clone();
    Ok(Page::new(title, content).under(NAV_ID).back(HERE, "返回规划总览").charts().errors(errors))
}

/// Why it is judged so, in sentences.
fn judgement(view: &IndicatorPage) -> Markup {
    let (one, judged) = (&view.line.indicator, &view.line.judgement);
    let unit = |number| with_unit(number, one);
    let why = match (judged.standing, judged.latest, judged.expected) {
        (Standing::Unknown, None, _) => format!("还没有{}，不判断快慢。", course::said(view)),
        (Standing::Unknown, Some(point), _) => {
            format!(
                "最近的数是{}的{}，到期以后的数还没有，不判断是否达到。",
                point.month.zh(),
                unit(point.number)
            )
        }
        (Standing::Words, ..) => "规划用文字表述目标，没有数可以比。".to_owned(),
        (Standing::NoPath, Some(point), _) => {
            format!("{}是{}。规划没有印基期值，画不出进度线。", point.month.zh(), unit(point.number))
        }
        (_, Some(point), Some(expected)) => {
            let expected = in_words::expected(expected, one, &view.line.target);
            format!("{}是{}，按进度线这个月应到{expected}。", point.month.zh(), unit(point.number))
        }
        (_, Some(point), None) => format!("{}是{}。", point.month.zh(), unit(point.number)),
        (_, None, _) => String::new(),
    };
    inset(&html! {
        p.govuk-body { (why) }
        @if let Some(forecast) = judged.forecast {
            p.govuk-body {
                "照现在的速度，到" (view.line.target.due.zh())
                @if forecast.least == forecast.most { "大约是" (unit(forecast.least)) } @else { "大约在" (unit(forecast.least)) "到" (unit(forecast.most)) "之间" }
                "。这是按两种速度推算的，不是准数。"
            }
        }
        @if judged.alert { p.govuk-body { strong { "预警：两种推算都达不到目标，离到期不满 " (view.plan.plan.warn_months) " 个月。" } } }
        (details("怎样判断", &html! { ul.govuk-list.govuk-list--bullet { @for line in METHOD { li { (line) } } } }))
    })
}

/// Where the records behind a computed figure stand, of a county or of the whole.
fn records_behind(by: &Computed, county: Option<DivisionId>) -> Link<'static> {
    match by {
        Computed::Indicator(id) => {
            let division = county.map(|county| county.to_string()).unwrap_or_default();
            let there = format!("/desk/indicators/{id}");
            Link::new(address(&there, &[("division", &division)]), "查看这个数由哪些记录组成")
        }
        Computed::Duty { .. } => Link::new("/desk/record-rates", "查看这个数由哪些职责组成"),
    }
}

/// The counties on the pack's outline by their newest values, rounded; where the packs have no outline of these places, as tiles. A computed value opens its
/// records.
fn map(desk: &Desk<ReadPlan>, view: &IndicatorPage) -> Markup {
    let one = &view.line.indicator;
    if view.counties.iter().all(|county| county.latest.is_none()) {
        return html! {};
    }
    let link = view.link.as_ref().filter(|_| desk.may(Right::ReadRecords));
    let places: Vec<Place<'static>> = view
        .counties
        .iter()
        .map(|county| Place {
            code: county.code.clone().into(),
            name: county.name.clone().into(),
            value: county
                .latest
                .and_then(|point| point.number.percent_of(Number::new(100, 0), 0))
                .map(Number::units),
            href: link.map(|link| records_behind(&link.by, Some(county.division)).href),
        })
        .collect();
    let unit = one.unit.clone().unwrap_or_default();
    let title = format!("{}，各{}最近的数（取整）", one.name, view.plan.below_title());
    crate::figures::place_map(&desk.office().release(), places, &title, &unit)
}

fn counties(desk: &Desk<ReadPlan>, view: &IndicatorPage) -> Markup {
    let one = &view.line.indicator;
    let below = view.plan.below_title();
    let rows = view.counties.iter().map(|county| {
        vec![
            html! { (county.name) },
            html! { @match county.target { Some(number) => (with_unit(number, one)), None => "没有分解" } },
            html! {
                @match (county.latest, &view.link) {
                    (Some(point), Some(link)) if desk.may(Right::ReadRecords) => {
                        a.govuk-link href=(records_behind(&link.by, Some(county.division)).href) { (with_unit(point.number, one)) } "（" (point.month.zh()) "）"
                    }
                    (Some(point), _) => { (with_unit(point.number, one)) "（" (point.month.zh()) "）" }
                    (None, _) => "—"
                }
            },
            html! { @match county.standing { Some(standing) => (standing_tag(standing)), None => (tag(Colour::Grey, "没有分解")) } },
        ]
    });
    let table = Table {
        id: "counties".into(),
        caption: format!("各{below}").into(),
        columns: vec![
            Column::new(below),
            Column::new("分解目标").numeric(),
            Column::new("最近的数").numeric(),
            Column::new("判断"),
        ],
        rows: rows.collect(),
        ..Table::default()
    };
    html! {
        (map(desk, view))
        (table)
        (split::shown_on(desk, view))
    }
}

fn reported(
    view: &IndicatorPage,
    rows: &[ValueLine],
    here: &str,
    not_first: bool,
    next: Option<&Cursor>,
) -> Markup {
    let table = Table {
        id: "values".into(),
        caption: "填报记录".into(),
        columns: vec![
            Column::new("月份"),
            Column::new("地方"),
            Column::new("数值").numeric(),
            Column::new("数据来源"),
            Column::new("填报人"),
            Column::new("状态"),
        ],
        rows: rows.iter().map(|line| value_row(view, line)).collect(),
        empty: "还没有填报。".into(),
        pager: Some(Pager {
            previous: not_first.then(|| here.to_owned().into()),
            next: next.map(|next| address(here, &[("after", &next.to_string())]).into()),
        }),
        ..Table::default()
    };
    html! { (table) }
}

fn value_row(view: &IndicatorPage, line: &ValueLine) -> Vec<Markup> {
    let colour = match line.state {
        values::ValueState::Reported => Colour::Yellow,
        values::ValueState::Confirmed => Colour::Green,
        values::ValueState::Refused => Colour::Red,
        values::ValueState::Replaced => Colour::Grey,
    };
    vec![
        html! { (line.month.zh()) },
        html! { (line.division_name) },
        html! { (with_unit(line.number, &view.line.indicator)) },
        html! { (line.evidence) },
        html! { (line.reported_by) br; span.govuk-hint { (line.reported_at.zh()) } },
        html! {
            (tag(colour, line.state.title()))
            @if let Some(by) = &line.looked_by { br; span.govuk-hint { (by) } }
            @if let Some(remark) = &line.remark { br; (remark) }
        },
    ]
}

fn report_form(desk: &Desk<ReadPlan>, view: &IndicatorPage, typed: &Fields, errors: &Errors) -> Markup {
    let own = desk.actor().division;
    let mut places = Vec::new();
    if own == view.plan.home.id {
        places.push(Choice::new(own.to_string(), view.plan.home.name.clone()));
        places.extend(
            view.counties.iter().map(|county| Choice::new(county.division.to_string(), county.name.clone())),
        );
    } else {
        places.extend(
            view.counties
                .iter()
                .filter(|county| county.division == own)
                .map(|county| Choice::new(county.division.to_string(), county.name.clone())),
        );
    }
    if places.is_empty() {
        return html! {};
    }
    let one = &view.line.indicator;
    let chosen =
        if typed.get("division").is_empty() { own.to_string() } else { typed.get("division").to_owned() };
    html! {
        div.prose {
            h2.govuk-heading-m { "填报" }
            (form_post(&format!("{HERE}/indicators/{}/values", one.id), &desk.key(), &html! {
                (select(&Field::new("division", "地方").value(chosen).errors(errors), &places, None))
                (text_input(&Field::new("month", "截至哪个月").hint("例如 2025-12").value(typed.get("month")).width(Width::Chars10).max_chars(12).errors(errors)))
                (unit_input(&Field::new("number", "数值").value(typed.get("number")).inputmode("decimal").width(Width::Chars10).errors(errors), one.unit.as_deref().unwrap_or("（规划没有印单位）")))
                (text_area(&Field::new("evidence", "数据来源").hint("例如：养老机构床位统计表（2025年12月）、区民政局台账、文件名称和文号。").value(typed.get("evidence")).max_chars(500).errors(errors), 3))
                (submit("填报，交给另一个人复核", ButtonKind::Primary, None))
            }))
        }
    }
}

fn changes(desk: &Desk<ReadPlan>, view: &IndicatorPage) -> Markup {
    let row = |one: &Adjustment| {
        let colour = match one.state {
            Decided::Proposed => Colour::Yellow,
            Decided::Approved => Colour::Green,
            Decided::Refused => Colour::Red,
        };
        vec![
            html! { (with_unit(one.number, &view.line.indicator)) "，" (one.year) "年" },
            html! { (one.reason) },
            html! { (one.document) },
            html! { (one.proposed_by) br; span.govuk-hint { (one.proposed_at.zh()) } },
            html! {
                (tag(colour, one.state.title()))
                @if let Some(by) = &one.decided_by { br; span.govuk-hint { (by) } }
                @if one.state == Decided::Proposed && desk.may(Right::ApprovePlan) {
                    (form_post(&format!("{HERE}/adjustments/{}/decide", one.id), &desk.key(), &button_group(&html! {
                        (submit("批准", ButtonKind::Primary, Some(("decision", "approve"))))
                        (submit("不批准", ButtonKind::Secondary, Some(("decision", "refuse"))))
                    })))
                }
            },
        ]
    };
    let table = Table {
        id: "adjustments".into(),
        caption: "目标调整记录".into(),
        columns: vec![
            Column::new("调整后的目标"),
            Column::new("原因"),
            Column::new("依据文件"),
            Column::new("提出人"),
            Column::new("状态"),
        ],
        rows: view.adjustments.iter().map(row).collect(),
        ..Table::default()
    };
    html! { (table) }
}

fn adjust_form(desk: &Desk<ReadPlan>, view: &IndicatorPage, typed: &Fields, errors: &Errors) -> Markup {
    if view.adjustments.iter().any(|one| one.state == Decided::Proposed) {
        return html! {};
    }
    let one = &view.line.indicator;
    let year = if typed.get("year").is_empty() {
        view.line.target.due.year().to_string()
    } else {
        typed.get("year").to_owned()
    };
    details(
        "调整目标",
        &form_post(
            &format!("{HERE}/indicators/{}/adjust", one.id),
            &desk.key(),
            &html! {
                p.govuk-body { "调整要写明原因和文件，由另一个人批准后才生效；规划印的目标和以前的调整都会留着。" }
                (unit_input(&Field::new("target", "调整后的目标值").value(typed.get("target")).inputmode("decimal").width(Width::Chars10).errors(errors), one.unit.as_deref().unwrap_or("（规划没有印单位）")))
                (text_input(&Field::new("year", "完成年份").value(year).inputmode("numeric").width(Width::Chars5).max_chars(4).errors(errors)))
                (text_area(&Field::new("reason", "调整原因").value(typed.get("reason")).max_chars(1000).errors(errors), 3))
                (text_input(&Field::new("document", "依据的文件名称和文号").value(typed.get("document")).max_chars(200).errors(errors)))
                (submit("提出调整", ButtonKind::Secondary, None))
            },
        ),
    )
}

/// What computes it, or what could.
fn link_form(desk: &Desk<ReadPlan>, view: &IndicatorPage, errors: &Errors) -> Markup {
    let one = &view.line.indicator;
    let action = format!("{HERE}/indicators/{}/link", one.id);
    if view.link.is_some() {
        return form_post(
            &action,
            &desk.key(),
            &submit("停止由系统计算，改为填报", ButtonKind::Secondary, Some(("end", "yes"))),
        );
    }
    let all = links::choices(&desk.office().release(), one.unit.as_deref());
    if all.is_empty() {
        return html! {};
    }
    let choices: Vec<Choice<'_>> = all.into_iter().map(|(by, title)| Choice::new(by.code(), title)).collect();
    details(
        "由系统计算",
        &form_post(
            &action,
            &desk.key(),
            &html! {
                p.govuk-body { "选定以后，这项指标取系统从登记簿算出的数，不能再手工填报。" }
                (select(&Field::new("link", "由什么计算").errors(errors), &choices, Some("请选择")))
                (submit("设为由系统计算", ButtonKind::Secondary, None))
            },
        ),
    )
}

/// `POST /desk/plan/indicators/{plan_indicator}/values`
pub(super) async fn report(
    desk: Desk<ReportPlan>,
    Path(id): Path<String>,
    KeyedForm { key, form, .. }: KeyedForm<Fields>,
) -> Result<Answer, Fault> {
    let to = format!("{HERE}/indicators/{id}");
    if already(&desk, &key).await?.is_some() {
        return Ok(SeeOther::to(to).into());
    }
    let month: Result<Month, _> = form.get("month").parse();
    let Ok(month) = month else {
        let mut errors = Errors::none();
        errors.add("month", "请填写月份，例如 2025-12。");
        return Ok(shown(&desk.desk::<ReadPlan>()?, &id, None, &form, &errors).await?.into());
    };
    let division = form.get("division").parse().map_err(|_| Fault::Hidden)?;
    let reported = Reported {
        indicator: &id,
        division,
        month,
        number: form.get("number"),
        evidence: form.get("evidence"),
    };
    match values::report(desk.office(), desk.granted(), reported).await {
        Ok(_) => {
            remember(&desk, &key, &to).await?;
            Ok(SeeOther::to(to).done("已填报，等待另一个人复核。").into())
        }
        Err(error) => {
            let errors = form_errors(error)?;
            Ok(shown(&desk.desk::<ReadPlan>()?, &id, None, &form, &errors).await?.into())
        }
    }
}

/// `POST /desk/plan/indicators/{plan_indicator}/adjust`
pub(super) async fn adjust(
    desk: Desk<ManagePlan>,
    Path(id): Path<String>,
    KeyedForm { key, form, .. }: KeyedForm<Fields>,
) -> Result<Answer, Fault> {
    let to = format!("{HERE}/indicators/{id}");
    if already(&desk, &key).await?.is_some() {
        return Ok(SeeOther::to(to).into());
    }
    let proposed = Proposed {
        indicator: &id,
        number: form.get("target"),
        year: form.get("year").parse().unwrap_or_default(),
        reason: form.get("reason"),
        document: form.get("document"),
    };
    match adjustments::propose(desk.office(), desk.granted(), proposed).await {
        Ok(_) => {
            remember(&desk, &key, &to).await?;
            Ok(SeeOther::to(to).done("调整已提出，等待另一个人批准。").into())
        }
        Err(error) => {
            // The form calls its number otherwise than the form of reports on the same page.
            let mut errors = Errors::none();
            for (field, message) in form_errors(error)?.iter() {
                errors.add(if field == "number" { "target" } else { field }, message);
            }
            Ok(shown(&desk.desk::<ReadPlan>()?, &id, None, &form, &errors).await?.into())
        }
    }
}

/// `POST /desk/plan/adjustments/{adjustment}/decide`
pub(super) async fn decide(
    desk: Desk<ApprovePlan>,
    Path(id): Path<AdjustmentId>,
    KeyedForm { form, .. }: KeyedForm<Fields>,
) -> Result<SeeOther, Fault> {
    let approved = form.get("decision") == "approve";
    adjustments::decide(desk.office(), desk.granted(), id, approved).await?;
    Ok(SeeOther::to(HERE).done(if approved {
        "目标调整已批准。"
    } else {
        "目标调整没有批准，已退回。"
    }))
}

/// `POST /desk/plan/indicators/{plan_indicator}/link`
pub(super) async fn link(
    desk: Desk<ManagePlan>,
    Path(id): Path<String>,
    KeyedForm { key, form, .. }: KeyedForm<Fields>,
) -> Result<Answer, Fault> {
    let to = format!("{HERE}/indicators/{id}");
    if already(&desk, &key).await?.is_some() {
        return Ok(SeeOther::to(to).into());
    }
    let end = form.get("end") == "yes";
    let done = if end {
        links::unlink(desk.office(), desk.granted(), &id).await
    } else {
        links::link(desk.office(), desk.granted(), &id, form.get("link")).await
    };
    match done {
        Ok(()) => {
            remember(&desk, &key, &to).await?;
            let said = if end {
                "已停止由系统计算，从现在起填报。"
            } else {
                "已设为由系统计算。"
            };
            Ok(SeeOther::to(to).done(said).into())
        }
        Err(error) => {
            let errors = form_errors(error)?;
            Ok(shown(&desk.desk::<ReadPlan>()?, &id, None, &form, &errors).await?.into())
        }
    }
}
