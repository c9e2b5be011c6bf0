//! What can go wrong with a snapshot or a sweep.

use std::path::PathBuf;

/// Why a snapshot could not be made, opened or swept. The texts are for the person at the desk or terminal.
#[derive(Debug, thiserror::Error)]
pub enum ColumnsError {
    /// The file could not be read or written.
    #[error("快照文件 {path} 读写失败：{source}")]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file is no snapshot, is damaged, or was made by another version.
    #[error("{path} 不是完好的人口快照（{reason}），请重新生成")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What does not fit.
        reason: String,
    },
    /// Others than the owner may read the file.
    #[error("快照 {path} 别人也能读，请先执行 chmod 600 {path}")]
    ReadableByOthers {
        /// The file.
        path: PathBuf,
    },
    /// A value does not fit its column.
    #[error("{column} 的值 {value} 放不进快照：{reason}")]
    Value {
        /// `shape.field`.
        column: String,
        /// The value, as people read it.
        value: String,
        /// What does not fit.
        reason: String,
    },
    /// The tables of a draft do not fit together.
    #[error("快照拼不起来：{0}")]
    Draft(String),
    /// A rule asks for something that this snapshot does not hold.
    #[error("规则 {programme} 用到 {field}，快照里没有这一列；请用包含它的事实重新生成快照")]
    MissingColumn {
        /// Id of the programme.
        programme: String,
        /// `shape.field`, or a relation.
        field: String,
    },
    /// The parameters do not cover the snapshot's divisions.
    #[error("快照里有 {snapshot} 个区划，只给了 {contexts} 组参数")]
    Contexts {
        /// Divisions of the snapshot.
        snapshot: usize,
        /// Contexts given.
        contexts: usize,
    },
}
