//! A release: all packs of a city, read, checked and frozen under one content hash.

use std::collections::{BTreeMap, HashMap};
use std::ops::Deref;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::amended::{AmendedPart, amend};
use crate::check;
use crate::compile::Compiled;
use crate::definition::{
    CheckRule, Codelist, Dataset, DatedValue, Department, DivisionChange, ExclusionGroup, Fact, Form,
    Indicator, Item, Kind, Law, LeadClock, Letter, Parameter, Programme, Register, Role, RuleCase,
    Separation, Table, TableValue, Unset,
};
use crate::files::content_hash;
use crate::pack::{Layer, Pack};
use crate::places::Places;
use crate::plan::PlanBook;
use crate::read::{Reading, read_head, read_pack};
use crate::{Finding, PackFiles, Severity};

/// Where a definition stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Index of the pack in [`Release::packs`].
    pub pack: usize,
    /// Path inside the pack.
    pub path: String,
    /// 1-based line.
    pub line: usize,
}

/// A definition with its place; reads like the definition itself.
#[derive(Debug, Clone)]
pub struct Defined<T> {
    /// Where it stands.
    pub place: Place,
    definition: T,
}

impl<T> Defined<T> {
    pub(crate) fn new(place: Place, definition: T) -> Self {
        Self { place, definition }
    }

    pub(crate) fn definition_mut(&mut self) -> &mut T {
        &mut self.definition
    }

    /// The definition and its place.
    pub(crate) fn into_parts(self) -> (Place, T) {
        (self.place, self.definition)
    }
}

impl<T: Serialize> Serialize for Defined<T> {
    /// As the definition alone.
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.definition.serialize(serializer)
    }
}

impl<T> Deref for Defined<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.definition
    }
}

/// Definitions of one kind, in the order written, found by id.
#[derive(Debug, Clone)]
pub struct Shelf<T> {
    list: Vec<Defined<T>>,
    by_id: HashMap<String, usize>,
}

impl<T: Kind> Shelf<T> {
    /// Later definitions of an id that is taken are left out here and reported by the checker.
    fn new(list: Vec<Defined<T>>) -> Self {
        let mut by_id = HashMap::with_capacity(list.len());
        for (index, definition) in list.iter().enumerate() {
            by_id.entry(definition.id().get().clone()).or_insert(index);
        }
        Self { list, by_id }
    }

    /// A definition by id.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&Defined<T>> {
        self.by_id.get(id).map(|index| &self.list[*index])
    }

    /// All definitions in the order written.
    pub fn iter(&self) -> impl Iterator<Item = &Defined<T>> {
        self.list.iter()
    }

    /// Ids in alphabetical order, for messages.
    pub(crate) fn ids(&self) -> Vec<&str> {
        let mut ids: Vec<&str> = self.by_id.keys().map(String::as_str).collect();
        ids.sort_unstable();
        ids
    }
}

/// How to load.
#[derive(Debug, Clone, Copy, Default)]
pub struct LoadOptions {
    /// The database is marked synthetic: demo packs may be loaded.
    pub synthetic: bool,
}

/// One value of a parameter or table with the place it holds for.
#[derive(Debug, Clone)]
pub(crate) struct Held<V> {
    pub layer: Layer,
    pub place: Place,
    /// Division code; none for everywhere.
    pub division: Option<String>,
    pub value: V,
}

/// All packs of a city, checked and frozen. Share it in an `Arc`.
#[derive(Debug, Clone)]
pub struct Release {
    /// Content hash (SM3, hexadecimal).
    pub hash: String,
    /// Packs in the order of their layers.
    pub packs: Vec<Pack>,
    /// Laws.
    pub laws: Shelf<Law>,
    /// Codelists.
    pub codelists: Shelf<Codelist>,
    /// Departments.
    pub departments: Shelf<Department>,
    /// Data sets of the means test.
    pub datasets: Shelf<Dataset>,
    /// Rules over what was declared and answered.
    pub check_rules: Shelf<CheckRule>,
    /// How soon leads must be looked into.
    pub lead_clocks: Shelf<LeadClock>,
    /// Facts.
    pub facts: Shelf<Fact>,
    /// Parameters.
    pub parameters: Shelf<Parameter>,
    /// Tables.
    pub tables: Shelf<Table>,
    /// What places have no value of, and why.
    pub unset: Vec<Defined<Unset>>,
    /// Exclusion groups.
    pub exclusion_groups: Shelf<ExclusionGroup>,
    /// Programmes.
    pub programmes: Shelf<Programme>,
    /// Parts of programmes that read otherwise from a day, each with all its texts.
    pub amended: Vec<AmendedPart>,
    /// Roles.
    pub roles: Shelf<Role>,
    /// Rights that lie in different hands.
    pub separations: Shelf<Separation>,
    /// Forms.
    pub forms: Shelf<Form>,
    /// Letters.
    pub letters: Shelf<Letter>,
    /// Items.
    pub items: Shelf<Item>,
    /// Registers.
    pub registers: Shelf<Register>,
    /// Indicators.
    pub indicators: Shelf<Indicator>,
    /// The form in which a record of each register is written.
    pub(crate) record_forms: BTreeMap<String, Form>,
    /// Rule cases.
    pub cases: Shelf<RuleCase>,
    /// Divisions.
    pub places: Places,
    /// What became of divisions, in the order of their days.
    pub division_changes: Vec<Defined<DivisionChange>>,
    /// GeoJSON texts of the outlines.
    pub outlines: Vec<String>,
    /// The plans of the packs, at most one of each.
    pub plans: Vec<PlanBook>,
    pub(crate) values: BTreeMap<String, Vec<Held<DatedValue>>>,
    pub(crate) table_values: BTreeMap<String, Vec<Held<TableValue>>>,
    /// Programmes and expressions, compiled.
    pub(crate) compiled: Compiled,
}

