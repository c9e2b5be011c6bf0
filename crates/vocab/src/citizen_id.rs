//! The citizen identity number, GB 11643-1999: 6 digits of area, 8 of birth date, 3 of sequence, one check
//! character by ISO 7064 MOD 11-2.

use std::fmt;
use std::str::FromStr;

use chrono::{Datelike, NaiveDate};
use serde::Serializer;

use crate::text::{read_as_text, ungrouped};
use crate::{Sex, VocabError, full_years};

/// A valid 18-character citizen identity number.
///
/// `Debug` is masked; there is no `Display` and no `Serialize`, so the whole number leaves the program only where
/// somebody wrote [`CitizenId::expose`]. `Ord` follows the text.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CitizenId([u8; 18]);

/// The first two digits of an area: the provinces of GB/T 2260, and 83 which residence permits of Taiwan
/// residents carry (港澳台居民居住证申领发放办法).
const PROVINCES: [&str; 35] = [
    "11", "12", "13", "14", "15", "21", "22", "23", "31", "32", "33", "34", "35", "36", "37", "41", "42",
    "43", "44", "45", "46", "50", "51", "52", "53", "54", "61", "62", "63", "64", "65", "71", "81", "82",
    "83",
];

/// Areas that begin so belong to no place: people invented for tests and synthetic cities.
const SYNTHETIC: &str = "99";

impl CitizenId {
    /// An invented number that no real person can have: area `99` + `area_serial`, sequence `seq` (odd for men).
    ///
    /// # Panics
    /// If `area_serial > 9999`, `seq > 999` or the birth year is outside 1800-2199.
    #[must_use]
    pub fn synthetic(area_serial: u16, born: NaiveDate, seq: u16) -> CitizenId {
        assert!(area_serial <= 9999, "a synthetic area has four digits after 99");
        assert!(seq <= 999, "a sequence number has three digits");
        assert!(plausible_birth(born), "a synthetic person is born between 1800 and 2199");
        let body = format!("{SYNTHETIC}{area_serial:04}{}{seq:03}", born.format("%Y%m%d"));
        let mut text = [0; 18];
        text[..17].copy_from_slice(body.as_bytes());
        text[17] = check_character(&text);
        CitizenId(text)
    }

    /// The whole number. Every call is a place where it leaves the program's care: encrypt, or record why.
    #[must_use]
    pub fn expose(&self) -> &str {
        std::str::from_utf8(&self.0).expect("digits and X are ASCII")
    }

    /// First and last four: `1306**********1524`.
    #[must_use]
    pub fn masked(&self) -> String {
        let text = self.expose();
        format!("{}**********{}", &text[..4], &text[14..])
    }

    /// The last four characters, as people say them at a window.
    #[must_use]
    pub fn last_four(&self) -> &str {
        &self.expose()[14..]
    }

    /// The six digits of the area where the number was first given; not where the person lives now.
    #[must_use]
    pub fn area_code(&self) -> &str {
        &self.expose()[..6]
    }

    /// The birth date in the number.
    #[must_use]
    pub fn born_on(&self) -> NaiveDate {
        birth_date(&self.0).expect("checked when the number was made")
    }

    /// Full years of age on a day; zero before birth.
    #[must_use]
    pub fn age_on(&self, day: NaiveDate) -> u32 {
        full_years(self.born_on(), day)
    }

    /// The registered sex: an odd 17th digit is a man.
    #[must_use]
    pub fn sex(&self) -> Sex {
        if (self.0[16] - b'0').is_multiple_of(2) { Sex::Female } else { Sex::Male }
    }

    /// Whether the number is an invented one (area `99`).
    #[must_use]
    pub fn is_synthetic(&self) -> bool {
        self.expose().starts_with(SYNTHETIC)
    }

    /// For `#[serde(serialize_with = "CitizenId::serialize_exposed")]`: writes the whole number.
    pub fn serialize_exposed<S: Serializer>(id: &CitizenId, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(id.expose())
    }
}

impl FromStr for CitizenId {
    type Err = VocabError;

    /// Accepts full-width digits, a small x and blanks anywhere; then checks length, characters, area, date, check.
    fn from_str(text: &str) -> Result<Self, VocabError> {
        let text = ungrouped(text).to_ascii_uppercase();
        let characters = text.chars().count();
        if characters == 15 && text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(VocabError::CitizenIdOldForm);
        }
        if characters != 18 {
            return Err(VocabError::CitizenIdLength { found: characters });
        }
        let text: [u8; 18] = text.as_bytes().try_into().map_err(|_| VocabError::CitizenIdCharacters)?;
        let (body, last) = (&text[..17], text[17]);
        if !body.iter().all(u8::is_ascii_digit) || !(last.is_ascii_digit() || last == b'X') {
            return Err(VocabError::CitizenIdCharacters);
        }
        let id = CitizenId(text);
        if !id.is_synthetic() && !PROVINCES.contains(&&id.expose()[..2]) {
            return Err(VocabError::CitizenIdArea);
        }
        birth_date(&text).ok_or(VocabError::CitizenIdDate)?;
        if last != check_character(&text) {
            return Err(VocabError::CitizenIdCheck);
        }
        Ok(id)
    }
}

read_as_text!(CitizenId);

impl fmt::Debug for CitizenId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "CitizenId({})", self.masked())
    }
}

