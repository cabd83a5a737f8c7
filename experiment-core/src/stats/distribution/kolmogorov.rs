//! Kolmogorov's distribution, and the exact one for a sample of n against a known distribution.
//!
//! # References
//! Kolmogorov (1933); Feller (1948), Annals of Mathematical Statistics 19(2), 177–189 (both series). Birnbaum &
//! Tingey (1951), Annals of Mathematical Statistics 22(4), 592–596, eq. 3.0 (one-sided). Marsaglia, Tsang & Wang
//! (2003), Journal of Statistical Software 8(18), doi:10.18637/jss.v008.i18 (two-sided). Pelz & Good (1976), Journal
//! of the Royal Statistical Society B 38(2), 152–156 (two-sided, many values); Simard & L'Ecuyer (2011), Journal of
//! Statistical Software 39(11), doi:10.18637/jss.v039.i11 (where each of them holds).

use crate::stats::distribution::SQRT_2PI;
use std::f64::consts::{LN_2, PI};

/// e⁻⁷⁴⁵ is below the smallest float.
const LN_SMALLEST: f64 = 745.0;
/// The two series are equally good here.
const SERIES_MEET: f64 = 1.0;
/// From here on both one-sided events together have less than e⁻²⁴ of the probability of one of them.
const ONE_SIDED_FROM: f64 = 4.0;

/// From here on the expansion in 1/√n is within 2e-8 of the exact probability.
const EXPANSION_FROM: u32 = 2_000;
/// Below this √n·distance, even of 10⁹ values, P(D < distance) is less than 1e-300.
const NEVER_BELOW: f64 = 0.042;

/// P(K > x) for the limit K of √n D.
///
/// ```
/// use experiment_core::stats::distribution::kolmogorov;
/// assert!((kolmogorov::sf(1.0) - 0.269_999_671_677_354_5).abs() < 1e-14);
/// assert!((kolmogorov::sf(12.5f64.sqrt()) / 2.777_588_772_992_804_2e-11 - 1.0).abs() < 1e-12);
/// ```
pub fn sf(x: f64) -> f64 {
    if x.is_nan() || x <= 0.0 {
        return if x.is_nan() { x } else { 1.0 };
    }
    if x < SERIES_MEET {
        // 1 − √(2π)/x Σ exp(−(2k−1)²π²/(8x²))
        let unit = PI * PI / (8.0 * x * x);
        if unit > LN_SMALLEST {
            return 1.0;
        }
        let sum: f64 = (0..6).map(|k| libm::exp(-f64::from((2 * k + 1) * (2 * k + 1)) * unit)).sum();
        return 1.0 - (2.0 * PI).sqrt() / x * sum;
    }
    // 2 Σ (−1)^(k−1) exp(−2k²x²)
    let term = |k: i32| libm::exp(-2.0 * f64::from(k * k) * x * x);
    (1..8).map(|k| if k % 2 == 1 { 2.0 * term(k) } else { -2.0 * term(k) }).sum::<f64>().clamp(0.0, 1.0)
}

/// P(D ≥ `distance`) for the largest distance D of `n` values from their own distribution.
///
/// The cost grows with n² up to 2,000 values, and then with n at most; [`sf`] of √n · `distance` is the limit.
pub(crate) fn one_sample_sf(n: u32, distance: f64) -> f64 {
    let n_float = f64::from(n);
    if 2.0 * n_float * distance <= 1.0 {
        return 1.0;
    }
    if distance >= 1.0 {
        return 0.0;
    }
    if distance >= 0.5 || n_float * distance * distance >= ONE_SIDED_FROM {
        return (2.0 * one_sided_sf(n, distance)).min(1.0);
    }
    if n > EXPANSION_FROM {
        return (1.0 - expanded_cdf(n_float, distance)).clamp(0.0, 1.0);
    }
    (1.0 - two_sided_cdf(n, distance)).clamp(0.0, 1.0)
}

/// d Σ C(n, j) (d + j/n)^(j−1) (1 − d − j/n)^(n−j) over all j for which the last base is positive.
fn one_sided_sf(n: u32, distance: f64) -> f64 {
    let size = f64::from(n);
    let mut ln_ways = 0.0;
    let mut sum = 0.0;
    for j in 0..n {
        let count = f64::from(j);
        let rest = 1.0 - distance - count / size;
        if rest <= 0.0 {
            break;
        }
        let ln_term = (count - 1.0) * libm::log(distance + count / size) + (size - count) * libm::log(rest);
        sum += libm::exp(ln_ways + ln_term);
        ln_ways += libm::log((size - count) / (count + 1.0));
    }
    distance * sum
}

