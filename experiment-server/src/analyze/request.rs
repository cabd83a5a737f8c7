//! What to read and how to decide: the flags, checked against each other.

use experiment_core::definition::{Correction, MAX_COVARIATES, MAX_METRICS, Method, Plan};
use experiment_core::measure::DEFAULT_PLACES;
use experiment_core::spelling::nearest;

use super::flag::{FlagError, KindFlag, MetricFlag, NamedFlag, Requirement, Weights};

/// The word that makes each row a customer of its own.
pub const ROW_UNIT: &str = "@row";

/// Flags as they were given, each readable by itself.
#[derive(Debug, Clone, Default)]
pub struct Flags {
    /// Name of the experiment in the report.
    pub experiment: String,
    /// `--unit`.
    pub unit: String,
    /// `--variant`.
    pub variant: String,
    /// `--control`.
    pub control: Option<String>,
    /// `--weights`.
    pub weights: Option<Weights>,
    /// `--metric`.
    pub metrics: Vec<MetricFlag>,
    /// `--covariate`.
    pub covariates: Vec<NamedFlag>,
    /// `--dimension`.
    pub dimensions: Vec<String>,
    /// `--rows event`.
    pub event_rows: bool,
    /// `--id`.
    pub id: Option<String>,
    /// `--time`.
    pub time: Option<String>,
    /// `--require`.
    pub requirements: Vec<Requirement>,
    /// `--scale`.
    pub scales: Vec<NamedFlag>,
    /// `--alpha`.
    pub alpha: f64,
    /// `--method`.
    pub method: String,
    /// `--correction`.
    pub correction: String,
}

/// A request that can be carried out if the file has the columns.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// Name of the experiment in the report.
    pub experiment: String,
    /// Who is counted.
    pub unit: Unit,
    /// Column of the variant.
    pub variant: String,
    /// The variant to compare with; chosen from the data when absent.
    pub control: Option<String>,
    /// Weights; equal when absent.
    pub weights: Option<Weights>,
    /// What is measured.
    pub metrics: Vec<MetricRequest>,
    /// Columns whose values split the customers.
    pub dimensions: Vec<String>,
    /// What a row is.
    pub rows: RowKind,
    /// Column that names an event, so that a repeated one counts once; says nothing of customer rows.
    pub id: Option<String>,
    /// Column that orders a customer's rows.
    pub time: Option<String>,
    /// What rows must hold.
    pub requirements: Vec<Requirement>,
    /// How it is decided.
    pub plan: Plan,
}

/// Who is counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unit {
    /// The customer that this column names.
    Column(String),
    /// Each row.
    Row,
}

/// What a row is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowKind {
    /// A customer with all values.
    Customer,
    /// Something a customer did; values are added up.
    Event,
}

/// What is measured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MetricRequest {
    /// Its name.
    pub name: String,
    /// Kind and columns.
    pub kind: KindFlag,
    /// Columns that explain part of it.
    pub covariates: Vec<String>,
    /// Digits of the fixed point.
    pub places: u32,
}

/// Why the flags don't go together.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum RequestError {
    /// A flag's text.
    #[error(transparent)]
    Flag(#[from] FlagError),
    /// Something the design knows and this version lacks.
    #[error("{flag}: {what} is not supported yet")]
    NotSupported {
        /// The flag.
        flag: &'static str,
        /// What was asked for.
        what: String,
    },
    /// A word that means nothing here.
    #[error("{flag}: {given:?} is unknown; use {known}")]
    Unknown {
        /// The flag.
        flag: &'static str,
        /// What was given.
        given: String,
        /// What could be given.
        known: &'static str,
    },
    /// Two metrics of one name, or two of a thing that may be given once.
    #[error("{flag}: {name:?} is given twice")]
    Twice {
        /// The flag.
        flag: &'static str,
        /// The name.
        name: String,
    },
    /// A flag that speaks of no metric.
    #[error("{flag} {name}=…: there is no metric of that name; the nearest is {nearest:?}")]
    NoSuchMetric {
        /// The flag.
        flag: &'static str,
        /// The name.
        name: String,
        /// The metric with the most similar name.
        nearest: String,
    },
    /// More covariates than its kind takes.
    #[error("--covariate: {name} takes at most {most} by its kind")]
    TooManyCovariates {
        /// The metric.
        name: String,
        /// How many it takes.
        most: usize,
    },
    /// A kind whose steps are given.
    #[error("--scale: {0} has no scale by its kind")]
    NoScale(String),
    /// Events that were to be added up to a duration.
    #[error("--metric: {0} is survival, which needs one row a customer, not --rows event")]
    SurvivalOfEvents(String),
    /// Not a level.
    #[error("--alpha: {0} is not between 0 and 0.5")]
    Alpha(f64),
    /// `@row` with events.
    #[error("--rows event adds up a customer's rows, so --unit must name a column, not @row")]
    EventsWithoutUnit,
    /// Too many.
    #[error("--metric is given {0} times; at most {MAX_METRICS} metrics are analysed at once")]
    TooManyMetrics(usize),
    /// None.
    #[error("--metric is missing")]
    NoMetric,
}

const METHODS: &str = "fixed";
const METHODS_NOT_BUILT: [&str; 3] = ["always_valid", "group_sequential", "bayesian"];
const CORRECTIONS: &str =
    "none, bonferroni, sidak, holm, holm_sidak, hochberg, hommel, benjamini_hochberg or benjamini_yekutieli";
