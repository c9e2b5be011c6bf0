//! The whole city into an empty synthetic database: people, departments' files, the roll of two months ago, cases at every step, two
//! past payment runs. Everything goes through the offices' own use-cases, with a clock that walks from two months ago to today.

use std::collections::HashSet;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::NaiveDate;
use ledger::approve::ControlTotals;
use ledger::bank::{AnswerOutcome, AnswerRow};
use ledger::{AmountCause, Decision, Officer, RunId};
use office::access::Actor;
use office::casework::reviews;
use office::indicators::{self, INDICATORS_JOB};
use office::people::{
    self, FamilyIds, MemberChange, NewAccount, NewFact, NewFamily, NewPerson, NewPlace, Source, Subject,
    register_families_in,
};
use office::roll::payments;
use office::{Office, OfficeError, casework, divisions, means_test};
use rules::{FindingValue, Outcome};
use store::{CaseId, DivisionId, HouseholdId, Scope};
use vocab::{Fen, Month};

use crate::departments::{self, Says};
use crate::family::{Area, Families, Family, Village};
use crate::planted::{self, Rates, Standing};
use crate::proof::Planted;
use crate::staff::{self, County, Staff};
use crate::{Relation, desk, plans, registers};

/// What to make.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// Statistical code of the prefecture.
    pub city: &'static str,
    /// How many people, about.
    pub people: u64,
    /// The same seed makes the same city.
    pub seed: u64,
    /// Families on the roll of each county.
    pub on_roll: usize,
    /// Families at each step of a case, in each county.
    pub at_each_step: usize,
    /// How much in departments' files is wrong on purpose.
    pub rates: Rates,
}

/// What was made.
#[derive(Debug)]
pub struct Made {
    /// The offices' people.
    pub staff: Staff,
    /// What is wrong in the departments' files, for scoring.
    pub planted: Vec<Planted>,
}

/// Told of every stage: its name, what is done, of how many.
pub type Watch<'a> = &'a mut dyn FnMut(&str, u64, u64);

pub(crate) const DAY: i64 = 86_400_000;
const FILLING: Scope = Scope::System("a synthetic city is made");

/// A family in the register.
pub(crate) struct Home {
    pub(crate) family: Family,
    pub(crate) ids: FamilyIds,
    pub(crate) village: DivisionId,
    pub(crate) township: DivisionId,
    pub(crate) county: DivisionId,
}

/// Makes the city. `hand` is the office's clock in unix milliseconds; it ends where it began.
///
/// # Errors
/// Of any use-case; the database is then useless and should be thrown away.
pub async fn fill(
    office: &Office,
    hand: &AtomicI64,
    plan: Plan,
    watch: Watch<'_>,
) -> Result<Made, OfficeError> {
    let today = hand.load(Ordering::SeqCst);
    let month = office.now().month();
    let Taken { mut staff, homes, planted } = taken_over(office, hand, plan, watch).await?;
    for (index, back) in [-2, -1].into_iter().enumerate() {
        let of = month.plus(back);
        let day = of.first_day() + chrono::Days::new(7);
        hand.store(at(day).max(hand.load(Ordering::SeqCst)), Ordering::SeqCst);
        watch("发放批次", index as u64, 2);
        for county in &staff.counties {
            pay(office, county, of).await?;
        }
    }
    watch("发放批次", 2, 2);
    cases(office, hand, today, &staff, &waiting(&homes, &staff), plan, watch).await?;
    hand.store(today, Ordering::SeqCst);
    casework::tick::tick(office).await?;
    watch("定期核查", 0, 1);
    reviews::schedule(office).await?;
    while let Some(claim) = store::jobs::claim(office.db(), &[reviews::REVIEWS_DUE_JOB], "synth").await? {
        reviews::work(office, &claim).await?;
    }
    watch("定期核查", 1, 1);
    registers::fill(office, &staff, &homes, plan.seed, watch).await?;
    indicators::schedule(office).await?;
    while let Some(claim) = store::jobs::claim(office.db(), &[INDICATORS_JOB], "synth").await? {
        indicators::work(office, &claim).await?;
    }
    // A plan that takes a number otherwise than it was made up leaves the city without it, not without everything.
    if let Err(error) = plans::fill(office, &staff, plan.seed, watch).await {
        watch(&format!("规划没有填完：{error}"), 0, 1);
    }
    staff::organisation(office, &mut staff).await?;
    office.db().optimize().await?;
    Ok(Made { staff, planted })
}

