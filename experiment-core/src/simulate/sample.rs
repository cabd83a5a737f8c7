//! One simulated experiment: customers assigned, measured and added up by cohort day, as a store would have
//! it.

use std::sync::Arc;

use super::method::Method;
use super::random::Random;
use super::scenario::{Effects, Person, Population, STRATA, Scenario};
use super::simulation::SimulationError;
use crate::assignment::{CompiledExperiment, Customer, NoMemory, assign};
use crate::definition::{Experiment, Status, read_document};
use crate::measure::{EventName, EventNames, Moments, MomentsOverflow, Rule, contribution};
use crate::report::{Design, MetricDesign, Stage};
use crate::stats::NotEstimable;
use crate::stats::survival::{FollowUp, SurvivalTable};
use crate::time::{DAY, Day, Span, Timestamp};

/// Cohort days: two weeks of entry, a look at the end of each day's windows.
pub(super) const DAYS: usize = 14;
/// How many enter on each day, relative to each other: more towards the week's end.
const ENTRY: [u32; DAYS] = [10, 9, 9, 10, 11, 13, 12, 10, 9, 9, 10, 11, 13, 12];
/// The first cohort day.
const FIRST_DAY: Day = Day(20_000);

/// An experiment made ready to be run many times.
pub(super) struct Laboratory {
    compiled: CompiledExperiment,
    rule: Rule,
    order: EventName,
    pub(super) metric: MetricDesign,
    pub(super) weights: Vec<f64>,
    follow_up: Span,
    needs: Needs,
}

/// What the chosen methods read beside sums.
#[derive(Debug, Clone, Copy, Default)]
struct Needs {
    strata: bool,
    values: bool,
    so_far: bool,
    crossed: bool,
    survival: bool,
}

impl Needs {
    fn of(methods: &[Method]) -> Needs {
        let any = |wanted: &[Method]| methods.iter().any(|method| wanted.contains(method));
        Needs {
            strata: any(&[Method::Stratified, Method::StratifiedCuped]),
            values: any(&[
                Method::Quantile,
                Method::MannWhitney,
                Method::BrunnerMunzel,
                Method::BootstrapPercentile,
                Method::BootstrapBca,
            ]),
            so_far: any(&[Method::OpenWindows]),
            crossed: any(&[Method::AsAssigned]),
            survival: any(&[Method::LogRank, Method::RestrictedMean]),
        }
    }
}

/// The customers who enter up to the end of each cohort day, of `customers` in all.
pub(super) fn entered(customers: u32) -> [u32; DAYS] {
    let total: u32 = ENTRY.iter().sum();
    let mut sum = 0;
    ENTRY.map(|share| {
        sum += share;
        (u64::from(customers) * u64::from(sum) / u64::from(total)) as u32
    })
}

/// All that the looks at one simulated experiment can be made from.
pub(super) struct Sample {
    arms: Vec<Arm>,
    follow_up: Span,
}

struct Arm {
    days: Vec<CohortDay>,
    values: Vec<f64>,
    departures: Vec<Departure>,
}

#[derive(Clone)]
struct CohortDay {
    main: Moments,
    crossed: Moments,
    so_far: Moments,
    strata: [Moments; STRATA],
    exposed: u64,
    /// Values of this and of all earlier days.
    values_end: usize,
}

/// When a customer who entered on a cohort day left, or was lost from sight.
struct Departure {
    cohort: usize,
    follow_up: FollowUp,
}

/// What one arm shows at a look.
pub(super) struct ArmLook<'a> {
    /// Customers whose window has ended, crossed ones left out.
    pub(super) main: Moments,
    /// The crossed ones.
    pub(super) crossed: Moments,
    /// Everybody on the last day of entry, with what had happened by then.
    pub(super) so_far: Moments,
    pub(super) strata: [Moments; STRATA],
    /// First exposures, all of them.
    pub(super) exposed: u64,
    /// One value a customer of `main`.
    pub(super) values: &'a [f64],
    /// Everybody by day of churn, followed up to the look.
    pub(super) survival: Option<SurvivalTable>,
}

