//! The ledger as a child would keep it: lists of months and coins, no books, no batches. What the property test compares
//! with. People are small numbers; months count from the first run.

use std::collections::{BTreeMap, BTreeSet};

/// How far the model looks ahead.
pub const HORIZON: usize = 60;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    Unpaid,
    /// In the line of this run.
    Line(usize),
    Paid,
    /// Reversed.
    Dead,
}

/// Something owed for a month.
#[derive(Debug, Clone)]
pub struct Item {
    pub month: usize,
    pub amount: i64,
    pub left: i64,
    /// The regular run that made it.
    pub made_by: Option<usize>,
    pub place: Place,
    /// Runs in which it was tried and failed, or came back.
    pub failed_in: BTreeSet<usize>,
    /// The run that paid it.
    pub paid_in: Option<usize>,
}

#[derive(Debug, Clone)]
pub struct Claim {
    pub limit: Option<i64>,
    pub amount: i64,
    pub offset: i64,
    pub returned: i64,
}

impl Claim {
    pub fn outstanding(&self) -> i64 {
        self.amount - self.offset - self.returned
    }
}

#[derive(Debug, Clone, Default)]
pub struct Family {
    pub from: usize,
    /// The month after its last one.
    pub after: Option<usize>,
    pub ended: bool,
    pub members: Vec<BTreeSet<i64>>,
    pub amounts: Vec<i64>,
    pub pauses: Vec<(usize, Option<usize>)>,
    pub due: Vec<i64>,
    pub covered: Vec<BTreeSet<i64>>,
    pub items: Vec<Item>,
    pub claims: Vec<Claim>,
    /// Kept back in a run: claim, item, amount.
    pub kept: BTreeMap<usize, Vec<(usize, usize, i64)>>,
    /// Its account; none when money came back from it.
    pub account: Option<i64>,
    /// To which account it was paid in a run.
    pub paid_to: BTreeMap<usize, i64>,
}

impl Family {
    pub fn new(from: usize, people: &BTreeSet<i64>, amount: i64) -> Family {
        let mut family = Family {
            from,
            members: vec![BTreeSet::new(); HORIZON],
            amounts: vec![0; HORIZON],
            due: vec![0; HORIZON],
            covered: vec![BTreeSet::new(); HORIZON],
            ..Family::default()
        };
        for month in from..HORIZON {
            family.members[month] = people.clone();
            family.amounts[month] = amount;
        }
        family
    }

    pub fn is_paused(&self, month: usize) -> bool {
        self.pauses.iter().any(|(from, until)| *from <= month && until.is_none_or(|until| month < until))
    }

    pub fn has_open_pause(&self) -> bool {
        self.pauses.iter().any(|(_, until)| until.is_none())
    }

    /// Months are changeable inside its life.
    pub fn is_alive(&self, month: usize) -> bool {
        month >= self.from && month < self.end_of_life()
    }

    pub fn end_of_life(&self) -> usize {
        self.after.unwrap_or(HORIZON)
    }

    /// What a month should have been, as known now.
    pub fn should_be(&self, month: usize) -> i64 {
        if self.is_alive(month) && !self.is_paused(month) { self.amounts[month] } else { 0 }
    }

    pub fn sum(&self, place: fn(Place) -> bool) -> i64 {
        self.items.iter().filter(|item| place(item.place)).map(|item| item.left).sum()
    }
}

#[derive(Debug, Clone, Default)]
pub struct Model {
    pub families: Vec<Family>,
    /// How many regular months have been run.
    pub months: usize,
    /// All runs in order: the month, and whether the bank has answered.
    pub runs: Vec<(usize, bool)>,
}

impl Model {
    /// Whether another family has one of these people in a month.
    pub fn is_taken(
        &self,
        people: &BTreeSet<i64>,
        months: std::ops::Range<usize>,
        except: Option<usize>,
    ) -> bool {
        self.families.iter().enumerate().filter(|(index, _)| Some(*index) != except).any(|(_, family)| {
            months.clone().any(|month| {
                !family.members[month].is_disjoint(people) || !family.covered[month].is_disjoint(people)
            })
        })
    }

