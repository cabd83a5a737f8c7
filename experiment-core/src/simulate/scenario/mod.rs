//! The populations: who comes, what they do, and what is true of the effect.

mod churn;
mod conversion;
mod correlated;
mod crossover;
mod person;
mod pulled_forward;
mod ratio;
mod revenue;

pub(super) use person::Person;

use std::fmt;

use super::method::Method;
use super::random::Random;
use crate::stats::bayes::{BetaPrior, NormalPrior};

/// How many strata a population has: known before exposure, for post-stratification.
pub(super) const STRATA: usize = 3;

/// A kind of population, with the experiment that is run on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Scenario {
    /// One in five orders within a week.
    Binary,
    /// Spend within two weeks: 97 % spend nothing, the rest very different sums.
    Revenue,
    /// Spend that follows what the customer spent before; three segments.
    Correlated,
    /// Value per order, from customers who order rarely and ones who order often and dearly.
    Ratio,
    /// Days until the customer leaves, some lost from sight before.
    Churn,
    /// Customers enter on fourteen days and are judged by what they do from day 30 to day 60.
    StaggeredEntry,
    /// The offer only makes customers order sooner: more at first, the same after 60 days.
    PulledForward,
    /// 2 % of the customers see the other variant too, the more active the likelier.
    Crossover,
    /// Four variants against one control, of which two do something.
    ManyVariants,
    /// One in eight of the variant's customers is lost before the exposure is recorded.
    LostExposures,
}

/// How the arms of a simulated experiment differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum World {
    /// They don't: an A/A test.
    Alike,
    /// By the scenario's effect: an A/B test.
    Different,
    /// By an effect drawn anew for each experiment, from the prior that the Bayesian methods are told.
    Drawn,
}

/// What is true of one simulated experiment.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Effects {
    /// What the control does: a rate or a mean, as the population reads it.
    pub(super) baseline: f64,
    /// What each arm changes, as the population reads it; 0 for the control.
    pub(super) by_variant: Vec<f64>,
}

/// What is true of one variant against the control, on the scales of the methods.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Truth {
    /// Variant minus control, on the metric's scale.
    pub(super) effect: f64,
    /// The same over the control.
    pub(super) relative: f64,
    /// P(variant larger) + ½ P(equal), where it has a closed form.
    pub(super) superiority: Option<f64>,
    /// The difference in the ninth decile, where it has a closed form.
    pub(super) quantile: Option<f64>,
}

impl Truth {
    /// A truth about means only.
    fn of_means(effect: f64, control: f64) -> Truth {
        Truth { effect, relative: effect / control, superiority: None, quantile: None }
    }
}

/// What the Bayesian methods are told before the data.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Prior {
    /// On each rate.
    Beta(BetaPrior),
    /// On the effect.
    Normal(NormalPrior),
}

/// A population: draws customers and knows the truth about them.
pub(super) trait Population: Sync {
    /// The effects of one experiment; `random` is drawn from in the drawn world only.
    fn effects(&self, world: World, random: &mut Random) -> Effects;

    /// What is true of a variant.
    fn truth(&self, effects: &Effects, variant: usize) -> Truth;

    /// What a customer of a variant does; `person` knows when they were exposed.
    fn draw(&self, effects: &Effects, variant: usize, random: &mut Random, person: &mut Person);

    /// What the Bayesian methods are told in the drawn world; `None` where it is not simulated.
    fn prior(&self) -> Option<Prior> {
        None
    }
}

impl World {
    /// Every world.
    pub const ALL: [World; 3] = [World::Alike, World::Different, World::Drawn];

    /// As it is written: alike, different, drawn.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            World::Alike => "alike",
            World::Different => "different",
            World::Drawn => "drawn",
        }
    }
}

impl Scenario {
    /// Every scenario.
    pub const ALL: [Scenario; 10] = [
        Scenario::Binary,
        Scenario::Revenue,
        Scenario::Correlated,
        Scenario::Ratio,
        Scenario::Churn,
        Scenario::StaggeredEntry,
        Scenario::PulledForward,
        Scenario::Crossover,
        Scenario::ManyVariants,
        Scenario::LostExposures,
    ];

