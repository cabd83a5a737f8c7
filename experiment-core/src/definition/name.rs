//! What may name a thing: keys, events, customers.

use super::reader::{Field, Taken};

/// Longest key, event name or attribute name in bytes.
pub const MAX_NAME_BYTES: usize = 128;
/// Longest customer id in bytes of UTF-8.
pub const MAX_CUSTOMER_ID_BYTES: usize = 256;

/// Why a text cannot name a thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum NameError {
    /// Nothing is written.
    #[error("is empty")]
    Empty,
    /// More bytes than the bound.
    #[error("is {length} bytes long, the most is {most}")]
    TooLong {
        /// How many bytes it has.
        length: usize,
        /// The bound.
        most: usize,
    },
    /// A character outside `A-Z a-z 0-9 . _ -`.
    #[error("has {0:?}, which a key cannot hold")]
    NotInKeys(char),
    /// A line break, tab or another control character.
    #[error("has the control character {0:?}")]
    Control(char),
}

/// Whether `text` can be the key of an experiment, variant or metric: `[A-Za-z0-9._-]{1,128}`.
///
/// # Errors
/// [`NameError`] says what is in the way.
pub fn check_key(text: &str) -> Result<(), NameError> {
    check_length(text, MAX_NAME_BYTES)?;
    let outside = |c: &char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'));
    text.chars().find(outside).map_or(Ok(()), |c| Err(NameError::NotInKeys(c)))
}

/// Whether `text` can name an event or an attribute: 1–128 bytes without control characters.
///
/// # Errors
/// [`NameError`] says what is in the way.
pub fn check_event_name(text: &str) -> Result<(), NameError> {
    check_length(text, MAX_NAME_BYTES)?;
    text.chars().find(|c| c.is_control()).map_or(Ok(()), |c| Err(NameError::Control(c)))
}

/// Whether `text` can be a customer's id: 1–256 bytes, any characters, compared byte by byte.
///
/// # Errors
/// [`NameError`] says what is in the way.
pub fn check_customer_id(text: &str) -> Result<(), NameError> {
    check_length(text, MAX_CUSTOMER_ID_BYTES)
}

fn check_length(text: &str, most: usize) -> Result<(), NameError> {
    match text.len() {
        0 => Err(NameError::Empty),
        length if length > most => Err(NameError::TooLong { length, most }),
        _ => Ok(()),
    }
}

/// A text that passes `check`; `mend` says what would.
fn checked(field: &Field<'_>, check: fn(&str) -> Result<(), NameError>, mend: &str) -> Option<String> {
    let text = field.text()?;
    match check(text) {
        Ok(()) => Some(text.to_owned()),
        Err(error) => field.problem(error.to_string(), mend),
    }
}

pub(super) fn key(field: &Field<'_>) -> Option<String> {
    checked(field, check_key, "use 1 to 128 of A-Z a-z 0-9 . _ -")
}

pub(super) fn event(field: &Field<'_>) -> Option<String> {
    checked(field, check_event_name, "use 1 to 128 bytes without control characters")
}

/// The owner's word for something: an offer's kind, a changed element, an attribute.
pub(super) fn label(field: &Field<'_>) -> Option<String> {
    event(field)
}

pub(super) fn customer_id(field: &Field<'_>) -> Option<String> {
    checked(field, check_customer_id, "use 1 to 256 bytes")
}

/// A text of 1 to `most` bytes: a salt, a seed.
pub(super) fn text(field: &Field<'_>, most: usize) -> Option<String> {
    let text = field.text()?;
    match check_length(text, most) {
        Ok(()) => Some(text.to_owned()),
        Err(error) => field.problem(error.to_string(), format!("use 1 to {most} bytes")),
    }
}

/// A name that nobody in the same list has yet.
pub(super) fn distinct(
    field: &Field<'_>,
    taken: &mut Taken,
    parse: fn(&Field<'_>) -> Option<String>,
) -> Option<String> {
    let name = parse(field)?;
    take(field, taken, &name)?;
    Some(name)
}

/// Notes that a name is taken from now on, if nobody in the same list has it yet.
pub(super) fn take(field: &Field<'_>, taken: &mut Taken, name: &str) -> Option<()> {
    if let Some(first) = taken.get(name) {
        return field.problem(format!("\"{name}\" is already at {first}"), "choose another name");
    }
    taken.insert(name.to_owned(), field.path().to_owned());
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checks_by_kind() {
        assert_eq!(check_key("Winback_2026.v-1"), Ok(()));
        assert_eq!(check_key("a b"), Err(NameError::NotInKeys(' ')));
        assert_eq!(check_key("ü"), Err(NameError::NotInKeys('ü')));
        assert_eq!(check_key(""), Err(NameError::Empty));
        assert_eq!(check_key(&"k".repeat(129)), Err(NameError::TooLong { length: 129, most: 128 }));
        assert_eq!(check_event_name("Bestellung größer 5"), Ok(()));
        assert_eq!(check_event_name("a\tb"), Err(NameError::Control('\t')));
        assert_eq!(check_customer_id(&"é".repeat(128)), Ok(()));
        assert_eq!(check_customer_id(&"é".repeat(129)), Err(NameError::TooLong { length: 258, most: 256 }));
    }
}
