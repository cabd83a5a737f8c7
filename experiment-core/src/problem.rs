//! What is wrong with something written, where, and how to mend it.

use std::fmt;

use serde_json::Value;

use crate::spelling::nearest;

/// How much of a wrong value or name is repeated in a message, in characters.
const MAX_SHOWN_CHARS: usize = 60;

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

/// `did you mean "window"?` for the nearest of `known`, if any is near.
pub(crate) fn did_you_mean<'n>(name: &str, known: impl Iterator<Item = &'n str>) -> Option<String> {
    nearest(name, known).map(|candidate| format!("did you mean \"{candidate}\"?"))
}

/// The path of a member: `.name` where that can be read back, else `["name"]`.
pub(crate) fn member(path: &str, name: &str) -> String {
    let plain = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
    match (plain && name.len() <= MAX_SHOWN_CHARS, path.is_empty()) {
        (true, true) => name.to_owned(),
        (true, false) => format!("{path}.{name}"),
        (false, _) => format!("{path}[{:?}]", cut(name)),
    }
}

/// The path of what stands at `inner`, a path inside the value at `path`.
pub(crate) fn beneath(path: &str, inner: &str) -> String {
    match (path.is_empty(), inner.is_empty()) {
        (true, _) => inner.to_owned(),
        (_, true) => path.to_owned(),
        _ if inner.starts_with('[') => format!("{path}{inner}"),
        _ => format!("{path}.{inner}"),
    }
}

/// A value as a message shows it.
pub(crate) fn shown(value: &Value) -> String {
    match value {
        Value::Null => "nothing".to_owned(),
        Value::Bool(flag) => flag.to_string(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => format!("{:?}", cut(text)),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "an object".to_owned(),
    }
}

fn cut(text: &str) -> String {
    cut_at(text, MAX_SHOWN_CHARS)
}

/// At most `most` characters, an ellipsis for what is cut.
pub(crate) fn cut_at(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_can_be_read_back() {
        assert_eq!(member("", "key"), "key");
        assert_eq!(member("overrides", "v1.2"), "overrides[\"v1.2\"]");
        assert_eq!(member("a[0]", "b"), "a[0].b");
    }
}
