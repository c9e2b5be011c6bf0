//! What records need of their registers: looked at before newer packs take something of it away. Tables keep what a release leaves out,
//! but nobody would read it any more.

use catalogue::Release;
use catalogue::definition::{Field, FieldKind, Register};
use store::{Connection, Keys, Query};

use super::columns::{ColumnKind, blind, column, list_table, searched_column, table};
use crate::OfficeError;
use crate::releases::Obstacle;

const NEEDED: &str = "how many records need something says nothing of anybody";

/// What records use of the registers of one release and the next has not got, or has otherwise.
pub(crate) async fn needed(
    connection: &impl Connection,
    keys: &Keys,
    before: &Release,
    now: &Release,
) -> Result<Vec<Obstacle>, OfficeError> {
    let mut obstacles = Vec::new();
    for old in before.registers.iter() {
        let Some(new) = now.registers.get(&old.id) else {
            let found = count(connection, &table(old), "TRUE", None).await?;
            if found > 0 {
                obstacles.push(Obstacle::new(
                    format!("登记簿「{}」去掉了，里面有 {found} 条记录。", old.title),
                    "请在新配置包里保留这个登记簿；不再登记的，可以只收回登记的权限。",
                ));
            }
            continue;
        };
        states(connection, old, new, &mut obstacles).await?;
        let kept = fields(new);
        for old_field in fields(old) {
            let new_field = kept
                .iter()
                .find(|one| (one.of, one.field.id.get()) == (old_field.of, old_field.field.id.get()));
            let said = format!("登记簿「{}」的字段「{}」", old.title, old_field.field.label);
            match new_field {
                Some(new_field) => {
                    let releases = (before, now);
                    changed(connection, keys, old, releases, (&old_field, new_field), &said, &mut obstacles)
                        .await?;
                }
                None => gone(connection, &old_field, &said, &mut obstacles).await?,
            }
        }
        papers(connection, old, new, &mut obstacles).await?;
        key(connection, old, new, &mut obstacles).await?;
    }
    Ok(obstacles)
}

/// A field and the table in which it stands: the record's own, or that of the rows of a list.
struct Kept<'r> {
    of: &'r str,
    table: String,
    field: &'r Field,
}

impl Kept<'_> {
    fn filled(&self) -> String {
        format!("r.{} IS NOT NULL", column(self.field))
    }
}

fn fields(register: &Register) -> Vec<Kept<'_>> {
    let mut kept: Vec<Kept<'_>> =
        register.fields().map(|(_, field)| Kept { of: "", table: table(register), field }).collect();
    for of in register.lists() {
        let rows = register.list_fields(of);
        kept.extend(rows.map(|field| Kept { of, table: list_table(register, of), field }));
    }
    kept
}

async fn count(
    connection: &impl Connection,
    table: &str,
    when: &str,
    bound: Option<&str>,
) -> Result<i64, OfficeError> {
    let query = Query::system(NEEDED, format!("SELECT count(*) AS found FROM {table} r WHERE {when}"));
    let query = match bound {
        Some(bound) => query.bind(bound),
        None => query,
    };
    Ok(query.scalar(connection).await?)
}

/// A field that the next release has not got.
async fn gone(
    connection: &impl Connection,
    old: &Kept<'_>,
    said: &str,
    obstacles: &mut Vec<Obstacle>,
) -> Result<(), OfficeError> {
    // What is worked out afresh each time is nobody's word.
    if old.field.computed.is_some() && !old.field.noted {
        return Ok(());
    }
    let found = count(connection, &old.table, &old.filled(), None).await?;
    if found > 0 {
        obstacles.push(Obstacle::new(
            format!("{said}去掉了，{found} 条记录里填着。"),
            "请在新配置包里保留这个字段；不再填写的，可以只从列表和必填里去掉。",
        ));
    }
    Ok(())
}

