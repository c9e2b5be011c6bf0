//! Two records of one person: laid side by side, proposed by one officer, looked at again by another, and taken back the same way.

use axum::extract::Query;
use axum::response::Response;
use maud::{Markup, html};
use office::OfficeError;
use office::access::{ConfirmMerge, Export, MergePeople, ReadPeople, Right};
use office::people::merge::{
    self, Choices, Differing, MergeId, MergePage, MergeState, MergeView, NewMerge, NumberFate, Preview, Side,
};
use office::people::{self, Found};
use office::tabular::ListFormat;
use serde::Deserialize;
use store::PersonId;
use vocab::Now;

use super::on_file::OnFile;
use crate::answer::{Answer, Page, SeeOther};
use crate::desk::words::download;
use crate::error::{Fault, form_errors};
use crate::extract::{Begun, Desk, Path, Staff, Write};
use crate::form_body::{Fields, KeyedForm};
use crate::typed;
use crate::ui::form::{
    ButtonKind, Choice, Errors, Field, Width, buttons, error_summary, form_get, form_post, hidden, radios,
    submit, text_area, text_input,
};
use crate::ui::parts::{Colour, SummaryRow, heading, inset, summary_list, tag, warning_text};
use crate::ui::table::{Column, Pager, Table};
use crate::ui::{Link, address};

const PAGE_ROWS: usize = 20;
const HERE: &str = "/desk/merges";

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    other: String,
    q: String,
    after: String,
}

/// `GET /desk/people/{person}/merge`: finds the other record, then lays both side by side.
pub(super) async fn form(
    desk: Desk<MergePeople>,
    OnFile(id): OnFile,
    Query(asked): Query<Asked>,
) -> Result<Page, Fault> {
    match asked.other.parse::<PersonId>() {
        Ok(other) => beside(&desk, id, other, &Fields::default(), &Errors::none()).await,
        Err(_) => find(&desk, id, &asked.q, &Errors::none()).await,
    }
}

fn back_to(id: PersonId) -> String {
    format!("/desk/people/{id}")
}

async fn find(desk: &Desk<MergePeople>, id: PersonId, q: &str, errors: &Errors) -> Result<Page, Fault> {
    let person = super::person::seen(desk, id).await?;
    let mut errors = errors.clone();
    let mut found: Vec<Found> = Vec::new();
    let mut note = None;
    if !q.trim().is_empty() {
        match people::search_people(desk.office(), &desk.grant::<ReadPeople>()?, q, None, PAGE_ROWS).await {
            Ok(answer) => {
                note = answer.note;
                found = answer.page.rows.into_iter().filter(|found| found.person != id).collect();
            }
            Err(error) => errors = form_errors(error)?,
        }
    }
    let here = format!("/desk/people/{id}/merge");
    let rows = found.iter().map(|found| {
        vec![
            html! { (found.name) },
            html! { (found.sex.zh()) "，" (vocab::zh_date(found.born_on)) "生" },
            html! { span.masked { (found.citizen_id) } },
            html! { (found.residence_name) },
            html! {
                (Link::new(address(&here, &[("other", &found.person.to_string())]), "与这份核对").about(format!("：{}", found.name)))
            },
        ]
    });
    let table = Table {
        id: "found".into(),
        caption: "查找结果".into(),
        columns: ["姓名", "性别和出生日期", "身份证号", "现住地", "核对"].map(Column::new).into(),
        rows: rows.collect(),
        empty: note.unwrap_or_else(|| "没有别的档案。".to_owned()).into(),
        ..Table::default()
    };
    let content = html! {
        div.prose {
            (error_summary(&errors))
            (heading(Some(&person.name), "与另一份档案合并"))
            p.govuk-body { "同一个人登记了两份档案的，可以合并成一份。请先找到另一份；一份在他处登记的，请联系上一级民政部门办理。" }
            (form_get(&here, &html! {
                (text_input(&Field::new("q", "查找另一份档案").hint("姓名、拼音首字母、身份证号、电话，或者姓名加身份证后四位")
                    .value(q).width(Width::Full).max_chars(60).errors(&errors)))
                (submit("查找", ButtonKind::Primary, None))
            }))
        }
        @if !q.trim().is_empty() && errors.is_empty() { (table) }
    };
    Ok(Page::new("与另一份档案合并", content).under("people").errors(&errors).back(back_to(id), person.name))
}

