//! Values supposed: the question stands in the address, so a simulation can be sent to a colleague as a link.

use axum::extract::Query;
use maud::{Markup, html};
use office::access::Simulate;
use office::population::{self, POPULATION_JOB};
use office::simulation::{self, Raise, SupposedValue, Supposition};
use office::{OfficeError, divisions};
use serde::de::IgnoredAny;
use store::jobs;
use vocab::{Fen, Month, Now};

use super::{HERE, NAV_ID, faces, results};
use crate::answer::{Page, SeeOther};
use crate::error::{Fault, form_errors};
use crate::extract::Desk;
use crate::form_body::{Fields, KeyedForm};
use crate::ui::form::{
    ButtonKind, Choice, Errors, Field, Width, error_summary, fieldset, form_get, form_post, hidden, select,
    submit, text_input, unit_input,
};
use crate::ui::parts::{self, details, inset};

/// Values that one page supposes.
pub(crate) const VALUES: usize = 5;

pub(super) async fn page(desk: Desk<Simulate>, Query(typed): Query<Fields>) -> Result<Page, Fault> {
    let mut errors = Errors::none();
    let mut answer = None;
    let asked = !typed.get("run").is_empty();
    if asked {
        let supposition = supposition(&desk, &typed, &mut errors);
        if errors.is_empty() {
            match simulation::simulate(desk.office(), desk.granted(), &supposition).await {
                Ok(simulated) => answer = Some((supposition, simulated)),
                Err(OfficeError::Conflict(words)) => errors.add("", words),
                Err(error) => errors = form_errors(error)?,
            }
        }
    }
    let title = "政策仿真";
    let content = html! {
        (error_summary(&errors))
        (parts::heading(None, title))
        (parts::tabs("政策仿真", &faces(), "values"))
        (state(&desk).await?)
        (questions(&desk, &typed, &errors).await?)
        @if let Some((supposition, simulated)) = &answer {
            (results::answer(&desk, simulated))
            (results::keep(&desk, supposition, &typed, &Errors::none()))
        }
    };
    Ok(Page::new(title, content).under(NAV_ID).errors(&errors).charts())
}

/// The month typed, or the next one.
pub(super) fn month(desk: &Desk<Simulate>, typed: &Fields, errors: &mut Errors) -> Month {
    let next = desk.office().now().month().next();
    match typed.get("month") {
        "" => next,
        text => text.parse().unwrap_or_else(|_| {
            errors.add("month", "月份不对，应如 2027-01。");
            next
        }),
    }
}

/// What cliffs are looked for with.
pub(super) fn raise(typed: &Fields, errors: &mut Errors) -> Option<Raise> {
    let fact = typed.get("raise_fact");
    if fact.is_empty() {
        return None;
    }
    match Fen::from_yuan(typed.get("raise_by")) {
        Ok(by) => Some(Raise { fact: fact.to_owned(), by }),
        Err(error) => {
            errors.add("raise_by", error.to_string());
            None
        }
    }
}

fn supposition(desk: &Desk<Simulate>, typed: &Fields, errors: &mut Errors) -> Supposition {
    let value = |index: usize| {
        let parameter = typed.get(&format!("parameter_{index}"));
        let division = typed.get(&format!("place_{index}"));
        (!parameter.is_empty()).then(|| SupposedValue {
            parameter: parameter.to_owned(),
            division: Some(division.to_owned()).filter(|division| !division.is_empty()),
            value: typed.get(&format!("value_{index}")).to_owned(),
        })
    };
    let values: Vec<SupposedValue> = (1..=VALUES).filter_map(value).collect();
    Supposition { month: month(desk, typed, errors), values, texts: Vec::new(), raise: raise(typed, errors) }
}

/// How old the population is, and a way to have it made now.
pub(super) async fn state(desk: &Desk<Simulate>) -> Result<Markup, Fault> {
    let office = desk.office();
    let there = population::current(office)?;
    let job = jobs::latest(office.db(), POPULATION_JOB, "").await?.filter(jobs::Job::is_live);
    let body = html! {
        @match &there {
            Some(there) => p.govuk-body {
                "人口快照：" (Now::from_unix_ms(there.label.made_at).zh()) "，"
                (there.snapshot.rows(0)) " 户 " (there.snapshot.rows(there.people())) " 人。没有申请过的家庭也在内；没有登记到的情况按“不明”处理，不猜测。"
            },
            None => p.govuk-body { "人口快照还没有生成，生成后才能仿真。" },
        }
        @match &job {
            Some(job) => p.govuk-body {
                "正在更新"
                @if let Some(total) = job.total.filter(|total| *total > 0) { "（" (job.done * 100 / total) "%）" }
                "。"
            },
            None => (form_post("/desk/simulation/population", &desk.key(), &submit("更新人口快照", ButtonKind::Secondary, None))),
        }
    };
    Ok(crate::money::common::watched("population", HERE, job.is_some(), &inset(&body)))
}

