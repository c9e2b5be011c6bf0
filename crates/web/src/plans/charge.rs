//! 分工: who is in charge of an entry of the plan, and until when.

use maud::{Markup, html};
use office::access::{ManagePlan, ReadPlan, Right};
use office::divisions;
use office::plans::charges::{self, Charged};
use office::plans::{Installed, demanded};
use store::DivisionId;

use super::{HERE, NAV_ID};
use crate::answer::{Answer, Page, SeeOther};
use crate::error::{Fault, form_errors};
use crate::extract::{Desk, Path};
use crate::form_body::{Fields, KeyedForm};
use crate::money::common::{already, remember};
use crate::ui::Link;
use crate::ui::form::{
    ButtonKind, Choice, Errors, Field, Width, error_summary, form_post, select, submit, text_input,
};
use crate::ui::parts::{self, SummaryRow, summary_list};

/// Where an entry has its own page.
fn page_of(plan: &Installed, entry: &str) -> String {
    let sort = if plan.indicator(entry).is_some() {
        "indicators"
    } else if plan.tasks.iter().any(|task| task.id == *entry) {
        "tasks"
    } else {
        "stages"
    };
    format!("{HERE}/{sort}/{entry}")
}

/// How long before its date somebody is reminded.
fn reminded(months: Option<u8>, plan: &Installed) -> String {
    match months {
        Some(months) => format!("到期前 {months} 个月"),
        None => format!("到期前 {} 个月（按规划设定）", plan.plan.remind_months),
    }
}

/// `GET /desk/plan/charges/{plan_entry}`
pub(super) async fn page(desk: Desk<ReadPlan>, Path(entry): Path<String>) -> Result<Page, Fault> {
    shown(&desk, &entry, &Fields::default(), &Errors::none()).await
}

async fn shown(desk: &Desk<ReadPlan>, entry: &str, typed: &Fields, errors: &Errors) -> Result<Page, Fault> {
    let plan = demanded(desk.office()).await?;
    let title = charges::title_of(&plan, entry).ok_or(Fault::Hidden)?;
    let charge = charges::of(desk.office(), &plan, entry).await?;
    let rows = match &charge {
        Some(charge) => vec![
            SummaryRow::text("承办单位", &charge.division_name),
            SummaryRow::text("责任科室、单位", &charge.section),
            SummaryRow::text("责任人", charge.staff_name.as_deref().unwrap_or("没有指定")),
            SummaryRow::text("完成期限", &charge.due.map_or_else(|| "按规划".to_owned(), vocab::Month::zh)),
            SummaryRow::text("提醒", &reminded(charge.remind_months, &plan)),
            SummaryRow::text("设定", &format!("{}，{}", charge.set_by, charge.set_at.zh())),
        ],
        None => vec![SummaryRow::text("承办单位", &format!("{}（没有另行明确分工）", plan.home.name))],
    };
    let content = html! {
        (error_summary(errors))
        (parts::heading(Some("任务分工"), &title))
        (summary_list(&rows))
        p.govuk-body { (Link::new(page_of(&plan, entry), "查看这一条的进展")) }
        @if desk.may(Right::ManagePlan) { (form(desk, &plan, entry, typed, errors).await?) }
    };
    Ok(Page::new(format!("分工：{title}"), content)
        .under(NAV_ID)
        .back(page_of(&plan, entry), "返回")
        .errors(errors))
}

async fn form(
    desk: &Desk<ReadPlan>,
    plan: &Installed,
    entry: &str,
    typed: &Fields,
    errors: &Errors,
) -> Result<Markup, Fault> {
    let mut places = vec![Choice::new(plan.home.id.to_string(), plan.home.name.clone())];
    let parts = divisions::at_level(desk.office().db(), plan.home.id, plan.below()).await?;
    places.extend(parts.iter().map(|place| Choice::new(place.id.to_string(), place.name.clone())));
    let chosen = match typed.get("division") {
        "" => plan.home.id.to_string(),
        chosen => chosen.to_owned(),
    };
    Ok(html! {
        div.prose {
            h2.govuk-heading-m { "明确分工" }
            (form_post(&format!("{HERE}/charges/{entry}"), &desk.key(), &html! {
                (select(&Field::new("division", "承办单位").value(chosen).errors(errors), &places, None))
                (text_input(&Field::new("section", "责任科室、单位").hint("例如：养老服务科").value(typed.get("section")).max_chars(100).errors(errors)))
                (text_input(&Field::new("login", "责任人的登录名").hint("可以不填。填了以后，提醒会写明由谁承办。").value(typed.get("login")).optional().width(Width::Chars20).max_chars(40).errors(errors)))
                (text_input(&Field::new("due", "完成期限").hint("例如 2026-12。不填的，按规划写明的时间。").value(typed.get("due")).optional().width(Width::Chars10).max_chars(12).errors(errors)))
                (text_input(&Field::new("remind_months", "提前几个月提醒").hint(&format!("不填的，按规划设定的 {} 个月。", plan.plan.remind_months)).value(typed.get("remind_months")).optional().inputmode("numeric").width(Width::Chars5).max_chars(2).errors(errors)))
                (submit("保存分工", ButtonKind::Primary, None))
            }))
        }
    })
}

/// `POST /desk/plan/charges/{plan_entry}`
pub(super) async fn charge(
    desk: Desk<ManagePlan>,
    Path(entry): Path<String>,
    KeyedForm { key, form, .. }: KeyedForm<Fields>,
) -> Result<Answer, Fault> {
    let to = format!("{HERE}/charges/{entry}");
    if already(&desk, &key).await?.is_some() {
        return Ok(SeeOther::to(to).into());
    }
    let (typed, mut errors) = (form.get("due").trim(), Errors::none());
    let due = typed.parse().ok();
    if !typed.is_empty() && due.is_none() {
        errors.add("due", "请填写月份，例如 2026-12。");
    }
    let before = form.get("remind_months").trim();
    let remind_months = before.parse().ok();
    if !before.is_empty() && remind_months.is_none() {
        errors.add("remind_months", "请填写月数，例如 3。");
    }
    let division: Option<DivisionId> = form.get("division").parse().ok();
    let Some(division) = division.filter(|_| errors.is_empty()) else {
        if errors.is_empty() {
            errors.add("division", "请选择承办单位。");
        }
        return Ok(shown(&desk.desk::<ReadPlan>()?, &entry, &form, &errors).await?.into());
    };
    let charged = Charged {
        entry: &entry,
        division,
        section: form.get("section"),
        login: form.get("login"),
        due,
        remind_months,
    };
    match charges::charge(desk.office(), desk.granted(), charged).await {
        Ok(()) => {
            remember(&desk, &key, &to).await?;
            Ok(SeeOther::to(to).done("分工已保存。").into())
        }
        Err(error) => {
            let errors = form_errors(error)?;
            Ok(shown(&desk.desk::<ReadPlan>()?, &entry, &form, &errors).await?.into())
        }
    }
}
