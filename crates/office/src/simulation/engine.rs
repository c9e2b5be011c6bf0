//! The sweep behind a simulation.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use catalogue::definition::{ConditionKind, DivisionLevel, Unit, ValueKind};
use catalogue::{Release, Supposed, part_key};
use chrono::NaiveDate;
use columns::{ColumnsError, Compared, Pair, Sweep, Swept};
use rules::{Context, FindingValue, Part, Programme};

use super::raised::raised;
use super::{Cliffs, Effect, PlaceEffect, Simulated, Supposition};
use crate::access::{Granted, Simulate};
use crate::error::Problems;
use crate::population::{self, Population};
use crate::{Office, OfficeError, divisions, releases};

/// What a supposition would mean for the actor's area.
///
/// # Errors
/// [`OfficeError::Invalid`] with everything that is wrong; [`OfficeError::Conflict`] before there is a population.
pub async fn simulate(
    office: &Office,
    actor: &Granted<Simulate>,
    supposition: &Supposition,
) -> Result<Simulated, OfficeError> {
    let within = divisions::find(office.db(), actor.division).await?.code;
    let population = population::current(office)?.ok_or_else(|| {
        OfficeError::Conflict(
            "人口快照还没有生成。系统会自动生成，也可以现在点“更新人口快照”，稍后再来。".to_owned(),
        )
    })?;
    let (release, today) = (office.release(), office.now().today());
    let supposition = supposition.clone();
    tokio::task::spawn_blocking(move || run(&release, &population, &supposition, &within, today))
        .await
        .map_err(|_| OfficeError::Internal("仿真中断了".to_owned()))?
}

/// Parameters and table cells that are numbers, which some programme reads: id, title with unit, and the value for a division in a month.
#[must_use]
pub fn numeric_parameters(
    release: &Release,
    division: &str,
    month: vocab::Month,
) -> Vec<(String, String, String)> {
    let mut read = BTreeSet::new();
    for programme in release.programmes.iter() {
        read.extend(release.rules(&programme.id).into_iter().flat_map(Programme::parameters).cloned());
    }
    let number = |kind: ValueKind| matches!(kind, ValueKind::Money | ValueKind::Integer | ValueKind::Decimal);
    let unit = |unit: &Option<String>| unit.as_ref().map(|unit| format!("（{unit}）")).unwrap_or_default();
    let mut all = Vec::new();
    for parameter in release.parameters.iter().filter(|parameter| number(*parameter.kind)) {
        if read.contains(&format!("param.{}", parameter.id)) {
            let now = release.parameter_for(&parameter.id, division, month, month.first_day());
            let now = if now.is_known() { now.to_string() } else { String::new() };
            all.push((
                parameter.id.get().clone(),
                format!("{}{}", parameter.title, unit(&parameter.unit)),
                now,
            ));
        }
    }
    for table in release.tables.iter().filter(|table| number(*table.kind)) {
        if !read.contains(&format!("table.{}", table.id)) {
            continue;
        }
        for code in release.keys(&table.id) {
            let now = release.cell(&table.id, &code.code, division, month.first_day());
            let now = now.map(|held| held.value.to_string());
            let title = format!("{}：{}{}", table.title, code.title, unit(&table.unit));
            all.push((format!("{}[{}]", table.id, code.code), title, now.unwrap_or_default()));
        }
    }
    all
}

/// One division of the snapshot in the area.
struct Here {
    index: usize,
    code: String,
    /// The place one step below the area.
    place: String,
}

