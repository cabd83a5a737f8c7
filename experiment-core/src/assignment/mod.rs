//! Who gets which offer: a pure function of definition and customer.
//!
//! [`assign`] decides, [`explain`] decides and says why, [`draw`] is the bare draw by traffic and weights.
//! All read a [`CompiledExperiment`] out of a [`Snapshot`]; none of them allocates, locks or reads a clock.
//! The bytes that are hashed and the thresholds are a public contract: see `docs/assignment.md`.

pub mod compat;
pub mod condition;

mod allocation;
mod hash;
mod share;
mod snapshot;
mod trace;

pub use allocation::{Allocation, AllocationError};
pub use hash::{HashPrefix, Purpose, hash};
pub use share::Share;
pub use snapshot::{CompileError, CompiledExperiment, Snapshot};
pub use trace::{ExplainedStep, Explanation, NoTrace, Step, Trace};

use std::fmt;

use crate::definition::Status;

/// Whom to assign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Customer<'a> {
    /// 1–256 bytes of UTF-8; [`check_customer_id`](crate::definition::check_customer_id) is for the door.
    pub id: &'a str,
}

impl<'a> Customer<'a> {
    /// The customer with this id.
    #[must_use]
    pub fn new(id: &'a str) -> Customer<'a> {
        Customer { id }
    }
}

/// What was decided for a customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Decision {
    /// The customer gets a variant.
    Assigned {
        /// Its index in the definition's list.
        variant: usize,
        /// Why this one.
        reason: Reason,
    },
    /// The customer gets none, and the app does what it does without the experiment.
    NotAssigned(NotAssignedReason),
}

impl Decision {
    /// The index of the variant, if there is one.
    #[must_use]
    pub fn variant(self) -> Option<usize> {
        match self {
            Decision::Assigned { variant, .. } => Some(variant),
            Decision::NotAssigned(_) => None,
        }
    }

    /// The reason as it is written.
    #[must_use]
    pub fn reason(self) -> &'static str {
        match self {
            Decision::Assigned { reason, .. } => reason.name(),
            Decision::NotAssigned(reason) => reason.name(),
        }
    }

    /// Whether meeting this variant counts as an exposure: overrides and winners are never analysed.
    #[must_use]
    pub fn is_analysed(self) -> bool {
        matches!(self, Decision::Assigned { reason: Reason::Assigned | Reason::Sticky, .. })
    }
}

/// Why a customer gets a variant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Reason {
    /// Drawn by traffic and weight.
    Assigned,
    /// On a QA list; never recorded, never analysed.
    Override,
    /// The winner of a concluded experiment; never recorded.
    Concluded,
    /// Met before: the variant of the first exposure.
    Sticky,
}

impl Reason {
    /// As it is written: assigned, override, concluded, sticky.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Reason::Assigned => "assigned",
            Reason::Override => "override",
            Reason::Concluded => "concluded",
            Reason::Sticky => "sticky",
        }
    }
}

/// Why a customer gets no variant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum NotAssignedReason {
    /// Not started yet.
    Draft,
    /// Nobody enters any more.
    Stopped,
    /// Out of sight.
    Archived,
    /// The arms are drawn elsewhere.
    External,
    /// Outside the share of the customers that enters.
    Traffic,
}

