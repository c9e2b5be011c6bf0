//! A roll as read: families with their members, and everything that is wrong with the file itself.

use std::collections::{BTreeMap, HashMap};

use catalogue::Release;
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use store::{Connection, DivisionId, Query};
use vocab::{BankAccount, CitizenId, Fen, Month, PersonName, Phone};

use super::template;
use crate::people;
use crate::tabular::{self, CellFault, Table, TypedRow, Value};
use crate::{Office, OfficeError};

/// Families, members and monthly money: typed in beforehand, and found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct RollTotals {
    /// Families.
    pub families: i64,
    /// Members.
    pub members: i64,
    /// Money of a month.
    pub monthly: Fen,
}

/// A member as read.
pub(super) struct Member {
    pub row: u32,
    pub name: PersonName,
    pub citizen_id: CitizenId,
    pub relation: String,
    pub head: bool,
    pub covered: bool,
    pub phone: Option<Phone>,
    pub facts: Vec<(String, String)>,
}

/// An account as read: the member who holds it, the bank, the number.
pub(super) struct Account {
    pub holder: usize,
    pub bank: String,
    pub number: BankAccount,
}

/// A family as read; fields that were wrong are none and have their fault.
pub(super) struct Family {
    pub key: String,
    pub row: u32,
    pub members: Vec<Member>,
    pub division: Option<Place>,
    pub registered: Option<Place>,
    pub area: Option<String>,
    pub address: Option<String>,
    pub monthly: Option<Fen>,
    pub from: Option<Month>,
    pub review_on: Option<NaiveDate>,
    pub reference: Option<String>,
    pub account: Option<Account>,
    pub facts: Vec<(String, String)>,
    /// On the roll already, with the same members and amount.
    pub already: bool,
}

/// A village or township of the county.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub id: DivisionId,
    pub township: DivisionId,
}

/// A whole roll.
pub(super) struct Roll {
    pub members: Table,
    /// None when the family's columns stand among the members.
    pub families: Option<Table>,
    pub list: Vec<Family>,
}

impl Roll {
    pub fn totals(&self) -> Option<RollTotals> {
        Some(RollTotals {
            families: i64::try_from(self.list.len()).ok()?,
            members: i64::try_from(self.list.iter().map(|family| family.members.len()).sum::<usize>())
                .ok()?,
            monthly: Fen::checked_sum(self.list.iter().filter_map(|family| family.monthly))?,
        })
    }

    /// Every fault with the name of its sheet, where there are two.
    pub fn faults(&self) -> Vec<CellFault> {
        let mut all = Vec::new();
        for table in self.families.iter().chain([&self.members]) {
            let named = self.families.is_some().then(|| table.sheet_name().to_owned());
            all.extend(table.faults.iter().cloned().map(|mut fault| {
                if let (Some(sheet), false) = (&named, fault.address.is_empty()) {
                    fault.address = format!("{sheet}!{}", fault.address);
                }
                fault
            }));
        }
        all
    }

    pub fn tables(&self) -> Vec<&Table> {
        self.families.iter().chain([&self.members]).collect()
    }

    fn family_table(&mut self) -> &mut Table {
        self.families.as_mut().unwrap_or(&mut self.members)
    }

    pub fn refuse_family(&mut self, row: u32, column: &str, message: impl Into<String>) {
        self.family_table().refuse(row, column, message);
    }
}

/// Reads the file; everything that can be seen without the register is checked.
pub(super) async fn read(
    office: &Office,
    connection: &impl Connection,
    county: DivisionId,
    name: &str,
    bytes: &[u8],
) -> Result<Roll, OfficeError> {
    let release = office.release();
    let sheets = tabular::read_file(name, bytes)?;
    let single = Table::read(&sheets, &template::single(&release));
    let mut roll = match single {
        Ok(table) if table.has_column("monthly") => Roll { members: table, families: None, list: Vec::new() },
        other => {
            let (families, members) = template::pair(&release);
            let pair = Table::read(&sheets, &families)
                .ok()
                .filter(|table| table.has_column("monthly"))
                .zip(Table::read(&sheets, &members).ok());
            match (pair, other) {
                (Some((families, members)), _) => {
                    Roll { members, families: Some(families), list: Vec::new() }
                }
                (None, Err(refused)) => return Err(refused.into()),
                (None, Ok(_)) => {
                    return Err(OfficeError::invalid(
                        "file",
                        "没有找到“月保障金额”一列。请下载模板，按模板填写家庭和成员。",
                    ));
                }
            }
        }
    };
    let places = places(connection, county).await?;
    gather(office, &release, &places, &mut roll);
    Ok(roll)
}