/// What a release is stored as.
#[derive(Serialize, Deserialize)]
struct Archive {
    packs: Vec<PackFiles>,
}

impl Release {
    /// Reads, checks and freezes pack folders; demo packs are refused.
    ///
    /// # Errors
    /// Every error of every file.
    pub fn load(folders: &[&Path]) -> Result<Self, Vec<Finding>> {
        Self::load_with(folders, LoadOptions::default())
    }

    /// Reads, checks and freezes pack folders.
    ///
    /// # Errors
    /// Every error of every file.
    pub fn load_with(folders: &[&Path], options: LoadOptions) -> Result<Self, Vec<Finding>> {
        let mut packs = Vec::new();
        let mut findings = Vec::new();
        for folder in folders {
            match PackFiles::read(folder) {
                Ok(files) => packs.push(files),
                Err(more) => findings.extend(more),
            }
        }
        if findings.is_empty() { Self::from_packs(packs, options) } else { Err(findings) }
    }

    /// The same from files in memory: an archive, or folders with a database release on top.
    ///
    /// # Errors
    /// Every error of every file.
    pub fn from_packs(files: Vec<PackFiles>, options: LoadOptions) -> Result<Self, Vec<Finding>> {
        let (release, findings) = Self::examine(files, options)?;
        if findings.iter().any(|finding| finding.severity == Severity::Error) {
            Err(findings)
        } else {
            Ok(release)
        }
    }

    /// All findings, warnings too; empty when nothing is to be said.
    #[must_use]
    pub fn check(folders: &[&Path], options: LoadOptions) -> Vec<Finding> {
        let mut packs = Vec::new();
        for folder in folders {
            match PackFiles::read(folder) {
                Ok(files) => packs.push(files),
                Err(findings) => return findings,
            }
        }
        Self::check_files(packs, options)
    }

    /// The same of files in memory.
    #[must_use]
    pub fn check_files(files: Vec<PackFiles>, options: LoadOptions) -> Vec<Finding> {
        match Self::examine(files, options) {
            Ok((_, findings)) | Err(findings) => findings,
        }
    }

    /// A release and what is wrong with it; `Err` when it cannot even be put together.
    fn examine(files: Vec<PackFiles>, options: LoadOptions) -> Result<(Self, Vec<Finding>), Vec<Finding>> {
        let packs = order_packs(files, options)?;
        let mut findings = Vec::new();
        let mut reading = Reading::default();
        for (rank, pack) in packs.iter().enumerate() {
            read_pack(rank, pack, &mut reading, &mut findings);
        }
        let mut release = Self::assemble(packs, reading, &mut findings);
        if findings.is_empty() {
            release.compiled = Compiled::compile(&release, &mut findings);
            check::check(&release, &mut findings);
        }
        findings.sort();
        findings.dedup();
        Ok((release, findings))
    }

