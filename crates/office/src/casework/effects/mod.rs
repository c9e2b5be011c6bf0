//! The closed vocabulary of what an action can do. A pack names effects; each is written here once.
//!
//! [`records`] keep what was seen and said, [`family`] moves members and homes, [`paper`] hangs notices and queues letters,
//! [`decisions`] and [`months`] touch money, [`progress`] moves the case on. Money is touched by six of them - grant, advance, change, taper,
//! stop and post months - and only through the ledger. What takes away from a family finds the record of its hearing first (社会救助法 art. 48), whatever the
//! pack says: that it was heard, or that it was looked for in vain and did not come while a notice asked it to. No law lets payment pause for a family that
//! is not found, so nothing does.

use catalogue::definition::Effect;
use store::Scope;

use super::act::Doing;
use super::notices::NoticeKind;
use super::situation::CaseRow;
use super::{entries, notices, sampling};
use crate::{OfficeError, means_test};

mod decisions;
mod family;
mod months;
mod paper;
pub(super) mod progress;
pub(super) mod records;

pub use progress::outcome_code;

/// Ledger rows of a case that the doer may act on.
pub(super) const LEDGER: Scope = Scope::System("the benefit of a case that the doer may act on");

/// One effect.
pub(super) async fn apply(doing: &Doing<'_>, case: &mut CaseRow, effect: &Effect) -> Result<(), OfficeError> {
    let today = doing.now.today();
    match effect {
        Effect::Accept => {
            case.accepted_on.get_or_insert(today);
            Ok(())
        }
        Effect::OnceOnly => progress::refuse_again(doing, case).await,
        Effect::RecordFacts => records::facts(doing, case).await,
        Effect::RequestMeansTest => {
            means_test::request_in(doing.office, doing.tx, case.id, doing.doer.staff(), doing.now).await
        }
        Effect::StartMeansTest => {
            means_test::start_in(doing.office, doing.tx, case.id, doing.doer.staff(), doing.now).await
        }
        Effect::OpenNotice(period) => {
            paper::open_notice(doing, case, period.natural_days, &period.letter).await
        }
        Effect::Draw(percent) => sampling::beforehand(doing, case, percent).await,
        Effect::CloseNotice => notices::close(doing.tx, case, NoticeKind::Publicity, today).await,
        Effect::Publish => paper::publish(doing, case).await,
        Effect::RecordVisit => records::record(doing, case, "visit").await,
        Effect::RecordObjection => records::record(doing, case, "objection").await,
        Effect::RecordComplaint => records::record(doing, case, "complaint").await,
        Effect::RecordAppraisal => records::record(doing, case, "appraisal").await,
        Effect::RecordRelative => records::record(doing, case, "relative").await,
        Effect::RecordHearing => records::record(doing, case, "hearing").await,
        Effect::RecordAbsence(period) => records::absence(doing, case, period.natural_days).await,
        Effect::RecordSample => {
            records::record(doing, case, "sample").await?;
            sampling::checked(doing, case).await
        }
        Effect::ChangeMembers => family::change_members(doing, case).await,
        Effect::RecordDeath => family::record_death(doing, case).await,
        Effect::Move => family::relocate(doing, case).await,
        Effect::Determine => decisions::determine_again(doing, case).await,
        Effect::Grant => decisions::grant(doing, case).await,
        Effect::Advance => decisions::advance(doing, case).await,
        Effect::Refuse => {
            case.decided_on = Some(today);
            Ok(())
        }
        Effect::ChangeAmount => decisions::change_amount(doing, case).await,
        Effect::Continue => decisions::go_on(doing, case).await,
        Effect::ReckonMonths => months::reckon(doing, case).await,
        Effect::PostMonths => months::post(doing, case).await,
        Effect::Taper => decisions::taper(doing, case).await,
        Effect::Stop => decisions::stop(doing, case).await,
        Effect::Extend(clock) => progress::extend(doing, case, clock).await,
        Effect::Enter(entry) => entries::enter(doing, case, entry).await,
        Effect::Letter(letter) => paper::letter(doing, case, letter).await,
        Effect::Task(task) => progress::side_task(doing, case, task).await,
        Effect::Reopen => progress::reopen(doing, case).await,
        Effect::End(outcome) => progress::end(doing, case, *outcome).await,
    }
}
