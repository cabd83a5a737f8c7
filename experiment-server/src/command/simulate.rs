//! `experiment simulate`: do the methods keep their promises where the truth is known?

use std::num::NonZero;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use anyhow::Context;
use clap::ValueEnum;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use experiment_core::definition::Method as PlanMethod;
use experiment_core::simulate::{
    Batch, Calibration, LEAST_CUSTOMERS, Looks, MOST_CUSTOMERS, MOST_RUNS, Method, OfferTruth, Scenario,
    Settings, Simulation, SimulationError, Truth, VerdictRates, offer_coverage, verdict_rates,
};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::format::Format;
use super::offer_table::OfferCoverage;
use super::{Console, Exit};
use super::{calibration, offer_table, verdict_table};

const EXAMPLES: &str = "\
Examples:
  # every method on every population, a minute on two cores
  experiment simulate
  # what looking every day at a fixed p-value does, and what a sequence makes of it
  experiment simulate --scenario binary --method pooled_z,always_valid --looks daily
  # the table of the book, as CSV
  experiment simulate --runs 20000 --format csv
  # are 400 customers enough for revenue where 97 % spend nothing?
  experiment simulate --scenario revenue --customers 400 --runs 5000
  # whole plans with guardrail, alarm for harm and checks, looked at daily: how often which verdict
  experiment simulate --verdicts
  # offers whose truth is known: do the intervals of what they earn hold it
  experiment simulate --offers --runs 1000

Exit codes: 0 every promise is kept, 1 some are broken, 2 wrong use.";

/// Try every method on simulated experiments whose truth is known: false rejections, coverage, power
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// Populations to simulate, several with commas [default: all]
    #[arg(long, value_name = "NAME", value_delimiter = ',', value_parser = scenarios())]
    scenario: Vec<Scenario>,
    /// Methods to try, several with commas, each where it fits [default: all]
    #[arg(long, value_name = "NAME", value_delimiter = ',', value_parser = methods())]
    method: Vec<Method>,
    /// Simulated experiments behind each row
    #[arg(long, value_name = "N", default_value_t = 2_000, value_parser = clap::value_parser!(u32).range(1..=i64::from(MOST_RUNS)))]
    runs: u32,
    /// Customers of each experiment, all arms together
    #[arg(long, value_name = "N", default_value_t = 4_000, value_parser = clap::value_parser!(u32).range(i64::from(LEAST_CUSTOMERS)..=i64::from(MOST_CUSTOMERS)))]
    customers: u32,
    /// The same seed gives the same table
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// How often each experiment is looked at [default: both]
    #[arg(long, value_enum)]
    looks: Option<LooksFlag>,
    /// How many threads work at once; the table is the same for any number [default: one a core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    threads: Option<u16>,
    /// Whole plans instead of single methods: how often each verdict is given under daily looks
    #[arg(long, conflicts_with_all = ["scenario", "method", "looks"])]
    verdicts: bool,
    /// Offers instead of single methods: how often the intervals of what they earn hold the truth
    #[arg(long, conflicts_with_all = ["scenario", "method", "looks", "verdicts"])]
    offers: bool,
    /// How the table is printed
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum LooksFlag {
    /// Once, when all windows have ended
    One,
    /// On each of fourteen days
    Daily,
}

