//! The standard normal distribution.
//!
//! # References
//! Wichura, M. J. (1988), Algorithm AS 241: the percentage points of the normal distribution, Applied
//! Statistics 37(3), 477–484, doi:10.2307/2347330 (`quantile`). Abramowitz & Stegun (1964), 26.2.12 (far tail).

use crate::stats::distribution::{LN_SQRT_2PI, SQRT_2PI};
use std::f64::consts::{LN_10, SQRT_2};

/// Beyond this point the survival function nears the smallest float, and the asymptotic series is exact.
const FAR_TAIL: f64 = 36.0;

/// Density at `z`.
///
/// ```
/// use experiment_core::stats::distribution::normal;
/// assert!((normal::density(0.0) - 0.398_942_280_401_432_7).abs() < 1e-16);
/// ```
pub fn density(z: f64) -> f64 {
    libm::exp(-0.5 * z * z) / SQRT_2PI
}

/// P(Z ≤ z).
///
/// ```
/// use experiment_core::stats::distribution::normal;
/// assert!((normal::cdf(1.96) - 0.975_002_104_851_779_5).abs() < 1e-15);
/// ```
pub fn cdf(z: f64) -> f64 {
    sf(-z)
}

/// P(Z > z), accurate relative to itself down to the smallest floats (z ≈ 38).
///
/// ```
/// use experiment_core::stats::distribution::normal;
/// assert!((normal::sf(30.0) / 4.906_713_927_148_187e-198 - 1.0).abs() < 1e-12);
/// ```
pub fn sf(z: f64) -> f64 {
    0.5 * libm::erfc(z / SQRT_2)
}

/// log₁₀ P(Z > z), for every z whose square is finite.
///
/// ```
/// use experiment_core::stats::distribution::normal;
/// assert!((normal::log10_sf(100.0) / -2_173.871_542_869_034_4 - 1.0).abs() < 1e-12);
/// ```
pub fn log10_sf(z: f64) -> f64 {
    ln_sf(z) / LN_10
}

/// ln P(Z > z).
pub(crate) fn ln_sf(z: f64) -> f64 {
    if z < 0.0 {
        return libm::log1p(-cdf(z));
    }
    if z < FAR_TAIL {
        return libm::log(sf(z));
    }
    // Mills' ratio: 1/z · (1 − 1/z² + 3/z⁴ − 15/z⁶ + 105/z⁸ …); at z = 36 the next term is below 1e-12 of an ulp.
    let r = 1.0 / (z * z);
    let series = -r * (1.0 - r * (3.0 - r * (15.0 - r * (105.0 - r * 945.0))));
    -0.5 * z * z - LN_SQRT_2PI - libm::log(z) + libm::log1p(series)
}

/// The point with probability `q` above it; `upper_quantile(0.025)` is 1.96.
///
/// ```
/// use experiment_core::stats::distribution::normal;
/// assert!((normal::upper_quantile(0.025) - 1.959_963_984_540_054).abs() < 1e-15);
/// assert!((normal::upper_quantile(1e-300) - 37.047_096_299_361_2).abs() < 1e-12);
/// ```
pub fn upper_quantile(q: f64) -> f64 {
    -quantile(q)
}

/// The point with probability `p` below it; ±∞ at 0 and 1.
///
/// ```
/// use experiment_core::stats::distribution::normal;
/// assert!((normal::quantile(0.8) - 0.841_621_233_572_914_3).abs() < 1e-15);
/// ```
pub fn quantile(p: f64) -> f64 {
    if !(0.0..=1.0).contains(&p) {
        return f64::NAN;
    }
    if p == 0.0 {
        return f64::NEG_INFINITY;
    }
    if p == 1.0 {
        return f64::INFINITY;
    }
    let from_middle = p - 0.5;
    if from_middle.abs() <= 0.425 {
        let r = 0.180_625 - from_middle * from_middle;
        return from_middle * rational(&MIDDLE, r);
    }
    let tail = if from_middle < 0.0 { p } else { 1.0 - p };
    let r = libm::sqrt(-libm::log(tail));
    let point = if r <= 5.0 { rational(&TAIL, r - 1.6) } else { rational(&FAR, r - 5.0) };
    if from_middle < 0.0 { -point } else { point }
}

/// Numerator and denominator coefficients, constant term first.
type Rational = ([f64; 8], [f64; 8]);

fn rational((numerator, denominator): &Rational, x: f64) -> f64 {
    let horner = |coefficients: &[f64; 8]| coefficients.iter().rev().fold(0.0, |sum, c| sum * x + c);
    horner(numerator) / horner(denominator)
}

const MIDDLE: Rational = (
    [
        3.387_132_872_796_366_5,
        133.141_667_891_784_38,
        1_971.590_950_306_551_3,
        13_731.693_765_509_46,
        45_921.953_931_549_87,
        67_265.770_927_008_7,
        33_430.575_583_588_13,
        2_509.080_928_730_122_7,
    ],
    [
        1.0,
        42.313_330_701_600_91,
        687.187_007_492_057_9,
        5_394.196_021_424_751,
        21_213.794_301_586_597,
        39_307.895_800_092_71,
        28_729.085_735_721_943,
        5_226.495_278_852_854,
    ],
);

const TAIL: Rational = (
    [
        1.423_437_110_749_683_5,
        4.630_337_846_156_546,
        5.769_497_221_460_691,
        3.647_848_324_763_204_5,
        1.270_458_252_452_368_4,
        0.241_780_725_177_450_6,
        0.022_723_844_989_269_184,
        0.000_774_545_014_278_341_4,
    ],
    [
        1.0,
        2.053_191_626_637_759,
        1.676_384_830_183_803_8,
        0.689_767_334_985_1,
        0.148_103_976_427_480_08,
        0.015_198_666_563_616_457,
        0.000_547_593_808_499_534_5,
        1.050_750_071_644_416_9e-09,
    ],
);

const FAR: Rational = (
    [
        6.657_904_643_501_103,
        5.463_784_911_164_114,
        1.784_826_539_917_291_3,
        0.296_560_571_828_504_87,
        0.026_532_189_526_576_124,
        0.001_242_660_947_388_078_4,
        2.711_555_568_743_487_6e-05,
        2.010_334_399_292_288_1e-07,
    ],
    [
        1.0,
        0.599_832_206_555_888,
        0.136_929_880_922_735_8,
        0.014_875_361_290_850_615,
        0.000_786_869_131_145_613_3,
        1.846_318_317_510_054_8e-05,
        1.421_511_758_316_446e-07,
        2.044_263_103_389_939_7e-15,
    ],
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantile_inverts_the_tail_everywhere() {
        for exponent in 1..307 {
            let q = libm::pow(10.0, -f64::from(exponent));
            let back = sf(upper_quantile(q));
            assert!((back / q - 1.0).abs() < 1e-12, "{q:e}: {back:e}");
        }
        assert_eq!(quantile(0.5), 0.0);
        assert!(quantile(-0.1).is_nan() && quantile(f64::NAN).is_nan());
    }
}
