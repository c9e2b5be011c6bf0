//! 我要办事: the matters that can be asked for, found by the words people use, and the guide (办事指南) of each, all from the pack.

use axum::extract::{Path, Query};
use catalogue::Release;
use catalogue::definition::{Basis, Clock, DivisionLevel, Effect, Item, Limit, Material};
use chrono::NaiveDate;
use maud::{Markup, html};
use office::casework::needs_benefit;
use serde::Deserialize;

use crate::answer::Page;
use crate::error::Fault;
use crate::extract::Visitor;
use crate::routes::{Routes, get};
use crate::ui::Link;
use crate::ui::form::{
    ButtonKind, Choice, Field, Width, button_group, button_link, form_get, select, submit, text_input,
};
use crate::ui::parts::{
    SummaryRow, details, heading, help_aside, inset, law_basis, print_button, summary_list, with_aside,
};

pub(super) fn routes() -> Routes {
    Routes::new()
        .route("/services", get(services))
        .route("/services/{item}", get(guide))
        .route("/services/{item}/paper", get(paper))
}

#[derive(Deserialize)]
struct Words {
    #[serde(default)]
    q: String,
}

/// What a citizen may start, the benefits themselves before what follows them.
fn offered(release: &Release) -> Vec<&Item> {
    let mut items: Vec<&Item> =
        release.items.iter().map(|item| &**item).filter(|item| item.citizens_may_file).collect();
    items.sort_by_key(|item| needs_benefit(item));
    items
}

/// How well an item answers what was typed: the more of its words are found, the better.
fn relevance(item: &Item, typed: &str) -> usize {
    let typed: String = typed.chars().filter(|c| !c.is_whitespace()).collect();
    let names =
        [item.title.as_str(), item.short.as_str()].into_iter().chain(item.words.iter().map(String::as_str));
    let named = names.filter(|name| typed.contains(name) || name.contains(&typed)).count();
    // Words that were typed differently still share pairs of characters: 家里有困难 and 我家有困难.
    let characters: Vec<char> = typed.chars().collect();
    let text = format!("{}{}{}", item.title, item.words.join(" "), item.summary);
    let pairs = characters.windows(2).filter(|pair| text.contains(&pair.iter().collect::<String>())).count();
    named * 10 + pairs
}

async fn services(visitor: Visitor, Query(Words { q }): Query<Words>) -> Page {
    let release = visitor.office().release();
    let typed = q.trim();
    let mut found: Vec<(usize, &Item)> = offered(&release)
        .into_iter()
        .map(|item| (if typed.is_empty() { 1 } else { relevance(item, typed) }, item))
        .collect();
    found.sort_by_key(|(score, _)| std::cmp::Reverse(*score));
    let none = found.iter().all(|(score, _)| *score == 0);
    if !none {
        found.retain(|(score, _)| *score > 0);
    }
    let search = html! {
        (text_input(&Field::new("q", "找您要办的事").hint("用自己的话说就行，例如：低保、我家有困难、家里有人生病").value(typed).width(Width::Full).max_chars(60)))
        (submit("查找", ButtonKind::Primary, None))
    };
    let content = html! {
        div.prose {
            (heading(None, "我要办事"))
            (form_get("/services", &search))
            @if none {
                (inset(&html! { p.govuk-body { "没有找到“" (typed) "”。下面是现在能办的全部事项；拿不准的，可以" (Link::new("/help", "找人帮忙")) "，由工作人员告诉您该办哪一件。" } }))
            }
            @for (_, item) in &found {
                h2.govuk-heading-m { a.govuk-link href={ "/services/" (item.id.get()) } { (item.title) } }
                p.govuk-body { (item.summary) }
                p.govuk-body-s { (item.fee) "；办理机关：" (item.authority) }
            }
            p.govuk-body { (Link::new("/programmes", "看待遇是怎么算的（规则阅读）")) }
            p.govuk-body { (Link::new("/notices", "查看村（社区）公示和公布")) }
            p.govuk-body { (Link::new("/aid-money", "看救助资金发给了多少人、发了多少钱")) }
            (super::tell::links(visitor.office()))
            p.govuk-body { (Link::new("/draws", "看民政部门抽签核查的过程和结果")) }
        }
    };
    Page::new("我要办事", content)
}

#[derive(Deserialize)]
struct Place {
    #[serde(default)]
    place: String,
}

