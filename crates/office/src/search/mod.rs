//! One box over everything: people, cases by number, organisations, facilities, place names, divisions, matters, and the records of all
//! other registers. Text, pinyin initials, ends of citizen IDs, credit codes and old codes of places are typed alike.
//!
//! Every group is asked with the reader's own right for it and answers in the reader's scope; a group for which the post has no right is
//! not there. Looking for people, cases and records is written down. [`index`] is what titles and numbers are looked up in; people have
//! an index of their own ([`crate::people::search_people`]).

use std::collections::{BTreeMap, HashMap, HashSet};

use catalogue::definition::Register;
use chrono::NaiveDate;
use store::{CaseId, Cursor, DivisionId, Migration, Page, PersonId, Query};
use vocab::Level;

use self::index::{Asked, Kinds, Which};
use crate::access::{self, Actor, Granted, ReadCase, ReadPeople, ReadRecords, Right};
use crate::casework::lists::{self, CaseFilter};
use crate::records::{self, RecordId, find};
use crate::{Office, OfficeError, people};

pub(crate) mod index;

/// Tables of this module.
pub const MIGRATIONS: &[Migration] =
    &[Migration { name: "20261127_search", sql: include_str!("../../migrations/20261127_search.sql") }];

/// Things of one group that are shown beside those of others.
pub const SHOWN: usize = 5;
/// Rows of the index that one group looks at.
const CAP: usize = 1000;
/// The least that is looked for.
const CHARACTERS_MIN: usize = 2;

/// What kind of things are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Group {
    /// Persons.
    People,
    /// Cases, by their whole number.
    Cases,
    /// Records of the register of organisations.
    Organisations,
    /// Records of the register of facilities.
    Facilities,
    /// Records of the register of place names.
    Places,
    /// Records of all other registers.
    Records,
    /// Divisions, those that have ended too.
    Divisions,
    /// Matters that may be filed.
    Items,
}

impl Group {
    /// All, in the order in which they are shown.
    pub const ALL: [Group; 8] = [
        Group::People,
        Group::Cases,
        Group::Organisations,
        Group::Facilities,
        Group::Places,
        Group::Records,
        Group::Divisions,
        Group::Items,
    ];

    /// Name in addresses.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Group::People => "people",
            Group::Cases => "cases",
            Group::Organisations => "organisations",
            Group::Facilities => "facilities",
            Group::Places => "places",
            Group::Records => "records",
            Group::Divisions => "divisions",
            Group::Items => "items",
        }
    }

    /// By its name in addresses.
    #[must_use]
    pub fn read(code: &str) -> Option<Group> {
        Group::ALL.into_iter().find(|group| group.code() == code)
    }

    /// As people read it.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Group::People => "人员",
            Group::Cases => "办件",
            Group::Organisations => "单位",
            Group::Facilities => "服务设施",
            Group::Places => "地名",
            Group::Records => "登记簿",
            Group::Divisions => "行政区划",
            Group::Items => "办事事项",
        }
    }

    /// The register whose records alone stand in the group.
    #[must_use]
    pub fn register(self) -> Option<&'static str> {
        match self {
            Group::Organisations => Some("organisation"),
            Group::Facilities => Some("facility"),
            Group::Places => Some("place"),
            Group::People | Group::Cases | Group::Records | Group::Divisions | Group::Items => None,
        }
    }
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Thing {
    /// A person.
    Person(PersonId),
    /// A case.
    Case(CaseId),
    /// A record of a register.
    Record(String, RecordId),
    /// A division, and whether it lies in the reader's area.
    Division(DivisionId, bool),
    /// A matter, and whether an officer may file it for somebody.
    Item(String, bool),
}

/// A line of what was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit {
    /// The thing.
    pub thing: Thing,
    /// What it is called.
    pub title: String,
    /// What else is said of it, masked as everywhere.
    pub said: Vec<String>,
    /// Its state, and whether it is over.
    pub state: Option<(String, bool)>,
}