/// What an experiment shows on one day.
pub(super) struct Look<'a> {
    /// Which look it is, counted from 0.
    pub(super) index: usize,
    /// The control first.
    pub(super) arms: Vec<ArmLook<'a>>,
}

impl Laboratory {
    pub(super) fn new(scenario: Scenario, methods: &[Method]) -> Result<Laboratory, SimulationError> {
        let invalid = |detail: String| SimulationError::Definition { scenario, detail };
        let document = read_document(scenario.definition()).map_err(|error| invalid(error.to_string()))?;
        let experiment = Experiment::parse(document).map_err(|error| invalid(error.to_string()))?;
        let design = Design::of(&experiment, 1, Stage::Final);
        let first = experiment.metrics.first().zip(design.metrics.into_iter().next());
        let (measured, metric) = first.ok_or_else(|| invalid("it has no metric".to_owned()))?;
        let mut names = EventNames::default();
        let rule = Rule::compile(measured, &mut names);
        let order = names.intern("order");
        let follow_up = measured.window.to.unwrap_or_default();
        let compiled = CompiledExperiment::new(Arc::new(experiment), Status::Running, 1, None)
            .map_err(|error| invalid(error.to_string()))?;
        let weights = design.variants.iter().map(|variant| variant.weight).collect();
        Ok(Laboratory { compiled, rule, order, metric, weights, follow_up, needs: Needs::of(methods) })
    }

    /// Runs the experiment once: `customers` people whose ids begin with `prefix`.
    pub(super) fn sample(
        &self,
        population: &dyn Population,
        effects: &Effects,
        prefix: &str,
        customers: u32,
        random: &mut Random,
    ) -> Result<Sample, MomentsOverflow> {
        let mut arms: Vec<Arm> = self.weights.iter().map(|_| Arm::new(self.metric.parts())).collect();
        let mut person = Person::new(self.order);
        let mut id = String::from(prefix);
        let mut index = 0;
        for (day, end) in entered(customers).into_iter().enumerate() {
            let start = cohort_day(day).start();
            while index < end {
                id.truncate(prefix.len());
                push_number(&mut id, index);
                index += 1;
                // All enter by definition: no traffic share, no override, nothing sticky.
                let Some(variant) = assign(&self.compiled, Customer::new(&id), &NoMemory).variant() else {
                    continue;
                };
                person.enter(Timestamp(start.0 + (random.uniform() * DAY as f64) as i64));
                population.draw(effects, variant, random, &mut person);
                self.record(&mut arms[variant], day, &person)?;
            }
            for arm in &mut arms {
                arm.days[day].values_end = arm.values.len();
            }
        }
        Ok(Sample { arms, follow_up: self.follow_up })
    }

    fn record(&self, arm: &mut Arm, day: usize, person: &Person) -> Result<(), MomentsOverflow> {
        if person.lost {
            return Ok(());
        }
        let cell = &mut arm.days[day];
        cell.exposed += 1;
        if self.needs.survival {
            let churn = person.churn;
            let follow_up =
                FollowUp { time: churn.day.min(churn.lost_day), event: churn.day <= churn.lost_day };
            arm.departures.push(Departure { cohort: day, follow_up });
            return Ok(());
        }
        if self.needs.so_far {
            let now = cohort_day(DAYS - 1).end();
            let past: Vec<_> = person.events.iter().filter(|event| event.at < now).copied().collect();
            if let Some(vector) = contribution(&self.rule, person.exposure, &past) {
                cell.so_far.add(&vector)?;
            }
        }
        let Some(vector) = contribution(&self.rule, person.exposure, &person.events) else { return Ok(()) };
        if person.crossed {
            return if self.needs.crossed { cell.crossed.add(&vector) } else { Ok(()) };
        }
        cell.main.add(&vector)?;
        if self.needs.strata {
            cell.strata[person.stratum].add(&vector)?;
        }
        if self.needs.values {
            let steps = vector.values().first().copied().unwrap_or(0);
            arm.values.push(steps as f64 / 10_u64.pow(self.metric.places) as f64);
        }
        Ok(())
    }
}

