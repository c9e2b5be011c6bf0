//! Of what somebody is shown figures: of the matters, programmes and registers of the businesses for which their post holds the right. Whatever is
//! reckoned is reckoned of these, by the very value by which it is kept, so that what is kept for one reader is never shown to another one whose
//! businesses differ.

use crate::access::{Actor, Granted, Report, Right};
use crate::{Office, business};

/// What of a place one reader sees the sum of: of whatever businesses where it says nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(super) struct Own {
    /// Matters.
    pub(super) items: Option<Vec<String>>,
    /// Programmes.
    pub(super) programmes: Option<Vec<String>>,
    /// Registers.
    registers: Option<Vec<String>>,
}

impl Own {
    /// The reader's.
    pub(super) fn of(office: &Office, actor: &Granted<Report>) -> Own {
        let release = office.release();
        let actor: &Actor = actor;
        let of_register = |business: &str| actor.may_in(Right::Report, business);
        let registers = if release.registers.iter().all(|register| of_register(&register.business)) {
            None
        } else {
            let own = release.registers.iter().filter(|register| of_register(&register.business));
            Some(own.map(|register| register.id.get().clone()).collect())
        };
        Own {
            items: business::items(&release, actor, Right::Report),
            programmes: business::programmes(&release, actor, &[Right::Report]),
            registers,
        }
    }

    /// Whether figures of a matter are shown.
    pub(super) fn item(&self, id: &str) -> bool {
        among(self.items.as_deref(), id)
    }

    /// Whether figures of a programme are shown.
    pub(super) fn programme(&self, id: &str) -> bool {
        among(self.programmes.as_deref(), id)
    }

    /// Whether figures of a register are shown.
    pub(super) fn register(&self, id: &str) -> bool {
        among(self.registers.as_deref(), id)
    }
}

fn among(own: Option<&[String]>, id: &str) -> bool {
    own.is_none_or(|own| own.iter().any(|one| one == id))
}
