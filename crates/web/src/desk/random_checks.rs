//! 抽样核查 (双随机): drawing decisions, benefits or payments with their inspectors, and what came of it.

use axum::extract::{Path, Query};
use axum::response::Response;
use maud::{Markup, html};
use office::access::{Export, Right, Sample};
use office::casework::RandomCheckId;
use office::casework::sampling::random::{self, CheckView, Found, Inspected, Kind, NewCheck, Objects, size};
use office::tabular::ListFormat;
use serde::Deserialize;
use store::StaffId;
use vocab::{Level, Month, Now};

use super::sampling::NAV_ID;
use super::words::download;
use crate::answer::{Answer, Page, SeeOther};
use crate::citizen::draws::{accuracy_of, days_of, subject_title};
use crate::error::{Fault, form_errors};
use crate::extract::Desk;
use crate::form_body::{Fields, KeyedForm};
use crate::money::common::cursor;
use crate::typed;
use crate::ui::form::{
    ButtonKind, Choice, Errors, Field, Width, button_group, checkboxes, date_input, error_summary, form_post,
    month_input, radios, select, submit, text_input, unit_input,
};
use crate::ui::parts::{self, Colour, SummaryRow};
use crate::ui::table::{Column, Pager, Table};
use crate::ui::{Link, address};

pub(super) const HERE: &str = "/desk/random-checks";

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Ask {
    after: String,
}

/// `GET /desk/random-checks`
pub(super) async fn list(desk: Desk<Sample>, Query(ask): Query<Ask>) -> Result<Page, Fault> {
    list_page(&desk, &ask, &Fields::default(), &Errors::none(), None).await
}

async fn list_page(
    desk: &Desk<Sample>,
    ask: &Ask,
    typed: &Fields,
    errors: &Errors,
    counted: Option<&str>,
) -> Result<Page, Fault> {
    let after = cursor(&ask.after)?;
    let checks = random::checks(desk.office(), desk.granted(), after.as_ref()).await?;
    let table = Table {
        id: "random-checks".into(),
        caption: "历次抽样核查".into(),
        columns: vec![
            Column::new("抽签时间"),
            Column::new("抽签单位"),
            Column::new("从什么里抽"),
            Column::new("总数").numeric(),
            Column::new("抽中").numeric(),
            Column::new("已核查").numeric(),
            Column::new("有问题").numeric(),
        ],
        rows: checks.rows.iter().map(|check| row(desk, check)).collect(),
        empty: "还没有抽过签。".into(),
        pager: Some(Pager {
            previous: after.is_some().then(|| HERE.into()),
            next: checks.next.as_ref().map(|next| address(HERE, &[("after", &next.to_string())]).into()),
        }),
        ..Table::default()
    };
    let draws = matches!(desk.actor().level, Level::County | Level::Prefecture);
    let form = if draws { Some(draw_form(desk, typed, errors, counted).await?) } else { None };
    let content = html! {
        (error_summary(errors))
        (parts::heading(Some(&desk.actor().division_name), "抽样核查（双随机）"))
        @if let Some(form) = &form { (form) }
        (table)
    };
    Ok(Page::new("抽样核查", content).under(NAV_ID).back("/desk/draws", "返回抽查").errors(errors))
}

fn row(desk: &Desk<Sample>, check: &CheckView) -> Vec<Markup> {
    let title = Now::from_unix_ms(check.drawn_at).zh();
    let subject = subject_title(desk.office(), check);
    vec![
        html! { (Link::new(format!("{HERE}/{}", check.id), title)) },
        html! { (check.office) },
        html! { (check.kind.title()) "：" (subject) "，" (days_of(check)) },
        html! { (check.population) },
        html! { (check.drawn) },
        html! { (check.looked_at) },
        html! { (check.wrong) },
    ]
}

