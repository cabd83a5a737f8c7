//! Cox's proportional hazards with several covariates, one row a customer.
//!
//! For two arms and nothing else [`cox_two_arms`](crate::stats::survival::cox_two_arms) needs only counts. Here the
//! arm is one covariate (0 or 1) among others that were known before exposure, which sharpen it.

use crate::stats::chi_square::ChiSquareTest;
use crate::stats::cholesky::Cholesky;
use crate::stats::comparison::{Reference, compare};
use crate::stats::distribution::chi_square;
use crate::stats::mean::MeanSummary;
use crate::stats::not_estimable::{finite, require_that};
use crate::stats::survival::FollowUp;
use crate::stats::{Comparison, NotEstimable, TestOptions};

/// Covariates of one fit: it factors a matrix of that size at every step.
const MOST_COVARIATES: usize = 50;
/// Newton's steps, of which about six are needed.
const MOST_STEPS: u32 = 100;
/// Halvings of one step before the likelihood counts as flat.
const MOST_HALVINGS: u32 = 30;
/// The Newton decrement, about twice the likelihood still to be won, at which the fit stands.
const SETTLED: f64 = 1e-20;
/// A standard error this many times that of no effect means a likelihood that grows without end.
const LARGEST_ERROR_GROWTH: f64 = 1e4;

/// How events at the same time share their likelihood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ties {
    /// Those that fall together are at risk for each other in part, as if in random order: nearly exact.
    Efron,
    /// Each is at risk for all the others: biased towards no effect with many ties; here because others report it.
    Breslow,
}

/// Coefficients of several covariates.
#[derive(Clone, Debug, PartialEq)]
pub struct CoxRegression {
    /// In the order of the covariates: Wald's test of the logarithm of the hazard ratio for one unit more, with the
    /// interval of the logarithm.
    pub ln_hazard_ratios: Vec<Comparison>,
    /// The largest logarithm of the partial likelihood.
    pub ln_likelihood: f64,
    /// The likelihood ratio test of "no covariate matters", one degree of freedom for each.
    pub likelihood_ratio: ChiSquareTest,
}

