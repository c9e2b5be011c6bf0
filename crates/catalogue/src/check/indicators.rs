//! Indicators: what they count is there and can be counted. Indicators of a plan: what computes them is there and counts in their unit.

use super::Checker;
use crate::definition::{Counted, Indicator, Level, Source, Verified};
use crate::plan::squeezed;
use crate::release::{Defined, Place};

/// Digits after the point that a page can still show.
const SCALE_MAX: u32 = 6;

impl Checker<'_> {
    pub(super) fn indicators(&mut self) {
        let release = self.release;
        for indicator in release.indicators.iter() {
            self.indicator(indicator);
        }
    }

    /// What computes the indicators of the plans.
    pub(super) fn measured(&mut self) {
        let release = self.release;
        for one in release.plans.iter().flat_map(|book| &book.indicators) {
            let Some(by) = &one.measured_by else { continue };
            if one.is_history() {
                let message = format!("指标 {} 说的是上一个时期，不再计算", one.id);
                self.at(&one.place, by.start(), message, "去掉 measured_by");
            }
            let counts_in = match by.split_once('/') {
                Some((register, duty)) => {
                    let duties = release.registers.get(register).map(|register| &register.duties);
                    duties.filter(|duties| duties.iter().any(|one| one.id == *duty)).map(|_| "%")
                }
                None => release.indicators.get(by).map(|indicator| indicator.unit.as_str()),
            };
            match (counts_in, one.unit.as_deref()) {
                (None, _) => {
                    let expected =
                        "一个 [[indicator]] 的 id，或者“登记簿/职责”，如 boundary_line/joint_inspection";
                    self.at(&one.place, by.start(), format!("measured_by 的 {by} 没有定义"), expected);
                }
                (Some(counted), Some(unit)) if !is_unit(unit, counted) => {
                    let message = format!("指标 {} 的单位是{unit}，{by} 的单位是{counted}", one.id);
                    self.at(&one.place, by.start(), message, "单位相同的统计指标");
                }
                (Some(_), _) => {}
            }
        }
    }

    /// Laws that plans name are there, and an article that demands something says it in the words quoted.
    pub(super) fn superior(&mut self) {
        let release = self.release;
        for book in &release.plans {
            for (law, place) in book.laws_named() {
                self.refers(place, law, &release.laws);
            }
            for one in &book.requirements {
                let Some(law) = one.law.as_ref().and_then(|id| release.laws.get(id)) else { continue };
                let article = one.article.as_ref();
                let words =
                    article.and_then(|number| law.article(number)).and_then(|found| found.quote.as_ref());
                if words.is_none_or(|words| !squeezed(words).contains(&squeezed(&one.source))) {
                    let message = format!("《{}》的这一条里没有引文「{}」", law.short, one.source);
                    let expected = "article 写条款编号；法规的 quote 里有这段原文";
                    self.at(&one.place, one.source.start(), message, expected);
                }
                if *law.verified.get() == Verified::Memory {
                    let message = format!("《{}》的文本没有核对过，不能据以提出要求", law.short);
                    self.at(&one.place, one.id.start(), message, "verified = \"full\" 或 \"partial\"");
                }
            }
        }
    }

    fn indicator(&mut self, indicator: &Defined<Indicator>) {
        let place = &indicator.place;
        self.basis(place, &indicator.basis);
        if let Some(list) = self.release.codelists.get("business")
            && list.title_of(&indicator.business).is_none()
        {
            let message = format!("业务 {} 不在代码表 business 里", indicator.business);
            self.on(place, message, "代码表 business 的一个代码");
        }
        for (_, counted) in indicator.sides() {
            self.counted(place, counted);
        }
        if indicator.scale > SCALE_MAX {
            self.on(
                place,
                format!("指标 {} 的小数位太多", indicator.id),
                format!("scale 不超过 {SCALE_MAX}"),
            );
        }
        if indicator.times.is_some_and(|times| times.units() <= 0) {
            self.on(place, format!("指标 {} 的 times 不是正数", indicator.id), "百分比写 100，千分比写 1000");
        }
    }

    fn counted(&mut self, place: &Place, counted: &Counted) {
        match counted.source() {
            Source::Division => {
                if counted.level.is_none() || counted.when.is_some() || counted.sum.is_some() {
                    self.at(
                        place,
                        counted.over.start(),
                        "统计区划要写 level，不能写 where 和 sum",
                        "{ over = \"division\", level = \"village\" }",
                    );
                }
            }
            Source::Register(_) => {
                self.refers(place, &counted.over, &self.release.registers);
            }
            Source::Case | Source::Entitlement | Source::Payment | Source::Need => {
                // They reach back a year, so that a month can be told apart only by the pack.
                if counted.when.is_none() {
                    self.at(
                        place,
                        counted.over.start(),
                        "统计办件、待遇、发放和需求要用 where 说是哪个月的",
                        "例如 where = \"current\"，或者 where = \"decided AND month_of(decided_on) = month\"",
                    );
                }
            }
            Source::Person => {}
        }
        if counted.level.is_some() && counted.sum.is_some() {
            self.at(place, counted.over.start(), "level 数地方，不能同时写 sum", "只写 level 或者只写 sum");
        }
        if let Some(kind) = counted.only
            && counted.level != Some(kind.level())
        {
            self.at(
                place,
                counted.over.start(),
                "only 与 level 不相配",
                "district、county 配 county，street、town 配 township，community、village 配 village",
            );
        }
        if counted.level.is_some_and(|level| matches!(level, Level::Applicant | Level::Prefecture)) {
            self.at(place, counted.over.start(), "level 写得不对", "county、township 或 village");
        }
    }
}

/// Whether a plan's unit is the one counted in. A plan may print 张 where the name says per what (张/千名老年人), and 个/年 where an indicator counts
/// the last twelve months.
fn is_unit(printed: &str, counted: &str) -> bool {
    let of_a_year = printed.strip_suffix("/年").unwrap_or(printed);
    [printed, of_a_year]
        .iter()
        .any(|unit| counted.strip_prefix(unit).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')))
}
