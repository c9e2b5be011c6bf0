//! The means test of a case: who consented, running it, the report beside what was declared.

use axum::extract::Path;
use maud::{Markup, html};
use office::OfficeError;
use office::access::{MeansTest, ReadCase, Right};
use office::casework::view::CaseView;
use office::means_test::{self, AuthorisationView, DeskReport, State};
use store::CaseId;

use super::words::moment;
use crate::answer::SeeOther;
use crate::error::Fault;
use crate::extract::Desk;
use crate::form_body::{Fields, KeyedForm};
use crate::ui::form::{ButtonKind, Field, Width, form_post, submit, text_input};
use crate::ui::parts::{Colour, tag};
use crate::ui::table::{Column, Table};

/// What the block shows.
pub(super) struct Means {
    state: State,
    authorisations: Vec<(String, Option<AuthorisationView>)>,
    report: Option<DeskReport>,
}

impl Means {
    /// Reads the state, everybody's consent and the last report. Whoever may not read reports sees none.
    pub(super) async fn read(desk: &Desk<ReadCase>, view: &CaseView) -> Result<Means, Fault> {
        let office = desk.office();
        let state = means_test::state(office.db(), view.case.id).await?;
        let mut authorisations = Vec::with_capacity(view.members.len());
        for (person, name) in &view.members {
            let all = means_test::authorisations(office, office.db(), &desk.scope(), *person).await?;
            let newest = all.into_iter().max_by_key(|known| known.in_force);
            authorisations.push((name.clone(), newest));
        }
        let report = match means_test::desk_report(office, desk.granted(), view.case.id).await {
            Ok(report) => Some(report),
            Err(OfficeError::NotFound(_)) => None,
            Err(error) => return Err(error.into()),
        };
        Ok(Means { state, authorisations, report })
    }

    /// The block of the case page.
    pub(super) fn markup(&self, desk: &Desk<ReadCase>, view: &CaseView) -> Markup {
        html! {
            (self.consents())
            (super::check::link(view.case.id))
            @match self.state {
                State::NotRequested => p.govuk-body { "还没有提请核对。受理以后由乡镇（街道）提请，县级民政部门核对。" },
                State::Requested if desk.may(Right::MeansTest) => (run_form(desk, view)),
                State::Requested => p.govuk-body { "已提请，等待县级民政部门核对。" },
                State::Reported => {}
            }
            @if let Some(report) = &self.report { (report_markup(report)) }
        }
    }

    fn consents(&self) -> Markup {
        let rows = self.authorisations.iter().map(|(name, authorisation)| {
            let (state, how, until) = match authorisation {
                None => (tag(Colour::Orange, "没有授权"), String::new(), String::new()),
                Some(known) => (
                    if known.in_force { tag(Colour::Green, "有效") } else { tag(Colour::Red, "已失效") },
                    format!("{}，{}", known.method.title(), known.signed_on),
                    known.expires_on.map_or_else(|| "撤回以前有效".to_owned(), |day| day.to_string()),
                ),
            };
            vec![html! { (name) }, state, html! { (how) }, html! { (until) }]
        });
        html! {
            (Table {
                id: "consents".into(),
                caption: "核对授权".into(),
                columns: ["成员", "授权", "方式和日期", "有效期至"].map(Column::new).into(),
                rows: rows.collect(),
                ..Table::default()
            })
        }
    }
}

fn run_form(desk: &Desk<ReadCase>, view: &CaseView) -> Markup {
    let purpose = format!("{}家庭经济状况核对", view.title);
    let body = html! {
        (text_input(&Field::new("purpose", "核对事由").hint("会写进核对报告和查询记录，家庭成员可以看到。")
            .value(purpose).width(Width::Full).max_chars(100)))
        (submit("运行核对", ButtonKind::Secondary, None))
    };
    form_post(&format!("/desk/cases/{}/means-test", view.case.id), &desk.key(), &body)
}

fn report_markup(report: &DeskReport) -> Markup {
    let lines = report.lines.iter().map(|line| {
        vec![
            html! { (line.name) },
            html! { (line.dataset) br; span.govuk-body-s { (line.department) } },
            html! { (line.outcome) @if let Some(remark) = &line.remark { br; (remark) } },
            html! {
                @if let Some(day) = line.as_of { (day) @if line.stale { " " (tag(Colour::Orange, "数据较旧")) } }
                @else { "—" }
            },
            html! {
                @for row in &line.rows {
                    div { @for (index, (title, value)) in row.iter().enumerate() { @if index > 0 { "，" } (title) "：" (value) } }
                }
            },
        ]
    });
    let differences = report.differences.iter().map(|difference| {
        vec![
            html! { (difference.name) },
            html! { (difference.title) },
            match &difference.declared {
                Some(declared) => html! { (declared.shown) br; span.govuk-body-s { (declared.on) } },
                None => html! { "没有申报" },
            },
            html! { (difference.found.shown) br; span.govuk-body-s { (difference.found.on) } },
            html! { (difference.source) },
        ]
    });
    html! {
        h3.govuk-heading-s { "核对报告" }
        p.govuk-body { (moment(report.made_at)) "，事由：" (report.purpose) "。部门数据可能有延迟或错误，不一致的请向申请人核实。" }
        (Table {
            id: "means-differences".into(),
            caption: "与申报不一致".into(),
            columns: ["成员", "项目", "申报", "部门数据", "来源"].map(Column::new).into(),
            rows: differences.collect(),
            empty: "没有发现与申报不一致的情况。".into(),
            ..Table::default()
        })
        (Table {
            id: "means-lines".into(),
            caption: "查询结果".into(),
            columns: ["成员", "数据", "结果", "数据日期", "内容"].map(Column::new).into(),
            rows: lines.collect(),
            ..Table::default()
        })
    }
}

/// `POST /desk/cases/{case}/means-test`
pub(super) async fn run(
    desk: Desk<MeansTest>,
    Path(case): Path<CaseId>,
    form: KeyedForm<Fields>,
) -> Result<SeeOther, Fault> {
    let back = SeeOther::to(super::case::address(case, "means"));
    match means_test::run(desk.office(), desk.granted(), case, form.form.get("purpose")).await {
        Ok(outcome) if outcome.differences > 0 => {
            Ok(back.done(format!("核对完成，有 {} 处与申报不一致。", outcome.differences)))
        }
        Ok(_) => Ok(back.done("核对完成，没有发现与申报不一致的情况。")),
        Err(error @ (OfficeError::Conflict(_) | OfficeError::Separation(_) | OfficeError::Invalid(_))) => {
            Ok(back.note(error.to_string()))
        }
        Err(error) => Err(error.into()),
    }
}
