//! Numbers of the plan as pages and papers print them.

use catalogue::Number;
use catalogue::definition::{Comparator, Plan, PlanAchievement, PlanFigure, PlanIndicator};

use super::judge::Target;

/// A number with the indicator's unit.
#[must_use]
pub fn with_unit(number: Number, indicator: &PlanIndicator) -> String {
    of_unit(number, indicator.unit.as_deref().unwrap_or_default())
}

/// A number with a unit. Ten thousands of yuan are written as such where nothing is left over: nobody counts seven zeros.
#[must_use]
pub fn of_unit(number: Number, unit: &str) -> String {
    match number.as_integer() {
        Some(yuan) if unit == YUAN && yuan >= TEN_THOUSAND && yuan % TEN_THOUSAND == 0 => {
            format!("{}万元", yuan / TEN_THOUSAND)
        }
        _ => format!("{number}{unit}"),
    }
}

const YUAN: &str = "元";
const TEN_THOUSAND: i64 = 10_000;

/// The number that [`of_unit`] printed; none where the text says more than that.
#[must_use]
pub fn number_of(text: &str, unit: &str) -> Option<Number> {
    if unit == YUAN
        && let Some(number) = text.strip_suffix("万元")
    {
        return number.parse::<Number>().ok()?.times(Number::new(TEN_THOUSAND, 0));
    }
    text.strip_suffix(unit)?.parse().ok()
}

/// A figure as printed, with the unit where the print leaves it to the table's head, and with the comparator where the print leaves it to its
/// sentence.
#[must_use]
pub fn printed(figure: Option<&PlanFigure>, indicator: &PlanIndicator) -> String {
    let Some(figure) = figure else { return "未印".to_owned() };
    if figure.number.is_none() {
        return figure.words();
    }
    let unit = |words: &str| if is_bare(words) { indicator.unit.as_deref().unwrap_or_default() } else { "" };
    let print = figure.printed.as_ref().map_or("", |printed| printed.as_str());
    match &figure.read {
        // What is read is what the print ends with: said once.
        Some(read) if print.ends_with(read.as_str()) => format!("{print}{}", unit(read)),
        Some(read) if !print.is_empty() => format!("{print}（读作{read}{}）", unit(read)),
        _ => {
            let words = figure.words();
            format!("{}{words}{}", comparator(figure.comparator, &words), unit(&words))
        }
    }
}

/// What the last period is said to have achieved, as printed, with the unit where the print leaves it to its sentence; empty where no figure is printed.
#[must_use]
pub fn achieved(one: &PlanAchievement) -> String {
    let words = one.figure.as_ref().map(PlanFigure::words).unwrap_or_default();
    let unit = if is_bare(&words) { one.unit.as_deref().unwrap_or_default() } else { "" };
    format!("{words}{unit}")
}

/// Whether a print is a number and nothing else, in digits or in characters: `1.4`, `≥36`, `1至2`, `十五`.
pub(super) fn is_bare(words: &str) -> bool {
    const SIGNS: &str = ".≥≤＞＜><-—~～至 一二三四五六七八九十百千万亿两零〇";
    !words.is_empty() && words.chars().all(|sign| sign.is_ascii_digit() || SIGNS.contains(sign))
}

/// The comparator in front of a number that is printed without one.
fn comparator(comparator: Option<Comparator>, words: &str) -> &'static str {
    const SAID: [&str; 13] =
        ["≥", "≤", "＞", "＜", "不", "以上", "以下", "以内", "内", "左右", "至少", "最", "超"];
    let Some(
        known @ (Comparator::AtLeast
        | Comparator::AtMost
        | Comparator::MoreThan
        | Comparator::LessThan
        | Comparator::About),
    ) = comparator
    else {
        return "";
    };
    let number_first = words.starts_with(|sign: char| sign.is_ascii_digit());
    if number_first && !SAID.iter().any(|said| words.contains(said)) { known.title() } else { "" }
}

/// The baseline with the year of which it is; of what is unknown or not printed the year says nothing.
#[must_use]
pub fn baseline(plan: &Plan, indicator: &PlanIndicator) -> String {
    let words = printed(indicator.baseline.as_ref(), indicator);
    match &indicator.baseline {
        Some(figure) if !figure.is_dash() => {
            format!("{words}（{}年）", figure.year.unwrap_or(plan.base_year))
        }
        _ => words,
    }
}

/// The target that holds.
#[must_use]
pub fn target(indicator: &PlanIndicator, target: &Target) -> String {
    if target.adjusted {
        return target
            .number
            .map(|number| {
                let words = with_unit(number, indicator);
                format!("{}{words}（已调整）", comparator(target.comparator, &words))
            })
            .unwrap_or_default();
    }
    let printed_number = indicator.target.as_ref().and_then(|figure| figure.number);
    match target.number.filter(|_| indicator.additive && printed_number.is_none()) {
        // Printed year by year: nobody printed the sum.
        Some(sum) => format!("各年合计{}", with_unit(sum, indicator)),
        None => printed(indicator.target.as_ref(), indicator),
    }
}

/// What should be reached by now. Where the target itself is due and lies between two numbers, both of them.
#[must_use]
pub fn expected(number: Number, indicator: &PlanIndicator, target: &Target) -> String {
    match target.most {
        Some(most) if target.number == Some(number) => {
            format!("{}至{}", with_unit(number, indicator), with_unit(most, indicator))
        }
        _ => with_unit(number, indicator),
    }
}

