//! Reference records: results of independent libraries, one JSON file a data set (`tests/data/reference`).

use crate::data_dir;
use crate::tolerance::{Tolerance, number};
use serde::Deserialize;
use serde_json::{Map, Value};

/// One procedure applied to one comparison by another library.
#[derive(Clone, Debug, Deserialize)]
pub struct Record {
    /// Unique within its file.
    pub id: String,
    /// What is measured; with the arm it says which rows.
    pub metric: String,
    /// Which procedure; the table in `tests/data/reference/README.md`.
    pub kind: String,
    /// Sufficient statistics, or only `n` where the rows are needed.
    pub inputs: Value,
    /// Confidence, alternative, margins.
    pub params: Value,
    /// The library's results.
    pub outputs: Map<String, Value>,
    /// Which library made it, and how.
    pub source: Source,
    /// When a result of ours is accepted.
    pub tolerance: Tolerance,
}

/// Where a record comes from.
#[derive(Clone, Debug, Deserialize)]
pub struct Source {
    /// e.g. `scipy`, or `formula`.
    pub library: String,
    /// The call, or the formula.
    pub function: String,
}

/// Reads all records of `tests/data/reference/<name>.json`.
///
/// # Panics
/// When the file is missing or has another form.
pub fn records(name: &str) -> Vec<Record> {
    #[derive(Deserialize)]
    struct File {
        results: Vec<Record>,
    }
    let path = data_dir().join("reference").join(name).with_extension("json");
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let file: File =
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    file.results
}

impl Record {
    /// Whether the library had no p-value, for want of variation.
    pub fn has_no_p_value(&self) -> bool {
        self.outputs.get("p_value").is_some_and(Value::is_null)
    }

    /// A number within `inputs`, by path, e.g. `/control/n`.
    ///
    /// # Panics
    /// When there is no number at that path.
    pub fn input(&self, path: &str) -> f64 {
        self.number_at(&self.inputs, path)
    }

    /// A count within `inputs`, by path.
    ///
    /// # Panics
    /// When there is no count at that path.
    pub fn count(&self, path: &str) -> u64 {
        let value = self.inputs.pointer(path).and_then(Value::as_u64);
        value.unwrap_or_else(|| panic!("{}: no count at {path}", self.id))
    }

    /// A number within `params`, by path, e.g. `/alpha`.
    ///
    /// # Panics
    /// When there is no number at that path.
    pub fn param(&self, path: &str) -> f64 {
        self.number_at(&self.params, path)
    }

    fn number_at(&self, value: &Value, path: &str) -> f64 {
        value.pointer(path).and_then(number).unwrap_or_else(|| panic!("{}: no number at {path}", self.id))
    }
}

/// The outputs of one record as they are compared, so that none is forgotten.
#[derive(Debug)]
pub struct Check<'a> {
    record: &'a Record,
    left: Vec<&'a str>,
    problems: Vec<String>,
}

impl<'a> Check<'a> {
    /// Starts with every output of the record open.
    pub fn new(record: &'a Record) -> Self {
        Self { record, left: record.outputs.keys().map(String::as_str).collect(), problems: Vec::new() }
    }

    /// Compares a number with the record's tolerance.
    pub fn number(&mut self, output: &str, got: f64) {
        self.within(output, got, self.record.tolerance);
    }

    /// Compares a number with a tolerance that the record's note asks for. A `null` output is not compared.
    pub fn within(&mut self, output: &str, got: f64, tolerance: Tolerance) {
        self.compare(output, &[got], tolerance, |value| Some(vec![number(value)?]));
    }

    /// Compares a p-value. The records ask to compare the statistic instead of one below 1e-12.
    pub fn p_value(&mut self, output: &str, got: f64) {
        let smallest = Tolerance { abs: 1e-12_f64.max(self.record.tolerance.abs), ..self.record.tolerance };
        self.within(output, got, smallest);
    }

    /// Compares numbers with a part of an output that is no list; the caller leaves the output itself out.
    pub fn inside(&mut self, what: &str, want: &Value, got: &[f64]) {
        let wanted: Vec<f64> = match want {
            Value::Array(values) => values.iter().filter_map(number).collect(),
            value => number(value).into_iter().collect(),
        };
        let close = wanted.len() == got.len()
            && got.iter().zip(&wanted).all(|(got, want)| self.record.tolerance.accepts(*got, *want));
        if !close {
            self.problems.push(format!("{}: {what} is {got:?}, not {want}", self.record.id));
        }
    }

    /// Compares the two ends of an interval, `[lower, upper]`.
    pub fn ends(&mut self, output: &str, lower: f64, upper: f64) {
        self.ends_within(output, lower, upper, self.record.tolerance);
    }

    /// Compares the two ends of an interval with a tolerance that the record's note asks for.
    pub fn ends_within(&mut self, output: &str, lower: f64, upper: f64, tolerance: Tolerance) {
        self.compare(output, &[lower, upper], tolerance, |value| {
            value.as_array()?.iter().map(number).collect()
        });
    }

    /// Compares an output that is a list of numbers.
    pub fn list(&mut self, output: &str, got: &[f64]) {
        self.compare(output, got, self.record.tolerance, |value| {
            value.as_array()?.iter().map(number).collect()
        });
    }

    /// Compares an output that is an object of numbers.
    pub fn by_name<'n>(&mut self, output: &str, got: impl Iterator<Item = (&'n str, f64)>) {
        let (names, values): (Vec<&str>, Vec<f64>) = got.unzip();
        self.compare(output, &values, self.record.tolerance, |value| {
            let object = value.as_object().filter(|object| object.len() == names.len())?;
            names.iter().map(|name| number(object.get(*name)?)).collect()
        });
    }

    /// Leaves an output out; the caller says why in a comment.
    pub fn skip(&mut self, output: &str) {
        self.take(output);
    }

    /// What was wrong, with outputs that nobody compared.
    pub fn finish(mut self) -> Vec<String> {
        for output in &self.left {
            self.problems.push(format!("{}: {output} was not compared", self.record.id));
        }
        self.problems
    }

    fn take(&mut self, output: &str) -> Option<&'a Value> {
        let before = self.left.len();
        self.left.retain(|name| *name != output);
        if self.left.len() == before {
            self.problems.push(format!("{}: no output {output}, or compared twice", self.record.id));
        }
        self.record.outputs.get(output)
    }

    fn compare(
        &mut self,
        output: &str,
        got: &[f64],
        tolerance: Tolerance,
        numbers: impl Fn(&Value) -> Option<Vec<f64>>,
    ) {
        match self.take(output) {
            None | Some(Value::Null) => {
                if got.iter().any(|value| value.is_nan()) {
                    self.problems.push(format!("{}: {output} is NaN", self.record.id));
                }
            }
            Some(value) => {
                let want = numbers(value).unwrap_or_default();
                let close = want.len() == got.len()
                    && got.iter().zip(&want).all(|(got, want)| tolerance.accepts(*got, *want));
                if !close {
                    self.problems.push(format!("{}: {output} is {got:?}, not {value}", self.record.id));
                }
            }
        }
    }
}
