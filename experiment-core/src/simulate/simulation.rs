//! Many experiments: what is run, cut into batches that any thread may take.

use super::answer::answer;
use super::calibration::{Calibration, Row};
use super::family::family;
use super::method::{Looks, Method};
use super::plan::{Case, Plan};
use super::random::Random;
use super::sample::{DAYS, Laboratory, Look, entered};
use super::scenario::{Effects, Population, Scenario, Truth, World};
use super::tally::{Outcome, Tally};
use crate::measure::MomentsOverflow;
use crate::report::LIBRARY_VERSION;
use crate::stats::NotEstimable;
use xxhash_rust::xxh3::xxh3_64;

/// Replicates of a batch.
const BATCH: u32 = 50;
/// Most simulated experiments behind a row.
pub const MOST_RUNS: u32 = 1_000_000;
/// Fewest customers of an experiment: some must enter on each day.
pub const LEAST_CUSTOMERS: u32 = 200;
/// Most customers of an experiment, all of whom are kept in memory for ranks and resampling.
pub const MOST_CUSTOMERS: u32 = 1_000_000;

/// What is to be simulated.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// The populations.
    pub scenarios: Vec<Scenario>,
    /// The methods, each tried where it fits.
    pub methods: Vec<Method>,
    /// The ways of looking.
    pub looks: Vec<Looks>,
    /// Simulated experiments a row: 1 to [`MOST_RUNS`].
    pub runs: u32,
    /// Customers of each, all arms together: [`LEAST_CUSTOMERS`] to [`MOST_CUSTOMERS`].
    pub customers: u32,
    /// Any number; the same one gives the same bits.
    pub seed: u64,
}

/// Why nothing can be simulated.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SimulationError {
    /// Too few or too many runs.
    #[error("{runs} runs are not between 1 and {MOST_RUNS}")]
    Runs {
        /// What was asked for.
        runs: u32,
    },
    /// Too few or too many customers.
    #[error("{customers} customers are not between {LEAST_CUSTOMERS} and {MOST_CUSTOMERS}")]
    Customers {
        /// What was asked for.
        customers: u32,
    },
    /// None of the methods fits the scenarios and looks.
    #[error("none of these methods is tried on these scenarios with these looks")]
    Nothing,
    /// A scenario's own definition was refused; never in a released version.
    #[error("the definition of scenario {scenario} is refused: {detail}")]
    Definition {
        /// The scenario.
        scenario: Scenario,
        /// What was found.
        detail: String,
    },
    /// The boundaries for the looks could not be computed.
    #[error("the boundaries of the daily looks: {0}")]
    Boundaries(NotEstimable),
}

/// A simulation made ready.
pub struct Simulation {
    settings: Settings,
    studies: Vec<Study>,
}

/// The result of one batch: part of one study.
#[derive(Debug, Clone, PartialEq)]
pub struct Batch {
    tallies: Vec<Tally>,
}

/// One scenario in one world.
struct Study {
    scenario: Scenario,
    world: World,
    laboratory: Laboratory,
    plan: Plan,
    cells: Vec<(Method, Looks)>,
    seed: u64,
}

impl Simulation {
    /// Makes everything ready that does not depend on chance.
    ///
    /// # Errors
    /// [`SimulationError`] for numbers out of bounds or when nothing is left to be simulated.
    pub fn new(settings: &Settings) -> Result<Simulation, SimulationError> {
        let Settings { runs, customers, .. } = *settings;
        if !(1..=MOST_RUNS).contains(&runs) {
            return Err(SimulationError::Runs { runs });
        }
        if !(LEAST_CUSTOMERS..=MOST_CUSTOMERS).contains(&customers) {
            return Err(SimulationError::Customers { customers });
        }
        let mut studies = Vec::new();
        for scenario in Scenario::ALL.into_iter().filter(|scenario| settings.scenarios.contains(scenario)) {
            for world in scenario.worlds() {
                studies.extend(Study::new(settings, scenario, *world)?);
            }
        }
        if studies.is_empty() {
            return Err(SimulationError::Nothing);
        }
        Ok(Simulation { settings: settings.clone(), studies })
    }

