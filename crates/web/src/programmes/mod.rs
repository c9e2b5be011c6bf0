//! 规则阅读: every programme as a page that a villager can read and a lawyer can check: conditions in Chinese beside article and
//! expression, how each figure is reckoned, the numbers that places set with their history and source, worked cases, and a form to try a
//! family (the check beforehand, [`crate::citizen`]). Everything stands in the packs; the page holds no rule.

use axum::extract::{Path, Query};
use catalogue::Release;
use catalogue::definition::{
    Basis, ConditionKind, ExpectedOutcome, Pays, Programme, Publication, PublishedName, RuleCase, Scalar,
    Unit, ValueKind,
};
use chrono::NaiveDate;
use maud::{Markup, html};
use serde::Deserialize;

use crate::answer::Page;
use crate::citizen::services::{counties, county_or_first, in_brackets};
use crate::error::Fault;
use crate::extract::Visitor;
use crate::routes::{Routes, get};
use crate::ui::Link;
use crate::ui::form::{ButtonKind, Field, button_link, form_get, select, submit};
use crate::ui::parts::{self, Colour, SummaryRow, details, inset, summary_list, tag};
use crate::ui::table::{Column, Table};

/// Routes under `/programmes`; trying a family is [`crate::citizen`]'s.
pub fn routes() -> Routes {
    Routes::new().route("/programmes", get(list)).route("/programmes/{programme}", get(page))
}

async fn list(visitor: Visitor) -> Page {
    let release = visitor.office().release();
    let content = html! {
        (parts::heading(None, "规则阅读"))
        div.prose {
            p.govuk-body { "每一项待遇谁能领、领多少，是按公开的规则算出来的。这里是正在执行的全部规则：条件、算法、标准、依据和例子。系统办理时用的就是这些式子，一字不差。" }
            @for programme in release.programmes.iter() {
                h2.govuk-heading-m { (Link::new(format!("/programmes/{}", programme.id), programme.title.as_str())) }
                p.govuk-body { (programme.summary) }
            }
        }
    };
    Page::new("规则阅读", content)
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Ask {
    place: String,
}

async fn page(visitor: Visitor, Path(id): Path<String>, Query(ask): Query<Ask>) -> Result<Page, Fault> {
    let release = visitor.office().release();
    let programme = release.programmes.get(&id).ok_or(Fault::Hidden)?;
    let rules = release.rules(&id).ok_or(Fault::Hidden)?;
    let on = visitor.office().now().today();
    let place = county_or_first(&release, &ask.place).unwrap_or_default();
    let read = Reading { release: &release, programme, readings: rules.reading(), on };
    let standards = standards(&release, rules, place);
    let content = html! {
        (parts::heading(Some("规则阅读"), &programme.title))
        div.prose {
            p.govuk-body-l { (programme.summary) }
            p.govuk-body { "依据：" (in_brackets(&release, &programme.basis, on)) }
            (button_link(&format!("/programmes/{id}/try"), "试算一个家庭", ButtonKind::Secondary))
            h2.govuk-heading-l { "条件" }
            p.govuk-body { "以下各项都要符合。" }
            @for condition in &programme.conditions { (read.condition(condition)) }
            h2.govuk-heading-l { "金额" }
            (read.part("amount", programme.amount.expr.as_str(), &programme.amount.basis))
            p.govuk-body { (programme.amount.unit) "。" (programme.amount.rounding) "。" }
            h2.govuk-heading-l { "用到的数怎么算" }
            @for definition in &programme.definitions {
                h3.govuk-heading-s { (definition.title) @if let Some(unit) = &definition.unit { "（" (unit) "）" } }
                (read.part(&definition.id, definition.expr.as_str(), &definition.basis))
                @if let Some(note) = &definition.note { p.govuk-body { (note) } }
            }
            h2.govuk-heading-l { "其他规定" }
            (read.others())
        }
        h2.govuk-heading-l #standards { "标准和历次调整" }
        (form_get(&format!("/programmes/{id}"), &html! {
            (select(&Field::new("place", "地区").value(place), &counties(&release), None))
            (submit("查看", ButtonKind::Secondary, None))
        }))
        (standards)
        (changed(&release, &id))
        (cases(&release, &id))
        p.govuk-hint { "规则版本 " (release.hash) }
    };
    Ok(Page::new(programme.title.clone(), content).back("/programmes", "返回规则阅读"))
}

/// What documents changed in the rules, newest first, beside what held before.
fn changed(release: &Release, programme: &str) -> Markup {
    let amended = release.amended.iter().filter(|one| one.programme == programme);
    let rows: Vec<Vec<Markup>> = amended
        .flat_map(|one| {
            let title = release.part_title(programme, &one.part);
            one.texts.iter().rev().map(move |text| {
                vec![
                    html! { (title) },
                    html! { @match text.from { Some(from) => (from), None => "改动以前" } },
                    html! { pre.govuk-body { code { (text.text.trim()) } } },
                    html! { (text.source) },
                ]
            })
        })
        .collect();
    if rows.is_empty() {
        return html! {};
    }
    let table = Table {
        id: "changed".into(),
        caption: "规则的历次改动".into(),
        columns: ["哪一部分", "自何日起", "式子", "依据文件"].into_iter().map(Column::new).collect(),
        rows,
        ..Table::default()
    };
    html! { (table) }
}

/// A programme and how its parts read.
struct Reading<'a> {
    release: &'a Release,
    programme: &'a Programme,
    readings: Vec<(String, String)>,
    on: NaiveDate,
}

