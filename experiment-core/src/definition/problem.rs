//! What is wrong with a definition, and how to mend it.

use std::fmt;

/// One thing that is wrong in a definition.
#[derive(Debug, Clone, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct Problem {
    /// Where: `metrics[2].window.from`; empty for the document as a whole.
    pub path: String,
    /// What is wrong there.
    pub detail: String,
    /// What to write instead.
    pub mend: String,
}

impl Problem {
    /// A problem at `path`.
    #[must_use]
    pub fn new(path: impl Into<String>, detail: impl Into<String>, mend: impl Into<String>) -> Problem {
        Problem { path: path.into(), detail: detail.into(), mend: mend.into() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = if self.path.is_empty() { "definition" } else { &self.path };
        write!(f, "{path}: {}; mend: {}", self.detail, self.mend)
    }
}

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
