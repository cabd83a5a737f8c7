//! A stretch of the log, sorted by customer for one pass over the state.

use std::ops::Range;

use experiment_core::definition::AssignmentMode;
use experiment_core::time::Day;
use redb::{ReadOnlyTable, ReadableTable};

use super::backfill::Redefinition;
use super::error::StoreError;
use super::position::record_checksum;
use super::record::{EventRecord, ExposureRecord, Flags, Record};
use super::row::{PackedEvent, PackedExposure, id_hash};
use super::rules::{NewValue, Rules};
use super::tables::Trying;

/// Most facts folded in one transaction.
pub(super) const MAX_FACTS: usize = 100_000;
/// Marks an index into the exposures.
const EXPOSURE: u32 = 1 << 31;

/// Exposures and events (and the places of erased ones) received on one day, none of them beyond a change of the catalog. Reused from
/// batch to batch.
#[derive(Debug, Default)]
pub(super) struct Batch {
    /// Customer ids, exposure ids and numbers of dimension values.
    arena: Vec<u8>,
    events: Vec<PackedEvent>,
    exposures: Vec<BatchExposure>,
    items: Vec<Item>,
    /// Values of dimensions that appear for the first time.
    pub(super) new_values: Vec<NewValue>,
}

#[derive(Debug)]
struct BatchExposure {
    packed: PackedExposure<'static>,
    id: Range<usize>,
    values: Range<usize>,
}

/// One fact and whose it is.
#[derive(Debug, Clone, Copy)]
struct Item {
    /// The first bytes in which customers of the batch differ.
    prefix: u64,
    customer: u32,
    length: u32,
    /// Index into the events, or, with [`EXPOSURE`], into the exposures.
    fact: u32,
}

/// What a stretch of the log held.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Stretch {
    /// Nothing: the end of the log.
    End,
    /// A change of the catalog, already taken in.
    Catalog {
        /// Its checksum.
        checksum: u64,
        /// Which metrics came and went.
        redefinition: Redefinition,
    },
    /// Facts about customers, now in the batch.
    Facts {
        /// How many.
        count: u64,
        /// The day they were received.
        received: Day,
        /// The checksum of the last one.
        checksum: u64,
    },
}

impl Batch {
    /// Reads on from `position` up to a change of the catalog, of the received day, or `most` facts.
    pub(super) fn read(
        &mut self,
        facts: &ReadOnlyTable<u64, &'static [u8]>,
        position: u64,
        most: usize,
        rules: &mut Rules,
    ) -> Result<Stretch, StoreError> {
        self.clear();
        let mut received = None;
        let mut checksum = 0;
        let mut count = 0;
        for row in ReadableTable::range(facts, position..).trying("reading the log")? {
            let (sequence, bytes) = row.trying("reading the log")?;
            let (sequence, bytes) = (sequence.value(), bytes.value());
            if sequence != position + count {
                let what = format!("fact {} of the log", position + count);
                return Err(StoreError::Corrupt { what, detail: "it is missing".to_owned() });
            }
            let record = Record::decode(bytes)?;
            if let Record::Definition(_) | Record::Lifecycle(_) | Record::Catalog(_) = record {
                if count > 0 {
                    break;
                }
                let redefinition = rules.apply(sequence, &record)?;
                return Ok(Stretch::Catalog { checksum: record_checksum(bytes), redefinition });
            }
            let day = record.received_at().day();
            if *received.get_or_insert(day) != day {
                break;
            }
            match &record {
                Record::Event(event) => self.push_event(sequence, event, rules),
                Record::Exposure(exposure) => self.push_exposure(sequence, exposure, rules)?,
                // What was erased is not there, and an erasure changes facts before it: see `sweep`.
                Record::Erased(_) | Record::Erasure(_) => {}
                Record::Definition(_) | Record::Lifecycle(_) | Record::Catalog(_) => {}
            }
            count += 1;
            if count == most as u64 {
                checksum = record_checksum(bytes);
                break;
            }
            checksum = record_checksum(bytes);
        }
        let Some(received) = received else { return Ok(Stretch::End) };
        self.sort();
        Ok(Stretch::Facts { count, received, checksum })
    }

    fn clear(&mut self) {
        self.arena.clear();
        self.events.clear();
        self.exposures.clear();
        self.items.clear();
        self.new_values.clear();
    }

    fn push_event(&mut self, sequence: u64, event: &EventRecord<'_>, rules: &mut Rules) {
        self.push_item(event.customer, self.events.len() as u32);
        let name = rules.names.intern(event.name);
        let (at, value) = (event.moment.at, event.value);
        self.events.push(PackedEvent { id_hash: id_hash(event.id), at, name, sequence, value });
    }

