//! The list of a register: filters, sort, sums, pages, saved views, and taking it out.

use axum::extract::Query;
use axum::response::{IntoResponse as _, Response};
use catalogue::definition::{Field, FieldKind, Register};
use maud::{Markup, html};
use office::access::{self, Export, ImportRecords, KeepRecords, ReadRecords, Right};
use office::divisions::{self, DivisionView};
use office::records::list::{CAP, Line, Listed, Narrowed, choosable, columns, list};
use office::records::map::map_field;
use office::records::take_out::{self, FileKind, Wanted, is_personal};
use office::records::{self, Open, bulk};
use store::DivisionId;
use vocab::Level;

use super::asked::{Asked, COLUMN, FILTER, Pointed, SUMMED, place, points};
use super::views::kept;
use super::{RECORDS, also, opened};
use crate::answer::Page;
use crate::error::{Fault, form_errors};
use crate::extract::{Desk, Path};
use crate::form_body::{Fields, KeyedForm};
use crate::money::common::{self, ROWS, cursor, download_file};
use crate::ui::Link;
use crate::ui::form::{
    ButtonKind, Choice, Errors, Field as Question, Width, button_link, checkboxes, error_summary, form_post,
    hidden, radios, select, submit, text_input,
};
use crate::ui::parts::{Colour, details, filter, heading, print_button, tag, with_sidebar};
use crate::ui::table::{Column, Pager, Sorted, Table, Total};
use crate::views::{self, VIEW};

/// `GET /desk/records/{register}`
pub(super) async fn page(
    desk: Desk<ReadRecords>,
    Path(register): Path<String>,
    Query(asked): Query<Vec<(String, String)>>,
) -> Result<Page, Fault> {
    let open = opened(&desk, &register, Right::ReadRecords)?;
    shown(&desk, &open, Asked(asked), &Errors::none()).await
}

/// The list as it is asked for; asked for nothing, with the view that opens it.
pub(super) async fn shown(
    desk: &Desk<ReadRecords>,
    open: &Open,
    asked: Asked,
    errors: &Errors,
) -> Result<Page, Fault> {
    let register = open.register();
    let kept = kept(register);
    let saved = views::of(desk, &kept).await?;
    let opening = if asked.0.is_empty() { views::opening_of(&saved) } else { None };
    let (asked, pointed) = opening.map_or(asked, Asked).point(desk, open).await?;
    let mut errors = errors.clone();
    for (field, message) in pointed.errors.iter() {
        errors.add(field, message);
    }
    let errors = &errors;
    let place = place(desk, asked.get("place")).await?;
    let narrowed = asked.narrowed(register, place.as_ref());
    let after = cursor(asked.get("after"))?;
    let found = list(desk.office(), desk.granted(), open, &narrowed, after.as_ref(), ROWS).await?;
    if narrowed.words.is_some() {
        let actor = desk.actor();
        access::opened(desk.office(), actor, "record.searched", ("record", 0), None, actor.division).await?;
    }
    // Nobody enters people into a register that the system feeds.
    let by_hand = register.fed.is_none();
    let changes =
        records::may(desk.actor(), register, Right::KeepRecords) && also::<KeepRecords>(desk).is_ok();
    let keeps = by_hand && changes;
    let imports = by_hand
        && records::may(desk.actor(), register, Right::ImportRecords)
        && also::<ImportRecords>(desk).is_ok();
    let many = changes && !bulk::choices(desk.actor(), register).is_empty();
    let exports = desk.may(Right::Export);
    let table = table(desk, register, &asked, &narrowed, &found);
    let panel = filter(
        &format!("/desk/records/{}", register.id.get()),
        &chosen(register, &asked, place.as_ref(), false),
        &filters(desk, open, &asked, &pointed, place.as_ref()).await?,
    );
    let main = html! {
        (error_summary(errors))
        (heading(Some(&register.chapter), &register.title))
        p.govuk-body {
            (register.summary) " " (Link::new(format!("/desk/records/{}/by-month", register.id.get()), "逐月对账"))
            @if map_field(desk.actor(), register).is_some() { "　" (Link::new(asked.map_address(register, &[]), "看分布图")) }
        }
        @if keeps || imports || many {
            div.govuk-button-group {
                @if keeps { (button_link(&format!("/desk/records/{}/new", register.id.get()), &format!("登记{}", register.title), ButtonKind::Primary)) }
                @if imports { (button_link(&format!("/desk/records/{}/import", register.id.get()), "从 Excel 导入", ButtonKind::Secondary)) }
                @if many { (button_link(&asked.address_of(register, "bulk"), "批量修改", ButtonKind::Secondary)) }
            }
        }
        (views::links(&kept, asked.get(VIEW), &saved))
        (table)
        @if found.sums_wait {
            p.govuk-body.no-print {
                "记录超过" (CAP) "条，合计没有自动计算。"
                (Link::new(asked.address(register, &[(SUMMED, "all")]), "计算全部合计"))
            }
        }
        (views::save_form(desk, &kept, &asked.keep(), asked.get(VIEW), &saved, errors))
        @if exports { (export_form(desk, register, &asked, errors)) }
        (print_button())
    };
    Ok(Page::new(register.title.clone(), with_sidebar(&panel, &main))
        .under(RECORDS)
        .back("/desk/records", "全部登记簿")
        .errors(errors))
}