impl Reading<'_> {
    fn words(&self, id: &str) -> &str {
        self.readings.iter().find(|(part, _)| part == id).map_or("", |(_, text)| text.as_str())
    }

    /// A part in Chinese, with article and expression.
    fn part(&self, id: &str, expression: &str, basis: &[Basis]) -> Markup {
        html! {
            p.govuk-body { (self.words(id)) }
            (details("规则原文", &html! { pre.govuk-body { code { (expression.trim()) } } }))
            @if !basis.is_empty() { p.govuk-hint { "依据：" (in_brackets(self.release, basis, self.on)) } }
        }
    }

    fn condition(&self, condition: &catalogue::definition::Condition) -> Markup {
        let judged = condition.kind == ConditionKind::Finding;
        html! {
            h3.govuk-heading-s { (condition.title) @if judged { " " (tag(Colour::Grey, "由工作人员认定")) } }
            @match (&condition.expr, &condition.question) {
                (Some(expr), _) => (self.part(&condition.id, expr.as_str(), &condition.basis)),
                (None, question) => {
                    @if let Some(question) = question { p.govuk-body { "工作人员要回答：" (question) } }
                    p.govuk-hint { "依据：" (in_brackets(self.release, &condition.basis, self.on)) }
                }
            }
            @if let Some(when) = &condition.when {
                (details("什么时候才问这一项", &html! { pre.govuk-body { code { (when.as_str().trim()) } } }))
            }
            p.govuk-body { "不符合怎么办：" (condition.remedy) }
        }
    }

    fn others(&self) -> Markup {
        let Programme {
            unit,
            coverage,
            exclusion_group,
            pays,
            publication,
            review,
            expires,
            taper,
            ends,
            valid_from,
            valid_until,
            ..
        } = self.programme;
        let group = self.release.exclusion_groups.get(exclusion_group);
        let source = |text: &str| html! { code { (text.trim()) } };
        let mut rows = vec![SummaryRow::text(
            "按什么算",
            if *unit == Unit::Household { "按家庭算" } else { "按个人算" },
        )];
        if let Some(coverage) = coverage {
            rows.push(SummaryRow::new("覆盖哪些成员", source(coverage.as_str())));
        }
        if let Some(group) = group {
            rows.push(SummaryRow::text("不能同时领的一组", &group.title));
        }
        match pays {
            Pays::Monthly => {}
            Pays::Once => rows.push(SummaryRow::text("怎样发", "一次性发放")),
            Pays::Nothing => rows.push(SummaryRow::text("怎样发", "只作认定，不发钱")),
        }
        if let Some(review) = review {
            let words = if *expires { "几个月后到期，重新申请" } else { "几个月核查一次" };
            rows.push(SummaryRow::new(words, source(review.as_str())));
        }
        if let Some(taper) = taper {
            rows.push(SummaryRow::new("收入增加后再领几个月", source(taper.as_str())));
        }
        if let Some(publication) = publication {
            rows.push(SummaryRow::text("向村（社区）公布什么", &published(publication)));
        }
        for ended in ends {
            let other = self.release.programmes.get(&ended.programme);
            let title = other.map_or(ended.programme.as_str(), |other| other.title.as_str());
            let law = in_brackets(self.release, &ended.basis, self.on);
            rows.push(SummaryRow::new(
                "同时终止的认定",
                html! { (title) "：" (ended.because) "（" (law) "）" },
            ));
        }
        for (name, day) in [("自何日起执行", valid_from), ("执行到何日", valid_until)] {
            if let Some(day) = day {
                rows.push(SummaryRow::text(name, &vocab::zh_date(*day)));
            }
        }
        summary_list(&rows)
    }
}

