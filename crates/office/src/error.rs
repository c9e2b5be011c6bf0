//! What can go wrong in an office, said so that the person at the screen can mend it.

use crate::access::Right;

/// One thing wrong with one field of what was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The field's id in the form (`citizen_id`), empty when it concerns the whole.
    pub field: String,
    /// What is wrong and what is expected, Chinese.
    pub message: String,
}

/// An error of a use-case. `Display` is what a person may read.
#[derive(Debug, thiserror::Error)]
pub enum OfficeError {
    /// The post does not hold the right.
    #[error("您的岗位没有「{}」权限。如工作需要，请联系本单位管理员。", .0.title())]
    Forbidden(Right),
    /// Not there, or outside the actor's scope: the two look alike.
    #[error("没有找到{0}，或者不在您的管辖范围内。")]
    NotFound(&'static str),
    /// What was sent is wrong; nothing was done.
    #[error("{}", problems_text(.0))]
    Invalid(Vec<Problem>),
    /// The matter stands otherwise than the actor believed; nothing was done.
    #[error("{0}")]
    Conflict(String),
    /// The law or the rules of the house forbid this person to do it (回避、职责分离).
    #[error("{0}")]
    Separation(String),
    /// The person is registered outside the actor's scope.
    #[error("此人已在他处登记，请联系县级民政部门办理。")]
    RegisteredElsewhere,
    /// A sign-in failed; all reasons look alike.
    #[error("{0}")]
    SignIn(String),
    /// No live session.
    #[error("登录已失效，请重新登录。您已填写的内容不会丢失。")]
    SignedOut,
    /// The ledger refused.
    #[error(transparent)]
    Ledger(#[from] ledger::LedgerError),
    /// The database.
    #[error(transparent)]
    Store(#[from] store::StoreError),
    /// The machine failed in a way no person can mend.
    #[error("系统内部错误：{0}。请稍后重试；如仍出现，请联系系统管理员。")]
    Internal(String),
}

impl From<crate::tabular::FileRefused> for OfficeError {
    fn from(refused: crate::tabular::FileRefused) -> Self {
        OfficeError::Invalid(
            refused.0.into_iter().map(|message| Problem { field: "file".to_owned(), message }).collect(),
        )
    }
}

impl From<rust_xlsxwriter::XlsxError> for OfficeError {
    fn from(error: rust_xlsxwriter::XlsxError) -> Self {
        OfficeError::Internal(format!("生成表格失败（{error}）"))
    }
}

fn problems_text(problems: &[Problem]) -> String {
    problems.iter().map(|problem| problem.message.as_str()).collect::<Vec<_>>().join("")
}

impl OfficeError {
    /// One problem with one field.
    #[must_use]
    pub fn invalid(field: &str, message: impl Into<String>) -> OfficeError {
        OfficeError::Invalid(vec![Problem { field: field.to_owned(), message: message.into() }])
    }

    /// Someone else was faster: the version that the page showed is old.
    #[must_use]
    pub fn stale() -> OfficeError {
        OfficeError::Conflict("这条记录刚被他人修改。请刷新页面，核对后再提交。".to_owned())
    }
}

/// Collects problems, so that a person hears all of them at once.
#[derive(Debug, Default)]
pub(crate) struct Problems(Vec<Problem>);

impl Problems {
    pub(crate) fn add(&mut self, field: &str, message: impl Into<String>) {
        self.0.push(Problem { field: field.to_owned(), message: message.into() });
    }

    /// Keeps the value, or the error as a problem of the field.
    pub(crate) fn keep<T, E: std::fmt::Display>(&mut self, field: &str, read: Result<T, E>) -> Option<T> {
        match read {
            Ok(value) => Some(value),
            Err(error) => {
                self.add(field, error.to_string());
                None
            }
        }
    }

    pub(crate) fn none_or_refuse(self) -> Result<(), OfficeError> {
        if self.0.is_empty() { Ok(()) } else { Err(OfficeError::Invalid(self.0)) }
    }
}
