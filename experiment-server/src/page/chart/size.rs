//! How large a chart is drawn.

/// Width and height of a picture in units of its viewBox, which are pixels at its natural size.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Size {
    /// Width; a plot takes the nearest of 160 to 2000.
    pub width: f64,
    /// Height; a plot takes the nearest of 100 to 1000.
    pub height: f64,
}

impl Size {
    /// A plot that fills a telephone, or half of a wider page.
    pub const COLUMN: Size = Size { width: 340.0, height: 200.0 };
    /// A plot over the whole width of a page of 700 pixels and more. Shrunk to a telephone its text is too small, so let it
    /// scroll there.
    pub const FULL: Size = Size { width: 680.0, height: 260.0 };

    /// The nearest size in which axes and a curve have room.
    pub(super) fn for_plot(self) -> Size {
        Size { width: legible_width(self.width), height: nearest(self.height, 100.0, 1000.0) }
    }
}

/// The nearest width in which a few words have room: 160 to 2000.
pub(super) fn legible_width(width: f64) -> f64 {
    nearest(width, 160.0, 2000.0)
}

/// `least` too for what is not a number.
fn nearest(length: f64, least: f64, most: f64) -> f64 {
    length.max(least).min(most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_size_becomes_one_with_room() {
        assert_eq!(Size::COLUMN.for_plot(), Size::COLUMN);
        let odd = Size { width: f64::NAN, height: f64::INFINITY };
        assert_eq!(odd.for_plot(), Size { width: 160.0, height: 1000.0 });
    }
}
