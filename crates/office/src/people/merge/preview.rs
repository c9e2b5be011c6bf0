//! Both records side by side: what each says, what hangs on each, and what speaks against their being one person.

use std::collections::BTreeMap;

use ledger::identity::{self, Clash};
use store::{Connection, PersonId, Query, Scope, Tx};
use vocab::Level;

use super::super::facts::seen_facts;
use super::super::person::find_person;
use super::super::{FactView, PersonView, Subject, current_household};
use super::{MergeId, SEEN, Standing, moving};
use crate::access::{Actor, Granted, MergePeople};
use crate::business::Reader;
use crate::records::follow;
use crate::{Office, OfficeError, audited};
use store::{AuditEntry, HouseholdId};

/// One record of the two.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Side {
    /// The record.
    pub person: PersonView,
    /// The family of today.
    pub household: Option<HouseholdId>,
    /// What hangs on it: in words, how many; only what there is.
    pub holds: Vec<(String, i64)>,
    /// Benefits: title and where each stands.
    pub benefits: Vec<(String, String)>,
    /// What holds of the person today.
    pub facts: Vec<FactView>,
}

/// A value in which the two differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Differing {
    /// `name`, `citizen_id` …, or a fact's id behind `fact.`.
    pub field: String,
    /// As people call it.
    pub title: String,
    /// What the one says.
    pub one: String,
    /// What the other says.
    pub other: String,
}

/// Both, side by side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preview {
    /// The record from which the officer came.
    pub one: Side,
    /// The other.
    pub other: Side,
    /// In what they differ.
    pub differing: Vec<Differing>,
    /// What has to be settled first; nothing if they may be merged.
    pub obstacles: Vec<String>,
}

/// Two records side by side; both are opened, and the audit says so.
///
/// # Errors
/// [`OfficeError::NotFound`] when one lies outside.
pub async fn merge_preview(
    office: &Office,
    actor: &Granted<MergePeople>,
    one: PersonId,
    other: PersonId,
) -> Result<Preview, OfficeError> {
    let (db, scope) = (office.db(), actor.scope());
    let (one, other) =
        (find_person(office, db, &scope, one).await?, find_person(office, db, &scope, other).await?);
    if one.id == other.id {
        return Err(OfficeError::invalid("other", "请选择另一份档案，不能与自己合并。"));
    }
    for person in [&one, &other] {
        let entry = audited(office.now().at_ms(), actor.audit(), "merge.previewed", ("person", person.id.0));
        db.audit_read(AuditEntry { division: Some(person.residence), ..entry }).await?;
    }
    of(office, actor, one, other).await
}

/// Both sides of two records that the caller has seen, without what the reader may not know.
pub(super) async fn of(
    office: &Office,
    reader: &Actor,
    one: PersonView,
    other: PersonView,
) -> Result<Preview, OfficeError> {
    let obstacles = obstacles(office, office.db(), reader.level, &one, &other).await?;
    let differing = differing(office, office.db(), &one, &other).await?;
    let reader = Reader::Post(reader);
    let (one, other) = (side(office, reader, one).await?, side(office, reader, other).await?);
    Ok(Preview { one, other, differing, obstacles })
}

/// How many cases of a person, and benefits that run, the reader may not know of.
pub(super) async fn hidden(
    office: &Office,
    connection: &impl Connection,
    reader: Reader<'_>,
    person: PersonId,
) -> Result<(i64, i64), OfficeError> {
    let release = office.release();
    let items = release.items.iter().map(|item| item.id.as_str());
    let items: Vec<&str> = items.filter(|item| !reader.item(&release, item)).collect();
    let programmes = release.programmes.iter().map(|programme| programme.id.as_str());
    let programmes: Vec<&str> = programmes.filter(|id| !reader.programme(&release, id)).collect();
    let (mut cases, mut benefits) = (0, 0);
    if !items.is_empty() {
        cases = Query::system(
            moving::MOVING,
            "SELECT COUNT(*) FROM case_file c WHERE c.applicant_person_id = ? AND c.item IN ({list})",
        )
        .bind(person)
        .bind_list(items)
        .scalar(connection)
        .await?;
    }
    if !programmes.is_empty() {
        benefits = Query::system(
            moving::MOVING,
            "SELECT COUNT(*) FROM entitlement_member m JOIN entitlement e ON e.id = m.entitlement_id WHERE m.superseded_at IS NULL \
             AND m.until_month IS NULL AND m.person_id = ? AND e.programme IN ({list})",
        )
        .bind(person)
        .bind_list(programmes)
        .scalar(connection)
        .await?;
    }
    Ok((cases, benefits))
}

