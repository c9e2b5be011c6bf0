//! What an evaluation counts, frozen when it is run: every indicator with where its number comes from, every project, every county.

use std::collections::HashMap;

use catalogue::Number;
use serde::{Deserialize, Serialize};
use store::{DivisionId, Query};
use vocab::{Month, Now};

use super::{Comment, Evaluation, EvaluationKind, TaskFigures, comments, tasks, texts};
use crate::access::{Granted, ReadPlan};
use crate::plans::computed::computed;
use crate::plans::judge::{METHOD, Point, Standing, Target, path, reached};
use crate::plans::known::known;
use crate::plans::stages::{self, Stage, StageState};
use crate::plans::{COUNTIES, EVERYBODYS, Installed, adjustments, in_words, links, of_row, places_below};
use crate::{Office, OfficeError};

/// An indicator at the end of the month looked at. Numbers are text with their units.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct IndicatorFigures {
    /// Its id.
    pub id: String,
    /// Name.
    pub name: String,
    /// 约束性, 预期性, 未注明.
    pub kind: String,
    /// Whether it binds.
    pub binding: bool,
    /// The name of the indicator before it that promises the same; the promise is counted there. Runs from before this was kept count every print.
    #[serde(default)]
    pub same_as: Option<String>,
    /// Category or field of work.
    pub category: String,
    /// Unit.
    pub unit: String,
    /// Baseline as printed, with its year.
    pub baseline: String,
    /// The target that holds.
    pub target: String,
    /// The printed one, where it was adjusted.
    pub printed_target: Option<String>,
    /// When it is due.
    pub due: String,
    /// Month and value of the newest number.
    pub latest: Option<(Month, Number)>,
    /// What the path expects in that month.
    pub expected: String,
    /// Where it is going.
    pub forecast: String,
    /// How it stands, by code.
    pub standing: String,
    /// The same in Chinese.
    pub standing_title: String,
    /// Whether an alert is up.
    pub alert: bool,
    /// Where the number comes from.
    pub evidence: String,
    /// The words of the plan.
    pub source: String,
    /// The path: month and value.
    pub path: Vec<(Month, Number)>,
    /// Values up to the month looked at.
    pub points: Vec<(Month, Number)>,
    /// Month and value of the first number after that month. Runs from before this was kept have none.
    #[serde(default)]
    pub later: Option<(Month, Number)>,
}

/// A project's stage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProjectFigures {
    /// Its id.
    pub id: String,
    /// What.
    pub name: String,
    /// Until when, in words.
    pub due: String,
    /// Where.
    pub places: String,
    /// How it stands, by code.
    pub state: String,
    /// The same in Chinese.
    pub state_title: String,
    /// What was noted last.
    pub note: String,
}

/// A document or files noted with a stage: what the annex shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StagePaper {
    /// The stage.
    pub stage: String,
    /// The day of the note.
    pub on: String,
    /// The office.
    pub by: String,
    /// What was noted.
    pub words: String,
    /// Name and number of the document; empty when none.
    pub document: String,
    /// Files: id, name, media type.
    pub files: Vec<(i64, String, String)>,
}

/// A county: its parts of the targets for the year and what came of them (绩效考核).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CountyFigures {
    /// Name.
    pub name: String,
    /// Parts of targets that were given to it for the year.
    pub given: usize,
    /// Of these, reached.
    pub reached: usize,
    /// Of these, not reached.
    pub missed: usize,
    /// Of these, without a value.
    pub unknown: usize,
    /// The indicators whose part is not reached: name, part, value.
    pub missing: Vec<(String, String, String)>,
}

/// An adjusted target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdjustmentFigures {
    /// The indicator's name.
    pub name: String,
    /// As printed.
    pub before: String,
    /// As adjusted.
    pub after: String,
    /// The year in which it is due.
    pub year: i64,
    /// Why.
    pub reason: String,
    /// By which document.
    pub document: String,
}

