//! Nobody sees or changes what is not theirs: every route of the program, asked as every role of the neighbours.
//!
//! The routes come from [`crate::server::routes`], so a new one is walked or the test fails. What must not be seen is planted
//! ([`planted`]); whoever may see it looks first, so that nothing passes by being empty, and leaves the forms that strangers
//! then send. An answer about what one may not see is the answer about what is not there, to the letter. Those who sit in the same offices for
//! another business are asked the same about cases and benefits.

mod addresses;
mod forms;
mod planted;
mod rows;

use std::collections::{BTreeMap, BTreeSet};

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use catalogue::definition::Shared;
use store::{Backend, IdempotencyKey, Query};

use self::addresses::{Address, Whose, addresses, questions};
use self::forms::{Sent, forms_of, links_of};
use self::planted::{Planted, SHARED_TITLES, colleagues, plant, strangers};
use self::rows::{Rows, lying_in};
use crate::frame::{CITIZEN_COOKIE, DESK_COOKIE};
use crate::routes::Route;
use crate::state::{AppState, Limits, Site};
use crate::testing::{Browser, Seen, Town};

/// Routes that act on the visitor's own session: nothing of anybody else can be reached, and the walk would sign itself out.
const OWN_SESSION: [&str; 8] = [
    "/desk/sign-in",
    "/sign-in",
    "/desk/sign-out",
    "/sign-out",
    "/desk/password",
    "/desk/posts",
    "/api/v1/session",
    // Everybody's clock of a trial.
    "/desk/trial-clock",
];

/// Pages that the law makes public: names and amounts of notices that hang, and of benefits as they are.
const PUBLIC: &str = "/notices";
/// The same as a village's office prints it.
const PRINTED: &str = "/desk/publication";

/// The walk asks more in a second than a whole office.
fn unhurried(town: &mut Town) {
    let limits = Limits {
        requests_per_second: 1_000_000,
        requests_burst: 1_000_000,
        sign_in_burst: 1_000_000,
        ..Limits::default()
    };
    let state = AppState::new(town.office.clone(), Site { limits, ..Site::default() });
    town.router = crate::router(state);
}

fn routes(town: &Town) -> Vec<Route> {
    let state = AppState::new(town.office.clone(), Site::default());
    crate::server::routes(&state).list().to_vec()
}

/// The words of an answer: of a page, of a file of cells, of JSON.
fn words(seen: &Seen) -> String {
    if !seen.bytes.starts_with(b"PK") {
        return seen.text.clone();
    }
    let book = office::tabular::read_file("sheet.xlsx", &seen.bytes);
    format!("{book:?}")
}

/// What of the secrets an answer says.
fn said<'a>(seen: &Seen, secrets: impl IntoIterator<Item = &'a String>) -> Vec<&'a String> {
    let words = words(seen);
    secrets.into_iter().filter(|secret| words.contains(secret.as_str())).collect()
}

/// Status, target and words without what differs between two showings or because another address was asked.
fn plain(seen: &Seen, path: &str, planted: &Planted) -> (StatusCode, String) {
    // A sheet is read: the file holds the moment at which it was made.
    let sheet = seen.bytes.starts_with(b"PK");
    let mut text = format!("{}\n{}", seen.location(), if sheet { words(seen) } else { seen.steady() });
    // What is drawn at random for each answer.
    for (start, end) in [("name=\"kept\" value=\"", "\""), ("\"instance\":\"", "\"")] {
        let mut from = 0;
        while let Some(at) = text[from..].find(start).map(|at| from + at + start.len()) {
            let until = at + text[at..].find(end).unwrap();
            text.replace_range(at..until, "…");
            from = at;
        }
    }
    for whole in [path.to_owned(), crate::ui::query_value(path), path.replace('&', "&amp;")] {
        text = text.replace(&whole, "…");
    }
    for pair in path.split(['?', '&']).skip(1) {
        let (name, value) = pair.split_once('=').unwrap();
        if !["month", "format", "counted"].contains(&name) {
            text = text.replace(&format!("{name}={value}"), "…");
        }
    }
    // Either may also stand in both, as the reader's own place does.
    for (here, there) in &planted.words {
        text = text.replace(here, "…").replace(there, "…");
    }
    (seen.status, text)
}

