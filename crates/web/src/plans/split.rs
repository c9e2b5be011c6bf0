//! A target over counties and years: a proposal by size in a table that can be changed.

use std::collections::BTreeSet;

use catalogue::Number;
use maud::{Markup, html};
use office::access::{ApprovePlan, ManagePlan, ReadPlan, Right};
use office::plans::adjustments::Decided;
use office::plans::split::{self, Split, SplitProposal};
use office::plans::{IndicatorPage, SplitId, demanded};
use store::DivisionId;

use super::{HERE, NAV_ID, with_unit};
use crate::answer::{Answer, Page, SeeOther};
use crate::error::{Fault, form_errors};
use crate::extract::{Desk, Path};
use crate::form_body::{Fields, KeyedForm};
use crate::money::common::{already, remember};
use crate::ui::Link;
use crate::ui::form::{
    ButtonKind, Errors, Field, Width, button_group, error_summary, form_post, submit, text_input,
};
use crate::ui::parts::{self, details};
use crate::ui::table::{Column, Table};

/// `GET /desk/plan/indicators/{plan_indicator}/split`
pub(super) async fn page(desk: Desk<ManagePlan>, Path(id): Path<String>) -> Result<Page, Fault> {
    shown(&desk, &id, None, &Errors::none()).await
}

fn field_name(county: DivisionId, year: i32) -> String {
    format!("part_{county}_{year}")
}

async fn shown(
    desk: &Desk<ManagePlan>,
    id: &str,
    typed: Option<&Fields>,
    errors: &Errors,
) -> Result<Page, Fault> {
    let plan = demanded(desk.office()).await?;
    let indicator = plan.promised(id)?;
    let begin = split::proposal(desk.office(), desk.granted(), id).await?;
    let unit = indicator.unit.as_deref().unwrap_or_default();
    let below = plan.below_title();
    let content = html! {
        (error_summary(errors))
        (parts::heading(Some("分解目标"), &indicator.name))
        @if begin.countable {
            p.govuk-body { "下面的数按各" (below) "已登记的人口分摊，可以改。每年各" (below) "相加要等于" (plan.home.name) "的数。" }
        } @else {
            p.govuk-body { "这项指标是比例或人均数，不能相加。每个" (below) "先按" (plan.home.name) "的进度线填好，可以改。" }
        }
        (form_post(&format!("{HERE}/indicators/{id}/split"), &desk.key(), &html! {
            (years(&begin, &plan.home.name, unit, typed, errors))
            (submit("提出分解方案", ButtonKind::Primary, None))
        }))
    };
    let back = format!("{HERE}/indicators/{id}");
    Ok(Page::new("分解目标", content).under(NAV_ID).back(back, "返回指标").errors(errors))
}

fn years(begin: &SplitProposal, home: &str, unit: &str, typed: Option<&Fields>, errors: &Errors) -> Markup {
    html! {
        @for year in &begin.years {
            fieldset.govuk-fieldset {
                legend.govuk-fieldset__legend.govuk-fieldset__legend--m { (year.year) "年，" (home) " " (year.whole) (unit) }
                div.plan-split {
                    @for (at, (county, name, people)) in begin.counties.iter().enumerate() {
                        @let field = field_name(*county, year.year);
                        @let proposed = year.parts.get(at).map(ToString::to_string).unwrap_or_default();
                        @let value = typed.map_or(proposed, |typed| typed.get(&field).to_owned());
                        (text_input(&Field::new(field.clone(), name.clone()).hint(format!("已登记 {people} 人")).value(value)
                            .inputmode("decimal").width(Width::Chars10).errors(errors)))
                    }
                }
            }
        }
    }
}

