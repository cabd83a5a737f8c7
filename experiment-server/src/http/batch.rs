//! Batches: one object, `{"events": […]}`, or one object a line, read item by item.

use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

use super::body::{MediaType, empty_body};
use super::json::{JsonError, quote_non_finite, read_json};
use super::limits::MAX_BATCH_ITEMS;
use super::problem::{FieldError, Kind, Problem};

/// One item: its id if it has one, and what was read or what is wrong.
#[derive(Debug, PartialEq)]
pub(crate) struct Item<T> {
    /// As sent.
    pub(crate) id: Option<String>,
    /// What was read.
    pub(crate) read: Result<T, Vec<FieldError>>,
}

/// Reads every item of a body. Items that are wrong don't disturb the others.
///
/// # Errors
/// 400 for a body that is no batch at all, 413 for more than [`MAX_BATCH_ITEMS`].
pub(crate) fn read_batch<T>(
    body: &[u8],
    media: MediaType,
    parse: impl Fn(Value) -> Result<T, Vec<FieldError>>,
) -> Result<Vec<Item<T>>, Problem> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Err(empty_body());
    }
    if media == MediaType::Ndjson {
        return read_items(&lines(body), parse);
    }
    match split(body) {
        Ok(items) => read_items(&items, parse),
        Err(problem) => match quote_non_finite(body) {
            // Places in the text have moved, so what was found first is told.
            Some(quoted) => read_items(&split(&quoted).map_err(|_| problem)?, parse),
            None => Err(problem),
        },
    }
}

fn read_items<T>(
    items: &[&[u8]],
    parse: impl Fn(Value) -> Result<T, Vec<FieldError>>,
) -> Result<Vec<Item<T>>, Problem> {
    if items.len() > MAX_BATCH_ITEMS {
        let detail = format!(
            "{} items are too many for one batch, the most is {MAX_BATCH_ITEMS}; mend: split the batch",
            items.len()
        );
        return Err(Problem::new(Kind::TooLarge, detail));
    }
    Ok(items.iter().map(|text| read_item(text, &parse)).collect())
}

/// Reads one item.
pub(crate) fn read_item<T>(text: &[u8], parse: impl Fn(Value) -> Result<T, Vec<FieldError>>) -> Item<T> {
    match read_json(text) {
        Ok(value) => {
            let id = value.get("id").and_then(Value::as_str).map(|id| id.chars().take(300).collect());
            Item { id, read: parse(value) }
        }
        Err(error) => Item { id: None, read: Err(vec![error.into()]) },
    }
}

fn lines(body: &[u8]) -> Vec<&[u8]> {
    let lines = body.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    lines.filter(|line| !line.is_empty()).collect()
}

/// The items of a body that isn't said to be NDJSON.
fn split(body: &[u8]) -> Result<Vec<&[u8]>, Problem> {
    let invalid = |error: JsonError| Problem::of_field(Kind::InvalidBody, error.into());
    let mut values = serde_json::Deserializer::from_slice(body).into_iter::<&RawValue>();
    let first = match values.next() {
        Some(first) => first.map_err(|error| invalid(error.into()))?,
        None => return Err(empty_body()),
    };
    let rest = &body[values.byte_offset()..];
    if !rest.trim_ascii_start().is_empty() {
        let blank = &rest[..rest.len() - rest.trim_ascii_start().len()];
        if blank.contains(&b'\n') && !first.get().contains('\n') {
            return Ok(lines(body));
        }
        let detail = "another value follows on the same line";
        let mend = "send one object, {\"events\": […]}, or one object a line";
        return Err(Problem::of_field(Kind::InvalidBody, FieldError::new("", detail, mend)));
    }
    match first.get().as_bytes().first() {
        Some(b'{') => envelope(first.get()),
        _ => {
            let detail = "the body is JSON, but no object";
            let mend = "send one object, {\"events\": […]}, or one object a line";
            Err(Problem::of_field(Kind::InvalidBody, FieldError::new("", detail, mend)))
        }
    }
}

/// What is in `{"events": […]}`, or the object itself without that field.
fn envelope(object: &str) -> Result<Vec<&[u8]>, Problem> {
    let mut deserializer = serde_json::Deserializer::from_str(object);
    let read = deserializer.deserialize_map(EnvelopeVisitor);
    let envelope =
        read.map_err(|error| Problem::of_field(Kind::InvalidBody, JsonError::from(error).into()))?;
    match (envelope.events, envelope.other) {
        (None, _) => Ok(vec![object.as_bytes()]),
        (Some(events), None) => Ok(events.into_iter().map(|item| item.get().as_bytes()).collect()),
        (Some(_), Some(other)) => {
            let shown: String = other.chars().take(100).collect();
            let error = FieldError::new(shown, "stands beside \"events\"", "send \"events\" alone");
            Err(Problem::of_field(Kind::InvalidBody, error))
        }
    }
}

struct Envelope<'a> {
    events: Option<Vec<&'a RawValue>>,
    other: Option<String>,
}

struct EnvelopeVisitor;

impl<'de> Visitor<'de> for EnvelopeVisitor {
    type Value = Envelope<'de>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Envelope<'de>, A::Error> {
        let mut envelope = Envelope { events: None, other: None };
        while let Some(key) = entries.next_key::<String>()? {
            if key == "events" {
                if envelope.events.is_some() {
                    return Err(serde::de::Error::custom("duplicate key \"events\""));
                }
                envelope.events = Some(entries.next_value()?);
            } else {
                entries.next_value::<IgnoredAny>()?;
                envelope.other = Some(key);
            }
        }
        Ok(envelope)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn items(body: &str, media: MediaType) -> Result<Vec<Item<Value>>, Problem> {
        read_batch(body.as_bytes(), media, Ok)
    }

    fn count(body: &str) -> usize {
        items(body, MediaType::Json).unwrap().len()
    }

    #[test]
    fn three_forms() {
        assert_eq!(count("{\"a\": 1}"), 1);
        assert_eq!(count("{\n\"a\": 1\n}\n"), 1);
        assert_eq!(count("{\"events\": [{}, {}, 3]}"), 3);
        assert_eq!(count("{\"events\": []}"), 0);
        assert_eq!(count("{\"a\": 1}\n\n{\"a\": 2}\r\n{\"a\": 3}"), 3);
        assert_eq!(items("{\"events\": []}\n", MediaType::Ndjson).unwrap().len(), 1);
    }

    #[test]
    fn no_batch_at_all() {
        for body in
            ["", " \n", "[{}]", "{} {}", "{\"events\": 1}", "{\"events\": [], \"id\": 1}", "{\"events\": [}"]
        {
            assert!(items(body, MediaType::Json).is_err(), "{body:?}");
        }
        let many = "{}\n".repeat(MAX_BATCH_ITEMS + 1);
        assert!(items(&many, MediaType::Ndjson).is_err());
    }

    #[test]
    fn one_bad_item_leaves_the_others() {
        let read = items("{\"id\": \"a\"}\n{\"id\": \n{\"id\": \"c\"}", MediaType::Ndjson).unwrap();
        let fine: Vec<bool> = read.iter().map(|item| item.read.is_ok()).collect();
        assert_eq!(fine, [true, false, true]);
        let read = items("{\"events\": [{\"value\": NaN}, {\"value\": 1e999}]}", MediaType::Json).unwrap();
        let first = read[0].read.as_ref().unwrap();
        assert_eq!(super::super::json::non_finite(&first["value"]), Some("NaN"));
        let second = read[1].read.as_ref().unwrap_err();
        assert_eq!(second[0].field, "value");
    }
}