struct Walk<'a> {
    planted: &'a Planted,
    faults: Vec<String>,
    /// Shared titles that were offered to somebody.
    offered: BTreeSet<&'static str>,
}

/// Whether what is shared this far may be pointed at by a stranger: an office that far, and nobody else.
fn reached(reach: Shared, who: &str) -> bool {
    let county = (who.ends_with("_a") && who != "citizen_a") || who == "worker_b2";
    match reach {
        Shared::Below => false,
        Shared::County => county,
        Shared::Prefecture => county || who.ends_with("_c"),
    }
}

/// Where something is pointed at: the form of a new record. (That of a record that is there is its own area's.)
fn points(route: &str) -> bool {
    route.starts_with("/desk/records/") && route.ends_with("/new")
}

impl Walk<'_> {
    fn fault(&mut self, who: &str, what: &str, address: &str, detail: impl std::fmt::Display) {
        self.faults.push(format!("{who} {what} {address}: {detail}"));
    }

    /// Nothing secret is said, however it was asked for.
    fn silent(&mut self, who: &str, method: &str, address: &Address, seen: &Seen) {
        let everything = self.planted.secrets.iter().chain(&self.planted.sealed);
        // A page repeats what was searched for.
        let asked = |secret: &&String| !address.path.contains(&crate::ui::query_value(secret));
        let mut heard: Vec<&String> = said(seen, everything.filter(asked));
        if address.route != PUBLIC {
            heard.extend(said(seen, self.planted.public.iter().filter(asked)));
        }
        if !heard.is_empty() {
            self.fault(who, method, &address.path, format!("says {heard:?}"));
        }
        for (reach, title) in SHARED_TITLES {
            if said(seen, [&title.to_owned()]).is_empty() {
                continue;
            }
            if points(&address.route) && reached(reach, who) {
                self.offered.insert(title);
            } else {
                self.fault(
                    who,
                    method,
                    &address.path,
                    format!("says {title}, which is not shared with them here"),
                );
            }
        }
        if seen.status.is_server_error() {
            self.fault(who, method, &address.path, seen.status);
        }
    }

    /// Nothing is said of cases and benefits to those of another business, in the same place.
    fn silent_of_matters(&mut self, who: &str, address: &Address, seen: &Seen) {
        let asked = |secret: &&String| !address.path.contains(&crate::ui::query_value(secret));
        let heard = said(seen, self.planted.of_matters.iter().filter(asked));
        // Sums of what other rules would cost are of the whole place, and of nobody; what everybody reads an office prints.
        let sums = address.route.starts_with("/desk/simulation");
        let public = [PUBLIC, PRINTED].contains(&address.route.as_str());
        if !heard.is_empty() && !sums && !public {
            self.fault(who, "GET", &address.path, format!("says {heard:?}"));
        }
        if seen.status.is_server_error() {
            self.fault(who, "GET", &address.path, seen.status);
        }
    }

    /// Two answers are one.
    fn alike(&mut self, who: &str, method: &str, address: &Address, seen: &Seen, other: &Seen) {
        let Some(missing) = &address.missing else { return };
        let (here, there) = (plain(seen, &address.path, self.planted), plain(other, missing, self.planted));
        if here != there {
            let line = here.1.lines().zip(there.1.lines()).find(|(one, two)| one != two);
            self.fault(who, method, &address.path, format!("{} / {}: {line:?}", here.0, there.0));
        }
    }
}

/// Whether what stands at an address is of one matter: a case, a benefit, what is found or drawn of them.
fn of_matter(address: &Address) -> bool {
    const MATTERS: [&str; 13] = [
        "{case}",
        "{letter}",
        "{attachment}",
        "{contradiction}",
        "{check_request}",
        "{joint}",
        "{draw}",
        "{random_check}",
        "{lead}",
        "{entitlement}",
        "{run}",
        "{import}",
        "{list}",
    ];
    // That something was drawn, and by which seed, everybody reads.
    !address.route.starts_with("/draws") && MATTERS.iter().any(|parameter| address.route.contains(parameter))
}