/// What was found of one kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The kind.
    pub group: Group,
    /// The first of them.
    pub hits: Vec<Hit>,
    /// There are more.
    pub more: bool,
    /// What to say beside it, Chinese.
    pub note: Option<String>,
}

/// Whose eyes the box looks with: the post, and what it was granted.
#[derive(Debug)]
pub struct Reader<'a> {
    /// The post.
    pub actor: &'a Actor,
    /// May read people.
    pub people: Option<Granted<ReadPeople>>,
    /// May read cases.
    pub cases: Option<Granted<ReadCase>>,
    /// May read registers; which of them is asked again.
    pub records: Option<Granted<ReadRecords>>,
}

/// Writes the words of what the index has not got yet: what was there before it, and everything when divisions have moved. How many.
///
/// # Errors
/// The database's.
pub async fn fill(office: &Office) -> Result<usize, OfficeError> {
    find::fill(office).await
}

/// The division that a search of the index is narrowed to; none for whoever sees the whole place.
#[must_use]
pub(crate) fn below(actor: &Actor) -> Option<DivisionId> {
    Some(actor.division).filter(|_| actor.level > Level::Prefecture)
}

fn read(office: &Office, text: &str) -> Result<Asked, OfficeError> {
    Asked::read(office.keys(), text)
        .ok_or_else(|| OfficeError::invalid("q", format!("请至少输入 {CHARACTERS_MIN} 个字、字母或数字。")))
}

/// Looks everywhere. Groups in which nothing was found are left out, unless there is something to say.
///
/// # Errors
/// [`OfficeError::Invalid`] for less than two characters; the database.
pub async fn search(office: &Office, reader: &Reader<'_>, text: &str) -> Result<Vec<Found>, OfficeError> {
    let asked = read(office, text)?;
    let (people, cases, records, divisions) = tokio::join!(
        people_named(office, reader, text),
        cases_numbered(office, reader, text),
        records_called(office, reader, &asked),
        divisions_called(office, reader, &asked, 0, SHOWN),
    );
    let mut found: Vec<Found> = Vec::new();
    found.extend(people?);
    found.extend(cases?);
    found.extend(records?);
    found.push(divisions?.0);
    found.push(items_called(office, reader, text, SHOWN));
    found.retain(|found| !found.hits.is_empty() || found.note.is_some());
    Ok(found)
}

/// All of one group that has no page of its own: records of all registers, divisions, matters.
///
/// # Errors
/// [`OfficeError::NotFound`] for a group with a page of its own, or that the post may not read; as [`search`].
pub async fn search_group(
    office: &Office,
    reader: &Reader<'_>,
    group: Group,
    text: &str,
    cursor: Option<&Cursor>,
    size: usize,
) -> Result<Page<Hit>, OfficeError> {
    let asked = read(office, text)?;
    let after = cursor.and_then(|cursor| cursor.integer_at(0)).unwrap_or(0);
    let (found, last) = match group {
        Group::Records => {
            let Some(granted) = &reader.records else { return Err(OfficeError::NotFound("这个页面")) };
            written_down(office, reader.actor, "record.searched", "record").await?;
            let shelves = Shelves::of(office, reader.actor).await?;
            let Some(kinds) = shelves.others() else { return Ok(Page { rows: Vec::new(), next: None }) };
            let rows = rows(office, reader.actor, &asked, Which::Any, &kinds, after, size + 1).await?;
            let more = rows.len() > size;
            let rows = &rows[..rows.len().min(size)];
            let hits = shelves.hits(office, granted, rows).await?;
            (Found { group, hits, more, note: None }, rows.last().copied())
        }
        Group::Divisions => divisions_called(office, reader, &asked, after, size).await?,
        Group::Items => (items_called(office, reader, text, usize::MAX), None),
        _ => return Err(OfficeError::NotFound("这个页面")),
    };
    let next = last.filter(|_| found.more).map(|last| Cursor::new().integer(last));
    Ok(Page { rows: found.hits, next })
}

