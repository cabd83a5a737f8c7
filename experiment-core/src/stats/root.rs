//! Roots of functions of one variable, with a cap on iterations and a typed failure.
//!
//! # References
//! Brent, R. P. (1973), Algorithms for Minimization without Derivatives, chapter 4 (`zeroin`).

use crate::stats::not_estimable::NotEstimable;

/// Twice what bisection alone takes from 1 down to the smallest float; ordinary roots take about ten.
const MAX_ITERATIONS: u32 = 2_200;

/// Finds where `f` crosses zero between `lower` and `upper`, to the last bits, by Brent's method.
///
/// `f` must be continuous and of different signs (or zero) at the two ends. `procedure` names the
/// computation in the error.
///
/// # Errors
/// [`NotEstimable::ImpossibleInput`] when the ends do not bracket a root (or `f` gives `NaN` there),
/// [`NotEstimable::NoConvergence`] after 2,200 iterations.
///
/// # Examples
/// ```
/// use experiment_core::stats::root::brent;
/// let root = brent("square root", |x| x * x - 2.0, 0.0, 2.0)?;
/// assert!((root - 2f64.sqrt()).abs() < 1e-15);
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
pub fn brent(
    procedure: &'static str,
    f: impl Fn(f64) -> f64,
    lower: f64,
    upper: f64,
) -> Result<f64, NotEstimable> {
    try_brent(procedure, |x| Ok(f(x)), lower, upper)
}

/// [`brent`] for a function that may itself fail.
pub(crate) fn try_brent(
    procedure: &'static str,
    f: impl Fn(f64) -> Result<f64, NotEstimable>,
    lower: f64,
    upper: f64,
) -> Result<f64, NotEstimable> {
    let (mut a, mut best) = (lower, upper);
    let (mut f_a, mut f_best) = (f(a)?, f(best)?);
    if f_a == 0.0 {
        return Ok(a);
    }
    if f_best == 0.0 {
        return Ok(best);
    }
    if f_a.is_nan() || f_best.is_nan() || (f_a < 0.0) == (f_best < 0.0) {
        return Err(NotEstimable::ImpossibleInput {
            quantity: procedure,
            value: f_best,
            allowed: "of different signs at the two ends of its range",
        });
    }
    // `c` is the end on the other side of the root; `step` the last step, `before` the one before it.
    let (mut c, mut f_c) = (a, f_a);
    let mut step = best - a;
    let mut before = step;
    for _ in 0..MAX_ITERATIONS {
        if f_c.abs() < f_best.abs() {
            (a, best, c) = (best, c, best);
            (f_a, f_best, f_c) = (f_best, f_c, f_best);
        }
        let tolerance = 2.0 * f64::EPSILON * best.abs() + f64::MIN_POSITIVE;
        let half = 0.5 * (c - best);
        if half.abs() <= tolerance || f_best == 0.0 {
            return Ok(best);
        }
        (step, before) = match interpolate((a, f_a), (best, f_best), (c, f_c)) {
            Some(guess)
                if before.abs() >= tolerance
                    && f_a.abs() > f_best.abs()
                    && guess * half.signum() > 0.0
                    && guess.abs() < (1.5 * half.abs() - 0.5 * tolerance).min(0.5 * before.abs()) =>
            {
                (guess, step)
            }
            _ => (half, half),
        };
        (a, f_a) = (best, f_best);
        best += if step.abs() > tolerance { step } else { tolerance.copysign(half) };
        f_best = f(best)?;
        if (f_best < 0.0) == (f_c < 0.0) {
            (c, f_c) = (a, f_a);
            step = best - a;
            before = step;
        }
    }
    Err(NotEstimable::NoConvergence { procedure, iterations: MAX_ITERATIONS })
}

