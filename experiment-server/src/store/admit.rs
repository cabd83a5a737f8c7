//! Decides what becomes of proposed facts, from the state, the overlay and the log itself.

use std::collections::HashSet;

use experiment_core::definition::{AssignmentMode, Dimension, Status};
use experiment_core::time::{SECOND, Span, Timestamp};
use redb::{ReadableTable, Table};
use serde_json::Value;

use super::catalog::{Catalog, Entry};
use super::check::{self, Sent};
use super::erase::Erased;
use super::error::StoreError;
use super::nearest::mend;
use super::overlay::{Overlay, PendingExposure};
use super::position::StateView;
use super::proposal::{
    Accepted, Attributes, Outcome, Proposal, ProposedAssign, ProposedEvent, ProposedExposure, Refusal,
    RefusalCode,
};
use super::record::{EventRecord, ExposureRecord, Flags, Moment, Record};
use super::row::{PackedExposure, Row, SEQUENCE_LIMIT, id_hash};
use super::tables::Trying;

/// Most events of one customer.
pub const MAX_EVENTS_PER_CUSTOMER: usize = 10_000;
/// Most exposures of one customer, to all experiments together.
pub const MAX_EXPOSURES_PER_CUSTOMER: usize = 1_000;
/// Most different event names.
pub const MAX_EVENT_NAMES: usize = 65_536;
/// How far ahead of its receipt a fact may be dated.
pub const MAX_AHEAD: Span = Span(300 * SECOND);

/// One batch being decided. Accepted facts are appended to the log's table at once, so that a later
/// proposal of the same batch finds them there.
pub(super) struct Admission<'a, 'txn> {
    /// Experiments, including changes earlier in this batch.
    pub(super) catalog: &'a Catalog,
    /// What is folded.
    pub(super) state: &'a StateView,
    /// What is not.
    pub(super) overlay: &'a mut Overlay,
    /// Event names that were ever seen.
    pub(super) names: &'a mut HashSet<String>,
    /// Who may not come back.
    pub(super) erased: &'a Erased,
    /// The log.
    pub(super) facts: &'a mut Table<'txn, u64, &'static [u8]>,
    /// The sequence of the next fact.
    pub(super) next: &'a mut u64,
    /// When this batch came.
    pub(super) received_at: Timestamp,
    /// Starts the ids that the server makes.
    pub(super) id_prefix: &'a str,
    /// What the cache of known variants must learn once the batch is on disk.
    pub(super) learned: &'a mut Vec<Learned>,
    /// Reused between records.
    pub(super) buffer: &'a mut Vec<u8>,
    /// There is no room for anything new, and why.
    pub(super) full: Option<StoreError>,
}

/// News for the cache of known variants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Learned {
    /// The experiment's number.
    pub(super) experiment: u32,
    /// Who.
    pub(super) customer: String,
    /// The variant seen first; `None` when it must be looked up again.
    pub(super) variant: Option<u16>,
}

/// Why a proposal is not accepted.
pub(super) enum Fault {
    Refused(Refusal),
    Settled(Outcome),
    Broken(StoreError),
}

impl From<Refusal> for Fault {
    fn from(refusal: Refusal) -> Fault {
        Fault::Refused(refusal)
    }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Fault {
        Fault::Broken(error)
    }
}

impl Admission<'_, '_> {
    /// Decides one proposal, and appends it if it is new.
    ///
    /// # Errors
    /// Only when the store can't be read or written, or it is new and there is no room for it: nothing of the batch
    /// may be answered then.
    pub(super) fn decide(&mut self, proposal: &Proposal) -> Result<Outcome, StoreError> {
        if self.erased.holds(proposal.customer()) {
            return Ok(Outcome::Refused(check::erased()));
        }
        let decided = match proposal {
            Proposal::Event(event) => self.event(event),
            Proposal::Exposure(exposure) => self.exposure(exposure),
            Proposal::Assign(assign) => self.assign(assign),
        };
        match decided {
            Ok(accepted) => Ok(Outcome::Accepted(accepted)),
            Err(Fault::Settled(outcome)) => Ok(outcome),
            Err(Fault::Refused(refusal)) => Ok(Outcome::Refused(refusal)),
            Err(Fault::Broken(error)) => Err(error),
        }
    }

