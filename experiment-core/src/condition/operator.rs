//! The operators on one value: their names, what each of them takes, what it asks.

use std::sync::Arc;

use serde_json::Value;

use super::actual::Actual;
use super::compile::{Compiler, Place, is_operators};
use super::members::Members;
use super::pattern::Pattern;
use super::rule::{Operand, Order, Test};
use super::version;

/// The types that `$type` names.
const TYPES: &[&str] = &["string", "number", "boolean", "array", "object", "null"];

/// An operator by what it asks; the flag is whether case is ignored.
#[derive(Debug, Clone, Copy)]
pub(super) enum Operator {
    Equal,
    NotEqual,
    Order(Order),
    Version(Order),
    VersionNotEqual,
    Exists,
    In(bool),
    NotIn(bool),
    InGroup,
    NotInGroup,
    All(bool),
    Regex(bool),
    NotRegex(bool),
    Type,
    Size,
    ElemMatch,
    Not,
}

const OPERATORS: &[(&str, Operator)] = &[
    ("$eq", Operator::Equal),
    ("$ne", Operator::NotEqual),
    ("$lt", Operator::Order(Order::Less)),
    ("$lte", Operator::Order(Order::LessOrEqual)),
    ("$gt", Operator::Order(Order::Greater)),
    ("$gte", Operator::Order(Order::GreaterOrEqual)),
    ("$veq", Operator::Version(Order::Equal)),
    ("$vne", Operator::VersionNotEqual),
    ("$vlt", Operator::Version(Order::Less)),
    ("$vlte", Operator::Version(Order::LessOrEqual)),
    ("$vgt", Operator::Version(Order::Greater)),
    ("$vgte", Operator::Version(Order::GreaterOrEqual)),
    ("$exists", Operator::Exists),
    ("$in", Operator::In(false)),
    ("$ini", Operator::In(true)),
    ("$nin", Operator::NotIn(false)),
    ("$nini", Operator::NotIn(true)),
    ("$inGroup", Operator::InGroup),
    ("$notInGroup", Operator::NotInGroup),
    ("$all", Operator::All(false)),
    ("$alli", Operator::All(true)),
    ("$regex", Operator::Regex(false)),
    ("$regexi", Operator::Regex(true)),
    ("$notRegex", Operator::NotRegex(false)),
    ("$notRegexi", Operator::NotRegex(true)),
    ("$type", Operator::Type),
    ("$size", Operator::Size),
    ("$elemMatch", Operator::ElemMatch),
    ("$not", Operator::Not),
];

/// The names of all operators on one value.
pub(super) fn names() -> impl Iterator<Item = &'static str> + Clone {
    OPERATORS.iter().map(|(name, _)| *name)
}

impl Operator {
    pub(super) fn named(name: &str) -> Option<Operator> {
        OPERATORS.iter().find(|(known, _)| *known == name).map(|(_, operator)| *operator)
    }

