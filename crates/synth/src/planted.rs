//! What is wrong on purpose: errors that a good system finds, written into departments' files and nowhere else, and listed for scoring.
//!
//! Nothing of the list is in the database and no crate that the server uses can read it: [`crate::proof`] holds it against what the offices'
//! own nightly search found. Beside the errors stand rows that are no error, as in real files: small bills, light disabilities, families on two lists
//! that may well be on both, and now and then a number that was mixed up.

use chrono::{Days, NaiveDate};
use serde::{Deserialize, Serialize};

use crate::departments::{Row, Says, as_written, plate};
use crate::draw::Draw;
use crate::family::{Family, Member};

/// What is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Error {
    /// The police or the hospitals know of a death, the roll does not.
    UnreportedDeath,
    /// A car that a family on the roll did not mention.
    HiddenVehicle,
    /// Savings in a second bank.
    HiddenDeposit,
    /// On the roll here and in another city.
    DoubleFiling,
    /// Poor, ill or disabled, on a department's list, and has never filed.
    NeverFiled,
}

impl Error {
    /// Every kind.
    pub const ALL: [Error; 5] = [
        Error::UnreportedDeath,
        Error::HiddenVehicle,
        Error::HiddenDeposit,
        Error::DoubleFiling,
        Error::NeverFiled,
    ];

    /// The Chinese name.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Error::UnreportedDeath => "死亡没有报告",
            Error::HiddenVehicle => "隐瞒车辆",
            Error::HiddenDeposit => "隐瞒存款",
            Error::DoubleFiling => "两地重复享受",
            Error::NeverFiled => "符合条件没有申请",
        }
    }
}

/// How often, in a thousand. Of a person of sixty and over a death counts, of younger ones a tenth of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rates {
    /// Deaths of people on the roll.
    pub death: i64,
    /// Cars of poor families.
    pub vehicle: i64,
    /// Second accounts of poor families.
    pub deposit: i64,
    /// Families on the roll of two cities.
    pub double: i64,
    /// Poor families that nobody has found.
    pub never_filed: i64,
    /// Numbers mixed up in a file, and lists that are out of date.
    pub mistaken: i64,
}

impl Rates {
    /// As a city finds it when it looks for the first time.
    pub const REALISTIC: Rates =
        Rates { death: 20, vehicle: 35, deposit: 25, double: 8, never_filed: 300, mistaken: 2 };
    /// So many that a small town has enough of each kind to measure.
    pub const DENSE: Rates =
        Rates { death: 400, vehicle: 300, deposit: 250, double: 250, never_filed: 700, mistaken: 2 };
}

/// Where a family stands when the files come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Has a benefit.
    OnRoll,
    /// Has a case, or will have one.
    Filing,
    /// Neither.
    Neither,
}

/// Below this a family is poor, fen a month by head: well under every standard of the five places.
const POOR_FEN: i64 = 60_000;

/// Rows about a family that are wrong on purpose or only look so, and which member each error is about.
pub fn rows(
    family: &Family,
    standing: Standing,
    rates: Rates,
    seed: u64,
    today: NaiveDate,
) -> (Vec<Row>, Vec<(usize, Error)>) {
    let draw = Draw::new(seed, &format!("planted/{}", family.members[0].citizen_id.expose()));
    let mut planting = Planting { draw, today, rows: Vec::new(), errors: Vec::new() };
    let poor = family.income_by_head_fen() < POOR_FEN;
    if poor {
        planting.hidden(family, standing, rates);
    }
    match standing {
        Standing::OnRoll => planting.on_roll(family, rates),
        Standing::Neither => planting.unknown(family, poor && owns_nothing(family), rates),
        Standing::Filing => {}
    }
    (planting.rows, planting.errors)
}

fn owns_nothing(family: &Family) -> bool {
    family.deposits_fen <= 2_000_000
        && family.vehicles == 0
        && family.houses <= 1
        && family.businesses == 0
        // Of those who are registered elsewhere the benefit is another place's.
        && family.village == family.registered_village
}

struct Planting {
    draw: Draw,
    today: NaiveDate,
    rows: Vec<Row>,
    errors: Vec<(usize, Error)>,
}

impl Planting {
    fn row(&mut self, dataset: &'static str, member: &Member, says: Says) {
        let as_of = self.today - Days::new(self.draw.between(0, 4).unsigned_abs());
        let citizen_id = member.citizen_id.expose().to_owned();
        let name = as_written(&mut self.draw, &member.name);
        self.rows.push(Row { dataset, citizen_id, name, says, as_of });
    }

    fn wrong(&mut self, dataset: &'static str, family: &Family, at: usize, says: Says, error: Error) {
        self.row(dataset, &family.members[at], says);
        self.errors.push((at, error));
    }

    /// A car and savings that a poor family will not mention. Of a family that has nothing yet it is no error before it files.
    fn hidden(&mut self, family: &Family, standing: Standing, rates: Rates) {
        let counts = self.errors.len();
        if family.vehicles == 0 && self.draw.chance(rates.vehicle) {
            let says = Says::Vehicle { plate: plate(&mut self.draw), kind: "小型越野客车" };
            self.wrong("vehicles", family, 0, says, Error::HiddenVehicle);
        }
        if self.draw.chance(rates.deposit) {
            let says =
                Says::Deposit { bank: "演示储蓄银行", balance_fen: self.draw.yuan(60_000, 180_000) };
            self.wrong("deposits", family, 0, says, Error::HiddenDeposit);
        }
        if standing != Standing::OnRoll {
            self.errors.truncate(counts);
        }
    }

