//! Where an organisation's account begins, and its lists.

use axum::extract::Query;
use axum::response::Response;
use chrono::NaiveDate;
use maud::{Markup, html};
use office::access::ReportRecords;
use office::records::duties::DutyView;
use office::records::organisation::read::{self, OwnRegister};
use office::tabular::ListFormat;
use serde::Deserialize;

use super::{HERE, NAV_ID};
use crate::answer::Page;
use crate::desk::words::download;
use crate::error::Fault;
use crate::extract::{Desk, Path};
use crate::money::common::{ROWS, cursor};
use crate::ui::form::{ButtonKind, button_link};
use crate::ui::page::NavLink;
use crate::ui::parts::{
    Colour, Figure, SummaryRow, Urgency, exports, figure_cards, heading, summary_list, tabs, tag,
};
use crate::ui::table::{Column, Pager, Table};
use crate::ui::{Link, address};

/// `GET /desk/organisation`
pub(super) async fn home(desk: Desk<ReportRecords>) -> Result<Page, Fault> {
    let home = read::home(desk.office(), desk.granted()).await?;
    let today = desk.office().now().today();
    let late = home.due.iter().filter(|duty| duty.due_on < today).count();
    let others: Vec<&OwnRegister> =
        home.registers.iter().filter(|register| register.itself.is_none()).collect();
    let mut figures: Vec<Figure<'_>> = others
        .iter()
        .map(|register| {
            Figure::new(format!("{}{}", register.open, register.unit), register.title.as_str())
                .href(format!("{HERE}/{}", register.id))
        })
        .collect();
    if late > 0 {
        figures.push(Figure::new(late.to_string(), "已逾期").href("#due").urgency(Urgency::Danger));
    }
    let content = html! {
        (heading(Some(&desk.actor().division_name), &home.title))
        p.govuk-body { "这里只有本机构自己的登记。您填报的内容，所在地民政部门当时就能看到；查看和填报都会记录。" }
        (figure_cards(&figures))
        div.govuk-button-group {
            @for register in others.iter().filter(|register| register.adds) {
                (button_link(&format!("{HERE}/{}/new", register.id), &format!("登记{}", register.title), ButtonKind::Primary))
            }
        }
        (due(&home.due, today))
        (summary_list(&home.registers.iter().map(row).collect::<Vec<_>>()))
    };
    Ok(Page::new(home.title.clone(), content).under(NAV_ID))
}

fn row(register: &OwnRegister) -> SummaryRow<'_> {
    let row = SummaryRow::text(
        register.title.as_str(),
        &match register.itself {
            Some(_) => "本机构的登记".to_owned(),
            None => format!("{}{}", register.open, register.unit),
        },
    );
    let href = match register.itself {
        Some(record) => format!("{HERE}/{}/{record}", register.id),
        None => format!("{HERE}/{}", register.id),
    };
    row.action(Link::new(href, "查看").about(register.title.clone()))
}

/// What the organisation has to do.
pub(super) fn due(duties: &[DutyView], today: NaiveDate) -> Markup {
    let rows = duties.iter().map(|duty| {
        let state = match duty.state.as_str() {
            "done" => tag(Colour::Green, "已履行"),
            _ if duty.due_on < today => tag(Colour::Red, "已逾期"),
            _ => tag(Colour::Yellow, "临近到期"),
        };
        vec![
            html! { (Link::new(format!("/desk/organisation-duties/{}", duty.id), duty.title.clone()).about(format!("（{}）", duty.record_title))) },
            html! { (duty.record_title) },
            html! { (duty.due_on) },
            state,
        ]
    });
    html! {
        (Table {
            id: "due".into(),
            caption: "要办的事".into(),
            columns: ["事项", "对象", "到期日", "状态"].map(Column::new).into(),
            rows: rows.collect(),
            empty: "没有到期的事项。".into(),
            ..Table::default()
        })
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    closed: String,
    after: String,
}

/// `GET /desk/organisation/{own_register}`
pub(super) async fn list(
    desk: Desk<ReportRecords>,
    Path(register): Path<String>,
    Query(asked): Query<Asked>,
) -> Result<Page, Fault> {
    let after = cursor(&asked.after)?;
    let closed = asked.closed == "yes";
    let list = read::list(desk.office(), desk.granted(), &register, closed, after.as_ref(), ROWS).await?;
    let known = list.own.open().register();
    let here = format!("{HERE}/{register}");
    let at = |after: &str| address(&here, &[("closed", asked.closed.as_str()), ("after", after)]);
    let columns = std::iter::once(known.title.as_str())
        .chain(list.columns.iter().map(String::as_str))
        .chain(std::iter::once("状态"))
        .map(Column::new)
        .collect();
    let rows = list.page.rows.iter().map(|line| {
        let mut cells = vec![html! { (Link::new(format!("{here}/{}", line.id), line.title.as_str())) }];
        cells.extend(line.cells.iter().map(|words| html! { (words) }));
        cells.push(tag(if line.closed { Colour::Grey } else { Colour::Green }, &line.state));
        cells
    });
    let table = Table {
        id: "own".into(),
        caption: known.title.as_str().into(),
        columns,
        rows: rows.collect(),
        empty: if closed { "没有已结束的登记。".into() } else { "还没有登记。".into() },
        pager: Some(Pager {
            previous: after.is_some().then(|| at("").into()),
            next: list.page.next.as_ref().map(|next| at(&next.to_string()).into()),
        }),
        exports: exports(!closed, &format!("{here}/sheet")),
        ..Table::default()
    };
    let content = html! {
        (heading(Some(list.own.organisation_title()), &known.title))
        div.govuk-button-group {
            @if list.own.side().adds { (button_link(&format!("{here}/new"), &format!("登记{}", known.title), ButtonKind::Primary)) }
        }
        (tabs("登记的状态", &[
            NavLink::new("open", here.clone(), "现在的"),
            NavLink::new("closed", format!("{here}?closed=yes"), "已结束的"),
        ], if closed { "closed" } else { "open" }))
        (table)
    };
    Ok(Page::new(known.title.clone(), content).under(NAV_ID).back(HERE, "返回本机构"))
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Wanted {
    format: String,
}

/// `GET /desk/organisation/{own_register}/sheet`
pub(super) async fn sheet(
    desk: Desk<ReportRecords>,
    Path(register): Path<String>,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Fault> {
    let format = if wanted.format == "csv" { ListFormat::Csv } else { ListFormat::Excel };
    let file = read::file(desk.office(), desk.granted(), &register, format).await?;
    Ok(download(&format!("本机构登记.{}", format.extension()), format.mime(), file))
}
