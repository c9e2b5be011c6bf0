//! Saved views of a register's list.

use catalogue::definition::Register;
use office::access::{ReadRecords, Right};
use office::views::ListViewId;

use super::asked::Asked;
use super::{RECORDS, list, opened};
use crate::answer::{Answer, Page};
use crate::error::{Fault, form_errors};
use crate::extract::{Desk, Path};
use crate::form_body::{Fields, KeyedForm};
use crate::views::{self, Kept};

/// The list of a register as one that has views.
pub(super) fn kept(register: &Register) -> Kept {
    Kept {
        list: format!("records/{}", register.id.get()),
        base: format!("/desk/records/{}", register.id.get()),
        title: register.title.clone(),
        nav: RECORDS,
    }
}

/// `POST /desk/records/{register}/views`
pub(super) async fn save(
    desk: Desk<ReadRecords>,
    Path(register): Path<String>,
    KeyedForm { key, form, .. }: KeyedForm<Fields>,
) -> Result<Answer, Fault> {
    let open = opened(&desk, &register, Right::ReadRecords)?;
    let asked = Asked::kept(&form);
    match views::save(&desk, &kept(open.register()), &key, &form, asked.0.clone()).await? {
        Ok(to) => Ok(to.into()),
        Err(error) => Ok(list::shown(&desk, &open, asked, &form_errors(error)?).await?.into()),
    }
}

/// `GET /desk/records/{register}/views`
pub(super) async fn page(desk: Desk<ReadRecords>, Path(register): Path<String>) -> Result<Page, Fault> {
    let open = opened(&desk, &register, Right::ReadRecords)?;
    views::page(&desk, &kept(open.register())).await
}

/// `POST /desk/records/{register}/views/{view}/opening`
pub(super) async fn opening(
    desk: Desk<ReadRecords>,
    Path((register, view)): Path<(String, ListViewId)>,
    KeyedForm { form, .. }: KeyedForm<Fields>,
) -> Result<Answer, Fault> {
    let open = opened(&desk, &register, Right::ReadRecords)?;
    views::opening(&desk, &kept(open.register()), view, &form).await
}

/// `POST /desk/records/{register}/views/{view}/remove`
pub(super) async fn remove(
    desk: Desk<ReadRecords>,
    Path((register, view)): Path<(String, ListViewId)>,
    KeyedForm { key, .. }: KeyedForm<Fields>,
) -> Result<Answer, Fault> {
    let open = opened(&desk, &register, Right::ReadRecords)?;
    views::remove(&desk, &kept(open.register()), view, &key).await
}
