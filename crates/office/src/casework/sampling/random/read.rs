//! Draws as offices see them, with numbers and inspectors; and as everybody does, with neither.

use std::collections::BTreeMap;

use catalogue::definition::PlanIndicator;
use catalogue::plan::PlanBook;
use chrono::NaiveDate;
use store::{Connection, Cursor, Page, Query, Row, Scope};
use vocab::{Fen, Now};

use super::super::super::{RandomCheckId, lists};
use super::results::error_title;
use super::{CHECK, Kind, size};
use crate::access::{Export, Granted, Right, Sample};
use crate::tabular::{ListCell, ListColumn, ListFormat, ListWriter};
use crate::{Office, OfficeError, business};

/// What anybody may read of a draw.
const PUBLIC: Scope = Scope::System("a draw is public: how many, by which seed, and what came of it");

/// A draw.
#[derive(Debug, Clone)]
pub struct CheckView {
    /// Identifier.
    pub id: RandomCheckId,
    /// Name of the office that drew.
    pub office: String,
    /// From what kind of thing.
    pub kind: Kind,
    /// The item or programme.
    pub subject: String,
    /// First day.
    pub from: NaiveDate,
    /// Last day.
    pub until: NaiveDate,
    /// Payments of this run alone.
    pub run: Option<i64>,
    /// Confidence, percent.
    pub confidence: i64,
    /// Margin of error, hundredths of a percentage point.
    pub margin: i64,
    /// Expected error rate, hundredths of a percentage point.
    pub expected: i64,
    /// How many there were.
    pub population: i64,
    /// SM3 over their numbers in order.
    pub population_sm3: String,
    /// The seed.
    pub seed: String,
    /// How many were drawn.
    pub drawn: i64,
    /// How many inspectors were entered.
    pub inspectors: i64,
    /// How many inspect each.
    pub each: i64,
    /// The day by which everything is inspected.
    pub finish_on: NaiveDate,
    /// When it was drawn.
    pub drawn_at: i64,
    /// By whom; for offices alone.
    pub drawn_by: String,
    /// How many have a result.
    pub looked_at: i64,
    /// Of these, wrong.
    pub wrong: i64,
}

impl CheckView {
    /// Whether everything that was drawn has its result.
    #[must_use]
    pub fn ended(&self) -> bool {
        self.looked_at == self.drawn
    }

    /// The share of right ones and the interval of all, in hundredths of a percentage point; none before the end, when the first ones to be
    /// looked at may be the easy ones.
    #[must_use]
    pub fn accuracy(&self) -> Option<(i64, (i64, i64))> {
        let right = self.drawn - self.wrong;
        self.ended().then(|| {
            let of_all = size::interval(self.population, self.drawn, right, self.confidence);
            (size::share(right, self.drawn), of_all)
        })
    }

    /// The sentence that explains the size.
    #[must_use]
    pub fn sentence(&self) -> String {
        size::sentence(self.population, self.drawn, self.kind.unit(), self.confidence, self.margin)
    }
}

const VIEW: &str = "SELECT d.id, o.name AS office, d.kind, d.subject, d.from_on, d.until_on, d.run_id, d.confidence, d.margin_bp, \
    d.expected_bp, d.population, d.population_sm3, d.seed, d.drawn, d.inspectors, d.inspectors_each, d.finish_on, d.drawn_at, \
    s.name AS drawn_by, \
    (SELECT count(*) FROM random_check_result x WHERE x.check_id = d.id AND x.version = 1) AS looked_at, \
    (SELECT count(*) FROM random_check_result x WHERE x.check_id = d.id AND x.found_right = FALSE AND NOT EXISTS \
      (SELECT 1 FROM random_check_result y WHERE y.check_id = x.check_id AND y.place = x.place AND y.version > x.version)) AS wrong \
    FROM random_check d JOIN division o ON o.id = d.division_id JOIN staff s ON s.id = d.drawn_by WHERE {scope}";

