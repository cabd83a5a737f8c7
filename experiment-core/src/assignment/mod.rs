//! Who gets which offer: a pure function of definition and customer.
//!
//! [`assign`] decides, [`explain`] decides and says why, [`assign_all`] decides for all that run. They read
//! a [`CompiledExperiment`] out of a [`Snapshot`]; deciding allocates nothing, takes no lock and reads no
//! clock. [`Draw`] is the bare draw by traffic and weights.
//! The bytes that are hashed and the thresholds are a public contract: see `docs/assignment.md`.

pub mod compat;

mod allocation;
mod bundle;
mod compiled;
mod draw;
mod explain;
mod hash;
mod layer;
mod link;
mod memory;
mod placement;
mod prerequisite;
mod share;
mod snapshot;
mod trace;

pub use allocation::{Allocation, AllocationError};
pub use bundle::{BUNDLE_FORMAT, Bundle, BundleError, BundledExperiment};
pub use compiled::{CompileError, CompiledExperiment};
pub use draw::{Draw, Entrance, Position};
pub use explain::{ExplainedStep, Explanation};
pub use hash::{HashPrefix, Purpose, hash};
pub use layer::LayerSlice;
pub use link::{MAX_PREREQUISITE_DECISIONS, MAX_PREREQUISITE_DEPTH};
pub use memory::{Memory, NoMemory};
pub use placement::{Placement, PlacementError};
pub use prerequisite::Prerequisite;
pub use share::Share;
pub use snapshot::Snapshot;
pub use trace::{NoTrace, Step, Trace};

use std::fmt;

use serde_json::{Map, Value};

use crate::definition::Status;

/// Whom to assign.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Customer<'a> {
    /// 1–256 bytes of UTF-8; [`check_customer_id`](crate::definition::check_customer_id) is for the door.
    pub id: &'a str,
    /// What is known of the customer, for audiences.
    pub attributes: Option<&'a Map<String, Value>>,
}

