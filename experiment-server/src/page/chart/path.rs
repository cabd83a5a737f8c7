//! Lines and areas: the data of a `path`, in relative steps, without points nobody could see.

use super::svg::{spelled, tenths};

/// A place in units of the viewBox.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Place {
    pub(super) x: f64,
    pub(super) y: f64,
}

/// A place, shorter to write.
pub(super) fn place(x: f64, y: f64) -> Place {
    Place { x, y }
}

/// How far, in units, a line may pass beside a point that is left out.
const TOLERANCE: f64 = 0.35;

/// The data of a path. Steps are differences of rounded coordinates, so that their errors do not add up.
#[derive(Default)]
pub(super) struct Path {
    data: String,
    at: [i64; 2],
    command: Option<char>,
}

impl Path {
    pub(super) fn is_empty(&self) -> bool {
        self.data.is_empty()
    }

    pub(super) fn data(&self) -> &str {
        &self.data
    }

    /// A straight line.
    pub(super) fn segment(&mut self, from: Place, to: Place) {
        self.move_to(from);
        self.line_to(to);
    }

    /// An open line through `points`; a single one is a dot, which round line caps make visible.
    pub(super) fn line(&mut self, points: &[Place]) {
        self.through(&thinned(points));
        if self.command == Some('M') {
            self.step('h', &[0]);
        }
    }

    /// The area between two edges that run in the same direction.
    pub(super) fn area(&mut self, upper: &[Place], lower: &[Place]) {
        let mut around = thinned(upper);
        around.extend(thinned(lower).into_iter().rev());
        self.polygon(&around);
    }

    /// The area within `corners`.
    pub(super) fn polygon(&mut self, corners: &[Place]) {
        if !corners.is_empty() {
            self.through(corners);
            self.data.push('z');
            self.command = None;
        }
    }

    /// A line through all of `points`, from a new start.
    pub(super) fn through(&mut self, points: &[Place]) {
        let Some((first, rest)) = points.split_first() else { return };
        self.move_to(*first);
        for point in rest {
            self.line_to(*point);
        }
    }

    fn move_to(&mut self, to: Place) {
        self.at = [tenths(to.x), tenths(to.y)];
        self.command = None;
        self.step('M', &self.at.clone());
    }

    fn line_to(&mut self, to: Place) {
        let next = [tenths(to.x), tenths(to.y)];
        let by = [next[0] - self.at[0], next[1] - self.at[1]];
        self.at = next;
        match by {
            [0, 0] => {}
            [across, 0] => self.step('h', &[across]),
            [0, down] => self.step('v', &[down]),
            _ => self.step('l', &by),
        }
    }

    /// The letter only where it changes, and a space only where a number would run into the next.
    fn step(&mut self, command: char, numbers: &[i64]) {
        let mut follows_number = self.command == Some(command);
        if !follows_number {
            self.data.push(command);
            self.command = Some(command);
        }
        for number in numbers {
            if follows_number && *number >= 0 {
                self.data.push(' ');
            }
            self.data.push_str(&spelled(*number));
            follows_number = true;
        }
    }
}

/// `points`, in ascending `x`, without those that a straight line between their neighbours passes within
/// [`TOLERANCE`] of.
///
/// From the last point kept, a corridor of slopes is carried along that passes every point since; the first point
/// outside of it makes its predecessor the next one kept.
fn thinned(points: &[Place]) -> Vec<Place> {
    let Some((&first, rest)) = points.split_first() else { return Vec::new() };
    let mut kept = vec![first];
    let (mut anchor, mut previous) = (first, first);
    let mut corridor = [f64::NEG_INFINITY, f64::INFINITY];
    for &point in rest {
        let run = point.x - anchor.x;
        let slope = (point.y - anchor.y) / run;
        let passes = run > 0.0 && corridor[0] <= slope && slope <= corridor[1];
        if !passes && previous != anchor {
            kept.push(previous);
            anchor = previous;
            corridor = [f64::NEG_INFINITY, f64::INFINITY];
        }
        let narrowed = slopes(anchor, point);
        corridor = [corridor[0].max(narrowed[0]), corridor[1].min(narrowed[1])];
        previous = point;
    }
    kept.extend((previous != anchor).then_some(previous));
    kept
}

