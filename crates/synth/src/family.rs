//! Families whose truth is known: who lives together, what they earn, own and need.
//!
//! The shares below are not a census. They only have to be plausible enough that every rule, list and page meets what it will meet in
//! life: old couples, left-behind grandchildren, one-person households, shared flats, hidden cars, pensions, illness.

use chrono::{Datelike, Days, NaiveDate};
use vocab::{CitizenId, Sex};

use crate::draw::Draw;
use crate::names;

/// Town or country, as the pack's codelist `area` has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Area {
    /// 城镇
    Urban,
    /// 农村
    Rural,
}

/// One household as it truly is.
#[derive(Debug, Clone)]
pub struct Family {
    /// Statistical code of the village where it lives.
    pub village: String,
    /// Statistical code of the village where its head is registered.
    pub registered_village: String,
    /// Town or country.
    pub area: Area,
    /// Street and door; nobody lives there.
    pub address: String,
    /// Members, the head first.
    pub members: Vec<Member>,
    /// Money on deposit, fen.
    pub deposits_fen: i64,
    /// Vehicles owned.
    pub vehicles: i64,
    /// Homes owned.
    pub houses: i64,
    /// Registered businesses.
    pub businesses: i64,
    /// Medical bills of the family itself, fen a month.
    pub medical_fen: i64,
    /// Cost of schooling, fen a month.
    pub schooling_fen: i64,
}

/// One person as they truly are.
#[derive(Debug, Clone)]
pub struct Member {
    /// Name.
    pub name: String,
    /// A number with area code 99, which no place has.
    pub citizen_id: CitizenId,
    /// Sex.
    pub sex: Sex,
    /// Birthday.
    pub born_on: NaiveDate,
    /// Code of the relation to the head.
    pub relation: Relation,
    /// Mobile number, where there is one.
    pub phone: Option<String>,
    /// Wages, fen a month.
    pub wage_fen: i64,
    /// Net income from a farm or trade, fen a month.
    pub business_fen: i64,
    /// Rents and interest, fen a month.
    pub property_fen: i64,
    /// Pensions and support received, fen a month.
    pub transfer_fen: i64,
    /// Level 1-4 of a disability certificate.
    pub disability_level: Option<i64>,
    /// Kind on the certificate.
    pub disability_kind: Option<&'static str>,
    /// A serious illness that the city lists.
    pub seriously_ill: bool,
    /// At school or university.
    pub student: bool,
}

/// Relation to the head of the household.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relation {
    /// 户主
    Head,
    /// 配偶
    Spouse,
    /// 子女
    Child,
    /// 孙子女
    Grandchild,
    /// 父母
    Parent,
}

impl Member {
    /// Everything earned or received, fen a month.
    #[must_use]
    pub fn income_fen(&self) -> i64 {
        self.wage_fen + self.business_fen + self.property_fen + self.transfer_fen
    }

    /// Whole years on a day.
    #[must_use]
    pub fn age_on(&self, day: NaiveDate) -> i64 {
        let years = day.year() - self.born_on.year();
        i64::from(if (day.month(), day.day()) < (self.born_on.month(), self.born_on.day()) {
            years - 1
        } else {
            years
        })
    }
}

impl Family {
    /// Income of all members by head, fen a month, rounded down: for choosing stories, not for deciding.
    #[must_use]
    pub fn income_by_head_fen(&self) -> i64 {
        let members = i64::try_from(self.members.len()).unwrap_or(1);
        self.members.iter().map(Member::income_fen).sum::<i64>() / members
    }
}

/// How families are built in one village.
#[derive(Debug)]
pub struct Village<'a> {
    /// Statistical code.
    pub code: &'a str,
    /// Name.
    pub name: &'a str,
    /// Other villages of the city, for people registered elsewhere.
    pub elsewhere: &'a [&'a str],
    /// Position of the village in the city's list: gives its people their area code.
    pub serial: u16,
    /// Residents' committee rather than villagers' one.
    pub urban: bool,
    /// The day on which the city is looked at.
    pub today: NaiveDate,
}

