//! All that one pack says of its plan, and how its entries are found.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use serde::Serialize;

use crate::definition::{
    Law, Plan, PlanAchievement, PlanDocument, PlanFigure, PlanIndicator, PlanProject, PlanRelation,
    PlanRequirement, PlanStandard, PlanTask,
};
use crate::pack::Pack;
use crate::read::{Reading, read_head, read_pack};
use crate::release::{Defined, Place};
use crate::{Finding, Located, PackFiles, Reference, Severity};

/// A plan with everything of its pack.
#[derive(Debug, Clone, Serialize)]
pub struct PlanBook {
    /// The plan.
    pub plan: Defined<Plan>,
    /// Indicators, of tables and of running text.
    pub indicators: Vec<Defined<PlanIndicator>>,
    /// Projects.
    pub projects: Vec<Defined<PlanProject>>,
    /// Tasks without a number.
    pub tasks: Vec<Defined<PlanTask>>,
    /// What the previous period reached.
    pub achievements: Vec<Defined<PlanAchievement>>,
    /// Amounts and rules.
    pub standards: Vec<Defined<PlanStandard>>,
    /// Documents it cites.
    pub documents: Vec<Defined<PlanDocument>>,
    /// Relations that its numbers must keep.
    pub relations: Vec<Defined<PlanRelation>>,
    /// What documents above it and laws demand of its numbers.
    pub requirements: Vec<Defined<PlanRequirement>>,
    /// The laws that requirements and documents name, as far as they are at hand.
    #[serde(skip)]
    pub(crate) laws: BTreeMap<String, Law>,
}

/// A figure with what it belongs to: what a quote is made of.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Entry<'a> {
    /// Id of the entry.
    pub id: &'a str,
    /// Its name.
    pub name: &'a str,
    /// Unit of the figure.
    pub unit: Option<&'a str>,
    /// Chapter or box.
    pub section: Option<&'a str>,
    /// The figure.
    pub figure: &'a PlanFigure,
    /// The quote that holds it.
    pub source: &'a str,
    /// Where it is written.
    pub place: &'a Place,
}

impl Entry<'_> {
    /// The value as a person reads it, with its unit where the print leaves it to the table's head.
    pub(super) fn words(&self) -> String {
        let words = self.figure.words();
        let bare =
            |printed: &Located<String>| !printed.chars().any(|sign| sign.is_alphabetic() || sign == '%');
        let alone = self.figure.number.is_some() && self.figure.printed.as_ref().is_some_and(bare);
        match self.unit.filter(|unit| alone && !words.contains(unit)) {
            Some(unit) => format!("{words}{unit}"),
            None => words,
        }
    }
}

impl PlanBook {
    /// Reads the plan of one pack folder, by itself: no other pack is needed. Laws are named where the packs that it requires lie beside it.
    ///
    /// # Errors
    /// Everything that is wrong with the pack's files or with the plan; a pack without a plan.
    pub fn load(folder: &Path) -> Result<Self, Vec<Finding>> {
        let files = PackFiles::read(folder)?;
        let head = read_head(&files)?;
        let label = files.display("pack.toml");
        let pack = Pack { head, files };
        let (mut reading, mut findings) = (Reading::default(), Vec::new());
        read_pack(0, &pack, &mut reading, &mut findings);
        let (mut beside, mut unheard) = (Reading::default(), Vec::new());
        for required in &pack.head.requires {
            let Ok(files) = PackFiles::read(&folder.join("..").join(required.as_str())) else { continue };
            let Ok(head) = read_head(&files) else { continue };
            read_pack(0, &Pack { head, files }, &mut beside, &mut unheard);
        }
        reading.laws.append(&mut beside.laws);
        let books = Self::gather(&mut reading, &[&pack.files], &mut findings);
        for book in &books {
            book.check(&pack.files, &mut findings);
        }
        findings.retain(|finding| finding.severity == Severity::Error);
        match books.into_iter().next() {
            Some(book) if findings.is_empty() => Ok(book),
            None if findings.is_empty() => {
                Err(vec![Finding::error(label, 0, "这个配置包里没有规划", "一个 [[plan]] 和它的指标、项目")])
            }
            _ => Err(findings),
        }
    }

