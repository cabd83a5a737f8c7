//! Saved groups: named lists of values that conditions share.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use super::members::Members;

/// Named lists of values, such as the ids of all employees, for `$inGroup` and `$notInGroup`.
///
/// Conditions keep what they use, so a later change of the groups needs them compiled again.
///
/// # Examples
/// ```
/// use experiment_core::condition::Groups;
/// use serde_json::json;
///
/// let groups: Groups = [("staff", vec![json!("anna"), json!(7)])].into_iter().collect();
/// assert!(groups.contains("staff") && !groups.contains("guests"));
/// ```
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Groups {
    by_name: BTreeMap<String, Arc<Members>>,
}

impl Groups {
    /// Adds a group, in place of an earlier one of that name.
    pub fn insert(&mut self, name: impl Into<String>, values: &[Value]) {
        self.by_name.insert(name.into(), Arc::new(Members::new(values, false)));
    }

    /// Whether there is a group of this name.
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        self.by_name.contains_key(name)
    }

    /// The names, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> + Clone {
        self.by_name.keys().map(String::as_str)
    }

    pub(super) fn get(&self, name: &str) -> Option<Arc<Members>> {
        self.by_name.get(name).cloned()
    }
}

impl<N: Into<String>> FromIterator<(N, Vec<Value>)> for Groups {
    fn from_iter<I: IntoIterator<Item = (N, Vec<Value>)>>(groups: I) -> Groups {
        let mut all = Groups::default();
        for (name, values) in groups {
            all.insert(name, &values);
        }
        all
    }
}
