//! Money. Whole fen in an `i64`: sums are exact, overflow is an answer (`None`), never a wrong number.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::VocabError;
use crate::text::half_width;

/// An amount of money in fen (1/100 yuan); negative for what is owed back. Serde: the integer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Fen(pub i64);

impl Fen {
    /// Nothing.
    pub const ZERO: Fen = Fen(0);

    /// Reads yuan as people write them: `35.2`, `35.20元`, `¥1,035.20`, full-width digits, a leading minus.
    ///
    /// Exact: more than two decimals are refused, not rounded. Commas must group by three (`1,0000` is refused,
    /// because nobody can say whether a digit or a comma is wrong).
    pub fn from_yuan(text: &str) -> Result<Fen, VocabError> {
        let text = half_width(text);
        let text = text.trim();
        let (negative, text) = match text.strip_prefix(['-', '\u{2212}']) {
            Some(rest) => (true, rest.trim_start()),
            None => (false, text),
        };
        let text = text.strip_prefix(['¥', '\u{FFE5}']).unwrap_or(text);
        let text = text.strip_suffix("元").unwrap_or(text).trim();
        let (yuan, decimals) = match text.split_once('.') {
            Some((yuan, decimals)) if !decimals.is_empty() => (yuan, decimals),
            Some(_) => return Err(VocabError::MoneyForm),
            None => (text, ""),
        };
        let digits = ungroup_thousands(yuan).ok_or(VocabError::MoneyForm)?;
        if !decimals.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(VocabError::MoneyForm);
        }
        if decimals.len() > 2 {
            return Err(VocabError::MoneyDecimals);
        }
        let sign = if negative { "-" } else { "" };
        format!("{sign}{digits}{decimals:0<2}").parse().map(Fen).map_err(|_| VocabError::MoneyTooLarge)
    }

    /// This amount, unless it is negative.
    pub fn not_negative(self) -> Result<Fen, VocabError> {
        if self.is_negative() { Err(VocabError::MoneyNegative) } else { Ok(self) }
    }

    /// Yuan with thousands grouped: `1,035.20`.
    #[must_use]
    pub fn yuan_grouped(self) -> String {
        let digits = (self.0.unsigned_abs() / 100).to_string();
        let mut grouped = String::from(if self.is_negative() { "-" } else { "" });
        for (place, digit) in digits.char_indices() {
            if place > 0 && (digits.len() - place).is_multiple_of(3) {
                grouped.push(',');
            }
            grouped.push(digit);
        }
        format!("{grouped}.{:02}", self.0.unsigned_abs() % 100)
    }

    /// The amount in capital numerals as on vouchers: `壹仟零叁拾伍元贰角整`; negative amounts begin with `负`.
    ///
    /// Zeros and `整` follow 支付结算办法, annex 1. The word `人民币` before it belongs to the form, not to the amount.
    #[must_use]
    pub fn in_words(self) -> String {
        let all = self.0.unsigned_abs();
        let (yuan, jiao, fen) = (all / 100, all / 10 % 10, all % 10);
        let mut words = String::from(if self.is_negative() { "负" } else { "" });
        if yuan > 0 || all == 0 {
            words.push_str(&integer_in_words(yuan));
            words.push('元');
        }
        if jiao > 0 {
            words.push(NUMERALS[jiao as usize]);
            words.push('角');
        } else if fen > 0 && yuan > 0 {
            words.push('零');
        }
        if fen > 0 {
            words.push(NUMERALS[fen as usize]);
            words.push('分');
        } else {
            words.push('整');
        }
        words
    }

    /// The sum, or `None` on overflow.
    #[must_use]
    pub fn checked_add(self, other: Fen) -> Option<Fen> {
        self.0.checked_add(other.0).map(Fen)
    }

    /// The difference, or `None` on overflow.
    #[must_use]
    pub fn checked_sub(self, other: Fen) -> Option<Fen> {
        self.0.checked_sub(other.0).map(Fen)
    }

    /// This amount `times` times, or `None` on overflow.
    #[must_use]
    pub fn checked_mul(self, times: i64) -> Option<Fen> {
        self.0.checked_mul(times).map(Fen)
    }

    /// The sum of all, or `None` on overflow.
    pub fn checked_sum(amounts: impl IntoIterator<Item = Fen>) -> Option<Fen> {
        amounts.into_iter().try_fold(Fen::ZERO, Fen::checked_add)
    }

    /// The same amount the other way. The one amount without an opposite (`i64::MIN`) becomes the greatest.
    #[must_use]
    #[expect(clippy::should_implement_trait, reason = "money has no operators: they would hide overflow")]
    pub fn neg(self) -> Fen {
        Fen(self.0.saturating_neg())
    }

    /// Less than nothing.
    #[must_use]
    pub fn is_negative(self) -> bool {
        self.0 < 0
    }

    /// Exactly nothing.
    #[must_use]
    pub fn is_zero(self) -> bool {
        self.0 == 0
    }
}

