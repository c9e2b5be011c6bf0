//! What the language says about a rule it cannot accept: where (to the character), what is wrong, in Chinese
//! and English, and what was probably meant.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A stretch of an expression, counted in characters (not bytes) from zero, end excluded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Span {
    /// First character.
    pub start: usize,
    /// One past the last character.
    pub end: usize,
}

impl Span {
    /// The smallest stretch that holds both.
    pub fn to(self, other: Span) -> Span {
        Span { start: self.start.min(other.start), end: self.end.max(other.end) }
    }
}

/// Which text of a programme a diagnostic speaks of.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// A single expression compiled by itself.
    Expression,
    /// The programme's own head: its unit shape.
    Programme,
    /// The definition of this id.
    Definition(String),
    /// The condition of this id.
    Condition(String),
    /// The amount.
    Amount,
    /// The review interval.
    ReviewMonths,
    /// The taper.
    TaperMonths,
}

/// One thing wrong with an expression.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Diagnostic {
    /// The text in which it stands.
    pub part: Part,
    /// The characters in question.
    pub span: Span,
    /// What is wrong and how to mend it, in Chinese.
    pub zh: String,
    /// The same in English.
    pub en: String,
    /// What could stand there instead.
    pub suggestion: Option<String>,
}

impl Diagnostic {
    pub(crate) fn new(span: Span, zh: impl Into<String>, en: impl Into<String>) -> Diagnostic {
        Diagnostic { part: Part::Expression, span, zh: zh.into(), en: en.into(), suggestion: None }
    }

    pub(crate) fn suggest(mut self, suggestion: impl Into<String>) -> Diagnostic {
        self.suggestion = Some(suggestion.into());
        self
    }

    /// What [`Display`](fmt::Display) says, in English.
    pub fn english(&self) -> String {
        let place = match &self.part {
            Part::Expression => String::new(),
            Part::Programme => "programme: ".to_owned(),
            Part::Definition(id) => format!("definition {id}: "),
            Part::Condition(id) => format!("condition {id}: "),
            Part::Amount => "amount: ".to_owned(),
            Part::ReviewMonths => "review interval: ".to_owned(),
            Part::TaperMonths => "taper: ".to_owned(),
        };
        format!("{place}character {}: {}", self.span.start + 1, self.en)
    }

    /// Line and column of the span's start in `text`, both from one, the column in characters.
    pub fn position(&self, text: &str) -> (usize, usize) {
        let before = text.chars().take(self.span.start);
        before.fold((1, 1), |(line, column), c| if c == '\n' { (line + 1, 1) } else { (line, column + 1) })
    }

    /// The line of `text` in question with a row of carets under the span, aligned for a
    /// terminal that draws Chinese characters two columns wide.
    pub fn excerpt(&self, text: &str) -> String {
        let (line, column) = self.position(text);
        let content = text.lines().nth(line - 1).unwrap_or("");
        let wide = |c: char| if c as u32 >= 0x1100 { 2 } else { 1 };
        let indent: usize = content.chars().take(column - 1).map(wide).sum();
        let marked = (self.span.end.saturating_sub(self.span.start)).max(1);
        let carets: usize = content.chars().skip(column - 1).take(marked).map(wide).sum();
        format!("{content}\n{}{}", " ".repeat(indent), "^".repeat(carets.max(1)))
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = match &self.part {
            Part::Expression => String::new(),
            Part::Programme => "方案：".to_owned(),
            Part::Definition(id) => format!("定义 {id}："),
            Part::Condition(id) => format!("条件 {id}："),
            Part::Amount => "金额：".to_owned(),
            Part::ReviewMonths => "复核间隔：".to_owned(),
            Part::TaperMonths => "渐退期：".to_owned(),
        };
        write!(formatter, "{place}第 {} 字：{}", self.span.start + 1, self.zh)
    }
}

impl std::error::Error for Diagnostic {}

/// The candidate nearest to `name`, if any is near enough to have been meant.
pub(crate) fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wanted: Vec<char> = name.to_lowercase().chars().collect();
    candidates
        .into_iter()
        .filter_map(|candidate| {
            let letters: Vec<char> = candidate.to_lowercase().chars().collect();
            let distance = edit_distance(&wanted, &letters);
            let longest = wanted.len().max(letters.len());
            (distance <= (longest / 3).max(1) && distance < longest).then_some((distance, candidate))
        })
        .min()
        .map(|(_, candidate)| candidate)
}

/// Insertions, deletions, replacements and swaps of neighbours that turn one word into the other.
fn edit_distance(from: &[char], to: &[char]) -> usize {
    let mut earlier: Vec<usize> = Vec::new();
    let mut previous: Vec<usize> = (0..=to.len()).collect();
    for (row, a) in from.iter().enumerate() {
        let mut current = vec![row + 1];
        for (column, b) in to.iter().enumerate() {
            let mut best = (previous[column] + usize::from(a != b))
                .min(previous[column + 1] + 1)
                .min(current[column] + 1);
            if row > 0 && column > 0 && *a == to[column - 1] && from[row - 1] == *b {
                best = best.min(earlier[column - 1] + 1);
            }
            current.push(best);
        }
        earlier = std::mem::replace(&mut previous, current);
    }
    previous[to.len()]
}
