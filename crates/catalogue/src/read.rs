//! From TOML text to definitions: every element is read by itself, so that one mistake does not hide the next, and what serde says in
//! English is said in Chinese with the line.

use serde::de::DeserializeOwned;
use toml::de::{DeTable, DeValue, ValueDeserializer};

use crate::definition::{
    AddedValue, Amendment, CheckRule, Codelist, Dataset, Department, DivisionChange, DivisionFile,
    ExclusionGroup, Fact, Form, Indicator, Item, Kind, Law, LeadClock, Letter, OutlineFile, Parameter, Plan,
    PlanAchievement, PlanDocument, PlanIndicator, PlanProject, PlanRelation, PlanRequirement, PlanStandard,
    PlanTask, Programme, Register, Role, RuleCase, Separation, Table, TableValue, Unset,
};
use crate::located::line_of;
use crate::pack::{Pack, PackHead};
use crate::release::{Defined, Place};
use crate::{Finding, PackFiles};

/// Everything that was read, in the order of packs, paths and lines.
#[derive(Debug, Default)]
pub(crate) struct Reading {
    pub laws: Vec<Defined<Law>>,
    pub codelists: Vec<Defined<Codelist>>,
    pub departments: Vec<Defined<Department>>,
    pub datasets: Vec<Defined<Dataset>>,
    pub check_rules: Vec<Defined<CheckRule>>,
    pub lead_clocks: Vec<Defined<LeadClock>>,
    pub facts: Vec<Defined<Fact>>,
    pub parameters: Vec<Defined<Parameter>>,
    pub added_values: Vec<Defined<AddedValue>>,
    pub tables: Vec<Defined<Table>>,
    pub table_values: Vec<Defined<TableValue>>,
    pub unset: Vec<Defined<Unset>>,
    pub exclusion_groups: Vec<Defined<ExclusionGroup>>,
    pub programmes: Vec<Defined<Programme>>,
    pub amendments: Vec<Defined<Amendment>>,
    pub roles: Vec<Defined<Role>>,
    pub separations: Vec<Defined<Separation>>,
    pub forms: Vec<Defined<Form>>,
    pub letters: Vec<Defined<Letter>>,
    pub items: Vec<Defined<Item>>,
    pub registers: Vec<Defined<Register>>,
    pub indicators: Vec<Defined<Indicator>>,
    pub cases: Vec<Defined<RuleCase>>,
    pub division_files: Vec<Defined<DivisionFile>>,
    pub division_changes: Vec<Defined<DivisionChange>>,
    pub outline_files: Vec<Defined<OutlineFile>>,
    pub plans: Vec<Defined<Plan>>,
    pub plan_indicators: Vec<Defined<PlanIndicator>>,
    pub plan_projects: Vec<Defined<PlanProject>>,
    pub plan_tasks: Vec<Defined<PlanTask>>,
    pub plan_achievements: Vec<Defined<PlanAchievement>>,
    pub plan_standards: Vec<Defined<PlanStandard>>,
    pub plan_documents: Vec<Defined<PlanDocument>>,
    pub plan_relations: Vec<Defined<PlanRelation>>,
    pub plan_requirements: Vec<Defined<PlanRequirement>>,
}

const KINDS: &str = "law、codelist、department、dataset、check_rule、lead_clock、fact、parameter、value、table、table_value、unset、exclusion_group、programme、amendment、role、separation、form、letter、item、register、indicator、case、divisions、division_change、outline、plan、plan_indicator、plan_project、plan_task、plan_achievement、plan_standard、plan_document、plan_relation、plan_requirement";

/// Reads the head of a pack.
pub(crate) fn read_head(files: &PackFiles) -> Result<PackHead, Vec<Finding>> {
    let file = files.display("pack.toml");
    let Some(text) = files.files.get("pack.toml") else {
        return Err(vec![Finding::error(file, 0, "配置包里没有 pack.toml", "每个配置包一个 pack.toml")]);
    };
    toml::from_str::<PackHead>(text).map_err(|error| vec![finding(&file, text, &error, "pack.toml")])
}

