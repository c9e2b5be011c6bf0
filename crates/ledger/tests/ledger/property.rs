//! Thousands of random months: the ledger against a model that keeps no books. After every step each family's balances
//! are the model's, nobody is covered twice, and the books prove themselves.

use std::collections::BTreeSet;

use ledger::bounce::{self, BounceRow, Source};
use ledger::{
    AmountCause, AnswerOutcome, EntitlementId, LedgerError, LineState, RecoveryTerms, Return, RunId, bank,
    cancel, changes, compare, pages, payee, recovery, reissue, run,
};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use store::divisions::{DivisionLevel, NewDivision, add_division};
use store::{PersonId, Query};
use vocab::{Fen, Month};

use crate::model::{Model, Place};
use crate::town::{ACCOUNTANT, DIRECTOR, SYSTEM, Town, account, decision, go_on, month, officer, towns};

/// One step, as numbers that are read modulo what there is.
#[derive(Debug, Clone)]
struct Step {
    kind: u8,
    which: usize,
    shift: usize,
    people: u16,
    yuan: i64,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = (0..23u8, 0..64usize, 0..6usize, 1..=u16::MAX, 1..900i64)
        .prop_map(|(kind, which, shift, people, yuan)| Step { kind, which, shift, people, yuan });
    proptest::collection::vec(step, 10..60)
}

/// A town's county for one random history, beside its model.
struct Play<'a> {
    town: &'a Town,
    number: i64,
    group: String,
    model: Model,
    ids: Vec<EntitlementId>,
    runs: Vec<RunId>,
    vouchers: i64,
    /// How many accounts there have been.
    accounts: i64,
}

const PEOPLE: i64 = 10;

impl<'a> Play<'a> {
    fn month(&self, index: usize) -> Month {
        month("2026-01").plus(i32::try_from(index).unwrap())
    }

    /// A month near the next run: up to three back, up to two ahead.
    fn near(&self, shift: usize) -> usize {
        (self.model.months + shift).saturating_sub(3)
    }

    fn person(&self, person: i64) -> PersonId {
        PersonId(self.number * PEOPLE + person + 1)
    }

    fn people(&self, mask: u16) -> BTreeSet<i64> {
        // Two bits each, so that families are small.
        (0..PEOPLE).filter(|person| mask >> person & 1 == 1 && (mask >> (person + 3)) & 1 == 1).collect()
    }

    async fn step(&mut self, step: &Step) -> Result<(), TestCaseError> {
        let family = if self.ids.is_empty() { None } else { Some(step.which % self.ids.len()) };
        match (step.kind, family) {
            (0..=2, _) | (_, None) => self.grant(step).await,
            (3..=7, _) => self.run(step).await,
            (8, Some(family)) => {
                let from = self.near(step.shift);
                // Now and then a review finds that nothing is due.
                let yuan = if step.people.is_multiple_of(8) { 0 } else { step.yuan };
                let done = self
                    .town
                    .tx(async |tx| {
                        let amount = Fen(yuan * 100);
                        let (id, from) = (self.ids[family], self.month(from));
                        ledger::change_amount(
                            tx,
                            &SYSTEM,
                            id,
                            from,
                            amount,
                            AmountCause::Review,
                            &decision("复核"),
                        )
                        .await
                    })
                    .await;
                let target = &mut self.model.families[family];
                let expected = target.is_alive(from);
                if expected {
                    for month in from..target.end_of_life() {
                        target.amounts[month] = yuan * 100;
                    }
                }
                same("change_amount", expected, &done)
            }
            (9 | 10, Some(family)) => {
                let (from, people) = (self.near(step.shift), self.people(step.people));
                let persons: Vec<PersonId> = people.iter().map(|person| self.person(*person)).collect();
                let (id, at) = (self.ids[family], self.month(from));
                let done = self
                    .town
                    .tx(async |tx| {
                        changes::set_members(tx, &SYSTEM, id, at, &persons, &decision("成员")).await
                    })
                    .await;
                same("set_members", self.model.set_members(family, from, &people), &done)
            }
            (11, Some(family)) => {
                let from = self.near(step.shift).max(self.model.families[family].from);
                let (id, at) = (self.ids[family], self.month(from));
                let done = self
                    .town
                    .tx(async |tx| changes::suspend(tx, &SYSTEM, id, at, &decision("停发")).await)
                    .await;
                let target = &mut self.model.families[family];
                let expected = target.is_alive(from) && !target.has_open_pause();
                if expected {
                    target.pauses.push((from, None));
                }
                same("suspend", expected, &done)
            }
            (12, Some(family)) => {
                let from = self.near(step.shift);
                let (id, at) = (self.ids[family], self.month(from));
                let done = self
                    .town
                    .tx(async |tx| changes::resume(tx, &SYSTEM, id, at, &decision("恢复")).await)
                    .await;
                let target = &mut self.model.families[family];
                let open = target.pauses.iter_mut().find(|(_, until)| until.is_none());
                let expected = open.is_some();
                if let Some(open) = open {
                    open.1 = Some(from);
                }
                same("resume", expected, &done)
            }
            (13, Some(family)) => {
                let after = self.near(step.shift);
                let (id, last) = (self.ids[family], self.month(after).previous());
                let done = self
                    .town
                    .tx(async |tx| ledger::end(tx, &SYSTEM, id, last, &decision("终止")).await)
                    .await;
                same("end", self.model.end(family, after), &done)
            }
            (14 | 15, Some(family)) => self.adjust(family, step).await,
            (16 | 17, _) => self.answer_one(step).await,
            (18, _) => self.reissue_one(step).await,
            (20 | 21, _) => self.bounce_one(step).await,
            (22, Some(family)) => self.new_account(family).await,
            (_, Some(family)) => self.give_back(family, step).await,
        }
    }