/// What every place is to reach in every year, as a split has it: whoever approves it reads it, and whoever answers for a part.
fn by_year(view: &IndicatorPage, split: &Split, id: &'static str, caption: &str) -> Table<'static> {
    let one = &view.line.indicator;
    let years: BTreeSet<i32> = split.parts.iter().map(|(_, year, _)| *year).collect();
    let part = |county: DivisionId, year: i32| {
        split.parts.iter().find(|(of, in_year, _)| (*of, *in_year) == (county, year)).map(|(.., part)| *part)
    };
    let cell = |number: Option<Number>| {
        html! { @match number { Some(number) => (with_unit(number, one)), None => "—" } }
    };
    let mut columns = vec![Column::new(view.plan.below_title())];
    columns.extend(years.iter().map(|year| Column::new(format!("{year}年")).numeric()));
    let rows = view.counties.iter().map(|county| {
        let mut cells = vec![html! { (county.name) }];
        cells.extend(years.iter().map(|year| cell(part(county.division, *year))));
        cells
    });
    let sum = |year: i32| {
        let mut parts = split.parts.iter().filter(|(_, in_year, _)| *in_year == year).map(|(.., part)| *part);
        parts.try_fold(Number::new(0, 0), Number::plus)
    };
    // Shares and means do not add up.
    let sums = split::countable(one).then(|| {
        let mut cells = vec![html! { "合计" }];
        cells.extend(years.iter().map(|year| cell(sum(*year))));
        cells
    });
    Table {
        id: id.into(),
        caption: caption.to_owned().into(),
        columns,
        rows: rows.collect(),
        sums,
        cards: false,
        ..Table::default()
    }
}

/// The splits of an indicator: the one that waits with its numbers, the one that holds by year, and those before it.
pub(super) fn shown_on(desk: &Desk<ReadPlan>, view: &IndicatorPage) -> Markup {
    let one = &view.line.indicator;
    let below = view.plan.below_title();
    let waiting = view.splits.iter().find(|split| split.state == Decided::Proposed);
    let holds = view.splits.iter().find(|split| split.state == Decided::Approved);
    let earlier: Vec<&Split> = view
        .splits
        .iter()
        .filter(|split| split.state != Decided::Proposed && holds.is_none_or(|holds| holds.id != split.id))
        .collect();
    let decided = |split: &Split| {
        let by = split.decided_by.as_deref().map(|by| format!("，{by}{}", split.state.title()));
        format!("{}于{}提出{}", split.proposed_by, split.proposed_at.zh(), by.unwrap_or_default())
    };
    html! {
        @if let Some(split) = holds {
            (details("分年的目标", &html! {
                p.govuk-body { (decided(split)) "。" }
                (by_year(view, split, "parts", &format!("各{below}分年的目标")))
            }))
        }
        @if let Some(split) = waiting {
            p.govuk-body { (split.proposed_by) "提出的分解方案正在等待批准。" }
            (by_year(view, split, "parts-waiting", "等待批准的分解方案"))
            @if desk.may(Right::ApprovePlan) {
                (form_post(&format!("{HERE}/indicators/{}/splits/{}/decide", one.id, split.id), &desk.key(), &button_group(&html! {
                    (submit("批准分解方案", ButtonKind::Primary, Some(("decision", "approve"))))
                    (submit("不批准", ButtonKind::Secondary, Some(("decision", "refuse"))))
                })))
            }
        }
        @if !earlier.is_empty() {
            (details("以前的分解方案", &html! {
                ul.govuk-list.govuk-list--bullet { @for split in &earlier { li { (decided(split)) } } }
            }))
        }
        @if desk.may(Right::ManagePlan) && waiting.is_none() && view.line.target.number.is_some() {
            p.govuk-body { (Link::new(format!("{HERE}/indicators/{}/split", one.id), format!("按{below}和年份分解目标"))) }
        }
    }
}

/// `POST /desk/plan/indicators/{plan_indicator}/split`
pub(super) async fn propose(
    desk: Desk<ManagePlan>,
    Path(id): Path<String>,
    KeyedForm { key, form, .. }: KeyedForm<Fields>,
) -> Result<Answer, Fault> {
    let to = format!("{HERE}/indicators/{id}");
    if already(&desk, &key).await?.is_some() {
        return Ok(SeeOther::to(to).into());
    }
    let typed: Vec<(DivisionId, i32, String)> = form
        .0
        .iter()
        .filter_map(|(name, value)| {
            let (county, year) = name.strip_prefix("part_")?.split_once('_')?;
            Some((county.parse().ok()?, year.parse().ok()?, value.clone()))
        })
        .collect();
    match split::propose(desk.office(), desk.granted(), &id, &typed).await {
        Ok(_) => {
            remember(&desk, &key, &to).await?;
            Ok(SeeOther::to(to).done("分解方案已提出，等待另一个人批准。").into())
        }
        Err(error) => {
            let errors = form_errors(error)?;
            Ok(shown(&desk, &id, Some(&form), &errors).await?.into())
        }
    }
}

/// `POST /desk/plan/indicators/{plan_indicator}/splits/{plan_split}/decide`
pub(super) async fn decide(
    desk: Desk<ApprovePlan>,
    Path((id, split)): Path<(String, SplitId)>,
    KeyedForm { form, .. }: KeyedForm<Fields>,
) -> Result<SeeOther, Fault> {
    let approved = form.get("decision") == "approve";
    split::decide(desk.office(), desk.granted(), &id, split, approved).await?;
    let said = if approved { "分解方案已批准。" } else { "分解方案没有批准，已退回。" };
    Ok(SeeOther::to(format!("{HERE}/indicators/{id}")).done(said))
}
