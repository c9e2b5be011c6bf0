//! Rights as types: what a use-case demands in its signature as [`Granted<Right>`](super::Granted).
//!
//! The rights themselves are [`Right`], which packs name too; which role holds which is the packs' ([`super::roles`]).

pub use catalogue::definition::Right;

/// A right that a use-case demands in its signature as `Granted<Right>`.
pub trait Permission: Send + Sync + 'static {
    /// The same right as a value.
    const RIGHT: Right;
}

macro_rules! permissions {
    ($($name:ident)*) => {
        $(
            #[doc = concat!("The right [`Right::", stringify!($name), "`], to be demanded by a use-case.")]
            #[derive(Debug, Clone, Copy)]
            pub struct $name;
            impl Permission for $name {
                const RIGHT: Right = Right::$name;
            }
        )*
        /// The rights that use-cases can demand.
        #[cfg(test)]
        const DEMANDED: &[Right] = &[$(Right::$name,)*];
    };
}

permissions! {
    ReadPeople RegisterPeople MergePeople ConfirmMerge Reveal ReadCase FileForOther Accept Investigate Opine Notice Appraise
    MeansTest
    ImportDepartmentFile AnswerCheck Examine Confirm Sample RecordRelative ManageRoll ReadPayments MakeRun ApproveRun Payee PayeeConfirm
    ProposeStandard ReleaseStandard Simulate ManageStaff ManageExchange SearchAudit Report Export ReadRecords KeepRecords
    ReportRecords ImportRecords
    ReadPlan ReportPlan ManagePlan ApprovePlan CommentPlan ReleasePlan
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_right_can_be_demanded() {
        assert_eq!(DEMANDED, Right::ALL);
        for right in Right::ALL {
            assert_eq!(Right::from_code(right.code()), Some(*right));
        }
    }
}