fn view(row: &Row) -> store::Result<CheckView> {
    Ok(CheckView {
        id: row.get("id")?,
        office: row.get("office")?,
        kind: Kind::from_code(&row.get::<String>("kind")?),
        subject: row.get("subject")?,
        from: row.get("from_on")?,
        until: row.get("until_on")?,
        run: row.get("run_id")?,
        confidence: row.get("confidence")?,
        margin: row.get("margin_bp")?,
        expected: row.get("expected_bp")?,
        population: row.get("population")?,
        population_sm3: row.get("population_sm3")?,
        seed: row.get("seed")?,
        drawn: row.get("drawn")?,
        inspectors: row.get("inspectors")?,
        each: row.get("inspectors_each")?,
        finish_on: row.get("finish_on")?,
        drawn_at: row.get("drawn_at")?,
        drawn_by: row.get("drawn_by")?,
        looked_at: row.get("looked_at")?,
        wrong: row.get("wrong")?,
    })
}

/// From what a draw was, as statements are narrowed.
const FROM_WHAT: &str = "d.kind || '/' || d.subject";

/// The same for draws of the actor's businesses; none where that is all.
fn own(office: &Office, actor: &Granted<Sample>) -> Option<Vec<String>> {
    let release = office.release();
    let items = business::items(&release, actor, Right::Sample);
    let programmes = business::programmes(&release, actor, &[Right::Sample]);
    if items.is_none() && programmes.is_none() {
        return None;
    }
    let items = items.unwrap_or_else(|| release.items.iter().map(|item| item.id.get().clone()).collect());
    let programmes =
        programmes.unwrap_or_else(|| release.programmes.iter().map(|one| one.id.get().clone()).collect());
    let mut own: Vec<String> =
        items.iter().map(|item| format!("{}/{item}", Kind::Decisions.code())).collect();
    for kind in [Kind::Benefits, Kind::Payments] {
        own.extend(programmes.iter().map(|programme| format!("{}/{programme}", kind.code())));
    }
    Some(own)
}

async fn page_of(
    office: &Office,
    scope: &Scope,
    own: Option<Vec<String>>,
    cursor: Option<&Cursor>,
) -> Result<Page<CheckView>, OfficeError> {
    Ok(Query::new(scope, &CHECK, format!("{VIEW} AND {{after}} ORDER BY d.id DESC LIMIT ?"))
        .only(FROM_WHAT, own)
        .after_descending(&["d.id"], cursor)
        .page(office.db(), lists::PAGE_SIZE, view, |check| Cursor::new().integer(check.id))
        .await?)
}

async fn one(
    connection: &impl Connection,
    scope: &Scope,
    own: Option<Vec<String>>,
    id: RandomCheckId,
) -> Result<CheckView, OfficeError> {
    Query::new(scope, &CHECK, format!("{VIEW} AND d.id = ?"))
        .only(FROM_WHAT, own)
        .bind(id)
        .optional_as(connection, view)
        .await?
        .ok_or(OfficeError::NotFound("这次抽签"))
}

/// Draws of the actor's office and of those below in the actor's businesses, the newest first.
///
/// # Errors
/// The database's.
pub async fn checks(
    office: &Office,
    actor: &Granted<Sample>,
    cursor: Option<&Cursor>,
) -> Result<Page<CheckView>, OfficeError> {
    page_of(office, &actor.scope(), own(office, actor), cursor).await
}

/// What was found of one object, as it stands now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Whether it was right.
    pub right: bool,
    /// What kind of error, by its code.
    pub error: Option<String>,
    /// How much money it is about.
    pub amount: Option<Fen>,
    /// The day.
    pub on: NaiveDate,
    /// By whom.
    pub by: String,
}

pub(super) fn found(row: &Row) -> store::Result<Option<Found>> {
    let Some(right) = row.get::<Option<bool>>("found_right")? else { return Ok(None) };
    Ok(Some(Found {
        right,
        error: row.get("error")?,
        amount: row.get("amount_fen")?,
        on: Now::from_unix_ms(row.get("found_at")?).today(),
        by: row.get("found_by")?,
    }))
}

