//! Bank accounts that benefits are paid into.

use std::fmt;
use std::str::FromStr;

use serde::Serializer;

use crate::VocabError;
use crate::text::{read_as_text, ungrouped};

/// An account or card number of 12-30 digits.
///
/// Only UnionPay cards (16-19 digits beginning `62`) carry a Luhn digit that can be checked; passbooks and rural
/// cooperatives number as they like. `Debug` is masked; no `Display`, no `Serialize`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BankAccount(String);

impl BankAccount {
    /// The whole number.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Everything but the last four hidden, in groups of four as on a card: `**** **** **** 1234`.
    #[must_use]
    pub fn masked(&self) -> String {
        format!("**** **** **** {}", self.last_four())
    }

    /// The last four digits.
    #[must_use]
    pub fn last_four(&self) -> &str {
        &self.0[self.0.len() - 4..]
    }

    /// For `#[serde(serialize_with = "BankAccount::serialize_exposed")]`: writes the whole number.
    pub fn serialize_exposed<S: Serializer>(account: &BankAccount, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(account.expose())
    }
}

impl FromStr for BankAccount {
    type Err = VocabError;

    /// Accepts blanks, dashes and full-width digits.
    fn from_str(text: &str) -> Result<Self, VocabError> {
        let digits = ungrouped(text);
        if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(VocabError::BankAccountCharacters);
        }
        if !(12..=30).contains(&digits.len()) {
            return Err(VocabError::BankAccountLength { found: digits.len() });
        }
        let card = (16..=19).contains(&digits.len()) && digits.starts_with("62");
        if card && !luhn(digits.as_bytes()) {
            return Err(VocabError::BankAccountCheck);
        }
        Ok(BankAccount(digits))
    }
}

/// ISO/IEC 7812-1: from the right every second digit doubled, digits summed, a multiple of ten.
fn luhn(digits: &[u8]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(place, digit)| {
            let digit = u32::from(digit - b'0');
            if place.is_multiple_of(2) { digit } else { digit * 2 / 10 + digit * 2 % 10 }
        })
        .sum();
    sum.is_multiple_of(10)
}

read_as_text!(BankAccount);

impl fmt::Debug for BankAccount {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "BankAccount({})", self.masked())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A card number with its Luhn digit, from everything before it.
    fn card(body: &str) -> String {
        (0..10)
            .map(|last| format!("{body}{last}"))
            .find(|text| luhn(text.as_bytes()))
            .expect("one of ten fits")
    }

    #[test]
    fn cards_are_checked_and_passbooks_are_not() {
        assert!(luhn(b"79927398713"), "the textbook example");
        let text = card("622202000000000000");
        let account: BankAccount = text.parse().expect("a card");
        assert_eq!(account.expose(), text);
        assert_eq!(account.masked(), format!("**** **** **** {}", account.last_four()));
        assert!(!format!("{account:?}").contains("6222"));
        let grouped = format!("{} {}-{} {}", &text[..4], &text[4..8], &text[8..12], &text[12..]);
        assert_eq!(grouped.parse(), Ok(account));
        assert!("0473000000000001".parse::<BankAccount>().is_ok(), "a passbook has no Luhn digit");
        assert!("62220200000000000001234".parse::<BankAccount>().is_ok(), "23 digits are no card");
    }

    #[test]
    fn mistakes_have_their_own_sentences() {
        let refused = |text: &str| text.parse::<BankAccount>().expect_err("refused");
        assert_eq!(refused("12345678901"), VocabError::BankAccountLength { found: 11 });
        assert_eq!(refused(""), VocabError::BankAccountLength { found: 0 });
        assert_eq!(refused(&"1".repeat(31)), VocabError::BankAccountLength { found: 31 });
        assert_eq!(refused("62220200000000000X"), VocabError::BankAccountCharacters);
    }

    proptest! {
        #[test]
        fn one_wrong_digit_of_a_card_never_passes(body in "62[0-9]{16}", place in 2_usize..19, digit in 0_u8..10) {
            let text = card(&body);
            prop_assert!(text.parse::<BankAccount>().is_ok());
            let mut wrong = text.into_bytes();
            prop_assume!(wrong[place] != b'0' + digit);
            wrong[place] = b'0' + digit;
            let wrong = String::from_utf8(wrong).expect("ASCII");
            prop_assert_eq!(wrong.parse::<BankAccount>(), Err(VocabError::BankAccountCheck));
        }
    }
}
