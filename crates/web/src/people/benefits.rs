//! 幸福清单 of a person, for the worker who prints it for them.

use maud::html;
use office::access::{ReadPeople, Right};
use office::benefits;

use super::on_file::OnFile;
use crate::answer::Page;
use crate::benefit_sheet::sheet;
use crate::error::Fault;
use crate::extract::Desk;
use crate::ui::parts::{heading, print_button};

pub(super) async fn page(desk: Desk<ReadPeople>, OnFile(id): OnFile) -> Result<Page, Fault> {
    let found = benefits::person_sheet(desk.office(), desk.granted(), id).await?;
    let files = desk.may(Right::FileForOther);
    let applies =
        |item: &str| if files { format!("/desk/apply/{item}") } else { format!("/services/{item}") };
    let content = html! {
        (heading(Some("幸福清单"), &found.name))
        (sheet(&found, &desk.state.site.help_phone, applies))
        (print_button())
    };
    Ok(Page::new("幸福清单", content).under("people").back(format!("/desk/people/{id}"), "返回人员档案"))
}
