//! What stands between frame, forms and tables.

use maud::{Markup, PreEscaped, html};

use super::page::{Flash, FlashKind, HelpBox, NavLink, phone_link};
use super::{Link, Text};

/// The page's `h1`, with an optional line above it (the matter, the step, the family).
pub fn heading(caption: Option<&str>, text: &str) -> Markup {
    html! {
        div.page-heading {
            @if let Some(caption) = caption { p.govuk-caption-l { (caption) } }
            h1.govuk-heading-l { (text) }
        }
    }
}

/// A long part of a page that unfolds under its heading; a search in the page opens it, and paper shows it open.
pub fn folded(title: &Markup, open: bool, inside: &Markup) -> Markup {
    html! {
        details.folded-part open[open] {
            summary { (title) }
            (inside)
        }
    }
}

/// 第 2 步,共 5 步, for [`heading`]'s line above.
pub fn steps(matter: &str, step: usize, of: usize) -> String {
    format!("{matter} · 第 {step} 步，共 {of} 步")
}

/// A row of a [`summary_list`].
#[derive(Clone, Debug)]
pub struct SummaryRow<'a> {
    /// What it is.
    pub key: Text<'a>,
    /// The answer.
    pub value: Markup,
    /// For example 修改; give each its hidden words.
    pub actions: Vec<Link<'a>>,
}

impl<'a> SummaryRow<'a> {
    /// Key and text.
    pub fn text(key: impl Into<Text<'a>>, value: &str) -> Self {
        SummaryRow { key: key.into(), value: html! { (value) }, actions: Vec::new() }
    }

    /// Key and markup.
    pub fn new(key: impl Into<Text<'a>>, value: Markup) -> Self {
        SummaryRow { key: key.into(), value, actions: Vec::new() }
    }

    /// Add a link at the row's end.
    pub fn action(mut self, link: Link<'a>) -> Self {
        self.actions.push(link);
        self
    }
}

/// Keys and values: a person, a family, answers to be checked before sending.
pub fn summary_list(rows: &[SummaryRow<'_>]) -> Markup {
    let actions = rows.iter().any(|row| !row.actions.is_empty());
    html! {
        dl.govuk-summary-list {
            @for row in rows {
                div.govuk-summary-list__row .govuk-summary-list__row--no-actions[actions && row.actions.is_empty()] {
                    dt.govuk-summary-list__key { (row.key) }
                    dd.govuk-summary-list__value { (row.value) }
                    @if !row.actions.is_empty() {
                        dd.govuk-summary-list__actions { @for link in &row.actions { (link) " " } }
                    }
                }
            }
        }
    }
}

/// Colour of a [`tag`]; colour never says anything that the words do not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colour {
    /// In somebody's hands.
    Blue,
    /// Published, waiting for a day.
    Yellow,
    /// With another office.
    Grey,
    /// Something to be made good.
    Orange,
    /// Returned, refused, late.
    Red,
    /// Done.
    Green,
    /// A hearing, an objection.
    Purple,
}

/// A state in a coloured box.
pub fn tag(colour: Colour, text: &str) -> Markup {
    let class = match colour {
        Colour::Blue => "govuk-tag--blue",
        Colour::Yellow => "govuk-tag--yellow",
        Colour::Grey => "govuk-tag--grey",
        Colour::Orange => "govuk-tag--orange",
        Colour::Red => "govuk-tag--red",
        Colour::Green => "govuk-tag--green",
        Colour::Purple => "govuk-tag--purple",
    };
    html! { strong.govuk-tag.(class) { (text) } }
}

/// How urgent a figure or a date is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Urgency {
    /// In time.
    #[default]
    Calm,
    /// Soon.
    Warning,
    /// Too late.
    Danger,
}

/// A date by which something must be done, and what is left: `2026-11-23` / `剩 1 个工作日`.
pub fn due(date: &str, left: &str, urgency: Urgency) -> Markup {
    let class = match urgency {
        Urgency::Calm => None,
        Urgency::Warning => Some("due--soon"),
        Urgency::Danger => Some("due--late"),
    };
    html! { (date) br; span class=[class] { (left) } }
}

/// A number that opens a page.
#[derive(Clone, Debug)]
pub struct Figure<'a> {
    /// Formatted number, with its unit where it needs one.
    pub value: Text<'a>,
    /// What is counted.
    pub label: Text<'a>,
    /// The list behind it.
    pub href: Option<Text<'a>>,
    /// Colour of the card's edge.
    pub urgency: Urgency,
}

impl<'a> Figure<'a> {
    /// Number and label.
    pub fn new(value: impl Into<Text<'a>>, label: impl Into<Text<'a>>) -> Self {
        Figure { value: value.into(), label: label.into(), href: None, urgency: Urgency::Calm }
    }

    /// The list behind it.
    pub fn href(mut self, href: impl Into<Text<'a>>) -> Self {
        self.href = Some(href.into());
        self
    }

