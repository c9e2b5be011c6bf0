//! 举报投诉: what a register lets anybody enter, without an account and without a name if they like, and ask after by the number that they are given.

use axum::extract::Query;
use catalogue::definition::{Field as Defined, Online, Page as Group};
use maud::{Markup, html};
use office::forms::{Answers, FilledForm};
use office::records::online::{self, Told};
use office::records::{Draft, Open};
use office::{Office, OfficeError, divisions};
use serde::Deserialize;
use vocab::{Level, zh_date};

use crate::answer::Page;
use crate::error::{Fault, form_errors};
use crate::extract::Visitor;
use crate::form_body::{Fields, KeyedForm};
use crate::forms_ui::{DivisionGroup, Look, villages_below};
use crate::records::edit::{brings_up, fields};
use crate::routes::{Routes, get, post};
use crate::security;
use crate::state::AppState;
use crate::ui::Link;
use crate::ui::form::{
    ButtonKind, Errors, Field, Width, error_summary, form_post, hidden, submit, text_input,
};
use crate::ui::parts::{SummaryRow, heading, help_aside, inset, summary_list, with_aside};

const HERE: &str = "/tell";
const ANSWER: &str = "/tell/answer";
const REGISTER: &str = "_register";
/// Not the name of a register's field.
const NUMBER: &str = "_number";

/// What is sent is damped like a sign-in: nobody fills a register, or tries numbers, by the thousand.
pub(crate) fn routes(state: &AppState) -> Routes {
    let doors = Routes::new().route(HERE, post(tell)).route(ANSWER, post(answer));
    Routes::new().route(HERE, get(begin)).merge(doors.around(|doors| security::sign_in_damped(doors, state)))
}

/// The pages of this kind, as links for others.
pub(crate) fn links(office: &Office) -> Markup {
    html! {
        @for (register, title) in &online::offered(office) {
            p.govuk-body { (Link::new(format!("{HERE}?register={register}"), format!("{title}（不用登录，可以匿名）"))) }
        }
    }
}

#[derive(Deserialize)]
struct Asked {
    #[serde(default)]
    register: String,
}

async fn begin(visitor: Visitor, Query(Asked { register }): Query<Asked>) -> Result<Page, Fault> {
    let open = online::opened(visitor.office(), &register)?;
    let draft = online::draft(visitor.office(), &open, &Answers::new()).await?;
    shown(&visitor, &open, &draft, &Errors::none(), false).await
}

/// Whether the page asks a field.
fn asks(online: &Online) -> impl Fn(&Group, &Defined) -> bool {
    move |_: &Group, field: &Defined| online.asks.iter().any(|id| id.as_str() == field.id.as_str())
}

/// Every place that may be told of: villages, and the offices above them.
async fn places(office: &Office) -> Result<Vec<DivisionGroup>, OfficeError> {
    let Some(served) = divisions::served(office).await? else { return Ok(Vec::new()) };
    let mut offices = divisions::at_level(office.db(), served.id, Level::County).await?;
    offices.extend(divisions::at_level(office.db(), served.id, Level::Township).await?);
    let offices = offices.into_iter().map(|office| (office.code, office.name)).collect();
    let mut groups = vec![DivisionGroup {
        title: "县（市、区）、乡镇（街道）".to_owned(),
        villages: offices,
    }];
    groups.extend(villages_below(office, served.id).await?);
    Ok(groups)
}

async fn shown(
    visitor: &Visitor,
    open: &Open,
    draft: &Draft,
    errors: &Errors,
    more: bool,
) -> Result<Page, Fault> {
    let office = visitor.office();
    let online = online::of(open)?;
    let form = open.release().record_form(&open.register().id).ok_or(Fault::Hidden)?;
    let places = places(office).await?;
    let context = draft.context(office, open);
    let filled = FilledForm::read(&context, form, &draft.answers);
    let look = Look { errors, divisions: &places, files: "", picks: false, on_file: None };
    let body = html! {
        (hidden(REGISTER, &open.register().id))
        (fields(&filled, &look, asks(online)))
        (submit("提交", ButtonKind::Primary, None))
    };
    let main = html! {
        (error_summary(errors))
        (heading(None, &online.title))
        p.govuk-body { (online.intro) }
        @if more && errors.is_empty() {
            (inset(&html! { p.govuk-body { "已填的内容都在。请补齐新出现的内容后再次提交。" } }))
        }
        (form_post(HERE, &visitor.key(), &body))
        (asking(visitor, open, "", errors))
    };
    let aside = help_aside(&visitor.state.site.help(), &[]);
    Ok(Page::new(online.title.clone(), with_aside(&main, &aside)).under("services").errors(errors))
}

