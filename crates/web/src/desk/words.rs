//! Words and figures that several desk pages share.

use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{IntoResponse as _, Response};
use chrono::NaiveDate;
use maud::Markup;
use office::Office;
use vocab::{Now, TimeLimit};

use crate::ui::parts::{Colour, Urgency, due, tag};
use crate::ui::query_value;

/// A last day, and how many working days are left or over. `earliest` where holidays are not published yet.
pub(crate) fn due_markup(office: &Office, on: NaiveDate, earliest: Option<NaiveDate>) -> Markup {
    let today = office.now().today();
    let (left, urgency) = left_words(office, today, on);
    let date = match earliest {
        Some(earliest) if earliest != on => format!("{earliest} 至 {on}（放假安排尚未公布）"),
        _ => on.to_string(),
    };
    due(&date, &left, urgency)
}

/// 剩 2 个工作日, 今天到期, 超期 1 个工作日.
pub(super) fn left_words(office: &Office, today: NaiveDate, on: NaiveDate) -> (String, Urgency) {
    let count = |from, to| {
        let days = office.calendar().working_days_between(from, to);
        match days.exact() {
            Some(days) => (days, days.to_string()),
            None => (days.least, format!("{}～{}", days.least, days.most)),
        }
    };
    if on < today {
        let (days, words) = count(on, today);
        // A weekend between is over as well, though no working day has gone by.
        let words = if days == 0 { "已超期".to_owned() } else { format!("超期 {words} 个工作日") };
        (words, Urgency::Danger)
    } else if on == today {
        ("今天到期".to_owned(), Urgency::Warning)
    } else {
        let (days, words) = count(today, on);
        let urgency = if days <= 1 { Urgency::Warning } else { Urgency::Calm };
        (format!("剩 {words} 个工作日"), urgency)
    }
}

/// A limit in words: 30 个工作日.
pub(super) fn limit_words(limit: TimeLimit) -> String {
    match limit {
        TimeLimit::WorkingDays(days) => format!("{} 个工作日", days.0),
        TimeLimit::NaturalDays(days) => format!("{} 天", days.0),
        TimeLimit::Months(months) => format!("{} 个月", months.0),
    }
}

/// The colour of an ending; its words are the pack's.
fn outcome_colour(outcome: &str) -> Colour {
    match outcome {
        "granted" | "continued" | "increased" => Colour::Green,
        "refused" | "stopped" => Colour::Red,
        "reduced" | "tapered" => Colour::Orange,
        _ => Colour::Grey,
    }
}

/// The state of a case: its step, or how it ended.
pub(crate) fn state_tag(office: &Office, open: bool, step: &str, outcome: Option<&str>) -> Markup {
    match outcome {
        Some(outcome) if !open => {
            tag(outcome_colour(outcome), office.release().code_title("case_outcome", outcome))
        }
        _ if !open => tag(Colour::Grey, "已办结"),
        _ => tag(Colour::Blue, step),
    }
}

/// Day and time in China.
pub(super) fn moment(at: i64) -> String {
    Now::from_unix_ms(at).zh()
}

/// The title of an item of the release in force; its id when the release has it no more.
pub(super) fn item_title(office: &Office, item: &str) -> String {
    office.release().items.get(item).map_or_else(|| item.to_owned(), |known| known.title.clone())
}

/// The title of a step of an item.
pub(super) fn step_title(office: &Office, item: &str, step: &str) -> String {
    let release = office.release();
    let known = release.items.get(item).and_then(|item| item.step(step));
    known.map_or_else(|| step.to_owned(), |step| step.title.clone())
}

/// A file to be saved.
pub(crate) fn download(name: &str, mime: &'static str, content: Vec<u8>) -> Response {
    file(name, mime, false, content)
}

/// A file, shown in the browser or saved.
pub(super) fn file(name: &str, mime: &str, inline: bool, content: Vec<u8>) -> Response {
    let kind = if inline { "inline" } else { "attachment" };
    let disposition = format!("{kind}; filename*=UTF-8''{}", query_value(name));
    let mut response = content.into_response();
    let mut put = |name: HeaderName, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            response.headers_mut().insert(name, value);
        }
    };
    put(header::CONTENT_TYPE, mime);
    put(header::CONTENT_DISPOSITION, &disposition);
    response
}
