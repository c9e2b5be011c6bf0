//! Indicators of the plan that are computed: by an indicator of the packs ([`crate::indicators`]), month by month; or by a register, as the share
//! that was done of a duty that fell due in a year. A linked figure cannot be typed; what is computed needs no second look, because nobody said it.
//!
//! The packs bring links of their own (`measured_by`). They hold until somebody here ended or changed one: from then on what people decided holds.

use std::collections::HashSet;

use catalogue::Release;
use serde_json::json;
use store::{AuditEntry, Query};
use vocab::Now;

use super::{EVERYBODYS, Installed, demanded};
use crate::access::{Granted, ManagePlan};
use crate::{Office, OfficeError, audited, divisions};

/// What computes a figure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Computed {
    /// An indicator of the packs.
    Indicator(String),
    /// A duty of a register.
    Duty {
        /// The register.
        register: String,
        /// The duty.
        duty: String,
    },
}

impl Computed {
    /// How forms spell it: `indicator`, or `register/duty`.
    #[must_use]
    pub fn code(&self) -> String {
        match self {
            Computed::Indicator(id) => id.clone(),
            Computed::Duty { register, duty } => format!("{register}/{duty}"),
        }
    }

    /// What a code says.
    fn read(code: &str) -> Computed {
        match code.split_once('/') {
            Some((register, duty)) => Computed::Duty { register: register.to_owned(), duty: duty.to_owned() },
            None => Computed::Indicator(code.to_owned()),
        }
    }
}

/// A link in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// The indicator of the plan.
    pub indicator: String,
    /// What computes it.
    pub by: Computed,
    /// The same in words.
    pub title: String,
    /// Who made it, and when; none for one that the packs bring.
    pub made: Option<(String, Now)>,
}

/// What can compute an indicator of a unit, in words: indicators of the packs in the same unit, and for a percentage every register's duties.
#[must_use]
pub fn choices(release: &Release, unit: Option<&str>) -> Vec<(Computed, String)> {
    let mut choices: Vec<(Computed, String)> = release
        .indicators
        .iter()
        .filter(|one| Some(one.unit.as_str()) == unit)
        .map(|one| (Computed::Indicator(one.id.get().clone()), format!("统计指标：{}", one.title)))
        .collect();
    if unit == Some("%") {
        choices.extend(release.registers.iter().flat_map(|register| {
            register.duties.iter().map(|duty| {
                let by = Computed::Duty { register: register.id.get().clone(), duty: duty.id.get().clone() };
                (by, format!("登记簿履行率：{}（{}）", duty.rate, register.title))
            })
        }));
    }
    choices
}

fn title(release: &Release, by: &Computed) -> String {
    match by {
        Computed::Indicator(id) => match release.indicators.get(id) {
            Some(one) => format!("统计指标“{}”", one.title),
            None => id.clone(),
        },
        Computed::Duty { register, duty } => {
            let of = release.registers.get(register);
            let named = of.and_then(|of| Some((of, of.duties.iter().find(|one| one.id == *duty)?)));
            match named {
                Some((of, one)) => format!("登记簿“{}”的{}，按每年到期的职责计算", of.title, one.rate),
                None => by.code(),
            }
        }
    }
}

/// The links in force: those that people made, and those of the packs that nobody here has ended or changed.
pub(super) async fn in_force(office: &Office, plan: &Installed) -> Result<Vec<Link>, OfficeError> {
    let release = office.release();
    let rows = Query::system(
        EVERYBODYS,
        "SELECT a.indicator, a.register, a.computed_by, s.name AS linked_by_name, a.linked_at, a.ended_at FROM plan_link a \
         JOIN staff s ON s.id = a.linked_by WHERE a.plan = ? ORDER BY a.id",
    )
    .bind(plan.id())
    .all(office.db())
    .await?;
    let (mut links, mut decided_here) = (Vec::new(), HashSet::new());
    for row in &rows {
        let indicator: String = row.get("indicator")?;
        decided_here.insert(indicator.clone());
        if row.get::<Option<i64>>("ended_at")?.is_some() {
            continue;
        }
        let id: String = row.get("computed_by")?;
        let by = match row.get::<Option<String>>("register")? {
            Some(register) => Computed::Duty { register, duty: id },
            None => Computed::Indicator(id),
        };
        let made = Some((row.get("linked_by_name")?, Now::from_unix_ms(row.get("linked_at")?)));
        links.push(Link { indicator, title: title(&release, &by), by, made });
    }
    for one in plan.indicators.iter().filter(|one| !one.is_history()) {
        let Some(by) = &one.measured_by else { continue };
        if decided_here.contains(one.id.as_str()) {
            continue;
        }
        let by = Computed::read(by);
        links.push(Link { indicator: one.id.get().clone(), title: title(&release, &by), by, made: None });
    }
    Ok(links)
}

