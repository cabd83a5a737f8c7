//! Random draws of a population, from the stream of one replicate.
//!
//! # References
//! Marsaglia & Bray (1964), SIAM Review 6(3), 260–264, doi:10.1137/1006063 (normal); Knuth (1997), The Art of
//! Computer Programming 2, 3rd ed., section 3.4.1 (Poisson); Marsaglia & Tsang (2000), ACM Transactions on
//! Mathematical Software 26(3), 363–372, doi:10.1145/358407.358414 (gamma).

use crate::stats::resample::stream::Stream;

/// 2⁻⁵³.
const STEP: f64 = 1.0 / 9_007_199_254_740_992.0;

/// One replicate's source of chance.
pub(super) struct Random {
    stream: Stream,
    /// The polar method makes two normal values at a time.
    spare: Option<f64>,
}

impl Random {
    /// The stream of replicate `run` of a study with this seed.
    pub(super) fn new(seed: u64, run: u32) -> Random {
        Random { stream: Stream::new(seed, run), spare: None }
    }

    /// Between 0 and 1, both excluded.
    pub(super) fn uniform(&mut self) -> f64 {
        ((self.stream.next() >> 11) as f64 + 0.5) * STEP
    }

    /// Between two numbers.
    pub(super) fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.uniform()
    }

    /// True with this probability.
    pub(super) fn chance(&mut self, probability: f64) -> bool {
        self.uniform() < probability
    }

    /// Standard normal.
    pub(super) fn normal(&mut self) -> f64 {
        if let Some(spare) = self.spare.take() {
            return spare;
        }
        loop {
            let (x, y) = (self.between(-1.0, 1.0), self.between(-1.0, 1.0));
            let square = x * x + y * y;
            if square > 0.0 && square < 1.0 {
                let scale = (-2.0 * libm::log(square) / square).sqrt();
                self.spare = Some(y * scale);
                return x * scale;
            }
        }
    }

    /// Exponential with mean 1.
    pub(super) fn exponential(&mut self) -> f64 {
        -libm::log(self.uniform())
    }

    /// How many events a Poisson process of this mean (below 100) has.
    pub(super) fn poisson(&mut self, mean: f64) -> u32 {
        let floor = libm::exp(-mean);
        let (mut count, mut product) = (0, self.uniform());
        while product > floor {
            product *= self.uniform();
            count += 1;
        }
        count
    }

    /// Gamma of this shape (at least 1) and scale 1.
    fn gamma(&mut self, shape: f64) -> f64 {
        let d = shape - 1.0 / 3.0;
        let c = 1.0 / (9.0 * d).sqrt();
        loop {
            let z = self.normal();
            let root = 1.0 + c * z;
            if root <= 0.0 {
                continue;
            }
            let cube = root * root * root;
            if libm::log(self.uniform()) < 0.5 * z * z + d - d * cube + d * libm::log(cube) {
                return d * cube;
            }
        }
    }

    /// Beta of two shapes of at least 1.
    pub(super) fn beta(&mut self, alpha: f64, beta: f64) -> f64 {
        let (a, b) = (self.gamma(alpha), self.gamma(beta));
        a / (a + b)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DRAWS: u32 = 200_000;

    /// Mean and variance of `draw` within six standard errors of what they should be; `fourth` is the
    /// fourth central moment, from which the variance has its error.
    fn check(mut draw: impl FnMut(&mut Random) -> f64, mean: f64, variance: f64, fourth: f64) {
        let mut random = Random::new(7, 0);
        let n = f64::from(DRAWS);
        let values: Vec<f64> = (0..DRAWS).map(|_| draw(&mut random)).collect();
        let got = values.iter().sum::<f64>() / n;
        assert!((got - mean).abs() < 6.0 * (variance / n).sqrt(), "mean {got} for {mean}");
        let spread = values.iter().map(|value| (value - mean) * (value - mean)).sum::<f64>() / n;
        let error = ((fourth - variance * variance) / n).sqrt();
        assert!((spread - variance).abs() < 6.0 * error, "variance {spread} for {variance}");
    }

    #[test]
    fn draws_have_their_moments() {
        check(Random::uniform, 0.5, 1.0 / 12.0, 1.0 / 80.0);
        check(Random::normal, 0.0, 1.0, 3.0);
        check(Random::exponential, 1.0, 1.0, 9.0);
        check(|random| f64::from(random.poisson(2.5)), 2.5, 2.5, 2.5 + 3.0 * 2.5 * 2.5);
        check(|random| random.gamma(3.0), 3.0, 3.0, 3.0 * 3.0 * (3.0 + 2.0));
        // Beta(2, 3): mean 0.4, variance 0.04, fourth central moment 3.3/875.
        check(|random| random.beta(2.0, 3.0), 0.4, 0.04, 3.3 / 875.0);
    }
}
