//! An expression as a person reads it: with titles instead of names, or with the figures of one decision in their
//! places, so that a letter can print both "(低保标准 - 人均月收入) * 人数" and "(760 - 505.32) * 3".

use crate::ast::{Comparator, Operator};
use crate::compiled::{Aggregate, AggregateFunction, FieldRead, Form, Function, Hop, Link, Node};
use crate::value::Value;

/// The expression with titles.
pub(crate) fn with_titles(node: &Node) -> String {
    write(node, &title, 0)
}

/// The expression with the value of every fact, definition, parameter and aggregate, as `value` gives them.
pub(crate) fn with_figures<'a>(node: &'a Node, value: &dyn Fn(&'a Node) -> Value) -> String {
    write(node, &|atom| value(atom).to_string(), 0)
}

/// Titles of the hops and the last name, joined: 户主·出生日期.
pub(crate) fn path_title(hops: &[Hop], last: &str) -> String {
    hops.iter().map(|hop| hop.title.as_str()).chain([last]).collect::<Vec<_>>().join("·")
}

/// The unit in which a number is counted, without its "per" part (元 of 元/人·月), as far as the names in it tell.
pub(crate) fn unit_of(node: &Node) -> Option<&str> {
    match &node.form {
        Form::Field(FieldRead { unit, .. })
        | Form::Parameter { unit, .. }
        | Form::Definition { unit, .. } => {
            let unit = unit.as_deref()?.split(['/', '·', '／']).next()?.trim();
            (!unit.is_empty()).then_some(unit)
        }
        Form::Aggregate(aggregate) => match aggregate.function {
            AggregateFunction::Sum
            | AggregateFunction::KnownSum
            | AggregateFunction::Min
            | AggregateFunction::Max => aggregate.argument.as_ref().and_then(unit_of),
            AggregateFunction::Count | AggregateFunction::BoolOr | AggregateFunction::BoolAnd => None,
        },
        Form::Negate(inner) | Form::Round { value: inner, .. } => unit_of(inner),
        Form::Chain { first, rest } => {
            let mut unit = unit_of(first);
            for Link { operator, operand, .. } in rest {
                let other = unit_of(operand);
                unit = match operator {
                    Operator::Add | Operator::Subtract => unit.or(other),
                    // Money by a count or a rate stays money; by anything else it is no unit that people have.
                    Operator::Multiply if unit.is_none() => other,
                    Operator::Multiply | Operator::Divide if other.is_none_or(is_bare) => unit,
                    Operator::Multiply | Operator::Divide => None,
                };
            }
            unit
        }
        Form::Case { branches, otherwise, .. } => {
            branches.iter().map(|(_, then)| then).chain(otherwise.as_deref()).find_map(unit_of)
        }
        Form::Call(function, arguments) => match function {
            Function::AgeAt => Some("岁"),
            Function::MonthsBetween => Some("个月"),
            Function::DaysBetween => Some("天"),
            Function::Length => Some("个字"),
            Function::Coalesce
            | Function::Least
            | Function::Greatest
            | Function::Floor
            | Function::Ceil
            | Function::Abs => arguments.iter().find_map(unit_of),
            Function::AddMonths | Function::MonthOf | Function::FirstDay | Function::LastDay => None,
        },
        _ => None,
    }
}

/// A unit that counts or scales and is gone from a product or quotient.
fn is_bare(unit: &str) -> bool {
    matches!(unit, "人" | "户" | "个" | "倍" | "%" | "个月")
}

fn title(atom: &Node) -> String {
    match &atom.form {
        Form::Field(read) => path_title(&read.hops, &read.title),
        Form::Definition { title, .. } | Form::Parameter { title, .. } => title.clone(),
        Form::Lookup { title, key, .. } => format!("{title}[{}]", with_titles(key)),
        Form::Clock(clock) => clock.title().to_owned(),
        Form::Aggregate(aggregate) => aggregate_title(aggregate),
        _ => String::new(),
    }
}

fn aggregate_title(aggregate: &Aggregate) -> String {
    let rows = path_title(&aggregate.hops, &aggregate.relation.title);
    let which =
        aggregate.filter.as_ref().map(|filter| format!("中{}的", with_titles(filter))).unwrap_or_default();
    let argument = aggregate.argument.as_ref().map(with_titles).unwrap_or_default();
    match aggregate.function {
        AggregateFunction::Count => format!("{rows}{which}数"),
        AggregateFunction::Sum => format!("{rows}{which}{argument}合计"),
        AggregateFunction::KnownSum => format!("{rows}{which}已知的{argument}合计"),
        AggregateFunction::Min => format!("{rows}{which}最小的{argument}"),
        AggregateFunction::Max => format!("{rows}{which}最大的{argument}"),
        AggregateFunction::BoolOr => format!("{rows}{which}有一个{argument}"),
        AggregateFunction::BoolAnd => format!("{rows}{which}个个{argument}"),
    }
}

