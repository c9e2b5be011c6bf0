//! A small town with money: divisions, officers, and short words for what they do.

use std::ops::ControlFlow;

use ledger::{
    AmountCause, AnswerOutcome, AnswerRow, BankAccountId, ControlTotals, Decision, EntitlementId, Finding,
    Grant, LedgerError, NewPayee, Officer, PaymentRun, Progress, Proposer, RunId, bank, run,
};
use store::{
    Db, DivisionId, HouseholdId, PersonId, Scope, StaffId, Tx,
    divisions::{DivisionLevel, NewDivision, add_division},
    testing,
};
use vocab::{Fen, Month, Now};

pub const DIBAO: &str = "dibao";
pub const GROUP: &str = "basic_living";
pub const SYSTEM: Scope = Scope::System("test");
/// 2026-11-21 in Shanghai.
pub const NOON: i64 = 1_795_233_600_000;

pub const CLERK: StaffId = StaffId(1);
pub const DIRECTOR: StaffId = StaffId(2);
pub const ACCOUNTANT: StaffId = StaffId(3);
pub const REVIEWER: StaffId = StaffId(4);

pub struct Town {
    pub db: Db,
    pub county: DivisionId,
    pub townships: [DivisionId; 2],
    pub villages: [DivisionId; 2],
}

pub fn month(text: &str) -> Month {
    text.parse().unwrap()
}

pub fn officer(staff: StaffId) -> Officer {
    Officer { staff, at: Now::from_unix_ms(NOON) }
}

pub fn decision(reason: &str) -> Decision {
    Decision {
        reference: format!("〔2026〕{reason}号"),
        reason: reason.to_owned(),
        case: None,
        determination: None,
        officer: DIRECTOR,
        at: Now::from_unix_ms(NOON),
    }
}

pub fn account(number: i64) -> NewPayee {
    NewPayee {
        account: BankAccountId(number),
        holder_name: format!("户主{number}"),
        bank: "乌海银行".to_owned(),
        number_tail: format!("{:04}", number % 10_000),
        proposed_by: Proposer::Staff(CLERK),
    }
}

pub async fn towns(name: &str) -> Vec<Town> {
    let mut towns = Vec::new();
    for db in testing::databases(name).await {
        db.migrate(ledger::MIGRATIONS).await.unwrap();
        let tx = db.begin().await.unwrap();
        let place = async |code: &str, level, parent| {
            let division = NewDivision {
                code: code.to_owned(),
                mca_code: None,
                name: code.to_owned(),
                level,
                parent,
                from_on: None,
                until_on: None,
            };
            add_division(&tx, division).await.unwrap()
        };
        let city = place("990000000000", DivisionLevel::Prefecture, None).await;
        let county = place("990100000000", DivisionLevel::County, Some(city)).await;
        let townships = [
            place("990101000000", DivisionLevel::Township, Some(county)).await,
            place("990102000000", DivisionLevel::Township, Some(county)).await,
        ];
        let villages = [
            place("990101001000", DivisionLevel::Village, Some(townships[0])).await,
            place("990102001000", DivisionLevel::Village, Some(townships[1])).await,
        ];
        tx.commit().await.unwrap();
        towns.push(Town { db, county, townships, villages });
    }
    towns
}

impl Town {
    /// A grant of this family in the first village.
    pub fn family(&self, household: i64, members: &[i64], from: Month, yuan: i64) -> Grant {
        Grant {
            programme: DIBAO.to_owned(),
            exclusion_group: GROUP.to_owned(),
            household: HouseholdId(household),
            holder: PersonId(members[0]),
            members: members.iter().copied().map(PersonId).collect(),
            county: self.county,
            township: self.townships[0],
            division: self.villages[0],
            from,
            first_due: from,
            until: None,
            monthly: Fen(yuan * 100),
            cause: AmountCause::Grant,
            payee: Some(account(household)),
            review_due_on: None,
        }
    }

    pub async fn grant(&self, grant: &Grant) -> Result<EntitlementId, LedgerError> {
        let tx = self.db.begin().await?;
        let id = ledger::grant(&tx, grant, &decision("新批准")).await?;
        tx.commit().await?;
        Ok(id)
    }

