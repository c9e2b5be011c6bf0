//! The task list of a form, and its pages one by one.

use axum::extract::{Path, Query};
use catalogue::definition::{Item, Page as FormPage};
use maud::{Markup, html};
use office::OfficeError;
use office::casework::clocks::time_limit;
use office::casework::{DraftId, drafts};
use office::forms::{Answers, FieldPath, FilledForm, Raw, Stop};
use serde::Deserialize;

use super::{Filling, Hand, page_address, records, villages};
use crate::answer::{Answer, Page, SeeOther};
use crate::error::{Fault, WHOLE_FORM};
use crate::extract::Begun;
use crate::form_body::{Fields, KeyedForm};
use crate::forms_ui::{self, Look, SEEN, Sent};
use crate::ui::Link;
use crate::ui::form::{
    ButtonKind, Errors, button_group, button_link, error_summary, form_upload, hidden, submit,
};
use crate::ui::parts::{Colour, Task, heading, help_aside, steps, tag, task_list, with_aside};

/// Where on the way a page is opened.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Spot {
    pub record: Option<usize>,
    #[serde(default)]
    pub from: String,
}

impl Spot {
    fn from_review(&self) -> bool {
        self.from == "review"
    }
}

pub(super) async fn overview(hand: Hand, Path(id): Path<DraftId>) -> Result<Answer, Fault> {
    let filling = Filling::open(&hand, id).await?;
    if let Some(case) = filling.draft.submitted {
        return Ok(SeeOther::to(format!("{}/filed/{case}", hand.side())).into());
    }
    let (item, form) = (filling.item()?, filling.form()?);
    let context = filling.context(hand.office(), &filling.draft.answers).await?;
    let filled = FilledForm::read(&context, form, &filling.draft.answers);
    let base = hand.base(id);
    let tasks: Vec<Task<'_>> = filled
        .stops()
        .into_iter()
        .map(|stop| Task {
            href: Some(page_address(&base, &stop.page.id, stop.record, false).into()),
            title: title_of(&filled, stop.page, stop.record).into(),
            hint: "".into(),
            status: if filled.is_done(stop) && begun(&filled, stop) {
                html! { "已完成" }
            } else if begun(&filled, stop) {
                tag(Colour::Yellow, "没填完")
            } else if filled.is_done(stop) {
                html! { "可不填" }
            } else {
                tag(Colour::Blue, "未开始")
            },
        })
        .collect();
    let progress = filled.progress();
    let onward = filled.first_open_page();
    let main = html! {
        (heading(Some(&item.title), &form.title))
        p.govuk-body { "共 " (progress.all) " 部分，已填好 " (progress.done) " 部分，最后一步是核对并提交。填的内容已经保存，可以随时回来接着填。" }
        (task_list("pages", &tasks))
        (button_group(&html! {
            @match onward {
                Some(stop) => (button_link(&page_address(&base, &stop.page.id, stop.record, false), "接着填", ButtonKind::Primary)),
                None => (button_link(&format!("{base}/review"), "核对并提交", ButtonKind::Primary)),
            }
            (Link::new(format!("{base}/discard"), "删除这份表单"))
        }))
    };
    let content = with_aside(&main, &aside(&hand, item));
    Ok(Page::new(form.title.clone(), content).under(hand.nav()).back(hand.home(), "返回").into())
}

/// 需要帮忙 and 多久有结果.
fn aside(hand: &Hand, item: &Item) -> Markup {
    let words: Vec<String> = item
        .public_clocks()
        .filter_map(|clock| {
            let limit = time_limit(clock.limit?).zh();
            let one = item.public_clocks().count() == 1;
            Some(match &clock.extend {
                Some(extend) => {
                    format!("受理后 {limit} 内办完，情况特殊的最长 {}", time_limit(extend.to).zh())
                }
                None if one => format!("受理后 {limit} 内办完"),
                None => format!("{}：{limit}", clock.title),
            })
        })
        .collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    help_aside(&hand.state.site.help(), &words)
}

/// Whether anything was answered at a stop.
fn begun(filled: &FilledForm<'_>, stop: Stop<'_>) -> bool {
    let count = stop.page.repeat.as_ref().map_or(0, |repeat| filled.count(&repeat.of));
    let records: Vec<Option<usize>> = match (stop.record, &stop.page.repeat) {
        (None, Some(_)) => (0..count).map(Some).collect(),
        (record, _) => vec![record],
    };
    records.into_iter().any(|record| {
        stop.page.fields.iter().any(|field| {
            filled.answers().get(&FieldPath::new(stop.page, record, field)).is_some_and(|raw| !raw.is_empty())
        })
    })
}