/// One object that was drawn, with its inspectors and what they found.
#[derive(Debug, Clone)]
pub struct Inspected {
    /// Its place in the population.
    pub place: i64,
    /// Its lot.
    pub lot: String,
    /// What its office knows it by.
    pub number: String,
    /// The township that prepared it.
    pub township: String,
    /// Who inspects it.
    pub inspectors: Vec<String>,
    /// Over whom the lot passed, and why.
    pub passed: Vec<String>,
    /// What was found.
    pub found: Option<Found>,
}

/// A draw with what was drawn.
///
/// # Errors
/// [`OfficeError::NotFound`] outside the actor's division and businesses.
pub async fn check_page(
    office: &Office,
    actor: &Granted<Sample>,
    id: RandomCheckId,
) -> Result<(CheckView, Vec<Inspected>), OfficeError> {
    let check = one(office.db(), &actor.scope(), own(office, actor), id).await?;
    let mut inspected = Query::system(
        "what was drawn in a draw that the caller may see",
        "SELECT m.place, m.lot, o.number, t.name AS township, r.found_right, r.error, r.amount_fen, r.found_at, f.name AS found_by \
         FROM random_check_drawn m JOIN random_check_object o ON o.check_id = m.check_id AND o.place = m.place \
         JOIN division t ON t.id = o.township_id \
         LEFT JOIN random_check_result r ON r.check_id = m.check_id AND r.place = m.place AND NOT EXISTS \
           (SELECT 1 FROM random_check_result y WHERE y.check_id = r.check_id AND y.place = r.place AND y.version > r.version) \
         LEFT JOIN staff f ON f.id = r.found_by WHERE m.check_id = ? ORDER BY m.place",
    )
    .bind(id)
    .all_as(office.db(), |row| {
        Ok(Inspected {
            place: row.get("place")?,
            lot: row.get("lot")?,
            number: row.get("number")?,
            township: row.get("township")?,
            inspectors: Vec::new(),
            passed: Vec::new(),
            found: found(row)?,
        })
    })
    .await?;
    let mut drawn = people(
        office,
        id,
        "SELECT a.place, s.name, '' AS why FROM random_check_assigned a \
        JOIN random_check_inspector i ON i.check_id = a.check_id AND i.inspector = a.inspector \
        JOIN staff s ON s.id = i.staff_id WHERE a.check_id = ? ORDER BY a.place, a.lot",
    )
    .await?;
    let mut passed = people(
        office,
        id,
        "SELECT b.place, s.name, b.why FROM random_check_barred b \
        JOIN random_check_inspector i ON i.check_id = b.check_id AND i.inspector = b.inspector \
        JOIN staff s ON s.id = i.staff_id WHERE b.check_id = ? ORDER BY b.place, b.inspector",
    )
    .await?;
    for object in &mut inspected {
        object.inspectors = drawn.remove(&object.place).unwrap_or_default();
        object.passed = passed.remove(&object.place).unwrap_or_default();
    }
    Ok((check, inspected))
}

/// Names by the place of the object.
async fn people(
    office: &Office,
    id: RandomCheckId,
    sql: &'static str,
) -> Result<BTreeMap<i64, Vec<String>>, OfficeError> {
    let rows: Vec<(i64, String)> = Query::system("who inspects in a draw that the caller may see", sql)
        .bind(id)
        .all_as(office.db(), |row| {
            let (name, why): (String, String) = (row.get("name")?, row.get("why")?);
            let said = match why.as_str() {
                "office" => format!("{name}（本单位的）"),
                "own" => format!("{name}（本人经办的）"),
                "family" => format!("{name}（本人家庭的）"),
                _ => name,
            };
            Ok((row.get("place")?, said))
        })
        .await?;
    let mut by_place: BTreeMap<i64, Vec<String>> = BTreeMap::new();
    for (place, said) in rows {
        by_place.entry(place).or_default().push(said);
    }
    Ok(by_place)
}

