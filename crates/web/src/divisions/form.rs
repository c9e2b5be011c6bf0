//! The form on which a change of the tree is prepared: which kind first, then what that kind asks.

use axum::extract::{Path, Query};
use maud::{Markup, html};
use office::access::ProposeStandard;
use office::casework::{AttachmentId, drafts};
use office::divisions::past::{self, Listed};
use office::divisions::{self, ChangeKind, NewDivisionChange, Offered, Part, Recode, Wanted};
use serde::Deserialize;
use store::{DivisionId, HouseholdId};
use vocab::Level;

use super::{CHANGES, HERE, NAV_ID};
use crate::answer::{Answer, Page, SeeOther};
use crate::error::{Fault, form_errors};
use crate::extract::Desk;
use crate::form_body::{Fields, KeyedForm};
use crate::forms_ui::Sent;
use crate::money::common::{already, remember};
use crate::typed;
use crate::ui::Link;
use crate::ui::form::{
    ButtonKind, Choice, Errors, Field, Width, buttons, checkboxes, date_input, error_summary, fieldset,
    file_upload, form_get, form_upload, hidden, radios, select, submit, text_area, text_input,
};
use crate::ui::parts::{heading, inset};

/// Most new divisions of one split.
const PARTS_MAX: usize = 4;
/// Id of the scan that an earlier, refused sending already brought.
const KEPT: &str = "kept";

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Ask {
    kind: String,
}

/// `GET /desk/divisions/{division}/change`
pub(super) async fn page(
    desk: Desk<ProposeStandard>,
    Path(division): Path<DivisionId>,
    Query(ask): Query<Ask>,
) -> Result<Page, Fault> {
    let own = past::page(desk.office(), division).await?.division;
    match ChangeKind::read(&ask.kind) {
        None => Ok(kinds(&own)),
        Some(kind) => {
            let mut typed = Fields::default();
            if matches!(kind, ChangeKind::Rename | ChangeKind::Relevel) {
                let mca_code = own.mca_code.clone().unwrap_or_default();
                let known = [("name", own.name.clone()), ("code", own.code.clone()), ("mca_code", mca_code)];
                typed.0.extend(known.map(|(name, value)| (format!("part_0_{name}"), value)));
            }
            asked(&desk, &own, kind, &typed, &Errors::none()).await
        }
    }
}

fn kinds(own: &Listed) -> Page {
    let choices: Vec<Choice<'_>> = ChangeKind::ALL
        .into_iter()
        .map(|kind| Choice::new(kind.as_str(), kind.title()).hint(kind.hint()))
        .collect();
    let content = html! {
        div.prose {
            (heading(Some("行政区划"), &format!("调整{}", own.name)))
            (form_get(&format!("{HERE}/{}/change", own.id), &html! {
                (radios(&Field::new("kind", "办哪一类调整"), &choices))
                (submit("下一步", ButtonKind::Primary, None))
            }))
        }
    };
    Page::new(format!("调整{}", own.name), content).under(NAV_ID).back(format!("{HERE}/{}", own.id), "返回")
}

async fn asked(
    desk: &Desk<ProposeStandard>,
    own: &Listed,
    kind: ChangeKind,
    typed: &Fields,
    errors: &Errors,
) -> Result<Page, Fault> {
    let offered = divisions::offered(desk.office().db(), own.id).await?;
    let families = if kind == ChangeKind::Split && own.level == Level::Village {
        divisions::families_of(desk.office(), desk.granted(), own.id).await?
    } else {
        Vec::new()
    };
    let document = Field::new("document", "文件扫描件")
        .hint("批复的照片或者 PDF，不超过 10 MB。")
        .optional()
        .errors(errors);
    let body = html! {
        (hidden("kind", kind.as_str()))
        (of_kind(own, kind, &offered, &families, typed, errors))
        @if !offered.below.is_empty() && kind != ChangeKind::End {
            (text_area(&Field::new("codes", "下级一并换的代码").optional().errors(errors).value(typed.get("codes"))
                .hint("下级的代码也变的，每行一个：原统计代码、新统计代码、新民政代码（没有的不写），用空格分开。"), 4))
        }
        (date_input(&Field::new("on", "生效日期").hint("文件规定的日期；将来的日期到那天自动生效。").errors(errors), &typed.date("on")))
        (text_input(&Field::new("document_title", "批准文件名称").value(typed.get("document_title")).width(Width::Full).max_chars(200).errors(errors)))
        (text_input(&Field::new("document_number", "文号").hint("例如 内政函〔2026〕30号").value(typed.get("document_number")).max_chars(80).errors(errors)))
        (date_input(&Field::new("document_on", "文件日期").errors(errors), &typed.date("document_on")))
        (file_upload(&document, "image/*,.pdf", false))
        @if !typed.get(KEPT).is_empty() { (hidden(KEPT, typed.get(KEPT))) p.govuk-body { "刚才选的文件已经上传，不用再选。" } }
        (text_area(&Field::new("reason", "说明").hint("供批准人核对。").optional().value(typed.get("reason")).max_chars(500).errors(errors), 3))
        (buttons("提交，等待另一人批准", &[Link::new(format!("{HERE}/{}", own.id), "取消")]))
    };
    let title = format!("{}：{}", kind.title(), own.name);
    let content = html! {
        div.prose {
            (error_summary(errors))
            (heading(Some("行政区划调整"), &title))
            (inset(&html! { p.govuk-body { (kind.hint()) "提交后先看涉及的内容和去向，再由另一人批准。" } }))
            (form_upload(&format!("{HERE}/{}/change", own.id), &desk.key(), &body))
        }
    };
    Ok(Page::new(title, content).under(NAV_ID).back(format!("{HERE}/{}", own.id), "返回").errors(errors))
}

