//! What newer packs would break of what lives in the database: each with how much of it there is, and what to do about it.

use std::collections::{BTreeMap, BTreeSet};

use catalogue::Release;
use catalogue::definition::ValueKind;
use chrono::NaiveDate;
use store::{Connection, Query};
use vocab::Month;

use crate::access::{DEPARTMENT, ORGANISATION};
use crate::{Office, OfficeError, divisions, people, records};

const NEEDED: &str = "how much hangs on a definition says nothing of anybody";

/// Something for which newer packs are not taken in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Obstacle {
    /// What is missing or otherwise in the packs, and how much hangs on it.
    pub what: String,
    /// What to do.
    pub todo: String,
}

impl Obstacle {
    pub(crate) fn new(what: String, todo: &str) -> Obstacle {
        Obstacle { what, todo: todo.to_owned() }
    }
}

/// Everything of `base`, which is in force, that something living needs and `next` has not got.
pub(super) async fn obstacles(
    office: &Office,
    connection: &impl Connection,
    base: &Release,
    next: &Release,
) -> Result<Vec<Obstacle>, OfficeError> {
    let today = office.now().today();
    let mut found = home(base, next);
    found.extend(programmes(connection, base, next, Month::containing(today)).await?);
    found.extend(items(connection, base, next).await?);
    found.extend(roles(connection, base, next, today).await?);
    found.extend(businesses(connection, base, next, today).await?);
    found.extend(records::needed(connection, office.keys(), base, next).await?);
    found.extend(facts(connection, base, next).await?);
    found.extend(narrowed(base, next, today));
    found.extend(plans(connection, base, next).await?);
    found.extend(ended(office, connection, base, next).await?);
    Ok(found)
}

/// Packs of another place, or none of any.
fn home(base: &Release, next: &Release) -> Vec<Obstacle> {
    let name = |release: &Release| {
        let code = release.home()?;
        Some(release.places.get(code).map_or_else(|| code.to_owned(), |place| place.name.clone()))
    };
    match (name(base), name(next)) {
        (Some(here), there) if base.home() != next.home() => {
            let there = there.map_or_else(|| "没有哪个地方的".to_owned(), |there| format!("{there}的"));
            let what = format!("这个库是{here}的，给出的配置包里是{there}。");
            vec![Obstacle::new(what, "请把本市的配置包和全国的一起写在 --packs 后面。")]
        }
        _ => Vec::new(),
    }
}

/// How many rows stand under each name. The statement gives `name` and `found`.
async fn by_name(connection: &impl Connection, query: Query) -> Result<Vec<(String, i64)>, OfficeError> {
    Ok(query.all_as(connection, |row| Ok((row.get("name")?, row.get("found")?))).await?)
}

async fn programmes(
    connection: &impl Connection,
    base: &Release,
    next: &Release,
    month: Month,
) -> Result<Vec<Obstacle>, OfficeError> {
    let running: Vec<(String, String, i64)> = Query::system(
        NEEDED,
        "SELECT t.programme, t.exclusion_group, count(*) AS found FROM entitlement t \
         WHERE t.until_month IS NULL OR t.until_month >= ? GROUP BY t.programme, t.exclusion_group ORDER BY t.programme",
    )
    .bind(month)
    .all_as(connection, |row| Ok((row.get("programme")?, row.get("exclusion_group")?, row.get("found")?)))
    .await?;
    let mut obstacles = Vec::new();
    for (id, group, found) in running {
        let Some(old) = base.programmes.get(&id) else { continue };
        let Some(new) = next.programmes.get(&id) else {
            obstacles.push(Obstacle::new(
                format!("待遇项目「{}」去掉了，还有 {found} 份待遇在享。", old.title),
                "请在新配置包里保留这个项目；不再受理的，去掉受理它的事项，或者写上 valid_until。",
            ));
            continue;
        };
        if new.exclusion_group.as_str() != group {
            obstacles.push(Obstacle::new(
                format!("待遇项目「{}」换了互斥组，还有 {found} 份待遇在享，会漏查重复享受。", old.title),
                "请保留原来的互斥组；规则确实变了的，另立一个项目，原来的逐户终止。",
            ));
        }
        if new.unit != old.unit {
            obstacles.push(Obstacle::new(
                format!("待遇项目「{}」换了按户还是按人，还有 {found} 份待遇在享。", old.title),
                "请保留原来的写法；规则确实变了的，另立一个项目，原来的逐户终止。",
            ));
        }
    }
    Ok(obstacles)
}

