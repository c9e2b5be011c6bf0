//! What is wrong: listed for the office that settles it, explained, closed with a reason.

use axum::extract::Query;
use catalogue::definition::AlertGrade;
use maud::{Markup, html};
use office::access::{KeepRecords, ReadRecords, Right};
use office::records::alerts::{self, AlertView, Lying};
use office::records::{self, RecordAlertId};
use serde::Deserialize;
use vocab::Now;

use super::{RECORDS, faces};
use crate::answer::{Answer, Page, SeeOther};
use crate::error::{Fault, form_errors};
use crate::extract::{Desk, Path};
use crate::form_body::{Fields, KeyedForm};
use crate::money::common::{ROWS, cursor, division};
use crate::ui::form::{
    ButtonKind, Choice, Errors, Field, Width, error_summary, form_post, select, submit, text_area,
};
use crate::ui::parts::{Colour, SummaryRow, filter, heading, summary_list, tag, with_sidebar};
use crate::ui::table::{Column, Pager, Table};
use crate::ui::{Link, address};

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    register: String,
    own: String,
    grade: String,
    division: String,
    after: String,
}

impl Asked {
    fn address(&self, after: &str) -> String {
        let pairs = [
            ("register", self.register.as_str()),
            ("own", &self.own),
            ("grade", &self.grade),
            ("division", &self.division),
            ("after", after),
        ];
        address("/desk/record-alerts", &pairs)
    }
}

/// `GET /desk/record-alerts`
pub(super) async fn list(desk: Desk<ReadRecords>, Query(asked): Query<Asked>) -> Result<Page, Fault> {
    let office = desk.office();
    let register = Some(asked.register.as_str()).filter(|register| !register.is_empty());
    let after = cursor(&asked.after)?;
    let place = division(&asked.division);
    let lying = match place {
        Some(place) => Lying::In(place),
        None if asked.own == "yes" => Lying::OwnOffice,
        None => Lying::Anywhere,
    };
    let reader = desk.granted();
    let page = match asked.grade.as_str() {
        "" => alerts::open_alerts(office, reader, register, lying, after.as_ref(), ROWS).await?,
        grade => {
            let grade = AlertGrade::of(grade);
            alerts::graded_alerts(office, reader, register, lying, grade, after.as_ref(), ROWS).await?
        }
    };
    let place = match place {
        Some(place) => Some(office::divisions::find(office.db(), place).await?.name),
        None => None,
    };
    let release = office.release();
    let register_title =
        |id: &str| release.registers.get(id).map_or_else(|| id.to_owned(), |register| register.title.clone());
    let rows = page.rows.iter().map(|alert: &AlertView| {
        vec![
            html! { (Link::new(format!("/desk/record-alerts/{}", alert.id), alert.title.clone()).about(format!("（{}）", alert.record_title))) },
            html! { (alert.record_title) },
            html! { (register_title(&alert.register)) },
            how_grave(alert),
            html! { (alert.due_on.map_or_else(String::new, vocab::zh_date)) },
            html! { (Now::from_unix_ms(alert.raised_at).zh()) },
            html! { (alert.office_name) },
        ]
    });
    let table = Table {
        id: "alerts".into(),
        caption: "待处理预警".into(),
        columns: ["预警", "对象", "登记簿", "轻重", "期限", "发现时间", "承办"].map(Column::new).into(),
        rows: rows.collect(),
        empty: "没有待处理的预警。".into(),
        pager: Some(Pager {
            previous: after.is_some().then(|| asked.address("").into()),
            next: page.next.as_ref().map(|next| asked.address(&next.to_string()).into()),
        }),
        ..Table::default()
    };
    let registers = records::readable(office, desk.actor());
    let with_alerts: Vec<Choice<'_>> = registers
        .iter()
        .filter(|open| !open.register().alerts.is_empty())
        .map(|open| Choice::new(open.register().id.as_str(), open.register().title.as_str()))
        .collect();
    let of = AlertGrade::ALL.map(|grade| Choice::new(grade.code(), grade.title()));
    let grades: Vec<Choice<'_>> = [Choice::new("all", "各级")].into_iter().chain(of).collect();
    let panel = filter(
        "/desk/record-alerts",
        &[],
        &html! {
            (select(&Field::new("register", "登记簿").value(asked.register.as_str()).width(Width::Full), &with_alerts, Some("全部")))
            (select(&Field::new("grade", "分级预警").hint("按期限排列，先到期的在前").value(asked.grade.as_str()).width(Width::Full), &grades, Some("不分级别")))
            (select(&Field::new("own", "只看本单位承办").value(asked.own.as_str()), &[Choice::new("yes", "是")], Some("否")))
        },
    );
    let content = html! {
        (heading(Some(place.as_deref().unwrap_or(&desk.actor().division_name)), "预警"))
        (faces("alerts"))
        (with_sidebar(&panel, &html! { (table) }))
    };
    Ok(Page::new("预警", content).under(RECORDS))
}