/// What a supposition would mean, for whoever may see the area of this code.
///
/// # Errors
/// [`OfficeError::Invalid`] with everything that is wrong with the supposition.
pub fn run(
    release: &Release,
    population: &Population,
    supposition: &Supposition,
    within: &str,
    today: NaiveDate,
) -> Result<Simulated, OfficeError> {
    let begun = Instant::now();
    let snapshot = &population.snapshot;
    let read = read(release, supposition)?;
    let affected: Vec<&str> = release
        .programmes
        .iter()
        // Whom a confidential programme would cover stands in no snapshot; what rests on a judgement alone is not counted as met.
        .filter(|programme| programme.confidential.is_none())
        .map(|programme| programme.id.as_str())
        .filter(|id| read.concerns(release, id))
        .collect();
    // Today's programme and the supposed one, and where both read the income that is raised, both of them with more of it.
    let mut raises: Vec<Option<[Programme; 2]>> = Vec::new();
    for id in &affected {
        let (Some(before), Some(after)) = (release.rules(id), read.rules(release, id)) else { continue };
        let both = supposition.raise.as_ref().and_then(|raise| {
            Some([
                raised(release, before, &raise.fact, raise.by)?,
                raised(release, after, &raise.fact, raise.by)?,
            ])
        });
        raises.push(both);
    }
    let mut assumed: BTreeSet<String> = BTreeSet::new();
    let mut contexts = |programme: &Programme, supposed: bool| -> Vec<Context> {
        let nothing = Supposed::default();
        let each = snapshot.divisions().iter().map(|code| {
            let dates = Context::new(supposition.month, supposition.month.first_day(), today);
            let values = if supposed { read.values_in(release, code) } else { nothing.clone() };
            let mut context = release.context_with(programme, code, dates, &values);
            assumed.extend(assume(release, programme, &mut context, today));
            context
        });
        each.collect()
    };
    let mut swept = Vec::new();
    for (id, raise) in affected.iter().zip(&raises) {
        let (Some(before), Some(after)) = (release.rules(id), read.rules(release, id)) else { continue };
        swept.push(Swept { programme: before, contexts: contexts(before, false) });
        swept.push(Swept { programme: after, contexts: contexts(after, true) });
        if let Some([before_raised, after_raised]) = raise {
            swept.push(Swept { programme: before_raised, contexts: contexts(before_raised, false) });
            swept.push(Swept { programme: after_raised, contexts: contexts(after_raised, true) });
        }
    }
    let sweep = Sweep::new(snapshot, swept).map_err(|error| match error {
        ColumnsError::MissingColumn { field, .. } => OfficeError::invalid(
            "texts",
            format!("改写的规则用到了「{field}」。现行规则都不读这一项，人口快照里没有它，不能仿真。"),
        ),
        other => OfficeError::Internal(format!("仿真：{other}")),
    })?;
    let by = supposition.raise.as_ref().map(|raise| raise.by);
    let mut pairs = Vec::new();
    let mut at = 0;
    for raise in &raises {
        pairs.push(Pair { before: at, after: at + 1, steep: None });
        if raise.is_some() {
            pairs.push(Pair { before: at, after: at + 2, steep: by });
            pairs.push(Pair { before: at + 1, after: at + 3, steep: by });
        }
        at += if raise.is_some() { 4 } else { 2 };
    }
    let here = here(release, population, within);
    let mut compared = sweep.compare(&pairs).into_iter();
    let mut programmes = Vec::new();
    for (id, raise) in affected.iter().zip(&raises) {
        let (Some(definition), Some(main)) = (release.programmes.get(id), compared.next()) else { continue };
        let cliffs = raise.as_ref().and_then(|_| {
            let (before, after) = (sum(&compared.next()?, &here), sum(&compared.next()?, &here));
            Some(Cliffs {
                before: before.steep.units,
                before_lost: vocab::Fen(before.steep.before.0 - before.steep.after.0),
                after: after.steep.units,
                after_lost: vocab::Fen(after.steep.before.0 - after.steep.after.0),
            })
        });
        programmes.push(Effect {
            programme: (*id).to_owned(),
            title: definition.title.clone(),
            of_persons: definition.unit == Unit::Person,
            whole: sum(&main, &here),
            places: by_place(release, &main, &here),
            cliffs,
        });
    }
    let rows = |table: usize| here.iter().map(|one| snapshot.rows_in(table, one.index)).sum();
    Ok(Simulated {
        month: supposition.month,
        within: within.to_owned(),
        within_name: name_of(release, within),
        release: release.hash.clone(),
        population_at: population.label.made_at,
        families: rows(0),
        people: rows(population.people()),
        programmes,
        said: read.said,
        assumed: assumed.into_iter().collect(),
        took_ms: u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX),
    })
}

fn name_of(release: &Release, code: &str) -> String {
    release.places.get(code).map_or_else(|| code.to_owned(), |place| place.name.clone())
}

fn sum(divisions: &[Compared], here: &[Here]) -> Compared {
    let mut sum = Compared::default();
    here.iter().for_each(|one| sum.merge(&divisions[one.index]));
    sum
}

