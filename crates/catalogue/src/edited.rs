//! A programme with some of its expressions written otherwise, compiled on a copy: nothing of the release changes.

use rules::{Diagnostic, Part};

use crate::Release;
use crate::amended::text_of;
use crate::compile::{located, source_of};

impl Release {
    /// The programme with other texts for some of its parts: definitions, conditions (what is asked, not when) and the amount.
    ///
    /// # Errors
    /// Everything that is wrong with the texts, each with its place in the part's own text; a part that the programme does not have.
    pub fn programme_with(
        &self,
        programme: &str,
        texts: &[(Part, String)],
    ) -> Result<rules::Programme, Vec<Diagnostic>> {
        let missing = |part: &Part| Diagnostic {
            part: part.clone(),
            span: rules::Span { start: 0, end: 0 },
            zh: "这个项目没有这一部分".to_owned(),
            en: "the programme has no such part".to_owned(),
            suggestion: None,
        };
        let Some(defined) = self.programmes.get(programme) else {
            return Err(vec![missing(&Part::Programme)]);
        };
        let mut copy = defined.clone().into_parts().1;
        for (part, text) in texts {
            match text_of(&mut copy, part) {
                Some(expression) => *expression = expression.with(text.clone()),
                None => return Err(vec![missing(part)]),
            }
        }
        let source = source_of(&copy, self);
        rules::Programme::compile(&source, self.shapes(), self.parameter_types()).map_err(|diagnostics| {
            let own = |diagnostic: Diagnostic| match located(&copy, &diagnostic) {
                Some((_, own)) => own,
                None => diagnostic,
            };
            diagnostics.into_iter().map(own).collect()
        })
    }
}