    /// As it is written, e.g. `staggered_entry`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Scenario::Binary => "binary",
            Scenario::Revenue => "revenue",
            Scenario::Correlated => "correlated",
            Scenario::Ratio => "ratio",
            Scenario::Churn => "churn",
            Scenario::StaggeredEntry => "staggered_entry",
            Scenario::PulledForward => "pulled_forward",
            Scenario::Crossover => "crossover",
            Scenario::ManyVariants => "many_variants",
            Scenario::LostExposures => "lost_exposures",
        }
    }

    /// What its customers do, in a few words.
    #[must_use]
    pub fn description(self) -> &'static str {
        match self {
            Scenario::Binary => "one in five orders within a week",
            Scenario::Revenue => "97 % spend nothing, the rest very different sums",
            Scenario::Correlated => "spend follows what was spent before; three segments",
            Scenario::Ratio => "value per order; who orders often also orders dearly",
            Scenario::Churn => "days until customers leave, some lost from sight before",
            Scenario::StaggeredEntry => "fourteen days of entry, judged by days 30 to 60",
            Scenario::PulledForward => "more orders at first, as many after 60 days",
            Scenario::Crossover => "2 % see the other variant too, the active likelier",
            Scenario::ManyVariants => "four variants, of which two do something",
            Scenario::LostExposures => "one in eight of the variant's customers is never recorded",
        }
    }

    /// The methods that are tried on it.
    #[must_use]
    pub fn methods(self) -> &'static [Method] {
        match self {
            Scenario::Binary => &[
                Method::PooledZ,
                Method::Relative,
                Method::Guardrail,
                Method::AlwaysValid,
                Method::Msprt,
                Method::ObrienFleming,
                Method::Pocock,
                Method::Harm,
                Method::Bayes,
                Method::SrmChiSquare,
                Method::SrmSequential,
            ],
            Scenario::Revenue => &[
                Method::Welch,
                Method::Relative,
                Method::Guardrail,
                Method::BootstrapPercentile,
                Method::BootstrapBca,
                Method::MannWhitney,
                Method::BrunnerMunzel,
                Method::AlwaysValid,
                Method::Msprt,
                Method::ObrienFleming,
                Method::Pocock,
                Method::Harm,
            ],
            Scenario::Correlated => &[
                Method::Welch,
                Method::Relative,
                Method::Cuped,
                Method::Stratified,
                Method::StratifiedCuped,
                Method::Quantile,
                Method::BootstrapPercentile,
                Method::BootstrapBca,
                Method::MannWhitney,
                Method::BrunnerMunzel,
                Method::AlwaysValid,
                Method::Msprt,
                Method::ObrienFleming,
                Method::Pocock,
                Method::Harm,
                Method::Bayes,
            ],
            Scenario::Ratio => &[
                Method::RatioDelta,
                Method::Relative,
                Method::AlwaysValid,
                Method::Msprt,
                Method::ObrienFleming,
                Method::Pocock,
            ],
            Scenario::Churn => &[Method::LogRank, Method::RestrictedMean],
            Scenario::StaggeredEntry => {
                &[Method::PooledZ, Method::AlwaysValid, Method::Msprt, Method::ObrienFleming, Method::Pocock]
            }
            Scenario::PulledForward => {
                &[Method::Welch, Method::AlwaysValid, Method::ObrienFleming, Method::OpenWindows]
            }
            Scenario::Crossover => {
                &[Method::Welch, Method::AsAssigned, Method::AlwaysValid, Method::ObrienFleming]
            }
            Scenario::ManyVariants => &[
                Method::Unadjusted,
                Method::Bonferroni,
                Method::Holm,
                Method::BenjaminiHochberg,
                Method::BenjaminiYekutieli,
                Method::Dunnett,
                Method::AlwaysValidHolm,
                Method::GroupSequentialBonferroni,
            ],
            Scenario::LostExposures => &[Method::SrmChiSquare, Method::SrmSequential],
        }
    }

    /// The worlds that it is simulated in.
    #[must_use]
    pub fn worlds(self) -> &'static [World] {
        if self.population().prior().is_some() { &World::ALL } else { &World::ALL[..2] }
    }

    /// The definition of its experiment.
    #[must_use]
    pub fn definition(self) -> &'static str {
        match self {
            Scenario::Binary => conversion::BINARY,
            Scenario::LostExposures => conversion::LOST,
            Scenario::StaggeredEntry => conversion::STAGGERED,
            Scenario::Revenue => revenue::DEFINITION,
            Scenario::Correlated => correlated::DEFINITION,
            Scenario::ManyVariants => correlated::MANY_VARIANTS,
            Scenario::Ratio => ratio::DEFINITION,
            Scenario::Churn => churn::DEFINITION,
            Scenario::PulledForward => pulled_forward::DEFINITION,
            Scenario::Crossover => crossover::DEFINITION,
        }
    }

    pub(super) fn population(self) -> &'static dyn Population {
        match self {
            Scenario::Binary => &conversion::Conversion { from: 0.0, to: 7.0, lost: 0.0 },
            Scenario::LostExposures => &conversion::Conversion { from: 0.0, to: 7.0, lost: 0.125 },
            Scenario::StaggeredEntry => &conversion::Conversion { from: 30.0, to: 60.0, lost: 0.0 },
            Scenario::Revenue => &revenue::Revenue,
            Scenario::Correlated => &correlated::Correlated { variants: 1 },
            Scenario::ManyVariants => &correlated::Correlated { variants: 4 },
            Scenario::Ratio => &ratio::Ratio,
            Scenario::Churn => &churn::Churn,
            Scenario::PulledForward => &pulled_forward::PulledForward,
            Scenario::Crossover => &crossover::Crossover,
        }
    }
}

impl fmt::Display for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
