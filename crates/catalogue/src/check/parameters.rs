//! Parameters and tables: types, bounds, sources that say the value, no overlap.

use chrono::NaiveDate;

use super::Checker;
use crate::definition::{Basis, Parameter, Scalar};
use crate::pack::Layer;
use crate::release::{Held, Place};
use crate::shapes::{declared_type, value_of};
use crate::{Finding, Located};

/// What a demo pack writes as the source of everything.
pub(crate) const DEMO_SOURCE: &str = "演示参数";

impl Checker<'_> {
    pub(super) fn parameters(&mut self) {
        let release = self.release;
        for parameter in release.parameters.iter() {
            let place = &parameter.place;
            self.value_kind(place, &parameter.id, parameter.declared());
            self.basis(place, &parameter.basis);
            let values = release.values.get(parameter.id.as_str()).map(Vec::as_slice).unwrap_or_default();
            for held in values {
                let value = &held.value;
                self.division(&held.place, value.division.as_ref());
                self.period(&held.place, value.value.start(), value.from, value.until);
                if parameter.monthly {
                    let month = vocab::Month::containing(value.from);
                    if value.from != month.first_day() || value.until != Some(month.last_day()) {
                        self.at(
                            &held.place,
                            value.value.start(),
                            format!("参数 {} 每月一个数，这个值不是正好一个月的", parameter.id),
                            format!("from = {}，until = {}", month.first_day(), month.last_day()),
                        );
                    }
                }
                if let Err(wrong) =
                    value_of(&value.value, &declared_type(parameter.declared()), release.shapes())
                {
                    let expected = self.kind_words(parameter);
                    self.at(
                        &held.place,
                        value.value.start(),
                        format!("参数 {} 的值 {} 不对：{wrong}", parameter.id, value.value.get()),
                        expected,
                    );
                }
                let said = self.said(parameter, &value.value);
                self.source(
                    held.layer,
                    &held.place,
                    &value.source,
                    value.seed.as_ref(),
                    value.law.as_ref(),
                    said.as_slice(),
                );
            }
            self.overlaps(
                &parameter.id,
                values,
                |value| (value.from, value.until, value.value.start()),
                |_, _| true,
            );
        }
        for table in release.tables.iter() {
            self.value_kind(&table.place, &table.id, table.declared());
            self.refers(&table.place, &table.key, &release.codelists);
            self.basis(&table.place, &table.basis);
            let values = release.table_values.get(table.id.as_str()).map(Vec::as_slice).unwrap_or_default();
            let Some(codes) = release.codelists.get(&table.key) else {
                continue;
            };
            for held in values {
                let value = &held.value;
                self.division(&held.place, value.division.as_ref());
                self.period(&held.place, value.source.start(), value.from, value.until);
                let mut said = Vec::new();
                for (key, scalar) in &value.rows {
                    if codes.title_of(key).is_none() {
                        self.at(
                            &held.place,
                            scalar.start(),
                            format!("数表 {} 的键 {key} 不在代码表 {} 里", table.id, table.key),
                            format!("代码表 {} 的代码", table.key),
                        );
                    }
                    let ty =
                        release.parameter_types().tables.get(table.id.as_str()).map(|table| &table.value);
                    if let Some(Err(wrong)) = ty.map(|ty| value_of(scalar, ty, release.shapes())) {
                        let expected = format!("{} 到 {} 的数", table.min, table.max);
                        self.at(
                            &held.place,
                            scalar.start(),
                            format!("数表 {} 的值 {} 不对：{wrong}", table.id, scalar.get()),
                            expected,
                        );
                    }
                    said.push(scalar.to_string());
                }
                self.source(held.layer, &held.place, &value.source, value.seed.as_ref(), None, &said);
            }
            self.overlaps(
                &table.id,
                values,
                |value| (value.from, value.until, value.source.start()),
                |one, other| one.rows.keys().any(|key| other.rows.contains_key(key)),
            );
        }
    }

    fn kind_words(&self, parameter: &Parameter) -> String {
        match (&parameter.min, &parameter.max, &parameter.codelist) {
            (Some(min), Some(max), _) => format!("{min} 到 {max} 的数"),
            (_, _, Some(list)) => format!("代码表 {list} 的代码"),
            _ => "true 或 false、日期或文字".to_owned(),
        }
    }

    fn division(&mut self, place: &Place, division: Option<&Located<String>>) {
        if let Some(code) = division
            && !self.release.places.is_known(code)
        {
            self.at(place, code.start(), format!("区划 {code} 不在配置包的区划里"), "区划文件里的代码");
        }
    }

    /// What the quote must contain: the number, or the title of the code; nothing for yes or no.
    fn said(&self, parameter: &Parameter, value: &Scalar) -> Vec<String> {
        match value {
            Scalar::Number(number) => vec![number.to_string()],
            Scalar::Text(code) => {
                let list = parameter.codelist.as_ref().map_or("", |list| list.as_str());
                vec![self.release.code_title(list, code).to_owned()]
            }
            Scalar::Boolean(_) | Scalar::Date(_) => Vec::new(),
        }
    }

    /// The source says the value, and stands where it says it stands.
    fn source(
        &mut self,
        layer: Layer,
        place: &Place,
        source: &Located<String>,
        seed: Option<&Located<String>>,
        law: Option<&Basis>,
        said: &[String],
    ) {
        if layer == Layer::Demo {
            if *source != DEMO_SOURCE {
                self.at(
                    place,
                    source.start(),
                    "演示配置包的来源要写明是演示",
                    format!("source = \"{DEMO_SOURCE}\""),
                );
            }
            return;
        }
        if *source == DEMO_SOURCE {
            self.at(
                place,
                source.start(),
                "演示参数只能放在演示配置包（layer = \"demo\"）里",
                "写明出处原文，或者移到演示配置包",
            );
            return;
        }
        if source.trim().is_empty() {
            self.at(place, source.start(), "没有写来源", "出处的原文，或者文件名称和文号");
            return;
        }
        if layer == Layer::Database {
            return;
        }
        for value in said {
            if !contains_value(source, value) {
                self.at(
                    place,
                    source.start(),
                    format!("来源「{source}」里没有值 {value}"),
                    "引文要包含这个值",
                );
            }
        }
        match (seed, law) {
            (Some(seed), _) => match self.release.file(place, seed) {
                None => self.at(
                    place,
                    seed.start(),
                    format!("出处文件 {seed} 不在配置包里"),
                    "在 pack.toml 的 [include] 里写明",
                ),
                Some(text) if !text.contains(source.as_str()) => {
                    self.at(
                        place,
                        source.start(),
                        format!("来源「{source}」不是 {seed} 的原文"),
                        "逐字引用原文",
                    );
                }
                Some(_) => {}
            },
            (None, Some(basis)) => {
                self.basis(place, std::slice::from_ref(basis));
                let article = basis.article.as_ref().map_or("", |article| article.as_str());
                let quote = self
                    .release
                    .laws
                    .get(&basis.law)
                    .and_then(|law| law.article(article))
                    .and_then(|article| article.quote.as_deref());
                if !quote.is_some_and(|quote| quote.contains(source.as_str())) {
                    let message =
                        format!("来源「{source}」不是法规 {} 第 {article} 号条文引用的原文", basis.law);
                    self.at(place, source.start(), message, "在条文的 quote 里逐字引用");
                }
            }
            (None, None) => self.at(
                place,
                source.start(),
                "来源没有说明出自哪里",
                "seed = \"文件\" 或 law = { law = \"…\", article = \"…\" }",
            ),
        }
    }

    /// Values of one layer for one division that say the same thing do not overlap.
    fn overlaps<V>(
        &mut self,
        id: &str,
        values: &[Held<V>],
        period: impl Fn(&V) -> (NaiveDate, Option<NaiveDate>, usize),
        alike: impl Fn(&V, &V) -> bool,
    ) {
        for (index, later) in values.iter().enumerate() {
            let (from, until, start) = period(&later.value);
            for earlier in &values[..index] {
                let (other_from, other_until, _) = period(&earlier.value);
                let same = earlier.layer == later.layer
                    && earlier.place.pack == later.place.pack
                    && earlier.division == later.division;
                let apart = until.is_some_and(|until| until < other_from)
                    || other_until.is_some_and(|other| other < from);
                if same && !apart && alike(&earlier.value, &later.value) {
                    let line = self.release.line(&later.place, start);
                    let message = format!("{id} 有两个值的日期重叠（从 {other_from} 起，从 {from} 起）");
                    let expected = "前一个写 until，后一个从次日起";
                    self.findings.push(Finding::error(
                        self.release.file_name(&later.place),
                        line,
                        message,
                        expected,
                    ));
                }
            }
        }
    }
}

