//! Pages where people read results: what the report says, in words, tables and pictures.
//!
//! Templates stand in `templates/`; each page's own file fills one. Every text is in `text`, every picture is made
//! by [`chart`]. Nothing here knows HTTP, or how facts are stored.

mod asset;
pub mod chart;
mod company;
mod customer;
mod definition;
mod experiments;
mod frame;
mod instant;
mod layers;
mod line_diff;
mod number;
mod problem;
mod results;
mod segments;
mod sign_in;
mod subject;
mod text;

pub(crate) use asset::asset;
pub(crate) use company::{CompanyWish, Figures, company};
pub(crate) use customer::{Asked, Explained, Met, customer};
pub(crate) use definition::definition;
pub(crate) use experiments::{Listed, experiments};
pub use frame::Frame;
pub(crate) use frame::{Catching, Section};
pub(crate) use layers::layers;
pub(crate) use problem::problem;
pub use results::{DEFAULT_ROLLOUT, Shown, Wish, results};
pub(crate) use segments::segments;
pub(crate) use sign_in::sign_in;
pub use subject::Subject;
