//! One change to many records: chosen from the list by its filters or by ticks, one field or one way from state to state, seen before it is
//! done, taken back as a whole. Three pages that need no script: what and which, the value and the reason, the preview.

use axum::extract::Query;
use maud::{Markup, html};
use office::access::{KeepRecords, ReadRecords, Right};
use office::forms::{Answers, FilledForm};
use office::records::bulk::{self, BulkView, RECORDS_MAX, Said, Selection, What};
use office::records::list::{Line, list};
use office::records::{Open, RecordBulkId, RecordId, draft_of};
use vocab::Now;

use super::asked::{Asked, place};
use super::{RECORDS, opened};
use crate::answer::{Answer, Page, SeeOther};
use crate::error::{Fault, form_errors};
use crate::extract::{Desk, Path};
use crate::form_body::{Fields, KeyedForm};
use crate::forms_ui::{Look, render_field};
use crate::money::common::{already, remember, watched};
use crate::ui::Link;
use crate::ui::form::{
    ButtonKind, Choice, Errors, Field, Width, button_group, buttons, error_summary, form_get, form_post,
    hidden, radios, select, submit, text_input,
};
use crate::ui::parts::{
    Figure, SummaryRow, Urgency, details, figure_cards, heading, summary_list, warning_text,
};
use crate::ui::table::{Column, Table};

/// Records that can be ticked on the page; a longer list is narrowed first.
const TICKED_MAX: usize = 100;
/// Earlier changes on the first page.
const EARLIER: usize = 10;
const WHAT: &str = "what";
const WHICH: &str = "which";
const PICK: &str = "pick";
const REASON: &str = "_reason";
const CHOSEN: &str = "chosen";

fn base(open: &Open) -> String {
    format!("/desk/records/{}", open.register().id.get())
}

fn state_title(state: &str) -> &'static str {
    match state {
        "previewed" => "待确认",
        "changing" => "正在修改",
        "undoing" => "正在撤销",
        "undone" => "已撤销",
        _ => "已修改",
    }
}

/// What was chosen on the first page.
struct Chosen {
    asked: Asked,
    what: Option<What>,
    /// Ticked records; none means all of the list.
    picked: Option<Vec<RecordId>>,
}

impl Chosen {
    fn of(asked: &Asked, what: &str, which: &str, picks: impl Iterator<Item = RecordId>) -> Chosen {
        let picked = (which == PICK).then(|| picks.collect());
        let of_the_list = asked.pairs().map(|(name, value)| (name.to_owned(), value.to_owned()));
        Chosen { asked: Asked(of_the_list.collect()), what: What::read(what), picked }
    }
}

/// `GET /desk/records/{register}/bulk`: what and which; with both, the value and the reason.
pub(super) async fn page(
    desk: Desk<KeepRecords>,
    Path(register): Path<String>,
    Query(pairs): Query<Vec<(String, String)>>,
) -> Result<Page, Fault> {
    let open = opened(&desk, &register, Right::KeepRecords)?;
    let asked = Asked(pairs);
    let picks = asked.all(PICK).filter_map(|id| id.parse().ok()).collect::<Vec<RecordId>>();
    let chosen = Chosen::of(&asked, asked.get(WHAT), asked.get(WHICH), picks.into_iter());
    match &chosen.what {
        Some(what) if bulk::choices(desk.actor(), open.register()).contains(what) => {
            let mut errors = Errors::none();
            if chosen.picked.as_ref().is_some_and(Vec::is_empty) {
                errors.add(WHICH, "请勾选要修改的记录，或者选择全部。");
                return choose(&desk, &open, &chosen, &errors).await;
            }
            value(&desk, &open, &chosen, what, Answers::new(), "", &errors).await
        }
        _ => choose(&desk, &open, &chosen, &Errors::none()).await,
    }
}

