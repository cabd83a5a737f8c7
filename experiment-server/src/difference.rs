//! Where two JSON documents differ, number by number.

use serde_json::{Number, Value};

/// What was compared, and what differs.
#[derive(Debug, Default)]
pub(crate) struct Comparison {
    /// Numbers compared.
    pub(crate) numbers: u64,
    /// Texts and truth values compared.
    pub(crate) words: u64,
    /// In the order of the documents.
    pub(crate) differences: Vec<Difference>,
}

/// One place at which the documents are not the same.
#[derive(Debug, PartialEq)]
pub(crate) struct Difference {
    /// Such as `metrics[0].arms[1].n`.
    pub(crate) path: String,
    /// What the first document has there.
    pub(crate) stored: Option<Value>,
    /// What the second has.
    pub(crate) made: Option<Value>,
}

impl Difference {
    /// Whether both are whole numbers, which no two versions of a library may count differently.
    pub(crate) fn is_count(&self) -> bool {
        let whole =
            |side: &Option<Value>| side.as_ref().is_some_and(|value| value.is_u64() || value.is_i64());
        whole(&self.stored) && whole(&self.made)
    }
}

/// Compares `stored` with `made`: whole numbers exactly, all others by their bits.
pub(crate) fn compare(stored: &Value, made: &Value) -> Comparison {
    let mut comparison = Comparison::default();
    comparison.descend("", stored, made);
    comparison
}

impl Comparison {
    fn descend(&mut self, path: &str, stored: &Value, made: &Value) {
        match (stored, made) {
            (Value::Object(stored), Value::Object(made)) => {
                let inside =
                    |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
                for (key, value) in stored {
                    self.step(inside(key), Some(value), made.get(key));
                }
                for (key, value) in made.iter().filter(|(key, _)| !stored.contains_key(*key)) {
                    self.step(inside(key), None, Some(value));
                }
            }
            (Value::Array(stored), Value::Array(made)) => {
                for index in 0..stored.len().max(made.len()) {
                    self.step(format!("{path}[{index}]"), stored.get(index), made.get(index));
                }
            }
            (Value::Number(one), Value::Number(other)) => {
                self.numbers += 1;
                self.judge(same_number(one, other), path, stored, made);
            }
            _ => {
                self.words += 1;
                self.judge(stored == made, path, stored, made);
            }
        }
    }

    fn step(&mut self, path: String, stored: Option<&Value>, made: Option<&Value>) {
        match (stored, made) {
            (Some(stored), Some(made)) => self.descend(&path, stored, made),
            (stored, made) => {
                self.differences.push(Difference { path, stored: stored.cloned(), made: made.cloned() });
            }
        }
    }

    fn judge(&mut self, same: bool, path: &str, stored: &Value, made: &Value) {
        if !same {
            let (stored, made) = (Some(stored.clone()), Some(made.clone()));
            self.differences.push(Difference { path: path.to_owned(), stored, made });
        }
    }
}

/// Floats by their bits; one may have become a whole number with what passed the document on.
fn same_number(one: &Number, other: &Number) -> bool {
    if !one.is_f64() && !other.is_f64() {
        return one == other;
    }
    one.as_f64().map(f64::to_bits) == other.as_f64().map(f64::to_bits)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn paths(stored: &Value, made: &Value) -> Vec<String> {
        compare(stored, made).differences.into_iter().map(|difference| difference.path).collect()
    }

    #[test]
    fn every_place_that_differs_is_named() {
        let stored = json!({"n": 5, "arms": [{"rate": 0.1, "name": "a"}, {"rate": 0.2}], "old": null});
        let made = json!({"n": 6, "arms": [{"rate": 0.1, "name": "b"}], "new": [1]});
        assert_eq!(paths(&stored, &made), ["arms[0].name", "arms[1]", "n", "old", "new"]);
        let compared = compare(&stored, &made);
        assert_eq!((compared.numbers, compared.words), (2, 1));
        let counts: Vec<bool> = compared.differences.iter().map(Difference::is_count).collect();
        assert_eq!(counts, [false, false, true, false, false]);
    }

    #[test]
    fn numbers_are_compared_to_the_last_bit() {
        let next = f64::from_bits(0.1_f64.to_bits() + 1);
        assert_eq!(paths(&json!([0.1]), &json!([next])), ["[0]"]);
        assert_eq!(paths(&json!([0.0]), &json!([-0.0])), ["[0]"]);
        assert_eq!(paths(&json!([u64::MAX]), &json!([u64::MAX - 1])), ["[0]"]);
        assert!(paths(&json!([1, 0.1, u64::MAX]), &json!([1.0, 0.1, u64::MAX])).is_empty());
        assert_eq!(paths(&json!(["1"]), &json!([1])), ["[0]"]);
    }
}
