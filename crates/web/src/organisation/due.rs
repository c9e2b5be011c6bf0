//! What an organisation does again and again: one duty, done with the pack's form.

use maud::html;
use office::access::ReportRecords;
use office::forms::{Answers, FilledForm, FormContext};
use office::records::RecordDutyId;
use office::records::duties::{DutyDone, OpenDuty};
use office::records::organisation::due;

use super::{HERE, NAV_ID};
use crate::answer::{Answer, Page, SeeOther};
use crate::error::{Fault, form_errors};
use crate::extract::{Desk, Path};
use crate::form_body::{Fields, KeyedForm};
use crate::forms_ui::{Look, render_form};
use crate::typed;
use crate::ui::Link;
use crate::ui::form::{
    ButtonKind, DateParts, Errors, Field, date_input, error_summary, form_post, submit, text_area,
};
use crate::ui::parts::{SummaryRow, heading, summary_list};

/// What stands in the form.
#[derive(Default)]
struct Typed {
    answers: Answers,
    note: String,
    on: DateParts,
    errors: Errors,
}

/// `GET /desk/organisation-duties/{own_duty}`
pub(super) async fn show(desk: Desk<ReportRecords>, Path(duty): Path<RecordDutyId>) -> Result<Page, Fault> {
    let (_, opened) = due::duty(desk.office(), desk.granted(), duty).await?;
    Ok(shown(&desk, &opened, &Typed { on: desk.office().now().today().into(), ..Typed::default() }))
}

fn shown(desk: &Desk<ReportRecords>, opened: &OpenDuty, typed: &Typed) -> Page {
    let view = &opened.view;
    let record = format!("{HERE}/{}/{}", view.register, view.record);
    let mut rows = vec![
        SummaryRow::new("对象", html! { (Link::new(record.clone(), view.record_title.as_str())) }),
        SummaryRow::text("要求", &view.text),
        SummaryRow::text("到期日", &view.due_on.to_string()),
    ];
    if let Some(done) = view.done_on {
        rows.push(SummaryRow::text("履行日期", &done.to_string()));
    }
    if let Some(note) = &view.note {
        rows.push(SummaryRow::text("说明", note));
    }
    let look = Look {
        errors: &typed.errors,
        divisions: &[],
        files: "/desk/attachments",
        picks: true,
        on_file: None,
    };
    let context = FormContext::new(opened.open.release(), desk.office().now());
    let asked =
        opened.form().map(|form| render_form(&FilledForm::read(&context, form, &typed.answers), &look));
    let body = html! {
        (date_input(&Field::new("done_on", "履行日期").errors(&typed.errors), &typed.on))
        @if let Some(asked) = &asked { (asked) }
        (text_area(&Field::new("note", "说明").optional().value(typed.note.as_str()).max_chars(1000), 3))
        (submit("记录为已履行", ButtonKind::Primary, None))
    };
    let content = html! {
        (error_summary(&typed.errors))
        (heading(Some(&opened.open.register().title), &view.title))
        (summary_list(&rows))
        @for section in &opened.recorded {
            h2.govuk-heading-m { (section.title) }
            (summary_list(&section.rows.iter().map(|row| SummaryRow::text(row.label.as_str(), &row.value)).collect::<Vec<_>>()))
        }
        @if view.state == "open" {
            div.prose { (form_post(&format!("/desk/organisation-duties/{}", view.id), &desk.key(), &body)) }
        }
    };
    Page::new(view.title.clone(), content).under(NAV_ID).back(record, "返回").errors(&typed.errors)
}

/// `POST /desk/organisation-duties/{own_duty}`
pub(super) async fn send(
    desk: Desk<ReportRecords>,
    Path(duty): Path<RecordDutyId>,
    KeyedForm { key, form, .. }: KeyedForm<Fields>,
) -> Result<Answer, Fault> {
    let (_, opened) = due::duty(desk.office(), desk.granted(), duty).await?;
    let mut typed = Typed { note: form.get("note").to_owned(), on: form.date("done_on"), ..Typed::default() };
    let on = typed::date(&form, "done_on", &mut typed.errors);
    if let Some(definition) = opened.form() {
        for page in &definition.pages {
            typed.answers.merge_page(definition, page, None, &form.0);
        }
    }
    if let (Some(on), true) = (on, typed.errors.is_empty()) {
        let done = DutyDone { on, note: &typed.note, answers: typed.answers.clone(), record: None };
        let who = desk.who();
        match due::perform(desk.office(), desk.granted(), duty, done, Some((&key, &who))).await {
            Ok(()) => return Ok(SeeOther::to(HERE).done("已记录为履行。").into()),
            Err(error) => typed.errors = form_errors(error)?,
        }
    }
    Ok(shown(&desk, &opened, &typed).into())
}
