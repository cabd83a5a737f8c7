//! The lists that stand at the head of an export: they belong to no version, and what follows needs them.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::Value;

use super::super::check;
use super::super::erase::Erased;
use super::line::{LineError, OverrideLine};

/// Groups by name, with their values.
pub(in crate::store) type GroupValues = BTreeMap<String, Vec<Value>>;

/// An experiment's override lists: customer → variant key.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::store) struct OverrideList {
    /// The version of the definition that they belong to.
    pub(in crate::store) version: u32,
    /// Who sees what.
    pub(in crate::store) customers: BTreeMap<String, String>,
}

impl OverrideList {
    /// A list without those who were erased here.
    pub(super) fn without(mut list: Arc<OverrideList>, erased: &Erased) -> Arc<OverrideList> {
        if list.customers.keys().any(|customer| erased.holds(customer)) {
            Arc::make_mut(&mut list).customers.retain(|customer, _| !erased.holds(customer));
        }
        list
    }
}

/// Groups without those who were erased here.
pub(super) fn groups_without<'a>(groups: &'a GroupValues, erased: &Erased) -> Cow<'a, GroupValues> {
    let mut groups = Cow::Borrowed(groups);
    if groups.values().flatten().any(|value| erased.holds_value(value)) {
        groups.to_mut().values_mut().for_each(|values| values.retain(|value| !erased.holds_value(value)));
    }
    groups
}

/// The lists of one file.
#[derive(Debug, Default)]
pub(super) struct Lists {
    groups: GroupValues,
    gone: BTreeSet<String>,
    overrides: BTreeMap<String, Arc<OverrideList>>,
}

impl Lists {
    /// Takes in a group.
    pub(super) fn group(&mut self, name: String, values: Vec<Value>, gone: bool) {
        if gone {
            self.gone.insert(name);
        } else {
            self.groups.insert(name, values);
        }
    }

    /// Takes in a customer of an override list.
    pub(super) fn overriding(&mut self, line: OverrideLine<'_>) -> Result<(), LineError> {
        check::customer(&line.customer).map_err(|refusal| LineError(refusal.to_string()))?;
        let list = self.overrides.entry(line.experiment.into_owned()).or_default();
        let list = Arc::make_mut(list);
        if list.version != 0 && list.version != line.version {
            let detail = format!("version: the list is of version {} in other lines", list.version);
            return Err(LineError(format!("{detail}; mend: leave lines as `experiment export` wrote them")));
        }
        list.version = line.version;
        list.customers.insert(line.customer.into_owned(), line.variant.into_owned());
        Ok(())
    }

    /// The lists of an experiment.
    pub(super) fn overrides_of(&self, experiment: &str) -> Option<&Arc<OverrideList>> {
        self.overrides.get(experiment)
    }

    /// The experiments that have lists.
    pub(super) fn overridden(&self) -> impl Iterator<Item = &str> {
        self.overrides.keys().map(String::as_str)
    }

    /// The groups that go with a version of what experiments share. What they held at the time is not
    /// known; before the last version, those that are gone are there, and empty.
    pub(super) fn groups(&self, is_last: bool) -> GroupValues {
        let mut groups = self.groups.clone();
        if !is_last {
            groups.extend(self.gone.iter().map(|name| (name.clone(), Vec::new())));
        }
        groups
    }
}

/// The names of groups in a document, wherever they stand.
pub(super) fn named_groups(document: &Value, into: &mut BTreeSet<String>) {
    match document {
        Value::Object(fields) => {
            for (name, value) in fields {
                match value {
                    Value::String(group) if name == "$inGroup" || name == "$notInGroup" => {
                        into.insert(group.clone());
                    }
                    value => named_groups(value, into),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| named_groups(item, into)),
        _ => {}
    }
}
