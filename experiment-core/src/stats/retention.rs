//! Figures of a customer base: who stayed, how many recommend.
//!
//! Each is handed over as the summary that the methods for proportions or means take, so that intervals and
//! comparisons are theirs: [`wilson_interval`](crate::stats::proportion::wilson_interval) of those retained,
//! [`mean_interval`](crate::stats::mean::mean_interval) and [`welch_test`](crate::stats::mean::welch_test) of a
//! net promoter score.

use crate::stats::NotEstimable;
use crate::stats::mean::MeanSummary;
use crate::stats::not_estimable::require_that;
use crate::stats::proportion::ProportionSummary;

/// A customer base at the start and the end of a time span.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BaseCounts {
    /// Customers at the start.
    pub start: u64,
    /// Customers that came in between and are there at the end.
    pub new: u64,
    /// Customers at the end, new ones among them.
    pub end: u64,
}

impl BaseCounts {
    /// Of the customers at the start, those still there at the end: the customer retention rate (E − N)/S.
    ///
    /// # Errors
    /// [`NotEstimable::TooFewCustomers`] without customers at the start, [`NotEstimable::ImpossibleInput`] when
    /// more are new than there are at the end, or more are left than there were.
    ///
    /// # Examples
    /// ```
    /// use experiment_core::stats::retention::BaseCounts;
    /// let base = BaseCounts { start: 1_000, new: 200, end: 1_100 };
    /// assert_eq!(base.retained()?.rate(), 0.9);
    /// # Ok::<(), experiment_core::stats::NotEstimable>(())
    /// ```
    pub fn retained(&self) -> Result<ProportionSummary, NotEstimable> {
        let allowed = "at most the number of customers at the end";
        require_that(self.new <= self.end, "the number of new customers", self.new as f64, allowed)?;
        let retained = ProportionSummary { successes: self.end - self.new, n: self.start };
        retained.check()?;
        Ok(retained)
    }

    /// Of the customers at the start, those not there at the end: churn, one less the retention rate.
    ///
    /// # Errors
    /// As [`BaseCounts::retained`].
    pub fn churned(&self) -> Result<ProportionSummary, NotEstimable> {
        Ok(self.retained()?.complement())
    }

    /// (E − S)/S as a fraction; below 0 when the base shrank.
    ///
    /// # Errors
    /// [`NotEstimable::TooFewCustomers`] without customers at the start.
    ///
    /// # Examples
    /// ```
    /// use experiment_core::stats::retention::BaseCounts;
    /// assert_eq!(BaseCounts { start: 100, new: 0, end: 95 }.growth()?, -0.05);
    /// # Ok::<(), experiment_core::stats::NotEstimable>(())
    /// ```
    pub fn growth(&self) -> Result<f64, NotEstimable> {
        if self.start == 0 {
            return Err(NotEstimable::TooFewCustomers { n: 0, needed: 1 });
        }
        let size = self.end.abs_diff(self.start) as f64 / self.start as f64;
        Ok(if self.end < self.start { -size } else { size })
    }
}

/// Answers to "how likely are you to recommend us?", from 0 to 10.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PromoterCounts {
    /// Answers of 9 and 10.
    pub promoters: u64,
    /// Answers of 7 and 8.
    pub passives: u64,
    /// Answers of 0 to 6.
    pub detractors: u64,
}

/// The net promoter score in points, −100 to 100, as the mean of +100, 0 and −100 over the respondents.
///
/// # Errors
/// [`NotEstimable::TooFewCustomers`] below two respondents, for which there is no variance.
///
/// # Examples
/// ```
/// use experiment_core::stats::retention::{PromoterCounts, net_promoter_score};
/// let score = net_promoter_score(&PromoterCounts { promoters: 70, passives: 20, detractors: 10 })?;
/// assert_eq!(score.mean, 60.0);
/// assert!((score.variance - 4_400.0 * 100.0 / 99.0).abs() < 1e-9);
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
///
/// # References
/// Reichheld, F. F. (2003), The one number you need to grow, Harvard Business Review 81(12), 46–54. Rocks, B.
/// (2016), Interval estimation for the "net promoter score", The American Statistician 70(4), 365–372,
/// doi:10.1080/00031305.2016.1198279.
pub fn net_promoter_score(counts: &PromoterCounts) -> Result<MeanSummary, NotEstimable> {
    let (promoters, detractors) = (u128::from(counts.promoters), u128::from(counts.detractors));
    let all = promoters + u128::from(counts.passives) + detractors;
    let n =
        u64::try_from(all).map_err(|_| NotEstimable::Overflow { quantity: "the number of respondents" })?;
    if n < 2 {
        return Err(NotEstimable::TooFewCustomers { n, needed: 2 });
    }
    let size = promoters.abs_diff(detractors) as f64 / all as f64;
    let mean = if promoters < detractors { -size } else { size };
    // Σ over respondents of (±1 or 0 less the mean)², cell by cell, without cancellation.
    let cells = [(counts.promoters, 1.0), (counts.passives, 0.0), (counts.detractors, -1.0)];
    let squares: f64 =
        cells.iter().map(|(count, value)| *count as f64 * (value - mean) * (value - mean)).sum();
    Ok(MeanSummary { n, mean: 100.0 * mean, variance: 1e4 * squares / (n as f64 - 1.0) })
}
