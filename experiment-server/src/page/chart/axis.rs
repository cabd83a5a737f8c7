//! Scales, and the places and labels of their ticks.

use super::domain::Domain;
use super::text::{fitted, width};

/// Room between two labels side by side, in units.
const GAP: f64 = 10.0;

/// Most ticks of a horizontal axis.
const MOST_TICKS: usize = 6;

/// How many spans beyond its domain a value can still be told from infinity.
const FARTHEST: f64 = 1e4;

/// Values as places: the ends of the domain lie at `from` and `to` exactly.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scale {
    pub(super) domain: Domain,
    pub(super) from: f64,
    pub(super) to: f64,
}

impl Scale {
    /// The place of a value, in units; beyond the ends for values beyond the domain, and finite for infinite ones.
    pub(super) fn place(&self, value: f64) -> f64 {
        let (lower, upper) = (self.domain.lower(), self.domain.upper());
        let share = ((value - lower) / (upper - lower)).clamp(-FARTHEST, FARTHEST);
        self.from * (1.0 - share) + self.to * share
    }
}

/// One mark of an axis.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Tick {
    /// Where the mark is, in units.
    pub(super) at: f64,
    /// Its words.
    pub(super) label: String,
    /// The middle of its words: beside the mark where they would leave the picture.
    pub(super) label_at: f64,
}

/// Round values in a domain, in ascending order: multiples of 1, 2, 2.5 or 5 times a power of ten, at most one more
/// than `at_most`.
pub(super) fn round_values(domain: Domain, at_most: usize) -> Vec<f64> {
    let least = (domain.upper() - domain.lower()) / at_most.max(1) as f64;
    let power = least.log10().floor() as i32;
    let times_power = |n: f64| {
        // Dividing by a power of ten gives the number nearest to its decimal; multiplying by a tenth does not.
        if power < 0 { n / 10_f64.powi(-power) } else { n * 10_f64.powi(power) }
    };
    let enough = |factor: &f64| times_power(*factor) >= least * (1.0 - 1e-9);
    let factor = [1.0, 2.0, 2.5, 5.0].into_iter().find(enough).unwrap_or(10.0);
    let step = times_power(factor);
    let first = (domain.lower() / step - 1e-9).ceil() as i64;
    let last = (domain.upper() / step + 1e-9).floor() as i64;
    (first..=last).map(|i| times_power(i as f64 * factor)).collect()
}

/// Ticks at round values from left to right, in a picture `picture` units wide: as many as have room for their labels.
pub(super) fn value_ticks(scale: Scale, picture: f64, format: &dyn Fn(f64) -> String) -> Vec<Tick> {
    let candidates = (1..=MOST_TICKS).rev().map(|at_most| {
        let values = round_values(scale.domain, at_most).into_iter();
        values.map(|value| (scale.place(value), format(value))).collect()
    });
    first_that_fits(candidates, picture)
}

/// The first of `candidates`, places with labels from left to right, whose labels don't meet in a picture `picture`
/// units wide; none if there is no such candidate.
pub(super) fn first_that_fits(
    candidates: impl IntoIterator<Item = Vec<(f64, String)>>,
    picture: f64,
) -> Vec<Tick> {
    let placed = candidates.into_iter().map(|candidate| {
        candidate.into_iter().map(|(at, label)| tick(at, &label, picture)).collect::<Vec<_>>()
    });
    placed.into_iter().find(|ticks| !ticks.is_empty() && apart(ticks)).unwrap_or_default()
}

fn tick(at: f64, label: &str, picture: f64) -> Tick {
    let label = fitted(label, picture);
    let half = (width(&label) / 2.0).min(picture / 2.0);
    Tick { at, label_at: at.clamp(half, picture - half), label }
}

fn apart(ticks: &[Tick]) -> bool {
    ticks.windows(2).all(|pair| {
        let needed = (width(&pair[0].label) + width(&pair[1].label)) / 2.0 + GAP;
        pair[1].label_at - pair[0].label_at >= needed
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn domain(lower: f64, upper: f64) -> Domain {
        Domain::holding([lower, upper])
    }

    #[test]
    fn ticks_are_round() {
        assert_eq!(round_values(domain(0.0, 1.0), 5), [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]);
        assert_eq!(round_values(domain(0.0, 1.0), 4), [0.0, 0.25, 0.5, 0.75, 1.0]);
        assert_eq!(round_values(domain(-0.031, 0.047), 4), [-0.02, 0.0, 0.02, 0.04]);
        assert_eq!(round_values(domain(-1234.0, 987.0), 6), [-1000.0, -500.0, 0.0, 500.0]);
        assert_eq!(round_values(domain(0.0, 0.3), 3), [0.0, 0.1, 0.2, 0.3]);
        assert_eq!(round_values(domain(99.5, 100.5), 4), [99.5, 99.75, 100.0, 100.25, 100.5]);
        assert_eq!(round_values(domain(0.0, 1e15), 2), [0.0, 5e14, 1e15]);
        assert_eq!(round_values(domain(0.0, 7.0), 0), [0.0]);
    }

    #[test]
    fn ends_of_a_scale_are_exact() {
        let scale = Scale { domain: domain(-0.1, 0.7), from: 37.3, to: 331.9 };
        assert_eq!((scale.place(-0.1), scale.place(0.7)), (37.3, 331.9));
        let upright = Scale { domain: domain(0.0, 10.0), from: 100.0, to: 0.0 };
        assert_eq!((upright.place(2.5), upright.place(-5.0)), (75.0, 150.0));
        // Ten thousand spans of 100 units above the lower end.
        assert_eq!(upright.place(f64::INFINITY), -999_900.0);
    }

    #[test]
    fn labels_are_thinned_until_they_do_not_meet() {
        let scale = Scale { domain: domain(0.0, 1.0), from: 0.0, to: 240.0 };
        let labels = |format: &dyn Fn(f64) -> String| {
            value_ticks(scale, 240.0, format).into_iter().map(|tick| tick.label).collect::<Vec<_>>()
        };
        assert_eq!(labels(&|v| format!("{v}")), ["0", "0.2", "0.4", "0.6", "0.8", "1"]);
        assert_eq!(labels(&|v| format!("+{:.2} %", v * 100.0)), ["+0.00 %", "+50.00 %", "+100.00 %"]);
        assert_eq!(labels(&|_| "no room for two of these".to_owned()), Vec::<String>::new());
    }

    #[test]
    fn a_label_stays_in_the_picture_when_its_mark_is_at_the_edge() {
        let ticks = first_that_fits([vec![(0.0, "left".to_owned()), (100.0, "right".to_owned())]], 100.0);
        let half = width("left") / 2.0;
        assert_eq!((ticks[0].at, ticks[0].label_at), (0.0, half));
        assert_eq!((ticks[1].at, ticks[1].label_at), (100.0, 100.0 - width("right") / 2.0));
    }
}