/// Builds the families of one village one after another.
#[derive(Debug)]
pub struct Families<'a> {
    village: Village<'a>,
    seed: u64,
    built: u32,
    /// Serial number given to everybody born on a day, so that no two people share an ID.
    same_day: std::collections::BTreeMap<NaiveDate, u16>,
}

impl<'a> Families<'a> {
    /// An empty village.
    #[must_use]
    pub fn new(seed: u64, village: Village<'a>) -> Self {
        Self { village, seed, built: 0, same_day: std::collections::BTreeMap::new() }
    }

    /// The next family.
    pub fn build(&mut self) -> Family {
        let mut draw = Draw::new(self.seed, &format!("{}/{}", self.village.code, self.built));
        self.built += 1;
        let poor = draw.chance(90);
        let members = match draw.weighted(&[210, 240, 330, 120, 60, 40]) {
            0 => self.alone(&mut draw),
            1 => self.couple(&mut draw),
            2 => self.with_children(&mut draw),
            3 => self.three_generations(&mut draw),
            4 => self.left_behind(&mut draw),
            _ => self.one_parent(&mut draw),
        };
        let registered = if !self.village.elsewhere.is_empty() && draw.chance(80) {
            (*draw.pick(self.village.elsewhere)).to_owned()
        } else {
            self.village.code.to_owned()
        };
        let mut family = Family {
            village: self.village.code.to_owned(),
            registered_village: registered,
            area: if self.village.urban { Area::Urban } else { Area::Rural },
            address: format!("{}第{}组{}号", self.village.name, draw.between(1, 9), draw.between(1, 240)),
            members,
            deposits_fen: 0,
            vehicles: 0,
            houses: 1,
            businesses: 0,
            medical_fen: 0,
            schooling_fen: 0,
        };
        live(&mut family, &mut draw, poor, self.village.today);
        family
    }

    fn person(
        &mut self,
        draw: &mut Draw,
        relation: Relation,
        surname: &str,
        sex: Sex,
        age: (i64, i64),
    ) -> Member {
        let days = draw.between(age.0 * 365 + 30, age.1 * 365 + 300);
        let born_on = self.village.today - Days::new(days.unsigned_abs());
        let (born_on, sequence) = self.free_number(born_on, sex);
        Member {
            name: names::full(draw, surname, sex),
            citizen_id: CitizenId::synthetic(self.village.serial, born_on, sequence),
            sex,
            born_on,
            relation,
            phone: (age.1 >= 14 && draw.chance(850))
                .then(|| format!("199{:08}", draw.between(0, 99_999_999))),
            wage_fen: 0,
            business_fen: 0,
            property_fen: 0,
            transfer_fen: 0,
            disability_level: None,
            disability_kind: None,
            seriously_ill: false,
            student: false,
        }
    }

    /// A sequence number of three digits, odd for men as GB 11643 has it; a full day passes on to the day before.
    fn free_number(&mut self, mut born_on: NaiveDate, sex: Sex) -> (NaiveDate, u16) {
        loop {
            let taken = self.same_day.entry(born_on).or_insert(0);
            *taken += 1;
            let number = *taken * 2 + u16::from(sex == Sex::Male);
            if number <= 999 {
                return (born_on, number);
            }
            born_on = born_on - Days::new(1);
        }
    }

    fn alone(&mut self, draw: &mut Draw) -> Vec<Member> {
        let sex = either(draw);
        let surname = names::surname(draw);
        let age = if draw.chance(600) { (60, 90) } else { (24, 59) };
        vec![self.person(draw, Relation::Head, surname, sex, age)]
    }

    fn couple(&mut self, draw: &mut Draw) -> Vec<Member> {
        let age = if draw.chance(550) { (58, 84) } else { (24, 55) };
        let (husband, wife) = (names::surname(draw), names::surname(draw));
        vec![
            self.person(draw, Relation::Head, husband, Sex::Male, age),
            self.person(draw, Relation::Spouse, wife, Sex::Female, (age.0, age.1 - 1)),
        ]
    }

