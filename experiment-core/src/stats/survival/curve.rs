//! The curve of one arm: Kaplan–Meier, Nelson–Aalen, restricted mean.

use crate::stats::distribution::normal;
use crate::stats::not_estimable::{finite, non_negative_input, require_that};
use crate::stats::survival::SurvivalTable;
use crate::stats::{Interval, NotEstimable, TestOptions};

/// The survival curve from one time of an event on, up to the next.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SurvivalPoint {
    /// Time of the event.
    pub time: f64,
    /// Share of customers without the event after this time.
    pub survival: f64,
    /// Greenwood's standard error; `None` where the curve is 0 and nothing measures the uncertainty.
    pub std_error: Option<f64>,
    /// Interval by the logarithm of the cumulative hazard, always within \[0, 1\]; `None` where the error is.
    pub interval: Option<Interval>,
}

/// Kaplan and Meier's survival curve, one point per time of an event; before the first it is 1.
///
/// The interval is S^exp(±z·se(ln(−ln S))), the log(−log) form. One-sided options leave the other end at 0 or 1.
///
/// # Errors
/// [`NotEstimable::ImpossibleInput`] for a confidence level outside (0, 1).
///
/// # Examples
/// ```
/// use experiment_core::stats::TestOptions;
/// use experiment_core::stats::survival::{FollowUp, SurvivalTable, kaplan_meier};
/// let arm = [(3.0, true), (4.0, false), (5.0, true), (6.0, true)];
/// let table = SurvivalTable::from_follow_ups(&arm.map(|(time, event)| FollowUp { time, event }))?;
/// let curve = kaplan_meier(&table, &TestOptions::two_sided(0.95))?;
/// assert_eq!((curve[1].time, curve[1].survival), (5.0, 0.375));
/// assert_eq!((curve[2].survival, curve[2].std_error), (0.0, None));
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
///
/// # References
/// Kaplan & Meier (1958), JASA 53(282), 457–481, doi:10.1080/01621459.1958.10501452; Greenwood (1926);
/// Kalbfleisch & Prentice (2002), The Statistical Analysis of Failure Time Data, 2nd ed., section 1.4 (interval).
pub fn kaplan_meier(
    table: &SurvivalTable,
    options: &TestOptions,
) -> Result<Vec<SurvivalPoint>, NotEstimable> {
    let z = normal::upper_quantile(options.tail()?);
    let mut survival = 1.0;
    let mut greenwood = 0.0;
    let points = table.event_rows().map(|row| {
        let (at_risk, left) = (row.at_risk as f64, (row.at_risk - row.events) as f64);
        survival *= left / at_risk;
        if left == 0.0 {
            return SurvivalPoint { time: row.time, survival: 0.0, std_error: None, interval: None };
        }
        greenwood += row.events as f64 / (at_risk * left);
        let error = greenwood.sqrt();
        // ln(−ln S) has the error of ln S over −ln S; a larger hazard is a smaller survival.
        let ln_survival = libm::log(survival);
        let stretch = libm::exp(z * error / -ln_survival);
        let ends = options.keep_ends(libm::exp(ln_survival * stretch), libm::exp(ln_survival / stretch));
        SurvivalPoint {
            time: row.time,
            survival,
            std_error: Some(survival * error),
            interval: Some(Interval { lower: ends.lower.max(0.0), upper: ends.upper.min(1.0) }),
        }
    });
    Ok(points.collect())
}

/// The cumulative hazard from one time of an event on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CumulativeHazard {
    /// Time of the event.
    pub time: f64,
    /// Σ d/n up to this time.
    pub hazard: f64,
    /// Σ d/n² up to this time.
    pub variance: f64,
}

/// Nelson and Aalen's cumulative hazard, one point per time of an event.
///
/// Ties are taken as they are (Σ d/n), not spread out within the time.
///
/// # Examples
/// ```
/// use experiment_core::stats::survival::{FollowUp, SurvivalTable, nelson_aalen};
/// let arm = [(3.0, true), (4.0, false), (5.0, true), (6.0, true)];
/// let table = SurvivalTable::from_follow_ups(&arm.map(|(time, event)| FollowUp { time, event }))?;
/// let hazards = nelson_aalen(&table);
/// assert_eq!((hazards[1].hazard, hazards[1].variance), (0.75, 0.3125));
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
///
/// # References
/// Aalen (1978), Annals of Statistics 6(4), 701–726, doi:10.1214/aos/1176344247.
pub fn nelson_aalen(table: &SurvivalTable) -> Vec<CumulativeHazard> {
    let (mut hazard, mut variance) = (0.0, 0.0);
    let points = table.event_rows().map(|row| {
        let (at_risk, events) = (row.at_risk as f64, row.events as f64);
        hazard += events / at_risk;
        variance += events / (at_risk * at_risk);
        CumulativeHazard { time: row.time, hazard, variance }
    });
    points.collect()
}

/// The mean time without the event up to a horizon.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RestrictedMean {
    /// The area under the survival curve up to the horizon, in units of time.
    pub mean: f64,
    /// Its variance.
    pub variance: f64,
}

/// The area under Kaplan and Meier's curve up to `horizon`, with its variance Σ (area after t)² d/(n(n − d)).
///
/// # Errors
/// [`NotEstimable::ImpossibleInput`] for a horizon below 0 or after the last time at which anyone was seen.
///
/// # Examples
/// ```
/// use experiment_core::stats::survival::{FollowUp, SurvivalTable, restricted_mean};
/// let arm = [(3.0, true), (4.0, false), (5.0, true), (6.0, true)];
/// let table = SurvivalTable::from_follow_ups(&arm.map(|(time, event)| FollowUp { time, event }))?;
/// let mean = restricted_mean(&table, 6.0)?;
/// assert_eq!((mean.mean, mean.variance), (4.875, 0.36328125));
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
///
/// # References
/// Klein & Moeschberger (2003), Survival Analysis, 2nd ed., eq. 4.5.2; Royston & Parmar (2013), BMC Medical
/// Research Methodology 13, 152, doi:10.1186/1471-2288-13-152.
pub fn restricted_mean(table: &SurvivalTable, horizon: f64) -> Result<RestrictedMean, NotEstimable> {
    non_negative_input("the horizon", horizon)?;
    let allowed = "at most the last time at which anyone was seen";
    require_that(horizon <= table.last_time(), "the horizon", horizon, allowed)?;
    // Pieces of the curve, each with the event at its end if it is not the last.
    let (mut survival, mut since, mut mean) = (1.0, 0.0, 0.0);
    let mut pieces = Vec::new();
    for row in table.event_rows().take_while(|row| row.time < horizon) {
        let area = survival * (row.time - since);
        mean += area;
        survival *= (row.at_risk - row.events) as f64 / row.at_risk as f64;
        since = row.time;
        pieces.push((area, row));
    }
    let mut area_after = survival * (horizon - since);
    mean += area_after;
    let mut variance = 0.0;
    for (area, row) in pieces.iter().rev() {
        let (at_risk, left) = (row.at_risk as f64, (row.at_risk - row.events) as f64);
        if left > 0.0 {
            variance += area_after * area_after * (row.events as f64 / (at_risk * left));
        }
        area_after += area;
    }
    Ok(RestrictedMean { mean: finite("the mean", mean)?, variance: finite("the variance", variance)? })
}
