//! Documents as people write them.

use experiment_core::definition::read_document;
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::Value;

/// Fields of a definition in the order that a reader looks for them; the others follow.
const ORDER: &[&str] = &["key", "hypothesis", "traffic", "audience", "requires", "hash", "variants"];

/// A document as YAML, for people who read it or go on writing; as JSON, which is YAML too, where that would not be
/// read back the same. Ends with a line break.
#[must_use]
pub fn yaml(document: &Value) -> String {
    let yaml = serde_saphyr::to_string(&Ordered(document)).ok();
    let is_same = |yaml: &String| read_document(yaml).is_ok_and(|read| read == *document);
    yaml.filter(is_same).unwrap_or_else(|| format!("{document:#}\n"))
}

/// A document with its outermost fields in the order of reading.
struct Ordered<'a>(&'a Value);

impl Serialize for Ordered<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Value::Object(fields) = self.0 else { return self.0.serialize(serializer) };
        let first = ORDER.iter().filter_map(|name| fields.get_key_value(*name));
        let others = fields.iter().filter(|(name, _)| !ORDER.contains(&name.as_str()));
        let mut map = serializer.serialize_map(Some(fields.len()))?;
        for (name, value) in first.chain(others) {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn fields_stand_in_the_order_of_reading() {
        let document = json!({"metrics": [{"key": "paid"}], "key": "winback", "hypothesis": "It: helps"});
        assert_eq!(yaml(&document), "key: winback\nhypothesis: \"It: helps\"\nmetrics:\n- key: paid\n");
    }

    #[test]
    fn whatever_stands_in_it_is_read_back_the_same() {
        for text in
            ["yes", "1e3", "0x1", "- a", "#", "a\nb", " ", "<script>", "~", "2026-03-01", "\u{85}", "'\""]
        {
            let document = json!({"key": text, text: [text, {"a": text}], "n": [0.1, -3, null, true]});
            assert_eq!(read_document(&yaml(&document)).unwrap(), document, "{text:?}");
        }
    }
}
