//! The same programme for a family whose head earns more: what cliffs are found with. The text is changed, not the population, so that
//! today's rules, the supposed ones and both with more income are one sweep.

use catalogue::Release;
use catalogue::definition::{Unit, ValueKind};
use catalogue::shapes::PERSON;
use rules::{ConditionKind, Programme, ProgrammeSource};
use vocab::Fen;

/// Incomes that can be raised: money of a person, a month, that a programme reads, by id and title.
#[must_use]
pub fn raisable(release: &Release) -> Vec<(String, String)> {
    let read = |id: &str| {
        let mut programmes = release.programmes.iter().filter_map(|programme| release.rules(&programme.id));
        programmes.any(|rules| rules.facts().contains(&(PERSON.to_owned(), id.to_owned())))
    };
    let facts = release.facts.iter().filter(|fact| fact.on == Unit::Person && *fact.kind == ValueKind::Money);
    facts
        .filter(|fact| read(fact.id.as_str()))
        .map(|fact| (fact.id.get().clone(), fact.title.clone()))
        .collect()
}

/// The programme where the head's `fact` is more by an amount; none if it does not read the fact, or has no proof for larger numbers.
pub(super) fn raised(release: &Release, programme: &Programme, fact: &str, by: Fen) -> Option<Programme> {
    if !programme.facts().contains(&(PERSON.to_owned(), fact.to_owned())) {
        return None;
    }
    let mut source: ProgrammeSource = programme.source().clone();
    let more = |text: &mut String| *text = in_text(text, fact, by);
    source.definitions.iter_mut().for_each(|definition| more(&mut definition.expr));
    for condition in &mut source.conditions {
        if let ConditionKind::Expression(text) = &mut condition.kind {
            more(text);
        }
    }
    source.amount.iter_mut().for_each(more);
    Programme::compile(&source, release.shapes(), release.parameter_types()).ok()
}

/// Every reading of the fact becomes the fact and the amount, for whoever heads the family. Texts in quotes stay as they are.
fn in_text(text: &str, fact: &str, by: Fen) -> String {
    let mut out = String::with_capacity(text.len() + 64);
    let mut word = String::new();
    let mut quote = None;
    let end = |word: &mut String, out: &mut String| {
        let path = word.strip_suffix(fact).filter(|before| before.is_empty() || before.ends_with('.'));
        match path {
            Some(before) => {
                out.push_str(&format!("({word} + CASE WHEN {before}head THEN {} ELSE 0 END)", plain(by)));
            }
            None => out.push_str(word),
        }
        word.clear();
    };
    for sign in text.chars() {
        match quote {
            Some(open) => {
                out.push(sign);
                if sign == open {
                    quote = None;
                }
            }
            None if sign.is_alphanumeric() || sign == '_' || sign == '.' => word.push(sign),
            None => {
                end(&mut word, &mut out);
                if sign == '\'' || sign == '"' {
                    quote = Some(sign);
                }
                out.push(sign);
            }
        }
    }
    end(&mut word, &mut out);
    out
}

/// Yuan as the language writes them.
fn plain(by: Fen) -> String {
    format!("{}.{:02}", by.0 / 100, by.0 % 100)
}

#[cfg(test)]
mod tests {
    use super::in_text;
    use vocab::Fen;

    #[test]
    fn each_reading_of_the_fact_is_raised_for_the_head() {
        let raised = |text| in_text(text, "wage_income", Fen(10_050));
        assert_eq!(
            raised("sum(members.wage_income + members.other_wage_income) FILTER (WHERE x = 'wage_income')"),
            "sum((members.wage_income + CASE WHEN members.head THEN 100.50 ELSE 0 END) + members.other_wage_income) FILTER (WHERE x = 'wage_income')"
        );
        assert_eq!(raised("wage_income>0"), "(wage_income + CASE WHEN head THEN 100.50 ELSE 0 END)>0");
        assert_eq!(raised("wage_income_2 + 1.5"), "wage_income_2 + 1.5");
    }
}
