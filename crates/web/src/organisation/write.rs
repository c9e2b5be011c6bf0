//! An organisation enters a record, reports a change, takes a step. The form is the register's own, as far as the pack leaves it to organisations;
//! whatever is wrong, nothing that was typed is lost.

use catalogue::definition::{Field as Defined, Form, Page as Group, Target};
use maud::html;
use office::access::ReportRecords;
use office::casework::{attachments, drafts};
use office::forms::{Answers, FilledForm};
use office::records::conflict::{Clash, take as take_field};
use office::records::history::answers_at;
use office::records::organisation::{Own, report};
use office::records::{Deed, NewVersion, Record, RecordId, Saved};
use store::IdempotencyKey;

use super::{HERE, NAV_ID};
use crate::answer::{Answer, Page, SeeOther};
use crate::error::{Fault, form_errors};
use crate::extract::{Desk, Path};
use crate::form_body::{Fields, KeyedForm, UploadedFile};
use crate::forms_ui::Look;
use crate::records::edit::{
    Brought, REASON, THEIRS, VERSION, begun, brings_up, clashes, fields, form_for, rows_arranged,
    rows_changed,
};
use crate::ui::Link;
use crate::ui::form::{
    ButtonKind, Errors, Field, Width, button_group, error_summary, hidden, submit, text_input,
};
use crate::ui::parts::{heading, inset};

/// What is written: a new record, a change, a transition.
struct What<'a> {
    own: &'a Own,
    record: Option<&'a Record>,
    taken: Option<&'a str>,
}

impl What<'_> {
    fn back(&self) -> String {
        let base = format!("{HERE}/{}", self.own.open().register().id.get());
        self.record.map_or_else(|| base.clone(), |record| format!("{base}/{}", record.id))
    }

    fn action(&self) -> String {
        let back = self.back();
        match (self.record, self.taken) {
            (None, _) => format!("{back}/new"),
            (Some(_), None) => format!("{back}/edit"),
            (Some(_), Some(taken)) => format!("{back}/do/{taken}"),
        }
    }

    fn title(&self) -> String {
        let register = self.own.open().register();
        match (self.record, self.taken.and_then(|taken| register.transition(taken))) {
            (_, Some(way)) => way.title.clone(),
            (Some(_), None) => "报告变化".to_owned(),
            (None, None) => format!("登记{}", register.title),
        }
    }

    fn asks(&self, page: &Group, field: &Defined) -> bool {
        let name = page.repeat.as_ref().map_or(field.id.as_str(), |repeat| repeat.of.as_str());
        self.own.writes(name, self.record.is_some(), self.taken)
            // Which organisation it is need not be asked.
            && field.target() != Some(Target::Record(self.kind()))
    }

    /// The register of such organisations.
    fn kind(&self) -> &str {
        self.own.kind()
    }

    fn form(&self) -> Result<&Form, Fault> {
        let open = self.own.open();
        open.release().record_form(&open.register().id).ok_or(Fault::Hidden)
    }
}

/// What stands in the form.
struct Typed {
    answers: Answers,
    version: i64,
    reason: String,
    errors: Errors,
    clashes: Vec<Clash>,
    more: bool,
}

impl Typed {
    fn of(answers: Answers, version: i64) -> Typed {
        Typed {
            answers,
            version,
            reason: String::new(),
            errors: Errors::none(),
            clashes: Vec::new(),
            more: false,
        }
    }

    fn stored(what: &What<'_>) -> Result<Typed, Fault> {
        match what.record {
            Some(record) => Ok(Typed::of(begun(what.own.open(), record)?, record.version)),
            None => Ok(Typed::of(Answers::new(), 0)),
        }
    }
}

/// `GET /desk/organisation/{own_register}/new`
pub(super) async fn new(desk: Desk<ReportRecords>, Path(register): Path<String>) -> Result<Page, Fault> {
    let own = report::for_adding(desk.office(), desk.granted(), &register).await?;
    let what = What { own: &own, record: None, taken: None };
    shown(&desk, &what, Typed::stored(&what)?).await
}