    /// What it asks with this operand.
    pub(super) fn test(self, compiler: &mut Compiler<'_>, operand: &Value, place: &Place) -> Test {
        match self {
            Operator::Equal => equal(compiler, operand, place),
            Operator::NotEqual => not(equal(compiler, operand, place)),
            Operator::Order(order) => {
                if !operand.is_number() && !operand.is_string() {
                    compiler.expected(place, "a number or a text", operand, "write what to compare with");
                }
                Test::Order(order, Operand::new(operand))
            }
            Operator::Version(order) => version(compiler, order, operand, place),
            Operator::VersionNotEqual => not(version(compiler, Order::Equal, operand, place)),
            Operator::Exists => {
                if !operand.is_boolean() {
                    compiler.expected(place, "true or false", operand, "write true or false, without quotes");
                }
                Test::Exists(Actual::from(operand).is_truthy())
            }
            Operator::In(ignores_case) => {
                members(compiler, operand, place, ignores_case).map_or(Test::Never, Test::In)
            }
            Operator::NotIn(ignores_case) => {
                let members = members(compiler, operand, place, ignores_case);
                members.map_or(Test::Never, |members| not(Test::In(members)))
            }
            Operator::InGroup => Test::In(compiler.group(operand, place)),
            Operator::NotInGroup => not(Test::In(compiler.group(operand, place))),
            Operator::All(ignores_case) => {
                let items = compiler.items(operand, place);
                items.map_or(Test::Never, |items| Test::Every(compiler.tests(items, place, ignores_case)))
            }
            Operator::Regex(ignores_case) => pattern(compiler, operand, place, ignores_case),
            Operator::NotRegex(ignores_case) => match pattern(compiler, operand, place, ignores_case) {
                // What has no meaning is not turned round into what is always true.
                Test::Never => Test::Never,
                test => not(test),
            },
            Operator::Type => kind(compiler, operand, place),
            Operator::Size => {
                if !operand.is_u64() && !operand.is_object() {
                    let mend = "write a number of items, or a condition on it such as {$gt: 2}";
                    compiler.expected(place, "a whole number or operators", operand, mend);
                }
                Test::Size(Box::new(compiler.test(operand, place, false)))
            }
            Operator::ElemMatch => match operand {
                Value::Object(entries) if is_operators(entries) => {
                    Test::Item(Box::new(compiler.test(operand, place, false)))
                }
                _ => Test::ItemMatches(Box::new(compiler.rule(operand, &place.of_item()))),
            },
            Operator::Not => not(compiler.test(operand, place, false)),
        }
    }
}

fn not(test: Test) -> Test {
    Test::Not(Box::new(test))
}

fn equal(compiler: &mut Compiler<'_>, operand: &Value, place: &Place) -> Test {
    if operand.is_array() || operand.is_object() {
        let detail = "a list or an object is never equal to another";
        compiler.problem(place, detail, "write it without the operator: attribute: [ … ]");
    }
    Test::Equal(Members::new(std::slice::from_ref(operand), false))
}

fn version(compiler: &mut Compiler<'_>, order: Order, operand: &Value, place: &Place) -> Test {
    if !operand.is_string() {
        compiler.expected(place, "a version as text", operand, "put it in quotes: \"1.10.0\"");
    }
    Test::Version(order, version::padded(Actual::from(operand)).into())
}

fn members(
    compiler: &mut Compiler<'_>,
    operand: &Value,
    place: &Place,
    ignores_case: bool,
) -> Option<Arc<Members>> {
    let items = compiler.items(operand, place)?;
    if items.iter().any(|item| item.is_array() || item.is_object()) {
        let detail = "holds a list or an object, which is never equal to another";
        compiler.problem(place, detail, "list texts, numbers, true, false or null");
    }
    Some(Arc::new(Members::new(items, ignores_case)))
}

fn pattern(compiler: &mut Compiler<'_>, operand: &Value, place: &Place, ignores_case: bool) -> Test {
    let Value::String(text) = operand else {
        compiler.expected(place, "a regular expression", operand, "write it as text");
        return Test::Never;
    };
    if !compiler.enter_pattern(place) {
        return Test::Never;
    }
    match Pattern::new(text, ignores_case) {
        Ok(pattern) => Test::Pattern(pattern),
        Err(error) => {
            if error.is_too_large {
                compiler.exceed(place, error.detail, error.mend);
            } else {
                compiler.problem(place, error.detail, error.mend);
            }
            Test::Never
        }
    }
}

fn kind(compiler: &mut Compiler<'_>, operand: &Value, place: &Place) -> Test {
    match operand.as_str() {
        Some(name) if TYPES.contains(&name) => Test::Type(name.into()),
        _ => {
            compiler.expected(
                place,
                "the name of a type",
                operand,
                &format!("write one of {}", TYPES.join(", ")),
            );
            Test::Never
        }
    }
}
