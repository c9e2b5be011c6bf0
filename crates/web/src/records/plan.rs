//! 月度计划: the duties of a village or township in a month - on which day, by whom - as a list and a sheet to print; moved here, and done one
//! after the other on a phone.

use axum::extract::Query;
use axum::response::Response;
use maud::{Markup, html};
use office::access::{Export, KeepRecords, ReadRecords, Right};
use office::divisions;
use office::records::duty_plan::{self, NewPlan, Planned, Worker};
use office::records::{self, RecordDutyId};
use serde::Deserialize;
use store::{DivisionId, StaffId};
use vocab::Month;

use super::{RECORDS, faces};
use crate::answer::{Answer, Page, SeeOther};
use crate::error::{Fault, form_errors};
use crate::extract::Desk;
use crate::figures::format_of;
use crate::form_body::{Fields, KeyedForm};
use crate::money::common::{self, download, month_field, month_or_now};
use crate::typed;
use crate::ui::form::{
    ButtonKind, Choice, Errors, Field, Width, button_link, checkboxes, date_input, error_summary, form_post,
    hidden, select, submit,
};
use crate::ui::parts::{self, Colour, details, filter, heading, inset, print_button, tag, with_sidebar};
use crate::ui::table::{Column, Table};
use crate::ui::{Link, address};

const HERE: &str = "/desk/record-plan";

/// Which plan an address or a form is about.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Which {
    month: String,
    place: String,
    staff: String,
    format: String,
}

impl Which {
    /// What a form kept of the plan it was opened from; none if it was opened elsewhere.
    pub(super) fn kept(form: &Fields) -> Option<Which> {
        let kept = |name: &str| form.get(&format!("_plan_{name}")).to_owned();
        let which =
            Which { month: kept("month"), place: kept("place"), staff: kept("staff"), ..Which::default() };
        (!which.month.is_empty()).then_some(which)
    }

    /// Hidden fields for [`Which::kept`].
    pub(super) fn keep(&self) -> Markup {
        html! {
            @if !self.month.is_empty() {
                (hidden("_plan_month", &self.month)) (hidden("_plan_place", &self.place)) (hidden("_plan_staff", &self.staff))
            }
        }
    }

