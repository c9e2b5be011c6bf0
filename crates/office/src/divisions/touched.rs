//! What lies in the divisions of a change, counted: shown before it is approved, with where each goes.

use store::{Connection, DivisionId, Query};
use vocab::{Fen, Month};

use super::change::DivisionChangeView;
use super::nodes::Tree;
use super::wanted::{ChangeKind, Wanted};
use crate::access::{Actor, Right};
use crate::{Office, OfficeError, records};

/// Something that a change touches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Touched {
    /// What.
    pub title: String,
    /// How much of it, with its unit.
    pub amount: String,
    /// Where it goes.
    pub goes: String,
}

const COUNTED: &str = "how much lies in a division says nothing of anybody";

/// What is counted at and below the divisions: title, unit, statement, whether it lies at the office itself.
const COUNTS: &[(&str, &str, &str, bool)] = &[
    (
        "工作岗位",
        "个",
        "SELECT count(*) AS found FROM post t WHERE t.division_id IN {below} AND t.until_on IS NULL",
        true,
    ),
    (
        "家庭",
        "户",
        "SELECT count(*) AS found FROM household t WHERE t.division_id IN {below} AND t.closed_on IS NULL",
        false,
    ),
    (
        "居住的人",
        "人",
        "SELECT count(*) AS found FROM person t WHERE t.residence_division_id IN {below}",
        false,
    ),
    ("户籍在此的人", "人", "SELECT count(*) AS found FROM person t WHERE t.division_id IN {below}", false),
    (
        "正在办理的办件",
        "件",
        "SELECT count(*) AS found FROM case_file t WHERE t.village_id IN {below} AND t.state = 'open'",
        false,
    ),
    (
        "没有做完的任务",
        "件",
        "SELECT count(*) AS found FROM task t WHERE t.division_id IN {below} AND t.state = 'open'",
        true,
    ),
    (
        "在享的待遇",
        "份",
        "SELECT count(*) AS found FROM entitlement t WHERE t.division_id IN {below} AND (t.until_month IS NULL OR t.until_month >= {month})",
        false,
    ),
    (
        "没有了结的线索",
        "条",
        "SELECT count(*) AS found FROM lead t WHERE t.division_id IN {below} AND t.state = 'open'",
        false,
    ),
    (
        "到期要做的登记簿任务",
        "件",
        "SELECT count(*) AS found FROM record_duty t WHERE t.division_id IN {below} AND t.state = 'open'",
        false,
    ),
    (
        "没有处理的登记簿提醒",
        "条",
        "SELECT count(*) AS found FROM record_alert t WHERE t.division_id IN {below} AND t.state = 'open'",
        false,
    ),
    (
        "约好的窗口办事",
        "次",
        "SELECT count(*) AS found FROM booking t WHERE t.division_id IN {below} AND t.state = 'booked'",
        true,
    ),
];

/// Counts what lies at and below some divisions.
async fn counted(
    connection: &impl Connection,
    release: &catalogue::Release,
    divisions: &[DivisionId],
    month: Month,
) -> Result<Vec<(String, i64, &'static str, bool)>, OfficeError> {
    let below = "(SELECT c.descendant_id FROM division_closure c WHERE c.ancestor_id IN ({list}))";
    let mut found = Vec::new();
    for (title, unit, sql, at_office) in COUNTS {
        let sql = sql.replace("{below}", below).replace("{month}", &month.index().to_string());
        let number: i64 =
            Query::system(COUNTED, sql).bind_list(divisions.iter().copied()).scalar(connection).await?;
        found.push(((*title).to_owned(), number, *unit, *at_office));
    }
    for register in release.registers.iter() {
        let table = records::table(register);
        let sql = format!(
            "SELECT count(*) AS found FROM {table} r WHERE r.division_id IN {below} AND r.closed_on IS NULL"
        );
        let number: i64 =
            Query::system(COUNTED, sql).bind_list(divisions.iter().copied()).scalar(connection).await?;
        found.push((format!("登记簿：{}", register.title), number, "条", false));
    }
    found.retain(|(_, number, ..)| *number > 0);
    Ok(found)
}

/// What the change of a proposal would touch, and where that goes.
///
/// # Errors
/// [`OfficeError::Forbidden`] for whoever has no part in changes; the database.
pub async fn touched(
    office: &Office,
    actor: &Actor,
    change: &DivisionChangeView,
) -> Result<Vec<Touched>, OfficeError> {
    if ![Right::ProposeStandard, Right::ReleaseStandard].iter().any(|right| actor.may(*right)) {
        actor.demand(Right::Report)?;
    }
    touched_by(office, &change.wanted).await
}

