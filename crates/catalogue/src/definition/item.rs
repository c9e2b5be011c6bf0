//! Items (事项): one kind of matter, as in the 政务服务事项实施清单, with the steps, actions, clocks and effects that run it.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{Basis, FieldKind, Level, Permission};
use crate::{Expression, Located, Reference};

/// A matter.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Item {
    /// Identifier.
    pub id: Located<String>,
    /// Title as in the list of matters.
    pub title: String,
    /// The name people use, such as 低保.
    pub short: String,
    /// Words by which it is found, such as 我家有困难.
    #[serde(default)]
    pub words: Vec<String>,
    /// What it is, in plain words.
    pub summary: String,
    /// Business that rights are given for, such as `assistance`.
    pub business: String,
    /// Type of matter, such as 行政给付.
    pub matter: String,
    /// Whom it serves, such as 自然人.
    pub subject: String,
    /// Level that decides, in words.
    pub authority: String,
    /// Law behind it.
    pub basis: Vec<Basis>,
    /// The date that picks the law.
    pub law_on: LawDate,
    /// Whom a case is about.
    #[serde(default)]
    pub about: About,
    /// Which office of a family handles it.
    #[serde(default)]
    pub handled: Handled,
    /// Who alone knows of a case of it, where it is kept from the offices below; everybody whom it concerns if absent.
    #[serde(default)]
    pub confidential: Option<Confidential>,
    /// Whether a citizen starts it (a review is started by the office).
    #[serde(default = "yes")]
    pub citizens_may_file: bool,
    /// What begins a case of it.
    #[serde(default)]
    pub opened: Opening,
    /// How it may be filed.
    pub who_may_file: Vec<FilingWay>,
    /// Who may get it, in plain words.
    pub acceptance: Vec<String>,
    /// Programmes that decide, best first.
    #[serde(default)]
    pub programmes: Vec<Reference>,
    /// The form that opens a case.
    pub form: Reference,
    /// Materials: asked, or fetched instead of asked.
    #[serde(default, rename = "material")]
    pub materials: Vec<Material>,
    /// Steps in order; the first is where a filed case begins.
    #[serde(rename = "step")]
    pub steps: Vec<Step>,
    /// What can be done.
    #[serde(rename = "action")]
    pub actions: Vec<Action>,
    /// Clocks.
    #[serde(default, rename = "clock")]
    pub clocks: Vec<Clock>,
    /// What differs where the decision is delegated to the township.
    #[serde(default)]
    pub delegated: Option<Delegation>,
    /// Above which amount it takes a conference on record to grant.
    #[serde(default)]
    pub confer: Option<Confer>,
    /// What the family gets in hand.
    pub result: ItemResult,
    /// Integer parameter: the working days in which a place promises to finish, where it promises anything.
    #[serde(default)]
    pub promised: Option<Reference>,
    /// Fee, in words.
    pub fee: String,
    /// Trips to an office that are needed.
    pub trips: u8,
    /// What to do against the decision, in words.
    pub remedies: String,
    /// Law behind the remedies.
    #[serde(default)]
    pub remedies_basis: Vec<Basis>,
}

/// The name under which `Action::at` means a case that has ended.
pub const CLOSED: &str = "closed";

fn yes() -> bool {
    true
}

impl Item {
    /// The Latin initials of its short name, by which its cases are numbered: 低保 → `DB`; `check-pack` sees to it that no two items share
    /// them. `SX` (事项) where the name has no Chinese characters.
    #[must_use]
    pub fn initials(&self) -> String {
        use pinyin::ToPinyin as _;
        let syllables = self.short.as_str().to_pinyin().flatten();
        let letters: String =
            syllables.filter_map(|syllable| syllable.first_letter().chars().next()).collect();
        if letters.is_empty() { "SX".to_owned() } else { letters.to_uppercase() }
    }

    /// Whether a case passes the step in the ordinary course: it begins there, or an action leads forward to it that neither asks
    /// for reasons nor holds up (补正、异议).
    #[must_use]
    pub fn is_usual(&self, step: &str) -> bool {
        let place = |id: &str| self.steps.iter().position(|known| known.id == id);
        let holds_up = |effect: &Effect| matches!(effect, Effect::OnceOnly | Effect::RecordObjection);
        self.first_step().is_some_and(|first| first.id == step)
            || self.actions.iter().any(|action| {
                action.to.as_ref().is_some_and(|to| to == step)
                    && action.at.iter().any(|at| place(at) < place(step))
                    && action.reasons.is_none()
                    && !action.effects.iter().any(|effect| holds_up(effect))
            })
    }

