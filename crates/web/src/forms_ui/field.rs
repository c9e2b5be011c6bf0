//! One field of a pack's form as controls.

use catalogue::definition::{Code, Field, FieldKind, Page, Requirement, Target};
use maud::{Markup, html};
use office::forms::{FieldPath, FilledForm, Mentions, Raw, referred_id, shown_masked, target_key};

use super::{FREE, Look, SEEN};
use crate::ui::form::{
    Choice, DateParts, Field as Question, Width, checkboxes, date_input, file_upload, grouped_select, hidden,
    month_input, radios, select, signature, text_area, text_input, unit_input,
};

/// Up to this many choices stand open; more go into a menu.
const RADIOS_MAX: usize = 5;
/// What a file field offers to choose.
const ACCEPT: &str = "image/*,.heic,.pdf";

/// A field that is shown, with what was typed and what is wrong with it.
#[must_use]
pub fn render_field(
    filled: &FilledForm<'_>,
    page: &Page,
    record: Option<usize>,
    field: &Field,
    look: &Look<'_>,
) -> Markup {
    let path = FieldPath::new(page, record, field);
    let name = path.to_string();
    let raw = filled.answers().get(&path);
    let masked = raw.filter(|raw| {
        let untouched = look.on_file.is_some_and(|kept| kept.get(&path) == Some(*raw));
        untouched || *field.kind == FieldKind::CitizenId
    });
    let masked = masked.and_then(|raw| shown_masked(field, raw));
    let text = masked.as_deref().unwrap_or_else(|| raw.map_or("", Raw::text));
    let mut question =
        Question::new(name.clone(), field.label.as_str()).hint(hint(filled, field)).errors(look.errors);
    question.width = width(field);
    question.optional =
        matches!(field.required, Requirement::Optional) && *field.kind != FieldKind::Statement;
    question.autocomplete = field.autocomplete.as_deref();
    let question = question.value(text);
    let release = filled.context().release;
    let codes: Vec<&Code> = field
        .codelist
        .as_ref()
        .and_then(|list| release.codelists.get(list))
        .map(|list| list.values.iter().filter(|code| !code.retired).collect())
        .unwrap_or_default();
    let control = match *field.kind {
        FieldKind::Text | FieldKind::PersonName => with_unit(&question, field),
        FieldKind::CitizenId => text_input(&question),
        FieldKind::Textarea => text_area(&question, 4),
        FieldKind::YesNo => radios(
            &question.value(yes_no(text)).inline(),
            &[Choice::new("yes", "是"), Choice::new("no", "否")],
        ),
        FieldKind::Choice => one_of(&question, &codes.into_iter().map(code_choice).collect::<Vec<_>>()),
        FieldKind::Choices => {
            let chosen = raw.map(Raw::list).unwrap_or_default();
            let choices: Vec<Choice<'_>> = codes.into_iter().map(code_choice).collect();
            html! { (hidden(&name, "")) (checkboxes(&question, &choices, &chosen)) }
        }
        FieldKind::Date => date_input(&question.dotted(), &date_parts(raw)),
        FieldKind::Month => month_input(&question.dotted(), &date_parts(raw)),
        FieldKind::Money => unit_input(&question.inputmode("decimal"), field.unit.as_deref().unwrap_or("元")),
        FieldKind::Integer => with_unit(&question.inputmode("numeric"), field),
        FieldKind::Decimal => with_unit(&question.inputmode("decimal"), field),
        FieldKind::Phone => text_input(&question.inputmode("tel")),
        FieldKind::BankAccount => text_input(&question.inputmode("numeric")),
        FieldKind::Division if look.picks => pick_division(filled, &question),
        FieldKind::Division => division(filled, &question, look),
        FieldKind::File | FieldKind::Files | FieldKind::Signature => {
            files(filled, field, &question, raw, look)
        }
        FieldKind::MemberRef => {
            let members = filled.members();
            let choices: Vec<Choice<'_>> =
                members.iter().map(|(value, title)| Choice::new(value.as_str(), title.as_str())).collect();
            one_of(&question, &choices)
        }
        FieldKind::Statement => statement(field, &question),
        FieldKind::Person
        | FieldKind::Household
        | FieldKind::Organisation
        | FieldKind::Facility
        | FieldKind::Place
        | FieldKind::Record => pick(filled, field, &question),
        FieldKind::Point => text_input(&with_hint(question, "经度,纬度，单位度，例如 106.812345,39.67")),
        FieldKind::Line => text_area(&with_hint(question, "每个点写经度,纬度，点与点之间用分号隔开"), 3),
    };
    let free = matches!(field.required, Requirement::When(_)) && !filled.needs(page, record, field);
    html! { (hidden(SEEN, &name)) @if free { (hidden(FREE, &name)) } (control) }
}

