//! Shades of a table's cells.

/// From the lightest, for shares under a tenth, to the darkest.
const CLASSES: [&str; 10] =
    ["heat-0", "heat-1", "heat-2", "heat-3", "heat-4", "heat-5", "heat-6", "heat-7", "heat-8", "heat-9"];

/// The class of a cell that shows `share`: `heat-0` below 0.1, `heat-1` below 0.2, … `heat-9` from 0.9 on. Shares
/// beyond 0 and 1 have the nearest class; what is not a number has none.
#[must_use]
pub fn heat_class(share: f64) -> Option<&'static str> {
    let tenth = (share * 10.0).clamp(0.0, 9.0);
    (!share.is_nan()).then(|| CLASSES[tenth as usize])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tenths_have_their_classes() {
        let shades = [(0.0, 0), (0.09, 0), (0.1, 1), (0.55, 5), (0.899, 8), (0.9, 9), (1.0, 9)];
        for (share, class) in shades {
            assert_eq!(heat_class(share), Some(CLASSES[class]), "{share}");
        }
        assert_eq!(heat_class(0.3), Some("heat-3"));
        assert_eq!((heat_class(-3.0), heat_class(f64::INFINITY)), (Some("heat-0"), Some("heat-9")));
        assert_eq!(heat_class(f64::NAN), None);
    }
}
