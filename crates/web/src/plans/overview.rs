//! 规划总览: every indicator judged, binding ones first.

use axum::extract::Query;
use catalogue::definition::IndicatorKind;
use maud::{Markup, html};
use office::access::ReadPlan;
use office::plans::judge::{METHOD, Standing};
use office::plans::{IndicatorLine, in_words, overview, proposals};
use serde::Deserialize;

use super::{HERE, NAV_ID, chips, exports, faces, kind_tag, printed, standing_tag, target_words, with_unit};
use crate::answer::Page;
use crate::error::Fault;
use crate::extract::Desk;
use crate::ui::form::{Choice, Field, select, text_input};
use crate::ui::parts::{self, Figure, Urgency, details, figure_cards, filter, with_sidebar};
use crate::ui::table::{Column, Table, Total};
use crate::ui::{Link, address};

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    standing: String,
    kind: String,
    chapter: String,
    word: String,
}

const KINDS: [(&str, IndicatorKind); 3] = [
    ("binding", IndicatorKind::Binding),
    ("expected", IndicatorKind::Expected),
    ("unspecified", IndicatorKind::Unspecified),
];

/// `GET /desk/plan`
pub(super) async fn page(desk: Desk<ReadPlan>, Query(asked): Query<Asked>) -> Result<Page, Fault> {
    let overview = overview(desk.office(), desk.granted()).await?;
    let proposed = proposals::waiting(desk.office(), desk.granted(), &overview.plan).await?.len();
    let standing = Standing::ALL.into_iter().find(|one| one.code() == asked.standing);
    let kind = KINDS.iter().find(|(code, _)| *code == asked.kind).map(|(_, kind)| *kind);
    let word = asked.word.trim();
    let shown: Vec<&IndicatorLine> = overview
        .lines
        .iter()
        .filter(|line| standing.is_none_or(|wanted| line.judgement.standing == wanted))
        .filter(|line| kind.is_none_or(|wanted| line.indicator.kind == wanted))
        .filter(|line| asked.chapter.is_empty() || chapter(line) == asked.chapter)
        .filter(|line| word.is_empty() || line.indicator.name.contains(word))
        .collect();
    let alerts: Vec<&IndicatorLine> = overview.lines.iter().filter(|line| line.judgement.alert).collect();
    let table = Table {
        id: "indicators".into(),
        caption: "规划指标".into(),
        caption_hidden: true,
        columns: vec![
            Column::new("指标"),
            Column::new("基期值"),
            Column::new("目标值"),
            Column::new("最近的数"),
            Column::new("应到"),
            Column::new("判断"),
        ],
        rows: shown.iter().map(|line| row(line)).collect(),
        empty: "没有符合条件的指标。".into(),
        total: Some(Total::Exactly(shown.len() as u64)),
        exports: exports(&desk, "indicators"),
        ..Table::default()
    };
    let plan = &overview.plan.plan;
    let content = html! {
        (parts::heading(Some(&overview.plan.home.name), "规划总览"))
        (parts::tabs("规划", &faces(), "indicators"))
        p.govuk-body { (plan.name) "（" (plan.from) "—" (plan.until) "年），按" (overview.today.zh()) "的情况判断。"
            @if overview.waiting > 0 { " " (Link::new("/desk/plan/values", format!("有 {} 个数等待复核", overview.waiting))) "。" }
            @if proposed > 0 { " " (Link::new("/desk/plan/values", format!("有 {proposed} 项目标的调整、分解等待批准"))) "。" } }
        (figure_cards(&cards(&overview)))
        @let again = overview.lines.len() - overview.promises().count();
        @if again > 0 {
            p.govuk-body { "规划有 " (again) " 处重复写同一项指标：下表照列，上面的项数不重复计算。" }
        }
        @if !alerts.is_empty() {
            (parts::warning_text("下列约束性指标按现在的速度到期达不到目标，离到期不满一年："))
            ul.govuk-list.govuk-list--bullet {
                @for line in &alerts { li { (Link::new(format!("{HERE}/indicators/{}", line.indicator.id), line.indicator.name.as_str())) } }
            }
        }
        (with_sidebar(&filter(HERE, &chosen(&asked, standing, kind), &questions(&asked, &overview.lines)), &html! { (table) }))
        (details("怎样判断", &html! { ul.govuk-list.govuk-list--bullet { @for line in METHOD { li { (line) } } } }))
    };
    Ok(Page::new("规划总览", content).under(NAV_ID))
}

