//! What can go wrong with money, said so that an accountant can mend it.

use store::StoreError;
use vocab::{Fen, Month};

use crate::{EntitlementId, RunState};

/// The result of everything in this crate.
pub type Result<T, E = LedgerError> = std::result::Result<T, E>;

/// An error of the ledger. The texts are shown to people.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// The database refused or failed; "not found" and "outside your scope" look alike in here.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Somebody of the grant is already covered by the same kind of benefit. Says the month, never where.
    #[error(
        "家庭成员中有人自{month}起已享受同类待遇，不能重复享受。请先核对成员名单；如不在本辖区登记，请联系县级民政部门。"
    )]
    AlreadyCovered {
        /// The first month in which both would pay.
        month: Month,
    },
    /// A request that contradicts itself or the entitlement's state.
    #[error("{0}")]
    Refused(String),
    /// A decision came without its number.
    #[error("每一笔待遇变动都要有决定文号或依据，请填写后再提交。")]
    NoReference,
    /// The same person on both sides of a control.
    #[error("{0}须由另一人办理：经办与复核不能是同一人。")]
    SamePerson(&'static str),
    /// The run is not in the state in which this can be done.
    #[error("本批次当前为“{}”，不能{action}。", .state.title())]
    RunState {
        /// What it is.
        state: RunState,
        /// What was wanted.
        action: &'static str,
    },
    /// Months are paid one after the other.
    #[error("请按月份顺序造册：{expected}的发放批次尚未生成，或已生成到更晚的月份。")]
    RunOutOfOrder {
        /// The month that is next.
        expected: Month,
    },
    /// The month's regular due sits in a run that has not gone to the bank.
    #[error("{0}的发放批次尚未导出银行，请先撤下该户的发放明细或待批次导出后再办理补发、追回。")]
    MonthInOpenRun(Month),
    /// The dues changed between the proposal and its decision.
    #[error("{month}的应发金额在测算之后有变动（测算时{proposed}元，现在{now}元），请重新测算。")]
    ProposalStale {
        /// The month.
        month: Month,
        /// What the proposal saw.
        proposed: Fen,
        /// What stands now.
        now: Fen,
    },
    /// A difference to last month without a cause: nobody may approve it.
    #[error("有{count}户的发放金额与上月不同而查不到原因（首户待遇编号{first}），请先查明再复核。")]
    Unexplained {
        /// How many.
        count: u64,
        /// The first one.
        first: EntitlementId,
    },
    /// The figures the approver saw are not the run's figures any more.
    #[error("批次合计已变动（现为{count}笔、{total}元），请刷新后重新核对再复核。")]
    TotalsChanged {
        /// Lines now.
        count: i64,
        /// Sum now.
        total: Fen,
    },
    /// The file made again is not the file that was exported.
    #[error("再次导出的银行文件与首次导出的不一致，已停止。请把首次导出的文件交给银行，并联系系统管理员。")]
    FileChanged,
    /// The bank's answer does not fit the run; nothing of it was applied.
    #[error("银行回盘文件有{}处不符，未作任何入账。{}", .0.len(), .0.first().map(ToString::to_string).unwrap_or_default())]
    Answer(Vec<crate::AnswerProblem>),
    /// The user asked to stop between two batches; what is committed stays and goes on when asked again.
    #[error("已按要求暂停，已完成的部分有效，可继续办理。")]
    Paused,
    /// The books would not balance: a mistake of the program, nothing was written.
    #[error("记账凭证借贷不平（差额{0}元），本次操作未生效。请联系系统管理员。")]
    Unbalanced(Fen),
}

impl LedgerError {
    /// A refusal with its text.
    pub(crate) fn refused(text: impl Into<String>) -> Self {
        LedgerError::Refused(text.into())
    }
}
