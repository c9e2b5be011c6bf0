//! The server killed (SIGKILL) at random points of making a month's run, approving it, exporting the bank's file, reading
//! the answer and what the bank sends back after it. Started again and asked again, it ends with the same books, the same file and a sound audit chain as the
//! server that nobody killed.
//!
//! `HUIMIN_KILLS=50` kills at fifty points on each database; `HUIMIN_KILL_SEED` repeats a run of the test.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod browser;
mod county;

use std::fs::File;
use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use browser::{Browser, Seen};
use county::{ACCOUNTANT, APPROVER, PASSWORD};
use store::{Db, Keys, Query};
use vocab::Fen;

/// More than two batches of a thousand.
const FAMILIES: i64 = 2_100;
/// Kills in one month.
const KILLS_PER_ROUND: usize = 3;
/// Longer than anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// The parts of the month in which the server is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Make,
    Approve,
    Export,
    Answer,
    Return,
}

const PARTS: [Part; 5] = [Part::Make, Part::Approve, Part::Export, Part::Answer, Part::Return];

/// `huimin serve` as a process of its own.
struct Server {
    process: Arc<Mutex<Child>>,
}

impl Server {
    fn start(url: &str, keys: &Path, at: SocketAddr, log: &Path) -> Server {
        let log = File::options().create(true).append(true).open(log).unwrap();
        let process = Command::new(env!("CARGO_BIN_EXE_huimin"))
            .args(["serve", "--database", url, "--listen", &at.to_string(), "--keys"])
            .arg(keys)
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        let server = Server { process: Arc::new(Mutex::new(process)) };
        let began = Instant::now();
        while TcpStream::connect(at).is_err() {
            assert!(began.elapsed() < PATIENCE, "the server does not start");
            assert!(server.process.lock().unwrap().try_wait().unwrap().is_none(), "the server has ended");
            std::thread::sleep(Duration::from_millis(5));
        }
        server
    }

    /// SIGKILL after a time, from the side.
    fn kill_after(&self, delay: Duration) {
        let process = Arc::clone(&self.process);
        std::thread::spawn(move || {
            std::thread::sleep(delay);
            kill(&process);
        });
    }

    fn is_dead(&self) -> bool {
        self.process.lock().unwrap().try_wait().unwrap().is_some()
    }
}

/// On Unix `Child::kill` is SIGKILL.
fn kill(process: &Mutex<Child>) {
    let mut process = process.lock().unwrap();
    let _ = process.kill();
    process.wait().unwrap();
}

impl Drop for Server {
    fn drop(&mut self) {
        kill(&self.process);
    }
}

/// A kill still to come.
#[derive(Debug, Clone, Copy)]
struct Kill {
    part: Part,
    /// Part of the time that the undisturbed server needed, in thousandths.
    thousandths: u32,
}

/// One month over HTTP.
struct Round {
    url: String,
    keys: PathBuf,
    log: PathBuf,
    at: SocketAddr,
    server: Server,
    accountant: Browser,
    approver: Browser,
    kills: Vec<Kill>,
    /// What the parts took when nobody killed.
    usual: [Duration; 5],
    deaths: Vec<Part>,
}

impl Round {
    fn new(url: String, keys: &Path, log: &Path, kills: Vec<Kill>, usual: [Duration; 5]) -> Round {
        let at = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let server = Server::start(&url, keys, at, log);
        let browser = |login: &str| {
            let mut browser = Browser::new(at);
            let key = format!("sign-in-{login}-0001");
            let fields = [("login", login), ("password", PASSWORD), ("_key", key.as_str())];
            let seen = browser.post("/desk/sign-in", &fields).unwrap();
            assert_eq!(seen.status, 303, "{}", seen.text);
            browser
        };
        let (accountant, approver) = (browser(ACCOUNTANT), browser(APPROVER));
        let (keys, log, deaths) = (keys.to_owned(), log.to_owned(), Vec::new());
        Round { url, keys, log, at, server, accountant, approver, kills, usual, deaths }
    }

    /// Does a part of the month until it is done, as a person would who sees that the page does not come: waits for the
    /// server, and tries again.
    fn until_done<T>(
        &mut self,
        part: Part,
        mut attempt: impl FnMut(&mut Round) -> io::Result<Option<T>>,
    ) -> (T, Duration) {
        let began = Instant::now();
        loop {
            // One kill at a time; the next one comes when its part is tried again.
            if let Some(next) = self.kills.iter().position(|kill| kill.part == part) {
                let kill = self.kills.remove(next);
                let usual = self.usual[PARTS.iter().position(|known| *known == part).unwrap()];
                self.server.kill_after(usual * kill.thousandths / 1000);
                self.deaths.push(part);
            }
            match attempt(self) {
                Ok(Some(done)) => return (done, began.elapsed()),
                Ok(None) => std::thread::sleep(Duration::from_millis(20)),
                Err(error) => {
                    assert!(began.elapsed() < PATIENCE, "{part:?} does not come to its end: {error}");
                    self.revive();
                }
            }
            assert!(began.elapsed() < PATIENCE, "{part:?} does not come to its end");
        }
    }

