//! A compiled condition and how it is judged.

use std::cmp::Ordering;
use std::sync::Arc;

use serde_json::Value;

use super::actual::Actual;
use super::members::Members;
use super::pattern::Pattern;
use super::{short, version};

/// What is asked of an object of attributes.
#[derive(Debug, Clone)]
pub(super) enum Rule {
    /// Each of these.
    All(Box<[Rule]>),
    /// One of these at least; of none, true.
    Any(Box<[Rule]>),
    Not(Box<Rule>),
    /// What a segment asks.
    Segment(Arc<Rule>),
    /// Something of an attribute. `missing` is what is found of one that is not there.
    Attribute {
        name: Box<str>,
        test: Test,
        missing: Found,
    },
    /// Something of what is at a path inside an attribute.
    Path {
        first: Box<str>,
        rest: Box<[Box<str>]>,
        test: Test,
        missing: Found,
    },
    /// What has no meaning.
    Never,
}

/// What is found of a customer: that something holds, that it does not, or that nobody can tell, since an
/// attribute is missing. In this order, "each of these" is the least and "one of these" the greatest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Found {
    No,
    Unknown,
    Yes,
}

impl Found {
    fn negated(self) -> Found {
        match self {
            Found::No => Found::Yes,
            Found::Unknown => Found::Unknown,
            Found::Yes => Found::No,
        }
    }
}

impl From<bool> for Found {
    fn from(holds: bool) -> Found {
        if holds { Found::Yes } else { Found::No }
    }
}

/// What a rule is asked of.
pub(super) trait Subject<'a>: Copy {
    /// The value under a name; null where there is none.
    fn attribute(self, name: &str) -> Actual<'a>;
}

impl<'a> Subject<'a> for Actual<'a> {
    fn attribute(self, name: &str) -> Actual<'a> {
        self.member(name)
    }
}

impl Rule {
    /// Whether it is found to hold.
    #[inline]
    pub(super) fn matches<'a, S: Subject<'a>>(&self, subject: S) -> bool {
        match self {
            // Most conditions ask something of a few attributes.
            Rule::Attribute { name, test, missing } => holds(test, *missing, subject.attribute(name)),
            rule => rule.matches_other(subject),
        }
    }

    #[inline(never)]
    fn matches_other<'a, S: Subject<'a>>(&self, subject: S) -> bool {
        match self {
            Rule::All(rules) => rules.iter().all(|rule| rule.matches(subject)),
            Rule::Any(rules) => rules.is_empty() || rules.iter().any(|rule| rule.matches(subject)),
            Rule::Segment(rule) => rule.matches(subject),
            Rule::Attribute { .. } | Rule::Not(_) | Rule::Path { .. } | Rule::Never => {
                self.find(subject) == Found::Yes
            }
        }
    }

    /// What is found: what nobody can tell stays so when it is turned round.
    fn find<'a, S: Subject<'a>>(&self, subject: S) -> Found {
        match self {
            Rule::All(rules) => rules.iter().map(|rule| rule.find(subject)).min().unwrap_or(Found::Yes),
            Rule::Any(rules) => rules.iter().map(|rule| rule.find(subject)).max().unwrap_or(Found::Yes),
            Rule::Not(rule) => rule.find(subject).negated(),
            Rule::Segment(rule) => rule.find(subject),
            Rule::Attribute { name, test, missing } => find(test, *missing, subject.attribute(name)),
            Rule::Path { first, rest, test, missing } => {
                let value = rest.iter().fold(subject.attribute(first), |value, name| value.member(name));
                find(test, *missing, value)
            }
            Rule::Never => Found::No,
        }
    }
}

#[inline]
fn holds(test: &Test, missing: Found, actual: Actual<'_>) -> bool {
    if actual.is_null() { missing == Found::Yes } else { test.matches(actual) }
}

fn find(test: &Test, missing: Found, actual: Actual<'_>) -> Found {
    if actual.is_null() { missing } else { test.matches(actual).into() }
}

/// What is asked of one value.
#[derive(Debug, Clone)]
pub(super) enum Test {
    /// Each of these.
    All(Box<[Test]>),
    Not(Box<Test>),
    /// Counts as this text.
    Text(Box<str>),
    /// Counts as this text, which is in lower case, whatever the case.
    TextFolded(Box<str>),
    /// Counts as this number.
    Number(f64),
    /// Counts as true or as false, and is not missing.
    Flag(bool),
    Null,
    /// Is the same document.
    Same(Value),
    /// Is the only member, of the same type.
    Equal(Members),
    /// Stands so to the operand.
    Order(Order, Operand),
    /// Is a version that stands so to this one, which is padded.
    Version(Order, Box<str>),
    Exists(bool),
    /// Is a member, or has an item that is.
    In(Arc<Members>),
    Pattern(Pattern),
    /// Is of the type with this name.
    Type(Box<str>),
    /// A list whose length passes.
    Size(Box<Test>),
    /// A list; each of these is passed by one of its items.
    Every(Box<[Test]>),
    /// A list with an item that passes.
    Item(Box<Test>),
    /// A list with an item that matches as an object of attributes does.
    ItemMatches(Box<Rule>),
    /// What has no meaning.
    Never,
}

impl Test {
    #[inline]
    pub(super) fn matches(&self, actual: Actual<'_>) -> bool {
        match (self, actual) {
            (Test::Text(expected), Actual::Text(text)) => short::same(text, expected),
            (Test::In(members), Actual::Text(text)) => members.has_text(text),
            (Test::Order(order, Operand { text: None, number }), Actual::Number(actual)) => {
                actual.partial_cmp(number).is_some_and(|found| order.allows(found))
            }
            _ => self.matches_other(actual),
        }
    }