    /// Whether an action of it grants: it is how people come to its programmes, and no review or change of them.
    #[must_use]
    pub fn grants(&self) -> bool {
        self.does(&Effect::Grant)
    }

    /// Whether an action of it pays out of a township's reserve fund.
    #[must_use]
    pub fn advances(&self) -> bool {
        self.does(&Effect::Advance)
    }

    fn does(&self, effect: &Effect) -> bool {
        self.actions.iter().flat_map(|action| &action.effects).any(|one| one.get() == effect)
    }

    /// Whether an office of this level files it for others: what citizens may file every office does, what is confidential those alone who may know.
    #[must_use]
    pub fn filed_at(&self, level: vocab::Level) -> bool {
        self.confidential.map_or(self.citizens_may_file, |confidential| confidential.known_at(level))
    }

    /// A step by id.
    #[must_use]
    pub fn step(&self, id: &str) -> Option<&Step> {
        self.steps.iter().find(|step| step.id == id)
    }

    /// An action by id.
    #[must_use]
    pub fn action(&self, id: &str) -> Option<&Action> {
        self.actions.iter().find(|action| action.id == id)
    }

    /// A clock by id.
    #[must_use]
    pub fn clock(&self, id: &str) -> Option<&Clock> {
        self.clocks.iter().find(|clock| clock.id == id)
    }

    /// The registers into which its actions enter records.
    pub fn entered(&self) -> impl Iterator<Item = &str> {
        let effects = self.actions.iter().flat_map(|action| &action.effects);
        effects.filter_map(|effect| match effect.get() {
            Effect::Enter(entry) => Some(entry.register.as_str()),
            _ => None,
        })
    }

    /// Actions that may be done at a step, in the order written.
    pub fn actions_at<'a>(&'a self, step: &'a str) -> impl Iterator<Item = &'a Action> {
        self.actions.iter().filter(move |action| action.at.iter().any(|at| at == step))
    }

    /// Clocks that the family sees, in the order in which they come.
    pub fn public_clocks(&self) -> impl Iterator<Item = &Clock> {
        self.clocks.iter().filter(|clock| clock.public)
    }

    /// The step at which a filed case begins.
    #[must_use]
    pub fn first_step(&self) -> Option<&Step> {
        self.steps.first()
    }
}

/// The date that picks the law.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LawDate {
    /// The day of acceptance.
    Accepted,
    /// The day of the decision.
    Decided,
}

/// Whom a case is about.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum About {
    /// The family; a programme of single persons looks at each member.
    #[default]
    Family,
    /// The applicant alone: a family may have a case for each of several members.
    Applicant,
    /// One who has died, alone: they stand in the form where an applicant does. What they were is asked as of the last day of life, nothing is
    /// granted before an officer has recorded it, and whoever is paid need not be of the family.
    Deceased,
}

impl About {
    /// One person, not the family.
    #[must_use]
    pub fn is_person(self) -> bool {
        self != Self::Family
    }
}

/// Which office of a family handles a case, wherever it is filed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Handled {
    /// Where the family lives, or where the emergency happened.
    #[default]
    Residence,
    /// Where the family is registered (户籍地).
    Registered,
}

/// Who alone knows of a matter and of what it grants: the family, and offices from a level up. Such a case, and the benefit that it grants, lie
/// at the office of that level and not where the family lives, so that nothing of them is in any list, count or file of the offices below.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Confidential {
    /// The county and those above it; village and township do not file it either.
    County,
}

impl Confidential {
    /// Whether an office of this level may know.
    #[must_use]
    pub fn known_at(self, level: vocab::Level) -> bool {
        match self {
            Self::County => !matches!(level, vocab::Level::Township | vocab::Level::Village),
        }
    }
}

/// What begins a case.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Opening {
    /// A form that somebody fills.
    #[default]
    Form,
    /// The review of a benefit of the item's programmes falls due; the system opens it, once for each due date.
    ReviewDue,
    /// What became known late gives paid months of a benefit of the item's programmes another result; the system opens it, once for each
    /// result. An office may begin it too.
    LateFound,
}