    fn revive(&mut self) {
        if self.server.is_dead() {
            self.server = Server::start(&self.url, &self.keys, self.at, &self.log);
        }
    }

    /// The whole month; what each part took.
    fn month(&mut self) -> [Duration; 5] {
        let (year, month) = (county::month().year().to_string(), county::month().month().to_string());
        let make = [
            ("programme", "dibao"),
            ("month_year", year.as_str()),
            ("month_month", month.as_str()),
            ("_key", "make-the-month-01"),
        ];
        let mut asked = None;
        let ((run, totals), making) = self.until_done(Part::Make, |round| {
            // Asked again with the same key until it answered once; then only looked at.
            let run = match &asked {
                Some(run) => String::clone(run),
                None => {
                    let seen = round.accountant.post("/desk/payments", &make)?;
                    assert_eq!(seen.status, 303, "{}", seen.text);
                    asked.insert(seen.header("location").unwrap().to_owned()).clone()
                }
            };
            let page = round.approver.get(&run)?;
            Ok(if page.tag() == "待复核" { Some((run, page)) } else { None })
        });
        let value =
            |page: &Seen, name: &str| page.field(name).unwrap_or_else(|| panic!("{}", page.text)).to_owned();
        let (count, total) = (value(&totals, "count"), value(&totals, "total"));
        let (_, approving) = self.until_done(Part::Approve, |round| {
            let fields = [("count", count.as_str()), ("total", total.as_str()), ("_key", "approve-month-01")];
            round.approver.post(&format!("{run}/approve"), &fields)?;
            let page = round.approver.get(&run)?;
            Ok((page.tag() == "已复核").then_some(()))
        });
        let (file, exporting) = self.until_done(Part::Export, |round| {
            let fields = [("format", "csv"), ("_key", "export-month-0001")];
            let file = round.accountant.post(&format!("{run}/bank-file"), &fields)?;
            assert_eq!(file.status, 200, "{}", file.text);
            let page = round.accountant.get(&run)?;
            Ok((page.tag() == "已导出待回盘").then_some(file.text))
        });
        let answer = answer_to(&file);
        let mut read = false;
        let (_, answering) = self.until_done(Part::Answer, |round| {
            if !read {
                let fields =
                    [("count", count.as_str()), ("total", total.as_str()), ("_key", "answer-month-0001")];
                let seen = round.accountant.upload(&format!("{run}/answer"), &fields, "回盘.csv", &answer)?;
                assert_eq!(seen.status, 303, "{}", seen.text);
                read = true;
            }
            let page = round.accountant.get(&run)?;
            Ok((page.tag() == "已回盘").then_some(()))
        });
        let (back, back_count, back_total) = sent_back(&file);
        let (year, month, day) = county::today();
        let (_, returning) = self.until_done(Part::Return, |round| {
            let fields = [
                ("count", back_count.as_str()),
                ("total", back_total.as_str()),
                ("on_year", year.as_str()),
                ("on_month", month.as_str()),
                ("on_day", day.as_str()),
                ("_key", "return-month-0001"),
            ];
            // Sent again, the same file changes nothing.
            let seen = round.accountant.upload(&format!("{run}/returned"), &fields, "退汇.csv", &back)?;
            assert_eq!(seen.status, 303, "{}", seen.text);
            let page = round.accountant.get(&run)?;
            Ok(page.text.contains("账户已销户").then_some(()))
        });
        [making, approving, exporting, answering, returning]
    }

    /// The same file again, after all of it.
    fn file_again(&mut self, run: &str) -> String {
        let fields = [("format", "csv"), ("_key", "export-month-0002")];
        self.accountant
            .post(&format!("{run}/bank-file"), &fields)
            .unwrap()
            .header("x-file-sm3")
            .unwrap()
            .to_owned()
    }
}

/// The bank pays all but every thirtieth line.
fn answer_to(file: &str) -> String {
    let mut answer = "序号,金额,结果,失败原因,流水号\n".to_owned();
    for line in file.lines().skip(1) {
        let cells: Vec<&str> = line.split(',').collect();
        let Ok(number) = cells[0].trim_start_matches('\u{feff}').parse::<u32>() else { continue };
        let (outcome, reason) =
            if number.is_multiple_of(30) { ("失败", "账号户名不符") } else { ("成功", "") };
        answer.push_str(&format!("{number},{},{outcome},{reason},N{number}\n", cells[4]));
    }
    answer
}

