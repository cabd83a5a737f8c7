//! Distribution functions with accurate tails, the same bits on every machine.
//!
//! All transcendental functions come from the `libm` crate, whose code is compiled in, rather than from the
//! platform's mathematical library, which differs between systems in the last bit: a report recomputed
//! elsewhere must agree to the bit. For the same reason, and because its survival functions are `1 - cdf`
//! for some distributions, `statrs` is not used here; it serves as an oracle in the tests.
//!
//! Names: `cdf` is P(X ≤ x), `sf` is the survival function P(X > x), `log10_sf` its base-10 logarithm where
//! `sf` itself underflows, `quantile(p)` inverts `cdf`, `upper_quantile(q)` inverts `sf`. Arguments outside
//! a function's domain give `NaN`, as in the standard library; the methods that call these check first. Shapes and
//! degrees of freedom are served from 1/1000 to 10¹⁰.

pub mod beta;
pub mod chi_square;
pub mod fisher_f;
pub mod kolmogorov;
pub mod noncentral_chi_square;
pub mod noncentral_t;
pub mod normal;
pub mod student_t;

pub(crate) mod discrete;
pub(crate) mod gamma;
pub(crate) mod quadrature;

/// ln √(2π)
pub(crate) const LN_SQRT_2PI: f64 = 0.918_938_533_204_672_8;
/// √(2π)
pub(crate) const SQRT_2PI: f64 = 2.506_628_274_631_000_7;
