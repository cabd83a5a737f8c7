//! Offers whose truth is known: how often the intervals of what they earn hold it.
//!
//! Customers go the way that real ones go: their events become contributions by the rules of a definition, these become
//! sums, and [`report`] reads them.

use super::random::Random;
use crate::definition::{Experiment, InvalidDefinition, read_document};
use crate::measure::{
    Cell, Contribution, Event, EventName, EventNames, Moments, MomentsOverflow, Population, Rule, Slice,
    contribution, economics_rules,
};
use crate::report::{
    Aggregates, Cells, Design, EconomicsReport, Effect, EffectQuotient, RelativeSet, Stage, report,
};
use crate::time::{DAY, Day, Timestamp};
use xxhash_rust::xxh3::xxh3_64;

const DEFINITION: &str = "
key: offer
variants:
  - {key: control}
  - {key: gift, offer: {kind: gift, taken: redeemed, cost: [{event: redeemed, each: 5}], per_exposure: 0.02}}
metrics:
  - {key: kept, kind: retention, event: order, window: {from: 30d, to: 60d}, role: primary}
economics: {kept: kept, gross: {event: order, margin: 0.35}, window: {to: 60d}, rollout: 1000}
";

/// Cost of each gift taken, and of showing it, as in the definition.
const COST: (f64, f64) = (5.0, 0.02);
/// The share of an order that is earned, as in the definition.
const MARGIN: f64 = 0.35;
/// Who takes the gift if offered.
const TAKES: f64 = 0.4;
/// Who stays without it: of those who take it, and of the others.
const STAYS: (f64, f64) = (0.3, 0.5);
/// Spread of the logarithm of an order's value.
const SPREAD: f64 = 0.6;
/// Orders of a customer who stays: one, and as many more on average.
const MORE_ORDERS: f64 = 1.0;
/// Who orders once early on, whether they stay or not.
const EARLY: f64 = 0.3;

/// What is true of an offer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum OfferTruth {
    /// It keeps a quarter of those who take it and would have left, and earns money.
    Pays,
    /// It keeps as many, and earns just what it costs.
    BreaksEven,
    /// It keeps nobody: all of its cost is lost.
    KeepsNobody,
}

impl OfferTruth {
    /// All of them.
    pub const ALL: [OfferTruth; 3] = [OfferTruth::Pays, OfferTruth::BreaksEven, OfferTruth::KeepsNobody];

    /// As it is written.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            OfferTruth::Pays => "pays",
            OfferTruth::BreaksEven => "breaks_even",
            OfferTruth::KeepsNobody => "keeps_nobody",
        }
    }

    /// Who is kept by it, of those who take it and would have left.
    fn is_kept(self) -> f64 {
        match self {
            OfferTruth::Pays | OfferTruth::BreaksEven => 0.25,
            OfferTruth::KeepsNobody => 0.0,
        }
    }

    /// Mean value of an order.
    fn order(self) -> f64 {
        match self {
            OfferTruth::Pays | OfferTruth::KeepsNobody => 60.0,
            // What a kept customer earns is then what it costs to keep one.
            OfferTruth::BreaksEven => {
                let cost = TAKES * COST.0 + COST.1;
                cost / (self.kept() * MARGIN * (1.0 + MORE_ORDERS))
            }
        }
    }

    /// Effect on the share kept, of all.
    fn kept(self) -> f64 {
        TAKES * (1.0 - STAYS.0) * self.is_kept()
    }

    /// The figures of the report, each with its name and its true value; none where it is infinite.
    fn figures(self) -> [(&'static str, Option<f64>); 11] {
        let (kept, cost) = (self.kept(), TAKES * COST.0 + COST.1);
        let gross = kept * MARGIN * self.order() * (1.0 + MORE_ORDERS);
        let net = gross - cost;
        [
            ("kept_per_1000", Some(1_000.0 * kept)),
            ("gross_per_customer", Some(gross)),
            ("cost_per_customer", Some(cost)),
            ("net_value_per_customer", Some(net)),
            ("rollout_net_value", Some(1_000.0 * net)),
            ("cost_per_kept", (kept > 0.0).then(|| cost / kept)),
            ("break_even_cost_per_customer", Some(gross)),
            ("break_even_cost_per_taker", Some(gross / TAKES)),
            ("takers_kept", Some(kept / TAKES)),
            ("takers_net_value", Some(net / TAKES)),
            ("takers_would_have_stayed", Some(STAYS.0)),
        ]
    }
}

/// How one figure of the report did over many campaigns.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct FigureCoverage {
    /// What is true of the offer.
    pub offer: OfferTruth,
    /// The figure's name.
    pub figure: &'static str,
    /// Campaigns that gave the figure.
    pub runs: u32,
    /// Its true value; none where it is infinite, and then a set holds it when it is unbounded.
    pub truth: Option<f64>,
    /// The mean estimate; none for quotients, which have no mean.
    pub mean: Option<f64>,
    /// The share of the campaigns whose interval or set at 95 % holds the truth.
    pub coverage: f64,
    /// The share whose set has no bounds.
    pub unbounded: f64,
}

