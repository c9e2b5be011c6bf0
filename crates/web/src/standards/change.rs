//! A change of a standard: proposed with its document, seen beside what holds now, released or refused by another person.

use axum::extract::{Path, Query};
use catalogue::definition::{Parameter, ValueKind};
use maud::{Markup, html};
use office::access::{ProposeStandard, ReleaseStandard, Right};
use office::releases::{
    self, ChangeState, NewStandardChange, Preview, RulePart, StandardChangeId, StandardChangeView,
    StandardValue,
};
use serde::Deserialize;
use store::DivisionId;
use vocab::{Month, Now};

use super::NAV_ID;
use super::list::{choices, history_address, may_read, place};
use super::reviews::may_look;
use crate::answer::{Answer, Page, SeeOther};
use crate::error::{Fault, form_errors};
use crate::extract::{Desk, Staff};
use crate::form_body::{Fields, KeyedForm};
use crate::money::common::{ROWS, already, cursor, remember, yuan};
use crate::typed;
use crate::ui::form::{
    ButtonKind, Choice, Errors, Field, Width, button_link, buttons, date_input, error_summary, form_post,
    hidden, month_input, select, submit, text_area, text_input, unit_input,
};
use crate::ui::parts::{self, Colour, SummaryRow};
use crate::ui::table::{Column, Pager, Table};
use crate::ui::{Link, address};

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Where {
    division: String,
    /// What a simulation supposed.
    value: String,
    from: String,
    reason: String,
}

pub(super) async fn form_page(
    desk: Desk<ProposeStandard>,
    Path(parameter): Path<String>,
    Query(asked): Query<Where>,
) -> Result<Page, Fault> {
    let place = place(&desk, &asked.division).await?;
    let mut typed = Fields::default();
    typed.0.push(("division".to_owned(), place.id.to_string()));
    typed.0.extend([("value".to_owned(), asked.value), ("reason".to_owned(), asked.reason)]);
    for (part, text) in ["year", "month", "day"].into_iter().zip(asked.from.split('-')) {
        typed.0.push((format!("from_{part}"), text.trim_start_matches('0').to_owned()));
    }
    proposal(&desk, &parameter, &typed, &Errors::none()).await
}

/// The field of the value, as the parameter's kind wants it typed.
fn value_field(desk: &Staff, parameter: &Parameter, typed: &str, errors: &Errors) -> Markup {
    let field = Field::new("value", "新的数值").value(typed.to_owned()).errors(errors).width(Width::Chars10);
    let release = desk.office().release();
    match (*parameter.kind.get(), &parameter.codelist) {
        (ValueKind::Boolean, _) => {
            select(&field, &[Choice::new("true", "是"), Choice::new("false", "否")], Some("请选择"))
        }
        (ValueKind::Code, Some(list)) => {
            let codes: Vec<Choice<'_>> = release
                .codelists
                .get(list)
                .into_iter()
                .flat_map(|list| &list.values)
                .map(|code| Choice::new(code.code.get().as_str(), code.title.as_str()))
                .collect();
            select(&field, &codes, Some("请选择"))
        }
        _ => match &parameter.unit {
            Some(unit) => unit_input(&field, unit),
            None => text_input(&field),
        },
    }
}