    fn with_children(&mut self, draw: &mut Draw) -> Vec<Member> {
        let (husband, wife) = (names::surname(draw), names::surname(draw));
        let mut members = vec![
            self.person(draw, Relation::Head, husband, Sex::Male, (28, 50)),
            self.person(draw, Relation::Spouse, wife, Sex::Female, (26, 48)),
        ];
        for _ in 0..draw.weighted(&[0, 620, 330, 50]) {
            let sex = either(draw);
            members.push(self.person(draw, Relation::Child, husband, sex, (1, 21)));
        }
        members
    }

    fn three_generations(&mut self, draw: &mut Draw) -> Vec<Member> {
        let mut members = self.with_children(draw);
        let surname = members[0].name.chars().next().unwrap_or('王').to_string();
        let sex = either(draw);
        members.push(self.person(draw, Relation::Parent, &surname, sex, (60, 88)));
        members
    }

    fn left_behind(&mut self, draw: &mut Draw) -> Vec<Member> {
        let surname = names::surname(draw);
        let other = names::surname(draw);
        let mut members = vec![
            self.person(draw, Relation::Head, surname, Sex::Male, (58, 80)),
            self.person(draw, Relation::Spouse, other, Sex::Female, (56, 78)),
        ];
        for _ in 0..draw.between(1, 2) {
            let sex = either(draw);
            members.push(self.person(draw, Relation::Grandchild, surname, sex, (3, 15)));
        }
        members
    }

    fn one_parent(&mut self, draw: &mut Draw) -> Vec<Member> {
        let surname = names::surname(draw);
        let sex = either(draw);
        let mut members = vec![self.person(draw, Relation::Head, surname, sex, (28, 52))];
        for _ in 0..draw.between(1, 2) {
            let sex = either(draw);
            members.push(self.person(draw, Relation::Child, surname, sex, (2, 19)));
        }
        members
    }
}

fn either(draw: &mut Draw) -> Sex {
    if draw.chance(500) { Sex::Male } else { Sex::Female }
}

/// Work, pensions, illness and property.
fn live(family: &mut Family, draw: &mut Draw, poor: bool, today: NaiveDate) {
    let rural = family.area == Area::Rural;
    for member in &mut family.members {
        let age = member.age_on(today);
        member.student = (6..=22).contains(&age);
        if draw.chance(if poor { 260 } else { 45 }) {
            member.disability_level = Some(draw.between(1, 4));
            member.disability_kind =
                Some(*draw.pick(&["physical", "visual", "hearing", "intellectual", "mental", "multiple"]));
        }
        member.seriously_ill = draw.chance(if poor { 140 } else { 12 });
        let able = !member.seriously_ill && member.disability_level.is_none_or(|level| level > 2);
        match age {
            60.. => {
                member.transfer_fen = if rural || poor { draw.yuan(150, 260) } else { draw.yuan(1900, 4200) }
            }
            18..=59 if able && !member.student => {
                if poor {
                    member.wage_fen = if draw.chance(550) { draw.yuan(300, 1400) } else { 0 };
                } else if rural && draw.chance(500) {
                    member.business_fen = draw.yuan(900, 4200);
                } else {
                    member.wage_fen = draw.yuan(2300, 7800);
                }
            }
            _ => {}
        }
        if member.seriously_ill {
            family.medical_fen += draw.yuan(300, 2600);
        }
        if member.student && age >= 15 {
            family.schooling_fen += draw.yuan(200, 900);
        }
    }
    let grown_old = family.members.iter().all(|member| member.age_on(today) >= 60);
    family.deposits_fen = if poor { draw.yuan(0, 9_000) } else { draw.yuan(5_000, 260_000) };
    family.vehicles = i64::from(draw.chance(if poor {
        25
    } else if grown_old {
        60
    } else {
        480
    }));
    family.houses = if poor { draw.between(0, 1) } else { 1 + i64::from(draw.chance(140)) };
    family.businesses = i64::from(!poor && draw.chance(70));
}