/// P(D < d) as an entry of a matrix power, applied to a vector n times: n!/nⁿ (Hⁿ)ₖₖ.
fn two_sided_cdf(n: u32, distance: f64) -> f64 {
    let scaled = f64::from(n) * distance;
    let k = libm::ceil(scaled) as usize;
    let h = k as f64 - scaled;
    let size = 2 * k - 1;
    let mut reciprocal_factorials = vec![1.0; size + 1];
    for i in 1..=size {
        reciprocal_factorials[i] = reciprocal_factorials[i - 1] / i as f64;
    }
    let entry = |row: usize, column: usize| {
        if column > row + 1 {
            return 0.0;
        }
        let order = row + 1 - column;
        let power = |steps: usize| libm::pow(h, steps as f64);
        let corner = if row + 1 == size && column == 0 && 2.0 * h > 1.0 {
            libm::pow(2.0 * h - 1.0, size as f64)
        } else {
            0.0
        };
        let first = if column == 0 { power(row + 1) } else { 0.0 };
        let last = if row + 1 == size { power(size - column) } else { 0.0 };
        (1.0 - first - last + corner) * reciprocal_factorials[order]
    };
    let matrix: Vec<Vec<f64>> =
        (0..size).map(|row| (0..size).map(|column| entry(row, column)).collect()).collect();
    let mut vector = vec![0.0; size];
    vector[k - 1] = 1.0;
    // n!/nⁿ is spread over the steps; powers of two are set aside, for the vector shrinks or grows like eⁿ.
    let mut ln_scale = 0.0;
    for step in 1..=n {
        let share = f64::from(step) / f64::from(n);
        vector = matrix
            .iter()
            .map(|row| share * row.iter().zip(&vector).map(|(a, b)| a * b).sum::<f64>())
            .collect();
        let largest = vector.iter().fold(0.0_f64, |largest, value| largest.max(*value));
        if largest > 0.0 && !(1e-100..=1e100).contains(&largest) {
            let exponent = libm::floor(libm::log2(largest));
            let factor = libm::exp2(-exponent);
            vector.iter_mut().for_each(|value| *value *= factor);
            ln_scale += exponent * LN_2;
        }
    }
    vector[k - 1] * libm::exp(ln_scale)
}

/// P(D < d) as K₀(z) + K₁(z)/√n + K₂(z)/n + K₃(z)/n^1.5 with z = d√n, each a quickly falling series.
fn expanded_cdf(n: f64, distance: f64) -> f64 {
    let z = n.sqrt() * distance;
    if z < NEVER_BELOW {
        return 0.0;
    }
    let square = z * z;
    let (fourth, sixth) = (square * square, square * square * square);
    // Powers of π/2 m for odd m, and of π k for whole k, are the series' variables.
    let (mut sums, mut second_extra, mut third_extra) = ([0.0; 4], 0.0, 0.0);
    for k in 1..=libm::ceil(16.0 * z / PI) as u32 {
        let odd = PI / 2.0 * f64::from(2 * k - 1);
        let u = odd * odd;
        let weight = libm::exp(-u / (2.0 * square));
        sums[0] += weight;
        sums[1] += weight * (u - square);
        sums[2] += weight
            * (6.0 * sixth + 2.0 * fourth + u * (2.0 * fourth - 5.0 * square) + u * u * (1.0 - 2.0 * square));
        sums[3] += weight
            * (u * (135.0 * fourth - 96.0 * sixth) - 30.0 * sixth - 90.0 * fourth * fourth
                + u * u * (212.0 * fourth - 60.0 * square)
                + u * u * u * (5.0 - 30.0 * square));
        let v = PI * f64::from(k) * PI * f64::from(k);
        let weight = libm::exp(-v / (2.0 * square));
        second_extra += weight * v;
        third_extra += weight * v * (3.0 * square - v);
    }
    let root = n.sqrt();
    let terms = [
        sums[0] / z,
        sums[1] / (6.0 * fourth * root),
        (sums[2] / (72.0 * sixth * z) - second_extra / (36.0 * square * z)) / n,
        (sums[3] / (6_480.0 * fourth * sixth) + third_extra / (216.0 * sixth)) / (n * root),
    ];
    SQRT_2PI * terms.iter().sum::<f64>()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Marsaglia, Tsang & Wang give P(D < 0.274) for n = 10 as an exact fraction.
    #[test]
    fn agrees_with_the_published_value() {
        assert!((one_sample_sf(10, 0.274) - (1.0 - 0.628_479_615_456_504)).abs() < 1e-13);
    }

    /// Beyond the exact recursion's reach; SciPy 1.17.1, `kstwo.sf`.
    #[test]
    fn expansion_agrees_with_another_implementation() {
        for (n, distance, want) in [
            (4074, 0.0228740119, 0.027720860035247652),
            (10653, 0.0068043509, 0.7047216292049796),
            (1000000, 0.0005, 0.9638386310076212),
            (1000000, 0.0019, 0.0014617459887777949),
            (10653, 0.0242216679, 7.323861517480477e-06),
            (100000, 0.0011067972, 0.9996883443347695),
        ] {
            let got = one_sample_sf(n, distance);
            assert!((got / want - 1.0).abs() < 1e-8, "{n} {distance}: {got}");
        }
    }

    #[test]
    fn expansion_meets_the_recursion() {
        for scaled in [0.5, 0.8, 1.2, 1.7] {
            let distance = scaled / f64::from(EXPANSION_FROM).sqrt();
            let exact = two_sided_cdf(EXPANSION_FROM, distance);
            let expanded = expanded_cdf(f64::from(EXPANSION_FROM), distance);
            assert!((exact - expanded).abs() < 2e-8, "{scaled}: {exact} {expanded}");
        }
    }

    #[test]
    fn branches_meet() {
        assert!((sf(SERIES_MEET - 1e-12) - sf(SERIES_MEET)).abs() < 1e-11);
        for n in [20_u32, 100, 900] {
            let distance = (ONE_SIDED_FROM / f64::from(n)).sqrt();
            let two_sided = 1.0 - two_sided_cdf(n, distance);
            assert!((two_sided - 2.0 * one_sided_sf(n, distance)).abs() < 1e-11, "{n}: {two_sided}");
            assert!(
                (one_sample_sf(n, 0.9 / f64::from(n).sqrt()) - sf(0.9)).abs() < 0.5 / f64::from(n).sqrt()
            );
        }
    }
}