fn table(
    desk: &Desk<ReadRecords>,
    register: &Register,
    asked: &Asked,
    narrowed: &Narrowed,
    found: &Listed,
) -> Table<'static> {
    let fields = columns(desk.actor(), register, narrowed);
    let (sort, descending) = asked.sort();
    let sorted = |field: &str| match (sort == field, descending) {
        (false, _) => Sorted::Not,
        (true, false) => Sorted::Ascending,
        (true, true) => Sorted::Descending,
    };
    let sortable = |column: Column<'static>, field: &str| {
        let next = if sort == field && !descending { format!("-{field}") } else { field.to_owned() };
        column.sort(asked.address(register, &[("sort", &next)]), sorted(field))
    };
    let mut heads = vec![sortable(Column::new(register.title.clone()), "")];
    for field in &fields {
        let numeric = matches!(*field.kind, FieldKind::Integer | FieldKind::Decimal | FieldKind::Money);
        let column = Column::new(field.label.clone());
        let column = if numeric { column.numeric() } else { column };
        let sorts = register.list.sorts.iter().any(|known| *known == field.id);
        heads.push(if sorts { sortable(column, &field.id) } else { column });
    }
    heads.push(Column::new("所在地"));
    heads.push(Column::new("状态"));
    let sums = (!found.sums.is_empty() && !found.lines.is_empty()).then(|| {
        let sum = |field: &&Field| {
            found.sums.iter().find(|(id, _)| *id == *field.id.get()).map(|(_, words)| words.clone())
        };
        let mut cells = vec![html! { "合计" }];
        cells.extend(fields.iter().map(|field| html! { (sum(field).unwrap_or_default()) }));
        cells.extend([html! {}, html! {}]);
        cells
    });
    Table {
        id: "records".into(),
        caption: register.title.clone().into(),
        caption_hidden: false,
        columns: heads,
        rows: found.lines.iter().map(|line| row(register, line)).collect(),
        sums,
        empty: "没有符合条件的记录。".into(),
        total: Some(if found.count.more {
            Total::AtLeast(u64::from(CAP))
        } else {
            Total::Exactly(u64::from(found.count.counted))
        }),
        pager: Some(Pager {
            previous: (!asked.get("after").is_empty()).then(|| asked.address(register, &[]).into()),
            next: found
                .next
                .as_ref()
                .map(|next| asked.address(register, &[("after", &next.to_string())]).into()),
        }),
        ..Table::default()
    }
}

fn row(register: &Register, line: &Line) -> Vec<Markup> {
    let href = format!("/desk/records/{}/{}", register.id.get(), line.id);
    let mut cells = vec![html! { (Link::new(href, line.title.as_str())) }];
    cells.extend(line.cells.iter().map(|cell| html! { (cell) }));
    cells.push(html! { (line.division_name) });
    cells.push(tag(if line.closed { Colour::Grey } else { Colour::Green }, &line.state));
    cells
}

