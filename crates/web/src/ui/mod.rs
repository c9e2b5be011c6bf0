//! Components: typed functions that turn values into accessible HTML. They know no business, hold no text but their
//! own labels, and work without JavaScript; classes come from `web/assets/styles`.
//!
//! - [`page`]: the frame of every page, text size, error pages
//! - [`form`]: fields, errors, forms that post with an idempotency key
//! - [`table`]: lists sorted and paged by links
//! - [`parts`]: everything that stands between: tags, timelines, cards, summaries, law
//! - [`chart`]: charts and the county map, each beside its table; [`record_map`]: records on a map beside theirs
//!
//! Content-Security-Policy: no `style` attribute and no inline script but the frame's one line, which carries the nonce.

pub mod chart;
pub mod drawing;
pub mod form;
pub mod page;
pub mod parts;
pub mod record_map;
pub mod table;

#[cfg(test)]
mod gallery;

use std::borrow::Cow;

/// Text that a component shows: borrowed or owned, whichever the caller has.
pub type Text<'a> = Cow<'a, str>;

/// A link with its words.
#[derive(Clone, Debug)]
pub struct Link<'a> {
    /// Where it leads.
    pub href: Text<'a>,
    /// What it says.
    pub text: Text<'a>,
    /// Words for screen readers only, after the text, so that ten links 查看 differ.
    pub about: Text<'a>,
}

impl<'a> Link<'a> {
    /// A link whose text says enough.
    pub fn new(href: impl Into<Text<'a>>, text: impl Into<Text<'a>>) -> Self {
        Link { href: href.into(), text: text.into(), about: Cow::Borrowed("") }
    }

    /// Add the hidden words that tell this link from its neighbours.
    pub fn about(mut self, about: impl Into<Text<'a>>) -> Self {
        self.about = about.into();
        self
    }
}

impl maud::Render for Link<'_> {
    fn render(&self) -> maud::Markup {
        maud::html! {
            a.govuk-link href=(self.href) {
                (self.text)
                @if !self.about.is_empty() { span.govuk-visually-hidden { (self.about) } }
            }
        }
    }
}

/// Escape a value for use inside a query string.
pub fn query_value(value: &str) -> String {
    use std::fmt::Write as _;
    value.bytes().fold(String::with_capacity(value.len()), |mut escaped, byte| {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            write!(escaped, "%{byte:02X}").expect("writing to a String cannot fail");
        }
        escaped
    })
}

/// An address with its query: `address("/cases", &[("after", cursor)])`; pairs with an empty value are left out.
pub fn address(path: &str, pairs: &[(&str, &str)]) -> String {
    let query: Vec<String> = pairs
        .iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| format!("{}={}", query_value(name), query_value(value)))
        .collect();
    if query.is_empty() { path.to_owned() } else { format!("{path}?{}", query.join("&")) }
}