const CASES: &str = "办件";

/// Rows that hang on a person, by what people call them.
const HELD: [(&str, &str); 9] = [
    ("家庭成员登记", "SELECT COUNT(*) FROM membership m WHERE m.person_id = ? AND m.superseded_at IS NULL"),
    ("情况登记", "SELECT COUNT(*) FROM fact f WHERE f.person_id = ? AND f.superseded_at IS NULL"),
    (CASES, "SELECT COUNT(*) FROM case_file c WHERE c.applicant_person_id = ?"),
    ("银行账户", "SELECT COUNT(*) FROM bank_account b WHERE b.person_id = ?"),
    ("查询授权", "SELECT COUNT(*) FROM authorisation a WHERE a.person_id = ?"),
    ("线索", "SELECT COUNT(*) FROM lead_person l WHERE l.person_id = ?"),
    ("窗口预约", "SELECT COUNT(*) FROM booking b WHERE b.person_id = ?"),
    ("救助一件事", "SELECT COUNT(*) FROM joint_matter j WHERE j.person_id = ?"),
    ("个人登录", "SELECT COUNT(*) FROM citizen_code c WHERE c.person_id = ?"),
];

async fn side(office: &Office, reader: Reader<'_>, person: PersonView) -> Result<Side, OfficeError> {
    let (db, release) = (office.db(), office.release());
    let now = office.now();
    let (hidden_cases, _) = hidden(office, db, reader, person.id).await?;
    let mut holds = Vec::new();
    for (title, sql) in HELD {
        let mut rows: i64 = Query::system(moving::MOVING, sql).bind(person.id).scalar(db).await?;
        if title == CASES {
            rows -= hidden_cases;
        }
        holds.push((title.to_owned(), rows));
    }
    let own = Scope::Own(person.id);
    let mut benefits = Vec::new();
    for row in ledger::pages::entitlements_of_person(db, &own, person.id, now.month()).await? {
        if !reader.programme(&release, &row.programme) {
            continue;
        }
        let title =
            release.programmes.get(&row.programme).map_or(row.programme.clone(), |known| known.title.clone());
        benefits.push((title, row.state.title().to_owned()));
    }
    holds.push(("待遇".to_owned(), i64::try_from(benefits.len()).unwrap_or(i64::MAX)));
    for (title, rows) in follow::counted(office, db, person.id).await? {
        holds.push((format!("登记簿「{title}」"), i64::try_from(rows).unwrap_or(i64::MAX)));
    }
    holds.retain(|(_, rows)| *rows > 0);
    let mut facts = seen_facts(office, db, &[Subject::Person(person.id)], now.today(), i64::MAX).await?;
    facts.retain(|fact| reader.fact(&release, &fact.fact));
    Ok(Side { household: current_household(db, &own, person.id).await?, facts, holds, benefits, person })
}