    /// How many batches there are.
    #[must_use]
    pub fn batches(&self) -> usize {
        self.studies.len() * self.batches_of_study()
    }

    /// How many simulated experiments there are in all.
    #[must_use]
    pub fn experiments(&self) -> u64 {
        self.studies.len() as u64 * u64::from(self.settings.runs)
    }

    fn batches_of_study(&self) -> usize {
        self.settings.runs.div_ceil(BATCH) as usize
    }

    /// The study of a batch, and its replicates.
    fn place(&self, batch: usize) -> (usize, std::ops::Range<u32>) {
        let start = (batch % self.batches_of_study()) as u32 * BATCH;
        (batch / self.batches_of_study(), start..(start + BATCH).min(self.settings.runs))
    }

    /// How many simulated experiments batch `batch`, counted from 0, holds.
    #[must_use]
    pub fn experiments_of(&self, batch: usize) -> u64 {
        self.place(batch).1.len() as u64
    }

    /// Runs one batch, counted from 0: a function of the settings and this number.
    ///
    /// # Errors
    /// [`MomentsOverflow`] when sums leave 128 bits, which these populations don't.
    pub fn run(&self, batch: usize) -> Result<Batch, MomentsOverflow> {
        let (study, runs) = self.place(batch);
        let Some(study) = self.studies.get(study) else { return Ok(Batch { tallies: Vec::new() }) };
        let mut tallies = vec![Tally::default(); study.cells.len()];
        for run in runs {
            study.replicate(run, self.settings.customers, &mut tallies)?;
        }
        Ok(Batch { tallies })
    }

    /// Puts all batches together, in their order.
    #[must_use]
    pub fn calibration(&self, batches: &[Batch]) -> Calibration {
        let mut rows = Vec::new();
        for (study, batches) in self.studies.iter().zip(batches.chunks(self.batches_of_study())) {
            let mut tallies = vec![Tally::default(); study.cells.len()];
            for batch in batches {
                for (tally, more) in tallies.iter_mut().zip(&batch.tallies) {
                    tally.merge(more);
                }
            }
            let cells = study.cells.iter().zip(&tallies);
            rows.extend(cells.map(|((method, looks), tally)| {
                Row::new(study.scenario, study.world, *method, *looks, tally)
            }));
        }
        Calibration {
            library_version: LIBRARY_VERSION.to_owned(),
            seed: self.settings.seed,
            runs: self.settings.runs,
            customers: self.settings.customers,
            rows,
        }
    }
}

impl Study {
    fn new(settings: &Settings, scenario: Scenario, world: World) -> Result<Option<Study>, SimulationError> {
        let chosen = scenario.methods().iter().filter(|method| settings.methods.contains(method));
        let methods: Vec<Method> = chosen.copied().filter(|method| method.applies(world)).collect();
        let ways = Looks::ALL.into_iter().filter(|looks| settings.looks.contains(looks));
        let ways: Vec<Looks> = ways.collect();
        let cells = methods.iter().flat_map(|method| ways.iter().map(|looks| (*method, *looks)));
        let cells: Vec<_> = cells.filter(|(method, looks)| method.reads(*looks)).collect();
        if cells.is_empty() {
            return Ok(None);
        }
        let laboratory = Laboratory::new(scenario, &methods)?;
        let arms = laboratory.weights.len();
        let plan = Plan::new(scenario.population(), arms, settings.customers)
            .map_err(SimulationError::Boundaries)?;
        // Studies share neither customers nor chance.
        let seed = xxh3_64(format!("{}/{}/{}", settings.seed, scenario.name(), world.name()).as_bytes());
        Ok(Some(Study { scenario, world, laboratory, plan, cells, seed }))
    }

