//! Signing in and out: staff by password, citizens by one-time code; the own password; the post at which one stands.

use axum::extract::{Form, Query, State};
use maud::html;
use office::access::{self, PostId, SignedIn};
use serde::Deserialize;

use crate::again;
use crate::answer::{Answer, Page, SeeOther};
use crate::error::{Fault, form_errors};
use crate::extract::{Staff, Visitor};
use crate::form_body::KeyedForm;
use crate::frame::{self, CITIZEN_COOKIE, CITIZEN_SIGN_IN, DESK_COOKIE, DESK_SIGN_IN, Frame, PASSWORD};
use crate::layout;
use crate::routes::{Routes, get, post};
use crate::security;
use crate::state::AppState;
use crate::ui::form::{
    ButtonKind, Errors, Field, Width, buttons, error_summary, form_post, hidden, password_input, submit,
    text_input,
};
use crate::ui::parts;
use crate::ui::table::{Column, Table};

/// Routes of signing in and out.
pub fn routes(state: &AppState) -> Routes {
    let doors =
        Routes::new().route(DESK_SIGN_IN, post(desk_sign_in)).route(CITIZEN_SIGN_IN, post(citizen_sign_in));
    Routes::new()
        .route(DESK_SIGN_IN, get(desk_door))
        .route(CITIZEN_SIGN_IN, get(citizen_door))
        .merge(doors.around(|doors| security::sign_in_damped(doors, state)))
        .route("/desk", get(desk))
        .route("/desk/sign-out", post(desk_sign_out))
        .route("/sign-out", post(citizen_sign_out))
        .route(PASSWORD, get(password_form).post(change_password))
        .route("/desk/posts", get(posts).post(switch_post))
}

/// What travels through the sign-in page: where to go afterwards, and a form that was kept.
#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct Entry {
    #[serde(default)]
    to: String,
    #[serde(default)]
    kept: String,
}

impl Entry {
    pub(crate) fn kept(to: &str, kept: String) -> Entry {
        Entry { to: to.to_owned(), kept }
    }

    fn fields(&self) -> maud::Markup {
        html! {
            @if frame::is_local(&self.to) { (hidden("to", &self.to)) }
            @if !self.kept.is_empty() { (hidden("kept", &self.kept)) }
        }
    }

    /// After a sign-in: the kept form, or the page that was wanted, or the home of this side.
    fn onward(
        &self,
        state: &AppState,
        cookie: axum_extra::extract::cookie::Cookie<'static>,
        home: &str,
    ) -> Answer {
        if let Some(page) = again::resend_page(state, &self.kept) {
            return page.cookie(cookie).into();
        }
        let own_side = frame::is_local(&self.to) && home.starts_with("/desk") == self.to.starts_with("/desk");
        SeeOther::to(if own_side { self.to.as_str() } else { home }).cookie(cookie).into()
    }
}

async fn desk_door(visitor: Visitor, Query(entry): Query<Entry>) -> Page {
    desk_page(&visitor.frame, &entry, "")
}

pub(crate) fn desk_page(frame: &Frame, entry: &Entry, note: &str) -> Page {
    desk_form(frame, entry, note, "", &Errors::none())
}

fn desk_form(frame: &Frame, entry: &Entry, note: &str, login: &str, errors: &Errors) -> Page {
    let body = html! {
        (entry.fields())
        (text_input(&Field::new("login", "登录名").value(login).autocomplete("username").max_chars(32).errors(errors)))
        (password_input(&Field::new("password", "密码").autocomplete("current-password").max_chars(128).errors(errors)))
        (submit("登录", ButtonKind::Primary, None))
    };
    let content = html! {
        div.prose {
            (error_summary(errors))
            (parts::heading(None, "工作人员登录"))
            @if !note.is_empty() { (parts::inset(&html! { p.govuk-body { (note) } })) }
            (form_post(DESK_SIGN_IN, &frame.key(), &body))
            (parts::details("忘记密码或者不能登录", &html! {
                p.govuk-body { "连续输错密码会暂时锁定，请稍等再试。忘记密码的，请联系本单位的系统管理员重置。" }
            }))
            p.govuk-body { "群众办事请从" a.govuk-link href="/" { "首页" } "进入。" }
        }
    };
    Page::new("工作人员登录", content).errors(errors)
}

#[derive(Default, Deserialize)]
struct Credentials {
    #[serde(flatten)]
    entry: Entry,
    #[serde(default)]
    login: String,
    #[serde(default)]
    password: String,
}

