//! 救助“一件事”: a need told once, everything that the family wants begun together, and how far each part is.

use axum::extract::Query;
use axum::response::Response;
use maud::{Markup, html};
use office::OfficeError;
use office::access::{Export, FileForOther, ReadCase, Right};
use office::casework::joint::{self, JointId, JointPart, JointPartId, PartKind, Proposal, Wanted};
use serde::Deserialize;
use store::HouseholdId;
use vocab::zh_date;

use super::words::{download, due_markup};
use crate::answer::{Answer, Page, SeeOther};
use crate::error::{Fault, form_errors};
use crate::extract::{Begun, Desk, Path};
use crate::form_body::{Fields, KeyedForm};
use crate::money::common::{cursor, yuan};
use crate::ui::form::{
    ButtonKind, Choice, Errors, Field, Width, checkboxes, error_summary, form_post, submit, text_area,
    text_input,
};
use crate::ui::parts::{Colour, SummaryRow, heading, summary_list, tag};
use crate::ui::table::{Column, Pager, Table};
use crate::ui::{Link, address};
use office::tabular::ListFormat;

const HERE: &str = "/desk/joint";
const NAV_ID: &str = "cases";

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Ask {
    after: String,
}

/// `GET /desk/families/{household}/joint`
pub(super) async fn ask(desk: Desk<FileForOther>, Path(family): Path<HouseholdId>) -> Result<Page, Fault> {
    let proposal = joint::propose(desk.office(), desk.granted(), family).await?;
    Ok(form(&desk, family, &proposal, &Fields::default(), &Errors::none()))
}

fn form(
    desk: &Desk<FileForOther>,
    family: HouseholdId,
    proposal: &Proposal,
    typed: &Fields,
    errors: &Errors,
) -> Page {
    let here = format!("/desk/families/{family}/joint");
    let mut chosen: Vec<&str> = typed.all("items").collect();
    if errors.is_empty() {
        // What the rules say yes to is ticked; the family may untick it.
        chosen
            .extend(proposal.matters.iter().filter(|matter| matter.fits).map(|matter| matter.item.as_str()));
    }
    let matters: Vec<Choice<'_>> = proposal
        .matters
        .iter()
        .map(|matter| {
            let choice = Choice::new(matter.item.as_str(), matter.title.as_str());
            match (matter.fits, matter.in_hand) {
                (_, true) => choice.hint("已经在办理，选上就并到这件事里一起看"),
                (true, false) => choice.hint("按现在登记的情况，可能符合"),
                (false, false) => choice,
            }
        })
        .collect();
    let wanted: Vec<&str> = typed.all("referrals").collect();
    let referrals: Vec<Choice<'_>> = proposal
        .referrals
        .iter()
        .map(|referral| {
            let name = format!("referral_{}", referral.code);
            let written = match &referral.words {
                Some(words) if errors.is_empty() => words.clone(),
                _ => typed.get(&name).to_owned(),
            };
            let words = text_input(
                &Field::new(name, "需要什么帮助")
                    .value(written)
                    .width(Width::Full)
                    .max_chars(1000)
                    .errors(errors),
            );
            let value = format!("{}/{}", referral.register, referral.code);
            let choice = Choice::new(value, referral.title.as_str());
            let choice = match referral.words {
                Some(_) => choice.hint("按现在登记的情况，可能用得上"),
                None => choice,
            };
            choice.then(words)
        })
        .collect();
    let body = html! {
        (text_area(&Field::new("told", "群众说了什么困难").hint("用群众自己的话写，说一次就够了。").value(typed.get("told")).max_chars(2000).errors(errors), 4))
        (checkboxes(&Field::new("items", "一起申请哪些救助").hint("已经打勾的是按规则可能符合的，由群众自己决定要不要申请。").optional().errors(errors), &matters, &chosen))
        (checkboxes(&Field::new("referrals", "同时转给哪些部门").hint("可能用得上的排在前面，要转什么已经写好，可以改；群众同意才转。").optional().errors(errors), &referrals, &wanted))
        (submit("一起开始办理", ButtonKind::Primary, None))
    };
    let content = html! {
        div.prose {
            (error_summary(errors))
            (heading(Some("一门受理、协同办理"), &format!("{}家：救助一件事", proposal.name)))
            p.govuk-body { "困难只说一次。每项申请的表单会填好已经登记的内容，转介马上送到对方；以后在一个页面上看每一项办到哪里。" }
            (form_post(&here, &desk.key(), &body))
        }
    };
    let back = format!("/desk/families/{family}/cases");
    Page::new("救助一件事", content).under("people").errors(errors).back(back, "返回家庭的办件")
}