async fn draw_form(
    desk: &Desk<Sample>,
    typed: &Fields,
    errors: &Errors,
    counted: Option<&str>,
) -> Result<Markup, Fault> {
    let candidates = random::candidates(desk.office(), desk.granted()).await?;
    let values: Vec<(String, String)> = candidates
        .iter()
        .map(|one| (one.staff.to_string(), format!("{}（{}）", one.name, one.office_name)))
        .collect();
    let staff: Vec<Choice<'_>> =
        values.iter().map(|(id, name)| Choice::new(id.as_str(), name.as_str())).collect();
    let chosen: Vec<&str> = typed.all("inspectors").collect();
    let confidence: Vec<Choice<'static>> =
        size::confidences().map(|percent| Choice::new(percent.to_string(), format!("{percent}%"))).collect();
    let each: Vec<Choice<'static>> =
        (1..=3).map(|many| Choice::new(many.to_string(), format!("{many} 名"))).collect();
    let number =
        |name: &'static str, label: &'static str, hint: &'static str, usual: &'static str, unit: &str| {
            let field = Field::new(name, label)
                .hint(hint)
                .value(or(typed.get(name), usual))
                .width(Width::Chars5)
                .inputmode("decimal")
                .max_chars(6)
                .errors(errors);
            unit_input(&field, unit)
        };
    let body = html! {
        (radios(&Field::new("kind", "从什么里抽").value(or(typed.get("kind"), Kind::Decisions.code())).errors(errors),
            &kinds(desk, typed, errors)))
        (radios(&Field::new("confidence", "要有多大的把握").value(or(typed.get("confidence"), "95")).inline().errors(errors), &confidence))
        (number("margin", "允许的误差", "抽查得到的准确率和全部的准确率最多差多少", "5", "个百分点"))
        (number("expected", "预计的差错率", "不知道时填 50，抽得最多", "50", "%"))
        (checkboxes(&Field::new("inspectors", "检查人员").hint("从选中的人里抽签。抽到本单位办的、本人办过的或者本人家庭的，按签号顺序由下一个人查。").errors(errors), &staff, &chosen))
        (radios(&Field::new("each", "每件由几名检查人员查").value(or(typed.get("each"), "2")).inline().errors(errors), &each))
        (date_input(&Field::new("finish_on", "什么时候以前查完").errors(errors), &typed.date("finish_on")))
        @if let Some(counted) = counted { (parts::inset(&html! { p.govuk-body { (counted) "。" } })) }
        (button_group(&html! {
            (submit("抽签", ButtonKind::Primary, Some(("deed", "draw"))))
            (submit("先看看要抽多少", ButtonKind::Secondary, Some(("deed", "count"))))
        }))
    };
    Ok(html! {
        h2.govuk-heading-m { "抽签" }
        p.govuk-body { "按把握和允许的误差算出要抽多少，由电脑抽出核查的对象和检查人员。抽签的种子、总数和结果向社会公开，不公开姓名和编号。" }
        (form_post(HERE, &desk.key(), &body))
    })
}

/// What was typed, or what is usual.
fn or<'a>(typed: &'a str, usual: &'a str) -> &'a str {
    if typed.is_empty() { usual } else { typed }
}

fn kinds<'a>(desk: &Desk<Sample>, typed: &'a Fields, errors: &'a Errors) -> Vec<Choice<'a>> {
    let release = desk.office().release();
    let items: Vec<Choice<'_>> = release
        .items
        .iter()
        .filter(|item| item.confidential.is_none() && desk.actor().may_in(Right::Sample, &item.business))
        .map(|item| Choice::new(item.id.as_str(), item.title.as_str()))
        .collect();
    let programmes: Vec<Choice<'_>> = release
        .programmes
        .iter()
        .filter(|one| !release.is_confidential(&one.id) && desk.may_for(Right::Sample, &one.id))
        .map(|one| Choice::new(one.id.as_str(), one.title.as_str()))
        .collect();
    let chosen = |name: &'static str, label: &'static str, choices: &[Choice<'_>]| {
        select(&Field::new(name, label).value(typed.get(name)).errors(errors), choices, Some("请选择"))
    };
    let decisions = html! {
        (chosen("item", "业务", &items[..]))
        (date_input(&Field::new("from", "作出决定的日期，从").errors(errors), &typed.date("from")))
        (date_input(&Field::new("until", "到").hint("要在今天以前").errors(errors), &typed.date("until")))
    };
    let benefits = html! {
        (chosen("programme", "项目", &programmes[..]))
        (date_input(&Field::new("on", "哪一天在册的").hint("要在今天以前").errors(errors), &typed.date("on")))
    };
    let payments = html! {
        (chosen("paid_programme", "项目", &programmes[..]))
        (month_input(&Field::new("month", "发放月份").errors(errors), &typed.date("month")))
        (text_input(&Field::new("run", "发放批次号").hint("不填就是这个月的全部批次").optional().value(typed.get("run"))
            .width(Width::Chars10).inputmode("numeric").max_chars(12).errors(errors)))
    };
    [decisions, benefits, payments]
        .into_iter()
        .zip(Kind::ALL)
        .map(|(questions, kind)| Choice::new(kind.code(), kind.title()).then(questions))
        .collect()
}

