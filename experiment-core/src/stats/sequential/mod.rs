//! Tests that may be looked at while data comes in, without spending the error rate on the looks.
//!
//! Anytime-valid, for any number of looks at any time: [`confidence_sequence`] for every metric with a standard
//! error, the usual choice; [`msprt`] with a prior width on the effect; [`mixture_boundary`] for plain sums;
//! [`betting`] for bounded values without any asymptotics; [`srm`] for the shares of customers.
//! For a few planned looks: [`group_sequential`], with [`spending`] functions.

pub mod betting;
pub mod confidence_sequence;
pub mod group_sequential;
pub mod mixture_boundary;
pub mod msprt;
pub mod spending;
pub mod srm;

pub use mixture_boundary::Sides;