    /// The plans of all packs; what belongs to no plan is a finding.
    pub(crate) fn gather(
        reading: &mut Reading,
        files: &[&PackFiles],
        findings: &mut Vec<Finding>,
    ) -> Vec<Self> {
        let mut books: Vec<Self> = Vec::new();
        for plan in std::mem::take(&mut reading.plans) {
            let rank = plan.place.pack;
            if books.iter().any(|book| book.plan.place.pack == rank) {
                let file = files[rank].display(&plan.place.path);
                findings.push(Finding::error(
                    file,
                    plan.place.line,
                    "一个配置包里有两个规划",
                    "只写一个 [[plan]]",
                ));
                continue;
            }
            fn own<T>(rank: usize, all: &mut Vec<Defined<T>>) -> Vec<Defined<T>> {
                let (own, others) = std::mem::take(all).into_iter().partition(|one| one.place.pack == rank);
                *all = others;
                own
            }
            books.push(Self {
                indicators: own(rank, &mut reading.plan_indicators),
                projects: own(rank, &mut reading.plan_projects),
                tasks: own(rank, &mut reading.plan_tasks),
                achievements: own(rank, &mut reading.plan_achievements),
                standards: own(rank, &mut reading.plan_standards),
                documents: own(rank, &mut reading.plan_documents),
                relations: own(rank, &mut reading.plan_relations),
                requirements: own(rank, &mut reading.plan_requirements),
                laws: BTreeMap::new(),
                plan,
            });
        }
        for book in &mut books {
            let named: Vec<&str> = book.laws_named().map(|(law, _)| law.as_str()).collect();
            let laws = reading.laws.iter().filter(|law| named.contains(&law.id.as_str()));
            let laws = laws.map(|law| (law.id.get().clone(), (**law).clone())).collect();
            book.laws = laws;
        }
        let left = reading
            .plan_indicators
            .iter()
            .map(|one| &one.place)
            .chain(reading.plan_projects.iter().map(|one| &one.place))
            .chain(reading.plan_tasks.iter().map(|one| &one.place))
            .chain(reading.plan_achievements.iter().map(|one| &one.place))
            .chain(reading.plan_standards.iter().map(|one| &one.place))
            .chain(reading.plan_documents.iter().map(|one| &one.place))
            .chain(reading.plan_relations.iter().map(|one| &one.place))
            .chain(reading.plan_requirements.iter().map(|one| &one.place));
        for place in left {
            let file = files[place.pack].display(&place.path);
            findings.push(Finding::error(
                file,
                place.line,
                "这一条不属于任何规划",
                "同一个配置包里的 [[plan]]",
            ));
        }
        books
    }

    /// An indicator by id.
    #[must_use]
    pub fn indicator(&self, id: &str) -> Option<&Defined<PlanIndicator>> {
        self.indicators.iter().find(|one| one.id == *id)
    }

    /// A project by id.
    #[must_use]
    pub fn project(&self, id: &str) -> Option<&Defined<PlanProject>> {
        self.projects.iter().find(|one| one.id == *id)
    }

    /// Every id with its place, in the order written; milestones too.
    pub(crate) fn ids(&self) -> Vec<(&Located<String>, &Place)> {
        let mut ids: Vec<(&Located<String>, &Place)> = vec![(&self.plan.id, &self.plan.place)];
        ids.extend(self.indicators.iter().map(|one| (&one.id, &one.place)));
        for project in &self.projects {
            ids.push((&project.id, &project.place));
            let milestones = project.milestones.iter().filter_map(|one| one.id.as_ref());
            ids.extend(milestones.map(|id| (id, &project.place)));
        }
        ids.extend(self.tasks.iter().map(|one| (&one.id, &one.place)));
        ids.extend(self.achievements.iter().map(|one| (&one.id, &one.place)));
        ids.extend(self.standards.iter().map(|one| (&one.id, &one.place)));
        ids.extend(self.documents.iter().map(|one| (&one.id, &one.place)));
        ids.extend(self.relations.iter().map(|one| (&one.id, &one.place)));
        ids.extend(self.requirements.iter().map(|one| (&one.id, &one.place)));
        ids
    }