    fn event(&mut self, event: &ProposedEvent) -> Result<Accepted, Fault> {
        check::customer(&event.customer)?;
        check::event_name(&event.event)?;
        check::value(event.value)?;
        let sent = Sent::check(event.id.as_deref(), event.attributes.as_ref())?;
        let (received_at, moment) = (self.received_at, self.moment(event.at));
        let record = |id, generated| EventRecord {
            received_at,
            flags: Flags::default().with(Flags::GENERATED_ID, generated),
            moment,
            customer: &event.customer,
            id,
            name: &event.event,
            value: event.value,
            attributes: sent.attributes.as_deref(),
        };
        let row = self.state.row(&event.customer)?;
        let row = row.as_ref().map_or(Ok(Row::EMPTY), |row| Row::decode(row.value()))?;
        if let Some(id) = sent.id {
            self.check_event_repeat(&row, &record(id, false))?;
        }
        self.check_event_room(&row, &event.customer, &event.event)?;
        let generated = sent.id.is_none().then(|| self.generated_id());
        let id = sent.id.or(generated.as_deref()).unwrap_or_default();
        self.buffer.clear();
        record(id, generated.is_some()).encode(self.buffer);
        let hash = id_hash(id);
        let sequence = self.append()?;
        self.remember_name(&event.event);
        self.overlay.push_event(&event.customer, hash, sequence);
        Ok(Accepted { sequence, generated_id: generated, future_clamped: moment.is_clamped() })
    }

    /// An event with the same id settles the matter.
    pub(super) fn check_event_repeat(&self, row: &Row<'_>, proposed: &EventRecord<'_>) -> Result<(), Fault> {
        let EventRecord { customer, id, .. } = *proposed;
        let hash = id_hash(id);
        for sequence in self.overlay.events_with_hash(customer, hash).chain(row.events_with_hash(hash)) {
            let stored = self.facts.get(sequence).trying("reading the log")?;
            let stored = stored.ok_or_else(|| missing(sequence))?;
            if let Record::Event(stored) = Record::decode(stored.value())?
                && stored.customer == customer
                && stored.id == id
            {
                return Err(settle(stored.same_content(proposed), id, "event"));
            }
        }
        Ok(())
    }

    /// Whether the customer may have one event more, and of this name.
    pub(super) fn check_event_room(&self, row: &Row<'_>, customer: &str, name: &str) -> Result<(), Refusal> {
        let count = row.event_count() + self.overlay.event_count(customer, self.state.folded);
        if count >= MAX_EVENTS_PER_CUSTOMER {
            return Err(check::too_many_events(MAX_EVENTS_PER_CUSTOMER));
        }
        if self.names.len() >= MAX_EVENT_NAMES && !self.names.contains(name) {
            return Err(check::too_many_event_names(MAX_EVENT_NAMES));
        }
        Ok(())
    }

    /// Notes the name of an event that was appended.
    pub(super) fn remember_name(&mut self, name: &str) {
        if !self.names.contains(name) {
            self.names.insert(name.to_owned());
        }
    }

    fn exposure(&mut self, exposure: &ProposedExposure) -> Result<Accepted, Fault> {
        check::customer(&exposure.customer)?;
        let sent = Sent::check(exposure.id.as_deref(), exposure.attributes.as_ref())?;
        let catalog = self.catalog;
        let (entry, variant) = experiment_and_variant(catalog, &exposure.experiment, &exposure.variant)?;
        let moment = self.moment(exposure.at);
        let customer = &exposure.customer;
        let mut proposed = Proposed { customer, entry, variant, moment, sent, segments: None, assign: false };
        let seen = self.seen(&exposure.customer)?;
        self.check_repeat(&proposed, &seen)?;
        check_time(entry, moment.at)?;
        // Of whom nothing is said, nothing is known.
        let attributes = exposure.attributes.as_ref();
        proposed.segments = attributes.and_then(|_| self.segments(entry, customer, attributes));
        self.write_exposure(proposed, &seen)
    }