async fn desk_sign_in(visitor: Visitor, Form(typed): Form<Credentials>) -> Result<Answer, Fault> {
    let Credentials { entry, login, password } = typed;
    let mut errors = Errors::none();
    if login.trim().is_empty() {
        errors.add("login", "请输入登录名。");
    }
    if password.is_empty() {
        errors.add("password", "请输入密码。");
    }
    if !errors.is_empty() {
        return Ok(desk_form(&visitor.frame, &entry, "", &login, &errors).into());
    }
    match access::sign_in_staff(visitor.office(), &login, &password).await {
        Ok((token, signed_in)) => {
            let cookie = frame::cookie(&visitor.state, DESK_COOKIE, token.reveal().to_owned());
            if matches!(&signed_in, SignedIn::Staff(actor) if actor.must_change) {
                return Ok(SeeOther::to(PASSWORD).cookie(cookie).into());
            }
            Ok(entry.onward(&visitor.state, cookie, "/desk"))
        }
        Err(error) => {
            let errors = at_field(&form_errors(error)?, "login");
            Ok(desk_form(&visitor.frame, &entry, "", &login, &errors).into())
        }
    }
}

/// The one message of a failed sign-in, beside the first field.
fn at_field(errors: &Errors, field: &str) -> Errors {
    let mut placed = Errors::none();
    for (_, message) in errors.iter() {
        placed.add(field, message);
    }
    placed
}

async fn citizen_door(visitor: Visitor, Query(entry): Query<Entry>) -> Page {
    citizen_page(&visitor.frame, &entry, "")
}

pub(crate) fn citizen_page(frame: &Frame, entry: &Entry, note: &str) -> Page {
    citizen_form(frame, entry, note, &Errors::none())
}

fn citizen_form(frame: &Frame, entry: &Entry, note: &str, errors: &Errors) -> Page {
    let body = html! {
        (entry.fields())
        (text_input(&Field::new("code", "验证码").hint("8 位数字，印在受理回执上，或者由窗口、村（居）委会当面给您。")
            .width(Width::Chars10).inputmode("numeric").autocomplete("one-time-code").max_chars(20).errors(errors)))
        (text_input(&Field::new("last_four", "身份证号后四位").hint("最后一位可能是字母 X。").width(Width::Chars5).max_chars(4)
            .autocomplete("off").errors(errors)))
        (submit("登录", ButtonKind::Primary, None))
    };
    let content = html! {
        div.prose {
            (error_summary(errors))
            (parts::heading(None, "凭验证码登录"))
            @if !note.is_empty() { (parts::inset(&html! { p.govuk-body { (note) } })) }
            p.govuk-body { "不用注册，不用密码。每个验证码只能用一次，登录后请在用完时点“退出”。" }
            (form_post(CITIZEN_SIGN_IN, &frame.key(), &body))
            (parts::details("没有验证码", &html! {
                p.govuk-body { "带上身份证，到村（社区）或者乡镇（街道）窗口当面领取。行动不便的，可以请村（居）委会工作人员上门。" }
            }))
        }
    };
    Page::new("凭验证码登录", content).errors(errors)
}

#[derive(Default, Deserialize)]
struct Code {
    #[serde(flatten)]
    entry: Entry,
    #[serde(default)]
    code: String,
    #[serde(default)]
    last_four: String,
}

async fn citizen_sign_in(visitor: Visitor, Form(typed): Form<Code>) -> Result<Answer, Fault> {
    let Code { entry, code, last_four } = typed;
    let mut errors = Errors::none();
    if code.trim().is_empty() {
        errors.add("code", "请输入验证码。");
    }
    if last_four.trim().chars().count() != 4 {
        errors.add("last_four", "请输入身份证号最后四位。");
    }
    if !errors.is_empty() {
        return Ok(citizen_form(&visitor.frame, &entry, "", &errors).into());
    }
    match access::sign_in_citizen(visitor.office(), &code, &last_four).await {
        Ok((token, _)) => {
            let cookie = frame::cookie(&visitor.state, CITIZEN_COOKIE, token.reveal().to_owned());
            Ok(entry.onward(&visitor.state, cookie, "/my"))
        }
        Err(error) => {
            let errors = at_field(&form_errors(error)?, "code");
            Ok(citizen_form(&visitor.frame, &entry, "", &errors).into())
        }
    }
}

/// The home of the staff: the first page that the post may open.
async fn desk(staff: Staff) -> SeeOther {
    SeeOther::to(layout::nav_of(staff.actor()).next().map_or("/desk/posts", |entry| entry.href))
}

