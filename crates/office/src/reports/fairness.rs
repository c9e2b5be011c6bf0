//! Fairness: of whom it is decided no, and of whom a change is noticed, by group and place, so that blind spots show (SA-42). A group in which much
//! more is refused, or nothing is ever noticed, is a question to the office, not an answer.

use std::collections::BTreeMap;

use catalogue::definition::AlertGrade;
use chrono::{Months, NaiveDate};
use store::{DivisionId, Query, Row, Scope};

use super::own::Own;
use super::{Area, area, sheet::taken_out};
use crate::access::{Export, Granted, Report, Right};
use crate::records::{self, percent_of};
use crate::tabular::{ListCell, ListColumn, ListFormat, ListWriter};
use crate::{Office, OfficeError, casework};

/// Years up to which somebody is a child, and from which they are old (未成年人保护法 art. 2, 老年人权益保障法 art. 2).
const CHILD_UNDER: u32 = 18;
const OLD_FROM: u32 = 60;

/// By what people are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Dimension {
    /// By the place one step below the reader.
    Place,
    /// Men and women.
    Sex,
    /// Children, grown-ups, the old.
    Age,
    /// Town and country.
    Area,
    /// With a disability on file, without, or nobody has asked.
    Disability,
}

impl Dimension {
    /// All of them, as they are shown.
    pub const ALL: [Dimension; 5] =
        [Dimension::Place, Dimension::Sex, Dimension::Age, Dimension::Area, Dimension::Disability];

    /// As a page shows it.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Dimension::Place => "地区",
            Dimension::Sex => "性别",
            Dimension::Age => "年龄",
            Dimension::Area => "城乡",
            Dimension::Disability => "残疾",
        }
    }
}

/// One group.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FairGroup {
    /// Name of the group.
    pub title: String,
    /// Applications decided in the time.
    pub decided: i64,
    /// Refused of them.
    pub refused: i64,
    /// People watched now (低收入人口).
    pub watched: i64,
    /// Alerts raised of them in the time.
    pub alerts: i64,
    /// Of these, by [`AlertGrade::ALL`].
    pub grades: [i64; 3],
}

impl FairGroup {
    /// Refused of a hundred decided.
    #[must_use]
    pub fn refused_percent(&self) -> Option<String> {
        percent_of(self.refused, self.decided)
    }

    /// Alerts of a hundred watched.
    #[must_use]
    pub fn alerts_percent(&self) -> Option<String> {
        percent_of(self.alerts, self.watched)
    }

    fn add(&mut self, other: &FairGroup) {
        self.decided += other.decided;
        self.refused += other.refused;
        self.watched += other.watched;
        self.alerts += other.alerts;
        for (own, of_other) in self.grades.iter_mut().zip(other.grades) {
            *own += of_other;
        }
    }
}

/// The groups of every dimension, and the whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fairness {
    /// The reader's division.
    pub name: String,
    /// The groups.
    pub groups: BTreeMap<Dimension, Vec<FairGroup>>,
    /// Everybody.
    pub whole: FairGroup,
}

/// The fact that says how severe a disability is, 0 for none; a place whose packs do not know it has everybody among the unknown.
const DISABILITY: &str = "disability_level";

/// The column of the disability and the table it comes from.
fn disability(office: &Office) -> (String, &'static str) {
    match office.release().facts.get(DISABILITY) {
        Some(_) => (
            format!(
                "CASE WHEN n.\"{DISABILITY}\" IS NULL THEN 'unknown' WHEN n.\"{DISABILITY}\" > 0 THEN 'yes' ELSE 'no' END AS disability"
            ),
            "LEFT JOIN person_now n ON n.person_id = p.id",
        ),
        None => ("'unknown' AS disability".to_owned(), ""),
    }
}

/// What a statement counted, by sex, age, area, disability and place.
struct Cell {
    sex: String,
    age: String,
    area: String,
    disability: String,
    place: Option<DivisionId>,
    count: FairGroup,
}

