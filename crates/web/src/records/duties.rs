//! What recurs: the list of what is due, and doing it with the pack's form, on a phone as at a desk.

use axum::extract::Query;
use maud::html;
use office::access::{KeepRecords, ReadRecords, Right};
use office::forms::{Answers, FilledForm, FormContext};
use office::records::duties::{self, DutyDone, DutyFilter, DutyView, OpenDuty};
use office::records::{self, Draft, RecordDutyId, draft_of, writes};
use serde::Deserialize;

use super::plan::{Which, go_on};
use super::{RECORDS, faces};
use crate::answer::{Answer, Page, SeeOther};
use crate::error::{Fault, form_errors};
use crate::extract::{Desk, Path};
use crate::form_body::{Fields, KeyedForm};
use crate::forms_ui::{Look, render_field, render_form};
use crate::money::common::{ROWS, cursor};
use crate::typed;
use crate::ui::Link;
use crate::ui::address;
use crate::ui::form::{
    ButtonKind, Choice, DateParts, Errors, Field, Width, button_group, date_input, error_summary, form_post,
    hidden, select, submit, text_area,
};
use crate::ui::parts::{Colour, SummaryRow, filter, heading, inset, summary_list, tag, with_sidebar};
use crate::ui::table::{Column, Pager, Table};

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    register: String,
    own: String,
    late: String,
    future: String,
    after: String,
}

impl Asked {
    fn address(&self, after: &str) -> String {
        let pairs = [
            ("register", self.register.as_str()),
            ("own", &self.own),
            ("late", &self.late),
            ("future", &self.future),
            ("after", after),
        ];
        address("/desk/record-duties", &pairs)
    }
}

/// `GET /desk/record-duties`
pub(super) async fn list(desk: Desk<ReadRecords>, Query(asked): Query<Asked>) -> Result<Page, Fault> {
    let office = desk.office();
    let wanted = DutyFilter {
        register: Some(asked.register.clone()).filter(|register| !register.is_empty()),
        own: asked.own == "yes",
        late: asked.late == "yes",
        future: asked.future == "yes",
    };
    let after = cursor(&asked.after)?;
    let page = duties::due(office, desk.granted(), &wanted, after.as_ref(), ROWS).await?;
    let today = office.now().today();
    let release = office.release();
    let register_title =
        |id: &str| release.registers.get(id).map_or_else(|| id.to_owned(), |register| register.title.clone());
    let rows = page.rows.iter().map(|duty: &DutyView| {
        let state = if duty.due_on < today {
            tag(Colour::Red, "已逾期")
        } else if duty.shown_on <= today {
            tag(Colour::Yellow, "临近到期")
        } else {
            tag(Colour::Blue, "未到期")
        };
        vec![
            html! { (Link::new(format!("/desk/record-duties/{}", duty.id), duty.title.clone()).about(format!("（{}）", duty.record_title))) },
            html! { (duty.record_title) },
            html! { (register_title(&duty.register)) },
            html! { (duty.due_on) },
            state,
            html! { (duty.office_name) },
        ]
    });
    let table = Table {
        id: "duties".into(),
        caption: "到期职责".into(),
        columns: ["职责", "对象", "登记簿", "到期日", "状态", "承办"].map(Column::new).into(),
        rows: rows.collect(),
        empty: "没有到期的职责。".into(),
        pager: Some(Pager {
            previous: after.is_some().then(|| asked.address("").into()),
            next: page.next.as_ref().map(|next| asked.address(&next.to_string()).into()),
        }),
        ..Table::default()
    };
    let registers = records::readable(office, desk.actor());
    let with_duties: Vec<Choice<'_>> = registers
        .iter()
        .filter(|open| !open.register().duties.is_empty())
        .map(|open| Choice::new(open.register().id.as_str(), open.register().title.as_str()))
        .collect();
    let yes = [Choice::new("yes", "是")];
    let panel = filter(
        "/desk/record-duties",
        &[],
        &html! {
            (select(&Field::new("register", "登记簿").value(asked.register.as_str()).width(Width::Full), &with_duties, Some("全部")))
            (select(&Field::new("own", "只看本单位承办").value(asked.own.as_str()), &yes, Some("否")))
            (select(&Field::new("late", "只看逾期").value(asked.late.as_str()), &yes, Some("否")))
            (select(&Field::new("future", "包括未到提醒日的").value(asked.future.as_str()), &yes, Some("否")))
        },
    );
    let content = html! {
        (heading(Some(&desk.actor().division_name), "到期职责"))
        (faces("duties"))
        (with_sidebar(&panel, &html! { (table) }))
    };
    Ok(Page::new("到期职责", content).under(RECORDS))
}

