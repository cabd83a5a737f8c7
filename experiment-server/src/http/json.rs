//! JSON as clients send it: no object with a key twice, and every error with its place and field.

use std::cell::RefCell;

use experiment_core::json::DistinctKeys;
use serde::de::DeserializeSeed;
use serde_json::Value;

use super::problem::FieldError;

/// Stands before `NaN`, `Infinity` or `-Infinity` where a client wrote that instead of a number.
const NON_FINITE: &str = "\u{1}non-finite:";

/// Why a text is not JSON that can be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct JsonError {
    /// Counted from 1.
    pub(crate) line: usize,
    /// Counted from 1.
    pub(crate) column: usize,
    /// What the parser met there.
    pub(crate) detail: String,
    /// The outermost field that it was reading; empty where none.
    pub(crate) field: String,
}

impl JsonError {
    fn new(error: &serde_json::Error, field: String) -> JsonError {
        let full = error.to_string();
        let place = format!(" at line {} column {}", error.line(), error.column());
        let detail = full.strip_suffix(&place).unwrap_or(&full).to_owned();
        JsonError { line: error.line(), column: error.column(), detail, field }
    }
}

impl From<serde_json::Error> for JsonError {
    fn from(error: serde_json::Error) -> JsonError {
        JsonError::new(&error, String::new())
    }
}

impl From<JsonError> for FieldError {
    fn from(error: JsonError) -> FieldError {
        let mend = if error.detail.starts_with("duplicate key") {
            "keep one of the two"
        } else if error.detail.contains("out of range") {
            "send a finite number within ±1000000000"
        } else if error.detail.starts_with("recursion limit") {
            "nest less deeply"
        } else {
            "check commas, quotes and brackets just before this place"
        };
        let detail = format!("line {}, column {}: {}", error.line, error.column, error.detail);
        FieldError::new(error.field, detail, mend).at(error.line, error.column)
    }
}

/// Reads one JSON value and nothing behind it.
///
/// `NaN`, `Infinity` and `-Infinity` (which some languages write) are let through for [`non_finite`] to
/// find, so that the field that holds one can be named.
pub(crate) fn read_json(text: &[u8]) -> Result<Value, JsonError> {
    read_strictly(text).or_else(|error| match quote_non_finite(text) {
        Some(quoted) => read_strictly(&quoted).map_err(|_| error),
        None => Err(error),
    })
}

fn read_strictly(text: &[u8]) -> Result<Value, JsonError> {
    let field = RefCell::new(String::new());
    let mut deserializer = serde_json::Deserializer::from_slice(text);
    let read = DistinctKeys { field: Some(&field) }.deserialize(&mut deserializer);
    match read.and_then(|value| deserializer.end().map(|()| value)) {
        Ok(value) => Ok(value),
        Err(error) => Err(JsonError::new(&error, field.into_inner())),
    }
}

/// The `NaN`, `Infinity` or `-Infinity` that a client wrote here or anywhere within.
pub(crate) fn non_finite(value: &Value) -> Option<&str> {
    match value {
        Value::String(text) => text.strip_prefix(NON_FINITE),
        Value::Array(list) => list.iter().find_map(non_finite),
        Value::Object(fields) => fields.values().find_map(non_finite),
        _ => None,
    }
}

/// The text with each bare `NaN`, `Infinity` and `-Infinity` in quotes and marked; `None` without any.
pub(crate) fn quote_non_finite(text: &[u8]) -> Option<Vec<u8>> {
    const TOKENS: [&[u8]; 3] = [b"NaN", b"Infinity", b"-Infinity"];
    let mut quoted = Vec::new();
    let (mut copied, mut index, mut in_text) = (0, 0, false);
    while let Some(byte) = text.get(index) {
        match byte {
            b'\\' if in_text => index += 1,
            b'"' => in_text = !in_text,
            b'N' | b'I' | b'-' if !in_text => {
                let rest = &text[index..];
                if let Some(token) = TOKENS.iter().find(|token| rest.starts_with(token)) {
                    quoted.extend_from_slice(&text[copied..index]);
                    quoted.extend_from_slice(b"\"\\u0001");
                    quoted.extend_from_slice(&NON_FINITE.as_bytes()[1..]);
                    quoted.extend_from_slice(token);
                    quoted.push(b'"');
                    index += token.len();
                    copied = index;
                    continue;
                }
            }
            _ => {}
        }
        index += 1;
    }
    if quoted.is_empty() {
        return None;
    }
    quoted.extend_from_slice(&text[copied..]);
    Some(quoted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn says_where_and_in_which_field() {
        let error = read_json(b"{\"a\": 1,\n \"value\": 1e400}").unwrap_err();
        assert_eq!((error.line, error.field.as_str()), (2, "value"));
        assert_eq!(error.detail, "number out of range");
        let error = read_json(b"{\"a\": 1,\n \"b\" 2}").unwrap_err();
        assert_eq!((error.line, error.column, error.detail.as_str()), (2, 6, "expected `:`"));
        assert_eq!(read_json(b"{\"a\": 1, \"a\": 2}").unwrap_err().detail, "duplicate key \"a\"");
        assert_eq!(read_json(b"{} x").unwrap_err().detail, "trailing characters");
        assert!(read_json(&[b'"', 0xff, b'"']).is_err());
    }

    #[test]
    fn finds_what_is_no_number() {
        let value = read_json(br#"{"a": NaN, "b": [-Infinity], "c": "NaN \" Infinity"}"#).unwrap();
        assert_eq!(non_finite(&value["a"]), Some("NaN"));
        assert_eq!(non_finite(&value["b"][0]), Some("-Infinity"));
        assert_eq!(non_finite(&value["c"]), None);
        assert_eq!(value["c"], json!("NaN \" Infinity"));
        assert!(read_json(b"{\"a\": Nan}").is_err());
        assert_eq!(quote_non_finite(b"{\"a\": \"NaN\"}"), None);
    }
}