/// Counties of the release, as choices by code.
pub(crate) fn counties(release: &Release) -> Vec<Choice<'_>> {
    let counties = release.places.iter().filter(|place| place.level == DivisionLevel::County);
    counties.map(|place| Choice::new(place.code.as_str(), place.name.as_str())).collect()
}

/// The county that was asked for; the first when none (or none of ours) was.
pub(crate) fn county_or_first<'a>(release: &'a Release, code: &'a str) -> Option<&'a str> {
    let counties = || release.places.iter().filter(|place| place.level == DivisionLevel::County);
    counties().find(|place| place.code == code).or_else(|| counties().next()).map(|place| place.code.as_str())
}

/// Laws behind something in one short list.
fn laws_listed(release: &Release, basis: &[Basis], on: NaiveDate) -> Markup {
    html! {
        ul.govuk-list.govuk-body-s {
            @for citation in &release.basis_on(basis, on) {
                @let article = citation.article.and_then(|number| citation.law.article(number));
                li { (citation.text()) @if let Some(article) = article { "：" (article.title) } }
            }
        }
    }
}

/// What may be done against a decision and until when, as the law of the day sets it.
pub(super) fn remedies(release: &Release, item: &Item, county: Option<&str>, on: NaiveDate) -> Markup {
    let set =
        |id: &str| release.parameter(id, county.unwrap_or_default(), on).map(|set| set.value.to_string());
    html! {
        h2.govuk-heading-m { "不服怎么办" }
        p.govuk-body { (item.remedies) }
        @if let (Some(days), Some(months)) = (set("reconsideration_days"), set("litigation_months")) {
            p.govuk-body {
                "从知道决定那天起，" strong { (days) " 日" } "内可以申请行政复议，" strong { (months) " 个月" } "内可以到法院起诉。"
            }
        }
        (laws_listed(release, &item.remedies_basis, on))
    }
}

/// Laws behind something, each once, with what the article is about.
fn laws(release: &Release, basis: &[Basis], on: NaiveDate) -> Markup {
    let citations = release.basis_on(basis, on);
    html! {
        @for citation in &citations {
            @let article = citation.article.and_then(|number| citation.law.article(number));
            (law_basis(&citation.law.short, article.map_or("", |article| &article.name), article.map(|article| article.title.as_str())))
        }
    }
}

pub(crate) fn in_brackets(release: &Release, basis: &[Basis], on: NaiveDate) -> String {
    let words: Vec<String> = release.basis_on(basis, on).iter().map(|citation| citation.text()).collect();
    words.join("、")
}

fn limit_words(limit: Limit) -> String {
    office::casework::clocks::time_limit(limit).zh()
}

/// The length of a clock: the law's, or the place's own where no law says one.
fn clock_words(release: &Release, clock: &Clock, county: Option<&str>, on: NaiveDate) -> String {
    if let Some(limit) = clock.limit {
        return limit_words(limit);
    }
    let set =
        clock.working_days.as_ref().zip(county).and_then(|(parameter, county)| {
            office::casework::clocks::set_days(release, parameter, county, on)
        });
    set.map_or_else(|| "按当地规定的时间".to_owned(), |days| format!("{days} 个工作日"))
}