    fn pairs(&self, month: Month) -> [(&'static str, String); 3] {
        [("month", month.to_string()), ("place", self.place.clone()), ("staff", self.staff.clone())]
    }

    fn to(&self, page: &str, month: Month) -> String {
        let pairs = self.pairs(month);
        let pairs: Vec<(&str, &str)> = pairs.iter().map(|(name, value)| (*name, value.as_str())).collect();
        address(page, &pairs)
    }

    fn asked(&self, month: Month) -> duty_plan::Asked {
        duty_plan::Asked {
            month,
            division: common::division(&self.place),
            staff: self.staff.parse().ok().map(StaffId),
        }
    }
}

/// Where whoever has done a duty of a plan goes on, and what is said there.
pub(super) async fn go_on(desk: &Desk<ReadRecords>, which: &Which) -> Result<SeeOther, Fault> {
    let month = month_or_now(desk.office(), &which.month);
    let next = duty_plan::next(desk.office(), desk.granted(), &which.asked(month)).await?;
    Ok(match next {
        Some(duty) => SeeOther::to(which.to(&format!("/desk/record-duties/{duty}"), month))
            .done("已记录。请接着做下一项。"),
        None => SeeOther::to(which.to(HERE, month)).done("已记录。计划里的都做完了。"),
    })
}

/// `GET /desk/record-plan/next`
pub(super) async fn next(desk: Desk<ReadRecords>, Query(which): Query<Which>) -> Result<SeeOther, Fault> {
    let month = month_or_now(desk.office(), &which.month);
    let next = duty_plan::next(desk.office(), desk.granted(), &which.asked(month)).await?;
    Ok(match next {
        Some(duty) => SeeOther::to(which.to(&format!("/desk/record-duties/{duty}"), month)),
        None => SeeOther::to(which.to(HERE, month)).note("计划里没有等着做的。"),
    })
}

/// `GET /desk/record-plan`
pub(super) async fn page(desk: Desk<ReadRecords>, Query(which): Query<Which>) -> Result<Page, Fault> {
    shown(&desk, &which, &Fields::default(), &Errors::none()).await
}

async fn shown(
    desk: &Desk<ReadRecords>,
    which: &Which,
    typed: &Fields,
    errors: &Errors,
) -> Result<Page, Fault> {
    let office = desk.office();
    let month = month_or_now(office, &which.month);
    let asked = which.asked(month);
    let here = asked.division.unwrap_or(desk.actor().division);
    let planned = duty_plan::plan(office, desk.granted(), &asked).await?;
    let workers = duty_plan::workers(office, desk.granted(), here).await?;
    let place = divisions::find(office.db(), here).await?;
    let keeps = super::also::<KeepRecords>(desk).is_ok();
    let open = planned.iter().filter(|one| one.duty.state == "open").count();
    let people: Vec<Choice<'_>> = workers
        .iter()
        .map(|worker| Choice::new(worker.staff.to_string(), format!("{}（{}）", worker.name, worker.office)))
        .collect();
    let places = places_below(desk, here, &place.name).await?;
    let panel = filter(
        HERE,
        &[],
        &html! {
            (month_field(month))
            (select(&Field::new("place", "地区").value(which.place.as_str()).width(Width::Full), &places, Some("本辖区")))
            (select(&Field::new("staff", "由谁去做").value(which.staff.as_str()).width(Width::Full), &people, Some("全部")))
        },
    );
    let exports = parts::exports(
        desk.may(Right::Export) && !planned.is_empty(),
        &which.to(&format!("{HERE}/sheet"), month),
    );
    let title = format!("{}{}履职计划", place.name, month.zh());
    let main = html! {
        (error_summary(errors))
        (heading(None, &title))
        (faces("plan"))
        @if open > 0 && keeps {
            div.govuk-button-group.no-print {
                (button_link(&which.to(&format!("{HERE}/next"), month), &format!("做下一项（还有 {open} 项）"), ButtonKind::Primary))
                (print_button())
            }
        }
        @if planned.is_empty() {
            (inset(&html! { p.govuk-body { "这个月还没有计划。" @if keeps { "可以在下面把到期的职责排到每个工作日。" } } }))
        } @else {
            (list(desk, which, month, &planned, &people, keeps, typed, errors))
        }
        @if !exports.is_empty() { p.govuk-body.no-print { @for link in &exports { (link) "　" } } }
        @if keeps { (make_form(desk, month, &places, &workers, typed, errors)) }
    };
    Ok(Page::new(title, with_sidebar(&panel, &main))
        .under(RECORDS)
        .back("/desk/record-duties", "到期职责")
        .errors(errors))
}

/// The divisions one step below, and a place further down that was come to.
async fn places_below(
    desk: &Desk<ReadRecords>,
    here: DivisionId,
    name: &str,
) -> Result<Vec<Choice<'static>>, Fault> {
    let below = divisions::children(desk.office().db(), desk.actor().division).await?;
    let mut places = common::places(&below);
    if here != desk.actor().division && below.iter().all(|known| known.id != here) {
        places.push(Choice::new(here.to_string(), name.to_owned()));
    }
    Ok(places)
}

