//! The log as text: everything, or what belongs to one experiment.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use experiment_core::definition::{Dimension, LifecycleStep};
use redb::{ReadTransaction, ReadableDatabase, ReadableTable};
use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::super::catalog::Entry;
use super::super::catalog_record::LifecycleRecord;
use super::super::error::StoreError;
use super::super::position::StateView;
use super::super::record::{EventRecord, ExposureRecord, Flags, Moment, Record};
use super::super::row::Row;
use super::super::tables::{CATALOG, FACTS, GROUPS, OVERRIDES, Trying};
use super::super::{Store, known_entry};
use super::csv::Table;
use super::line::{
    CatalogLine, DefinitionLine, EXPORT_FORMAT, EndLine, EventLine, ExportLine, ExposureLine, GroupLine,
    Kind, LifecycleLine, OverrideLine, Time,
};
use super::lists::named_groups;

/// Facts between two words on how far it is.
const FACTS_A_STEP: u64 = 10_000;

/// How facts are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExportFormat {
    /// One JSON object a line: everything, and what [`Store::import`] reads.
    Ndjson,
    /// Exposures and events as one table.
    Csv,
}

/// What was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Exported {
    /// Lines between the first and the last one; rows of a table.
    pub records: u64,
    /// Facts and lists that a table has no place for: definitions, life cycles, catalog, groups, overrides.
    pub left_out: u64,
}

/// Facts were not exported.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExportError {
    /// They can't be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// They can't be written.
    #[error("the export cannot be written; mend: make room or name another place")]
    Write(#[source] io::Error),
}

impl From<csv::Error> for ExportError {
    fn from(error: csv::Error) -> ExportError {
        ExportError::Write(error.into())
    }
}

impl Store {
    /// Writes facts and lists as of now, in the order of the log, while the store goes on: all of them, or
    /// of one experiment its definitions, life cycle and exposures, the events of the customers exposed to it, and
    /// what experiments share if it names something of that. An export after an erasure holds neither the
    /// erasure nor its markers; positions are those of what is exported. `progress` is told how many facts of how many are read.
    ///
    /// # Errors
    /// [`ExportError`]; an [unknown experiment](StoreError::UnknownExperiment) among them.
    pub fn export(
        &self,
        experiment: Option<&str>,
        format: ExportFormat,
        to: &mut dyn Write,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<Exported, ExportError> {
        let catalog = self.catalog();
        let entry = experiment.map(|key| known_entry(&catalog, key)).transpose()?;
        let log = self.shared.log();
        let reading = log.begin_read().trying("reading the log")?;
        let facts = reading.open_table(FACTS).trying("reading the log")?;
        let count =
            ReadableTable::last(&facts).trying("reading the log")?.map_or(0, |(last, _)| last.value() + 1);
        let only = match entry {
            None => None,
            Some(entry) => {
                // Who was exposed is asked of the state, which must be as far.
                self.wait_for_blocking(count)?;
                let state = StateView::open(&self.shared.state())?;
                Some(Only {
                    key: &entry.key,
                    number: entry.number,
                    shared: names_shared(entry),
                    state,
                    count,
                })
            }
        };
        let mut out = match format {
            ExportFormat::Ndjson => Out::Lines(to),
            ExportFormat::Csv => Out::Table(Box::new(Table::begin(to)?)),
        };
        let mut exported = Exported::default();
        write_lists(&reading, only.as_ref(), &mut out, &mut exported)?;
        for row in ReadableTable::range(&facts, ..count).trying("reading the log")? {
            let (sequence, record) = row.trying("reading the log")?;
            let record = Record::decode(record.value())?;
            if only.as_ref().map_or(Ok(true), |only| only.holds(&record))? {
                out.record(&record, &mut exported)?;
            }
            if (sequence.value() + 1) % FACTS_A_STEP == 0 {
                progress(sequence.value() + 1, count);
            }
        }
        out.end(&exported)?;
        Ok(exported)
    }
}

/// Whether an experiment names segments, groups or a layer.
fn names_shared(entry: &Entry) -> bool {
    entry.versions.iter().any(|version| {
        let experiment = &version.experiment;
        let named = |references: &experiment_core::condition::References| {
            !references.groups.is_empty() || !references.segments.is_empty()
        };
        experiment.layer.is_some()
            || experiment.audience.as_ref().is_some_and(|audience| named(&audience.references))
            || experiment.dimensions.iter().any(|dimension| matches!(dimension, Dimension::Segment(_)))
    })
}

/// What belongs to one experiment.
struct Only<'a> {
    key: &'a str,
    number: u32,
    /// It names something of what experiments share.
    shared: bool,
    state: StateView,
    /// Facts that are exported from.
    count: u64,
}

