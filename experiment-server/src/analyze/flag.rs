//! The small languages of the flags: `NAME=KIND:COL`, `NAME=VALUE`, `COL=V when COL=V`, `A=1,B=1`.

use std::str::FromStr;

use experiment_core::decimal::Decimal;
use experiment_core::measure::MAX_PLACES;

/// `NAME=KIND:COL`: a metric and where its values stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MetricFlag {
    /// The metric's name.
    pub name: String,
    /// Kind and columns.
    pub kind: KindFlag,
}

/// The kinds of metric that a file can hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KindFlag {
    /// `proportion:COL`: 1 or 0 a customer.
    Proportion(String),
    /// `mean:COL`: a number a customer.
    Mean(String),
    /// `ratio:NUM/DEN`: one sum over another.
    Ratio {
        /// Column above the line.
        numerator: String,
        /// Column below the line.
        denominator: String,
    },
    /// `quantile@Q:COL`: what a share Q of the customers do not exceed.
    Quantile {
        /// Column of the values.
        column: String,
        /// The share, above 0 and below 1.
        share: Decimal,
    },
    /// `survival:DURATION/EVENT` or `survival@HORIZON:…`: how long a customer was followed, and whether they were
    /// lost then.
    Survival {
        /// Up to which time means are taken; as far as all variants were followed unless given.
        horizon: Option<u32>,
        /// Column of whole units of time.
        duration: String,
        /// Column of 1 or 0.
        event: String,
    },
    /// `nps:COL`: a score from 0 to 10, of those who gave one.
    Nps(String),
}

/// `NAME=VALUE`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedFlag {
    /// What stands before the first `=`.
    pub name: String,
    /// What stands behind it.
    pub value: String,
}

/// `COL=V when COL=V`: rows that have the second value must have the first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Requirement {
    /// The column that must hold `value`.
    pub column: String,
    /// What it must hold.
    pub value: String,
    /// The column that says which rows are meant.
    pub when_column: String,
    /// The value that says so.
    pub when_value: String,
}

/// `A=1,B=1`: how customers were spread over the variants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Weights(pub Vec<(String, Decimal)>);

/// Why a flag's text can't be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FlagError {
    /// Not NAME=KIND:COL.
    #[error(
        "{0:?} is not NAME=KIND:COL, such as kept=proportion:retention_7, spend=mean:amount or \
         aov=ratio:amount/orders"
    )]
    Metric(String),
    /// Not a kind.
    #[error("{0:?} is not a kind of metric; use proportion, mean, ratio, quantile@Q, survival or nps")]
    Kind(String),
    /// A ratio without two columns.
    #[error("{0:?} is not NUM/DEN, such as amount/orders")]
    Ratio(String),
    /// A quantile without a share.
    #[error("{0:?} is not a share above 0 and below 1; say which quantile, such as p90=quantile@0.9:amount")]
    Quantile(String),
    /// Not a horizon.
    #[error(
        "{0:?} is not a horizon, a whole number from 1 to {MAX_HORIZON}, such as kept=survival@24:tenure/churned"
    )]
    Horizon(String),
    /// Survival without two columns.
    #[error("{0:?} is not DURATION/EVENT, such as tenure/churned")]
    Survival(String),
    /// Not NAME=VALUE.
    #[error("{0:?} is not NAME=VALUE")]
    Named(String),
    /// Not COL=V when COL=V.
    #[error("{0:?} is not 'COL=V when COL=V', such as 'page=new when group=treatment'")]
    Requirement(String),
    /// Not A=1,B=1.
    #[error("{0:?} is not A=1,B=1 with weights above 0")]
    Weights(String),
    /// A variant that is weighed twice.
    #[error("{0:?} is weighed twice")]
    WeighedTwice(String),
    /// Not a step.
    #[error("{0:?} is not a step such as 0.01 or 0.000000001 (1 down to a billionth)")]
    Scale(String),
}

/// Longest horizon, as of the spans in a definition.
const MAX_HORIZON: u32 = 3650;

impl FromStr for MetricFlag {
    type Err = FlagError;

