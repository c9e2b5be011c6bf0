//! For the tests of all pages: a synthetic 乌海 on every database, and browsers that walk through it.
//!
//! `Town::each("name", async |town| { … })`; `town.browser("clerk_a")` is signed in. Divisions are the real ones; people are
//! invented.

use std::path::Path;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, OnceLock};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use catalogue::{LoadOptions, Release};
use chrono::NaiveDate;
use office::access::{self, Actor, Granted, ManageStaff, NewPost, NewStaff, Permission, PostId, SignedIn};
use office::people::{self, MemberChange, NewHousehold, NewMember, NewPerson};
use office::{Office, divisions};
use store::{Db, DivisionId, HouseholdId, PersonId, Query};
use tower::ServiceExt as _;
use vocab::{Calendar, CitizenId, Now};

use crate::state::{AppState, Limits, Site};

/// 2026-11-23 09:30 in Shanghai.
pub(crate) const START: i64 = 1_795_397_400_000;
/// Everybody's password after the first sign-in.
pub(crate) const PASSWORD: &str = "quiet-river-47";
/// The origin that browsers of tests are at.
pub(crate) const ORIGIN: &str = "http://minzheng.test";

pub(crate) struct Town {
    pub office: Arc<Office>,
    pub router: Router,
    pub clock: Arc<AtomicI64>,
    pub county: DivisionId,
    /// 凤凰岭街道 and its first community.
    pub township_a: DivisionId,
    pub village_a: DivisionId,
    /// 海北街道 and its first community.
    pub township_b: DivisionId,
    pub village_b: DivisionId,
    pub administrator: Actor,
    pub clerk_a: Actor,
    pub clerk_b: Actor,
    /// 赵桂兰, her husband and a child, of township a.
    pub family_a: HouseholdId,
    pub people_a: Vec<PersonId>,
    /// 孙德福, of township b.
    pub family_b: HouseholdId,
    pub people_b: Vec<PersonId>,
}

fn release() -> Arc<Release> {
    static READ: OnceLock<Arc<Release>> = OnceLock::new();
    let read = || {
        let packs = store::testing::packs();
        let folders = ["national", "wuhai", "demo-wuhai"].map(|name| packs.join(name));
        let folders: Vec<&Path> = folders.iter().map(std::path::PathBuf::as_path).collect();
        Arc::new(Release::load_with(&folders, LoadOptions { synthetic: true }).unwrap())
    };
    Arc::clone(READ.get_or_init(read))
}

fn office(db: Db, clock: &Arc<AtomicI64>) -> Office {
    let calendar = Calendar::from_json(include_str!("../../../facts/holidays.json")).unwrap();
    let hand = Arc::clone(clock);
    let now = Arc::new(move || Now::from_unix_ms(hand.load(Ordering::SeqCst)));
    Office::new(db, Arc::new(calendar), release(), now)
}

/// Fills the model of the town: divisions, the packs' tables, three members of staff, two families.
async fn make(db: Db) {
    db.migrate(ledger::MIGRATIONS).await.unwrap();
    db.migrate(&office::migrations()).await.unwrap();
    let release = release();
    people::prepare_projections(&db, &release).await.unwrap();
    office::records::prepare(&db, &release).await.unwrap();
    divisions::import(&db, &release, day("2020-01-01")).await.unwrap();
    let office = office(db, &Arc::new(AtomicI64::new(START)));
    let id = async |code: &str| divisions::by_code(office.db(), code).await.unwrap().id;
    let once =
        access::create_first_administrator(&office, "root", "周建国", id("150300").await).await.unwrap();
    let administrator = own_password(&office, "root", once.reveal()).await;
    let root = administrator.grant().unwrap();
    let (township_a, township_b) = (id("150302001").await, id("150302002").await);
    let clerk_a = staff(&office, &root, "clerk_a", "王秀英", township_a, "township_clerk").await;
    let clerk_b = staff(&office, &root, "clerk_b", "李建军", township_b, "township_clerk").await;
    let village = async |township| divisions::children(office.db(), township).await.unwrap()[0].id;
    let three = [("赵桂兰", "1962-03-08", 2), ("钱大勇", "1960-10-02", 1), ("钱小雨", "2012-06-01", 6)];
    family(&office, &clerk_a, village(township_a).await, &three).await;
    family(&office, &clerk_b, village(township_b).await, &[("孙德福", "1950-01-20", 5)]).await;
    reported_by_hand(&office, &administrator).await;
}

