//! The range of values that an axis shows.

use experiment_core::stats::Interval;

/// Room beside what a domain holds, as a share of its span, on each side.
const PADDING: f64 = 0.05;

/// How many median half-widths beyond zero and the estimates an end may lie before it is clipped.
const WIDEST: f64 = 4.0;

/// Numbers farther from zero than this are held at it, and those nearer than its inverse count as zero, so that no
/// arithmetic on a domain can overflow.
const LARGEST: f64 = 1e200;

/// A range of values: both ends finite, the lower below the upper by more than rounding.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Domain {
    lower: f64,
    upper: f64,
}

/// What an axis must show of one estimate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Extent {
    /// The estimate, if there is one; without it the middle of the interval stands for it.
    pub estimate: Option<f64>,
    /// Its widest interval, if there is one; unbounded ends are infinite.
    pub interval: Option<Interval>,
}

impl Domain {
    /// The smallest domain that holds the finite of `values`; −1 to 1 if there are none, and some room around a value
    /// that is alone.
    #[must_use]
    pub fn holding(values: impl IntoIterator<Item = f64>) -> Domain {
        let finite = values.into_iter().filter(|value| value.is_finite());
        let ends = finite.map(|value| value.clamp(-LARGEST, LARGEST)).fold(None, |ends, value| {
            let (lower, upper): (f64, f64) = ends.unwrap_or((value, value));
            Some((lower.min(value), upper.max(value)))
        });
        let Some((lower, upper)) = ends else { return Domain { lower: -1.0, upper: 1.0 } };
        let size = lower.abs().max(upper.abs());
        if size < 1.0 / LARGEST {
            Domain { lower: -1.0, upper: 1.0 }
        } else if upper - lower < size * 1e-9 {
            Domain { lower: lower - size / 2.0, upper: upper + size / 2.0 }
        } else {
            Domain { lower, upper }
        }
    }

    /// The lower end.
    #[must_use]
    pub fn lower(self) -> f64 {
        self.lower
    }

    /// The upper end.
    #[must_use]
    pub fn upper(self) -> f64 {
        self.upper
    }

    /// Whether `value` lies within, ends included.
    #[must_use]
    pub fn holds(self, value: f64) -> bool {
        (self.lower..=self.upper).contains(&value)
    }

    /// This domain with a little room on both sides.
    fn padded(self) -> Domain {
        let room = (self.upper - self.lower) * PADDING;
        Domain { lower: self.lower - room, upper: self.upper + room }
    }
}

/// One domain for many intervals in a column: it holds zero, the finite of `held` (a margin, say) and the intervals,
/// with a little room on both sides.
///
/// One huge interval doesn't squash the others: an end counts only up to four median half-widths beyond the range of
/// zero, `held` and the estimates, and in that range are only estimates whose own half-width is not larger. What lies
/// beyond is clipped where it is drawn.
#[must_use]
pub fn common_domain(extents: &[Extent], held: &[f64]) -> Domain {
    let held: Vec<f64> = held.iter().copied().chain([0.0]).collect();
    domain_of_most(extents, &held, WIDEST)
}

/// As [`common_domain`], with so many median half-widths and without zero.
pub(super) fn domain_of_most(extents: &[Extent], held: &[f64], widest: f64) -> Domain {
    let mut half_widths: Vec<f64> = extents.iter().filter_map(half_width).collect();
    half_widths.sort_by(f64::total_cmp);
    // The lower of two in the middle: of two intervals, the narrow one stays legible.
    let median = half_widths.get(half_widths.len().saturating_sub(1) / 2).copied().unwrap_or(0.0);
    let reach = widest * median;

    let narrow = extents.iter().filter(|extent| half_width(extent).is_none_or(|half| half <= reach));
    let mut values: Vec<f64> = held.iter().copied().chain(narrow.filter_map(centre)).collect();
    values.retain(|value| value.is_finite());
    let lowest = values.iter().copied().reduce(f64::min).map_or(f64::NEG_INFINITY, |value| value - reach);
    let highest = values.iter().copied().reduce(f64::max).map_or(f64::INFINITY, |value| value + reach);
    let ends = extents.iter().filter_map(|extent| extent.interval).flat_map(|i| [i.lower, i.upper]);
    // Finite ones only: an unbounded end asks for no room of its own.
    let finite = ends.filter(|end| end.is_finite());
    values.extend(finite.map(|end| end.max(lowest).min(highest)));
    Domain::holding(values).padded()
}

