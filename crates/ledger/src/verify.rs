//! The proof of the books: every sum and every rule again, from the rows alone.

use store::{Connection, Query};

use crate::Result;
use crate::scope::{BOOKS, NONE};

/// Something that does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Which rule.
    pub rule: &'static str,
    /// What was found, with the row's number.
    pub text: String,
}

/// A rule: its name, what it says of a row that breaks it, and the rows that break it as `id, left, right`.
struct Rule {
    name: &'static str,
    says: &'static str,
    sql: &'static str,
}

const RULES: &[Rule] = &[
    Rule {
        name: "journal_balances",
        says: "凭证借贷不平",
        sql: "SELECT journal_id AS id, SUM(amount_fen) AS left_value, 0 AS right_value FROM posting GROUP BY journal_id \
              HAVING SUM(amount_fen) <> 0",
    },
    Rule {
        name: "journal_has_postings",
        says: "凭证没有分录",
        sql: "SELECT j.id, 0 AS left_value, 0 AS right_value FROM journal j \
              WHERE NOT EXISTS (SELECT 1 FROM posting p WHERE p.journal_id = j.id)",
    },
    Rule {
        name: "appropriation_is_dues",
        says: "某县救助支出科目与应发合计不符",
        sql: "SELECT x.county_id AS id, SUM(x.booked) AS left_value, SUM(x.due) AS right_value FROM ( \
                SELECT j.county_id, SUM(p.amount_fen) AS booked, 0 AS due FROM posting p JOIN journal j ON j.id = p.journal_id \
                  WHERE p.account = 'appropriation' GROUP BY j.county_id \
                UNION ALL SELECT e.county_id, 0, SUM(d.amount_fen) FROM due d JOIN entitlement e ON e.id = d.entitlement_id \
                  GROUP BY e.county_id) x GROUP BY x.county_id HAVING SUM(x.booked) <> SUM(x.due)",
    },
    Rule {
        name: "payable_is_owed",
        says: "某户应付科目与未付合计不符",
        sql: "SELECT x.entitlement_id AS id, SUM(x.booked) AS left_value, SUM(x.owed) AS right_value FROM ( \
                SELECT p.entitlement_id, -SUM(p.amount_fen) AS booked, 0 AS owed FROM posting p WHERE p.account = 'payable' \
                  GROUP BY p.entitlement_id \
                UNION ALL SELECT u.entitlement_id, 0, SUM(u.amount_fen) FROM unpaid_due u GROUP BY u.entitlement_id \
                UNION ALL SELECT l.entitlement_id, 0, SUM(l.amount_fen) FROM payment_line l JOIN payment_run r ON r.id = l.run_id \
                  WHERE l.state = 'open' AND (r.state IN ('making', 'made', 'approved', 'cancelling') \
                    OR (r.state = 'exporting' AND l.line_no > r.batch_through)) GROUP BY l.entitlement_id) x \
              GROUP BY x.entitlement_id HAVING SUM(x.booked) <> SUM(x.owed)",
    },
    Rule {
        name: "recoverable_is_outstanding",
        says: "某户应收追回科目与尚未追回的金额不符",
        sql: "SELECT x.entitlement_id AS id, SUM(x.booked) AS left_value, SUM(x.left_over) AS right_value FROM ( \
                SELECT p.entitlement_id, SUM(p.amount_fen) AS booked, 0 AS left_over FROM posting p \
                  WHERE p.account = 'recoverable' GROUP BY p.entitlement_id \
                UNION ALL SELECT c.entitlement_id, 0, SUM(c.amount_fen) FROM recovery c GROUP BY c.entitlement_id \
                UNION ALL SELECT c.entitlement_id, 0, -SUM(n.amount_fen) FROM recovery c \
                  JOIN recovery_entry n ON n.recovery_id = c.id GROUP BY c.entitlement_id) x \
              GROUP BY x.entitlement_id HAVING SUM(x.booked) <> SUM(x.left_over)",
    },
    Rule {
        name: "due_is_settled_once",
        says: "某笔应发没有恰好对应一次支付、未付或抵扣",
        sql: "SELECT d.id, d.amount_fen AS left_value, \
                COALESCE((SELECT SUM(t.amount_fen) FROM attempt t WHERE t.due_id = d.id AND t.state IN ('open', 'succeeded')), 0) \
                + COALESCE((SELECT u.amount_fen FROM unpaid_due u WHERE u.due_id = d.id), 0) \
                + COALESCE((SELECT SUM(n.amount_fen) FROM recovery_entry n WHERE n.due_id = d.id), 0) \
                + COALESCE((SELECT SUM(n.amount_fen) FROM reserve_entry n WHERE n.due_id = d.id), 0) AS right_value \
              FROM due d WHERE d.amount_fen > 0 AND NOT EXISTS (SELECT 1 FROM due x WHERE x.reverses_due_id = d.id) \
              AND d.amount_fen <> \
                COALESCE((SELECT SUM(t.amount_fen) FROM attempt t WHERE t.due_id = d.id AND t.state IN ('open', 'succeeded')), 0) \
                + COALESCE((SELECT u.amount_fen FROM unpaid_due u WHERE u.due_id = d.id), 0) \
                + COALESCE((SELECT SUM(n.amount_fen) FROM recovery_entry n WHERE n.due_id = d.id), 0) \
                + COALESCE((SELECT SUM(n.amount_fen) FROM reserve_entry n WHERE n.due_id = d.id), 0)",
    },
    Rule {
        name: "reversed_due_is_dead",
        says: "已冲销的应发仍在支付或待付",
        sql: "SELECT d.id, d.amount_fen AS left_value, x.amount_fen AS right_value FROM due x JOIN due d ON d.id = x.reverses_due_id \
              WHERE d.amount_fen + x.amount_fen <> 0 OR d.entitlement_id <> x.entitlement_id OR d.month <> x.month \
              OR EXISTS (SELECT 1 FROM unpaid_due u WHERE u.due_id = d.id) \
              OR EXISTS (SELECT 1 FROM attempt t WHERE t.due_id = d.id AND t.state IN ('open', 'succeeded'))",
    },
    Rule {
        name: "line_is_its_attempts",
        says: "某条发放明细与其支付的各笔应发合计不符",
        sql: "SELECT l.id, l.amount_fen AS left_value, SUM(t.amount_fen) AS right_value FROM payment_line l \
              LEFT JOIN attempt t ON t.line_id = l.id WHERE l.state IN ('open', 'succeeded', 'failed') \
              GROUP BY l.id, l.amount_fen HAVING l.amount_fen <> COALESCE(SUM(t.amount_fen), 0)",
    },
    Rule {
        name: "attempt_follows_its_line",
        says: "某次支付与其明细状态或户不一致",
        sql: "SELECT t.id, l.entitlement_id AS left_value, d.entitlement_id AS right_value FROM attempt t \
              JOIN payment_line l ON l.id = t.line_id JOIN due d ON d.id = t.due_id \
              WHERE l.entitlement_id <> d.entitlement_id OR d.amount_fen < t.amount_fen \
              OR t.state <> CASE l.state WHEN 'withdrawn' THEN 'cancelled' ELSE l.state END",
    },
    Rule {
        name: "run_is_its_lines",
        says: "某批次合计与明细不符",
        sql: "SELECT r.id, r.total_fen AS left_value, COALESCE(SUM(l.amount_fen), 0) AS right_value FROM payment_run r \
              LEFT JOIN payment_line l ON l.run_id = r.id AND l.state IN ('open', 'succeeded', 'failed') \
              WHERE r.state NOT IN ('cancelling', 'cancelled') GROUP BY r.id, r.total_fen, r.line_count \
              HAVING r.total_fen <> COALESCE(SUM(l.amount_fen), 0) OR r.line_count <> COUNT(l.id)",
    },
    Rule {
        name: "bank_clearing_is_unanswered",
        says: "某批次在途资金与尚未回盘的明细不符",
        sql: "SELECT x.run_id AS id, SUM(x.booked) AS left_value, SUM(x.unanswered) AS right_value FROM ( \
                SELECT j.run_id, -SUM(p.amount_fen) AS booked, 0 AS unanswered FROM posting p JOIN journal j ON j.id = p.journal_id \
                  WHERE p.account = 'bank_clearing' GROUP BY j.run_id \
                UNION ALL SELECT l.run_id, 0, SUM(l.amount_fen) FROM payment_line l JOIN payment_run r ON r.id = l.run_id \
                  WHERE l.state = 'open' AND (r.state IN ('exported', 'answered', 'closed') \
                    OR (r.state = 'exporting' AND l.line_no <= r.batch_through)) GROUP BY l.run_id) x \
              GROUP BY x.run_id HAVING SUM(x.booked) <> SUM(x.unanswered)",
    },
    Rule {
        name: "paid_is_answered",
        says: "某批次已付资金与发放成功的明细不符",
        sql: "SELECT x.run_id AS id, SUM(x.booked) AS left_value, SUM(x.paid) AS right_value FROM ( \
                SELECT j.run_id, -SUM(p.amount_fen) AS booked, 0 AS paid FROM posting p JOIN journal j ON j.id = p.journal_id \
                  WHERE p.account = 'paid' GROUP BY j.run_id \
                UNION ALL SELECT l.run_id, 0, SUM(l.amount_fen) FROM payment_line l WHERE l.state = 'succeeded' \
                  GROUP BY l.run_id) x GROUP BY x.run_id HAVING SUM(x.booked) <> SUM(x.paid)",
    },
    Rule {
        name: "returned_line_is_not_paid",
        says: "某条退汇的明细仍作已付，或者回盘成功的明细没有退汇而作未付",
        sql: "SELECT b.line_id AS id, b.amount_fen AS left_value, l.amount_fen AS right_value FROM bounce b \
                JOIN payment_line l ON l.id = b.line_id WHERE l.state <> 'failed' OR l.amount_fen <> b.amount_fen OR l.run_id <> b.run_id \
              UNION ALL SELECT l.id, a.amount_fen, l.amount_fen FROM payment_line l \
                JOIN bank_answer a ON a.run_id = l.run_id AND a.line_no = l.line_no \
                WHERE l.state = 'failed' AND a.applied AND a.succeeded AND NOT EXISTS (SELECT 1 FROM bounce b WHERE b.line_id = l.id)",
    },
    Rule {
        name: "month_is_not_negative",
        says: "某户某月应发合计为负",
        sql: "SELECT d.entitlement_id AS id, d.month AS left_value, SUM(d.amount_fen) AS right_value FROM due d \
              GROUP BY d.entitlement_id, d.month HAVING SUM(d.amount_fen) < 0",
    },
    Rule {
        name: "paid_month_is_covered",
        says: "某户某月有应发而没有享受人员登记",
        sql: "SELECT d.entitlement_id AS id, d.month AS left_value, SUM(d.amount_fen) AS right_value FROM due d \
              GROUP BY d.entitlement_id, d.month HAVING SUM(d.amount_fen) > 0 \
              AND NOT EXISTS (SELECT 1 FROM coverage c WHERE c.entitlement_id = d.entitlement_id AND c.month = d.month)",
    },
    Rule {
        name: "coverage_is_paid",
        says: "某户某月有享受人员登记而没有应发",
        sql: "SELECT c.entitlement_id AS id, c.month AS left_value, COUNT(*) AS right_value FROM coverage c \
              GROUP BY c.entitlement_id, c.month HAVING COALESCE((SELECT SUM(d.amount_fen) FROM due d \
                WHERE d.entitlement_id = c.entitlement_id AND d.month = c.month), 0) <= 0",
    },
    Rule {
        name: "nobody_is_covered_twice",
        says: "同一人同月在同类待遇中登记两次",
        sql: "SELECT person_id AS id, month AS left_value, COUNT(*) AS right_value FROM coverage \
              GROUP BY exclusion_group, person_id, month HAVING COUNT(*) > 1",
    },
    Rule {
        name: "recovery_is_not_overdrawn",
        says: "某笔追回收回的多于决定的金额",
        sql: "SELECT c.id, c.amount_fen AS left_value, SUM(n.amount_fen) AS right_value FROM recovery c \
              JOIN recovery_entry n ON n.recovery_id = c.id GROUP BY c.id, c.amount_fen HAVING SUM(n.amount_fen) > c.amount_fen",
    },
    Rule {
        name: "recovery_is_its_dues",
        says: "某笔追回与其冲减的应发不符",
        sql: "SELECT c.id, c.amount_fen AS left_value, -SUM(d.amount_fen) AS right_value FROM recovery c \
              LEFT JOIN due d ON d.recovery_id = c.id GROUP BY c.id, c.amount_fen \
              HAVING c.amount_fen <> -COALESCE(SUM(d.amount_fen), 0)",
    },
    Rule {
        name: "nothing_is_astray",
        says: "某条记录指向不存在的待遇、批次或账户",
        sql: "SELECT c.person_id AS id, c.entitlement_id AS left_value, c.month AS right_value FROM coverage c \
                WHERE NOT EXISTS (SELECT 1 FROM entitlement e WHERE e.id = c.entitlement_id) \
              UNION ALL SELECT d.id, d.run_id, d.amount_id FROM due d WHERE d.kind = 'regular' AND (NOT EXISTS \
                (SELECT 1 FROM payment_run r WHERE r.id = d.run_id) OR NOT EXISTS (SELECT 1 FROM entitlement_amount a \
                WHERE a.id = d.amount_id AND a.entitlement_id = d.entitlement_id)) \
              UNION ALL SELECT u.due_id, u.entitlement_id, 0 FROM unpaid_due u WHERE NOT EXISTS \
                (SELECT 1 FROM due d WHERE d.id = u.due_id AND d.entitlement_id = u.entitlement_id) \
              UNION ALL SELECT l.id, l.entitlement_id, l.payee_id FROM payment_line l WHERE NOT EXISTS \
                (SELECT 1 FROM entitlement e WHERE e.id = l.entitlement_id) OR (l.payee_id IS NOT NULL AND NOT EXISTS \
                (SELECT 1 FROM payee p WHERE p.id = l.payee_id AND p.entitlement_id = l.entitlement_id)) \
              UNION ALL SELECT p.id, p.entitlement_id, p.journal_id FROM posting p WHERE p.entitlement_id IS NOT NULL \
                AND NOT EXISTS (SELECT 1 FROM entitlement e WHERE e.id = p.entitlement_id)",
    },
    Rule {
        name: "reserve_is_its_book",
        says: "某乡镇备用金余额与账目不符",
        sql: "SELECT f.id, f.balance_fen AS left_value, COALESCE(SUM(CASE WHEN n.kind IN ('allot', 'replenish') THEN n.amount_fen \
                ELSE -n.amount_fen END), 0) AS right_value FROM reserve_fund f LEFT JOIN reserve_entry n ON n.fund_id = f.id \
                AND n.state = 'booked' GROUP BY f.id, f.balance_fen \
              HAVING f.balance_fen <> COALESCE(SUM(CASE WHEN n.kind IN ('allot', 'replenish') THEN n.amount_fen \
                ELSE -n.amount_fen END), 0)",
    },
    Rule {
        name: "reserve_is_its_account",
        says: "某县备用金科目与各乡镇余额合计不符",
        sql: "SELECT x.county_id AS id, SUM(x.booked) AS left_value, SUM(x.held) AS right_value FROM ( \
                SELECT j.county_id, SUM(p.amount_fen) AS booked, 0 AS held FROM posting p JOIN journal j ON j.id = p.journal_id \
                  WHERE p.account = 'reserve' GROUP BY j.county_id \
                UNION ALL SELECT f.county_id, 0, SUM(f.balance_fen) FROM reserve_fund f GROUP BY f.county_id) x \
              GROUP BY x.county_id HAVING SUM(x.booked) <> SUM(x.held)",
    },
    Rule {
        name: "made_up_is_advanced",
        says: "某笔补足与其垫付合计不符",
        sql: "SELECT n.id, n.amount_fen AS left_value, COALESCE(SUM(a.amount_fen), 0) AS right_value FROM reserve_entry n \
              LEFT JOIN reserve_made_up m ON m.replenish_id = n.id LEFT JOIN reserve_entry a ON a.id = m.advance_id \
              WHERE n.kind = 'replenish' AND n.state <> 'refused' GROUP BY n.id, n.amount_fen \
              HAVING n.amount_fen <> COALESCE(SUM(a.amount_fen), 0)",
    },
    Rule {
        name: "two_people",
        says: "某批次的生成与复核是同一人",
        sql: "SELECT id, made_by AS left_value, approved_by AS right_value FROM payment_run WHERE made_by = approved_by",
    },
];

/// How many findings of one rule are told.
const TOLD_PER_RULE: i64 = 100;

/// Prove the books. An empty answer means that everything holds.
///
/// # Errors
/// The database's.
pub async fn verify(connection: &impl Connection) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for rule in RULES {
        let sql = format!(
            "SELECT id, CAST(left_value AS BIGINT) AS left_value, CAST(right_value AS BIGINT) AS right_value FROM ({}) broken \
             ORDER BY id LIMIT ?",
            rule.sql
        );
        let broken = Query::new(&BOOKS, &NONE, sql)
            .bind(TOLD_PER_RULE)
            .all_as(connection, |row| {
                Ok((
                    row.get::<i64>("id")?,
                    row.get::<Option<i64>>("left_value")?.unwrap_or(0),
                    row.get::<Option<i64>>("right_value")?.unwrap_or(0),
                ))
            })
            .await?;
        findings.extend(broken.into_iter().map(|(id, left, right)| Finding {
            rule: rule.name,
            text: format!("{}（编号{id}：{left} / {right}）", rule.says),
        }));
    }
    Ok(findings)
}