pub(crate) fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// A citizen ID that nobody has.
pub(crate) fn citizen_id(born: &str, number: u16) -> CitizenId {
    CitizenId::synthetic(1, day(born), number)
}

/// The tests report the plan's figures by hand: what the packs compute is ended.
async fn reported_by_hand(office: &Office, administrator: &Actor) {
    let release = office.release();
    let mut rows = Vec::new();
    for book in &release.plans {
        for one in &book.indicators {
            let Some(by) = &one.measured_by else { continue };
            let staff = administrator.staff;
            let (plan, indicator) = (book.plan.id.as_str(), one.id.as_str());
            rows.push(store::values![plan, indicator, by.as_str(), staff, 1_i64, staff, 1_i64]);
        }
    }
    let columns = ["plan", "indicator", "computed_by", "linked_by", "linked_at", "ended_by", "ended_at"];
    store::insert_many(&store::Scope::System("test"), office.db(), "plan_link", &columns, rows)
        .await
        .unwrap();
}

impl Town {
    /// The same town on every database.
    pub(crate) async fn each(name: &str, test: impl AsyncFn(&Town)) {
        for town in Town::all(name).await {
            test(&town).await;
        }
    }

    /// One town for each database.
    pub(crate) async fn all(name: &str) -> Vec<Town> {
        let mut towns = Vec::new();
        for copy in store::testing::copies("web", name, make).await {
            towns.push(Town::found(copy.db).await);
        }
        towns
    }

    /// The town of a copy.
    async fn found(db: Db) -> Town {
        let clock = Arc::new(AtomicI64::new(START));
        let office = Arc::new(office(db, &clock));
        let id = async |code: &str| divisions::by_code(office.db(), code).await.unwrap().id;
        let (county, township_a, township_b) =
            (id("150302").await, id("150302001").await, id("150302002").await);
        let village_a = divisions::children(office.db(), township_a).await.unwrap()[0].id;
        let village_b = divisions::children(office.db(), township_b).await.unwrap()[0].id;
        let actor = async |login: &str| {
            let sql = "SELECT post.id FROM post JOIN staff ON staff.id = post.staff_id WHERE staff.login = ?";
            let post: i64 = Query::system("test", sql).bind(login).scalar(office.db()).await.unwrap();
            access::actor_of_synthetic(&office, PostId(post)).await.unwrap()
        };
        let (administrator, clerk_a, clerk_b) =
            (actor("root").await, actor("clerk_a").await, actor("clerk_b").await);
        let ids = async |sql| -> Vec<i64> { Query::system("test", sql).scalars(office.db()).await.unwrap() };
        let families = ids("SELECT id FROM household ORDER BY id").await;
        let people: Vec<PersonId> =
            ids("SELECT id FROM person ORDER BY id").await.into_iter().map(PersonId).collect();
        let site = Site {
            system: "乌海市民政综合平台".to_owned(),
            service: "乌海市民政惠民服务".to_owned(),
            help_phone: "0473-000 0000".to_owned(),
            help_phone_title: "社会救助服务热线".to_owned(),
            limits: Limits { sign_in_burst: 1000, ..Limits::default() },
            ..Site::default()
        };
        let router = crate::router(AppState::new(Arc::clone(&office), site));
        Town {
            office,
            router,
            clock,
            county,
            township_a,
            village_a,
            township_b,
            village_b,
            administrator,
            clerk_a,
            clerk_b,
            family_a: HouseholdId(families[0]),
            people_a: people[..3].to_vec(),
            family_b: HouseholdId(families[1]),
            people_b: people[3..].to_vec(),
        }
    }

    pub(crate) fn pass(&self, milliseconds: i64) {
        self.clock.fetch_add(milliseconds, Ordering::SeqCst);
    }

