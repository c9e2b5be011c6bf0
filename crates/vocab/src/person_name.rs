//! Names of people as their papers have them.

use std::fmt;
use std::str::FromStr;

use crate::VocabError;
use crate::text::{half_width, serde_as_text};

/// A name of 1-50 characters: Han (rare ones beyond the basic plane too), Latin letters, `·`, and between Latin
/// words blanks, hyphens and apostrophes. Trimmed, with one kind of dot; otherwise kept as written.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PersonName(String);

const LONGEST: usize = 50;

impl PersonName {
    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// All but the first character hidden: `王**`.
    #[must_use]
    pub fn masked(&self) -> String {
        self.0
            .chars()
            .enumerate()
            .map(|(place, character)| if place == 0 { character } else { '*' })
            .collect()
    }
}

impl FromStr for PersonName {
    type Err = VocabError;

    fn from_str(text: &str) -> Result<Self, VocabError> {
        let text = half_width(text);
        let words: Vec<&str> = text.split_whitespace().collect();
        let mut name = String::new();
        for word in &words {
            // "张 三" is set apart for looks; "Maria Silva" is two words.
            if name.ends_with(is_latin) && word.starts_with(is_latin) {
                name.push(' ');
            }
            name.extend(word.chars().map(|character| if is_dot(character) { '·' } else { character }));
        }
        if name.is_empty() {
            return Err(VocabError::NameEmpty);
        }
        if name.chars().count() > LONGEST {
            return Err(VocabError::NameLength);
        }
        if let Some(character) = name.chars().find(|character| !stands_in_names(*character)) {
            return Err(VocabError::NameCharacter { character });
        }
        let edge = |character: char| !is_han(character) && !is_latin(character);
        let doubled = name.contains("··").then_some('·');
        let outer = name
            .chars()
            .next()
            .filter(|first| edge(*first))
            .or(name.chars().last().filter(|last| edge(*last)));
        match doubled.or(outer) {
            Some(character) => Err(VocabError::NameCharacter { character }),
            None => Ok(PersonName(name)),
        }
    }
}

/// The dots that keyboards and old systems put between the parts of a name; U+00B7 is the right one.
fn is_dot(character: char) -> bool {
    matches!(
        character,
        '·' | '•' | '‧' | '∙' | '⋅' | '・' | '･' | '●' | '.' | '。' | '．' | '\u{0387}' | '\u{FE52}'
    )
}

fn is_latin(character: char) -> bool {
    character.is_ascii_alphabetic()
        || (matches!(character, '\u{00C0}'..='\u{024F}' | '\u{1E00}'..='\u{1EFF}')
            && character.is_alphabetic())
}

/// Han ideographs: the unified blocks up to extension J, the compatibility blocks, and 〇 and 々.
fn is_han(character: char) -> bool {
    matches!(character,
        '〇' | '々'
        | '\u{3400}'..='\u{4DBF}'
        | '\u{4E00}'..='\u{9FFF}'
        | '\u{F900}'..='\u{FAFF}'
        | '\u{20000}'..='\u{2FA1F}'
        | '\u{30000}'..='\u{3347F}')
}

fn stands_in_names(character: char) -> bool {
    is_han(character) || is_latin(character) || matches!(character, '·' | ' ' | '-' | '\'' | '’')
}

impl fmt::Display for PersonName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(&self.0)
    }
}

serde_as_text!(PersonName);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_are_kept_as_the_papers_have_them() {
        for (text, name) in [
            ("王小明", "王小明"),
            (" 张 三 ", "张三"),
            ("张\u{3000}三", "张三"),
            ("艾力·买买提", "艾力·买买提"),
            ("艾力.买买提", "艾力·买买提"),
            ("艾力．买买提", "艾力·买买提"),
            ("艾力•买买提", "艾力·买买提"),
            ("欧阳\u{20BB7}", "欧阳\u{20BB7}"),
            ("李〇", "李〇"),
            ("Maria  da Silva", "Maria da Silva"),
            ("Anne-Marie O'Neil", "Anne-Marie O'Neil"),
            ("Ｊｏｈｎ", "John"),
            ("José", "José"),
        ] {
            assert_eq!(
                text.parse::<PersonName>().map(|name| name.to_string()),
                Ok(name.to_string()),
                "{text}"
            );
        }
        assert_eq!("王小明".parse::<PersonName>().expect("a name").masked(), "王**");
    }

    #[test]
    fn what_is_no_name_is_refused() {
        let refused = |text: &str| text.parse::<PersonName>().expect_err("refused");
        assert_eq!(refused(" "), VocabError::NameEmpty);
        assert_eq!(refused(&"王".repeat(51)), VocabError::NameLength);
        for (text, character) in [
            ("王3", '3'),
            ("王小明(代)", '('),
            ("·王", '·'),
            ("王·", '·'),
            ("艾力··买", '·'),
            ("王\u{E000}", '\u{E000}'),
            ("<b>", '<'),
            ("王,李", ','),
            ("王😀", '😀'),
        ] {
            assert_eq!(refused(text), VocabError::NameCharacter { character }, "{text}");
        }
    }

    proptest! {
        #[test]
        fn an_accepted_name_reads_back_unchanged(text in "[\u{4E00}-\u{9FFF}\u{20000}-\u{2A6DF}A-Za-z· .'-]{0,60}") {
            if let Ok(name) = text.parse::<PersonName>() {
                prop_assert_eq!(name.as_str().parse(), Ok(name.clone()));
                let json = serde_json::to_string(&name).expect("serialises");
                prop_assert_eq!(serde_json::from_str::<PersonName>(&json).expect("parses"), name);
            }
        }
    }
}