async fn choose(
    desk: &Desk<KeepRecords>,
    open: &Open,
    chosen: &Chosen,
    errors: &Errors,
) -> Result<Page, Fault> {
    let register = open.register();
    let place = place(desk, chosen.asked.get("place")).await?;
    let narrowed = chosen.asked.narrowed(register, place.as_ref());
    let reader = desk.grant::<ReadRecords>()?;
    let meant = bulk::meant(desk.office(), desk.granted(), open, &narrowed).await?;
    let found = list(desk.office(), &reader, open, &narrowed, None, TICKED_MAX).await?;
    let whats = bulk::choices(desk.actor(), register);
    let whats: Vec<Choice<'_>> =
        whats.iter().map(|what| Choice::new(what.code(), what.title(register))).collect();
    let all = format!("符合筛选条件的全部 {meant} 条");
    let shown = found.lines.len();
    let which = [
        Choice::new("all", all).hint(format!("一次最多 {RECORDS_MAX} 条。")),
        Choice::new(PICK, "只改下面勾选的").hint(if found.next.is_some() {
            format!("下面只列出前 {shown} 条；要勾选的不在其中时，请返回列表再筛选。")
        } else {
            String::new()
        }),
    ];
    let current = chosen.what.as_ref().map(What::code).unwrap_or_default();
    let picked: &[RecordId] = chosen.picked.as_deref().unwrap_or_default();
    let chosen_which = if chosen.picked.is_some() { PICK } else { "all" };
    let body = html! {
        @for (name, value) in chosen.asked.pairs() { (hidden(name, value)) }
        (select(&Field::new(WHAT, "改什么").value(current), &whats, Some("请选择")))
        (radios(&Field::new(WHICH, "改哪些").value(chosen_which).errors(errors), &which))
        (ticks(open, &found.lines, picked))
        (buttons("下一步", &[Link::new(chosen.asked.address(register, &[]), "返回列表")]))
    };
    let earlier = bulk::latest(desk.office(), desk.granted(), open, EARLIER).await?;
    let content = html! {
        (error_summary(errors))
        (heading(Some(&register.title), "批量修改"))
        div.prose {
            p.govuk-body { "先选改什么、改哪些，再填要改成的内容和原因。确认以前可以预览每一条，改完以后可以整批撤销。" }
        }
        @if found.lines.is_empty() {
            p.govuk-body { "没有符合条件的记录。" (Link::new(chosen.asked.address(register, &[]), "返回列表重新筛选")) }
        } @else {
            (form_get(&format!("{}/bulk", base(open)), &body))
        }
        @if !earlier.is_empty() { (earlier_table(open, &earlier)) }
    };
    Ok(Page::new("批量修改", content)
        .under(RECORDS)
        .back(chosen.asked.address(register, &[]), format!("返回{}", register.title))
        .errors(errors))
}

fn ticks(open: &Open, lines: &[Line], picked: &[RecordId]) -> Table<'static> {
    let rows = lines.iter().map(|line| {
        let id = format!("{PICK}-{}", line.id);
        vec![
            html! {
                div.govuk-checkboxes.govuk-checkboxes--small {
                    div.govuk-checkboxes__item {
                        input.govuk-checkboxes__input type="checkbox" id=(id) name=(PICK) value=(line.id) checked[picked.contains(&line.id)];
                        label.govuk-label.govuk-checkboxes__label for=(id) { (line.title) }
                    }
                }
            },
            html! { (line.division_name) },
            html! { (line.state) },
        ]
    });
    Table {
        id: "ticks".into(),
        caption: "符合筛选条件的记录".into(),
        columns: vec![Column::new(open.register().title.clone()), Column::new("所在地"), Column::new("状态")],
        rows: rows.collect(),
        ..Table::default()
    }
}

fn earlier_table(open: &Open, earlier: &[BulkView]) -> Table<'static> {
    let rows = earlier.iter().map(|view| {
        vec![
            html! { (Link::new(format!("{}/bulk/{}", base(open), view.id), view.title.clone())) },
            html! { (view.changed + view.undone + view.kept) },
            html! { (state_title(&view.state)) },
            html! { (view.maker) },
            html! { (Now::from_unix_ms(view.made_at).zh()) },
        ]
    });
    Table {
        id: "earlier".into(),
        caption: "最近的批量修改".into(),
        columns: vec![
            Column::new("内容"),
            Column::new("修改条数").numeric(),
            Column::new("状态"),
            Column::new("经办人"),
            Column::new("时间"),
        ],
        rows: rows.collect(),
        ..Table::default()
    }
}

