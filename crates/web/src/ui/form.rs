//! Form fields. Each takes a [`Field`]; errors come from one ordered [`Errors`] and stand both in the summary and
//! beside their field. Every field's first control has the field's name as its id, so the summary can link to it.
//!
//! A form posts with a hidden idempotency key ([`KEY`]); forgery is refused by the Origin header, so there is no token.

use maud::{Markup, html};

use super::{Link, Text};

/// Name of the hidden field that makes a second sending of the same form harmless.
pub const KEY: &str = "_key";

/// What is wrong with a form: field name → message, in the order of the page. One message per field: the first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Errors(Vec<(String, String)>);

impl Errors {
    /// No errors.
    pub fn none() -> Self {
        Errors::default()
    }

    /// Add a message that says how to mend the field; a field that already has one keeps it.
    pub fn add(&mut self, field: impl Into<String>, message: impl Into<String>) {
        let field = field.into();
        if self.get(&field).is_none() {
            self.0.push((field, message.into()));
        }
    }

    /// The message of a field.
    pub fn get(&self, field: &str) -> Option<&str> {
        self.0.iter().find(|(name, _)| name == field).map(|(_, message)| message.as_str())
    }

    /// Whether the form may be accepted.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many fields are wrong.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Field and message, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(field, message)| (field.as_str(), message.as_str()))
    }
}

/// How wide a text field is: as wide as what belongs into it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Width {
    /// All of the column.
    Full,
    /// 20 characters: names, ID numbers.
    #[default]
    Chars20,
    /// 10 characters: telephone numbers, amounts.
    Chars10,
    /// 5 characters.
    Chars5,
    /// 3 characters.
    Chars3,
}

impl Width {
    fn class(self) -> &'static str {
        match self {
            Width::Full => "govuk-!-width-full",
            Width::Chars20 => "govuk-input--width-20",
            Width::Chars10 => "govuk-input--width-10",
            Width::Chars5 => "govuk-input--width-5",
            Width::Chars3 => "govuk-input--width-3",
        }
    }
}

/// A question: `Field::new("phone", "手机号码").hint("…").value(&typed).errors(&errors)`.
#[derive(Clone, Debug)]
pub struct Field<'a> {
    /// Name in the form and id on the page.
    pub name: Text<'a>,
    /// The question.
    pub label: Text<'a>,
    /// How to answer it.
    pub hint: Text<'a>,
    /// What was typed, given back as it was.
    pub value: Text<'a>,
    /// What is wrong and how to mend it.
    pub error: Option<Text<'a>>,
    /// Width of a text field.
    pub width: Width,
    /// HTML `autocomplete`, for example `name`, `tel`.
    pub autocomplete: Option<&'a str>,
    /// HTML `inputmode`, for example `numeric`.
    pub inputmode: Option<&'a str>,
    /// Longest answer in characters; the server checks it again.
    pub max_chars: Option<u32>,
    /// Adds (选填) to the label.
    pub optional: bool,
    /// The label is the page's `h1`: for pages with one question.
    pub heading: bool,
    /// Short choices side by side.
    pub inline: bool,
    /// Points at something: a script offers what the words may mean while they are typed.
    pub picks: bool,
    /// Between the name and the part of a date: `born_on_year`; forms of the packs send `born_on.year`.
    pub part_separator: char,
}

impl<'a> Field<'a> {
    /// A required text question without hint, value or error.
    pub fn new(name: impl Into<Text<'a>>, label: impl Into<Text<'a>>) -> Self {
        Field {
            name: name.into(),
            label: label.into(),
            hint: "".into(),
            value: "".into(),
            error: None,
            width: Width::default(),
            autocomplete: None,
            inputmode: None,
            max_chars: None,
            optional: false,
            heading: false,
            inline: false,
            picks: false,
            part_separator: '_',
        }
    }

    /// How to answer.
    pub fn hint(mut self, hint: impl Into<Text<'a>>) -> Self {
        self.hint = hint.into();
        self
    }

    /// What was typed or is known.
    pub fn value(mut self, value: impl Into<Text<'a>>) -> Self {
        self.value = value.into();
        self
    }

