//! What would come of a supposition, beside today.

use maud::{Markup, html};
use office::access::{Right, Simulate};
use office::simulation::{Compared, Effect, Side, Simulated, Supposition};
use vocab::{Fen, Now};

use crate::extract::Desk;
use crate::form_body::Fields;
use crate::money::common::yuan;
use crate::ui::chart::{Chart, Kind, Series, grouped};
use crate::ui::form::{
    ButtonKind, Errors, Field, Width, error_summary, form_post, hidden, submit, text_area, text_input,
};
use crate::ui::parts::{self, Figure, figure_cards, inset};
use crate::ui::table::{Column, Table};

fn number(count: u64) -> String {
    grouped(i64::try_from(count).unwrap_or(i64::MAX))
}

/// With its sign, so that nobody takes less for more.
fn signed(amount: i64, text: String) -> String {
    if amount > 0 { format!("+{text}") } else { text }
}

fn difference(before: Fen, after: Fen) -> String {
    let difference = Fen(after.0 - before.0);
    signed(difference.0, yuan(difference))
}

/// The whole answer.
pub(super) fn answer(desk: &Desk<Simulate>, simulated: &Simulated) -> Markup {
    html! {
        h2.govuk-heading-l #answer { "仿真结果" }
        @if simulated.said.is_empty() {
            p.govuk-body { "没有改动任何标准，以下是按现行标准和规则测算的结果。" }
        } @else {
            ul.govuk-list.govuk-list--bullet { @for said in &simulated.said { li { (said) } } }
        }
        p.govuk-body {
            (simulated.within_name) "，按 " (simulated.month.zh()) " 测算，" (number(simulated.families)) " 户 " (number(simulated.people)) " 人，用时 "
            (simulated.took_ms) " 毫秒。"
        }
        @if simulated.programmes.is_empty() { p.govuk-body { "没有待遇项目用到这项标准。" } }
        @for effect in &simulated.programmes { (of_programme(effect)) }
        (inset(&html! {
            p.govuk-body {
                "数字按人口快照（" (Now::from_unix_ms(simulated.population_at).zh()) "）和规则算出，只有数，没有姓名。没有申请的家庭也计入，实际发放人数取决于申请和核查。各项目分别计算，同一人符合几项的没有互相扣除。"
            }
            @if !simulated.assumed.is_empty() {
                p.govuk-body { "以下各项要由工作人员认定，先按符合计算：" (simulated.assumed.join("；")) "。" }
            }
        }))
        @if desk.may(Right::ProposeStandard) {
            p.govuk-body { "仿真不产生效力。要实行，请拟定标准变更，由另一人发布。" }
        }
    }
}

fn of_programme(effect: &Effect) -> Markup {
    let unit = if effect.of_persons { "人" } else { "户" };
    let (before, after) = (effect.whole.before(), effect.whole.after());
    let month = Fen(after.after.0 - before.before.0);
    let cards = figure_cards(&[
        Figure::new(format!("{} → {}", number(before.units), number(after.units)), format!("符合的{unit}数")),
        Figure::new(format!("{} → {}", number(before.people), number(after.people)), "保障人数"),
        Figure::new(format!("{} → {}", yuan(before.before), yuan(after.after)), "每月金额（元）"),
        Figure::new(difference(before.before, after.after), "每月增减（元）"),
        Figure::new(signed(month.0, yuan(Fen(month.0.saturating_mul(12)))), "全年增减（元）"),
    ]);
    html! {
        h3.govuk-heading-m { (effect.title) }
        (cards)
        (by_place(effect, unit))
        (sides(effect, unit))
        @if let Some(cliffs) = effect.cliffs {
            (inset(&html! {
                p.govuk-body {
                    strong { "多挣反而少得：" }
                    "现行 " (number(cliffs.before)) " " (unit) "，每月共少得 " (yuan(cliffs.before_lost)) " 元；仿真 "
                    (number(cliffs.after)) " " (unit) "，每月共少得 " (yuan(cliffs.after_lost)) " 元。"
                }
            }))
        }
    }
}

