//! One promise that a plan prints more than once: in its table and again in its text. Every print stays; whoever counts promises counts it once.

use std::collections::HashMap;

use super::PlanBook;
use crate::definition::{Comparator, Direction, PlanIndicator};

impl PlanBook {
    /// What promises again what an indicator before it promises: id, and the id of the first one. Only where the pack says that both are about one
    /// thing (`about`) and the same is printed of both: over what and for whom it is counted, unit, number, comparison, year.
    #[must_use]
    pub fn restated(&self) -> HashMap<&str, &str> {
        let mut again = HashMap::new();
        let promised: Vec<&PlanIndicator> =
            self.indicators.iter().filter(|one| !one.is_history()).map(|one| &**one).collect();
        for (at, one) in promised.iter().enumerate() {
            if let Some(first) = promised[..at].iter().find(|first| self.one_promise(first, one)) {
                again.insert(one.id.as_str(), first.id.as_str());
            }
        }
        again
    }

    fn one_promise(&self, left: &PlanIndicator, right: &PlanIndicator) -> bool {
        let (Some(one), Some(other)) = (&left.target, &right.target) else { return false };
        let plain = |one: &PlanIndicator| !one.yearly && !one.additive && one.milestones.is_empty();
        left.about.is_some()
            && (&left.about, &left.base, &left.scope, &left.unit, left.direction)
                == (&right.about, &right.base, &right.scope, &right.unit, right.direction)
            && plain(left)
            && plain(right)
            && one.number.is_some()
            && (one.number, one.most) == (other.number, other.most)
            && one.year.unwrap_or(self.plan.until) == other.year.unwrap_or(self.plan.until)
            && reached_at(one.comparator, left.direction) == reached_at(other.comparator, right.direction)
    }
}

/// The comparison that decides: where more is better, a bare number and 不低于, 达到 of it ask the same.
fn reached_at(comparator: Option<Comparator>, direction: Direction) -> Option<Comparator> {
    let bare = matches!(comparator, Some(Comparator::AtLeast | Comparator::Reach | Comparator::Equal));
    if direction == Direction::Up && bare { None } else { comparator }
}