/// What was drawn, with inspectors and results, as an Excel file. Taking it out is audited.
///
/// # Errors
/// [`OfficeError::NotFound`] outside the actor's division and businesses.
pub async fn check_sheet(
    office: &Office,
    actor: &Granted<Sample>,
    _export: &Granted<Export>,
    id: RandomCheckId,
) -> Result<Vec<u8>, OfficeError> {
    let (check, inspected) = check_page(office, actor, id).await?;
    let columns = [
        ("序号", 8),
        ("编号", 22),
        ("乡镇（街道）", 18),
        ("检查人员", 24),
        ("回避", 30),
        ("核查日期", 12),
        ("结果", 10),
        ("问题", 24),
        ("涉及金额（元）", 14),
        ("签号", 66),
    ];
    let title = format!("抽样核查（种子 {}）", check.seed);
    let mut sheet = lists::Sheet::new("抽样核查", &title, &columns)?;
    for one in inspected {
        let found = one.found.as_ref();
        let error = found.and_then(|found| found.error.as_deref()).map_or("", error_title);
        let result = found.map_or("", |found| if found.right { "正确" } else { "有问题" });
        let on = found.map_or_else(|| String::new().into(), |found| ListCell::from(found.on));
        let amount = ListCell::from(found.and_then(|found| found.amount));
        sheet.row([
            one.place.into(),
            one.number.into(),
            one.township.into(),
            one.inspectors.join("、").into(),
            one.passed.join("、").into(),
            on,
            result.into(),
            error.into(),
            amount,
            one.lot.into(),
        ])?;
    }
    sheet.finish(office, actor, "random_check.exported").await
}

/// Draws as everybody may read them, the newest first.
///
/// # Errors
/// The database's.
pub async fn published(office: &Office, cursor: Option<&Cursor>) -> Result<Page<CheckView>, OfficeError> {
    page_of(office, &PUBLIC, None, cursor).await
}

/// One draw as everybody may read it: with the places that were drawn and what the lot of each is, and nothing of what stands under them.
///
/// # Errors
/// [`OfficeError::NotFound`].
pub async fn published_draw(
    office: &Office,
    id: RandomCheckId,
) -> Result<(CheckView, Vec<(i64, String)>), OfficeError> {
    let check = one(office.db(), &PUBLIC, None, id).await?;
    let drawn = Query::new(
        &PUBLIC,
        &CHECK,
        "SELECT m.place, m.lot FROM random_check_drawn m WHERE m.check_id = ? ORDER BY m.place",
    )
    .bind(id)
    .all_as(office.db(), |row| Ok((row.get("place")?, row.get("lot")?)))
    .await?;
    Ok((check, drawn))
}

/// The same as a table of places and lots.
///
/// # Errors
/// As [`published_draw`].
pub async fn published_file(office: &Office, id: RandomCheckId) -> Result<Vec<u8>, OfficeError> {
    let (_, drawn) = published_draw(office, id).await?;
    let columns = [ListColumn::new("序号", 8), ListColumn::new("签号", 66)];
    let mut list = ListWriter::new(ListFormat::Csv, "抽签", None, &columns)?;
    for (place, lot) in drawn {
        list.row(&[place.into(), lot.into()])?;
    }
    Ok(list.finish()?)
}

/// What a plan of the packs says the accuracy of decisions is to be: the indicator's name and its value with the year. The plan's own word is
/// looked for (审核认定准确率); a plan that names no such indicator sets no target here.
#[must_use]
pub fn goal(plans: &[PlanBook], kind: Kind) -> Option<(String, String)> {
    let named =
        |one: &&PlanIndicator| one.unit.as_deref() == Some("%") && one.name.ends_with("审核认定准确率");
    if kind != Kind::Decisions {
        return None;
    }
    let one = plans.iter().flat_map(|book| book.indicators.iter().map(|one| &**one)).find(named)?;
    let (figure, reached) = match (&one.target, &one.achieved) {
        (Some(target), _) => (target, "目标"),
        (None, Some(achieved)) => (achieved, "规划列出的"),
        (None, None) => return None,
    };
    let year = figure.year.map_or_else(String::new, |year| format!("{year}年"));
    Some((one.name.clone(), format!("{year}{reached} {}%", figure.words())))
}