/// How many stand how; each number opens its list.
fn cards(overview: &office::plans::Overview) -> Vec<Figure<'static>> {
    let of = |standing: Standing| {
        let count = overview.count(standing);
        let urgency = match standing {
            Standing::Missed if count > 0 => Urgency::Danger,
            Standing::Behind if count > 0 => Urgency::Warning,
            _ => Urgency::Calm,
        };
        Figure::new(count.to_string(), standing.title())
            .href(address(HERE, &[("standing", standing.code())]))
            .urgency(urgency)
    };
    let mut cards: Vec<Figure<'static>> = Standing::ALL.into_iter().map(of).collect();
    let count = |kind: IndicatorKind| overview.promises().filter(|line| line.indicator.kind == kind).count();
    // A plan that marks none of its indicators does not say that none is binding.
    let unmarked = count(IndicatorKind::Unspecified);
    let (number, label, kind) = if unmarked == overview.promises().count() {
        (unmarked, "未注明性质", "unspecified")
    } else {
        (count(IndicatorKind::Binding), "约束性指标", "binding")
    };
    cards.push(Figure::new(number.to_string(), label).href(address(HERE, &[("kind", kind)])));
    cards
}

/// The category of the table, or the chapter or field of work where the plan prints none.
fn chapter(line: &IndicatorLine) -> &str {
    let one = &line.indicator;
    one.category.as_deref().or(one.domain.as_deref()).unwrap_or_default()
}

fn chosen(asked: &Asked, standing: Option<Standing>, kind: Option<IndicatorKind>) -> Vec<Link<'static>> {
    let word = asked.word.trim();
    let given = [
        ("standing", asked.standing.as_str(), standing.map(|one| one.title().to_owned())),
        ("kind", asked.kind.as_str(), kind.map(|one| one.title().to_owned())),
        ("chapter", asked.chapter.as_str(), Some(asked.chapter.clone())),
        ("word", word, Some(format!("名称含“{word}”"))),
    ];
    chips(HERE, &given)
}

fn questions(asked: &Asked, lines: &[IndicatorLine]) -> Markup {
    let standings: Vec<Choice<'_>> =
        Standing::ALL.into_iter().map(|one| Choice::new(one.code(), one.title())).collect();
    let kinds: Vec<Choice<'_>> = KINDS.iter().map(|(code, kind)| Choice::new(*code, kind.title())).collect();
    let mut named: Vec<&str> = Vec::new();
    for name in lines.iter().map(chapter).filter(|name| !name.is_empty()) {
        if !named.contains(&name) {
            named.push(name);
        }
    }
    let chapters: Vec<Choice<'_>> = named.into_iter().map(|name| Choice::new(name, name)).collect();
    html! {
        (select(&Field::new("standing", "判断").value(asked.standing.as_str()), &standings, Some("全部")))
        (select(&Field::new("kind", "性质").value(asked.kind.as_str()), &kinds, Some("全部")))
        (select(&Field::new("chapter", "章节、领域").value(asked.chapter.as_str()), &chapters, Some("全部")))
        (text_input(&Field::new("word", "名称").value(asked.word.as_str()).optional().max_chars(30)))
    }
}

fn row(line: &IndicatorLine) -> Vec<Markup> {
    let one = &line.indicator;
    let latest = line.judgement.latest;
    vec![
        html! {
            span.plan-name { (Link::new(format!("{HERE}/indicators/{}", one.id), one.name.as_str())) }
            br; (kind_tag(one.kind))
            @if line.judgement.alert { " " (parts::tag(parts::Colour::Red, "预警")) }
            @if let Some(first) = &line.same_as { br; span.govuk-hint { "与“" (first) "”是同一项，不重复计数" } }
        },
        html! { (printed(one.baseline.as_ref(), one)) },
        html! { (target_words(one, &line.target)) "（" (line.target.due.year()) "年）" },
        html! {
            @match latest { Some(point) => { (with_unit(point.number, one)) "（" (point.month.zh()) "）" }, None => "—" }
        },
        html! { @match line.judgement.expected { Some(number) => (in_words::expected(number, one, &line.target)), None => "—" } },
        standing_tag(line.judgement.standing),
    ]
}
