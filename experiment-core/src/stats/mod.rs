//! Numbers from numbers: tests, intervals and plans over sufficient statistics. Knows no experiment.
//!
//! In reading order: what every comparison asks and answers ([`TestOptions`], [`Comparison`],
//! [`NotEstimable`]); then [`distribution`] and [`root`], on which all rests; then one module a method:
//! [`proportion`], [`exact`], [`mean`], [`anova`], [`yuen`], [`ratio`], [`relative`], [`effect_ratio`], [`cuped`],
//! [`stratify`], [`rank`], [`quantile`], [`rate`], [`survival`], [`resample`]; [`chi_square`] and [`srm`] for counts;
//! [`heterogeneity`] for effects of several groups; [`margin`] for tests against a margin; [`multiplicity`] and
//! [`dunnett`] for many tests at once; [`bayes`] for posterior
//! probabilities; [`sequential`] for looks while data comes in; [`power`] for planning; [`retention`] for
//! the figures of a customer base.
//!
//! Conventions: effects are variant minus control; relative effects are over the control's mean;
//! variances have denominator n − 1 unless a name says otherwise; p-values come from survival functions, so
//! 1e-300 is computed and not rounded to 0; degenerate data is a typed [`NotEstimable`], never `NaN`.

pub mod distribution;
pub mod root;

pub mod anova;
pub mod bayes;
pub mod chi_square;
pub mod cuped;
pub mod dunnett;
pub mod effect_ratio;
pub mod exact;
pub mod heterogeneity;
pub mod margin;
pub mod mean;
pub mod multiplicity;
pub mod power;
pub mod proportion;
pub mod quantile;
pub mod rank;
pub mod rate;
pub mod ratio;
pub mod relative;
pub mod resample;
pub mod retention;
pub mod sequential;
pub mod srm;
pub mod stratify;
pub mod survival;
pub mod yuen;

mod centred;
mod cholesky;
mod comparison;
mod not_estimable;

pub use comparison::{Alternative, Comparison, Interval, TestOptions};
pub use not_estimable::NotEstimable;