/// The city as its offices take it over, two months ago.
pub(crate) struct Taken {
    pub(crate) staff: Staff,
    pub(crate) homes: Vec<Home>,
    pub(crate) planted: Vec<Planted>,
}

/// Staff, people, the roll of before, and departments' files with what is wrong in them. `hand` stands two months ago afterwards.
pub(crate) async fn taken_over(
    office: &Office,
    hand: &AtomicI64,
    plan: Plan,
    watch: Watch<'_>,
) -> Result<Taken, OfficeError> {
    let month = office.now().month();
    // The third of the month before last, nine o'clock.
    let begin = month.plus(-2).first_day() + chrono::Days::new(2);
    hand.store(at(begin), Ordering::SeqCst);
    let prefecture = divisions::by_code(office.db(), plan.city).await?.id;
    let staff = staff::employ(office, prefecture, &mut |done, total| watch("工作人员", done, total)).await?;
    let homes = people(office, &staff, plan, watch).await?;
    let waiting = waiting(&homes, &staff);
    let poor: Vec<&Home> = homes
        .iter()
        .filter(|home| home.family.income_by_head_fen() < 70_000)
        .filter(|home| staff.counties.iter().all(|county| county.township != home.township))
        .collect();
    // Some live in the townships with staff, on the roll for a year: their reviews are on the work lists this morning.
    let reviewed: Vec<&Home> = staff
        .counties
        .iter()
        .flat_map(|county| {
            waiting
                .iter()
                .filter(move |home| {
                    home.township == county.township && home.family.income_by_head_fen() < 70_000
                })
                .skip(STEPS.len() * plan.at_each_step)
                .take(plan.at_each_step * 2)
        })
        .copied()
        .collect();
    let first = month.plus(-2);
    let mut on_roll = roll(office, &staff, &reviewed, plan, first, first.plus(-10), watch).await?;
    on_roll.extend(roll(office, &staff, &poor, plan, first, first.plus(-8), watch).await?);
    let filing: HashSet<HouseholdId> = staff
        .counties
        .iter()
        .flat_map(|county| {
            let here = waiting.iter().filter(move |home| home.township == county.township);
            // Each step, and the other matters.
            here.take(STEPS.len() * plan.at_each_step + 8)
        })
        .map(|home| home.ids.household)
        .collect();
    let all: Vec<(&Home, Standing)> = homes
        .iter()
        .map(|home| {
            let standing = match home.ids.household {
                family if on_roll.contains(&family) => Standing::OnRoll,
                family if filing.contains(&family) => Standing::Filing,
                _ => Standing::Neither,
            };
            (home, standing)
        })
        .collect();
    let planted = hand_in_files(office, &staff, &all, plan, watch).await?;
    Ok(Taken { staff, homes, planted })
}

/// The poorest families of the townships with staff have cases in hand; poor families elsewhere are on the roll.
fn waiting<'a>(homes: &'a [Home], staff: &Staff) -> Vec<&'a Home> {
    let mut waiting: Vec<&Home> = homes
        .iter()
        .filter(|home| staff.counties.iter().any(|county| county.township == home.township))
        .collect();
    waiting.sort_by_key(|home| need(home));
    waiting
}

/// Sorts families that own too much behind the others, the poorest first.
pub(crate) fn need(home: &Home) -> (bool, i64) {
    let family = &home.family;
    let owns =
        family.deposits_fen > 2_000_000 || family.vehicles > 0 || family.houses > 1 || family.businesses > 0;
    (owns, family.income_by_head_fen())
}

pub(crate) fn at(day: NaiveDate) -> i64 {
    // Nine o'clock in China is one o'clock UTC.
    day.and_time(chrono::NaiveTime::MIN).and_utc().timestamp_millis() + 3_600_000
}