/// The grade of an alert; of one without grades, whether it is settled before others.
pub(super) fn how_grave(alert: &AlertView) -> Markup {
    match alert.grade {
        Some(grade) => {
            let colour = match grade {
                AlertGrade::Red => Colour::Red,
                AlertGrade::Orange => Colour::Orange,
                AlertGrade::Yellow => Colour::Yellow,
            };
            tag(colour, grade.title())
        }
        None if alert.urgent => tag(Colour::Red, "急"),
        None => tag(Colour::Orange, "一般"),
    }
}

/// `GET /desk/record-alerts/{alert}`
pub(super) async fn show(desk: Desk<ReadRecords>, Path(alert): Path<RecordAlertId>) -> Result<Page, Fault> {
    let view = alerts::alert(desk.office(), desk.granted(), alert).await?;
    Ok(shown(&desk, &view, "", &Errors::none()))
}

fn shown(desk: &Desk<ReadRecords>, view: &AlertView, reason: &str, errors: &Errors) -> Page {
    let release = desk.office().release();
    let register = release.registers.get(&view.register);
    let record = format!("/desk/records/{}/{}", view.register, view.record);
    let state = match view.state.as_str() {
        "open" => tag(Colour::Orange, "待处理"),
        "gone" => tag(Colour::Green, "情况已消除"),
        _ => tag(Colour::Grey, "已处理"),
    };
    let mut rows = vec![
        SummaryRow::new("对象", html! { (Link::new(record.clone(), view.record_title.as_str())) }),
        SummaryRow::new("状态", state),
        SummaryRow::text("依据的情况", &view.read),
        SummaryRow::text("怎样处理", &view.remedy),
        SummaryRow::new("轻重", how_grave(view)),
        SummaryRow::text("发现时间", &Now::from_unix_ms(view.raised_at).zh()),
        SummaryRow::text("承办", &view.office_name),
    ];
    if let Some(due_on) = view.due_on {
        rows.push(SummaryRow::text("期限", &vocab::zh_date(due_on)));
    }
    if let Some(reason) = &view.reason {
        rows.push(SummaryRow::text("处理结果", reason));
    }
    let keeps = register.is_some_and(|register| records::may(desk.actor(), register, Right::KeepRecords));
    let body = html! {
        (text_area(
            &Field::new("reason", "处理结果").hint("写明怎样处理的；不需要处理的，写明为什么。情况改变后会再次提醒。")
                .value(reason).max_chars(500).errors(errors),
            3,
        ))
        (submit("处理完毕", ButtonKind::Primary, None))
    };
    let content = html! {
        (error_summary(errors))
        (heading(register.map(|register| register.title.as_str()), &view.title))
        (summary_list(&rows))
        @if view.state == "open" && keeps {
            div.prose { (form_post(&format!("/desk/record-alerts/{}", view.id), &desk.key(), &body)) }
        }
    };
    Page::new(view.title.clone(), content)
        .under(RECORDS)
        .back("/desk/record-alerts", "返回预警")
        .errors(errors)
}

/// `POST /desk/record-alerts/{alert}`
pub(super) async fn close(
    desk: Desk<ReadRecords>,
    Path(alert): Path<RecordAlertId>,
    KeyedForm { key, form, .. }: KeyedForm<Fields>,
) -> Result<Answer, Fault> {
    let view = alerts::alert(desk.office(), desk.granted(), alert).await?;
    let keeper = desk.desk::<KeepRecords>()?;
    let who = desk.who();
    match alerts::close(desk.office(), keeper.granted(), alert, form.get("reason"), Some((&key, &who))).await
    {
        Ok(()) => Ok(SeeOther::to(format!("/desk/record-alerts/{alert}")).done("预警已处理。").into()),
        Err(error) => Ok(shown(&desk, &view, form.get("reason"), &form_errors(error)?).into()),
    }
}