/// `POST /desk/families/{household}/joint`
pub(super) async fn begin(
    desk: Desk<FileForOther>,
    Path(family): Path<HouseholdId>,
    form: KeyedForm<Fields>,
) -> Result<Answer, Fault> {
    let fields = &form.form;
    let proposal = joint::propose(desk.office(), desk.granted(), family).await?;
    let referrals = fields.all("referrals").filter_map(|chosen| {
        let (register, code) = chosen.split_once('/')?;
        Some((register.to_owned(), code.to_owned(), fields.get(&format!("referral_{code}")).to_owned()))
    });
    let wanted = Wanted {
        told: fields.get("told").to_owned(),
        items: fields.all("items").map(str::to_owned).collect(),
        referrals: referrals.collect(),
    };
    let errors = match joint::begin(desk.office(), desk.granted(), family, &wanted, &form.key).await {
        Ok(id) => {
            let words = "已经一起开始。请接着把每项申请的表单填完提交。";
            return Ok(SeeOther::to(format!("{HERE}/{id}")).done(words).into());
        }
        Err(OfficeError::Conflict(words)) => {
            return Ok(SeeOther::to(format!("/desk/families/{family}/joint")).note(words).into());
        }
        Err(error) => form_errors(error)?,
    };
    Ok(self::form(&desk, family, &proposal, fields, &errors).into())
}

/// `GET /desk/joint`
pub(super) async fn list(desk: Desk<ReadCase>, Query(ask): Query<Ask>) -> Result<Page, Fault> {
    let office = desk.office();
    let after = cursor(&ask.after)?;
    let found = joint::list(office, desk.granted(), None, after.as_ref()).await?;
    let rate = joint::rate(office, desk.granted()).await?;
    let rows = found.rows.iter().map(|line| {
        let ended = line.parts.iter().filter(|part| part.ended).count();
        let waiting = line.parts.iter().filter(|part| !part.handed_on()).count();
        vec![
            html! { (Link::new(format!("{HERE}/{}", line.id), line.name.as_str()).about(format!("：{}提出的困难", line.told_on))) },
            html! { (line.told_on) },
            html! { (line.place) },
            html! { @for part in &line.parts { div { (part.title) "：" (part.state) } } },
            html! { @if waiting > 0 { (tag(Colour::Orange, &format!("{waiting} 项没有提交"))) } @else { (tag(Colour::Green, "全部申请、转出")) } },
            html! { (ended) "/" (line.parts.len()) },
        ]
    });
    let content = html! {
        (heading(Some(&desk.actor().division_name), "救助一件事"))
        (summary_list(&[
            SummaryRow::text("联办率", &rate.percent().unwrap_or_else(|| "—".to_owned())),
            SummaryRow::text("怎样算", &format!("最近 12 个月需要办两项以上的 {} 件里，全部一起申请、转出的 {} 件", rate.whole, rate.together)),
        ]))
        p.govuk-body { "新的一件事，从" (Link::new("/desk/people", "对象档案")) "里这个家庭的“办件和待遇”开始。" }
        (Table {
            id: "joint".into(),
            caption: "办理中的和办过的".into(),
            columns: vec![
                Column::new("群众"),
                Column::new("提出日期"),
                Column::new("村（社区）"),
                Column::new("各项办到哪里"),
                Column::new("窗口"),
                Column::new("已有结果"),
            ],
            rows: rows.collect(),
            empty: "还没有登记过一件事。".into(),
            exports: if desk.may(Right::Export) { vec![Link::new(format!("{HERE}/export"), "导出 Excel")] } else { Vec::new() },
            pager: Some(Pager {
                previous: after.is_some().then(|| HERE.into()),
                next: found.next.as_ref().map(|next| address(HERE, &[("after", &next.to_string())]).into()),
            }),
            ..Table::default()
        })
    };
    Ok(Page::new("救助一件事", content).under(NAV_ID))
}

/// `GET /desk/joint/export`
pub(super) async fn export(desk: Desk<ReadCase>) -> Result<Response, Fault> {
    let export = desk.grant::<Export>()?;
    let sheet = joint::sheet(desk.office(), desk.granted(), &export).await?;
    Ok(download("救助一件事.xlsx", ListFormat::Excel.mime(), sheet))
}

/// `GET /desk/joint/{joint}`
pub(super) async fn show(desk: Desk<ReadCase>, Path(id): Path<JointId>) -> Result<Page, Fault> {
    page(&desk, id, None, &Errors::none()).await
}

