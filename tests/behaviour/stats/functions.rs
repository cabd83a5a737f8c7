//! Properties of distributions and of root finding: probabilities for any numbers within the domain, `NaN` outside.

use super::inputs::{any_float, is_probability};
use experiment_core::stats::distribution::{
    beta, chi_square, fisher_f, kolmogorov, noncentral_chi_square, noncentral_t, normal, student_t,
};
use experiment_core::stats::root::brent;
use proptest::prelude::*;

/// Both tails are probabilities that add to 1, the logarithm is that of the upper one.
fn tails_agree(cdf: f64, sf: f64, log10_sf: f64) -> bool {
    let logarithm = if sf > 1e-300 {
        (sf.log10() - log10_sf).abs() < 1e-9 * log10_sf.abs().max(1e-3)
    } else {
        log10_sf <= -299.0
    };
    is_probability(cdf) && is_probability(sf) && (cdf + sf - 1.0).abs() < 1e-9 && logarithm
}

/// Shapes and degrees of freedom from tiny to 10⁹, and any number at all.
fn shape() -> impl Strategy<Value = f64> {
    prop_oneof![4 => (-3.0..9.0_f64).prop_map(|power| 10f64.powf(power)), 1 => any_float()]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn tails_are_probabilities(x in any_float(), a in shape(), b in shape()) {
        if !x.is_nan() {
            prop_assert!(tails_agree(normal::cdf(x), normal::sf(x), normal::log10_sf(x)) && normal::density(x) >= 0.0);
        }
        let in_domain = |shape: f64| shape > 0.0 && shape.is_finite();
        prop_assert!(a >= 1e-3 || student_t::sf(x, a).is_nan() && student_t::upper_quantile(0.1, a).is_nan());
        let served = |shape: f64| (1e-3..1e10).contains(&shape);
        if served(a) && !x.is_nan() {
            prop_assert!(tails_agree(student_t::cdf(x, a), student_t::sf(x, a), student_t::log10_sf(x, a)), "t {x} {a}");
            prop_assert!(tails_agree(chi_square::cdf(x, a), chi_square::sf(x, a), chi_square::log10_sf(x, a)), "chi {x} {a}");
            if served(b) {
                let unit = 1.0 / (1.0 + x.abs());
                prop_assert!(tails_agree(beta::cdf(unit, a, b), beta::sf(unit, a, b), beta::log10_sf(unit, a, b)), "beta {unit} {a} {b}");
                prop_assert!(tails_agree(fisher_f::cdf(x, a, b), fisher_f::sf(x, a, b), fisher_f::log10_sf(x, a, b)), "F {x} {a} {b}");
            }
        }
        if !in_domain(a) && a != f64::INFINITY {
            prop_assert!(student_t::sf(x, a).is_nan() && chi_square::sf(x, a).is_nan() && fisher_f::sf(x, a, 1.0).is_nan());
            prop_assert!(beta::cdf(0.5, a, 1.0).is_nan());
        }
        prop_assert!(x.is_nan() || is_probability(kolmogorov::sf(x)));
    }

    #[test]
    fn noncentral_tails_are_probabilities(t in -50.0..50.0_f64, freedom in 1.0..1e6_f64, noncentrality in -30.0..30.0_f64) {
        let (cdf, sf) = (noncentral_t::cdf(t, freedom, noncentrality), noncentral_t::sf(t, freedom, noncentrality));
        prop_assert!(is_probability(cdf) && is_probability(sf) && (cdf + sf - 1.0).abs() < 1e-9, "{cdf} {sf}");
    }

    #[test]
    fn noncentral_chi_square_tails_are_probabilities(x in any_float(), freedom in 0.5..1e4_f64, noncentrality in 0.0..1e5_f64) {
        let tail = noncentral_chi_square::sf(x, freedom, noncentrality);
        prop_assert!(x.is_nan() || is_probability(tail), "{tail}");
        // The more noncentral, the more lies above.
        prop_assert!(x.is_nan() || tail >= chi_square::sf(x, freedom) - 1e-11, "{tail}");
    }

    #[test]
    fn roots_are_within_their_ends_or_said_not_to_be(lower in any_float(), upper in any_float(), root in any_float()) {
        match brent("a test", |x| x - root, lower, upper) {
            Ok(found) => prop_assert!(lower.min(upper) <= found && found <= lower.max(upper), "{found}"),
            Err(reason) => prop_assert!(["impossible_input", "no_convergence", "overflow"].contains(&reason.code()), "{reason}"),
        }
    }
}