async fn beside(
    desk: &Desk<MergePeople>,
    id: PersonId,
    other: PersonId,
    typed: &Fields,
    errors: &Errors,
) -> Result<Page, Fault> {
    let preview = merge::merge_preview(desk.office(), desk.granted(), id, other).await?;
    let body = html! {
        (hidden("other", &other.to_string()))
        (radios(&Field::new("keep", "保留哪一份档案").hint("另一份的号码、链接和登记内容都归到保留的这一份。").value(typed.get("keep")).errors(errors), &[
            Choice::new(id.to_string(), format!("{} 号档案：{}", id, preview.one.person.name)),
            Choice::new(other.to_string(), format!("{} 号档案：{}", other, preview.other.person.name)),
        ]))
        h2.govuk-heading-m { "内容不一致的，以哪一份为准" }
        @for differing in &preview.differing { (choice_of(differing, (id, other), typed, errors)) }
        (radios(&Field::new("number_fate", "不再使用的身份证号为什么作废").value(typed.get("number_fate")).errors(errors), &fates()))
        (text_area(&Field::new("evidence", "核对过的证件和材料").hint("例如：公安机关的身份证号更正证明、户口簿、本人到场核对。")
            .value(typed.get("evidence")).max_chars(300).errors(errors), 3))
        (buttons("提出合并，交另一人复核", &[Link::new(back_to(id), "不合并")]))
    };
    let content = html! {
        (error_summary(errors))
        (heading(Some("合并重复的档案"), &format!("核对两份档案：{}", preview.one.person.name)))
        (side_by_side(&preview))
        @if preview.obstacles.is_empty() {
            (inset(&html! {
                p.govuk-body { "合并以后：保留的档案有两份的全部登记，另一份不再单独出现；发放账目、办件过程和部门答复一个字也不改。合并可以撤销，撤销也要两个人办。" }
            }))
            div.prose { (form_post(&format!("/desk/people/{id}/merge"), &desk.key(), &body)) }
        } @else { (obstacles(&preview)) }
    };
    Ok(Page::new("核对两份档案", content)
        .under("people")
        .errors(errors)
        .back(back_to(id), preview.one.person.name.clone()))
}

fn fates() -> Vec<Choice<'static>> {
    let mut choices: Vec<Choice<'static>> =
        NumberFate::ALL.iter().map(|fate| Choice::new(fate.code(), fate.title())).collect();
    choices.push(Choice::new("unknown", "还没有核定哪个号码有效"));
    choices
}

fn choice_of(
    differing: &Differing,
    (one, other): (PersonId, PersonId),
    typed: &Fields,
    errors: &Errors,
) -> Markup {
    let name = format!("from-{}", differing.field);
    let chosen = typed.get(&name).to_owned();
    radios(
        &Field::new(name, differing.title.clone()).value(chosen).errors(errors),
        &[
            Choice::new(one.to_string(), format!("{one} 号档案：{}", differing.one)),
            Choice::new(other.to_string(), format!("{other} 号档案：{}", differing.other)),
        ],
    )
}

fn obstacles(preview: &Preview) -> Markup {
    html! {
        (warning_text("这两份档案现在还不能合并。请先办好下面的事："))
        ul.govuk-list.govuk-list--bullet { @for obstacle in &preview.obstacles { li { (obstacle) } } }
    }
}

