//! Writing a record: a new one, a change, a transition. The form is the register's own; rows of lists are added and taken out by buttons that
//! need no script; whatever is wrong, nothing that was typed is lost.

use axum::extract::Query;
use catalogue::definition::{Field as Defined, Form, Page as Group};
use maud::{Markup, html};
use office::OfficeError;
use office::access::{KeepRecords, Right};
use office::casework::{AttachmentId, attachments, drafts};
use office::forms::{Answers, FieldPath, FilledForm, Raw};
use office::records::conflict::{Clash, take as take_field};
use office::records::history::answers_at;
use office::records::page::for_writing;
use office::records::{
    Deed, Draft, Moved, NewVersion, Open, Record, RecordId, Saved, asked as asked_by, draft_of, may_take,
    move_record, rows, save, writes,
};
use store::IdempotencyKey;

use super::{RECORDS, opened};
use crate::answer::{Answer, Page, SeeOther};
use crate::error::{Fault, form_errors};
use crate::extract::{Desk, Path, Staff};
use crate::form_body::{Fields, KeyedForm, UploadedFile};
use crate::forms_ui::{Look, SEEN, Sent, render_field, takes_files};
use crate::ui::Link;
use crate::ui::form::{
    ButtonKind, Choice, Errors, Field, Width, button_group, error_summary, form_post, form_upload, hidden,
    radios, submit, text_input,
};
use crate::ui::parts::{heading, inset, warning_text};
use crate::ui::table::{Column, Table};

pub(crate) const VERSION: &str = "_version";
pub(crate) const REASON: &str = "_reason";
const DEED: &str = "_deed";
const ADD: &str = "_add";
const REMOVE: &str = "_remove";
/// Names a list whose rows stand on the page.
const LIST: &str = "_list";
pub(crate) const THEIRS: &str = "_theirs";

/// What is written: a new record, a change of one, a transition.
enum What<'a> {
    New,
    Change(&'a Record),
    Take(&'a Record, &'a str),
}

impl What<'_> {
    fn record(&self) -> Option<&Record> {
        match self {
            What::New => None,
            What::Change(record) | What::Take(record, _) => Some(record),
        }
    }

    /// Fields that are asked; none means all.
    fn only<'o>(&self, open: &'o Open) -> Option<Vec<&'o str>> {
        match self {
            What::Take(_, transition) => Some(asked_by(open.register(), transition)),
            What::New | What::Change(_) => None,
        }
    }

    /// State to which it leads.
    fn state<'o>(&self, open: &'o Open) -> Option<&'o str> {
        match self {
            What::Take(_, transition) => {
                let found = open.register().transition(transition);
                Some(found.map_or(catalogue::definition::STRUCK_OFF, |found| found.to.as_str()))
            }
            What::New | What::Change(_) => None,
        }
    }

    fn action(&self, open: &Open) -> String {
        let base = format!("/desk/records/{}", open.register().id.get());
        match self {
            What::New => format!("{base}/new"),
            What::Change(record) => format!("{base}/{}/edit", record.id),
            What::Take(record, transition) => format!("{base}/{}/do/{transition}", record.id),
        }
    }

    fn back(&self, open: &Open) -> String {
        let base = format!("/desk/records/{}", open.register().id.get());
        self.record().map_or_else(|| base.clone(), |record| format!("{base}/{}", record.id))
    }

    fn title(&self, open: &Open) -> String {
        match self {
            What::New => format!("登记{}", open.register().title),
            What::Change(record) => record.title.clone(),
            What::Take(_, transition) => {
                let found = open.register().transition(transition);
                found.map_or_else(|| "作废（登记有误）".to_owned(), |found| found.title.clone())
            }
        }
    }
}

/// What stands in the form.
struct Typed {
    answers: Answers,
    version: i64,
    reason: String,
    deed: String,
    errors: Errors,
    clashes: Vec<Clash>,
    /// Answers brought up further questions, or a row was added or taken out.
    more: bool,
}