/// The hint, with the law that asks for the answer.
fn hint(filled: &FilledForm<'_>, field: &Field) -> String {
    let context = filled.context();
    let basis: Vec<String> =
        context.release.basis_on(&field.basis, context.now.today()).iter().map(|law| law.text()).collect();
    let hint = field.hint.clone().unwrap_or_default();
    match (hint.is_empty(), basis.is_empty()) {
        (_, true) => hint,
        (true, false) => format!("依据：{}", basis.join("、")),
        (false, false) => format!("{hint}（依据：{}）", basis.join("、")),
    }
}

fn width(field: &Field) -> Width {
    let of_kind = match *field.kind {
        FieldKind::Text | FieldKind::Textarea => Width::Full,
        FieldKind::Money | FieldKind::Decimal => Width::Chars10,
        FieldKind::Integer => Width::Chars5,
        _ => Width::Chars20,
    };
    match field.width {
        None => of_kind,
        Some(..=3) => Width::Chars3,
        Some(..=5) => Width::Chars5,
        Some(..=10) => Width::Chars10,
        Some(..=20) => Width::Chars20,
        Some(_) => Width::Full,
    }
}

fn with_unit(question: &Question<'_>, field: &Field) -> Markup {
    match &field.unit {
        Some(unit) => unit_input(question, unit),
        None => text_input(question),
    }
}

fn yes_no(text: &str) -> &'static str {
    match text.trim() {
        "yes" | "true" | "是" | "1" => "yes",
        "no" | "false" | "否" | "0" => "no",
        _ => "",
    }
}

fn code_choice(code: &Code) -> Choice<'_> {
    Choice::new(code.code.as_str(), code.title.as_str())
}

fn one_of(question: &Question<'_>, choices: &[Choice<'_>]) -> Markup {
    if choices.len() <= RADIOS_MAX {
        radios(question, choices)
    } else {
        select(question, choices, Some("请选择"))
    }
}

/// The boxes of a date as typed; one that was known beforehand stands there as one text.
fn date_parts(raw: Option<&Raw>) -> DateParts {
    let Some(raw) = raw else { return DateParts::default() };
    if let Raw::Parts(_) = raw {
        let part = |part: &str| raw.part(part).to_owned();
        return DateParts { year: part("year"), month: part("month"), day: part("day") };
    }
    let mut parts = raw.text().split('-').map(str::to_owned);
    let mut next = || parts.next().unwrap_or_default();
    DateParts { year: next(), month: next(), day: next() }
}

fn with_hint<'q>(question: Question<'q>, hint: &'q str) -> Question<'q> {
    if question.hint.is_empty() { question.hint(hint) } else { question }
}

/// What may be written to point at something.
fn picking_hint(field: &Field) -> &'static str {
    match field.target() {
        Some(Target::Person) => "填写身份证号码，或者姓名。",
        Some(Target::Household) => "填写户主的身份证号码，或者户主姓名。",
        _ => "填写名称或编号，可以只写开头几个字。",
    }
}

/// A field that points at something: words are typed, and when they may mean several things one of them is chosen.
fn pick(filled: &FilledForm<'_>, field: &Field, question: &Question<'_>) -> Markup {
    let context = filled.context();
    let typed = question.value.as_ref();
    let known = field.target().zip(referred_id(typed));
    let title = known.and_then(|(target, id)| context.references.get(&(target_key(target), id)));
    picked(filled, question, title.map(String::as_str), picking_hint(field))
}

/// As [`pick`], for a division.
fn pick_division(filled: &FilledForm<'_>, question: &Question<'_>) -> Markup {
    let code = question.value.as_ref();
    let known = filled.context().divisions.iter().find(|(known, _)| known.as_str() == code);
    picked(filled, question, known.map(|(_, name)| name.as_str()), "填写区划名称或代码。")
}