fn place_cells(name: &str, compared: &Compared) -> Vec<Markup> {
    let (before, after) = (compared.before(), compared.after());
    vec![
        html! { (name) },
        html! { (number(before.units)) },
        html! { (number(after.units)) },
        html! { (number(before.people)) },
        html! { (number(after.people)) },
        html! { (yuan(before.before)) },
        html! { (yuan(after.after)) },
        html! { (difference(before.before, after.after)) },
        html! { (yuan(Fen(after.after.0.saturating_mul(12)))) },
        html! { (number(compared.unknown_after)) },
    ]
}

fn by_place(effect: &Effect, unit: &str) -> Markup {
    let columns =
        ["现行人数", "仿真人数", "现行月金额（元）", "仿真月金额（元）", "月增减（元）", "仿真年金额（元）"];
    let mut heads = vec![
        Column::new("地区"),
        Column::new(format!("现行{unit}数")).numeric(),
        Column::new(format!("仿真{unit}数")).numeric(),
    ];
    heads.extend(columns.map(|head| Column::new(head).numeric()));
    heads.push(Column::new(format!("情况不明（{unit}）")).numeric());
    let title = format!("{}分地区", effect.title);
    let table = Table {
        id: format!("places-{}", effect.programme).into(),
        caption: title.clone().into(),
        columns: heads,
        rows: effect.places.iter().map(|place| place_cells(&place.name, &place.compared)).collect(),
        sums: Some(place_cells("合计", &effect.whole)),
        cards: false,
        ..Table::default()
    };
    // Whole yuan, half a yuan rounded up: the exact sums stand in the table below.
    let whole = |amount: Fen| Some((amount.0 + 50).div_euclid(100));
    let values =
        |of: fn(&Compared) -> Fen| effect.places.iter().map(|place| whole(of(&place.compared))).collect();
    let chart = Chart {
        opens: Vec::new(),
        id: format!("chart-{}", effect.programme).into(),
        title: format!("{title}每月金额（按元取整）").into(),
        category_title: "地区".into(),
        kind: Kind::Bar,
        unit: "元".into(),
        categories: effect.places.iter().map(|place| place.name.clone().into()).collect(),
        series: vec![
            Series { name: "现行".into(), values: values(|compared| compared.before().before) },
            Series { name: "仿真".into(), values: values(|compared| compared.after().after) },
        ],
    };
    html! {
        @if effect.places.len() > 1 { (chart) }
        (table)
    }
}

fn sides(effect: &Effect, unit: &str) -> Markup {
    let whole = &effect.whole;
    let row = |name: &str, side: &Side| {
        vec![
            html! { (name) },
            html! { (number(side.units)) },
            html! { (number(side.people)) },
            html! { (yuan(side.before)) },
            html! { (yuan(side.after)) },
            html! { (difference(side.before, side.after)) },
        ]
    };
    let table = Table {
        id: format!("sides-{}", effect.programme).into(),
        caption: "谁多得，谁少得".into(),
        columns: vec![
            Column::new("变化"),
            Column::new(format!("{unit}数")).numeric(),
            Column::new("人数").numeric(),
            Column::new("现行月金额（元）").numeric(),
            Column::new("仿真月金额（元）").numeric(),
            Column::new("月增减（元）").numeric(),
        ],
        rows: vec![
            row("新符合", &whole.entering),
            row("金额增加", &whole.more),
            row("金额不变", &whole.same),
            row("金额减少", &whole.less),
            row("不再符合", &whole.leaving),
            row("有一边情况不明", &whole.unclear),
        ],
        cards: false,
        ..Table::default()
    };
    html! { (table) }
}

/// The form that keeps a simulation.
pub(super) fn keep(
    desk: &Desk<Simulate>,
    supposition: &Supposition,
    typed: &Fields,
    errors: &Errors,
) -> Markup {
    // A supposition always serialises; an empty text is refused when it is read back.
    let text = serde_json::to_string(supposition).unwrap_or_default();
    html! {
        div.prose {
            h2.govuk-heading-m { "保存这次仿真" }
            (error_summary(errors))
            (form_post("/desk/simulation/save", &desk.key(), &html! {
                (hidden("supposition", &text))
                (text_input(&Field::new("title", "名称").hint("例如：2027 年低保标准提到 1000 元").value(typed.get("title")).width(Width::Full)
                    .max_chars(80).errors(errors)))
                (text_area(&Field::new("note", "说明").optional().value(typed.get("note")).max_chars(500).errors(errors), 3))
                (submit("保存", ButtonKind::Primary, None))
            }))
            (parts::print_button())
        }
    }
}
