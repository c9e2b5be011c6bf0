//! A part of a programme as the subject of a change: its text takes the place of a standard's number, everything else is the same.

use catalogue::{Release, part_key, part_of};
use chrono::NaiveDate;
use rules::Part;

use crate::OfficeError;
use crate::error::Problems;

const MARK: &str = "rule:";

/// A part of a programme: a condition, a definition or the amount.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RulePart<'a> {
    /// The programme's id.
    pub programme: &'a str,
    /// The part.
    pub part: Part,
}

impl<'a> RulePart<'a> {
    /// Out of the subject of a change, `rule:dibao:condition.income`; none for a parameter.
    #[must_use]
    pub fn read(subject: &'a str) -> Option<RulePart<'a>> {
        let (programme, key) = subject.strip_prefix(MARK)?.split_once(':')?;
        Some(RulePart { programme, part: part_of(key)? })
    }

    /// As changes, packs and addresses name it.
    #[must_use]
    pub fn written(&self) -> String {
        format!("{MARK}{}:{}", self.programme, part_key(&self.part))
    }

    /// 最低生活保障：条件“家庭人均收入低于标准”.
    #[must_use]
    pub fn title(&self, release: &Release) -> String {
        let programme = release.programmes.get(self.programme);
        let programme = programme.map_or(self.programme, |programme| programme.title.as_str());
        format!("{programme}：{}", release.part_title(self.programme, &self.part))
    }

    /// The text that holds under the law of a day.
    #[must_use]
    pub fn text_on(&self, release: &Release, law_on: NaiveDate) -> Option<String> {
        release.text_on(self.programme, &self.part, law_on)
    }

    /// A typed text as it is kept.
    pub(super) fn checked(
        &self,
        release: &Release,
        from: NaiveDate,
        typed: &str,
    ) -> Result<String, OfficeError> {
        let text = typed.trim();
        let before = self.text_on(release, from).ok_or(OfficeError::NotFound("这条规则"))?;
        if text.is_empty() {
            return Err(OfficeError::invalid("value", "请填写新的式子。"));
        }
        let plain = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        if plain(text) == plain(&before) {
            return Err(OfficeError::invalid("value", "与现行的式子相同，没有改动。"));
        }
        let tried = release.programme_with(self.programme, &[(self.part.clone(), text.to_owned())]);
        let mut problems = Problems::default();
        for diagnostic in tried.err().into_iter().flatten() {
            let proposal = diagnostic.suggestion.as_ref().map(|proposal| format!("（{proposal}）"));
            problems.add("value", format!("{diagnostic}{}", proposal.unwrap_or_default()));
        }
        problems.none_or_refuse()?;
        Ok(text.to_owned())
    }
}