    fn on_roll(&mut self, family: &Family, rates: Rates) {
        for at in 0..family.members.len() {
            let old = family.members[at].age_on(self.today) >= 60;
            let died_on = self.today - Days::new(self.draw.between(6, 85).unsigned_abs());
            if self.draw.chance(if old { rates.death } else { rates.death / 10 }) {
                let dataset =
                    if self.draw.chance(800) { "household_registration" } else { "death_certificates" };
                self.wrong(dataset, family, at, Says::Death { died_on }, Error::UnreportedDeath);
            } else if self.draw.chance(rates.mistaken) {
                // Somebody else's death under this number.
                self.row("household_registration", &family.members[at], Says::Death { died_on });
                if let Some(row) = self.rows.last_mut() {
                    row.name = "佚名".to_owned();
                }
            }
        }
        if self.draw.chance(rates.double) {
            let says = Says::Elsewhere { place: "演示省邻市邻县", programme: "最低生活保障" };
            self.wrong("assistance_elsewhere", family, 0, says, Error::DoubleFiling);
        }
        // Whoever has the benefit may be watched as well.
        if self.draw.chance(300) {
            self.row("poverty_prevention", &family.members[0], Says::Watched { risk: "收入不稳定" });
        }
    }

    fn unknown(&mut self, family: &Family, eligible: bool, rates: Rates) {
        let disabled = |level: &[i64]| {
            family.members.iter().position(|one| one.disability_level.is_some_and(|of| level.contains(&of)))
        };
        let ill = family.members.iter().position(|member| member.seriously_ill);
        if eligible && self.draw.chance(rates.never_filed) {
            match (disabled(&[1, 2]), ill) {
                (Some(at), _) => {
                    let level = family.members[at].disability_level.unwrap_or(1);
                    self.wrong(
                        "disability_certificates",
                        family,
                        at,
                        Says::Certificate { level },
                        Error::NeverFiled,
                    );
                }
                (None, Some(at)) => {
                    let self_paid_fen = self.draw.yuan(9_000, 60_000);
                    self.wrong(
                        "medical_spending",
                        family,
                        at,
                        Says::Bills { self_paid_fen },
                        Error::NeverFiled,
                    );
                }
                (None, None) => {
                    let says = Says::Watched { risk: "收入骤减" };
                    self.wrong("poverty_prevention", family, 0, says, Error::NeverFiled);
                }
            }
            return;
        }
        // Nothing follows from these.
        if let Some(at) = disabled(&[3, 4]).filter(|_| self.draw.chance(200)) {
            let level = family.members[at].disability_level.unwrap_or(4);
            self.row("disability_certificates", &family.members[at], Says::Certificate { level });
        }
        if self.draw.chance(100) {
            let self_paid_fen = self.draw.yuan(100, 3_000);
            self.row("medical_spending", &family.members[0], Says::Bills { self_paid_fen });
        }
        // A family that has long recovered and was not taken off the list.
        if !eligible && self.draw.chance(rates.mistaken) {
            self.row("poverty_prevention", &family.members[0], Says::Watched { risk: "因病" });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::departments;
    use crate::family::{Families, Village};

    #[test]
    fn errors_stand_in_a_file_and_in_no_declaration_and_come_out_the_same() {
        let today = NaiveDate::from_ymd_opt(2026, 11, 1).unwrap();
        let village =
            Village {
                code: "150302101203", name: "新地村", elsewhere: &[], serial: 3, urban: false, today
            };
        let mut families = Families::new(11, village);
        let mut seen = std::collections::BTreeSet::new();
        for _ in 0..4_000 {
            let family = families.build();
            let truth = departments::rows(&family, 11, today);
            for standing in [Standing::OnRoll, Standing::Neither, Standing::Filing] {
                let planted = rows(&family, standing, Rates::DENSE, 11, today);
                assert_eq!(planted, rows(&family, standing, Rates::DENSE, 11, today));
                for (at, error) in &planted.1 {
                    seen.insert(*error);
                    let number = family.members[*at].citizen_id.expose();
                    let of = |dataset: &str| {
                        planted.0.iter().any(|row| row.dataset == dataset && row.citizen_id == number)
                    };
                    match error {
                        Error::HiddenVehicle => {
                            assert!(of("vehicles") && family.vehicles == 0);
                            assert!(truth.iter().all(|row| row.dataset != "vehicles"));
                        }
                        Error::HiddenDeposit => assert!(of("deposits")),
                        Error::UnreportedDeath => {
                            assert!(of("household_registration") || of("death_certificates"));
                        }
                        Error::DoubleFiling => assert!(of("assistance_elsewhere")),
                        Error::NeverFiled => assert_eq!(standing, Standing::Neither),
                    }
                }
                assert!(
                    standing == Standing::OnRoll
                        || planted.1.iter().all(|(_, one)| *one == Error::NeverFiled)
                );
            }
        }
        assert_eq!(seen.len(), Error::ALL.len(), "{seen:?}");
    }
}