    fn assemble(packs: Vec<Pack>, mut reading: Reading, findings: &mut Vec<Finding>) -> Self {
        let files: Vec<&PackFiles> = packs.iter().map(|pack| &pack.files).collect();
        let plans = PlanBook::gather(&mut reading, &files, findings);
        let mut places = Places::default();
        for definition in &reading.division_files {
            if let Some((file, text)) =
                included(&packs, &definition.place, &definition.file, definition.file.start(), findings)
            {
                places.add(definition, &file, text, findings);
            }
        }
        // In the order of their days; those of one day as they are written.
        let mut division_changes = reading.division_changes;
        division_changes.sort_by_key(|change| change.from);
        places.amend(&division_changes, &files, findings);
        let mut outlines = Vec::new();
        for definition in &reading.outline_files {
            if let Some((_, text)) =
                included(&packs, &definition.place, &definition.file, definition.file.start(), findings)
            {
                outlines.push(text.clone());
            }
        }
        let mut values: BTreeMap<String, Vec<Held<DatedValue>>> = BTreeMap::new();
        let hold = |place: &Place, division: Option<String>| {
            let head = &packs[place.pack].head;
            (head.layer, division.or_else(|| head.division.as_ref().map(|own| own.get().clone())))
        };
        for parameter in &reading.parameters {
            for value in &parameter.values {
                let (layer, division) =
                    hold(&parameter.place, value.division.as_ref().map(|code| code.get().clone()));
                let held = Held { layer, place: parameter.place.clone(), division, value: value.clone() };
                values.entry(parameter.id.get().clone()).or_default().push(held);
            }
        }
        for added in reading.added_values {
            let (place, added) = added.into_parts();
            let (parameter, value) = added.into_value();
            let (layer, division) = hold(&place, value.division.as_ref().map(|code| code.get().clone()));
            let line = line_in(&packs, &place, parameter.start());
            if reading.parameters.iter().all(|known| known.id != parameter) {
                let message = format!("参数 {parameter} 没有定义");
                findings.push(Finding::error(
                    packs[place.pack].files.display(&place.path),
                    line,
                    message,
                    "某个 [[parameter]] 的 id",
                ));
            }
            values.entry(parameter.get().clone()).or_default().push(Held { layer, place, division, value });
        }
        let mut table_values: BTreeMap<String, Vec<Held<TableValue>>> = BTreeMap::new();
        for table in &reading.tables {
            for value in &table.values {
                let (layer, division) =
                    hold(&table.place, value.division.as_ref().map(|code| code.get().clone()));
                let held = Held { layer, place: table.place.clone(), division, value: value.clone() };
                table_values.entry(table.id.get().clone()).or_default().push(held);
            }
        }
        for added in reading.table_values {
            let (place, value) = added.into_parts();
            let (layer, division) = hold(&place, value.division.as_ref().map(|code| code.get().clone()));
            let file = packs[place.pack].files.display(&place.path);
            match &value.table {
                Some(table) if reading.tables.iter().any(|known| known.id == *table) => {
                    table_values.entry(table.get().clone()).or_default().push(Held {
                        layer,
                        place,
                        division,
                        value,
                    });
                }
                Some(table) => {
                    let line = line_in(&packs, &place, table.start());
                    findings.push(Finding::error(
                        file,
                        line,
                        format!("数表 {table} 没有定义"),
                        "某个 [[table]] 的 id",
                    ));
                }
                None => findings.push(Finding::error(
                    file,
                    place.line,
                    "[[table_value]] 没有写 table",
                    "table = \"数表的 id\"",
                )),
            }
        }
        // A value is looked up by its division: those of one stand together, in the order written.
        values.values_mut().for_each(|held| held.sort_by(|a, b| a.division.cmp(&b.division)));
        table_values.values_mut().for_each(|held| held.sort_by(|a, b| a.division.cmp(&b.division)));
        let record_forms =
            reading.registers.iter().map(|register| (register.id.get().clone(), register.form())).collect();
        let amended = amend(&mut reading.programmes, reading.amendments, &packs, findings);
        let hash = content_hash(packs.iter().map(|pack| (pack.head.id.as_str(), &pack.files.files)));
        Self {
            hash,
            laws: Shelf::new(reading.laws),
            codelists: Shelf::new(reading.codelists),
            departments: Shelf::new(reading.departments),
            datasets: Shelf::new(reading.datasets),
            check_rules: Shelf::new(reading.check_rules),
            lead_clocks: Shelf::new(reading.lead_clocks),
            facts: Shelf::new(reading.facts),
            parameters: Shelf::new(reading.parameters),
            tables: Shelf::new(reading.tables),
            unset: reading.unset,
            exclusion_groups: Shelf::new(reading.exclusion_groups),
            programmes: Shelf::new(reading.programmes),
            amended,
            roles: Shelf::new(reading.roles),
            separations: Shelf::new(reading.separations),
            forms: Shelf::new(reading.forms),
            letters: Shelf::new(reading.letters),
            items: Shelf::new(reading.items),
            registers: Shelf::new(reading.registers),
            indicators: Shelf::new(reading.indicators),
            record_forms,
            cases: Shelf::new(reading.cases),
            packs,
            places,
            division_changes,
            outlines,
            plans,
            values,
            table_values,
            compiled: Compiled::default(),
        }
    }

