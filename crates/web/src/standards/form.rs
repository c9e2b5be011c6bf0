//! The form on which a change is drawn up: one parameter, one rule, the rows of a table, or several standards that one document sets.
//! The address names what it is about: `/desk/standards/dibao_standard,tekun_basic/change`.

use axum::extract::{Path, Query};
use catalogue::Release;
use catalogue::definition::{Code, Parameter, Table, ValueKind};
use maud::{Markup, html};
use office::access::ProposeStandard;
use office::releases::{self, NewStandardChange, RulePart, Standard, StandardLine, StandardValue, TableCell};
use store::DivisionId;
use vocab::Month;

use super::NAV_ID;
use super::list::{choices, history_address, place};
use crate::answer::{Answer, Page, SeeOther};
use crate::error::{Fault, form_errors};
use crate::extract::Desk;
use crate::form_body::{Fields, KeyedForm};
use crate::money::common::{already, remember};
use crate::typed;
use crate::ui::form::{
    ButtonKind, Choice, Errors, Field, Width, buttons, date_input, error_summary, form_get, form_post,
    hidden, month_input, select, submit, text_area, text_input, unit_input,
};
use crate::ui::parts;
use crate::ui::{Link, address};

/// One thing of the address.
enum Part<'a> {
    Parameter(&'a Parameter),
    Table(&'a Table),
    Rule(RulePart<'a>),
}

impl Part<'_> {
    fn id(&self) -> String {
        match self {
            Part::Parameter(parameter) => parameter.id.get().clone(),
            Part::Table(table) => table.id.get().clone(),
            Part::Rule(rule) => rule.written(),
        }
    }

    fn title(&self, release: &Release) -> String {
        match self {
            Part::Parameter(parameter) => parameter.title.clone(),
            Part::Table(table) => table.title.clone(),
            Part::Rule(rule) => rule.title(release),
        }
    }
}

/// Everything that the address names.
struct Wanted<'a>(Vec<Part<'a>>);

impl<'a> Wanted<'a> {
    /// None when something of it is not defined, and for a rule together with something else.
    fn read(release: &'a Release, path: &'a str) -> Option<Wanted<'a>> {
        let mut parts: Vec<Part<'a>> = Vec::new();
        for id in path.split(',') {
            let part = match (RulePart::read(id), release.parameters.get(id)) {
                (Some(rule), _) => Part::Rule(rule),
                (None, Some(parameter)) => Part::Parameter(parameter),
                (None, None) => {
                    Part::Table(release.tables.get(TableCell::read(id).map_or(id, |cell| cell.table))?)
                }
            };
            if !parts.iter().any(|known| known.id() == part.id()) {
                parts.push(part);
            }
        }
        let alone = parts.len() == 1;
        let fits = alone || !parts.iter().any(|part| matches!(part, Part::Rule(_)));
        fits.then_some(Wanted(parts))
    }

    fn path(&self) -> String {
        self.0.iter().map(Part::id).collect::<Vec<_>>().join(",")
    }

    fn title(&self, release: &Release) -> String {
        let titles: Vec<String> = self.0.iter().map(|part| part.title(release)).collect();
        titles.join("、")
    }

    /// The one rule or parameter that has a field called `value`.
    fn single(&self) -> Option<&Part<'a>> {
        match self.0.as_slice() {
            [part @ (Part::Parameter(_) | Part::Rule(_))] => Some(part),
            _ => None,
        }
    }

    /// What may be filled in, as changes name it.
    fn subjects(&self, release: &Release) -> Vec<String> {
        let mut all = Vec::new();
        for part in &self.0 {
            match part {
                Part::Table(table) => all.extend(
                    release
                        .keys(&table.id)
                        .iter()
                        .map(|code| TableCell { table: &table.id, key: &code.code }.written()),
                ),
                Part::Parameter(_) | Part::Rule(_) => all.push(part.id()),
            }
        }
        all
    }

    /// What was filled in.
    fn lines(&self, release: &Release, typed: &Fields) -> Vec<StandardLine> {
        if let Some(part) = self.single() {
            return vec![StandardLine { parameter: part.id(), value: typed.get("value").to_owned() }];
        }
        let line = |subject: String| {
            let value = typed.get(&field_name(&subject)).to_owned();
            (!value.is_empty()).then_some(StandardLine { parameter: subject, value })
        };
        self.subjects(release).into_iter().filter_map(line).collect()
    }

    /// The office's errors at the fields of this form.
    fn errors(&self, release: &Release, lines: &[StandardLine], errors: Errors) -> Errors {
        if self.single().is_some() {
            return errors;
        }
        let subjects = self.subjects(release);
        let mut told = Errors::none();
        for (field, message) in errors.iter() {
            let subject = match lines {
                [line, ..] if field == "value" => Some(&line.parameter),
                _ => subjects.iter().find(|subject| *subject == field),
            };
            told.add(subject.map_or_else(|| field.to_owned(), |subject| field_name(subject)), message);
        }
        told
    }
}