async fn guide(
    visitor: Visitor,
    Path(id): Path<String>,
    Query(Place { place }): Query<Place>,
) -> Result<Page, Fault> {
    let release = visitor.office().release();
    let item = release.items.get(&id).filter(|item| item.citizens_may_file).ok_or(Fault::Hidden)?;
    let on = visitor.office().now().today();
    let county = county_or_first(&release, &place);
    let apply = format!("/my/apply/{id}");
    let has_check = !needs_benefit(item) && !item.programmes.is_empty();
    let paper = item.materials.iter().any(|material| material.fetched.is_none());
    let main = html! {
        (heading(Some("办事指南"), &item.title))
        p.govuk-body-l { (item.summary) }
        (button_group(&html! {
            @if has_check { (button_link(&format!("/services/{id}/check"), "先看看我家可能符合吗", ButtonKind::Secondary)) }
            (button_link(&apply, "在线申请", ButtonKind::Primary))
            @if paper { (button_link(&format!("/services/{id}/paper"), "打印纸质申请书", ButtonKind::Secondary)) }
        }))
        p.govuk-body-s { "在线申请需要验证码。没有验证码的，带身份证到窗口或者村（居）委会领取，也可以直接在那里申请。" }
        h2.govuk-heading-m { "谁可以申请" }
        ul.govuk-list.govuk-list--bullet { @for condition in &item.acceptance { li { (condition) } } }
        ul.govuk-list.govuk-list--bullet { @for way in &item.who_may_file { li { (release.code_title("channel", way.channel.get())) "：" (way.who) } } }
        h2.govuk-heading-m { "要准备什么" }
        (materials(&release, item, on))
        h2.govuk-heading-m { "多久有结果" }
        (limits(&release, item, county, on))
        h2.govuk-heading-m { "怎么办" }
        ol.govuk-list.govuk-list--number {
            @for step in item.steps.iter().filter(|step| item.is_usual(&step.id)) {
                li { strong { (step.public_title) } br; (step.public_text) }
            }
        }
        @if has_check { (standards(&release, item, &id, county, on)) }
        h2.govuk-heading-m { "费用" }
        p.govuk-body { (item.fee) @if item.trips == 0 { "。网上就能办完，一次都不用跑。" } @else { "。最少跑 " (item.trips) " 次。" } }
        h2.govuk-heading-m { "办好后拿到什么" }
        p.govuk-body { (item.result.title) }
        (remedies(&release, item, county, on))
        h2.govuk-heading-m { "到哪里办" }
        (where_to_go(&visitor, &release, county, on))
        h2.govuk-heading-m { "依据" }
        (laws_listed(&release, &item.basis, on))
        (print_button())
    };
    let aside = help_aside(&visitor.state.site.help(), &[]);
    Ok(Page::new(item.title.clone(), with_aside(&main, &aside)).back("/services", "返回事项列表"))
}

fn materials(release: &Release, item: &Item, on: NaiveDate) -> Markup {
    let (fetched, asked): (Vec<&Material>, Vec<&Material>) =
        item.materials.iter().partition(|material| material.fetched.is_some());
    html! {
        @if !asked.is_empty() {
            ul.govuk-list.govuk-list--bullet {
                @for material in &asked { li { (material.title) @if let Some(when) = &material.when { "（" (when) "）" } } }
            }
            p.govuk-body { "都在申请表里填写、勾选、签名，不用另外准备。" }
        } @else {
            p.govuk-body { "不用带材料，在线填表就可以。" }
        }
        @if !fetched.is_empty() {
            h3.govuk-heading-s { "这些不用交，我们自己查" }
            ul.govuk-list.govuk-list--bullet {
                @for material in &fetched {
                    @let query = material.fetched.as_ref().map_or("", |fetched| fetched.query.as_str());
                    li { strong { (material.title) } "：" (query) }
                }
            }
        }
        (details("材料的依据", &html! {
            ul.govuk-list.govuk-body-s {
                @for material in &item.materials { li { (material.title) "：" (in_brackets(release, &material.basis, on)) } }
            }
        }))
    }
}

fn limits(release: &Release, item: &Item, county: Option<&str>, on: NaiveDate) -> Markup {
    let public: Vec<_> = item.public_clocks().collect();
    let rest: Vec<_> = item.clocks.iter().filter(|clock| !clock.public).collect();
    let delegation = item.delegated.as_ref();
    let parameter = |id: &str| county.and_then(|county| release.parameter(id, county, on));
    let delegated_here =
        delegation.and_then(|delegation| delegation.parameter.as_ref()).and_then(|named| parameter(named));
    let up_to =
        delegation.and_then(|delegation| delegation.up_to.as_ref()).and_then(|named| parameter(named));
    let promised = item.promised.as_ref().and_then(|named| parameter(named));
    let accepts = |clock: &Clock| {
        let mut actions =
            item.actions.iter().filter(|action| clock.starts.iter().any(|start| *start == **action.id));
        actions.any(|action| action.effects.iter().any(|effect| **effect == Effect::Accept))
    };
    html! {
        ul.limits {
            @for clock in &public {
                li {
                    @if accepts(clock) { "受理后 " }
                    strong { (clock_words(release, clock, county, on)) } " 内办完“" (clock.title) "”"
                    @if let Some(extend) = &clock.extend { "；情况特殊的，最长 " (limit_words(extend.to)) }
                    span.govuk-hint { " " (in_brackets(release, &clock.basis, on)) }
                }
            }
            @if let Some(delegation) = delegation {
                @if let Some(limit) = delegation.limit {
                    li {
                        "由乡镇（街道）确认的地方：" strong { (limit_words(limit)) } " 内办完"
                        @if let Some(here) = &delegated_here {
                            @if *here.value == catalogue::definition::Scalar::Boolean(true) { "（本地已下放到乡镇、街道）" }
                            @else { "（本地由县级确认，不适用）" }
                        }
                        span.govuk-hint { " " (in_brackets(release, &delegation.basis, on)) }
                    }
                }
            }
            @if let Some(up_to) = &up_to { li { (up_to.value) " 元以内的由乡镇（街道）决定，超过的由县级决定。" } }
            @if let Some(promised) = &promised { li { "本地承诺：" strong { (promised.value) " 个工作日" } "内办完（" (promised.source) "）" } }
        }
        @if !rest.is_empty() {
            (details("每一步的时限", &html! {
                ul.govuk-list.govuk-list--bullet {
                    @for clock in &rest { li { (clock.title) "：" (clock_words(release, clock, county, on)) " " span.govuk-hint { (in_brackets(release, &clock.basis, on)) } } }
                }
            }))
        }
    }
}