    /// Take this field's message out of the form's errors.
    pub fn errors(mut self, errors: &'a Errors) -> Self {
        self.error = errors.get(&self.name).map(Into::into);
        self
    }

    /// Width of the text field.
    pub fn width(mut self, width: Width) -> Self {
        self.width = width;
        self
    }

    /// What the browser may fill in.
    pub fn autocomplete(mut self, token: &'a str) -> Self {
        self.autocomplete = Some(token);
        self
    }

    /// Which keyboard a phone shows.
    pub fn inputmode(mut self, mode: &'a str) -> Self {
        self.inputmode = Some(mode);
        self
    }

    /// Longest answer.
    pub fn max_chars(mut self, characters: u32) -> Self {
        self.max_chars = Some(characters);
        self
    }

    /// What is written points at something.
    pub fn picks(mut self) -> Self {
        self.picks = true;
        self
    }

    /// May be left out.
    pub fn optional(mut self) -> Self {
        self.optional = true;
        self
    }

    /// The only question of its page.
    pub fn heading(mut self) -> Self {
        self.heading = true;
        self
    }

    /// A date's parts are sent as `{name}.year`, `{name}.month`, `{name}.day`: how `office::forms` reads them.
    pub fn dotted(mut self) -> Self {
        self.part_separator = '.';
        self
    }

    /// Short choices side by side.
    pub fn inline(mut self) -> Self {
        self.inline = true;
        self
    }

    fn described_by(&self) -> Option<String> {
        let hint = (!self.hint.is_empty()).then(|| format!("{}-hint", self.name));
        let error = self.error.is_some().then(|| format!("{}-error", self.name));
        match (hint, error) {
            (Some(hint), Some(error)) => Some(format!("{hint} {error}")),
            (hint, error) => hint.or(error),
        }
    }

    fn words(&self) -> Markup {
        html! { (self.label) @if self.optional { "（选填）" } }
    }

    fn label_markup(&self) -> Markup {
        html! {
            @if self.heading {
                h1.govuk-label-wrapper { label.govuk-label.govuk-label--l for=(self.name) { (self.words()) } }
            } @else {
                label.govuk-label.govuk-label--s for=(self.name) { (self.words()) }
            }
        }
    }

    fn hint_and_error(&self) -> Markup {
        html! {
            @if !self.hint.is_empty() { div.govuk-hint id={ (self.name) "-hint" } { (self.hint) } }
            @if let Some(error) = &self.error {
                p.govuk-error-message id={ (self.name) "-error" } {
                    span.govuk-visually-hidden { "错误：" } (error)
                }
            }
        }
    }

    fn group(&self, body: &Markup) -> Markup {
        html! { div.govuk-form-group .govuk-form-group--error[self.error.is_some()] { (body) } }
    }

    /// A question with several controls: `fieldset`, legend, hint, error, then the controls.
    fn fieldset_group(&self, role_group: bool, body: &Markup) -> Markup {
        self.group(&html! {
            fieldset.govuk-fieldset role=[role_group.then_some("group")] aria-describedby=[self.described_by()] {
                legend.govuk-fieldset__legend.{ "govuk-fieldset__legend--" (if self.heading { "l" } else { "s" }) } {
                    @if self.heading { h1.govuk-fieldset__heading { (self.words()) } } @else { (self.words()) }
                }
                (self.hint_and_error())
                (body)
            }
        })
    }

    fn input(&self, kind: &str, suffix: Option<&str>) -> Markup {
        let control = html! {
            input.govuk-input.(self.width.class()) .govuk-input--error[self.error.is_some()] id=(self.name) name=(self.name)
                type=(kind) value=(self.value) spellcheck="false" aria-describedby=[self.described_by()]
                aria-invalid=[self.error.is_some().then_some("true")] autocomplete=[self.autocomplete] inputmode=[self.inputmode]
                maxlength=[self.max_chars] data-pick[self.picks];
        };
        self.group(&html! {
            (self.label_markup())
            (self.hint_and_error())
            @if let Some(suffix) = suffix {
                div.govuk-input__wrapper { (control) div.govuk-input__suffix { (suffix) } }
            } @else { (control) }
        })
    }
}

