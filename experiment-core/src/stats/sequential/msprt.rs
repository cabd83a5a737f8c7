//! The mixture sequential probability ratio test of a normal estimate.
//!
//! # References
//! Robbins (1970), Annals of Mathematical Statistics 41(5), 1397–1409, doi:10.1214/aoms/1177696786. Johari,
//! Koomen, Pekelis & Walsh (2022), Operations Research 70(3), 1806–1821, doi:10.1287/opre.2021.2135.

use crate::stats::NotEstimable;
use crate::stats::not_estimable::{finite, finite_input, open_fraction, positive_input};

/// The estimate at one look: the effect from all data so far.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// Variant minus control.
    pub effect: f64,
    /// Its standard error, above 0.
    pub std_error: f64,
}

/// What one look says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MsprtLook {
    /// Natural logarithm of the likelihood ratio of the mixture against "no effect", at this look.
    pub log_likelihood_ratio: f64,
    /// The least of min(1, 1/ratio) so far: it never rises.
    pub always_valid_p_value: f64,
    /// Half the width of the interval around this look's effect; such intervals hold at all looks together.
    pub half_width: f64,
}

/// The test at every look, in order.
///
/// `mixture_std_dev` is about the size of the effects that are expected; it must be fixed beforehand. Where no
/// such size is known, [`confidence_sequence`](super::confidence_sequence) asks for a number of customers.
///
/// # Errors
/// [`NotEstimable::ImpossibleInput`] for a standard error or mixture deviation not above 0, an `alpha` outside
/// (0, 1), or anything not finite; [`NotEstimable::Overflow`].
///
/// # Examples
/// ```
/// use experiment_core::stats::sequential::msprt::{Estimate, msprt};
/// let looks = [Estimate { effect: 0.203_490_559, std_error: 0.1 }];
/// let test = msprt(&looks, 0.2, 0.05)?;
/// assert!((test[0].always_valid_p_value - 0.426_724_212_037_436_05).abs() < 1e-12);
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
///
/// # References
/// Johari, Koomen, Pekelis & Walsh (2022), for a normal estimate with known variance.
pub fn msprt(looks: &[Estimate], mixture_std_dev: f64, alpha: f64) -> Result<Vec<MsprtLook>, NotEstimable> {
    positive_input("the mixture's deviation", mixture_std_dev)?;
    open_fraction("alpha", alpha)?;
    let mut lowest = 1.0_f64;
    let test = looks.iter().map(|look| {
        finite_input("the effect", look.effect)?;
        positive_input("the standard error", look.std_error)?;
        // The mixture's variance in units of the estimate's.
        let ratio = mixture_std_dev / look.std_error;
        let spread = finite("the mixture", ratio * ratio)?;
        let share = spread / (1.0 + spread);
        let z = look.effect / look.std_error;
        let ln_scale = 0.5 * libm::log1p(spread);
        let log_likelihood_ratio = finite("the likelihood ratio", 0.5 * z * z * share - ln_scale)?;
        lowest = lowest.min(libm::exp(-log_likelihood_ratio));
        let half_width = look.std_error * (2.0 / share * (ln_scale - libm::log(alpha))).sqrt();
        Ok(MsprtLook {
            log_likelihood_ratio,
            always_valid_p_value: lowest,
            half_width: finite("the interval", half_width)?,
        })
    });
    test.collect()
}
