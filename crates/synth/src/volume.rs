//! A big database to measure in: a city's people through the register, cases of every kind through the desks, and then
//! those cases copied to a hundred thousand other families by the database itself. The copies are for volume only: they
//! lie in their own families' villages and offices, but their forms are those of the case they were copied from, and they
//! have no letters. Work that the measurement does (forms to file, cases to confirm) is real throughout.

use std::sync::atomic::{AtomicI64, Ordering};

use office::access::Actor;
use office::casework::{self, Doer, DraftId, view};
use office::{Office, OfficeError, divisions};
use store::{CaseId, DivisionId, HouseholdId, Query, Tx};

use crate::city::{self, Home, Plan, STEPS, Until, Watch, history};
use crate::desk;
use crate::planted::{Rates, Standing};
use crate::staff::{self, County, Staff};

/// What to make.
#[derive(Debug, Clone, Copy)]
pub struct VolumePlan {
    /// Statistical code of the prefecture.
    pub city: &'static str,
    /// How many people, about.
    pub people: u64,
    /// The same seed makes the same city.
    pub seed: u64,
    /// How many cases, about; none if there is only the work.
    pub cases: u64,
    /// Forms ready to be sent, in all.
    pub drafts: usize,
    /// Cases ready to be confirmed, in all.
    pub confirmations: usize,
    /// Families of the first county that are on the roll already, about.
    pub on_roll: u64,
    /// Persons of the first county who have a benefit of their own already, about.
    pub persons: u64,
}

/// What a clerk can be asked about.
#[derive(Debug, Clone)]
pub struct Known {
    /// Who may see it.
    pub login: String,
    /// A family.
    pub household: HouseholdId,
    /// The name of its head.
    pub name: String,
    /// The head's citizen ID; synthetic.
    pub citizen_id: String,
}

/// What there is to do and to ask.
#[derive(Debug)]
pub struct Volume {
    /// The office's people.
    pub staff: Staff,
    /// Families, by who may see them.
    pub known: Vec<Known>,
    /// Forms to send, by whose they are.
    pub drafts: Vec<(String, DraftId)>,
    /// Cases to confirm, by who may.
    pub confirmations: Vec<(String, CaseId)>,
}

const VOLUME: &str = "a big synthetic database is made";
/// Rows that are copied have numbers from here on.
const FIRST: i64 = 1_000_000_000;
/// Benefits of families that were on the roll already have numbers from here on, those of persons from the second.
const ROLL: i64 = 2_000_000_000;
const PERSONS: i64 = 3_000_000_000;
/// The benefit of a person that stands for all of them.
pub const OF_PERSONS: &str = "disability_care";
/// Each copied case has room for so many events and forms of its own.
const ROOM: i64 = 100;