async fn items(
    connection: &impl Connection,
    base: &Release,
    next: &Release,
) -> Result<Vec<Obstacle>, OfficeError> {
    let query = Query::system(
        NEEDED,
        "SELECT c.item AS name, count(*) AS found FROM case_file c WHERE c.state = 'open' GROUP BY c.item ORDER BY c.item",
    );
    let open = by_name(connection, query).await?;
    let gone = open.into_iter().filter(|(id, _)| next.items.get(id).is_none());
    Ok(gone
        .filter_map(|(id, found)| {
            let item = base.items.get(&id)?;
            Some(Obstacle::new(
                format!("事项「{}」去掉了，还有 {found} 件没有办结。", item.title),
                "请先办结这些办件，或者在新配置包里保留这个事项。",
            ))
        })
        .collect())
}

async fn roles(
    connection: &impl Connection,
    base: &Release,
    next: &Release,
    today: NaiveDate,
) -> Result<Vec<Obstacle>, OfficeError> {
    let query = Query::system(
        NEEDED,
        "SELECT r.role AS name, count(*) AS found FROM post_role r JOIN post p ON p.id = r.post_id \
         WHERE p.until_on IS NULL OR p.until_on > ? GROUP BY r.role ORDER BY r.role",
    )
    .bind(today);
    let held = by_name(connection, query).await?;
    let gone = held.into_iter().filter(|(id, _)| next.roles.get(id).is_none());
    Ok(gone
        .filter_map(|(id, found)| {
            let role = base.roles.get(&id)?;
            Some(Obstacle::new(
                format!("岗位角色「{}」去掉了，还有 {found} 个工作岗位是这个角色。", role.title_at("")),
                "请先在「工作人员」页面给这些人换岗位，或者在新配置包里保留这个角色。",
            ))
        })
        .collect())
}

/// Businesses and departments for which posts stand.
async fn businesses(
    connection: &impl Connection,
    base: &Release,
    next: &Release,
    today: NaiveDate,
) -> Result<Vec<Obstacle>, OfficeError> {
    let query = Query::system(
        NEEDED,
        "SELECT b.business AS name, count(*) AS found FROM post_business b JOIN post p ON p.id = b.post_id \
         WHERE p.until_on IS NULL OR p.until_on > ? GROUP BY b.business ORDER BY b.business",
    )
    .bind(today);
    let (old, new) = (base.businesses(), next.businesses());
    let mut obstacles = Vec::new();
    for (name, found) in by_name(connection, query).await? {
        if name.starts_with(ORGANISATION) {
            continue;
        }
        let (what, title, gone) = match name.strip_prefix(DEPARTMENT) {
            Some(id) => {
                let Some(department) = base.departments.get(id) else { continue };
                ("部门", department.title.as_str(), next.departments.get(id).is_none())
            }
            None => {
                let gone = old.contains(&name.as_str()) && !new.contains(&name.as_str());
                ("业务", base.code_title("business", &name), gone)
            }
        };
        if gone {
            obstacles.push(Obstacle::new(
                format!("{what}「{title}」去掉了，还有 {found} 个工作岗位办这项业务或者代表这个部门。"),
                "请先在「工作人员」页面调整这些岗位，或者在新配置包里保留它。",
            ));
        }
    }
    Ok(obstacles)
}

