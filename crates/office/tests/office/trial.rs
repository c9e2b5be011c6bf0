//! The clock of a synthetic database.

use office::{OfficeError, trial};

use crate::town::towns;

#[tokio::test]
async fn the_clock_of_a_synthetic_city_goes_forward_and_is_remembered() {
    for town in towns("trial_clock").await {
        let before = town.office.now().today();
        trial::put_forward(&town.office, &town.administrator, 8).await.unwrap();
        assert_eq!((town.office.now().today() - before).num_days(), 8);
        trial::put_forward(&town.office, &town.administrator, 1).await.unwrap();
        // Another process opens the same database.
        trial::follow(&town.office).await.unwrap();
        assert_eq!((town.office.now().today() - before).num_days(), 9);
        for days in [0, -3, trial::STEP_MAX + 1] {
            let refused = trial::put_forward(&town.office, &town.administrator, days).await;
            assert!(matches!(refused, Err(OfficeError::Invalid(_))), "{days}");
        }
        assert_eq!((town.office.now().today() - before).num_days(), 9);
    }
}