/// Of what the bank had paid it sends every seventieth line back; with count and sum.
fn sent_back(file: &str) -> (String, String, String) {
    let mut back = "序号,金额,退汇原因,流水号\n".to_owned();
    let (mut count, mut total) = (0, Fen::ZERO);
    for line in file.lines().skip(1) {
        let cells: Vec<&str> = line.split(',').collect();
        let Ok(number) = cells[0].trim_start_matches('\u{feff}').parse::<u32>() else { continue };
        if number.is_multiple_of(70) && !number.is_multiple_of(30) {
            back.push_str(&format!("{number},{},账户已销户,R{number}\n", cells[4]));
            count += 1;
            total.0 += Fen::from_yuan(cells[4]).unwrap().0;
        }
    }
    assert!(count > 0, "nothing is sent back");
    (back, count.to_string(), total.to_string())
}

/// What is left when the server has gone: the books proved, the audit chain proved, and all that they say.
async fn left_behind(url: &str, keys: &Arc<Keys>) -> (Vec<String>, Vec<String>) {
    let db = Db::connect(url, Arc::clone(keys)).await.unwrap();
    assert_eq!(ledger::verify(&db).await.unwrap(), Vec::new());
    store::seal_audit(&db).await.unwrap();
    let verdict = store::verify_audit(&db).await.unwrap();
    assert!(verdict.broken.is_none() && verdict.unsealed == 0, "{verdict:?}");
    let books = county::books(&db).await;
    // Asked twice, a deed may stand in the audit twice; that it stands there at all, and no other, is what matters.
    let sql = "SELECT DISTINCT action FROM audit WHERE subject_kind = 'payment_run' ORDER BY action";
    let deeds: Vec<String> = Query::system("test", sql).scalars(&db).await.unwrap();
    db.close().await.unwrap();
    (books, deeds)
}

/// A small generator (SplitMix64), so that a seed says all.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((word ^ (word >> 31)) % limit as u64).unwrap()
    }
}

fn number(variable: &str, usual: u64) -> u64 {
    std::env::var(variable).ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}

async fn killed_and_undisturbed(backend: &str) {
    let name = format!("killed_{backend}");
    let prefix = if backend == "sqlite" { "sqlite:" } else { "postgres:" };
    let Some(base) = store::testing::urls(&name).into_iter().find(|url| url.starts_with(prefix)) else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let (key_file, log) = (folder.path().join("keys"), folder.path().join("log"));
    let keys = Arc::new(Keys::load_or_create(&key_file).unwrap());
    county::make(&base, Arc::clone(&keys), FAMILIES).await;

    let url = store::testing::copy(&base, &name).await;
    let mut round = Round::new(url.clone(), &key_file, &log, Vec::new(), [Duration::ZERO; 5]);
    let usual = round.month();
    let hash = round.file_again("/desk/payments/2");
    drop(round);
    let undisturbed = left_behind(&url, &keys).await;
    assert!(undisturbed.0.iter().any(|line| line.ends_with(&hash)), "the file's hash is in the books");
    println!("{backend}: undisturbed {usual:?}");

    let seed = number("HUIMIN_KILL_SEED", u64::from(std::process::id()));
    let wanted = usize::try_from(number("HUIMIN_KILLS", 6)).unwrap();
    println!("{backend}: HUIMIN_KILL_SEED={seed}");
    let mut random = Random(seed);
    let mut deaths = Vec::new();
    while deaths.len() < wanted {
        let count = (wanted - deaths.len()).min(KILLS_PER_ROUND);
        let kills: Vec<Kill> = (0..count)
            .map(|_| Kill {
                part: PARTS[random.below(PARTS.len())],
                thousandths: u32::try_from(random.below(1100)).unwrap(),
            })
            .collect();
        let url = store::testing::copy(&base, &name).await;
        let mut round = Round::new(url.clone(), &key_file, &log, kills.clone(), usual);
        round.month();
        deaths.append(&mut round.deaths);
        drop(round);
        let (books, deeds) = left_behind(&url, &keys).await;
        let differs = undisturbed.0.iter().zip(&books).find(|(before, after)| before != after);
        assert!(undisturbed.0 == books, "seed {seed}, {kills:?}: {differs:?}");
        assert_eq!(undisturbed.1, deeds, "seed {seed}, {kills:?}");
    }
    println!("{backend}: killed {} times, during {deaths:?}: nothing twice, nothing lost", deaths.len());
}

#[tokio::test]
async fn a_month_survives_kills_on_sqlite() {
    killed_and_undisturbed("sqlite").await;
}

#[tokio::test]
async fn a_month_survives_kills_on_postgres() {
    killed_and_undisturbed("postgres").await;
}
