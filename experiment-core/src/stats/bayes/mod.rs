//! Bayesian comparisons: chance to win, expected loss and credible intervals, computed without sampling.
//!
//! [`beta_binomial()`] for proportions, exact for its prior; [`normal_effect`] for any effect with a standard
//! error (means, ratios, relative effects, after CUPED). Both have closed or one-dimensional forms, so the
//! same inputs give the same bits.
//!
//! A rule such as "ship when the expected loss is below a threshold" bounds the expected loss. It does not
//! bound the rate of false positives, above all not when it is looked at daily; that takes a
//! sequential method.

mod beta_binomial;
mod beta_posterior;
mod normal;

pub use beta_binomial::{BetaBinomial, BetaPrior, EffectPosterior, RatePosterior, beta_binomial};
pub use normal::{NormalPosterior, NormalPrior, normal_effect};