/// People in three ages on a day: born after the first are children, after the second not old.
struct Ages {
    child: NaiveDate,
    old: NaiveDate,
}

impl Ages {
    fn on(today: NaiveDate) -> Ages {
        let before = |years: u32| today.checked_sub_months(Months::new(years * 12)).unwrap_or(today);
        Ages { child: before(CHILD_UNDER), old: before(OLD_FROM) }
    }
}

const AGE: &str = "CASE WHEN p.born_on > ? THEN 'child' WHEN p.born_on > ? THEN 'adult' ELSE 'old' END";

/// Decisions and alerts from one day to another, both included.
///
/// # Errors
/// The database's.
pub async fn fairness(
    office: &Office,
    actor: &Granted<Report>,
    from: NaiveDate,
    until: NaiveDate,
) -> Result<Fairness, OfficeError> {
    let area = area(office, actor, None).await?;
    let seen = (Own::of(office, actor), watched(office, actor));
    reckoned(office, &actor.scope(), area, (&seen.0, &seen.1), (from, until)).await
}

/// The registers that the system feeds and whose people and alerts the reader may see; one without alerts watches nobody.
pub(super) fn watched(office: &Office, actor: &Granted<Report>) -> Vec<String> {
    let release = office.release();
    let seen = release.registers.iter().filter(|register| {
        records::fed_table(register).is_some()
            && !register.alerts.is_empty()
            && records::may(actor, register, Right::ReadRecords)
    });
    seen.map(|register| register.id.get().clone()).collect()
}

/// `scope` is the reader's, in the division of the area; of cases those of the reader's own matters are counted, of alerts those of these registers.
pub(super) async fn reckoned(
    office: &Office,
    scope: &Scope,
    area: Area,
    (own, registers): (&Own, &[String]),
    (from, until): (NaiveDate, NaiveDate),
) -> Result<Fairness, OfficeError> {
    let ages = Ages::on(office.now().today());
    let mut cells = decided(office, scope, (area.whole.id, own), &ages, (from, until)).await?;
    for register in registers {
        cells.extend(noticed(office, scope, area.whole.id, register, &ages, (from, until)).await?);
    }
    let mut whole = FairGroup { title: "合计".to_owned(), ..FairGroup::default() };
    let mut found: BTreeMap<(Dimension, String), FairGroup> = BTreeMap::new();
    for cell in &cells {
        whole.add(&cell.count);
        let place = cell.place.map_or_else(String::new, |place| place.0.to_string());
        let keys = [
            (Dimension::Place, place),
            (Dimension::Sex, cell.sex.clone()),
            (Dimension::Age, cell.age.clone()),
            (Dimension::Area, cell.area.clone()),
            (Dimension::Disability, cell.disability.clone()),
        ];
        for key in keys {
            found.entry(key).or_default().add(&cell.count);
        }
    }
    let release = office.release();
    let code = |list: &str, code: &'static str| (code.to_owned(), release.code_title(list, code).to_owned());
    // A group of which nothing is known at all stands there too: that is what is looked for.
    let places = area.parts.iter().map(|place| (place.id.0.to_string(), place.name.clone())).collect();
    let ages = [("child", "未成年人"), ("adult", "18至59周岁"), ("old", "60周岁以上")];
    let disabled = [("yes", "登记有残疾"), ("no", "登记没有残疾"), ("unknown", "还没有登记")];
    let titled = |(code, title): (&str, &str)| (code.to_owned(), title.to_owned());
    let wanted: [(Dimension, Vec<(String, String)>); 5] = [
        (Dimension::Place, places),
        (Dimension::Sex, vec![code("sex", "male"), code("sex", "female")]),
        (Dimension::Age, ages.map(titled).to_vec()),
        (Dimension::Area, vec![code("area", "urban"), code("area", "rural")]),
        (Dimension::Disability, disabled.map(titled).to_vec()),
    ];
    let mut groups = BTreeMap::new();
    for (dimension, list) in wanted {
        let list = list
            .into_iter()
            .map(|(code, title)| FairGroup { title, ..found.remove(&(dimension, code)).unwrap_or_default() });
        groups.insert(dimension, list.collect());
    }
    Ok(Fairness { name: area.whole.name, groups, whole })
}