pub(super) fn run(args: Args, console: &mut Console<'_>) -> anyhow::Result<Exit> {
    let threads =
        args.threads.map_or_else(|| thread::available_parallelism().map_or(1, NonZero::get), usize::from);
    if args.verdicts {
        let rates = verdicts(args.runs, args.customers, args.seed, threads)?;
        match args.format {
            Format::Table => verdict_table::write_table(&rates, console.stdout)?,
            Format::Json => {
                serde_json::to_writer_pretty(&mut *console.stdout, &rates)?;
                writeln!(console.stdout)?;
            }
            Format::Csv => verdict_table::write_csv(&rates, console.stdout)?,
        }
        return Ok(Exit::Fine);
    }
    if args.offers {
        return offers(&args, threads, console);
    }
    let settings = Settings {
        scenarios: or_all(args.scenario, &Scenario::ALL),
        methods: or_all(args.method, &Method::ALL),
        looks: match args.looks {
            None => Looks::ALL.to_vec(),
            Some(LooksFlag::One) => vec![Looks::One],
            Some(LooksFlag::Daily) => vec![Looks::Daily],
        },
        runs: args.runs,
        customers: args.customers,
        seed: args.seed,
    };
    let simulation = match Simulation::new(&settings) {
        Err(error @ SimulationError::Nothing) => return Err(error).with_context(|| what_fits(&settings)),
        simulation => simulation?,
    };
    let calibration = simulate(&simulation, threads, console.progress)?;
    match args.format {
        Format::Table => calibration::write_table(&calibration, console.stdout)?,
        Format::Json => {
            serde_json::to_writer_pretty(&mut *console.stdout, &calibration)?;
            writeln!(console.stdout)?;
        }
        Format::Csv => calibration::write_csv(&calibration, console.stdout)?,
    }
    Ok(if calibration.broken().next().is_some() { Exit::BadNews } else { Exit::Fine })
}

/// Every offer's figures, each offer on a thread of its own where there are as many.
fn offers(args: &Args, threads: usize, console: &mut Console<'_>) -> anyhow::Result<Exit> {
    let cover = |offer: &OfferTruth| -> anyhow::Result<OfferCoverage> {
        let (figures, pays) = offer_coverage(*offer, args.runs, args.customers, args.seed)?;
        Ok(OfferCoverage { figures, pays })
    };
    let mut offers = Vec::new();
    for together in OfferTruth::ALL.chunks(threads.max(1)) {
        let found: anyhow::Result<Vec<_>> = thread::scope(|scope| {
            let workers: Vec<_> = together.iter().map(|offer| scope.spawn(|| cover(offer))).collect();
            let join = |worker: thread::ScopedJoinHandle<'_, anyhow::Result<_>>| {
                worker.join().unwrap_or_else(|_| Err(anyhow::anyhow!("a simulated offer could not be read")))
            };
            workers.into_iter().map(join).collect()
        });
        offers.extend(found?);
    }
    match args.format {
        Format::Table => offer_table::write_table(&offers, console.stdout)?,
        Format::Json => {
            serde_json::to_writer_pretty(&mut *console.stdout, &offers)?;
            writeln!(console.stdout)?;
        }
        Format::Csv => offer_table::write_csv(&offers, console.stdout)?,
    }
    let kept = offers.iter().flat_map(|offer| &offer.figures).all(|row| row.is_kept());
    Ok(if kept { Exit::Fine } else { Exit::BadNews })
}

/// Every plan on every truth, each pair on one of `threads` threads.
fn verdicts(runs: u32, customers: u32, seed: u64, threads: usize) -> anyhow::Result<Vec<VerdictRates>> {
    const PLANS: [PlanMethod; 4] =
        [PlanMethod::Fixed, PlanMethod::AlwaysValid, PlanMethod::GroupSequential, PlanMethod::Bayesian];
    let pairs: Vec<_> =
        Truth::ALL.iter().flat_map(|truth| PLANS.iter().map(|method| (*method, *truth))).collect();
    let next = AtomicUsize::new(0);
    let work = || -> anyhow::Result<Vec<(usize, VerdictRates)>> {
        let mut found = Vec::new();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some((method, truth)) = pairs.get(index) else { return Ok(found) };
            // The integrals behind two beta posteriors take twenty times the rest.
            let runs = if *method == PlanMethod::Bayesian { runs.div_ceil(20) } else { runs };
            found.push((index, verdict_rates(*method, *truth, runs, customers, seed)?));
        }
    };
    let found: anyhow::Result<Vec<_>> = thread::scope(|scope| {
        let workers: Vec<_> = (0..threads.min(pairs.len())).map(|_| scope.spawn(work)).collect();
        let join = |worker: thread::ScopedJoinHandle<'_, anyhow::Result<Vec<_>>>| {
            worker.join().unwrap_or_else(|_| Err(anyhow::anyhow!("a simulated campaign could not be read")))
        };
        workers.into_iter().map(join).collect()
    });
    let mut rates = found?.concat();
    rates.sort_by_key(|(index, _)| *index);
    Ok(rates.into_iter().map(|(_, rates)| rates).collect())
}

