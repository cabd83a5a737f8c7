//! The normal mixture boundary: how far a sum may stray, at all times together.
//!
//! For sums whose variance process `v` is known or bounded (sub-Gaussian sums); comparisons of arms use
//! [`confidence_sequence`](super::confidence_sequence).
//!
//! # References
//! Howard, Ramdas, McAuliffe & Sekhon (2021), Time-uniform, nonparametric, nonasymptotic confidence
//! sequences, Annals of Statistics 49(2), 1055–1080, doi:10.1214/20-AOS1991, eq. 14 and proposition 5.

use crate::stats::NotEstimable;
use crate::stats::distribution::normal;
use crate::stats::not_estimable::{finite, finite_input, non_negative_input, open_fraction, positive_input};
use crate::stats::root::brent;
use std::f64::consts::LN_2;

/// On which sides a sum may stray.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sides {
    /// Above or below: the boundary is for the absolute value.
    Two,
    /// Above only.
    One,
}

/// The normal mixture of one tuning.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NormalMixture {
    sides: Sides,
    rho: f64,
}

impl NormalMixture {
    /// Tuned to be about tightest at the variance `v_opt` for an error rate `alpha_opt`.
    ///
    /// # Errors
    /// [`NotEstimable::ImpossibleInput`] for a `v_opt` not above 0 or a rate outside (0, 1) (one-sided, (0, ½)).
    ///
    /// # Examples
    /// ```
    /// use experiment_core::stats::sequential::mixture_boundary::{NormalMixture, Sides};
    /// let mixture = NormalMixture::tuned(100.0, 0.05, Sides::Two)?;
    /// assert!((mixture.boundary(100.0, 0.05)? - 30.352_089_903_762_53).abs() < 1e-12);
    /// # Ok::<(), experiment_core::stats::NotEstimable>(())
    /// ```
    ///
    /// # References
    /// Proposition 5, with confseq's approximation of Lambert's W; at 2α one-sided.
    pub fn tuned(v_opt: f64, alpha_opt: f64, sides: Sides) -> Result<Self, NotEstimable> {
        positive_input("the tuning variance", v_opt)?;
        open_fraction("alpha", alpha_opt)?;
        let alpha = match sides {
            Sides::Two => alpha_opt,
            Sides::One => open_fraction("twice the one-sided alpha", 2.0 * alpha_opt)?,
        };
        let twice_ln = -2.0 * libm::log(alpha);
        let rho = positive_input("the mixture's rho", v_opt / (twice_ln + libm::log1p(twice_ln)))?;
        Ok(Self { sides, rho })
    }

    /// The mixture's precision, in units of variance.
    pub fn rho(&self) -> f64 {
        self.rho
    }

    /// ln of the mixture of exp(λ `sum` − λ² `v`/2), the evidence against a mean of 0.
    ///
    /// # Errors
    /// [`NotEstimable::ImpossibleInput`] for a negative `v` or anything not finite.
    pub fn log_mixture(&self, sum: f64, v: f64) -> Result<f64, NotEstimable> {
        finite_input("the sum", sum)?;
        non_negative_input("the variance", v)?;
        finite("the mixture", self.log_value(sum, v))
    }

    /// The sum that is exceeded at any time `v` with a probability of at most `alpha` in all.
    ///
    /// # Errors
    /// [`NotEstimable::ImpossibleInput`] for a negative `v` or an `alpha` outside (0, 1).
    pub fn boundary(&self, v: f64, alpha: f64) -> Result<f64, NotEstimable> {
        non_negative_input("the variance", v)?;
        let target = -libm::log(open_fraction("alpha", alpha)?);
        let width = finite("the variance", v + self.rho)?;
        let two_sided = (width * (libm::log(width / self.rho) + 2.0 * target)).sqrt();
        match self.sides {
            Sides::Two => finite("the boundary", two_sided),
            // One-sided evidence at the two-sided boundary is at least the target, at 0 below it.
            Sides::One => brent(
                "one-sided boundary",
                |sum| self.log_value(sum, v) - target,
                0.0,
                finite("the boundary", two_sided * (1.0 + 1e-9))?,
            ),
        }
    }

    fn log_value(&self, sum: f64, v: f64) -> f64 {
        let width = v + self.rho;
        let z = sum / width.sqrt();
        let both = 0.5 * libm::log(self.rho / width) + 0.5 * z * z;
        match self.sides {
            Sides::Two => both,
            Sides::One => both + LN_2 + normal::ln_sf(-z),
        }
    }
}