    fn from_str(text: &str) -> Result<MetricFlag, FlagError> {
        let error = || FlagError::Metric(text.to_owned());
        let (name, rest) = text.split_once('=').ok_or_else(error)?;
        let (kind, columns) = rest.split_once(':').ok_or_else(error)?;
        if name.is_empty() || columns.is_empty() {
            return Err(error());
        }
        Ok(MetricFlag { name: name.to_owned(), kind: kind_of(kind, columns)? })
    }
}

fn kind_of(kind: &str, columns: &str) -> Result<KindFlag, FlagError> {
    // `quantile@0.9` has its parameter behind the kind.
    let (word, parameter) = kind.split_once('@').map_or((kind, None), |(word, after)| (word, Some(after)));
    if let ("quantile", Some(share)) = (word, parameter) {
        let within = |share: &Decimal| *share > Decimal::ZERO && *share < Decimal::ONE;
        let parsed =
            share.parse().ok().filter(within).ok_or_else(|| FlagError::Quantile(share.to_owned()))?;
        return Ok(KindFlag::Quantile { column: columns.to_owned(), share: parsed });
    }
    if let ("survival", Some(horizon)) = (word, parameter) {
        let whole = |horizon: &u32| (1..=MAX_HORIZON).contains(horizon);
        let parsed = horizon.parse().ok().filter(whole);
        let horizon = Some(parsed.ok_or_else(|| FlagError::Horizon(horizon.to_owned()))?);
        return survival(horizon, columns);
    }
    match kind {
        "proportion" => Ok(KindFlag::Proportion(columns.to_owned())),
        "mean" => Ok(KindFlag::Mean(columns.to_owned())),
        "ratio" => match columns.rsplit_once('/') {
            Some((numerator, denominator)) if !numerator.is_empty() && !denominator.is_empty() => {
                Ok(KindFlag::Ratio { numerator: numerator.to_owned(), denominator: denominator.to_owned() })
            }
            _ => Err(FlagError::Ratio(columns.to_owned())),
        },
        "quantile" => Err(FlagError::Quantile(String::new())),
        "survival" => survival(None, columns),
        "nps" => Ok(KindFlag::Nps(columns.to_owned())),
        _ => Err(FlagError::Kind(kind.to_owned())),
    }
}

fn survival(horizon: Option<u32>, columns: &str) -> Result<KindFlag, FlagError> {
    match columns.rsplit_once('/') {
        Some((duration, event)) if !duration.is_empty() && !event.is_empty() => {
            Ok(KindFlag::Survival { horizon, duration: duration.to_owned(), event: event.to_owned() })
        }
        _ => Err(FlagError::Survival(columns.to_owned())),
    }
}

impl FromStr for NamedFlag {
    type Err = FlagError;

    fn from_str(text: &str) -> Result<NamedFlag, FlagError> {
        match text.split_once('=') {
            Some((name, value)) if !name.is_empty() && !value.is_empty() => {
                Ok(NamedFlag { name: name.to_owned(), value: value.to_owned() })
            }
            _ => Err(FlagError::Named(text.to_owned())),
        }
    }
}

impl NamedFlag {
    /// The value as a step: digits behind the point.
    ///
    /// # Errors
    /// [`FlagError::Scale`] unless it is 1, 0.1, 0.01, … down to a billionth.
    pub fn places(&self) -> Result<u32, FlagError> {
        let step: Option<Decimal> = self.value.parse().ok();
        step.filter(|step| step.coefficient() == 1 && step.places() <= MAX_PLACES)
            .map(Decimal::places)
            .ok_or_else(|| FlagError::Scale(self.value.clone()))
    }
}

impl FromStr for Requirement {
    type Err = FlagError;

    fn from_str(text: &str) -> Result<Requirement, FlagError> {
        let parts = text.split_once(" when ").and_then(|(must, when)| {
            let (column, value) = must.trim().split_once('=')?;
            let (when_column, when_value) = when.trim().split_once('=')?;
            (!column.is_empty() && !when_column.is_empty()).then(|| Requirement {
                column: column.to_owned(),
                value: value.to_owned(),
                when_column: when_column.to_owned(),
                when_value: when_value.to_owned(),
            })
        });
        parts.ok_or_else(|| FlagError::Requirement(text.to_owned()))
    }
}

impl FromStr for Weights {
    type Err = FlagError;