    /// Colour.
    pub fn urgency(mut self, urgency: Urgency) -> Self {
        self.urgency = urgency;
        self
    }
}

/// Cards that stand beside each other at a desk.
const CARDS: usize = 6;

/// Figures in rows of about as many each: none stands alone under a full row.
pub fn figure_cards(figures: &[Figure<'_>]) -> Markup {
    let many = figures.len();
    let beside = many.div_ceil(many.div_ceil(CARDS).max(1));
    html! {
        ul.figure-cards .figure-cards--four[many > CARDS && beside == 4] .figure-cards--five[many > CARDS && beside == 5] {
            @for figure in figures {
                @let words = html! { strong { (figure.value) } span { (figure.label) } };
                li.figure-card .figure-card--warning[figure.urgency == Urgency::Warning] .figure-card--danger[figure.urgency == Urgency::Danger] {
                    @match &figure.href { Some(href) => a href=(href) { (words) }, None => (words) }
                }
            }
        }
    }
}

/// Where a step of a case stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepState {
    /// 已完成.
    Done,
    /// 正在办理.
    Current,
    /// 未开始.
    Waiting,
    /// 已停止: refused, withdrawn, returned.
    Stopped,
}

/// A step of a [`timeline`].
#[derive(Clone, Debug)]
pub struct TimelineStep<'a> {
    /// What is done.
    pub title: Text<'a>,
    /// Where it stands.
    pub state: StepState,
    /// When, who, by when: one line.
    pub when: Text<'a>,
    /// What came of it.
    pub note: Option<Markup>,
}