/// Everything that one run says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EvaluationFigures {
    /// Name of the plan.
    pub plan: String,
    /// First year.
    pub from: u16,
    /// Last year.
    pub until: u16,
    /// The plan's place.
    pub place: String,
    /// Who issued the plan.
    pub issuer: String,
    /// The month whose end is looked at.
    pub as_of: Month,
    /// Which evaluation.
    pub kind: String,
    /// Its year.
    pub year: i32,
    /// Its title.
    pub title: String,
    /// How many promises stand how: code, Chinese, all, binding ones.
    pub standings: Vec<(String, String, usize, usize)>,
    /// Every indicator that the plan promises.
    pub indicators: Vec<IndicatorFigures>,
    /// Every stage of its projects.
    pub projects: Vec<ProjectFigures>,
    /// Every task. Runs from before these were kept have none.
    #[serde(default)]
    pub tasks: Vec<TaskFigures>,
    /// Documents and files noted with them. Runs from before these were kept have none.
    #[serde(default)]
    pub papers: Vec<StagePaper>,
    /// How many stages stand how: code, Chinese, number.
    pub stages: Vec<(String, String, usize)>,
    /// Counties; townships of a county's own plan.
    pub counties: Vec<CountyFigures>,
    /// How these are called together. Runs from before this was kept are of prefectures.
    #[serde(default = "counties")]
    pub below: String,
    /// Adjusted targets.
    pub adjustments: Vec<AdjustmentFigures>,
    /// How many contradictions the text holds.
    pub contradictions: usize,
    /// How it was judged.
    pub method: Vec<String>,
    /// Blocks that people wrote: id, heading, words.
    pub texts: Vec<(String, String, String)>,
    /// What the assessor said.
    pub comments: Vec<Comment>,
    /// The release of the packs.
    pub release: String,
}

fn counties() -> String {
    COUNTIES.to_owned()
}

impl CountyFigures {
    /// The indicators whose part is not reached, each in a sentence.
    #[must_use]
    pub fn missing_in_words(&self) -> Vec<String> {
        let said =
            |(name, part, value): &(String, String, String)| format!("{name}应达到{part}，现为{value}");
        self.missing.iter().map(said).collect()
    }
}

impl EvaluationFigures {
    /// Until when a report made at a moment knows: `2025年12月底`; of a month that is not over, without the end.
    #[must_use]
    pub fn known_at(&self, made: Now) -> String {
        let over = self.as_of < Month::containing(made.today());
        format!("{}{}", self.as_of.zh(), if over { "底" } else { "" })
    }

    /// The counties, where any of them was given a part to answer for.
    #[must_use]
    pub fn appraised(&self) -> &[CountyFigures] {
        if self.counties.iter().any(|one| one.given > 0) { self.counties.as_slice() } else { &[] }
    }

    /// The text of a block.
    #[must_use]
    pub fn text(&self, section: &str) -> &str {
        self.texts.iter().find(|(id, ..)| id == section).map_or("", |(_, _, words)| words)
    }

    /// The promises: what the plan prints of one again is not another.
    pub fn promises(&self) -> impl Iterator<Item = &IndicatorFigures> {
        self.indicators.iter().filter(|one| one.same_as.is_none())
    }

    /// How many promises stand so.
    #[must_use]
    pub fn standing(&self, standing: Standing) -> (usize, usize) {
        let found = self.standings.iter().find(|(code, ..)| code == standing.code());
        found.map_or((0, 0), |(_, _, all, binding)| (*all, *binding))
    }
}