pub(crate) async fn people(
    office: &Office,
    staff: &Staff,
    plan: Plan,
    watch: Watch<'_>,
) -> Result<Vec<Home>, OfficeError> {
    let mut villages = Vec::new();
    for county in &staff.counties {
        for township in divisions::children(office.db(), county.division).await? {
            for village in divisions::children(office.db(), township.id).await? {
                villages.push((village, township.id, county));
            }
        }
    }
    let codes: Vec<String> = villages.iter().map(|(village, _, _)| village.code.clone()).collect();
    let elsewhere: Vec<&str> = codes.iter().map(String::as_str).collect();
    let today = office.now().today();
    let each = plan.people / (villages.len() as u64).max(1) + 1;
    let mut homes = Vec::new();
    let mut done = 0;
    for (serial, (village, township, county)) in villages.iter().enumerate() {
        let place = Village {
            code: &village.code,
            name: &village.name,
            elsewhere: &elsewhere,
            serial: u16::try_from(serial + 1).unwrap_or(9999),
            urban: village.name.contains("社区") || village.name.contains("居"),
            today,
        };
        let mut families = Families::new(plan.seed, place);
        let mut here = 0;
        let mut batch = Vec::new();
        while here < each {
            let family = families.build();
            here += family.members.len() as u64;
            batch.push(family);
            if batch.len() == 200 || here >= each {
                done += batch.iter().map(|family| family.members.len() as u64).sum::<u64>();
                homes.extend(
                    register(office, county, village.id, *township, std::mem::take(&mut batch)).await?,
                );
                watch("人口和家庭", done.min(plan.people), plan.people);
            }
        }
    }
    Ok(homes)
}

async fn register(
    office: &Office,
    county: &County,
    village: DivisionId,
    township: DivisionId,
    families: Vec<Family>,
) -> Result<Vec<Home>, OfficeError> {
    let today = office.now().today();
    let tx = office.db().begin().await?;
    let mut new = Vec::with_capacity(families.len());
    for family in &families {
        let registered =
            match store::divisions::division_by_code(&tx, &family.registered_village, today).await? {
                Some(division) => division.id,
                None => village,
            };
        let members = family
            .members
            .iter()
            .map(|member| {
                let name = member
                    .name
                    .parse()
                    .map_err(|error: vocab::VocabError| OfficeError::invalid("name", error.to_string()))?;
                let phone = member.phone.as_ref().and_then(|phone| phone.parse().ok());
                let person = NewPerson {
                    name,
                    citizen_id: member.citizen_id,
                    phone,
                    division: registered,
                    residence: Some(village),
                };
                let relation = match member.relation {
                    Relation::Head => "head",
                    Relation::Spouse => "spouse",
                    Relation::Child => "child",
                    Relation::Grandchild => "grandchild",
                    Relation::Parent => "parent",
                };
                Ok((person, relation.to_owned()))
            })
            .collect::<Result<Vec<_>, OfficeError>>()?;
        let area = if family.area == Area::Urban { "urban" } else { "rural" };
        let place = NewPlace {
            division: village,
            registered_division: registered,
            area: area.to_owned(),
            address: Some(family.address.clone()),
        };
        new.push(NewFamily { place, members });
    }
    let change = MemberChange { on: today - chrono::Days::new(400), reason: "建库".to_owned(), case: None };
    let ids = register_families_in(office, &tx, &county.county_clerk.audit(), &new, &change).await?;
    tx.commit().await?;
    Ok(families
        .into_iter()
        .zip(ids)
        .map(|(family, ids)| Home { family, ids, village, township, county: county.division })
        .collect())
}

/// The data sets of which a file comes in.
const FILES: [&str; 11] = [
    "real_estate",
    "vehicles",
    "deposits",
    "social_insurance",
    "business_registration",
    "household_registration",
    "death_certificates",
    "assistance_elsewhere",
    "disability_certificates",
    "medical_spending",
    "poverty_prevention",
];

