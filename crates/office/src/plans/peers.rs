//! The same indicator in the plans of other places: their packs are taken in once, as reference, and set beside one's own. What is counted
//! over something else is marked; nothing is judged.

use std::collections::BTreeMap;

use catalogue::Number;
use catalogue::plan::{Measured, PlanBook};
use store::{AuditActor, AuditEntry, Query};

use crate::access::{Granted, ReadPlan};
use crate::{Office, OfficeError, audited};

const PEERS: &str = "plans of other places, which are printed";

/// Takes in what another place's plan promises, in place of what was taken in before.
///
/// # Errors
/// [`OfficeError::Conflict`] for one's own plan.
pub async fn take_in_peer(office: &Office, book: &PlanBook) -> Result<usize, OfficeError> {
    let id = book.plan.id.get();
    if office.release().plans.iter().any(|own| own.plan.id == *id) {
        return Err(OfficeError::Conflict(format!("《{}》是本地的规划，不用导入。", book.plan.name)));
    }
    let measured = book.measured();
    let content =
        serde_json::to_string(&measured).map_err(|error| OfficeError::Internal(error.to_string()))?;
    let now = office.now();
    let tx = office.db().begin().await?;
    Query::system(
        PEERS,
        "INSERT INTO plan_peer (plan, name, content, taken_at) VALUES (?, ?, ?, ?) \
         ON CONFLICT (plan) DO UPDATE SET name = excluded.name, content = excluded.content, taken_at = excluded.taken_at",
    )
    .bind(id.as_str())
    .bind(book.plan.name.as_str())
    .bind(content)
    .bind(now.at_ms())
    .execute(&tx)
    .await?;
    tx.audit(AuditEntry {
        details: serde_json::json!({ "plan": id, "indicators": measured.len() }),
        ..audited(now.at_ms(), AuditActor::default(), "plan.peer_taken_in", ("plan", 0))
    })
    .await?;
    tx.commit().await?;
    Ok(measured.len())
}

/// One plan's line under a measure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeerLine {
    /// The plan's name.
    pub plan: String,
    /// It is one's own: the indicator's page is here.
    pub own: bool,
    /// What it promises.
    pub measured: Measured,
}

impl PeerLine {
    /// The target as a number; none where words were printed in place of one.
    #[must_use]
    pub fn number(&self) -> Option<Number> {
        self.measured.target.parse().ok()
    }

    /// The target as it is said: 不低于55%. Words that were printed in place of a number have neither unit nor comparison.
    #[must_use]
    pub fn target(&self) -> String {
        let one = &self.measured;
        if self.number().is_none() {
            return one.target.clone();
        }
        let number = format!("{}{}", one.target, one.unit);
        match one.comparator.as_str() {
            "以前" => format!("{number}以前"),
            "区间" => format!("{number}起（区间）"),
            comparator => format!("{comparator}{number}"),
        }
    }

    /// Where it begins, with the unit where a bare number is printed; none where nothing is.
    #[must_use]
    pub fn baseline(&self) -> Option<String> {
        let (year, words) = self.measured.baseline.as_ref()?;
        let bare = words.parse::<Number>().is_ok();
        Some(format!("{year}年 {words}{}", if bare { self.measured.unit.as_str() } else { "" }))
    }
}

/// A measure that at least two plans have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comparison {
    /// The measure.
    pub measure: String,
    /// All of them say what is counted over, and the same.
    pub same_base: bool,
    /// None of them says what is counted over.
    pub no_base: bool,
    /// All of one unit, or brought to one (for ten thousand people).
    pub same_unit: bool,
    /// The lines, one's own first.
    pub lines: Vec<PeerLine>,
}

impl Comparison {
    /// Whether what is counted over is the same, as pages and files say it.
    #[must_use]
    pub fn base_words(&self) -> &'static str {
        match (self.same_base, self.no_base) {
            (true, _) => "口径相同",
            (false, true) => "口径都没有写明，不能比较",
            (false, false) => "口径不同或者没有写明，不能直接比",
        }
    }

    /// The same of the unit.
    #[must_use]
    pub fn unit_words(&self) -> &'static str {
        if self.same_unit { "单位相同或者可以换算" } else { "单位不同" }
    }
}

/// What of one's own plan other plans speak of too, and what others have in common.
///
/// # Errors
/// The database's.
pub async fn compared(office: &Office, _actor: &Granted<ReadPlan>) -> Result<Vec<Comparison>, OfficeError> {
    let mut by_measure: BTreeMap<String, Vec<PeerLine>> = BTreeMap::new();
    let mut put = |plan: &str, own: bool, measured: Vec<Measured>| {
        for measured in measured {
            let line = PeerLine { plan: plan.to_owned(), own, measured };
            by_measure.entry(line.measured.measure.clone()).or_default().push(line);
        }
    };
    for book in &office.release().plans {
        put(&book.plan.name, true, book.measured());
    }
    let peers: Vec<(String, String)> =
        Query::system(PEERS, "SELECT p.name, p.content FROM plan_peer p ORDER BY p.plan")
            .all_as(office.db(), |row| Ok((row.get("name")?, row.get("content")?)))
            .await?;
    for (name, content) in peers {
        let measured = serde_json::from_str(&content)
            .map_err(|error| OfficeError::Internal(format!("外地规划无法读取（{error}）")))?;
        put(&name, false, measured);
    }
    let several =
        by_measure.into_iter().filter(|(_, lines)| lines.iter().any(|line| line.plan != lines[0].plan));
    Ok(several
        .map(|(measure, lines)| {
            let alike = |of: &dyn Fn(&Measured) -> Option<&str>| {
                lines.iter().all(|line| of(&line.measured) == of(&lines[0].measured))
            };
            let no_base = lines.iter().all(|line| line.measured.base.is_none());
            // What nobody says is not known to be the same.
            let same_base = !no_base && alike(&|one| one.base.as_deref());
            let same_unit = alike(&|one| Some(one.unit.as_str()))
                || lines.iter().all(|line| line.measured.per_ten_thousand.is_some());
            Comparison { same_base, no_base, same_unit, measure, lines }
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_said_in_the_order_of_speech() {
        let said = |target: &str, comparator: &str, baseline: &str| {
            let line = PeerLine {
                plan: String::new(),
                own: false,
                measured: Measured {
                    measure: String::new(),
                    id: String::new(),
                    name: String::new(),
                    kind: String::new(),
                    baseline: Some((2020, baseline.to_owned())),
                    year: None,
                    comparator: comparator.to_owned(),
                    target: target.to_owned(),
                    unit: "%".to_owned(),
                    per_ten_thousand: None,
                    base: None,
                    quote: String::new(),
                },
            };
            (line.target(), line.baseline().unwrap_or_default())
        };
        let pair = |target: &str, baseline: &str| (target.to_owned(), baseline.to_owned());
        assert_eq!(said("55", "不低于", "37"), pair("不低于55%", "2020年 37%"));
        assert_eq!(said("62", "", "37%"), pair("62%", "2020年 37%"));
        assert_eq!(said("基本覆盖", "基本", "未印"), pair("基本覆盖", "2020年 未印"));
    }
}
