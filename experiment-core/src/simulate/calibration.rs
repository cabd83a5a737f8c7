//! What all replicates together say: a row for each scenario, world, method and way of looking.

use super::method::{Looks, Method};
use super::scenario::{Scenario, World};
use super::tally::Tally;

/// How far from its level a rate may be, in Monte-Carlo errors.
const ERRORS: f64 = 3.0;

/// The whole table.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Calibration {
    /// The version of the library whose methods were tried.
    pub library_version: String,
    /// The seed of all.
    pub seed: u64,
    /// Simulated experiments behind a row, unless the row says fewer.
    pub runs: u32,
    /// Customers of each experiment, all arms together.
    pub customers: u32,
    /// The rows, by scenario, world and method.
    pub rows: Vec<Row>,
}

/// What one method did on one population.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Row {
    /// The population.
    pub scenario: Scenario,
    /// How the arms differed.
    pub world: World,
    /// The method.
    pub method: Method,
    /// How often it looked.
    pub looks: Looks,
    /// Simulated experiments.
    pub runs: u64,
    /// Those among them of which the method could say nothing.
    pub not_estimable: u64,
    /// The rate of false rejections that the method promises where it promises one.
    pub alpha: f64,
    /// Share of experiments with a false rejection; for the false discovery rate, the mean share of
    /// rejections that were false. `None` where every rejection is right.
    pub false_rejections: Option<f64>,
    /// Share of the effects that there are which were found. `None` where there is none.
    pub power: Option<f64>,
    /// Share of experiments whose intervals held what is true, at all looks at once.
    pub coverage: Option<f64>,
    /// Share of the planned customers that a decision took, on average; 1 where none was made.
    pub sample: Option<f64>,
    /// What was said, and what came of it, when the method shipped.
    pub loss: Option<Loss>,
    /// Standard error of a rate of `alpha` over this many runs: √(α(1 − α)/runs).
    pub monte_carlo_error: f64,
    /// What was promised.
    pub promise: Promise,
    /// Whether it was kept, within three Monte-Carlo errors.
    pub status: Status,
}

/// Mean losses over the experiments that shipped the variant, in the metric's unit.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct Loss {
    /// Experiments that shipped.
    pub shipped: u64,
    /// What the method expected to lose.
    pub expected: f64,
    /// What was lost: the control's true mean less the variant's, where that is above 0.
    pub realised: f64,
}

/// What a method says of its false rejections.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Promise {
    /// As many as its level, in large samples.
    Equal,
    /// At most its level.
    AtMost,
    /// None: the row shows what happens.
    Nothing,
}

/// Whether a row is as it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Rejections and coverage are within three Monte-Carlo errors of what was promised.
    Kept,
    /// They are not.
    Broken,
    /// Nothing was promised.
    NotPromised,
}

impl Promise {
    /// As it is written: equal, `at_most`, nothing.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Promise::Equal => "equal",
            Promise::AtMost => "at_most",
            Promise::Nothing => "nothing",
        }
    }
}

impl Status {
    /// As it is written: kept, broken, `not_promised`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Status::Kept => "kept",
            Status::Broken => "broken",
            Status::NotPromised => "not_promised",
        }
    }
}

impl Calibration {
    /// The rows whose promise is broken.
    pub fn broken(&self) -> impl Iterator<Item = &Row> {
        self.rows.iter().filter(|row| row.status == Status::Broken)
    }
}

impl Row {
    pub(super) fn new(scenario: Scenario, world: World, method: Method, looks: Looks, tally: &Tally) -> Row {
        let alpha = method.alpha();
        let losses = tally.expected_loss.get().zip(tally.realised_loss.get());
        let mut row = Row {
            scenario,
            world,
            method,
            looks,
            runs: tally.runs,
            not_estimable: tally.not_estimable,
            alpha,
            false_rejections: tally.false_rejections.get(),
            power: tally.true_rejections.get(),
            coverage: tally.covered.get(),
            sample: tally.sample.get(),
            loss: losses.map(|(expected, realised)| Loss {
                shipped: tally.expected_loss.n,
                expected,
                realised,
            }),
            monte_carlo_error: (alpha * (1.0 - alpha) / tally.runs.max(1) as f64).sqrt(),
            promise: method.promise(looks),
            status: Status::NotPromised,
        };
        row.status = row.judge();
        row
    }

    /// Coverage is promised by whoever promises an error rate, and by credible intervals at one look.
    fn judge(&self) -> Status {
        let slack = ERRORS * self.monte_carlo_error;
        let rejections = self.false_rejections.and_then(|rate| match self.promise {
            Promise::Equal => Some((rate - self.alpha).abs() <= slack),
            Promise::AtMost => Some(rate <= self.alpha + slack),
            Promise::Nothing => None,
        });
        let credible = self.method == Method::Bayes && self.looks == Looks::One;
        let covers = self.promise != Promise::Nothing || credible;
        let coverage = self.coverage.filter(|_| covers).map(|coverage| coverage >= 1.0 - self.alpha - slack);
        match (rejections, coverage) {
            (None, None) => Status::NotPromised,
            (rejections, coverage) if rejections.unwrap_or(true) && coverage.unwrap_or(true) => Status::Kept,
            _ => Status::Broken,
        }
    }
}
