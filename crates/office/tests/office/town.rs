//! A small town in a line: divisions, actors of every kind, families, and a clock that the test moves.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU16, Ordering};

use catalogue::{LoadOptions, PackFiles, Release};
use chrono::NaiveDate;
use office::access::{self, Actor, Granted, ManageStaff, NewPost, NewStaff, Permission, SignedIn};
use office::people::{self, MemberChange, NewHousehold, NewMember, NewPerson};
use office::{Office, divisions};
use store::{Db, DivisionId, HouseholdId, PersonId, StaffId};
use vocab::{Calendar, CitizenId, Now};

/// 2026-11-02 09:00 in Shanghai.
pub const START: i64 = 1_793_581_200_000;
pub const HOUR: i64 = 3_600_000;
pub const DAY: i64 = 24 * HOUR;

pub struct Town {
    pub office: Office,
    pub clock: Arc<AtomicI64>,
    pub prefecture: DivisionId,
    pub county: DivisionId,
    pub other_county: DivisionId,
    pub hedong: DivisionId,
    pub hexi: DivisionId,
    pub first_community: DivisionId,
    pub second_community: DivisionId,
    pub willow_village: DivisionId,
    pub stone_village: DivisionId,
    pub administrator: Actor,
    people: AtomicU16,
}

pub fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// The town's pack, with the nation's posts, whatever the pack is about.
pub fn pack() -> PackFiles {
    let crate_folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = PackFiles::read(&crate_folder.join("tests/packs/town")).unwrap();
    let roles = std::fs::read_to_string(store::testing::packs().join("national/roles.toml")).unwrap();
    files.files.insert("roles.toml".to_owned(), roles);
    files
}

pub fn release() -> Arc<Release> {
    Arc::new(Release::from_packs(vec![pack()], LoadOptions { synthetic: true }).unwrap())
}

/// The same town on every database.
pub async fn towns(name: &str) -> Vec<Town> {
    let mut towns = Vec::new();
    for copy in store::testing::copies("town", name, make).await {
        towns.push(Town::found(copy.db).await);
    }
    towns
}

fn office(db: Db, clock: &Arc<AtomicI64>) -> Office {
    let calendar = Arc::new(Calendar::from_json(include_str!("../../../../facts/holidays.json")).unwrap());
    let hand = Arc::clone(clock);
    let now = Arc::new(move || Now::from_unix_ms(hand.load(Ordering::SeqCst)));
    Office::new(db, calendar, release(), now)
}

/// Fills the model of the town.
async fn make(db: Db) {
    db.migrate(&office::migrations()).await.unwrap();
    let release = release();
    people::prepare_projections(&db, &release).await.unwrap();
    office::records::prepare(&db, &release).await.unwrap();
    divisions::import(&db, &release, day("2020-01-01")).await.unwrap();
    let office = office(db, &Arc::new(AtomicI64::new(START)));
    let prefecture = divisions::by_code(office.db(), "990100").await.unwrap().id;
    let password =
        access::create_first_administrator(&office, "root", "首位管理员", prefecture).await.unwrap();
    sign_in_and_change(&office, "root", password.reveal(), "quiet-river-47").await;
}

impl Town {
    /// The town of a copy.
    async fn found(db: Db) -> Town {
        let clock = Arc::new(AtomicI64::new(START));
        let office = office(db, &clock);
        let mut found = Vec::new();
        for code in [
            "990100",
            "990101",
            "990102",
            "990101001",
            "990101002",
            "990101001001",
            "990101001002",
            "990101002001",
            "990102001001",
        ] {
            found.push(divisions::by_code(office.db(), code).await.unwrap().id);
        }
        let administrator = crate::wuhai::actor(&office, "root").await;
        Town {
            office,
            clock,
            prefecture: found[0],
            county: found[1],
            other_county: found[2],
            hedong: found[3],
            hexi: found[4],
            first_community: found[5],
            second_community: found[6],
            willow_village: found[7],
            stone_village: found[8],
            administrator,
            people: AtomicU16::new(1),
        }
    }

    pub fn now(&self) -> i64 {
        self.clock.load(Ordering::SeqCst)
    }

