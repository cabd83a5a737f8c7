//! What a method gives back to the runner.

use experiment_core::stats::{Interval, NotEstimable};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::fmt;

/// What the library says for one key.
#[derive(Clone)]
pub(crate) enum Answer {
    /// A number, possibly infinite.
    Number(f64),
    /// Several, in the order of the input.
    List(Vec<Answer>),
    /// The library's typed reason.
    NotEstimable(String),
}

/// Gives the answer for a key, or nothing for a key that the method does not know.
pub(crate) type Answers = Box<dyn Fn(&str) -> Option<Answer>>;

/// Reads the input of a case; an unknown or missing field is an error.
pub(crate) type Method = fn(&Value) -> Result<Answers, String>;

/// Reads an input strictly: the type denies unknown fields.
pub(crate) fn parse<Input: DeserializeOwned>(input: &Value) -> Result<Input, String> {
    serde_json::from_value(input.clone()).map_err(|error| format!("input: {error}"))
}

impl fmt::Display for Answer {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(value) => write!(out, "{value:e}"),
            Self::List(answers) => {
                write!(out, "[")?;
                answers.iter().try_for_each(|answer| write!(out, "{answer}, "))?;
                write!(out, "]")
            }
            Self::NotEstimable(reason) => write!(out, "not estimable ({reason})"),
        }
    }
}

impl From<f64> for Answer {
    fn from(value: f64) -> Self {
        Self::Number(value)
    }
}

impl From<Option<f64>> for Answer {
    fn from(value: Option<f64>) -> Self {
        value.map_or_else(|| Self::NotEstimable("none".to_owned()), Self::Number)
    }
}

impl From<Vec<f64>> for Answer {
    fn from(values: Vec<f64>) -> Self {
        Self::List(values.into_iter().map(Self::Number).collect())
    }
}

impl<T: Into<Answer>> From<Result<T, NotEstimable>> for Answer {
    fn from(result: Result<T, NotEstimable>) -> Self {
        result.map_or_else(|reason| Self::NotEstimable(reason.to_string()), Into::into)
    }
}

/// The lower end of an interval that may not exist.
pub(crate) fn lower(interval: Result<Interval, NotEstimable>) -> Answer {
    interval.map(|interval| interval.lower).into()
}

/// The upper end of an interval that may not exist.
pub(crate) fn upper(interval: Result<Interval, NotEstimable>) -> Answer {
    interval.map(|interval| interval.upper).into()
}