/// The places of the desk: the area and those one step below, by code.
pub(super) async fn places(desk: &Desk<Simulate>) -> Result<Vec<Choice<'static>>, Fault> {
    let own = divisions::find(desk.office().db(), desk.actor().division).await?;
    let below = divisions::children(desk.office().db(), own.id).await?;
    let choice = |place: &divisions::DivisionView| Choice::new(place.code.clone(), place.name.clone());
    Ok(below.iter().map(choice).collect())
}

async fn questions(desk: &Desk<Simulate>, typed: &Fields, errors: &Errors) -> Result<Markup, Fault> {
    let release = desk.office().release();
    let own = divisions::find(desk.office().db(), desk.actor().division).await?;
    let month = month(desk, typed, &mut Errors::none());
    let choices: Vec<Choice<'_>> = simulation::numeric_parameters(&release, &own.code, month)
        .into_iter()
        .map(|(id, title, now)| {
            let now = if now.is_empty() { "未录入".to_owned() } else { now };
            Choice::new(id, format!("{title}，现行 {now}"))
        })
        .collect();
    let places = places(desk).await?;
    let one = |index: usize| {
        let name = |part: &str| format!("{part}_{index}");
        html! {
            (select(&Field::new(name("parameter"), "标准").value(typed.get(&name("parameter")).to_owned()), &choices, Some("请选择")))
            (text_input(&Field::new(name("value"), "改为").value(typed.get(&name("value")).to_owned()).inputmode("decimal")
                .width(Width::Chars10).errors(errors)))
            (select(&Field::new(name("place"), "适用地区").value(typed.get(&name("place")).to_owned()), &places, Some("全部地区")))
        }
    };
    let more = (2..=VALUES).any(|index| !typed.get(&format!("parameter_{index}")).is_empty());
    let others = html! { @for index in 2..=VALUES { (fieldset(&format!("第 {index} 项"), &one(index))) } };
    Ok(html! {
        div.prose {
            (form_get(HERE, &html! {
                (hidden("run", "1"))
                (one(1))
                @if more { (others) } @else { (details("再改一项", &others)) }
                (text_input(&Field::new("month", "按哪个月测算").hint("例如 2027-01；法律和标准按这个月的第一天。").value(month.to_string()).width(Width::Chars10).errors(errors)))
                (raise_questions(desk, typed, errors))
                (submit("仿真", ButtonKind::Primary, None))
            }))
        }
    })
}

/// The question behind cliffs.
pub(super) fn raise_questions(desk: &Desk<Simulate>, typed: &Fields, errors: &Errors) -> Markup {
    let incomes: Vec<Choice<'_>> = simulation::raisable(&desk.office().release())
        .into_iter()
        .map(|(id, title)| Choice::new(id, title))
        .collect();
    let by = if typed.get("raise_by").is_empty() { "100" } else { typed.get("raise_by") };
    let body = html! {
        (select(&Field::new("raise_fact", "户主多了哪项收入").value(typed.get("raise_fact")).errors(errors), &incomes, Some("不测算")))
        (unit_input(&Field::new("raise_by", "每月多挣").value(by).inputmode("decimal").width(Width::Chars5).errors(errors), "元"))
    };
    if typed.get("raise_fact").is_empty() && errors.is_empty() {
        details("测算“多挣反而少得”", &body)
    } else {
        fieldset("测算“多挣反而少得”", &body)
    }
}

pub(super) async fn refresh(desk: Desk<Simulate>, _form: KeyedForm<IgnoredAny>) -> Result<SeeOther, Fault> {
    let tx = desk.office().db().begin().await?;
    jobs::enqueue_single(&tx, POPULATION_JOB, "", None).await?;
    tx.commit().await?;
    Ok(SeeOther::to(HERE).done("已开始更新人口快照。"))
}