/// Fits the hazard ratio of each covariate, the others being equal; `covariates` are columns, one value a customer.
///
/// # Errors
/// [`NotEstimable::ImpossibleInput`] for no covariates or more than 50, columns of another length or values that are
/// not finite; [`NotEstimable::TooFewCustomers`] below two; [`NotEstimable::NoEvents`] without events;
/// [`NotEstimable::DependentCovariate`] when one says nothing that others do not among customers at risk together;
/// [`NotEstimable::NoConvergence`] when a coefficient grows without end.
///
/// # Examples
/// ```
/// use experiment_core::stats::TestOptions;
/// use experiment_core::stats::survival::{FollowUp, Ties, cox_regression};
/// let times = [5.0, 3.0, 9.0, 8.0, 7.0, 4.0, 4.0, 3.0, 2.0, 5.0, 6.0, 7.0];
/// let customers: Vec<FollowUp> =
///     times.iter().enumerate().map(|(k, time)| FollowUp { time: *time, event: ![6, 7, 11].contains(&k) }).collect();
/// let arm = [0.0, 1.0, 0.0, 1.0, 0.0, 1.0, 0.0, 1.0, 0.0, 1.0, 0.0, 1.0];
/// let orders = [2.0, 1.0, 4.0, 3.0, 5.0, 2.0, 3.0, 1.0, 2.0, 4.0, 3.0, 6.0];
/// let fit = cox_regression(&customers, &[&arm, &orders], Ties::Efron, &TestOptions::two_sided(0.95))?;
/// assert!((fit.ln_hazard_ratios[0].effect + 0.140_256_901_955).abs() < 1e-10);
/// assert!((fit.ln_hazard_ratios[1].std_error - 0.455_395_718_507).abs() < 1e-10);
/// assert!((fit.ln_likelihood + 11.498_638_739_589_49).abs() < 1e-11);
/// assert!((fit.likelihood_ratio.p_value - 0.049_393_480_719_87).abs() < 1e-10);
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
///
/// # References
/// Cox (1972), Journal of the Royal Statistical Society B 34(2), 187–220; Efron (1977), JASA 72(359), 557–565;
/// Breslow (1974), Biometrics 30(1), 89–99.
pub fn cox_regression(
    customers: &[FollowUp],
    covariates: &[&[f64]],
    ties: Ties,
    options: &TestOptions,
) -> Result<CoxRegression, NotEstimable> {
    options.tail()?;
    let design = Design::of(customers, covariates, ties)?;
    let start = design.at(&vec![0.0; covariates.len()]);
    let alone = Cholesky::of(start.information.clone());
    if let Some(index) = alone.dependent() {
        return Err(NotEstimable::DependentCovariate { index });
    }
    let no_convergence =
        NotEstimable::NoConvergence { procedure: "Cox's regression", iterations: MOST_STEPS };
    let (coefficients, end) = design.climb(start.clone()).ok_or(no_convergence)?;
    let factors = Cholesky::of(end.information);
    let mut ln_hazard_ratios = Vec::with_capacity(covariates.len());
    for (index, scaled) in coefficients.iter().enumerate() {
        let std_error = factors.inverse_diagonal(index).sqrt();
        let endless = factors.dependent().is_some()
            || std_error > LARGEST_ERROR_GROWTH * alone.inverse_diagonal(index).sqrt();
        if endless {
            return Err(no_convergence);
        }
        let unit = design.scales[index];
        ln_hazard_ratios.push(compare(scaled / unit, 0.0, std_error / unit, Reference::Normal, options)?);
    }
    let statistic = finite("the statistic", 2.0 * (end.ln_likelihood - start.ln_likelihood))?.max(0.0);
    let degrees_of_freedom = covariates.len() as f64;
    let likelihood_ratio = ChiSquareTest {
        statistic,
        degrees_of_freedom,
        p_value: chi_square::sf(statistic, degrees_of_freedom),
        log10_p_value: chi_square::log10_sf(statistic, degrees_of_freedom),
    };
    Ok(CoxRegression { ln_hazard_ratios, ln_likelihood: end.ln_likelihood, likelihood_ratio })
}

/// Customers from the last time to the first, so that those at risk are a beginning of the list.
struct Design {
    follow_ups: Vec<FollowUp>,
    /// One row a customer, each column with mean 0 and variance 1.
    rows: Vec<Vec<f64>>,
    scales: Vec<f64>,
    ties: Ties,
}

/// The logarithm of the likelihood with its slopes and their negated slopes.
#[derive(Clone)]
struct Likelihood {
    ln_likelihood: f64,
    score: Vec<f64>,
    information: Vec<Vec<f64>>,
}

impl Design {
    fn of(customers: &[FollowUp], covariates: &[&[f64]], ties: Ties) -> Result<Self, NotEstimable> {
        let count = covariates.len();
        let allowed = "1 to 50";
        require_that(
            (1..=MOST_COVARIATES).contains(&count),
            "the number of covariates",
            count as f64,
            allowed,
        )?;
        let mut summaries = Vec::with_capacity(count);
        for column in covariates {
            let length = column.len();
            let fits = length == customers.len();
            require_that(fits, "the length of a covariate", length as f64, "the number of customers")?;
            summaries.push(MeanSummary::from_values(column)?);
        }
        for customer in customers {
            let time = customer.time;
            let allowed = "a finite number of at least 0";
            require_that(time.is_finite() && time >= 0.0, "a time", time, allowed)?;
        }
        if !customers.iter().any(|customer| customer.event) {
            return Err(NotEstimable::NoEvents { events: 0 });
        }
        let scales: Vec<f64> = summaries.iter().map(|summary| summary.variance.sqrt()).collect();
        if let Some(index) = scales.iter().position(|scale| *scale == 0.0) {
            return Err(NotEstimable::DependentCovariate { index });
        }
        let mut order: Vec<usize> = (0..customers.len()).collect();
        order.sort_by(|a, b| customers[*b].time.total_cmp(&customers[*a].time));
        let row = |customer: &usize| {
            let scaled = covariates.iter().zip(&summaries).zip(&scales);
            scaled.map(|((column, summary), scale)| (column[*customer] - summary.mean) / scale).collect()
        };
        Ok(Self {
            rows: order.iter().map(row).collect(),
            follow_ups: order.iter().map(|customer| customers[*customer]).collect(),
            scales,
            ties,
        })
    }