const NUMERALS: [char; 10] = ['零', '壹', '贰', '叁', '肆', '伍', '陆', '柒', '捌', '玖'];
const YI: u64 = 100_000_000;
const WAN: u64 = 10_000;

/// A whole number in capital numerals; `零` stands once for any run of zeros inside.
fn integer_in_words(number: u64) -> String {
    for (unit, name) in [(YI, "亿"), (WAN, "万"), (1000, "仟"), (100, "佰"), (10, "拾")] {
        if number >= unit {
            let (high, low) = (number / unit, number % unit);
            let zero = if low > 0 && low < unit / 10 { "零" } else { "" };
            let low = if low > 0 { integer_in_words(low) } else { String::new() };
            return format!("{}{name}{zero}{low}", integer_in_words(high));
        }
    }
    NUMERALS[number as usize].to_string()
}

/// `1,035` as `1035`; `None` if anything but digits or misplaced commas.
fn ungroup_thousands(text: &str) -> Option<String> {
    let groups: Vec<&str> = text.split(',').collect();
    let digits_only = groups.iter().all(|group| group.bytes().all(|byte| byte.is_ascii_digit()));
    let (first, rest) = groups.split_first()?;
    let well_grouped = rest.is_empty() || (first.len() <= 3 && rest.iter().all(|group| group.len() == 3));
    (digits_only && well_grouped && !first.is_empty()).then(|| groups.concat())
}

impl fmt::Display for Fen {
    /// Yuan with two decimals, not grouped: `1035.20`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.is_negative() { "-" } else { "" };
        let all = self.0.unsigned_abs();
        formatter.pad(&format!("{sign}{}.{:02}", all / 100, all % 100))
    }
}

impl FromStr for Fen {
    type Err = VocabError;