async fn facts(
    connection: &impl Connection,
    base: &Release,
    next: &Release,
) -> Result<Vec<Obstacle>, OfficeError> {
    let mut obstacles = Vec::new();
    let mut gone: Vec<&str> = Vec::new();
    for old in base.facts.iter() {
        let Some(new) = next.facts.get(&old.id) else {
            gone.push(old.id.as_str());
            continue;
        };
        if people::column_type(old) != people::column_type(new) {
            obstacles.push(Obstacle::new(
                format!("指标项「{}」换了类型，或者换了是人的还是户的。", old.title),
                "类型变了就是另一个指标项：请保留原来的，新的换一个 id。",
            ));
            continue;
        }
        if *old.kind.get() != ValueKind::Code {
            continue;
        }
        for (code, title) in lost_codes(base, old.codelist.as_deref(), next, new.codelist.as_deref()) {
            let found: i64 = Query::system(
                NEEDED,
                "SELECT count(*) AS found FROM fact f WHERE f.fact = ? AND f.value = ? AND f.superseded_at IS NULL",
            )
            .bind(old.id.as_str())
            .bind(code)
            .scalar(connection)
            .await?;
            if found > 0 {
                obstacles.push(Obstacle::new(
                    format!("指标项「{}」少了代码“{title}”（{code}），{found} 条记载用着。", old.title),
                    "请在新配置包的代码表里保留这个代码，写上 retired = true：已有的照常显示，新的不再选得到。",
                ));
            }
        }
    }
    if gone.is_empty() {
        return Ok(obstacles);
    }
    let query = Query::system(
        NEEDED,
        "SELECT f.fact AS name, count(*) AS found FROM fact f WHERE f.fact IN ({list}) AND f.superseded_at IS NULL \
         GROUP BY f.fact ORDER BY f.fact",
    )
    .bind_list(gone);
    for (id, found) in by_name(connection, query).await? {
        let title = base.facts.get(&id).map_or(id.as_str(), |fact| fact.title.as_str());
        obstacles.push(Obstacle::new(
            format!("指标项「{title}」去掉了，{found} 条记载在用。"),
            "请在新配置包里保留这个指标项；不再采集的，从表单和核对数据里去掉它即可。",
        ));
    }
    Ok(obstacles)
}

/// Codes of one list that another has not got, with their titles.
fn lost_codes<'r>(
    base: &'r Release,
    old: Option<&String>,
    next: &Release,
    new: Option<&String>,
) -> Vec<(&'r str, &'r str)> {
    let Some(old) = old.and_then(|list| base.codelists.get(list)) else { return Vec::new() };
    let offered = new.and_then(|list| next.codelists.get(list));
    let kept = |code: &str| offered.is_some_and(|list| list.title_of(code).is_some());
    let codes = old.values.iter().map(|code| (code.code.as_str(), code.title.as_str()));
    codes.filter(|(code, _)| !kept(code)).collect()
}

/// Values that the packs gave for a day, and that the next ones do not give any more though they still define what they are of: what needs
/// them would be unknown from then on.
fn narrowed(base: &Release, next: &Release, today: NaiveDate) -> Vec<Obstacle> {
    let home = base.home().or_else(|| base.places.iter().next().map(|place| place.code.as_str()));
    let mut obstacles = Vec::new();
    for parameter in base.parameters.iter().filter(|one| next.parameters.get(&one.id).is_some()) {
        let mut lost = Lost::default();
        for known in base.parameter_history(&parameter.id) {
            let Some(place) = known.division.or(home) else { continue };
            for day in [known.from, today.max(known.from)] {
                let had = base.parameter(&parameter.id, place, day).is_some();
                if had && next.parameter(&parameter.id, place, day).is_none() {
                    lost.note(base, place, "", day);
                }
            }
        }
        obstacles.extend(lost.obstacle(&format!("参数「{}」", parameter.title)));
    }
    for table in base.tables.iter().filter(|one| next.tables.get(&one.id).is_some()) {
        let mut lost = Lost::default();
        for code in base.keys(&table.id) {
            let key = code.code.as_str();
            for known in base.cell_history(&table.id, key) {
                let Some(place) = known.division.or(home) else { continue };
                for day in [known.from, today.max(known.from)] {
                    let had = base.cell(&table.id, key, place, day).is_some();
                    if had && next.cell(&table.id, key, place, day).is_none() {
                        lost.note(base, place, &code.title, day);
                    }
                }
            }
        }
        obstacles.extend(lost.obstacle(&format!("数表「{}」", table.title)));
    }
    obstacles
}

/// Places, with the row of a table, that lose a value, and the first day on which they miss it.
#[derive(Default)]
struct Lost(BTreeMap<String, NaiveDate>);

