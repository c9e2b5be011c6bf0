//! Indicators: what they count is there and can be counted.

use super::Checker;
use crate::definition::{Counted, Indicator, Level, OVER_DIVISION, OVER_PERSON};
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
        let over = counted.over.as_str();
        if over == OVER_DIVISION {
            if counted.level.is_none() || counted.when.is_some() || counted.sum.is_some() {
                self.at(
                    place,
                    counted.over.start(),
                    "统计区划要写 level，不能写 where 和 sum",
                    "{ over = \"division\", level = \"village\" }",
                );
            }
        } else if over != OVER_PERSON {
            self.refers(place, &counted.over, &self.release.registers);
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
