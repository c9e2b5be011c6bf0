//! Records that call for a review of what a family gets (提请复核): with the record the next review of each of the family's benefits falls due
//! today, so that the night opens it. Nothing else of a benefit is touched.

use catalogue::definition::Register;
use store::{HouseholdId, Tx};

use super::read::records;
use super::{RULES, RecordId};
use crate::forms::FormValue;
use crate::{Office, OfficeError, people};

/// Calls for the reviews of records that have just come in.
pub(super) async fn call(
    office: &Office,
    tx: &Tx,
    register: &Register,
    new: &[RecordId],
) -> Result<(), OfficeError> {
    let Some(household) = &register.reviews else { return Ok(()) };
    if new.is_empty() {
        return Ok(());
    }
    for record in records(office.keys(), tx, &RULES, register, new).await? {
        if let Some(FormValue::Reference(family)) = record.values.get(household.get()) {
            people::review_today(office, tx, HouseholdId(*family)).await?;
        }
    }
    Ok(())
}
