//! Charts as SVG text, made from numbers and labels that are already formatted.
//!
//! Nothing here knows an experiment. Colours, widths of lines and fonts belong to the page's style sheet: a picture
//! carries classes, never a `style`, an `id` or a script, so that a strict content security policy holds and light
//! and dark are a matter of the sheet. Each is made to stand inside HTML, has `role="img"` with the caller's words for
//! it, and is drawn at its natural size in pixels; the sheet may let it shrink (`max-width: 100%; height: auto`).
//!
//! No input is an error: what is not a number is left out, what is unbounded goes to the edge with an arrow, and
//! without anything to draw there is the frame alone.
//!
//! A curve's root says where its points stand, for a script that reads the numbers from a table beside it: `data-n`
//! points at equal distances from `data-x0` to `data-x1`, both in units of the viewBox (one point stands in the middle).

mod arrow;
mod axis;
mod band;
mod clip;
mod days;
mod domain;
mod heat;
mod interval;
mod path;
mod plot;
mod progress;
mod size;
mod slices;
#[cfg(test)]
mod sound;
mod steps;
mod svg;
mod text;

pub use band::{BandChart, BandPoint, BandSeries, band_chart};
pub use domain::{Domain, Extent, common_domain};
pub use heat::heat_class;
pub use interval::{IntervalBar, Tone, interval_axis, interval_bar};
pub use progress::progress_bar;
pub use size::Size;
pub use slices::{Slice, slice_bar};
pub use steps::{Step, StepArm, StepChart, Vertical, step_chart};
