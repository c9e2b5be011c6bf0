//! A target over counties and years: a proposal by size in a table that can be changed.

use maud::{Markup, html};
use office::access::{ApprovePlan, ManagePlan};
use office::plans::split::{self, SplitProposal};
use office::plans::{SplitId, demanded};
use store::DivisionId;

use super::{HERE, NAV_ID};
use crate::answer::{Answer, Page, SeeOther};
use crate::error::{Fault, form_errors};
use crate::extract::{Desk, Path};
use crate::form_body::{Fields, KeyedForm};
use crate::money::common::{already, remember};
use crate::ui::form::{ButtonKind, Errors, Field, Width, error_summary, form_post, submit, text_input};
use crate::ui::parts;

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