    /// Newton's steps, halved until the likelihood rises.
    fn climb(&self, start: Likelihood) -> Option<(Vec<f64>, Likelihood)> {
        let mut place = (vec![0.0; self.scales.len()], start);
        for _ in 0..MOST_STEPS {
            let (coefficients, here) = &place;
            let step = Cholesky::of(here.information.clone()).solve(&here.score);
            let decrement: f64 = step.iter().zip(&here.score).map(|(step, slope)| step * slope).sum();
            let mut share = 1.0;
            let mut found = None;
            for _ in 0..MOST_HALVINGS {
                let next: Vec<f64> =
                    coefficients.iter().zip(&step).map(|(at, step)| at + share * step).collect();
                let there = self.at(&next);
                // Too far, where the weights of everybody left at risk vanish, it is infinite.
                if there.ln_likelihood.is_finite() && there.ln_likelihood >= here.ln_likelihood {
                    found = Some((next, there));
                    break;
                }
                share /= 2.0;
            }
            if decrement <= SETTLED {
                return Some(found.unwrap_or(place));
            }
            // No step rises: the last bits are reached.
            let Some(next) = found else { return Some(place) };
            place = next;
        }
        None
    }

    fn at(&self, coefficients: &[f64]) -> Likelihood {
        let size = coefficients.len();
        let predictors: Vec<f64> =
            self.rows.iter().map(|row| row.iter().zip(coefficients).map(|(x, b)| x * b).sum()).collect();
        // Weights are relative to the largest, which cancels in all ratios.
        let largest = predictors.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let mut likelihood = Likelihood {
            ln_likelihood: 0.0,
            score: vec![0.0; size],
            information: vec![vec![0.0; size]; size],
        };
        let mut at_risk = Sums::new(size);
        let mut customers = self.rows.iter().zip(&predictors);
        for together in self.follow_ups.chunk_by(|a, b| a.time == b.time) {
            let mut falling = Sums::new(size);
            let mut events = 0_u32;
            for (follow_up, (row, predictor)) in together.iter().zip(customers.by_ref()) {
                let ln_weight = predictor - largest;
                let weight = libm::exp(ln_weight);
                at_risk.add(weight, row);
                if follow_up.event {
                    falling.add(weight, row);
                    events += 1;
                    likelihood.ln_likelihood += ln_weight;
                    for (slope, x) in likelihood.score.iter_mut().zip(row) {
                        *slope += x;
                    }
                }
            }
            for earlier in 0..events {
                let share = match self.ties {
                    Ties::Efron => f64::from(earlier) / f64::from(events),
                    Ties::Breslow => 0.0,
                };
                likelihood.subtract(&at_risk, &falling, share);
            }
        }
        likelihood
    }
}

impl Likelihood {
    /// One event's part: those at risk less a share of those that fall at the same time.
    fn subtract(&mut self, at_risk: &Sums, falling: &Sums, share: f64) {
        let total = at_risk.weight - share * falling.weight;
        self.ln_likelihood -= libm::log(total);
        let mean = |index: usize| (at_risk.first[index] - share * falling.first[index]) / total;
        for row in 0..self.score.len() {
            self.score[row] -= mean(row);
            for column in 0..=row {
                let square = at_risk.second[row][column] - share * falling.second[row][column];
                self.information[row][column] += square / total - mean(row) * mean(column);
            }
        }
    }
}