/// `POST /desk/organisation/{own_register}/new`
pub(super) async fn add(
    desk: Desk<ReportRecords>,
    Path(register): Path<String>,
    KeyedForm { key, form, files }: KeyedForm<Fields>,
) -> Result<Answer, Fault> {
    let own = report::for_adding(desk.office(), desk.granted(), &register).await?;
    sent(&desk, &What { own: &own, record: None, taken: None }, (form, files), &key).await
}

/// `GET /desk/organisation/{own_register}/{own_record}/edit`
pub(super) async fn edit(
    desk: Desk<ReportRecords>,
    Path((register, record)): Path<(String, RecordId)>,
) -> Result<Page, Fault> {
    let (own, record) = report::for_writing(desk.office(), desk.granted(), &register, record).await?;
    let what = What { own: &own, record: Some(&record), taken: None };
    shown(&desk, &what, Typed::stored(&what)?).await
}

/// `POST /desk/organisation/{own_register}/{own_record}/edit`
pub(super) async fn change(
    desk: Desk<ReportRecords>,
    Path((register, record)): Path<(String, RecordId)>,
    KeyedForm { key, form, files }: KeyedForm<Fields>,
) -> Result<Answer, Fault> {
    let (own, record) = report::for_writing(desk.office(), desk.granted(), &register, record).await?;
    sent(&desk, &What { own: &own, record: Some(&record), taken: None }, (form, files), &key).await
}

/// `GET /desk/organisation/{own_register}/{own_record}/do/{own_move}`
pub(super) async fn transition(
    desk: Desk<ReportRecords>,
    Path((register, record, taken)): Path<(String, RecordId, String)>,
) -> Result<Page, Fault> {
    let (own, record) = report::for_taking(desk.office(), desk.granted(), &register, record, &taken).await?;
    let what = What { own: &own, record: Some(&record), taken: Some(&taken) };
    shown(&desk, &what, Typed::stored(&what)?).await
}

/// `POST /desk/organisation/{own_register}/{own_record}/do/{own_move}`
pub(super) async fn take(
    desk: Desk<ReportRecords>,
    Path((register, record, taken)): Path<(String, RecordId, String)>,
    KeyedForm { key, form, files }: KeyedForm<Fields>,
) -> Result<Answer, Fault> {
    let (own, record) = report::for_writing(desk.office(), desk.granted(), &register, record).await?;
    own.transition(&taken).ok_or(Fault::Hidden)?;
    sent(&desk, &What { own: &own, record: Some(&record), taken: Some(&taken) }, (form, files), &key).await
}

