//! The value of an attribute, with the conversions that JavaScript's comparisons make.
//!
//! # References
//! ECMA-262 (2024): §7.1.2 ToBoolean, §7.1.4 ToNumber, §7.1.17 ToString, §7.2.13 IsLessThan.

use std::cmp::Ordering;

use serde_json::{Map, Value};

use super::number::{self, NumberText};
use super::{fold, short};

/// The text of every object.
const OBJECT_TEXT: &str = "[object Object]";

/// A value borrowed from the attributes, or the length of a list of theirs. What is missing is null.
#[derive(Debug, Clone, Copy)]
pub(super) enum Actual<'a> {
    Null,
    Flag(bool),
    Number(f64),
    Text(&'a str),
    List(&'a [Value]),
    Object(&'a Map<String, Value>),
}

impl<'a> From<&'a Value> for Actual<'a> {
    fn from(value: &'a Value) -> Actual<'a> {
        match value {
            Value::Null => Actual::Null,
            Value::Bool(flag) => Actual::Flag(*flag),
            Value::Number(number) => Actual::Number(number.as_f64().unwrap_or(f64::NAN)),
            Value::String(text) => Actual::Text(text),
            Value::Array(items) => Actual::List(items),
            Value::Object(object) => Actual::Object(object),
        }
    }
}

impl<'a> Actual<'a> {
    /// The member of an object, the item of a list by its index, the `length` of a list.
    pub(super) fn member(self, name: &str) -> Actual<'a> {
        let found = match self {
            Actual::Object(object) => short::member(object, name),
            Actual::List(items) if name == "length" => return Actual::length(items),
            Actual::List(items) => index(name).and_then(|index| items.get(index)),
            _ => None,
        };
        found.map_or(Actual::Null, Actual::from)
    }

    /// How many items a list has.
    pub(super) fn length(items: &[Value]) -> Actual<'a> {
        Actual::Number(items.len() as f64)
    }

    pub(super) fn is_null(self) -> bool {
        matches!(self, Actual::Null)
    }

    /// What counts as true where true or false is needed.
    pub(super) fn is_truthy(self) -> bool {
        match self {
            Actual::Null => false,
            Actual::Flag(flag) => flag,
            Actual::Number(number) => number != 0.0 && !number.is_nan(),
            Actual::Text(text) => !text.is_empty(),
            Actual::List(_) | Actual::Object(_) => true,
        }
    }

    /// The name of its type, as `$type` says it.
    pub(super) fn type_name(self) -> &'static str {
        match self {
            Actual::Null => "null",
            Actual::Flag(_) => "boolean",
            Actual::Number(_) => "number",
            Actual::Text(_) => "string",
            Actual::List(_) => "array",
            Actual::Object(_) => "object",
        }
    }

    /// The number it counts as: null is 0, a flag 0 or 1, a list what its text is.
    pub(super) fn to_number(self) -> f64 {
        match self {
            Actual::Null => 0.0,
            Actual::Flag(flag) => f64::from(u8::from(flag)),
            Actual::Number(number) => number,
            Actual::Text(text) => number::parse(text),
            Actual::List(items) => list_to_number(items),
            Actual::Object(_) => f64::NAN,
        }
    }

    /// Hands out its text piece by piece. Items of lists are joined with commas, and null is nothing there.
    pub(super) fn write_text(self, out: &mut impl FnMut(&str)) {
        match self {
            Actual::Null => out("null"),
            Actual::Flag(flag) => out(if flag { "true" } else { "false" }),
            Actual::Number(number) => out(NumberText::new(number).as_str()),
            Actual::Text(text) => out(text),
            Actual::Object(_) => out(OBJECT_TEXT),
            Actual::List(items) => {
                for (index, item) in items.iter().enumerate() {
                    if index > 0 {
                        out(",");
                    }
                    if !item.is_null() {
                        Actual::from(item).write_text(out);
                    }
                }
            }
        }
    }

    /// How its text stands to another, by UTF-16 code units.
    pub(super) fn compare_text(self, expected: &str) -> Ordering {
        let mut rest = expected.encode_utf16();
        let mut found = Ordering::Equal;
        self.write_text(&mut |piece| {
            let mut units = piece.encode_utf16();
            while let (Ordering::Equal, Some(unit)) = (found, units.next()) {
                found = rest.next().map_or(Ordering::Greater, |expected| unit.cmp(&expected));
            }
        });
        if found == Ordering::Equal && rest.next().is_some() { Ordering::Less } else { found }
    }

    /// Whether its text is this one.
    pub(super) fn is_text(self, expected: &str) -> bool {
        match self {
            Actual::Text(text) => short::same(text, expected),
            _ => self.compare_text(expected) == Ordering::Equal,
        }
    }

    /// Whether its text in lower case is this one.
    pub(super) fn is_text_folded(self, expected: &str) -> bool {
        let mut rest = expected.chars();
        let mut equal = true;
        self.write_text(&mut |piece| {
            equal = equal && fold::lower(piece).all(|c| rest.next() == Some(c));
        });
        equal && rest.next().is_none()
    }

    /// Whether it is the same document as this: numbers by value, objects whatever the order of members.
    pub(super) fn is_same(self, expected: &Value) -> bool {
        match (self, Actual::from(expected)) {
            (Actual::Null, Actual::Null) => true,
            (Actual::Flag(actual), Actual::Flag(expected)) => actual == expected,
            (Actual::Number(actual), Actual::Number(expected)) => actual == expected,
            (Actual::Text(actual), Actual::Text(expected)) => actual == expected,
            (Actual::List(actual), Actual::List(expected)) => {
                let same = |(actual, expected): (&'a Value, &Value)| Actual::from(actual).is_same(expected);
                actual.len() == expected.len() && actual.iter().zip(expected).all(same)
            }
            (Actual::Object(actual), Actual::Object(expected)) => {
                let same = |(name, expected): (&String, &Value)| {
                    actual.get(name).is_some_and(|actual| Actual::from(actual).is_same(expected))
                };
                actual.len() == expected.len() && expected.iter().all(same)
            }
            _ => false,
        }
    }
}

