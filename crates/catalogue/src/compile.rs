//! Everything of a release that is written in the rules language, compiled once.

use crate::{Finding, Release};

/// Compiled programmes and expressions.
#[derive(Debug, Clone, Default)]
pub(crate) struct Compiled {}

impl Compiled {
    pub(crate) fn compile(_release: &Release, _findings: &mut Vec<Finding>) -> Self {
        Self {}
    }
}