/// The field of one line among several: `value-tekun_basic-urban_home`.
fn field_name(subject: &str) -> String {
    format!("value-{}", subject.replace('[', "-").trim_end_matches(']'))
}

/// The address at which these values can be proposed together, filled in.
pub(crate) fn proposal_address(
    lines: &[(&str, &str)],
    division: DivisionId,
    from: &str,
    reason: &str,
) -> String {
    let mut ids: Vec<&str> =
        lines.iter().map(|&(id, _)| TableCell::read(id).map_or(id, |cell| cell.table)).collect();
    ids.dedup();
    let path = format!("/desk/standards/{}/change", ids.join(","));
    let division = division.to_string();
    let name = |id: &str| match lines {
        [_] if TableCell::read(id).is_none() => "value".to_owned(),
        _ => field_name(id),
    };
    let values: Vec<(String, &str)> = lines.iter().map(|&(id, value)| (name(id), value)).collect();
    let mut asked: Vec<(&str, &str)> = vec![("division", division.as_str())];
    asked.extend(values.iter().map(|(name, value)| (name.as_str(), *value)));
    asked.extend([("from", from), ("reason", reason)]);
    address(&path, &asked)
}

pub(super) async fn form_page(
    desk: Desk<ProposeStandard>,
    Path(path): Path<String>,
    Query(asked): Query<Fields>,
) -> Result<Page, Fault> {
    let place = place(&desk, asked.get("division")).await?;
    let mut typed = Fields(vec![("division".to_owned(), place.id.to_string())]);
    for (part, text) in ["year", "month", "day"].into_iter().zip(asked.get("from").split('-')) {
        typed.0.push((format!("from_{part}"), text.trim_start_matches('0').to_owned()));
    }
    let path = match asked.get("add") {
        "" => path,
        more => format!("{path},{more}"),
    };
    typed.0.extend(asked.0);
    proposal(&desk, &path, &typed, &Errors::none()).await
}

/// The field of a parameter's value, as its kind wants it typed.
fn value_field(release: &Release, parameter: &Parameter, field: &Field<'_>) -> Markup {
    match (*parameter.kind.get(), &parameter.codelist) {
        (ValueKind::Boolean, _) => {
            select(field, &[Choice::new("true", "是"), Choice::new("false", "否")], Some("请选择"))
        }
        (ValueKind::Code, Some(list)) => {
            let codes: Vec<Choice<'_>> = release
                .codelists
                .get(list)
                .into_iter()
                .flat_map(|list| &list.values)
                .map(|code| Choice::new(code.code.get().as_str(), code.title.as_str()))
                .collect();
            select(field, &codes, Some("请选择"))
        }
        _ => match &parameter.unit {
            Some(unit) => unit_input(field, unit),
            None => text_input(field),
        },
    }
}

/// What somebody draws up a change with.
struct Form<'a> {
    release: &'a Release,
    standards: &'a [Standard],
    typed: &'a Fields,
    errors: &'a Errors,
}

impl Form<'_> {
    fn now(&self, subject: &str) -> Option<&StandardValue> {
        self.standards.iter().find(|standard| standard.parameter == subject)?.now.as_ref()
    }

    /// One of several fields: what is left empty stays as it is.
    fn one_of(&self, subject: &str, title: &str, field: impl Fn(&Field<'_>) -> Markup) -> Markup {
        let name = field_name(subject);
        let now = match self.now(subject) {
            Some(now) => format!("现行 {}，自 {} 起。", now.shown, now.from),
            None => "现在没有数值。".to_owned(),
        };
        let typed = self.typed.get(&name).to_owned();
        let asked = Field::new(name, title)
            .value(typed)
            .hint(now)
            .optional()
            .width(Width::Chars10)
            .errors(self.errors);
        field(&asked)
    }

    fn rows(&self, table: &Table) -> Markup {
        let unit = table.unit.as_deref().unwrap_or_default();
        let row = |code: &Code| {
            let subject = TableCell { table: &table.id, key: &code.code }.written();
            self.one_of(&subject, &code.title, |field| unit_input(field, unit))
        };
        let offered = self.release.keys(&table.id).iter().filter(|code| !code.retired);
        html! { @for code in offered { (row(code)) } }
    }

    /// Several standards of one document, each under its title.
    fn several(&self, wanted: &Wanted<'_>) -> Markup {
        html! {
            @for part in &wanted.0 {
                section {
                    h2.govuk-heading-m { (part.title(self.release)) }
                    @match part {
                        Part::Table(table) => (self.rows(table)),
                        Part::Parameter(parameter) => {
                            (self.one_of(parameter.id.get(), "新的数值", |field| value_field(self.release, parameter, field)))
                        },
                        Part::Rule(_) => {},
                    }
                }
            }
        }
    }
}

