//! Reads the fields of a JSON object and notes everything that is wrong with them.

use std::fmt::Display;
use std::str::FromStr;

use experiment_core::definition::{MAX_CUSTOMER_ID_BYTES, check_customer_id, check_event_name};
use experiment_core::time::Timestamp;
use serde_json::{Map, Value};

use super::json::non_finite;
use super::limits::{MAX_ATTRIBUTE_BYTES, MAX_ATTRIBUTES, MAX_VALUE};
use super::nearest::did_you_mean;
use super::problem::{FieldError, Kind, Problem};
use crate::store::MAX_ID_BYTES;

/// An object whose fields are taken out one by one. A field that is null counts as absent.
pub(crate) struct Fields {
    map: Map<String, Value>,
    prefix: String,
    known: Vec<&'static str>,
    errors: Vec<FieldError>,
}

impl Fields {
    /// The fields of `value`.
    ///
    /// # Errors
    /// It is no object.
    pub(crate) fn of(value: Value) -> Result<Fields, FieldError> {
        match value {
            Value::Object(map) => {
                Ok(Fields { map, prefix: String::new(), known: Vec::new(), errors: Vec::new() })
            }
            other => {
                let detail = format!("is {}, not an object", kind_of(&other));
                Err(FieldError::new("", detail, "send an object such as {\"customer\": …}"))
            }
        }
    }

    /// [`Fields::of`] for a whole body.
    ///
    /// # Errors
    /// A problem: it is no object.
    pub(crate) fn of_body(value: Value) -> Result<Fields, Problem> {
        Fields::of(value).map_err(|error| Problem::of_field(Kind::InvalidRequest, error))
    }

    /// The field as it came; asking for a field makes it a known one.
    pub(crate) fn take(&mut self, name: &'static str) -> Option<Value> {
        self.known.push(name);
        // What is left is null, as if it had not been sent: cheaper than to take the name out too.
        self.map.get_mut(name).map(Value::take).filter(|value| !value.is_null())
    }

