//! Sample ratio mismatch, looked at as often as wished.
//!
//! # References
//! Lindon & Malek (2022), Anytime-valid inference for multinomial count data, NeurIPS 35, arXiv:2011.03567.

use crate::stats::NotEstimable;
use crate::stats::distribution::LN_SQRT_2PI;
use crate::stats::distribution::gamma::{deviance, stirling_error};
use crate::stats::not_estimable::{finite, positive_input, require_that};

/// What one look says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SrmLook {
    /// Natural logarithm of the evidence against the planned shares, from all counts so far.
    pub log_e_value: f64,
    /// The least of min(1, 1/evidence) so far: it never rises.
    pub always_valid_p_value: f64,
    /// Probability that the shares are not the planned ones, if both were equally likely beforehand.
    pub mismatch_probability: f64,
}

/// Counts so far against planned shares.
#[derive(Clone, Debug, PartialEq)]
pub struct SequentialSrm {
    shares: Vec<f64>,
    concentration: f64,
    counts: Vec<u64>,
    /// The Dirichlet's normalisation before any count.
    start: f64,
    lowest: f64,
}

impl SequentialSrm {
    /// Before the first customer. Weights need not add to 1.
    ///
    /// `concentration` says how near to the planned shares a mismatch is sought: 10,000 as in `ssrm-test`.
    ///
    /// # Errors
    /// [`NotEstimable::ImpossibleInput`] for fewer than two weights, or one that is not above 0.
    pub fn new(weights: &[f64], concentration: f64) -> Result<Self, NotEstimable> {
        require_that(weights.len() >= 2, "the number of variants", weights.len() as f64, "at least 2")?;
        positive_input("the concentration", concentration)?;
        for weight in weights {
            positive_input("a weight", *weight)?;
        }
        let total = finite("the sum of weights", weights.iter().sum())?;
        let shares: Vec<f64> = weights.iter().map(|weight| weight / total).collect();
        for share in &shares {
            positive_input("the concentration in an arm", share * concentration)?;
        }
        let counts = vec![0; shares.len()];
        let mut test = Self { shares, concentration, counts, start: 0.0, lowest: 1.0 };
        test.start = test.normalisation();
        Ok(test)
    }

    /// Takes the customers that came since the last look, by variant.
    ///
    /// # Errors
    /// [`NotEstimable::ImpossibleInput`] for another number of variants, [`NotEstimable::Overflow`] when the
    /// counts exceed 64 bits.
    ///
    /// # Examples
    /// ```
    /// use experiment_core::stats::sequential::srm::SequentialSrm;
    /// let mut test = SequentialSrm::new(&[1.0, 1.0], 10_000.0)?;
    /// let look = test.observe(&[1066, 934])?;
    /// assert!((look.always_valid_p_value - 0.529_983_076_717_689_2).abs() < 1e-9);
    /// # Ok::<(), experiment_core::stats::NotEstimable>(())
    /// ```
    ///
    /// # References
    /// Lindon & Malek (2022), eq. 5; written with the deviance so that 10⁹ customers lose no digits.
    pub fn observe(&mut self, increments: &[u64]) -> Result<SrmLook, NotEstimable> {
        let given = increments.len();
        require_that(given == self.counts.len(), "the number of counts", given as f64, "one per variant")?;
        let sums = self.counts.iter().zip(increments).map(|(count, more)| count.checked_add(*more));
        let sums: Option<Vec<u64>> = sums.collect();
        self.counts = sums.ok_or(NotEstimable::Overflow { quantity: "the counts" })?;
        let log_e_value = finite("the evidence", self.normalisation() - self.start)?;
        self.lowest = self.lowest.min(libm::exp(-log_e_value));
        Ok(SrmLook {
            log_e_value,
            always_valid_p_value: self.lowest,
            mismatch_probability: 1.0 / (1.0 + libm::exp(-log_e_value)),
        })
    }

    /// ln B(concentration · shares + counts) − Σ (…) ln shares, by Stirling's formula: large terms cancel
    /// into the deviance of the counts from what the shares expect.
    fn normalisation(&self) -> f64 {
        let customers: f64 = self.counts.iter().map(|count| *count as f64).sum();
        let total = self.concentration + customers;
        let small = |x: f64| stirling_error(x) + LN_SQRT_2PI - 0.5 * libm::log(x);
        let arms = self.shares.iter().zip(&self.counts).map(|(share, count)| {
            let shape = self.concentration * share + *count as f64;
            deviance(shape, total * share, customers * share - *count as f64) + small(shape)
        });
        arms.sum::<f64>() - small(total)
    }
}

/// [`SequentialSrm`] over looks that are all at hand: `increments` are the new customers of each look.
///
/// # Errors
/// As [`SequentialSrm::new`] and [`SequentialSrm::observe`].
///
/// # Examples
/// ```
/// use experiment_core::stats::sequential::srm::sequential_srm;
/// let looks = sequential_srm(&[vec![20, 0], vec![20, 0]], &[1.0, 1.0], 10_000.0)?;
/// assert!((looks[1].log_e_value - 0.077_693_312_430_994_1).abs() < 1e-9);
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
pub fn sequential_srm(
    increments: &[Vec<u64>],
    weights: &[f64],
    concentration: f64,
) -> Result<Vec<SrmLook>, NotEstimable> {
    let mut test = SequentialSrm::new(weights, concentration)?;
    increments.iter().map(|counts| test.observe(counts)).collect()
}