/// A field that both releases have.
async fn changed(
    connection: &impl Connection,
    keys: &Keys,
    register: &Register,
    (before, now): (&Release, &Release),
    (old, new): (&Kept<'_>, &Kept<'_>),
    said: &str,
    obstacles: &mut Vec<Obstacle>,
) -> Result<(), OfficeError> {
    let another = ColumnKind::of(old.field) != ColumnKind::of(new.field);
    let lines = |kind: FieldKind| matches!(kind, FieldKind::Text | FieldKind::Textarea);
    let (was, is) = (*old.field.kind.get(), *new.field.kind.get());
    let otherwise = (was != is && !(lines(was) && lines(is))) || old.field.target() != new.field.target();
    if another || otherwise {
        let found = count(connection, &old.table, &old.filled(), None).await?;
        // A column keeps its type even while it is empty.
        if another || found > 0 {
            obstacles.push(Obstacle::new(
                format!("{said}换了类型或者指向，{found} 条记录里填着。"),
                "类型变了就是另一个字段：请保留原来的字段，新的字段换一个 id。",
            ));
        }
        return Ok(());
    }
    if !matches!(was, FieldKind::Choice | FieldKind::Choices) {
        return Ok(());
    }
    let of = |release: &Release, field: &Field| {
        let list = field.codelist.as_ref().and_then(|list| release.codelists.get(list));
        list.map(|list| list.values.clone()).unwrap_or_default()
    };
    let offered = of(now, new.field);
    for code in of(before, old.field) {
        if offered.iter().any(|one| one.code == code.code) {
            continue;
        }
        let found = match (was, old.field.is_sealed()) {
            (FieldKind::Choice, sealed) => {
                let when = format!("r.{} = ?", searched_column(old.field));
                let found = if sealed {
                    blind(keys, register, old.field, code.code.as_str())
                } else {
                    code.code.get().clone()
                };
                count(connection, &old.table, &when, Some(&found)).await?
            }
            // Which of several codes are under the seal nobody can ask for: all that are filled may be.
            (_, true) => count(connection, &old.table, &old.filled(), None).await?,
            (_, false) => {
                let when = format!("r.{} LIKE ?", column(old.field));
                let within = format!("%,{},%", *code.code);
                count(connection, &old.table, &when, Some(&within)).await?
            }
        };
        if found > 0 {
            obstacles.push(Obstacle::new(
                format!("{said}少了代码“{}”（{}），{found} 条记录用着。", code.title, code.code),
                "请在新配置包的代码表里保留这个代码，写上 retired = true：已有的照常显示，新的不再选得到。",
            ));
        }
    }
    Ok(())
}

/// States in which records are, and that the next release has not got or means otherwise.
async fn states(
    connection: &impl Connection,
    old: &Register,
    new: &Register,
    obstacles: &mut Vec<Obstacle>,
) -> Result<(), OfficeError> {
    let known = new.state_codes();
    for (state, title) in old.state_codes() {
        let there = known.iter().any(|(code, _)| *code == state);
        if there && old.is_closed(state) == new.is_closed(state) {
            continue;
        }
        let found = count(connection, &table(old), "r.state = ?", Some(state)).await?;
        if found == 0 {
            continue;
        }
        let deed = if there { "改成了（或者不再是）结束的状态" } else { "去掉了" };
        obstacles.push(Obstacle::new(
            format!("登记簿「{}」的状态「{title}」{deed}，{found} 条记录在这个状态。", old.title),
            "请在新配置包里保留这个状态，或者先把这些记录转到别的状态。",
        ));
    }
    Ok(())
}

/// Kinds of papers that records keep and the next release has not got.
async fn papers(
    connection: &impl Connection,
    old: &Register,
    new: &Register,
    obstacles: &mut Vec<Obstacle>,
) -> Result<(), OfficeError> {
    for papers in old.papers.iter().filter(|papers| new.papers(&papers.id).is_none()) {
        let found: i64 = Query::system(
            NEEDED,
            "SELECT count(*) AS found FROM record_file f WHERE f.register = ? AND f.papers = ? AND f.removed_at IS NULL",
        )
        .bind(old.id.as_str())
        .bind(papers.id.as_str())
        .scalar(connection)
        .await?;
        if found > 0 {
            obstacles.push(Obstacle::new(
                format!("登记簿「{}」的附件「{}」去掉了，存着 {found} 个文件。", old.title, papers.title),
                "请在新配置包里保留这种附件。",
            ));
        }
    }
    Ok(())
}

/// Open records that another key would call the same.
async fn key(
    connection: &impl Connection,
    old: &Register,
    new: &Register,
    obstacles: &mut Vec<Obstacle>,
) -> Result<(), OfficeError> {
    if old.key == new.key {
        return Ok(());
    }
    // Where a field of the key is new, it is empty everywhere, and what is empty is nowhere the same.
    let columns: Option<Vec<String>> =
        new.key.iter().map(|id| old.field(id).map(|field| format!("r.{}", searched_column(field)))).collect();
    let Some(columns) = columns.filter(|columns| !columns.is_empty()) else { return Ok(()) };
    let filled: Vec<String> = columns.iter().map(|column| format!("{column} IS NOT NULL")).collect();
    let sql = format!(
        "SELECT count(*) AS found FROM (SELECT 1 AS one FROM {} r WHERE r.closed_on IS NULL AND {} GROUP BY {} \
         HAVING count(*) > 1) twice",
        table(old),
        filled.join(" AND "),
        columns.join(", ")
    );
    let found: i64 = Query::system(NEEDED, sql).scalar(connection).await?;
    if found > 0 {
        obstacles.push(Obstacle::new(
            format!("登记簿「{}」换了识别记录的字段，按新的有 {found} 组记录重复。", old.title),
            "请先在页面上把重复的记录改正或者作废。",
        ));
    }
    Ok(())
}