/// One line of text.
pub fn text_input(field: &Field<'_>) -> Markup {
    field.input("text", None)
}

/// One line of text followed by its unit, for example 平方米.
pub fn unit_input(field: &Field<'_>, unit: &str) -> Markup {
    field.input("text", Some(unit))
}

/// A password or one-time code that must not be shown.
pub fn password_input(field: &Field<'_>) -> Markup {
    field.input("password", None)
}

/// An amount in 元; the value is what was typed, the server reads it as exact fen.
pub fn money_input(field: &Field<'_>) -> Markup {
    let mut field = field.clone();
    field.inputmode.get_or_insert("decimal");
    if field.width == Width::default() {
        field.width = Width::Chars10;
    }
    field.input("text", Some("元"))
}

/// Several lines of text.
pub fn text_area(field: &Field<'_>, rows: u8) -> Markup {
    field.group(&html! {
        (field.label_markup())
        (field.hint_and_error())
        textarea.govuk-textarea .govuk-textarea--error[field.error.is_some()] id=(field.name) name=(field.name) rows=(rows)
            aria-describedby=[field.described_by()] aria-invalid=[field.error.is_some().then_some("true")] maxlength=[field.max_chars] {
            // The parser drops one line break after the tag; give it one to drop.
            "\n" (field.value)
        }
    })
}

/// An answer that can be chosen.
#[derive(Clone, Debug)]
pub struct Choice<'a> {
    /// Sent to the server.
    pub value: Text<'a>,
    /// Shown.
    pub label: Text<'a>,
    /// Explains it.
    pub hint: Text<'a>,
    /// Further questions, shown when this answer is chosen (always, without JavaScript).
    pub then: Option<Markup>,
}

impl<'a> Choice<'a> {
    /// A plain answer.
    pub fn new(value: impl Into<Text<'a>>, label: impl Into<Text<'a>>) -> Self {
        Choice { value: value.into(), label: label.into(), hint: "".into(), then: None }
    }

    /// Explain it.
    pub fn hint(mut self, hint: impl Into<Text<'a>>) -> Self {
        self.hint = hint.into();
        self
    }

    /// Ask more when it is chosen.
    pub fn then(mut self, questions: Markup) -> Self {
        self.then = Some(questions);
        self
    }
}

/// One answer of several; `field.value` is the chosen one.
pub fn radios(field: &Field<'_>, choices: &[Choice<'_>]) -> Markup {
    field.fieldset_group(false, &choice_list(field, "radio", choices, &[&field.value]))
}

/// Any answers of several; each chosen one is sent under the field's name.
pub fn checkboxes(field: &Field<'_>, choices: &[Choice<'_>], chosen: &[&str]) -> Markup {
    field.fieldset_group(false, &choice_list(field, "checkbox", choices, chosen))
}

fn choice_list(field: &Field<'_>, kind: &str, choices: &[Choice<'_>], chosen: &[&str]) -> Markup {
    let block = if kind == "radio" { "govuk-radios" } else { "govuk-checkboxes" };
    let small = if kind == "checkbox" { " govuk-checkboxes--small" } else { "" };
    html! {
        div class={ (block) @if field.inline { " " (block) "--inline" } (small) } data-module=(block) {
            @for (index, choice) in choices.iter().enumerate() {
                @let id = if index == 0 { field.name.to_string() } else { format!("{}-{}", field.name, index + 1) };
                @let checked = chosen.contains(&choice.value.as_ref());
                div class={ (block) "__item" } {
                    input class={ (block) "__input" } id=(id) name=(field.name) type=(kind) value=(choice.value) checked[checked]
                        data-aria-controls=[choice.then.is_some().then(|| format!("{id}-then"))]
                        aria-describedby=[(!choice.hint.is_empty()).then(|| format!("{id}-item-hint"))];
                    label class={ "govuk-label " (block) "__label" } for=(id) { (choice.label) }
                    @if !choice.hint.is_empty() {
                        div class={ "govuk-hint " (block) "__hint" } id={ (id) "-item-hint" } { (choice.hint) }
                    }
                }
                @if let Some(questions) = &choice.then {
                    div class={ (block) "__conditional" @if !checked { " " (block) "__conditional--hidden" } } id={ (id) "-then" } {
                        (questions)
                    }
                }
            }
        }
    }
}

