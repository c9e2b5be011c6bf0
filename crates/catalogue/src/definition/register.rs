//! Registers (登记簿): lists of things with a life - institutions, beds, boundary markers, committees - each with a table of its own.
//!
//! A register is asked, checked and shown by the same fields, pages and expressions as a [`Form`]; here they are called groups. Besides
//! it has a natural key, a place in the tree of divisions, states with transitions, duties (what recurs) and alerts (what must not be true).

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{Basis, Field, FieldKind, Form, Level, Limit, Online, Page, Papers, Raised, TransitionLetter};
use crate::{Expression, Located, Reference};

/// A register.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Register {
    /// Identifier; the table is called after it.
    pub id: Located<String>,
    /// Title, such as 养老机构.
    pub title: String,
    /// How one of them is counted: 家, 张, 名.
    pub unit: String,
    /// The chapter under which it stands in the navigation, such as 养老服务.
    pub chapter: String,
    /// Business that rights are given for, such as `elderly`.
    pub business: String,
    /// What it is and who keeps it, in plain words.
    pub summary: String,
    /// Law that asks for it.
    #[serde(default)]
    pub basis: Vec<Basis>,
    /// Fields that name a record: no two open records have them alike.
    pub key: Vec<Reference>,
    /// Fields whose words are the record's title, in order.
    pub titled: Vec<Reference>,
    /// The field that says where the record lies: a division, or a reference whose division it takes.
    #[serde(rename = "place")]
    pub place_field: Reference,
    /// Point or line shown on the map.
    #[serde(default)]
    pub map: Option<Reference>,
    /// Fields in groups; a group that repeats is a list of its own under the record.
    #[serde(rename = "group")]
    pub groups: Vec<Page>,
    /// What its list shows.
    pub list: List,
    /// States in the order of a life; the first is where a record begins.
    #[serde(default, rename = "state")]
    pub states: Vec<State>,
    /// How a record goes from state to state.
    #[serde(default, rename = "transition")]
    pub transitions: Vec<Transition>,
    /// Scans and photos that are kept with a record, by kind.
    #[serde(default, rename = "file")]
    pub papers: Vec<Papers>,
    /// What recurs.
    #[serde(default, rename = "duty")]
    pub duties: Vec<Duty>,
    /// What must not be true.
    #[serde(default, rename = "alert")]
    pub alerts: Vec<Alert>,
    /// What somebody finds and writes here becomes a record of another register, where it is followed.
    #[serde(default, rename = "found")]
    pub finds: Vec<Found>,
    /// When what is told again is the same as what is in hand, and joins it.
    #[serde(default)]
    pub joins: Option<Joins>,
    /// The household of a record for whose benefits the next review falls due on the day on which the record comes in.
    #[serde(default)]
    pub reviews: Option<Reference>,
    /// Who does what, more narrowly than the rights of roles.
    #[serde(default)]
    pub rights: Rights,
    /// Fields that the person or family of a record reads of it on their own pages; none of it if empty.
    #[serde(default)]
    pub family: Vec<Reference>,
    /// Whom the system enters by itself, and what becomes of them when they do not belong there any more.
    #[serde(default)]
    pub fed: Option<Fed>,
    /// Its reconciliation by month counts the leads that the system found among its records.
    #[serde(default)]
    pub leads: Option<LeadStates>,
    /// What kind of help an open record is (分层分类); none where it is none.
    #[serde(default)]
    pub aid: Option<super::Aid>,
    /// What staff of departments outside civil affairs read of records that are addressed to them, and may do with them.
    #[serde(default)]
    pub department: Option<DepartmentSide>,
    /// Who besides those in whose area a record lies may point at it: they are offered its title and see nothing else of it.
    #[serde(default)]
    pub shared: Option<Shared>,
    /// What the organisation to which a record belongs reads of it at its own account, and reports by itself.
    #[serde(default)]
    pub organisation: Option<OrganisationSide>,
    /// Which records lie above the place that they name, so that nobody there reads what is said of them.
    #[serde(default)]
    pub raised: Option<Raised>,
    /// What anybody may enter on the open site, without an account, and ask after by its number.
    #[serde(default)]
    pub online: Option<Online>,
}