/// The page that asks for the value and the reason.
async fn value(
    desk: &Desk<KeepRecords>,
    open: &Open,
    chosen: &Chosen,
    what: &What,
    answers: Answers,
    reason: &str,
    errors: &Errors,
) -> Result<Page, Fault> {
    let register = open.register();
    let form = open.release().record_form(&register.id).ok_or(Fault::Hidden)?;
    let draft = draft_of(desk.office(), desk.actor(), open, answers, None, None).await?;
    let context = draft.context(desk.office(), open);
    let filled = FilledForm::read(&context, form, &draft.answers);
    let look = Look { errors, divisions: &[], files: "/desk/attachments", picks: true, on_file: None };
    let asked = bulk::asked(register, what);
    let which = match &chosen.picked {
        Some(picked) => format!("将修改勾选的 {} 条。", picked.len()),
        None => {
            let place = place(desk, chosen.asked.get("place")).await?;
            let narrowed = chosen.asked.narrowed(register, place.as_ref());
            let meant = bulk::meant(desk.office(), desk.granted(), open, &narrowed).await?;
            format!("将修改符合筛选条件的全部 {meant} 条。")
        }
    };
    let hint = match what {
        What::Set(_) => "留空就是清空这一项。",
        What::Take(_) => "留空的项目各条保持原样。",
    };
    let body = html! {
        (chosen.asked.keep())
        (hidden("_what", &what.code()))
        @if let Some(picked) = &chosen.picked {
            (hidden("_which", PICK))
            @for id in picked { (hidden("_pick", &id.to_string())) }
        }
        @for (page, field) in form.fields().filter(|(page, field)| page.repeat.is_none() && asked.iter().any(|known| known.id == field.id)) {
            (render_field(&filled, page, None, field, &look))
        }
        @if !asked.is_empty() { p.govuk-hint { (hint) } }
        (text_input(&Field::new(REASON, "原因或依据").value(reason).width(Width::Full).max_chars(200).errors(errors)))
        (button_group(&html! {
            (submit("预览", ButtonKind::Primary, None))
            (Link::new(chosen.asked.address_of(register, "bulk"), "重新选择"))
        }))
    };
    let title = what.title(register);
    let content = html! {
        (error_summary(errors))
        (heading(Some(&format!("{} · 批量修改", register.title)), &title))
        div.prose {
            p.govuk-body id=(CHOSEN) { (which) }
            (form_post(&format!("{}/bulk", base(open)), &desk.key(), &body))
        }
    };
    Ok(Page::new(title, content)
        .under(RECORDS)
        .back(chosen.asked.address_of(register, "bulk"), "返回上一步")
        .errors(errors))
}

/// `POST /desk/records/{register}/bulk`: the preview is made.
pub(super) async fn preview(
    desk: Desk<KeepRecords>,
    Path(register): Path<String>,
    KeyedForm { key, form: sent, .. }: KeyedForm<Fields>,
) -> Result<Answer, Fault> {
    let open = opened(&desk, &register, Right::KeepRecords)?;
    if let Some(to) = already(&desk, &key).await? {
        return Ok(SeeOther::to(to).into());
    }
    let picks = sent.all("_pick").filter_map(|id| id.parse().ok()).collect::<Vec<RecordId>>();
    let chosen = Chosen::of(&Asked::kept(&sent), sent.get("_what"), sent.get("_which"), picks.into_iter());
    let what = chosen.what.as_ref().ok_or(Fault::Hidden)?;
    let form = open.release().record_form(&open.register().id).ok_or(Fault::Hidden)?;
    let mut answers = Answers::new();
    for page in form.pages.iter().filter(|page| page.repeat.is_none()) {
        answers.merge_page(form, page, None, &sent.0);
    }
    let place = place(&desk, chosen.asked.get("place")).await?;
    let narrowed = chosen.asked.narrowed(open.register(), place.as_ref());
    let selection = Selection { asked: &narrowed, picked: chosen.picked.as_deref() };
    let reason = sent.get(REASON);
    let office = desk.office();
    let made =
        bulk::preview(office, desk.granted(), &open, &selection, (what, answers.clone()), reason).await;
    match made {
        Ok(id) => {
            let to = format!("{}/bulk/{id}", base(&open));
            remember(&desk, &key, &to).await?;
            Ok(SeeOther::to(to).into())
        }
        Err(error) => {
            let mut errors = Errors::none();
            // The office calls the reason by its own name.
            for (field, message) in form_errors(error)?.iter() {
                errors.add(if field == "reason" { REASON } else { field }, message);
            }
            Ok(value(&desk, &open, &chosen, what, answers, reason, &errors).await?.into())
        }
    }
}