    pub fn pass(&self, milliseconds: i64) {
        self.clock.fetch_add(milliseconds, Ordering::SeqCst);
    }

    /// A change of today, for a reason.
    pub fn today(&self) -> MemberChange {
        self.on(&self.office.now().today().to_string())
    }

    pub fn on(&self, date: &str) -> MemberChange {
        MemberChange { on: day(date), reason: "登记".to_owned(), case: None }
    }

    /// An account with a post, and its one-time password.
    pub async fn staff(
        &self,
        login: &str,
        division: DivisionId,
        roles: &[&str],
    ) -> (StaffId, access::Secret) {
        let root: Granted<ManageStaff> = self.administrator.grant().unwrap();
        let new = NewStaff {
            login: login.to_owned(),
            name: "王小明".to_owned(),
            division: Some(division),
            ..NewStaff::default()
        };
        let (staff, password) = access::create_staff(&self.office, &root, &new).await.unwrap();
        let post = NewPost {
            division,
            roles: roles.iter().map(|role| (*role).to_owned()).collect(),
            businesses: vec!["assistance".to_owned()],
            from_on: day("2026-01-01"),
            until_on: None,
        };
        access::add_post(&self.office, &root, staff, &post).await.unwrap();
        (staff, password)
    }

    /// An actor in an office, signed in.
    pub async fn actor(&self, login: &str, division: DivisionId, roles: &[&str]) -> Actor {
        let (_, password) = self.staff(login, division, roles).await;
        sign_in_and_change(&self.office, login, password.reveal(), "quiet-river-47").await
    }

    pub async fn clerk(&self, division: DivisionId) -> Actor {
        self.actor(&format!("clerk{}", division.0), division, &["township_clerk"]).await
    }

    pub fn new_citizen_id(&self, born: &str) -> CitizenId {
        CitizenId::synthetic(1, day(born), self.people.fetch_add(1, Ordering::SeqCst))
    }

    pub fn new_person(&self, name: &str, born: &str, division: DivisionId) -> NewPerson {
        NewPerson {
            name: name.parse().unwrap(),
            citizen_id: self.new_citizen_id(born),
            phone: None,
            division,
            residence: None,
        }
    }

    pub async fn person(&self, actor: &Actor, name: &str, division: DivisionId) -> PersonId {
        let new = self.new_person(name, "1980-05-01", division);
        people::register_person(&self.office, &grant(actor), &new).await.unwrap().person()
    }

    /// A family whose first member is the head.
    pub async fn family(
        &self,
        actor: &Actor,
        division: DivisionId,
        names: &[&str],
    ) -> (HouseholdId, Vec<PersonId>) {
        let mut persons = Vec::new();
        for name in names {
            persons.push(self.person(actor, name, division).await);
        }
        let members = persons
            .iter()
            .enumerate()
            .map(|(place, &person)| NewMember {
                person,
                relation: if place == 0 { "head" } else { "child" }.to_owned(),
                head: place == 0,
            })
            .collect();
        let new = NewHousehold {
            division,
            registered_division: division,
            area: "urban".to_owned(),
            address: Some("建设路1号".to_owned()),
            members,
        };
        let household = people::create_household(&self.office, &grant(actor), &new, &self.on("2026-01-10"))
            .await
            .unwrap();
        (household, persons)
    }
}

pub fn grant<P: Permission>(actor: &Actor) -> Granted<P> {
    actor.grant().unwrap()
}

pub async fn sign_in(office: &Office, login: &str, password: &str) -> Result<Actor, office::OfficeError> {
    match access::sign_in_staff(office, login, password).await?.1 {
        SignedIn::Staff(actor) => Ok(actor),
        SignedIn::Citizen(_) => panic!("a member of staff signed in as a citizen"),
    }
}

pub async fn sign_in_and_change(office: &Office, login: &str, once: &str, password: &str) -> Actor {
    let actor = sign_in(office, login, once).await.unwrap();
    access::change_password(office, &actor, once, password).await.unwrap();
    sign_in(office, login, password).await.unwrap()
}