    /// A member of staff in an office, whose password is [`PASSWORD`].
    pub(crate) async fn staff(&self, login: &str, division: DivisionId, role: &str) -> Actor {
        let root = self.administrator.grant().unwrap();
        staff(&self.office, &root, login, "吴一凡", division, role).await
    }

    /// A browser nobody has signed in with.
    pub(crate) fn visitor(&self) -> Browser {
        self.visitor_of(self.router.clone())
    }

    /// The same at another router.
    pub(crate) fn visitor_of(&self, router: Router) -> Browser {
        Browser { router, cookies: Vec::new(), headers: HeaderMap::new() }
    }

    /// A browser of a member of staff who has signed in.
    pub(crate) async fn browser(&self, login: &str) -> Browser {
        let mut browser = self.visitor();
        let answer = browser.post("/desk/sign-in", &[("login", login), ("password", PASSWORD)]).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text);
        browser
    }

    /// A browser of a citizen of township a who has signed in with a code.
    pub(crate) async fn citizen(&self, person: PersonId, last_four: &str) -> Browser {
        self.citizen_of(&self.clerk_a, person, last_four).await
    }

    /// A browser of a citizen who got the code from this member of staff.
    pub(crate) async fn citizen_of(&self, clerk: &Actor, person: PersonId, last_four: &str) -> Browser {
        let filing = clerk.grant().unwrap();
        let issued = access::issue_citizen_code(&self.office, &filing, person, access::CodeChannel::Face)
            .await
            .unwrap();
        let mut browser = self.visitor();
        let answer =
            browser.post("/sign-in", &[("code", issued.code.reveal()), ("last_four", last_four)]).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text);
        browser
    }
}

pub(crate) fn grant<P: Permission>(actor: &Actor) -> Granted<P> {
    actor.grant().unwrap()
}

async fn own_password(office: &Office, login: &str, once: &str) -> Actor {
    let actor = signed_in(office, login, once).await;
    access::change_password(office, &actor, once, PASSWORD).await.unwrap();
    signed_in(office, login, PASSWORD).await
}

async fn signed_in(office: &Office, login: &str, password: &str) -> Actor {
    match access::sign_in_staff(office, login, password).await.unwrap().1 {
        SignedIn::Staff(actor) => actor,
        SignedIn::Citizen(_) => panic!("a member of staff signed in as a citizen"),
    }
}

async fn staff(
    office: &Office,
    root: &Granted<ManageStaff>,
    login: &str,
    name: &str,
    division: DivisionId,
    role: &str,
) -> Actor {
    let new = NewStaff {
        login: login.to_owned(),
        name: name.to_owned(),
        division: Some(division),
        ..NewStaff::default()
    };
    let (id, once) = access::create_staff(office, root, &new).await.unwrap();
    // `department_clerk:banks` is a post of that department, `organisation_clerk:care_institution/1` of that organisation.
    let (role, businesses) = match role.split_once(':') {
        Some((role, named)) if named.contains('/') => {
            (role, vec![format!("{}{named}", access::ORGANISATION)])
        }
        Some((role, department)) => (role, vec![format!("{}{department}", access::DEPARTMENT)]),
        // `county_accountant@children` works for that business alone.
        None => match role.split_once('@') {
            Some((role, business)) => (role, vec![business.to_owned()]),
            None => (role, office.release().businesses().into_iter().map(str::to_owned).collect()),
        },
    };
    let post = NewPost {
        division,
        roles: vec![role.to_owned()],
        businesses,
        from_on: day("2026-01-01"),
        until_on: None,
    };
    access::add_post(office, root, id, &post).await.unwrap();
    own_password(office, login, once.reveal()).await
}

async fn family(office: &Office, clerk: &Actor, village: DivisionId, people: &[(&str, &str, u16)]) {
    let mut members = Vec::new();
    for (place, (name, born, number)) in people.iter().enumerate() {
        let new = NewPerson {
            name: name.parse().unwrap(),
            citizen_id: citizen_id(born, *number),
            phone: Some(format!("139{number:08}").parse().unwrap()).filter(|_| place == 0),
            division: village,
            residence: None,
        };
        let person = people::register_person(office, &grant(clerk), &new).await.unwrap().person();
        let relation = ["head", "spouse", "child"][place.min(2)].to_owned();
        members.push(NewMember { person, relation, head: place == 0 });
    }
    let new = NewHousehold {
        division: village,
        registered_division: village,
        area: "urban".to_owned(),
        address: Some("建设路 1 号 2 单元 301".to_owned()),
        members,
    };
    let change = MemberChange { on: day("2026-01-10"), reason: "新登记".to_owned(), case: None };
    people::create_household(office, &grant(clerk), &new, &change).await.unwrap();
}

