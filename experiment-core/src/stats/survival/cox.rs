//! Cox's proportional hazards for two arms.

use crate::stats::comparison::{Reference, compare};
use crate::stats::root::brent;
use crate::stats::survival::SurvivalTable;
use crate::stats::survival::log_rank::events_over_time;
use crate::stats::{Comparison, NotEstimable, TestOptions};

/// Logarithms of hazard ratios are searched between −2⁹ and 2⁹.
const FARTHEST_LN: f64 = 512.0;

/// The variant's hazard over the control's.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CoxEstimate {
    /// The ratio; below 1 when the variant has the event later.
    pub hazard_ratio: f64,
    /// Wald's test of its natural logarithm, which is the effect here, with the interval of the logarithm.
    pub ln_hazard_ratio: Comparison,
    /// The largest logarithm of the partial likelihood.
    pub ln_likelihood: f64,
}

/// Estimates the variant's hazard over the control's, which is taken to be the same at all times.
///
/// Ties are treated as Efron does. The interval of the ratio is that of the logarithm, exponentiated.
///
/// # Errors
/// [`NotEstimable::NoFiniteHazardRatio`] when the likelihood grows without end, as without events in one arm.
///
/// # Examples
/// ```
/// use experiment_core::stats::TestOptions;
/// use experiment_core::stats::survival::{FollowUp, SurvivalTable, cox_two_arms};
/// let arm = |times: [f64; 6]| {
///     SurvivalTable::from_follow_ups(&times.map(|time| FollowUp { time, event: true }))
/// };
/// let control = arm([1.0, 2.0, 2.0, 3.0, 5.0, 8.0])?;
/// let variant = arm([2.0, 4.0, 4.0, 6.0, 7.0, 9.0])?;
/// let cox = cox_two_arms(&control, &variant, &TestOptions::two_sided(0.95))?;
/// assert!((cox.ln_hazard_ratio.effect + 0.654_129_724_690_039).abs() < 1e-12);
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
///
/// # References
/// Cox (1972), Regression models and life-tables, Journal of the Royal Statistical Society B 34(2), 187–220,
/// doi:10.1111/j.2517-6161.1972.tb00899.x; Efron (1977), JASA 72(359), 557–565 (ties).
pub fn cox_two_arms(
    control: &SurvivalTable,
    variant: &SurvivalTable,
    options: &TestOptions,
) -> Result<CoxEstimate, NotEstimable> {
    let likelihood = PartialLikelihood::of(control, variant);
    if !likelihood.has_maximum() {
        return Err(NotEstimable::NoFiniteHazardRatio {
            control: likelihood.control_events as u64,
            variant: likelihood.variant_events as u64,
        });
    }
    let score = |beta: f64| likelihood.score_and_information(beta).0;
    // The score falls steadily: go outward until it changes sign.
    let outward = if score(0.0) >= 0.0 { 1.0 } else { -1.0 };
    let mut end = 1.0;
    while end < FARTHEST_LN && score(outward * end) * outward > 0.0 {
        end *= 2.0;
    }
    let beta = brent("the hazard ratio", score, 0.0, outward * end)?;
    let (_, information) = likelihood.score_and_information(beta);
    let std_error = 1.0 / information.sqrt();
    Ok(CoxEstimate {
        hazard_ratio: libm::exp(beta),
        ln_hazard_ratio: compare(beta, 0.0, std_error, Reference::Normal, options)?,
        ln_likelihood: likelihood.ln(beta),
    })
}

/// What each event adds to the likelihood: customers at risk of both arms, less Efron's share of those that have
/// the event at the same time.
struct PartialLikelihood {
    terms: Vec<Term>,
    control_events: f64,
    variant_events: f64,
}

struct Term {
    control: f64,
    variant: f64,
}

impl PartialLikelihood {
    fn of(control: &SurvivalTable, variant: &SurvivalTable) -> Self {
        let (mut control_events, mut variant_events) = (0.0, 0.0);
        let mut terms = Vec::new();
        for (at_risk, events) in events_over_time(&[control.clone(), variant.clone()]) {
            control_events += events[0];
            variant_events += events[1];
            let together = events[0] + events[1];
            for earlier in 0..together as u64 {
                let share = earlier as f64 / together;
                terms.push(Term {
                    control: at_risk[0] - share * events[0],
                    variant: at_risk[1] - share * events[1],
                });
            }
        }
        Self { terms, control_events, variant_events }
    }

    /// The score's limits at −∞ and +∞ must be of different signs.
    fn has_maximum(&self) -> bool {
        let only_variant = self.terms.iter().filter(|term| term.control == 0.0).count() as f64;
        let with_variant = self.terms.iter().filter(|term| term.variant > 0.0).count() as f64;
        self.variant_events > only_variant && self.variant_events < with_variant
    }

    fn score_and_information(&self, beta: f64) -> (f64, f64) {
        let (mut score, mut information) = (self.variant_events, 0.0);
        for term in &self.terms {
            // The chance that the event was the variant's, and that it was not.
            let (of_variant, of_control) = if term.variant == 0.0 {
                (0.0, 1.0)
            } else {
                let odds_against = term.control / term.variant * libm::exp(-beta);
                let of_variant = 1.0 / (1.0 + odds_against);
                (of_variant, if odds_against.is_finite() { odds_against * of_variant } else { 1.0 })
            };
            score -= of_variant;
            information += of_variant * of_control;
        }
        (score, information)
    }

    fn ln(&self, beta: f64) -> f64 {
        // With the larger of 1 and e^β outside the logarithm, nothing overflows.
        let outside = beta.max(0.0);
        let weights = (libm::exp(-outside), libm::exp(beta - outside));
        let terms = self
            .terms
            .iter()
            .map(|term| outside + libm::log(term.control * weights.0 + term.variant * weights.1));
        beta * self.variant_events - terms.sum::<f64>()
    }
}