    fn push_exposure(
        &mut self,
        sequence: u64,
        record: &ExposureRecord<'_>,
        rules: &mut Rules,
    ) -> Result<(), StoreError> {
        self.push_item(record.customer, self.exposures.len() as u32 | EXPOSURE);
        let unknown =
            |detail: String| StoreError::Corrupt { what: format!("fact {sequence} of the log"), detail };
        let entry = rules.catalog.get(record.experiment);
        let entry = entry.ok_or_else(|| unknown(format!("no experiment {:?}", record.experiment)))?;
        let variant = entry.current().experiment.variant_index(record.variant);
        let variant = variant.ok_or_else(|| unknown(format!("no variant {:?}", record.variant)))?;
        let number = entry.number;
        let is_override = record.flags.has(Flags::OVERRIDE);
        let made_by_assign = record.flags.has(Flags::ASSIGN);
        let external = entry.current().experiment.assignment == AssignmentMode::External;
        let is_off = !is_override && !made_by_assign && !external && {
            let version = entry.in_force(record.moment.at, sequence);
            version.draw.of(record.customer) != Some(variant)
        };
        let id = self.arena.len()..self.arena.len() + record.id.len();
        self.arena.extend_from_slice(record.id.as_bytes());
        let values = self.arena.len();
        if !is_override {
            let experiment = rules.experiment_mut(number)?;
            experiment.number_values(number, record, &mut self.arena, &mut self.new_values)?;
        }
        let flag = |bit, condition: bool| if condition { bit } else { 0 };
        let packed = PackedExposure {
            experiment: number,
            // Lossless: a definition has at most MAX_VARIANTS.
            variant: variant as u16,
            flags: flag(PackedExposure::OVERRIDE, is_override)
                | flag(PackedExposure::ASSIGN, made_by_assign)
                | flag(PackedExposure::OFF_ASSIGNMENT, is_off),
            at: record.moment.at,
            sequence,
            id: "",
            values: &[],
        };
        self.exposures.push(BatchExposure { packed, id, values: values..self.arena.len() });
        Ok(())
    }

    fn push_item(&mut self, customer: &str, fact: u32) {
        // Lossless: MAX_FACTS records of bounded length stay far below 4 GiB.
        let (start, length) = (self.arena.len() as u32, customer.len() as u32);
        self.arena.extend_from_slice(customer.as_bytes());
        self.items.push(Item { prefix: 0, customer: start, length, fact });
    }

    /// By customer, within one in the order of the log.
    fn sort(&mut self) {
        let arena = &self.arena;
        let Some(first) = self.items.first().map(|item| id(arena, item)) else { return };
        let common = |item: &Item| first.iter().zip(id(arena, item)).take_while(|(a, b)| a == b).count();
        let shared = self.items.iter().map(common).min().unwrap_or(0);
        for item in &mut self.items {
            item.prefix = prefix(&id(arena, item)[shared..]);
        }
        // Events and exposures are kept apart, so their order among each other does not matter.
        self.items.sort_unstable_by(|one, other| {
            let ids = || id(arena, one).cmp(id(arena, other));
            one.prefix.cmp(&other.prefix).then_with(ids).then(one.fact.cmp(&other.fact))
        });
    }

    /// The customers in the order of their ids, each with the facts in the order of the log.
    pub(super) fn customers(&self) -> impl Iterator<Item = (&[u8], impl Iterator<Item = Fact<'_>>)> {
        let same = |one: &Item, other: &Item| {
            one.prefix == other.prefix && self.customer(one) == self.customer(other)
        };
        self.items.chunk_by(same).map(|items| {
            let facts = items.iter().map(|item| self.fact(item));
            (self.customer(&items[0]), facts)
        })
    }

    /// Exposures that clients sent, as (experiment number, customer).
    pub(super) fn exposed(&self) -> impl Iterator<Item = (u32, &str)> {
        let exposures = self.items.iter().filter(|item| item.fact & EXPOSURE != 0);
        exposures.filter_map(|item| {
            let exposure = &self.exposures[(item.fact & !EXPOSURE) as usize];
            if exposure.packed.flags & PackedExposure::ASSIGN != 0 {
                return None;
            }
            let customer = std::str::from_utf8(self.customer(item)).ok()?;
            Some((exposure.packed.experiment, customer))
        })
    }

    fn customer(&self, item: &Item) -> &[u8] {
        id(&self.arena, item)
    }

    #[inline]
    fn fact(&self, item: &Item) -> Fact<'_> {
        if item.fact & EXPOSURE == 0 {
            return Fact::Event(self.events[item.fact as usize]);
        }
        let exposure = &self.exposures[(item.fact & !EXPOSURE) as usize];
        // The bytes were copied from a text.
        let id = std::str::from_utf8(&self.arena[exposure.id.clone()]).unwrap_or_default();
        let values = &self.arena[exposure.values.clone()];
        Fact::Exposure(PackedExposure { id, values, ..exposure.packed })
    }
}

#[inline]
fn id<'a>(arena: &'a [u8], item: &Item) -> &'a [u8] {
    &arena[item.customer as usize..(item.customer + item.length) as usize]
}

/// One fact about a customer, as the row will hold it.
#[derive(Debug, Clone, Copy)]
pub(super) enum Fact<'a> {
    Event(PackedEvent),
    Exposure(PackedExposure<'a>),
}

/// Eight bytes that sort as the text does, as far as they reach.
fn prefix(text: &[u8]) -> u64 {
    let mut bytes = [0; 8];
    let length = text.len().min(8);
    bytes[..length].copy_from_slice(&text[..length]);
    u64::from_be_bytes(bytes)
}