/// `GET /desk/records/{register}/bulk/{record_bulk}`: the preview, then how far it is, then what came of it.
pub(super) async fn progress(
    desk: Desk<KeepRecords>,
    Path((register, id)): Path<(String, RecordBulkId)>,
) -> Result<Page, Fault> {
    let open = opened(&desk, &register, Right::KeepRecords)?;
    progress_page(&desk, &open, id, &Errors::none()).await
}

async fn progress_page(
    desk: &Desk<KeepRecords>,
    open: &Open,
    id: RecordBulkId,
    errors: &Errors,
) -> Result<Page, Fault> {
    let view = bulk::view(desk.office(), desk.granted(), open, id).await?;
    let here = format!("{}/bulk/{id}", base(open));
    let running = matches!(view.state.as_str(), "changing" | "undoing") && view.stopped.is_none();
    let said =
        if running { Said::default() } else { bulk::said(desk.office(), desk.granted(), open, id).await? };
    let previewed = view.state == "previewed";
    let content = html! {
        (error_summary(errors))
        (heading(Some(&format!("{} · 批量修改", open.register().title)), &view.title))
        (watched("progress", &here, running, &html! { (numbers(&view)) (summary_list(&summary(&view))) }))
        @if !said.changes.is_empty() { (details(&format!("将要修改的内容（前 {} 条）", said.changes.len()), &changes(&said))) }
        @if !said.refused.is_empty() { (refused(open, &view, &said)) }
        @if previewed && view.change == 0 {
            p.govuk-body { "没有可以修改的记录。" }
        } @else if previewed && view.own {
            (form_post(&format!("{here}/commit"), &desk.key(), &button_group(&html! {
                (submit(&format!("确认修改 {} 条", view.change), ButtonKind::Primary, None))
                (Link::new(format!("{}/bulk", base(open)), "不修改，重新选择"))
            })))
        } @else if previewed {
            p.govuk-body { "由" (view.maker) "确认。" }
        }
        @if let Some(why) = &view.stopped {
            (warning_text("办到一半停下了。已经办完的不会重复办理。"))
            @if !why.is_empty() { p.govuk-body { "停下的原因：" (why) } }
            (form_post(&format!("{here}/resume"), &desk.key(), &submit("接着办", ButtonKind::Primary, None)))
        }
        @if view.changed > 0 && (view.state == "done" || view.state == "changing" && view.stopped.is_some()) {
            h2.govuk-heading-m { "撤销" }
            p.govuk-body { "改过的记录恢复原来的内容；以后又有人修改过的保留不动。" }
            (form_post(&format!("{here}/undo"), &desk.key(), &html! {
                (text_input(&Field::new("reason", "撤销原因").max_chars(200).errors(errors)))
                (submit("撤销这次批量修改", ButtonKind::Warning, None))
            }))
        }
    };
    Ok(Page::new(view.title.clone(), content)
        .under(RECORDS)
        .back(base(open), format!("返回{}", open.register().title))
        .errors(errors))
}

fn numbers(view: &BulkView) -> Markup {
    let urgent = |count: i64| if count > 0 { Urgency::Warning } else { Urgency::Calm };
    let mut figures = match view.state.as_str() {
        "previewed" => vec![Figure::new(view.change.to_string(), "将修改")],
        "undoing" | "undone" => vec![
            Figure::new(view.undone.to_string(), "已恢复"),
            Figure::new(view.kept.to_string(), "又有人修改，保留").urgency(urgent(view.kept)),
        ],
        _ => vec![Figure::new(view.changed.to_string(), "已修改")],
    };
    figures.push(Figure::new(view.same.to_string(), "本来就是这样"));
    figures.push(Figure::new(view.refused.to_string(), "不能修改").urgency(urgent(view.refused)));
    figure_cards(&figures)
}

