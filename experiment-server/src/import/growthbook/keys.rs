//! Names that are keys here.

use std::collections::BTreeSet;

use experiment_core::definition::{MAX_NAME_BYTES, check_key};

/// Names that are taken.
#[derive(Default)]
pub(super) struct Keys(BTreeSet<String>);

impl Keys {
    /// The name itself where it can be a key and is free, else one like it.
    pub(super) fn take(&mut self, name: &str) -> String {
        let fits = |c: char| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '-' };
        let name: String = name.chars().map(fits).take(MAX_NAME_BYTES).collect();
        let name = if check_key(&name).is_ok() { name } else { "unnamed".to_owned() };
        let numbered = (2_u64..).map(|number| {
            let suffix = format!("-{number}");
            format!("{}{suffix}", &name[..name.len().min(MAX_NAME_BYTES - suffix.len())])
        });
        let free = std::iter::once(name.clone()).chain(numbered).find(|key| !self.0.contains(key));
        let key = free.unwrap_or(name);
        self.0.insert(key.clone());
        key
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_like_the_names_and_distinct() {
        let mut keys = Keys::default();
        assert_eq!(
            ["a b", "a-b", "", "x", "x", "x"].map(|name| keys.take(name)),
            ["a-b", "a-b-2", "unnamed", "x", "x-2", "x-3"]
        );
        let long = "k".repeat(200);
        assert_eq!(keys.take(&long), "k".repeat(128));
        assert_eq!(keys.take(&long), format!("{}-2", "k".repeat(126)));
    }
}