#[expect(clippy::too_many_arguments, reason = "one table with the form around it")]
fn list(
    desk: &Desk<ReadRecords>,
    which: &Which,
    month: Month,
    planned: &[Planned],
    people: &[Choice<'_>],
    keeps: bool,
    typed: &Fields,
    errors: &Errors,
) -> Markup {
    let picked: Vec<&str> = typed.all("pick").collect();
    let rows = planned.iter().map(|one| row(which, month, one, keeps, &picked));
    let table = Table {
        id: "plan".into(),
        caption: "按日期".into(),
        caption_hidden: true,
        columns: ["日期", "对象", "所在地", "职责", "由谁去", "到期日", "情况"].map(Column::new).into(),
        rows: rows.collect(),
        ..Table::default()
    };
    if !keeps || planned.iter().all(|one| one.duty.state != "open") {
        return html! { (table) };
    }
    let body = html! {
        (table)
        (hidden("month", &month.to_string())) (hidden("place", &which.place)) (hidden("shown", &which.staff))
        div.no-print {
            (details("调整勾选的", &html! {
                (date_input(&Field::new("on", "改到哪一天").optional().errors(errors), &typed.date("on")))
                (select(&Field::new("to_staff", "换谁去").value(typed.get("to_staff").to_owned()).optional().errors(errors), people, Some("不换")))
                (submit("调整", ButtonKind::Secondary, None))
            }))
        }
    };
    form_post(&format!("{HERE}/move"), &desk.key(), &body)
}

fn row(which: &Which, month: Month, one: &Planned, keeps: bool, picked: &[&str]) -> Vec<Markup> {
    let duty = &one.duty;
    let open = duty.state == "open";
    let id = format!("pick-{}", duty.id);
    let number = duty.id.to_string();
    let state = match duty.done_on {
        Some(done) => html! { (tag(Colour::Green, "已做")) " " (done) },
        None if one.on > duty.due_on => tag(Colour::Orange, "晚于到期日"),
        None => html! {},
    };
    vec![
        html! {
            @if open && keeps {
                div.govuk-checkboxes.govuk-checkboxes--small {
                    div.govuk-checkboxes__item {
                        input.govuk-checkboxes__input type="checkbox" id=(id) name="pick" value=(number) checked[picked.contains(&number.as_str())];
                        label.govuk-label.govuk-checkboxes__label for=(id) { (one.on) span.govuk-visually-hidden { "（" (duty.record_title) "）" } }
                    }
                }
            } @else { (one.on) }
        },
        html! { (Link::new(which.to(&format!("/desk/record-duties/{number}"), month), duty.record_title.clone())) },
        html! { (one.place) },
        html! { (duty.title) },
        html! { @match &one.who { Some((_, name)) => (name), None => "—" } },
        html! { (duty.due_on) },
        state,
    ]
}

fn make_form(
    desk: &Desk<ReadRecords>,
    month: Month,
    places: &[Choice<'_>],
    workers: &[Worker],
    typed: &Fields,
    errors: &Errors,
) -> Markup {
    let registers = records::readable(desk.office(), desk.actor());
    let with_duties: Vec<Choice<'_>> = registers
        .iter()
        .filter(|open| {
            !open.register().duties.is_empty()
                && records::may(desk.actor(), open.register(), Right::KeepRecords)
        })
        .map(|open| Choice::new(open.register().id.as_str(), open.register().title.as_str()))
        .collect();
    let people: Vec<Choice<'_>> = workers
        .iter()
        .map(|worker| Choice::new(worker.staff.to_string(), worker.name.clone()).hint(worker.office.clone()))
        .collect();
    let own = desk.actor().staff.to_string();
    let mut chosen: Vec<&str> = typed.all("by").collect();
    if chosen.is_empty() {
        chosen.push(&own);
    }
    let typed_month = Some(typed.get("plan_month")).filter(|typed| !typed.is_empty());
    let month = typed_month.map_or_else(|| month.to_string(), str::to_owned);
    let month = Field::new("plan_month", "月份")
        .hint("例如 2026-11")
        .value(month)
        .width(Width::Chars10)
        .errors(errors);
    let place = Field::new("plan_place", "哪里的").value(typed.get("plan_place").to_owned()).errors(errors);
    let body = html! {
        p.govuk-body { "到月底到期、还没有排的职责（包括已经逾期的），平均排到每个工作日，尽量不晚于到期日；一个村（社区）尽量由同一个人去。" }
        (crate::ui::form::text_input(&month))
        (select(&place, places, Some("本辖区")))
        (select(&Field::new("register", "哪个登记簿的").value(typed.get("register").to_owned()), &with_duties, Some("全部")))
        (checkboxes(&Field::new("by", "由谁去做").errors(errors), &people, &chosen))
        (checkboxes(&Field::new("anew", "已经排好的"), &[Choice::new("yes", "也重新排")], &typed.all("anew").collect::<Vec<_>>()))
        (submit("安排", ButtonKind::Primary, None))
    };
    html! {
        div.no-print {
            (details("安排一个月的计划", &html! { div.prose { (form_post(HERE, &desk.key(), &body)) } }))
        }
    }
}

/// `POST /desk/record-plan`
pub(super) async fn make(
    desk: Desk<ReadRecords>,
    KeyedForm { key, form, .. }: KeyedForm<Fields>,
) -> Result<Answer, Fault> {
    let keeper = super::also::<KeepRecords>(&desk)?;
    let which = Which {
        month: form.get("plan_month").to_owned(),
        place: form.get("plan_place").to_owned(),
        ..Which::default()
    };
    let mut errors = Errors::none();
    let month: Option<Month> = typed::value(&form, "plan_month", "请填写月份，例如 2026-11。", &mut errors);
    if let Some(month) = month {
        let new = NewPlan {
            month,
            division: common::division(&which.place).unwrap_or(desk.actor().division),
            register: Some(form.get("register").to_owned()).filter(|register| !register.is_empty()),
            staff: form.all("by").filter_map(|id| id.parse().ok().map(StaffId)).collect(),
            anew: form.get("anew") == "yes",
        };
        let who = desk.who();
        match duty_plan::make(desk.office(), keeper.granted(), &new, Some((&key, &who))).await {
            Ok(many) => {
                let done = format!("已排好 {many} 项。");
                return Ok(SeeOther::to(which.to(HERE, month)).done(done).into());
            }
            Err(error) => errors = form_errors(error)?,
        }
    }
    Ok(shown(&desk, &which, &form, &errors).await?.into())
}

/// `POST /desk/record-plan/move`
pub(super) async fn shift(
    desk: Desk<ReadRecords>,
    KeyedForm { key, form, .. }: KeyedForm<Fields>,
) -> Result<Answer, Fault> {
    let keeper = super::also::<KeepRecords>(&desk)?;
    let which = Which {
        month: form.get("month").to_owned(),
        place: form.get("place").to_owned(),
        staff: form.get("shown").to_owned(),
        ..Which::default()
    };
    let mut errors = Errors::none();
    let on = typed::optional_date(&form, "on", &mut errors);
    if errors.is_empty() {
        let ids: Vec<RecordDutyId> = form.all("pick").filter_map(|id| id.parse().ok()).collect();
        let staff = form.get("to_staff").parse().ok().map(StaffId);
        let who = desk.who();
        match duty_plan::shift(desk.office(), keeper.granted(), &ids, on, staff, Some((&key, &who))).await {
            Ok(many) => {
                let month = month_or_now(desk.office(), &which.month);
                return Ok(SeeOther::to(which.to(HERE, month)).done(format!("已调整 {many} 项。")).into());
            }
            Err(error) => errors = form_errors(error)?,
        }
    }
    Ok(shown(&desk, &which, &form, &errors).await?.into())
}

/// `GET /desk/record-plan/sheet`
pub(super) async fn sheet(desk: Desk<ReadRecords>, Query(which): Query<Which>) -> Result<Response, Fault> {
    let export = desk.grant::<Export>()?;
    let month = month_or_now(desk.office(), &which.month);
    let format = format_of(&which.format);
    let bytes = duty_plan::sheet(desk.office(), desk.granted(), &export, &which.asked(month), format).await?;
    Ok(download(&format!("履职计划{month}.{}", format.extension()), format.mime(), bytes))
}