/// What stands in the form.
#[derive(Default)]
struct Typed {
    answers: Answers,
    record: Option<Answers>,
    note: String,
    on: DateParts,
    /// The plan from which it was opened.
    plan: Option<Which>,
    errors: Errors,
}

/// `GET /desk/record-duties/{duty}`
pub(super) async fn show(
    desk: Desk<ReadRecords>,
    Path(duty): Path<RecordDutyId>,
    Query(plan): Query<Which>,
) -> Result<Page, Fault> {
    let opened = duties::duty(desk.office(), desk.granted(), duty).await?;
    let typed = Typed { on: desk.office().now().today().into(), plan: Some(plan), ..Typed::default() };
    shown(&desk, &opened, typed).await
}

async fn shown(desk: &Desk<ReadRecords>, opened: &OpenDuty, typed: Typed) -> Result<Page, Fault> {
    let view = &opened.view;
    let register = opened.open.register();
    let record = format!("/desk/records/{}/{}", view.register, view.record);
    let keeps = records::may(desk.actor(), register, Right::KeepRecords);
    let basis = register.duty(&view.duty).map(|duty| {
        let today = desk.office().now().today();
        opened
            .open
            .release()
            .basis_on(&duty.basis, today)
            .iter()
            .map(|law| law.text())
            .collect::<Vec<_>>()
            .join("、")
    });
    let mut rows = vec![
        SummaryRow::new("对象", html! { (Link::new(record.clone(), view.record_title.as_str())) }),
        SummaryRow::text("要求", &view.text),
        SummaryRow::text("到期日", &view.due_on.to_string()),
        SummaryRow::text("承办", &view.office_name),
    ];
    if let Some(planned) = view.planned_on {
        rows.push(SummaryRow::text("计划日期", &planned.to_string()));
    }
    if let Some(basis) = basis.as_deref().filter(|basis| !basis.is_empty()) {
        rows.push(SummaryRow::text("依据", basis));
    }
    if let Some(done) = view.done_on {
        rows.push(SummaryRow::text("履行日期", &done.to_string()));
    }
    if let Some(note) = &view.note {
        rows.push(SummaryRow::text("说明", note));
    }
    let body = if view.state == "open" && keeps { Some(form(desk, opened, &typed).await?) } else { None };
    let content = html! {
        (error_summary(&typed.errors))
        (heading(Some(&register.title), &view.title))
        (summary_list(&rows))
        @for section in &opened.recorded {
            h2.govuk-heading-m { (section.title) }
            (summary_list(&section.rows.iter().map(|row| SummaryRow::text(row.label.as_str(), &row.value)).collect::<Vec<_>>()))
        }
        @match &body {
            Some(body) => { div.prose { (form_post(&format!("/desk/record-duties/{}", view.id), &desk.key(), body)) } }
            None if view.state == "open" => { (inset(&html! { p.govuk-body { "您可以查看这项职责，不能办理。" } })) }
            None => {}
        }
    };
    Ok(Page::new(view.title.clone(), content).under(RECORDS).back(record, "返回记录").errors(&typed.errors))
}