/// Whether a stranger must not learn that anything is there.
fn hidden(who: &str, address: &Address) -> bool {
    match address.whose {
        Whose::Everybodys => false,
        Whose::Townships => true,
        // Those of the first township and the next village stand below the same county.
        Whose::Countys => !who.ends_with("_a") && who != "worker_b2",
    }
}

async fn send(browser: &mut Browser, path: &str, fields: &Sent) -> Seen {
    if path.starts_with("/api/") {
        let request = Request::post(path)
            .header(header::CONTENT_TYPE, "application/json")
            .header("idempotency-key", IdempotencyKey::fresh().unwrap().to_string())
            .body(Body::from(fields[0].1.clone()))
            .unwrap();
        return browser.send(request).await;
    }
    let fields: Vec<(&str, &str)> =
        fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    browser.post(path, &fields).await
}

/// What stands in forms that are not on a page that can be opened, by route.
fn by_hand(planted: &Planted, route: &str) -> Option<Sent> {
    let pairs = |pairs: &[(&str, &str)]| -> Sent {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    };
    let sent = match route {
        "/desk/roll/import/commit" | "/desk/departments/commit" => {
            pairs(&[("upload", planted.one("upload"))])
        }
        "/desk/standard-changes/{id}/reviews/confirm" | "/desk/standard-changes/{id}/reviews/{review}" => {
            pairs(&[("how", "已发起核查")])
        }
        "/desk/roll/imports/{import}/undo" | "/desk/roll/imports/{import}/resume" => {
            pairs(&[("reason", "文件拿错")])
        }
        "/desk/roll/{entitlement}/returns" => pairs(&[("recovery", "1"), ("amount", "1"), ("voucher", "V1")]),
        "/desk/roll/{entitlement}/payee/{payee}" => pairs(&[("settle", "confirm")]),
        "/desk/payments/{run}/lines/{line}/withdraw" => pairs(&[("reason", "账户注销")]),
        "/desk/payments/{run}/approve" => pairs(&[("count", "2"), ("total", "1997.71")]),
        "/desk/payments/{run}/cancel" => pairs(&[("reason", "重新制作")]),
        "/desk/payments/{run}/bank-file" => pairs(&[("format", "csv")]),
        "/desk/payments/{run}/answer" => pairs(&[("count", "2"), ("total", "1997.71")]),
        "/desk/payments/{run}/returned" => pairs(&[("count", "1"), ("total", "763.21")]),
        "/desk/payments/{run}/returned/line" => {
            pairs(&[("line_no", "1"), ("amount", "763.21"), ("voucher", "V1")])
        }
        "/desk/payments/{run}/supplement" => pairs(&[("supplement_reason", "节前发到")]),
        "/desk/month-lists" => pairs(&[("programme", "price_subsidy"), ("month", "2026-10")]),
        "/desk/month-figures/release" => pairs(&[("change", "1.1")]),
        "/my/code" => pairs(&[("fact", "assistance_class"), ("minutes", "10")]),
        "/desk/payments/{run}/reissue"
        | "/desk/payments/{run}/close"
        | "/desk/standard-changes/{id}/release"
        | "/desk/standard-changes/{id}/withdraw"
        | "/desk/division-changes/{division_change}/approve"
        | "/desk/division-changes/{division_change}/refuse"
        | "/desk/division-changes/{division_change}/withdraw"
        | "/desk/filed/{case}/code"
        | "/my/drafts/{draft}/discard"
        | "/my/drafts/{draft}/review"
        | "/my/drafts/{draft}/remove/{page}"
        | "/desk/drafts/{draft}/remove/{page}"
        | "/desk/admin/staff/{staff}/enable"
        | "/desk/drafts/{draft}/discard"
        | "/desk/drafts/{draft}/review"
        | "/my/authorisations/{id}/withdraw" => pairs(&[("reason", "工作需要"), ("version", "1")]),
        "/desk/drafts/{draft}/page/{page}" | "/my/drafts/{draft}/page/{page}" => {
            pairs(&[("_version", "1"), ("_then", "next"), ("name", "外来人"), ("_seen", "name")])
        }
        "/desk/divisions/{division}/change" => pairs(&[
            ("kind", "rename"),
            ("part_0_name", "外来社区"),
            ("document_title", "外来文件"),
            ("document_number", "外来〔2026〕1号"),
        ]),
        "/desk/people/{person}/merge" => {
            pairs(&[("other", "1"), ("keep", "1"), ("number_fate", "police"), ("evidence", "公安机关证明")])
        }
        "/desk/merges/{merge}/undo" => pairs(&[("reason", "不是同一个人")]),
        "/desk/merges/{merge}/undo/settle" => pairs(&[("answer", "confirm")]),
        "/desk/families/{household}/join" => {
            pairs(&[("other", "1"), ("on", "2026-11-02"), ("reason", "结婚")])
        }
        "/desk/standard-changes/{id}/refuse" => pairs(&[("reason", "理由")]),
        "/desk/records/{register}/import/commit" => pairs(&[("upload", planted.one("record_upload"))]),
        "/desk/records/{register}/bulk" => {
            pairs(&[("_what", "set.name"), ("_state", "all"), ("name", "外来名"), ("_reason", "核对")])
        }
        "/desk/records/{register}/bulk/{record_bulk}/commit"
        | "/desk/records/{register}/bulk/{record_bulk}/undo"
        | "/desk/records/{register}/bulk/{record_bulk}/resume" => pairs(&[("reason", "批复有误")]),
        "/desk/records/{register}/views/{view}/opening"
        | "/desk/records/{register}/views/{view}/remove"
        | "/desk/work/views/{view}/opening"
        | "/desk/work/views/{view}/remove"
        | "/desk/cases/views/{view}/opening"
        | "/desk/cases/views/{view}/remove" => pairs(&[("opens", "yes")]),
        "/desk/records/{register}/import"
        | "/desk/records/{register}/{record}/papers/{papers}"
        | "/desk/records/{register}/{record}/files/{record_file}/remove"
        | "/desk/organisation/{own_register}/{own_record}/papers/{own_papers}" => {
            pairs(&[("reason", "工作需要")])
        }
        "/desk/records/{register}/imports/{record_import}/undo"
        | "/desk/records/{register}/imports/{record_import}/resume" => pairs(&[("reason", "文件拿错")]),
        "/desk/records/{register}/export" => pairs(&[("format", "csv"), ("purpose", "核对")]),
        "/desk/records/{register}/{record}/edit" | "/desk/records/{register}/{record}/do/{transition}" => {
            pairs(&[("_version", "1"), ("_reason", "核对"), ("name", "外来名")])
        }
        "/desk/records/{register}/{record}/reveal/{field}" => pairs(&[("purpose", "核对")]),
        "/desk/indicators/{statistic}/again" => pairs(&[("month", "2026-10")]),
        "/desk/record-plan" => pairs(&[("plan_month", "2026-11"), ("by", "1")]),
        "/desk/record-plan/move" => pairs(&[("pick", "1"), ("on_year", "2026")]),
        "/desk/organisation/{own_register}/new"
        | "/desk/organisation/{own_register}/{own_record}/edit"
        | "/desk/organisation/{own_register}/{own_record}/do/{own_move}" => {
            pairs(&[("_version", "1"), ("_reason", "核对"), ("name", "外来名")])
        }
        "/desk/record-duties/{duty}" => pairs(&[("_version", "1"), ("note", "已办")]),
        "/desk/record-alerts/{alert}" => pairs(&[("reason", "已办")]),
        "/api/v1/records/{register}" => {
            let record = serde_json::json!({ "name": "外来名", "code": "轩辕记", "credit_code": "轩辕记" });
            let body = serde_json::json!({ "reason": "对接", "records": [record] });
            pairs(&[("body", &body.to_string())])
        }
        "/desk/cases/{case}/check/send" => pairs(&[("datasets", "tax"), ("purpose", "核对")]),
        "/desk/cases/{case}/check/{contradiction}" | "/my/cases/{case}/check/{contradiction}" => {
            pairs(&[("deed", "recheck"), ("words", "不对")])
        }
        "/desk/cases/{case}/check/relatives" => {
            pairs(&[("name", "外来人"), ("duty", "parents"), ("reason", "核对")])
        }
        "/desk/cases/{case}/check/letter" | "/desk/department/questions/{check_request}/reveal" => {
            pairs(&[("how", "letter")])
        }
        "/desk/department/records/{department_register}/{department_record}/do/{department_move}" => {
            pairs(&[("_version", "1"), ("taken_by", "外来")])
        }
        "/desk/department/file" => pairs(&[("asked", "tax"), ("format", "csv")]),
        "/desk/department/answers" => pairs(&[("answered", "tax")]),
        "/desk/department/questions/{check_request}" => pairs(&[("how", "no_record")]),
        "/api/v1/department/questions/{check_request}/reveal" => pairs(&[("body", "{}")]),
        "/api/v1/department/questions/{check_request}/answer" => {
            pairs(&[("body", &serde_json::json!({ "how": "no_record" }).to_string())])
        }
        "/desk/check-requests/{check_request}" => pairs(&[("how", "no_record")]),
        "/desk/check-requests/{check_request}/withdraw" => pairs(&[("withdraw_reason", "重复")]),
        "/desk/families/{household}/joint" => {
            pairs(&[("told", "住院花了很多钱"), ("items", "dibao"), ("referrals", "referral/medical")])
        }
        "/desk/bookings/{booking}" => pairs(&[("deed", "came"), ("day", "2026-11-02")]),
        "/desk/bookings/new" => {
            pairs(&[("name", "外来人"), ("phone", "13900001111"), ("slot", "2026-11-03/morning")])
        }
        "/desk/bookings/{booking}/move" => pairs(&[("slot", "2026-11-03/afternoon")]),
        "/desk/inspections/{random_check}/{random_place}" => pairs(&[("found", "right")]),
        "/desk/bookings/{booking}/cancel" => pairs(&[("day", "2026-11-02")]),
        "/my/booking/{booking}/cancel" => pairs(&[("deed", "cancel")]),
        "/my/booking" => pairs(&[("slot", "2026-11-03/morning")]),
        "/desk/joint/{joint}/parts/{joint_part}" => pairs(&[("deed", "give_up"), ("reason", "不要了")]),
        "/desk/checks/requests" => pairs(&[("asked", "tax"), ("purpose", "核对")]),
        "/desk/checks/answers" => pairs(&[("answered", "tax")]),
        "/desk/cases/{case}/means-test" => pairs(&[("purpose", "最低生活保障申请核对")]),
        "/desk/cases/{case}/actions/{action}" | "/my/cases/{case}/do/{action}" => {
            pairs(&[("_version", "1"), ("reason", "工作需要"), ("agree", "yes")])
        }
        "/desk/simulation/save" => {
            let supposition = serde_json::json!({ "month": "2027-01" }).to_string();
            pairs(&[("title", "外来仿真"), ("supposition", &supposition)])
        }
        "/desk/simulation/rules/{programme}" => pairs(&[("amount", "0")]),
        "/desk/simulation/population"
        | "/desk/simulation/saved/{simulation}/pdf"
        | "/desk/leads/search"
        | "/desk/leads/{lead}/file" => pairs(&[("version", "1")]),
        "/desk/plan/adjustments/{adjustment}/decide"
        | "/desk/plan/indicators/{plan_indicator}/splits/{plan_split}/decide" => {
            pairs(&[("decision", "approve")])
        }
        "/desk/plan/indicators/{plan_indicator}/link" => pairs(&[("link", "nothing/nothing")]),
        "/desk/plan/indicators/{plan_indicator}/adjust" => {
            pairs(&[("target", "54"), ("year", "2025"), ("reason", "中期评估"), ("document", "文件")])
        }
        "/desk/plan/evaluations/{plan_evaluation}/comments" => {
            pairs(&[("about", ""), ("comment", "外来意见")])
        }
        "/desk/plan/evaluations/{plan_evaluation}/comments/{plan_comment}/answer" => {
            pairs(&[("answer_1", "外来答复")])
        }
        "/desk/plan/public" => pairs(&[("which", "none")]),
        "/desk/leads/{lead}/note" => pairs(&[("version", "1"), ("deed", "told"), ("words", "已告知")]),
        "/services/{item}/check" | "/programmes/{programme}/try" => {
            pairs(&[("place", "150302"), ("members", "1")])
        }
        "/desk/departments" | "/desk/roll/import" => pairs(&[("dataset", "vehicles"), ("reference", "移交")]),
        "/api/v1/families" => {
            let body = serde_json::json!({
                "division": planted.village.0.0, "area": "rural", "on": "2026-11-01", "reason": "新登记",
                "members": [{ "name": "外来人", "citizen_id": planted.sealed[1], "relation": "head" }],
            });
            pairs(&[("body", &body.to_string())])
        }
        _ => return None,
    };
    Some(sent)
}

