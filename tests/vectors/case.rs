//! Cases as they are written, and the count of what came of them.

use crate::answer::{Answer, Method};
use experiment_tests::tolerance::{Tolerance, number};
use serde::Deserialize;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::path::Path;

/// One case of a vector file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Case {
    name: String,
    input: Value,
    expect: Map<String, Value>,
    tolerance: Tolerances,
    #[serde(rename = "source")]
    _source: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Tolerances {
    rel: f64,
    abs: f64,
    #[serde(default)]
    overrides: BTreeMap<String, Tolerance>,
}

impl Case {
    /// The input, with the one that stands among what is expected: `at`, where a sequence is read.
    fn whole_input(&self) -> Value {
        let mut input = self.input.clone();
        if let (Some(input), Some(at)) = (input.as_object_mut(), self.expect.get("at")) {
            input.insert("at".to_owned(), at.clone());
        }
        input
    }

    fn tolerance(&self, key: &str) -> Tolerance {
        let whole = Tolerance { rel: self.tolerance.rel, abs: self.tolerance.abs };
        self.tolerance.overrides.get(key).copied().unwrap_or(whole)
    }
}

/// Reads a vector file; an empty one is an error.
pub(crate) fn read_cases(file: &Path) -> Result<Vec<Case>, String> {
    let text = std::fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
    let cases: Vec<Case> =
        serde_json::from_str(&text).map_err(|error| format!("{}: {error}", file.display()))?;
    if cases.is_empty() { Err(format!("{} holds no case", file.display())) } else { Ok(cases) }
}

/// What came of a file.
#[derive(Default)]
pub(crate) struct Tally {
    cases: usize,
    values: usize,
    failed: usize,
    pending: bool,
    problems: Vec<String>,
}

impl Tally {
    /// Runs all cases with the method.
    pub(crate) fn of(cases: &[Case], method: Method) -> Self {
        let mut tally = Self { cases: cases.len(), ..Self::default() };
        for case in cases {
            tally.run(case, method);
        }
        tally
    }

    /// Counts the cases of a method that does not exist yet.
    pub(crate) fn pending(cases: &[Case]) -> Self {
        Self { cases: cases.len(), pending: true, ..Self::default() }
    }

    /// The line that is always printed.
    pub(crate) fn line(&self, name: &str) -> String {
        if self.pending {
            return format!("{name}: pending {}", self.cases);
        }
        format!("{name}: {} cases, {} values, {} failed", self.cases, self.values, self.failed)
    }

    /// All problems, or none.
    pub(crate) fn outcome(&self) -> Result<(), String> {
        if self.failed == 0 { Ok(()) } else { Err(self.problems.join("\n")) }
    }

    fn run(&mut self, case: &Case, method: Method) {
        self.values += case.expect.len();
        if let Some(key) = case.tolerance.overrides.keys().find(|key| !case.expect.contains_key(*key)) {
            self.fail(format!("{}: a tolerance for {key}, which is not expected", case.name));
        }
        let answers = match method(&case.whole_input()) {
            Ok(answers) => answers,
            Err(problem) => {
                self.failed += case.expect.len().saturating_sub(1);
                return self.fail(format!("{}: {problem}", case.name));
            }
        };
        for (key, want) in &case.expect {
            match answers(key) {
                None => self.fail(format!("{}: {key} is not known to the method", case.name)),
                Some(got) if agrees(&got, want, case.tolerance(key)) => {}
                Some(got) => self.fail(format!("{}: {key} is {got}, not {want}", case.name)),
            }
        }
    }

    fn fail(&mut self, problem: String) {
        self.failed += 1;
        self.problems.push(problem);
    }
}

/// `null` asks for a typed reason; lists are compared element by element.
fn agrees(got: &Answer, want: &Value, tolerance: Tolerance) -> bool {
    match (got, want) {
        (Answer::NotEstimable(_), Value::Null) => true,
        (Answer::List(got), Value::Array(want)) => {
            got.len() == want.len() && got.iter().zip(want).all(|(got, want)| agrees(got, want, tolerance))
        }
        (Answer::Number(got), want) => number(want).is_some_and(|want| tolerance.accepts(*got, want)),
        _ => false,
    }
}