/// What organisations (a care home) see and keep of a register at their own accounts: their own records and nothing else.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OrganisationSide {
    /// The reference by which a record belongs to an organisation, by itself or through what it points at; without it the record is the
    /// organisation.
    #[serde(default)]
    pub by: Option<Reference>,
    /// Fields, lists, papers and letters that they read.
    pub shows: Vec<Reference>,
    /// Those of them that they write; of papers, that they add. What is in the key they write once.
    #[serde(default)]
    pub writes: Vec<Reference>,
    /// They enter records.
    #[serde(default)]
    pub adds: bool,
    /// Transitions that they take.
    #[serde(default)]
    pub moves: Vec<Reference>,
    /// Duties that they do.
    #[serde(default)]
    pub duties: Vec<Reference>,
}

/// What a department's own staff see of a register.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DepartmentSide {
    /// The choice that says to whom a record is addressed: codes that departments take.
    pub field: Reference,
    /// Fields that they read: what they need to help, and no more.
    pub shows: Vec<Reference>,
    /// Transitions by which they answer.
    pub moves: Vec<Reference>,
    /// What a record begins with when a need is told at the window and handed to them in the same moment (一门受理); without it that is not offered.
    #[serde(default)]
    pub opens: Option<Opens>,
}

/// The fields that a need told at the window fills, besides the place and the one that addresses it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Opens {
    /// Who needs help.
    pub person: Reference,
    /// The family.
    #[serde(default)]
    pub household: Option<Reference>,
    /// What is needed, in words.
    pub words: Reference,
    /// The date that takes the day.
    pub on: Reference,
    /// Which of them are proposed to which families, with the first words of what is asked for.
    #[serde(default)]
    pub suggests: Vec<Suggestion>,
}

/// For which families help of a department is proposed when a need is told. It is a hint: nothing is handed over that the family does not want.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Suggestion {
    /// The code that addresses the department.
    pub code: Reference,
    /// For which families: over the household, as programmes see it. Unknown proposes nothing.
    pub when: Expression,
    /// What is asked for, in words that the officer may change.
    pub words: String,
    /// Law behind it.
    #[serde(default)]
    pub basis: Vec<Basis>,
}

/// How far the titles of a register's open records are offered to be pointed at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shared {
    /// To the offices at and below the division where the record lies: what a county or city keeps of its own.
    Below,
    /// To the offices of the county in which it lies, too.
    County,
    /// To the offices of the prefecture in which it lies, too.
    Prefecture,
}

/// As what a lead (线索) counts in the reconciliation of a register of reports: states of the register.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LeadStates {
    /// Found, with its clock; nobody was there yet.
    pub waiting: Reference,
    /// Somebody was there, and it goes on.
    pub visited: Reference,
    /// The family filed, or the benefit was looked into.
    pub helped: Reference,
    /// It ended otherwise, with its reason.
    pub ended: Reference,
}

/// A register of people that follows from what is known of them: looked at every night.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fed {
    /// Who belongs in it: over the person.
    #[serde(rename = "where")]
    pub when: Expression,
    /// The field that is the person.
    pub person: Reference,
    /// The field that is the person's household.
    #[serde(default)]
    pub household: Option<Reference>,
    /// Registers whose people belong in it too, whatever `where` says of them.
    #[serde(default)]
    pub from: Vec<FedFrom>,
    /// Where a record goes whose person does not belong there any more; the first that fits. A record that no way fits stays.
    pub leaves: Vec<Leaving>,
}

/// Another register whose people belong in one that the system feeds.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FedFrom {
    /// The register.
    pub register: Reference,
    /// Its field that is the person.
    pub person: Reference,
    /// Which of its open records count: over that register. Unknown counts as not.
    #[serde(rename = "where")]
    pub when: Expression,
}

/// Where a record goes whose person does not belong in the register any more.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Leaving {
    /// For whom: over the person; everybody if it does not say. Unknown counts as not.
    #[serde(default)]
    pub when: Option<Expression>,
    /// The state.
    pub to: Reference,
    /// Date field that takes the day.
    #[serde(default)]
    pub dated: Option<Reference>,
}

/// What the list of a register shows.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct List {
    /// Columns behind the title.
    pub columns: Vec<Reference>,
    /// Fields by which the list is narrowed.
    #[serde(default)]
    pub filters: Vec<Reference>,
    /// Fields by which it is sorted, besides the title.
    #[serde(default)]
    pub sorts: Vec<Reference>,
    /// Numbers that are added up under it.
    #[serde(default)]
    pub sums: Vec<Reference>,
}

/// A state of a record.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct State {
    /// Identifier.
    pub id: Located<String>,
    /// Title, such as 运营.
    pub title: String,
    /// The record is closed: it keeps no duty, raises no alert and frees its key.
    #[serde(default)]
    pub closed: bool,
}

