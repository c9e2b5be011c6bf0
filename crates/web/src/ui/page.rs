//! The frame of every page: header, navigation, banners, help, footer; text size (适老化); error pages.

use maud::{DOCTYPE, Markup, html};

use super::{Link, Text, address, form};
use crate::assets;

/// Who looks at the page; each face has its own header and navigation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Face {
    /// 办事: families and their proxies, on a phone first.
    Citizen,
    /// 待办: desks of village, township, county, prefecture.
    Staff,
    /// 公开: anybody.
    Public,
}

/// Text size that the reader chose; kept in the cookie [`TextSize::COOKIE`], set on the server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TextSize {
    /// 100 %.
    #[default]
    Standard,
    /// 长辈版, 125 %.
    Large,
    /// 长辈版 (更大), 150 %.
    Larger,
}

impl TextSize {
    /// Name of the cookie.
    pub const COOKIE: &'static str = "text_size";
    /// Path of the page that sets the cookie: `GET /text-size?size=125&to=/path`; it must send the reader only to paths
    /// that begin with one `/`.
    pub const PATH: &'static str = "/text-size";

    /// Read the cookie's (or the query's) value; anything unknown is the standard size.
    pub fn parse(value: &str) -> Self {
        match value {
            "125" => TextSize::Large,
            "150" => TextSize::Larger,
            _ => TextSize::Standard,
        }
    }

    /// The cookie's value.
    pub fn as_str(self) -> &'static str {
        match self {
            TextSize::Standard => "100",
            TextSize::Large => "125",
            TextSize::Larger => "150",
        }
    }

    fn class(self) -> &'static str {
        match self {
            TextSize::Standard => "govuk-template",
            TextSize::Large => "govuk-template large-125",
            TextSize::Larger => "govuk-template large-150",
        }
    }

    fn choices(self) -> &'static [(TextSize, &'static str)] {
        match self {
            TextSize::Standard => &[(TextSize::Large, "长辈版（大字）")],
            TextSize::Large => &[(TextSize::Standard, "标准版"), (TextSize::Larger, "字再大些")],
            TextSize::Larger => &[(TextSize::Standard, "标准版"), (TextSize::Large, "字小一些")],
        }
    }
}

/// An entry of the navigation; `id` is compared with [`Layout::current`].
#[derive(Clone, Debug)]
pub struct NavLink<'a> {
    /// Short name, for example `worklist`.
    pub id: Text<'a>,
    /// Where it leads.
    pub href: Text<'a>,
    /// What it says.
    pub text: Text<'a>,
}

impl<'a> NavLink<'a> {
    /// One entry.
    pub fn new(id: impl Into<Text<'a>>, href: impl Into<Text<'a>>, text: impl Into<Text<'a>>) -> Self {
        NavLink { id: id.into(), href: href.into(), text: text.into() }
    }
}

/// The signed-in person, at the right of the header.
#[derive(Clone, Debug)]
pub struct UserBox<'a> {
    /// 姓名.
    pub name: Text<'a>,
    /// 岗位, shown in brackets; empty for citizens.
    pub post: Text<'a>,
    /// For example 切换岗位.
    pub links: Vec<Link<'a>>,
    /// Where 退出 posts to.
    pub sign_out: Text<'a>,
}

/// What just happened, said once at the top of the next page.
#[derive(Clone, Debug)]
pub struct Flash<'a> {
    /// Whether it went well.
    pub kind: FlashKind,
    /// One sentence.
    pub text: Text<'a>,
}

/// Colour and role of a [`Flash`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FlashKind {
    /// Done.
    Success,
    /// To be known.
    Important,
}

/// Where help is found, on every page: header link, footer, and [`super::parts::help_aside`].
#[derive(Clone, Debug, Default)]
pub struct HelpBox<'a> {
    /// Telephone number, shown as a link that dials.
    pub phone: Text<'a>,
    /// Whose number it is, for example 社会救助服务热线.
    pub phone_title: Text<'a>,
    /// How to have it done by somebody (代办), one or two sentences.
    pub text: Text<'a>,
    /// The page 找人帮忙.
    pub href: Text<'a>,
}

