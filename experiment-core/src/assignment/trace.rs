//! Watching a decision being made.
//!
//! Deciding and explaining share one traversal: it reports each step to a [`Trace`]. [`NoTrace`] is
//! compiled away; [`Explanation`] writes down each step in words.

use super::{CompiledExperiment, Share};
use crate::definition::Status;

/// One step of a decision and what it found. Steps come in the order of decision; the last one decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Step {
    /// Whether the experiment gives out variants at all.
    Status(Status),
    /// Whether the customer is on an override list: the index of the variant.
    Override(Option<usize>),
    /// Whether the arms are drawn elsewhere.
    External(bool),
    /// Whether there is a winner for everybody: the index of the variant.
    Concluded(Option<usize>),
    /// Whether the customer has met a variant before: its index.
    Sticky(Option<usize>),
    /// Whether the customer is in the share that enters.
    Traffic {
        /// Where the customer fell; `None` when everybody enters and nothing is drawn.
        hash: Option<u64>,
        /// Hashes below its threshold enter.
        share: Share,
        /// What follows.
        enters: bool,
    },
    /// Which variant the customer falls on.
    Variant {
        /// Where the customer fell.
        hash: u64,
        /// The index of the variant whose range holds it.
        variant: usize,
    },
}

/// Something that is told each step.
pub trait Trace {
    /// Called once a step, in order.
    fn step(&mut self, experiment: &CompiledExperiment, step: Step);
}

/// Watches nothing and costs nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoTrace;

impl Trace for NoTrace {
    #[inline]
    fn step(&mut self, _: &CompiledExperiment, _: Step) {}
}

/// Why this customer got this, step by step.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize)]
pub struct Explanation {
    /// The steps that were taken; the last one decided.
    pub steps: Vec<ExplainedStep>,
}

/// One step in words.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct ExplainedStep {
    /// Its name: status, override, external, concluded, sticky, traffic, variant.
    pub step: &'static str,
    /// What it found.
    pub detail: String,
}

impl Trace for Explanation {
    fn step(&mut self, experiment: &CompiledExperiment, step: Step) {
        let (step, detail) = explain(experiment, step);
        self.steps.push(ExplainedStep { step, detail });
    }
}

fn explain(compiled: &CompiledExperiment, step: Step) -> (&'static str, String) {
    let key = |index: usize| {
        compiled.experiment().variants.get(index).map_or("an unknown variant", |variant| &variant.key)
    };
    match step {
        Step::Status(status) => ("status", format!("the experiment is {status}")),
        Step::Override(None) => ("override", "the customer is on no override list".to_owned()),
        Step::Override(Some(variant)) => {
            ("override", format!("the customer is on the override list of {}", key(variant)))
        }
        Step::External(false) => ("external", "the arms are drawn here".to_owned()),
        Step::External(true) => {
            ("external", "the arms are drawn elsewhere (assignment: external)".to_owned())
        }
        Step::Concluded(None) => ("concluded", "no winner has been declared".to_owned()),
        Step::Concluded(Some(variant)) => {
            ("concluded", format!("the experiment is concluded: everybody gets {}", key(variant)))
        }
        Step::Sticky(None) => ("sticky", "the customer has met no variant before".to_owned()),
        Step::Sticky(Some(variant)) => {
            ("sticky", format!("the customer first met {} and keeps it", key(variant)))
        }
        Step::Traffic { hash: None, .. } => {
            ("traffic", "every eligible customer enters (traffic: 1)".to_owned())
        }
        Step::Traffic { hash: Some(hash), share, enters } => {
            let (relation, follows) = if enters { ("below", "enters") } else { ("not below", "stays out") };
            let traffic = compiled.experiment().traffic;
            let threshold = share.threshold();
            let detail = format!(
                "the traffic hash {hash} is {relation} the threshold {threshold} (traffic: {traffic}), so the customer {follows}"
            );
            ("traffic", detail)
        }
        Step::Variant { hash, variant } => {
            ("variant", format!("the variant hash {hash} falls on {}", key(variant)))
        }
    }
}
