//! What callers propose to write down, and what becomes of it.

use experiment_core::time::Timestamp;
use serde_json::{Map, Value};

/// Attributes as sent.
pub type Attributes = Map<String, Value>;

/// A fact that somebody would like to have written down.
#[derive(Debug, Clone, PartialEq)]
pub enum Proposal {
    /// Our own draw, about to be answered by `assign`.
    Assign(ProposedAssign),
    /// An exposure that a client reports.
    Exposure(ProposedExposure),
    /// An event that a client reports.
    Event(ProposedEvent),
}

impl Proposal {
    /// Whom it is about.
    pub(super) fn customer(&self) -> &str {
        match self {
            Proposal::Assign(assign) => &assign.customer,
            Proposal::Exposure(exposure) => &exposure.customer,
            Proposal::Event(event) => &event.customer,
        }
    }
}

/// A variant drawn for a customer. It is written down only if no exposure of this customer to this
/// experiment is known; otherwise the answer is the variant that was seen first.
#[derive(Debug, Clone, PartialEq)]
pub struct ProposedAssign {
    /// Who.
    pub customer: String,
    /// The experiment's key.
    pub experiment: String,
    /// The key of the variant that the hash gives.
    pub variant: String,
    /// The customer's attributes; those that the experiment's dimensions name are kept.
    pub attributes: Option<Attributes>,
}

/// An exposure as a client sends it.
#[derive(Debug, Clone, PartialEq)]
pub struct ProposedExposure {
    /// Who.
    pub customer: String,
    /// The experiment's key.
    pub experiment: String,
    /// The variant's key.
    pub variant: String,
    /// Names this exposure among those of the customer to the experiment; without it the server makes
    /// one, and a repeat is not recognised.
    pub id: Option<String>,
    /// When; the time of receipt if absent.
    pub at: Option<Timestamp>,
    /// The customer's attributes.
    pub attributes: Option<Attributes>,
}

/// An event as a client sends it.
#[derive(Debug, Clone, PartialEq)]
pub struct ProposedEvent {
    /// Who.
    pub customer: String,
    /// What happened.
    pub event: String,
    /// Names this event among those of the customer; without it the server makes one, and a repeat is
    /// not recognised.
    pub id: Option<String>,
    /// How much, if it has a value: finite and within ±10⁹.
    pub value: Option<f64>,
    /// When; the time of receipt if absent.
    pub at: Option<Timestamp>,
    /// Anything else worth keeping.
    pub attributes: Option<Attributes>,
}

/// What became of a proposal. Whatever it says is on disk.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// Written down.
    Accepted(Accepted),
    /// An identical fact was written down before.
    Duplicate,
    /// `Assign` only: the customer has met this experiment before, in this variant. Nothing was written.
    Known {
        /// The key of the variant seen first.
        variant: String,
    },
    /// Not written, because of what it says.
    Refused(Refusal),
}

/// A fact that was written down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    /// Its place in the log.
    pub sequence: u64,
    /// The id that the server made, where none was sent.
    pub generated_id: Option<String>,
    /// `at` was too far ahead and was replaced by the time of receipt.
    pub future_clamped: bool,
}

/// Why a proposal was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {detail}; mend: {mend}")]
pub struct Refusal {
    /// Which rule.
    pub code: RefusalCode,
    /// The field at fault, by its name in a proposal.
    pub field: &'static str,
    /// What is wrong.
    pub detail: String,
    /// What to do.
    pub mend: String,
}

/// The rules by which a proposal can be refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RefusalCode {
    /// A customer id, event name or id is empty, too long or has control characters.
    InvalidName,
    /// The value is not finite or beyond ±10⁹.
    InvalidValue,
    /// The attributes are too large.
    TooLarge,
    /// The id was used before for something else.
    IdConflict,
    /// No experiment has this key.
    UnknownExperiment,
    /// The experiment has no such variant.
    UnknownVariant,
    /// The experiment has not been started.
    NotStarted,
    /// The exposure is dated before the start.
    BeforeStart,
    /// The experiment is over, and the exposure is not dated before its stop.
    AfterStop,
    /// The customer has as many events as one customer may have.
    TooManyEvents,
    /// The customer has as many exposures as one customer may have.
    TooManyExposures,
    /// There are as many event names as the store keeps.
    TooManyEventNames,
    /// The customer was erased.
    Erased,
}