/// The frame. Build it with [`Layout::new`] and set what differs, then [`Layout::render`] the page's content into it.
#[derive(Clone, Debug)]
pub struct Layout<'a> {
    /// Title of the page, in the browser's tab; the content carries its own `h1` ([`super::parts::heading`]).
    pub title: Text<'a>,
    /// Name of the system, in the header, for example 乌海市民政综合平台.
    pub system: Text<'a>,
    /// Who looks.
    pub face: Face,
    /// Main navigation; empty shows none.
    pub nav: Vec<NavLink<'a>>,
    /// `id` of the entry that this page belongs to.
    pub current: Text<'a>,
    /// The signed-in person.
    pub user: Option<UserBox<'a>>,
    /// Where the search box of the header sends its question (`q`); none shows no box.
    pub search: Option<Text<'a>>,
    /// Text size from the cookie.
    pub large: TextSize,
    /// Banner of a synthetic database; stays in view.
    pub synthetic: Option<Text<'a>>,
    /// Where the clock of a synthetic database is put forward, with its date; stands in that banner.
    pub trial_clock: Option<Link<'a>>,
    /// Nonce of this answer's Content-Security-Policy.
    pub nonce: Text<'a>,
    /// Path and query of this page: the text-size links come back here.
    pub here: Text<'a>,
    /// 返回 above the content.
    pub back: Option<Link<'a>>,
    /// What just happened.
    pub notice: Option<Flash<'a>>,
    /// Help.
    pub help: HelpBox<'a>,
    /// The form was sent with errors: the tab's title says so first.
    pub has_errors: bool,
    /// The page has charts: load their script.
    pub charts: bool,
}

impl<'a> Layout<'a> {
    /// A frame with title, system's name, face and nonce; everything else off.
    pub fn new(
        title: impl Into<Text<'a>>,
        system: impl Into<Text<'a>>,
        face: Face,
        nonce: impl Into<Text<'a>>,
    ) -> Self {
        Layout {
            title: title.into(),
            system: system.into(),
            face,
            nav: Vec::new(),
            current: "".into(),
            user: None,
            search: None,
            large: TextSize::Standard,
            synthetic: None,
            trial_clock: None,
            nonce: nonce.into(),
            here: "/".into(),
            back: None,
            notice: None,
            help: HelpBox::default(),
            has_errors: false,
            charts: false,
        }
    }