/// How a matter may be filed.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FilingWay {
    /// Code of codelist `channel`.
    pub channel: Reference,
    /// Who, in plain words.
    pub who: String,
    /// Law behind it.
    #[serde(default)]
    pub basis: Vec<Basis>,
}

/// A material.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Material {
    /// Identifier.
    pub id: Located<String>,
    /// Title.
    pub title: String,
    /// Field of the form that takes it, when it is asked for.
    #[serde(default)]
    pub field: Option<Reference>,
    /// When it is needed, in plain words; always if absent.
    #[serde(default)]
    pub when: Option<String>,
    /// Query that replaces it, when it is fetched.
    #[serde(default)]
    pub fetched: Option<Fetched>,
    /// Law behind asking or not asking.
    pub basis: Vec<Basis>,
}

/// A query that replaces a material.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fetched {
    /// The data set; none where a register of this system answers.
    #[serde(default)]
    pub dataset: Option<Reference>,
    /// What is asked of whom, in words.
    pub query: String,
}

/// A step.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// Identifier.
    pub id: Located<String>,
    /// Title on work lists.
    pub title: String,
    /// Title that the family reads.
    pub public_title: String,
    /// What happens now and who does it, for the family.
    pub public_text: String,
    /// Level that holds the task.
    pub level: Level,
    /// Role that does it; none for the applicant.
    #[serde(default)]
    pub role: Option<Reference>,
    /// Clock shown on the task.
    #[serde(default)]
    pub clock: Option<Reference>,
}

/// An action.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Action {
    /// Identifier.
    pub id: Located<String>,
    /// Label on its button.
    pub title: String,
    /// Steps at which it may be done; [`CLOSED`] stands for a case that has ended.
    pub at: Vec<Reference>,
    /// What the doer must be allowed.
    pub permission: Permission,
    /// Form that is filled to do it.
    #[serde(default)]
    pub form: Option<Reference>,
    /// Step that follows; the step stays if absent.
    #[serde(default)]
    pub to: Option<Reference>,
    /// When it may be done: an expression over the case (see [`crate::CASE_FIELDS`]).
    #[serde(default)]
    pub when: Option<Expression>,
    /// Why it may not be done while `when` does not hold, for the officer.
    #[serde(default)]
    pub when_not: Option<String>,
    /// Actions of the same case that the doer must not have done.
    #[serde(default)]
    pub different_from: Vec<Reference>,
    /// What is done, in order, in one transaction.
    #[serde(default)]
    pub effects: Vec<Located<Effect>>,
    /// Codelist of reasons of which at least one is chosen.
    #[serde(default)]
    pub reasons: Option<Reference>,
    /// A question asked before it is done, for what cannot be undone.
    #[serde(default)]
    pub confirm: Option<String>,
    /// Line in the trace of the case and in the family's view.
    #[serde(default)]
    pub public_text: Option<String>,
    /// Law behind it.
    #[serde(default)]
    pub basis: Vec<Basis>,
}

