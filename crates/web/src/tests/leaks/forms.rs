//! The forms of a page, read as a browser would: where they go and what they send.

use std::collections::BTreeMap;

/// What a form sends, besides its idempotency key.
pub(super) type Sent = Vec<(String, String)>;

/// The forms that post, by where they post to, filled in where nothing stands.
pub(super) fn forms_of(page: &str) -> BTreeMap<String, Sent> {
    let mut forms = BTreeMap::new();
    for form in page.split("<form ").skip(1) {
        let (head, body) = form.split_once('>').unwrap();
        let body = body.split("</form>").next().unwrap();
        if attribute(head, "method").as_deref() == Some("post")
            && let Some(action) = attribute(head, "action")
        {
            forms.entry(action).or_insert_with(|| fields(body));
        }
    }
    forms
}

/// Every address that the page leads to, as written.
pub(super) fn links_of(page: &str) -> Vec<String> {
    page.split("href=\"").skip(1).map(|rest| unescaped(rest.split('"').next().unwrap())).collect()
}

fn fields(body: &str) -> Sent {
    let mut sent = Sent::new();
    for element in body.split('<').skip(1) {
        let (head, rest) = element.split_once('>').unwrap_or((element, ""));
        let kind = head.split([' ', '\n']).next().unwrap();
        let Some(name) = attribute(head, "name").filter(|name| name != crate::ui::form::KEY) else {
            continue;
        };
        let given = attribute(head, "value").unwrap_or_default();
        let known = sent.iter().any(|(field, _)| *field == name);
        match (kind, attribute(head, "type").as_deref()) {
            ("input", Some("file")) => {}
            ("input", Some("hidden")) => sent.push((name, given)),
            ("input", Some("radio" | "checkbox")) if known => {}
            ("input", Some("radio" | "checkbox")) | ("button", _) => sent.push((name, given)),
            ("input", _) => {
                let value = if given.is_empty() { plausible(&name) } else { given };
                sent.push((name, value));
            }
            ("textarea", _) => {
                let value = if rest.trim().is_empty() { plausible(&name) } else { unescaped(rest) };
                sent.push((name, value));
            }
            ("select", _) => {
                let options = body.split(&format!("name=\"{name}\"")).nth(1).unwrap_or_default();
                let options = options.split("</select>").next().unwrap();
                let values = options.split("<option").skip(1).filter_map(|option| {
                    let value = attribute(option.split('>').next().unwrap(), "value")?;
                    Some((option.contains("selected"), value)).filter(|(_, value)| !value.is_empty())
                });
                let values: Vec<(bool, String)> = values.collect();
                let chosen = values.iter().find(|(selected, _)| *selected).or(values.first());
                if let Some((_, value)) = chosen {
                    sent.push((name, value.clone()));
                }
            }
            _ => {}
        }
    }
    sent
}

/// Something that a field of this name would take.
fn plausible(name: &str) -> String {
    let end = name.rsplit(['.', '_', '-']).next().unwrap();
    match end {
        "year" => "2026",
        "month" => "11",
        "day" => "22",
        "count" | "families" | "members" => "1",
        "total" | "monthly" | "amount" | "value" => "100",
        "login" => "somebody.new",
        _ => "工作需要",
    }
    .to_owned()
}

fn attribute(head: &str, name: &str) -> Option<String> {
    let start = format!("{name}=\"");
    let at = head.find(&start).filter(|at| *at == 0 || head[..*at].ends_with([' ', '\n']))?;
    head[at + start.len()..].split('"').next().map(unescaped)
}

fn unescaped(text: &str) -> String {
    text.replace("&quot;", "\"")
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&#39;", "'")
        .replace("&amp;", "&")
}
