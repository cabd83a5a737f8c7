//! A definition that cannot be used.

use crate::problem::Problem;

/// A definition that cannot be used, with everything that is wrong in it.
///
/// Problems come in the order in which `docs/definition.md` lists the fields; those of a list in the
/// order of the list. There is at least one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, serde::Serialize)]
#[error("{}", .problems.iter().map(Problem::to_string).collect::<Vec<_>>().join("\n"))]
pub struct InvalidDefinition {
    /// What is wrong.
    pub problems: Vec<Problem>,
}
