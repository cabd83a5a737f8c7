//! A beta distribution tabulated for many evaluations of its tails: piecewise Chebyshev series of the logit.
//!
//! On the logit scale the density is smooth and falls off exponentially whatever the shapes, so that a
//! few dozen panels of sixteen nodes hold both tails to about 1e-14. A continued fraction takes √n terms for
//! each point instead, too many where thousands of points are needed.

use crate::stats::NotEstimable;
use crate::stats::root::brent;
use std::f64::consts::PI;

/// Nodes of a panel.
const NODES: usize = 16;
/// Panels on each side of the mode; ordinary posteriors take about fifteen.
const MAX_PANELS: usize = 4_000;
/// The tables end where the density has fallen by e⁻⁸⁰.
const LN_NEGLIGIBLE: f64 = -80.0;

/// A rate and its complement, so that neither loses digits near 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Rate {
    pub(super) rate: f64,
    pub(super) complement: f64,
}

struct Panel {
    /// Ends, as logits less the logit of the mean.
    lower: f64,
    upper: f64,
    /// Probability below and above the panel.
    below: f64,
    above: f64,
    /// Probability within the panel.
    mass: f64,
    /// Chebyshev coefficients of the probability between `lower` and a point.
    within: [f64; NODES + 1],
}

/// The tables of one beta distribution. Points `u` are logits less the logit of the mean.
pub(super) struct BetaPosterior {
    a: f64,
    b: f64,
    ln_total: f64,
    panels: Vec<Panel>,
}

impl BetaPosterior {
    pub(super) fn new(a: f64, b: f64) -> Self {
        let mut posterior = Self { a, b, ln_total: 0.0, panels: Vec::new() };
        let mut bounds: Vec<f64> = posterior.bounds(-1.0);
        bounds.reverse();
        bounds.extend(posterior.bounds(1.0).into_iter().skip(1));
        posterior.panels = bounds.windows(2).map(|ends| posterior.panel(ends[0], ends[1])).collect();
        let mut below = 0.0;
        for panel in &mut posterior.panels {
            panel.below = below;
            below += panel.mass;
        }
        let mut above = 0.0;
        for panel in posterior.panels.iter_mut().rev() {
            panel.above = above;
            above += panel.mass;
        }
        posterior.scale(below);
        posterior
    }

    /// The rate at a point.
    pub(super) fn rate(&self, u: f64) -> Rate {
        Rate {
            rate: self.a / (self.a + self.b * libm::exp(-u)),
            complement: self.b / (self.b + self.a * libm::exp(u)),
        }
    }

    /// The point of a rate strictly between 0 and 1.
    pub(super) fn point(&self, rate: Rate) -> f64 {
        libm::log(rate.rate / self.a) - libm::log(rate.complement / self.b)
    }

    /// Density on the logit scale.
    pub(super) fn density(&self, u: f64) -> f64 {
        libm::exp(self.ln_density(u) - self.ln_total)
    }

    /// P(rate ≤ the rate at `u`).
    pub(super) fn cdf(&self, u: f64) -> f64 {
        match self.panel_of(u) {
            Ok(panel) => panel.below + panel.up_to(u),
            Err(beyond) => beyond,
        }
    }

    /// P(rate > the rate at `u`).
    pub(super) fn sf(&self, u: f64) -> f64 {
        match self.panel_of(u) {
            Ok(panel) => panel.above + (panel.mass - panel.up_to(u)).max(0.0),
            Err(beyond) => 1.0 - beyond,
        }
    }

    /// The ends of the panels, ascending, without tails of at most `negligible`.
    pub(super) fn knots(&self, negligible: f64) -> impl Iterator<Item = f64> {
        let counts = move |panel: &&Panel| {
            panel.below + panel.mass > negligible && panel.above + panel.mass > negligible
        };
        let first = self.panels.iter().find(counts).map(|panel| panel.lower);
        first.into_iter().chain(self.panels.iter().filter(counts).map(|panel| panel.upper))
    }

    /// The first and the last point of the tables.
    pub(super) fn ends(&self) -> (f64, f64) {
        let first = self.panels.first().map_or(0.0, |panel| panel.lower);
        (first, self.panels.last().map_or(0.0, |panel| panel.upper))
    }

    /// The rate with probability `tail` below (or, from above, over) it.
    pub(super) fn quantile(&self, tail: f64, from_above: bool) -> Result<f64, NotEstimable> {
        let (first, last) = self.ends();
        let distance = |u: f64| if from_above { self.sf(u) - tail } else { self.cdf(u) - tail };
        // A tail beyond the tables, e⁻⁸⁰, ends at their end.
        if (from_above && distance(last) >= 0.0) || (!from_above && distance(first) >= 0.0) {
            return Ok(self.rate(if from_above { last } else { first }).rate);
        }
        Ok(self.rate(brent("credible interval", distance, first, last)?).rate)
    }

