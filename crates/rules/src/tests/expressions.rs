//! Single expressions: values, unknowns, diagnostics.

use super::family::*;
use crate::*;

fn value(text: &str) -> String {
    evaluate(text, &family()).to_string()
}

#[test]
fn precedence_is_that_of_sql() {
    assert_eq!(value("1 + 2 * 3 - -4"), "11");
    assert_eq!(value("TRUE OR FALSE AND FALSE"), "是");
    assert_eq!(value("NOT 1 = 2 AND 2 BETWEEN 1 AND 3"), "是");
    assert_eq!(value("1 / 3 * 3"), "1");
    assert_eq!(value("10 - 2 - 3"), "5");
}

#[test]
fn full_width_and_chinese_operators_read_as_half_width() {
    assert_eq!(value("（1＋2）＊3 ＞＝ 9 且 非(urban = FALSE) 或 FALSE"), "是");
    assert_eq!(value("非农收入 > 1000"), "是");
    assert_eq!(value("round(1.005，2)"), "1.01");
    assert_eq!(value("note = ‘家中有病人’"), "是");
}