impl Arm {
    fn new(parts: usize) -> Arm {
        let empty = Moments::new(parts);
        let day = CohortDay {
            main: empty.clone(),
            crossed: empty.clone(),
            so_far: empty.clone(),
            strata: std::array::from_fn(|_| empty.clone()),
            exposed: 0,
            values_end: 0,
        };
        Arm { days: vec![day; DAYS], values: Vec::new(), departures: Vec::new() }
    }

    /// The sums of the cohort days up to `last`, which is what is mature when its windows end.
    fn look(&self, last: usize, follow_up: Span) -> Result<ArmLook<'_>, MomentsOverflow> {
        let mut sums = self.days[0].clone();
        for day in &self.days[1..=last] {
            sums.main.merge(&day.main)?;
            sums.crossed.merge(&day.crossed)?;
            sums.exposed += day.exposed;
            for (stratum, more) in sums.strata.iter_mut().zip(&day.strata) {
                stratum.merge(more)?;
            }
        }
        for day in &self.days[1..] {
            sums.so_far.merge(&day.so_far)?;
        }
        Ok(ArmLook {
            main: sums.main,
            crossed: sums.crossed,
            so_far: sums.so_far,
            strata: sums.strata,
            exposed: sums.exposed,
            values: &self.values[..self.days[last].values_end],
            survival: self.survival(last, follow_up).ok(),
        })
    }

    /// Everybody who has entered, followed up from the end of their cohort day to the end of the windows of
    /// day `last`.
    fn survival(&self, last: usize, follow_up: Span) -> Result<SurvivalTable, NotEstimable> {
        let days = (follow_up.0 / DAY) as f64 + last as f64;
        let seen = self.departures.iter().map(|departure| {
            let until = days - departure.cohort as f64;
            let FollowUp { time, event } = departure.follow_up;
            if time <= until { FollowUp { time, event } } else { FollowUp { time: until, event: false } }
        });
        SurvivalTable::from_follow_ups(&seen.collect::<Vec<_>>())
    }
}

impl Sample {
    /// What is seen when cohort day `last` becomes mature.
    pub(super) fn look(&self, last: usize) -> Result<Look<'_>, MomentsOverflow> {
        let arms = self.arms.iter().map(|arm| arm.look(last, self.follow_up));
        Ok(Look { index: last, arms: arms.collect::<Result<_, _>>()? })
    }
}

fn cohort_day(index: usize) -> Day {
    Day(FIRST_DAY.0 + index as i32)
}

