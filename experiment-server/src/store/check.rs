//! Checks of a proposal's fields that need nothing but the proposal.

use experiment_core::definition::{Dimension, NameError, check_customer_id, check_event_name};
use experiment_core::measure::check_value;
use serde_json::Value;

use super::proposal::{Attributes, Refusal, RefusalCode};

/// Longest id of an event or exposure in bytes.
pub const MAX_ID_BYTES: usize = 256;
/// Largest attributes in bytes of JSON.
pub const MAX_ATTRIBUTES_BYTES: usize = 16_384;

/// Id and attributes as they will be stored.
#[derive(Debug)]
pub(super) struct Sent<'a> {
    /// The id, if one was sent.
    pub(super) id: Option<&'a str>,
    /// JSON with sorted keys, so that equal attributes are equal texts.
    pub(super) attributes: Option<String>,
}

impl<'a> Sent<'a> {
    /// Checks both.
    pub(super) fn check(id: Option<&'a str>, attributes: Option<&Attributes>) -> Result<Sent<'a>, Refusal> {
        if let Some(id) = id {
            name("id", id, check_length(id, MAX_ID_BYTES), "use 1 to 256 bytes, or leave it out")?;
        }
        Ok(Sent { id, attributes: attributes.map_or(Ok(None), text)? })
    }
}

/// Who.
pub(super) fn customer(id: &str) -> Result<(), Refusal> {
    name("customer", id, check_customer_id(id), "use 1 to 256 bytes")
}

/// The customer was erased.
pub(super) fn erased() -> Refusal {
    Refusal {
        code: RefusalCode::Erased,
        field: "customer",
        detail: "this customer was erased".to_owned(),
        mend: "leave the facts of erased customers out; a new customer needs a new id".to_owned(),
    }
}

/// What happened.
pub(super) fn event_name(event: &str) -> Result<(), Refusal> {
    name("event", event, check_event_name(event), "use 1 to 128 bytes without control characters")
}

/// How much.
pub(super) fn value(value: Option<f64>) -> Result<(), Refusal> {
    value.map_or(Ok(()), check_value).map_err(|error| Refusal {
        code: RefusalCode::InvalidValue,
        field: "value",
        detail: error.to_string(),
        mend: "send a finite number within ±1e9".to_owned(),
    })
}

/// Of the attributes of an assignment those that are analysed; the rest is nobody's business here.
pub(super) fn kept_attributes(
    attributes: Option<&Attributes>,
    dimensions: &[Dimension],
) -> Result<Option<String>, Refusal> {
    let Some(attributes) = attributes else { return Ok(None) };
    let named = |dimension: &Dimension| match dimension {
        Dimension::Attribute(name) => Some((name.clone(), attributes.get(name)?.clone())),
        Dimension::Segment(_) => None,
    };
    text(&dimensions.iter().filter_map(named).collect())
}

/// The refusal of one event more.
pub(super) fn too_many_events(most: usize) -> Refusal {
    too_many(RefusalCode::TooManyEvents, "customer", format!("the customer has {most} events"))
}

/// The refusal of one exposure more.
pub(super) fn too_many_exposures(most: usize) -> Refusal {
    too_many(RefusalCode::TooManyExposures, "customer", format!("the customer has {most} exposures"))
}

/// The refusal of one event name more.
pub(super) fn too_many_event_names(most: usize) -> Refusal {
    let mut refusal =
        too_many(RefusalCode::TooManyEventNames, "event", format!("there are {most} event names"));
    "put what varies into attributes, not into the event's name".clone_into(&mut refusal.mend);
    refusal
}

fn too_many(code: RefusalCode, field: &'static str, detail: String) -> Refusal {
    let detail = format!("{detail}, which is the most");
    Refusal { code, field, detail, mend: "send only what metrics need".to_owned() }
}

/// `None` for no attributes at all.
fn text(attributes: &Attributes) -> Result<Option<String>, Refusal> {
    if attributes.is_empty() {
        return Ok(None);
    }
    let mut value = Value::Object(attributes.clone());
    // Nothing to do as long as serde_json keeps its maps sorted, which any crate of a build can change.
    value.sort_all_objects();
    let text = value.to_string();
    if text.len() <= MAX_ATTRIBUTES_BYTES {
        return Ok(Some(text));
    }
    Err(Refusal {
        code: RefusalCode::TooLarge,
        field: "attributes",
        detail: format!("they take {} bytes as JSON, the most is {MAX_ATTRIBUTES_BYTES}", text.len()),
        mend: "send only the attributes that are analysed".to_owned(),
    })
}

fn check_length(text: &str, most: usize) -> Result<(), NameError> {
    match text.len() {
        0 => Err(NameError::Empty),
        length if length > most => Err(NameError::TooLong { length, most }),
        _ => Ok(()),
    }
}

fn name(
    field: &'static str,
    text: &str,
    checked: Result<(), NameError>,
    mend: &'static str,
) -> Result<(), Refusal> {
    checked.map_err(|error| {
        let start: String = text.chars().take(40).collect();
        let detail = format!("{start:?} {error}");
        Refusal { code: RefusalCode::InvalidName, field, detail, mend: mend.to_owned() }
    })
}
