//! What a handler answers: a [`Page`], or [`SeeOther`] after a change. Both are descriptions; [`crate::frame`] puts the
//! frame around them (navigation, visitor, text size, nonce) when they leave.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum_extra::extract::cookie::Cookie;
use maud::Markup;

use crate::ui::Link;
use crate::ui::form::Errors;
use crate::ui::page::FlashKind;

/// A page: title and content, and what differs from the usual frame.
#[derive(Clone, Debug)]
pub struct Page {
    pub(crate) title: String,
    pub(crate) content: Markup,
    pub(crate) current: &'static str,
    pub(crate) back: Option<Link<'static>>,
    pub(crate) status: StatusCode,
    pub(crate) has_errors: bool,
    pub(crate) charts: bool,
    pub(crate) own_search: bool,
    pub(crate) camera: bool,
    pub(crate) unindexed: bool,
    pub(crate) cookies: Vec<Cookie<'static>>,
}

impl Page {
    /// A page; the content carries its own `h1` ([`crate::ui::parts::heading`]).
    #[must_use]
    pub fn new(title: impl Into<String>, content: Markup) -> Page {
        Page {
            title: title.into(),
            content,
            current: "",
            back: None,
            status: StatusCode::OK,
            has_errors: false,
            charts: false,
            own_search: false,
            camera: false,
            unindexed: false,
            cookies: Vec::new(),
        }
    }

    /// The entry of the navigation that the page belongs to.
    #[must_use]
    pub fn under(mut self, nav: &'static str) -> Page {
        self.current = nav;
        self
    }

    /// The page may ask the reader for their camera; no other page may.
    #[must_use]
    pub fn with_camera(mut self) -> Page {
        self.camera = true;
        self
    }

    /// Open to everybody, and in no search engine: it names people as long as the law says, and no longer.
    #[must_use]
    pub fn unindexed(mut self) -> Page {
        self.unindexed = true;
        self
    }

    /// 返回 above the content.
    #[must_use]
    pub fn back(mut self, href: impl Into<String>, text: impl Into<String>) -> Page {
        self.back = Some(Link::new(href.into(), text.into()));
        self
    }

    /// A form shown again with its errors: the tab says so, and the status is 422. Without errors nothing changes.
    #[must_use]
    pub fn errors(mut self, errors: &Errors) -> Page {
        if !errors.is_empty() {
            self.has_errors = true;
            self.status = StatusCode::UNPROCESSABLE_ENTITY;
        }
        self
    }

    /// Another status than 200.
    #[must_use]
    pub fn status(mut self, status: StatusCode) -> Page {
        self.status = status;
        self
    }

    /// The page has charts: load their script.
    #[must_use]
    pub fn charts(mut self) -> Page {
        self.charts = true;
        self
    }

    /// The page has the search box in its content: the header shows none.
    #[must_use]
    pub(crate) fn own_search(mut self) -> Page {
        self.own_search = true;
        self
    }

    /// Set a cookie with the page.
    #[must_use]
    pub fn cookie(mut self, cookie: Cookie<'static>) -> Page {
        self.cookies.push(cookie);
        self
    }
}

impl IntoResponse for Page {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// After a change: go to a page, which says once what was done.
#[derive(Clone, Debug)]
pub struct SeeOther {
    pub(crate) to: String,
    pub(crate) flash: Option<(FlashKind, String)>,
    pub(crate) cookies: Vec<Cookie<'static>>,
}

impl SeeOther {
    /// Go to a path of ours.
    #[must_use]
    pub fn to(path: impl Into<String>) -> SeeOther {
        SeeOther { to: path.into(), flash: None, cookies: Vec::new() }
    }

    /// Say there what was done, in one sentence without personal data.
    #[must_use]
    pub fn done(mut self, text: impl Into<String>) -> SeeOther {
        self.flash = Some((FlashKind::Success, text.into()));
        self
    }

    /// Say there what is to be known.
    #[must_use]
    pub fn note(mut self, text: impl Into<String>) -> SeeOther {
        self.flash = Some((FlashKind::Important, text.into()));
        self
    }

    /// Set a cookie on the way.
    #[must_use]
    pub fn cookie(mut self, cookie: Cookie<'static>) -> SeeOther {
        self.cookies.push(cookie);
        self
    }
}

impl IntoResponse for SeeOther {
    fn into_response(self) -> Response {
        let location = [(header::LOCATION, ascii(&self.to))];
        let mut response = (StatusCode::SEE_OTHER, location).into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// A path as a header may hold it: what is not ASCII is escaped.
fn ascii(path: &str) -> String {
    path.chars()
        .map(|c| if c.is_ascii_graphic() { c.to_string() } else { crate::ui::query_value(&c.to_string()) })
        .collect()
}

/// Either: what a handler answers that shows its form again or goes on.
#[derive(Clone, Debug)]
pub enum Answer {
    /// A page.
    Page(Box<Page>),
    /// Another address.
    SeeOther(SeeOther),
}

impl From<Page> for Answer {
    fn from(page: Page) -> Answer {
        Answer::Page(Box::new(page))
    }
}

impl From<SeeOther> for Answer {
    fn from(other: SeeOther) -> Answer {
        Answer::SeeOther(other)
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        match self {
            Answer::Page(page) => page.into_response(),
            Answer::SeeOther(other) => other.into_response(),
        }
    }
}