impl Lost {
    /// Places that are named; of more it is said how many.
    const NAMED: usize = 6;

    fn note(&mut self, release: &Release, place: &str, row: &str, day: NaiveDate) {
        let name = release.places.get(place).map_or(place, |place| place.name.as_str());
        let first = self.0.entry(format!("{name}{row}")).or_insert(day);
        *first = day.min(*first);
    }

    fn obstacle(&self, what: &str) -> Option<Obstacle> {
        if self.0.is_empty() {
            return None;
        }
        let named: Vec<String> =
            self.0.iter().take(Self::NAMED).map(|(name, day)| format!("{name}（{day}）")).collect();
        let more = if self.0.len() > named.len() { "等" } else { "" };
        Some(Obstacle::new(
            format!("{what}少了 {} 处原来有的值：{}{more}。", self.0.len(), named.join("、")),
            "请在新配置包里补上这些值；少给了配置包的（如本市的、演示的），一起写在 --packs 后面。",
        ))
    }
}

/// Tables in which people wrote something of an entry of a plan, and the column that names it.
const OF_PLANS: [(&str, &str, &str); 6] = [
    ("plan_value", "indicator", "TRUE"),
    ("plan_adjustment", "indicator", "TRUE"),
    ("plan_split", "indicator", "TRUE"),
    ("plan_stage_note", "stage", "TRUE"),
    ("plan_charge", "entry", "t.ended_at IS NULL"),
    ("plan_public", "entry", "t.withdrawn_at IS NULL"),
];

async fn plans(
    connection: &impl Connection,
    base: &Release,
    next: &Release,
) -> Result<Vec<Obstacle>, OfficeError> {
    let mut obstacles = Vec::new();
    for book in &base.plans {
        let plan = book.plan.id.as_str();
        let kept: BTreeSet<String> = next
            .plans
            .iter()
            .filter(|other| other.plan.id.as_str() == plan)
            .flat_map(|other| other.lines().into_iter().map(|line| line.id))
            .collect();
        let gone: Vec<_> = book.lines().into_iter().filter(|line| !kept.contains(&line.id)).collect();
        if gone.is_empty() {
            continue;
        }
        let mut written: Vec<(String, i64)> = Vec::new();
        for (table, column, when) in OF_PLANS {
            let sql = format!(
                "SELECT t.{column} AS name, count(*) AS found FROM {table} t WHERE t.plan = ? AND {when} GROUP BY t.{column}"
            );
            written.extend(by_name(connection, Query::system(NEEDED, sql).bind(plan)).await?);
        }
        for line in gone {
            let found: i64 = written.iter().filter(|(id, _)| *id == line.id).map(|(_, found)| found).sum();
            if found > 0 {
                obstacles.push(Obstacle::new(
                    format!("规划的{}「{}」去掉了，已经填报或者安排了 {found} 条。", line.sort, line.name),
                    "请在新配置包里保留这一条；规划调整的，在「规划」页面提出调整。",
                ));
            }
        }
    }
    Ok(obstacles)
}

/// Divisions that the packs no longer list and in which something lies.
async fn ended(
    office: &Office,
    connection: &impl Connection,
    base: &Release,
    next: &Release,
) -> Result<Vec<Obstacle>, OfficeError> {
    let mut obstacles = Vec::new();
    let listed: BTreeSet<&str> = next.places.iter().map(|place| place.code.as_str()).collect();
    // What lies below one that is gone is counted with it.
    let stays = |code: &str| listed.contains(code);
    let topmost =
        base.places.iter().filter(|place| !stays(&place.code) && place.parent.as_deref().is_none_or(stays));
    for gone in topmost {
        let Ok(division) = divisions::by_code(connection, &gone.code).await else { continue };
        let left = divisions::left_in(office, connection, division.id).await?;
        if !left.is_empty() {
            obstacles.push(Obstacle::new(
                format!(
                    "区划「{}」（{}）不在新配置包里，那里还有：{}。",
                    gone.name,
                    gone.code,
                    left.join("、")
                ),
                "撤并、改名请在「行政区划」页面办理，里面的人和事随之归到新的区划；配置包里照旧保留它。",
            ));
        }
    }
    Ok(obstacles)
}
