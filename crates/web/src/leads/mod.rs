//! 政策找人: the village's list of families who could file and have not, and the roll's of benefits to review.

mod by_month;

use axum::extract::{Path, Query};
use axum::response::Response;
use maud::{Markup, html};
use office::Office;
use office::access::{Export, FileForOther, Investigate, ManageRoll, Right};
use office::leads::{self, Deed, Kind, LEADS_JOB, LeadId, LeadLine, LeadView, Leads};
use serde::Deserialize;
use serde::de::IgnoredAny;
use store::Cursor;
use store::jobs::Job;

use crate::answer::{Answer, Page, SeeOther};
use crate::desk::words::due_markup;
use crate::error::{Fault, form_errors};
use crate::extract::Desk;
use crate::form_body::{Fields, KeyedForm};
use crate::layout::NavEntry;
use crate::money::common::{
    ROWS, already, cursor, download, last_job, programme_title, remember, watched, yuan,
};
use crate::routes::{Routes, get, post};
use crate::ui::form::{
    ButtonKind, Choice, Errors, Field, error_summary, form_post, hidden, radios, submit, text_area,
};
use crate::ui::page::NavLink;
use crate::ui::parts::{self, Colour, SummaryRow, inset, summary_list, tag};
use crate::ui::table::{Column, Pager, Table};
use crate::ui::{Link, address};

const NAV_ID: &str = "leads";
const HERE: &str = "/desk/leads";
const SHEET: &str = "/desk/leads/sheet";

/// Entries of the staff navigation.
pub const NAV: &[NavEntry] =
    &[NavEntry { id: NAV_ID, href: HERE, text: "政策找人", rights: &[Right::Investigate] }];

