//! What other departments would say of a family: mostly true, sometimes stale, sometimes silent.
//!
//! Five data sets stand behind the means test: real estate, vehicles, deposits, social insurance and business registration. Deaths, lists of
//! other places, certificates, bills and watched families come in beside them; what of all this is wrong on purpose is [`crate::planted`]'s.

use chrono::{Days, NaiveDate};

use crate::draw::Draw;
use crate::family::{Family, Member};

/// A row of a department's file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The data set, as the pack calls it.
    pub dataset: &'static str,
    /// Whose row it is: the number as the department has it.
    pub citizen_id: String,
    /// The name as the department has it.
    pub name: String,
    /// What the row says.
    pub says: Says,
    /// The day on which it was true.
    pub as_of: NaiveDate,
}

/// The substance of a row; each variant's comment names its fields.
#[expect(missing_docs, reason = "the variant's line names its fields")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Says {
    /// A home: certificate number, address and square metres.
    House { certificate: String, address: String, square_metres: i64 },
    /// A vehicle: plate and kind.
    Vehicle { plate: String, kind: &'static str },
    /// A balance over all accounts, fen.
    Deposit { bank: &'static str, balance_fen: i64 },
    /// Wages on which contributions are paid, or a pension received, fen a month.
    Insurance { kind: &'static str, monthly_fen: i64 },
    /// A registered business.
    Business { name: String, capital_fen: i64 },
    /// A death.
    Death { died_on: NaiveDate },
    /// A benefit in another place.
    Elsewhere { place: &'static str, programme: &'static str },
    /// A certificate of disability of a level 1-4.
    Certificate { level: i64 },
    /// What was paid oneself for medical care in twelve months, fen.
    Bills { self_paid_fen: i64 },
    /// A family that is watched lest it fall back into poverty.
    Watched { risk: &'static str },
}

/// Banks of the synthetic city. They do not exist.
const BANKS: &[&str] = &["演示农村商业银行", "演示城市银行", "演示邮政银行"];

/// Rows of every department about one family.
pub fn rows(family: &Family, seed: u64, today: NaiveDate) -> Vec<Row> {
    let mut draw = Draw::new(seed, &format!("departments/{}", family.members[0].citizen_id.expose()));
    let mut rows = Vec::new();
    let head = &family.members[0];
    let recently = |draw: &mut Draw| today - Days::new(draw.between(3, 75).unsigned_abs());
    let mut push = |draw: &mut Draw, dataset, member: &Member, says| {
        let as_of = recently(draw);
        rows.push(Row {
            dataset,
            citizen_id: member.citizen_id.expose().to_owned(),
            name: as_written(draw, &member.name),
            says,
            as_of,
        });
    };
    for _ in 0..family.houses {
        let says = Says::House {
            certificate: format!("演(2019)不动产权第{:07}号", draw.between(1, 9_999_999)),
            address: family.address.clone(),
            square_metres: draw.between(38, 130),
        };
        push(&mut draw, "real_estate", head, says);
    }
    for _ in 0..family.vehicles {
        let says = Says::Vehicle { plate: plate(&mut draw), kind: "小型轿车" };
        push(&mut draw, "vehicles", head, says);
    }
    if family.deposits_fen > 0 {
        let says = Says::Deposit { bank: *draw.pick(BANKS), balance_fen: family.deposits_fen };
        push(&mut draw, "deposits", head, says);
    }
    for member in &family.members {
        // Casual work leaves no trace; a fifth of the formal wages are a year old.
        if member.wage_fen > 150_000 {
            let says = Says::Insurance { kind: "wage", monthly_fen: member.wage_fen };
            push(&mut draw, "social_insurance", member, says);
        } else if member.transfer_fen > 0 {
            let says = Says::Insurance { kind: "pension", monthly_fen: member.transfer_fen };
            push(&mut draw, "social_insurance", member, says);
        }
    }
    for _ in 0..family.businesses {
        let says = Says::Business {
            name: format!("{}小吃店", head.name),
            capital_fen: draw.yuan(10_000, 100_000),
        };
        push(&mut draw, "business_registration", head, says);
    }
    rows
}

pub(crate) fn plate(draw: &mut Draw) -> String {
    format!("蒙C{:05}", draw.between(0, 99_999))
}

/// One name in fifty is spelt differently in another department's files.
pub(crate) fn as_written(draw: &mut Draw, name: &str) -> String {
    if draw.chance(980) {
        return name.to_owned();
    }
    name.replace('喆', "哲").replace('𬱖', "颙").replace('兰', "蓝").replace('霞', "侠")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::family::{Families, Village};

    fn village(count: usize) -> Vec<Family> {
        let today = NaiveDate::from_ymd_opt(2026, 11, 1).unwrap();
        let mut families = Families::new(
            11,
            Village {
                code: "150302101203", name: "新地村", elsewhere: &[], serial: 3, urban: false, today
            },
        );
        (0..count).map(|_| families.build()).collect()
    }

    #[test]
    fn the_same_seed_makes_the_same_village_and_nobody_twice() {
        let (first, second) = (village(400), village(400));
        let ids = |families: &[Family]| {
            families
                .iter()
                .flat_map(|f| f.members.iter().map(|m| m.citizen_id.expose().to_owned()))
                .collect::<Vec<_>>()
        };
        assert_eq!(ids(&first), ids(&second));
        let mut unique = ids(&first);
        let all = unique.len();
        unique.sort();
        unique.dedup();
        assert_eq!(unique.len(), all);
        assert!(first.iter().flat_map(|f| &f.members).all(|m| m.citizen_id.is_synthetic()));
    }
}