    async fn grant(&mut self, step: &Step) -> Result<(), TestCaseError> {
        let (from, people) = (self.near(step.shift), self.people(step.people));
        let persons: Vec<i64> = people.iter().map(|person| self.person(*person).0).collect();
        if persons.is_empty() {
            return Ok(());
        }
        let mut grant = self.town.family(self.number, &persons, self.month(from), step.yuan);
        grant.exclusion_group.clone_from(&self.group);
        // Now and then two families are paid to one account.
        let account_number = self.account_number(i64::from(step.people % 4));
        grant.payee = Some(account(account_number));
        let done = self.town.grant(&grant).await;
        let expected = self.model.grant(&people, from, step.yuan * 100, account_number);
        same("grant", expected, &done)?;
        self.ids.extend(done.ok());
        Ok(())
    }

    async fn make(&self, of: Month) -> Result<RunId, LedgerError> {
        Ok(self.town.make(of).await?.id)
    }

    async fn run(&mut self, step: &Step) -> Result<(), TestCaseError> {
        let of = self.month(self.model.months);
        let mut id = self.make(of).await.map_err(failed)?;
        prop_assert_eq!(self.make(of).await.map_err(failed)?, id, "the same run made twice");
        if step.shift == 0 {
            self.town
                .tx(async |tx| cancel::begin_cancel(tx, &SYSTEM, id, "重做", officer(ACCOUNTANT)).await)
                .await
                .map_err(failed)?;
            run::carry_on(&self.town.db, id, &mut go_on).await.map_err(failed)?;
            id = self.make(of).await.map_err(failed)?;
        }
        let run = self.model.runs.len();
        self.model.run();
        self.runs.push(id);
        if step.shift == 1 && !self.ids.is_empty() {
            let family = step.which % self.ids.len();
            let entitlement = self.ids[family];
            let lines =
                pages::run_lines(&self.town.db, &SYSTEM, id, None, None, 100).await.map_err(failed)?;
            let line = lines
                .rows
                .iter()
                .find(|line| line.entitlement == entitlement && line.state != LineState::Blocked);
            prop_assert_eq!(line.is_some(), self.model.has_line(family, run));
            if let Some(line) = line.map(|line| line.id) {
                self.town
                    .tx(async |tx| {
                        cancel::withdraw_line(tx, &SYSTEM, id, line, "撤下", officer(ACCOUNTANT)).await
                    })
                    .await
                    .map_err(failed)?;
                self.model.withdraw(family, run);
            }
        }
        self.send(id).await
    }