/// Every department hands in its file for every county; the county reads it in. Returns what is wrong in them.
pub(crate) async fn hand_in_files(
    office: &Office,
    staff: &Staff,
    homes: &[(&Home, Standing)],
    plan: Plan,
    watch: Watch<'_>,
) -> Result<Vec<Planted>, OfficeError> {
    let today = office.now().today();
    let total = (staff.counties.len() * FILES.len()) as u64;
    let mut done = 0;
    let mut planted = Vec::new();
    for county in &staff.counties {
        let mut files = FILES.map(|dataset| (dataset, String::new()));
        for (home, standing) in homes.iter().filter(|(home, _)| home.county == county.division) {
            let mut rows = departments::rows(&home.family, plan.seed, today);
            let (wrong, errors) = planted::rows(&home.family, *standing, plan.rates, plan.seed, today);
            rows.extend(wrong);
            planted.extend(errors.into_iter().map(|(member, error)| Planted {
                error,
                household: home.ids.household,
                person: home.ids.persons[member],
            }));
            for row in rows {
                if let Some((_, file)) = files.iter_mut().find(|(dataset, _)| *dataset == row.dataset) {
                    let (substance, day) = (substance(&row.says), row.as_of);
                    file.push_str(&format!("{},{},{substance},{day}\n", row.citizen_id, row.name));
                }
            }
        }
        for (dataset, rows) in files {
            watch("部门数据", done, total);
            done += 1;
            let release = office.release();
            let Some(definition) = release.datasets.get(dataset).filter(|_| !rows.is_empty()) else {
                continue;
            };
            let titles: Vec<&str> = definition.columns.iter().map(|column| column.title.as_str()).collect();
            let file = format!("{}\n{rows}", titles.join(","));
            let granted = county.county_clerk.grant()?;
            let name = format!("{dataset}.csv");
            let preview = means_test::preview_department_file(
                office,
                &granted,
                dataset,
                "",
                &name,
                file.as_bytes(),
                Some(today),
            )
            .await?;
            means_test::commit_department_file(office, &granted, preview.upload, true).await?;
        }
    }
    while let Some(claim) =
        store::jobs::claim(office.db(), &[means_test::DEPARTMENT_FILE_JOB], "synth").await?
    {
        means_test::work_department_file(office, &claim).await?;
    }
    watch("部门数据", total, total);
    Ok(planted)
}

/// What stands between the name and the day, in the order of the pack's columns.
fn substance(says: &Says) -> String {
    match says {
        Says::House { certificate, address, square_metres } => {
            format!("{certificate},{address},{square_metres}")
        }
        Says::Vehicle { plate, kind } => format!("{plate},{kind}"),
        Says::Deposit { bank, balance_fen } => format!("{bank},{}", Fen(*balance_fen)),
        Says::Insurance { kind: "wage", monthly_fen } => format!("{},,", Fen(*monthly_fen)),
        Says::Insurance { monthly_fen, .. } => format!(",{},", Fen(*monthly_fen)),
        Says::Business { name, capital_fen } => format!("{name},{}", Fen(*capital_fen)),
        Says::Death { died_on } => died_on.to_string(),
        Says::Elsewhere { place, programme } => format!("{place},{programme}"),
        Says::Certificate { level } => level.to_string(),
        Says::Bills { self_paid_fen } => Fen(*self_paid_fen).to_string(),
        Says::Watched { risk } => (*risk).to_owned(),
    }
}

/// Families that were on the roll before the system came: their facts of source `roll`, their amount as the rules have it. Returns which they are.
async fn roll(
    office: &Office,
    staff: &Staff,
    poor: &[&Home],
    plan: Plan,
    from: Month,
    since: Month,
    watch: Watch<'_>,
) -> Result<HashSet<HouseholdId>, OfficeError> {
    let mut rolled = HashSet::new();
    let total = (plan.on_roll * staff.counties.len()) as u64;
    for county in &staff.counties {
        let mut count = 0;
        for home in poor.iter().filter(|home| home.county == county.division) {
            if count == plan.on_roll {
                break;
            }
            if enroll(office, county, home, from, since).await? {
                rolled.insert(home.ids.household);
                count += 1;
                watch("在册家庭", rolled.len() as u64, total);
            }
        }
    }
    watch("在册家庭", total, total);
    Ok(rolled)
}