async fn written_down(
    office: &Office,
    actor: &Actor,
    action: &'static str,
    kind: &'static str,
) -> Result<(), OfficeError> {
    access::opened(office, actor, action, (kind, 0), None, actor.division).await
}

async fn people_named(
    office: &Office,
    reader: &Reader<'_>,
    text: &str,
) -> Result<Option<Found>, OfficeError> {
    let Some(granted) = &reader.people else { return Ok(None) };
    let answer = match people::search_people(office, granted, text, None, SHOWN).await {
        Ok(answer) => answer,
        // Words that are no name and no number of a person.
        Err(OfficeError::Invalid(_)) => return Ok(None),
        Err(error) => return Err(error),
    };
    // That nobody is called so need not be said; that an ID is registered elsewhere must be.
    let whole = text.chars().filter(char::is_ascii_digit).count() >= 15;
    let hits = answer.page.rows.iter().map(|person| Hit {
        thing: Thing::Person(person.person),
        title: person.name.clone(),
        said: vec![
            person.sex.to_string(),
            format!("{}生", vocab::zh_date(person.born_on)),
            person.citizen_id.clone(),
            person.residence_name.clone(),
        ],
        state: person.died_on.map(|_| ("已故".to_owned(), true)),
    });
    Ok(Some(Found {
        group: Group::People,
        hits: hits.collect(),
        more: answer.page.next.is_some(),
        note: answer.note.filter(|_| whole),
    }))
}

async fn cases_numbered(
    office: &Office,
    reader: &Reader<'_>,
    text: &str,
) -> Result<Option<Found>, OfficeError> {
    let number = text.trim();
    let looks_so = number.len() >= 8
        && number.contains(|sign: char| sign.is_ascii_alphabetic())
        && number.contains(|sign: char| sign.is_ascii_digit())
        && number.bytes().all(|sign| sign.is_ascii_alphanumeric() || sign == b'-');
    let Some(granted) = reader.cases.as_ref().filter(|_| looks_so) else { return Ok(None) };
    written_down(office, reader.actor, "case.searched", "case").await?;
    let filter = CaseFilter { words: Some(number.to_owned()), ..CaseFilter::default() };
    let page = lists::cases(office, granted, &filter, None).await?;
    let release = office.release();
    let hits = page.rows.iter().take(SHOWN).map(|case| Hit {
        thing: Thing::Case(case.case),
        title: case.number.clone(),
        said: vec![
            release.items.get(&case.item).map_or_else(|| case.item.clone(), |item| item.title.clone()),
            case.applicant.clone(),
            case.village.clone(),
        ],
        state: Some(if case.open { ("办理中".to_owned(), false) } else { ("已办结".to_owned(), true) }),
    });
    Ok(Some(Found { group: Group::Cases, hits: hits.collect(), more: page.rows.len() > SHOWN, note: None }))
}

/// The registers that a post reads, with their numbers in the index.
struct Shelves {
    readable: Vec<(i64, records::Open)>,
    all: Vec<i64>,
}

impl Shelves {
    async fn of(office: &Office, actor: &Actor) -> Result<Shelves, OfficeError> {
        let kinds = index::kinds(office.db()).await?;
        let numbers: HashMap<&str, i64> = kinds.iter().map(|(name, id, _)| (name.as_str(), *id)).collect();
        let open = records::readable(office, actor).into_iter();
        let readable =
            open.filter_map(|open| Some((*numbers.get(open.register().id.as_str())?, open))).collect();
        Ok(Shelves { readable, all: numbers.into_values().collect() })
    }

    /// The kind of a group's own register; none if the post does not read it.
    fn only(&self, register: &str) -> Option<Kinds> {
        let (kind, _) = self.readable.iter().find(|(_, open)| open.register().id == register)?;
        Some(Kinds::Only(vec![*kind]))
    }

