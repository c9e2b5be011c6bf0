//! The city of the packs: 乌海 with its real divisions and the demonstration values, staff for every step, and a family in a line.

use std::path::Path;
use std::sync::atomic::{AtomicI64, AtomicU16, Ordering};
use std::sync::{Arc, OnceLock};

use catalogue::{LoadOptions, Release};
use office::access::{self, Actor, Granted, ManageStaff, NewPost, NewStaff, Permission, PostId};
use office::casework::{self, Acted, AttachmentId, Deed, Doer, LetterId, drafts, lists, view};
use office::forms::{Answers, FieldPath, Raw, specimen};
use office::{Office, OfficeError, divisions, means_test, people};
use store::testing::Copy;
use store::{CaseId, Db, DivisionId, IdempotencyKey, Keys, Query};
use vocab::{Calendar, CitizenId, Now};

use crate::town::{DAY, START, day, sign_in_and_change};

/// A JPEG as far as its first bytes tell.
const PHOTO: &[u8] = &[0xff, 0xd8, 0xff, 0xe0, 0, 16, b'J', b'F', b'I', b'F'];

pub struct Wuhai {
    pub office: Office,
    pub village: &'static str,
    clock: Arc<AtomicI64>,
    serial: AtomicU16,
    opened: (String, Arc<Keys>),
    pub village_worker: Actor,
    pub township_clerk: Actor,
    pub second_clerk: Actor,
    pub township_head: Actor,
    pub county_clerk: Actor,
    pub second_county_clerk: Actor,
    pub county_director: Actor,
    pub neighbour_clerk: Actor,
    pub accountant: Actor,
    pub approver: Actor,
    pub policy: Actor,
    pub releaser: Actor,
    /// From outside: sees the plan and comments.
    pub assessor: Actor,
    pub prefecture: DivisionId,
}