    /// Every law that is named, and where.
    pub(crate) fn laws_named(&self) -> impl Iterator<Item = (&Reference, &Place)> {
        let documents = self
            .documents
            .iter()
            .flat_map(|one| one.law.iter().chain(&one.replaced_by).map(|law| (law, &one.place)));
        let demanded = self.requirements.iter().filter_map(|one| Some((one.law.as_ref()?, &one.place)));
        documents.chain(demanded)
    }

    /// Every indicator that a project or a task says it moves, and where it says so.
    pub(crate) fn served(&self) -> impl Iterator<Item = (&Reference, &Place)> {
        let projects = self.projects.iter().flat_map(|one| one.serves.iter().map(|id| (id, &one.place)));
        projects.chain(self.tasks.iter().flat_map(|one| one.serves.iter().map(|id| (id, &one.place))))
    }

    /// The figures that relations can name: `bd_a053`, `sq_t1_01b.achieved`.
    pub(crate) fn figures(&self) -> HashMap<String, Entry<'_>> {
        let mut figures = HashMap::new();
        for one in &self.indicators {
            let parts = [("baseline", &one.baseline), ("target", &one.target), ("achieved", &one.achieved)];
            for (part, figure) in parts {
                if let Some(figure) = figure {
                    figures.insert(format!("{}.{part}", one.id), indicator_entry(one, figure));
                }
            }
        }
        for one in &self.achievements {
            if let Some(figure) = &one.figure {
                figures.insert(one.id.get().clone(), achievement_entry(one, figure));
            }
        }
        for one in &self.standards {
            if let Some(figure) = &one.figure {
                figures.insert(one.id.get().clone(), standard_entry(one, figure));
            }
        }
        for one in &self.projects {
            if let Some(figure) = &one.quantity {
                figures.insert(one.id.get().clone(), project_entry(one, figure));
            }
        }
        figures
    }
}

pub(super) fn indicator_entry<'a>(one: &'a Defined<PlanIndicator>, figure: &'a PlanFigure) -> Entry<'a> {
    // A cell of a table is quoted with its row, a number of the running text with its sentence.
    let source = figure.source.as_ref().or(one.row.as_ref()).unwrap_or(&one.source);
    Entry {
        id: &one.id,
        name: &one.name,
        unit: one.unit.as_deref(),
        section: figure.section.as_deref().or(one.section.as_deref()),
        figure,
        source,
        place: &one.place,
    }
}

pub(super) fn achievement_entry<'a>(one: &'a Defined<PlanAchievement>, figure: &'a PlanFigure) -> Entry<'a> {
    let source = figure.source.as_ref().unwrap_or(&one.source);
    let (unit, section) = (one.unit.as_deref(), one.section.as_deref());
    Entry { id: &one.id, name: &one.name, unit, section, figure, source, place: &one.place }
}

pub(super) fn standard_entry<'a>(one: &'a Defined<PlanStandard>, figure: &'a PlanFigure) -> Entry<'a> {
    let source = figure.source.as_ref().or(one.row.as_ref()).unwrap_or(&one.source);
    let (unit, section) = (one.unit.as_deref(), one.section.as_deref());
    Entry { id: &one.id, name: &one.name, unit, section, figure, source, place: &one.place }
}

pub(super) fn project_entry<'a>(one: &'a Defined<PlanProject>, figure: &'a PlanFigure) -> Entry<'a> {
    let source = figure.source.as_ref().unwrap_or(&one.source);
    let (unit, section) = (one.unit.as_deref(), one.section.as_deref());
    Entry { id: &one.id, name: &one.name, unit, section, figure, source, place: &one.place }
}
