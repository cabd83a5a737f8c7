//! Whole plans, looked at on every day until one decides: which verdicts are given where the truth is known.
//!
//! Unlike the tables of methods, this goes through [`verdict_of`](crate::report::verdict_of): primaries, guardrail, alarm for
//! harm, checks of the arms' sizes and the rule that the first decision stands, all together.

use super::random::Random;
use crate::definition::{Correction, Direction, Method, Plan, Role, Ship, Target, Window};
use crate::measure::{Cell, Moments, MomentsOverflow, Population, Slice};
use crate::report::{
    Aggregates, Cells, Design, Estimand, MetricDesign, Stage, VariantDesign, VerdictCode, verdict_of,
};
use crate::time::{DAY, Day, Span};
use xxhash_rust::xxh3::xxh3_64;

/// Cohort days: two weeks of entry, a look at the end of each day's windows.
const DAYS: i32 = 14;
/// Digits of the fixed point: rates need none.
const PLACES: u32 = 0;
/// The rate of the primary without an effect, and what a variant adds or takes.
const KEPT: (f64, f64) = (0.2, 0.035);
/// The rate of the guardrail without an effect, and the margin up to which more is acceptable.
const LEFT: (f64, f64) = (0.05, 0.015);
/// When the Bayesian plan ships: chance, and loss as a part of the effect.
const SHIP: (f64, f64) = (0.95, 0.05);

/// What is true of a campaign: a primary that 20 % do, and a guardrail that 5 % do with a margin of 1.5 points.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Truth {
    /// Both arms are alike.
    Alike,
    /// The variant keeps 3.5 points more.
    Better,
    /// The variant keeps 3.5 points less.
    Worse,
    /// The variant keeps 3.5 points more, and the guardrail is worse by just the margin.
    AtMargin,
    /// The arms are alike, and one in four of the variant's exposures is lost.
    Lost,
}

impl Truth {
    /// All of them.
    pub const ALL: [Truth; 5] = [Truth::Alike, Truth::Better, Truth::Worse, Truth::AtMargin, Truth::Lost];

    /// As it is written.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Truth::Alike => "alike",
            Truth::Better => "better",
            Truth::Worse => "worse",
            Truth::AtMargin => "at_margin",
            Truth::Lost => "lost",
        }
    }

    /// The rates of primary and guardrail in the variant.
    fn rates(self) -> (f64, f64) {
        match self {
            Truth::Alike | Truth::Lost => (KEPT.0, LEFT.0),
            Truth::Better => (KEPT.0 + KEPT.1, LEFT.0),
            Truth::Worse => (KEPT.0 - KEPT.1, LEFT.0),
            Truth::AtMargin => (KEPT.0 + KEPT.1, LEFT.0 + LEFT.1),
        }
    }
}

/// How often which verdict was given, as shares of the campaigns.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct VerdictRates {
    /// The plan's method.
    pub method: Method,
    /// What is true.
    pub truth: Truth,
    /// Campaigns.
    pub runs: u32,
    /// Shipped.
    pub ship: f64,
    /// Kept the control.
    pub keep_control: f64,
    /// Stopped for harm.
    pub stop_for_harm: f64,
    /// Never decided.
    pub inconclusive: f64,
    /// Invalid on the last day.
    pub invalid: f64,
    /// The share of the customers that had entered when it was decided, on average.
    pub sample: f64,
}

/// Runs `runs` campaigns of `customers` customers under one plan, each looked at daily.
///
/// A function of its arguments: the same seed gives the same rates.
///
/// # Errors
/// [`MomentsOverflow`] when sums leave 128 bits, which these don't.
pub fn verdict_rates(
    method: Method,
    truth: Truth,
    runs: u32,
    customers: u32,
    seed: u64,
) -> Result<VerdictRates, MomentsOverflow> {
    let design = design(method, customers);
    // Campaigns of different truths or plans share no chance.
    let seed = xxh3_64(format!("{seed}/{}/{method:?}", truth.name()).as_bytes());
    let mut counts = [0_u32; 5];
    let mut sample = 0.0;
    for run in 0..runs {
        let (code, day) = campaign(&design, truth, customers, Random::new(seed, run))?;
        let place = match code {
            VerdictCode::Ship => 0,
            VerdictCode::KeepControl => 1,
            VerdictCode::StopForHarm => 2,
            VerdictCode::Inconclusive | VerdictCode::Continue => 3,
            VerdictCode::Invalid => 4,
        };
        counts[place] += 1;
        sample += f64::from(entered(day, customers)) / f64::from(customers);
    }
    let share = |count: u32| f64::from(count) / f64::from(runs.max(1));
    let [ship, keep_control, stop_for_harm, inconclusive, invalid] = counts.map(share);
    let sample = sample / f64::from(runs.max(1));
    Ok(VerdictRates { method, truth, runs, ship, keep_control, stop_for_harm, inconclusive, invalid, sample })
}