/// What the rightful saw and left.
struct Looked {
    forms: BTreeMap<String, Sent>,
    links: BTreeSet<String>,
}

/// Whether a page of an office shows something of one person or family: opening it is written down (DESIGN §6).
fn personal(address: &Address) -> bool {
    // Forms that ask for a purpose or a reason and show nothing of anybody.
    const EMPTY: [&str; 2] =
        ["/desk/accounts/{account}/reveal", "/desk/payments/{run}/lines/{line}/withdraw"];
    if EMPTY.contains(&address.route.as_str()) {
        return false;
    }
    const SOMEBODYS: [&str; 18] = [
        "{joint}",
        "{merge}",
        "{own_record}",
        "{own_duty}",
        "{department_record}",
        "{check_request}",
        "{person}",
        "{household}",
        "{case}",
        "{entitlement}",
        "{account}",
        "{line}",
        "{attachment}",
        "{letter}",
        "{lead}",
        "{record}",
        "{duty}",
        "{alert}",
    ];
    !address.route.starts_with("/my") && SOMEBODYS.iter().any(|parameter| address.route.contains(parameter))
}

async fn audited(town: &Town) -> i64 {
    Query::system("test", "SELECT count(*) FROM audit").scalar(town.office.db()).await.unwrap()
}

/// Whoever may see it looks at everything: each address opens for somebody, each secret is said to somebody.
async fn looked(town: &Town, planted: &mut Planted, asked: &[Address], walk: &mut Vec<String>) -> Looked {
    let mut looked = Looked { forms: BTreeMap::new(), links: BTreeSet::new() };
    let mut opened = BTreeSet::new();
    let mut unsaid: BTreeSet<String> = planted.secrets.iter().chain(&planted.public).cloned().collect();
    for (who, browser) in &mut std::mem::take(&mut planted.rightful) {
        for address in asked {
            let before = audited(town).await;
            let seen = browser.get(&address.path).await;
            if seen.status.is_success() && personal(address) && audited(town).await == before {
                walk.push(format!("{who} opens {} and nothing is written about it", address.path));
            }
            if seen.status.is_server_error() {
                walk.push(format!("{who} GET {}: {}", address.path, seen.status));
            }
            if seen.status.is_success() {
                opened.insert(address.path.clone());
                for (action, sent) in forms_of(&seen.text) {
                    looked.forms.entry(action).or_insert(sent);
                }
                if who.ends_with("_b") {
                    looked.links.extend(links_of(&seen.text).into_iter().filter(|link| link.contains('?')));
                }
            }
            for secret in said(&seen, &planted.secrets).into_iter().chain(said(&seen, &planted.public)) {
                unsaid.remove(secret);
            }
            let full = said(&seen, &planted.sealed);
            let full = full.iter().any(|number| !address.path.contains(number.as_str()));
            if full {
                walk.push(format!("{who} GET {} shows a number in full", address.path));
            }
        }
    }
    for address in asked {
        // A case is at one step, so most of its actions are closed to everybody; one address of the route is enough.
        let route_opened =
            asked.iter().any(|other| other.route == address.route && opened.contains(&other.path));
        if !route_opened && !OPEN_FOR_NOBODY.contains(&address.route.as_str()) {
            walk.push(format!("nobody opens {}", address.path));
        }
    }
    walk.extend(unsaid.iter().map(|secret| format!("{secret} is said to nobody: it proves nothing")));
    looked
}

