//! Sixteen clerks at once, one kind of work after the other.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::browser::{Browser, Seen};
use crate::make::Work;
use crate::server::Server;
use crate::{Failure, Place};

#[derive(clap::Args)]
pub struct Options {
    #[command(flatten)]
    place: Place,
    /// The program `huimin`.
    #[arg(long)]
    server: PathBuf,
    #[arg(long, default_value_t = 16)]
    clients: usize,
    /// Seconds for each kind of reading.
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// Milliseconds that a client reads before it asks again; without, each asks as soon as it is answered.
    #[arg(long, default_value_t = 0)]
    pause: u64,
    /// Waits until the server has done what it does every night (it begins with it when it starts), and says how long that took.
    #[arg(long)]
    after_night: bool,
    /// Written into every line: machine, load, commit.
    #[arg(long, default_value = "{}")]
    about: String,
}

/// A kind of work: the requests of one client, one after the other; nothing when there is no more to do.
struct Kind {
    name: &'static str,
    logins: Vec<String>,
    /// What is asked in the `turn`-th request by the holder of this account.
    ask: Box<dyn Fn(&mut Browser, &str, usize) -> std::io::Result<Option<Seen>> + Sync>,
    /// Ends when all is done, not when the time is over.
    is_deed: bool,
}

pub fn load(options: &Options) -> Result<(), Failure> {
    let work: Work = serde_json::from_slice(&std::fs::read(&options.place.work)?)?;
    let about: serde_json::Value = serde_json::from_str(&options.about)?;
    let server = Server::start(&options.server, &options.place)?;
    std::thread::sleep(Duration::from_secs(5));
    let backend = options.place.database.split(':').next().unwrap_or_default().to_owned();
    let line = |what: serde_json::Value| {
        let mut line = json!({ "bench": "casework", "backend": backend, "people": work.people, "cases": work.cases,
            "clients": options.clients, "pause_ms": options.pause, "about": about });
        if let (Some(line), Some(what)) = (line.as_object_mut(), what.as_object()) {
            line.extend(what.clone());
        }
        println!("{line}");
    };
    line(
        json!({ "what": "start", "started_in_ms": server.started_in.as_millis(), "resident_mb": server.resident_mb() }),
    );
    if options.after_night {
        let began = Instant::now();
        server.wait_until_idle()?;
        line(
            json!({ "what": "night", "seconds": began.elapsed().as_secs_f64().round(), "resident_mb": server.resident_mb(),
            "of_files_mb": server.resident_files_mb() }),
        );
    }
    for kind in kinds(&work) {
        if kind.logins.is_empty() {
            continue;
        }
        let busy = server.processor();
        let (mut times, failed, took) = run(server.at, &kind, options)?;
        times.sort_unstable();
        let at = |share: usize| times.get((times.len() * share / 1000).min(times.len().saturating_sub(1)));
        let ms = |share: usize| at(share).map_or(0, Duration::as_micros) as f64 / 1000.0;
        line(json!({
            "what": kind.name, "requests": times.len(), "failed": failed, "p50_ms": ms(500), "p95_ms": ms(950), "p99_ms": ms(990),
            "max_ms": ms(1000), "per_second": (times.len() as f64 / took.as_secs_f64()).round(),
            "processor_ms_each": (server.processor() - busy).as_millis() as f64 / times.len().max(1) as f64,
        }));
    }
    line(payment_run(server.at, &work)?);
    line(json!({ "what": "end", "resident_mb": server.resident_mb() }));
    Ok(())
}

fn kinds(work: &Work) -> Vec<Kind> {
    let mut clerks: Vec<String> = work.known.iter().map(|(login, ..)| login.clone()).collect();
    clerks.sort_unstable();
    clerks.dedup();
    let known = |login: &str| -> Vec<(i64, String, String)> {
        let own = work.known.iter().filter(|(of, ..)| of == login);
        own.map(|(_, family, name, id)| (*family, name.clone(), id.clone())).collect()
    };
    let of_clerks: std::collections::BTreeMap<String, Vec<(i64, String, String)>> =
        clerks.iter().map(|login| (login.clone(), known(login))).collect();
    let reading = |name: &'static str, path: fn(&(i64, String, String)) -> String| {
        let of_clerks = of_clerks.clone();
        Kind {
            name,
            logins: clerks.clone(),
            ask: Box::new(move |browser, login, turn| {
                let list = &of_clerks[login];
                // A long stride, so that neighbours in the list are not asked one after the other.
                browser.get(&path(&list[turn * 7919 % list.len()])).map(Some)
            }),
            is_deed: false,
        }
    };
    vec![
        reading("work_list", |_| "/desk/work".to_owned()),
        reading("family_page", |(family, ..)| format!("/desk/families/{family}")),
        reading("search_name", |(_, name, _)| format!("/desk/people?q={}", percent(name))),
        reading("search_id", |(.., id)| format!("/desk/people?q={}", percent(id))),
        reading("case_list", |_| "/desk/cases".to_owned()),
        reading("roll", |_| "/desk/roll".to_owned()),
        doing("filing", &work.drafts, |browser, id| {
            let page = browser.get(&format!("/desk/drafts/{id}/review"))?;
            Ok((format!("/desk/drafts/{id}/review"), filled_in(&page)))
        }),
        doing("confirming", &work.confirmations, |browser, id| {
            let to = format!("/desk/cases/{id}/actions/confirm");
            let page = browser.get(&to)?;
            Ok((to, filled_in(&page)))
        }),
    ]
}