/// What everybody reads of who has it.
fn published(publication: &Publication) -> String {
    let name = match publication.name {
        PublishedName::Full => "姓名",
        PublishedName::Masked => "姓（名字不写）",
    };
    let amount = if publication.amount { "、金额" } else { "" };
    let until = if publication.days.is_some() { "到期撤下" } else { "停发的当天撤下" };
    format!("{name}、人数{amount}；{until}。未成年人不写姓名")
}

/// Every number that the programme reads, as it was and is in a county.
fn standards(release: &Release, rules: &rules::Programme, place: &str) -> Markup {
    let above: Vec<&str> = release.places.upwards(place).map(|place| place.code.as_str()).collect();
    let name = |code: Option<&str>| {
        code.and_then(|code| release.places.get(code)).map_or("全国", |place| place.name.as_str()).to_owned()
    };
    let names = rules.parameters();
    let parameters = names
        .iter()
        .filter_map(|name| release.parameters.get(name.strip_prefix("param.")?))
        .collect::<Vec<_>>();
    let tables: Vec<_> =
        names.iter().filter_map(|name| release.tables.get(name.strip_prefix("table.")?)).collect();
    let shown =
        |parameter: &catalogue::definition::Parameter, value: &Scalar| match (value, &parameter.codelist) {
            (Scalar::Text(code), Some(list)) if *parameter.kind == ValueKind::Code => {
                release.code_title(list, code).to_owned()
            }
            _ => value.to_string(),
        };
    html! {
        @for parameter in &parameters {
            @let mut history = release.parameter_history(&parameter.id);
            @let _ = history.retain(|known| known.division.is_none_or(|code| above.contains(&code)));
            @let _ = history.sort_by_key(|known| std::cmp::Reverse(known.from));
            @let rows = history.iter().map(|known| vec![
                html! { (known.from) },
                html! { @match known.until { Some(until) => (until), None => "—" } },
                html! { (shown(parameter, known.value)) },
                html! { (name(known.division)) },
                html! { (known.source) },
            ]).collect();
            (Table {
                id: format!("param-{}", parameter.id).into(),
                caption: format!("{}{}", parameter.title, parameter.unit.as_ref().map(|unit| format!("（{unit}）")).unwrap_or_default()).into(),
                columns: vec![
                    Column::new("自何日起"), Column::new("至何日"), Column::new("数值").numeric(), Column::new("制定地区"), Column::new("来源"),
                ],
                rows,
                empty: "还没有录入。用到它的条件会标明缺少依据。".into(),
                ..Table::default()
            })
        }
        @for table in &tables {
            @let rows = table_history(release, table, &above).into_iter().map(|(code, known)| vec![
                html! { (code) },
                html! { (known.from) },
                html! { @match known.until { Some(until) => (until), None => "—" } },
                html! { (known.value) },
                html! { (name(known.division)) },
                html! { (known.source) },
            ]).collect();
            (Table {
                id: format!("table-{}", table.id).into(),
                caption: format!("{}{}", table.title, table.unit.as_ref().map(|unit| format!("（{unit}）")).unwrap_or_default()).into(),
                columns: vec![
                    Column::new("类别"), Column::new("自何日起"), Column::new("至何日"), Column::new("数值").numeric(), Column::new("制定地区"),
                    Column::new("来源"),
                ],
                rows,
                empty: "还没有录入。".into(),
                ..Table::default()
            })
        }
    }
}