    /// Approve and export.
    async fn send(&self, id: RunId) -> Result<(), TestCaseError> {
        let rows =
            compare::differences(&self.town.db, &SYSTEM, id, EntitlementId(0), 1000).await.map_err(failed)?;
        let unexplained: Vec<_> = rows.iter().filter(|row| row.is_unexplained()).collect();
        prop_assert!(unexplained.is_empty(), "{:?}", unexplained);
        self.town.approve(id).await.map_err(failed)?;
        self.town.export(id).await.map_err(failed)?;
        Ok(())
    }

    /// The bank answers one of the runs that wait.
    async fn answer_one(&mut self, step: &Step) -> Result<(), TestCaseError> {
        let waiting: Vec<usize> = (0..self.runs.len()).filter(|run| !self.model.runs[*run].1).collect();
        if waiting.is_empty() {
            return Ok(());
        }
        let run = waiting[step.which % waiting.len()];
        let fails = |family: usize| step.people >> (family % 16) & 1 == 1;
        let of = |id: EntitlementId| self.ids.iter().position(|other| *other == id).unwrap();
        if run::load(&self.town.db, &SYSTEM, self.runs[run]).await.map_err(failed)?.line_count > 0 {
            self.town.answer(self.runs[run], |line| fails(of(line.entitlement))).await.map_err(failed)?;
            // A file read twice changes nothing.
            self.town.answer(self.runs[run], |line| fails(of(line.entitlement))).await.map_err(failed)?;
        }
        self.model.answer(run, fails);
        Ok(())
    }

    async fn reissue_one(&mut self, step: &Step) -> Result<(), TestCaseError> {
        let answered: Vec<usize> = (0..self.runs.len()).filter(|run| self.model.runs[*run].1).collect();
        if answered.is_empty() {
            return Ok(());
        }
        let of = answered[step.which % answered.len()];
        let id = self.runs[of];
        let done = self
            .town
            .tx(async |tx| reissue(tx, &SYSTEM, id, &reissue::Lines::All, officer(ACCOUNTANT)).await)
            .await;
        same("reissue", self.model.reissue(of), &done)?;
        if let Ok(again) = done {
            self.runs.push(again);
            self.send(again).await?;
        }
        Ok(())
    }

    /// The bank sends back a line that it has answered for. Told again, it is refused.
    async fn bounce_one(&mut self, step: &Step) -> Result<(), TestCaseError> {
        let answered: Vec<usize> = (0..self.runs.len()).filter(|run| self.model.runs[*run].1).collect();
        if answered.is_empty() {
            return Ok(());
        }
        let run = answered[step.which % answered.len()];
        let id = self.runs[run];
        let lines = bank::lines(&self.town.db, &SYSTEM, id, 0, 1000).await.map_err(failed)?;
        if lines.is_empty() {
            return Ok(());
        }
        let line = &lines[usize::from(step.people) % lines.len()];
        let family = self.ids.iter().position(|other| *other == line.entitlement).unwrap();
        for voucher in 0..2 {
            self.vouchers += 1;
            let row = BounceRow {
                line_no: line.line_no,
                amount: line.amount,
                on: officer(ACCOUNTANT).at.today(),
                outcome: AnswerOutcome::Failed("账户已销户".to_owned()),
                bank_reference: format!("R{}", self.vouchers),
            };
            let done = self
                .town
                .tx(async |tx| {
                    let rows = std::slice::from_ref(&row);
                    bounce::take(tx, &SYSTEM, id, rows, Source::Voucher, officer(ACCOUNTANT)).await
                })
                .await;
            let expected = voucher == 0 && self.model.bounce(family, run);
            same("bounce", expected, &done)?;
        }
        Ok(())
    }

    fn account_number(&self, number: i64) -> i64 {
        self.number * 1_000 + number
    }

    /// The family brings another account.
    async fn new_account(&mut self, family: usize) -> Result<(), TestCaseError> {
        self.accounts += 1;
        let number = self.account_number(100 + self.accounts);
        let id = self.ids[family];
        self.town
            .tx(async |tx| {
                let proposed = payee::propose(tx, &SYSTEM, id, &account(number), &decision("换卡")).await?;
                payee::confirm(tx, &SYSTEM, proposed, officer(DIRECTOR)).await
            })
            .await
            .map_err(failed)?;
        self.model.families[family].account = Some(number);
        Ok(())
    }