impl Only<'_> {
    fn holds(&self, record: &Record<'_>) -> Result<bool, StoreError> {
        Ok(match record {
            Record::Definition(record) => record.key == self.key,
            Record::Lifecycle(record) => record.key == self.key,
            Record::Catalog(_) => self.shared,
            Record::Exposure(record) => record.experiment == self.key,
            Record::Event(record) => self.is_exposed(record.customer)?,
            Record::Erased(_) | Record::Erasure(_) => false,
        })
    }

    fn is_exposed(&self, customer: &str) -> Result<bool, StoreError> {
        let Some(row) = self.state.row(customer)? else { return Ok(false) };
        let mut exposures = Vec::new();
        Row::decode(row.value())?.read_exposures(&mut exposures)?;
        let counts = |experiment, sequence| experiment == self.number && sequence < self.count;
        Ok(exposures.iter().any(|exposure| counts(exposure.experiment, exposure.sequence)))
    }
}

/// What the definitions of an export say of its lists.
#[derive(Default)]
struct Named {
    /// The last version of what experiments share.
    catalog: u32,
    /// The version in force of each definition.
    versions: BTreeMap<String, u32>,
    /// Groups that some version names.
    groups: BTreeSet<String>,
}

impl Named {
    fn read(reading: &ReadTransaction, only: Option<&Only<'_>>) -> Result<Named, StoreError> {
        let mut named = Named::default();
        let table = reading.open_table(CATALOG).trying("reading the catalog")?;
        for row in table.iter().trying("reading the catalog")? {
            let (_, record) = row.trying("reading the catalog")?;
            let record = Record::decode(record.value())?;
            if !only.map_or(Ok(true), |only| only.holds(&record))? {
                continue;
            }
            match record {
                Record::Definition(record) => {
                    named_groups(&document(record.document)?, &mut named.groups);
                    named.versions.insert(record.key.to_owned(), record.version);
                }
                Record::Catalog(record) => {
                    named_groups(&document(record.document)?, &mut named.groups);
                    named.catalog = record.version;
                }
                Record::Lifecycle(_)
                | Record::Exposure(_)
                | Record::Event(_)
                | Record::Erased(_)
                | Record::Erasure(_) => {}
            }
        }
        Ok(named)
    }
}

fn write_lists(
    reading: &ReadTransaction,
    only: Option<&Only<'_>>,
    out: &mut Out<'_>,
    exported: &mut Exported,
) -> Result<(), ExportError> {
    let mut named = Named::read(reading, only)?;
    let experiment = only.map(|only| Cow::Borrowed(only.key));
    out.first(&ExportLine {
        record: Kind::Export,
        format: EXPORT_FORMAT,
        experiment,
        catalog: named.catalog,
    })?;
    if only.is_none_or(|only| only.shared) {
        let groups = reading.open_table(GROUPS).trying("reading groups")?;
        for row in groups.iter().trying("reading groups")? {
            let (name, values) = row.trying("reading groups")?;
            let (group, values) = (Cow::Borrowed(name.value()), raw(values.value())?);
            named.groups.remove(name.value());
            out.other(&GroupLine { record: Kind::Group, group, values, gone: false }, exported)?;
        }
        for gone in &named.groups {
            let (group, values) = (Cow::Borrowed(gone.as_str()), raw("[]")?);
            out.other(&GroupLine { record: Kind::Group, group, values, gone: true }, exported)?;
        }
    }
    let overrides = reading.open_table(OVERRIDES).trying("reading overrides")?;
    for row in overrides.iter().trying("reading overrides")? {
        let (key, variant) = row.trying("reading overrides")?;
        let (experiment, customer) = key.value();
        let Some(version) = named.versions.get(experiment) else { continue };
        let line = OverrideLine {
            record: Kind::Override,
            experiment: Cow::Borrowed(experiment),
            version: *version,
            customer: Cow::Borrowed(customer),
            variant: Cow::Borrowed(variant.value()),
        };
        out.other(&line, exported)?;
    }
    Ok(())
}

fn document(text: &str) -> Result<Value, StoreError> {
    serde_json::from_str(text).map_err(|error| damaged(&error))
}

/// A stored JSON text, which is written as it stands.
fn raw(text: &str) -> Result<&RawValue, StoreError> {
    serde_json::from_str(text).map_err(|error| damaged(&error))
}

fn damaged(error: &serde_json::Error) -> StoreError {
    StoreError::Corrupt { what: "a record of the log".to_owned(), detail: error.to_string() }
}