/// Every value of a table for the places of a path, code by code, the newest first.
fn table_history<'a>(
    release: &'a Release,
    table: &'a catalogue::definition::Table,
    above: &[&str],
) -> Vec<(&'a str, catalogue::KnownValue<'a>)> {
    let mut all = Vec::new();
    for code in release.keys(&table.id) {
        let mut history = release.cell_history(&table.id, &code.code);
        history.retain(|known| known.division.is_none_or(|at| above.contains(&at)));
        history.sort_by_key(|known| std::cmp::Reverse(known.from));
        all.extend(history.into_iter().map(|known| (code.title.as_str(), known)));
    }
    all
}

/// The worked cases beside the rules.
fn cases(release: &Release, programme: &str) -> Markup {
    let cases: Vec<_> = release.cases.iter().filter(|case| *case.programme == *programme).collect();
    html! {
        @if !cases.is_empty() {
            h2.govuk-heading-l #cases { "例子" }
            p.govuk-body { "每个例子都由系统按规则重新算过，和写明的结果一致才能启用规则。" }
            @for case in &cases { (details(&case.title, &example(release, case))) }
        }
    }
}

fn example(release: &Release, case: &RuleCase) -> Markup {
    let place =
        release.places.get(&case.division).map_or(case.division.as_str(), |place| place.name.as_str());
    let title = |fact: &str| match fact {
        "born_on" => "出生日期".to_owned(),
        "sex" => "性别".to_owned(),
        "relation" => "与户主关系".to_owned(),
        "area" => "城乡".to_owned(),
        _ => release.facts.get(fact).map_or_else(|| fact.to_owned(), |fact| fact.title.clone()),
    };
    let value = |fact: &str, scalar: &Scalar| {
        let list = match fact {
            "sex" | "relation" | "area" => Some(fact.to_owned()),
            _ => release.facts.get(fact).and_then(|fact| Some(fact.codelist.as_ref()?.get().clone())),
        };
        match (scalar, list) {
            (Scalar::Text(code), _) if code == "?" => "不明".to_owned(),
            (Scalar::Text(code), Some(list)) => release.code_title(&list, code).to_owned(),
            (Scalar::Number(number), Some(list)) => release.code_title(&list, &number.to_string()).to_owned(),
            _ => scalar.to_string(),
        }
    };
    let listed = |facts: &std::collections::BTreeMap<String, catalogue::Located<Scalar>>| {
        let facts: Vec<String> =
            facts.iter().map(|(fact, scalar)| format!("{} {}", title(fact), value(fact, scalar))).collect();
        if facts.is_empty() { "没有需要说明的情况".to_owned() } else { facts.join("，") }
    };
    let pays = release.programmes.get(&case.programme).map(|programme| programme.pays).unwrap_or_default();
    let how_often = pays.how_often();
    let outcome = match case.expect.outcome {
        ExpectedOutcome::Yes => "符合",
        ExpectedOutcome::No => "不符合",
        ExpectedOutcome::Unknown => "还不能得出结论",
    };
    html! {
        p.govuk-body { (place) "，" (case.month.as_str()) "。" }
        p.govuk-body { "家庭：" (listed(&case.household)) "。" }
        ol.govuk-list.govuk-list--number { @for member in &case.members { li { (listed(member)) } } }
        (inset(&html! {
            p.govuk-body {
                strong { (outcome) }
                @if let Some(amount) = &case.expect.amount { "，" (how_often) " " strong { (amount) " 元" } }
                "。"
            }
        }))
    }
}