/// The closed vocabulary of effects; each is implemented in `office::casework`.
#[derive(Debug, Clone, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// The case is accepted today: due dates begin.
    Accept,
    /// The action may be done only once in a case.
    OnceOnly,
    /// Write the form's facts.
    RecordFacts,
    /// Ask the county for a means test.
    RequestMeansTest,
    /// The county has begun the means test.
    StartMeansTest,
    /// Publish the decision in the village for the long term (公布): name, number of members, amount.
    Publish,
    /// Record a complaint or report about the case.
    RecordComplaint,
    /// Record a check of a finished or delegated case.
    RecordSample,
    /// Begin publishing in the village.
    OpenNotice(NoticePeriod),
    /// End publishing.
    CloseNotice,
    /// Draw by lot whether the county looks at the case before it decides; the integer parameter is the least share in percent.
    Draw(Reference),
    /// Record an objection.
    RecordObjection,
    /// Record a democratic appraisal.
    RecordAppraisal,
    /// Record a relative of staff.
    RecordRelative,
    /// Record that the family was heard.
    RecordHearing,
    /// Record that nobody was found to be heard, or nobody said anything: it counts as heard when the posted notice is over.
    RecordAbsence(AbsencePeriod),
    /// Record a home visit.
    RecordVisit,
    /// A member joins, leaves or forms a family of its own, as the form says.
    ChangeMembers,
    /// Record the death of the person whom the case is about, on the day that the form says.
    RecordDeath,
    /// The family moves inside its county, and with it the case and its benefit.
    Move,
    /// Run the rules and keep the determination.
    Determine,
    /// Make the entitlement.
    Grant,
    /// Pay the first month out of the township's reserve fund (备用金), at once.
    Advance,
    /// Refuse, with reasons.
    Refuse,
    /// Change the amount or the members.
    ChangeAmount,
    /// Let the benefit go on as it is, with the next review set.
    Continue,
    /// Let the benefit go on for the taper, then stop.
    Taper,
    /// Reckon past months of the benefit anew, by what is known of them now; the form says from which month (`first_month`).
    ReckonMonths,
    /// Post the months last reckoned: arrears, and a recovery in the way that the form says (`recovery_way`, `offset_per_month`).
    PostMonths,
    /// Stop.
    Stop,
    /// Extend a clock.
    Extend(Reference),
    /// Enter a record into a register, tied to the case.
    Enter(NewEntry),
    /// Queue a letter.
    Letter(Reference),
    /// Give somebody a task beside the step.
    Task(NewTask),
    /// Take up again a case that was refused or given up, because the decision was revoked: with its number, its day and its answers.
    Reopen,
    /// Close the case.
    End(Outcome),
}

impl Action {
    /// Whether it refuses, reduces or stops something. An amount that is changed for more takes nothing.
    #[must_use]
    pub fn takes_away(&self) -> bool {
        self.effects.iter().any(|effect| effect.takes_away() && !self.gives(effect))
    }

    /// Whether an effect of it changes an amount for more.
    #[must_use]
    pub fn gives(&self, effect: &Effect) -> bool {
        *effect == Effect::ChangeAmount
            && self.effects.iter().any(|one| **one == Effect::End(Outcome::Increased))
    }
}

impl Effect {
    /// Refuses, reduces or stops: needs law that was read, and reasons.
    #[must_use]
    pub fn takes_away(&self) -> bool {
        match self {
            Self::Refuse | Self::ChangeAmount | Self::PostMonths | Self::Stop | Self::Taper => true,
            Self::Accept
            | Self::OnceOnly
            | Self::RecordFacts
            | Self::RequestMeansTest
            | Self::StartMeansTest
            | Self::Publish
            | Self::RecordComplaint
            | Self::RecordSample
            | Self::OpenNotice(_)
            | Self::CloseNotice
            | Self::Draw(_)
            | Self::RecordObjection
            | Self::RecordAppraisal
            | Self::RecordRelative
            | Self::RecordHearing
            | Self::RecordAbsence(_)
            | Self::RecordVisit
            | Self::ChangeMembers
            | Self::RecordDeath
            | Self::Move
            | Self::Determine
            | Self::Grant
            | Self::Advance
            | Self::Continue
            | Self::ReckonMonths
            | Self::Extend(_)
            | Self::Enter(_)
            | Self::Letter(_)
            | Self::Task(_)
            | Self::Reopen
            | Self::End(_) => false,
        }
    }
}

/// How long somebody who was not found is asked by a posted notice to come.
#[derive(Debug, Clone, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct AbsencePeriod {
    /// Natural days.
    pub natural_days: u16,
}

impl AbsencePeriod {
    /// The shortest: as long as a preliminary opinion hangs (最低生活保障审核确认办法 art. 19).
    pub const LEAST: u16 = 7;
}

/// How long a notice hangs.
#[derive(Debug, Clone, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct NoticePeriod {
    /// Natural days.
    pub natural_days: u16,
    /// Letter that is posted.
    pub letter: Reference,
}

/// A record that an action of a case enters into a register: a referral, a conference, an agreement. Fields of the action's form
/// that are called like fields of the register are taken over.
#[derive(Debug, Clone, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct NewEntry {
    /// The register.
    pub register: Reference,
    /// Fields that the case itself fills.
    #[serde(default)]
    pub of_case: BTreeMap<String, CaseWord>,
    /// Fields that other fields of the action's form fill.
    #[serde(default)]
    pub of_form: BTreeMap<String, Reference>,
}