/// A way from state to state.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Transition {
    /// Identifier.
    pub id: Located<String>,
    /// Title of the button, such as 注销.
    pub title: String,
    /// States from which it leads.
    pub from: Vec<Reference>,
    /// State to which it leads.
    pub to: Reference,
    /// May be done only when this holds of the record; unknown counts as not.
    #[serde(default)]
    pub when: Option<Expression>,
    /// What the officer reads while it does not.
    #[serde(default)]
    pub when_not: Option<String>,
    /// Fields of the record that are asked with it.
    #[serde(default)]
    pub asks: Vec<Reference>,
    /// Duties that are done with it, if they are due.
    #[serde(default)]
    pub does: Vec<Reference>,
    /// The family whose benefits fall due for review with it, today.
    #[serde(default)]
    pub reviews: Option<Reference>,
    /// The letter that is made with it.
    #[serde(default)]
    pub letter: Option<TransitionLetter>,
    /// Who may do it; everybody who keeps the register if it does not say.
    #[serde(default)]
    pub holders: Holders,
    /// Law behind it.
    #[serde(default)]
    pub basis: Vec<Basis>,
}

/// What recurs for each record: a check, a renewal, a visit.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Duty {
    /// Identifier.
    pub id: Located<String>,
    /// Title, such as 年度检查.
    pub title: String,
    /// What is to be done, in plain words.
    pub text: String,
    /// From one time to the next.
    pub every: Limit,
    /// For which records; all that are open if it does not say. Unknown counts as not.
    #[serde(default, rename = "for")]
    pub when: Option<Expression>,
    /// Date field from which the first time is counted; else the day on which the record came in.
    #[serde(default)]
    pub from: Option<Reference>,
    /// `from` says when it was done last, so that what fell due since then and before the record came in is owed, the latest time of it.
    /// So does a field that is written with the duty ([`Duty::owes_missed`]); a day on which something began does not.
    #[serde(default)]
    pub owed: bool,
    /// The first time is due on that day itself, not one interval later.
    #[serde(default)]
    pub at_once: bool,
    /// Days before the due date on which it is shown as coming.
    #[serde(default)]
    pub warn_days: u16,
    /// Whose office does it.
    pub level: Level,
    /// What is recorded when it is done.
    #[serde(default)]
    pub form: Option<Reference>,
    /// Fields of the record that are asked and written with it.
    #[serde(default)]
    pub asks: Vec<Reference>,
    /// Fields of its form whose answers are written into the record's fields of the same names: what was decided is there to be followed.
    #[serde(default)]
    pub carries: Vec<Reference>,
    /// Name of its coverage rate, such as 年检率.
    pub rate: String,
    /// Law behind it.
    #[serde(default)]
    pub basis: Vec<Basis>,
}

/// What must not be true of a record.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Alert {
    /// Identifier.
    pub id: Located<String>,
    /// Title, such as 超床位收住.
    pub title: String,
    /// Raised when this holds; unknown raises nothing.
    pub when: Expression,
    /// What to do about it.
    pub remedy: String,
    /// Whose office settles it.
    pub level: Level,
    /// To be settled before others.
    #[serde(default)]
    pub urgent: bool,
    /// How grave it is: the first whose condition holds; without any it has no grade and no last day.
    #[serde(default)]
    pub grades: Vec<Graded>,
    /// Law behind it.
    #[serde(default)]
    pub basis: Vec<Basis>,
}

/// A grade of an alert, for what, and by when somebody must have dealt with it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Graded {
    /// The grade.
    pub grade: AlertGrade,
    /// When it is this grade; everything that is left if it does not say. Unknown counts as not.
    #[serde(default)]
    pub when: Option<Expression>,
    /// By when, counted from the day on which it was raised.
    pub within: Limit,
}

/// How grave an alert is, the gravest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlertGrade {
    /// 红色.
    Red,
    /// 橙色.
    Orange,
    /// 黄色.
    Yellow,
}

impl AlertGrade {
    /// All of them, the gravest first.
    pub const ALL: [AlertGrade; 3] = [AlertGrade::Red, AlertGrade::Orange, AlertGrade::Yellow];

    /// As packs and the database write it.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            AlertGrade::Red => "red",
            AlertGrade::Orange => "orange",
            AlertGrade::Yellow => "yellow",
        }
    }

    /// As people read it.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            AlertGrade::Red => "红色",
            AlertGrade::Orange => "橙色",
            AlertGrade::Yellow => "黄色",
        }
    }

    /// The grade of a code.
    #[must_use]
    pub fn of(code: &str) -> Option<AlertGrade> {
        AlertGrade::ALL.into_iter().find(|grade| grade.code() == code)
    }
}