/// The standards of the item's first programme as they hold in a place today: parameters that a definition shows as they are.
fn standards(release: &Release, item: &Item, id: &str, county: Option<&str>, on: NaiveDate) -> Markup {
    let Some(programme) = item.programmes.first().and_then(|programme| release.programmes.get(programme))
    else {
        return html! {};
    };
    let Some(county) = county else { return html! {} };
    let place = release.places.get(county).map_or(county, |place| place.name.as_str());
    let set =
        programme.definitions.iter().filter_map(|definition| standard(release, &definition.expr, county, on));
    let rows: Vec<SummaryRow<'_>> = set.collect();
    let choose = html! {
        (select(&Field::new("place", "看哪个县（市、区）").value(county), &counties(release), None))
        (submit("查看", ButtonKind::Secondary, None))
    };
    html! {
        h2.govuk-heading-m { "今天的标准：" (place) }
        (summary_list(&rows))
        (form_get(&format!("/services/{id}"), &choose))
    }
}

/// What a place sets where a definition is nothing but a parameter, or the first that is set of several ways to publish it
/// (`coalesce(param.x, table.y[area], …)`): its value with its source, or that nobody has entered it.
fn standard<'a>(release: &'a Release, expr: &str, county: &str, on: NaiveDate) -> Option<SummaryRow<'a>> {
    let expr = expr.trim();
    let ways = expr.strip_prefix("coalesce(").unwrap_or(expr);
    let named = |kind: &'static str| {
        ways.split(|sign: char| !sign.is_ascii_alphanumeric() && sign != '_' && sign != '.')
            .filter_map(move |word| word.strip_prefix(kind))
    };
    let first = release.parameters.get(ways.strip_prefix("param.")?.split([',', ')']).next()?.trim())?;
    for parameter in named("param.").filter_map(|id| release.parameters.get(id)) {
        if let Some(value) = release.parameter(parameter.id.get(), county, on) {
            let unit = parameter.unit.as_deref().unwrap_or_default();
            let words = html! {
                strong { (value.value) " " (unit) }
                br; span.govuk-hint {
                    "从 " (vocab::zh_date(value.from)) " 起；来源：" (value.source)
                    @if value.carried_forward { "；" strong { "来源只写到以前的期限，新标准公布前沿用" } }
                }
            };
            return Some(SummaryRow::new(parameter.title.as_str(), words));
        }
    }
    for table in named("table.").filter_map(|id| release.tables.get(id)) {
        let cells = release.cells(table.id.get(), county, on);
        if !cells.is_empty() {
            return Some(SummaryRow::new(table.title.as_str(), printed_table(release, table, &cells)));
        }
    }
    Some(SummaryRow::new(first.title.as_str(), html! { "本地还没有录入，请向窗口询问" }))
}