/// What a case says of itself in a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CaseWord {
    /// The applicant: a person.
    Applicant,
    /// The family: a household.
    Family,
    /// The village that handles the case: a division.
    Village,
    /// The case's number: text.
    Number,
    /// The day of the action: a date.
    Today,
    /// What the rules came to: money.
    Amount,
}

impl CaseWord {
    /// The type of field that holds it.
    #[must_use]
    pub fn kind(self) -> FieldKind {
        match self {
            Self::Applicant => FieldKind::Person,
            Self::Family => FieldKind::Household,
            Self::Village => FieldKind::Division,
            Self::Number => FieldKind::Text,
            Self::Today => FieldKind::Date,
            Self::Amount => FieldKind::Money,
        }
    }
}

/// A task beside the step.
#[derive(Debug, Clone, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct NewTask {
    /// Level.
    pub level: Level,
    /// Role.
    pub role: Reference,
    /// Title.
    pub title: String,
    /// Clock whose due date it bears.
    #[serde(default)]
    pub clock: Option<Reference>,
}

/// How a case ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Granted.
    Granted,
    /// Refused.
    Refused,
    /// The applicant took it back.
    Withdrawn,
    /// Ended because the family would not cooperate, or did not complete the materials.
    Terminated,
    /// The benefit goes on unchanged.
    Continued,
    /// The benefit was increased.
    Increased,
    /// The benefit was reduced.
    Reduced,
    /// The benefit was stopped.
    Stopped,
    /// The benefit tapers out.
    Tapered,
    /// Sent to the office of another place, which has decided, and the answer told.
    Forwarded,
    /// Past months were reckoned anew, and settled or left as they were.
    Settled,
}

/// A clock.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Clock {
    /// Identifier.
    pub id: Located<String>,
    /// Title.
    pub title: String,
    /// Actions that start it; while it runs they do not start it again. `filed`, of a matter that only an office begins, is its beginning.
    pub starts: Vec<Reference>,
    /// Actions that end it.
    pub ends: Vec<Reference>,
    /// Its length.
    #[serde(default)]
    pub limit: Option<Limit>,
    /// Integer parameter that gives its length in working days where no law does; in a place without a value it does not run.
    #[serde(default)]
    pub working_days: Option<Reference>,
    /// How it may be extended.
    #[serde(default)]
    pub extend: Option<Extension>,
    /// Days before the limit at which it warns, counted like the limit.
    #[serde(default)]
    pub warn_before: u16,
    /// Shown to the family.
    #[serde(default)]
    pub public: bool,
    /// Law behind it.
    pub basis: Vec<Basis>,
}

/// A length of time; working days and natural days are different things.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Limit {
    /// 工作日
    WorkingDays(u16),
    /// 自然日
    NaturalDays(u16),
    /// 月
    Months(u16),
}

/// An extension of a clock.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Extension {
    /// The length counted from the start, not added.
    pub to: Limit,
    /// Codelist of the reasons.
    pub reasons: Reference,
    /// Law behind it.
    pub basis: Vec<Basis>,
}

/// What differs where the decision is delegated to the township.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Delegation {
    /// Boolean parameter, read for the township: whether the decision is delegated there.
    #[serde(default)]
    pub parameter: Option<Reference>,
    /// Money parameter instead, read for the township: it decides what does not come to more, the county the rest.
    #[serde(default)]
    pub up_to: Option<Reference>,
    /// Clock with another limit, if one changes.
    #[serde(default)]
    pub clock: Option<Reference>,
    /// That limit.
    #[serde(default)]
    pub limit: Option<Limit>,
    /// Steps that move.
    pub steps: Vec<Reference>,
    /// The level to which they move.
    pub level: Level,
    /// The role that does them there.
    pub role: Reference,
    /// Integer parameter: how many of a hundred confirmed cases the county checks.
    #[serde(default)]
    pub sample_percent: Option<Reference>,
    /// Law behind it.
    pub basis: Vec<Basis>,
}

/// What is granted only after people have sat together over it (个案会商、一事一议).
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Confer {
    /// The register into which an action of the item enters the conference.
    pub register: Reference,
    /// Money parameter: above it the conference must be on record; in a place without a value none is asked for.
    pub above: Reference,
    /// Law behind it.
    pub basis: Vec<Basis>,
}

/// What the family gets in hand.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ItemResult {
    /// Title.
    pub title: String,
    /// Letter.
    #[serde(default)]
    pub letter: Option<Reference>,
}