/// One answer of many; `field.value` is the chosen one. `blank` is the first, empty answer (for example 请选择).
pub fn select(field: &Field<'_>, choices: &[Choice<'_>], blank: Option<&str>) -> Markup {
    field.group(&html! {
        (field.label_markup())
        (field.hint_and_error())
        select.govuk-select .govuk-select--error[field.error.is_some()] id=(field.name) name=(field.name)
            aria-describedby=[field.described_by()] aria-invalid=[field.error.is_some().then_some("true")] autocomplete=[field.autocomplete] {
            @if let Some(blank) = blank { option value="" { (blank) } }
            @for choice in choices { option value=(choice.value) selected[choice.value == field.value] { (choice.label) } }
        }
    })
}

/// As [`select`], with the choices in groups (villages by township); an answer that is in none of them is kept as `other`.
pub fn grouped_select(
    field: &Field<'_>,
    groups: &[(Text<'_>, Vec<Choice<'_>>)],
    other: Option<&Choice<'_>>,
    blank: &str,
) -> Markup {
    let option = |choice: &Choice<'_>| {
        html! {
            option value=(choice.value) selected[choice.value == field.value] { (choice.label) }
        }
    };
    field.group(&html! {
        (field.label_markup())
        (field.hint_and_error())
        select.govuk-select .govuk-select--error[field.error.is_some()] id=(field.name) name=(field.name)
            aria-describedby=[field.described_by()] aria-invalid=[field.error.is_some().then_some("true")] {
            option value="" { (blank) }
            @if let Some(other) = other { (option(other)) }
            @for (title, choices) in groups { optgroup label=(title) { @for choice in choices { (option(choice)) } } }
        }
    })
}

/// A date as it was typed; sent as `{name}_year`, `{name}_month`, `{name}_day`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DateParts {
    /// 年.
    pub year: String,
    /// 月.
    pub month: String,
    /// 日.
    pub day: String,
}

impl From<chrono::NaiveDate> for DateParts {
    fn from(date: chrono::NaiveDate) -> Self {
        use chrono::Datelike as _;
        DateParts {
            year: date.year().to_string(),
            month: date.month().to_string(),
            day: date.day().to_string(),
        }
    }
}

/// A date in three fields (年 月 日); the field's own value is not used.
pub fn date_input(field: &Field<'_>, typed: &DateParts) -> Markup {
    parts_input(
        field,
        &[("year", "年", 4, &typed.year), ("month", "月", 2, &typed.month), ("day", "日", 2, &typed.day)],
    )
}

/// A month in two fields (年 月); the day of `typed` is not used.
pub fn month_input(field: &Field<'_>, typed: &DateParts) -> Markup {
    parts_input(field, &[("year", "年", 4, &typed.year), ("month", "月", 2, &typed.month)])
}

fn parts_input(field: &Field<'_>, parts: &[(&str, &str, u8, &String)]) -> Markup {
    let birthday = field.autocomplete == Some("bday");
    field.fieldset_group(true, &html! {
        div.govuk-date-input {
            @for (index, (part, label, width, value)) in parts.iter().enumerate() {
                @let id = if index == 0 { field.name.to_string() } else { format!("{}-{part}", field.name) };
                div.govuk-date-input__item {
                    div.govuk-form-group {
                        label.govuk-label.govuk-date-input__label for=(id) { (label) }
                        input.govuk-input.govuk-date-input__input.{ "govuk-input--width-" (width) }
                            .govuk-input--error[field.error.is_some()] id=(id) name={ (field.name) (field.part_separator) (part) } type="text" inputmode="numeric"
                            maxlength=(width) value=(value) autocomplete=[birthday.then(|| format!("bday-{part}"))];
                    }
                }
            }
        }
    })
}

/// A file; `accept` as in HTML (`image/*,.pdf`). The form must be [`form_upload`].
pub fn file_upload(field: &Field<'_>, accept: &str, multiple: bool) -> Markup {
    upload(field, accept, multiple, false)
}