/// `POST /desk/random-checks`
pub(super) async fn draw(
    desk: Desk<Sample>,
    KeyedForm { key, form, .. }: KeyedForm<Fields>,
) -> Result<Answer, Fault> {
    let mut errors = Errors::none();
    let mut counted = None;
    if let Some(new) = read(&desk, &form, &mut errors) {
        if counting(&form) {
            match random::sizes(desk.office(), desk.granted(), &new).await {
                Ok((0, _)) => counted = Some("这个范围里什么也没有".to_owned()),
                Ok((all, many)) => {
                    let unit = new.objects.kind().unit();
                    counted = Some(size::sentence(all, many, unit, new.confidence, new.margin));
                }
                Err(error) => errors = form_errors(error)?,
            }
        } else {
            match random::draw(desk.office(), desk.granted(), &new, &key).await {
                Ok(check) => {
                    return Ok(SeeOther::to(format!("{HERE}/{check}"))
                        .done("已抽签，抽中的已经分给检查人员，抽签已经公开。")
                        .into());
                }
                Err(error) => errors = form_errors(error)?,
            }
        }
    }
    Ok(list_page(&desk, &Ask::default(), &form, &errors, counted.as_deref()).await?.into())
}

fn counting(form: &Fields) -> bool {
    form.get("deed") == "count"
}

fn read(desk: &Desk<Sample>, form: &Fields, errors: &mut Errors) -> Option<NewCheck> {
    let objects = read_objects(form, errors);
    let margin = hundredths(form, "margin", errors);
    let expected = hundredths(form, "expected", errors);
    // Counting needs no day; any will do.
    let finish_on = if counting(form) {
        Some(desk.office().now().today())
    } else {
        typed::date(form, "finish_on", errors)
    };
    Some(NewCheck {
        objects: objects?,
        confidence: form.get("confidence").parse().unwrap_or(0),
        margin: margin?,
        expected: expected?,
        inspectors: form.all("inspectors").filter_map(|id| id.parse::<StaffId>().ok()).collect(),
        each: form.get("each").parse().unwrap_or(0),
        finish_on: finish_on?,
    })
}

fn read_objects(form: &Fields, errors: &mut Errors) -> Option<Objects> {
    match form.get("kind") {
        "decisions" => {
            let item = typed::text(form, "item", "请选择业务。", errors);
            let from = typed::date(form, "from", errors);
            let until = typed::date(form, "until", errors);
            Some(Objects::Decisions { item: item?, from: from?, until: until? })
        }
        "benefits" => {
            let programme = typed::text(form, "programme", "请选择项目。", errors);
            let on = typed::date(form, "on", errors);
            Some(Objects::Benefits { programme: programme?, on: on? })
        }
        "payments" => {
            let programme = typed::text(form, "paid_programme", "请选择项目。", errors);
            let month = read_month(form, errors);
            let run = match form.get("run") {
                "" => Some(None),
                number => number.parse().ok().map(Some),
            };
            if run.is_none() {
                errors.add("run", "请填写批次号，例如 12；不知道可以不填。");
            }
            Some(Objects::Payments { programme: programme?, month: month?, run: run? })
        }
        _ => {
            errors.add("kind", "请选择从什么里抽。");
            None
        }
    }
}

fn read_month(form: &Fields, errors: &mut Errors) -> Option<Month> {
    let parts = form.date("month");
    let month = match (parts.year.parse(), parts.month.parse()) {
        (Ok(year), Ok(month)) => Month::new(year, month).ok(),
        _ => None,
    };
    if month.is_none() {
        errors.add("month", "请填写年和月，例如 2026 年 12 月。");
    }
    month
}