/// Whether a text contains a value as a whole number or word: 760 is not in 7600 or 1760. Laws write whole numbers in Chinese:
/// 六十日 says 60, and 六十日 does not say 6 or 10.
fn contains_value(text: &str, value: &str) -> bool {
    let digit = |character: Option<char>| character.is_some_and(|character| character.is_ascii_digit());
    if !value.starts_with(|first: char| first.is_ascii_digit()) {
        return text.contains(value);
    }
    let plain = text.replace([',', '，'], "");
    let in_digits = plain.match_indices(value).any(|(at, _)| {
        let before = plain[..at].chars().next_back();
        let mut after = plain[at + value.len()..].chars();
        let next = after.next();
        let goes_on = digit(next) || (next == Some('.') && digit(after.next()));
        !digit(before) && before != Some('.') && !goes_on
    });
    in_digits || value.parse().is_ok_and(|number: u32| says_in_chinese(text, number))
}

/// Whether a text contains a whole number below a hundred as Chinese writes it.
fn says_in_chinese(text: &str, number: u32) -> bool {
    const DIGITS: [&str; 10] = ["", "一", "二", "三", "四", "五", "六", "七", "八", "九"];
    let digit = |at: u32| usize::try_from(at).ok().and_then(|at| DIGITS.get(at)).copied().unwrap_or_default();
    let words = match number {
        1..=9 => digit(number).to_owned(),
        10..=19 => format!("十{}", digit(number - 10)),
        20..=99 => format!("{}十{}", digit(number / 10), digit(number % 10)),
        _ => return false,
    };
    let numeral = |character: Option<char>| {
        character.is_some_and(|character| "〇零一二三四五六七八九十百千万".contains(character))
    };
    text.match_indices(words.as_str()).any(|(at, found)| {
        !numeral(text[..at].chars().next_back()) && !numeral(text[at + found.len()..].chars().next())
    })
}

#[cfg(test)]
mod tests {
    use super::contains_value;

    #[test]
    fn a_quote_contains_the_whole_value() {
        assert!(contains_value("标准达到月人均760元", "760"));
        assert!(contains_value("低于标准1.5倍", "1.5"));
        assert!(contains_value("达到15,000元", "15000"));
        assert!(!contains_value("达到7600元", "760"));
        assert!(!contains_value("达到1760元", "760"));
        assert!(!contains_value("达到760.5元", "760"));
        assert!(!contains_value("增长3.5%", "5"));
        assert!(contains_value("与低保标准的实际差额核定", "实际差额"));
        assert!(contains_value("自知道之日起六十日内提出", "60"));
        assert!(contains_value("自知道之日起六个月内提出", "6"));
        assert!(contains_value("二十五个工作日", "25"));
        assert!(!contains_value("自知道之日起六十日内提出", "6"));
        assert!(!contains_value("自知道之日起六十日内提出", "10"));
        assert!(!contains_value("一百六十日内", "60"));
    }
}