/// A browser: keeps cookies, sends its origin, follows nothing by itself.
#[derive(Clone)]
pub(crate) struct Browser {
    router: Router,
    pub cookies: Vec<(String, String)>,
    /// Sent with every request.
    pub headers: HeaderMap,
}

/// What came back.
pub(crate) struct Seen {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub text: String,
    pub bytes: axum::body::Bytes,
}

impl Seen {
    /// Where a redirect leads; empty for pages.
    pub fn location(&self) -> &str {
        self.headers.get(header::LOCATION).map_or("", |value| value.to_str().unwrap())
    }

    /// The value of a hidden field or another input of the page.
    pub fn field(&self, name: &str) -> String {
        let at = self
            .text
            .find(&format!("name=\"{name}\""))
            .unwrap_or_else(|| panic!("no {name} in {}", self.text));
        let start = self.text[..at].rfind('<').unwrap();
        let end = start + self.text[start..].find('>').unwrap();
        let element = &self.text[start..end];
        let value = element.split("value=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap_or("");
        value.to_owned()
    }

    /// The page's own part, for snapshots that a new entry of the navigation must not change.
    pub fn main(&self) -> String {
        let page = self.steady();
        let start = page.find("<main").unwrap();
        page[start..page.find("</main>").unwrap()].to_owned()
    }

    /// The page without what differs from one showing to the next.
    pub fn steady(&self) -> String {
        let mut text = self.text.clone();
        for (start, end) in [("nonce=\"", "\""), ("name=\"_key\" value=\"", "\""), ("/assets/", "\"")] {
            let mut from = 0;
            while let Some(at) = text[from..].find(start).map(|at| from + at + start.len()) {
                let until = at + text[at..].find(end).unwrap();
                text.replace_range(at..until, "…");
                from = at;
            }
        }
        text.replace("><", ">\n<")
    }
}

impl Browser {
    pub async fn get(&mut self, path: &str) -> Seen {
        self.send(Request::get(path).body(Body::empty()).unwrap()).await
    }

    /// Sends a form; an idempotency key is added unless the fields hold one.
    pub async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Seen {
        let mut pairs: Vec<(String, String)> =
            fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        if !fields.iter().any(|(name, _)| *name == crate::ui::form::KEY) {
            let key = store::IdempotencyKey::fresh().unwrap();
            pairs.push((crate::ui::form::KEY.to_owned(), key.to_string()));
        }
        let request = Request::post(path)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from(crate::form_body::encode(&pairs)))
            .unwrap();
        self.send(request).await
    }

    pub async fn send(&mut self, mut request: Request<Body>) -> Seen {
        let cookies: Vec<String> =
            self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let headers = request.headers_mut();
        if !cookies.is_empty() {
            headers.insert(header::COOKIE, cookies.join("; ").parse().unwrap());
        }
        headers.entry(header::HOST).or_insert(ORIGIN.trim_start_matches("http://").parse().unwrap());
        for (name, value) in &self.headers {
            headers.insert(name, value.clone());
        }
        if *request.method() != Method::GET {
            request.headers_mut().entry(header::ORIGIN).or_insert(ORIGIN.parse().unwrap());
        }
        let answer = self.router.clone().oneshot(request).await.unwrap();
        for cookie in answer.headers().get_all(header::SET_COOKIE) {
            let pair = cookie.to_str().unwrap().split(';').next().unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            self.cookies.retain(|(known, _)| known != name);
            if !value.is_empty() {
                self.cookies.push((name.to_owned(), value.to_owned()));
            }
        }
        let (parts, body) = answer.into_parts();
        let bytes = to_bytes(body, usize::MAX).await.unwrap();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        Seen { status: parts.status, headers: parts.headers, text, bytes }
    }
}
