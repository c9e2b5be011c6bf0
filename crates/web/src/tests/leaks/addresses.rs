//! Every route of the program with what is planted in it, and beside each the same address of something that is not there.

use super::planted::Planted;
use crate::routes::Route;

/// An id that nothing has.
const NOTHING: &str = "999999999";

/// Whose what stands at an address is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Whose {
    /// The second township's: for strangers it is not there.
    Townships,
    /// The county's: its townships may see it, without what is their neighbours'.
    Countys,
    /// Everybody's.
    Everybodys,
}

/// One address to ask.
#[derive(Debug, Clone)]
pub(super) struct Address {
    pub route: String,
    pub path: String,
    /// The same of something that is not there; none when the address names nothing.
    pub missing: Option<String>,
    pub whose: Whose,
}

/// All addresses of the routes of a method. A parameter nobody knows a value for is a hole in this test.
pub(super) fn addresses(routes: &[Route], method: &str, planted: &Planted) -> Vec<Address> {
    let mut addresses = Vec::new();
    for route in routes.iter().filter(|route| route.method == method) {
        for (mut path, mut missing) in filled(&route.path, planted) {
            if route.method == "GET" && route.path.ends_with("/remove/{page}") {
                // Which record is taken out stands behind the address.
                path.push_str("?record=1");
                missing.push_str("?record=1");
            }
            addresses.push(Address {
                route: route.path.clone(),
                missing: (missing != path).then_some(missing),
                path,
                whose: whose(&route.path),
            });
        }
    }
    addresses
}

fn whose(route: &str) -> Whose {
    if route.starts_with("/draws") {
        // A draw by lot is public; what stands under its numbers is not.
        Whose::Everybodys
    } else if route.ends_with("{random_check}") || route.ends_with("{random_check}/export") {
        Whose::Countys
    } else if ["{run}", "{upload}", "{import}", "{draw}", "{list}"]
        .iter()
        .any(|parameter| route.contains(parameter))
    {
        Whose::Countys
    } else if ["/standard-changes/", "/divisions/", "/division-changes/"].iter().any(|of| route.contains(of))
        || !route.contains('{')
    {
        Whose::Everybodys
    } else {
        Whose::Townships
    }
}

/// A route with its parameters, each way of filling them once; beside it the same with ids of nothing.
fn filled(route: &str, planted: &Planted) -> Vec<(String, String)> {
    let mut ways = vec![(String::new(), String::new())];
    for segment in route.split('/').skip(1) {
        let parameter = segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
        let values: Vec<String> = match parameter {
            None => vec![segment.to_owned()],
            Some(parameter) => planted.values(route, parameter).to_vec(),
        };
        assert!(!values.is_empty(), "nothing is planted for {segment} of {route}");
        let mut longer = Vec::new();
        for (path, missing) in &ways {
            for value in &values {
                let numbered = parameter.is_some() && value.bytes().all(|byte| byte.is_ascii_digit());
                let nothing = if numbered { NOTHING } else { value.as_str() };
                longer.push((format!("{path}/{value}"), format!("{missing}/{nothing}")));
            }
        }
        ways = longer;
    }
    ways
}

/// Lists asked for what is the second township's, and for what is nobody's.
pub(super) fn questions(routes: &[Route], planted: &Planted) -> Vec<Address> {
    let ask = |village: String, township: String, words: [&str; 2], id: &dyn Fn(&str) -> String| {
        let fields = [
            ("division", village.clone()),
            ("village", village),
            ("township", township),
            ("place", words[0].to_owned()),
            ("q", words[1].to_owned()),
            ("person", id("person")),
            ("case", id("case")),
            ("staff", id("staff")),
            ("household", id("household")),
            ("entitlement", id("entitlement")),
            ("month", "2026-11".to_owned()),
            ("counted", "families".to_owned()),
            ("format", "csv".to_owned()),
        ];
        fields.map(|(name, value)| format!("{name}={}", crate::ui::query_value(&value))).join("&")
    };
    let [here, elsewhere] = [0, 1].map(|side| {
        let of = |pair: (store::DivisionId, store::DivisionId)| [pair.0, pair.1][side].to_string();
        let code = planted.words.iter().map(|pair| if side == 0 { &pair.0 } else { &pair.1 }).next().unwrap();
        let words = [code.as_str(), ["孙德福", "孙德禄"][side]];
        ask(of(planted.village), of(planted.township), words, &|kind| {
            if side == 0 { planted.one(kind).to_owned() } else { NOTHING.to_owned() }
        })
    });
    let searched = |word: &str| format!("q={}", crate::ui::query_value(word));
    let mut asked = vec![(here, elsewhere)];
    asked.extend(planted.searched.iter().map(|(here, elsewhere)| (searched(here), searched(elsewhere))));
    let lists = routes.iter().filter(|route| route.method == "GET" && !route.path.contains('{'));
    lists
        .flat_map(|route| {
            // What hangs in a village is for everybody; the audit grows with every question, so no two answers are alike.
            let everybodys = [super::PUBLIC, "/desk/admin/audit"].contains(&route.path.as_str());
            let whose = if everybodys { Whose::Everybodys } else { Whose::Townships };
            asked.iter().map(move |(here, elsewhere)| Address {
                route: route.path.clone(),
                path: format!("{}?{here}", route.path),
                missing: Some(format!("{}?{elsewhere}", route.path)),
                whose,
            })
        })
        .collect()
}