/// The same of what is only wanted.
///
/// # Errors
/// The database.
pub async fn touched_by(office: &Office, wanted: &Wanted) -> Result<Vec<Touched>, OfficeError> {
    let (db, release) = (office.db(), office.release());
    let tree = Tree::read(db).await?;
    let month = Month::containing(office.now().today());
    let name = |id: DivisionId| tree.get(id).map(|node| node.name.clone()).unwrap_or_default();
    let part = |at: usize| wanted.parts.get(at).map(|part| part.name.clone()).unwrap_or_default();
    let to = wanted.into.map_or_else(|| part(0), name);
    let first = wanted.subjects.first().copied().map(name).unwrap_or_default();
    let goes = |at_office: bool| match wanted.kind {
        ChangeKind::Rename | ChangeKind::Relevel => "不动，从那天起用新的名称和代码".to_owned(),
        ChangeKind::Move => format!("随之归{to}"),
        ChangeKind::Merge => format!("归{to}"),
        ChangeKind::Split if at_office && wanted.keeps => format!("留在{first}"),
        ChangeKind::Split if at_office => format!("归{}", part(0)),
        ChangeKind::Split if wanted.keeps => format!("按分配归新区划；没有分配的留在{first}"),
        ChangeKind::Split => format!("按分配归新区划；没有分配的归{}", part(0)),
        ChangeKind::End => "没有去处，须先办完或者改归别处".to_owned(),
    };
    let mut list: Vec<Touched> = counted(db, &release, &wanted.subjects, month)
        .await?
        .into_iter()
        .map(|(title, number, unit, at_office)| Touched {
            title,
            amount: format!("{number} {unit}"),
            goes: goes(at_office),
        })
        .collect();
    for subject in &wanted.subjects {
        list.extend(fund(office, wanted, *subject, &name(*subject), &to).await?);
    }
    let parts: i64 = Query::system(
        COUNTED,
        "SELECT count(*) AS found FROM plan_split_part t WHERE t.division_id IN ({list})",
    )
    .bind_list(wanted.subjects.iter().copied())
    .scalar(db)
    .await?;
    if parts > 0 {
        let goes = "仍按原代码留在原区划，规划的分解由规划人员另行调整".to_owned();
        list.push(Touched {
            title: "规划指标的分解".to_owned(), amount: format!("{parts} 条"), goes
        });
    }
    Ok(list)
}

/// The reserve fund of a township that ends: its successor's, unless that has one of its own.
async fn fund(
    office: &Office,
    wanted: &Wanted,
    subject: DivisionId,
    name: &str,
    to: &str,
) -> Result<Option<Touched>, OfficeError> {
    let balance = async |division: DivisionId| -> Result<Option<i64>, OfficeError> {
        let query =
            Query::system(COUNTED, "SELECT f.balance_fen FROM reserve_fund f WHERE f.township_id = ?");
        Ok(query.bind(division).optional_as(office.db(), |row| row.get("balance_fen")).await?)
    };
    let Some(fen) = balance(subject).await? else { return Ok(None) };
    let other = match wanted.into {
        Some(into) => balance(into).await?,
        None => None,
    };
    let stays =
        matches!(wanted.kind, ChangeKind::Rename | ChangeKind::Relevel | ChangeKind::Move) || wanted.keeps;
    let goes = match (stays, other) {
        (true, _) => format!("仍是{name}的"),
        (false, Some(_)) => format!("{to}已有备用金，这一笔留在{name}名下，由县级民政部门处理"),
        (false, None) => format!("归{to}"),
    };
    let amount = format!("{} 元", Fen(fen));
    Ok(Some(Touched { title: "备用金余额".to_owned(), amount, goes }))
}

/// What still lies in a division that is to end.
pub(crate) async fn left_in(
    office: &Office,
    connection: &impl Connection,
    division: DivisionId,
) -> Result<Vec<String>, OfficeError> {
    let month = Month::containing(office.now().today());
    let found = counted(connection, &office.release(), &[division], month).await?;
    Ok(found.into_iter().map(|(title, number, unit, _)| format!("{title} {number} {unit}")).collect())
}

/// Open cases and living benefits that would come into another county's books.
pub(super) async fn money_in(
    connection: &impl Connection,
    divisions: &[DivisionId],
    month: Month,
) -> Result<(i64, i64), OfficeError> {
    let count = |sql: &'static str| Query::system(COUNTED, sql).bind_list(divisions.iter().copied());
    let cases = count(
        "SELECT count(*) AS found FROM case_file t WHERE t.state = 'open' AND (t.village_id IN ({list}))",
    );
    let benefits = count(
        "SELECT count(*) AS found FROM entitlement t WHERE t.division_id IN ({list}) AND (t.until_month IS NULL OR t.until_month >= ?)",
    )
    .bind(month);
    Ok((cases.scalar(connection).await?, benefits.scalar(connection).await?))
}