async fn desk_sign_out(State(state): State<AppState>, visitor: Visitor) -> Result<SeeOther, Fault> {
    if let Some(signed_in) = &visitor.frame.signed_in {
        access::sign_out(visitor.office(), signed_in).await?;
    }
    Ok(SeeOther::to(DESK_SIGN_IN).cookie(frame::ended(&state, DESK_COOKIE)).done("已退出登录。"))
}

async fn citizen_sign_out(State(state): State<AppState>, visitor: Visitor) -> Result<SeeOther, Fault> {
    if let Some(signed_in) = &visitor.frame.signed_in {
        access::sign_out(visitor.office(), signed_in).await?;
    }
    Ok(SeeOther::to("/").cookie(frame::ended(&state, CITIZEN_COOKIE)).done("已退出登录。"))
}

async fn password_form(staff: Staff) -> Page {
    password_page(&staff, &Errors::none())
}

fn password_page(staff: &Staff, errors: &Errors) -> Page {
    let body = html! {
        (password_input(&Field::new("old_password", "原密码").autocomplete("current-password").max_chars(128).errors(errors)))
        (password_input(&Field::new("new_password", "新密码")
            .hint("10 个字符以上，混合字母、数字或者符号；也可以用 16 个字符以上、容易记住的长句。")
            .autocomplete("new-password").max_chars(128).errors(errors)))
        (password_input(&Field::new("repeated", "再输一次新密码").autocomplete("new-password").max_chars(128).errors(errors)))
        (buttons("修改密码", &[]))
    };
    let content = html! {
        div.prose {
            (error_summary(errors))
            (parts::heading(None, "修改密码"))
            @if staff.actor().must_change {
                (parts::inset(&html! { p.govuk-body { "您使用的是一次性密码。请先设置自己的密码，再开始工作。" } }))
            }
            (form_post(PASSWORD, &staff.key(), &body))
        }
    };
    Page::new("修改密码", content).errors(errors)
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Passwords {
    old_password: String,
    new_password: String,
    repeated: String,
}

async fn change_password(
    staff: Staff,
    KeyedForm { form, .. }: KeyedForm<Passwords>,
) -> Result<Answer, Fault> {
    let Passwords { old_password, new_password, repeated } = form;
    let mut errors = Errors::none();
    if old_password.is_empty() {
        errors.add("old_password", "请输入原密码。");
    }
    if new_password != repeated {
        errors.add("repeated", "两次输入的新密码不一样，请重新输入。");
    }
    if errors.is_empty() {
        match access::change_password(staff.office(), staff.actor(), &old_password, &new_password).await {
            Ok(()) => return Ok(SeeOther::to("/desk").done("密码已修改，其他设备上的登录已退出。").into()),
            Err(error) => errors = form_errors(error)?,
        }
    }
    Ok(password_page(&staff, &errors).into())
}

async fn posts(staff: Staff) -> Result<Page, Fault> {
    let posts = access::own_posts(staff.office(), staff.actor()).await?;
    let rows = posts.iter().map(|held| {
        let here = held.id == staff.actor().post;
        let roles: Vec<String> = held.roles.iter().map(|role| role.title_at(&held.division_name)).collect();
        let until = held.until_on.map_or_else(|| "长期".to_owned(), vocab::zh_date);
        vec![
            html! { (held.division_name) },
            html! { (roles.join("、")) },
            html! { (until) },
            html! {
                @if here { (parts::tag(parts::Colour::Green, "当前岗位")) }
                @else {
                    (form_post("/desk/posts", &staff.key(), &html! {
                        (hidden("post", &held.id.to_string()))
                        button.button-link type="submit" { "切换到这个岗位" span.govuk-visually-hidden { "：" (held.division_name) } }
                    }))
                }
            },
        ]
    });
    let table = Table {
        id: "posts".into(),
        caption: "我的岗位".into(),
        caption_hidden: true,
        columns: ["单位", "角色", "任职到", "切换"].map(Column::new).into(),
        rows: rows.collect(),
        empty: "目前没有岗位。请联系本单位管理员。".into(),
        ..Table::default()
    };
    let content = html! {
        (parts::heading(None, "切换岗位"))
        p.govuk-body { "兼任几个岗位的，在这里切换。所做的每一步都记在当前岗位名下。" }
        (table)
    };
    Ok(Page::new("切换岗位", content))
}

#[derive(Deserialize)]
struct WantedPost {
    post: PostId,
}

async fn switch_post(staff: Staff, KeyedForm { form, .. }: KeyedForm<WantedPost>) -> Result<SeeOther, Fault> {
    let next = access::switch_post(staff.office(), staff.actor(), form.post).await?;
    Ok(SeeOther::to("/desk").done(format!("已切换到{}的岗位。", next.division_name)))
}