impl Typed {
    fn of(answers: Answers, version: i64) -> Typed {
        Typed {
            answers,
            version,
            reason: String::new(),
            deed: "changed".to_owned(),
            errors: Errors::none(),
            clashes: Vec::new(),
            more: false,
        }
    }
}

/// The answers of a record on which somebody begins.
pub(crate) fn begun(open: &Open, record: &Record) -> Result<Answers, Fault> {
    let mut answers = record.answers(open.register());
    rows::number(form_of(open)?, &mut answers);
    Ok(answers)
}

fn form_of(open: &Open) -> Result<&Form, Fault> {
    open.release().record_form(&open.register().id).ok_or(Fault::Hidden)
}

/// `GET /desk/records/{register}/new`: the address may begin fields: `?institution=〔17〕`.
pub(super) async fn new(
    desk: Desk<KeepRecords>,
    Path(register): Path<String>,
    Query(begun): Query<Vec<(String, String)>>,
) -> Result<Page, Fault> {
    let open = opened(&desk, &register, Right::KeepRecords)?;
    let mut answers = Answers::new();
    for (page, field) in form_of(&open)?.fields().filter(|(page, _)| page.repeat.is_none()) {
        if let Some((_, value)) = begun.iter().find(|(name, _)| *name == *field.id.get()) {
            answers.set(&FieldPath::new(page, None, field), Raw::Text(value.clone()));
        }
    }
    shown(&desk, &open, &What::New, Typed::of(answers, 0)).await
}

/// `POST /desk/records/{register}/new`
pub(super) async fn add(
    desk: Desk<KeepRecords>,
    Path(register): Path<String>,
    KeyedForm { key, form, files }: KeyedForm<Fields>,
) -> Result<Answer, Fault> {
    let open = opened(&desk, &register, Right::KeepRecords)?;
    sent(&desk, &open, &What::New, (form, files), &key).await
}

/// `GET /desk/records/{register}/{record}/edit`
pub(super) async fn edit(
    desk: Desk<KeepRecords>,
    Path((register, record)): Path<(String, RecordId)>,
) -> Result<Page, Fault> {
    let open = opened(&desk, &register, Right::KeepRecords)?;
    let record = for_writing(desk.office(), desk.actor(), &open, record).await?;
    let typed = Typed::of(begun(&open, &record)?, record.version);
    shown(&desk, &open, &What::Change(&record), typed).await
}

/// `POST /desk/records/{register}/{record}/edit`
pub(super) async fn change(
    desk: Desk<KeepRecords>,
    Path((register, record)): Path<(String, RecordId)>,
    KeyedForm { key, form, files }: KeyedForm<Fields>,
) -> Result<Answer, Fault> {
    let open = opened(&desk, &register, Right::KeepRecords)?;
    let record = for_writing(desk.office(), desk.actor(), &open, record).await?;
    sent(&desk, &open, &What::Change(&record), (form, files), &key).await
}

/// `GET /desk/records/{register}/{record}/do/{transition}`
pub(super) async fn transition(
    desk: Desk<KeepRecords>,
    Path((register, record, transition)): Path<(String, RecordId, String)>,
) -> Result<Page, Fault> {
    let open = opened(&desk, &register, Right::KeepRecords)?;
    let record = for_writing(desk.office(), desk.actor(), &open, record).await?;
    may_take(desk.office(), desk.granted(), &open, &record, &transition).await?;
    let typed = Typed::of(begun(&open, &record)?, record.version);
    shown(&desk, &open, &What::Take(&record, &transition), typed).await
}

/// `POST /desk/records/{register}/{record}/do/{transition}`
pub(super) async fn take(
    desk: Desk<KeepRecords>,
    Path((register, record, transition)): Path<(String, RecordId, String)>,
    KeyedForm { key, form, files }: KeyedForm<Fields>,
) -> Result<Answer, Fault> {
    let open = opened(&desk, &register, Right::KeepRecords)?;
    let record = for_writing(desk.office(), desk.actor(), &open, record).await?;
    sent(&desk, &open, &What::Take(&record, &transition), (form, files), &key).await
}