    /// Whether another family is covered with one of these people in a month.
    pub fn is_covered(&self, people: &BTreeSet<i64>, month: usize, except: usize) -> bool {
        let mut others = self.families.iter().enumerate().filter(|(index, _)| *index != except);
        others.any(|(_, family)| !family.covered[month].is_disjoint(people))
    }

    pub fn grant(&mut self, people: &BTreeSet<i64>, from: usize, amount: i64, account: i64) -> bool {
        if people.is_empty() || self.is_taken(people, from..HORIZON, None) {
            return false;
        }
        let mut family = Family::new(from, people, amount);
        family.account = Some(account);
        for month in from..self.months {
            owe(&mut family, month, amount, None);
        }
        self.families.push(family);
        true
    }

    pub fn set_members(&mut self, index: usize, from: usize, people: &BTreeSet<i64>) -> bool {
        let family = &self.families[index];
        let life = from..family.end_of_life();
        if people.is_empty() || !family.is_alive(from) || self.is_taken(people, life.clone(), Some(index)) {
            return false;
        }
        for month in life {
            self.families[index].members[month] = people.clone();
        }
        true
    }

    /// The first month that is not paid any more.
    pub fn end(&mut self, index: usize, after: usize) -> bool {
        let family = &mut self.families[index];
        if family.ended {
            return false;
        }
        let after = after.max(family.from);
        for month in after..HORIZON {
            family.members[month].clear();
            family.amounts[month] = 0;
        }
        family.ended = true;
        family.after = Some(after);
        true
    }

    /// Post what was too little. All or nothing.
    pub fn post_arrears(&mut self, index: usize) -> bool {
        let family = &self.families[index];
        let rows: Vec<(usize, i64)> = (family.from..self.months)
            .map(|month| (month, family.should_be(month) - family.due[month]))
            .filter(|(_, delta)| *delta > 0)
            .collect();
        if rows.is_empty() {
            return false;
        }
        for (month, _) in &rows {
            let people = &family.members[*month];
            if people.is_empty() || self.is_covered(people, *month, index) {
                return false;
            }
        }
        for (month, delta) in rows {
            owe(&mut self.families[index], month, delta, None);
        }
        true
    }

    /// Claim what was too much. All or nothing.
    pub fn post_recovery(&mut self, index: usize, limit: Option<i64>) -> bool {
        let family = &self.families[index];
        let rows: Vec<(usize, i64, i64)> = (family.from..self.months)
            .map(|month| (month, family.should_be(month), family.due[month] - family.should_be(month)))
            .filter(|(_, _, delta)| *delta > 0)
            .collect();
        if rows.is_empty() {
            return false;
        }
        for (month, should_be, _) in &rows {
            let people = &family.members[*month];
            if *should_be > 0 && (people.is_empty() || self.is_covered(people, *month, index)) {
                return false;
            }
        }
        let family = &mut self.families[index];
        let mut claim = Claim { limit, amount: 0, offset: 0, returned: 0 };
        for (month, should_be, delta) in rows {
            claim.amount += delta;
            family.due[month] -= delta;
            family.covered[month] =
                if should_be > 0 { family.members[month].clone() } else { BTreeSet::new() };
        }
        for item in oldest_unpaid(family) {
            let part = family.items[item].left.min(claim.outstanding());
            family.items[item].left -= part;
            claim.offset += part;
        }
        family.claims.push(claim);
        true
    }

    /// The next month's run, up to its lines.
    pub fn run(&mut self) {
        let month = self.months;
        let run = self.runs.len();
        self.runs.push((month, false));
        self.months += 1;
        for index in 0..self.families.len() {
            let family = &self.families[index];
            let people = family.members[month].clone();
            let has_due = family.items.iter().any(|item| item.month == month && item.place != Place::Dead);
            let amount = family.should_be(month);
            let candidate = amount > 0 && !has_due;
            if candidate && (people.is_empty() || self.is_covered(&people, month, index)) {
                continue;
            }
            let family = &mut self.families[index];
            if candidate {
                owe(family, month, amount, Some(run));
            }
            let Some(account) = family.account.filter(|_| !family.is_paused(month)) else { continue };
            family.paid_to.insert(run, account);
            for claim in 0..family.claims.len() {
                let Some(limit) = family.claims[claim].limit else { continue };
                let mut left = limit.min(family.claims[claim].outstanding());
                for item in oldest_unpaid(family) {
                    let part = left.min(family.items[item].left);
                    if part > 0 {
                        family.items[item].left -= part;
                        family.claims[claim].offset += part;
                        family.kept.entry(run).or_default().push((claim, item, part));
                        left -= part;
                    }
                }
            }
            for item in oldest_unpaid(family) {
                family.items[item].place = Place::Line(run);
            }
        }
    }