/// Both records in one table: what they say, what hangs on them.
fn side_by_side(preview: &Preview) -> Markup {
    let (one, other) = (&preview.one, &preview.other);
    let mut rows: Vec<Vec<Markup>> = preview
        .differing
        .iter()
        .map(|differing| {
            vec![
                html! { (differing.title) " " (tag(Colour::Orange, "不一致")) },
                html! { (differing.one) },
                html! { (differing.other) },
            ]
        })
        .collect();
    let line = |title: &str, one: Markup, other: Markup| vec![html! { (title) }, one, other];
    rows.push(line("所在家庭", family(one), family(other)));
    let benefits = |side: &Side| {
        html! {
            @if side.benefits.is_empty() { "没有" }
            @for (title, state) in &side.benefits { div { (title) "（" (state) "）" } }
        }
    };
    rows.push(line("待遇", benefits(one), benefits(other)));
    let mut titles: Vec<&str> =
        one.holds.iter().chain(&other.holds).map(|(title, _)| title.as_str()).collect();
    let mut seen = std::collections::BTreeSet::new();
    titles.retain(|title| *title != "待遇" && seen.insert(*title));
    for title in titles {
        let count = |side: &Side| {
            let rows = side.holds.iter().find(|(of, _)| of == title).map_or(0, |(_, rows)| *rows);
            html! { (rows) " 条" }
        };
        rows.push(line(title, count(one), count(other)));
    }
    let head = |side: &Side| format!("{} 号档案", side.person.id);
    let table = Table {
        id: "sides".into(),
        caption: "两份档案".into(),
        columns: vec![Column::new("内容"), Column::new(head(one)), Column::new(head(other))],
        rows,
        ..Table::default()
    };
    html! { (table) }
}

fn family(side: &Side) -> Markup {
    html! {
        @match side.household {
            Some(household) => (Link::new(format!("/desk/families/{household}"), format!("{household} 号家庭"))),
            None => "没有登记家庭",
        }
    }
}

/// What the form says; errors by field.
fn read(form: &Fields, id: PersonId, errors: &mut Errors) -> Option<(PersonId, NewMerge)> {
    let other = typed::id::<PersonId>(form, "other", "请选择另一份档案。", errors)?;
    let kept = typed::id::<PersonId>(form, "keep", "请选择保留哪一份档案。", errors);
    let evidence = typed::text(form, "evidence", "请写明核对过哪些证件和材料。", errors);
    if form.get("number_fate").is_empty() {
        errors.add("number_fate", "请选择不再使用的身份证号为什么作废。");
    }
    let kept = kept?;
    if kept != id && kept != other {
        errors.add("keep", "请选择保留哪一份档案。");
        return None;
    }
    let dropped = if kept == id { other } else { id };
    let mut choices = Choices::default();
    for (name, value) in &form.0 {
        if let Some(field) = name.strip_prefix("from-")
            && value.parse() == Ok(dropped)
        {
            match field.strip_prefix("fact.") {
                Some(fact) => choices.facts.push(fact.to_owned()),
                None => choices.fields.push(field.to_owned()),
            }
        }
    }
    let number_fate = NumberFate::from_code(form.get("number_fate"));
    Some((other, NewMerge { kept, dropped, choices, number_fate, evidence: evidence? }))
}