async fn sent(
    desk: &Desk<KeepRecords>,
    open: &Open,
    what: &What<'_>,
    sent: (Fields, Vec<UploadedFile>),
    key: &IdempotencyKey,
) -> Result<Answer, Fault> {
    let office = desk.office();
    let form = form_of(open)?;
    let Brought { fields, ids, refused } = Brought::read(desk, sent).await?;
    let sent = &fields;
    let version: i64 = sent.get(VERSION).parse().unwrap_or_default();
    // What was sent is laid on the version that was shown.
    let mut answers = match what.record() {
        Some(record) if record.version != version => answers_at(office, open, record.id, version).await?,
        Some(record) => record.answers(open.register()),
        None => Answers::new(),
    };
    rows_arranged(form, &mut answers, sent);
    for page in &form.pages {
        answers.merge_page(form, page, None, &sent.0);
    }
    if let Some(record) = what.record() {
        let theirs = begun(open, record)?;
        for field in sent.all(THEIRS) {
            take_field(form, &mut answers, &theirs, field);
        }
    }
    let mut typed = Typed {
        reason: sent.get(REASON).to_owned(),
        deed: sent.get(DEED).to_owned(),
        more: rows_changed(form, &mut answers, sent),
        errors: refused,
        ..Typed::of(answers, version)
    };
    let state = what.state(open);
    let draft = draft_of(office, desk.actor(), open, typed.answers.clone(), what.record(), state).await?;
    typed.more |= {
        let context = draft.context(office, open);
        brings_up(&FilledForm::read(&context, form, &draft.answers), sent, asked(desk, open, what))
    };
    if typed.more || !typed.errors.is_empty() {
        return Ok(with_draft(desk, open, what, typed, &draft).await?.into());
    }
    let reason = match what {
        What::New => "新登记",
        What::Change(_) | What::Take(..) => typed.reason.as_str(),
    };
    let who = desk.who();
    let written = match what {
        What::Take(record, transition) => {
            let answers = typed.answers.clone();
            let moved = Moved { record: (record.id, version), transition, answers, reason };
            move_record(office, desk.granted(), open, moved, Some((key, &who))).await
        }
        What::New | What::Change(_) => {
            let deed = match (what.record(), typed.deed.as_str()) {
                (None, _) => Deed::Added,
                (_, "corrected") => Deed::Corrected,
                _ => Deed::Changed,
            };
            let record = what.record().map(|record| (record.id, version));
            let new = NewVersion { record, answers: typed.answers.clone(), state: None, deed, reason };
            save(office, desk.granted(), open, new, Some((key, &who))).await
        }
    };
    if matches!(written, Ok(Saved::Again(_))) {
        // The files that came the first time are the record's; these are the same once more.
        attachments::forget(office, &drafts::owner_of(desk.actor()), &ids).await?;
    }
    match written {
        Ok(Saved::Done(id) | Saved::Again(id)) => {
            let list = format!("/desk/records/{}", open.register().id.get());
            // What is about the writer's own office went to the one above: it opens here no more.
            if open.register().raised.is_some() && !opens(desk, open, id).await? {
                return Ok(SeeOther::to(list).done("已保存，交上级办理，本单位看不到。").into());
            }
            Ok(SeeOther::to(format!("{list}/{id}")).done("已保存。").into())
        }
        Ok(Saved::Clash { answers, version, clashes }) => {
            typed.answers = answers;
            typed.version = version;
            for clash in &clashes {
                typed.errors.add(clash.field.clone(), format!("“{}”刚被他人改过，请选用哪一个", clash.label));
            }
            typed.clashes = clashes;
            Ok(shown(desk, open, what, typed).await?.into())
        }
        Err(error) => {
            // The office calls the reason by its own name.
            for (field, message) in form_errors(error)?.iter() {
                typed.errors.add(if field == "reason" { REASON } else { field }, message);
            }
            Ok(with_draft(desk, open, what, typed, &draft).await?.into())
        }
    }
}