async fn page(
    desk: &Desk<ReadCase>,
    id: JointId,
    tried: Option<JointPartId>,
    errors: &Errors,
) -> Result<Page, Fault> {
    let view = joint::open(desk.office(), desk.granted(), id).await?;
    let may = desk.may(Right::FileForOther);
    let none = Errors::none();
    let rows = view.line.parts.iter().map(|part| {
        vec![
            html! { (part.title) },
            html! { (state(part)) },
            html! {
                @match &part.kind {
                    PartKind::Case { due_on: Some(due), .. } if !part.ended => (due_markup(desk.office(), *due, None)),
                    _ => "—",
                }
            },
            html! { (next(desk, id, part, may, if tried == Some(part.id) { errors } else { &none })) },
        ]
    });
    let content = html! {
        (error_summary(errors))
        (heading(Some(&view.line.place), &format!("{}家：救助一件事", view.line.name)))
        (summary_list(&[
            SummaryRow::text("提出日期", &zh_date(view.line.told_on)),
            SummaryRow::text("群众说的困难", &view.told),
            SummaryRow::new("家庭档案", html! { (Link::new(format!("/desk/families/{}/cases", view.household), "办件和待遇")) }),
        ]))
        (Table {
            id: "parts".into(),
            caption: "各项办到哪里".into(),
            columns: ["事项或者部门", "办到哪里", "办理期限", "接着办"].map(Column::new).into(),
            rows: rows.collect(),
            ..Table::default()
        })
        h2.govuk-heading-m { "一窗核发" }
        @if view.granted.is_empty() { p.govuk-body { "这件事里还没有核准的待遇。" } }
        @else {
            p.govuk-body { "这件事里核准的待遇，都由发放窗口按月发到登记的账户：" }
            (summary_list(&view.granted.iter().map(|(title, amount)| SummaryRow::new(
                title.clone(),
                html! { @match amount { Some(amount) => { (yuan(*amount)) " 元" }, None => "只作认定，不发钱" } },
            )).collect::<Vec<_>>()))
        }
    };
    Ok(Page::new("救助一件事", content).under(NAV_ID).errors(errors).back(HERE, "返回救助一件事"))
}

fn state(part: &JointPart) -> Markup {
    let colour = match (&part.kind, part.ended) {
        (PartKind::Form { .. }, _) => Colour::Orange,
        (PartKind::GivenUp { .. }, _) => Colour::Grey,
        (_, true) => Colour::Green,
        (_, false) => Colour::Blue,
    };
    html! {
        (tag(colour, &part.state))
        @if let PartKind::GivenUp { reason } = &part.kind { br; span.govuk-hint { (reason) } }
    }
}

/// What can be done about a part: a link to where it is handled, or the form that throws it out.
fn next(desk: &Desk<ReadCase>, id: JointId, part: &JointPart, may: bool, errors: &Errors) -> Markup {
    let about = format!("：{}", part.title);
    let there = format!("{HERE}/{id}/parts/{}", part.id);
    let give_up = html! {
        (text_input(&Field::new(format!("reason_{}", part.id), "不再申请的原因").max_chars(200).errors(errors)))
        (submit("不再申请", ButtonKind::Secondary, Some(("deed", "give_up"))))
    };
    match &part.kind {
        PartKind::Case { id, number, .. } => {
            html! { (Link::new(format!("/desk/cases/{id}"), number.clone()).about(about)) }
        }
        PartKind::Record { register, id } => {
            html! { (Link::new(format!("/desk/records/{register}/{id}"), "看转介").about(about)) }
        }
        PartKind::GivenUp { .. } => html! { "—" },
        PartKind::Form { draft, own } => html! {
            @match draft {
                Some(draft) if *own => (Link::new(format!("/desk/drafts/{draft}"), "接着填").about(about)),
                Some(_) => "由开始填的人接着填",
                None if may => (form_post(&there, &desk.key(), &submit("重新开始填", ButtonKind::Secondary, Some(("deed", "again"))))),
                None => "—",
            }
            @if may { (crate::ui::parts::details("不再申请", &form_post(&there, &desk.key(), &give_up))) }
        },
    }
}

/// `POST /desk/joint/{joint}/parts/{joint_part}`
pub(super) async fn part(
    desk: Desk<FileForOther>,
    Path((id, part)): Path<(JointId, JointPartId)>,
    form: KeyedForm<Fields>,
) -> Result<Answer, Fault> {
    let fields = &form.form;
    let here = format!("{HERE}/{id}");
    if let Begun::Again(_) = desk.begin(&form.key).await? {
        return Ok(SeeOther::to(here).into());
    }
    let reason = fields.get(&format!("reason_{part}"));
    let (done, words) = match fields.get("deed") {
        "again" => {
            (joint::begin_again(desk.office(), desk.granted(), id, part).await, "已经重新开始，请接着填。")
        }
        _ => (joint::give_up(desk.office(), desk.granted(), id, part, reason).await, "已登记不再申请。"),
    };
    match done {
        Ok(()) => Ok(SeeOther::to(here).done(words).into()),
        Err(OfficeError::Conflict(words)) => Ok(SeeOther::to(here).note(words).into()),
        Err(error) => {
            let mut errors = Errors::none();
            for (field, message) in form_errors(error)?.iter() {
                let field = if field == "reason" { format!("reason_{part}") } else { field.to_owned() };
                errors.add(field, message);
            }
            let reader = desk.desk::<ReadCase>()?;
            Ok(page(&reader, id, Some(part), &errors).await?.into())
        }
    }
}
