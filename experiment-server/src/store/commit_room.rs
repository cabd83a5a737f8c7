//! What one commit may write before the disk's reserve begins.
//!
//! It is counted before anything is decided: a commit that the disk has no room for would fail, and with it the log
//! until a restart.

use serde_json::Value;

use super::disk::Disk;
use super::error::StoreError;
use super::proposal::{Attributes, Proposal};
use super::space::{RoomFor, Shortage, Space};

/// Most bytes that a version of a definition or of the catalog takes with its lists: it stands in the log twice.
pub(super) const CATALOG_BYTES: u64 = 2 << 20;
/// Bytes of a step of a life cycle, likewise.
pub(super) const STEP_BYTES: u64 = 16 << 10;
/// Bytes for each fact that is erased: it lies anywhere in the log, and its page is written anew.
pub(super) const ERASED_FACT_BYTES: u64 = 6 << 10;
/// What a commit writes beside its facts: pages that lead to them, and the header.
const COMMIT_BYTES: u64 = 256 << 10;
/// What is written to the file for each byte of a record: pages are not full, and those above change too.
const AMPLIFICATION: u64 = 2;
/// Bytes of a fact beside its texts.
const FACT_BYTES: u64 = 64;
/// Bytes of a value of an attribute that is no text, and of what stands around each.
const VALUE_BYTES: u64 = 16;
/// More than one commit writes: where that much is left nothing is counted.
const PLENTY_BYTES: u64 = 2 << 30;

/// What a commit may still write.
#[derive(Debug)]
pub(super) struct CommitRoom {
    /// `None` where there is plenty or the disk can't tell.
    space: Option<Space>,
    taken: u64,
}

impl CommitRoom {
    /// Asks the disk: once a commit.
    pub(super) fn of(disk: &dyn Disk) -> CommitRoom {
        let is_scarce = |space: &Space| space.room(RoomFor::Intake, PLENTY_BYTES).is_err();
        CommitRoom { space: disk.space().filter(is_scarce), taken: COMMIT_BYTES }
    }

    /// Whether there is room for a commit at all.
    ///
    /// # Errors
    /// There is none.
    pub(super) fn check(&self) -> Result<(), Shortage> {
        self.space.map_or(Ok(()), |space| space.room(RoomFor::Intake, self.taken).map(drop))
    }

    /// Takes room for records of so many bytes.
    ///
    /// # Errors
    /// [`StoreError::DiskFull`]: there is none, and nothing is taken.
    pub(super) fn take(&mut self, bytes: u64) -> Result<(), StoreError> {
        let taken = self.taken.saturating_add(bytes.saturating_mul(AMPLIFICATION));
        CommitRoom { space: self.space, taken }.check().map_err(StoreError::DiskFull)?;
        self.taken = taken;
        Ok(())
    }

    /// Takes room for facts.
    ///
    /// # Errors
    /// Likewise.
    pub(super) fn take_for(&mut self, proposals: &[Proposal]) -> Result<(), StoreError> {
        // Not counted where it need not be.
        if self.space.is_none() { Ok(()) } else { self.take(proposals.iter().map(bytes).sum()) }
    }
}

/// About how many bytes a fact takes in the log.
fn bytes(proposal: &Proposal) -> u64 {
    let id = |id: &Option<String>| id.as_deref().unwrap_or_default().len();
    let (texts, attributes) = match proposal {
        // Its id has the experiment's key in it.
        Proposal::Assign(assign) => (2 * assign.experiment.len() + assign.variant.len(), &assign.attributes),
        Proposal::Exposure(exposure) => {
            (exposure.experiment.len() + exposure.variant.len() + id(&exposure.id), &exposure.attributes)
        }
        Proposal::Event(event) => (event.event.len() + id(&event.id), &event.attributes),
    };
    let attributes = attributes.as_ref().map_or(0, attributes_bytes);
    FACT_BYTES + (proposal.customer().len() + texts) as u64 + attributes
}

fn attributes_bytes(attributes: &Attributes) -> u64 {
    attributes.iter().map(|(name, value)| name.len() as u64 + value_bytes(value)).sum()
}

fn value_bytes(value: &Value) -> u64 {
    VALUE_BYTES
        + match value {
            Value::String(text) => text.len() as u64,
            Value::Array(values) => values.iter().map(value_bytes).sum(),
            Value::Object(values) => attributes_bytes(values),
            Value::Null | Value::Bool(_) | Value::Number(_) => 0,
        }
}