    /// Whether a field was sent.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.map.get(name).is_some_and(|value| !value.is_null())
    }

    /// Whether a field was sent, as a number.
    pub(crate) fn has_number(&self, name: &str) -> bool {
        self.map.get(name).is_some_and(Value::is_number)
    }

    /// The fields of an object within this one; `mend` shows such an object.
    pub(crate) fn object(&mut self, name: &'static str, mend: &str) -> Option<Fields> {
        match self.take(name)? {
            Value::Object(map) => {
                let prefix = self.path(name);
                Some(Fields { map, prefix, known: Vec::new(), errors: Vec::new() })
            }
            other => {
                self.wrong(name, format!("is {}, not an object", kind_of(&other)), mend);
                None
            }
        }
    }

    /// Takes over what is wrong within an object that [`Fields::object`] gave.
    pub(crate) fn join(&mut self, inner: Fields) {
        self.errors.extend(inner.finish().err().unwrap_or_default());
    }

    fn path(&self, name: &str) -> String {
        if self.prefix.is_empty() { name.to_owned() } else { [&self.prefix, ".", name].concat() }
    }

    /// Notes something that is wrong with a field.
    pub(crate) fn wrong(&mut self, name: &str, detail: impl Into<String>, mend: impl Into<String>) {
        let path = self.path(name);
        self.errors.push(FieldError::new(path, detail, mend));
    }

    /// Any text.
    pub(crate) fn text(&mut self, name: &'static str) -> Option<String> {
        let value = self.take(name)?;
        let is_number = non_finite(&value).is_some();
        match value {
            Value::String(text) if !is_number => Some(text),
            other => {
                let mend = match &other {
                    Value::Number(number) => format!("put it in quotes: \"{number}\""),
                    _ => "send a text".to_owned(),
                };
                self.wrong(name, format!("is {}, not a text", kind_of(&other)), mend);
                None
            }
        }
    }

    /// A text that says something else; `mend` shows one that does.
    pub(crate) fn parsed<T: FromStr<Err: Display>>(&mut self, name: &'static str, mend: &str) -> Option<T> {
        let text = self.text(name)?;
        text.parse().map_err(|error: T::Err| self.wrong(name, error.to_string(), mend)).ok()
    }

    /// A customer's id, which must be there.
    pub(crate) fn customer_id(&mut self, name: &'static str) -> Option<String> {
        let id = self.required(name, "the customer: 1 to 256 bytes of text")?;
        match check_customer_id(&id) {
            Ok(()) => Some(id),
            Err(error) => {
                self.wrong(name, error.to_string(), format!("use 1 to {MAX_CUSTOMER_ID_BYTES} bytes"));
                None
            }
        }
    }

    /// The id of a fact.
    pub(crate) fn id(&mut self, name: &'static str) -> Option<String> {
        let id = self.text(name)?;
        if (1..=MAX_ID_BYTES).contains(&id.len()) {
            return Some(id);
        }
        let detail = if id.is_empty() {
            "is empty".to_owned()
        } else {
            format!("is {} bytes long, the most is {MAX_ID_BYTES}", id.len())
        };
        self.wrong(name, detail, format!("use 1 to {MAX_ID_BYTES} bytes, or leave it out"));
        None
    }

    /// A text that must be there; `what` says what it names.
    pub(crate) fn required(&mut self, name: &'static str, what: &str) -> Option<String> {
        if self.needs(name, what) { self.text(name) } else { None }
    }

    /// Whether a field is there; that it isn't is noted. `what` says what it names.
    pub(crate) fn needs(&mut self, name: &'static str, what: &str) -> bool {
        let there = self.has(name);
        if !there {
            self.known.push(name);
            self.wrong(name, "is missing", format!("name {what}"));
        }
        there
    }

    /// The name of an event, which must be there.
    pub(crate) fn event_name(&mut self, name: &'static str) -> Option<String> {
        let event = self.required(name, "what the customer did, such as \"order\"")?;
        match check_event_name(&event) {
            Ok(()) => Some(event),
            Err(error) => {
                self.wrong(name, error.to_string(), "use 1 to 128 bytes without control characters");
                None
            }
        }
    }

    /// A finite number within the bounds of a value.
    pub(crate) fn amount(&mut self, name: &'static str) -> Option<f64> {
        let value = self.take(name)?;
        let detail = match value.as_f64() {
            Some(amount) if amount.abs() <= MAX_VALUE => return Some(amount),
            Some(_) => format!("{value} is beyond ±{MAX_VALUE}"),
            None => match non_finite(&value) {
                Some(token) => format!("{token} is not a finite number"),
                None => format!("is {}, not a number", kind_of(&value)),
            },
        };
        self.wrong(name, detail, format!("send a finite number within ±{MAX_VALUE}, or leave it out"));
        None
    }

    /// Any number.
    pub(crate) fn number(&mut self, name: &'static str) -> Option<f64> {
        let value = self.take(name)?;
        let number = value.as_f64();
        if number.is_none() {
            let found = non_finite(&value).unwrap_or_else(|| kind_of(&value)).to_owned();
            self.wrong(name, format!("is {found}, not a finite number"), "send a number");
        }
        number
    }

    /// True or false.
    pub(crate) fn flag(&mut self, name: &'static str) -> Option<bool> {
        match self.take(name)? {
            Value::Bool(flag) => Some(flag),
            other => {
                self.wrong(name, format!("is {}, not true or false", kind_of(&other)), "send true or false");
                None
            }
        }
    }

    /// An instant.
    pub(crate) fn instant(&mut self, name: &'static str) -> Option<Timestamp> {
        let text = match self.take(name)? {
            Value::String(text) => text,
            other => {
                let detail = format!("is {}, not a text", kind_of(&other));
                self.wrong(name, detail, "send an RFC 3339 time such as \"2026-03-01T09:30:00Z\"");
                return None;
            }
        };
        let parsed = text.parse();
        parsed.map_err(|_| self.wrong(name, not_a_time(&text), time_mend(&text))).ok()
    }

    /// Attributes: an object of texts, numbers and truth values.
    pub(crate) fn attributes(&mut self, name: &'static str) -> Option<Map<String, Value>> {
        let Value::Object(mut map) = self.take(name)? else {
            self.wrong(name, "is not an object", "send an object such as {\"plan\": \"basic\"}");
            return None;
        };
        drop_nulls(&mut map);
        let wrong = wrong_attributes(&self.path(name), &map);
        let sound = wrong.is_empty();
        self.errors.extend(wrong);
        sound.then_some(map)
    }

    /// Ends the reading.
    ///
    /// # Errors
    /// Everything that was wrong, fields that nobody asked for included.
    pub(crate) fn finish(mut self) -> Result<(), Vec<FieldError>> {
        let known = std::mem::take(&mut self.known);
        for (name, _) in std::mem::take(&mut self.map) {
            if known.contains(&name.as_str()) {
                continue;
            }
            let mend = did_you_mean(&name, known.iter().copied(), || match known.as_slice() {
                [] => "this call has no fields".to_owned(),
                known => format!("the fields are {}", known.join(", ")),
            });
            let shown: String = name.chars().take(100).collect();
            self.wrong(&shown, "is not a field of this call", mend);
        }
        if self.errors.is_empty() { Ok(()) } else { Err(self.errors) }
    }

    /// [`Fields::finish`] for a whole body.
    ///
    /// # Errors
    /// A problem with every error.
    pub(crate) fn end(self) -> Result<(), Problem> {
        self.finish().map_err(|errors| Problem::of_fields(Kind::InvalidRequest, errors))
    }
}