/// A month's run for the first county while a clerk goes on reading: how long the accountant waits, and the clerk meanwhile.
fn payment_run(at: SocketAddr, work: &Work) -> Result<serde_json::Value, Failure> {
    let mut accountant = signed_in(at, "kuaiji1", "10.1.0.1")?;
    let mut clerk = signed_in(at, "zhen1", "10.1.0.2")?;
    let families: Vec<i64> =
        work.known.iter().filter(|(login, ..)| login == "zhen1").map(|(_, family, ..)| *family).collect();
    let done = std::sync::atomic::AtomicBool::new(false);
    let began = Instant::now();
    let (answer, took, mut times) = std::thread::scope(|scope| {
        let reading = scope.spawn(|| {
            let mut times = Vec::new();
            while !done.load(Ordering::Relaxed) {
                let family = families[times.len() * 7919 % families.len()];
                let path = if times.len() % 2 == 0 {
                    "/desk/work".to_owned()
                } else {
                    format!("/desk/families/{family}")
                };
                match clerk.get(&path) {
                    Ok(seen) => times.push(seen.took),
                    Err(_) => break,
                }
                // Below the rate at which one address is told to wait.
                std::thread::sleep(Duration::from_millis(5));
            }
            times
        });
        let page = accountant.get("/desk/payments");
        let answer = page.and_then(|page| {
            let proposed = |name: &str| page.field(name).unwrap_or_default().to_owned();
            // What was granted this month is paid from the next.
            let month = format!("{}-{:0>2}", proposed("month_year"), proposed("month_month"));
            let month: vocab::Month = month.parse().map_err(|_| std::io::ErrorKind::InvalidData)?;
            let (year, month) = (month.next().year().to_string(), month.next().month().to_string());
            let fields = [
                ("_key", "bench-run"),
                ("programme", "dibao"),
                ("month_year", &year),
                ("month_month", &month),
            ];
            accountant.post("/desk/payments", &fields)
        });
        // A worker makes it, batch by batch; the accountant looks at its page.
        let answer = answer.and_then(|answer| {
            let page = answer.header("location").unwrap_or_default().to_owned();
            while answer.status == 303 && accountant.get(&page)?.tag() == "正在生成" {
                std::thread::sleep(Duration::from_millis(200));
            }
            Ok(answer)
        });
        let took = began.elapsed();
        done.store(true, Ordering::Relaxed);
        (answer, took, reading.join().unwrap_or_default())
    });
    let answer = answer?;
    if answer.status != 303 {
        return Err(format!("the run: {} {}", answer.status, in_short(&answer.text)).into());
    }
    times.sort_unstable();
    let ms = |share: usize| {
        times
            .get((times.len() * share / 100).min(times.len().saturating_sub(1)))
            .map_or(0, Duration::as_micros) as f64
            / 1000.0
    };
    Ok(json!({ "what": "payment_run", "seconds": took.as_secs_f64(), "pages_meanwhile": times.len(),
        "p50_ms": ms(50), "p95_ms": ms(95), "max_ms": ms(100) }))
}

fn signed_in(at: SocketAddr, login: &str, from: &str) -> Result<Browser, Failure> {
    let mut browser = Browser::new(at);
    browser.from = Some(from.to_owned());
    let key = format!("bench-{login}-{from}");
    let fields = [("login", login), ("password", synth::staff::PASSWORD), ("_key", key.as_str())];
    let seen = browser.post("/desk/sign-in", &fields)?;
    if seen.status != 303 {
        return Err(format!("{login} cannot sign in: {} {}", seen.status, seen.text).into());
    }
    Ok(browser)
}

type Form = (String, Vec<(String, String)>);