/// Routes under `/desk/leads`.
pub fn routes() -> Routes {
    Routes::new()
        .route(HERE, get(list))
        .route(SHEET, get(sheet))
        .route("/desk/leads/by-month", get(by_month::page))
        .route("/desk/leads/by-month/sheet", get(by_month::sheet))
        .route("/desk/leads/search", post(search))
        .route("/desk/leads/{lead}", get(page))
        .route("/desk/leads/{lead}/note", post(note))
        .route("/desk/leads/{lead}/file", post(file))
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Ask {
    about: String,
    overdue: String,
    after: String,
    format: String,
}

/// The faces of the list: about what, open or closed.
const FACES: [(&str, &str, Leads); 4] = [
    ("unclaimed", "可能符合，还没申请", Leads { kind: Kind::Unclaimed, open: true, overdue: false }),
    ("review", "在册，需要核查", Leads { kind: Kind::Review, open: true, overdue: false }),
    ("done", "已办结的线索", Leads { kind: Kind::Unclaimed, open: false, overdue: false }),
    ("reviewed", "已办结的核查", Leads { kind: Kind::Review, open: false, overdue: false }),
];

fn face(desk: &Desk<Investigate>, ask: &Ask) -> (&'static str, Leads) {
    let about = ask.about.as_str();
    let reviews = leads::may_see_reviews(desk.actor());
    let asked =
        FACES.iter().find(|(id, _, leads)| *id == about && (reviews || leads.kind == Kind::Unclaimed));
    let (id, _, leads) = asked.unwrap_or(&FACES[0]);
    (*id, Leads { overdue: leads.open && ask.overdue == "yes", ..*leads })
}

/// The address of a list as it is asked for.
fn asked(path: &str, about: &str, leads: Leads, after: Option<&Cursor>) -> String {
    let after = after.map(ToString::to_string);
    let mut pairs = vec![("about", about)];
    if leads.overdue {
        pairs.push(("overdue", "yes"));
    }
    pairs.extend(after.as_deref().map(|after| ("after", after)));
    address(path, &pairs)
}

async fn list(desk: Desk<Investigate>, Query(ask): Query<Ask>) -> Result<Page, Fault> {
    let (id, leads) = face(&desk, &ask);
    let after = cursor(&ask.after)?;
    let page = leads::list(desk.office(), desk.granted(), leads, after.as_ref(), ROWS).await?;
    let reviews = leads::may_see_reviews(desk.actor());
    let tabs: Vec<NavLink<'_>> = FACES
        .iter()
        .filter(|(_, _, leads)| reviews || leads.kind == Kind::Unclaimed)
        .map(|(id, text, _)| NavLink::new(*id, address(HERE, &[("about", id)]), *text))
        .collect();
    let sheet = asked(SHEET, id, leads, None);
    let figures = leads::figures(desk.office(), desk.granted()).await?;
    let exports = parts::exports(desk.may(Right::Export), &sheet);
    let table = Table {
        id: "leads".into(),
        caption: FACES.iter().find(|(face, _, _)| *face == id).map_or("", |(_, text, _)| *text).into(),
        columns: vec![
            Column::new("姓名"),
            Column::new("村（社区）"),
            Column::new("待遇项目"),
            Column::new("测算月金额（元）").numeric(),
            Column::new("登记的情况"),
            Column::new("发现时间"),
            Column::new("办理期限"),
            Column::new("状态"),
        ],
        rows: page.rows.iter().map(|line| row(&desk, line)).collect(),
        empty: "现在没有线索。".into(),
        exports,
        pager: Some(Pager {
            previous: after.is_some().then(|| asked(HERE, id, leads, None).into()),
            next: page.next.as_ref().map(|next| asked(HERE, id, leads, Some(next)).into()),
        }),
        ..Table::default()
    };
    let content = html! {
        (parts::heading(None, "政策找人"))
        (parts::tabs("政策找人", &tabs, id))
        @if leads.kind == Kind::Unclaimed {
            p.govuk-body { "按登记的情况或者部门的名单可能符合、还没有申请的家庭。请上门走访、讲清政策，愿意申请的可以当场代办。最后能不能领，以申请后核对、调查的结果为准。" }
        } @else {
            (parts::warning_text("按登记的情况或者部门数据可能不再符合的在册家庭，只是提醒核查，不影响发放。部门数据也会有错，先核对是不是本人、是不是属实；调整、终止要经过核查，并先听取家庭的意见。"))
        }
        @if desk.may(Right::ManageRoll) { (searching(&desk).await?) }
        p.govuk-body {
            @if leads.overdue {
                (Link::new(address(HERE, &[("about", id)]), "看全部")) "　"
            } @else if leads.open && figures.overdue.counted > 0 {
                (Link::new(address(HERE, &[("about", id), ("overdue", "yes")]), "只看已超期的")) "　"
            }
            (Link::new(address("/desk/leads/by-month", &[("about", if leads.kind == Kind::Review { "review" } else { "unclaimed" })]), "逐月对账"))
        }
        (table)
    };
    Ok(Page::new("政策找人", content).under(NAV_ID))
}

fn row(desk: &Desk<Investigate>, line: &LeadLine) -> Vec<Markup> {
    vec![
        html! { (Link::new(format!("{HERE}/{}", line.id), line.name.as_str())) },
        html! { (line.division_name) },
        html! { (programme_title(desk.office(), &line.programme)) },
        html! { (line.amount.map_or_else(|| "—".to_owned(), yuan)) },
        html! { (leads::in_short(&line.reasons, line.kind)) },
        html! { (line.found_at.zh()) },
        due(desk.office(), line),
        state(line),
    ]
}

/// By when it must be looked into.
pub(crate) fn due(office: &Office, line: &LeadLine) -> Markup {
    match (line.due_on, line.outcome) {
        (Some(on), None) => due_markup(office, on, line.earliest_on),
        (Some(on), Some(_)) => html! { (on) },
        (None, _) => html! { "—" },
    }
}

pub(crate) fn state(line: &LeadLine) -> Markup {
    match line.outcome {
        Some(outcome) => tag(Colour::Grey, outcome.title()),
        None if line.visits > 0 => tag(Colour::Yellow, "已走访，跟进中"),
        None => tag(Colour::Blue, "待走访"),
    }
}

/// The search under way, or the button that starts one.
async fn searching(desk: &Desk<Investigate>) -> Result<Markup, Fault> {
    let last = last_job(desk.office(), LEADS_JOB).await?;
    let live = last.as_ref().is_some_and(Job::is_live);
    let body = html! {
        @match &last {
            Some(job) if live => p.govuk-body {
                "正在查找" @if let Some(total) = job.total.filter(|total| *total > 0) { "（" (job.done * 100 / total) "%）" } "。"
            },
            Some(job) => p.govuk-body { "上次查找：" (job.outcome.as_deref().unwrap_or("—")) },
            None => p.govuk-body { "每天夜里自动查找一次。" },
        }
        @if !live { (form_post("/desk/leads/search", &desk.key(), &submit("现在查找", ButtonKind::Secondary, None))) }
    };
    Ok(watched("search", HERE, live, &inset(&body)))
}

async fn search(desk: Desk<ManageRoll>, _form: KeyedForm<IgnoredAny>) -> Result<SeeOther, Fault> {
    // The search goes over every business at once; what it finds is shown to whoever works for it.
    leads::search_now(desk.office(), desk.granted()).await?;
    Ok(SeeOther::to(HERE).done("已开始查找。"))
}

async fn sheet(desk: Desk<Investigate>, Query(ask): Query<Ask>) -> Result<Response, Fault> {
    let export = desk.grant::<Export>()?;
    let (_, leads) = face(&desk, &ask);
    let format = crate::figures::format_of(&ask.format);
    let bytes = leads::sheet(desk.office(), desk.granted(), &export, leads, format).await?;
    Ok(download(&format!("政策找人.{}", format.extension()), format.mime(), bytes))
}

async fn page(desk: Desk<Investigate>, Path(id): Path<LeadId>) -> Result<Page, Fault> {
    shown(&desk, id, &Fields::default(), &Errors::none()).await
}

async fn shown(desk: &Desk<Investigate>, id: LeadId, typed: &Fields, errors: &Errors) -> Result<Page, Fault> {
    let view = leads::find_lead(desk.office(), desk.granted(), id).await?;
    let line = &view.line;
    let programme = programme_title(desk.office(), &line.programme);
    let amount = line.amount.map_or_else(|| "—".to_owned(), |amount| format!("{} 元", yuan(amount)));
    let family = format!("/desk/families/{}", line.household);
    let rows = [
        SummaryRow::new(
            "姓名",
            html! {
                @if desk.may(Right::ReadPeople) { (Link::new(family, line.name.as_str())) } @else { (line.name) }
            },
        ),
        SummaryRow::text("村（社区）", &line.division_name),
        SummaryRow::text("待遇项目", &programme),
        SummaryRow::text("测算月金额", &amount),
        SummaryRow::text("按哪个月测算", &line.month.zh()),
        SummaryRow::text("发现时间", &line.found_at.zh()),
        SummaryRow::new("办理期限", due(desk.office(), line)),
        SummaryRow::new("状态", state(line)),
    ];
    let open = line.outcome.is_none();
    let content = html! {
        (error_summary(errors))
        (parts::heading(Some(line.kind.title()), &line.name))
        (summary_list(&rows))
        @if open { (what_next(desk, &view)) }
        h2.govuk-heading-m { "为什么" }
        (reasons(&view))
        @if !view.notes.is_empty() { h2.govuk-heading-m { "办理记录" } (notes(&view)) }
        @if open { (deeds(desk, &view, typed, errors)) }
    };
    let title = format!("{}：{programme}", line.kind.title());
    Ok(Page::new(title, content).under(NAV_ID).back(HERE, "返回线索列表").errors(errors))
}

fn what_next(desk: &Desk<Investigate>, view: &LeadView) -> Markup {
    html! {
        @if view.line.kind == Kind::Unclaimed && view.item.is_some() && desk.may(Right::FileForOther) {
            (form_post(&format!("{HERE}/{}/file", view.line.id), &desk.key(), &html! {
                p.govuk-body { "家庭同意申请的，从这里开始，已登记的情况会填好。" }
                (submit("为这个家庭申请", ButtonKind::Primary, None))
            }))
        }
        @if let Some(entitlement) = view.entitlement.filter(|_| desk.may_for(Right::ReadPayments, &view.line.programme)) {
            p.govuk-body { (Link::new(format!("/desk/roll/{entitlement}"), "打开这项待遇，发起核查")) }
        }
    }
}

fn reasons(view: &LeadView) -> Markup {
    html! {
        @for reason in &view.line.reasons {
            h3.govuk-heading-s {
                (reason.title) " "
                @if reason.to_judge { (tag(Colour::Grey, "待认定")) }
                @else if view.line.from_file { (tag(Colour::Orange, "部门数据，待核实")) }
                @else if reason.met { (tag(Colour::Green, "符合")) }
                @else { (tag(Colour::Red, "不符合")) }
            }
            @if reason.to_judge { p.govuk-body { "要由工作人员看过以后认定。" } }
            @if !reason.found.is_empty() {
                ul.govuk-list.govuk-list--bullet { @for found in &reason.found { li { (found) } } }
            }
            @if !reason.basis.is_empty() { p.govuk-hint { "依据：" (reason.basis.join("、")) } }
        }
    }
}

fn notes(view: &LeadView) -> Markup {
    let rows: Vec<SummaryRow<'_>> = view
        .notes
        .iter()
        .map(|note| {
            SummaryRow::new(
                note.at.zh(),
                html! { strong { (note.deed.title()) } "　" (note.by) br; (note.words) },
            )
        })
        .collect();
    summary_list(&rows)
}

fn deeds(desk: &Desk<Investigate>, view: &LeadView, typed: &Fields, errors: &Errors) -> Markup {
    let choices: Vec<Choice<'_>> =
        Deed::of(view.line.kind).iter().map(|deed| Choice::new(deed.as_str(), deed.title())).collect();
    html! {
        div.prose {
            h2.govuk-heading-m { "登记办理情况" }
            (form_post(&format!("{HERE}/{}/note", view.line.id), &desk.key(), &html! {
                (hidden("version", &view.version.to_string()))
                (radios(&Field::new("deed", "办理情况").value(typed.get("deed")).errors(errors), &choices))
                (text_area(&Field::new("words", "情况说明").hint("例如：3 月 5 日上门，见到本人，已讲清条件和材料。").value(typed.get("words"))
                    .max_chars(500).errors(errors), 3))
                (submit("保存", ButtonKind::Primary, None))
            }))
        }
    }
}

async fn note(
    desk: Desk<Investigate>,
    Path(id): Path<LeadId>,
    KeyedForm { key, form, .. }: KeyedForm<Fields>,
) -> Result<Answer, Fault> {
    let to = format!("{HERE}/{id}");
    if already(&desk, &key).await?.is_some() {
        return Ok(SeeOther::to(to).into());
    }
    let version = form.get("version").parse().unwrap_or_default();
    let Some(deed) = Deed::read(form.get("deed")) else {
        let mut errors = Errors::none();
        errors.add("deed", "请选择办理情况。");
        return Ok(shown(&desk, id, &form, &errors).await?.into());
    };
    match leads::note(desk.office(), desk.granted(), id, version, deed, form.get("words")).await {
        Ok(()) => {
            remember(&desk, &key, &to).await?;
            Ok(SeeOther::to(to).done("办理情况已登记。").into())
        }
        Err(error) => Ok(shown(&desk, id, &form, &form_errors(error)?).await?.into()),
    }
}

async fn file(
    desk: Desk<Investigate>,
    Path(id): Path<LeadId>,
    KeyedForm { key, .. }: KeyedForm<IgnoredAny>,
) -> Result<SeeOther, Fault> {
    if let Some(to) = already(&desk, &key).await? {
        return Ok(SeeOther::to(to));
    }
    let officer = desk.grant::<FileForOther>()?;
    let draft = leads::begin_filing(desk.office(), desk.granted(), &officer, id).await?;
    let to = format!("/desk/drafts/{draft}");
    remember(&desk, &key, &to).await?;
    Ok(SeeOther::to(to))
}
