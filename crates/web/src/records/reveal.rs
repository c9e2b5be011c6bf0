//! A sealed field in full, for a stated purpose.

use maud::html;
use office::access::{ReadRecords, Reveal, Right};
use office::records::{Open, RecordId, page};

use super::{RECORDS, also, opened};
use crate::answer::Page;
use crate::error::{Fault, form_errors};
use crate::extract::{Desk, Path};
use crate::form_body::{Fields, KeyedForm};
use crate::ui::form::{ButtonKind, Errors, Field, Width, error_summary, form_post, submit, text_input};
use crate::ui::parts::{SummaryRow, heading, summary_list};

fn asking(
    desk: &Desk<ReadRecords>,
    open: &Open,
    record: RecordId,
    field: &str,
    errors: &Errors,
) -> Result<Page, Fault> {
    let register = open.register();
    let label = register.field(field).filter(|field| field.is_sealed()).ok_or(Fault::Hidden)?.label.clone();
    let here = format!("/desk/records/{}/{record}", register.id.get());
    let body = html! {
        (text_input(&Field::new("purpose", "用途").hint("查看会记入审计。").width(Width::Full).max_chars(100).errors(errors)))
        (submit("查看", ButtonKind::Primary, None))
    };
    let content = html! {
        (error_summary(errors))
        (heading(Some(&register.title), &format!("查看完整的{label}")))
        div.prose { (form_post(&format!("{here}/reveal/{field}"), &desk.key(), &body)) }
    };
    Ok(Page::new("查看完整内容", content).under(RECORDS).back(here, "返回").errors(errors))
}

/// `GET /desk/records/{register}/{record}/reveal/{field}`
pub(super) async fn ask(
    desk: Desk<ReadRecords>,
    Path((register, record, field)): Path<(String, RecordId, String)>,
) -> Result<Page, Fault> {
    let open = opened(&desk, &register, Right::ReadRecords)?;
    also::<Reveal>(&desk)?;
    page::for_writing(desk.office(), desk.actor(), &open, record).await?;
    asking(&desk, &open, record, &field, &Errors::none())
}

/// `POST /desk/records/{register}/{record}/reveal/{field}`
pub(super) async fn show(
    desk: Desk<ReadRecords>,
    Path((register, record, field)): Path<(String, RecordId, String)>,
    KeyedForm { form, .. }: KeyedForm<Fields>,
) -> Result<Page, Fault> {
    let open = opened(&desk, &register, Right::ReadRecords)?;
    let revealer = also::<Reveal>(&desk)?;
    page::for_writing(desk.office(), desk.actor(), &open, record).await?;
    let found =
        page::reveal(desk.office(), revealer.granted(), &open, record, &field, form.get("purpose")).await;
    match found {
        Ok((label, value)) => {
            let content = html! {
                (heading(Some(&open.register().title), &label))
                (summary_list(&[SummaryRow::text(label.as_str(), &value)]))
            };
            let back = format!("/desk/records/{}/{record}", open.register().id.get());
            Ok(Page::new(label.clone(), content).under(RECORDS).back(back, "返回"))
        }
        Err(error) => asking(&desk, &open, record, &field, &form_errors(error)?),
    }
}