/// `POST /desk/people/{person}/merge`
pub(super) async fn propose(
    desk: Desk<MergePeople>,
    OnFile(id): OnFile,
    KeyedForm { key, form, .. }: KeyedForm<Fields>,
) -> Result<Answer, Fault> {
    // What is wrong with the form is said only to whom the person is shown.
    super::person::seen(&desk, id).await?;
    let mut errors = Errors::none();
    let Some((other, new)) = read(&form, id, &mut errors).filter(|_| errors.is_empty()) else {
        return Ok(match form.get("other").parse::<PersonId>() {
            Ok(other) => beside(&desk, id, other, &form, &errors).await?.into(),
            Err(_) => find(&desk, id, "", &errors).await?.into(),
        });
    };
    // Every value in which the two differ is chosen by somebody, not by what stood first.
    let preview = merge::merge_preview(desk.office(), desk.granted(), id, other).await?;
    for differing in &preview.differing {
        let name = format!("from-{}", differing.field);
        if form.get(&name).is_empty() {
            errors.add(name, format!("请选择{}以哪一份为准。", differing.title));
        }
    }
    if !errors.is_empty() {
        return Ok(beside(&desk, id, other, &form, &errors).await?.into());
    }
    let write = match desk.begin(&key).await? {
        Begun::Again(to) => return Ok(SeeOther::to(to).into()),
        Begun::First(write) => write,
    };
    match merge::propose_merge_in(desk.office(), write.tx(), desk.granted(), &new).await {
        Ok(merge) => {
            let to = format!("{HERE}/{merge}");
            write.finish(&to).await?;
            Ok(SeeOther::to(to).done("已提出合并，等另一人复核。").into())
        }
        Err(error) => {
            // The transaction must end before the page is read again.
            drop(write);
            let errors = form_errors(error)?;
            Ok(beside(&desk, id, other, &form, &errors).await?.into())
        }
    }
}

/// `GET /desk/merges`
pub(super) async fn list(desk: Desk<ReadPeople>, Query(asked): Query<Asked>) -> Result<Page, Fault> {
    let cursor = if asked.after.is_empty() { None } else { Some(asked.after.parse()?) };
    let page = merge::merges(desk.office(), desk.granted(), cursor.as_ref(), PAGE_ROWS).await?;
    let rows = page.rows.iter().map(|merge| {
        vec![
            html! { (Link::new(format!("{HERE}/{}", merge.id), format!("第 {} 件", merge.id))) },
            html! { (merge.kept.1) "（" (merge.kept.0) " 号档案）" },
            html! { (merge.dropped.1) "（" (merge.dropped.0) " 号档案）" },
            html! { (state(merge.state)) },
            html! { (Now::from_unix_ms(merge.proposed.1).zh()) },
        ]
    });
    let export = desk.may(Right::Export).then(|| Link::new(format!("{HERE}/export"), "导出 Excel"));
    let table = Table {
        id: "merges".into(),
        caption: "档案合并".into(),
        caption_hidden: true,
        columns: ["合并", "保留的档案", "不再保留的档案", "办到哪里", "提出时间"].map(Column::new).into(),
        rows: rows.collect(),
        empty: "还没有合并过档案。".into(),
        pager: Some(Pager {
            previous: (!asked.after.is_empty()).then(|| HERE.into()),
            next: page.next.map(|next| address(HERE, &[("after", &next.to_string())]).into()),
        }),
        exports: export.into_iter().collect(),
        ..Table::default()
    };
    let content = html! {
        (heading(Some("对象档案"), "档案合并"))
        p.govuk-body { "同一个人的两份档案，由一人核对后提出、另一人复核，合并成一份。一份在他处登记的，由看得到两份档案的上一级办理。" }
        (table)
    };
    Ok(Page::new("档案合并", content).under("people").back("/desk/duplicates", "疑似重复的人员"))
}

/// `GET /desk/merges/export`
pub(super) async fn export(desk: Desk<ReadPeople>) -> Result<Response, Fault> {
    let export = desk.grant::<Export>()?;
    let sheet = merge::sheet(desk.office(), desk.granted(), &export).await?;
    Ok(download("档案合并.xlsx", ListFormat::Excel.mime(), sheet))
}

fn state(state: MergeState) -> Markup {
    let colour = match state {
        MergeState::Proposed | MergeState::UndoProposed => Colour::Orange,
        MergeState::Done => Colour::Green,
        MergeState::Refused | MergeState::Undone => Colour::Grey,
    };
    tag(colour, state.title())
}