    /// Arrears or a recovery of all months, as recorded now.
    async fn adjust(&mut self, family: usize, step: &Step) -> Result<(), TestCaseError> {
        let id = self.ids[family];
        let first =
            pages::entitlement(&self.town.db, &SYSTEM, id, self.month(0)).await.map_err(failed)?.first_due;
        let last = self.month(self.model.months).previous();
        let proposal =
            ledger::propose_as_recorded(&self.town.db, &SYSTEM, id, first, last).await.map_err(failed)?;
        if step.kind == 14 {
            let done = self
                .town
                .tx(async |tx| ledger::post_arrears(tx, &SYSTEM, &proposal, &decision("补发")).await)
                .await;
            same("post_arrears", self.model.post_arrears(family), &done)
        } else {
            let limit = (step.shift.is_multiple_of(2)).then_some(step.yuan * 40);
            let terms = RecoveryTerms { offset_per_month: limit.map(Fen) };
            let done = self
                .town
                .tx(async |tx| ledger::post_recovery(tx, &SYSTEM, &proposal, terms, &decision("追回")).await)
                .await;
            same("post_recovery", self.model.post_recovery(family, limit), &done)
        }
    }

    async fn give_back(&mut self, family: usize, step: &Step) -> Result<(), TestCaseError> {
        let claims =
            recovery::of_entitlement(&self.town.db, &SYSTEM, self.ids[family]).await.map_err(failed)?;
        prop_assert_eq!(claims.len(), self.model.families[family].claims.len());
        if claims.is_empty() {
            return Ok(());
        }
        let claim = step.shift % claims.len();
        self.vouchers += 1;
        let money = Return {
            amount: Fen(step.yuan * 70),
            on: self.month(self.model.months).first_day(),
            bank_reference: format!("V{}", self.vouchers),
        };
        let done = self
            .town
            .tx(async |tx| {
                ledger::record_return(tx, &SYSTEM, claims[claim].id, &money, officer(ACCOUNTANT)).await
            })
            .await;
        let target = &mut self.model.families[family].claims[claim];
        let expected = money.amount.0 <= target.outstanding();
        if expected {
            target.returned += money.amount.0;
        }
        same("record_return", expected, &done)
    }

    async fn check(&self) -> Result<(), TestCaseError> {
        for (family, id) in self.model.families.iter().zip(&self.ids) {
            let found = ledger::balances(&self.town.db, &SYSTEM, *id).await.map_err(failed)?;
            let of_claims = |part: fn(&crate::model::Claim) -> i64| Fen(family.claims.iter().map(part).sum());
            let expected = ledger::Balances {
                due: Fen(family.due.iter().sum()),
                paid: Fen(family.sum(|place| place == Place::Paid)),
                in_run: Fen(family.sum(|place| matches!(place, Place::Line(_)))),
                unpaid: Fen(family.sum(|place| place == Place::Unpaid)),
                failed: Fen(family
                    .items
                    .iter()
                    .filter(|item| item.place == Place::Unpaid && !item.failed_in.is_empty())
                    .map(|item| item.left)
                    .sum()),
                recoverable: of_claims(crate::model::Claim::outstanding),
                offset: of_claims(|claim| claim.offset),
                returned: of_claims(|claim| claim.returned),
            };
            prop_assert_eq!(found, expected, "{}", id);
        }
        Ok(())
    }

    async fn check_coverage(&self) -> Result<(), TestCaseError> {
        let sql = "SELECT entitlement_id, month, person_id FROM coverage WHERE exclusion_group = ? \
                   ORDER BY entitlement_id, month, person_id";
        let found = Query::system("test", sql)
            .bind(&self.group)
            .all_as(&self.town.db, |row| {
                Ok((
                    row.get::<EntitlementId>("entitlement_id")?,
                    row.get::<Month>("month")?,
                    row.get::<PersonId>("person_id")?,
                ))
            })
            .await
            .unwrap();
        let mut expected = Vec::new();
        for (family, id) in self.model.families.iter().zip(&self.ids) {
            for (month, people) in family.covered.iter().enumerate() {
                expected.extend(people.iter().map(|person| (*id, self.month(month), self.person(*person))));
            }
        }
        expected.sort_unstable();
        prop_assert_eq!(found, expected);
        Ok(())
    }
}