/// Chosen filters as links that take them off.
pub(super) fn chosen(
    register: &Register,
    asked: &Asked,
    place: Option<&DivisionView>,
    on_map: bool,
) -> Vec<Link<'static>> {
    let mut links = Vec::new();
    let without = |name: &str| match on_map {
        true => asked.map_address(register, &[(name, "")]),
        false => asked.address(register, &[(name, "")]),
    };
    let mut add = |name: &str, words: String| links.push(Link::new(without(name), words));
    if !asked.get("q").is_empty() {
        add("q", format!("“{}”", asked.get("q")));
    }
    if let Some(place) = place {
        add("place", place.name.clone());
    }
    for filter in &register.list.filters {
        let name = format!("{FILTER}{filter}");
        let label = register.field(filter).map_or("", |field| field.label.as_str());
        for name in [name.clone(), format!("{name}.from"), format!("{name}.until")] {
            if !asked.get(&name).is_empty() {
                add(&name, label.to_owned());
            }
        }
    }
    links
}

pub(super) async fn filters(
    desk: &Desk<ReadRecords>,
    open: &Open,
    asked: &Asked,
    pointed: &Pointed,
    place: Option<&DivisionView>,
) -> Result<Markup, Fault> {
    let register = open.register();
    let below = if desk.actor().level == Level::Village {
        Vec::new()
    } else {
        divisions::children(desk.office().db(), desk.actor().division).await?
    };
    let mut places = common::places(&below);
    // A place further down, come to by a link, stays chosen.
    if let Some(place) = place.filter(|place| below.iter().all(|known| known.id != place.id)) {
        places.push(Choice::new(place.id.to_string(), place.name.clone()));
    }
    let chosen_place = place.map(|place: &DivisionView| DivisionId::to_string(&place.id)).unwrap_or_default();
    let mut states: Vec<Choice<'_>> = vec![Choice::new("all", "全部"), Choice::new("closed", "已终止的")];
    states.extend(register.state_codes().into_iter().map(|(code, title)| Choice::new(code, title)));
    Ok(html! {
        (text_input(&Question::new("q", "名称或拼音首字母").width(Width::Full).value(asked.get("q")).max_chars(40)))
        @if !places.is_empty() {
            (select(&Question::new("place", "地区").value(chosen_place).width(Width::Full), &places, Some("全部")))
        }
        (select(&Question::new("state", "状态").value(asked.get("state")), &states, Some("现有的")))
        @for id in &register.list.filters {
            @if let Some(field) = register.field(id) { (filter_field(open, field, asked, pointed)) }
        }
        @if !asked.get("sort").is_empty() { (hidden("sort", asked.get("sort"))) }
        (details("显示的列", &column_boxes(desk, register, asked)))
        @if !asked.get(VIEW).is_empty() { (hidden(VIEW, asked.get(VIEW))) }
    })
}

fn column_boxes(desk: &Desk<ReadRecords>, register: &Register, asked: &Asked) -> Markup {
    let fields = choosable(desk.actor(), register);
    let choices: Vec<Choice<'_>> =
        fields.iter().map(|field| Choice::new(field.id.as_str(), field.label.as_str())).collect();
    let chosen: Vec<&str> = asked.all(COLUMN).collect();
    checkboxes(&Question::new(COLUMN, "列").hint("一个也不勾选，就显示常用的列。"), &choices, &chosen)
}

fn filter_field(open: &Open, field: &Field, asked: &Asked, pointed: &Pointed) -> Markup {
    let name = format!("{FILTER}{}", field.id);
    let value = asked.get(&name).to_owned();
    let question = Question::new(name.clone(), field.label.as_str()).width(Width::Full);
    match *field.kind {
        FieldKind::Choice => {
            let list = field.codelist.as_ref().and_then(|list| open.release().codelists.get(list));
            let choices: Vec<Choice<'_>> = list
                .map(|list| {
                    list.values
                        .iter()
                        .map(|code| Choice::new(code.code.as_str(), code.title.as_str()))
                        .collect()
                })
                .unwrap_or_default();
            select(&question.value(value), &choices, Some("全部"))
        }
        FieldKind::YesNo => {
            select(&question.value(value), &[Choice::new("yes", "是"), Choice::new("no", "否")], Some("全部"))
        }
        FieldKind::Date | FieldKind::Month | FieldKind::Integer | FieldKind::Decimal | FieldKind::Money => {
            let hint = match *field.kind {
                FieldKind::Date => "例如 2026-01-01",
                FieldKind::Month => "例如 2026-01",
                _ => field.unit.as_deref().unwrap_or(""),
            };
            let end = |end: &str, words: &str| {
                let name = format!("{name}.{end}");
                let value = asked.get(&name).to_owned();
                text_input(
                    &Question::new(name, format!("{}（{words}）", field.label))
                        .hint(hint)
                        .value(value)
                        .width(Width::Chars10),
                )
            };
            html! { (end("from", "从")) (end("until", "到")) }
        }
        _ if points(field) => pointing_filter(question, &name, pointed),
        _ => text_input(&question.value(value).max_chars(60)),
    }
}

