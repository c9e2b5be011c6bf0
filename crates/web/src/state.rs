//! What every handler shares: the office, and how this installation calls and protects itself.

use std::sync::Arc;

use office::Office;
use office::subscriptions::address::Reach;

use crate::ui::page::HelpBox;

/// Shared by all requests; a clone is two counters.
#[derive(Clone)]
pub struct AppState {
    /// The use-cases' office.
    pub office: Arc<Office>,
    /// Names, help and limits of this installation.
    pub site: Arc<Site>,
}

impl AppState {
    /// Puts the shared state together.
    #[must_use]
    pub fn new(office: Arc<Office>, site: Site) -> AppState {
        AppState { office, site: Arc::new(site) }
    }
}

/// Names, help and limits of one installation.
#[derive(Clone, Debug)]
pub struct Site {
    /// The system's name on staff pages: 乌海市民政综合平台.
    pub system: String,
    /// Its name on citizens' pages: 乌海市民政惠民服务.
    pub service: String,
    /// Telephone number of the help line, empty when there is none.
    pub help_phone: String,
    /// Whose number it is.
    pub help_phone_title: String,
    /// How to have things done by somebody (代办).
    pub help_text: String,
    /// Cookies travel over HTTPS only and browsers are told to stay there. Off for plain HTTP on one machine.
    pub https: bool,
    /// The peer is our own reverse proxy: the last address of `X-Forwarded-For` is the visitor's.
    pub behind_proxy: bool,
    /// Other origins whose pages may post here (`https://…`), besides our own.
    pub trusted_origins: Vec<String>,
    /// Hosts inside the house to which may be pushed.
    pub reach: Reach,
    /// How much one address may ask.
    pub limits: Limits,
}

impl Default for Site {
    fn default() -> Site {
        Site {
            system: "民政综合平台".to_owned(),
            service: "民政惠民服务".to_owned(),
            help_phone: String::new(),
            help_phone_title: String::new(),
            help_text: "可以到户籍所在地的乡镇人民政府、街道办事处窗口办理，也可以请村（居）委会代为申请。"
                .to_owned(),
            https: false,
            behind_proxy: false,
            trusted_origins: Vec::new(),
            reach: Reach::default(),
            limits: Limits::default(),
        }
    }
}

impl Site {
    /// The help of every page.
    #[must_use]
    pub fn help(&self) -> HelpBox<'_> {
        HelpBox {
            phone: self.help_phone.as_str().into(),
            phone_title: self.help_phone_title.as_str().into(),
            text: self.help_text.as_str().into(),
            href: "/help".into(),
        }
    }
}

/// How much one network address may ask. A whole office sits behind one address, so these are dampers, not quotas.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Requests per second in the long run.
    pub requests_per_second: u32,
    /// Requests at once.
    pub requests_burst: u32,
    /// Seconds until one more sign-in is let through.
    pub sign_in_seconds: u32,
    /// Sign-ins at once (an office at half past eight).
    pub sign_in_burst: u32,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { requests_per_second: 200, requests_burst: 1000, sign_in_seconds: 2, sign_in_burst: 60 }
    }
}