/// Who files and with what.
pub struct Family {
    pub names: Vec<&'static str>,
    pub births: Vec<&'static str>,
    /// Wages of each member, yuan a month.
    pub wages: Vec<&'static str>,
    pub deposits: &'static str,
    pub village: &'static str,
    /// Further answers: `page/field` or `page/index/field`, and the value.
    pub more: Vec<(&'static str, String)>,
}

impl Default for Family {
    fn default() -> Family {
        Family {
            names: vec!["金满仓", "李雪莲", "金子悦"],
            births: vec!["1981-03-05", "1984-11-19", "2012-06-01"],
            wages: vec!["1500", "0", "0"],
            deposits: "3000",
            village: VILLAGE,
            more: Vec::new(),
        }
    }
}

/// 新地村委会 in 千里山镇, 海勃湾区.
pub const VILLAGE: &str = "150302101203";
/// 和平社区居委会 in 凤凰岭街道 of the same district.
pub const NEIGHBOUR_VILLAGE: &str = "150302001002";
/// 新桥社区居委会 in 拉僧仲街道, 海南区, which has delegated confirmation to its townships.
pub const DELEGATED_VILLAGE: &str = "150303001006";
/// 2026-06-15 09:00 in Shanghai, before 社会救助法 is in force.
pub const BEFORE_THE_LAW: i64 = 1_781_485_200_000;

pub fn release() -> Arc<Release> {
    static READ: OnceLock<Arc<Release>> = OnceLock::new();
    let read = || {
        let packs = store::testing::packs();
        let folders = ["national", "wuhai", "demo-wuhai"].map(|pack| packs.join(pack));
        let folders: Vec<&Path> = folders.iter().map(std::path::PathBuf::as_path).collect();
        let options = LoadOptions { synthetic: true };
        Arc::new(Release::load_with(&folders, options).unwrap_or_else(|findings| panic!("{findings:#?}")))
    };
    Arc::clone(READ.get_or_init(read))
}

pub async fn cities(name: &str) -> Vec<Wuhai> {
    cities_of(name, VILLAGE, NEIGHBOUR_VILLAGE, START).await
}

/// The city with its staff in the township and county of a village.
pub async fn cities_of(name: &str, village: &'static str, neighbour: &'static str, start: i64) -> Vec<Wuhai> {
    let kind = format!("wuhai_{village}_{neighbour}_{start}");
    let mut cities = Vec::new();
    for copy in store::testing::copies(&kind, name, |db| make(db, village, neighbour, start)).await {
        cities.push(Wuhai::found(copy, village, start).await);
    }
    cities
}

pub fn office(db: Db, release: Arc<Release>, clock: &Arc<AtomicI64>) -> Office {
    let calendar = Arc::new(Calendar::from_json(include_str!("../../../../facts/holidays.json")).unwrap());
    let hand = Arc::clone(clock);
    Office::new(db, calendar, release, Arc::new(move || Now::from_unix_ms(hand.load(Ordering::SeqCst))))
}

/// Login and role of the staff; in the village, its township, the county, the neighbouring township or the prefecture.
const STAFF: [(&str, &str, Place); 17] = [
    ("cun", "village_worker", Place::Village),
    ("zhen", "township_clerk", Place::Township),
    ("zhen2", "township_clerk", Place::Township),
    ("zhenzhang", "township_head", Place::Township),
    ("xian", "county_clerk", Place::County),
    ("xian2", "county_clerk", Place::County),
    ("juzhang", "county_director", Place::County),
    ("linzhen", "township_clerk", Place::Neighbour),
    ("kuaiji", "county_accountant", Place::County),
    ("fuhe", "county_payment_approver", Place::County),
    ("zhengce", "prefecture_policy", Place::Prefecture),
    ("fabu", "prefecture_releaser", Place::Prefecture),
    ("pinggu", "plan_assessor", Place::Prefecture),
    ("choucha", "prefecture_inspector", Place::Prefecture),
    // Departments' own accounts: a bank's, the medical insurance's, rural revitalisation's.
    ("yinhang", "department_clerk:banks", Place::County),
    ("yibao", "department_clerk:medical_insurance", Place::County),
    ("nongye", "department_clerk:rural_affairs", Place::County),
];

/// What the offices' own staff work for.
const BUSINESSES: [&str; 5] = ["assistance", "disability", "funeral", "elderly", "children"];

#[derive(Clone, Copy)]
enum Place {
    Village,
    Township,
    County,
    Neighbour,
    Prefecture,
}

/// Fills the model of the city: divisions, the packs' tables, staff.
async fn make(db: Db, village: &str, neighbour: &str, start: i64) {
    db.migrate(&office::migrations()).await.unwrap();
    divisions::import(&db, &release(), day("2020-01-01")).await.unwrap();
    let release =
        office::releases::install(&db, Release::clone(&release()), Now::from_unix_ms(start)).await.unwrap();
    people::prepare_projections(&db, &release).await.unwrap();
    office::records::prepare(&db, &release).await.unwrap();
    let office = office(db, release, &Arc::new(AtomicI64::new(start)));
    let at = async |code: &str| divisions::by_code(office.db(), code).await.unwrap().id;
    let prefecture = at("150300").await;
    let password =
        access::create_first_administrator(&office, "root", "首位管理员", prefecture).await.unwrap();
    let root = sign_in_and_change(&office, "root", password.reveal(), "quiet-river-47").await;
    for (login, role, place) in STAFF {
        let division = match place {
            Place::Village => at(village).await,
            Place::Township => at(&village[..9]).await,
            Place::County => at(&village[..6]).await,
            Place::Neighbour => at(&neighbour[..9]).await,
            Place::Prefecture => prefecture,
        };
        staff(&office, &root, login, division, role).await;
    }
    let policy = actor(&office, "zhengce").await;
    reported_by_hand(&office, &policy).await;
}

/// The actor at the only post of a member of staff.
pub async fn actor(office: &Office, login: &str) -> Actor {
    let sql = "SELECT post.id FROM post JOIN staff ON staff.id = post.staff_id WHERE staff.login = ?";
    let post: i64 = Query::system("test", sql).bind(login).scalar(office.db()).await.unwrap();
    access::actor_of_synthetic(office, PostId(post)).await.unwrap()
}

/// The tests report the plan's figures by hand: what the packs compute is ended. `plan_links.rs` begins before that.
async fn reported_by_hand(office: &Office, policy: &Actor) {
    let release = office.release();
    let mut rows = Vec::new();
    for book in &release.plans {
        for one in &book.indicators {
            let Some(by) = &one.measured_by else { continue };
            let staff = policy.staff;
            let (plan, indicator) = (book.plan.id.as_str(), one.id.as_str());
            rows.push(store::values![plan, indicator, by.as_str(), staff, 1_i64, staff, 1_i64]);
        }
    }
    let columns = ["plan", "indicator", "computed_by", "linked_by", "linked_at", "ended_by", "ended_at"];
    store::insert_many(&store::Scope::System("test"), office.db(), "plan_link", &columns, rows)
        .await
        .unwrap();
}

impl Wuhai {
    /// The city of a copy.
    async fn found(copy: Copy, village: &'static str, start: i64) -> Wuhai {
        let clock = Arc::new(AtomicI64::new(start));
        let office = office(copy.db, release(), &clock);
        let actor = async |login: &str| actor(&office, login).await;
        Wuhai {
            village_worker: actor("cun").await,
            township_clerk: actor("zhen").await,
            second_clerk: actor("zhen2").await,
            township_head: actor("zhenzhang").await,
            county_clerk: actor("xian").await,
            second_county_clerk: actor("xian2").await,
            county_director: actor("juzhang").await,
            neighbour_clerk: actor("linzhen").await,
            accountant: actor("kuaiji").await,
            approver: actor("fuhe").await,
            policy: actor("zhengce").await,
            releaser: actor("fabu").await,
            assessor: actor("pinggu").await,
            prefecture: divisions::by_code(office.db(), "150300").await.unwrap().id,
            village,
            clock,
            office,
            serial: AtomicU16::new(1),
            opened: (copy.url, copy.keys),
        }
    }

