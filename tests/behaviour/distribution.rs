//! Distribution functions against 60-digit values (`tests/data/distribution`).

use experiment_core::stats::distribution::{beta, chi_square, noncentral_t, normal, student_t};
use serde::Deserialize;

#[derive(Deserialize)]
struct Tail {
    distribution: String,
    x: f64,
    parameters: Vec<f64>,
    sf: f64,
    log10_sf: f64,
}

fn tails() -> Vec<Tail> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/data/distribution/tails.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn computed(tail: &Tail) -> (f64, f64) {
    let x = tail.x;
    match (tail.distribution.as_str(), tail.parameters.as_slice()) {
        ("normal", []) => (normal::sf(x), normal::log10_sf(x)),
        ("student_t", &[df]) => (student_t::sf(x, df), student_t::log10_sf(x, df)),
        ("chi_square", &[df]) => (chi_square::sf(x, df), chi_square::log10_sf(x, df)),
        ("beta", &[a, b]) => (beta::sf(x, a, b), beta::log10_sf(x, a, b)),
        ("noncentral_t", &[df, delta]) => {
            let sf = noncentral_t::sf(x, df, delta);
            (sf, sf.log10())
        }
        other => panic!("unknown distribution {other:?}"),
    }
}

/// Relative 1e-11 on a tail that is a normal float, and on the logarithm everywhere.
#[test]
fn tails_agree_with_sixty_digit_values() {
    let tails = tails();
    assert_eq!(tails.len(), 283);
    let mut worst = 0.0_f64;
    for tail in &tails {
        let (sf, log10_sf) = computed(tail);
        let what = (&tail.distribution, tail.x, &tail.parameters);
        if tail.sf > f64::MIN_POSITIVE {
            let error = (sf / tail.sf - 1.0).abs();
            worst = worst.max(error);
            assert!(error < 1e-11, "{what:?}: {sf:e} against {:e}", tail.sf);
        }
        let error = (log10_sf - tail.log10_sf).abs();
        assert!(
            error <= 1e-12 * tail.log10_sf.abs().max(1.0),
            "{what:?}: {log10_sf} against {}",
            tail.log10_sf
        );
    }
    println!("largest relative error of a tail: {worst:e}");
}

#[test]
fn quantiles_invert_the_tails() {
    for tail in tails().iter().filter(|tail| tail.sf > 1e-300 && tail.sf < 0.9 && tail.x != 0.0) {
        let got = match (tail.distribution.as_str(), tail.parameters.as_slice()) {
            ("normal", []) => normal::upper_quantile(tail.sf),
            ("student_t", &[df]) => student_t::upper_quantile(tail.sf, df),
            ("chi_square", &[df]) => chi_square::upper_quantile(tail.sf, df),
            ("beta", &[a, b]) => beta::upper_quantile(tail.sf, a, b),
            _ => continue,
        };
        assert!(
            (got / tail.x - 1.0).abs() < 1e-10,
            "{:?} {:?}: {got}",
            tail.distribution,
            (tail.x, &tail.parameters)
        );
    }
}

#[test]
fn arguments_outside_the_domain_give_nan_and_nothing_panics() {
    for x in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 0.0, -1.0, 1e300] {
        for parameter in [f64::NAN, -1.0, 0.0, 1e-3, 1e9, f64::INFINITY] {
            for value in [
                student_t::sf(x, parameter),
                chi_square::sf(x, parameter),
                beta::sf(x, parameter, 2.0),
                noncentral_t::sf(x, parameter, 1.0),
            ] {
                let in_domain = !x.is_nan() && parameter > 0.0;
                assert!(
                    value.is_nan() || (in_domain && (0.0..=1.0).contains(&value)),
                    "{x} {parameter}: {value}"
                );
            }
        }
    }
}