/// Reads all definitions of a pack.
pub(crate) fn read_pack(rank: usize, pack: &Pack, reading: &mut Reading, findings: &mut Vec<Finding>) {
    for (path, text) in &pack.files.files {
        if path == "pack.toml" || !path.ends_with(".toml") {
            continue;
        }
        let file = pack.files.display(path);
        let (document, errors) = DeTable::parse_recoverable(text);
        for error in &errors {
            findings.push(finding(&file, text, error, ""));
        }
        if !errors.is_empty() {
            continue;
        }
        let place = Place { pack: rank, path: path.clone(), line: 0 };
        let mut elements = Elements { file: &file, text, place, findings };
        for (key, value) in document.into_inner() {
            let line = line_of(text, key.span().start);
            match key.get_ref().as_ref() {
                "law" => elements.read(Law::NAME, line, value, &mut reading.laws),
                "codelist" => elements.read(Codelist::NAME, line, value, &mut reading.codelists),
                "department" => elements.read(Department::NAME, line, value, &mut reading.departments),
                "dataset" => elements.read(Dataset::NAME, line, value, &mut reading.datasets),
                "check_rule" => elements.read(CheckRule::NAME, line, value, &mut reading.check_rules),
                "lead_clock" => elements.read(LeadClock::NAME, line, value, &mut reading.lead_clocks),
                "fact" => elements.read(Fact::NAME, line, value, &mut reading.facts),
                "parameter" => elements.read(Parameter::NAME, line, value, &mut reading.parameters),
                "value" => elements.read("value", line, value, &mut reading.added_values),
                "table" => elements.read(Table::NAME, line, value, &mut reading.tables),
                "table_value" => elements.read("table_value", line, value, &mut reading.table_values),
                "unset" => elements.read("unset", line, value, &mut reading.unset),
                "exclusion_group" => {
                    elements.read(ExclusionGroup::NAME, line, value, &mut reading.exclusion_groups);
                }
                "programme" => elements.read(Programme::NAME, line, value, &mut reading.programmes),
                "amendment" => elements.read("amendment", line, value, &mut reading.amendments),
                "role" => elements.read(Role::NAME, line, value, &mut reading.roles),
                "separation" => elements.read(Separation::NAME, line, value, &mut reading.separations),
                "form" => elements.read(Form::NAME, line, value, &mut reading.forms),
                "letter" => elements.read(Letter::NAME, line, value, &mut reading.letters),
                "item" => elements.read(Item::NAME, line, value, &mut reading.items),
                "register" => elements.read(Register::NAME, line, value, &mut reading.registers),
                "indicator" => elements.read(Indicator::NAME, line, value, &mut reading.indicators),
                "case" => elements.read(RuleCase::NAME, line, value, &mut reading.cases),
                "divisions" => elements.read("divisions", line, value, &mut reading.division_files),
                "division_change" => {
                    elements.read("division_change", line, value, &mut reading.division_changes);
                }
                "outline" => elements.read("outline", line, value, &mut reading.outline_files),
                "plan" => elements.read("plan", line, value, &mut reading.plans),
                "plan_indicator" => {
                    elements.read("plan_indicator", line, value, &mut reading.plan_indicators);
                }
                "plan_project" => elements.read("plan_project", line, value, &mut reading.plan_projects),
                "plan_task" => elements.read("plan_task", line, value, &mut reading.plan_tasks),
                "plan_achievement" => {
                    elements.read("plan_achievement", line, value, &mut reading.plan_achievements);
                }
                "plan_standard" => elements.read("plan_standard", line, value, &mut reading.plan_standards),
                "plan_document" => elements.read("plan_document", line, value, &mut reading.plan_documents),
                "plan_relation" => elements.read("plan_relation", line, value, &mut reading.plan_relations),
                "plan_requirement" => {
                    elements.read("plan_requirement", line, value, &mut reading.plan_requirements);
                }
                other => elements.findings.push(Finding::error(
                    &file,
                    line,
                    format!("不认识的定义种类 [[{other}]]"),
                    format!("{KINDS} 之一"),
                )),
            }
        }
    }
}

struct Elements<'a> {
    file: &'a str,
    text: &'a str,
    place: Place,
    findings: &'a mut Vec<Finding>,
}

impl Elements<'_> {
    fn read<T: DeserializeOwned>(
        &mut self,
        kind: &str,
        line: usize,
        value: toml::Spanned<DeValue<'_>>,
        into: &mut Vec<Defined<T>>,
    ) {
        let DeValue::Array(array) = value.into_inner() else {
            let message = format!("{kind} 应是列表");
            self.findings.push(Finding::error(self.file, line, message, format!("两重方括号 [[{kind}]]")));
            return;
        };
        for element in array {
            let line = line_of(self.text, element.span().start);
            match T::deserialize(ValueDeserializer::from(element)) {
                Ok(definition) => into.push(Defined::new(Place { line, ..self.place.clone() }, definition)),
                Err(error) => {
                    let mut finding = finding(self.file, self.text, &error, kind);
                    if error.span().is_none() {
                        finding.line = line;
                    }
                    self.findings.push(finding);
                }
            }
        }
    }
}

