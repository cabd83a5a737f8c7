//! The mark for what goes on beyond the edge of a plot.

use super::path::{Path, Place, place};

/// Which way a mark points.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Toward {
    Left,
    Right,
    Up,
    Down,
}

/// Length of a mark, and half its width, in units.
pub(super) const LENGTH: f64 = 5.0;
const HALF_WIDTH: f64 = 3.5;

/// Adds a triangle with its tip at `tip`.
pub(super) fn arrow(path: &mut Path, tip: Place, toward: Toward) {
    let (x, y) = match toward {
        Toward::Left => (-1.0, 0.0),
        Toward::Right => (1.0, 0.0),
        Toward::Up => (0.0, -1.0),
        Toward::Down => (0.0, 1.0),
    };
    let base = place(tip.x - x * LENGTH, tip.y - y * LENGTH);
    path.polygon(&[
        tip,
        place(base.x - y * HALF_WIDTH, base.y - x * HALF_WIDTH),
        place(base.x + y * HALF_WIDTH, base.y + x * HALF_WIDTH),
    ]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tip_stands_where_it_is_asked_to() {
        let drawn = |toward| {
            let mut path = Path::default();
            arrow(&mut path, place(20.0, 10.0), toward);
            path.data().to_owned()
        };
        assert_eq!(drawn(Toward::Right), "M20 10l-5-3.5v7z");
        assert_eq!(drawn(Toward::Left), "M20 10l5 3.5v-7z");
        assert_eq!(drawn(Toward::Up), "M20 10l3.5 5h-7z");
        assert_eq!(drawn(Toward::Down), "M20 10l-3.5-5h7z");
    }
}
