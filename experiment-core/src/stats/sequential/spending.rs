//! Spending functions: how much of α may be spent by a share of the planned information.
//!
//! # References
//! Lan & DeMets (1983), Discrete sequential boundaries for clinical trials, Biometrika 70(3), 659–663,
//! doi:10.1093/biomet/70.3.659.

use crate::stats::NotEstimable;
use crate::stats::distribution::normal;
use crate::stats::not_estimable::{open_fraction, positive_input, require_that};
use std::f64::consts::E;

/// How the error rate is spread over the looks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Spending {
    /// 2 − 2Φ(z₁₋α⁄₂/√t): next to nothing early, nearly a fixed test at the end.
    OBrienFleming,
    /// α ln(1 + (e − 1) t): about the same at each look.
    Pocock,
    /// α tᵉ.
    Power {
        /// The exponent, above 0: 1 spends evenly, 3 is near O'Brien and Fleming's.
        exponent: f64,
    },
}

impl Spending {
    /// The part of `alpha`, one side's, that may be spent by `information_fraction`; all of it from 1 on.
    ///
    /// # Errors
    /// [`NotEstimable::ImpossibleInput`] for an `alpha` outside (0, 1), a fraction that is negative or no
    /// number, or an exponent not above 0.
    ///
    /// # Examples
    /// ```
    /// use experiment_core::stats::sequential::spending::Spending;
    /// let spent = Spending::OBrienFleming.spent(0.025, 0.5)?;
    /// assert!((spent - 0.001_525_322_757_988_908_8).abs() < 1e-16);
    /// # Ok::<(), experiment_core::stats::NotEstimable>(())
    /// ```
    pub fn spent(&self, alpha: f64, information_fraction: f64) -> Result<f64, NotEstimable> {
        open_fraction("alpha", alpha)?;
        let t = information_fraction;
        require_that(t >= 0.0, "the information fraction", t, "at least 0")?;
        if let Self::Power { exponent } = self {
            positive_input("the exponent", *exponent)?;
        }
        let t = t.min(1.0);
        Ok(match self {
            _ if t == 1.0 => alpha,
            _ if t == 0.0 => 0.0,
            Self::OBrienFleming => 2.0 * normal::sf(normal::upper_quantile(alpha / 2.0) / t.sqrt()),
            Self::Pocock => alpha * libm::log1p((E - 1.0) * t),
            Self::Power { exponent } => alpha * libm::pow(t, *exponent),
        })
    }
}