/// A page's title with the name of the member that it is about.
pub(super) fn title_of(filled: &FilledForm<'_>, page: &FormPage, record: Option<usize>) -> String {
    match page.repeat.as_ref().zip(record) {
        Some((repeat, index)) => format!("{}：{}", page.title, filled.record_title(&repeat.of, index)),
        None => page.title.clone(),
    }
}

pub(super) async fn show(
    hand: Hand,
    Path((id, page)): Path<(DraftId, String)>,
    Query(spot): Query<Spot>,
) -> Result<Answer, Fault> {
    let filling = Filling::open(&hand, id).await?;
    if let Some(case) = filling.draft.submitted {
        return Ok(SeeOther::to(format!("{}/filed/{case}", hand.side())).into());
    }
    let answers = filling.draft.answers.clone();
    Ok(page_of(&hand, &filling, filling.page(&page)?, &spot, answers, filling.draft.version, &Errors::none())
        .await?
        .into())
}

/// A page of the form: one record of a list, the list itself, or plain fields.
pub(super) async fn page_of(
    hand: &Hand,
    filling: &Filling,
    page: &FormPage,
    spot: &Spot,
    mut answers: Answers,
    version: i64,
    errors: &Errors,
) -> Result<Page, Fault> {
    let (item, form) = (filling.item()?, filling.form()?);
    let base = hand.base(filling.draft.id);
    let adds = page.repeat.as_ref().is_some_and(|repeat| repeat.add);
    if let Some((repeat, record)) = page.repeat.as_ref().zip(spot.record) {
        // The record behind the last is the one that is being added; it is kept when its page is sent.
        if adds && record == answers.count(&repeat.of) && answers.add_record(form, &repeat.of).is_none() {
            return Err(Fault::Refused(format!("“{}”不能再加了。", repeat.label)));
        }
    }
    let context = filling.context(hand.office(), &answers).await?;
    let filled = FilledForm::read(&context, form, &answers);
    if let Some((repeat, record)) = page.repeat.as_ref().zip(spot.record)
        && record >= filled.count(&repeat.of)
    {
        return Err(Fault::Hidden);
    }
    let all = filled.stops();
    let list = Stop { page, record: if adds { None } else { spot.record } };
    let number = all.iter().position(|stop| *stop == list).map_or(1, |index| index + 1);
    let caption = steps(&form.title, number, all.len() + 1);
    let title = title_of(&filled, page, spot.record);
    let back = filled.previous_page(page, spot.record).map_or_else(
        || base.clone(),
        |stop| page_address(&base, &stop.page.id, stop.record, spot.from_review()),
    );
    let fields = if adds && spot.record.is_none() {
        records::list(&filled, page, &base, spot.from_review())
    } else {
        let divisions = villages(hand, &filling.release, page).await?;
        let look = Look { errors, divisions: &divisions, files: hand.files(), picks: false, on_file: None };
        forms_ui::render_page(&filled, page, spot.record, &look)
    };
    let laws: Vec<String> = filling
        .release
        .basis_on(&page.basis, hand.office().now().today())
        .iter()
        .map(|citation| citation.text())
        .collect();
    let body = html! {
        (hidden("_version", &version.to_string()))
        (fields)
        (button_group(&html! {
            (submit("保存并继续", ButtonKind::Primary, Some(("_then", "next"))))
            (submit("先保存，以后再填", ButtonKind::Secondary, Some(("_then", "later"))))
        }))
    };
    let main = html! {
        (error_summary(errors))
        (heading(Some(&caption), &title))
        (form_upload(&page_address(&base, &page.id, spot.record, spot.from_review()), &hand.key(), &body))
        @if !laws.is_empty() { p.govuk-hint { "依据：" (laws.join("、")) } }
        p.govuk-body { (Link::new(base.clone(), "看全部步骤")) }
    };
    let content = with_aside(&main, &aside(hand, item));
    Ok(Page::new(title, content).under(hand.nav()).back(back, "返回上一步").errors(errors))
}