/// Where facts go.
enum Out<'a> {
    Lines(&'a mut dyn Write),
    Table(Box<Table<'a>>),
}

impl Out<'_> {
    fn line(&mut self, line: &impl Serialize) -> Result<(), ExportError> {
        let Out::Lines(to) = self else { return Ok(()) };
        serde_json::to_writer(&mut *to, line).map_err(|error| ExportError::Write(error.into()))?;
        to.write_all(b"\n").map_err(ExportError::Write)
    }

    fn first(&mut self, line: &ExportLine<'_>) -> Result<(), ExportError> {
        self.line(line)
    }

    /// What a table has no place for.
    fn other(&mut self, line: &impl Serialize, exported: &mut Exported) -> Result<(), ExportError> {
        match self {
            Out::Lines(_) => exported.records += 1,
            Out::Table(_) => exported.left_out += 1,
        }
        self.line(line)
    }

    fn record(&mut self, record: &Record<'_>, exported: &mut Exported) -> Result<(), ExportError> {
        match record {
            Record::Definition(record) => {
                let line = DefinitionLine {
                    record: Kind::Definition,
                    received_at: Time(record.received_at),
                    experiment: Cow::Borrowed(record.key),
                    version: record.version,
                    overrides: record.override_count,
                    document: raw(record.document)?,
                    placement: raw(record.placement)?,
                };
                self.other(&line, exported)
            }
            Record::Lifecycle(record) => self.other(&lifecycle(record), exported),
            Record::Catalog(record) => {
                let line = CatalogLine {
                    record: Kind::Catalog,
                    received_at: Time(record.received_at),
                    version: record.version,
                    group_values: record.group_values,
                    document: raw(record.document)?,
                };
                self.other(&line, exported)
            }
            Record::Exposure(record) => {
                exported.records += 1;
                match self {
                    Out::Table(table) => Ok(table.exposure(record)?),
                    Out::Lines(_) => self.line(&exposure(record)?),
                }
            }
            Record::Event(record) => {
                exported.records += 1;
                match self {
                    Out::Table(table) => Ok(table.event(record)?),
                    Out::Lines(_) => self.line(&event(record)?),
                }
            }
            // The hash of an erasure says nothing in another log, and a marker says nothing without it.
            Record::Erased(_) | Record::Erasure(_) => Ok(()),
        }
    }

    fn end(mut self, exported: &Exported) -> Result<(), ExportError> {
        self.line(&EndLine { record: Kind::End, records: exported.records })?;
        match self {
            Out::Lines(to) => to.flush(),
            Out::Table(table) => table.end(),
        }
        .map_err(ExportError::Write)
    }
}

fn lifecycle(record: &LifecycleRecord) -> LifecycleLine<'_> {
    let variant = match &record.step {
        LifecycleStep::Conclude { variant } => Some(Cow::Borrowed(variant.as_str())),
        LifecycleStep::Start | LifecycleStep::Stop | LifecycleStep::Archive => None,
    };
    LifecycleLine {
        record: Kind::Lifecycle,
        received_at: Time(record.received_at),
        experiment: Cow::Borrowed(&record.key),
        step: Cow::Borrowed(record.step.name()),
        variant,
    }
}

/// `sent_at` and `undated`.
fn sent(moment: Moment) -> (Option<Time>, bool) {
    (moment.sent.filter(|_| moment.is_clamped()).map(Time), moment.sent.is_none())
}

fn exposure<'a>(record: &ExposureRecord<'a>) -> Result<ExposureLine<'a>, StoreError> {
    let (sent_at, undated) = sent(record.moment);
    Ok(ExposureLine {
        record: Kind::Exposure,
        received_at: Time(record.received_at),
        at: Time(record.moment.at),
        sent_at,
        undated,
        customer: Cow::Borrowed(record.customer),
        id: Cow::Borrowed(record.id),
        id_made: record.flags.has(Flags::GENERATED_ID),
        experiment: Cow::Borrowed(record.experiment),
        variant: Cow::Borrowed(record.variant),
        assigned: record.flags.has(Flags::ASSIGN),
        overridden: record.flags.has(Flags::OVERRIDE),
        attributes: record.attributes.map(raw).transpose()?,
        segments: record.segments.map(raw).transpose()?,
    })
}

fn event<'a>(record: &EventRecord<'a>) -> Result<EventLine<'a>, StoreError> {
    let (sent_at, undated) = sent(record.moment);
    Ok(EventLine {
        record: Kind::Event,
        received_at: Time(record.received_at),
        at: Time(record.moment.at),
        sent_at,
        undated,
        customer: Cow::Borrowed(record.customer),
        id: Cow::Borrowed(record.id),
        id_made: record.flags.has(Flags::GENERATED_ID),
        event: Cow::Borrowed(record.name),
        value: record.value,
        attributes: record.attributes.map(raw).transpose()?,
    })
}