    fn assign(&mut self, assign: &ProposedAssign) -> Result<Accepted, Fault> {
        check::customer(&assign.customer)?;
        let catalog = self.catalog;
        let (entry, variant) = experiment_and_variant(catalog, &assign.experiment, &assign.variant)?;
        let seen = self.seen(&assign.customer)?;
        if let Some(known) = entry.overrides.get(&assign.customer).copied() {
            return Err(known_variant(entry, known));
        }
        if let Some(first) = seen.first(entry.number) {
            self.learn(entry, &assign.customer, Some(first));
            return Err(known_variant(entry, usize::from(first)));
        }
        check_time(entry, self.received_at)?;
        let dimensions = &entry.current().experiment.dimensions;
        let attributes = check::kept_attributes(assign.attributes.as_ref(), dimensions)?;
        let segments = self.segments(entry, &assign.customer, assign.attributes.as_ref());
        let id = format!("assign:{}", assign.experiment);
        let sent = Sent { id: Some(&id), attributes };
        let moment = self.moment(None);
        let customer = &assign.customer;
        let proposed = Proposed { customer, entry, variant, moment, sent, segments, assign: true };
        // Only an exposure that is never analysed can stand in the way here.
        self.check_repeat(&proposed, &seen)?;
        self.write_exposure(proposed, &seen)
    }

    /// An exposure with the same id settles the matter.
    fn check_repeat(&self, proposed: &Proposed<'_>, seen: &Seen) -> Result<(), Fault> {
        let Some(id) = proposed.sent.id else { return Ok(()) };
        let Some(sequence) = seen.with_id(proposed.entry.number, id) else { return Ok(()) };
        let record = proposed.record(self.received_at, id, Flags::default());
        Err(self.settle_exposure(sequence, &record))
    }

    /// What an exposure is to the one with its id, at `sequence`.
    pub(super) fn settle_exposure(&self, sequence: u64, proposed: &ExposureRecord<'_>) -> Fault {
        let settled = || {
            let stored = self.facts.get(sequence).trying("reading the log")?;
            let stored = stored.ok_or_else(|| missing(sequence))?;
            match Record::decode(stored.value())? {
                Record::Exposure(stored) => {
                    Ok(settle(stored.same_content(proposed), proposed.id, "exposure"))
                }
                _ => Err(missing(sequence)),
            }
        };
        settled().unwrap_or_else(Fault::Broken)
    }

    fn write_exposure(&mut self, proposed: Proposed<'_>, seen: &Seen) -> Result<Accepted, Fault> {
        seen.check_room()?;
        let entry = proposed.entry;
        let is_override = entry.overrides.contains_key(proposed.customer);
        let generated = proposed.sent.id.is_none().then(|| self.generated_id());
        let id = proposed.sent.id.or(generated.as_deref()).unwrap_or_default();
        let flags = Flags::default().with(Flags::GENERATED_ID, generated.is_some());
        let flags = flags.with(Flags::ASSIGN, proposed.assign).with(Flags::OVERRIDE, is_override);
        self.buffer.clear();
        proposed.record(self.received_at, id, flags).encode(self.buffer);
        let sequence = self.append()?;
        let pending = PendingExposure {
            experiment: entry.number,
            variant: proposed.variant,
            is_override,
            at: proposed.moment.at,
            sequence,
            id: id.into(),
        };
        self.overlay.push_exposure(proposed.customer, pending);
        if !is_override {
            self.learn(entry, proposed.customer, proposed.assign.then_some(proposed.variant));
        }
        Ok(Accepted { sequence, future_clamped: proposed.moment.is_clamped(), generated_id: generated })
    }