async fn enroll(
    office: &Office,
    county: &County,
    home: &Home,
    from: Month,
    since: Month,
) -> Result<bool, OfficeError> {
    let now = office.now();
    let release = office.release();
    let tx = office.db().begin().await?;
    let facts = facts_of(office, home);
    people::record_facts_in(office, &tx, &FILLING, &county.county_clerk.audit(), &facts).await?;
    let record =
        people::facts_as_of(office, &tx, &FILLING, home.ids.household, now.today(), now.at_ms()).await?;
    let mut context = release.context("dibao", &home.family.village, from, from.first_day(), now.today());
    let finding = FindingValue {
        met: Some(true),
        officer: county.county_clerk.name.clone(),
        reason: "原名册".to_owned(),
        recorded_on: now.today(),
    };
    context.findings.insert("cooperation".to_owned(), finding);
    let decided = release.rules("dibao").map(|programme| programme.decide(&record, &context));
    let Some(decided) = decided.filter(|decided| decided.outcome == Outcome::Met) else { return Ok(false) };
    let Some(monthly) =
        decided.amount.as_ref().and_then(|amount| amount.as_number()).and_then(|number| number.to_scaled(2))
    else {
        return Ok(false);
    };
    let head = &home.family.members[0];
    let account = NewAccount {
        person: home.ids.persons[0],
        holder_name: head
            .name
            .parse()
            .map_err(|error: vocab::VocabError| OfficeError::invalid("name", error.to_string()))?,
        bank: "postal".to_owned(),
        number: desk::account_number(head)
            .parse()
            .map_err(|error: vocab::VocabError| OfficeError::invalid("account", error.to_string()))?,
    };
    let account_id =
        people::add_account_in(office, &tx, &FILLING, &county.county_clerk.audit(), &account).await?;
    let number = desk::account_number(head);
    let months = decided
        .review_months
        .as_ref()
        .and_then(|months| months.as_number())
        .and_then(|months| months.to_i64());
    let grant = ledger::entitlement::Grant {
        programme: "dibao".to_owned(),
        exclusion_group: "basic_living".to_owned(),
        household: home.ids.household,
        holder: home.ids.persons[0],
        members: home.ids.persons.clone(),
        county: home.county,
        township: home.township,
        division: home.village,
        from: since,
        first_due: from,
        until: None,
        monthly: Fen(monthly),
        cause: AmountCause::Import,
        payee: Some(ledger::payee::NewPayee {
            account: ledger::BankAccountId(account_id.0),
            holder_name: head.name.clone(),
            bank: account.bank.clone(),
            number_tail: number[number.len() - 4..].to_owned(),
            proposed_by: ledger::payee::Proposer::Citizen(home.ids.persons[0]),
        }),
        review_due_on: months.map(|months| since.plus(i32::try_from(months).unwrap_or(12)).last_day()),
    };
    let decision = Decision {
        reference: "原低保名册".to_owned(),
        reason: "系统启用前已在册".to_owned(),
        case: None,
        determination: None,
        officer: county.county_clerk.staff,
        at: now,
    };
    ledger::entitlement::grant(&tx, &grant, &decision).await?;
    tx.commit().await?;
    Ok(true)
}

/// A family's truth as facts of the imported roll.
fn facts_of(office: &Office, home: &Home) -> Vec<NewFact> {
    let release = office.release();
    let mut facts = Vec::new();
    for fact in release.facts.iter() {
        let id = fact.id.get();
        match fact.on {
            catalogue::definition::Unit::Household => {
                if let Some(value) = desk::of_family(&home.family, id) {
                    facts.push((Subject::Household(home.ids.household), id.clone(), value));
                }
            }
            catalogue::definition::Unit::Person => {
                for (member, person) in home.family.members.iter().zip(&home.ids.persons) {
                    if let Some(value) = desk::of_member(office, member, id) {
                        facts.push((Subject::Person(*person), id.clone(), value));
                    }
                }
            }
        }
    }
    let from_on = office.now().today();
    facts
        .into_iter()
        .map(|(subject, fact, value)| {
            let text = match value.text() {
                "yes" => "true",
                "no" => "false",
                text => text,
            };
            NewFact {
                subject,
                fact,
                value: Some(text.to_owned()),
                from_on,
                until_on: None,
                source: Source::Roll,
                case: None,
                evidence: None,
            }
        })
        .collect()
}