    /// As [`Fen::from_yuan`].
    fn from_str(text: &str) -> Result<Self, VocabError> {
        Fen::from_yuan(text)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn yuan_are_read_as_people_write_them() {
        for (text, fen) in [
            ("35.20", 3520),
            ("35.2", 3520),
            ("35", 3500),
            ("0.05", 5),
            (" 35.20元 ", 3520),
            ("35.20 元", 3520),
            ("1,035.20", 103_520),
            ("１，０３５．２０元", 103_520),
            ("¥760", 76_000),
            ("￥760", 76_000),
            ("-35.20", -3520),
            ("007", 700),
            ("92233720368547758.07", i64::MAX),
            ("-92233720368547758.08", i64::MIN),
        ] {
            assert_eq!(Fen::from_yuan(text), Ok(Fen(fen)), "{text}");
        }
    }

    #[test]
    fn what_is_not_exact_money_is_refused_with_its_reason() {
        for text in [
            "",
            "元",
            "abc",
            "3 5",
            "1,0000",
            "1,035,2",
            ",035",
            "35.",
            ".5",
            "--3",
            "+3",
            "1e3",
            "三十五",
            "1.2.3",
        ] {
            assert_eq!(Fen::from_yuan(text), Err(VocabError::MoneyForm), "{text}");
        }
        assert_eq!(Fen::from_yuan("35.201"), Err(VocabError::MoneyDecimals));
        assert_eq!(Fen::from_yuan("92233720368547758.08"), Err(VocabError::MoneyTooLarge));
        assert_eq!(Fen(-1).not_negative(), Err(VocabError::MoneyNegative));
        assert_eq!(Fen(0).not_negative(), Ok(Fen(0)));
    }

    #[test]
    fn amounts_are_shown_plain_and_grouped() {
        assert_eq!(Fen(3520).to_string(), "35.20");
        assert_eq!(Fen(-5).to_string(), "-0.05");
        assert_eq!(format!("{:>8}", Fen(3520)), "   35.20");
        assert_eq!(Fen(103_520).yuan_grouped(), "1,035.20");
        assert_eq!(Fen(-123_456_789).yuan_grouped(), "-1,234,567.89");
        assert_eq!(Fen(99_999).yuan_grouped(), "999.99");
        assert_eq!(Fen(i64::MIN).to_string(), "-92233720368547758.08");
    }

    #[test]
    fn words_follow_the_payment_rules() {
        for (fen, words) in [
            (103_520, "壹仟零叁拾伍元贰角整"),
            (0, "零元整"),
            (5, "伍分"),
            (20, "贰角整"),
            (23, "贰角叁分"),
            (140_950, "壹仟肆佰零玖元伍角整"),
            (600_714, "陆仟零柒元壹角肆分"),
            (168_032, "壹仟陆佰捌拾元叁角贰分"),
            (1_640_902, "壹万陆仟肆佰零玖元零贰分"),
            (32_504, "叁佰贰拾伍元零肆分"),
            (10_700_053, "壹拾万柒仟元伍角叁分"),
            (1_000_000, "壹万元整"),
            (1_000_100, "壹万零壹元整"),
            (1_000_000_000_100, "壹佰亿零壹元整"),
            (10_001_000_000, "壹亿零壹万元整"),
            (-76_000, "负柒佰陆拾元整"),
        ] {
            assert_eq!(Fen(fen).in_words(), words);
        }
        assert!(Fen(i64::MAX).in_words().starts_with("玖亿贰仟贰佰叁拾叁万柒仟贰佰零叁亿"));
    }

    #[test]
    fn overflow_is_an_answer() {
        assert_eq!(Fen(i64::MAX).checked_add(Fen(1)), None);
        assert_eq!(Fen(i64::MIN).checked_sub(Fen(1)), None);
        assert_eq!(Fen(i64::MAX).checked_mul(2), None);
        assert_eq!(Fen::checked_sum([Fen(i64::MAX), Fen(1), Fen(-5)]), None);
        assert_eq!(Fen::checked_sum([Fen(1), Fen(2), Fen(-5)]), Some(Fen(-2)));
        assert_eq!(Fen::checked_sum([]), Some(Fen::ZERO));
    }

    #[test]
    fn serde_is_the_integer() {
        assert_eq!(serde_json::to_string(&Fen(3520)).expect("serialises"), "3520");
        assert_eq!(serde_json::from_str::<Fen>("-3520").expect("parses"), Fen(-3520));
        assert!(serde_json::from_str::<Fen>("35.2").is_err());
    }

    proptest! {
        #[test]
        fn shown_money_reads_back(fen in any::<i64>()) {
            prop_assert_eq!(Fen(fen).to_string().parse(), Ok(Fen(fen)));
            prop_assert_eq!(Fen::from_yuan(&Fen(fen).yuan_grouped()), Ok(Fen(fen)));
        }

        #[test]
        fn no_text_panics(text in "\\PC*") {
            let _ = Fen::from_yuan(&text);
        }
    }
}