/// An error of the TOML reader as a finding.
fn finding(file: &str, text: &str, error: &toml::de::Error, kind: &str) -> Finding {
    let line = error.span().map_or(0, |span| line_of(text, span.start));
    let (zh, expected) = translate(error.message(), kind);
    Finding::error(file, line, zh, expected)
}

/// What serde and the TOML parser say, in Chinese: what is wrong, and what is expected.
fn translate(message: &str, kind: &str) -> (String, String) {
    let of_kind = if kind.is_empty() { String::new() } else { format!("{kind} 的") };
    let quoted = |text: &str| text.split('`').nth(1).unwrap_or_default().to_owned();
    let after =
        |text: &str| text.split_once(", expected ").map(|(_, rest)| rest.to_owned()).unwrap_or_default();
    let names = |text: &str| {
        let listed: Vec<&str> = text.split('`').skip(1).step_by(2).collect();
        if listed.is_empty() { "没有别的键".to_owned() } else { listed.join("、") }
    };
    if message.starts_with("unknown field") {
        return (
            format!("{of_kind}键 {} 不认识", quoted(message)),
            format!("{} 之一", names(&after(message))),
        );
    }
    if message.starts_with("missing field") {
        return (format!("{of_kind}键 {} 没有写", quoted(message)), format!("补上 {} = …", quoted(message)));
    }
    if message.starts_with("unknown variant") {
        return (
            format!("{of_kind}值 {} 不认识", quoted(message)),
            format!("{} 之一", names(&after(message))),
        );
    }
    if let Some(rest) = message.strip_prefix("invalid type: ") {
        let (found, wanted) = rest.split_once(", expected ").unwrap_or((rest, ""));
        return (format!("{of_kind}值的类型不对：写的是{}", type_name(found)), type_name(wanted));
    }
    if let Some(rest) = message.strip_prefix("invalid value: ") {
        let (found, wanted) = rest.split_once(", expected ").unwrap_or((rest, ""));
        return (format!("{of_kind}值超出范围：{}", type_name(found)), type_name(wanted));
    }
    if message.starts_with("duplicate key") {
        return ("同一张表里键写了两次".to_owned(), "每个键只写一次".to_owned());
    }
    if message.starts_with("wanted exactly 1 element")
        || message.starts_with("expected table with exactly 1 entry")
    {
        return (format!("{of_kind}值应只有一个名字"), "如 { letter = \"grant\" }".to_owned());
    }
    if message.chars().any(|character| ('\u{4e00}'..='\u{9fff}').contains(&character)) {
        return (format!("{of_kind}{message}"), "见 docs/packs.md".to_owned());
    }
    (format!("TOML 语法不对：{message}"), "合乎 TOML 1.1 的写法：文字加引号，表头加方括号".to_owned())
}

/// What serde calls a type, in Chinese.
fn type_name(words: &str) -> String {
    let words = words.trim();
    let known = [
        ("boolean `", "是非值 "),
        ("integer `", "整数 "),
        ("floating point `", "小数 "),
        ("string \"", "文字 "),
        ("a boolean or an expression", "true、false 或加引号的表达式"),
        ("an exact number", "整数，或加引号的小数 \"1.5\"（不用浮点数）"),
        ("a value", "true/false、整数、加引号的小数或文字、日期"),
        ("a boolean", "true 或 false"),
        ("a string", "加引号的文字"),
        ("string or table", "名字，或只有一个名字的表"),
        ("a sequence", "方括号列表"),
        ("sequence", "列表"),
        ("a map", "表 { … }"),
        ("map", "表"),
        ("i64", "整数"),
        ("u32", "不小于零的整数"),
        ("u16", "0 到 65535 的整数"),
        ("u8", "0 到 255 的整数"),
        ("i32", "整数"),
        ("a TOML datetime", "日期，如 2026-07-01（不加引号）"),
        ("a Datetime", "日期，如 2026-07-01（不加引号）"),
        ("struct", "表 { … }"),
        ("a spanned value", "值"),
        ("unit variant", "只写名字"),
        ("newtype variant", "名字与一个值"),
    ];
    for (english, chinese) in known {
        if let Some(rest) = words.strip_prefix(english) {
            let rest = if english.ends_with(['`', '"']) { rest.trim_end_matches(['`', '"']) } else { "" };
            return format!("{chinese}{rest}");
        }
    }
    words.to_owned()
}