/// A number of percent with at most two decimals, in hundredths.
fn hundredths(form: &Fields, name: &str, errors: &mut Errors) -> Option<i64> {
    let typed = form.get(name);
    let (whole, rest) = typed.split_once('.').unwrap_or((typed, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let read = || {
        if whole.is_empty() || whole.len() > 3 || rest.len() > 2 || !digits(whole) || !digits(rest) {
            return None;
        }
        let whole: i64 = whole.parse().ok()?;
        let rest: i64 = format!("{rest:0<2}").parse().ok()?;
        Some(whole * 100 + rest)
    };
    let number = read();
    if number.is_none() {
        errors.add(name, "请填写数字，最多两位小数，例如 5 或者 2.5。");
    }
    number
}

/// `GET /desk/random-checks/{random_check}`
pub(super) async fn show(desk: Desk<Sample>, Path(id): Path<RandomCheckId>) -> Result<Page, Fault> {
    let (check, drawn) = random::check_page(desk.office(), desk.granted(), id).await?;
    let table = Table {
        id: "drawn".into(),
        caption: "抽中的".into(),
        columns: ["序号", "编号", "乡镇（街道）", "检查人员", "结果", "问题"].map(Column::new).into(),
        rows: drawn.iter().map(drawn_row).collect(),
        exports: if desk.may(Right::Export) {
            vec![Link::new(format!("{HERE}/{id}/export"), "导出（Excel）")]
        } else {
            Vec::new()
        },
        ..Table::default()
    };
    let drawn_at = Now::from_unix_ms(check.drawn_at).zh();
    let subject = subject_title(desk.office(), &check);
    let expected = size::percent(check.expected);
    let content = html! {
        (parts::heading(Some("抽样核查"), &format!("{drawn_at}的抽签")))
        (parts::inset(&html! { p.govuk-body { (check.sentence()) "（按预计差错率 " (expected) "% 计算）。" } }))
        (parts::summary_list(&[
            SummaryRow::text("抽签单位", &check.office),
            SummaryRow::text("从什么里抽", &format!("{}：{subject}", check.kind.title())),
            SummaryRow::text("时间", &days_of(&check)),
            SummaryRow::text("检查人员", &format!("从 {} 人里抽，每{}由 {} 人查", check.inspectors, check.kind.unit(), check.each)),
            SummaryRow::text("查完日期", &vocab::zh_date(check.finish_on)),
            SummaryRow::text("核查进度", &format!("已核查 {}，有问题 {}", check.looked_at, check.wrong)),
            SummaryRow::new("准确率", accuracy_of(desk.office(), &check)),
            SummaryRow::text("抽签人", &check.drawn_by),
        ]))
        p.govuk-body { (Link::new(format!("/draws/{id}"), "看公开的页面和核对办法")) }
        (table)
    };
    Ok(Page::new("抽样核查", content).under(NAV_ID).back(HERE, "返回抽样核查"))
}

fn drawn_row(one: &Inspected) -> Vec<Markup> {
    vec![
        html! { (one.place) },
        html! { (one.number) },
        html! { (one.township) },
        html! { (one.inspectors.join("、")) },
        result_tag(one.found.as_ref()),
        html! { @if let Some(found) = &one.found { (problem(found)) } @else { "—" } },
    ]
}

pub(super) fn result_tag(found: Option<&Found>) -> Markup {
    match found {
        None => parts::tag(Colour::Yellow, "待核查"),
        Some(found) if found.right => parts::tag(Colour::Green, "正确"),
        Some(_) => parts::tag(Colour::Red, "有问题"),
    }
}

pub(super) fn problem(found: &Found) -> Markup {
    html! {
        @match &found.error { Some(error) => (random::error_title(error)), None => "—" }
        @if let Some(amount) = found.amount { "，涉及 " (amount.yuan_grouped()) " 元" }
    }
}

/// `GET /desk/random-checks/{random_check}/export`
pub(super) async fn export(desk: Desk<Sample>, Path(id): Path<RandomCheckId>) -> Result<Response, Fault> {
    let export = desk.grant::<Export>()?;
    let sheet = random::check_sheet(desk.office(), desk.granted(), &export, id).await?;
    let format = ListFormat::Excel;
    Ok(download(&format!("抽样核查.{}", format.extension()), format.mime(), sheet))
}