/// Step from the middle point to where the secant, or the inverse parabola through all three, meets zero.
fn interpolate(a: (f64, f64), b: (f64, f64), c: (f64, f64)) -> Option<f64> {
    let s = b.1 / a.1;
    let (p, q) = if a.0 == c.0 {
        ((c.0 - b.0) * s, 1.0 - s)
    } else {
        let (q, r) = (a.1 / c.1, b.1 / c.1);
        let p = s * ((c.0 - b.0) * q * (q - r) - (b.0 - a.0) * (r - 1.0));
        (p, (q - 1.0) * (r - 1.0) * (s - 1.0))
    };
    let step = -p / q;
    step.is_finite().then_some(step)
}

/// Newton's method for a root of a concave (or convex) function, where it settles from any start.
///
/// `f` gives the value and the slope; steps that leave `range` stop at its ends.
pub(crate) fn newton(
    procedure: &'static str,
    f: impl Fn(f64) -> (f64, f64),
    start: f64,
    range: (f64, f64),
) -> Result<f64, NotEstimable> {
    let mut x = start;
    let mut last_step = f64::INFINITY;
    for _ in 0..MAX_ITERATIONS {
        let (value, slope) = f(x);
        let step = value / slope;
        if !step.is_finite() {
            break;
        }
        x = (x - step).clamp(range.0, range.1);
        // Once steps are rounding noise they no longer shrink (arguments are of order 1 here).
        if step.abs() <= 4.0 * f64::EPSILON * x.abs()
            || (step.abs() <= 1e-9 * x.abs().max(1.0) && step.abs() >= 0.5 * last_step)
        {
            return Ok(x);
        }
        last_step = step.abs();
    }
    Err(NotEstimable::NoConvergence { procedure, iterations: MAX_ITERATIONS })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_roots_of_awkward_functions() {
        type Case = (fn(f64) -> f64, f64, f64, f64);
        let cases: [Case; 5] = [
            (|x| x - 1e-200, -1.0, 1.0, 1e-200),
            (|x| libm::pow(x - 0.5, 9.0), -1.0, 4.0, 0.5),
            (|x| libm::exp(x) - 1e-300, -1e4, 10.0, -690.775_527_898_213_7),
            (|x| if x < 0.3 { -1.0 } else { 1.0 }, 0.0, 1.0, 0.3),
            (|x| libm::atan(1e8 * (x - 0.1)), -1e3, 1e3, 0.1),
        ];
        for (f, lower, upper, want) in cases {
            let got = brent("test", f, lower, upper).unwrap();
            assert!((got - want).abs() <= 1e-14 * want.abs().max(1e-10), "{got} against {want}");
            assert_eq!(brent("test", |x| -f(x), lower, upper).unwrap(), got);
        }
    }

    /// Bisection alone would take fifty.
    #[test]
    fn smooth_functions_take_few_steps() {
        let calls = std::cell::Cell::new(0);
        let counted = |x: f64| {
            calls.set(calls.get() + 1);
            (0.004 - x) * (0.004 - x) - 1.4e-5 * (1.0 - x * x)
        };
        let root = brent("test", counted, 0.004, 1.0).unwrap();
        assert!(counted(root).abs() < 1e-18, "{root}");
        assert!(calls.get() < 30, "{}", calls.get());
    }

    #[test]
    fn says_when_the_ends_do_not_bracket() {
        assert_eq!(brent("test", |x| x * x + 1.0, -1.0, 1.0).unwrap_err().code(), "impossible_input");
        assert_eq!(brent("test", |_| f64::NAN, -1.0, 1.0).unwrap_err().code(), "impossible_input");
    }

    #[test]
    fn newton_settles_or_says_so() {
        let root = newton("test", |x| (libm::log(x) - 3.0, 1.0 / x), 1.0, (1e-300, 1e300)).unwrap();
        assert!((root - libm::exp(3.0)).abs() < 1e-13);
        assert_eq!(
            newton("test", |x| (x * x + 1.0, 2.0 * x), 1.0, (-10.0, 10.0)).unwrap_err().code(),
            "no_convergence"
        );
    }
}