fn places(list: &[(DivisionId, String, String)]) -> Vec<Choice<'_>> {
    list.iter().map(|(id, name, code)| Choice::new(id.to_string(), format!("{name}（{code}）"))).collect()
}

/// Name and codes of a division that is new, or new in them.
fn part(at: usize, legend: &str, typed: &Fields, errors: &Errors) -> Markup {
    let name = |name: &str| format!("part_{at}_{name}");
    let field = |key: &str, label: &'static str| {
        Field::new(name(key), label).value(typed.get(&name(key)).to_owned()).errors(errors)
    };
    let body = html! {
        (text_input(&field("name", "名称").max_chars(40)))
        (text_input(&field("code", "统计代码").inputmode("numeric").width(Width::Chars20)))
        (text_input(&field("mca_code", "民政代码").inputmode("numeric").width(Width::Chars20).optional()))
    };
    fieldset(legend, &body)
}

fn of_kind(
    own: &Listed,
    kind: ChangeKind,
    offered: &Offered,
    families: &[(HouseholdId, String)],
    typed: &Fields,
    errors: &Errors,
) -> Markup {
    let subject =
        errors.get("subjects").map(|message| html! { p.govuk-error-message #subjects { (message) } });
    let chosen: Vec<&str> = typed.all("subjects").collect();
    let into =
        |label: &'static str| Field::new("into", label).value(typed.get("into").to_owned()).errors(errors);
    html! {
        @if let (Some(subject), false) = (subject, kind == ChangeKind::Merge) { (subject) }
        @match kind {
            ChangeKind::Rename | ChangeKind::Relevel => (part(0, "从生效之日起", typed, errors)),
            ChangeKind::Move => {
                (select(&into("改归哪里"), &places(&offered.above), Some("请选择")))
            },
            ChangeKind::Merge => {
                (checkboxes(&Field::new("subjects", "一起合并的").hint("除了本区划以外，还有哪些一起合并；没有的不选。").optional().errors(errors), &places(&offered.beside), &chosen))
                (select(&into("并入哪里").optional(), &places(&offered.beside), Some("合成一个新的")))
                (part(0, "合成新的，填写新区划（并入现有的不填）", typed, errors))
            },
            ChangeKind::Split => (split(own, offered, families, typed, errors)),
            ChangeKind::End => p.govuk-body { "只有里面已经没有下级、家庭、岗位、办件、待遇和登记的区划才能撤销。" },
        }
    }
}

fn split(
    own: &Listed,
    offered: &Offered,
    families: &[(HouseholdId, String)],
    typed: &Fields,
    errors: &Errors,
) -> Markup {
    let keeps = [
        Choice::new("yes", format!("{}保留", own.name)).hint("没有分出去的留在原处。"),
        Choice::new("no", format!("{}撤销", own.name)).hint("机关的岗位、预约等归第一个新区划。"),
    ];
    let numbered: Vec<Choice<'_>> =
        (1..=PARTS_MAX).map(|at| Choice::new(at.to_string(), format!("第{at}个新区划"))).collect();
    let to = |name: String, label: String| {
        let value = typed.get(&name).to_owned();
        select(&Field::new(name, label).value(value), &numbered, Some("不分出去"))
    };
    html! {
        (radios(&Field::new("keeps", "原区划").value(typed.get("keeps")).errors(errors), &keeps))
        @for at in 0..PARTS_MAX { (part(at, &format!("第{}个新区划{}", at + 1, if at > 0 { "（没有的不填）" } else { "" }), typed, errors)) }
        @if !offered.below.is_empty() {
            (fieldset("下级各归哪里", &html! {
                @if let Some(message) = errors.get("children") { p.govuk-error-message #children { (message) } }
                @for (id, name, _) in &offered.below { (to(format!("child_{id}"), name.clone())) }
            }))
        }
        @if !families.is_empty() {
            (fieldset("家庭各归哪里", &html! {
                @if let Some(message) = errors.get("families") { p.govuk-error-message #families { (message) } }
                p.govuk-hint { "原区划撤销的，没有分配的家庭归第一个新区划。" }
                @for (id, head) in families { (to(format!("family_{id}"), format!("{head}家（编号{id}）"))) }
            }))
        }
    }
}

/// What the form asks for; what cannot be read at all is told beside its field.
fn wanted(own: DivisionId, kind: ChangeKind, form: &Fields, errors: &mut Errors) -> Wanted {
    let text = |name: String| form.get(&name).to_owned();
    let mut parts = Vec::new();
    for at in 0..PARTS_MAX {
        let part = Part {
            name: text(format!("part_{at}_name")),
            code: text(format!("part_{at}_code")),
            mca_code: Some(text(format!("part_{at}_mca_code"))).filter(|code| !code.is_empty()),
        };
        if part == Part::default() {
            break;
        }
        parts.push(part);
    }
    let into: Option<DivisionId> = form.get("into").parse().ok();
    let mut subjects = vec![own];
    if kind == ChangeKind::Merge {
        subjects.extend(form.all("subjects").filter_map(|id| id.parse::<DivisionId>().ok()));
        if into.is_some() {
            parts.clear();
        }
    }
    let given = |prefix: &str| {
        let named = form.0.iter().filter_map(|(name, value)| Some((name.strip_prefix(prefix)?, value)));
        let read = named.filter_map(|(id, value)| {
            Some((id.parse::<i64>().ok()?, value.parse::<usize>().ok()?.checked_sub(1)?))
        });
        read.collect::<Vec<(i64, usize)>>()
    };
    let mut codes = Vec::new();
    for line in form.get("codes").lines().filter(|line| !line.trim().is_empty()) {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            [was, code] | [was, code, _] => codes.push(Recode {
                was: (*was).to_owned(),
                code: (*code).to_owned(),
                mca_code: words.get(2).map(|code| (*code).to_owned()),
            }),
            _ => errors.add("codes", format!("“{}”读不懂：每行写原代码、新代码，用空格分开。", line.trim())),
        }
    }
    if kind == ChangeKind::Split && !["yes", "no"].contains(&form.get("keeps")) {
        errors.add("keeps", "请选择原区划保留还是撤销。");
    }
    Wanted {
        kind,
        subjects,
        into,
        parts,
        keeps: kind == ChangeKind::Split && form.get("keeps") == "yes",
        children: given("child_").into_iter().map(|(id, at)| (DivisionId(id), at)).collect(),
        families: given("family_").into_iter().map(|(id, at)| (HouseholdId(id), at)).collect(),
        codes,
    }
}

/// `POST /desk/divisions/{division}/change`
pub(super) async fn propose(
    desk: Desk<ProposeStandard>,
    Path(division): Path<DivisionId>,
    KeyedForm { key, mut form, files }: KeyedForm<Fields>,
) -> Result<Answer, Fault> {
    if let Some(to) = already(&desk, &key).await? {
        return Ok(SeeOther::to(to).into());
    }
    let own = past::page(desk.office(), division).await?.division;
    let kind = ChangeKind::read(form.get("kind")).ok_or(Fault::Hidden)?;
    let sent = Sent::read(desk.office(), &drafts::owner_of(desk.actor()), Fields::default(), files).await?;
    let mut errors = sent.errors;
    if let Some((_, id)) = sent.pairs.into_iter().next() {
        form.0.retain(|(name, _)| name != KEPT);
        form.0.push((KEPT.to_owned(), id));
    }
    let wanted = wanted(division, kind, &form, &mut errors);
    let on = typed::date(&form, "on", &mut errors);
    let document_on = typed::date(&form, "document_on", &mut errors);
    let (Some(on), Some(document_on), true) = (on, document_on, errors.is_empty()) else {
        return Ok(asked(&desk, &own, kind, &form, &errors).await?.into());
    };
    let new = NewDivisionChange {
        wanted,
        on,
        document_title: form.get("document_title").to_owned(),
        document_number: form.get("document_number").to_owned(),
        document_on,
        attachment: form.get(KEPT).parse::<AttachmentId>().ok(),
        reason: form.get("reason").to_owned(),
    };
    match divisions::propose(desk.office(), desk.granted(), &new).await {
        Ok(id) => {
            let to = format!("{CHANGES}/{id}");
            remember(&desk, &key, &to).await?;
            Ok(SeeOther::to(to).done("调整已提交，等待另一人批准。").into())
        }
        Err(error) => Ok(asked(&desk, &own, kind, &form, &form_errors(error)?).await?.into()),
    }
}
