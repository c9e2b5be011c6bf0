//! A determination as the desk reads it: each condition with what was compared, the law, what is missing, the sums.

use catalogue::definition::Pays;
use maud::{Markup, html};
use office::casework::Replaced;
use office::casework::determine::{DeterminationView, Ground};
use office::casework::months::CaseMonth;
use office::{casework, words};
use rules::{ConditionOutcome, Determination, Outcome};
use vocab::Fen;

use super::words::moment;
use crate::ui::parts::{Colour, details, tag};
use crate::ui::table::{Column, Table};

/// The newest determination opened, the others behind a click.
pub(super) fn determinations(all: &[DeterminationView]) -> Markup {
    html! {
        @match all.split_first() {
            None => p.govuk-body { "还没有按规则测算。受理、入户调查或者收到核对报告以后，系统会按规定逐条列出。" },
            Some((newest, older)) => {
                (one(newest))
                @if !older.is_empty() {
                    (details(&format!("以前的测算（{} 次）", older.len()), &html! { @for view in older { (one(view)) } }))
                }
            }
        }
        p.govuk-body-s { "测算只供参考，结论由经办机关作出。" }
    }
}

/// Who said what the determination rests on.
pub(crate) fn grounds(grounds: &[Ground]) -> Markup {
    let rows = grounds.iter().map(|ground| {
        vec![
            html! { (ground.name) "，" (ground.title) },
            html! { @match &ground.shown { Some(shown) => (shown), None => span.govuk-hint { "不在这里显示" } } },
            html! { (ground.source) @if let Some(evidence) = &ground.evidence { br; span.govuk-body-s { (evidence) } } },
            html! { (vocab::zh_date(ground.on)) },
        ]
    });
    let table = Table {
        id: "grounds".into(),
        caption: "用到的情况和来源".into(),
        columns: ["情况", "是多少", "谁说的", "从哪天起"].map(Column::new).into(),
        rows: rows.collect(),
        ..Table::default()
    };
    html! { @if !grounds.is_empty() { (details("用到的情况从哪里来", &html! { (table) })) } }
}

/// Past months as a case reckoned them anew, beside what was due; of a case that has `ended` it was decided.
pub(crate) fn months(months: &[CaseMonth], ended: bool) -> Markup {
    let yuan = |fen: Fen| html! { (fen.yuan_grouped()) };
    let row = |month: &CaseMonth| {
        vec![
            html! { (month.month.zh()) },
            yuan(month.due),
            yuan(month.paid),
            month.should_be.map_or_else(|| html! { "不明" }, yuan),
            yuan(month.difference()),
            html! { (month.said) },
        ]
    };
    let (arrears, recovery) = casework::months::sums(months);
    let table = Table {
        id: "months".into(),
        caption: "逐月重新测算".into(),
        columns: vec![
            Column::new("月份"),
            Column::new("当时应发（元）").numeric(),
            Column::new("已发（元）").numeric(),
            Column::new("应当是（元）").numeric(),
            Column::new("差额（元）").numeric(),
            Column::new("说明"),
        ],
        rows: months.iter().map(row).collect(),
        ..Table::default()
    };
    html! {
        @if !months.is_empty() {
            (table)
            p.govuk-body { "应补发 " strong { (arrears.yuan_grouped()) " 元" } "，应追回 " strong { (recovery.yuan_grouped()) " 元" } @if ended { "。结果以决定为准。" } @else { "。这是测算，听取意见、作出决定以后才记账。" } }
        }
    }
}

/// Recognitions that a grant takes the place of: what it would end, or what it ended.
pub(crate) fn replaced(all: &[Replaced], granted: bool) -> Markup {
    html! {
        @for one in all {
            p.govuk-body {
                @if !granted { "确认以后，" }
                "“" (one.title) "”的认定到 " strong { (one.last.zh()) } " 为止"
                @if !one.whole { "（只是这次确认的人，家里其他人的认定不变）" }
                "：" (one.because) "。"
            }
        }
    }
}

/// The amount of what is paid; a recognition has none.
fn paid(view: &DeterminationView) -> Option<Fen> {
    view.amount.filter(|_| view.pays != Pays::Nothing)
}