/// How tightly a node binds; brackets go around what binds less tightly than its place wants.
fn binding(node: &Node) -> u8 {
    match &node.form {
        Form::Or(_) | Form::Case { .. } => 1,
        Form::And(_) => 2,
        Form::Not(_) => 3,
        Form::Compare(..) | Form::Between { .. } | Form::In { .. } | Form::IsNull { .. } => 4,
        Form::Chain { rest, .. } => rank(rest),
        Form::Negate(_) => 7,
        _ => 8,
    }
}

/// How tightly a chain of operators binds.
fn rank(rest: &[Link]) -> u8 {
    if rest.iter().any(|link| matches!(link.operator, Operator::Add | Operator::Subtract)) { 5 } else { 6 }
}

fn write<'a>(node: &'a Node, atom: &dyn Fn(&'a Node) -> String, wanted: u8) -> String {
    let at = |node: &'a Node, wanted: u8| write(node, atom, wanted);
    let list = |nodes: &'a [Node], between: &str| {
        nodes.iter().map(|node| at(node, 0)).collect::<Vec<_>>().join(between)
    };
    let text = match &node.form {
        Form::Constant(value) => value.to_string(),
        Form::Field(_)
        | Form::Definition { .. }
        | Form::Parameter { .. }
        | Form::Lookup { .. }
        | Form::Clock(_)
        | Form::Aggregate(_) => atom(node),
        Form::Not(inner) => format!("非 {}", at(inner, 4)),
        Form::And(parts) => parts.iter().map(|part| at(part, 3)).collect::<Vec<_>>().join(" 且 "),
        Form::Or(parts) => parts.iter().map(|part| at(part, 2)).collect::<Vec<_>>().join(" 或 "),
        Form::Negate(inner) => format!("-{}", at(inner, 8)),
        Form::Chain { first, rest } => {
            let mut text = at(first, rank(rest));
            for Link { operator, operand, .. } in rest {
                text += &format!(" {} {}", operator.symbol(), at(operand, rank(rest) + 1));
            }
            text
        }
        Form::Compare(comparator, left, right) => {
            format!("{} {} {}", at(left, 5), symbol(*comparator), at(right, 5))
        }
        Form::Between { value, low, high, negated } => {
            let not = if *negated { "不" } else { "" };
            format!("{} {not}在 {} 到 {} 之间", at(value, 5), at(low, 5), at(high, 5))
        }
        Form::In { value, list: items, negated } => {
            let not = if *negated { "不是" } else { "是" };
            format!("{} {not} {} 之一", at(value, 5), list(items, "、"))
        }
        Form::IsNull { value, negated } => {
            format!("{} {}", at(value, 5), if *negated { "已知" } else { "未知" })
        }
        Form::Case { operand, branches, otherwise } => {
            let operand =
                operand.as_ref().map(|operand| format!("{} 是 ", at(operand, 5))).unwrap_or_default();
            let mut text = String::new();
            for (when, then) in branches {
                text += &format!("若 {operand}{} 则 {};", at(when, 0), at(then, 0));
            }
            text +=
                &otherwise.as_ref().map_or("否则未知".to_owned(), |last| format!("否则 {}", at(last, 0)));
            text
        }
        Form::Round { value, digits } => match digits {
            0 => format!("四舍五入({})", at(value, 0)),
            digits => format!("四舍五入({}, {digits} 位小数)", at(value, 0)),
        },
        Form::Call(function, arguments) => {
            format!("{}({})", function_title(*function), list(arguments, ", "))
        }
    };
    if binding(node) < wanted { format!("({text})") } else { text }
}

/// The comparator as a person writes it.
pub(crate) fn symbol(comparator: Comparator) -> &'static str {
    match comparator {
        Comparator::NotEqual => "≠",
        Comparator::LessOrEqual => "≤",
        Comparator::GreaterOrEqual => "≥",
        Comparator::Equal | Comparator::Less | Comparator::Greater => comparator.symbol(),
    }
}

fn function_title(function: Function) -> &'static str {
    match function {
        Function::Coalesce => "首个已知",
        Function::Least => "较小",
        Function::Greatest => "较大",
        Function::Floor => "舍去小数",
        Function::Ceil => "进到整数",
        Function::Abs => "绝对值",
        Function::AgeAt => "周岁",
        Function::MonthsBetween => "相隔月数",
        Function::DaysBetween => "相隔天数",
        Function::AddMonths => "加月数",
        Function::MonthOf => "所在月",
        Function::FirstDay => "首日",
        Function::LastDay => "末日",
        Function::Length => "字数",
    }
}