fn not_a_time(text: &str) -> String {
    let shown: String = text.chars().take(60).collect();
    format!("{shown:?} is not an RFC 3339 time")
}

fn time_mend(text: &str) -> String {
    let zoned = format!("{text}Z");
    if zoned.len() < 40 && zoned.parse::<Timestamp>().is_ok() {
        return format!("say in which zone: \"{zoned}\" for UTC");
    }
    "send a time such as \"2026-03-01T09:30:00Z\"".to_owned()
}

/// Attributes that are null count as absent. Few are, and looking costs less than going through them to remove some.
pub(crate) fn drop_nulls(attributes: &mut Map<String, Value>) {
    if attributes.values().any(Value::is_null) {
        attributes.retain(|_, value| !value.is_null());
    }
}

/// Everything that is wrong with attributes that stand at `path`.
pub(crate) fn wrong_attributes(path: &str, map: &Map<String, Value>) -> Vec<FieldError> {
    if map.len() > MAX_ATTRIBUTES {
        let detail = format!("has {} attributes, the most is {MAX_ATTRIBUTES}", map.len());
        return vec![FieldError::new(path, detail, "send only those that experiments read")];
    }
    let wrong = map.iter().filter_map(|(attribute, value)| {
        let (detail, mend) = wrong_attribute(attribute, value)?;
        let shown: String = attribute.chars().take(100).collect();
        Some(FieldError::new(format!("{path}.{shown}"), detail, mend))
    });
    wrong.collect()
}

fn wrong_attribute(name: &str, value: &Value) -> Option<(String, &'static str)> {
    if let Err(error) = check_event_name(name) {
        return Some((
            format!("its name {error}"),
            "name attributes with 1 to 128 bytes without control characters",
        ));
    }
    if let Some(token) = non_finite(value) {
        return Some((format!("{token} is not a finite number"), "send a number, or leave it out"));
    }
    match value {
        Value::String(text) if text.len() > MAX_ATTRIBUTE_BYTES => {
            Some((format!("is {} bytes long, the most is {MAX_ATTRIBUTE_BYTES}", text.len()), "shorten it"))
        }
        // Conditions look into lists and objects; a dimension takes them as their JSON text.
        Value::Array(_) | Value::Object(_) => match value.to_string().len() {
            length if length > MAX_ATTRIBUTE_BYTES => {
                Some((format!("is {length} bytes of JSON, the most is {MAX_ATTRIBUTE_BYTES}"), "shorten it"))
            }
            _ => None,
        },
        _ => None,
    }
}

/// What a value is, for a sentence.
pub(crate) fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) if non_finite(value).is_some() => "not a finite number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}
