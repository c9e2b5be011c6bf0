//! The words under which a person is found: characters of the name, pinyin, initials, and the divisions above.
//!
//! Every word is ASCII, so that both databases cut the text alike and a character too rare for their
//! tables is found all the same: `u5f20 u4e09 x5f20g4e09 pzs qzhangsan d3 d12`. A name is found by any run of its
//! characters (a phrase), by its initials or by the beginning of its pinyin. The division words put
//! the scope into the index.

use pinyin::ToPinyin;
use store::{Backend, DivisionId};

/// Surnames whose reading as a surname is not the first in the dictionary.
const SURNAMES: &[(&str, &str)] = &[
    ("万俟", "moqi"),
    ("尉迟", "yuchi"),
    ("长孙", "zhangsun"),
    ("澹台", "tantai"),
    ("单于", "chanyu"),
    ("单", "shan"),
    ("查", "zha"),
    ("解", "xie"),
    ("仇", "qiu"),
    ("区", "ou"),
    ("朴", "piao"),
    ("任", "ren"),
    ("华", "hua"),
    ("曾", "zeng"),
    ("盖", "ge"),
    ("乐", "yue"),
    ("缪", "miao"),
    ("冼", "xian"),
    ("洗", "xian"),
    ("折", "she"),
    ("员", "yun"),
    ("翟", "zhai"),
    ("卜", "bu"),
    ("牟", "mou"),
    ("覃", "qin"),
    ("燕", "yan"),
    ("哈", "ha"),
    ("宓", "mi"),
    ("秘", "bi"),
    ("种", "chong"),
    ("黑", "he"),
    ("盛", "sheng"),
    ("繁", "po"),
    ("祭", "zhai"),
    ("宿", "su"),
    ("褚", "chu"),
    ("晟", "cheng"),
    ("尹", "yin"),
    ("车", "che"),
    ("石", "shi"),
    ("葛", "ge"),
    ("柏", "bai"),
    ("句", "gou"),
    ("阚", "kan"),
    ("幺", "yao"),
    ("召", "shao"),
    ("隗", "wei"),
    ("佴", "nai"),
    ("訾", "zi"),
    ("郗", "xi"),
    ("阙", "que"),
    ("都", "du"),
    ("能", "nai"),
    ("谌", "chen"),
    ("尉", "wei"),
    ("强", "qiang"),
    ("逄", "pang"),
    ("乜", "nie"),
    ("适", "kuo"),
    ("藏", "zang"),
    ("重", "chong"),
];

/// Characters in names that the dictionary's first reading gets wrong more often than right.
const GIVEN: &[(char, &str)] =
    &[('长', "chang"), ('行', "xing"), ('乐', "le"), ('晟', "sheng"), ('茜', "qian"), ('曾', "zeng")];

/// The pinyin of each character of a name, the surname as surnames are read.
pub(crate) fn readings(name: &str) -> Vec<String> {
    let surname = SURNAMES.iter().find(|(surname, _)| name.starts_with(surname));
    let mut given = name;
    let mut all = Vec::new();
    if let Some((surname, reading)) = surname {
        // A double surname's reading is cut where its second syllable begins.
        let mut characters = surname.chars();
        match (characters.next(), characters.next()) {
            (Some(_), Some(second)) => {
                let second = plain(second);
                match second.filter(|second| reading.ends_with(second.as_str())) {
                    Some(second) => {
                        all.push(reading[..reading.len() - second.len()].to_owned());
                        all.push(second);
                    }
                    None => all.push((*reading).to_owned()),
                }
            }
            _ => all.push((*reading).to_owned()),
        }
        given = &name[surname.len()..];
    }
    all.extend(given.chars().filter_map(|c| {
        GIVEN
            .iter()
            .find(|(character, _)| *character == c)
            .map_or_else(|| plain(c), |(_, r)| Some((*r).to_owned()))
    }));
    all
}

fn plain(c: char) -> Option<String> {
    if c.is_ascii_alphabetic() {
        Some(c.to_ascii_lowercase().to_string())
    } else {
        c.to_pinyin().map(|reading| reading.plain().replace('ü', "v"))
    }
}

fn characters(name: &str) -> impl Iterator<Item = char> {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase)
}

/// The words of a person: the name, and every division above the places where they are registered and live.
pub(super) fn words(name: &str, divisions: &[DivisionId]) -> String {
    let mut words: Vec<String> = characters(name).map(|c| format!("u{:x}", u32::from(c))).collect();
    words.push(whole(name));
    let readings = readings(name);
    let initials: String = readings.iter().filter_map(|reading| reading.chars().next()).collect();
    if !initials.is_empty() {
        words.push(format!("p{initials}"));
        words.push(format!("q{}", readings.concat()));
    }
    let mut divisions = divisions.to_vec();
    divisions.sort_unstable();
    divisions.dedup();
    words.extend(divisions.iter().map(|division| format!("d{}", division.0)));
    words.join(" ")
}

/// What was typed into the search field for a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum NameQuery {
    /// A run of characters of the name.
    Characters(String),
    /// Letters: initials, or the beginning of the pinyin, or a foreign name.
    Letters(String),
}