/// Townships and villages of a county by their codes, and by old ones of which a single division has become.
async fn places(
    connection: &impl Connection,
    county: DivisionId,
) -> Result<HashMap<String, Place>, OfficeError> {
    const TREE: &str = "the tree of divisions is everybody's";
    let mut places: HashMap<String, Place> = Query::system(
        TREE,
        "SELECT d.id, d.code, d.level, d.parent_id FROM division_closure dc JOIN division d ON d.id = dc.descendant_id \
         WHERE dc.ancestor_id = ? AND d.until_on IS NULL AND d.level IN ('township', 'village')",
    )
    .bind(county)
    .all_as(connection, |row| {
        let id: DivisionId = row.get("id")?;
        let township = if row.get::<String>("level")? == "township" { id } else { row.get("parent_id")? };
        Ok((row.get("code")?, Place { id, township }))
    })
    .await?
    .into_iter()
    .collect();
    let before: Vec<String> = Query::system(
        TREE,
        "SELECT DISTINCT p.code FROM division_past p JOIN division_closure dc ON dc.descendant_id = p.division_id \
         WHERE dc.ancestor_id = ?",
    )
    .bind(county)
    .scalars(connection)
    .await?;
    for code in before {
        if !places.contains_key(&code)
            && let [only] = store::divisions::became(connection, &code).await?.as_slice()
            && let Some(place) = places.get(&only.code).copied()
        {
            places.insert(code, place);
        }
    }
    Ok(places)
}

/// Fact or column, and value or message.
type Pairs = Vec<(String, String)>;

/// As a person would type it for a fact.
fn typed(value: &Value) -> String {
    match value {
        Value::Money(amount) => amount.to_string(),
        other => other.canonical(),
    }
}

fn facts_of(release: &Release, table: &Table, row: &TypedRow) -> (Pairs, Pairs) {
    let (mut facts, mut faults) = (Vec::new(), Vec::new());
    for column in &table.definition().columns {
        let Some(fact) = column.id.strip_prefix("fact:").and_then(|id| release.facts.get(id)) else {
            continue;
        };
        let Some(value) = table.value(row, &column.id) else { continue };
        let text = typed(value);
        match people::check_value(release, fact, &text) {
            Ok(_) => facts.push((fact.id.get().clone(), text)),
            Err(message) => faults.push((column.id.clone(), message)),
        }
    }
    (facts, faults)
}

fn gather(office: &Office, release: &Release, places: &HashMap<String, Place>, roll: &mut Roll) {
    let mut keys: Vec<String> = Vec::new();
    let mut members: BTreeMap<String, Vec<Member>> = BTreeMap::new();
    let mut first_row: BTreeMap<String, u32> = BTreeMap::new();
    let mut seen: HashMap<CitizenId, u32> = HashMap::new();
    let mut faults: Vec<(u32, String, String)> = Vec::new();
    let table = &roll.members;
    for row in &table.rows {
        let Some(key) = table.text(row, "family") else { continue };
        if !first_row.contains_key(&key) {
            keys.push(key.clone());
            first_row.insert(key.clone(), row.number);
        }
        let (facts, wrong) = facts_of(release, table, row);
        // In one sheet the family's own facts stand in the same row; they are told apart below.
        let facts = facts.into_iter().filter(|(id, _)| on_person(release, id)).collect();
        faults.extend(wrong.into_iter().map(|(column, message)| (row.number, column, message)));
        let (Some(name), Some(citizen_id), Some(relation)) = (
            table.person_name(row, "name"),
            table.citizen_id(row, "citizen_id"),
            table.code(row, "relation"),
        ) else {
            continue;
        };
        match seen.get(&citizen_id) {
            Some(first) => {
                let message =
                    format!("此人已出现在第 {first} 行，一个人不能在名册中出现两次、不能属于两个家庭");
                faults.push((row.number, "citizen_id".to_owned(), message));
                continue;
            }
            None => seen.insert(citizen_id, row.number),
        };
        let head = relation == HEAD;
        members.entry(key).or_default().push(Member {
            row: row.number,
            name,
            citizen_id,
            relation,
            head,
            covered: table.boolean(row, "covered").unwrap_or(true),
            phone: table.phone(row, "phone"),
            facts,
        });
    }
    for (row, column, message) in faults {
        roll.members.refuse(row, &column, message);
    }
    // The row that holds what belongs to the family.
    let mut family_rows: BTreeMap<String, u32> = BTreeMap::new();
    let mut faults: Vec<(u32, &str, String)> = Vec::new();
    match &roll.families {
        Some(table) => {
            for row in &table.rows {
                let Some(key) = table.text(row, "family") else { continue };
                if let Some(first) = family_rows.insert(key.clone(), row.number) {
                    faults.push((row.number, "family", format!("家庭编号与第 {first} 行重复")));
                } else if !first_row.contains_key(&key) {
                    faults.push((row.number, "family", "成员表中没有这个家庭的成员".to_owned()));
                }
            }
        }
        None => {
            for (key, list) in &members {
                if let Some(head) = list.iter().find(|member| member.head) {
                    family_rows.insert(key.clone(), head.row);
                }
            }
        }
    }
    for (row, column, message) in faults {
        roll.refuse_family(row, column, message);
    }
    for key in keys {
        let list = members.remove(&key).unwrap_or_default();
        let row = first_row.get(&key).copied().unwrap_or_default();
        let heads: Vec<u32> = list.iter().filter(|member| member.head).map(|member| member.row).collect();
        if heads.len() != 1 && !(list.is_empty() && roll.members.is_faulty(row)) {
            let message = match heads.get(1) {
                Some(_) => format!("家庭 {key} 有 {} 名户主，每户只能有一名", heads.len()),
                None => format!("家庭 {key} 没有户主，请在“与户主关系”中指定一名"),
            };
            roll.members.refuse(heads.get(1).copied().unwrap_or(row), "relation", message);
        }
        if !list.is_empty() && !list.iter().any(|member| member.covered) {
            roll.members.refuse(row, "covered", format!("家庭 {key} 没有一名保障对象"));
        }
        let family_row = family_rows.get(&key).copied();
        if family_row.is_none() && roll.families.is_some() {
            roll.members.refuse(row, "family", format!("家庭表中没有编号为 {key} 的家庭"));
        }
        let family = family_of(office, release, places, roll, key, family_row, row, list);
        roll.list.push(family);
    }
}