    /// The whole document.
    pub fn render(&self, content: &Markup) -> Markup {
        html! {
            (DOCTYPE)
            html lang="zh-CN" class=(self.large.class()) {
                head {
                    meta charset="utf-8";
                    title { @if self.has_errors { "有错误：" } (self.title) " - " (self.system) }
                    meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover";
                    meta http-equiv="X-UA-Compatible" content="IE=edge,chrome=1";
                    meta name="renderer" content="webkit";
                    meta name="format-detection" content="telephone=no";
                    meta name="theme-color" content="#0b4f9e";
                    link rel="icon" href=(assets::ICON) type="image/svg+xml";
                    link rel="stylesheet" href=(assets::STYLE);
                    script src=(assets::SCRIPT) defer {}
                    @if self.charts { script src=(assets::CHARTS) defer {} }
                }
                body.govuk-template__body {
                    script nonce=(self.nonce) {
                        "document.body.className+=' js-enabled'+('noModule' in HTMLScriptElement.prototype?' govuk-frontend-supported':'')"
                    }
                    a.govuk-skip-link href="#main-content" data-module="govuk-skip-link" { "跳到正文" }
                    @if let Some(text) = &self.synthetic {
                        aside.site-synthetic aria-label="演示数据提示" { div.govuk-width-container { (text) @if let Some(link) = &self.trial_clock { " " a href=(link.href) { (link.text) } } } }
                    }
                    (self.header())
                    div.govuk-width-container {
                        @if let Some(back) = &self.back { nav aria-label="返回" { a.govuk-back-link href=(back.href) { (back.text) } } }
                        main.govuk-main-wrapper #main-content {
                            @if let Some(flash) = &self.notice { (super::parts::notification_banner(flash)) }
                            (content)
                        }
                    }
                    (self.footer())
                }
            }
        }
    }

    fn header(&self) -> Markup {
        html! {
            header.site-header {
                div.govuk-width-container.site-header__row {
                    a.site-header__name href="/" { (self.system) }
                    @if let Some(action) = &self.search {
                        form.site-header__search role="search" method="get" action=(action) {
                            label.govuk-visually-hidden for="site-search" { "查找人员、办件、单位、设施、登记、区划和事项" }
                            input #site-search name="q" type="search" maxlength="60" autocomplete="off" placeholder="姓名、号码、单位、事项……" aria-keyshortcuts="Control+K" title="按 Ctrl+K 到查找框";
                            button type="submit" { "查找" }
                        }
                    }
                    ul.site-header__links {
                        @for (size, words) in self.large.choices() {
                            li { a href=(address(TextSize::PATH, &[("size", size.as_str()), ("to", &self.here)])) { (words) } }
                        }
                        @if !self.help.href.is_empty() { li { a href=(self.help.href) { "找人帮忙" } } }
                        @if let Some(user) = &self.user {
                            li { (user.name) @if !user.post.is_empty() { "（" (user.post) "）" } }
                            @for link in &user.links { li { a href=(link.href) { (link.text) } } }
                            @if !user.sign_out.is_empty() {
                                li {
                                    form method="post" action=(user.sign_out) {
                                        (form::hidden(form::KEY, &self.nonce))
                                        button.button-link type="submit" { "退出" }
                                    }
                                }
                            }
                        }
                    }
                }
            }
            @if !self.nav.is_empty() {
                div.govuk-service-navigation data-module="govuk-service-navigation" {
                    div.govuk-width-container {
                        div.govuk-service-navigation__container {
                            nav.govuk-service-navigation__wrapper aria-label=(self.nav_label()) {
                                button.govuk-service-navigation__toggle.govuk-js-service-navigation-toggle type="button"
                                    aria-controls="navigation" hidden aria-hidden="true" { "菜单" }
                                ul.govuk-service-navigation__list #navigation {
                                    @for entry in &self.nav {
                                        @let here = entry.id == self.current;
                                        li.govuk-service-navigation__item .govuk-service-navigation__item--active[here] {
                                            a.govuk-service-navigation__link href=(entry.href) aria-current=[here.then_some("page")] {
                                                @if here { strong.govuk-service-navigation__active-fallback { (entry.text) } }
                                                @else { (entry.text) }
                                            }
                                        }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }

    fn nav_label(&self) -> &'static str {
        match self.face {
            Face::Citizen => "办事导航",
            Face::Staff => "工作导航",
            Face::Public => "公开导航",
        }
    }

    fn footer(&self) -> Markup {
        html! {
            footer.site-footer {
                div.govuk-width-container {
                    ul.site-footer__links {
                        li { a.govuk-link href="/privacy" { "隐私说明" } }
                        li { a.govuk-link href="/accessibility" { "无障碍说明" } }
                        @if !self.help.href.is_empty() { li { a.govuk-link href=(self.help.href) { "找人帮忙" } } }
                    }
                    @if !self.help.phone.is_empty() {
                        p { (self.help.phone_title) "：" (phone_link(&self.help.phone)) }
                    }
                    @if !self.help.text.is_empty() { p { (self.help.text) } }
                }
            }
        }
    }
}

/// A number that dials when tapped.
pub fn phone_link(phone: &str) -> Markup {
    let digits: String = phone.chars().filter(|c| c.is_ascii_digit() || *c == '+').collect();
    html! { a.govuk-link href={ "tel:" (digits) } { (phone) } }
}

/// An error page's content, to be rendered in a [`Layout`]: what happened, what to do, the number to quote on the phone.
pub fn error_page(what: &str, mend: &str, reference: Option<&str>, help: &HelpBox<'_>) -> Markup {
    html! {
        div.prose {
            h1.govuk-heading-l { (what) }
            p.govuk-body { (mend) }
            @if !help.phone.is_empty() {
                p.govuk-body { "还是不行，请拨打" (help.phone_title) " " (phone_link(&help.phone)) "。" }
            }
            @if let Some(reference) = reference { p.govuk-body { "错误编号：" strong { (reference) } } }
            p.govuk-body { a.govuk-link href="/" { "回到首页" } }
        }
    }
}