/// Pages that are not there in the state that is planted.
const OPEN_FOR_NOBODY: [&str; 5] = [
    // They lead elsewhere.
    "/text-size",
    "/desk",
    "/desk/record-plan/next",
    "/desk/divisions",
    // It answers nothing without a question.
    "/api/v1/people",
];

/// Searching and taking out are written down on every list that can be searched and every file that can be taken.
#[tokio::test]
async fn searches_and_exports_are_written_down() {
    Town::each("audited", async |town| {
        town.staff("accountant", town.county, "county_accountant").await;
        for (login, path) in [
            ("clerk_b", "/desk/people?q=sdf"),
            ("clerk_b", "/api/v1/people?q=sdf"),
            ("clerk_b", "/desk/cases?q=sdf"),
            ("clerk_b", "/desk/work?q=sdf"),
            ("clerk_b", "/desk/records/organisation?q=sdf"),
            ("clerk_b", "/desk/search?q=sdf"),
            ("clerk_b", "/desk/divisions/1/sheet?format=csv"),
            ("root", "/desk/admin/staff?q=clerk"),
            ("root", "/desk/admin/audit"),
            ("clerk_b", "/desk/work/export"),
            ("clerk_b", "/desk/leads/sheet?format=csv"),
            ("clerk_b", "/desk/leads/by-month/sheet?format=csv"),
            ("clerk_b", "/desk/taken-in/export"),
            ("clerk_b", "/desk/taken-in"),
            ("accountant", "/desk/figures/sheet?format=csv"),
            ("accountant", "/desk/figures/cases/sheet?format=csv"),
            ("accountant", "/desk/figures/paid/sheet?format=csv"),
            ("accountant", "/desk/payments/sheet?format=csv"),
            ("accountant", "/desk/month-lists/sheet?format=csv"),
            ("accountant", "/desk/figures/families?counted=on_roll"),
            ("accountant", "/desk/figures/cases/list?counted=filed"),
        ] {
            let before = audited(town).await;
            let mut browser = town.browser(login).await;
            let signed_in = audited(town).await;
            assert!(signed_in > before);
            let seen = browser.get(path).await;
            assert!(seen.status.is_success(), "{path}: {}", seen.status);
            assert!(audited(town).await > signed_in, "{login} {path} leaves no trace");
        }
        // The audit itself goes out for a purpose, as a sheet that says what it is.
        let mut root = town.browser("root").await;
        let unstated = root.post("/desk/admin/audit/export", &[("format", "csv")]).await;
        assert_eq!(unstated.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(unstated.text.contains("请填写导出审计记录的用途"));
        let fields = [("format", "csv"), ("purpose", "年度审计"), ("action", "person.")];
        let before = audited(town).await;
        let file = root.post("/desk/admin/audit/export", &fields).await;
        assert_eq!(file.status, StatusCode::OK, "{}", file.text);
        assert!(file.text.contains("用途：年度审计") && file.text.contains("登记人员"), "{}", file.text);
        assert!(!file.text.contains("登录"), "only what was asked for");
        assert_eq!(audited(town).await, before + 1);
        let sheet =
            root.post("/desk/admin/audit/export", &[("format", "xlsx"), ("purpose", "年度审计")]).await;
        assert!(sheet.bytes.starts_with(b"PK") && words(&sheet).contains("登记人员"));
    })
    .await;
}

#[tokio::test]
async fn nobody_sees_or_changes_what_is_their_neighbours_on_sqlite() {
    walk(Backend::Sqlite).await;
}

#[tokio::test]
async fn nobody_sees_or_changes_what_is_their_neighbours_on_postgres() {
    walk(Backend::Postgres).await;
}

/// Two tests, since this is the longest of all: they walk side by side.
async fn walk(backend: Backend) {
    let towns = Town::all("leaks").await;
    for mut town in towns.into_iter().filter(|town| town.office.db().backend() == backend) {
        unhurried(&mut town);
        let mut planted = plant(&town).await;
        let routes = routes(&town);
        assert!(routes.len() > 150, "{}", routes.len());
        let mut asked = addresses(&routes, "GET", &planted);
        let mut faults = Vec::new();
        let looked = looked(&town, &mut planted, &asked, &mut faults).await;
        asked.extend(questions(&routes, &planted));
        asked.extend(looked.links.iter().map(|link| Address {
            route: link.split('?').next().unwrap().to_owned(),
            path: link.clone(),
            missing: None,
            whose: Whose::Everybodys,
        }));
        let posted = posts(&routes, &planted, &looked, &mut faults);

        let mut strangers = strangers(&town).await;
        let before = Rows::of(town.office.db()).await;
        let places = [planted.village.0, planted.township.0];
        let lying = lying_in(town.office.db(), &places).await;
        let mut walk = Walk { planted: &planted, faults, offered: BTreeSet::new() };
        for (who, browser) in &mut strangers {
            let mut closed = BTreeSet::new();
            for address in &asked {
                // A list that is closed to the visitor is closed whatever it is asked.
                if address.path.contains('?') && closed.contains(&address.route) {
                    continue;
                }
                let seen = browser.get(&address.path).await;
                if address.path == address.route && !seen.status.is_success() {
                    closed.insert(address.route.clone());
                }
                walk.silent(who, "GET", address, &seen);
                if let Some(missing) = address.missing.as_ref().filter(|_| hidden(who, address)) {
                    let other = browser.get(missing).await;
                    walk.alike(who, "GET", address, &seen, &other);
                }
            }
            for (address, sent) in &posted {
                // What an earlier deed would say on the next page.
                browser.cookies.retain(|(name, _)| [DESK_COOKIE, CITIZEN_COOKIE].contains(&name.as_str()));
                let seen = send(browser, &address.path, sent).await;
                walk.silent(who, "POST", address, &seen);
                if let Some(missing) = address.missing.as_ref().filter(|_| hidden(who, address)) {
                    let other = send(browser, missing, sent).await;
                    walk.alike(who, "POST", address, &seen, &other);
                }
            }
            let after = Rows::of(town.office.db()).await;
            for row in before.lost(&after) {
                walk.fault(who, "changed", "a row", row);
            }
            if lying_in(town.office.db(), &places).await != lying {
                walk.fault(who, "added", "rows", format!("{:?}", before.gained(&after)));
            }
            assert!(walk.faults.len() < 200, "{}", walk.faults.join("\n"));
        }
        // In the same offices, for another business.
        for (who, browser) in &mut colleagues(&town).await {
            for address in &asked {
                let seen = browser.get(&address.path).await;
                walk.silent_of_matters(who, address, &seen);
                if let Some(missing) = address.missing.as_ref().filter(|_| of_matter(address)) {
                    let other = browser.get(missing).await;
                    walk.alike(who, "GET", address, &seen, &other);
                }
            }
            for (address, sent) in posted.iter().filter(|(address, _)| of_matter(address)) {
                browser.cookies.retain(|(name, _)| [DESK_COOKIE, CITIZEN_COOKIE].contains(&name.as_str()));
                let seen = send(browser, &address.path, sent).await;
                if let Some(missing) = &address.missing {
                    let other = send(browser, missing, sent).await;
                    walk.alike(who, "POST", address, &seen, &other);
                }
            }
            let after = Rows::of(town.office.db()).await;
            for row in before.lost(&after) {
                walk.fault(who, "changed", "a row", row);
            }
            assert!(walk.faults.len() < 200, "{}", walk.faults.join("\n"));
        }
        for (_, title) in SHARED_TITLES {
            if !walk.offered.contains(title) {
                walk.faults.push(format!("{title} is offered to nobody: sharing it proves nothing"));
            }
        }
        assert!(walk.faults.is_empty(), "{} faults:\n{}", walk.faults.len(), walk.faults.join("\n"));
    }
}

/// Every route that takes a form, with the form: as a page shows it, or written here.
fn posts(
    routes: &[Route],
    planted: &Planted,
    looked: &Looked,
    faults: &mut Vec<String>,
) -> Vec<(Address, Sent)> {
    let mut posted = Vec::new();
    for address in addresses(routes, "POST", planted) {
        if OWN_SESSION.contains(&address.route.as_str()) {
            continue;
        }
        match looked.forms.get(&address.path).cloned().or_else(|| by_hand(planted, &address.route)) {
            Some(sent) => posted.push((address, sent)),
            None => faults.push(format!("no form is known for {}", address.path)),
        }
    }
    posted
}
