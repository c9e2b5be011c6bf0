//! Parts of programmes that read otherwise from a day: what a document changed in a rule, beside what held before.
//!
//! Such a part is compiled as one expression that asks for the day of the law, so that every way of deciding (one family, millions, SQL)
//! takes the text of its day, and old determinations come out again.

use chrono::NaiveDate;
use rules::Part;

use crate::definition::{Amendment, Programme};
use crate::pack::Pack;
use crate::release::Defined;
use crate::{Expression, Finding, Release};

/// One part with every text it ever had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AmendedPart {
    /// The programme.
    pub programme: String,
    /// The part.
    pub part: Part,
    /// Oldest first; the first is the pack's own.
    pub texts: Vec<DatedText>,
}

/// A text and since when it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatedText {
    /// First day; none for the pack's own.
    pub from: Option<NaiveDate>,
    /// The expression.
    pub text: String,
    /// The document; empty for the pack's own.
    pub source: String,
    /// Whether it was released on a page.
    pub on_page: bool,
}

/// A part as packs, forms and addresses write it: `definition.gap`, `condition.income`, `amount`; of no other parts a text is typed.
#[must_use]
pub fn part_key(part: &Part) -> String {
    match part {
        Part::Definition(id) => format!("definition.{id}"),
        Part::Condition(id) => format!("condition.{id}"),
        Part::Amount | Part::ReviewMonths | Part::TaperMonths | Part::Expression | Part::Programme => {
            "amount".to_owned()
        }
    }
}

/// The part that [`part_key`] wrote.
#[must_use]
pub fn part_of(key: &str) -> Option<Part> {
    match key.split_once('.') {
        Some(("definition", id)) => Some(Part::Definition(id.to_owned())),
        Some(("condition", id)) => Some(Part::Condition(id.to_owned())),
        None if key == "amount" => Some(Part::Amount),
        _ => None,
    }
}

/// Where a part's expression stands, if it is one that can be written otherwise.
pub(crate) fn text_of<'p>(programme: &'p mut Programme, part: &Part) -> Option<&'p mut Expression> {
    match part {
        Part::Amount => Some(&mut programme.amount.expr),
        Part::Definition(id) => {
            programme.definitions.iter_mut().find(|one| one.id == *id).map(|one| &mut one.expr)
        }
        Part::Condition(id) => {
            programme.conditions.iter_mut().find(|one| one.id == *id).and_then(|one| one.expr.as_mut())
        }
        Part::ReviewMonths | Part::TaperMonths | Part::Expression | Part::Programme => None,
    }
}

/// Writes the amendments into their programmes. Of two for the same day the one of the higher layer holds.
pub(crate) fn amend(
    programmes: &mut [Defined<Programme>],
    amendments: Vec<Defined<Amendment>>,
    packs: &[Pack],
    findings: &mut Vec<Finding>,
) -> Vec<AmendedPart> {
    let mut amended: Vec<AmendedPart> = Vec::new();
    for amendment in amendments {
        let programme = programmes.iter_mut().find(|one| one.id == amendment.programme);
        let found = part_of(&amendment.part).zip(programme).and_then(|(part, programme)| {
            let text = text_of(programme.definition_mut(), &part)?;
            Some((part, text))
        });
        let Some((part, text)) = found else {
            let place = &amendment.place;
            findings.push(Finding::error(
                packs[place.pack].files.display(&place.path),
                place.line,
                format!("{} 没有 {} 这一部分", amendment.programme, amendment.part),
                "amount、condition.条件的 id 或 definition.数的 id",
            ));
            continue;
        };
        let known = amended
            .iter()
            .position(|one| one.programme == *amendment.programme.get() && one.part == part)
            .unwrap_or_else(|| {
                let own =
                    DatedText { from: None, text: text.get().clone(), source: String::new(), on_page: false };
                let programme = amendment.programme.get().clone();
                amended.push(AmendedPart { programme, part, texts: vec![own] });
                amended.len() - 1
            });
        let texts = &mut amended[known].texts;
        texts.retain(|one| one.from != Some(amendment.from));
        texts.push(DatedText {
            from: Some(amendment.from),
            text: amendment.text.get().clone(),
            source: amendment.source.clone(),
            on_page: packs[amendment.place.pack].head.layer == crate::Layer::Database,
        });
        texts.sort_by_key(|one| one.from);
        *text = text.with(by_day(texts));
    }
    amended
}

/// One expression that takes the text of the day of the law.
fn by_day(texts: &[DatedText]) -> String {
    let mut written = String::from("CASE\n");
    for one in texts.iter().rev() {
        match one.from {
            Some(from) => {
                written.push_str(&format!("WHEN law_on >= DATE '{from}' THEN (\n{}\n)\n", one.text.trim()));
            }
            None => written.push_str(&format!("ELSE (\n{}\n)\n", one.text.trim())),
        }
    }
    written + "END"
}

impl Release {
    /// The text of a part that holds under the law of a day; none if the programme has no such part.
    #[must_use]
    pub fn text_on(&self, programme: &str, part: &Part, law_on: NaiveDate) -> Option<String> {
        let amended = self.amended.iter().find(|one| one.programme == programme && one.part == *part);
        if let Some(amended) = amended {
            let held = |one: &&DatedText| one.from.is_none_or(|from| from <= law_on);
            return amended.texts.iter().rev().find(held).map(|one| one.text.trim().to_owned());
        }
        let mut programme = self.programmes.get(programme)?.clone();
        text_of(programme.definition_mut(), part).map(|text| text.trim().to_owned())
    }

    /// What a part is called: the title of the condition or definition, or 金额.
    #[must_use]
    pub fn part_title(&self, programme: &str, part: &Part) -> String {
        let found = self.programmes.get(programme).and_then(|programme| match part {
            Part::Definition(id) => {
                programme.definitions.iter().find(|one| one.id == *id).map(|one| one.title.clone())
            }
            Part::Condition(id) => programme
                .conditions
                .iter()
                .find(|one| one.id == *id)
                .map(|one| format!("条件“{}”", one.title)),
            Part::Amount | Part::ReviewMonths | Part::TaperMonths | Part::Expression | Part::Programme => {
                None
            }
        });
        found.unwrap_or_else(|| "金额".to_owned())
    }
}
