//! Saved groups, as the catalog takes them.

use std::collections::{BTreeMap, BTreeSet};

use experiment_core::condition::{Groups, Scope};
use experiment_core::definition::{MAX_GROUP_VALUES, MAX_GROUPS};
use serde_json::Value;

use super::keys::Keys;
use super::{NotImported, member};

/// The groups of a payload, under names that the catalog takes.
#[derive(Default)]
pub(super) struct SavedGroups {
    keys: Keys,
    /// The name here of each group.
    names: BTreeMap<String, String>,
    values: BTreeMap<String, Vec<Value>>,
    /// By the names here, for conditions here.
    ours: Groups,
    /// By the names of the payload, for its conditions.
    theirs: Groups,
    /// Beyond what the catalog takes.
    refused: BTreeSet<String>,
    pub(super) not_imported: Vec<NotImported>,
}

impl SavedGroups {
    pub(super) fn new(groups: &[(&str, &[Value])]) -> SavedGroups {
        let mut saved = SavedGroups::default();
        for (name, values) in groups {
            saved.add(name, values);
        }
        saved
    }

    fn add(&mut self, name: &str, values: &[Value]) {
        let place = member("savedGroups", name);
        let mut list = |why: String| self.not_imported.push(NotImported { place: place.clone(), why });
        if values.len() > MAX_GROUP_VALUES || self.names.len() >= MAX_GROUPS {
            list(format!("a catalog holds {MAX_GROUPS} groups of {MAX_GROUP_VALUES} values"));
            self.refused.insert(name.to_owned());
            return;
        }
        let (kept, nested): (Vec<_>, Vec<_>) =
            values.iter().cloned().partition(|value| !value.is_array() && !value.is_object());
        if !nested.is_empty() {
            list(format!("{} lists and objects in it are left out, since they equal nothing", nested.len()));
        }
        let key = self.keys.take(name);
        if key != name {
            list(format!("a group of this name cannot be here; it is {key}"));
        }
        self.insert(name, key, kept);
    }

    fn insert(&mut self, name: &str, key: String, values: Vec<Value>) {
        self.ours.insert(&key, &values);
        self.theirs.insert(name, &values);
        self.values.insert(key.clone(), values);
        self.names.insert(name.to_owned(), key);
    }

    /// The name here of a group that a condition names. One that the payload lacks is empty to the SDKs, and
    /// so it is here.
    pub(super) fn name(&mut self, name: &str, place: &str) -> String {
        if !self.names.contains_key(name) && !self.refused.contains(name) {
            let why = format!("the payload has no saved group {name:?}; it is empty, as it is to the SDKs");
            self.not_imported.push(NotImported { place: place.to_owned(), why });
            let key = self.keys.take(name);
            self.insert(name, key, Vec::new());
        }
        self.names.get(name).cloned().unwrap_or_else(|| name.to_owned())
    }

    /// As conditions here see them.
    pub(super) fn scope(&self) -> Scope {
        Scope::new(self.ours.clone())
    }

    /// As conditions of the payload see them.
    pub(super) fn theirs(&self) -> &Groups {
        &self.theirs
    }

    pub(super) fn into_values(self) -> BTreeMap<String, Vec<Value>> {
        self.values
    }
}
