//! 先看看我家可能符合吗: a few questions without an account, answered by the same rules that decide. Nothing is stored and nothing is
//! logged: the figures travel in the body of the request and are gone with the answer.
//!
//! What is asked follows from the pack: the facts that the programme reads, in the words and order of the application form.

use std::collections::BTreeMap;

use axum::extract::{Form, Path, Query};
use catalogue::Release;
use catalogue::definition::{self, Fact, Item, Requirement, Unit, ValueKind};
use catalogue::shapes::{HOUSEHOLD, PERSON, absent_value};
use chrono::NaiveDate;
use maud::{Markup, html};
use office::casework::needs_benefit;
use office::casework::other_help::{self, assume_judgements};
use office::people;
use rules::{Outcome, Record, Value};
use serde::Deserialize;
use vocab::Month;

use super::explain;
use super::services::{counties, county_or_first};
use crate::answer::Page;
use crate::error::Fault;
use crate::extract::Visitor;
use crate::form_body::Fields;
use crate::routes::{Routes, get, post};
use crate::ui::Link;
use crate::ui::form::{
    ButtonKind, Choice, Errors, Field, Width, button_group, button_link, error_summary, fieldset, form_get,
    hidden, money_input, radios, select, submit, text_input, unit_input,
};
use crate::ui::parts::{Colour, details, heading, inset, tag};

/// Members that the page asks about; a larger family goes on at the window.
const MEMBERS_MAX: usize = 10;
const AGE_MAX: u32 = 120;

pub(super) fn routes() -> Routes {
    Routes::new()
        .route("/services/{item}/check", get(begin_item))
        .route("/services/{item}/check", post(answer_item))
        .route("/programmes/{programme}/try", get(begin_programme))
        .route("/programmes/{programme}/try", post(answer_programme))
}

/// One question of the check: a fact, in the words of the application form.
struct Question<'a> {
    fact: &'a Fact,
    label: &'a str,
    hint: Option<&'a str>,
    /// The form demands an answer, so leaving it open leaves it unknown.
    required: bool,
}

/// What the check asks, and what is taken for granted.
struct Questions<'a> {
    release: &'a Release,
    /// What is checked.
    title: &'a str,
    /// Where the check stands, and the page before it.
    here: String,
    back: (String, &'static str),
    /// The matter that can be filed.
    item: Option<&'a Item>,
    /// Programmes, best first.
    programmes: Vec<&'a str>,
    of_member: Vec<Question<'a>>,
    of_household: Vec<Question<'a>>,
    age: bool,
}