/// Counts everything at the end of the evaluation's month.
pub(super) async fn gather(
    office: &Office,
    actor: &Granted<ReadPlan>,
    plan: &Installed,
    evaluation: Evaluation,
) -> Result<EvaluationFigures, OfficeError> {
    let as_of = evaluation.as_of(Month::containing(office.now().today()));
    let known = known(office, plan).await?;
    let evidence = evidence(office, plan, as_of).await?;
    let restated = plan.restated();
    let mut indicators = Vec::new();
    for one in plan.indicators.iter().filter(|one| !one.is_history()) {
        let (target, judged) = known.judged(plan, one, as_of);
        let unit = |number| in_words::with_unit(number, one);
        let linked = known.linked.iter().find(|link| *one.id == link.indicator);
        let source = match (linked, judged.latest) {
            (Some(link), Some(_)) => format!("系统计算：{}", link.title),
            (None, Some(point)) => {
                evidence.get(&(one.id.get().clone(), point.month)).cloned().unwrap_or_default()
            }
            (_, None) => String::new(),
        };
        let forecast = judged.forecast.map(|forecast| {
            if forecast.least == forecast.most {
                format!("约{}", unit(forecast.least))
            } else {
                format!("{}至{}", unit(forecast.least), unit(forecast.most))
            }
        });
        let pairs = |points: &[Point]| points.iter().map(|point| (point.month, point.number)).collect();
        let all = known.points(one.id.as_str());
        let shown: Vec<Point> = all.iter().filter(|point| point.month <= as_of).copied().collect();
        let later = all.iter().find(|point| point.month > as_of);
        indicators.push(IndicatorFigures {
            id: one.id.get().clone(),
            name: one.name.clone(),
            kind: one.kind.title().to_owned(),
            binding: one.kind == catalogue::definition::IndicatorKind::Binding,
            same_as: plan.same_as(&restated, one.id.as_str()),
            category: one.category.clone().or_else(|| one.domain.clone()).unwrap_or_default(),
            unit: one.unit.clone().unwrap_or_default(),
            baseline: in_words::baseline(&plan.plan, one),
            target: in_words::target(one, &target),
            printed_target: target.adjusted.then(|| in_words::printed(one.target.as_ref(), one)),
            due: target.due.zh(),
            latest: judged.latest.map(|point| (point.month, point.number)),
            expected: judged
                .expected
                .map(|number| in_words::expected(number, one, &target))
                .unwrap_or_default(),
            forecast: forecast.unwrap_or_default(),
            standing: judged.standing.code().to_owned(),
            standing_title: judged.standing.title().to_owned(),
            alert: judged.alert,
            evidence: source,
            source: in_words::source(one),
            path: pairs(&path(&plan.plan, one, &target)),
            points: pairs(&shown),
            later: later.map(|point| (point.month, point.number)),
        });
    }
    indicators.sort_by_key(|one| !one.binding);
    let count = |standing: Standing, binding: bool| {
        let promises = indicators.iter().filter(|one: &&IndicatorFigures| one.same_as.is_none());
        promises.filter(|one| one.standing == standing.code() && (one.binding || !binding)).count()
    };
    let standings = Standing::ALL
        .into_iter()
        .map(|one| (one.code().to_owned(), one.title().to_owned(), count(one, false), count(one, true)))
        .collect();
    // The end of a plan is told with what was reported after it; a year and the middle as they were known then.
    let known_in = match evaluation.kind {
        EvaluationKind::Final => Month::containing(office.now().today()),
        EvaluationKind::Midterm | EvaluationKind::Yearly => as_of,
    };
    let mut stages = stages::stages_as_of(office, actor, plan, known_in).await?;
    stages::with_files(office, &mut stages).await?;
    let papers = papers(&stages);
    let projects: Vec<ProjectFigures> = stages
        .iter()
        .map(|stage| ProjectFigures {
            id: stage.id.clone(),
            name: stage.what.clone(),
            due: match stage.due.filter(|_| stage.moved) {
                Some(due) => format!("{}（已调整）", due.zh()),
                None => stage.due_words.clone(),
            },
            places: stage.places.clone(),
            state: stage.state.code().to_owned(),
            state_title: stage.state.title().to_owned(),
            note: stage.notes.first().map(|note| note.words.clone()).unwrap_or_default(),
        })
        .collect();
    let stage_counts = StageState::ALL
        .into_iter()
        .map(|state| {
            let count = projects.iter().filter(|one| one.state == state.code()).count();
            (state.code().to_owned(), state.title().to_owned(), count)
        })
        .collect();
    let texts = texts::newest(office, plan, evaluation).await?;
    Ok(EvaluationFigures {
        plan: plan.plan.name.clone(),
        from: plan.plan.from,
        until: plan.plan.until,
        place: plan.home.name.clone(),
        issuer: plan.plan.issuer.clone().unwrap_or_default(),
        as_of,
        kind: evaluation.kind.code().to_owned(),
        year: evaluation.year,
        title: evaluation.title(),
        standings,
        counties: appraised(office, plan, &known.changes, &known.linked, as_of).await?,
        below: plan.below_title().to_owned(),
        adjustments: adjusted(plan, &known.changes),
        indicators,
        projects,
        tasks: tasks::gather(office, actor, plan, known_in).await?,
        papers,
        stages: stage_counts,
        contradictions: plan.contradictions().len(),
        method: METHOD.map(str::to_owned).into(),
        texts: texts
            .into_iter()
            .map(|text| (text.section.id.to_owned(), text.section.title.to_owned(), text.words))
            .collect(),
        comments: comments::list(office, plan, evaluation).await?,
        release: office.release().hash.clone(),
    })
}

/// What documents and files were noted with the stages, the oldest first: like their states, as they are when the report is made.
fn papers(stages: &[Stage]) -> Vec<StagePaper> {
    let mut papers: Vec<(Now, StagePaper)> = Vec::new();
    for stage in stages {
        for note in &stage.notes {
            let bare = note.document.is_none() && note.files.is_empty();
            if bare {
                continue;
            }
            let paper = StagePaper {
                stage: stage.what.clone(),
                on: vocab::zh_date(note.at.today()),
                by: note.division_name.clone(),
                words: note.words.clone(),
                document: note.document.clone().unwrap_or_default(),
                files: note
                    .files
                    .iter()
                    .map(|file| (file.id.0, file.name.clone(), file.mime.clone()))
                    .collect(),
            };
            papers.push((note.at, paper));
        }
    }
    papers.sort_by_key(|(at, _)| *at);
    papers.into_iter().map(|(_, paper)| paper).collect()
}