    /// The kinds without a group of their own, said in as few words as it takes.
    fn others(&self) -> Option<Kinds> {
        let own: Vec<&str> = Group::ALL.into_iter().filter_map(Group::register).collect();
        let others: HashSet<i64> = self
            .readable
            .iter()
            .filter(|(_, open)| !own.contains(&open.register().id.as_str()))
            .map(|(kind, _)| *kind)
            .collect();
        let mut without: Vec<i64> = self.all.iter().copied().filter(|kind| !others.contains(kind)).collect();
        let mut others: Vec<i64> = others.into_iter().collect();
        others.sort_unstable();
        without.sort_unstable();
        match (others.is_empty(), without.is_empty()) {
            (true, _) => None,
            (false, true) => Some(Kinds::All),
            (false, false) if others.len() <= without.len() => Some(Kinds::Only(others)),
            (false, false) => Some(Kinds::AllBut(without)),
        }
    }

    /// Rows of the index as they stand in the reader's scope; what does not is left out.
    async fn hits(
        &self,
        office: &Office,
        reader: &Granted<ReadRecords>,
        rows: &[i64],
    ) -> Result<Vec<Hit>, OfficeError> {
        let mut by_kind: BTreeMap<i64, Vec<RecordId>> = BTreeMap::new();
        for row in rows {
            let (kind, id) = index::hit(*row);
            by_kind.entry(kind).or_default().push(RecordId(id));
        }
        let mut hits: HashMap<i64, Hit> = HashMap::new();
        for (kind, ids) in by_kind {
            let Some((_, open)) = self.readable.iter().find(|(known, _)| *known == kind) else { continue };
            let register: &Register = open.register();
            let titled = find::titled(office, &reader.scope(), register, &ids).await?;
            for (id, found) in titled {
                let hit = Hit {
                    thing: Thing::Record(register.id.get().clone(), id),
                    title: found.title,
                    said: vec![register.title.clone(), found.place],
                    state: Some((found.state, found.closed)),
                };
                hits.insert(index::row(kind, id.0), hit);
            }
        }
        Ok(rows.iter().filter_map(|row| hits.remove(row)).collect())
    }
}

async fn rows(
    office: &Office,
    actor: &Actor,
    asked: &Asked,
    which: Which,
    kinds: &Kinds,
    after: i64,
    limit: usize,
) -> Result<Vec<i64>, OfficeError> {
    let expression = asked.expression(office.db().backend(), which, kinds, below(actor));
    index::hits(office.db(), expression, after, limit, CAP).await
}

async fn records_called(
    office: &Office,
    reader: &Reader<'_>,
    asked: &Asked,
) -> Result<Vec<Found>, OfficeError> {
    let Some(granted) = &reader.records else { return Ok(Vec::new()) };
    let shelves = Shelves::of(office, reader.actor).await?;
    if shelves.readable.is_empty() {
        return Ok(Vec::new());
    }
    written_down(office, reader.actor, "record.searched", "record").await?;
    let mut found = Vec::new();
    for group in [Group::Organisations, Group::Facilities, Group::Places, Group::Records] {
        let kinds = match group.register() {
            Some(register) => shelves.only(register),
            None => shelves.others(),
        };
        let Some(kinds) = kinds else { continue };
        // What is called exactly so comes first.
        let mut list = rows(office, reader.actor, asked, Which::Exact, &kinds, 0, SHOWN + 1).await?;
        if list.len() <= SHOWN {
            let left = SHOWN + 1 - list.len();
            list.extend(rows(office, reader.actor, asked, Which::Others, &kinds, 0, left).await?);
        }
        let more = list.len() > SHOWN;
        list.truncate(SHOWN);
        let hits = shelves.hits(office, granted, &list).await?;
        found.push(Found { group, hits, more, note: None });
    }
    Ok(found)
}

