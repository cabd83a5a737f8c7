//! What conditions may name: saved groups and segments.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::{Map, Value};

use super::compile::{Compiled, Names, compile};
use super::rule::Rule;
use super::{Groups, Person};
use crate::problem::Problem;

/// Groups and segments by name, for conditions that are written here.
///
/// Conditions keep what they use, so a later change of the scope needs them compiled again.
///
/// # Examples
/// ```
/// use experiment_core::condition::{Condition, Groups, Scope};
/// use serde_json::json;
///
/// let mut scope = Scope::new(Groups::default());
/// scope.define_segment("at_risk", &json!({"days_since_order": {"$gt": 60}})).unwrap();
///
/// let audience = Condition::compile(&json!({"segment": "at_risk", "country": "PL"}), &scope).unwrap();
/// let anna = json!({"country": "PL", "days_since_order": 75});
/// assert!(audience.matches(anna.as_object().unwrap()));
/// ```
#[derive(Debug, Clone, Default)]
pub struct Scope {
    groups: Groups,
    segments: BTreeMap<String, Segment>,
}

#[derive(Debug, Clone)]
struct Segment {
    rule: Arc<Rule>,
    nodes: usize,
    patterns: usize,
}

/// Most regular expressions of all segments of a scope, each of which may take a megabyte.
const MAX_SCOPE_PATTERNS: usize = 64;

impl Scope {
    /// A scope with these groups and no segment.
    #[must_use]
    pub fn new(groups: Groups) -> Scope {
        Scope { groups, segments: BTreeMap::new() }
    }

    /// Names a condition, in place of an earlier segment of that name. It may name groups, not segments:
    /// so no segment depends on another.
    ///
    /// # Errors
    /// Everything that is wrong with the condition.
    pub fn define_segment(&mut self, name: impl Into<String>, condition: &Value) -> Result<(), Vec<Problem>> {
        let used: usize = self.segments.values().map(|segment| segment.patterns).sum();
        let left = MAX_SCOPE_PATTERNS.saturating_sub(used);
        let compiled = compile(condition, Names::Segment(&self.groups, left));
        if !compiled.problems.is_empty() {
            return Err(compiled.problems);
        }
        let Compiled { rule, nodes, patterns, .. } = compiled;
        self.segments.insert(name.into(), Segment { rule: Arc::new(rule), nodes, patterns });
        Ok(())
    }

    /// The groups.
    #[must_use]
    pub fn groups(&self) -> &Groups {
        &self.groups
    }

    /// The names of the segments, sorted.
    pub fn segment_names(&self) -> impl Iterator<Item = &str> + Clone {
        self.segments.keys().map(String::as_str)
    }

    /// Whether a customer is in a segment; `None` where there is none of this name.
    #[must_use]
    pub fn is_in_segment(
        &self,
        name: &str,
        id: &str,
        attributes: Option<&Map<String, Value>>,
    ) -> Option<bool> {
        self.segments.get(name).map(|segment| segment.rule.matches(Person { id, attributes }))
    }

    /// The rule of a segment, and how many parts it has.
    pub(super) fn segment(&self, name: &str) -> Option<(Arc<Rule>, usize)> {
        self.segments.get(name).map(|segment| (Arc::clone(&segment.rule), segment.nodes))
    }
}

/// The groups and segments that a condition names.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct References {
    /// Names of groups.
    pub groups: BTreeSet<String>,
    /// Names of segments.
    pub segments: BTreeSet<String>,
}
