//! The plan of a synthetic city at work: numbers that people reported and others confirmed, a split, notes on projects, tasks with offices, an evaluation
//! with an assessor's comment, and what is public. All of it goes through the offices' own use-cases, and every evidence says that it is made up.

use catalogue::Number;
use catalogue::definition::{Direction, PlanIndicator};
use office::access::{Actor, ApprovePlan, CommentPlan, ManagePlan, ReadPlan, ReleasePlan, ReportPlan};
use office::plans::charges::{self, Charged};
use office::plans::judge::{path, printed};
use office::plans::stages::{self, Noted, StageDeed};
use office::plans::values::{self, Reported};
use office::plans::{Installed, evaluation, installed, public, reminders, split};
use office::{Office, OfficeError};
use store::DivisionId;
use vocab::Month;

use crate::city::Watch;
use crate::draw::Draw;
use crate::staff::{County, Staff};

/// Who makes, looks at and assesses the plan.
#[derive(Debug)]
pub struct Planners {
    /// Reports and manages.
    pub maker: Actor,
    /// Looks at numbers, approves, releases.
    pub approver: Actor,
    /// From outside.
    pub assessor: Actor,
}

const EVIDENCE: &str = "演示数据，虚构";

/// Fills the plan in force, if the packs bring one.
pub(crate) async fn fill(
    office: &Office,
    staff: &Staff,
    seed: u64,
    watch: Watch<'_>,
) -> Result<(), OfficeError> {
    let Some(plan) = installed(office).await? else { return Ok(()) };
    let hand = Hand { office, plan: &plan, who: &staff.planners, draw: Draw::new(seed, "plan") };
    hand.fill(&staff.counties, watch).await
}

struct Hand<'a> {
    office: &'a Office,
    plan: &'a Installed,
    who: &'a Planners,
    draw: Draw,
}

