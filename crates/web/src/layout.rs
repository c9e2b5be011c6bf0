//! Which navigation and which user box a page gets.

use office::access::{Actor, Right, SignedIn};

use crate::answer::Page;
use crate::frame::Frame;
use crate::state::AppState;
use crate::ui::Link;
use crate::ui::page::{Face, Flash, Layout, NavLink, UserBox};

/// An entry of the staff navigation, shown to posts that hold one of the rights.
#[derive(Clone, Copy, Debug)]
pub struct NavEntry {
    /// Short name, given to [`Page::under`].
    pub id: &'static str,
    /// Where it leads.
    pub href: &'static str,
    /// What it says.
    pub text: &'static str,
    /// Any of these rights shows it.
    pub rights: &'static [Right],
}

/// The staff navigation: each part of the pages brings its own entries, in the order of the work.
fn staff_nav() -> impl Iterator<Item = &'static NavEntry> {
    let own: &[NavEntry] = &[crate::cockpit::NAV, crate::plans::NAV, crate::simulation::NAV];
    [
        crate::organisation::NAV,
        crate::desk::NAV,
        crate::people::NAV,
        crate::records::NAV,
        crate::leads::NAV,
        crate::money::NAV,
        own,
        crate::administration::NAV,
        &[crate::divisions::NAV],
    ]
    .into_iter()
    .flatten()
}

/// What a post may open.
pub(crate) fn nav_of(actor: &Actor) -> impl Iterator<Item = &'static NavEntry> {
    staff_nav().filter(|entry| entry.rights.iter().any(|right| actor.may(*right)))
}

/// Without any of these the search box would find next to nothing.
const SEARCHED: [Right; 3] = [Right::ReadPeople, Right::ReadCase, Right::ReadRecords];

/// Roles of a post in words, for the user box.
fn post_of(actor: &Actor) -> String {
    let roles: Vec<String> = actor.roles.iter().map(|role| role.title_at(&actor.division_name)).collect();
    format!("{} · {}", actor.division_name, roles.join("、"))
}

/// The frame's content of a page for this visitor.
pub(crate) fn layout<'a>(state: &'a AppState, frame: &'a Frame, page: &'a Page) -> Layout<'a> {
    let staff = frame.face == Face::Staff;
    let system = if staff { &state.site.system } else { &state.site.service };
    let mut nav = Vec::new();
    let (mut user, mut searches) = (None, false);
    match &frame.signed_in {
        Some(SignedIn::Staff(actor)) if staff => {
            searches = SEARCHED.iter().any(|right| actor.may(*right));
            nav = nav_of(actor).map(|entry| NavLink::new(entry.id, entry.href, entry.text)).collect();
            user = Some(UserBox {
                name: actor.name.as_str().into(),
                post: post_of(actor).into(),
                links: vec![Link::new("/desk/posts", "切换岗位"), Link::new("/desk/password", "修改密码")],
                sign_out: "/desk/sign-out".into(),
            });
        }
        Some(SignedIn::Citizen(citizen)) => {
            nav =
                crate::citizen::NAV.iter().map(|(id, href, text)| NavLink::new(*id, *href, *text)).collect();
            user = Some(UserBox {
                name: citizen.name.as_str().into(),
                post: "".into(),
                links: Vec::new(),
                sign_out: "/sign-out".into(),
            });
        }
        _ => {}
    }
    let user_is_staff = user.is_some();
    Layout {
        search: (searches && !page.own_search).then(|| crate::desk::search::HERE.into()),
        nav,
        current: page.current.into(),
        user,
        large: frame.text_size,
        synthetic: state
            .office
            .db()
            .synthetic()
            .then(|| "演示环境：页面中的人员和数据均为虚构，不要录入真实的个人信息。".into()),
        trial_clock: (staff && user_is_staff && state.office.db().synthetic()).then(|| {
            let today = vocab::zh_date(state.office.now().today());
            Link::new(crate::trial::PATH, format!("演示日期：{today}"))
        }),
        here: frame.here.as_str().into(),
        back: page.back.clone(),
        notice: frame.flash.as_ref().map(|(kind, text)| Flash { kind: *kind, text: text.as_str().into() }),
        help: state.site.help(),
        has_errors: page.has_errors,
        charts: page.charts,
        ..Layout::new(page.title.as_str(), system.as_str(), frame.face, frame.nonce.as_str())
    }
}
