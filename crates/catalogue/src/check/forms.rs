//! Forms: fields fit the facts they declare, pages that repeat have somebody to repeat over.

use super::Checker;
use crate::definition::{
    About, ConditionKind, Fact, Field, FieldKind, Form, Page, Requirement, Unit, ValueKind, Writes,
};
use crate::release::Place;

impl Checker<'_> {
    pub(super) fn forms(&mut self) {
        let release = self.release;
        for form in release.forms.iter() {
            self.basis(&form.place, &form.basis);
            self.form(&form.place, form);
            for (_, field) in form.fields() {
                self.not_of_a_register(&form.place, field);
            }
        }
    }

    /// Pages and fields of a form, or of the groups of a register.
    pub(super) fn form(&mut self, place: &Place, form: &Form) {
        self.unique(place, "页", form.pages.iter().map(|page| &page.id));
        // Fields of the form itself, and fields of each kind of record, are one name space each.
        let mut spaces: Vec<&str> = form.pages.iter().map(space).collect();
        spaces.sort_unstable();
        spaces.dedup();
        for of in spaces {
            let fields = form.pages.iter().filter(|page| space(page) == of).flat_map(|page| &page.fields);
            self.unique(place, "字段", fields.map(|field| &field.id));
        }
        for page in &form.pages {
            self.page(place, form, page);
        }
    }

    /// What only a register's field can be or say.
    fn not_of_a_register(&mut self, place: &Place, field: &Field) {
        let only = field.computed.is_some()
            || field.back.is_some()
            || field.read.is_some()
            || field.change.is_some()
            || field.target().is_some()
            || *field.kind == FieldKind::Record;
        if only {
            self.at(
                place,
                field.id.start(),
                format!("字段 {} 的写法只用于登记簿", field.id),
                "表单里不写 person、household、record 等类型，也不写 computed、back、read、change",
            );
        }
    }

    fn page(&mut self, place: &Place, form: &Form, page: &Page) {
        self.basis(place, &page.basis);
        self.identifier(place, &page.id);
        if page.fields.is_empty() {
            self.at(place, page.id.start(), format!("页 {} 没有字段", page.id), "至少一个字段");
        }
        if let Some(repeat) = &page.repeat {
            let own: Vec<&str> = page.fields.iter().map(|field| field.id.as_str()).collect();
            for field in &repeat.summary {
                self.among(place, field, "字段", &own);
            }
            let made = form.pages.iter().any(|other| {
                other.repeat.as_ref().is_some_and(|other| other.of == repeat.of.as_str() && other.add)
            });
            if !made && repeat.of != "member" {
                self.at(
                    place,
                    repeat.of.start(),
                    format!("没有哪一页添加 {}", repeat.of),
                    "在一页写 repeat = { …, add = true }，或者 of = \"member\"",
                );
            }
            if let Some(first) = &repeat.first_from {
                let pages: Vec<&str> = form
                    .pages
                    .iter()
                    .filter(|page| page.repeat.is_none())
                    .map(|page| page.id.as_str())
                    .collect();
                self.among(place, first, "页", &pages);
            }
            if let (Some(min), Some(max)) = (repeat.min, repeat.max)
                && min > max
            {
                self.at(
                    place,
                    repeat.of.start(),
                    format!("最少 {min} 条多于最多 {max} 条"),
                    "min 不大于 max",
                );
            }
        }
        for field in &page.fields {
            self.field(place, page, field);
        }
    }

    fn field(&mut self, place: &Place, page: &Page, field: &Field) {
        let release = self.release;
        self.identifier(place, &field.id);
        self.basis(place, &field.basis);
        let listed = matches!(*field.kind, FieldKind::Choice | FieldKind::Choices);
        match (&field.codelist, listed) {
            (Some(list), true) => {
                self.refers(place, list, &release.codelists);
            }
            (None, true) => self.at(
                place,
                field.kind.start(),
                format!("字段 {} 是选择，没有写代码表", field.id),
                "codelist = \"代码表的 id\"",
            ),
            (Some(list), false) => self.at(
                place,
                list.start(),
                format!("字段 {} 不是选择，不要写代码表", field.id),
                "type = \"choice\"，或者去掉 codelist",
            ),
            (None, false) => {}
        }
        if (*field.kind == FieldKind::Statement) != field.statement.is_some() {
            self.at(
                place,
                field.kind.start(),
                format!("字段 {} 的承诺内容与类型不符", field.id),
                "type = \"statement\" 并且 statement = \"…\"",
            );
        }
        if let (Some(min), Some(max)) = (&field.min, &field.max)
            && **min > **max
        {
            self.at(
                place,
                min.start(),
                format!("字段 {} 的 min {min} 大于 max {max}", field.id),
                "min 不大于 max",
            );
        }
        if (*field.kind == FieldKind::Record) != field.register.is_some() {
            self.at(
                place,
                field.kind.start(),
                format!("字段 {} 指向哪个登记簿没有写清", field.id),
                "type = \"record\" 并且 register = \"登记簿的 id\"",
            );
        }
        if matches!(*field.kind, FieldKind::CitizenId | FieldKind::BankAccount) && !field.sensitive {
            self.at(
                place,
                field.kind.start(),
                format!("字段 {} 是身份证号或银行账号，没有加密", field.id),
                "sensitive = true",
            );
        }
        if matches!(field.required, Requirement::Always) && field.visible.is_some() {
            let message = format!("字段 {} 有时不显示，却总是必填", field.id);
            self.at(place, field.id.start(), message, "required 写成与 visible 相同的式子");
        }
        if let Some(reference) = &field.fact
            && self.refers(place, reference, &release.facts)
            && let Some(fact) = release.facts.get(reference)
        {
            self.fact_field(place, page, field, fact);
        }
        for finding in [&field.finding, &field.finding_reason].into_iter().flatten() {
            let asked = release.programmes.iter().flat_map(|programme| programme.conditions.iter());
            let known: Vec<&str> =
                asked.filter(|one| one.kind == ConditionKind::Finding).map(|one| one.id.as_str()).collect();
            self.among(place, finding, "认定条件", &known);
        }
        if field.finding.is_some() && *field.kind != FieldKind::YesNo {
            self.at(
                place,
                field.kind.start(),
                format!("字段 {} 记录认定，类型应是是非", field.id),
                "type = \"yes_no\"",
            );
        }
    }

    /// The answer can become the fact: type, codelist, bounds and unit.
    fn fact_field(&mut self, place: &Place, page: &Page, field: &Field, fact: &Fact) {
        let wanted = match *fact.kind {
            ValueKind::Boolean => FieldKind::YesNo,
            ValueKind::Integer => FieldKind::Integer,
            ValueKind::Decimal => FieldKind::Decimal,
            ValueKind::Money => FieldKind::Money,
            ValueKind::Date => FieldKind::Date,
            ValueKind::Month => FieldKind::Month,
            ValueKind::Code => FieldKind::Choice,
            ValueKind::Text => FieldKind::Text,
        };
        if *field.kind != wanted {
            let message = format!("字段 {} 与指标项 {} 的类型不同", field.id, fact.id);
            self.at(place, field.kind.start(), message, format!("type = \"{}\"", kind_word(wanted)));
        }
        if fact.codelist.is_some() && field.codelist != fact.codelist {
            let list = fact.codelist.as_ref().map_or("", |list| list.as_str());
            let start = field.codelist.as_ref().map_or(field.id.start(), crate::Located::start);
            self.at(
                place,
                start,
                format!("字段 {} 与指标项 {} 的代码表不同", field.id, fact.id),
                format!("codelist = \"{list}\""),
            );
        }
        let loose = |bound: Option<&crate::Located<crate::Number>>,
                     limit: Option<&crate::Located<crate::Number>>,
                     low: bool| {
            limit.is_some_and(|limit| {
                bound.is_none_or(|bound| if low { **bound < **limit } else { **bound > **limit })
            })
        };
        if loose(field.min.as_ref(), fact.min.as_ref(), true)
            || loose(field.max.as_ref(), fact.max.as_ref(), false)
        {
            let (min, max) =
                (fact.min.as_ref().map(ToString::to_string), fact.max.as_ref().map(ToString::to_string));
            let message = format!("字段 {} 的范围比指标项 {} 宽", field.id, fact.id);
            let expected =
                format!("min = {}、max = {} 以内", min.unwrap_or_default(), max.unwrap_or_default());
            self.at(place, field.id.start(), message, expected);
        }
        let of_member = page.repeat.as_ref().is_some_and(|repeat| repeat.of == "member");
        let fits = match fact.on {
            // Where somebody is named by their number, as who joins a family is, what stands beside it is theirs.
            Unit::Person => {
                let names = page.fields.iter().any(|field| field.writes == Some(Writes::CitizenId));
                of_member || page.repeat.is_none() && (names || page.about == About::Applicant)
            }
            Unit::Household => page.repeat.is_none(),
        };
        if !fits {
            let expected = match fact.on {
                Unit::Person => {
                    "放在 repeat = { of = \"member\", … } 的页上，或者写了 about = \"applicant\" 的页上"
                }
                Unit::Household => "放在不重复的页上",
            };
            self.at(
                place,
                field.id.start(),
                format!("指标项 {} 说的不是这一页的人或家庭", fact.id),
                expected,
            );
        }
    }
}

/// The records whose fields share a name space; empty for the form itself.
fn space(page: &Page) -> &str {
    page.repeat.as_ref().map_or("", |repeat| repeat.of.as_str())
}

fn kind_word(kind: FieldKind) -> &'static str {
    match kind {
        FieldKind::YesNo => "yes_no",
        FieldKind::Integer => "integer",
        FieldKind::Decimal => "decimal",
        FieldKind::Money => "money",
        FieldKind::Date => "date",
        FieldKind::Month => "month",
        FieldKind::Choice => "choice",
        FieldKind::Text
        | FieldKind::Textarea
        | FieldKind::Choices
        | FieldKind::CitizenId
        | FieldKind::Phone
        | FieldKind::BankAccount
        | FieldKind::PersonName
        | FieldKind::Division
        | FieldKind::File
        | FieldKind::Files
        | FieldKind::Signature
        | FieldKind::MemberRef
        | FieldKind::Statement
        | FieldKind::Person
        | FieldKind::Household
        | FieldKind::Organisation
        | FieldKind::Facility
        | FieldKind::Place
        | FieldKind::Record
        | FieldKind::Point
        | FieldKind::Line => "text",
    }
}
