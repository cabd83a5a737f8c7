//! Untyped values, read strictly from any format that serde reads.

use std::cell::RefCell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::map::Entry;
use serde_json::{Map, Number, Value};

/// Reads any value in which no object has a key twice; a plain [`Value`] would keep the last one.
///
/// ```
/// use experiment_core::json::DistinctKeys;
/// use serde::de::DeserializeSeed;
/// let read = |text| DistinctKeys::default().deserialize(&mut serde_json::Deserializer::from_str(text));
/// assert!(read(r#"{"a": 1, "b": 2}"#).is_ok());
/// assert!(read(r#"{"a": 1, "a": 2}"#).is_err());
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct DistinctKeys<'a> {
    /// Is told the key being read, for the outermost object only, so that an error can name it.
    pub field: Option<&'a RefCell<String>>,
}

impl<'de> DeserializeSeed<'de> for DistinctKeys<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for DistinctKeys<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON data")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("non-finite number"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(DistinctKeys::default())? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            let place = match object.entry(key) {
                Entry::Vacant(place) => place,
                Entry::Occupied(taken) => {
                    return Err(A::Error::custom(format!("duplicate key {:?}", taken.key())));
                }
            };
            if let Some(field) = self.field {
                field.borrow_mut().clone_from(place.key());
            }
            let value = entries.next_value_seed(DistinctKeys::default())?;
            if let Some(field) = self.field {
                field.borrow_mut().clear();
            }
            place.insert(value);
        }
        Ok(Value::Object(object))
    }
}