/// The division one step below the reader's in which one lies.
fn place_of(division: &str) -> String {
    format!(
        "(SELECT dc.ancestor_id FROM division_closure dc JOIN division pd ON pd.id = dc.ancestor_id \
         WHERE dc.descendant_id = {division} AND (pd.parent_id = ? OR pd.id = ? AND dc.depth = 0) ORDER BY dc.depth DESC LIMIT 1)"
    )
}

async fn decided(
    office: &Office,
    scope: &Scope,
    (division, own): (DivisionId, &Own),
    ages: &Ages,
    (from, until): (NaiveDate, NaiveDate),
) -> Result<Vec<Cell>, OfficeError> {
    let (disability, known) = disability(office);
    let sql = format!(
        "SELECT x.sex, x.age, x.area, x.disability, x.place, count(*) AS first, CAST(SUM(x.no) AS BIGINT) AS second FROM ( \
         SELECT p.sex, {AGE} AS age, h.area, {disability}, {} AS place, CASE WHEN c.outcome = 'refused' THEN 1 ELSE 0 END AS no \
         FROM case_file c JOIN person p ON p.id = c.applicant_person_id JOIN household h ON h.id = c.household_id {known} \
         WHERE {{scope}} AND c.decided_on >= ? AND c.decided_on <= ? AND c.outcome IN ('granted', 'refused')) x \
         GROUP BY x.sex, x.age, x.area, x.disability, x.place",
        place_of("c.village_id")
    );
    let rows = Query::new(scope, &casework::CASE, sql)
        .only("c.item", own.items.clone())
        .bind(ages.child)
        .bind(ages.old)
        .bind(division)
        .bind(division)
        .bind(from)
        .bind(until)
        .all(office.db())
        .await?;
    let count = |row: &Row| -> Result<FairGroup, OfficeError> {
        Ok(FairGroup { decided: row.get("first")?, refused: row.get("second")?, ..FairGroup::default() })
    };
    rows.iter().map(|row| cell(row, count(row)?)).collect()
}

/// The people of a register that the system feeds, and the alerts about them.
async fn noticed(
    office: &Office,
    scope: &Scope,
    division: DivisionId,
    register: &str,
    ages: &Ages,
    (from, until): (NaiveDate, NaiveDate),
) -> Result<Vec<Cell>, OfficeError> {
    let release = office.release();
    let Some((table, person)) = release.registers.get(register).and_then(|known| records::fed_table(known))
    else {
        return Ok(Vec::new());
    };
    let (disability, known) = disability(office);
    let graded = |what: &dyn Fn(&str) -> String| AlertGrade::ALL.map(|grade| what(grade.code())).join(", ");
    let sums = graded(&|grade: &str| format!("CAST(SUM(COALESCE(x.{grade}, 0)) AS BIGINT) AS {grade}"));
    let counts =
        graded(&|grade: &str| format!("SUM(CASE WHEN a.grade = '{grade}' THEN 1 ELSE 0 END) AS {grade}"));
    let columns = graded(&|grade: &str| format!("y.{grade}"));
    let sql = format!(
        "SELECT x.sex, x.age, x.area, x.disability, x.place, count(*) AS first, CAST(SUM(COALESCE(x.alerts, 0)) AS BIGINT) AS second, {sums} \
         FROM (SELECT p.sex, {AGE} AS age, COALESCE(h.area, '') AS area, {disability}, {} AS place, y.alerts, {columns} \
         FROM {table} r JOIN person p ON p.id = r.{person} LEFT JOIN membership m ON m.person_id = p.id AND m.until_on IS NULL \
         AND m.superseded_at IS NULL LEFT JOIN household h ON h.id = m.household_id {known} \
         LEFT JOIN (SELECT a.record_id, count(*) AS alerts, {counts} FROM record_alert a WHERE a.register = ? AND a.raised_at >= ? \
         AND a.raised_at < ? GROUP BY a.record_id) y ON y.record_id = r.id \
         WHERE {{scope}} AND r.closed_on IS NULL) x GROUP BY x.sex, x.age, x.area, x.disability, x.place",
        place_of("r.division_id")
    );
    let rows = Query::new(scope, &records::RECORD_COLUMNS, sql)
        .bind(ages.child)
        .bind(ages.old)
        .bind(division)
        .bind(division)
        .bind(register)
        .bind(casework::lists::at_midnight(from))
        .bind(casework::lists::at_midnight(until.succ_opt().unwrap_or(until)))
        .all(office.db())
        .await?;
    let count = |row: &Row| -> Result<FairGroup, OfficeError> {
        let mut grades = [0_i64; 3];
        for (count, grade) in grades.iter_mut().zip(AlertGrade::ALL) {
            *count = row.get(grade.code())?;
        }
        Ok(FairGroup {
            watched: row.get("first")?,
            alerts: row.get("second")?,
            grades,
            ..FairGroup::default()
        })
    };
    rows.iter().map(|row| cell(row, count(row)?)).collect()
}