impl FigureCoverage {
    /// Whether the coverage is at least 95 % less three standard errors of so many campaigns.
    #[must_use]
    pub fn is_kept(&self) -> bool {
        let error = libm::sqrt(0.95 * 0.05 / f64::from(self.runs.max(1)));
        self.coverage >= 0.95 - 3.0 * error
    }
}

/// How often an offer is taken to pay.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct PaysRate {
    /// What is true of the offer.
    pub offer: OfferTruth,
    /// Campaigns.
    pub runs: u32,
    /// The share of the campaigns with a chance that it pays of 95 % or more.
    pub pays: f64,
}

/// Why offers can't be simulated.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OfferError {
    /// The campaign's own definition is refused.
    #[error(transparent)]
    Definition(#[from] InvalidDefinition),
    /// The sums left 128 bits.
    #[error(transparent)]
    Overflow(#[from] MomentsOverflow),
}

/// Runs `runs` campaigns of an offer among `customers` customers, each read once when all accounts are closed.
///
/// A function of its arguments: the same seed gives the same figures.
///
/// # Errors
/// [`OfferError`], which these campaigns don't give.
pub fn offer_coverage(
    offer: OfferTruth,
    runs: u32,
    customers: u32,
    seed: u64,
) -> Result<(Vec<FigureCoverage>, PaysRate), OfferError> {
    let campaign = Campaign::new()?;
    // Campaigns of different truths share no chance.
    let seed = xxh3_64(format!("{seed}/offer/{}", offer.name()).as_bytes());
    let mut tallies = offer.figures().map(|(figure, truth)| Tally::new(figure, truth));
    let mut pays = 0;
    for run in 0..runs {
        let found = campaign.run(offer, customers, Random::new(seed, run))?;
        pays += u32::from(found.chance_it_pays.is_some_and(|chance| chance >= 0.95));
        for (tally, figure) in tallies.iter_mut().zip(figures(&found)) {
            if let Some(figure) = figure {
                tally.count(figure);
            }
        }
    }
    let rows = tallies.into_iter().map(|tally| tally.coverage(offer)).collect();
    Ok((rows, PaysRate { offer, runs, pays: f64::from(pays) / f64::from(runs.max(1)) }))
}

/// An estimate with what it holds.
#[derive(Clone, Copy)]
enum Figure {
    Effect(Effect),
    Quotient(EffectQuotient),
}

/// In the order of [`OfferTruth::figures`].
fn figures(found: &EconomicsReport) -> [Option<Figure>; 11] {
    let effect = |effect: Option<Effect>| effect.map(Figure::Effect);
    let takers = |pick: fn(&crate::report::Takers) -> Option<EffectQuotient>| {
        found.takers.as_ref().and_then(pick).map(Figure::Quotient)
    };
    [
        effect(found.kept_per_1000),
        effect(found.gross_per_customer),
        effect(found.cost_per_customer),
        effect(found.net_value_per_customer),
        effect(found.rollout.map(|rollout| rollout.net_value)),
        found.cost_per_kept.map(Figure::Quotient),
        effect(found.break_even_cost.map(|cost| cost.per_customer)),
        found.break_even_cost.and_then(|cost| cost.per_taker).map(Figure::Quotient),
        takers(|takers| Some(takers.kept)),
        takers(|takers| Some(takers.net_value)),
        takers(|takers| takers.would_have_stayed),
    ]
}

struct Tally {
    figure: &'static str,
    truth: Option<f64>,
    runs: u32,
    covered: u32,
    unbounded: u32,
    sum: f64,
    has_mean: bool,
}

impl Tally {
    fn new(figure: &'static str, truth: Option<f64>) -> Tally {
        Tally { figure, truth, runs: 0, covered: 0, unbounded: 0, sum: 0.0, has_mean: true }
    }

    fn count(&mut self, figure: Figure) {
        let (lower, upper, set) = match figure {
            Figure::Effect(effect) => {
                self.sum += effect.estimate;
                (effect.lower, effect.upper, RelativeSet::Interval)
            }
            Figure::Quotient(quotient) => {
                self.has_mean = false;
                (quotient.lower, quotient.upper, quotient.set)
            }
        };
        let ends = lower.zip(upper);
        let within = |truth: f64| ends.is_some_and(|(lower, upper)| (lower..=upper).contains(&truth));
        let outside = |truth: f64| ends.is_some_and(|(lower, upper)| truth <= lower || truth >= upper);
        let covered = match (set, self.truth) {
            (RelativeSet::All, _) | (RelativeSet::Outside, None) => true,
            (RelativeSet::Interval, None) => false,
            (RelativeSet::Interval, Some(truth)) => within(truth),
            (RelativeSet::Outside, Some(truth)) => outside(truth),
        };
        self.runs += 1;
        self.covered += u32::from(covered);
        self.unbounded += u32::from(set != RelativeSet::Interval);
    }

    fn coverage(self, offer: OfferTruth) -> FigureCoverage {
        let share = |count: u32| f64::from(count) / f64::from(self.runs.max(1));
        FigureCoverage {
            offer,
            figure: self.figure,
            runs: self.runs,
            truth: self.truth,
            mean: self.has_mean.then(|| self.sum / f64::from(self.runs.max(1))),
            coverage: share(self.covered),
            unbounded: share(self.unbounded),
        }
    }
}

/// The definition, compiled.
struct Campaign {
    design: Design,
    rules: Vec<Rule>,
    order: EventName,
    redeemed: EventName,
}

impl Campaign {
    fn new() -> Result<Campaign, InvalidDefinition> {
        let document = read_document(DEFINITION).unwrap_or_default();
        let experiment = Experiment::parse(document)?;
        let mut names = EventNames::default();
        Ok(Campaign {
            design: Design::of(&experiment, 1, Stage::Final),
            rules: economics_rules(&experiment, &mut names).unwrap_or_default(),
            order: names.intern("order"),
            redeemed: names.intern("redeemed"),
        })
    }

    fn run(
        &self,
        offer: OfferTruth,
        customers: u32,
        mut random: Random,
    ) -> Result<EconomicsReport, MomentsOverflow> {
        let mut sums =
            [Moments::new(crate::measure::Account::COUNT), Moments::new(crate::measure::Account::COUNT)];
        let mut events = Vec::new();
        for _ in 0..customers {
            let variant = usize::from(random.chance(0.5));
            self.live(offer, variant == 1, &mut random, &mut events);
            if let Some(vector) = contribution(&self.rules[variant], Timestamp(0), &events) {
                sums[variant].add(&vector)?;
            }
        }
        let place = |variant: u16| {
            (Slice::All, Cell { phase: 1, variant, population: Population::Analysed, day: Day(0) })
        };
        let mut exposed = Cells::new();
        let mut economics = Cells::new();
        for (variant, sums) in (0_u16..).zip(sums) {
            let mut counted = Moments::new(0);
            (0..sums.n()).try_for_each(|_| counted.add(&Contribution::empty()))?;
            exposed.insert(place(variant), counted);
            economics.insert(place(variant), sums);
        }
        let aggregates =
            Aggregates { exposed, economics, metrics: vec![Cells::new()], ..Aggregates::default() };
        let mut found = report(&self.design, &aggregates, None)?.economics;
        Ok(found.swap_remove(0))
    }

    /// What one customer does in 60 days.
    fn live(&self, offer: OfferTruth, offered: bool, random: &mut Random, events: &mut Vec<Event>) {
        events.clear();
        let takes = random.chance(TAKES);
        let stays = random.chance(if takes { STAYS.0 } else { STAYS.1 });
        let is_kept = random.chance(offer.is_kept());
        let event = |name, day: f64, value| Event { at: Timestamp((day * DAY as f64) as i64), name, value };
        if offered && takes {
            events.push(event(self.redeemed, 2.0, None));
        }
        let scale = offer.order() / libm::exp(SPREAD * SPREAD / 2.0);
        let mut order = |random: &mut Random, from: f64, to: f64| {
            let value = scale * libm::exp(SPREAD * random.normal());
            events.push(event(self.order, random.between(from, to), Some((value * 100.0).round() / 100.0)));
        };
        if random.chance(EARLY) {
            order(random, 0.0, 30.0);
        }
        if stays || (offered && takes && is_kept) {
            for _ in 0..=random.poisson(MORE_ORDERS) {
                order(random, 30.0, 60.0);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offer_that_breaks_even_does() {
        let figures = OfferTruth::BreaksEven.figures();
        let (name, net) = figures[3];
        assert_eq!(name, "net_value_per_customer");
        assert!(net.is_some_and(|net| net.abs() < 1e-12));
        let pays = OfferTruth::Pays.figures();
        // By hand: 0.4 · 0.7 · 0.25 = 0.07 kept; 0.07 · 0.35 · 60 · 2 = 2.94 earned; 0.4 · 5 + 0.02 = 2.02 spent.
        let close = |found: Option<f64>, expected: f64| assert!((found.unwrap() - expected).abs() < 1e-9);
        close(pays[0].1, 70.0);
        close(pays[1].1, 2.94);
        close(pays[3].1, 0.92);
        close(pays[5].1, 2.02 / 0.07);
        close(pays[8].1, 0.175);
        assert_eq!(OfferTruth::KeepsNobody.figures()[5], ("cost_per_kept", None));
    }

    #[test]
    fn the_same_seed_gives_the_same_figures() {
        let once = || offer_coverage(OfferTruth::Pays, 20, 400, 7).unwrap();
        assert_eq!(once(), once());
        assert_ne!(once(), offer_coverage(OfferTruth::Pays, 20, 400, 8).unwrap());
    }
}