    /// In which of the segments that the experiment is sliced by the customer is, as they are now.
    fn segments(&self, entry: &Entry, customer: &str, attributes: Option<&Attributes>) -> Option<String> {
        let scope = self.catalog.shared().catalog.scope();
        let dimensions = entry.current().experiment.dimensions.iter();
        let known = dimensions.filter_map(|dimension| match dimension {
            Dimension::Segment(name) => {
                Some((name.clone(), scope.is_in_segment(name, customer, attributes)?.into()))
            }
            Dimension::Attribute(_) => None,
        });
        let known: Attributes = known.collect();
        (!known.is_empty()).then(|| Value::Object(known).to_string())
    }

    /// Every exposure of the customer, folded or not.
    pub(super) fn seen(&self, customer: &str) -> Result<Seen, StoreError> {
        let mut exposures = Vec::new();
        if let Some(row) = self.state.row(customer)? {
            let mut packed = Vec::new();
            Row::decode(row.value())?.read_exposures(&mut packed)?;
            exposures.extend(packed.iter().map(PendingExposure::from));
        }
        exposures.extend(self.overlay.exposures(customer, self.state.folded).cloned());
        Ok(Seen { exposures })
    }

    pub(super) fn learn(&mut self, entry: &Entry, customer: &str, variant: Option<u16>) {
        self.learned.push(Learned { experiment: entry.number, customer: customer.to_owned(), variant });
    }

    fn moment(&self, sent: Option<Timestamp>) -> Moment {
        let at = match sent {
            Some(at) if at <= self.received_at.after(MAX_AHEAD) => at,
            _ => self.received_at,
        };
        Moment { at, sent }
    }

    /// Unique, because sequences are.
    fn generated_id(&self) -> String {
        format!("{}-{:x}", self.id_prefix, *self.next)
    }

    /// Appends what the buffer holds.
    pub(super) fn append(&mut self) -> Result<u64, StoreError> {
        if let Some(full) = &self.full {
            return Err(full.clone());
        }
        let sequence = *self.next;
        if sequence >= SEQUENCE_LIMIT {
            let detail = "the log holds as many facts as it can".to_owned();
            return Err(StoreError::Io { what: "appending to the log", detail });
        }
        self.facts.insert(sequence, self.buffer.as_slice()).trying("appending to the log")?;
        *self.next += 1;
        Ok(sequence)
    }
}

/// A customer's exposures.
pub(super) struct Seen {
    exposures: Vec<PendingExposure>,
}

impl Seen {
    /// Where the exposure to an experiment is that has this id.
    pub(super) fn with_id(&self, experiment: u32, id: &str) -> Option<u64> {
        let same = |known: &&PendingExposure| known.experiment == experiment && *known.id == *id;
        self.exposures.iter().find(same).map(|known| known.sequence)
    }

    /// Whether the customer may have one exposure more.
    pub(super) fn check_room(&self) -> Result<(), Refusal> {
        if self.exposures.len() < MAX_EXPOSURES_PER_CUSTOMER {
            return Ok(());
        }
        Err(check::too_many_exposures(MAX_EXPOSURES_PER_CUSTOMER))
    }

    /// The variant seen first in the experiment.
    fn first(&self, experiment: u32) -> Option<u16> {
        let counts = |seen: &&PendingExposure| seen.experiment == experiment && !seen.is_override;
        let analysed = self.exposures.iter().filter(counts);
        analysed.min_by(|one, other| (one.at, &one.id).cmp(&(other.at, &other.id))).map(|first| first.variant)
    }
}

impl From<&PackedExposure<'_>> for PendingExposure {
    fn from(packed: &PackedExposure<'_>) -> PendingExposure {
        PendingExposure {
            experiment: packed.experiment,
            variant: packed.variant,
            is_override: !packed.is_analysed(),
            at: packed.at,
            sequence: packed.sequence,
            id: packed.id.into(),
        }
    }
}

/// An exposure that passed the checks of its fields.
struct Proposed<'a> {
    customer: &'a str,
    entry: &'a Entry,
    variant: u16,
    moment: Moment,
    sent: Sent<'a>,
    segments: Option<String>,
    assign: bool,
}

