//! What can go wrong with the database, in words the caller can act on.
//!
//! Both databases speak differently of the same accident; here they speak alike: a broken uniqueness is
//! [`StoreError::Conflict`] naming `table.column, table.column` on SQLite and PostgreSQL.

use sea_orm::{DbErr, RuntimeErr, sqlx};

/// The result of everything in this crate.
pub type Result<T, E = StoreError> = std::result::Result<T, E>;

/// An error of the store. The texts are shown to people.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The row does not exist, or lies outside the caller's scope: the two look alike on purpose.
    #[error("没有找到这条记录，或者您无权查看。请核对后重试。")]
    NotFound,
    /// A uniqueness was broken. Holds `table.column, table.column` (or the index's name where the index is on an
    /// expression).
    #[error("同样的记录已经存在（{0}）。请刷新页面，核对是否已由他人登记。")]
    Conflict(String),
    /// The database was busy for longer than the time limit, or chose this transaction as a deadlock's victim. Nothing
    /// was written: the same request may simply be repeated.
    #[error("系统正忙，本次操作没有生效，请稍后重试。")]
    Busy,
    /// A foreign key, a check or a trigger refused the change. Holds the constraint's name or the trigger's text.
    #[error("数据库拒绝了这次改动：{0}。")]
    Refused(String),
    /// The statement, the value or the request makes no sense: a mistake in the program or in a file, not a state of the
    /// database.
    #[error("数据不合规定：{0}")]
    Invalid(String),
    /// The key file is missing, readable by others, damaged, or belongs to another database.
    #[error("密钥文件有问题：{0}")]
    Keys(String),
    /// The schema cannot be brought up to this program's state.
    #[error("数据库结构有问题：{0}")]
    Migration(String),
    /// Anything else the database said.
    #[error("数据库出错：{0}。请把这段文字交给系统管理员。")]
    Database(DbErr),
}

impl StoreError {
    /// Whether a uniqueness over exactly these columns of this table was broken.
    ///
    /// `error.is_conflict_on("person", &["citizen_id_blind"])`
    pub fn is_conflict_on(&self, table: &str, columns: &[&str]) -> bool {
        let expected =
            columns.iter().map(|column| format!("{table}.{column}")).collect::<Vec<_>>().join(", ");
        matches!(self, StoreError::Conflict(on) if *on == expected)
    }

    /// Whether repeating the same transaction can help.
    pub fn is_temporary(&self) -> bool {
        matches!(self, StoreError::Busy)
    }
}

impl From<DbErr> for StoreError {
    fn from(error: DbErr) -> Self {
        match &error {
            DbErr::ConnectionAcquire(_) => StoreError::Busy,
            DbErr::Conn(RuntimeErr::SqlxError(cause))
            | DbErr::Exec(RuntimeErr::SqlxError(cause))
            | DbErr::Query(RuntimeErr::SqlxError(cause)) => match cause.as_ref() {
                sqlx::Error::PoolTimedOut => StoreError::Busy,
                sqlx::Error::Database(refusal) => {
                    classify(refusal.as_ref()).unwrap_or(StoreError::Database(error))
                }
                _ => StoreError::Database(error),
            },
            _ => StoreError::Database(error),
        }
    }
}

fn classify(refusal: &dyn sqlx::error::DatabaseError) -> Option<StoreError> {
    let code = refusal.code().unwrap_or_default().into_owned();
    if let Some(refusal) = refusal.try_downcast_ref::<sqlx::postgres::PgDatabaseError>() {
        let constraint = || refusal.constraint().unwrap_or(refusal.message()).to_owned();
        return match code.as_str() {
            "23505" => Some(StoreError::Conflict(columns_of_conflict(refusal).unwrap_or_else(constraint))),
            // serialisation, deadlock, lock not available, cancelled by a time limit, too many connections
            "40001" | "40P01" | "55P03" | "57014" | "53300" => Some(StoreError::Busy),
            "23503" | "23514" | "23502" => Some(StoreError::Refused(constraint())),
            // our triggers raise with the default code
            "P0001" | "25006" => Some(StoreError::Refused(refusal.message().to_owned())),
            _ => None,
        };
    }
    let message = refusal.message();
    let after_colon = || message.split_once(": ").map_or(message, |(_, rest)| rest).to_owned();
    // SQLite's extended result codes: the low byte is the kind.
    match code.parse::<u32>().ok()? {
        1555 | 2067 => {
            let on = after_colon();
            let on = on.strip_prefix("index '").and_then(|name| name.strip_suffix('\'')).unwrap_or(&on);
            Some(StoreError::Conflict(on.to_owned()))
        }
        code if matches!(code & 0xff, 5 | 6) => Some(StoreError::Busy),
        1811 => Some(StoreError::Refused(message.to_owned())),
        code if code & 0xff == 19 => Some(StoreError::Refused(after_colon())),
        _ => None,
    }
}

/// `Key (a, b)=(1, 2) already exists.` → `table.a, table.b`. The values are personal data and are dropped.
fn columns_of_conflict(refusal: &sqlx::postgres::PgDatabaseError) -> Option<String> {
    let table = refusal.table()?;
    let (columns, _) = refusal.detail()?.split_once(")=(")?;
    let (_, columns) = columns.split_once('(')?;
    if columns.contains('(') {
        return None;
    }
    Some(columns.split(", ").map(|column| format!("{table}.{column}")).collect::<Vec<_>>().join(", "))
}
