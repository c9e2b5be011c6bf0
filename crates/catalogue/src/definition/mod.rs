//! What a pack can define. One struct for each kind of TOML table; the field names are the keys a civil servant writes.
//!
//! Look here for the meaning of a key; look in [`crate::check`] for what must hold between definitions.

mod check;
mod codelist;
mod fact;
mod form;
mod indicator;
mod item;
mod law;
mod lead;
mod letter;
mod papers;
mod parameter;
mod place;
mod plan;
mod programme;
mod register;
mod rule_case;
mod staff;
mod told;

pub use check::{AnswerKind, Ask, CheckRule, Fills, Nightly, NightlyOf};
pub use codelist::{Code, Codelist};
pub use fact::{
    Absent, Column, ColumnFact, Dataset, Declared, Department, Fact, FactSource, Gather, Held, HeldCode,
    Sensitivity, ValueKind,
};
pub use form::{Field, FieldKind, Form, Page, Repeat, Requirement, Validity, Writes};
pub use indicator::{Counted, Indicator, Side, Source};
pub use item::{
    About, AbsencePeriod, Action, CLOSED, CaseWord, Clock, Confer, Confidential, Delegation, Effect,
    Extension, Fetched, FilingWay, Handled, Item, ItemResult, LawDate, Limit, Material, NewEntry, NewTask,
    NoticePeriod, Opening, Outcome, Step,
};
pub use law::{Article, Basis, Law, Verified};
pub use lead::{LeadClock, LeadsOf};
pub use letter::Letter;
pub use papers::{PaperType, Papers, TransitionLetter};
pub use parameter::{AddedValue, DatedValue, Parameter, Scalar, Table, TableValue, Unset};
pub use place::{
    DivisionAbove, DivisionChange, DivisionEntry, DivisionFile, DivisionLevel, OutlineFile, PlaceKind,
};
pub use plan::{
    Comparator, Direction, IndicatorKind, Plan, PlanAchievement, PlanDocument, PlanFigure, PlanIndicator,
    PlanMilestone, PlanProject, PlanRelation, PlanRequirement, PlanShare, PlanStandard, PlanTask,
    RelationKind,
};
pub use programme::{
    AID_LISTS, Aid, Amendment, Amount, Condition, ConditionKind, Definition, Ends, EndsFrom, ExclusionGroup,
    ExclusionRule, Pays, Programme, Publication, PublishedName, Starts, Unit,
};
pub use register::{
    Alert, AlertGrade, Back, DepartmentSide, Duty, Fed, FedFrom, Found, Graded, Holders, IN_FORCE, Joins,
    LeadStates, Leaving, List, Opens, OrganisationSide, Register, Rights, STRUCK_OFF, Shared, State,
    Suggestion, Target, Transition,
};
pub use rule_case::{Expected, ExpectedOutcome, RuleCase};
pub use staff::{Level, Permission, Right, Role, Separation};
pub use told::{Online, Raised};

use crate::Located;

/// A kind of definition: its TOML name, its Chinese name and its identifier.
pub trait Kind {
    /// The name of the TOML table, such as `law`.
    const NAME: &'static str;
    /// What a person calls it, such as 法规.
    const TITLE: &'static str;
    /// The identifier, unique among definitions of this kind.
    fn id(&self) -> &Located<String>;
}

macro_rules! kinds {
    ($($kind:ty = $name:literal, $title:literal;)*) => {
        $(impl Kind for $kind {
            const NAME: &'static str = $name;
            const TITLE: &'static str = $title;
            fn id(&self) -> &Located<String> { &self.id }
        })*
    };
}

kinds! {
    Law = "law", "法规";
    Codelist = "codelist", "代码表";
    Department = "department", "部门";
    Dataset = "dataset", "核对数据";
    CheckRule = "check_rule", "核对规则";
    LeadClock = "lead_clock", "线索时限";
    Fact = "fact", "指标项";
    Parameter = "parameter", "参数";
    Table = "table", "数表";
    ExclusionGroup = "exclusion_group", "互斥组";
    Programme = "programme", "待遇项目";
    Role = "role", "岗位";
    Separation = "separation", "职责分离";
    Form = "form", "表单";
    Letter = "letter", "文书";
    Item = "item", "事项";
    Register = "register", "登记簿";
    Indicator = "indicator", "统计指标";
    RuleCase = "case", "规则例子";
}
