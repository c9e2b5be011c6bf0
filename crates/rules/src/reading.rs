//! An expression as a person reads it: with titles instead of names, or with the figures of one decision in their
//! places, so that a letter can print both "(低保标准 - 人均月收入) * 人数" and "(760 - 505.32) * 3".

use crate::ast::{Comparator, Operator};
use crate::node::{Aggregate, AggregateFunction, Function, Hop, Node};
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

fn title(atom: &Node) -> String {
    match atom {
        Node::Field(read) => path_title(&read.hops, &read.title),
        Node::Definition { title, .. } | Node::Parameter { title, .. } => title.clone(),
        Node::Lookup { title, key, .. } => format!("{title}[{}]", with_titles(key)),
        Node::Clock(clock) => clock.title().to_owned(),
        Node::Aggregate(aggregate) => aggregate_title(aggregate),
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
    match node {
        Node::Or(_) | Node::Case { .. } => 1,
        Node::And(_) => 2,
        Node::Not(_) => 3,
        Node::Compare(..) | Node::Between { .. } | Node::In { .. } | Node::IsNull { .. } => 4,
        Node::Chain { rest, .. } => rank(rest),
        Node::Negate(_) => 7,
        _ => 8,
    }
}

/// How tightly a chain of operators binds.
fn rank(rest: &[(Operator, Node)]) -> u8 {
    if rest.iter().any(|(operator, _)| matches!(operator, Operator::Add | Operator::Subtract)) {
        5
    } else {
        6
    }
}

fn write<'a>(node: &'a Node, atom: &dyn Fn(&'a Node) -> String, wanted: u8) -> String {
    let at = |node: &'a Node, wanted: u8| write(node, atom, wanted);
    let list = |nodes: &'a [Node], between: &str| {
        nodes.iter().map(|node| at(node, 0)).collect::<Vec<_>>().join(between)
    };
    let text = match node {
        Node::Constant(value) => value.to_string(),
        Node::Field(_)
        | Node::Definition { .. }
        | Node::Parameter { .. }
        | Node::Lookup { .. }
        | Node::Clock(_)
        | Node::Aggregate(_) => atom(node),
        Node::Not(inner) => format!("非 {}", at(inner, 4)),
        Node::And(parts) => parts.iter().map(|part| at(part, 3)).collect::<Vec<_>>().join(" 且 "),
        Node::Or(parts) => parts.iter().map(|part| at(part, 2)).collect::<Vec<_>>().join(" 或 "),
        Node::Negate(inner) => format!("-{}", at(inner, 8)),
        Node::Chain { first, rest } => {
            let mut text = at(first, rank(rest));
            for (operator, node) in rest {
                text += &format!(" {} {}", operator.symbol(), at(node, rank(rest) + 1));
            }
            text
        }
        Node::Compare(comparator, left, right) => {
            format!("{} {} {}", at(left, 5), symbol(*comparator), at(right, 5))
        }
        Node::Between { value, low, high, negated } => {
            let not = if *negated { "不" } else { "" };
            format!("{} {not}在 {} 到 {} 之间", at(value, 5), at(low, 5), at(high, 5))
        }
        Node::In { value, list: items, negated } => {
            let not = if *negated { "不是" } else { "是" };
            format!("{} {not} {} 之一", at(value, 5), list(items, "、"))
        }
        Node::IsNull { value, negated } => {
            format!("{} {}", at(value, 5), if *negated { "已知" } else { "未知" })
        }
        Node::Case { operand, branches, otherwise } => {
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
        Node::Round { value, digits } => match digits {
            0 => format!("四舍五入({})", at(value, 0)),
            digits => format!("四舍五入({}, {digits} 位小数)", at(value, 0)),
        },
        Node::Call(function, arguments) => {
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
