//! Texts supposed: a programme's expressions, to be rewritten on a copy.

use axum::extract::{Form, Path};
use catalogue::definition::{ConditionKind, Programme};
use catalogue::{Release, part_key};
use maud::{Markup, html};
use office::OfficeError;
use office::access::Simulate;
use office::simulation::{self, SupposedText, Supposition};
use rules::Part;

use super::{NAV_ID, faces, form, results};
use crate::answer::Page;
use crate::error::{Fault, form_errors};
use crate::extract::Desk;
use crate::form_body::Fields;
use crate::ui::form::{ButtonKind, Errors, Field, Width, error_summary, submit, text_area, text_input};
use crate::ui::parts::{self, details};
use crate::ui::{Link, table};

pub(super) async fn list(desk: Desk<Simulate>) -> Result<Page, Fault> {
    let release = desk.office().release();
    let rows = release.programmes.iter().map(|programme| {
        vec![
            html! { (Link::new(format!("/desk/simulation/rules/{}", programme.id), programme.title.as_str())) },
            html! { (programme.summary) },
        ]
    });
    let table = table::Table {
        id: "programmes".into(),
        caption: "选择要改写的待遇项目".into(),
        columns: vec![table::Column::new("待遇项目"), table::Column::new("内容")],
        rows: rows.collect(),
        ..table::Table::default()
    };
    let content = html! {
        (parts::heading(None, "政策仿真"))
        (parts::tabs("政策仿真", &faces(), "rules"))
        (table)
    };
    Ok(Page::new("政策仿真：改规则", content).under(NAV_ID))
}

pub(super) async fn page(desk: Desk<Simulate>, Path(id): Path<String>) -> Result<Page, Fault> {
    shown(&desk, &id, &Fields::default(), &Errors::none(), html! {}).await
}

/// The parts of a programme that can be rewritten: part, title, and text in force.
fn parts_of(programme: &Programme) -> Vec<(Part, String, String)> {
    let definitions = programme
        .definitions
        .iter()
        .map(|one| (Part::Definition(one.id.get().clone()), one.title.clone(), one.expr.get().clone()));
    let conditions = programme.conditions.iter().filter(|one| one.kind == ConditionKind::Expression);
    let conditions = conditions.filter_map(|one| {
        let expr = one.expr.as_ref()?.get().clone();
        Some((Part::Condition(one.id.get().clone()), format!("条件：{}", one.title), expr))
    });
    let amount =
        (Part::Amount, format!("金额（{}）", programme.amount.unit), programme.amount.expr.get().clone());
    conditions.chain(definitions).chain([amount]).collect()
}

async fn shown(
    desk: &Desk<Simulate>,
    id: &str,
    typed: &Fields,
    errors: &Errors,
    answer: Markup,
) -> Result<Page, Fault> {
    let release = desk.office().release();
    let programme = release.programmes.get(id).ok_or(Fault::Hidden)?;
    let month = form::month(desk, typed, &mut Errors::none());
    let area = |(part, title, text): &(Part, String, String)| {
        let name = part_key(part);
        let value = if typed.get(&name).is_empty() { text.trim() } else { typed.get(&name) };
        let rows = u8::try_from(value.lines().count().clamp(2, 12)).unwrap_or(2);
        text_area(
            &Field::new(name, title.as_str()).value(value.to_owned()).max_chars(4000).errors(errors),
            rows,
        )
    };
    let parts_of = parts_of(programme);
    let title = format!("改规则：{}", programme.title);
    let content = html! {
        (error_summary(errors))
        (parts::heading(Some("政策仿真"), &title))
        (parts::tabs("政策仿真", &faces(), "rules"))
        (form::state(desk).await?)
        div.prose {
            p.govuk-body { "改写的是副本，不影响正在执行的规则。写法见" (Link::new(format!("/programmes/{id}"), "规则阅读")) "里的现行式子；只能用现行规则已经用到的情况。" }
            (names(&release, id))
            form method="post" action={ "/desk/simulation/rules/" (id) } novalidate {
                @for part in &parts_of { (area(part)) }
                (text_input(&Field::new("month", "按哪个月测算").hint("例如 2027-01").value(month.to_string()).width(Width::Chars10).errors(errors)))
                (form::raise_questions(desk, typed, errors))
                (submit("仿真", ButtonKind::Primary, None))
            }
        }
        (answer)
    };
    Ok(Page::new(title, content)
        .under(NAV_ID)
        .back("/desk/simulation/rules", "返回待遇项目")
        .errors(errors)
        .charts())
}

/// The names that a text may use, with their titles.
fn names(release: &Release, programme: &str) -> Markup {
    let Some(rules) = release.rules(programme) else { return html! {} };
    let title = |shape: &str, field: &str| {
        let shape = release.shapes().get(shape)?;
        shape.fields.get(field).map(|field| field.title.clone())
    };
    html! {
        (details("可以用的名称", &html! {
            ul.govuk-list {
                @for (shape, field) in &rules.facts() {
                    li { code { (field) } " " (title(shape, field).unwrap_or_default()) }
                }
                @for name in rules.parameters() {
                    @let id = name.split_once('.').map_or("", |(_, id)| id);
                    @let titles = &release.parameter_types().parameters;
                    li { code { (name) } " " (titles.get(id).map_or("", |field| field.title.as_str())) }
                }
            }
        }))
    }
}

pub(super) async fn run(
    desk: Desk<Simulate>,
    Path(id): Path<String>,
    Form(typed): Form<Fields>,
) -> Result<Page, Fault> {
    let release = desk.office().release();
    let programme = release.programmes.get(&id).ok_or(Fault::Hidden)?;
    let mut errors = Errors::none();
    let plain = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let texts: Vec<SupposedText> = parts_of(programme)
        .into_iter()
        .filter_map(|(part, _, text)| {
            let new = typed.get(&part_key(&part));
            let changed = !new.is_empty() && plain(new) != plain(&text);
            changed.then(|| SupposedText { programme: id.clone(), part, text: new.to_owned() })
        })
        .collect();
    let month = form::month(&desk, &typed, &mut errors);
    let raise = form::raise(&typed, &mut errors);
    if texts.is_empty() {
        errors.add("amount", "还没有改动任何一处。");
    }
    if !errors.is_empty() {
        return shown(&desk, &id, &typed, &errors, html! {}).await;
    }
    let supposition = Supposition { month, values: Vec::new(), texts, raise };
    match simulation::simulate(desk.office(), desk.granted(), &supposition).await {
        Ok(simulated) => {
            let answer = html! {
                (results::answer(&desk, &simulated))
                (results::keep(&desk, &supposition, &Fields::default(), &Errors::none()))
            };
            shown(&desk, &id, &typed, &Errors::none(), answer).await
        }
        Err(OfficeError::Conflict(words)) => {
            errors.add("", words);
            shown(&desk, &id, &typed, &errors, html! {}).await
        }
        Err(error) => shown(&desk, &id, &typed, &form_errors(error)?, html! {}).await,
    }
}