async fn form(desk: &Desk<ReadRecords>, opened: &OpenDuty, typed: &Typed) -> Result<maud::Markup, Fault> {
    let office = desk.office();
    let open = &opened.open;
    let look = Look {
        errors: &typed.errors,
        divisions: &[],
        files: "/desk/attachments",
        picks: true,
        on_file: None,
    };
    let context = FormContext::new(open.release(), office.now());
    let asked =
        opened.form().map(|form| render_form(&FilledForm::read(&context, form, &typed.answers), &look));
    let answers = typed.record.clone().unwrap_or_else(|| opened.record.answers(open.register()));
    let draft: Draft = draft_of(office, desk.actor(), open, answers, Some(&opened.record), None).await?;
    let record_context = draft.context(office, open);
    let record_form = open.release().record_form(&open.register().id).ok_or(Fault::Hidden)?;
    let filled = FilledForm::read(&record_context, record_form, &draft.answers);
    let asks = opened.asks();
    Ok(html! {
        (hidden("_version", &opened.record.version.to_string()))
        @if let Some(plan) = &typed.plan { (plan.keep()) }
        (date_input(&Field::new("done_on", "履行日期").errors(&typed.errors), &typed.on))
        @if let Some(asked) = &asked { (asked) }
        @for page in record_form.pages.iter().filter(|page| page.repeat.is_none()) {
            @for field in filled.fields(page, None) {
                @if asks.contains(&field.id.as_str()) && writes(desk.actor(), field) {
                    (render_field(&filled, page, None, field, &look))
                }
            }
        }
        (text_area(&Field::new("note", "说明").optional().value(typed.note.as_str()).max_chars(1000), 3))
        (button_group(&html! { (submit("记录为已履行", ButtonKind::Primary, None)) }))
    })
}

/// `POST /desk/record-duties/{duty}`
pub(super) async fn send(
    desk: Desk<ReadRecords>,
    Path(duty): Path<RecordDutyId>,
    KeyedForm { key, form, .. }: KeyedForm<Fields>,
) -> Result<Answer, Fault> {
    let office = desk.office();
    let opened = duties::duty(office, desk.granted(), duty).await?;
    if !records::may(desk.actor(), opened.open.register(), Right::KeepRecords) {
        return Err(Fault::Hidden);
    }
    let keeper = desk.desk::<KeepRecords>()?;
    let mut typed = Typed {
        note: form.get("note").to_owned(),
        on: form.date("done_on"),
        plan: Which::kept(&form),
        ..Typed::default()
    };
    let on = typed::date(&form, "done_on", &mut typed.errors);
    if let Some(definition) = opened.form() {
        for page in &definition.pages {
            typed.answers.merge_page(definition, page, None, &form.0);
        }
    }
    let record_form = opened.open.release().record_form(&opened.open.register().id).ok_or(Fault::Hidden)?;
    if !opened.asks().is_empty() {
        let mut answers = opened.record.answers(opened.open.register());
        let asked: Vec<(String, String)> = form
            .0
            .iter()
            .filter(|(name, _)| {
                opened.asks().iter().any(|field| name == field || name.starts_with(&format!("{field}.")))
            })
            .cloned()
            .collect();
        for page in record_form.pages.iter().filter(|page| page.repeat.is_none()) {
            answers.merge_page(record_form, page, None, &asked);
        }
        typed.record = Some(answers);
    }
    if let (Some(on), true) = (on, typed.errors.is_empty()) {
        let version: i64 = form.get("_version").parse().unwrap_or_default();
        let done = DutyDone {
            on,
            note: &typed.note,
            answers: typed.answers.clone(),
            record: typed.record.clone().map(|answers| (answers, version)),
        };
        let who = desk.who();
        match duties::perform(office, keeper.granted(), duty, done, Some((&key, &who))).await {
            Ok(()) => {
                if let Some(plan) = &typed.plan {
                    return Ok(go_on(&desk, plan).await?.into());
                }
                let to = format!("/desk/record-duties/{duty}");
                return Ok(SeeOther::to(to).done("已记录为履行。").into());
            }
            Err(error) => typed.errors = form_errors(error)?,
        }
    }
    Ok(shown(&desk, &opened, typed).await?.into())
}
