//! What a change is about: a parameter, a row of a table, or a part of a rule.

use catalogue::Release;
use catalogue::definition::Parameter;

use super::rule_part::RulePart;
use super::table_cell::TableCell;

/// The subject of a change, read from how changes, packs and addresses name it.
#[derive(Debug, Clone)]
pub enum Subject<'a> {
    /// A parameter: `dibao_standard`.
    Parameter(&'a Parameter),
    /// A row of a table: `tekun_basic[urban_home]`.
    Cell(TableCell<'a>),
    /// A part of a programme: `rule:dibao:condition.income`.
    Rule(RulePart<'a>),
}

impl<'a> Subject<'a> {
    /// None for what the release does not define.
    #[must_use]
    pub fn read(release: &'a Release, id: &'a str) -> Option<Subject<'a>> {
        if let Some(rule) = RulePart::read(id) {
            return Some(Subject::Rule(rule));
        }
        if let Some(cell) = TableCell::read(id) {
            return cell.definition(release).map(|_| Subject::Cell(cell));
        }
        release.parameters.get(id).map(|parameter| Subject::Parameter(parameter))
    }

    /// Its title.
    #[must_use]
    pub fn title(&self, release: &Release) -> String {
        match self {
            Subject::Parameter(parameter) => parameter.title.clone(),
            Subject::Cell(cell) => cell.title(release),
            Subject::Rule(rule) => rule.title(release),
        }
    }

    /// 元/人·月; none of a rule.
    #[must_use]
    pub fn unit<'r>(&self, release: &'r Release) -> Option<&'r str>
    where
        'a: 'r,
    {
        match self {
            Subject::Parameter(parameter) => parameter.unit.as_deref(),
            Subject::Cell(cell) => cell.definition(release)?.unit.as_deref(),
            Subject::Rule(_) => None,
        }
    }
}
