//! What each section asks, and the count of what came of it.

use experiment_core::assignment::compat::growthbook::{
    BucketRange, HashVersion, Units, bucket_ranges, choose_variation, equal_weights, hash, in_namespace,
};
use experiment_core::condition::{Condition, Groups};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// Judges one case; `Err` says how it differs, or why it cannot be read.
pub(crate) type Run = fn(&Value) -> Result<(), String>;

/// The sections that are about assignment, by name.
pub(crate) const SECTIONS: &[(&str, Run)] = &[
    ("evalCondition", eval_condition),
    ("hash", hash_case),
    ("inNamespace", in_namespace_case),
    ("getBucketRange", get_bucket_range),
    ("chooseVariation", choose_variation_case),
    ("getEqualWeights", get_equal_weights),
];

/// The files round fractions, to eight places at most.
const TOLERANCE: f64 = 1e-6;

/// What came of a section.
pub(crate) struct Tally {
    name: String,
    cases: usize,
    pub(crate) passed: usize,
    problems: Vec<String>,
}

impl Tally {
    pub(crate) fn new(name: &str, cases: usize) -> Self {
        Self { name: name.to_owned(), cases, passed: 0, problems: Vec::new() }
    }

    pub(crate) fn fail(&mut self, index: usize, problem: &str) {
        self.problems.push(format!("{}[{index}]: {problem}", self.name));
    }

    pub(crate) fn line(&self) -> String {
        format!(
            "{}: {} cases, {} passed, {} failed",
            self.name,
            self.cases,
            self.passed,
            self.cases - self.passed
        )
    }

    /// All problems, or none. An empty section fails: it would pass whatever the code does.
    pub(crate) fn outcome(&self) -> Result<(), String> {
        match (self.cases, self.problems.is_empty()) {
            (0, _) => Err(format!("{} holds no case", self.name)),
            (_, true) => Ok(()),
            (_, false) => Err(self.problems.join("\n")),
        }
    }
}

fn read<T: DeserializeOwned>(case: &Value) -> Result<T, String> {
    T::deserialize(case).map_err(|error| format!("cannot be read: {error}: {case}"))
}

/// `[name, condition, attributes, expected, saved groups?]`
fn eval_condition(case: &Value) -> Result<(), String> {
    let Value::Array(parts) = case else { return Err("is not a list".to_owned()) };
    let (first, groups) = match parts.len() {
        4 => (case.clone(), Map::new()),
        5 => (Value::from(&parts[..4]), read::<Option<Map<String, Value>>>(&parts[4])?.unwrap_or_default()),
        count => return Err(format!("has {count} parts")),
    };
    let (name, condition, attributes, expected): (String, Value, Map<String, Value>, bool) = read(&first)?;
    let groups = groups.into_iter().map(|(name, values)| Ok((name, read::<Vec<Value>>(&values)?)));
    let groups: Groups = groups.collect::<Result<Vec<_>, String>>()?.into_iter().collect();
    let condition = Condition::compile_lenient(&condition, &groups);
    expect(&name, condition.matches(&attributes), expected)
}

/// `[seed, value, version, expected or null]`
fn hash_case(case: &Value) -> Result<(), String> {
    let (seed, value, version, expected): (String, String, u64, Option<f64>) = read(case)?;
    let found = HashVersion::from_number(version).map(|version| hash(Units::Utf16, version, &seed, &value));
    expect(&format!("{seed:?} {value:?} {version}"), found, expected)
}

/// `[name, id, [namespace, from, to], expected]`
fn in_namespace_case(case: &Value) -> Result<(), String> {
    let (name, id, (namespace, from, to), expected): (String, String, (String, f64, f64), bool) = read(case)?;
    expect(&name, in_namespace(Units::Utf16, &id, &namespace, BucketRange { from, to }), expected)
}

/// `[name, [variations, coverage or null, weights or null], ranges]`
fn get_bucket_range(case: &Value) -> Result<(), String> {
    type Input = (usize, Option<f64>, Option<Vec<f64>>);
    let (name, (count, coverage, weights), expected): (String, Input, Vec<(f64, f64)>) = read(case)?;
    let found = bucket_ranges(count, coverage.unwrap_or(1.0), weights.as_deref());
    let near = |(found, expected): (&BucketRange, &(f64, f64))| {
        is_near(found.from, expected.0) && is_near(found.to, expected.1)
    };
    if found.len() == expected.len() && found.iter().zip(&expected).all(near) {
        return Ok(());
    }
    Err(format!("{name}: {found:?} instead of {expected:?}"))
}

/// `[name, fraction, ranges, expected index or −1]`
fn choose_variation_case(case: &Value) -> Result<(), String> {
    let (name, fraction, ranges, expected): (String, f64, Vec<(f64, f64)>, i64) = read(case)?;
    let ranges: Vec<BucketRange> = ranges.into_iter().map(|(from, to)| BucketRange { from, to }).collect();
    let found = choose_variation(fraction, &ranges).map_or(-1, |index| i64::try_from(index).unwrap_or(-1));
    expect(&name, found, expected)
}

/// `[count, weights]`; a count below one has no weights.
fn get_equal_weights(case: &Value) -> Result<(), String> {
    let (count, expected): (i64, Vec<f64>) = read(case)?;
    let found = equal_weights(usize::try_from(count).unwrap_or(0));
    if found.len() == expected.len() && found.iter().zip(&expected).all(|(f, e)| is_near(*f, *e)) {
        return Ok(());
    }
    Err(format!("{count}: {found:?} instead of {expected:?}"))
}

fn is_near(found: f64, expected: f64) -> bool {
    (found - expected).abs() <= TOLERANCE
}

fn expect<T: PartialEq + std::fmt::Debug>(name: &str, found: T, expected: T) -> Result<(), String> {
    if found == expected { Ok(()) } else { Err(format!("{name}: {found:?} instead of {expected:?}")) }
}
