//! Telephone numbers of the mainland.

use std::fmt;
use std::str::FromStr;

use serde::Serializer;

use crate::VocabError;
use crate::text::{read_as_text, ungrouped};

/// A mainland mobile (`13800138000`) or landline number (`0473-2012345`).
///
/// `Debug` is masked; no `Display`, no `Serialize`: show [`Phone::masked`], store [`Phone::expose`] encrypted.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Phone(String);

impl Phone {
    /// The whole number; a landline has one dash after its area code.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// `138****8000`, or for a landline `0473-*****45`.
    #[must_use]
    pub fn masked(&self) -> String {
        match self.0.split_once('-') {
            Some((area, local)) => {
                let (hidden, shown) = local.split_at(local.len() - 2);
                format!("{area}-{}{shown}", "*".repeat(hidden.len()))
            }
            None => format!("{}****{}", &self.0[..3], &self.0[7..]),
        }
    }

    /// The last four digits.
    #[must_use]
    pub fn last_four(&self) -> &str {
        &self.0[self.0.len() - 4..]
    }

    /// Whether it can get a text message.
    #[must_use]
    pub fn is_mobile(&self) -> bool {
        !self.0.contains('-')
    }

    /// For `#[serde(serialize_with = "Phone::serialize_exposed")]`: writes the whole number.
    pub fn serialize_exposed<S: Serializer>(phone: &Phone, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(phone.expose())
    }
}

impl FromStr for Phone {
    type Err = VocabError;

    /// Accepts blanks, dashes, brackets around the area code, a leading `+86`, full-width digits.
    fn from_str(text: &str) -> Result<Self, VocabError> {
        let text: String =
            ungrouped(text).chars().filter(|character| !matches!(character, '(' | ')')).collect();
        let abroad = text.strip_prefix("+86").or_else(|| text.strip_prefix("0086"));
        // A lone 86 is the country only before a mobile number: no mobile begins with 8.
        let digits =
            abroad.or_else(|| text.strip_prefix("86").filter(|rest| rest.len() == 11)).unwrap_or(&text);
        if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(VocabError::Phone);
        }
        // From abroad the zero of an area code is left out; Beijing's 10 with eight digits is shorter than a mobile.
        let mobile = digits.starts_with('1') && digits.len() == 11;
        let zero = if abroad.is_some() && !mobile && !digits.starts_with('0') { "0" } else { "" };
        let digits = format!("{zero}{digits}");
        let number = digits.as_bytes();
        match number {
            [b'1', b'3'..=b'9', ..] if number.len() == 11 => Ok(Phone(digits)),
            // Beijing and the 02x cities have three digits and eight behind; all others four and seven or eight.
            [b'0', b'1', b'0', b'2'..=b'8', ..] | [b'0', b'2', _, b'2'..=b'8', ..] if number.len() == 11 => {
                Ok(Phone(format!("{}-{}", &digits[..3], &digits[3..])))
            }
            [b'0', b'3'..=b'9', _, _, b'2'..=b'8', ..] if matches!(number.len(), 11 | 12) => {
                Ok(Phone(format!("{}-{}", &digits[..4], &digits[4..])))
            }
            _ => Err(VocabError::Phone),
        }
    }
}

read_as_text!(Phone);

impl fmt::Debug for Phone {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Phone({})", self.masked())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_are_read_as_people_write_them() {
        for (text, whole, masked) in [
            ("13800138000", "13800138000", "138****8000"),
            ("138 0013-8000", "13800138000", "138****8000"),
            ("+86 13800138000", "13800138000", "138****8000"),
            ("8613800138000", "13800138000", "138****8000"),
            ("１３８００１３８０００", "13800138000", "138****8000"),
            ("0473-2012345", "0473-2012345", "0473-*****45"),
            ("(0473)2012345", "0473-2012345", "0473-*****45"),
            ("+86 473 2012345", "0473-2012345", "0473-*****45"),
            ("+86 (10) 66668888", "010-66668888", "010-******88"),
            ("010-66668888", "010-66668888", "010-******88"),
            ("02166668888", "021-66668888", "021-******88"),
            ("0755 26668888", "0755-26668888", "0755-******88"),
        ] {
            let phone: Phone = text.parse().expect(text);
            assert_eq!((phone.expose(), phone.masked().as_str()), (whole, masked));
            assert_eq!(format!("{phone:?}"), format!("Phone({masked})"));
            assert_eq!(phone.expose().parse(), Ok(phone.clone()));
        }
        assert!("13800138000".parse::<Phone>().expect("valid").is_mobile());
        assert!(!"0473-2012345".parse::<Phone>().expect("valid").is_mobile());
    }

    #[test]
    fn what_nobody_can_ring_is_refused() {
        for text in [
            "",
            "12345",
            "12800138000",
            "1380013800",
            "138001380001",
            "2012345",
            "0473-1012345",
            "010-6666888",
            "电话",
            "138001380OO",
        ] {
            assert_eq!(text.parse::<Phone>(), Err(VocabError::Phone), "{text}");
        }
    }

    proptest! {
        #[test]
        fn mobiles_read_back(second in 3_u8..=9, rest in 0_u32..1_000_000_000) {
            let text = format!("1{second}{rest:09}");
            let phone: Phone = text.parse().expect("a mobile");
            prop_assert_eq!(phone.expose(), text.as_str());
            prop_assert!(phone.masked().ends_with(phone.last_four()));
        }

        #[test]
        fn no_text_panics(text in "[0-9+()\\-号]{0,16}|\\PC{0,20}") {
            if let Ok(phone) = text.parse::<Phone>() {
                prop_assert!(phone.masked().contains('*'));
            }
        }
    }
}
