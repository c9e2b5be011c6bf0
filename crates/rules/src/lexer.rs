//! Characters into tokens. Full-width punctuation, letters and figures are read as their half-width forms (outside of
//! quotes), as a Chinese keyboard writes them. 且 或 非 are operators only as whole words: beside white space,
//! punctuation or brackets; inside a word they are part of the name (非农收入).

use crate::diagnostic::{Diagnostic, Span};
use crate::rational::Rational;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Token {
    /// A name or a keyword, as written.
    Word(String),
    Number(Rational),
    Text(String),
    /// One of `( ) [ ] , . + - * / = <> < <= > >=`.
    Sign(&'static str),
    End,
}

/// Longest expression, in characters.
const CHARACTERS_MAX: usize = 20_000;

/// The half-width form of a full-width character.
fn narrow(c: char) -> char {
    match c {
        '\u{FF01}'..='\u{FF5E}' => char::from_u32(c as u32 - 0xFEE0).unwrap_or(c),
        '\u{3000}' => ' ',
        _ => c,
    }
}

fn starts_word(c: char) -> bool {
    c.is_alphabetic() || c == '_'
}

fn continues_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The tokens of `text` with their places, the last one `End`.
pub(crate) fn tokens(text: &str) -> Result<Vec<(Token, Span)>, Diagnostic> {
    let written: Vec<char> = text.chars().collect();
    if written.len() > CHARACTERS_MAX {
        return Err(Diagnostic::new(
            Span { start: CHARACTERS_MAX, end: written.len() },
            format!("式子超过 {CHARACTERS_MAX} 字，请拆成几个定义"),
            format!("the expression is longer than {CHARACTERS_MAX} characters; split it into definitions"),
        ));
    }
    let chars: Vec<char> = written.iter().copied().map(narrow).collect();
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(&c) = chars.get(at) {
        let start = at;
        let token = if c.is_whitespace() || c == '\u{FEFF}' {
            at += 1;
            continue;
        } else if starts_word(c) {
            while chars.get(at).is_some_and(|c| continues_word(*c)) {
                at += 1;
            }
            Token::Word(chars[start..at].iter().collect())
        } else if c.is_ascii_digit() {
            number(&chars, &mut at)?
        } else if matches!(c, '\'' | '‘') {
            quoted(&written, &mut at)?
        } else {
            sign(&chars, &mut at)?
        };
        found.push((token, Span { start, end: at }));
    }
    found.push((Token::End, Span { start: chars.len(), end: chars.len() }));
    Ok(found)
}

fn number(chars: &[char], at: &mut usize) -> Result<Token, Diagnostic> {
    let start = *at;
    let figures = |at: &mut usize| {
        while chars.get(*at).is_some_and(char::is_ascii_digit) {
            *at += 1;
        }
    };
    figures(at);
    if chars.get(*at) == Some(&'.') && chars.get(*at + 1).is_some_and(char::is_ascii_digit) {
        *at += 1;
        figures(at);
    }
    let text: String = chars[start..*at].iter().collect();
    let span = Span { start, end: *at };
    if let Some(next) = chars.get(*at).filter(|c| continues_word(**c) || **c == '%') {
        let diagnostic = Diagnostic::new(
            Span { start, end: *at + 1 },
            format!("数 {text} 后面不能紧跟 {next}"),
            format!("the number {text} must not be followed by {next}"),
        );
        return Err(match next {
            '且' | '或' | '非' => diagnostic.suggest(format!("{text} {next}（两边留空格）")),
            '%' => diagnostic.suggest(format!("{text} / 100")),
            _ => diagnostic,
        });
    }
    text.parse()
        .map(Token::Number)
        .map_err(|_| Diagnostic::new(span, format!("{text} 不是数"), format!("{text} is not a number")))
}

/// A text in single quotes; a quote inside it is written twice.
fn quoted(written: &[char], at: &mut usize) -> Result<Token, Diagnostic> {
    let start = *at;
    let close = match written[start] {
        '‘' => '’',
        other => other,
    };
    let mut text = String::new();
    *at += 1;
    loop {
        match written.get(*at) {
            None => {
                return Err(Diagnostic::new(
                    Span { start, end: written.len() },
                    format!("文字没有结束的引号 {close}"),
                    format!("the text has no closing quote {close}"),
                ));
            }
            Some(c) if *c == close => {
                *at += 1;
                if written.get(*at) == Some(&close) {
                    text.push(close);
                    *at += 1;
                } else {
                    return Ok(Token::Text(text));
                }
            }
            Some(c) => {
                text.push(*c);
                *at += 1;
            }
        }
    }
}

fn sign(chars: &[char], at: &mut usize) -> Result<Token, Diagnostic> {
    let pair = (chars[*at], chars.get(*at + 1).copied());
    let refuse = |length: usize, instead: &str| {
        let found: String = chars[*at..(*at + length).min(chars.len())].iter().collect();
        Diagnostic::new(
            Span { start: *at, end: (*at + length).min(chars.len()) },
            if instead.is_empty() {
                format!("不认识的符号 {found}")
            } else {
                format!("不认识的符号 {found}，应写 {instead}")
            },
            if instead.is_empty() {
                format!("unknown sign {found}")
            } else {
                format!("unknown sign {found}; write {instead}")
            },
        )
    };
    let refuse = |length: usize, instead: &str| {
        let diagnostic = refuse(length, instead);
        Err(if instead.is_empty() { diagnostic } else { diagnostic.suggest(instead) })
    };
    let (sign, length) = match pair {
        ('<', Some('>')) => ("<>", 2),
        ('<', Some('=')) => ("<=", 2),
        ('>', Some('=')) => (">=", 2),
        ('=', Some('=')) => return refuse(2, "="),
        ('!', Some('=')) => return refuse(2, "<>"),
        ('=', Some('>')) => return refuse(2, ">="),
        ('-', Some('-')) => {
            return Err(Diagnostic::new(
                Span { start: *at, end: *at + 2 },
                "-- 在 SQL 里是注释，式子里不写注释；两次取负请加括号",
                "-- is a comment in SQL; expressions carry no comments; put brackets around a double minus",
            ));
        }
        ('(', _) => ("(", 1),
        (')', _) => (")", 1),
        ('[', _) => ("[", 1),
        (']', _) => ("]", 1),
        (',', _) => (",", 1),
        ('.', _) => (".", 1),
        ('+', _) => ("+", 1),
        ('-', _) => ("-", 1),
        ('*', _) => ("*", 1),
        ('/', _) => ("/", 1),
        ('=', _) => ("=", 1),
        ('<', _) => ("<", 1),
        ('>', _) => (">", 1),
        ('≤', _) => return refuse(1, "<="),
        ('≥', _) => return refuse(1, ">="),
        ('≠', _) => return refuse(1, "<>"),
        ('×', _) => return refuse(1, "*"),
        ('÷', _) => return refuse(1, "/"),
        ('、' | ';', _) => return refuse(1, ","),
        ('。', _) => return refuse(1, "."),
        ('&', Some('&')) => return refuse(2, "AND"),
        ('|', Some('|')) => return refuse(2, "OR"),
        ('!', _) => return refuse(1, "NOT"),
        ('"' | '“' | '”' | '「' | '」' | '`', _) => return refuse(1, "'"),
        ('【' | '{', _) => return refuse(1, "("),
        ('】' | '}', _) => return refuse(1, ")"),
        _ => return refuse(1, ""),
    };
    *at += length;
    Ok(Token::Sign(sign))
}