/// Outcome, amount, and one line for each condition.
pub(super) fn in_short(view: &DeterminationView) -> Markup {
    let result = &view.result;
    html! {
        p.govuk-body {
            (outcome_tag(result.outcome)) " "
            @if let Some(amount) = paid(view) { "拟保障金额 " strong { (view.pays.how_often()) " " (amount.yuan_grouped()) " 元" } "。" }
            span.govuk-hint { (moment(view.made_at)) " 测算" }
        }
        ul.govuk-list.conditions-short {
            @for condition in &result.conditions {
                @let mark = match condition.outcome { Outcome::Met => "✓", Outcome::NotMet => "✗", Outcome::Unknown => "?" };
                li {
                    strong aria-hidden="true" { (mark) } " " (condition.title)
                    span.govuk-visually-hidden { "：" (outcome_words(condition.outcome)) }
                    @for comparison in &condition.comparisons { div.govuk-hint { (comparison.text) } }
                }
            }
        }
        (missing(result))
        @if let Some(flip) = &result.flip { p.govuk-body { (flip.text) "。" } }
    }
}

fn outcome_words(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Met => "符合",
        Outcome::NotMet => "不符合",
        Outcome::Unknown => "还不能判断",
    }
}

fn missing(result: &Determination) -> Markup {
    html! {
        @if !result.missing.is_empty() {
            p.govuk-body {
                "还缺："
                @for (index, missing) in result.missing.iter().enumerate() {
                    @if index > 0 { "、" }
                    (missing.title)
                }
                "。补齐以后结论可能改变。"
            }
        }
    }
}

fn one(view: &DeterminationView) -> Markup {
    let result = &view.result;
    html! {
        h3.govuk-heading-s { (result.title) " " (outcome_tag(result.outcome)) }
        p.govuk-body {
            (moment(view.made_at)) " 测算，适用 " (view.month.zh()) "的标准。"
            @if let Some(amount) = paid(view) { " 拟保障金额：" strong { (view.pays.how_often()) " " (amount.yuan_grouped()) " 元" } "。" }
        }
        (conditions(result))
        (missing(result))
        @if let Some(flip) = &result.flip { p.govuk-body { "差多少：" (flip.text) "。" } }
        (calculation(view, result))
    }
}

fn outcome_tag(outcome: Outcome) -> Markup {
    let (colour, mark) = match outcome {
        Outcome::Met => (Colour::Green, "✓"),
        Outcome::NotMet => (Colour::Red, "✗"),
        Outcome::Unknown => (Colour::Yellow, "?"),
    };
    tag(colour, &format!("{mark} {}", outcome_words(outcome)))
}

fn conditions(result: &Determination) -> Markup {
    let rows = result.conditions.iter().map(|condition| {
        vec![
            html! { (condition.title) },
            outcome_tag(condition.outcome),
            reasons(condition),
            html! { @for basis in &condition.basis { div { (basis) } } },
        ]
    });
    html! {
        (Table {
            id: "conditions".into(),
            caption: "逐条对照".into(),
            columns: ["条件", "结论", "对照", "依据"].map(Column::new).into(),
            rows: rows.collect(),
            ..Table::default()
        })
    }
}

fn reasons(condition: &ConditionOutcome) -> Markup {
    html! {
        @for comparison in &condition.comparisons { div { (comparison.text) } }
        @if let Some(finding) = &condition.finding {
            div { (finding.officer) "认定：" (finding.reason) "（" (finding.recorded_on) "）" }
        }
        @if !condition.missing.is_empty() {
            div {
                "还缺："
                @for (index, missing) in condition.missing.iter().enumerate() {
                    @if index > 0 { "、" }
                    (missing.title)
                }
            }
        }
        @if let Some(flip) = &condition.flip { div { (flip.text) } }
    }
}

fn calculation(view: &DeterminationView, result: &Determination) -> Markup {
    let mut rows: Vec<Vec<Markup>> = result
        .definitions
        .iter()
        .map(|line| {
            let unit = line.unit.as_deref().unwrap_or_default();
            vec![
                html! { (line.title) },
                html! { (line.formula) },
                html! { (line.figures) },
                html! { (words::definition(line, unit)) " " (unit) },
            ]
        })
        .collect();
    if let (Some(working), Some(amount)) = (&result.working, view.amount) {
        rows.push(vec![
            html! { (working.title.as_deref().unwrap_or("每月金额")) },
            html! { (working.formula) },
            html! { (working.figures) },
            html! { (amount.yuan_grouped()) " 元" },
        ]);
    }
    let table = Table {
        id: "calculation".into(),
        caption: "测算过程".into(),
        columns: vec![
            Column::new("项目"),
            Column::new("算法"),
            Column::new("代入"),
            Column::new("结果").numeric(),
        ],
        rows,
        ..Table::default()
    };
    details("测算过程", &html! { (table) })
}