impl NameQuery {
    pub(super) fn read(text: &str) -> Option<NameQuery> {
        let text: String = characters(text).collect();
        if text.is_empty() {
            None
        } else if text.chars().all(|c| c.is_ascii_alphabetic()) {
            Some(NameQuery::Letters(text))
        } else {
            Some(NameQuery::Characters(text))
        }
    }

    /// The full-text expression for exactly this name, or exactly these initials or this pinyin, inside a division.
    pub(super) fn exact(&self, backend: Backend, division: Option<DivisionId>) -> String {
        inside(backend, &self.exactly(backend), division)
    }

    fn exactly(&self, backend: Backend) -> String {
        let Signs { or, .. } = Signs::of(backend);
        match self {
            NameQuery::Characters(text) => whole(text),
            NameQuery::Letters(letters) => format!("(p{letters} {or} q{letters})"),
        }
    }

    /// The full-text expression for names that contain it and are not exactly it, inside a division.
    pub(super) fn others(&self, backend: Backend, division: Option<DivisionId>) -> String {
        let Signs { not, .. } = Signs::of(backend);
        format!("({}) {not} {}", self.wide(backend, division), self.exactly(backend))
    }

    /// The full-text expression for names that contain it, inside a division; none is everywhere.
    pub(super) fn wide(&self, backend: Backend, division: Option<DivisionId>) -> String {
        let Signs { or, next, star, .. } = Signs::of(backend);
        let run =
            |text: &str| text.chars().map(|c| format!("u{:x}", u32::from(c))).collect::<Vec<_>>().join(next);
        let name = match self {
            NameQuery::Characters(text) => run(text),
            NameQuery::Letters(letters) => {
                // Two letters begin the pinyin of a tenth of everybody: they are read as initials, or a whole name.
                let star = if letters.len() > 2 { star } else { "" };
                format!("p{letters}{star} {or} q{letters}{star} {or} ({})", run(letters))
            }
        };
        inside(backend, &format!("({name})"), division)
    }
}

/// The division is a word of the index; whoever sees the whole place needs none.
fn inside(backend: Backend, name: &str, division: Option<DivisionId>) -> String {
    match division {
        Some(division) => format!("{name} {} d{}", Signs::of(backend).and, division.0),
        None => name.to_owned(),
    }
}

/// How each database writes its full-text expressions.
struct Signs {
    and: &'static str,
    not: &'static str,
    or: &'static str,
    next: &'static str,
    star: &'static str,
}

impl Signs {
    fn of(backend: Backend) -> Signs {
        match backend {
            Backend::Sqlite => Signs { and: "AND", not: "NOT", or: "OR", next: " + ", star: " *" },
            Backend::Postgres => Signs { and: "&", not: "& !", or: "|", next: " <-> ", star: ":*" },
        }
    }
}

/// The word of a whole name; `g` is no hexadecimal digit.
fn whole(name: &str) -> String {
    format!("x{}", characters(name).map(|c| format!("{:x}", u32::from(c))).collect::<Vec<_>>().join("g"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_gives_characters_initials_and_pinyin() {
        assert_eq!(
            words("张三", &[DivisionId(12), DivisionId(3), DivisionId(12)]),
            "u5f20 u4e09 x5f20g4e09 pzs qzhangsan d3 d12"
        );
        assert_eq!(words("单雄信", &[]), "u5355 u96c4 u4fe1 x5355g96c4g4fe1 psxx qshanxiongxin");
        assert_eq!(words("尉迟恭", &[]), "u5c09 u8fdf u606d x5c09g8fdfg606d pycg qyuchigong");
        assert_eq!(
            words("艾力·买买提", &[]),
            "u827e u529b u4e70 u4e70 u63d0 x827eg529bg4e70g4e70g63d0 palmmt qailimaimaiti"
        );
        assert_eq!(words("Wu Li", &[]), "u77 u75 u6c u69 x77g75g6cg69 pwuli qwuli");
    }

    #[test]
    fn a_rare_character_is_a_word_too() {
        assert!(words("王\u{2ce7c}", &[]).starts_with("u738b u2ce7c"));
    }

    #[test]
    fn expressions_carry_the_division() {
        let query = NameQuery::read("张 三").unwrap();
        assert_eq!(query.wide(Backend::Sqlite, Some(DivisionId(7))), "(u5f20 + u4e09) AND d7");
        assert_eq!(query.wide(Backend::Postgres, Some(DivisionId(7))), "(u5f20 <-> u4e09) & d7");
        let query = NameQuery::read("zsf").unwrap();
        assert_eq!(
            query.wide(Backend::Sqlite, Some(DivisionId(7))),
            "(pzsf * OR qzsf * OR (u7a + u73 + u66)) AND d7"
        );
        assert_eq!(
            NameQuery::read("zs").unwrap().others(Backend::Sqlite, None),
            "((pzs OR qzs OR (u7a + u73))) NOT (pzs OR qzs)"
        );
        assert_eq!(
            NameQuery::read("张三").unwrap().others(Backend::Postgres, Some(DivisionId(7))),
            "((u5f20 <-> u4e09) & d7) & ! x5f20g4e09"
        );
        assert_eq!(NameQuery::read(" - "), None);
    }
}