async fn differing(
    office: &Office,
    connection: &impl Connection,
    one: &PersonView,
    other: &PersonView,
) -> Result<Vec<Differing>, OfficeError> {
    let day = |day: Option<chrono::NaiveDate>| day.map_or_else(|| "健在".to_owned(), vocab::zh_date);
    let phone = |person: &PersonView| person.phone.clone().unwrap_or_else(|| "没有登记".to_owned());
    let number = |person: &PersonView| {
        format!("{}（{}，{}生）", person.citizen_id, person.sex.zh(), vocab::zh_date(person.born_on))
    };
    let mut all = vec![
        ("name", "姓名", one.name.clone(), other.name.clone()),
        ("citizen_id", "身份证号", number(one), number(other)),
        ("phone", "联系电话", phone(one), phone(other)),
        ("division", "户籍地", one.division_name.clone(), other.division_name.clone()),
        ("residence", "现住地", one.residence_name.clone(), other.residence_name.clone()),
        ("died_on", "死亡日期", day(one.died_on), day(other.died_on)),
    ];
    // Masked numbers may look alike; two records never have the same.
    all.retain(|(field, _, one, other)| *field == "citizen_id" || one != other);
    let mut differing: Vec<Differing> = all
        .into_iter()
        .map(|(field, title, one, other)| Differing {
            field: field.to_owned(),
            title: title.to_owned(),
            one,
            other,
        })
        .collect();
    for (one, other) in facts_apart(office, connection, one.id, other.id).await? {
        let said = |fact: &FactView| {
            let value = if fact.sensitive { "已登记（敏感信息）" } else { fact.shown.as_str() };
            format!("{value}（{}，{}起）", fact.source_title, vocab::zh_date(fact.from_on))
        };
        differing.push(Differing {
            field: format!("fact.{}", one.fact),
            title: one.title.clone(),
            one: said(&one),
            other: said(&other),
        });
    }
    Ok(differing)
}

/// What both say today, otherwise than the other.
async fn facts_apart(
    office: &Office,
    connection: &impl Connection,
    one: PersonId,
    other: PersonId,
) -> Result<Vec<(FactView, FactView)>, OfficeError> {
    let release = office.release();
    let subjects = [Subject::Person(one), Subject::Person(other)];
    let facts = seen_facts(office, connection, &subjects, office.now().today(), i64::MAX).await?;
    let mut of_other: BTreeMap<String, FactView> = BTreeMap::new();
    let mut of_one = Vec::new();
    for fact in facts {
        // What follows from the books is worked out and chosen by nobody.
        if release.facts.get(&fact.fact).is_none_or(|known| known.held.is_some()) {
            continue;
        }
        if fact.subject == subjects[0] {
            of_one.push(fact);
        } else {
            of_other.insert(fact.fact.clone(), fact);
        }
    }
    let apart = of_one.into_iter().filter_map(|one| {
        let other = of_other.remove(&one.fact)?;
        (one.value != other.value).then_some((one, other))
    });
    Ok(apart.collect())
}

/// Facts of which both say something today, otherwise than the other.
pub(super) async fn differing_facts(
    office: &Office,
    connection: &impl Connection,
    kept: PersonId,
    dropped: PersonId,
) -> Result<Vec<String>, OfficeError> {
    let apart = facts_apart(office, connection, kept, dropped).await?;
    Ok(apart.into_iter().map(|(fact, _)| fact.fact).collect())
}

async fn any(
    connection: &impl Connection,
    sql: &'static str,
    binds: &[PersonId],
) -> Result<bool, OfficeError> {
    let query = binds.iter().fold(Query::system(moving::MOVING, sql), |query, person| query.bind(*person));
    Ok(query.scalar::<i64>(connection).await? > 0)
}

