//! Every kind of complaint: it points at the characters, speaks both languages, and proposes where something near was
//! meant.

use super::family::*;
use crate::*;

/// Text, the characters pointed at, a part of the Chinese and of the English message, and the proposal.
type Complaint = (&'static str, &'static str, &'static str, &'static str, Option<&'static str>);

const COMPLAINTS: &[Complaint] = &[
    // Characters.
    ("deposits > 5元", "5元", "数 5 后面不能紧跟 元", "the number 5 must not be followed by 元", None),
    ("rooms > 50%", "50%", "数 50 后面不能紧跟 %", "must not be followed by %", Some("50 / 100")),
    ("note = 'x", "'x", "文字没有结束的引号", "no closing quote", None),
    ("urban == TRUE", "==", "不认识的符号 ==，应写 =", "unknown sign ==; write =", Some("=")),
    ("rooms ≥ 3", "≥", "应写 >=", "write >=", Some(">=")),
    ("rooms @ 3", "@", "不认识的符号 @", "unknown sign @", None),
    ("rooms --3 > 1", "--", "-- 在 SQL 里是注释", "-- is a comment", None),
    // Grammar.
    ("rooms >", "", "这里应是", "expected", None),
    ("1 < rooms < 5", "<", "比较不能连写", "comparisons do not chain", Some("a <= x AND x <= b")),
    ("rooms IN ()", ")", "IN 的括号里至少要有一个值", "IN needs at least one value", None),
    (
        "DATE '2026-02-30' = filed_on",
        "DATE '2026-02-30'",
        "不是日期",
        "is no such day",
        Some("DATE '2026-07-01'"),
    ),
    ("MONTH '2026-13' = since", "MONTH '2026-13'", "不是月份", "is no such month", Some("MONTH '2026-07'")),
    ("urban 且urban", "且urban", "", "expected", Some("且 urban")),
    // Names.
    (
        "deposit > 5",
        "deposit",
        "没有叫 deposit 的字段，是不是 deposits？",
        "no field deposit; did you mean deposits?",
        Some("deposits"),
    ),
    ("存款 > 5", "存款", "是不是 deposits？", "did you mean deposits?", Some("deposits")),
    ("income > 5", "income", "是不是 head.income？", "did you mean head.income?", Some("head.income")),
    (
        "hed.income > 5",
        "hed",
        "没有叫 hed 的关系，是不是 head？",
        "there is no relation hed; did you mean head?",
        Some("head"),
    ),
    (
        "head.incom > 5",
        "incom",
        "没有叫 incom 的字段，是不是 income？",
        "did you mean income?",
        Some("income"),
    ),
    ("head.income.x > 5", "income", "income 是字段，后面不能再接 .", "income is a field", None),
    (
        "param.dibao_standrd > 5",
        "dibao_standrd",
        "没有叫 dibao_standrd 的参数，是不是 dibao_standard？",
        "there is no parameter dibao_standrd; did you mean",
        Some("dibao_standard"),
    ),
    ("param > 5", "param", "参数写作 param.名称", "a parameter is written param.name", Some("param.名称")),
    (
        "table.car['1'] > 5",
        "car",
        "没有叫 car 的参数表，是不是 care？",
        "there is no table car; did you mean care?",
        Some("care"),
    ),
    ("table.care > 5", ">", "这里应是 [", "expected [", None),
    ("members.income > 5", "members", "members 有许多行", "members has many rows", None),
    ("members > 5", "members", "members 是关系", "members is a relation", Some("count(members.*)")),
    ("head > 5", "head", "head 是关系", "head is a relation", Some("head.字段")),
    (
        "rond(1.5) > 5",
        "rond",
        "没有叫 rond 的函数，是不是 round？",
        "there is no function rond; did you mean round?",
        Some("round"),
    ),
    (
        "sum(members.incom) > 5",
        "incom",
        "没有叫 incom 的字段，是不是 income？",
        "did you mean income?",
        Some("income"),
    ),
    (
        "sum(member.income) > 5",
        "member",
        "没有叫 member 的关系，是不是 members？",
        "did you mean members?",
        Some("members"),
    ),
    ("housing = 'own'", "'own'", "代码表 housing 里没有 'own'", "code list housing has no 'own'", None),
    ("housing = 'ownd'", "'ownd'", "是不是 'owned'（自有）？", "did you mean 'owned'?", Some("'owned'")),
    ("housing = '自有'", "'自有'", "是不是 'owned'（自有）？", "did you mean 'owned'?", Some("'owned'")),
    // Types.
    (
        "rooms > '3'",
        "rooms > '3'",
        "数和文字不能相比，是不是要写 3？",
        "number cannot be compared with text; did you mean 3?",
        Some("3"),
    ),
    (
        "filed_on > '2026-01-01'",
        "filed_on > '2026-01-01'",
        "是不是要写 DATE '2026-01-01'？",
        "did you mean DATE '2026-01-01'?",
        Some("DATE '2026-01-01'"),
    ),
    (
        "since = filed_on",
        "since = filed_on",
        "月份和日期不能相比",
        "month cannot be compared with date",
        Some("month_of(…) 或 first_day(…)"),
    ),
    ("housing > 'none'", "housing > 'none'", "没有大小", "has no order", None),
    ("NOT rooms", "rooms", "这里要是否（条件），却是数", "expected a condition, found number", None),
    ("urban + 1 > 5", "urban", "这里要数，却是是否", "expected a number, found boolean", None),
    ("filed_on + 1 > filed_on", "filed_on", "日期不能加减乘除", "no arithmetic with a date", None),
    (
        "CASE WHEN urban THEN 1 ELSE 'x' END = 1",
        "'x'",
        "这里要和前面一样的数",
        "expected number like the others",
        None,
    ),
    (
        "least(urban, TRUE)",
        "least(urban, TRUE)",
        "这里要数、日期或月份",
        "expected numbers, dates or months",
        None,
    ),
    (
        "age_at(head.birthday, month) > 5",
        "month",
        "这里要日期，却是月份",
        "expected a date, found a month",
        Some("last_day(…)"),
    ),
    ("add_months(month, 1.5) = month", "1.5", "月数要是整数", "the number of months must be whole", None),
    (
        "first_day(filed_on) = filed_on",
        "filed_on",
        "这里要月份，却是日期",
        "expected a month, found date",
        None,
    ),
    ("length(rooms) > 5", "rooms", "这里要文字，却是数", "expected a text, found number", None),
    ("table.care[rooms] > 5", "rooms", "作键", "a key that is a", None),
    // Calls.
    ("abs(1, 2) > 5", "abs(1, 2)", "abs 要 1 个参数，写了 2 个", "abs takes 1 arguments, found 2", None),
    ("coalesce(rooms) > 5", "coalesce(rooms)", "coalesce 要 2+ 个参数", "coalesce takes 2+ arguments", None),
    ("round(rooms, 20) > 5", "20", "-9 到 9 之间的整数", "a whole number from -9 to 9", None),
    (
        "abs(rooms) FILTER (WHERE urban) > 5",
        "abs(rooms) FILTER (WHERE urban)",
        "abs 不是聚合",
        "abs is no aggregate",
        None,
    ),
    ("min(1, 2) > 5", "min(1, 2)", "min 是对许多行取值", "min runs over rows", Some("least")),
    (
        "count(members.income) > 5",
        "members.income",
        "count 数的是行",
        "count counts rows",
        Some("count(members.*)"),
    ),
    ("sum(members.*) > 5", "members.*", ".* 只用于 count", ".* is for count", None),
    ("members.* > 5", "members.*", ".* 只能写在 count 里", ".* may only stand in count", None),
    (
        "sum(deposits) > 5",
        "deposits",
        "sum 要写明对哪个关系聚合",
        "sum must name the relation",
        Some("sum(members.…)"),
    ),
    (
        "sum(members.income + vehicles.value) > 5",
        "sum(members.income + vehicles.value)",
        "同时出现",
        "names both",
        None,
    ),
    (
        "max(members.student)",
        "members.student",
        "这里要数、日期或月份",
        "expected a number, date or month",
        None,
    ),
    (
        "sum(members.income) FILTER (WHERE student) > 5",
        "student",
        "是不是 members.student？",
        "did you mean members.student?",
        Some("members.student"),
    ),
];

#[test]
fn every_complaint_points_speaks_and_proposes() {
    let mut wrong = Vec::new();
    for (text, pointed, zh, en, proposal) in COMPLAINTS {
        let found = Expression::compile(text, "household", &shapes(), &parameters(), &Type::Boolean);
        let Err(diagnostics) = found else {
            wrong.push(format!("{text} is accepted"));
            continue;
        };
        let Diagnostic { span, zh: said_zh, en: said_en, suggestion, .. } = &diagnostics[0];
        let marked: String = text.chars().skip(span.start).take(span.end - span.start).collect();
        let fits = marked == *pointed
            && said_zh.contains(zh)
            && said_en.contains(en)
            && suggestion.as_deref() == *proposal
            && !said_zh.is_ascii()
            && !said_en.is_empty();
        if !fits {
            wrong.push(format!("{text}\n    at {marked:?}: {said_zh} / {said_en} / {suggestion:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