    /// The program ends and begins again: everything is read back from the database.
    pub async fn restarted(self) -> Wuhai {
        let Wuhai { office, clock, opened, .. } = &self;
        let (url, keys) = opened;
        let db = Db::connect(url, Arc::clone(keys)).await.unwrap();
        let release = office::releases::current(&db).await.unwrap();
        assert_eq!(release.hash, office.release().hash);
        Wuhai { office: self::office(db, release, clock), ..self }
    }

    /// The same city with a clock that has moved on whenever it is looked at again, as a machine's has.
    pub fn ticking(self) -> Wuhai {
        let hand = Arc::clone(&self.clock);
        let clock = Arc::new(move || Now::from_unix_ms(hand.fetch_add(1, Ordering::SeqCst)));
        let calendar = Arc::new(self.office.calendar().clone());
        let office = Office::new(self.office.db().clone(), calendar, self.office.release(), clock);
        Wuhai { office, ..self }
    }

    /// Days go by; the night's round runs.
    pub async fn days(&self, days: i64) {
        self.clock.fetch_add(days * DAY, Ordering::SeqCst);
        casework::tick::tick(&self.office).await.unwrap();
    }

    /// Minutes go by.
    pub fn minutes(&self, minutes: i64) {
        self.clock.fetch_add(minutes * 60_000, Ordering::SeqCst);
    }

    pub async fn photo(&self, owner: &str) -> AttachmentId {
        casework::attachments::put(&self.office, owner, "签名.jpg", PHOTO).await.unwrap()
    }

    /// The application as the family would fill it.
    pub async fn application(&self, owner: &str, family: &Family) -> Answers {
        self.application_for("dibao", owner, family).await
    }