/// A filter that points at something: words are written, and where they may mean several things one of them is chosen.
fn pointing_filter(question: Question<'_>, name: &str, pointed: &Pointed) -> Markup {
    let question = question.errors(&pointed.errors);
    match pointed.candidates.get(name) {
        Some(candidates) => {
            let mut choices: Vec<Choice<'_>> =
                candidates.iter().map(|(value, title)| Choice::new(value.as_str(), title.as_str())).collect();
            choices.push(Choice::new("", "都不是"));
            radios(&question, &choices)
        }
        None => {
            let shown = pointed.shown.get(name).map_or("", String::as_str);
            text_input(&question.hint("填写名称或编号").value(shown).max_chars(120).picks())
        }
    }
}

fn export_form(desk: &Desk<ReadRecords>, register: &Register, asked: &Asked, errors: &Errors) -> Markup {
    let mut formats =
        vec![Choice::new("xlsx", "Excel"), Choice::new("csv", "CSV"), Choice::new("json", "JSON")];
    if register.map.is_some() {
        formats.push(Choice::new("geojson", "地图数据（GeoJSON）"));
    }
    formats.push(Choice::new("parquet", "数据平台用的列存文件（Parquet）"));
    let whole = [Choice::new("all", "全部内容，可以再导入"), Choice::new("shown", "只要列表里显示的列")];
    let purpose = Question::new("purpose", "用途").width(Width::Full).max_chars(100).errors(errors);
    let purpose = if is_personal(desk.actor(), register) { purpose } else { purpose.optional() };
    let body = html! {
        p.govuk-body {
            "导出当前筛选出的记录，一次最多 " (take_out::ROWS_MAX / 10_000) " 万条。证件号码等敏感内容只导出掩码；文件首行写明导出人、时间和用途。"
        }
        (select(&Question::new("format", "格式").value("xlsx").errors(errors), &formats, None))
        (select(&Question::new("columns", "内容").value("all"), &whole, None))
        (text_input(&purpose))
        (asked.keep())
        (submit("导出", ButtonKind::Secondary, None))
    };
    let form = form_post(&format!("/desk/records/{}/export", register.id.get()), &desk.key(), &body);
    details("导出", &form)
}

/// `POST /desk/records/{register}/export`
pub(super) async fn export(
    desk: Desk<ReadRecords>,
    Path(register): Path<String>,
    KeyedForm { form, .. }: KeyedForm<Fields>,
) -> Result<Response, Fault> {
    let open = opened(&desk, &register, Right::ReadRecords)?;
    let exporter = desk.grant::<Export>()?;
    let asked = Asked::kept(&form);
    let kind = FileKind::read(form.get("format")).ok_or(Fault::Hidden)?;
    let place = place(&desk, asked.get("place")).await?;
    let narrowed = asked.narrowed(open.register(), place.as_ref());
    let shown_only = form.get("columns") == "shown";
    let wanted = Wanted { asked: &narrowed, kind, shown_only, purpose: form.get("purpose") };
    match take_out::take_out(desk.office(), desk.granted(), &exporter, &open, &wanted).await {
        Ok(out) => {
            let name = format!("{}.{}", open.register().title, kind.extension());
            Ok(download_file(&name, kind.mime(), out.file, out.length))
        }
        Err(error) => Ok(shown(&desk, &open, asked, &form_errors(error)?).await?.into_response()),
    }
}