/// Makes the database. `hand` is the office's clock; it ends where it began.
///
/// # Errors
/// Of any use-case; the database is then useless.
pub async fn fill(
    office: &Office,
    hand: &AtomicI64,
    plan: VolumePlan,
    watch: Watch<'_>,
) -> Result<Volume, OfficeError> {
    let today = hand.load(Ordering::SeqCst);
    hand.store(today - 60 * city::DAY, Ordering::SeqCst);
    let prefecture = divisions::by_code(office.db(), plan.city).await?.id;
    let staff = staff::employ(office, prefecture, &mut |done, total| watch("工作人员", done, total)).await?;
    let of_people = Plan {
        city: plan.city,
        people: plan.people,
        seed: plan.seed,
        on_roll: 0,
        at_each_step: 2,
        rates: Rates::REALISTIC,
    };
    let homes = city::people(office, &staff, of_people, watch).await?;
    office.db().optimize().await?;
    // Every so many-th family gets a copied case; the families whose turn is never are for the real work.
    let stride = if plan.cases == 0 { 3 } else { (homes.len() as u64 / plan.cases).max(2) };
    let mut free: Vec<&Home> = homes
        .iter()
        .filter(|home| staff.counties.iter().any(|county| county.township == home.township))
        .filter(|home| home.ids.household.0.unsigned_abs() % stride == 0)
        .collect();
    free.sort_by_key(|home| city::need(home));
    // Departments answer about the families that something is done with.
    free.truncate(3 * (plan.drafts + plan.confirmations) + 1_000);
    let filing: Vec<(&Home, Standing)> = free.iter().map(|home| (*home, Standing::Filing)).collect();
    city::hand_in_files(office, &staff, &filing, of_people, watch).await?;
    let worked: Vec<i64> = free.iter().map(|home| home.ids.household.0).collect();
    let mut free = Free { homes: free };
    let mut templates = Vec::new();
    for county in &staff.counties {
        for until in STEPS {
            for _ in 0..2 {
                let Some(home) = free.next(county) else { continue };
                templates.push(history(office, hand, today, county, &home.family, until).await?);
                watch("办件样本", templates.len() as u64, 54);
            }
        }
    }
    let confirmations = to_confirm(office, hand, today, &staff, plan.confirmations, &mut free, watch).await?;
    hand.store(today, Ordering::SeqCst);
    if plan.cases > 0 {
        copy_cases(office, &templates, stride, plan.cases, watch).await?;
    }
    if plan.on_roll > 0 {
        watch("在册家庭", 0, plan.on_roll);
        copy_roll(office, staff.counties[0].accountant.division, &worked, plan.on_roll, false).await?;
    }
    if plan.persons > 0 {
        watch("在册人员", 0, plan.persons);
        copy_roll(office, staff.counties[0].accountant.division, &worked, plan.persons, true).await?;
    }
    let mut drafts = Vec::new();
    for index in 0..plan.drafts {
        let number = index % staff.counties.len();
        let county = &staff.counties[number];
        // Half of them each: a desk may keep only so many pictures that belong to no case yet.
        let (clerk, suffix) = if index / staff.counties.len() % 2 == 0 {
            (&county.township_clerk, "")
        } else {
            (&county.second_clerk, "b")
        };
        let Some(home) = free.next(county) else { break };
        let draft = desk::fill_in(office, clerk, "dibao", &home.family).await?;
        drafts.push((format!("zhen{}{suffix}", number + 1), draft));
        watch("待提交的表单", index as u64 + 1, plan.drafts as u64);
    }
    casework::tick::tick(office).await?;
    while store::seal_audit(office.db()).await? > 0 {}
    office.db().optimize().await?;
    let known = known(&staff, &homes);
    Ok(Volume { staff, known, drafts, confirmations })
}

/// Families that nothing has been done with yet, the poorest first.
struct Free<'a> {
    homes: Vec<&'a Home>,
}

impl<'a> Free<'a> {
    fn next(&mut self, county: &County) -> Option<&'a Home> {
        let place = self.homes.iter().position(|home| home.township == county.township)?;
        Some(self.homes.remove(place))
    }
}

/// Cases on the desk of whoever may confirm them.
async fn to_confirm(
    office: &Office,
    hand: &AtomicI64,
    today: i64,
    staff: &Staff,
    count: usize,
    free: &mut Free<'_>,
    watch: Watch<'_>,
) -> Result<Vec<(String, CaseId)>, OfficeError> {
    let mut ready = Vec::new();
    'cases: while ready.len() < count {
        for (number, county) in staff.counties.iter().enumerate() {
            let Some(home) = free.next(county) else { break 'cases };
            let case = history(office, hand, today, county, &home.family, Until::Confirmation).await?;
            hand.store(today, Ordering::SeqCst);
            // What the rules refuse, or what lacks something, stays where it is.
            for (login, actor) in [("juzhang", &county.director), ("zhenzhang", &county.township_head)] {
                if may_confirm(office, actor, case).await {
                    ready.push((format!("{login}{}", number + 1), case));
                    break;
                }
            }
            watch("待确认的办件", ready.len().min(count) as u64, count as u64);
        }
    }
    ready.truncate(count);
    Ok(ready)
}

async fn may_confirm(office: &Office, actor: &Actor, case: CaseId) -> bool {
    let page = view::action_page(office, Doer::Desk(actor), case, "confirm").await;
    page.is_ok_and(|page| page.action.not_yet.is_none())
}

fn known(staff: &Staff, homes: &[Home]) -> Vec<Known> {
    let of = |home: &Home| {
        let number = staff.counties.iter().position(|county| county.township == home.township)?;
        let head = home.family.members.first()?;
        Some(Known {
            login: format!("zhen{}", number + 1),
            household: home.ids.household,
            name: head.name.clone(),
            citizen_id: head.citizen_id.expose().to_owned(),
        })
    };
    homes.iter().filter_map(of).take(20_000).collect()
}