async fn proposal(
    desk: &Desk<ProposeStandard>,
    path: &str,
    typed: &Fields,
    errors: &Errors,
) -> Result<Page, Fault> {
    let release = desk.office().release();
    let wanted = Wanted::read(&release, path).ok_or(Fault::Hidden)?;
    let place = place(desk, typed.get("division")).await?;
    let today = desk.office().now().today();
    let standards = releases::standards(desk.office(), desk.actor(), place.id, today).await?;
    let form = Form { release: &release, standards: &standards, typed, errors };
    let places = choices(desk).await?;
    let area = select(
        &Field::new("division", "适用地区")
            .value(place.id.to_string())
            .hint("下级地区没有另行规定的，一并适用。")
            .errors(errors),
        &places,
        None,
    );
    let (now, subject) = match wanted.single() {
        Some(Part::Rule(rule)) => {
            let text = rule.text_on(&release, today).ok_or(Fault::Hidden)?;
            (rule_now(rule, &text), rule_field(&text, place.id, typed, errors))
        }
        Some(Part::Parameter(parameter)) => {
            let field = Field::new("value", "新的数值")
                .value(typed.get("value"))
                .errors(errors)
                .width(Width::Chars10);
            let now = standard_now(&place.name, form.now(&parameter.id));
            (now, html! { (area) (value_field(&release, parameter, &field)) })
        }
        Some(Part::Table(_)) | None => {
            let now = html! { p.govuk-body { "只填文件改动的几项，没有填的照旧。几项一起提出，一起发布。" } };
            (now, html! { (area) (form.several(&wanted)) })
        }
    };
    let path = wanted.path();
    let title = format!("拟定变更：{}", wanted.title(&release));
    let content = html! {
        div.prose {
            (error_summary(errors))
            (parts::heading(Some("政策标准"), &title))
            (parts::inset(&now))
            (form_post(&format!("/desk/standards/{path}/change"), &desk.key(), &html! { (subject) (document(typed, errors)) }))
            (together(&release, &wanted, place.id))
        }
    };
    let back = match wanted.0.as_slice() {
        [Part::Rule(rule)] => format!("/programmes/{}", rule.programme),
        [part] => history_address(&part.id(), place.id),
        _ => address("/desk/standards", &[("division", &place.id.to_string())]),
    };
    Ok(Page::new(title, content).under(NAV_ID).back(back, "返回").errors(errors))
}

/// When it holds, and the document that says so.
fn document(typed: &Fields, errors: &Errors) -> Markup {
    html! {
        (date_input(&Field::new("from", "自何日起执行").errors(errors), &typed.date("from")))
        (date_input(&Field::new("stated_until", "文件规定的截止日期").optional().errors(errors), &typed.date("stated_until")))
        (text_input(&Field::new("document_title", "文件名称").value(typed.get("document_title")).width(Width::Full).max_chars(200).errors(errors)))
        (text_input(&Field::new("document_number", "文号").hint("例如 乌海民发〔2026〕15号").value(typed.get("document_number")).max_chars(80).errors(errors)))
        (text_area(&Field::new("reason", "变更原因").hint("供发布人核对。").value(typed.get("reason")).max_chars(500).errors(errors), 3))
        (month_input(&Field::new("recompute_from", "从哪个月起复核在册家庭的金额").hint("不填则按各户原定的核查时间处理。")
            .optional().errors(errors), &typed.date("recompute_from")))
        (buttons("提交，等待另一人发布", &[Link::new("/desk/standards", "取消")]))
    }
}