async fn proposal(
    desk: &Desk<ProposeStandard>,
    parameter: &str,
    typed: &Fields,
    errors: &Errors,
) -> Result<Page, Fault> {
    let release = desk.office().release();
    let place = place(desk, typed.get("division")).await?;
    let today = desk.office().now().today();
    let (name, now, subject) = match RulePart::read(parameter) {
        Some(rule) => {
            let text = rule.text_on(&release, today).ok_or(Fault::Hidden)?;
            (rule.title(&release), rule_now(&rule, &text), rule_field(&text, place.id, typed, errors))
        }
        None => {
            let definition = release.parameters.get(parameter).ok_or(Fault::Hidden)?;
            let standards = releases::standards(desk.office(), desk.actor(), place.id, today).await?;
            let now = standards.iter().find(|standard| standard.parameter == parameter);
            let now = now.and_then(|standard| standard.now.as_ref());
            let places = choices(desk).await?;
            let subject = html! {
                (select(&Field::new("division", "适用地区").value(place.id.to_string())
                    .hint("下级地区没有另行规定的，一并适用。").errors(errors), &places, None))
                (value_field(desk, definition, typed.get("value"), errors))
            };
            (definition.title.clone(), standard_now(&place.name, now), subject)
        }
    };
    let body = html! {
        (subject)
        (date_input(&Field::new("from", "自何日起执行").errors(errors), &typed.date("from")))
        (date_input(&Field::new("stated_until", "文件规定的截止日期").optional().errors(errors), &typed.date("stated_until")))
        (text_input(&Field::new("document_title", "文件名称").value(typed.get("document_title")).width(Width::Full).max_chars(200).errors(errors)))
        (text_input(&Field::new("document_number", "文号").hint("例如 乌海民发〔2026〕15号").value(typed.get("document_number")).max_chars(80).errors(errors)))
        (text_area(&Field::new("reason", "变更原因").hint("供发布人核对。").value(typed.get("reason")).max_chars(500).errors(errors), 3))
        (month_input(&Field::new("recompute_from", "从哪个月起复核在册家庭的金额").hint("不填则按各户原定的核查时间处理。")
            .optional().errors(errors), &typed.date("recompute_from")))
        (buttons("提交，等待另一人发布", &[Link::new("/desk/standards", "取消")]))
    };
    let title = format!("拟定变更：{name}");
    let content = html! {
        div.prose {
            (error_summary(errors))
            (parts::heading(Some("政策标准"), &title))
            (parts::inset(&now))
            (form_post(&format!("/desk/standards/{parameter}/change"), &desk.key(), &body))
        }
    };
    let back = match RulePart::read(parameter) {
        Some(rule) => format!("/programmes/{}", rule.programme),
        None => history_address(parameter, place.id),
    };
    Ok(Page::new(title, content).under(NAV_ID).back(back, "返回").errors(errors))
}

fn standard_now(place: &str, now: Option<&StandardValue>) -> Markup {
    html! {
        p.govuk-body {
            @match now {
                Some(now) => { (place) "现行数值：" strong { (now.shown) } "，自 " (now.from) " 起，来源：" (now.source) "。" },
                None => { (place) "现在没有这项标准的数值。" },
            }
        }
    }
}

fn rule_now(rule: &RulePart<'_>, text: &str) -> Markup {
    html! {
        p.govuk-body { "现行的式子（读法见" (Link::new(format!("/programmes/{}", rule.programme), "规则阅读")) "）：" }
        pre.govuk-body { code { (text) } }
    }
}

/// A rule holds in the whole city; what is typed is its text, begun with the present one.
fn rule_field(text: &str, division: DivisionId, typed: &Fields, errors: &Errors) -> Markup {
    let value = if typed.get("value").is_empty() { text } else { typed.get("value") };
    let rows = u8::try_from(value.lines().count().clamp(3, 12)).unwrap_or(3);
    let field = Field::new("value", "新的式子")
        .hint("只能用现行规则已经用到的情况和标准。改动只对从执行之日起受理、复核的家庭有效。");
    html! {
        (hidden("division", &division.to_string()))
        (text_area(&field.value(value.to_owned()).max_chars(4000).errors(errors), rows))
    }
}