    /// The application for any matter.
    pub async fn application_for(&self, item: &str, owner: &str, family: &Family) -> Answers {
        let photo = self.photo(owner).await.to_string();
        let release = self.office.release();
        let form = release.forms.get(&release.items.get(item).unwrap().form).unwrap();
        let today = self.office.now().today();
        let ids: Vec<CitizenId> = family
            .births
            .iter()
            .map(|born| CitizenId::synthetic(2, day(born), self.serial.fetch_add(1, Ordering::SeqCst)))
            .collect();
        let text = |text: &str| Some(Raw::from(text));
        specimen(&release, form, family.names.len(), &photo, |page, record, field| {
            let path = match record {
                Some(index) => format!("{}/{index}/{}", page.id, field.id),
                None => format!("{}/{}", page.id, field.id),
            };
            if let Some((_, value)) = family.more.iter().find(|(known, _)| *known == path) {
                return Some(Raw::from(value.as_str()));
            }
            match (page.id.as_str(), field.id.as_str(), record) {
                (_, "name", index) => text(family.names[index.unwrap_or(0)]),
                (_, "citizen_id", index) => text(ids[index.unwrap_or(0)].expose()),
                ("home", "residence_division" | "registered_division", _) => {
                    text(if family.village == VILLAGE { self.village } else { family.village })
                }
                ("home", "registered_here", _) => text("yes"),
                ("home", "area", _) => text("rural"),
                ("family", "relation", Some(0)) => text("head"),
                ("family", "relation", Some(1)) => text("spouse"),
                ("family", "relation", _) => text("child"),
                ("family", "work_ability", _) => text("full"),
                ("income", "employed", Some(index)) => {
                    text(if family.wages[index] == "0" { "no" } else { "yes" })
                }
                ("income", "wage_income", Some(index)) => text(family.wages[index]),
                ("property", "deposits", _) => text(family.deposits),
                ("property", "houses", _) => text("1"),
                ("account", "account_number", _) => text("6217000000000000012"),
                ("incident", "incident_division", _) => text(self.village),
                ("incident", "emergency_kind", _) => text("fire"),
                _ if *field.kind == catalogue::definition::FieldKind::Date => Some(date_parts(today)),
                _ => None,
            }
        })
    }

    /// Filed at the window.
    pub async fn file(&self, family: &Family) -> Result<CaseId, OfficeError> {
        self.file_for("dibao", family).await
    }

    /// Any matter, filed at the window.
    pub async fn file_for(&self, item: &str, family: &Family) -> Result<CaseId, OfficeError> {
        self.file_by(&self.township_clerk, item, family).await
    }

    /// Any matter, filed at the window of an office.
    pub async fn file_by(&self, clerk: &Actor, item: &str, family: &Family) -> Result<CaseId, OfficeError> {
        let desk = clerk.grant().unwrap();
        let filler = drafts::Filler::Desk(&desk);
        let draft = drafts::begin(&self.office, filler, item, None).await?;
        let answers = self.application_for(item, &filler.owner(), family).await;
        let open = drafts::open(&self.office, filler, draft).await?;
        drafts::save(&self.office, filler, draft, open.version, &answers).await?;
        drafts::submit(&self.office, filler, draft, &IdempotencyKey::fresh().unwrap()).await
    }

    /// Another member of a case's family asks for the same, on line: the form begins with what is on file.
    pub async fn file_again(&self, item: &str, case: CaseId, member: usize) -> Result<CaseId, OfficeError> {
        self.file_again_with(item, case, member, Vec::new()).await
    }

