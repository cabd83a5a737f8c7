//! Conditions on a customer's attributes, in the MongoDB-style language that GrowthBook's SDKs share.
//!
//! `{"plan": "basic", "tenure_days": {"$gt": 30}}`: every entry must hold. A name is an attribute or a
//! dotted path into one; a value is what it must be, or operators. `docs/assignment.md` lists them all.
//!
//! Comparisons are those of the SDK for JavaScript, conversions between types included: a text beside a
//! number counts as the number it spells. A missing attribute is null, never an error. In the SDKs null
//! counts as 0 beside a number; in a condition that is written here nobody can tell how a missing attribute
//! compares, and that stays so when it is turned round by `$not`, so that nobody is meant because of what is
//! not known of them. What asks for absence can tell: null, `$exists`, `$eq`, `$ne`, `$in`, `$nin`, the groups,
//! `$type`.
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
mod scope;
mod short;
mod version;

pub use groups::Groups;
pub use scope::{References, Scope};

use serde_json::{Map, Value};

use crate::problem::Problem;
use actual::Actual;
use compile::{Compiled, Names, compile};
use rule::{Rule, Subject};

/// Who is meant, compiled.
///
/// # Examples
/// ```
/// use experiment_core::condition::{Condition, Scope};
/// use serde_json::json;
///
/// let condition = json!({"country": {"$in": ["DE", "PL"]}, "orders.count": {"$gte": 3}});
/// let condition = Condition::compile(&condition, &Scope::default()).unwrap();
///
/// let anna = json!({"country": "PL", "orders": {"count": 4}});
/// assert!(condition.matches(anna.as_object().unwrap()));
///
/// let problems = Condition::compile(&json!({"age": {"$gtt": 18}}), &Scope::default()).unwrap_err();
/// assert_eq!(problems[0].path, "age[\"$gtt\"]");
/// assert_eq!(problems[0].mend, "did you mean \"$gt\"?");
/// ```
#[derive(Debug, Clone)]
pub struct Condition {
    /// All of these. In place, since deciding reads it: most conditions have a few entries.
    entries: Box<[Rule]>,
}

impl Condition {
    /// Compiles a condition that somebody here wrote: whatever could not do what it says is refused.
    /// `segment` asks for segments by name: `{"segment": "at_risk"}`, `{"segment": {"$nin": ["vip"]}}`.
    ///
    /// # Errors
    /// Everything that is wrong, each with its path inside the condition and its mend: unknown operators,
    /// groups and segments, operands of a type that can never match, invalid regular expressions, too much
    /// of it.
    pub fn compile(condition: &Value, scope: &Scope) -> Result<Condition, Vec<Problem>> {
        let Compiled { rule, problems, .. } = compile(condition, Names::Known(scope));
        if problems.is_empty() { Ok(Condition::of(rule)) } else { Err(problems) }
    }

    /// Checks a condition as [`Condition::compile`] does, but for what it names: answers which groups and
    /// segments must be there.
    ///
    /// # Errors
    /// Everything that is wrong whatever groups and segments there are.
    pub fn check(condition: &Value) -> Result<References, Vec<Problem>> {
        let Compiled { problems, references, .. } = compile(condition, Names::Open);
        if problems.is_empty() { Ok(references) } else { Err(problems) }
    }

    /// Compiles a condition that comes from elsewhere, exactly as the SDKs take it: an unknown operator or
    /// an invalid regular expression is not true of any value, an unknown group is empty. What is beyond
    /// our bounds matches nobody.
    #[must_use]
    pub fn compile_lenient(condition: &Value, groups: &Groups) -> Condition {
        Condition::of(compile(condition, Names::Lenient(groups)).rule)
    }

    /// Whether a customer with these attributes is meant.
    #[must_use]
    pub fn matches(&self, attributes: &Map<String, Value>) -> bool {
        self.holds(Actual::Object(attributes))
    }

    /// As [`Condition::matches`]; the attribute `id`, where it is not sent, is the customer's id.
    #[must_use]
    pub fn matches_customer(&self, id: &str, attributes: Option<&Map<String, Value>>) -> bool {
        self.holds(Person { id, attributes })
    }

    /// Which of the `count` entries of the object that it was compiled from hold, in their order.
    pub(crate) fn entries_hold(
        &self,
        count: usize,
        id: &str,
        attributes: Option<&Map<String, Value>>,
    ) -> Vec<bool> {
        let person = Person { id, attributes };
        match count {
            1 => vec![self.holds(person)],
            _ => self.entries.iter().map(|rule| rule.matches(person)).collect(),
        }
    }

    fn of(rule: Rule) -> Condition {
        let entries = match rule {
            Rule::All(rules) => rules,
            rule => Box::new([rule]),
        };
        Condition { entries }
    }

    #[inline]
    fn holds<'a, S: Subject<'a>>(&self, subject: S) -> bool {
        self.entries.iter().all(|rule| rule.matches(subject))
    }
}

/// A customer as conditions see one.
#[derive(Clone, Copy)]
struct Person<'a> {
    id: &'a str,
    attributes: Option<&'a Map<String, Value>>,
}

impl<'a> Subject<'a> for Person<'a> {
    #[inline]
    fn attribute(self, name: &str) -> Actual<'a> {
        match self.attributes.and_then(|attributes| short::member(attributes, name)) {
            Some(value) => Actual::from(value),
            None if name == "id" => Actual::Text(self.id),
            None => Actual::Null,
        }
    }
}
