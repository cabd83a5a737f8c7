//! Watching a decision being made.
//!
//! Deciding and explaining share one traversal: it reports each step to a [`Trace`]. [`NoTrace`] is
//! compiled away; [`Explanation`](super::Explanation) writes down each step in words.

use super::{CompiledExperiment, Customer, Entrance, Position, Prerequisite};
use crate::definition::Status;

/// One step of a decision and what it found. Steps come in the order of decision; the last one decided.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum Step<'a> {
    /// Whether the experiment gives out variants at all.
    Status(Status),
    /// Whether the customer is on an override list: the index of the variant.
    Override(Option<usize>),
    /// Whether the arms are drawn elsewhere.
    External(bool),
    /// Whether there is a winner: the index of the variant.
    Concluded(Option<usize>),
    /// Whether the customer has met a variant before: its index.
    Sticky(Option<usize>),
    /// Whether the customer is in the audience; `None` when everybody is.
    Audience(Option<bool>),
    /// The first prerequisite that is not met, and the variant (by index) that the customer is in there.
    Requires(Option<(&'a Prerequisite, Option<usize>)>),
    /// Whether the customer is in the experiment's slice of its layer.
    Layer {
        /// Where the customer fell; `None` when there is no layer.
        hash: Option<u64>,
        /// What follows.
        inside: bool,
    },
    /// Whether the customer is in the share that enters.
    Traffic(Entrance),
    /// Which variant the customer falls on.
    Variant {
        /// Where the customer fell.
        position: Position,
        /// The index of the variant there; `None` where another system's ranges leave room.
        variant: Option<usize>,
    },
}

/// Something that is told each step.
pub trait Trace {
    /// Called once a step, in order.
    fn step(&mut self, experiment: &CompiledExperiment, customer: Customer<'_>, step: Step<'_>);
}

/// Watches nothing and costs nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoTrace;

impl Trace for NoTrace {
    #[inline]
    fn step(&mut self, _: &CompiledExperiment, _: Customer<'_>, _: Step<'_>) {}
}