impl<'a> Customer<'a> {
    /// The customer with this id, of whom nothing else is known.
    #[must_use]
    pub fn new(id: &'a str) -> Customer<'a> {
        Customer { id, attributes: None }
    }

    /// The same customer with these attributes.
    #[must_use]
    pub fn with_attributes(self, attributes: &'a Map<String, Value>) -> Customer<'a> {
        Customer { attributes: Some(attributes), ..self }
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
    /// Every one there is.
    pub const ALL: [Reason; 4] = [Reason::Assigned, Reason::Override, Reason::Concluded, Reason::Sticky];

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
    /// Not one of those it is for.
    Audience,
    /// Not in the variant of another experiment that is required.
    Requires,
    /// In a part of the layer that is another experiment's, or nobody's.
    Layer,
    /// Outside the share of the customers that enters.
    Traffic,
}

impl NotAssignedReason {
    /// Every one there is.
    pub const ALL: [NotAssignedReason; 8] = [
        NotAssignedReason::Draft,
        NotAssignedReason::Stopped,
        NotAssignedReason::Archived,
        NotAssignedReason::External,
        NotAssignedReason::Audience,
        NotAssignedReason::Requires,
        NotAssignedReason::Layer,
        NotAssignedReason::Traffic,
    ];

    /// As it is written: draft, stopped, archived, external, audience, requires, layer, traffic.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            NotAssignedReason::Draft => "draft",
            NotAssignedReason::Stopped => "stopped",
            NotAssignedReason::Archived => "archived",
            NotAssignedReason::External => "external",
            NotAssignedReason::Audience => "audience",
            NotAssignedReason::Requires => "requires",
            NotAssignedReason::Layer => "layer",
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

/// Decides which variant a customer gets.
///
/// `memory` says what the customer met before, where exposures are recorded; [`NoMemory`] where not.
#[must_use]
#[inline]
pub fn assign(experiment: &CompiledExperiment, customer: Customer<'_>, memory: &impl Memory) -> Decision {
    assign_traced(experiment, customer, memory, &mut NoTrace)
}

/// As [`assign`], for every experiment of a snapshot that is running, in the order of their keys.
pub fn assign_all<'a, M: Memory>(
    snapshot: &'a Snapshot,
    customer: Customer<'a>,
    memory: &'a M,
) -> impl Iterator<Item = (&'a CompiledExperiment, Decision)> {
    snapshot.running().map(move |experiment| (experiment, assign(experiment, customer, memory)))
}

/// As [`assign`], with every step in words.
#[must_use]
pub fn explain(
    experiment: &CompiledExperiment,
    customer: Customer<'_>,
    memory: &impl Memory,
) -> (Decision, Explanation) {
    let mut explanation = Explanation::default();
    let decision = assign_traced(experiment, customer, memory, &mut explanation);
    (decision, explanation)
}

/// As [`assign`], telling `trace` each step.
#[inline]
pub fn assign_traced<M: Memory, T: Trace>(
    experiment: &CompiledExperiment,
    customer: Customer<'_>,
    memory: &M,
    trace: &mut T,
) -> Decision {
    let mut case = Case { experiment, customer, memory, trace };
    // The order of decisions, stated once: the first that speaks wins.
    (case.status())
        .or_else(|| case.overridden())
        .or_else(|| case.external())
        .or_else(|| case.concluded())
        .or_else(|| case.sticky())
        .or_else(|| case.audience())
        .or_else(|| case.requires())
        .or_else(|| case.layer())
        .or_else(|| case.traffic())
        .unwrap_or_else(|| case.by_weight())
}

/// One decision in progress. Each step reports what it found and answers if it decides.
struct Case<'a, M, T> {
    experiment: &'a CompiledExperiment,
    customer: Customer<'a>,
    memory: &'a M,
    trace: &'a mut T,
}

impl<M: Memory, T: Trace> Case<'_, M, T> {
    #[inline]
    fn tell(&mut self, step: Step<'_>) {
        self.trace.step(self.experiment, self.customer, step);
    }

    #[inline]
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

    #[inline]
    fn overridden(&mut self) -> Option<Decision> {
        let variant = self.experiment.overridden(self.customer.id);
        self.tell(Step::Override(variant));
        variant.map(|variant| Decision::Assigned { variant, reason: Reason::Override })
    }

    #[inline]
    fn external(&mut self) -> Option<Decision> {
        let external = self.experiment.is_external();
        self.tell(Step::External(external));
        external.then_some(Decision::NotAssigned(NotAssignedReason::External))
    }

    /// The winner is for those in the audience, whatever layer and traffic were.
    #[inline]
    fn concluded(&mut self) -> Option<Decision> {
        let winner = self.experiment.winner().filter(|_| self.experiment.status() == Status::Concluded);
        let outside = winner.and_then(|_| self.audience());
        if outside.is_none() {
            self.tell(Step::Concluded(winner));
        }
        outside.or(winner.map(|variant| Decision::Assigned { variant, reason: Reason::Concluded }))
    }

    #[inline]
    fn sticky(&mut self) -> Option<Decision> {
        // An index from a version with other variants would not name one of ours.
        let known = self.memory.first_variant(self.experiment);
        let sticky = known.filter(|variant| *variant < self.experiment.variant_count());
        self.tell(Step::Sticky(sticky));
        sticky.map(|variant| Decision::Assigned { variant, reason: Reason::Sticky })
    }

    #[inline]
    fn audience(&mut self) -> Option<Decision> {
        let audience = self.experiment.audience();
        let holds = audience.is_none_or(|it| it.matches_customer(self.customer.id, self.customer.attributes));
        self.tell(Step::Audience(audience.map(|_| holds)));
        (!holds).then_some(Decision::NotAssigned(NotAssignedReason::Audience))
    }

    #[inline]
    fn requires(&mut self) -> Option<Decision> {
        let prerequisites = self.experiment.prerequisites();
        let unmet = prerequisites.iter().find_map(|prerequisite| {
            let found = prerequisite.found(self.customer, self.memory);
            (found != Some(prerequisite.variant())).then_some((prerequisite, found))
        });
        self.tell(Step::Requires(unmet));
        unmet.map(|_| Decision::NotAssigned(NotAssignedReason::Requires))
    }

    #[inline]
    fn layer(&mut self) -> Option<Decision> {
        let slice = self.experiment.layer();
        let hash = slice.map(|slice| slice.hash(self.customer.id));
        let inside = slice.zip(hash).is_none_or(|(slice, hash)| slice.contains(hash));
        self.tell(Step::Layer { hash, inside });
        (!inside).then_some(Decision::NotAssigned(NotAssignedReason::Layer))
    }

    #[inline]
    fn traffic(&mut self) -> Option<Decision> {
        let entry = self.experiment.draw().entry(self.customer.id);
        self.tell(Step::Traffic(entry));
        (!entry.enters).then_some(Decision::NotAssigned(NotAssignedReason::Traffic))
    }

    #[inline]
    fn by_weight(&mut self) -> Decision {
        let (position, variant) = self.experiment.draw().variant(self.customer.id);
        self.tell(Step::Variant { position, variant });
        // Another system's ranges may leave room: those who fall there do not enter.
        variant.map_or(Decision::NotAssigned(NotAssignedReason::Traffic), |variant| Decision::Assigned {
            variant,
            reason: Reason::Assigned,
        })
    }
}