/// What has to be settled before two records become one, each in a sentence that says how. What an office of the `reader`'s level may not know
/// is left to the county, which confirms every merge.
pub(super) async fn obstacles(
    office: &Office,
    connection: &impl Connection,
    reader: Level,
    one: &PersonView,
    other: &PersonView,
) -> Result<Vec<String>, OfficeError> {
    let pair = [one.id, other.id];
    let mut found = against_the_books(office, connection, reader, one.id, other.id).await?;
    let elsewhere = "SELECT COUNT(*) FROM membership a JOIN membership b ON b.household_id <> a.household_id AND b.until_on IS NULL \
         AND b.superseded_at IS NULL WHERE a.until_on IS NULL AND a.superseded_at IS NULL AND a.person_id = ? AND b.person_id = ?";
    if any(connection, elsewhere, &pair).await? {
        found.push("两份档案现在是两个不同家庭的成员。一个人只能在一个家庭里，请先在其中一个家庭办理减员，或者先并户。".to_owned());
    }
    let asked =
        "SELECT COUNT(*) FROM check_request r WHERE r.state IN ('asked', 'partly') AND r.person_id IN (?, ?)";
    let checked = "SELECT COUNT(*) FROM means_request r JOIN case_file c ON c.id = r.case_id JOIN membership m ON m.household_id = c.household_id \
         AND m.until_on IS NULL AND m.superseded_at IS NULL WHERE r.reported_at IS NULL AND m.person_id IN (?, ?)";
    if any(connection, asked, &pair).await? || any(connection, checked, &pair).await? {
        found.push(
            "还有家庭经济状况核对没有办完。请等部门答复、出具核对报告以后再合并，或者先撤回询问。".to_owned(),
        );
    }
    let cases = "SELECT COUNT(*) FROM case_file a JOIN case_file b ON b.household_id = a.household_id AND b.item = a.item \
         AND b.state = 'open' WHERE a.state = 'open' AND a.person_id = ? AND b.person_id = ?";
    if any(connection, cases, &pair).await? {
        found.push("两份档案各有一件同一事项的在办件。请先办结或者撤回其中一件。".to_owned());
    }
    if any(
        connection,
        "SELECT COUNT(*) FROM staff a JOIN staff b ON b.person_id = ? WHERE a.person_id = ?",
        &pair,
    )
    .await?
    {
        found.push("两份档案各连着一个工作人员账号。请管理员先改正其中一个账号的身份证号。".to_owned());
    }
    if one.died_on.is_some() != other.died_on.is_some() {
        let living = if one.died_on.is_some() { other } else { one };
        let (_, kept_from_reader) = hidden(office, connection, Reader::Level(reader), living.id).await?;
        let held: i64 = Query::system(
            moving::MOVING,
            "SELECT COUNT(*) FROM entitlement_member m WHERE m.superseded_at IS NULL AND m.until_month IS NULL AND m.person_id = ?",
        )
        .bind(living.id)
        .scalar(connection)
        .await?;
        if held > kept_from_reader {
            found.push(
                "一份档案已登记死亡，另一份还在享受待遇。请先按死亡登记的办法核实，停发或者更正以后再合并。"
                    .to_owned(),
            );
        }
    }
    for title in follow::clashes(office, connection, one.id, other.id).await? {
        found.push(format!("两份档案在登记簿「{title}」里各有一条在册记录。请先办结其中一条。"));
    }
    Ok(found)
}

/// Whoever is given up must not head the family in which both stand: it would have no head.
pub(super) async fn heads_the_family(
    connection: &impl Connection,
    kept: PersonId,
    dropped: PersonId,
) -> Result<Vec<String>, OfficeError> {
    let heads = "SELECT COUNT(*) FROM membership a JOIN membership b ON b.household_id = a.household_id AND b.until_on IS NULL \
         AND b.superseded_at IS NULL AND b.head WHERE a.until_on IS NULL AND a.superseded_at IS NULL AND a.person_id = ? AND b.person_id = ?";
    let said = "不保留的一份档案是户主。请改为保留户主的那一份，或者先为家庭变更户主。";
    Ok(if any(connection, heads, &[kept, dropped]).await? { vec![said.to_owned()] } else { Vec::new() })
}