/// `GET /desk/merges/{merge}`
pub(super) async fn show(desk: Desk<ReadPeople>, Path(id): Path<MergeId>) -> Result<Page, Fault> {
    page(&desk, id, &Errors::none()).await
}

async fn page(desk: &Desk<ReadPeople>, id: MergeId, errors: &Errors) -> Result<Page, Fault> {
    let found = merge::merge_page(desk.office(), desk.granted(), id).await?;
    let content = html! {
        (error_summary(errors))
        (heading(Some("档案合并"), &format!("{}：{}", found.merge.kept.1, found.merge.state.title())))
        (summary(&found))
        @if let Some(preview) = &found.preview {
            (side_by_side(preview))
            @if !preview.obstacles.is_empty() { (obstacles(preview)) }
        }
        @if !found.followed.is_empty() {
            h2.govuk-heading-m { "随着合并归到保留档案的内容" }
            (summary_list(&found.followed.iter().map(|(title, rows)| SummaryRow::text(title.clone(), &format!("{rows} 条"))).collect::<Vec<_>>()))
        }
        div.prose { (deeds(desk, &found, errors)) }
    };
    Ok(Page::new("档案合并", content).under("people").errors(errors).back(HERE, "档案合并"))
}

fn summary(found: &MergePage) -> Markup {
    let MergeView {
        kept, dropped, state: now, number_fate, evidence, proposed, settled, undo, undone, ..
    } = &found.merge;
    let at = |name: &str, at: i64| format!("{name}，{}", Now::from_unix_ms(at).zh());
    let record = |(id, name): &(PersonId, String)| {
        html! { (Link::new(format!("/desk/people/{id}"), format!("{name}（{id} 号档案）"))) }
    };
    let taken = found.choices.fields.len() + found.choices.facts.len();
    let mut rows = vec![
        SummaryRow::new("办到哪里", state(*now)),
        SummaryRow::new("保留的档案", record(kept)),
        SummaryRow::new("不再保留的档案", record(dropped)),
        SummaryRow::text("以不再保留的档案为准的", &format!("{taken} 项")),
        SummaryRow::text("作废的身份证号", number_fate.title()),
        SummaryRow::text("核对过的证件和材料", evidence),
        SummaryRow::text("提出", &at(&proposed.0, proposed.1)),
    ];
    if let Some((name, when, note)) = settled {
        let words = if note.is_empty() { at(name, *when) } else { format!("{}：{note}", at(name, *when)) };
        rows.push(SummaryRow::text("复核", &words));
    }
    if let Some((name, when, reason)) = undo {
        rows.push(SummaryRow::text("提出撤销", &format!("{}：{reason}", at(name, *when))));
    }
    if let Some((name, when)) = undone {
        rows.push(SummaryRow::text("撤销", &at(name, *when)));
    }
    summary_list(&rows)
}

/// What the reader can do about it now.
fn deeds(staff: &Staff, found: &MergePage, errors: &Errors) -> Markup {
    let here = format!("{HERE}/{}", found.merge.id);
    let settle = |to: String, yes: &'static str, no: &'static str| {
        html! {
            @if found.own { p.govuk-body { "这是您提出的，请由另一位有复核权限的工作人员办理。" } }
            @else if !staff.may(Right::ConfirmMerge) { p.govuk-body { "等有复核权限的工作人员办理。" } }
            @else {
                (form_post(&to, &staff.key(), &html! {
                    (text_area(&Field::new("note", "复核意见").hint("不同意的，请写明理由。").optional().max_chars(200).errors(errors), 2))
                    div.govuk-button-group {
                        (submit(yes, ButtonKind::Primary, Some(("answer", "confirm"))))
                        (submit(no, ButtonKind::Secondary, Some(("answer", "refuse"))))
                    }
                }))
            }
        }
    };
    match found.merge.state {
        MergeState::Proposed => settle(format!("{here}/settle"), "同意，合并", "不同意"),
        MergeState::UndoProposed => settle(format!("{here}/undo/settle"), "同意，撤销合并", "不同意"),
        MergeState::Done if staff.may(Right::MergePeople) => {
            let body = html! {
                (text_area(&Field::new("reason", "撤销的理由和核对过的材料").max_chars(300).errors(errors), 3))
                (submit("提出撤销，交另一人复核", ButtonKind::Secondary, None))
            };
            html! {
                h2.govuk-heading-m { "其实是两个人" }
                p.govuk-body { "撤销以后，合并时归过来的内容原样退回；合并以后新登记的，留在保留的档案上。" }
                (form_post(&format!("{here}/undo"), &staff.key(), &body))
            }
        }
        MergeState::Done | MergeState::Refused | MergeState::Undone => html! {},
    }
}

