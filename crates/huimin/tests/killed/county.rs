//! A county whose month is to be paid: families on the roll, last month paid with failures, recoveries under way. Made once
//! and copied for every round.

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use catalogue::{LoadOptions, Release};
use chrono::NaiveDate;
use ledger::payee::{NewPayee, Proposer};
use ledger::{
    AmountCause, AnswerOutcome, AnswerRow, BankAccountId, ControlTotals, Decision, Grant, MonthAmount,
    Officer, RecoveryTerms, RunId, bank, run,
};
use office::access::{self, NewPost, NewStaff, SignedIn};
use office::people::{self, MemberChange, NewAccount, NewFamily, NewPerson, NewPlace};
use office::{Office, divisions, releases};
use store::{AuditActor, Db, DivisionId, Keys, Query, Scope, StaffId};
use vocab::{Calendar, CitizenId, Fen, Month, Now};

pub const PASSWORD: &str = "quiet-river-47";
pub const ACCOUNTANT: &str = "accountant";
pub const APPROVER: &str = "approver";
const TEST: Scope = Scope::System("test");

fn now() -> Now {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    Now::from_unix_ms(i64::try_from(since.as_millis()).unwrap())
}

/// The month that the test pays.
pub fn month() -> Month {
    now().month()
}

/// The day on which the bank sends back what it had paid: year, month and day.
pub fn today() -> (String, String, String) {
    let today = now().today();
    let part = |part: &str| today.format(part).to_string();
    (part("%Y"), part("%m"), part("%d"))
}

fn release() -> Release {
    let packs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../packs");
    let folders = ["national", "wuhai", "demo-wuhai"].map(|name| packs.join(name));
    let folders: Vec<&Path> = folders.iter().map(std::path::PathBuf::as_path).collect();
    Release::load_with(&folders, LoadOptions { synthetic: true }).unwrap()
}

/// Makes the county at the address and closes it.
pub async fn make(url: &str, keys: Arc<Keys>, families: i64) {
    let db = Db::create(url, true, keys).await.unwrap();
    db.migrate(&office::migrations()).await.unwrap();
    let release = release();
    divisions::import(&db, &release, Month::FIRST.first_day()).await.unwrap();
    people::prepare_projections(&db, &release).await.unwrap();
    office::records::prepare(&db, &release).await.unwrap();
    let release = releases::install(&db, release, now()).await.unwrap();
    let calendar = Calendar::from_json(include_str!("../../../../facts/holidays.json")).unwrap();
    let office = Office::new(db, Arc::new(calendar), release, Arc::new(now));
    let id = async |code: &str| divisions::by_code(office.db(), code).await.unwrap().id;
    let (prefecture, county, township) = (id("150300").await, id("150302").await, id("150302001").await);
    let village = divisions::children(office.db(), township).await.unwrap()[0].id;
    employ(&office, prefecture, county).await;
    grant(&office, county, township, village, families).await;
    last_month(&office, county, families).await;
    office.db().optimize().await.unwrap();
    office.db().close().await.unwrap();
}

async fn own_password(office: &Office, login: &str, once: &str) -> access::Actor {
    let sign_in = async |password: &str| match access::sign_in_staff(office, login, password).await.unwrap().1
    {
        SignedIn::Staff(actor) => actor,
        SignedIn::Citizen(_) => panic!("a member of staff signed in as a citizen"),
    };
    let actor = sign_in(once).await;
    access::change_password(office, &actor, once, PASSWORD).await.unwrap();
    sign_in(PASSWORD).await
}

async fn employ(office: &Office, prefecture: DivisionId, county: DivisionId) {
    let once = access::create_first_administrator(office, "root", "周建国", prefecture).await.unwrap();
    let root = own_password(office, "root", once.reveal()).await.grant().unwrap();
    for (login, role) in [(ACCOUNTANT, "county_accountant"), (APPROVER, "county_payment_approver")] {
        let new = NewStaff {
            login: login.to_owned(),
            name: "吴一凡".to_owned(),
            division: Some(county),
            ..NewStaff::default()
        };
        let (id, once) = access::create_staff(office, &root, &new).await.unwrap();
        let post = NewPost {
            division: county,
            roles: vec![role.to_owned()],
            businesses: vec!["assistance".to_owned()],
            from_on: NaiveDate::from_ymd_opt(2026, 1, 1).unwrap(),
            until_on: None,
        };
        access::add_post(office, &root, id, &post).await.unwrap();
        own_password(office, login, once.reveal()).await;
    }
}