/// An interval with its ends in order, unless one of them is not a number.
pub(super) fn usable(interval: Interval) -> Option<Interval> {
    let Interval { lower, upper } = interval;
    let is_number = !lower.is_nan() && !upper.is_nan();
    is_number.then(|| Interval { lower: lower.min(upper), upper: lower.max(upper) })
}

fn centre(extent: &Extent) -> Option<f64> {
    let middle = || extent.interval.map(|interval| interval.lower / 2.0 + interval.upper / 2.0);
    extent.estimate.or_else(middle).filter(|centre| centre.is_finite())
}

/// Half the width of an interval, or the length of its bounded side; `None` without one.
fn half_width(extent: &Extent) -> Option<f64> {
    let Interval { lower, upper } = extent.interval?;
    let half = if lower.is_finite() && upper.is_finite() {
        upper / 2.0 - lower / 2.0
    } else {
        let estimate = extent.estimate?;
        (estimate - lower).min(upper - estimate)
    };
    (half.is_finite() && half > 0.0).then_some(half)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn around(estimate: f64, half: f64) -> Extent {
        let interval = Interval { lower: estimate - half, upper: estimate + half };
        Extent { estimate: Some(estimate), interval: Some(interval) }
    }

    #[test]
    fn a_domain_is_never_empty() {
        let ends = |values: &[f64]| {
            let domain = Domain::holding(values.iter().copied());
            (domain.lower(), domain.upper())
        };
        assert_eq!(ends(&[3.0, f64::NAN, -1.0, f64::INFINITY]), (-1.0, 3.0));
        assert_eq!((ends(&[]), ends(&[0.0, -0.0]), ends(&[1e-300])), ((-1.0, 1.0), (-1.0, 1.0), (-1.0, 1.0)));
        assert_eq!((ends(&[4.0]), ends(&[-4.0])), ((2.0, 6.0), (-6.0, -2.0)));
        assert_eq!(ends(&[f64::MAX, f64::MIN]), (-1e200, 1e200));
    }

    #[test]
    fn all_intervals_fit_while_they_are_alike() {
        let domain = common_domain(&[around(1.0, 2.0), around(4.0, 3.0)], &[]);
        // -1 to 7, with a twentieth of 8 on both sides.
        assert_eq!((domain.lower(), domain.upper()), (-1.4, 7.4));
        assert!(common_domain(&[around(5.0, 1.0)], &[-3.0]).holds(-3.0));
        assert!(common_domain(&[around(5.0, 1.0)], &[]).holds(0.0));
    }

    #[test]
    fn a_huge_interval_is_clipped() {
        let domain = common_domain(&[around(0.0, 1.0), around(2.0, 1.0), around(300.0, 500.0)], &[]);
        // Zero and the narrow estimates reach from 0 to 2, four half-widths beyond is -4 to 6.
        assert_eq!((domain.lower(), domain.upper()), (-4.5, 6.5));
    }

    #[test]
    fn precise_effects_far_from_zero_are_shown_with_it() {
        let domain = common_domain(&[around(50.0, 0.5), around(60.0, 0.5)], &[]);
        assert!(domain.holds(0.0) && domain.holds(60.5));
    }

    #[test]
    fn unbounded_and_missing_ends_take_no_room() {
        let open = Interval { lower: -1.0, upper: f64::INFINITY };
        let extents = [
            Extent { estimate: Some(1.0), interval: Some(open) },
            Extent { estimate: None, interval: None },
            Extent { estimate: Some(3.0), interval: None },
        ];
        let domain = common_domain(&extents, &[f64::NAN]);
        assert_eq!((domain.lower(), domain.upper()), (-1.2, 3.2));
        assert_eq!(common_domain(&[], &[]), Domain { lower: -1.1, upper: 1.1 });
    }
}