impl<'a> Questions<'a> {
    /// What a matter asks: by the programme that it is for, in the words of its form.
    fn of_item(release: &'a Release, id: &str) -> Option<Questions<'a>> {
        let item = release.items.get(id)?;
        if needs_benefit(item) || !item.citizens_may_file {
            return None;
        }
        let form = release.forms.get(&item.form)?;
        let (here, back) = (format!("/services/{id}/check"), (format!("/services/{id}"), "返回办事指南"));
        let programmes = item.programmes.iter().map(|programme| programme.as_str()).collect();
        Questions::new(release, &item.title, (here, back), Some(item), programmes, &[form])
    }

    /// What one programme asks, in the words of whatever form asks it, or its own.
    fn of_programme(release: &'a Release, id: &str) -> Option<Questions<'a>> {
        let programme = release.programmes.get(id)?;
        let (here, back) = (format!("/programmes/{id}/try"), (format!("/programmes/{id}"), "返回规则"));
        let forms: Vec<&definition::Form> = release.forms.iter().map(|form| &**form).collect();
        let id: &str = &programme.id;
        Questions::new(release, &programme.title, (here, back), None, vec![id], &forms)
    }

    fn new(
        release: &'a Release,
        title: &'a str,
        (here, back): (String, (String, &'static str)),
        item: Option<&'a Item>,
        programmes: Vec<&'a str>,
        forms: &[&'a definition::Form],
    ) -> Option<Questions<'a>> {
        let programme = programmes.first()?;
        let compiled = release.rules(programme)?;
        let definition = release.programmes.get(programme)?;
        // What only the interval of reviews reads is not asked beforehand.
        let expressions = definition.definitions.iter().map(|line| &line.expr).chain(
            definition
                .conditions
                .iter()
                .filter_map(|condition| condition.expr.as_ref())
                .chain([&definition.amount.expr]),
        );
        let text: Vec<&str> = expressions.map(|expression| expression.as_str()).collect();
        let counts = |id: &str| text.iter().any(|text| text.contains(id));
        let facts = compiled.facts();
        let asked = |shape: &str| -> Vec<Question<'a>> {
            let read =
                |fact: &Fact| facts.contains(&(shape.to_owned(), fact.id.get().clone())) && counts(&fact.id);
            let mut questions: Vec<Question<'a>> = Vec::new();
            for (_, field) in forms.iter().flat_map(|form| form.fields()) {
                let Some(fact) = field.fact.as_ref().and_then(|fact| release.facts.get(fact)) else {
                    continue;
                };
                if read(fact) && questions.iter().all(|known| *known.fact.id != *fact.id) {
                    questions.push(Question {
                        fact,
                        label: &field.label,
                        hint: field.hint.as_deref(),
                        required: matches!(field.required, Requirement::Always),
                    });
                }
            }
            // A form of its own is the whole of what a matter asks; a programme asks what no form does as well.
            if item.is_none() {
                for fact in release.facts.iter().filter(|fact| read(fact)) {
                    if questions.iter().all(|known| *known.fact.id != *fact.id) {
                        questions.push(Question { fact, label: &fact.title, hint: None, required: true });
                    }
                }
            }
            questions
        };
        let (of_member, of_household) = (asked(PERSON), asked(HOUSEHOLD));
        let age = facts.contains(&(PERSON.to_owned(), "born_on".to_owned()));
        Some(Questions { release, title, here, back, item, programmes, of_member, of_household, age })
    }
}

#[derive(Deserialize)]
struct Start {
    #[serde(default)]
    place: String,
    #[serde(default)]
    members: String,
}

async fn begin_item(
    visitor: Visitor,
    Path(id): Path<String>,
    Query(start): Query<Start>,
) -> Result<Page, Fault> {
    let release = visitor.office().release();
    Ok(begin(&Questions::of_item(&release, &id).ok_or(Fault::Hidden)?, &start))
}

async fn begin_programme(
    visitor: Visitor,
    Path(id): Path<String>,
    Query(start): Query<Start>,
) -> Result<Page, Fault> {
    let release = visitor.office().release();
    Ok(begin(&Questions::of_programme(&release, &id).ok_or(Fault::Hidden)?, &start))
}

fn begin(questions: &Questions<'_>, start: &Start) -> Page {
    let release = questions.release;
    let mut errors = Errors::none();
    if !start.members.is_empty() {
        match vocab::half_width(start.members.trim()).parse::<usize>() {
            Ok(members) if (1..=MEMBERS_MAX).contains(&members) => {
                let place = county_or_first(release, &start.place).unwrap_or_default();
                let typed =
                    Fields(vec![("place".into(), place.into()), ("members".into(), members.to_string())]);
                return questions_page(questions, &typed, members, &Errors::none());
            }
            _ => errors.add("members", format!("请填写 1 到 {MEMBERS_MAX} 的人数。人更多的，请到窗口测算。")),
        }
    }
    let first = html! {
        (select(&Field::new("place", "住在哪个县（市、区）").value(start.place.as_str()), &counties(release), None))
        (unit_input(&Field::new("members", "一起生活的一共几个人").hint("包括您自己。").value(start.members.as_str())
            .width(Width::Chars3).inputmode("numeric").max_chars(2).errors(&errors), "人"))
        (submit("下一步", ButtonKind::Primary, None))
    };
    let content = html! {
        div.prose {
            (error_summary(&errors))
            (heading(Some(questions.title), "先看看我家可能符合吗"))
            p.govuk-body { "回答几个问题，就知道大概符不符合、能领多少。不用登录，不用姓名和身份证号；您填的内容不保存、不记录，关掉页面就没有了。" }
            (inset(&html! { p.govuk-body { "结果仅供参考。能不能领，要申请后核对、调查才能确定。" } }))
            (form_get(&questions.here, &first))
        }
    };
    let (back, words) = &questions.back;
    Page::new("先看看我家可能符合吗", content).errors(&errors).back(back.clone(), *words)
}

async fn answer_item(
    visitor: Visitor,
    Path(id): Path<String>,
    Form(typed): Form<Fields>,
) -> Result<Page, Fault> {
    let release = visitor.office().release();
    answer(&visitor, &Questions::of_item(&release, &id).ok_or(Fault::Hidden)?, &typed)
}

async fn answer_programme(
    visitor: Visitor,
    Path(id): Path<String>,
    Form(typed): Form<Fields>,
) -> Result<Page, Fault> {
    let release = visitor.office().release();
    answer(&visitor, &Questions::of_programme(&release, &id).ok_or(Fault::Hidden)?, &typed)
}

fn answer(visitor: &Visitor, questions: &Questions<'_>, typed: &Fields) -> Result<Page, Fault> {
    let members: usize = typed
        .get("members")
        .parse()
        .ok()
        .filter(|count| (1..=MEMBERS_MAX).contains(count))
        .ok_or(Fault::Hidden)?;
    let now = visitor.office().now();
    let (record, errors) = record_of(questions, typed, members, now.today());
    if !errors.is_empty() || typed.get("again") == "yes" {
        return Ok(questions_page(questions, typed, members, &errors));
    }
    let place = county_or_first(questions.release, typed.get("place")).unwrap_or_default();
    let decided = decide(questions, &record, place, now.month(), now.today()).ok_or(Fault::Hidden)?;
    let others = others(questions, &record, place, now.month(), now.today());
    Ok(answer_page(questions, &decided, &others, typed, now.today()))
}

fn name_of(member: Option<usize>, id: &str) -> String {
    member.map_or_else(|| id.to_owned(), |index| format!("member.{index}.{id}"))
}

fn questions_page(questions: &Questions<'_>, typed: &Fields, members: usize, errors: &Errors) -> Page {
    let body = html! {
        (hidden("place", typed.get("place")))
        (hidden("members", &members.to_string()))
        @for index in 0..members {
            (fieldset(&format!("第 {} 个人{}", index + 1, if index == 0 { "（您自己）" } else { "" }), &html! {
                @if questions.age {
                    (unit_input(&Field::new(name_of(Some(index), "age"), "年龄").value(typed.get(&name_of(Some(index), "age")))
                        .width(Width::Chars3).inputmode("numeric").max_chars(3).errors(errors), "岁"))
                }
                (asked(questions, &questions.of_member, Some(index), typed, errors))
            }))
        }
        (fieldset("全家", &asked(questions, &questions.of_household, None, typed, errors)))
        (submit("看结果", ButtonKind::Primary, None))
    };
    let content = html! {
        div.prose {
            (error_summary(errors))
            (heading(Some(questions.title), "说说您家的情况"))
            p.govuk-body { "收入填近 12 个月的月平均数，没有就填 0。不知道的可以空着，结果里会告诉您还差什么。" }
            form method="post" action=(questions.here) novalidate { (body) }
        }
    };
    Page::new("说说您家的情况", content).errors(errors).back(questions.here.clone(), "返回上一步")
}

/// Questions that must be answered in the form stand open, the others behind a line that opens.
fn asked(
    questions: &Questions<'_>,
    list: &[Question<'_>],
    member: Option<usize>,
    typed: &Fields,
    errors: &Errors,
) -> Markup {
    let open = |question: &&Question<'_>| question.required && !is_none_by_itself(question);
    let (first, rest): (Vec<&Question<'_>>, Vec<&Question<'_>>) = list.iter().partition(open);
    html! {
        @for question in &first { (control(questions, question, member, typed, errors)) }
        @if !rest.is_empty() {
            (details("有下面情况的，点开填写（没有就不用管）", &html! { @for question in &rest { (control(questions, question, member, typed, errors)) } }))
        }
    }
}

/// A code whose absence is an answer too (无残疾证): taken for granted until somebody says otherwise.
fn is_none_by_itself(question: &Question<'_>) -> bool {
    *question.fact.kind == ValueKind::Code && absent_value(question.fact).is_known()
}

fn control(
    questions: &Questions<'_>,
    question: &Question<'_>,
    member: Option<usize>,
    typed: &Fields,
    errors: &Errors,
) -> Markup {
    let Question { fact, label, hint, required: _ } = question;
    let name = name_of(member, &fact.id);
    let said = typed.get(&name).to_owned();
    let mut shown = Field::new(name.clone(), *label).value(said).errors(errors);
    if let Some(hint) = hint {
        shown = shown.hint(*hint);
    }
    match *fact.kind {
        ValueKind::Boolean => radios(&shown.inline(), &[Choice::new("yes", "是"), Choice::new("no", "否")]),
        ValueKind::Money => money_input(&shown),
        ValueKind::Code => {
            let list = fact.codelist.as_ref().and_then(|list| questions.release.codelists.get(list));
            let codes = list.into_iter().flat_map(|list| list.values.iter().filter(|code| !code.retired));
            let choices: Vec<Choice<'_>> =
                codes.map(|code| Choice::new(code.code.as_str(), code.title.as_str())).collect();
            let blank = (!is_none_by_itself(question)).then_some("请选择");
            if is_none_by_itself(question) && shown.value.is_empty() {
                shown = shown.value("none");
            }
            select(&shown, &choices, blank)
        }
        ValueKind::Integer | ValueKind::Decimal => {
            let shown = shown.width(Width::Chars5).inputmode("decimal");
            match &fact.unit {
                Some(unit) => unit_input(&shown, unit),
                None => text_input(&shown),
            }
        }
        ValueKind::Date | ValueKind::Month | ValueKind::Text => text_input(&shown),
    }
}

/// The family as it was described. What was not asked, or is not there by itself, is what the pack says its absence means; what was asked
/// and left open stays unknown.
fn record_of(
    questions: &Questions<'_>,
    typed: &Fields,
    members: usize,
    today: NaiveDate,
) -> (Record, Errors) {
    let mut errors = Errors::none();
    let read = |list: &[Question<'_>], on: Unit, member: Option<usize>, errors: &mut Errors| {
        let mut fields: BTreeMap<String, Value> = questions
            .release
            .facts
            .iter()
            .filter(|fact| fact.on == on)
            .map(|fact| (fact.id.get().clone(), absent_value(fact)))
            .collect();
        for question in list {
            let name = name_of(member, &question.fact.id);
            let said = typed.get(&name);
            let value = if said.is_empty() {
                let open = question.required && !is_none_by_itself(question);
                if open { Value::Unknown } else { absent_value(question.fact) }
            } else {
                let checked = people::check_value(questions.release, question.fact, &vocab::half_width(said));
                match checked.map(|canonical| people::read_value(question.fact, Some(&canonical))) {
                    Ok(Ok(value)) => value,
                    Ok(Err(_)) => Value::Unknown,
                    Err(message) => {
                        errors.add(name, message);
                        Value::Unknown
                    }
                }
            };
            fields.insert(question.fact.id.get().clone(), value);
        }
        fields.retain(|_, value| value.is_known());
        fields
    };
    let mut family = Vec::with_capacity(members);
    for index in 0..members {
        let mut fields = read(&questions.of_member, Unit::Person, Some(index), &mut errors);
        if questions.age {
            let name = name_of(Some(index), "age");
            let said = vocab::half_width(typed.get(&name));
            match said.parse::<u32>() {
                Ok(age) if age <= AGE_MAX => {
                    drop(fields.insert("born_on".to_owned(), Value::Date(born_before(today, age))))
                }
                _ if said.is_empty() => {}
                _ => errors.add(name, format!("年龄请填 0 到 {AGE_MAX} 的整数。")),
            }
        }
        family.push(Record { fields, ..Record::new() });
    }
    let fields = read(&questions.of_household, Unit::Household, None, &mut errors);
    (Record { fields, ..Record::new() }.with_many("members", family), errors)
}

/// A birthday for an age: half a year ago, so that the age holds in the months around.
fn born_before(today: NaiveDate, age: u32) -> NaiveDate {
    let years = i32::try_from(age).unwrap_or_default();
    Month::containing(today).plus(-6 - 12 * years).first_day()
}

/// The first programme that is met, else the item's first.
struct Decided {
    result: rules::Determination,
    /// Which member, for programmes of single persons.
    member: Option<usize>,
    /// Judgements that were taken as met.
    assumed: Vec<String>,
}

fn decide(
    questions: &Questions<'_>,
    record: &Record,
    place: &str,
    month: Month,
    today: NaiveDate,
) -> Option<Decided> {
    let release = questions.release;
    let mut first: Option<Decided> = None;
    for id in &questions.programmes {
        let (Some(programme), Some(compiled)) = (release.programmes.get(id), release.rules(id)) else {
            continue;
        };
        let mut context = release.context(id, place, month, today, today);
        let assumed = assume_judgements(programme, &mut context);
        let subjects: Vec<(Option<usize>, Record)> = match programme.unit {
            Unit::Household => vec![(None, record.clone())],
            Unit::Person => {
                let members = record.many.get("members").map(Vec::as_slice).unwrap_or_default();
                members
                    .iter()
                    .enumerate()
                    .map(|(index, member)| {
                        (Some(index), member.clone().with_one("household", record.clone()))
                    })
                    .collect()
            }
        };
        for (member, subject) in subjects {
            let decided =
                Decided { result: compiled.decide(&subject, &context), member, assumed: assumed.clone() };
            if decided.result.outcome == Outcome::Met {
                return Some(decided);
            }
            first.get_or_insert(decided);
        }
    }
    first
}

/// The other matters that the rules say yes to, from the same answers (一门受理): what was not asked counts as not there.
fn others<'a>(
    questions: &Questions<'a>,
    record: &Record,
    place: &str,
    month: Month,
    today: NaiveDate,
) -> Vec<&'a Item> {
    let release = questions.release;
    let own = |item: &Item| {
        item.programmes
            .iter()
            .any(|programme| questions.programmes.iter().any(|own| *own == programme.as_str()))
    };
    let may = |item: &&Item| {
        item.programmes.iter().any(|id| {
            let mut context = release.context(id, place, month, today, today);
            other_help::may_meet(release, id, record, &mut context)
        })
    };
    release
        .items
        .iter()
        .map(|item| &**item)
        .filter(|item| item.citizens_may_file && !needs_benefit(item) && !own(item))
        .filter(may)
        .collect()
}

fn answer_page(
    questions: &Questions<'_>,
    decided: &Decided,
    others: &[&Item],
    typed: &Fields,
    today: NaiveDate,
) -> Page {
    let Decided { result, member, assumed } = decided;
    let release = questions.release;
    let title = match result.outcome {
        Outcome::Met => "可能符合",
        Outcome::NotMet => "可能不符合",
        Outcome::Unknown => "还差一些情况",
    };
    let unit = release
        .programmes
        .get(&result.programme)
        .map_or("元/月", |programme| programme.amount.unit.as_str());
    let content = html! {
        div.prose {
            (heading(Some(&result.title), title))
            @match result.outcome {
                Outcome::Met => {
                    p.govuk-body-l {
                        "按您填的情况，" @if let Some(index) = member { "第 " (index + 1) " 个人可能符合" } @else { "您家可能符合" } (result.title) "的条件"
                        @if let Some(amount) = &result.amount { "，大约 " strong { (office::words::value(amount, unit)) " " (unit) } }
                        "。"
                    }
                }
                Outcome::NotMet => {
                    p.govuk-body-l { "按您填的情况，您家可能不符合" (result.title) "的条件。" @if let Some(flip) = &result.flip { strong { (flip.text) "。" } } }
                    p.govuk-body { "不确定的、有特殊困难的，仍然可以申请，任何人不能拒绝收您的申请。" }
                }
                Outcome::Unknown => {
                    p.govuk-body-l { "还要知道下面这些，才能看出符不符合：" }
                    ul.govuk-list.govuk-list--bullet { @for missing in &result.missing { li { (missing.title) } } }
                }
            }
            (inset(&html! { p.govuk-body { (tag(Colour::Grey, "仅供参考")) " 这只是按您填的数字测算，没有保存，也不是决定。能不能领、领多少，以申请后核对、调查、公示和确认的结果为准。" } }))
            form method="post" action=(questions.here) {
                @for (name, value) in &typed.0 { @if name != "again" { (hidden(name, value)) } }
                (button_group(&html! {
                    @if let Some(item) = questions.item { (button_link(&format!("/my/apply/{}", item.id), "在线申请", ButtonKind::Primary)) }
                    (submit("改一改再看", ButtonKind::Secondary, Some(("again", "yes"))))
                    @if let Some(item) = questions.item { (Link::new(format!("/services/{}", item.id), "看办事指南")) }
                    (Link::new("/help", "找人帮忙"))
                }))
            }
            @if !others.is_empty() {
                h2.govuk-heading-m { "您家还可能符合" }
                ul.govuk-list.govuk-list--bullet {
                    @for item in others { li { (Link::new(format!("/services/{}", item.id), item.title.as_str())) "：" (item.summary) } }
                }
            }
            h2.govuk-heading-m { "每一项条件" }
            (explain::conditions(release, result, today, assumed))
            (explain::working(release, result))
        }
    };
    let (back, words) = &questions.back;
    Page::new(title, content).back(back.clone(), *words)
}
