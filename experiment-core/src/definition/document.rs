//! From text to a document: JSON or YAML 1.2, bounded, with no key twice.

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer};
use serde_json::Value;

use crate::json::DistinctKeys;

/// Largest document in bytes of text, and after YAML's aliases are filled in.
pub const MAX_DOCUMENT_BYTES: usize = 256 * 1024;
/// Deepest nesting of lists and objects in a document.
pub const MAX_DOCUMENT_DEPTH: usize = 64;
/// Most scalars, lists and objects in a YAML document, aliases filled in.
const MAX_YAML_NODES: usize = 100_000;

/// Why a text is no document.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DocumentError {
    /// More text than a definition needs.
    #[error("the document has {bytes} bytes, the most is {MAX_DOCUMENT_BYTES}; mend: split it or shorten it")]
    TooLarge {
        /// How many bytes it has.
        bytes: usize,
    },
    /// Not well-formed.
    #[error("line {line}, column {column}: {detail}; mend: {mend}")]
    Broken {
        /// Counted from 1; 0 when the place is not known.
        line: usize,
        /// Counted from 1; 0 when the place is not known.
        column: usize,
        /// What the parser met there.
        detail: String,
        /// What to do about it.
        mend: String,
    },
}

/// Reads a document from JSON or YAML 1.2.
///
/// A text that begins like JSON (`{"`, `["`, `{}`, …) is read as JSON, every other as YAML. In YAML only
/// `true` and `false` are truth values and `2026-12-31`, `NO` and `007` stay texts. A key given twice is
/// an error in both.
///
/// # Errors
/// [`DocumentError`] with line and column for broken text, repeated keys, nesting deeper than
/// [`MAX_DOCUMENT_DEPTH`] and more than [`MAX_DOCUMENT_BYTES`].
pub fn read_document(text: &str) -> Result<Value, DocumentError> {
    if text.len() > MAX_DOCUMENT_BYTES {
        return Err(DocumentError::TooLarge { bytes: text.len() });
    }
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if looks_like_json(text) { read_json(text) } else { read_yaml(text) }
}

fn looks_like_json(text: &str) -> bool {
    let text = text.trim_start();
    let inner = text.trim_start_matches(|c: char| c == '{' || c == '[' || c.is_whitespace());
    inner.len() < text.len() && inner.starts_with(['"', '}', ']'])
}

fn read_json(text: &str) -> Result<Value, DocumentError> {
    let document: Document = serde_json::from_str(text).map_err(|error| {
        let full = error.to_string();
        let place = format!(" at line {} column {}", error.line(), error.column());
        let detail = full.strip_suffix(&place).unwrap_or(&full).to_owned();
        let mend = mend_for(&detail, "check commas, quotes and brackets just before this place");
        DocumentError::Broken { line: error.line(), column: error.column(), detail, mend }
    })?;
    checked_depth(document.0)
}

fn read_yaml(text: &str) -> Result<Value, DocumentError> {
    let options = serde_saphyr::options! {
        strict_booleans: true,
        leading_zero_numbers_as_strings: true,
        underscored_numbers_as_strings: true,
        with_snippet: false,
        budget: serde_saphyr::budget! {
            max_nodes: MAX_YAML_NODES,
            max_depth: MAX_DOCUMENT_DEPTH,
            max_total_scalar_bytes: MAX_DOCUMENT_BYTES,
        },
    };
    let document: Document = serde_saphyr::from_str_with_options(text, options).map_err(|error| {
        let (line, column) = error.location().map_or((0, 0), |at| (at.line(), at.column()));
        let (line, column) = (usize::try_from(line).unwrap_or(0), usize::try_from(column).unwrap_or(0));
        let full = error.to_string();
        let detail = full.strip_suffix(&format!(" at line {line}, column {column}")).unwrap_or(&full);
        let detail = in_our_words(detail);
        let mend = mend_for(&detail, "check indentation, colons, quotes and brackets at this place");
        DocumentError::Broken { line, column, detail, mend }
    })?;
    checked_depth(document.0)
}

/// Some of the parser's messages name its own settings, which mean nothing to who wrote the document.
fn in_our_words(detail: &str) -> String {
    if detail.contains("budget") {
        "the document is too large, too deep, or repeats too much by aliases".to_owned()
    } else if detail.contains("multiple YAML documents") {
        "a second document begins".to_owned()
    } else if let Some((what, _)) = detail.split_once(" rejected by the configured policy") {
        what.to_owned()
    } else if let Some((what, _)) = detail.split_once(", set DuplicateKeyPolicy") {
        what.to_owned()
    } else {
        detail.to_owned()
    }
}