    fn from_str(text: &str) -> Result<Weights, FlagError> {
        let error = || FlagError::Weights(text.to_owned());
        let mut weights: Vec<(String, Decimal)> = Vec::new();
        for part in text.split(',') {
            let (name, weight) = part.rsplit_once('=').ok_or_else(error)?;
            let weight: Decimal = weight.trim().parse().map_err(|_| error())?;
            if name.is_empty() || weight <= Decimal::ZERO {
                return Err(error());
            }
            if weights.iter().any(|(other, _)| other == name) {
                return Err(FlagError::WeighedTwice(name.to_owned()));
            }
            weights.push((name.to_owned(), weight));
        }
        Ok(Weights(weights))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metrics_split_at_the_first_signs_and_ratios_at_the_last_slash() {
        let metric: MetricFlag = "a=mean:b=c:d".parse().unwrap();
        assert_eq!(metric, MetricFlag { name: "a".into(), kind: KindFlag::Mean("b=c:d".into()) });
        let ratio: MetricFlag = "r=ratio:km/h/n".parse().unwrap();
        let kind = KindFlag::Ratio { numerator: "km/h".into(), denominator: "n".into() };
        assert_eq!(ratio.kind, kind);
        for text in ["a", "a=mean", "=mean:b", "a=mean:", "a:b=c"] {
            assert_eq!(text.parse::<MetricFlag>(), Err(FlagError::Metric(text.into())));
        }
        assert_eq!("a=median:b".parse::<MetricFlag>(), Err(FlagError::Kind("median".into())));
        assert_eq!("a=ratio:b".parse::<MetricFlag>(), Err(FlagError::Ratio("b".into())));
        let kind = |text: &str| text.parse::<MetricFlag>().map(|flag| flag.kind);
        let share = "0.9".parse().unwrap();
        assert_eq!(kind("a=quantile@0.9:b/c"), Ok(KindFlag::Quantile { column: "b/c".into(), share }));
        assert_eq!(kind("a=nps:b"), Ok(KindFlag::Nps("b".into())));
        let survival = |horizon| KindFlag::Survival { horizon, duration: "d/d".into(), event: "e".into() };
        assert_eq!(kind("a=survival:d/d/e"), Ok(survival(None)));
        assert_eq!(kind("a=survival@24:d/d/e"), Ok(survival(Some(24))));
        assert_eq!(kind("a=survival@0:d/e"), Err(FlagError::Horizon("0".into())));
        assert_eq!(kind("a=survival:d"), Err(FlagError::Survival("d".into())));
        for share in ["0", "1", "x", ""] {
            assert_eq!(kind(&format!("a=quantile@{share}:b")), Err(FlagError::Quantile(share.into())));
        }
        assert_eq!(kind("a=quantile:b"), Err(FlagError::Quantile(String::new())));
    }

    #[test]
    fn requirements() {
        let requirement: Requirement = "page=new one when group=b".parse().unwrap();
        assert_eq!((requirement.column.as_str(), requirement.value.as_str()), ("page", "new one"));
        assert_eq!((requirement.when_column.as_str(), requirement.when_value.as_str()), ("group", "b"));
        for text in ["page=new", "page when group=b", "page=new when group", "=a when =b"] {
            assert!(text.parse::<Requirement>().is_err(), "{text}");
        }
    }

    #[test]
    fn weights_are_exact_and_positive() {
        let weights: Weights = "a=0.1,b x=2".parse().unwrap();
        assert_eq!(weights.0[0], ("a".to_owned(), "0.1".parse().unwrap()));
        assert_eq!(weights.0[1].0, "b x");
        for text in ["", "a", "a=", "a=x", "a=0,b=1", "a=-1", "=1", "a=1,"] {
            assert!(text.parse::<Weights>().is_err(), "{text}");
        }
        assert_eq!("a=1,a=1".parse::<Weights>(), Err(FlagError::WeighedTwice("a".into())));
    }

    #[test]
    fn scales_are_powers_of_ten() {
        let places = |value: &str| NamedFlag { name: "m".into(), value: value.into() }.places().ok();
        assert_eq!(places("0.000000001"), Some(9));
        assert_eq!((places("0.01"), places("1")), (Some(2), Some(0)));
        for value in ["0.02", "10", "0", "-0.1", "1e-10", "x"] {
            assert_eq!(places(value), None, "{value}");
        }
    }
}
