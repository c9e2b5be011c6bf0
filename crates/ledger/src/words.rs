//! The closed vocabularies of the ledger: how the database writes them and how a page shows them.

macro_rules! words {
    ($($(#[$attribute:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $text:literal, $zh:literal;)* })*) => {$(
        $(#[$attribute])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum $name { $($(#[$doc])* $variant,)* }

        impl $name {
            /// All of them, in the order of their life.
            pub const ALL: &'static [$name] = &[$($name::$variant),*];

            /// As a page shows it.
            #[must_use]
            pub fn title(self) -> &'static str {
                match self { $($name::$variant => $zh,)* }
            }

            /// As the database writes it.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $($name::$variant => $text,)* }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str(self.as_str())
            }
        }

        impl std::str::FromStr for $name {
            type Err = String;
            fn from_str(text: &str) -> Result<Self, String> {
                match text { $($text => Ok($name::$variant),)* other => Err(other.to_owned()) }
            }
        }

        store::text_type!($name);
    )*};
}

words! {
    /// Why an entitlement has the amount it has.
    AmountCause {
        /// First decision.
        Grant = "grant", "新批准";
        /// Taken over from the roll kept before.
        Import = "import", "名册导入";
        /// The standard changed.
        Standard = "standard", "标准调整";
        /// The members changed.
        Members = "members", "成员变动";
        /// The family's circumstances changed, found by a review or a report.
        Review = "review", "复核调整";
        /// A mistake was put right.
        Correction = "correction", "更正";
    }

    /// Why nothing is paid for some months.
    PauseKind {
        /// Suspended (停发) by a decision.
        Suspended = "suspended", "停发";
        /// Held for review (待复核), for example after a death in the family.
        Held = "held", "暂缓待复核";
    }

    /// Where an entitlement stands in a month.
    EntitlementState {
        /// Granted, first month still to come.
        Pending = "pending", "未到起发月";
        /// Paid.
        Active = "active", "在发";
        /// Suspended (停发).
        Suspended = "suspended", "停发";
        /// Held for review.
        Held = "held", "暂缓待复核";
        /// Past its last month.
        Ended = "ended", "已终止";
    }

    /// Where the proposal of an account stands.
    PayeeState {
        /// Waits for a second person.
        Proposed = "proposed", "待复核";
        /// In use.
        Confirmed = "confirmed", "使用中";
        /// The second person said no.
        Refused = "refused", "未通过";
        /// Was in use.
        Replaced = "replaced", "已更换";
    }

    /// What gives rise to a due.
    DueKind {
        /// The month's own due.
        Regular = "regular", "当月应发";
        /// Owed for an earlier month by a decision (补发).
        Arrears = "arrears", "补发";
        /// Paid too much, claimed back by a decision (追回).
        Recovery = "recovery", "追回";
        /// Takes back the due of a cancelled run or withdrawn line.
        Reversal = "reversal", "冲销";
    }

    /// A month's run, the second attempt at a run's failures, or what stands open after it.
    RunKind {
        /// The month's run of a county and programme.
        Regular = "regular", "月度发放";
        /// Failed lines of another run, again.
        Reissue = "reissue", "失败重发";
        /// What stands open after a month's run, without waiting for the next (补发).
        Supplement = "supplement", "补充发放";
    }

    /// Where a run stands.
    RunState {
        /// Batches are being written; goes on after an interruption.
        Making = "making", "正在生成";
        /// Complete; waits for the second person.
        Made = "made", "待复核";
        /// Approved by a second person.
        Approved = "approved", "已复核";
        /// The file's hash is recorded, the books are being written.
        Exporting = "exporting", "正在导出";
        /// With the bank.
        Exported = "exported", "已导出待回盘";
        /// The bank has answered for every line.
        Answered = "answered", "已回盘";
        /// Closed.
        Closed = "closed", "已办结";
        /// Batches are being taken back.
        Cancelling = "cancelling", "正在作废";
        /// Taken back before export.
        Cancelled = "cancelled", "已作废";
    }

    /// A line of a reserve fund's book.
    ReserveKind {
        /// The county puts money in.
        Allot = "allot", "拨付";
        /// The township pays a family out of it.
        Advance = "advance", "垫付";
        /// The county makes up what was advanced.
        Replenish = "replenish", "补足";
        /// The county takes money back.
        GiveBack = "give_back", "收回";
    }

    /// Where a line of a reserve fund's book stands.
    ReserveState {
        /// Waits for a second person.
        Proposed = "proposed", "待复核";
        /// Counts.
        Booked = "booked", "已入账";
        /// The second person said no.
        Refused = "refused", "未通过";
    }

    /// Where a line stands.
    LineState {
        /// To be paid.
        Open = "open", "待发放";
        /// Wholly used up by instalments of a recovery.
        Nothing = "nothing", "全额抵扣";
        /// Not paid: the reason says why.
        Blocked = "blocked", "未列入";
        /// Taken out by an officer before approval.
        Withdrawn = "withdrawn", "已撤下";
        /// The run was cancelled.
        Cancelled = "cancelled", "已作废";
        /// The bank paid.
        Succeeded = "succeeded", "发放成功";
        /// The bank could not pay: the reason says why.
        Failed = "failed", "发放失败";
    }
}