/// One month's run from beginning to end; one line comes back unpaid.
async fn pay(office: &Office, county: &County, month: Month) -> Result<(), OfficeError> {
    let scope = county.accountant.scope();
    let officer = Officer { staff: county.accountant.staff, at: office.now() };
    let run =
        ledger::run::make_run(office.db(), &scope, county.division, "dibao", month, officer, &mut |_| {
            ControlFlow::Continue(())
        })
        .await?;
    let made = ledger::run::load(office.db(), &scope, run).await?;
    let totals = ControlTotals { count: made.line_count, total: made.total };
    if totals.count == 0 {
        return Ok(());
    }
    payments::approve(office, &county.approver.grant()?, run, totals).await?;
    payments::export_bank_file(office, &county.accountant.grant()?, run, office::tabular::ListFormat::Csv)
        .await?;
    answered(office, &county.accountant, run, totals, 1).await
}

/// The bank answers a run that was exported and the run is closed; the first lines come back unpaid.
///
/// # Errors
/// Of the run.
pub async fn answered(
    office: &Office,
    accountant: &Actor,
    run: RunId,
    totals: ControlTotals,
    unpaid: usize,
) -> Result<(), OfficeError> {
    let scope = accountant.scope();
    let officer = Officer { staff: accountant.staff, at: office.now() };
    ledger::run::carry_on(office.db(), run, &mut |_| ControlFlow::Continue(())).await?;
    let mut rows = Vec::new();
    let mut after = 0;
    loop {
        let lines = ledger::bank::lines(office.db(), &scope, run, after, 1000).await?;
        let Some(last) = lines.last() else { break };
        after = last.line_no;
        rows.extend(lines.iter().map(|line| AnswerRow {
            line_no: line.line_no,
            amount: line.amount,
            outcome: AnswerOutcome::Succeeded,
            bank_reference: format!("{run}-{:06}", line.line_no),
        }));
    }
    for row in rows.iter_mut().take(unpaid) {
        row.outcome = AnswerOutcome::Failed("账户状态异常".to_owned());
        row.bank_reference.clear();
    }
    let tx = office.db().begin().await?;
    ledger::bank::read_answer(&tx, &scope, run, &rows, totals, officer).await?;
    tx.commit().await?;
    ledger::run::carry_on(office.db(), run, &mut |_| ControlFlow::Continue(())).await?;
    payments::close(office, &accountant.grant()?, run).await
}

/// How far a case is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Until {
    Filed,
    Supplement,
    Investigation,
    Visited,
    Publicity,
    Objected,
    Examination,
    Confirmation,
    Granted,
}

pub(crate) const STEPS: [Until; 9] = [
    Until::Granted,
    Until::Confirmation,
    Until::Examination,
    Until::Objected,
    Until::Publicity,
    Until::Visited,
    Until::Investigation,
    Until::Supplement,
    Until::Filed,
];

/// Cases of the last weeks, so that every office finds work of every kind this morning.
async fn cases(
    office: &Office,
    hand: &AtomicI64,
    today: i64,
    staff: &Staff,
    waiting: &[&Home],
    plan: Plan,
    watch: Watch<'_>,
) -> Result<(), OfficeError> {
    let total = (STEPS.len() * plan.at_each_step * staff.counties.len()) as u64;
    let mut done = 0;
    for county in &staff.counties {
        let mut families = waiting.iter().filter(|home| home.township == county.township);
        for until in STEPS {
            for _ in 0..plan.at_each_step {
                let Some(home) = families.next() else { break };
                history(office, hand, today, county, &home.family, until).await?;
                done += 1;
                watch("办件", done, total);
            }
        }
        other_matters(office, hand, today, county, &mut families).await?;
    }
    watch("办件", total, total);
    Ok(())
}