    /// Runs the experiment once and lets every method read it.
    fn replicate(&self, run: u32, customers: u32, tallies: &mut [Tally]) -> Result<(), MomentsOverflow> {
        let population = self.scenario.population();
        let mut random = Random::new(self.seed, run);
        let effects = population.effects(self.world, &mut random);
        let prefix = format!("{:016x}-{run}-", self.seed);
        let sample = self.laboratory.sample(population, &effects, &prefix, customers, &mut random)?;
        let daily = self.cells.iter().any(|(_, looks)| *looks == Looks::Daily);
        let days = if daily { 0..DAYS } else { DAYS - 1..DAYS };
        let looks = days.map(|day| sample.look(day)).collect::<Result<Vec<_>, _>>()?;
        let case = self.case(population, &effects, run);
        for ((method, ways), tally) in self.cells.iter().zip(tallies) {
            if !run.is_multiple_of(method.every(self.scenario)) {
                continue;
            }
            let looks = if *ways == Looks::Daily { &looks[..] } else { &looks[looks.len() - 1..] };
            tally.add(self.outcome(*method, *ways, looks, &case, customers));
        }
        Ok(())
    }

    fn case<'a>(&'a self, population: &dyn Population, effects: &Effects, run: u32) -> Case<'a> {
        let truths = (0..effects.by_variant.len()).map(|variant| population.truth(effects, variant));
        Case {
            metric: &self.laboratory.metric,
            weights: &self.laboratory.weights,
            truths: truths.collect(),
            plan: &self.plan,
            prior: if self.world == World::Drawn { population.prior() } else { None },
            seed: self.seed ^ u64::from(run),
        }
    }

    fn outcome(
        &self,
        method: Method,
        ways: Looks,
        looks: &[Look<'_>],
        case: &Case<'_>,
        customers: u32,
    ) -> Option<Outcome> {
        if self.scenario == Scenario::ManyVariants {
            return family_outcome(method, looks, case);
        }
        let mut decided = None;
        let mut covered: Option<bool> = None;
        let mut estimable = false;
        let mut expected_loss = None;
        for look in looks {
            let Ok(answer) = answer(method, ways, look, case) else { continue };
            estimable = true;
            // Intervals have to hold at all looks, also at those after a decision.
            covered = answer.covers.map(|covers| covers && covered.unwrap_or(true)).or(covered);
            if answer.rejects && decided.is_none() {
                decided = Some(look.index);
                expected_loss = answer.expected_loss;
            }
        }
        let rejected = f64::from(u8::from(decided.is_some()));
        let null = method.is_null(self.scenario, self.world);
        let last = decided.unwrap_or(DAYS - 1);
        let Truth { effect, .. } = case.truths[1];
        estimable.then_some(Outcome {
            false_rejection: null.then_some(rejected),
            true_rejection: (!null).then_some(rejected),
            covered,
            sample: f64::from(entered(customers)[last]) / f64::from(customers),
            loss: expected_loss.map(|expected| (expected, (-effect).max(0.0))),
        })
    }
}

fn family_outcome(method: Method, looks: &[Look<'_>], case: &Case<'_>) -> Option<Outcome> {
    let answer = family(method, looks, case).ok()?;
    let (wrong, right, real) = answer.counts(case);
    let controls_discoveries = matches!(method, Method::BenjaminiHochberg | Method::BenjaminiYekutieli);
    let false_rejection = match (controls_discoveries, wrong) {
        (_, 0) => 0.0,
        (true, _) => wrong as f64 / (wrong + right) as f64,
        (false, _) => 1.0,
    };
    Some(Outcome {
        false_rejection: Some(false_rejection),
        true_rejection: (real > 0).then(|| right as f64 / real as f64),
        covered: answer.covers,
        sample: 1.0,
        loss: None,
    })
}
