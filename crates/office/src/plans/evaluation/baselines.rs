//! Where the plan ended is where the next one begins: what each indicator had reached at the end, proposed as a baseline. Nothing is invented: an
//! indicator without a value gets none, and a value that is older than the end says so.

use catalogue::Number;
use vocab::Month;

use super::EvaluationFigures;
use crate::plans::in_words;

/// A proposed baseline of the next plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Baseline {
    /// The indicator's id in this plan.
    pub indicator: String,
    /// Its name.
    pub name: String,
    /// 约束性, 预期性, 未注明.
    pub kind: String,
    /// Unit.
    pub unit: String,
    /// The value; none where none is known.
    pub number: Option<Number>,
    /// Its month.
    pub month: Option<Month>,
    /// How this plan's target ended.
    pub standing: String,
    /// Where the number comes from.
    pub evidence: String,
    /// What has to be said about it.
    pub remark: String,
}

/// The baselines that the figures of the final evaluation propose; in the order of the report.
#[must_use]
pub fn baselines(figures: &EvaluationFigures) -> Vec<Baseline> {
    let end = Month::new(i32::from(figures.until), 12).ok();
    figures
        .indicators
        .iter()
        .map(|one| {
            let month = one.latest.map(|(month, _)| month);
            let mut remark = match (month, end, one.later) {
                (None, _, Some((later, number))) => {
                    let number = in_words::of_unit(number, &one.unit);
                    format!("没有期末数，基期值待定；有{}的数{number}，不是期末数", later.zh())
                }
                (None, _, None) => "没有数据，基期值待定".to_owned(),
                (Some(month), Some(end), _) if month < end => "不是期末的数，请补报期末数以后再定".to_owned(),
                _ => String::new(),
            };
            if let Some(first) = &one.same_as {
                let mark = if remark.is_empty() { "" } else { "；" };
                remark += &format!("{mark}与“{first}”是同一项");
            }
            Baseline {
                indicator: one.id.clone(),
                name: one.name.clone(),
                kind: one.kind.clone(),
                unit: one.unit.clone(),
                number: one.latest.map(|(_, number)| number),
                month,
                standing: one.standing_title.clone(),
                evidence: one.evidence.clone(),
                remark,
            }
        })
        .collect()
}