/// Work that is there once: each piece is opened and sent; only the sending is measured.
fn doing(
    name: &'static str,
    list: &[(String, i64)],
    form: fn(&mut Browser, i64) -> std::io::Result<Form>,
) -> Kind {
    let mut logins: Vec<String> = list.iter().map(|(login, _)| login.clone()).collect();
    logins.sort_unstable();
    logins.dedup();
    let waiting: std::collections::BTreeMap<String, Mutex<Vec<i64>>> = logins
        .iter()
        .map(|login| {
            let own = list.iter().filter(|(of, _)| of == login).map(|(_, id)| *id).collect();
            (login.clone(), Mutex::new(own))
        })
        .collect();
    Kind {
        name,
        logins,
        is_deed: true,
        ask: Box::new(move |browser, login, _| {
            let next = waiting[login].lock().map_err(|_| std::io::ErrorKind::Other)?.pop();
            let Some(id) = next else { return Ok(None) };
            let (to, fields) = form(browser, id)?;
            let fields: Vec<(&str, &str)> =
                fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            browser.post(&to, &fields).map(Some)
        }),
    }
}

fn percent(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

/// The page's form as somebody fills it in who agrees to everything: what stands there stays, the first choice of each group is
/// taken unless it says yes elsewhere, open texts get a word.
fn filled_in(page: &Seen) -> Vec<(String, String)> {
    let main = page.text.split("<main").nth(1).and_then(|rest| rest.split("</main>").next()).unwrap_or("");
    let form = main.split("<form").nth(1).and_then(|rest| rest.split("</form>").next()).unwrap_or("");
    let mut fields: Vec<(String, String)> = Vec::new();
    for element in form.split('<').skip(1) {
        let attribute = |name: &str| {
            let start = element.find(&format!(" {name}=\""))? + name.len() + 3;
            element[start..].split('"').next().map(|text| text.replace("&amp;", "&").replace("&quot;", "\""))
        };
        let Some(name) = attribute("name") else { continue };
        let value = attribute("value").unwrap_or_default();
        let place = fields.iter().position(|(known, _)| *known == name);
        if element.starts_with("textarea") {
            fields.push((name, "同意".to_owned()));
        } else if element.starts_with("input") {
            match attribute("type").as_deref() {
                Some("radio") => match place {
                    None => fields.push((name, value)),
                    Some(place) if value == "yes" => fields[place].1 = value,
                    Some(_) => {}
                },
                Some("checkbox" | "file") => {}
                _ => fields.push((name, value)),
            }
        }
    }
    fields
}

type Measured = (Vec<Duration>, usize, Duration);

fn run(at: SocketAddr, kind: &Kind, options: &Options) -> Result<Measured, Failure> {
    let mut browsers = Vec::new();
    for client in 0..options.clients {
        let login = kind.logins[client % kind.logins.len()].clone();
        let browser = signed_in(at, &login, &format!("10.0.{}.{}", kind.name.len(), client + 1))?;
        browsers.push((client, login, browser));
    }
    let (times, failed) = (Mutex::new(Vec::new()), AtomicUsize::new(0));
    let began = Instant::now();
    let limit = Duration::from_secs(if kind.is_deed { 300 } else { options.seconds });
    let pause = Duration::from_millis(options.pause);
    let count = options.clients as u32;
    std::thread::scope(|scope| {
        for (client, login, browser) in &mut browsers {
            let (times, failed) = (&times, &failed);
            scope.spawn(move || {
                let mut own = Vec::new();
                let mut turn = *client * 101;
                // Nobody begins together with everybody.
                std::thread::sleep(pause * (*client as u32) / count);
                while began.elapsed() < limit {
                    match (kind.ask)(browser, login, turn) {
                        Ok(None) => break,
                        Ok(Some(seen)) if seen.status == 200 && !kind.is_deed || seen.status == 303 => {
                            own.push(seen.took);
                        }
                        Ok(Some(seen)) => {
                            if failed.fetch_add(1, Ordering::Relaxed) == 0 {
                                eprintln!("{}: {} {}", kind.name, seen.status, in_short(&seen.text));
                            }
                        }
                        Err(error) => {
                            if failed.fetch_add(1, Ordering::Relaxed) == 0 {
                                eprintln!("{}: {error}", kind.name);
                            }
                        }
                    }
                    turn += 1;
                    std::thread::sleep(pause);
                }
                if let Ok(mut times) = times.lock() {
                    times.append(&mut own);
                }
            });
        }
    });
    let took = began.elapsed();
    let times = times.into_inner().map_err(|_| "a client panicked")?;
    Ok((times, failed.load(Ordering::Relaxed), took))
}

/// What the page's error summary says.
fn in_short(page: &str) -> String {
    let text = page.split("govuk-error-summary").nth(1).unwrap_or(page);
    text.chars().take(600).collect()
}