    /// A transaction that commits if the work succeeds.
    pub async fn tx<T>(
        &self,
        work: impl AsyncFnOnce(&Tx) -> Result<T, LedgerError>,
    ) -> Result<T, LedgerError> {
        let tx = self.db.begin().await?;
        let done = work(&tx).await?;
        tx.commit().await?;
        Ok(done)
    }

    pub async fn make(&self, of: Month) -> Result<PaymentRun, LedgerError> {
        let id =
            run::make_run(&self.db, &SYSTEM, self.county, DIBAO, of, officer(ACCOUNTANT), &mut go_on).await?;
        run::load(&self.db, &SYSTEM, id).await
    }

    pub async fn approve(&self, id: RunId) -> Result<(), LedgerError> {
        let seen = totals(&run::load(&self.db, &SYSTEM, id).await?);
        self.tx(async |tx| ledger::approve(tx, &SYSTEM, id, seen, officer(REVIEWER)).await).await
    }

    pub async fn export(&self, id: RunId) -> Result<PaymentRun, LedgerError> {
        let seen = totals(&run::load(&self.db, &SYSTEM, id).await?);
        let hash = "ab".repeat(32);
        self.tx(async |tx| bank::begin_export(tx, &SYSTEM, id, &hash, seen, officer(ACCOUNTANT)).await)
            .await?;
        run::carry_on(&self.db, id, &mut go_on).await
    }

    /// The bank answers for all lines; `fails` says which of them it cannot pay.
    pub async fn answer(
        &self,
        id: RunId,
        fails: impl Fn(&bank::BankLine) -> bool,
    ) -> Result<PaymentRun, LedgerError> {
        let lines = bank::lines(&self.db, &SYSTEM, id, 0, 1_000_000).await?;
        let rows: Vec<AnswerRow> = lines.iter().map(|line| answer_row(line, fails(line))).collect();
        self.read(id, &rows).await?;
        run::carry_on(&self.db, id, &mut go_on).await
    }

    pub async fn read(&self, id: RunId, rows: &[AnswerRow]) -> Result<ledger::AnswerRead, LedgerError> {
        let sums = ControlTotals {
            count: i64::try_from(rows.len()).unwrap(),
            total: Fen::checked_sum(rows.iter().map(|row| row.amount)).unwrap(),
        };
        self.tx(async |tx| bank::read_answer(tx, &SYSTEM, id, rows, sums, officer(ACCOUNTANT)).await).await
    }

    /// Make, approve, export, have it paid, close.
    pub async fn pay(&self, of: Month) -> PaymentRun {
        let made = self.make(of).await.unwrap();
        self.approve(made.id).await.unwrap();
        self.export(made.id).await.unwrap();
        let answered = self.answer(made.id, |_| false).await.unwrap();
        self.tx(async |tx| bank::close(tx, &SYSTEM, made.id, officer(ACCOUNTANT)).await).await.unwrap();
        answered
    }

    pub async fn balances(&self, id: EntitlementId) -> ledger::Balances {
        let balances = ledger::balances(&self.db, &SYSTEM, id).await.unwrap();
        let sum = balances.paid.0 + balances.in_run.0 + balances.unpaid.0
            - balances.recoverable.0
            - balances.returned.0;
        assert_eq!(balances.due.0, sum, "{balances:?}");
        balances
    }

    pub async fn verify(&self) {
        assert_eq!(ledger::verify(&self.db).await.unwrap(), Vec::<Finding>::new());
    }
}

pub fn answer_row(line: &bank::BankLine, fails: bool) -> AnswerRow {
    AnswerRow {
        line_no: line.line_no,
        amount: line.amount,
        outcome: if fails {
            AnswerOutcome::Failed("账户已销户".to_owned())
        } else {
            AnswerOutcome::Succeeded
        },
        bank_reference: format!("B{}", line.line.0),
    }
}

pub fn totals(run: &PaymentRun) -> ControlTotals {
    ControlTotals { count: run.line_count, total: run.total }
}

pub fn go_on(_: Progress) -> ControlFlow<()> {
    ControlFlow::Continue(())
}