/// Slopes from `anchor` that pass `point` within [`TOLERANCE`]; none if it is straight above or below.
fn slopes(anchor: Place, point: Place) -> [f64; 2] {
    let run = point.x - anchor.x;
    if run <= 0.0 {
        return [f64::INFINITY, f64::NEG_INFINITY];
    }
    [(point.y - TOLERANCE - anchor.y) / run, (point.y + TOLERANCE - anchor.y) / run]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(points: &[(f64, f64)]) -> Vec<Place> {
        points.iter().map(|&(x, y)| place(x, y)).collect()
    }

    fn line(points: &[(f64, f64)]) -> String {
        let mut path = Path::default();
        path.line(&places(points));
        path.data
    }

    #[test]
    fn steps_are_relative_and_short() {
        assert_eq!(line(&[(0.0, 10.0), (5.0, 12.5), (10.0, 12.0), (10.5, 20.0)]), "M0 10l5 2.5 5-.5 .5 8");
        assert_eq!(line(&[(1.0, 1.0), (3.0, 1.0), (3.0, 5.0), (0.0, 0.0)]), "M1 1h2v4l-3-5");
        assert_eq!((line(&[]), line(&[(3.0, 4.0)])), (String::new(), "M3 4h0".to_owned()));
        assert_eq!(line(&[(3.0, 4.0), (3.01, 4.0)]), "M3 4h0");
    }

    #[test]
    fn errors_of_rounding_do_not_add_up() {
        let zigzag: Vec<_> = (0..=6).map(|i| (f64::from(i) * 0.33, f64::from(i % 2) * 50.0)).collect();
        assert_eq!(line(&zigzag), "M0 0l.3 50 .4-50 .3 50 .3-50 .4 50 .3-50");
    }

    #[test]
    fn an_area_goes_there_and_back() {
        let mut path = Path::default();
        path.area(&places(&[(0.0, 0.0), (9.0, 3.0)]), &places(&[(0.0, 5.0), (9.0, 6.0)]));
        path.segment(place(1.0, 1.0), place(1.0, 2.0));
        assert_eq!(path.data(), "M0 0l9 3v3l-9-1zM1 1v1");
    }

    #[test]
    fn points_on_a_straight_line_are_left_out() {
        let straight: Vec<_> =
            (0..50).map(|i| (f64::from(i), f64::from(i) * 2.0 + f64::from(i % 2) * 0.2)).collect();
        assert_eq!(thinned(&places(&straight)).len(), 2);
        let peak = places(&[(0.0, 0.0), (1.0, 0.0), (2.0, 9.0), (3.0, 0.0), (4.0, 0.0)]);
        assert_eq!(thinned(&peak), peak);
        let upright = places(&[(0.0, 0.0), (1.0, 0.0), (1.0, 9.0), (1.0, 4.0), (2.0, 4.0)]);
        assert_eq!(thinned(&upright), upright);
    }

    #[test]
    fn no_point_left_out_is_farther_than_the_tolerance() {
        let curve: Vec<_> =
            (0..400).map(|i| place(f64::from(i) * 0.75, 60.0 * (f64::from(i) / 17.0).sin())).collect();
        let kept = thinned(&curve);
        assert!(kept.len() < 200, "{}", kept.len());
        for pair in kept.windows(2) {
            for point in curve.iter().filter(|p| pair[0].x <= p.x && p.x <= pair[1].x) {
                let share = (point.x - pair[0].x) / (pair[1].x - pair[0].x);
                let drawn = pair[0].y + share * (pair[1].y - pair[0].y);
                assert!((drawn - point.y).abs() <= TOLERANCE + 1e-9, "{point:?}");
            }
        }
    }
}
