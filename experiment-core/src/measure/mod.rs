//! From one customer's history to exact sums; knows no statistics.
//!
//! A [`Rule`] (a compiled metric) turns the history of one customer into a [`Contribution`], a small
//! vector of fixed-point numbers. [`Moments`] add such vectors up in integers, so that any order of
//! arrival, any split and any recount give the same bits. A [`Cell`] says where a vector is added. Where the
//! distribution of values matters, customers are also
//! counted by [`bucket`]; for survival by the day of their [`Departure`]. [`tracked`] lists all that sums are kept
//! of for one experiment.

mod buckets;
mod cell;
mod contribution;
mod departure;
mod economics;
mod fixed;
mod history;
mod linear;
mod moments;
mod rule;
mod tracked;
mod wide;

pub use buckets::{bucket, bucket_value};
pub use cell::{Cell, MAX_DIMENSION_VALUES, Population, Slice};
pub use contribution::{Contribution, MAX_PARTS, contribution, nps_points};
pub use departure::Departure;
pub use economics::{Account, ECONOMICS_PLACES, economics_rules};
pub use fixed::{CLAMP, DEFAULT_PLACES, Fixed, MAX_PLACES, MAX_VALUE, ValueError, check_value};
pub use history::{Event, EventName, EventNames, FirstExposure, first_exposure};
pub use linear::Linear;
pub use moments::{Moments, MomentsOverflow};
pub use rule::{Counting, Part, Rule, Tally};
pub use tracked::{MAX_TRACKED, Purpose, Tracked, tracked};
