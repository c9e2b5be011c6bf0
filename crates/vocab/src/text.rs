//! What the words share in reading text: half-width letters, and serde through the displayed text.

/// Full-width ASCII (`１`, `，`, `Ｘ`) and the ideographic space as their half-width forms.
#[must_use]
pub fn half_width(text: &str) -> String {
    text.chars()
        .map(|character| match character {
            '\u{FF01}'..='\u{FF5E}' => char::from_u32(u32::from(character) - 0xFEE0).unwrap_or(character),
            '\u{3000}' | '\u{00A0}' => ' ',
            other => other,
        })
        .collect()
}

/// Half-width, without any white space or dash: how people group the digits of long numbers.
pub(crate) fn ungrouped(text: &str) -> String {
    half_width(text)
        .chars()
        .filter(|character| {
            !character.is_whitespace()
                && !matches!(character, '-' | '\u{2010}'..='\u{2015}' | '\u{200B}' | '\u{FEFF}')
        })
        .collect()
}

/// `Deserialize` through `FromStr`: the text is validated on the way in.
macro_rules! read_as_text {
    ($word:ty) => {
        impl<'de> serde::Deserialize<'de> for $word {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <String as serde::Deserialize>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

/// `Serialize` through `Display` and `Deserialize` through `FromStr`.
macro_rules! serde_as_text {
    ($word:ty) => {
        impl serde::Serialize for $word {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }
        crate::text::read_as_text!($word);
    };
}

pub(crate) use {read_as_text, serde_as_text};