/// What is found while a record is written - on a visit, in a report - and is followed in another register until it is settled.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Found {
    /// Identifier.
    pub id: Located<String>,
    /// Entered when this holds after somebody has written the record; unknown enters nothing. It says, too, that it is not there yet.
    pub when: Expression,
    /// The register where it is followed.
    pub register: Reference,
    /// Fields there, each with the field here that fills it.
    pub fills: BTreeMap<String, Reference>,
    /// Fields there, each with what always stands in it; `{id}` is the number of the record here.
    #[serde(default)]
    pub sets: BTreeMap<String, Reference>,
    /// The division there that takes the place where the record here lies.
    #[serde(default)]
    pub place: Option<Reference>,
    /// The text there that takes the title of the record here.
    #[serde(default)]
    pub named: Option<Reference>,
    /// The state there in which it begins; the first if it does not say.
    #[serde(default)]
    pub begins: Option<Reference>,
    /// The field there that points at the record here.
    pub source: Reference,
    /// The date field there that takes the day.
    #[serde(default)]
    pub on: Option<Reference>,
    /// Fields there by which an open record already follows the same, whatever its day; its key if empty.
    #[serde(default)]
    pub same: Vec<Reference>,
    /// With `same`: the states there in which it is still in hand.
    #[serde(default)]
    pub in_hand: Vec<Reference>,
}

/// Records that tell the same: of two in hand at one place the one that has come further stays, else the earlier, and the other joins it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Joins {
    /// Fields that are known and alike in both.
    pub same: Vec<Reference>,
    /// States in which a record is in hand, in the order in which it goes through them.
    pub in_hand: Vec<Reference>,
    /// The field by which the one that joins points at the other.
    pub with: Reference,
    /// The state to which it goes.
    pub to: Reference,
    /// A choice of which the worse of both, the earlier in its list, stands in the one that stays.
    #[serde(default)]
    pub worse: Option<Reference>,
}

/// Posts that may do something; an empty list narrows nothing.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Holders {
    /// Levels of the office.
    #[serde(default)]
    pub levels: Vec<Level>,
    /// Roles of the post.
    #[serde(default)]
    pub roles: Vec<Reference>,
}

/// Who does what with a register, within the rights `read_records`, `keep_records` and `import_records` for its business.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rights {
    /// Opens and lists.
    #[serde(default)]
    pub read: Holders,
    /// Adds, changes and moves from state to state.
    #[serde(default)]
    pub keep: Holders,
    /// Imports.
    #[serde(default)]
    pub import: Holders,
}

/// The name that a reference gives to the records that point at a record.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Back {
    /// To-many relation of the target's shape, such as `residents`.
    pub id: Located<String>,
    /// Title on the target's page, such as 入住老人.
    pub title: String,
}

/// What a field points at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Target<'a> {
    /// A person.
    Person,
    /// A household.
    Household,
    /// A record of a register.
    Record(&'a str),
}

impl Field {
    /// What the field points at; none for plain values.
    #[must_use]
    pub fn target(&self) -> Option<Target<'_>> {
        match *self.kind {
            FieldKind::Person => Some(Target::Person),
            FieldKind::Household => Some(Target::Household),
            FieldKind::Organisation => Some(Target::Record("organisation")),
            FieldKind::Facility => Some(Target::Record("facility")),
            FieldKind::Place => Some(Target::Record("place")),
            FieldKind::Record => self.register.as_ref().map(|register| Target::Record(register.as_str())),
            _ => None,
        }
    }

    /// Stored sealed: what the pack says, and whatever points at one person.
    #[must_use]
    pub fn is_sealed(&self) -> bool {
        self.sensitive
            || matches!(*self.kind, FieldKind::CitizenId | FieldKind::Phone | FieldKind::BankAccount)
    }
}

/// The state of a record of a register that names none.
pub const IN_FORCE: &str = "in_force";
/// The state of a record that was taken back or struck off by mistake of whoever entered it; every register has it.
pub const STRUCK_OFF: &str = "struck_off";

impl Duty {
    /// Whether the record itself says when the duty was done last: what was missed before it came in is then owed.
    #[must_use]
    pub fn owes_missed(&self) -> bool {
        self.owed || self.from.as_ref().is_some_and(|from| self.asks.iter().any(|asked| asked == from))
    }
}