/// Each county has some cases of the other matters too: an emergency that was helped and whose papers are to be made up, one on the
/// desk of whoever decides, and somebody in extreme difficulty whose case has come to the county.
async fn other_matters<'a>(
    office: &Office,
    hand: &AtomicI64,
    today: i64,
    county: &County,
    families: &mut impl Iterator<Item = &'a &'a Home>,
) -> Result<(), OfficeError> {
    let set = |days: i64| hand.store(today - days * DAY, Ordering::SeqCst);
    for helped in [true, false] {
        let Some(home) = families.next() else { return Ok(()) };
        let act = async |actor: &Actor, case: CaseId, action: &str| {
            desk::act(office, actor, case, action, &home.family, &[]).await
        };
        set(3);
        let case = desk::file(office, &county.township_clerk, "temporary_emergency", &home.family).await?;
        act(&county.township_clerk, case, "accept").await?;
        act(&county.township_clerk, case, "visit").await?;
        act(&county.second_clerk, case, "send_up").await?;
        if helped {
            set(2);
            // A large family's aid is above the township's limit: then it waits for the county.
            match act(&county.township_head, case, "help_first").await {
                Ok(_)
                | Err(OfficeError::Conflict(_) | OfficeError::Forbidden(_) | OfficeError::NotFound(_)) => {}
                Err(error) => return Err(error),
            }
        }
    }
    let Some(home) = families.next() else { return Ok(()) };
    let act = async |actor: &Actor, case: CaseId, action: &str| {
        desk::act(office, actor, case, action, &home.family, &[]).await
    };
    set(15);
    let case = desk::file(office, &county.township_clerk, "tekun", &home.family).await?;
    act(&county.township_clerk, case, "accept").await?;
    act(&county.township_clerk, case, "request_means_test").await?;
    set(14);
    act(&county.county_clerk, case, "start_means_test").await?;
    means_test::run(office, &county.county_clerk.grant()?, case, "特困人员申请核对").await?;
    set(13);
    act(&county.township_clerk, case, "visit").await?;
    act(&county.second_clerk, case, "opine").await?;
    set(1);
    casework::tick::tick(office).await?;
    act(&county.second_clerk, case, "close_notice").await?;
    hand.store(today, Ordering::SeqCst);
    Ok(())
}

pub(crate) async fn history(
    office: &Office,
    hand: &AtomicI64,
    today: i64,
    county: &County,
    family: &Family,
    until: Until,
) -> Result<CaseId, OfficeError> {
    // Each kind began as long ago as it takes to get there.
    let ago = match until {
        Until::Filed => 0,
        Until::Supplement => 2,
        Until::Investigation => 1,
        Until::Visited => 4,
        Until::Publicity => 8,
        Until::Objected => 9,
        Until::Examination => 15,
        Until::Confirmation => 17,
        Until::Granted => 24,
    };
    let set = |days: i64| hand.store(today - days * DAY, Ordering::SeqCst);
    set(ago);
    let case = desk::file(office, &county.township_clerk, "dibao", family).await?;
    let act = async |actor: &Actor, case: CaseId, action: &str| {
        desk::act(office, actor, case, action, family, &[]).await
    };
    if until == Until::Supplement {
        act(&county.township_clerk, case, "ask_missing").await?;
    }
    if until < Until::Investigation {
        return Ok(case);
    }
    act(&county.township_clerk, case, "accept").await?;
    act(&county.township_clerk, case, "request_means_test").await?;
    if until == Until::Investigation {
        return Ok(case);
    }
    set(ago - 1);
    act(&county.county_clerk, case, "start_means_test").await?;
    means_test::run(office, &county.county_clerk.grant()?, case, "最低生活保障申请核对").await?;
    set(ago - 2);
    act(&county.township_clerk, case, "visit").await?;
    if until == Until::Visited {
        return Ok(case);
    }
    set(ago - 3);
    act(&county.second_clerk, case, "opine").await?;
    if until == Until::Publicity {
        return Ok(case);
    }
    if until == Until::Objected {
        set(ago - 6);
        act(&county.second_clerk, case, "object").await?;
        return Ok(case);
    }
    set(ago - 12);
    casework::tick::tick(office).await?;
    act(&county.second_clerk, case, "close_notice").await?;
    if until == Until::Examination {
        return Ok(case);
    }
    set(ago - 13);
    let delegated = act(&county.county_clerk, case, "examine").await.is_err();
    if delegated {
        act(&county.township_head, case, "take_up").await?;
    }
    if until == Until::Confirmation {
        return Ok(case);
    }
    set(ago - 14);
    let decider = if delegated { &county.township_head } else { &county.director };
    // What the rules say decides which of the two can be done; an unknown outcome stays on the desk.
    if let Err(OfficeError::Conflict(_)) = act(decider, case, "confirm").await {
        let refused = desk::act(office, decider, case, "refuse", family, &["income_above"]).await;
        // Neither: something is unknown, and the case waits on the desk.
        if !matches!(refused, Ok(_) | Err(OfficeError::Conflict(_))) {
            refused?;
        }
    }
    Ok(case)
}