/// Links an indicator to what computes it; `by` is the code of one of [`choices`].
///
/// # Errors
/// [`OfficeError::Invalid`] for what is no choice of the indicator's unit; [`OfficeError::NotFound`] outside the plan's
/// place; [`OfficeError::Conflict`] when it is linked.
pub async fn link(
    office: &Office,
    actor: &Granted<ManagePlan>,
    indicator: &str,
    by: &str,
) -> Result<(), OfficeError> {
    let plan = demanded(office).await?;
    let indicator = plan.promised(indicator)?;
    divisions::within(office.db(), actor.division, plan.home.id).await?;
    let all = choices(&office.release(), indicator.unit.as_deref());
    let chosen = all.into_iter().map(|(known, _)| known).find(|known| known.code() == by);
    let Some(chosen) = chosen else {
        return Err(OfficeError::invalid(
            "link",
            "请从列出的统计指标和履行率里选择一个，单位要与这项指标相同。",
        ));
    };
    if in_force(office, &plan).await?.iter().any(|one| *indicator.id == one.indicator) {
        return Err(OfficeError::Conflict("这项指标已经由系统计算。要换的，请先停止现在的计算。".to_owned()));
    }
    let now = office.now();
    let tx = office.db().begin().await?;
    let id = Query::system(
        EVERYBODYS,
        "INSERT INTO plan_link (plan, indicator, register, computed_by, linked_by, linked_at) VALUES (?, ?, ?, ?, ?, ?) RETURNING id",
    )
    .bind(plan.id())
    .bind(indicator.id.as_str())
    .bind(match &chosen {
        Computed::Duty { register, .. } => Some(register.clone()),
        Computed::Indicator(_) => None,
    })
    .bind(match &chosen {
        Computed::Indicator(id) | Computed::Duty { duty: id, .. } => id.clone(),
    })
    .bind(actor.staff)
    .bind(now.at_ms())
    .insert(&tx)
    .await?;
    tx.audit(AuditEntry {
        division: Some(plan.home.id),
        details: json!({ "indicator": indicator.id.as_str(), "computed_by": by }),
        ..audited(now.at_ms(), actor.audit(), "plan.linked", ("plan_link", id))
    })
    .await?;
    tx.commit().await?;
    Ok(())
}

/// Ends the link of an indicator: values are reported again. One that the packs bring is written down with its end, so that it does not come back.
///
/// # Errors
/// [`OfficeError::NotFound`] outside the plan's place; [`OfficeError::Conflict`] when it is not linked.
pub async fn unlink(
    office: &Office,
    actor: &Granted<ManagePlan>,
    indicator: &str,
) -> Result<(), OfficeError> {
    let plan = demanded(office).await?;
    divisions::within(office.db(), actor.division, plan.home.id).await?;
    let not_linked = || OfficeError::Conflict("这项指标现在不由系统计算。".to_owned());
    let links = in_force(office, &plan).await?;
    let link = links.into_iter().find(|link| link.indicator == indicator).ok_or_else(not_linked)?;
    let at = office.now().at_ms();
    let tx = office.db().begin().await?;
    let ended = if link.made.is_some() {
        Query::system(
            EVERYBODYS,
            "UPDATE plan_link SET ended_by = ?, ended_at = ? WHERE plan = ? AND indicator = ? AND ended_at IS NULL",
        )
        .bind(actor.staff)
        .bind(at)
        .bind(plan.id())
        .bind(indicator)
        .execute(&tx)
        .await?
    } else {
        let (register, computed_by) = match link.by {
            Computed::Indicator(id) => (None, id),
            Computed::Duty { register, duty } => (Some(register), duty),
        };
        Query::system(
            EVERYBODYS,
            "INSERT INTO plan_link (plan, indicator, register, computed_by, linked_by, linked_at, ended_by, ended_at) \
             VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(plan.id())
        .bind(indicator)
        .bind(register)
        .bind(computed_by)
        .bind(actor.staff)
        .bind(at)
        .bind(actor.staff)
        .bind(at)
        .execute(&tx)
        .await?
    };
    if ended != 1 {
        return Err(not_linked());
    }
    tx.audit(AuditEntry {
        division: Some(plan.home.id),
        details: json!({ "indicator": indicator }),
        ..audited(at, actor.audit(), "plan.unlinked", ("division", plan.home.id.0))
    })
    .await?;
    tx.commit().await?;
    Ok(())
}