pub(super) async fn propose(
    desk: Desk<ProposeStandard>,
    Path(parameter): Path<String>,
    KeyedForm { key, form, .. }: KeyedForm<Fields>,
) -> Result<Answer, Fault> {
    if let Some(to) = already(&desk, &key).await? {
        return Ok(SeeOther::to(to).into());
    }
    let mut errors = Errors::none();
    let division = place(&desk, form.get("division")).await?.id;
    let from = typed::date(&form, "from", &mut errors);
    let stated_until = typed::optional_date(&form, "stated_until", &mut errors);
    let recompute = form.date("recompute_from");
    let recompute_from: Option<Month> = if recompute.year.is_empty() && recompute.month.is_empty() {
        None
    } else {
        let month = recompute.year.parse().ok().zip(recompute.month.parse().ok());
        let month = month.and_then(|(year, month)| Month::new(year, month).ok());
        if month.is_none() {
            errors.add("recompute_from", "月份不对，请填写年和月，例如 2026 年 7 月。");
        }
        month
    };
    let Some(from) = from.filter(|_| errors.is_empty()) else {
        return Ok(proposal(&desk, &parameter, &form, &errors).await?.into());
    };
    let new = NewStandardChange {
        parameter: parameter.clone(),
        division,
        from,
        stated_until,
        value: form.get("value").to_owned(),
        document_title: form.get("document_title").to_owned(),
        document_number: form.get("document_number").to_owned(),
        attachment: None,
        reason: form.get("reason").to_owned(),
        recompute_from,
    };
    match releases::propose(desk.office(), desk.granted(), &new).await {
        Ok(id) => {
            let to = format!("/desk/standard-changes/{id}");
            remember(&desk, &key, &to).await?;
            Ok(SeeOther::to(to).done("变更已提交，等待另一人发布。").into())
        }
        Err(error) => Ok(proposal(&desk, &parameter, &form, &form_errors(error)?).await?.into()),
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Ask {
    state: String,
    after: String,
}

const STATES: [ChangeState; 4] =
    [ChangeState::Proposed, ChangeState::Released, ChangeState::Refused, ChangeState::Withdrawn];

fn colour(state: ChangeState) -> Colour {
    match state {
        ChangeState::Proposed => Colour::Blue,
        ChangeState::Released => Colour::Green,
        ChangeState::Refused => Colour::Red,
        ChangeState::Withdrawn => Colour::Grey,
    }
}

/// What a change is about.
fn subject_title(staff: &Staff, id: &str) -> String {
    let release = staff.office().release();
    match RulePart::read(id) {
        Some(rule) => rule.title(&release),
        None => release.parameters.get(id).map_or_else(|| id.to_owned(), |parameter| parameter.title.clone()),
    }
}

pub(super) async fn list(staff: Staff, Query(ask): Query<Ask>) -> Result<Page, Fault> {
    may_read(&staff)?;
    let state = STATES.into_iter().find(|state| state.as_str() == ask.state).unwrap_or(ChangeState::Proposed);
    let size = u32::try_from(ROWS).unwrap_or(u32::MAX);
    let after = cursor(&ask.after)?;
    let changes = releases::changes(staff.office(), staff.actor(), state, after.as_ref(), size).await?;
    let rows = changes
        .rows
        .iter()
        .map(|change| {
            vec![
                html! { a.govuk-link href={ "/desk/standard-changes/" (change.id) } { (subject_title(&staff, &change.parameter)) } },
                html! { (change.division_name) },
                html! { @if RulePart::read(&change.parameter).is_some() { code { (change.value) } } @else { (change.value) } },
                html! { (change.from) },
                html! { (change.source) },
                html! { (change.proposed_by_name.as_deref().unwrap_or("随配置包导入")) },
            ]
        })
        .collect();
    let here = |state: ChangeState, after: &str| {
        address("/desk/standard-changes", &[("state", state.as_str()), ("after", after)])
    };
    let tabs: Vec<_> = STATES
        .into_iter()
        .map(|state| crate::ui::page::NavLink::new(state.as_str(), here(state, ""), state.title()))
        .collect();
    let table = Table {
        id: "changes".into(),
        caption: format!("{}的标准变更", state.title()).into(),
        columns: ["标准或规则", "地区", "数值或式子", "自何日起", "文件", "提出人"]
            .into_iter()
            .map(Column::new)
            .collect(),
        rows,
        pager: Some(Pager {
            previous: None,
            next: changes.next.as_ref().map(|next| here(state, &next.to_string()).into()),
        }),
        ..Table::default()
    };
    let content = html! {
        (parts::heading(Some("政策标准"), "标准变更"))
        (parts::tabs("状态", &tabs, state.as_str()))
        (table)
    };
    Ok(Page::new("标准变更", content).under(NAV_ID).back("/desk/standards", "返回标准列表"))
}

pub(super) async fn page(staff: Staff, Path(id): Path<StandardChangeId>) -> Result<Page, Fault> {
    change_page(&staff, id, &Errors::none()).await
}

async fn change_page(staff: &Staff, id: StandardChangeId, errors: &Errors) -> Result<Page, Fault> {
    let change = releases::find_change(staff.office(), staff.actor(), id).await?;
    let rule = RulePart::read(&change.parameter);
    let kind = if rule.is_some() { "规则变更" } else { "标准变更" };
    let title = format!("{kind}：{}", subject_title(staff, &change.parameter));
    let standards = releases::standards(staff.office(), staff.actor(), change.division, change.from).await?;
    let standard = standards.iter().find(|standard| standard.parameter == change.parameter);
    let unit = standard.and_then(|standard| standard.unit.as_deref()).unwrap_or("");
    let waiting = change.state == ChangeState::Proposed;
    let own = change.proposed_by == Some(staff.actor().staff);
    let hands = staff.may(Right::ProposeStandard) || staff.may(Right::ReleaseStandard);
    let preview = if waiting && hands {
        Some(releases::preview_change(staff.office(), staff.actor(), id).await?)
    } else {
        None
    };
    let content = html! {
        (error_summary(errors))
        (parts::heading(Some("政策标准"), &title))
        p { (parts::tag(colour(change.state), change.state.title())) }
        @match &rule {
            Some(rule) => (texts(staff, &change, rule)),
            None if waiting => (difference(&change, standard, unit)),
            None => {},
        }
        @if let Some(preview) = &preview {
            @if !preview.warnings.is_empty() { (super::next::warnings(&preview.warnings)) }
            (effects(preview))
        }
        (summary(&change, unit))
        @if change.state == ChangeState::Released && change.recompute_from.is_some() && may_look(staff) {
            (button_link(&format!("/desk/standard-changes/{id}/reviews"), "复核在册家庭", ButtonKind::Primary))
        }
        @if waiting && own && staff.may(Right::ProposeStandard) {
            (form_post(&format!("/desk/standard-changes/{id}/withdraw"), &staff.key(), &html! {
                (hidden("version", &change.version.to_string()))
                (submit("撤回", ButtonKind::Secondary, None))
            }))
        }
        @if waiting && own { p.govuk-body { "须由另一人核对文件后发布。" } }
        @if waiting && !own && staff.may(Right::ReleaseStandard) { (hand(staff, &change, errors)) }
    };
    Ok(Page::new(title, content).under(NAV_ID).back("/desk/standard-changes", "返回标准变更").errors(errors))
}

/// What would hold on the change's first day beside what holds there without it.
fn difference(change: &StandardChangeView, standard: Option<&releases::Standard>, unit: &str) -> Markup {
    let now = standard.and_then(|standard| standard.now.as_ref());
    let row = |name: &str, value: &str, from: String, source: &str, place: &str| {
        vec![html! { (name) }, html! { (value) }, html! { (from) }, html! { (place) }, html! { (source) }]
    };
    let before = match now {
        Some(now) => row(
            "变更前",
            &now.shown,
            now.from.to_string(),
            &now.source,
            now.division_name.as_deref().unwrap_or("全国"),
        ),
        None => row("变更前", "未录入", "—".to_owned(), "—", "—"),
    };
    let after = row("变更后", &change.value, change.from.to_string(), &change.source, &change.division_name);
    let table = Table {
        id: "difference".into(),
        caption: format!("{} 起的变化", change.from).into(),
        columns: vec![
            Column::new(""),
            Column::new(if unit.is_empty() { "数值".to_owned() } else { format!("数值（{unit}）") })
                .numeric(),
            Column::new("自何日起"),
            Column::new("制定地区"),
            Column::new("来源"),
        ],
        rows: vec![before, after],
        cards: false,
        ..Table::default()
    };
    html! { (table) }
}

/// The text that held the day before beside the new one.
fn texts(staff: &Staff, change: &StandardChangeView, rule: &RulePart<'_>) -> Markup {
    let eve = change.from.pred_opt().unwrap_or(change.from);
    let before = rule.text_on(&staff.office().release(), eve).unwrap_or_default();
    let text = |text: &str| html! { pre.govuk-body { code { (text) } } };
    let table = Table {
        id: "difference".into(),
        caption: format!("{} 起的变化", change.from).into(),
        columns: vec![Column::new(""), Column::new("式子")],
        rows: vec![vec![html! { "变更前" }, text(&before)], vec![html! { "变更后" }, text(&change.value)]],
        cards: false,
        ..Table::default()
    };
    html! { (table) }
}

/// What the change would mean for the families that are paid.
fn effects(preview: &Preview) -> Markup {
    let programmes: Vec<&str> = preview.programmes.iter().map(|(_, title)| title.as_str()).collect();
    let rows = preview
        .effects
        .iter()
        .flatten()
        .map(|(kind, effect)| {
            vec![
                html! { (kind.title()) },
                html! { (effect.families) },
                html! { (yuan(effect.old)) },
                html! { (yuan(effect.new)) },
            ]
        })
        .collect();
    let table = Table {
        id: "effects".into(),
        caption: format!("对在册家庭的影响（{}）", preview.month.zh()).into(),
        columns: vec![
            Column::new("测算结果"),
            Column::new("户数").numeric(),
            Column::new("现月金额（元）").numeric(),
            Column::new("测算月金额（元）").numeric(),
        ],
        rows,
        cards: false,
        ..Table::default()
    };
    html! {
        @if programmes.is_empty() {
            p.govuk-body { "没有待遇项目按这项标准测算。" }
        } @else {
            p.govuk-body { "涉及" (programmes.join("、")) "，在册 " (preview.families) " 户。" }
            @if preview.families == 0 {}
            @else if preview.effects.is_some() { (table) }
            @else { p.govuk-body { "户数较多，页面上不逐户测算；发布后由系统逐户测算。" } }
        }
    }
}

fn summary(change: &StandardChangeView, unit: &str) -> Markup {
    let at = |at: i64| Now::from_unix_ms(at).zh();
    let mut rows = vec![SummaryRow::text("适用地区", &change.division_name)];
    if RulePart::read(&change.parameter).is_none() {
        rows.push(SummaryRow::text("数值", &format!("{} {unit}", change.value)));
    }
    rows.push(SummaryRow::text("自何日起", &change.from.to_string()));
    if let Some(until) = change.stated_until {
        rows.push(SummaryRow::text("文件规定至", &until.to_string()));
    }
    rows.push(SummaryRow::text("文件", &change.source));
    rows.push(SummaryRow::text("变更原因", &change.reason));
    let review = change
        .recompute_from
        .map_or_else(|| "按各户原定的核查时间处理".to_owned(), |month| format!("自{}起复核", month.zh()));
    rows.push(SummaryRow::text("在册家庭的金额", &review));
    let proposer = change.proposed_by_name.as_deref().unwrap_or("随配置包导入");
    rows.push(SummaryRow::text("提出", &format!("{proposer}，{}", at(change.proposed_at))));
    if let (Some(name), Some(when)) = (&change.decided_by_name, change.decided_at) {
        rows.push(SummaryRow::text("处理", &format!("{name}，{}", at(when))));
    }
    if let Some(reason) = &change.decision_reason {
        rows.push(SummaryRow::text("未通过原因", reason));
    }
    parts::summary_list(&rows)
}

fn hand(staff: &Staff, change: &StandardChangeView, errors: &Errors) -> Markup {
    let version = change.version.to_string();
    html! {
        (parts::warning_text("请对照文件原文核对数值、地区和日期。发布后立即生效，此后的测算按新标准进行。"))
        (form_post(&format!("/desk/standard-changes/{}/release", change.id), &staff.key(), &html! {
            (hidden("version", &version))
            (submit("核对无误，发布", ButtonKind::Primary, None))
        }))
        h2.govuk-heading-m { "不予发布" }
        (form_post(&format!("/desk/standard-changes/{}/refuse", change.id), &staff.key(), &html! {
            (hidden("version", &version))
            (text_area(&Field::new("reason", "原因").max_chars(500).errors(errors), 3))
            (submit("退回", ButtonKind::Warning, None))
        }))
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Decision {
    version: i64,
    reason: String,
}

pub(super) async fn release(
    desk: Desk<ReleaseStandard>,
    Path(id): Path<StandardChangeId>,
    KeyedForm { key, form, .. }: KeyedForm<Decision>,
) -> Result<Answer, Fault> {
    let to = format!("/desk/standard-changes/{id}");
    if already(&desk, &key).await?.is_some() {
        return Ok(SeeOther::to(to).into());
    }
    let released = releases::release_change(desk.office(), desk.granted(), id, form.version).await?;
    remember(&desk, &key, &to).await?;
    let said = if released.review.is_some() {
        "标准已发布，在册家庭的金额正在复核。"
    } else {
        "标准已发布。"
    };
    Ok(SeeOther::to(to).done(said).into())
}

pub(super) async fn refuse(
    desk: Desk<ReleaseStandard>,
    Path(id): Path<StandardChangeId>,
    KeyedForm { key, form, .. }: KeyedForm<Decision>,
) -> Result<Answer, Fault> {
    let to = format!("/desk/standard-changes/{id}");
    if already(&desk, &key).await?.is_some() {
        return Ok(SeeOther::to(to).into());
    }
    match releases::refuse_change(desk.office(), desk.granted(), id, form.version, &form.reason).await {
        Ok(()) => {
            remember(&desk, &key, &to).await?;
            Ok(SeeOther::to(to).done("已退回，原因已记录。").into())
        }
        Err(error) => Ok(change_page(&desk, id, &form_errors(error)?).await?.into()),
    }
}

pub(super) async fn withdraw(
    desk: Desk<ProposeStandard>,
    Path(id): Path<StandardChangeId>,
    KeyedForm { key, form, .. }: KeyedForm<Decision>,
) -> Result<Answer, Fault> {
    let to = format!("/desk/standard-changes/{id}");
    if already(&desk, &key).await?.is_some() {
        return Ok(SeeOther::to(to).into());
    }
    releases::withdraw_change(desk.office(), desk.granted(), id, form.version).await?;
    remember(&desk, &key, &to).await?;
    Ok(SeeOther::to(to).done("变更已撤回。").into())
}