fn decision(reason: &str) -> Decision {
    Decision {
        reference: format!("海民救〔2026〕{reason}号"),
        reason: reason.to_owned(),
        case: None,
        determination: None,
        officer: StaffId(1),
        at: now(),
    }
}

/// Families of one or two, on the roll since last month; every hundredth has no account.
async fn grant(
    office: &Office,
    county: DivisionId,
    township: DivisionId,
    village: DivisionId,
    families: i64,
) {
    let person = |number: i64, place: u16| {
        let born = NaiveDate::from_ymd_opt(1940, 1, 1).unwrap() + chrono::Days::new(number.unsigned_abs());
        NewPerson {
            name: ["赵桂兰", "钱大勇"][usize::from(place)].parse().unwrap(),
            citizen_id: CitizenId::synthetic(1, born, 2 + place),
            phone: None,
            division: village,
            residence: Some(village),
        }
    };
    let who = AuditActor { staff: Some(StaffId(1)), ..AuditActor::default() };
    let change = MemberChange { on: now().today(), reason: "登记".to_owned(), case: None };
    let from = month().previous();
    let group = office.release().programmes.get("dibao").unwrap().exclusion_group.get().clone();
    let numbers: Vec<i64> = (1..=families).collect();
    for numbers in numbers.chunks(200) {
        let new: Vec<NewFamily> = numbers
            .iter()
            .map(|number| NewFamily {
                place: NewPlace {
                    division: village,
                    registered_division: village,
                    area: "urban".to_owned(),
                    address: None,
                },
                members: ["head", "spouse"]
                    .iter()
                    .zip(0..1 + u16::try_from(number % 2).unwrap())
                    .map(|(relation, place)| (person(*number, place), (*relation).to_owned()))
                    .collect(),
            })
            .collect();
        let tx = office.db().begin().await.unwrap();
        let registered = people::register_families_in(office, &tx, &who, &new, &change).await.unwrap();
        for (number, ids) in numbers.iter().zip(registered) {
            let account = NewAccount {
                person: ids.persons[0],
                holder_name: "赵桂兰".parse().unwrap(),
                bank: "postal".to_owned(),
                number: format!("10{number:014}").parse().unwrap(),
            };
            let payee = if number % 100 == 0 {
                None
            } else {
                let id = people::add_account_in(office, &tx, &TEST, &who, &account).await.unwrap();
                Some(NewPayee {
                    account: BankAccountId(id.0),
                    holder_name: "赵桂兰".to_owned(),
                    bank: account.bank.clone(),
                    number_tail: account.number.last_four().to_owned(),
                    proposed_by: Proposer::Staff(StaffId(2)),
                })
            };
            let new = Grant {
                programme: "dibao".to_owned(),
                exclusion_group: group.clone(),
                household: ids.household,
                holder: ids.persons[0],
                members: ids.persons.clone(),
                county,
                township,
                division: village,
                from,
                first_due: from,
                until: None,
                monthly: Fen(30_000 + number % 500 * 100),
                cause: AmountCause::Grant,
                payee,
                review_due_on: None,
            };
            ledger::grant(&tx, &new, &decision("1")).await.unwrap();
        }
        tx.commit().await.unwrap();
    }
}

/// Last month was paid, every fiftieth account refused; every fortieth family gives something back by instalments.
async fn last_month(office: &Office, county: DivisionId, families: i64) {
    let db = office.db();
    let go_on: &mut (dyn FnMut(ledger::Progress) -> ControlFlow<()> + Send) =
        &mut |_| ControlFlow::Continue(());
    let (maker, approver) =
        (Officer { staff: StaffId(2), at: now() }, Officer { staff: StaffId(3), at: now() });
    let id: RunId =
        run::make_run(db, &TEST, county, "dibao", month().previous(), maker, go_on).await.unwrap();
    let made = run::load(db, &TEST, id).await.unwrap();
    let totals = ControlTotals { count: made.line_count, total: made.total };
    let tx = db.begin().await.unwrap();
    ledger::approve(&tx, &TEST, id, totals, approver).await.unwrap();
    bank::begin_export(&tx, &TEST, id, &"ab".repeat(32), totals, maker).await.unwrap();
    tx.commit().await.unwrap();
    run::carry_on(db, id, go_on).await.unwrap();
    let lines = bank::lines(db, &TEST, id, 0, usize::try_from(families).unwrap()).await.unwrap();
    let rows: Vec<AnswerRow> = lines
        .iter()
        .map(|line| AnswerRow {
            line_no: line.line_no,
            amount: line.amount,
            outcome: if line.entitlement.0 % 50 == 0 {
                AnswerOutcome::Failed("账户已销户".to_owned())
            } else {
                AnswerOutcome::Succeeded
            },
            bank_reference: format!("B{}", line.line_no),
        })
        .collect();
    let tx = db.begin().await.unwrap();
    bank::read_answer(&tx, &TEST, id, &rows, totals, maker).await.unwrap();
    tx.commit().await.unwrap();
    run::carry_on(db, id, go_on).await.unwrap();
    for line in lines.iter().filter(|line| line.entitlement.0 % 40 == 0) {
        let should = [MonthAmount { month: month().previous(), amount: Fen(line.amount.0 - 9_000) }];
        let proposal = ledger::propose(db, &TEST, line.entitlement, &should).await.unwrap();
        let terms = RecoveryTerms { offset_per_month: Some(Fen(4_000)) };
        let tx = db.begin().await.unwrap();
        ledger::post_recovery(&tx, &TEST, &proposal, terms, &decision("2")).await.unwrap();
        tx.commit().await.unwrap();
    }
}