    #[inline(never)]
    fn matches_other(&self, actual: Actual<'_>) -> bool {
        match self {
            Test::All(tests) => tests.iter().all(|test| test.matches(actual)),
            Test::Not(test) => !test.matches(actual),
            Test::Text(expected) => actual.is_text(expected),
            Test::TextFolded(expected) => actual.is_text_folded(expected),
            Test::Number(expected) => actual.to_number() == *expected,
            Test::Flag(expected) => !actual.is_null() && actual.is_truthy() == *expected,
            Test::Null => actual.is_null(),
            Test::Same(expected) => actual.is_same(expected),
            Test::Equal(member) => member.contains(actual),
            Test::Order(order, operand) => operand.compare(actual).is_some_and(|found| order.allows(found)),
            Test::Version(order, padded) => order.allows(version::compare(actual, padded)),
            Test::Exists(expected) => actual.is_null() != *expected,
            Test::In(members) => members.meets(actual),
            Test::Pattern(pattern) => pattern.matches(actual),
            Test::Type(name) => actual.type_name() == &**name,
            Test::Size(test) => any_of(actual, |items| test.matches(Actual::length(items))),
            Test::Every(tests) => any_of(actual, |items| {
                let passed = |test: &Test| items.iter().any(|item| test.matches(Actual::from(item)));
                tests.iter().all(passed)
            }),
            Test::Item(test) => any_item(actual, |item| test.matches(item)),
            Test::ItemMatches(rule) => any_item(actual, |item| rule.matches(item)),
            Test::Never => false,
        }
    }
}

impl Test {
    /// What is found of a value that is missing: only what speaks of absence can tell.
    pub(super) fn on_missing(&self) -> Found {
        match self {
            Test::All(tests) => tests.iter().map(Test::on_missing).min().unwrap_or(Found::Yes),
            Test::Not(test) => test.on_missing().negated(),
            Test::Null | Test::Exists(_) | Test::Equal(_) | Test::In(_) | Test::Type(_) | Test::Never => {
                self.matches(Actual::Null).into()
            }
            Test::Text(_)
            | Test::TextFolded(_)
            | Test::Number(_)
            | Test::Flag(_)
            | Test::Same(_)
            | Test::Order(..)
            | Test::Version(..)
            | Test::Pattern(_)
            | Test::Size(_)
            | Test::Every(_)
            | Test::Item(_)
            | Test::ItemMatches(_) => Found::Unknown,
        }
    }
}

fn any_of(actual: Actual<'_>, test: impl FnOnce(&[Value]) -> bool) -> bool {
    if let Actual::List(items) = actual { test(items) } else { false }
}

/// Items that count as false (null, false, 0, the empty text) are passed over.
fn any_item(actual: Actual<'_>, test: impl Fn(Actual<'_>) -> bool) -> bool {
    any_of(actual, |items| items.iter().map(Actual::from).any(|item| item.is_truthy() && test(item)))
}

/// How a value must stand to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    Less,
    LessOrEqual,
    Equal,
    GreaterOrEqual,
    Greater,
}

impl Order {
    fn allows(self, found: Ordering) -> bool {
        match self {
            Order::Less => found.is_lt(),
            Order::LessOrEqual => found.is_le(),
            Order::Equal => found.is_eq(),
            Order::GreaterOrEqual => found.is_ge(),
            Order::Greater => found.is_gt(),
        }
    }
}

/// The other side of a comparison: texts are compared as texts, everything else as numbers.
#[derive(Debug, Clone)]
pub(super) struct Operand {
    /// Where it is a text, or a list or an object, which count as theirs.
    text: Option<Box<str>>,
    number: f64,
}

impl Operand {
    pub(super) fn new(value: &Value) -> Operand {
        let actual = Actual::from(value);
        let text = match actual {
            Actual::Null | Actual::Flag(_) | Actual::Number(_) => None,
            Actual::Text(_) | Actual::List(_) | Actual::Object(_) => {
                let mut text = String::new();
                actual.write_text(&mut |piece| text.push_str(piece));
                Some(text.into())
            }
        };
        Operand { text, number: actual.to_number() }
    }

    /// `None` where one of them is no number.
    fn compare(&self, actual: Actual<'_>) -> Option<Ordering> {
        match (&self.text, actual) {
            (Some(text), Actual::Text(_) | Actual::List(_) | Actual::Object(_)) => {
                Some(actual.compare_text(text))
            }
            (_, actual) => actual.to_number().partial_cmp(&self.number),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn texts_are_compared_as_texts_and_all_else_as_numbers() {
        let compare = |actual: Value, operand: Value| Operand::new(&operand).compare(Actual::from(&actual));
        assert_eq!(compare(json!("10"), json!("9")), Some(Ordering::Less));
        assert_eq!(compare(json!("10"), json!(9)), Some(Ordering::Greater));
        assert_eq!(compare(json!(10), json!("9")), Some(Ordering::Greater));
        assert_eq!(compare(json!(null), json!(1)), Some(Ordering::Less));
        assert_eq!(compare(json!(null), json!("")), Some(Ordering::Equal));
        assert_eq!(compare(json!("x"), json!(1)), None);
        assert_eq!(compare(json!([5]), json!(5)), Some(Ordering::Equal));
        assert_eq!(compare(json!(["b", 1]), json!("b,0")), Some(Ordering::Greater));
        assert_eq!(compare(json!({}), json!("[object Object]")), Some(Ordering::Equal));
        assert_eq!(compare(json!({}), json!(0)), None);
    }
}