impl Hand<'_> {
    async fn fill(mut self, counties: &[County], watch: Watch<'_>) -> Result<(), OfficeError> {
        // Of a promise that is printed twice one print is reported: two made-up numbers would be two truths.
        let restated = self.plan.restated();
        let promised: Vec<PlanIndicator> = self
            .plan
            .indicators
            .iter()
            .filter(|one| !one.is_history() && !one.additive && !restated.contains_key(one.id.as_str()))
            .map(|one| PlanIndicator::clone(one))
            .collect();
        let total = promised.len() as u64;
        for (done, one) in promised.iter().enumerate() {
            watch("规划", done as u64, total);
            // Every seventh has no number yet, as it is.
            if done % 7 != 6 {
                self.course(one).await?;
            }
        }
        watch("规划", total, total);
        self.shared(&promised, counties).await?;
        self.projects().await?;
        self.tasks().await?;
        self.evaluated().await?;
        reminders::settle(self.office).await?;
        Ok(())
    }

    async fn confirmed(
        &self,
        by: (&Actor, &Actor),
        indicator: &str,
        division: DivisionId,
        month: Month,
        number: Number,
    ) -> Result<(), OfficeError> {
        let text = number.to_string();
        let reported = Reported { indicator, division, month, number: &text, evidence: EVIDENCE };
        let id = match values::report(self.office, &by.0.grant::<ReportPlan>()?, reported).await {
            Ok(id) => id,
            // What is computed nobody types.
            Err(OfficeError::Conflict(_)) => return Ok(()),
            Err(error) => return Err(error),
        };
        values::look(self.office, &by.1.grant::<ApprovePlan>()?, id, true, "").await
    }

    /// A number at the end of each year, more or less along the path.
    async fn course(&mut self, one: &PlanIndicator) -> Result<(), OfficeError> {
        let target = printed(&self.plan.plan, one);
        let nodes = path(&self.plan.plan, one, &target);
        let (Some(first), Some(last)) = (nodes.first(), nodes.last()) else { return Ok(()) };
        let begin = if nodes.len() > 1 { first.number } else { half(one, last.number) };
        // From two thirds of the promised way to a little more than all of it.
        let reached = self.draw.between(66, 108);
        let years = i64::from(self.plan.plan.until) - i64::from(self.plan.plan.from) + 1;
        let today = self.office.now().month();
        for step in 1..=years {
            let year = i32::from(self.plan.plan.from) - 1 + i32::try_from(step).unwrap_or(0);
            let Ok(month) = Month::new(year, 12) else { continue };
            if month > today {
                break;
            }
            let number = on_the_way(one, begin, last.number, reached * step, 100 * years);
            let by = (&self.who.maker, &self.who.approver);
            self.confirmed(by, &one.id, self.plan.home.id, month, number).await?;
        }
        Ok(())
    }

    /// One target over the counties, with a number of each.
    async fn shared(&mut self, promised: &[PlanIndicator], counties: &[County]) -> Result<(), OfficeError> {
        let manager = self.who.maker.grant::<ManagePlan>()?;
        let shared = promised.iter().filter(|one| printed(&self.plan.plan, one).number.is_some());
        for one in shared.take(3) {
            let Ok(begin) = split::proposal(self.office, &manager, &one.id).await else { continue };
            let Some(last) = begin.years.last() else { continue };
            let mut typed = Vec::new();
            for year in &begin.years {
                for ((county, ..), part) in begin.counties.iter().zip(&year.parts) {
                    typed.push((*county, year.year, part.to_string()));
                }
            }
            let id = split::propose(self.office, &manager, &one.id, &typed).await?;
            let approver = self.who.approver.grant::<ApprovePlan>()?;
            split::decide(self.office, &approver, &one.id, id, true).await?;
            let december = Month::new(i32::from(self.plan.plan.until), 12)
                .map_err(|error| OfficeError::Internal(error.to_string()))?;
            let month = december.min(self.office.now().month());
            for ((county, ..), part) in begin.counties.iter().zip(&last.parts) {
                // A county enters its own; those of townships are entered by the county whose plan it is.
                let by = match counties.iter().find(|one| one.division == *county) {
                    Some(staff) => (&staff.county_clerk, &staff.director),
                    None => (&self.who.maker, &self.who.approver),
                };
                let number = on_the_way(one, Number::new(0, 0), *part, self.draw.between(85, 110), 100);
                self.confirmed(by, &one.id, *county, month, number).await?;
            }
        }
        Ok(())
    }

    async fn projects(&mut self) -> Result<(), OfficeError> {
        let reporter = self.who.maker.grant::<ReportPlan>()?;
        let stages = stages::stages(self.office, &self.who.maker.grant()?, self.plan).await?;
        for stage in stages {
            let (deed, words) = match self.draw.between(0, 9) {
                0..=5 => (StageDeed::Finished, "已完成验收（演示）"),
                6 | 7 => (StageDeed::Started, "正在实施（演示）"),
                _ => continue,
            };
            let noted = Noted { stage: &stage.id, deed, due: None, words, document: "", files: &[] };
            stages::note(self.office, &reporter, noted).await?;
        }
        Ok(())
    }

    /// Whose a task is says the plan; where it does not, the place's own office of civil affairs has it. Nobody else's name is made up.
    async fn tasks(&self) -> Result<(), OfficeError> {
        let manager = self.who.maker.grant::<ManagePlan>()?;
        // The plan names no months for its tasks: they are due when it ends.
        let due = Month::new(i32::from(self.plan.plan.until), 12)
            .map_err(|error| OfficeError::Internal(error.to_string()))?;
        let office = format!("{}民政局", self.plan.home.name);
        let tasks = self.plan.tasks.iter().enumerate();
        for (at, task) in tasks.filter(|(at, task)| at % 4 != 3 && task.owner.is_none()) {
            let due = (at % 5 == 0).then_some(due);
            let charged = Charged {
                entry: task.id.as_str(),
                division: self.plan.home.id,
                section: &office,
                login: "",
                due,
                remind_months: None,
            };
            charges::charge(self.office, &manager, charged).await?;
        }
        Ok(())
    }

    /// The newest evaluation is written, commented, answered and run; everything is public.
    async fn evaluated(&self) -> Result<(), OfficeError> {
        let (manager, reader) = (self.who.maker.grant::<ManagePlan>()?, self.who.maker.grant::<ReadPlan>()?);
        let today = self.office.now().month();
        let Some(newest) = evaluation::offered(self.plan, today).first().copied() else { return Ok(()) };
        let code = newest.code();
        let texts = [
            ("overall", "各项指标和项目的完成情况见下文各表。\n本段是演示文字，内容虚构。"),
            ("deeds", "健全了主动发现机制，养老服务设施逐年增加。\n本段是演示文字，内容虚构。"),
            ("problems", "部分指标的数据还没有报齐，到期的项目要逐个核实。\n本段是演示文字，内容虚构。"),
            (
                "proposals",
                "督促有关单位补报期末数，对没有完成的项目逐个明确责任和期限。\n本段是演示文字，内容虚构。",
            ),
        ];
        evaluation::texts::write(self.office, &manager, &code, &texts).await?;
        let assessor = self.who.assessor.grant::<CommentPlan>()?;
        let said = "滞后指标的原因分析应当更具体，建议逐项写明。（演示意见）";
        let comment =
            evaluation::comments::comment(self.office, &assessor, &code, "存在的问题和原因", said).await?;
        let answer = "采纳，已要求各责任科室逐项说明。（演示答复）";
        evaluation::comments::answer(self.office, &manager, &code, comment, answer).await?;
        evaluation::run(self.office, &manager, &reader, &code).await?;
        let releaser = self.who.approver.grant::<ReleasePlan>()?;
        let approver = self.who.approver.grant::<ReadPlan>()?;
        let all = public::released(self.office, &approver).await?;
        let entries: Vec<&str> = all.all().map(|one| one.entry.as_str()).collect();
        public::release(self.office, &releaser, &approver, &entries).await?;
        Ok(())
    }
}