/// The steps of a case, with dates.
pub fn timeline(steps: &[TimelineStep<'_>]) -> Markup {
    html! {
        ol.timeline {
            @for step in steps {
                @let (class, said) = match step.state {
                    StepState::Done => ("done", "已完成"),
                    StepState::Current => ("current", "正在办理"),
                    StepState::Waiting => ("waiting", "未开始"),
                    StepState::Stopped => ("stopped", "已停止"),
                };
                li.timeline__step.{ "timeline__step--" (class) } aria-current=[(step.state == StepState::Current).then_some("step")] {
                    p.timeline__title { (step.title) span.govuk-visually-hidden { "（" (said) "）" } }
                    @if !step.when.is_empty() { p.timeline__when { (step.when) } }
                    @if let Some(note) = &step.note { div.timeline__note { (note) } }
                }
            }
        }
    }
}

/// Text that opens on a click.
pub fn details(summary: &str, body: &Markup) -> Markup {
    html! {
        details.govuk-details {
            summary.govuk-details__summary { span.govuk-details__summary-text { (summary) } }
            div.govuk-details__text { (body) }
        }
    }
}

/// Links to the parts of a long subject, at the left.
pub fn side_nav(label: &str, entries: &[NavLink<'_>], current: &str) -> Markup {
    links_list("side-nav", label, entries, current)
}

/// Links to the faces of one thing (a family: 成员, 收入, 办件, 发放), each a page of its own.
pub fn tabs(label: &str, entries: &[NavLink<'_>], current: &str) -> Markup {
    links_list("tab-links", label, entries, current)
}

fn links_list(class: &str, label: &str, entries: &[NavLink<'_>], current: &str) -> Markup {
    html! {
        nav aria-label=(label) {
            ul class=(class) {
                @for entry in entries {
                    li { a href=(entry.href) aria-current=[(entry.id == current).then_some("page")] { (entry.text) } }
                }
            }
        }
    }
}

/// "It is done", with the number to keep.
pub fn panel(title: &str, body: &Markup) -> Markup {
    html! {
        div.govuk-panel.govuk-panel--confirmation {
            h1.govuk-panel__title { (title) }
            div.govuk-panel__body { (body) }
        }
    }
}

/// Text set apart.
pub fn inset(body: &Markup) -> Markup {
    html! { div.govuk-inset-text { (body) } }
}

/// What has consequences.
pub fn warning_text(text: &str) -> Markup {
    html! {
        div.govuk-warning-text {
            span.govuk-warning-text__icon aria-hidden="true" { "!" }
            strong.govuk-warning-text__text { span.govuk-visually-hidden { "注意：" } (text) }
        }
    }
}

/// Where the page stands; the last link is the page's parent.
pub fn breadcrumbs(links: &[Link<'_>]) -> Markup {
    html! {
        nav.govuk-breadcrumbs aria-label="所在位置" {
            ol.govuk-breadcrumbs__list {
                @for link in links {
                    li.govuk-breadcrumbs__list-item { a.govuk-breadcrumbs__link href=(link.href) { (link.text) } }
                }
            }
        }
    }
}

/// An article of law: `law_basis("社会救助法", "第四十八条", Some(text))`.
pub fn law_basis(law: &str, article: &str, words: Option<&str>) -> Markup {
    html! {
        div.law { cite { "依据：《" (law) "》" (article) } @if let Some(words) = words { p { (words) } } }
    }
}

/// A number of which only part is shown; `reveal` leads to the page that asks what for.
pub fn masked(shown: &str, reveal: Option<&Link<'_>>) -> Markup {
    html! { span.masked { (shown) @if let Some(link) = reveal { (link) } } }
}

/// What just happened.
pub fn notification_banner(flash: &Flash<'_>) -> Markup {
    let success = flash.kind == FlashKind::Success;
    html! {
        div.govuk-notification-banner .govuk-notification-banner--success[success] role=(if success { "alert" } else { "region" })
            aria-labelledby="notice-title" data-module="govuk-notification-banner" {
            div.govuk-notification-banner__header {
                h2.govuk-notification-banner__title #notice-title { @if success { "办好了" } @else { "请注意" } }
            }
            div.govuk-notification-banner__content { p.govuk-notification-banner__heading { (flash.text) } }
        }
    }
}

/// Prints the page; only shown where scripts run, elsewhere the browser's menu prints.
pub fn print_button() -> Markup {
    html! { button.govuk-button.govuk-button--secondary.js-only type="button" data-print { "打印本页" } }
}

/// One step of many to be done in any order: 家庭成员, 收入, 财产, 材料.
#[derive(Clone, Debug)]
pub struct Task<'a> {
    /// Where it is done; `None` when it cannot be begun.
    pub href: Option<Text<'a>>,
    /// What is to be done.
    pub title: Text<'a>,
    /// How, in a few words.
    pub hint: Text<'a>,
    /// How far it is: a [`tag`], or plain 已完成.
    pub status: Markup,
}

/// A list of tasks with their states.
pub fn task_list(id: &str, tasks: &[Task<'_>]) -> Markup {
    html! {
        ul.govuk-task-list {
            @for (index, task) in tasks.iter().enumerate() {
                @let status = format!("{id}-{}-status", index + 1);
                li.govuk-task-list__item .govuk-task-list__item--with-link[task.href.is_some()] {
                    div.govuk-task-list__name-and-hint {
                        @match &task.href {
                            Some(href) => a.govuk-link.govuk-task-list__link href=(href) aria-describedby=(status) { (task.title) },
                            None => (task.title),
                        }
                        @if !task.hint.is_empty() { div.govuk-task-list__hint { (task.hint) } }
                    }
                    div.govuk-task-list__status id=(status) { (task.status) }
                }
            }
        }
    }
}

/// 需要帮忙 and 多久有结果, beside a citizen's form.
pub fn help_aside(help: &HelpBox<'_>, limits: &[&str]) -> Markup {
    html! {
        aside aria-label="帮助" {
            h2.govuk-heading-m { "需要帮忙" }
            p.govuk-body { (help.text) }
            @if !help.phone.is_empty() { p.govuk-body { (help.phone_title) " " (phone_link(&help.phone)) } }
            @if !limits.is_empty() {
                h3.govuk-heading-s { "多久有结果" }
                ul.limits { @for limit in limits { li { (limit) } } }
            }
        }
    }
}

/// Main content with a narrow part at the right ([`help_aside`]); below it on a phone.
pub fn with_aside(main: &Markup, aside: &Markup) -> Markup {
    html! { div.beside.beside--right { div.prose { (main) } div { (aside) } } }
}

/// Main content with a narrow part at the left ([`filter`], [`side_nav`]).
pub fn with_sidebar(sidebar: &Markup, main: &Markup) -> Markup {
    html! { div.beside.beside--left { div { (sidebar) } div { (main) } } }
}

/// Links that take a list out as Excel and as CSV, for whoever `may`: the sheet's address with its query, to which the format is added.
pub fn exports(may: bool, sheet: &str) -> Vec<Link<'static>> {
    let formats: &[(&str, &str)] = if may { &[("xlsx", "导出 Excel"), ("csv", "导出 CSV")] } else { &[] };
    let join = if sheet.contains('?') { '&' } else { '?' };
    formats.iter().map(|(format, text)| Link::new(format!("{sheet}{join}format={format}"), *text)).collect()
}

/// The filter panel of a list: chosen filters as links that take them off, then the form. Closed at first on a phone.
pub fn filter(action: &str, chosen: &[Link<'_>], body: &Markup) -> Markup {
    html! {
        details.filter open {
            summary { h2.govuk-heading-m { "筛选" } }
            @if !chosen.is_empty() {
                ul.chips {
                    @for link in chosen {
                        li { a href=(link.href) { (link.text) " ×" span.govuk-visually-hidden { "（去掉这个条件）" } } }
                    }
                }
            }
            (super::form::form_get(action, &html! { (body) (super::form::submit("应用筛选", super::form::ButtonKind::Primary, None)) }))
        }
    }
}

/// Data for a script, as JSON that cannot end its own element.
pub(super) fn json_script(id: &str, json: &str) -> Markup {
    html! { script type="application/json" id=(id) { (PreEscaped(json.replace('<', "\\u003c"))) } }
}