/// Appends a number in decimal; `write!` takes three times as long, and this runs for every customer.
fn push_number(text: &mut String, number: u32) {
    let mut digits = [0_u8; 10];
    let (mut rest, mut at) = (number, digits.len());
    loop {
        at -= 1;
        digits[at] = (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    text.extend(digits[at..].iter().map(|digit| char::from(b'0' + digit)));
}

#[cfg(test)]
mod tests {
    use super::super::scenario::World;
    use super::*;
    use crate::report::{Estimand, Pair};
    use crate::stats::TestOptions;
    use crate::stats::survival::restricted_mean_test;

    /// Of each scenario, one large experiment with an effect: what is estimated is what is said to be true.
    #[test]
    fn populations_have_the_effects_that_they_claim() {
        for scenario in Scenario::ALL.into_iter().filter(|scenario| *scenario != Scenario::LostExposures) {
            let laboratory = Laboratory::new(scenario, scenario.methods()).unwrap();
            let (population, mut random) = (scenario.population(), Random::new(3, 0));
            let effects = population.effects(World::Different, &mut random);
            let sample = laboratory.sample(population, &effects, "c-", 200_000, &mut random).unwrap();
            let look = sample.look(DAYS - 1).unwrap();
            let options = TestOptions::two_sided(0.95);
            for variant in 1..look.arms.len() {
                let (control, arm) = (&look.arms[0], &look.arms[variant]);
                let test = match (&control.survival, &arm.survival) {
                    (Some(control), Some(arm)) => {
                        restricted_mean_test(control, arm, 30.0, &options).unwrap().comparison
                    }
                    _ => {
                        let metric = &laboratory.metric;
                        Pair {
                            metric,
                            control: &control.main,
                            variant: &arm.main,
                            by_value: None,
                            strata: &[],
                        }
                        .test(&options)
                        .unwrap()
                    }
                };
                let truth = population.truth(&effects, variant);
                let distance = (test.effect - truth.effect) / test.std_error;
                assert!(distance.abs() < 5.0, "{scenario} {variant}: {distance} errors off");
                let control_mean = truth.effect / truth.relative;
                assert!(truth.effect == 0.0 || (control_mean > 0.0 && control_mean.is_finite()));
            }
        }
    }

    #[test]
    fn windows_strata_and_crossed_customers_are_kept_apart() {
        let run = |scenario: Scenario| {
            let laboratory = Laboratory::new(scenario, scenario.methods()).unwrap();
            let (population, mut random) = (scenario.population(), Random::new(3, 0));
            let effects = population.effects(World::Alike, &mut random);
            let sample = laboratory.sample(population, &effects, "c-", 4_000, &mut random).unwrap();
            (laboratory.metric.clone(), sample)
        };
        let (metric, correlated) = run(Scenario::Correlated);
        assert_eq!((metric.estimand, metric.covariates), (Estimand::Mean, 1));
        let arm = &correlated.look(3).unwrap().arms[0];
        let strata: i64 = arm.strata.iter().map(Moments::n).sum();
        assert_eq!((strata, arm.values.len() as i64), (arm.main.n(), arm.main.n()));
        let mean = arm.values.iter().sum::<f64>() / arm.values.len() as f64;
        assert!((mean - arm.main.mean(0, metric.places).unwrap()).abs() < 1e-9);

        let (_, crossover) = run(Scenario::Crossover);
        let arms = &crossover.look(DAYS - 1).unwrap().arms;
        let total: u64 = arms.iter().map(|arm| arm.exposed).sum();
        let crossed: i64 = arms.iter().map(|arm| arm.crossed.n()).sum();
        assert_eq!(total, 4_000);
        // 2 % of 4,000, six standard errors around.
        assert!((crossed - 80).abs() < 54, "{crossed}");
        let kept: i64 = arms.iter().map(|arm| arm.main.n()).sum();
        assert_eq!(kept + crossed, 4_000);

        let (_, churn) = run(Scenario::Churn);
        let first = churn.look(0).unwrap().arms[0].survival.clone().unwrap();
        // On the first look those of the first day have been followed for thirty days, all others for less.
        assert_eq!(first.last_time(), 30.0);
        assert_eq!(first.rows()[0].at_risk, churn.look(DAYS - 1).unwrap().arms[0].exposed);
    }

    #[test]
    fn everybody_enters_on_some_day() {
        for customers in [200, 4_000, 999_999] {
            let ends = entered(customers);
            assert_eq!(ends[DAYS - 1], customers);
            assert!(ends.windows(2).all(|pair| pair[0] < pair[1]));
        }
        // 4,000 × 10/148 and 4,000 × 74/148.
        assert_eq!((entered(4_000)[0], entered(4_000)[6]), (270, 2_000));
    }

    #[test]
    fn numbers_are_written_in_decimal() {
        for number in [0, 7, 10, 4_294_967_295] {
            let mut text = String::from("c");
            push_number(&mut text, number);
            assert_eq!(text, format!("c{number}"));
        }
    }
}