fn by_place(release: &Release, divisions: &[Compared], here: &[Here]) -> Vec<PlaceEffect> {
    let mut places: BTreeMap<&str, Compared> = BTreeMap::new();
    for one in here {
        places.entry(&one.place).or_default().merge(&divisions[one.index]);
    }
    let effect = |(code, compared): (&str, Compared)| PlaceEffect {
        code: code.to_owned(),
        name: name_of(release, code),
        compared,
    };
    places.into_iter().map(effect).collect()
}

/// The divisions of the snapshot that lie in the area, with the county (or township) that they are counted under.
fn here(release: &Release, population: &Population, within: &str) -> Vec<Here> {
    let below = match release.places.get(within).map(|place| place.level) {
        Some(DivisionLevel::Province | DivisionLevel::Prefecture) => DivisionLevel::County,
        _ => DivisionLevel::Township,
    };
    let mut all = Vec::new();
    for (index, code) in population.snapshot.divisions().iter().enumerate() {
        if !release.places.upwards(code).any(|place| place.code == within) {
            continue;
        }
        let place = release.places.upwards(code).find(|place| place.level == below);
        let place = place.map_or_else(|| code.clone(), |place| place.code.clone());
        all.push(Here { index, code: code.clone(), place });
    }
    all.sort_by(|one, other| one.code.cmp(&other.code));
    all
}

/// Takes as met what only an officer can judge; the titles of what was taken.
pub(crate) fn assume(
    release: &Release,
    programme: &Programme,
    context: &mut Context,
    today: NaiveDate,
) -> Vec<String> {
    let Some(definition) = release.programmes.get(&programme.source().id) else { return Vec::new() };
    let mut titles = Vec::new();
    for condition in definition.conditions.iter().filter(|one| one.kind == ConditionKind::Finding) {
        if context.findings.contains_key(condition.id.as_str()) {
            continue;
        }
        let finding = FindingValue {
            met: Some(true),
            officer: "测算".to_owned(),
            reason: "要由工作人员认定，测算时先按符合计算".to_owned(),
            recorded_on: today,
        };
        context.findings.insert(condition.id.get().clone(), finding);
        titles.push(condition.title.clone());
    }
    titles
}

/// A supposition that was understood.
struct Understood {
    /// Where, and what.
    values: Vec<(Option<String>, Supposed)>,
    /// Programmes with other texts.
    edited: BTreeMap<String, Programme>,
    /// Names that programmes read: `param.x`, `table.y`.
    names: BTreeSet<String>,
    nothing: bool,
    said: Vec<String>,
}

impl Understood {
    fn concerns(&self, release: &Release, programme: &str) -> bool {
        let reads = |rules: &Programme| rules.parameters().iter().any(|name| self.names.contains(name));
        self.nothing || self.edited.contains_key(programme) || release.rules(programme).is_some_and(reads)
    }

    fn rules<'a>(&'a self, release: &'a Release, programme: &str) -> Option<&'a Programme> {
        self.edited.get(programme).or_else(|| release.rules(programme))
    }

    /// What is supposed in a division; a value for a smaller area goes before one for a larger.
    fn values_in(&self, release: &Release, code: &str) -> Supposed {
        let path: Vec<&str> = release.places.upwards(code).map(|place| place.code.as_str()).collect();
        let depth = |division: &Option<String>| match division {
            None => Some(usize::MAX),
            Some(division) => path.iter().position(|above| above == division),
        };
        let mut holding: Vec<(usize, &Supposed)> = self
            .values
            .iter()
            .filter_map(|(division, supposed)| Some((depth(division)?, supposed)))
            .collect();
        holding.sort_by_key(|(depth, _)| std::cmp::Reverse(*depth));
        let mut all = Supposed::default();
        for (_, supposed) in holding {
            all.parameters.extend(supposed.parameters.clone());
            for (table, rows) in &supposed.tables {
                all.tables.entry(table.clone()).or_default().extend(rows.clone());
            }
        }
        all
    }
}

