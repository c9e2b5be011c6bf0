//! A change of a standard: proposed with its document, seen beside what holds now, released or refused by another person.

use axum::extract::{Path, Query};
use maud::{Markup, html};
use office::access::{ProposeStandard, ReleaseStandard, Right};
use office::releases::{
    self, ChangeState, Preview, RulePart, Standard, StandardChangeId, StandardChangeView, Subject,
};
use serde::Deserialize;
use vocab::{Month, Now};

use super::NAV_ID;
use super::list::may_read;
use super::reviews::may_look;
use crate::answer::{Answer, Page, SeeOther};
use crate::error::{Fault, form_errors};
use crate::extract::{Desk, Staff};
use crate::form_body::KeyedForm;
use crate::money::common::{ROWS, already, cursor, remember, yuan};
use crate::ui::address;
use crate::ui::form::{
    ButtonKind, Errors, Field, button_link, error_summary, form_post, hidden, submit, text_area,
};
use crate::ui::parts::{self, Colour, SummaryRow};
use crate::ui::table::{Column, Pager, Table};

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
    Subject::read(&release, id).map_or_else(|| id.to_owned(), |subject| subject.title(&release))
}

/// 低保标准等 3 项.
fn title_of(staff: &Staff, change: &StandardChangeView) -> String {
    let title = subject_title(staff, &change.parameter);
    if change.others > 0 { format!("{title}等 {} 项", change.others + 1) } else { title }
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
                html! { a.govuk-link href={ "/desk/standard-changes/" (change.id) } { (title_of(&staff, change)) } },
                html! { (change.division_name) },
                html! {
                    @if change.others > 0 { "见明细" }
                    @else if RulePart::read(&change.parameter).is_some() { code { (change.value) } }
                    @else { (change.value) }
                },
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
    let lines = releases::change_lines(staff.office(), staff.actor(), id).await?;
    // What follows another is shown where that is.
    let change = lines.first().ok_or(Fault::Hidden)?;
    let id = change.id;
    let rule = RulePart::read(&change.parameter);
    let kind = if rule.is_some() { "规则变更" } else { "标准变更" };
    let title = format!("{kind}：{}", title_of(staff, change));
    let standards = releases::standards(staff.office(), staff.actor(), change.division, change.from).await?;
    let set = lines.iter().map(|line| Line {
        title: subject_title(staff, &line.parameter),
        standard: standards.iter().find(|standard| standard.parameter == line.parameter),
        change: line,
    });
    let set: Vec<Line<'_>> = set.collect();
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
            Some(rule) => (texts(staff, change, rule)),
            None if waiting => { @for line in &set { (difference(line, set.len() > 1)) } },
            None => {},
        }
        @if let Some(preview) = &preview {
            @if !preview.warnings.is_empty() { (super::next::warnings(&preview.warnings)) }
            (effects(preview))
            @if let Some(to) = simulation(staff, &set) { (button_link(&to, "看看会影响多少家庭", ButtonKind::Secondary)) }
        }
        (summary(change, &set))
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
        @if waiting && !own && staff.may(Right::ReleaseStandard) { (hand(staff, change, errors)) }
    };
    Ok(Page::new(title, content).under(NAV_ID).back("/desk/standard-changes", "返回标准变更").errors(errors))
}

/// One of the standards that a proposal sets, beside what holds on its first day without it.
struct Line<'a> {
    title: String,
    standard: Option<&'a Standard>,
    change: &'a StandardChangeView,
}

impl Line<'_> {
    fn unit(&self) -> &str {
        self.standard.and_then(|standard| standard.unit.as_deref()).unwrap_or("")
    }
}

/// What the proposed values would mean for everybody, on the page that supposes them; it takes a few at a time.
fn simulation(staff: &Staff, lines: &[Line<'_>]) -> Option<String> {
    let first = lines.first()?.change;
    let rule = RulePart::read(&first.parameter).is_some();
    if rule || lines.len() > crate::simulation::VALUES || !staff.may(Right::Simulate) {
        return None;
    }
    let month = first.recompute_from.unwrap_or_else(|| Month::containing(first.from)).to_string();
    let place = if first.division == staff.actor().division { "" } else { first.division_code.as_str() };
    let mut asked = vec![("run".to_owned(), "1".to_owned()), ("month".to_owned(), month)];
    for (index, line) in lines.iter().enumerate() {
        let number = index + 1;
        asked.push((format!("parameter_{number}"), line.change.parameter.clone()));
        asked.push((format!("value_{number}"), line.change.value.clone()));
        asked.push((format!("place_{number}"), place.to_owned()));
    }
    let asked: Vec<(&str, &str)> =
        asked.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    Some(address("/desk/simulation", &asked))
}

/// What would hold on the change's first day beside what holds there without it.
fn difference(line: &Line<'_>, several: bool) -> Markup {
    let (change, unit) = (line.change, line.unit());
    let now = line.standard.and_then(|standard| standard.now.as_ref());
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
        id: format!("difference-{}", change.id).into(),
        caption: if several {
            format!("{}：{} 起的变化", line.title, change.from).into()
        } else {
            format!("{} 起的变化", change.from).into()
        },
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

fn summary(change: &StandardChangeView, lines: &[Line<'_>]) -> Markup {
    let at = |at: i64| Now::from_unix_ms(at).zh();
    let mut rows = vec![SummaryRow::text("适用地区", &change.division_name)];
    if RulePart::read(&change.parameter).is_none() {
        let several = lines.len() > 1;
        rows.extend(lines.iter().map(|line| {
            let name = if several { line.title.as_str() } else { "数值" };
            SummaryRow::text(name, &format!("{} {}", line.change.value, line.unit()))
        }));
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