fn failed(error: impl std::fmt::Debug) -> TestCaseError {
    TestCaseError::fail(format!("{error:?}"))
}

/// The ledger and the model agree on whether it could be done.
fn same<T>(what: &str, expected: bool, done: &Result<T, LedgerError>) -> Result<(), TestCaseError> {
    match done {
        Ok(_) if !expected => Err(TestCaseError::fail(format!("{what}: done, the model refuses"))),
        Err(error) if expected => {
            Err(TestCaseError::fail(format!("{what}: the model does it, but {error:?}")))
        }
        Err(LedgerError::Store(error)) => Err(TestCaseError::fail(format!("{what}: {error:?}"))),
        _ => Ok(()),
    }
}

/// A county of its own for each history, so that one database serves many.
async fn county(town: &Town, number: i64) -> Town {
    let tx = town.db.begin().await.unwrap();
    let place = async |code: String, level, parent| {
        let division = NewDivision {
            name: code.clone(),
            code,
            mca_code: None,
            level,
            parent,
            from_on: None,
            until_on: None,
        };
        add_division(&tx, division).await.unwrap()
    };
    let county = place(format!("98{number:04}000000"), DivisionLevel::County, None).await;
    let township = place(format!("98{number:04}001000"), DivisionLevel::Township, Some(county)).await;
    let village = place(format!("98{number:04}001001"), DivisionLevel::Village, Some(township)).await;
    tx.commit().await.unwrap();
    Town { db: town.db.clone(), county, townships: [township, township], villages: [village, village] }
}

async fn history(town: &Town, number: i64, steps: &[Step]) -> Result<usize, TestCaseError> {
    let town = county(town, number).await;
    let group = format!("group_{number}");
    let mut play = Play {
        town: &town,
        number,
        group,
        model: Model::default(),
        ids: Vec::new(),
        runs: Vec::new(),
        vouchers: 0,
        accounts: 0,
    };
    for step in steps {
        play.step(step).await?;
        play.check().await?;
    }
    play.check_coverage().await?;
    let findings = ledger::verify(&town.db).await.map_err(failed)?;
    prop_assert!(findings.is_empty(), "{:?}", findings);
    let closed = play.model.runs.iter().enumerate().filter(|(_, (_, answered))| *answered);
    for (run, _) in closed {
        let state = run::load(&town.db, &SYSTEM, play.runs[run]).await.map_err(failed)?.state;
        prop_assert_eq!(state, ledger::RunState::Answered);
        town.tx(async |tx| bank::close(tx, &SYSTEM, play.runs[run], officer(ACCOUNTANT)).await)
            .await
            .map_err(failed)?;
    }
    Ok(play.model.months)
}

fn random_histories(name: &str, backend: store::Backend, cases: u32) -> usize {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mut towns = runtime.block_on(towns(name));
    towns.retain(|town| store::Connection::backend(&town.db) == backend);
    let Some(town) = towns.pop() else { return usize::MAX };
    let number = std::cell::Cell::new(0);
    let months = std::cell::Cell::new(0);
    let mut runner = TestRunner::new(Config {
        cases,
        max_shrink_iters: 200,
        failure_persistence: None,
        ..Config::default()
    });
    let outcome = runner.run(&steps(), |steps| {
        number.set(number.get() + 1);
        months.set(months.get() + runtime.block_on(history(&town, number.get(), &steps))?);
        Ok(())
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
    months.get()
}

#[test]
fn random_months_on_sqlite_are_the_models() {
    prove(store::Backend::Sqlite, cases(160));
}

#[test]
fn random_months_on_postgres_are_the_models() {
    prove(store::Backend::Postgres, cases(15));
}

/// A history has eight months on the average; far fewer would prove little.
fn prove(backend: store::Backend, cases: u32) {
    let months = random_histories("random", backend, cases);
    println!("{backend:?}: {months} months in {cases} histories");
    assert!(months > cases as usize * 4, "too few months to prove anything");
}

/// `PROPTEST_CASES` asks for more on a long night.
fn cases(usual: u32) -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}
