//! The unified social credit code, GB 32100-2015.

use std::fmt;
use std::str::FromStr;

use crate::VocabError;
use crate::text::{serde_as_text, ungrouped};

/// A valid 18-character unified social credit code. Organisations are public: it is shown whole.
///
/// Only the last character is checked. The organisation code inside (GB 11714) has a check of its own, but
/// registries have issued codes that break it, so it refuses nothing here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CreditCode([u8; 18]);

/// The standard's 31 characters in the order of their values.
const ALPHABET: &[u8; 31] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";

impl CreditCode {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("the alphabet is ASCII")
    }

    /// Whether a civil-affairs office registered it: `51` association, `52` private non-enterprise unit, `53` foundation.
    #[must_use]
    pub fn is_civil_affairs(&self) -> bool {
        self.0[0] == b'5'
    }

    /// The six digits of the registering office's division.
    #[must_use]
    pub fn area_code(&self) -> &str {
        &self.as_str()[2..8]
    }
}

impl FromStr for CreditCode {
    type Err = VocabError;

    /// Accepts full-width and small letters, blanks and dashes.
    fn from_str(text: &str) -> Result<Self, VocabError> {
        let text = ungrouped(text).to_ascii_uppercase();
        let found = text.chars().count();
        if found != 18 {
            return Err(VocabError::CreditCodeLength { found });
        }
        let text: [u8; 18] = text.as_bytes().try_into().map_err(|_| VocabError::CreditCodeCharacters)?;
        // The 17 weights are the powers of three modulo 31.
        let (mut sum, mut weight) = (0, 1);
        for character in &text[..17] {
            sum += value(*character)? * weight;
            weight = weight * 3 % 31;
        }
        if (sum + value(text[17])?) % 31 != 0 {
            return Err(VocabError::CreditCodeCheck);
        }
        Ok(CreditCode(text))
    }
}

fn value(character: u8) -> Result<usize, VocabError> {
    ALPHABET.iter().position(|other| *other == character).ok_or(VocabError::CreditCodeCharacters)
}

impl fmt::Display for CreditCode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.as_str())
    }
}

serde_as_text!(CreditCode);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn known_codes_are_valid() {
        let code: CreditCode = "91350100M000100Y43".parse().expect("GB 32100 example");
        assert_eq!(code.area_code(), "350100");
        assert!(!code.is_civil_affairs());
        assert_eq!(" 91350100-m000100y4-3 ".parse(), Ok(code));
        assert_eq!("９１３５０１００Ｍ０００１００Ｙ４３".parse(), Ok(code));
        let json = serde_json::to_string(&code).expect("serialises");
        assert_eq!(serde_json::from_str::<CreditCode>(&json).expect("parses"), code);
    }

    #[test]
    fn mistakes_have_their_own_sentences() {
        let refused = |text: &str| text.parse::<CreditCode>().expect_err("refused");
        assert_eq!(refused("91350100M000100Y4"), VocabError::CreditCodeLength { found: 17 });
        assert_eq!(refused("91350100M000100Y44"), VocabError::CreditCodeCheck);
        assert_eq!(refused("9135O100M000100Y43"), VocabError::CreditCodeCharacters);
        assert_eq!(refused("91350100M000100Y4号"), VocabError::CreditCodeCharacters);
    }

    proptest! {
        #[test]
        fn one_wrong_character_never_passes(place in 0_usize..18, other in 0_usize..31) {
            let mut text = *b"91350100M000100Y43";
            prop_assume!(text[place] != ALPHABET[other]);
            text[place] = ALPHABET[other];
            let text = std::str::from_utf8(&text).expect("ASCII");
            prop_assert_eq!(text.parse::<CreditCode>(), Err(VocabError::CreditCodeCheck));
        }

        #[test]
        fn no_text_panics(text in "\\PC{0,24}") {
            let _ = text.parse::<CreditCode>();
        }
    }
}