impl Register {
    /// The form in which a record is written: every field that is not computed.
    #[must_use]
    pub fn form(&self) -> Form {
        let mut pages = self.groups.clone();
        for page in &mut pages {
            page.fields.retain(|field| field.computed.is_none());
            if let Some(repeat) = &mut page.repeat {
                repeat.add = true;
            }
        }
        pages.retain(|page| !page.fields.is_empty());
        Form {
            id: self.id.with(Register::form_id(&self.id)),
            title: self.title.clone(),
            intro: None,
            basis: Vec::new(),
            pages,
        }
    }

    /// Id of [`Register::form`] and of the register's shape.
    #[must_use]
    pub fn form_id(register: &str) -> String {
        format!("register.{register}")
    }

    /// Fields of the record itself, not of its lists, with their groups.
    pub fn fields(&self) -> impl Iterator<Item = (&Page, &Field)> {
        let own = self.groups.iter().filter(|group| group.repeat.is_none());
        own.flat_map(|group| group.fields.iter().map(move |field| (group, field)))
    }

    /// Fields of the record itself that are written, not worked out.
    pub fn form_fields(&self) -> impl Iterator<Item = &Field> {
        self.fields().map(|(_, field)| field).filter(|field| field.computed.is_none())
    }

    /// A field of the record itself.
    #[must_use]
    pub fn field(&self, id: &str) -> Option<&Field> {
        self.fields().map(|(_, field)| field).find(|field| field.id == id)
    }

    /// Groups that repeat, by the name of their rows: the rows of one name may be asked in several groups.
    #[must_use]
    pub fn lists(&self) -> Vec<&str> {
        let mut lists: Vec<&str> = Vec::new();
        for repeat in self.groups.iter().filter_map(|group| group.repeat.as_ref()) {
            if !lists.contains(&repeat.of.as_str()) {
                lists.push(repeat.of.as_str());
            }
        }
        lists
    }

    /// Fields of the rows of a list.
    pub fn list_fields<'a>(&'a self, of: &'a str) -> impl Iterator<Item = &'a Field> {
        self.groups
            .iter()
            .filter(move |group| group.repeat.as_ref().is_some_and(|repeat| repeat.of == of))
            .flat_map(|group| group.fields.iter())
    }

    /// Computed fields in the order written: one may use those before it.
    pub fn computed(&self) -> impl Iterator<Item = &Field> {
        self.fields().map(|(_, field)| field).filter(|field| field.computed.is_some())
    }

    /// The state in which a record begins.
    #[must_use]
    pub fn first_state(&self) -> &str {
        self.states.first().map_or(IN_FORCE, |state| state.id.as_str())
    }

    /// Title of a state.
    #[must_use]
    pub fn state_title(&self, state: &str) -> &str {
        match self.states.iter().find(|known| known.id == state) {
            Some(known) => &known.title,
            None if state == STRUCK_OFF => "已作废",
            None if state == IN_FORCE => "在册",
            None => "已停用的状态",
        }
    }

    /// Whether a state is the end of a record.
    #[must_use]
    pub fn is_closed(&self, state: &str) -> bool {
        state == STRUCK_OFF || self.states.iter().any(|known| known.closed && known.id == state)
    }

    /// Codes and titles of all states.
    #[must_use]
    pub fn state_codes(&self) -> Vec<(&str, &str)> {
        let mut codes: Vec<(&str, &str)> =
            self.states.iter().map(|state| (state.id.as_str(), state.title.as_str())).collect();
        if codes.is_empty() {
            codes.push((IN_FORCE, "在册"));
        }
        codes.push((STRUCK_OFF, "已作废"));
        codes
    }

    /// A kind of papers by id.
    #[must_use]
    pub fn papers(&self, id: &str) -> Option<&Papers> {
        self.papers.iter().find(|papers| papers.id == id)
    }

    /// A transition by id.
    #[must_use]
    pub fn transition(&self, id: &str) -> Option<&Transition> {
        self.transitions.iter().find(|transition| transition.id == id)
    }

    /// A duty by id.
    #[must_use]
    pub fn duty(&self, id: &str) -> Option<&Duty> {
        self.duties.iter().find(|duty| duty.id == id)
    }

    /// An alert by id.
    #[must_use]
    pub fn alert(&self, id: &str) -> Option<&Alert> {
        self.alerts.iter().find(|alert| alert.id == id)
    }
}
