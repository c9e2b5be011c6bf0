//! All registers that the post reads, by chapter.

use maud::html;
use office::access::ReadRecords;
use office::records::{self, alerts, duties};

use super::{RECORDS, faces};
use crate::answer::Page;
use crate::error::Fault;
use crate::extract::Desk;
use crate::ui::Link;
use crate::ui::parts::{Figure, Urgency, figure_cards, heading};

/// More than this is shown as 50+.
const COUNTED: usize = 50;

fn counted(rows: usize, more: bool) -> String {
    if more { format!("{rows}+") } else { rows.to_string() }
}

/// `GET /desk/records`
pub(super) async fn page(desk: Desk<ReadRecords>) -> Result<Page, Fault> {
    let office = desk.office();
    let registers = records::readable(office, desk.actor());
    let mut chapters: Vec<(&str, Vec<&records::Open>)> = Vec::new();
    for open in &registers {
        let chapter = open.register().chapter.as_str();
        match chapters.iter_mut().find(|(known, _)| *known == chapter) {
            Some((_, list)) => list.push(open),
            None => chapters.push((chapter, vec![open])),
        }
    }
    let mine = duties::DutyFilter { own: true, ..duties::DutyFilter::default() };
    let late = duties::DutyFilter { late: true, ..mine.clone() };
    let due = duties::due(office, desk.granted(), &mine, None, COUNTED).await?;
    let late = duties::due(office, desk.granted(), &late, None, COUNTED).await?;
    let open_alerts =
        alerts::open_alerts(office, desk.granted(), None, alerts::Lying::OwnOffice, None, COUNTED).await?;
    let urgent = |some: bool, urgency: Urgency| if some { urgency } else { Urgency::Calm };
    let figures = [
        Figure::new(counted(due.rows.len(), due.next.is_some()), "本单位到期职责")
            .href("/desk/record-duties?own=yes"),
        Figure::new(counted(late.rows.len(), late.next.is_some()), "其中已逾期")
            .href("/desk/record-duties?own=yes&late=yes")
            .urgency(urgent(!late.rows.is_empty(), Urgency::Danger)),
        Figure::new(counted(open_alerts.rows.len(), open_alerts.next.is_some()), "本单位待处理预警")
            .href("/desk/record-alerts?own=yes")
            .urgency(urgent(!open_alerts.rows.is_empty(), Urgency::Warning)),
    ];
    let content = html! {
        (heading(Some(&desk.actor().division_name), "登记簿"))
        (faces("registers"))
        (figure_cards(&figures))
        @if chapters.is_empty() { p.govuk-body { "您的岗位没有可以查看的登记簿。" } }
        @for (chapter, list) in &chapters {
            section {
                h2.govuk-heading-m { (chapter) }
                dl.govuk-summary-list {
                    @for open in list {
                        @let register = open.register();
                        div.govuk-summary-list__row {
                            dt.govuk-summary-list__key { (Link::new(format!("/desk/records/{}", register.id.get()), register.title.as_str())) }
                            dd.govuk-summary-list__value { (register.summary) }
                        }
                    }
                }
            }
        }
    };
    Ok(Page::new("登记簿", content).under(RECORDS))
}
