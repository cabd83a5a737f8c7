//! When a computed number counts as equal to a reference.

use serde::Deserialize;
use serde_json::Value;

/// Accepts `|got - want| <= max(abs, rel * |want|)`.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Tolerance {
    /// Relative to the wanted value.
    pub rel: f64,
    /// Absolute, in the unit of the value.
    pub abs: f64,
}

impl Tolerance {
    /// Whether `got` is near enough to `want`; infinities equal only themselves, `NaN` nothing.
    pub fn accepts(&self, got: f64, want: f64) -> bool {
        if got.is_infinite() || want.is_infinite() {
            return got == want;
        }
        (got - want).abs() <= self.abs.max(self.rel * want.abs())
    }
}

/// A number as reference files write it: JSON numbers, `"inf"` and `"-inf"`.
pub fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) if text == "inf" => Some(f64::INFINITY),
        Value::String(text) if text == "-inf" => Some(f64::NEG_INFINITY),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nan_equals_nothing_and_infinity_only_itself() {
        let loose = Tolerance { rel: 1.0, abs: 1e300 };
        assert!(!loose.accepts(f64::NAN, 0.0) && !loose.accepts(0.0, f64::NAN));
        assert!(loose.accepts(f64::INFINITY, f64::INFINITY));
        assert!(!loose.accepts(1.0, f64::INFINITY) && !loose.accepts(f64::NEG_INFINITY, f64::INFINITY));
    }

    #[test]
    fn the_larger_of_the_two_tolerances_counts() {
        let tolerance = Tolerance { rel: 1e-3, abs: 1e-6 };
        assert!(tolerance.accepts(1.001, 1.0) && !tolerance.accepts(1.0011, 1.0));
        assert!(tolerance.accepts(1e-6, 0.0) && !tolerance.accepts(1.1e-6, 0.0));
    }
}