/// ISO 7064 MOD 11-2 over the first 17 digits: the weights are the powers of two modulo 11.
fn check_character(text: &[u8; 18]) -> u8 {
    let remainder = text[..17].iter().fold(0_u32, |sum, digit| (sum + u32::from(digit - b'0')) * 2 % 11);
    b"10X98765432"[remainder as usize]
}

fn birth_date(text: &[u8; 18]) -> Option<NaiveDate> {
    let number =
        |digits: &[u8]| digits.iter().fold(0_u32, |number, digit| number * 10 + u32::from(digit - b'0'));
    let year = number(&text[6..10]).cast_signed();
    NaiveDate::from_ymd_opt(year, number(&text[10..12]), number(&text[12..14]))
        .filter(|born| plausible_birth(*born))
}

/// No clock here, so "not in the future" is the caller's check; this keeps out years that are typing errors.
fn plausible_birth(born: NaiveDate) -> bool {
    (1800..2200).contains(&born.year())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().expect("a date")
    }

    #[test]
    fn the_standards_own_examples_are_valid() {
        let id: CitizenId = "11010519491231002X".parse().expect("GB 11643 example");
        assert_eq!(id.born_on(), day("1949-12-31"));
        assert_eq!(id.sex(), Sex::Female);
        assert_eq!(id.area_code(), "110105");
        assert_eq!(id.last_four(), "002X");
        assert_eq!(id.masked(), "1101**********002X");
        assert!(!id.is_synthetic());
        let id: CitizenId = "440524188001010014".parse().expect("GB 11643 example");
        assert_eq!((id.born_on(), id.sex()), (day("1880-01-01"), Sex::Male));
    }

    #[test]
    fn how_people_type_it_does_not_matter() {
        let id: CitizenId = "11010519491231002X".parse().expect("valid");
        for text in [
            " 110105 19491231 002x ",
            "１１０１０５１９４９１２３１００２Ｘ",
            "110105-19491231-002X",
            "\u{3000}11010519491231002ｘ",
        ] {
            assert_eq!(text.parse(), Ok(id), "{text}");
        }
    }

    #[test]
    fn every_kind_of_mistake_has_its_own_sentence() {
        let refused = |text: &str| text.parse::<CitizenId>().expect_err("refused");
        assert_eq!(refused("1101051949123100"), VocabError::CitizenIdLength { found: 16 });
        assert_eq!(refused(""), VocabError::CitizenIdLength { found: 0 });
        assert_eq!(refused("110105491231002"), VocabError::CitizenIdOldForm);
        assert_eq!(refused("1101051949123100AX"), VocabError::CitizenIdCharacters);
        assert_eq!(refused("11010519491231002号"), VocabError::CitizenIdCharacters);
        assert_eq!(refused("X1010519491231002X"), VocabError::CitizenIdCharacters);
        assert_eq!(refused("10010519491231002X"), VocabError::CitizenIdArea);
        assert_eq!(refused("11010519490231002X"), VocabError::CitizenIdDate);
        assert_eq!(refused("11010519491331002X"), VocabError::CitizenIdDate);
        assert_eq!(refused("110105194912310021"), VocabError::CitizenIdCheck);
        assert_eq!(refused("110105194912310021").to_string(), "身份证号码最后一位不对，请核对");
    }

    #[test]
    fn the_whole_number_does_not_leak() {
        let id = CitizenId::synthetic(1, day("1990-02-03"), 5);
        assert_eq!(format!("{id:?}"), format!("CitizenId(9900**********{})", id.last_four()));
        let typed = format!("{}1", id.expose());
        let refused = serde_json::from_str::<CitizenId>(&format!("\"{typed}\"")).expect_err("19 digits");
        assert!(!refused.to_string().contains(id.expose()));
    }

    #[test]
    fn age_counts_full_years() {
        let id = CitizenId::synthetic(0, day("2008-11-03"), 7);
        assert_eq!(id.age_on(day("2026-11-02")), 17);
        assert_eq!(id.age_on(day("2026-11-03")), 18);
    }

    proptest! {
        #[test]
        fn invented_numbers_are_valid_and_known_as_invented(
            area in 0_u16..=9999, days in 0_i64..73_000, seq in 0_u16..=999,
        ) {
            let born = day("1900-01-01") + chrono::Duration::days(days);
            let id = CitizenId::synthetic(area, born, seq);
            prop_assert_eq!(id.expose().parse(), Ok(id));
            prop_assert!(id.is_synthetic());
            prop_assert_eq!(id.born_on(), born);
            prop_assert_eq!(id.sex() == Sex::Male, seq % 2 == 1);
        }

        #[test]
        fn one_wrong_digit_never_passes(
            area in 0_u16..=9999, seq in 0_u16..=999, place in 0_usize..17, digit in 0_u8..10,
        ) {
            let id = CitizenId::synthetic(area, day("1970-06-15"), seq);
            let mut text = id.expose().as_bytes().to_vec();
            prop_assume!(text[place] != b'0' + digit);
            text[place] = b'0' + digit;
            let text = String::from_utf8(text).expect("ASCII");
            prop_assert!(text.parse::<CitizenId>().is_err());
        }

        #[test]
        fn no_text_panics(text in "\\PC{0,24}") {
            let _ = text.parse::<CitizenId>();
        }
    }
}