/// Divisions are everybody's: names and codes of the whole tree, what has ended too.
async fn divisions_called(
    office: &Office,
    reader: &Reader<'_>,
    asked: &Asked,
    after: i64,
    size: usize,
) -> Result<(Found, Option<i64>), OfficeError> {
    const TREE: &str = "the tree of divisions is everybody's";
    let nothing = Found { group: Group::Divisions, hits: Vec::new(), more: false, note: None };
    let kinds = index::kinds(office.db()).await?;
    let Some((_, kind, _)) = kinds.iter().find(|(name, ..)| name == index::DIVISIONS) else {
        return Ok((nothing, None));
    };
    let expression = asked.expression(office.db().backend(), Which::Any, &Kinds::Only(vec![*kind]), None);
    let mut found = index::hits(office.db(), expression, after, size + 1, CAP).await?;
    let more = found.len() > size;
    found.truncate(size);
    let ids: Vec<DivisionId> = found.iter().map(|row| DivisionId(index::hit(*row).1)).collect();
    let above: Vec<(DivisionId, DivisionId, String)> = Query::system(
        TREE,
        "SELECT dc.descendant_id, d.id, d.name FROM division_closure dc JOIN division d ON d.id = dc.ancestor_id \
         WHERE dc.descendant_id IN ({list}) ORDER BY dc.descendant_id, dc.depth DESC",
    )
    .bind_list(ids.iter().copied())
    .all_as(office.db(), |row| Ok((row.get("descendant_id")?, row.get("id")?, row.get("name")?)))
    .await?;
    let rows: Vec<(DivisionId, String, Option<String>, Option<NaiveDate>)> = Query::system(
        TREE,
        "SELECT d.id, d.code, d.mca_code, d.until_on FROM division d WHERE d.id IN ({list})",
    )
    .bind_list(ids.iter().copied())
    .all_as(office.db(), |row| {
        Ok((row.get("id")?, row.get("code")?, row.get("mca_code")?, row.get("until_on")?))
    })
    .await?;
    let mut hits = Vec::new();
    for id in ids {
        let Some((_, code, mca_code, until_on)) = rows.iter().find(|(known, ..)| *known == id) else {
            continue;
        };
        let path = || above.iter().filter(|(of, ..)| *of == id);
        let mut said = vec![format!("统计代码 {code}")];
        said.extend(mca_code.as_ref().map(|code| format!("民政代码 {code}")));
        hits.push(Hit {
            thing: Thing::Division(id, path().any(|(_, above, _)| *above == reader.actor.division)),
            title: path().map(|(.., name)| name.as_str()).collect::<Vec<_>>().join(" "),
            said,
            state: until_on.map(|day| (format!("{}起撤销", vocab::zh_date(day)), true)),
        });
    }
    Ok((Found { hits, more, ..nothing }, found.last().copied()))
}

/// Matters are a few dozen, and everybody's: read through.
fn items_called(office: &Office, reader: &Reader<'_>, text: &str, most: usize) -> Found {
    let release = office.release();
    let wanted = text.trim().to_lowercase();
    let letters: String = index::initials_of(&wanted);
    let mut hits: Vec<Hit> = Vec::new();
    for item in release.items.iter() {
        let by_letters =
            wanted.is_ascii() && !letters.is_empty() && index::initials_of(&item.title).contains(&letters);
        if item.title.to_lowercase().contains(&wanted) || by_letters {
            hits.push(Hit {
                thing: Thing::Item(
                    item.id.get().clone(),
                    reader.actor.may_in(Right::FileForOther, &item.business)
                        && item.filed_at(reader.actor.level),
                ),
                title: item.title.clone(),
                said: vec![item.summary.clone()],
                state: None,
            });
        }
    }
    let more = hits.len() > most;
    hits.truncate(most);
    Found { group: Group::Items, hits, more, note: None }
}

/// The post with everything that it may read: people are on file for all businesses, of cases and registers its own are found.
#[must_use]
pub fn reader(actor: &Actor) -> Reader<'_> {
    Reader { actor, people: actor.grant().ok(), cases: actor.grant().ok(), records: actor.grant().ok() }
}
