//! Whom an experiment is for.

use serde_json::Value;

use super::reader::Field;
use crate::condition::{Condition, References, Scope};
use crate::problem::{Problem, beneath};

/// A condition on the customer's attributes. It is checked, but for the groups and segments it names:
/// those stand in the catalog.
#[derive(Debug, Clone, PartialEq)]
pub struct Audience {
    /// As written.
    pub condition: Value,
    /// The groups and segments it names.
    pub references: References,
}

impl Audience {
    /// What it names that is not there, with paths in the definition; empty when all is.
    #[must_use]
    pub fn missing_from(&self, scope: &Scope) -> Vec<Problem> {
        let problems = Condition::compile(&self.condition, scope).err().unwrap_or_default();
        problems.into_iter().map(|problem| at("audience", problem)).collect()
    }
}

pub(super) fn audience(field: &Field<'_>) -> Option<Audience> {
    match Condition::check(field.value()) {
        Ok(references) => Some(Audience { condition: field.value().clone(), references }),
        Err(problems) => {
            problems.into_iter().for_each(|problem| field.note(at(field.path(), problem)));
            None
        }
    }
}

/// A problem inside a condition that stands at `path`.
pub(super) fn at(path: &str, problem: Problem) -> Problem {
    Problem { path: beneath(path, &problem.path), ..problem }
}