pub(super) async fn save(
    hand: Hand,
    Path((id, page)): Path<(DraftId, String)>,
    Query(spot): Query<Spot>,
    KeyedForm { key, form: fields, files }: KeyedForm<Fields>,
) -> Result<Answer, Fault> {
    let filling = Filling::open(&hand, id).await?;
    if let Some(case) = filling.draft.submitted {
        return Ok(SeeOther::to(format!("{}/filed/{case}", hand.side())).into());
    }
    let has_files = !files.is_empty();
    if has_files && let Begun::Again(answer) = hand.begin(&key).await? {
        return Ok(SeeOther::to(answer).into());
    }
    let (form, page) = (filling.form()?, filling.page(&page)?);
    let sent = Sent::read(hand.office(), &filling.owner, fields, files).await?;
    let mut answers = filling.draft.answers.clone();
    sent.merge_page(&mut answers, form, page, spot.record);
    let mut version = filling.draft.version;
    if answers != filling.draft.answers {
        let stale = sent.get("_version").parse() != Ok(version);
        let saved = if stale {
            Err(OfficeError::stale())
        } else {
            drafts::save(hand.office(), hand.filler(), id, version, &answers).await
        };
        match saved {
            Ok(()) => version += 1,
            Err(OfficeError::Conflict(_)) => {
                // What was saved elsewhere and what was typed here both stay: the page shows this one, sending it again keeps it.
                let now = Filling::open(&hand, id).await?;
                let mut both = now.draft.answers.clone();
                sent.merge_page(&mut both, form, page, spot.record);
                let mut errors = sent.errors.clone();
                errors.add(WHOLE_FORM, "这份表单刚才在别的窗口或者手机上保存过。您在这一页填的内容还在下面，请核对后再按一次保存。");
                return Ok(page_of(&hand, &now, page, &spot, both, now.draft.version, &errors).await?.into());
            }
            Err(error) => return Err(error.into()),
        }
    }
    let to = {
        let context = filling.context(hand.office(), &answers).await?;
        let filled = FilledForm::read(&context, form, &answers);
        onward(&hand, &filled, page, &spot, &sent, id)
    };
    match to {
        Ok(to) => {
            if has_files && let Begun::First(write) = hand.begin(&key).await? {
                write.finish(&to).await?;
            }
            let other = SeeOther::to(to);
            Ok(if sent.get("_then") == "later" {
                other.done("已保存。您可以以后再来接着填。")
            } else {
                other
            }
            .into())
        }
        Err(errors) => Ok(page_of(&hand, &filling, page, &spot, answers, version, &errors).await?.into()),
    }
}

/// Where it goes on after a page was saved, or what is wrong on it.
fn onward(
    hand: &Hand,
    filled: &FilledForm<'_>,
    page: &FormPage,
    spot: &Spot,
    sent: &Sent,
    id: DraftId,
) -> Result<String, Errors> {
    let base = hand.base(id);
    if !sent.errors.is_empty() {
        return Err(sent.errors.clone());
    }
    if sent.get("_then") == "later" {
        return Ok(base);
    }
    let adds = page.repeat.as_ref().is_some_and(|repeat| repeat.add);
    let is_list = adds && spot.record.is_none();
    let checked = filled.check_page(page, spot.record);
    if is_list {
        if !checked.is_right() {
            return Err(records::errors_of(filled, page, &checked.errors));
        }
    } else {
        let fresh = sent.has_new_questions(filled, page, spot.record);
        let seen = sent.all(SEEN);
        let mut errors = Errors::none();
        for (path, message) in checked.errors.iter() {
            if !fresh || seen.iter().any(|known| known == path) {
                errors.add(path, message);
            }
        }
        if fresh && errors.is_empty() {
            errors.add(
                first_new(filled, page, spot.record, &seen),
                "按您的回答，这一页还有新的问题，请接着回答。",
            );
        }
        if !errors.is_empty() {
            return Err(errors);
        }
    }
    if spot.from_review() && (is_list || !adds) {
        return Ok(format!("{base}/review"));
    }
    Ok(match filled.next_page(page, spot.record) {
        Some(stop) => page_address(&base, &stop.page.id, stop.record, spot.from_review()),
        None => format!("{base}/review"),
    })
}

/// The first field that was not on the page before.
fn first_new(filled: &FilledForm<'_>, page: &FormPage, record: Option<usize>, seen: &[String]) -> String {
    let paths = filled.fields(page, record).into_iter().map(|field| FieldPath::new(page, record, field));
    let open = |path: &FieldPath| filled.answers().get(path).is_none_or(Raw::is_empty);
    paths
        .filter(open)
        .map(|path| path.to_string())
        .find(|path| !seen.contains(path))
        .unwrap_or_else(|| WHOLE_FORM.to_owned())
}