/// Everything of a supposition, or everything that is wrong with it.
fn read(release: &Release, supposition: &Supposition) -> Result<Understood, OfficeError> {
    let mut problems = Problems::default();
    let nothing = supposition.values.is_empty() && supposition.texts.is_empty();
    let (values, edited, names) = (Vec::new(), BTreeMap::new(), BTreeSet::new());
    let mut read = Understood { values, edited, names, nothing, said: Vec::new() };
    for (index, one) in supposition.values.iter().enumerate() {
        let field = format!("value_{}", index + 1);
        if let Some(division) = &one.division
            && release.places.get(division).is_none()
        {
            problems.add(&field, format!("没有代码是 {division} 的地区。"));
        }
        if let Some((name, supposed, said)) =
            problems.keep(&field, value(release, &one.parameter, &one.value))
        {
            let place =
                one.division.as_ref().map_or_else(|| "全部地区".to_owned(), |code| name_of(release, code));
            read.said.push(format!("{place}：{said}"));
            read.names.insert(name);
            read.values.push((one.division.clone(), supposed));
        }
    }
    let mut texts: BTreeMap<&str, Vec<(Part, String)>> = BTreeMap::new();
    for one in &supposition.texts {
        texts.entry(&one.programme).or_default().push((one.part.clone(), one.text.clone()));
    }
    for (programme, texts) in texts {
        match release.programme_with(programme, &texts) {
            Ok(edited) => {
                for (part, text) in &texts {
                    let title = release.programmes.get(programme).map_or(programme, |one| one.title.as_str());
                    read.said.push(format!("{title}，{}改为：{text}", release.part_title(programme, part)));
                }
                read.edited.insert(programme.to_owned(), edited);
            }
            Err(diagnostics) => {
                for diagnostic in diagnostics {
                    let proposal = diagnostic.suggestion.as_ref();
                    let proposal = proposal.map(|proposal| format!("（{proposal}）")).unwrap_or_default();
                    problems.add(&part_key(&diagnostic.part), format!("{diagnostic}{proposal}"));
                }
            }
        }
    }
    if let Some(raise) = &supposition.raise {
        if !super::raisable(release).iter().any(|(id, _)| *id == raise.fact) {
            problems.add("raise_fact", "请从列表中选择一项收入。");
        }
        if raise.by.0 <= 0 || raise.by.0 > 10_000_000 {
            problems.add("raise_by", "每月多挣的金额应大于 0，不超过 100000 元。");
        }
    }
    problems.none_or_refuse()?;
    Ok(read)
}

/// A supposed value: the name that programmes read, the value, and the same in words.
fn value(release: &Release, id: &str, typed: &str) -> Result<(String, Supposed, String), String> {
    let mut supposed = Supposed::default();
    let json = |text: &str, ty: &rules::Type| {
        let json = match (ty, text) {
            (rules::Type::Boolean, "true" | "false") => serde_json::Value::Bool(text == "true"),
            _ => serde_json::Value::String(text.to_owned()),
        };
        rules::read_value(&json, ty, release.shapes())
    };
    let unit = |unit: &Option<String>| unit.as_ref().map(|unit| format!(" {unit}")).unwrap_or_default();
    if let Some((table, key)) = id.strip_suffix(']').and_then(|id| id.split_once('[')) {
        let (Some(definition), Some(types)) =
            (release.tables.get(table), release.parameter_types().tables.get(table))
        else {
            return Err(format!("没有叫 {table} 的数表。"));
        };
        let list = release.codelists.get(&definition.key);
        let Some(title) = list.and_then(|list| list.title_of(key)) else {
            return Err(format!("数表「{}」没有 {key} 这一项。", definition.title));
        };
        let number: catalogue::Number = typed
            .trim()
            .replace([',', '，'], "")
            .parse()
            .map_err(|_| format!("「{typed}」不是数。请只填数字。"))?;
        if number < *definition.min.get() || number > *definition.max.get() {
            return Err(format!(
                "{number} 超出允许的范围（{} 到 {}）。",
                definition.min.get(),
                definition.max.get()
            ));
        }
        let value = json(&number.to_string(), &types.value)?;
        supposed.tables.entry(table.to_owned()).or_default().insert(key.to_owned(), value);
        let said = format!("{}（{title}）改为 {number}{}", definition.title, unit(&definition.unit));
        return Ok((format!("table.{table}"), supposed, said));
    }
    let Some(definition) = release.parameters.get(id) else {
        return Err(format!("没有叫 {id} 的标准。请从列表中选择。"));
    };
    let text = releases::read_value(release, definition, typed)?;
    let Some(field) = release.parameter_types().parameters.get(id) else {
        return Err(format!("没有叫 {id} 的标准。请从列表中选择。"));
    };
    let value = json(&text, &field.ty)?;
    supposed.parameters.insert(id.to_owned(), value);
    let said = format!("{}改为 {text}{}", definition.title, unit(&definition.unit));
    Ok((format!("param.{id}"), supposed, said))
}