/// The code of the head in the list of relations, which the register's headship follows.
const HEAD: &str = "head";

fn on_person(release: &Release, fact: &str) -> bool {
    release.facts.get(fact).is_some_and(|fact| fact.on == catalogue::definition::Unit::Person)
}

#[expect(clippy::too_many_arguments, reason = "one call, in the loop above")]
fn family_of(
    office: &Office,
    release: &Release,
    places: &HashMap<String, Place>,
    roll: &mut Roll,
    key: String,
    family_row: Option<u32>,
    first_row: u32,
    members: Vec<Member>,
) -> Family {
    let row = family_row.unwrap_or(first_row);
    let mut faults: Vec<(&str, String)> = Vec::new();
    let table = roll.families.as_ref().unwrap_or(&roll.members);
    let mut family = Family {
        key,
        row,
        members,
        division: None,
        registered: None,
        area: None,
        address: None,
        monthly: None,
        from: None,
        review_on: None,
        reference: None,
        account: None,
        facts: Vec::new(),
        already: false,
    };
    let mut wrong_facts = Vec::new();
    let missing =
        if roll.families.is_some() { "没有填写" } else { "没有填写（填在户主一行）" };
    if let Some(typed_row) = table.rows.iter().find(|typed| Some(typed.number) == family_row) {
        let mut place = |column: &'static str, required: bool| match table.text(typed_row, column) {
            Some(code) => {
                let found = places.get(&code).copied();
                if found.is_none() {
                    faults.push((column, "不是本县（区）的乡镇（街道）或村（社区）代码，请核对".to_owned()));
                }
                found
            }
            None => {
                if required && !table.is_faulty_at(row, column) {
                    faults.push((column, missing.to_owned()));
                }
                None
            }
        };
        family.division = place("division", true);
        family.registered = place("registered_division", false);
        family.area = table.code(typed_row, "area");
        family.monthly = table.money(typed_row, "monthly");
        family.from = table.month(typed_row, "from");
        for (column, is_missing) in [
            ("area", family.area.is_none()),
            ("monthly", family.monthly.is_none()),
            ("from", family.from.is_none()),
        ] {
            if is_missing && !table.is_faulty_at(row, column) {
                faults.push((column, missing.to_owned()));
            }
        }
        if family.monthly.is_some_and(Fen::is_zero) {
            faults.push(("monthly", "月保障金额应大于零".to_owned()));
        }
        if family.from.is_some_and(|from| from > office.now().month().next()) {
            faults.push(("from", "起始月份不能晚于下个月".to_owned()));
        }
        family.address = table.text(typed_row, "address");
        family.review_on = table.date(typed_row, "review_on");
        family.reference = table.text(typed_row, "reference");
        let (facts, wrong) = facts_of(release, table, typed_row);
        family.facts = facts.into_iter().filter(|(id, _)| !on_person(release, id)).collect();
        if roll.families.is_some() {
            wrong_facts = wrong;
        }
        match (table.text(typed_row, "account_bank"), table.bank_account(typed_row, "account_number")) {
            (Some(bank), Some(number)) => {
                let holder = match table.person_name(typed_row, "account_holder") {
                    Some(name) => family.members.iter().position(|member| member.name == name),
                    None => family.members.iter().position(|member| member.head),
                };
                match holder {
                    Some(holder) => family.account = Some(Account { holder, bank, number }),
                    None => {
                        faults.push(("account_holder", "开户人不是这个家庭的成员，请核对姓名".to_owned()));
                    }
                }
            }
            (None, Some(_)) => faults.push(("account_bank", "填写了账号，还要填写开户银行".to_owned())),
            (Some(_), None) if !table.is_faulty_at(row, "account_number") => {
                faults.push(("account_number", "填写了开户银行，还要填写账号".to_owned()));
            }
            _ => {}
        }
    }
    for (column, message) in faults {
        roll.refuse_family(row, column, message);
    }
    for (column, message) in wrong_facts {
        roll.refuse_family(row, &column, message);
    }
    family
}