/// Copies the sample cases to other families: each family whose turn it is gets one of them in turn.
async fn copy_cases(
    office: &Office,
    templates: &[CaseId],
    stride: u64,
    cases: u64,
    watch: Watch<'_>,
) -> Result<(), OfficeError> {
    for (index, template) in templates.iter().enumerate() {
        watch("办件副本", index as u64, templates.len() as u64);
        let copy = Copy {
            template: *template,
            stride: i64::try_from(stride).unwrap_or(i64::MAX),
            cases: i64::try_from(cases).unwrap_or(i64::MAX),
            turn: i64::try_from(index).unwrap_or(0),
            turns: i64::try_from(templates.len()).unwrap_or(1),
        };
        let tx = office.db().begin().await?;
        for sql in COPIES {
            copy.run(&tx, sql).await?;
        }
        tx.commit().await?;
    }
    watch("办件副本", templates.len() as u64, templates.len() as u64);
    Ok(())
}

/// Puts families of a county on the roll, each with its head, its own account and the amount of a sample that was granted
/// there; or members who are no head, with a benefit of their own. Families that have a case, or that something will be done with, are left out.
async fn copy_roll(
    office: &Office,
    county: DivisionId,
    worked: &[i64],
    count: u64,
    persons: bool,
) -> Result<(), OfficeError> {
    let tx = office.db().begin().await?;
    let sample: i64 = Query::system(
        VOLUME,
        "SELECT MIN(e.id) FROM entitlement e JOIN payee y ON y.entitlement_id = e.id AND y.state = 'confirmed' \
         WHERE e.county_id = ? AND e.id < ?",
    )
    .bind(county)
    .bind(FIRST)
    .scalar(&tx)
    .await?;
    let release = office.release();
    let of_persons = release.programmes.get(OF_PERSONS).filter(|_| persons);
    let (from, until) = if persons { (PERSONS, i64::MAX) } else { (ROLL, PERSONS) };
    let (whose, number) = if persons { ("NOT m.head", "m.person_id") } else { ("m.head", "h.id") };
    let sql = format!(
        "INSERT INTO entitlement (id, programme, exclusion_group, household_id, holder_person_id, county_id, township_id, division_id, \
         from_month, first_due_month, review_due_on, reference, made_by, made_at) \
         SELECT CAST(? AS BIGINT) + {number}, coalesce(CAST(? AS TEXT), x.programme), coalesce(CAST(? AS TEXT), x.exclusion_group), h.id, \
         m.person_id, h.county_id, v.parent_id, h.division_id, \
         x.from_month, x.first_due_month, x.review_due_on, x.reference, x.made_by, x.made_at \
         FROM entitlement x JOIN household h ON h.county_id = x.county_id \
         JOIN membership m ON m.household_id = h.id AND {whose} AND m.until_on IS NULL AND m.superseded_at IS NULL \
         JOIN division v ON v.id = h.division_id \
         WHERE x.id = ? AND NOT (h.id IN ({{list}})) AND NOT EXISTS (SELECT 1 FROM case_file c WHERE c.household_id = h.id) \
         ORDER BY {number} LIMIT ?"
    );
    Query::system(VOLUME, sql)
        .bind(from)
        .bind(of_persons.map(|programme| programme.id.get().clone()))
        .bind(of_persons.map(|programme| programme.exclusion_group.get().clone()))
        .bind(sample)
        .bind_list(worked.iter().copied())
        .bind(i64::try_from(count).unwrap_or(i64::MAX))
        .execute(&tx)
        .await?;
    for sql in [
        "INSERT INTO entitlement_amount (entitlement_id, from_month, amount_fen, cause, reason, reference, made_by, recorded_at) \
         SELECT e.id, a.from_month, a.amount_fen, a.cause, a.reason, a.reference, a.made_by, a.recorded_at \
         FROM entitlement e JOIN entitlement_amount a ON a.entitlement_id = ? AND a.superseded_at IS NULL WHERE e.id > ? AND e.id < ?",
        "INSERT INTO entitlement_member (entitlement_id, exclusion_group, person_id, from_month, reason, reference, made_by, recorded_at) \
         SELECT e.id, e.exclusion_group, e.holder_person_id, e.from_month, '新批准', e.reference, e.made_by, e.made_at \
         FROM entitlement e JOIN entitlement x ON x.id = ? WHERE e.id > ? AND e.id < ?",
        "INSERT INTO bank_account (id, person_id, holder_name, bank, number_sealed, number_blind, number_tail, created_at) \
         SELECT e.id, e.holder_person_id, p.name, b.bank, b.number_sealed, b.number_blind, b.number_tail, b.created_at \
         FROM entitlement e JOIN person p ON p.id = e.holder_person_id \
         JOIN payee y ON y.entitlement_id = ? AND y.state = 'confirmed' JOIN bank_account b ON b.id = y.bank_account_id WHERE e.id > ? AND e.id < ?",
        "INSERT INTO payee (entitlement_id, bank_account_id, holder_name, bank, number_tail, state, reason, reference, proposed_by, \
         proposed_by_person_id, proposed_at, confirmed_by, confirmed_at) \
         SELECT e.id, e.id, b.holder_name, b.bank, b.number_tail, y.state, y.reason, y.reference, y.proposed_by, y.proposed_by_person_id, \
         y.proposed_at, y.confirmed_by, y.confirmed_at \
         FROM entitlement e JOIN bank_account b ON b.id = e.id JOIN payee y ON y.entitlement_id = ? AND y.state = 'confirmed' \
         WHERE e.id > ? AND e.id < ?",
    ] {
        Query::system(VOLUME, sql).bind(sample).bind(from).bind(until).execute(&tx).await?;
    }
    Ok(tx.commit().await?)
}