fn cell(row: &Row, count: FairGroup) -> Result<Cell, OfficeError> {
    Ok(Cell {
        sex: row.get("sex")?,
        age: row.get("age")?,
        area: row.get("area")?,
        disability: row.get("disability")?,
        place: row.get("place")?,
        count,
    })
}

/// The same as a file.
///
/// # Errors
/// The database's.
pub async fn fairness_sheet(
    office: &Office,
    actor: &Granted<Report>,
    _export: &Granted<Export>,
    from: NaiveDate,
    until: NaiveDate,
    format: ListFormat,
) -> Result<Vec<u8>, OfficeError> {
    let fairness = fairness(office, actor, from, until).await?;
    let columns = [
        ListColumn::new("分组", 10),
        ListColumn::new("组别", 18),
        ListColumn::new("决定（件）", 10),
        ListColumn::new("不予（件）", 10),
        ListColumn::new("不予率", 10),
        ListColumn::new("在册监测（人）", 14),
        ListColumn::new("预警（次）", 10),
        ListColumn::new("红色", 8),
        ListColumn::new("橙色", 8),
        ListColumn::new("黄色", 8),
        ListColumn::new("每百人预警", 12),
    ];
    let title = format!("{}救助公平性（{from} 至 {until}）", fairness.name);
    let mut list = ListWriter::new(format, "公平性", Some(&title), &columns)?;
    for dimension in Dimension::ALL {
        for group in fairness.groups.get(&dimension).into_iter().flatten() {
            list.row(&cells(dimension.title(), group))?;
        }
    }
    list.totals(&cells("", &fairness.whole))?;
    let file = list.finish()?;
    let period = serde_json::json!({ "from": from, "until": until });
    taken_out(office, actor, "report.fairness_sheet", period).await?;
    Ok(file)
}

fn cells(dimension: &str, group: &FairGroup) -> Vec<ListCell> {
    let words = |text: Option<String>| text.map_or(ListCell::Empty, ListCell::from);
    vec![
        ListCell::from(dimension),
        ListCell::from(group.title.as_str()),
        ListCell::from(group.decided),
        ListCell::from(group.refused),
        words(group.refused_percent()),
        ListCell::from(group.watched),
        ListCell::from(group.alerts),
        ListCell::from(group.grades[0]),
        ListCell::from(group.grades[1]),
        ListCell::from(group.grades[2]),
        words(group.alerts_percent()),
    ]
}