/// All that the books say, without the numbers of rows and moments: the same for the same month however it came about.
pub async fn books(db: &Db) -> Vec<String> {
    const TABLES: [&str; 11] = [
        "SELECT 'run ' || r.kind || ' ' || CAST(r.month AS TEXT) || ' ' || r.state || ' ' || CAST(r.line_count AS TEXT) || ' ' || \
         CAST(r.total_fen AS TEXT) || ' ' || CAST(r.blocked_count AS TEXT) || ' ' || COALESCE(r.file_sm3, '') FROM payment_run r",
        "SELECT 'line ' || CAST(r.month AS TEXT) || ' ' || CAST(l.entitlement_id AS TEXT) || ' ' || COALESCE(CAST(l.line_no AS TEXT), '') \
         || ' ' || COALESCE(CAST(l.payee_id AS TEXT), '') || ' ' || CAST(l.amount_fen AS TEXT) || ' ' || l.state || ' ' || \
         COALESCE(l.reason, '') || ' ' || COALESCE(l.bank_reference, '') FROM payment_line l JOIN payment_run r ON r.id = l.run_id",
        "SELECT 'due ' || CAST(d.entitlement_id AS TEXT) || ' ' || CAST(d.month AS TEXT) || ' ' || CAST(d.revision AS TEXT) || ' ' || \
         CAST(d.amount_fen AS TEXT) || ' ' || d.kind FROM due d",
        "SELECT 'attempt ' || CAST(d.entitlement_id AS TEXT) || ' ' || CAST(d.month AS TEXT) || ' ' || CAST(d.revision AS TEXT) || ' ' || \
         CAST(t.number AS TEXT) || ' ' || CAST(t.amount_fen AS TEXT) || ' ' || t.state FROM attempt t JOIN due d ON d.id = t.due_id",
        "SELECT 'unpaid ' || CAST(u.entitlement_id AS TEXT) || ' ' || CAST(u.amount_fen AS TEXT) FROM unpaid_due u",
        "SELECT 'coverage ' || CAST(c.entitlement_id AS TEXT) || ' ' || CAST(c.month AS TEXT) || ' ' || CAST(c.person_id AS TEXT) FROM coverage c",
        "SELECT 'recovery ' || CAST(n.recovery_id AS TEXT) || ' ' || n.kind || ' ' || CAST(n.amount_fen AS TEXT) || ' ' || \
         CAST(d.month AS TEXT) FROM recovery_entry n JOIN due d ON d.id = n.due_id",
        "SELECT 'posting ' || j.kind || ' ' || CAST(j.month AS TEXT) || ' ' || p.account || ' ' || \
         COALESCE(CAST(p.entitlement_id AS TEXT), '') || ' ' || CAST(p.amount_fen AS TEXT) FROM posting p JOIN journal j ON j.id = p.journal_id",
        "SELECT 'journals ' || j.kind || ' ' || CAST(j.month AS TEXT) || ' ' || CAST(COUNT(*) AS TEXT) FROM journal j GROUP BY j.kind, j.month",
        "SELECT 'answer ' || CAST(b.line_no AS TEXT) || ' ' || CAST(b.amount_fen AS TEXT) || ' ' || b.bank_reference FROM bank_answer b \
         WHERE b.applied",
        "SELECT 'bounce ' || CAST(l.line_no AS TEXT) || ' ' || CAST(b.amount_fen AS TEXT) || ' ' || b.reason || ' ' || b.bank_reference \
         FROM bounce b JOIN payment_line l ON l.id = b.line_id",
    ];
    let mut books = Vec::new();
    for sql in TABLES {
        books.extend(Query::system("test", sql).scalars::<String>(db).await.unwrap());
    }
    books.sort_unstable();
    books
}
