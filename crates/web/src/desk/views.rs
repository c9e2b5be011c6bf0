//! Saved views of the work list and of the list of all cases.

use office::access::ReadCase;
use office::views::ListViewId;

use super::{cases, work};
use crate::answer::{Answer, Page};
use crate::error::{Fault, form_errors};
use crate::extract::{Desk, Path};
use crate::form_body::{Fields, KeyedForm};
use crate::routes::{Routes, get, post};
use crate::views::{self, Kept};

/// A list of the desk that has views.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Listed {
    Work,
    Cases,
}

impl Listed {
    fn name(self) -> &'static str {
        match self {
            Listed::Work => "work",
            Listed::Cases => "cases",
        }
    }

    /// The list as one that has views.
    pub(super) fn kept(self) -> Kept {
        let (title, nav) = match self {
            Listed::Work => ("我的待办", "work"),
            Listed::Cases => ("全部办件", "cases"),
        };
        let list = self.name().to_owned();
        Kept { base: format!("/desk/{list}"), list, title: title.to_owned(), nav }
    }

    /// What the list was asked when its form was shown.
    fn asked(self, form: &Fields) -> Vec<(String, String)> {
        let names: &[&str] = match self {
            Listed::Work => work::ASKED,
            Listed::Cases => cases::ASKED,
        };
        let kept = form.0.iter().filter_map(|(name, value)| {
            let name = name.strip_prefix('_').filter(|name| names.contains(name))?;
            Some((name.to_owned(), value.clone()))
        });
        kept.collect()
    }
}

/// Routes under `/desk/work/views` and `/desk/cases/views`.
pub(super) fn routes() -> Routes {
    let mut routes = Routes::new();
    for list in [Listed::Work, Listed::Cases] {
        let at = |end: &str| format!("/desk/{}/views{end}", list.name());
        routes = routes
            .route(
                &at(""),
                get(move |desk: Desk<ReadCase>| page(desk, list))
                    .post(move |desk: Desk<ReadCase>, form: KeyedForm<Fields>| save(desk, list, form)),
            )
            .route(
                &at("/{view}/opening"),
                post(move |desk: Desk<ReadCase>, view: Path<ListViewId>, form: KeyedForm<Fields>| {
                    opening(desk, list, view, form)
                }),
            )
            .route(
                &at("/{view}/remove"),
                post(move |desk: Desk<ReadCase>, view: Path<ListViewId>, form: KeyedForm<Fields>| {
                    remove(desk, list, view, form)
                }),
            );
    }
    routes
}

async fn page(desk: Desk<ReadCase>, list: Listed) -> Result<Page, Fault> {
    views::page(&desk, &list.kept()).await
}

async fn save(
    desk: Desk<ReadCase>,
    list: Listed,
    KeyedForm { key, form, .. }: KeyedForm<Fields>,
) -> Result<Answer, Fault> {
    let asked = list.asked(&form);
    match views::save(&desk, &list.kept(), &key, &form, asked.clone()).await? {
        Ok(to) => Ok(to.into()),
        Err(error) => {
            let errors = form_errors(error)?;
            let page = match list {
                Listed::Work => work::shown(&desk, asked, &errors).await?,
                Listed::Cases => cases::shown(&desk, asked, &errors).await?,
            };
            Ok(page.into())
        }
    }
}

async fn opening(
    desk: Desk<ReadCase>,
    list: Listed,
    Path(view): Path<ListViewId>,
    KeyedForm { form, .. }: KeyedForm<Fields>,
) -> Result<Answer, Fault> {
    views::opening(&desk, &list.kept(), view, &form).await
}

async fn remove(
    desk: Desk<ReadCase>,
    list: Listed,
    Path(view): Path<ListViewId>,
    KeyedForm { key, .. }: KeyedForm<Fields>,
) -> Result<Answer, Fault> {
    views::remove(&desk, &list.kept(), view, &key).await
}
