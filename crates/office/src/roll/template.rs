//! The columns of a roll: one sheet with a row for each member, or one sheet of families and one of members.
//!
//! What belongs to the family stands in the row of its head. Facts that the pack lets a roll say get a column each.

use catalogue::Release;
use catalogue::definition::{Fact, FactSource, Unit, ValueKind};

use crate::access::{Granted, ManageRoll};
use crate::tabular::{self, CellKind, ColumnDefinition, TableDefinition};
use crate::{Office, OfficeError};

pub(super) const FAMILIES: &str = "家庭";
pub(super) const MEMBERS: &str = "成员";

fn codes(release: &Release, list: &str) -> CellKind {
    let values = release.codelists.get(list).map(|list| &list.values[..]).unwrap_or_default();
    CellKind::Code(values.iter().map(|code| (code.code.get().clone(), code.title.clone())).collect())
}

fn key() -> ColumnDefinition {
    ColumnDefinition::new("family", "家庭编号", CellKind::Text)
        .required()
        .also(&["户编号", "家庭号", "户号"])
        .help("同一家庭的各行填写同一个编号，可以用原系统的编号。")
}

fn fact_columns(release: &Release, on: Unit) -> Vec<ColumnDefinition> {
    let of_roll =
        |fact: &Fact| fact.on == on && fact.precedence.iter().any(|source| *source.get() == FactSource::Roll);
    release
        .facts
        .iter()
        .filter(|fact| of_roll(fact))
        .map(|fact| {
            let kind = match *fact.kind.get() {
                ValueKind::Boolean => CellKind::YesNo,
                ValueKind::Integer => CellKind::Integer,
                ValueKind::Decimal => CellKind::Decimal,
                ValueKind::Money => CellKind::Money,
                ValueKind::Date => CellKind::Date,
                ValueKind::Month => CellKind::Month,
                ValueKind::Code => codes(release, fact.codelist.as_ref().map_or("", |list| list.get())),
                ValueKind::Text => CellKind::Text,
            };
            let mut column = ColumnDefinition::new(&format!("fact:{}", fact.id.get()), &fact.title, kind);
            column.help = fact.help.clone().unwrap_or_default();
            column
        })
        .collect()
}

fn member_columns(release: &Release) -> Vec<ColumnDefinition> {
    let mut columns = vec![
        key(),
        ColumnDefinition::new("name", "姓名", CellKind::PersonName).required().also(&["成员姓名"]),
        ColumnDefinition::new("citizen_id", "身份证号码", CellKind::CitizenId).required().also(&[
            "身份证号",
            "公民身份号码",
            "居民身份证号码",
            "证件号码",
        ]),
        ColumnDefinition::new("relation", "与户主关系", codes(release, "relation"))
            .required()
            .also(&["与申请人关系", "家庭关系", "关系"])
            .help("每户有且只有一名户主。"),
        ColumnDefinition::new("covered", "是否保障对象", CellKind::YesNo)
            .also(&["保障对象"])
            .help("不填视为“是”；共同生活但不享受待遇的成员填“否”。"),
        ColumnDefinition::new("phone", "联系电话", CellKind::Phone).also(&["电话", "手机号码"]),
    ];
    columns.extend(fact_columns(release, Unit::Person));
    columns
}

fn family_columns(release: &Release) -> Vec<ColumnDefinition> {
    let mut columns = vec![
        ColumnDefinition::new("division", "村（社区）代码", CellKind::Division)
            .also(&["居住地代码", "村居代码", "区划代码", "社区代码"])
            .help("现住地 12 位统计区划代码。填在户主一行。"),
        ColumnDefinition::new("registered_division", "户籍地代码", CellKind::Division)
            .help("与现住地相同的不填。"),
        ColumnDefinition::new("area", "城乡类别", codes(release, "area"))
            .also(&["城乡", "类别"])
            .help("填在户主一行。"),
        ColumnDefinition::new("address", "详细地址", CellKind::Text).also(&["家庭住址", "住址"]),
        ColumnDefinition::new("monthly", "月保障金额", CellKind::Money)
            .also(&["月保障金", "月发放金额", "保障金额", "每月金额"])
            .help("全家每月合计，填在户主一行。"),
        ColumnDefinition::new("from", "起始月份", CellKind::Month)
            .also(&["享受起始月", "起始年月", "救助开始年月"])
            .help("开始享受待遇的月份，填在户主一行。"),
        ColumnDefinition::new("review_on", "下次复核日期", CellKind::Date)
            .also(&["复核日期", "下次复核时间"]),
        ColumnDefinition::new("reference", "批准文号", CellKind::Text).also(&["审批文号", "证号"]),
        ColumnDefinition::new("account_holder", "开户人姓名", CellKind::PersonName)
            .also(&["户名", "开户人"])
            .help("须是家庭成员；不填视为户主。"),
        ColumnDefinition::new("account_bank", "开户银行", CellKind::Text).also(&["银行"]),
        ColumnDefinition::new("account_number", "银行账号", CellKind::BankAccount).also(&[
            "账号",
            "卡号",
            "银行卡号",
        ]),
    ];
    columns.extend(fact_columns(release, Unit::Household));
    columns
}

/// One sheet: members, with the family's columns filled in the head's row.
pub(super) fn single(release: &Release) -> TableDefinition {
    let mut columns = member_columns(release);
    columns.extend(family_columns(release));
    TableDefinition { title: MEMBERS.to_owned(), columns }
}

/// Two sheets: families and members.
pub(super) fn pair(release: &Release) -> (TableDefinition, TableDefinition) {
    let mut columns = vec![key()];
    columns.extend(family_columns(release));
    (
        TableDefinition { title: FAMILIES.to_owned(), columns },
        TableDefinition { title: MEMBERS.to_owned(), columns: member_columns(release) },
    )
}

/// The template of a roll: a row for each member, or a sheet of families and one of members.
///
/// # Errors
/// The writer's.
pub fn roll_template(
    office: &Office,
    _actor: &Granted<ManageRoll>,
    two_sheets: bool,
) -> Result<Vec<u8>, OfficeError> {
    let release = office.release();
    if two_sheets {
        let (families, members) = pair(&release);
        Ok(tabular::template(&[families, members])?)
    } else {
        Ok(tabular::template(&[single(&release)])?)
    }
}