async fn against_the_books(
    office: &Office,
    connection: &impl Connection,
    reader: Level,
    one: PersonId,
    other: PersonId,
) -> Result<Vec<String>, OfficeError> {
    let release = office.release();
    let title = |group: &str| {
        release.exclusion_groups.get(group).map_or_else(|| group.to_owned(), |known| known.title.clone())
    };
    let mut clashes = identity::clashes(connection, one, other).await?;
    // One of the two may be what the reader may not know of, as soon as the group has such a programme.
    let untold = |group: &str| {
        let mut of_group = release.programmes.iter().filter(|programme| *programme.exclusion_group == *group);
        of_group.any(|programme| !release.programme_known_at(&programme.id, reader))
    };
    clashes.retain(|clash| match clash {
        Clash::Entitled { group, .. } | Clash::Paid { group, .. } => !untold(group),
        Clash::OneBenefit(_) | Clash::RunBeingMade => true,
    });
    let words = clashes.into_iter().map(|clash| match clash {
        Clash::Entitled { group, month } => format!(
            "自{}起，两份档案同时享受「{}」一类的待遇。一个人只能享受一份，请先终止其中一份，多发的按规定追回。",
            month.zh(),
            title(&group)
        ),
        Clash::Paid { group, month } => format!(
            "{}，两份档案都领过「{}」一类的待遇，同一个月领了两次。请先更正其中一份的以前月份并办理追回，再合并。",
            month.zh(),
            title(&group)
        ),
        Clash::OneBenefit(_) => {
            "两份档案都在同一份待遇的保障对象里。请先办理保障对象变更，去掉重复的一个，再合并。".to_owned()
        }
        Clash::RunBeingMade => "有关的发放批次正在生成，请几分钟以后再试。".to_owned(),
    });
    let mut said: Vec<String> = words.collect();
    said.dedup();
    Ok(said)
}

/// What happened since a merge that speaks against taking it back.
pub(super) async fn undo_obstacles(
    office: &Office,
    tx: &Tx,
    id: MergeId,
    merge: &Standing,
) -> Result<Vec<String>, OfficeError> {
    let mut found = Vec::new();
    let later: i64 = Query::system(
        moving::MOVING,
        "SELECT COUNT(*) FROM person_merge g WHERE g.id > ? AND g.state IN ('done', 'undo_proposed') \
         AND (g.kept_person_id IN (?, ?) OR g.dropped_person_id IN (?, ?))",
    )
    .bind(id)
    .bind(merge.kept)
    .bind(merge.dropped)
    .bind(merge.kept)
    .bind(merge.dropped)
    .scalar(tx)
    .await?;
    if later > 0 {
        found.push("这份档案后来又与别的档案合并过。请先撤销后来的合并。".to_owned());
    }
    let moved: i64 = Query::system(
        moving::MOVING,
        "SELECT COUNT(*) FROM person_merge_moved d JOIN membership m ON m.id = d.row_id WHERE d.merge_id = ? \
         AND d.place = 'membership.person_id' AND ((d.deed = 'moved' AND m.superseded_at IS NOT NULL) OR (d.deed = 'ended' \
         AND EXISTS (SELECT 1 FROM membership k WHERE k.household_id = m.household_id AND k.person_id = ? AND k.recorded_at > ?)))",
    )
    .bind(id)
    .bind(merge.kept)
    .bind(merge.settled_at.unwrap_or_default())
    .scalar(tx)
    .await?;
    if moved > 0 {
        found.push("合并以后，这个人的家庭成员登记有过变动，不能原样恢复。请先核对家庭成员，改用重新登记和分户办理。".to_owned());
    }
    let died: Vec<(PersonId, Option<chrono::NaiveDate>)> =
        Query::system(moving::MOVING, "SELECT p.id, p.died_on FROM person p WHERE p.id IN (?, ?)")
            .bind(merge.kept)
            .bind(merge.dropped)
            .all_as(tx, |row| Ok((row.get("id")?, row.get("died_on")?)))
            .await?;
    let died = |person: PersonId| died.iter().find(|(id, _)| *id == person).and_then(|(_, day)| *day);
    let before = merge.before(office)?.died_on;
    let expected = if merge.choices.takes("died_on") { died(merge.dropped) } else { before };
    if died(merge.kept) != expected {
        found.push("合并以后登记了死亡。请先核实去世的是哪一个人，更正以后再撤销合并。".to_owned());
    }
    Ok(found)
}

/// Both people of a merge that the caller has seen.
pub(super) async fn people(
    office: &Office,
    kept: PersonId,
    dropped: PersonId,
) -> Result<(PersonView, PersonView), OfficeError> {
    let db = office.db();
    Ok((find_person(office, db, &SEEN, kept).await?, find_person(office, db, &SEEN, dropped).await?))
}