/// A way to draw up what else the same document sets. A rule is changed alone.
fn together(release: &Release, wanted: &Wanted<'_>, division: DivisionId) -> Markup {
    let known: Vec<String> = wanted.0.iter().map(Part::id).collect();
    let parameters = release.parameters.iter().map(|parameter| (parameter.id.get(), &parameter.title));
    let tables = release.tables.iter().map(|table| (table.id.get(), &table.title));
    let others: Vec<Choice<'_>> = parameters
        .chain(tables)
        .filter(|(id, _)| !known.contains(id))
        .map(|(id, title)| Choice::new(id.as_str(), title.as_str()))
        .collect();
    let body = html! {
        (hidden("division", &division.to_string()))
        (select(&Field::new("add", "还有哪项标准"), &others, Some("请选择")))
        (submit("一起拟定", ButtonKind::Secondary, None))
    };
    html! {
        @if !matches!(wanted.single(), Some(Part::Rule(_))) {
            h2.govuk-heading-m { "同一份文件还规定了别的标准" }
            p.govuk-body { "先在这里选上，再填写。已经填的会清空。" }
            (form_get(&format!("/desk/standards/{}/change", wanted.path()), &body))
        }
    }
}

fn standard_now(place: &str, now: Option<&StandardValue>) -> Markup {
    html! {
        p.govuk-body {
            @match now {
                Some(now) => { (place) "现行数值：" strong { (now.shown) } "，自 " (now.from) " 起，来源：" (now.source) "。" },
                None => { (place) "现在没有这项标准的数值。" },
            }
        }
    }
}

fn rule_now(rule: &RulePart<'_>, text: &str) -> Markup {
    html! {
        p.govuk-body { "现行的式子（读法见" (Link::new(format!("/programmes/{}", rule.programme), "规则阅读")) "）：" }
        pre.govuk-body { code { (text) } }
    }
}

/// A rule holds in the whole city; what is typed is its text, begun with the present one.
fn rule_field(text: &str, division: DivisionId, typed: &Fields, errors: &Errors) -> Markup {
    let value = if typed.get("value").is_empty() { text } else { typed.get("value") };
    let rows = u8::try_from(value.lines().count().clamp(3, 12)).unwrap_or(3);
    let field = Field::new("value", "新的式子")
        .hint("只能用现行规则已经用到的情况和标准。改动只对从执行之日起受理、复核的家庭有效。");
    html! {
        (hidden("division", &division.to_string()))
        (text_area(&field.value(value.to_owned()).max_chars(4000).errors(errors), rows))
    }
}

pub(super) async fn propose(
    desk: Desk<ProposeStandard>,
    Path(path): Path<String>,
    KeyedForm { key, form, .. }: KeyedForm<Fields>,
) -> Result<Answer, Fault> {
    if let Some(to) = already(&desk, &key).await? {
        return Ok(SeeOther::to(to).into());
    }
    let release = desk.office().release();
    let wanted = Wanted::read(&release, &path).ok_or(Fault::Hidden)?;
    let mut errors = Errors::none();
    let division = place(&desk, form.get("division")).await?.id;
    let from = typed::date(&form, "from", &mut errors);
    let stated_until = typed::optional_date(&form, "stated_until", &mut errors);
    let recompute = form.date("recompute_from");
    let recompute_from: Option<Month> = if recompute.year.is_empty() && recompute.month.is_empty() {
        None
    } else {
        let month = recompute.year.parse().ok().zip(recompute.month.parse().ok());
        let month = month.and_then(|(year, month)| Month::new(year, month).ok());
        if month.is_none() {
            errors.add("recompute_from", "月份不对，请填写年和月，例如 2026 年 7 月。");
        }
        month
    };
    let lines = wanted.lines(&release, &form);
    if let ([], Some(first)) = (lines.as_slice(), wanted.subjects(&release).first()) {
        errors.add(field_name(first), "请至少填写一项新的数值。");
    }
    let (Some(from), [first, others @ ..]) = (from.filter(|_| errors.is_empty()), lines.as_slice()) else {
        return Ok(proposal(&desk, &path, &form, &errors).await?.into());
    };
    let new = NewStandardChange {
        parameter: first.parameter.clone(),
        division,
        from,
        stated_until,
        value: first.value.clone(),
        document_title: form.get("document_title").to_owned(),
        document_number: form.get("document_number").to_owned(),
        attachment: None,
        reason: form.get("reason").to_owned(),
        recompute_from,
    };
    match releases::propose_together(desk.office(), desk.granted(), &new, others).await {
        Ok(id) => {
            let to = format!("/desk/standard-changes/{id}");
            remember(&desk, &key, &to).await?;
            Ok(SeeOther::to(to).done("变更已提交，等待另一人发布。").into())
        }
        Err(error) => {
            let errors = wanted.errors(&release, &lines, form_errors(error)?);
            Ok(proposal(&desk, &path, &form, &errors).await?.into())
        }
    }
}
