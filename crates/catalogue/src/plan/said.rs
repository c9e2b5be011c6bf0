//! Numbers in printed Chinese, and texts compared without white space and width.

use vocab::half_width;

use crate::Number;

/// A text without white space, full-width signs as half-width ones: what two quotes are compared by.
#[must_use]
pub fn squeezed(text: &str) -> String {
    half_width(text).chars().filter(|character| !character.is_whitespace()).collect()
}

/// Every number that a text can be read to say: `40余万` says 40 and 400000, `十五` and `百家` say 15 and 100, `两级` says 2.
#[must_use]
pub fn numbers_said(text: &str) -> Vec<Number> {
    let plain: Vec<char> = squeezed(text).chars().filter(|character| *character != ',').collect();
    let mut said = Vec::new();
    let mut at = 0;
    while at < plain.len() {
        if plain[at].is_ascii_digit() {
            at = digits(&plain, at, &mut said);
        } else if digit_of(plain[at]).is_some() || unit_of(plain[at]).is_some() {
            at = words(&plain, at, &mut said);
        } else {
            at += 1;
        }
    }
    said
}

/// Digits with their point, and what 百千万亿 after them make of it.
fn digits(plain: &[char], from: usize, said: &mut Vec<Number>) -> usize {
    let mut end = from;
    while end < plain.len()
        && (plain[end].is_ascii_digit()
            || (plain[end] == '.' && plain.get(end + 1).is_some_and(char::is_ascii_digit)))
    {
        end += 1;
    }
    let text: String = plain[from..end].iter().collect();
    let Ok(mut number) = text.parse::<Number>() else { return end };
    said.push(number);
    while let Some(next) = plain.get(end) {
        match unit_of(*next).filter(|unit| *unit > 10) {
            Some(unit) => match number.times(Number::new(unit, 0)) {
                Some(larger) => {
                    number = larger;
                    said.push(number);
                }
                None => return end,
            },
            None if matches!(next, '余' | '多') => {}
            None => return end,
        }
        end += 1;
    }
    end
}

/// A run of Chinese numerals as a whole, and each of its digits alone (三级, 一委两站).
fn words(plain: &[char], from: usize, said: &mut Vec<Number>) -> usize {
    let (mut end, mut large, mut sum, mut digit) = (from, 0_i64, 0_i64, None);
    while let Some(character) = plain.get(end) {
        if let Some(value) = digit_of(*character) {
            digit = Some(value);
            said.push(Number::new(value, 0));
        } else if let Some(unit) = unit_of(*character) {
            if unit >= 10_000 {
                large += (sum + digit.unwrap_or(0)).max(1) * unit;
                sum = 0;
            } else {
                sum += digit.unwrap_or(1) * unit;
            }
            digit = None;
        } else {
            break;
        }
        end += 1;
    }
    said.push(Number::new(large + sum + digit.unwrap_or(0), 0));
    end
}

fn digit_of(character: char) -> Option<i64> {
    let at = "零一二三四五六七八九".chars().position(|known| known == character);
    match (at, character) {
        (Some(value), _) => i64::try_from(value).ok(),
        (None, '两') => Some(2),
        (None, _) => None,
    }
}

fn unit_of(character: char) -> Option<i64> {
    match character {
        '十' => Some(10),
        '百' => Some(100),
        '千' => Some(1_000),
        '万' => Some(10_000),
        '亿' => Some(100_000_000),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn printed_numbers_are_read() {
        let says = |text: &str, number: &str| numbers_said(text).contains(&number.parse().unwrap());
        assert!(says("40余万", "400000") && says("40余万", "40"));
        assert!(says("3千亿元台阶", "300000000000"));
        assert!(says("2842.53万", "28425300"));
        assert!(says("≥５５％", "55"));
        assert!(says("“百家”", "100") && says("十家", "10") && says("五连提", "5") && says("两级", "2"));
        assert!(says("二十五", "25") && says("一百零三", "103"));
        assert!(!says("5622个村居", "562") && !says("全覆盖", "100"));
    }

    #[test]
    fn white_space_and_width_do_not_count() {
        assert_eq!(squeezed("（一） 到2025 年\n，"), "(一)到2025年,"); // half-width
    }
}
