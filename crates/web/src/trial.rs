//! 演示日期: a synthetic database's clock is put forward by whoever tries it.

use maud::html;
use office::trial;
use serde::Deserialize;
use vocab::zh_date;

use crate::answer::{Answer, Page, SeeOther};
use crate::error::{Fault, form_errors};
use crate::extract::Staff;
use crate::form_body::KeyedForm;
use crate::routes::{Routes, get};
use crate::ui::form::{ButtonKind, Errors, Field, Width, error_summary, form_post, submit, text_input};
use crate::ui::parts::heading;

/// Where it is done; pages of a synthetic database link here.
pub(crate) const PATH: &str = "/desk/trial-clock";

/// Routes of this page.
pub(crate) fn routes() -> Routes {
    Routes::new().route(PATH, get(page).post(put_forward))
}

async fn page(staff: Staff) -> Result<Page, Fault> {
    form(&staff, &Errors::none(), "7")
}

fn form(staff: &Staff, errors: &Errors, days: &str) -> Result<Page, Fault> {
    if !staff.office().db().synthetic() {
        return Err(Fault::Hidden);
    }
    let content = html! {
        div.prose {
            (error_summary(errors))
            (heading(Some("演示环境"), "调整演示日期"))
            p.govuk-body { "现在的演示日期是 " strong { (zh_date(staff.office().now().today())) } "。往后推以后，公示到期、期限临近、可以生成下个月的发放批次；只能往后，不能往前。" }
            (form_post(PATH, &staff.key(), &html! {
                (text_input(&Field::new("days", "往后推几天").inputmode("numeric").width(Width::Chars5).value(days).errors(errors)))
                (submit("调整", ButtonKind::Primary, None))
            }))
        }
    };
    Ok(Page::new("调整演示日期", content).errors(errors))
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Days {
    days: String,
}

async fn put_forward(
    staff: Staff,
    KeyedForm { key, form: typed, .. }: KeyedForm<Days>,
) -> Result<Answer, Fault> {
    if let crate::extract::Begun::Again(answer) = staff.begin(&key).await? {
        return Ok(SeeOther::to(answer).into());
    }
    let days = typed.days.trim().parse().unwrap_or(0);
    match trial::put_forward(staff.office(), staff.actor(), days).await {
        Ok(()) => {
            crate::money::common::remember(&staff, &key, PATH).await?;
            let said = format!("演示日期现在是{}。", zh_date(staff.office().now().today()));
            Ok(SeeOther::to(PATH).done(said).into())
        }
        Err(error) => Ok(form(&staff, &form_errors(error)?, &typed.days)?.into()),
    }
}