    /// Take a family's line out of the run just made; it has one if something is in it or was kept back by it.
    pub fn withdraw(&mut self, index: usize, run: usize) {
        let month = self.runs[run].0;
        let family = &mut self.families[index];
        for (claim, item, part) in family.kept.remove(&run).unwrap_or_default() {
            family.claims[claim].offset -= part;
            family.items[item].left += part;
        }
        for item in &mut family.items {
            if item.made_by == Some(run) {
                item.place = Place::Dead;
                family.due[month] -= item.amount;
                family.covered[month].clear();
            } else if item.place == Place::Line(run) {
                item.place = Place::Unpaid;
            }
        }
    }

    pub fn has_line(&self, index: usize, run: usize) -> bool {
        let family = &self.families[index];
        family.kept.contains_key(&run) || family.items.iter().any(|item| item.place == Place::Line(run))
    }

    /// The bank answers: families for which `fails` says so are not paid.
    pub fn answer(&mut self, run: usize, fails: impl Fn(usize) -> bool) {
        self.runs[run].1 = true;
        for (index, family) in self.families.iter_mut().enumerate() {
            for item in family.items.iter_mut().filter(|item| item.place == Place::Line(run)) {
                if fails(index) {
                    item.place = Place::Unpaid;
                    item.failed_in.insert(run);
                } else {
                    item.place = Place::Paid;
                    item.paid_in = Some(run);
                }
            }
        }
    }

    /// The bank sends back what it paid a family in a run; whether it had paid anything. Nothing goes to that account any more, whoever has it.
    pub fn bounce(&mut self, index: usize, run: usize) -> bool {
        let family = &mut self.families[index];
        let mut any = false;
        for item in family.items.iter_mut().filter(|item| item.paid_in == Some(run)) {
            item.place = Place::Unpaid;
            item.failed_in.insert(run);
            item.paid_in = None;
            any = true;
        }
        if any {
            let stopped = family.paid_to.get(&run).copied();
            for family in self.families.iter_mut().filter(|family| family.account == stopped) {
                family.account = None;
            }
        }
        any
    }

    /// The failed lines of a run once more; whether there was anything.
    pub fn reissue(&mut self, of: usize) -> bool {
        let again = self.runs.len();
        let mut any = false;
        for family in self.families.iter_mut().filter(|family| !family.has_open_pause()) {
            let Some(account) = family.account else { continue };
            for item in &mut family.items {
                if item.place == Place::Unpaid && item.left > 0 && item.failed_in.contains(&of) {
                    item.place = Place::Line(again);
                    family.paid_to.insert(again, account);
                    any = true;
                }
            }
        }
        if any {
            self.runs.push((self.runs[of].0, false));
        }
        any
    }
}

fn owe(family: &mut Family, month: usize, amount: i64, made_by: Option<usize>) {
    family.due[month] += amount;
    family.covered[month] = family.members[month].clone();
    family.items.push(Item {
        month,
        amount,
        left: amount,
        made_by,
        place: Place::Unpaid,
        failed_in: BTreeSet::new(),
        paid_in: None,
    });
}

/// Unpaid items, oldest month first, in the order of their making within a month.
fn oldest_unpaid(family: &Family) -> Vec<usize> {
    let mut items: Vec<usize> = (0..family.items.len())
        .filter(|item| family.items[*item].place == Place::Unpaid && family.items[*item].left > 0)
        .collect();
    items.sort_by_key(|item| (family.items[*item].month, *item));
    items
}