fn summary(view: &BulkView) -> Vec<SummaryRow<'static>> {
    let mut rows = vec![SummaryRow::text("状态", state_title(&view.state))];
    rows.extend(view.answers.iter().map(|(label, words)| {
        let words = if words.is_empty() { "（清空）" } else { words.as_str() };
        SummaryRow::text(format!("{label}改为"), words)
    }));
    rows.push(SummaryRow::text("原因或依据", &view.reason));
    rows.push(SummaryRow::text(
        "经办人",
        &format!("{}　{}", view.maker, Now::from_unix_ms(view.made_at).zh()),
    ));
    if view.state == "changing" {
        rows.push(SummaryRow::text("进度", &format!("{} / {} 条", view.total() - view.change, view.total())));
    }
    rows
}

fn changes(said: &Said) -> Markup {
    html! {
        ul.govuk-list.govuk-list--bullet {
            @for (_, title, fields) in &said.changes {
                li {
                    (title) "："
                    @for (place, (label, before, after)) in fields.iter().enumerate() {
                        @if place > 0 { "；" }
                        (label) " “" (before) "” 改为 “" (after) "”"
                    }
                }
            }
        }
    }
}

fn refused(open: &Open, view: &BulkView, said: &Said) -> Table<'static> {
    let rows = said.refused.iter().map(|(id, title, why)| {
        vec![html! { (Link::new(format!("{}/{id}", base(open)), title.clone())) }, html! { (why) }]
    });
    let caption = if matches!(view.state.as_str(), "undoing" | "undone") {
        "没有恢复或没有修改的记录"
    } else {
        "不能修改的记录"
    };
    Table {
        id: "refused".into(),
        caption: caption.into(),
        columns: vec![Column::new(open.register().title.clone()), Column::new("原因")],
        rows: rows.collect(),
        ..Table::default()
    }
}

/// `POST /desk/records/{register}/bulk/{record_bulk}/commit`
pub(super) async fn commit(
    desk: Desk<KeepRecords>,
    Path((register, id)): Path<(String, RecordBulkId)>,
    KeyedForm { .. }: KeyedForm<Fields>,
) -> Result<Answer, Fault> {
    let open = opened(&desk, &register, Right::KeepRecords)?;
    let done = bulk::commit(desk.office(), desk.granted(), &open, id).await;
    after(&desk, &open, id, done, "正在修改。").await
}

/// `POST /desk/records/{register}/bulk/{record_bulk}/resume`
pub(super) async fn resume(
    desk: Desk<KeepRecords>,
    Path((register, id)): Path<(String, RecordBulkId)>,
    KeyedForm { key, .. }: KeyedForm<Fields>,
) -> Result<Answer, Fault> {
    let open = opened(&desk, &register, Right::KeepRecords)?;
    if let Some(to) = already(&desk, &key).await? {
        return Ok(SeeOther::to(to).into());
    }
    let done = bulk::resume(desk.office(), desk.granted(), &open, id).await;
    if done.is_ok() {
        remember(&desk, &key, &format!("{}/bulk/{id}", base(&open))).await?;
    }
    after(&desk, &open, id, done, "正在接着办。").await
}

/// `POST /desk/records/{register}/bulk/{record_bulk}/undo`
pub(super) async fn undo(
    desk: Desk<KeepRecords>,
    Path((register, id)): Path<(String, RecordBulkId)>,
    KeyedForm { key, form, .. }: KeyedForm<Fields>,
) -> Result<Answer, Fault> {
    let open = opened(&desk, &register, Right::KeepRecords)?;
    if let Some(to) = already(&desk, &key).await? {
        return Ok(SeeOther::to(to).into());
    }
    let done = bulk::undo(desk.office(), desk.granted(), &open, id, form.get("reason")).await;
    if done.is_ok() {
        remember(&desk, &key, &format!("{}/bulk/{id}", base(&open))).await?;
    }
    after(&desk, &open, id, done, "正在撤销。").await
}

/// To the page of the change, or the page again with what is wrong.
async fn after(
    desk: &Desk<KeepRecords>,
    open: &Open,
    id: RecordBulkId,
    done: Result<(), office::OfficeError>,
    words: &str,
) -> Result<Answer, Fault> {
    match done {
        Ok(()) => Ok(SeeOther::to(format!("{}/bulk/{id}", base(open))).done(words).into()),
        Err(error) => Ok(progress_page(desk, open, id, &form_errors(error)?).await?.into()),
    }
}