/// Places after the point of a made-up number: those of the print, and at least one where something is measured. Things are counted whole.
fn places(one: &PlanIndicator, from: Number, to: Number) -> u32 {
    let measured = one.unit.as_deref().is_some_and(|unit| unit.starts_with(['%', '‰', '倍']));
    from.scale().max(to.scale()).max(u32::from(measured)).min(6)
}

/// Where a course begins whose baseline nobody printed.
fn half(one: &PlanIndicator, number: Number) -> Number {
    let scale = places(one, number, number);
    number.at_scale(scale).map_or(number, |units| Number::new(units / 2, scale))
}

/// `over / under` of the way from one number to another, in the places that such a number has; on the way to something never nothing, and no share
/// above all.
fn on_the_way(one: &PlanIndicator, from: Number, to: Number, over: i64, under: i64) -> Number {
    let scale = places(one, from, to);
    let (Some(a), Some(b)) = (from.at_scale(scale), to.at_scale(scale)) else { return to };
    let way = i128::from(b - a) * i128::from(over) / i128::from(under.max(1));
    let least = i64::from(b > 0);
    let units = i64::try_from(i128::from(a) + way).unwrap_or(b).max(least);
    let number = Number::new(units, scale);
    let hundred = Number::new(100, 0);
    if one.unit.as_deref() == Some("%") && number > hundred {
        hundred
    } else if one.direction == Direction::Keep {
        to
    } else {
        number
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_made_up_number_is_one_that_could_be_counted() {
        let reached = |unit: &str, target: i64, over: i64| {
            let text = format!(
                "id = \"one\"\nname = \"指标\"\nkind = \"expected\"\nunit = \"{unit}\"\nsource = \"指标\"\n"
            );
            let one: PlanIndicator = toml::from_str(&text).expect("an indicator");
            let target = Number::new(target, 0);
            on_the_way(&one, half(&one, target), target, over, 100).to_string()
        };
        assert_eq!(reached("倍", 1, 80), "0.9");
        assert_eq!(reached("次/年", 1, 80), "1", "never nothing on the way to something");
        assert_eq!(reached("个/县", 3, 80), "2");
        assert_eq!(reached("%", 65, 90), "61.7");
        assert_eq!(reached("%", 100, 108), "100");
        assert_eq!(reached("个", 0, 80), "0", "nothing was promised");
    }
}