/// The form by which one asks after what was told.
fn asking(visitor: &Visitor, open: &Open, typed: &str, errors: &Errors) -> Markup {
    let number = Field::new(NUMBER, "提交时给您的编号")
        .hint("16位数字")
        .value(typed)
        .width(Width::Chars20)
        .inputmode("numeric")
        .max_chars(30)
        .errors(errors);
    let body = html! {
        (hidden(REGISTER, &open.register().id))
        (text_input(&number))
        (submit("查询", ButtonKind::Secondary, None))
    };
    html! {
        h2.govuk-heading-m { "查办理结果" }
        (form_post(ANSWER, &visitor.key(), &body))
    }
}

async fn tell(visitor: Visitor, KeyedForm { key, form: sent, .. }: KeyedForm<Fields>) -> Result<Page, Fault> {
    let office = visitor.office();
    let open = online::opened(office, sent.get(REGISTER))?;
    let form = open.release().record_form(&open.register().id).ok_or(Fault::Hidden)?;
    let mut typed = Answers::new();
    for page in form.pages.iter().filter(|page| page.repeat.is_none()) {
        typed.merge_page(form, page, None, &sent.0);
    }
    let draft = online::draft(office, &open, &typed).await?;
    let more = {
        let context = draft.context(office, &open);
        brings_up(&FilledForm::read(&context, form, &draft.answers), &sent, asks(online::of(&open)?))
    };
    if more {
        return shown(&visitor, &open, &draft, &Errors::none(), true).await;
    }
    match online::tell(office, &open, &typed, &key).await {
        Ok(number) => Ok(received(&visitor, &open, &number)),
        Err(error) => shown(&visitor, &open, &draft, &form_errors(error)?, false).await,
    }
}

/// In groups of four, as one reads a long number.
fn grouped(number: &str) -> String {
    let signs: Vec<char> = number.chars().collect();
    signs.chunks(4).map(|four| four.iter().collect::<String>()).collect::<Vec<_>>().join(" ")
}

fn received(visitor: &Visitor, open: &Open, number: &str) -> Page {
    let main = html! {
        (heading(None, "已经收到"))
        p.govuk-body-l { "编号：" strong #number { (grouped(number)) } }
        p.govuk-body { "请记下这个编号：凭它可以在这里查办理结果，别人没有编号看不到。编号丢了不能补。" }
        (asking(visitor, open, "", &Errors::none()))
    };
    let aside = help_aside(&visitor.state.site.help(), &[]);
    Page::new("已经收到", with_aside(&main, &aside)).under("services")
}

async fn answer(visitor: Visitor, KeyedForm { form: sent, .. }: KeyedForm<Fields>) -> Result<Page, Fault> {
    let office = visitor.office();
    let open = online::opened(office, sent.get(REGISTER))?;
    let typed = sent.get(NUMBER);
    let told = match online::asked_after(office, &open, typed).await {
        Ok(told) => told,
        Err(OfficeError::NotFound(_)) => {
            let mut errors = Errors::none();
            errors.add(NUMBER, "没有这个编号，请核对。");
            let main = html! {
                (error_summary(&errors))
                (heading(None, "查办理结果"))
                (asking(&visitor, &open, typed, &errors))
            };
            let aside = help_aside(&visitor.state.site.help(), &[]);
            return Ok(Page::new("查办理结果", with_aside(&main, &aside)).under("services").errors(&errors));
        }
        Err(error) => return Err(error.into()),
    };
    let main = html! {
        (heading(None, "办理结果"))
        (summary_list(&rows(&told)))
        p.govuk-body { (Link::new(format!("{HERE}?register={}", open.register().id), "返回")) }
    };
    let aside = help_aside(&visitor.state.site.help(), &[]);
    Ok(Page::new("办理结果", with_aside(&main, &aside)).under("services"))
}

fn rows(told: &Told) -> Vec<SummaryRow<'_>> {
    let mut rows = vec![
        SummaryRow::text("收到日期", &zh_date(told.recorded_on)),
        SummaryRow::text("办到哪一步", &told.state),
    ];
    rows.extend(told.said.iter().map(|(label, words)| SummaryRow::text(label.as_str(), words)));
    rows
}