impl NotAssignedReason {
    /// As it is written: draft, stopped, archived, external, traffic.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            NotAssignedReason::Draft => "draft",
            NotAssignedReason::Stopped => "stopped",
            NotAssignedReason::Archived => "archived",
            NotAssignedReason::External => "external",
            NotAssignedReason::Traffic => "traffic",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for NotAssignedReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Decides which variant a customer gets. `sticky` is the variant (by index) of the customer's first
/// recorded exposure, where exposures are recorded.
#[must_use]
pub fn assign(experiment: &CompiledExperiment, customer: Customer<'_>, sticky: Option<usize>) -> Decision {
    assign_traced(experiment, customer, sticky, &mut NoTrace)
}

/// As [`assign`], with every step in words.
#[must_use]
pub fn explain(
    experiment: &CompiledExperiment,
    customer: Customer<'_>,
    sticky: Option<usize>,
) -> (Decision, Explanation) {
    let mut explanation = Explanation::default();
    let decision = assign_traced(experiment, customer, sticky, &mut explanation);
    (decision, explanation)
}

/// As [`assign`], telling `trace` each step.
pub fn assign_traced<T: Trace>(
    experiment: &CompiledExperiment,
    customer: Customer<'_>,
    sticky: Option<usize>,
    trace: &mut T,
) -> Decision {
    let mut case = Case { experiment, customer, sticky, trace };
    // The order of decisions, stated once: the first that speaks wins.
    (case.status())
        .or_else(|| case.overridden())
        .or_else(|| case.external())
        .or_else(|| case.concluded())
        .or_else(|| case.sticky())
        .or_else(|| case.traffic())
        .unwrap_or_else(|| case.by_weight())
}

/// The bare draw: the variant by traffic and weights alone, whatever the status, lists or earlier
/// exposures say. `None` for customers outside the traffic. What exposures sent by clients are checked
/// against.
#[must_use]
pub fn draw(experiment: &CompiledExperiment, customer_id: &str) -> Option<usize> {
    let mut case =
        Case { experiment, customer: Customer::new(customer_id), sticky: None, trace: &mut NoTrace };
    case.traffic().unwrap_or_else(|| case.by_weight()).variant()
}

/// One decision in progress. Each step reports what it found and answers if it decides.
struct Case<'a, T> {
    experiment: &'a CompiledExperiment,
    customer: Customer<'a>,
    sticky: Option<usize>,
    trace: &'a mut T,
}

impl<T: Trace> Case<'_, T> {
    fn tell(&mut self, step: Step) {
        self.trace.step(self.experiment, step);
    }

    fn status(&mut self) -> Option<Decision> {
        let status = self.experiment.status();
        self.tell(Step::Status(status));
        match status {
            Status::Draft => Some(Decision::NotAssigned(NotAssignedReason::Draft)),
            Status::Stopped => Some(Decision::NotAssigned(NotAssignedReason::Stopped)),
            Status::Archived => Some(Decision::NotAssigned(NotAssignedReason::Archived)),
            Status::Running | Status::Concluded => None,
        }
    }

    fn overridden(&mut self) -> Option<Decision> {
        let variant = self.experiment.overridden(self.customer.id);
        self.tell(Step::Override(variant));
        variant.map(|variant| Decision::Assigned { variant, reason: Reason::Override })
    }

    fn external(&mut self) -> Option<Decision> {
        let external = self.experiment.is_external();
        self.tell(Step::External(external));
        external.then_some(Decision::NotAssigned(NotAssignedReason::External))
    }

    fn concluded(&mut self) -> Option<Decision> {
        let winner = self.experiment.winner().filter(|_| self.experiment.status() == Status::Concluded);
        self.tell(Step::Concluded(winner));
        winner.map(|variant| Decision::Assigned { variant, reason: Reason::Concluded })
    }

    fn sticky(&mut self) -> Option<Decision> {
        // An index from a version with other variants would not name one of ours.
        let sticky = self.sticky.filter(|variant| *variant < self.experiment.variant_count());
        self.tell(Step::Sticky(sticky));
        sticky.map(|variant| Decision::Assigned { variant, reason: Reason::Sticky })
    }

    fn traffic(&mut self) -> Option<Decision> {
        let share = self.experiment.traffic();
        let hash = (!share.is_all()).then(|| self.experiment.traffic_hash(self.customer.id));
        let enters = hash.is_none_or(|hash| share.contains(hash));
        self.tell(Step::Traffic { hash, share, enters });
        (!enters).then_some(Decision::NotAssigned(NotAssignedReason::Traffic))
    }

    fn by_weight(&mut self) -> Decision {
        let hash = self.experiment.variant_hash(self.customer.id);
        let variant = self.experiment.allocation().variant(hash);
        self.tell(Step::Variant { hash, variant });
        Decision::Assigned { variant, reason: Reason::Assigned }
    }
}
