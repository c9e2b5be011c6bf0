//! What a request can fail with. A [`Fault`] only says what happened; [`crate::frame`] makes the page (or, under `/api`,
//! the `application/problem+json`) of it, in the visitor's frame.
//!
//! "Not there", "not yours" and "your post may not" are one fault, [`Fault::Hidden`], with one page and one status.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use ledger::LedgerError;
use office::{OfficeError, Problem};
use store::StoreError;

use crate::ui::form::Errors;

/// Why a request was not answered as asked.
#[derive(Clone, Debug)]
pub enum Fault {
    /// Nobody is signed in: to the sign-in page, and back.
    SignIn,
    /// The one-time password must be changed first.
    ChangePassword,
    /// Not there, outside the scope, or not allowed: they look alike.
    Hidden,
    /// What was sent is wrong; nothing was done.
    Invalid(Vec<Problem>),
    /// The matter forbids it (conflict, separation of duties); nothing was done. Holds what to say.
    Refused(String),
    /// The request itself makes no sense: too large, cut off, not a form.
    Request(StatusCode, String),
    /// Too many requests from one address; seconds to wait.
    TooMany(u64),
    /// The database is busy; nothing was done.
    Busy,
    /// Our fault. Holds what to log; never shown.
    Broken(String),
}

impl Fault {
    /// The status of the answer.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        match self {
            Fault::SignIn => StatusCode::UNAUTHORIZED,
            Fault::ChangePassword => StatusCode::FORBIDDEN,
            Fault::Hidden => StatusCode::NOT_FOUND,
            Fault::Invalid(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Fault::Refused(_) => StatusCode::CONFLICT,
            Fault::Request(status, _) => *status,
            Fault::TooMany(_) => StatusCode::TOO_MANY_REQUESTS,
            Fault::Busy => StatusCode::SERVICE_UNAVAILABLE,
            Fault::Broken(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// What happened, and how to mend it.
    pub(crate) fn words(&self) -> (String, String) {
        let pair = |what: &str, mend: &str| (what.to_owned(), mend.to_owned());
        match self {
            Fault::SignIn => pair("请先登录", "登录已失效或者还没有登录。"),
            Fault::ChangePassword => pair("请先修改密码", "一次性密码只能用来设置新密码。"),
            Fault::Hidden => pair(
                "没有找到这一页",
                "地址可能不完整，内容可能已经移走，或者您现在不能查看它。请核对地址；工作人员可以切换岗位后再试，仍看不到的，请联系本单位管理员。",
            ),
            Fault::Invalid(problems) => (
                "填写的内容需要修改".to_owned(),
                problems.iter().map(|problem| problem.message.as_str()).collect::<Vec<_>>().join(" "),
            ),
            Fault::Refused(text) => ("这一步现在不能办理".to_owned(), text.clone()),
            Fault::Request(_, text) => ("这次请求没有办成".to_owned(), text.clone()),
            Fault::TooMany(seconds) => (
                "操作过于频繁".to_owned(),
                format!("请等 {} 秒后再试。您没有提交的内容不会丢失。", (*seconds).max(1)),
            ),
            Fault::Busy => pair("系统正忙", "本次操作没有生效，请稍后重试。"),
            Fault::Broken(_) => pair("系统出了问题", "这不是您的操作造成的，本次操作没有生效。请稍后重试。"),
        }
    }

    /// The fault of a bare answer that a layer or an extractor gave.
    pub(crate) fn of_status(status: StatusCode) -> Fault {
        let request = |text: &str| Fault::Request(status, text.to_owned());
        match status {
            StatusCode::NOT_FOUND => Fault::Hidden,
            StatusCode::FORBIDDEN => {
                request("这次提交是从别的网站发来的，没有生效。请回到本系统的页面重新操作。")
            }
            StatusCode::METHOD_NOT_ALLOWED => request("这个地址不能这样打开。请从首页重新进入。"),
            StatusCode::PAYLOAD_TOO_LARGE => request(crate::form_body::TOO_LARGE),
            StatusCode::REQUEST_TIMEOUT | StatusCode::GATEWAY_TIMEOUT => request(
                "等待时间过长，系统已停止等待。刚才提交了内容的，请先查看是否已经办成；只是查看的，请稍后再试。",
            ),
            status if status.is_server_error() => Fault::Broken(format!("bare answer {status}")),
            _ => request("发来的内容不完整或者不合格式。请返回上一页核对后再试。"),
        }
    }
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}

impl From<OfficeError> for Fault {
    fn from(error: OfficeError) -> Fault {
        match error {
            OfficeError::Forbidden(_) | OfficeError::NotFound(_) => Fault::Hidden,
            OfficeError::Invalid(problems) => Fault::Invalid(problems),
            OfficeError::Conflict(_) | OfficeError::Separation(_) | OfficeError::RegisteredElsewhere => {
                Fault::Refused(error.to_string())
            }
            OfficeError::SignIn(text) => Fault::Request(StatusCode::UNAUTHORIZED, text),
            OfficeError::SignedOut => Fault::SignIn,
            OfficeError::Ledger(error) => error.into(),
            OfficeError::Store(error) => error.into(),
            OfficeError::Internal(text) => Fault::Broken(text),
        }
    }
}

impl From<LedgerError> for Fault {
    fn from(error: LedgerError) -> Fault {
        match error {
            LedgerError::Store(error) => error.into(),
            LedgerError::Unbalanced(_) => Fault::Broken(error.to_string()),
            _ => Fault::Refused(error.to_string()),
        }
    }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Fault {
        match error {
            StoreError::NotFound => Fault::Hidden,
            StoreError::Busy => Fault::Busy,
            StoreError::Invalid(text) => Fault::Request(StatusCode::BAD_REQUEST, text),
            _ => Fault::Broken(error.to_string()),
        }
    }
}

/// The id under which errors of the whole form stand: the page's main part, so that the summary's link leads somewhere.
pub const WHOLE_FORM: &str = "main-content";

/// What a form shows again: every error that the person at the form can mend or must hear. Others stay faults.
///
/// # Errors
/// The fault, when the form cannot help.
pub fn form_errors(error: impl Into<Fault>) -> Result<Errors, Fault> {
    let mut errors = Errors::none();
    match error.into() {
        Fault::Invalid(problems) => {
            for problem in problems {
                let field = if problem.field.is_empty() { WHOLE_FORM.to_owned() } else { problem.field };
                errors.add(field, problem.message);
            }
        }
        Fault::Refused(text) | Fault::Request(StatusCode::UNAUTHORIZED, text) => errors.add(WHOLE_FORM, text),
        Fault::Busy => errors.add(WHOLE_FORM, "系统正忙，没有提交成功。填写的内容还在，请稍后再次提交。"),
        other => return Err(other),
    }
    Ok(errors)
}