fn picked(filled: &FilledForm<'_>, question: &Question<'_>, title: Option<&str>, hint: &str) -> Markup {
    let candidates = filled.context().candidates.get(question.name.as_ref());
    let question = with_hint(question.clone(), hint).width(Width::Full).picks();
    match (title, candidates) {
        // What was found stands there with its number, so that sent back it is the same and not looked for again.
        (Some(title), _) => {
            let number = question
                .value
                .rsplit_once('〔')
                .map_or_else(|| format!("〔{}〕", question.value), |(_, rest)| format!("〔{rest}"));
            text_input(&question.value(format!("{title}{number}")))
        }
        (None, Some(candidates)) if !candidates.is_empty() => {
            let mut choices: Vec<Choice<'_>> =
                candidates.iter().map(|(value, title)| Choice::new(value.as_str(), title.as_str())).collect();
            choices.push(Choice::new("", "都不是，重新填写"));
            radios(&question, &choices)
        }
        _ => text_input(&question),
    }
}

fn division(filled: &FilledForm<'_>, question: &Question<'_>, look: &Look<'_>) -> Markup {
    let groups: Vec<_> = look
        .divisions
        .iter()
        .map(|group| {
            let villages = group.villages.iter();
            let villages = villages.map(|(code, name)| Choice::new(code.as_str(), name.as_str())).collect();
            (group.title.as_str().into(), villages)
        })
        .collect();
    let code = question.value.as_ref();
    let offered = look.divisions.iter().any(|group| group.villages.iter().any(|(known, _)| known == code));
    let elsewhere = filled.context().divisions.iter().find(|(known, _)| known.as_str() == code);
    let other = elsewhere.filter(|_| !offered).map(|(code, name)| Choice::new(code.as_str(), name.as_str()));
    grouped_select(question, &groups, other.as_ref(), "请选择村（社区）")
}

/// An upload; files that are there already stay unless their box is emptied, and travel with the form.
fn files(
    filled: &FilledForm<'_>,
    field: &Field,
    question: &Question<'_>,
    raw: Option<&Raw>,
    look: &Look<'_>,
) -> Markup {
    let several = *field.kind == FieldKind::Files;
    let kept: Vec<(&str, &str)> = raw
        .map(Raw::list)
        .unwrap_or_default()
        .into_iter()
        .filter_map(|id| filled.context().attachments.get(id).map(|file| (id, file.name.as_str())))
        .collect();
    // What a record has already is opened on its own page.
    let on_record = look.on_file.map(|on_file| Mentions::of(filled.form(), on_file).attachments);
    let opens = |id: &str| on_record.as_ref().is_none_or(|on_record| !on_record.contains(id));
    let mut question = question.clone();
    if *field.kind == FieldKind::Signature && question.hint.is_empty() {
        question.hint = "可以在屏幕上手写，也可以在纸上签名后拍照上传。".into();
    }
    let name = question.name.clone();
    html! {
        (hidden(&name, ""))
        @if *field.kind == FieldKind::Signature { (signature(&question, ACCEPT)) }
        @else { (file_upload(&question, ACCEPT, several)) }
        @if !kept.is_empty() {
            div.govuk-form-group {
                p.govuk-hint { @if several { "已上传（去掉勾选就不再提交）：" } @else { "已上传（重新选择文件就替换）：" } }
                div.govuk-checkboxes.govuk-checkboxes--small {
                    @for (index, (id, title)) in kept.iter().enumerate() {
                        @let control = format!("{name}-kept-{}", index + 1);
                        div.govuk-checkboxes__item {
                            input.govuk-checkboxes__input type="checkbox" id=(control) name=(name) value=(id) checked;
                            label.govuk-label.govuk-checkboxes__label for=(control) { (title) }
                            @if opens(id) {
                                " " a.govuk-link href={ (look.files) "/" (id) } target="_blank" rel="noopener" {
                                    "查看" span.govuk-visually-hidden { (title) "（在新窗口打开）" }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn statement(field: &Field, question: &Question<'_>) -> Markup {
    let words = field.statement.as_deref().unwrap_or(&field.label);
    let accepted = !matches!(question.value.trim(), "" | "no" | "false" | "否" | "0");
    let chosen: &[&str] = if accepted { &["yes"] } else { &[] };
    html! {
        (hidden(&question.name, ""))
        (checkboxes(question, &[Choice::new("yes", words)], chosen))
    }
}