async fn sent(
    desk: &Desk<ReportRecords>,
    what: &What<'_>,
    sent: (Fields, Vec<UploadedFile>),
    key: &IdempotencyKey,
) -> Result<Answer, Fault> {
    let (office, own, form) = (desk.office(), what.own, what.form()?);
    let Brought { fields, ids, refused } = Brought::read(desk, sent).await?;
    let sent = &fields;
    let open = own.open();
    let version: i64 = sent.get(VERSION).parse().unwrap_or_default();
    let mut answers = match what.record {
        Some(record) if record.version != version => answers_at(office, open, record.id, version).await?,
        Some(record) => record.answers(open.register()),
        None => Answers::new(),
    };
    rows_arranged(form, &mut answers, sent);
    for page in &form.pages {
        answers.merge_page(form, page, None, &sent.0);
    }
    if let Some(record) = what.record {
        let theirs = begun(open, record)?;
        for field in sent.all(THEIRS) {
            take_field(form, &mut answers, &theirs, field);
        }
    }
    let more = rows_changed(form, &mut answers, sent);
    let mut typed =
        Typed { reason: sent.get(REASON).to_owned(), more, errors: refused, ..Typed::of(answers, version) };
    let draft =
        report::draft(office, desk.granted(), (own, what.taken), typed.answers.clone(), what.record).await?;
    typed.more |= {
        let context = draft.context(office, open);
        let filled = FilledForm::read(&context, form, &draft.answers);
        brings_up(&filled, sent, |page, field| what.asks(page, field))
    };
    if typed.more || !typed.errors.is_empty() {
        return Ok(shown(desk, what, typed).await?.into());
    }
    let who = desk.who();
    let reason = match (what.record, typed.reason.trim()) {
        (None, _) => "机构登记",
        (Some(_), "") => "机构报告",
        (Some(_), reason) => reason,
    };
    let begun = what.record.map(|record| (record.id, version));
    let written = match (begun, what.taken) {
        (Some(begun), Some(taken)) => {
            let said = (typed.answers.clone(), reason);
            report::take(office, desk.granted(), own, begun, taken, said, Some((key, &who))).await
        }
        (record, _) => {
            let deed = if record.is_some() { Deed::Changed } else { Deed::Added };
            let new = NewVersion { record, answers: typed.answers.clone(), state: None, deed, reason };
            report::save(office, desk.granted(), own, new, Some((key, &who))).await
        }
    };
    if matches!(written, Ok(Saved::Again(_))) {
        // The files that came the first time are the record's; these are the same once more.
        attachments::forget(office, &drafts::owner_of(desk.actor()), &ids).await?;
    }
    match written {
        Ok(Saved::Done(id) | Saved::Again(id)) => {
            let to = format!("{HERE}/{}/{id}", open.register().id.get());
            Ok(SeeOther::to(to).done("已保存，民政部门看得到。").into())
        }
        Ok(Saved::Clash { answers, version, clashes }) => {
            typed.answers = answers;
            typed.version = version;
            for clash in &clashes {
                typed.errors.add(clash.field.clone(), format!("“{}”刚被他人改过，请选用哪一个", clash.label));
            }
            typed.clashes = clashes;
            Ok(shown(desk, what, typed).await?.into())
        }
        Err(error) => {
            for (field, message) in form_errors(error)?.iter() {
                typed.errors.add(if field == "reason" { REASON } else { field }, message);
            }
            Ok(shown(desk, what, typed).await?.into())
        }
    }
}

/// The definition as organisations read it: a person is named by what stands on their papers.
fn with_papers(form: &Form) -> Form {
    let mut form = form.clone();
    for field in form.pages.iter_mut().flat_map(|page| &mut page.fields) {
        if field.target() == Some(Target::Person) {
            field.hint = Some("填写姓名和身份证号码，中间空一格。请对照本人证件填写。".to_owned());
        }
    }
    form
}

async fn shown(desk: &Desk<ReportRecords>, what: &What<'_>, typed: Typed) -> Result<Page, Fault> {
    let (office, own) = (desk.office(), what.own);
    let open = own.open();
    let draft =
        report::draft(office, desk.granted(), (own, what.taken), typed.answers.clone(), what.record).await?;
    let context = draft.context(office, open);
    let form = with_papers(what.form()?);
    let filled = FilledForm::read(&context, &form, &draft.answers);
    let on_file = what.record.map(|record| record.answers(open.register()));
    let look = Look {
        errors: &typed.errors,
        divisions: &[],
        files: "/desk/attachments",
        picks: true,
        on_file: on_file.as_ref(),
    };
    let (title, back) = (what.title(), what.back());
    let body = html! {
        (hidden(VERSION, &typed.version.to_string()))
        (clashes(&typed.clashes))
        (fields(&filled, &look, |page, field| what.asks(page, field)))
        @if what.record.is_some() {
            (text_input(&Field::new(REASON, "说明").optional().value(typed.reason.as_str()).width(Width::Full).max_chars(200).errors(&typed.errors)))
        }
        (button_group(&html! {
            (submit("保存", ButtonKind::Primary, None))
            (Link::new(back.clone(), "不保存，返回"))
        }))
    };
    let content = html! {
        (error_summary(&typed.errors))
        (heading(Some(own.organisation_title()), &title))
        div.prose {
            @if typed.more && typed.errors.is_empty() {
                (inset(&html! { p.govuk-body { "已填的内容都在。请补齐新出现的内容后再次保存。" } }))
            }
            @if let Some(record) = what.record { p.govuk-body { (record.title) } }
            (form_for(&form, &what.action(), &desk.key(), &body))
        }
    };
    Ok(Page::new(title, content).under(NAV_ID).back(back, "返回").errors(&typed.errors))
}