    /// ln of the density over that at the mean, which is its mode on this scale.
    fn ln_density(&self, u: f64) -> f64 {
        let n = self.a + self.b;
        // The form in which the smaller shape multiplies cancels the least.
        if self.a <= self.b {
            self.a * u - n * libm::log1p(self.a / n * libm::expm1(u))
        } else {
            -self.b * u - n * libm::log1p(self.b / n * libm::expm1(-u))
        }
    }

    /// Ends of panels from the mode outwards, narrow enough for a series of sixteen terms.
    fn bounds(&self, direction: f64) -> Vec<f64> {
        let n = self.a + self.b;
        let logit_of_mean = libm::log(self.a / self.b);
        let mut bounds = vec![0.0];
        let mut u = 0.0;
        while bounds.len() < MAX_PANELS && self.ln_density(u) > LN_NEGLIGIBLE {
            let Rate { rate, complement } = self.rate(u);
            let curvature = (n * rate * complement).sqrt();
            let slope = (self.b * rate - self.a * complement).abs();
            // The density has poles at logits ±πi.
            let to_pole = libm::hypot(logit_of_mean + u, PI);
            // The slope itself changes by a factor e in a unit near the mode, and settles far from it.
            let settled = (u.abs() / 8.0).max(1.0);
            u += direction * (1.0 / curvature).min(4.0 / slope).min(to_pole / 2.0).min(settled);
            bounds.push(u);
        }
        bounds
    }

    fn panel(&self, lower: f64, upper: f64) -> Panel {
        let (middle, half_width) = (0.5 * (lower + upper), 0.5 * (upper - lower));
        let angle = |index: usize| PI * (index as f64 + 0.5) / NODES as f64;
        let values: [f64; NODES] = std::array::from_fn(|index| {
            libm::exp(self.ln_density(middle + half_width * libm::cos(angle(index))))
        });
        let mut series = [0.0; NODES + 2];
        for (degree, coefficient) in series.iter_mut().take(NODES).enumerate() {
            let terms = values.iter().enumerate();
            let sum: f64 = terms.map(|(index, value)| value * libm::cos(degree as f64 * angle(index))).sum();
            *coefficient = 2.0 / NODES as f64 * sum;
        }
        // The integral of Σ' cₖ Tₖ has coefficients (cₖ₋₁ − cₖ₊₁)/2k; the first makes it 0 at the lower end.
        let mut within = [0.0; NODES + 1];
        for degree in 1..=NODES {
            within[degree] = half_width * (series[degree - 1] - series[degree + 1]) / (2.0 * degree as f64);
        }
        let alternating =
            (1..=NODES).map(|degree| if degree % 2 == 1 { within[degree] } else { -within[degree] });
        within[0] = alternating.sum();
        Panel { lower, upper, below: 0.0, above: 0.0, mass: within.iter().sum(), within }
    }

    fn scale(&mut self, total: f64) {
        for panel in &mut self.panels {
            panel.below /= total;
            panel.above /= total;
            panel.mass /= total;
            panel.within.iter_mut().for_each(|coefficient| *coefficient /= total);
        }
        self.ln_total = libm::log(total);
    }

    /// The panel of a point, or the cdf outside of the tables.
    fn panel_of(&self, u: f64) -> Result<&Panel, f64> {
        let index = self.panels.partition_point(|panel| panel.upper < u);
        match self.panels.get(index) {
            Some(panel) if u >= panel.lower => Ok(panel),
            Some(_) => Err(0.0),
            None => Err(1.0),
        }
    }
}

impl Panel {
    fn up_to(&self, u: f64) -> f64 {
        let x = ((u - self.lower) - (self.upper - u)) / (self.upper - self.lower);
        let (mut next, mut after) = (0.0, 0.0);
        for coefficient in self.within.iter().skip(1).rev() {
            (next, after) = (coefficient + 2.0 * x * next - after, next);
        }
        (self.within[0] + x * next - after).clamp(0.0, self.mass)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::distribution::beta;

    #[test]
    fn tables_agree_with_the_continued_fraction() {
        for (a, b) in
            [(0.1, 0.1), (0.5, 20.5), (1.0, 1.0), (31.0, 1.0), (50.0, 952.0), (3.0, 99_998.0), (4e6, 6e6)]
        {
            let tables = BetaPosterior::new(a, b);
            for p in [1e-20, 1e-9, 0.025, 0.4, 0.9] {
                for x in [beta::quantile(p, a, b), beta::upper_quantile(p, a, b)] {
                    let rate = Rate { rate: x, complement: 1.0 - x };
                    // Rates that round to 0 or 1 have no logit.
                    if x <= 1e-300 || 1.0 - x < 1e-9 {
                        continue;
                    }
                    let u = tables.point(rate);
                    let (cdf, sf) = (tables.cdf(u), tables.sf(u));
                    assert!((cdf - beta::cdf(x, a, b)).abs() < 1e-11, "cdf {x} of ({a}, {b}): {cdf}");
                    assert!((sf / beta::sf(x, a, b) - 1.0).abs() < 1e-5, "sf {x} of ({a}, {b}): {sf}");
                }
            }
        }
    }
}