const CORRECTIONS_NOT_BUILT: [&str; 1] = ["dunnett"];

impl Request {
    /// Checks the flags against each other.
    ///
    /// # Errors
    /// [`RequestError`], the first that is found.
    pub fn new(flags: Flags) -> Result<Request, RequestError> {
        let metrics = metrics(&flags)?;
        let unit = if flags.unit == ROW_UNIT { Unit::Row } else { Unit::Column(flags.unit) };
        if flags.event_rows && unit == Unit::Row {
            return Err(RequestError::EventsWithoutUnit);
        }
        for (i, dimension) in flags.dimensions.iter().enumerate() {
            if flags.dimensions[..i].contains(dimension) {
                return Err(RequestError::Twice { flag: "--dimension", name: dimension.clone() });
            }
        }
        if !(flags.alpha > 0.0 && flags.alpha <= 0.5) {
            return Err(RequestError::Alpha(flags.alpha));
        }
        let plan = Plan {
            method: method(&flags.method)?,
            alpha: flags.alpha,
            correction: correction(&flags.correction)?,
            ..Plan::default()
        };
        Ok(Request {
            experiment: flags.experiment,
            unit,
            variant: flags.variant,
            control: flags.control,
            weights: flags.weights,
            metrics,
            dimensions: flags.dimensions,
            rows: if flags.event_rows { RowKind::Event } else { RowKind::Customer },
            id: flags.id,
            time: flags.time,
            requirements: flags.requirements,
            plan,
        })
    }
}

fn metrics(flags: &Flags) -> Result<Vec<MetricRequest>, RequestError> {
    let mut metrics: Vec<MetricRequest> = Vec::with_capacity(flags.metrics.len());
    for MetricFlag { name, kind } in &flags.metrics {
        let survival = matches!(kind, KindFlag::Survival { .. });
        if survival && flags.event_rows {
            return Err(RequestError::SurvivalOfEvents(name.clone()));
        }
        if metrics.iter().any(|metric| metric.name == *name) {
            return Err(RequestError::Twice { flag: "--metric", name: name.clone() });
        }
        let (name, kind) = (name.clone(), kind.clone());
        let places = if survival { 0 } else { DEFAULT_PLACES };
        metrics.push(MetricRequest { name, kind, covariates: Vec::new(), places });
    }
    match metrics.len() {
        0 => return Err(RequestError::NoMetric),
        count if count > MAX_METRICS => return Err(RequestError::TooManyMetrics(count)),
        _ => {}
    }
    for flag in &flags.covariates {
        let metric = named(&mut metrics, "--covariate", &flag.name)?;
        let most = match metric.kind {
            KindFlag::Proportion(_) | KindFlag::Mean(_) => MAX_COVARIATES,
            KindFlag::Ratio { .. } => 1,
            KindFlag::Quantile { .. } | KindFlag::Survival { .. } | KindFlag::Nps(_) => 0,
        };
        if metric.covariates.len() == most {
            return Err(RequestError::TooManyCovariates { name: metric.name.clone(), most });
        }
        metric.covariates.push(flag.value.clone());
    }
    for (i, flag) in flags.scales.iter().enumerate() {
        if flags.scales[..i].iter().any(|other| other.name == flag.name) {
            return Err(RequestError::Twice { flag: "--scale", name: flag.name.clone() });
        }
        let metric = named(&mut metrics, "--scale", &flag.name)?;
        if matches!(metric.kind, KindFlag::Survival { .. } | KindFlag::Nps(_)) {
            return Err(RequestError::NoScale(metric.name.clone()));
        }
        metric.places = flag.places()?;
    }
    Ok(metrics)
}

fn named<'a>(
    metrics: &'a mut [MetricRequest],
    flag: &'static str,
    name: &str,
) -> Result<&'a mut MetricRequest, RequestError> {
    match metrics.iter().position(|metric| metric.name == name) {
        Some(index) => Ok(&mut metrics[index]),
        None => {
            let nearest = nearest(name, metrics.iter().map(|metric| metric.name.as_str()));
            let nearest = nearest.unwrap_or_default().to_owned();
            Err(RequestError::NoSuchMetric { flag, name: name.to_owned(), nearest })
        }
    }
}

fn method(word: &str) -> Result<Method, RequestError> {
    match word {
        "fixed" => Ok(Method::Fixed),
        _ if METHODS_NOT_BUILT.contains(&word) => {
            Err(RequestError::NotSupported { flag: "--method", what: word.to_owned() })
        }
        _ => Err(RequestError::Unknown { flag: "--method", given: word.to_owned(), known: METHODS }),
    }
}

fn correction(word: &str) -> Result<Correction, RequestError> {
    match word {
        "none" => Ok(Correction::None),
        "bonferroni" => Ok(Correction::Bonferroni),
        "sidak" => Ok(Correction::Sidak),
        "holm" => Ok(Correction::Holm),
        "holm_sidak" => Ok(Correction::HolmSidak),
        "hochberg" => Ok(Correction::Hochberg),
        "hommel" => Ok(Correction::Hommel),
        "benjamini_hochberg" => Ok(Correction::BenjaminiHochberg),
        "benjamini_yekutieli" => Ok(Correction::BenjaminiYekutieli),
        _ if CORRECTIONS_NOT_BUILT.contains(&word) => {
            Err(RequestError::NotSupported { flag: "--correction", what: word.to_owned() })
        }
        _ => Err(RequestError::Unknown { flag: "--correction", given: word.to_owned(), known: CORRECTIONS }),
    }
}
