//! Before the form: what it needs and how long it takes; at the window the list of matters and of forms begun.

use axum::extract::{Path, Query};
use maud::{Markup, html};
use office::OfficeError;
use office::access::{FileForOther, Right};
use office::casework::drafts::Filler;
use office::casework::{drafts, needs_benefit};
use serde::Deserialize;

use super::Hand;
use crate::answer::{Answer, Page, SeeOther};
use crate::error::Fault;
use crate::extract::Desk;
use crate::form_body::KeyedForm;
use crate::ui::Link;
use crate::ui::form::{ButtonKind, form_post, hidden, submit};
use crate::ui::parts::{heading, help_aside, with_aside};
use crate::ui::table::{Column, Table};

#[derive(Default, Deserialize)]
pub(super) struct About {
    /// The benefit that a report or review is about.
    #[serde(default)]
    benefit: String,
}

pub(super) async fn ask(
    hand: Hand,
    Path(item): Path<String>,
    Query(about): Query<About>,
) -> Result<Answer, Fault> {
    let release = hand.office().release();
    let definition = release.items.get(&item).ok_or(Fault::Hidden)?;
    hand.filler().may_know(definition)?;
    if needs_benefit(definition) && about.benefit.is_empty() {
        return match &hand {
            Hand::Citizen(_) => Ok(SeeOther::to("/my/change").into()),
            Hand::Desk(_) => {
                Err(Fault::Refused("这件事要从家庭的待遇页面开始，请先找到这个家庭。".to_owned()))
            }
        };
    }
    let form = release.forms.get(&definition.form).ok_or(Fault::Hidden)?;
    let asked: Vec<_> = definition.materials.iter().filter(|material| material.fetched.is_none()).collect();
    let start = html! {
        @if !about.benefit.is_empty() { (hidden("benefit", &about.benefit)) }
        (submit("开始填写", ButtonKind::Primary, None))
    };
    let main = html! {
        (heading(Some(&definition.title), &form.title))
        @if let Some(intro) = &form.intro { p.govuk-body { (intro) } }
        @if !asked.is_empty() {
            h2.govuk-heading-m { "要签的和要拍照的" }
            ul.govuk-list.govuk-list--bullet { @for material in &asked { li { (material.title) @if let Some(when) = &material.when { "（" (when) "）" } } } }
        }
        p.govuk-body { "每填一页就保存一次，可以随时停下，以后接着填。" }
        (form_post(&format!("{}/apply/{item}", hand.side()), &hand.key(), &start))
    };
    let aside = help_aside(&hand.state.site.help(), &[]);
    Ok(Page::new(form.title.clone(), with_aside(&main, &aside)).under(hand.nav()).into())
}

pub(super) async fn begin(
    hand: Hand,
    Path(item): Path<String>,
    KeyedForm { form: about, .. }: KeyedForm<About>,
) -> Result<SeeOther, Fault> {
    let start = format!("{}/apply/{item}", hand.side());
    let benefit = match about.benefit.as_str() {
        "" => None,
        id => Some(id.parse().map_err(|_| Fault::Hidden)?),
    };
    if let Some(benefit) = benefit {
        // Whose benefit it is, is asked now and not only when the form is sent.
        let month = hand.office().now().month();
        ledger::pages::entitlement(hand.office().db(), &hand.scope(), benefit, month).await?;
    }
    match drafts::begin(hand.office(), hand.filler(), &item, benefit).await {
        Ok(draft) => Ok(SeeOther::to(hand.base(draft))),
        Err(OfficeError::Conflict(words)) => Ok(SeeOther::to(start).note(words)),
        Err(error) => Err(error.into()),
    }
}

/// 代为申请: what can be filed for somebody, and what was begun.
pub(super) async fn desk_list(desk: Desk<FileForOther>) -> Result<Page, Fault> {
    let release = desk.office().release();
    let unfinished = drafts::unfinished(desk.office(), Filler::Desk(desk.granted())).await?;
    let rows = unfinished.iter().map(|draft| -> Vec<Markup> {
        let title = release.items.get(&draft.item).map_or(draft.item.as_str(), |item| item.title.as_str());
        let whom = release
            .forms
            .get(&draft.form)
            .and_then(|form| applicant(form, &draft.answers))
            .unwrap_or_else(|| "还没填姓名".to_owned());
        vec![
            html! { (Link::new(format!("/desk/drafts/{}", draft.id), whom)) },
            html! { (title) },
            html! { (vocab::Now::from_unix_ms(draft.updated_at).zh()) },
        ]
    });
    let table = Table {
        id: "drafts".into(),
        caption: "还没填完的".into(),
        columns: ["申请人", "事项", "上次保存"].map(Column::new).into(),
        rows: rows.collect(),
        empty: "没有没填完的表单。".into(),
        ..Table::default()
    };
    let items = release
        .items
        .iter()
        .map(|item| &**item)
        .filter(|item| item.filed_at(desk.actor().level) && !needs_benefit(item))
        .filter(|item| desk.may_for_item(Right::FileForOther, &item.id));
    let content = html! {
        (heading(None, "代为申请"))
        p.govuk-body { "当事人在场或者委托的，由您代填。填完打印回执，可以当场给申请人一个查询用的验证码。" }
        p.govuk-body { "一个家庭需要几样帮助的，到" (Link::new("/desk/people", "对象档案")) "里从这个家庭开始一起办；办到哪里见" (Link::new("/desk/joint", "救助一件事")) "。" }
        @if desk.may(Right::Accept) { p.govuk-body { (Link::new("/desk/bookings", "今天谁预约了来窗口")) } }
        p.govuk-body { "全市哪里的家庭都可以在您的窗口申请；替别处收下的办到哪里见" (Link::new("/desk/taken-in", "代收的申请")) "。" }
        @for item in items {
            h2.govuk-heading-m { (Link::new(format!("/desk/apply/{}", item.id.get()), item.title.as_str())) }
            p.govuk-body { (item.summary) }
        }
        (table)
    };
    Ok(Page::new("代为申请", content).under("work"))
}

/// The first person's name that a form holds.
fn applicant(form: &catalogue::definition::Form, answers: &office::forms::Answers) -> Option<String> {
    use catalogue::definition::FieldKind;
    let (page, field) =
        form.fields().find(|(page, field)| page.repeat.is_none() && *field.kind == FieldKind::PersonName)?;
    let raw = answers.get(&office::forms::FieldPath::new(page, None, field))?;
    Some(raw.text().trim().to_owned()).filter(|name| !name.is_empty())
}