/// A signature: written on the screen where scripts run, else a photo of one.
pub fn signature(field: &Field<'_>, accept: &str) -> Markup {
    upload(field, accept, false, true)
}

fn upload(field: &Field<'_>, accept: &str, multiple: bool, signature: bool) -> Markup {
    field.group(&html! {
        (field.label_markup())
        (field.hint_and_error())
        div.govuk-file-upload-wrapper data-module="govuk-file-upload" {
            input.govuk-file-upload .govuk-file-upload--error[field.error.is_some()] id=(field.name) name=(field.name) type="file"
                accept=(accept) multiple[multiple] data-signature[signature] aria-describedby=[field.described_by()];
        }
    })
}

/// A value that travels with the form.
pub fn hidden(name: &str, value: &str) -> Markup {
    html! { input type="hidden" name=(name) value=(value); }
}

/// Questions that belong together, under one legend.
pub fn fieldset(legend: &str, body: &Markup) -> Markup {
    html! {
        fieldset.govuk-fieldset {
            legend.govuk-fieldset__legend.govuk-fieldset__legend--m { h2.govuk-fieldset__heading { (legend) } }
            (body)
        }
    }
}

/// What a button is for; decides its colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ButtonKind {
    /// Green: what most people come for.
    #[default]
    Primary,
    /// Grey: also possible.
    Secondary,
    /// Red: takes something away.
    Warning,
}

impl ButtonKind {
    fn class(self) -> &'static str {
        match self {
            ButtonKind::Primary => "govuk-button",
            ButtonKind::Secondary => "govuk-button govuk-button--secondary",
            ButtonKind::Warning => "govuk-button govuk-button--warning",
        }
    }
}

/// A button that sends the form; `name_value` tells the server which of several was pressed.
pub fn submit(text: &str, kind: ButtonKind, name_value: Option<(&str, &str)>) -> Markup {
    html! {
        button class=(kind.class()) type="submit" data-module="govuk-button"
            name=[name_value.map(|(name, _)| name)] value=[name_value.map(|(_, value)| value)] { (text) }
    }
}

/// A link that looks like a button: starts something without sending anything.
pub fn button_link(href: &str, text: &str, kind: ButtonKind) -> Markup {
    html! { a class=(kind.class()) href=(href) role="button" draggable="false" data-module="govuk-button" { (text) } }
}

/// The end of a form: one green button, then links.
pub fn buttons(primary: &str, secondary: &[Link<'_>]) -> Markup {
    button_group(&html! {
        (submit(primary, ButtonKind::Primary, None))
        @for link in secondary { (link) }
    })
}

/// Buttons and links in one row.
pub fn button_group(body: &Markup) -> Markup {
    html! { div.govuk-button-group { (body) } }
}

/// A form that writes. `key` is new for every page shown and the same when the same page is sent twice.
pub fn form_post(action: &str, key: &str, body: &Markup) -> Markup {
    html! { form method="post" action=(action) novalidate { (hidden(KEY, key)) (body) } }
}

/// A form that writes and carries files.
pub fn form_upload(action: &str, key: &str, body: &Markup) -> Markup {
    html! { form method="post" action=(action) enctype="multipart/form-data" novalidate { (hidden(KEY, key)) (body) } }
}

/// A form that only asks: search and filters. What it asks stands in the address.
pub fn form_get(action: &str, body: &Markup) -> Markup {
    html! { form method="get" action=(action) novalidate { (body) } }
}

/// All errors at the top of the page, each a link to its field; takes the focus. Empty without errors.
pub fn error_summary(errors: &Errors) -> Markup {
    html! {
        @if !errors.is_empty() {
            div.govuk-error-summary data-module="govuk-error-summary" {
                div role="alert" {
                    h2.govuk-error-summary__title { "有 " (errors.len()) " 处需要修改" }
                    div.govuk-error-summary__body {
                        ul.govuk-list.govuk-error-summary__list {
                            @for (field, message) in errors.iter() { li { a href={ "#" (field) } { (message) } } }
                        }
                    }
                }
            }
        }
    }
}