/// Several items have a comma between them, which no number has.
fn list_to_number(mut items: &[Value]) -> f64 {
    loop {
        match items {
            [] | [Value::Null] => return 0.0,
            [Value::Array(inner)] => items = inner,
            [Value::String(text)] => return number::parse(text),
            [Value::Number(number)] => return number.as_f64().unwrap_or(f64::NAN),
            _ => return f64::NAN,
        }
    }
}

/// An index as a path spells it: digits without leading zeros.
fn index(name: &str) -> Option<usize> {
    let plain = name == "0" || (!name.starts_with('0') && name.bytes().all(|b| b.is_ascii_digit()));
    if plain { name.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn texts_are_those_of_javascript() {
        let cases = [
            (json!(null), "null"),
            (json!(true), "true"),
            (json!(1.50), "1.5"),
            (json!([1, "a", null, [2, [3]], {}]), "1,a,,2,3,[object Object]"),
            (json!([]), ""),
            (json!({"a": 1}), "[object Object]"),
        ];
        for (value, text) in &cases {
            assert!(Actual::from(value).is_text(text), "{value}");
            assert!(!Actual::from(value).is_text(&format!("{text}x")), "{value}");
        }
        let order = |left: &str, right| Actual::Text(left).compare_text(right);
        assert_eq!(order("a", "ab"), Ordering::Less);
        assert_eq!(order("b", "ab"), Ordering::Greater);
        // By code units a character beyond the first plane comes before the end of that plane.
        assert_eq!(order("\u{1f381}", "\u{ffee}"), Ordering::Less);
    }

    #[test]
    fn numbers_are_those_of_javascript() {
        let cases = [
            (json!(null), 0.0),
            (json!(true), 1.0),
            (json!("0x10"), 16.0),
            (json!([]), 0.0),
            (json!([[["7"]]]), 7.0),
            (json!([null]), 0.0),
        ];
        for (value, number) in &cases {
            assert_eq!(Actual::from(value).to_number(), *number, "{value}");
        }
        for value in [json!([1, 2]), json!([true]), json!({}), json!("x"), json!([{}])] {
            assert!(Actual::from(&value).to_number().is_nan(), "{value}");
        }
    }

    #[test]
    fn lists_have_items_and_a_length() {
        let list = json!(["a", ["b"]]);
        let member = |name| Actual::from(&list).member(name);
        assert!(member("0").is_text("a") && member("1").member("0").is_text("b"));
        assert!(member("length").is_same(&json!(2)));
        for name in ["2", "00", "-1", "", "x"] {
            assert!(member(name).is_null(), "{name:?}");
        }
    }
}