fn design(method: Method, customers: u32) -> Design {
    let metric = |key: &str, role: Role, direction: Direction, margin: Option<f64>| MetricDesign {
        key: key.to_owned(),
        estimand: Estimand::Proportion,
        role,
        direction,
        margin,
        min_effect: None,
        places: PLACES,
        covariates: 0,
        quantile: None,
        answered: false,
        window: Window { from: Span(0), to: Some(Span(DAY)), grace: Span(0) },
    };
    let variant = |key: &str| VariantDesign { key: key.to_owned(), weight: 1.0, changes: Vec::new() };
    Design {
        experiment: "campaign".to_owned(),
        definition_version: None,
        stage: Stage::Running,
        variants: vec![variant("control"), variant("discount")],
        phases: Vec::new(),
        control: 0,
        metrics: vec![
            metric("kept", Role::Primary, Direction::Up, None),
            metric("left", Role::Guardrail, Direction::Down, Some(LEFT.1)),
        ],
        economics: None,
        dimensions: Vec::new(),
        plan: Plan {
            method,
            correction: Correction::Bonferroni,
            target: Some(Target::CustomersPerArm(u64::from(customers / 2))),
            looks: vec![0.25, 0.5, 0.75, 1.0],
            ship: Some(Ship { chance: SHIP.0, max_loss: SHIP.1 * KEPT.1 }),
            ..Plan::default()
        },
    }
}

/// One campaign: the verdict that stands, and the look at which it was given.
fn campaign(
    design: &Design,
    truth: Truth,
    customers: u32,
    mut random: Random,
) -> Result<(VerdictCode, i32), MomentsOverflow> {
    let mut design = design.clone();
    let mut aggregates = Aggregates { metrics: vec![Cells::new(), Cells::new()], ..Aggregates::default() };
    enter(&mut aggregates, truth, 0, customers, &mut random);
    let mut code = VerdictCode::Continue;
    for look in 0..DAYS {
        // When the windows of day `look` have ended, the next day's customers have entered.
        if look + 1 < DAYS {
            enter(&mut aggregates, truth, look + 1, customers, &mut random);
        } else {
            design.stage = Stage::Final;
        }
        code = verdict_of(&design, &aggregates, Some(Day(look + 1).end()))?.verdict;
        if code.stands(design.plan.method) {
            return Ok((code, look));
        }
    }
    Ok((code, DAYS - 1))
}

/// Customers who have entered by the end of a day.
fn entered(day: i32, customers: u32) -> u32 {
    (u64::from(customers) * (day + 1) as u64 / DAYS as u64) as u32
}

fn enter(aggregates: &mut Aggregates, truth: Truth, day: i32, customers: u32, random: &mut Random) {
    let (kept, left) = truth.rates();
    let rates = [(KEPT.0, LEFT.0), (kept, left)];
    let mut counts = [[0_i64; 3]; 2];
    for _ in entered(day - 1, customers)..entered(day, customers) {
        let arm = usize::from(random.chance(0.5));
        if arm == 1 && truth == Truth::Lost && random.chance(0.25) {
            continue;
        }
        counts[arm][0] += 1;
        counts[arm][1] += i64::from(random.chance(rates[arm].0));
        counts[arm][2] += i64::from(random.chance(rates[arm].1));
    }
    for (variant, [n, kept, left]) in (0_u16..).zip(counts) {
        let cell = Cell { phase: 1, variant, population: Population::Analysed, day: Day(day) };
        let sums = |successes: Option<i64>| {
            let sums: Vec<i128> = successes.into_iter().map(i128::from).collect();
            // Of a 0 or 1, the square is the same.
            Moments::from_parts(n, 0, 0, sums.clone(), sums).unwrap_or_default()
        };
        aggregates.exposed.insert((Slice::All, cell), sums(None));
        for (cells, successes) in aggregates.metrics.iter_mut().zip([kept, left]) {
            cells.insert((Slice::All, cell), sums(Some(successes)));
        }
    }
}