/// What a table says for each code, and the documents that say so: each row may stand in one of its own.
fn printed_table(
    release: &Release,
    table: &catalogue::definition::Table,
    cells: &[(&str, catalogue::EffectiveValue<'_>)],
) -> Markup {
    let unit = table.unit.as_deref().unwrap_or_default();
    let mut documents: Vec<(&catalogue::EffectiveValue<'_>, Vec<&str>)> = Vec::new();
    for (code, value) in cells {
        let title = release.code_title(table.key.get(), code);
        let same =
            documents.iter_mut().find(|(known, _)| (known.from, known.source) == (value.from, value.source));
        match same {
            Some((_, titles)) => titles.push(title),
            None => documents.push((value, vec![title])),
        }
    }
    html! {
        @for (code, value) in cells {
            (release.code_title(table.key.get(), code)) " " strong { (value.value) " " (unit) } br;
        }
        @for (value, titles) in &documents {
            span.govuk-hint {
                @if documents.len() > 1 { (titles.join("、")) "：" }
                "从 " (vocab::zh_date(value.from)) " 起；来源：" (value.source)
                @if value.carried_forward { "；" strong { "来源只写到以前的期限，新标准公布前沿用" } }
            }
        }
    }
}

fn where_to_go(visitor: &Visitor, release: &Release, county: Option<&str>, on: NaiveDate) -> Markup {
    let parameter = |id: &str| {
        county.and_then(|county| release.parameter(id, county, on)).map(|value| value.value.to_string())
    };
    let site = &visitor.state.site;
    let phone = parameter("service_phone").unwrap_or_else(|| site.help_phone.clone());
    let townships: Vec<&str> = county
        .map(|county| {
            release
                .places
                .iter()
                .filter(|place| place.parent.as_deref() == Some(county))
                .map(|place| place.name.as_str())
                .collect()
        })
        .unwrap_or_default();
    html! {
        p.govuk-body { (site.help_text) }
        @if !townships.is_empty() { p.govuk-body { "窗口：" (townships.join("、")) "的社会救助服务窗口；也可以找本村（社区）的社会救助协理员。" } }
        @if let Some(address) = parameter("service_address") { p.govuk-body { "地址：" (address) } }
        @if let Some(hours) = parameter("service_hours") { p.govuk-body { "时间：" (hours) } }
        @if !phone.is_empty() { p.govuk-body { "电话：" (crate::ui::page::phone_link(&phone)) } }
        p.govuk-body { "现在住在哪里就可以在哪里的乡镇（街道）申请。" }
    }
}

/// Lines for records on paper.
const PAPER_RECORDS: usize = 5;

/// The form of a matter to be printed and filled by hand.
async fn paper(visitor: Visitor, Path(id): Path<String>) -> Result<Page, Fault> {
    let release = visitor.office().release();
    let item = release.items.get(&id).filter(|item| item.citizens_may_file).ok_or(Fault::Hidden)?;
    let form = release.forms.get(&item.form).ok_or(Fault::Hidden)?;
    let on = visitor.office().now().today();
    let content = html! {
        (heading(Some("纸质申请书"), &form.title))
        (print_button())
        p.govuk-body { "用黑色笔填写，在选中的□里打√。填好后交到窗口或者村（居）委会。" }
        @for page in &form.pages {
            h2.govuk-heading-m { (page.title) }
            @if let Some(intro) = &page.intro { p.govuk-body { (intro) } }
            @let records = if page.repeat.is_some() { PAPER_RECORDS } else { 1 };
            div.table-scroll {
                table.govuk-table {
                    caption.govuk-visually-hidden { (page.title) }
                    @if let Some(repeat) = &page.repeat {
                        thead { tr {
                            th.govuk-table__header scope="col" { (repeat.label) }
                            @for number in 1..=records { th.govuk-table__header scope="col" { (number) } }
                        } }
                    }
                    tbody {
                        @for field in &page.fields {
                            tr.govuk-table__row {
                                th.govuk-table__header scope="row" { (field.label) @if let Some(unit) = &field.unit { "（" (unit) "）" } }
                                @for _ in 0..records { td.govuk-table__cell { (blank_of(&release, field, page.repeat.is_some())) } }
                            }
                        }
                    }
                }
            }
            (laws(&release, &page.basis, on))
        }
        p.govuk-body { "申请人签名：＿＿＿＿＿＿＿＿　　　　年　　月　　日" }
    };
    Ok(Page::new(form.title.clone(), content).back(format!("/services/{id}"), "返回办事指南"))
}

/// The boxes of a choice; room for everything else.
fn blank_of(release: &Release, field: &catalogue::definition::Field, narrow: bool) -> Markup {
    use catalogue::definition::FieldKind;
    let codes = field.codelist.as_ref().and_then(|list| release.codelists.get(list));
    match (*field.kind, codes) {
        (FieldKind::YesNo, _) => html! { "□是　□否" },
        (FieldKind::Statement, _) => html! { "□ " (field.statement.as_deref().unwrap_or_default()) },
        (_, Some(list)) => html! {
            @for code in list.values.iter().filter(|code| !code.retired) { "□" (code.title) @if narrow { br; } @else { "　" } }
        },
        _ => html! { @if narrow { "　　　　" } @else { "　　　　　　　　　　　　　　　　" } },
    }
}
