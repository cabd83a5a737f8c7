//! Curves cut at the edges of a plot.

use super::path::{Place, place};

/// The rows between which a plot lies; `top` is the smaller number.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rows {
    pub(super) top: f64,
    pub(super) bottom: f64,
}

impl Rows {
    fn hold(self, y: f64) -> bool {
        (self.top..=self.bottom).contains(&y)
    }
}

/// The edge of a band: what is outside runs along the edge of the plot.
pub(super) fn clamped(edge: &[Place], rows: Rows) -> Vec<Place> {
    crossed(edge, rows).into_iter().map(|p| place(p.x, p.y.clamp(rows.top, rows.bottom))).collect()
}

/// A line: the pieces of it that are inside.
pub(super) fn inside(line: &[Place], rows: Rows) -> Vec<Vec<Place>> {
    let mut pieces: Vec<Vec<Place>> = Vec::new();
    let mut previous: Option<Place> = None;
    for point in crossed(line, rows) {
        if !rows.hold(point.y) {
            previous = None;
        } else {
            match (previous, pieces.last_mut()) {
                (Some(_), Some(piece)) => piece.push(point),
                _ => pieces.push(vec![point]),
            }
            previous = Some(point);
        }
    }
    pieces
}

/// `line` with a point wherever it crosses an edge, so that each of its segments is inside or outside.
fn crossed(line: &[Place], rows: Rows) -> Vec<Place> {
    let mut points = Vec::with_capacity(line.len());
    for (i, &to) in line.iter().enumerate() {
        if let Some(from) = i.checked_sub(1).map(|before| line[before]) {
            let downwards = from.y <= to.y;
            let edges = if downwards { [rows.top, rows.bottom] } else { [rows.bottom, rows.top] };
            for edge in edges {
                if (from.y - edge) * (to.y - edge) < 0.0 {
                    let share = (edge - from.y) / (to.y - from.y);
                    points.push(place(from.x + share * (to.x - from.x), edge));
                }
            }
        }
        points.push(to);
    }
    points
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROWS: Rows = Rows { top: 10.0, bottom: 20.0 };

    #[test]
    fn a_line_is_cut_where_it_leaves_and_where_it_comes_back() {
        let line = [place(0.0, 15.0), place(10.0, 5.0), place(20.0, 25.0), place(30.0, 15.0)];
        assert_eq!(
            inside(&line, ROWS),
            [
                vec![place(0.0, 15.0), place(5.0, 10.0)],
                vec![place(12.5, 10.0), place(17.5, 20.0)],
                vec![place(25.0, 20.0), place(30.0, 15.0)],
            ]
        );
        assert!(inside(&[place(0.0, 5.0), place(9.0, 1.0)], ROWS).is_empty());
    }

    #[test]
    fn an_edge_runs_along_the_plot_while_it_is_outside() {
        let edge = [place(0.0, 15.0), place(10.0, 5.0), place(20.0, 15.0)];
        let clipped =
            [place(0.0, 15.0), place(5.0, 10.0), place(10.0, 10.0), place(15.0, 10.0), place(20.0, 15.0)];
        assert_eq!(clamped(&edge, ROWS), clipped);
    }
}