impl Proposed<'_> {
    fn record<'a>(&'a self, received_at: Timestamp, id: &'a str, flags: Flags) -> ExposureRecord<'a> {
        ExposureRecord {
            received_at,
            flags,
            moment: self.moment,
            customer: self.customer,
            id,
            experiment: &self.entry.key,
            variant: &self.entry.current().experiment.variants[usize::from(self.variant)].key,
            attributes: self.sent.attributes.as_deref(),
            segments: self.segments.as_deref(),
        }
    }
}

pub(super) fn experiment_and_variant<'a>(
    catalog: &'a Catalog,
    experiment: &str,
    variant: &str,
) -> Result<(&'a Entry, u16), Refusal> {
    let entry = catalog.get(experiment).ok_or_else(|| Refusal {
        code: RefusalCode::UnknownExperiment,
        field: "experiment",
        detail: format!("no experiment has the key {experiment:?}"),
        mend: mend(experiment, catalog.iter().map(|entry| entry.key.as_str())),
    })?;
    let known = &entry.current().experiment;
    let index = known.variant_index(variant).ok_or_else(|| Refusal {
        code: RefusalCode::UnknownVariant,
        field: "variant",
        detail: format!("{experiment:?} has no variant {variant:?}"),
        mend: mend(variant, known.variants.iter().map(|variant| variant.key.as_str())),
    })?;
    // Lossless: a definition has at most MAX_VARIANTS.
    Ok((entry, index as u16))
}

/// Whether an exposure at `at` belongs to the experiment's run.
fn check_time(entry: &Entry, at: Timestamp) -> Result<(), Refusal> {
    let key = &entry.key;
    let external = entry.current().experiment.assignment == AssignmentMode::External;
    if let Some(started) = entry.started_at
        && at < started
        && !external
    {
        let detail = format!("{at} is before the start of {key:?} at {started}");
        let mend = "send exposures that happened while it ran, or define it with assignment: external";
        return outside(RefusalCode::BeforeStart, "at", detail, mend);
    }
    check_run(entry, at)
}

/// Whether the experiment was started, and not yet over at `at`.
pub(super) fn check_run(entry: &Entry, at: Timestamp) -> Result<(), Refusal> {
    let key = &entry.key;
    if entry.started_at.is_none() {
        let detail = format!("{key:?} is {}", entry.status);
        return outside(RefusalCode::NotStarted, "experiment", detail, "start the experiment first");
    }
    match entry.stopped_at {
        Some(stopped) if at >= stopped => {
            let detail = format!("{key:?} was stopped at {stopped}");
            outside(RefusalCode::AfterStop, "at", detail, "send only exposures dated before its stop")
        }
        None if entry.status != Status::Running => {
            let detail = format!("{key:?} is {}", entry.status);
            outside(RefusalCode::AfterStop, "experiment", detail, "expose customers to running experiments")
        }
        _ => Ok(()),
    }
}

fn outside(code: RefusalCode, field: &'static str, detail: String, mend: &str) -> Result<(), Refusal> {
    Err(Refusal { code, field, detail, mend: mend.to_owned() })
}

fn known_variant(entry: &Entry, index: usize) -> Fault {
    let variants = &entry.current().experiment.variants;
    let variant = variants.get(index).map(|variant| variant.key.clone()).unwrap_or_default();
    Fault::Settled(Outcome::Known { variant })
}

fn settle(same: bool, id: &str, kind: &str) -> Fault {
    if same {
        return Fault::Settled(Outcome::Duplicate);
    }
    Fault::Refused(Refusal {
        code: RefusalCode::IdConflict,
        field: "id",
        detail: format!("the customer has an {kind} {id:?} with other content"),
        mend: "send a repeat exactly as before, and another fact under another id".to_owned(),
    })
}

fn missing(sequence: u64) -> StoreError {
    let detail = "the state speaks of a fact that is not there".to_owned();
    StoreError::Corrupt { what: format!("fact {sequence} of the log"), detail }
}