fn mend_for(detail: &str, otherwise: &str) -> String {
    let mend = if detail.contains("duplicate") {
        "keep one of the two"
    } else if detail.contains("second document") {
        "keep one document, without ---"
    } else if detail.contains("too large") || detail.contains("recursion") {
        "make the document smaller or less deeply nested"
    } else if detail.contains("non-finite") || detail.contains("out of range") {
        "write an ordinary number"
    } else {
        otherwise
    };
    mend.to_owned()
}

/// The parsers bound the depth too, each at its own number; this makes it the same for both.
fn checked_depth(document: Value) -> Result<Value, DocumentError> {
    if depth(&document) > MAX_DOCUMENT_DEPTH {
        let detail = format!("nested deeper than {MAX_DOCUMENT_DEPTH}");
        let mend = "make the document less deeply nested".to_owned();
        return Err(DocumentError::Broken { line: 0, column: 0, detail, mend });
    }
    Ok(document)
}

fn depth(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Value::Object(fields) => 1 + fields.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

/// A document in which no object has a key twice.
struct Document(Value);

impl<'de> Deserialize<'de> for Document {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Document, D::Error> {
        DistinctKeys::default().deserialize(deserializer).map(Document)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn broken(text: &str) -> (usize, usize, String) {
        match read_document(text) {
            Err(DocumentError::Broken { line, column, detail, .. }) => (line, column, detail),
            other => panic!("{text:?} gave {other:?}"),
        }
    }

    #[test]
    fn yaml_and_json_give_the_same() {
        let yaml = "key: NO\nend: 2026-12-31\nids: [007, 1_000]\non: yes\nweight: 0.1\nnothing:\n";
        let json = r#"{"key": "NO", "end": "2026-12-31", "ids": ["007", "1_000"], "on": "yes", "weight": 0.1, "nothing": null}"#;
        assert_eq!(read_document(yaml), read_document(json));
        assert_eq!(read_document("{a: 1, b: [true, -2, 1.5]}"), Ok(json!({"a": 1, "b": [true, -2, 1.5]})));
        assert_eq!(read_document("a: &x [1]\nb: *x"), Ok(json!({"a": [1], "b": [1]})));
        assert_eq!(read_document("\u{feff}{\"a\": 1}"), Ok(json!({"a": 1})));
        assert_eq!(read_document(""), Ok(Value::Null));
    }

    #[test]
    fn broken_text_says_where() {
        assert_eq!(broken("{\"a\": 1,\n \"b\" 2}"), (2, 6, "expected `:`".to_owned()));
        assert_eq!(broken("a: 1\nb: c: d").0, 2);
        assert_eq!(broken("a: [1, 2").0, 1);
        assert_eq!(broken("a: *nobody").0, 1);
        let shown = read_document("a: 1\nb").unwrap_err().to_string();
        assert!(
            shown.starts_with("line 2, column 1: ") && shown.contains("mend: check indentation"),
            "{shown}"
        );
    }

    #[test]
    fn a_key_twice_is_an_error() {
        assert_eq!(
            broken("{\"a\": 1,\n\"b\": {\"c\": 1, \"c\": 2}}"),
            (2, 17, "duplicate key \"c\"".to_owned())
        );
        assert_eq!(broken("a: 1\nb: 1\na: 2"), (3, 1, "duplicate mapping key: a".to_owned()));
    }

    #[test]
    fn bounds_hold() {
        let large = format!("\"{}\"", "x".repeat(MAX_DOCUMENT_BYTES));
        assert_eq!(read_document(&large), Err(DocumentError::TooLarge { bytes: MAX_DOCUMENT_BYTES + 2 }));
        for depth in [MAX_DOCUMENT_DEPTH + 1, 100, 10_000] {
            for inner in ["\"x\"", "x"] {
                let text = format!("{}{inner}{}", "[".repeat(depth), "]".repeat(depth));
                assert!(read_document(&text).is_err(), "{depth} {inner}");
            }
        }
        let deep = format!("{}\"x\"{}", "[".repeat(MAX_DOCUMENT_DEPTH), "]".repeat(MAX_DOCUMENT_DEPTH));
        assert!(read_document(&deep).is_ok());
        let long = "x".repeat(100_000);
        assert!(broken(&format!("a: &a {long}\nb: [*a, *a, *a]")).2.contains("too large"));
        assert_eq!(broken("a: .inf"), (1, 4, "non-finite float `.inf`".to_owned()));
        assert_eq!(broken("a: 1\n---\nb: 2").2, "a second document begins");
    }
}
