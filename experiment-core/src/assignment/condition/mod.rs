//! Conditions on a customer's attributes, in the MongoDB-style language that GrowthBook's SDKs share.
//!
//! `{"plan": "basic", "tenure_days": {"$gt": 30}}`: every entry must hold. A name is an attribute or a
//! dotted path into one; a value is what it must be, or operators. `docs/assignment.md` lists them all.
//!
//! Comparisons are those of the SDK for JavaScript, conversions between types included: a missing attribute
//! is null, null counts as 0 beside a number, and a text beside a number counts as the number it spells.
//! Nobody is an error: a customer whom a condition cannot be asked of is not in the audience.
//!
//! A condition is compiled when it is loaded, within bounds on depth, size and states of regular
//! expressions. Judging a customer allocates nothing and takes no lock.
//!
//! # References
//! GrowthBook (2024), "Build Your Own SDK", <https://docs.growthbook.io/lib/build-your-own>, and the
//! behaviour of its SDK for JavaScript. Deviations: objects are equal whatever the order of their members;
//! regular expressions with look-around or back references never match.

mod actual;
mod compile;
mod fold;
mod groups;
mod javascript;
mod members;
mod number;
mod operator;
mod pattern;
mod rule;
mod version;

pub use groups::Groups;

use serde_json::{Map, Value};

use crate::definition::Problem;
use actual::Actual;
use rule::Rule;

/// Who is meant, compiled.
///
/// # Examples
/// ```
/// use experiment_core::assignment::condition::{Condition, Groups};
/// use serde_json::json;
///
/// let condition = json!({"country": {"$in": ["DE", "PL"]}, "orders.count": {"$gte": 3}});
/// let condition = Condition::compile(&condition, &Groups::default()).unwrap();
///
/// let anna = json!({"country": "PL", "orders": {"count": 4}});
/// assert!(condition.matches(anna.as_object().unwrap()));
///
/// let problems = Condition::compile(&json!({"age": {"$gtt": 18}}), &Groups::default()).unwrap_err();
/// assert_eq!(problems[0].path, "age[\"$gtt\"]");
/// assert_eq!(problems[0].mend, "did you mean \"$gt\"?");
/// ```
#[derive(Debug, Clone)]
pub struct Condition {
    rule: Rule,
}

impl Condition {
    /// Compiles a condition that somebody here wrote: whatever could not do what it says is refused.
    ///
    /// # Errors
    /// Everything that is wrong, each with its path inside the condition and its mend: unknown operators
    /// and groups, operands of a type that can never match, invalid regular expressions, too much of it.
    pub fn compile(condition: &Value, groups: &Groups) -> Result<Condition, Vec<Problem>> {
        match compile::compile(condition, groups) {
            (rule, problems) if problems.is_empty() => Ok(Condition { rule }),
            (_, problems) => Err(problems),
        }
    }

    /// Compiles a condition that comes from elsewhere, exactly as the SDKs take it: an unknown operator or
    /// an invalid regular expression is not true of any value, an unknown group is empty. What is beyond
    /// our bounds matches nobody.
    #[must_use]
    pub fn compile_lenient(condition: &Value, groups: &Groups) -> Condition {
        Condition { rule: compile::compile(condition, groups).0 }
    }

    /// Whether a customer with these attributes is meant.
    #[must_use]
    pub fn matches(&self, attributes: &Map<String, Value>) -> bool {
        self.rule.matches(Actual::Object(attributes))
    }
}
