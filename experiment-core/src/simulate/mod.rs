//! Whether the methods keep their promises: experiments on populations whose truth is known, by the
//! thousand.
//!
//! A [`Scenario`] is a population of customers with a definition of its experiment; a [`World`] says how its
//! arms differ, if they do. Each replicate goes the way that real customers go: the customer's id is assigned
//! by our hash, the history becomes a contribution, contributions become sums by cohort day, and each
//! [`Method`] reads the sums of the days that are mature, once or day by day. What the readings said is
//! counted against what is true: false and true rejections, coverage of the true effect.
//!
//! A [`Simulation`] is cut into batches, each a function of the settings and its number alone. Whoever runs
//! them may spread them over threads: put together in order they give the same bits.
//!
//! ```
//! use experiment_core::simulate::{Looks, Method, Scenario, Settings, Simulation};
//! let settings = Settings {
//!     scenarios: vec![Scenario::Binary],
//!     methods: vec![Method::PooledZ],
//!     looks: vec![Looks::One],
//!     runs: 200,
//!     customers: 400,
//!     seed: 1,
//! };
//! let simulation = Simulation::new(&settings)?;
//! let batches: Result<Vec<_>, _> = (0..simulation.batches()).map(|batch| simulation.run(batch)).collect();
//! let calibration = simulation.calibration(&batches?);
//! // Of 200 tests without an effect, 10 are expected to reject at 5 %; 22 or more happen once in 5,000 times.
//! let alike = &calibration.rows[0];
//! assert!(alike.false_rejections.is_some_and(|rate| rate < 22.0 / 200.0));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod answer;
mod calibration;
mod economics;
mod family;
mod method;
mod plan;
mod random;
mod sample;
mod scenario;
mod simulation;
mod tally;
mod verdicts;

pub use calibration::{Calibration, Loss, Promise, Row, Status};
pub use economics::{FigureCoverage, OfferError, OfferTruth, PaysRate, offer_coverage};
pub use method::{Looks, Method};
pub use scenario::{Scenario, World};
pub use simulation::{
    Batch, LEAST_CUSTOMERS, MOST_CUSTOMERS, MOST_RUNS, Settings, Simulation, SimulationError,
};
pub use verdicts::{Truth, VerdictRates, verdict_rates};