/// Where the confirmed values of the plan's place come from.
async fn evidence(
    office: &Office,
    plan: &Installed,
    as_of: Month,
) -> Result<HashMap<(String, Month), String>, OfficeError> {
    let rows = Query::system(
        EVERYBODYS,
        "SELECT v.indicator, v.month, v.evidence FROM plan_value v WHERE v.plan = ? AND v.division_id = ? AND v.state = 'confirmed' AND v.month <= ?",
    )
    .bind(plan.id())
    .bind(plan.home.id)
    .bind(as_of)
    .all_as(office.db(), |row| Ok(((row.get("indicator")?, row.get("month")?), row.get("evidence")?)))
    .await?;
    Ok(rows.into_iter().collect())
}

fn adjusted(plan: &Installed, changes: &[adjustments::Adjustment]) -> Vec<AdjustmentFigures> {
    let approved = changes.iter().rev().filter(|one| one.state == adjustments::Decided::Approved);
    approved
        .filter_map(|one| {
            let indicator = plan.indicator(&one.indicator)?;
            Some(AdjustmentFigures {
                name: indicator.name.clone(),
                before: in_words::printed(indicator.target.as_ref(), indicator),
                after: in_words::with_unit(one.number, indicator),
                year: one.year,
                reason: one.reason.clone(),
                document: one.document.clone(),
            })
        })
        .collect()
}

/// What each county was given for the year and what it has come to. Only approved splits give a county anything to answer for.
async fn appraised(
    office: &Office,
    plan: &Installed,
    changes: &[adjustments::Adjustment],
    linked: &[links::Link],
    as_of: Month,
) -> Result<Vec<CountyFigures>, OfficeError> {
    let places = places_below(office, plan).await?;
    let rows = Query::system(
        EVERYBODYS,
        "SELECT s.indicator, p.division_id, p.year, p.units, p.scale FROM plan_split s JOIN plan_split_part p ON p.split_id = s.id \
         WHERE s.plan = ? AND p.year <= ? AND s.id IN (SELECT max(n.id) FROM plan_split n WHERE n.plan = s.plan AND n.state = 'approved' \
         GROUP BY n.indicator) ORDER BY p.year",
    )
    .bind(plan.id())
    .bind(i64::from(as_of.year()))
    .all(office.db())
    .await?;
    // Rows come in the order of the years, so the last one of a county is the newest that is due.
    let mut parts: HashMap<(DivisionId, String), Number> = HashMap::new();
    for row in rows {
        parts.insert((row.get("division_id")?, row.get("indicator")?), of_row(&row)?);
    }
    let rows = Query::system(
        EVERYBODYS,
        "SELECT v.indicator, v.division_id, v.units, v.scale FROM plan_value v WHERE v.plan = ? AND v.state = 'confirmed' AND v.month <= ? \
         AND v.division_id <> ? ORDER BY v.month",
    )
    .bind(plan.id())
    .bind(as_of)
    .bind(plan.home.id)
    .all(office.db())
    .await?;
    let mut newest: HashMap<(DivisionId, String), Number> = HashMap::new();
    for row in rows {
        newest.insert((row.get("division_id")?, row.get("indicator")?), of_row(&row)?);
    }
    let all: Vec<&links::Link> = linked.iter().collect();
    let ids: Vec<DivisionId> = places.iter().map(|place| place.id).collect();
    let figures = computed(office, plan, changes, &all, &ids).await?;
    let mut list = Vec::new();
    for place in places {
        let mut county = CountyFigures {
            name: place.name.clone(),
            given: 0,
            reached: 0,
            missed: 0,
            unknown: 0,
            missing: Vec::new(),
        };
        for indicator in plan.indicators.iter().filter(|one| !one.is_history()) {
            let key = (place.id, indicator.id.get().clone());
            let Some(part) = parts.get(&key).copied() else { continue };
            county.given += 1;
            let value = match linked.iter().find(|link| *indicator.id == link.indicator) {
                Some(link) => {
                    let points =
                        figures.get(&(link.indicator.clone(), place.id)).map_or(&[][..], Vec::as_slice);
                    points.iter().rev().find(|point| point.month <= as_of).map(|point| point.number)
                }
                None => newest.get(&key).copied(),
            };
            let whole = adjustments::in_force(plan, indicator, changes);
            let own = Target { number: Some(part), most: None, ..whole };
            match value.and_then(|value| reached(indicator, &own, value)) {
                Some(true) => county.reached += 1,
                Some(false) => {
                    county.missed += 1;
                    let value = value.map(|value| in_words::with_unit(value, indicator)).unwrap_or_default();
                    let part = in_words::with_unit(part, indicator);
                    county.missing.push((indicator.name.clone(), part, value));
                }
                None => county.unknown += 1,
            }
        }
        list.push(county);
    }
    Ok(list)
}