/// Whether the writer reads a record.
async fn opens(desk: &Desk<KeepRecords>, open: &Open, id: RecordId) -> Result<bool, Fault> {
    match for_writing(desk.office(), desk.actor(), open, id).await {
        Ok(_) => Ok(true),
        Err(OfficeError::NotFound(_)) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// What a register's form brought, its files kept for whoever sent them until a record has them.
pub(crate) struct Brought {
    /// Everything that was sent; files as their ids.
    pub fields: Fields,
    /// The files that came with it.
    pub ids: Vec<AttachmentId>,
    /// Those that could not be taken.
    pub refused: Errors,
}

impl Brought {
    pub async fn read(staff: &Staff, (fields, files): (Fields, Vec<UploadedFile>)) -> Result<Brought, Fault> {
        let typed = fields.0.len();
        let owner = drafts::owner_of(staff.actor());
        let Sent { pairs, errors } = Sent::read(staff.office(), &owner, fields, files).await?;
        // Files stand behind everything else.
        let ids = pairs.iter().skip(typed).filter_map(|(_, id)| id.parse().ok()).collect();
        Ok(Brought { fields: Fields(pairs), ids, refused: errors })
    }
}

/// The form around a register's fields: with files where a row may have some.
pub(crate) fn form_for(form: &Form, action: &str, key: &str, body: &Markup) -> Markup {
    if takes_files(form) { form_upload(action, key, body) } else { form_post(action, key, body) }
}

/// Lays the rows of a version as the page showed them, so that what it sends of a row comes to that row, with what it did not show.
pub(crate) fn rows_arranged(form: &Form, answers: &mut Answers, sent: &Fields) {
    rows::number(form, answers);
    let known = rows::lists(form);
    for of in sent.all(LIST).filter(|of| known.contains(of)) {
        rows::arrange(answers, of, sent.all(&format!("{}.{of}", rows::ROW)));
    }
}

/// Which rows stand on the page, in their order; those that are new have no number.
fn rows_shown(answers: &Answers, of: &str) -> Markup {
    let name = format!("{}.{of}", rows::ROW);
    html! {
        (hidden(LIST, of))
        @for row in answers.list(of) {
            (hidden(&name, &rows::place(row).map(|place| place.to_string()).unwrap_or_default()))
        }
    }
}

/// Adds and takes out rows of lists as the buttons say; whether any was.
pub(crate) fn rows_changed(form: &Form, answers: &mut Answers, sent: &Fields) -> bool {
    let mut out: Vec<(String, usize)> = sent
        .all(REMOVE)
        .filter_map(|row| {
            row.rsplit_once('.').and_then(|(of, index)| Some((of.to_owned(), index.parse().ok()?)))
        })
        .collect();
    // From behind, so that the places of the others stay.
    out.sort_by_key(|(_, index)| std::cmp::Reverse(*index));
    for (of, index) in &out {
        answers.remove_record(form, of, *index);
    }
    let added = sent.get(ADD);
    let grown = !added.is_empty() && answers.add_record(form, added).is_some();
    rows::mark_new(form, answers);
    grown || (!out.is_empty() && !added.is_empty())
}

/// Whether fields that are asked are shown now that were not on the page, and are empty.
pub(crate) fn brings_up(
    filled: &FilledForm<'_>,
    sent: &Fields,
    asked: impl Fn(&Group, &Defined) -> bool,
) -> bool {
    let seen: Vec<&str> = sent.all(SEEN).collect();
    for page in &filled.form().pages {
        let records: Vec<Option<usize>> = match &page.repeat {
            None => vec![None],
            Some(repeat) => (0..filled.count(&repeat.of)).map(Some).collect(),
        };
        for record in records {
            for field in filled.fields(page, record).into_iter().filter(|field| asked(page, field)) {
                let path = FieldPath::new(page, record, field);
                let empty = filled.answers().get(&path).is_none_or(Raw::is_empty);
                if empty && !seen.contains(&path.to_string().as_str()) {
                    return true;
                }
            }
        }
    }
    false
}

/// What is asked of whoever writes.
fn asked(desk: &Desk<KeepRecords>, open: &Open, what: &What<'_>) -> impl Fn(&Group, &Defined) -> bool {
    let only: Option<Vec<String>> = what.only(open).map(|only| only.into_iter().map(str::to_owned).collect());
    let actor = desk.actor().clone();
    move |page, field| {
        let wanted =
            only.as_ref().is_none_or(|only| page.repeat.is_none() && only.iter().any(|id| field.id == *id));
        wanted && writes(&actor, field)
    }
}

async fn shown(desk: &Desk<KeepRecords>, open: &Open, what: &What<'_>, typed: Typed) -> Result<Page, Fault> {
    let (actor, state) = (desk.actor(), what.state(open));
    let draft = draft_of(desk.office(), actor, open, typed.answers.clone(), what.record(), state).await?;
    with_draft(desk, open, what, typed, &draft).await
}

async fn with_draft(
    desk: &Desk<KeepRecords>,
    open: &Open,
    what: &What<'_>,
    typed: Typed,
    draft: &Draft,
) -> Result<Page, Fault> {
    let register = open.register();
    let context = draft.context(desk.office(), open);
    let form = form_of(open)?;
    let filled = FilledForm::read(&context, form, &draft.answers);
    let title = what.title(open);
    let takes_away = what.state(open).is_some_and(|state| register.is_closed(state));
    let back = what.back(open);
    let on_file = what.record().map(|record| record.answers(register));
    let look = Look {
        errors: &typed.errors,
        divisions: &[],
        files: "/desk/attachments",
        picks: true,
        on_file: on_file.as_ref(),
    };
    let body = html! {
        (hidden(VERSION, &typed.version.to_string()))
        (clashes(&typed.clashes))
        (fields(&filled, &look, asked(desk, open, what)))
        @if what.record().is_some() { (why(what, &typed)) }
        (button_group(&html! {
            (submit(if takes_away { title.as_str() } else { "保存" }, if takes_away { ButtonKind::Warning } else { ButtonKind::Primary }, None))
            (Link::new(back.clone(), "不保存，返回"))
        }))
    };
    let content = html! {
        (error_summary(&typed.errors))
        (heading(Some(&register.title), &title))
        div.prose {
            @if typed.more && typed.errors.is_empty() {
                (inset(&html! { p.govuk-body { "已填的内容都在。请补齐新出现的内容后再次保存。" } }))
            }
            @if let What::Take(record, transition) = what {
                p.govuk-body { (record.title) }
                @if let Some(found) = register.transition(transition) {
                    @let basis: Vec<String> = open.release().basis_on(&found.basis, desk.office().now().today()).iter().map(|law| law.text()).collect();
                    @if !basis.is_empty() { p.govuk-hint { "依据：" (basis.join("、")) } }
                } @else {
                    (warning_text("作废只用于登记错了的记录，作废后不能恢复。情况有变化的请办理变更或终止。"))
                }
            }
            (form_for(form, &what.action(open), &desk.key(), &body))
        }
    };
    Ok(Page::new(title, content).under(RECORDS).back(back, "返回").errors(&typed.errors))
}

/// The fields that are asked, group by group; rows of lists can be added and taken out.
pub(crate) fn fields(
    filled: &FilledForm<'_>,
    look: &Look<'_>,
    asked: impl Fn(&Group, &Defined) -> bool,
) -> Markup {
    html! {
        @for page in &filled.form().pages {
            @match &page.repeat {
                None => {
                    @let shown: Vec<_> =
                        filled.fields(page, None).into_iter().filter(|field| asked(page, field)).collect();
                    @if !shown.is_empty() {
                        section {
                            h2.govuk-heading-m { (page.title) }
                            @if let Some(intro) = &page.intro { p.govuk-body { (intro) } }
                            @for field in shown { (render_field(filled, page, None, field, look)) }
                        }
                    }
                }
                Some(repeat) if page.fields.iter().any(|field| asked(page, field)) => {
                    section {
                        h2.govuk-heading-m { (page.title) }
                        @if let Some(intro) = &page.intro { p.govuk-body { (intro) } }
                        @if first_of(&filled.form().pages, page, &asked) { (rows_shown(filled.answers(), &repeat.of)) }
                        @for index in 0..filled.count(&repeat.of) {
                            fieldset.govuk-fieldset {
                                legend.govuk-fieldset__legend.govuk-fieldset__legend--s { (repeat.label) (index + 1) }
                                @for field in filled.fields(page, Some(index)).into_iter().filter(|field| asked(page, field)) {
                                    (render_field(filled, page, Some(index), field, look))
                                }
                                (remove_box(&repeat.of, index, &repeat.label))
                            }
                        }
                        p { (submit(&format!("再加一条{}", repeat.label), ButtonKind::Secondary, Some((ADD, repeat.of.get())))) }
                    }
                }
                Some(_) => {}
            }
        }
    }
}

/// Whether a group is the first on the page that asks something of its list.
fn first_of(pages: &[Group], page: &Group, asked: impl Fn(&Group, &Defined) -> bool) -> bool {
    let of = |page: &Group| page.repeat.as_ref().map(|repeat| repeat.of.get().clone());
    let first = pages
        .iter()
        .find(|other| of(other) == of(page) && other.fields.iter().any(|field| asked(other, field)));
    first.is_some_and(|first| first.id == page.id)
}

/// Ticked, the row is left out when the form is saved.
fn remove_box(of: &str, index: usize, label: &str) -> Markup {
    let id = format!("{REMOVE}-{of}-{index}");
    html! {
        div.govuk-checkboxes.govuk-checkboxes--small {
            div.govuk-checkboxes__item {
                input.govuk-checkboxes__input type="checkbox" id=(id) name=(REMOVE) value={ (of) "." (index) };
                label.govuk-label.govuk-checkboxes__label for=(id) { "保存时删去" (label) (index + 1) }
            }
        }
    }
}

fn why(what: &What<'_>, typed: &Typed) -> Markup {
    html! {
        @if matches!(what, What::Change(_)) {
            (radios(
                &Field::new(DEED, "这次是").value(typed.deed.as_str()),
                &[Choice::new("changed", "变更").hint("情况有了变化。"), Choice::new("corrected", "更正").hint("原来登记错了。")],
            ))
        }
        (text_input(&Field::new(REASON, "原因或依据").value(typed.reason.as_str()).width(Width::Full).max_chars(200).errors(&typed.errors)))
    }
}

pub(crate) fn clashes(clashes: &[Clash]) -> Markup {
    let table = Table {
        id: "clashes".into(),
        caption: "您填写期间，他人也修改了这几项".into(),
        columns: ["项目", "他人改为", "您填的", "选用"].map(Column::new).into(),
        rows: clashes
            .iter()
            .map(|clash| {
                let id = format!("{THEIRS}-{}", clash.field);
                vec![
                    html! { (clash.label) },
                    html! { (clash.theirs) },
                    html! { (clash.mine) },
                    html! {
                        div.govuk-checkboxes.govuk-checkboxes--small {
                            div.govuk-checkboxes__item {
                                input.govuk-checkboxes__input type="checkbox" id=(id) name=(THEIRS) value=(clash.field);
                                label.govuk-label.govuk-checkboxes__label for=(id) { "用他人的" }
                            }
                        }
                    },
                ]
            })
            .collect(),
        ..Table::default()
    };
    html! {
        @if !clashes.is_empty() {
            (table)
            p.govuk-body { "他人修改的其他内容已经保留。勾选的用他人的，不勾选的用您填的；核对后再次保存。" }
        }
    }
}
