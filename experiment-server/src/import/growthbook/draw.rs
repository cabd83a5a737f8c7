//! Draws: which part of the customers a hash lets in.
//!
//! A fraction takes a thousand or ten thousand values only, so a draw is the set of those that it lets in:
//! what two draws share and what one leaves is then exact, whatever the ranges' ends round to.

use serde_json::{Value, json};

/// The customers whose fraction is one of these.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Draw {
    /// The attribute that is hashed.
    pub(super) attribute: String,
    pub(super) seed: String,
    /// Of the hash: 1 or 2.
    pub(super) version: u8,
    /// Whether the fraction k ÷ length is let in.
    inside: Vec<bool>,
}

impl Draw {
    pub(super) fn new(attribute: &str, seed: &str, version: u8, lets_in: impl Fn(f64) -> bool) -> Draw {
        let steps: u16 = if version == 1 { 1_000 } else { 10_000 };
        let inside = (0..steps).map(|step| lets_in(f64::from(step) / f64::from(steps))).collect();
        Draw { attribute: attribute.to_owned(), seed: seed.to_owned(), version, inside }
    }

    pub(super) fn is_everybody(&self) -> bool {
        self.inside.iter().all(|inside| *inside)
    }

    pub(super) fn is_nobody(&self) -> bool {
        !self.inside.contains(&true)
    }

    /// Whether no customer can be in both.
    pub(super) fn excludes(&self, other: &Draw) -> bool {
        let same_hash =
            self.attribute == other.attribute && self.seed == other.seed && self.version == other.version;
        same_hash && !self.inside.iter().zip(&other.inside).any(|(this, that)| *this && *that)
    }

    /// Everybody else.
    pub(super) fn complement(&self) -> Draw {
        Draw { inside: self.inside.iter().map(|inside| !inside).collect(), ..self.clone() }
    }

    /// As a filter of a definition.
    pub(super) fn filter(&self) -> Value {
        let steps = self.inside.len();
        let fraction = |step: usize| step as f64 / steps as f64;
        let mut ranges: Vec<(f64, f64)> = Vec::new();
        let mut from = None;
        for step in 0..=steps {
            match (self.inside.get(step).copied().unwrap_or(false), from) {
                (true, None) => from = Some(step),
                (false, Some(start)) => {
                    ranges.push((fraction(start), fraction(step)));
                    from = None;
                }
                _ => {}
            }
        }
        json!({"seed": self.seed, "version": self.version, "ranges": ranges})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_lets_in_the_same_fractions() {
        // A rollout takes its end in, and 0.29 as a double is no multiple of a thousandth.
        let draw = Draw::new("id", "s", 1, |fraction| fraction <= 0.29);
        assert_eq!(draw.filter()["ranges"], json!([[0.0, 0.291]]));
        assert_eq!(draw.complement().filter()["ranges"], json!([[0.291, 1.0]]));
        assert!(draw.excludes(&draw.complement()) && !draw.excludes(&draw));
        let parts = Draw::new("id", "s", 2, |fraction| !(0.25..0.5).contains(&fraction));
        assert_eq!(parts.filter()["ranges"], json!([[0.0, 0.25], [0.5, 1.0]]));
    }
}