    /// As [`Wuhai::file_again`], with answers that are not on file; the applicant is the first of the family.
    pub async fn file_again_with(
        &self,
        item: &str,
        case: CaseId,
        member: usize,
        more: Vec<(&'static str, String)>,
    ) -> Result<CaseId, OfficeError> {
        let (case, now) = (self.seen(case).await.case, self.office.now());
        let scope = store::Scope::System("test");
        let members =
            people::members_as_of(self.office.db(), &scope, case.household, now.today(), now.at_ms()).await?;
        let citizen = access::citizen_of_synthetic(&self.office, members[member].person).await?;
        let filler = drafts::Filler::Citizen(&citizen);
        let draft = drafts::begin(&self.office, filler, item, None).await?;
        let open = drafts::open(&self.office, filler, draft).await?;
        let family = Family {
            names: vec!["—"; members.len()],
            births: vec!["1950-01-01"; members.len()],
            wages: vec!["0"; members.len()],
            more,
            ..Family::default()
        };
        let mut answers = self.application_for(item, &filler.owner(), &family).await;
        let release = self.office.release();
        let form = release.forms.get(&release.items.get(item).unwrap().form).unwrap();
        for (page, field) in form.fields() {
            for record in std::iter::once(None).chain((0..members.len()).map(Some)) {
                let path = FieldPath::new(page, record.filter(|_| page.repeat.is_some()), field);
                if let Some(known) = open.answers.get(&path) {
                    answers.set(&path, known.clone());
                }
            }
        }
        drafts::save(&self.office, filler, draft, open.version, &answers).await?;
        drafts::submit(&self.office, filler, draft, &IdempotencyKey::fresh().unwrap()).await
    }

    /// Does an action with its form filled in the simplest right way, changed as told (`page/field` or `page/index/field`).
    pub async fn act(
        &self,
        actor: &Actor,
        case: CaseId,
        action: &str,
        changes: &[(&str, &str)],
        reasons: &[&str],
    ) -> Result<Acted, OfficeError> {
        self.act_by(Doer::Desk(actor), case, action, changes, reasons).await
    }

    /// As [`Wuhai::act`], by an officer or by the family itself.
    pub async fn act_by(
        &self,
        doer: Doer<'_>,
        case: CaseId,
        action: &str,
        changes: &[(&str, &str)],
        reasons: &[&str],
    ) -> Result<Acted, OfficeError> {
        let deed = self.deed(doer, case, action, changes, reasons).await?;
        casework::act::act(&self.office, doer, &deed).await
    }

    /// What [`Wuhai::act_by`] sends.
    pub async fn deed(
        &self,
        doer: Doer<'_>,
        case: CaseId,
        action: &str,
        changes: &[(&str, &str)],
        reasons: &[&str],
    ) -> Result<Deed, OfficeError> {
        let page = view::action_page(&self.office, doer, case, action).await?;
        let photo = self.photo(&doer.owner()).await.to_string();
        let today = self.office.now().today();
        let answers = match &page.action.form {
            None => Answers::new(),
            Some(form) => {
                let form = page.release.forms.get(form).unwrap();
                let mut answers = specimen(&page.release, form, page.members.len(), &photo, |_, _, field| {
                    match field.id.as_str() {
                        "cooperation" | "property_judged" | "agree" => Some(Raw::from("yes")),
                        "work_ability" => Some(Raw::from("full")),
                        "houses" => Some(Raw::from("1")),
                        _ => None,
                    }
                });
                for (page, field) in form.fields() {
                    if *field.kind == catalogue::definition::FieldKind::Date {
                        answers.set(&FieldPath::new(page, None, field), date_parts(today));
                    }
                }
                for (path, value) in changes {
                    let parts: Vec<&str> = path.split('/').collect();
                    let (page, index, id) = match parts[..] {
                        [page, field] => (page, None, field),
                        [page, index, field] => (page, Some(index.parse().unwrap()), field),
                        _ => panic!("{path}"),
                    };
                    let page = form.page(page).unwrap_or_else(|| panic!("{path}"));
                    let field =
                        page.fields.iter().find(|field| *field.id == *id).unwrap_or_else(|| panic!("{path}"));
                    answers.set(&FieldPath::new(page, index, field), Raw::from(*value));
                }
                answers
            }
        };
        Ok(Deed {
            case,
            action: action.to_owned(),
            answers,
            reasons: reasons.iter().map(|reason| (*reason).to_owned()).collect(),
            version: page.case.version,
            key: IdempotencyKey::fresh().unwrap(),
        })
    }

    /// The county hands in one row of every department, so that a query finds the family has nothing there.
    pub async fn departments(&self) {
        let handed_in = self.office.now().today() - chrono::Days::new(3);
        let stranger = CitizenId::synthetic(77, day("1970-01-01"), 1);
        let id = stranger.expose();
        for (dataset, csv) in [
            ("real_estate", format!("身份证号,姓名,不动产权证号,数据日期\n{id},张三,1号,{handed_in}\n")),
            ("vehicles", format!("身份证号,姓名,号牌号码,数据日期\n{id},张三,蒙C00001,{handed_in}\n")),
        ] {
            self.department_file(dataset, &csv).await;
        }
    }

    /// A department's file, read in by the county.
    pub async fn department_file(&self, dataset: &str, csv: &str) {
        let granted = self.county_clerk.grant().unwrap();
        let name = format!("{dataset}.csv");
        let preview = means_test::preview_department_file(
            &self.office,
            &granted,
            dataset,
            "",
            &name,
            csv.as_bytes(),
            None,
        )
        .await
        .unwrap();
        means_test::commit_department_file(&self.office, &granted, preview.upload, false).await.unwrap();
        let kinds = [means_test::DEPARTMENT_FILE_JOB];
        while let Some(claim) = store::jobs::claim(self.office.db(), &kinds, "test").await.unwrap() {
            means_test::work_department_file(&self.office, &claim).await.unwrap();
        }
    }

    /// From acceptance to the report of the means test and the visit.
    pub async fn investigated(&self, case: CaseId, wage: &str) {
        self.act(&self.township_clerk, case, "accept", &[], &[]).await.unwrap();
        self.act(&self.township_clerk, case, "request_means_test", &[], &[]).await.unwrap();
        self.act(&self.county_clerk, case, "start_means_test", &[], &[]).await.unwrap();
        self.departments().await;
        means_test::run(&self.office, &grant(&self.county_clerk), case, "最低生活保障申请核对")
            .await
            .unwrap();
        let changes = [("visit_income/0/employed", "yes"), ("visit_income/0/wage_income", wage)];
        self.act(&self.township_clerk, case, "visit", &changes, &[]).await.unwrap();
    }

    /// Decided: what the rules allow is granted.
    pub async fn granted(&self, family: &Family) -> CaseId {
        let case = self.published(family).await;
        self.act(&self.county_clerk, case, "examine", &[], &[]).await.unwrap();
        self.act(&self.county_director, case, "confirm", &[], &[]).await.unwrap();
        case
    }

    /// A case as its own county reads it.
    pub async fn seen(&self, case: CaseId) -> view::CaseView {
        view::open(&self.office, &grant(&self.county_director), case).await.unwrap()
    }

    /// The open tasks of an officer's office, the most urgent first.
    pub async fn work(&self, actor: &Actor) -> Vec<lists::Work> {
        let filter = lists::WorkFilter::default();
        lists::worklist(&self.office, &grant(actor), &filter, None).await.unwrap().rows
    }

    /// What the letters of a case were told to say, the oldest first.
    pub async fn letters(&self, case: CaseId) -> Vec<(String, serde_json::Value)> {
        let own: Vec<LetterId> = self.seen(case).await.letters.iter().map(|letter| letter.id).collect();
        let mut letters = casework::letters::waiting(&self.office, 500).await.unwrap();
        letters.retain(|letter| own.contains(&letter.id));
        letters.into_iter().map(|letter| (letter.letter, letter.content)).collect()
    }

    /// The last letter of a kind.
    pub async fn letter(&self, case: CaseId, kind: &str) -> serde_json::Value {
        let mut letters = self.letters(case).await;
        letters.retain(|(letter, _)| letter == kind);
        letters.pop().unwrap_or_else(|| panic!("no letter {kind}")).1
    }

    /// From filing to the end of the notice: what most tests begin with.
    pub async fn published(&self, family: &Family) -> CaseId {
        let case = self.file(family).await.unwrap();
        self.investigated(case, family.wages[0]).await;
        self.act(&self.second_clerk, case, "opine", &[], &[]).await.unwrap();
        self.days(8).await;
        self.act(&self.village_worker, case, "close_notice", &[], &[]).await.unwrap();
        case
    }
}

/// A day as its three boxes.
fn date_parts(day: chrono::NaiveDate) -> Raw {
    let parts = [("year", day.format("%Y")), ("month", day.format("%m")), ("day", day.format("%d"))];
    Raw::Parts(parts.map(|(part, value)| (part.to_owned(), value.to_string())).into_iter().collect())
}

pub async fn staff(office: &Office, root: &Actor, login: &str, division: DivisionId, role: &str) {
    let root: Granted<ManageStaff> = root.grant().unwrap();
    let new = NewStaff {
        login: login.to_owned(),
        name: "其木格".to_owned(),
        division: Some(division),
        ..NewStaff::default()
    };
    let (staff, _) = access::create_staff(office, &root, &new).await.unwrap();
    let (role, businesses) = match role.split_once(':') {
        Some((role, department)) => (role, vec![format!("{}{department}", access::DEPARTMENT)]),
        None => (role, BUSINESSES.map(str::to_owned).to_vec()),
    };
    let post = NewPost {
        division,
        roles: vec![role.to_owned()],
        businesses,
        from_on: day("2026-01-01"),
        until_on: None,
    };
    access::add_post(office, &root, staff, &post).await.unwrap();
}

pub fn grant<P: Permission>(actor: &Actor) -> Granted<P> {
    actor.grant().unwrap()
}