    /// Everything the release was made from, as JSON; store it under [`Release::hash`].
    #[must_use]
    pub fn archive(&self) -> String {
        let packs = self.packs.iter().map(|pack| pack.files.clone()).collect();
        serde_json::to_string(&Archive { packs }).expect("texts by path always serialise")
    }

    /// A release from its archive.
    ///
    /// # Errors
    /// Not an archive, or every error of every file (a later program may check more strictly).
    pub fn from_archive(archive: &str, options: LoadOptions) -> Result<Self, Vec<Finding>> {
        let archive: Archive = serde_json::from_str(archive).map_err(|error| {
            vec![Finding::error(
                "存档",
                error.line(),
                format!("配置存档读不懂：{error}"),
                "export 存下的原文",
            )]
        })?;
        Self::from_packs(archive.packs, options)
    }

    /// The files of each pack, to build the next release on top.
    #[must_use]
    pub fn pack_files(&self) -> Vec<PackFiles> {
        self.packs.iter().map(|pack| pack.files.clone()).collect()
    }

    /// Code of the place that the packs are for; none where no pack says it.
    #[must_use]
    pub fn home(&self) -> Option<&str> {
        self.packs.iter().rev().find_map(|pack| pack.head.division.as_ref()).map(|code| code.as_str())
    }

    /// Whether a demo pack is part of it: a banner belongs on every page and letter.
    #[must_use]
    pub fn is_demo(&self) -> bool {
        self.packs.iter().any(|pack| pack.head.layer == Layer::Demo)
    }

    /// A text file of the pack in which a definition stands, such as a letter's template.
    #[must_use]
    pub fn file(&self, place: &Place, path: &str) -> Option<&str> {
        self.packs.get(place.pack)?.files.files.get(path).map(String::as_str)
    }

    /// The line of an offset in the file of a place.
    pub(crate) fn line(&self, place: &Place, start: usize) -> usize {
        line_in(&self.packs, place, start)
    }

    /// The file of a place as a finding names it.
    pub(crate) fn file_name(&self, place: &Place) -> String {
        self.packs[place.pack].files.display(&place.path)
    }
}

fn line_in(packs: &[Pack], place: &Place, start: usize) -> usize {
    let text = packs.get(place.pack).and_then(|pack| pack.files.files.get(&place.path));
    text.map_or(place.line, |text| crate::located::line_of(text, start))
}

fn included<'a>(
    packs: &'a [Pack],
    place: &Place,
    path: &str,
    start: usize,
    findings: &mut Vec<Finding>,
) -> Option<(String, &'a String)> {
    let files = &packs[place.pack].files;
    let text = files.files.get(path);
    if text.is_none() {
        let message = format!("配置包里没有文件 {path}");
        findings.push(Finding::error(
            files.display(&place.path),
            line_in(packs, place, start),
            message,
            "包内的文件，或在 pack.toml 的 [include] 里写明",
        ));
    }
    text.map(|text| (files.display(path), text))
}

fn order_packs(files: Vec<PackFiles>, options: LoadOptions) -> Result<Vec<Pack>, Vec<Finding>> {
    let mut packs = Vec::new();
    let mut findings = Vec::new();
    for files in files {
        match read_head(&files) {
            Ok(head) => packs.push(Pack { head, files }),
            Err(more) => findings.extend(more),
        }
    }
    packs.sort_by_key(|pack| pack.head.layer);
    for (index, pack) in packs.iter().enumerate() {
        let file = pack.files.display("pack.toml");
        let line = |start: usize| crate::located::line_of(&pack.files.files["pack.toml"], start);
        if pack.head.layer == Layer::Demo && !options.synthetic {
            let expected = "演示配置只能装入合成数据库；正式数据库请用本市的配置包";
            findings.push(Finding::error(&file, 0, format!("{} 是演示配置包", pack.head.id), expected));
        }
        if packs[..index].iter().any(|earlier| earlier.head.id == pack.head.id) {
            findings.push(Finding::error(
                &file,
                line(pack.head.id.start()),
                format!("配置包 {} 装了两次", pack.head.id),
                "每个配置包一个 id",
            ));
        }
        for required in &pack.head.requires {
            if packs.iter().all(|other| other.head.id != *required) {
                findings.push(Finding::error(
                    &file,
                    line(required.start()),
                    format!("需要的配置包 {required} 没有一起装入"),
                    format!("同时给出 {required} 的文件夹"),
                ));
            }
        }
    }
    if packs.is_empty() && findings.is_empty() {
        findings.push(Finding::error("", 0, "没有给出配置包", "至少一个配置包文件夹，如 packs/national"));
    }
    if findings.is_empty() { Ok(packs) } else { Err(findings) }
}