/// When something is due, as printed. A bare year of a table's cell is written as a year; what is not printed is said so.
#[must_use]
pub fn due(words: &str) -> String {
    match words {
        "" => "未印".to_owned(),
        year if year.len() == 4 && year.bytes().all(|digit| digit.is_ascii_digit()) => format!("{year}年"),
        words => words.to_owned(),
    }
}

/// The words of the plan for an indicator. A flattened row of a table keeps the spaces between its cells.
#[must_use]
pub fn source(indicator: &PlanIndicator) -> String {
    match &indicator.row {
        Some(row) => row.to_string(),
        None => quote(&indicator.source),
    }
}

/// A quote as a person reads it: a scan leaves single spaces between two Chinese characters. What is kept stays letter for letter.
#[must_use]
pub fn quote(text: &str) -> String {
    let chinese = |sign: Option<&char>| sign.is_some_and(|sign| ('\u{3400}'..='\u{9fff}').contains(sign));
    let signs: Vec<char> = text.chars().collect();
    let stays = |at: usize| {
        signs[at] != ' '
            || !chinese(at.checked_sub(1).and_then(|before| signs.get(before)))
            || !chinese(signs.get(at + 1))
    };
    (0..signs.len()).filter(|at| stays(*at)).map(|at| signs[at]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An indicator of a pack, with its target.
    fn indicator(unit: &str, target: &str) -> PlanIndicator {
        let text = format!(
            "id = \"one\"\nname = \"指标\"\nkind = \"expected\"\nunit = \"{unit}\"\nsource = \"指标\"\ntarget = {{ {target} }}\n"
        );
        toml::from_str(&text).unwrap()
    }

    fn said(unit: &str, target: &str) -> String {
        let one = indicator(unit, target);
        printed(one.target.as_ref(), &one)
    }

    #[test]
    fn a_printed_number_has_its_unit_and_its_comparator_once() {
        for (unit, target, words) in [
            ("%", "printed = \"≥1.4\", number = \"1.4\", comparator = \"at_least\"", "≥1.4%"),
            ("%", "printed = \"55\", number = 55, comparator = \"at_least\"", "不低于55%"),
            ("%", "printed = \"99%以上\", number = 99, comparator = \"at_least\"", "99%以上"),
            ("%", "printed = \"全覆盖\", read = \"100%\", number = 100", "全覆盖（读作100%）"),
            ("%", "printed = \"30%-40%\", number = 30, most = 40, comparator = \"range\"", "30%-40%"),
            ("个", "printed = \"1至2\", number = 1, most = 2, comparator = \"range\"", "1至2个"),
            ("个", "printed = \"动态清零\", read = \"0\", number = 0", "动态清零（读作0个）"),
            ("个", "printed = \"70 个\", number = 70", "70 个"),
            ("分钟", "printed = \"十五\", number = 15", "十五分钟"),
            ("家", "printed = \"十家\", number = 10, comparator = \"equal\"", "十家"),
            ("人/校", "printed = \"至少有1人\", number = 1, comparator = \"at_least\"", "至少有1人"),
            ("名", "printed = \"3名左右\", number = 3, comparator = \"about\"", "3名左右"),
            ("工作日", "printed = \"20个工作日内\", number = 20, comparator = \"at_most\"", "20个工作日内"),
            (
                "倍",
                "printed = \"不低于低保标准的1.3\", read = \"1.3\", number = \"1.3\", comparator = \"at_least\"",
                "不低于低保标准的1.3倍",
            ),
            ("元", "printed = \"超 5000 万以上\", number = 50000000", "超 5000 万以上"),
            ("元", "number = 15000", "15000元"),
            ("%", "printed = \"稳中有升\", comparator = \"at_least\"", "稳中有升"),
        ] {
            assert_eq!(said(unit, target), words);
        }
    }

    #[test]
    fn ten_thousands_of_yuan_are_exact_and_read_back() {
        for (number, unit, words) in [
            ("43000000", "元", "4300万元"),
            ("43000001", "元", "43000001元"),
            ("0", "元", "0元"),
            ("30000", "元/年", "30000元/年"),
            ("54.1", "%", "54.1%"),
            ("12", "", "12"),
        ] {
            let number: Number = number.parse().unwrap();
            assert_eq!(of_unit(number, unit), words);
            assert_eq!(number_of(words, unit), Some(number));
        }
        assert_eq!(number_of("不低于55%", "%"), None);
        assert_eq!(number_of("未印", ""), None);
    }

    #[test]
    fn a_range_is_expected_as_a_range_when_it_is_due() {
        let one = indicator("%", "printed = \"30%-40%\", number = 30, most = 40, comparator = \"range\"");
        let target = Target {
            number: Some(Number::new(30, 0)),
            most: Some(Number::new(40, 0)),
            comparator: Some(Comparator::Range),
            due: "2025-12".parse().unwrap(),
            adjusted: false,
        };
        assert_eq!(expected(Number::new(30, 0), &one, &target), "30%至40%");
        assert_eq!(expected(Number::new(25, 0), &one, &target), "25%");
    }

    #[test]
    fn a_due_year_and_a_quote_read_as_a_person_writes_them() {
        assert_eq!([due(""), due("2021"), due("2021年底")], ["未印", "2021年", "2021年底"]);
        assert_eq!(quote("到2025 年,社 会救助"), "到2025 年,社会救助");
        assert_eq!(quote("15000 元 以上 % 100"), "15000 元以上 % 100");
    }
}