/// Runs all batches on `threads` threads, each taking the next that nobody has taken.
fn simulate(simulation: &Simulation, threads: usize, watched: bool) -> anyhow::Result<Calibration> {
    let progress = progress(simulation.experiments(), watched);
    let next = AtomicUsize::new(0);
    let done = Mutex::new(vec![None; simulation.batches()]);
    let work = || -> anyhow::Result<()> {
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            if index >= simulation.batches() {
                return Ok(());
            }
            let batch = simulation.run(index)?;
            progress.inc(simulation.experiments_of(index));
            // A thread that panicked holding the lock ends the command below.
            if let Ok(mut done) = done.lock() {
                done[index] = Some(batch);
            }
        }
    };
    thread::scope(|scope| {
        let workers: Vec<_> = (0..threads.min(simulation.batches())).map(|_| scope.spawn(work)).collect();
        workers.into_iter().try_for_each(|worker| {
            worker.join().unwrap_or_else(|_| Err(anyhow::anyhow!("a simulated experiment could not be read")))
        })
    })?;
    progress.finish_and_clear();
    let batches = done.into_inner().ok().and_then(|done| done.into_iter().collect::<Option<Vec<Batch>>>());
    Ok(simulation.calibration(&batches.context("some simulated experiments are missing")?))
}

fn progress(experiments: u64, watched: bool) -> ProgressBar {
    let target = if watched { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
    let bar = ProgressBar::with_draw_target(Some(experiments), target);
    let style = ProgressStyle::with_template("{bar:40} {pos} of {len} experiments, {eta} left");
    bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

fn or_all<T: Clone>(chosen: Vec<T>, all: &[T]) -> Vec<T> {
    if chosen.is_empty() { all.to_vec() } else { chosen }
}

/// Which methods there are for what was asked.
fn what_fits(settings: &Settings) -> String {
    let fits = |scenario: &Scenario| {
        let methods = scenario.methods().iter();
        let names = methods
            .filter(|method| settings.looks.iter().any(|looks| method.reads(*looks)))
            .map(|method| method.name());
        format!("{scenario}: {}", names.collect::<Vec<_>>().join(", "))
    };
    let fitting: Vec<String> = settings.scenarios.iter().map(fits).collect();
    format!(
        "--method, --scenario and --looks leave nothing to simulate; mend: choose a method that fits, for {}",
        fitting.join("; for ")
    )
}

fn scenarios() -> impl TypedValueParser<Value = Scenario> {
    let described = |scenario: Scenario| PossibleValue::new(scenario.name()).help(scenario.description());
    named(Scenario::ALL.map(|scenario| (described(scenario), scenario)).to_vec())
}

fn methods() -> impl TypedValueParser<Value = Method> {
    named(Method::ALL.map(|method| (PossibleValue::new(method.name()), method)).to_vec())
}

/// Takes one of these names, and says which there are when it is none of them.
fn named<T: Copy + Send + Sync + 'static>(
    values: Vec<(PossibleValue, T)>,
) -> impl TypedValueParser<Value = T> {
    let names = values.iter().map(|(name, _)| name.clone());
    PossibleValuesParser::new(names.collect::<Vec<_>>()).try_map(move |name| {
        let value = values.iter().find(|(known, _)| known.get_name() == name);
        value.map(|(_, value)| *value).ok_or("no such name")
    })
}