/// One sample case and the families that get it.
struct Copy {
    template: CaseId,
    stride: i64,
    cases: i64,
    turn: i64,
    turns: i64,
}

/// The families of a copy (`h`), their heads (`m`) and townships (`w`), beside the sample (`t`).
const TO: &str = "FROM case_file t JOIN household h ON h.id % :stride = 1 AND h.id / :stride < :cases \
    AND (h.id / :stride) % :turns = :turn \
    JOIN membership m ON m.household_id = h.id AND m.head AND m.until_on IS NULL AND m.superseded_at IS NULL \
    JOIN division v ON v.id = h.division_id JOIN division w ON w.id = v.parent_id";
/// The same office of the other family.
const OFFICE: &str = "CASE x.division_id WHEN t.county_id THEN h.county_id WHEN t.township_id THEN w.id ELSE h.division_id END";

/// In the order of their references. `:first` and `:room` number the copies.
const COPIES: &[&str] = &[
    "INSERT INTO case_file (id, number, item, release_hash, channel, applicant_person_id, household_id, members, county_id, township_id, \
     village_id, registered_division_id, deciding_division_id, delegated, step, state, outcome, filed_on, filed_by, accepted_on, due_on, \
     decided_on, ended_on, version, created_at) \
     SELECT :first + h.id, 'F' || CAST(:first + h.id AS TEXT), t.item, t.release_hash, t.channel, m.person_id, h.id, t.members, h.county_id, \
     w.id, h.division_id, h.registered_division_id, CASE WHEN t.deciding_division_id = t.county_id THEN h.county_id ELSE w.id END, \
     t.delegated, t.step, t.state, t.outcome, t.filed_on, t.filed_by, t.accepted_on, t.due_on, t.decided_on, t.ended_on, t.version, \
     t.created_at {to} WHERE t.id = :template",
    "INSERT INTO case_division (case_id, division_id) SELECT DISTINCT :first + h.id, dc.ancestor_id {to} \
     JOIN division_closure dc ON dc.descendant_id IN (h.division_id, h.registered_division_id, \
     CASE WHEN t.deciding_division_id = t.county_id THEN h.county_id ELSE w.id END) WHERE t.id = :template",
    "INSERT INTO case_event (id, case_id, at, staff_id, office, action, title, step_from, step_to, reasons, public_text) \
     SELECT :first + h.id * :room + (SELECT COUNT(*) FROM case_event y WHERE y.case_id = t.id AND y.id < x.id), :first + h.id, x.at, \
     x.staff_id, x.office, x.action, x.title, x.step_from, x.step_to, x.reasons, x.public_text \
     {to} JOIN case_event x ON x.case_id = t.id WHERE t.id = :template",
    "INSERT INTO case_form (case_id, event_id, form, release_hash, answers_sealed) \
     SELECT :first + h.id, :first + h.id * :room + (SELECT COUNT(*) FROM case_event y WHERE y.case_id = t.id AND y.id < x.event_id), \
     x.form, x.release_hash, x.answers_sealed {to} JOIN case_form x ON x.case_id = t.id WHERE t.id = :template",
    "INSERT INTO case_record (case_id, event_id, kind, level, recorded_on) \
     SELECT :first + h.id, :first + h.id * :room + (SELECT COUNT(*) FROM case_event y WHERE y.case_id = t.id AND y.id < x.event_id), \
     x.kind, x.level, x.recorded_on {to} JOIN case_record x ON x.case_id = t.id WHERE t.id = :template",
    "INSERT INTO task (case_id, division_id, role, step, title, clock, due_on, earliest_on, side, state, created_at, done_at, done_by) \
     SELECT :first + h.id, {office}, x.role, x.step, x.title, x.clock, x.due_on, x.earliest_on, x.side, x.state, x.created_at, x.done_at, \
     x.done_by {to} JOIN task x ON x.case_id = t.id WHERE t.id = :template",
    "INSERT INTO case_clock (case_id, clock, started_on, limit_unit, limit_count, due_on, earliest_on, latest_on, extended_basis, \
     extended_reason, ended_on) \
     SELECT :first + h.id, x.clock, x.started_on, x.limit_unit, x.limit_count, x.due_on, x.earliest_on, x.latest_on, x.extended_basis, \
     x.extended_reason, x.ended_on {to} JOIN case_clock x ON x.case_id = t.id WHERE t.id = :template",
    "INSERT INTO notice (case_id, village_id, kind, title, applicant_name, members, amount_fen, from_on, until_on, closed_on, posted_by) \
     SELECT :first + h.id, h.division_id, x.kind, x.title, x.applicant_name, x.members, x.amount_fen, x.from_on, x.until_on, x.closed_on, \
     x.posted_by {to} JOIN notice x ON x.case_id = t.id WHERE t.id = :template",
    "INSERT INTO determination (case_id, household_id, programme, month, law_on, known_at, release_hash, language_version, inputs, context, \
     result, outcome, amount_fen, digest, made_at, made_by) \
     SELECT :first + h.id, h.id, x.programme, x.month, x.law_on, x.known_at, x.release_hash, x.language_version, x.inputs, x.context, \
     x.result, x.outcome, x.amount_fen, x.digest, x.made_at, x.made_by {to} JOIN determination x ON x.case_id = t.id WHERE t.id = :template",
    "INSERT INTO entitlement (id, programme, exclusion_group, household_id, holder_person_id, county_id, township_id, division_id, from_month, \
     first_due_month, review_due_on, case_id, reference, made_by, made_at) \
     SELECT :first + h.id, x.programme, x.exclusion_group, h.id, m.person_id, h.county_id, w.id, h.division_id, x.from_month, \
     x.first_due_month, x.review_due_on, :first + h.id, x.reference, x.made_by, x.made_at \
     {to} JOIN entitlement x ON x.case_id = t.id WHERE t.id = :template",
    "INSERT INTO entitlement_amount (entitlement_id, from_month, amount_fen, cause, reason, reference, case_id, made_by, recorded_at) \
     SELECT :first + h.id, a.from_month, a.amount_fen, a.cause, a.reason, a.reference, :first + h.id, a.made_by, a.recorded_at \
     {to} JOIN entitlement x ON x.case_id = t.id JOIN entitlement_amount a ON a.entitlement_id = x.id AND a.superseded_at IS NULL \
     WHERE t.id = :template",
    "INSERT INTO entitlement_member (entitlement_id, exclusion_group, person_id, from_month, reason, reference, case_id, made_by, recorded_at) \
     SELECT :first + h.id, x.exclusion_group, m.person_id, x.from_month, '新批准', x.reference, :first + h.id, x.made_by, x.made_at \
     {to} JOIN entitlement x ON x.case_id = t.id WHERE t.id = :template",
];

impl Copy {
    async fn run(&self, tx: &Tx, sql: &str) -> Result<(), OfficeError> {
        let sql = sql.replace("{to}", TO).replace("{office}", OFFICE);
        let mut text = String::with_capacity(sql.len());
        let mut values = Vec::new();
        let mut parts = sql.split(':');
        text.push_str(parts.next().unwrap_or_default());
        for part in parts {
            let end = part.find(|sign: char| !sign.is_ascii_lowercase()).unwrap_or(part.len());
            values.push(match &part[..end] {
                "first" => FIRST,
                "room" => ROOM,
                "template" => self.template.0,
                "stride" => self.stride,
                "cases" => self.cases,
                "turns" => self.turns,
                _ => self.turn,
            });
            // PostgreSQL must be told that a number is one where nothing beside it says so.
            text.push_str("CAST(? AS BIGINT)");
            text.push_str(&part[end..]);
        }
        values.into_iter().fold(Query::system(VOLUME, text), Query::bind).execute(tx).await?;
        Ok(())
    }
}