/// Σ w, Σ w x and the lower half of Σ w x xᵀ.
struct Sums {
    weight: f64,
    first: Vec<f64>,
    second: Vec<Vec<f64>>,
}

impl Sums {
    fn new(size: usize) -> Self {
        Self { weight: 0.0, first: vec![0.0; size], second: vec![vec![0.0; size]; size] }
    }

    fn add(&mut self, weight: f64, row: &[f64]) {
        self.weight += weight;
        for (index, x) in row.iter().enumerate() {
            let weighted = weight * x;
            self.first[index] += weighted;
            for (sum, other) in self.second[index].iter_mut().zip(&row[..=index]) {
                *sum += weighted * other;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::survival::{SurvivalTable, cox_two_arms};

    fn follow_ups(times: &[f64]) -> Vec<FollowUp> {
        times.iter().map(|time| FollowUp { time: *time, event: true }).collect()
    }

    /// The arm alone is the estimate from counts.
    #[test]
    fn one_arm_covariate_is_two_arms() {
        let (control, variant) = ([1.0, 2.0, 2.0, 3.0, 5.0, 8.0], [2.0, 4.0, 4.0, 6.0, 7.0, 9.0]);
        let options = TestOptions::two_sided(0.95);
        let table = |times| SurvivalTable::from_follow_ups(&follow_ups(times)).unwrap();
        let want = cox_two_arms(&table(&control), &table(&variant), &options).unwrap();
        let arm: Vec<f64> = (0..12).map(|k| f64::from(k >= 6)).collect();
        let got = cox_regression(&follow_ups(&[control, variant].concat()), &[&arm], Ties::Efron, &options)
            .unwrap();
        assert!((got.ln_hazard_ratios[0].effect - want.ln_hazard_ratio.effect).abs() < 1e-10);
        assert!((got.ln_hazard_ratios[0].std_error - want.ln_hazard_ratio.std_error).abs() < 1e-10);
        assert!((got.ln_likelihood - want.ln_likelihood).abs() < 1e-11);
    }

    /// The first step goes so far that nobody else at risk weighs anything. Expected: mpmath, root of the score.
    #[test]
    fn one_customer_far_from_all_others_is_no_obstacle() {
        let index = |k: i32| (f64::from((k * 37) % 200 + 1), f64::from(k * 61 % 97) / 10.0);
        let (mut times, mut spend): (Vec<f64>, Vec<f64>) = (0..200).map(index).unzip();
        times.push(0.5);
        spend.push(20_000.0);
        let options = TestOptions::two_sided(0.95);
        let found = cox_regression(&follow_ups(&times), &[&spend], Ties::Efron, &options).unwrap();
        assert!((found.ln_hazard_ratios[0].effect - 0.025_950_692_992_259_3).abs() < 1e-9);
    }

    #[test]
    fn a_covariate_that_tells_the_order_has_no_finite_coefficient() {
        let customers = follow_ups(&[1.0, 2.0, 3.0, 4.0, 5.0]);
        let options = TestOptions::two_sided(0.95);
        let reason =
            cox_regression(&customers, &[&[1.0, 2.0, 3.0, 4.0, 5.0]], Ties::Efron, &options).unwrap_err();
        assert_eq!(reason.code(), "no_convergence");
    }

    #[test]
    fn dependent_covariates_are_named() {
        let customers = follow_ups(&[1.0, 2.0, 3.0, 4.0, 5.0]);
        let options = TestOptions::two_sided(0.95);
        let (one, twice) = ([1.0, 0.0, 2.0, 0.0, 1.0], [2.0, 0.0, 4.0, 0.0, 2.0]);
        for (columns, index) in [([&one, &twice], 1), ([&[3.0; 5], &one], 0)] {
            let columns: Vec<&[f64]> = columns.iter().map(|column| column.as_slice()).collect();
            let reason = cox_regression(&customers, &columns, Ties::Breslow, &options).unwrap_err();
            assert_eq!(reason, NotEstimable::DependentCovariate { index });
        }
    }
}