/// Keeps what was done and shows it, or shows the merge again with what was wrong.
async fn after<T>(
    reading: &Desk<ReadPeople>,
    id: MergeId,
    write: Write,
    done: Result<T, OfficeError>,
    said: &'static str,
) -> Result<Answer, Fault> {
    let here = format!("{HERE}/{id}");
    match done {
        Ok(_) => {
            write.finish(&here).await?;
            Ok(SeeOther::to(here).done(said).into())
        }
        Err(error) => {
            // The transaction must end before the page is read again.
            drop(write);
            Ok(page(reading, id, &form_errors(error)?).await?.into())
        }
    }
}

/// `POST /desk/merges/{merge}/settle`
pub(super) async fn settle(
    desk: Desk<ConfirmMerge>,
    reading: Desk<ReadPeople>,
    Path(id): Path<MergeId>,
    KeyedForm { key, form, .. }: KeyedForm<Fields>,
) -> Result<Answer, Fault> {
    let write = match desk.begin(&key).await? {
        Begun::Again(to) => return Ok(SeeOther::to(to).into()),
        Begun::First(write) => write,
    };
    let (confirmed, note) = settled(&form);
    let done = merge::settle_merge_in(desk.office(), write.tx(), desk.granted(), id, confirmed, note).await;
    let said = if confirmed { "两份档案已合并。" } else { "已退回，没有合并。" };
    after(&reading, id, write, done, said).await
}

/// Whether the second person agrees, and what they say.
fn settled(form: &Fields) -> (bool, &str) {
    (form.get("answer") == "confirm", form.get("note"))
}

/// `POST /desk/merges/{merge}/undo`
pub(super) async fn undo(
    desk: Desk<MergePeople>,
    reading: Desk<ReadPeople>,
    Path(id): Path<MergeId>,
    KeyedForm { key, form, .. }: KeyedForm<Fields>,
) -> Result<Answer, Fault> {
    let write = match desk.begin(&key).await? {
        Begun::Again(to) => return Ok(SeeOther::to(to).into()),
        Begun::First(write) => write,
    };
    let reason = form.get("reason");
    let done = merge::propose_undo_in(desk.office(), write.tx(), desk.granted(), id, reason).await;
    after(&reading, id, write, done, "已提出撤销，等另一人复核。").await
}

/// `POST /desk/merges/{merge}/undo/settle`
pub(super) async fn settle_undo(
    desk: Desk<ConfirmMerge>,
    reading: Desk<ReadPeople>,
    Path(id): Path<MergeId>,
    KeyedForm { key, form, .. }: KeyedForm<Fields>,
) -> Result<Answer, Fault> {
    let write = match desk.begin(&key).await? {
        Begun::Again(to) => return Ok(SeeOther::to(to).into()),
        Begun::First(write) => write,
    };
    let (confirmed, note) = settled(&form);
    let done = merge::settle_undo_in(desk.office(), write.tx(), desk.granted(), id, confirmed, note).await;
    let said = if confirmed {
        "合并已撤销，两份档案都在。"
    } else {
        "没有撤销，仍是一份档案。"
    };
    after(&reading, id, write, done, said).await
}
